// SPDX-License-Identifier: MIT
// annotations.hpp: what clang's -Wthread-safety needs to know about our locks, and the few compiler words we use.
//
// std::mutex of libstdc++ is not annotated, and neither is anything built by hand; with these the compiler finds the
// missing lock, the unguarded write and the lock held across a call-out.  They cost nothing and vanish elsewhere.
#pragma once

#if defined(__clang__)
#define BOTTOMHALF_TSA(x) __attribute__((x))
#else
#define BOTTOMHALF_TSA(x)
#endif

#define BOTTOMHALF_CAPABILITY(name) BOTTOMHALF_TSA(capability(name))
#define BOTTOMHALF_SCOPED BOTTOMHALF_TSA(scoped_lockable)
#define BOTTOMHALF_GUARDED_BY(lock) BOTTOMHALF_TSA(guarded_by(lock))
#define BOTTOMHALF_REQUIRES(...) BOTTOMHALF_TSA(requires_capability(__VA_ARGS__))
#define BOTTOMHALF_EXCLUDES(...) BOTTOMHALF_TSA(locks_excluded(__VA_ARGS__))
#define BOTTOMHALF_ACQUIRE(...) BOTTOMHALF_TSA(acquire_capability(__VA_ARGS__))
#define BOTTOMHALF_RELEASE(...) BOTTOMHALF_TSA(release_capability(__VA_ARGS__))
#define BOTTOMHALF_TRY_ACQUIRE(...) BOTTOMHALF_TSA(try_acquire_capability(__VA_ARGS__))
#define BOTTOMHALF_NO_TSA BOTTOMHALF_TSA(no_thread_safety_analysis)

// One copy of each piece of state in the process, also when the headers are compiled with -fvisibility=hidden: two
// shared objects that each have "the" default machine would queue to machines that the other does not flush.
#define BOTTOMHALF_STATE __attribute__((visibility("default")))

// The facades' structs have the layout of ours under the kernel's names; the compiler must not conclude from the names
// that they are different objects.
#define BOTTOMHALF_ALIASES __attribute__((may_alias))

// Likewise the functions that take them.  gcc knows neither check.
#if defined(__clang__)
#define BOTTOMHALF_CALLS_ALIASES __attribute__((no_sanitize("function", "cfi-icall")))
#else
#define BOTTOMHALF_CALLS_ALIASES
#endif

// The few functions whose call would cost more than what they do, on the path of every item; and their rare other halves.
#define BOTTOMHALF_INLINE __attribute__((always_inline)) inline
#define BOTTOMHALF_COLD __attribute__((__noinline__, cold))   // `noinline` is a macro of the kernel's

// Functions that are not instrumented, though their file is: see sim/instrumented.hpp.  Nothing where it is not, so that
// other sanitizers see them.
#if !defined(BOTTOMHALF_SIM_INSTRUMENTED)
#define BOTTOMHALF_UNSEEN
#elif defined(__clang__)
#define BOTTOMHALF_UNSEEN __attribute__((disable_sanitizer_instrumentation))
#else
#define BOTTOMHALF_UNSEEN __attribute__((no_sanitize("thread")))
#endif

#if defined(__cpp_exceptions)
#define BOTTOMHALF_EXCEPTIONS 1
#else
#define BOTTOMHALF_EXCEPTIONS 0
#endif

// Code that is compiled as for ThreadSanitizer may be linked without it: see sim/instrumented.hpp.
#if defined(BOTTOMHALF_SIM_INSTRUMENTED)
#define BOTTOMHALF_TSAN 0
#elif defined(__SANITIZE_THREAD__)
#define BOTTOMHALF_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BOTTOMHALF_TSAN 1
#endif
#endif
#if !defined(BOTTOMHALF_TSAN)
#define BOTTOMHALF_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define BOTTOMHALF_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BOTTOMHALF_ASAN 1
#endif
#endif
#if !defined(BOTTOMHALF_ASAN)
#define BOTTOMHALF_ASAN 0
#endif
