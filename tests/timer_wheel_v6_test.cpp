// SPDX-License-Identifier: MIT
//
// The wheel of 4.8 and later: its table, what it promises and what it does not, and two models of it.

#include <bottomhalf/timer_wheel_v6.hpp>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <random>
#include <set>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/catch.hpp"
#include "support/wheel_driver.hpp"

using namespace bottomhalf;
using namespace support;

namespace {

// The table, written down once more.
struct row {
    jiffies_t upto;
    jiffies_t width;
};
constexpr row table[] = {{62, 1},
                         {503, 8},
                         {4'031, 64},
                         {32'255, 512},
                         {258'047, 4'096},
                         {2'064'383, 32'768},
                         {16'515'071, 262'144},
                         {132'120'575, 2'097'152},
                         {1'056'964'607, 16'777'216}};
template <unsigned long Hz>
constexpr int rows = Hz > 100 ? 9 : 8;
template <unsigned long Hz>
constexpr jiffies_t furthest = Hz > 100 ? 1'040'187'392 : 130'023'424;

/// The row that a distance belongs to; beyond the last one it is cut off, first.
template <unsigned long Hz>
int row_of(jiffies_t& distance) {
    for (int i = 0; i < rows<Hz>; ++i)
        if (distance <= table[i].upto) return i;
    distance = furthest<Hz>;
    return rows<Hz> - 1;
}

/// When a timer fires that is added to an idle wheel.
template <unsigned long Hz>
jiffies_t fires_at(jiffies_t now, jiffies_t distance) {
    const jiffies_t width = table[row_of<Hz>(distance)].width;
    const jiffies_t since = (now + distance) % width;
    return now + distance - since + width;
}

using wheel_250 = basic_timer_wheel_v6<250>;
using wheel_100 = basic_timer_wheel_v6<100>;
static_assert(std::is_same_v<timer_wheel_v6, basic_timer_wheel_v6<hz>>);
static_assert(wheel_250::levels == 9 && basic_timer_wheel_v6<101>::levels == 9 && wheel_100::levels == 8);

/// Adds a timer, and looks whether it fires at `expected` and not a tick earlier.
template <class Wheel>
bool fires(jiffies_t now, jiffies_t expires, jiffies_t expected) {
    Wheel wheel{now};
    timer_node t;
    wheel.add(t, expires);
    if (wheel.next_event() != expected) return false;
    wheel.advance(expected - 1);
    if (wheel.pop_due() != nullptr || wheel.size() != 1) return false;
    wheel.advance(expected);
    return wheel.pop_due() == &t && wheel.pop_due() == nullptr && wheel.size() == 0;
}

template <class Wheel, unsigned long Hz>
void check_table() {
    std::vector<jiffies_t> distances{0, 1, 2, 61, Wheel::max_timeout, Wheel::cut_off, max_jiffy_offset, LONG_MAX};
    for (int i = 0; i < rows<Hz>; ++i)
        for (const jiffies_t d : {table[i].upto, table[i].upto + 1, table[i].upto + 2}) distances.push_back(d);
    for (const start_tick& s : starts)
        for (const jiffies_t phase :
             {0UL, 1UL, 7UL, 8UL, 63UL, 64UL, 511UL, 4095UL, 32'767UL, 75'000UL, 262'143UL, 16'777'215UL})
            for (const jiffies_t d : distances) {
                const jiffies_t now = s.at + phase;
                INFO("at " << s.name << " + " << phase << ", distance " << d);
                CHECK(fires<Wheel>(now, now + d, fires_at<Hz>(now, d)));
            }
}

/// What the wheel does, one timer after the other in a sorted set.  No bucket, no bitmap.
template <unsigned long Hz>
class sorted {
    using ticks = unsigned __int128;   // these do not wrap

public:
    explicit sorted(jiffies_t now) : clock_(now), base_(now), timers_(300) {}

    bool add(int i, jiffies_t expires) {
        catch_up();
        put(i, expires, target(expires));
        return false;
    }
    void remove(int i) {
        waiting_.erase(timers_[index(i)].at);
        due_.erase(std::remove(due_.begin(), due_.end(), i), due_.end());
        timers_[index(i)].armed = false;
    }
    void move(int i, jiffies_t expires) {
        timer& t = timers_[index(i)];
        if (t.expires == expires) return;
        catch_up();
        const target_tick to = target(expires);
        if (waiting_.count(t.at) != 0 && std::get<0>(t.at) == to.at && std::get<1>(t.at) == -to.level) {
            t.expires = expires;
            return;
        }
        remove(i);
        put(i, expires, to);
    }
    void advance(jiffies_t now) {
        if (!time_after(now, clock())) return;
        clock_ += now - clock();
        running_ = true;
        run();
    }
    bool expects(int i) {
        run();
        if (due_.empty()) return i == -1;
        if (i != due_.front()) return false;
        remove(i);
        return true;
    }
    [[nodiscard]] jiffies_t clock() const { return static_cast<jiffies_t>(clock_); }
    [[nodiscard]] bool has(int i) const { return timers_[index(i)].armed; }
    [[nodiscard]] std::size_t size() const { return waiting_.size() + due_.size(); }
    [[nodiscard]] bool good_next(jiffies_t next) const {
        if (waiting_.empty()) return next == clock() + max_jiffy_offset;
        return next == static_cast<jiffies_t>(std::max(std::get<0>(*waiting_.begin()), clock_ + 1));
    }

private:
    using place = std::tuple<ticks, int, std::int64_t, int>;   // sorted: tick, higher levels, the last added
    struct timer {
        bool armed = false;
        jiffies_t expires = 0;
        place at{};
    };
    struct target_tick {
        ticks at;
        int level;
    };
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }

    [[nodiscard]] target_tick target(jiffies_t expires) const {
        jiffies_t distance = expires - static_cast<jiffies_t>(base_);
        if (distance > LONG_MAX) return {base_, 0};
        const int level = row_of<Hz>(distance);
        const ticks width = table[level].width;
        return {((base_ + distance) / width + 1) * width, level};
    }
    void put(int i, jiffies_t expires, target_tick to) {
        timers_[index(i)] = {true, expires, {to.at, -to.level, -++arrivals_, i}};
        waiting_.insert(timers_[index(i)].at);
    }
    void catch_up() {
        if (base_ < clock_) base_ = waiting_.empty() ? clock_ : std::min(clock_, std::get<0>(*waiting_.begin()));
    }
    void run() {
        if (!due_.empty() || !running_) return;
        running_ = !waiting_.empty() && std::get<0>(*waiting_.begin()) <= clock_;
        if (!running_) return catch_up();
        base_ = std::get<0>(*waiting_.begin()) + 1;
        while (!waiting_.empty() && std::get<0>(*waiting_.begin()) < base_) {
            due_.push_back(std::get<3>(*waiting_.begin()));
            waiting_.erase(waiting_.begin());
        }
    }

    ticks clock_, base_;
    bool running_ = false;
    std::int64_t arrivals_ = 0;
    std::vector<timer> timers_;
    std::set<place> waiting_;
    std::deque<int> due_;
};

/// What the kernel does: every tick in turn, and all that begins at it.
template <unsigned long Hz>
class tick_by_tick {
public:
    explicit tick_by_tick(jiffies_t now) : clock_(now), base_(now), where_(300, nowhere), expires_(300) {}

    bool add(int i, jiffies_t expires) {
        catch_up();
        put(i, expires, bucket_for(expires));
        return false;
    }
    void remove(int i) {
        std::vector<int>& v = where_[index(i)] == due ? due_ : bucket_[where_[index(i)] / 64][where_[index(i)] % 64];
        v.erase(std::find(v.begin(), v.end(), i));
        where_[index(i)] = nowhere;
        --size_;
    }
    void move(int i, jiffies_t expires) {
        if (expires == expires_[index(i)]) return;
        catch_up();
        const unsigned to = bucket_for(expires);
        expires_[index(i)] = expires;
        if (where_[index(i)] == to) return;
        remove(i);
        put(i, expires, to);
    }
    void advance(jiffies_t now) {
        if (!time_after(now, clock_)) return;
        clock_ = now;
        running_ = true;
        run();
    }
    bool expects(int i) {
        run();
        if (due_.empty()) return i == -1;
        if (i != due_.back()) return false;
        remove(i);
        return true;
    }
    [[nodiscard]] jiffies_t clock() const { return clock_; }
    [[nodiscard]] bool has(int i) const { return where_[index(i)] != nowhere; }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool good_next(jiffies_t next) const {   // nothing in between, as far as we like to look
        const jiffies_t until = next - clock_ > 1000 ? clock_ + 1000 : next;
        for (jiffies_t j = base_; time_before(j, until); ++j)
            if (time_after(j, clock_) && occupied(j)) return false;
        return true;
    }

private:
    static constexpr unsigned nowhere = 9999, due = 9998;
    static std::size_t index(int i) { return static_cast<std::size_t>(i); }

    [[nodiscard]] unsigned bucket_for(jiffies_t expires) const {
        jiffies_t distance = expires - base_;
        if (distance > LONG_MAX) return base_ % 64;
        const int level = row_of<Hz>(distance);
        return static_cast<unsigned>(level) * 64 + ((base_ + distance) / table[level].width + 1) % 64;
    }
    void put(int i, jiffies_t expires, unsigned to) {
        bucket_[to / 64][to % 64].push_back(i);
        where_[index(i)] = to;
        expires_[index(i)] = expires;
        ++size_;
    }
    [[nodiscard]] bool occupied(jiffies_t tick) const {
        for (int l = 0; l < rows<Hz> && tick % table[l].width == 0; ++l)
            if (!bucket_[l][tick / table[l].width % 64].empty()) return true;
        return false;
    }
    void catch_up() {
        while (time_before(base_, clock_) && !occupied(base_)) ++base_;
    }
    void run() {
        while (due_.empty() && running_) {
            catch_up();
            running_ = time_before_eq(base_, clock_) && occupied(base_);
            if (!running_) return;
            // From the back: the last comes first.  So what comes last goes in first: level 0, its first timer.
            for (int l = 0; l < rows<Hz> && base_ % table[l].width == 0; ++l) {
                std::vector<int>& v = bucket_[l][base_ / table[l].width % 64];
                for (const int i : v) {
                    due_.push_back(i);
                    where_[index(i)] = due;
                }
                v.clear();
            }
            ++base_;
        }
    }

    jiffies_t clock_, base_;
    bool running_ = false;
    std::size_t size_ = 0;
    std::vector<int> bucket_[9][64];
    std::vector<unsigned> where_;
    std::vector<jiffies_t> expires_;
    std::vector<int> due_;
};

}   // namespace

TEST_CASE("timer_wheel_v6: fires where the table says, on both sides of every boundary", "[timer][v6]") {
    CHECK(wheel_250::cut_off == 1'056'964'608);
    CHECK(wheel_250::max_timeout == 1'040'187'392);
    check_table<wheel_250, 250>();
}

TEST_CASE("timer_wheel_v6: has a level less at HZ 100 and below", "[timer][v6]") {
    CHECK(wheel_100::cut_off == 132'120'576);
    CHECK(wheel_100::max_timeout == 130'023'424);
    check_table<wheel_100, 100>();
}

TEST_CASE("timer_wheel_v6: is never early, and late by 1 tick to an eighth of the delay", "[timer][v6]") {
    std::mt19937_64 random(48);
    double worst = 0;
    for (long n = operations(100'000); n != 0; --n) {
        const jiffies_t now = random(), delay = random_length(random, 30) % wheel_250::cut_off;
        wheel_250 wheel{now};
        timer_node t;
        wheel.add(t, now + delay);
        const jiffies_t late = wheel.next_event() - (now + delay);
        jiffies_t d = delay;
        const jiffies_t width = table[row_of<250>(d)].width;
        if (late < 1 || late > width) FAIL("late by " << late << " from " << now << ", delay " << delay);
        if (delay >= 63) worst = std::max(worst, static_cast<double>(late) / static_cast<double>(delay));
    }
    INFO("worst: " << worst);
    CHECK(worst <= 8.0 / 63);
    CHECK(8.0 / 63 < 0.127);
    CHECK(worst > 0.12);   // the promise is not idle
}

TEST_CASE("timer_wheel_v6: in a bucket the last comes first", "[timer][v6][order]") {
    timer_wheel_v6 wheel{0};
    timer_node a, b, c;
    wheel.add(a, 100);
    wheel.add(b, 97);
    wheel.add(c, 103);
    wheel.advance(103);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(104);
    for (const timer_node* t : {&c, &b, &a}) CHECK(wheel.pop_due() == t);
}

TEST_CASE("timer_wheel_v6: in a tick the higher level comes first", "[timer][v6][order]") {
    timer_wheel_v6 wheel{0};
    timer_node low, middle, high;
    wheel.add(high, 510);   // 64 wide: fires at 512
    wheel.advance(100);
    wheel.add(middle, 505);   // 8 wide
    wheel.advance(500);
    wheel.add(low, 511);
    wheel.advance(511);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(512);
    for (const timer_node* t : {&high, &middle, &low}) CHECK(wheel.pop_due() == t);
}

TEST_CASE("timer_wheel_v6: a late run goes tick by tick", "[timer][v6][order]") {
    timer_wheel_v6 wheel{0};
    timer_node a, b, c, d;
    wheel.add(a, 30);
    wheel.add(b, 10);
    wheel.add(c, 20);
    wheel.advance(40);
    CHECK(wheel.pop_due() == &b);
    wheel.add(b, 22);   // its own function arms it again, for a tick that is over, too
    wheel.add(d, 15);   // before the next tick at which one fires, which is c's: for the base's clock that is the past
    CHECK(wheel.pop_due() == &d);
    CHECK(wheel.pop_due() == &c);
    CHECK(wheel.pop_due() == &b);
    CHECK(wheel.pop_due() == &a);
    CHECK(wheel.pop_due() == nullptr);
}

TEST_CASE("timer_wheel_v6: what lies in the past waits for the next tick", "[timer][v6]") {
    for (const start_tick& s : starts)
        for (const jiffies_t ago : {1UL, 2UL, 63UL, 64UL, 5000UL, 1UL << 40, 1UL << 63}) {
            INFO(s.name << ", " << ago << " ago");
            timer_wheel_v6 wheel{s.at};
            timer_node t;
            CHECK_FALSE(wheel.add(t, s.at - ago));
            CHECK(wheel.pop_due() == nullptr);
            CHECK(wheel.next_event() == s.at + 1);
            wheel.advance(s.at + 1);
            CHECK(wheel.pop_due() == &t);
        }
    timer_wheel_v6 wheel{0};   // the same behind a tick at which something fired
    timer_node t, u;
    wheel.add(t, 0);
    wheel.advance(1);
    CHECK(wheel.pop_due() == &t);
    wheel.add(t, 0);
    wheel.add(u, 1);   // this tick is over as well, so it waits for the same one
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(2);
    CHECK(wheel.pop_due() == &u);
    CHECK(wheel.pop_due() == &t);
}

TEST_CASE("timer_wheel_v6: a move within the bucket changes nothing but the expiry", "[timer][v6][move]") {
    timer_wheel_v6 wheel{0};
    timer_node a, b;
    wheel.add(a, 97);
    wheel.add(b, 98);
    wheel.move(a, 103);
    CHECK(a.expires == 103);
    wheel.advance(104);
    CHECK(wheel.pop_due() == &b);   // still the last
    CHECK(wheel.move(a, 103));      // due, and the same expiry: stays due
    CHECK_FALSE(wheel.move(a, 104 + 60));
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(164);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(165);
    CHECK(wheel.pop_due() == &a);
}

TEST_CASE("timer_wheel_v6: a move elsewhere is the same as being added", "[timer][v6][move]") {
    timer_wheel_v6 wheel{0};
    timer_node a, b;
    wheel.add(a, 97);
    wheel.add(b, 98);
    wheel.advance(90);
    wheel.move(a, 98);   // the same tick on another level
    CHECK(wheel.next_event() == 99);
    wheel.advance(99);
    CHECK(wheel.pop_due() == &a);
    wheel.move(b, 98);   // the same expiry: it keeps the wide bucket
    CHECK(wheel.next_event() == 104);
    CHECK(wheel.size() == 1);
}

TEST_CASE("timer_wheel_v6: a due timer that is moved a round ahead is not early", "[timer][v6][move]") {
    timer_wheel_v6 wheel{0};
    timer_node a;
    wheel.add(a, 9);
    wheel.advance(10);
    wheel.move(a, 73);   // the bucket that it has just come from
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(73);
    CHECK(wheel.pop_due() == nullptr);
    wheel.advance(74);
    CHECK(wheel.pop_due() == &a);
}

TEST_CASE("timer_wheel_v6: a removed timer leaves no event behind", "[timer][v6][remove]") {
    timer_wheel_v6 wheel{initial_jiffies};
    CHECK(wheel.next_event() == initial_jiffies + max_jiffy_offset);
    timer_node a, b;
    for (const jiffies_t delay : {0UL, 70UL, 600UL, 5000UL, 1UL << 29}) {
        wheel.add(a, wheel.clock() + delay);
        wheel.add(b, wheel.clock() + delay);
        wheel.remove(a);
        CHECK(wheel.next_event() != wheel.clock() + max_jiffy_offset);
        wheel.remove(b);
        CHECK(wheel.next_event() == wheel.clock() + max_jiffy_offset);
        CHECK(wheel.size() == 0);
    }
    wheel.add(a, wheel.clock());
    wheel.add(b, wheel.clock());
    wheel.advance(wheel.clock() + 1);
    wheel.remove(b);   // due already
    CHECK(wheel.pop_due() == &a);
    CHECK(wheel.pop_due() == nullptr);
}

TEST_CASE("timer_wheel_v6: the clock may jump over everything, twice, and be set back", "[timer][v6][reset]") {
    support::check_jumps_and_reset<timer_wheel_v6>();
}

TEST_CASE("timer_wheel_v6: does what a sorted set does", "[timer][v6][model]") {
    check_lives(compare_lives<wheel_250, sorted<250>>(2'000'000));
    check_lives(compare_lives<wheel_100, sorted<100>>(1'000'000));
}

TEST_CASE("timer_wheel_v6: does what is done tick by tick", "[timer][v6][model]") {
    check_lives(compare_lives<wheel_250, tick_by_tick<250>>(1'000'000, {62, 18, 10}));
}
