// SPDX-License-Identifier: MIT
//
// <linux/irq.h>: lines of a chip's driver: what its functions are told and when, chained and nested lines.
#include "sync6/chip_line.hpp"

#include <atomic>
#include <string>

#include <linux/irq.h>
#include <linux/irqchip/chained_irq.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;
using namespace support::chips;
namespace dev_side = bottomhalf::linux6;

namespace {
unsigned int type_set;
int affinity_set = -1;
}   // namespace

TEST_CASE("irq_alloc_desc: numbers of their own, which come back", "[irq][chip]") {
    on_this_engine([] {
        const int a = irq_alloc_desc(0), b = irq_alloc_desc(0), row = irq_alloc_descs(-1, 0, 3, 0);
        CHECK(a > 63);
        CHECK(b == a + 1);
        CHECK(row == b + 1);
        CHECK(irq_alloc_descs(5, 0, 1, 0) == -EINVAL);
        CHECK(irq_alloc_descs(-1, 0, 0, 0) == -EINVAL);
        CHECK(irq_alloc_descs(-1, 0, 5000, 0) == -ENOMEM);
        CHECK(request_irq(static_cast<unsigned>(a), count, 0, "early", &dev) == -EINVAL);   // IRQ_NOREQUEST
        irq_clear_status_flags(static_cast<unsigned>(a), IRQ_NOREQUEST);
        CHECK(request_irq(static_cast<unsigned>(a), count, 0, "early", &dev) == -ENOSYS);   // no chip
        irq_free_desc(static_cast<unsigned>(a));
        CHECK(request_irq(static_cast<unsigned>(a), count, 0, "late", &dev) == -EINVAL);
        CHECK(irq_get_irq_data(static_cast<unsigned>(a)) == nullptr);
        CHECK(irq_alloc_desc(0) == a);
        irq_free_descs(static_cast<unsigned>(a), 5);
        CHECK(generic_handle_irq(5000) == -EINVAL);
    });
}

TEST_CASE("irq_set_irq_type, irq_set_affinity, irq_set_irq_wake: the chip is asked, and may refuse", "[irq][chip]") {
    on_this_engine([] {
        static irq_chip choosy;
        choosy = plain;
        choosy.irq_set_type = [](struct irq_data* d, unsigned int type) {
            type_set = type;
            if (type == IRQ_TYPE_LEVEL_LOW) return -EINVAL;
            irq_set_handler_locked(d, (type & IRQ_TYPE_LEVEL_MASK) != 0 ? handle_level_irq : handle_edge_irq);
            return 0;
        };
        choosy.irq_set_affinity = [](struct irq_data*, const struct cpumask* cpus, bool) {
            return affinity_set = static_cast<int>(cpumask_first(cpus)), 0;
        };
        chip_line l(choosy, handle_edge_irq);
        CHECK(irq_set_irq_type(l.number(), IRQ_TYPE_LEVEL_HIGH) == 0);
        CHECK(irq_get_trigger_type(l.number()) == IRQ_TYPE_LEVEL_HIGH);
        CHECK(irqd_is_level_type(irq_get_irq_data(l.number())));
        CHECK(irq_set_irq_type(l.number(), IRQ_TYPE_LEVEL_LOW) == -EINVAL);
        CHECK(reports::take("genirq: Setting trigger mode 8 for irq"));
        CHECK(irq_get_trigger_type(l.number()) == IRQ_TYPE_LEVEL_HIGH);
        CHECK(request_irq(l.number(), count, IRQF_TRIGGER_LOW, "no", &dev) == -EINVAL);
        CHECK(reports::take("genirq: Setting trigger mode 8 for irq"));
        CHECK(request_irq(l.number(), count, IRQF_TRIGGER_RISING, "yes", &dev) == 0);
        CHECK(type_set == IRQ_TYPE_EDGE_RISING);
        CHECK(irq_set_affinity(l.number(), cpumask_of(2)) == 0);
        CHECK(affinity_set == 2);
        CHECK(enable_irq_wake(l.number()) == -ENXIO);
        free_irq(l.number(), &dev);
        chip_line p(plain, handle_edge_irq);
        CHECK(irq_set_affinity(p.number(), cpumask_of(2)) == -EINVAL);
        CHECK(irq_set_affinity_and_hint(p.number(), cpumask_of(2)) == 0);   // of the hint alone
        irq_set_status_flags(p.number(), IRQ_MOVE_PCNTXT);
    });
}

TEST_CASE("chained_irq_enter, _exit: what the chip of the line is told", "[irq][chip]") {
    on_this_engine([] {
        const auto around = [](const irq_chip& of) {
            irq_chip chip = of;
            struct irq_desc* const desc = irq_to_desc(11);
            REQUIRE(desc != nullptr);
            told();
            chained_irq_enter(&chip, desc);
            said += '|';
            chained_irq_exit(&chip, desc);
            return told();
        };
        CHECK(around(plain) == "|e");   // it waits for that
        irq_chip chip = plain;
        chip.irq_eoi = nullptr;
        CHECK(around(chip) == "ma|u");
        chip.irq_ack = nullptr;
        CHECK(around(chip) == "m|u");
        chip.irq_mask_ack = [](struct irq_data*) { said += 'x'; };
        CHECK(around(chip) == "x|u");
        irq_chip nothing = {};
        nothing.name = "nothing";
        CHECK(around(nothing) == "|");
    });
}

TEST_CASE("irq_set_chained_handler: one line hands out many", "[irq][chip]") {
    on_this_engine([] {
        static irq_chip pins;   // behind line 11, a status word says which
        pins = plain;
        struct gpio {
            std::atomic<unsigned> status{0};
            int first = 0;
        };
        static gpio* g;
        gpio mine;
        g = &mine;
        mine.first = irq_alloc_descs(-1, 0, 4, 0);
        for (int i = 0; i < 4; ++i) {
            irq_set_chip_and_handler(static_cast<unsigned>(mine.first + i), &pins, handle_simple_irq);
            irq_set_chip_data(static_cast<unsigned>(mine.first + i), &mine);
            irq_clear_status_flags(static_cast<unsigned>(mine.first + i), IRQ_NOREQUEST);
        }
        irq_set_chained_handler_and_data(
            11,
            [](struct irq_desc* desc) {
                auto* me = static_cast<gpio*>(irq_desc_get_handler_data(desc));
                struct irq_chip* chip = irq_desc_get_chip(desc);
                chained_irq_enter(chip, desc);
                for (unsigned pending = me->status.exchange(0); pending != 0; pending &= pending - 1)
                    generic_handle_irq(static_cast<unsigned>(me->first + __builtin_ctz(pending)));
                chained_irq_exit(chip, desc);
            },
            &mine);
        static std::atomic<int> hits[4];
        for (auto& h : hits) h = 0;
        for (int i = 0; i < 4; ++i)
            REQUIRE(request_irq(
                        static_cast<unsigned>(mine.first + i),
                        [](int irq, void*) { return ++hits[irq - g->first], IRQ_HANDLED; }, 0, "pin", &dev) == 0);
        CHECK(request_irq(11, count, 0, "no", &dev) == -EINVAL);
        CHECK(irq_get_chip_data(static_cast<unsigned>(mine.first)) == &mine);
        mine.status = 0b1010;
        dev_side::raise_irq(11);
        wait_until<engine>([] { return hits[1] == 1 && hits[3] == 1; });
        CHECK(hits[0] == 0);
        CHECK(hits[2] == 0);
        // And a line that has no bit of its own may be raised all the same.
        for (int i = 1; i <= 3; ++i) {
            CHECK(dev_side::raise_irq(static_cast<unsigned>(mine.first)));
            wait_until<engine>([&] { return hits[0] == i; });
        }
        irq_set_chained_handler_and_data(11, nullptr, nullptr);
        for (int i = 0; i < 4; ++i) free_irq(static_cast<unsigned>(mine.first + i), &dev);
        irq_free_descs(static_cast<unsigned>(mine.first), 4);
    });
}

TEST_CASE("handle_nested_irq: lines behind a slow bus have their handlers called in one thread",
          "[irq][chip][thread]") {
    on_this_engine([] {
        static struct mutex bus;
        static std::atomic<int> transfers, parent, line_calls, sleeps;
        mutex_init(&bus);
        transfers = line_calls = sleeps = 0;
        static irq_chip slow;
        slow = {.name = "i2c",
                .irq_mask = [](struct irq_data*) {},
                .irq_unmask = [](struct irq_data*) {},
                .irq_bus_lock = [](struct irq_data*) { mutex_lock(&bus); },
                .irq_bus_sync_unlock = [](struct irq_data*) { ++transfers, mutex_unlock(&bus); }};
        chip_line l(slow, handle_simple_irq);
        parent = l.irq;
        irq_set_nested_thread(l.number(), true);
        CHECK(request_irq(l.number(), count, 0, "no thread", &dev) == -EINVAL);
        CHECK(request_any_context_irq(
                  l.number(),
                  [](int, void*) {
                      sleeps = !in_atomic();
                      return ++line_calls, IRQ_HANDLED;
                  },
                  0, "nested", &dev) == IRQC_IS_NESTED);
        CHECK(transfers >= 1);
        REQUIRE(request_threaded_irq(
                    12, nullptr,
                    [](int, void*) { return handle_nested_irq(static_cast<unsigned>(parent.load())), IRQ_HANDLED; },
                    IRQF_ONESHOT, "expander", &dev) == 0);
        dev_side::raise_irq(12);
        wait_until<engine>([] { return line_calls == 1; });
        CHECK(sleeps == 1);
        disable_irq(l.number());
        dev_side::raise_irq(12);
        synchronize_irq(12);
        free_irq(12, &dev);
        CHECK(line_calls == 1);
        free_irq(l.number(), &dev);
        CHECK(request_any_context_irq(13, count, 0, "hard", &dev) == IRQC_IS_HARDIRQ);
        free_irq(13, &dev);
    });
}

TEST_CASE("disable_irq, free_irq: in the line's own nested handler they would wait for themselves, and say so",
          "[irq][chip][thread][report]") {
    on_this_engine([] {
        static std::atomic<int> nested;
        static std::atomic<unsigned int> other;
        static void* not_freed;
        chip_line l(plain, handle_simple_irq), inner(plain, handle_simple_irq);
        nested = l.irq;
        other = inner.number();
        for (const unsigned int irq : {l.number(), inner.number()}) irq_set_nested_thread(irq, true);
        REQUIRE(request_threaded_irq(
                    inner.number(), nullptr,
                    [](int, void*) {
                        disable_irq(static_cast<unsigned>(nested.load()));   // it is further out
                        return IRQ_HANDLED;
                    },
                    IRQF_ONESHOT, "inner", &dev) == 0);
        REQUIRE(request_threaded_irq(
                    l.number(), nullptr,
                    [](int irq, void* d) {
                        disable_irq(static_cast<unsigned>(irq));
                        synchronize_irq(static_cast<unsigned>(irq));
                        not_freed = const_cast<void*>(free_irq(static_cast<unsigned>(irq), d));
                        handle_nested_irq(other);
                        synchronize_irq(other);   // has returned
                        ++calls;
                        return IRQ_HANDLED;
                    },
                    IRQF_ONESHOT, "nested", &dev) == 0);
        REQUIRE(request_threaded_irq(
                    12, nullptr,
                    [](int, void*) { return handle_nested_irq(static_cast<unsigned>(nested.load())), IRQ_HANDLED; },
                    IRQF_ONESHOT, "expander", &dev) == 0);
        dev_side::raise_irq(12);
        wait_until<engine>([] { return calls == 1; });
        synchronize_irq(12);
        for (int i = 0; i < 3; ++i) CHECK(reports::take("would wait for itself; not waiting"));
        CHECK(reports::take("that it would end; not freed"));
        CHECK(not_freed == nullptr);
        free_irq(12, &dev);
        free_irq(inner.number(), &dev);
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("disable_irq: in the line's own handler, where that is played again or handed over outside of an interrupt",
          "[irq][chip][edge][report]") {
    on_this_engine([] {
        chip_line l(plain, handle_edge_irq);
        REQUIRE(request_irq(
                    l.number(),
                    [](int irq, void*) {
                        if (!in_hardirq()) disable_irq(static_cast<unsigned>(irq));
                        return ++calls, IRQ_HANDLED;
                    },
                    0, "edge", &dev) == 0);
        disable_irq_nosync(l.number());
        interrupt(l.irq);
        enable_irq(l.number());   // now it is played again
        wait_until<engine>([] { return calls == 1; });
        synchronize_irq(l.number());
        CHECK(reports::take("would wait for itself; not waiting"));
        enable_irq(l.number());
        interrupt(l.irq);
        CHECK(calls == 2);
        CHECK(reports::take("would wait for itself; not waiting"));
        CHECK(reports::take_all("disable_irq: sleeping function called from invalid context") == 2);
        free_irq(l.number(), &dev);
    });
}

TEST_CASE("enable_irq_wake: the chip is asked for the first, and for the last to go", "[irq][chip]") {
    on_this_engine([] {
        static int wake_error;
        static irq_chip waker;
        wake_error = 0;
        waker = plain;
        waker.irq_set_wake = [](struct irq_data*, unsigned int on) { return said += on != 0 ? 'W' : 'w', wake_error; };
        chip_line l(waker, handle_edge_irq);
        CHECK(enable_irq_wake(l.number()) == 0);
        CHECK(told() == "W");
        CHECK(enable_irq_wake(l.number()) == 0);
        CHECK(disable_irq_wake(l.number()) == 0);
        CHECK(told().empty());
        wake_error = -EIO;   // then it stays as it was
        CHECK(disable_irq_wake(l.number()) == -EIO);
        CHECK(irqd_is_wakeup_set(irq_get_irq_data(l.number())));
        wake_error = 0;
        CHECK(disable_irq_wake(l.number()) == 0);
        CHECK(told() == "ww");
        waker.flags = IRQCHIP_SKIP_SET_WAKE;
        CHECK(enable_irq_wake(l.number()) == 0);
        CHECK(disable_irq_wake(l.number()) == 0);
        CHECK(told().empty());
    });
}

TEST_CASE("raise_irq: lines without a bit of their own come in the order in which they were raised", "[irq][chip]") {
    on_this_engine([] {
        static unsigned first, last;
        const auto says = [](int irq, void*) {
            const auto number = static_cast<unsigned>(irq);
            said += static_cast<char>('0' + (number - first));
            if (calls++ == 0) dev_side::raise_irq(number);   // once more, after the others
            return IRQ_HANDLED;
        };
        chip_line a(plain, handle_simple_irq), b(plain, handle_simple_irq), c(plain, handle_simple_irq);
        first = a.number();
        last = c.number();
        for (unsigned n = first; n <= last; ++n) REQUIRE(request_irq(n, says, 0, "in order", &dev) == 0);
        told();
        static struct work_struct w;
        INIT_WORK(&w, [](struct work_struct*) {
            local_irq_disable();
            for (unsigned n = first; n <= last; ++n) dev_side::raise_irq(n);
            local_irq_enable();
        });
        schedule_work_on(0, &w);
        flush_work(&w);
        wait_until<engine>([] { return calls == 4; });
        for (unsigned n = first; n <= last; ++n) synchronize_irq(n);
        CHECK(told() == "0120");
        for (unsigned n = first; n <= last; ++n) free_irq(n, &dev);
    });
}

TEST_CASE("free_irq: of a line that is off: what the chip has been told is in balance", "[irq][chip]") {
    on_this_engine([] {
        static int clock;
        clock = 0;
        irq_chip gated = {
            .name = "gated",
            .irq_enable = [](struct irq_data*) { ++clock; },
            .irq_disable = [](struct irq_data*) { --clock; },
        };
        chip_line l(gated, handle_simple_irq);
        for (int i = 0; i < 3; ++i) {
            REQUIRE(request_irq(l.number(), count, 0, "gated", &dev) == 0);
            CHECK(clock == 1);
            if (i != 1) disable_irq(l.number());
            free_irq(l.number(), &dev);
            CHECK(clock == 0);
        }
    });
}

TEST_CASE("free_irq: whether a line is masked at once is said anew by whoever requests it", "[irq][chip]") {
    on_this_engine([] {
        chip_line l(plain, handle_simple_irq);
        for (const char* on_disable : {"m", ""}) {
            REQUIRE(request_irq(l.number(), count, 0, "unlazy", &dev) == 0);
            if (*on_disable != '\0') irq_set_status_flags(l.number(), IRQ_DISABLE_UNLAZY);
            told();
            disable_irq(l.number());
            CHECK(told() == on_disable);
            free_irq(l.number(), &dev);
        }
    });
}

TEST_CASE("irq_set_chained_handler: behind a chip on a slow bus, wired before it is on", "[irq][chip]") {
    on_this_engine([] {
        irq_chip slow = plain;
        slow.irq_bus_lock = [](struct irq_data*) { said += '['; };
        slow.irq_bus_sync_unlock = [](struct irq_data*) { said += ']'; };
        slow.irq_set_type = [](struct irq_data* d, unsigned int type) {
            said += 't';
            type_set = type;
            irq_set_handler_locked(d, handle_level_irq);
            return 0;
        };
        chip_line l(slow, handle_edge_irq);
        irqd_set_trigger_type(irq_get_irq_data(l.number()), IRQ_TYPE_LEVEL_LOW);
        told();
        irq_set_chained_handler(l.number(), [](struct irq_desc*) { said += 'c'; });
        CHECK(told() == "[tu]");
        CHECK(type_set == IRQ_TYPE_LEVEL_LOW);
        interrupt(l.irq);
        CHECK(told() == "c");
        irq_set_chained_handler(l.number(), nullptr);
        CHECK(told() == "[ma]");
    });
}
