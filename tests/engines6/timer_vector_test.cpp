// SPDX-License-Identifier: MIT
// Where a timer's function runs that became due while somebody had its CPU's bottom halves: where he lets go, in the order of
// the vectors.  On either engine.
#include "support/facade.hpp"

#include <atomic>
#include <vector>

#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/timer.h>

using bottomhalf::linux6::raise_irq;
using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

/// The timers' thread of CPU 0 has found a timer due, and the bottom halves taken.
bool is_raised() {
    auto* c = bottomhalf::default_machine_of<engine>().softirqs().of_cpu(0);
    return (engine::atomic_ref<std::uint32_t>(c->pending).load(bottomhalf::acquire) >> TIMER_SOFTIRQ & 1) != 0;
}
void arm(struct timer_list* t, unsigned long delay) {
    t->expires = jiffies + delay;
    add_timer_on(t, 0);
}
/// f() on CPU 0, in a thread of its own.
template <class F>
void on_cpu_0(F f) {
    num_online_cpus();   // there are CPUs
    auto task = call<engine>(f);
    task.join();
}

struct call_seen {
    int what;
    const void* thread;
    bool operator==(const call_seen&) const = default;
};
std::vector<call_seen> calls;
void note(int what) { calls.push_back({what, &engine::current()}); }

constexpr unsigned line = 11;

}   // namespace

TEST_CASE("local_bh_enable: calls the timers that have become due, there and then, in the order of the vectors",
          "[linux6][timer][softirq]") {
    on_this_engine([] {
        static struct tasklet_struct high, low;
        static struct timer_list one, two;
        tasklet_setup(&high, [](struct tasklet_struct*) { note(HI_SOFTIRQ); });
        tasklet_setup(&low, [](struct tasklet_struct*) { note(TASKLET_SOFTIRQ); });
        const auto fire = [](struct timer_list*) {
            note(in_serving_softirq() && !in_hardirq() ? static_cast<int>(TIMER_SOFTIRQ) : -1);
        };
        timer_setup(&one, fire, 0);
        timer_setup(&two, fire, 0);
        open_softirq(NET_TX_SOFTIRQ, [] { note(NET_TX_SOFTIRQ); });
        std::size_t before = 0;
        std::vector<call_seen> seen, expected;
        int left = -1;
        calls.clear();
        calls.reserve(16);
        on_cpu_0([&] {
            local_bh_disable();
            tasklet_schedule(&low);
            raise_softirq(NET_TX_SOFTIRQ);
            arm(&one, 1), arm(&two, 1);
            tasklet_hi_schedule(&high);
            wait_until<engine>([] { return is_raised() && time_after_eq(jiffies, two.expires); });   // both are due
            before = calls.size();
            local_bh_enable();
            seen = calls;
            left = smp_processor_id();
            for (const int what :
                 {static_cast<int>(HI_SOFTIRQ), static_cast<int>(TIMER_SOFTIRQ), static_cast<int>(TIMER_SOFTIRQ),
                  static_cast<int>(NET_TX_SOFTIRQ), static_cast<int>(TASKLET_SOFTIRQ)})
                expected.push_back({what, &engine::current()});
        });
        timer_delete_sync(&one), timer_delete_sync(&two);
        tasklet_kill(&high), tasklet_kill(&low);
        CHECK(before == 0);
        CHECK((seen == expected));
        CHECK(left == 0);
    });
}

TEST_CASE("local_bh_enable: a timer that arms itself for now is called once; its thread goes on",
          "[linux6][timer][softirq]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        static std::atomic<bool> stop;
        runs = 0, stop = false;
        static struct timer_list t;
        timer_setup(
            &t,
            [](struct timer_list* me) {
                ++runs;
                if (!stop) mod_timer(me, jiffies);
            },
            0);
        int at_once = -1;
        on_cpu_0([&] {
            local_bh_disable();
            arm(&t, 1);
            wait_until<engine>(is_raised);
            local_bh_enable();
            at_once = runs;
        });
        wait_until<engine>([] { return runs > 5; });
        stop = true;
        timer_delete_sync(&t);
        CHECK(at_once >= 1);
    });
}

TEST_CASE("a timer's function in local_bh_enable() is known to be one: by itself, and by who deletes the timer",
          "[linux6][timer][softirq][report]") {
    on_this_engine([] {
        static struct timer_list own, held;
        static gate<engine>* door;
        static std::atomic<bool> over;
        gate<engine> g;
        door = &g, over = false;
        timer_setup(
            &own, [](struct timer_list* t) { timer_delete_sync(t); }, 0);
        timer_setup(
            &held,
            [](struct timer_list*) {
                door->pass_spinning();
                over = true;
            },
            0);
        std::atomic<int> deleted{-1};
        std::atomic<bool> seen{false}, about_to{false};
        auto task = call<engine>([] {
            local_bh_disable();
            arm(&own, 1), arm(&held, 2);
            const unsigned long then = jiffies + 2;
            for (unsigned round = 0; time_before(jiffies, then); ++round) engine::relax(round);
            wait_until<engine>(is_raised);
            local_bh_enable();
        });
        g.wait_until_held();
        CHECK(reports::take("would wait for its own function"));
        auto other = call<engine>([&] {
            about_to = true;
            deleted = timer_delete_sync(&held);
            seen = over.load();
        });
        wait_until<engine>([&] { return about_to.load(); });
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK(deleted == -1);
        CHECK(try_to_del_timer_sync(&held) == -1);
        g.open();
        other.join(), task.join();
        CHECK(deleted == 0);
        CHECK(seen);
    });
}

TEST_CASE("a timer that becomes due in a softirq at the end of an interrupt is called there", "[linux6][timer][irq]") {
    on_this_engine([] {
        static struct timer_list t;
        static struct tasklet_struct let;
        static std::atomic<const void*> of_tasklet, of_timer;
        of_tasklet = of_timer = nullptr;
        timer_setup(
            &t, [](struct timer_list*) { of_timer = &engine::current(); }, 0);
        tasklet_setup(&let, [](struct tasklet_struct*) {
            of_tasklet = &engine::current();
            arm(&t, 1);
            wait_until<engine>(is_raised);
        });
        const auto top = [](int, void*) -> irqreturn_t {
            tasklet_schedule(&let);
            return IRQ_HANDLED;
        };
        REQUIRE(request_irq(line, top, 0, "device", &t) == 0);
        REQUIRE(raise_irq(line));
        wait_until<engine>([] { return of_timer != nullptr; });
        CHECK(of_timer == of_tasklet);
        free_irq(line, &t);
        tasklet_kill(&let);
        timer_delete_sync(&t);
    });
}

TEST_CASE("open_softirq: the timers' vectors are theirs", "[linux6][softirq][report]") {
    on_this_engine([] {
        open_softirq(TIMER_SOFTIRQ, [] {});
        open_softirq(HRTIMER_SOFTIRQ, [] {});
        CHECK(reports::take_all("belongs to the tasklets or the timers") == 2);
    });
}
