// SPDX-License-Identifier: MIT
//
// <linux/irq.h>: the flows: when a line is masked, acknowledged and open again, what they remember, and play again.
#include "sync6/chip_line.hpp"

#include <atomic>
#include <string>

#include <linux/irq.h>

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::wait_until;
using namespace support::chips;

TEST_CASE("handle_level_irq: masked while the handlers run; off at once only as the next one comes",
          "[irq][chip][level]") {
    on_this_engine([] {
        chip_line l(plain, handle_level_irq);
        irq_set_status_flags(l.number(), IRQ_LEVEL);
        REQUIRE(request_irq(l.number(), count, 0, "level", &dev) == 0);
        CHECK(told() == "u");
        interrupt(l.irq);
        CHECK(told() == "ma!u");
        disable_irq(l.number());
        CHECK(told().empty());
        interrupt(l.irq);
        CHECK(told() == "ma");
        interrupt(l.irq);
        CHECK(told() == "a");
        enable_irq(l.number());
        CHECK(told() == "u");   // a device that still wants something asserts its line still
        interrupt(l.irq);
        CHECK(told() == "ma!u");
        free_irq(l.number(), &dev);
        CHECK(told() == "m");
    });
}

TEST_CASE("handle_edge_irq: what comes while the line is off is played again, in softirq", "[irq][chip][edge]") {
    on_this_engine([] {
        chip_line l(plain, handle_edge_irq);
        REQUIRE(request_irq(l.number(), count, 0, "edge", &dev) == 0);
        CHECK(told() == "u");
        interrupt(l.irq);
        CHECK(told() == "a!");
        disable_irq_nosync(l.number());
        interrupt(l.irq);
        interrupt(l.irq);
        CHECK(told() == "maa");
        enable_irq(l.number());
        wait_until<engine>([] { return calls == 2; });
        synchronize_irq(l.number());
        CHECK(told() == "ua!");
        CHECK(in_softirq_of_call == 1);
        CHECK(in_hardirq_of_call == 0);
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("handle_edge_irq: what comes while the handlers run is one run more, unless they turn the line off",
          "[irq][chip][edge]") {
    on_this_engine([] {
        static bool turns_off;
        const auto meets_it = [](int irq, void*) {
            if (calls++ == 0) {   // as from another CPU
                generic_handle_irq(static_cast<unsigned>(irq));
                generic_handle_irq(static_cast<unsigned>(irq));
                if (turns_off) disable_irq_nosync(static_cast<unsigned>(irq));
            }
            said += '!';
            return IRQ_HANDLED;
        };
        for (const bool off : {false, true}) {
            turns_off = off;
            chip_line l(plain, handle_edge_irq);
            REQUIRE(request_irq(l.number(), meets_it, 0, "meets", &dev) == 0);
            CHECK(told() == "u");
            interrupt(l.irq);
            if (off) {
                CHECK(told() == "amaa!");
                CHECK(calls == 1);
                enable_irq(l.number());
                wait_until<engine>([] { return calls == 2; });
                synchronize_irq(l.number());
                CHECK(told() == "ua!");
            } else {
                CHECK(told() == "amaa!u!");
                CHECK(calls == 2);
            }
            free_irq(l.number(), &dev);
        }
    });
}

TEST_CASE("irq_retrigger: a chip that can plays it again itself", "[irq][chip][edge]") {
    on_this_engine([] {
        static irq_chip able;
        able = plain;
        able.irq_retrigger = [](struct irq_data*) { return said += 'r', 1; };
        able.irq_disable = [](struct irq_data*) { said += 'd'; };
        able.irq_enable = [](struct irq_data*) { said += 'E'; };
        able.irq_startup = [](struct irq_data*) { return said += 'S', 0U; };
        able.irq_shutdown = [](struct irq_data*) { said += 's'; };
        chip_line l(able, handle_edge_irq);
        REQUIRE(request_irq(l.number(), count, IRQF_NO_AUTOEN, "able", &dev) == 0);
        CHECK(told().empty());
        enable_irq(l.number());
        CHECK(told() == "S");
        disable_irq(l.number());
        CHECK(told() == "d");
        interrupt(l.irq);
        CHECK(told() == "a");
        enable_irq(l.number());
        CHECK(told() == "Er");
        free_irq(l.number(), &dev);
        CHECK(told() == "s");
    });
}

TEST_CASE("handle_fasteoi_irq, handle_simple_irq: how they end, and what they remember", "[irq][chip]") {
    on_this_engine([] {
        chip_line f(plain, handle_fasteoi_irq);
        REQUIRE(request_irq(f.number(), count, 0, "fasteoi", &dev) == 0);
        told();
        interrupt(f.irq);
        CHECK(told() == "!e");
        free_irq(f.number(), &dev);
        CHECK(told() == "m");
        REQUIRE(request_irq(f.number(), count, IRQF_ONESHOT, "oneshot", &dev) == 0);
        told();
        interrupt(f.irq);
        CHECK(told() == "m!eu");   // over, and only then open again
        disable_irq(f.number());
        interrupt(f.irq);
        CHECK(told() == "me");
        free_irq(f.number(), &dev);
        CHECK(told().empty());   // it is masked
        irq_chip only_handled = plain;
        only_handled.flags = IRQCHIP_EOI_IF_HANDLED;
        chip_line h(only_handled, handle_fasteoi_irq);
        REQUIRE(request_irq(h.number(), count, 0, "handled", &dev) == 0);
        disable_irq(h.number());
        told();
        interrupt(h.irq);
        CHECK(told() == "m");
        free_irq(h.number(), &dev);
        chip_line s(plain, handle_simple_irq);
        REQUIRE(request_irq(s.number(), count, 0, "simple", &dev) == 0);
        told();
        interrupt(s.irq);
        CHECK(told() == "!");
        disable_irq(s.number());
        interrupt(s.irq);
        calls = 0;
        enable_irq(s.number());
        wait_until<engine>([] { return calls == 1; });
        free_irq(s.number(), &dev);
    });
}

TEST_CASE("what is to be played again is so once, however often that was found out", "[irq][chip][edge]") {
    on_this_engine([] {
        chip_line l(plain, handle_edge_irq);
        REQUIRE(request_irq(l.number(), count, 0, "twice", &dev) == 0);
        local_bh_disable();   // the tasklet that does it waits
        for (int i = 0; i < 2; ++i) {
            disable_irq_nosync(l.number());
            interrupt(l.irq);
            enable_irq(l.number());
            if (i == 0) interrupt(l.irq);   // comes by itself
        }
        CHECK(calls == 1);
        local_bh_enable();
        wait_until<engine>([] { return calls >= 2; });
        local_bh_disable();   // and is done
        local_bh_enable();
        CHECK(calls == 2);
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("irq_set_handler, irq_set_chained_handler: the flow is the line's from then on, and a chained line is on",
          "[irq][chip]") {
    on_this_engine([] {
        chip_line l(plain, handle_edge_irq);
        REQUIRE(request_irq(l.number(), count, 0, "flow", &dev) == 0);
        irq_set_handler(l.number(), handle_fasteoi_irq);
        told();
        interrupt(l.irq);
        CHECK(told() == "!e");
        free_irq(l.number(), &dev);
        irq_set_handler(l.number(), nullptr);
        interrupt(l.irq);
        CHECK(reports::take("handle_bad_irq: unexpected IRQ trap"));
        told();
        irq_set_chained_handler(l.number(), [](struct irq_desc*) { said += 'c'; });
        CHECK(told() == "u");
        interrupt(l.irq);
        CHECK(told() == "c");
        CHECK(request_irq(l.number(), count, 0, "no", &dev) == -EINVAL);
        irq_set_chained_handler(l.number(), nullptr);
        CHECK(told() == "ma");
        CHECK(irqd_irq_disabled(irq_get_irq_data(l.number())));
    });
}

TEST_CASE("IRQF_ONESHOT: a line stays masked while its thread is asked for again, or may be", "[irq][chip][thread]") {
    on_this_engine([] {
        static gate<engine>*run_held[3], *top_held;
        static std::atomic<int> runs;
        gate<engine> first, second, third, top;
        run_held[0] = &first, run_held[1] = &second, run_held[2] = &third, top_held = &top;
        runs = 0;
        chip_line l(plain, handle_level_irq);
        REQUIRE(request_threaded_irq(
                    l.number(),
                    [](int, void*) {
                        if (calls++ == 1) top_held->pass_spinning();
                        return IRQ_WAKE_THREAD;
                    },
                    [](int, void*) { return run_held[runs++]->pass(), IRQ_HANDLED; }, IRQF_ONESHOT, "oneshot",
                    &dev) == 0);
        CHECK(told() == "u");
        interrupt(l.irq);
        first.wait_until_held();
        CHECK(told() == "ma");
        irq_wake_thread(l.number(), &dev);
        first.open();
        second.wait_until_held();   // asked for while it ran: not over yet
        CHECK(told().empty());
        auto another_cpu = call<engine>([&] { generic_handle_irq(l.number()); }, 1);
        top.wait_until_held();
        CHECK(told() == "a");
        second.open();   // and its handler may be about to say so
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        top.open();
        third.wait_until_held();
        another_cpu.join();
        CHECK(told().empty());
        third.open();
        synchronize_irq(l.number());
        CHECK(told() == "u");
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("handle_percpu_irq: wakes threads, too", "[irq][chip][thread]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        runs = 0;
        chip_line l(plain, handle_percpu_irq);
        REQUIRE(request_threaded_irq(
                    l.number(), [](int, void*) { return IRQ_WAKE_THREAD; },
                    [](int, void*) { return ++runs, IRQ_HANDLED; }, 0, "percpu", &dev) == 0);
        told();
        for (int i = 1; i <= 3; ++i) {
            interrupt(l.irq);
            wait_until<engine>([&] { return runs == i; });
            CHECK(told() == "ae");
        }
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("irq_set_handler_locked: while the line is raised: each interrupt goes through one flow or the other",
          "[irq][chip][stress]") {
    on_this_engine([] {
        static std::atomic<int> taken;
        taken = 0;
        irq_chip chip = {.name = "either",
                         .irq_ack = [](struct irq_data*) {},
                         .irq_mask = [](struct irq_data*) {},
                         .irq_unmask = [](struct irq_data*) {},
                         .irq_set_type =
                             [](struct irq_data* d, unsigned int type) {
                                 irq_set_handler_locked(
                                     d, (type & IRQ_TYPE_LEVEL_MASK) != 0 ? handle_level_irq : handle_edge_irq);
                                 return 0;
                             }};
        chip_line line(chip, handle_edge_irq);
        REQUIRE(request_irq(
                    line.number(), [](int, void*) { return ++taken, IRQ_HANDLED; }, 0, "either", &dev) == 0);
        auto device = call<engine>([&] {
            for (int i = 0; i < support::rounds; ++i) interrupt(line.irq);
        });
        for (int i = 0; i < support::rounds / 4; ++i) {
            CHECK(irq_set_irq_type(line.number(), i % 2 != 0 ? IRQ_TYPE_LEVEL_HIGH : IRQ_TYPE_EDGE_RISING) == 0);
            irq_set_status_flags(line.number(), IRQ_NOAUTOEN);
        }
        device.join();
        CHECK(taken == support::rounds);
        free_irq(line.number(), &dev);
    });
}

TEST_CASE("handle_level_irq: a line that is off is acknowledged each time", "[irq][chip]") {
    on_this_engine([] {
        irq_chip chip = {.name = "acks",
                         .irq_mask = [](struct irq_data*) { said += 'm'; },
                         .irq_mask_ack = [](struct irq_data*) { said += 'k'; },
                         .irq_unmask = [](struct irq_data*) { said += 'u'; }};
        chip_line l(chip, handle_level_irq);
        REQUIRE(request_irq(l.number(), count, 0, "acks", &dev) == 0);
        disable_irq(l.number());
        told();
        for (int i = 0; i < 3; ++i) interrupt(l.irq);
        CHECK(told() == "kkk");
        free_irq(l.number(), &dev);
    });
}
