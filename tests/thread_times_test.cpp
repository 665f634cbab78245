// SPDX-License-Identifier: MIT
//
// arch/thread_times.hpp: how long another thread has computed, and whether it sleeps.
#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <thread>

#include <sys/syscall.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/engine.hpp"

namespace arch = bottomhalf::arch;
using arch::threads;
using support::wait_until;

namespace {

std::int32_t my_id() { return static_cast<std::int32_t>(::syscall(SYS_gettid)); }

/// Ends when somebody writes to it.
struct a_pipe {
    int fd[2] = {-1, -1};
    a_pipe() { REQUIRE(::pipe(fd) == 0); }
    ~a_pipe() { ::close(fd[0]), ::close(fd[1]); }
    a_pipe(const a_pipe&) = delete;
    a_pipe& operator=(const a_pipe&) = delete;
    void wait() const {
        char c;
        CHECK(::read(fd[0], &c, 1) == 1);
    }
    void write() const { CHECK(::write(fd[1], "x", 1) == 1); }
};

}   // namespace

TEST_CASE("a thread that computes, and one that sleeps, are told from each other", "[threads]") {
    a_pipe end;
    std::atomic<std::int32_t> sleeper{0}, spinner{0};
    std::atomic<bool> over{false};
    std::thread sleeps([&] {
        sleeper = my_id();
        end.wait();
    });
    std::thread spins([&] {
        ::pthread_setname_np(::pthread_self(), "S) S (");   // as a state looks
        spinner = my_id();
        while (!over) {}
    });
    wait_until<threads>([&] { return sleeper != 0 && spinner != 0; });
    wait_until<threads>([&] { return arch::detail::is_asleep(sleeper); });
    wait_until<threads>([&] { return arch::detail::computed_by(spinner) > 1'000'000; });
    CHECK_FALSE(arch::detail::is_asleep(spinner));   // though it may wait for a CPU
    CHECK(arch::detail::is_asleep(sleeper));
    const arch::ns_t slept_at = arch::detail::computed_by(sleeper);
    const arch::ns_t spun = arch::detail::computed_by(spinner);
    wait_until<threads>([&] { return arch::detail::computed_by(spinner) > spun + 1'000'000; });
    CHECK(arch::detail::computed_by(sleeper) == slept_at);
    constexpr std::int32_t nobody = 0x3f'fff0;   // as good as never given
    over = true;
    end.write();
    sleeps.join(), spins.join();
    CHECK(arch::detail::computed_by(nobody) == 0);
    CHECK(arch::detail::is_asleep(nobody));
}
