// SPDX-License-Identifier: MIT
// pool_workqueue.hpp: a queue, and its link to each pool that runs its items.  The data only; see workqueue.hpp for what
// can be done with a queue and worker_pool.hpp for what runs.
//
// A queue is one block: a header, then one link per CPU (or one in all).  An idle queue costs the header and 72 bytes per
// CPU, and owns no thread unless its pools are its own.  Blocks are type-stable, see detail/type_stable.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/work.hpp>

namespace bottomhalf {

template <class Arch>
class worker_pool;
template <class Arch>
class basic_machine;
template <class Arch>
struct basic_workqueue_struct;
template <class Arch>
class rescuer;

/// The queue's items in one pool.  Everything but the two pointers is guarded by the pool's lock.
template <class Arch>
struct alignas(detail::word::pwq_align) pool_workqueue {
    worker_pool<Arch>* pool = nullptr;                        // A: read by those who follow an old word
    basic_workqueue_struct<Arch>* wq = nullptr;               // I
    int nr_active = 0;                                        // on the worklist or running
    std::uint32_t in_flight[detail::word::nr_colours] = {};   // admitted and not done, by colour
    detail::list inactive;                                    // admitted, over max_active, oldest first
};

namespace detail {
/// The word of an item that is in an inbox, or on a worklist.
template <class Arch>
[[nodiscard]] unsigned long word_of(const pool_workqueue<Arch>& link, unsigned colour = word::no_colour) noexcept {
    return reinterpret_cast<unsigned long>(&link) | word::PWQ | word::PENDING |
           (static_cast<unsigned long>(colour) << word::colour_shift);
}
}   // namespace detail

namespace wq_flag {
inline constexpr std::uint32_t dedicated = 1;    // its pools are its own, with one worker each
inline constexpr std::uint32_t single = 2;       // one link serves all CPUs
inline constexpr std::uint32_t draining = 4;     // only its own handlers may queue
inline constexpr std::uint32_t destroying = 8;   // the same, for good
inline constexpr std::uint32_t dead = 16;        // gone; what is here is a header without a queue
inline constexpr std::uint32_t closed = draining | destroying | dead;
inline constexpr std::uint32_t system = 32;   // belongs to the machine: not for anybody to destroy
// What its creator asked for; never changes.
inline constexpr std::uint32_t highpri = 64;          // on the high-priority pools
inline constexpr std::uint32_t cpu_intensive = 128;   // a running item of it does not hold up the pool
inline constexpr std::uint32_t freezable = 256;       // starts nothing while the system is frozen
inline constexpr std::uint32_t mem_reclaim = 512;     // has a rescuer
inline constexpr std::uint32_t legacy = 1024;         // made by a call of old, and forgiven whom it flushes
inline constexpr std::uint32_t wanted = highpri | cpu_intensive | freezable | mem_reclaim | legacy;
}   // namespace wq_flag

template <class Arch>
struct alignas(64) basic_workqueue_struct {
    std::uint32_t flags = wq_flag::dead;      // A
    unsigned nr_links = 0;                    // I: 1, or one per CPU
    unsigned nr_cpus = 0;                     // I: of its machine
    int max_active = 0;                       // A: per link; 0 while it is frozen
    basic_machine<Arch>* machine = nullptr;   // A: read by those who follow an item's old pointer
    const void* tag = nullptr;                // I: the facade's, to know its own queues by
    worker_pool<Arch>** pools = nullptr;      // I: behind the links: what producers need of a link, away from what
                                              //    its worker writes for every item
    std::uint32_t work_colour = 0;            // A: given to items as they are admitted
    std::uint32_t flushers = 0;               // A: who wait on flush_word, or are about to
    std::uint32_t inside_flushers = 0;        // A: of those, handlers of this queue
    std::uint32_t flush_word = 0;             // A: changes when a colour may have run out, or become free [wq.flush]
    detail::spinlock<Arch> colours;           // orders flushes; comes before a pool's lock
    std::uint32_t busy_colours = 0;           // guarded by colours: bit c = a flush has colour c
    std::uint32_t nr_drainers = 0;            // guarded by colours: drain_workqueue() calls under way
    std::uint32_t drain_admissions = 0;       // A: items admitted since it was closed, on any link
    unsigned capacity = 0;                    // links that fit into this block
    int wanted_active = 0;                    // guarded by colours: max_active, unless it is frozen
    rescuer<Arch>* saviour = nullptr;         // A: its end takes the pools' locks, one after the other
    basic_workqueue_struct* next = nullptr;   // in the machine's list, or free
    char name[32] = {};                       // I

    using pwq_t = pool_workqueue<Arch>;
    [[nodiscard]] pwq_t& link(unsigned i) noexcept { return reinterpret_cast<pwq_t*>(this + 1)[i]; }
    [[nodiscard]] unsigned index_for(unsigned cpu) const noexcept { return nr_links == 1 ? 0 : cpu; }
    [[nodiscard]] pwq_t& link_for(unsigned cpu) noexcept { return link(index_for(cpu)); }
    [[nodiscard]] worker_pool<Arch>& pool_for(unsigned cpu) noexcept { return *pools[index_for(cpu)]; }
    [[nodiscard]] typename Arch::template atomic_ref<std::uint32_t> state() noexcept {
        return typename Arch::template atomic_ref<std::uint32_t>(flags);
    }
    /// relaxed: what it was made with never changes; who must see it closed or dead has said by what.
    [[nodiscard]] bool is(std::uint32_t kind) noexcept { return (state().load(relaxed) & kind) != 0; }
};

namespace detail {

/// Blocks for queues.  Reused oldest first, never given back to the heap.
template <class Arch>
class queue_memory {
    using wq_t = basic_workqueue_struct<Arch>;
    using pwq_t = pool_workqueue<Arch>;

public:
    /// Context: process; allocates.  Return: a dead queue with room for `links`; null if there is no memory.
    static wq_t* get(unsigned links) noexcept {
        {
            irq_lock<Arch> g(lock_);
            for (wq_t** at = &first_; *at != nullptr; at = &(*at)->next)
                if ((*at)->capacity == links) {
                    wq_t* q = *at;
                    *at = q->next;
                    q->next = nullptr;
                    if constexpr (Arch::simulated) {   // its colours are left from an earlier world
                        std::destroy_at(q);
                        lay_out(q, links);
                    }
                    return q;
                }
        }
        static_assert(sizeof(wq_t) % alignof(pwq_t) == 0 && sizeof(pwq_t) == 64);
        void* raw = ::operator new (sizeof(wq_t) + links * (sizeof(pwq_t) + sizeof(void*)),
                                    std::align_val_t{alignof(wq_t)}, std::nothrow);
        if (raw == nullptr) return nullptr;
        return lay_out(raw, links);
    }
    static void put(wq_t* q) noexcept {
        irq_lock<Arch> g(lock_);
        q->next = nullptr;
        wq_t** at = &first_;
        while (*at != nullptr) at = &(*at)->next;
        *at = q;
    }

    /// Not to be used again: at exit, when other threads may be about to look at it, and nobody asks them to stop.
    static void keep(wq_t* q) noexcept {
        irq_lock<Arch> g(lock_);
        q->next = kept_;
        kept_ = q;
    }

    /// Takes back one that was lost with its world, whose tasks may have been anywhere.  Nobody else is left.
    static void lose(wq_t* q) noexcept BOTTOMHALF_NO_TSA {
        std::construct_at(&lock_);
        const unsigned links = q->capacity;
        std::destroy_at(q);
        lay_out(q, links);
        put(q);
    }

private:
    static wq_t* lay_out(void* raw, unsigned links) noexcept {
        wq_t* q = ::new (raw) wq_t;
        q->capacity = links;
        q->pools = reinterpret_cast<worker_pool<Arch>**>(&q->link(links));
        for (unsigned i = 0; i < links; ++i) ::new (static_cast<void*>(&q->link(i))) pwq_t;
        return q;
    }

    BOTTOMHALF_STATE static inline constinit spinlock<Arch> lock_{};
    BOTTOMHALF_STATE static inline constinit wq_t* kept_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    BOTTOMHALF_STATE static inline constinit wq_t* first_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
};

}   // namespace detail
}   // namespace bottomhalf
