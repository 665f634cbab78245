// SPDX-License-Identifier: MIT
// <linux/workqueue.h> of today: what the flags of a queue mean, and what only some queues may be asked for.
#include <cstring>
#include <string>

#include "linux6/support.hpp"

#include <linux/errno.h>
#include <linux/sched.h>

namespace {

char comm[16];
void say_comm(struct work_struct*) { std::memcpy(comm, current->comm, sizeof comm); }
void nothing(struct work_struct*) {}

/// Flushes, from a handler of its own queue, what it is told to.
struct flusher {
    struct work_struct work;
    struct work_struct* item;
    struct workqueue_struct* wq;
    bool waited;

    static void run(struct work_struct* w) {
        flusher& f = *container_of(w, flusher, work);
        if (f.item != nullptr) f.waited = flush_work(f.item);
        if (f.wq != nullptr) flush_workqueue(f.wq);
    }
};

}   // namespace

TEST_CASE("WQ_HIGHPRI: its workers are others, in every kind of queue", "[linux6][flags]") {
    struct work_struct w;
    INIT_WORK(&w, say_comm);
    for (struct workqueue_struct* wq : {alloc_workqueue("high", WQ_HIGHPRI, 0), system_highpri_wq}) {
        REQUIRE(wq != nullptr);
        CHECK(queue_work_on(0, wq, &w));
        flush_work(&w);
        CHECK(std::string(comm) == "kworker/0:0H");
        if (wq != system_highpri_wq) destroy_workqueue(wq);
    }
    CHECK(schedule_work_on(0, &w));
    flush_work(&w);
    CHECK(std::string(comm) == "kworker/0:0");
    struct workqueue_struct* unbound = alloc_workqueue("high", WQ_HIGHPRI | WQ_UNBOUND, 0);
    CHECK(queue_work(unbound, &w));
    flush_work(&w);
    const std::string first = comm;
    CHECK(queue_work(system_unbound_wq, &w));
    flush_work(&w);
    CHECK(first != comm);
    destroy_workqueue(unbound);
}

TEST_CASE("WQ_FREEZABLE: stopped and started by name", "[linux6][flags][freeze]") {
    struct workqueue_struct* wq = alloc_workqueue("cold", WQ_FREEZABLE, 0);
    gate g;
    g.hold(wq);
    freeze_workqueues_begin();
    CHECK(freeze_workqueues_busy());
    complete(&g.open);
    flush_work(&g.work);
    while (freeze_workqueues_busy()) cpu_relax();
    struct work_struct w, other;
    INIT_WORK(&w, nothing);
    INIT_WORK(&other, nothing);
    CHECK(queue_work(wq, &w));
    CHECK(queue_work(system_freezable_wq, &other));
    CHECK(work_pending(&w));
    thaw_workqueues();
    flush_work(&w);
    flush_work(&other);
    CHECK_FALSE(work_pending(&w));
    destroy_workqueue(wq);
}

TEST_CASE("WQ_SYSFS: not for ordered queues; for others the attributes that the kernel shows",
          "[linux6][flags][sysfs]") {
    const ear listener;
    CHECK(alloc_ordered_workqueue("strict", WQ_SYSFS) == nullptr);
    CHECK(ear::has("workqueue_sysfs_register"));
    struct workqueue_struct* percpu = alloc_workqueue("percpu", WQ_SYSFS, 7);
    struct workqueue_struct* unbound = alloc_workqueue("unbound", WQ_SYSFS | WQ_UNBOUND | WQ_HIGHPRI, 0);
    struct workqueue_struct* plain = alloc_workqueue("plain", 0, 0);
    char text[1024], cut[16];
    const std::size_t n = bottomhalf_show_workqueue_sysfs(text, sizeof text);
    CHECK(n == std::strlen(text));
    const std::string all = text;
    CHECK(all.find("percpu/per_cpu: 1\npercpu/max_active: 7\n") != std::string::npos);
    CHECK(all.find("unbound/per_cpu: 0\nunbound/max_active: 256\nunbound/nice: -20\n") != std::string::npos);
    CHECK(all.find("percpu/nice") == std::string::npos);
    CHECK(all.find("plain") == std::string::npos);
    CHECK(bottomhalf_show_workqueue_sysfs(cut, sizeof cut) == n);
    CHECK(std::strlen(cut) < sizeof cut);
    for (struct workqueue_struct* wq : {percpu, unbound, plain}) destroy_workqueue(wq);
}

TEST_CASE("what only unbound queues may be asked for", "[linux6][flags][report]") {
    const ear listener;
    struct workqueue_struct* bound = alloc_workqueue("bound", 0, 0);
    struct workqueue_struct* unbound = alloc_workqueue("unbound", WQ_UNBOUND, 0);
    struct workqueue_struct* ordered = alloc_ordered_workqueue("ordered", 0);
    struct work_struct w;
    INIT_WORK(&w, nothing);
    CHECK(queue_work_node(0, unbound, &w));
    flush_work(&w);
    struct workqueue_attrs* attrs = alloc_workqueue_attrs();
    REQUIRE(attrs != nullptr);
    CHECK(apply_workqueue_attrs(unbound, attrs) == 0);
    CHECK(apply_workqueue_attrs(ordered, attrs) == -EINVAL);
    workqueue_set_min_active(unbound, 4);
    CHECK(ear::all().empty());
    CHECK(queue_work_node(0, bound, &w));
    CHECK(ear::has("queue_work_node"));
    flush_work(&w);
    CHECK(apply_workqueue_attrs(bound, attrs) == -EINVAL);
    CHECK(ear::has("apply_workqueue_attrs_locked"));
    workqueue_set_min_active(ordered, 4);
    CHECK(ear::has("workqueue_set_min_active"));
    free_workqueue_attrs(attrs);
    for (struct workqueue_struct* wq : {bound, unbound, ordered}) destroy_workqueue(wq);
}

TEST_CASE("workqueue_congested: while items wait for max_active", "[linux6][max_active]") {
    struct workqueue_struct* wq = alloc_workqueue("narrow", WQ_UNBOUND, 1);
    gate g;
    struct work_struct w;
    INIT_WORK(&w, nothing);
    g.hold(wq);
    CHECK_FALSE(workqueue_congested(WORK_CPU_UNBOUND, wq));
    CHECK(queue_work(wq, &w));
    CHECK(workqueue_congested(0, wq));
    complete(&g.open);
    flush_workqueue(wq);
    CHECK_FALSE(workqueue_congested(0, wq));
    destroy_workqueue(wq);
}

TEST_CASE("WQ_MEM_RECLAIM: its handlers must not wait for a queue without; old queues may", "[linux6][flags][report]") {
    struct workqueue_struct* reclaim = alloc_workqueue("reclaim", WQ_MEM_RECLAIM, 0);
    struct workqueue_struct* other = alloc_workqueue("other", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
    struct workqueue_struct* plain = alloc_workqueue("plain", WQ_UNBOUND, 0);
    struct workqueue_struct* old = create_workqueue("old");
    const auto reported = [](struct workqueue_struct* from, struct workqueue_struct* to, bool whole,
                             bool expected = false) {
        const ear listener;
        gate g;
        g.hold(to);
        flusher f{{}, whole ? nullptr : &g.work, whole ? to : nullptr, false};
        INIT_WORK(&f.work, flusher::run);
        queue_work(from, &f.work);
        while (expected && !ear::has("check_flush_dependency")) cpu_relax();   // before it waits
        complete(&g.open);
        flush_work(&f.work);
        return ear::has("check_flush_dependency");
    };
    for (const bool whole : {false, true}) {
        CHECK_FALSE(reported(reclaim, other, whole));
        CHECK_FALSE(reported(plain, reclaim, whole));
        CHECK_FALSE(reported(old, plain, whole));
    }
    CHECK(reported(reclaim, plain, true, true));
    CHECK(reported(reclaim, plain, false, true));
    CHECK_FALSE(current_is_workqueue_rescuer());
    for (struct workqueue_struct* wq : {reclaim, other, plain, old}) destroy_workqueue(wq);
}

TEST_CASE("flush_work: of an item that waits for one's own end is reported, and does not wait",
          "[linux6][flush][report]") {
    const ear listener;
    struct workqueue_struct* wq = alloc_ordered_workqueue("ordered", 0);
    gate g;
    struct work_struct behind;
    INIT_WORK(&behind, nothing);
    flusher f{{}, &behind, nullptr, true};
    INIT_WORK(&f.work, flusher::run);
    g.hold(wq);
    CHECK(queue_work(wq, &f.work));
    CHECK(queue_work(wq, &behind));
    complete(&g.open);
    flush_work(&f.work);
    CHECK_FALSE(f.waited);
    CHECK(ear::has("flush_work"));
    destroy_workqueue(wq);
}

TEST_CASE("set_worker_desc: outside of a handler it is nobody's", "[linux6][helpers]") {
    set_worker_desc("flush-%d", 7);
    static char desc[32];
    struct work_struct w;
    INIT_WORK(&w, [](struct work_struct*) {
        using bottomhalf::linux6::engine;
        set_worker_desc("flush-%d of a device with a long name", 7);
        std::memcpy(desc, bottomhalf::worker_pool<engine>::current_worker()->desc, sizeof desc);
    });
    schedule_work(&w);
    flush_work(&w);
    CHECK(std::string(desc) == "flush-7 of a device with a long");
}
