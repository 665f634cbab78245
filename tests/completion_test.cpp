// SPDX-License-Identifier: MIT
#include <bottomhalf/sync/completion.hpp>

#include <atomic>
#include <cstdint>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::on_engine;
using support::wait_until;

TEMPLATE_TEST_CASE("complete_all: who is let go sees what earlier complete() calls published, too", "[completion]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ops = completion_ops<TestType>;
        for (int i = 0; i < 20; ++i) {
            std::uint32_t done = 0;
            int data = 0;               // plain: it is for ThreadSanitizer to say whether it was published
            std::atomic<int> turn{0};   // relaxed: makes an order, and publishes nothing
            auto first = support::call<TestType>([&] {
                data = 1;
                ops::complete(done);
                turn.store(1, std::memory_order_relaxed);
            });
            auto second = support::call<TestType>([&] {
                wait_until<TestType>([&] { return turn.load(std::memory_order_relaxed) == 1; });
                ops::complete_all(done);
                turn.store(2, std::memory_order_relaxed);
            });
            int seen = 0;
            auto waiter = support::call<TestType>([&] {
                wait_until<TestType>([&] { return turn.load(std::memory_order_relaxed) == 2; });
                if (ops::try_wait(done)) seen = data;
            });
            first.join(), second.join(), waiter.join();
            CHECK(seen == 1);
        }
    });
}
