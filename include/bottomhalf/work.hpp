// SPDX-License-Identifier: MIT
// work.hpp: the item.  32 bytes, valid when zeroed but for its function; what is queued, and who owns it.
//
// An item is idle, on a timer, in the inbox of a pool or on its worklist; apart from that it may be running.  PENDING is
// set exactly while it is in one of the places; it is cleared before the handler is called, so the handler may queue its
// own item again, or free it.  "Running" is known by the worker, not by the item.
//
// Everything else about an item is in one word, `data`:
//
//   in an inbox or on a worklist   | pool_workqueue*                          | colour:3 | INACTIVE | PWQ=1 | PENDING=1 |
//   anywhere else                  | last pool:32 | disable depth:16 | 0...                      | PWQ=0 | PENDING   |
//
// Only the owner of PENDING changes the word, with one exception: an attempt to claim, which sets a bit that is set.
// `colour` tells flush_workqueue() which flushes must wait for the item; no_colour: not admitted yet, still in an inbox.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/list.hpp>

namespace bottomhalf {

struct work_item;
using work_func = void (*)(work_item*);

struct BOTTOMHALF_ALIASES work_item {
    unsigned long data = 0;     // A: see above [work.pending]
    detail::link entry;         // worklist link; in an inbox: next, and in `prev` the number of the last pool
    work_func func = nullptr;   // what a worker calls
};
static_assert(sizeof(void*) != 8 || sizeof(work_item) == 32);

namespace detail::word {

inline constexpr unsigned long PENDING = 1;    // somebody owns the item: it is in a place, or about to be
inline constexpr unsigned long PWQ = 2;        // the word holds a pool_workqueue
inline constexpr unsigned long INACTIVE = 4;   // admitted, but over the queue's max_active
inline constexpr unsigned colour_shift = 3;
inline constexpr unsigned nr_colours = 7;
inline constexpr unsigned no_colour = 7;
inline constexpr unsigned long pwq_align = 64;   // 6 bits below a pool_workqueue's address

inline constexpr unsigned depth_shift = 16;
inline constexpr unsigned long depth_one = 1UL << depth_shift;
inline constexpr unsigned long depth_mask = 0xffffUL << depth_shift;
inline constexpr unsigned pool_shift = 32;

[[nodiscard]] constexpr unsigned colour(unsigned long d) noexcept { return (d >> colour_shift) & 7U; }
[[nodiscard]] constexpr unsigned last_pool(unsigned long d) noexcept {
    return (d & PWQ) != 0 ? 0U : static_cast<unsigned>(d >> pool_shift);
}
[[nodiscard]] constexpr bool in_inbox(unsigned long d) noexcept { return (d & PWQ) != 0 && colour(d) == no_colour; }
[[nodiscard]] constexpr bool on_worklist(unsigned long d) noexcept { return (d & PWQ) != 0 && colour(d) != no_colour; }
[[nodiscard]] constexpr unsigned long off_queue(unsigned pool, unsigned long depth_bits = 0) noexcept {
    return (static_cast<unsigned long>(pool) << pool_shift) | depth_bits;
}

}   // namespace detail::word

namespace detail {

inline work_item* item_of(link* l) noexcept {
    return reinterpret_cast<work_item*>(reinterpret_cast<char*>(l) - offsetof(work_item, entry));
}

template <class Arch>
[[nodiscard]] auto data_of(work_item& w) noexcept {
    return typename Arch::template atomic_ref<unsigned long>(w.data);
}

/// Claims PENDING.  Return: true for the one caller who owns the item now, and must put it somewhere or let it go.
template <class Arch>
bool claim(work_item& w) noexcept {
    // [work.pending] release: what the caller wrote before queue_work() is visible to the handler.
    // acquire: what the previous owner wrote to this item is visible to us, its next owner.
    // It stays a read-modify-write even if PENDING is already set.  A plain load that sees the bit and returns false
    // publishes nothing, and the run that is about to start could miss the caller's data:
    //
    //     CPU 0: queue_work()                  CPU 1: process_one_work()
    //     event = 1                            data &= ~PENDING
    //     load data: PENDING -> "queued"       func(): reads event == 0, and nobody runs it again
    return (data_of<Arch>(w).fetch_or(word::PENDING, acq_rel) & word::PENDING) == 0;   // one `lock bts` on x86
}

/// The owner's next word for an item that stays pending.  A claim that fails meanwhile was promised that the run to come
/// sees what its caller wrote, so this must not end its release sequence, as a store would: what takes PENDING away later
/// must still read from it [work.pending].  On x86 a store does: the failed claim was a locked instruction, hence all that
/// its caller wrote is visible to everybody before whatever replaces its word.
template <class Arch>
void set_word(work_item& w, unsigned long d) noexcept {
#if defined(__x86_64__) && !BOTTOMHALF_TSAN
    data_of<Arch>(w).store(d, release);
#else
    data_of<Arch>(w).exchange(d, acq_rel);
#endif
}

}   // namespace detail

/// work_pending(): claimed and not yet begun.  Stale when read: for a hint, or where the caller knows more.
template <class Arch>
[[nodiscard]] bool was_pending(const work_item& w) noexcept {
    return (detail::data_of<Arch>(const_cast<work_item&>(w)).load(relaxed) & detail::word::PENDING) !=
           0;   // relaxed: a hint
}

}   // namespace bottomhalf
