// SPDX-License-Identifier: MIT
// <linux/bottomhalf_devm_irq.h>: interrupts that are freed as their device's driver goes.  In the kernel <linux/interrupt.h>
// has these; here <linux/platform_device.h> brings them, so that interrupts need no devices.
#pragma once

#include <linux/device.h>
#include <linux/interrupt.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
struct managed_irq {
    unsigned int irq;
    void* dev_id;
};
inline void release_irq(device*, void* res) noexcept {
    const auto& m = *static_cast<managed_irq*>(res);
    free_irq(m.irq, m.dev_id);
}
inline int same_irq(device*, void* res, void* wanted) noexcept {
    const auto &a = *static_cast<managed_irq*>(res), &b = *static_cast<managed_irq*>(wanted);
    return a.irq == b.irq && a.dev_id == b.dev_id ? 1 : 0;
}
}   // namespace impl

/// Context: process.  Return: 0 or -errno, as without devm_.
inline int devm_request_threaded_irq(struct device* dev, unsigned int irq, irq_handler_t handler,
                                     irq_handler_t thread_fn, unsigned long flags, const char* name, void* dev_id,
                                     location at = location::current()) noexcept {
    impl::managed_irq* m = devres_alloc(impl::release_irq, sizeof *m, GFP_KERNEL, at);
    if (m == nullptr) return -ENOMEM;
    *m = {irq, dev_id};
    if (name == nullptr) name = dev_name(dev);
    const int err = request_threaded_irq(irq, handler, thread_fn, flags, name, dev_id, at);
    if (err != 0) {
        devres_free(m);
        return err;
    }
    devres_add(dev, m);
    return 0;
}
inline int devm_request_irq(struct device* dev, unsigned int irq, irq_handler_t handler, unsigned long flags,
                            const char* name, void* dev_id, location at = location::current()) noexcept {
    return devm_request_threaded_irq(dev, irq, handler, nullptr, flags | IRQF_COND_ONESHOT, name, dev_id, at);
}
inline int devm_request_any_context_irq(struct device* dev, unsigned int irq, irq_handler_t handler,
                                        unsigned long flags, const char* name, void* dev_id,
                                        location at = location::current()) noexcept {
    auto* d = impl::find_line(irq, at);
    const bool nested = d != nullptr && d->has_status(irq_status::nested_thread);
    const int err = nested ? devm_request_threaded_irq(dev, irq, nullptr, handler, flags, name, dev_id, at)
                           : devm_request_irq(dev, irq, handler, flags, name, dev_id, at);
    if (err != 0) return err;
    return nested ? static_cast<int>(IRQC_IS_NESTED) : static_cast<int>(IRQC_IS_HARDIRQ);
}
/// Before its time.  Of one that is not managed for `dev`: reported.
inline void devm_free_irq(struct device* dev, unsigned int irq, void* dev_id,
                          location at = location::current()) noexcept {
    impl::managed_irq wanted = {irq, dev_id};
    if (devres_destroy(dev, impl::release_irq, impl::same_irq, &wanted) != 0)
        bottomhalf::detail::say(channel::kernel, severity::warn, "devm_free_irq", at, "WARN_ON(devres_destroy())");
    free_irq(irq, dev_id, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::devm_free_irq;
using bottomhalf::linux6::devm_request_any_context_irq;
using bottomhalf::linux6::devm_request_irq;
using bottomhalf::linux6::devm_request_threaded_irq;
