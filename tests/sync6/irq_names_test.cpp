// SPDX-License-Identifier: MIT
//
// <linux/irq.h>, <linux/interrupt.h>: what a line is told and asked beyond what a flow is about: flags of a line and of a
// request, types, numbers, and older forms.
#include "support/facade.hpp"

#include <atomic>
#include <string>

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq.h>

using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

std::string said;
std::atomic<int> calls, masked;
unsigned int type_set, cpu_set;
int set_type(struct irq_data* d, unsigned int type) {
    type_set = type;
    irqd_set_trigger_type(d, type);
    return 0;
}
int set_affinity(struct irq_data*, const struct cpumask* cpus, bool) {
    cpu_set = cpumask_first(cpus);
    return 0;
}
struct irq_chip make_chip() {
    struct irq_chip c = {};
    c.name = "chip";
    c.irq_ack = [](struct irq_data*) { said += 'a'; };
    c.irq_mask = [](struct irq_data*) { said += 'm'; };
    c.irq_unmask = [](struct irq_data*) { said += 'u'; };
    c.irq_set_type = set_type;
    c.irq_set_affinity = set_affinity;
    c.irq_set_wake = [](struct irq_data*, unsigned int on) {
        said += on != 0 ? 'W' : 'w';
        return 0;
    };
    c.flags = IRQCHIP_IMMUTABLE;
    return c;
}
const struct irq_chip chip = make_chip();
int mine;   // a chip's data, and a dev_id
irqreturn_t count(int, void*) {
    ++calls;
    masked = irqs_disabled() ? 1 : 0;
    return IRQ_HANDLED;
}
void interrupt(unsigned int irq) {
    local_irq_disable();
    generic_handle_irq(irq);
    local_irq_enable();
}
struct line {
    unsigned int irq;
    line() : irq(static_cast<unsigned int>(irq_alloc_desc(0))) {
        CHECK(irq_set_chip(irq, &chip) == 0);
        irq_set_handler(irq, handle_edge_irq);
        irq_set_chip_data(irq, &mine);
        irq_clear_status_flags(irq, IRQ_NOREQUEST);
        said.clear();
        calls = masked = 0;
    }
    ~line() { irq_free_desc(irq); }
    line(const line&) = delete;
    line& operator=(const line&) = delete;
};

}   // namespace

TEST_CASE("a line's chip, data, number and parent", "[irq][chip]") {
    on_this_engine([] {
        line l;
        struct irq_data* d = irq_get_irq_data(l.irq);
        CHECK(irq_data_get_irq_chip(d) == &chip);
        int* data = irq_data_get_irq_chip_data(d);   // as C assigns it
        CHECK(data == &mine);
        d->hwirq = 12;
        CHECK(irqd_to_hwirq(d) == 12);
        CHECK(irq_set_parent(static_cast<int>(l.irq), 5) == 0);
        CHECK(irq_set_parent(5000, 5) == -EINVAL);
        CHECK(irq_set_chip(5000, &chip) == -EINVAL);
        CHECK((irq_data_get_irq_chip(d)->flags & IRQCHIP_IMMUTABLE) != 0);
    });
}

TEST_CASE("a line's type: by itself, and by who asks for it", "[irq][chip]") {
    on_this_engine([] {
        line l;
        struct irq_data* d = irq_get_irq_data(l.irq);
        CHECK(irq_set_irq_type(l.irq, IRQ_TYPE_EDGE_BOTH) == 0);
        CHECK((type_set == IRQ_TYPE_EDGE_BOTH && irqd_get_trigger_type(d) == IRQ_TYPE_EDGE_BOTH));
        REQUIRE(request_irq(l.irq, count, IRQF_TRIGGER_FALLING, "falling", &mine) == 0);
        CHECK((irqd_get_trigger_type(d) & IRQF_TRIGGER_MASK) == IRQ_TYPE_EDGE_FALLING);
        free_irq(l.irq, &mine);
        REQUIRE(request_irq(l.irq, count, IRQF_TRIGGER_NONE, "as it is", &mine) == 0);
        CHECK(irqd_get_trigger_type(d) == IRQ_TYPE_EDGE_FALLING);
        free_irq(l.irq, &mine);
        irqd_set_trigger_type(d, IRQ_TYPE_NONE);
        CHECK(irq_get_trigger_type(l.irq) == IRQ_TYPE_NONE);
    });
}

TEST_CASE("a line that stays off when it is asked for; one that is off at once", "[irq][chip]") {
    on_this_engine([] {
        line l;
        irq_set_status_flags(l.irq, IRQ_NOAUTOEN | IRQ_NO_BALANCING);
        irq_set_noprobe(l.irq);
        REQUIRE(request_irq(l.irq, count, IRQF_NO_THREAD | IRQF_NOBALANCING, "late", &mine) == 0);
        CHECK(said.empty());
        CHECK(irqd_irq_disabled(irq_get_irq_data(l.irq)));
        enable_irq(l.irq);
        CHECK(said == "u");
        interrupt(l.irq);
        CHECK((calls == 1 && masked == 1));   // not in a thread
        said.clear();
        disable_irq(l.irq);
        CHECK(said.empty());   // only if another one comes
        enable_irq(l.irq);
        said.clear();
        irq_set_status_flags(l.irq, IRQ_DISABLE_UNLAZY);
        disable_irq(l.irq);
        CHECK(said == "m");
        enable_irq(l.irq);
        free_irq(l.irq, &mine);
    });
}

TEST_CASE("a line that wakes the system, and where it goes", "[irq][chip]") {
    on_this_engine([] {
        line l;
        REQUIRE(request_irq(l.irq, count, 0, "wake", &mine) == 0);
        said.clear();
        CHECK(irq_set_irq_wake(l.irq, 1) == 0);
        CHECK(irq_set_irq_wake(l.irq, 1) == 0);
        CHECK(irqd_is_wakeup_set(irq_get_irq_data(l.irq)));
        CHECK(irq_set_irq_wake(l.irq, 0) == 0);
        CHECK(irq_set_irq_wake(l.irq, 0) == 0);
        CHECK(said == "Ww");
        cpu_set = 99;
        CHECK(irq_set_affinity_and_hint(l.irq, cpumask_of(1)) == 0);
        CHECK(cpu_set == 1);
        CHECK(irq_set_affinity_and_hint(l.irq, nullptr) == 0);
        free_irq(l.irq, &mine);
    });
}

namespace {
std::atomic<int> runs;
void old(unsigned long data) { runs += static_cast<int>(data) + 1; }
DECLARE_TASKLET_OLD(old_tasklet, old);
}   // namespace

TEST_CASE("tasklets: of the older form; disabled where one may not sleep, and without waiting", "[irq][tasklet]") {
    on_this_engine([] {
        runs = 0;
        tasklet_schedule(&old_tasklet);
        wait_until<engine>([] { return runs == 1; });
        preempt_disable();
        tasklet_disable_in_atomic(&old_tasklet);
        preempt_enable();
        tasklet_schedule(&old_tasklet);
        tasklet_disable_nosync(&old_tasklet);
        local_bh_disable();
        local_bh_enable();
        CHECK(runs == 1);
        tasklet_enable(&old_tasklet);
        tasklet_enable(&old_tasklet);
        wait_until<engine>([] { return runs == 2; });
        tasklet_kill(&old_tasklet);
    });
}
