// SPDX-License-Identifier: MIT
#pragma once
// timer_libraries.hpp: the timers of libev, libevent, libuv and Asio, as timer lanes (timer_lanes.hpp).
//
// libevent caches the time in callbacks only, and Asio its memory, so their batches run inside one. libuv counts in ms:
// its timers of a few hundred of our ticks share a few dozen expiries.

#include "timer_lanes.hpp"

#ifdef BOTTOMHALF_HAVE_LIBEV
#include <ev.h>
#endif
#ifdef BOTTOMHALF_HAVE_LIBEVENT
#include <event2/event.h>
#include <event2/event_struct.h>
#endif
#ifdef BOTTOMHALF_HAVE_LIBUV
#include <uv.h>
#endif

namespace bench {

/// What all on the real clock share: the wait for it, and the hour in between.
class real_time {
public:
    void before_expire() noexcept { offset_ = 0; }

protected:
    [[nodiscard]] bool is_soon() const noexcept { return offset_ == 0; }
    [[nodiscard]] ticks after(ticks t) const noexcept { return t + offset_; }
    template <class F>
    double expire_after(std::uint64_t n, ticks t, F go) {
        let_pass(t);
        offset_ = an_hour;
        return time_expiries(n, go);
    }

private:
    ticks offset_ = an_hour;
};

/// libev: a 4-ary heap with the time beside the pointer.
#ifdef BOTTOMHALF_HAVE_LIBEV
class libev_lane : public real_time {
public:
    static constexpr const char* name = "libev";
    static constexpr bool missing = false;

    explicit libev_lane(std::size_t n) : timers_{n} {
        check(loop_ != nullptr, "no loop from libev");
        for (std::size_t i = 0; i < n; ++i) ev_init(&timers_[i], [](struct ev_loop*, ev_timer*, int) { on_expiry(); });
    }
    libev_lane(const libev_lane&) = delete;
    ~libev_lane() { ev_loop_destroy(loop_); }
    template <class F>
    void batch(F f) {
        ev_now_update(loop_);
        f();
    }
    [[nodiscard]] ev_timer* timers() noexcept { return &timers_[0]; }
    void add(ev_timer& t, ticks delay) noexcept {
        ev_timer_set(&t, static_cast<double>(after(delay)) * (real_tick_ns * 1e-9), 0.);
        ev_timer_start(loop_, &t);
    }
    void cancel(ev_timer& t) noexcept { ev_timer_stop(loop_, &t); }
    double expire(std::uint64_t n, ticks t) {
        return expire_after(n, t, [&] { ev_run(loop_, EVRUN_NOWAIT); });
    }

private:
    row_of<ev_timer> timers_;
    struct ev_loop* loop_ = ev_loop_new(EVFLAG_AUTO);
};
#else
class libev_lane {
public:
    static constexpr const char* name = "libev";
    static constexpr bool missing = true;
};
#endif

/// libevent: a binary heap of pointers.
#ifdef BOTTOMHALF_HAVE_LIBEVENT
class libevent_lane : public real_time {
public:
    static constexpr const char* name = "libevent";
    static constexpr bool missing = false;

    explicit libevent_lane(std::size_t n) : timers_{n} {
        check(base_ != nullptr, "no base from libevent");
        const auto run = [](evutil_socket_t, short, void*) { on_expiry(); };
        for (std::size_t i = 0; i < n; ++i) event_assign(&timers_[i], base_, -1, 0, run, nullptr);
    }
    libevent_lane(const libevent_lane&) = delete;
    ~libevent_lane() {
        for (std::size_t i = 0; i < timers_.size(); ++i) event_del(&timers_[i]);
        event_base_free(base_);
    }
    template <class F>
    void batch(F f) {
        event call;
        event_assign(
            &call, base_, -1, 0, [](evutil_socket_t, short, void* g) { (*static_cast<F*>(g))(); }, &f);
        event_active(&call, EV_TIMEOUT, 1);
        event_base_loop(base_, EVLOOP_ONCE | EVLOOP_NONBLOCK);   // once: not what has expired meanwhile, too
    }
    [[nodiscard]] event* timers() noexcept { return &timers_[0]; }
    void add(event& t, ticks delay) noexcept {
        const auto us = static_cast<long>(after(delay)) * (real_tick_ns / 1000);
        const timeval in{us / 1'000'000, us % 1'000'000};
        event_add(&t, &in);
    }
    void cancel(event& t) noexcept { event_del(&t); }
    double expire(std::uint64_t n, ticks t) {
        return expire_after(n, t, [&] { event_base_loop(base_, EVLOOP_NONBLOCK); });
    }

private:
    row_of<event> timers_;
    event_base* base_ = event_base_new();
};
#else
class libevent_lane {
public:
    static constexpr const char* name = "libevent";
    static constexpr bool missing = true;
};
#endif

/// libuv: a binary heap linked by pointers.
#ifdef BOTTOMHALF_HAVE_LIBUV
class libuv_lane : public real_time {
public:
    static constexpr const char* name = "libuv";
    static constexpr bool missing = false;

    explicit libuv_lane(std::size_t n) : timers_{n} {
        check(uv_loop_init(&loop_) == 0, "no loop from libuv");
        for (std::size_t i = 0; i < n; ++i) uv_timer_init(&loop_, &timers_[i]);
    }
    libuv_lane(const libuv_lane&) = delete;
    ~libuv_lane() {
        for (std::size_t i = 0; i < timers_.size(); ++i) uv_close(reinterpret_cast<uv_handle_t*>(&timers_[i]), nullptr);
        uv_run(&loop_, UV_RUN_DEFAULT);
        uv_loop_close(&loop_);
    }
    template <class F>
    void batch(F f) {
        uv_update_time(&loop_);
        f();
    }
    [[nodiscard]] uv_timer_t* timers() noexcept { return &timers_[0]; }
    void add(uv_timer_t& t, ticks delay) noexcept {
        uv_timer_start(
            &t, [](uv_timer_t*) { on_expiry(); }, after(delay) * real_tick_ns / 1'000'000, 0);
    }
    void cancel(uv_timer_t& t) noexcept { uv_timer_stop(&t); }
    double expire(std::uint64_t n, ticks t) {
        return expire_after(n, t, [&] { uv_run(&loop_, UV_RUN_NOWAIT); });
    }

private:
    row_of<uv_timer_t> timers_;
    uv_loop_t loop_;
};
#else
class libuv_lane {
public:
    static constexpr const char* name = "libuv";
    static constexpr bool missing = true;
};
#endif

/// Asio: a binary heap of pointers, with an allocated operation for each wait. Cancelling includes the call of the handler
/// that it aborts.
#ifdef BOTTOMHALF_HAVE_ASIO
class asio_timer_lane : public real_time {
public:
    static constexpr const char* name = "asio steady_timer";
    static constexpr bool missing = false;
    // steady_timer, but for its executor, which hides behind a virtual call there
    using timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                             asio::io_context::executor_type>;

    explicit asio_timer_lane(std::size_t n) : timers_{n, context_.get_executor()} {}
    template <class F>
    void batch(F f) {
        now_ = std::chrono::steady_clock::now();
        asio::post(context_, std::ref(f));
        context_.restart();
        context_.poll_one();
        if (!is_soon()) context_.poll();   // what was aborted; soon, it would call what has expired meanwhile
    }
    [[nodiscard]] timer* timers() noexcept { return &timers_[0]; }
    void add(timer& t, ticks delay) {
        t.expires_at(now_ + std::chrono::nanoseconds{static_cast<std::int64_t>(after(delay)) * real_tick_ns});
        t.async_wait([](const asio::error_code& aborted) {
            if (!aborted) on_expiry();
        });
    }
    void cancel(timer& t) { t.cancel(); }
    double expire(std::uint64_t n, ticks t) {
        return expire_after(n, t, [&] {
            context_.restart();
            context_.poll();
        });
    }

private:
    asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE};
    row_of<timer> timers_;
    std::chrono::steady_clock::time_point now_;
};
#else
class asio_timer_lane {
public:
    static constexpr const char* name = "asio steady_timer";
    static constexpr bool missing = true;
};
#endif

}   // namespace bench
