// SPDX-License-Identifier: MIT
//
// The journey of an item, in every order: claim, push, wake, admit, run, flush, cancel, drain, the end.  What each of these
// searches has been seen to find: PLANTED.md.
#include "sim/library.hpp"

#include <memory>
#include <new>

#include <bottomhalf/atomic_reserve.hpp>

using namespace library;
using bottomhalf::basic_workqueue;
using bottomhalf::basic_workqueue_struct;
using bottomhalf::cancel_work;
using bottomhalf::cancel_work_sync;
using bottomhalf::drain_workqueue;
using bottomhalf::flush_work;
using bottomhalf::flush_workqueue;
using bottomhalf::queue_work;
using bottomhalf::queue_work_on;
using reserve = bottomhalf::atomic_heap<engine>;
using ops = bottomhalf::workqueue_ops<engine>;

TEST_CASE("claim: the run to come sees what was written before a queue_work() that returned false",
          "[explore][claim]") {
    explored({"claim", 8'000}, [] {
        queue own;
        auto& q = *own;
        word event = 0, seen = 0;
        auto item = make_work([&] { seen = get(event); });
        {
            const sim::quietly set_up;
            queue_work(q, item);
        }
        put(event, 1);
        queue_work(q, item);
        for (int i = 0; i < 12; ++i) engine::step();   // without a barrier
        flush_work(item);
        sim::expect(seen == 1, "the last run has missed what was written before it was asked for");
    });
}

TEST_CASE("push and wake: what is queued begins, though its worker is about to sleep", "[explore][wake]") {
    explored({"wake", 8'000}, [] {
        queue own;
        auto& q = *own;
        word done[2] = {}, runs[2] = {};
        auto a = make_work([&] { ++runs[0], completion::complete(done[0]); });
        auto b = make_work([&] { ++runs[1], completion::complete(done[1]); });
        sim::actor one("one", [&] {
            queue_work(q, a), wait(done[0]);
            queue_work(q, a), wait(done[0]);   // its worker is on its way to sleep
        });
        queue_work(q, b), wait(done[1]);
        one.join();
        flush_workqueue(q);
        sim::expect(runs[0] == 2 && runs[1] == 1, "lost, or run twice");
    });
}

TEST_CASE("wake: what is queued begins, though a third party empties the inbox meanwhile", "[explore][wake]") {
    explored({"wake_third", 8'000}, [] {
        queue own;
        auto& q = *own;
        word done = 0;
        auto a = make_work([&] { completion::complete(done); });
        auto b = make_work([] {});
        sim::actor flusher("flusher", [&] {
            queue_work(q, b);
            cancel_work(b);   // settles: `a` may go to the worklist by its hand
        });
        queue_work(q, a), wait(done);
        flusher.join();
        flush_workqueue(q);
    });
}

TEST_CASE("run: as often as it was accepted, and never beside itself on another CPU", "[explore][run]") {
    explored({"beside", 8'000, 2}, [] {
        queue own(false);
        auto& q = *own;
        word inside = 0, runs = 0, accepted = 0;
        auto item = make_work([&] {
            sim::expect(more(inside) == 1, "beside itself");
            more(runs);
            ref(inside).fetch_sub(1);
        });
        sim::actor zero("zero", [&] { accepted += queue_work_on(0, q, item); });
        sim::actor one("one", [&] {
            accepted += queue_work_on(1, q, item);
            accepted += queue_work_on(1, q, item);
        });
        zero.join(), one.join();
        flush_workqueue(q);
        sim::expect(runs == accepted, "not as often as it was accepted");
    });
}

TEST_CASE("run: the handler may queue its own item, and whoever asks meanwhile is heard", "[explore][run]") {
    explored({"own", 8'000}, [] {
        queue own;
        auto& q = *own;
        word runs = 0, accepted = 0, left = 1;
        bottomhalf::basic_work<engine>* self = nullptr;
        auto item = make_work([&] {
            ++runs;
            if (left != 0) --left, accepted += queue_work(q, *self);
        });
        self = &item;
        sim::actor other("other", [&] { accepted += queue_work(q, item); });
        accepted += queue_work(q, item);
        other.join();
        drain_workqueue(q);
        sim::expect(runs == accepted, "not as often as it was accepted");
    });
}

TEST_CASE("run: the item is not touched once its handler was called: it may free it", "[explore][run]") {
    explored({"frees", 8'000}, [] {
        queue own;
        auto& q = *own;
        struct self_freeing : bottomhalf::work_item {
            word* done = nullptr;
        };
        word done = 0;
        auto* item = new (reserve::get(sizeof(self_freeing), location::current())) self_freeing;
        item->done = &done;
        item->func = [](bottomhalf::work_item* w) {
            word& told = *static_cast<self_freeing*>(w)->done;
            reserve::put(w);
            completion::complete(told);
        };
        sim::actor other("other", [&] { flush_workqueue(q); });
        ops::queue_work(q.native(), *item, location::current());
        wait(done);
    });
}

TEST_CASE("cancel: what is taken back does not run, all else does", "[explore][cancel]") {
    explored({"cancel", 8'000}, [] {
        queue own;
        auto& q = *own;
        word runs = 0, accepted = 0, taken = 0;
        auto item = make_work([&] { ++runs; });
        sim::actor queues("queues", [&] {
            accepted += queue_work(q, item);
            accepted += queue_work(q, item);
        });
        sim::actor cancels("cancels", [&] { taken += cancel_work(item); });
        queues.join(), cancels.join();
        flush_work(item);
        sim::expect(runs + taken == accepted, "lost, or both taken back and run");
    });
}

TEST_CASE("cancel_work_sync: its memory may go, though the handler queues it again", "[explore][cancel]") {
    explored({"cancel_sync", 8'000}, [] {
        queue own;
        auto& q = *own;
        word inside = 0;
        struct device {
            basic_workqueue<engine>& q;
            word& inside;
            bottomhalf::basic_work<engine>* self = nullptr;
        } dev{q, inside};
        const auto handler = [&dev] {
            put(dev.inside, 1);
            queue_work(dev.q, *dev.self);
            put(dev.inside, 0);
        };
        using device_work = bottomhalf::work<decltype(handler), engine>;
        auto* const item = new (reserve::get(sizeof(device_work), location::current())) device_work(handler);
        dev.self = item;
        queue_work(q, *item);
        cancel_work_sync(*item);
        sim::expect(get(inside) == 0, "it runs");
        sim::expect(!bottomhalf::work_pending(*item), "it is pending");
        std::destroy_at(item);
        reserve::put(item);
    });
}

TEST_CASE("flush_work: returns after the run that was queued before it", "[explore][flush]") {
    explored({"flush_work", 8'000, 2}, [] {
        queue own(false);
        auto& q = *own;
        word asked = 0, seen = 0;
        auto item = make_work([&] { put(seen, get(asked)); });
        sim::actor other("other", [&] {
            queue_work_on(1, q, item);
            flush_work(item);
        });
        put(asked, 1);
        queue_work_on(0, q, item);
        flush_work(item);
        sim::expect(get(seen) == 1, "it has not run yet");
        other.join();
    });
}

TEST_CASE("flush_workqueue: returns after all that was queued before it, whoever else flushes", "[explore][flush]") {
    explored({"colours", 8'000}, [] {
        queue own;
        auto& q = *own;
        const auto side = [&q] {
            word ran = 0;
            auto item = make_work([&] { put(ran, 1); });
            queue_work(q, item);
            flush_workqueue(q);
            sim::expect(get(ran) == 1, "it has not run yet");
        };
        sim::actor one("one", side);
        sim::actor two("two", side);
        side();
    });
}

TEST_CASE("drain_workqueue: returns when the chain that feeds itself has ended", "[explore][drain]") {
    explored({"drain", 8'000, 2}, [] {
        queue own(false);
        auto& q = *own;
        word runs = 0;
        bottomhalf::basic_work<engine>* next[2] = {};
        const auto go_on = [&](unsigned cpu) {
            if (more(runs) < 4) queue_work_on(1 - cpu, q, *next[1 - cpu]);
        };
        auto zero = make_work([&] { go_on(0); });
        auto one = make_work([&] { go_on(1); });
        next[0] = &zero, next[1] = &one;
        queue_work_on(0, q, zero);
        drain_workqueue(q);
        sim::expect(get(runs) == 4, "it goes on");
        flush_workqueue(q);
    });
}

TEST_CASE("destroy: the end of a queue runs all that is queued, and what that queues", "[explore][destroy]") {
    explored({"destroy", 8'000}, [] {
        queue own;
        auto& q = *own;
        word runs = 0;
        bottomhalf::basic_work<engine>* self = nullptr;
        auto item = make_work([&] {
            if (more(runs) < 3) queue_work(q, *self);
        });
        self = &item;
        auto other = make_work([&] { more(runs); });
        queue_work(q, item);
        queue_work(q, other);
        own.end();
        sim::expect(runs == 3 || runs == 4, "dropped");
        sim::expect(!bottomhalf::work_pending(item) && !work_pending(other), "left behind");
    });
}

TEST_CASE("disable_work_sync: until it is enabled nothing runs, and nothing is queued", "[explore][disable]") {
    explored({"disable", 8'000}, [] {
        queue own;
        auto& q = *own;
        word runs = 0, accepted = 0, off = 0;
        auto item = make_work([&] {
            sim::expect(get(off) == 0, "it runs, and is disabled");
            more(runs);
        });
        word taken = 0;
        sim::actor other("other", [&] {
            accepted += queue_work(q, item);
            accepted += queue_work(q, item);
        });
        taken += ops::disable_sync(item, &ops::no_timer, "disable_work_sync", location::current());
        put(off, 1);
        sim::expect(!queue_work(q, item), "it was queued");
        put(off, 0);
        ops::enable(item);
        other.join();
        flush_work(item);
        sim::expect(runs + taken == accepted, "lost, or run twice");
        sim::expect(queue_work(q, item), "it is disabled still");
        flush_work(item);
    });
}

TEST_CASE("concurrency: the handler that blocks leaves somebody to run what it waits for", "[explore][concurrency]") {
    explored({"blocks", 8'000}, [] {
        auto& m = bottomhalf::default_machine_of<engine>();
        basic_workqueue_struct<engine>* wq = nullptr;
        {
            const sim::quietly set_up;
            wq = m.create_queue("bound", bottomhalf::queue_kind::bound, 0, &m, location::current());
            engine::settle();
        }
        word done = 0;
        auto waits = make_work([&] { wait(done); });
        auto lets_go = make_work([&] { completion::complete(done); });
        {
            const sim::quietly set_up;   // from then on there are two workers
            ops::queue_work(wq, waits, location::current()), ops::queue_work(wq, lets_go, location::current());
            flush_work(waits), flush_work(lets_go);
        }
        sim::actor other("other", [&] { ops::queue_work(wq, lets_go, location::current()); });
        ops::queue_work(wq, waits, location::current());
        other.join();
        flush_work(waits), flush_work(lets_go);
        const sim::quietly end;
        m.destroy_queue(wq, location::current());
    });
}
