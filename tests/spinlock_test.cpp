// SPDX-License-Identifier: MIT
#include <bottomhalf/detail/spinlock.hpp>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using bottomhalf::detail::spinlock;
using support::call;
using support::on_engine;

TEMPLATE_TEST_CASE("spinlock: one at a time has it, who waits and who only tries", "[spinlock][stress]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([]() BOTTOMHALF_NO_TSA {   // who takes it and who lets go are different functions
        constexpr int rounds = 500;
        spinlock<TestType> lock;
        int n = 0;   // plain: ThreadSanitizer looks
        const auto count = [&](auto take) BOTTOMHALF_NO_TSA {
            for (int i = 0; i < rounds; ++i) {
                take();
                const int seen = n;
                TestType::step();   // the simulator's chance
                n = seen + 1;
                lock.unlock();
            }
        };
        const auto wait = [&]() BOTTOMHALF_NO_TSA { lock.lock(); };
        const auto try_until = [&]() BOTTOMHALF_NO_TSA {
            for (unsigned round = 0; !lock.try_lock(); ++round) TestType::relax(round);
        };
        auto a = call<TestType>([&] { count(wait); });
        auto b = call<TestType>([&] { count(try_until); });
        auto c = call<TestType>([&] { count(try_until); });
        a.join(), b.join(), c.join();
        CHECK(n == 3 * rounds);
        CHECK(lock.try_lock());
        CHECK_FALSE(lock.try_lock());
        lock.unlock();
    });
}
