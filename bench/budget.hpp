// SPDX-License-Identifier: MIT
#pragma once
// budget.hpp: what the figures have to be, and whether they are.
//
// A row holds one of our figures against a peer's or a limit. `must` is a gate: a row that misses it says MISSED and
// fails the program, and so does a row whose peer was not there to be measured. `goal` is what we are after.

#include "harness.hpp"

#include <ctime>
#include <string_view>

namespace bench {

/// "at most 0.6 times the peer's time", "at least 2.5 times its rate", "at most 32 bytes".
struct rule {
    enum sense { none, at_most, at_least } is = none;
    double value = 0;
    [[nodiscard]] bool met(double figure) const noexcept {
        return is == none || (is == at_most ? figure <= value : figure >= value);
    }
};
inline constexpr rule at_most(double v) { return {rule::at_most, v}; }
inline constexpr rule at_least(double v) { return {rule::at_least, v}; }
inline constexpr rule no_rule{};

struct row {
    std::string path, against;
    const char* unit;   // of peer and ours
    double peer, ours;
    double figure;   // what the rules are about
    bool is_ratio;
    rule must, goal;
    bool peer_missing = false;
    bool is_floor = false;
    bool unreliable = false;   // the machine was not quiet

    [[nodiscard]] bool met() const noexcept { return !peer_missing && must.met(figure); }
};

/// A count or a size against its limit.
inline row limit_row(std::string path, const char* unit, double limit, double ours, rule goal = no_rule) {
    return {std::move(path), "limit", unit, limit, ours, ours, false, at_most(limit), goal};
}

/// Ours (the first side) against the side called `peer`: of the times at percentile `q`, or, for rules that say
/// at_least(), of the rates.
inline row ratio_row(std::string path, const std::vector<series>& answers, std::string_view peer, double q, rule must,
                     rule goal) {
    const series& ours = answers.front();
    const auto at = std::find_if(answers.begin(), answers.end(), [&](const series& s) { return s.side_name == peer; });
    check(at != answers.end(), "a row names a side that its question does not have");
    row r{std::move(path), std::string{peer}, "ns", 0, ours.percentile(q), 0, true, must, goal, at->missing};
    if (at->missing) return r;
    const double times = paired_ratio(ours, *at, q);
    r.peer = at->percentile(q);
    r.figure = (must.is == rule::at_least || goal.is == rule::at_least) ? 1 / times : times;
    return r;
}

/// The answers with the side `ours` in front, as if the question were about it.
inline std::vector<series> in_front(std::vector<series> answers, std::string_view ours) {
    const auto at = std::find_if(answers.begin(), answers.end(), [&](const series& s) { return s.side_name == ours; });
    check(at != answers.end(), "a row names a side that its question does not have");
    std::rotate(answers.begin(), at, at + 1);
    return answers;
}

/// Without rules: for those who compare.
inline row plain_row(std::string path, const std::vector<series>& answers, std::string_view ours, std::string_view peer,
                     double q = 0.5) {
    return ratio_row(std::move(path), in_front(answers, ours), peer, q, no_rule, no_rule);
}

/// What the row above could not go below: the side `floor` in our place, against the same peer.
inline row floor_row(const std::vector<series>& answers, std::string_view floor, std::string_view peer) {
    row r = ratio_row("  " + std::string{floor}, in_front(answers, floor), peer, 0.5, no_rule, no_rule);
    r.is_floor = true;
    return r;
}

/// Ours against whichever of the others is the fastest here. All of them must be there: the best may be the missing
/// one.
inline row best_peer_row(std::string path, const std::vector<series>& answers, rule must, rule goal) {
    const series* best = nullptr;
    const series* missing = nullptr;
    for (std::size_t i = 1; i < answers.size(); ++i)
        if (answers[i].missing)
            missing = &answers[i];
        else if (best == nullptr || answers[i].percentile(0.5) < best->percentile(0.5))
            best = &answers[i];
    row r = ratio_row(std::move(path), answers, (missing != nullptr ? missing : best)->side_name, 0.5, must, goal);
    r.against = (missing != nullptr ? "" : "best: ") + r.against;
    return r;
}

class budget {
public:
    void add(row r) {
        r.unreliable = !doubt_.empty();
        rows_.push_back(std::move(r));
    }
    /// Of the rows that come now.  Empty: none.
    void doubt(std::string why) {
        doubt_ = std::move(why);
        if (!doubt_.empty() && std::find(doubts_.begin(), doubts_.end(), doubt_) == doubts_.end())
            doubts_.push_back(doubt_);
    }
    [[nodiscard]] bool is_unreliable() const { return !doubts_.empty(); }
    void keep(const question& q, std::vector<series> answers) { raw_.push_back({q, std::move(answers)}); }

    [[nodiscard]] bool met() const {
        return std::all_of(rows_.begin(), rows_.end(), [](const row& r) { return r.unreliable || r.met(); });
    }

    /// The table, in Markdown, aligned for the eye as well.
    void print(std::FILE* out, bool colour) const {
        std::vector<std::array<std::string, 8>> cells{
            {"path", "against", "peer", "ours", "ratio", "must", "goal", "met?"}};
        for (const row& r : rows_)
            cells.push_back({r.path, r.against, r.peer_missing ? "-" : number(r.peer) + unit(r),
                             number(r.ours) + unit(r),
                             r.peer_missing || !r.is_ratio ? "-" : fixed(r.figure, r.figure < 0.1 ? 3 : 2) + "x",
                             text(r.must, r.is_ratio), text(r.goal, r.is_ratio), verdict(r)});
        std::array<std::size_t, 8> width{};
        for (const auto& line : cells)
            for (std::size_t i = 0; i < line.size(); ++i) width[i] = std::max(width[i], line[i].size());
        for (std::size_t n = 0; n < cells.size(); ++n) {
            const bool red = colour && n > 0 && (rows_[n - 1].unreliable || !rows_[n - 1].met());
            if (red) std::fputs("\033[31m", out);
            for (std::size_t i = 0; i < width.size(); ++i) {
                const int w = static_cast<int>(width[i]);
                std::fprintf(out, i < 2 || i == 7 ? "| %-*s " : "| %*s ", w, cells[n][i].c_str());
            }
            std::fputs(red ? "|\033[0m\n" : "|\n", out);
            if (n > 0) continue;
            for (std::size_t i = 0; i < width.size(); ++i)
                std::fprintf(out, "|%s%s", std::string(width[i] + 1, '-').c_str(), i < 2 || i == 7 ? "-" : ":");
            std::fputs("|\n", out);
        }
        for (const std::string& why : doubts_)
            std::fprintf(out, "UNRELIABLE: %s meanwhile.  Rows that say so say nothing; run this on a quiet machine.\n",
                         why.c_str());
    }

    /// What was measured: the rows, and the distribution of each side.
    void write_json(std::FILE* out, bool quick) const {
        char date[32];
        const std::time_t now = std::time(nullptr);
        std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
        std::fprintf(out,
                     "{\n  \"context\": {\"date\": \"%s\", \"compiler\": \"%s\", \"quick\": %s, \"cpus\": [%d, %d]},\n",
                     date, __VERSION__, quick ? "true" : "false", cpus()[0], cpus()[1]);
        std::fputs("  \"rows\": [", out);
        const char* comma = "\n";
        for (const row& r : rows_) {
            std::fprintf(
                out, "%s    {\"path\": \"%s\", \"against\": \"%s\", \"unit\": \"%s\", \"peer\": %.4g, \"ours\": %.4g, ",
                comma, r.path.c_str(), r.against.c_str(), r.unit, r.peer, r.ours);
            std::fprintf(out, "\"figure\": %.4g, \"must\": \"%s\", \"goal\": \"%s\", \"verdict\": \"%s\"}", r.figure,
                         text(r.must, r.is_ratio).c_str(), text(r.goal, r.is_ratio).c_str(), verdict(r));
            comma = ",\n";
        }
        std::fputs("\n  ],\n  \"sides\": [", out);
        comma = "\n";
        for (const auto& [q, answers] : raw_)
            for (const series& s : answers) {
                std::fprintf(out, "%s    {\"benchmark\": \"%s\", \"side\": \"%s\", \"samples\": %zu", comma,
                             q.benchmark.c_str(), s.side_name.c_str(), s.ns.size());
                if (!s.ns.empty())
                    std::fprintf(
                        out,
                        ", \"min_ns\": %.4g, \"p25_ns\": %.4g, \"p50_ns\": %.4g, \"p75_ns\": %.4g, \"p99_ns\": %.4g",
                        s.percentile(0), s.percentile(0.25), s.percentile(0.5), s.percentile(0.75), s.percentile(0.99));
                std::fputs("}", out);
                comma = ",\n";
            }
        std::fputs("\n  ]\n}\n", out);
    }

private:
    static std::string fixed(double v, int digits) {
        char text[32];
        std::snprintf(text, sizeof text, "%.*f", digits, v);
        return text;
    }
    static std::string number(double v) {
        return fixed(v, v == static_cast<double>(static_cast<long>(v)) || v >= 100 ? 0 : 2);
    }
    static std::string unit(const row& r) { return r.unit[0] == '\0' ? "" : std::string{" "} + r.unit; }
    static std::string text(const rule& r, bool is_ratio) {
        if (r.is == rule::none) return "-";
        return (r.is == rule::at_most ? "<= " : ">= ") + number(r.value) + (is_ratio ? "x" : "");
    }
    static const char* verdict(const row& r) {
        if (r.unreliable) return "unreliable";
        if (r.peer_missing) return "MISSED: no peer";
        if (!r.must.met(r.figure)) return "MISSED";
        if (r.must.is == rule::none && r.goal.is == rule::none) return r.is_floor ? "(floor)" : "-";
        if (r.goal.is != rule::none && r.goal.met(r.figure)) return "goal";
        return r.must.is == rule::none ? "no goal" : "must";
    }
    std::vector<row> rows_;
    std::string doubt_;
    std::vector<std::string> doubts_;
    std::vector<std::pair<question, std::vector<series>>> raw_;
};

}   // namespace bench
