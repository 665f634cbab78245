// SPDX-License-Identifier: MIT
// Which bottom half suits?  The same top half leaves the rest to each kind of them, and says how long that took: until it ran
// (median and worst of as many interrupts, from the raise), and what deferring it cost the top half.  The counts are the same
// everywhere; the times are those of the machine that this ran on.
//
//   bottom half            runs  raise->it, us: median  worst   deferring, ns
//   tasklet                1000                     ..     ..              ..
//   BH work queue          1000
//   work queue             1000
//   high priority queue    1000
//   threaded handler       1000
//   timer of 0               50   (at the next tick, hence fewer)
//   each interrupt had its bottom half, in a context that suits
//
// target: linux
// expect: tasklet +1000.*BH work queue +1000.*timer of 0 +50.*each interrupt had its bottom half, in a context that suits
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include <linux/timekeeping.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <algorithm>
#include <cstdio>
#include <vector>

enum { line = 5 };

static ktime_t raised;                     // by main, before the raise
static std::vector<ktime_t> late, costs;   // of the bottom half, and of the top half
static struct completion done;
static int unsuitable;   // bottom halves that could sleep and should not, or the other way round

/// What every bottom half does.
static void bottom(bool may_sleep) {
    late.push_back(ktime_get() - raised);
    if (may_sleep != static_cast<bool>(in_task())) ++unsuitable;
    complete(&done);
}

static void by_tasklet(struct tasklet_struct*) { bottom(false); }
static void by_bh_work(struct work_struct*) { bottom(false); }
static void by_work(struct work_struct*) { bottom(true); }
static void by_timer(struct timer_list*) { bottom(false); }
static irqreturn_t by_thread(int, void*) { return bottom(true), IRQ_HANDLED; }

static DECLARE_TASKLET(tasklet, by_tasklet);
static DECLARE_WORK(bh_work, by_bh_work);
static DECLARE_WORK(work, by_work);
static DEFINE_TIMER(timer, by_timer);

struct kind {
    const char* name;
    unsigned interrupts;
    void (*defer)();   // null: the interrupt's own thread
};
static const kind kinds[] = {
    {"tasklet", 1000, [] { tasklet_schedule(&tasklet); }},
    {"BH work queue", 1000, [] { queue_work(system_bh_wq, &bh_work); }},
    {"work queue", 1000, [] { schedule_work(&work); }},
    {"high priority queue", 1000, [] { queue_work(system_highpri_wq, &work); }},
    {"threaded handler", 1000, nullptr},
    {"timer of 0", 50, [] { mod_timer(&timer, jiffies); }},
};

static irqreturn_t top(int, void* dev_id) {
    const auto* k = static_cast<const kind*>(dev_id);
    if (k->defer == nullptr) return IRQ_WAKE_THREAD;
    const ktime_t begin = ktime_get();
    k->defer();
    costs.push_back(ktime_get() - begin);
    return IRQ_HANDLED;
}

static ktime_t median(std::vector<ktime_t>& times) {
    std::sort(times.begin(), times.end());
    return times.empty() ? 0 : times[times.size() / 2];
}

int main() {
    bool all = true;
    init_completion(&done);
    std::printf("bottom half            runs  raise->it, us: median  worst   deferring, ns\n");
    for (const kind& k : kinds) {
        late.clear(), costs.clear();
        late.reserve(k.interrupts), costs.reserve(k.interrupts);   // a top half may not allocate
        if (request_threaded_irq(line, top, k.defer != nullptr ? nullptr : by_thread, 0, "example",
                                 const_cast<kind*>(&k)) != 0)
            return 1;
        for (unsigned i = 0; i < k.interrupts; ++i) {
            raised = ktime_get();
            bottomhalf::linux6::raise_irq(line);
            wait_for_completion(&done);
        }
        free_irq(line, const_cast<kind*>(&k));
        all = all && late.size() == k.interrupts;
        const ktime_t middle = median(late), cost = median(costs);
        std::printf("%-20s %6zu %24.1f %6.0f", k.name, late.size(), static_cast<double>(middle) / 1000,
                    static_cast<double>(late.back()) / 1000);
        if (k.defer != nullptr)
            std::printf("%16lld\n", static_cast<long long>(cost));
        else
            std::printf("%16s\n", "-");   // that is the return value
    }
    tasklet_kill(&tasklet);
    timer_delete_sync(&timer);
    if (all && unsuitable == 0) std::printf("each interrupt had its bottom half, in a context that suits\n");
}
