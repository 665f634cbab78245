/* observe.h: what a scenario file uses to say what it saw.
 *
 *   OBSERVE("fmt", ...)   one line of output (no newline in fmt)
 *   SCENARIO(fn)          run `static void fn(void)` once, in process context
 *
 * In the kernel each scenario becomes one module; its init function runs the
 * scenario and leaves.  In user space SCENARIO() makes a main(), or, with
 * OBSERVE_MANY, names the function for a main() elsewhere.
 */
#ifndef OBSERVE_H
#define OBSERVE_H

#if defined(__KERNEL__) && !defined(__cplusplus)

#include <linux/module.h>
#include <linux/printk.h>
#include <linux/kernel.h>

/* "@O " marks the lines that run-in-kernel takes out of the kernel log. */
#define OBSERVE(fmt, ...) printk(KERN_INFO "@O " fmt "\n", ##__VA_ARGS__)

#define SCENARIO(fn)                                                       \
	static int __init scenario_init(void) { fn(); return 0; }          \
	static void __exit scenario_exit(void) { }                         \
	module_init(scenario_init);                                        \
	module_exit(scenario_exit);                                        \
	MODULE_LICENSE("GPL");                                             \
	MODULE_DESCRIPTION("conformance scenario");

#else /* user space, C++20 */

#include <cstdio>
#include <cstdlib>

#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#if defined(BOTTOMHALF_SIM)
#include <bottomhalf/arch/sim.hpp>
#endif

#define OBSERVE(fmt, ...)                                                  \
	do {                                                               \
		std::printf(fmt "\n" __VA_OPT__(,) __VA_ARGS__);           \
		std::fflush(stdout);                                       \
	} while (0)

/* What a kernel would WARN about is part of the output, in its place; the rest
 * of what the library says goes to stderr, as always. */
inline void observe_report(const bottomhalf::report &r)
{
	if (r.where == bottomhalf::channel::kernel && r.level == bottomhalf::severity::warn)
		OBSERVE("!WARN %s", r.function);
	bottomhalf::detail::print_report(r);
}

inline void observe_run(void (*scenario)())
{
	bottomhalf::set_report_listener(observe_report);
#if defined(BOTTOMHALF_SIM)
	const char *seed = std::getenv("OBSERVE_SEED");
	bottomhalf::arch::sim::world world{{.seed = seed ? std::strtoull(seed, nullptr, 10) : 0}};
	world.run([scenario] {
		scenario();
		bottomhalf::default_machine_of<bottomhalf::arch::sim>().shut_down(true, bottomhalf::location::current());
	});
#else
	scenario();
#endif
}

#if defined(OBSERVE_MANY) /* several scenarios in one program, each in a namespace */
#define SCENARIO(fn) static void (*const observe_this)() = fn;
#else
#define SCENARIO(fn) int main() { observe_run(fn); return 0; }
#endif

#endif
#endif
