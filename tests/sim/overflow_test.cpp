// SPDX-License-Identifier: MIT
//
// stack_guard.hpp: what a task that has used up its stack leaves behind; each in a process of its own, which dies of it.
#include "support/catch.hpp"

#include <csignal>
#include <cstring>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include <bottomhalf/arch/sim.hpp>

using bottomhalf::arch::sim;

namespace {

struct ended {
    int status = -1;
    std::string said;

    [[nodiscard]] bool died() const { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV; }
    [[nodiscard]] bool has(const char* text) const { return said.find(text) != std::string::npos; }
};

/// body() in a child, with nobody's handler, and no stack for one.
ended in_child(void (*body)()) {
    int fds[2];
    REQUIRE(::pipe(fds) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(fds[1], STDERR_FILENO);
        ::close(fds[0]);
        ::close(fds[1]);
        std::signal(SIGSEGV, SIG_DFL);
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
        body();
        ::_exit(0);
    }
    ::close(fds[1]);
    ended e;
    char buffer[512];
    for (ssize_t n; (n = ::read(fds[0], buffer, sizeof buffer)) > 0;)
        e.said.append(buffer, static_cast<std::size_t>(n));
    ::close(fds[0]);
    ::waitpid(child, &e.status, 0);
    return e;
}

/// So deep that no stack is deep enough.
__attribute__((noinline)) int deeper(int n) {
    volatile char frame[1024];
    frame[0] = static_cast<char>(n);
    return n == 0 ? 0 : deeper(n - 1) + frame[0];
}
volatile int very = 1'000'000;

void overflow(void*) { very = deeper(very); }
void strike_null(void*) { *const_cast<volatile int*>(static_cast<int*>(nullptr)) = 1; }   // NOLINT: that is the point

void look_for_a_watch(void*) {
    struct sigaction within {};
    ::sigaction(SIGSEGV, nullptr, &within);
    if ((within.sa_flags & SA_ONSTACK) == 0) bottomhalf::arch::write_stderr("nobody watches\n", 15);
}
void kill_myself(void*) { ::kill(::getpid(), SIGSEGV); }

template <void (*Deed)(void*)>
void by_a_task() {
    sim::world w;
    w.run([] {
        sim::thread t;
        if (!sim::spawn(t, 0, "deep", false, Deed, nullptr)) std::abort();
        sim::join(t);
    });
}
void say(const char* text) { bottomhalf::arch::write_stderr(text, std::strlen(text)); }

}   // namespace

TEST_CASE("a task that overflows its stack: it is said whose, and the process dies of it", "[sim][overflow]") {
    const ended e = in_child(&by_a_task<&overflow>);
    INFO(e.said);
    CHECK(e.died());
    CHECK(e.has("BUG: TASK stack guard page was hit at 0x"));
    CHECK(e.has("kernel stack overflow: deep/2: "));
}

TEST_CASE("the body of a world overflows its stack, too", "[sim][overflow]") {
    const ended e = in_child([] {
        sim::world w;
        w.run([] { overflow(nullptr); });
    });
    INFO(e.said);
    CHECK(e.died());
    CHECK(e.has("kernel stack overflow: main/1: "));
}

TEST_CASE("another fault is no overflow", "[sim][overflow]") {
    const ended e = in_child(&by_a_task<&strike_null>);
    INFO(e.said);
    CHECK(e.died());
    CHECK(e.said.empty());
}

TEST_CASE("an overflow: whoever has the signal already comes next", "[sim][overflow]") {
    for (const bool with_info : {false, true}) {
        static bool info;
        info = with_info;
        const ended e = in_child([] {
            struct sigaction a {};
            if (info) {
                a.sa_flags = SA_SIGINFO;
                a.sa_sigaction = [](int, siginfo_t* i, void* context) {
                    say(i->si_addr != nullptr && context != nullptr ? "so am I\n" : "nothing\n");
                    ::_exit(7);
                };
            } else {
                a.sa_handler = [](int signal) {
                    say(signal == SIGSEGV ? "so am I\n" : "nothing\n");
                    ::_exit(7);
                };
            }
            ::sigaction(SIGSEGV, &a, nullptr);
            by_a_task<&overflow>();
        });
        INFO(e.said);
        CHECK((WIFEXITED(e.status) && WEXITSTATUS(e.status) == 7));
        const std::size_t first = e.said.find("kernel stack overflow"), then = e.said.find("so am I");
        CHECK(first != std::string::npos);
        CHECK(then != std::string::npos);
        CHECK(first < then);
    }
}

TEST_CASE("the end of a world leaves the signal as it was", "[sim][overflow]") {
    const ended e = in_child([] {
        struct sigaction mine {
        }, now{};
        mine.sa_handler = [](int) { ::_exit(7); };
        ::sigaction(SIGSEGV, &mine, nullptr);
        by_a_task<&look_for_a_watch>();
        ::sigaction(SIGSEGV, nullptr, &now);
        if (now.sa_handler != mine.sa_handler || (now.sa_flags & SA_SIGINFO) != 0) say("not as it was\n");
    });
    INFO(e.said);
    CHECK(e.said.empty());
    CHECK((WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0));
}

TEST_CASE("a signal that somebody sends is his, as without a world", "[sim][overflow]") {
    CHECK(in_child(&by_a_task<&kill_myself>).died());
    const ended e = in_child([] {
        std::signal(SIGSEGV, SIG_IGN);
        by_a_task<&kill_myself>();
    });
    CHECK((WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0));
}
