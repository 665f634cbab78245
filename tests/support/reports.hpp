// SPDX-License-Identifier: MIT
//
// Listens to the library's reports.  The listener is called in any context, top halves included, so it stores into a
// fixed array and allocates nothing; what was heard is looked at afterwards, by the test.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include <bottomhalf/report.hpp>

namespace support {

struct heard {
    std::atomic<int> state{0};   // 0, then full, then taken by the test
    bottomhalf::channel where{};
    bottomhalf::severity level{};
    char function[64] = {};
    char text[512] = {};
    unsigned line = 0;
};

class reports {
public:
    reports() noexcept : before_(bottomhalf::set_report_listener(&hear)) { clear(); }
    ~reports() { bottomhalf::set_report_listener(before_); }
    reports(const reports&) = delete;
    reports& operator=(const reports&) = delete;

    /// Return: whether a report was made, and not taken yet, whose "function: text" contains `part`.  Takes it.
    static bool take(const char* part) {
        const heard* h = find(part);
        if (h == nullptr) return false;
        const_cast<heard*>(h)->state.store(taken, std::memory_order_relaxed);
        return true;
    }
    /// Takes all of them.  Return: how many.
    static int take_all(const char* part) {
        int n = 0;
        while (take(part)) ++n;
        return n;
    }
    static const heard* find(const char* part) {
        for (const heard& h : all_)
            if (h.state.load(std::memory_order_acquire) == full && sentence(h).find(part) != std::string::npos)
                return &h;
        return nullptr;
    }
    /// What has not been taken.  Forgets everything.
    static std::vector<std::string> rest() {
        std::vector<std::string> left;
        for (const heard& h : all_)
            if (h.state.load(std::memory_order_acquire) == full) left.push_back(sentence(h));
        clear();
        return left;
    }
    static void clear() noexcept {
        for (heard& h : all_) h.state.store(empty, std::memory_order_relaxed);
        next_.store(0, std::memory_order_release);
    }

private:
    enum : int { empty, full, taken };

    static std::string sentence(const heard& h) { return std::string(h.function) + ": " + h.text; }
    static void hear(const bottomhalf::report& r) {
        const std::size_t i = next_.fetch_add(1, std::memory_order_acq_rel);
        heard& h = all_[i < capacity ? i : capacity - 1];
        if (h.state.load(std::memory_order_relaxed) != empty) return;   // more than anybody will look at
        h.where = r.where;
        h.level = r.level;
        std::snprintf(h.function, sizeof h.function, "%s", r.function);
        std::snprintf(h.text, sizeof h.text, "%s", r.text);
        h.line = static_cast<unsigned>(r.at.line());
        h.state.store(full, std::memory_order_release);
    }

    static constexpr std::size_t capacity = 64;
    static inline heard all_[capacity];
    static inline std::atomic<std::size_t> next_{0};
    bottomhalf::report_listener* before_;
};

}   // namespace support
