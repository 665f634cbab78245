// SPDX-License-Identifier: MIT
//
// Completions, locks, readers and threads that stop, in every order.  What each of these searches has been seen to find:
// PLANTED.md.
#include "sim/library.hpp"

#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/sync/kthread.hpp>
#include <bottomhalf/sync/mutex.hpp>
#include <bottomhalf/sync/rcu.hpp>
#include <bottomhalf/sync/rwsem.hpp>

using namespace library;
namespace detail = bottomhalf::detail;

TEST_CASE("spinlock: one at a time, and what was written under it is seen under it", "[explore][spinlock]") {
    explored({"spinlock", 4'000, 2, false}, [] {
        detail::spinlock<engine> lock;
        word n = 0;
        const auto side = [&] {
            for (int i = 0; i < 2; ++i) {
                const detail::irq_lock<engine> g(lock);
                put(n, get(n) + 1);
            }
        };
        {
            sim::actor one("one", side);
            sim::actor two("two", side);
        }
        sim::expect(n == 4, "an update is lost");
    });
}

TEST_CASE("completion: each complete() lets one through, with what was written before it", "[explore][completion]") {
    explored({"completion", 6'000, 2, false}, [] {
        word done = 0, data[2] = {}, seen = 0;
        const auto waits = [&] {
            wait(done);
            more(seen);
        };
        sim::actor one("one", waits);
        sim::actor two("two", waits);
        sim::actor completes("completes", [&] {
            put(data[0], 1);
            completion::complete(done);
        });
        put(data[1], 1);
        completion::complete(done);
        one.join(), two.join(), completes.join();
        sim::expect(seen == 2 && !completion::is_done(done), "not one each");
    });
}

TEST_CASE("completion: complete_all() wakes all who wait, and all who are about to", "[explore][completion]") {
    explored({"complete_all", 6'000, 2, false}, [] {
        word done = 0, data = 0;
        const auto waits = [&] {
            wait(done);
            sim::expect(get(data) == 1, "it has not seen what was written before");
        };
        sim::actor one("one", waits);
        sim::actor two("two", waits);
        sim::actor three("three", waits);
        put(data, 1);
        completion::complete(done);   // whoever it wakes leaves a bit for the others
        completion::complete_all(done);
    });
}

TEST_CASE("mutex: one at a time, and nobody is forgotten", "[explore][mutex]") {
    explored({"mutex", 6'000, 2, false}, [] {
        using ops = bottomhalf::mutex_ops<engine>;
        word m = 0, n = 0;
        const auto side = [&] {
            ops::lock(m, "mutex_lock", location::current());
            put(n, get(n) + 1);
            ops::unlock(m);
        };
        {
            sim::actor one("one", side);
            sim::actor two("two", side);
            sim::actor three("three", side);
        }
        sim::expect(n == 3, "an update is lost");
    });
}

TEST_CASE("rwsem: a writer is alone, and nobody is forgotten", "[explore][rwsem]") {
    explored({"rwsem", 6'000, 2, false}, [] {
        using ops = bottomhalf::rwsem_ops<engine>;
        bottomhalf::rwsem<engine> s{};
        word a = 0, b = 0;
        const auto reads = [&] {
            ops::read(s, "down_read", location::current());
            sim::expect(get(a) == get(b), "a reader beside a writer");
            ops::end_read(s, location::current());
        };
        const auto writes = [&] {
            ops::write(s, "down_write", location::current());
            put(a, get(a) + 1);
            put(b, get(b) + 1);
            ops::end_write(s, location::current());
        };
        {
            sim::actor one("one", reads);
            sim::actor two("two", writes);
            sim::actor three("three", reads);
            writes();
            engine::fence(bottomhalf::seq_cst);   // its lock's word is on our stack
        }
        sim::expect(a == 2 && b == 2, "an update is lost");
    });
}

TEST_CASE("RCU: a grace period ends after every reader that may still see what was replaced", "[explore][rcu]") {
    explored({"rcu", 8'000, 2, false}, [] {
        bottomhalf::reader_counts<engine, 1> readers{};
        word current = 0, gone[3] = {};   // which of them is current, and which have been freed
        const auto reads = [&] {
            const word where = readers.enter();
            const word mine = get(current);
            for (int i = 0; i < 2; ++i) sim::expect(get(gone[mine]) == 0, "freed under a reader");
            readers.leave(where);
        };
        const auto replace = [&](word by) {
            const word old = get(current);
            put(current, by);
            readers.synchronize("synchronize_rcu", location::current());
            put(gone[old], 1);
        };
        {
            sim::actor one("one", [&] { reads(), reads(); });
            sim::actor two("two", reads);
            replace(1), replace(2);
        }
        sim::expect(readers.was_empty(), "a reader is counted still");
    });
}

TEST_CASE("kthread: park and stop reach it on its way to sleep, and wait for it", "[explore][kthread]") {
    explored({"kthread", 4'000}, [] {
        using ops = bottomhalf::kthread_ops<engine>;
        using schedules = bottomhalf::schedule_ops<engine>;
        namespace flag = bottomhalf::kthread_flag;
        static word loops, left;
        loops = left = 0;
        auto* const k = [] {
            const sim::quietly set_up;
            return ops::create(
                [](void*) {
                    while (true) {
                        schedules::set_state(1);
                        if (ops::asked(flag::should_stop)) break;
                        if (ops::asked(flag::should_park))
                            ops::park_me(location::current());
                        else
                            schedules::schedule_until(arch::forever, "a test", location::current());
                        more(loops);
                    }
                    schedules::set_state(schedules::running);
                    put(left, 1);
                    return 7;
                },
                nullptr, 0, "explored", location::current());
        }();
        sim::expect(k != nullptr, "no thread");
        schedules::wake(k->self, bottomhalf::kthread_new);
        sim::expect(ops::park(*k, location::current()) == 0, "it cannot be parked");
        const word before = get(loops);
        for (int i = 0; i < 4; ++i) engine::step();
        sim::expect(get(loops) == before, "it is not parked");
        ops::unpark(*k);
        sim::expect(ops::stop(*k, "kthread_stop", location::current()) == 7, "not its result");
        sim::expect(get(left) == 1, "it runs still");
    });
}
