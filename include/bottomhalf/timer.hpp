// SPDX-License-Identifier: MIT
// timer.hpp: the wheel.  Pure: no clock, no thread, no lock, no allocation; jiffies go in, due timers come out.
//
// Levels of 64 slots, one per six bits of the expiry.  A timer lies on the level of the highest six-bit digit in which
// its expiry differs from the wheel's clock, in the slot which that digit names.  So everything on level 0 expires within
// the current 64 ticks, each slot one tick; when the clock enters a slot of a higher level, its timers move down.  Add
// and cancel are O(1) at any number of timers; a bitmap per level finds the next event in O(levels), so idle ticks cost
// nothing.  A timer fires exactly at its tick, never early; timers of one tick fire in the order in which they came to
// its slot, those that came too late for theirs before them.
//
// With many timers the cost is cache misses, and a list is one after the other.  So whoever walks, walks along eight lists
// at a time: a slot above level 0 is eight lists (strands), and scouts fetch the timers of the next ticks while those of
// this one fire.  And the wheel turns as timers are taken, so that what moves down fires while it is still in the cache:
// after advance() all that is due can be had from pop_due(), but most of it may lie in the wheel still.
//
//   timer_wheel wheel{now};
//   wheel.add(t, now + 20);
//   wheel.advance(now + 20);
//   while (timer_node* t = wheel.pop_due()) ...
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/jiffies.hpp>

namespace bottomhalf {

/// What the kernel calls struct timer_list: 40 bytes, constant-initialised, valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES timer_node {
    detail::link entry;                        // in a slot, in the due list, or in a base's inbox
    jiffies_t expires = 0;                     //
    void (*function)(timer_node*) = nullptr;   // I: runs in softirq context
    std::uint32_t flags = 0;                   // A: timer_pending_bit and the facades' flags
    std::uint16_t slot = 0;                    // place in the wheel, kept by the wheel
    std::uint16_t cpu = 0;                     // emulated CPU for which it was armed
};
static_assert(sizeof(void*) != 8 || sizeof(timer_node) == 40);

/// What 2.6 calls struct timer_list.  Its `node.function` is call_timer_with_data(), and what is called is `function(data)`: the
/// caller's to change while it is idle, and read before it is.
struct BOTTOMHALF_ALIASES data_timer {
    timer_node node;
    jiffies_t expires = 0;   // the caller's, for add_timer()
    void (*function)(unsigned long) = nullptr;
    unsigned long data = 0;
};

namespace detail {

/// Whoever turns the wheel knows it by its address, which is one in the whole process, and does this itself.
BOTTOMHALF_STATE inline void call_timer_with_data(timer_node* t) {
    const auto& d = *reinterpret_cast<data_timer*>(t);
    d.function(d.data);
}

}   // namespace detail

// The flags are one word, so that a look at them is one instant: armed or not, in a wheel or not, and whose.  The facades'
// own lie above.
inline constexpr std::uint32_t timer_pending_bit = 1;   // armed: on the way to the wheel, or in it
inline constexpr std::uint32_t timer_wheel_bit = 2;     // in the wheel; guarded by the lock of its base
inline constexpr std::uint32_t timer_irqsafe = 4;       // its function runs with interrupts masked
inline constexpr std::uint32_t timer_of_work = 8;       // it belongs to a delayed work item
inline constexpr std::uint32_t timer_shut_bit = 16;   // shut down: not to be armed any more, and not a mistake to try;
                                                      // set before the function is taken away
inline constexpr std::uint32_t timer_deferrable = 32;   // ends nobody's sleep before its time is over by a second
inline constexpr unsigned timer_base_shift = 8;         // the base, a CPU's: of an idle timer the one where it was last
inline constexpr std::uint32_t timer_base_mask = 0x3ff00;
inline constexpr unsigned max_timer_bases = 1024;

[[nodiscard]] constexpr unsigned timer_base_of(std::uint32_t flags) noexcept {
    return (flags & timer_base_mask) >> timer_base_shift;
}
[[nodiscard]] constexpr std::uint32_t in_timer_base(std::uint32_t flags, unsigned base) noexcept {
    return (flags & ~timer_base_mask) | (base << timer_base_shift);
}
static_assert(timer_base_of(in_timer_base(~std::uint32_t{0}, max_timer_bases - 1)) == max_timer_bases - 1);

class timer_wheel {
public:
    static constexpr unsigned level_bits = 6;
    static constexpr unsigned slots = 1U << level_bits;
    static constexpr unsigned levels = (8 * sizeof(jiffies_t) + level_bits - 1) / level_bits;

    explicit timer_wheel(jiffies_t now = initial_jiffies) noexcept : clock_(now), turned_(now) {}

    [[nodiscard]] jiffies_t clock() const noexcept { return clock_; }   // everything up to this tick is due
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] detail::list& due() noexcept { return due_; }   // those that come next; empty if none is due

    /// Return: whether its tick has come already.  Then it is due at the next one, as in the kernel: a timer that arms itself
    /// for the tick at which it fires, again and again, must not keep the clock from going on.
    bool add(timer_node& t, jiffies_t expires) noexcept {
        if (t.expires != expires) t.expires = expires;   // its owner, who has written it, may read it meanwhile
        ++size_;
        if (time_after(expires, clock_)) [[likely]] {
            place(t.entry, expires);
            return false;
        }
        late_.push_back(t.entry);
        return true;
    }
    void remove(timer_node& t) noexcept {
        // Alone, its neighbour on both sides is the head of its list, which tells the slot.  So a timer need not know it,
        // and no more than its links is touched.
        const detail::link *before = t.entry.prev, *behind = t.entry.next;
        detail::list::erase(t.entry);
        --size_;
        scouted_ = 0;   // a scout may stand on it
        if (before == behind) left_empty(before);
    }
    /// The same as remove() and add().
    bool move(timer_node& t, jiffies_t expires) noexcept {
        remove(t);
        return add(t, expires);
    }
    /// Is there one for pop_due()?
    [[nodiscard]] bool has_due() noexcept {
        if (due_.empty()) turn();
        return !due_.empty();
    }
    /// Takes the oldest due timer off; null if none is due.
    timer_node* pop_due() noexcept {
        if (!has_due()) return nullptr;
        --size_;
        if (scouted_ != 0) look_ahead();
        return from_link(due_.pop_front());
    }

    /// Moves the clock to `now`; everything that expires until then is due.  Cost: the timers moved, not the ticks.
    void advance(jiffies_t now) noexcept {
        if (!time_after(now, clock_)) return;
        // They come before what expires after the old clock.  And a wheel that is half the range behind would look as if it
        // were ahead.
        if (!late_.empty() || !time_after(now, turned_)) catch_up();
        clock_ = now;
        turn();
    }

    /// The first tick at which advance() has something to do: a timer that expires, or one that moves down a level.  With
    /// nothing pending, half the range away.
    [[nodiscard]] jiffies_t next_event() const noexcept {
        return turned_ == clock_ && late_.empty() ? next_turn() : clock_ + 1;
    }

    /// Sets the clock, of an empty wheel as a rule: what waits is due then.
    void reset(jiffies_t now) noexcept {
        for (int i = 0; i < 3; ++i) advance(clock_ + max_jiffy_offset);   // half the range, and more
        catch_up();
        clock_ = turned_ = now;
    }

    template <class F>
    void for_each(F f) {
        for (auto& l : level0_) each(l, f);
        for (unsigned level = 1; level < levels; ++level)
            for (unsigned strand = 0; strand < strands; ++strand)
                for (std::uint64_t some = occupied_[level - 1][strand]; some != 0; some &= some - 1)
                    each(strand_of(level, static_cast<unsigned>(std::countr_zero(some)), strand), f);
        each(due_, f);
        each(late_, f);
    }

    static timer_node* from_link(detail::link* l) noexcept {
        return reinterpret_cast<timer_node*>(l);   // `entry` is the first member of a standard-layout struct
    }

private:
    // Above level 0 a slot is so many lists, by the lowest bits of the expiry: those of one tick keep their order, and when
    // the slot moves down, so many cache misses are under way at a time instead of one.  80 KB of heads, touched where used.
    static constexpr unsigned strands = 8;
    static constexpr unsigned scouts = 8;
    static constexpr std::size_t near_by = 4096;   // so many timers are no farther away than a second level cache
    static constexpr std::uint64_t group_mask = (std::uint64_t{1} << scouts) - 1;

    static constexpr std::uint64_t bit(unsigned s) noexcept { return std::uint64_t{1} << s; }
    static constexpr unsigned digit(jiffies_t j, unsigned level) noexcept {
        return static_cast<unsigned>(j >> (level * level_bits)) % slots;
    }
    /// A list while its bit in occupied_ is set; else just memory, which costs a new wheel nothing.
    union maybe_list {
        maybe_list() noexcept {}
        detail::list list;
    };
    [[nodiscard]] detail::list& strand_of(unsigned level, unsigned s, unsigned strand) noexcept {
        return later_[((level - 1) * slots + s) * strands + strand].list;
    }
    [[nodiscard]] std::uint64_t occupied_on(unsigned level) const noexcept {
        if (level == 0) return occupied0_;
        std::uint64_t all = 0;
        for (const std::uint64_t some : occupied_[level - 1]) all |= some;
        return all;
    }
    /// `expires` is after the wheel's tick, or is it.
    void place(detail::link& l, jiffies_t expires) noexcept {
        const jiffies_t differ =
            expires ^ turned_;   // beyond the wrap: in the highest digit, and lower there than ours
        if (differ < slots) {
            const unsigned s = digit(expires, 0);
            level0_[s].push_back(l);
            occupied0_ |= bit(s);
            return;
        }
        const unsigned level = (static_cast<unsigned>(std::bit_width(differ)) - 1) / level_bits;
        const unsigned s = digit(expires, level), strand = static_cast<unsigned>(expires) % strands;
        std::uint64_t& occupied = occupied_[level - 1][strand];
        detail::list& list = strand_of(level, s, strand);
        if ((occupied & bit(s)) == 0) {
            occupied |= bit(s);
            list.clear();
        }
        list.push_back(l);
    }
    void left_empty(const detail::link* head) noexcept {
        // Lists are told apart by their addresses: where it is none of ours, it is due().
        const auto at = reinterpret_cast<std::uintptr_t>(head);
        const std::size_t i = (at - reinterpret_cast<std::uintptr_t>(&later_[0])) / sizeof(detail::list);
        const std::size_t i0 = (at - reinterpret_cast<std::uintptr_t>(&level0_[0])) / sizeof(detail::list);
        if (i0 < slots)
            occupied0_ &= ~bit(static_cast<unsigned>(i0));
        else if (i < std::size(later_))
            occupied_[i / strands / slots][i % strands] &= ~bit(static_cast<unsigned>(i / strands % slots));
    }
    /// Turns the wheel until something is due, or it has come to the clock.
    void turn() noexcept {
        while (due_.empty() && turned_ != clock_) step();
    }
    void catch_up() noexcept {
        while (turned_ != clock_) step();
        due_.take(late_);
    }
    /// Turns the wheel to the next tick at which it has something to do, at most to the clock.
    void step() noexcept {
        const jiffies_t last = turned_ | (slots - 1), until = time_after(clock_, last) ? last : clock_;
        if (const std::uint64_t over = occupied0_ & (~std::uint64_t{0} >> (slots - 1 - digit(until, 0))); over != 0)
            return expire(over);
        turned_ = until;
        if (turned_ == clock_) return;
        const jiffies_t next = next_turn();
        if (time_after(next, clock_)) {
            // Nothing happens in between; but the wheel must not jump over a digit whose slot is still to move down,
            // which is an event of its own, so this is safe.
            turned_ = clock_;
            return;
        }
        turned_ = next;
        // From the highest digit that turned to zero below it, slots move down.
        const unsigned zeros = static_cast<unsigned>(std::countr_zero(turned_)) / level_bits;
        for (unsigned level = zeros < levels ? zeros : levels - 1; level > 0; --level)
            spill(level, digit(turned_, level));
        scouted_ = 0;
        if ((occupied0_ & bit(digit(turned_, 0))) != 0) expire(bit(digit(turned_, 0)));
    }
    /// Of the slots `over` of level 0, which the clock has passed, those in the first group that has any become due.
    void expire(std::uint64_t over) noexcept {
        const auto group = static_cast<unsigned>(std::countr_zero(over)) / scouts;
        over &= group_mask << (group * scouts);
        occupied0_ ^= over;
        turned_ = (turned_ & ~jiffies_t{slots - 1}) | static_cast<jiffies_t>(std::bit_width(over) - 1);
        for (; over != 0; over &= over - 1) due_.take(level0_[std::countr_zero(over)]);
        if (scouted_ != group + 1) send_scouts(group + 1);
    }
    // While the timers of a group of ticks fire, scouts walk along the lists of the next group, one step of one of them for
    // each timer, so that its memory has come when its turn has: a list alone is one cache miss after the other.
    void send_scouts(unsigned group) noexcept {
        scouted_ = group < slots / scouts && size_ > near_by ? group : 0;
        if (scouted_ == 0) return;
        for (unsigned i = 0; i < scouts; ++i) scout_[i] = level0_[group * scouts + i].front();
    }
    void look_ahead() noexcept {
        detail::link*& at = scout_[next_scout_++ % scouts];
        if (reinterpret_cast<std::uintptr_t>(at) - reinterpret_cast<std::uintptr_t>(&level0_[0]) < sizeof level0_)
            return;
        at = at->next;
        __builtin_prefetch(at, 1);
    }
    [[nodiscard]] jiffies_t next_turn() const noexcept {
        for (unsigned level = 0; level < levels; ++level) {
            const std::uint64_t occupied = occupied_on(level);
            const unsigned here = digit(turned_, level);
            // Slots at or before our own digit are empty on every level: what lies there would have moved down.
            std::uint64_t later = here + 1 < slots ? occupied & (~std::uint64_t{0} << (here + 1)) : 0;
            // Beyond the wrap of the counter the highest digit starts again from 0.
            if (later == 0 && level == levels - 1) later = occupied;
            if (later == 0) continue;
            const auto s = static_cast<jiffies_t>(std::countr_zero(later));
            const unsigned shift = level * level_bits;
            const jiffies_t above = shift + level_bits >= 8 * sizeof(jiffies_t)
                                        ? 0
                                        : turned_ & ~((jiffies_t{1} << (shift + level_bits)) - 1);
            return above | (s << shift);
        }
        return turned_ + max_jiffy_offset;
    }
    void spill(unsigned level, unsigned s) noexcept {
        detail::link *at[strands], *end[strands];
        unsigned n = 0;
        for (unsigned strand = 0; strand < strands; ++strand) {
            if ((occupied_[level - 1][strand] & bit(s)) == 0) continue;
            occupied_[level - 1][strand] &= ~bit(s);
            detail::list& from = strand_of(level, s, strand);
            at[n] = from.front();
            end[n++] = from.end();
        }
        while (n != 0)
            for (unsigned i = 0; i < n;) {
                detail::link& l = *at[i];
                at[i] = l.next;
                __builtin_prefetch(at[i], 1);
                place(l, from_link(&l)->expires);
                if (at[i] != end[i]) {
                    ++i;
                } else {
                    --n;
                    at[i] = at[n];
                    end[i] = end[n];
                }
            }
    }
    template <class F>
    static void each(detail::list& l, F& f) {
        for (detail::link* n = l.front(); n != l.end(); n = n->next) f(*from_link(n));
    }

    jiffies_t clock_;   // what is not after it is due
    jiffies_t
        turned_;   // how far the wheel has turned: it follows as timers are taken, so that what moves down is still
                   // in the cache when it fires
    unsigned scouted_ = 0;   // the group of slots of level 0 in which the scouts are; 0: in none
    unsigned next_scout_ = 0;
    std::size_t size_ = 0;
    std::uint64_t occupied0_ = 0;
    std::uint64_t occupied_[levels - 1][strands] = {};
    detail::list due_;
    detail::list late_;   // armed for a tick that had come: due as soon as the clock goes on
    detail::link* scout_[scouts] = {};
    detail::list level0_[slots];
    maybe_list later_[(levels - 1) * slots * strands];
};

}   // namespace bottomhalf
