// SPDX-License-Identifier: MIT
// rcu.hpp: readers who wait for nobody, and writers who wait for the readers that may still see what has been replaced.
//
// Readers are counted, in one of two sets of counters: the current one.  A grace period waits until the other one is empty,
// which it is but for readers who looked which set is current long before they counted themselves in; makes it the current
// one; and waits until the first is empty.  Readers who come after that change are not waited for.  Each set has several
// counters, so that readers on different threads do not meet.
//
//     reader                                 writer
//     i = current; ++count[i]  [rcu.count]   p = new
//     use p                                  wait for count[1 - i] == 0, current = 1 - i, wait for count[i] == 0
//     --count[i]               [rcu.count]   free old
//
// The writer looks at each counter by a read-modify-write that changes nothing.  So of him and a reader one comes first: if
// it is the writer, the reader sees the new pointer; if it is the reader, the writer sees him.
#pragma once

#include <cstdint>
#include <type_traits>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/list.hpp>
#include <bottomhalf/sync/mutex.hpp>

namespace bottomhalf {

/// Zeroes: nobody reads.  Trivial, as the facades' structs are.  Slots: how many counters a set has, a power of two.
template <class Arch, unsigned Slots>
class reader_counts {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    /// Context: any, async-signal-safe.  Return: what leave() wants to be told.
    std::uint32_t enter() noexcept {
        const std::uint32_t set = atomic<std::uint32_t>(current_).load(relaxed);   // relaxed: old ones do, see above
        const auto slot = static_cast<std::uint32_t>(Arch::thread_id()) % Slots;
        atomic<std::uint32_t>(counts_[set][slot].n).fetch_add(1, acq_rel);   // [rcu.count]
        return slot << 1 | set;
    }
    void leave(std::uint32_t where) noexcept {
        std::uint32_t& n = counts_[where & 1][where >> 1].n;
        // [rcu.count] The last access: a writer who is let go by it may free us.  To be woken he has left a word in what we
        // read; what follows is an address only.
        if (atomic<std::uint32_t>(n).fetch_sub(1, acq_rel) == (waited_for | 1)) [[unlikely]]
            Arch::unpark(n, 1);
    }
    /// On return every reader has left who was inside at the call.  Context: process, not a reader.
    void synchronize(const char* function, location at) noexcept {
        mutex_ops<Arch>::lock(one_at_a_time_, function, at);
        const std::uint32_t set = atomic<std::uint32_t>(current_).load(relaxed);   // relaxed: the mutex
        await(set ^ 1, function);
        atomic<std::uint32_t>(current_).store(set ^ 1, relaxed);   // relaxed: see enter()
        await(set, function);
        mutex_ops<Arch>::unlock(one_at_a_time_);
    }
    [[nodiscard]] bool was_empty() noexcept { return is_empty(0) && is_empty(1); }

private:
    static constexpr std::uint32_t waited_for = 0x8000'0000U;

    /// Counter after counter: who is inside leaves by the one by which he came.
    void await(std::uint32_t set, const char* function) noexcept {
        for (counter& c : counts_[set]) {
            atomic<std::uint32_t> n(c.n);
            while (true) {
                // [rcu.count] acquire: what those did who have left; release: they see what was written before the call
                const std::uint32_t inside = n.fetch_or(waited_for, acq_rel) & ~waited_for;
                if (inside == 0) break;
                detail::block<Arch>(c.n, inside | waited_for, arch::forever, function);
            }
            n.fetch_and(~waited_for, acq_rel);
        }
    }
    bool is_empty(std::uint32_t set) noexcept {
        for (counter& c : counts_[set])
            if ((atomic<std::uint32_t>(c.n).fetch_add(0, acq_rel) & ~waited_for) != 0) return false;   // [rcu.count]
        return true;
    }

    /// Each in a cache line of its own.  Not by alignment, which the memory of who embeds one would have to have.
    template <unsigned Bytes>
    struct apart {
        std::uint32_t n;   // A [rcu.count] and whether a writer sleeps on it
        unsigned char rest[Bytes - 4];
    };
    struct alone {
        std::uint32_t n;
    };
    using counter = std::conditional_t<(Slots > 1), apart<64>, alone>;
    counter counts_[2][Slots];
    std::uint32_t current_;         // A: into which set readers go
    std::uint32_t one_at_a_time_;   // a mutex
};

/// What call_rcu() calls.  The facades' struct rcu_head.
struct BOTTOMHALF_ALIASES rcu_callback {
    rcu_callback* next = nullptr;
    void (*function)(rcu_callback*) = nullptr;
};

/// The readers of all, and the callbacks that wait for them.
template <class Arch>
class rcu_domain {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    /// Context: any, async-signal-safe.  Nests.
    static void begin_read() noexcept {
        std::uint32_t& mine = Arch::current().rcu;
        // One word, how deep (from bit 8 on) and where: a handler that interrupts us between two accesses finds either
        // nobody inside, and leaves it so, or us.
        mine = (mine == 0 ? readers_.enter() : mine) + one_deeper;
        asm volatile("" : : : "memory");
    }
    static void end_read(location at) noexcept {
        std::uint32_t& mine = Arch::current().rcu;
        if (mine == 0) {
            detail::say(channel::kernel, severity::warn, "rcu_read_unlock", at,
                        "WARN_ON_ONCE(rrln < 0): not in a reader");
            return;
        }
        const std::uint32_t left = mine - one_deeper;
        mine = left < one_deeper ? 0 : left;
        asm volatile("" : : : "memory");   // out of it first, for a handler that comes before the next line
        if (left < one_deeper) readers_.leave(left);
    }
    [[nodiscard]] static bool is_reader() noexcept { return Arch::current().rcu != 0; }
    /// Of a task's word.
    [[nodiscard]] static unsigned depth(std::uint32_t rcu) noexcept { return rcu / one_deeper; }

    static void synchronize(const char* function, location at) noexcept {
        if (is_reader())
            return detail::say(channel::kernel, severity::warn, function, at,
                               "Illegal %s() in RCU read-side critical section", function);
        if (context<Arch>::might_sleep(function, at)) readers_.synchronize(function, at);
    }

    /// Context: any, async-signal-safe.  The caller sees to it that run_callbacks() is called.
    static void push(rcu_callback& c) noexcept {
        atomic<rcu_callback*> head(waiting_);
        rcu_callback* h = head.load(relaxed);   // relaxed: the exchange decides
        do c.next = h;
        while (!head.compare_exchange_weak(h, &c, acq_rel, relaxed));   // [rcu.callbacks]
    }
    /// Waits for the readers of now, then calls what waited before that, oldest first, in softirq context.
    /// Context: process; one at a time.
    static void run_callbacks() noexcept {
        rcu_callback* c =
            detail::reversed(atomic<rcu_callback*>(waiting_).exchange(nullptr, acq_rel));   // [rcu.callbacks]
        if (c == nullptr) return;
        readers_.synchronize("a grace period", location::current());
        while (c != nullptr) {
            rcu_callback* next = c->next;
            void (*function)(rcu_callback*) = c->function;
            {
                detail::in_context<Arch> softirq(softirq_offset);
                detail::contain<Arch>("rcu_do_batch", "RCU callback", reinterpret_cast<const void*>(function),
                                      [&] { detail::call(function, c); });
            }
            c = next;
        }
    }
    /// As the default machine ends: nobody calls them any more.  In the simulator the readers are gone, too.
    static void end() noexcept {
        atomic<rcu_callback*>(waiting_).store(nullptr, relaxed);
        if constexpr (Arch::simulated) readers_ = {};
    }

private:
    static constexpr std::uint32_t one_deeper = 0x100;

    BOTTOMHALF_STATE static inline constinit reader_counts<Arch, 16> readers_{};
    BOTTOMHALF_STATE static inline constinit rcu_callback* waiting_ = nullptr;   // A [rcu.callbacks]; newest first
};

}   // namespace bottomhalf
