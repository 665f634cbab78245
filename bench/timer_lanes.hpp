// SPDX-License-Identifier: MIT
#pragma once
// timer_lanes.hpp: what keeps timers, each as a *timer lane*: a row of n timers, side by side in memory.
//
//     lane(n)             n idle timers
//     void batch(f)       calls f(), which adds or cancels, where the lane's clock is cached; and does what that leaves
//                         to be done
//     timers()            the first of them
//     void add(it, t)     arms a timer for t ticks from now
//     void cancel(it)     takes it off
//     void before_expire()  from here to expire() add() arms timers that shall fire
//     double expire(n, t) t ticks later: all n that are armed fire; ns per timer
//
// A lane with a clock of its own makes it go; one on the real clock has ticks of 100 us, waits in expire() until they
// have passed, and outside of before_expire() ... expire() arms its timers an hour later, lest they fire on their own. A
// timer's function is on_expiry() for all. The libraries (timer_libraries.hpp) run as their friends would run them: in one
// thread, without locks where they can be had without, the time read once per batch.

#include "ours.hpp"

#include <map>
#include <queue>

#include <bottomhalf/timer.hpp>

namespace bench {

using ticks = std::uint64_t;
inline constexpr std::int64_t real_tick_ns = 100'000;
inline constexpr ticks an_hour = 36'000'000;   // in such ticks

/// Counts the functions that are still to be called, and takes the time when the last one has been.
struct alignas(cache_line) expiries {
    std::uint64_t left = 0;   // of the thread that calls them, like the two times
    std::int64_t start = 0, end = 0;
    alignas(cache_line) std::atomic<bool> done{false};

    void expect(std::uint64_t n) noexcept {
        left = n;
        done.store(false, std::memory_order_relaxed);
    }
    [[nodiscard]] bool over() const noexcept { return done.load(std::memory_order_acquire); }
    [[nodiscard]] double ns_per(std::uint64_t n) const noexcept {
        return static_cast<double>(end - start) / static_cast<double>(n);
    }
};
inline expiries fired;

inline void on_expiry() noexcept {
    if (--fired.left != 0) return;
    fired.end = now_ns();
    fired.done.store(true, std::memory_order_release);
}
/// `go` makes what is due fire, perhaps not all at once.
template <class F>
double time_expiries(std::uint64_t n, F go) {
    fired.expect(n);
    fired.start = now_ns();
    while (!fired.over()) go();
    return fired.ns_per(n);
}
/// Lets the real clock pass t ticks; one more because the armed ones may be rounded up.
inline void let_pass(ticks t) noexcept { spin_for((static_cast<std::int64_t>(t) + 1) * real_tick_ns + 2'000'000); }

/// Our wheel, bare.
class wheel_lane {
public:
    static constexpr const char* name = "timer_wheel";
    static constexpr bool missing = false;

    explicit wheel_lane(std::size_t n) : timers_{n} {
        for (std::size_t i = 0; i < n; ++i) timers_[i].function = [](bh::timer_node*) { on_expiry(); };
    }
    template <class F>
    void batch(F f) {
        f();
    }
    [[nodiscard]] bh::timer_node* timers() noexcept { return &timers_[0]; }
    void add(bh::timer_node& t, ticks delay) noexcept { wheel_.add(t, wheel_.clock() + delay); }
    void cancel(bh::timer_node& t) noexcept { wheel_.remove(t); }
    double expire(std::uint64_t n, ticks t) {
        return time_expiries(n, [&] { fire(wheel_.clock() + t); });
    }
    /// The same by one who sleeps until the next event, and the next one, as the timekeeper does.
    double expire_by_events(std::uint64_t n) {
        return time_expiries(n, [&] { fire(wheel_.next_event()); });
    }

private:
    void fire(bh::jiffies_t now) {
        wheel_.advance(now);
        while (bh::timer_node* t = wheel_.pop_due()) t->function(t);
    }
    row_of<bh::timer_node> timers_;
    bh::timer_wheel wheel_;
};

/// Our wheel where it is used: in a base of a machine's timekeeper, whose thread sleeps meanwhile, behind an inbox and a lock.
/// A batch ends with a cancel in vain, which makes the inbox's timers settle in the wheel: that is part of what adding costs,
/// by add() or by mod().
template <bool Modify>
class timekeeper_lane {
public:
    static constexpr const char* name = Modify ? "timekeeper, mod_timer" : "timekeeper";
    static constexpr bool missing = false;

    explicit timekeeper_lane(std::size_t n) : timers_{n} {
        for (std::size_t i = 0; i < n; ++i) timers_[i].function = [](bh::timer_node*) { on_expiry(); };
        holder_.node.function = [](bh::timer_node* t) {
            pin_self(place::away);
            reinterpret_cast<holder*>(t)->lane->held_.pass();
            fired.start = now_ns();
        };
    }
    timekeeper_lane(const timekeeper_lane&) = delete;
    ~timekeeper_lane() {
        for (std::size_t i = 0; i < timers_.size(); ++i) time().del(timers_[i]);
    }
    template <class F>
    void batch(F f) {
        now_ = time().jiffies();
        f();
        time().try_del_sync(settler_);
    }
    [[nodiscard]] bh::timer_node* timers() noexcept { return &timers_[0]; }
    void add(bh::timer_node& t, ticks delay) noexcept {
        // Stretched, the wheel has as many slots in use as for delay alone, and nothing fires within half an hour.
        const bh::jiffies_t expires = now_ + (soon_ ? delay : (delay << 12) + (1 << 24));
        if constexpr (Modify)
            time().mod(t, expires);
        else
            time().add(t, expires);
    }
    void cancel(bh::timer_node& t) noexcept { time().del(t); }

    /// From here to expire() add() means what it says, and the base's thread is held.
    void before_expire() {
        soon_ = true;
        time().mod(holder_.node, time().jiffies());
        held_.wait_until_held();
    }
    double expire(std::uint64_t n, ticks t) {
        let_pass(t);
        fired.expect(n);
        held_.open();
        while (!fired.over()) relax();
        return fired.ns_per(n);
    }

private:
    static_assert(bh::tick_ns == real_tick_ns, "bench/CMakeLists.txt sets BOTTOMHALF_HZ");
    struct holder {
        bh::timer_node node;
        timekeeper_lane* lane;
    };
    bh::timekeeper<bh::arch::threads>& time() noexcept { return machine_.time(); }

    gate held_;
    holder holder_{{}, this};
    bh::timer_node settler_;
    row_of<bh::timer_node> timers_;
    bh::jiffies_t now_ = 0;
    bool soon_ = false;
    bh::machine machine_{{.cpus = 1}};   // last: its thread ends before the timers go
};

/// A timer as the best wheel around has it (jsnell/ratas, which is in no distribution): 48 bytes, of which one pointer is to
/// the slot, and tells whether the timer is active.
struct slot_timer {
    void (*function)(slot_timer&);
    std::uint64_t expires;
    slot_timer** slot = nullptr;
    slot_timer *next, *prev;
    void* object = nullptr;
    static constexpr const char* wheel = "cascading wheel 8x256";

    void hang(slot_timer*& head) noexcept {
        leave();
        slot = &head;
        prev = nullptr;
        next = head;
        if (head != nullptr) head->prev = this;
        head = this;
    }
    void leave() noexcept {
        if (slot == nullptr) return;
        if (next != nullptr) next->prev = prev;
        (prev != nullptr ? prev->next : *slot) = next;
        slot = nullptr;
    }
    /// The first one leaves.
    static slot_timer& pop(slot_timer*& head) noexcept {
        slot_timer& first = *head;
        head = first.next;
        if (head != nullptr) head->prev = nullptr;
        first.slot = nullptr;
        return first;
    }
};
static_assert(sizeof(slot_timer) == 48);

/// As little as will do: 32 bytes; who cancels knows that it is active.
struct lean_timer {
    lean_timer* next;
    lean_timer** at;   // whatever points at us
    std::uint64_t expires;
    void (*function)(lean_timer&);
    static constexpr const char* wheel = "cascading, 32-byte timers";

    void hang(lean_timer*& head) noexcept {
        next = head;
        at = &head;
        if (head != nullptr) head->at = &next;
        head = this;
    }
    void leave() noexcept {
        *at = next;
        if (next != nullptr) next->at = at;
    }
    static lean_timer& pop(lean_timer*& head) noexcept {
        lean_timer& first = *head;
        head = first.next;
        if (head != nullptr) head->at = &head;
        return first;
    }
};
static_assert(sizeof(lean_timer) == 32);

/// What the best wheel around does: eight levels of 256 slots, a timer lies on the level of its distance, the clock goes tick
/// by tick, and where a level has turned, a slot of the next one moves down.  Stands in for it, with less to do: the levels
/// are one array, and nobody asks for the next event.
template <class Timer>
class cascading_lane {
public:
    static constexpr const char* name = Timer::wheel;
    static constexpr bool missing = false;

    explicit cascading_lane(std::size_t n) : timers_{n} {
        for (std::size_t i = 0; i < n; ++i) timers_[i].function = [](Timer&) { on_expiry(); };
    }
    template <class F>
    void batch(F f) {
        f();
    }
    [[nodiscard]] Timer* timers() noexcept { return &timers_[0]; }
    void add(Timer& t, ticks delay) noexcept {
        t.expires = now_ + delay;
        place(t);
    }
    void cancel(Timer& t) noexcept { t.leave(); }
    double expire(std::uint64_t n, ticks t) {
        return time_expiries(n, [&] { advance(t); });
    }

private:
    static constexpr unsigned bits = 8, slots = 1U << bits, levels = 8;

    void place(Timer& t) noexcept {
        const std::uint64_t distance = t.expires - now_;
        unsigned level = 0;
        while (level + 1 < levels && distance >> (bits * (level + 1)) != 0) ++level;
        t.hang(wheel_[level][(t.expires >> (bits * level)) % slots]);
    }
    void advance(ticks n) {
        for (; n != 0; --n) {
            ++now_;
            for (unsigned level = 1; level < levels && (now_ >> (bits * (level - 1))) % slots == 0; ++level)
                for (Timer*& head = wheel_[level][(now_ >> (bits * level)) % slots]; head != nullptr;)
                    place(Timer::pop(head));
            for (Timer*& head = wheel_[0][now_ % slots]; head != nullptr;) {
                Timer& t = Timer::pop(head);
                t.function(t);
            }
        }
    }
    row_of<Timer> timers_;
    std::uint64_t now_ = 0;
    Timer* wheel_[levels][slots] = {};
};
using best_wheel_lane = cascading_lane<slot_timer>;
using lean_wheel_lane = cascading_lane<lean_timer>;

/// The textbook's ordered map.
class multimap_lane {
    struct timer {
        void (*function)(timer&);
        std::multimap<std::uint64_t, timer*>::iterator at;
    };

public:
    static constexpr const char* name = "std::multimap";
    static constexpr bool missing = false;

    explicit multimap_lane(std::size_t n) : timers_{n} {
        for (std::size_t i = 0; i < n; ++i) timers_[i].function = [](timer&) { on_expiry(); };
    }
    template <class F>
    void batch(F f) {
        f();
    }
    [[nodiscard]] timer* timers() noexcept { return &timers_[0]; }
    void add(timer& t, ticks delay) { t.at = pending_.emplace(now_ + delay, &t); }
    void cancel(timer& t) noexcept { pending_.erase(t.at); }
    double expire(std::uint64_t n, ticks t) {
        now_ += t;
        return time_expiries(n, [&] {
            while (!pending_.empty() && pending_.begin()->first <= now_) {
                timer& first = *pending_.begin()->second;
                pending_.erase(pending_.begin());
                first.function(first);
            }
        });
    }

private:
    row_of<timer> timers_;
    std::uint64_t now_ = 0;
    std::multimap<std::uint64_t, timer*> pending_;
};

/// The textbook's heap. A cancelled entry stays until it comes to the top, or until most of the heap is cancelled.
class heap_lane {
    struct timer {
        void (*function)(timer&);
        std::uint32_t armed = 0;   // the number of the entry that counts; 0: none
    };
    struct entry {
        std::uint64_t expires;
        timer* who;
        std::uint32_t number;
        bool operator<(const entry& o) const noexcept { return expires > o.expires; }
        [[nodiscard]] bool counts() const noexcept { return who->armed == number; }
    };
    struct heap : std::priority_queue<entry> {
        void forget_cancelled() {
            std::erase_if(c, [](const entry& e) { return !e.counts(); });
            std::make_heap(c.begin(), c.end(), comp);
        }
    };

public:
    static constexpr const char* name = "std::priority_queue, lazy";
    static constexpr bool missing = false;

    explicit heap_lane(std::size_t n) : timers_{n} {
        for (std::size_t i = 0; i < n; ++i) timers_[i].function = [](timer&) { on_expiry(); };
    }
    template <class F>
    void batch(F f) {
        f();
    }
    [[nodiscard]] timer* timers() noexcept { return &timers_[0]; }
    void add(timer& t, ticks delay) {
        t.armed = ++number_ == 0 ? ++number_ : number_;
        pending_.push({now_ + delay, &t, number_});
    }
    void cancel(timer& t) {
        t.armed = 0;
        if (2 * ++cancelled_ <= pending_.size()) return;
        pending_.forget_cancelled();
        cancelled_ = 0;
    }
    double expire(std::uint64_t n, ticks t) {
        now_ += t;
        return time_expiries(n, [&] {
            while (!pending_.empty() && pending_.top().expires <= now_) {
                const entry e = pending_.top();
                pending_.pop();
                if (e.counts()) {
                    e.who->armed = 0;
                    e.who->function(*e.who);
                } else {
                    --cancelled_;
                }
            }
        });
    }

private:
    row_of<timer> timers_;
    std::uint64_t now_ = 0;
    std::uint32_t number_ = 0;
    std::size_t cancelled_ = 0;
    heap pending_;
};

}   // namespace bench
