// SPDX-License-Identifier: MIT
// <linux/irq.h>: for drivers of interrupt chips: lines of their own, how those behave, and who hands them their interrupts.
//
//   int irq = irq_alloc_desc(0);
//   irq_set_chip_and_handler(irq, &my_chip, handle_edge_irq);
//   irq_clear_status_flags(irq, IRQ_NOREQUEST);
//   ...
//   generic_handle_irq(irq);        // in the handler of the line that the chip is on
#pragma once

#include <linux/bottomhalf_pointer.h>
#include <linux/interrupt.h>

#include <linux/irqdesc.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// What is asked of a chip about a line.
enum irqchip_irq_state : int {
    IRQCHIP_STATE_PENDING,
    IRQCHIP_STATE_ACTIVE,
    IRQCHIP_STATE_MASKED,
    IRQCHIP_STATE_LINE_LEVEL
};
/// Its functions are called with the line's lock held and interrupts off, but for the two of the bus.
struct BOTTOMHALF_ALIASES irq_chip {
    const char* name = nullptr;
    unsigned int (*irq_startup)(struct irq_data* data) = nullptr;
    void (*irq_shutdown)(struct irq_data* data) = nullptr;
    void (*irq_enable)(struct irq_data* data) = nullptr;
    void (*irq_disable)(struct irq_data* data) = nullptr;
    void (*irq_ack)(struct irq_data* data) = nullptr;
    void (*irq_mask)(struct irq_data* data) = nullptr;
    void (*irq_mask_ack)(struct irq_data* data) = nullptr;
    void (*irq_unmask)(struct irq_data* data) = nullptr;
    void (*irq_eoi)(struct irq_data* data) = nullptr;
    int (*irq_set_affinity)(struct irq_data* data, const struct cpumask* dest, bool force) = nullptr;
    int (*irq_retrigger)(struct irq_data* data) = nullptr;
    int (*irq_set_type)(struct irq_data* data, unsigned int flow_type) = nullptr;
    int (*irq_set_wake)(struct irq_data* data, unsigned int on) = nullptr;
    void (*irq_bus_lock)(struct irq_data* data) = nullptr;
    void (*irq_bus_sync_unlock)(struct irq_data* data) = nullptr;
    int (*irq_get_irqchip_state)(struct irq_data* data, enum irqchip_irq_state which, bool* state) = nullptr;
    int (*irq_set_irqchip_state)(struct irq_data* data, enum irqchip_irq_state which, bool state) = nullptr;
    unsigned long flags = 0;
};
static_assert(sizeof(irq_chip) == sizeof(irq_chip_ops) &&
              offsetof(irq_chip, irq_set_affinity) == offsetof(irq_chip_ops, set_affinity) &&
              offsetof(irq_chip, irq_bus_sync_unlock) == offsetof(irq_chip_ops, bus_sync_unlock));

enum : unsigned long {
    IRQCHIP_SET_TYPE_MASKED = irq_chip_flag::set_type_masked,
    IRQCHIP_EOI_IF_HANDLED = irq_chip_flag::eoi_if_handled,
    IRQCHIP_MASK_ON_SUSPEND = 1UL << 2,
    IRQCHIP_ONOFFLINE_ENABLED = 1UL << 3,
    IRQCHIP_SKIP_SET_WAKE = irq_chip_flag::skip_set_wake,
    IRQCHIP_ONESHOT_SAFE = irq_chip_flag::oneshot_safe,
    IRQCHIP_IMMUTABLE = 1UL << 11
};
/// What irq_set_type() and irq_set_affinity() of a chip return when they have done it.
enum : int {
    IRQ_SET_MASK_OK = chip_says::ok,
    IRQ_SET_MASK_OK_NOCOPY = chip_says::no_copy,
    IRQ_SET_MASK_OK_DONE = chip_says::done
};
enum : unsigned int {
    IRQ_TYPE_NONE = 0,
    IRQ_TYPE_EDGE_RISING = irq_type::rising,
    IRQ_TYPE_EDGE_FALLING = irq_type::falling,
    IRQ_TYPE_EDGE_BOTH = irq_type::rising | irq_type::falling,
    IRQ_TYPE_LEVEL_HIGH = irq_type::high,
    IRQ_TYPE_LEVEL_LOW = irq_type::low,
    IRQ_TYPE_LEVEL_MASK = irq_type::level,
    IRQ_TYPE_SENSE_MASK = irq_type::sense,
    IRQ_TYPE_PROBE = 0x10,
    IRQ_LEVEL = irq_status::level,
    IRQ_PER_CPU = irq_status::per_cpu,
    IRQ_NOPROBE = irq_status::noprobe,
    IRQ_NOREQUEST = irq_status::norequest,
    IRQ_NOAUTOEN = irq_status::noautoen,
    IRQ_NO_BALANCING = irq_status::no_balancing,
    IRQ_MOVE_PCNTXT = irq_status::move_pcntxt,   // they all move at once
    IRQ_NESTED_THREAD = irq_status::nested_thread,
    IRQ_NOTHREAD = irq_status::nothread,
    IRQ_DISABLE_UNLAZY = irq_status::disable_unlazy
};

// ---- the flows.  Context: hardirq, or interrupts off ------------------------------------------------------------------

namespace impl {
using flows = irq_flow<engine>;
inline irq_chip_ops* ops_of(const irq_chip* c) noexcept {
    return const_cast<irq_chip_ops*>(reinterpret_cast<const irq_chip_ops*>(c));
}
inline irq_chip* chip_of(const irq_data* d) noexcept { return reinterpret_cast<irq_chip*>(d->chip); }
template <class F>
int with_line(unsigned int irq, location at, F f) noexcept {
    auto* c = irqs(at);
    return c != nullptr && c->with(irq, f) ? 0 : -EINVAL;
}
}   // namespace impl

inline void handle_edge_irq(struct irq_desc* desc) noexcept { impl::flows::edge(desc); }
inline void handle_level_irq(struct irq_desc* desc) noexcept { impl::flows::level(desc); }
inline void handle_simple_irq(struct irq_desc* desc) noexcept { impl::flows::simple(desc); }
inline void handle_fasteoi_irq(struct irq_desc* desc) noexcept { impl::flows::fasteoi(desc); }
inline void handle_percpu_irq(struct irq_desc* desc) noexcept { impl::flows::percpu(desc); }
inline void handle_bad_irq(struct irq_desc* desc) noexcept { impl::flows::bad(desc); }

/// Hands the line to its flow.  Context: hardirq.  Return: 0; -EINVAL: no such line.
inline int generic_handle_irq(unsigned int irq, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr ? c->handle(irq) : -EINVAL;
}
/// The same from any context.
inline int generic_handle_irq_safe(unsigned int irq, location at = location::current()) noexcept {
    return generic_handle_irq(irq, at);
}
inline void generic_handle_irq_desc(struct irq_desc* desc) noexcept { irq_line<engine>::of(desc).call_flow(); }
/// In the thread of the line that `irq` is behind: calls the functions for threads of its handlers.  Context: process.
inline void handle_nested_irq(unsigned int irq, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at)) c->handle_nested(irq);
}

// ---- a chip's lines.  Context: process --------------------------------------------------------------------------------

/// Return: the number of a new line, whose handlers nobody may ask for yet; -ENOMEM.
inline int irq_alloc_desc(int /*node*/, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr ? c->alloc() : -ENOMEM;
}
/// Return: the first of `cnt` numbers in a row.  `from` only has to be sensible.
inline int irq_alloc_descs(int irq, unsigned int from, unsigned int cnt, int /*node*/,
                           location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    if (irq >= 0 || from >= max_irqs) return -EINVAL;   // a certain number is not to be had
    return c != nullptr ? c->alloc(cnt) : -ENOMEM;
}
inline void irq_free_descs(unsigned int irq, unsigned int cnt, location at = location::current()) noexcept {
    if (auto* c = impl::irqs(at))
        for (unsigned int i = 0; i < cnt; ++i) c->give_back(irq + i, at);
}
inline void irq_free_desc(unsigned int irq, location at = location::current()) noexcept { irq_free_descs(irq, 1, at); }

/// Return (these): 0; -EINVAL: no such line.
inline int irq_set_chip(unsigned int irq, const struct irq_chip* chip, location at = location::current()) noexcept {
    return impl::with_line(irq, at,
                           [&](irq_line<engine>& d) { irq_controller<engine>::give_chip(d, impl::ops_of(chip)); });
}
inline int irq_set_chip_data(unsigned int irq, void* data, location at = location::current()) noexcept {
    return impl::with_line(irq, at, [&](irq_line<engine>& d) { d.irq_data.chip_data = data; });
}
inline int irq_set_handler_data(unsigned int irq, void* data, location at = location::current()) noexcept {
    return impl::with_line(irq, at, [&](irq_line<engine>& d) { d.irq_common_data.handler_data = data; });
}
namespace impl {
inline void give_flow(unsigned int irq, irq_flow_handler_t handle, bool chained, location at,
                      void* const* data = nullptr, const char* const* name = nullptr) noexcept {
    auto* c = irqs(at);
    if (c == nullptr) return;
    const bool off = handle == nullptr || handle == &handle_bad_irq;
    c->with_chip(irq, [&](irq_line<engine>& d) {
        if (data != nullptr) d.irq_common_data.handler_data = *data;   // before the flow that looks at it
        c->give_flow(d, off ? &handle_bad_irq : handle, off, chained);
        if (name != nullptr) d.name = *name;
    });
}
}   // namespace impl
inline void irq_set_chip_and_handler_name(unsigned int irq, const struct irq_chip* chip, irq_flow_handler_t handle,
                                          const char* name, location at = location::current()) noexcept {
    if (irq_set_chip(irq, chip, at) == 0) impl::give_flow(irq, handle, false, at, nullptr, &name);
}
inline void irq_set_chip_and_handler(unsigned int irq, const struct irq_chip* chip, irq_flow_handler_t handle,
                                     location at = location::current()) noexcept {
    irq_set_chip_and_handler_name(irq, chip, handle, nullptr, at);
}
/// Null, or handle_bad_irq(): the line is masked, and off.
inline void irq_set_handler(unsigned int irq, irq_flow_handler_t handle, location at = location::current()) noexcept {
    impl::give_flow(irq, handle, false, at);
}
/// The line has a flow of its own from now on, which hands out what others are behind it; it is on, and nobody may ask for it.
inline void irq_set_chained_handler_and_data(unsigned int irq, irq_flow_handler_t handle, void* data,
                                             location at = location::current()) noexcept {
    impl::give_flow(irq, handle, true, at, &data);
}
inline void irq_set_chained_handler(unsigned int irq, irq_flow_handler_t handle,
                                    location at = location::current()) noexcept {
    irq_set_chained_handler_and_data(irq, handle, nullptr, at);
}
inline void irq_modify_status(unsigned int irq, unsigned long clr, unsigned long set,
                              location at = location::current()) noexcept {
    impl::with_line(irq, at, [&](irq_line<engine>& d) {
        d.change_status(static_cast<std::uint32_t>(clr), static_cast<std::uint32_t>(set));
        const bool level = (d.status_use_accessors & irq_status::level) != 0;
        const std::uint32_t type = d.status_use_accessors & irq_type::sense;   // none: as it was
        d.irq_data.change(irqd::level | (type != 0 ? irq_type::sense : 0), (level ? irqd::level : 0) | type);
    });
}
inline void irq_set_status_flags(unsigned int irq, unsigned long set, location at = location::current()) noexcept {
    irq_modify_status(irq, 0, set, at);
}
inline void irq_clear_status_flags(unsigned int irq, unsigned long clr, location at = location::current()) noexcept {
    irq_modify_status(irq, clr, 0, at);
}
inline void irq_set_noprobe(unsigned int irq) noexcept { irq_modify_status(irq, 0, IRQ_NOPROBE); }
inline void irq_set_probe(unsigned int irq) noexcept { irq_modify_status(irq, IRQ_NOPROBE, 0); }
inline void irq_set_nothread(unsigned int irq) noexcept { irq_modify_status(irq, 0, IRQ_NOTHREAD); }
inline void irq_set_nested_thread(unsigned int irq, bool nest) noexcept {
    irq_modify_status(irq, nest ? 0U : IRQ_NESTED_THREAD, nest ? IRQ_NESTED_THREAD : 0U);
}
inline int irq_set_parent(int irq, int /*parent*/) noexcept {
    return impl::find_line(static_cast<unsigned>(irq), location::current()) != nullptr ? 0 : -EINVAL;
}
/// How the line is wired.  Return: 0; -EINVAL: no such line; what its chip says.
inline int irq_set_irq_type(unsigned int irq, unsigned int type, location at = location::current()) noexcept {
    auto* c = impl::irqs(at);
    return c != nullptr ? c->set_type(irq, type, at) : -EINVAL;
}
namespace impl {
/// f(const irq_chip&, irq_data*) is to return what the chip says.  Return: that; -EINVAL: no such line, or it has no chip.
template <class F>
int ask_chip(unsigned int irq, location at, F f) noexcept {
    int err = -EINVAL;
    if (auto* c = irqs(at))
        c->with_chip(irq, [&](irq_line<engine>& d) {
            if (const struct irq_chip* chip = chip_of(&d.irq_data)) err = f(*chip, &d.irq_data);
        });
    return err;
}
}   // namespace impl
/// Return: 0; -EINVAL: no such line, or a chip that cannot tell; what it says.
inline int irq_get_irqchip_state(unsigned int irq, enum irqchip_irq_state which, bool* state,
                                 location at = location::current()) noexcept {
    return impl::ask_chip(irq, at, [=](const struct irq_chip& chip, struct irq_data* d) {
        return chip.irq_get_irqchip_state != nullptr ? chip.irq_get_irqchip_state(d, which, state) : -EINVAL;
    });
}
inline int irq_set_irqchip_state(unsigned int irq, enum irqchip_irq_state which, bool state,
                                 location at = location::current()) noexcept {
    return impl::ask_chip(irq, at, [=](const struct irq_chip& chip, struct irq_data* d) {
        return chip.irq_set_irqchip_state != nullptr ? chip.irq_set_irqchip_state(d, which, state) : -EINVAL;
    });
}
/// In irq_set_type() of a chip, whose line's lock is held.
inline void irq_set_handler_locked(struct irq_data* data, irq_flow_handler_t handle) noexcept {
    irq_line<engine>::of(data).set_flow(handle);
}
inline void irqd_set_trigger_type(struct irq_data* d, unsigned int type) noexcept {
    d->change(irq_type::sense, type & irq_type::sense);
}

// ---- what is known of a line ------------------------------------------------------------------------------------------

inline struct irq_data* irq_get_irq_data(unsigned int irq, location at = location::current()) noexcept {
    auto* d = impl::find_line(irq, at);
    return d != nullptr ? &d->irq_data : nullptr;
}
inline struct irq_desc* irq_to_desc(unsigned int irq, location at = location::current()) noexcept {
    return impl::find_line(irq, at);
}
inline struct irq_chip* irq_data_get_irq_chip(struct irq_data* d) noexcept { return impl::chip_of(d); }
inline bottomhalf_pointer irq_data_get_irq_chip_data(struct irq_data* d) noexcept {
    return bottomhalf_pointer(d->chip_data);
}
inline bottomhalf_pointer irq_data_get_irq_handler_data(struct irq_data* d) noexcept {
    return bottomhalf_pointer(d->common->handler_data);
}
inline struct irq_chip* irq_get_chip(unsigned int irq) noexcept {
    struct irq_data* d = irq_get_irq_data(irq);
    return d != nullptr ? impl::chip_of(d) : nullptr;
}
inline bottomhalf_pointer irq_get_chip_data(unsigned int irq) noexcept {
    struct irq_data* d = irq_get_irq_data(irq);
    return bottomhalf_pointer(d != nullptr ? d->chip_data : nullptr);
}
inline bottomhalf_pointer irq_get_handler_data(unsigned int irq) noexcept {
    struct irq_data* d = irq_get_irq_data(irq);
    return bottomhalf_pointer(d != nullptr ? d->common->handler_data : nullptr);
}
inline unsigned int irqd_get_trigger_type(struct irq_data* d) noexcept { return d->state() & irq_type::sense; }
inline unsigned int irq_get_trigger_type(unsigned int irq) noexcept {
    struct irq_data* d = irq_get_irq_data(irq);
    return d != nullptr ? irqd_get_trigger_type(d) : 0;
}
inline unsigned long irqd_to_hwirq(struct irq_data* d) noexcept { return d->hwirq; }
inline bool irqd_irq_disabled(struct irq_data* d) noexcept { return d->is(irqd::disabled); }
inline bool irqd_irq_masked(struct irq_data* d) noexcept { return d->is(irqd::masked); }
inline bool irqd_irq_inprogress(struct irq_data* d) noexcept { return d->is(irqd::in_progress); }
inline bool irqd_is_started(struct irq_data* d) noexcept { return d->is(irqd::started); }
inline bool irqd_is_level_type(struct irq_data* d) noexcept { return d->is(irqd::level); }
inline bool irqd_is_wakeup_set(struct irq_data* d) noexcept { return d->is(irqd::wakeup); }

inline int irq_set_affinity(unsigned int irq, const struct cpumask* cpus, location at) noexcept {
    const unsigned int first = cpumask_first(cpus);
    if (first >= impl::nr_cpus(at)) return -EINVAL;
    int err = 0;
    const int found = impl::with_line(irq, at, [&](irq_line<engine>& d) {
        if (d.soft) return;
        irq_chip* chip = impl::chip_of(&d.irq_data);
        err = chip == nullptr || chip->irq_set_affinity == nullptr ? -EINVAL
                                                                   : chip->irq_set_affinity(&d.irq_data, cpus, false);
    });
    if (found != 0 || err < 0) return found != 0 ? found : err;
    impl::irqs(at)->set_cpu(irq, first);
    return 0;
}
inline int irq_set_irq_wake(unsigned int irq, unsigned int on, location at) noexcept {
    bool unbalanced = false;
    int err = 0;
    auto* c = impl::irqs(at);
    const auto change = [&](irq_line<engine>& d) {
        const irq_chip* chip = impl::chip_of(&d.irq_data);
        unbalanced = on == 0 && d.wake_depth == 0;
        const bool changes = on != 0 ? d.wake_depth == 0 : d.wake_depth == 1;
        if (changes && !d.soft && chip != nullptr && (chip->flags & IRQCHIP_SKIP_SET_WAKE) == 0)
            err = chip->irq_set_wake != nullptr ? chip->irq_set_wake(&d.irq_data, on) : -ENXIO;
        if (unbalanced || err != 0) return;
        if (on != 0)
            ++d.wake_depth;
        else
            --d.wake_depth;
        d.irq_data.change(irqd::wakeup, d.wake_depth != 0 ? irqd::wakeup : 0);
    };
    const bool found = c != nullptr && c->with_chip(irq, change);
    if (unbalanced)
        bottomhalf::detail::say(channel::kernel, severity::warn, "irq_set_irq_wake", at,
                                "Unbalanced IRQ %u wake disable", irq);
    return found ? err : -EINVAL;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::generic_handle_irq;
using bottomhalf::linux6::generic_handle_irq_desc;
using bottomhalf::linux6::generic_handle_irq_safe;
using bottomhalf::linux6::handle_bad_irq;
using bottomhalf::linux6::handle_edge_irq;
using bottomhalf::linux6::handle_fasteoi_irq;
using bottomhalf::linux6::handle_level_irq;
using bottomhalf::linux6::handle_nested_irq;
using bottomhalf::linux6::handle_percpu_irq;
using bottomhalf::linux6::handle_simple_irq;
using bottomhalf::linux6::irq_alloc_desc;
using bottomhalf::linux6::irq_alloc_descs;
using bottomhalf::linux6::irq_chip;
using bottomhalf::linux6::irq_clear_status_flags;
using bottomhalf::linux6::irq_data_get_irq_chip;
using bottomhalf::linux6::irq_data_get_irq_chip_data;
using bottomhalf::linux6::irq_data_get_irq_handler_data;
using bottomhalf::linux6::IRQ_DISABLE_UNLAZY;
using bottomhalf::linux6::irq_free_desc;
using bottomhalf::linux6::irq_free_descs;
using bottomhalf::linux6::irq_get_chip;
using bottomhalf::linux6::irq_get_chip_data;
using bottomhalf::linux6::irq_get_handler_data;
using bottomhalf::linux6::irq_get_irq_data;
using bottomhalf::linux6::irq_get_irqchip_state;
using bottomhalf::linux6::irq_set_irqchip_state;
using bottomhalf::linux6::irqchip_irq_state;
using bottomhalf::linux6::IRQCHIP_STATE_ACTIVE;
using bottomhalf::linux6::IRQCHIP_STATE_LINE_LEVEL;
using bottomhalf::linux6::IRQCHIP_STATE_MASKED;
using bottomhalf::linux6::IRQCHIP_STATE_PENDING;
using bottomhalf::linux6::irq_get_trigger_type;
using bottomhalf::linux6::IRQ_LEVEL;
using bottomhalf::linux6::irq_modify_status;
using bottomhalf::linux6::IRQ_MOVE_PCNTXT;
using bottomhalf::linux6::IRQ_NESTED_THREAD;
using bottomhalf::linux6::IRQ_NO_BALANCING;
using bottomhalf::linux6::IRQ_NOAUTOEN;
using bottomhalf::linux6::IRQ_NOPROBE;
using bottomhalf::linux6::IRQ_NOREQUEST;
using bottomhalf::linux6::IRQ_NOTHREAD;
using bottomhalf::linux6::IRQ_PER_CPU;
using bottomhalf::linux6::irq_set_chained_handler;
using bottomhalf::linux6::irq_set_chained_handler_and_data;
using bottomhalf::linux6::irq_set_chip;
using bottomhalf::linux6::irq_set_chip_and_handler;
using bottomhalf::linux6::irq_set_chip_and_handler_name;
using bottomhalf::linux6::irq_set_chip_data;
using bottomhalf::linux6::irq_set_handler;
using bottomhalf::linux6::irq_set_handler_data;
using bottomhalf::linux6::irq_set_handler_locked;
using bottomhalf::linux6::irq_set_irq_type;
using bottomhalf::linux6::irq_set_nested_thread;
using bottomhalf::linux6::irq_set_noprobe;
using bottomhalf::linux6::irq_set_nothread;
using bottomhalf::linux6::irq_set_parent;
using bottomhalf::linux6::irq_set_probe;
using bottomhalf::linux6::irq_set_status_flags;
using bottomhalf::linux6::irq_to_desc;
using bottomhalf::linux6::IRQ_SET_MASK_OK;
using bottomhalf::linux6::IRQ_SET_MASK_OK_DONE;
using bottomhalf::linux6::IRQ_SET_MASK_OK_NOCOPY;
using bottomhalf::linux6::IRQ_TYPE_EDGE_BOTH;
using bottomhalf::linux6::IRQ_TYPE_EDGE_FALLING;
using bottomhalf::linux6::IRQ_TYPE_EDGE_RISING;
using bottomhalf::linux6::IRQ_TYPE_LEVEL_HIGH;
using bottomhalf::linux6::IRQ_TYPE_LEVEL_LOW;
using bottomhalf::linux6::IRQ_TYPE_LEVEL_MASK;
using bottomhalf::linux6::IRQ_TYPE_NONE;
using bottomhalf::linux6::IRQ_TYPE_PROBE;
using bottomhalf::linux6::IRQ_TYPE_SENSE_MASK;
using bottomhalf::linux6::IRQCHIP_EOI_IF_HANDLED;
using bottomhalf::linux6::IRQCHIP_IMMUTABLE;
using bottomhalf::linux6::IRQCHIP_MASK_ON_SUSPEND;
using bottomhalf::linux6::IRQCHIP_ONESHOT_SAFE;
using bottomhalf::linux6::IRQCHIP_ONOFFLINE_ENABLED;
using bottomhalf::linux6::IRQCHIP_SET_TYPE_MASKED;
using bottomhalf::linux6::IRQCHIP_SKIP_SET_WAKE;
using bottomhalf::linux6::irqd_get_trigger_type;
using bottomhalf::linux6::irqd_irq_disabled;
using bottomhalf::linux6::irqd_irq_inprogress;
using bottomhalf::linux6::irqd_irq_masked;
using bottomhalf::linux6::irqd_is_level_type;
using bottomhalf::linux6::irqd_is_started;
using bottomhalf::linux6::irqd_is_wakeup_set;
using bottomhalf::linux6::irqd_set_trigger_type;
using bottomhalf::linux6::irqd_to_hwirq;
