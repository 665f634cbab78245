// SPDX-License-Identifier: MIT
// timekeeper.hpp: the thread that turns the wheel.  It sleeps until the first event, or until somebody arms a timer that
// comes before it; it does not tick while nothing is due.
//
// Arming is lock-free and async-signal-safe: an idle timer is pushed into an inbox.  Cancelling and modifying take the
// lock, with interrupts masked, and empty the inbox first; so they belong to contexts that we manage.
//
// The hand-over.  The timekeeper writes the tick that it will sleep until, then falls asleep in the inbox's word; a
// pusher changes that word, then reads the tick.  Both are read-modify-writes of one word, so either the pusher sees the
// tick, and wakes the sleeper if its timer comes first, or the sleeper finds the timer and does not sleep [clock.next].
//
// Where somebody reads the jiffies variable, the thread wakes up at each tick, unless nobody is awake: see arch/idle.hpp.
#pragma once

#include <cstdint>
#include <memory>

#include <bottomhalf/any_timer_wheel.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/inbox.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/timer.hpp>

namespace bottomhalf {

template <class Arch>
class timekeeper {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    /// Context: process; starts a thread.  Return: false if there was none to be had.
    bool start(const char* name) noexcept {
        if (clock_.boot == 0) clock_.boot = Arch::now();   // a machine that boots again after exit() goes on counting
        {
            detail::irq_lock<Arch> g(lock_);
            stop_ = false;
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
    /// Ends the thread; armed timers stay armed and do not fire.  Context: process.
    /// Return: false if a timer's function has not returned by `deadline`; the thread is left behind then, and ends once it
    ///         does, unless start() comes before.
    bool stop(arch::ns_t deadline = arch::forever) noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            stop_ = true;
        }
        wake();
        if (deadline != arch::forever) return Arch::join_until(thread_, deadline);
        Arch::join(thread_);
        return true;
    }

    [[nodiscard]] const tick_clock& clock() const noexcept { return clock_; }
    [[nodiscard]] jiffies_t jiffies() const noexcept { return clock_.at(Arch::now()); }
    /// The tick for which to arm a timer that is to wait for `delay` whole ticks from now.  That a tick has begun already is
    /// made up for here, but for the wheel of v6, which is a tick late anyway.
    [[nodiscard]] jiffies_t expiry(jiffies_t delay) const noexcept BOTTOMHALF_NO_TSA {
        const arch::ns_t now = Arch::now();
        if (delay == 0) return clock_.at(now) + 1;
        if (wheel_.precision() != timer_precision::v6) return clock_.after(now, delay);
        return clock_.at(now) + (delay > max_jiffy_offset ? max_jiffy_offset : delay);
    }
    /// Writes every tick to `cell` from now on.  Of all clocks of an engine one does that.
    void keep_jiffies(volatile unsigned long& cell) noexcept {
        detail::irq_lock<Arch> g(lock_);
        if (cell_ != nullptr) return;
        atomic<volatile unsigned long*>(cell_).store(&cell, release);
        if constexpr (Arch::simulated) cell = clock_.at(Arch::now());   // the world before this one was later, perhaps
        Arch::follow_time(&time_has_passed, this);
        wake();
    }
    [[nodiscard]] bool keeps_jiffies() noexcept {
        return atomic<volatile unsigned long*>(cell_).load(acquire) != nullptr;
    }
    /// Brings that variable up to date.  Context: any.
    void catch_up() noexcept {
        if (volatile unsigned long* cell = atomic<volatile unsigned long*>(cell_).load(acquire))
            write_jiffies(*cell, jiffies());
    }

    // ---- timers ---------------------------------------------------------------------------------------------------

    /// Arms an idle timer, its function to run on emulated CPU `cpu`.  Fires at the first look at or after tick `expires`,
    /// never before.
    /// Context: any, async-signal-safe.  Return: false if somebody was faster, and armed it: it keeps its time then.
    bool add(timer_node& t, jiffies_t expires, unsigned cpu = 0) noexcept {
        {
            detail::irq_guard<Arch> masked;   // a top half that wants this timer would wait for us, whom it interrupts
            if (!claim(t)) return false;
            t.expires = expires;
            t.cpu = static_cast<std::uint16_t>(cpu);
            inbox_.push(t.entry);   // never refused: without a thread it is armed too, and waits for the next one
        }
        wake_if_earlier(expires);
        return true;
    }
    [[nodiscard]] static bool was_pending(timer_node& t) noexcept {
        return (flags(t).load(relaxed) & timer_pending_bit) != 0;   // relaxed: a hint, as in the kernel
    }
    /// Context: any that we manage.  Return: true if it was armed and is not any more.  Its function may be running.
    bool del(timer_node& t) noexcept {
        return del(t, [] { return true; });
    }
    /// The same for one that may have been armed on another clock meanwhile: `ours()` is asked once it is in a wheel, and if
    /// that is ours it stays there.
    template <class Ours>
    bool del(timer_node& t, Ours ours) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(lock_);
            if (const place p = look(t); p != place::on_its_way) return p == place::wheel && ours() && take_off(t);
        }
    }
    /// The same, but leaves it alone while its function runs.  Return: 1 if it was armed, 0 if not, -1 if its function runs.
    int try_del_sync(timer_node& t) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            // Both questions under one hold of the lock: between two, the function begins, or arms the timer again.
            detail::irq_lock<Arch> g(lock_);
            if (running_ == &t) return -1;
            if (const place p = look(t); p != place::on_its_way) return p == place::wheel && take_off(t) ? 1 : 0;
        }
    }
    /// The same, and waits for its function to return; if that has armed it again, it is taken off all the same.
    /// Context: not the function itself, and nobody whom the function may wait for: a top half may, of its own CPU.
    bool del_sync(timer_node& t) noexcept {
        int was = try_del_sync(t);
        if (was >= 0) return was != 0;
        unwanted me{&t};
        {
            detail::irq_lock<Arch> g(lock_);
            me.next = unwanted_;
            unwanted_ = &me;
        }
        for (unsigned round = 0; (was = try_del_sync(t)) < 0; ++round) Arch::relax(round);
        detail::irq_lock<Arch> g(lock_);
        unwanted** at = &unwanted_;
        while (*at != &me) at = &(*at)->next;
        *at = me.next;
        return was != 0 || me.taken_off;
    }
    /// del(), and takes its function away: mod() does nothing from now on.
    bool shut_down(timer_node& t) noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            flags(t).fetch_or(timer_shut_bit, release);   // before the function goes: see timer_shut_bit
            atomic<void (*)(timer_node*)>(t.function).store(nullptr, release);
        }
        return del(t);
    }
    /// What mod() does: `any` arms an idle timer and moves an armed one; `pending` only moves; `reduce` arms, and moves to
    /// an earlier tick only.
    enum class how : unsigned char { any, pending, reduce };
    /// Arms it, or moves it, unless it is shut down.  Context: any that we manage.  Return: was it armed?
    bool mod(timer_node& t, jiffies_t expires, unsigned cpu = 0, how h = how::any) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(lock_);
            if (t.function == nullptr) return false;
            const place p = look(t);
            if (h == how::pending && p == place::nowhere) return false;
            if (p == place::wheel && (t.expires == expires || (h == how::reduce && time_before(t.expires, expires))))
                return true;
            if (p == place::on_its_way || (p == place::nowhere && !claim(t))) continue;
            t.cpu = static_cast<std::uint16_t>(cpu);
            if (p == place::wheel)
                wheel_.move(t, expires);   // and stays pending: nobody else can claim it in between
            else
                put_on(t, expires);
            wake_if_earlier(expires);
            return p == place::wheel;
        }
    }
    /// Is it armed here?  Looks at every timer, if it looks like one: for memory that may hold anything.
    [[nodiscard]] bool holds(const timer_node& t) noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            settle();   // from now on it has the wheel's bit
            constexpr std::uint32_t armed = timer_pending_bit | timer_wheel_bit;
            if ((flags(const_cast<timer_node&>(t)).load(relaxed) & armed) != armed) return false;   // relaxed: the lock
        }
        bool found = false;
        for_each([&](const timer_node& each) { found = found || &each == &t; });
        return found;
    }
    [[nodiscard]] bool is_running(const timer_node& t) noexcept {
        detail::irq_lock<Arch> g(lock_);
        return running_ == &t;
    }
    /// f(timer_node&) for each armed timer.
    template <class F>
    void for_each(F f) noexcept {
        detail::irq_lock<Arch> g(lock_);
        settle();
        wheel_.for_each(f);
    }

    /// On return no function runs any more that ran at the call.  Context: process.
    void let_function_end() noexcept {
        std::uint32_t turn = 0;
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(lock_);
            if (round == 0) turn = fired_;
            if (running_ == nullptr || fired_ != turn) return;
        }
    }
    /// Takes every armed timer off; f(timer_node&, flags) hears of each, idle by then: so unless it belongs to a work item,
    /// whose PENDING goes with it, it may be gone, too.  For a clock that has stopped.
    template <class F>
    void disarm_all(F f) noexcept {
        std::size_t n;
        {
            detail::irq_lock<Arch> g(lock_);
            settle();
            // All is due; twice, because one that waits "for ever" was armed later than the wheel's clock.
            for (int i = 0; i < 2; ++i) wheel_.advance(wheel_.clock() + max_jiffy_offset);
            n = wheel_.size();   // no more than these: at exit() other threads may go on arming
        }
        for (timer_node* t = nullptr; n != 0; --n) {
            std::uint32_t was = 0;
            {
                detail::irq_lock<Arch> g(lock_);
                t = wheel_.pop_due();
                if (t == nullptr) break;
                was = flags(*t).load(relaxed);   // relaxed: the lock
                make_idle(*t);
            }
            f(*t, was);   // without the lock: it tells somebody, who may arm one
        }
        detail::irq_lock<Arch> g(lock_);
        wheel_.reset(initial_jiffies);   // what was armed meanwhile is due, whatever the clock says
    }

    /// disarm_all() of a clock whose world is gone.  Context: nobody else is left.
    template <class F>
    void lose(F f) noexcept BOTTOMHALF_NO_TSA {
        std::construct_at(&lock_);
        disarm_all(f);
    }

    explicit timekeeper(timer_precision p = timer_precision::exact) noexcept : wheel_(initial_jiffies, p) {
        inbox_.open();
    }
    ~timekeeper() {
        if constexpr (Arch::simulated)   // the next world begins there, before its machine has booted, too
            if (cell_ != nullptr) *cell_ = initial_jiffies;
    }
    timekeeper(const timekeeper&) = delete;
    timekeeper& operator=(const timekeeper&) = delete;

private:
    static auto flags(timer_node& t) noexcept { return atomic<std::uint32_t>(t.flags); }

    /// Somebody in del_sync(), who waits for the timer's function.
    struct unwanted {
        timer_node* timer;
        bool taken_off = false;
        unwanted* next = nullptr;
    };

    /// Makes an idle timer the caller's, to be armed.  Return: false if it is pending.
    static bool claim(timer_node& t) noexcept {
        // [timer.pending] acquire: whoever took it off is done with its links.  Nothing to release: push and lock do that.
        return (flags(t).fetch_or(timer_pending_bit, acquire) & timer_pending_bit) == 0;
    }
    /// Gives it up.  Not a read-modify-write: nobody else changes the flags of a timer in the wheel; a claim() of it, in
    /// vain, only sets a bit that is set.
    void make_idle(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const std::uint32_t f = flags(t).load(relaxed);                        // relaxed: the lock
        flags(t).store(f & ~(timer_pending_bit | timer_wheel_bit), release);   // [timer.pending]
    }

    /// Where a timer is.  On its way: claimed, and not pushed yet, by an add() elsewhere.
    enum class place : unsigned char { nowhere, on_its_way, wheel };
    place look(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        settle();
        // The wheel's bit is ours under the lock.  acquire: but in a wheel of another machine, see del(t, ours) [delayed.wq].
        const std::uint32_t f = flags(t).load(acquire);
        if ((f & timer_pending_bit) == 0) return place::nowhere;
        return (f & timer_wheel_bit) == 0 ? place::on_its_way : place::wheel;
    }
    void settle() noexcept BOTTOMHALF_REQUIRES(lock_) {
        for (detail::link* l = inbox_.take_all(); l != nullptr;) {
            detail::link* next = l->next;
            timer_node& t = *any_timer_wheel::from_link(l);
            put_on(t, t.expires);
            l = next;
        }
    }
    /// It is pending, and ours.
    void put_on(timer_node& t, jiffies_t expires) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const std::uint32_t f = flags(t).load(relaxed);   // relaxed, and no read-modify-write: see make_idle()
        flags(t).store(f | timer_wheel_bit, release);     // see look()
        wheel_.add(t, expires);
    }
    bool take_off(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        wheel_.remove(t);
        make_idle(t);
        return true;
    }

    void run() noexcept BOTTOMHALF_EXCLUDES(lock_) {
        Arch::sleep_precisely();
        typename Arch::busy_tick tick;
        bool was = Arch::irq_save();
        lock_.lock();
        for (unsigned fired = 0; !stop_;
             ++fired) {   // looked at before all that may be due: there may be no end of that
            settle();
            // Reading the clock costs more than firing a timer.  Now and then all the same: one that is always due must not
            // hold back those that become due meanwhile.
            timer_node* t = fired % 32 != 0 ? wheel_.pop_due() : nullptr;
            if (t == nullptr) {
                wheel_.advance(clock_.at(Arch::now()));
                if (cell_ != nullptr) write_jiffies(*cell_, wheel_.clock());   // before the timers, which may read it
                t = wheel_.pop_due();
            }
            if (t != nullptr) {
                if (cell_ != nullptr) tick.start(tick_ns);
                fire(*t, was);
                continue;
            }
            fired = 0;
            // First of all, so that whoever wants us awake from here on finds us with the older value.
            // relaxed: ordered by [clock.next], and by [idle.rest], whose first store is a release.
            const std::uint32_t v = atomic<std::uint32_t>(watch_).load(relaxed);
            jiffies_t next = wheel_.next_event();
            const bool rests = cell_ != nullptr && time_after(next, wheel_.clock() + 1) && Arch::begin_rest();
            if (cell_ != nullptr && !rests) next = wheel_.clock() + 1;
            atomic<jiffies_t>(next_).store(next, relaxed);   // relaxed: [clock.next] follows
            if (!inbox_.fall_asleep()) {
                if (rests) Arch::end_rest();   // nobody has missed a tick yet
                continue;
            }
            lock_.unlock();
            Arch::irq_restore(was);
            Arch::park(watch_, v, clock_.when(next), "the next timer");
            if (rests) {
                catch_up();
                Arch::end_rest();
            }
            was = Arch::irq_save();
            lock_.lock();
            inbox_.wake_up();
            atomic<jiffies_t>(next_).store(wheel_.clock(),
                                           relaxed);   // relaxed: awake; who reads the old one wakes in vain
        }
        alive_ = false;
        lock_.unlock();
        Arch::irq_restore(was);
    }
    /// What a timer calls, and the complaint if that leaves preemption off.  To be read before the timer is idle: from then on
    /// its owner may change it, or free it.
    struct expiry_call {
        void (*function)(timer_node*);
        void (*with_data)(unsigned long) = nullptr;
        unsigned long data = 0;

        static expiry_call of(timer_node& t) noexcept {
            if (t.function != &detail::call_timer_with_data) return {t.function};
            const auto& d =
                reinterpret_cast<const data_timer&>(t);   // `node` is the first member of a standard-layout struct
            return {t.function, d.function, d.data};
        }
        void operator()(timer_node& t) const {
            if (with_data != nullptr)
                with_data(data);
            else if (function != nullptr)
                detail::call(function, &t);
        }
        [[nodiscard]] const void* address() const noexcept {
            return with_data != nullptr ? reinterpret_cast<const void*>(with_data)
                                        : reinterpret_cast<const void*>(function);
        }
        void complain(std::uint32_t before, std::uint32_t after) const noexcept {
            if (with_data != nullptr)
                detail::say(channel::kernel, severity::bug, "__run_timers", location::current(),
                            "huh, entered %p with %08x, exited with %08x?", reinterpret_cast<void*>(with_data), before,
                            after);
            else
                detail::say(channel::kernel, severity::warn, "call_timer_fn", location::current(),
                            "timer: %p preempt leak: %08x -> %08x", reinterpret_cast<void*>(function), before, after);
        }
    };

    void fire(timer_node& t, bool was) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const expiry_call call = expiry_call::of(t);
        const std::uint32_t f = flags(t).load(relaxed);   // relaxed: the lock
        Arch::current().cpu = t.cpu;                      // where its function believes to be
        make_idle(t);
        running_ = &t;
        ++fired_;
        lock_.unlock();
        if ((f & timer_irqsafe) == 0) Arch::irq_restore(was);
        {
            detail::in_context<Arch> softirq(softirq_offset);
            const std::uint32_t before = context<Arch>::preempt_count();
            // From here on `t` may be armed again, or gone.
            detail::contain("call_timer_fn", "timer's function", call.address(), [&] { call(t); });
            if (const std::uint32_t after = context<Arch>::preempt_count(); after != before) [[unlikely]] {
                call.complain(before, after);
                context<Arch>::add(before - after);
            }
        }
        if ((f & timer_irqsafe) == 0) Arch::irq_save();
        lock_.lock();
        running_ = nullptr;
        // A function that arms its timer for a tick that has come would run again before those who wait for it get the lock.
        // While one is listed, `t` is there.
        for (unwanted* u = unwanted_; u != nullptr; u = u->next)
            if (u->timer == &t && look(t) == place::wheel) u->taken_off = take_off(t);
    }

    /// The time was not watched, and now it is again: see Arch::follow_time().
    static void time_has_passed(void* self, [[maybe_unused]] bool rested) noexcept {
        auto& me = *static_cast<timekeeper*>(self);
        if constexpr (Arch::simulated) {   // between two steps: nobody else is there
            *me.cell_ = me.clock_.at(Arch::now());
        } else {
            me.catch_up();
            if (rested) me.wake();
        }
    }
    /// Forwards only, whoever comes last.
    static void write_jiffies(volatile unsigned long& cell, jiffies_t now) noexcept {
        atomic<unsigned long> j(const_cast<unsigned long&>(cell));
        unsigned long old = j.load(relaxed);   // relaxed: a number, nothing else hangs on it
        while (time_after(now, old) && !j.compare_exchange_weak(old, now, relaxed, relaxed)) {}
    }
    void wake_if_earlier(jiffies_t expires) noexcept {
        if (time_before(expires, atomic<jiffies_t>(next_).load(relaxed))) wake();   // relaxed: [clock.next]
    }
    void wake() noexcept {
        atomic<std::uint32_t>(watch_).fetch_add(1, release);
        Arch::unpark(watch_, 1);
    }

    detail::inbox<Arch> inbox_;
    std::uint32_t watch_ = 0;            // A: what the thread sleeps on
    jiffies_t next_ = initial_jiffies;   // A: the tick until which it sleeps [clock.next]
    detail::spinlock<Arch> lock_;
    any_timer_wheel wheel_ BOTTOMHALF_GUARDED_BY(lock_);
    timer_node* running_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    std::uint32_t fired_ BOTTOMHALF_GUARDED_BY(lock_) = 0;   // how many functions have been called
    volatile unsigned long* cell_ = nullptr;                 // A: written once, under lock_
    unwanted* unwanted_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    bool stop_ BOTTOMHALF_GUARDED_BY(lock_) = false;
    bool alive_ BOTTOMHALF_GUARDED_BY(lock_) = false;   // a thread is in run(), or about to be
    tick_clock clock_;                                  // I
    typename Arch::thread thread_;
};

}   // namespace bottomhalf
