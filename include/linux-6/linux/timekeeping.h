// SPDX-License-Identifier: MIT
// <linux/timekeeping.h>: what time it is.
//
// One clock here: the engine's.  It stands for monotonic, boottime (nothing suspends) and raw (nothing corrects it), in the
// simulator it is virtual.  Real time, and TAI with it, is the engine's wall clock.  The coarse ones are
// cut down to whole ticks.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/ktime.h>
#include <linux/time64.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
constexpr arch::ns_t coarse(arch::ns_t t) noexcept { return t - t % tick_ns; }
}   // namespace impl

/// Context: any, async-signal-safe, as everything here.
[[nodiscard]] inline ktime_t ktime_get() noexcept { return engine::now(); }
[[nodiscard]] inline ktime_t ktime_get_boottime() noexcept { return engine::now(); }
[[nodiscard]] inline ktime_t ktime_get_raw() noexcept { return engine::now(); }
[[nodiscard]] inline ktime_t ktime_get_real() noexcept { return engine::wall_clock(); }
[[nodiscard]] inline ktime_t ktime_get_clocktai() noexcept { return engine::wall_clock(); }
[[nodiscard]] inline ktime_t ktime_get_coarse() noexcept { return impl::coarse(engine::now()); }
[[nodiscard]] inline ktime_t ktime_get_coarse_boottime() noexcept { return impl::coarse(engine::now()); }
[[nodiscard]] inline ktime_t ktime_get_coarse_real() noexcept { return impl::coarse(engine::wall_clock()); }
[[nodiscard]] inline ktime_t ktime_get_coarse_clocktai() noexcept { return impl::coarse(engine::wall_clock()); }

[[nodiscard]] inline u64 ktime_get_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_boottime_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_raw_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_real_ns() noexcept { return static_cast<u64>(engine::wall_clock()); }
[[nodiscard]] inline u64 ktime_get_clocktai_ns() noexcept { return static_cast<u64>(engine::wall_clock()); }
[[nodiscard]] inline u64 ktime_get_coarse_ns() noexcept { return static_cast<u64>(impl::coarse(engine::now())); }
[[nodiscard]] inline u64 ktime_get_coarse_boottime_ns() noexcept {
    return static_cast<u64>(impl::coarse(engine::now()));
}
[[nodiscard]] inline u64 ktime_get_coarse_real_ns() noexcept {
    return static_cast<u64>(impl::coarse(engine::wall_clock()));
}
[[nodiscard]] inline u64 ktime_get_coarse_clocktai_ns() noexcept {
    return static_cast<u64>(impl::coarse(engine::wall_clock()));
}
[[nodiscard]] inline u64 ktime_get_mono_fast_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_raw_fast_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_boot_fast_ns() noexcept { return static_cast<u64>(engine::now()); }
[[nodiscard]] inline u64 ktime_get_tai_fast_ns() noexcept { return static_cast<u64>(engine::wall_clock()); }
[[nodiscard]] inline u64 ktime_get_real_fast_ns() noexcept { return static_cast<u64>(engine::wall_clock()); }

[[nodiscard]] inline time64_t ktime_get_seconds() noexcept { return engine::now() / NSEC_PER_SEC; }
[[nodiscard]] inline time64_t ktime_get_boottime_seconds() noexcept { return engine::now() / NSEC_PER_SEC; }
[[nodiscard]] inline time64_t ktime_get_clocktai_seconds() noexcept { return engine::wall_clock() / NSEC_PER_SEC; }
[[nodiscard]] inline time64_t ktime_get_real_seconds() noexcept { return engine::wall_clock() / NSEC_PER_SEC; }

inline void ktime_get_ts64(struct timespec64* ts) noexcept { *ts = ns_to_timespec64(engine::now()); }
inline void ktime_get_boottime_ts64(struct timespec64* ts) noexcept { *ts = ns_to_timespec64(engine::now()); }
inline void ktime_get_raw_ts64(struct timespec64* ts) noexcept { *ts = ns_to_timespec64(engine::now()); }
inline void ktime_get_real_ts64(struct timespec64* ts) noexcept { *ts = ns_to_timespec64(engine::wall_clock()); }
inline void ktime_get_clocktai_ts64(struct timespec64* ts) noexcept { *ts = ns_to_timespec64(engine::wall_clock()); }
inline void ktime_get_coarse_ts64(struct timespec64* ts) noexcept {
    *ts = ns_to_timespec64(impl::coarse(engine::now()));
}
inline void ktime_get_coarse_boottime_ts64(struct timespec64* ts) noexcept {
    *ts = ns_to_timespec64(impl::coarse(engine::now()));
}
inline void ktime_get_coarse_real_ts64(struct timespec64* ts) noexcept {
    *ts = ns_to_timespec64(impl::coarse(engine::wall_clock()));
}
inline void ktime_get_coarse_clocktai_ts64(struct timespec64* ts) noexcept {
    *ts = ns_to_timespec64(impl::coarse(engine::wall_clock()));
}

/// The wall clock as our clock began.
inline void getboottime64(struct timespec64* ts) noexcept {
    *ts = ns_to_timespec64(engine::wall_clock() - engine::now());
}
[[nodiscard]] inline ktime_t ktime_mono_to_real(ktime_t mono) noexcept {
    return ktime_add(mono, engine::wall_clock() - engine::now());
}
/// How fine the clock is, in ns.
[[nodiscard]] inline u32 ktime_get_resolution_ns() noexcept { return 1; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::getboottime64;
using bottomhalf::linux6::ktime_get;
using bottomhalf::linux6::ktime_get_boot_fast_ns;
using bottomhalf::linux6::ktime_get_boottime;
using bottomhalf::linux6::ktime_get_boottime_ns;
using bottomhalf::linux6::ktime_get_boottime_seconds;
using bottomhalf::linux6::ktime_get_boottime_ts64;
using bottomhalf::linux6::ktime_get_clocktai;
using bottomhalf::linux6::ktime_get_clocktai_ns;
using bottomhalf::linux6::ktime_get_clocktai_seconds;
using bottomhalf::linux6::ktime_get_clocktai_ts64;
using bottomhalf::linux6::ktime_get_coarse;
using bottomhalf::linux6::ktime_get_coarse_boottime;
using bottomhalf::linux6::ktime_get_coarse_boottime_ns;
using bottomhalf::linux6::ktime_get_coarse_boottime_ts64;
using bottomhalf::linux6::ktime_get_coarse_clocktai;
using bottomhalf::linux6::ktime_get_coarse_clocktai_ns;
using bottomhalf::linux6::ktime_get_coarse_clocktai_ts64;
using bottomhalf::linux6::ktime_get_coarse_ns;
using bottomhalf::linux6::ktime_get_coarse_real;
using bottomhalf::linux6::ktime_get_coarse_real_ns;
using bottomhalf::linux6::ktime_get_coarse_real_ts64;
using bottomhalf::linux6::ktime_get_coarse_ts64;
using bottomhalf::linux6::ktime_get_mono_fast_ns;
using bottomhalf::linux6::ktime_get_ns;
using bottomhalf::linux6::ktime_get_raw;
using bottomhalf::linux6::ktime_get_raw_fast_ns;
using bottomhalf::linux6::ktime_get_raw_ns;
using bottomhalf::linux6::ktime_get_raw_ts64;
using bottomhalf::linux6::ktime_get_real;
using bottomhalf::linux6::ktime_get_real_fast_ns;
using bottomhalf::linux6::ktime_get_real_ns;
using bottomhalf::linux6::ktime_get_real_seconds;
using bottomhalf::linux6::ktime_get_real_ts64;
using bottomhalf::linux6::ktime_get_resolution_ns;
using bottomhalf::linux6::ktime_get_seconds;
using bottomhalf::linux6::ktime_get_tai_fast_ns;
using bottomhalf::linux6::ktime_get_ts64;
using bottomhalf::linux6::ktime_mono_to_real;
