// SPDX-License-Identifier: MIT
// Question: how many schedules does an exploration run in a second?  Each small case (small_cases.hpp), with its bug and
// mended, drawn, by priorities, and searched; and a body on a machine that boots in each schedule: queue an item, flush it.
// Beside it: nothing.
//
// A row reads BM_Explore/abba/random/bug: an iteration is an exploration of `schedules` schedules, and items are schedules.
// `steps` is how many of them one has, `per_step` what each takes; `failed` is how many in a hundred.

#include "small_cases.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>

#include <linux/workqueue.h>

namespace {

namespace sim = bottomhalf::sim;
namespace cases = bench::cases;

void count(benchmark::State& state, const sim::result& all) {
    const auto n = static_cast<double>(all.schedules);
    state.SetItemsProcessed(static_cast<std::int64_t>(all.schedules));
    state.counters["steps"] = static_cast<double>(all.steps) / n;
    state.counters["per_step"] =
        benchmark::Counter(static_cast<double>(all.steps), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["failed"] = 100 * static_cast<double>(all.failures) / n;
}

/// Explores as long as it is asked to.  Each exploration draws from where the last one has come to.
template <class Body>
void explore(benchmark::State& state, sim::options o, bool mended, Body body) {
    sim::result all;
    for (auto _ : state) {
        const sim::result r = sim::explore(o, body);
        if (!cases::is_as_it_must_be(mended, r)) {
            state.SkipWithError(r.report().c_str());
            return;
        }
        o.seed += o.schedules;
        all.schedules += r.schedules;
        all.steps += r.steps;
        all.failures += r.failures;
    }
    count(state, all);
}

void small_case(benchmark::State& state, const cases::small_case& c, sim::plan how, bool mended) {
    explore(state, cases::counting(how, 20'000), mended, [&] { c.body(mended); });
}

struct work_struct item;
int runs;
void count_run(struct work_struct*) { ++runs; }

void queue_one(benchmark::State& state, sim::plan how) {
    sim::options o = cases::counting(how, 500);
    o.boots = true;
    if (how == sim::plan::bounded) o.depth = 1;
    explore(state, o, true, [] {
        INIT_WORK(&item, count_run);
        schedule_work(&item);
        flush_work(&item);
        sim::expect(runs == 1, "the item has not run");
    });
}

}   // namespace

int main(int argc, char** argv) {
    constexpr std::pair<const char*, sim::plan> plans[] = {
        {"random", sim::plan::random}, {"pct", sim::plan::pct}, {"bounded", sim::plan::bounded}};
    for (const cases::small_case& c : cases::all)
        for (const auto& [name, how] : plans)
            for (const bool mended : {false, true})
                benchmark::RegisterBenchmark(
                    (std::string("BM_Explore/") + c.name + '/' + name + (mended ? "/mended" : "/bug")).c_str(),
                    [&c, plan = how, mended](benchmark::State& state) { small_case(state, c, plan, mended); })
                    ->UseRealTime();
    for (const auto& [name, how] : plans)
        benchmark::RegisterBenchmark((std::string("BM_Explore/queue_and_flush/") + name).c_str(),
                                     [plan = how](benchmark::State& state) { queue_one(state, plan); })
            ->UseRealTime();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
