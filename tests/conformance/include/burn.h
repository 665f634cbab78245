/* burn.h: handlers that compute instead of sleeping.  Written in the common
 * subset of kernel C and C++20. */
#ifndef BURN_H
#define BURN_H
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

/* Compute until *flag is set, at most ms milliseconds.  Was it set? */
static inline int burn_until(int *flag, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (!READ_ONCE(*flag) && time_before(jiffies, end)) {
		cpu_relax();
		cond_resched();
	}
	return READ_ONCE(*flag);
}

/* The same without giving way, for where that is not allowed. */
static inline int spin_until(int *flag, unsigned int ms)
{
	unsigned int us = 0;

	while (!READ_ONCE(*flag) && us < ms * 1000) {
		udelay(20);
		us += 20;
	}
	return READ_ONCE(*flag);
}

/* Compute for so long without giving the CPU away; keep it below 10 ms, where
 * the kernel begins to treat a handler as CPU intensive. */
static inline void burn(unsigned int ms)
{
	mdelay(ms);
}
#endif
