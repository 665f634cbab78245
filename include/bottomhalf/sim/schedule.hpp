// SPDX-License-Identifier: MIT
// schedule.hpp: an interleaving, written down.
//
// A run of the simulated world is a series of choices.  Number 0 is always the dull one: the running task goes on, or, if
// it cannot, whoever has waited longest comes next.  So a schedule is the list of the choices that were otherwise, each
// with its number: "3.1-41.2" is: at the third choice the first of the others, at the forty-first the second.  That is
// short for the schedules that matter, can be pasted into an environment variable, and can be made shorter by leaving
// things out.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bottomhalf::sim {

/// A choice that was not the dull one.
struct turn {
    std::uint32_t at = 0;      // the how manieth choice of the run, from 1
    std::uint32_t taken = 0;   // which alternative
    friend bool operator==(const turn&, const turn&) = default;
};
using schedule = std::vector<turn>;

/// "3.1-41.2"; "" for the dull schedule.
[[nodiscard]] inline std::string to_string(const schedule& s) {
    std::string text;
    for (const turn& t : s) {
        if (!text.empty()) text += '-';
        text += std::to_string(t.at);
        text += '.';
        text += std::to_string(t.taken);
    }
    return text;
}

/// Return: none if it is not what to_string() writes.
[[nodiscard]] inline std::optional<schedule> schedule_from(std::string_view text) {
    schedule s;
    const char* p = text.data();
    const char* const end = p + text.size();
    while (p != end) {
        turn t;
        auto [dot, error] = std::from_chars(p, end, t.at);
        if (error != std::errc() || dot == end || *dot != '.' || (!s.empty() && t.at <= s.back().at))
            return std::nullopt;
        auto [next, failed] = std::from_chars(dot + 1, end, t.taken);
        if (failed != std::errc()) return std::nullopt;
        s.push_back(t);
        p = next;
        if (p == end) break;
        if (*p != '-' || ++p == end) return std::nullopt;
    }
    return s;
}

}   // namespace bottomhalf::sim
