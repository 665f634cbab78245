// SPDX-License-Identifier: MIT
//
// The library without exceptions: what a constructor would have thrown is asked for afterwards.  One round of the
// verbs, so that their templates are compiled, and run.
#include <bottomhalf/bottomhalf.hpp>

namespace bh = bottomhalf;

static_assert(!BOTTOMHALF_EXCEPTIONS);

int main() {
    int failed = 0;
    const auto check = [&failed](bool held) { failed += held ? 0 : 1; };

    bh::machine m{{.cpus = 2}};
    check(m.is_up());

    int runs = 0;
    bh::work item{[&runs] { ++runs; }};
    bh::delayed_work later{[&runs] { ++runs; }};
    bh::workqueue wq{m, "verbs", {.single_thread = true}};   // one thread: `runs` needs no lock
    check(wq.native() != nullptr);

    check(bh::queue_work(wq, item));
    bh::flush_work(item);
    check(runs == 1);

    check(bh::queue_delayed_work(wq, later, bh::max_jiffy_offset));
    check(!bh::queue_delayed_work(wq, later, 0));
    check(bh::mod_delayed_work(wq, later, 0));
    bh::flush_delayed_work(later);
    check(runs == 2);

    check(bh::queue_delayed_work(wq, later, bh::max_jiffy_offset));
    check(bh::cancel_delayed_work_sync(later));
    check(!bh::cancel_work_sync(item));
    bh::drain_workqueue(wq);
    check(runs == 2);
    return failed;
}
