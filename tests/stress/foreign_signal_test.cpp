// SPDX-License-Identifier: MIT
//
// A signal handler that the library knows nothing about (the program's own sigaction(), its own timer) queues items
// while the code that it interrupts is inside queue_work(), inside a flush, or holds a pool's lock.  Nothing may be
// lost, run twice or hang.
//
// The books: for each item, as many runs as calls that returned true.  For each call that returned false, a run that
// began after it: every caller writes a ticket before each call, in a word of its own, and the handler looks at all of
// them; after the last flush it must have seen the last ticket of each.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "storm.hpp"
#include "support/catch.hpp"

namespace bh = bottomhalf;

namespace {

// Relaxed throughout: what these have to be ordered by is the thing under test, [work.pending].
constexpr auto relaxed = std::memory_order_relaxed;

constexpr unsigned threads = 2;
enum caller : unsigned { thread_0, thread_1, handler_0, handler_1, nr_callers };

struct account {
    std::atomic<std::uint64_t> ticket[nr_callers] = {};   // written by that caller, before each call
    std::atomic<std::uint64_t> taken[nr_callers] = {};    // calls that returned true
    std::atomic<std::uint64_t> seen[nr_callers] = {};     // the newest ticket that the item's handler has seen
    std::atomic<std::uint64_t> runs{0}, inside{0}, overlaps{0};

    void run() noexcept {
        if (inside.fetch_add(1, relaxed) != 0) overlaps.fetch_add(1, relaxed);
        for (unsigned c = 0; c < nr_callers; ++c) {
            const std::uint64_t t = ticket[c].load(relaxed);
            if (t > seen[c].load(relaxed)) seen[c].store(t, relaxed);
        }
        runs.fetch_add(1, relaxed);
        inside.fetch_sub(1, relaxed);
    }
    template <class Call>
    void call(caller c, Call queue) noexcept {
        ticket[c].store(ticket[c].load(relaxed) + 1, relaxed);
        if (queue()) taken[c].store(taken[c].load(relaxed) + 1, relaxed);
    }
    [[nodiscard]] bool balanced() const {
        std::uint64_t t = 0;
        for (const auto& n : taken) t += n.load();
        return t == runs.load();
    }
    [[nodiscard]] bool all_seen() const {
        for (unsigned c = 0; c < nr_callers; ++c)
            if (seen[c].load() != ticket[c].load()) return false;
        return true;
    }
};

/// What one thread and the handler on it share.
struct seat {
    caller thread = thread_0, handler = handler_0;
    std::atomic<bool> in_call{false}, in_flush{false};
    std::atomic<std::uint64_t> signals{0}, hit_call{0}, hit_flush{0};
};

using play_t = void (*)(seat&);
constinit thread_local std::atomic<seat*> my_seat{nullptr};
constinit std::atomic<play_t> play{nullptr};   // what the handler does

extern "C" void foreign_handler(int) {
    const int saved = errno;
    seat* s = my_seat.load(relaxed);
    if (s != nullptr) {
        s->signals.fetch_add(1, relaxed);
        if (s->in_call.load(relaxed)) s->hit_call.fetch_add(1, relaxed);
        if (s->in_flush.load(relaxed)) s->hit_flush.fetch_add(1, relaxed);
        play.load(relaxed)(*s);
    }
    errno = saved;
}

/// SIGALRM on this thread, every `period_ns`, for a scope.
class alarm_clock {
public:
    alarm_clock(seat& s, long period_ns) {
        my_seat.store(&s, relaxed);
        struct sigaction sa = {};
        sa.sa_handler = &foreign_handler;
        sa.sa_flags = SA_RESTART;
        sigemptyset(&sa.sa_mask);
        ok_ = sigaction(SIGALRM, &sa, nullptr) == 0;
        sigevent ev = {};
        ev.sigev_notify = SIGEV_THREAD_ID;
        ev.sigev_signo = SIGALRM;
        ev._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
        ok_ = ok_ && timer_create(CLOCK_MONOTONIC, &ev, &timer_) == 0;
        const itimerspec every{{0, period_ns}, {0, period_ns}};
        ok_ = ok_ && timer_settime(timer_, 0, &every, nullptr) == 0;
    }
    ~alarm_clock() {
        if (ok_) timer_delete(timer_);
        my_seat.store(nullptr, relaxed);   // a signal may still be on its way
    }
    alarm_clock(const alarm_clock&) = delete;
    alarm_clock& operator=(const alarm_clock&) = delete;
    [[nodiscard]] bool ok() const { return ok_; }

private:
    timer_t timer_{};
    bool ok_ = false;
};

// TSan runs a handler at the next atomic or system call, and takes its time over each: a slower clock leaves it some.
constexpr long period_ns = BOTTOMHALF_TSAN ? 200'000 : 40'000;

}   // namespace

TEST_CASE("queue_work: a foreign signal handler may queue at any instruction of it", "[queue_work][signal][stress]") {
    const unsigned segments = 100;
    const unsigned calls = storm::rounds(10'000'000) / segments / threads;   // each a queue_work() and more

    storm::quiet_library library;
    REQUIRE(bh::boot());   // the first use is not for a signal handler
    bh::machine m{{.cpus = 2}};

    struct stage {
        account of_thread[threads], of_handler[threads], shared, scheduled, delayed;
    };
    static stage books;   // the handler reaches them without a capture
    static bh::workqueue* wq;
    bh::workqueue queue{m, "foreign"};
    wq = &queue;

    static bh::work own_0{[] { books.of_thread[0].run(); }};
    static bh::work own_1{[] { books.of_thread[1].run(); }};
    static bh::work sig_0{[] { books.of_handler[0].run(); }};
    static bh::work sig_1{[] { books.of_handler[1].run(); }};
    static bh::work shared{[] { books.shared.run(); }};
    static bh::work scheduled{[] { books.scheduled.run(); }};
    static bh::delayed_work delayed{[] { books.delayed.run(); }};

    play = [](seat& s) {
        const unsigned n = s.handler - handler_0;
        if (n == 0)
            books.of_handler[0].call(s.handler, [] { return bh::queue_work(*wq, sig_0); });
        else
            books.of_handler[1].call(s.handler, [] { return bh::queue_work_on(0, *wq, sig_1); });
        books.shared.call(s.handler, [] { return bh::queue_work(*wq, shared); });
        books.scheduled.call(s.handler, [] { return bh::schedule_work(scheduled); });
        if (s.signals.load(relaxed) % 8 == 0)
            books.delayed.call(s.handler, [] { return bh::queue_delayed_work(*wq, delayed, 1); });
    };

    seat seats[threads];
    std::atomic<unsigned> unbalanced{0}, no_timer{0};
    const auto body = [&](unsigned n) {
        seat& s = seats[n];
        s.thread = static_cast<caller>(thread_0 + n);
        s.handler = static_cast<caller>(handler_0 + n);
        alarm_clock clock(s, period_ns);
        if (!clock.ok()) ++no_timer;
        storm::dice dice(n);
        for (unsigned segment = 0; segment < segments; ++segment) {
            for (unsigned i = 0; i < calls; ++i) {
                s.in_call.store(true, relaxed);
                switch (i % 4) {
                    case 0: books.shared.call(s.thread, [] { return bh::queue_work(*wq, shared); }); break;
                    case 1: books.scheduled.call(s.thread, [] { return bh::schedule_work(scheduled); }); break;
                    default:
                        if (n == 0)
                            books.of_thread[0].call(s.thread, [] { return bh::queue_work(*wq, own_0); });
                        else
                            books.of_thread[1].call(s.thread, [] { return bh::queue_work(*wq, own_1); });
                }
                s.in_call.store(false, relaxed);
            }
            books.delayed.call(s.thread, [] { return bh::queue_delayed_work(*wq, delayed, 1); });
            s.in_flush.store(true, relaxed);
            if (n == 0)
                bh::flush_work(own_0);
            else
                bh::flush_work(own_1);
            bh::flush_workqueue(*wq);
            if (dice.one_in(4)) bh::flush_delayed_work(delayed);
            s.in_flush.store(false, relaxed);
            // Nobody else queues this one, so the flush has settled its account.
            if (!books.of_thread[n].balanced() || !books.of_thread[n].all_seen()) ++unbalanced;
        }
    };
    {
        std::thread second(body, 1U);
        body(0);
        second.join();
    }
    bh::flush_delayed_work(delayed);
    bh::flush_workqueue(queue);
    bh::flush_work(scheduled);

    CHECK(no_timer == 0);
    CHECK(unbalanced == 0);
    const auto settled = [&](const account& a) {
        CHECK(a.balanced());
        CHECK(a.all_seen());
        CHECK(a.overlaps.load() == 0);
        CHECK(a.runs.load() > 0);
    };
    for (const account& a : books.of_thread) settled(a);
    for (const account& a : books.of_handler) settled(a);
    settled(books.shared);
    settled(books.scheduled);
    settled(books.delayed);
    std::uint64_t hits = 0;
    for (const seat& s : seats) {
        std::printf("thread %u: %u calls, %llu signals, of which %llu inside a call and %llu inside a flush\n",
                    s.thread, segments * calls, static_cast<unsigned long long>(s.signals.load()),
                    static_cast<unsigned long long>(s.hit_call.load()),
                    static_cast<unsigned long long>(s.hit_flush.load()));
        hits += s.hit_call.load();
    }
    CHECK(hits > 0);
    CHECK(library.heard() == "");
}
