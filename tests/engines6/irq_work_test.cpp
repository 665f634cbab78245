// SPDX-License-Identifier: MIT
// <linux/irq_work.h>, on either engine.
#include "support/facade.hpp"

#include <atomic>

#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

struct counting {
    struct irq_work work;
    int data, seen;   // plain: ThreadSanitizer looks
    std::atomic<int> runs;
};
void count(struct irq_work* w) {
    counting* c = container_of(w, counting, work);
    c->seen = c->data;
    ++c->runs;
}

}   // namespace

TEST_CASE("irq_work: runs once for several queues, and once more if it is queued by then", "[linux6][irq_work]") {
    on_this_engine([] {
        counting c{};
        init_irq_work(&c.work, count);
        local_irq_disable();
        CHECK(irq_work_queue(&c.work));
        CHECK_FALSE(irq_work_queue(&c.work));
        CHECK(irq_work_is_pending(&c.work));
        CHECK(c.runs == 0);
        local_irq_enable();
        irq_work_sync(&c.work);
        CHECK(c.runs == 1);
        CHECK_FALSE(irq_work_is_pending(&c.work));
        CHECK_FALSE(irq_work_is_busy(&c.work));
        CHECK(irq_work_queue(&c.work));
        irq_work_sync(&c.work);
        CHECK(c.runs == 2);
    });
}

TEST_CASE("irq_work: the run that is to come sees what was done before a call that found it pending",
          "[linux6][irq_work]") {
    on_this_engine([] {
        counting c{};
        init_irq_work(&c.work, count);
        irq_work_queue(&c.work);   // who takes interrupts is hired now, and not by the other
        irq_work_sync(&c.work);
        std::atomic<int> queued{0};   // relaxed: orders nothing
        local_irq_disable();
        irq_work_queue(&c.work);
        auto other = call<engine>([&] {
            c.data = 7;
            if (!irq_work_queue(&c.work)) queued.store(1, std::memory_order_relaxed);
        });
        for (unsigned round = 0; queued.load(std::memory_order_relaxed) == 0; ++round) engine::relax(round);
        CHECK(c.runs == 1);
        local_irq_enable();
        irq_work_sync(&c.work);
        CHECK(c.runs == 2);
        CHECK(c.seen == 7);
        other.join();
    });
}

TEST_CASE("irq_work_sync: waits for the function, and what that did is visible", "[linux6][irq_work]") {
    on_this_engine([] {
        for (int i = 0; i < 20; ++i) {
            counting c{};
            c.data = i;
            init_irq_work(&c.work, count);
            irq_work_queue(&c.work);
            irq_work_sync(&c.work);
            CHECK(c.seen == i);
        }
        counting c{};
        init_irq_work(&c.work, count);
        preempt_disable();
        irq_work_sync(&c.work);
        preempt_enable();
        CHECK(reports::take("irq_work_sync: sleeping function called from invalid context"));
    });
}

// In the simulator each world is new; on threads somebody may have been first before us.
TEST_CASE("irq_work: the first of all, queued where nobody may wait, is called too", "[linux6][irq_work]") {
    on_this_engine([] {
        counting c{};
        init_irq_work(&c.work, count);
        local_bh_disable();
        CHECK(irq_work_queue(&c.work));
        wait_until<engine>([&] { return c.runs == 1; });
        local_bh_enable();
        irq_work_sync(&c.work);
    });
}

TEST_CASE("irq_work: the first of all waits for interrupts that have been off since before", "[linux6][irq_work]") {
    on_this_engine([] {
        counting c{};
        init_irq_work(&c.work, count);
        local_irq_disable();
        CHECK(irq_work_queue(&c.work));
        for (int i = 0; i < 1000; ++i) engine::relax(0);
        CHECK(c.runs == 0);
        local_irq_enable();
        wait_until<engine>([&] { return c.runs == 1; });
        irq_work_sync(&c.work);
    });
}

TEST_CASE("irq_work: those that wait are called youngest first, as in the kernel", "[linux6][irq_work]") {
    on_this_engine([] {
        static int order[4], n;   // plain: one at a time
        struct numbered {
            struct irq_work work;
            int id;
        } w[4]{};
        n = 0;
        local_irq_disable();
        for (int i = 0; i < 4; ++i) {
            init_irq_work(&w[i].work, [](struct irq_work* me) { order[n++] = container_of(me, numbered, work)->id; });
            w[i].id = i;
            irq_work_queue(&w[i].work);
        }
        local_irq_enable();
        for (auto& each : w) irq_work_sync(&each.work);
        REQUIRE(n == 4);
        for (int i = 0; i < 4; ++i) CHECK(order[i] == 3 - i);
    });
}

TEST_CASE("irq_work: two threads queue for one CPU, and each run sees its own", "[linux6][irq_work][stress]") {
    on_this_engine([] {
        constexpr int rounds = engine::simulated ? 20 : 2000;
        const auto queue = [](int& wrong) {
            counting c{};
            init_irq_work(&c.work, count);
            for (int i = 1; i <= rounds; ++i) {
                c.data = i;
                if (!irq_work_queue_on(&c.work, 0)) ++wrong;
                wait_until<engine>([&] { return c.runs == i; });
                if (c.seen != i) ++wrong;
                irq_work_sync(&c.work);
            }
        };
        int wrong[2] = {};
        auto other = call<engine>([&] { queue(wrong[0]); });
        queue(wrong[1]);
        other.join();
        CHECK(wrong[0] == 0);
        CHECK(wrong[1] == 0);
    });
}
