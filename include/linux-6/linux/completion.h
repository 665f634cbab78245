// SPDX-License-Identifier: MIT
// <linux/completion.h>: "it has happened", once per complete(), or for good after complete_all().
//
// There are no signals for a task here, so nobody is interrupted: what could be is not, and never -ERESTARTSYS.
#pragma once

#include <bottomhalf/sync/completion.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct completion {
    unsigned int done;   // A: waits that may still pass without sleeping, and a bit of the core's
};

namespace impl {
using completions = completion_ops<engine>;
/// Return: the ticks that were left, at least 1; 0 if the time was over first.
inline unsigned long wait_ticks(completion* c, unsigned long timeout, const char* function, location at) noexcept {
    const arch::ns_t until = deadline(timeout, at);
    if (here::might_sleep(function, at) && completions::try_wait(c->done))
        return timeout == 0 ? 1 : timeout;   // all of it is left, whatever the clock has done meanwhile
    if (!completions::wait(c->done, until, function, at)) return 0;
    const unsigned long left = ticks_left(until);
    return left > timeout && timeout != 0 ? timeout : left;
}
}   // namespace impl

inline void init_completion(struct completion* c) noexcept { c->done = 0; }
/// Between two uses; what has been completed and not waited for is forgotten.
inline void reinit_completion(struct completion* c) noexcept { impl::completions::reinit(c->done); }

/// Lets one waiter go, now or later.  Context: any, async-signal-safe.  A system call only if somebody may sleep.
inline void complete(struct completion* c) noexcept { impl::completions::complete(c->done); }
inline void complete_on_current_cpu(struct completion* c) noexcept { complete(c); }
/// Lets everybody go, until reinit_completion().
inline void complete_all(struct completion* c) noexcept { impl::completions::complete_all(c->done); }

/// Context: process; elsewhere it is reported, and does not wait.
inline void wait_for_completion(struct completion* c, location at = location::current()) noexcept {
    impl::completions::wait(c->done, arch::forever, "wait_for_completion", at);
}
inline void wait_for_completion_io(struct completion* c, location at = location::current()) noexcept {
    wait_for_completion(c, at);
}
/// Return: 0.
inline int wait_for_completion_interruptible(struct completion* c, location at = location::current()) noexcept {
    wait_for_completion(c, at);
    return 0;
}
inline int wait_for_completion_killable(struct completion* c, location at = location::current()) noexcept {
    wait_for_completion(c, at);
    return 0;
}
inline int wait_for_completion_state(struct completion* c, unsigned int, location at = location::current()) noexcept {
    wait_for_completion(c, at);
    return 0;
}
/// Return (all of them): the ticks that were left, at least 1; 0 if the time was over first.
inline unsigned long wait_for_completion_timeout(struct completion* c, unsigned long timeout,
                                                 location at = location::current()) noexcept {
    return impl::wait_ticks(c, timeout, "wait_for_completion_timeout", at);
}
inline unsigned long wait_for_completion_io_timeout(struct completion* c, unsigned long timeout,
                                                    location at = location::current()) noexcept {
    return impl::wait_ticks(c, timeout, "wait_for_completion_io_timeout", at);
}
inline long wait_for_completion_interruptible_timeout(struct completion* c, unsigned long timeout,
                                                      location at = location::current()) noexcept {
    return static_cast<long>(impl::wait_ticks(c, timeout, "wait_for_completion_interruptible_timeout", at));
}
inline long wait_for_completion_killable_timeout(struct completion* c, unsigned long timeout,
                                                 location at = location::current()) noexcept {
    return static_cast<long>(impl::wait_ticks(c, timeout, "wait_for_completion_killable_timeout", at));
}
/// Context: any.
inline bool try_wait_for_completion(struct completion* c) noexcept { return impl::completions::try_wait(c->done); }
inline bool completion_done(struct completion* c) noexcept { return impl::completions::is_done(c->done); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::complete;
using bottomhalf::linux6::complete_all;
using bottomhalf::linux6::complete_on_current_cpu;
using bottomhalf::linux6::completion;
using bottomhalf::linux6::completion_done;
using bottomhalf::linux6::init_completion;
using bottomhalf::linux6::reinit_completion;
using bottomhalf::linux6::try_wait_for_completion;
using bottomhalf::linux6::wait_for_completion;
using bottomhalf::linux6::wait_for_completion_interruptible;
using bottomhalf::linux6::wait_for_completion_interruptible_timeout;
using bottomhalf::linux6::wait_for_completion_io;
using bottomhalf::linux6::wait_for_completion_io_timeout;
using bottomhalf::linux6::wait_for_completion_killable;
using bottomhalf::linux6::wait_for_completion_killable_timeout;
using bottomhalf::linux6::wait_for_completion_state;
using bottomhalf::linux6::wait_for_completion_timeout;

#define COMPLETION_INITIALIZER(work) \
    { 0 }
#define COMPLETION_INITIALIZER_ONSTACK(work) (::bottomhalf::linux6::completion{0})
#define COMPLETION_INITIALIZER_ONSTACK_MAP(work, map) COMPLETION_INITIALIZER_ONSTACK(work)
#define DECLARE_COMPLETION(work) struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) DECLARE_COMPLETION(work)
#define DECLARE_COMPLETION_ONSTACK_MAP(work, map) DECLARE_COMPLETION(work)
#define init_completion_map(work, map) init_completion(work)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/wait.h>
