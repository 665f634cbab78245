// SPDX-License-Identifier: MIT
#pragma once
// run.hpp: what has been measured: on paper, in a file, and from there again.

#include "paths.hpp"

#include <exception>
#include <fstream>
#include <iostream>

#include <nlohmann/json.hpp>

namespace latency {

struct run {
    std::string name, machine, options, not_realtime;
    std::vector<figure> figures;
};

inline constexpr double percents[] = {50, 90, 99, 99.9};

/// "12.3 us", "450 ns", "1.02 ms": three digits.
inline std::string in_words(double ns) {
    const char* unit = "ns";
    for (const char* next : {"us", "ms", "s"}) {
        if (ns < 999.5) break;
        ns /= 1000;
        unit = next;
    }
    char text[32];
    std::snprintf(text, sizeof text, "%.*f %s", ns < 9.995 ? 2 : ns < 99.95 ? 1 : 0, ns, unit);
    return text;
}

inline std::string options_in_words(const options& o, unsigned cpus) {
    std::string text = std::to_string(cpus) + " CPUs, ";
    text += o.interval_us > 0 ? "one each " + in_words(static_cast<double>(o.interval_us) * 1e3) : "back to back";
    if (o.fifo != 0) text += ", SCHED_FIFO " + std::to_string(o.fifo);
    if (o.load != 0) text += ", beside " + std::to_string(o.load) + " that compute";
    return text;
}

inline void print(const std::vector<run>& runs) {
    for (const run& r : runs) {
        std::printf("%s: %s; %s\n", r.name.c_str(), r.machine.c_str(), r.options.c_str());
        if (!r.not_realtime.empty()) std::printf("  NOT as asked for: %s\n", r.not_realtime.c_str());
    }
    std::printf("\n%-48s %10s", "", "samples");
    for (const double p : percents) std::printf("    p%-7g", p);
    std::printf("  %-10s\n", "max");
    for (const run& r : runs)
        for (const figure& f : r.figures) {
            const std::string what = f.path + ": " + f.from + " -> " + f.to;
            std::printf("%-48s %10llu", what.c_str(), static_cast<unsigned long long>(f.h.count()));
            for (const double p : percents)
                std::printf("  %10s", in_words(static_cast<double>(f.h.percentile(p))).c_str());
            std::printf("  %10s", in_words(static_cast<double>(f.h.max())).c_str());
            if (runs.size() > 1) std::printf("  %s", r.name.c_str());
            std::puts("");
            if (!f.unreliable.empty()) std::printf("  UNRELIABLE: %s\n", f.unreliable.c_str());
        }
}

inline void save(const run& r, const std::string& file) {
    nlohmann::ordered_json j{{"tool", "bh-latency"},
                             {"format", 1},
                             {"name", r.name},
                             {"machine", r.machine},
                             {"options", r.options},
                             {"not_realtime", r.not_realtime},
                             {"figures", nlohmann::ordered_json::array()}};
    for (const figure& f : r.figures) {
        nlohmann::ordered_json one{
            {"path", f.path},         {"from", f.from}, {"to", f.to},       {"unreliable", f.unreliable},
            {"samples", f.h.count()}, {"unit", "ns"},   {"min", f.h.min()}, {"mean", f.h.mean()}};
        for (const double p : percents) {
            char name[16];
            std::snprintf(name, sizeof name, "p%g", p);
            one[name] = f.h.percentile(p);
        }
        one["max"] = f.h.max();
        auto& buckets = one["buckets"] = nlohmann::ordered_json::array();   // from, how many
        f.h.for_each([&](std::int64_t from, std::int64_t, std::uint64_t n) { buckets.push_back({from, n}); });
        j["figures"].push_back(std::move(one));
    }
    std::ofstream out(file);
    out << j.dump(1) << '\n';
    if (!out.flush()) refuse("cannot write " + file);
}

inline run load_run(const std::string& file) {
    std::ifstream in(file);
    if (!in) refuse("cannot read " + file);
    run r;
    try {
        const auto j = nlohmann::json::parse(in);
        if (j.at("tool") != "bh-latency" || j.at("format") != 1)
            refuse(file + " is no run of this tool's, or of a later one's");
        j.at("name").get_to(r.name);
        j.at("machine").get_to(r.machine);
        j.at("options").get_to(r.options);
        j.at("not_realtime").get_to(r.not_realtime);
        for (const auto& one : j.at("figures")) {
            figure f{one.at("path"), one.at("from"), one.at("to"), {}, one.at("unreliable")};
            const std::int64_t least = one.at("min"), most = one.at("max");
            for (const auto& bucket : one.at("buckets"))   // the first and the last value are known exactly
                f.h.add(std::clamp(bucket.at(0).get<std::int64_t>(), least, most), bucket.at(1).get<std::uint64_t>());
            if (f.h.count() > 0) f.h.widen_to(least, most);
            r.figures.push_back(std::move(f));
        }
    } catch (const std::exception& e) {
        refuse(file + ": " + e.what());
    }
    return r;
}

}   // namespace latency
