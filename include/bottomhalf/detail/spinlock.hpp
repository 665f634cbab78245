// SPDX-License-Identifier: MIT
// spinlock.hpp: the lock of a pool, a timer base or a line: held for a few dozen instructions, never while foreign code
// runs, always with interrupts masked, so that a top half that wants it never finds it held by what it interrupted.
//
// Its release is a plain store, which is why it is not a futex mutex: one read-modify-write less for each item that a
// worker takes.  A waiter burns, then yields, then naps (Arch::relax()), so a holder that was preempted gets to run.
#pragma once

#include <cstdint>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::detail {

/// Free where its memory is zero.  Trivial: a part of the facades' structs, which drivers memset().
template <class Arch>
class BOTTOMHALF_CAPABILITY("spinlock") zeroed_spinlock {
public:
    BOTTOMHALF_INLINE void lock() noexcept BOTTOMHALF_ACQUIRE() {
        // [spinlock] acquire: all that the last owner did is visible
        if (typename Arch::template atomic_ref<std::uint32_t>(word_).exchange(1, acquire) != 0) [[unlikely]]
            wait();
    }
    bool try_lock() noexcept BOTTOMHALF_TRY_ACQUIRE(true) {
        return typename Arch::template atomic_ref<std::uint32_t>(word_).exchange(1, acquire) == 0;
    }
    BOTTOMHALF_INLINE void unlock() noexcept BOTTOMHALF_RELEASE() {
        typename Arch::template atomic_ref<std::uint32_t>(word_).store(0, release);   // [spinlock]
    }

private:
    BOTTOMHALF_COLD void wait() noexcept {
        typename Arch::template atomic_ref<std::uint32_t> word(word_);
        unsigned round = 0;
        do
            while (word.load(relaxed) != 0) Arch::relax(round++);   // relaxed: a look; the exchange decides
        while (word.exchange(1, acquire) != 0);                     // [spinlock]
    }

    std::uint32_t word_;   // A: 1 while held
};

/// Free from the beginning, wherever it stands.
template <class Arch>
class BOTTOMHALF_CAPABILITY("spinlock") spinlock : public zeroed_spinlock<Arch> {
public:
    constexpr spinlock() noexcept : zeroed_spinlock<Arch>{} {}
};

/// Masks this task's interrupts for a scope.
template <class Arch>
class irq_guard {
public:
    BOTTOMHALF_INLINE irq_guard() noexcept : was_(Arch::irq_save()) {}
    BOTTOMHALF_INLINE ~irq_guard() { Arch::irq_restore(was_); }
    irq_guard(const irq_guard&) = delete;
    irq_guard& operator=(const irq_guard&) = delete;

private:
    bool was_;
};

/// spin_lock_irqsave() for a scope.
template <class Arch>
class BOTTOMHALF_SCOPED irq_lock {
public:
    BOTTOMHALF_INLINE explicit irq_lock(zeroed_spinlock<Arch>& its_lock) noexcept BOTTOMHALF_ACQUIRE(its_lock)
        : lock_(its_lock) {
        lock_.lock();
    }
    BOTTOMHALF_INLINE ~irq_lock() BOTTOMHALF_RELEASE() { lock_.unlock(); }
    irq_lock(const irq_lock&) = delete;
    irq_lock& operator=(const irq_lock&) = delete;

private:
    irq_guard<Arch> masked_;   // first in, last out
    zeroed_spinlock<Arch>& lock_;
};

}   // namespace bottomhalf::detail
