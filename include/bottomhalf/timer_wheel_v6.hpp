// SPDX-License-Identifier: MIT
// timer_wheel_v6.hpp: the wheel of the kernel since 4.8, with the interface of timer_wheel.  Pure: no clock, no thread, no
// lock, no allocation.
//
// Most timers are time-outs, taken off before they expire, so this wheel never moves one: what it gives up for that is
// precision.  A level has 64 buckets, each eight times as wide as those of the level below.  A timer waits on the first
// level that reaches as far as its expiry, in the bucket that begins next after it, and fires when the clock gets there.
// So it is never early and always late: by a tick at least, by the bucket's width at most, and that is no more than 8/63
// of the time it has waited.
//
//   level        0   1    2     3      4       5        6         7          8     at HZ <= 100 there is no level 8
//   ticks up to  62  503  4031  32255  258047  2064383  16515071  132120575  1056964607
//   width        1   8    64    512    4096    32768    262144    2097152    16777216
//
// Beyond the last level nothing can wait: a timer that wants to fires after max_timeout, early.
//
// Order: tick by tick; in a tick the higher levels first; in a bucket the timer that was added last.
//
//   timer_wheel_v6 wheel{now};
//   wheel.add(t, now + 20);
//   wheel.advance(now + 21);          // one late, as always
//   wheel.pop_due();                  // &t
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/timer.hpp>

namespace bottomhalf {

/// The wheel as a kernel with HZ = `Hz` has it.
/// Source: kernel/time/timer.c.  Differs: there is one base; a timer that is due already and is modified waits again,
///         wherever its new bucket lies; and nothing is deferrable.
template <unsigned long Hz = hz>
class basic_timer_wheel_v6 {
public:
    static constexpr unsigned level_bits = 6;
    static constexpr unsigned slots = 1U << level_bits;
    static constexpr unsigned width_bits = 3;   // a bucket is 2^3 times as wide as one of the level below
    static constexpr unsigned levels = Hz > 100 ? 9 : 8;

    /// Ticks from one bucket of `level` to the next.
    [[nodiscard]] static constexpr jiffies_t width(unsigned level) noexcept {
        return jiffies_t{1} << (level * width_bits);
    }
    /// The first distance that is too far for `level`.  One bucket short of all 64: the clock stands inside of one.
    [[nodiscard]] static constexpr jiffies_t reach(unsigned level) noexcept { return (slots - 1) * width(level); }
    static constexpr jiffies_t cut_off = reach(levels - 1);
    static constexpr jiffies_t max_timeout = cut_off - width(levels - 1);

    explicit basic_timer_wheel_v6(jiffies_t from = initial_jiffies) noexcept : clock_(from), base_(from) {}

    [[nodiscard]] jiffies_t clock() const noexcept { return clock_; }   // everything up to this tick is due
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// For t.expires, which is only read: its owner may do so meanwhile.
    /// Return: false, always: an expiry in the past is due at the next tick.
    bool add(timer_node& t) noexcept {
        catch_up();
        ++size_;
        put(t, bucket(t.expires));
        return false;
    }
    bool add(timer_node& t, jiffies_t expires) noexcept {
        t.expires = expires;
        return add(t);
    }
    void remove(timer_node& t) noexcept {
        --size_;
        take_out(t);
    }
    /// Less than remove() and add() if the timer stays in its bucket: then it keeps its place there.  The bucket may be a
    /// wide one, chosen long ago, so the new expiry is not met better than the old one.
    /// Return: whether it is due already; that does not change if its expiry does not.
    bool move(timer_node& t, jiffies_t expires) noexcept {
        if (expires == t.expires) return t.slot == due_slot;
        catch_up();
        const std::uint16_t to = bucket(expires);
        t.expires = expires;
        if (to != t.slot) {
            take_out(t);
            put(t, to);
        }
        return false;
    }

    /// Is there one for pop_due()?
    [[nodiscard]] bool has_due() noexcept {
        while (due_.empty())
            if (!step()) return false;
        return true;
    }
    /// Takes the next due timer off; null if none is due.
    timer_node* pop_due() noexcept {
        if (!has_due()) return nullptr;
        --size_;
        return from_link(due_.pop_front());
    }
    /// Lets time go on until `now`.  pop_due() then gives what is due tick by tick, as the kernel runs it: what a timer's
    /// function adds may come between the timers of two ticks that have passed already.  Cost: none per tick.
    void advance(jiffies_t now) noexcept {
        if (!time_after(now, clock_)) return;
        while (time_before(now, base_) && step()) {}   // half the range behind: would look like being ahead
        clock_ = now;
        running_ = true;
        while (due_.empty() && step()) {}
    }

    /// The first tick at which a timer fires.  With nothing pending, half the range away.
    [[nodiscard]] jiffies_t next_event() const noexcept {
        const jiffies_t wait = until_next();
        if (wait == never) return clock_ + max_jiffy_offset;
        const jiffies_t next = base_ + wait;
        return time_after(next, clock_) ? next : clock_ + 1;
    }

    /// Sets the clock, of an empty wheel as a rule: what waits is due then.
    void reset(jiffies_t now) noexcept {
        for (unsigned level = 0; level < levels; ++level)
            for (unsigned s = 0; s < slots; ++s) take_bucket(level, s);
        clock_ = base_ = now;
        running_ = false;
    }

    template <class F>
    void for_each(F f) {
        for (auto& level : wheel_)
            for (auto& l : level) each(l, f);
        each(due_, f);
    }

    static timer_node* from_link(detail::link* l) noexcept { return timer_wheel::from_link(l); }

    // Implementation.  Two clocks, as in the kernel: `clock_` is its jiffies, `base_` the first tick whose buckets have not
    // been taken.  While timers run, base_ is one ahead of the tick that they were due at, and catches up from there; when
    // nothing is due, it is brought up to clock_, whose own buckets still count as not taken: for what comes too late.
private:
    static constexpr std::uint16_t due_slot = levels * slots;
    static constexpr jiffies_t never = ~jiffies_t{0};

    static constexpr std::uint64_t bit(jiffies_t s) noexcept { return std::uint64_t{1} << s; }

    [[nodiscard]] std::uint16_t bucket(jiffies_t expires) const noexcept {
        jiffies_t distance = expires - base_;
        if (time_before(expires, base_)) return static_cast<std::uint16_t>(base_ % slots);
        if (distance >= cut_off) {
            distance = max_timeout;
            expires = base_ + max_timeout;
        }
        unsigned level = 0;
        while (distance >= reach(level)) ++level;
        const jiffies_t after = (expires >> (level * width_bits)) + 1;
        return static_cast<std::uint16_t>(level * slots + static_cast<unsigned>(after % slots));
    }
    void put(timer_node& t, std::uint16_t to) noexcept {
        t.slot = to;
        wheel_[to / slots][to % slots].push_front(t.entry);
        occupied_[to / slots] |= bit(to % slots);
    }
    void take_out(timer_node& t) noexcept {
        detail::list::erase(t.entry);
        if (t.slot == due_slot) return;
        const unsigned level = t.slot / slots, s = t.slot % slots;
        if (wheel_[level][s].empty()) occupied_[level] &= ~bit(s);
    }

    /// Ticks from base_ to the first bucket that has a timer.
    [[nodiscard]] jiffies_t until_next() const noexcept {
        jiffies_t wait = never;
        for (unsigned level = 0; level < levels; ++level) {
            if (occupied_[level] == 0) continue;
            // The first bucket of this level that begins at base_ or after it, and from there the first occupied one.
            const unsigned shift = level * width_bits;
            const jiffies_t first = ((base_ - 1) >> shift) + 1;
            const auto ahead =
                static_cast<jiffies_t>(std::countr_zero(std::rotr(occupied_[level], static_cast<int>(first % slots))));
            const jiffies_t w = ((first + ahead) << shift) - base_;
            if (w < wait) wait = w;
        }
        return wait;
    }
    /// Brings base_ as far as it goes: to the first bucket with a timer, or to the clock.  Return: is that timer due?
    bool forward() noexcept {
        if (time_after(base_, clock_)) return false;
        const jiffies_t behind = clock_ - base_, wait = until_next();
        base_ += wait < behind ? wait : behind;
        return wait <= behind;
    }
    void catch_up() noexcept {
        if (time_before(base_, clock_)) forward();
    }
    /// Takes the buckets of one tick.  Return: false if nothing is due any more.
    bool step() noexcept {
        running_ = running_ && forward();
        if (!running_) return false;
        unsigned level = 0;   // the highest that has a bucket beginning at this tick
        while (level + 1 < levels && (base_ & (width(level + 1) - 1)) == 0) ++level;
        for (jiffies_t s;; --level) {
            s = (base_ >> (level * width_bits)) % slots;
            take_bucket(level, s);
            if (level == 0) break;
        }
        ++base_;
        return true;
    }
    void take_bucket(unsigned level, jiffies_t s) noexcept {
        if ((occupied_[level] & bit(s)) == 0) return;
        detail::list& l = wheel_[level][s];
        for (detail::link* n = l.front(); n != l.end(); n = n->next) from_link(n)->slot = due_slot;
        due_.take(l);
        occupied_[level] &= ~bit(s);
    }
    template <class F>
    static void each(detail::list& l, F& f) {
        for (detail::link* n = l.front(); n != l.end(); n = n->next) f(*from_link(n));
    }

    jiffies_t clock_;
    jiffies_t base_;
    bool running_ = false;   // of what was due at clock_ when it was set, something may be left
    std::size_t size_ = 0;
    std::uint64_t occupied_[levels] = {};
    detail::list wheel_[levels][slots];
    detail::list due_;
};

using timer_wheel_v6 = basic_timer_wheel_v6<>;

}   // namespace bottomhalf
