// SPDX-License-Identifier: MIT
// timer_base.hpp: one CPU's timers: a wheel, an inbox, a lock, and the thread ktimers/N that turns the wheel.  It sleeps
// until the first event, or until somebody arms a timer that comes before it; it does not tick while nothing is due.
//
// Arming is lock-free and async-signal-safe: an idle timer is pushed into an inbox.  Cancelling and moving take the lock,
// with interrupts masked, and empty the inbox first; so they belong to contexts that we manage.
//
// The hand-over.  The thread writes the tick that it will sleep until, then falls asleep in the inbox's word; a pusher
// changes that word, then reads the tick.  Both are read-modify-writes of one word, so either the pusher sees the tick,
// and wakes the sleeper if its timer comes first, or the sleeper finds the timer and does not sleep [clock.next].
//
// Whose a timer is.  Its flags name a base, in the word that says whether it is armed, and whether it lies in a wheel.
//
//   idle               whoever claims it may write another base there, before he pushes it into that base's inbox
//   armed, on its way  claimed, perhaps pushed: only the base's lock, once it has come to the wheel, lets go of it
//   in the wheel       the base's lock: del() takes it off, mod() takes it out and sends it, armed, to another base
//   its function runs  the base stays, whoever arms it meanwhile, from whatever CPU: so it never runs beside itself
//
// So whoever holds the lock of base N, and sees in one look at the flags "in the wheel of N", has the timer until he
// unlocks; if he sees another base, somebody was faster, and he tries again there.
//
// The last line of the four, without a lock.  A function begins: running_ = &t, then t is idle.  An armer claims t, then
// looks at running_ of the base that the flags named: the claim is a read-modify-write that acquires what made t idle, so
// he sees &t, and leaves it there, or something later, and the function has returned [timer.running].
//
// A timer's function is one of its CPU's bottom halves, though not in their thread: it runs while nobody of the CPU has them
// off, or interrupts, and nobody else runs some.  They are had before a timer is taken out of the wheel, so that he who has
// them off may take it off instead, and let go after every few timers.  If somebody has them the thread does not wait for its
// turn: it raises the vector TIMER, and sleeps.  So whoever lets go, a task in local_bh_enable() or the end of an interrupt,
// turns the wheel there and then, between what else is pending, in the order of the vectors, and wakes the thread, which
// sleeps until the next event again.  Nobody turns the wheel beside the other: only one of them has the bottom halves.
//
// Beside the wheel is a second one, for what is deferrable: it is looked at when the base is awake for another reason, and
// ends a sleep only a second late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>

#include <bottomhalf/any_timer_wheel.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/detail/wake_lead.hpp>
#include <bottomhalf/inbox.hpp>
#include <bottomhalf/jiffies.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/timer.hpp>
#include <bottomhalf/timer_call.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf {

/// What mod() does: `any` arms an idle timer and moves an armed one; `pending` only moves; `reduce` arms, and moves to an
/// earlier tick only.
enum class timer_mod : unsigned char { any, pending, reduce };

namespace detail {

/// What the bases of a machine share: the clock, the variable that shows it, and the word that the timekeeper sleeps on.
template <class Arch>
struct timer_clock {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

    tick_clock clock;                         // I
    volatile unsigned long* cell = nullptr;   // A: written once
    std::uint32_t watch = 0;                  // A: what the timekeeper's thread sleeps on
    std::uint32_t asked = 0;                  // A: some base wants a thread
    std::uint32_t lazy = 0;                   // A: some base has had deferrable timers

    [[nodiscard]] jiffies_t now() const noexcept { return clock.at(Arch::now()); }
    [[nodiscard]] volatile unsigned long* shown() noexcept {
        return atomic<volatile unsigned long*>(cell).load(acquire);
    }
    /// Brings the variable up to `now`.  Forwards only, whoever comes last.
    void show(jiffies_t now) noexcept {
        volatile unsigned long* shows = shown();
        if (shows == nullptr) return;
        atomic<unsigned long> j(const_cast<unsigned long&>(*shows));
        unsigned long old = j.load(relaxed);   // relaxed: a number, nothing else hangs on it
        while (time_after(now, old) && !j.compare_exchange_weak(old, now, relaxed, relaxed)) {}
    }
    void wake() noexcept {
        atomic<std::uint32_t>(watch).fetch_add(1, release);   // [base.crew]
        Arch::unpark(watch, 1);
    }
};

}   // namespace detail

/// Aligned, so that what armers of two CPUs change never shares a cache line, and no head of a list lies in two.
template <class Arch>
class alignas(64) timer_base {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    /// For calls that may have come to the wrong base, or too early.
    enum class outcome : unsigned char { no, yes, again };

    timer_base() noexcept { inbox_.open(); }
    timer_base(const timer_base&) = delete;
    timer_base& operator=(const timer_base&) = delete;
    /// Before anybody knows it.
    void set_up(detail::timer_clock<Arch>& shared, unsigned cpu, timer_precision p) noexcept BOTTOMHALF_NO_TSA {
        shared_ = &shared;
        cpu_ = cpu;
        wheel_.choose(p);
        lazy_.choose(p);
    }
    /// Of which CPU its functions are bottom halves.  Before its first timer is armed.
    void belong_to(softirq_controller<Arch>& all) noexcept { halves_ = all.of_cpu(cpu_); }

    // ---- its thread -----------------------------------------------------------------------------------------------
    // From the outside, the business of one at a time.  [base.crew] The state is written before whoever it names looks into
    // the inbox for the first time; so who pushes, and is to wake somebody, finds the one who sleeps.

    /// Does it want a thread?
    [[nodiscard]] bool asks() noexcept { return atomic<std::uint32_t>(crew_).load(acquire) == asking; }
    [[nodiscard]] bool is_served() noexcept {
        return atomic<std::uint32_t>(crew_).load(relaxed) == served;   // relaxed: who asks has written it
    }
    /// Context: process; starts a thread.  Return: false if there was none to be had.
    bool start() noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            stop_ = false;
            atomic<std::uint32_t>(crew_).store(own, release);   // [base.crew]
            if (alive_) return true;   // stop() has left it behind; it goes on, and remains the only one
            alive_ = true;
        }
        Arch::join(thread_);   // one that was left behind, and has gone since, may still be at its last instructions
        char name[arch::comm_len];
        std::snprintf(name, sizeof name, "ktimers/%u", cpu_);
        if (Arch::spawn(
                thread_, static_cast<int>(cpu_), name, false, [](void* self) { static_cast<timer_base*>(self)->run(); },
                this))
            return true;
        detail::irq_lock<Arch> g(lock_);
        alive_ = false;
        return false;
    }
    /// Then somebody else's thread will call turn_once(), then awake(), again and again.
    void be_served() noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            stop_ = false;
        }
        atomic<std::uint32_t>(crew_).store(served, release);   // [base.crew]
    }
    /// After tell_to_stop(): a thread that has not ended goes on; otherwise one is asked for, if there has been one.
    void go_on() noexcept {
        detail::irq_lock<Arch> g(lock_);
        stop_ = false;
        atomic<std::uint32_t> crew(crew_);
        if (alive_ || crew.load(relaxed) == nobody) return;   // relaxed: an armer who asks meanwhile does so by himself
        crew.store(asking, release);
        atomic<std::uint32_t>(shared_->asked).store(1, release);
    }
    void tell_to_stop() noexcept {
        {
            detail::irq_lock<Arch> g(lock_);
            stop_ = true;
        }
        wake_sleeper();
    }
    void wake_sleeper() noexcept {
        atomic<std::uint32_t>(watch_).fetch_add(1, release);
        Arch::unpark(watch_, 1);
    }
    /// Return: false if its thread, or a function that somebody else calls, has not ended by `deadline`; it is left behind
    /// then, and ends as soon as it can.
    bool join(arch::ns_t deadline) noexcept {
        if (deadline == arch::forever)
            Arch::join(thread_);
        else if (!Arch::join_until(thread_, deadline))
            return false;
        return guest_leaves_by(deadline);
    }
    /// Fires all that is due.  Return: the tick by which awake() and another turn are due.
    jiffies_t turn_once() noexcept BOTTOMHALF_EXCLUDES(lock_) {
        bool was = Arch::irq_save();
        lock_.lock();
        std::uint32_t v = 0;
        const jiffies_t next = turn(was, v);
        lock_.unlock();
        Arch::irq_restore(was);
        return next;
    }
    void awake() noexcept {
        detail::irq_lock<Arch> g(lock_);
        look_around();
    }
    /// What the vector TIMER does: fires all that is due by now, in the caller's thread.  What comes meanwhile is for the base's
    /// thread, so that this ends.  Context: softirq, by whoever has the CPU's bottom halves.
    void turn_in_softirq() noexcept BOTTOMHALF_EXCLUDES(lock_) {
        arch::task& me = Arch::current();
        const std::int32_t cpu = me.cpu;
        const bool was = Arch::irq_save();
        lock_.lock();
        if (!stop_) {
            guest_ = &me;
            settle();
            const jiffies_t now = shared_->now();
            wheel_.advance(now);
            shared_->show(now);
            while (!stop_) {
                timer_node* t = wheel_.pop_due();
                if (t == nullptr) t = pop_deferred(now, true);
                if (t == nullptr) break;
                fire(*t, was);
            }
            guest_ = nullptr;
            // The thread may wait for us.  Before the lock is free: from then on the base may be gone.
            // relaxed: who has no thread waits for nothing
            if (atomic<std::uint32_t>(crew_).load(relaxed) != nobody) wake();
        }
        lock_.unlock();
        Arch::irq_restore(was);
        me.cpu = cpu;
    }
    /// Has its thread look; if it has none, asks for one.
    void wake() noexcept {
        atomic<std::uint32_t>(watch_).fetch_add(1, release);
        if (atomic<std::uint32_t>(crew_).load(acquire) == own) [[likely]]   // [base.crew]
            Arch::unpark(watch_, 1);
        else
            ask();
    }
    /// A tick, while somebody is awake: deferrable timers that have come fire now.
    void tick(jiffies_t now) noexcept {
        // relaxed: the next tick looks again
        if (inbox_.was_empty() && time_before(now, atomic<jiffies_t>(lazy_next_).load(relaxed))) return;
        atomic<std::uint32_t>(ticked_).store(1, relaxed);   // relaxed: wake() follows
        wake();
    }

    // ---- timers ---------------------------------------------------------------------------------------------------

    /// Does its function run, on this base?  For the owner of a claim, or after such a look at the flags.
    [[nodiscard]] bool runs(const timer_node& t) noexcept {
        // [timer.running] acquire: all that it did, if it has returned.
        return atomic<const timer_node*>(running_).load(acquire) == &t;
    }
    /// Is the caller its function?
    [[nodiscard]] bool is_function_of(const timer_node& t) noexcept {
        return runs(t) && atomic<arch::task*>(runner_).load(relaxed) == &Arch::current();   // relaxed: our own, or not
    }
    /// Takes a timer that the caller has claimed; its flags name this base.
    void push(timer_node& t, jiffies_t expires, std::uint32_t f) noexcept {
        detail::trace_timer_start<Arch>(t, f, expires, *shared_, cpu_);
        inbox_.push(t.entry);   // never refused: without a thread it is armed too, and waits for the next one
        wake_if_earlier(expires, f);
    }
    template <class Ours>
    outcome del(timer_node& t, Ours ours) noexcept {
        detail::irq_lock<Arch> g(lock_);
        switch (look(t)) {
            case place::nowhere: return outcome::no;
            case place::wheel: return ours() && take_off(t) ? outcome::yes : outcome::no;
            case place::on_its_way: return ours() ? outcome::again : outcome::no;
            case place::elsewhere: break;
        }
        return outcome::again;
    }
    /// Both questions under one hold of the lock: between two, the function begins, or arms the timer again.
    /// Return: -1 if its function runs.
    int try_del_sync(timer_node& t, bool& again) noexcept {
        detail::irq_lock<Arch> g(lock_);
        if (runs(t)) return -1;
        const place p = look(t);
        again = p == place::on_its_way || p == place::elsewhere;
        return p == place::wheel && take_off(t) ? 1 : 0;
    }
    /// Moves an armed timer; to another base, if that is `to`, and its function does not run.
    outcome mod(timer_node& t, jiffies_t expires, unsigned cpu, timer_mod how, timer_base& to) noexcept {
        std::uint32_t f;
        {
            detail::irq_lock<Arch> g(lock_);
            if (look(t) != place::wheel) return outcome::again;
            if (t.expires == expires || (how == timer_mod::reduce && time_before(t.expires, expires)))
                return outcome::yes;
            t.cpu = static_cast<std::uint16_t>(cpu);
            f = flags(t).load(relaxed);   // relaxed: the lock
            detail::tracepoint<Arch>(trace::event::timer_cancel, &t);
            detail::trace_timer_start<Arch>(t, f, expires, *shared_, to.cpu_);
            if (&to == this || runs(t)) {
                look_at_clock();
                wheel_of(f).move(t, expires);   // and stays pending: nobody else can claim it in between
                wake_if_earlier(expires, f);
                return outcome::yes;
            }
            wheel_of(f).remove(t);
            t.expires = expires;
            f = in_timer_base(f & ~timer_wheel_bit, to.cpu_);
            flags(t).store(f, release);   // on its way: ours until it is pushed, see look()
            to.inbox_.push(t.entry);      // masked: a top half that wants it would wait for us, whom it interrupts
        }
        to.wake_if_earlier(expires, f);
        return outcome::yes;
    }
    /// del(), and takes its function away.
    outcome shut_down(timer_node& t) noexcept {
        detail::irq_lock<Arch> g(lock_);
        if (look(t) != place::wheel) return outcome::again;
        wheel_of(flags(t).load(relaxed)).remove(t);   // relaxed: the lock
        detail::tracepoint<Arch>(trace::event::timer_cancel, &t);
        take_function(t);
        make_idle(t);
        return outcome::yes;
    }
    /// Of a timer that is the caller's: for good.
    static void take_function(timer_node& t) noexcept {
        flags(t).fetch_or(timer_shut_bit, release);   // before the function goes: see timer_shut_bit
        atomic<void (*)(timer_node*)>(t.function).store(nullptr, release);
    }
    /// Everything that comes is in the wheel, where it has the wheel's bit.
    void settle_all() noexcept {
        detail::irq_lock<Arch> g(lock_);
        settle();
    }
    template <class F>
    void for_each(F& f) noexcept {
        detail::irq_lock<Arch> g(lock_);
        settle();
        wheel_.for_each(f);
        lazy_.for_each(f);
    }
    /// On return the function that ran at the call has returned.  Context: process.
    void let_function_end() noexcept {
        std::uint32_t turn = 0;
        for (unsigned round = 0;; Arch::relax(round++)) {
            detail::irq_lock<Arch> g(lock_);
            if (round == 0) turn = fired_;
            if (running_ == nullptr || fired_ != turn) return;
        }
    }
    /// See timekeeper.
    template <class F>
    void disarm_all(F& f) noexcept {
        std::size_t n;
        {
            detail::irq_lock<Arch> g(lock_);
            settle();
            // All is due; twice, because one that waits "for ever" was armed later than the wheel's clock.
            for (int i = 0; i < 2; ++i)
                for (any_timer_wheel* w : {&wheel_, &lazy_}) w->advance(w->clock() + max_jiffy_offset);
            n = wheel_.size() + lazy_.size();   // no more than these: at exit() other threads may go on arming
        }
        for (timer_node* t = nullptr; n != 0; --n) {
            std::uint32_t was = 0;
            {
                detail::irq_lock<Arch> g(lock_);
                t = wheel_.pop_due();
                if (t == nullptr) t = lazy_.pop_due();
                if (t == nullptr) break;
                was = flags(*t).load(relaxed);   // relaxed: the lock
                make_idle(*t);
            }
            f(*t, was);   // without the lock: it tells somebody, who may arm one
        }
        detail::irq_lock<Arch> g(lock_);
        wheel_.reset(initial_jiffies);   // what was armed meanwhile is due, whatever the clock says
        lazy_.reset(initial_jiffies);
    }
    /// Nobody is left who could let go of the lock.
    void lose_lock() noexcept BOTTOMHALF_NO_TSA {
        std::construct_at(&lock_);
        guest_ = nullptr;
    }

    /// Somebody in del_sync(), who waits for the timer's function.
    struct unwanted {
        timer_node* timer;
        bool taken_off = false;
        unwanted* next = nullptr;
    };
    void enlist(unwanted& me) noexcept {
        detail::irq_lock<Arch> g(lock_);
        me.next = unwanted_;
        unwanted_ = &me;
    }
    void delist(unwanted& me) noexcept {
        detail::irq_lock<Arch> g(lock_);
        unwanted** at = &unwanted_;
        while (*at != &me) at = &(*at)->next;
        *at = me.next;
    }

    static auto flags(timer_node& t) noexcept { return atomic<std::uint32_t>(t.flags); }

    // Implementation
private:
    using chance = typename softirq_controller<Arch>::chance;
    enum : std::uint32_t { nobody, asking, own, served };

    /// Gives it up.  Not a read-modify-write: nobody else changes the flags of a timer in the wheel; a claim() of it, in
    /// vain, only sets a bit that is set.
    void make_idle(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const std::uint32_t f = flags(t).load(relaxed);                        // relaxed: the lock
        flags(t).store(f & ~(timer_pending_bit | timer_wheel_bit), release);   // [timer.pending]
    }

    /// Where a timer is.  On its way: claimed, and not pushed yet, by somebody else.
    enum class place : unsigned char { nowhere, on_its_way, wheel, elsewhere };
    place look(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        settle();
        // acquire: but in a wheel of another machine, see del(t, ours) [delayed.wq].
        const std::uint32_t f = flags(t).load(acquire);
        if (timer_base_of(f) != cpu_) return place::elsewhere;
        if ((f & timer_pending_bit) == 0) return place::nowhere;
        return (f & timer_wheel_bit) == 0 ? place::on_its_way : place::wheel;
    }
    void settle() noexcept BOTTOMHALF_REQUIRES(lock_) {
        detail::link* l = inbox_.take_all();
        if (l != nullptr) look_at_clock();
        while (l != nullptr) {
            detail::link* next = l->next;
            put_on(*any_timer_wheel::from_link(l));
            l = next;
        }
    }
    /// Where a timer lies in the kernel's wheels, and so how late it is, or in what order they fire, hangs on how far away it is.
    void look_at_clock() noexcept BOTTOMHALF_REQUIRES(lock_) {
        if (wheel_.precision() != timer_precision::exact) [[unlikely]]
            wheel_.advance(shared_->now());
    }
    /// It is pending, and ours.
    void put_on(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const std::uint32_t f = flags(t).load(relaxed);   // relaxed, and no read-modify-write: see make_idle()
        flags(t).store(f | timer_wheel_bit, release);     // see look()
        if ((f & timer_deferrable) == 0) [[likely]] {
            wheel_.add(t);
            return;
        }
        if (!has_lazy()) lazy_.advance(wheel_.clock());   // it has not been looked at
        any_lazy_ = true;
        lazy_.add(t);
    }
    bool take_off(timer_node& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        wheel_of(flags(t).load(relaxed)).remove(t);   // relaxed: the lock
        detail::tracepoint<Arch>(trace::event::timer_cancel, &t);
        make_idle(t);
        return true;
    }
    any_timer_wheel& wheel_of(std::uint32_t f) noexcept BOTTOMHALF_REQUIRES(lock_) {
        return (f & timer_deferrable) == 0 ? wheel_ : lazy_;
    }

    void run() noexcept BOTTOMHALF_EXCLUDES(lock_) {
        Arch::sleep_precisely();
        detail::wake_lead lead;
        if (halves_ != nullptr) halves_->all->prepare(*halves_);   // here it costs no timer its time
        bool was = Arch::irq_save();
        lock_.lock();
        while (true) {
            std::uint32_t v = 0;
            const jiffies_t next = turn(was, v);
            if (stop_) break;
            lock_.unlock();
            Arch::irq_restore(was);
            detail::park_until<Arch>(watch_, v, shared_->clock.when(next), lead, "the next timer");
            was = Arch::irq_save();
            lock_.lock();
            look_around();
        }
        alive_ = false;
        atomic<jiffies_t>(next_).store(wheel_.clock() + max_jiffy_offset,
                                       relaxed);   // relaxed: the lock that start() takes
        lock_.unlock();
        Arch::irq_restore(was);
    }
    /// Fires all that is due, then falls asleep in the inbox; or, awake to the armers, if somebody has the bottom halves, until
    /// he has fired it.  Return: the tick until which to sleep, while watch_ == v.
    jiffies_t turn(bool was, std::uint32_t& v) noexcept BOTTOMHALF_REQUIRES(lock_) {
        // Is there anything but deferrable timers to be awake for?  relaxed: the lock, or the next tick
        bool anyway = atomic<std::uint32_t>(ticked_).exchange(0, relaxed) != 0;
        bool ours = halves_ == nullptr;   // the CPU's bottom halves
        unsigned refused = 0;
        // Stopping is looked at before all that may be due: there may be no end of that.
        for (unsigned fired = 0; !stop_; ++fired) {
            settle();
            // Reading the clock costs more than firing a timer.  Now and then all the same: one that is always due must not
            // hold back those that become due meanwhile, nor whoever wants bottom halves off.
            timer_node* t = fired % batch != 0 ? wheel_.pop_due() : nullptr;
            if (t == nullptr) {
                if (ours && fired != 0) ours = give_back(was);
                const jiffies_t now = shared_->now();
                wheel_.advance(now);
                shared_->show(now);   // before the timers, which may read it
                if (!ours && has_due(now, anyway)) {
                    v = atomic<std::uint32_t>(watch_).load(relaxed);   // relaxed: who changes it for us has the lock
                    const chance has = have_bottom_halves(was, refused);
                    ours = has == chance::now;
                    // theirs: he turns the wheel as he lets go, and wakes us; a tick, if he cannot.  Who is served has
                    // everybody's thread.
                    if (has == chance::theirs || (!ours && is_served())) return now + 1;
                    fired = ~0U;   // the lock was free meanwhile: once more, from 0
                    continue;
                }
                t = wheel_.pop_due();
                if (t == nullptr) t = pop_deferred(now, anyway);
            }
            if (t != nullptr) {
                anyway = true;
                fire(*t, was);
                continue;
            }
            if (ours && halves_ != nullptr) {   // whoever was due has been deleted as they were asked for
                ours = give_back(was);
                fired = ~0U;
                continue;
            }
            fired = 0;
            // First of all, so that whoever wants us awake from here on finds us with the older value.
            v = atomic<std::uint32_t>(watch_).load(relaxed);   // relaxed: ordered by [clock.next]
            const jiffies_t next = next_event();
            atomic<jiffies_t>(next_).store(next, relaxed);   // relaxed: [clock.next] follows
            if (inbox_.fall_asleep()) return next;
        }
        if (ours) give_back(was);
        return wheel_.clock();
    }
    static constexpr unsigned batch = 32;   // timers in a row

    /// If not now: either somebody else turns the wheel, or some time has passed.
    chance have_bottom_halves(bool was, unsigned& refused) noexcept BOTTOMHALF_REQUIRES(lock_) {
        Arch::current().cpu = static_cast<std::int32_t>(cpu_);   // for what else is pending there
        lock_.unlock();
        Arch::irq_restore(was);
        const chance has = halves_->all->try_begin(*halves_, softirq::timer);
        if (has == chance::later) Arch::relax(refused++);
        Arch::irq_save();
        lock_.lock();
        return has;
    }
    /// And runs what the timers have raised.  Return: whether we have them still.
    bool give_back(bool was) noexcept BOTTOMHALF_REQUIRES(lock_) {
        if (halves_ == nullptr) return true;
        Arch::current().cpu = static_cast<std::int32_t>(cpu_);
        lock_.unlock();
        Arch::irq_restore(was);
        halves_->all->end(*halves_);
        Arch::irq_save();
        lock_.lock();
        return false;
    }
    bool has_due(jiffies_t now, bool anyway) noexcept BOTTOMHALF_REQUIRES(lock_) {
        return wheel_.has_due() || has_deferred(now, anyway);
    }
    bool has_lazy() noexcept BOTTOMHALF_REQUIRES(lock_) { return any_lazy_ && (any_lazy_ = !lazy_.empty()); }
    bool has_deferred(jiffies_t now, bool anyway) noexcept BOTTOMHALF_REQUIRES(lock_) {
        if (!has_lazy()) [[likely]]
            return false;
        lazy_.advance(anyway ? now : now - hz);
        return lazy_.has_due();
    }
    timer_node* pop_deferred(jiffies_t now, bool anyway) noexcept BOTTOMHALF_REQUIRES(lock_) {
        return has_deferred(now, anyway) ? lazy_.pop_due() : nullptr;
    }
    jiffies_t next_event() noexcept BOTTOMHALF_REQUIRES(lock_) {
        const jiffies_t next = wheel_.next_event();
        const bool any = has_lazy();
        const jiffies_t deferred = any ? lazy_.next_event() : wheel_.clock() + max_jiffy_offset;
        atomic<jiffies_t>(lazy_next_).store(deferred, relaxed);   // relaxed: see tick()
        return any && time_before(deferred + hz, next) ? deferred + hz : next;
    }
    void look_around() noexcept BOTTOMHALF_REQUIRES(lock_) {
        inbox_.wake_up();
        atomic<jiffies_t>(next_).store(wheel_.clock(),
                                       relaxed);   // relaxed: awake; who reads the old one wakes in vain
    }
    void wake_if_earlier(jiffies_t expires, std::uint32_t f) noexcept {
        if ((f & timer_deferrable) != 0) [[unlikely]] {
            expires += hz;
            atomic<std::uint32_t>(shared_->lazy).store(1, relaxed);   // relaxed: a tick later will do
        }
        const jiffies_t next = atomic<jiffies_t>(next_).load(relaxed);   // relaxed: [clock.next]
        // As time_before(expires, next), but for the shape of the circle: with nothing to wait for `next` lies half the
        // range of timers ahead, so what is long past looks as if it came far behind it.  Nobody waits for that long.
        if (next - 1 - expires < jiffies_t{0} - max_jiffy_offset) wake();
    }
    /// Nobody sleeps here.  Context: any, async-signal-safe.
    BOTTOMHALF_COLD void ask() noexcept {
        std::uint32_t none = nobody;
        if (atomic<std::uint32_t>(crew_).compare_exchange_strong(none, asking, acq_rel, relaxed))
            atomic<std::uint32_t>(shared_->asked).store(1, release);
        shared_->wake();   // in any case: who asked first may not have come as far
    }

    /// Whether nobody turns the wheel any more but its thread.  Context: process, or the function of a timer that a guest calls.
    bool guest_leaves_by(arch::ns_t deadline) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            {
                detail::irq_lock<Arch> g(lock_);
                if (guest_ == nullptr) return true;
                if (guest_ == &Arch::current()) return false;
            }
            if (Arch::now() >= deadline) return false;
        }
    }

    void fire(timer_node& t, bool was) noexcept BOTTOMHALF_REQUIRES(lock_) {
        const auto call = detail::expiry_call::of(t);
        const std::uint32_t f = flags(t).load(relaxed);   // relaxed: the lock
        arch::task& me = Arch::current();
        me.cpu = static_cast<std::int32_t>(cpu_);                 // where its function believes to be
        atomic<arch::task*>(runner_).store(&me, relaxed);         // relaxed: published by the next line
        atomic<const timer_node*>(running_).store(&t, release);   // [timer.running] before it is idle
        detail::tracepoint<Arch>(trace::event::timer_cancel, &t);
        [[maybe_unused]] const jiffies_t expires = t.expires;
        make_idle(t);
        ++fired_;
        lock_.unlock();
        if ((f & timer_irqsafe) == 0) Arch::irq_restore(was);
        {
            detail::in_context<Arch> softirq(context<Arch>::in_serving_softirq() ? 0 : softirq_offset);
            const std::uint32_t before = context<Arch>::preempt_count();
            // From here on `t` may be armed again, or gone.
            if constexpr (trace::compiled_in)
                detail::tracepoint<Arch>(trace::event::timer_expire_entry, &t, call.address(), nullptr, shared_->now(),
                                         expires);
            detail::contain<Arch>("call_timer_fn", "timer's function", call.address(), [&] { call(t); });
            detail::tracepoint<Arch>(trace::event::timer_expire_exit, &t, call.address());
            if (const std::uint32_t after = context<Arch>::preempt_count(); after != before) [[unlikely]] {
                call.complain(before, after);
                context<Arch>::add(before - after);
            }
        }
        if ((f & timer_irqsafe) == 0) Arch::irq_save();
        lock_.lock();
        // A function that arms its timer for a tick that has come would run again before those who wait for it get the lock.
        // While one is listed, `t` is there.
        for (unwanted* u = unwanted_; u != nullptr; u = u->next)
            if (u->timer == &t && look(t) == place::wheel) u->taken_off = take_off(t);
        // [timer.running] release: whoever sees that, or the next one's, may run it elsewhere, after all this.
        atomic<const timer_node*>(running_).store(nullptr, release);
    }

    detail::inbox<Arch> inbox_;
    std::uint32_t watch_ = 0;                               // A: what the thread sleeps on
    jiffies_t next_ = initial_jiffies + max_jiffy_offset;   // A: the tick until which it sleeps [clock.next]
    const timer_node* running_ = nullptr;                   // A: written under lock_ [timer.running]
    arch::task* runner_ = nullptr;                          // A: who runs it
    std::uint32_t crew_ = nobody;                           // A: who turns the wheel [base.crew]
    std::uint32_t ticked_ = 0;                              // A: woken by tick()
    detail::spinlock<Arch> lock_;
    unsigned cpu_ = 0;                                           // I
    detail::timer_clock<Arch>* shared_ = nullptr;                // I
    typename softirq_controller<Arch>::cpu* halves_ = nullptr;   // I: of no machine's, they are nobody's
    jiffies_t lazy_next_ = initial_jiffies + max_jiffy_offset;   // A: when the first deferrable one may fire
    std::uint32_t fired_ BOTTOMHALF_GUARDED_BY(lock_) = 0;       // how many functions have been called
    unwanted* unwanted_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    const arch::task* guest_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;   // who turns the wheel in its thread's place
    bool stop_ BOTTOMHALF_GUARDED_BY(lock_) = false;
    bool alive_ BOTTOMHALF_GUARDED_BY(lock_) = false;   // a thread is in run(), or about to be
    any_timer_wheel wheel_ BOTTOMHALF_GUARDED_BY(lock_);
    any_timer_wheel lazy_ BOTTOMHALF_GUARDED_BY(lock_);    // what is deferrable
    bool any_lazy_ BOTTOMHALF_GUARDED_BY(lock_) = false;   // whether it is worth a look
    typename Arch::thread thread_;
};

}   // namespace bottomhalf
