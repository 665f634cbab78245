// SPDX-License-Identifier: MIT
//
// The workers of <linux/kthread.h>: every call in every state of an item.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/kthread.h>

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

namespace {

constexpr unsigned long far = 1000 * HZ;

struct probe {
    struct kthread_delayed_work item;   // first
    std::atomic<int> runs{0};
    std::atomic<bool> again{false};   // queues itself
    gate<engine>* held = nullptr;
    struct kthread_worker* worker = nullptr;
    std::atomic<int> refused{0};

    probe() { kthread_init_delayed_work(&item, &probe::run); }
    static void run(struct kthread_work* w) {
        auto& p = *reinterpret_cast<probe*>(w);
        if (p.held != nullptr) p.held->pass();
        if (p.again && !kthread_queue_work(p.worker, w)) ++p.refused;
        ++p.runs;
    }
};

std::atomic<int> static_runs;
void count(struct kthread_work*) { ++static_runs; }
DEFINE_KTHREAD_WORKER(static_worker);
DEFINE_KTHREAD_WORK(static_work, count);
DEFINE_KTHREAD_DELAYED_WORK(static_delayed, count);

}   // namespace

TEST_CASE("kthread_queue_work: once while it waits, again while it runs; flush waits for both",
          "[sync6][kthread_worker]") {
    on_this_engine([] {
        struct kthread_worker* w = kthread_create_worker(0, "worker/%d", 1);
        probe p;
        gate<engine> held;
        p.held = &held;
        CHECK(kthread_queue_work(w, &p.item.work));
        held.wait_until_held();
        CHECK(kthread_queue_work(w, &p.item.work));
        CHECK_FALSE(kthread_queue_work(w, &p.item.work));
        auto other = call<engine>([&] { kthread_flush_work(&p.item.work); });
        REQUIRE(other.waits_for("kthread_flush_work"));
        held.open();
        other.join();
        CHECK(p.runs == 2);
        kthread_flush_work(&p.item.work);
        kthread_destroy_worker(w);
    });
}

TEST_CASE("kthread_cancel_work_sync: idle, waiting, and running when it would queue itself",
          "[sync6][kthread_worker]") {
    on_this_engine([] {
        struct kthread_worker* w = kthread_create_worker_on_cpu(1, 0, "on-cpu");
        probe block, p;
        gate<engine> held;
        CHECK_FALSE(kthread_cancel_work_sync(&p.item.work));
        block.held = &held;
        block.worker = w;
        block.again = true;
        kthread_queue_work(w, &block.item.work);
        held.wait_until_held();
        kthread_queue_work(w, &p.item.work);
        CHECK(kthread_cancel_work_sync(&p.item.work));
        auto other = call<engine>([&] { kthread_cancel_work_sync(&block.item.work); });
        REQUIRE(other.waits_for("kthread_flush_work"));
        held.open();
        other.join();
        CHECK(block.runs == 1);
        CHECK(block.refused == 1);
        kthread_flush_worker(w);
        CHECK(p.runs == 0);
        CHECK(kthread_queue_work(w, &p.item.work));   // and may be queued again
        kthread_destroy_worker(w);
        CHECK(p.runs == 1);
    });
}

TEST_CASE("kthread_cancel_work_sync, kthread_flush_work: whose only word of the worker is the item's",
          "[sync6][kthread_worker]") {
    on_this_engine([] {
        for (const bool by_flush : {false, true}) {
            probe blocker, p;
            gate<engine> held;
            if (!by_flush) blocker.held = &held;
            std::atomic<int> done{0};   // relaxed: orders nothing, so ThreadSanitizer looks at the worker
            auto other = call<engine>([&] {
                for (unsigned round = 0; done.load(std::memory_order_relaxed) == 0; ++round) {
                    if (by_flush)
                        kthread_flush_work(&p.item.work);
                    else if (kthread_cancel_work_sync(&p.item.work))
                        break;
                    engine::relax(round);
                }
            });
            struct kthread_worker* w = kthread_create_worker(0, "worker");
            kthread_queue_work(w, &blocker.item.work);
            if (!by_flush) held.wait_until_held();
            kthread_queue_work(w, &p.item.work);
            if (by_flush) wait_until<engine>([&] { return p.runs == 1; });
            if (by_flush) done.store(1, std::memory_order_relaxed);
            other.join();
            held.open();
            kthread_destroy_worker(w);
            CHECK(p.runs == (by_flush ? 1 : 0));
        }
    });
}

TEST_CASE("kthread_queue_delayed_work: after its time; modified, cancelled, or left behind",
          "[sync6][kthread_worker]") {
    on_this_engine([] {
        struct kthread_worker* w = kthread_create_worker(0, "delayed");
        probe p;
        CHECK(kthread_queue_delayed_work(w, &p.item, 1));
        CHECK_FALSE(kthread_queue_delayed_work(w, &p.item, 0));
        wait_until<engine>([&] { return p.runs == 1; });
        CHECK_FALSE(kthread_mod_delayed_work(w, &p.item, far));
        CHECK(kthread_mod_delayed_work(w, &p.item, 0));
        kthread_flush_work(&p.item.work);
        CHECK(p.runs == 2);
        kthread_queue_delayed_work(w, &p.item, far);
        CHECK(kthread_cancel_delayed_work_sync(&p.item));
        CHECK_FALSE(kthread_cancel_delayed_work_sync(&p.item));
        CHECK(p.runs == 2);
        struct kthread_worker* second = kthread_create_worker(0, "second");
        kthread_queue_work(second, &p.item.work);
        CHECK(reports::take("WARN_ON_ONCE(work->worker && work->worker != worker)"));
        kthread_destroy_worker(second);
        kthread_destroy_worker(w);
    });
}

TEST_CASE("kthread_worker_fn: for a worker and items of the caller's own", "[sync6][kthread_worker]") {
    on_this_engine([] {
        static_runs = 0;
        kthread_init_worker(&static_worker);   // the world before may have left it in any state
        kthread_init_work(&static_work, count);
        struct task_struct* t = kthread_run(kthread_worker_fn, &static_worker, "own");
        kthread_queue_work(&static_worker, &static_work);
        kthread_queue_delayed_work(&static_worker, &static_delayed, 1);
        kthread_flush_worker(&static_worker);
        CHECK(static_runs >= 1);
        wait_until<engine>([&] { return static_runs == 2; });
        kthread_cancel_delayed_work_sync(&static_delayed);
        kthread_init_delayed_work(&static_delayed, count);
        CHECK(kthread_stop(t) == 0);
    });
}

TEST_CASE("kthread_worker: from many at once, nothing is lost", "[sync6][kthread_worker][stress]") {
    on_this_engine([] {
        struct kthread_worker* w = kthread_create_worker(0, "busy");
        static int n;   // plain: one worker
        n = 0;
        struct item {
            struct kthread_work work;
        };
        const auto queue = [&] {
            item all[10];
            for (item& i : all) kthread_init_work(&i.work, [](struct kthread_work*) { ++n; });
            for (int i = 0; i < rounds; ++i) {
                while (!kthread_queue_work(w, &all[i % 10].work)) kthread_flush_work(&all[i % 10].work);
            }
            for (item& i : all) kthread_flush_work(&i.work);
        };
        auto a = call<engine>(queue), b = call<engine>(queue);
        a.join(), b.join();
        kthread_destroy_worker(w);
        CHECK(n == 2 * rounds);
    });
}

TEST_CASE("a kthread_work that would wait for itself is told so, and does not", "[sync6][kthread_worker][report]") {
    on_this_engine([] {
        struct kthread_worker* w = kthread_create_worker(0, "self");
        struct selfish {
            struct kthread_work item, other;
            struct kthread_worker* worker;
            bool was;
        } s;
        s.worker = w;
        kthread_init_work(&s.other, [](struct kthread_work*) {});
        kthread_init_work(&s.item, [](struct kthread_work* item) {
            selfish* me = container_of(item, selfish, item);
            kthread_flush_work(&me->other);   // never queued: nothing to wait for
            kthread_queue_work(me->worker, &me->other);
            kthread_flush_work(&me->other);
            CHECK(kthread_cancel_work_sync(&me->other));   // it only waits in the list: no harm
            kthread_flush_work(&me->other);
            CHECK(reports::take_all("kthread_flush_work: possible recursive locking detected") == 1);
            kthread_flush_work(item);
            CHECK(reports::take_all("kthread_flush_work: possible recursive locking detected") == 1);
            kthread_flush_worker(me->worker);
            CHECK(reports::take("kthread_flush_worker: possible recursive locking detected"));
            kthread_queue_work(me->worker, item);
            me->was = kthread_cancel_work_sync(item);
            CHECK(reports::take("kthread_cancel_work_sync: possible recursive locking detected"));
            kthread_destroy_worker(me->worker);
            CHECK(reports::take("kthread_destroy_worker: possible recursive locking detected"));
        });
        kthread_queue_work(w, &s.item);
        kthread_flush_worker(w);
        CHECK(s.was);
        CHECK(kthread_queue_work(w, &s.other));   // nothing is left of the cancelling
        kthread_destroy_worker(w);
    });
}
