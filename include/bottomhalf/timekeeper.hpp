// SPDX-License-Identifier: MIT
// timekeeper.hpp: a machine's clock, and the owner of its timers: a base per CPU, see timer_base.hpp.
//
// A timer goes to the base of the CPU for which it is armed.  So the functions of timers of two CPUs run at the same time,
// on threads ktimers/N, and one that takes long holds up those of its own CPU only.  A timer's function never runs beside
// itself: while it runs, whoever arms the timer arms it there.
//
// The timekeeper's own thread calls nobody's function.  It hires a base's thread when the base's first timer is armed,
// which armers, who may be signal handlers, cannot do; and where somebody reads the jiffies variable, it wakes up at each
// tick, unless nobody is awake: see arch/idle.hpp.  A base for which no thread can be had is served by it, too.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

#include <bottomhalf/any_timer_wheel.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/timer.hpp>
#include <bottomhalf/timer_base.hpp>

namespace bottomhalf {

template <class Arch>
class timekeeper {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;
    using base = timer_base<Arch>;
    using outcome = typename base::outcome;

public:
    /// Context: process; starts a thread.  Return: false if there was none to be had, or no memory for the bases.
    bool start(const char* name) noexcept {
        if (bases_ == nullptr) return false;
        // A machine that boots again after exit() goes on counting.
        if (shared_.clock.boot == 0) shared_.clock.boot = Arch::now();
        {
            hiring one_at_a_time(hires_);
            for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].go_on();
        }
        {
            detail::irq_lock<Arch> g(lock_);
            atomic<std::uint32_t>(stop_).store(0, relaxed);   // relaxed: the lock
            if (alive_) return true;   // stop() has left it behind; it goes on, and remains the only one
            alive_ = true;
        }
        Arch::join(thread_);   // one that was left behind, and has gone since, may still be at its last instructions
        if (Arch::spawn(
                thread_, 0, name, false, [](void* self) { static_cast<timekeeper*>(self)->run(); }, this))
            return true;
        detail::irq_lock<Arch> g(lock_);
        alive_ = false;
        return false;
    }
    /// Ends the threads; armed timers stay armed and do not fire.  Context: process.
    /// Return: false if a timer's function has not returned by `deadline`; its thread is left behind then, and ends once it
    ///         does, unless start() comes before.
    bool stop(arch::ns_t deadline = arch::forever) noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            atomic<std::uint32_t>(stop_).store(1, relaxed);   // relaxed: wake() follows
        }
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].tell_to_stop();
        shared_.wake();
        bool all = true;
        if (deadline != arch::forever)
            all = Arch::join_until(thread_, deadline);
        else
            Arch::join(thread_);
        hiring one_at_a_time(hires_);
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].tell_to_stop();   // one may have been hired in between
        for (unsigned i = 0; i < nr_bases_; ++i) all = bases_[i].join(deadline) && all;
        return all;
    }

    [[nodiscard]] const tick_clock& clock() const noexcept { return shared_.clock; }
    [[nodiscard]] jiffies_t jiffies() const noexcept { return shared_.now(); }
    /// The tick for which to arm a timer that is to wait for `delay` whole ticks from now.  That a tick has begun already is
    /// made up for here, but for the wheel of v6, which is a tick late anyway.
    [[nodiscard]] jiffies_t expiry(jiffies_t delay) const noexcept {
        const arch::ns_t now = Arch::now();
        if (delay == 0) return clock().at(now) + 1;
        if (precision_ != timer_precision::v6) return clock().after(now, delay);
        return clock().at(now) + (delay > max_jiffy_offset ? max_jiffy_offset : delay);
    }
    /// Writes every tick to `cell` from now on.  Of all clocks of an engine one does that.
    void keep_jiffies(volatile unsigned long& cell) noexcept {
        volatile unsigned long* none = nullptr;
        if (!atomic<volatile unsigned long*>(shared_.cell).compare_exchange_strong(none, &cell, acq_rel, relaxed))
            return;
        if constexpr (Arch::simulated) cell = jiffies();   // the world before this one was later, perhaps
        Arch::follow_time(&time_has_passed, this);
        shared_.wake();
        // One who fell asleep before anybody followed is taken to be awake: see arch/idle.hpp.
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].wake_sleeper();
    }
    [[nodiscard]] bool keeps_jiffies() noexcept { return shared_.shown() != nullptr; }
    /// Calls f(arg) at about every tick while jiffies are kept and somebody is awake.  Context: before start().
    /// And asked(arg) on the same thread, whenever somebody has called ask(), which may be called in any context.
    /// And rests(arg) before the ticks rest, which says by when they go on at the latest.
    struct tick_follower {
        void (*tick)(void*) = nullptr;
        void (*asked)(void*) = nullptr;
        arch::ns_t (*rests)(void*) = nullptr;
        void* arg = nullptr;
    };
    void follow_ticks(const tick_follower& f) noexcept { follower_ = f; }
    /// The functions of its timers are bottom halves of the CPUs.  Context: before start().
    void belong_to(softirq_controller<Arch>& all) noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].belong_to(all);
        all.open(softirq::timer, {[](typename softirq_controller<Arch>::cpu& c, void* me) {
                                      static_cast<timekeeper*>(me)->base_for(c.number).turn_in_softirq();
                                  },
                                  this});
    }
    void ask() noexcept {
        if (atomic<std::uint32_t>(asked_).exchange(1, release) == 0) shared_.wake();   // [base.crew]
    }
    /// Brings that variable up to date.  Context: any.
    void catch_up() noexcept {
        if (keeps_jiffies()) shared_.show(jiffies());
    }

    // ---- timers ---------------------------------------------------------------------------------------------------

    /// Arms an idle timer, its function to run on emulated CPU `cpu`; if it runs now, where it runs.  Fires at the first
    /// look at or after tick `expires`, never before.
    /// Context: any, async-signal-safe.  Return: false if somebody was faster, and armed it: it keeps its time then; or if
    /// it is shut down.
    bool add(timer_node& t, jiffies_t expires, unsigned cpu = 0) noexcept {
        detail::irq_guard<Arch> masked;   // a top half that wants this timer would wait for us, whom it interrupts
        fetch(t);
        const std::uint32_t was = claim(t);
        return (was & timer_pending_bit) == 0 && arm(t, was, expires, cpu);
    }
    [[nodiscard]] static bool was_pending(timer_node& t) noexcept {
        return (flags(t).load(relaxed) & timer_pending_bit) != 0;   // relaxed: a hint, as in the kernel
    }
    /// Context: any that we manage.  Return: true if it was armed and is not any more.  Its function may be running.
    bool del(timer_node& t) noexcept {
        return del(t, [] { return true; });
    }
    /// The same for one that may have been armed on another clock meanwhile: if it seems to be here, `ours()` is asked.
    template <class Ours>
    bool del(timer_node& t, Ours ours) noexcept {
        fetch(t);
        for (unsigned round = 0;; Arch::relax(round++)) {
            const std::uint32_t f = flags(t).load(acquire);   // [timer.pending] whoever took it off is done with it
            base* b = base_of(f);
            if ((f & timer_pending_bit) == 0 || b == nullptr) return false;
            if (const outcome o = b->del(t, ours); o != outcome::again) return o == outcome::yes;
        }
    }
    /// The same, but leaves it alone while its function runs.  Return: 1 if it was armed, 0 if not, -1 if its function runs.
    int try_del_sync(timer_node& t) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            base* b = base_of(flags(t).load(acquire));   // acquire: see del(t, ours)
            if (b == nullptr) return 0;
            bool again = false;
            if (const int was = b->try_del_sync(t, again); !again) return was;
        }
    }
    /// The same, and waits for its function to return; if that has armed it again, it is taken off all the same.
    /// Context: not the function itself, and nobody whom the function may wait for: a top half may, of its own CPU.
    bool del_sync(timer_node& t) noexcept {
        int was = try_del_sync(t);
        if (was >= 0) return was != 0;
        base* b = base_of(flags(t).load(acquire));   // where it runs, unless it has returned
        if (b == nullptr) return false;
        typename base::unwanted me{&t};
        b->enlist(me);
        for (unsigned round = 0; (was = try_del_sync(t)) < 0; ++round) Arch::relax(round);
        b->delist(me);
        return was != 0 || me.taken_off;
    }
    /// del(), and takes its function away: mod() does nothing from now on.
    bool shut_down(timer_node& t) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_guard<Arch> masked;   // as in add()
            std::uint32_t f = flags(t).load(acquire);
            if ((f & timer_pending_bit) == 0) {
                f = claim(t);
                if ((f & timer_pending_bit) != 0) continue;
                base::take_function(t);
                give_up(t, f | timer_shut_bit);
                return false;
            }
            base* b = base_of(f);
            if (b == nullptr || b->shut_down(t) == outcome::yes) return b != nullptr;
        }
    }
    using how = timer_mod;
    /// Arms it, or moves it, to emulated CPU `cpu`, unless it is shut down.  If its function runs, it stays where that runs.
    /// Context: any that we manage.  Return: was it armed?
    bool mod(timer_node& t, jiffies_t expires, unsigned cpu = 0, how h = how::any) noexcept {
        fetch(t);
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_guard<Arch> masked;             // as in add()
            std::uint32_t f = flags(t).load(acquire);   // acquire: as in del(t, ours)
            if ((f & timer_pending_bit) == 0) {
                if (h == how::pending || atomic<void (*)(timer_node*)>(t.function).load(relaxed) == nullptr)
                    return false;   // relaxed: if it is shut down meanwhile, the claim says so
                f = claim(t);
                if ((f & timer_pending_bit) == 0) return arm(t, f, expires, cpu), false;
            } else if (base* b = base_of(f); b != nullptr) {
                if (b->mod(t, expires, cpu, h, base_for(cpu)) == outcome::yes) return true;
            } else if ((f & timer_wheel_bit) != 0) {
                return true;   // in a wheel, and not in one of ours
            }
        }
    }
    /// Is it armed here?  Looks at every timer, if it looks like one: for memory that may hold anything.
    [[nodiscard]] bool holds(const timer_node& t) noexcept {
        auto& node = const_cast<timer_node&>(t);
        std::uint32_t f = flags(node).load(acquire);
        base* b = base_of(f);
        if ((f & timer_pending_bit) == 0 || b == nullptr) return false;
        b->settle_all();   // from now on it has the wheel's bit
        f = flags(node).load(acquire);
        b = base_of(f);
        if ((f & timer_pending_bit) == 0 || (f & timer_wheel_bit) == 0 || b == nullptr) return false;
        bool found = false;
        const auto find = [&](const timer_node& each) { found = found || &each == &t; };
        b->for_each(find);
        return found;
    }
    [[nodiscard]] bool is_running(const timer_node& t) noexcept {
        base* b = base_of(flags(const_cast<timer_node&>(t)).load(acquire));   // acquire: [timer.running]
        return b != nullptr && b->runs(t);
    }
    /// Is the caller its function?
    [[nodiscard]] bool is_own_function(const timer_node& t) noexcept {
        base* b = base_of(flags(const_cast<timer_node&>(t)).load(acquire));   // acquire: as above
        return b != nullptr && b->is_function_of(t);
    }
    /// The flags of a new timer: if it is set up by the function that it has had so far, that is what runs.
    [[nodiscard]] static std::uint32_t new_flags() noexcept {
        const std::int32_t cpu = Arch::current().cpu;
        return cpu < 0 ? 0 : in_timer_base(0, static_cast<unsigned>(cpu) % max_timer_bases);
    }
    /// f(timer_node&) for each armed timer.
    template <class F>
    void for_each(F f) noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].for_each(f);
    }

    /// On return no function runs any more that ran at the call.  Context: process.
    void let_function_end() noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].let_function_end();
    }
    /// Takes every armed timer off; f(timer_node&, flags) hears of each, idle by then: so unless it belongs to a work item,
    /// whose PENDING goes with it, it may be gone, too.  For a clock that has stopped.
    template <class F>
    void disarm_all(F f) noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].disarm_all(f);
    }
    /// disarm_all() of a clock whose world is gone.  Context: nobody else is left.
    template <class F>
    void lose(F f) noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].lose_lock();
        disarm_all(f);
    }

    /// Allocates.  If it cannot, start() says so.
    explicit timekeeper(timer_precision p = timer_precision::exact, unsigned cpus = 1) noexcept
        : precision_(p), bases_(new (std::nothrow) base[cpus]), nr_bases_(bases_ != nullptr ? cpus : 0) {
        for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].set_up(shared_, i, p);
    }
    ~timekeeper() {
        if constexpr (Arch::simulated)   // the next world begins there, before its machine has booted, too
            if (shared_.cell != nullptr) *shared_.cell = initial_jiffies;
    }
    timekeeper(const timekeeper&) = delete;
    timekeeper& operator=(const timekeeper&) = delete;

private:
    static auto flags(timer_node& t) noexcept { return base::flags(t); }

    /// One at a time starts bases' threads, or joins them.
    class hiring {
    public:
        explicit hiring(std::uint32_t& busy) noexcept : busy_(busy) {
            for (unsigned round = 0; busy_.exchange(1, acquire) != 0; ++round) Arch::relax(round);
        }
        ~hiring() { busy_.store(0, release); }
        hiring(const hiring&) = delete;
        hiring& operator=(const hiring&) = delete;

    private:
        atomic<std::uint32_t> busy_;
    };

    /// Return: null if no base of ours has it, whatever the rest of the flags say.
    base* base_of(std::uint32_t f) noexcept {
        const unsigned i = timer_base_of(f);
        return i < nr_bases_ ? &bases_[i] : nullptr;
    }
    base& base_for(unsigned cpu) noexcept { return bases_[cpu < nr_bases_ ? cpu : 0]; }

    /// Its links may lie in another cache line than its flags, behind which there is a claim, or a lock: no look ahead.
    static void fetch(timer_node& t) noexcept { __builtin_prefetch(&t.entry, 1); }
    /// Makes an idle timer the caller's, to be armed.  Return: its flags before; if it was pending, it is not his.
    static std::uint32_t claim(timer_node& t) noexcept {
        // [timer.pending] acquire: whoever took it off is done with its links.  Nothing to release: push and lock do that.
        return flags(t).fetch_or(timer_pending_bit, acquire);
    }
    static void give_up(timer_node& t, std::uint32_t f) noexcept { flags(t).store(f, release); }   // [timer.pending]
    /// Of a claimed timer.  Return: false if it is shut down, and idle again.
    bool arm(timer_node& t, std::uint32_t was, jiffies_t expires, unsigned cpu) noexcept {
        if ((was & timer_shut_bit) != 0) [[unlikely]]
            return give_up(t, was), false;
        unsigned to = cpu < nr_bases_ ? cpu : 0;
        if (const unsigned last = timer_base_of(was); last != to) {
            // [timer.running] It was claimed with acquire.  If it ran on `to`, it would stay there in any case.
            if (last < nr_bases_ && bases_[last].runs(t)) to = last;
        }
        t.expires = expires;
        t.cpu = static_cast<std::uint16_t>(cpu);
        const std::uint32_t f = in_timer_base(was | timer_pending_bit, to);
        // relaxed: push() publishes it.  Not a read-modify-write: the timer is ours, see timer_base::make_idle().
        if (f != (was | timer_pending_bit)) flags(t).store(f, relaxed);
        bases_[to].push(t, expires, f);
        return true;
    }

    void run() noexcept BOTTOMHALF_EXCLUDES(lock_) {
        Arch::sleep_precisely();
        typename Arch::busy_tick tick;
        while (true) {
            // First of all, so that whoever wants us awake from here on finds us with the older value.
            // acquire: what was asked before, we see [base.crew]
            const std::uint32_t v = atomic<std::uint32_t>(shared_.watch).load(acquire);
            if (is_to_stop()) return;
            if (atomic<std::uint32_t>(shared_.asked).exchange(0, acquire) != 0) hire();
            if (atomic<std::uint32_t>(asked_).exchange(0, acquire) != 0 && follower_.asked != nullptr)
                follower_.asked(follower_.arg);
            const bool shows = keeps_jiffies();
            if (shows && nr_served_ != 0) tick.start(tick_ns);
            jiffies_t now = jiffies(), next = now + max_jiffy_offset;
            each_served([&](base& b) {
                if (const jiffies_t n = b.turn_once(); time_before(n, next)) next = n;
            });
            bool rests = false;
            if (shows) {
                now = jiffies();
                shared_.show(now);
                rests = time_after(next, now + 1) && Arch::begin_rest();
                if (!rests && time_after(next, now + 1)) next = now + 1;
                if (!rests && follower_.tick != nullptr) follower_.tick(follower_.arg);
                if (!rests && atomic<std::uint32_t>(shared_.lazy).load(relaxed) != 0)   // relaxed: a tick later will do
                    for (unsigned i = 0; i < nr_bases_; ++i) bases_[i].tick(now);
            }
            arch::ns_t until = clock().when(next);
            if (rests && follower_.rests != nullptr) until = std::min(until, follower_.rests(follower_.arg));
            Arch::park(shared_.watch, v, until, "the next tick");
            if (rests) {
                catch_up();
                Arch::end_rest();
            }
            each_served([](base& b) { b.awake(); });
        }
    }
    bool is_to_stop() noexcept {
        if (atomic<std::uint32_t>(stop_).load(relaxed) == 0) [[likely]]   // relaxed: stop() wakes us, [base.crew]
            return false;
        detail::irq_lock<Arch> g(lock_);
        if (is_stopped()) alive_ = false;
        return is_stopped();   // start() may have been faster
    }
    bool is_stopped() noexcept BOTTOMHALF_REQUIRES(lock_) {
        return atomic<std::uint32_t>(stop_).load(relaxed) != 0;   // relaxed: the lock
    }
    BOTTOMHALF_COLD void hire() noexcept {
        for (unsigned i = 0; i < nr_bases_; ++i) {
            if (!bases_[i].asks()) continue;
            {
                const hiring one_at_a_time(hires_);
                {
                    detail::irq_lock<Arch> g(lock_);
                    if (is_stopped()) return;   // and so are the bases; start() has them ask again
                }
                if (bases_[i].start()) continue;
                bases_[i].be_served();
            }
            detail::say(channel::advice, severity::warn, "timekeeper", location::current(),
                        "no thread for the timers of CPU %u; they share one, and may wait for each other", i);
        }
        nr_served_ = 0;
        for (unsigned i = 0; i < nr_bases_; ++i)
            if (bases_[i].is_served()) ++nr_served_;
    }
    template <class F>
    void each_served(F f) noexcept {
        if (nr_served_ == 0) [[likely]]
            return;
        for (unsigned i = 0; i < nr_bases_; ++i)
            if (bases_[i].is_served()) f(bases_[i]);
    }

    /// The time was not watched, and now it is again: see Arch::follow_time().
    static void time_has_passed(void* self, [[maybe_unused]] bool rested) noexcept {
        auto& me = *static_cast<timekeeper*>(self);
        if constexpr (Arch::simulated) {   // between two steps: nobody else is there
            *me.shared_.cell = me.jiffies();
        } else {
            me.catch_up();
            if (rested) me.shared_.wake();
        }
    }

    detail::timer_clock<Arch> shared_;
    const timer_precision precision_;
    const std::unique_ptr<base[]> bases_;
    const unsigned nr_bases_;
    tick_follower follower_;    // I
    std::uint32_t asked_ = 0;   // A
    std::uint32_t hires_ = 0;   // A: one at a time hires, or joins
    unsigned nr_served_ = 0;    // the thread's own
    detail::spinlock<Arch> lock_;
    std::uint32_t stop_ = 0;                            // A: written under lock_
    bool alive_ BOTTOMHALF_GUARDED_BY(lock_) = false;   // a thread is in run(), or about to be
    typename Arch::thread thread_;
};

}   // namespace bottomhalf
