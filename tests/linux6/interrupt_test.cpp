// SPDX-License-Identifier: MIT
// <linux/interrupt.h> of today, as far as it goes: a top half that defers the rest to a work item.
#include "linux6/support.hpp"
#include "support/reports.hpp"

#include <pthread.h>
#include <csignal>

#include <bottomhalf/interface.hpp>

#include <linux/atomic.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/timer.h>

namespace {

struct device {
    atomic_t interrupts;
    bool hardirq, irqs_off, task;
    struct work_struct work;
    struct completion done;
};

irqreturn_t top_half(int, void* dev_id) {
    auto* d = static_cast<device*>(dev_id);
    atomic_inc(&d->interrupts);
    d->hardirq = in_hardirq();
    d->irqs_off = irqs_disabled();
    schedule_work(&d->work);
    return IRQ_HANDLED;
}
void bottom_half(struct work_struct* w) {
    device* d = container_of(w, device, work);
    d->task = in_task();
    complete(&d->done);
}

int stranger;   // another dev_id

}   // namespace

TEST_CASE("request_irq: a raised line runs its top half, and that may queue work", "[linux6][irq]") {
    static device d{};
    INIT_WORK(&d.work, bottom_half);
    init_completion(&d.done);
    REQUIRE(request_irq(5, top_half, 0, "test", &d) == 0);
    CHECK(request_irq(5, top_half, 0, "taken", &stranger) == -EBUSY);
    CHECK(request_irq(6, nullptr, 0, "nothing", &d) == -EINVAL);
    CHECK(request_irq(6, top_half, IRQF_SHARED, "whose?", nullptr) == -EINVAL);
    CHECK(request_irq(IRQ_NOTCONNECTED, top_half, 0, "where?", &d) == -ENOTCONN);
    for (int i = 1; i <= 3; ++i) {
        bottomhalf::raise_irq(5);
        wait_for_completion(&d.done);
        CHECK(atomic_read(&d.interrupts) == i);
    }
    disable_irq(5);
    bottomhalf::raise_irq(5);
    enable_irq(5);   // what came meanwhile is not lost
    wait_for_completion(&d.done);
    free_irq(5, &d);
    CHECK(atomic_read(&d.interrupts) == 4);
    CHECK(d.hardirq);
    CHECK(d.irqs_off);
    CHECK(d.task);
    cancel_work_sync(&d.work);

    const ear listener;
    free_irq(5, &d);
    CHECK(ear::has("free_irq"));
}

TEST_CASE("jiffies: move for a signal handler of the program's own that waits for them, on a thread that sleeps",
          "[linux6][jiffies]") {
    static struct waiting {
        struct completion served;
        struct timer_list device;
        pthread_t sleeper;
        unsigned long ticks;
    } w;
    init_completion(&w.served);
    w.sleeper = ::pthread_self();
    const auto before = std::signal(SIGUSR1, [](int) {
        const unsigned long begin = jiffies;
        while (time_before(jiffies, begin + 20)) {}   // more ticks than it takes the tick to rest
        w.ticks = jiffies - begin;
        complete(&w.served);
    });
    timer_setup(
        &w.device, [](struct timer_list*) { ::pthread_kill(w.sleeper, SIGUSR1); }, 0);
    for (int i = 0; i < 3; ++i) {
        mod_timer(&w.device, jiffies + 20);
        wait_for_completion(&w.served);
        CHECK(w.ticks >= 20);
    }
    timer_delete_sync(&w.device);
    std::signal(SIGUSR1, before);
}

TEST_CASE("disable_irq, synchronize_irq: in the line's own top half they say so, and do not wait", "[linux6][irq]") {
    static struct completion done;
    init_completion(&done);
    const support::reports listener;   // heard in a top half, where nothing may be allocated
    REQUIRE(request_irq(
                7,
                [](int irq, void*) {
                    disable_irq(static_cast<unsigned int>(irq));
                    synchronize_irq(static_cast<unsigned int>(irq));
                    complete(&done);
                    return IRQ_HANDLED;
                },
                0, "own", &stranger) == 0);
    bottomhalf::raise_irq(7);
    wait_for_completion(&done);
    enable_irq(7);
    free_irq(7, &stranger);
    CHECK(support::reports::take("disable_irq: called in a top half"));
    CHECK(support::reports::take("synchronize_irq: called in a top half"));
}
