// SPDX-License-Identifier: MIT
//
// Timers and delayed items, in every order: the hand-over to a base that is about to sleep, deleting, moving, arming from
// two CPUs.  What each of these searches has been seen to find: PLANTED.md.
#include "sim/library.hpp"

using namespace library;
using bottomhalf::cancel_delayed_work;
using bottomhalf::cancel_delayed_work_sync;
using bottomhalf::flush_delayed_work;
using bottomhalf::mod_delayed_work;
using bottomhalf::queue_delayed_work;
using bottomhalf::timer_node;

namespace {

/// The clock of the machine that the explorer has booted.
auto& clock_of_all() { return bottomhalf::default_machine_of<engine>().time(); }

/// A timer with a body.
template <class F>
struct timer : timer_node {
    F f;
    explicit timer(F g) : f(std::move(g)) {
        function = [](timer_node* t) { static_cast<timer*>(t)->f(*static_cast<timer*>(t)); };
    }
    ~timer() { engine::fence(bottomhalf::seq_cst); }   // what the clock has stored here arrives before the frame goes
    timer(const timer&) = delete;
    timer& operator=(const timer&) = delete;
    void arm(bottomhalf::jiffies_t delay, unsigned on = 0) {
        clock_of_all().mod(*this, clock_of_all().expiry(delay), on);
    }
};

/// Each base has the thread that its first timer asks for, and it sleeps.
void hire(unsigned cpus) {
    const sim::quietly set_up;
    for (unsigned cpu = 0; cpu < cpus; ++cpu) {
        word done = 0;
        timer t{[&](timer_node&) { completion::complete(done); }};
        t.arm(1, cpu);
        wait(done);
        clock_of_all().del_sync(t);
    }
    engine::settle();
}

}   // namespace

TEST_CASE("timer: one that is armed while its base falls asleep fires", "[explore][timer]") {
    explored({"arm", 8'000}, [] {
        hire(1);
        word done = 0, again = 0;
        timer t{[&](timer_node&) { completion::complete(done); }};
        timer u{[&](timer_node&) { completion::complete(again); }};
        t.arm(1);
        wait(done);
        u.arm(2);   // its base is on its way to sleep
        t.arm(1);
        wait(done), wait(again);
        clock_of_all().del_sync(t), clock_of_all().del_sync(u);
    });
}

TEST_CASE("timekeeper: the first timer of a base gets it a thread, whoever else asks", "[explore][timer]") {
    explored({"hire", 6'000, 2}, [] {
        word done[2] = {};
        timer t{[&](timer_node&) { completion::complete(done[0]); }};
        timer u{[&](timer_node&) { completion::complete(done[1]); }};
        sim::actor other("other", [&] {
            u.arm(1, 1);
            wait(done[1]);
        });
        t.arm(1, 0);
        wait(done[0]);
        other.join();
        clock_of_all().del_sync(t), clock_of_all().del_sync(u);
    });
}

TEST_CASE("del_timer_sync: it neither runs nor is armed, though its function arms it again", "[explore][timer]") {
    explored({"del_sync", 8'000, 2, true, true}, [] {
        hire(2);
        word inside = 0, gone = 0, left = 3;
        timer t{[&](auto& self) {
            put(inside, 1);
            sim::expect(get(gone) == 0, "its owner has gone");
            if (left != 0) --left, self.arm(0, 1);
            put(inside, 0);
        }};
        t.arm(0);
        for (int i = 0; i < 3; ++i) engine::relax(0);
        clock_of_all().del_sync(t);
        sim::expect(get(inside) == 0, "it runs");
        sim::expect(!clock_of_all().was_pending(t), "it is armed");
        put(gone, 1);
        for (int i = 0; i < 3; ++i) engine::relax(0);
        ref(gone).exchange(0);   // is seen before its frame goes
    });
}

TEST_CASE("timer: armed from two CPUs it never runs beside itself", "[explore][timer]") {
    explored({"two_cpus", 8'000, 2, true, true}, [] {
        hire(2);
        word inside = 0;
        timer t{[&](timer_node&) {
            sim::expect(more(inside) == 1, "beside itself");
            ref(inside).fetch_sub(1);
        }};
        sim::actor zero("zero", [&] { t.arm(0, 0), t.arm(0, 0); });
        sim::actor one("one", [&] { t.arm(0, 1), t.arm(0, 1); });
        zero.join(), one.join();
        clock_of_all().del_sync(t);
    });
}

TEST_CASE("delayed item: as often as it was accepted and not taken back, whatever its timer does",
          "[explore][delayed]") {
    explored({"mod", 6'000, 1, true, true}, [] {
        hire(1);
        queue own;
        auto& q = *own;
        word runs = 0, accepted = 0, taken = 0;
        auto item = make_delayed_work([&] { more(runs); });
        sim::actor moves("moves", [&] {
            const bool was = mod_delayed_work(q, item, 1);
            ref(accepted).fetch_add(was ? 0 : 1);
        });
        sim::actor cancels("cancels", [&] { taken += cancel_delayed_work(item); });
        const bool mine = queue_delayed_work(q, item, 1);
        ref(accepted).fetch_add(mine ? 1 : 0);
        moves.join(), cancels.join();
        flush_delayed_work(item);
        sim::expect(get(runs) + taken == get(accepted), "lost, or run twice");
    });
}

TEST_CASE("cancel_delayed_work_sync: nothing of it is left, wherever it was on its way", "[explore][delayed]") {
    explored({"cancel_delayed", 6'000, 1, true, true}, [] {
        hire(1);
        queue own;
        auto& q = *own;
        word gone = 0, left = 3;
        bottomhalf::basic_delayed_work<engine>* self = nullptr;
        auto item = make_delayed_work([&] {
            sim::expect(get(gone) == 0, "its owner has gone");
            if (left != 0) --left, queue_delayed_work(q, *self, 1);
        });
        self = &item;
        queue_delayed_work(q, item, 1);
        for (int i = 0; i < 2; ++i) engine::relax(0);
        cancel_delayed_work_sync(item);
        sim::expect(!delayed_work_pending(item), "it is pending");
        put(gone, 1);
        for (int i = 0; i < 3; ++i) engine::relax(0);
        ref(gone).exchange(0);   // is seen before its frame goes
    });
}

TEST_CASE("flush_delayed_work: waits for an item that is between its timer and its queue", "[explore][delayed]") {
    explored({"flush_delayed", 6'000, 1, true, true}, [] {
        hire(1);
        queue own;
        auto& q = *own;
        word runs = 0;
        auto item = make_delayed_work([&] { more(runs); });
        queue_delayed_work(q, item, 1);
        flush_delayed_work(item);
        sim::expect(get(runs) == 1, "it has not run yet");
    });
}
