// SPDX-License-Identifier: MIT
//
// What a task shares with the bottom halves of its CPU: tasklets and timers' functions are kept out by local_bh_disable()
// and local_irq_disable(), and so are the CPU's other tasks in such sections.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/cpumask.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::wait_until;

namespace {

struct timer_list here, elsewhere;
std::atomic<int> here_runs, elsewhere_runs;
int plain;   // ThreadSanitizer looks

void arm(struct timer_list* t, unsigned long delay, int cpu) {
    t->expires = jiffies + delay;
    add_timer_on(t, cpu);
}
void set_up() {
    num_online_cpus();   // there are CPUs
    here_runs = elsewhere_runs = plain = 0;
    timer_setup(
        &here, [](struct timer_list*) { ++here_runs; }, 0);
    timer_setup(
        &elsewhere, [](struct timer_list*) { ++elsewhere_runs; }, 0);
}
/// Later than `here` would have fired, if nothing kept it out.
void let_timers_fire() {
    const int before = elsewhere_runs;
    arm(&elsewhere, 3, 1);
    wait_until<engine>([&] { return elsewhere_runs != before; });
    for (unsigned round = 0; round < 100; ++round) engine::relax(round);
}
void add_one() {
    const int seen = plain;
    for (int i = 0; i < 3; ++i) engine::step();
    plain = seen + 1;
}

enum class how { bh, irq };
template <how How>
struct section {
    unsigned long flags = 0;
    section() noexcept {
        if constexpr (How == how::bh)
            local_bh_disable();
        else
            local_irq_save(flags);
    }
    ~section() {
        if constexpr (How == how::bh)
            local_bh_enable();
        else
            local_irq_restore(flags);
    }
    section(const section&) = delete;
    section& operator=(const section&) = delete;
};

template <how How>
void keeps_out_a_timer_that_comes() {
    on_this_engine([] {
        set_up();
        int while_off = -1, taken_off = -1;
        auto task = call<engine>([&] {   // on CPU 0
            {
                const section<How> off;
                arm(&here, 1, 0);
                let_timers_fire();
                while_off = here_runs;
            }
            wait_until<engine>([] { return here_runs == 1; });
            {
                const section<How> off;
                arm(&here, 1, 0);
                let_timers_fire();
                taken_off = timer_delete(&here);   // it is due, and has not begun
            }
            let_timers_fire();
        });
        task.join();
        CHECK(while_off == 0);
        CHECK(taken_off == 1);
        CHECK(here_runs == 1);
        timer_delete_sync(&elsewhere);
    });
}

template <how How>
void waits_for_the_timer_that_runs() {
    on_this_engine([] {
        set_up();
        static std::atomic<bool> inside, go, done;
        inside = go = done = false;
        static struct timer_list slow;
        timer_setup(
            &slow,
            [](struct timer_list*) {
                inside = true;
                wait_until<engine>([] { return go.load(); });
                done = true;
            },
            0);
        arm(&slow, 1, 0);
        wait_until<engine>([] { return inside.load(); });
        std::atomic<int> seen{-1};
        std::atomic<bool> about_to{false};
        auto task = call<engine>([&] {
            about_to = true;
            const section<How> off;
            seen = done ? 1 : 0;
        });
        wait_until<engine>([&] { return about_to.load(); });
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK(seen == -1);
        go = true;
        task.join();
        CHECK(seen == 1);
        timer_delete_sync(&slow);
    });
}

/// `plain` is a task's, a timer's and a tasklet's of CPU 0.
template <how A, how B>
void one_at_a_time() {
    on_this_engine([] {
        set_up();
        constexpr int times = 200, bottom_halves = engine::simulated ? 8 : 20;
        static struct timer_list t;
        static struct tasklet_struct let;
        static std::atomic<int> let_runs, t_runs;
        let_runs = t_runs = 0;
        timer_setup(
            &t,
            [](struct timer_list* me) {
                add_one();
                if (++t_runs < bottom_halves) arm(me, 1, 0);
            },
            0);
        tasklet_setup(&let, [](struct tasklet_struct* me) {
            add_one();
            if (++let_runs < bottom_halves) tasklet_schedule(me);
        });
        arm(&t, 1, 0);
        std::atomic<int> ended{0};
        constexpr auto work = []<how How>(std::atomic<int>& end, bool first) {
            for (int i = 0; i < times || t_runs < bottom_halves || let_runs < bottom_halves; ++i) {
                {
                    const section<How> off;
                    if (i < times) add_one();
                }
                if (first && i == 0) tasklet_schedule(&let);
                engine::relax(static_cast<unsigned>(i % 70));
                if constexpr (engine::simulated) engine::delay(100'000);   // a spin costs next to nothing there
            }
            ++end;
        };
        auto a = call<engine>([&] { work.template operator()<A>(ended, true); });
        auto b = call<engine>([&] { work.template operator()<B>(ended, false); });
        a.join(), b.join();
        wait_until<engine>([&] { return ended == 2; });
        tasklet_kill(&let);
        timer_delete_sync(&t);
        CHECK(plain == 2 * times + 2 * bottom_halves);
    });
}

}   // namespace

TEST_CASE("local_bh_disable: a timer of the CPU does not fire, and can be taken off", "[softirq][section][timer]") {
    keeps_out_a_timer_that_comes<how::bh>();
}
TEST_CASE("local_irq_disable: a timer of the CPU does not fire, and can be taken off", "[irq][section][timer]") {
    keeps_out_a_timer_that_comes<how::irq>();
}
TEST_CASE("local_bh_disable: waits for the timer's function that runs", "[softirq][section][timer]") {
    waits_for_the_timer_that_runs<how::bh>();
}
TEST_CASE("local_irq_disable: waits for the timer's function that runs", "[irq][section][timer]") {
    waits_for_the_timer_that_runs<how::irq>();
}
TEST_CASE("local_bh_disable: one at a time, of a CPU's tasks, timers and tasklets", "[softirq][section]") {
    one_at_a_time<how::bh, how::bh>();
}
TEST_CASE("local_irq_disable: one at a time, of a CPU's tasks, timers and tasklets", "[irq][section]") {
    one_at_a_time<how::irq, how::irq>();
}
TEST_CASE("local_bh_disable, local_irq_disable: one at a time, of a CPU's tasks in either", "[softirq][irq][section]") {
    one_at_a_time<how::bh, how::irq>();
}

TEST_CASE("local_bh_disable: keeps out the interrupts-off sections of the thread that takes the doorbells, and they it",
          "[softirq][irq][section]") {
    on_this_engine([] {
        set_up();
        constexpr int times = 300;
        auto task = call<engine>([] {
            for (int i = 0; i < times; ++i) {
                const section<how::bh> off;
                add_one();
            }
        });
        auto& m = bottomhalf::default_machine_of<engine>();
        auto item = support::make_work<engine>([] {
            for (int i = 0; i < times; ++i) {
                const section<how::irq> off;
                add_one();
            }
        });
        bottomhalf::workqueue_ops<engine>::queue_work_on(0, m.events(bottomhalf::location::current()), item,
                                                         bottomhalf::location::current());
        flush_work(item);
        task.join();
        CHECK(plain == 2 * times);
    });
}

TEST_CASE("local_bh_disable: who holds a lock does not wait for those who might wait for it", "[softirq][section]") {
    on_this_engine([] {
        set_up();
        DEFINE_SPINLOCK(outer);   // no bottom half's business
        auto inside = call<engine>([&] {
            for (int i = 0; i < support::rounds; ++i) {
                spin_lock(&outer);
                local_bh_disable();
                ++plain;
                local_bh_enable();
                spin_unlock(&outer);
            }
        });
        auto outside = call<engine>([&] {
            for (int i = 0; i < support::rounds; ++i) {
                local_bh_disable();
                spin_lock(&outer);
                ++plain;
                spin_unlock(&outer);
                local_bh_enable();
            }
        });
        inside.join(), outside.join();
        CHECK(plain == 2 * support::rounds);
    });
}

TEST_CASE("a tasklet that a timer schedules runs after the timer, as one of the CPU's bottom halves",
          "[softirq][timer]") {
    on_this_engine([] {
        set_up();
        static struct tasklet_struct let;
        static std::atomic<bool> timer_over, ran_after, ran;
        timer_over = ran_after = ran = false;
        tasklet_setup(&let, [](struct tasklet_struct*) { ran_after = timer_over.load(), ran = true; });
        static struct timer_list t;
        timer_setup(
            &t,
            [](struct timer_list*) {
                tasklet_schedule(&let);
                for (unsigned round = 0; round < 100; ++round) engine::relax(round);
                timer_over = true;
            },
            0);
        arm(&t, 1, 0);
        wait_until<engine>([] { return ran.load(); });
        CHECK(ran_after);
        timer_delete_sync(&t);
        tasklet_kill(&let);
    });
}
