// SPDX-License-Identifier: MIT
// <linux/bottomhalf_sources.h>: an eventfd, a timer and a signal as interrupt lines of 2.6's interface.
#include "linux26/support.hpp"

#include <csignal>

#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/completion.h>
#include <linux/interrupt.h>

namespace kernel = bottomhalf::linux26;

namespace {
DECLARE_COMPLETION(interrupted);
int mine;   // a dev_id
irqreturn_t top_half(int, void*, struct pt_regs*) {
    complete(&interrupted);
    return IRQ_HANDLED;
}
}   // namespace

TEST_CASE("irq_from_...: a file, a timer and a signal raise the line of a driver", "[linux26][irq_source]") {
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
}
