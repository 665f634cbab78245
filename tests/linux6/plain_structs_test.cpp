// SPDX-License-Identifier: MIT
//
// The structs of the facade are plain: a driver's own that contains them may be cleared with memset(), copied, and asked
// for the offset of a member, without a word from the compiler.  Zeroes are an initialised one where the kernel's are.
#include "linux6/support.hpp"

#include <cstring>
#include <type_traits>

#include <linux/extcon.h>
#include <linux/hrtimer.h>
#include <linux/i2c.h>
#include <linux/input.h>
#include <linux/irq_poll.h>
#include <linux/irq_work.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/leds.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/percpu-rwsem.h>
#include <linux/platform_device.h>
#include <linux/power_supply.h>
#include <linux/ratelimit.h>
#include <linux/rbtree.h>
#include <linux/regmap.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/srcu.h>
#include <linux/timer.h>
#include <linux/wait.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic error "-Wclass-memaccess"
#endif
#pragma GCC diagnostic error "-Winvalid-offsetof"

namespace {

struct card {
    struct mutex mutex;
    spinlock_t lock;
    rwlock_t rwlock;
    struct rw_semaphore rwsem;
    struct percpu_rw_semaphore percpu_rwsem;
    struct semaphore semaphore;
    struct srcu_struct srcu;
    seqlock_t seqlock;
    struct hrtimer hrtimer;
    struct timer_list timer;
    struct work_struct work;
    struct delayed_work dwork;
    struct irq_work irq_work;
    struct kthread_worker worker;
    struct kthread_work kwork;
    struct kthread_delayed_work kdwork;
    struct completion completion;
    wait_queue_head_t wait;
    struct ratelimit_state ratelimit;
    struct kref kref;
    struct rb_root tree;
    struct llist_head llist;
    struct device dev;
    struct platform_device pdev;
    struct platform_driver driver;
    struct i2c_adapter adapter;
    struct i2c_client client;
    struct i2c_driver i2c_driver;
    struct i2c_board_info board_info;
    struct regmap_config regmap_config;
    struct regmap_bus regmap_bus;
    struct input_dev input;
    struct power_supply supply;
    struct power_supply_desc supply_desc;
    struct extcon_dev extcon;
    struct led_classdev led;
    struct irq_poll poll;
    struct notifier_block notifier;
    struct atomic_notifier_head atomic_chain;
    struct blocking_notifier_head blocking_chain;
    DECLARE_KFIFO(ring, unsigned char, 16);
    DECLARE_KFIFO_PTR(big_ring, int);
    struct kfifo bytes;
    int last;
};
static_assert(std::is_trivial_v<card> && std::is_standard_layout_v<card>);

// Zero memory, and what the initialisers make, without a constructor before main().
struct card zeroed;
DEFINE_MUTEX(made_mutex);
DECLARE_RWSEM(made_rwsem);
DEFINE_SRCU(made_srcu);
constinit DEFINE_STATIC_PERCPU_RWSEM(made_percpu);
DEFINE_RATELIMIT_STATE(made_ratelimit, 5 * HZ, 1);

enum hrtimer_restart never(struct hrtimer*) { return HRTIMER_NORESTART; }

void use(card& c) {
    mutex_lock(&c.mutex);
    CHECK(mutex_is_locked(&c.mutex));
    mutex_unlock(&c.mutex);
    down_read(&c.rwsem);
    CHECK(down_write_trylock(&c.rwsem) == 0);
    up_read(&c.rwsem);
    percpu_down_write(&c.percpu_rwsem);
    percpu_up_write(&c.percpu_rwsem);
    const int inside = srcu_read_lock(&c.srcu);
    CHECK(srcu_read_lock_held(&c.srcu));
    srcu_read_unlock(&c.srcu, inside);
    synchronize_srcu(&c.srcu);
    CHECK_FALSE(hrtimer_active(&c.hrtimer));
    CHECK(devres_release_all(&c.dev) == 0);
    CHECK(kfifo_len(&c.ring) == 0);
}

}   // namespace

TEST_CASE("a driver's struct may be cleared with memset()", "[linux6][plain]") {
    card c;
    memset(&c, 0xff, sizeof c);
    memset(&c, 0, sizeof c);
    use(c);
    hrtimer_setup(&c.hrtimer, never, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
    hrtimer_start(&c.hrtimer, ns_to_ktime(NSEC_PER_SEC) * 1000, HRTIMER_MODE_REL);
    CHECK(hrtimer_cancel(&c.hrtimer) == 1);
    CHECK(c.driver.driver.name == nullptr);
    c.driver.remove(&c.pdev);   // none of either kind

    // Used, and initialised again, as at the next probe.
    memset(&c, 0xff, sizeof c);
    mutex_init(&c.mutex);
    init_rwsem(&c.rwsem);
    percpu_init_rwsem(&c.percpu_rwsem);
    CHECK(init_srcu_struct(&c.srcu) == 0);
    hrtimer_setup(&c.hrtimer, never, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
    memset(&c.dev, 0, sizeof c.dev);
    device_initialize(&c.dev);
    INIT_KFIFO(c.ring);
    use(c);
    cleanup_srcu_struct(&c.srcu);
    percpu_free_rwsem(&c.percpu_rwsem);
    mutex_destroy(&c.mutex);
}

TEST_CASE("static ones are ready: zero memory, and the initialisers", "[linux6][plain]") {
    use(zeroed);
    CHECK(mutex_trylock(&made_mutex) == 1);
    mutex_unlock(&made_mutex);
    down_write(&made_rwsem);
    up_write(&made_rwsem);
    percpu_down_read(&made_percpu);
    percpu_up_read(&made_percpu);
    srcu_read_unlock(&made_srcu, srcu_read_lock(&made_srcu));
    CHECK(__ratelimit(&made_ratelimit) == 1);
    CHECK(__ratelimit(&made_ratelimit) == 0);
}
