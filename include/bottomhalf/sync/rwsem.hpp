// SPDX-License-Identifier: MIT
// rwsem.hpp: the sleeping lock of many readers or one writer.  First come, first served: whoever has to wait stands in a
// line, and a reader who finds somebody in it stands behind, so writers are not starved.  The lock is handed over, not let
// go: who wakes has it.
//
// A task counts what it holds, so that a work item or a kthread that ends with it is told so, as lockdep does.
#pragma once

#include <cstdint>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>

namespace bottomhalf {

/// Zeroes: free.  Trivial, for the facades' structs, which drivers memset().
template <class Arch>
struct rwsem {
    struct waiter {
        waiter* next = nullptr;
        bool writes = false;
        std::int32_t who = 0;
        std::uint32_t granted = 0;   // A: 1 once the lock is his; nobody touches this struct afterwards [rwsem]
    };

    detail::zeroed_spinlock<Arch> lock;
    std::int32_t holders BOTTOMHALF_GUARDED_BY(lock);   // readers; -1: a writer
    std::int32_t writer BOTTOMHALF_GUARDED_BY(lock);    // his thread id
    waiter* first BOTTOMHALF_GUARDED_BY(lock);
    waiter* last BOTTOMHALF_GUARDED_BY(lock);
};

template <class Arch>
struct rwsem_ops {
    using sem = rwsem<Arch>;
    using waiter = typename sem::waiter;
    using word = typename Arch::template atomic_ref<std::uint32_t>;
    using guard = detail::irq_lock<Arch>;

    /// Context: any that we manage.
    static bool try_read(sem& s) noexcept {
        guard g(s.lock);
        return take(s, false) && count();
    }
    static bool try_write(sem& s) noexcept {
        guard g(s.lock);
        return take(s, true) && count();
    }
    /// Context: process; elsewhere it is reported, and waits all the same.
    static void read(sem& s, const char* function, location at) noexcept {
        enter(s, false, function, at);
        count();
    }
    static void write(sem& s, const char* function, location at) noexcept {
        enter(s, true, function, at);
        count();
    }

    static void end_read(sem& s, location at) noexcept {
        guard g(s.lock);
        if (s.holders <= 0) return complain("up_read", "DEBUG_RWSEMS_WARN_ON(tmp < 0): not held for reading", at);
        discount();
        if (--s.holders == 0) grant(s);
    }
    /// The same for a reader whose lock another task will let go of.
    static void read_non_owner(sem& s, const char* function, location at) noexcept { enter(s, false, function, at); }
    static void end_read_non_owner(sem& s, location at) noexcept {
        count();
        end_read(s, at);
    }
    static void end_write(sem& s, location at) noexcept {
        guard g(s.lock);
        if (s.holders >= 0 || s.writer != Arch::thread_id()) {
            complain("up_write", "DEBUG_RWSEMS_WARN_ON((rwsem_owner(sem) != current))", at);
            if (s.holders >= 0) return;
        } else {
            discount();
        }
        s.holders = s.writer = 0;
        grant(s);
    }
    /// The writer becomes a reader; readers at the head of the line come in.
    static void downgrade(sem& s, location at) noexcept {
        guard g(s.lock);
        if (s.holders >= 0 || s.writer != Arch::thread_id())
            return complain("downgrade_write", "DEBUG_RWSEMS_WARN_ON(rwsem_owner(sem) != current)", at);
        s.holders = 1;
        s.writer = 0;
        grant(s);
    }

    [[nodiscard]] static bool is_locked(sem& s) noexcept {
        guard g(s.lock);
        return s.holders != 0;
    }
    [[nodiscard]] static bool is_mine_for_writing(sem& s) noexcept {
        guard g(s.lock);
        return s.holders < 0 && s.writer == Arch::thread_id();
    }
    [[nodiscard]] static bool is_contended(sem& s) noexcept {
        guard g(s.lock);
        return s.first != nullptr;
    }

private:
    /// Plain accesses, as that of preempt_count: whoever interrupts us gives back what he takes.
    static bool count() noexcept { return ++Arch::current().locks, true; }
    static void discount() noexcept {
        if (std::uint32_t& n = Arch::current().locks; n != 0) --n;
    }
    static bool take(sem& s, bool writes) noexcept BOTTOMHALF_REQUIRES(s.lock) {
        if (s.first != nullptr || (writes ? s.holders != 0 : s.holders < 0)) return false;
        s.holders = writes ? -1 : s.holders + 1;
        if (writes) s.writer = Arch::thread_id();
        return true;
    }
    static void enter(sem& s, bool writes, const char* function, location at) noexcept {
        context<Arch>::might_sleep(function, at);
        waiter me;
        me.writes = writes;
        me.who = Arch::thread_id();
        {
            guard g(s.lock);
            if (take(s, writes)) return;
            if (s.holders < 0 && s.writer == me.who)
                complain(function,
                         "possible recursive locking detected: the caller holds it for writing, and waits for ever",
                         at);
            (s.last != nullptr ? s.last->next : s.first) = &me;
            s.last = &me;
        }
        while (word(me.granted).load(acquire) == 0)   // [rwsem]
            detail::block<Arch>(me.granted, 0, arch::forever, function);
    }
    /// Gives it to the first in the line: a writer alone, or all readers up to the next writer.
    static void grant(sem& s) noexcept BOTTOMHALF_REQUIRES(s.lock) {
        while (s.first != nullptr && (s.first->writes ? s.holders == 0 : s.holders >= 0)) {
            waiter& w = *s.first;
            s.first = w.next;
            if (s.first == nullptr) s.last = nullptr;
            s.holders = w.writes ? -1 : s.holders + 1;
            if (w.writes) s.writer = w.who;
            std::uint32_t& granted = w.granted;
            word(granted).store(1, release);   // [rwsem]
            Arch::unpark(granted, 1);          // an address only: he may have returned
        }
    }
    BOTTOMHALF_COLD static void complain(const char* function, const char* text, location at) noexcept {
        detail::say(channel::kernel, severity::warn, function, at, "%s", text);
    }
};

}   // namespace bottomhalf
