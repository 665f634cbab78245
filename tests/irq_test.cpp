// SPDX-License-Identifier: MIT
#include <bottomhalf/irq.hpp>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

namespace {

constexpr unsigned line = 5;

/// A device: its handler does as it is told, and says what it saw.
struct device {
    std::atomic<int> calls{0};
    std::atomic<int> cpu{-1};
    std::atomic<bool> in_hardirq{false};
    std::atomic<bool> mine{true};   // whether the interrupt was ours
    void (*also)(device&) = nullptr;
    void* data = nullptr;
};

template <class Arch>
irqreturn top_half(int irq, void* dev_id, void*) {
    auto& d = *static_cast<device*>(dev_id);
    d.cpu = Arch::current().cpu;
    d.in_hardirq = context<Arch>::in_hardirq() && irq == static_cast<int>(line);
    if (d.also != nullptr) d.also(d);
    const bool mine = d.mine;
    ++d.calls;
    return mine ? irqreturn::handled : irqreturn::none;
}

/// A machine whose CPUs are there to take interrupts.
template <class Arch>
struct booted {
    scoped_machine<Arch> m{{.cpus = 2}};
    basic_workqueue_struct<Arch>* events = m.events(location::current());

    int request(device& d, unsigned long flags = 0, unsigned irq = line) {
        return m.irqs().request(irq, {.handler = &top_half<Arch>, .dev_id = &d, .name = "test", .flags = flags},
                                location::current());
    }
    void free(device& d) { m.irqs().free(line, &d, location::current()); }
    bool raise() { return m.irqs().raise(line); }
    bool queue_on(unsigned cpu, work_item& w) {
        return workqueue_ops<Arch>::queue_work_on(cpu, events, w, location::current());
    }
};

}   // namespace

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
        CHECK(b.request(c, irq_flag::shared) == -EBUSY);   // both must agree
        b.free(a);
        CHECK(b.request(s, irq_flag::shared) == 0);
        CHECK(b.request(t, irq_flag::shared) == 0);
        CHECK(b.request(c) == -EBUSY);
        b.free(t);
        b.free(s);
        CHECK(b.request(c) == 0);
        b.free(c);
        b.free(c);
        CHECK(reports::take("free_irq: Trying to free free IRQ5"));
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
        CHECK(reports::take("enable_irq: Unbalanced enable for IRQ 5"));
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
        for (const unsigned long asked_for_off : {0UL, irq_flag::fast}) {
            masked = -1;
            REQUIRE(b.request(enables, irq_flag::shared | asked_for_off) == 0);
            REQUIRE(b.request(next, irq_flag::shared) == 0);
            const int before = next.calls;
            for (int i = 1; i <= 2; ++i) {
                b.raise();
                wait_until<TestType>([&] { return next.calls == before + i; });
                CHECK(masked == 1);
            }
            b.free(enables);
            b.free(next);
            CHECK(reports::take_all("__handle_irq_event_percpu: irq 5 handler ") == (asked_for_off != 0 ? 1 : 0));
        }
    });
}

TEMPLATE_TEST_CASE("a top half that enables interrupts may be interrupted, by its own line, too", "[irq][mask]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        booted<TestType> b;
        device d;
        d.also = [](device&) { TestType::irq_restore(false); };
        REQUIRE(b.request(d) == 0);
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

// ---- real signals and files -----------------------------------------------------------------------------------------

TEST_CASE("raise: from a foreign signal handler", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        static irq_controller<arch::threads>* irqs;
        irqs = &b.m.irqs();
        struct sigaction sa = {}, old;
        sa.sa_handler = [](int) { irqs->raise(line); };
        REQUIRE(::sigaction(SIGUSR1, &sa, &old) == 0);
        for (int i = 1; i <= 10; ++i) {
            ::raise(SIGUSR1);
            wait_until<arch::threads>([&] { return d.calls == i; });
        }
        ::sigaction(SIGUSR1, &old, nullptr);
        b.free(d);
    });
}

namespace {
/// Nobody may queue a signal meanwhile: as when others have filled this user's quota.
class full_quota {
public:
    full_quota() noexcept {
        ::getrlimit(RLIMIT_SIGPENDING, &old_);
        const rlimit none{0, old_.rlim_max};
        ::setrlimit(RLIMIT_SIGPENDING, &none);
    }
    ~full_quota() { ::setrlimit(RLIMIT_SIGPENDING, &old_); }
    full_quota(const full_quota&) = delete;
    full_quota& operator=(const full_quota&) = delete;

private:
    rlimit old_{};
};
}   // namespace

TEST_CASE("raise: on its own CPU needs no signal, in a top half and outside", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        d.data = &b;
        d.also = [](device& self) {
            if (self.calls != 0) return;
            const full_quota full;
            static_cast<booted<arch::threads>*>(self.data)->raise();
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        wait_until<arch::threads>([&] { return d.calls == 2; });
        std::atomic<int> at_once{0};
        auto item = make_work<arch::threads>([&] {
            const full_quota full;
            b.raise();
            at_once = d.calls.load();
        });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(at_once == 3);
        b.free(d);
    });
}

TEST_CASE("raise: at another CPU gets through when no more signals can be queued", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        const full_quota full;
        for (int i = 1; i <= 10; ++i) {
            b.raise();
            wait_until<arch::threads>([&] { return d.calls == i; });
        }
        b.free(d);
    });
}

TEST_CASE("watch_fd: each signal of a pipe raises its line", "[irq][fd]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        static int fds[2];
        REQUIRE(::pipe(fds) == 0);
        static std::atomic<int> bytes;
        bytes = 0;
        device d;
        d.also = [](device&) {
            char c;
            if (::read(fds[0], &c, 1) == 1) ++bytes;
        };
        REQUIRE(b.request(d) == 0);
        REQUIRE(b.m.irqs().watch_fd(line, fds[0]) == 0);
        for (int i = 1; i <= 20; ++i) {
            REQUIRE(::write(fds[1], "x", 1) == 1);
            wait_until<arch::threads>([&] { return d.calls >= i && bytes == i; });
        }
        arch::threads::unwatch_fd(fds[0]);
        b.free(d);
        ::close(fds[0]);
        ::close(fds[1]);
    });
}

TEST_CASE("watch_fd: ends with its machine", "[irq][fd][machine]") {
    on_engine<arch::threads>([] {
        int fds[2];
        REQUIRE(::pipe(fds) == 0);
        for (int i = 0; i < 65; ++i) {   // more than there is room for
            booted<arch::threads> b;
            REQUIRE(b.m.irqs().watch_fd(line, fds[0]) == 0);
        }
        // A bare SIGIO says: look at every fd.  None of those must be looked at.
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::atomic<bool> asked{false};
        auto item = make_work<arch::threads>([&] { ::pthread_kill(::pthread_self(), SIGIO), asked = true; });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(asked);
        CHECK(d.calls == 0);
        b.free(d);
        ::close(fds[0]);
        ::close(fds[1]);
    });
}

TEST_CASE("watch_fd: signals of an fd come while its place is given to another", "[irq][fd][tsan]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        int a[2], c[2];
        REQUIRE(::pipe(a) == 0);
        REQUIRE(::pipe(c) == 0);
        std::atomic<bool> over{false};
        auto writer = support::call<arch::threads>([&] {
            for (unsigned round = 0; !over; ++round)
                static_cast<void>(::write(a[1], "x", 1)), arch::threads::relax(round % 64);
        });
        int refused = 0;
        for (unsigned i = 0; i < 2000; ++i) {
            const int fd = i % 2 == 0 ? a[0] : c[0];
            if (b.m.irqs().watch_fd(i % nr_irqs, fd) != 0) ++refused;
            char some[64];
            if (fd == a[0] && ::read(fd, some, sizeof some) < 0) ++refused;
            arch::threads::unwatch_fd(fd);
        }
        over = true;
        writer.join();
        CHECK(refused == 0);
        for (const int fd : {a[0], a[1], c[0], c[1]}) ::close(fd);
    });
}

TEST_CASE("watch_fd: files that never signal are refused", "[irq][fd]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        const int fd = ::eventfd(0, 0);
        REQUIRE(fd >= 0);
        CHECK(b.m.irqs().watch_fd(line, fd) == -EOPNOTSUPP);
        ::close(fd);
        CHECK(b.m.irqs().watch_fd(line, fd) == -EBADF);
        CHECK(b.m.irqs().watch_fd(nr_irqs, 0) == -EINVAL);
    });
}
