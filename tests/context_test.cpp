// SPDX-License-Identifier: MIT
#include <bottomhalf/context.hpp>

#include <cstdio>
#include <string>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::on_engine;
using support::reports;

TEMPLATE_TEST_CASE("context: a plain thread is in process context and may sleep", "[context]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using here = context<TestType>;
        CHECK(here::preempt_count() == 0);
        CHECK_FALSE(here::in_hardirq());
        CHECK_FALSE(here::in_softirq());
        CHECK_FALSE(here::in_interrupt());
        CHECK(here::in_task());
        CHECK_FALSE(here::in_atomic());
        CHECK_FALSE(here::irqs_disabled());
        CHECK(here::might_sleep("f", location::current()));
    });
}

TEMPLATE_TEST_CASE("context: each count means what it means in the kernel", "[context]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using here = context<TestType>;
        {
            detail::in_context<TestType> scope(hardirq_offset);
            CHECK(here::in_hardirq());
            CHECK(here::in_interrupt());
            CHECK_FALSE(here::in_softirq());
            CHECK_FALSE(here::in_task());
            CHECK(here::irqs_disabled());
            detail::in_context<TestType> inner(hardirq_offset);   // nests
            CHECK(here::preempt_count() == 2 * hardirq_offset);
        }
        {
            detail::in_context<TestType> scope(softirq_offset);
            CHECK(here::in_softirq());
            CHECK(here::in_serving_softirq());
            CHECK_FALSE(here::in_task());
            CHECK_FALSE(here::irqs_disabled());
        }
        {
            detail::in_context<TestType> scope(2 * softirq_offset);   // local_bh_disable(): a task still
            CHECK(here::in_softirq());
            CHECK_FALSE(here::in_serving_softirq());
            CHECK(here::in_interrupt());
            CHECK(here::in_task());
        }
        {
            detail::in_context<TestType> scope(preempt_offset);
            CHECK(here::in_atomic());
            CHECK(here::in_task());
            CHECK_FALSE(here::in_interrupt());
        }
        CHECK(here::preempt_count() == 0);
    });
}

TEMPLATE_TEST_CASE("might_sleep: says what the kernel says, for each reason not to", "[context][might_sleep]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using here = context<TestType>;
        const location at = location::current();
        for (const std::uint32_t offset : {preempt_offset, softirq_offset, hardirq_offset}) {
            detail::in_context<TestType> scope(offset);
            CHECK_FALSE(here::might_sleep("down", at));
            const auto* h = reports::find("down: sleeping function called from invalid context at ");
            REQUIRE(h != nullptr);
            CHECK(h->where == channel::kernel);
            CHECK(h->level == severity::bug);
            char count[64];
            std::snprintf(count, sizeof count, "preempt_count: %x, expected: 0", static_cast<unsigned>(offset));
            CHECK(std::string(h->text).find(count) != std::string::npos);
            char where[128];
            std::snprintf(where, sizeof where,
                          "context_test.cpp:%u\nin_atomic(): 1, irqs_disabled(): %d, non_block: 0, pid: ",
                          static_cast<unsigned>(at.line()), offset == hardirq_offset ? 1 : 0);
            CHECK(std::string(h->text).find(where) != std::string::npos);
            CHECK(reports::take("sleeping function"));
        }
        const bool was = TestType::irq_save();
        CHECK(here::irqs_disabled());
        CHECK_FALSE(here::might_sleep("down", at));
        TestType::irq_restore(was);
        CHECK(reports::take("in_atomic(): 0, irqs_disabled(): 1"));
        CHECK(here::might_sleep("down", at));
    });
}

TEMPLATE_TEST_CASE("irq_save: nests, and only the outermost restore lifts the mask", "[context]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        const bool outer = TestType::irq_save();
        const bool inner = TestType::irq_save();
        CHECK_FALSE(outer);
        CHECK(inner);
        TestType::irq_restore(inner);
        CHECK(TestType::irqs_masked());
        TestType::irq_restore(outer);
        CHECK_FALSE(TestType::irqs_masked());
    });
}

TEMPLATE_TEST_CASE("block: returns once the word differs, or the deadline has passed", "[context][block]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        std::uint32_t word = 0;
        CHECK(detail::block<TestType>(word, 1, arch::forever, "a test"));   // differs already
        const arch::ns_t until = TestType::now() + 1'000'000;
        CHECK_FALSE(detail::block<TestType>(word, 0, until, "a test"));
        CHECK(TestType::now() >= until);
        auto other = support::call<TestType>([&] {
            typename TestType::template atomic_ref<std::uint32_t>(word).store(1, release);
            TestType::unpark(word, 1);
        });
        CHECK(detail::block<TestType>(word, 0, arch::forever, "a test"));
        other.join();
    });
}
