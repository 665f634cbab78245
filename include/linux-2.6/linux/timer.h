// SPDX-License-Identifier: MIT
// <linux/timer.h>: call a function at a tick.  The function runs in softirq context and may not sleep.
//
//   static struct timer_list poll = TIMER_INITIALIZER(poll_device, 0, 0);
//   mod_timer(&poll, jiffies + HZ / 10);
//
// A timer fires at its tick or after it, never before; those of one tick in the order in which they were armed.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/jiffies.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

/// The core's data_timer, member for member.
struct BOTTOMHALF_ALIASES timer_list {
    void* entry[2];
    unsigned long armed_for;
    void (*run)(timer_node*);
    std::uint32_t flags;
    std::uint16_t slot, cpu;
    unsigned long expires;             // the caller's: for add_timer()
    void (*function)(unsigned long);   // the caller's
    unsigned long data;                // the caller's: its argument
};
static_assert(std::is_standard_layout_v<timer_list> && std::is_trivial_v<timer_list>);
static_assert(offsetof(timer_list, armed_for) == offsetof(timer_node, expires) &&
              offsetof(timer_list, run) == offsetof(timer_node, function) &&
              offsetof(timer_list, flags) == offsetof(timer_node, flags) &&
              offsetof(timer_list, expires) == offsetof(data_timer, expires) &&
              offsetof(timer_list, function) == offsetof(data_timer, function) &&
              offsetof(timer_list, data) == offsetof(data_timer, data) && sizeof(timer_list) == sizeof(data_timer));

namespace impl {

using bottomhalf::detail::call_timer_with_data;

inline timer_node& core(timer_list& t) noexcept { return reinterpret_cast<timer_node&>(t); }

[[nodiscard]] constexpr timer_list idle_timer(void (*function)(unsigned long), unsigned long expires,
                                              unsigned long data) noexcept {
    return {{}, 0, &call_timer_with_data, 0, 0, 0, expires, function, data};
}
inline bool really_armed(timer_list& t) noexcept {
    if (t.run != &call_timer_with_data || !time_t::was_pending(core(t))) return false;
    machine_t& m = default_machine_of<engine>();
    return m.is_up() && m.time().holds(core(t));
}
/// A timer that nobody initialised is, as in 2.6, reported and made one.
inline void check_timer(timer_list& t, const char* function, location at) noexcept {
    if (t.run == &call_timer_with_data) [[likely]]
        return;
    detail::say(kernel, severity::warn, function, at,
                "Uninitialised timer!\nThis is just a warning.  Your computer is OK\nfunction=0x%p, data=0x%lx",
                address(t.function), t.data);
    t = idle_timer(t.function, t.expires, t.data);
}
inline bool has_function(const timer_list& t, const char* function, location at) noexcept {
    if (t.function != nullptr) [[likely]]
        return true;
    detail::say(kernel, severity::bug, function, at, "BUG_ON(!timer->function): timer %p is not armed",
                static_cast<const void*>(&t));
    return false;
}
/// The clock of those that are up already.
inline time_t* running_clock() noexcept {
    machine_t& m = default_machine_of<engine>();
    return m.is_up() ? &m.time() : nullptr;
}

}   // namespace impl

/// Makes an idle timer of the memory at `timer`; its function, data and time are the caller's to fill in.
inline void init_timer(struct timer_list* timer, location at = location::current()) noexcept {
    impl::read_as_it_is(*timer);
    if (impl::really_armed(*timer))
        detail::say(impl::kernel, severity::bug, "init_timer", at,
                    "ODEBUG: init active (active state 0) object: %p object type: timer_list hint: %p\nit stays armed",
                    static_cast<void*>(timer), impl::address(timer->function));
    else {
        *timer = impl::idle_timer(timer->function, timer->expires, timer->data);
        timer->flags = impl::time_t::new_flags();
    }
    bottomhalf::detail::tracepoint<engine>(trace::event::timer_init, timer);
}
inline void setup_timer(struct timer_list* timer, void (*function)(unsigned long), unsigned long data,
                        location at = location::current()) noexcept {
    timer->function = function;
    timer->data = data;
    init_timer(timer, at);
}
/// Armed, and not yet begun.  Stale when read.
inline int timer_pending(const struct timer_list* timer) noexcept {
    return impl::time_t::was_pending(impl::core(*const_cast<timer_list*>(timer)));
}

/// Arms it, or moves it, to tick `expires`.
/// Context: any that we manage.  Return: 1 if it was armed, 0 if it was idle.
inline int mod_timer(struct timer_list* timer, unsigned long expires, location at = location::current()) noexcept {
    impl::check_timer(*timer, "mod_timer", at);
    if (!impl::has_function(*timer, "mod_timer", at)) return 0;
    impl::machine_t* m = impl::machine(at);
    timer->expires = expires;
    return m != nullptr && m->time().mod(impl::core(*timer), expires, impl::ops::this_cpu(m->nr_cpus()));
}
/// Arms an idle timer for tick timer->expires; its function will run on emulated CPU `cpu`.
/// Context: any, async-signal-safe.
inline void add_timer_on(struct timer_list* timer, int cpu, location at = location::current()) noexcept {
    impl::check_timer(*timer, "add_timer", at);
    if (!impl::has_function(*timer, "add_timer", at)) return;
    impl::machine_t* m = impl::machine(at);
    if (m == nullptr) return;
    if (cpu < 0 || static_cast<unsigned>(cpu) >= m->nr_cpus()) {
        detail::say(impl::advice, severity::warn, "add_timer_on", at, "there is no CPU %d; using this CPU", cpu);
        cpu = static_cast<int>(impl::ops::this_cpu(m->nr_cpus()));
    }
    if (m->time().add(impl::core(*timer), timer->expires, static_cast<unsigned>(cpu))) return;
    detail::say(impl::kernel, severity::bug, "add_timer", at, "BUG_ON(timer_pending(timer)): timer %p keeps its time",
                static_cast<void*>(timer));
}
/// The same, on the caller's CPU.
inline void add_timer(struct timer_list* timer, location at = location::current()) noexcept {
    impl::machine_t* m = impl::machine(at);
    add_timer_on(timer, m != nullptr ? static_cast<int>(impl::ops::this_cpu(m->nr_cpus())) : 0, at);
}

/// Context: any that we manage.  Return: 1 if it was armed.  Its function may be running.
inline int del_timer(struct timer_list* timer, location at = location::current()) noexcept {
    impl::check_timer(*timer, "del_timer", at);
    impl::time_t* time = impl::running_clock();
    return time != nullptr && time->del(impl::core(*timer));
}
/// The same, and waits for its function to return; one that its function has armed again is taken off, too.
/// Context: not a top half, not the function itself (reported; it is taken off, and not waited for), and not under a lock
///          that the function takes.
inline int del_timer_sync(struct timer_list* timer, location at = location::current()) noexcept {
    impl::check_timer(*timer, "del_timer", at);
    impl::time_t* time = impl::running_clock();
    if (time == nullptr) return 0;
    const bool itself = impl::ctx::in_serving_softirq() && time->is_own_function(impl::core(*timer));
    if (!itself && !impl::ctx::in_hardirq()) return time->del_sync(impl::core(*timer));
    detail::say(impl::advice, severity::bug, "del_timer_sync", at, "called in %s; not waiting for timer %p",
                itself ? "the timer's own function" : "a top half", static_cast<void*>(timer));
    return time->del(impl::core(*timer));
}
/// Return: -1 if its function runs, else as del_timer().
inline int try_to_del_timer_sync(struct timer_list* timer, location at = location::current()) noexcept {
    impl::check_timer(*timer, "del_timer", at);
    impl::time_t* time = impl::running_clock();
    return time != nullptr ? time->try_del_sync(impl::core(*timer)) : 0;
}
inline int del_singleshot_timer_sync(struct timer_list* timer, location at = location::current()) noexcept {
    return del_timer_sync(timer, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::add_timer;
using bottomhalf::linux26::add_timer_on;
using bottomhalf::linux26::del_singleshot_timer_sync;
using bottomhalf::linux26::del_timer;
using bottomhalf::linux26::del_timer_sync;
using bottomhalf::linux26::init_timer;
using bottomhalf::linux26::mod_timer;
using bottomhalf::linux26::setup_timer;
using bottomhalf::linux26::timer_list;
using bottomhalf::linux26::timer_pending;
using bottomhalf::linux26::try_to_del_timer_sync;

#define TIMER_INITIALIZER(function, expires, data) \
    ::bottomhalf::linux26::impl::idle_timer((function), (expires), (data))
#define DEFINE_TIMER(name, function, expires, data) struct timer_list name = TIMER_INITIALIZER(function, expires, data)
