// SPDX-License-Identifier: MIT
#pragma once
// paths.hpp: the ways of deferred work, and how each is timed.
//
// One thread asks, at the end of each interval, and sleeps until it has been served; so both the CPU that asks and the one that
// serves have just been asleep, as in a driver whose device interrupts now and then.  An interval of 0 keeps both awake.
// Where the asker and the server are on the same CPU the figure has the asker's way off that CPU in it, as a driver's has.

#include "../host.hpp"
#include "options.hpp"

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <bottomhalf/bench/histogram.hpp>
#include <bottomhalf/bottomhalf.hpp>

namespace latency {

namespace bh = bottomhalf;
using engine = bh::arch::threads;
using histogram = bh::bench::histogram;

inline std::int64_t now() noexcept { return engine::now(); }
inline bh::location here(bh::location at = bh::location::current()) noexcept { return at; }
inline void must(bool fact, const char* what) {
    if (fact) return;
    std::fprintf(stderr, "bh-latency: %s\n", what);
    std::exit(3);
}

/// When it was, put by one thread and waited for by another, which sleeps meanwhile.
class moment {
public:
    void put() noexcept {
        at_.store(now(), std::memory_order_release);
        at_.notify_one();
    }
    std::int64_t take() noexcept {
        at_.wait(0, std::memory_order_acquire);
        return at_.exchange(0, std::memory_order_acquire);
    }

private:
    std::atomic<std::int64_t> at_{0};
};

/// What is measured between two points.
struct figure {
    std::string path, from, to;
    histogram h;
    std::string unreliable;   // why
};

/// A machine, its default queue, and a line for each of its CPUs.
class rig {
public:
    static constexpr unsigned first_line = 8;

    explicit rig(const options& o) : o_(o), machine_{{.cpus = o.cpus}} {
        must(queue_ != nullptr, "no threads for the machine's queue");
        if (o.fifo != 0) be_realtime_everywhere();
    }
    [[nodiscard]] unsigned cpus() noexcept { return machine_.nr_cpus(); }
    bool queue(unsigned cpu, bh::work_item& w) noexcept { return ops::queue_work_on(cpu, queue_, w, here()); }
    bool arm(unsigned cpu, bh::delayed_item& d, bh::jiffies_t ticks) noexcept {
        using delayed = bh::delayed_ops<engine>;
        return delayed::queue_on(cpu, queue_, d, ticks, delayed::zero::now, here());
    }
    bh::machine& machine() noexcept { return machine_; }

    /// Calls sample(cpu) at each interval for as long as the options say.
    template <class Sample>
    void repeat(const figure& shown, Sample sample) {
        const std::int64_t begin = now(), end = begin + static_cast<std::int64_t>(o_.seconds * 1e9);
        std::int64_t next = begin, told = begin;
        std::uint32_t random = 1;
        for (unsigned i = 0; now() < end; ++i) {
            if (o_.interval_us > 0) {
                random = random * 1664525 + 1013904223;   // an eighth more or less, lest it keep step with a tick
                next = std::max(next, now()) + o_.interval_us * (875 + static_cast<std::int64_t>((random >> 8) % 250));
                const timespec until{next / 1'000'000'000, next % 1'000'000'000};
                while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {}
            }
            sample(i % cpus());
            if (!o_.quiet && now() - told >= 1'000'000'000) told = now(), progress(shown, told - begin);
        }
        if (!o_.quiet && ::isatty(2) != 0) std::fputs("\r\033[K", stderr);
    }
    /// Why somebody is not under SCHED_FIFO; empty: all are, or nobody asked for it.
    [[nodiscard]] const std::string& not_realtime() const noexcept { return not_realtime_; }

private:
    using ops = bh::workqueue_ops<engine>;

    void progress(const figure& f, std::int64_t ns) const {
        std::fprintf(stderr, "%s%-8s %3.0f s of %.0f, %llu samples, p50 %.1f us, p99 %.1f us, max %.1f us%s",
                     ::isatty(2) != 0 ? "\r\033[K" : "", f.path.c_str(), static_cast<double>(ns) / 1e9, o_.seconds,
                     static_cast<unsigned long long>(f.h.count()), us(f.h.percentile(50)), us(f.h.percentile(99)),
                     us(f.h.max()), ::isatty(2) != 0 ? "" : "\n");
    }
    static double us(std::int64_t ns) noexcept { return static_cast<double>(ns) / 1e3; }

    /// The caller, the workers, which take the interrupts, too, and the timers' threads.
    void be_realtime_everywhere() {
        std::atomic<int> refused{bench::be_realtime(o_.fifo)};
        for (unsigned cpu = 0; cpu < cpus(); ++cpu) {
            bh::work raise{[&] {
                if (const int err = bench::be_realtime(o_.fifo)) refused = err;
            }};
            must(queue(cpu, raise), "an idle item was not queued");
            bh::flush_work(raise);
            struct with_priority : bh::timer_node {
                int priority;
                std::atomic<int>* refused;
                moment done;
            } t;
            t.priority = o_.fifo;
            t.refused = &refused;
            t.function = [](bh::timer_node* n) {
                auto& me = *static_cast<with_priority*>(n);
                if (const int err = bench::be_realtime(me.priority)) *me.refused = err;
                me.done.put();
            };
            machine_.time().add(t, machine_.time().jiffies() + 1, cpu);
            t.done.take();
            while (machine_.time().is_running(t)) engine::relax(64);
        }
        if (refused != 0) not_realtime_ = std::string("SCHED_FIFO: ") + std::strerror(refused);
    }

    const options& o_;
    bh::machine machine_;
    bh::basic_workqueue_struct<engine>* queue_ = machine_.events(here());
    std::string not_realtime_;
};

inline void measure_queue(rig& r, std::vector<figure>& out) {
    figure& f = out.emplace_back(figure{"queue", "queue_work()", "handler", {}, {}});
    moment started;
    bh::work item{[&] { started.put(); }};
    r.repeat(f, [&](unsigned cpu) {
        const std::int64_t from = now();
        must(r.queue(cpu, item), "an idle item was not queued");
        f.h.add(started.take() - from);
        bh::flush_work(item);
    });
}

/// A line for each CPU, and what its top half does.
class lines {
public:
    lines(rig& r, std::function<void(unsigned cpu)> top) : r_(r), top_(std::move(top)) {
        for (unsigned cpu = 0; cpu < r.cpus(); ++cpu) {
            devices_.push_back(std::make_unique<device>(device{this, cpu}));
            const bh::irq_action action{.handler = &handler,
                                        .dev_id = devices_.back().get(),
                                        .name = "bh-latency",
                                        .thread_fn = nullptr,
                                        .thread_cookie = nullptr};
            must(r.machine().irqs().request(line_of(cpu), action, here()) == 0, "request_irq failed");
            r.machine().irqs().set_cpu(line_of(cpu), cpu);
        }
    }
    lines(const lines&) = delete;
    lines& operator=(const lines&) = delete;
    ~lines() {
        for (unsigned cpu = 0; cpu < devices_.size(); ++cpu)
            r_.machine().irqs().free(line_of(cpu), devices_[cpu].get(), here());
    }
    void raise(unsigned cpu) noexcept { must(r_.machine().irqs().raise(line_of(cpu)), "raise_irq failed"); }

private:
    struct device {
        lines* all;
        unsigned cpu;
    };
    static bh::irqreturn handler(int, void* dev, void*) {
        const device& d = *static_cast<device*>(dev);
        d.all->top_(d.cpu);
        return bh::irqreturn::handled;
    }
    static unsigned line_of(unsigned cpu) noexcept { return cpu % bh::nr_irqs; }

    rig& r_;
    std::function<void(unsigned)> top_;
    std::vector<std::unique_ptr<device>> devices_;
};

inline void measure_irq(rig& r, std::vector<figure>& out) {
    out.reserve(out.size() + 2);
    figure& top = out.emplace_back(figure{"irq", "raise_irq()", "top half", {}, {}});
    figure& bottom = out.emplace_back(figure{"irq", "raise_irq()", "its work's handler", {}, {}});
    moment started;
    std::atomic<std::int64_t> top_at{0};   // relaxed: `started` is put after it
    bh::work item{[&] { started.put(); }};
    lines all(r, [&](unsigned cpu) {
        top_at.store(now(), std::memory_order_relaxed);
        must(r.queue(cpu, item), "an idle item was not queued");
    });
    r.repeat(bottom, [&](unsigned cpu) {
        const std::int64_t from = now();
        all.raise(cpu);
        const std::int64_t at = started.take();
        top.h.add(top_at.load(std::memory_order_relaxed) - from);
        bottom.h.add(at - from);
        bh::flush_work(item);
    });
}

inline void measure_tasklet(rig& r, std::vector<figure>& out) {
    using tasklets = bh::tasklet_ops<engine>;
    figure& f = out.emplace_back(figure{"tasklet", "raise_irq()", "its tasklet", {}, {}});
    moment started;
    bh::tasklet_node t;
    t.func = [](unsigned long m) { reinterpret_cast<moment*>(m)->put(); };
    t.data = reinterpret_cast<unsigned long>(&started);
    lines all(r, [&](unsigned cpu) { tasklets::schedule(*r.machine().softirqs().of_cpu(cpu), t, tasklets::normal); });
    r.repeat(f, [&](unsigned cpu) {
        const std::int64_t from = now();
        all.raise(cpu);
        f.h.add(started.take() - from);
    });
    tasklets::kill_and_wait(t, here());
}

inline void measure_timer(rig& r, std::vector<figure>& out) {
    figure& f = out.emplace_back(figure{"timer", "the tick it is due at", "handler", {}, {}});
    moment started;
    bh::delayed_work item{[&] { started.put(); }};
    r.repeat(f, [&](unsigned cpu) {
        must(r.arm(cpu, item, 2), "an idle item was not armed");
        const std::int64_t due = r.machine().time().clock().when(item.timer.expires);
        f.h.add(started.take() - due);
        bh::flush_delayed_work(item);
    });
}

inline void measure_flush(rig& r, std::vector<figure>& out) {
    figure& f = out.emplace_back(figure{"flush", "the handler's end", "flush_work() returns", {}, {}});
    std::atomic<std::int64_t> ended{0};   // relaxed: flush_work() orders
    bh::work item{[&] {
        engine::delay(20'000);   // the flusher is asleep by then
        ended.store(now(), std::memory_order_relaxed);
    }};
    r.repeat(f, [&](unsigned cpu) {
        must(r.queue(cpu, item), "an idle item was not queued");
        if (bh::flush_work(item)) f.h.add(now() - ended.load(std::memory_order_relaxed));   // else it was over already
    });
}

inline std::vector<figure> measure(const options& o, std::string& not_realtime) {
    std::vector<figure> all;
    rig r(o);
    not_realtime = r.not_realtime();
    const bench::load busy(o.load);
    for (const std::string& path : o.paths) {
        std::vector<figure> some;
        const bench::neighbours others;
        if (path == "queue") measure_queue(r, some);
        if (path == "irq") measure_irq(r, some);
        if (path == "tasklet") measure_tasklet(r, some);
        if (path == "timer") measure_timer(r, some);
        if (path == "flush") measure_flush(r, some);
        for (figure& f : some) {
            f.unreliable = others.why_unreliable();
            all.push_back(std::move(f));
        }
    }
    return all;
}

}   // namespace latency
