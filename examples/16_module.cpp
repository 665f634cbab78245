// SPDX-License-Identifier: MIT
// A whole module, loaded and unloaded by module_main.hpp, ten seconds of its life on the simulator: nothing else than the
// target that it links.  BOTTOMHALF_SIM_SECONDS=3600 shows an hour, BOTTOMHALF_SEED=7 another order of things.
//
//   sample 1 after 250 jiffies
//   sample 2 after 1000 jiffies
//   ...
//   unloaded after 4 samples
//
// target: linux26 sim
// expect: sample 1 after 250 jiffies.*sample 4 after 2500 jiffies.*unloaded after 4 samples
#include <linux/init.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/workqueue.h>

static unsigned int samples;
static void sample(void*);
static DECLARE_WORK(sample_work, sample, NULL);

static void sample(void*) {
    printk(KERN_INFO "sample %u after %lu jiffies\n", ++samples, jiffies - INITIAL_JIFFIES);
    schedule_delayed_work(&sample_work, 3 * HZ);
}

static int __init sampler_init(void) {
    schedule_delayed_work(&sample_work, HZ);
    return 0;
}
static void __exit sampler_exit(void) {
    cancel_rearming_delayed_work(&sample_work);   // cancel_delayed_work() would miss a handler that is about to arm it
    printk(KERN_INFO "unloaded after %u samples\n", samples);
}

module_init(sampler_init);
module_exit(sampler_exit);
MODULE_LICENSE("GPL");

#include <bottomhalf/module_main.hpp>
