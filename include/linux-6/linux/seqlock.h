// SPDX-License-Identifier: MIT
// <linux/seqlock.h>: readers who wait for nobody, and read again if somebody has written meanwhile.
//
//   do { seq = read_seqbegin(&l); copy = data; } while (read_seqretry(&l, seq));
//
// The count is odd while somebody writes.  What is read in between may be half old, half new: it is thrown away then.  As
// in the kernel, the data themselves are plain, and ThreadSanitizer says so; READ_ONCE() and WRITE_ONCE() silence it.
#pragma once

#include <asm/barrier.h>
#include <linux/bottomhalf.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct seqcount {
    unsigned int sequence;   // A [seqcount]
};
using seqcount_t = struct seqcount;
// Who writes holds that lock; here it is not asked.
using seqcount_raw_spinlock_t = seqcount_t;
using seqcount_spinlock_t = seqcount_t;
using seqcount_rwlock_t = seqcount_t;
using seqcount_mutex_t = seqcount_t;

struct seqlock {
    seqcount_t seqcount;
    spinlock_t lock;   // writers
};
using seqlock_t = struct seqlock;

inline void seqcount_init(seqcount_t* s) noexcept { s->sequence = 0; }
/// Waits for the end of a write that is under way.  Return: what read_seqcount_retry() wants to be told.
inline unsigned int read_seqcount_begin(const seqcount_t* s) noexcept {
    impl::atomic<unsigned int> count(const_cast<seqcount_t*>(s)->sequence);
    unsigned int seq;
    for (unsigned round = 0; ((seq = count.load(acquire)) & 1) != 0; ++round) engine::relax(round);   // [seqcount]
    return seq;
}
/// The same without waiting: of a write under way it says so in the end.
inline unsigned int raw_seqcount_begin(const seqcount_t* s) noexcept {
    return impl::atomic<unsigned int>(const_cast<seqcount_t*>(s)->sequence).load(acquire) & ~1U;   // [seqcount]
}
inline unsigned int raw_read_seqcount(const seqcount_t* s) noexcept {
    return impl::atomic<unsigned int>(const_cast<seqcount_t*>(s)->sequence).load(acquire);   // [seqcount]
}
/// Return: 1 if what was read since is to be thrown away.
inline int read_seqcount_retry(const seqcount_t* s, unsigned int start) noexcept {
    smp_rmb();   // what was read before the look at the count: [seqcount]
    // relaxed: behind the fence
    return impl::atomic<unsigned int>(const_cast<seqcount_t*>(s)->sequence).load(relaxed) != start ? 1 : 0;
}
/// One writer at a time, whom the caller provides for, and whom no reader of the same CPU interrupts.
inline void raw_write_seqcount_begin(seqcount_t* s) noexcept {
    impl::atomic<unsigned int>(s->sequence).fetch_add(1, relaxed);   // relaxed: before the fence
    smp_wmb();                                                       // the odd count before the data: [seqcount]
}
inline void raw_write_seqcount_end(seqcount_t* s) noexcept {
    impl::atomic<unsigned int>(s->sequence).fetch_add(1, release);   // [seqcount]
}
inline void write_seqcount_begin(seqcount_t* s) noexcept { preempt_disable(), raw_write_seqcount_begin(s); }
inline void write_seqcount_end(seqcount_t* s) noexcept { raw_write_seqcount_end(s), preempt_enable(); }
/// Readers that are at it read again.
inline void write_seqcount_invalidate(seqcount_t* s) noexcept {
    impl::atomic<unsigned int>(s->sequence).fetch_add(2, seq_cst);
}

inline void seqlock_init(seqlock_t* l) noexcept { *l = {}; }
inline unsigned int read_seqbegin(const seqlock_t* l) noexcept { return read_seqcount_begin(&l->seqcount); }
inline unsigned int read_seqretry(const seqlock_t* l, unsigned int start) noexcept {
    return static_cast<unsigned int>(read_seqcount_retry(&l->seqcount, start));
}
inline void write_seqlock(seqlock_t* l, location at = location::current()) noexcept {
    spin_lock(&l->lock, at);
    raw_write_seqcount_begin(&l->seqcount);
}
inline void write_sequnlock(seqlock_t* l, location at = location::current()) noexcept {
    raw_write_seqcount_end(&l->seqcount);
    spin_unlock(&l->lock, at);
}
inline void write_seqlock_bh(seqlock_t* l, location at = location::current()) noexcept {
    local_bh_disable();
    write_seqlock(l, at);
}
inline void write_sequnlock_bh(seqlock_t* l, location at = location::current()) noexcept {
    write_sequnlock(l, at);
    local_bh_enable();
}
inline void write_seqlock_irq(seqlock_t* l, location at = location::current()) noexcept {
    local_irq_disable();
    write_seqlock(l, at);
}
inline void write_sequnlock_irq(seqlock_t* l, location at = location::current()) noexcept {
    write_sequnlock(l, at);
    local_irq_enable();
}
inline unsigned long bottomhalf_write_seqlock_irqsave(seqlock_t* l, location at = location::current()) noexcept {
    const unsigned long flags = bottomhalf_irq_save();
    write_seqlock(l, at);
    return flags;
}
inline void write_sequnlock_irqrestore(seqlock_t* l, unsigned long flags, location at = location::current()) noexcept {
    write_sequnlock(l, at);
    local_irq_restore(flags);
}
/// A reader who keeps writers out instead.
inline void read_seqlock_excl(seqlock_t* l, location at = location::current()) noexcept { spin_lock(&l->lock, at); }
inline void read_sequnlock_excl(seqlock_t* l, location at = location::current()) noexcept { spin_unlock(&l->lock, at); }
/// The first time, with an even *seq, as read_seqbegin(); once more, with an odd one, as read_seqlock_excl().
inline void read_seqbegin_or_lock(seqlock_t* l, int* seq, location at = location::current()) noexcept {
    if ((*seq & 1) == 0)
        *seq = static_cast<int>(read_seqbegin(l));
    else
        read_seqlock_excl(l, at);
}
/// Return: 1 if it has to be done once more.
inline int need_seqretry(seqlock_t* l, int seq) noexcept {
    return (seq & 1) == 0 && read_seqretry(l, static_cast<unsigned int>(seq)) != 0 ? 1 : 0;
}
inline void done_seqretry(seqlock_t* l, int seq, location at = location::current()) noexcept {
    if ((seq & 1) != 0) read_sequnlock_excl(l, at);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_write_seqlock_irqsave;
using bottomhalf::linux6::done_seqretry;
using bottomhalf::linux6::need_seqretry;
using bottomhalf::linux6::raw_read_seqcount;
using bottomhalf::linux6::raw_seqcount_begin;
using bottomhalf::linux6::raw_write_seqcount_begin;
using bottomhalf::linux6::raw_write_seqcount_end;
using bottomhalf::linux6::read_seqbegin;
using bottomhalf::linux6::read_seqbegin_or_lock;
using bottomhalf::linux6::read_seqcount_begin;
using bottomhalf::linux6::read_seqcount_retry;
using bottomhalf::linux6::read_seqlock_excl;
using bottomhalf::linux6::read_seqretry;
using bottomhalf::linux6::read_sequnlock_excl;
using bottomhalf::linux6::seqcount_init;
using bottomhalf::linux6::seqcount_mutex_t;
using bottomhalf::linux6::seqcount_raw_spinlock_t;
using bottomhalf::linux6::seqcount_rwlock_t;
using bottomhalf::linux6::seqcount_spinlock_t;
using bottomhalf::linux6::seqcount_t;
using bottomhalf::linux6::seqlock_init;
using bottomhalf::linux6::seqlock_t;
using bottomhalf::linux6::write_seqcount_begin;
using bottomhalf::linux6::write_seqcount_end;
using bottomhalf::linux6::write_seqcount_invalidate;
using bottomhalf::linux6::write_seqlock;
using bottomhalf::linux6::write_seqlock_bh;
using bottomhalf::linux6::write_seqlock_irq;
using bottomhalf::linux6::write_sequnlock;
using bottomhalf::linux6::write_sequnlock_bh;
using bottomhalf::linux6::write_sequnlock_irq;
using bottomhalf::linux6::write_sequnlock_irqrestore;

#define SEQCNT_ZERO(name) \
    { 0 }
#define DEFINE_SEQLOCK(name) seqlock_t name = {}
#define __SEQLOCK_UNLOCKED(name) \
    {}
#define write_seqlock_irqsave(lock, flags) ((void)((flags) = bottomhalf_write_seqlock_irqsave(lock)))
#define seqcount_spinlock_init(s, lock) seqcount_init(s)
#define seqcount_raw_spinlock_init(s, lock) seqcount_init(s)
#define seqcount_rwlock_init(s, lock) seqcount_init(s)
#define seqcount_mutex_init(s, lock) seqcount_init(s)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/compiler.h>
