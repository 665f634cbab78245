// SPDX-License-Identifier: MIT
// storm.hpp: what the stress tests share: a seed that is printed, a number of rounds that depends on how the test was
// compiled and on nothing else, and an ear for reports.
//
// BOTTOMHALF_SEED in the environment replaces the seed.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <bottomhalf/bottomhalf.hpp>

namespace storm {

/// The seed of this run, printed at the first use.
inline std::uint64_t seed() {
    static const std::uint64_t s = [] {
        const char* env = std::getenv("BOTTOMHALF_SEED");
        const std::uint64_t n = env != nullptr ? std::strtoull(env, nullptr, 0) : 0x2611;
        std::printf("seed: BOTTOMHALF_SEED=0x%llx\n", static_cast<unsigned long long>(n));
        std::fflush(stdout);
        return n;
    }();
    return s;
}

/// splitmix64: small, and good enough from any seed.
class dice {
public:
    explicit dice(std::uint64_t stream) noexcept : state_(seed() * 0x9e3779b97f4a7c15U + stream) {}
    std::uint64_t roll() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    unsigned below(unsigned n) noexcept { return static_cast<unsigned>((roll() >> 32) * n >> 32); }
    bool one_in(unsigned n) noexcept { return below(n) == 0; }

private:
    std::uint64_t state_;
};

/// Sanitizers make every access several times dearer; a race needs as many tries all the same, but a test has to end.
constexpr unsigned rounds(unsigned plain) noexcept {
    const unsigned n = BOTTOMHALF_TSAN ? plain / 8 : BOTTOMHALF_ASAN ? plain / 3 : plain;
    return n > 0 ? n : 1;
}

/// ThreadSanitizer's builds bound some sleeps, so a wake-up that is lost there costs ten milliseconds and is not seen.
/// Whoever finds, at the end of such a sleep, what nobody tells him of counts it; then the program fails as it ends.
inline const struct lost_wake_ups {
    ~lost_wake_ups() {
        if (const unsigned n = bottomhalf::arch::threads::nr_unannounced(); n != 0) {
            std::fprintf(stderr, "%u lost wake-up(s): a sleep ended by its bound, and found what nobody had told of\n",
                         n);
            std::_Exit(1);
        }
    }
} no_lost_wake_ups;

/// Burns about as many cycles as it is told, so that two threads meet at another place each time.
inline void jitter(unsigned n) noexcept {
    for (unsigned i = 0; i < n; ++i) asm volatile("");
}

/// Counts the library's reports while it lives, and keeps the first: none is expected.
class quiet_library {
public:
    quiet_library() {
        count_ = 0;
        first_[0] = '\0';
        bottomhalf::set_report_listener(&hear);
    }
    ~quiet_library() { bottomhalf::set_report_listener(nullptr); }
    quiet_library(const quiet_library&) = delete;
    quiet_library& operator=(const quiet_library&) = delete;
    /// The first report, or nothing.
    [[nodiscard]] std::string heard() const { return count_.load() == 0 ? "" : first_; }

private:
    static void hear(const bottomhalf::report& r) {
        if (count_.fetch_add(1) == 0) std::snprintf(first_, sizeof first_, "%s: %s", r.function, r.text);
    }
    static inline std::atomic<unsigned> count_{0};
    static inline char first_[256] = {};
};

}   // namespace storm
