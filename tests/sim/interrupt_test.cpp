// SPDX-License-Identifier: MIT
//
// sim.hpp: interrupts of the simulated engine.
#include "sim/support.hpp"

#include <cerrno>
#include <cstdint>

using namespace bottomhalf;
using arch::sim;
using support::cpu;
using support::job;
using support::post;
using support::ref;
using support::wait_for;

TEST_CASE("raise: the handler runs on the task of that CPU, at its next step", "[sim][irq]") {
    sim::world w;
    w.run([] {
        static struct {
            int laps, lap_of_handler;
            std::int32_t id, id_of_handler;
        } seen;
        seen = {};
        cpu port;
        port.handler = [](cpu&) {
            seen.id_of_handler = sim::thread_id();
            seen.lap_of_handler = seen.laps;
        };
        std::uint32_t ready = 0;
        job target{"events/0", [&] {
                       sim::attach(port);
                       seen.id = sim::thread_id();
                       post(ready);
                       for (; port.taken == 0; ++seen.laps) sim::step();   // busy: it never sleeps
                       sim::detach(port);
                   }};
        wait_for(ready);
        for (int i = 0; i < 10; ++i) sim::step();
        sim::raise(port, 5);
        const int lap = seen.laps;
        sim::join(target.task());
        CHECK(lap > 0);
        CHECK(seen.lap_of_handler == lap);
        CHECK(seen.id == 2);
        CHECK(seen.id_of_handler == seen.id);
        CHECK(port.taken == std::uint64_t{1} << 5);
        CHECK(port.entered == 1);
    });
}

TEST_CASE("raise: a sleeper takes the interrupt and returns early", "[sim][irq][park]") {
    sim::world w;
    w.run([] {
        cpu port;
        std::uint32_t never = 0, ready = 0;
        bool in_time = false;
        std::uint64_t taken_on_return = 0;
        job target{"events/0", [&] {
                       sim::attach(port);
                       post(ready);
                       in_time = sim::park(never, 0, arch::forever, "an interrupt");
                       taken_on_return = port.taken;
                       sim::detach(port);
                   }};
        wait_for(ready);
        sim::relax(256);   // it sleeps now
        CHECK(sim::now() == 50'000);
        sim::raise(port, 0);
        sim::join(target.task());
        CHECK(in_time);
        CHECK(taken_on_return == 1);
        CHECK(port.entered == 1);
    });
}

TEST_CASE("raise: on one's own CPU it is taken before raise() returns", "[sim][irq]") {
    sim::world w;
    w.run([] {
        cpu port;
        sim::attach(port);
        errno = ENOSPC;
        port.handler = [](cpu&) { errno = EINTR; };
        sim::raise(port, 1);
        CHECK(port.taken == 2);
        CHECK(errno == ENOSPC);   // as signal handlers save it
        sim::detach(port);
    });
}

TEST_CASE("raise: only the one that finds the word empty rings", "[sim][irq]") {
    sim::world w;
    w.run([&] {
        cpu port;
        sim::attach(port);
        CHECK_FALSE(sim::irq_save());
        sim::raise(port, 0);
        const std::uint64_t steps = w.steps();
        for (const unsigned line : {1U, 1U, 63U}) sim::raise(port, line);
        CHECK(w.steps() == steps + 3);   // a read-modify-write each
        for (int i = 0; i < 10; ++i) sim::step();
        CHECK(port.entered == 0);
        sim::irq_restore(false);
        CHECK(port.entered == 1);
        CHECK(port.taken == (std::uint64_t{1} << 63 | 3));
        sim::detach(port);
    });
}

TEST_CASE("irq_restore: goes on until nothing is pending, masked, one entry after the other", "[sim][irq]") {
    sim::world w;
    w.run([] {
        cpu port;
        sim::attach(port);
        static int depth, deepest;
        depth = deepest = 0;
        port.handler = [](cpu& self) {
            deepest = std::max(deepest, ++depth);
            if (self.entered < 3) sim::raise(self, static_cast<unsigned>(self.entered));
            --depth;
        };
        CHECK_FALSE(sim::irq_save());
        sim::raise(port, 0);
        sim::irq_restore(false);
        CHECK(port.taken == 7);
        CHECK(port.entered == 3);
        CHECK(port.unmasked == 0);
        CHECK(deepest == 1);
        CHECK_FALSE(sim::irqs_masked());
        sim::detach(port);
    });
}

TEST_CASE("attach: takes what was raised before anybody was there to ring at", "[sim][irq]") {
    sim::world w;
    w.run([] {
        cpu port;
        sim::raise(port, 4);
        CHECK(port.entered == 0);
        sim::attach(port);
        CHECK(port.taken == 16);
        CHECK(port.entered == 1);
        sim::detach(port);
    });
}

TEST_CASE("irq_save: holds the interrupt back until the outermost restore", "[sim][irq]") {
    sim::world w;
    w.run([] {
        cpu port;
        std::uint32_t ready = 0, raised = 0, never = 0;
        job target{"events/0", [&] {
                       sim::attach(port);
                       const bool outer = sim::irq_save();
                       const bool inner = sim::irq_save();
                       CHECK_FALSE(outer);
                       CHECK(inner);
                       CHECK(sim::irqs_masked());
                       post(ready);
                       wait_for(raised);
                       while (sim::park(never, 0, 200'000, "its deadline, however often it is woken")) {}
                       CHECK(sim::now() == 200'000);
                       CHECK(port.taken == 0);
                       sim::irq_restore(inner);
                       CHECK(port.taken == 0);
                       sim::irq_restore(outer);
                       CHECK(port.taken == 1);
                       CHECK_FALSE(sim::irqs_masked());
                       sim::detach(port);
                   }};
        wait_for(ready);
        post(raised);
        sim::relax(256);   // it is in the sleep
        sim::raise(port, 0);
    });
}

TEST_CASE("doorbell: does not nest in its own handler; what comes meanwhile is taken after it", "[sim][irq]") {
    sim::world w;
    w.run([] {
        cpu port;
        sim::attach(port);
        static int depth, deepest;
        depth = deepest = 0;
        port.handler = [](cpu& self) {
            deepest = std::max(deepest, ++depth);
            sim::irq_restore(false);   // the soft mask is not what keeps it from nesting
            if (self.taken == 1) sim::raise(self, 1);
            for (int i = 0; i < 5; ++i) sim::step();
            --depth;
        };
        sim::raise(port, 0);
        CHECK(deepest == 1);
        CHECK(port.taken == 3);
        CHECK(port.entered == 2);   // the second doorbell found nothing left to do
        CHECK(port.unmasked == 0);
        CHECK_FALSE(sim::irqs_masked());
        sim::detach(port);
    });
}

TEST_CASE("doorbell: one that is rung before detach() and heard after it does nothing", "[sim][irq]") {
    std::uint64_t heard_late = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        const std::uint64_t before = sim::spurious_doorbells();
        sim::world w{{.seed = seed}};
        w.run([] {
            cpu port;
            std::uint32_t ready = 0;
            job target{"events/0", [&] {
                           sim::attach(port);
                           post(ready);
                           sim::detach(port);
                           sim::step();
                       }};
            wait_for(ready);
            sim::raise(port, 0);
            sim::join(target.task());
            CHECK(port.entered <= 1);
            CHECK(port.pending == (port.entered == 0 ? 1 : 0));
        });
        heard_late += sim::spurious_doorbells() - before;
    }
    CHECK(heard_late > 0);
    CHECK(heard_late < 50);
}

TEST_CASE("raise: some seed interrupts between a driver's read and write, none does under irq_save",
          "[sim][irq][seed]") {
    const auto count = [](std::uint64_t seed, bool masked) {
        static std::uint32_t counter;
        counter = 0;
        sim::world w{{.seed = seed}};
        w.run([masked] {
            cpu port;
            std::uint32_t ready = 0;
            port.handler = [](cpu&) { ref(counter).fetch_add(1); };
            job target{"events/0", [&] {
                           sim::attach(port);
                           post(ready);
                           const bool was = masked && sim::irq_save();
                           const std::uint32_t n = ref(counter).load();
                           ref(counter).store(n + 1);
                           if (masked) sim::irq_restore(was);
                           while (port.entered == 0) sim::relax(0);
                           sim::detach(port);
                       }};
            wait_for(ready);
            sim::raise(port, 0);
        });
        return counter;
    };
    int lost = 0, lost_masked = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        lost += count(seed, false) != 2;
        lost_masked += count(seed, true) != 2;
    }
    CHECK(lost > 0);
    CHECK(lost_masked == 0);
}
