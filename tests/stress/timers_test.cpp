// SPDX-License-Identifier: MIT
//
// Timers of three CPUs, armed, moved and taken off by threads and by their own functions, all at once.

#define BOTTOMHALF_HZ 10000   // ticks of 100 us: about as many fire as are taken off

#include <bottomhalf/timekeeper.hpp>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <random>

#include "storm.hpp"
#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using support::on_engine;
using support::wait_until;

namespace {

/// Threads, and the functions of the timers themselves, arm, move and take off, on any CPU.
template <class Arch>
class traffic {
public:
    static constexpr unsigned cpus = 3;
    static constexpr int rounds = Arch::simulated ? 400 : 10'000;

    explicit traffic(unsigned seed) : seed_(seed) {
        for (auto* timers : {&shared_, &mine_[0], &mine_[1]})
            for (unsigned i = 0; i < (timers == &shared_ ? 3U : 2U); ++i)
                timers->emplace_back(*this, seed * 1000 + static_cast<unsigned>(next_++));
    }
    void run() {
        REQUIRE(time_.start("timekeeper"));
        auto a = support::call<Arch>([this] { act(0); }, 0);
        auto b = support::call<Arch>([this] { act(1); }, 1);
        a.join(), b.join();
        quiet_ = true;   // functions arm nothing any more
        for (auto* timers : {&shared_, &mine_[0], &mine_[1]})
            for (timer& t : *timers) {
                wait_until<Arch>([&] { return !time_.was_pending(t.node); });   // each fires: nothing is lost
                time_.del_sync(t.node);
                if (t.armed != t.calls + t.taken_off) ++wrong_;
                runs += t.calls;
                t.plain = 0;   // nobody is in there
            }
        CHECK(time_.stop());
        CHECK(beside_itself_ == 0);
        CHECK(wrong_ == 0);
    }
    int runs = 0;

private:
    struct timer {
        timer_node node;   // first: the function gets its address
        traffic* all;
        std::minstd_rand dice;   // the function's
        std::atomic<int> inside{0}, calls{0};
        std::atomic<int> armed{0};   // how often it was idle, and was armed
        std::atomic<int> taken_off{0};
        int plain = 0;   // of one run after the other

        timer(traffic& s, unsigned seed) : all(&s), dice(seed) { node.function = &fire; }
        static void fire(timer_node* n) {
            auto& t = *reinterpret_cast<timer*>(n);
            traffic& s = *t.all;
            if (t.inside.fetch_add(1) != 0) ++s.beside_itself_;
            ++t.plain;
            const auto r = static_cast<unsigned>(t.dice());
            if (!s.quiet_ && r % 3 == 0) s.arm(t, r / 3);
            if (r % 5 == 0)
                for (unsigned i = 0; i < r / 5 % 8; ++i) Arch::relax(i);
            if (!s.quiet_ && r % 7 == 0) s.arm(t, r / 7);
            ++t.calls;
            --t.inside;
        }
    };

    void arm(timer& t, unsigned r) {
        const jiffies_t expires = time_.jiffies() + r % 4;
        const unsigned cpu = r / 4 % cpus;
        if (r / 16 % 3 == 0) {
            if (time_.add(t.node, expires, cpu)) ++t.armed;
        } else if (!time_.mod(t.node, expires, cpu)) {
            ++t.armed;
        }
    }
    void act(unsigned who) {
        std::minstd_rand dice(seed_ * 2 + who + 1);
        for (int i = 0; i < rounds; ++i) {
            const auto r = static_cast<unsigned>(dice());
            timer& t = shared_[r % shared_.size()];
            switch (r / 64 % 6) {
                case 0:
                case 1: arm(t, r / 512); break;
                case 2: t.taken_off += time_.del(t.node) ? 1 : 0; break;
                case 3: t.taken_off += time_.try_del_sync(t.node) > 0 ? 1 : 0; break;
                case 4: time_.mod(t.node, time_.jiffies() + 1, r / 512 % cpus, timer_mod::pending); break;
                default: own_timer(mine_[who][r / 512 % mine_[who].size()], r / 4096); break;
            }
            if (r / 8 % 4 == 0) Arch::relax(r / 32 % 400);
        }
        for (timer& t : mine_[who]) {
            t.taken_off += time_.shut_down(t.node) ? 1 : 0;
            t.taken_off += time_.del_sync(t.node) ? 1 : 0;
            if (time_.was_pending(t.node) || time_.mod(t.node, time_.jiffies()) || time_.was_pending(t.node)) ++wrong_;
            t.armed -= t.armed - t.calls - t.taken_off;   // its function may have armed it in vain meanwhile
        }
    }
    /// One that nobody else touches, but its function.
    void own_timer(timer& t, unsigned r) {
        arm(t, r);
        if (r % 2 == 0) Arch::relax(r / 2 % 300);
        t.taken_off += time_.del_sync(t.node) ? 1 : 0;
        const int calls = t.calls;
        if (t.armed != calls + t.taken_off) ++wrong_;
        t.plain += 1000;   // it does not run: a race, for those who look for one
        Arch::relax(r % 64);
        if (time_.was_pending(t.node) || t.inside != 0 || t.calls != calls) ++wrong_;
    }

    const unsigned seed_;
    int next_ = 1;
    timekeeper<Arch> time_{timer_precision::exact, cpus};
    std::deque<timer> shared_, mine_[2];
    std::atomic<bool> quiet_{false};
    std::atomic<int> beside_itself_{0}, wrong_{0};
};

}   // namespace

TEMPLATE_TEST_CASE("timers: armed, moved and taken off on all CPUs, none is lost, none beside itself",
                   "[timekeeper][timer_base][stress]", BOTTOMHALF_ENGINES) {
    static int runs;
    runs = 0;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        INFO("storm " << seed);
        on_engine<TestType>([seed] {
            const auto s = std::make_unique<traffic<TestType>>(seed);
            s->run();
            runs += s->runs;
        });
    }
    CHECK(runs > (TestType::simulated ? 500 : 2000));
}
