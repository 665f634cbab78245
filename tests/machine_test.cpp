// SPDX-License-Identifier: MIT
#include <bottomhalf/machine.hpp>

#include <atomic>
#include <cstdlib>
#include <deque>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <dirent.h>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;

namespace {

int nr_threads() {
    int n = 0;
    DIR* d = ::opendir("/proc/self/task");
    while (const dirent* e = ::readdir(d))
        if (e->d_name[0] != '.') ++n;
    ::closedir(d);
    return n;
}

template <class Arch>
std::string my_name() {
    char comm[arch::comm_len];
    Arch::thread_name(comm);
    return comm;
}

template <class Arch>
struct where {
    std::atomic<int> cpu{-1};
    std::string name;
    void operator()() { cpu = Arch::current().cpu, name = my_name<Arch>(); }
};
template <class Arch>
struct ask {
    where<Arch>* answer;
    void operator()() const { (*answer)(); }
};

}   // namespace

TEMPLATE_TEST_CASE("machine: has the CPUs that it was asked for, and each handler is on its own", "[machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const unsigned n : {1U, 2U, 7U, 64U}) {
            scoped_machine<TestType> m{{.cpus = n}};
            CHECK(m.nr_cpus() == n);
            CHECK(m.is_up());
            std::deque<where<TestType>> answers(n);
            std::deque<work<ask<TestType>, TestType>> items;
            for (auto& a : answers) items.emplace_back(ask<TestType>{&a});
            basic_workqueue<TestType> wq{m, "cpu"};
            for (unsigned c = 0; c < n; ++c) REQUIRE(queue_work_on(c, wq, items[c]));
            flush_workqueue(wq);
            for (unsigned c = 0; c < n; ++c) {
                CHECK(answers[c].cpu == static_cast<int>(c));
                CHECK(answers[c].name == "cpu/" + std::to_string(c));
            }
        }
    });
}

TEMPLATE_TEST_CASE("machine: takes the number of CPUs from BOTTOMHALF_CPUS, else from where it may run", "[machine]",
                   BOTTOMHALF_ENGINES) {
    const char* old = std::getenv("BOTTOMHALF_CPUS");
    const std::string before = old != nullptr ? old : "";
    ::setenv("BOTTOMHALF_CPUS", "5", 1);
    on_engine<TestType>([] {
        scoped_machine<TestType> m;
        CHECK(m.nr_cpus() == 5);
        scoped_machine<TestType> told{{.cpus = 2}};
        CHECK(told.nr_cpus() == 2);
    });
    for (const char* nonsense : {"", "0", "many"}) {
        ::setenv("BOTTOMHALF_CPUS", nonsense, 1);
        on_engine<TestType>([] {
            scoped_machine<TestType> m;
            CHECK(m.nr_cpus() == TestType::allowed_cpus());
        });
    }
    for (const char* too_many : {"1025", "4294967296", "99999999999999999999"}) {
        ::setenv("BOTTOMHALF_CPUS", too_many, 1);
        CHECK(machine_options::default_cpus<TestType>(max_cpus) == max_cpus);
    }
    if (old != nullptr)
        ::setenv("BOTTOMHALF_CPUS", before.c_str(), 1);
    else
        ::unsetenv("BOTTOMHALF_CPUS");
}

TEMPLATE_TEST_CASE("machine: two at once and one after another do not know of each other", "[machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        for (int i = 0; i < 3; ++i) {
            scoped_machine<TestType> one{{.cpus = 1}};
            scoped_machine<TestType> two{{.cpus = 3}};
            basic_workqueue<TestType> a{one, "same"}, b{two, "same"};
            REQUIRE(queue_work(a, item));
            flush_work(item);
            REQUIRE(queue_work_on(2, b, item));
            flush_work(item);
            CHECK(runs == 2 * (i + 1));
            CHECK(one.nr_cpus() == 1);
            CHECK(two.nr_cpus() == 3);
        }
    });
}

TEMPLATE_TEST_CASE("machine: its default queue has the threads events/N", "[machine][events]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 2}};
        CHECK(m.events_if_up() == nullptr);
        auto* events = m.events(location::current());
        REQUIRE(events != nullptr);
        CHECK(m.events_if_up() == events);
        CHECK(m.events(location::current()) == events);
        where<TestType> answer;
        work<ask<TestType>, TestType> item{ask<TestType>{&answer}};
        REQUIRE(workqueue_ops<TestType>::queue_work_on(1, events, item, location::current()));
        flush_work(item);
        CHECK(answer.name == "events/1");
    });
}

TEMPLATE_TEST_CASE("machine: thread names are cut to 15 characters, and keep the CPU", "[machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 11}};
        where<TestType> answer;
        work<ask<TestType>, TestType> item{ask<TestType>{&answer}};
        {
            basic_workqueue<TestType> wq{m, "exact", {.single_thread = true}};
            queue_work(wq, item);
            flush_work(item);
            CHECK(answer.name == "exact");
        }
        {
            basic_workqueue<TestType> wq{m, "a_name_that_is_too_long", {.single_thread = true}};
            queue_work(wq, item);
            flush_work(item);
            CHECK(answer.name == "a_name_that_is_");
        }
        basic_workqueue<TestType> wq{m, "a_name_that_is_too_long"};
        queue_work_on(0, wq, item);
        flush_work(item);
        CHECK(answer.name == "a_name_that_i/0");
        queue_work_on(10, wq, item);
        flush_work(item);
        CHECK(answer.name == "a_name_that_/10");
    });
}

TEST_CASE("machine: thread names are the system's too", "[machine]") {
    on_engine<arch::threads>([] {
        machine m{{.cpus = 1}};
        char name[32] = {};
        auto item = make_work<arch::threads>([&] { ::pthread_getname_np(::pthread_self(), name, sizeof name); });
        workqueue wq{m, "demo"};
        queue_work(wq, item);
        flush_work(item);
        CHECK(std::string(name) == "demo/0");
    });
}

TEMPLATE_TEST_CASE("machine: without enough threads nothing is left behind, and later it works", "[machine][spawn]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        const int before = nr_threads();
        // The clock, three of "events", two queues: 1 + 3 + 3 + 1 threads.
        constexpr int needed = 8;
        for (int budget = 0; budget <= needed; ++budget) {
            INFO("threads to be had: " << budget);
            TestType::spawn_budget(budget);
            bool ok = false;
            try {
                scoped_machine<TestType> m{{.cpus = 3}};
                const bool events = m.events(location::current()) != nullptr;
                CHECK(events == (budget >= 4));
                CHECK(reports::take("init_workqueues: no threads for the default queue") == !events);
                if (!events) {   // it may be asked for again
                    TestType::spawn_budget(3);
                    CHECK(m.events(location::current()) != nullptr);
                    TestType::spawn_budget(0);
                }
                basic_workqueue<TestType> a{m, "a"};
                CHECK(budget >= 7);
                basic_workqueue<TestType> b{m, "b", {.single_thread = true}};
                ok = true;
            } catch (const std::system_error& e) {
                CHECK(e.code() == std::errc::resource_unavailable_try_again);
            }
            CHECK(ok == (budget == needed));
            TestType::spawn_budget(-1);
            support::wait_until<TestType>(
                [&] { return nr_threads() <= before; });   // join() is a moment ahead of /proc, here and before
        }
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        scoped_machine<TestType> m{{.cpus = 3}};
        basic_workqueue<TestType> wq{m, "a"};
        REQUIRE(queue_work_on(2, wq, item));
        flush_work(item);
        CHECK(runs == 1);
    });
}

TEMPLATE_TEST_CASE("machine: its end runs what queues still hold, and says which were forgotten", "[machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        std::atomic<int> runs{0};
        auto item = make_work<TestType>([&] { ++runs; });
        {
            scoped_machine<TestType> m{{.cpus = 2}};
            auto* wq = m.create_queue("forgotten", queue_kind::per_cpu, 0, nullptr, location::current());
            REQUIRE(wq != nullptr);
            REQUIRE(workqueue_ops<TestType>::queue_work(wq, item, location::current()));
        }
        CHECK(runs == 1);
        CHECK(reports::take("queue forgotten is still there at the machine's end"));
        CHECK_FALSE(work_pending(item));
    });
}

TEMPLATE_TEST_CASE("machine: at its end a delayed item that is still armed is reported, and idle", "[machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        for (const jiffies_t delay : {hz, 3600 * hz, max_jiffy_offset}) {
            INFO("delay " << delay);
            std::atomic<int> runs{0};
            auto item = support::make_delayed_work<TestType>([&] { ++runs; });
            {
                scoped_machine<TestType> m{{.cpus = 1}};
                auto* events = m.events(location::current());
                REQUIRE(events != nullptr);
                using timed = delayed_ops<TestType>;
                REQUIRE(timed::queue(events, item, delay, timed::zero::now, location::current()));
            }
            CHECK(runs == 0);
            CHECK(reports::take("a delayed work item was still armed when its queue events was destroyed"));
            CHECK_FALSE(delayed_work_pending(item));
            CHECK_FALSE(timekeeper<TestType>::was_pending(item.timer));
        }
    });
}

TEMPLATE_TEST_CASE("for_each_work: lists what waits and what runs", "[machine]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        scoped_machine<TestType> m{{.cpus = 1}};
        gate<TestType> inside;
        auto a = make_work<TestType>([&] { inside.pass(); });
        auto b = make_work<TestType>([] {});
        basic_workqueue<TestType> wq{m, "listed"};
        REQUIRE(queue_work(wq, a));
        inside.wait_until_held();
        REQUIRE(queue_work(wq, b));
        std::vector<std::string> seen;
        m.for_each_work([&](const char* queue, work_item& w, const char* state) {
            seen.push_back(std::string(queue) + (&w == &a ? " a " : " b ") + state);
        });
        CHECK(seen == std::vector<std::string>{"listed b pending", "listed a running"});
        inside.open();
    });
}

TEST_CASE("spawn: not where one that was let go is at work still; there again once that is over", "[machine][thread]") {
    using bottomhalf::arch::threads;
    static std::atomic<int> in, out;
    static std::atomic<bool> go;
    in = out = 0, go = false;
    const auto body = [](void*) {
        ++in;
        while (!go) threads::relax(1);
        ++out;
    };
    static threads::thread t;   // the first one has it after us, if this fails
    REQUIRE(threads::spawn(t, 0, "let-go", false, body, nullptr));
    CHECK_FALSE(threads::join_until(t, 0));
    CHECK_FALSE(threads::spawn(t, 0, "too-early", false, body, nullptr));
    go = true;
    for (unsigned round = 0; !threads::spawn(t, 0, "again", false, body, nullptr); ++round) threads::relax(round);
    CHECK(out >= 1);
    threads::join(t);
    CHECK(in == 2);
    CHECK(out == 2);
}
