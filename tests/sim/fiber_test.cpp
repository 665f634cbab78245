// SPDX-License-Identifier: MIT
//
// fiber.hpp: what a switch must keep, and what becomes of the stacks.
#include "support/catch.hpp"

#include <cerrno>
#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <unistd.h>

#include <bottomhalf/arch/fiber.hpp>

#if BOTTOMHALF_ASAN
#include <sanitizer/asan_interface.h>
#endif

using bottomhalf::arch::fiber;

namespace {

/// A fiber that calls `body` once, and the stack of the test to come back to.
template <class Body>
class visit {
public:
    explicit visit(Body body) : body_(body) {
        outside_.adopt();
        REQUIRE(inside_.create(&enter, this));
    }
    void go_in() { fiber::switch_to(outside_, inside_); }
    void go_out() { fiber::switch_to(inside_, outside_); }
    fiber& inside() { return inside_; }

private:
    fiber outside_;
    fiber inside_;
    Body body_;

    static void enter(void* p) {
        auto& self = *static_cast<visit*>(p);
        self.body_(self);
        fiber::leave(self.inside_, self.outside_);
    }
};

/// Whether the kernel can write to `p` on our behalf: a look at a page that does not crash.
bool writable(void* p) {
    int ends[2];
    if (::pipe(ends) != 0) return false;
    const char byte = 0;
    const bool ok = ::write(ends[1], &byte, 1) == 1 && ::read(ends[0], p, 1) == 1;
    ::close(ends[0]);
    ::close(ends[1]);
    return ok;
}

}   // namespace

TEST_CASE("fiber: goes on where it left, with its own locals", "[fiber][switch_to]") {
    std::string trace;
    visit v{[&](auto& self) {
        for (int i = 0; i < 3; ++i) {
            trace += static_cast<char>('a' + i);
            self.go_out();
        }
        trace += '.';
    }};
    for (int i = 0; i < 4; ++i) {
        trace += static_cast<char>('0' + i);
        v.go_in();
    }
    CHECK(trace == "0a1b2c3.");
}

TEST_CASE("fiber: its stack is aligned for vector registers and deep enough for printf", "[fiber][create]") {
    char text[64] = "";
    std::uintptr_t misaligned = 1;
    visit v{[&](auto&) {
        alignas(16) char local[16] = "x";
        char* volatile where = local;   // the compiler takes the alignment for granted; the address decides
        misaligned = reinterpret_cast<std::uintptr_t>(where) % 16;
        std::snprintf(text, sizeof text, "%.3f %s", 2.5, local);
    }};
    v.go_in();
    CHECK(misaligned == 0);
    CHECK(std::string(text) == "2.500 x");
}

TEST_CASE("fiber: a switch keeps the registers that a function must preserve", "[fiber][switch_to]") {
    // Enough live values on both sides to fill every callee-saved register, integer and (aarch64) floating.
    const auto busy = [](std::uint64_t seed, auto&& away) {
        std::uint64_t a = seed, b = seed + 1, c = seed * 3, d = seed ^ 5, e = seed + 7, f = seed * 11, g = seed + 13;
        double x = static_cast<double>(seed), y = x + 0.5, z = x * 1.25;
        for (int i = 0; i < 50; ++i) {
            a += b, b ^= c, c += d, d *= 3, e += f ^ g, f += a, g ^= e;
            x += y * 0.5, y = z - y, z += 1.0;
            away();
        }
        return a ^ b ^ c ^ d ^ e ^ f ^ g ^ static_cast<std::uint64_t>(static_cast<std::int64_t>(x + y + z));
    };
    std::uint64_t inside = 0;
    visit v{[&](auto& self) { inside = busy(1, [&] { self.go_out(); }); }};
    const std::uint64_t outside = busy(2, [&] { v.go_in(); });
    v.go_in();   // its last lap
    CHECK(inside == busy(1, [] {}));
    CHECK(outside == busy(2, [] {}));
}

TEST_CASE("fiber: has its own rounding mode", "[fiber][switch_to]") {
    int at_start = -1, at_end = -1;
    visit v{[&](auto& self) {
        at_start = std::fegetround();
        std::fesetround(FE_UPWARD);
        self.go_out();
        at_end = std::fegetround();
    }};
    v.go_in();
    CHECK(std::fegetround() == FE_TONEAREST);
    std::fesetround(FE_DOWNWARD);
    v.go_in();
    CHECK(std::fegetround() == FE_DOWNWARD);
    std::fesetround(FE_TONEAREST);
    CHECK(at_start == FE_TONEAREST);
    CHECK(at_end == FE_UPWARD);
}

TEST_CASE("fiber: has its own errno", "[fiber][switch_to]") {
    int at_start = -1, at_end = -1;
    visit v{[&](auto& self) {
        at_start = errno;
        errno = ENOSPC;
        self.go_out();
        at_end = errno;
    }};
    errno = EINTR;
    v.go_in();
    const int outside = errno;
    errno = EAGAIN;
    v.go_in();
    CHECK(outside == EINTR);
    CHECK(at_start == 0);
    CHECK(at_end == ENOSPC);
}

TEST_CASE("fiber: throws and catches on its own stack", "[fiber][exceptions]") {
    std::string caught;
    visit v{[&](auto&) {
        try {
            throw std::runtime_error("inside");
        } catch (const std::exception& e) {
            caught = e.what();
        }
    }};
    v.go_in();
    CHECK(caught == "inside");
}

TEST_CASE("fiber: may be left inside a catch block, and a throw; finds its own exception again",
          "[fiber][exceptions]") {
    std::string inside, outside;
    int unwinding = -1, others = -1;
    visit v{[&](auto& self) {
        struct on_the_way_out {
            decltype(self)& v;
            int& n;
            ~on_the_way_out() {
                v.go_out();
                n = std::uncaught_exceptions();
            }
        };
        try {
            try {
                throw std::runtime_error("theirs");
            } catch (...) {
                self.go_out();
                throw;   // the innermost exception that this thread handles: by now it handles two
            }
        } catch (const std::exception& e) {
            inside = e.what();
        }
        try {
            const on_the_way_out leaves{self, unwinding};
            throw 1;
        } catch (int) {}
    }};
    v.go_in();   // it is inside its catch block
    try {
        try {
            throw std::runtime_error("ours");
        } catch (...) {
            v.go_in();   // it has rethrown, and is now inside the destructor
            others = std::uncaught_exceptions();
            v.go_in();
            throw;
        }
    } catch (const std::exception& e) {
        outside = e.what();
    }
    CHECK(inside == "theirs");
    CHECK(outside == "ours");
    CHECK(unwinding == 1);
    CHECK(others == 0);
    CHECK(std::current_exception() == nullptr);
}

TEST_CASE("fiber: below its stack is a page that traps", "[fiber][create]") {
    visit v{[](auto&) {}};
    auto* const lowest = static_cast<char*>(v.inside().stack());
    CHECK(writable(lowest));
    CHECK(writable(lowest + fiber::stack_size - 4096));
    CHECK_FALSE(writable(lowest - 1));
    v.go_in();
}

TEST_CASE("fiber: the next one gets the stack of one that ended, clean", "[fiber][release]") {
    void* stacks[2] = {};
    for (void*& stack : stacks) {
        int sum = 0;
        visit v{[&](auto& self) {
            volatile char deep[32 * 1024];
            for (std::size_t i = 0; i < sizeof deep; ++i) deep[i] = 1;
            for (std::size_t i = 0; i < sizeof deep; ++i) sum += deep[i];
            stack = self.inside().stack();
        }};
        v.go_in();
        v.inside().release();
        CHECK(v.inside().stack() == nullptr);
#if BOTTOMHALF_ASAN
        CHECK(__asan_region_is_poisoned(stack, fiber::stack_size) == nullptr);
#endif
        CHECK(sum == 32 * 1024);
    }
    CHECK(stacks[0] == stacks[1]);
}

TEST_CASE("fiber: one that is abandoned keeps its stack", "[fiber][release]") {
    void* abandoned = nullptr;
    {
        visit v{[](auto& self) { self.go_out(); }};
        v.go_in();
        abandoned = v.inside().stack();
    }
    visit v{[](auto&) {}};
    CHECK(v.inside().stack() != abandoned);
    v.go_in();
}

TEST_CASE("fiber: a thousand of them pass a token round", "[fiber][switch_to]") {
    struct ring {
        std::vector<fiber> of{1000};
        fiber outside;
        std::size_t at = 0;
        int laps = 0;
        static void enter(void* p) {
            auto& r = *static_cast<ring*>(p);
            const std::size_t me = r.at;
            for (;;) {
                r.at = (me + 1) % r.of.size();
                if (me == 0 && ++r.laps == 4) break;
                fiber::switch_to(r.of[me], r.of[r.at]);
                if (r.laps == 4) break;
            }
            if (me + 1 == r.of.size()) fiber::leave(r.of[me], r.outside);
            r.at = me + 1;
            fiber::leave(r.of[me], r.of[me + 1]);
        }
    } r;
    r.outside.adopt();
    for (fiber& f : r.of) REQUIRE(f.create(&ring::enter, &r));
    fiber::switch_to(r.outside, r.of[0]);
    CHECK(r.laps == 4);
    for (fiber& f : r.of) f.release();
}

TEST_CASE("fiber: the exceptions that an abandoned one was handling are destroyed", "[fiber][exceptions]") {
    static int alive;
    alive = 0;
    struct counted {
        counted() noexcept { ++alive; }
        counted(const counted&) noexcept { ++alive; }
        counted& operator=(const counted&) = default;
        ~counted() { --alive; }
    };
    visit v{[](auto& self) {
        try {
            throw counted();
        } catch (const counted&) {
            try {
                throw counted();
            } catch (...) {
                try {
                    throw;   // the same once more: it is in two handlers
                } catch (...) {
                    self.go_out();
                }
            }
        }
    }};
    try {
        throw counted();
    } catch (const counted&) {
        v.go_in();
        CHECK(alive == 3);
        v.inside().abandon();
        CHECK(alive == 1);   // ours
    }
    CHECK(alive == 0);
    CHECK(std::current_exception() == nullptr);
}
