// SPDX-License-Identifier: MIT
//
// What the tests of the 2.6 facade share: four CPUs whatever the machine has, a gate that makes "running" a fact, and a
// listener that keeps reports.  Catch2's macros stay on the test's thread: handlers count, the test checks.
#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

#include "support/catch.hpp"

#include <bottomhalf/report.hpp>

namespace support {

inline const int four_cpus = ::setenv("BOTTOMHALF_CPUS", "4", 1);

class gate {   // holds a worker inside a handler until the test lets it go
public:
    void pass() noexcept {
        arrived_ = true;
        arrived_.notify_all();
        open_.wait(false);
    }
    void wait_until_held() noexcept { arrived_.wait(false); }
    void open() noexcept {
        open_ = true;
        open_.notify_all();
    }

private:
    std::atomic<bool> arrived_{false}, open_{false};
};

/// Counts; the test waits for a number of them.
class counter {
public:
    void hit() noexcept {
        ++n_;
        n_.notify_all();
    }
    int get() const noexcept { return n_; }
    void wait_for(int n) noexcept {
        for (int now = n_; now < n; now = n_) n_.wait(now);
    }

private:
    std::atomic<int> n_{0};
};

/// Keeps what is reported while it lives.  Lock-free, since a top half may be the one who reports.
class reports {
public:
    reports() noexcept {
        n_ = 0;
        for (kept& k : all_) k.done = false;
        before_ = bottomhalf::set_report_listener(&hear);
    }
    ~reports() { bottomhalf::set_report_listener(before_); }
    reports(const reports&) = delete;
    reports& operator=(const reports&) = delete;

    /// How many have `text` in them, in the text or the function's name.
    static int with(const char* text) {
        int n = 0;
        for (unsigned i = 0; i < all_.size() && i < n_; ++i) {
            all_[i].done.wait(false);
            if (all_[i].text.data() != std::strstr(all_[i].text.data(), text) &&
                std::strstr(all_[i].text.data(), text) == nullptr && std::strcmp(all_[i].function.data(), text) != 0)
                continue;
            ++n;
        }
        return n;
    }
    static int count() { return static_cast<int>(n_); }
    static std::string list() {
        std::string s;
        for (unsigned i = 0; i < all_.size() && i < n_; ++i)
            s += std::string(all_[i].function.data()) + ": " + all_[i].text.data() + "\n";
        return s;
    }
    static bottomhalf::channel channel_of(unsigned i) { return all_[i].where; }
    static std::string file_of(unsigned i) { return all_[i].file; }
    static void on_next(void (*f)(const bottomhalf::report&)) { hook_ = f; }

private:
    struct kept {
        std::array<char, 512> text;
        std::array<char, 64> function;
        const char* file;
        bottomhalf::channel where;
        std::atomic<bool> done;
    };
    static inline std::array<kept, 64> all_;
    static inline std::atomic<unsigned> n_{0};
    static inline std::atomic<void (*)(const bottomhalf::report&)> hook_{nullptr};
    bottomhalf::report_listener* before_;

    static void hear(const bottomhalf::report& r) {
        const unsigned i = n_++;
        if (i < all_.size()) {
            kept& k = all_[i];
            std::strncpy(k.text.data(), r.text, k.text.size() - 1);
            std::strncpy(k.function.data(), r.function, k.function.size() - 1);
            k.file = r.at.file_name();
            k.where = r.where;
            k.done = true;
        }
        if (auto* f = hook_.load()) f(r);
    }
};

}   // namespace support
