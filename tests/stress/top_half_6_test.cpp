// SPDX-License-Identifier: MIT
//
// Today's printk() and kmalloc() in a top half: see top_half.hpp.
#include "top_half.hpp"

namespace {

void softly(struct tasklet_struct*) { top_half::in_tasklet(); }
DECLARE_TASKLET(task, softly);

irqreturn_t hard(int, void*) {
    top_half::in_top_half();
    tasklet_schedule(&task);
    return IRQ_HANDLED;
}

}   // namespace

TEST_CASE("printk and kmalloc of linux-6 in a top half that interrupts malloc and stdio",
          "[irq][printk][slab][stress]") {
    static int device;
    REQUIRE(request_irq(7, hard, 0, "stress", &device) == 0);
    top_half::run(7, [] { tasklet_kill(&task); });
    free_irq(7, &device);
}
