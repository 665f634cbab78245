// SPDX-License-Identifier: MIT
// until_told.hpp: how a program that only has drivers in it is told to end: SIGINT or SIGTERM, or the end of its
// standard input.  Needed by module_main.hpp, whichever engine runs.
#pragma once

#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <bottomhalf/arch/idle.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::arch {

/// From its construction on, SIGINT and SIGTERM wait for wait().  To be made before any thread is started.
class until_told {
public:
    until_told() noexcept {
        sigset_t ending;
        ::sigemptyset(&ending);
        for (const int sig : {SIGINT, SIGTERM}) {
            ::sigaddset(&ending, sig);
            struct sigaction sa = {};
            sa.sa_handler = [](int) { told_ = 1; };   // and it ends the wait
            ::sigaction(sig, &sa, nullptr);
        }
        ::pthread_sigmask(SIG_BLOCK, &ending, &before_);
    }
    until_told(const until_told&) = delete;
    until_told& operator=(const until_told&) = delete;

    /// Context: process.  Reads standard input, and forgets what it reads.
    void wait() noexcept {
        pollfd in{STDIN_FILENO, POLLIN, 0};
        char text[256];
        while (told_ == 0) {
            in.revents = 0;
            if (poll_asleep(in) < 0) {
                if (errno != EINTR) break;
                continue;   // a signal, perhaps one of the program's own
            }
            if ((in.revents & POLLNVAL) != 0)
                in.fd = -1;   // there is none: signals only
            else if (::read(STDIN_FILENO, text, sizeof text) <= 0)
                break;
        }
    }

private:
    int poll_asleep(pollfd& in) const noexcept {
        const detail::idle::asleep counted;   // the tick may rest meanwhile
        return ::ppoll(&in, 1, nullptr, &before_);
    }

    BOTTOMHALF_STATE static inline volatile std::sig_atomic_t told_ = 0;
    sigset_t before_;
};

}   // namespace bottomhalf::arch
