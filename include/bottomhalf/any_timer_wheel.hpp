// SPDX-License-Identifier: MIT
// any_timer_wheel.hpp: the wheel whose kind is chosen at run time, with the interface of timer_wheel.
//
//   exact   timer_wheel        fires at its tick; as precise as the clock
//   v2_6    timer_wheel_v2_6   fires at its tick, in the order of 2.6; at the next one if that is over
//   v6      timer_wheel_v6     fires late: by a tick, or by up to 8/63 of the delay
//
//   any_timer_wheel wheel{now, timer_precision::v6};
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>

#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/timer.hpp>
#include <bottomhalf/timer_wheel_v2_6.hpp>
#include <bottomhalf/timer_wheel_v6.hpp>

namespace bottomhalf {

enum class timer_precision : unsigned char { exact, v2_6, v6 };

class any_timer_wheel {
    template <class Self, class F>
    static auto on(Self& self, F f) noexcept {
        if (self.precision_ == timer_precision::exact) [[likely]]
            return f(self.exact_);
        if (self.precision_ == timer_precision::v2_6) return f(self.v2_6_);
        return f(self.v6_);
    }

public:
    explicit any_timer_wheel(jiffies_t now = initial_jiffies, timer_precision p = timer_precision::exact) noexcept {
        begin(now, p);
    }
    any_timer_wheel(const any_timer_wheel&) = delete;
    any_timer_wheel& operator=(const any_timer_wheel&) = delete;

    [[nodiscard]] timer_precision precision() const noexcept { return precision_; }
    /// Goes on as another kind of wheel, at the same tick.  Return: false if timers wait, or are due: then nothing changes.
    bool choose(timer_precision p) noexcept {
        if (!empty()) return false;
        if (p != precision_) begin(clock(), p);
        return true;
    }

    [[nodiscard]] jiffies_t clock() const noexcept {
        return on(*this, [](const auto& w) { return w.clock(); });
    }
    [[nodiscard]] bool empty() const noexcept {
        return on(*this, [](const auto& w) { return w.empty(); });
    }
    /// Cost: the timers, as a rule.
    [[nodiscard]] std::size_t size() const noexcept {
        return on(*this, [](const auto& w) { return w.size(); });
    }
    /// Return: whether its tick has come, so that it is due at the next one.  Only the exact wheel says so.
    bool add(timer_node& t) noexcept {
        return on(*this, [&](auto& w) { return w.add(t); });
    }
    bool add(timer_node& t, jiffies_t expires) noexcept {
        return on(*this, [&](auto& w) { return w.add(t, expires); });
    }
    void remove(timer_node& t) noexcept {
        on(*this, [&](auto& w) { w.remove(t); });
    }
    bool move(timer_node& t, jiffies_t expires) noexcept {
        return on(*this, [&](auto& w) { return w.move(t, expires); });
    }
    [[nodiscard]] bool has_due() noexcept {
        return on(*this, [](auto& w) { return w.has_due(); });
    }
    timer_node* pop_due() noexcept {
        return on(*this, [](auto& w) { return w.pop_due(); });
    }
    void advance(jiffies_t now) noexcept {
        on(*this, [&](auto& w) { w.advance(now); });
    }
    [[nodiscard]] jiffies_t next_event() const noexcept {
        return on(*this, [](const auto& w) { return w.next_event(); });
    }
    void reset(jiffies_t now) noexcept {
        on(*this, [&](auto& w) { w.reset(now); });
    }
    template <class F>
    void for_each(F f) {
        on(*this, [&](auto& w) { w.for_each(f); });
    }

    static timer_node* from_link(detail::link* l) noexcept { return timer_wheel::from_link(l); }

private:
    void begin(jiffies_t now, timer_precision p) noexcept {
        precision_ = p;
        switch (p) {
            case timer_precision::exact: ::new (&exact_) timer_wheel(now); return;
            case timer_precision::v2_6: ::new (&v2_6_) timer_wheel_v2_6(now); return;
            case timer_precision::v6: ::new (&v6_) timer_wheel_v6(now); return;
        }
    }
    // Nothing to destroy: a wheel owns nothing.
    static_assert(std::is_trivially_destructible_v<timer_wheel> && std::is_trivially_destructible_v<timer_wheel_v2_6> &&
                  std::is_trivially_destructible_v<timer_wheel_v6>);

    timer_precision precision_;
    union {
        timer_wheel exact_;
        timer_wheel_v2_6 v2_6_;
        timer_wheel_v6 v6_;
    };
};

}   // namespace bottomhalf
