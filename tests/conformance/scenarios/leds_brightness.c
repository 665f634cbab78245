/* class: contract. A LED: when its driver is asked to set it, and to what; it
 * blinks by a timer. */
#include <linux/leds.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/errno.h>
#include <linux/preempt.h>
#include "observe.h"

static int sets, last, blocking_sets, blocking_last, level, off_on;
static void set_now(struct led_classdev *l, enum led_brightness b)
{
	WRITE_ONCE(sets, sets + 1);
	WRITE_ONCE(last, (int)b);
	off_on = off_on << 1 | (b != 0);
}
static int set_blocking(struct led_classdev *l, enum led_brightness b)
{
	WRITE_ONCE(blocking_last, (int)b);
	WRITE_ONCE(blocking_sets, blocking_sets + 1);
	return 0;
}
static enum led_brightness get(struct led_classdev *l) { return (enum led_brightness)level; }
static struct led_classdev fast = {
	.name = "bh:fast",
	.max_brightness = 100,
	.brightness_set = set_now,
	.brightness_get = get,
};
static struct led_classdev slow = {
	.name = "bh:slow",
	.brightness_set_blocking = set_blocking,
};
static void wait_sets(int n)
{
	int i;

	for (i = 0; i < 5000 && READ_ONCE(sets) < n; i++)
		msleep(1);
}
static void wait_blocking(int n)
{
	int i;

	for (i = 0; i < 5000 && READ_ONCE(blocking_sets) < n; i++)
		msleep(1);
	msleep(20);
}
/* What ends the blinking is a work item. */
static void wait_until_it_stays(void)
{
	int i;

	for (i = 0; i < 5000 && test_bit(LED_BLINK_SW, &fast.work_flags); i++)
		msleep(1);
	flush_work(&fast.set_brightness_work);
}

static void scenario(void)
{
	unsigned long on, off;
	int r;

	level = 33;
	r = led_classdev_register(NULL, &fast);
	OBSERVE("register %d, max %u, brightness %u, sets %d", r, (unsigned int)fast.max_brightness, (unsigned int)fast.brightness, sets);
	led_set_brightness(&fast, 50);
	OBSERVE("50: sets %d to %d, brightness %u", sets, last, (unsigned int)fast.brightness);
	led_set_brightness(&fast, 50);
	OBSERVE("again: sets %d", sets);
	led_set_brightness(&fast, 1000);
	OBSERVE("too much: to %d, brightness %u", last, (unsigned int)fast.brightness);
	r = led_set_brightness_sync(&fast, 7);
	OBSERVE("sync: %d to %d", r == -ENOTSUPP, last);
	level = 12;
	r = led_update_brightness(&fast);
	OBSERVE("update %d, brightness %u", r, (unsigned int)fast.brightness);

	r = led_classdev_register(NULL, &slow);
	OBSERVE("register %d, max %u, brightness %u", r, (unsigned int)slow.max_brightness, (unsigned int)slow.brightness);
	preempt_disable();
	led_set_brightness(&slow, 60);
	OBSERVE("without sleeping: brightness %u", (unsigned int)slow.brightness);
	preempt_enable();
	wait_blocking(1);
	OBSERVE("then: sets %d to %d", blocking_sets, blocking_last);
	r = led_set_brightness_sync(&slow, 61);
	OBSERVE("sync: %d sets %d to %d", r, blocking_sets, blocking_last);
	r = led_update_brightness(&slow);
	OBSERVE("update %d, brightness %u", r, (unsigned int)slow.brightness);

	sets = 0;
	off_on = 0;
	on = 20;
	off = 20;
	led_set_brightness(&fast, 100);
	led_blink_set(&fast, &on, &off);
	wait_sets(6);
	led_set_brightness(&fast, 0);
	wait_until_it_stays();
	r = sets;
	msleep(100);
	OBSERVE("blinked %lu/%lu: more than 5 %d, stopped %d, last %d, brightness %u", on, off, r > 5, r == sets, last,
		(unsigned int)fast.brightness);
	on = off = 0;
	led_blink_set(&fast, &on, &off);
	OBSERVE("by default %lu/%lu", on, off);
	led_set_brightness(&fast, 0);
	wait_until_it_stays();
	on = 10;
	off = 0;
	sets = 0;
	led_set_brightness(&fast, 100);
	led_blink_set(&fast, &on, &off);
	msleep(50);
	OBSERVE("never off: last %d", last);
	led_set_brightness(&fast, 100);
	on = 0;
	off = 10;
	led_blink_set(&fast, &on, &off);
	msleep(50);
	OBSERVE("never on: last %d", last);
	led_set_brightness(&fast, 80);
	OBSERVE("on again: last %d", last);
	led_classdev_unregister(&fast);
	OBSERVE("unregistered: last %d", last);
	led_set_brightness(&slow, 90);
	led_classdev_unregister(&slow);
	OBSERVE("unregistered: last %d", blocking_last);
}
SCENARIO(scenario)
