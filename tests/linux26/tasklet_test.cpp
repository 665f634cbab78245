// SPDX-License-Identifier: MIT
//
// <linux/interrupt.h>: tasklets with an argument, softirqs of one's own, and what they may do.
#include "linux26/support.hpp"

#include <linux/completion.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

using bottomhalf::linux26::raise_irq;
using support::counter;
using support::reports;

namespace {

counter runs;
unsigned long seen;
int in_softirq_then, in_irq_then;
void note(unsigned long data) {
    seen = data;
    in_softirq_then = in_softirq() != 0;
    in_irq_then = in_irq() != 0;
    runs.hit();
}
DECLARE_TASKLET(by_macro, note, 7);
DECLARE_TASKLET_DISABLED(disabled, note, 8);

work_struct work;
counter works;

}   // namespace

TEST_CASE("tasklets: their argument, their context, once for several schedules", "[tasklet]") {
    const int before = runs.get();
    local_bh_disable();
    tasklet_schedule(&by_macro);
    tasklet_schedule(&by_macro);
    CHECK(runs.get() == before);
    local_bh_enable();
    CHECK(runs.get() == before + 1);
    CHECK(seen == 7);
    CHECK(in_softirq_then);
    CHECK_FALSE(in_irq_then);
    tasklet_schedule(&by_macro);   // nobody has bottom halves off: ksoftirqd/N
    runs.wait_for(before + 2);
    tasklet_kill(&by_macro);
    tasklet_schedule(&disabled);
    tasklet_hi_schedule(&by_macro);
    runs.wait_for(before + 3);
    CHECK(seen == 7);
    tasklet_enable(&disabled);
    runs.wait_for(before + 4);
    CHECK(seen == 8);
    tasklet_kill(&disabled);
    tasklet_kill(&by_macro);
}

TEST_CASE("a top half that schedules a tasklet, that schedules work", "[tasklet][interrupt]") {
    static tasklet_struct t;
    INIT_WORK(
        &work, [](void*) { works.hit(); }, nullptr);
    tasklet_init(
        &t, [](unsigned long w) { schedule_work(reinterpret_cast<work_struct*>(w)); },
        reinterpret_cast<unsigned long>(&work));
    static int device;
    REQUIRE(request_irq(
                9,
                [](int, void*, struct pt_regs*) -> irqreturn_t {
                    tasklet_schedule(&t);
                    return IRQ_HANDLED;
                },
                SA_SHIRQ, "device", &device) == 0);
    for (int i = 1; i <= 50; ++i) {
        REQUIRE(raise_irq(9));
        works.wait_for(i);
        flush_scheduled_work();
    }
    free_irq(9, &device);
    tasklet_kill(&t);
}

TEST_CASE("get_cpu: the caller stays where it is until put_cpu", "[smp]") {
    const unsigned int cpu = get_cpu();
    CHECK(in_atomic());
    CHECK(cpu == smp_processor_id());
    put_cpu();
    CHECK_FALSE(in_atomic());
}

TEST_CASE("open_softirq: a vector of one's own, with its data", "[softirq]") {
    static int data;
    open_softirq(
        NET_RX_SOFTIRQ, [](softirq_action* a) { *static_cast<int*>(a->data) += in_softirq() ? 1 : 100; }, &data);
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    raise_softirq(NET_RX_SOFTIRQ);
    CHECK(data == 0);
    local_bh_enable();
    CHECK(data == 1);
    const reports listening;
    open_softirq(TASKLET_SOFTIRQ, nullptr, nullptr);
    CHECK(reports::with("belongs to the tasklets") == 1);
}

TEST_CASE("tasklet_kill in interrupt is reported", "[tasklet][report]") {
    static tasklet_struct t, other;
    static bool killed;
    tasklet_init(&other, note, 0);
    tasklet_init(
        &t, [](unsigned long) { tasklet_kill(&other), killed = true; }, 0);
    const reports listening;
    local_bh_disable();
    tasklet_schedule(&t);
    local_bh_enable();
    CHECK(killed);
    CHECK(reports::with("Attempt to kill tasklet from interrupt") == 1);
}
