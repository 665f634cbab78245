// SPDX-License-Identifier: MIT
// inbox.hpp: the door of a worker pool.  Anybody pushes, from any context; whoever holds the pool's lock takes all.
//
// One word.  It is empty, or the newest item (which links to the older ones), or ASLEEP, or CLOSED:
//
//            push                      push
//   empty ---------> items    ASLEEP ---------> items, and this pusher wakes a worker
//     ^                |         ^
//     |   take_all()   |         |  fall_asleep(), only from empty
//     +----------------+       empty
//
// ASLEEP says that nobody will look by himself.  It is in the word that every pusher changes anyway, so there is no flag
// beside the list whose order against it would matter: with such a flag every variant tried loses a wake-up as soon as a
// third party (flush, cancel) empties the list between the worker's announcement and its last look.
//
// Pushing is lock-free and async-signal-safe: a handler that interrupts a push, on the same thread, completes its own
// push in between.  Taking all at once, and never a single item, leaves no room for ABA.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/list.hpp>

namespace bottomhalf::detail {

enum class pushed : unsigned char { quietly, and_must_wake, refused };

template <class Arch>
class inbox {
public:
    /// Context: any.  `l` must be owned by the caller.  refused: the inbox is closed, and `l` is still the caller's.
    BOTTOMHALF_INLINE pushed push(link& l) noexcept {
        typename Arch::template atomic_ref<std::uintptr_t> head(head_);
        std::uintptr_t h = head.load(relaxed);   // relaxed: a guess, the exchange below decides
        do {
            if (h == CLOSED) return pushed::refused;
            l.next = h == ASLEEP ? nullptr : reinterpret_cast<link*>(h);
            // [inbox.head] release: the item is whole before anybody sees it.
            // acquire: a pusher that replaces ASLEEP bumps the sleepers' word, and must do so after the worker read it.
        } while (!head.compare_exchange_weak(h, reinterpret_cast<std::uintptr_t>(&l), acq_rel, relaxed));
        return h == ASLEEP ? pushed::and_must_wake : pushed::quietly;
    }

    /// Caller holds the pool's lock.  Return: all items, oldest first, linked by `next`; null if there are none.
    link* take_all() noexcept { return reversed(take_all_newest_first()); }
    /// The same as they lie there.
    link* take_all_newest_first() noexcept {
        typename Arch::template atomic_ref<std::uintptr_t> head(head_);
        if (is_tag(head.load(relaxed))) return nullptr;   // relaxed: only we, under the lock, make a tag of items
        return reinterpret_cast<link*>(head.exchange(0, acquire));   // [inbox.head]
    }

    /// Caller holds the pool's lock.  Return: false if there are items to be taken first.
    bool fall_asleep() noexcept {
        std::uintptr_t h = 0;
        // [inbox.head] release: whatever the caller read of the sleepers' word, it read before a pusher sees ASLEEP.
        return typename Arch::template atomic_ref<std::uintptr_t>(head_).compare_exchange_strong(h, ASLEEP, acq_rel,
                                                                                                 relaxed) ||
               is_tag(h);
    }
    /// Caller holds the pool's lock.  Return: true if it was asleep: the caller wakes a worker in the pusher's place.
    bool wake_up() noexcept {
        std::uintptr_t h = ASLEEP;
        return
            typename Arch::template atomic_ref<std::uintptr_t>(head_).compare_exchange_strong(h, 0, acq_rel, relaxed);
    }
    /// From now on nobody gets in.  Return: what was inside, oldest first.
    link* close() noexcept {
        const std::uintptr_t h =
            typename Arch::template atomic_ref<std::uintptr_t>(head_).exchange(CLOSED, acq_rel);   // [inbox.head]
        return is_tag(h) ? nullptr : reversed(reinterpret_cast<link*>(h));
    }
    void open() noexcept { typename Arch::template atomic_ref<std::uintptr_t>(head_).store(0, release); }

    /// Open, empty, and nobody asleep.  Stale when read.
    [[nodiscard]] bool was_untouched() noexcept {
        return typename Arch::template atomic_ref<std::uintptr_t>(head_).load(relaxed) == 0;   // relaxed: stale anyway
    }
    /// Stale when read.
    [[nodiscard]] bool was_empty() noexcept {
        return is_tag(typename Arch::template atomic_ref<std::uintptr_t>(head_).load(relaxed));
    }

private:
    // Tags are odd or 2: no item lies there.
    static constexpr std::uintptr_t ASLEEP = 1, CLOSED = 2;
    static bool is_tag(std::uintptr_t h) noexcept { return h <= CLOSED; }

    std::uintptr_t head_ = CLOSED;   // A [inbox.head]; closed until the pool opens it
};

}   // namespace bottomhalf::detail
