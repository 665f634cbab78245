// SPDX-License-Identifier: MIT
// <linux/module.h>, <linux/moduleparam.h>: a module's life, its parameters, and what it leaves behind.
#include "linux6/support.hpp"
#include "support/reports.hpp"

#include <cstdio>
#include <string>

#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

namespace l6 = bottomhalf::linux6;

static unsigned char p_byte = 1;
static short p_short = 1;
static unsigned short p_ushort = 1;
static int p_int = 1;
static unsigned int p_uint = 1, p_hexint = 1;
static long p_long = 1;
static unsigned long p_ulong = 1;
static unsigned long long p_ullong = 1;
static char* p_charp;
static bool p_bool, p_invbool = true;
static char p_string[8];
static int p_array[3];
static unsigned int p_array_n;
static char* p_names[2];
static int p_named_inside = 1;
module_param(p_byte, byte, 0444);
module_param(p_short, short, 0444);
module_param(p_ushort, ushort, 0444);
module_param(p_int, int, 0644);
module_param(p_uint, uint, 0);
module_param(p_hexint, hexint, 0);
module_param(p_long, long, 0);
module_param(p_ulong, ulong, 0);
module_param(p_ullong, ullong, 0);
module_param(p_charp, charp, 0);
module_param(p_bool, bool, 0);
module_param(p_invbool, invbool, 0);
module_param_named(outside, p_named_inside, int, 0);
module_param_string(p_string, p_string, sizeof(p_string), 0);
module_param_array(p_array, int, &p_array_n, 0);
int p_uncounted[2];
module_param_array(p_uncounted, int, NULL, 0);
module_param_array_named(names, p_names, charp, nullptr, 0);
static int p_bint;
module_param(p_bint, bint, S_IRUGO | S_IWUSR);
static int p_core;
core_param(p_core, p_core, int, S_IRUGO);
// The same name in another module: what these make, in a namespace instead of a file of its own.
static int p_shared = 1;
module_param(p_shared, int, 0444);
namespace another {
static int p_shared = 1;
static bottomhalf::linux6::impl::parameter bottomhalf_parameter_p_shared("p_shared", &param_ops_int, &p_shared, 0,
                                                                         "another-module", "drivers/card.c");
}   // namespace another
MODULE_PARM_DESC(p_int, "an int");

static int even;
static int set_even(const char* val, const struct kernel_param* kp) {
    int n = 0;
    const int err = kstrtoint(val, 0, &n);
    if (err) return err;
    return n % 2 != 0 ? -EINVAL : param_set_int(val, kp);
}
static const struct kernel_param_ops even_ops = {0, set_even, param_get_int, nullptr};
module_param_cb(even, &even_ops, &even, 0644);

static std::string story;
static int fail_with;
static void handler(struct work_struct*) {}
static DECLARE_DELAYED_WORK(forgotten, handler);
static void fire(struct timer_list*) {}
static DEFINE_TIMER(forgotten_timer, fire);
static int __init first_init(void) {
    story += "1";
    return 0;
}
static int __init second_init(void) {
    story += "2";
    return fail_with;
}
static void __exit my_exit(void) { story += "x"; }
static const struct { int id; } ids[] = {{1}};
subsys_initcall(first_init);
module_init(second_init);
module_exit(my_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("us");
MODULE_DESCRIPTION("a test");
MODULE_VERSION("1");
MODULE_ALIAS("a");
MODULE_FIRMWARE("none.bin");
MODULE_DEVICE_TABLE(of, ids);
EXPORT_SYMBOL(p_int);
EXPORT_SYMBOL_GPL(p_int);

TEST_CASE("load_modules, unload_modules: in order, and back", "[linux6][module]") {
    CHECK(l6::load_modules() == 0);
    CHECK(story == "12");
    CHECK(l6::load_modules() == 0);   // they are
    CHECK(story == "12");
    l6::unload_modules();
    CHECK(story == "12x");
    story.clear();
    fail_with = -ENODEV;
    CHECK(l6::load_modules() == -ENODEV);
    CHECK(story == "12x");   // what had begun is undone
    story.clear();
    fail_with = 0;
    CHECK(try_module_get(THIS_MODULE));
    __module_get(THIS_MODULE);
    module_put(THIS_MODULE);
}

TEST_CASE("modules of two files of one name are two", "[linux6][module]") {
    static std::string order;
    static const char one = 0, another = 0;
    const auto init = [] {
        order += "i";
        return 0;
    };
    bottomhalf::module_entry a_init{"driver.c", &one, init, nullptr}, b_init{"driver.c", &another, init, nullptr};
    bottomhalf::module_entry a_exit{"driver.c", &one, nullptr, [] { order += "a"; }};
    bottomhalf::module_entry b_exit{"driver.c", &another, nullptr, [] { order += "b"; }};
    bottomhalf::module_entry c_init{"other.c", &one, init, nullptr};   // one unit that includes both files
    bottomhalf::module_entry c_exit{"other.c", &one, nullptr, [] { order += "c"; }};
    bottomhalf::module_list list;
    for (bottomhalf::module_entry* e : {&a_init, &a_exit, &b_init, &b_exit, &c_init, &c_exit}) list.add(*e);
    CHECK(list.load() == 0);
    CHECK(list.unload());
    CHECK(order == "iiicba");
    CHECK_FALSE(list.unload());

    // Of one whose init function fails the exit function is not called; the other's is.
    order.clear();
    b_init.init = [] { return -ENODEV; };
    CHECK(list.load() == -ENODEV);
    CHECK(list.unload());
    CHECK(order == "ia");
}

TEST_CASE("a module that leaves work on its timer, and a timer, is told", "[linux6][module]") {
    ear listening;
    CHECK(l6::load_modules() == 0);
    schedule_delayed_work(&forgotten, 1000 * HZ);
    mod_timer(&forgotten_timer, jiffies + 1000 * HZ);
    l6::unload_modules();
    CHECK(ear::all().size() == 2);
    CHECK(ear::has("module_exit"));
    cancel_delayed_work_sync(&forgotten);
    timer_delete_sync(&forgotten_timer);
    CHECK(l6::load_modules() == 0);
    l6::unload_modules();
    CHECK(ear::all().size() == 2);
}

TEST_CASE("a module that leaves high-resolution timers or a kthread is told", "[linux6][module]") {
    ear listening;
    CHECK(l6::load_modules() == 0);
    constexpr int many = 20;
    static struct hrtimer timers[many];
    for (int i = 0; i < many; ++i) {
        hrtimer_setup(
            &timers[i], [](struct hrtimer*) { return HRTIMER_NORESTART; }, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
        hrtimer_start(&timers[i], (1000 + (i * 7) % many) * ktime_t{NSEC_PER_SEC}, HRTIMER_MODE_REL);
    }
    hrtimer_cancel(&timers[14]);
    hrtimer_cancel(&timers[0]);
    for (int i = 5; i < many; ++i) hrtimer_cancel(&timers[i]);
    struct task_struct* left = kthread_run(
        [](void*) {
            while (!kthread_should_stop()) {
                set_current_state(TASK_INTERRUPTIBLE);
                if (!kthread_should_stop()) schedule();
                __set_current_state(TASK_RUNNING);
            }
            return 0;
        },
        nullptr, "left-behind");
    struct task_struct* stopped = kthread_create([](void*) { return 0; }, nullptr, "stopped");
    kthread_stop(stopped);
    l6::unload_modules();
    CHECK(ear::all().size() == 5);   // timers 1 to 4, and the thread
    CHECK(ear::has("module_exit"));
    for (struct hrtimer& t : timers) hrtimer_cancel(&t);
    kthread_stop(left);
    CHECK(l6::load_modules() == 0);
    l6::unload_modules();
    CHECK(ear::all().size() == 5);
}

TEST_CASE("a module that leaves tasklets or interrupt handlers is told, of each once", "[linux6][module]") {
    const support::reports listening;
    CHECK(l6::load_modules() == 0);
    static struct tasklet_struct tasklets[3];
    for (struct tasklet_struct& t : tasklets) {
        tasklet_setup(&t, [](struct tasklet_struct*) {});
        tasklet_disable(&t);   // so that they stay
    }
    tasklet_schedule(&tasklets[0]);
    tasklet_hi_schedule(&tasklets[1]);
    static char dev[2];
    const auto top = [](int, void*) { return IRQ_HANDLED; };
    const irq_handler_t thread = [](int, void*) { return IRQ_HANDLED; };
    REQUIRE(request_irq(12, top, IRQF_SHARED, "one", &dev[0]) == 0);
    REQUIRE(request_irq(12, top, IRQF_SHARED, "two", &dev[1]) == 0);
    REQUIRE(request_threaded_irq(13, nullptr, thread, IRQF_ONESHOT, "three", &dev[0]) == 0);
    l6::unload_modules();
    CHECK(support::reports::take_all("module_exit: the module left a tasklet scheduled") == 2);
    CHECK(support::reports::take("the module left irq 12 (one) requested"));
    CHECK(support::reports::take("the module left irq 12 (two) requested"));
    char text[64];
    std::snprintf(text, sizeof text, "irq 13 (three) requested: handler %p", reinterpret_cast<const void*>(thread));
    CHECK(support::reports::take(text));
    CHECK(support::reports::rest().empty());   // the thread, too, is what they mean
    for (struct tasklet_struct& t : tasklets) {
        tasklet_enable(&t);
        tasklet_kill(&t);
    }
    free_irq(12, &dev[0]);
    free_irq(12, &dev[1]);
    free_irq(13, &dev[0]);
    CHECK(l6::load_modules() == 0);
    l6::unload_modules();
    CHECK(support::reports::rest().empty());
}

TEST_CASE("a grace period that a module has asked for is no work that it left behind", "[linux6][module]") {
    const ear listener;
    struct thing {
        struct rcu_head rcu;
    };
    auto* t = static_cast<thing*>(kzalloc(sizeof(thing), GFP_KERNEL));
    rcu_read_lock();   // so that it cannot end yet
    kfree_rcu(t, rcu);
    l6::report_leftovers();
    rcu_read_unlock();
    CHECK(ear::all().empty());
    rcu_barrier();
}

TEST_CASE("parameters: set by name=value", "[linux6][moduleparam]") {
    const auto set = [](const char* text) { return l6::set_module_parameter(text); };
    CHECK(set("p_byte=255") == 0);
    CHECK(p_byte == 255);
    CHECK(set("p_short=-5") == 0);
    CHECK(p_short == -5);
    CHECK(set("p_ushort=0x10") == 0);
    CHECK(p_ushort == 16);
    CHECK(set("p_int=-7") == 0);
    CHECK(p_int == -7);
    CHECK(set("p-int=8") == 0);   // as on a kernel's command line
    CHECK(p_int == 8);
    CHECK(set("p_uint=4294967295") == 0);
    CHECK(p_uint == ~0U);
    CHECK(set("p_hexint=ff") == 0);
    CHECK(p_hexint == 255);
    CHECK(set("p_long=-9") == 0);
    CHECK(p_long == -9);
    CHECK(set("p_ulong=9") == 0);
    CHECK(p_ulong == 9);
    CHECK(set("p_ullong=18446744073709551615") == 0);
    CHECK(p_ullong == ~0ULL);
    CHECK(set("p_charp=text") == 0);
    CHECK(std::string(p_charp) == "text");
    CHECK(set("p_bool") == 0);
    CHECK(p_bool);
    CHECK(set("p_bool=n") == 0);
    CHECK_FALSE(p_bool);
    CHECK(set("p_invbool=y") == 0);
    CHECK_FALSE(p_invbool);
    CHECK(set("outside=3") == 0);
    CHECK(p_named_inside == 3);
    CHECK(set("p_bint") == 0);
    CHECK(p_bint == 1);
    CHECK(set("p_bint=n") == 0);
    CHECK(p_bint == 0);
    CHECK(set("p_bint=2") == -EINVAL);
    CHECK(set("p_core=5") == 0);
    CHECK(p_core == 5);
    CHECK(S_IRUGO == 0444);
    CHECK(S_IWUGO == 0222);
    CHECK(S_IXUGO == 0111);
    CHECK(S_IRWXUGO == 0777);
    CHECK(S_IALLUGO == 07777);
    CHECK(set("p_string=1234567") == 0);
    CHECK(std::string(p_string) == "1234567");
    CHECK(set("p_array=1,2") == 0);
    CHECK((p_array[0] == 1 && p_array[1] == 2 && p_array_n == 2));
    CHECK(set("p_array=4,5,6") == 0);
    CHECK(p_array_n == 3);
    CHECK(set("names=one,two") == 0);
    CHECK(std::string(p_names[1]) == "two");
    std::free(p_names[0]);
    std::free(p_names[1]);
    CHECK(set("even=4") == 0);
    CHECK(even == 4);
}

TEST_CASE("parameters: several modules with one of the same name", "[linux6][moduleparam]") {
    const auto set = [](const char* text) { return l6::set_module_parameter(text); };
    CHECK(set("p_shared=2") == 0);
    CHECK((p_shared == 2 && another::p_shared == 2));
    CHECK(set("another_module.p_shared=3") == 0);
    CHECK((p_shared == 2 && another::p_shared == 3));
    CHECK(set("card.p_shared=4") == 0);
    CHECK((p_shared == 2 && another::p_shared == 4));
    CHECK(set("module_test.p-shared=5") == 0);   // this file
    CHECK((p_shared == 5 && another::p_shared == 4));
    CHECK(set("nobody.p_shared=6") == -ENOENT);
    CHECK(set(".p_shared=6") == -ENOENT);
    CHECK(set("p_shared=x") == -EINVAL);
    CHECK((p_shared == 5 && another::p_shared == 4));
}

TEST_CASE("parameters: what is no value, or does not fit, changes nothing", "[linux6][moduleparam]") {
    const auto set = [](const char* text) { return l6::set_module_parameter(text); };
    p_int = 5;
    p_byte = 5;
    even = 4;
    CHECK(set("p_int=2147483648") == -ERANGE);
    CHECK(set("p_int=-2147483649") == -ERANGE);
    CHECK(set("p_int=99999999999999999999") == -ERANGE);
    CHECK(set("p_int=x") == -EINVAL);
    CHECK(set("p_int=") == -EINVAL);
    CHECK(set("p_int") == -EINVAL);
    CHECK(p_int == 5);
    CHECK(set("p_byte=256") == -ERANGE);
    CHECK(set("p_byte=-1") == -EINVAL);
    CHECK(p_byte == 5);
    CHECK(set("p_string=12345678") == -ENOSPC);
    CHECK(set("p_array=1,2,3,4") == -EINVAL);
    CHECK(set("p_array=1,x") == -EINVAL);
    p_array_n = 7;
    CHECK(set("p_array=") == -EINVAL);
    CHECK(set("p_array=1,") == -EINVAL);
    CHECK(p_array_n == 7);
    CHECK(set("names=") == 0);   // one text, and that is empty
    CHECK(*p_names[0] == '\0');
    std::free(p_names[0]);
    CHECK(set("p_bool=perhaps") == -EINVAL);
    CHECK(set("even=3") == -EINVAL);
    CHECK(even == 4);
    CHECK(set("nobody=1") == -ENOENT);
    CHECK(set("p_in=1") == -ENOENT);
}

TEST_CASE("parameters: read back", "[linux6][moduleparam]") {
    char buffer[4096];
    const auto get = [&](const char* name) {
        for (const auto* p = l6::impl::parameters; p != nullptr; p = p->bottomhalf_next)
            if (std::strcmp(p->name, name) == 0)
                return std::string(buffer, static_cast<std::size_t>(p->ops->get(buffer, p)));
        return std::string();
    };
    for (const char* text : {"p_int=-3", "p_uint=3", "p_bint=y", "p_bool=y", "p_invbool=y", "p_array=1,2", "p_charp=x",
                             "p_string=y", "p_hexint=1f"})
        CHECK(l6::set_module_parameter(text) == 0);
    CHECK(get("p_int") == "-3\n");
    CHECK(get("p_bint") == "Y\n");
    CHECK(get("p_uint") == "3\n");
    CHECK(get("p_bool") == "Y\n");
    CHECK(get("p_invbool") == "Y\n");
    CHECK(get("p_array") == "1,2\n");
    CHECK(get("p_charp") == "x\n");
    CHECK(get("p_string") == "y\n");
    CHECK(get("p_hexint") == "0x00001f\n");
}
