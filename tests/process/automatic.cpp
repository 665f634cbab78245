// SPDX-License-Identifier: MIT
//
// INIT_WORK() and init_timer() look at memory before they write it, to find an item that is pending by mistake.  On the
// stack, with optimisation, that must not cost the rest of the function.
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <cstdio>

namespace {

void handler(void*) { std::fputs("ran\n", stderr); }
void expired(unsigned long done) {
    std::fputs("time is up\n", stderr);
    complete(reinterpret_cast<struct completion*>(done));
}

}   // namespace

int main() {
    struct work_struct w;
    INIT_WORK(&w, handler, nullptr);
    schedule_work(&w);
    flush_scheduled_work();

    struct completion done;
    init_completion(&done);
    struct timer_list t;
    init_timer(&t);
    t.function = expired;
    t.data = reinterpret_cast<unsigned long>(&done);
    mod_timer(&t, jiffies + 1);
    wait_for_completion(&done);
    del_timer_sync(&t);
    std::fputs("end\n", stderr);
    return 0;
}
