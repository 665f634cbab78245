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
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include <bottomhalf/sim/explore.hpp>

/* Where the lines go while a scenario is run again and again; null: to stdout. */
BOTTOMHALF_SIM_KEEP inline std::string *observe_into = nullptr;
#endif

#if defined(BOTTOMHALF_SIM)
inline void observe_line(const char *line)
{
	if (observe_into != nullptr)
		*observe_into += line;
	else
		std::fputs(line, stdout), std::fflush(stdout);
}
#define OBSERVE(fmt, ...)                                                  \
	do {                                                               \
		char observed[512];                                        \
		std::snprintf(observed, sizeof observed, fmt "\n" __VA_OPT__(,) __VA_ARGS__); \
		observe_line(observed);                                    \
	} while (0)
#else
#define OBSERVE(fmt, ...)                                                  \
	do {                                                               \
		std::printf(fmt "\n" __VA_OPT__(,) __VA_ARGS__);           \
		std::fflush(stdout);                                       \
	} while (0)
#endif

/* What a kernel would WARN about is part of the output, in its place; the rest
 * of what the library says goes to stderr, as always. */
inline void observe_report(const bottomhalf::report &r)
{
	if (r.where == bottomhalf::channel::kernel && r.level == bottomhalf::severity::warn)
		OBSERVE("!WARN %s", r.function);
	bottomhalf::detail::print_report(r);
}

#if defined(BOTTOMHALF_SIM)
/* Under so many schedules, drawn: does it print the same in each?  OBSERVE_EXPECTED names a file. */
inline int observe_under(unsigned long schedules, void (*scenario)())
{
	const char *name = std::getenv("OBSERVE_EXPECTED");
	std::ifstream file(name != nullptr ? name : "");
	std::stringstream expected;
	expected << file.rdbuf();
	const std::string want = expected.str();
	if (want.empty()) return 2;

	namespace sim = bottomhalf::sim;
	std::string lines;
	observe_into = &lines;
	sim::options o;
	o.name = "scenario";
	o.how = sim::plan::random;
	o.schedules = schedules;
	o.time_passes = false; /* nobody on the kernel's machine was kept waiting either */
	o.leaks = false;       /* their own, which the kernel did not count */
	o.hears = observe_report;
	o.max_steps = 5'000'000;
	const sim::result r = sim::explore(o, [&] {
		lines.clear();
		scenario();
		bottomhalf::default_machine_of<bottomhalf::arch::sim>().shut_down(true, bottomhalf::location::current());
		if (lines != want) sim::expect(false, ("it has printed\n" + lines).c_str());
	});
	observe_into = nullptr;
	std::cout << r.schedules << " schedules, " << r.distinct << " distinct, " << r.failures << " different\n";
	if (!r) std::cout << r;
	return r ? 0 : 1;
}
#endif

inline int observe_run(void (*scenario)())
{
#if defined(BOTTOMHALF_SIM)
	if (const char *n = std::getenv("OBSERVE_SCHEDULES"); n != nullptr)
		return observe_under(std::strtoul(n, nullptr, 10), scenario);
#endif
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
	return 0;
}

#if defined(OBSERVE_MANY) /* several scenarios in one program, each in a namespace */
#define SCENARIO(fn) static void (*const observe_this)() = fn;
#else
#define SCENARIO(fn) int main() { return observe_run(fn); }
#endif

#endif
#endif
