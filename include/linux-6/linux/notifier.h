// SPDX-License-Identifier: MIT
// <linux/notifier.h>: who wants to know is called, those of a higher priority first, in the order of their registration else.
//
//   static int told(struct notifier_block *nb, unsigned long event, void *data) { ... return NOTIFY_OK; }
//   static struct notifier_block nb = { .notifier_call = told };
//   blocking_notifier_chain_register(&chain, &nb);
//
// Three kinds of chain, by what keeps a block alive while it is called:
//   * atomic: RCU.  Called in any context, and must not sleep; once it is unregistered, nobody is in it any more.
//   * blocking: a semaphore, shared by callers.  Process context only; a block must not (un)register on its own chain.
//   * raw: its owner's business.  A block may unregister itself while it is called.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct notifier_block;
using notifier_fn_t = int (*)(struct notifier_block* nb, unsigned long action, void* data);
struct notifier_block {
    notifier_fn_t notifier_call;
    struct notifier_block* next;   // A [notifier.next]
    int priority;
};
// Zeroes: an empty chain.
struct raw_notifier_head {
    struct notifier_block* head;   // A [notifier.next]
};
struct atomic_notifier_head {
    spinlock_t lock;
    struct notifier_block* head;   // A [notifier.next]; changed under lock
};
struct blocking_notifier_head {
    struct rw_semaphore rwsem;
    struct notifier_block* head;   // likewise, under rwsem
};

inline constexpr int NOTIFY_DONE = 0x0000;   // not for me
inline constexpr int NOTIFY_OK = 0x0001;
inline constexpr int NOTIFY_STOP_MASK = 0x8000;   // nobody else is called
inline constexpr int NOTIFY_BAD = NOTIFY_STOP_MASK | 0x0002;
inline constexpr int NOTIFY_STOP = NOTIFY_STOP_MASK | NOTIFY_OK;

/// An error as what a block returns: it stops the chain; and back.
[[nodiscard]] constexpr int notifier_from_errno(int err) noexcept {
    return err != 0 ? NOTIFY_STOP_MASK | (NOTIFY_OK - err) : NOTIFY_OK;
}
[[nodiscard]] constexpr int notifier_to_errno(int ret) noexcept {
    ret &= ~NOTIFY_STOP_MASK;
    return ret > NOTIFY_OK ? NOTIFY_OK - ret : 0;
}

namespace impl {

using notifier_link = atomic<notifier_block*>;
/// Caller keeps others from changing the chain.
inline int add_notifier(notifier_block** link, notifier_block* nb, const char* function, location at) noexcept {
    // relaxed: only those whom the caller keeps away write
    for (notifier_block* n; (n = notifier_link(*link).load(relaxed)) != nullptr; link = &n->next) {
        if (n == nb) {
            bottomhalf::detail::say(channel::kernel, severity::warn, function, at,
                                    "notifier callback %p already registered",
                                    reinterpret_cast<void*>(nb->notifier_call));
            return -EEXIST;
        }
        if (nb->priority > n->priority) break;
    }
    notifier_link(nb->next).store(notifier_link(*link).load(relaxed), relaxed);   // published by what follows
    notifier_link(*link).store(nb, release);   // [notifier.next]: the block is filled in for whoever comes by
    return 0;
}
/// Likewise.  nb->next stays: a caller may be at nb.
inline int remove_notifier(notifier_block** link, notifier_block* nb) noexcept {
    for (notifier_block* n; (n = notifier_link(*link).load(relaxed)) != nullptr; link = &n->next)
        if (n == nb) {
            notifier_link(*link).store(notifier_link(nb->next).load(relaxed), release);   // [notifier.next]
            return 0;
        }
    return -ENOENT;
}
/// Return: what the last one that was called returned.
inline int call_notifiers(notifier_block* const* head, unsigned long action, void* data) {
    int ret = NOTIFY_DONE;
    notifier_block* n = notifier_link(*const_cast<notifier_block**>(head)).load(acquire);   // [notifier.next]
    while (n != nullptr) {
        notifier_block* next = notifier_link(n->next).load(acquire);   // before the call, in which n may go
        ret = n->notifier_call(n, action, data);
        if ((ret & NOTIFY_STOP_MASK) != 0) break;
        n = next;
    }
    return ret;
}

}   // namespace impl

/// Return (of each kind): 0, or -EEXIST if it is there, and reported.
inline int raw_notifier_chain_register(struct raw_notifier_head* chain, struct notifier_block* nb,
                                       location at = location::current()) noexcept {
    return impl::add_notifier(&chain->head, nb, "raw_notifier_chain_register", at);
}
/// Return (of each kind): 0, or -ENOENT.
inline int raw_notifier_chain_unregister(struct raw_notifier_head* chain, struct notifier_block* nb) noexcept {
    return impl::remove_notifier(&chain->head, nb);
}
/// Return (of each kind): what the last one that was called returned, NOTIFY_DONE if there is none.
inline int raw_notifier_call_chain(struct raw_notifier_head* chain, unsigned long action, void* data) {
    return impl::call_notifiers(&chain->head, action, data);
}

/// Context: any.
inline int atomic_notifier_chain_register(struct atomic_notifier_head* chain, struct notifier_block* nb,
                                          location at = location::current()) noexcept {
    unsigned long flags;
    spin_lock_irqsave(&chain->lock, flags);
    const int err = impl::add_notifier(&chain->head, nb, "atomic_notifier_chain_register", at);
    spin_unlock_irqrestore(&chain->lock, flags);
    return err;
}
/// Context: process: waits for those who are in a block of the chain.
inline int atomic_notifier_chain_unregister(struct atomic_notifier_head* chain, struct notifier_block* nb,
                                            location at = location::current()) noexcept {
    unsigned long flags;
    spin_lock_irqsave(&chain->lock, flags);
    const int err = impl::remove_notifier(&chain->head, nb);
    spin_unlock_irqrestore(&chain->lock, flags);
    synchronize_rcu(at);
    return err;
}
/// Context: any.
inline int atomic_notifier_call_chain(struct atomic_notifier_head* chain, unsigned long action, void* data) {
    rcu_read_lock();
    const int ret = impl::call_notifiers(&chain->head, action, data);
    rcu_read_unlock();
    return ret;
}

/// Context (of all of this kind): process.
inline int blocking_notifier_chain_register(struct blocking_notifier_head* chain, struct notifier_block* nb,
                                            location at = location::current()) noexcept {
    down_write(&chain->rwsem, at);
    const int err = impl::add_notifier(&chain->head, nb, "blocking_notifier_chain_register", at);
    up_write(&chain->rwsem, at);
    return err;
}
inline int blocking_notifier_chain_unregister(struct blocking_notifier_head* chain, struct notifier_block* nb,
                                              location at = location::current()) noexcept {
    down_write(&chain->rwsem, at);
    const int err = impl::remove_notifier(&chain->head, nb);
    up_write(&chain->rwsem, at);
    return err;
}
inline int blocking_notifier_call_chain(struct blocking_notifier_head* chain, unsigned long action, void* data,
                                        location at = location::current()) {
    down_read(&chain->rwsem, at);
    const int ret = impl::call_notifiers(&chain->head, action, data);
    up_read(&chain->rwsem, at);
    return ret;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::atomic_notifier_call_chain;
using bottomhalf::linux6::atomic_notifier_chain_register;
using bottomhalf::linux6::atomic_notifier_chain_unregister;
using bottomhalf::linux6::atomic_notifier_head;
using bottomhalf::linux6::blocking_notifier_call_chain;
using bottomhalf::linux6::blocking_notifier_chain_register;
using bottomhalf::linux6::blocking_notifier_chain_unregister;
using bottomhalf::linux6::blocking_notifier_head;
using bottomhalf::linux6::notifier_block;
using bottomhalf::linux6::notifier_fn_t;
using bottomhalf::linux6::notifier_from_errno;
using bottomhalf::linux6::notifier_to_errno;
using bottomhalf::linux6::NOTIFY_BAD;
using bottomhalf::linux6::NOTIFY_DONE;
using bottomhalf::linux6::NOTIFY_OK;
using bottomhalf::linux6::NOTIFY_STOP;
using bottomhalf::linux6::NOTIFY_STOP_MASK;
using bottomhalf::linux6::raw_notifier_call_chain;
using bottomhalf::linux6::raw_notifier_chain_register;
using bottomhalf::linux6::raw_notifier_chain_unregister;
using bottomhalf::linux6::raw_notifier_head;

#define ATOMIC_INIT_NOTIFIER_HEAD(name) ((void)(*(name) = {}))
#define BLOCKING_INIT_NOTIFIER_HEAD(name) ((void)(*(name) = {}))
#define RAW_INIT_NOTIFIER_HEAD(name) ((void)(*(name) = {}))
#define ATOMIC_NOTIFIER_HEAD(name) struct atomic_notifier_head name = {}
#define BLOCKING_NOTIFIER_HEAD(name) struct blocking_notifier_head name = {}
#define RAW_NOTIFIER_HEAD(name) struct raw_notifier_head name = {}
