// SPDX-License-Identifier: MIT
//
// <linux/timer.h>, <linux/jiffies.h>, <linux/delay.h>, <linux/param.h>.
#include "linux26/support.hpp"

#include <chrono>

#include <linux/delay.h>
#include <linux/hardirq.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timer.h>

using support::counter;
using support::gate;
using support::reports;

namespace {
constexpr unsigned long long_time = 100000UL * HZ;
void hit(unsigned long data) { reinterpret_cast<counter*>(data)->hit(); }
unsigned long as_data(void* p) { return reinterpret_cast<unsigned long>(p); }

counter static_fired;
DEFINE_TIMER(static_timer, hit, 0, reinterpret_cast<unsigned long>(&static_fired));
}   // namespace

#if HZ != 250
#error "HZ is for the preprocessor, too, and ours"
#endif

TEST_CASE("jiffies is a variable that moves, and compares across its wrap", "[jiffies]") {
    static_assert(std::is_same_v<decltype(jiffies), volatile unsigned long>);
    static_assert(time_after(2UL, ~0UL) && time_before(~0UL, 2UL) && time_after_eq(5, 5) && time_before_eq(5, 5));
    const unsigned long begin = jiffies;
    while (time_before(jiffies, begin + 3)) cpu_relax();
    CHECK(time_after_eq(jiffies, begin + 3));
    const u64 now = get_jiffies_64();
    CHECK(now >= jiffies);
    CHECK(now - jiffies < 1000);
    CHECK(msecs_to_jiffies(5) == 2);
    CHECK(msecs_to_jiffies(0) == 0);
    CHECK(msecs_to_jiffies(static_cast<unsigned>(-1)) == MAX_JIFFY_OFFSET);
    CHECK(jiffies_to_msecs(HZ) == 1000);
    CHECK(usecs_to_jiffies(1) == 1);
    CHECK(jiffies_to_usecs(1) == 1000000 / HZ);
    const unsigned long c = begin != 0 ? jiffies : 0;   // what a class object would spoil
    CHECK(time_after_eq(c, begin));
}

TEST_CASE("msleep and mdelay: at least that long", "[delay]") {
    using clock = std::chrono::steady_clock;
    auto begin = clock::now();
    msleep(9);
    CHECK(clock::now() - begin >= std::chrono::milliseconds(9));
    begin = clock::now();
    mdelay(2);
    udelay(300);
    ndelay(100);
    CHECK(clock::now() - begin >= std::chrono::microseconds(2300));
    CHECK(msleep_interruptible(1) == 0);
}

TEST_CASE("a timer fires once, in softirq context, not before its tick", "[timer]") {
    static struct {
        int in_softirq, in_irq, pending;
        unsigned long at;
    } seen;
    static counter fired;
    static struct timer_list t;
    setup_timer(
        &t,
        [](unsigned long data) {
            seen = {in_softirq(), in_irq(), timer_pending(&t), get_jiffies_64() - data};
            fired.hit();
        },
        0);
    CHECK(timer_pending(&t) == 0);
    const unsigned long due = get_jiffies_64() + 2;
    t.data = due;
    t.expires = due;
    add_timer(&t);
    fired.wait_for(1);
    CHECK(del_timer_sync(&t) == 0);
    CHECK(seen.in_softirq == 1);
    CHECK(seen.in_irq == 0);
    CHECK(seen.pending == 0);
    CHECK(static_cast<long>(seen.at) >= 0);
    for (int i = 2; i <= 20; ++i) {   // late it may be, for reasons of the machine; early never
        t.data = get_jiffies_64() + 2;
        CHECK(mod_timer(&t, t.data) == 0);
        fired.wait_for(i);
        CHECK(del_timer_sync(&t) == 0);
        CHECK(static_cast<long>(seen.at) >= 0);
    }
    CHECK(mod_timer(&static_timer, jiffies) == 0);
    static_fired.wait_for(1);
}

TEST_CASE("mod_timer, del_timer: 1 exactly if it was armed", "[timer]") {
    counter fired;
    struct timer_list t;
    init_timer(&t);
    t.function = hit;
    t.data = as_data(&fired);
    CHECK(del_timer(&t) == 0);
    CHECK(mod_timer(&t, jiffies + long_time) == 0);
    CHECK(timer_pending(&t) == 1);
    CHECK(mod_timer(&t, jiffies + 2 * long_time) == 1);
    CHECK(del_timer(&t) == 1);
    CHECK(del_timer_sync(&t) == 0);
    CHECK(timer_pending(&t) == 0);
    t.expires = jiffies + long_time;
    add_timer(&t);
    CHECK(mod_timer(&t, jiffies) == 1);   // now
    fired.wait_for(1);
    CHECK(del_timer_sync(&t) == 0);
    CHECK(fired.get() == 1);
}

TEST_CASE("del_timer_sync: waits for the function", "[timer]") {
    static gate g;
    static std::atomic<bool> over{false};
    struct timer_list t;
    setup_timer(
        &t,
        [](unsigned long) {
            g.pass();
            over = true;
        },
        0);
    mod_timer(&t, jiffies);
    g.wait_until_held();
    CHECK(del_timer(&t) == 0);
    CHECK(try_to_del_timer_sync(&t) == -1);
    std::thread opener([] { g.open(); });
    CHECK(del_timer_sync(&t) == 0);
    CHECK(over);
    opener.join();
}

TEST_CASE("del_timer_sync: leaves a timer disarmed whose function arms it again", "[timer]") {
    static gate g;
    static counter fired;
    static struct timer_list t;
    setup_timer(
        &t,
        [](unsigned long) {
            fired.hit();
            g.pass();
            mod_timer(&t, jiffies + long_time);
        },
        0);
    mod_timer(&t, jiffies);
    g.wait_until_held();
    std::thread opener([] {
        // Time for it to see that the function runs.  If it looks later, it finds the timer armed: as well.
        for (int i = 0; i < 1000; ++i) std::this_thread::yield();
        g.open();
    });
    del_timer_sync(&t);
    CHECK(timer_pending(&t) == 0);
    CHECK(fired.get() == 1);
    opener.join();
    del_timer(&t);
}

TEST_CASE("a timer may arm itself again, and delete itself", "[timer][report]") {
    static struct timer_list t;
    static counter fired;
    setup_timer(
        &t,
        [](unsigned long) {
            fired.hit();
            if (fired.get() < 3)
                mod_timer(&t, jiffies + 1);
            else
                del_timer_sync(&t);   // would wait for itself: reported
        },
        0);
    reports said;
    mod_timer(&t, jiffies + 1);
    fired.wait_for(3);
    del_timer_sync(&t);
    CHECK(reports::with("the timer's own function") == 1);
    CHECK(reports::count() == 1);
}

TEST_CASE("timers: what is done wrong is reported", "[timer][report]") {
    counter fired;
    struct timer_list t;
    setup_timer(&t, hit, as_data(&fired));
    reports said;
    SECTION("add_timer of one that is armed") {
        t.expires = jiffies + long_time;
        add_timer(&t);
        add_timer(&t);
        CHECK(reports::with("BUG_ON(timer_pending(timer))") == 1);
        CHECK(del_timer(&t) == 1);
    }
    SECTION("init_timer of one that is armed: it stays so") {
        mod_timer(&t, jiffies + long_time);
        init_timer(&t);
        CHECK(reports::with("ODEBUG: init active (active state 0)") == 1);
        CHECK(del_timer(&t) == 1);
    }
#if !defined(NDEBUG)
    SECTION("kfree of one that is armed: it is taken off") {
        auto* late = static_cast<struct timer_list*>(kmalloc(sizeof(struct timer_list), GFP_KERNEL));
        setup_timer(late, hit, as_data(&fired));
        mod_timer(late, jiffies + long_time);
        kfree(late);
        CHECK(reports::with("ODEBUG: free active (active state 0)") == 1);
    }
#endif
    SECTION("one that nobody has initialised") {
        std::memset(&t, 0, sizeof t);
        t.function = hit;
        t.data = as_data(&fired);
        mod_timer(&t, jiffies);
        CHECK(reports::with("Uninitialised timer!") == 1);
        fired.wait_for(1);
        del_timer_sync(&t);
    }
    SECTION("no function") {
        t.function = nullptr;
        t.expires = jiffies;
        add_timer(&t);
        CHECK(reports::with("BUG_ON(!timer->function)") == 1);
        CHECK(timer_pending(&t) == 0);
    }
    SECTION("a function that leaves preemption off") {
        t.function = [](unsigned long data) {
            preempt_disable();
            reinterpret_cast<counter*>(data)->hit();
        };
        mod_timer(&t, jiffies);
        fired.wait_for(1);
        del_timer_sync(&t);
        CHECK(reports::with("with 00000100, exited with 00000101?") == 1);
    }
    SECTION("a function that sleeps") {
        t.function = [](unsigned long data) {
            msleep(100000);
            reinterpret_cast<counter*>(data)->hit();
        };
        mod_timer(&t, jiffies);
        fired.wait_for(1);
        del_timer_sync(&t);
        CHECK(reports::with("sleeping function called from invalid context") == 1);
    }
    CHECK(reports::count() == 1);
}
