// SPDX-License-Identifier: MIT
//
// Who sleeps until a time: never woken before it, and asked for as much earlier as wake-ups are late.
#include <bottomhalf/detail/wake_lead.hpp>

#include <cstdint>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using detail::wake_lead;

TEST_CASE("wake_lead: what a whole row of wake-ups was late by is asked for", "[wake_lead]") {
    wake_lead lead;
    for (unsigned i = 1; i < wake_lead::row; ++i) {
        lead.woke(50'000 - i);
        CHECK(lead.get() == 0);   // one swallow does not make a summer
    }
    lead.woke(60'000);
    CHECK(lead.get() == 50'000 - (wake_lead::row - 1));
}

TEST_CASE("wake_lead: one that was woken quickly is believed at once, until a row of others is over", "[wake_lead]") {
    wake_lead lead;
    for (unsigned i = 0; i < wake_lead::row; ++i) lead.woke(40'000);
    REQUIRE(lead.get() == 40'000);
    lead.woke(3'000);
    CHECK(lead.get() == 3'000);
    for (unsigned i = 1; i < wake_lead::row; ++i) lead.woke(40'000);
    CHECK(lead.get() == 3'000);   // it was one of that row
    for (unsigned i = 0; i < wake_lead::row; ++i) lead.woke(40'000);
    CHECK(lead.get() == 40'000);
}

TEST_CASE("wake_lead: is bounded at both ends", "[wake_lead]") {
    wake_lead lead;
    for (unsigned i = 0; i < wake_lead::row; ++i) lead.woke(wake_lead::most * 10);
    CHECK(lead.get() == wake_lead::most);
    lead.woke(-1);   // the clock has been looked at too early
    CHECK(lead.get() == 0);
}

TEMPLATE_TEST_CASE("park_until: not before its time, however hopeful; and at once if it is told", "[wake_lead]",
                   BOTTOMHALF_ENGINES) {
    support::on_engine<TestType>([] {
        wake_lead lead;
        for (unsigned i = 0; i < wake_lead::row; ++i) lead.woke(wake_lead::most);   // hopeful, indeed
        std::uint32_t word = 0;
        for (int i = 0; i < 50; ++i) {
            const arch::ns_t due = TestType::now() + 300'000;
            detail::park_until<TestType>(word, 0, due, lead, "a test");
            CHECK(TestType::now() >= due);
        }
        typename TestType::template atomic_ref<std::uint32_t>(word).store(1, std::memory_order_relaxed);
        detail::park_until<TestType>(word, 0, TestType::now() + 3'600'000'000'000, lead, "a test");   // or it hangs
        detail::park_until<TestType>(word, 0, arch::forever, lead, "a test");
    });
}
