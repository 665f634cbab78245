// SPDX-License-Identifier: MIT
//
// sim_store_buffer.hpp: what x86 does with stores, and nothing that it does not.
#include "support/catch.hpp"

#include <cstdint>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using word = std::uint32_t;
using bottomhalf::acq_rel;
using bottomhalf::acquire;
using bottomhalf::relaxed;
using bottomhalf::release;
using bottomhalf::seq_cst;

namespace {

engine::atomic_ref<word> ref(word& w) { return engine::atomic_ref<word>(w); }

sim::options with(bool buffers) {
    sim::options o;
    o.boots = false;
    o.store_buffers = buffers;
    o.how = sim::plan::bounded;
    o.schedules = 300'000;
    o.depth = 4;
    return o;
}

enum class between { nothing, fence, weaker_fence, exchange, strong_store };

/// Each stores to his own word, and reads the other's: can both have read what was before?
void store_then_load(between what) {
    word x = 0, y = 0, a = 1, b = 1;
    const auto side = [what](word& mine, word& other, word& seen) {
        word scratch = 0;
        if (what == between::exchange)
            ref(mine).exchange(1, acq_rel);
        else
            ref(mine).store(1, what == between::strong_store ? seq_cst : release);
        if (what == between::fence) engine::fence(seq_cst);
        if (what == between::weaker_fence) engine::fence(acq_rel);
        static_cast<void>(scratch);
        seen = ref(other).load(acquire);
    };
    {
        sim::actor one("one", [&] { side(x, y, a); });
        sim::actor two("two", [&] { side(y, x, b); });
    }
    sim::expect(a != 0 || b != 0, "neither has seen the other");
}

}   // namespace

TEST_CASE("a load is done before a store that stands before it, unless something keeps it", "[tso]") {
    CHECK(sim::explore(with(false), [] { store_then_load(between::nothing); }));
    CHECK_FALSE(sim::explore(with(true), [] { store_then_load(between::nothing); }));
    CHECK_FALSE(sim::explore(with(true), [] { store_then_load(between::weaker_fence); }));
    CHECK(sim::explore(with(true), [] { store_then_load(between::fence); }));
    CHECK(sim::explore(with(true), [] { store_then_load(between::exchange); }));
    CHECK(sim::explore(with(true), [] { store_then_load(between::strong_store); }));
    // By draws, too.
    auto o = with(true);
    o.how = sim::plan::random;
    CHECK_FALSE(sim::explore(o, [] { store_then_load(between::nothing); }));
}

TEST_CASE("stores arrive in their order, and loads are done in theirs", "[tso]") {
    const auto message = [] {
        word data = 0, flag = 0;
        sim::actor one("one", [&] {
            ref(data).store(1, relaxed);
            ref(flag).store(1, relaxed);
        });
        sim::actor two("two", [&] {
            if (ref(flag).load(relaxed) == 1) sim::expect(ref(data).load(relaxed) == 1, "the flag was faster");
        });
    };
    const auto r = sim::explore(with(true), message);
    CHECK(r);
    CHECK(r.distinct > 20);
}

TEST_CASE("a task sees its own stores, whoever else does", "[tso]") {
    const auto r = sim::explore(with(true), [] {
        word x = 0, y = 0;
        word seen = 2;
        sim::actor one("one", [&] {
            ref(x).store(1, relaxed);
            ref(y).store(1, relaxed);
            ref(x).store(2, relaxed);
            sim::expect(ref(x).load(relaxed) == 2, "not its own");
        });
        sim::actor two("two", [&] { seen = ref(x).load(relaxed); });
        two.join();
        sim::expect(seen <= 2, "out of thin air");
        one.join();
        sim::expect(x == 2 && y == 1, "a store is lost");
    });
    CHECK(r);
}

TEST_CASE("a store arrives before its task sleeps, wakes, rings, locks, or ends", "[tso]") {
    const auto r = sim::explore(with(true), [] {
        word x = 0, bell = 0;
        sim::actor one("one", [&] {
            ref(x).store(1, relaxed);
            engine::park(bell, 1, arch::forever, "nothing: the word is another");
            sim::expect(x == 1, "park");
            ref(x).store(2, relaxed);
            engine::unpark(bell, 1);
            sim::expect(x == 2, "unpark");
            ref(x).store(3, relaxed);
            ref(bell).fetch_add(0, relaxed);
            sim::expect(x == 3, "a locked instruction");
            ref(x).store(4, relaxed);
            word expected = 5;
            ref(bell).compare_exchange_strong(expected, 6, relaxed, relaxed);
            sim::expect(x == 4, "a locked instruction that changes nothing");
            ref(x).store(5, relaxed);
        });
        one.join();
        sim::expect(x == 5, "the end");
    });
    CHECK(r);
}

TEST_CASE("a store arrives before its memory is given back", "[tso]") {
    const auto r = sim::explore(with(true), [] {
        using reserve = bottomhalf::atomic_heap<engine>;
        word* const x = static_cast<word*>(reserve::get(sizeof(word)));
        ref(*x).store(1, release);
        reserve::put(x);
        engine::step();   // so late it would be found at the end, as a write to what was freed
    });
    INFO(r);
    CHECK(r);
}

TEST_CASE("a loop that waits for a late store ends", "[tso]") {
    for (const auto how : {sim::plan::bounded, sim::plan::random, sim::plan::pct}) {
        auto o = with(true);
        o.how = how;
        o.schedules = 2'000;
        o.max_steps = 50'000;
        const auto r = sim::explore(o, [] {
            word x = 0, y = 0;
            sim::actor one("one", [&] {
                ref(x).store(1, release);
                while (ref(y).load(acquire) == 0) engine::relax(0);
            });
            sim::actor two("two", [&] {
                while (ref(x).load(acquire) == 0) engine::relax(0);
                ref(y).store(1, release);
            });
        });
        CHECK(r);
    }
}
