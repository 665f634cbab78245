// SPDX-License-Identifier: MIT
// timer.hpp: the wheel.  Pure: no clock, no thread, no lock, no allocation; jiffies go in, due timers come out.
//
// Levels of 64 slots, one per six bits of the expiry.  A timer lies on the level of the highest six-bit digit in which
// its expiry differs from the wheel's clock, in the slot which that digit names.  So everything on level 0 expires within
// the current 64 ticks, each slot one tick; when the clock enters a slot of a higher level, its timers move down.  Add
// and cancel are O(1) at any number of timers; a bitmap per level finds the next event in O(levels), so idle ticks cost
// nothing.  A timer fires exactly at its tick, never early; timers of one tick fire in the order in which they came to
// its slot.
//
//   timer_wheel wheel{now};
//   wheel.add(t, now + 20);
//   wheel.advance(now + 20);          // moves what is due to wheel.due()
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/jiffies.hpp>

namespace bottomhalf {

/// What the kernel calls struct timer_list: 40 bytes, constant-initialised, valid when zeroed but for its function.
struct BOTTOMHALF_ALIASES timer_node {
    detail::link entry;                        // in a slot, in the due list, or in the timekeeper's inbox
    jiffies_t expires = 0;                     //
    void (*function)(timer_node*) = nullptr;   // I: runs in softirq context
    std::uint32_t flags = 0;                   // A: timer_pending_bit and the facades' flags
    std::uint16_t slot = 0;                    // place in the wheel, kept by the wheel
    std::uint16_t cpu = 0;                     // emulated CPU on which it was armed
};
static_assert(sizeof(void*) != 8 || sizeof(timer_node) == 40);

inline constexpr std::uint32_t timer_pending_bit = 1;   // armed: on the way to the wheel, or in it
inline constexpr std::uint32_t timer_wheel_bit = 2;     // in the wheel; guarded by the timekeeper's lock
inline constexpr std::uint32_t timer_irqsafe = 4;       // its function runs with interrupts masked
inline constexpr std::uint32_t timer_of_work = 8;       // it belongs to a delayed work item
inline constexpr std::uint32_t timer_shut_bit = 16;     // shut down: not to be armed any more, and not a mistake to try

class timer_wheel {
public:
    static constexpr unsigned level_bits = 6;
    static constexpr unsigned slots = 1U << level_bits;
    static constexpr unsigned levels = (8 * sizeof(jiffies_t) + level_bits - 1) / level_bits;

    explicit timer_wheel(jiffies_t now = initial_jiffies) noexcept : clock_(now) {}

    [[nodiscard]] jiffies_t clock() const noexcept { return clock_; }   // everything up to this tick is due
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] detail::list& due() noexcept { return due_; }

    /// Return: whether it lies in the past already; then it is due at once.
    bool add(timer_node& t, jiffies_t expires) noexcept {
        t.expires = expires;
        ++size_;
        place(t);
        return t.slot == due_slot;
    }
    void remove(timer_node& t) noexcept {
        detail::list::erase(t.entry);
        --size_;
        if (t.slot == due_slot) return;
        const unsigned level = t.slot / slots, s = t.slot % slots;
        if (wheel_[level][s].empty()) occupied_[level] &= ~bit(s);
    }
    /// The same as remove() and add().
    bool move(timer_node& t, jiffies_t expires) noexcept {
        remove(t);
        return add(t, expires);
    }
    /// Takes the oldest due timer off; null if none is due.
    timer_node* pop_due() noexcept {
        if (due_.empty()) return nullptr;
        --size_;
        return from_link(due_.pop_front());
    }

    /// Moves the clock to `now` and everything that expires until then to due().  Cost: the timers moved, not the ticks.
    void advance(jiffies_t now) noexcept {
        while (time_after(now, clock_)) {
            const jiffies_t next = next_event();
            if (size_ == 0 || time_after(next, now)) {
                // Nothing happens in between; but the clock must not jump over a digit whose slot is still to move down,
                // which is an event of its own, so this is safe.
                clock_ = now;
                return;
            }
            clock_ = next;
            // Entering tick `clock_`: from the highest digit that turned to zero below it, slots move down.
            for (unsigned level = levels - 1; level > 0; --level)
                if ((clock_ & ((jiffies_t{1} << (level * level_bits)) - 1)) == 0) spill(level, digit(clock_, level));
            const unsigned s = digit(clock_, 0);
            if ((occupied_[0] & bit(s)) != 0) {
                for (detail::link* l = wheel_[0][s].front(); l != wheel_[0][s].end(); l = l->next)
                    from_link(l)->slot = due_slot;
                due_.take(wheel_[0][s]);
                occupied_[0] &= ~bit(s);
            }
        }
    }

    /// The first tick at which advance() has something to do: a timer that expires, or one that moves down a level.  With
    /// nothing pending, half the range away.
    [[nodiscard]] jiffies_t next_event() const noexcept {
        for (unsigned level = 0; level < levels; ++level) {
            const unsigned here = digit(clock_, level);
            // Slots at or before our own digit are empty on every level: what lies there would have moved down.
            std::uint64_t later = here + 1 < slots ? occupied_[level] & (~std::uint64_t{0} << (here + 1)) : 0;
            // Beyond the wrap of the counter the highest digit starts again from 0.
            if (later == 0 && level == levels - 1) later = occupied_[level];
            if (later == 0) continue;
            const auto s = static_cast<jiffies_t>(std::countr_zero(later));
            const unsigned shift = level * level_bits;
            const jiffies_t above = shift + level_bits >= 8 * sizeof(jiffies_t)
                                        ? 0
                                        : clock_ & ~((jiffies_t{1} << (shift + level_bits)) - 1);
            return above | (s << shift);
        }
        return clock_ + max_jiffy_offset;
    }

    /// Sets the clock of an empty wheel.
    void reset(jiffies_t now) noexcept { clock_ = now; }

    template <class F>
    void for_each(F f) {
        for (auto& level : wheel_)
            for (auto& l : level) each(l, f);
        each(due_, f);
    }

    static timer_node* from_link(detail::link* l) noexcept {
        return reinterpret_cast<timer_node*>(l);   // `entry` is the first member of a standard-layout struct
    }

private:
    static constexpr std::uint16_t due_slot = levels * slots;

    static constexpr std::uint64_t bit(unsigned s) noexcept { return std::uint64_t{1} << s; }
    static constexpr unsigned digit(jiffies_t j, unsigned level) noexcept {
        return static_cast<unsigned>(j >> (level * level_bits)) % slots;
    }
    void place(timer_node& t) noexcept {
        if (!time_after(t.expires, clock_)) {
            t.slot = due_slot;
            due_.push_back(t.entry);
            return;
        }
        const jiffies_t differ =
            t.expires ^ clock_;   // beyond the wrap: in the highest digit, and lower there than ours
        const unsigned level = (static_cast<unsigned>(std::bit_width(differ)) - 1) / level_bits;
        const unsigned s = digit(t.expires, level);
        t.slot = static_cast<std::uint16_t>(level * slots + s);
        wheel_[level][s].push_back(t.entry);
        occupied_[level] |= bit(s);
    }
    void spill(unsigned level, unsigned s) noexcept {
        if ((occupied_[level] & bit(s)) == 0) return;
        detail::list moving;
        moving.take(wheel_[level][s]);
        occupied_[level] &= ~bit(s);
        while (!moving.empty()) place(*from_link(moving.pop_front()));
    }
    template <class F>
    static void each(detail::list& l, F& f) {
        for (detail::link* n = l.front(); n != l.end(); n = n->next) f(*from_link(n));
    }

    jiffies_t clock_;
    std::size_t size_ = 0;
    std::uint64_t occupied_[levels] = {};
    detail::list wheel_[levels][slots];
    detail::list due_;
};

}   // namespace bottomhalf
