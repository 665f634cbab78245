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
// bottomhalf::linux6::load_modules() and unload_modules().
#pragma once

#include <bottomhalf/module.hpp>

#include <linux/bottomhalf.h>

#include <linux/err.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {

BOTTOMHALF_STATE inline constinit module_list modules;   // before main() only: newest first
/// What module_init() and module_exit() declare.
struct module_entry : bottomhalf::module_entry {
    module_entry(const char* f, int (*i)(), void (*e)(), const void* u = nullptr) noexcept
        : bottomhalf::module_entry{f, u, i, e} {
        modules.add(*this);
    }
};
}   // namespace impl

/// Says what is under way on the default machine: work that is queued, on its timer or running, and armed timers.
inline void report_leftovers(location at = location::current()) noexcept {
    bottomhalf::detail::report_leftovers(default_machine_of<engine>(), &impl::grace_period, at);
}
/// Calls the exit function of each module that is loaded, the last first; then says what they have left behind.
/// Context: process.
inline void unload_modules(location at = location::current()) noexcept {
    if (impl::modules.unload()) report_leftovers(at);
}
/// Calls the init function of each module, in the order of their registration (within a file that of the lines, between
/// files that of the linker).  Context: process.
/// Return: 0; or what the first one that failed returned, after those before it have been unloaded.
inline int load_modules(location at = location::current()) noexcept {
    const int err = impl::modules.load();
    if (err != 0) unload_modules(at);
    return err;
}

/// A module of a program is there as long as the program.
inline bool try_module_get(struct module*) noexcept { return true; }
inline void __module_get(struct module*) noexcept {}
inline void module_put(struct module*) noexcept {}
[[nodiscard]] inline const char* module_name(struct module*) noexcept { return "kernel"; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__module_get;
using bottomhalf::linux6::module_name;
using bottomhalf::linux6::module_put;
using bottomhalf::linux6::try_module_get;

#define BOTTOMHALF_MODULES ::bottomhalf::linux6   // for <bottomhalf/module_main.hpp>

#define module_init(function)                                                                                 \
    static ::bottomhalf::linux6::impl::module_entry bottomhalf_init_##function(__FILE__, (function), nullptr, \
                                                                               &::bottomhalf::detail::this_unit)
#define module_exit(function)                                                                                 \
    static ::bottomhalf::linux6::impl::module_entry bottomhalf_exit_##function(__FILE__, nullptr, (function), \
                                                                               &::bottomhalf::detail::this_unit)
// All of a module's are called when it is loaded, in their order.
#define early_initcall(function) module_init(function)
#define core_initcall(function) module_init(function)
#define postcore_initcall(function) module_init(function)
#define arch_initcall(function) module_init(function)
#define subsys_initcall(function) module_init(function)
#define fs_initcall(function) module_init(function)
#define device_initcall(function) module_init(function)
#define late_initcall(function) module_init(function)

/// A driver that is registered by one call and unregistered by another, and does nothing else at these times.
#define module_driver(driver, add, remove, ...)                                         \
    static int driver##_init(void) { return add(&(driver)__VA_OPT__(, ) __VA_ARGS__); } \
    module_init(driver##_init);                                                         \
    static void driver##_exit(void) { remove(&(driver)__VA_OPT__(, ) __VA_ARGS__); }    \
    module_exit(driver##_exit)

#define MODULE_INFO(tag, info) static_assert(true)
#define MODULE_LICENSE(text) static_assert(true)
#define MODULE_AUTHOR(text) static_assert(true)
#define MODULE_DESCRIPTION(text) static_assert(true)
#define MODULE_VERSION(text) static_assert(true)
#define MODULE_ALIAS(text) static_assert(true)
#define MODULE_FIRMWARE(text) static_assert(true)
#define MODULE_SOFTDEP(text) static_assert(true)
#define MODULE_IMPORT_NS(ns) static_assert(true)
/// The table stays in use, for the compiler.
#define MODULE_DEVICE_TABLE(type, name) \
    [[maybe_unused]] static const void* const bottomhalf_table_##type##_##name = &(name)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/bug.h>
#include <linux/cache.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/stat.h>
#include <linux/stringify.h>
#include <linux/wait.h>
