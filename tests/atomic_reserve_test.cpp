// SPDX-License-Identifier: MIT
//
// What stands behind kmalloc() and printk() in a top half: blocks that several claim at once, and messages that several
// make at once, between any two steps of each other.
#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/printk_ring.hpp>

#include "support/engine.hpp"
#include "support/gate.hpp"

using support::call;
using support::on_engine;

namespace {

constexpr unsigned rounds = 40, tasks = 3;

/// Three tasks take blocks, mark them, and give them back.  Return: how often one was not theirs alone.
template <class Arch, class Get, class Put>
unsigned contest(Get get, Put put) {
    std::atomic<unsigned> broken{0};
    const auto body = [&](int me) {
        for (unsigned i = 0; i < rounds; ++i) {
            auto* p = static_cast<int*>(get());
            if (p == nullptr) continue;
            *p = me;   // plain: ThreadSanitizer looks
            Arch::step();
            if (*p != me) ++broken;
            put(p);
        }
    };
    auto a = call<Arch>([&] { body(1); });
    auto b = call<Arch>([&] { body(2); });
    auto c = call<Arch>([&] { body(3); });
    a.join(), b.join(), c.join();
    return broken;
}

}   // namespace

TEMPLATE_TEST_CASE("reserved_blocks: a block has one owner, and all come back", "[reserve]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using blocks_t = bottomhalf::detail::reserved_blocks<TestType, 64, 2>;
        auto blocks = std::make_unique<blocks_t>();
        bool low = false;
        CHECK(contest<TestType>(
                  [&] {
                      bool l;
                      return blocks->get(l);
                  },
                  [&](void* p) { blocks->put(p); }) == 0);
        void* all[128];
        for (unsigned i = 0; i < 128; ++i) {
            all[i] = blocks->get(low);
            REQUIRE(blocks->has(all[i]));
            CHECK(reinterpret_cast<std::uintptr_t>(all[i]) % 64 == 0);
            CHECK(low == (i >= 96));
            std::memset(all[i], static_cast<int>(i), 64);
        }
        CHECK(blocks->get(low) == nullptr);
        CHECK(low);
        for (unsigned i = 0; i < 128; ++i) CHECK(static_cast<unsigned char*>(all[i])[63] == i);
        CHECK_FALSE(blocks->has(&low));
        for (void* p : all) blocks->put(p);
        CHECK(blocks->get(low) == all[0]);
    });
}

TEMPLATE_TEST_CASE("spare_blocks: who fills does not meet who takes", "[reserve]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottomhalf::detail::spare_blocks<TestType> spares;
        CHECK(spares.get() == nullptr);
        const auto get = [&] {
            spares.fill(64, 64);
            return spares.get();
        };
        CHECK(contest<TestType>(get, [](void* p) { std::free(p); }) == 0);   // ASan looks
        unsigned n = 0;
        spares.fill(64, 64);
        for (; void* p = spares.get(); ++n) std::free(p);
        CHECK(n == 64);
    });
}

TEMPLATE_TEST_CASE("spare_blocks: each block that is brought is given out, once, whoever brings and takes meanwhile",
                   "[reserve]", BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        bottomhalf::detail::spare_blocks<TestType> spares;
        std::atomic<unsigned> brought{0};
        std::vector<void*> taken[tasks];
        const auto body = [&](unsigned me) {
            for (unsigned i = 0; i < rounds; ++i) {
                brought += spares.fill(64, 64);
                for (unsigned n = i % 4; n != 0; --n)
                    if (void* p = spares.get()) taken[me].push_back(p);   // and keeps it: no address comes twice
            }
        };
        {
            auto a = call<TestType>([&] { body(0); });
            auto b = call<TestType>([&] { body(1); });
            auto c = call<TestType>([&] { body(2); });
        }
        std::vector<void*> all;
        while (void* p = spares.get()) all.push_back(p);
        for (const auto& some : taken) all.insert(all.end(), some.begin(), some.end());
        CHECK(all.size() == brought);
        const std::set<void*> different(all.begin(), all.end());
        CHECK(different.size() == all.size());
        for (void* p : different) std::free(p);
        CHECK(spares.fill(64, 64) == 64);   // no place is lost
        while (void* p = spares.get()) std::free(p);
    });
}

TEMPLATE_TEST_CASE("text_ring: messages come out whole, once, and each one's in his order", "[printk]",
                   BOTTOMHALF_ENGINES) {
    on_engine<TestType>([] {
        using ring_t = bottomhalf::detail::text_ring<TestType>;
        auto ring = std::make_unique<ring_t>();
        const auto push = [&](const std::string& s) { return ring->push(s.data(), s.size()); };
        std::string last;
        const auto pop = [&] {
            return ring->pop([&](const char* text, std::size_t n, bool) { last.assign(text, n); });
        };

        // To a few words before the end, so that the contest goes over it.
        for (std::size_t i = 0; i < ring_t::words - 40; ++i) REQUIRE((push("") && pop()));
        std::atomic<unsigned> said{0}, refused{0};
        const auto body = [&](char me) {
            for (unsigned i = 0; i < rounds; ++i)
                ++(push(std::string(i % 30, me) + static_cast<char>('A' + i)) ? said : refused);
        };
        auto a = call<TestType>([&] { body('a'); });
        auto b = call<TestType>([&] { body('b'); });
        auto c = call<TestType>([&] { body('c'); });
        unsigned heard = 0, torn = 0, next[3] = {};
        for (unsigned round = 0; heard + torn < tasks * rounds; ++round) {
            if (!pop()) {
                TestType::relax(round);
                continue;
            }
            const std::size_t n = last.size() - 1;
            const auto i = static_cast<unsigned>(last[n] - 'A');
            // A message of one letter does not say whose it is.
            const bool whole = i % 30 == n && (n == 0 || last.substr(0, n) == std::string(n, last[0]));
            if (whole && n != 0 && i < next[last[0] - 'a']) ++torn;
            if (whole && n != 0) next[last[0] - 'a'] = i + 1;
            ++(whole ? heard : torn);
        }
        a.join(), b.join(), c.join();
        CHECK(torn == 0);
        CHECK(said == tasks * rounds);
        CHECK(refused == 0);
        CHECK_FALSE(pop());
        CHECK(ring->is_empty());
    });
}

TEST_CASE("text_ring: to its last word, and no further", "[printk]") {
    using ring_t = bottomhalf::detail::text_ring<bottomhalf::arch::threads>;
    auto ring = std::make_unique<ring_t>();
    for (std::size_t n = 0; n < ring_t::words; ++n) REQUIRE(ring->push("", 0));   // a word each
    CHECK_FALSE(ring->push("", 0));
    CHECK(ring->pop([](const char*, std::size_t, bool) {}));
    CHECK_FALSE(ring->push("x", 1));   // needs two
    CHECK(ring->push("", 0));
}

TEST_CASE("text_ring: full is full, and what was said first is there", "[printk]") {
    using ring_t = bottomhalf::detail::text_ring<bottomhalf::arch::threads>;
    auto ring = std::make_unique<ring_t>();
    const std::string line(1000, 'x');
    for (int lap = 0; lap < 3; ++lap) {
        std::size_t n = 0, heard = 0;
        while (ring->push((line + std::to_string(n)).data(), line.size() + std::to_string(n).size())) ++n;
        CHECK(n >= ring_t::words / 127 - 1);
        CHECK(n <= ring_t::words / 126);
        CHECK_FALSE(ring->is_empty());
        while (ring->pop([&](const char* text, std::size_t size, bool) {
            if (std::string(text, size) == line + std::to_string(heard)) ++heard;
        })) {}
        CHECK(heard == n);
        CHECK(ring->is_empty());
    }
}
