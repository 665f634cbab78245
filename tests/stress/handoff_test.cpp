// SPDX-License-Identifier: MIT
//
// Two promises of queue_work(), asked for again and again at the moment when they are hardest to keep: a push that
// finds the worker on its way to sleep wakes it, and a call that returns false has told the run to come what it had to
// tell.
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <thread>

#include "storm.hpp"
#include "support/catch.hpp"

namespace bh = bottomhalf;

// The worker goes to sleep between the rounds: the next round begins when the handler has run, and meets the worker
// anywhere on that way.  A lost wake-up is a round that never ends (nothing else here wakes the worker of CPU 0).
TEST_CASE("queue_work: wakes the worker, wherever it is on its way to sleep", "[inbox][queue_work][stress]") {
    const unsigned rounds = storm::rounds(300'000);
    storm::quiet_library library;
    bh::machine m{{.cpus = 2}};
    std::atomic<unsigned> ran{0}, bystander_ran{0};
    bh::work ping{[&] {
        ran.fetch_add(1, std::memory_order_release);
        ran.notify_one();
    }};
    bh::work bystander{[&] { bystander_ran.fetch_add(1, std::memory_order_relaxed); }};
    bh::work home_comer{[&] { storm::jitter(20); }};
    unsigned queued = 0, cancelled = 0, flushes = 0, lost = 0;
    {
        bh::workqueue wq{m, "handoff"};
        bh::workqueue other{m, "other", {.single_thread = true}};
        std::atomic<bool> over{false};
        // A third party: takes the pool's lock and empties its inbox, between the worker's looks.
        std::thread third([&] {
            storm::dice dice(1);
            while (!over.load(std::memory_order_relaxed)) {
                switch (dice.below(4)) {
                    case 0:
                        ++flushes;
                        bh::flush_workqueue(wq);
                        break;
                    case 1:   // may run in another pool: settle() has to ask there, and lets go of this one's lock
                        ++flushes;
                        bh::queue_work(other, home_comer);
                        storm::jitter(dice.below(300));
                        bh::queue_work_on(0, wq, home_comer);
                        bh::flush_work(home_comer);
                        break;
                    default:
                        if (bh::queue_work_on(0, wq, bystander)) ++queued;
                        storm::jitter(dice.below(300));
                        if (dice.one_in(4) ? bh::cancel_work_sync(bystander) : bh::cancel_work(bystander)) ++cancelled;
                }
                storm::jitter(dice.below(2000));
            }
        });
        storm::dice dice(0);
        for (unsigned round = 1; round <= rounds; ++round) {
            if (!bh::queue_work_on(0, wq, ping)) ++lost;   // it has run, so it is idle
            for (unsigned now; (now = ran.load(std::memory_order_acquire)) != round;) ran.wait(now);
            storm::jitter(dice.below(400));
        }
        over = true;
        third.join();
        bh::flush_workqueue(wq);
        CHECK(lost == 0);
        CHECK(ran == rounds);
        CHECK(bystander_ran == queued - cancelled);
        std::printf("%u rounds, %u flushes, %u of %u bystanders cancelled\n", rounds, flushes, cancelled, queued);
    }
    CHECK(library.heard() == "");
}

// A row of items is pending when the worker is let go.  It walks along the row and runs them; the caller walks along it
// too, writes something for each and queues it once more.  Where the two meet, the call comes before the worker clears
// PENDING, after that, or as the handler begins.  What was written before a call that returned false must be seen.
TEST_CASE("queue_work: what was written before a call that returned false is seen by the run",
          "[work][queue_work][stress]") {
    constexpr unsigned row = 256;
    const unsigned rounds = storm::rounds(4'000);
    struct exchange {
        std::atomic<unsigned> event{0}, seen{0}, ran{0};
        unsigned due = 0, first_run = 0;   // runs in all; number of this round's first
        bh::work<std::function<void()>> item{[this] {
            seen.store(event.load(std::memory_order_relaxed),
                       std::memory_order_relaxed);   // relaxed: [work.pending] orders it
            ran.fetch_add(1, std::memory_order_relaxed);
        }};
    };
    storm::quiet_library library;
    bh::machine m{{.cpus = 1}};
    std::atomic<unsigned> let_go{0};
    std::array<exchange, row> all;
    bh::work ahead{[&, mine = 0U]() mutable {
        ++mine;
        for (unsigned now; (now = let_go.load(std::memory_order_acquire)) != mine;) let_go.wait(now);
    }};
    bh::workqueue wq{m, "events"};
    storm::dice dice(3);
    unsigned refused = 0, unseen = 0, failed = 0, missing = 0;
    for (unsigned round = 1; round <= rounds; ++round) {
        if (!bh::queue_work(wq, ahead)) ++failed;
        for (exchange& x : all) {
            if (!bh::queue_work(wq, x.item)) ++failed;
            x.first_run = ++x.due;
        }
        let_go.store(round, std::memory_order_release);
        let_go.notify_one();

        // We keep step with the worker: our call for an item comes when its turn is near.  Bounded: it may not run now.
        const unsigned ahead_by = 1 + dice.below(3);
        const unsigned slow = dice.below(30);
        unsigned patience = 20'000;
        for (unsigned i = 0; i < row; ++i) {
            exchange& before = all[i < ahead_by ? 0 : i - ahead_by];
            for (; patience > 0 && before.ran.load(std::memory_order_relaxed) < before.first_run; --patience)
                bh::arch::threads::relax(0);
            exchange& x = all[i];
            storm::jitter(slow);
            x.event.store(round, std::memory_order_relaxed);
            if (bh::queue_work(wq, x.item))
                ++x.due;
            else
                ++refused;
        }
        bh::flush_workqueue(wq);
        for (exchange& x : all) {
            if (x.seen.load(std::memory_order_relaxed) != round) ++unseen;
            if (x.ran.load(std::memory_order_relaxed) != x.due) ++missing;
        }
    }
    std::printf("%u calls, %u returned false\n", rounds * row, refused);
    CHECK(failed == 0);
    CHECK(unseen == 0);
    CHECK(missing == 0);
    CHECK(library.heard() == "");
}
