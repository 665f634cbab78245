// SPDX-License-Identifier: MIT
// Question: those of enqueue.hpp, throughput.hpp, requeue.hpp, wake.hpp, flush.hpp, signal_handler.hpp, timers.hpp,
// lateness.hpp, interrupts.hpp, irq_mask.hpp and bottom_halves.hpp, for those who want Google Benchmark's filters, repetitions and formats.  Beside ours: the same peers.
//
// A row reads BM_QueueWork_BusyWorker/side/burst:1024/manual_time: an iteration is a sample of `burst` operations, and
// only what the question asks about is timed. Sides that are compared should take turns
// (--benchmark_enable_random_interleaving=true). The verdicts are budget_bench's, which interleaves finer than that.

#include "bottom_halves.hpp"
#include "enqueue.hpp"
#include "flush.hpp"
#include "interrupts.hpp"
#include "irq_mask.hpp"
#include "lateness.hpp"
#include "requeue.hpp"
#include "signal_handler.hpp"
#include "throughput.hpp"
#include "timers.hpp"
#include "wake.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace bench;

void sample_side(benchmark::State& state, const side& s) {
    if (s.missing()) {
        state.SkipWithError("not built in");
        return;
    }
    pin_self(place::home);
    const sampler sample = s.boot();
    sample();
    series seen{s.name, false};
    for (auto _ : state) {
        seen.ns.push_back(sample());
        state.SetIterationTime(seen.ns.back() * s.operations * 1e-9);
    }
    state.SetItemsProcessed(state.iterations() * s.operations);
    state.counters["p50_ns"] = seen.percentile(0.5);
    state.counters["p99_ns"] = seen.percentile(0.99);
}

void register_question(const question& q) {
    for (const side& s : q.sides) {
        std::string name = s.name;
        std::replace(name.begin(), name.end(), ' ', '_');
        benchmark::RegisterBenchmark((q.benchmark + "/" + name).c_str(),
                                     [s](benchmark::State& state) { sample_side(state, s); })
            ->ArgName("burst")
            ->Arg(s.operations)
            ->UseManualTime();
    }
}

}   // namespace

int main(int argc, char** argv) {
    for (const question& q : {enqueue(), signal_handler(), throughput(place::away), throughput(place::home), requeue(),
                              wake(), flush(place::home), flush(place::away), timer_empty_ticks(), lateness(),
                              raise_while_pending(), raise_to_sleeping_cpu(), irq_mask(), bottom_halves()})
        register_question(q);
    for (const std::size_t n : timers_pending)
        for (const question& q : {timer_add(n), timer_cancel(n), timer_expire(n)}) register_question(q);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
