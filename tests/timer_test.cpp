// SPDX-License-Identifier: MIT
//
// The wheel against a sorted list that does the same in the obvious way.

#include <bottomhalf/timer.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace bottomhalf;

namespace {

/// The obvious way.  A timer is due at its tick, or at once if that lies in the past; first come, first due.
class reference {
    using ticks = unsigned __int128;   // since the start: these do not wrap

public:
    explicit reference(jiffies_t now) : clock_(now) {}

    void add(const timer_node* t, jiffies_t expires) {
        const ticks due = time_after(expires, clock_) ? elapsed_ + (expires - clock_) : elapsed_;
        at_[t] = pending_.emplace(std::make_pair(due, ++arrivals_), t).first;
    }
    void remove(const timer_node* t) {
        pending_.erase(at_.at(t));
        at_.erase(t);
    }
    [[nodiscard]] bool has(const timer_node* t) const { return at_.count(t) != 0; }
    [[nodiscard]] std::size_t size() const { return pending_.size(); }
    void advance(jiffies_t now) {
        if (!time_after(now, clock_)) return;
        elapsed_ += now - clock_;
        clock_ = now;
    }
    [[nodiscard]] jiffies_t clock() const { return clock_; }
    /// The next one that is due, null if none is.
    const timer_node* pop_due() {
        if (pending_.empty() || pending_.begin()->first.first > elapsed_) return nullptr;
        const timer_node* t = pending_.begin()->second;
        remove(t);
        return t;
    }
    /// The first tick after now at which one expires; `none` if there is none.
    [[nodiscard]] jiffies_t next_expiry(jiffies_t none) const {
        const auto it = pending_.lower_bound({elapsed_ + 1, 0});
        return it == pending_.end() ? none : clock_ + static_cast<jiffies_t>(it->first.first - elapsed_);
    }

private:
    using pending = std::map<std::pair<ticks, std::uint64_t>, const timer_node*>;
    pending pending_;
    std::map<const timer_node*, pending::iterator> at_;
    jiffies_t clock_;
    ticks elapsed_ = 0;
    std::uint64_t arrivals_ = 0;
};

/// Takes what is due from both, `most` at most.  Return: whether it was the same, in the same order.
bool same_due(timer_wheel& wheel, reference& model, std::uint64_t most) {
    for (; most != 0; --most) {
        const timer_node* expected = model.pop_due();
        const timer_node* t = wheel.pop_due();
        if (t != expected) return false;
        if (t == nullptr) return true;
        if (time_after(t->expires, wheel.clock())) return false;   // early
    }
    return true;
}

/// Distances from "at once" over every boundary of the first levels to the far end.
jiffies_t random_delay(std::mt19937_64& random) {
    const unsigned kind = static_cast<unsigned>(random() % 16);
    if (kind == 0) return 0 - static_cast<jiffies_t>(random() % 100);   // in the past
    if (kind < 4) return random() % 3;
    if (kind < 8) return random() % 200;
    if (kind < 11) return 64 * (1 + random() % 4) + random() % 3 - 1;
    if (kind < 13) return 4096 * (1 + random() % 3) + random() % 3 - 1;
    return random() >> (2 + random() % 62);   // any length, up to a quarter of the range
}

struct failure {
    long step = -1;
    const char* what = nullptr;
};

enum class taken { all, now_and_then };   // what is due, after each step

failure compare(jiffies_t start, std::uint64_t seed, long steps, taken due) {
    std::mt19937_64 random(seed);
    timer_wheel wheel{start};
    reference model{start};
    std::vector<timer_node> timers(300);
    for (long step = 0; step < steps; ++step) {
        timer_node& t = timers[random() % timers.size()];
        switch (random() % 8) {
            case 0:
            case 1:
            case 2:
            case 3:
                if (model.has(&t)) {
                    wheel.remove(t);
                    model.remove(&t);
                } else {
                    const jiffies_t expires = model.clock() + random_delay(random);
                    const bool past = wheel.add(t, expires);
                    model.add(&t, expires);
                    if (past != !time_after(expires, model.clock())) return {step, "add(): in the past?"};
                }
                break;
            case 4: {   // far, now and then, so that the higher levels turn over
                const jiffies_t to =
                    model.clock() + (random() % 50 == 0 ? random() >> (2 + random() % 62) : random() % 300);
                wheel.advance(to);
                model.advance(to);
                break;
            }
            case 5: {   // exactly to the next event, as a timekeeper does
                const jiffies_t next = wheel.next_event();
                const jiffies_t expiry = model.next_expiry(next);
                if (!time_after(next, model.clock())) return {step, "next_event(): not in the future"};
                if (time_after(next, expiry)) return {step, "next_event(): would oversleep"};
                wheel.advance(next);
                model.advance(next);
                break;
            }
            default:   // just before, at and after the boundaries
                const jiffies_t size = random() % 2 == 0 ? 64 : 4096;
                const jiffies_t to = (model.clock() | (size - 1)) + random() % 3;
                wheel.advance(to);
                model.advance(to);
        }
        if (wheel.clock() != model.clock()) return {step, "clock()"};
        const bool all = due == taken::all || random() % 16 == 0;
        if (!same_due(wheel, model, all ? ~std::uint64_t{0} : random() % 4)) return {step, "what is due"};
        if (wheel.size() != model.size()) return {step, "size()"};
    }
    return {};
}

struct start_tick {
    const char* name;
    jiffies_t at;
};

}   // namespace

TEST_CASE("timer_wheel: does what a sorted list does, over a million random operations", "[timer][model]") {
    constexpr jiffies_t last = std::numeric_limits<jiffies_t>::max();
    for (const auto& [name, at] :
         {start_tick{"0", 0}, start_tick{"at boot", initial_jiffies}, start_tick{"before the wrap", last - 75'000},
          start_tick{"a quarter before the wrap", last - max_jiffy_offset}}) {
        for (const taken due : {taken::all, taken::now_and_then}) {
            INFO("the clock starts: " << name << ", " << at << "; due ones are taken "
                                      << (due == taken::all ? "at once" : "now and then"));
            const failure f = compare(at, 20'050'301, 125'000, due);
            INFO("step " << f.step << ": " << (f.what != nullptr ? f.what : ""));
            CHECK(f.what == nullptr);
        }
    }
}

TEST_CASE("timer_wheel: does the same with a crowd, of which some are cancelled while those before them fire",
          "[timer][model]") {
    std::mt19937_64 random(20'050'301);
    timer_wheel wheel{initial_jiffies};
    reference model{initial_jiffies};
    std::vector<timer_node> timers(20'000);
    const auto add = [&](timer_node& t) {
        const jiffies_t expires = model.clock() + random() % 300;
        wheel.add(t, expires);
        model.add(&t, expires);
    };
    for (timer_node& t : timers) add(t);
    for (int step = 0; step < 1000; ++step) {
        INFO("step " << step);
        wheel.advance(wheel.clock() + random() % 4);
        model.advance(wheel.clock());
        REQUIRE(same_due(wheel, model, random() % 400));
        for (std::uint64_t n = random() % 200; n != 0; --n) {
            timer_node& t = timers[random() % timers.size()];
            if (!model.has(&t)) {
                add(t);
            } else if (random() % 32 == 0) {
                wheel.remove(t);
                model.remove(&t);
            }
        }
        REQUIRE(wheel.size() == model.size());
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
    wheel.add(d, 4000);   // in the past
    for (const timer_node* t : {&a, &b, &c, &d}) CHECK(wheel.pop_due() == t);
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
