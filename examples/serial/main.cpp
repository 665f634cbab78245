// SPDX-License-Identifier: MIT
// A serial driver prototype on real input.  The UART is a pseudo terminal: what somebody writes to its other end comes
// in, and the driver's answers come out there.
//
//   serial                 prints "serial: port /dev/pts/N", serves it until SIGINT or SIGTERM, and prints its counts
//   serial --interactive   the same for a person on `picocom /dev/pts/N`
//
// run-demo.sh feeds it with files and compares.  This file is the board and the kernel around driver.cpp: it plugs the
// pseudo terminal in as UART and interrupt line, loads the driver, and unloads it.
#include <bottomhalf/bottomhalf.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <linux/module.h>

#include "serial.h"
#include "uart.h"

namespace bh = bottomhalf;
namespace kernel = bottomhalf::linux26;

// ---- the board --------------------------------------------------------------------------------------------------

static int master = -1;

// Both are called from a top half too, that is from a signal handler: read() and write() may be, and errno is kept.
unsigned int uart_receive(unsigned char* to, unsigned int room) {
    const int saved = errno;
    const ssize_t n = ::read(master, to, room);
    errno = saved;
    return n > 0 ? static_cast<unsigned int>(n) : 0;
}
unsigned int uart_transmit(const unsigned char* from, unsigned int n) {
    const int saved = errno;
    const ssize_t sent = ::write(master, from, n);
    errno = saved;
    return sent > 0 ? static_cast<unsigned int>(sent) : 0;
}
unsigned long long uart_clock(void) { return static_cast<unsigned long long>(bh::arch::threads::now()); }

// Opens a pseudo terminal.  Its other end stays open here, too: a line does not hang up because one user leaves.
// Return: its name, or null.
static const char* plug_in() {
    master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return nullptr;
    const char* name = ::ptsname(master);
    const int other_end = name == nullptr ? -1 : ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    termios line;
    if (other_end < 0 || ::tcgetattr(other_end, &line) != 0) return nullptr;
    ::cfmakeraw(&line);   // a wire: no echo, no lines, no ^C
    return ::tcsetattr(other_end, TCSANOW, &line) == 0 ? name : nullptr;
}

// ---- the counts -------------------------------------------------------------------------------------------------

static void print_counts() {
    const struct serial_counts& c = ::serial_counts;
    const auto overflows = static_cast<unsigned long>(bh::arch::threads::signal_overflows());
    const unsigned long n = std::min<unsigned long>(c.latencies, SERIAL_LATENCIES);
    unsigned int* const first = ::serial_counts.latency;
    std::sort(first, first + n);
    const auto percentile = [&](unsigned long p) { return n == 0 ? 0.0 : first[(n * p + 99) / 100 - 1] / 1000.0; };

    std::printf("interrupts           %10lu   top half runs; signal queue overflows survived: %lu\n", c.interrupts,
                overflows);
    std::printf("bottom half runs     %10lu   coalesced with one that was waiting: %lu\n", c.runs, c.coalesced);
    std::printf("bytes in             %10lu   ring full, sender held back: %lu times\n", c.bytes_in, c.throttled);
    std::printf("bytes out            %10lu   transmitter full, slept: %lu times; lost by unloading: %lu\n",
                c.bytes_out, c.output_full, c.lost);
    std::printf("lines answered       %10lu   and %lu pieces of long lines\n", c.lines, c.pieces);
    std::printf("half lines answered  %10lu   after an idle time; cancelled because more came: %lu\n", c.halves,
                c.resumed);
    std::printf("log lines            %10lu\n", c.logged);
    std::printf("top half -> bottom half   p50 %.1f us, p99 %.1f us, over %lu runs\n", percentile(50), percentile(99),
                n);
}

int main(int argc, char** argv) {
    bool interactive = false;
    if (argc == 2 && std::strcmp(argv[1], "--interactive") == 0) {
        kernel::set_module_parameter("interactive=1");
        interactive = true;
    } else if (argc != 1) {
        std::fprintf(stderr, "usage: %s [--interactive]\n", argv[0]);
        return 2;
    }
    sigset_t stop;   // waited for, not handled; blocked before the first thread starts, so that nobody else gets them
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &stop, nullptr);

    const char* name = plug_in();
    if (name == nullptr) return std::perror("serial: no pseudo terminal"), 1;
    if (const int err = kernel::load_modules(); err != 0)
        return std::fprintf(stderr, "serial: %s\n", std::strerror(-err)), 1;
    if (const int err = bh::irq_from_fd(UART_IRQ, master); err != 0)
        return std::fprintf(stderr, "serial: no interrupts: %s\n", std::strerror(-err)), 1;

    std::printf("serial: port %s\n", name);
    if (interactive)
        std::printf("serial: type on it with `picocom %s` or `screen %s`; Ctrl-C here ends it\n", name, name);
    std::fflush(stdout);
    int sig = 0;
    ::sigwait(&stop, &sig);

    kernel::unload_modules();
    bh::irq_from_fd_end(master);
    print_counts();
    return 0;
}
