// SPDX-License-Identifier: MIT
// <linux/timer.h>: a function call in softirq context, once, at a tick.
//
// Here a timer fires at tick `expires`, or at the next one if that has come already; timers of one tick fire in the order in
// which they were armed.  The kernel's wheel fires a tick late, or up to an eighth of the delay, and the last one armed first:
// BOTTOMHALF_TIMERS=v6 in the environment, see machine_options.
//
// As in the kernel timers of two CPUs run at the same time, on threads ktimers/N; one that runs stays on its CPU, whoever
// arms it meanwhile.  A deferrable one fires when its CPU's thread is awake anyway: with another timer there, or at a tick
// while anybody is awake.  In the kernel it may wait for ever; here it does a second (HZ ticks), and then fires.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/list.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct BOTTOMHALF_ALIASES timer_list {
    struct list_head entry;
    unsigned long expires;
    union {
        void (*function)(struct timer_list*);
        void (*bottomhalf_function)(timer_node*);   // what the core calls; the same pointer
    };
    u32 flags;
    u16 bottomhalf_slot, bottomhalf_cpu;
};
static_assert(sizeof(timer_list) == sizeof(timer_node) && offsetof(timer_list, entry) == offsetof(timer_node, entry) &&
              offsetof(timer_list, expires) == offsetof(timer_node, expires) &&
              offsetof(timer_list, function) == offsetof(timer_node, function) &&
              offsetof(timer_list, flags) == offsetof(timer_node, flags) &&
              offsetof(timer_list, bottomhalf_slot) == offsetof(timer_node, slot) &&
              offsetof(timer_list, bottomhalf_cpu) == offsetof(timer_node, cpu));
static_assert(sizeof(void*) != 8 || sizeof(timer_list) == 40);

inline constexpr unsigned int TIMER_DEFERRABLE = 0x00080000;   // does not end a sleep, but after a second
inline constexpr unsigned int TIMER_PINNED = 0x00100000;
inline constexpr unsigned int TIMER_IRQSAFE = 0x00200000;   // its function runs with interrupts disabled

namespace impl {
inline timer_node& node(const timer_list* t) noexcept {
    return *reinterpret_cast<timer_node*>(const_cast<timer_list*>(t));
}
/// The kernel's flags, and beside them what the core knows of them.
constexpr u32 with_core_flags(unsigned int flags) noexcept {
    return flags | ((flags & TIMER_IRQSAFE) != 0 ? timer_irqsafe : 0U) |
           ((flags & TIMER_DEFERRABLE) != 0 ? timer_deferrable : 0U);
}
constexpr timer_list idle_timer(void (*f)(timer_list*), unsigned int flags) noexcept {
    return {{nullptr, nullptr}, 0, {.function = f}, with_core_flags(flags), 0, 0};
}
constexpr timer_list idle_timer(void (*f)(timer_node*), unsigned int flags) noexcept {
    return {{nullptr, nullptr}, 0, {.bottomhalf_function = f}, with_core_flags(flags), 0, 0};
}
inline constexpr unsigned int flags_for_setup = TIMER_DEFERRABLE | TIMER_PINNED | TIMER_IRQSAFE;
/// A timer that nobody has set up cannot be armed, and the kernel says so only with its debug objects.
inline void check_setup(const timer_list* t, location at) noexcept {
    timer_node& n = node(t);
    if (atomic<void (*)(timer_node*)>(n.function).load(acquire) != nullptr ||
        (atomic<std::uint32_t>(n.flags).load(relaxed) & timer_shut_bit) != 0)
        [[likely]]   // relaxed: behind the acquire
        return;
    bottomhalf::detail::say(channel::kernel, severity::warn, "debug_object_assert_init", at,
                            "ODEBUG: assert_init not available (active state 0) object: %p object type: timer_list "
                            "hint: stub_timer",
                            static_cast<const void*>(t));
}
inline int modify(timer_list* t, unsigned long expires, timekeeper<engine>::how how, location at) noexcept {
    check_setup(t, at);
    timekeeper<engine>* clock = impl::clock(at);
    if (clock == nullptr) return 0;
    return clock->mod(impl::node(t), expires, impl::this_cpu(at), how) ? 1 : 0;
}
/// Is this, whatever it looks like, a timer that is armed?
inline bool really_armed(timer_list* t) noexcept {
    bottomhalf::detail::read_as_it_is(*t);
    core_machine& m = default_machine_of<engine>();
    return timekeeper<engine>::was_pending(node(t)) && m.is_up() && m.time().holds(node(t));
}
}   // namespace impl

/// For a new timer, or an idle one.  Of an armed one it is reported, and the timer stays as it is.
inline void timer_setup(struct timer_list* t, void (*function)(struct timer_list*), unsigned int flags,
                        location at = location::current()) noexcept {
    if ((flags & ~impl::flags_for_setup) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "do_init_timer", at,
                                "WARN_ON_ONCE(flags & ~TIMER_INIT_FLAGS): %#x", flags & ~impl::flags_for_setup);
    if (impl::really_armed(t)) [[unlikely]]
        bottomhalf::detail::say(
            channel::kernel, severity::bug, "init_timer_key", at,
            "ODEBUG: init active (active state 0) object: %p object type: timer_list hint: %p\nit stays armed",
            static_cast<void*>(t), reinterpret_cast<void*>(t->function));
    else
        *t = impl::idle_timer(function, (flags & impl::flags_for_setup) | timekeeper<engine>::new_flags());
    bottomhalf::detail::tracepoint<engine>(trace::event::timer_init, t);
}
/// Stale when read; false inside the timer's own function unless it has been armed again.
inline bool timer_pending(const struct timer_list* t) noexcept {
    return timekeeper<engine>::was_pending(impl::node(t));
}

/// Arms it, or moves it.  Context: any that we manage.  Return: 1 if it was armed, else 0; after timer_shutdown()
/// nothing happens, and 0.
inline int mod_timer(struct timer_list* t, unsigned long expires, location at = location::current()) noexcept {
    return impl::modify(t, expires, timekeeper<engine>::how::any, at);
}
/// The same, of an armed timer only.  Return: 0 if it was idle, and still is.
inline int mod_timer_pending(struct timer_list* t, unsigned long expires, location at = location::current()) noexcept {
    return impl::modify(t, expires, timekeeper<engine>::how::pending, at);
}
/// As mod_timer(), but an armed timer is only ever moved to an earlier tick.
inline int timer_reduce(struct timer_list* t, unsigned long expires, location at = location::current()) noexcept {
    return impl::modify(t, expires, timekeeper<engine>::how::reduce, at);
}
/// Arms an idle timer for t->expires, its function to run on emulated CPU `cpu`.
inline void add_timer_on(struct timer_list* t, int cpu, location at = location::current()) noexcept {
    if (timer_pending(t)) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "add_timer_on", at,
                                "WARN_ON_ONCE(timer_pending(timer))");
        return;
    }
    impl::check_setup(t, at);
    timekeeper<engine>* clock = impl::clock(at);
    if (clock == nullptr) return;
    if (cpu < 0 || static_cast<unsigned>(cpu) >= impl::nr_cpus(at)) {
        bottomhalf::detail::say(channel::advice, severity::warn, "add_timer_on", at,
                                "there is no CPU %d; using this CPU", cpu);
        cpu = static_cast<int>(impl::this_cpu(at));
    }
    clock->mod(impl::node(t), t->expires, static_cast<unsigned>(cpu));
}
/// Arms an idle timer for t->expires.
inline void add_timer(struct timer_list* t, location at = location::current()) noexcept {
    if (timer_pending(t)) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "add_timer", at, "WARN_ON_ONCE(timer_pending(timer))");
        return;
    }
    mod_timer(t, t->expires, at);
}
/// Here every timer stays on the CPU that arms it.
inline void add_timer_local(struct timer_list* t, location at = location::current()) noexcept { add_timer(t, at); }
inline void add_timer_global(struct timer_list* t, location at = location::current()) noexcept { add_timer(t, at); }
/// Context: any that we manage.  Return: 1 if it was armed and is not any more.  Its function may be running.
inline int timer_delete(struct timer_list* t, location at = location::current()) noexcept {
    timekeeper<engine>* clock = impl::clock(at);
    return clock != nullptr && clock->del(impl::node(t)) ? 1 : 0;
}
/// The same, and waits for its function to return.  Context: not hardirq (unless TIMER_IRQSAFE), not its own function.
inline int timer_delete_sync(struct timer_list* t, location at = location::current()) noexcept {
    timekeeper<engine>* clock = impl::clock(at);
    if (clock == nullptr) return 0;
    timer_node& n = impl::node(t);
    if (impl::here::in_hardirq() && (t->flags & TIMER_IRQSAFE) == 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "__timer_delete_sync", at,
                                "WARN_ON(in_hardirq() && !(timer->flags & TIMER_IRQSAFE))");
    if (impl::here::in_serving_softirq() && clock->is_own_function(n)) {
        bottomhalf::detail::say(channel::advice, severity::bug, "timer_delete_sync", at,
                                "timer %p would wait for its own function; not waiting", static_cast<void*>(t));
        return clock->del(n) ? 1 : 0;
    }
    return clock->del_sync(n) ? 1 : 0;
}
/// Return: -1 if its function runs, else as timer_delete().
inline int try_to_del_timer_sync(struct timer_list* t, location at = location::current()) noexcept {
    timekeeper<engine>* clock = impl::clock(at);
    return clock != nullptr ? clock->try_del_sync(impl::node(t)) : 0;
}
/// As timer_delete[_sync](), and for good: whoever arms it from now on does so in vain, until timer_setup().
inline int timer_shutdown(struct timer_list* t, location at = location::current()) noexcept {
    timekeeper<engine>* clock = impl::clock(at);
    return clock != nullptr && clock->shut_down(impl::node(t)) ? 1 : 0;
}
inline int timer_shutdown_sync(struct timer_list* t, location at = location::current()) noexcept {
    const int was = timer_shutdown(t, at);
    timer_delete_sync(t, at);
    return was;
}
inline int del_timer(struct timer_list* t, location at = location::current()) noexcept { return timer_delete(t, at); }
inline int del_timer_sync(struct timer_list* t, location at = location::current()) noexcept {
    return timer_delete_sync(t, at);
}
inline void destroy_timer_on_stack(struct timer_list*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::add_timer;
using bottomhalf::linux6::add_timer_global;
using bottomhalf::linux6::add_timer_local;
using bottomhalf::linux6::add_timer_on;
using bottomhalf::linux6::del_timer;
using bottomhalf::linux6::del_timer_sync;
using bottomhalf::linux6::destroy_timer_on_stack;
using bottomhalf::linux6::mod_timer;
using bottomhalf::linux6::mod_timer_pending;
using bottomhalf::linux6::TIMER_DEFERRABLE;
using bottomhalf::linux6::timer_delete;
using bottomhalf::linux6::timer_delete_sync;
using bottomhalf::linux6::TIMER_IRQSAFE;
using bottomhalf::linux6::timer_list;
using bottomhalf::linux6::timer_pending;
using bottomhalf::linux6::TIMER_PINNED;
using bottomhalf::linux6::timer_reduce;
using bottomhalf::linux6::timer_setup;
using bottomhalf::linux6::timer_shutdown;
using bottomhalf::linux6::timer_shutdown_sync;
using bottomhalf::linux6::try_to_del_timer_sync;

#define TIMER_INITIALIZER(function, flags) (::bottomhalf::linux6::impl::idle_timer((function), (flags)))
#define DEFINE_TIMER(name, function) struct timer_list name = ::bottomhalf::linux6::impl::idle_timer(function, 0)
#define timer_setup_on_stack(timer, callback, flags) timer_setup(timer, callback, flags)
#define from_timer(var, callback_timer, timer_fieldname) container_of(callback_timer, __typeof__(*var), timer_fieldname)
#define timer_container_of(var, callback_timer, timer_fieldname) \
    container_of(callback_timer, __typeof__(*var), timer_fieldname)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/ktime.h>
#include <linux/stddef.h>
#include <linux/stringify.h>
#include <linux/types.h>
