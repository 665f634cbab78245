// SPDX-License-Identifier: MIT
// <linux/irq_poll.h>, on either engine: a device is polled until it is quiet, a few events at a time, in its turn.
#include "support/facade.hpp"

#include <atomic>
#include <string>

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/irq_poll.h>

namespace kernel = bottomhalf::linux6;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

std::string story;   // plain: one CPU's softirq
struct card {
    struct irq_poll iop;
    char name;
    std::atomic<int> waiting;   // events
    int polls, wrong;
    struct completion quiet;
};
int poll(struct irq_poll* iop, int budget) {
    card* c = container_of(iop, card, iop);
    ++c->polls;
    if (in_serving_softirq() == 0) ++c->wrong;
    story += c->name;
    const int done = c->waiting < budget ? c->waiting.load() : budget;
    c->waiting -= done;
    if (done < budget) {
        irq_poll_complete(iop);
        if (irqs_disabled()) ++c->wrong;   // they were on
        complete(&c->quiet);
    }
    return done;
}
void set_up(card& c, char name, int weight) {
    irq_poll_init(&c.iop, weight, poll);
    c.name = name;
    c.waiting = 0;
    c.polls = c.wrong = 0;
    init_completion(&c.quiet);
}
irqreturn_t top_half(int, void* data) {
    irq_poll_sched(&static_cast<card*>(data)->iop);
    return IRQ_HANDLED;
}

}   // namespace

TEST_CASE("irq_poll: polled in a softirq until it uses less than its budget; once if scheduled twice",
          "[linux6][irq_poll]") {
    on_this_engine([] {
        story.clear();
        card c;
        set_up(c, 'a', 4);
        c.waiting = 10;
        local_irq_disable();
        irq_poll_sched(&c.iop);
        irq_poll_sched(&c.iop);
        CHECK(c.polls == 0);
        local_irq_enable();
        wait_for_completion(&c.quiet);
        CHECK((c.polls == 3 && c.waiting == 0 && c.wrong == 0));
        REQUIRE(request_irq(6, top_half, 0, "card", &c) == 0);
        c.waiting = 1;
        kernel::raise_irq(6);
        wait_for_completion(&c.quiet);
        free_irq(6, &c);
        CHECK((c.polls == 4 && c.waiting == 0));
        irq_poll_disable(&c.iop);
    });
}

TEST_CASE("irq_poll: devices of a CPU take turns", "[linux6][irq_poll]") {
    on_this_engine([] {
        story.clear();
        card a, b;
        set_up(a, 'a', 4);
        set_up(b, 'b', 2);
        a.waiting = 8;
        b.waiting = 4;
        local_irq_disable();
        irq_poll_sched(&a.iop);
        irq_poll_sched(&b.iop);
        local_irq_enable();
        wait_for_completion(&a.quiet);
        wait_for_completion(&b.quiet);
        CHECK(story == "ababab");
        a.waiting = 2000;   // more than a run of the softirq takes
        irq_poll_sched(&a.iop);
        wait_for_completion(&a.quiet);
        CHECK(a.polls == 3 + 501);
        irq_poll_disable(&a.iop);
        irq_poll_disable(&b.iop);
    });
}

TEST_CASE("irq_poll_disable: neither polled nor scheduled on return, until it is enabled", "[linux6][irq_poll]") {
    on_this_engine([] {
        card c;
        set_up(c, 'a', 1);
        c.waiting = 1 << 30;   // never quiet
        irq_poll_sched(&c.iop);
        wait_until<engine>([&] { return c.waiting < 1 << 30; });
        irq_poll_disable(&c.iop);
        const int polls = c.polls, waiting = c.waiting;
        c.waiting = 0;
        irq_poll_sched(&c.iop);
        local_bh_disable();
        local_bh_enable();   // what is pending runs
        CHECK((c.polls == polls && waiting > 0));
        irq_poll_enable(&c.iop);
        irq_poll_sched(&c.iop);
        wait_for_completion(&c.quiet);
        CHECK(c.polls == polls + 1);
        irq_poll_disable(&c.iop);
        irq_poll_enable(&c.iop);
        irq_poll_enable(&c.iop);
        CHECK(reports::take("irq_poll_enable"));
    });
}
