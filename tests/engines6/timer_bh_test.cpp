// SPDX-License-Identifier: MIT
// Timers are bottom halves: not while those of their CPU are off, but as they come on.  On either engine.
#include "support/facade.hpp"

#include <atomic>

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

using support::engine;
using support::on_this_engine;

namespace {

struct probe {
    struct timer_list timer;   // first
    std::atomic<int> calls{0};
    int data = 0;   // plain: ThreadSanitizer looks

    static void fire(struct timer_list* t) {
        probe& p = *reinterpret_cast<probe*>(t);
        ++p.data;
        ++p.calls;
    }
};

/// Until the tick that a timer of "jiffies + 1" waits for has gone by, and some more.
void let_it_become_due() {
    const unsigned long then = jiffies + 4;
    while (time_before(jiffies, then)) udelay(50);
}

}   // namespace

TEST_CASE("a timer does not fire while its CPU's bottom halves are off, and does as they come on",
          "[linux6][timer][bh]") {
    on_this_engine([] {
        probe p;
        timer_setup(&p.timer, probe::fire, 0);
        for (int i = 0; i < 3; ++i) {
            local_bh_disable();
            mod_timer(&p.timer, jiffies + 1);
            let_it_become_due();
            CHECK(p.calls == i);
            CHECK(timer_pending(&p.timer));
            ++p.data;
            local_bh_enable();
            support::wait_until<engine>([&] { return p.calls == i + 1; });
        }
        timer_delete_sync(&p.timer);
        CHECK(p.data == 6);
    });
}

TEST_CASE("a timer that is due while bottom halves are off can be taken off still", "[linux6][timer][bh]") {
    on_this_engine([] {
        probe p, after;
        timer_setup(&p.timer, probe::fire, 0);
        timer_setup(&after.timer, probe::fire, 0);
        local_bh_disable();
        mod_timer(&p.timer, jiffies + 1);
        let_it_become_due();
        CHECK(timer_delete_sync(&p.timer) == 1);
        local_bh_enable();
        mod_timer(&after.timer, jiffies + 1);   // and the base goes on, by its own thread
        support::wait_until<engine>([&] { return after.calls == 1; });
        timer_delete_sync(&after.timer);
        CHECK(p.calls == 0);
    });
}

TEST_CASE("a timer of another CPU fires all the same", "[linux6][timer][bh]") {
    on_this_engine([] {
        REQUIRE(num_online_cpus() > 1);
        probe p;
        timer_setup(&p.timer, probe::fire, 0);
        local_bh_disable();
        p.timer.expires = jiffies + 1;
        add_timer_on(&p.timer, smp_processor_id() == 0 ? 1 : 0);
        support::wait_until<engine>([&] { return p.calls == 1; });
        local_bh_enable();
        timer_delete_sync(&p.timer);
    });
}

TEST_CASE("timers and a section without bottom halves never overlap", "[linux6][timer][bh][stress]") {
    on_this_engine([] {
        constexpr int rounds = 300;
        struct ticking {
            struct timer_list timer;
            int data = 0;   // plain: ThreadSanitizer looks
            std::atomic<bool> stop{false};
            static void fire(struct timer_list* t) {
                ticking& me = *reinterpret_cast<ticking*>(t);
                ++me.data;
                if (!me.stop) mod_timer(t, jiffies + 1);
            }
        } t;
        timer_setup(&t.timer, ticking::fire, TIMER_PINNED);
        local_bh_disable();
        mod_timer(&t.timer, jiffies);
        local_bh_enable();
        bool same = true;
        for (int i = 0; i < rounds; ++i) {
            local_bh_disable();
            const int before = t.data;
            udelay(30);
            same = same && t.data == before;
            ++t.data;
            local_bh_enable();
        }
        t.stop = true;
        timer_delete_sync(&t.timer);
        CHECK(same);
        CHECK(t.data >= rounds);
    });
}
