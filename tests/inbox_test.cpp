// SPDX-License-Identifier: MIT
#include <bottomhalf/inbox.hpp>

#include <atomic>
#include <vector>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using bottomhalf::detail::inbox;
using node = bottomhalf::detail::link;   // link(2) is in scope as well
using bottomhalf::detail::pushed;
using support::on_engine;

namespace {

std::vector<node*> all_of(node* l) {
    std::vector<node*> v;
    for (; l != nullptr; l = l->next) v.push_back(l);
    return v;
}

}   // namespace

TEMPLATE_TEST_CASE("inbox: is closed until it is opened, and refuses without touching the link", "[inbox]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        inbox<TestType> box;
        node a;
        CHECK(box.push(a) == pushed::refused);
        CHECK_FALSE(a.linked());
        CHECK(box.was_empty());
        box.open();
        CHECK(box.push(a) == pushed::quietly);
        CHECK_FALSE(box.was_empty());
        CHECK(all_of(box.close()) == std::vector<node*>{&a});
        CHECK(box.push(a) == pushed::refused);
        CHECK(box.take_all() == nullptr);
        CHECK(box.close() == nullptr);
    });
}

TEMPLATE_TEST_CASE("inbox: gives all, oldest first", "[inbox]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        inbox<TestType> box;
        box.open();
        node a, b, c;
        CHECK(box.take_all() == nullptr);
        for (node* l : {&a, &b, &c}) CHECK(box.push(*l) == pushed::quietly);
        CHECK(all_of(box.take_all()) == std::vector<node*>{&a, &b, &c});
        CHECK(box.take_all() == nullptr);
        CHECK(box.push(b) == pushed::quietly);
        CHECK(all_of(box.take_all()) == std::vector<node*>{&b});
        for (node* l : {&c, &a}) CHECK(box.push(*l) == pushed::quietly);
        CHECK(all_of(box.close()) == std::vector<node*>{&c, &a});
    });
}

TEMPLATE_TEST_CASE("inbox: only the push that finds it asleep must wake somebody", "[inbox]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        inbox<TestType> box;
        box.open();
        node a, b;
        CHECK(box.fall_asleep());
        CHECK(box.fall_asleep());   // still
        CHECK(box.was_empty());
        CHECK(box.take_all() == nullptr);
        CHECK(box.push(a) == pushed::and_must_wake);
        CHECK(box.push(b) == pushed::quietly);
        CHECK_FALSE(box.fall_asleep());   // there are items
        CHECK_FALSE(box.wake_up());
        CHECK(all_of(box.take_all()) == std::vector<node*>{&a, &b});
        CHECK(box.fall_asleep());
        CHECK(box.wake_up());
        CHECK_FALSE(box.wake_up());
        CHECK(box.push(a) == pushed::quietly);
    });
}

TEMPLATE_TEST_CASE("inbox: what is inside when it is closed is whole", "[inbox]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        struct item {
            node l;   // first
            int number;
        } x{};
        inbox<TestType> box;
        box.open();
        auto producer = support::call<TestType>([&] {
            x.number = 7;   // plain: ThreadSanitizer looks
            box.push(x.l);
        });
        for (unsigned round = 0; box.was_empty(); ++round) TestType::relax(round);
        node* l = box.close();
        REQUIRE(l == &x.l);
        CHECK(l->next == nullptr);
        CHECK(x.number == 7);
        producer.join();
    });
}

TEMPLATE_TEST_CASE("inbox: nothing is lost between producers and a consumer that sleeps", "[inbox]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        struct item {
            node l;   // first
            int producer;
            int number;
        };
        constexpr int producers = 3, each = TestType::simulated ? 40 : 20'000;
        inbox<TestType> box;
        box.open();
        std::uint32_t watch = 0;
        std::atomic<int> wakes{0};
        std::vector<item> items(producers * each);
        const auto produce = [&](int p) {
            for (int i = 0; i < each; ++i) {
                item& x = items[static_cast<std::size_t>(p * each + i)];
                x.producer = p;
                x.number = i;
                if (box.push(x.l) != pushed::and_must_wake) continue;
                ++wakes;
                typename TestType::template atomic_ref<std::uint32_t>(watch).fetch_add(1, release);
                TestType::unpark(watch, 1);
            }
        };
        auto a = support::call<TestType>([&] { produce(0); });
        auto b = support::call<TestType>([&] { produce(1); });
        auto c = support::call<TestType>([&] { produce(2); });
        int next[producers] = {}, taken = 0, out_of_order = 0, sleeps = 0;
        while (taken < producers * each) {   // one consumer: the lock that take_all() asks for
            for (node* l = box.take_all(); l != nullptr; l = l->next, ++taken) {
                const item& x = *reinterpret_cast<item*>(l);
                if (x.number != next[x.producer]++) ++out_of_order;
            }
            const std::uint32_t v = typename TestType::template atomic_ref<std::uint32_t>(watch).load(relaxed);
            if (taken == producers * each || !box.fall_asleep()) continue;
            ++sleeps;
            TestType::park(watch, v, arch::forever, "a test");
        }
        a.join(), b.join(), c.join();
        CHECK(out_of_order == 0);
        CHECK(wakes <= sleeps);
        CHECK(box.take_all() == nullptr);
    });
}
