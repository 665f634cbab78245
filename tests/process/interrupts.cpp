// SPDX-License-Identifier: MIT
//
// Interrupts in whole programs: raised before anybody has asked for a line; a thread of a line that never returns; a top
// half that says something for the first time as the program ends.
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/workqueue.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

static DECLARE_COMPLETION(handled);
static DECLARE_COMPLETION(in_handler);
static int dev;

static irqreturn_t complete_it(int, void*) {
    complete(&handled);
    return IRQ_HANDLED;
}
static irqreturn_t never_returns(int, void*) {
    complete(&in_handler);
    while (true) msleep(1000);
}

static std::atomic<int> said{0};
static irqreturn_t says(int, void*) {
    printk("from a top half\n");
    ++said;
    return IRQ_HANDLED;
}
/// The first line has the thread started that prints them; the second one, and the end, come at any time after that.
static int says_and_ends(unsigned rounds) {
    if (request_irq(3, says, 0, "says", &dev) != 0) return 2;
    bottomhalf::linux6::raise_irq(3);
    while (said == 0) {}
    for (unsigned i = 0; i < rounds; ++i) asm volatile("");
    bottomhalf::linux6::raise_irq(3);
    while (said < 2) {}
    return 7;
}

int main(int argc, char** argv) {
    if (argc > 1 && std::strcmp(argv[1], "stuck") == 0) {
        if (request_threaded_irq(3, nullptr, never_returns, IRQF_ONESHOT, "stuck", &dev) != 0) return 2;
        bottomhalf::linux6::raise_irq(3);
        wait_for_completion(&in_handler);
        return 7;
    }
    if (argc > 2) return says_and_ends(static_cast<unsigned>(std::atoi(argv[2])));
    if (argc > 1 && std::strcmp(argv[1], "says") == 0) {
        for (unsigned i = 0; i < 40; ++i) {
            if (::fork() == 0) {
                const std::string after = std::to_string(i * 4000);
                ::execl("/proc/self/exe", "interrupts", "says", after.c_str(), nullptr);
                ::_exit(1);
            }
            int status = 0;
            if (::wait(&status) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 7) return 5;
        }
        return 7;
    }
    // The machine is up and its CPUs take interrupts, but nobody has a line.
    disable_irq(3);
    enable_irq(3);
    if (!bottomhalf::linux6::raise_irq(5)) return 3;
    local_irq_disable();   // of another thread than that which takes them
    bottomhalf::linux6::raise_irq(5);
    local_irq_enable();
    if (request_irq(5, complete_it, 0, "late", &dev) != 0) return 4;
    wait_for_completion(&handled);   // the edge that was kept
    free_irq(5, &dev);
    return 7;
}
