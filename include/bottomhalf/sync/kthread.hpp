// SPDX-License-Identifier: MIT
// kthread.hpp: threads that drivers make.  One is created asleep, runs from its first wake-up on, is asked to stop or to
// park, and is waited for.
//
// What others know a kthread by is not the engine's task of its thread, which ends with it, but the one in here.  It goes
// when nobody has it any more, and its memory keeps its type then: a wake-up that comes too late finds a dead task.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/detail/type_stable.hpp>
#include <bottomhalf/irq_section.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/sync/completion.hpp>
#include <bottomhalf/sync/rcu.hpp>
#include <bottomhalf/sync/schedule.hpp>

namespace bottomhalf {

namespace kthread_flag {
inline constexpr std::uint32_t should_stop = 1, should_park = 2, exited = 4;
}

template <class Arch>
struct kthread {
    arch::task self;   // first: a task that knows itself as this one is a kthread
    kthread* next_free = nullptr;
    kthread *next_known = nullptr, *prev_known = nullptr;   // of those that have not ended, or that somebody still has
    std::uint32_t refs = 0;                                 // A: the thread's own, and of those who have it
    std::uint32_t flags = 0;                                // A: kthread_flag
    std::uint32_t up = 0, parked = 0, done = 0;             // completions
    int (*function)(void*) = nullptr;                       // I
    void* data = nullptr;                                   // I
    int result = 0;                                         // written before `done`
    detail::spinlock<Arch> lock;
    bool awaited BOTTOMHALF_GUARDED_BY(lock) = false;   // somebody joins the thread
    typename Arch::thread thread;
};

#if BOTTOMHALF_EXCEPTIONS
/// Thrown by kthread_exit(), caught where the thread begins.
struct kthread_end {
    int result;
};
#endif

/// States are the facades' numbers: what one sleeps in before the first wake-up, and parked.
inline constexpr std::uint32_t kthread_new = 2, kthread_parked = 0x40;

template <class Arch>
struct kthread_ops {
    using type = kthread<Arch>;
    using memory = detail::type_stable<Arch, type>;
    using completions = completion_ops<Arch>;
    using schedules = schedule_ops<Arch>;
    using atomic = typename Arch::template atomic_ref<std::uint32_t>;

    /// Return: null if the task is none.
    static type* of(arch::task& t) noexcept {
        return t.known_as != &t ? nullptr : reinterpret_cast<type*>(&t);   // `self` is its first member
    }
    static type* current() noexcept { return of(schedules::self()); }
    static bool asked(std::uint32_t what) noexcept {
        const type* k = current();
        return k != nullptr && (atomic(const_cast<std::uint32_t&>(k->flags)).load(acquire) & what) != 0;
    }
    static void get(arch::task& t, location at) noexcept {
        type* k = of(t);
        if (k != nullptr && !get_unless_gone(*k)) complain("addition on 0", at);
    }
    static void put(arch::task& t, location at) noexcept {
        if (type* k = of(t)) drop(*k, at);
    }

    /// Asleep until somebody wakes it.  Context: process.  Return: null if a thread or memory could not be had.
    static type* create(int (*function)(void*), void* data, int cpu, const char* name, location at) noexcept {
        if (!context<Arch>::might_sleep("kthread_create", at)) return nullptr;
        type* k = memory::get();
        if (k == nullptr) return nullptr;
        Arch::join(k->thread);   // whoever had it before may be at his last instructions
        k->self = {};
        k->self.known_as = &k->self;
        k->self.cpu = cpu;
        k->self.state = kthread_new;
        k->flags = k->up = k->parked = k->done = 0;
        k->function = function;
        k->data = data;
        {
            detail::irq_lock<Arch> g(k->lock);
            k->awaited = false;
        }
        atomic(k->refs).store(1, relaxed);   // relaxed: the thread's, which is not there yet
        arch::set_comm(k->self.comm, name);
        be_known(*k);
        if (!Arch::spawn(
                k->thread, cpu < 0 ? 0 : cpu, k->self.comm, cpu >= 0, [](void* p) { run(*static_cast<type*>(p)); },
                k)) {
            be_forgotten(*k);
            memory::put(k);
            return nullptr;
        }
        completions::wait(k->up, arch::forever, "kthread_create", at);   // from now on it has a pid
        return k;
    }
    /// Asks it to end, and waits.  Context: process, not the thread itself.
    /// Return: what its function returned, -EINTR if that has never been called.
    static int stop(type& k, const char* function, location at) noexcept {
        if (!context<Arch>::might_sleep(function, at)) return -EINTR;
        if (&k == current()) {
            detail::say(channel::advice, severity::bug, function, at, "%s would wait for itself; not waiting",
                        k.self.comm);
            return -EINTR;
        }
        if (!get_unless_gone(k)) {
            detail::say(channel::advice, severity::bug, function, at,
                        "%s has ended by itself, and nobody has kept its task: get_task_struct() is missing",
                        k.self.comm);
            // acquire: its end, and the result before that
            return (atomic(k.flags).load(acquire) & kthread_flag::exited) != 0 ? k.result : -EINTR;
        }
        {
            detail::irq_lock<Arch> g(k.lock);
            k.awaited = true;
        }
        atomic(k.flags).fetch_or(kthread_flag::should_stop, acq_rel);
        unpark(k);
        schedules::wake(k.self);
        completions::wait(k.done, arch::forever, function, at);
        Arch::join(k.thread);   // one that was let go, too: it may be at its last instructions
        const int result = k.result;
        drop(k, at);
        return result;
    }

    /// Return: 0, -ENOSYS if it has ended, -EBUSY if it is to park already.
    static int park(type& k, location at) noexcept {
        const std::uint32_t before = atomic(k.flags).load(acquire);
        if ((before & kthread_flag::exited) != 0) return -ENOSYS;
        if ((before & kthread_flag::should_park) != 0) return -EBUSY;
        completions::reinit(k.parked);   // before it is told: what completes it from here on is its answer, or its end
        if ((atomic(k.flags).fetch_or(kthread_flag::should_park, acq_rel) & kthread_flag::exited) != 0) return -ENOSYS;
        if (&k == current()) return 0;
        schedules::wake(k.self);
        completions::wait(k.parked, arch::forever, "kthread_park", at);
        return 0;
    }
    static void unpark(type& k) noexcept {
        if ((atomic(k.flags).fetch_and(~kthread_flag::should_park, acq_rel) & kthread_flag::should_park) == 0) return;
        schedules::wake(k.self, kthread_parked);
    }
    /// In the thread: ends it, as if its function had returned that.  Without exceptions there is no way to.
    [[noreturn]] static void exit(int result, [[maybe_unused]] location at) {
#if BOTTOMHALF_EXCEPTIONS
        throw kthread_end{result};
#else
        static_cast<void>(result);
        detail::say(channel::advice, severity::bug, "kthread_exit", at,
                    "needs exceptions: return from the function instead");
        std::abort();
#endif
    }
    /// In the thread: stays here while it is to park.
    static void park_me(location at) noexcept {
        type* k = current();
        if (k == nullptr) return;
        while (true) {
            schedules::set_state(kthread_parked);
            if ((atomic(k->flags).load(seq_cst) & kthread_flag::should_park) == 0) break;   // [task.state]
            completions::complete(k->parked);
            schedules::schedule_until(arch::forever, "kthread_parkme", at);
        }
        schedules::set_state(schedules::running);
    }

    /// Those that have not ended, under a lock.
    template <class F>
    static void for_each(F f) noexcept {
        detail::irq_lock<Arch> g(known_lock_);
        for (type* k = known_; k != nullptr; k = k->next_known)
            if ((atomic(k->flags).load(relaxed) & kthread_flag::exited) == 0) f(*k);   // relaxed: that it was so
    }
    /// All of them are gone with their world, whoever had them.  Context: between two worlds.
    BOTTOMHALF_NO_TSA static void forget() noexcept requires(Arch::simulated) {
        std::construct_at(&known_lock_);
        for (type* k = std::exchange(known_, nullptr); k != nullptr;) {
            type* const gone = std::exchange(k, k->next_known);
            std::destroy_at(gone);
            memory::put(std::construct_at(gone));
        }
    }

private:
    static void be_known(type& k) noexcept {
        detail::irq_lock<Arch> g(known_lock_);
        k.prev_known = nullptr;
        k.next_known = known_;
        if (known_ != nullptr) known_->prev_known = &k;
        known_ = &k;
    }
    static void be_forgotten(type& k) noexcept {
        detail::irq_lock<Arch> g(known_lock_);
        (k.prev_known != nullptr ? k.prev_known->next_known : known_) = k.next_known;
        if (k.next_known != nullptr) k.next_known->prev_known = k.prev_known;
    }
    static void run(type& k) noexcept {
        arch::task& t = Arch::current();
        k.self.pid = Arch::thread_id();
        t.known_as = &k.self;
        completions::complete(k.up);
        schedules::schedule_until(arch::forever, "the first wake-up", location::current());
        t.cpu = k.self.cpu < 0 ? t.cpu : k.self.cpu;   // kthread_bind()
        int result = -EINTR;
        if (!asked(kthread_flag::should_stop)) {
            park_me(location::current());
            detail::contain<Arch>("kthread", "kthread's function", reinterpret_cast<const void*>(k.function),
                                  [&] { result = call(k); });
            if (t.preempt_count != 0 || Arch::irqs_masked() || t.rcu != 0 || t.locks != 0) [[unlikely]]
                take_back(t, reinterpret_cast<const void*>(k.function));
        }
        k.result = result;
        atomic(k.flags).fetch_or(kthread_flag::exited, acq_rel);
        bool alone = false;
        {
            detail::irq_lock<Arch> g(k.lock);
            alone = !k.awaited;
        }
        if (alone) Arch::join_until(k.thread, 0);   // nobody will: the thread goes by itself
        completions::complete_all(k.parked);        // who waits for it to park waits in vain
        completions::complete_all(k.done);
        t.known_as = nullptr;
        drop(k, location::current());
    }
    /// What a function has left behind that has returned.  Locks stay as they are: nobody can let go of them any more.
    BOTTOMHALF_COLD static void take_back(arch::task& t, const void* function) noexcept {
        detail::say(channel::kernel, severity::bug, "do_exit", location::current(),
                    "scheduling while atomic: %s/%d/0x%08x\n     lock=%u RCU=%u threadfn=%p%s", t.known_as->comm,
                    static_cast<int>(Arch::thread_id()), static_cast<unsigned>(t.preempt_count),
                    static_cast<unsigned>(t.locks), static_cast<unsigned>(t.rcu != 0 ? 1 : 0), function,
                    Arch::irqs_masked() ? ", interrupts left disabled" : "");
        t.preempt_count = 0;
        irq_section<Arch>::leave();
        softirq_controller<Arch>::let_go_of_section(true);
        while (rcu_domain<Arch>::is_reader()) rcu_domain<Arch>::end_read(location::current());
    }
    static int call(type& k) {
#if BOTTOMHALF_EXCEPTIONS
        try {
            return k.function(k.data);
        } catch (const kthread_end& e) {
            return e.result;
        }
#else
        return k.function(k.data);
#endif
    }
    static bool get_unless_gone(type& k) noexcept {
        atomic refs(k.refs);
        std::uint32_t n = refs.load(relaxed);   // relaxed: the exchange decides
        while (n != 0)
            if (refs.compare_exchange_weak(n, n + 1, acq_rel, relaxed)) return true;
        return false;
    }
    static void drop(type& k, location at) noexcept {
        atomic refs(k.refs);
        std::uint32_t n = refs.load(relaxed);   // relaxed: the exchange decides
        do
            if (n == 0) return complain("underflow", at);
        while (!refs.compare_exchange_weak(n, n - 1, acq_rel, relaxed));
        if (n != 1) return;
        be_forgotten(k);
        memory::put(&k);
    }
    BOTTOMHALF_STATE static inline constinit detail::spinlock<Arch> known_lock_{};
    BOTTOMHALF_STATE static inline constinit type* known_ BOTTOMHALF_GUARDED_BY(known_lock_) = nullptr;

    BOTTOMHALF_COLD static void complain(const char* what, location at) noexcept {
        detail::say(channel::kernel, severity::warn, "refcount_warn_saturate", at, "refcount_t: %s; use-after-free.",
                    what);
    }
};

}   // namespace bottomhalf
