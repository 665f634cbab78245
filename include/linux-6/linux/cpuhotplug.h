// SPDX-License-Identifier: MIT
// <linux/cpuhotplug.h>: what is to be done on each CPU as it comes and before it goes.  The emulated CPUs are all there from the
// beginning to the end, so they come when a state is set up, and go when it is removed.
//
//   state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "net/card:online", online, offline);       online(cpu), on each CPU
//   ...
//   cpuhp_remove_state(state);                                                                offline(cpu), likewise
//
// Only the dynamic states are there: the others belong to parts of a kernel.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {

enum cpuhp_state : int {
    CPUHP_INVALID = -1,
    CPUHP_OFFLINE = 0,
    CPUHP_BP_PREPARE_DYN = 100,   // called on whatever CPU the caller is on
    CPUHP_BP_PREPARE_DYN_END = CPUHP_BP_PREPARE_DYN + 20,
    CPUHP_AP_ONLINE_DYN = 200,   // called on the CPU itself, in process context
    CPUHP_AP_ONLINE_DYN_END = CPUHP_AP_ONLINE_DYN + 40,
    CPUHP_ONLINE,
};

inline namespace BOTTOMHALF_ENGINE {
namespace impl {

using cpuhp_call = int (*)(unsigned int cpu);
using cpuhp_call_multi = int (*)(unsigned int cpu, struct hlist_node* node);
/// Free while it has no name.
struct cpuhp_step {
    const char* name;
    cpuhp_call startup, teardown;
    cpuhp_call_multi startup_multi, teardown_multi;
    bool multi;
    hlist_head instances;
};
struct cpuhp_steps {
    struct mutex lock;   // held while the functions run, which must not set up others
    cpuhp_step step[CPUHP_ONLINE];
};
BOTTOMHALF_STATE inline constinit cpuhp_steps cpuhp = {};

template <class F>
int on_cpu(int state, unsigned int cpu, F f) {
    if (state < CPUHP_AP_ONLINE_DYN) return f();
    return static_cast<int>(work_on_cpu(
        static_cast<int>(cpu), [](void* p) -> long { return (*static_cast<F*>(p))(); }, &f));
}
/// up(cpu) on all CPUs; if it fails on one, down(cpu) on those before.  Return: 0, or what up() returned.
template <class Up, class Down>
int bring_up(int state, Up up, Down down) {
    unsigned int cpu;
    for_each_online_cpu(cpu) {
        const int err = on_cpu(state, cpu, [=] { return up(cpu); });
        if (err == 0) continue;
        while (cpu-- > 0) on_cpu(state, cpu, [=] { return down(cpu); });
        return err;
    }
    return 0;
}
template <class Down>
void take_down(int state, Down down) {
    unsigned int cpu;
    for_each_online_cpu(cpu) on_cpu(state, cpu, [=] { return down(cpu); });
}
template <class F, class... Args>
int call_if(F* f, Args... args) {
    return f != nullptr ? f(args...) : 0;
}
/// Caller holds the mutex.  Return: a state of its own in place of a dynamic one; -ENOSPC; -EBUSY.
inline int reserve_state(int state, const char* name) noexcept {
    if (state <= CPUHP_OFFLINE || state >= CPUHP_ONLINE) return -EINVAL;
    const int last = state == CPUHP_AP_ONLINE_DYN    ? CPUHP_AP_ONLINE_DYN_END
                     : state == CPUHP_BP_PREPARE_DYN ? CPUHP_BP_PREPARE_DYN_END
                                                     : state;
    for (int s = state; s <= last; ++s)
        if (cpuhp.step[s].name == nullptr) {
            cpuhp.step[s] = {};
            cpuhp.step[s].name = name;
            return s;
        }
    return last == state ? -EBUSY : -ENOSPC;
}
/// Caller holds the mutex.  Return: null, and reported, if there is no such state.
inline cpuhp_step* step_of(int state, const char* function, location at) noexcept {
    if (state > CPUHP_OFFLINE && state < CPUHP_ONLINE && cpuhp.step[state].name != nullptr) return &cpuhp.step[state];
    bottomhalf::detail::say(channel::kernel, severity::bug, function, at, "no state %d has been set up", state);
    return nullptr;
}
inline int set_up_state(int state, const char* name, bool calls, cpuhp_call startup, cpuhp_call teardown, location at) {
    mutex_lock(&cpuhp.lock, at);
    const int mine = reserve_state(state, name);
    int err = mine < 0 ? mine : 0;
    if (err == 0) {
        cpuhp.step[mine].startup = startup;
        cpuhp.step[mine].teardown = teardown;
        if (calls)
            err = bring_up(
                mine, [=](unsigned int cpu) { return call_if(startup, cpu); },
                [=](unsigned int cpu) { return call_if(teardown, cpu); });
        if (err != 0) cpuhp.step[mine] = {};
    }
    mutex_unlock(&cpuhp.lock, at);
    const bool dynamic = state == CPUHP_AP_ONLINE_DYN || state == CPUHP_BP_PREPARE_DYN;
    return err != 0 ? err : dynamic ? mine : 0;
}
inline void remove_state(int state, bool calls, const char* function, location at) {
    mutex_lock(&cpuhp.lock, at);
    if (cpuhp_step* s = step_of(state, function, at)) {
        if (s->multi && !hlist_empty(&s->instances))
            bottomhalf::detail::say(channel::kernel, severity::warn, function, at,
                                    "Error: Removing state %d which has instances left.", state);
        if (calls && !s->multi) take_down(state, [=](unsigned int cpu) { return call_if(s->teardown, cpu); });
        *s = {};
    }
    mutex_unlock(&cpuhp.lock, at);
}
inline int add_instance(int state, hlist_node* node, bool calls, location at) {
    mutex_lock(&cpuhp.lock, at);
    cpuhp_step* s = step_of(state, "cpuhp_state_add_instance", at);
    int err = s == nullptr || !s->multi ? -EINVAL : 0;
    if (err == 0 && calls)
        err = bring_up(
            state, [=](unsigned int cpu) { return call_if(s->startup_multi, cpu, node); },
            [=](unsigned int cpu) { return call_if(s->teardown_multi, cpu, node); });
    if (err == 0) hlist_add_head(node, &s->instances);
    mutex_unlock(&cpuhp.lock, at);
    return err;
}
inline int remove_instance(int state, hlist_node* node, bool calls, location at) {
    mutex_lock(&cpuhp.lock, at);
    cpuhp_step* s = step_of(state, "cpuhp_state_remove_instance", at);
    const bool fits = s != nullptr && s->multi;
    if (fits) {
        if (calls) take_down(state, [=](unsigned int cpu) { return call_if(s->teardown_multi, cpu, node); });
        hlist_del(node);
    }
    mutex_unlock(&cpuhp.lock, at);
    return fits ? 0 : -EINVAL;
}

}   // namespace impl

// Context, all of them: process.  The functions may sleep.

/// startup(cpu) on each CPU; teardown(cpu) on those before, if it fails on one.
/// Return: the state that was found for CPUHP_AP_ONLINE_DYN, 0 for another; -ENOSPC: none is left; -EBUSY: it is taken; -EINVAL:
///         no such state; or what startup() returned.
inline int cpuhp_setup_state(int state, const char* name, int (*startup)(unsigned int cpu),
                             int (*teardown)(unsigned int cpu), location at = location::current()) {
    return impl::set_up_state(state, name, true, startup, teardown, at);
}
/// Calls nobody.
inline int cpuhp_setup_state_nocalls(int state, const char* name, int (*startup)(unsigned int cpu),
                                     int (*teardown)(unsigned int cpu), location at = location::current()) {
    return impl::set_up_state(state, name, false, startup, teardown, at);
}
/// For instances that are added to it.
inline int cpuhp_setup_state_multi(int state, const char* name,
                                   int (*startup)(unsigned int cpu, struct hlist_node* node),
                                   int (*teardown)(unsigned int cpu, struct hlist_node* node),
                                   location at = location::current()) {
    mutex_lock(&impl::cpuhp.lock, at);
    const int mine = impl::reserve_state(state, name);
    if (mine > 0) {
        impl::cpuhp.step[mine].multi = true;
        impl::cpuhp.step[mine].startup_multi = startup;
        impl::cpuhp.step[mine].teardown_multi = teardown;
    }
    mutex_unlock(&impl::cpuhp.lock, at);
    return mine;
}
/// teardown(cpu) on each CPU.
inline void cpuhp_remove_state(int state, location at = location::current()) {
    impl::remove_state(state, true, "cpuhp_remove_state", at);
}
inline void cpuhp_remove_state_nocalls(int state, location at = location::current()) {
    impl::remove_state(state, false, "cpuhp_remove_state_nocalls", at);
}
/// Instances that are left are reported.
inline void cpuhp_remove_multi_state(int state, location at = location::current()) {
    impl::remove_state(state, false, "cpuhp_remove_multi_state", at);
}
/// Return (of these): 0; -EINVAL: no such state; or what startup() returned.
inline int cpuhp_state_add_instance(int state, struct hlist_node* node, location at = location::current()) {
    return impl::add_instance(state, node, true, at);
}
inline int cpuhp_state_add_instance_nocalls(int state, struct hlist_node* node, location at = location::current()) {
    return impl::add_instance(state, node, false, at);
}
inline int cpuhp_state_remove_instance(int state, struct hlist_node* node, location at = location::current()) {
    return impl::remove_instance(state, node, true, at);
}
inline int cpuhp_state_remove_instance_nocalls(int state, struct hlist_node* node, location at = location::current()) {
    return impl::remove_instance(state, node, false, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::cpuhp_remove_multi_state;
using bottomhalf::linux6::cpuhp_remove_state;
using bottomhalf::linux6::cpuhp_remove_state_nocalls;
using bottomhalf::linux6::cpuhp_setup_state;
using bottomhalf::linux6::cpuhp_setup_state_multi;
using bottomhalf::linux6::cpuhp_setup_state_nocalls;
using bottomhalf::linux6::cpuhp_state;
using bottomhalf::linux6::cpuhp_state_add_instance;
using bottomhalf::linux6::cpuhp_state_add_instance_nocalls;
using bottomhalf::linux6::cpuhp_state_remove_instance;
using bottomhalf::linux6::cpuhp_state_remove_instance_nocalls;
using enum bottomhalf::linux6::cpuhp_state;
