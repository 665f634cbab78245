// SPDX-License-Identifier: MIT
//
// What the tests of interrupt sources share: a board of four devices, each on a line, and files that speak to them.
#pragma once

#include <bottomhalf/irq_source.hpp>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace support::irq_board {

using namespace bottomhalf;
using arch::threads;
using sources = irq_sources<threads>;

inline const auto here = location::current();

/// A device on each of the first lines: counts its interrupts, and reads its file if it is told to.
struct device {
    std::atomic<int> calls{0};
    std::atomic<int> cpu{-1};
    std::atomic<int> read_from{-1};
    std::atomic<std::uint64_t> got{0};
};
inline irqreturn top_half(int, void* dev_id, void*) {
    auto& d = *static_cast<device*>(dev_id);
    std::uint64_t n = 0;
    d.cpu = threads::current().cpu;
    if (d.read_from >= 0 && ::read(d.read_from, &n, sizeof n) > 0) d.got += n;
    ++d.calls;
    return irqreturn::handled;
}
struct board {
    /// What a source has raised just before it ended may read from it still.
    void close(int fd) {
        for (unsigned i = 0; i < 4; ++i) m.irqs().synchronize(i);
        ::close(fd);
    }
    scoped_machine<threads> m{{.cpus = 2}};
    device d[4];
    board() {
        m.events(here);
        for (unsigned i = 0; i < 4; ++i)
            REQUIRE(m.irqs().request(i, {.handler = &top_half, .dev_id = &d[i], .name = "test"}, here) == 0);
    }
    ~board() {
        for (unsigned i = 0; i < 4; ++i) m.irqs().free(i, &d[i], here);
    }
    /// Whatever CPU 0's thread has been sent so far, it has taken.
    void settle() {
        for (int i = 0; i < 2; ++i) {
            auto item = make_work<threads>([] {});
            workqueue_ops<threads>::queue_work_on(0, m.events(here), item, here);
            flush_work(item);
        }
    }
};

struct a_pipe {
    int fd[2] = {-1, -1};
    a_pipe() { REQUIRE(::pipe2(fd, O_NONBLOCK) == 0); }
    ~a_pipe() { ::close(fd[0]), ::close(fd[1]); }
    void write() const { REQUIRE(::write(fd[1], "x", 1) == 1); }
};
inline void add(int event_fd) {
    const std::uint64_t one = 1;
    REQUIRE(::write(event_fd, &one, sizeof one) == sizeof one);
}
inline int counter() { return ::eventfd(0, EFD_NONBLOCK); }
/// irq-poll has seen all that was written to others before.
inline void settle_polling(board& b) {
    const int last = counter();
    REQUIRE(sources::watch_fd(b.m, 3, last, here) == 0);
    const int before = b.d[3].calls;
    add(last);
    wait_until<threads>([&] { return b.d[3].calls > before; });
    sources::unwatch_fd(last, here);
    ::close(last);
}

/// Threads of this process that are called so, and the signals that the last of them has blocked.
inline int threads_called(const std::string& name, std::uint64_t& blocked) {
    int n = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        std::ifstream status(entry.path() / "status");
        std::string word, called;
        while (status >> word) {
            if (word == "Name:") status >> called;
            if (word == "SigBlk:" && called == name) status >> std::hex >> blocked, ++n;
        }
    }
    return n;
}

/// In a child of this process: f(), which must not use Catch2.
template <class F>
bool in_child(F f) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(f() ? 0 : 1);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}   // namespace support::irq_board
