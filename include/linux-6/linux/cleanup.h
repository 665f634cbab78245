// SPDX-License-Identifier: MIT
// <linux/cleanup.h>: what is undone at the end of a scope: locks, memory, anything.
//
//   guard(mutex)(&d->lock);
//   scoped_guard(spinlock_irqsave, &d->lock) { ... }          `break` leaves it
//   scoped_cond_guard(mutex_try, return -EBUSY, &d->lock) { ... }
//   struct thing *t __free(kfree) = kzalloc(sizeof *t, GFP_KERNEL);
//   return_ptr(t);                                            not this time
//
// `guard` is a macro: a file that includes this has no other use for the name with a parenthesis behind it.
#pragma once

#include <linux/bottomhalf_free.h>
#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

/// For a guard of a lock that is held already.
struct bottomhalf_adopt {};

// Guards of ours know where they are made.  `take` and `leave` are statements over `l`, the lock, null if there is none.
#define BOTTOMHALF_GUARD(name, type, take, leave)                                                          \
    class bottomhalf_guard_##name {                                                                        \
    public:                                                                                                \
        using lock_type = type;                                                                            \
        explicit bottomhalf_guard_##name(type* l, location at = location::current()) noexcept : lock_(l) { \
            static_cast<void>(at);                                                                         \
            take;                                                                                          \
        }                                                                                                  \
        bottomhalf_guard_##name(type* l, bottomhalf_adopt) noexcept : lock_(l) {}                          \
        ~bottomhalf_guard_##name() {                                                                       \
            if (type* l = lock_; l != nullptr) {                                                           \
                leave;                                                                                     \
            }                                                                                              \
        }                                                                                                  \
        bottomhalf_guard_##name(const bottomhalf_guard_##name&) = delete;                                  \
        bottomhalf_guard_##name& operator=(const bottomhalf_guard_##name&) = delete;                       \
        explicit operator bool() const noexcept { return lock_ != nullptr; }                               \
                                                                                                           \
    private:                                                                                               \
        type* lock_;                                                                                       \
        [[maybe_unused]] unsigned long flags = 0;                                                          \
    };
// One that may come away without the lock: `got` is a condition over `l`.
#define BOTTOMHALF_GUARD_COND(name, ext, got)                                                              \
    class bottomhalf_guard_##name##ext : public bottomhalf_guard_##name {                                  \
    public:                                                                                                \
        explicit bottomhalf_guard_##name##ext(lock_type* l,                                                \
                                              [[maybe_unused]] location at = location::current()) noexcept \
            : bottomhalf_guard_##name((got) ? l : nullptr, bottomhalf_adopt{}) {}                          \
    };
// Of nothing in particular.
#define BOTTOMHALF_GUARD_0(name, take, leave)                                        \
    class bottomhalf_guard_##name {                                                  \
    public:                                                                          \
        bottomhalf_guard_##name() noexcept { take; }                                 \
        ~bottomhalf_guard_##name() { leave; }                                        \
        bottomhalf_guard_##name(const bottomhalf_guard_##name&) = delete;            \
        bottomhalf_guard_##name& operator=(const bottomhalf_guard_##name&) = delete; \
        explicit operator bool() const noexcept { return true; }                     \
                                                                                     \
    private:                                                                         \
        [[maybe_unused]] unsigned long flags = 0;                                    \
    };

BOTTOMHALF_GUARD(mutex, struct mutex, mutex_lock(l, at), mutex_unlock(l))
BOTTOMHALF_GUARD_COND(mutex, _try, mutex_trylock(l) != 0)
BOTTOMHALF_GUARD_COND(mutex, _intr, mutex_lock_interruptible(l, at) == 0)
BOTTOMHALF_GUARD(spinlock, spinlock_t, spin_lock(l, at), spin_unlock(l))
BOTTOMHALF_GUARD_COND(spinlock, _try, spin_trylock(l) != 0)
BOTTOMHALF_GUARD(spinlock_bh, spinlock_t, spin_lock_bh(l, at), spin_unlock_bh(l))
BOTTOMHALF_GUARD(spinlock_irq, spinlock_t, spin_lock_irq(l, at), spin_unlock_irq(l))
BOTTOMHALF_GUARD_COND(spinlock_irq, _try, spin_trylock_irq(l) != 0)
BOTTOMHALF_GUARD(spinlock_irqsave, spinlock_t, flags = bottomhalf_spin_lock_irqsave(l, at),
                 spin_unlock_irqrestore(l, flags))
BOTTOMHALF_GUARD(raw_spinlock, spinlock_t, spin_lock(l, at), spin_unlock(l))
BOTTOMHALF_GUARD_COND(raw_spinlock, _try, spin_trylock(l) != 0)
BOTTOMHALF_GUARD(raw_spinlock_irq, spinlock_t, spin_lock_irq(l, at), spin_unlock_irq(l))
BOTTOMHALF_GUARD(raw_spinlock_irqsave, spinlock_t, flags = bottomhalf_spin_lock_irqsave(l, at),
                 spin_unlock_irqrestore(l, flags))
BOTTOMHALF_GUARD(rwsem_read, struct rw_semaphore, down_read(l, at), up_read(l))
BOTTOMHALF_GUARD_COND(rwsem_read, _try, down_read_trylock(l) != 0)
BOTTOMHALF_GUARD_COND(rwsem_read, _intr, down_read_interruptible(l, at) == 0)
BOTTOMHALF_GUARD(rwsem_write, struct rw_semaphore, down_write(l, at), up_write(l))
BOTTOMHALF_GUARD_COND(rwsem_write, _try, down_write_trylock(l) != 0)
BOTTOMHALF_GUARD(read_lock, rwlock_t, (read_lock(l)), (read_unlock(l)))
BOTTOMHALF_GUARD(write_lock, rwlock_t, (write_lock(l)), (write_unlock(l)))
BOTTOMHALF_GUARD(read_lock_irq, rwlock_t, (read_lock_irq(l)), (read_unlock_irq(l)))
BOTTOMHALF_GUARD(write_lock_irq, rwlock_t, (write_lock_irq(l)), (write_unlock_irq(l)))
BOTTOMHALF_GUARD(read_lock_irqsave, rwlock_t, (read_lock_irqsave(l, flags)), (read_unlock_irqrestore(l, flags)))
BOTTOMHALF_GUARD(write_lock_irqsave, rwlock_t, (write_lock_irqsave(l, flags)), (write_unlock_irqrestore(l, flags)))
BOTTOMHALF_GUARD(srcu, struct srcu_struct, flags = static_cast<unsigned long>(srcu_read_lock(l)),
                 srcu_read_unlock(l, static_cast<int>(flags)))
BOTTOMHALF_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())
BOTTOMHALF_GUARD_0(preempt, preempt_disable(), preempt_enable())
BOTTOMHALF_GUARD_0(irq, local_irq_disable(), local_irq_enable())
BOTTOMHALF_GUARD_0(irqsave, (local_irq_save(flags)), local_irq_restore(flags))
#undef BOTTOMHALF_GUARD
#undef BOTTOMHALF_GUARD_COND
#undef BOTTOMHALF_GUARD_0

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_adopt;
using bottomhalf::linux6::bottomhalf_guard_irq;
using bottomhalf::linux6::bottomhalf_guard_irqsave;
using bottomhalf::linux6::bottomhalf_guard_mutex;
using bottomhalf::linux6::bottomhalf_guard_mutex_intr;
using bottomhalf::linux6::bottomhalf_guard_mutex_try;
using bottomhalf::linux6::bottomhalf_guard_preempt;
using bottomhalf::linux6::bottomhalf_guard_raw_spinlock;
using bottomhalf::linux6::bottomhalf_guard_raw_spinlock_irq;
using bottomhalf::linux6::bottomhalf_guard_raw_spinlock_irqsave;
using bottomhalf::linux6::bottomhalf_guard_raw_spinlock_try;
using bottomhalf::linux6::bottomhalf_guard_rcu;
using bottomhalf::linux6::bottomhalf_guard_read_lock;
using bottomhalf::linux6::bottomhalf_guard_read_lock_irq;
using bottomhalf::linux6::bottomhalf_guard_read_lock_irqsave;
using bottomhalf::linux6::bottomhalf_guard_rwsem_read;
using bottomhalf::linux6::bottomhalf_guard_rwsem_read_intr;
using bottomhalf::linux6::bottomhalf_guard_rwsem_read_try;
using bottomhalf::linux6::bottomhalf_guard_rwsem_write;
using bottomhalf::linux6::bottomhalf_guard_rwsem_write_try;
using bottomhalf::linux6::bottomhalf_guard_spinlock;
using bottomhalf::linux6::bottomhalf_guard_spinlock_bh;
using bottomhalf::linux6::bottomhalf_guard_spinlock_irq;
using bottomhalf::linux6::bottomhalf_guard_spinlock_irq_try;
using bottomhalf::linux6::bottomhalf_guard_spinlock_irqsave;
using bottomhalf::linux6::bottomhalf_guard_spinlock_try;
using bottomhalf::linux6::bottomhalf_guard_srcu;
using bottomhalf::linux6::bottomhalf_guard_write_lock;
using bottomhalf::linux6::bottomhalf_guard_write_lock_irq;
using bottomhalf::linux6::bottomhalf_guard_write_lock_irqsave;

#define bottomhalf_join2(a, b) a##b
#define bottomhalf_join(a, b) bottomhalf_join2(a, b)

// ---- guards: what follows `guard(name)` are the arguments of the guard's constructor ----------------------------------

#define guard(name) [[maybe_unused]] const auto bottomhalf_join(bottomhalf_g, __COUNTER__) = bottomhalf_guard_##name
#define scoped_guard(name, ...) bottomhalf_scoped(name, __COUNTER__, __VA_ARGS__)
#define bottomhalf_scoped(name, n, ...) bottomhalf_scoped2(name, n, __VA_ARGS__)
#define bottomhalf_scoped2(name, n, ...)                                                         \
    for (const bottomhalf_guard_##name bottomhalf_s##n{__VA_ARGS__}, *bottomhalf_d##n = nullptr; \
         bottomhalf_s##n && bottomhalf_d##n == nullptr; bottomhalf_d##n = &bottomhalf_s##n)
#define scoped_cond_guard(name, fail, ...) bottomhalf_scoped_cond(name, __COUNTER__, fail, __VA_ARGS__)
#define bottomhalf_scoped_cond(name, n, fail, ...) bottomhalf_scoped_cond2(name, n, fail, __VA_ARGS__)
#define bottomhalf_scoped_cond2(name, n, fail, ...)                                              \
    for (const bottomhalf_guard_##name bottomhalf_s##n{__VA_ARGS__}, *bottomhalf_d##n = nullptr; \
         bottomhalf_d##n == nullptr; bottomhalf_d##n = &bottomhalf_s##n)                         \
        if (!bottomhalf_s##n) {                                                                  \
            fail;                                                                                \
        } else

// Of a driver's own.  `take` and `leave` are statements over _T: the pointer, or in the others a struct with the pointer in
// `lock` and the members that follow.
#define DEFINE_GUARD(name, type, take, leave)                                             \
    class bottomhalf_guard_##name {                                                       \
    public:                                                                               \
        using lock_type = type;                                                           \
        explicit bottomhalf_guard_##name(type _T) : bottomhalf_p(_T) { take; }            \
        bottomhalf_guard_##name(type _T, bottomhalf_adopt) noexcept : bottomhalf_p(_T) {} \
        ~bottomhalf_guard_##name() {                                                      \
            if (type _T = bottomhalf_p; !!_T) {                                           \
                leave;                                                                    \
            }                                                                             \
        }                                                                                 \
        bottomhalf_guard_##name(const bottomhalf_guard_##name&) = delete;                 \
        bottomhalf_guard_##name& operator=(const bottomhalf_guard_##name&) = delete;      \
        explicit operator bool() const noexcept { return !!bottomhalf_p; }                \
                                                                                          \
    private:                                                                              \
        type bottomhalf_p;                                                                \
    };
#define DEFINE_GUARD_COND(name, ext, got)                                                \
    class bottomhalf_guard_##name##ext : public bottomhalf_guard_##name {                \
    public:                                                                              \
        explicit bottomhalf_guard_##name##ext(lock_type _T)                              \
            : bottomhalf_guard_##name(_T && (got) ? _T : nullptr, bottomhalf_adopt{}) {} \
    };
#define bottomhalf_define_lock_guard(name, type, parameter, initial, take, leave, ...)   \
    class bottomhalf_guard_##name {                                                      \
    protected:                                                                           \
        struct bottomhalf_members {                                                      \
            type* lock;                                                                  \
            __VA_ARGS__;                                                                 \
        } bottomhalf_t{};                                                                \
                                                                                         \
    public:                                                                              \
        explicit bottomhalf_guard_##name(parameter) {                                    \
            bottomhalf_members* _T = &bottomhalf_t;                                      \
            _T->lock = initial;                                                          \
            take;                                                                        \
        }                                                                                \
        bottomhalf_guard_##name(type* bottomhalf_lock, bottomhalf_adopt) noexcept {      \
            bottomhalf_t.lock = bottomhalf_lock;                                         \
        }                                                                                \
        ~bottomhalf_guard_##name() {                                                     \
            [[maybe_unused]] bottomhalf_members* _T = &bottomhalf_t;                     \
            if (_T->lock) {                                                              \
                leave;                                                                   \
            }                                                                            \
        }                                                                                \
        bottomhalf_guard_##name(const bottomhalf_guard_##name&) = delete;                \
        bottomhalf_guard_##name& operator=(const bottomhalf_guard_##name&) = delete;     \
        using lock_type = type;                                                          \
        explicit operator bool() const noexcept { return bottomhalf_t.lock != nullptr; } \
    };
#define DEFINE_LOCK_GUARD_1(name, type, take, leave, ...) \
    bottomhalf_define_lock_guard(name, type, type* bottomhalf_lock, bottomhalf_lock, take, leave, __VA_ARGS__)
#define DEFINE_LOCK_GUARD_0(name, take, leave, ...) \
    bottomhalf_define_lock_guard(name, void, , this, take, leave, __VA_ARGS__)
#define DEFINE_LOCK_GUARD_1_COND(name, ext, got)                             \
    class bottomhalf_guard_##name##ext : public bottomhalf_guard_##name {    \
    public:                                                                  \
        explicit bottomhalf_guard_##name##ext(lock_type* bottomhalf_lock)    \
            : bottomhalf_guard_##name(bottomhalf_lock, bottomhalf_adopt{}) { \
            bottomhalf_members* _T = &this->bottomhalf_t;                    \
            if (!(got)) _T->lock = nullptr;                                  \
        }                                                                    \
    };
