// SPDX-License-Identifier: MIT
// <linux/workqueue.h> of today, in what the conformance scenarios do not say: constants, layout, disable, wrong use.
#include <cstring>
#include <thread>

#include "linux6/support.hpp"

#include <linux/bitops.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

namespace {

int runs;
void count(struct work_struct*) { ++runs; }

static constinit DECLARE_WORK(static_work, count);
static constinit DECLARE_DELAYED_WORK(static_delayed, count);
static constinit DEFINE_MUTEX(static_mutex);
static constinit DECLARE_COMPLETION(static_completion);

struct workqueue_struct* const at_start = system_wq;   // a constant, as in the kernel: no thread is started for it

struct device {
    int tag;
    struct delayed_work poll;
};
int seen_tag;
void poll_device(struct work_struct* w) { seen_tag = container_of(to_delayed_work(w), struct device, poll)->tag; }

struct workqueue_struct* make(const char* name) {
    return alloc_ordered_workqueue("%s", 0, name);
}

}   // namespace

TEST_CASE("items: static ones are constants, and work", "[linux6][work]") {
    runs = 0;
    CHECK_FALSE(work_pending(&static_work));
    CHECK(schedule_work(&static_work));
    CHECK(schedule_delayed_work(&static_delayed, 1));
    flush_work(&static_work);
    flush_delayed_work(&static_delayed);   // false if it was faster than we
    CHECK(runs == 2);
    CHECK(at_start == system_wq);
    mutex_lock(&static_mutex);
    mutex_unlock(&static_mutex);
    complete(&static_completion);
    wait_for_completion(&static_completion);
}

TEST_CASE("to_delayed_work: finds the device from its delayed item", "[linux6][delayed_work]") {
    device d{42, {}};
    INIT_DELAYED_WORK(&d.poll, poll_device);
    CHECK(schedule_delayed_work(&d.poll, 1000 * HZ));
    flush_delayed_work(&d.poll);   // queued at once, and waited for
    CHECK(seen_tag == 42);
}

TEST_CASE("disable_work: nests, and refuses without a trace", "[linux6][disable]") {
    struct work_struct w;
    INIT_WORK(&w, count);
    runs = 0;
    CHECK_FALSE(disable_work(&w));
    CHECK_FALSE(disable_work_sync(&w));
    CHECK_FALSE(schedule_work(&w));
    CHECK_FALSE(work_pending(&w));
    CHECK_FALSE(enable_work(&w));
    CHECK_FALSE(schedule_work(&w));
    CHECK(enable_work(&w));
    CHECK(schedule_work(&w));
    flush_work(&w);
    CHECK(runs == 1);
    CHECK_FALSE(disable_work(&w));
    CHECK(enable_and_queue_work(system_wq, &w));
    flush_work(&w);
    CHECK(runs == 2);

    const ear listener;
    CHECK(enable_work(&w));   // one too many
    CHECK(ear::has("enable_work"));
}

TEST_CASE("disable_delayed_work: takes it off its timer", "[linux6][disable]") {
    struct delayed_work d;
    INIT_DELAYED_WORK(&d, count);
    CHECK(schedule_delayed_work(&d, 1000 * HZ));
    CHECK(disable_delayed_work(&d));
    CHECK_FALSE(timer_pending(&d.timer));
    CHECK_FALSE(schedule_delayed_work(&d, 1));
    CHECK_FALSE(mod_delayed_work(system_wq, &d, 1));
    CHECK_FALSE(delayed_work_pending(&d));
    CHECK_FALSE(disable_delayed_work_sync(&d));
    CHECK_FALSE(enable_delayed_work(&d));
    CHECK(enable_delayed_work(&d));
}

TEST_CASE("queue_work: on a queue that is being drained it is refused, reported, and leaves the item idle",
          "[linux6][drain]") {
    struct workqueue_struct* wq = make("draining");
    gate g;
    g.hold(wq);
    struct drainer {
        struct work_struct work;
        struct workqueue_struct* wq;
        struct completion started;
        static void run(struct work_struct* w) {
            auto* d = container_of(w, drainer, work);
            complete(&d->started);
            drain_workqueue(d->wq);
        }
    } d{{}, wq, COMPLETION_INITIALIZER(d.started)};
    INIT_WORK(&d.work, drainer::run);
    queue_work(system_unbound_wq, &d.work);
    wait_for_completion(&d.started);

    struct work_struct w;
    INIT_WORK(&w, count);
    const ear listener;
    while (queue_work(wq, &w)) {   // until the drain has begun
        cancel_work(&w);
        cond_resched();
    }
    CHECK_FALSE(work_pending(&w));
    CHECK(ear::has("__queue_work"));
    complete_all(&g.open);
    flush_work(&d.work);
    CHECK(queue_work(wq, &w));   // the drain is over
    flush_work(&w);
    destroy_workqueue(wq);
}

TEST_CASE("alloc_workqueue: names, limits and flags that do not go together", "[linux6][alloc]") {
    const ear listener;
    CHECK(alloc_workqueue("bh", WQ_BH | WQ_UNBOUND, 0) == nullptr);
    CHECK(ear::has("__alloc_workqueue"));
    struct workqueue_struct* wq =
        alloc_workqueue("%s-%d-%s", WQ_UNBOUND, 100000, "a-name-that-is", 7, "longer-than-32-characters");
    REQUIRE(wq != nullptr);
    CHECK(ear::has("alloc_workqueue"));
    CHECK(ear::has("wq_clamp_max_active"));
    destroy_workqueue(wq);
}

TEST_CASE("workqueue_set_max_active: an ordered queue stays ordered", "[linux6][max_active]") {
    struct workqueue_struct* wq = make("ordered");
    const ear listener;
    workqueue_set_max_active(wq, 8);
    CHECK(ear::has("workqueue_set_max_active"));
    destroy_workqueue(wq);
}

TEST_CASE("destroy_workqueue: the system's queues stay", "[linux6][destroy]") {
    const ear listener;
    destroy_workqueue(system_wq);
    CHECK(ear::has("destroy_workqueue"));
    struct work_struct w;
    INIT_WORK(&w, count);
    CHECK(queue_work(system_wq, &w));
    flush_work(&w);
}

TEST_CASE("create_workqueue and its kin: the old names", "[linux6][alloc]") {
    for (struct workqueue_struct* wq :
         {create_workqueue("old"), create_singlethread_workqueue("old1"), create_freezable_workqueue("oldf")}) {
        REQUIRE(wq != nullptr);
        struct work_struct w;
        INIT_WORK(&w, count);
        CHECK(queue_work(wq, &w));
        flush_workqueue(wq);
        CHECK_FALSE(work_pending(&w));
        destroy_workqueue(wq);
    }
}

TEST_CASE("an item may free itself in its handler", "[linux6][work]") {
    struct own {
        struct work_struct work;
        struct completion* done;
        static void run(struct work_struct* w) {
            own* o = container_of(w, own, work);
            struct completion* done = o->done;
            kfree(o);
            complete(done);
        }
    };
    DECLARE_COMPLETION_ONSTACK(done);
    own* o = kzalloc(sizeof(*o), GFP_KERNEL);
    INIT_WORK(&o->work, own::run);
    o->done = &done;
    schedule_work(&o->work);
    wait_for_completion(&done);
}

#if !defined(NDEBUG)
TEST_CASE("INIT_WORK: of an item that is pending is reported, and it runs all the same", "[linux6][work][report]") {
    const ear listener;
    struct workqueue_struct* wq = make("init");
    gate g;
    g.hold(wq);
    runs = 0;
    struct work_struct w;
    struct delayed_work d;
    std::memset(&w, 0xff, sizeof w);   // looks like one, and is none
    std::memset(&d, 0xff, sizeof d);
    INIT_WORK(&w, count);
    INIT_DELAYED_WORK(&d, count);
    CHECK(ear::all().empty());
    CHECK(queue_work(wq, &w));
    INIT_WORK(&w, nullptr);
    CHECK(ear::all() == std::vector<std::string>{"__init_work"});
    CHECK(queue_delayed_work(wq, &d, 3600 * HZ));
    INIT_DELAYED_WORK(&d, nullptr);
    CHECK(ear::all().size() == 2);
    CHECK(mod_delayed_work(wq, &d, 0));
    INIT_DELAYED_WORK(&d, nullptr);
    CHECK(ear::all().size() == 3);
    complete(&g.open);
    flush_workqueue(wq);
    CHECK(runs == 2);
    INIT_WORK(&w, count);   // idle: may be
    CHECK(ear::all().size() == 3);
    destroy_workqueue(wq);
}
#endif

TEST_CASE("execute_in_process_context: here, if here is a process context", "[linux6][helpers]") {
    struct execute_work ew;
    runs = 0;
    CHECK(execute_in_process_context(count, &ew) == 0);
    CHECK(runs == 1);
    local_bh_disable();
    CHECK(execute_in_process_context(count, &ew) == 1);
    local_bh_enable();
    flush_work(&ew.work);
    CHECK(runs == 2);
}

TEST_CASE("current: the thread's own, its name as the kernel gives it", "[linux6][sched]") {
    struct task_struct* me = current;
    CHECK(me == current);
    CHECK(me->mm != nullptr);
    CHECK(std::strlen(current->comm) > 0);
    CHECK(current->pid > 0);
}

TEST_CASE("bitops: as in the kernel", "[linux6][bitops]") {
    DECLARE_BITMAP(bits, 200) = {};
    CHECK_FALSE(test_and_set_bit(130, bits));
    CHECK(test_and_set_bit(130, bits));
    CHECK(test_bit(130, bits));
    clear_bit(130, bits);
    CHECK_FALSE(test_and_clear_bit(130, bits));
}

// ---- helpers, where one must not sleep -----------------------------------------------------------------------------

TEST_CASE("work_on_cpu, schedule_on_each_cpu: refused where one must not sleep, and nothing is queued",
          "[linux6][context]") {
    runs = 0;
    const ear listener;
    preempt_disable();
    CHECK(schedule_on_each_cpu([](struct work_struct*) { ++runs; }) == -EINVAL);
    CHECK(ear::has("schedule_on_each_cpu"));
    CHECK(work_on_cpu(
              0, [](void*) -> long { return ++runs; }, nullptr) == -EINVAL);
    CHECK(ear::has("work_on_cpu"));
    preempt_enable();
    CHECK(runs == 0);
}

TEST_CASE("flush_delayed_work: true if the item was on its timer, however fast its run is over", "[linux6][flush]") {
    runs = 0;
    static DECLARE_DELAYED_WORK(d, [](struct work_struct*) { ++runs; });
    for (int i = 1; i <= 200; ++i) {
        schedule_delayed_work(&d, 1000 * HZ);
        CHECK(flush_delayed_work(&d));
        CHECK(runs == i);
    }
    CHECK_FALSE(flush_delayed_work(&d));
}

TEST_CASE("destroy_delayed_work_on_stack: silent about what is idle; what is not is said, and taken off",
          "[linux6][report]") {
    const ::ear listening;
    {
        struct work_struct w;
        INIT_WORK_ONSTACK(&w, count);
        struct delayed_work d;
        INIT_DELAYED_WORK_ONSTACK(&d, count);
        queue_work(system_wq, &w);
        flush_work(&w);
        destroy_work_on_stack(&w);
        destroy_delayed_work_on_stack(&d);
        CHECK(::ear::all().empty());
        schedule_delayed_work(&d, 1000 * HZ);
        destroy_delayed_work_on_stack(&d);
        CHECK(::ear::has("destroy_delayed_work_on_stack"));
        CHECK_FALSE(delayed_work_pending(&d));
    }
    gate held;
    held.hold(system_wq);
    std::thread later([&] {
        while (!::ear::has("destroy_work_on_stack")) std::this_thread::yield();
        complete(&held.open);
    });
    destroy_work_on_stack(&held.work);   // it runs: waits
    CHECK(::ear::has("destroy_work_on_stack"));
    CHECK_FALSE(work_busy(&held.work));
    later.join();
}
