// SPDX-License-Identifier: MIT
// A queue with threads of its own, and what its destructor does.  A single-threaded queue runs its items one by one, in
// the order in which they were queued; one with a thread per CPU (the default) keeps that order per CPU.
//
//   on steps: one
//   on steps: two
//   on steps: three
//   flushed
//   on steps: four
//   drained
//
// target: bottomhalf
// expect: steps: one.on steps: two.on steps: three.flushed.on steps: four.drained
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

#include <pthread.h>

namespace bh = bottomhalf;

static void say(const char* what) {
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    std::printf("on %s: %s\n", name, what);
}

int main() {
    bh::work one{[] { say("one"); }};
    bh::work two{[] { say("two"); }};
    bh::work three{[] { say("three"); }};
    bh::work four{[] { say("four"); }};
    {
        bh::workqueue wq{"steps", {.single_thread = true}};   // after the items: it goes before them
        bh::queue_work(wq, one);
        bh::queue_work(wq, two);
        bh::queue_work(wq, three);
        bh::flush_workqueue(wq);   // waits for all three
        std::puts("flushed");
        bh::queue_work(wq, four);
    }   // runs what still waits, then joins the thread
    std::puts("drained");
}
