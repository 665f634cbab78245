// SPDX-License-Identifier: MIT
// Later instead of now, in C++: a watchdog.  Each sign of life moves its deadline with mod_delayed_work(), where a mere
// queue_delayed_work() would leave a pending item its time.  A delay is in ticks of 1/hz s, and never cut short.
//
//   silence: 5 ticks or more since the last sign of life
//   fed: was pending 1, 1, 1
//   taken back: 1, pending 0
//
// target: bottomhalf
// expect: silence: 5 ticks or more.*fed: was pending 1, 1, 1.taken back: 1, pending 0
#include <bottomhalf/bottomhalf.hpp>

#include <chrono>
#include <cstdio>
#include <semaphore>

namespace bh = bottomhalf;
using std::chrono::steady_clock;

int main() {
    constexpr auto tick = std::chrono::nanoseconds(bh::tick_ns);
    steady_clock::time_point fed;
    std::binary_semaphore barked{0};
    bh::delayed_work watchdog{[&] {
        const bool late = steady_clock::now() - fed >= 5 * tick;
        std::printf("silence: %s since the last sign of life\n", late ? "5 ticks or more" : "LESS THAN 5 TICKS");
        barked.release();
    }};
    bh::workqueue wq{"dog"};

    bh::queue_delayed_work(wq, watchdog, 60 * bh::hz);   // a minute
    const bool first = bh::mod_delayed_work(wq, watchdog, 60 * bh::hz);
    const bool second = bh::mod_delayed_work(wq, watchdog, 60 * bh::hz);
    fed = steady_clock::now();
    const bool third = bh::mod_delayed_work(wq, watchdog, 5);
    barked.acquire();
    std::printf("fed: was pending %d, %d, %d\n", first, second, third);

    bh::queue_delayed_work(wq, watchdog, 60 * bh::hz);
    const bool taken = bh::cancel_delayed_work_sync(watchdog);   // neither pending nor running from here on
    std::printf("taken back: %d, pending %d\n", taken, bh::delayed_work_pending(watchdog));
}
