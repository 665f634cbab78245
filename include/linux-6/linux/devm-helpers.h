// SPDX-License-Identifier: MIT
// <linux/devm-helpers.h>: work that is cancelled, and queues that are destroyed, as their device's driver goes.
#pragma once

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
inline void cancel_work_action(void* w) noexcept { cancel_work_sync(static_cast<work_struct*>(w)); }
inline void cancel_delayed_work_action(void* d) noexcept { cancel_delayed_work_sync(static_cast<delayed_work*>(d)); }
inline void destroy_workqueue_action(void* wq) noexcept { destroy_workqueue(static_cast<workqueue_struct*>(wq)); }
inline void mutex_destroy_action(void* m) noexcept { mutex_destroy(static_cast<struct mutex*>(m)); }
}   // namespace impl

/// INIT_WORK(), and cancel_work_sync() in its turn.  Return: 0 or -ENOMEM.
inline int devm_work_autocancel(struct device* dev, struct work_struct* w, work_func_t worker) noexcept {
    INIT_WORK(w, worker);
    return devm_add_action(dev, impl::cancel_work_action, w);
}
inline int devm_delayed_work_autocancel(struct device* dev, struct delayed_work* d, work_func_t worker) noexcept {
    INIT_DELAYED_WORK(d, worker);
    return devm_add_action(dev, impl::cancel_delayed_work_action, d);
}
inline int devm_mutex_init(struct device* dev, struct mutex* m) noexcept {
    mutex_init(m);
    return devm_add_action_or_reset(dev, impl::mutex_destroy_action, m);
}
/// For devm_alloc_workqueue(): null stays null.
inline struct workqueue_struct* bottomhalf_devm_workqueue(struct device* dev, struct workqueue_struct* wq) noexcept {
    if (wq == nullptr) return nullptr;
    return devm_add_action_or_reset(dev, impl::destroy_workqueue_action, wq) == 0 ? wq : nullptr;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_devm_workqueue;
using bottomhalf::linux6::devm_delayed_work_autocancel;
using bottomhalf::linux6::devm_mutex_init;
using bottomhalf::linux6::devm_work_autocancel;

#define devm_alloc_workqueue(dev, fmt, flags, max_active, ...) \
    bottomhalf_devm_workqueue(dev, alloc_workqueue(fmt, flags, max_active __VA_OPT__(, ) __VA_ARGS__))
#define devm_alloc_ordered_workqueue(dev, fmt, flags, ...) \
    bottomhalf_devm_workqueue(dev, alloc_ordered_workqueue(fmt, flags __VA_OPT__(, ) __VA_ARGS__))
