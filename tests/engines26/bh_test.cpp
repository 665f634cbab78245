// SPDX-License-Identifier: MIT
//
// BHs and task queues: the bottom halves before work queues.
#include "support/facade.hpp"

#include <atomic>
#include <vector>

#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/smp.h>
#include <linux/tqueue.h>
#include <linux/workqueue.h>

using bottomhalf::linux26::raise_irq;
using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

std::atomic<int> runs, inside, overlaps, softirqs, cpus_seen;

/// What each BH of the contest does: it is alone in the whole system.
void alone() {
    if (inside.fetch_add(1) != 0) ++overlaps;
    if (in_softirq() != 0 && in_irq() == 0) ++softirqs;
    cpus_seen |= 1 << smp_processor_id();
    for (int i = 0; i < 5; ++i) engine::step();   // the simulator's chance
    inside.fetch_sub(1);
    ++runs;
}
void forget() { runs = inside = overlaps = softirqs = cpus_seen = 0; }

constexpr int numbers[] = {SERIAL_BH, SCSI_BH, JS_BH, 31};   // one for each CPU

/// A task that writes down that it ran.
struct note {
    tq_struct task;
    int nr;
    std::vector<int>* log;
    task_queue* again = nullptr;   // where it queues itself, once

    note(int n, std::vector<int>& l) : nr(n), log(&l) { INIT_TQUEUE(&task, &note::run, this); }
    static void run(void* data) {
        auto* me = static_cast<note*>(data);
        me->log->push_back(me->nr);
        if (me->again == nullptr) return;
        task_queue* q = me->again;
        me->again = nullptr;
        queue_task(&me->task, q);
    }
};

}   // namespace

TEST_CASE("BHs: one at a time in the whole system, whatever its number and its CPU", "[bh]") {
    on_this_engine([] {
        forget();
        for (int nr : numbers) init_bh(nr, alone);
        constexpr int rounds = 20;
        for (int i = 0; i < rounds; ++i) {
            const int before = runs;
            schedule_on_each_cpu([](void*) { mark_bh(numbers[smp_processor_id()]); }, nullptr);
            wait_until<engine>([&] { return runs == before + 4; });
        }
        for (int nr : numbers) remove_bh(nr);
        CHECK(overlaps == 0);
        CHECK(runs == 4 * rounds);
        CHECK(softirqs == runs);
        CHECK(cpus_seen == 0xf);   // they did come on several
    });
}

TEST_CASE("mark_bh: once for several marks, and again while it runs", "[bh]") {
    on_this_engine([] {
        forget();
        init_bh(SERIAL_BH, alone);
        local_bh_disable();
        mark_bh(SERIAL_BH);
        mark_bh(SERIAL_BH);
        CHECK(runs == 0);
        local_bh_enable();
        wait_until<engine>([] { return runs == 1; });
        static std::atomic<bool> again;
        again = true;
        init_bh(SERIAL_BH, [] {
            if (again.exchange(false)) mark_bh(SERIAL_BH);   // its own
            alone();
        });
        mark_bh(SERIAL_BH);
        wait_until<engine>([] { return runs == 3; });
        mark_bh(SERIAL_BH);
        remove_bh(SERIAL_BH);   // it has run by then
        CHECK(runs == 4);
        mark_bh(SERIAL_BH);
        CHECK(reports::take("mark_bh: BH 3 has no function"));
        mark_bh(32);
        CHECK(reports::take("mark_bh: there is no BH 32"));
        init_bh(-1, alone);
        CHECK(reports::take("init_bh: there is no BH -1"));
        CHECK(runs == 4);
    });
}

TEST_CASE("a top half queues a task on tq_immediate, and marks IMMEDIATE_BH", "[bh][tqueue]") {
    on_this_engine([] {
        static tq_struct task;
        static std::atomic<int> ran, in_bh;
        ran = in_bh = 0;
        INIT_TQUEUE(
            &task,
            [](void*) {
                in_bh = in_softirq() != 0 && in_irq() == 0;
                ++ran;
            },
            nullptr);
        static int device;
        REQUIRE(request_irq(
                    9,
                    [](int, void*, struct pt_regs*) -> irqreturn_t {
                        queue_task(&task, &tq_immediate);
                        mark_bh(IMMEDIATE_BH);
                        return IRQ_HANDLED;
                    },
                    SA_SHIRQ, "device", &device) == 0);
        for (int i = 1; i <= 10; ++i) {
            REQUIRE(raise_irq(9));
            wait_until<engine>([&] { return ran == i; });
            CHECK(in_bh == 1);
        }
        free_irq(9, &device);
        remove_bh(IMMEDIATE_BH);
        CHECK_FALSE(TQ_ACTIVE(tq_immediate));
    });
}

TEST_CASE("run_task_queue: in the order of queueing, each once, and what comes meanwhile is for the next run",
          "[tqueue]") {
    on_this_engine([] {
        DECLARE_TASK_QUEUE(mine);
        std::vector<int> log;
        note a(1, log), b(2, log), c(3, log);
        CHECK_FALSE(TQ_ACTIVE(mine));
        run_task_queue(&mine);
        CHECK(queue_task(&a.task, &mine) == 1);
        CHECK(queue_task(&b.task, &mine) == 1);
        CHECK(queue_task(&a.task, &mine) == 0);
        CHECK(queue_task(&c.task, &mine) == 1);
        CHECK(TQ_ACTIVE(mine));
        b.again = &mine;
        run_task_queue(&mine);
        CHECK(log == std::vector<int>{1, 2, 3});
        CHECK(TQ_ACTIVE(mine));
        CHECK(queue_task(&a.task, &mine) == 1);
        run_task_queue(&mine);
        CHECK(log == std::vector<int>{1, 2, 3, 2, 1});
        CHECK_FALSE(TQ_ACTIVE(mine));
        tq_struct without = {};   // zeroed will do, and no function is no harm
        CHECK(queue_task(&without, &mine) == 1);
        PREPARE_TQUEUE(&c.task, &note::run, &c);
        CHECK(queue_task(&c.task, &mine) == 1);
        run_task_queue(&mine);
        CHECK(log.back() == 3);
    });
}

TEST_CASE("queue_task: several queue and several run, and each run has its queueing", "[tqueue]") {
    on_this_engine([] {
        static task_queue shared;
        INIT_LIST_HEAD(&shared);
        static std::atomic<int> ran;
        ran = 0;
        static tq_struct tasks[3];
        for (tq_struct& t : tasks)
            INIT_TQUEUE(
                &t, [](void*) { ++ran; }, nullptr);
        std::atomic<int> queued{0};
        const auto body = [&] {
            for (int i = 0; i < 100; ++i) {
                queued += queue_task(&tasks[i % 3], &shared);
                if (i % 2 == 0) run_task_queue(&shared);
            }
        };
        auto x = call<engine>(body), y = call<engine>(body), z = call<engine>(body);
        x.join(), y.join(), z.join();
        run_task_queue(&shared);
        CHECK(ran == queued);
        CHECK(queued > 0);
    });
}

TEST_CASE("tq_timer: at the next tick", "[tqueue][timer]") {
    on_this_engine([] {
        static std::atomic<int> ran;
        static std::atomic<unsigned long> at;
        ran = 0;
        static tq_struct task;
        INIT_TQUEUE(
            &task,
            [](void*) {
                at = jiffies;
                ++ran;
            },
            nullptr);
        for (int i = 1; i <= 3; ++i) {
            const unsigned long before = jiffies;
            CHECK(queue_task(&task, &tq_timer) == 1);
            wait_until<engine>([&] { return ran == i; });
            CHECK(time_after(at.load(), before));
        }
        remove_bh(TQUEUE_BH);
    });
}

TEST_CASE("schedule_task: in keventd, one after the other, in their order; flush_scheduled_tasks waits", "[tqueue]") {
    on_this_engine([] {
        static std::atomic<int> ran, busy, beside, out_of_order, in_process;
        ran = busy = beside = out_of_order = in_process = 0;
        struct item {
            tq_struct task;
            int nr;
        };
        static item items[6];
        for (int i = 0; i < 6; ++i) {
            items[i].nr = i;
            INIT_TQUEUE(
                &items[i].task,
                [](void* data) {
                    if (busy.fetch_add(1) != 0) ++beside;
                    in_process += current_is_keventd() != 0 && !in_interrupt();
                    if (static_cast<item*>(data)->nr != ran) ++out_of_order;
                    engine::step();
                    ++ran;
                    --busy;
                },
                &items[i]);
        }
        static gate<engine>* held;
        gate<engine> g;
        held = &g;
        static tq_struct first;
        INIT_TQUEUE(
            &first, [](void*) { held->pass(); }, nullptr);
        CHECK(schedule_task(&first) == 1);
        g.wait_until_held();
        for (item& i : items) CHECK(schedule_task(&i.task) == 1);   // from whichever CPU
        CHECK(schedule_task(&items[2].task) == 0);
        CHECK(ran == 0);   // keventd is one, and it is held
        g.open();
        flush_scheduled_tasks();
        CHECK(ran == 6);
        CHECK(beside == 0);
        CHECK(out_of_order == 0);
        CHECK(in_process == 6);
    });
}
