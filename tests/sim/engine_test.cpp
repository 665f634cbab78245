// SPDX-License-Identifier: MIT
//
// sim.hpp, sim_world.hpp: the simulated engine, and that it is the same engine as threads.hpp to the core.
#include "sim/support.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/arch/threads.hpp>

using namespace bottomhalf;
using arch::sim;
using support::cpu;
using support::job;
using support::post;
using support::ref;
using support::wait_for;

namespace {

// The same members, to the last noexcept.
#define SAME(member) \
    static_assert(std::is_same_v<decltype(&arch::threads::member), decltype(&arch::sim::member)>, #member)
SAME(simulated);
SAME(name);
SAME(current);
SAME(park);
SAME(unpark);
SAME(relax);
SAME(step);
SAME(now);
SAME(wall_clock);
SAME(sleep_precisely);
SAME(set_nice);
SAME(spawn_budget);
SAME(allowed_cpus);
SAME(pid);
SAME(thread_id);
SAME(thread_name);
SAME(on_fork);
SAME(fence);
SAME(tell_of_call);
SAME(delay);
SAME(follow_time);
SAME(begin_rest);
SAME(end_rest);
SAME(poll_time);
SAME(irq_save);
SAME(irq_restore);
SAME(let_interrupts_in);
SAME(irqs_masked);
SAME(raise);
SAME(kick);
SAME(attach);
SAME(detach);
SAME(install_doorbell);
SAME(spurious_doorbells);
SAME(watch_fd);
SAME(unwatch_fd);
SAME(watch_timer);
SAME(unwatch_timer);
SAME(timer_counts);
SAME(watch_signal);
SAME(unwatch_signal);
SAME(refused_signals);
SAME(unwatch_ports);
SAME(signal_overflows);
SAME(doorbell_signal);
SAME(fd_signal);
template <class A>
constexpr bool has_threads =
    std::is_same_v<decltype(&A::spawn),
                   bool (*)(typename A::thread&, int, const char*, bool, void (*)(void*), void*) noexcept>&&
        std::is_same_v<decltype(&A::join), void (*)(typename A::thread&) noexcept>&&
            std::is_same_v<decltype(&A::join_until), bool (*)(typename A::thread&, arch::ns_t) noexcept>&&
                std::is_same_v<decltype(&A::thread::joinable), bool (A::thread::*)() const noexcept>&&
                    std::is_default_constructible_v<typename A::quiet> &&
    !std::is_copy_constructible_v<typename A::quiet>;
static_assert(has_threads<arch::threads>);
static_assert(has_threads<arch::sim>);

}   // namespace

// ---- atomic accesses ------------------------------------------------------------------------------------------------

TEMPLATE_TEST_CASE("atomic_ref: does what std::atomic_ref does, on either engine", "[sim][atomic_ref]", arch::threads,
                   arch::sim) {
    std::uint8_t small = 250;
    typename TestType::template atomic_ref<std::uint8_t> byte(small);
    CHECK(byte.fetch_add(10) == 250);
    CHECK(byte.load() == 4);   // wraps
    CHECK(byte.fetch_sub(5) == 4);
    CHECK(byte.fetch_and(0xf0) == 255);
    CHECK(byte.fetch_or(0x0f) == 0xf0);
    CHECK(byte.fetch_xor(0xff) == 0xff);
    CHECK(small == 0);

    int n = 1;
    typename TestType::template atomic_ref<int> number(n);
    int expected = 2;
    CHECK_FALSE(number.compare_exchange_strong(expected, 3));
    CHECK(expected == 1);
    CHECK(n == 1);
    CHECK(number.compare_exchange_strong(expected, 3, acq_rel, relaxed));
    CHECK(number.exchange(4, acquire) == 3);
    CHECK(number == 4);
    CHECK((number = 5) == 5);
    number.store(INT_MAX, release);
    CHECK(number.fetch_add(1) == INT_MAX);
    CHECK(n == INT_MIN);   // wraps, too: not undefined as INT_MAX + 1 is

    int array[3] = {};
    int* at = array;
    typename TestType::template atomic_ref<int*> pointer(at);
    CHECK(pointer.fetch_add(2) == array);
    CHECK(pointer.fetch_sub(1) == array + 2);
    CHECK(at == array + 1);
}

TEST_CASE("atomic_ref: each access is one step", "[sim][atomic_ref]") {
    sim::world w;
    std::uint64_t steps[5] = {};
    w.run([&] {
        std::uint32_t word = 0, expected = 0;
        const sim::atomic_ref<std::uint32_t> at(word);
        steps[0] = w.steps();
        at.load();
        steps[1] = w.steps();
        at.store(1);
        steps[2] = w.steps();
        at.compare_exchange_strong(expected, 2);
        steps[3] = w.steps();
        at.fetch_add(1);
        steps[4] = w.steps();
    });
    for (int i = 0; i < 4; ++i) CHECK(steps[i + 1] == steps[i] + 1);
}

TEST_CASE("without a world: every operation works on the plain thread", "[sim][world]") {
    CHECK(sim::world::current() == nullptr);
    sim::step();
    sim::relax(1000);
    std::uint32_t word = 7;
    ref(word).fetch_add(1);
    CHECK(word == 8);
    CHECK(sim::park(word, 7, arch::forever, "a word that has changed"));
    CHECK_FALSE(sim::park(word, 8, 1'000'000, "a deadline, which is all that can happen"));
    sim::unpark(word, 1);
    CHECK(sim::thread_id() == 1);
    char comm[arch::comm_len];
    sim::thread_name(comm);
    CHECK(std::string(comm) == "main");

    sim::thread none;
    CHECK_FALSE(sim::spawn(
        none, 0, "x/0", false, [](void*) {}, nullptr));
    CHECK_FALSE(none.joinable());
    sim::join(none);
    CHECK(sim::join_until(none, 0));

    cpu port;
    sim::attach(port);
    CHECK_FALSE(sim::irq_save());
    sim::raise(port, 3);
    CHECK(port.pending == 8);
    sim::irq_restore(false);
    CHECK(port.taken == 8);
    sim::detach(port);
    CHECK(sim::watch_fd(0, port, 1) == -EOPNOTSUPP);
    CHECK(sim::watch_timer(port, 1, 0, 0) == -EOPNOTSUPP);
    CHECK(sim::watch_signal(64, port, 1, arch::irq_sender::anybody()) == -EOPNOTSUPP);
}

// ---- who runs when --------------------------------------------------------------------------------------------------

namespace {
/// Three tasks that take four steps each; returns who took them, in order.
std::string take_steps(sim::world& w) {
    std::string order;
    w.run([&] {
        std::uint32_t go = 0;
        const auto four_steps = [&](char me) {
            return [&, me] {
                wait_for(go);
                for (int i = 0; i < 4; ++i) {
                    sim::step();
                    order += me;
                }
            };
        };
        job a{"a", four_steps('a')}, b{"b", four_steps('b')}, c{"c", four_steps('c')};
        sim::relax(256);   // until all of them wait
        post(go);
    });
    return order;
}
}   // namespace

TEST_CASE("world: without a seed the tasks take turns, a step each", "[sim][world]") {
    sim::world w;
    CHECK(take_steps(w) == "abcabcabcabc");
}

TEST_CASE("world: preempt_every is how long a turn lasts", "[sim][world]") {
    sim::world three{{.preempt_every = 3}};
    CHECK(take_steps(three) == "aabbccaabbcc");   // the third step of a turn ends it, and is done in the next
    sim::world never{{.preempt_every = 0}};
    CHECK(take_steps(never) == "aaaabbbbcccc");
}

TEST_CASE("world: a seed draws the same order each time, another seed another", "[sim][world][seed]") {
    std::set<std::string> orders;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        sim::world first{{.seed = seed}}, second{{.seed = seed}};
        const std::string order = take_steps(first);
        CHECK(take_steps(second) == order);
        CHECK(first.trace() == second.trace());
        CHECK(first.steps() == second.steps());
        orders.insert(order);
    }
    CHECK(orders.size() >= 19);   // of 34,650
}

TEST_CASE("world: some seed finds the lost update, none finds one in a fetch_add", "[sim][world][seed]") {
    const auto count_to_two = [](std::uint64_t seed, auto increment) {
        std::uint32_t counter = 0;
        sim::world w{{.seed = seed}};
        w.run([&] {
            const auto once = [&] { increment(counter); };
            job a{"a", once}, b{"b", once};
        });
        return counter;
    };
    int lost = 0, lost_by_fetch_add = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        lost += count_to_two(seed, [](std::uint32_t& n) { ref(n).store(ref(n).load() + 1); }) != 2;
        lost_by_fetch_add += count_to_two(seed, [](std::uint32_t& n) { ref(n).fetch_add(1); }) != 2;
    }
    CHECK(lost > 5);
    CHECK(lost < 45);
    CHECK(lost_by_fetch_add == 0);
}

TEST_CASE("world: is the thread's own, and only while it runs", "[sim][world]") {
    sim::world w;
    CHECK(sim::world::current() == nullptr);
    w.run([&] { CHECK(sim::world::current() == &w); });
    CHECK(sim::world::current() == nullptr);
}

TEST_CASE("world: a second run goes on where the first stopped", "[sim][world]") {
    sim::world w;
    std::uint32_t word = 0;
    w.run([&] { wait_for(word, 500); });
    const std::uint64_t steps = w.steps();
    w.run([&] {
        CHECK(sim::now() == 500);
        CHECK(sim::thread_id() == 1);
        wait_for(word, 600);
    });
    CHECK(w.now() == 600);
    CHECK(w.steps() > steps);
}

// ---- sleeping and time ----------------------------------------------------------------------------------------------

TEST_CASE("wall_clock: a world begins in the first second of March 2005, and virtual time counts on",
          "[sim][wall_clock]") {
    CHECK(sim::wall_clock() == 1'109'635'200LL * 1'000'000'000);   // no world
    sim::world w;
    w.run([] {
        CHECK(sim::wall_clock() == 1'109'635'200LL * 1'000'000'000);
        sim::delay(1'234'567'890);
        CHECK(sim::wall_clock() == 1'109'635'201'234'567'890LL);
    });
}

TEST_CASE("park: does not sleep if the word has changed", "[sim][park]") {
    sim::world w;
    w.run([] {
        std::uint32_t word = 1;
        CHECK(sim::park(word, 0, arch::forever, "the test"));
        CHECK(sim::park(word, 0, 100, "the test"));
        CHECK(sim::now() == 0);
    });
}

TEST_CASE("park: no seed loses a wake-up between the look and the sleep", "[sim][park][seed]") {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        sim::world w{{.seed = seed}};
        std::uint32_t word = 0;
        w.run([&] {   // ends in a deadlock if one does
            job waiter{"waiter", [&] { wait_for(word); }};
            job poster{"poster", [&] { post(word); }};
        });
        CHECK(word == 1);
    }
}

TEST_CASE("unpark: wakes n sleepers of that word, the longest sleep first", "[sim][park]") {
    sim::world w;
    std::string order, after_two;
    bool in_time = true;
    w.run([&] {
        std::uint32_t word = 0, other = 0;
        const auto sleeper = [&](char me) {
            return [&, me] {
                in_time &= sim::park(word, 0, 1'000'000, "the test");
                order += me;
            };
        };
        job a{"a", sleeper('a')}, b{"b", sleeper('b')}, c{"c", sleeper('c')};
        sim::relax(256);   // until everybody sleeps
        sim::unpark(other, INT_MAX);
        sim::unpark(word, 0);
        sim::relax(256);
        CHECK(order.empty());
        sim::unpark(word, 2);
        sim::relax(256);
        after_two = order;
        sim::unpark(word, INT_MAX);
    });
    CHECK(after_two == "ab");
    CHECK(order == "abc");
    CHECK(in_time);
}

TEST_CASE("park: at its deadline it returns false, and the clock shows exactly that", "[sim][park][time]") {
    sim::world w;
    std::string order;
    w.run([&] {
        const auto sleeper = [&](char me, arch::ns_t until) {
            return [&order, me, until] {
                std::uint32_t word = 0;
                CHECK_FALSE(sim::park(word, 0, until, "the test"));
                CHECK(sim::now() == until);
                order += me;
            };
        };
        job late{"late", sleeper('l', 3'000'000'000)}, early{"early", sleeper('e', 1)}, mid{"mid", sleeper('m', 999)};
    });
    CHECK(order == "eml");
    CHECK(w.now() == 3'000'000'000);
    CHECK(w.steps() < 100);   // time jumps
}

TEST_CASE("park: a deadline in the past is over at once, though others could run", "[sim][park][time]") {
    sim::world w{{.max_steps = 10'000}};
    w.run([] {
        std::uint32_t word = 0, stop = 0;
        CHECK_FALSE(sim::park(word, 0, 1000, "the test"));
        job busy{"busy", [&] {
                     while (stop == 0) sim::step();
                 }};
        CHECK_FALSE(sim::park(word, 0, 1000, "the test"));
        CHECK_FALSE(sim::park(word, 0, -5, "the test"));
        CHECK(sim::now() == 1000);
        stop = 1;
    });
}

TEST_CASE("time: stands still while anybody can run", "[sim][time]") {
    sim::world w;
    w.run([] {
        std::uint32_t word = 0;
        job sleeper{"sleeper", [&] { sim::park(word, 0, 10, "the test"); }};
        for (int i = 0; i < 1000; ++i) sim::step();
        CHECK(sim::now() == 0);
    });
    CHECK(w.now() == 10);
}

TEST_CASE("time: comes all the same while somebody is busy without an end", "[sim][time]") {
    for (const std::uint64_t seed : {0U, 1U, 2U}) {
        INFO("seed " << seed);
        sim::world world{{.seed = seed}};
        std::uint64_t rounds = 0;
        world.run([&] {
            std::uint32_t stop = 0, never = 0;
            struct arguments {
                std::uint32_t* stop;
                std::uint64_t* rounds;
            } a{&stop, &rounds};
            sim::thread busy;
            REQUIRE(sim::spawn(
                busy, 0, "busy", false,
                [](void* p) {
                    auto& [end, n] = *static_cast<arguments*>(p);
                    while (sim::atomic_ref<std::uint32_t>(*end).load(acquire) == 0) ++*n;
                },
                &a));
            CHECK_FALSE(sim::park(never, 0, 1'000'000'000, "a test"));
            CHECK(sim::now() == 1'000'000'000);
            sim::atomic_ref<std::uint32_t>(stop).store(1, release);
            sim::join(busy);
        });
        CHECK(rounds > 100'000);
    }
}

TEST_CASE("relax: a spinner lets the others run, whatever the seed", "[sim][relax][seed]") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        sim::world w{{.seed = seed, .preempt_every = 0}};   // nobody is ever preempted
        std::uint32_t word = 0;
        w.run([&] {
            job setter{"setter", [&] { word = 1; }};
            unsigned rounds = 0;
            while (word == 0) sim::relax(rounds++);
            CHECK(rounds == 1);
        });
    }
}

TEST_CASE("relax: time passes for spinners, so a loop that polls the clock ends", "[sim][relax][time]") {
    sim::world w;
    w.run([] {
        const auto poll = [] {
            while (sim::now() < 1'000'000) sim::relax(0);   // as cpu_relax() does: it has no round
        };
        job a{"a", poll}, b{"b", poll};
    });
    CHECK(w.now() >= 1'000'000);
    CHECK(w.now() < 1'001'000);
}

TEST_CASE("relax: wakes those whose deadline the spinning has reached", "[sim][relax][time]") {
    sim::world w;
    std::uint32_t word = 0, woken = 0;
    w.run([&] {
        job sleeper{"sleeper", [&] {
                        sim::park(word, 0, 10'000, "the test");
                        woken = 1;
                    }};
        while (woken == 0) sim::relax(0);
        CHECK(sim::now() >= 10'000);
        CHECK(sim::now() < 11'000);
    });
}

TEST_CASE("relax: a long spin sleeps between its looks", "[sim][relax][time]") {
    sim::world w;
    w.run([] {
        unsigned round = 0;
        while (sim::now() < 1'000'000'000) sim::relax(round++);
    });
    CHECK(w.steps() < 25'000);   // 50 us each
}

// ---- tasks ----------------------------------------------------------------------------------------------------------

TEST_CASE("spawn: the task has its CPU, its name cut to what ps shows, and an id", "[sim][spawn]") {
    sim::world w;
    w.run([] {
        char own[arch::comm_len];
        sim::thread_name(own);
        CHECK(std::string(own) == "main");
        CHECK(sim::thread_id() == 1);
        CHECK(sim::current().cpu == -1);
        struct seen {
            arch::task task;
            std::int32_t id = 0;
        } s;
        sim::thread t;
        REQUIRE(sim::spawn(
            t, 3, "a-name-of-17-char", true,
            [](void* p) {
                static_cast<seen*>(p)->task = sim::current();
                static_cast<seen*>(p)->id = sim::thread_id();
            },
            &s));
        CHECK(t.joinable());
        sim::join(t);
        CHECK_FALSE(t.joinable());
        CHECK(s.task.cpu == 3);
        CHECK(std::string(s.task.comm) == "a-name-of-17-ch");
        CHECK(s.id == 2);
        CHECK(sim::allowed_cpus() == 2);
    });
}

TEST_CASE("spawn: obeys its budget", "[sim][spawn]") {
    sim::world w;
    w.run([] {
        sim::spawn_budget(1);
        job first{"first", [] {}};
        job second{"second", [] {}};
        CHECK(first.started());
        CHECK_FALSE(second.started());
        CHECK_FALSE(second.task().joinable());
        sim::spawn_budget(-1);
        job third{"third", [] {}};
        CHECK(third.started());
    });
}

TEST_CASE("join: sleeps until the task has ended", "[sim][join]") {
    sim::world w;
    w.run([] {
        bool ended = false;
        std::uint32_t word = 0;
        job sleeper{"sleeper", [&] {
                        sim::park(word, 0, 5000, "the test");
                        ended = true;
                    }};
        sim::join(sleeper.task());
        CHECK(ended);
        CHECK(sim::now() == 5000);
        sim::join(sleeper.task());   // nothing is left to be joined
    });
}

TEST_CASE("join_until: lets a task go that takes too long", "[sim][join]") {
    sim::world w;
    std::uint32_t word = 0, done = 0;
    w.run([&] {
        job quick{"quick", [] {}};
        CHECK(sim::join_until(quick.task(), 100));
        CHECK(sim::now() == 0);
        job slow{"slow", [&] {
                     wait_for(word);
                     post(done);
                 }};
        CHECK_FALSE(sim::join_until(slow.task(), 100));
        CHECK(sim::now() == 100);
        CHECK_FALSE(slow.task().joinable());
        post(word);
        wait_for(done);
        sim::relax(256);   // it still has to end
    });
    CHECK(done == 1);
}

TEST_CASE("spawn: a world that starts thousands reuses their stacks, joined or let go", "[sim][spawn]") {
    sim::world w;
    int ran = 0;
    w.run([&] {
        std::set<std::uintptr_t> stacks;
        for (int i = 0; i < 2000; ++i) {
            job brief{"brief", [&] {
                          int local = 0;
                          ++ran;
                          stacks.insert(reinterpret_cast<std::uintptr_t>(&local) >> 18);
                      }};
            if (i % 2 != 0) continue;
            CHECK_FALSE(sim::join_until(brief.task(), sim::now()));
            sim::relax(256);   // it ends
        }
        if (!BOTTOMHALF_ASAN) CHECK(stacks.size() <= 8);   // there a local need not be on the stack
    });
    CHECK(ran == 2000);
}

TEST_CASE("join: a handle may outlive its world", "[sim][join]") {
    sim::thread handle;
    std::uint32_t word = 0;
    sim::world w, another;
    w.run([&] {
        REQUIRE(sim::spawn(
            handle, 0, "x/0", false, [](void*) {}, nullptr));
        sim::relax(256);
    });
    another.run([&] {
        job unrelated{"unrelated", [&] { wait_for(word); }};
        sim::join(handle);
        post(word);
    });
    CHECK_FALSE(handle.joinable());
}

// ---- what goes wrong ------------------------------------------------------------------------------------------------

namespace {
std::string ends;   // in their order
template <char Name>
void ends_with(bool lost) {
    ends += Name;
    if (lost) ends += '!';
}
void ends_badly(bool lost) {
    ends_with<'b'>(lost);
    std::uint32_t never = 0;
    if (!lost) sim::park(never, 0, arch::forever, "what never comes");
}
void ends_late(bool lost) {
    ends_with<'l'>(lost);
    sim::at_exit<&ends_with<'m'>>();
}
}   // namespace

TEST_CASE("at_exit: all of them are called at the end of the run, the last first, and once", "[sim][world][at_exit]") {
    sim::world w{{.print = false}};
    ends.clear();
    w.run([] {
        sim::at_exit<&ends_with<'1'>>();
        sim::at_exit<&ends_with<'2'>>();
        sim::at_exit<&ends_with<'3'>>();
    });
    CHECK(ends == "321");
    w.run([] {});
    CHECK(ends == "321");

    ends.clear();   // of a body that does not come to its end
    CHECK_THROWS_AS(w.run([] {
        sim::at_exit<&ends_with<'1'>>();
        sim::at_exit<&ends_with<'2'>>();
        std::uint32_t never = 0;
        sim::park(never, 0, arch::forever, "what never comes");
    }),
                    sim::deadlock);
    CHECK(ends == "2!1!");

    ends.clear();   // one that fails is called again, and those before it after it
    CHECK_THROWS_AS(w.run([] {
        sim::at_exit<&ends_with<'1'>>();
        sim::at_exit<&ends_badly>();
        sim::at_exit<&ends_with<'3'>>();
    }),
                    sim::deadlock);
    CHECK(ends == "3bb!1!");

    ends.clear();   // one that comes meanwhile comes next
    w.run([] {
        sim::at_exit<&ends_with<'1'>>();
        sim::at_exit<&ends_late>();
    });
    CHECK(ends == "lm1");
}

TEST_CASE("run: passes on what its body throws", "[sim][world]") {
    sim::world w;
    CHECK_THROWS_AS(w.run([] { throw std::out_of_range("the body"); }), std::out_of_range);
    CHECK(sim::world::current() == nullptr);
    w.run([] { sim::step(); });   // and may be used again
}

TEST_CASE("run: reports a deadlock, with who waits for what", "[sim][world][deadlock]") {
    std::string report;
    sim::world w{{.print = false}};
    std::uint32_t word = 0;
    try {
        w.run([&] {
            job stuck{"events/0", [&] { sim::park(word, 0, arch::forever, "an interrupt that never comes"); }};
        });
    } catch (const sim::deadlock& e) {
        report = e.what();
    }
    CHECK(sim::world::current() == nullptr);
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("deadlock"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("  main            waits for the end of events/0\n"));
    CHECK_THAT(report,
               Catch::Matchers::ContainsSubstring("  events/0        waits for an interrupt that never comes\n"));
    w.run([] { sim::step(); });   // a new run is a new chance
}

TEST_CASE("run: reports a livelock after max_steps", "[sim][world][livelock]") {
    std::string report;
    sim::world w{{.max_steps = 1000, .print = false}};
    std::uint32_t word = 0;
    try {
        w.run([&] {
            job spinner{"spinner", [&] {
                            while (ref(word).load() == 0) {}
                        }};
            sim::park(word, 0, 77, "a clock that stands still");
        });
    } catch (const sim::livelock& e) {
        report = e.what();
    }
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("livelock"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("step 1001, 0 ns"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring(
                           "  main            waits for a clock that stands still, until 77 ns\n"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("  spinner         runs\n"));
}

TEST_CASE("run: reports the tasks that its body left behind", "[sim][world][leftover]") {
    std::string report;
    sim::world w{{.print = false}};
    std::uint32_t word = 0;
    sim::thread ended, waits, runs;
    try {
        w.run([&] {
            CHECK(sim::spawn(
                ended, 0, "ended", false, [](void*) {}, nullptr));
            CHECK(sim::spawn(
                waits, 0, "waits", false,
                [](void* p) { sim::park(*static_cast<std::uint32_t*>(p), 0, arch::forever, "nothing"); }, &word));
            sim::relax(256);
            CHECK(sim::spawn(
                runs, 0, "runs", false, [](void*) {}, nullptr));
        });
    } catch (const sim::leftover& e) {
        report = e.what();
    }
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("leftover"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("  waits           waits for nothing\n"));
    CHECK_THAT(report, Catch::Matchers::ContainsSubstring("  runs            can run\n"));
    CHECK_THAT(report, !Catch::Matchers::ContainsSubstring("  ended "));
    CHECK_THAT(report, !Catch::Matchers::ContainsSubstring("  main "));
}
