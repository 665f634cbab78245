// SPDX-License-Identifier: MIT
//
// <linux/interrupt.h>: threaded handlers, lines wired by level, where a line goes, and what nobody cared for.
#include "support/facade.hpp"

#include <atomic>
#include <cstring>
#include <string>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;
namespace dev_side = bottomhalf::linux6;

namespace {

constexpr unsigned int line = 7;

/// A device whose two functions say what they saw, and do as they are told.
struct device {
    std::atomic<int> tops{0}, threads{0}, cpu{-1};
    std::atomic<irqreturn_t> top_says{IRQ_WAKE_THREAD}, thread_says{IRQ_HANDLED};
    std::atomic<bool> is_task{false}, may_sleep{false};
    char comm[16] = {};
    void (*in_top)(device&) = nullptr;
    void (*in_thread)(device&) = nullptr;
    void* data = nullptr;

    static irqreturn_t top(int, void* p) {
        auto& d = *static_cast<device*>(p);
        d.cpu = smp_processor_id();
        if (d.in_top != nullptr) d.in_top(d);
        const irqreturn_t r = d.top_says;   // before it is seen to be over
        ++d.tops;
        return r;
    }
    static irqreturn_t thread(int, void* p) {
        auto& d = *static_cast<device*>(p);
        d.is_task = in_task();
        d.may_sleep = !in_atomic() && !irqs_disabled();
        std::memcpy(d.comm, current->comm, sizeof d.comm);
        if (d.in_thread != nullptr) d.in_thread(d);
        const irqreturn_t r = d.thread_says;
        ++d.threads;
        return r;
    }
    int request(unsigned long flags = 0, bool alone = false) {
        return request_threaded_irq(line, alone ? nullptr : &top, &thread, flags, "dev", this);
    }
    void free() { free_irq(line, this); }
    void threads_ran(int n) {
        wait_until<engine>([&] { return threads >= n; });
        synchronize_irq(line);
    }
    void tops_ran(int n) {
        wait_until<engine>([&] { return tops >= n; });
        synchronize_irq(line);
    }
};

/// What CPU 0 was told before, it has heard.
void settle() {
    auto& port = bottomhalf::default_machine_of<engine>().port(0);
    wait_until<engine>([&] {
        return engine::atomic_ref<std::uint64_t>(port.pending).load(bottomhalf::acquire) == 0 &&
               engine::atomic_ref<std::uint32_t>(port.serving).load(bottomhalf::acquire) == 0;
    });
}

/// The line is shut off.  Again and again where the time is the world's: more than a tenth of a second between two
/// interrupts and they do not count.
void nobody_cares() {
    bool said = false;
    for (int tries = 0; tries < 20 && !said; ++tries) {
        local_irq_disable();
        for (int i = 0; i < 100'000; ++i) generic_handle_irq(line);
        local_irq_enable();
        said = reports::take("nobody cared");
    }
    CHECK(said);
}

}   // namespace

TEST_CASE("request_threaded_irq: the thread runs in process context, under the line's name", "[irq][thread]") {
    on_this_engine([] {
        for (const bool alone : {false, true}) {
            device d;
            REQUIRE(d.request(IRQF_ONESHOT, alone) == 0);
            for (int i = 1; i <= 3; ++i) {
                CHECK(dev_side::raise_irq(line));
                d.threads_ran(i);
                CHECK(d.tops == (alone ? 0 : i));
                CHECK(d.threads == i);
            }
            CHECK(d.is_task);
            CHECK(d.may_sleep);
            CHECK(std::string(d.comm) == "irq/7-dev");
            d.free();
        }
    });
}

TEST_CASE("request_threaded_irq: what it refuses, and says", "[irq][thread][report]") {
    on_this_engine([] {
        device d, e;
        CHECK(d.request(0, true) == -EINVAL);
        CHECK(reports::take("Threaded irq requested with handler=NULL and !ONESHOT for dev (irq 7)"));
        CHECK(request_threaded_irq(line, nullptr, nullptr, IRQF_ONESHOT, "x", &d) == -EINVAL);
        REQUIRE(d.request(IRQF_SHARED | IRQF_ONESHOT) == 0);
        CHECK(e.request(IRQF_SHARED) == -EBUSY);
        CHECK(reports::take("Flags mismatch irq 7. 00000080 (dev) vs. 00002080 (dev)"));
        CHECK(request_irq(line, &device::top, IRQF_SHARED, "like the others", &e) == 0);   // IRQF_COND_ONESHOT
        free_irq(line, &e);
        CHECK(e.request(IRQF_SHARED | IRQF_ONESHOT | IRQF_TRIGGER_RISING) == -EBUSY);
        CHECK(reports::take("Flags mismatch"));
        d.free();
        engine::spawn_budget(0);
        const int err = d.request(IRQF_ONESHOT);
        engine::spawn_budget(-1);
        CHECK(err == -ENOMEM);
        CHECK_FALSE(irq_has_action(line));
    });
}

TEST_CASE("IRQ_WAKE_THREAD: without a thread it is said, once", "[irq][thread][report]") {
    on_this_engine([] {
        device d;
        REQUIRE(request_irq(line, &device::top, 0, "lonely", &d) == 0);
        for (int i = 1; i <= 2; ++i) {
            dev_side::raise_irq(line);
            d.tops_ran(i);
        }
        free_irq(line, &d);
        CHECK(reports::take_all("IRQ 7 device lonely returned IRQ_WAKE_THREAD but no thread function available.") == 1);
    });
}

TEST_CASE("an interrupt that comes while the thread runs makes it run once more", "[irq][thread]") {
    on_this_engine([] {
        device d;
        gate<engine> first;
        d.data = &first;
        d.in_thread = [](device& self) {
            if (self.threads == 0) static_cast<gate<engine>*>(self.data)->pass();
        };
        REQUIRE(d.request() == 0);
        dev_side::raise_irq(line);
        first.wait_until_held();
        for (int i = 2; i <= 4; ++i) {
            dev_side::raise_irq(line);   // an edge: it is not masked meanwhile
            wait_until<engine>([&] { return d.tops == i; });
        }
        first.open();
        d.threads_ran(2);
        CHECK(d.threads == 2);
        d.free();
    });
}

TEST_CASE("IRQF_ONESHOT: a line by level comes again when its thread is done, not before", "[irq][thread][level]") {
    on_this_engine([] {
        device d;
        gate<engine> inside;
        d.data = &inside;
        d.in_thread = [](device& self) {
            if (self.threads == 0) return static_cast<gate<engine>*>(self.data)->pass();
            dev_side::assert_irq(line, false);   // the second time it is content
        };
        REQUIRE(d.request(IRQF_ONESHOT | IRQF_TRIGGER_HIGH) == 0);
        CHECK(irq_get_trigger_type(line) == IRQ_TYPE_LEVEL_HIGH);
        CHECK(dev_side::assert_irq(line, true));
        inside.wait_until_held();
        dev_side::raise_irq(line);   // in vain: it is masked
        settle();
        CHECK(d.tops == 1);
        inside.open();
        d.threads_ran(2);
        settle();
        CHECK(d.tops == 2);
        CHECK(d.threads == 2);
        d.free();
    });
}

TEST_CASE("IRQF_ONESHOT: a shared line waits for all of its threads", "[irq][thread][level]") {
    on_this_engine([] {
        device slow, quick;
        gate<engine> inside;
        slow.data = &inside;
        slow.in_thread = [](device& self) {
            if (self.threads == 0) static_cast<gate<engine>*>(self.data)->pass();
        };
        constexpr unsigned long flags = IRQF_SHARED | IRQF_ONESHOT | IRQF_TRIGGER_LOW;
        REQUIRE(slow.request(flags) == 0);
        REQUIRE(quick.request(flags) == 0);
        dev_side::raise_irq(line);
        inside.wait_until_held();
        wait_until<engine>([&] { return quick.threads == 1; });
        dev_side::raise_irq(line);
        settle();
        CHECK(quick.tops == 1);
        inside.open();
        wait_until<engine>([&] { return quick.threads == 2; });   // the one that was held back
        slow.threads_ran(2);
        CHECK(slow.tops == 2);
        slow.free();
        quick.free();
    });
}

TEST_CASE("disable_irq, free_irq: wait for the thread", "[irq][thread][free_irq]") {
    on_this_engine([] {
        for (const bool frees : {false, true}) {
            device d;
            gate<engine> inside;
            d.data = &inside;
            d.in_thread = [](device& self) { static_cast<gate<engine>*>(self.data)->pass(); };
            REQUIRE(d.request(IRQF_ONESHOT) == 0);
            dev_side::raise_irq(line);
            inside.wait_until_held();
            CHECK_FALSE(synchronize_hardirq(line));
            auto other = call<engine>([&] { frees ? d.free() : disable_irq(line); });
            CHECK(other.waits_for(frees ? "free_irq" : "disable_irq"));
            CHECK(d.threads == 0);
            inside.open();
            other.join();
            CHECK(d.threads == 1);
            if (!frees) {
                CHECK(disable_hardirq(line));
                enable_irq(line);
                enable_irq(line);
                d.free();
            }
        }
    });
}

TEST_CASE("disable_irq: in the line's own thread it would wait for itself, and says so", "[irq][thread][report]") {
    on_this_engine([] {
        device d;
        d.in_thread = [](device&) {
            disable_irq(line);
            enable_irq(line);
        };
        REQUIRE(d.request(IRQF_ONESHOT) == 0);
        dev_side::raise_irq(line);
        d.threads_ran(1);
        CHECK(reports::take("disable_irq: called in a thread of irq 7, which would wait for itself; not waiting"));
        d.free();
    });
}

TEST_CASE("disable_irq, synchronize_irq, free_irq: where one may not sleep they say so, once, and do not",
          "[irq][thread][report]") {
    on_this_engine([] {
        device d;
        gate<engine> inside;
        d.data = &inside;
        d.in_thread = [](device& self) { static_cast<gate<engine>*>(self.data)->pass(); };
        REQUIRE(d.request(IRQF_ONESHOT) == 0);
        static device* freed;
        freed = &d;
        const auto all_three = [] {
            disable_irq(line);
            synchronize_irq(line);
            free_irq(line, freed);
            enable_irq(line);
        };
        const auto said = [] {
            for (const char* function : {"disable_irq", "synchronize_irq", "free_irq"}) {
                const std::string text = std::string(function) + ": sleeping function called from invalid context";
                INFO(text);
                CHECK(reports::take_all(text.c_str()) == 1);
            }
        };
        static void (*in_softirq)();
        in_softirq = all_three;
        static struct tasklet_struct t;
        tasklet_setup(&t, [](struct tasklet_struct*) { in_softirq(); });
        for (const bool busy : {false, true}) {   // whether or not there is something to wait for
            CAPTURE(busy);
            if (busy) {
                dev_side::raise_irq(line);
                inside.wait_until_held();
            }
            tasklet_schedule(&t);
            tasklet_kill(&t);
            said();
            preempt_disable();
            all_three();
            preempt_enable();
            said();
        }
        disable_irq_nosync(line);   // is for them
        CHECK_FALSE(synchronize_hardirq(line));
        enable_irq(line);
        inside.open();
        d.threads_ran(1);
        d.free();
    });
}

TEST_CASE("free_irq: waits for the interrupt that is to wake the thread at its end", "[irq][thread][free_irq]") {
    on_this_engine([] {
        static gate<engine>*thread, *softirq;
        gate<engine> first_run, at_its_end;
        thread = &first_run;
        softirq = &at_its_end;
        static struct tasklet_struct t;
        tasklet_setup(&t, [](struct tasklet_struct*) { softirq->pass_spinning(); });
        device d;
        d.in_top = [](device& self) {
            if (self.tops == 1) tasklet_schedule(&t);
        };
        d.in_thread = [](device& self) {
            if (self.threads == 0) thread->pass();
        };
        REQUIRE(d.request() == 0);
        dev_side::raise_irq(line);
        first_run.wait_until_held();
        dev_side::raise_irq(line);   // asks again, while the thread runs
        at_its_end.wait_until_held();
        first_run.open();
        wait_until<engine>([&] { return d.threads == 2; });   // it has found that by itself
        std::atomic<bool> freed{false};
        auto other = call<engine>([&] { d.free(), freed = true; }, 1);
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK_FALSE(freed);
        at_its_end.open();
        other.join();
        tasklet_kill(&t);
    });
}

TEST_CASE("free_irq: in the thread that it would end it is refused, and said", "[irq][thread][report]") {
    on_this_engine([] {
        device d;
        d.in_thread = [](device& self) { free_irq(line, &self); };
        REQUIRE(d.request(IRQF_ONESHOT) == 0);
        dev_side::raise_irq(line);
        d.threads_ran(1);
        CHECK(reports::take("free_irq: called in the thread of irq 7 that it would end; not freed"));
        CHECK(irq_has_action(line));
        d.free();
    });
}

TEST_CASE("IRQF_ONESHOT: the thread of a handler that was freed does not let the line in for the next one",
          "[irq][thread][level]") {
    on_this_engine([] {
        constexpr unsigned long flags = IRQF_ONESHOT | IRQF_TRIGGER_HIGH;
        device old, next;
        gate<engine> old_thread, next_thread;
        old.data = &old_thread;
        next.data = &next_thread;
        const auto hold = [](device& self) {
            if (self.threads == 0) static_cast<gate<engine>*>(self.data)->pass();
        };
        old.in_thread = next.in_thread = hold;
        REQUIRE(old.request(flags) == 0);
        dev_side::raise_irq(line);
        old_thread.wait_until_held();
        auto other = call<engine>([&] { old.free(); });
        CHECK(other.waits_for("free_irq"));
        REQUIRE(next.request(flags) == 0);
        dev_side::raise_irq(line);
        next_thread.wait_until_held();
        old_thread.open();
        wait_until<engine>([&] { return old.threads == 1; });
        for (unsigned round = 0; round < 70; ++round) engine::relax(round);
        dev_side::raise_irq(line);
        settle();
        CHECK(next.tops == 1);
        next_thread.open();
        next.threads_ran(2);
        other.join();
        CHECK(next.tops == 2);
        next.free();
    });
}

TEST_CASE("synchronize_irq: beside a thread that is asked for again and again", "[irq][thread]") {
    on_this_engine([] {
        device d;
        REQUIRE(d.request() == 0);
        std::atomic<bool> done{false};
        auto raiser = call<engine>(
            [&] {
                for (int i = 0; i < 200; ++i) {
                    dev_side::raise_irq(line);
                    irq_wake_thread(line, &d);
                    engine::relax(static_cast<unsigned>(i % 4));
                }
                done = true;
            },
            1);
        std::atomic<bool> below_zero{false};   // fewer asked for than done: a waiter would miss the end
        auto& active = bottomhalf::linux6::impl::find_line(line, bottomhalf::location::current())->threads_active;
        auto watcher = call<engine>([&] {
            while (!done)
                if (engine::atomic_ref<std::uint32_t>(active).load(bottomhalf::acquire) > 1000) below_zero = true;
        });
        auto waiter = call<engine>([&] {
            while (!done) synchronize_irq(line);
        });
        raiser.join(), waiter.join(), watcher.join();
        CHECK_FALSE(below_zero);
        settle();   // the last one may have been raised, and not have come yet
        synchronize_irq(line);
        CHECK(d.threads > 0);
        d.free();
    });
}

TEST_CASE("irq_wake_thread: as if the handler had said so", "[irq][thread]") {
    on_this_engine([] {
        device d;
        REQUIRE(d.request() == 0);
        settle();   // an edge that came while nobody had the line
        synchronize_irq(line);
        const int tops = d.tops, threads = d.threads;
        irq_wake_thread(line, &d);
        d.threads_ran(threads + 1);
        CHECK(d.tops == tops);
        int nobody;
        irq_wake_thread(line, &nobody);
        d.free();
    });
}

TEST_CASE("whom a top half wakes on its own CPU begins after the softirqs at its end", "[irq][thread][softirq]") {
    on_this_engine([] {
        static std::atomic<int> softirqs, seen_by_thread;
        static struct tasklet_struct t;
        softirqs = 0;
        seen_by_thread = -1;
        tasklet_setup(&t, [](struct tasklet_struct*) { ++softirqs; });
        device d;
        d.in_top = [](device&) { tasklet_schedule(&t); };
        d.in_thread = [](device&) { seen_by_thread = softirqs.load(); };
        REQUIRE(d.request() == 0);
        // The first one may come while another task is about to turn the CPU's interrupts off: then its softirqs are
        // ksoftirqd's, as in the kernel where they have become too many.
        dev_side::raise_irq(line);
        d.threads_ran(1);
        tasklet_kill(&t);
        softirqs = 0;
        for (int i = 1; i <= 50; ++i) {
            dev_side::raise_irq(line);
            d.threads_ran(1 + i);
            CHECK(seen_by_thread == i);
        }
        d.free();
        tasklet_kill(&t);
    });
}

TEST_CASE("a line by level: comes until its device lets go, and is not lost while it is off", "[irq][level]") {
    on_this_engine([] {
        device d;
        d.top_says = IRQ_HANDLED;
        d.in_top = [](device& self) {
            if (self.tops == 4) dev_side::assert_irq(line, false);
        };
        REQUIRE(request_irq(line, &device::top, IRQF_TRIGGER_HIGH, "level", &d) == 0);
        dev_side::assert_irq(line, true);
        d.tops_ran(5);
        settle();
        CHECK(d.tops == 5);
        disable_irq(line);
        dev_side::raise_irq(line);
        settle();
        CHECK(d.tops == 5);
        enable_irq(line);
        d.tops_ran(6);
        settle();
        CHECK(d.tops == 6);
        free_irq(line, &d);
    });
}

TEST_CASE("a line by level that two devices share: comes until both have let go", "[irq][level][shared]") {
    on_this_engine([] {
        device first, second;
        first.top_says = second.top_says = IRQ_HANDLED;
        first.in_top = [](device& self) {
            if (self.tops == 3) dev_side::assert_irq(line, false, 1);
        };
        second.in_top = [](device& self) {
            if (self.tops == 6) dev_side::assert_irq(line, false, 30);
        };
        for (device* d : {&first, &second})
            REQUIRE(request_irq(line, &device::top, IRQF_TRIGGER_LOW | IRQF_SHARED, "level", d) == 0);
        CHECK_FALSE(dev_side::assert_irq(line, true, 31));
        disable_irq(line);
        dev_side::assert_irq(line, true, 1);
        dev_side::assert_irq(line, true, 1);   // it does already
        dev_side::assert_irq(line, true, 30);
        enable_irq(line);
        second.tops_ran(7);
        settle();
        CHECK(first.tops == 7);
        CHECK(second.tops == 7);
        for (device* d : {&first, &second}) free_irq(line, d);
    });
}

TEST_CASE("irq_set_affinity: the first CPU of the set takes it from then on", "[irq][affinity]") {
    on_this_engine([] {
        constexpr unsigned int other = 9;   // that nothing has been counted on
        device d;
        d.top_says = IRQ_HANDLED;
        REQUIRE(request_irq(other, &device::top, 0, "moves", &d) == 0);
        int n = 0;
        for (const unsigned int cpu : {2U, 1U, 3U, 0U}) {
            CHECK(irq_set_affinity(other, cpumask_of(cpu)) == 0);
            dev_side::raise_irq(other);
            ++n;
            wait_until<engine>([&] { return d.tops >= n; });
            synchronize_irq(other);
            CHECK(d.cpu == static_cast<int>(cpu));
        }
        struct cpumask none = {};
        CHECK(irq_set_affinity(other, &none) == -EINVAL);
        CHECK(irq_set_affinity(2000, cpumask_of(0)) == -EINVAL);
        char text[2048];
        const std::size_t length = dev_side::show_interrupts(text, sizeof text);
        CHECK(length == std::strlen(text));
        CHECK_THAT(text, Catch::Contains("CPU0") && Catch::Contains("CPU3"));
        CHECK_THAT(
            text, Catch::Contains("   9:          1          1          1          1  bottomhalf    9 Edge   moves\n"));
        CHECK(dev_side::show_interrupts(nullptr, 0) == length);
        free_irq(other, &d);
    });
}

TEST_CASE("nobody cared: a line that nobody wants is shut off; another who shares it gets a chance", "[irq][report]") {
    on_this_engine([] {
        device d, e;
        d.top_says = IRQ_NONE;
        REQUIRE(request_irq(line, &device::top, IRQF_SHARED, "not me", &d) == 0);
        local_irq_disable();
        for (int i = 0; i < 99'999; ++i) generic_handle_irq(line);
        CHECK(reports::take_all("nobody cared") == 0);
        generic_handle_irq(line);
        local_irq_enable();
        // Where the time is the world's, it may have taken us off the CPU for so long that it does not count as being stuck.
        const bool at_once = reports::take("irq 7: nobody cared (try booting with the \"irqpoll\" option)");
        if (!at_once && !engine::simulated) nobody_cares();
        CHECK((at_once || !engine::simulated));
        const int before = d.tops;
        CHECK((before == 100'000 || !at_once));
        dev_side::raise_irq(line);
        settle();
        CHECK(d.tops == before);
        e.top_says = IRQ_HANDLED;
        REQUIRE(request_irq(line, &device::top, IRQF_SHARED, "me", &e) == 0);
        e.tops_ran(1);   // the one that was kept
        free_irq(line, &e);
        free_irq(line, &d);
    });
}

TEST_CASE("nobody cared: the line is polled ten times a second, if it may be shared, until it is turned on again",
          "[irq][poll]") {
    on_this_engine([] {
        device d;
        d.top_says = IRQ_NONE;
        const auto shut_off = [&](unsigned long flags) {
            REQUIRE(request_irq(line, &device::top, flags, "not me", &d) == 0);
            nobody_cares();
            return d.tops.load();
        };
        static unsigned long at[4];
        static std::atomic<int> polls, in_softirq;
        polls = in_softirq = 0;
        d.in_top = [](device&) {
            if (in_hardirq() || polls == 4) return;   // nor the first, which come from here
            in_softirq += in_serving_softirq() && irqs_disabled() ? 1 : 0;
            if (in_serving_softirq()) at[polls++] = jiffies;
        };
        const unsigned long from = jiffies;
        const int before = shut_off(IRQF_SHARED);
        d.tops_ran(before + 3);
        CHECK(polls >= 3);
        CHECK(in_softirq == polls);
        CHECK(at[0] - from >= HZ / 10);
        for (int i = 0; i < 2; ++i) CHECK(at[i + 1] - at[i] >= HZ / 10 - 1);   // read within a tick
        d.top_says = IRQ_HANDLED;
        enable_irq(line);
        synchronize_irq(line);
        const int after = d.tops;
        msleep(250);
        CHECK(d.tops == after);
        free_irq(line, &d);

        d.tops = 0;
        d.top_says = IRQ_NONE;
        const int alone = shut_off(0);
        msleep(250);
        CHECK(d.tops == alone);
        free_irq(line, &d);
    });
}

TEST_CASE("nobody cared: a driver that turns the line on again has it back as it was", "[irq][report]") {
    on_this_engine([] {
        device d, e;
        d.top_says = IRQ_NONE;
        e.top_says = IRQ_HANDLED;
        REQUIRE(request_irq(line, &device::top, IRQF_SHARED, "not me", &d) == 0);
        nobody_cares();
        enable_irq(line);
        REQUIRE(request_irq(line, &device::top, IRQF_SHARED, "me", &e) == 0);
        disable_irq(line);
        const int before = e.tops;
        dev_side::raise_irq(line);
        settle();
        CHECK(e.tops == before);
        enable_irq(line);
        e.tops_ran(before + 1);
        free_irq(line, &e);
        free_irq(line, &d);
    });
}

TEST_CASE("enable_irq_wake: is counted, and told when it does not balance", "[irq][report]") {
    on_this_engine([] {
        CHECK(enable_irq_wake(line) == 0);
        CHECK(enable_irq_wake(line) == 0);
        CHECK(irqd_is_wakeup_set(irq_get_irq_data(line)));
        CHECK(disable_irq_wake(line) == 0);
        CHECK(irqd_is_wakeup_set(irq_get_irq_data(line)));
        CHECK(disable_irq_wake(line) == 0);
        CHECK_FALSE(irqd_is_wakeup_set(irq_get_irq_data(line)));
        disable_irq_wake(line);
        CHECK(reports::take("irq_set_irq_wake: Unbalanced IRQ 7 wake disable"));
        CHECK(enable_irq_wake(2000) == -EINVAL);
    });
}
