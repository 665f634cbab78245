// SPDX-License-Identifier: MIT
//
// The wheel whose kind is chosen at run time: each kind is the wheel of that name.

#include <bottomhalf/any_timer_wheel.hpp>

#include <cstddef>
#include <vector>

#include "support/catch.hpp"
#include "support/wheel_driver.hpp"

using namespace bottomhalf;
using namespace support;

namespace {

template <timer_precision P>
struct chosen : any_timer_wheel {
    explicit chosen(jiffies_t now) : any_timer_wheel(now, P) {}
};

/// The wheel itself, with timers of its own.
template <class Wheel>
class itself {
public:
    explicit itself(jiffies_t now) : wheel_(now), timers_(300), armed_(300) {}

    bool add(int i, jiffies_t expires) {
        armed_[index(i)] = true;
        return wheel_.add(timers_[index(i)], expires);
    }
    void remove(int i) {
        armed_[index(i)] = false;
        wheel_.remove(timers_[index(i)]);
    }
    void move(int i, jiffies_t expires) { wheel_.move(timers_[index(i)], expires); }
    void advance(jiffies_t now) { wheel_.advance(now); }
    bool expects(int i) {
        const timer_node* t = wheel_.pop_due();
        if (t == nullptr) return i == -1;
        armed_[static_cast<std::size_t>(t - timers_.data())] = false;
        return i == t - timers_.data();
    }
    [[nodiscard]] jiffies_t clock() const { return wheel_.clock(); }
    [[nodiscard]] bool has(int i) const { return armed_[index(i)]; }
    [[nodiscard]] std::size_t size() const { return wheel_.size(); }
    [[nodiscard]] bool good_next(jiffies_t next) const { return next == wheel_.next_event(); }

private:
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }
    Wheel wheel_;
    std::vector<timer_node> timers_;
    std::vector<bool> armed_;
};

}   // namespace

TEST_CASE("any_timer_wheel: is the wheel that was chosen", "[timer][any][model]") {
    check_lives(compare_lives<chosen<timer_precision::exact>, itself<timer_wheel>>(80'000));
    check_lives(compare_lives<chosen<timer_precision::v2_6>, itself<timer_wheel_v2_6>>(80'000));
    check_lives(compare_lives<chosen<timer_precision::v6>, itself<timer_wheel_v6>>(80'000));
}

TEST_CASE("any_timer_wheel: is exact if nobody chooses", "[timer][any]") {
    any_timer_wheel wheel;
    timer_node t;
    CHECK(wheel.clock() == initial_jiffies);
    CHECK(wheel.precision() == timer_precision::exact);
    CHECK(wheel.add(t, initial_jiffies));   // it has come: the other two do not say that
    wheel.advance(initial_jiffies + 1);
    CHECK(wheel.pop_due() == &t);
}

TEST_CASE("any_timer_wheel: can be chosen anew while it is empty", "[timer][any]") {
    any_timer_wheel wheel{0};
    timer_node t;
    wheel.advance(1000);
    wheel.add(t, 1100);
    CHECK_FALSE(wheel.choose(timer_precision::v6));
    CHECK(wheel.precision() == timer_precision::exact);
    wheel.advance(1100);
    CHECK_FALSE(wheel.choose(timer_precision::v6));   // it is due, and has not been taken off
    CHECK(wheel.pop_due() == &t);
    CHECK(wheel.choose(timer_precision::v6));
    CHECK(wheel.precision() == timer_precision::v6);
    CHECK(wheel.clock() == 1100);
    wheel.add(t, 1200);
    CHECK(wheel.next_event() == 1208);   // 8 wide
    wheel.remove(t);
    CHECK(wheel.choose(timer_precision::v2_6));
    wheel.add(t, 1200);
    CHECK_FALSE(wheel.move(t, 1201));
    CHECK(wheel.next_event() == 1201);
    int n = 0;
    wheel.for_each([&](timer_node& each) { n += &each == &t ? 1 : 100; });
    CHECK(n == 1);
    wheel.reset(5);
    CHECK(wheel.clock() == 5);
    CHECK(wheel.pop_due() == &t);
}
