// SPDX-License-Identifier: MIT
//
// The door of a pool alone, in every order: two who push, one who takes, one who takes in between.  What each of these
// searches has been seen to find: PLANTED.md.
#include "sim/library.hpp"

#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/inbox.hpp>

using namespace library;
namespace detail = bottomhalf::detail;

namespace {

/// A worker as small as can be, and what it has taken: a number per producer, which must come in their order.
struct pool {
    struct item : detail::link {
        unsigned producer = 0, number = 0;
    };
    detail::inbox<engine> inbox;
    detail::spinlock<engine> lock;
    word watch = 0, taken = 0, last[2] = {};

    pool() { inbox.open(); }
    void push(item& i) {
        if (inbox.push(i) != detail::pushed::and_must_wake) return;
        more(watch);
        engine::unpark(watch, 1);
    }
    /// Caller holds the lock.
    void take() {
        for (detail::link* l = inbox.take_all(); l != nullptr;) {
            const auto& i = static_cast<const item&>(*l);
            l = l->next;
            sim::expect(i.number == last[i.producer] + 1, "out of order, lost, or taken twice");
            last[i.producer] = i.number;
            ++taken;
        }
    }
    void work(word wanted) {
        while (true) {
            word v = 0;
            {
                const detail::irq_lock<engine> g(lock);
                take();
                if (taken == wanted) return;
                v = get(watch);
                if (!inbox.fall_asleep()) continue;
            }
            engine::park(watch, v, arch::forever, "a push");
        }
    }
    /// Somebody else looks; what he leaves behind is a worker that will look.
    void third_party() {
        const detail::irq_lock<engine> g(lock);
        take();
        if (!inbox.wake_up()) return;
        more(watch);
        engine::unpark(watch, 1);
    }
};

}   // namespace

TEST_CASE("push: nothing is lost, nothing comes twice, each producer's items come in their order", "[explore][inbox]") {
    explored({"inbox", 20'000, 2, false}, [] {
        pool p;
        pool::item items[2][2];
        for (unsigned producer = 0; producer < 2; ++producer)
            for (unsigned i = 0; i < 2; ++i) items[producer][i].producer = producer, items[producer][i].number = i + 1;
        const auto produces = [&](unsigned producer) {
            for (pool::item& i : items[producer]) p.push(i);
        };
        sim::actor zero("zero", [&] { produces(0); });
        sim::actor one("one", [&] { produces(1); });
        sim::actor third("third", [&] { p.third_party(); });
        p.work(4);
    });
}
