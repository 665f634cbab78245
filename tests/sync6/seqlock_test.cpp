// SPDX-License-Identifier: MIT
//
// <linux/seqlock.h> and <linux/freezer.h>.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/compiler.h>
#include <linux/freezer.h>
#include <linux/preempt.h>
#include <linux/rwlock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>

using support::call;
using support::contest;
using support::engine;
using support::on_this_engine;
using support::rounds;

TEST_CASE("seqlock: a reader that meets a writer reads again, and never keeps half of a write",
          "[sync6][seqlock][stress]") {
    on_this_engine([] {
        DEFINE_SEQLOCK(lock);
        int a = 0, b = 0;
        std::atomic<bool> stop{false};
        std::atomic<int> wrong{0};
        const auto read = [&] {
            while (!stop) {
                int x, y;
                unsigned int seq;
                do {
                    seq = read_seqbegin(&lock);
                    x = READ_ONCE(a);
                    y = READ_ONCE(b);
                } while (read_seqretry(&lock, seq) != 0);
                if (x != y) ++wrong;
                engine::relax(0);   // time passes, for a writer who waits
            }
        };
        const auto write = [&] {
            for (int i = 0; i < rounds; ++i) {
                write_seqlock(&lock);
                WRITE_ONCE(a, a + 1);
                WRITE_ONCE(b, b + 1);
                write_sequnlock(&lock);
            }
        };
        auto r = call<engine>(read);
        auto u = call<engine>(write), v = call<engine>(write);
        u.join(), v.join();
        stop = true;
        r.join();
        CHECK(wrong == 0);
        CHECK(a == 2 * rounds);
    });
}

TEST_CASE("seqcount: odd while somebody writes", "[sync6][seqlock]") {
    on_this_engine([] {
        seqcount_t s = SEQCNT_ZERO(s);
        const unsigned int before = read_seqcount_begin(&s);
        CHECK(read_seqcount_retry(&s, before) == 0);
        write_seqcount_begin(&s);
        CHECK(in_atomic());
        CHECK((raw_read_seqcount(&s) & 1) == 1);
        CHECK(read_seqcount_retry(&s, raw_seqcount_begin(&s)) == 1);
        write_seqcount_end(&s);
        CHECK(read_seqcount_retry(&s, before) == 1);
        const unsigned int then = read_seqcount_begin(&s);
        write_seqcount_invalidate(&s);
        CHECK(read_seqcount_retry(&s, then) == 1);
        seqlock_t l;
        seqlock_init(&l);
        unsigned long flags = 0;
        write_seqlock_irqsave(&l, flags);
        CHECK(irqs_disabled());
        write_sequnlock_irqrestore(&l, flags);
        CHECK_FALSE(irqs_disabled());
        CHECK(preempt_count() == 0);
        CHECK_FALSE(try_to_freeze());
    });
}

TEST_CASE("seqcount: who sees the count of a write's end sees the write", "[sync6][seqlock]") {
    on_this_engine([] {
        using look = unsigned int (*)(const seqcount_t*);
        for (const look count : {look{read_seqcount_begin}, look{raw_read_seqcount}, look{raw_seqcount_begin}}) {
            seqcount_t s = SEQCNT_ZERO(s);
            int data = 0;   // plain: ThreadSanitizer looks
            auto writer = call<engine>([&] {
                write_seqcount_begin(&s);
                data = 1;
                write_seqcount_end(&s);
            });
            for (unsigned round = 0; count(&s) != 2; ++round) engine::relax(round);
            CHECK(data == 1);
            writer.join();
        }
    });
}
