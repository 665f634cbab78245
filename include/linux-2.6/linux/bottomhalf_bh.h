// SPDX-License-Identifier: MIT
// BHs, the oldest bottom halves: 32 of them, known by number, each with one function for the whole system.  Gone before
// 2.6, but named by the article.
//
//   init_bh(SERIAL_BH, my_bottom_half);   // void my_bottom_half(void)
//   mark_bh(SERIAL_BH);                   // in the top half: it runs soon
//
// One BH at a time runs in the whole system, whatever its number and its CPU.  Each is a tasklet of high priority, as in
// 2.4, that takes one lock for all, and comes again if that is taken.  They come with <linux/interrupt.h>.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/interrupt.h>   // which includes this behind its tasklets

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

enum bottomhalf_bh : int {
    TIMER_BH = 0,
    TQUEUE_BH,   // runs tq_timer, see <linux/tqueue.h>
    DIGI_BH,
    SERIAL_BH,
    RISCOM8_BH,
    SPECIALIX_BH,
    AURORA_BH,
    ESP_BH,
    SCSI_BH,
    IMMEDIATE_BH,   // runs tq_immediate
    CYCLADES_BH,
    CM206_BH,
    JS_BH,
    MACSERIAL_BH,
    ISICOM_BH,
};

namespace impl {

inline constexpr int nr_bhs = 32;
using bh_function = void (*)();

/// The default machine's.
struct bhs : machine_companion {
    std::uint32_t one_at_a_time = 0;        // A [bh.lock]
    std::uint32_t known = 0;                // A: whether it ends with the machine already
    bh_function base[nr_bhs] = {};          // A
    tasklet_struct tasklets[nr_bhs] = {};   // without a function until init_bh()

    constexpr bhs() noexcept : machine_companion{&end} {}

    /// In the simulator a world may be abandoned inside a BH: the next one begins with none.
    static void end(machine_companion& c, bool lost, arch::ns_t, location) noexcept {
        auto& me = static_cast<bhs&>(c);
        atomic<std::uint32_t>(me.known).store(0, release);
        if (!lost) return;
        me.one_at_a_time = 0;
        for (bh_function& f : me.base) f = nullptr;
        for (tasklet_struct& t : me.tasklets) t = {};
    }
};
BOTTOMHALF_STATE inline constinit bhs all_bhs{};

inline void run_bh(unsigned long nr) {
    atomic<std::uint32_t> lock(all_bhs.one_at_a_time);
    if (lock.exchange(1, acquire) != 0)   // [bh.lock]
        return tasklet_hi_schedule(&all_bhs.tasklets[nr]);
    if (bh_function f = atomic<bh_function>(all_bhs.base[nr]).load(acquire))
        detail::contain<engine>("bh_action", "BH", reinterpret_cast<void*>(f), [f] { f(); });
    lock.store(0, release);   // [bh.lock] what it did is visible to the next, wherever that runs
}
inline bool is_bh(int nr, const char* function, location at) noexcept {
    if (nr >= 0 && nr < nr_bhs) [[likely]]
        return true;
    detail::say(advice, severity::bug, function, at, "there is no BH %d", nr);
    return false;
}

}   // namespace impl

/// BH `nr` is `routine` from now on.  Context: process.
/// Source:  init_bh(), kernel/softirq.c of 2.4.
inline void init_bh(int nr, void (*routine)(void), location at = location::current()) noexcept {
    if (!impl::is_bh(nr, "init_bh", at)) return;
    impl::machine_t* m = impl::machine(at);
    if (m != nullptr && impl::atomic<std::uint32_t>(impl::all_bhs.known).exchange(1, acq_rel) == 0)
        m->accompany(impl::all_bhs);
    impl::all_bhs.tasklets[nr].func = &impl::run_bh;
    impl::all_bhs.tasklets[nr].data = static_cast<unsigned long>(nr);
    impl::atomic<impl::bh_function>(impl::all_bhs.base[nr]).store(routine, release);
}
/// It runs once, soon, unless it is marked already.  Context: any, async-signal-safe once the machine is up.
/// Errors:  one that nobody has given a function is reported, where the kernel would have jumped to NULL.
inline void mark_bh(int nr, location at = location::current()) noexcept {
    if (!impl::is_bh(nr, "mark_bh", at)) return;
    if (impl::atomic<impl::bh_function>(impl::all_bhs.base[nr]).load(acquire) == nullptr)
        return detail::say(impl::advice, severity::bug, "mark_bh", at, "BH %d has no function: init_bh() is missing",
                           nr);
    tasklet_hi_schedule(&impl::all_bhs.tasklets[nr], at);
}
/// It has run, if it was marked, and has no function any more.  Context: process.
inline void remove_bh(int nr, location at = location::current()) noexcept {
    if (!impl::is_bh(nr, "remove_bh", at)) return;
    tasklet_kill(&impl::all_bhs.tasklets[nr], at);
    impl::atomic<impl::bh_function>(impl::all_bhs.base[nr]).store(nullptr, release);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::init_bh;
using bottomhalf::linux26::mark_bh;
using bottomhalf::linux26::remove_bh;
using enum bottomhalf::linux26::bottomhalf_bh;
