// SPDX-License-Identifier: MIT
// <linux/wait_bit.h>: waiting for a bit of a word, or for anything about a variable, without a queue of one's own.  The
// queues are the library's, a few for all addresses: whoever is woken in vain looks, and sleeps again.
#pragma once

#include <linux/bitops.h>
#include <linux/wait.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
inline constexpr unsigned nr_address_queues = 64;
BOTTOMHALF_STATE inline constinit wait_queue_head address_queues[nr_address_queues] = {};
}   // namespace impl

inline struct wait_queue_head* __var_waitqueue(const volatile void* address) noexcept {
    const auto a = reinterpret_cast<std::uintptr_t>(address);
    return &impl::address_queues[(a / sizeof(long) ^ a / 4096) % impl::nr_address_queues];
}
inline struct wait_queue_head* bit_waitqueue(void* word, int) noexcept { return __var_waitqueue(word); }

/// Whoever has cleared the bit, in an ordered way, says so.  Context: any.
inline void wake_up_bit(void* word, int bit) { wake_up_all(bit_waitqueue(word, bit)); }
inline void wake_up_var(const volatile void* variable) { wake_up_all(__var_waitqueue(variable)); }
inline void clear_and_wake_up_bit(int bit, unsigned long* word) {
    impl::atomic<unsigned long>(*word).fetch_and(~(1UL << bit), release);   // its partner is the waiter's look
    wake_up_bit(word, bit);
}

namespace impl {
inline bool is_set(unsigned long* word, int bit) noexcept {
    return (atomic<unsigned long>(*word).load(acquire) >> bit & 1) != 0;
}
inline bool wait_on(unsigned long* word, int bit, unsigned int mode, arch::ns_t until, const char* function,
                    location at) {
    return bottomhalf_wait_until(
        *bit_waitqueue(word, bit), {mode, function}, until, [=] { return !is_set(word, bit); }, at);
}
}   // namespace impl

/// Until it is clear.  Context: process.  Return: 0.
inline int wait_on_bit(unsigned long* word, int bit, unsigned int mode, location at = location::current()) {
    impl::wait_on(word, bit, mode, arch::forever, "wait_on_bit", at);
    return 0;
}
inline int wait_on_bit_io(unsigned long* word, int bit, unsigned int mode, location at = location::current()) {
    return wait_on_bit(word, bit, mode, at);
}
/// Return: 0, or -EAGAIN if the time was over first.
inline int wait_on_bit_timeout(unsigned long* word, int bit, unsigned int mode, unsigned long timeout,
                               location at = location::current()) {
    return impl::wait_on(word, bit, mode, impl::deadline(timeout, at), "wait_on_bit_timeout", at) ? 0 : -EAGAIN;
}
/// Until it is clear, and sets it.  Return: 0.
inline int wait_on_bit_lock(unsigned long* word, int bit, unsigned int mode, location at = location::current()) {
    const auto take = [=] {
        return (impl::atomic<unsigned long>(*word).fetch_or(1UL << bit, acquire) >> bit & 1) == 0;
    };
    bottomhalf_wait_until(*bit_waitqueue(word, bit), {mode, "wait_on_bit_lock"}, arch::forever, take, at);
    return 0;
}
inline int wait_on_bit_lock_io(unsigned long* word, int bit, unsigned int mode, location at = location::current()) {
    return wait_on_bit_lock(word, bit, mode, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__var_waitqueue;
using bottomhalf::linux6::bit_waitqueue;
using bottomhalf::linux6::clear_and_wake_up_bit;
using bottomhalf::linux6::wait_on_bit;
using bottomhalf::linux6::wait_on_bit_io;
using bottomhalf::linux6::wait_on_bit_lock;
using bottomhalf::linux6::wait_on_bit_lock_io;
using bottomhalf::linux6::wait_on_bit_timeout;
using bottomhalf::linux6::wake_up_bit;
using bottomhalf::linux6::wake_up_var;

#define wait_var_event(variable, condition) wait_event(*__var_waitqueue(variable), condition)
#define wait_var_event_killable(variable, condition) wait_event_killable(*__var_waitqueue(variable), condition)
#define wait_var_event_interruptible(variable, condition) \
    wait_event_interruptible(*__var_waitqueue(variable), condition)
#define wait_var_event_timeout(variable, condition, timeout) \
    wait_event_timeout(*__var_waitqueue(variable), condition, timeout)
