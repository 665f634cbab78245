// SPDX-License-Identifier: MIT
// thread_times.hpp: of another thread of this process, how long it has computed, and whether it sleeps.  Some microseconds:
// for who looks at it now and then.
#pragma once

#include <cstdio>
#include <cstring>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

#include <bottomhalf/arch/arch.hpp>

namespace bottomhalf::arch::detail {

/// ns of CPU time; 0 if there is no such thread.
inline ns_t computed_by(std::int32_t tid) noexcept {
    // How the system numbers the clock of a thread: pthread_getcpuclockid() wants to be told a pthread_t, which we have not.
    constexpr unsigned of_a_thread = 4, time_on_cpu = 2;
    const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(tid) << 3 | of_a_thread | time_on_cpu);
    timespec t;
    if (::clock_gettime(clock, &t) != 0) return 0;
    return ns_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
/// Whether it waits for something else than for a CPU.  True if that cannot be found out.
inline bool is_asleep(std::int32_t tid) noexcept {
    char text[128];
    std::snprintf(text, sizeof text, "/proc/self/task/%d/stat", static_cast<int>(tid));
    const int fd = ::open(text, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return true;
    const ssize_t n = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char* state = std::strrchr(text, ')');   // behind the name, which may be anything: "17 (a) b) R 1 ..."
    return state == nullptr || state[1] == '\0' || state[2] != 'R';
}

}   // namespace bottomhalf::arch::detail
