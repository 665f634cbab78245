// SPDX-License-Identifier: MIT
//
// What is traced, and in what order: what a 6.12 kernel's tracepoints say of the same driver, but for the moment at which an item
// is activated, which here is when its worker looks.
#include "support/facade.hpp"

#include <atomic>
#include <string>
#include <vector>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/trace/reader.hpp>

using bottomhalf::trace::event;
using bottomhalf::trace::record;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

using names = std::vector<std::string>;

/// Listens from now on.
class recording {
public:
    recording() {
        REQUIRE(bottomhalf::trace::start());
        reader_.skip();
    }
    ~recording() { bottomhalf::trace::stop(); }
    recording(const recording&) = delete;
    recording& operator=(const recording&) = delete;

    /// And stops.
    const std::vector<record>& all() {
        bottomhalf::trace::stop();
        for (const record& r : reader_.take()) all_.push_back(r);
        CHECK(reader_.lost() == 0);
        return all_;
    }
    /// What happened to it.
    names of(const void* object) {
        names n;
        for (const record& r : all())
            if (r.object == object) n.emplace_back(bottomhalf::trace::names[r.event]);
        return n;
    }

private:
    bottomhalf::trace::reader reader_;
    std::vector<record> all_;
};

const names whole_life = {"workqueue_queue_work", "workqueue_activate_work", "workqueue_execute_start",
                          "workqueue_execute_end"};

void nothing(struct work_struct*) {}

}   // namespace

TEST_CASE("trace: an item is queued, activated, run", "[trace][work]") {
    on_this_engine([] {
        struct work_struct work;
        INIT_WORK(&work, nothing);
        recording rec;
        REQUIRE(queue_work_on(2, system_wq, &work));
        flush_work(&work);
        CHECK(rec.of(&work) == whole_life);
        for (const record& r : rec.all()) {
            if (r.object != &work) continue;
            CHECK(r.function == reinterpret_cast<const void*>(&nothing));
            if (static_cast<event>(r.event) == event::workqueue_queue_work) {
                CHECK(std::string(r.text) == "events");
                CHECK(r.a == 2);
                CHECK(r.b == 2);
            }
            if (static_cast<event>(r.event) == event::workqueue_execute_start) {
                CHECK(r.cpu == 2);
                CHECK(std::string(r.comm).rfind("kworker/2:", 0) == 0);
                CHECK(r.preempt_count == 0);
                CHECK(r.irqs_off == 0);
            }
        }
    });
}

TEST_CASE("trace: one that is pending is not queued again", "[trace][work]") {
    on_this_engine([] {
        static struct completion go;
        struct work_struct held, work;
        init_completion(&go);
        struct workqueue_struct* one = alloc_workqueue("one", 0, 1);
        INIT_WORK(&held, [](struct work_struct*) { wait_for_completion(&go); });
        INIT_WORK(&work, nothing);
        recording rec;
        queue_work_on(0, one, &held);
        REQUIRE(queue_work_on(0, one, &work));
        CHECK_FALSE(queue_work_on(0, one, &work));
        complete(&go);
        flush_workqueue(one);
        CHECK(rec.of(&work) == whole_life);
        destroy_workqueue(one);
    });
}

TEST_CASE("trace: over max_active, an item is activated when the one before has ended", "[trace][work]") {
    on_this_engine([] {
        struct work_struct first, second;
        struct workqueue_struct* one = alloc_workqueue("one", 0, 1);
        INIT_WORK(&first, [](struct work_struct*) { msleep(5); });
        INIT_WORK(&second, nothing);
        recording rec;
        queue_work_on(0, one, &first);
        queue_work_on(0, one, &second);
        flush_workqueue(one);
        std::size_t ended = 0, activated = 0, n = 0;
        for (const record& r : rec.all()) {
            ++n;
            if (r.object == &first && static_cast<event>(r.event) == event::workqueue_execute_end) ended = n;
            if (r.object == &second && static_cast<event>(r.event) == event::workqueue_activate_work) activated = n;
        }
        CHECK(ended != 0);
        CHECK(activated > ended);
        destroy_workqueue(one);
    });
}

TEST_CASE("trace: an item that queues itself", "[trace][work]") {
    on_this_engine([] {
        static std::atomic<int> left;
        left = 2;
        struct work_struct work;
        INIT_WORK(&work, [](struct work_struct* w) {
            if (left-- > 0) queue_work(system_wq, w);
        });
        recording rec;
        queue_work(system_wq, &work);
        wait_until<engine>([] { return left < 0; });
        flush_work(&work);
        const names again = {"workqueue_queue_work",    "workqueue_activate_work", "workqueue_execute_start",
                             "workqueue_queue_work",    "workqueue_execute_end",   "workqueue_activate_work",
                             "workqueue_execute_start", "workqueue_queue_work",    "workqueue_execute_end",
                             "workqueue_activate_work", "workqueue_execute_start", "workqueue_execute_end"};
        CHECK(rec.of(&work) == again);
    });
}

TEST_CASE("trace: a timer is set up, armed, moved, and fires", "[trace][timer]") {
    on_this_engine([] {
        static std::atomic<int> fired;
        fired = 0;
        struct timer_list timer;
        recording rec;
        timer_setup(
            &timer, [](struct timer_list*) { ++fired; }, 0);
        mod_timer(&timer, jiffies + 500);
        const unsigned long due = jiffies + 2;
        mod_timer(&timer, due);
        wait_until<engine>([] { return fired == 1; });
        timer_delete_sync(&timer);
        const names as_the_kernel = {"timer_init",   "timer_start",        "timer_cancel",     "timer_start",
                                     "timer_cancel", "timer_expire_entry", "timer_expire_exit"};
        CHECK(rec.of(&timer) == as_the_kernel);
        for (const record& r : rec.all()) {
            if (r.object != &timer || static_cast<event>(r.event) != event::timer_expire_entry) continue;
            CHECK(r.b == due);
            CHECK(r.a >= due);
            CHECK((r.preempt_count & bottomhalf::softirq_offset) != 0);
        }
    });
}

TEST_CASE("trace: a timer that is taken off; one that is not armed leaves no trace", "[trace][timer]") {
    on_this_engine([] {
        struct timer_list timer;
        timer_setup(
            &timer, [](struct timer_list*) {}, 0);
        recording rec;
        mod_timer(&timer, jiffies + 500);
        CHECK(timer_delete(&timer));
        CHECK_FALSE(timer_delete(&timer));
        CHECK(rec.of(&timer) == names{"timer_start", "timer_cancel"});
        timer_shutdown_sync(&timer);
    });
}

TEST_CASE("trace: delayed work is its timer, then its item", "[trace][timer][work]") {
    on_this_engine([] {
        struct delayed_work work;
        INIT_DELAYED_WORK(&work, nothing);
        recording rec;
        schedule_delayed_work(&work, 2);
        wait_until<engine>([&] { return !delayed_work_pending(&work); });
        flush_work(&work.work);
        CHECK(rec.of(&work.timer) == names{"timer_start", "timer_cancel", "timer_expire_entry", "timer_expire_exit"});
        CHECK(rec.of(&work.work) == whole_life);
        bool fires = false, inside = false;
        bottomhalf::trace::function_names functions;
        for (const record& r : rec.all()) {
            if (r.object == &work.timer) fires = static_cast<event>(r.event) == event::timer_expire_entry;
            if (r.object == &work.timer && fires) CHECK(functions[r.function] == "delayed_work_timer_fn");
            if (r.object == &work.work && static_cast<event>(r.event) == event::workqueue_queue_work) inside = fires;
        }
        CHECK(inside);
    });
}

TEST_CASE("trace: an interrupt, the tasklet that it schedules, and the softirq that runs it", "[trace][irq]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        static struct tasklet_struct tasklet;
        runs = 0;
        tasklet_setup(&tasklet, [](struct tasklet_struct*) { ++runs; });
        const auto top_half = [](int, void*) -> irqreturn_t {
            tasklet_schedule(&tasklet);
            return IRQ_HANDLED;
        };
        REQUIRE(request_irq(9, top_half, 0, "card", nullptr) == 0);
        recording rec;
        CHECK(irq_inject_interrupt(9) == 0);
        wait_until<engine>([] { return runs == 1; });
        free_irq(9, nullptr);
        tasklet_kill(&tasklet);
        names in_order;
        for (const record& r : rec.all()) {
            const auto e = static_cast<event>(r.event);
            const bool of_irq = (e == event::irq_handler_entry || e == event::irq_handler_exit) && r.a == 9;
            const bool of_vector =
                (e == event::softirq_entry || e == event::softirq_exit || e == event::softirq_raise) && r.a == 6;
            if (!of_irq && !of_vector && r.object != &tasklet) continue;
            in_order.emplace_back(bottomhalf::trace::names[r.event]);
            if (e == event::irq_handler_entry) {
                CHECK(std::string(r.text) == "card");
                CHECK((r.preempt_count & bottomhalf::hardirq_mask) != 0);
            }
            if (e == event::irq_handler_exit) CHECK(r.b == 1);
            if (e == event::softirq_entry) CHECK(std::string(r.text) == "TASKLET");
        }
        const names as_the_kernel = {"irq_handler_entry", "softirq_raise", "irq_handler_exit", "softirq_entry",
                                     "tasklet_entry",     "tasklet_exit",  "softirq_exit"};
        CHECK(in_order == as_the_kernel);
    });
}

TEST_CASE("trace: only what was asked for, and only while it is on", "[trace]") {
    on_this_engine([] {
        struct work_struct work;
        struct timer_list timer;
        INIT_WORK(&work, nothing);
        timer_setup(
            &timer, [](struct timer_list*) {}, 0);
        bottomhalf::trace::reader reader;
        reader.skip();
        CHECK_FALSE(tracing_is_on());
        queue_work(system_wq, &work);
        flush_work(&work);
        CHECK(reader.take().empty());
        REQUIRE(bottomhalf::trace::start({.events = bottomhalf::trace::of_timers}));
        CHECK(tracing_is_on());
        queue_work(system_wq, &work);
        flush_work(&work);
        mod_timer(&timer, jiffies + 1000);
        timer_delete_sync(&timer);
        tracing_off();
        bool armed = false;
        for (const record& r : reader.take()) {
            CHECK(r.object != &work);
            armed = armed || r.object == &timer;
        }
        CHECK(armed);
        timer_shutdown_sync(&timer);
    });
}

#if defined(BOTTOMHALF_SIM)
TEST_CASE("trace: to be looked at changes no schedule", "[trace]") {
    const auto way_of = [](std::uint64_t seed, bool traced) {
        bottomhalf::workqueue_ops<engine>::forget_homes();   // what was in the world before
        engine::world world{{.seed = seed}};
        if (traced) REQUIRE(bottomhalf::trace::start());
        world.run([] {
            static std::atomic<int> runs;
            static struct tasklet_struct tasklet;
            runs = 0;
            struct delayed_work late;
            struct work_struct work[2];
            INIT_DELAYED_WORK(&late, nothing);
            tasklet_setup(&tasklet, [](struct tasklet_struct*) { ++runs; });
            for (auto& w : work) INIT_WORK(&w, nothing);
            schedule_delayed_work(&late, 2);
            for (int i = 0; i < 2; ++i) queue_work_on(i, system_wq, &work[i]);
            tasklet_schedule(&tasklet);
            wait_until<engine>([] { return runs == 1; });
            for (auto& w : work) flush_work(&w);
            flush_delayed_work(&late);
            tasklet_kill(&tasklet);
        });
        bottomhalf::trace::stop();
        return world.trace();
    };
    std::uint64_t first = way_of(0, false);
    int different = 0;
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
        const std::uint64_t plain = way_of(seed, false);
        CHECK(plain == way_of(seed, true));
        if (plain != first) ++different;
    }
    CHECK(different > 20);   // it would be seen
}
#endif

TEST_CASE("trace_printk: a driver's own words, where they belong", "[trace]") {
    on_this_engine([] {
        struct work_struct work;
        INIT_WORK(&work, [](struct work_struct*) { trace_printk("the answer is %d\n", 42); });
        recording rec;
        queue_work(system_wq, &work);
        flush_work(&work);
        bool running = false, said = false;
        for (const record& r : rec.all()) {
            if (r.object == &work) running = static_cast<event>(r.event) == event::workqueue_execute_start;
            if (static_cast<event>(r.event) != event::print) continue;
            CHECK(running);
            CHECK(std::string(r.text).find(": the answer is 42") != std::string::npos);
            said = true;
        }
        CHECK(said);
    });
}
