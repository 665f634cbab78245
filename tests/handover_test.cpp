// SPDX-License-Identifier: MIT
//
// What is raised just as somebody lets go of a CPU's bottom halves, or of its interrupts, is not left lying: one of the
// two sees what the other did.  Nobody else is there who would come by later and find it.  The simulator tries many small
// worlds, threads many rounds.
#include <bottomhalf/bottomhalf.hpp>

#include <atomic>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::call;
using support::make_work;
using support::wait_until;

namespace {

constexpr location here() { return location::current(); }

template <class Arch>
constexpr int rounds = Arch::simulated ? 2 : 1000;

/// Under many more seeds than others: what is looked for are a few steps of two tasks.
template <class Arch, class Body>
void in_many_worlds(Body body) {
    support::reports listening;
    for (std::uint64_t seed = 0; seed < (Arch::simulated ? 300 : 1); ++seed) {
        INFO("seed " << seed);
        if constexpr (Arch::simulated)
            typename Arch::world{{.seed = seed}}.run(body);
        else
            body();
        support::check_silence();
    }
}

template <class Arch>
struct scene {
    scoped_machine<Arch> m;
    softirq_controller<Arch>& softirqs;
    static inline scene* now = nullptr;

    explicit scene(unsigned cpus = 1) : m({.cpus = cpus}), softirqs(m.softirqs()) {
        now = this;
        REQUIRE(softirqs.start_threads());
        REQUIRE(m.events(here()) != nullptr);
    }
    typename softirq_controller<Arch>::cpu& cpu(unsigned n = 0) { return *softirqs.of_cpu(n); }
    static arch::cpu_port* home() { return now->m.irqs().port(0); }
};

/// Runs as often as it is told, one run after the other.
template <class Arch>
struct again {
    tasklet_node node{};
    std::atomic<int> runs{0}, wanted{1}, cpu{-1};

    again() {
        node.use_callback = true;
        node.callback = [](tasklet_node* t) {
            auto& me = *reinterpret_cast<again*>(t);
            me.cpu = Arch::current().cpu;
            if (me.runs + 1 < me.wanted) me.schedule(static_cast<unsigned>(me.cpu));
            ++me.runs;
        };
    }
    void schedule(unsigned on = 0) {
        tasklet_ops<Arch>::schedule(scene<Arch>::now->cpu(on), node, tasklet_ops<Arch>::normal);
    }
};

/// A device whose handler schedules a tasklet, on the CPU that it interrupts.
template <class Arch>
struct device {
    static constexpr unsigned line = 62;   // the last one of the machine's own
    again<Arch> bottom;
    std::atomic<int> calls{0}, runs_inside{0};

    device() {
        REQUIRE(scene<Arch>::now->m.irqs().request(line, {.handler = &top, .dev_id = this, .name = "device"}, here()) ==
                0);
    }
    ~device() {
        scene<Arch>::now->m.irqs().free(line, this, here());
        tasklet_ops<Arch>::kill_and_wait(bottom.node, here());
    }
    device(const device&) = delete;
    device& operator=(const device&) = delete;
    static irqreturn top(int, void* dev_id, void*) {
        auto& me = *static_cast<device*>(dev_id);
        me.bottom.schedule(static_cast<unsigned>(Arch::current().cpu));
        me.runs_inside = me.bottom.runs.load();
        ++me.calls;
        return irqreturn::handled;
    }
    void raise() { scene<Arch>::now->m.irqs().raise(line); }
};

/// Beside a task that has bottom halves off and on again, round after round: raise(), until ran() says that many.
template <class Arch, class Raise, class Ran>
void beside_one_who_lets_go(scene<Arch>& s, Raise raise, Ran ran) {
    std::atomic<int> done{0};
    auto other = call<Arch>([&] {
        for (int i = 1; i <= rounds<Arch>; ++i) {
            s.softirqs.disable(&s.cpu());
            s.softirqs.enable(here());
            while (done < i) Arch::relax(0);
        }
    });
    REQUIRE(other.started());
    for (int i = 1; i <= rounds<Arch>; ++i) {
        raise();
        wait_until<Arch>([&] { return ran() == i; });
        done = i;
    }
    other.join();
}

}   // namespace

TEMPLATE_TEST_CASE("local_bh_enable: what is raised as the last one lets go, runs", "[softirq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        again<TestType> t;
        beside_one_who_lets_go(
            s, [&] { t.schedule(); }, [&]() -> int { return t.runs; });
        tasklet_ops<TestType>::kill_and_wait(t.node, here());
    });
}

TEMPLATE_TEST_CASE("local_bh_enable: what a top half raises as the last one lets go, runs", "[softirq][irq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        device<TestType> d;
        beside_one_who_lets_go(
            s, [&] { d.raise(); }, [&]() -> int { return d.bottom.runs; });
    });
}

TEMPLATE_TEST_CASE("raise: what comes back too often for the end of an interrupt is left to ksoftirqd",
                   "[softirq][irq][handover]", BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        device<TestType> d;
        for (int i = 1; i <= rounds<TestType>; ++i) {
            d.bottom.runs = 0;
            d.bottom.wanted = 15;   // more than ten in a row
            d.raise();
            wait_until<TestType>([&] { return d.bottom.runs == 15; });
            tasklet_ops<TestType>::kill_and_wait(d.bottom.node, here());
        }
    });
}

TEMPLATE_TEST_CASE("local_bh_enable: what comes back too often for it is left to ksoftirqd", "[softirq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        again<TestType> t;
        for (int i = 1; i <= rounds<TestType>; ++i) {
            t.runs = 0;
            t.wanted = 15;
            s.softirqs.disable(&s.cpu());
            t.schedule();
            s.softirqs.enable(here());
            wait_until<TestType>([&] { return t.runs == 15; });
            tasklet_ops<TestType>::kill_and_wait(t.node, here());
        }
    });
}

TEMPLATE_TEST_CASE("raise: in a top half of CPU 1 it runs there as that ends", "[softirq][irq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s(2);
        device<TestType> d;
        REQUIRE(s.m.irqs().set_cpu(d.line, 1));
        int before = -1, after = -1;
        auto interrupted = make_work<TestType>([&] {
            before = d.bottom.runs;
            d.raise();   // on its own CPU it is taken at once
            after = d.bottom.runs;
        });
        for (int i = 0; i < rounds<TestType>; ++i) {
            workqueue_ops<TestType>::queue_work_on(1, s.m.events(here()), interrupted, here());
            flush_work(interrupted);
            CHECK(before == i);
            CHECK(after == i + 1);
        }
        CHECK(d.bottom.cpu == 1);
        CHECK(d.runs_inside == rounds<TestType> - 1);
        CHECK(s.m.irqs().count(d.line, 1) == static_cast<std::uint64_t>(rounds<TestType>));
        CHECK(s.m.irqs().count(d.line, 0) == 0);
    });
}

TEMPLATE_TEST_CASE("local_irq_enable: what is raised as another thread of the CPU turns them on, comes",
                   "[irq][section][handover]", BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        device<TestType> d;
        std::atomic<int> done{0};
        auto other = call<TestType>([&] {
            for (int i = 1; i <= rounds<TestType>; ++i) {
                const bool was = irq_section<TestType>::enter(&scene<TestType>::home);
                if (!was) irq_section<TestType>::leave();
                while (done < i) TestType::relax(0);
            }
        });
        REQUIRE(other.started());
        for (int i = 1; i <= rounds<TestType>; ++i) {
            d.raise();
            wait_until<TestType>([&] { return d.bottom.runs == i; });
            done = i;
        }
        other.join();
    });
}

TEMPLATE_TEST_CASE("local_irq_enable: once too often changes nothing", "[irq][section]", BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        device<TestType> d;
        auto other = call<TestType>([&] {
            irq_section<TestType>::enter(&scene<TestType>::home);
            irq_section<TestType>::leave();
            irq_section<TestType>::leave();
        });
        REQUIRE(other.started());
        other.join();
        d.raise();
        wait_until<TestType>([&] { return d.bottom.runs == 1; });
    });
}

TEMPLATE_TEST_CASE("disable_irq: once it has returned no handler runs", "[irq][disable_irq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        struct {
            std::atomic<int> inside{0}, calls{0};
        } d;
        const auto top = [](int, void* dev_id, void*) {
            auto& me = *static_cast<decltype(d)*>(dev_id);
            me.inside = 1;
            for (int i = 0; i < 3; ++i) TestType::step();
            ++me.calls;
            me.inside = 0;
            return irqreturn::handled;
        };
        REQUIRE(s.m.irqs().request(5, {.handler = top, .dev_id = &d, .name = "device"}, here()) == 0);
        int ran = 0;
        for (int i = 0; i < rounds<TestType>; ++i) {
            const int before = d.calls;
            s.m.irqs().raise(5);
            s.m.irqs().disable(5, true);
            const bool inside = d.inside != 0;
            for (int round = 0; round < 3; ++round) TestType::relax(0);
            ran += inside || d.inside != 0 ? 1 : 0;
            s.m.irqs().enable(5, here());
            wait_until<TestType>([&] { return d.calls > before; });
        }
        CHECK(ran == 0);
        s.m.irqs().free(5, &d, here());
    });
}

TEMPLATE_TEST_CASE("free_irq: beside the interrupt that asks for its thread", "[irq][free_irq][handover]",
                   BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        scene<TestType> s;
        std::atomic<int> tops{0}, threads{0};
        struct counts {
            std::atomic<int>*tops, *threads;
        } d{&tops, &threads};
        for (int i = 0; i < (TestType::simulated ? 2 : 100); ++i) {
            const int tops_before = tops, threads_before = threads;
            REQUIRE(s.m.irqs().request(5,
                                       {.handler =
                                            [](int, void* dev_id, void*) {
                                                ++*static_cast<counts*>(dev_id)->tops;
                                                return irqreturn::wake_thread;
                                            },
                                        .dev_id = &d,
                                        .name = "device",
                                        .thread_fn =
                                            [](int, void* dev_id, void*) {
                                                ++*static_cast<counts*>(dev_id)->threads;
                                                return irqreturn::handled;
                                            }},
                                       here()) == 0);
            s.m.irqs().raise(5);   // may come too late, and is there for the next one to ask for the line
            s.m.irqs().free(5, &d, here());
            CHECK((threads > threads_before) == (tops > tops_before));   // what was asked for is done first
        }
    });
}

TEMPLATE_TEST_CASE("wake-ups that wait for the end of an interrupt: in their order, and who is woken may go at once",
                   "[context][handover]", BOTTOMHALF_ENGINES) {
    in_many_worlds<TestType>([] {
        using flag = typename TestType::template atomic_ref<std::uint32_t>;
        std::uint32_t words[2] = {};
        for (int i = 0; i < rounds<TestType>; ++i) {
            detail::later_wake first{&words[0]}, second{&words[1]};
            std::atomic<bool> both_wait{false};
            bool overtaken = false;
            auto other = call<TestType>([&] {
                wait_until<TestType>([&] { return both_wait.load(); });
                while (true) {
                    const bool second_waits = flag(second.queued).load(acquire) != 0;
                    const bool first_waits = flag(first.queued).load(acquire) != 0;
                    if (first_waits && !second_waits) overtaken = true;
                    if (!first_waits) break;
                    TestType::relax(0);
                }
                first.next = nullptr;   // it is ours now
                first.word = nullptr;
            });
            REQUIRE(other.started());
            {
                const detail::in_context<TestType> top_half(hardirq_offset);
                const int cpu = TestType::current().cpu;
                CHECK_FALSE(detail::in_context<TestType>::postpone(first, cpu + 1));   // there it begins at once
                CHECK(detail::in_context<TestType>::postpone(first, cpu));
                CHECK(detail::in_context<TestType>::postpone(second, cpu));
                CHECK(detail::in_context<TestType>::postpone(first, cpu));   // it is there
                both_wait = true;
                for (int round = 0; round < 3; ++round) TestType::relax(0);
            }
            CHECK(flag(second.queued).load(acquire) == 0);
            CHECK_FALSE(detail::in_context<TestType>::postpone(second, TestType::current().cpu));   // in no interrupt
            other.join();
            CHECK_FALSE(overtaken);
        }
    });
}
