// SPDX-License-Identifier: MIT
//
// <linux/irqflags.h>: "interrupts off" is a state of the CPU, of which several threads are part.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

using support::call;
using support::contest;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::rounds;
using support::wait_until;
namespace dev_side = bottomhalf::linux6;

namespace {

constexpr unsigned int line = 21;
std::atomic<int> calls;
int dev, plain;   // plain: ThreadSanitizer looks

irqreturn_t count(int, void*) {
    const int seen = plain;
    engine::step();
    plain = seen + 1;
    ++calls;
    return IRQ_HANDLED;
}

/// The thread that takes the doorbells of CPU 0 does f().
template <class F>
void on_events(F& f) {
    static F* what;
    what = &f;
    auto& m = bottomhalf::default_machine_of<engine>();
    auto item = support::make_work<engine>([] { (*what)(); });
    bottomhalf::workqueue_ops<engine>::queue_work_on(0, m.events(bottomhalf::location::current()), item,
                                                     bottomhalf::location::current());
    flush_work(item);
}

}   // namespace

TEST_CASE("local_irq_disable: another thread of the CPU keeps its top halves out, and passes on what came",
          "[irq][section]") {
    on_this_engine([] {
        calls = 0;
        REQUIRE(request_irq(line, count, 0, "irq", &dev) == 0);
        std::atomic<int> while_off{-1};
        std::atomic<bool> off{false};
        auto other = call<engine>([&] {   // on CPU 0, and not events/0
            local_irq_disable();
            off = true;
            for (int i = 0; i < 3; ++i) dev_side::raise_irq(line);
            // A thread of CPU 0 with interrupts on is told, and comes back.
            for (unsigned round = 0; round < 300; ++round) engine::relax(round);
            while_off = calls.load();
            local_irq_enable();
        });
        wait_until<engine>([&] { return off.load(); });
        other.join();
        wait_until<engine>([] { return calls > 0; });
        synchronize_irq(line);
        CHECK(while_off == 0);
        CHECK(calls == 1);
        free_irq(line, &dev);
    });
}

TEST_CASE("local_irq_disable: waits for the top half that runs", "[irq][section]") {
    on_this_engine([] {
        static std::atomic<bool> inside, go, done;
        inside = go = done = false;
        REQUIRE(request_irq(
                    line,
                    [](int, void*) {
                        inside = true;
                        wait_until<engine>([] { return go.load(); });
                        done = true;
                        return IRQ_HANDLED;
                    },
                    0, "slow", &dev) == 0);
        dev_side::raise_irq(line);
        wait_until<engine>([] { return inside.load(); });
        std::atomic<int> seen{-1};
        std::atomic<bool> about_to{false};
        auto other = call<engine>([&] {
            about_to = true;
            local_irq_disable();
            seen = done ? 1 : 0;
            local_irq_enable();
        });
        wait_until<engine>([&] { return about_to.load(); });
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK(seen == -1);
        go = true;
        other.join();
        CHECK(seen == 1);
        free_irq(line, &dev);
    });
}

TEST_CASE("local_irq_disable: one at a time on a CPU, of its threads, its doorbell's and its top halves",
          "[irq][section]") {
    on_this_engine([] {
        calls = 0;
        plain = 0;
        REQUIRE(request_irq(line, count, 0, "irq", &dev) == 0);
        const auto add = [] {
            for (int i = 0; i < rounds; ++i) {
                unsigned long flags;
                local_irq_save(flags);
                const int seen = plain;
                engine::step();
                plain = seen + 1;
                local_irq_restore(flags);
            }
        };
        auto a = call<engine>(add), b = call<engine>(add);
        auto raiser = call<engine>(
            [] {
                for (int i = 0; i < rounds; ++i) {
                    dev_side::raise_irq(line);
                    engine::relax(static_cast<unsigned>(i % 80));
                }
            },
            1);
        on_events(add);
        a.join(), b.join(), raiser.join();
        wait_until<engine>([] { return calls > 0; });   // it may have come while interrupts were off, all the time
        synchronize_irq(line);
        local_irq_disable();
        CHECK(plain == 3 * rounds + calls);
        local_irq_enable();
        free_irq(line, &dev);
    });
}

TEST_CASE("local_irq_disable: the first other thread waits for the doorbell's, who is in the midst of it",
          "[irq][section]") {
    on_this_engine([] {
        std::atomic<bool> off{false}, done{false}, go{false};
        std::atomic<int> seen{-1};
        auto other = call<engine>([&] {
            wait_until<engine>([&] { return off.load(); });
            local_irq_disable();
            seen = done ? 1 : 0;
            local_irq_enable();
        });
        auto opener = call<engine>(
            [&] {
                wait_until<engine>([&] { return off.load(); });
                for (unsigned round = 0; round < 100; ++round) engine::relax(round);
                go = true;
            },
            1);
        const auto section = [&] {
            local_irq_disable();
            off = true;
            wait_until<engine>([&] { return go.load(); });
            done = true;
            local_irq_enable();
        };
        on_events(section);
        other.join(), opener.join();
        CHECK(seen == 1);
    });
}

TEST_CASE("local_irq_disable: who holds a lock does not wait for those who might wait for it", "[irq][section]") {
    on_this_engine([] {
        num_online_cpus();   // there are CPUs
        // Both are legal: `outer` is no top half's business, so one takes it with interrupts on, another with them off.
        DEFINE_SPINLOCK(outer);
        int n = 0;
        auto on = call<engine>([&] {
            for (int i = 0; i < rounds; ++i) {
                unsigned long flags;
                spin_lock(&outer);
                local_irq_save(flags);
                ++n;
                local_irq_restore(flags);
                spin_unlock(&outer);
            }
        });
        auto off = call<engine>([&] {
            for (int i = 0; i < rounds; ++i) {
                unsigned long flags;
                local_irq_save(flags);
                spin_lock(&outer);
                ++n;
                spin_unlock(&outer);
                local_irq_restore(flags);
            }
        });
        on.join(), off.join();
        CHECK(n == 2 * rounds);
    });
}

TEST_CASE("local_irq_disable: a CPU interrupts itself once they are on", "[irq][section][irq_work]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        runs = 0;
        static struct irq_work w;
        init_irq_work(&w, [](struct irq_work*) { ++runs; });
        for (int i = 1; i <= 20; ++i) {
            unsigned long flags;
            local_irq_save(flags);
            CHECK(irq_work_queue(&w));
            for (unsigned round = 0; round < 100; ++round) engine::relax(round);
            CHECK(runs == i - 1);
            local_irq_restore(flags);
            irq_work_sync(&w);
            CHECK(runs == i);
        }
    });
}

TEST_CASE("a work item that leaves interrupts off: they are on again for the CPU", "[irq][section][report]") {
    on_this_engine([] {
        struct work_struct w;
        INIT_WORK_ONSTACK(&w, [](struct work_struct*) { local_irq_disable(); });
        schedule_work_on(0, &w);
        flush_work(&w);
        CHECK(support::reports::take("workqueue leaked atomic, lock or RCU"));
        calls = 0;
        REQUIRE(request_irq(line, count, 0, "irq", &dev) == 0);
        dev_side::raise_irq(line);
        wait_until<engine>([] { return calls > 0; });   // a raise that an earlier test left pending comes, too
        free_irq(line, &dev);
        destroy_work_on_stack(&w);
    });
}

TEST_CASE("local_irq_disable: the first other thread of the CPU may hold a lock that the doorbell's waits for",
          "[irq][section]") {
    on_this_engine([] {
        DEFINE_SPINLOCK(lock);   // no top half's business
        std::atomic<bool> held{false}, off{false};
        auto other = call<engine>([&] {
            spin_lock(&lock);
            held = true;
            wait_until<engine>([&] { return off.load(); });
            unsigned long flags;
            local_irq_save(flags);
            local_irq_restore(flags);
            spin_unlock(&lock);
        });
        const auto section = [&] {
            wait_until<engine>([&] { return held.load(); });
            local_irq_disable();
            off = true;
            spin_lock(&lock);
            spin_unlock(&lock);
            local_irq_enable();
        };
        on_events(section);
        other.join();
        CHECK(off);
    });
}

TEST_CASE("local_irq_disable: a softirq's section and a task's exclude each other", "[irq][section][softirq]") {
    on_this_engine([] {
        static struct tasklet_struct t;
        static std::atomic<int> runs;
        plain = runs = 0;
        constexpr int times = 300;
        static const auto add = [] {
            unsigned long flags;
            local_irq_save(flags);
            const int seen = plain;
            for (int i = 0; i < 3; ++i) engine::step();
            plain = seen + 1;
            local_irq_restore(flags);
        };
        tasklet_setup(&t, [](struct tasklet_struct* me) {
            add();
            if (++runs < times) tasklet_schedule(me);
        });
        auto task = call<engine>([] {
            tasklet_schedule(&t);
            for (int i = 0; i < times; ++i) add();
        });
        task.join();
        wait_until<engine>([] { return runs == times; });
        tasklet_kill(&t);
        CHECK(plain == 2 * times);
    });
}

TEST_CASE("local_bh_disable: with interrupts off it does not wait for a softirq that waits for these",
          "[irq][section][softirq]") {
    on_this_engine([] {
        static struct tasklet_struct t;
        static std::atomic<bool> running, off;
        tasklet_setup(&t, [](struct tasklet_struct*) {
            running = true;
            wait_until<engine>([] { return off.load(); });
            unsigned long flags;
            local_irq_save(flags);
            local_irq_restore(flags);
        });
        const auto body = [] {
            tasklet_schedule(&t);   // ksoftirqd/0 has it
            wait_until<engine>([] { return running.load(); });
            preempt_disable();   // as with a spin lock held: it waits for nobody
            local_irq_disable();
            off = true;
            for (unsigned round = 0; round < 70; ++round) engine::relax(round);
            local_bh_disable();
            local_irq_enable();
            local_bh_enable();
            preempt_enable();
        };
        running = off = false;
        auto task = call<engine>(body);
        task.join();
        tasklet_kill(&t);
        running = off = false;
        on_events(body);
        tasklet_kill(&t);
        CHECK(off);
    });
}

TEST_CASE("local_bh_disable: off by a count alone, a tasklet that a top half schedules is not forgotten",
          "[irq][section][softirq]") {
    on_this_engine([] {
        static struct tasklet_struct first, second;
        static std::atomic<bool> running, over, ran;
        running = over = ran = false;
        tasklet_setup(&first, [](struct tasklet_struct*) {
            if (engine::current().port != nullptr) return;   // at the end of an interrupt: not there
            running = true;
            wait_until<engine>([] { return over.load(); });
        });
        tasklet_setup(&second, [](struct tasklet_struct*) { ran = true; });
        const auto top = [](int, void*) -> irqreturn_t {
            tasklet_schedule(&second);
            return IRQ_HANDLED;
        };
        REQUIRE(request_irq(line, top, 0, "irq", &dev) == 0);
        auto& c = *bottomhalf::default_machine_of<engine>().softirqs().of_cpu(0);
        const auto body = [&c] {
            wait_until<engine>([] {   // ksoftirqd/0 has it
                if (!running) tasklet_schedule(&first);
                return running.load();
            });
            preempt_disable();
            local_irq_disable();
            local_bh_disable();   // waits for nobody, and has nothing but the count
            local_irq_enable();
            over = true;
            wait_until<engine>([&c] {
                return engine::atomic_ref<std::int32_t>(c.port->bottom_halves).load(std::memory_order_seq_cst) == 0;
            });
            dev_side::raise_irq(line);   // taken here, at once
            local_bh_enable();
            preempt_enable();
        };
        on_events(body);
        wait_until<engine>([] { return ran.load(); });
        CHECK(ran);
        free_irq(line, &dev);
        tasklet_kill(&first);
        tasklet_kill(&second);
    });
}

TEST_CASE("local_irq_disable: sections, one after the other, do not keep out what is pending", "[irq][section]") {
    if (engine::simulated) return;   // a seed may have it so
    on_this_engine([] {
        calls = 0;
        REQUIRE(request_irq(line, count, 0, "irq", &dev) == 0);
        constexpr int times = 300;
        static int sections;
        static const auto storm = [] {
            sections = 0;
            for (int i = 0; i < times; ++i) {
                const int before = calls;
                dev_side::raise_irq(line);
                for (; calls == before; ++sections) {
                    local_irq_disable();
                    for (int k = 0; k < 1000; ++k) asm volatile("");
                    local_irq_enable();
                }
            }
        };
        call<engine>(storm).join();
        CHECK(sections <= 2 * times);
        call<engine>([] {   // who holds a spin lock, too
            preempt_disable();
            storm();
            preempt_enable();
        })
            .join();
        CHECK(sections <= 2 * times);
        free_irq(line, &dev);
    });
}
