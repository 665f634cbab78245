// SPDX-License-Identifier: MIT
// The program's own signal handler as a top half.  queue_work() is async-signal-safe: it takes no lock and allocates
// nothing, so the handler does what cannot wait, queues the rest, and returns; the rest may print, lock and allocate.
//
//   before: 3 signals, each a sign that there is work
//   bottom half: saw 3 signals
//
// target: bottomhalf
// expect: before: 3 signals.*bottom half: saw 3 signals
#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>

namespace bh = bottomhalf;

static std::atomic<int> signals{0};
static int seen = 0;   // the bottom half's, until it has been flushed
static bh::work bottom_half{[] { seen = signals; }};

static void top_half(int) {
    ++signals;
    bh::schedule_work(bottom_half);
}

int main() {
    bh::boot();   // starting threads is the one thing that a handler must not be the first to need
    std::signal(SIGUSR1, top_half);
    for (int i = 0; i < 3; ++i) std::raise(SIGUSR1);
    std::printf("before: %d signals, each a sign that there is work\n", signals.load());
    bh::flush_work(bottom_half);   // one to three runs: the last of them has seen all
    std::printf("bottom half: saw %d signals\n", seen);
    std::signal(SIGUSR1, SIG_IGN);
}
