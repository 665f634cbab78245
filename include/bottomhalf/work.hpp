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
//
// Two longer items begin with this one: delayed_item has a timer, data_item (that of 2.6) a handler with an argument, too.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/timer.hpp>

namespace bottomhalf {

struct work_item;
using work_func = void (*)(work_item*);

struct BOTTOMHALF_ALIASES work_item {
    unsigned long data = 0;     // A: see above [work.pending]
    detail::link entry;         // worklist link; in an inbox: next, and in `prev` the number of the last pool
    work_func func = nullptr;   // what a worker calls
};
static_assert(sizeof(void*) != 8 || sizeof(work_item) == 32);

/// Valid when zeroed but for `work.func` and `timer.function`.
struct BOTTOMHALF_ALIASES delayed_item {
    work_item work;
    timer_node timer;     // timer.cpu: the CPU to queue on, any_cpu: that of the caller when it armed the timer
    void* wq = nullptr;   // A: basic_workqueue_struct<Arch>*, while armed and after
};
static_assert(sizeof(void*) != 8 || sizeof(delayed_item) == 80);

/// Its `work.func` is call_with_data(), and what a worker calls is `func(data)`.
struct BOTTOMHALF_ALIASES data_item {
    delayed_item delayed;
    void (*func)(void*) =
        nullptr;            // A: both are PREPARE_WORK()'s to change, at any time, and hold for the next run that
    void* data = nullptr;   // A: begins; so they are read while that is pending
};

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

/// The item that a delayed item's timer belongs to.
inline delayed_item& delayed_of(timer_node& t) noexcept {
    return *reinterpret_cast<delayed_item*>(reinterpret_cast<char*>(&t) - offsetof(delayed_item, timer));
}

template <class Arch>
[[nodiscard]] auto data_of(work_item& w) noexcept {
    return typename Arch::template atomic_ref<unsigned long>(w.data);
}

/// The function of each data_item.  Workers know it by its address, which is one in the whole process, and do this
/// themselves, in another order: see handler.
BOTTOMHALF_STATE inline void call_with_data(work_item* w) {
    const auto& d = *reinterpret_cast<data_item*>(w);
    d.func(d.data);
}

/// What the next run of a pending item calls.  On the path of every item, so the last two are not even cleared.
struct handler {
    work_func func = nullptr;
    void (*with_data)(void*) = nullptr;   // if func is call_with_data(): it instead
    void* data = nullptr;

    template <class Arch>
    [[nodiscard]] static handler of(work_item& w) noexcept {
        handler h;
        h.read<Arch>(w);
        return h;
    }
    template <class Arch>
    BOTTOMHALF_INLINE void read(work_item& w) noexcept {
        func = w.func;
        if (!has_data()) return;
        auto& d = reinterpret_cast<data_item&>(w);   // all of them are standard-layout structs, and begin with the next
        // relaxed: [work.pending] has ordered it, or PREPARE_WORK() runs beside us, and either will do.
        with_data = typename Arch::template atomic_ref<void (*)(void*)>(d.func).load(relaxed);
        data = typename Arch::template atomic_ref<void*>(d.data).load(relaxed);
    }
    [[nodiscard]] bool has_data() const noexcept { return func == &call_with_data; }
    /// For reports: what the user wrote.
    [[nodiscard]] void* address() const noexcept {
        return has_data() ? reinterpret_cast<void*>(with_data) : reinterpret_cast<void*>(func);
    }
};

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
