// SPDX-License-Identifier: MIT
//
// bh-scale: what an item costs as CPUs, producers, queues, pending items and pending timers become more.
//
//   bh-scale [--svg=FILE] [--large] [--quick]      --large: 1e7 items and timers, a gigabyte; --quick: only that it works
#include "../host.hpp"
#include "../svg.hpp"
#include "curves.hpp"

#include <cmath>
#include <cstring>

namespace {

using scale::curve;
using scale::family;

std::string number(double n) {
    char s[32];
    std::snprintf(s, sizeof s, n < 1e5 ? "%.0f" : "%.0e", n);
    return s;
}

void print(const family& f) {
    std::printf("%s (ns for one item; bound by %s)\n%12s", f.of.c_str(), f.bound_by.c_str(), "");
    for (const curve& c : f.curves) std::printf("  %36s", c.name.c_str());
    std::puts("");
    std::size_t rows = 0;
    for (const curve& c : f.curves) rows = std::max(rows, c.points.size());
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t k = 0; k < f.curves.size(); ++k) {
            const auto& points = f.curves[k].points;
            if (k == 0) std::printf("%12s", number(points[i].first).c_str());
            if (i < points.size())
                std::printf("  %36.1f", points[i].second);
            else
                std::printf("  %36s", "");
        }
        std::puts("");
    }
    std::puts("");
}

/// Two panels beside each other, and so on downwards.
class picture {
public:
    explicit picture(const std::vector<family>& all) : all_(all) {}

    bool save(const std::string& file, const std::string& made_on) {
        const double rows = std::ceil(static_cast<double>(all_.size()) / 2);
        bench::svg page(2 * column, top + rows * row, "What one item costs as there are more", left);
        page.words(left, 48, "start", 11, "#555", made_on + ", each scale logarithmic");
        for (std::size_t i = 0; i < all_.size(); ++i)
            panel(page, all_[i], column * static_cast<double>(i % 2), top + row * static_cast<double>(i / 2));
        return page.save(file);
    }

private:
    static constexpr double column = 520, row = 300, top = 90, left = 70, right = 24, height = 200;
    static constexpr double width = column - left - right;

    static void panel(bench::svg& page, const family& f, double x, double y) {
        page.words(x + left, y - 24, "start", 14, "#111", f.of);
        page.words(x + left, y - 8, "start", 11, bench::svg::pale, "bound by " + f.bound_by);
        double most = 1, low = 1e18, high = 1;
        for (const curve& c : f.curves)
            for (const auto& [n, ns] : c.points)
                most = std::max(most, n), low = std::min(low, ns), high = std::max(high, ns);
        low = std::pow(10, std::floor(std::log10(low)));
        high = std::pow(10, std::ceil(std::log10(high)));
        const auto x_of = [&](double n) { return x + left + width * std::log10(n) / std::log10(most); };
        const auto y_of = [&](double ns) { return y + height * (1 - std::log10(ns / low) / std::log10(high / low)); };
        for (double v = low; v <= high * 1.001; v *= 10) {
            page.line(x + left, y_of(v), x + left + width, y_of(v), bench::svg::faint);
            page.words(x + left - 8, y_of(v) + 4, "end", 11, bench::svg::pale, bench::mark_of(v));
        }
        for (const auto& point : f.curves.front().points) {
            page.line(x_of(point.first), y, x_of(point.first), y + height, bench::svg::faint);
            page.words(x_of(point.first), y + height + 16, "middle", 11, bench::svg::pale, number(point.first));
        }
        for (std::size_t k = 0; k < f.curves.size(); ++k) {
            std::string points;
            for (const auto& [n, ns] : f.curves[k].points) {
                bench::append(points, "%.1f,%.1f ", x_of(n), y_of(ns));
                page.dot(x_of(n), y_of(ns), 3, bench::colour(k));
            }
            page.curve(points, bench::colour(k), false);
            page.words(x + left + 8, y + 15 + 14 * static_cast<double>(k), "start", 11, bench::colour(k),
                       f.curves[k].name);
        }
    }

    const std::vector<family>& all_;
};

}   // namespace

int main(int argc, char** argv) {
    std::string svg;
    std::size_t most = 1'000'000;
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], "--svg=", 6) == 0)
            svg = argv[i] + 6;
        else if (std::strcmp(argv[i], "--large") == 0)
            most = 10'000'000;
        else if (std::strcmp(argv[i], "--quick") == 0)
            most = 100;
        else {
            std::fprintf(stderr, "bh-scale [--svg=FILE] [--large] [--quick]\n");
            return 2;
        }
    }
    const bench::neighbours others;
    std::vector<family> all;
    const auto measure = [&](family f) {
        print(f);
        std::fflush(stdout);
        all.push_back(std::move(f));
    };
    measure(scale::pending_items(most));
    measure(scale::pending_timers(most));
    if (most > 100) {
        measure(scale::producers());
        measure(scale::cpus());
        measure(scale::queues());
    }
    std::string made_on = bench::machine_name();
    if (const std::string why = others.why_unreliable(); !why.empty()) {
        made_on += "; UNRELIABLE: " + why;
        std::printf("UNRELIABLE: %s\n", why.c_str());
    }
    if (!svg.empty() && !picture(all).save(svg, made_on)) {
        std::fprintf(stderr, "bh-scale: cannot write %s\n", svg.c_str());
        return 1;
    }
}
