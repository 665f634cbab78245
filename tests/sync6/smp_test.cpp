// SPDX-License-Identifier: MIT
//
// <linux/smp.h>: a function on another CPU, or on all.  <linux/iopoll.h>: a loop that looks until it is as wanted.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/iopoll.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/smp.h>
#include <linux/timer.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;

namespace {

struct calls {
    std::atomic<int> on[4] = {};
    std::atomic<int> wrong{0};

    static void count(void* info) {
        auto* c = static_cast<calls*>(info);
        if (!irqs_disabled() && !in_hardirq()) ++c->wrong;
        ++c->on[smp_processor_id()];
    }
    [[nodiscard]] int all() const { return on[0] * 1000 + on[1] * 100 + on[2] * 10 + on[3]; }
};

}   // namespace

TEST_CASE("smp_call_function_single, on_each_cpu: there, with interrupts off, and has returned", "[sync6][smp]") {
    on_this_engine([] {
        calls c;
        const int here = get_cpu();
        const int other = (here + 1) % 4;
        CHECK(smp_call_function_single(other, calls::count, &c, 1) == 0);
        CHECK(c.on[other] == 1);
        CHECK(smp_call_function_single(here, calls::count, &c, 0) == 0);
        CHECK(c.on[here] == 1);
        CHECK(smp_call_function_single(4, calls::count, &c, 1) == -ENXIO);
        smp_call_function(calls::count, &c, 1);
        CHECK(c.on[here] == 1);
        CHECK(c.on[other] == 2);
        put_cpu();
        calls each;
        on_each_cpu(calls::count, &each, 1);
        CHECK(each.all() == 1111);
        struct cpumask some = {};
        cpumask_set_cpu(2, &some);
        on_each_cpu_mask(&some, calls::count, &each, true);
        CHECK(each.all() == 1121);
        on_each_cpu_cond([](int cpu, void*) { return cpu == 3; }, calls::count, &each, true);
        CHECK(each.all() == 1122);
        CHECK((c.wrong == 0 && each.wrong == 0));
    });
}

TEST_CASE("smp_call_function_single: two CPUs at each other", "[sync6][smp][stress]") {
    on_this_engine([] {
        static std::atomic<int> n;
        n = 0;
        const auto ask = [](void* which) {
            for (int i = 0; i < 50; ++i)
                smp_call_function_single(
                    static_cast<int>(reinterpret_cast<long>(which)), [](void*) { ++n; }, nullptr, 1);
            return 0;
        };
        struct task_struct *a = kthread_create_on_cpu(ask, reinterpret_cast<void*>(1L), 0, "ask/%u"),
                           *b = kthread_create_on_cpu(ask, reinterpret_cast<void*>(0L), 1, "ask/%u");
        get_task_struct(a);
        get_task_struct(b);
        wake_up_process(a);
        wake_up_process(b);
        for (unsigned round = 0; n != 100; ++round) engine::relax(round);
        kthread_stop_put(a);
        kthread_stop_put(b);
    });
}

TEST_CASE("readl_poll_timeout and its kin", "[sync6][iopoll]") {
    on_this_engine([] {
        static u32 reg;
        reg = 1;
        u32 v = 0;
        CHECK(readl_poll_timeout(&reg, v, v & 1, 10, 1000) == 0);
        CHECK(v == 1);
        CHECK(readl_poll_timeout(&reg, v, v & 2, 10, 300) == -ETIMEDOUT);
        CHECK(readl_poll_timeout_atomic(&reg, v, v & 2, 10, 300) == -ETIMEDOUT);
        int looks = 0;
        const auto look = [&looks](int step) { return looks += step; };
        int got = 0;
        CHECK(read_poll_timeout(look, got, got >= 6, 1, 0, true, 2) == 0);   // for ever
        CHECK((looks == 6 && got == 6));
        CHECK(read_poll_timeout_atomic(look, got, got >= 9, 0, 1'000'000, false, 3) == 0);
        CHECK(poll_timeout_us(got = look(1), got == 12, 1, 0, false) == 0);
        u8 b = 4;
        u16 w = 4;
        u64 q = 4, big = 0;
        u8 small = 0;
        u16 middle = 0;
        CHECK(readb_poll_timeout(&b, small, small == 4, 0, 1) == 0);
        CHECK(readw_poll_timeout(&w, middle, middle == 4, 0, 1) == 0);
        CHECK(readq_poll_timeout_atomic(&q, big, big == 4, 0, 1) == 0);
        CHECK(readl_relaxed_poll_timeout(&reg, v, v == 1, 0, 1) == 0);
        // In a section that must not sleep, the one that sleeps says so.
        preempt_disable();
        CHECK(readl_poll_timeout_atomic(&reg, v, v == 1, 1, 1) == 0);
        CHECK(readl_poll_timeout(&reg, v, v == 1, 1, 1) == 0);
        preempt_enable();
        CHECK(reports::take("sleeping function called from invalid context"));
    });
}

TEST_CASE("do_exit, jiffies_64, TIMER_INITIALIZER: names of old", "[sync6][smp]") {
    on_this_engine([] {
        static struct completion up;
        init_completion(&up);
        struct task_struct* t = kthread_create(
            [](void*) -> int {
                complete(&up);
                do_exit(7);
            },
            nullptr, "exits");
        get_task_struct(t);
        wake_up_process(t);
        wait_for_completion(&up);
        CHECK(kthread_stop(t) == 7);
        put_task_struct(t);
        const u64 before = jiffies_64;
        CHECK(jiffies_64 - before < 1000);
        CHECK(get_jiffies_64() >= before);
        static struct timer_list timer = TIMER_INITIALIZER([](struct timer_list*) { complete(&up); }, 0);
        reinit_completion(&up);
        mod_timer(&timer, jiffies);
        wait_for_completion(&up);
        timer_delete_sync(&timer);
    });
}
