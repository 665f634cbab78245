// SPDX-License-Identifier: MIT
// odebug.hpp: what the kernel's debug objects say when memory is freed, or an item is made anew, in which a timer is armed
// or a work item queued.
//
// The facades' kfree() and INIT_WORK() ask, unless NDEBUG is defined.  The memory itself is looked through for what could be an armed timer
// or a queued item; only what could be one is looked for where it would have to be, under the locks.  What is found is taken
// off, as the kernel does with a timer, so that it does not fire into the next owner's data.
#pragma once

#include <cstddef>
#include <cstdint>

#include <bottomhalf/delayed_work.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/workqueue.hpp>

namespace bottomhalf {

template <class Arch>
class debug_objects {
    using ops = workqueue_ops<Arch>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    static constexpr std::size_t most = 64 * 1024;   // bytes: in larger blocks there are data, not objects

    /// The `size` bytes at `begin`, all of them the caller's, are about to be freed.
    /// Context: any that we manage, but not under a lock of ours.
    static void check_no_obj_freed(basic_machine<Arch>& m, void* begin, std::size_t size, location at) noexcept {
        if (size > most || !m.is_up()) return;
        char* from = static_cast<char*>(begin);
        asm("" : "+r"(from));   // a compiler that sees the caller's object need not tell us what cannot be in it
        for (std::size_t i = 0; i + sizeof(work_item) <= size; i += alignof(work_item)) {
            if (i + sizeof(timer_node) <= size) check_timer(m, *reinterpret_cast<timer_node*>(from + i), at);
            check_work(m, *reinterpret_cast<work_item*>(from + i), at);
        }
    }

    /// Is what looks like an item, and may be anything, one that waits to be run?
    static bool is_queued(basic_machine<Arch>& m, work_item& w) noexcept {
        constexpr unsigned long queued = detail::word::PENDING | detail::word::PWQ;
        if ((peek(w.data) & queued) != queued) [[likely]]
            return false;
        if (!m.is_up()) return false;
        bool found = false;   // one that runs may well be freed, or made anew, by its handler
        m.for_each_work([&](const char*, const work_item& each, const char* where) {
            found = found || (*where == 'p' && &each == &w);
        });
        return found;
    }

private:
    /// What is there now.  Others may be at it: if it is what it looks like, or part of something else that is.  Nothing is
    /// believed of it, so a race is no mistake.
    template <class T>
    __attribute__((no_sanitize("thread"), __noinline__)) static T peek(const T& t) noexcept {
        return *static_cast<const volatile T*>(&t);
    }
    static void check_timer(basic_machine<Arch>& m, timer_node& t, location at) noexcept {
        const std::uint32_t flags = peek(t.flags);
        if ((flags & timer_pending_bit) == 0 || !m.time().holds(t)) [[likely]]
            return;
        report(&t, "timer_list", reinterpret_cast<const void*>(t.function), at);
        if ((flags & timer_of_work) != 0)
            ops::cancel(detail::delayed_of(t).work, &delayed_ops<Arch>::stop_timer);
        else
            m.time().del(t);
    }
    static void check_work(basic_machine<Arch>& m, work_item& w, location at) noexcept {
        if (!is_queued(m, w)) [[likely]]
            return;
        report(&w, "work_struct", detail::handler::template of<Arch>(w).address(), at);
        ops::cancel(w, &ops::no_timer);   // false: it has begun meanwhile
    }
    static void report(const void* object, const char* type, const void* hint, location at) noexcept {
        detail::say(channel::kernel, severity::bug, "debug_check_no_obj_freed", at,
                    "ODEBUG: free active (active state 0) object: %p object type: %s hint: %p\nit is taken off", object,
                    type, hint);
    }
};

}   // namespace bottomhalf
