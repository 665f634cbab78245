/* What deferred work costs: a kernel module in a kernel, a program against include/linux-6 beside it.
 * Written in the common subset of kernel C and C++20, as the conformance scenarios are.
 *
 * Prints, for each path: its name, how many samples, and ns at p50, p90 and p99. */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include "observe.h"

#define SAMPLES 2000
#define BURST 256

static u64 samples[SAMPLES];
static struct work_struct burst[BURST];

static int by_value(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}
static void print_samples(const char *what, int n)
{
	sort(samples, n, sizeof(samples[0]), by_value, NULL);
	OBSERVE("%-36s %6d %10llu %10llu %10llu", what, n, (unsigned long long)samples[n / 2],
		(unsigned long long)samples[n * 9 / 10], (unsigned long long)samples[n * 99 / 100]);
}

/* The worker is inside a handler that sleeps nowhere it is seen: nobody has to be woken. */
static int hold_open;
static struct completion held;
static void hold_fn(struct work_struct *w)
{
	complete(&held);
	while (!READ_ONCE(hold_open))
		usleep_range(50, 100);
}
static void count_fn(struct work_struct *w) { }

static void cost_of_a_call(struct workqueue_struct *wq)
{
	static struct work_struct hold;
	int i, k, n = 0;

	INIT_WORK(&hold, hold_fn);
	for (k = 0; k < BURST; k++)
		INIT_WORK(&burst[k], count_fn);
	for (i = 0; i < 200; i++) {
		u64 t;

		init_completion(&held);
		WRITE_ONCE(hold_open, 0);
		queue_work_on(0, wq, &hold);
		wait_for_completion(&held);
		t = ktime_get_ns();
		for (k = 0; k < BURST; k++)
			queue_work_on(0, wq, &burst[k]);
		samples[n++] = (ktime_get_ns() - t) / BURST;
		WRITE_ONCE(hold_open, 1);
		flush_workqueue(wq);
	}
	print_samples("queue_work_on, worker busy", n);
}

static u64 started;
static struct completion done;
static void stamp_fn(struct work_struct *w)
{
	WRITE_ONCE(started, ktime_get_ns());
	complete(&done);
}
static void latency(struct workqueue_struct *wq, int cpu, const char *what)
{
	static struct work_struct work;
	int i;

	INIT_WORK(&work, stamp_fn);
	for (i = 0; i < SAMPLES; i++) {
		u64 t;

		init_completion(&done);
		if (i % 16 == 0)
			usleep_range(300, 400);
		t = ktime_get_ns();
		queue_work_on(cpu, wq, &work);
		wait_for_completion(&done);
		samples[i] = READ_ONCE(started) - t;
	}
	print_samples(what, SAMPLES);
}
static void round_trip(struct workqueue_struct *wq, int cpu, const char *what)
{
	static struct work_struct work;
	int i;

	INIT_WORK(&work, count_fn);
	for (i = 0; i < SAMPLES; i++) {
		u64 t = ktime_get_ns();

		queue_work_on(cpu, wq, &work);
		flush_work(&work);
		samples[i] = ktime_get_ns() - t;
	}
	print_samples(what, SAMPLES);
}

static struct workqueue_struct *again_on;
static int again_left;
static void again_fn(struct work_struct *w)
{
	if (--again_left > 0)
		queue_work(again_on, w);
	else
		complete(&done);
}
static void requeue(struct workqueue_struct *wq)
{
	static struct work_struct work;
	int i;

	INIT_WORK(&work, again_fn);
	again_on = wq;
	for (i = 0; i < 100; i++) {
		u64 t;

		init_completion(&done);
		again_left = 1000;
		t = ktime_get_ns();
		queue_work_on(0, wq, &work);
		wait_for_completion(&done);
		samples[i] = (ktime_get_ns() - t) / 1000;
	}
	print_samples("a handler queues itself", 100);
}

static void stamp_tasklet(struct tasklet_struct *t)
{
	WRITE_ONCE(started, ktime_get_ns());
	complete(&done);
}
static void tasklet(void)
{
	static struct tasklet_struct t;
	int i;

	tasklet_setup(&t, stamp_tasklet);
	for (i = 0; i < SAMPLES; i++) {
		u64 begun;

		init_completion(&done);
		begun = ktime_get_ns();
		tasklet_schedule(&t);
		wait_for_completion(&done);
		samples[i] = READ_ONCE(started) - begun;
	}
	tasklet_kill(&t);
	print_samples("tasklet_schedule -> runs", SAMPLES);
}

static void nothing_fires(struct timer_list *t) { }
static void timers(void)
{
	static struct timer_list t[BURST];
	int i, k;

	for (k = 0; k < BURST; k++)
		timer_setup(&t[k], nothing_fires, 0);
	for (i = 0; i < 200; i++) {
		u64 begun = ktime_get_ns();

		for (k = 0; k < BURST; k++)
			mod_timer(&t[k], jiffies + 10000 + k * 7);
		samples[i] = (ktime_get_ns() - begun) / BURST;
		for (k = 0; k < BURST; k++)
			del_timer_sync(&t[k]);
	}
	print_samples("mod_timer, idle timer", 200);
	for (i = 0; i < 200; i++) {
		u64 begun;

		for (k = 0; k < BURST; k++)
			mod_timer(&t[k], jiffies + 10000 + k * 7);
		begun = ktime_get_ns();
		for (k = 0; k < BURST; k++)
			del_timer(&t[k]);
		samples[i] = (ktime_get_ns() - begun) / BURST;
	}
	for (k = 0; k < BURST; k++)
		del_timer_sync(&t[k]);
	print_samples("del_timer, armed timer", 200);
}

static void scenario(void)
{
	struct workqueue_struct *wq = alloc_workqueue("measured", 0, 0);

#ifdef __KERNEL__
	/* Here a CPU is a word for a worker, and the system's scheduler puts both where it likes. */
	set_cpus_allowed_ptr(current, cpumask_of(0));
#endif
	cost_of_a_call(wq);
	latency(wq, 0, "queue_work -> handler, same CPU");
	latency(wq, 1, "queue_work -> handler, another CPU");
	round_trip(wq, 0, "queue_work + flush_work, same CPU");
	round_trip(wq, 1, "queue_work + flush_work, another CPU");
	requeue(wq);
	tasklet();
	timers();
	destroy_workqueue(wq);
}
SCENARIO(scenario)
