// SPDX-License-Identifier: MIT
// Question: are we as fast as we promise, here and now?
// One table; the exit code is 0 if every `must` is met, 1 if not, and 4 if the machine was not quiet, so that rows say
// nothing, and the others are met.
//
//   budget_bench [--quick] [--only=TEXT] [--json=FILE]   a few minutes, quick: less than one
//   budget_bench --benchmark_min_time=...                as a test among others: a few samples of all, to see that it
//                                                        can be measured; no verdict

#include "bottom_halves.hpp"
#include "budget.hpp"
#include "enqueue.hpp"
#include "flush.hpp"
#include "host.hpp"
#include "interrupts.hpp"
#include "irq_mask.hpp"
#include "lateness.hpp"
#include "memory.hpp"
#include "requeue.hpp"
#include "signal_handler.hpp"
#include "throughput.hpp"
#include "timers.hpp"
#include "wake.hpp"

#include <string_view>

namespace {

using namespace bench;

struct options {
    bool quick = false, rehearsal = false;
    std::string_view only, json;

    options(int argc, char** argv) {
        for (int i = 1; i < argc; ++i) {
            const std::string_view arg = argv[i];
            if (arg == "--quick")
                quick = true;
            else if (arg.starts_with("--benchmark_min_time="))
                rehearsal = true;
            else if (arg.starts_with("--only="))
                only = arg.substr(7);
            else if (arg.starts_with("--json="))
                json = arg.substr(7);
            else
                check(false, "usage: budget_bench [--quick] [--only=TEXT] [--json=FILE]");
        }
    }
    [[nodiscard]] bool wants(std::string_view name) const { return name.find(only) != name.npos; }
};

}   // namespace

int main(int argc, char** argv) {
    const options opts{argc, argv};
    budget table;
    pin_self(place::home);

    const auto all_or_few = [&](question q) { return opts.quick || opts.rehearsal ? for_the_budget(std::move(q)) : q; };
    // Asks `q`, and hands the answers to `rows`, which adds what the budget says about them.
    const auto ask = [&](const question& q, auto&& rows) {
        if (!opts.wants(q.benchmark)) return;
        std::fprintf(stderr, "%s ...\n", q.asks.c_str());
        const neighbours others;
        std::vector<series> answers = interleave(q, opts.rehearsal ? 3 : opts.quick ? q.quick_rounds : q.rounds);
        if (!opts.rehearsal) table.doubt(others.why_unreliable());
        rows(answers);
        table.keep(q, std::move(answers));
    };

    ask(enqueue(), [&](const auto& a) {
        table.add(ratio_row("queue_work, worker busy", a, "fetch_add", 0.5, at_most(3.5), at_most(2.6)));
        table.add(ratio_row("queue_work, worker busy", a, deque_lane<count_run>::name, 0.5, at_most(0.6), no_rule));
        table.add(floor_row(a, two_rmw_stage::name, deque_lane<count_run>::name));
        table.add(
            ratio_row("queue_work, worker busy", a, moodycamel_lane<count_run>::name, 0.5, no_rule, at_most(0.85)));
        const auto beside = [&](bool missing, const char* peer) {
            if (!missing) table.add(plain_row("queue_work, worker busy", a, bottomhalf_lane<count_run>::name, peer));
        };
        beside(tbb_lane<count_run>::missing, tbb_lane<count_run>::name);
        beside(glib_lane<count_run>::missing, glib_lane<count_run>::name);
        beside(urcu_lane<count_run>::missing, urcu_lane<count_run>::name);
    });
    ask(signal_handler(), [&](const auto& a) {
        table.add(limit_row("the same from a signal handler: syscalls", "", 0, syscalls_from_signal_handler()));
        table.add(
            ratio_row("the same from a signal handler", a, "bottomhalf, in a thread", 0.5, no_rule, at_most(1.0)));
    });
    ask(throughput(place::away), [&](const auto& a) {
        table.add(best_peer_row("1 producer -> 1 worker, two CPUs", a, at_least(2.5), at_least(4)));
    });
    ask(throughput(place::home), [&](const auto& a) {
        table.add(ratio_row("1 producer -> 1 worker, one CPU", a, list_lane<count_run>::name, 0.5, at_least(1.2),
                            at_least(1.6)));
        table.add(best_peer_row("1 producer -> 1 worker, one CPU", a, no_rule, at_least(1.2)));
    });
    ask(requeue(), [&](const auto& a) {
        table.add(
            ratio_row("a handler queues itself", a, list_lane<count_run>::name, 0.5, at_most(0.75), at_most(0.6)));
    });
    ask(wake(), [&](const auto& a) {
        table.add(
            ratio_row("queue_work -> sleeping worker, p50", a, "bare futex wake", 0.5, at_most(1.03), at_most(1.01)));
        table.add(floor_row(a, wake_sleeper_with_item::name, "bare futex wake"));
        table.add(ratio_row("queue_work -> sleeping worker, p99", a, "bare futex wake", 0.99, at_most(1.2), no_rule));
    });
    ask(flush(place::home), [&](const auto& a) {
        table.add(
            ratio_row("queue_work + flush_work, one CPU", a, "bare futex ping-pong", 0.5, at_most(1.0), at_most(0.9)));
    });
    ask(flush(place::away), [&](const auto& a) {
        table.add(ratio_row("queue_work + flush_work, two CPUs", a, "bare futex ping-pong", 0.5, at_most(1.03),
                            at_most(1.01)));
    });
    // The bare wheel is held against the best wheel, and so is, as a goal, what the timekeeper makes of it.
    for (const std::size_t n : timers_pending) {
        const std::string pending = ", " + pending_name(n) + " pending";
        const auto rows = [&](const std::string& what, const auto& a, rule with_hand_off) {
            table.add(ratio_row(what, a, best_wheel_lane::name, 0.5, at_most(1.2), no_rule));
            table.add(plain_row(what, a, wheel_lane::name, lean_wheel_lane::name));
            table.add(ratio_row(what + ", hand-off included", in_front(a, timekeeper_lane<false>::name),
                                best_wheel_lane::name, 0.5, no_rule, with_hand_off));
        };
        ask(all_or_few(timer_add(n)), [&](const auto& a) { rows("timer add" + pending, a, at_most(1.0)); });
        ask(all_or_few(timer_cancel(n)), [&](const auto& a) {
            rows("timer cancel" + pending, a, at_most(1.0));
            if (n == 1'000'000)
                table.add(ratio_row("timer cancel" + pending, a, libev_lane::name, 0.5, at_most(0.25), no_rule));
        });
        ask(all_or_few(timer_expire(n)),
            [&](const auto& a) { rows("timer expires" + pending, a, at_most(n == 1'000'000 ? 0.6 : 1.0)); });
    }
    ask(timer_empty_ticks(), [&](const auto& a) {
        table.add(ratio_row("1,000 timers over 60 s", a, "within 500 ticks", 0.5, no_rule, at_most(2)));
    });
    ask(lateness(), [&](const auto& a) {
        table.add(ratio_row("delayed work, lateness, p50", a, timed_wait::name, 0.5, at_most(1.1), no_rule));
        table.add(floor_row(a, timed_wait_and_wake::name, timed_wait::name));
        table.add(ratio_row("delayed work, lateness, p99", a, timed_wait::name, 0.99, no_rule, at_most(1.1)));
    });
    ask(raise_while_pending(), [&](const auto& a) {
        for (std::size_t i = 1; i < a.size(); ++i)
            table.add(plain_row("raise_irq, pending already", a, "bottomhalf", a[i].side_name));
    });
    ask(raise_to_sleeping_cpu(), [&](const auto& a) {
        table.add(ratio_row("raise_irq -> work item, sleeping CPU, p50", a, "bare futex wake", 0.5, at_most(1.1),
                            at_most(1.03)));
        table.add(floor_row(a, signal_then_thread, "bare futex wake"));
        table.add(plain_row("the same, p99", a, "bottomhalf", "bare futex wake", 0.99));
        table.add(plain_row("the same, p50", a, "bottomhalf", "tgkill, sigwait"));
        table.add(
            plain_row("raise_irq -> top half, sleeping CPU, p50", a, "bottomhalf, the top half", "tgkill, handler"));
    });
    ask(irq_mask(), [&](const auto& a) {
        const char* off_and_on = "sigprocmask twice";
        for (const bool with_lock : {false, true})
            for (const auto& [who, w] : mask_sides)
                table.add(plain_row(
                    (with_lock ? "spin_lock_irqsave + restore, " : "local_irq_save + restore, ") + std::string{who}, a,
                    mask_side_name(who, with_lock), off_and_on));
        table.add(floor_row(a, flag_stage::name, off_and_on));
    });
    ask(bottom_halves(), [&](const auto& a) {
        for (const double q : {0.5, 0.99})
            for (const auto& [kind, peer] : bottom_half_rows)
                table.add(plain_row(std::string{"top half -> "} + kind + (q < 0.9 ? ", p50" : ", p99"), a,
                                    std::string{"bottomhalf, "} + kind, peer, q));
    });
    if (opts.wants("memory")) {
        table.doubt("");   // these are counted
        table.add(limit_row("memory: allocations, 1,000,000 items", "", 0,
                            static_cast<double>(allocations_of_a_million_items())));
        table.add(limit_row("memory: a work item, callable aside", "B", 32, sizeof(bh::work_item)));
        table.add(limit_row("memory: a delayed work, callable aside", "B", 88, sizeof(bh::delayed_item)));
    }

    table.print(stdout, ::isatty(STDOUT_FILENO) == 1);
    if (!opts.json.empty()) {
        std::FILE* file = std::fopen(std::string{opts.json}.c_str(), "w");
        check(file != nullptr, "the file for --json cannot be written");
        table.write_json(file, opts.quick || opts.rehearsal);
        check(std::fclose(file) == 0, "the file for --json could not be written");
    }
    return opts.rehearsal || (table.met() && !table.is_unreliable()) ? 0 : table.met() ? 4 : 1;
}
