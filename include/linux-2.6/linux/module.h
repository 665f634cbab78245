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

#include <bottomhalf/module.hpp>

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
    bottomhalf::detail::report_leftovers(default_machine_of<engine>(), nullptr, at);
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

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::module;

#define BOTTOMHALF_MODULES ::bottomhalf::linux26   // for <bottomhalf/module_main.hpp>

#define module_init(function)                                                                                  \
    static ::bottomhalf::linux26::impl::module_entry bottomhalf_init_##function(__FILE__, (function), nullptr, \
                                                                                &::bottomhalf::detail::this_unit)
#define module_exit(function)                                                                                  \
    static ::bottomhalf::linux26::impl::module_entry bottomhalf_exit_##function(__FILE__, nullptr, (function), \
                                                                                &::bottomhalf::detail::this_unit)

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
