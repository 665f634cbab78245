// SPDX-License-Identifier: MIT
// Mistakes are reported, with the place of the call.  By default a report goes to stderr; here we listen, as a driver's
// unit test would.  BOTTOMHALF_FATAL=1 in the environment stops the program at the first one.
//
//   queue_work_on: there is no CPU 99, queue demo has 2; using this CPU
//   flush_work: possible recursive locking detected: a handler would wait for itself; not waiting
//   ~delayed_work: a delayed work item was destroyed while pending; cancelled, and waited for
//   3 reports
//
// target: bottomhalf
// expect: no CPU 99, .*wait for itself; .*delayed work item was destroyed while pending.*3 reports
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

namespace bh = bottomhalf;

static int reports = 0;
static void listen(const bh::report& r) {   // where the mistake was made: r.at
    ++reports;
    std::printf("%s: %s\n", r.function, r.text);
}

int main() {
    bh::set_report_listener(listen);
    {
        bh::machine m{{.cpus = 2}};
        bh::work selfish{[](auto& self) { bh::flush_work(self); }};   // a handler that takes its own item
        bh::workqueue wq{m, "demo"};
        bh::queue_work_on(99, wq, selfish);   // it runs all the same
        bh::flush_workqueue(wq);

        bh::delayed_work forgotten{[] { std::puts("never"); }};
        bh::queue_delayed_work(wq, forgotten, 60 * bh::hz);
    }   // nobody cancelled it
    std::printf("%d reports\n", reports);
}
