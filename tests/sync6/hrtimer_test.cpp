// SPDX-License-Identifier: MIT
//
// <linux/hrtimer.h>: when a function is called, how often, where, and who can stop it.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irqflags.h>
#include <linux/preempt.h>

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr ktime_t far = 3'600 * 1'000'000'000LL, soon = 50'000;

struct probe {
    struct hrtimer timer;   // first
    std::atomic<int> runs{0};
    std::atomic<ktime_t> at{0};
    std::atomic<bool> hard{false}, soft{false}, queued{true};
    int more = 0;
    ktime_t interval = 0;
    gate<engine>* held = nullptr;

    explicit probe(enum hrtimer_mode mode = HRTIMER_MODE_REL) {
        hrtimer_init(&timer, CLOCK_MONOTONIC, mode);
        timer.function = &probe::fire;
    }
    ~probe() { hrtimer_cancel(&timer); }
    probe(const probe&) = delete;
    probe& operator=(const probe&) = delete;

    static enum hrtimer_restart fire(struct hrtimer* t) {
        auto& p = *reinterpret_cast<probe*>(t);
        p.at = ktime_get();
        p.hard = in_hardirq() && irqs_disabled();
        p.soft = in_serving_softirq() && !in_hardirq();
        p.queued = hrtimer_is_queued(t);
        if (p.held != nullptr) p.held->pass_spinning();
        const bool again = p.more > 0;
        if (again) --p.more, hrtimer_forward_now(t, p.interval);
        ++p.runs;
        return again ? HRTIMER_RESTART : HRTIMER_NORESTART;
    }
    void wait_for(int n) {
        wait_until<engine>([&] { return runs >= n; });
    }
};

}   // namespace

TEST_CASE("hrtimer: fires once, not before its time, in the context that its mode says", "[sync6][hrtimer]") {
    on_this_engine([] {
        probe p;
        const ktime_t begin = ktime_get();
        hrtimer_start(&p.timer, soon, HRTIMER_MODE_REL);
        CHECK(hrtimer_get_expires(&p.timer) >= begin + soon);
        p.wait_for(1);
        CHECK(p.at >= begin + soon);
        CHECK(p.hard);
        CHECK_FALSE(p.queued);
        wait_until<engine>([&] { return !hrtimer_active(&p.timer); });
        CHECK(hrtimer_cancel(&p.timer) == 0);

        probe s(HRTIMER_MODE_ABS_SOFT);
        const ktime_t when = ktime_get() + soon;
        hrtimer_start(&s.timer, when, HRTIMER_MODE_ABS_SOFT);
        s.wait_for(1);
        CHECK(s.at >= when);
        CHECK(s.soft);

        probe r;
        hrtimer_start_range_ns(&r.timer, soon, 1'000, HRTIMER_MODE_REL);
        CHECK(hrtimer_get_expires(&r.timer) - hrtimer_get_softexpires(&r.timer) == 1'000);
        r.wait_for(1);
    });
}

TEST_CASE("hrtimer: in each state, who starts it again and who cancels it", "[sync6][hrtimer]") {
    on_this_engine([] {
        probe p;
        CHECK_FALSE(hrtimer_active(&p.timer));
        CHECK(hrtimer_try_to_cancel(&p.timer) == 0);
        hrtimer_start(&p.timer, far, HRTIMER_MODE_REL);
        CHECK(hrtimer_is_queued(&p.timer));
        CHECK(hrtimer_get_remaining(&p.timer) > far / 2);
        CHECK(hrtimer_try_to_cancel(&p.timer) == 1);
        CHECK_FALSE(hrtimer_is_queued(&p.timer));
        hrtimer_start(&p.timer, far, HRTIMER_MODE_REL);
        hrtimer_start(&p.timer, 0, HRTIMER_MODE_REL);   // moves it
        p.wait_for(1);

        gate<engine> held;
        p.held = &held;
        hrtimer_start(&p.timer, 0, HRTIMER_MODE_REL);
        held.wait_until_held();
        CHECK(hrtimer_callback_running(&p.timer));
        CHECK(hrtimer_try_to_cancel(&p.timer) == -1);
        hrtimer_start(&p.timer, far, HRTIMER_MODE_REL);   // while its function runs
        CHECK(hrtimer_is_queued(&p.timer));
        auto other = call<engine>([&] { CHECK(hrtimer_cancel(&p.timer) == 1); });
        held.open();
        other.join();
        CHECK(p.runs == 2);
        CHECK_FALSE(hrtimer_active(&p.timer));

        hrtimer_restart(&p.timer);
        CHECK(hrtimer_is_queued(&p.timer));
        CHECK(hrtimer_forward(&p.timer, ktime_get(), 1) == 0);
        CHECK(reports::take("hrtimer_forward: WARN_ON"));
        hrtimer_cancel(&p.timer);
        struct hrtimer none;
        hrtimer_init(&none, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
        hrtimer_start(&none, 0, HRTIMER_MODE_REL);
        CHECK(reports::take("WARN_ON_ONCE(!timer->function)"));
    });
}

TEST_CASE("hrtimer: HRTIMER_RESTART calls it again, at the time that it was forwarded to", "[sync6][hrtimer]") {
    on_this_engine([] {
        probe p;
        p.more = 9;
        p.interval = 20'000;
        const ktime_t begin = ktime_get();
        hrtimer_start(&p.timer, p.interval, HRTIMER_MODE_REL);
        p.wait_for(10);
        CHECK(p.at >= begin + 10 * p.interval);
        CHECK(hrtimer_cancel(&p.timer) == 0);
        CHECK(p.runs == 10);

        hrtimer_set_expires(&p.timer, 1'000);
        CHECK(hrtimer_forward(&p.timer, 999, 10) == 0);
        CHECK(hrtimer_forward(&p.timer, 1'000, 10) == 1);
        CHECK(hrtimer_get_expires(&p.timer) == 1'010);
        CHECK(hrtimer_forward(&p.timer, 1'035, 10) == 3);
        CHECK(hrtimer_get_expires_ns(&p.timer) == 1'040);
    });
}

TEST_CASE("hrtimer: a timer on the wall clock", "[sync6][hrtimer]") {
    on_this_engine([] {
        probe p;
        hrtimer_setup(&p.timer, &probe::fire, CLOCK_REALTIME, HRTIMER_MODE_ABS);
        hrtimer_start(&p.timer, ktime_get_real() + soon, HRTIMER_MODE_ABS);
        p.wait_for(1);
        hrtimer_start(&p.timer, ktime_get_real() + far, HRTIMER_MODE_ABS);
        CHECK(hrtimer_cancel(&p.timer) == 1);
    });
}

TEST_CASE("hrtimer: a function that cancels its own timer does not wait for itself", "[sync6][hrtimer][report]") {
    on_this_engine([] {
        static std::atomic<int> seen;
        seen = -1;
        struct hrtimer t;
        hrtimer_setup(
            &t,
            [](struct hrtimer* mine) {
                seen = hrtimer_cancel(mine);
                return HRTIMER_NORESTART;
            },
            CLOCK_MONOTONIC, HRTIMER_MODE_REL);
        hrtimer_start(&t, 0, HRTIMER_MODE_REL);
        wait_until<engine>([&] { return seen >= 0; });
        hrtimer_cancel(&t);
        CHECK(seen == 0);
        CHECK(reports::take("would wait for its own function"));
    });
}

TEST_CASE("hrtimer: of many, each fires in the order of its time, or is cancelled", "[sync6][hrtimer][stress]") {
    on_this_engine([] {
        constexpr int n = 200;
        static std::atomic<int> fired, out_of_order;
        static std::atomic<ktime_t> last;
        fired = out_of_order = 0;
        last = 0;
        struct probe {
            struct hrtimer timer;
            std::atomic<ktime_t> armed_at;
        };
        auto* all = new probe[n];
        const auto arm = [](probe& p, ktime_t at) {
            hrtimer_start(&p.timer, at, HRTIMER_MODE_ABS);
            p.armed_at = ktime_get();
        };
        unsigned random = 12345;
        const ktime_t base = ktime_get() + 2'000'000;
        for (int i = 0; i < n; ++i) {
            hrtimer_setup(
                &all[i].timer,
                [](struct hrtimer* t) {
                    // One that was armed before the other's time, which has fired before it.  We may be slow to arm them.
                    if (hrtimer_get_expires(t) < last && container_of(t, probe, timer)->armed_at < last) ++out_of_order;
                    last = hrtimer_get_expires(t);
                    ++fired;
                    return HRTIMER_NORESTART;
                },
                CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
            random = random * 1664525U + 1013904223U;
            all[i].armed_at = KTIME_MAX;
            arm(all[i], base + random % 500'000);
        }
        int cancelled = 0;
        for (int i = 0; i < n; i += 3) cancelled += hrtimer_cancel(&all[i].timer);
        for (int i = 1; i < n; i += 3) {
            all[i].armed_at = KTIME_MAX;
            arm(all[i], base + 600'000 + (n - i) * 10);
        }
        wait_until<engine>([&] { return fired + cancelled >= n; });
        for (int i = 0; i < n; ++i) cancelled += hrtimer_cancel(&all[i].timer);
        CHECK(fired + cancelled >= n);
        CHECK(out_of_order == 0);
        delete[] all;
    });
}

TEST_CASE("schedule_hrtimeout: sleeps until its time, or until woken", "[sync6][hrtimer]") {
    on_this_engine([] {
        ktime_t t = soon;
        const ktime_t begin = ktime_get();
        set_current_state(TASK_INTERRUPTIBLE);
        CHECK(schedule_hrtimeout(&t, HRTIMER_MODE_REL) == 0);
        CHECK(ktime_get() >= begin + soon);
        t = begin;
        set_current_state(TASK_INTERRUPTIBLE);
        CHECK(schedule_hrtimeout(&t, HRTIMER_MODE_ABS) == 0);
        CHECK(get_current_state() == TASK_RUNNING);
        t = far;
        set_current_state(TASK_INTERRUPTIBLE);
        wake_up_process(current);
        CHECK(schedule_hrtimeout_range(&t, 10, HRTIMER_MODE_REL) == -EINTR);
    });
}

TEST_CASE("hrtimer: one in softirq context is a bottom half of its CPU; the others are not",
          "[sync6][hrtimer][softirq]") {
    on_this_engine([] {
        probe mine(HRTIMER_MODE_REL_SOFT), theirs(HRTIMER_MODE_REL_SOFT), hard;
        const auto is_raised = [] {
            auto* c = bottomhalf::default_machine_of<engine>().softirqs().of_cpu(0);
            return (engine::atomic_ref<std::uint32_t>(c->pending).load(bottomhalf::acquire) >> HRTIMER_SOFTIRQ & 1) !=
                   0;
        };
        int off = -1, on = -1, cancelled = -1;
        auto task = call<engine>([&] {   // on CPU 0
            local_bh_disable();
            hrtimer_start(&mine.timer, soon, HRTIMER_MODE_REL_SOFT);
            wait_until<engine>(is_raised);
            hrtimer_start(&hard.timer, soon, HRTIMER_MODE_REL);
            hard.wait_for(1);
            auto other = call<engine>([&] { hrtimer_start(&theirs.timer, soon, HRTIMER_MODE_REL_SOFT); }, 1);
            theirs.wait_for(1);
            off = mine.runs;
            local_bh_enable();
            on = mine.runs;

            local_bh_disable();
            hrtimer_start(&mine.timer, soon, HRTIMER_MODE_REL_SOFT);
            wait_until<engine>(is_raised);
            cancelled = hrtimer_cancel(&mine.timer);
            local_bh_enable();
        });
        task.join();
        CHECK(off == 0);
        CHECK(on == 1);   // there and then
        CHECK(mine.soft);
        CHECK(cancelled == 1);
        CHECK(mine.runs == 1);
    });
}

namespace {

/// Armed again as it runs, and then it stays inside.
struct lingering {
    struct hrtimer timer;   // first
    gate<engine> held;
    std::atomic<int> runs{0};

    lingering() {
        hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
        timer.function = [](struct hrtimer* t) {
            auto& me = *reinterpret_cast<lingering*>(t);
            if (++me.runs == 1) {
                hrtimer_start(t, 1, HRTIMER_MODE_REL_SOFT);
                me.held.pass_spinning();
            }
            return HRTIMER_NORESTART;
        };
    }
};

}   // namespace

TEST_CASE("hrtimer: a bottom half that lingers, and is the next one due, does not hold up those of other CPUs",
          "[sync6][hrtimer][softirq]") {
    on_this_engine([] {
        lingering first;
        probe theirs(HRTIMER_MODE_REL_SOFT);
        auto task = call<engine>([&] {   // on CPU 0, who calls it as a guest
            local_bh_disable();
            hrtimer_start(&first.timer, soon, HRTIMER_MODE_REL_SOFT);
            wait_until<engine>([] {
                auto* c = bottomhalf::default_machine_of<engine>().softirqs().of_cpu(0);
                return (engine::atomic_ref<std::uint32_t>(c->pending).load(bottomhalf::acquire) >> HRTIMER_SOFTIRQ &
                        1) != 0;
            });
            local_bh_enable();
        });
        first.held.wait_until_held();
        auto other = call<engine>([&] { hrtimer_start(&theirs.timer, soon, HRTIMER_MODE_REL_SOFT); }, 1);
        other.join();
        theirs.wait_for(1);
        CHECK(first.held.is_held());
        first.held.open();
        task.join();
        wait_until<engine>([&] { return first.runs == 2; });
        hrtimer_cancel(&first.timer);
    });
}
