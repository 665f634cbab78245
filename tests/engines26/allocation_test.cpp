// SPDX-License-Identifier: MIT
// What the structs of 2.6 cost: their sizes, and that using them, once all is set up, allocates nothing.
#include "support/facade.hpp"

#include "support/allocations.hpp"

#include <atomic>

#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

using support::allocates_nothing;
using support::engine;
using support::on_this_engine;
using support::wait_until;

#if defined(__x86_64__)
static_assert(sizeof(struct work_struct) == 96);   // the budget; with its data and its timer
static_assert(sizeof(struct timer_list) == 64);
static_assert(sizeof(struct tasklet_struct) == 48);
static_assert(sizeof(struct completion) == 4);
static_assert(sizeof(wait_queue_head_t) == 24);
static_assert(sizeof(wait_queue_t) == 32);
#endif

namespace {

std::atomic<int> runs;
void count(void*) { ++runs; }
void count_long(unsigned long) { ++runs; }

void wait_for(int n) {
    wait_until<engine>([n] { return runs >= n; });
}

}   // namespace

TEST_CASE("an item, a timer, a tasklet of 2.6: no allocation per use", "[linux26][allocation]") {
    on_this_engine([] {
        runs = 0;
        struct workqueue_struct* many = create_workqueue("many");
        struct workqueue_struct* one = create_singlethread_workqueue("one");
        struct work_struct work;
        INIT_WORK(&work, count, nullptr);
        for (struct workqueue_struct* q : {many, one})
            allocates_nothing("work_struct", [&] {
                const int n = runs + 2;
                queue_work(q, &work);
                flush_workqueue(q);
                queue_delayed_work(q, &work, 1000 * HZ);
                cancel_delayed_work(&work);
                queue_delayed_work(q, &work, 1);
                wait_for(n);
                flush_workqueue(q);
            });
        allocates_nothing("schedule_work", [&] {
            schedule_work(&work);
            flush_scheduled_work();
        });
        struct timer_list timer;
        init_timer(&timer);
        timer.function = count_long;
        timer.data = 0;
        allocates_nothing("timer_list", [&] {
            const int n = runs + 1;
            mod_timer(&timer, jiffies + 1);
            wait_for(n);
            mod_timer(&timer, jiffies + 1000 * HZ);
            del_timer_sync(&timer);
        });
        struct tasklet_struct tasklet;
        tasklet_init(&tasklet, count_long, 0);
        allocates_nothing("tasklet_struct", [&] {
            tasklet_schedule(&tasklet);
            tasklet_kill(&tasklet);
        });
        static struct completion done;
        init_completion(&done);
        struct work_struct completes;
        INIT_WORK(
            &completes, [](void*) { complete(&done); }, nullptr);
        allocates_nothing("completion", [&] {
            INIT_COMPLETION(done);
            schedule_work(&completes);
            wait_for_completion(&done);
            flush_scheduled_work();
        });
        destroy_workqueue(many);
        destroy_workqueue(one);
    });
}
