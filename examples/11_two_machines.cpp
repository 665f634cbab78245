// SPDX-License-Identifier: MIT
// Two machines in one process, each with CPUs, a clock and queues of its own: two ends of a wire, say.  A handler on
// one may queue work on the other, which sees what was written before.
//
//   left has 2 CPUs, right has 1
//   left sent 1, right got 1
//   left sent 2, right got 2
//   left sent 3, right got 3
//
// target: bottomhalf
// expect: left has 2 CPUs, right has 1.left sent 1, right got 1.left sent 2, right got 2.left sent 3, right got 3
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

namespace bh = bottomhalf;

int main() {
    bh::machine left{{.cpus = 2}}, right{{.cpus = 1}};
    std::printf("left has %u CPUs, right has %u\n", left.nr_cpus(), right.nr_cpus());

    int sent = 0, got = 0;
    bh::work receive{[&] { got = sent; }};
    bh::workqueue receivers{right, "receivers"};   // thread receivers/0
    bh::work send{[&] {
        ++sent;
        bh::queue_work(receivers, receive);   // sees ++sent
    }};
    bh::workqueue senders{left, "senders"};   // threads senders/0 and senders/1

    for (int i = 0; i < 3; ++i) {
        bh::queue_work(senders, send);
        bh::flush_workqueue(senders);
        bh::flush_workqueue(receivers);
        std::printf("left sent %d, right got %d\n", sent, got);
    }
}
