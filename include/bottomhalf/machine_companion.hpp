// SPDX-License-Identifier: MIT
// machine_companion.hpp: what ends with a machine, and is none of its parts: a facade's threads, a console.
#pragma once

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/report.hpp>

namespace bottomhalf {

/// Something with a thread of its own that ends with the machine.
struct machine_companion {
    /// `lost`: the world is gone, and all its threads.
    void (*stop)(machine_companion&, bool lost, arch::ns_t deadline, location at) noexcept = nullptr;
    machine_companion* next = nullptr;
    /// Says what is still to come when a module has gone; may be null.
    void (*report_leftovers)(machine_companion&, location at) noexcept = nullptr;
};

/// Those of one machine, the newest first.  They live as long as the program, so nobody minds that the lock is free while one of
/// them is called.
template <class Arch>
class machine_companions {
public:
    void add(machine_companion& c) noexcept {
        detail::irq_lock<Arch> g(lock_);
        c.next = first_;
        first_ = &c;
    }
    void report_leftovers(location at) noexcept {
        for (machine_companion* c = first(); c != nullptr; c = next_of(*c))
            if (c->report_leftovers != nullptr) c->report_leftovers(*c, at);
    }
    /// Each ends by `deadline`, and is none of them any more.
    void stop(arch::ns_t deadline, location at) noexcept {
        while (machine_companion* c = part_with_one()) c->stop(*c, false, deadline, at);
    }
    /// The world is gone, and whoever held the lock with it.
    void lose() noexcept BOTTOMHALF_NO_TSA {
        for (machine_companion* c = first_; c != nullptr; c = c->next)
            c->stop(*c, true, arch::forever, location::current());
    }

private:
    machine_companion* first() noexcept {
        detail::irq_lock<Arch> g(lock_);
        return first_;
    }
    machine_companion* next_of(const machine_companion& c) noexcept {
        detail::irq_lock<Arch> g(lock_);
        return c.next;
    }
    machine_companion* part_with_one() noexcept {
        detail::irq_lock<Arch> g(lock_);
        machine_companion* c = first_;
        if (c != nullptr) first_ = c->next;
        return c;
    }

    detail::spinlock<Arch> lock_;
    machine_companion* first_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
};

}   // namespace bottomhalf
