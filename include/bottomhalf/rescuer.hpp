// SPDX-License-Identifier: MIT
// rescuer.hpp: the thread that a WQ_MEM_RECLAIM queue keeps for the day when no other can be had.
//
// A pool whose last awake worker is about to block, and that can start no other, calls for help: each queue with items on
// its worklist that has a rescuer hears of it.  The rescuer goes from pool to pool, is a worker there, and runs the items
// of its own queue, one after the other, until the pool has somebody to look again.  So such a queue gets on whatever
// happens, as long as its items do not wait for those of queues without one.
#pragma once

#include <cstdint>
#include <cstdio>
#include <new>

#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/worker.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

template <class Arch>
class rescuer {
    using wq_t = basic_workqueue_struct<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    /// Context: process; allocates, starts a thread.  Return: null if that could not be had.
    static rescuer* create(wq_t& wq) noexcept {
        auto* r = new (std::nothrow) rescuer(wq);
        if (r == nullptr) return nullptr;
        char comm[arch::comm_len];
        std::snprintf(comm, sizeof comm, "kworker/R-%.5s", wq.name);
        if (Arch::spawn(
                r->me_.thread, 0, comm, false, [](void* self) { static_cast<rescuer*>(self)->run(); }, r))
            return r;
        delete r;
        return nullptr;
    }
    /// Ends the thread, once nothing of its queue is left.  Context: process.  Return: false if it was in a handler still at
    /// `deadline`, and is left behind.
    static bool end(rescuer* r, arch::ns_t deadline = arch::forever) noexcept {
        atomic<std::uint32_t>(r->stop_).store(1, release);   // [rescuer.call]
        r->call();
        if (deadline != arch::forever && !Arch::join_until(r->me_.thread, deadline)) return false;
        Arch::join(r->me_.thread);
        delete r;
        return true;
    }
    /// Context: any.
    void call() noexcept {
        atomic<std::uint32_t>(calls_).fetch_add(1, release);   // [rescuer.call]
        Arch::unpark(calls_, 1);
    }

    rescuer(const rescuer&) = delete;
    rescuer& operator=(const rescuer&) = delete;

private:
    explicit rescuer(wq_t& wq) noexcept : wq_(wq) { me_.is_rescuer = true; }
    ~rescuer() = default;

    void run() noexcept {
        arch::task& t = Arch::current();
        t.worker = &me_;
        me_.self = &t;
        std::snprintf(t.comm, sizeof t.comm, "kworker/R-%.5s", wq_.name);
        while (true) {
            const std::uint32_t heard = atomic<std::uint32_t>(calls_).load(acquire);   // [rescuer.call]
            if (atomic<std::uint32_t>(stop_).load(acquire) != 0) break;
            for (unsigned i = 0; i < wq_.nr_links; ++i) {
                pool_workqueue<Arch>& link = wq_.link(i);
                if (link.pool->needs_rescue(link)) {
                    t.cpu = link.pool->cpu() < 0 ? 0 : link.pool->cpu();
                    link.pool->rescue(me_, link);
                }
            }
            Arch::park(calls_, heard, arch::forever, "a call for help");
        }
        t.worker = nullptr;
    }

    wq_t& wq_;
    std::uint32_t calls_ = 0;   // A [rescuer.call]
    std::uint32_t stop_ = 0;    // A [rescuer.call]
    worker<Arch> me_;
};

}   // namespace bottomhalf
