// SPDX-License-Identifier: MIT
// <linux/interrupt.h>: softirqs of one's own, on either engine.
#include "support/facade.hpp"

#include <atomic>

#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {
std::atomic<int> runs, serving;
void run() {
    serving = in_serving_softirq() != 0;
    ++runs;
}
}   // namespace

TEST_CASE("raise_softirq: a vector of one's own runs in softirq context, as soon as it may", "[linux6][softirq]") {
    on_this_engine([] {
        runs = serving = 0;
        open_softirq(NET_RX_SOFTIRQ, run);
        local_bh_disable();
        raise_softirq(NET_RX_SOFTIRQ);
        raise_softirq(NET_RX_SOFTIRQ);
        CHECK(runs == 0);
        local_bh_enable();
        wait_until<engine>([] { return runs == 1; });
        CHECK(serving == 1);
        local_irq_disable();
        raise_softirq_irqoff(NET_RX_SOFTIRQ);
        local_irq_enable();
        wait_until<engine>([] { return runs == 2; });
    });
}

TEST_CASE("raise_softirq: what is not there is reported, and raises nothing", "[linux6][softirq][report]") {
    on_this_engine([] {
        runs = 0;
        open_softirq(NR_SOFTIRQS, run);
        open_softirq(TASKLET_SOFTIRQ, run);
        CHECK(reports::take_all("is not there, or belongs to the tasklets") == 2);
        raise_softirq(NR_SOFTIRQS);
        open_softirq(NET_TX_SOFTIRQ, run);
        raise_softirq_irqoff(NET_TX_SOFTIRQ);
        CHECK(reports::take("lockdep_assert_irqs_disabled"));
        wait_until<engine>([] { return runs == 1; });
    });
}
