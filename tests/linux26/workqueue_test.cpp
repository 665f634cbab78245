// SPDX-License-Identifier: MIT
//
// <linux/workqueue.h>: each call in each state of an item; where handlers run; and what is done wrong.
#include "linux26/support.hpp"

#include <chrono>
#include <csignal>
#include <vector>

#include <linux/interrupt.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

using support::counter;
using support::gate;
using support::reports;

namespace {

constexpr unsigned long long_time = 100000UL * HZ;

void hit(void* data) { static_cast<counter*>(data)->hit(); }
void hold(void* data) { static_cast<gate*>(data)->pass(); }

/// An item whose first run can be held.
struct subject {
    work_struct work;
    gate first;
    std::atomic<bool> hold_first{false};
    counter runs;
    std::atomic<int> inside{0}, most{0};

    subject() { INIT_WORK(&work, &run, this); }
    static void run(void* data) {
        auto& self = *static_cast<subject*>(data);
        const int now = ++self.inside;
        if (now > self.most) self.most = now;
        if (self.hold_first.exchange(false)) self.first.pass();
        --self.inside;
        self.runs.hit();
    }
};

enum class state { idle, timer, queued, running, running_queued, running_timer };

/// A queue, and an item that has been brought into a state.
struct stage {
    workqueue_struct* wq = create_singlethread_workqueue("stage");
    gate blocker_gate;
    work_struct blocker;
    subject s;
    bool blocked = false, held = false;

    explicit stage(state st) {
        INIT_WORK(&blocker, hold, &blocker_gate);
        switch (st) {
            case state::idle: break;
            case state::timer: queue_delayed_work(wq, &s.work, long_time); break;
            case state::queued:
                block();
                queue_work(wq, &s.work);
                break;
            default:
                s.hold_first = true;
                queue_work(wq, &s.work);
                s.first.wait_until_held();
                held = true;
                if (st == state::running_queued) queue_work(wq, &s.work);
                if (st == state::running_timer) queue_delayed_work(wq, &s.work, long_time);
        }
    }
    void block() {
        queue_work(wq, &blocker);
        blocker_gate.wait_until_held();
        blocked = true;
    }
    /// Lets everything run that can, and returns how often the item did.
    int finish() {
        if (blocked) blocker_gate.open();
        if (held) s.first.open();
        flush_workqueue(wq);
        return s.runs.get();
    }
    ~stage() {
        finish();
        cancel_delayed_work(&s.work);
        destroy_workqueue(wq);
    }
};

struct row {
    state st;
    int result;   // of the call
    int runs;     // once everything has run that is queued
    int armed;    // cancel_delayed_work() after that
};

}   // namespace

TEST_CASE("queue_work: 0 exactly if the item is pending, in every state", "[workqueue][queue_work]") {
    const row r = GENERATE(values<row>({{state::idle, 1, 1, 0},
                                        {state::timer, 0, 0, 1},
                                        {state::queued, 0, 1, 0},
                                        {state::running, 1, 2, 0},
                                        {state::running_queued, 0, 2, 0},
                                        {state::running_timer, 0, 1, 1}}));
    reports said;
    stage on(r.st);
    CAPTURE(static_cast<int>(r.st));
    CHECK(queue_work(on.wq, &on.s.work) == r.result);
    CHECK(on.finish() == r.runs);
    CHECK(cancel_delayed_work(&on.s.work) == r.armed);
    CHECK(on.s.most <= 1);
    INFO(reports::list());
    CHECK(reports::count() == 0);
}

TEST_CASE("queue_delayed_work: arms an item that is not pending, in every state", "[workqueue][queue_delayed_work]") {
    const row r = GENERATE(values<row>({{state::idle, 1, 0, 1},
                                        {state::timer, 0, 0, 1},
                                        {state::queued, 0, 1, 0},
                                        {state::running, 1, 1, 1},
                                        {state::running_queued, 0, 2, 0},
                                        {state::running_timer, 0, 1, 1}}));
    stage on(r.st);
    CAPTURE(static_cast<int>(r.st));
    CHECK(queue_delayed_work(on.wq, &on.s.work, long_time) == r.result);
    CHECK(on.finish() == r.runs);
    CHECK(cancel_delayed_work(&on.s.work) == r.armed);
}

TEST_CASE("cancel_delayed_work: 1 exactly if the item was on its timer; a queued item stays queued",
          "[workqueue][cancel_delayed_work]") {
    const row r = GENERATE(values<row>({{state::idle, 0, 0, 0},
                                        {state::timer, 1, 0, 0},
                                        {state::queued, 0, 1, 0},
                                        {state::running, 0, 1, 0},
                                        {state::running_queued, 0, 2, 0},
                                        {state::running_timer, 1, 1, 0}}));
    stage on(r.st);
    CAPTURE(static_cast<int>(r.st));
    CHECK(cancel_delayed_work(&on.s.work) == r.result);
    CHECK(on.finish() == r.runs);
    CHECK(cancel_delayed_work(&on.s.work) == 0);
    CHECK(work_pending(&on.s.work) == 0);
    CHECK(queue_work(on.wq, &on.s.work) == 1);   // it is whole again
}

TEST_CASE("work_pending: in every state", "[workqueue][work_pending]") {
    const row r = GENERATE(values<row>({{state::idle, 0, 0, 0},
                                        {state::timer, 1, 0, 0},
                                        {state::queued, 1, 0, 0},
                                        {state::running, 0, 0, 0},
                                        {state::running_queued, 1, 0, 0},
                                        {state::running_timer, 1, 0, 0}}));
    stage on(r.st);
    CAPTURE(static_cast<int>(r.st));
    CHECK(work_pending(&on.s.work) == r.result);
    CHECK(test_bit(0, &on.s.work.pending) == r.result);   // as drivers look at it
}

TEST_CASE("flush_workqueue: waits for what was queued before, and for nothing else", "[workqueue][flush_workqueue]") {
    SECTION("an idle queue, and an item on its timer") {
        stage on(state::timer);
        flush_workqueue(on.wq);
        CHECK(on.s.runs.get() == 0);
        CHECK(work_pending(&on.s.work));
    }
    SECTION("the run that has begun, and the one that is queued behind it") {
        stage on(state::running_queued);
        std::atomic<bool> done{false};
        std::thread flusher([&] {
            flush_workqueue(on.wq);
            done = on.s.runs.get() == 2;
        });
        on.s.first.open();
        flusher.join();
        CHECK(done);
    }
}

TEST_CASE("INIT_WORK: an item that is pending stays as it is, and is reported", "[workqueue][INIT_WORK][report]") {
    const state st = GENERATE(state::timer, state::queued, state::running_queued, state::running_timer);
    stage on(st);
    CAPTURE(static_cast<int>(st));
    counter other;
    reports said;
    INIT_WORK(&on.s.work, hit, &other);
    CHECK(reports::with("init active (active state 0)") == 1);
    CHECK(reports::with("object type: work_struct") == 1);
    CHECK(reports::channel_of(0) == bottomhalf::channel::kernel);
    CHECK(reports::file_of(0) == __FILE__);
    CHECK(work_pending(&on.s.work));
    on.finish();
    CHECK(other.get() == 0);
    CHECK(on.s.runs.get() == (st == state::timer ? 0 : st == state::running_queued ? 2 : 1));
}

TEST_CASE("INIT_WORK: idle, running and garbage memory become an item without a word", "[workqueue][INIT_WORK]") {
    reports said;
    counter other;
    SECTION("an idle item") {
        stage on(state::idle);
        INIT_WORK(&on.s.work, hit, &other);
        CHECK(queue_work(on.wq, &on.s.work) == 1);
        on.finish();
    }
    SECTION("a running item, which still does not run beside itself") {
        stage on(state::running);
        INIT_WORK(&on.s.work, hit, &other);
        CHECK(queue_work(on.wq, &on.s.work) == 1);
        on.finish();
        CHECK(on.s.runs.get() == 1);
    }
    SECTION("memory full of ones, and a copy of a pending item") {
        stage on(state::queued);
        work_struct ones;
        std::memset(&ones, 0xff, sizeof ones);
        INIT_WORK(&ones, hit, &other);
        CHECK(work_pending(&ones) == 0);
        work_struct copy = on.s.work;
        INIT_WORK(&copy, hit, &other);
        CHECK(queue_work(on.wq, &copy) == 1);
        on.finish();
    }
    CHECK(other.get() == 1);
    INFO(reports::list());
    CHECK(reports::count() == 0);
}

TEST_CASE("PREPARE_WORK: a queued item starts with the new handler and data", "[workqueue][PREPARE_WORK]") {
    stage on(state::queued);
    counter other;
    PREPARE_WORK(&on.s.work, hit, &other);
    CHECK(on.finish() == 0);
    CHECK(other.get() == 1);
}

TEST_CASE("queue_delayed_work: at least the delay, in whole ticks; 0 is the next tick",
          "[workqueue][queue_delayed_work]") {
    using clock = std::chrono::steady_clock;
    static clock::time_point ran;
    static counter done;
    workqueue_struct* wq = create_workqueue("delay");
    work_struct w;
    INIT_WORK(
        &w, [](void*) { ran = clock::now(), done.hit(); }, nullptr);
    for (const unsigned long delay : {0UL, 1UL, 2UL, 5UL}) {
        const int before = done.get();
        const auto begin = clock::now();
        REQUIRE(queue_delayed_work(wq, &w, delay) == 1);
        done.wait_for(before + 1);
        flush_workqueue(wq);
        CAPTURE(delay);
        CHECK(ran - begin >= delay * std::chrono::nanoseconds(1'000'000'000 / HZ));
    }
    // 0 is on the timer, too.  A tick may come between the two calls, but not always.
    int cancelled = 0;
    for (int tries = 0; tries < 1000 && cancelled == 0; ++tries) {
        flush_workqueue(wq);
        queue_delayed_work(wq, &w, 0);
        cancelled = cancel_delayed_work(&w);
    }
    CHECK(cancelled == 1);
    destroy_workqueue(wq);
}

TEST_CASE("schedule_work: the article's calls on the default queue", "[workqueue][schedule_work]") {
    static counter runs;
    static DECLARE_WORK(item, hit, &runs);
    const int before = runs.get();
    CHECK(keventd_up());
    CHECK(schedule_work(&item) != 0);
    flush_scheduled_work();
    CHECK(runs.get() == before + 1);
    CHECK(schedule_delayed_work(&item, long_time) != 0);
    CHECK(schedule_work(&item) == 0);
    flush_scheduled_work();   // does not wait for the timer
    CHECK(runs.get() == before + 1);
    CHECK(cancel_delayed_work(&item) != 0);
    CHECK(cancel_delayed_work(&item) == 0);
    CHECK(schedule_delayed_work_on(1, &item, 1) != 0);
    runs.wait_for(before + 2);
    flush_scheduled_work();
}

namespace {
struct seen {
    char comm[16] = {};
    unsigned cpu = 99;
    int in_interrupt = -1, in_atomic = -1, irqs_disabled = -1, keventd = -1;
};
void look(void* data) {
    auto& s = *static_cast<seen*>(data);
    std::memcpy(s.comm, current->comm, sizeof s.comm);
    s.cpu = smp_processor_id();
    s.in_interrupt = in_interrupt();
    s.in_atomic = in_atomic();
    s.irqs_disabled = irqs_disabled();
    s.keventd = current_is_keventd();
}
}   // namespace

TEST_CASE("handlers run in process context, on the thread of the submitting CPU", "[workqueue][context]") {
    const std::string cpu = std::to_string(smp_processor_id());
    struct workqueue_struct* mine = create_workqueue("mine");
    struct workqueue_struct* one = create_singlethread_workqueue("one");
    seen in_events, in_mine, in_one;
    work_struct a, b, c;
    INIT_WORK(&a, look, &in_events);
    INIT_WORK(&b, look, &in_mine);
    INIT_WORK(&c, look, &in_one);
    schedule_work(&a);
    queue_work(mine, &b);
    queue_work(one, &c);
    flush_scheduled_work();
    flush_workqueue(mine);
    flush_workqueue(one);
    CHECK(in_events.comm == "events/" + cpu);
    CHECK(in_mine.comm == "mine/" + cpu);
    CHECK(in_one.comm == std::string("one"));
    CHECK(std::to_string(in_events.cpu) == cpu);
    CHECK(in_events.keventd == 1);
    CHECK(in_mine.keventd == 0);
    CHECK(current_is_keventd() == 0);
    for (const seen* s : {&in_events, &in_mine, &in_one}) {
        CHECK(s->in_interrupt == 0);
        CHECK(s->in_atomic == 0);
        CHECK(s->irqs_disabled == 0);
    }
    destroy_workqueue(mine);
    destroy_workqueue(one);
}

TEST_CASE("schedule_on_each_cpu: once on each, and done on return", "[workqueue][schedule_on_each_cpu]") {
    static std::atomic<unsigned> cpus{0};
    static counter runs;
    CHECK(schedule_on_each_cpu([](void* p) { cpus |= 1U << smp_processor_id(), static_cast<counter*>(p)->hit(); },
                               &runs) == 0);
    CHECK(runs.get() == static_cast<int>(num_online_cpus()));
    CHECK(cpus == (1U << num_online_cpus()) - 1);
    CHECK(num_online_cpus() == 4);
}

TEST_CASE("schedule_delayed_work_on: runs there; a CPU that there is not is reported", "[workqueue]") {
    static counter done;
    seen s;
    work_struct w;
    INIT_WORK(
        &w, [](void* p) { look(p), done.hit(); }, &s);
    for (int cpu = 0; cpu < 4; ++cpu) {
        const int before = done.get();
        CHECK(schedule_delayed_work_on(cpu, &w, 0) == 1);
        done.wait_for(before + 1);
        flush_scheduled_work();
        CHECK(s.cpu == static_cast<unsigned>(cpu));
    }
    reports said;
    const int before = done.get();
    CHECK(schedule_delayed_work_on(64, &w, 0) == 1);
    done.wait_for(before + 1);
    flush_scheduled_work();
    CHECK(reports::with("there is no CPU 64") == 1);
}

TEST_CASE("execute_in_process_context: here and now if it may be", "[workqueue]") {
    static counter runs;
    execute_work ew;
    std::memset(&ew, 0, sizeof ew);
    CHECK(execute_in_process_context(hit, &runs, &ew) == 0);
    CHECK(runs.get() == 1);
    local_bh_disable();
    const int later = execute_in_process_context(hit, &runs, &ew);
    local_bh_enable();
    CHECK(later == 1);
    flush_scheduled_work();
    CHECK(runs.get() == 2);
}

namespace {
struct flush_own {
    workqueue_struct* wq;
    work_struct first, second, third;
    std::vector<int> order;
    static void run_first(void* p) {
        auto& f = *static_cast<flush_own*>(p);
        queue_work(f.wq, &f.second);
        queue_work(f.wq, &f.third);
        flush_workqueue(f.wq);
        f.order.push_back(1);
    }
    static void run_second(void* p) { static_cast<flush_own*>(p)->order.push_back(2); }
    static void run_third(void* p) { static_cast<flush_own*>(p)->order.push_back(3); }
};
struct nest {
    workqueue_struct* wq;
    work_struct level[6];
    int depth = 0, deepest = 0;
    static void run(void* p) {
        auto& n = *static_cast<nest*>(p);
        if (++n.depth > n.deepest) n.deepest = n.depth;
        flush_workqueue(n.wq);
        --n.depth;
    }
};
}   // namespace

TEST_CASE("flush_workqueue: in a handler of the queue runs the rest here and now", "[workqueue][flush_workqueue]") {
    flush_own f{create_singlethread_workqueue("own"), {}, {}, {}, {}};
    INIT_WORK(&f.first, flush_own::run_first, &f);
    INIT_WORK(&f.second, flush_own::run_second, &f);
    INIT_WORK(&f.third, flush_own::run_third, &f);
    reports said;
    queue_work(f.wq, &f.first);
    flush_workqueue(f.wq);
    CHECK(f.order == std::vector<int>{2, 3, 1});
    INFO(reports::list());
    CHECK(reports::count() == 0);
    destroy_workqueue(f.wq);
}

TEST_CASE("flush_workqueue: beyond the third level it is reported, as in 2.6", "[workqueue][flush_workqueue][report]") {
    nest n{create_singlethread_workqueue("nest"), {}};
    gate g;
    work_struct blocker;
    INIT_WORK(&blocker, hold, &g);
    queue_work(n.wq, &blocker);
    g.wait_until_held();
    for (work_struct& w : n.level) {
        INIT_WORK(&w, nest::run, &n);
        queue_work(n.wq, &w);
    }
    reports said;
    g.open();
    flush_workqueue(n.wq);
    CHECK(n.deepest == 6);
    INFO(reports::list());
    CHECK(reports::with("recursion depth exceeded: 4") >= 1);
    CHECK(reports::with("recursion depth exceeded: 3") == 0);
    destroy_workqueue(n.wq);
}

TEST_CASE("an item never runs beside itself, and where 2.6 would have let it, that is said", "[workqueue][report]") {
    workqueue_struct* wq = create_workqueue("twice");
    subject s;
    s.hold_first = true;
    const unsigned here = smp_processor_id();
    reports said;
    REQUIRE(queue_work(wq, &s.work) == 1);
    s.first.wait_until_held();
    int queued = -1;
    for (bool elsewhere = false; !elsewhere;)   // each new thread is on the next CPU
        std::thread([&] {
            if (smp_processor_id() == here) return;
            elsewhere = true;
            queued = queue_work(wq, &s.work);
        }).join();
    CHECK(queued == 1);
    INFO(reports::list());
    CHECK(reports::with("2.6 could have run it on both at once") == 1);
    CHECK(reports::channel_of(0) == bottomhalf::channel::advice);
    s.first.open();
    flush_workqueue(wq);
    CHECK(s.runs.get() == 2);
    CHECK(s.most == 1);
    destroy_workqueue(wq);
}

namespace {
struct requeue {
    workqueue_struct* wq;
    work_struct work;
    task_struct* destroyer;
    counter runs;
    static inline std::atomic<bool> heard{false};
    static void run(void* p) {
        auto& r = *static_cast<requeue*>(p);
        r.runs.hit();
        if (r.runs.get() == 1)   // until it is being flushed: what is queued from here on comes too late for 2.6
            for (const char* why = nullptr; why == nullptr || std::strcmp(why, "flush_workqueue") != 0;)
                why = std::atomic_ref(r.destroyer->waits_for).load();
        if (r.runs.get() < 4) queue_work(r.wq, &r.work);
        if (r.runs.get() == 2) heard.wait(false);   // until destroy_workqueue() has noticed
    }
};
}   // namespace

TEST_CASE("destroy_workqueue: loses nothing, and says where 2.6 would have", "[workqueue][destroy_workqueue][report]") {
    requeue r{create_workqueue("last"), {}, current, {}};
    INIT_WORK(&r.work, requeue::run, &r);
    reports said;
    reports::on_next([](const bottomhalf::report& what) {
        if (std::strstr(what.text, "2.6 would have lost it") == nullptr) return;
        requeue::heard = true;
        requeue::heard.notify_all();
    });
    queue_work(r.wq, &r.work);
    destroy_workqueue(r.wq);
    reports::on_next(nullptr);
    CHECK(r.runs.get() == 4);
    CHECK(reports::with("2.6 would have lost it") == 1);
}

TEST_CASE("destroy_workqueue: an item on its timer is reported and not queued",
          "[workqueue][destroy_workqueue][report]") {
    workqueue_struct* wq = create_workqueue("armed");
    subject s;
    queue_delayed_work(wq, &s.work, long_time);
    reports said;
    destroy_workqueue(wq);
    CHECK(reports::with("still armed") == 1);
    CHECK(cancel_delayed_work(&s.work) == 1);
    CHECK(queue_work(wq, &s.work) == 0);   // and nobody queues there any more
    CHECK(reports::with("has been destroyed") == 1);
    CHECK(queue_delayed_work(wq, &s.work, 1) == 0);
    CHECK(s.runs.get() == 0);
}

TEST_CASE("destroy_workqueue: not by a handler of the queue", "[workqueue][destroy_workqueue][report]") {
    static workqueue_struct* wq;
    wq = create_workqueue("self");
    work_struct w;
    INIT_WORK(
        &w, [](void*) { destroy_workqueue(wq); }, nullptr);
    reports said;
    queue_work(wq, &w);
    flush_workqueue(wq);
    CHECK(reports::with("destroy_workqueue") == 1);
    CHECK(queue_work(wq, &w) == 1);   // it is still there
    flush_workqueue(wq);
    destroy_workqueue(wq);
}

TEST_CASE("cancel_rearming_delayed_workqueue: ends an item that arms itself", "[workqueue]") {
    struct poll_loop {
        workqueue_struct* wq;
        work_struct work;
        counter runs;
    };
    static poll_loop loop;
    loop.wq = create_workqueue("poll");
    INIT_WORK(
        &loop.work,
        [](void* p) {
            auto& l = *static_cast<poll_loop*>(p);
            l.runs.hit();
            queue_delayed_work(l.wq, &l.work, 1);
        },
        &loop);
    reports said;
    queue_delayed_work(loop.wq, &loop.work, 1);
    loop.runs.wait_for(3);
    cancel_rearming_delayed_workqueue(loop.wq, &loop.work);
    CHECK(work_pending(&loop.work) == 0);
    INFO(reports::list());
    CHECK(reports::count() == 0);
    const int runs = loop.runs.get();
    cancel_rearming_delayed_workqueue(loop.wq, &loop.work);   // idle: 2.6 would spin for ever
    CHECK(reports::with("would spin for ever") == 1);
    CHECK(loop.runs.get() == runs);
    destroy_workqueue(loop.wq);
}

TEST_CASE("bad input: reported where it is, and nothing else happens", "[workqueue][report]") {
    reports said;
    counter runs;
    work_struct w;
    INIT_WORK(&w, hit, &runs);
    SECTION("no queue") {
        CHECK(queue_work(nullptr, &w) == 0);
        CHECK(queue_delayed_work(nullptr, &w, 1) == 0);
        flush_workqueue(nullptr);
        destroy_workqueue(nullptr);
        CHECK(reports::count() == 4);
    }
    SECTION("no item") {
        CHECK(schedule_work(nullptr) == 0);
        CHECK(schedule_delayed_work(nullptr, 1) == 0);
        CHECK(cancel_delayed_work(nullptr) == 0);
        CHECK(reports::count() == 3);
    }
    SECTION("no handler") {
        INIT_WORK(&w, nullptr, nullptr);
        CHECK(schedule_work(&w) == 0);
        CHECK(schedule_delayed_work(&w, 1) == 0);
        CHECK(reports::with("has no handler") == 2);
        CHECK(reports::file_of(0) == __FILE__);
    }
    SECTION("memory of zeroes") {
        work_struct zeroes;
        std::memset(&zeroes, 0, sizeof zeroes);
        CHECK(schedule_work(&zeroes) == 0);
        CHECK(cancel_delayed_work(&zeroes) == 0);
        zeroes.func = hit;
        CHECK(schedule_work(&zeroes) == 0);
        CHECK(reports::count() == 2);
    }
    SECTION("no name, and one that is too long for 2.6") {
        CHECK(create_workqueue(nullptr) == nullptr);
        CHECK(create_workqueue("") == nullptr);
        CHECK(reports::with("needs a name") == 2);
        workqueue_struct* wq = create_workqueue("tencharact");
        REQUIRE(wq != nullptr);
        CHECK(reports::count() == 2);
        destroy_workqueue(wq);
        wq = create_workqueue("elevenchars");
        REQUIRE(wq != nullptr);
        CHECK(reports::with("BUG_ON(strlen(name) > 10)") == 1);
        CHECK(queue_work(wq, &w) == 1);
        flush_workqueue(wq);
        CHECK(runs.get() == 1);
        destroy_workqueue(wq);
    }
    SECTION("a queue without threads to be had") {
        for (int n = 0; n < 4; ++n) {
            bottomhalf::arch::threads::spawn_budget(n);
            CHECK(create_workqueue("nothread") == nullptr);
        }
        bottomhalf::arch::threads::spawn_budget(-1);
        workqueue_struct* wq = create_workqueue("threads");
        CHECK(wq != nullptr);
        destroy_workqueue(wq);
    }
    SECTION("sleeping calls with a lock held") {
        workqueue_struct* wq = create_workqueue("locked");
        local_irq_disable();
        flush_workqueue(wq);
        flush_scheduled_work();
        workqueue_struct* none = create_workqueue("never");
        local_irq_enable();
        CHECK(none == nullptr);
        CHECK(reports::with("sleeping function called from invalid context") == 3);
        destroy_workqueue(wq);
    }
}

namespace {
counter from_signal;
DECLARE_WORK(signal_work, hit, &from_signal);
std::atomic<int> signal_result{-1};
}   // namespace

TEST_CASE("schedule_work: from a signal handler that the library knows nothing of", "[workqueue][schedule_work]") {
    struct sigaction sa = {}, old = {};
    sa.sa_handler = [](int) { signal_result = schedule_work(&signal_work); };
    ::sigaction(SIGUSR1, &sa, &old);
    REQUIRE(keventd_up());
    for (int i = 1; i <= 100; ++i) {
        ::raise(SIGUSR1);
        flush_scheduled_work();
        CHECK(signal_result == 1);
        CHECK(from_signal.get() == i);
    }
    ::sigaction(SIGUSR1, &old, nullptr);
}

TEST_CASE("a handler may free its own item", "[workqueue]") {
    static counter freed;
    struct own {
        work_struct work;
    };
    for (int i = 0; i < 50; ++i) {
        own* o = new own;
        INIT_WORK(
            &o->work, [](void* p) { delete static_cast<own*>(p), freed.hit(); }, o);
        schedule_work(&o->work);
    }
    flush_scheduled_work();
    CHECK(freed.get() == 50);
}
