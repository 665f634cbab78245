// SPDX-License-Identifier: MIT
//
// show_all_workqueues(): the words of a 6.12 kernel that was asked in the same state, but for the numbers of threads and pools.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/workqueue.h>

#include <string>

#include <bottomhalf/show_workqueues.hpp>
#include <bottomhalf/sim/symbols.hpp>

#include "linux6/support.hpp"
#include "support/posix_regex.hpp"

namespace {

using engine = bottomhalf::arch::threads;

struct completion let_go;
void blocker_fn(struct work_struct*) { wait_for_completion(&let_go); }

/// What it prints, each thread's number a P, each pool's an N, and namespaces left out.
std::string shown() {
    std::string all;
    bottomhalf::show_all_workqueues(bottomhalf::default_machine_of<engine>(),
                                    [&](const char* line) { all += std::string(line) + '\n'; });
    all = support::replaced(all, "([a-z0-9_]+::)?\\(anonymous namespace\\)::", "");
    all = support::replaced(all, "gate::", "");
    all = support::replaced(all, "pwq [0-9]+:", "pwq N:");
    all = support::replaced(all, "pool [0-9]+:", "pool N:");
    return support::replaced(all, "[0-9]{2,}:", "P:");
}

}   // namespace

TEST_CASE("show_all_workqueues: what runs, what waits, and what is not let in", "[linux6][show]") {
    const ::ear listening;
    init_completion(&let_go);
    struct workqueue_struct* one = alloc_workqueue("one", 0, 1);
    struct workqueue_struct* hi = alloc_workqueue("hi", WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
    struct workqueue_struct* ord = alloc_ordered_workqueue("ord", 0);
    struct workqueue_struct* idle = alloc_workqueue("idle", 0, 0);
    struct blocker {
        struct work_struct work;
        struct completion begun;
    } b[3], c[3], u[2];
    const auto begin = [](blocker& x) {
        init_completion(&x.begun);
        INIT_WORK(&x.work, [](struct work_struct* w) {
            complete(&container_of(w, blocker, work)->begun);
            blocker_fn(w);
        });
    };
    for (auto& x : b) INIT_WORK(&x.work, blocker_fn);
    for (auto& x : c) begin(x);
    for (auto& x : u) INIT_WORK(&x.work, blocker_fn);
    gate first;   // holds `one`, and its CPU's pool has somebody idle
    queue_work_on(0, one, &first.work);
    wait_for_completion(&first.arrived);
    for (auto& x : b) queue_work_on(0, one, &x.work);
    gate ordered;
    queue_work(ord, &ordered.work);
    wait_for_completion(&ordered.arrived);
    for (auto& x : u) queue_work(ord, &x.work);
    for (auto& x : c) queue_work_on(0, hi, &x.work);
    for (auto& x : c) wait_for_completion(&x.begun);

    const std::string text = shown();
    INFO(text);
    const auto has = [&](const char* lines) { return text.find(lines) != std::string::npos; };
    CHECK(text.rfind("Showing busy workqueues and worker pools:\nworkqueue one: flags=0x0\n", 0) == 0);
    CHECK(
        has("workqueue one: flags=0x0\n"
            "  pwq N: cpus=0 node=0 flags=0x0 nice=0 active=1 refcnt=5\n"
            "    in-flight: P:pass\n"
            "    inactive: 3*blocker_fn\n"
            "workqueue hi: flags=0x18\n"
            "  pwq N: cpus=0 node=0 flags=0x0 nice=-20 active=3 refcnt=4\n"
            "    in-flight: P:"));
    CHECK(has(" ,P:"));
    CHECK(has("workqueue ord: flags=0x20002\n"));
    CHECK(
        has(" flags=0x4 nice=0 active=1 refcnt=4\n"
            "    in-flight: P:pass\n"
            "    inactive: 2*blocker_fn\n"
            "pool N: cpus=0 node=0 flags=0x0 nice=0 hung=0s workers="));
    CHECK_FALSE(has("idle:\n"));
    CHECK_FALSE(has("workqueue idle:"));

    complete_all(&let_go);
    complete(&first.open);
    complete(&ordered.open);
    flush_workqueue(one), flush_workqueue(hi), flush_workqueue(ord);
    CHECK(shown() == "Showing busy workqueues and worker pools:\n");
    destroy_workqueue(one), destroy_workqueue(hi), destroy_workqueue(ord), destroy_workqueue(idle);
}
