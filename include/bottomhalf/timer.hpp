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
// With many timers the cost is cache misses, and a list is one after the other.  So where they are many, whoever walks walks
// along eight lists at a time: a slot above level 0 is eight lists (strands), and scouts fetch the timers of the next ticks
// while those of this one fire.  And the wheel turns as timers are taken, so that what moves down fires while it is still in the cache:
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
    [[nodiscard]] detail::list& due() noexcept { return due_; }         // those that come next; empty if none is due

    [[nodiscard]] bool empty() const noexcept {
        std::uint64_t any = occupied0_;
        for (unsigned level = 1; level < levels; ++level) any |= occupied_on(level);
        return any == 0 && due_.empty() && late_.empty();
    }
    /// Cost: the timers.  A count would be one more word to write whenever one comes or goes; but with many of them all that
    /// costs is that writes wait for their cache lines, in a row that is short.
    [[nodiscard]] std::size_t size() const noexcept {
        std::size_t n = 0;
        walk(*this, [&n](const detail::link*) { ++n; });
        return n;
    }

    /// For t.expires, which is only read: its owner may do so meanwhile.
    /// Return: whether that tick has come already.  Then it is due at the next one, as in the kernel: a timer that arms itself
    /// for the tick at which it fires, again and again, must not keep the clock from going on.
    bool add(timer_node& t) noexcept {
        const jiffies_t expires = t.expires;
        if (time_after(expires, clock_)) [[likely]] {
            place(t.entry, expires, turned_);
            return false;
        }
        late_.push_back(t.entry);
        return true;
    }
    bool add(timer_node& t, jiffies_t expires) noexcept {
        t.expires = expires;
        return add(t);
    }
    /// Its links stay as they are: nobody looks at those of an idle timer.
    void remove(timer_node& t) noexcept {
        // Alone, its neighbour on both sides is the head of its list, which tells the slot.  So a timer need not know it,
        // and no more than its links is touched.
        const detail::link *before = t.entry.prev, *behind = t.entry.next;
        __builtin_prefetch(before, 1);   // both at once: writes that miss the cache wait for one another
        __builtin_prefetch(behind, 1);
        detail::list::unlink(t.entry);
        if (scouted_ != 0) scouted_ = 0;   // a scout may stand on it
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
        walk(*this, [&f](detail::link* l) { f(*from_link(l)); });
    }

    static timer_node* from_link(detail::link* l) noexcept {
        return reinterpret_cast<timer_node*>(l);   // `entry` is the first member of a standard-layout struct
    }

private:
    // Above level 0 a slot is so many lists, by the lowest bits of the expiry: those of one tick keep their order, and when
    // the slot moves down, so many cache misses are under way at a time instead of one.  80 KB of heads, a level's touched with its first timer.
    static constexpr unsigned strands = 8;
    static constexpr unsigned scouts = 8;
    static constexpr unsigned near_by = 512;   // so many timers are in the first level cache still when they fire
    static constexpr std::uint64_t group_mask = (std::uint64_t{1} << scouts) - 1;

    static constexpr std::uint64_t bit(unsigned s) noexcept { return std::uint64_t{1} << s; }
    static constexpr unsigned digit(jiffies_t j, unsigned level) noexcept {
        return static_cast<unsigned>(j >> (level * level_bits)) % slots;
    }
    /// A list once its level is in use; until then just memory, which costs a new wheel nothing.
    union maybe_list {
        maybe_list() noexcept {}
        detail::list list;
    };
    /// A strand of a level, all its slots.
    static constexpr std::size_t row_of(std::size_t level, std::size_t strand) noexcept {
        return (level - 1) * strands + strand;
    }
    [[nodiscard]] std::uint64_t occupied_on(unsigned level) const noexcept {
        if (level == 0) return occupied0_;
        std::uint64_t all = 0;
        for (std::size_t strand = 0; strand < strands; ++strand) all |= occupied_[row_of(level, strand)];
        return all;
    }
    /// `expires` is after `turned`, the wheel's tick, or is it.
    void place(detail::link& l, jiffies_t expires, jiffies_t turned) noexcept {
        const jiffies_t differ = expires ^ turned;   // beyond the wrap: in the highest digit, and lower there than ours
        if (differ < slots) return place_on_level0(l, expires);
        const unsigned level = highest_digit(differ);
        if (((used_ >> level) & 1) == 0) [[unlikely]]
            lay_out(level);
        const unsigned s = digit(expires, level);
        const std::size_t row = row_of(level, expires % strands);
        occupied_[row] |= bit(s);
        later_[row * slots + s].list.push_back(l);
    }
    /// A whole level at a time, on its first timer: to ask of each list whether it is one is a guess that fails too often.
    BOTTOMHALF_COLD void lay_out(unsigned level) noexcept {
        used_ |= 1U << level;
        for (std::size_t i = row_of(level, 0) * slots; i < row_of(level + 1, 0) * slots; ++i) later_[i].list.clear();
    }
    void place_on_level0(detail::link& l, jiffies_t expires) noexcept {
        const unsigned s = digit(expires, 0);
        occupied0_ |= bit(s);
        level0_[s].push_back(l);
    }
    /// Of a number with more than one digit.  To count its bits takes many processors longer than all else that add() does, so
    /// for what is nearly always asked about two comparisons.
    static constexpr unsigned highest_digit(jiffies_t j) noexcept {
        if (j < jiffies_t{1} << (3 * level_bits)) [[likely]]
            return 1 + static_cast<unsigned>(j >= jiffies_t{1} << (2 * level_bits));
        return (static_cast<unsigned>(std::bit_width(j)) - 1) / level_bits;
    }
    void left_empty(const detail::link* head) noexcept {
        // Lists are told apart by their addresses: where it is none of ours, it is due().
        const auto at = reinterpret_cast<std::uintptr_t>(head);
        const std::size_t i = (at - reinterpret_cast<std::uintptr_t>(&later_[0])) / sizeof(detail::list);
        const std::size_t i0 = (at - reinterpret_cast<std::uintptr_t>(&level0_[0])) / sizeof(detail::list);
        if (i0 < slots)
            occupied0_ &= ~bit(static_cast<unsigned>(i0));
        else if (i < std::size(later_))
            occupied_[i / slots] &= ~bit(static_cast<unsigned>(i % slots));
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
        // (The tick is not looked up again for each of them: a timer that has been written to could be it, to the compiler.)
        const jiffies_t here = turned_;
        for (unsigned level = zeros < levels ? zeros : levels - 1; level > 1; --level)
            spill(level, digit(here, level), [&](detail::link& l, jiffies_t expires) { place(l, expires, here); });
        if (zeros != 0) come_down(digit(here, 1));
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
        scouted_ = group < slots / scouts && came_down_ > near_by ? group : 0;
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
    /// From level 1 they can but come to level 0; unless somebody has written over the expiry of one that was pending.
    void come_down(unsigned s) noexcept {
        const jiffies_t here = turned_;
        const auto put = [&](detail::link& l, jiffies_t expires) {
            if ((expires ^ here) < slots) [[likely]]
                place_on_level0(l, expires);
            else
                place(l, expires, here);
        };
        if (came_down_ > near_by) {
            came_down_ = spill(1, s, put);
            return;
        }
        // Few, last time, so these will not be far away: then to walk along eight lists at a time costs more than it saves.
        came_down_ = 0;
        for (unsigned strand = 0; strand < strands; ++strand)
            for (auto [l, end] = take_strand(1, s, strand); l != end; ++came_down_) {
                detail::link* const behind = l->next;
                put(*l, from_link(l)->expires);
                l = behind;
            }
    }
    /// Empties a slot: put(timer, expires) finds each of its timers a new place.  Return: how many these were.
    template <class Put>
    unsigned spill(unsigned level, unsigned s, Put put) noexcept {
        detail::link *at[strands], *end[strands];
        unsigned n = 0, spilt = 0;
        for (unsigned strand = 0; strand < strands; ++strand)
            if (const taken_list taken = take_strand(level, s, strand); taken.first != taken.end) {
                at[n] = taken.first;
                end[n++] = taken.end;
            }
        while (n != 0)
            for (unsigned i = 0; i < n; ++spilt) {
                detail::link& l = *at[i];
                detail::link* const behind = l.next;
                __builtin_prefetch(behind, 1);
                put(l, from_link(&l)->expires);
                if (behind != end[i]) {
                    at[i++] = behind;
                } else {
                    --n;
                    at[i] = at[n];
                    end[i] = end[n];
                }
            }
        return spilt;
    }
    /// What was a list, from its first to where its head is, whoever else may have put something there meanwhile.
    struct taken_list {
        detail::link *first, *end;
    };
    /// Its timers are the caller's.
    taken_list take_strand(unsigned level, unsigned s, unsigned strand) noexcept {
        const std::size_t i = row_of(level, strand);
        if ((occupied_[i] & bit(s)) == 0) return {nullptr, nullptr};
        occupied_[i] &= ~bit(s);
        detail::list& list = later_[i * slots + s].list;
        const taken_list taken{list.front(), list.end()};
        list.clear();
        return taken;
    }
    template <class Self, class F>
    static void walk(Self& self, F f) {
        const auto each = [&f](auto& list) {
            for (auto* l = list.front(); l != list.end(); l = l->next) f(l);
        };
        for (auto& list : self.level0_) each(list);
        for (std::size_t row = 0; row < std::size(self.occupied_); ++row)
            for (std::uint64_t some = self.occupied_[row]; some != 0; some &= some - 1)
                each(self.later_[row * slots + static_cast<std::size_t>(std::countr_zero(some))].list);
        each(self.due_);
        each(self.late_);
    }

    jiffies_t clock_;   // what is not after it is due
    jiffies_t
        turned_;   // how far the wheel has turned: it follows as timers are taken, so that what moves down is still
                   // in the cache when it fires
    unsigned used_ = 0;        // the levels whose lists are laid out
    unsigned came_down_ = 0;   // how many timers, when a slot of level 1 was emptied last
    unsigned scouted_ = 0;     // the group of slots of level 0 in which the scouts are; 0: in none
    unsigned next_scout_ = 0;
    std::uint64_t occupied0_ = 0;
    std::uint64_t occupied_[(levels - 1) * strands] = {};   // by row_of()
    detail::list due_;
    detail::list late_;   // armed for a tick that had come: due as soon as the clock goes on
    detail::link* scout_[scouts] = {};
    detail::list level0_[slots];
    maybe_list later_[(levels - 1) * strands * slots];   // by row_of(), then slot
};

}   // namespace bottomhalf
