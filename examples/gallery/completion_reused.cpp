// SPDX-License-Identifier: MIT
// complete_all() opens a door that stays open: the second command does not wait for its answer.
//
// target: linux sim
#include <linux/completion.h>
#include <linux/interrupt.h>

#include "gallery.hpp"

using gallery::fixed;

static struct completion answered;
static int asked, answer;

static irqreturn_t answers(int, void*) {
    WRITE_ONCE(answer, READ_ONCE(asked));
    complete_all(&answered);   // there may be several who wait for it
    return IRQ_HANDLED;
}
static int command(int what) {
    if (fixed) reinit_completion(&answered);
    WRITE_ONCE(asked, what);
    gallery::sim::actor device("device", [] { bottomhalf::linux6::raise_irq(5); });
    wait_for_completion(&answered);
    return READ_ONCE(answer);
}

static void story() {
    init_completion(&answered);
    asked = answer = 0;
    if (request_irq(5, answers, 0, "mailbox", &answered) != 0) std::abort();
    gallery::sim::expect(command(1) == 1, "the answer to another command");
    gallery::sim::expect(command(2) == 2, "the answer to another command");
    free_irq(5, &answered);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "a completion used again without reinit_completion()", story);
}
