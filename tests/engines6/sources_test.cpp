// SPDX-License-Identifier: MIT
// <linux/bottomhalf_sources.h> on either engine: what raises lines on threads is refused in the simulator, with a word.
#include "support/facade.hpp"

#include <csignal>

#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/completion.h>
#include <linux/interrupt.h>

namespace kernel = bottomhalf::linux6;
using support::on_this_engine;
using support::reports;

namespace {
struct completion interrupted;
int mine;   // a dev_id
irqreturn_t top_half(int, void*) {
    complete(&interrupted);
    return IRQ_HANDLED;
}
}   // namespace

#if defined(BOTTOMHALF_SIM)

TEST_CASE("irq_from_...: the simulator has none of them", "[linux6][irq_source]") {
    on_this_engine([] {
        init_completion(&interrupted);
        REQUIRE(request_irq(5, top_half, 0, "test", &mine) == 0);
        CHECK(kernel::irq_from_fd(5, 0) == -EOPNOTSUPP);
        CHECK(kernel::irq_from_timer(5, 1, 1) == -EOPNOTSUPP);
        CHECK(kernel::irq_from_signal(5, 10) == -EOPNOTSUPP);
        CHECK(reports::take_all("in the simulator: raise the line") == 3);
        kernel::irq_from_fd_end(0);
        kernel::irq_from_timer_end(5);
        kernel::irq_from_signal_end(10);
        CHECK(kernel::irq_from_timer_counts(5).expirations == 0);
        kernel::raise_irq(5);
        wait_for_completion(&interrupted);
        free_irq(5, &mine);
    });
}

#else

TEST_CASE("irq_from_...: a file, a timer and a signal raise the line of a driver", "[linux6][irq_source]") {
    on_this_engine([] {
        init_completion(&interrupted);
        REQUIRE(request_irq(5, top_half, 0, "test", &mine) == 0);
        const int fd = ::eventfd(1, EFD_NONBLOCK);
        REQUIRE(kernel::irq_from_fd(5, fd) == 0);
        wait_for_completion(&interrupted);
        kernel::irq_from_fd_end(fd);
        ::close(fd);

        REQUIRE(kernel::irq_from_timer(5, 1000, 0) == 0);
        wait_for_completion(&interrupted);
        CHECK(kernel::irq_from_timer_counts(5).expirations == 1);
        kernel::irq_from_timer_end(5);

        REQUIRE(kernel::irq_from_signal(5, SIGUSR1) == 0);
        ::raise(SIGUSR1);
        wait_for_completion(&interrupted);
        const auto before = kernel::irq_from_signal_counts();
        kernel::irq_from_signal_end(SIGUSR1);
        ::raise(SIGUSR1);   // does nothing
        CHECK(kernel::irq_from_signal_counts().spurious == before.spurious + 1);
        free_irq(5, &mine);
    });
}

#endif
