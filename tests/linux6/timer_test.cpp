// SPDX-License-Identifier: MIT
// <linux/timer.h> of today: return values in each state, and the end of a timer.
#include "linux6/support.hpp"

#include <thread>

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/timer.h>

namespace {

struct probe {
    struct timer_list timer;
    struct completion fired;
    int runs;
    bool softirq, pending;
    static void fn(struct timer_list* t) {
        probe* p = from_timer(p, t, timer);
        ++p->runs;
        p->softirq = in_serving_softirq();
        p->pending = timer_pending(t);
        complete(&p->fired);
    }
    probe() noexcept : runs(0), softirq(false), pending(true) {
        timer_setup(&timer, fn, 0);
        init_completion(&fired);
    }
};

DEFINE_TIMER(static_timer, probe::fn);

}   // namespace

TEST_CASE("mod_timer: 0 arms, 1 moves; the function finds it idle", "[linux6][timer]") {
    probe p;
    CHECK_FALSE(timer_pending(&p.timer));
    CHECK(mod_timer(&p.timer, jiffies + 1000 * HZ) == 0);
    CHECK(timer_pending(&p.timer));
    CHECK(mod_timer(&p.timer, jiffies + 2) == 1);
    wait_for_completion(&p.fired);
    CHECK(timer_delete_sync(&p.timer) == 0);
    CHECK(p.runs == 1);
    CHECK(p.softirq);
    CHECK_FALSE(p.pending);
    CHECK(timer_delete(&static_timer) == 0);
}

TEST_CASE("add_timer: of an armed timer is reported, and changes nothing", "[linux6][timer]") {
    probe p;
    p.timer.expires = jiffies + 1000 * HZ;
    add_timer(&p.timer);
    const ear listener;
    add_timer(&p.timer);
    CHECK(ear::has("add_timer"));
    CHECK(timer_delete(&p.timer) == 1);
    CHECK(timer_delete(&p.timer) == 0);
}

TEST_CASE("timer_shutdown: no arming any more, until it is set up anew", "[linux6][timer]") {
    probe p;
    mod_timer(&p.timer, jiffies + 1000 * HZ);
    CHECK(timer_shutdown_sync(&p.timer) == 1);
    CHECK(mod_timer(&p.timer, jiffies) == 0);
    add_timer(&p.timer);
    CHECK_FALSE(timer_pending(&p.timer));
    timer_setup(&p.timer, probe::fn, 0);
    CHECK(mod_timer(&p.timer, jiffies) == 0);
    wait_for_completion(&p.fired);
    CHECK(timer_shutdown_sync(&p.timer) == 0);
    CHECK(p.runs == 1);
}

TEST_CASE("timer_delete_sync: leaves a timer disarmed whose function arms it again", "[linux6][timer]") {
    struct again {
        struct timer_list timer;
        struct completion begun, go_on;
        int runs;
        static void fn(struct timer_list* t) {
            again* a = from_timer(a, t, timer);
            ++a->runs;
            complete(&a->begun);
            while (!completion_done(&a->go_on)) cpu_relax();
            mod_timer(t, jiffies + 1000 * HZ);
        }
    } a;
    timer_setup(&a.timer, again::fn, 0);
    init_completion(&a.begun);
    init_completion(&a.go_on);
    a.runs = 0;
    mod_timer(&a.timer, jiffies);
    wait_for_completion(&a.begun);
    std::thread opener([&a] {
        // Time for it to see that the function runs.  If it looks later, it finds the timer armed: as well.
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        complete(&a.go_on);
    });
    timer_delete_sync(&a.timer);
    CHECK_FALSE(timer_pending(&a.timer));
    CHECK(a.runs == 1);
    opener.join();
    timer_delete(&a.timer);
}

TEST_CASE("timer_delete_sync: from its own function is reported, and does not hang", "[linux6][timer]") {
    struct self {
        struct timer_list timer;
        struct completion done;
        static void fn(struct timer_list* t) {
            self* s = from_timer(s, t, timer);
            timer_delete_sync(t);
            complete(&s->done);
        }
    } s;
    timer_setup(&s.timer, self::fn, 0);
    init_completion(&s.done);
    const ear listener;
    mod_timer(&s.timer, jiffies);
    wait_for_completion(&s.done);
    timer_delete_sync(&s.timer);
    CHECK(ear::has("timer_delete_sync"));
}
