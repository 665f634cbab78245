// SPDX-License-Identifier: MIT
// Interrupts by real signals, and by files that signal by themselves.
#include "support/irq_device.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/gate.hpp"

using namespace support::irq_device;
using support::gate;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

TEST_CASE("raise: from a foreign signal handler", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        static irq_controller<arch::threads>* irqs;
        irqs = &b.m.irqs();
        struct sigaction sa = {}, old;
        sa.sa_handler = [](int) { irqs->raise(line); };
        REQUIRE(::sigaction(SIGUSR1, &sa, &old) == 0);
        for (int i = 1; i <= 10; ++i) {
            ::raise(SIGUSR1);
            wait_until<arch::threads>([&] { return d.calls == i; });
        }
        ::sigaction(SIGUSR1, &old, nullptr);
        b.free(d);
    });
}

namespace {
/// Nobody may queue a signal meanwhile: as when others have filled this user's quota.
class full_quota {
public:
    full_quota() noexcept {
        ::getrlimit(RLIMIT_SIGPENDING, &old_);
        const rlimit none{0, old_.rlim_max};
        ::setrlimit(RLIMIT_SIGPENDING, &none);
    }
    ~full_quota() { ::setrlimit(RLIMIT_SIGPENDING, &old_); }
    full_quota(const full_quota&) = delete;
    full_quota& operator=(const full_quota&) = delete;

private:
    rlimit old_{};
};
}   // namespace

TEST_CASE("raise: on its own CPU needs no signal, in a top half and outside", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        d.data = &b;
        d.also = [](device& self) {
            if (self.calls != 0) return;
            const full_quota full;
            static_cast<booted<arch::threads>*>(self.data)->raise();
        };
        REQUIRE(b.request(d) == 0);
        b.raise();
        wait_until<arch::threads>([&] { return d.calls == 2; });
        std::atomic<int> at_once{0};
        auto item = make_work<arch::threads>([&] {
            const full_quota full;
            b.raise();
            at_once = d.calls.load();
        });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(at_once == 3);
        b.free(d);
    });
}

TEST_CASE("raise: at another CPU gets through when no more signals can be queued", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::atomic<bool> runs{false}, over{false};
        auto busy = make_work<arch::threads>([&] {   // a CPU that sleeps needs no signal
            runs = true;
            for (unsigned round = 0; !over; ++round) arch::threads::relax(round % 64);
        });
        REQUIRE(b.queue_on(0, busy));
        wait_until<arch::threads>([&] { return runs.load(); });
        {
            const full_quota full;
            for (int i = 1; i <= 10; ++i) {
                b.raise();
                wait_until<arch::threads>([&] { return d.calls == i; });
            }
        }
        over = true;
        flush_work(busy);
        b.free(d);
    });
}

TEST_CASE("raise: at a CPU that sleeps needs no signal", "[irq][raise][signal]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::int32_t cpu0 = 0;
        auto deaf = make_work<arch::threads>([&] {   // but under TSan, whose park() lets doorbells in
            sigset_t doorbell;
            ::sigemptyset(&doorbell);
            ::sigaddset(&doorbell, SIGRTMIN + 4);
            ::pthread_sigmask(SIG_BLOCK, &doorbell, nullptr);
            cpu0 = arch::threads::current().pid;
        });
        REQUIRE(b.queue_on(0, deaf));
        flush_work(deaf);
        for (int i = 1; i <= 100; ++i) {
            wait_until<arch::threads>([&] { return arch::detail::is_asleep(cpu0); });
            b.raise();
            wait_until<arch::threads>([&] { return d.calls == i; });
        }
        // It goes on sleeping for what it slept for.
        bool ran = false;
        auto item = make_work<arch::threads>([&] { ran = true; });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(ran);
        b.free(d);
    });
}

TEST_CASE("watch_fd: each signal of a pipe raises its line", "[irq][fd]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        static int fds[2];
        REQUIRE(::pipe(fds) == 0);
        static std::atomic<int> bytes;
        bytes = 0;
        device d;
        d.also = [](device&) {
            char c;
            if (::read(fds[0], &c, 1) == 1) ++bytes;
        };
        REQUIRE(b.request(d) == 0);
        REQUIRE(b.m.irqs().watch_fd(line, fds[0]) == 0);
        for (int i = 1; i <= 20; ++i) {
            REQUIRE(::write(fds[1], "x", 1) == 1);
            wait_until<arch::threads>([&] { return d.calls >= i && bytes == i; });
        }
        arch::threads::unwatch_fd(fds[0]);
        b.free(d);
        ::close(fds[0]);
        ::close(fds[1]);
    });
}

TEST_CASE("watch_fd: ends with its machine", "[irq][fd][machine]") {
    on_engine<arch::threads>([] {
        int fds[2];
        REQUIRE(::pipe(fds) == 0);
        for (int i = 0; i < 65; ++i) {   // more than there is room for
            booted<arch::threads> b;
            REQUIRE(b.m.irqs().watch_fd(line, fds[0]) == 0);
        }
        // A bare SIGIO says: look at every fd.  None of those must be looked at.
        booted<arch::threads> b;
        device d;
        REQUIRE(b.request(d) == 0);
        std::atomic<bool> asked{false};
        auto item = make_work<arch::threads>([&] { ::pthread_kill(::pthread_self(), SIGIO), asked = true; });
        REQUIRE(b.queue_on(0, item));
        flush_work(item);
        CHECK(asked);
        CHECK(d.calls == 0);
        b.free(d);
        ::close(fds[0]);
        ::close(fds[1]);
    });
}

TEST_CASE("watch_fd: signals of an fd come while its place is given to another", "[irq][fd][tsan]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        int a[2], c[2];
        REQUIRE(::pipe(a) == 0);
        REQUIRE(::pipe(c) == 0);
        std::atomic<bool> over{false};
        auto writer = support::call<arch::threads>([&] {
            for (unsigned round = 0; !over; ++round)
                static_cast<void>(::write(a[1], "x", 1)), arch::threads::relax(round % 64);
        });
        int refused = 0;
        for (unsigned i = 0; i < 2000; ++i) {
            const int fd = i % 2 == 0 ? a[0] : c[0];
            if (b.m.irqs().watch_fd(i % nr_irqs, fd) != 0) ++refused;
            char some[64];
            if (fd == a[0] && ::read(fd, some, sizeof some) < 0) ++refused;
            arch::threads::unwatch_fd(fd);
        }
        over = true;
        writer.join();
        CHECK(refused == 0);
        for (const int fd : {a[0], a[1], c[0], c[1]}) ::close(fd);
    });
}

TEST_CASE("watch_fd: a file of which there is nothing to hear is refused", "[irq][fd]") {
    on_engine<arch::threads>([] {
        booted<arch::threads> b;
        const int fd = ::open("/proc/self/exe", O_RDONLY);
        REQUIRE(fd >= 0);
        CHECK(b.m.irqs().watch_fd(line, fd) == -EOPNOTSUPP);
        ::close(fd);
        CHECK(b.m.irqs().watch_fd(line, fd) == -EBADF);
        CHECK(b.m.irqs().watch_fd(nr_irqs, 0) == -EINVAL);
    });
}
