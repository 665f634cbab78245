// SPDX-License-Identifier: MIT
// until_told.hpp: how a program that only has drivers in it is told to end: SIGINT or SIGTERM, or the end of its
// standard input.  Needed by module_main.hpp, whichever engine runs.
#pragma once

#include <csignal>
#include <initializer_list>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

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
            sa.sa_handler = [](int) {};   // it only has to end the wait
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
        while (::ppoll(&in, 1, nullptr, &before_) >= 0) {   // -1: interrupted, hence told
            if ((in.revents & POLLNVAL) != 0)
                in.fd = -1;   // there is none: signals only
            else if (::read(STDIN_FILENO, text, sizeof text) <= 0)
                break;
        }
    }

private:
    sigset_t before_;
};

}   // namespace bottomhalf::arch
