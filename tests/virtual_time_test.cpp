// SPDX-License-Identifier: MIT
//
// Virtual time: a machine whose jiffies move when they are told to, and one whose time jumps to what comes next.

#include <bottomhalf/bottomhalf.hpp>

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include <bottomhalf/jiffies_cell.hpp>
#include <bottomhalf/virtual_time.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using engine = arch::sim;
using arch::sim_time;
using support::call;
using support::make_delayed_work;
using support::make_work;
using support::reports;

namespace {

using machine_t = scoped_machine<engine>;
using queue_t = basic_workqueue<engine>;

arch::sim_options told(std::uint64_t seed = 0) {
    arch::sim_options o;
    o.seed = seed;
    o.time = sim_time::when_told;
    o.print = false;
    return o;
}
void sleep_for(arch::ns_t ns) {
    std::uint32_t never = 0;
    detail::block<engine>(never, 0, engine::now() + ns, "a test");
}

void for_ever() {
    std::uint32_t never = 0;
    detail::block<engine>(never, 0, arch::forever, "something that never comes");
}

}   // namespace

TEST_CASE("advance: jiffies move by so many, and what is due by then has happened", "[virtual_time][advance]") {
    for (std::uint64_t seed = 0; seed < support::nr_seeds(); ++seed) {
        INFO("seed " << seed);
        engine::world world{told(seed)};
        world.run([] {
            machine_t m{{.cpus = 2}};
            queue_t wq{m, "demo"};
            int runs = 0;
            auto item = make_delayed_work<engine>([&] { ++runs; });
            const jiffies_t begin = m.time().jiffies();
            CHECK(begin == initial_jiffies);
            queue_delayed_work(wq, item, 5 * hz);
            m.run_until_idle();
            CHECK(m.time().jiffies() == begin);
            CHECK(runs == 0);
            m.advance(5 * hz - 1);
            CHECK(m.time().jiffies() == begin + 5 * hz - 1);
            CHECK(runs == 0);
            m.advance(1);
            CHECK(m.time().jiffies() == begin + 5 * hz);
            CHECK(runs == 1);
            m.advance(0);
            CHECK(m.time().jiffies() == begin + 5 * hz);
        });
    }
}

TEST_CASE("advance: each thing happens at its own time on the way, and so does what follows from it",
          "[virtual_time][advance]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        queue_t wq{m, "demo"};
        std::vector<jiffies_t> at;
        basic_delayed_work<engine>* again = nullptr;
        auto item = make_delayed_work<engine>([&] {
            at.push_back(m.time().jiffies() - initial_jiffies);
            if (at.size() < 3) queue_delayed_work(wq, *again, 10);
        });
        again = &item;
        queue_delayed_work(wq, item, 10);
        m.advance(100);
        CHECK(at == std::vector<jiffies_t>{10, 20, 30});
    });
}

TEST_CASE("advance: from within a tick goes on to the tick at which what was armed there is due",
          "[virtual_time][advance]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        queue_t wq{m, "demo"};
        int runs = 0;
        auto item = make_delayed_work<engine>([&] { ++runs; });
        engine::delay(tick_ns / 2);   // as udelay() does
        const arch::ns_t armed = engine::now();
        queue_delayed_work(wq, item, 3);
        m.advance(3);
        CHECK(runs == 1);
        CHECK(engine::now() - armed >= 3 * tick_ns);
        CHECK(engine::now() - armed < 4 * tick_ns);
    });
}

TEST_CASE("advance: for ever is until nothing will ever happen again", "[virtual_time][advance]") {
    reports said;
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        queue_t wq{m, "demo"};
        int runs = 0, never = 0;
        auto item = make_delayed_work<engine>([&] { ++runs; });
        auto last = make_delayed_work<engine>([&] { ++never; });
        const jiffies_t begin = m.time().jiffies();
        m.advance(max_jiffy_offset);   // and nothing to wait for
        CHECK(m.time().jiffies() == begin);
        queue_delayed_work(wq, item, 100 * hz);
        queue_delayed_work(wq, last, max_jiffy_offset);
        m.advance(max_jiffy_offset);
        CHECK(runs == 1);
        CHECK(never == 0);
        CHECK(m.time().jiffies() == begin + 100 * hz);
        m.advance(~jiffies_t{0});
        m.advance(5);
        CHECK(m.time().jiffies() == begin + 100 * hz + 5);
        CHECK(cancel_delayed_work(last));
        CHECK(reports::rest().empty());

        // What the clock cannot show is no such thing.
        m.advance(max_jiffy_offset - 1);
        CHECK(reports::take("advance: the simulated clock ends "));
        CHECK(m.time().jiffies() == begin + 100 * hz + 5);
    });
    CHECK(reports::rest().empty());
}

TEST_CASE("delays cost time, also where it is told", "[virtual_time][delay]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        const jiffies_t begin = m.time().jiffies();
        engine::delay(10 * tick_ns);
        CHECK(m.time().jiffies() == begin + 10);
        engine::relax(0);   // a spin does not
        CHECK(engine::now() == 10 * tick_ns);
    });
}

TEST_CASE("time passes while the body waits, and stands still while it runs and lets others run", "[virtual_time]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        queue_t wq{m, "demo"};
        sleep_for(5 * tick_ns);
        CHECK(m.time().jiffies() == initial_jiffies + 5);
        bool slept = false;
        auto sleeper = make_work<engine>([&] {
            sleep_for(7 * tick_ns);
            slept = true;
        });
        queue_work(wq, sleeper);
        m.run_until_idle();
        CHECK(m.time().jiffies() == initial_jiffies + 5);
        flush_workqueue(wq);   // as a driver's remove() does
        CHECK(slept);
        CHECK(m.time().jiffies() == initial_jiffies + 12);
    });
}

TEST_CASE("a loop that polls the time ends; one look costs nothing", "[virtual_time][poll]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        for (int i = 0; i < 10; ++i) engine::poll_time();
        CHECK(engine::now() == 0);
        const jiffies_t end = m.time().jiffies() + 2;
        while (time_before(m.time().jiffies(), end)) engine::poll_time();
        CHECK(m.time().jiffies() == end);
    });
}

TEST_CASE("run_until_idle: delays of others are waited for", "[virtual_time][delay][run_until_idle]") {
    engine::world world{told()};
    world.run([] {
        machine_t m{{.cpus = 1}};
        queue_t wq{m, "demo"};
        bool done = false;
        auto item = make_work<engine>([&] {
            engine::delay(3 * tick_ns);
            done = true;
        });
        queue_work(wq, item);
        m.run_until_idle();
        CHECK(done);
        CHECK(m.time().jiffies() == initial_jiffies + 3);
    });
}

TEST_CASE("run_until: time jumps from event to event until it is so", "[virtual_time][run_until]") {
    for (const sim_time time : {sim_time::when_told, sim_time::when_idle}) {
        arch::sim_options o = told();
        o.time = time;
        engine::world world{o};
        world.run([] {
            machine_t m{{.cpus = 1}};
            queue_t wq{m, "demo"};
            int runs = 0;
            basic_delayed_work<engine>* again = nullptr;
            auto item = make_delayed_work<engine>([&] {
                ++runs;
                if (runs < 10) queue_delayed_work(wq, *again, 60 * hz);
            });
            again = &item;
            queue_delayed_work(wq, item, 60 * hz);
            CHECK(m.run_until([&] { return runs == 4; }));
            CHECK(m.time().jiffies() == initial_jiffies + 4 * 60 * hz);
            CHECK(m.run_until([&] { return runs == 4; }));   // at once
            CHECK_FALSE(m.run_until([&] { return runs == 6; }, 100 * hz));
            CHECK(runs == 5);
            CHECK_FALSE(m.run_until([&] { return runs == 11; }));   // nothing is left that could make it so
            CHECK(runs == 10);
        });
    }
}

TEST_CASE("run_until_idle: everything that needs no time", "[virtual_time][run_until_idle]") {
    for (std::uint64_t seed = 0; seed < support::nr_seeds(); ++seed) {
        INFO("seed " << seed);
        engine::world world{told(seed)};
        world.run([] {
            machine_t m{{.cpus = 4}};
            queue_t wq{m, "demo"};
            int runs = 0;
            basic_work<engine>* again = nullptr;
            auto item = make_work<engine>([&] {
                if (++runs < 50) queue_work(wq, *again);
            });
            again = &item;
            auto sleeper = make_work<engine>([&] {
                sleep_for(3 * tick_ns);
                ++runs;
            });
            queue_work_on(1, wq, item);
            queue_work_on(2, wq, sleeper);
            m.run_until_idle();
            CHECK(runs == 50);
            CHECK(m.time().jiffies() == initial_jiffies);
            m.advance(3);
            CHECK(runs == 51);
        });
    }
}

TEST_CASE("a year of a driver's life", "[virtual_time][advance]") {
    arch::sim_options o = told();
    o.preempt_every = 0;   // nobody is interrupted: this is about time
    engine::world world{o};
    world.run([] {
        machine_t m{{.cpus = 2}};
        queue_t wq{m, "demo"};
        unsigned minutes = 0;
        basic_delayed_work<engine>* again = nullptr;
        auto item = make_delayed_work<engine>([&] {
            ++minutes;
            queue_delayed_work(wq, *again, 60 * hz);
        });
        again = &item;
        queue_delayed_work(wq, item, 60 * hz);
        m.advance(jiffies_t{365} * 24 * 3600 * hz);
        CHECK(minutes == 365 * 24 * 60);
        CHECK(m.time().jiffies() == initial_jiffies + jiffies_t{365} * 24 * 3600 * hz);
        CHECK(cancel_delayed_work_sync(item));
    });
}

TEST_CASE("a loop that polls for ever while time is on its way is a livelock all the same",
          "[virtual_time][livelock]") {
    arch::sim_options o = told();
    o.max_steps = 10'000;
    engine::world world{o};
    const auto spin = [] {
        for (unsigned round = 0;; ++round) engine::relax(round % 8);
    };
    static auto* item =
        new work<std::remove_const_t<decltype(spin)>, engine>{spin};   // never destroyed: it runs for ever
    CHECK_THROWS_AS(world.run([] {
        schedule_work(*item);
        default_machine_of<engine>().advance(1000);
    }),
                    engine::livelock);
}

TEST_CASE("the default machine ends with its world, and boots anew in the next", "[virtual_time][machine]") {
    for (int round = 0; round < 3; ++round) {
        INFO("world " << round);
        const reports listening;
        engine::world world{told()};
        int runs = 0;
        auto item = make_work<engine>([&] { ++runs; });
        auto later = make_delayed_work<engine>([&] { ++runs; });
        world.run([&] {
            auto& m = default_machine_of<engine>();
            CHECK_FALSE(m.is_up());
            schedule_work(item);
            schedule_delayed_work(later, 1000);
            detail::keep_jiffies(m.time(), on_sim::jiffies);
            CHECK(on_sim::jiffies == initial_jiffies);
            m.advance(10);
            CHECK(on_sim::jiffies == initial_jiffies + 10);
            CHECK(runs == 1);
        });
        CHECK(runs == 1);
        CHECK_FALSE(default_machine_of<engine>().is_up());
        CHECK(reports::take("a delayed work item was still armed"));
        CHECK(reports::rest().empty());
    }
}

TEST_CASE("the default machine of a world that was abandoned does not reach the next", "[virtual_time][machine]") {
    arch::sim_options o = told();
    for (int round = 0; round < 2; ++round) {
        engine::world stuck{o};
        CHECK_THROWS_AS(stuck.run([] {
            default_machine_of<engine>().boot(location::current());
            for_ever();
        }),
                        engine::deadlock);
        engine::world world{o};
        world.run([] {
            auto& m = default_machine_of<engine>();
            CHECK_FALSE(m.is_up());
            REQUIRE(m.boot(location::current()));
            m.advance(3);
            CHECK(m.time().jiffies() == initial_jiffies + 3);
        });
    }
}

TEST_CASE("items of a world that was abandoned are idle in the next, wherever they were", "[virtual_time][machine]") {
    int runs = 0;
    auto queued = make_work<engine>([&] { ++runs; });
    auto later = make_delayed_work<engine>([&] { ++runs; });
    bool stuck = true;
    auto running = make_work<engine>([&] {
        if (stuck) for_ever();
        ++runs;
    });
    timer_node timer;
    timer.function = [](timer_node*) {};
    tasklet_node tasklet;
    tasklet.use_callback = true;
    tasklet.callback = [](tasklet_node* t) { ++*reinterpret_cast<int*>(t->data); };
    tasklet.data = reinterpret_cast<unsigned long>(&runs);
    arch::sim_options o = told();
    o.max_steps = 20'000;
    engine::world lost{o};
    CHECK_THROWS_AS(lost.run([&] {
        auto& m = default_machine_of<engine>();
        schedule_work(running);
        m.run_until_idle();
        schedule_work(queued);
        schedule_delayed_work(later, 100);
        m.time().add(timer, m.time().jiffies() + 100);
        m.softirqs().disable(m.softirqs().of_cpu(0));
        tasklet_ops<engine>::schedule(*m.softirqs().of_cpu(0), tasklet, tasklet_ops<engine>::normal);
        while (true) engine::step();   // time stands still: nothing fires
    }),
                    engine::livelock);
    CHECK_FALSE(work_pending(queued));
    CHECK_FALSE(delayed_work_pending(later));
    CHECK_FALSE(timekeeper<engine>::was_pending(timer));
    stuck = false;
    engine::world world{told()};
    world.run([&] {
        auto& m = default_machine_of<engine>();
        CHECK(schedule_work(running));
        CHECK(schedule_work(queued));
        CHECK(schedule_delayed_work(later, 100));
        m.time().add(timer, m.time().jiffies() + 100);
        m.advance(100);
        CHECK(runs == 3);
        CHECK_FALSE(m.time().del(timer));
        tasklet_ops<engine>::schedule(*m.softirqs().of_cpu(0), tasklet, tasklet_ops<engine>::normal);
        m.run_until_idle();
        CHECK(runs == 4);
    });
}

TEST_CASE("a body that ends while a handler sleeps for ever: it is said, and the next world has a machine of its own",
          "[virtual_time][machine]") {
    const reports listening;
    const auto stuck = [] { for_ever(); };
    static auto* item =
        new work<std::remove_const_t<decltype(stuck)>, engine>{stuck};   // never destroyed: it runs for ever
    for (int round = 0; round < 2; ++round) {
        INFO("round " << round);
        item->data = 0;
        engine::world world{told()};
        CHECK_THROWS_AS(world.run([] {
            schedule_work(*item);
            default_machine_of<engine>().run_until_idle();
        }),
                        engine::failure);
        CHECK(reports::take("at exit: work of events was still running"));
        CHECK_FALSE(default_machine_of<engine>().is_up());
        reports::rest();
    }
}

TEST_CASE("a world may fail as its machine ends, too, and the next one has its own all the same",
          "[virtual_time][machine]") {
    const reports listening;
    const auto spin = [] {
        for (unsigned round = 0;; ++round) engine::relax(round % 8);
    };
    static auto* item =
        new work<std::remove_const_t<decltype(spin)>, engine>{spin};   // never destroyed: it runs for ever
    arch::sim_options o = told();
    o.max_steps = 100'000;
    o.preempt_every = 1;
    engine::world world{o};
    CHECK_THROWS_AS(world.run([] { schedule_work(*item); }), engine::livelock);
    CHECK_FALSE(default_machine_of<engine>().is_up());
}

TEST_CASE("jiffies, the variable, follow every move of time without a tick", "[virtual_time][jiffies]") {
    arch::sim_options o;
    engine::world world{o};
    world.run([] {
        auto& m = default_machine_of<engine>();
        REQUIRE(m.boot(location::current()));
        detail::keep_jiffies(m.time(), on_sim::jiffies);
        m.run_until_idle();
        const std::uint64_t before = engine::world::current()->steps();
        sleep_for(3600 * arch::ns_t{1'000'000'000});
        CHECK(on_sim::jiffies == initial_jiffies + 3600 * hz);
        CHECK(engine::world::current()->steps() - before < 200);   // one sleep
        sleep_for(tick_ns / 2);
        CHECK(on_sim::jiffies == initial_jiffies + 3600 * hz);
        sleep_for(tick_ns / 2);
        CHECK(on_sim::jiffies == initial_jiffies + 3600 * hz + 1);
    });
}

TEST_CASE("virtual_time: outside of run() it is reported", "[virtual_time]") {
    const reports listening;
    virtual_time::advance(5);
    CHECK(reports::take("advance: called outside of virtual_time::run()"));
    virtual_time::run_until_idle();
    CHECK(reports::take("run_until_idle: called outside"));
    CHECK_FALSE(virtual_time::run_until([] { return true; }));
    CHECK(reports::take("run_until: called outside"));
    int n = 0;
    virtual_time::run([&] {
        virtual_time::advance(5);
        n = static_cast<int>(virtual_time::machine().time().jiffies() - initial_jiffies);
    });
    CHECK(n == 5);
}

TEST_CASE("virtual_time::run: jiffies are kept from the beginning", "[virtual_time]") {
    virtual_time::run([] {
        default_machine_of<engine>().advance(3);
        CHECK(on_sim::jiffies == initial_jiffies + 3);
    });
}
