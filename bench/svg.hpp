// SPDX-License-Identifier: MIT
#pragma once
// svg.hpp: the few shapes that our pictures are made of.

#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

namespace bench {

/// Okabe and Ito's colours: told apart by everybody.
inline const char* colour(std::size_t i) {
    constexpr const char* all[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"};
    return all[i % std::size(all)];
}

/// "100 ns", "10 us", with the letter that is meant: for the marks of an axis.
inline std::string mark_of(double ns) {
    const char* unit = "ns";
    for (const char* next : {"\xc2\xb5s", "ms", "s"}) {
        if (ns < 999) break;
        ns /= 1000;
        unit = next;
    }
    char s[32];
    std::snprintf(s, sizeof s, "%g %s", std::round(ns), unit);
    return s;
}

/// Appends what printf() would print, however long.
template <class... Args>
void append(std::string& to, const char* format, Args... args) {
    char small[256];
    const int n = std::snprintf(small, sizeof small, format, args...);
    if (n < static_cast<int>(sizeof small)) {
        to += small;
        return;
    }
    std::string large(static_cast<std::size_t>(n) + 1, '\0');
    std::snprintf(large.data(), large.size(), format, args...);
    large.pop_back();
    to += large;
}

class svg {
public:
    static constexpr const char* faint = "#e4e4e4";
    static constexpr const char* pale = "#777";

    svg(double width, double height, const char* title, double left) {
        append(text_,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" width=\"%g\" height=\"%g\" "
               "font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\" fill=\"#333\">\n",
               width, height, width, height);
        text_ += "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
        words(left, 28, "start", 18, "#111", title);
    }

    void line(double x1, double y1, double x2, double y2, const char* stroke) {
        append(text_, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x1, y1, x2, y2,
               stroke);
    }
    void box(double x, double y, double width, double height, const char* fill) {
        append(text_, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"%s\"/>\n", x, y, width, height, fill);
    }
    void dot(double x, double y, double radius, const char* fill) {
        append(text_, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\"/>\n", x, y, radius, fill);
    }
    /// `points`: "x,y x,y ...".
    void curve(const std::string& points, const char* stroke, bool dashed) {
        append(text_,
               "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\"%s/>\n",
               points.c_str(), stroke, dashed ? " stroke-dasharray=\"5 3\"" : "");
    }
    /// `path`: as SVG has it.
    void area(const std::string& path, const char* fill) {
        append(text_, "<path d=\"%s\" fill=\"%s\" fill-opacity=\"0.35\" stroke=\"%s\" stroke-width=\"1\"/>\n",
               path.c_str(), fill, fill);
    }
    /// `anchor`: start, middle or end.
    void words(double x, double y, const char* anchor, int size, const char* fill, const std::string& what) {
        std::string safe;
        for (const char c : what) {
            if (c == '&')
                safe += "&amp;";
            else if (c == '<')
                safe += "&lt;";
            else
                safe += c;
        }
        append(text_, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\">%s</text>\n", x, y,
               anchor, size, fill, safe.c_str());
    }
    /// Return: false if it could not be written.
    [[nodiscard]] bool save(const std::string& file) const {
        std::ofstream out(file);
        out << text_ << "</svg>\n";
        return static_cast<bool>(out.flush());
    }

private:
    std::string text_;
};

}   // namespace bench
