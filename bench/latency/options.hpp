// SPDX-License-Identifier: MIT
#pragma once
// options.hpp: what bh-latency is told on its command line.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace latency {

inline constexpr const char* usage =
    R"(bh-latency: how long deferred work waits, as cyclictest and hackbench do for threads.

  bh-latency [options] [path...]

paths (all of them if none is named)
  queue    queue_work() of an item -> its handler starts
  irq      raise of an interrupt -> its top half starts -> the handler of the work that it queues starts
  tasklet  raise of an interrupt -> the tasklet that its top half schedules starts
  timer    the tick for which delayed work is armed -> its handler starts
  flush    the end of a handler -> flush_work() of it returns

options
  -d, --duration S   seconds for each path (5)
  -i, --interval US  microseconds between two samples (1000); 0: as soon as the one before is over
  -c, --cpus N       emulated CPUs, in turns (as many as the process may use)
  -f, --fifo P       everybody under SCHED_FIFO, priority P; where that is not allowed it is said
  -l, --load N       N more threads, which compute all the time
  -n, --name TEXT    what this run is called in tables and pictures
  -j, --json FILE    writes the figures, the histograms and what was asked for there
  -s, --svg FILE     draws them there: a curve of percentiles, and a histogram, for each path
  -r, --with FILE    another run's --json, to stand beside this one in table and picture; may be given again
      --draw         measures nothing: table and picture of what --with names
  -q, --quiet        no progress
)";

struct options {
    std::vector<std::string> paths;
    double seconds = 5;
    std::int64_t interval_us = 1000;
    unsigned cpus = 0;
    int fifo = 0;
    unsigned load = 0;
    std::string name = "this run", json, svg;
    std::vector<std::string> with;
    bool draw_only = false;
    bool quiet = false;
};

inline constexpr const char* all_paths[] = {"queue", "irq", "tasklet", "timer", "flush"};

[[noreturn]] inline void refuse(const std::string& why) {
    std::fprintf(stderr, "bh-latency: %s; --help says what there is\n", why.c_str());
    std::exit(2);
}

class parser {
public:
    parser(int argc, char** argv) : argc_(argc), argv_(argv) {}

    options parse() {
        options o;
        for (i_ = 1; i_ < argc_; ++i_) {
            const std::string_view a = argv_[i_];
            if (a == "-h" || a == "--help") std::fputs(usage, stdout), std::exit(0);
            if (a == "-d" || a == "--duration")
                o.seconds = number(0.01, 86'400);
            else if (a == "-i" || a == "--interval")
                o.interval_us = static_cast<std::int64_t>(number(0, 1e9));
            else if (a == "-c" || a == "--cpus")
                o.cpus = static_cast<unsigned>(number(1, 64));
            else if (a == "-f" || a == "--fifo")
                o.fifo = static_cast<int>(number(1, 99));
            else if (a == "-l" || a == "--load")
                o.load = static_cast<unsigned>(number(0, 1024));
            else if (a == "-n" || a == "--name")
                o.name = text();
            else if (a == "-j" || a == "--json")
                o.json = text();
            else if (a == "-s" || a == "--svg")
                o.svg = text();
            else if (a == "-r" || a == "--with")
                o.with.emplace_back(text());
            else if (a == "--draw")
                o.draw_only = true;
            else if (a == "-q" || a == "--quiet")
                o.quiet = true;
            else if (is_path(a))
                o.paths.emplace_back(a);
            else
                refuse("'" + std::string(a) + "' is neither an option nor a path");
        }
        if (o.paths.empty()) o.paths.assign(std::begin(all_paths), std::end(all_paths));
        if (o.draw_only && o.with.empty()) refuse("--draw needs a run: --with FILE");
        return o;
    }

private:
    static bool is_path(std::string_view a) {
        for (const char* each : all_paths)
            if (a == each) return true;
        return false;
    }
    const char* text() {
        if (i_ + 1 >= argc_) refuse(std::string(argv_[i_]) + " needs a value");
        return argv_[++i_];
    }
    double number(double least, double most) {
        const char* const option = argv_[i_];
        const char* const t = text();
        char* end = nullptr;
        const double v = std::strtod(t, &end);
        if (end == t || *end != '\0' || !(v >= least && v <= most))
            refuse(std::string(option) + " " + t + ": not a number from " + short_of(least) + " to " + short_of(most));
        return v;
    }
    static std::string short_of(double v) {
        char s[32];
        std::snprintf(s, sizeof s, "%g", v);
        return s;
    }

    int argc_, i_ = 1;
    char** argv_;
};

}   // namespace latency
