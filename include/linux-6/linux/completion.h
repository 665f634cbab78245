// SPDX-License-Identifier: MIT
// <linux/completion.h>: "it has happened", once per complete(), or for good after complete_all().
#pragma once

#include <bottomhalf/sync/completion.hpp>

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct completion {
    unsigned int done;   // A: waits that may still pass without sleeping
};

namespace impl {
using completions = completion_ops<engine>;
}

inline void init_completion(struct completion* c) noexcept { c->done = 0; }
inline void reinit_completion(struct completion* c) noexcept { c->done = 0; }

/// Context: any, async-signal-safe.
inline void complete(struct completion* c) noexcept { impl::completions::complete(c->done); }
inline void complete_all(struct completion* c) noexcept { impl::completions::complete_all(c->done); }

/// Context: process.
inline void wait_for_completion(struct completion* c, location at = location::current()) noexcept {
    impl::completions::wait(c->done, arch::forever, "wait_for_completion", at);
}
/// Return: the ticks that were left, at least 1; 0 if the time was over first.
inline unsigned long wait_for_completion_timeout(struct completion* c, unsigned long timeout,
                                                 location at = location::current()) noexcept {
    const arch::ns_t until = impl::deadline(timeout, at);
    const bool in_time = impl::completions::wait(c->done, until, "wait_for_completion_timeout", at);
    return in_time ? impl::ticks_left(until) : 0;
}
/// There are no signals for a task here, so it is never interrupted.
inline int wait_for_completion_interruptible(struct completion* c, location at = location::current()) noexcept {
    wait_for_completion(c, at);
    return 0;
}
inline int wait_for_completion_killable(struct completion* c, location at = location::current()) noexcept {
    wait_for_completion(c, at);
    return 0;
}
inline long wait_for_completion_interruptible_timeout(struct completion* c, unsigned long timeout,
                                                      location at = location::current()) noexcept {
    return static_cast<long>(wait_for_completion_timeout(c, timeout, at));
}
/// Context: any.
inline bool try_wait_for_completion(struct completion* c) noexcept { return impl::completions::try_wait(c->done); }
inline bool completion_done(struct completion* c) noexcept { return impl::completions::is_done(c->done); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::complete;
using bottomhalf::linux6::complete_all;
using bottomhalf::linux6::completion;
using bottomhalf::linux6::completion_done;
using bottomhalf::linux6::init_completion;
using bottomhalf::linux6::reinit_completion;
using bottomhalf::linux6::try_wait_for_completion;
using bottomhalf::linux6::wait_for_completion;
using bottomhalf::linux6::wait_for_completion_interruptible;
using bottomhalf::linux6::wait_for_completion_interruptible_timeout;
using bottomhalf::linux6::wait_for_completion_killable;
using bottomhalf::linux6::wait_for_completion_timeout;

#define COMPLETION_INITIALIZER(work) \
    { 0 }
#define DECLARE_COMPLETION(work) struct completion work = COMPLETION_INITIALIZER(work)
#define DECLARE_COMPLETION_ONSTACK(work) struct completion work = COMPLETION_INITIALIZER(work)
