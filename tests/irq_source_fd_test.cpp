// SPDX-License-Identifier: MIT
// Files that are polled, as interrupt lines.  (Files that signal by themselves: irq_signal_test.cpp.)
#include "support/irq_board.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include <sys/epoll.h>
#include <sys/timerfd.h>

using namespace support::irq_board;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

TEST_CASE("irq_from_fd: one thread polls for all, and is started with the first", "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        std::uint64_t blocked = 0;
        const int one = counter(), two = counter();
        if (threads_called("irq-poll", blocked) == 0) {   // no other test was before us
            a_pipe p;
            CHECK(sources::watch_fd(b.m, 0, p.fd[0], here) == 0);   // signals by itself
            CHECK(threads_called("irq-poll", blocked) == 0);
            threads::spawn_budget(0);
            CHECK(sources::watch_fd(b.m, 0, one, here) == -EAGAIN);
            threads::spawn_budget(-1);
            sources::unwatch_fd(p.fd[0], here);
        }
        CHECK(sources::watch_fd(b.m, 0, one, here) == 0);
        CHECK(sources::watch_fd(b.m, 1, two, here) == 0);
        settle_polling(b);   // it is well under way
        CHECK(threads_called("irq-poll", blocked) == 1);
        for (const int sig : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGIO, threads::doorbell_signal()})
            CHECK((blocked >> (sig - 1) & 1) == 1);
        CHECK((blocked >> (SIGSEGV - 1) & 1) == 0);
        sources::unwatch_fd(one, here);
        sources::unwatch_fd(two, here);
        b.close(one), b.close(two);
    });
}

TEST_CASE("irq_from_fd: each event of an eventfd raises its line, read or not", "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        const int fd = counter();
        REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
        settle_polling(b);
        CHECK(b.d[0].calls == 0);
        for (int i = 1; i <= 20; ++i) {
            add(fd);
            wait_until<threads>([&] { return b.d[0].calls >= i; });
        }
        settle_polling(b);
        CHECK(b.d[0].calls == 20);   // not once more for what lies there
        b.d[0].read_from = fd;
        add(fd);
        wait_until<threads>([&] { return b.d[0].got == 21; });   // the library has not read
        b.d[0].read_from = -1;
        sources::unwatch_fd(fd, here);
        b.close(fd);
    });
}

TEST_CASE("irq_from_fd: a timerfd, and an epoll of a pipe", "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), epoll = ::epoll_create1(0);
        a_pipe p;
        epoll_event what{.events = EPOLLIN, .data = {}};
        REQUIRE(::epoll_ctl(epoll, EPOLL_CTL_ADD, p.fd[0], &what) == 0);
        b.d[0].read_from = timer;
        REQUIRE(sources::watch_fd(b.m, 0, timer, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 1, epoll, here) == 0);
        const itimerspec each_ms{{0, 1'000'000}, {0, 1'000'000}};
        REQUIRE(::timerfd_settime(timer, 0, &each_ms, nullptr) == 0);
        wait_until<threads>([&] { return b.d[0].calls >= 5; });
        CHECK(b.d[0].got >= 5);
        CHECK(b.d[1].calls == 0);
        p.write();
        wait_until<threads>([&] { return b.d[1].calls >= 1; });
        sources::unwatch_fd(timer, here);
        sources::unwatch_fd(epoll, here);
        b.d[0].read_from = -1;
        b.close(timer), b.close(epoll);
    });
}

TEST_CASE("irq_from_fd: what could be read before raises the line once", "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        const int fd = counter();
        a_pipe p;
        add(fd);
        p.write();
        REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 1, p.fd[0], here) == 0);
        wait_until<threads>([&] { return b.d[0].calls >= 1 && b.d[1].calls >= 1; });
        settle_polling(b);
        CHECK(b.d[0].calls == 1);
        CHECK(b.d[1].calls == 1);
        sources::unwatch_fd(fd, here);
        sources::unwatch_fd(p.fd[0], here);
        b.close(fd);
    });
}

TEST_CASE("irq_from_fd_end: from then on the line is not raised", "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        const int fd = counter();
        for (int i = 1; i <= 3; ++i) {
            REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
            add(fd);
            wait_until<threads>([&] { return b.d[0].calls >= 1; });
            sources::unwatch_fd(fd, here);
            b.settle();
            b.d[0].calls = 0;
            add(fd);
            settle_polling(b);
            CHECK(b.d[0].calls == 0);
        }
        sources::unwatch_fd(fd, here);
        sources::unwatch_fd(-1, here);
        b.close(fd);
    });
}

TEST_CASE("irq_from_fd: a number is one line's, also if its file was closed and another has it", "[irq_source][fd]") {
    on_engine<threads>([] {
        board b;
        for (const bool polled : {true, false}) {
            INFO("polled " << polled);
            a_pipe p;
            const int fd = polled ? counter() : ::dup(p.fd[0]);
            const auto happens = [&] { polled ? add(fd) : p.write(); };
            REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
            REQUIRE(sources::watch_fd(b.m, 1, fd, here) == 0);   // it moves
            happens();
            wait_until<threads>([&] { return b.d[1].calls >= 1; });
            b.settle();
            CHECK(b.d[0].calls == 0);

            // Another file under the number, at once: other threads open files, too.
            const int other = polled ? counter() : ::dup(p.fd[0]);
            REQUIRE(::dup2(other, fd) == fd);
            b.close(other);
            REQUIRE(sources::watch_fd(b.m, 2, fd, here) == 0);
            b.d[1].calls = 0;
            happens();
            wait_until<threads>([&] { return b.d[2].calls >= 1; });
            b.settle();
            CHECK(b.d[1].calls == 0);
            sources::unwatch_fd(fd, here);
            b.close(fd);
            b.d[2].calls = 0;
        }
    });
}

TEST_CASE("irq_from_fd: a file that is closed raises nothing, one that a dup() keeps open does until its end",
          "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        board b;
        const int fd = counter(), kept = ::dup(fd);
        REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
        b.close(fd);
        add(kept);
        wait_until<threads>([&] { return b.d[0].calls >= 1; });
        sources::unwatch_fd(fd, here);   // a number that is nobody's
        b.d[0].calls = 0;
        add(kept);
        settle_polling(b);
        CHECK(b.d[0].calls == 0);
        REQUIRE(::dup2(kept, fd) == fd);   // and back again
        REQUIRE(sources::watch_fd(b.m, 1, fd, here) == 0);
        add(kept);
        wait_until<threads>([&] { return b.d[1].calls >= 1; });
        sources::unwatch_fd(fd, here);
        b.close(fd), b.close(kept);
    });
}

TEST_CASE("irq_from_fd: ends with its machine; refuses regular files, what is too many, and what is none",
          "[irq_source][fd][poll]") {
    on_engine<threads>([] {
        int fds[65];   // more than there is room for
        for (int& fd : fds) {
            fd = counter();
            scoped_machine<threads> m{{.cpus = 1}};
            REQUIRE(sources::watch_fd(m, 0, fd, here) == 0);
            add(fd);   // on its way, or not, as the machine goes
        }
        board b;
        for (const int fd : fds) add(fd);
        settle_polling(b);
        CHECK(b.d[0].calls == 0);
        for (const int fd : fds) ::close(fd);

        const int file = ::open("/proc/self/exe", O_RDONLY);
        CHECK(sources::watch_fd(b.m, 0, file, here) == -EOPNOTSUPP);
        ::close(file);
        CHECK(sources::watch_fd(b.m, 0, 1'000'000, here) == -EBADF);
        CHECK(sources::watch_fd(b.m, nr_irqs, 0, here) == -EINVAL);
        int many[65];
        int refused = 0;
        for (int& one : many) one = counter(), refused += sources::watch_fd(b.m, 0, one, here) == -ENOSPC;
        CHECK(refused == 1);
        for (const int one : many) sources::unwatch_fd(one, here), ::close(one);
        {
            detail::in_context<threads> atomic(preempt_offset);
            CHECK(sources::watch_fd(b.m, 0, 0, here) == -EINVAL);
            sources::unwatch_fd(0, here);
        }
        CHECK(reports::take("irq_from_fd: sleeping function called from invalid context"));
        CHECK(reports::take("irq_from_fd_end: sleeping function called from invalid context"));
    });
}

TEST_CASE("irq_from_fd: another machine's end leaves it as it is", "[irq_source][fd][poll][machine]") {
    on_engine<threads>([] {
        board b;
        a_pipe p;
        const int polled = counter(), others = counter();
        REQUIRE(sources::watch_fd(b.m, 0, polled, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 1, p.fd[0], here) == 0);
        {
            scoped_machine<threads> other{{.cpus = 1}};
            REQUIRE(sources::watch_fd(other, 0, others, here) == 0);
        }
        add(polled);
        p.write();
        for (int i = 0; i < 2; ++i) wait_until<threads>([&] { return b.d[i].calls >= 1; });
        sources::unwatch_fd(polled, here);
        sources::unwatch_fd(p.fd[0], here);
        CHECK((::fcntl(p.fd[0], F_GETFL) & O_ASYNC) == 0);   // nor does it go on to signal
        b.close(polled), b.close(others);
    });
}

TEST_CASE("irq_from_fd: places are free again once their machine has ended", "[irq_source][fd][machine]") {
    on_engine<threads>([] {
        a_pipe many[65];   // more than there is room for
        for (const a_pipe& p : many) {
            scoped_machine<threads> m{{.cpus = 1}};
            REQUIRE(sources::watch_fd(m, 0, p.fd[0], here) == 0);
        }
    });
}

TEST_CASE("an overflow of the signal queue: a CPU looks at its own lines, not at another's", "[irq_source][fd]") {
    on_engine<threads>([] {
        board b;
        a_pipe mine, others;
        REQUIRE(b.m.irqs().set_cpu(1, 1));
        REQUIRE(sources::watch_fd(b.m, 0, mine.fd[0], here) == 0);
        REQUIRE(sources::watch_fd(b.m, 1, others.fd[0], here) == 0);
        auto overflow = make_work<threads>([] { ::pthread_kill(::pthread_self(), SIGIO); });
        workqueue_ops<threads>::queue_work_on(0, b.m.events(here), overflow, here);
        wait_until<threads>([&] { return b.d[0].calls == 1; });
        flush_work(overflow);
        b.m.irqs().synchronize(1);
        CHECK(b.d[1].calls == 0);
        sources::unwatch_fd(mine.fd[0], here);
        sources::unwatch_fd(others.fd[0], here);
    });
}

TEST_CASE("fork: the child has no sources, and cannot spoil its parent's", "[irq_source][fd][signal][fork]") {
    on_engine<threads>([] {
        board b;
        const int fd = counter(), signo = SIGRTMIN + 9;
        a_pipe p;
        REQUIRE(sources::watch_fd(b.m, 0, fd, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 1, p.fd[0], here) == 0);
        REQUIRE(sources::watch_signal(b.m, 2, signo, irq_sender::anybody(), here) == 0);
        CHECK(in_child([&] {
            const auto before = sources::signal_counts().spurious;
            ::raise(signo);   // a number that does nothing
            if (sources::signal_counts().spurious != before + 1) return false;
            sources::unwatch_fd(fd, here);
            sources::unwatch_fd(p.fd[0], here);
            sources::unwatch_signal(signo, here);
            return true;
        }));
        add(fd);
        p.write();
        ::raise(signo);
        wait_until<threads>([&] { return b.d[0].calls >= 1 && b.d[1].calls >= 1 && b.d[2].calls >= 1; });
        sources::unwatch_fd(fd, here);
        sources::unwatch_fd(p.fd[0], here);
        sources::unwatch_signal(signo, here);
        b.close(fd);
    });
}

TEST_CASE("irq_from_fd: files come and go while others write to them", "[irq_source][fd][poll][tsan]") {
    on_engine<threads>([] {
        board b;
        const int one = counter(), two = counter();
        std::atomic<bool> over{false};
        threads::thread writer;
        struct shared {
            int one, two;
            std::atomic<bool>& over;
        } s{one, two, over};
        REQUIRE(threads::spawn(
            writer, 0, "writer", false,
            [](void* p) {
                auto& with = *static_cast<shared*>(p);
                const std::uint64_t n = 1;
                for (unsigned round = 0; !with.over; ++round)
                    static_cast<void>(!::write(round % 2 == 0 ? with.one : with.two, &n, sizeof n)),
                        threads::relax(round % 64);
            },
            &s));
        int refused = 0;
        for (unsigned i = 0; i < 2000; ++i) {
            if (sources::watch_fd(b.m, i % 4, i % 2 == 0 ? one : two, here) != 0) ++refused;
            if (i % 3 != 0) sources::unwatch_fd(i % 2 == 0 ? one : two, here);
        }
        over = true;
        threads::join(writer);
        CHECK(refused == 0);
        for (const int fd : {one, two}) sources::unwatch_fd(fd, here), ::close(fd);
    });
}
