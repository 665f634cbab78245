// SPDX-License-Identifier: MIT
//
// Interrupts in every order: raise against take, the mask, sections of other threads of the CPU, softirqs.  What each of
// these searches has been seen to find: PLANTED.md.
#include "sim/library.hpp"

#include <bottomhalf/irq.hpp>
#include <bottomhalf/irq_section.hpp>

using namespace library;
using section = bottomhalf::irq_section<engine>;

namespace {

constexpr unsigned line = 5;

/// What the top half calls.
struct board {
    void (*top)(board&) = nullptr;
    word data = 0, seen = 0, inside = 0, calls = 0, done = 0;

    bottomhalf::basic_machine<engine>& m = bottomhalf::default_machine_of<engine>();

    explicit board(void (*f)(board&)) : top(f) {
        const sim::quietly set_up;
        m.events(location::current());
        const auto handler = [](int, void* dev, void*) {
            auto& b = *static_cast<board*>(dev);
            b.top(b);
            more(b.calls);
            return bottomhalf::irqreturn::handled;
        };
        m.irqs().request(line, {.handler = handler, .dev_id = this, .name = "explored"}, location::current());
        engine::settle();
    }
    ~board() {
        const sim::quietly end;
        m.irqs().free(line, this, location::current());
    }
    board(const board&) = delete;
    board& operator=(const board&) = delete;
};

}   // namespace

TEST_CASE("raise: the last edge of a line is served, after what was written before it", "[explore][irq]") {
    explored({"raise", 6'000}, [] {
        board b([](board& self) { put(self.seen, get(self.data)); });
        const auto raises = [&] { b.m.irqs().raise(line); };
        sim::actor other("other", raises);
        raises();
        put(b.data, 1);
        raises();
        other.join();
        b.m.irqs().synchronize(line);
        for (unsigned round = 0; get(b.seen) == 0 && round < 20; ++round) engine::relax(round);
        sim::expect(get(b.seen) == 1, "the last edge was lost");
    });
}

TEST_CASE("mask: no top half runs beside a section of another thread of its CPU", "[explore][irq]") {
    explored({"section", 6'000}, [] {
        board b([](board& self) {
            sim::expect(more(self.inside) == 1, "a top half inside a section");
            ref(self.inside).fetch_sub(1);
            bottomhalf::completion_ops<engine>::complete(self.done);
        });
        const auto enters = [&] {
            section::enter(&bottomhalf::home_port<engine>);
            sim::expect(more(b.inside) == 1, "a section beside a top half, or another section");
            ref(b.inside).fetch_sub(1);
            section::leave();
        };
        sim::actor one("one", enters, 0);
        sim::actor raises(
            "raises", [&] { b.m.irqs().raise(line); }, 0);
        enters();
        one.join(), raises.join();
        wait(b.done);   // whoever was in the way has passed it on
    });
}

TEST_CASE("mask: a section and a top half do not both come first", "[explore][irq]") {
    explored({"both", 10'000}, [] {
        static word held;
        held = 0;
        board b([](board&) {
            // Loads only: what this CPU has not let go of yet stays where it is.
            for (int i = 0; i < 4; ++i) sim::expect(get(held) == 0, "a top half inside a section");
        });
        const auto enters = [](int steps) {
            section::enter(&bottomhalf::home_port<engine>);
            ref(held).exchange(1);
            for (int i = 0; i < steps; ++i) engine::step();
            put(held, 0);
            section::leave();
        };
        {
            const sim::quietly set_up;
            enters(0);   // from now on the CPU's thread shares
        }
        sim::actor raises("raises", [&] { b.m.irqs().raise(line); });
        enters(8);
        raises.join();
    });
}
