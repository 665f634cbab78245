// SPDX-License-Identifier: MIT
// delayed_work.hpp: an item with a timer.  The timer's only job is to queue the item, so both share one claim: whoever
// owns PENDING owns the timer.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/machine.hpp>
#include <bottomhalf/timekeeper.hpp>
#include <bottomhalf/workqueue.hpp>

namespace bottomhalf {

template <class Arch>
struct delayed_ops {
    using ops = workqueue_ops<Arch>;
    using wq_t = basic_workqueue_struct<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    /// What a delay of 0 means: today, queue at once; in 2.6.11, the next tick.
    enum class zero : bool { now, next_tick };

    /// Queues `d` on `wq` once `delay` whole ticks have gone by.
    /// Context: any, async-signal-safe.  Return: false if it was pending already: then nothing changes, not even the time.
    static bool queue_on(unsigned cpu, wq_t* wq, delayed_item& d, jiffies_t delay, zero z, location at) noexcept {
        if (!may_arm(wq, d, at)) return false;
        detail::irq_guard<Arch> masked;
        if (!detail::claim<Arch>(d.work)) return false;
        if ((detail::data_of<Arch>(d.work).load(relaxed) & detail::word::depth_mask) != 0)   // relaxed: it is ours
            return ops::let_go(d.work), false;
        return arm(cpu, *wq, d, delay, z, at);   // NOLINT(clang-analyzer-core.*): may_arm() has looked
    }
    static bool queue(wq_t* wq, delayed_item& d, jiffies_t delay, zero z, location at) noexcept {
        return queue_on(wq != nullptr ? ops::this_cpu(wq->nr_cpus) : 0, wq, d, delay, z, at);
    }
    /// Moves it: wherever it waits, from there to `delay` ticks from now.  Return: was it pending?
    /// Context: any that we manage.
    static bool mod_on(unsigned cpu, wq_t* wq, delayed_item& d, jiffies_t delay, location at) noexcept {
        if (!may_arm(wq, d, at)) return false;
        detail::irq_guard<Arch> masked;
        const bool was = ops::grab_pending(d.work, &stop_timer);
        if ((detail::data_of<Arch>(d.work).load(relaxed) & detail::word::depth_mask) != 0)   // relaxed: PENDING is ours
            return ops::let_go(d.work), was;
        arm(cpu, *wq, d, delay, zero::now, at);
        return was;
    }
    /// If it is on its timer, queues it at once; then as flush_work().  Context: process.
    static bool flush(delayed_item& d, location at) noexcept {
        if (!context<Arch>::might_sleep("flush_delayed_work", at)) return false;
        bool was_armed;
        {
            detail::irq_guard<Arch> masked;
            was_armed = stop_timer(d.work);
            if (was_armed) expire(&d.timer);
        }
        // As del_timer_sync() in the kernel: one that has just fired is not seen on a queue before expire() is done with it.
        for (unsigned round = 0; !was_armed && is_firing(d); ++round) Arch::relax(round);
        return ops::flush_work(d.work, at) || was_armed;   // the run may be over before anybody looks
    }
    /// For the cancel family: takes the timer off.
    static bool stop_timer(work_item& w) noexcept {
        auto& d = reinterpret_cast<delayed_item&>(w);   // `work` is the first member of a standard-layout struct
        basic_machine<Arch>* m = armed_at(d);
        // It may fire, and be armed on another machine, before we have the lock of this one's clock.
        return m != nullptr && m->time().del(d.timer, [&] { return armed_at(d) == m; });
    }
    /// Return: the machine on whose clock `d` is, or was a moment ago; null if it is not armed.
    static basic_machine<Arch>* armed_at(delayed_item& d) noexcept {
        while (true) {
            auto* wq = static_cast<wq_t*>(atomic<void*>(d.wq).load(acquire));
            if (wq == nullptr || ops::in_child()) return nullptr;          // never armed; or on the parent's clock
            if (!timekeeper<Arch>::was_pending(d.timer)) return nullptr;   // its machine may be gone by now
            // [delayed.wq] Both acquire: the header may have been given to another machine meanwhile, but then we see
            // that the item had been taken off it before.
            auto* m = atomic<basic_machine<Arch>*>(wq->machine).load(acquire);
            if (atomic<void*>(d.wq).load(acquire) == wq) return m;
        }
    }
    /// The timer's function, irqs masked: PENDING passes from the timer to the queue.  One address, see may_arm().
    BOTTOMHALF_STATE static void expire(timer_node* t) noexcept {
        delayed_item& d = detail::delayed_of(*t);
        auto& wq = *static_cast<wq_t*>(atomic<void*>(d.wq).load(acquire));
        const unsigned long old = detail::data_of<Arch>(d.work).load(relaxed);   // relaxed: PENDING is ours
        if (wq.is(wq_flag::dead)) {
            detail::say(channel::advice, severity::bug, "delayed_work_timer_fn", location::current(),
                        "a delayed work item was still armed when its queue %s was destroyed; not queued", wq.name);
            ops::let_go(d.work);
            return;
        }
        ops::push_owned(wq, t->cpu < wq.nr_cpus ? t->cpu : 0, d.work, old, location::current());
    }

private:
    /// Whether it is on its way from the timer to the queue.  Stale when it says no, unless the caller has seen that it is not
    /// armed: expire() begins before that [timer.running].
    static bool is_firing(delayed_item& d) noexcept {
        const unsigned long w = detail::data_of<Arch>(d.work).load(acquire);
        if ((w & detail::word::PENDING) == 0 || (w & detail::word::PWQ) != 0 || ops::in_child()) return false;
        auto* wq = static_cast<wq_t*>(atomic<void*>(d.wq).load(acquire));
        if (wq == nullptr || wq->is(wq_flag::dead)) return false;   // its machine may be gone
        auto* m = atomic<basic_machine<Arch>*>(wq->machine).load(acquire);
        return m != nullptr && m->time().is_running(d.timer);
    }
    static bool may_arm(wq_t* wq, delayed_item& d, location at) noexcept {
        if (wq == nullptr || wq->is(wq_flag::closed) || d.work.func == nullptr) [[unlikely]]
            return ops::may_queue(wq, d.work, at);
        if (ops::forked("__queue_delayed_work", at)) [[unlikely]]
            return false;
        if (d.timer.function != &expire) [[unlikely]] {
            detail::say(channel::kernel, severity::warn, "__queue_delayed_work", at,
                        "WARN_ON_ONCE(timer->function != delayed_work_timer_fn): item %p is not a delayed work item",
                        static_cast<void*>(&d));
            return false;
        }
        return true;
    }
    static bool arm(unsigned cpu, wq_t& wq, delayed_item& d, jiffies_t delay, zero z, location at) noexcept {
        if (cpu >= wq.nr_cpus) cpu = ops::this_cpu(wq.nr_cpus);
        if (delay == 0 && z == zero::now)
            return ops::push_owned(wq, cpu, d.work, detail::data_of<Arch>(d.work).load(relaxed), at);   // relaxed: ours
        if (static_cast<long>(delay) < 0) [[unlikely]]
            detail::say(channel::advice, severity::warn, "__queue_delayed_work", at,
                        "a delay of %lu ticks is past the wrap of jiffies: in the kernel it is over at once; here it "
                        "lasts for ever",
                        delay);
        atomic<void*>(d.wq).store(&wq, release);
        timekeeper<Arch>& time = wq.machine->time();
        time.add(d.timer, time.expiry(delay), cpu);
        return true;
    }
};

}   // namespace bottomhalf
