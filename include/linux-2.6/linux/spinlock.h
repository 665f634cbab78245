// SPDX-License-Identifier: MIT
// <linux/spinlock.h>: the lock for what a top half shares with others.  Whoever shares with a top half masks interrupts
// while holding it: spin_lock_irqsave().
#pragma once

#include <linux/bottomhalf.h>

#include <linux/compiler.h>
#include <linux/interrupt.h>
#include <linux/preempt.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

typedef struct spinlock {
    std::uint32_t word;        // A: a detail::spinlock<engine>
    std::int32_t owner;        // A: thread id, 0 while free
    std::uint32_t recursion;   // guarded by the lock: reported, and let in
} spinlock_t;

/// Readers share; a writer is alone.  `word` counts the readers, or is the top bit.
typedef struct rwlock {
    std::uint32_t word;   // A [rwlock]
} rwlock_t;

namespace impl {

using lock_t = bottomhalf::detail::spinlock<engine>;
static_assert(sizeof(lock_t) == sizeof(std::uint32_t));
inline lock_t& core(spinlock* l) noexcept { return reinterpret_cast<lock_t&>(l->word); }

inline bool try_take(spinlock* l) noexcept BOTTOMHALF_NO_TSA {
    if (!core(l).try_lock()) return false;
    atomic<std::int32_t>(l->owner).store(engine::thread_id(),
                                         relaxed);   // relaxed: others only ask whether they are the owner
    return true;
}
inline void take(spinlock* l, location at) noexcept BOTTOMHALF_NO_TSA {
    if (try_take(l)) [[likely]]
        return;
    if (atomic<std::int32_t>(l->owner).load(relaxed) == engine::thread_id()) {
        // A kernel would hang here.  A top half that finds its lock held by what it interrupts comes here, too, unless it
        // strikes where the word and the owner are not in step (two instructions of taking, two of letting go): it hangs.
        char comm[arch::comm_len];
        engine::thread_name(comm);
        detail::say(kernel, severity::bug, "spin_lock", at, "BUG: spinlock recursion on CPU#%d, %s/%d\n lock: %p",
                    engine::current().cpu, comm, static_cast<int>(engine::thread_id()), static_cast<void*>(l));
        ++l->recursion;
        return;
    }
    core(l).lock();
    atomic<std::int32_t>(l->owner).store(engine::thread_id(), relaxed);
}
inline void let_go(spinlock* l, location at) noexcept BOTTOMHALF_NO_TSA {
    if (atomic<std::int32_t>(l->owner).load(relaxed) != engine::thread_id()) [[unlikely]] {
        detail::say(kernel, severity::bug, "spin_unlock", at, "BUG: spinlock %s, lock: %p",
                    atomic<std::int32_t>(l->owner).load(relaxed) == 0 ? "already unlocked" : "wrong owner",
                    static_cast<void*>(l));
        return;
    }
    if (l->recursion != 0) {
        --l->recursion;
        return;
    }
    atomic<std::int32_t>(l->owner).store(0, relaxed);
    core(l).unlock();
}
inline bool is_taken(const spinlock* l) noexcept {
    return atomic<std::int32_t>(const_cast<spinlock*>(l)->owner).load(relaxed) != 0;
}
inline constexpr std::uint32_t writer = 0x8000'0000U;
inline bool try_share(rwlock* l) noexcept {
    atomic<std::uint32_t> word(l->word);
    std::uint32_t n = word.load(relaxed);   // relaxed: the exchange decides
    while ((n & writer) == 0)
        if (word.compare_exchange_weak(n, n + 1, acquire, relaxed)) return true;   // [rwlock]
    return false;
}
inline void share(rwlock* l) noexcept {
    for (unsigned round = 0; !try_share(l); ++round) engine::relax(round);
}
inline void unshare(rwlock* l) noexcept { atomic<std::uint32_t>(l->word).fetch_sub(1, release); }   // [rwlock]
inline bool try_own(rwlock* l) noexcept {
    std::uint32_t nobody = 0;
    return atomic<std::uint32_t>(l->word).compare_exchange_strong(nobody, writer, acquire, relaxed);   // [rwlock]
}
inline void own(rwlock* l) noexcept {
    for (unsigned round = 0; !try_own(l); ++round) engine::relax(round);
}
inline void disown(rwlock* l) noexcept { atomic<std::uint32_t>(l->word).store(0, release); }   // [rwlock]

// What is masked around the lock, and in which order.
inline void lock_plain(spinlock* l, location at = location::current()) noexcept { preempt_disable(), take(l, at); }
inline void unlock_plain(spinlock* l, location at = location::current()) noexcept { let_go(l, at), preempt_enable(); }
inline void lock_bh(spinlock* l, location at = location::current()) noexcept { local_bh_disable(), lock_plain(l, at); }
inline void unlock_bh(spinlock* l, location at = location::current()) noexcept {
    unlock_plain(l, at), local_bh_enable();
}
inline void lock_irq(spinlock* l, location at = location::current()) noexcept {
    local_irq_disable(), lock_plain(l, at);
}
inline void unlock_irq(spinlock* l, location at = location::current()) noexcept {
    unlock_plain(l, at), local_irq_enable();
}
inline unsigned long lock_irqsave(spinlock* l, location at = location::current()) noexcept {
    const unsigned long flags = irq_save();
    lock_plain(l, at);
    return flags;
}
inline void unlock_irqrestore(spinlock* l, unsigned long flags, location at = location::current()) noexcept {
    unlock_plain(l, at);
    irq_restore(flags);
}
inline int trylock_plain(spinlock* l) noexcept {
    preempt_disable();
    if (try_take(l)) return 1;
    preempt_enable();
    return 0;
}
inline int trylock_irqsave(spinlock* l, unsigned long& flags) noexcept {
    flags = irq_save();
    if (trylock_plain(l)) return 1;
    irq_restore(flags);
    return 0;
}

}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::rwlock_t;
using bottomhalf::linux26::spinlock_t;

#define SPIN_LOCK_UNLOCKED (spinlock_t{})
#define RW_LOCK_UNLOCKED (rwlock_t{})
#define DEFINE_SPINLOCK(name) spinlock_t name = SPIN_LOCK_UNLOCKED
#define DEFINE_RWLOCK(name) rwlock_t name = RW_LOCK_UNLOCKED
#define spin_lock_init(lock) ((void)(*(lock) = SPIN_LOCK_UNLOCKED))
#define rwlock_init(lock) ((void)(*(lock) = RW_LOCK_UNLOCKED))

// Macros, as in the kernel: drivers have variables called read_lock.
#define spin_lock(lock) (::bottomhalf::linux26::impl::lock_plain(lock))
#define spin_unlock(lock) (::bottomhalf::linux26::impl::unlock_plain(lock))
#define spin_trylock(lock) (::bottomhalf::linux26::impl::trylock_plain(lock))
#define spin_lock_bh(lock) (::bottomhalf::linux26::impl::lock_bh(lock))
#define spin_unlock_bh(lock) (::bottomhalf::linux26::impl::unlock_bh(lock))
#define spin_lock_irq(lock) (::bottomhalf::linux26::impl::lock_irq(lock))
#define spin_unlock_irq(lock) (::bottomhalf::linux26::impl::unlock_irq(lock))
#define spin_lock_irqsave(lock, flags) ((void)((flags) = ::bottomhalf::linux26::impl::lock_irqsave(lock)))
#define spin_unlock_irqrestore(lock, flags) (::bottomhalf::linux26::impl::unlock_irqrestore((lock), (flags)))
#define spin_trylock_irqsave(lock, flags) (::bottomhalf::linux26::impl::trylock_irqsave((lock), (flags)))
#define spin_is_locked(lock) (::bottomhalf::linux26::impl::is_taken(lock))

#define read_lock(lock) (preempt_disable(), ::bottomhalf::linux26::impl::share(lock))
#define read_unlock(lock) (::bottomhalf::linux26::impl::unshare(lock), preempt_enable())
#define write_lock(lock) (preempt_disable(), ::bottomhalf::linux26::impl::own(lock))
#define write_unlock(lock) (::bottomhalf::linux26::impl::disown(lock), preempt_enable())
#define read_lock_irqsave(lock, flags) (local_irq_save(flags), read_lock(lock))
#define read_unlock_irqrestore(lock, flags) (read_unlock(lock), local_irq_restore(flags))
#define write_lock_irqsave(lock, flags) (local_irq_save(flags), write_lock(lock))
#define write_unlock_irqrestore(lock, flags) (write_unlock(lock), local_irq_restore(flags))
#define read_lock_irq(lock) (local_irq_disable(), read_lock(lock))
#define read_unlock_irq(lock) (read_unlock(lock), local_irq_enable())
#define write_lock_irq(lock) (local_irq_disable(), write_lock(lock))
#define write_unlock_irq(lock) (write_unlock(lock), local_irq_enable())
#define read_lock_bh(lock) (local_bh_disable(), read_lock(lock))
#define read_unlock_bh(lock) (read_unlock(lock), local_bh_enable())
#define write_lock_bh(lock) (local_bh_disable(), write_lock(lock))
#define write_unlock_bh(lock) (write_unlock(lock), local_bh_enable())
