// SPDX-License-Identifier: MIT
// The same in C++: a work item is any callable.  Nothing is allocated, nothing is cast from void *.
//
//   run 1, on events/N
//   run 2, on events/N
//   queued twice before it ran: 1 0
//   run 3, on events/N
//
// target: bottomhalf
// expect: run 1, on events/[0-9]+.run 2, on events/[0-9]+.*queued twice before it ran: 1 0.run 3
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

#include <pthread.h>

namespace bh = bottomhalf;

int main() {
    int runs = 0;
    bh::work hello{[&] {
        char name[16];
        pthread_getname_np(pthread_self(), name, sizeof name);
        std::printf("run %d, on %s\n", ++runs, name);
    }};
    for (int i = 0; i < 2; ++i) {
        bh::schedule_work(hello);
        bh::flush_work(hello);   // it has run; what it wrote is ours to read
    }

    // An item that waits is not queued again.  To be sure that it waits, we queue it from its CPU's only worker.
    bh::work twice{[&] {
        const bool first = bh::schedule_work(hello);
        const bool second = bh::schedule_work(hello);
        std::printf("queued twice before it ran: %d %d\n", first, second);
    }};
    bh::schedule_work(twice);
    bh::flush_work(twice);
    bh::flush_work(hello);
}
