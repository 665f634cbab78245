// SPDX-License-Identifier: MIT
//
// The wheel of 2.6: exact at the tick, and in the order that cascading gives; against two models of it.

#include <bottomhalf/timer_wheel_v2_6.hpp>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/wheel_driver.hpp"

using namespace bottomhalf;
using namespace support;

namespace {

std::size_t index(int i) { return static_cast<std::size_t>(i); }

/// What the kernel does: every tick in turn.  Whoever knows its five arrays finds them here.
class tick_by_tick {
public:
    explicit tick_by_tick(jiffies_t now) : clock_(now), base_(now + 1), where_(300, nowhere), expires_(300) {}

    bool add(int i, jiffies_t expires) {
        expires_[index(i)] = expires;
        put(i);
        return false;
    }
    void remove(int i) {
        std::vector<int>& v = where_[index(i)] == due ? due_ : slot_[where_[index(i)] / 256][where_[index(i)] % 256];
        v.erase(std::find(v.begin(), v.end(), i));
        where_[index(i)] = nowhere;
        --size_;
    }
    void move(int i, jiffies_t expires) {
        if (expires == expires_[index(i)]) return;
        remove(i);
        add(i, expires);
    }
    void advance(jiffies_t now) {
        if (time_after(now, clock_)) clock_ = now;
        run();
    }
    bool expects(int i) {
        run();
        if (due_.empty()) return i == -1;
        if (i != due_.front()) return false;
        remove(i);
        return true;
    }
    [[nodiscard]] jiffies_t clock() const { return clock_; }
    [[nodiscard]] bool has(int i) const { return where_[index(i)] != nowhere; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool good_next(jiffies_t next) const {   // nothing in between, as far as the first array tells
        const jiffies_t until = next - base_ > 256 ? base_ + 256 : next;
        for (jiffies_t j = base_; time_before(j, until); ++j)
            if (time_after(j, clock_) && !slot_[0][j % 256].empty()) return false;
        return true;
    }

private:
    static constexpr unsigned nowhere = 9999, due = 9998;

    void put(int i) {
        jiffies_t expires = expires_[index(i)];
        jiffies_t distance = expires - base_;
        if (distance > LONG_MAX) {
            expires = base_;
            distance = 0;
        } else if (distance > 0xffffffff) {
            expires = base_ + 0xffffffff;
            distance = 0xffffffff;
        }
        unsigned array = 0, s = expires % 256;
        for (jiffies_t size = 256; distance >= size; size *= 64) s = (expires / size) % 64, ++array;
        slot_[array][s].push_back(i);
        where_[index(i)] = array * 256 + s;
        ++size_;
    }
    void run() {
        while (due_.empty() && !time_after(base_, clock_)) {
            jiffies_t size = 256;
            for (unsigned array = 1; array < 5 && base_ % size == 0; ++array, size *= 64) {
                std::vector<int> moving;
                moving.swap(slot_[array][base_ / size % 64]);
                size_ -= moving.size();
                for (const int i : moving) put(i);
            }
            due_.swap(slot_[0][base_ % 256]);
            for (const int i : due_) where_[index(i)] = due;
            ++base_;
        }
    }

    jiffies_t clock_, base_;
    std::size_t size_ = 0;
    std::vector<int> slot_[5][256];
    std::vector<unsigned> where_;
    std::vector<jiffies_t> expires_;
    std::vector<int> due_;
};

/// When each fires, and nothing about the order within a tick: for jumps of any length.
class sorted {
    using ticks = unsigned __int128;   // these do not wrap

public:
    explicit sorted(jiffies_t now) : clock_(now), base_(clock_ + 1), timers_(300) {}

    bool add(int i, jiffies_t expires) {
        const jiffies_t distance = expires - static_cast<jiffies_t>(base_);
        timers_[index(i)] = {true, expires, distance > LONG_MAX ? base_ : base_ + distance};
        waiting_.insert({timers_[index(i)].due, i});
        return false;
    }
    void remove(int i) {
        waiting_.erase({timers_[index(i)].due, i});
        timers_[index(i)].armed = false;
    }
    void move(int i, jiffies_t expires) {
        if (expires == timers_[index(i)].expires) return;
        remove(i);
        add(i, expires);
    }
    void advance(jiffies_t now) {
        if (!time_after(now, clock())) return;
        clock_ += now - clock();
        run();
    }
    bool expects(int i) {
        if (!running()) run();
        if (!running()) return i == -1;
        if (i == -1 || !has(i) || timers_[index(i)].due != base_ - 1) return false;
        remove(i);
        return true;
    }
    [[nodiscard]] jiffies_t clock() const { return static_cast<jiffies_t>(clock_); }
    [[nodiscard]] bool has(int i) const { return timers_[index(i)].armed; }
    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] bool good_next(jiffies_t next) const {
        const auto it = waiting_.lower_bound({clock_ + 1, -1});
        return it == waiting_.end() || next - clock() <= it->first - clock_;
    }

private:
    /// Some of the tick before base_ are left.
    [[nodiscard]] bool running() const { return !waiting_.empty() && waiting_.begin()->first < base_; }
    void run() {
        if (running()) return;
        const bool due = !waiting_.empty() && waiting_.begin()->first <= clock_;
        base_ = (due ? waiting_.begin()->first : clock_) + 1;
    }
    struct timer {
        bool armed = false;
        jiffies_t expires = 0;
        ticks due = 0;
    };
    ticks clock_, base_;
    std::vector<timer> timers_;
    std::set<std::pair<ticks, int>> waiting_;
};

}   // namespace

TEST_CASE("timer_wheel_v2_6: each fires at its tick and not before, over every boundary of the levels",
          "[timer][v2.6]") {
    for (const start_tick& s : starts)
        for (const jiffies_t phase : {0UL, 1UL, 255UL, 256UL, 16'383UL, 75'000UL, (1UL << 20) - 1, 1UL << 26}) {
            for (const jiffies_t around : {1UL, 255UL, 256UL, 257UL, 16'384UL, 1UL << 20, 1UL << 26, 1UL << 32,
                                           (1UL << 32) + (1UL << 26), 1UL << 33, 1UL << 40, max_jiffy_offset - 1}) {
                for (const jiffies_t delay : {around - 1, around, around + 1}) {
                    if (delay == 0) continue;
                    const jiffies_t start = s.at + phase;
                    INFO("from " << s.name << " + " << phase << ", delay " << delay);
                    timer_wheel_v2_6 wheel{start};
                    timer_node t;
                    CHECK_FALSE(wheel.add(t, start + delay));
                    wheel.advance(start + delay - 1);
                    CHECK(wheel.pop_due() == nullptr);
                    CHECK(wheel.next_event() == start + delay);
                    wheel.advance(start + delay);
                    CHECK(wheel.pop_due() == &t);
                    CHECK(wheel.pop_due() == nullptr);
                    CHECK(wheel.size() == 0);
                }
            }
        }
}

TEST_CASE("timer_wheel_v2_6: what lies in the past, or is now, waits for the next tick", "[timer][v2.6]") {
    for (const start_tick& s : starts)
        for (const jiffies_t ago : {0UL, 1UL, 255UL, 256UL, 5000UL, 1UL << 40, (1UL << 63) - 1}) {
            INFO(s.name << ", " << ago << " ago");
            timer_wheel_v2_6 wheel{s.at};
            timer_node t;
            CHECK_FALSE(wheel.add(t, s.at - ago));
            CHECK(wheel.pop_due() == nullptr);
            CHECK(wheel.next_event() == s.at + 1);
            wheel.advance(s.at + 1);
            CHECK(wheel.pop_due() == &t);
        }
}

TEST_CASE("timer_wheel_v2_6: in a slot the first comes first", "[timer][v2.6][order]") {
    timer_wheel_v2_6 wheel{0};
    timer_node a, b, c, d;
    wheel.add(a, 20);
    wheel.add(b, 20);
    wheel.add(c, 20);
    wheel.move(a, 20);   // the same: keeps its place
    wheel.move(b, 21);
    wheel.move(b, 20);   // goes to the end
    wheel.advance(19);
    wheel.add(d, 3);   // the past
    wheel.advance(20);
    for (const timer_node* t : {&a, &c, &b, &d}) CHECK(wheel.pop_due() == t);
}

TEST_CASE("timer_wheel_v2_6: a near timer comes before one that cascades to its slot", "[timer][v2.6][order]") {
    timer_wheel_v2_6 wheel{0};
    timer_node far, near, late;
    wheel.add(far, 300);
    wheel.advance(250);
    wheel.add(near, 300);   // is in the slot already when the other comes down, at 256
    wheel.advance(256);
    wheel.add(late, 300);
    wheel.advance(300);
    for (const timer_node* t : {&near, &far, &late}) CHECK(wheel.pop_due() == t);
}

TEST_CASE("timer_wheel_v2_6: the lower level cascades first", "[timer][v2.6][order]") {
    timer_wheel_v2_6 wheel{0};
    timer_node third, second;
    constexpr jiffies_t turn = 256 * 64;
    wheel.add(third, turn + 5);
    wheel.advance(1000);
    wheel.add(second, turn + 5);
    wheel.advance(turn + 5);
    for (const timer_node* t : {&second, &third}) CHECK(wheel.pop_due() == t);
}

TEST_CASE("timer_wheel_v2_6: a late run goes tick by tick", "[timer][v2.6][order]") {
    for (const jiffies_t now : {jiffies_t{40}, jiffies_t{1} << 37}) {
        timer_wheel_v2_6 wheel{0};
        timer_node a, b, c, d, far;
        wheel.add(a, 30);
        wheel.add(b, 10);
        wheel.add(c, 20);
        wheel.add(far, jiffies_t{1} << 40);
        wheel.advance(now);
        CHECK(wheel.pop_due() == &b);
        wheel.add(b, 15);   // its own function arms it again, for a tick that is over, too
        wheel.add(d, 5);    // the past: the base's next tick, which is 11
        CHECK(wheel.next_event() == now + 1);
        for (const timer_node* t : {&d, &b, &c, &a}) CHECK(wheel.pop_due() == t);
        CHECK(wheel.pop_due() == nullptr);
    }
}

TEST_CASE("timer_wheel_v2_6: a due timer that is moved waits again, unless its expiry stays", "[timer][v2.6][move]") {
    timer_wheel_v2_6 wheel{0};
    timer_node a, b;
    wheel.add(a, 10);
    wheel.add(b, 10);
    wheel.advance(10);
    CHECK_FALSE(wheel.move(a, 11));
    CHECK(wheel.move(b, 10));
    CHECK(wheel.pop_due() == &b);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(11);
    CHECK(wheel.pop_due() == &a);
}

TEST_CASE("timer_wheel_v2_6: a removed timer leaves no event behind", "[timer][v2.6][remove]") {
    timer_wheel_v2_6 wheel{initial_jiffies};
    CHECK(wheel.next_event() == initial_jiffies + max_jiffy_offset);
    timer_node a, b;
    for (const jiffies_t delay : {0UL, 70UL, 600UL, 20'000UL, 1UL << 22, 1UL << 29, 1UL << 40}) {
        wheel.add(a, wheel.clock() + delay);
        wheel.add(b, wheel.clock() + delay);
        wheel.remove(a);
        CHECK(wheel.next_event() != wheel.clock() + max_jiffy_offset);
        wheel.remove(b);
        CHECK(wheel.next_event() == wheel.clock() + max_jiffy_offset);
        CHECK(wheel.size() == 0);
    }
}

TEST_CASE("timer_wheel_v2_6: whoever sleeps until next_event() wakes once per level at most", "[timer][v2.6]") {
    timer_wheel_v2_6 wheel{initial_jiffies};
    timer_node t;
    wheel.add(t, initial_jiffies + 0xfedcba98);
    int wakes = 0;
    for (; wheel.size() != 0 && wakes < 20; ++wakes) {
        wheel.advance(wheel.next_event());
        wheel.pop_due();
    }
    CHECK(wheel.clock() == initial_jiffies + 0xfedcba98);
    CHECK(wakes <= 5);
}

TEST_CASE("timer_wheel_v2_6: the clock may jump over everything, twice, and be set back", "[timer][v2.6][reset]") {
    support::check_jumps_and_reset<timer_wheel_v2_6>();
}

TEST_CASE("timer_wheel_v2_6: rounds are left out and nobody can tell", "[timer][v2.6][order]") {
    // Far timers whose order is a matter of where they lie on the uppermost level; one wheel jumps, one goes in steps that
    // are too short to leave anything out.
    std::mt19937_64 random(26);
    for (int n = 0; n < 20; ++n) {
        timer_wheel_v2_6 jumping{0}, walking{0};
        std::vector<timer_node> a(40), b(40);
        for (std::size_t i = 0; i < a.size(); ++i) {
            const jiffies_t expires = (jiffies_t{1} << 38) + random() % 3 * (jiffies_t{1} << 32) + random() % 4;
            jumping.add(a[i], expires);
            walking.add(b[i], expires);
            const jiffies_t now = jumping.clock() + random() % (jiffies_t{1} << 27);
            jumping.advance(now);
            walking.advance(now);
        }
        const jiffies_t from = walking.clock(), end = (jiffies_t{1} << 38) + (jiffies_t{1} << 35);
        jumping.advance(end);
        std::vector<std::ptrdiff_t> jumped, walked;
        while (const timer_node* t = jumping.pop_due()) jumped.push_back(t - a.data());
        for (jiffies_t now = from; now != end;) {
            now += std::min(end - now, jiffies_t{1} << 33);
            walking.advance(now);
            while (const timer_node* t = walking.pop_due()) walked.push_back(t - b.data());
        }
        CHECK(jumped.size() == a.size());
        CHECK(jumped == walked);
    }
}

TEST_CASE("timer_wheel_v2_6: a timer can be taken off after rounds were left out", "[timer][v2.6][remove]") {
    for (jiffies_t end = jiffies_t{1} << 36; end < jiffies_t{1} << 39; end += jiffies_t{12'345} << 24) {
        timer_wheel_v2_6 wheel{0};
        timer_node t[20];
        for (timer_node& each : t) {   // all over the uppermost level
            wheel.add(each, jiffies_t{1} << 40);
            wheel.advance(wheel.clock() + (jiffies_t{3} << 26));
        }
        wheel.advance(end);
        CHECK(wheel.next_event() - end <= jiffies_t{1} << 32);
        for (timer_node& each : t) wheel.remove(each);
        CHECK(wheel.next_event() == end + max_jiffy_offset);
    }
}

TEST_CASE("timer_wheel_v2_6: does what is done tick by tick", "[timer][v2.6][model]") {
    check_lives(compare_lives<timer_wheel_v2_6, tick_by_tick>(2'000'000, {62, 18, 10}));
}

TEST_CASE("timer_wheel_v2_6: fires when a sorted set does, however far the clock jumps", "[timer][v2.6][model]") {
    check_lives(compare_lives<timer_wheel_v2_6, sorted>(2'000'000));
}
