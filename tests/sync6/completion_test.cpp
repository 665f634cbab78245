// SPDX-License-Identifier: MIT
//
// <linux/completion.h>: each wait in each state of a completion, and nothing lost.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/completion.h>
#include <linux/preempt.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

TEST_CASE("completion: each complete() lets one wait pass, complete_all() all of them", "[sync6][completion]") {
    on_this_engine([] {
        DECLARE_COMPLETION_ONSTACK(c);
        CHECK_FALSE(completion_done(&c));
        CHECK_FALSE(try_wait_for_completion(&c));
        CHECK(wait_for_completion_timeout(&c, 2) == 0);
        CHECK(wait_for_completion_killable_timeout(&c, 0) == 0);
        complete(&c);
        complete(&c);
        CHECK(completion_done(&c));
        CHECK(wait_for_completion_timeout(&c, 1000) > 0);
        CHECK(wait_for_completion_interruptible(&c) == 0);
        CHECK_FALSE(completion_done(&c));
        complete_all(&c);
        for (int i = 0; i < 3; ++i) wait_for_completion(&c);
        CHECK(wait_for_completion_interruptible_timeout(&c, MAX_JIFFY_OFFSET) > 0);
        CHECK(completion_done(&c));
        reinit_completion(&c);
        CHECK_FALSE(try_wait_for_completion(&c));
        preempt_disable();
        wait_for_completion(&c);
        preempt_enable();
        CHECK(reports::take("sleeping function called from invalid context"));
    });
}

TEST_CASE("completion: it may be gone as soon as its waiter is", "[sync6][completion][stress]") {
    on_this_engine([] {
        for (int i = 0; i < rounds / 5; ++i) {
            auto* c = new completion;   // ThreadSanitizer and AddressSanitizer look
            init_completion(c);
            auto other = call<engine>([c] { complete(c); });
            wait_for_completion(c);
            delete c;
            other.join();
        }
    });
}

TEST_CASE("completion: with several waiters none is left behind", "[sync6][completion][stress]") {
    on_this_engine([] {
        struct completion c;
        init_completion(&c);
        std::atomic<int> passed{0};
        const auto wait = [&] {
            for (int i = 0; i < rounds; ++i) wait_for_completion(&c), ++passed;
        };
        const auto sometimes = [&] {
            for (int i = 0; i < 20; ++i)
                if (wait_for_completion_timeout(&c, 1) != 0) ++passed;
        };
        auto a = call<engine>(wait), b = call<engine>(wait);
        auto d = call<engine>(sometimes);
        int completed = 0;
        while (!a.finished() || !b.finished() || !d.finished()) {
            if (completed - passed < 2) complete(&c), ++completed;
            engine::relax(completed % 3 == 0 ? 0 : 70);
        }
        a.join(), b.join(), d.join();
        while (try_wait_for_completion(&c)) ++passed;
        CHECK(passed == completed);
    });
}

TEST_CASE("completion: two at once wake two", "[sync6][completion]") {
    on_this_engine([] {
        struct completion c;
        init_completion(&c);
        const auto wait = [&] { wait_for_completion(&c); };
        for (int i = 0; i < 20; ++i) {
            auto a = call<engine>(wait), b = call<engine>(wait);
            REQUIRE(a.waits_for("wait_for_completion"));
            REQUIRE(b.waits_for("wait_for_completion"));
            complete(&c);   // the second one may find that nobody seems to sleep any more
            complete(&c);
            wait_until<engine>([&] { return a.finished() && b.finished(); });
            a.join(), b.join();
        }
    });
}

TEST_CASE("completion: a handler that waits lets its pool start the next item", "[sync6][completion]") {
    on_this_engine([] {
        struct pair {
            struct work_struct first, second;
            struct completion done;
        } p;
        init_completion(&p.done);
        INIT_WORK(&p.first, [](struct work_struct* w) { wait_for_completion(&container_of(w, pair, first)->done); });
        INIT_WORK(&p.second, [](struct work_struct* w) { complete(&container_of(w, pair, second)->done); });
        queue_work_on(0, system_wq, &p.first);
        queue_work_on(0, system_wq, &p.second);
        CHECK(flush_work(&p.second) + flush_work(&p.first) >= 0);
        CHECK_FALSE(completion_done(&p.done));
    });
}
