// SPDX-License-Identifier: MIT
//
// The ring of a trace: the newest records are there, whole and in order, whoever wrote them, and whoever was in the way.

#include <bottomhalf/arch/trace_ring.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <pthread.h>

#include "support/catch.hpp"
#include "support/engine.hpp"
#include "support/gate.hpp"

using namespace bottomhalf;
using arch::trace_record;
using arch::trace_ring;

namespace {

/// All of it says the same.
trace_record made_of(std::uint64_t n) {
    trace_record r;
    r.at = static_cast<arch::ns_t>(n);
    r.object = reinterpret_cast<const void*>(n);
    r.function = reinterpret_cast<const void*>(~n);
    r.a = n * 3;
    r.b = n * 5;
    for (std::size_t i = 0; i + 1 < sizeof r.text; ++i) r.text[i] = static_cast<char>('a' + n % 26);
    return r;
}
bool is_whole(const trace_record& r) {
    const auto n = static_cast<std::uint64_t>(r.at);
    const trace_record want = made_of(n);
    return r.object == want.object && r.function == want.function && r.a == want.a && r.b == want.b &&
           std::memcmp(r.text, want.text, sizeof r.text) == 0;
}

}   // namespace

TEST_CASE("trace ring: what has been put is there, in order", "[trace]") {
    trace_ring ring;
    REQUIRE(ring.allocate(64));
    for (std::uint64_t n = 0; n < 40; ++n) ring.put(made_of(n + 1));
    CHECK(ring.head() == 40);
    trace_record r;
    for (std::uint64_t n = 0; n < 40; ++n) {
        REQUIRE(ring.get(n, r));
        CHECK(r.at == static_cast<arch::ns_t>(n + 1));
        CHECK(is_whole(r));
    }
    CHECK_FALSE(ring.get(40, r));
}

TEST_CASE("trace ring: the oldest gives way", "[trace]") {
    trace_ring ring;
    REQUIRE(ring.allocate(64));
    for (std::uint64_t n = 0; n < 100; ++n) ring.put(made_of(n + 1));
    trace_record r;
    for (std::uint64_t n = 0; n < 36; ++n) CHECK_FALSE(ring.get(n, r));
    for (std::uint64_t n = 36; n < 100; ++n) {
        REQUIRE(ring.get(n, r));
        CHECK(r.at == static_cast<arch::ns_t>(n + 1));
    }
}

TEST_CASE("trace ring: writers who overtake each other in the middle of a record, and a reader", "[trace]") {
    using sim = arch::sim;
    struct two_words {
        std::uint64_t a = 0, b = ~std::uint64_t{0};
    };
    using ring_t = arch::basic_trace_ring<sim::atomic_ref, two_words>;
    unsigned there = 0, lost = 0, torn = 0;
    for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        INFO("seed " << seed);
        sim::world world{{.seed = seed}};
        world.run([&] {
            ring_t ring;
            REQUIRE(ring.allocate(2));
            std::uint64_t next = 1;   // tasks of one thread
            const auto write = [&] {
                for (int i = 0; i < 3; ++i, ++next) ring.put({next, ~next});
            };
            auto a = support::call<sim>(write), b = support::call<sim>(write, 1);
            const auto look = [&] {
                two_words r;
                const std::uint64_t head = ring.head();
                for (std::uint64_t n = head < 2 ? 0 : head - 2; n != head; ++n) {
                    if (!ring.get(n, r)) {
                        ++lost;
                        continue;
                    }
                    ++there;
                    if (r.b != ~r.a) ++torn;
                }
            };
            for (int i = 0; i < 4; ++i) look();
            a.join(), b.join();
            look();
            CHECK(ring.head() == 6);
        });
    }
    CHECK(torn == 0);
    CHECK(there > 100);   // both happen
    CHECK(lost > 100);
}

TEST_CASE("trace ring: threads, a signal handler on top of them, and a reader: none is torn", "[trace][stress]") {
    static trace_ring* ring;
    static std::atomic<std::uint64_t> next{1}, interrupts{0};
    auto owned = std::make_unique<trace_ring>();
    ring = owned.get();
    REQUIRE(ring->allocate(64));   // small: writers overtake each other, and the reader
    struct sigaction act = {}, old = {};
    act.sa_handler = [](int) {
        ring->put(made_of(next.fetch_add(1)));
        interrupts.fetch_add(1);
    };
    REQUIRE(::sigaction(SIGUSR2, &act, &old) == 0);
    std::atomic<int> at_work{2};
    const auto write = [&] {
        for (int i = 0; i < 60'000; ++i) ring->put(made_of(next.fetch_add(1)));
        at_work.fetch_sub(1);
    };
    std::thread first(write), second(write);
    std::uint64_t seen = 0, torn = 0, from = 0;
    trace_record r;
    while (at_work.load() > 0 || interrupts.load() < 100) {
        ::pthread_kill(first.native_handle(), SIGUSR2);   // not joined yet: its handle stays good
        const std::uint64_t head = ring->head();
        if (head - from > ring->capacity()) from = head - ring->capacity();
        for (; from != head; ++from)
            if (ring->get(from, r)) ++seen, torn += is_whole(r) ? 0 : 1;
        if (at_work.load() == 0) ring->put(made_of(next.fetch_add(1))), interrupts.fetch_add(1);
    }
    first.join();
    second.join();
    ::sigaction(SIGUSR2, &old, nullptr);
    CHECK(torn == 0);
    CHECK(seen > 0);
    CHECK(ring->head() == next.load() - 1);   // nobody lost his place without taking one
    // Nobody is at it any more: a round of records is there but for those that found their place taken, a few at most.
    std::uint64_t there = 0;
    for (std::uint64_t n = ring->head() - ring->capacity(); n != ring->head(); ++n)
        if (ring->get(n, r)) {
            ++there;
            CHECK(is_whole(r));
        }
    CHECK(there > 0);
}
