// SPDX-License-Identifier: MIT
//
// What schedule_timeout() does in both facades: their names, hence to be included behind <linux/sched.h>.
#pragma once

#include <atomic>

#include "support/facade.hpp"

namespace support {

/// For the test's thread.
inline void check_schedule_timeout() {
    constexpr bottomhalf::arch::ns_t tick = 1'000'000'000 / HZ;
    bottomhalf::arch::ns_t begin = engine::now();
    CHECK(schedule_timeout_uninterruptible(3) == 0);
    CHECK(engine::now() - begin >= 3 * tick);
    begin = engine::now();
    CHECK(schedule_timeout_interruptible(1) == 0);
    CHECK(engine::now() - begin >= tick);
    set_current_state(TASK_INTERRUPTIBLE);
    CHECK(schedule_timeout(0) == 0);

    struct task_struct* me = current;
    std::atomic<bool> go{false};
    auto waker = call<engine>([&] {
        wait_until<engine>([&] { return go.load(); });
        while (wake_up_process(me) == 0) engine::relax(0);
    });
    set_current_state(TASK_INTERRUPTIBLE);
    go = true;
    const long left = schedule_timeout(1000 * HZ);
    CHECK(left > 0);
    CHECK(left <= 1000 * HZ);

    const long kept = schedule_timeout(1000 * HZ);   // in TASK_RUNNING
    CHECK(kept > 0);
    if (engine::simulated) CHECK(kept == 1000 * HZ);   // on threads a tick may pass meanwhile
    CHECK(reports::take("called in TASK_RUNNING"));
    set_current_state(TASK_INTERRUPTIBLE);
    CHECK(schedule_timeout(-3) == 0);
    CHECK(reports::take("schedule_timeout: wrong timeout value fffffffffffffffd"));
}

}   // namespace support
