// SPDX-License-Identifier: MIT
#pragma once
// picture.hpp: runs as a picture (SVG): for each figure a curve of percentiles, where the tail has as much room as the rest,
// and beside it how often which latency was seen.

#include "../svg.hpp"
#include "run.hpp"

#include <cmath>
#include <string>
#include <vector>

namespace latency {

class picture {
public:
    explicit picture(const std::vector<run>& runs) : runs_(runs) {
        for (const run& r : runs)
            for (const figure& f : r.figures)
                if (f.h.count() != 0) panel_of(f).members.push_back({&r, &f});
    }

    void save(const std::string& file) {
        const double top = 80 + 15 * static_cast<double>(runs_.size());
        const double height = top + static_cast<double>(panels_.size()) * (panel_height + gap) + bottom;
        bench::svg page(width, height, "How long deferred work waits", left);
        page_ = &page;
        legend();
        double y = top;
        for (const one_panel& each : panels_) {
            panel(each.name, each.members, y);
            y += panel_height + gap;
        }
        page_ = nullptr;
        if (!page.save(file)) refuse("cannot write " + file);
    }

private:
    struct member {
        const run* r;
        const figure* f;
    };
    struct one_panel {   // in the order in which they were measured
        std::string name;
        std::vector<member> members;
    };
    one_panel& panel_of(const figure& f) {
        const std::string name = panel_name(f);
        for (one_panel& each : panels_)
            if (each.name == name) return each;
        return panels_.emplace_back(one_panel{name, {}});
    }
    static constexpr double width = 1040, left = 70, right = 24, bottom = 30, gap = 66;
    static constexpr double panel_height = 210, curve_width = 560, between = 70;
    static constexpr double bars_left = left + curve_width + between, bars_width = width - bars_left - right;
    static constexpr double nines = 5;   // the curve's right end: 99.999 %

    static std::string panel_name(const figure& f) { return f.path + ": " + f.from + " \xe2\x86\x92 " + f.to; }
    [[nodiscard]] std::size_t number_of(const run* r) const { return static_cast<std::size_t>(r - runs_.data()); }

    void legend() {
        double y = 48;
        for (const run& r : runs_) {
            page_->box(left, y - 6, 18, 4, bench::colour(number_of(&r)));
            std::string what = r.name + "  \xc2\xb7  " + r.machine + "  \xc2\xb7  " + r.options;
            if (!r.not_realtime.empty()) what += "  \xc2\xb7  not as asked for: " + r.not_realtime;
            for (const figure& f : r.figures)
                if (!f.unreliable.empty()) {
                    what += "  \xc2\xb7  dashed: unreliable, " + f.unreliable;
                    break;
                }
            page_->words(left + 26, y, "start", 11, "#555", what);
            y += 15;
        }
    }
    /// One figure of all runs.
    void panel(const std::string& name, const std::vector<member>& figures, double y) {
        page_->words(left, y - 12, "start", 14, "#111", name);
        double low = 1e18, high = 1;
        std::uint64_t samples = 0;
        for (const member& m : figures) {
            low = std::min(low, static_cast<double>(std::max<std::int64_t>(m.f->h.percentile(1), 1)));
            high = std::max(high, static_cast<double>(m.f->h.max()));
            samples = std::max(samples, m.f->h.count());
        }
        low = std::pow(10, std::floor(std::log10(low)));
        high = std::pow(10, std::ceil(std::log10(high) + 1e-9));
        if (high <= low) high = 10 * low;
        const auto place = [&](double ns) {
            return std::clamp((std::log10(std::max(ns, low)) - std::log10(low)) / (std::log10(high) - std::log10(low)),
                              0.0, 1.0);
        };
        grid(y, low, high, place, samples);
        for (const member& m : figures) curve(*m.f, number_of(m.r), y, place);
        bars(figures, y, low, high, place);
    }
    template <class Place>
    void grid(double y, double low, double high, Place place, std::uint64_t samples) {
        for (double v = low; v <= high * 1.001; v *= 10) {
            const double at = y + panel_height * (1 - place(v));
            page_->line(left, at, left + curve_width, at, "#e4e4e4");
            page_->words(left - 8, at + 4, "end", 11, "#777", bench::mark_of(v));
            const double x = bars_left + bars_width * place(v);
            page_->line(x, y, x, y + panel_height, "#e4e4e4");
            page_->words(x, y + panel_height + 16, "middle", 11, "#777", bench::mark_of(v));
        }
        constexpr std::pair<double, const char*> marks[] = {
            {0, "0"}, {50, "50"}, {90, "90"}, {99, "99"}, {99.9, "99.9"}, {99.99, "99.99"}, {99.999, "99.999 %"}};
        for (const auto& [percent, name] : marks) {
            const double x = x_of(percent);
            page_->line(x, y, x, y + panel_height, "#e4e4e4");
            page_->words(x, y + panel_height + 16, "middle", 11, "#777", name);
        }
        page_->words(left + curve_width, y - 12, "end", 11, "#777",
                     "percentile of " + std::to_string(samples) + " samples");
        page_->words(bars_left + bars_width, y - 12, "end", 11, "#777", "how often");
    }
    /// 90, 99, 99.9 are equally far apart.
    static double x_of(double percent) {
        return left + curve_width * std::min(-std::log10(std::max(1 - percent / 100, 1e-12)), nines) / nines;
    }
    template <class Place>
    void curve(const figure& f, std::size_t number, double y, Place place) {
        const char* const stroke = bench::colour(number);
        std::string points;
        // As far as there is a sample for it: of a thousand, none is the 99.99th percentile.
        const double n = static_cast<double>(f.h.count());
        const double last = std::min(nines, std::log10(n));
        for (double step = 0; step <= last + 1e-9; step += nines / 400) {
            const double percent = 100 * (1 - std::pow(10, -step));
            bench::append(points, "%.1f,%.1f ", x_of(percent),
                          y + panel_height * (1 - place(static_cast<double>(f.h.percentile(percent)))));
        }
        bench::append(points, "%.1f,%.1f", left + curve_width * last / nines,
                      y + panel_height * (1 - place(static_cast<double>(f.h.max()))));
        page_->curve(points, stroke, !f.unreliable.empty());
        page_->dot(x_of(50), y + panel_height * (1 - place(static_cast<double>(f.h.percentile(50)))), 3.5, stroke);
        const auto value = [&](std::int64_t ns) { return in_words(static_cast<double>(ns)); };
        page_->words(
            left + 8, y + 15 + 14 * static_cast<double>(number), "start", 11, stroke,
            "p50 " + value(f.h.percentile(50)) + ", p99 " + value(f.h.percentile(99)) + ", max " + value(f.h.max()));
    }
    template <class Place>
    void bars(const std::vector<member>& figures, double y, double low, double high, Place place) {
        constexpr int n = 120;
        double most = 0;
        std::vector<std::vector<double>> shares;
        for (const member& m : figures) {
            auto& share = shares.emplace_back(std::vector<double>(n));
            m.f->h.for_each([&](std::int64_t from, std::int64_t to, std::uint64_t how_many) {
                const double middle = 0.5 * static_cast<double>(from + to);
                const int bin = std::min(static_cast<int>(place(middle) * n), n - 1);
                share[static_cast<std::size_t>(bin)] +=
                    static_cast<double>(how_many) / static_cast<double>(m.f->h.count());
            });
            most = std::max(most, *std::max_element(share.begin(), share.end()));
        }
        static_cast<void>(low), static_cast<void>(high);
        for (std::size_t k = 0; k < figures.size(); ++k) {
            std::string path;
            bench::append(path, "M%.1f,%.1f ", bars_left, y + panel_height);
            for (int i = 0; i < n; ++i) {
                const double h = panel_height * 0.96 * shares[k][static_cast<std::size_t>(i)] / most;
                bench::append(path, "L%.1f,%.1f L%.1f,%.1f ", bars_left + bars_width * i / n, y + panel_height - h,
                              bars_left + bars_width * (i + 1) / n, y + panel_height - h);
            }
            bench::append(path, "L%.1f,%.1f Z", bars_left + bars_width, y + panel_height);
            const char* const fill = bench::colour(number_of(figures[k].r));
            page_->area(path, fill);
        }
    }

    const std::vector<run>& runs_;
    std::vector<one_panel> panels_;
    bench::svg* page_ = nullptr;   // while it is drawn
};

}   // namespace latency
