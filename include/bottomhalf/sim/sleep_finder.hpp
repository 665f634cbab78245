// SPDX-License-Identifier: MIT
// sleep_finder.hpp: who of a simulated world sleeps where the world cannot see it.
//
// All tasks are one thread.  One that blocks in the C library, in read(), poll(), nanosleep(), a std::mutex that another
// thread has, stops all of them; what ends its sleep is no choice that anybody explores.  The system counts how often a
// thread has gone to sleep by itself; this looks at that count wherever something happens in the world, and so knows who
// ran, and what he was about.  One that never wakes up is not found: nobody is left to say so.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <sys/resource.h>

#include <bottomhalf/arch/sim_choice.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::sim::detail {

class sleep_finder final : public arch::sim_observer {
public:
    void event(arch::sim_event kind, const arch::task& who, const char* what, const void*,
               arch::ns_t) noexcept override {
        const long n = count();
        if (n != before_ && !found_) {
            found_ = true;
            std::snprintf(said_, sizeof said_, "%s/%d%s%s", comm_, static_cast<int>(pid_), in_ != nullptr ? " in " : "",
                          in_ != nullptr ? in_ : "");
        }
        before_ = n;
        if (kind == arch::sim_event::calls) in_ = what;
        if (kind == arch::sim_event::called) in_ = nullptr;
        if (kind != arch::sim_event::runs) return;
        in_ = nullptr;
        pid_ = who.pid;
        std::snprintf(comm_, sizeof comm_, "%s", who.comm);
    }
    /// "reader/2 in work's handler"; null: nobody has slept.
    [[nodiscard]] const char* who() const noexcept { return found_ ? said_ : nullptr; }

private:
    static long count() noexcept {
        rusage of_thread{};
        ::getrusage(RUSAGE_THREAD, &of_thread);
        return of_thread.ru_nvcsw;
    }

    long before_ = count();
    std::int32_t pid_ = 1;
    char comm_[arch::comm_len] = "main";
    const char* in_ = nullptr;   // whose function it calls
    bool found_ = false;
    char said_[96] = "";
};

}   // namespace bottomhalf::sim::detail
