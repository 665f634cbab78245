// SPDX-License-Identifier: MIT
#pragma once
// Question: what do adding, cancelling and firing a timer cost, at 1e3, 1e5 and 1e6 pending?  Beside our wheel, bare and in
// its timekeeper: a cascading wheel, libev, libevent, libuv, Asio, an ordered map, a heap.
//
// Timeouts are uniform over 60,000 ticks. At n pending, a sample adds 1,000 idle timers, or cancels 1,000 of those
// pending, and the other is done beside it, untimed; chosen at random among all, in memory as in time, so that at 1e6
// nothing is in a cache. Firing is of all n, with timeouts within 500 ticks (1,500 at 1e6), in one go.
//
// And: what do the ticks cost in which nothing happens?  A thousand timers within 60,000 ticks, where each has dozens of
// empty ticks to itself, against a thousand within 500.

#include "timer_libraries.hpp"

#include <numeric>

namespace bench {

inline constexpr std::array<std::size_t, 3> timers_pending{1'000, 100'000, 1'000'000};

enum class timer_op { add, cancel };

inline constexpr int timer_batch = 1000;
inline constexpr ticks timer_span = 60'000;

/// The same sequence for all.
class dice {
public:
    std::size_t below(std::size_t n) noexcept {   // splitmix64
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<std::size_t>((z ^ (z >> 31)) % n);
    }
    std::vector<std::uint32_t> shuffled(std::size_t n) {
        std::vector<std::uint32_t> v(n);
        std::iota(v.begin(), v.end(), 0U);
        for (std::size_t i = n; i > 1; --i) std::swap(v[i - 1], v[below(i)]);
        return v;
    }

private:
    std::uint64_t state_ = 20'050'301;
};

/// n timers pending, and a quarter as many idle, from which the next are taken.
template <class Lane, timer_op Op>
class timer_stage {
public:
    explicit timer_stage(std::size_t n)
        : n_{n}, order_{dice_.shuffled(n + std::max<std::size_t>(n / 4, timer_batch))}, lane_{order_.size()} {
        lane_.batch([&] {
            for (std::size_t i = 0; i < n; ++i) lane_.add(lane_.timers()[order_[i]], 1 + dice_.below(timer_span));
        });
    }
    double sample() {
        // The last of the pending ones leave, the first of the idle ones come: now, whoever that is.
        std::uint32_t* leave = order_.data() + n_ - timer_batch;
        std::uint32_t* come = order_.data() + n_;
        std::array<ticks, timer_batch> timeouts;
        for (std::size_t i = 0; i < timer_batch; ++i) {
            std::swap(leave[i], order_[dice_.below(n_ - timer_batch + i + 1)]);
            std::swap(come[i], come[i + dice_.below(order_.size() - n_ - i)]);
            timeouts[i] = 1 + dice_.below(timer_span);
        }
        // Looked up in each round, where the row lies would be known only when what was written in the last one is: every
        // lane would wait for its cache misses one after the other.
        auto* const timers = lane_.timers();
        const auto cancel = [&] {
            for (int i = 0; i < timer_batch; ++i) lane_.cancel(timers[leave[i]]);
        };
        const auto add = [&] {
            for (std::size_t i = 0; i < timer_batch; ++i) lane_.add(timers[come[i]], timeouts[i]);
        };
        double ns;
        if constexpr (Op == timer_op::add) {
            ns = time_batch(add);
            lane_.batch(cancel);
        } else {
            ns = time_batch(cancel);
            lane_.batch(add);
        }
        std::swap_ranges(leave, come, come);
        return ns;
    }

private:
    template <class F>
    double time_batch(F f) {
        const std::int64_t start = now_ns();
        lane_.batch(f);
        return static_cast<double>(now_ns() - start) / timer_batch;
    }
    std::size_t n_;
    dice dice_;
    std::vector<std::uint32_t> order_;   // the first n_ are pending
    Lane lane_;
};
template <class Lane>
using add_stage = timer_stage<Lane, timer_op::add>;
template <class Lane>
using cancel_stage = timer_stage<Lane, timer_op::cancel>;

/// All of n timers fire, `Span` ticks after they were added, in random order.
template <class Lane>
class expire_stage {
public:
    expire_stage(std::size_t n, ticks span) : span_{span}, order_{dice_.shuffled(n)}, lane_{n} {}
    double sample() {
        arm();
        return lane_.expire(order_.size(), span_);
    }
    double sample_by_events() {
        arm();
        return lane_.expire_by_events(order_.size());
    }

private:
    void arm() {
        if constexpr (requires { lane_.before_expire(); }) lane_.before_expire();
        lane_.batch([&] {
            for (const std::uint32_t i : order_) lane_.add(lane_.timers()[i], 1 + dice_.below(span_));
        });
    }
    ticks span_;
    dice dice_;
    std::vector<std::uint32_t> order_;
    Lane lane_;
};

template <template <class> class Stage, class... Args>
std::vector<side> timer_sides(int operations, const Args&... args) {
    return {lane_side<wheel_lane, Stage>(operations, args...),
            lane_side<timekeeper_lane<false>, Stage>(operations, args...),
            lane_side<best_wheel_lane, Stage>(operations, args...),
            lane_side<lean_wheel_lane, Stage>(operations, args...),
            lane_side<libev_lane, Stage>(operations, args...),
            lane_side<libevent_lane, Stage>(operations, args...),
            lane_side<libuv_lane, Stage>(operations, args...),
            lane_side<asio_timer_lane, Stage>(operations, args...),
            lane_side<multimap_lane, Stage>(operations, args...),
            lane_side<heap_lane, Stage>(operations, args...)};
}

inline std::string pending_name(std::size_t n) { return n == 1000 ? "1e3" : n == 100'000 ? "1e5" : "1e6"; }

inline question timer_add(std::size_t n) {
    std::vector<side> sides = timer_sides<add_stage>(timer_batch, n);
    sides.push_back(lane_side<timekeeper_lane<true>, add_stage>(timer_batch, n));
    return {"BM_Timer_Add/" + pending_name(n), "adding a timer, " + pending_name(n) + " pending", std::move(sides), 100,
            40};
}
inline question timer_cancel(std::size_t n) {
    return {"BM_Timer_Cancel/" + pending_name(n), "cancelling a timer, " + pending_name(n) + " pending",
            timer_sides<cancel_stage>(timer_batch, n), 100, 40};
}
inline question timer_expire(std::size_t n) {
    const ticks span = n == 1'000'000 ? 1500 : 500;
    return {"BM_Timer_Expire/" + pending_name(n), "a timer expires, " + pending_name(n) + " of them in one go",
            timer_sides<expire_stage>(static_cast<int>(n), n, span), n == 1'000'000 ? 7 : 21, n == 1'000'000 ? 3 : 9};
}

/// Without the sides that no row of the budget is about, which take most of the time.
inline question for_the_budget(question q) {
    std::erase_if(q.sides, [](const side& s) {
        return s.name != wheel_lane::name && s.name != timekeeper_lane<false>::name &&
               s.name != best_wheel_lane::name && s.name != lean_wheel_lane::name && s.name != libev_lane::name;
    });
    return q;
}

inline question timer_empty_ticks() {
    constexpr int n = 1000;
    const auto by_events = [](std::string name, ticks span) -> side {
        return {std::move(name),
                [span]() -> sampler {
                    return [stage = std::make_shared<expire_stage<wheel_lane>>(std::size_t{n}, span)] {
                        return stage->sample_by_events();
                    };
                },
                n};
    };
    return {"BM_Timer_EmptyTicks",
            "a thousand timers within 60,000 ticks",
            {side_of<expire_stage<wheel_lane>>("within 60,000 ticks", n, std::size_t{n}, timer_span),
             side_of<expire_stage<wheel_lane>>("within 500 ticks", n, std::size_t{n}, ticks{500}),
             by_events("within 60,000 ticks, from event to event", timer_span),
             by_events("within 500 ticks, from event to event", 500),
             side_of<expire_stage<best_wheel_lane>>(best_wheel_lane::name, n, std::size_t{n}, timer_span)},
            200,
            80};
}

}   // namespace bench
