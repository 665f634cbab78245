// SPDX-License-Identifier: MIT
#pragma once
// curves.hpp: what one item costs as there is more and more of something, and what there is more of.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <sched.h>

#include <bottomhalf/bottomhalf.hpp>

namespace scale {

namespace bh = bottomhalf;
using engine = bh::arch::threads;
using ops = bh::workqueue_ops<engine>;

struct curve {
    std::string name;
    std::vector<std::pair<double, double>> points;   // how many, ns
};
/// One picture's panel.
struct family {
    std::string of, bound_by;   // "pending items"; what grows with them, if anything does
    std::vector<curve> curves;
};

inline bh::location here(bh::location at = bh::location::current()) { return at; }
inline void must(bool fact, const char* what) {
    if (fact) return;
    std::fprintf(stderr, "bh-scale: %s\n", what);
    std::exit(3);
}
inline double now_ns() { return static_cast<double>(engine::now()); }

/// The median of what f() says, five times; once if that takes long.
template <class F>
double median_of(F f) {
    std::vector<double> all;
    for (const double begin = now_ns(); all.size() < 5 && (all.empty() || now_ns() - begin < 2e9);) all.push_back(f());
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    return all[all.size() / 2];
}
/// 1, 2, 4, ... or 1, 10, 100, ... up to `most`.
inline std::vector<std::size_t> steps(std::size_t most, std::size_t factor) {
    std::vector<std::size_t> all;
    for (std::size_t n = 1; n <= most; n *= factor) all.push_back(n);
    return all;
}

using item = bh::work<void (*)()>;
inline void nothing() {}

/// Items that stay where they are.
class row {
public:
    explicit row(std::size_t n) {
        items_.reserve(n);
        for (std::size_t i = 0; i < n; ++i) items_.push_back(std::make_unique<item>(&nothing));
    }
    item& operator[](std::size_t i) { return *items_[i]; }
    [[nodiscard]] std::size_t size() const { return items_.size(); }

private:
    std::vector<std::unique_ptr<item>> items_;
};

/// Keeps the one worker of CPU 0 busy for its scope.
class held {
public:
    explicit held(bh::basic_workqueue_struct<engine>* wq) {
        the_ = this;
        must(ops::queue_work_on(0, wq, hold_, here()), "was pending");
        while (!inside_) ::sched_yield();
    }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    ~held() {
        over_ = true;
        bh::flush_work(hold_);
    }

private:
    static inline held* the_ = nullptr;
    std::atomic<bool> inside_{false}, over_{false};
    item hold_{[] {
        the_->inside_ = true;
        while (!the_->over_) ::sched_yield();
    }};
};

// ---- the families --------------------------------------------------------------------------------------------------

/// One item for each CPU, queued from here, and waited for: a wake-up each.
inline family cpus() {
    curve c{"queued on each CPU, and flushed", {}};
    for (const std::size_t n : steps(64, 2)) {
        bh::machine m{{.cpus = static_cast<unsigned>(n)}};
        auto* const wq = m.events(here());
        row items(n);
        c.points.emplace_back(n, median_of([&] {
                                  const std::size_t rounds = 2'000 / n + 1;
                                  const double begin = now_ns();
                                  for (std::size_t r = 0; r < rounds; ++r) {
                                      for (std::size_t i = 0; i < n; ++i)
                                          ops::queue_work_on(static_cast<unsigned>(i), wq, items[i], here());
                                      for (std::size_t i = 0; i < n; ++i) bh::flush_work(items[i]);
                                  }
                                  return (now_ns() - begin) / static_cast<double>(rounds * n);
                              }));
    }
    return {"CPUs, emulated", "the real CPUs: more threads than those take turns", {std::move(c)}};
}
/// Threads that queue on one CPU's worker, each a batch of its own and then waits for it.
inline family producers() {
    curve c{"queued by as many threads on one CPU", {}};
    for (const std::size_t n : steps(64, 2)) {
        bh::machine m{{.cpus = 1}};
        auto* const wq = m.events(here());
        c.points.emplace_back(n, median_of([&] {
                                  constexpr std::size_t batch = 256;
                                  const std::size_t rounds = 200 / n + 2;
                                  const double begin = now_ns();
                                  std::vector<std::jthread> all;
                                  for (std::size_t t = 0; t < n; ++t)
                                      all.emplace_back([&] {
                                          row items(batch);
                                          for (std::size_t r = 0; r < rounds; ++r) {
                                              for (std::size_t i = 0; i < batch; ++i)
                                                  ops::queue_work_on(0, wq, items[i], here());
                                              bh::flush_work(items[batch - 1]);
                                          }
                                          for (std::size_t i = 0; i < batch; ++i) bh::flush_work(items[i]);
                                      });
                                  all.clear();
                                  return (now_ns() - begin) / static_cast<double>(n * rounds * batch);
                              }));
    }
    return {"producers", "one cache line, the head of the CPU's inbox", {std::move(c)}};
}
/// Queues of either kind, an item on each in turns.
inline family queues() {
    family f{"queues", "the queue's own cache lines; those of 2.6 have a thread each, which must be woken", {}};
    for (const auto& [name, kind, most] :
         {std::tuple{"linux-6: of the shared pools", bh::queue_kind::bound, 10'000UL},
          std::tuple{"linux-2.6: with a thread each", bh::queue_kind::per_cpu, 100UL}}) {
        curve c{name, {}};
        for (const std::size_t n : steps(most, 10)) {
            bh::machine m{{.cpus = 1}};
            std::vector<bh::basic_workqueue_struct<engine>*> all;
            for (std::size_t i = 0; i < n; ++i) {
                all.push_back(m.create_queue("scale", kind, bh::default_active, nullptr, here()));
                must(all.back() != nullptr, "a queue could not be had");
            }
            constexpr std::size_t each = 20'000;
            row items(std::max(n, std::size_t{256}));
            c.points.emplace_back(n, median_of([&] {
                                      const double begin = now_ns();
                                      for (std::size_t i = 0; i < each; ++i)
                                          ops::queue_work_on(0, all[i % n], items[i % items.size()], here());
                                      for (auto* wq : all) ops::flush_workqueue(wq, here());
                                      return (now_ns() - begin) / static_cast<double>(each);
                                  }));
            for (auto* wq : all) m.destroy_queue(wq, here());
        }
        f.curves.push_back(std::move(c));
    }
    return f;
}
/// A worker that is held while so many come, and then runs them all.
inline family pending_items(std::size_t most) {
    curve in{"queued behind so many", {}}, out{"run, of so many", {}};
    for (const std::size_t n : steps(most, 10)) {
        bh::machine m{{.cpus = 1}};
        auto* const wq = m.events(here());
        row items(n);
        std::vector<double> queued;
        out.points.emplace_back(n, median_of([&] {
                                    double begin = now_ns();
                                    {
                                        const held worker(wq);
                                        begin = now_ns();
                                        for (std::size_t i = 0; i < n; ++i) ops::queue_work_on(0, wq, items[i], here());
                                        queued.push_back((now_ns() - begin) / static_cast<double>(n));
                                        begin = now_ns();
                                    }
                                    ops::flush_workqueue(wq, here());
                                    return (now_ns() - begin) / static_cast<double>(n);
                                }));
        std::sort(queued.begin(), queued.end());
        in.points.emplace_back(n, queued[queued.size() / 2]);
    }
    return {"pending items", "memory: from some 10,000 on each item is a cache miss", {std::move(in), std::move(out)}};
}
/// Timers that are added and taken off while so many others are armed.
inline family pending_timers(std::size_t most) {
    curve add{"armed beside so many", {}}, del{"taken off", {}};
    bh::machine m{{.cpus = 1}};
    auto& time = m.time();
    std::vector<bh::timer_node> timers(most);
    constexpr std::size_t some = 1'000;
    std::vector<bh::timer_node> probes(some);
    const auto set_up = [](bh::timer_node& t) { t.function = [](bh::timer_node*) {}; };
    std::for_each(timers.begin(), timers.end(), set_up);
    std::for_each(probes.begin(), probes.end(), set_up);
    const bh::jiffies_t far = time.jiffies() + 100'000'000;
    std::uint64_t random = 1;
    const auto some_tick = [&] {
        random = random * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
        return far + (random >> 40);
    };
    std::size_t armed = 0;
    for (const std::size_t n : steps(most, 10)) {
        for (; armed < n; ++armed) time.add(timers[armed], some_tick());
        std::vector<double> taken_off;
        add.points.emplace_back(n, median_of([&] {
                                    double begin = now_ns();
                                    for (bh::timer_node& t : probes) time.add(t, some_tick());
                                    const double ns = (now_ns() - begin) / some;
                                    begin = now_ns();
                                    for (bh::timer_node& t : probes) time.del(t);
                                    taken_off.push_back((now_ns() - begin) / some);
                                    return ns;
                                }));
        std::sort(taken_off.begin(), taken_off.end());
        del.points.emplace_back(n, taken_off[taken_off.size() / 2]);
    }
    for (std::size_t i = 0; i < armed; ++i) time.del(timers[i]);
    return {"pending timers", "memory: the neighbours in a slot are cache misses", {std::move(add), std::move(del)}};
}

}   // namespace scale
