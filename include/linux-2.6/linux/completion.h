// SPDX-License-Identifier: MIT
// <linux/completion.h>: "it has happened".
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

struct completion {
    std::uint32_t done;   // A: how many waits may still pass
};
namespace impl {
using completion_t = completion_ops<engine>;
}

inline void init_completion(struct completion* x) noexcept { x->done = 0; }

/// Lets one waiter go, now or later.  Context: any, async-signal-safe.
inline void complete(struct completion* x) noexcept { impl::completion_t::complete(x->done); }
/// Lets everybody go, for good.
inline void complete_all(struct completion* x) noexcept { impl::completion_t::complete_all(x->done); }
/// Context: process; elsewhere it is reported, and does not wait.
inline void wait_for_completion(struct completion* x, location at = location::current()) noexcept {
    impl::completion_t::wait(x->done, arch::forever, "wait_for_completion", at);
}
/// Return: 0; -ERESTARTSYS only where it must not sleep.
inline int wait_for_completion_interruptible(struct completion* x, location at = location::current()) noexcept {
    return impl::completion_t::wait(x->done, arch::forever, "wait_for_completion_interruptible", at) ? 0 : -512;
}
/// Return: 0 if `timeout` ticks have passed without it; else the ticks that are left, at least 1.
inline unsigned long wait_for_completion_timeout(struct completion* x, unsigned long timeout,
                                                 location at = location::current()) noexcept {
    const arch::ns_t until = impl::deadline(timeout, at);
    if (!impl::completion_t::wait(x->done, until, "wait_for_completion_timeout", at)) return 0;
    const unsigned long left = until == arch::forever ? timeout : impl::ticks_left(until);
    return left < 1 ? 1 : left > timeout ? timeout : left;
}
/// Context: any.  Return: false if a wait would sleep.
inline bool try_wait_for_completion(struct completion* x) noexcept { return impl::completion_t::try_wait(x->done); }
inline bool completion_done(struct completion* x) noexcept { return impl::completion_t::is_done(x->done); }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::complete;
using bottomhalf::linux26::complete_all;
using bottomhalf::linux26::completion;
using bottomhalf::linux26::completion_done;
using bottomhalf::linux26::init_completion;
using bottomhalf::linux26::try_wait_for_completion;
using bottomhalf::linux26::wait_for_completion;
using bottomhalf::linux26::wait_for_completion_interruptible;
using bottomhalf::linux26::wait_for_completion_timeout;

#define COMPLETION_INITIALIZER(name) \
    { 0 }
#define DECLARE_COMPLETION(name) struct completion name = COMPLETION_INITIALIZER(name)
#define DECLARE_COMPLETION_ONSTACK(name) DECLARE_COMPLETION(name)
#define INIT_COMPLETION(x) (::bottomhalf::linux26::impl::completion_t::reinit((x).done))
