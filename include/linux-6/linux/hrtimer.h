// SPDX-License-Identifier: MIT
// <linux/hrtimer.h>: a function call at a nanosecond, once, or as long as it returns HRTIMER_RESTART.
//
// The function runs in hardirq context, with HRTIMER_MODE_..._SOFT in softirq context.  All clocks but the real ones are the
// same here; a timer on a real clock fires at the time that this clock will show if nobody sets it meanwhile.
#pragma once

#include <bottomhalf/hrtimer.hpp>

#include <linux/bottomhalf.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

enum hrtimer_restart : int { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode : unsigned int {
    HRTIMER_MODE_ABS = 0x00,
    HRTIMER_MODE_REL = 0x01,
    HRTIMER_MODE_PINNED = 0x02,
    HRTIMER_MODE_SOFT = 0x04,
    HRTIMER_MODE_HARD = 0x08,
    HRTIMER_MODE_ABS_PINNED = HRTIMER_MODE_ABS | HRTIMER_MODE_PINNED,
    HRTIMER_MODE_REL_PINNED = HRTIMER_MODE_REL | HRTIMER_MODE_PINNED,
    HRTIMER_MODE_ABS_SOFT = HRTIMER_MODE_ABS | HRTIMER_MODE_SOFT,
    HRTIMER_MODE_REL_SOFT = HRTIMER_MODE_REL | HRTIMER_MODE_SOFT,
    HRTIMER_MODE_ABS_PINNED_SOFT = HRTIMER_MODE_ABS_PINNED | HRTIMER_MODE_SOFT,
    HRTIMER_MODE_REL_PINNED_SOFT = HRTIMER_MODE_REL_PINNED | HRTIMER_MODE_SOFT,
    HRTIMER_MODE_ABS_HARD = HRTIMER_MODE_ABS | HRTIMER_MODE_HARD,
    HRTIMER_MODE_REL_HARD = HRTIMER_MODE_REL | HRTIMER_MODE_HARD,
    HRTIMER_MODE_ABS_PINNED_HARD = HRTIMER_MODE_ABS_PINNED | HRTIMER_MODE_HARD,
    HRTIMER_MODE_REL_PINNED_HARD = HRTIMER_MODE_REL_PINNED | HRTIMER_MODE_HARD,
};

struct BOTTOMHALF_ALIASES hrtimer {
    hr_timer bottomhalf_timer;    // first: the base knows it by its address
    ktime_t _softexpires;         // the earliest time, on the timer's clock
    ktime_t bottomhalf_expires;   // when it fires: `_softexpires`, and the slack of hrtimer_start_range_ns()
    enum hrtimer_restart (*function)(struct hrtimer*);
    clockid_t bottomhalf_clock;
};

namespace impl {
inline const void* function_of(const hr_timer& t) noexcept {
    return reinterpret_cast<const void*>(reinterpret_cast<const hrtimer&>(t).function);
}
BOTTOMHALF_STATE inline constinit hr_base<engine> hrtimers{&function_of};
BOTTOMHALF_STATE inline constinit hr_base<engine> soft_hrtimers{&function_of, true};   // bottom halves
inline hr_base<engine>& base_of(const hrtimer* t) noexcept {
    return t->bottomhalf_timer.soft != 0 ? soft_hrtimers : hrtimers;
}

inline bool is_real(const hrtimer* t) noexcept {
    constexpr clockid_t realtime = 0, tai = 11;   // the kernel's numbers
    return t->bottomhalf_clock == realtime || t->bottomhalf_clock == tai;
}
inline ktime_t clock_of(const hrtimer* t) noexcept { return is_real(t) ? engine::wall_clock() : engine::now(); }
/// On the engine's clock.
inline arch::ns_t due(const hrtimer* t) noexcept {
    // relaxed: another thread may start it anew while its function ends, and then that counts
    const ktime_t expires = atomic<ktime_t>(const_cast<ktime_t&>(t->bottomhalf_expires)).load(relaxed);
    return is_real(t) ? expires - (engine::wall_clock() - engine::now()) : expires;
}
inline bool call_hrtimer(hr_timer* n, arch::ns_t& when) {
    auto* t = reinterpret_cast<hrtimer*>(n);
    if (t->function(t) != HRTIMER_RESTART) return false;   // it may be gone
    when = due(t);
    return true;
}
inline bool hrtimers_are_up(const hrtimer* t, location at) noexcept {
    core_machine* m = up(at);
    return m != nullptr && base_of(t).start(*m, at);
}
inline ktime_t sum(ktime_t a, ktime_t b) noexcept {
    ktime_t s;
    return __builtin_add_overflow(a, b, &s) ? KTIME_MAX : s;
}
}   // namespace impl

/// For a new timer, or an idle one.  Context: process the first time: starts the thread that all of its kind share.
inline void hrtimer_setup(struct hrtimer* t, enum hrtimer_restart (*function)(struct hrtimer*), clockid_t clock,
                          enum hrtimer_mode mode, location at = location::current()) noexcept {
    *t = {};
    t->bottomhalf_timer.function = &impl::call_hrtimer;
    t->bottomhalf_timer.soft = (mode & HRTIMER_MODE_SOFT) != 0 ? 1 : 0;
    t->function = function;
    t->bottomhalf_clock = clock;
    impl::hrtimers_are_up(t, at);
}
/// The same, for those who write t->function themselves.
inline void hrtimer_init(struct hrtimer* t, clockid_t clock, enum hrtimer_mode mode,
                         location at = location::current()) noexcept {
    hrtimer_setup(t, nullptr, clock, mode, at);
}

/// Arms it, or moves it.  It fires at `tim` (relative: that far from now) plus `range`, never before.
/// Context: any that we manage.
inline void hrtimer_start_range_ns(struct hrtimer* t, ktime_t tim, u64 range, const enum hrtimer_mode mode,
                                   location at = location::current()) noexcept {
    if (t->function == nullptr) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "hrtimer_start_range_ns", at,
                                "WARN_ON_ONCE(!timer->function)");
        return;
    }
    if (!impl::hrtimers_are_up(t, at)) return;
    impl::base_of(t).disarm(t->bottomhalf_timer);   // from here on its times are ours
    t->_softexpires = (mode & HRTIMER_MODE_REL) != 0 ? impl::sum(impl::clock_of(t), tim < 0 ? 0 : tim) : tim;
    impl::atomic<ktime_t>(t->bottomhalf_expires)
        .store(impl::sum(t->_softexpires, static_cast<ktime_t>(range)), relaxed);   // relaxed: see due()
    impl::base_of(t).arm(t->bottomhalf_timer, impl::due(t), impl::this_cpu(at));
}
inline void hrtimer_start(struct hrtimer* t, ktime_t tim, const enum hrtimer_mode mode,
                          location at = location::current()) noexcept {
    hrtimer_start_range_ns(t, tim, 0, mode, at);
}
/// For the time that it has: hrtimer_set_expires(), hrtimer_forward().
inline void hrtimer_start_expires(struct hrtimer* t, enum hrtimer_mode, location at = location::current()) noexcept {
    const u64 range = static_cast<u64>(t->bottomhalf_expires - t->_softexpires);
    hrtimer_start_range_ns(t, t->_softexpires, range, HRTIMER_MODE_ABS, at);
}
inline void hrtimer_restart(struct hrtimer* t, location at = location::current()) noexcept {
    hrtimer_start_expires(t, HRTIMER_MODE_ABS, at);
}

/// Return: 1 if it was armed and is not any more, 0 if it was not, -1 if its function runs.
inline int hrtimer_try_to_cancel(struct hrtimer* t) noexcept {
    return impl::base_of(t).try_cancel(t->bottomhalf_timer);
}
/// The same, and waits for its function.  Context: not that function, and nobody whom it waits for.
inline int hrtimer_cancel(struct hrtimer* t, location at = location::current()) noexcept {
    if (impl::base_of(t).is_mine(t->bottomhalf_timer)) {
        bottomhalf::detail::say(channel::advice, severity::bug, "hrtimer_cancel", at,
                                "timer %p would wait for its own function; not waiting", static_cast<void*>(t));
        return impl::base_of(t).disarm(t->bottomhalf_timer) ? 1 : 0;
    }
    for (unsigned round = 0;; ++round) {
        const int was = hrtimer_try_to_cancel(t);
        if (was >= 0) return was;
        engine::relax(round);
    }
}
/// Armed?  Armed, or its function runs?  Its function runs?  Stale when read.
inline bool hrtimer_is_queued(struct hrtimer* t) noexcept { return hr_base<engine>::is_armed(t->bottomhalf_timer); }
inline bool hrtimer_callback_running(struct hrtimer* t) noexcept {
    return impl::base_of(t).is_running(t->bottomhalf_timer);
}
inline bool hrtimer_active(const struct hrtimer* t) noexcept {
    return hr_base<engine>::is_armed(t->bottomhalf_timer) || impl::base_of(t).is_running(t->bottomhalf_timer);
}

// ---- its time: of an idle timer, or in its own function ---------------------------------------------------------------

inline void hrtimer_set_expires(struct hrtimer* t, ktime_t time) noexcept {
    t->bottomhalf_expires = t->_softexpires = time;
}
inline void hrtimer_set_expires_range_ns(struct hrtimer* t, ktime_t time, u64 delta) noexcept {
    t->_softexpires = time;
    t->bottomhalf_expires = impl::sum(time, static_cast<ktime_t>(delta));
}
inline void hrtimer_add_expires_ns(struct hrtimer* t, u64 ns) noexcept {
    t->bottomhalf_expires = impl::sum(t->bottomhalf_expires, static_cast<ktime_t>(ns));
    t->_softexpires = impl::sum(t->_softexpires, static_cast<ktime_t>(ns));
}
inline void hrtimer_add_expires(struct hrtimer* t, ktime_t time) noexcept {
    hrtimer_add_expires_ns(t, static_cast<u64>(time));
}
inline ktime_t hrtimer_get_expires(const struct hrtimer* t) noexcept { return t->bottomhalf_expires; }
inline ktime_t hrtimer_get_softexpires(const struct hrtimer* t) noexcept { return t->_softexpires; }
inline s64 hrtimer_get_expires_ns(const struct hrtimer* t) noexcept { return t->bottomhalf_expires; }
inline ktime_t hrtimer_cb_get_time(const struct hrtimer* t) noexcept { return impl::clock_of(t); }
inline ktime_t hrtimer_get_remaining(const struct hrtimer* t) noexcept {
    return t->bottomhalf_expires - impl::clock_of(t);
}
inline ktime_t hrtimer_expires_remaining(const struct hrtimer* t) noexcept { return hrtimer_get_remaining(t); }

/// Moves its time by whole intervals until it is after `now`.  Return: by how many.
inline u64 hrtimer_forward(struct hrtimer* t, ktime_t now, ktime_t interval,
                           location at = location::current()) noexcept {
    if (hrtimer_is_queued(t)) {
        bottomhalf::detail::say(channel::kernel, severity::warn, "hrtimer_forward", at,
                                "WARN_ON(timer->state & HRTIMER_STATE_ENQUEUED)");
        return 0;
    }
    const ktime_t late = now - t->bottomhalf_expires;
    if (late < 0) return 0;
    if (interval < 1) interval = 1;
    const ktime_t intervals = late / interval + 1;
    hrtimer_add_expires(t, intervals * interval);
    return static_cast<u64>(intervals);
}
inline u64 hrtimer_forward_now(struct hrtimer* t, ktime_t interval, location at = location::current()) noexcept {
    return hrtimer_forward(t, hrtimer_cb_get_time(t), interval, at);
}

// ---- sleeping ---------------------------------------------------------------------------------------------------------

/// Sleeps until `*expires`, or until woken; null: until woken.  Context: process, in a state other than TASK_RUNNING.
/// Return: 0 if the time came, -EINTR if a wake-up did.
inline int schedule_hrtimeout_range(ktime_t* expires, u64, const enum hrtimer_mode mode,
                                    location at = location::current()) noexcept {
    if (expires == nullptr) return schedule(at), -EINTR;
    const arch::ns_t until = (mode & HRTIMER_MODE_REL) != 0 ? impl::hr_deadline(*expires) : *expires;
    if (until <= engine::now()) return __set_current_state(TASK_RUNNING), 0;
    impl::schedules::schedule_until(until, "schedule_hrtimeout", at);
    return engine::now() >= until ? 0 : -EINTR;
}
inline int schedule_hrtimeout(ktime_t* expires, const enum hrtimer_mode mode,
                              location at = location::current()) noexcept {
    return schedule_hrtimeout_range(expires, 0, mode, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::hrtimer;
using bottomhalf::linux6::hrtimer_active;
using bottomhalf::linux6::hrtimer_add_expires;
using bottomhalf::linux6::hrtimer_add_expires_ns;
using bottomhalf::linux6::hrtimer_callback_running;
using bottomhalf::linux6::hrtimer_cancel;
using bottomhalf::linux6::hrtimer_cb_get_time;
using bottomhalf::linux6::hrtimer_expires_remaining;
using bottomhalf::linux6::hrtimer_forward;
using bottomhalf::linux6::hrtimer_forward_now;
using bottomhalf::linux6::hrtimer_get_expires;
using bottomhalf::linux6::hrtimer_get_expires_ns;
using bottomhalf::linux6::hrtimer_get_remaining;
using bottomhalf::linux6::hrtimer_get_softexpires;
using bottomhalf::linux6::hrtimer_init;
using bottomhalf::linux6::hrtimer_is_queued;
using bottomhalf::linux6::hrtimer_mode;
using bottomhalf::linux6::hrtimer_restart;
using bottomhalf::linux6::hrtimer_set_expires;
using bottomhalf::linux6::hrtimer_set_expires_range_ns;
using bottomhalf::linux6::hrtimer_setup;
using bottomhalf::linux6::hrtimer_start;
using bottomhalf::linux6::hrtimer_start_expires;
using bottomhalf::linux6::hrtimer_start_range_ns;
using bottomhalf::linux6::hrtimer_try_to_cancel;
using bottomhalf::linux6::schedule_hrtimeout;
using bottomhalf::linux6::schedule_hrtimeout_range;
using enum bottomhalf::linux6::hrtimer_mode;
using bottomhalf::linux6::HRTIMER_NORESTART;
using bottomhalf::linux6::HRTIMER_RESTART;

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/percpu.h>
#include <linux/rbtree.h>
#include <linux/seqlock.h>
#include <linux/timer.h>
#include <linux/types.h>
