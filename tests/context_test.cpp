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
        CHECK(std::string(reports::find("down: sleeping")->text).find("contexts: task, interrupts off") !=
              std::string::npos);
        CHECK(reports::take("in_atomic(): 0, irqs_disabled(): 1"));
        {
            detail::in_context<TestType> off(2 * softirq_offset + preempt_offset), soft(softirq_offset),
                hard(hardirq_offset), nested(hardirq_offset);
            CHECK_FALSE(here::might_sleep("down", at));
        }
        CHECK(std::string(reports::find("down: sleeping")->text)
                  .find("contexts: hardirq in hardirq in softirq in task, bottom halves off, preemption off") !=
              std::string::npos);
        CHECK(reports::take("sleeping function"));
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

TEMPLATE_TEST_CASE("block: what was written before the word is visible, whenever that was found", "[context][block]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using word_ref = typename TestType::template atomic_ref<std::uint32_t>;
        static std::uint32_t word;
        for (const bool at_once : {true, false}) {
            int data = 0;   // plain: ThreadSanitizer looks
            word = 0;
            const auto wait = [] {   // which orders nothing
                while (word_ref(word).load(relaxed) == 0) TestType::relax(0);
            };
            std::atomic<bool> looked{at_once};
            auto other = support::call<TestType>([&] {
                while (!looked.load(std::memory_order_relaxed)) TestType::relax(0);
                data = 7;
                word_ref(word).store(1, release);
            });
            if (at_once) {
                wait();
                CHECK(detail::block<TestType>(word, 0, arch::forever, "a test"));
            } else {   // a pool is told, after the first look
                static std::atomic<bool>* told;
                told = &looked;
                TestType::current().blocks = [](arch::task&) {
                    told->store(true, std::memory_order_relaxed);
                    while (word_ref(word).load(relaxed) == 0) TestType::relax(0);
                    return true;
                };
                CHECK(detail::block<TestType>(word, 0, arch::forever, "a test"));
                TestType::current().blocks = nullptr;
            }
            CHECK(data == 7);
            other.join();
        }
    });
}
