// SPDX-License-Identifier: MIT
//
// printk() and kmalloc() of 2.6 in a top half: see top_half.hpp.
#include "top_half.hpp"

namespace {

void softly(unsigned long) { top_half::in_tasklet(); }
DECLARE_TASKLET(task, softly, 0);

irqreturn_t hard(int, void*, struct pt_regs*) {
    top_half::in_top_half();
    tasklet_schedule(&task);
    return IRQ_HANDLED;
}

}   // namespace

TEST_CASE("printk and kmalloc of 2.6 in a top half that interrupts malloc and stdio", "[irq][printk][slab][stress]") {
    static int device;
    REQUIRE(request_irq(7, hard, 0, "stress", &device) == 0);
    top_half::run(7, [] { tasklet_kill(&task); });
    free_irq(7, &device);
}
