// SPDX-License-Identifier: MIT
// <linux/module.h>: the life of a driver.
//
//   static int __init my_init(void) { ... return 0; }
//   static void __exit my_exit(void) { ... }
//   module_init(my_init);
//   module_exit(my_exit);
//   MODULE_LICENSE("GPL");
//
// Each source file with a module_init() is a module; several may be in one program.  Who calls them: one file of the
// program includes <bottomhalf/module_main.hpp> and gets a main(), or the program's own main() calls
// bottomhalf::linux26::load_modules() and unload_modules().
#pragma once

#include <linux/bottomhalf.h>

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

struct module;   // opaque

namespace impl {

/// One line module_init() or module_exit(); those of one file belong together.
struct module_entry {
    const char* file;
    int (*init)();
    void (*exit)();
    module_entry* next = nullptr;
    bool loaded = false;

    module_entry(const char* f, int (*i)(), void (*e)()) noexcept;
};
BOTTOMHALF_STATE inline constinit module_entry* modules = nullptr;   // before main() only: newest first

inline module_entry::module_entry(const char* f, int (*i)(), void (*e)()) noexcept
    : file(f), init(i), exit(e), next(modules) {
    modules = this;
}

/// What is still under way when a module has gone: its code would not be there any more.
struct leftover {
    const void* handler;
    const void* object;
    char queue[32];
    char where;   // p: pending, r: running, d: delayed, t: a timer
};
}   // namespace impl

/// Says what is under way on the default machine: work that is queued, on its timer or running, and armed timers.
inline void report_leftovers(location at = location::current()) noexcept {
    using namespace impl;   // NOLINT(google-build-using-namespace): our own

    machine_t& m = default_machine_of<engine>();
    if (!m.is_up()) return;
    constexpr unsigned most = 16;
    leftover found[most];
    unsigned n = 0;
    const auto note = [&](char where, const void* handler, const void* object, const char* queue) {
        if (n < most) {
            found[n] = {handler, object, {}, where};
            std::snprintf(found[n].queue, sizeof found[n].queue, "%s", queue);
        }
        ++n;
    };
    // Only looked at under the locks; said when they are free again.  A running item may be gone already, so nothing
    // but its address is used.
    m.for_each_work([&](const char* queue, const work_item& w, const char* where) {
        if (*where == 'p' && w.func == &call_with_data)
            note('p', address(reinterpret_cast<const work_struct&>(w).func), &w, queue);
        else if (*where != 'p')
            note('r', nullptr, &w, queue);
    });
    m.time().for_each([&](const timer_node& t) {
        if (t.function == &call_timer_with_data)
            note('t', address(reinterpret_cast<const timer_list&>(t).function), &t, "");
        if (t.function != &delayed::expire) return;
        const auto* w =
            reinterpret_cast<const work_struct*>(reinterpret_cast<const char*>(&t) - offsetof(delayed_item, timer));
        if (w->run == &call_with_data) note('d', address(w->func), w, static_cast<const queue_t*>(w->wq_data)->name);
    });
    for (unsigned i = 0; i < n && i < most; ++i) {
        const leftover& l = found[i];
        if (l.where == 'p' || l.where == 'd')
            detail::say(advice, severity::bug, "module_exit", at, "the module left work %s %s: handler %p, item %p",
                        l.where == 'p' ? "queued on" : "on its timer for", l.queue, l.handler, l.object);
        else if (l.where == 'r')
            detail::say(advice, severity::bug, "module_exit", at, "the module left work running on %s: item %p",
                        l.queue, l.object);
        else
            detail::say(advice, severity::bug, "module_exit", at,
                        "the module left a timer armed: function %p, timer %p", l.handler, l.object);
    }
    if (n > most) detail::say(advice, severity::bug, "module_exit", at, "and %u more", n - most);
}

/// Calls the exit function of each module that is loaded, the last first; then says what they have left behind.
/// Context: process.
inline void unload_modules(location at = location::current()) noexcept {
    bool any = false;
    for (impl::module_entry* i = impl::modules; i != nullptr; i = i->next) {
        if (!i->loaded) continue;
        i->loaded = false;
        any = true;
        for (impl::module_entry* e = impl::modules; e != nullptr; e = e->next)
            if (e->exit != nullptr && std::strcmp(e->file, i->file) == 0) e->exit();
    }
    if (any) report_leftovers(at);
}
/// Calls the init function of each module, in the order of their registration (within a file that of the lines, between
/// files that of the linker).  Context: process.
/// Return: 0; or what the first one that failed returned, after those before it have been unloaded.
inline int load_modules(location at = location::current()) noexcept {
    impl::module_entry* oldest = nullptr;   // turned round for the time being
    for (impl::module_entry* e = impl::modules; e != nullptr;) {
        impl::module_entry* next = e->next;
        e->next = oldest;
        oldest = e;
        e = next;
    }
    int err = 0;
    impl::module_entry* newest = nullptr;
    while (oldest != nullptr) {
        impl::module_entry* e = oldest;
        oldest = e->next;
        e->next = newest;
        newest = impl::modules = e;
        if (err != 0 || e->init == nullptr || e->loaded) continue;
        err = e->init();
        e->loaded = err == 0;
    }
    if (err != 0) unload_modules(at);
    return err;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::module;

#define BOTTOMHALF_MODULES ::bottomhalf::linux26   // for <bottomhalf/module_main.hpp>

#define module_init(function) \
    static ::bottomhalf::linux26::impl::module_entry bottomhalf_init_##function(__FILE__, (function), nullptr)
#define module_exit(function) \
    static ::bottomhalf::linux26::impl::module_entry bottomhalf_exit_##function(__FILE__, nullptr, (function))

#define THIS_MODULE (static_cast<struct module*>(nullptr))
#define MODULE_INFO(tag, info) static_assert(true)
#define MODULE_LICENSE(text) static_assert(true)
#define MODULE_AUTHOR(text) static_assert(true)
#define MODULE_DESCRIPTION(text) static_assert(true)
#define MODULE_VERSION(text) static_assert(true)
#define MODULE_ALIAS(text) static_assert(true)
#define MODULE_SUPPORTED_DEVICE(text) static_assert(true)
#define EXPORT_SYMBOL(symbol) static_assert(true)
#define EXPORT_SYMBOL_GPL(symbol) static_assert(true)
#define try_module_get(module) (1)
#define module_put(module) ((void)0)
