// SPDX-License-Identifier: MIT
// <linux/smp.h>: which emulated CPU this is, and calls of a function on others.  A thread that is not one of ours is given a
// CPU at first use, and keeps it.
#pragma once

#include <bottomhalf/irq_work.hpp>

#include <linux/bottomhalf.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

using smp_call_func_t = void (*)(void* info);
using smp_cond_func_t = bool (*)(int cpu, void* info);

inline int smp_processor_id(location at = location::current()) noexcept { return static_cast<int>(impl::this_cpu(at)); }
inline int raw_smp_processor_id(location at = location::current()) noexcept {
    return static_cast<int>(impl::this_cpu(at));
}
inline int get_cpu(location at = location::current()) noexcept {
    preempt_disable();
    return smp_processor_id(at);
}
inline void put_cpu() noexcept { preempt_enable(); }

namespace impl {

/// One call on its way to one CPU.
struct remote_call {
    irq_work_node work;   // first
    smp_call_func_t func;
    void* info;

    static void arrive(irq_work_node* n) {
        const auto* c = reinterpret_cast<remote_call*>(n);
        c->func(c->info);
    }
};
inline void call_here(smp_call_func_t func, void* info) {
    const unsigned long flags = bottomhalf_irq_save();
    func(info);
    local_irq_restore(flags);
}

}   // namespace impl

/// A call that nobody waits for.  Differs: its memory stays until func() has returned, and its CPU has left the interrupt; a
/// kernel's may be freed in func().
struct BOTTOMHALF_ALIASES __call_single_data {
    void* bottomhalf_next;   // an irq_work_node, these three
    std::uint32_t bottomhalf_flags;
    void (*bottomhalf_arrive)(irq_work_node*);
    smp_call_func_t func;
    void* info;
};
using call_single_data_t = struct __call_single_data;
static_assert(offsetof(__call_single_data, bottomhalf_arrive) == offsetof(irq_work_node, func) &&
              offsetof(__call_single_data, func) == offsetof(impl::remote_call, func));

/// Calls func(info) on that CPU, in hardirq context; on the caller's own, at once with interrupts off.
/// Context: process or softirq, with interrupts on: whoever has them off may be what the other CPU waits for (reported).
/// Differs: it has always returned, also without `wait`; so nothing that func() takes may be held.  Return: 0, -ENXIO if there is no such CPU.
inline int smp_call_function_single(int cpu, smp_call_func_t func, void* info, int /*wait*/,
                                    location at = location::current()) {
    if (cpu < 0 || static_cast<unsigned>(cpu) >= impl::nr_cpus(at)) return -ENXIO;
    if (static_cast<unsigned>(cpu) == impl::this_cpu(at)) return impl::call_here(func, info), 0;
    if (impl::here::irqs_disabled())
        bottomhalf::detail::say(channel::kernel, severity::warn, "smp_call_function_single", at,
                                "WARN_ON_ONCE(cpu_online(this_cpu) && irqs_disabled() && !oops_in_progress)");
    impl::core_machine* m = impl::up(at);
    if (m == nullptr || m->events(at) == nullptr) return -ENXIO;   // its threads take interrupts
    using works = irq_work_ops<engine>;
    impl::remote_call c = {{nullptr, 0, &impl::remote_call::arrive}, func, info};
    works::queue(m->irqs(), *m->softirqs().of_cpu(static_cast<unsigned>(cpu)), c.work);
    // [irq_work.flags] Not busy any more: func() has returned, what it did is visible, and the item is ours again.
    for (unsigned round = 0; works::is(c.work, works::busy); ++round) engine::relax(round);
    return 0;
}
/// Likewise, and does not wait: csd->func(csd->info) is called soon; on the caller's own CPU, at once.  From that call on, inside
/// it, too, `csd` may be used again.  Context: any; also with interrupts off.
/// Return: 0; -EBUSY: it is on its way still; -ENXIO if there is no such CPU.
inline int smp_call_function_single_async(int cpu, call_single_data_t* csd, location at = location::current()) {
    using works = irq_work_ops<engine>;
    if (cpu < 0 || static_cast<unsigned>(cpu) >= impl::nr_cpus(at)) return -ENXIO;
    auto& work = *reinterpret_cast<irq_work_node*>(csd);
    if (works::is(work, works::pending)) return -EBUSY;
    if (static_cast<unsigned>(cpu) == impl::this_cpu(at)) return impl::call_here(csd->func, csd->info), 0;
    impl::core_machine* m = impl::up(at);
    if (m == nullptr) return -ENXIO;
    if (m->events_if_up() == nullptr) m->ask_for_events();   // they take it as soon as they are there
    csd->bottomhalf_arrive = &impl::remote_call::arrive;
    return works::queue(m->irqs(), *m->softirqs().of_cpu(static_cast<unsigned>(cpu)), work) ? 0 : -EBUSY;
}
/// On each of them that there is, this one included if it is among them.
inline void on_each_cpu_mask(const struct cpumask* mask, smp_call_func_t func, void* info, bool wait,
                             location at = location::current()) {
    unsigned int cpu;
    for_each_cpu(cpu, mask) smp_call_function_single(static_cast<int>(cpu), func, info, wait ? 1 : 0, at);
}
inline void on_each_cpu(smp_call_func_t func, void* info, int wait, location at = location::current()) {
    on_each_cpu_mask(cpu_online_mask, func, info, wait != 0, at);
}
/// On those for which condition(cpu, info) says so.
inline void on_each_cpu_cond(smp_cond_func_t condition, smp_call_func_t func, void* info, bool wait,
                             location at = location::current()) {
    unsigned int cpu;
    for_each_online_cpu(cpu) if (condition(static_cast<int>(cpu), info))
        smp_call_function_single(static_cast<int>(cpu), func, info, wait ? 1 : 0, at);
}
/// On all others.
inline void smp_call_function(smp_call_func_t func, void* info, int wait, location at = location::current()) {
    unsigned int cpu;
    const unsigned int mine = impl::this_cpu(at);
    for_each_online_cpu(cpu) if (cpu != mine) smp_call_function_single(static_cast<int>(cpu), func, info, wait, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__call_single_data;
using bottomhalf::linux6::call_single_data_t;
using bottomhalf::linux6::get_cpu;
using bottomhalf::linux6::on_each_cpu;
using bottomhalf::linux6::on_each_cpu_cond;
using bottomhalf::linux6::on_each_cpu_mask;
using bottomhalf::linux6::put_cpu;
using bottomhalf::linux6::raw_smp_processor_id;
using bottomhalf::linux6::smp_call_func_t;
using bottomhalf::linux6::smp_call_function;
using bottomhalf::linux6::smp_call_function_single;
using bottomhalf::linux6::smp_call_function_single_async;
using bottomhalf::linux6::smp_cond_func_t;
using bottomhalf::linux6::smp_processor_id;

#define CSD_INIT(_func, _info) (::bottomhalf::linux6::call_single_data_t{nullptr, 0, nullptr, (_func), (_info)})
#define INIT_CSD(_csd, _func, _info) ((void)(*(_csd) = CSD_INIT(_func, _info)))
