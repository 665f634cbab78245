// SPDX-License-Identifier: MIT
#pragma once
// host.hpp: what else the machine does meanwhile, and what it lets us do.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace bench {

/// The calling thread.  Return: 0 or errno.
inline int be_realtime(int priority) noexcept {
    sched_param p{};
    p.sched_priority = priority;
    return ::sched_setscheduler(0, SCHED_FIFO, &p) == 0 ? 0 : errno;
}

/// Threads that compute for as long as this lives.
class load {
public:
    explicit load(unsigned n) {
        for (unsigned i = 0; i < n; ++i)
            threads_.emplace_back([](const std::stop_token& over) {
                while (!over.stop_requested()) {}
            });
    }

private:
    std::vector<std::jthread> threads_;
};

/// Looks at what the machine's CPUs do from here on that is not ours.
class neighbours {
public:
    neighbours() : before_(look()), ours_before_(ours()) {}

    /// Empty: they were quiet.  Else why figures of this time say little.
    [[nodiscard]] std::string why_unreliable() const {
        const times now = look();
        const double all = static_cast<double>(now.all - before_.all);
        if (all <= 0) return "";
        const double stolen = static_cast<double>(now.stolen - before_.stolen) / all;
        const double cpus = static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
        const double others = (static_cast<double>(now.busy - before_.busy) / all) * cpus -
                              (ours() - ours_before_) / seconds_of(all, cpus);
        char text[160];
        if (stolen > 0.02) {
            std::snprintf(text, sizeof text, "the host has taken %.0f %% of the CPUs' time for others", 100 * stolen);
            return text;
        }
        if (others > 0.25) {
            std::snprintf(text, sizeof text, "other programs have kept %.1f of %.0f CPUs busy", others, cpus);
            return text;
        }
        return "";
    }

private:
    struct times {
        std::uint64_t all = 0, busy = 0, stolen = 0;   // of all CPUs together, in units of 1/_SC_CLK_TCK s
    };
    static times look() {
        std::ifstream in("/proc/stat");
        std::string word;
        times t;
        in >> word;   // "cpu": user nice system idle iowait irq softirq steal
        for (int i = 0; i < 8; ++i) {
            std::uint64_t v = 0;
            in >> v;
            t.all += v;
            if (i != 3 && i != 4 && i != 7) t.busy += v;
            if (i == 7) t.stolen = v;
        }
        return t;
    }
    static double seconds_of(double ticks, double cpus) {
        return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK)) / cpus;
    }
    /// s of CPU time.
    static double ours() {
        rusage r{};
        ::getrusage(RUSAGE_SELF, &r);
        const auto s = [](const timeval& t) {
            return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
        };
        return s(r.ru_utime) + s(r.ru_stime);
    }
    times before_;
    double ours_before_;
};

/// "Some CPU @ 2.10GHz, 2 CPUs, Linux 6.1.0".
inline std::string machine_name() {
    std::ifstream in("/proc/cpuinfo");
    std::string line, model;
    while (model.empty() && std::getline(in, line))
        if (line.starts_with("model name")) model = line.substr(line.find(':') + 2);
    utsname u{};
    ::uname(&u);
    if (model.empty()) model = u.machine;
    return model + ", " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " CPUs, " + u.sysname + ' ' + u.release;
}

}   // namespace bench
