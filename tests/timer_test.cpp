// SPDX-License-Identifier: MIT
//
// The wheel against a sorted list that does the same in the obvious way.

#include <bottomhalf/timer.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <tuple>
#include <vector>

#include "support/catch.hpp"
#include "support/wheel_driver.hpp"

using namespace bottomhalf;
using namespace support;

namespace {

/// The obvious way.  A timer is due at its tick; if that has come already, at the next one, before those whose it is.  First
/// come, first due.
class sorted {
    using ticks = unsigned __int128;   // since the start: these do not wrap

public:
    explicit sorted(jiffies_t now) : clock_(now) {}

    bool add(int i, jiffies_t expires) {
        const bool past = !time_after(expires, clock_);
        at_[i] = pending_.emplace(past ? elapsed_ + 1 : elapsed_ + (expires - clock_), !past, ++arrivals_, i).first;
        return past;
    }
    void remove(int i) {
        pending_.erase(at_.at(i));
        at_.erase(i);
    }
    void move(int i, jiffies_t expires) {
        remove(i);
        add(i, expires);
    }
    [[nodiscard]] bool has(int i) const { return at_.count(i) != 0; }
    [[nodiscard]] std::size_t size() const { return pending_.size(); }
    void advance(jiffies_t now) {
        if (!time_after(now, clock_)) return;
        elapsed_ += now - clock_;
        clock_ = now;
    }
    [[nodiscard]] jiffies_t clock() const { return clock_; }
    bool expects(int i) {
        const bool due = !pending_.empty() && std::get<0>(*pending_.begin()) <= elapsed_;
        if (i != (due ? std::get<3>(*pending_.begin()) : -1)) return false;
        if (due) remove(i);
        return true;
    }
    /// No later than the next timer; earlier is allowed, a level may turn over.
    [[nodiscard]] bool good_next(jiffies_t next) const {
        const auto it = pending_.lower_bound({elapsed_ + 1, false, 0, 0});
        return it == pending_.end() || next - clock_ <= std::get<0>(*it) - elapsed_;
    }

private:
    using pending = std::set<std::tuple<ticks, bool, std::uint64_t, int>>;
    pending pending_;
    std::map<int, pending::iterator> at_;
    jiffies_t clock_;
    ticks elapsed_ = 0;
    std::uint64_t arrivals_ = 0;
};

}   // namespace

TEST_CASE("timer_wheel: does what a sorted list does, over two million random operations", "[timer][model]") {
    check_lives(compare_lives<timer_wheel, sorted>(2'000'000));
}

TEST_CASE("timer_wheel: does the same with a crowd, of which some are cancelled while those before them fire",
          "[timer][model]") {
    std::mt19937_64 random(20'050'301);
    timer_wheel wheel{initial_jiffies};
    sorted model{initial_jiffies};
    std::vector<timer_node> timers(20'000);   // so many that it looks ahead
    const auto add = [&](int i) {
        const jiffies_t expires = model.clock() + random() % 300;
        wheel.add(timers[static_cast<std::size_t>(i)], expires);
        model.add(i, expires);
    };
    for (int i = 0; i < 20'000; ++i) add(i);
    for (int step = 0; step < 1000; ++step) {
        INFO("step " << step);
        wheel.advance(wheel.clock() + random() % 4);
        model.advance(wheel.clock());
        for (std::uint64_t n = random() % 400; n != 0; --n) {
            const timer_node* due = wheel.pop_due();
            REQUIRE(model.expects(due == nullptr ? -1 : static_cast<int>(due - timers.data())));
            if (due == nullptr) break;
        }
        for (std::uint64_t n = random() % 200; n != 0; --n) {
            const int i = static_cast<int>(random() % timers.size());
            if (!model.has(i)) {
                add(i);
            } else if (random() % 32 == 0) {
                wheel.remove(timers[static_cast<std::size_t>(i)]);
                model.remove(i);
            }
        }
        REQUIRE(wheel.size() == model.size());
        REQUIRE(wheel.empty() == (model.size() == 0));
    }
}

TEST_CASE("timer_wheel: each expires at its tick and not before, over every boundary of the levels",
          "[timer][advance]") {
    for (const jiffies_t start :
         {jiffies_t{0}, initial_jiffies, jiffies_t{4095}, jiffies_t{63}, std::numeric_limits<jiffies_t>::max() - 100}) {
        for (const jiffies_t delay :
             {1UL, 2UL, 62UL, 63UL, 64UL, 65UL, 127UL, 128UL, 4032UL, 4095UL, 4096UL, 4097UL, 8192UL, 262'143UL,
              262'144UL, 262'145UL, 1UL << 24, 1UL << 40, max_jiffy_offset}) {
            INFO("from " << start << ", delay " << delay);
            timer_wheel wheel{start};
            timer_node t;
            CHECK_FALSE(wheel.add(t, start + delay));
            wheel.advance(start + delay - 1);
            CHECK(wheel.pop_due() == nullptr);
            CHECK(wheel.size() == 1);
            CHECK(wheel.next_event() == start + delay);
            wheel.advance(start + delay);
            CHECK(wheel.pop_due() == &t);
            CHECK(wheel.size() == 0);
            CHECK(wheel.pop_due() == nullptr);
        }
    }
}

TEST_CASE("timer_wheel: whoever sleeps until next_event() wakes a few times at most, and in time",
          "[timer][next_event]") {
    timer_wheel wheel{initial_jiffies};
    timer_node t;
    const jiffies_t expires = initial_jiffies + 3 * 64 * 64 * 64 + 5 * 64 * 64 + 7 * 64 + 9;
    wheel.add(t, expires);
    unsigned wakes = 0;
    while (wheel.due().empty() && wakes < 20) {
        wheel.advance(wheel.next_event());
        ++wakes;
    }
    CHECK(wheel.clock() == expires);
    CHECK(wheel.pop_due() == &t);
    CHECK(wakes <= 6);   // once per level that it passes
}

TEST_CASE("timer_wheel: an empty one has no event in sight and may jump anywhere", "[timer][next_event]") {
    timer_wheel wheel{initial_jiffies};
    CHECK(wheel.next_event() == initial_jiffies + max_jiffy_offset);
    wheel.advance(initial_jiffies + 123'456'789);
    CHECK(wheel.clock() == initial_jiffies + 123'456'789);
    wheel.advance(initial_jiffies);   // time does not go back
    CHECK(wheel.clock() == initial_jiffies + 123'456'789);
    timer_node t;
    wheel.add(t, wheel.clock() + 1);
    CHECK(wheel.next_event() == wheel.clock() + 1);
    wheel.remove(t);
    CHECK(wheel.size() == 0);
    CHECK(wheel.next_event() == wheel.clock() + max_jiffy_offset);
}

TEST_CASE("timer_wheel: timers of one tick come in the order in which they were added, wherever they waited",
          "[timer][order]") {
    timer_wheel wheel{0};
    timer_node a, b, c, d;
    wheel.add(a, 5000);   // level 2
    wheel.advance(4900);
    wheel.add(b, 5000);   // level 1
    wheel.advance(4995);
    wheel.add(c, 5000);   // level 0
    wheel.advance(5000);
    wheel.add(d, 4000);   // in the past: at the next tick
    for (const timer_node* t : {&a, &b, &c}) CHECK(wheel.pop_due() == t);
    CHECK(wheel.pop_due() == nullptr);
    CHECK(wheel.next_event() == 5001);
    wheel.add(a, 5001);
    wheel.advance(5001);
    CHECK(wheel.pop_due() == &d);
    CHECK(wheel.pop_due() == &a);
}

TEST_CASE("timer_wheel: a timer can be removed after it has become due", "[timer][remove]") {
    timer_wheel wheel{0};
    timer_node a, b;
    wheel.add(a, 10);
    wheel.add(b, 10);
    wheel.advance(10);
    wheel.remove(a);
    CHECK(wheel.size() == 1);
    CHECK(wheel.pop_due() == &b);
    CHECK(wheel.pop_due() == nullptr);
    wheel.add(a, 11);   // and used again
    wheel.advance(11);
    CHECK(wheel.pop_due() == &a);
}

TEST_CASE("timer_wheel: a jump of half the range, while it is behind, loses nothing; and reset() makes all due",
          "[timer][advance][reset]") {
    timer_wheel wheel{initial_jiffies};
    std::vector<timer_node> t(40);
    for (std::size_t i = 0; i < t.size(); ++i) wheel.add(t[i], initial_jiffies + 1 + 70 * i);
    wheel.advance(initial_jiffies + 1000);
    CHECK(wheel.pop_due() == &t[0]);   // and it stays behind
    wheel.advance(wheel.clock() + max_jiffy_offset);
    wheel.advance(wheel.clock() + max_jiffy_offset);
    for (std::size_t i = 1; i < 20; ++i) CHECK(wheel.pop_due() == &t[i]);
    wheel.reset(0);
    CHECK(wheel.clock() == 0);
    for (std::size_t i = 20; i < t.size(); ++i) CHECK(wheel.pop_due() == &t[i]);
    CHECK(wheel.pop_due() == nullptr);
    CHECK(wheel.size() == 0);
    wheel.add(t[0], 5);
    wheel.advance(5);
    CHECK(wheel.pop_due() == &t[0]);
}

TEST_CASE("timer_wheel: the clock may jump over everything, twice, and be set back", "[timer][reset]") {
    support::check_jumps_and_reset<timer_wheel>();
}

TEST_CASE("timer_wheel: for_each sees what waits and what is due", "[timer][for_each]") {
    timer_wheel wheel{0};
    timer_node t[4];
    wheel.add(t[0], 1);
    wheel.add(t[1], 100);
    wheel.add(t[2], 10'000);
    wheel.add(t[3], max_jiffy_offset);
    wheel.advance(1);
    int n = 0;
    wheel.for_each([&](timer_node&) { ++n; });
    CHECK(n == 4);
}

TEST_CASE("timer_wheel: is empty but for a timer, wherever that is", "[timer][empty]") {
    timer_wheel wheel{1000};
    CHECK(wheel.empty());
    for (const jiffies_t distance : {0UL, 1UL, 63UL, 64UL, 5000UL, 300'000UL, max_jiffy_offset}) {
        timer_node t;
        wheel.add(t, wheel.clock() + distance);
        CHECK_FALSE(wheel.empty());
        CHECK(wheel.size() == 1);
        wheel.remove(t);
        CHECK(wheel.empty());
        CHECK(wheel.size() == 0);
    }
    timer_node due;
    wheel.add(due, wheel.clock() + 1);
    wheel.advance(wheel.clock() + 1);
    CHECK_FALSE(wheel.empty());   // due, and not taken yet
    CHECK(wheel.pop_due() == &due);
    CHECK(wheel.empty());
}

TEST_CASE("timer_wheel: many that move down together fire tick by tick, in each as they came", "[timer][order]") {
    timer_wheel wheel{0};
    std::vector<timer_node> t(6000);
    std::mt19937 random(7);
    // Where few have moved down before, and where many have: they are walked along in another way then.
    for (int round = 0; round < 4; ++round) {
        const jiffies_t begin = wheel.clock();
        std::map<jiffies_t, std::vector<timer_node*>> ticks;
        for (timer_node& each : t) {
            const jiffies_t at = begin + 1 + random() % 400;
            wheel.add(each, at);
            ticks[at].push_back(&each);
        }
        for (const auto& [at, those] : ticks) {
            wheel.advance(at - 1);
            REQUIRE(wheel.pop_due() == nullptr);
            wheel.advance(at);
            for (timer_node* each : those) REQUIRE(wheel.pop_due() == each);
        }
        wheel.advance(begin + 500);
        REQUIRE(wheel.empty());
    }
}

TEST_CASE("timer_wheel: one whose expiry is written over while it is pending comes down where that belongs",
          "[timer]") {
    timer_wheel wheel{0};
    timer_node t;
    wheel.add(t, 100);
    t.expires = 5000;   // a driver's mistake: mod_timer() would have been right
    wheel.advance(4999);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(5000);
    CHECK(wheel.pop_due() == &t);
}
