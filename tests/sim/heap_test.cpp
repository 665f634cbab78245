// SPDX-License-Identifier: MIT
//
// sim/heap.hpp: what is done wrong with memory fails the schedule, and is said in words that help; each schedule gets the
// same addresses.
#define BOTTOMHALF_SIM 1
#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <bottomhalf/atomic_reserve.hpp>
#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

#if BOTTOMHALF_ASAN
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using heap = bottomhalf::atomic_heap<engine>;
using Catch::Matchers::ContainsSubstring;

namespace {

sim::options quick(std::uint64_t schedules = 50) {
    sim::options o;
    o.name = "heap";
    o.schedules = schedules;
    o.boots = false;
    return o;
}
char* get(std::size_t n) { return static_cast<char*>(heap::get(n)); }
/// The compiler must not see what is wrong with what follows.
char* hidden(char* p) {
    asm volatile("" : "+r"(p));
    return p;
}

}   // namespace

TEST_CASE("memory that is used well is no failure", "[heap]") {
    const auto r = sim::explore(quick(), [] {
        char* const a = get(10);
        char* const b = static_cast<char*>(heap::get_zeroed(100));
        char* const c = static_cast<char*>(heap::get_aligned(4096, 4096));
        char* const d = get(0);
        sim::expect(reinterpret_cast<std::uintptr_t>(a) % 16 == 0 && reinterpret_cast<std::uintptr_t>(c) % 4096 == 0,
                    "alignment");
        sim::expect(heap::size_of(a) == 10 && heap::size_of(c) == 4096 && heap::size_of(d) == 0, "size");
        for (int i = 0; i < 100; ++i) sim::expect(b[i] == 0, "zeroes");
        std::memset(a, 1, 10), std::memset(b, 1, 100), std::memset(c, 1, 4096);
        for (char* const p : {a, b, c, d}) heap::put(p);
        heap::put(nullptr);
    });
    CHECK(r);
    INFO(r);
}

TEST_CASE("each schedule finds the heap as the first one did", "[heap]") {
    std::set<std::vector<char*>> seen;
    std::set<char> contents;
    const auto r = sim::explore(quick(), [&] {
        std::vector<char*> at;
        for (std::size_t n : {1U, 40U, 5000U}) {
            at.push_back(get(n));
            contents.insert(at.back()[n / 2]);
            std::memset(at.back(), 7, n);
        }
        heap::put(at[1]);
        at.push_back(get(40));
        sim::expect(at[3] != at[1], "what was freed is not given out at once");
        for (std::size_t i : {0U, 2U, 3U}) heap::put(at[i]);
        seen.insert(at);
    });
    CHECK(r);
    CHECK(seen.size() == 1);
    CHECK(contents.size() == 1);
}

TEST_CASE("what was not freed is a leak, unless that is no matter, or the schedule has failed for another reason",
          "[heap]") {
    const auto leak = [] {
        heap::put(get(8));
        get(24);
        sim::actor irq("irq 5", [] { heap::get(100); });
    };
    auto o = quick();
    const auto r = sim::explore(o, leak);
    CHECK(r.kind == sim::verdict::leaked);
    CHECK_THAT(r.what, ContainsSubstring("2 blocks were not freed"));
    CHECK_THAT(r.what, ContainsSubstring("24 bytes, allocated by main ("));
    CHECK_THAT(r.what, ContainsSubstring("100 bytes, allocated by irq 5 ("));
    CHECK_THAT(r.what, ContainsSubstring("heap_test.cpp:"));
    o.leaks = false;
    CHECK(sim::explore(o, leak));
    const auto wrong = sim::explore(quick(), [&] {
        leak();
        sim::expect(false, "something else");
    });
    CHECK(wrong.kind == sim::verdict::wrong);
}

TEST_CASE("memory from before is not missed, and stays as it is", "[heap]") {
    char* const before = get(16);
    std::memset(before, 3, 16);
    CHECK(sim::explore(quick(), [&] { sim::expect(before[7] == 3, "as it was"); }));
    heap::put(before);
}

TEST_CASE("what is not a block of the schedule is not freed", "[heap]") {
    char on_the_stack = 0;
    char* const before = get(16);
    const auto foreign = sim::explore(quick(), [&] { heap::put(hidden(&on_the_stack)); });
    CHECK(foreign.kind == sim::verdict::memory);
    CHECK_THAT(foreign.what, ContainsSubstring("which this schedule has not allocated; by main ("));
    CHECK(sim::explore(quick(), [&] { heap::put(before); }).kind == sim::verdict::memory);
    heap::put(before);
    const auto inside = sim::explore(quick(), [] { heap::put(hidden(get(64) + 8)); });
    CHECK(inside.kind == sim::verdict::memory);
    CHECK_THAT(inside.what, ContainsSubstring("free of byte 8 of a block of 64, allocated by main ("));
}

TEST_CASE("a second free is one of whoever came last", "[heap]") {
    const auto r = sim::explore(quick(1'000), [] {
        // Frees what it finds: in two steps.
        char* shared = get(32);
        const auto drop = [&] {
            char* const mine = engine::atomic_ref<char*>(shared).load();
            if (mine == nullptr) return;
            engine::atomic_ref<char*>(shared).store(nullptr);
            heap::put(mine);
        };
        sim::actor one("one", drop), two("two", drop);
    });
    CHECK(r.kind == sim::verdict::memory);
    CHECK(r.preemptions == 1);
    CHECK_THAT(r.what, ContainsSubstring("double free of a block of 32, allocated by main ("));
    CHECK_THAT(r.what, ContainsSubstring(", freed by two ("));
    CHECK_THAT(r.what, ContainsSubstring("; by one ("));
    CHECK_THAT(r.what, ContainsSubstring("one             runs"));   // and who stands where
}

#if !BOTTOMHALF_ASAN
TEST_CASE("what is written where nothing is to be written is seen", "[heap]") {
    SECTION("after the free, at the end") {
        const auto r = sim::explore(quick(), [] {
            char* const p = hidden(get(32));
            heap::put(p);
            p[5] = 0;
        });
        CHECK(r.kind == sim::verdict::memory);
        CHECK_THAT(r.what, ContainsSubstring("write after free: byte 5 is 0x00 in a block of 32, allocated by main ("));
        CHECK_THAT(r.what, ContainsSubstring(", freed by main ("));
    }
    SECTION("behind the end") {
        const auto freed = GENERATE(false, true);
        const auto r = sim::explore(quick(), [freed] {
            char* const p = hidden(get(33));
            p[33] = 0;
            if (freed) heap::put(p);
        });
        CHECK(r.kind == sim::verdict::memory);
        CHECK_THAT(r.what, ContainsSubstring("write beyond the end: byte 33 is 0x00 in a block of 33"));
    }
    SECTION("before the beginning") {
        const auto r = sim::explore(quick(), [] {
            char* const p = hidden(get(64));
            p[-1] = 0;
            heap::put(p);
        });
        CHECK(r.kind == sim::verdict::memory);
        CHECK_THAT(r.what, ContainsSubstring("write before the beginning of a block of 64"));
        const auto between = sim::explore(quick(), [] {
            char* const p = hidden(get(64));
            char* const q = hidden(static_cast<char*>(heap::get_aligned(64, 1024)));
            q[-1] = 0;
            heap::put(p), heap::put(q);
        });
        CHECK(between.kind == sim::verdict::memory);
    }
    SECTION("when the block is to be given out again") {
        const auto r = sim::explore(quick(2), [] {
            char* const p = hidden(get(3 << 20));
            heap::put(p);
            p[5] = 0;
            for (int i = 0; i < 100; ++i) heap::put(get(3 << 20));
            sim::expect(false, "it is late");
        });
        CHECK(r.kind == sim::verdict::memory);
        CHECK_THAT(r.what, ContainsSubstring("write after free: byte 5"));
    }
}
#endif

TEST_CASE("a driver that allocates and frees without an end has memory all the time", "[heap]") {
    std::set<char*> seen;
    const auto r = sim::explore(quick(2), [&] {
        for (int i = 0; i < 3'000; ++i) {
            char* const p = get(1 << 20);
            sim::expect(p != nullptr && heap::size_of(p) == 1 << 20, "memory");
            seen.insert(p);
            p[0] = p[(1 << 20) - 1] = 1;
            heap::put(p);
        }
        char* const small = get(100);   // not a megabyte for a hundred bytes
        sim::expect(seen.count(small) == 0, "its own");
        heap::put(small);
    });
    CHECK(r);
    CHECK(seen.size() < 100);
    CHECK(seen.size() > 10);
}

TEST_CASE("memory can be refused", "[heap]") {
    BOTTOMHALF_SIM_KEEP static int asked;
    asked = 0;
    const auto r = sim::explore(quick(1), [] {
        auto& fails = sim::detail::explorer::current()->heap().fails;
        const auto before = std::exchange(fails, [](std::size_t n) { return ++asked, n == 7; });
        sim::expect(get(7) == nullptr, "refused");
        heap::put(get(8));
        fails = before;
    });
    CHECK(r);
    CHECK(asked >= 2);   // it is run more than once: to warm up, and to see whether it does the same
}

TEST_CASE("that there is no memory is one of the faults that are explored", "[heap]") {
    const auto careless = [] {
        char* const p = get(8);
        sim::expect(p != nullptr, "there is always memory");
        heap::put(p);
    };
    auto o = quick(100);
    CHECK(sim::explore(o, careless));
    o.faults = sim::no_memory;
    CHECK(sim::explore(o, careless).kind == sim::verdict::wrong);
}

TEST_CASE("adopted memory is missed, and given back", "[heap]") {
    BOTTOMHALF_SIM_KEEP static int mine, given_back;
    given_back = 0;
    const auto body = [](bool releases) {
        engine::memory()->adopt(
            &mine, 4, [](void* p) { given_back += p == &mine; }, bottomhalf::location::current());
        if (releases) engine::memory()->release(&mine);
    };
    CHECK(sim::explore(quick(3), [&] { body(true); }));
    CHECK(given_back == 0);
    const auto r = sim::explore(quick(3), [&] { body(false); });
    CHECK(r.kind == sim::verdict::leaked);
    CHECK(given_back >= 3);   // the schedule, shorter ones, and once more to be shown
}

#if !BOTTOMHALF_ASAN && !BOTTOMHALF_TSAN
TEST_CASE("a bad pointer is a schedule that has failed", "[heap]") {
    struct node {
        node* next;
        int value;
    };
    SECTION("null") {
        const auto r = sim::explore(quick(), [] {
            volatile node* volatile n = nullptr;
            n->value = 1;
        });
        CHECK(r.kind == sim::verdict::crashed);
        CHECK_THAT(r.what, ContainsSubstring("SIGSEGV at 0x8: a null pointer in "));
        CHECK_THAT(r.what, ContainsSubstring("main            runs"));
    }
    SECTION("of an actor, in what was freed meanwhile") {
        const auto r = sim::explore(quick(10'000), [] {
            node* second = static_cast<node*>(heap::get_zeroed(sizeof(node)));
            node* first = static_cast<node*>(heap::get_zeroed(sizeof(node)));
            first->next = second;
            {
                sim::actor reader("reader", [first] {
                    for (node* volatile n = first; n != nullptr;) {
                        engine::step();
                        node* volatile next = n->next;
                        n = next;
                    }
                });
                engine::step();
                heap::put(first);
            }
            heap::put(second);
        });
        CHECK(r.kind == sim::verdict::crashed);
        CHECK_THAT(r.what, ContainsSubstring("a pointer out of memory that was freed"));
    }
    SECTION("the stack is at its end") {
        const auto r = sim::explore(quick(2), [] {
            struct deep {
                static int down(volatile int* n) {
                    volatile int here = *n + 1;
                    return here == 0 ? 0 : down(&here) + *n;
                }
            };
            volatile int n = 0;
            deep::down(&n);
        });
        CHECK(r.kind == sim::verdict::crashed);
    }
    SECTION("a division") {
        const auto r = sim::explore(quick(2), [] {
            volatile int n = 0;
            n = 100 / n;
        });
#if defined(__x86_64__)
        CHECK_THAT(r.what, ContainsSubstring("SIGFPE"));
#endif
    }
}
#endif

#if BOTTOMHALF_ASAN
TEST_CASE("a read after the free ends the program under the sanitizer, with the token of the schedule", "[heap]") {
    int out[2];
    REQUIRE(::pipe(out) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(out[1], 2);
        ::close(out[0]);
        static_cast<void>(sim::explore(quick(), [] {
            char* const p = hidden(get(32));
            heap::put(p);
            volatile char c = *p;
            static_cast<void>(c);
        }));
        ::_exit(0);
    }
    ::close(out[1]);
    std::string text;
    char piece[4096];
    for (ssize_t n; (n = ::read(out[0], piece, sizeof piece)) > 0;) text.append(piece, static_cast<std::size_t>(n));
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status != 0);
    CHECK_THAT(text, ContainsSubstring("use-after-poison"));
    CHECK_THAT(text, ContainsSubstring("BOTTOMHALF_REPLAY='heap:"));
}
#endif
