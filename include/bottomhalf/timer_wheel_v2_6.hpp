// SPDX-License-Identifier: MIT
// timer_wheel_v2_6.hpp: the wheel of the kernel up to 4.7, as 2.6.11 has it, with the interface of timer_wheel.  Pure: no
// clock, no thread, no lock, no allocation.
//
// A level for the next 256 ticks, one slot each; four more of 64 slots, each as wide as all of the level below.  A timer
// waits on the first level that reaches as far as its expiry.  When the clock enters a slot of an upper level, the slot's
// timers cascade: each is placed anew, further down.  So a timer fires exactly at its tick.  A distance beyond 32 bits
// counts as 0xffffffff until it is looked at again, once per round of the uppermost level; that delays nothing.
//
// Order: tick by tick; in a tick, as they came to its slot on the lowest level, which is not the order in which they were
// added: a near timer is in the slot before a far one cascades into it, and the lower level cascades before the upper.
//
//   timer_wheel_v2_6 wheel{now};
//   wheel.add(t, now + 20);
//   wheel.advance(now + 20);
//   wheel.pop_due();                  // &t
//
// The kernel takes every tick in turn; here a bitmap per level finds the next one at which something happens.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/timer.hpp>

namespace bottomhalf {

/// Source: kernel/timer.c of 2.6.11.  Differs: there is one base.
class timer_wheel_v2_6 {
public:
    static constexpr unsigned root_bits = 8, level_bits = 6;
    static constexpr unsigned root_slots = 1U << root_bits, slots = 1U << level_bits;
    static constexpr unsigned levels = 4;               // above the root
    static constexpr jiffies_t furthest = 0xffffffff;   // that a timer can be placed
    static_assert(root_bits + levels * level_bits == 32);

    explicit timer_wheel_v2_6(jiffies_t now = initial_jiffies) noexcept : clock_(now), base_(now + 1) {}

    [[nodiscard]] jiffies_t clock() const noexcept { return clock_; }   // everything up to this tick is due
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// For t.expires, which is only read: its owner may do so meanwhile.
    /// Return: false, always: an expiry in the past is due at the next tick.
    bool add(timer_node& t) noexcept {
        ++size_;
        place(t);
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
    /// The same as remove() and add(), unless the expiry stays the same: then nothing changes, not even the order.
    /// Return: whether it is due already.
    bool move(timer_node& t, jiffies_t expires) noexcept {
        if (expires == t.expires) return t.slot == due_slot;
        take_out(t);
        t.expires = expires;
        place(t);
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
        while (due_.empty() && step()) {}
    }

    /// The first tick at which something happens: a timer fires, or moves down.  With nothing pending, half the range away.
    [[nodiscard]] jiffies_t next_event() const noexcept {
        const jiffies_t wait = until_next();
        if (wait == never) return clock_ + max_jiffy_offset;
        const jiffies_t next = base_ + wait;
        return time_after(next, clock_) ? next : clock_ + 1;
    }

    /// Sets the clock, of an empty wheel as a rule: what waits is due then.
    void reset(jiffies_t now) noexcept {
        for (unsigned s = 0; s < root_slots; ++s) take_due(s);
        for (unsigned level = 0; level < levels; ++level) {
            for (auto& l : upper_[level]) make_due(l);
            occupied_[level] = 0;
        }
        clock_ = now;
        base_ = now + 1;
    }

    template <class F>
    void for_each(F f) {
        for (auto& l : root_) each(l, f);
        for (auto& level : upper_)
            for (auto& l : level) each(l, f);
        each(due_, f);
    }

    static timer_node* from_link(detail::link* l) noexcept { return timer_wheel::from_link(l); }

    // Implementation.  Two clocks, as in the kernel: `clock_` is its jiffies, `base_` the first tick that has not been
    // dealt with.  It is one ahead of the other, but while timers run: then it is one ahead of the tick that these were due
    // at, and catches up from there.
private:
    static constexpr std::uint16_t due_slot = root_slots + levels * slots;
    static constexpr jiffies_t never = ~jiffies_t{0};

    static constexpr std::uint64_t bit(unsigned s) noexcept { return std::uint64_t{1} << (s % 64); }
    static constexpr unsigned shift(unsigned level) noexcept { return root_bits + level * level_bits; }
    static constexpr unsigned digit(jiffies_t j, unsigned level) noexcept {
        return static_cast<unsigned>(j >> shift(level)) % slots;
    }

    void place(timer_node& t) noexcept {
        jiffies_t expires = t.expires;
        if (time_before(expires, base_)) expires = base_;
        if (expires - base_ > furthest) expires = base_ + furthest;
        if (expires - base_ < root_slots) {
            const auto s = static_cast<unsigned>(expires % root_slots);
            t.slot = static_cast<std::uint16_t>(s);
            root_[s].push_back(t.entry);
            root_occupied_[s / 64] |= bit(s);
            return;
        }
        const unsigned level = (static_cast<unsigned>(std::bit_width(expires - base_)) - 1 - root_bits) / level_bits;
        const unsigned s = digit(expires, level);
        t.slot = static_cast<std::uint16_t>(root_slots + level * slots + s);
        upper_[level][s].push_back(t.entry);
        occupied_[level] |= bit(s);
    }
    void take_out(timer_node& t) noexcept {
        detail::list::erase(t.entry);
        if (t.slot == due_slot) return;
        if (t.slot < root_slots) {
            if (root_[t.slot].empty()) root_occupied_[t.slot / 64] &= ~bit(t.slot);
            return;
        }
        const unsigned level = (t.slot - root_slots) / slots, s = (t.slot - root_slots) % slots;
        if (upper_[level][s].empty()) occupied_[level] &= ~bit(s);
    }

    /// Ticks from base_ to the first one that has something to do.
    [[nodiscard]] jiffies_t until_next() const noexcept {
        jiffies_t wait = until_root();
        for (unsigned level = 0; level < levels; ++level) {
            if (occupied_[level] == 0) continue;
            // The first slot of this level that begins at base_ or after it, and from there the first occupied one.
            const jiffies_t first = ((base_ - 1) >> shift(level)) + 1;
            const auto ahead =
                static_cast<jiffies_t>(std::countr_zero(std::rotr(occupied_[level], static_cast<int>(first % slots))));
            const jiffies_t w = ((first + ahead) << shift(level)) - base_;
            if (w < wait) wait = w;
        }
        return wait;
    }
    [[nodiscard]] jiffies_t until_root() const noexcept {
        const auto here = static_cast<unsigned>(base_ % root_slots);
        constexpr unsigned words = root_slots / 64;
        std::uint64_t word = root_occupied_[here / 64] & (~std::uint64_t{0} << (here % 64));
        for (unsigned i = here / 64, n = 0; n <= words; word = root_occupied_[i = (i + 1) % words], ++n)
            if (word != 0) return (i * 64 + static_cast<unsigned>(std::countr_zero(word)) - here) % root_slots;
        return never;
    }

    /// Deals with the next tick that has something to do.  Return: false if there is none until clock_.
    bool step() noexcept {
        if (time_after(base_, clock_)) return false;
        if (sizeof(jiffies_t) > 4 && clock_ - base_ > 4 * round) skip_rounds();
        const jiffies_t wait = until_next();
        if (wait > clock_ - base_) {
            base_ = clock_ + 1;
            return false;
        }
        base_ += wait;
        if (base_ % root_slots == 0)
            for (unsigned level = 0; level < levels && cascade(level, digit(base_, level)); ++level) {}
        take_due(static_cast<unsigned>(base_ % root_slots));
        ++base_;
        return true;
    }
    /// Return: whether the level above has to, too.
    bool cascade(unsigned level, unsigned s) noexcept {
        detail::list moving;
        moving.take(upper_[level][s]);
        occupied_[level] &= ~bit(s);
        while (!moving.empty()) place(*from_link(moving.pop_front()));
        return s == 0;
    }
    void take_due(unsigned s) noexcept {
        make_due(root_[s]);
        root_occupied_[s / 64] &= ~bit(s);
    }
    void make_due(detail::list& l) noexcept {
        for (detail::link* n = l.front(); n != l.end(); n = n->next) from_link(n)->slot = due_slot;
        due_.take(l);
    }
    template <class F>
    static void each(detail::list& l, F& f) {
        for (detail::link* n = l.front(); n != l.end(); n = n->next) f(*from_link(n));
    }

    // A timer further away than 32 bits is placed 63 slots ahead on the uppermost level whenever the clock comes to it, so
    // after that many slots all such timers lie as before, seen from the clock.  Real time does not get there; a clock that
    // is set ahead by a quarter of its range, to make everything due, would go round a billion times.
    static constexpr unsigned top = levels - 1;
    static constexpr jiffies_t round = jiffies_t{slots - 1} << (root_bits + top * level_bits);

    /// Leaves out the rounds in which nothing happens but this.  Cost: the timers; seldom does it find something to do.
    BOTTOMHALF_COLD void skip_rounds() noexcept {
        if (until_root() != never || (occupied_[0] | occupied_[1] | occupied_[2]) != 0 || occupied_[top] == 0) return;
        const jiffies_t at = base_ + until_next();   // not beyond the clock, which is several rounds ahead
        jiffies_t skip = clock_ - at;
        for (auto& l : upper_[top])
            for (detail::link* n = l.front(); n != l.end(); n = n->next) {
                const jiffies_t distance = from_link(n)->expires - at;
                const jiffies_t idle = distance > furthest ? distance - furthest - 1 : 0;
                if (idle < skip) skip = idle;
            }
        const jiffies_t rounds = skip / round;
        if (rounds == 0) return;
        base_ = at + rounds * round;
        turn_back(static_cast<unsigned>(rounds % slots));
    }
    /// The uppermost level, `n` slots back.
    void turn_back(unsigned n) noexcept {
        detail::list old[slots];
        for (unsigned s = 0; s < slots; ++s) old[s].take(upper_[top][s]);
        for (unsigned s = 0; s < slots; ++s) {
            const unsigned to = (s - n) % slots;
            for (detail::link* l = old[s].front(); l != old[s].end(); l = l->next)
                from_link(l)->slot = static_cast<std::uint16_t>(root_slots + top * slots + to);
            upper_[top][to].take(old[s]);
        }
        occupied_[top] = std::rotr(occupied_[top], static_cast<int>(n));
    }

    jiffies_t clock_;
    jiffies_t base_;
    std::size_t size_ = 0;
    std::uint64_t root_occupied_[root_slots / 64] = {};
    std::uint64_t occupied_[levels] = {};
    detail::list root_[root_slots];
    detail::list upper_[levels][slots];
    detail::list due_;
};

}   // namespace bottomhalf
