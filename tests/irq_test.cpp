// SPDX-License-Identifier: MIT
#include "support/irq_device.hpp"

#include <atomic>
#include <cerrno>
#include <string>

#include "support/gate.hpp"

using namespace support::irq_device;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

TEMPLATE_TEST_CASE("request_irq: refuses what the kernel refuses", "[irq][request_irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device a, c, s, t;
        CHECK(b.request(a, 0, nr_irqs) == -EINVAL);
        CHECK(b.m.irqs().request(line, {.dev_id = &a}, location::current()) == -EINVAL);   // no handler
        CHECK(b.m.irqs().request(line, {.handler = &top_half<TestType>, .flags = irq_flag::shared},
                                 location::current()) == -EINVAL);   // shared, and nothing to tell them apart by
        CHECK(b.request(a) == 0);
        CHECK(b.request(c) == -EBUSY);
        CHECK(reports::take("request_irq: genirq: Flags mismatch irq 5. 00000000 (test) vs. 00000000 (test)"));
        CHECK(b.request(c, irq_flag::shared) == -EBUSY);   // both must agree
        CHECK(reports::take("Flags mismatch irq 5. 00000080 (test) vs. 00000000 (test)"));
        CHECK(b.request(c, irq_flag::shared | irq_flag::legacy) == -EBUSY);   // of old, without a word
        b.free(a);
        CHECK(b.request(s, irq_flag::shared) == 0);
        CHECK(b.request(t, irq_flag::shared) == 0);
        CHECK(b.request(c) == -EBUSY);
        CHECK(reports::take("Flags mismatch"));
        b.free(t);
        b.free(s);
        CHECK(b.request(c) == 0);
        b.free(c);
        b.free(c);
        CHECK(reports::take("free_irq: Trying to free already-free IRQ 5"));
        {
            detail::in_context<TestType> atomic(preempt_offset);
            CHECK(b.request(c) == -EINVAL);
            CHECK(reports::take("request_irq: sleeping function called from invalid context"));
        }
    });
}

TEMPLATE_TEST_CASE("raise: calls the handler once for each edge, in hardirq context, on CPU 0", "[irq][raise]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        REQUIRE(b.request(d) == 0);
        for (int i = 1; i <= 5; ++i) {
            CHECK(b.raise());
            wait_until<TestType>([&] { return d.calls == i; });
            CHECK(d.in_hardirq);
            CHECK(d.cpu == 0);
        }
        CHECK_FALSE(b.m.irqs().raise(nr_irqs));
        b.m.irqs().synchronize(line);
        CHECK(b.m.irqs().count(line) == 5);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("raise: the top half interrupts a handler that keeps its CPU busy, on that very thread",
                   "[irq][raise]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        gate<TestType> busy;
        std::atomic<std::int32_t> bottom{0};
        static std::atomic<std::int32_t> top;
        top = 0;
        d.also = [](device&) { top = TestType::thread_id(); };
        auto item = make_work<TestType>([&] { bottom = TestType::thread_id(), busy.pass_spinning(); });
        REQUIRE(b.request(d) == 0);
        REQUIRE(b.queue_on(0, item));
        busy.wait_until_held();
        CHECK(b.raise());
        wait_until<TestType>([&] { return d.calls == 1; });
        CHECK(busy.is_held());
        CHECK(top == bottom);
        busy.open();
        flush_work(item);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("raise: from a handler of another CPU, and of the same one", "[irq][raise]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::atomic<int> seen_at_once{-1};
        auto item = make_work<TestType>([&] { b.raise(), seen_at_once = d.calls.load(); });
        REQUIRE(b.queue_on(1, item));
        flush_work(item);
        wait_until<TestType>([&] { return d.calls == 1; });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        wait_until<TestType>([&] { return d.calls == 2; });
        CHECK(seen_at_once == 2);   // raised where it is taken: before the next statement
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("raise: a masked CPU takes the interrupt when it lifts the mask, once", "[irq][mask]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::atomic<int> masked{-1}, lifted{-1};
        auto item = make_work<TestType>([&] {
            const bool was = TestType::irq_save();
            b.raise();
            b.raise();
            masked = d.calls.load();
            TestType::irq_restore(was);
            lifted = d.calls.load();
        });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(masked == 0);
        CHECK(lifted == 1);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a top half does not change errno under the code that it interrupts", "[irq][mask]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.also = [](device&) { errno = ERANGE; };
        REQUIRE(b.request(d) == 0);
        std::atomic<int> after_raise{0}, after_mask{0};
        auto item = make_work<TestType>([&] {
            errno = EDOM;
            b.raise();
            after_raise = errno;
            const bool was = TestType::irq_save();
            b.raise();
            TestType::irq_restore(was);
            after_mask = errno;
        });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(d.calls == 2);
        CHECK(after_raise == EDOM);
        CHECK(after_mask == EDOM);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a top half queues its bottom half", "[irq][queue_work]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        struct both {
            booted<TestType>* b;
            work_item* bottom;
        };
        std::atomic<int> runs{0}, wrong{0};
        auto bottom = make_work<TestType>([&] {
            if (context<TestType>::in_interrupt()) ++wrong;
            ++runs;
        });
        both data{&b, &bottom};
        device d;
        d.data = &data;
        d.also = [](device& self) {
            auto& x = *static_cast<both*>(self.data);
            workqueue_ops<TestType>::queue_work(x.b->events, *x.bottom, location::current());
        };
        REQUIRE(b.request(d) == 0);
        for (int i = 1; i <= 10; ++i) {
            b.raise();
            wait_until<TestType>([&] { return runs == i; });
        }
        CHECK(wrong == 0);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a top half queues an item for another CPU, which begins meanwhile", "[irq][queue_work]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        struct top_half {
            booted<TestType>* b;
            std::atomic<bool> ran{false};
            work_item* item = nullptr;
        } top{&b};
        auto item = make_work<TestType>([&] { top.ran = true; });
        REQUIRE(b.queue_on(1, item));   // its worker is there, and asleep again or about to
        flush_work(item);
        top.ran = false;
        top.item = &item;
        device d;
        d.data = &top;
        d.also = [](device& me) {
            auto& t = *static_cast<top_half*>(me.data);
            for (int round = 0; round < 100; ++round) TestType::relax(0);
            t.b->queue_on(1, *t.item);
            for (unsigned round = 0; !t.ran && round < 2000; ++round) TestType::relax(round);
            me.mine = t.ran.load();
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        wait_until<TestType>([&] { return d.calls == 1; });
        CHECK(d.mine);
        b.free(d);
        flush_work(item);
    });
}

TEMPLATE_TEST_CASE("a line that is raised while it runs, runs once more and not beside itself", "[irq][raise]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.data = &b;
        d.also = [](device& self) {
            if (self.calls != 0) return;
            auto& m = *static_cast<booted<TestType>*>(self.data);
            m.raise();
            m.raise();
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        wait_until<TestType>([&] { return d.calls == 2; });
        auto item = make_work<TestType>([] {});
        b.queue_on(0, item);
        flush_work(item);
        CHECK(d.calls == 2);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a shared line calls all of its handlers, in the order of their requests", "[irq][request_irq]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        static std::string order;
        order.clear();
        device x, y, z;
        x.also = [](device&) { order += 'x'; };
        y.also = [](device&) { order += 'y'; };
        z.also = [](device&) { order += 'z'; };
        x.mine = false;
        for (device* d : {&x, &y, &z}) REQUIRE(b.request(*d, irq_flag::shared) == 0);
        b.raise();
        wait_until<TestType>([&] { return z.calls == 1; });
        b.m.irqs().synchronize(line);
        CHECK(order == "xyz");
        b.free(y);
        b.raise();
        wait_until<TestType>([&] { return z.calls == 2; });
        b.m.irqs().synchronize(line);
        CHECK(order == "xyzxz");
        CHECK(y.calls == 1);
        b.free(x);
        b.free(z);
    });
}

TEMPLATE_TEST_CASE("free_irq: waits for a handler that runs", "[irq][free_irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        struct held {
            gate<TestType> inside;
            std::atomic<bool> over{false};
        } held;
        device d;
        d.data = &held;
        d.also = [](device& self) {
            auto& h = *static_cast<struct held*>(self.data);
            h.inside.pass_spinning();
            h.over = true;
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        held.inside.wait_until_held();
        std::atomic<bool> early{false};
        auto other = support::call<TestType>([&] { b.free(d), early = !held.over; });
        held.inside.open();
        other.join();
        CHECK_FALSE(early);
    });
}

TEMPLATE_TEST_CASE("free_irq: ends a handler that is called again and again", "[irq][free_irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.data = &b;
        d.also = [](device& me) {   // with interrupts on: it finds itself in progress, and comes again
            static_cast<booted<TestType>*>(me.data)->raise();
            TestType::relax(0);
        };
        REQUIRE(b.request(d, irq_flag::legacy) == 0);
        auto other = support::call<TestType>([&] {
            b.raise();
            wait_until<TestType>([&] { return d.calls > 10; });
            b.free(d);
        });
        other.join();
        const int calls = d.calls;
        b.m.irqs().synchronize(line);
        CHECK(d.calls == calls);
    });
}

TEMPLATE_TEST_CASE("request_irq: may join a shared line whose handler is running", "[irq][request_irq]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        gate<TestType> inside;
        device a, c;
        a.data = &inside;
        a.also = [](device& self) {
            if (self.calls == 0) static_cast<gate<TestType>*>(self.data)->pass_spinning();
        };
        REQUIRE(b.request(a, irq_flag::shared) == 0);
        b.raise();
        inside.wait_until_held();
        std::atomic<int> r{1};
        auto other = support::call<TestType>([&] { r = b.request(c, irq_flag::shared); });
        inside.open();
        other.join();
        CHECK(r == 0);
        b.raise();
        wait_until<TestType>([&] { return a.calls == 2 && c.calls >= 1; });
        b.free(a);
        b.free(c);
    });
}

TEMPLATE_TEST_CASE("disable_irq: nests; edges that came meanwhile are replayed once by the last enable_irq()",
                   "[irq][disable_irq]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        REQUIRE(b.request(d) == 0);
        auto& irqs = b.m.irqs();
        auto settle = [&] {   // whatever CPU 0 was told before, it has heard
            auto item = make_work<TestType>([] {});
            b.queue_on(0, item);
            flush_work(item);
        };
        irqs.disable(line, true);
        irqs.disable(line, true);
        for (int i = 0; i < 3; ++i) b.raise();
        settle();
        CHECK(d.calls == 0);
        irqs.enable(line, location::current());
        settle();
        CHECK(d.calls == 0);
        irqs.enable(line, location::current());
        wait_until<TestType>([&] { return d.calls == 1; });
        settle();
        CHECK(d.calls == 1);
        irqs.enable(line, location::current());
        CHECK(reports::take("__enable_irq: Unbalanced enable for IRQ 5"));
        b.raise();
        wait_until<TestType>([&] { return d.calls == 2; });
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a line nobody has requested keeps one edge for who comes", "[irq][request_irq]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        auto item = make_work<TestType>([] {});
        TestType::install_doorbell();
        b.raise();
        b.raise();
        b.queue_on(0, item);
        flush_work(item);
        REQUIRE(b.request(d) == 0);
        wait_until<TestType>([&] { return d.calls == 1; });
        b.queue_on(0, item);
        flush_work(item);
        CHECK(d.calls == 1);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a call that may sleep is reported in a top half, and does not sleep", "[irq][context][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.data = &b;
        d.also = [](device& self) {
            auto& m = *static_cast<booted<TestType>*>(self.data);
            workqueue_ops<TestType>::flush_workqueue(m.events, location::current());
            m.m.irqs().free(line, &self, location::current());
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        wait_until<TestType>([&] { return d.calls == 1; });
        CHECK(reports::take("flush_workqueue: sleeping function called from invalid context"));
        CHECK(reports::take("free_irq: sleeping function called from invalid context"));
        d.also = nullptr;
        b.m.irqs().synchronize(line);
        b.free(d);
    });
}

TEMPLATE_TEST_CASE("a top half that enables interrupts: they are off again for the next one", "[irq][mask][report]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        static std::atomic<int> masked;
        device enables, next;
        enables.also = [](device&) { TestType::irq_restore(false); };   // local_irq_enable(), spin_unlock_irq()
        next.also = [](device&) { masked = TestType::irqs_masked() ? 1 : 0; };
        struct era {
            unsigned long flags;
            int masked, reports;
        };
        // In 2.6 a handler that is not fast runs with interrupts on, and so do those behind it.
        for (const auto& [flags, expected, said] :
             {era{0, 1, 1}, era{irq_flag::legacy, 0, 0}, era{irq_flag::legacy | irq_flag::fast, 1, 0}}) {
            masked = -1;
            REQUIRE(b.request(enables, irq_flag::shared | flags) == 0);
            REQUIRE(b.request(next, irq_flag::shared) == 0);
            const int before = next.calls;
            for (int i = 1; i <= 2; ++i) {
                b.raise();
                wait_until<TestType>([&] { return next.calls == before + i; });
                CHECK(masked == expected);
            }
            b.free(enables);
            b.free(next);
            CHECK(reports::take_all("__handle_irq_event_percpu: irq 5 handler ") == said);
        }
    });
}

TEMPLATE_TEST_CASE("a top half that enables interrupts may be interrupted, by its own line, too", "[irq][mask]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.also = [](device&) { TestType::irq_restore(false); };
        REQUIRE(b.request(d, irq_flag::legacy) == 0);
        constexpr int rounds = TestType::simulated ? 200 : 20'000;
        std::atomic<int> begun{0};
        std::atomic<bool> ready{false};
        auto masks = make_work<TestType>([&] {   // so that top halves are called where it lifts the mask, as well
            wait_until<TestType>([&] { return ready.load(); });
            while (begun++ < rounds) {
                const bool was = TestType::irq_save();
                TestType::relax(0);
                TestType::irq_restore(was);
            }
        });
        auto raiser = support::call<TestType>([&] {
            ready = true;
            for (int i = 1, wait = 0; i < rounds; i = begun + 1) {
                wait_until<TestType>([&] { return begun >= i; });
                for (unsigned steps = static_cast<unsigned>(++wait) % 64; steps > 0; --steps) TestType::relax(0);
                b.raise();
                b.raise();
            }
        });
        REQUIRE(b.queue_on(0, masks));
        flush_work(masks);
        raiser.join();
        wait_until<TestType>([&] { return d.calls > 0; });
        b.free(d);
    });
}

TEMPLATE_TEST_CASE(
    "a handler of 2.6 that is not fast is interrupted by other lines, not by its own, to a bounded depth",
    "[irq][nesting]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        // Each line's handler raises the next one, and its own.  Fast ones must not see it come.
        for (const bool fast : {false, true}) {
            booted<TestType> b;
            struct shared {
                irq_controller<TestType>* irqs;
                std::atomic<int> depth{0}, deepest{0}, calls{0}, beside{0};
                std::atomic<bool> inside[nr_irqs] = {};
            } s{&b.m.irqs()};
            const irq_action a{.handler =
                                   [](int irq, void* p, void*) {
                                       auto& me = *static_cast<shared*>(p);
                                       const int depth = ++me.depth;
                                       if (depth > me.deepest) me.deepest = depth;
                                       if (me.inside[irq].exchange(true)) ++me.beside;
                                       if (me.calls++ < 500) {
                                           me.irqs->raise(static_cast<unsigned>(irq));
                                           me.irqs->raise(static_cast<unsigned>(irq + 1) % nr_irqs);
                                       }
                                       me.inside[irq] = false;
                                       --me.depth;
                                       return irqreturn::handled;
                                   },
                               .dev_id = &s,
                               .name = "nests",
                               .flags = irq_flag::legacy | (fast ? irq_flag::fast : 0)};
            for (unsigned irq = 0; irq < nr_irqs; ++irq) REQUIRE(b.m.irqs().request(irq, a, location::current()) == 0);
            b.raise();
            wait_until<TestType>([&] { return s.calls > 500; });
            for (unsigned irq = 0; irq < nr_irqs; ++irq) b.m.irqs().free(irq, &s, location::current());
            CHECK(s.beside == 0);
            if (fast)
                CHECK(s.deepest == 1);
            else
                CHECK((s.deepest > 2 && s.deepest <= 9));   // eight that let others in, and one more
        }
    });
}

TEMPLATE_TEST_CASE("a handler of 2.6 that is not fast holds up no line that came together with its own",
                   "[irq][nesting]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device first, second;
        first.data = &second;
        first.also = [](device& me) {   // waits for the other, but not for ever
            auto& other = *static_cast<device*>(me.data);
            for (unsigned round = 0; other.calls == 0 && round < 1000; ++round) TestType::relax(round);
            me.mine = other.calls == 1;
        };
        REQUIRE(b.request(first, irq_flag::legacy) == 0);
        REQUIRE(b.request(second, irq_flag::legacy, line + 1) == 0);
        auto both = make_work<TestType>([&] {
            const bool was = TestType::irq_save();
            b.m.irqs().raise(line + 1);
            b.m.irqs().raise(line);
            TestType::irq_restore(was);
        });
        REQUIRE(b.queue_on(0, both));
        flush_work(both);
        wait_until<TestType>([&] { return first.calls == 1 && second.calls == 1; });
        CHECK(first.mine);
        b.free(first);
        b.m.irqs().free(line + 1, &second, location::current());
    });
}

TEMPLATE_TEST_CASE("alloc: whoever finds a new line finds it whole", "[irq][alloc]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        auto& irqs = b.m.irqs();
        constexpr unsigned first = nr_irqs + 1, last = first + (TestType::simulated ? 20 : 400);
        unsigned found = 0;
        auto other = support::call<TestType>([&] {   // guesses its number: nothing else orders the two
            for (unsigned n = first; n < last; ++n) {
                wait_until<TestType>([&] { return irqs.find(n) != nullptr; });
                ++found;
            }
        });
        REQUIRE(other.started());
        for (unsigned n = first; n < last; ++n) REQUIRE(irqs.alloc() == static_cast<int>(n));
        other.join();
        CHECK(found == last - first);
        for (unsigned n = first; n < last; ++n) CHECK(irqs.give_back(n, location::current()));
        CHECK_FALSE(irqs.give_back(first, location::current()));
    });
}

TEMPLATE_TEST_CASE("a machine that ends says which lines still have handlers", "[irq][machine]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        device d;
        {
            booted<TestType> b;
            REQUIRE(b.request(d) == 0);
        }
        CHECK(reports::take("irq 5 still has 1 handler(s) at the machine's end"));
    });
}

TEMPLATE_TEST_CASE("a machine that boots again has forgotten the edges, and who disabled what", "[irq][machine]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        basic_machine<TestType> m;
        const auto here = location::current();
        const auto settle = [&] {   // whatever CPU 0 was told before, it has heard
            auto item = make_work<TestType>([] {});
            workqueue_ops<TestType>::queue_work_on(0, m.events(here), item, here);
            flush_work(item);
        };
        TestType::install_doorbell();
        device left, d;
        for (const bool orderly : {true, false})
            for (const bool has_handler : {false, true})
                for (const bool disabled : {false, true}) {
                    INFO("orderly " << orderly << ", a handler " << has_handler << ", disabled " << disabled);
                    REQUIRE(m.boot(here, {.cpus = 2}));
                    REQUIRE(m.events(here) != nullptr);
                    if (has_handler)
                        REQUIRE(m.irqs().request(line, {.handler = &top_half<TestType>, .dev_id = &left}, here) == 0);
                    if (disabled) m.irqs().disable(line, false);
                    m.irqs().raise(line);
                    settle();
                    m.shut_down(orderly, here);
                    reports::take("irq 5 still has 1 handler(s) at the machine's end");
                    CHECK_FALSE(m.irqs().raise(line));

                    REQUIRE(m.boot(here, {.cpus = 2}));
                    REQUIRE(m.events(here) != nullptr);
                    d.calls = 0;
                    REQUIRE(m.irqs().request(line, {.handler = &top_half<TestType>, .dev_id = &d}, here) == 0);
                    settle();
                    CHECK(d.calls == 0);
                    CHECK(m.irqs().raise(line));
                    settle();
                    CHECK(d.calls == 1);
                    m.irqs().free(line, &d, here);
                    m.shut_down(true, here);
                }
    });
}
