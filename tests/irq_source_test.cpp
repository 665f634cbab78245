// SPDX-License-Identifier: MIT
// What raises lines: timers, and signals from inside and outside.  (Files: irq_source_fd_test.cpp.)
#include "support/gate.hpp"
#include "support/irq_board.hpp"

#include "support/gate.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string>

#include <sys/syscall.h>

using namespace support::irq_board;
using support::make_work;
using support::on_engine;
using support::reports;
using support::wait_until;

// ---- timers ---------------------------------------------------------------------------------------------------------

TEST_CASE("irq_from_timer: once, and again and again", "[irq_source][timer]") {
    on_engine<threads>([] {
        board b;
        REQUIRE(sources::watch_timer(b.m, 0, 0, 0, here) == 0);
        REQUIRE(sources::watch_timer(b.m, 1, 100'000, 200'000, here) == 0);
        wait_until<threads>([&] { return b.d[0].calls >= 1 && b.d[1].calls >= 20; });
        b.settle();
        CHECK(b.d[0].calls == 1);
        const irq_timer_counts once = sources::timer_counts(b.m, 0);
        CHECK(once.expirations == 1);
        CHECK(once.overruns == 0);
        sources::unwatch_timer(b.m, 0, here);
        CHECK(sources::timer_counts(b.m, 0).expirations == 0);

        REQUIRE(sources::watch_timer(b.m, 1, 0, 0, here) == 0);   // takes the other's place
        wait_until<threads>([&] { return sources::timer_counts(b.m, 1).expirations == 1; });
        b.settle();
        const int after = b.d[1].calls;
        const arch::ns_t later = threads::now() + 1'000'000;
        while (threads::now() < later) threads::relax(0);   // what should not happen has had time to
        CHECK(b.d[1].calls == after);
        sources::unwatch_timer(b.m, 1, here);
        sources::unwatch_timer(b.m, 2, here);

        CHECK(sources::watch_timer(b.m, 0, -1, 0, here) == -EINVAL);
        CHECK(sources::watch_timer(b.m, 0, 0, -1, here) == -EINVAL);
        CHECK(sources::watch_timer(b.m, 0, arch::forever, 0, here) == -EINVAL);
        CHECK(sources::watch_timer(b.m, nr_irqs, 0, 0, here) == -EINVAL);
    });
}

TEST_CASE("irq_from_timer: what expires while interrupts are off is an overrun; each expiration is accounted for",
          "[irq_source][timer]") {
    on_engine<threads>([] {
        board b;
        constexpr arch::ns_t period = 50'000;
        REQUIRE(sources::watch_timer(b.m, 0, period, period, here) == 0);
        std::atomic<int> calls_in_section{-1};
        auto item = make_work<threads>([&] {
            threads::irq_save();
            const int before = b.d[0].calls;
            threads::delay(20 * period);
            calls_in_section = b.d[0].calls - before;
            threads::irq_restore(false);
        });
        workqueue_ops<threads>::queue_work_on(0, b.m.events(here), item, here);
        flush_work(item);
        CHECK(calls_in_section == 0);
        std::atomic<std::uint64_t> served{0};
        irq_timer_counts counts;
        auto look = make_work<threads>([&] {   // between two of its interrupts
            const bool was = threads::irq_save();
            counts = sources::timer_counts(b.m, 0);
            served = b.m.irqs().count(0);
            // One that has come meanwhile is counted there, and has not been served.
            if ((std::atomic_ref(b.m.port(0).pending).load() & 1) != 0) ++served;
            threads::irq_restore(was);
        });
        bool agree = false;
        for (int i = 0; i < 50 && !agree; ++i) {   // unless one came between the two looks
            workqueue_ops<threads>::queue_work_on(0, b.m.events(here), look, here);
            flush_work(look);
            agree = counts.expirations - counts.overruns == served;
        }
        CHECK(agree);
        CHECK(counts.overruns >= 15);
        CHECK(counts.expirations >= 20);
        sources::unwatch_timer(b.m, 0, here);
    });
}

TEST_CASE("irq_from_timer: ends with its machine", "[irq_source][timer][machine]") {
    on_engine<threads>([] {
        for (int i = 0; i < 65; ++i) {
            scoped_machine<threads> m{{.cpus = 1}};
            REQUIRE(sources::watch_timer(m, 0, 0, 20'000, here) == 0);
        }
        board b;
        b.settle();
        CHECK(b.d[0].calls == 0);

        arch::cpu_port ports[2];   // what a machine does as it ends
        ports[0].enter =
            ports[1].enter = [](arch::cpu_port& p) { return std::atomic_ref(p.pending).exchange(0), true; };
        threads::install_doorbell();
        threads::attach(ports[1]);
        REQUIRE(threads::watch_timer(ports[1], 5, 0, 0) == 0);
        wait_until<threads>([&] { return threads::timer_counts(&ports[1], 1, 5).expirations == 1; });
        threads::unwatch_ports(ports, 1);
        CHECK(threads::timer_counts(&ports[1], 1, 5).expirations == 1);   // another's
        threads::unwatch_ports(ports, 2);
        CHECK(threads::timer_counts(&ports[1], 1, 5).expirations == 0);
        threads::detach(ports[1]);
    });
}

TEST_CASE("irq_from_timer, irq_from_signal, irq_from_fd: on the CPU that is the line's", "[irq_source][affinity]") {
    on_engine<threads>([] {
        board b;
        a_pipe p;
        const int fd = counter();
        for (unsigned i = 0; i < 4; ++i) REQUIRE(b.m.irqs().set_cpu(i, 1));
        REQUIRE(sources::watch_timer(b.m, 0, 0, 0, here) == 0);
        REQUIRE(sources::watch_signal(b.m, 1, SIGRTMIN + 9, {}, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 2, p.fd[0], here) == 0);
        REQUIRE(sources::watch_fd(b.m, 3, fd, here) == 0);
        ::raise(SIGRTMIN + 9);
        p.write();
        add(fd);
        for (device& d : b.d) {
            wait_until<threads>([&] { return d.calls >= 1; });
            CHECK(d.cpu == 1);
        }
        REQUIRE(b.m.irqs().set_cpu(0, 0));
        CHECK(sources::timer_counts(b.m, 0).expirations == 1);
        REQUIRE(sources::watch_timer(b.m, 0, 0, 0, here) == 0);   // the one timer of the line, wherever
        wait_until<threads>([&] { return b.d[0].calls == 2; });
        CHECK(b.d[0].cpu == 0);
        sources::unwatch_timer(b.m, 0, here);
        CHECK(sources::timer_counts(b.m, 0).expirations == 0);
        sources::unwatch_signal(SIGRTMIN + 9, here);
        sources::unwatch_fd(p.fd[0], here);
        sources::unwatch_fd(fd, here);
        b.close(fd);
    });
}

TEST_CASE("irq_set_affinity: a timer, a signal and files go with their line", "[irq_source][affinity]") {
    on_engine<threads>([] {
        board b;
        a_pipe p;
        const int fd = counter();
        REQUIRE(sources::watch_timer(b.m, 0, 0, 200'000, here) == 0);
        REQUIRE(sources::watch_signal(b.m, 1, SIGRTMIN + 9, {}, here) == 0);
        REQUIRE(sources::watch_fd(b.m, 2, p.fd[0], here) == 0);
        REQUIRE(sources::watch_fd(b.m, 3, fd, here) == 0);
        for (const int cpu : {1, 0, 1}) {
            for (unsigned i = 0; i < 4; ++i) REQUIRE(b.m.irqs().set_cpu(i, static_cast<unsigned>(cpu)));
            b.settle();   // what was raised before, at the other CPU
            for (unsigned i = 0; i < 4; ++i) b.m.irqs().synchronize(i);
            for (device& d : b.d) d.cpu = -1;
            const int before[] = {b.d[0].calls, b.d[1].calls, b.d[2].calls, b.d[3].calls};
            ::raise(SIGRTMIN + 9);
            p.write();
            add(fd);
            for (unsigned i = 0; i < 4; ++i) {
                wait_until<threads>([&] { return b.d[i].calls > before[i] && b.d[i].cpu != -1; });
                INFO("source " << i << ", CPU " << cpu);
                CHECK(b.d[i].cpu == cpu);
            }
        }
        sources::unwatch_timer(b.m, 0, here);
        sources::unwatch_signal(SIGRTMIN + 9, here);
        sources::unwatch_fd(p.fd[0], here);
        sources::unwatch_fd(fd, here);
        b.close(fd);
    });
}

TEST_CASE("irq_set_affinity: no edge of a file, and no expiration of a timer, is lost on the way",
          "[irq_source][affinity][stress]") {
    on_engine<threads>([] {
        board b;
        a_pipe p;
        REQUIRE(sources::watch_fd(b.m, 2, p.fd[0], here) == 0);
        REQUIRE(sources::watch_timer(b.m, 0, 0, 300'000, here) == 0);
        std::atomic<bool> ends{false};
        std::atomic<unsigned> moves{0};
        auto mover = support::call<threads>([&] {
            for (; !ends; ++moves)
                for (const unsigned i : {0U, 2U}) b.m.irqs().set_cpu(i, moves % 2);
        });
        for (int i = 0; i < 500 || moves < 200; ++i) {
            const int before = b.d[2].calls;
            p.write();
            wait_until<threads>([&] { return b.d[2].calls > before; });
        }
        ends = true;
        mover.join();
        // Of the timer: it expires on, and has done so as often as time has gone by.
        wait_until<threads>([&] {
            const arch::ns_t from = threads::now();
            const std::uint64_t n = sources::timer_counts(b.m, 0).expirations;
            return threads::now() - from < 100'000 && n > 10;
        });
        const irq_timer_counts last = sources::timer_counts(b.m, 0);
        wait_until<threads>([&] { return sources::timer_counts(b.m, 0).expirations > last.expirations + 3; });
        CHECK(last.overruns < last.expirations);
        sources::unwatch_timer(b.m, 0, here);
        REQUIRE(sources::watch_timer(b.m, 0, 1'000'000, 0, here) == 0);
        for (unsigned i = 0; sources::timer_counts(b.m, 0).expirations == 0; ++i) b.m.irqs().set_cpu(0, i % 2);
        b.m.irqs().set_cpu(0, 0);
        CHECK(sources::timer_counts(b.m, 0).expirations == 1);   // once, wherever it was
        sources::unwatch_timer(b.m, 0, here);
        sources::unwatch_fd(p.fd[0], here);
    });
}

// ---- signals --------------------------------------------------------------------------------------------------------

TEST_CASE("irq_from_signal: counts from whom the line is opened to, and from nobody else", "[irq_source][signal]") {
    on_engine<threads>([] {
        board b;
        const int signo = SIGRTMIN + 9;
        const pid_t parent = ::getpid();
        const auto kill_it = [&] { return ::kill(parent, signo) == 0; };
        const auto queue_it = [&] { return ::sigqueue(parent, signo, {}) == 0; };
        const auto refused = [&] { return sources::signal_counts().refused; };
        const auto before = refused();

        REQUIRE(sources::watch_signal(b.m, 0, signo, {}, here) == 0);   // ours alone
        CHECK(in_child(kill_it));
        CHECK(in_child(queue_it));
        wait_until<threads>([&] { return refused() == before + 2; });
        CHECK(kill_it());
        wait_until<threads>([&] { return b.d[0].calls == 1; });
        CHECK(queue_it());   // looks like one of ours, but anybody can make it so
        wait_until<threads>([&] { return refused() == before + 3; });

        REQUIRE(sources::watch_signal(b.m, 1, signo, irq_sender::anybody(), here) == 0);
        CHECK(in_child(kill_it));
        wait_until<threads>([&] { return b.d[1].calls == 1; });
        CHECK(in_child(queue_it));
        wait_until<threads>([&] { return b.d[1].calls == 2; });

        REQUIRE(sources::watch_signal(b.m, 2, signo, irq_sender::user(::getuid()), here) == 0);
        CHECK(in_child(kill_it));
        wait_until<threads>([&] { return b.d[2].calls == 1; });
        REQUIRE(sources::watch_signal(b.m, 2, signo, irq_sender::user(::getuid() + 1), here) == 0);
        CHECK(in_child(kill_it));
        wait_until<threads>([&] { return refused() == before + 4; });

        int go[2];
        REQUIRE(::pipe(go) == 0);
        const pid_t friendly = ::fork();
        if (friendly == 0) {
            char c;
            ::_exit(::read(go[0], &c, 1) == 1 && kill_it() && queue_it() ? 0 : 1);
        }
        REQUIRE(sources::watch_signal(b.m, 3, signo, irq_sender::process(friendly), here) == 0);
        CHECK(in_child(kill_it));   // another one
        wait_until<threads>([&] { return refused() == before + 5; });
        CHECK(b.d[3].calls == 0);
        REQUIRE(::write(go[1], "x", 1) == 1);
        int status = 1;
        while (::waitpid(friendly, &status, 0) < 0 && errno == EINTR) {}
        CHECK(status == 0);
        wait_until<threads>([&] { return b.d[3].calls >= 1; });
        ::close(go[0]), ::close(go[1]);

        const auto spurious = sources::signal_counts().spurious;
        sources::unwatch_signal(signo, here);
        CHECK(in_child(kill_it));   // and we live on
        wait_until<threads>([&] { return sources::signal_counts().spurious == spurious + 1; });
        CHECK(refused() == before + 5);
        b.settle();
        CHECK(b.d[0].calls == 1);
        CHECK(b.d[1].calls == 2);
        CHECK(b.d[2].calls == 1);
    });
}

TEST_CASE("irq_from_signal: is taken though the program has it blocked everywhere", "[irq_source][signal][poll]") {
    on_engine<threads>([] {
        board b;
        const int signo = SIGRTMIN + 10;
        sigset_t set, old;
        ::sigemptyset(&set);
        ::sigaddset(&set, signo);
        ::pthread_sigmask(SIG_BLOCK, &set, &old);
        REQUIRE(sources::watch_signal(b.m, 0, signo, irq_sender::anybody(), here) == 0);
        const pid_t parent = ::getpid();
        CHECK(in_child([&] { return ::kill(parent, signo) == 0; }));
        wait_until<threads>([&] { return b.d[0].calls == 1; });
        sources::unwatch_signal(signo, here);
        ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
    });
}

TEST_CASE("irq_from_signal: refuses what is in use, and what is no signal for it", "[irq_source][signal]") {
    on_engine<threads>([] {
        board b;
        struct sigaction sa = {}, old;
        sa.sa_handler = [](int) {};
        REQUIRE(::sigaction(SIGUSR2, &sa, &old) == 0);
        CHECK(sources::watch_signal(b.m, 0, SIGUSR2, {}, here) == -EBUSY);
        CHECK(reports::take("irq_from_signal: the program, or this library, uses signal"));
        sa.sa_handler = SIG_IGN;
        REQUIRE(::sigaction(SIGUSR2, &sa, nullptr) == 0);
        CHECK(sources::watch_signal(b.m, 0, SIGUSR2, {}, here) == -EBUSY);
        CHECK(reports::take("irq_from_signal: the program, or this library, uses signal"));
        ::sigaction(SIGUSR2, &old, nullptr);
        for (const int sig : {threads::doorbell_signal(), threads::fd_signal(), SIGIO}) {
            CHECK(sources::watch_signal(b.m, 0, sig, {}, here) == -EBUSY);
            CHECK(reports::take("irq_from_signal: the program, or this library, uses signal"));
        }
        for (const int sig : {0, -1, 65, SIGKILL, SIGSTOP, SIGSEGV, 32})
            CHECK(sources::watch_signal(b.m, 0, sig, {}, here) == -EINVAL);
        CHECK(sources::watch_signal(b.m, nr_irqs, SIGUSR2, {}, here) == -EINVAL);
    });
}

TEST_CASE("irq_from_signal_end, irq_from_timer_end: wait for a handler that is on its way to the line",
          "[irq_source][signal][timer]") {
    on_engine<threads>([] {
        board b;
        REQUIRE(sources::watch_signal(b.m, 0, SIGRTMIN + 9, {}, here) == 0);
        REQUIRE(sources::watch_timer(b.m, 1, 1'000'000'000'000, 0, here) == 0);
        for (const bool timer : {false, true}) {
            std::atomic<bool> go{false}, ended{false};
            auto other = support::call<threads>([&] {
                wait_until<threads>([&] { return go.load(); });
                timer ? sources::unwatch_timer(b.m, 1, here) : sources::unwatch_signal(SIGRTMIN + 9, here);
                ended = true;
            });
            {
                const arch::detail::uses_source as_a_handler;
                go = true;
                for (unsigned round = 0; round < 100; ++round) threads::relax(round);
                CHECK_FALSE(ended);
            }
            other.join();
            CHECK(ended);
        }
    });
}

TEST_CASE("irq_sender: what says nothing of its sender is from nobody but anyone", "[irq_source][signal]") {
    siginfo_t info{};
    info.si_pid = 7;
    info.si_uid = 9;
    const auto is_from = [&](int code, const irq_sender& whom) {
        info.si_code = code;
        return arch::detail::is_from(info, arch::detail::in_one_word(whom));
    };
    const irq_sender process{irq_sender::one_process, 7}, user{irq_sender::one_user, 9};
    for (const int code : {SI_USER, SI_TKILL, SI_QUEUE}) {
        CHECK(is_from(code, process));
        CHECK(is_from(code, user));
        CHECK_FALSE(is_from(code, {irq_sender::one_process, 8}));
        CHECK_FALSE(is_from(code, {irq_sender::one_user, 8}));
    }
    for (const int code : {SI_TIMER, SI_MESGQ, SI_ASYNCIO, SI_KERNEL}) {
        CHECK_FALSE(is_from(code, process));
        CHECK_FALSE(is_from(code, user));
        CHECK(is_from(code, irq_sender::anybody()));
    }
}

TEST_CASE("irq_from_signal: ends with its machine", "[irq_source][signal][machine]") {
    on_engine<threads>([] {
        const int signo = SIGRTMIN + 9;
        for (int i = 0; i < 10; ++i) {
            scoped_machine<threads> m{{.cpus = 1}};
            REQUIRE(sources::watch_signal(m, 0, signo, irq_sender::anybody(), here) == 0);
            ::kill(::getpid(), signo);   // on its way, or not, as the machine goes
        }
        board b;
        const auto spurious = sources::signal_counts().spurious;
        ::raise(signo);
        CHECK(sources::signal_counts().spurious >= spurious + 1);
        b.settle();
        CHECK(b.d[0].calls == 0);
    });
}

TEST_CASE("a forged doorbell, a forged fd, a forged timer: counted, and nothing more", "[irq_source][signal][forged]") {
    on_engine<threads>([] {
        board b;
        REQUIRE(sources::watch_timer(b.m, 0, 3'600'000'000'000, 0, here) == 0);   // in an hour
        a_pipe p;
        REQUIRE(sources::watch_fd(b.m, 1, p.fd[0], here) == 0);
        const pid_t parent = ::getpid();
        const std::int32_t cpu0 = std::atomic_ref(b.m.port(0).thread).load();
        const auto forge = [&](int signo, int code, int value) {
            siginfo_t info;
            std::memset(&info, 0, sizeof info);
            info.si_signo = signo;
            info.si_code = code;
            info.si_pid = parent;
            info.si_value.sival_int = value;
            return ::syscall(SYS_rt_tgsigqueueinfo, parent, cpu0, signo, &info) == 0;
        };
        const auto counted = [&](auto f) {   // f() sends one
            const auto before = sources::signal_counts().spurious;
            const bool sent = in_child(f);
            wait_until<threads>([&] { return sources::signal_counts().spurious > before; });
            return sent && sources::signal_counts().spurious == before + 1;
        };
        CHECK(counted([&] { return ::kill(parent, threads::doorbell_signal()) == 0; }));
        CHECK(counted([&] { return ::syscall(SYS_tgkill, parent, cpu0, threads::doorbell_signal()) == 0; }));
        CHECK(counted([&] { return forge(threads::doorbell_signal(), SI_QUEUE, 0); }));
        CHECK(counted([&] { return ::kill(parent, threads::fd_signal()) == 0; }));
        CHECK(counted([&] { return ::syscall(SYS_tgkill, parent, cpu0, threads::fd_signal()) == 0; }));
        CHECK(counted([&] { return forge(threads::fd_signal(), SI_SIGIO, 0); }));
        CHECK_FALSE(in_child([&] { return forge(threads::fd_signal(), POLL_IN, 0); }));   // the kernel's alone
#if !BOTTOMHALF_TSAN   // there any of them is a reason to look at all timers, and this one is not due
        CHECK(counted([&] { return forge(threads::fd_signal(), SI_TIMER, 63); }));   // of no timer
        CHECK(in_child([&] {                                                         // whichever it is
            bool sent = true;
            for (int mark = 0; mark < 64 * 400; ++mark)
                if (mark % 64 < 4) sent = forge(threads::fd_signal(), SI_TIMER, mark) && sent;
            return sent;
        }));
#endif
        b.settle();
        CHECK(b.d[0].calls == 0);
        CHECK(b.d[1].calls == 0);
        CHECK(sources::timer_counts(b.m, 0).expirations == 0);
        const auto before = sources::signal_counts().spurious;
        for (int i = 1; i <= 20; ++i) {   // our own are none of these
            b.m.irqs().raise(2);
            wait_until<threads>([&] { return b.d[2].calls == i; });
        }
        CHECK(sources::signal_counts().spurious == before);
        sources::unwatch_timer(b.m, 0, here);
        sources::unwatch_fd(p.fd[0], here);
    });
}

// ---- the simulator --------------------------------------------------------------------------------------------------

TEST_CASE("irq_from_fd, irq_from_timer, irq_from_signal: not in the simulator, which says so", "[irq_source][sim]") {
    on_engine<arch::sim>([] {
        scoped_machine<arch::sim> m{{.cpus = 1}};
        using simulated = irq_sources<arch::sim>;
        CHECK(simulated::watch_fd(m, 0, 0, here) == -EOPNOTSUPP);
        CHECK(reports::take("irq_from_fd: there are no files"));
        CHECK(simulated::watch_timer(m, 0, 0, 0, here) == -EOPNOTSUPP);
        CHECK(reports::take("irq_from_timer: there are no files"));
        CHECK(simulated::watch_signal(m, 0, 10, {}, here) == -EOPNOTSUPP);
        CHECK(reports::take("irq_from_signal: there are no files"));
        simulated::unwatch_fd(0, here);
        simulated::unwatch_timer(m, 0, here);
        simulated::unwatch_signal(10, here);
        CHECK(simulated::timer_counts(m, 0).expirations == 0);
        CHECK(m.irqs().raise(0));   // this is the source there
    });
}
