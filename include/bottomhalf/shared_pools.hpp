// SPDX-License-Identifier: MIT
// shared_pools.hpp: the worker pools that a machine's queues have in common, each made by the first queue that needs it.
// One per CPU, and one that is bound to none; the same again of high priority; and for each CPU and priority one whose
// items its softirqs run.
#pragma once

#include <cstdint>
#include <new>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

template <class Arch>
class shared_pools {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    using pool_t = worker_pool<Arch>;

    constexpr shared_pools() noexcept = default;
    shared_pools(const shared_pools&) = delete;
    shared_pools& operator=(const shared_pools&) = delete;

    /// Room for them.  Context: process.  Return: false without memory.
    bool start(unsigned nr_cpus) noexcept {
        nr_cpus_ = nr_cpus;
        pools_ = new (std::nothrow) pool_t* [with_threads() + 2 * nr_cpus] {};
        return pools_ != nullptr;
    }
    /// Context: nobody looks any more.
    void free() noexcept {
        delete[] pools_;
        pools_ = nullptr;
    }

    /// That of a CPU, with a worker.  `short_of_threads(who)` is called where one more is missed and cannot be started.
    /// Context: process; allocates, starts a thread.  Return: null if that could not be had.
    pool_t* bound(unsigned cpu, bool highpri, void (*short_of_threads)(void*), void* who) noexcept {
        return get(highpri ? nr_cpus_ + 1 + cpu : cpu, [&] {
            return with_worker(pool_kind::bound, static_cast<int>(cpu), "events", highpri, short_of_threads, who);
        });
    }
    /// That of no CPU.  Likewise.
    pool_t* unbound(bool highpri, void (*short_of_threads)(void*), void* who) noexcept {
        return get(highpri ? 2 * nr_cpus_ + 1 : nr_cpus_, [&] {
            return with_worker(pool_kind::unbound, -1, highpri ? "unboundH" : "unbound", highpri, short_of_threads,
                               who);
        });
    }
    /// That of a CPU's softirqs.  Context: process; allocates.  Return: null without memory.
    pool_t* bh(typename softirq_controller<Arch>::cpu& c, bool highpri) noexcept {
        return get(with_threads() + c.number + (highpri ? nr_cpus_ : 0), [&] {
            pool_t* p = pool_t::create_bh(c, highpri);
            if (p != nullptr) atomic<void*>(c.pools[highpri ? 1 : 0]).store(p, release);   // [softirq.pools]
            return p;
        });
    }

    /// f(pool_t&) for each that is there.  Context: any, but for free() beside it.
    template <class F>
    void for_each(F f) noexcept {
        each_of(nr_pools(), f);
    }
    /// The same of those with threads of their own.
    template <class F>
    void for_each_with_threads(F f) noexcept {
        each_of(pools_ == nullptr ? 0 : with_threads(), f);
    }
    /// f(pool_t&), which ends it, for each.  A timekeeper that was left behind may look still: a pool's memory stays.
    template <class F>
    void end(F f) noexcept {
        for (unsigned i = 0; i < nr_pools(); ++i)
            if (pool_t* p = atomic<pool_t*>(pools_[i]).exchange(nullptr, acq_rel)) f(*p);   // [machine.pools]
    }

private:
    [[nodiscard]] unsigned with_threads() const noexcept { return 2 * (nr_cpus_ + 1); }
    [[nodiscard]] unsigned nr_pools() const noexcept { return pools_ == nullptr ? 0 : with_threads() + 2 * nr_cpus_; }

    template <class F>
    void each_of(unsigned n, F& f) noexcept {
        for (unsigned i = 0; i < n; ++i)
            if (pool_t* p = atomic<pool_t*>(pools_[i]).load(acquire)) f(*p);   // [machine.pools]
    }
    /// The one that is there, or what make() returns.
    template <class Make>
    pool_t* get(unsigned i, Make make) noexcept {
        atomic<std::uint32_t> busy(busy_);
        for (unsigned round = 0; busy.exchange(1, acquire) != 0; ++round) Arch::relax(round);
        pool_t* p = atomic<pool_t*>(pools_[i]).load(relaxed);   // relaxed: who stores one has the flag
        if (p == nullptr) {
            p = make();
            atomic<pool_t*>(pools_[i]).store(p, release);   // [machine.pools]
        }
        busy.store(0, release);
        return p;
    }
    static pool_t* with_worker(pool_kind kind, int cpu, const char* name, bool highpri, void (*short_of_threads)(void*),
                               void* who) noexcept {
        pool_t* p = pool_t::create(kind, cpu, name, nullptr, highpri);
        if (p != nullptr && !p->add_worker()) p->retire(), p = nullptr;
        if (p != nullptr) p->ask_when_short(short_of_threads, who);
        return p;
    }

    // With threads by CPU, then the unbound one; the same of high priority; then those of softirqs, likewise.
    pool_t** pools_ = nullptr;   // I; what is in it A [machine.pools]
    unsigned nr_cpus_ = 0;       // I
    std::uint32_t busy_ = 0;     // A: one thread makes one
};

}   // namespace bottomhalf
