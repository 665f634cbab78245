// SPDX-License-Identifier: MIT
//
// <linux/module.h>, and a driver as one was written in 2005; items that are used before main() and after it.
#include "linux26/support.hpp"

#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include <asm/semaphore.h>
#include <linux/completion.h>
#include <linux/config.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/version.h>
#include <linux/workqueue.h>

using bottomhalf::linux26::load_modules;
using bottomhalf::linux26::unload_modules;
using bottomhalf::linux26::impl::module_entry;
using support::counter;
using support::gate;
using support::reports;

// ---- items of static lifetime --------------------------------------------------------------------------------------

namespace {

counter early_runs;
void early(void*) { early_runs.hit(); }
constinit DECLARE_WORK(early_item, early, nullptr);   // a constant: there before any constructor runs

/// Made before the machine boots, hence destroyed after it has stopped: the machine starts once more for it.
struct outlives_the_machine {
    ~outlives_the_machine() {
        const int before = early_runs.get();
        if (schedule_work(&early_item) != 1) std::abort();
        flush_scheduled_work();
        if (early_runs.get() != before + 1) std::abort();
    }
} last_user;

struct uses_before_main {
    int queued = schedule_work(&early_item);
} first_user;

}   // namespace

TEST_CASE("a static item can be queued before main()", "[workqueue][static]") {
    CHECK(first_user.queued == 1);
    flush_scheduled_work();
    CHECK(early_runs.get() == 1);
}

// ---- the driver, as it would be in drivers/char

// clang-format off: in the kernel's style

#define MY_MAX 16

struct my_event {
    struct list_head list;
    int number;
};

struct my_device {
    spinlock_t lock;
    struct list_head events;
    struct work_struct work;
    struct semaphore sem;
    int handled;
    int irq;
};

static struct my_device* my_dev;
static int my_irq = 7;
static char* my_name = const_cast<char*>("mydev");
static struct workqueue_struct* my_wq;
static int poll_count;
static DECLARE_COMPLETION(my_polled);
static void my_poll(void* data);
static DECLARE_WORK(my_poll_work, my_poll, &poll_count);

module_param(my_irq, int, 0444);
MODULE_PARM_DESC(my_irq, "interrupt line");
module_param(my_name, charp, 0444);

static void my_poll(void* data) {
    int* count = (int*)data;

    if (++*count < 3)
        queue_delayed_work(my_wq, &my_poll_work, 1);
    else
        complete(&my_polled);
}

static void my_bottom_half(void* data) {
    struct my_device* dev = (struct my_device*)data;
    struct my_event *event, *next;
    unsigned long flags;
    LIST_HEAD(todo);

    spin_lock_irqsave(&dev->lock, flags);
    list_splice_init(&dev->events, &todo);
    spin_unlock_irqrestore(&dev->lock, flags);

    down(&dev->sem);
    list_for_each_entry_safe(event, next, &todo, list) {
        list_del(&event->list);
        kfree(event);
        dev->handled++;
    }
    up(&dev->sem);
}

static irqreturn_t my_interrupt(int, void* dev_id, struct pt_regs*) {
    struct my_device* dev = (struct my_device*)dev_id;
    struct my_event* event;

    event = kmalloc(sizeof(*event), GFP_ATOMIC);
    if (!event) return IRQ_NONE;
    event->number = dev->handled;

    spin_lock(&dev->lock);
    list_add_tail(&event->list, &dev->events);
    spin_unlock(&dev->lock);

    schedule_work(&dev->work);
    return IRQ_HANDLED;
}

static int __init my_init(void) {
    int err = -ENOMEM;

    my_dev = kmalloc(sizeof(*my_dev), GFP_KERNEL);
    if (!my_dev) goto out;
    memset(my_dev, 0, sizeof(*my_dev));
    spin_lock_init(&my_dev->lock);
    INIT_LIST_HEAD(&my_dev->events);
    init_MUTEX(&my_dev->sem);
    INIT_WORK(&my_dev->work, my_bottom_half, my_dev);
    my_dev->irq = my_irq;
    poll_count = 0;

    my_wq = create_singlethread_workqueue("mydev");
    if (!my_wq) goto out_free;

    err = request_irq(static_cast<unsigned>(my_irq), my_interrupt, SA_SHIRQ, my_name, my_dev);
    if (err) goto out_wq;

    queue_delayed_work(my_wq, &my_poll_work, 1);
    return 0;

out_wq:
    destroy_workqueue(my_wq);
out_free:
    kfree(my_dev);
out:
    return err;
}

static void __exit my_exit(void) {
    free_irq(static_cast<unsigned>(my_irq), my_dev);
    flush_scheduled_work();
    wait_for_completion(&my_polled);
    destroy_workqueue(my_wq);
    kfree(my_dev);
}

module_init(my_init);
module_exit(my_exit);

MODULE_AUTHOR("nobody");
MODULE_DESCRIPTION("an interrupt, a bottom half, and a delayed poll");
MODULE_LICENSE("GPL");
// clang-format on

TEST_CASE("an ordinary driver loads, works, and leaves nothing behind", "[module]") {
    reports said;
    REQUIRE(load_modules() == 0);
    for (int i = 1; i <= 20; ++i) {
        bottomhalf::linux26::raise_irq(static_cast<unsigned>(my_irq));
        for (int handled = 0; handled < i;) {
            flush_scheduled_work();
            down(&my_dev->sem);
            handled = my_dev->handled;
            up(&my_dev->sem);
        }
    }
    unload_modules();
    CHECK(poll_count == 3);
    INFO(reports::list());
    CHECK(reports::count() == 0);
}

// ---- modules that do it wrong --------------------------------------------------------------------------------------

namespace {

enum class leave { nothing, queued, delayed, running, timer, tasklet, irq };
leave what = leave::nothing;
gate* held = nullptr;
workqueue_struct* left_on;
int steps[4], n_steps;

void left_handler(void* g) {
    if (g != nullptr) static_cast<gate*>(g)->pass();
}
void left_timer(unsigned long) {}
void left_function(unsigned long) {}
irqreturn_t left_top(int, void*, struct pt_regs*) { return IRQ_HANDLED; }
work_struct left_work, left_second;
DEFINE_TIMER(armed, left_timer, 0, 0);
DECLARE_TASKLET_DISABLED(left_tasklet, left_function, 0);   // so that it stays scheduled

void leave_behind() {
    if (what == leave::nothing) return;
    left_on = create_singlethread_workqueue("left");
    INIT_WORK(&left_work, left_handler, held);
    INIT_WORK(&left_second, left_handler, nullptr);
    if (what == leave::running || what == leave::queued) {
        queue_work(left_on, &left_work);
        held->wait_until_held();
    }
    if (what == leave::queued) queue_work(left_on, &left_second);
    if (what == leave::delayed) queue_delayed_work(left_on, &left_work, 100000UL * HZ);
    if (what == leave::timer) mod_timer(&armed, jiffies + 100000UL * HZ);
    if (what == leave::tasklet) tasklet_schedule(&left_tasklet);
    if (what == leave::irq) steps[3] = request_irq(12, left_top, SA_SHIRQ, "left-dev", &armed);
}
bool old_style = false;   // the driver is loaded by init_module() and unloaded by cleanup_module()
int careless_init() {
    steps[n_steps++ % 4] = 1;
    if (!old_style) leave_behind();
    return 0;
}
void careless_exit() { steps[n_steps++ % 4] = 2; }
bool must_fail = false;
int fails() { return must_fail ? -ENODEV : 0; }

module_entry careless_entry("careless.c", careless_init, nullptr);
module_entry careless_exit_entry("careless.c", nullptr, careless_exit);
module_entry fails_entry("fails.c", fails, nullptr);

template <class F>
std::string address_of(F* f) {
    char text[32];
    std::snprintf(text, sizeof text, "%p", reinterpret_cast<void*>(f));
    return text;
}

}   // namespace

TEST_CASE("a module that fails to load takes back those before it", "[module]") {
    what = leave::nothing;
    must_fail = true;
    n_steps = 0;
    CHECK(load_modules() == -ENODEV);
    CHECK(n_steps == 2);
    CHECK(steps[0] == 1);
    CHECK(steps[1] == 2);
    CHECK(poll_count == 3);
    must_fail = false;
    unload_modules();   // nothing is loaded
    CHECK(n_steps == 2);
}

TEST_CASE("module_exit: what it leaves behind is reported, with its handler", "[module][report]") {
    what = GENERATE(leave::queued, leave::delayed, leave::running, leave::timer, leave::tasklet, leave::irq);
    CAPTURE(static_cast<int>(what));
    gate g;
    held = what == leave::running || what == leave::queued ? &g : nullptr;
    reports said;
    REQUIRE(load_modules() == 0);
    unload_modules();
    INFO(reports::list());
    switch (what) {
        case leave::queued:
            CHECK(reports::with(("queued on left: handler " + address_of(left_handler)).c_str()) == 1);
            CHECK(reports::with("left work running on left") == 1);
            break;
        case leave::delayed:
            CHECK(reports::with(("on its timer for left: handler " + address_of(left_handler)).c_str()) == 1);
            break;
        case leave::running: CHECK(reports::with("left work running on left") == 1); break;
        case leave::timer: CHECK(reports::with("left a timer armed") == 1); break;
        case leave::tasklet:
            CHECK(reports::with(("left a tasklet scheduled: function " + address_of(left_function)).c_str()) == 1);
            break;
        case leave::irq:
            CHECK(reports::with(("left irq 12 (left-dev) requested: handler " + address_of(left_top)).c_str()) == 1);
            break;
        case leave::nothing: break;
    }
    CHECK(reports::count() == (what == leave::queued ? 2 : 1));
    CHECK(reports::channel_of(0) == bottomhalf::channel::advice);
    g.open();
    cancel_delayed_work(&left_work);
    del_timer(&armed);
    if (what == leave::tasklet) {
        tasklet_enable(&left_tasklet);
        tasklet_kill(&left_tasklet);
        tasklet_disable(&left_tasklet);
    }
    if (what == leave::irq) free_irq(12, &armed);
    destroy_workqueue(left_on);
}

// ---- parameters ----------------------------------------------------------------------------------------------------

static unsigned char my_byte = 5;
static short my_short = 5;
static int my_int = 5;
static unsigned int my_uint = 5;
static long my_long = 5;
static unsigned long my_ulong = 5;
module_param(my_byte, byte, 0444);
module_param(my_short, short, 0444);
module_param(my_int, int, 0444);
module_param(my_uint, uint, 0444);
module_param(my_long, long, 0444);
module_param(my_ulong, ulong, 0444);

TEST_CASE("module_param: what does not fit is refused, and changes nothing", "[module][moduleparam]") {
    const auto set = [](const char* text) { return bottomhalf::linux26::set_module_parameter(text); };
    for (const char* text :
         {"my_byte=256", "my_byte=-1", "my_short=32768", "my_short=-32769", "my_int=2147483648", "my_int=-2147483649",
          "my_uint=4294967296", "my_uint=-1", "my_long=9223372036854775808", "my_long=-9223372036854775809",
          "my_ulong=18446744073709551616", "my_ulong=-1", "my_int=", "my_int=x", "my_int=1x"}) {
        CAPTURE(text);
        CHECK(set(text) == -EINVAL);
    }
    CHECK((my_byte == 5 && my_short == 5 && my_int == 5 && my_uint == 5 && my_long == 5 && my_ulong == 5));
    for (const char* text : {"my_byte=255", "my_short=-0x8000", "my_int=2147483647", "my_uint=0xffffffff",
                             "my_long=-9223372036854775808", "my_ulong=18446744073709551615"}) {
        CAPTURE(text);
        CHECK(set(text) == 0);
    }
    CHECK((my_byte == 255 && my_short == -32768 && my_int == 2147483647 && my_uint == ~0U));
    CHECK((my_long == std::numeric_limits<long>::min() && my_ulong == ~0UL));
    CHECK(set("my_int=n") == 0);   // of type bool, in those days
    CHECK(my_int == 0);
}

// ---- the program that is nothing but modules -----------------------------------------------------------------------

#define main program
#include <bottomhalf/module_main.hpp>
#undef main

static int init_result = 0;
int init_module(void) { return init_result; }
void cleanup_module(void) {
    if (old_style) leave_behind();
}

TEST_CASE("module_main: loads, runs until its input ends, unloads", "[module]") {
    what = leave::queued;
    gate g;
    held = &g;
    reports said;
    const int before = ::dup(STDIN_FILENO);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    static char called[] = "my_name=other";   // my_name points there from now on
    char name[] = "driver", line[] = "my_irq=11", wrong[] = "my_irq=x", unknown[] = "y=1";
    char* good[] = {name, line, called, nullptr};
    char* bad[] = {name, wrong, nullptr};
    char* worse[] = {name, unknown, nullptr};
    CHECK(program(2, bad) == 2);
    CHECK(program(2, worse) == 2);
    CHECK(program(3, good) == 0);
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(null);
    CHECK(my_irq == 11);
    CHECK(my_name == std::string("other"));
    CHECK(reports::with("queued on left") == 2);   // behind cleanup_module(), and once all are unloaded
    g.open();
    destroy_workqueue(left_on);
    what = leave::nothing;
    must_fail = true;
    CHECK(program(1, good) == 1);
    must_fail = false;
}

TEST_CASE("module_main: knows init_module and cleanup_module, too", "[module][report]") {
    what = leave::queued;
    old_style = true;
    gate g;
    held = &g;
    reports said;
    char name[] = "driver";
    char* arguments[] = {name, nullptr};
    const int before = ::dup(STDIN_FILENO);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    CHECK(program(1, arguments) == 0);
    CHECK(reports::with("queued on left") == 2);
    init_result = -EIO;
    CHECK(program(1, arguments) == 1);
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(null);
    init_result = 0;
    g.open();
    destroy_workqueue(left_on);
    what = leave::nothing;
    old_style = false;
}
