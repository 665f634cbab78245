// SPDX-License-Identifier: MIT
// hrtimer.hpp: function calls at a nanosecond.  One thread, which sleeps until the first of them; a heap of those that are
// armed, in the timers themselves: no allocation, O(1) to arm, O(log n) to fire or to cancel.
//
// The wheel of timekeeper.hpp is for many timers, most of which are cancelled, and counts in ticks.  This is for the few
// that must be on time.  A function runs in hardirq context, or in softirq context if its timer asks for that, and may
// say that it wants to be called again, and when.
//
// Those in softirq context have a base and a thread of their own, and are bottom halves of the CPU that armed them.  If somebody
// has those, the vector HRTIMER is raised there, and whoever lets go calls what is due, as in timer_base.hpp; the thread looks
// after the other CPUs meanwhile.
#pragma once

#include <cstdint>

#include <memory>
#include <new>
#include <utility>

#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/detail/wake_lead.hpp>
#include <bottomhalf/machine.hpp>

namespace bottomhalf {

/// Zeroes: not armed.  Trivial, for the facades' structs, which drivers memset().
struct BOTTOMHALF_ALIASES hr_timer {
    hr_timer *child, *next, *prev;                  // in the heap
    arch::ns_t due;                                 // on the engine's clock
    std::uint64_t order;                            // of those due at once, first in, first out
    bool (*function)(hr_timer*, arch::ns_t& due);   // Return: again?
    std::uint32_t state;                            // A: hr_armed; changed under the base's lock
    std::uint16_t soft;                             // in softirq context
    std::uint16_t cpu;                              // where its function believes to be
};
inline constexpr std::uint32_t hr_armed = 1;

/// A pairing heap: the earliest first.
class hr_heap {
public:
    [[nodiscard]] hr_timer* first() const noexcept { return root_; }
    void clear() noexcept { root_ = nullptr; }
    /// In no order that means anything.
    template <class F>
    void for_each(F f) const noexcept {
        for (hr_timer* t = root_; t != nullptr; t = after(*t)) f(*t);
    }
    /// The earliest of those for which wanted(timer).  Looks at all of them if that is not the first.
    template <class F>
    [[nodiscard]] hr_timer* first_of(F wanted) const noexcept {
        if (root_ == nullptr || wanted(*root_)) return root_;
        hr_timer* best = nullptr;
        for_each([&](hr_timer& t) {
            if (wanted(t) && (best == nullptr || before(t, *best))) best = &t;
        });
        return best;
    }
    void insert(hr_timer& t) noexcept {
        t.child = t.next = t.prev = nullptr;
        root_ = meld(root_, &t);
    }
    void remove(hr_timer& t) noexcept {
        hr_timer* below = pair_up(t.child);
        if (&t == root_) {
            root_ = below;
            return;
        }
        (t.prev->child == &t ? t.prev->child : t.prev->next) = t.next;
        if (t.next != nullptr) t.next->prev = t.prev;
        root_ = meld(root_, below);
    }

private:
    /// Its eldest child, or else the next sibling of its own or of the nearest ancestor that has one.
    static hr_timer* after(const hr_timer& t) noexcept {
        if (t.child != nullptr) return t.child;
        for (const hr_timer* up = &t; up != nullptr; up = parent(*up))
            if (up->next != nullptr) return up->next;
        return nullptr;
    }
    static hr_timer* parent(const hr_timer& t) noexcept {
        const hr_timer* eldest = &t;
        while (eldest->prev != nullptr && eldest->prev->child != eldest) eldest = eldest->prev;
        return eldest->prev;
    }
    static bool before(const hr_timer& a, const hr_timer& b) noexcept {
        return a.due != b.due ? a.due < b.due : a.order < b.order;
    }
    /// `prev` is the elder sibling, or the parent of the eldest.
    static hr_timer* meld(hr_timer* a, hr_timer* b) noexcept {
        if (a == nullptr || b == nullptr) return a != nullptr ? a : b;
        if (before(*b, *a)) std::swap(a, b);
        b->prev = a;
        b->next = a->child;
        if (a->child != nullptr) a->child->prev = b;
        a->child = b;
        return a;
    }
    /// Melds siblings two by two, then the pairs, from the last to the first.
    static hr_timer* pair_up(hr_timer* t) noexcept {
        hr_timer* pairs = nullptr;
        while (t != nullptr) {
            hr_timer *one = t, *two = t->next;
            t = two != nullptr ? two->next : nullptr;
            one->next = one->prev = nullptr;
            if (two != nullptr) two->next = two->prev = nullptr;
            one = meld(one, two);
            one->next = pairs;
            pairs = one;
        }
        hr_timer* root = nullptr;
        while (pairs != nullptr) {
            hr_timer* more = pairs->next;
            pairs->next = nullptr;
            root = meld(root, pairs);
            pairs = more;
        }
        return root;
    }

    hr_timer* root_ = nullptr;
};

/// The timers of the default machine, with which its thread ends.
template <class Arch>
class hr_base : public machine_companion {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;
    using guard = detail::irq_lock<Arch>;

public:
    /// `function_of`: what a timer calls in the end, for reports.  `soft`: for those in softirq context.
    constexpr explicit hr_base(const void* (*function_of)(const hr_timer&), bool soft = false) noexcept
        : machine_companion{&stop, nullptr, &say_leftovers}, function_of_(function_of), soft_(soft) {}

    /// Context: process the first time, any from then on.  Return: false if there was no thread to be had.
    bool start(basic_machine<Arch>& m, location at) noexcept {
        atomic<std::uint32_t> state(state_);
        std::uint32_t s = state.load(acquire);   // [hr.state]
        for (unsigned round = 0; s != up; s = state.load(acquire)) {
            if (s == down) {
                typename Arch::quiet no_signals;   // before anybody could wait for us whom a handler of ours keeps
                if (state.compare_exchange_strong(s, starting, acq_rel, acquire)) {
                    const bool ok = spawn(m, at);
                    state.store(ok ? up : down, release);   // [hr.state]
                    return ok;
                }
            }
            Arch::relax(round++);
        }
        return true;
    }

    /// Arms it for t.due, or moves it.  Context: any that we manage.  Return: was it armed?
    bool arm(hr_timer& t, arch::ns_t due, unsigned cpu) noexcept {
        bool first;
        bool was;
        {
            guard g(lock_);
            was = take_off(t);
            t.due = due;
            t.cpu = static_cast<std::uint16_t>(cpu);
            put_on(t);
            first = heap_.first() == &t || refuses_;
        }
        if (first) wake();
        return was;
    }
    /// Return: 1 if it was armed and is not any more, 0 if it was not, -1 if its function runs.
    int try_cancel(hr_timer& t) noexcept {
        guard g(lock_);
        if (find(running_, t) != nullptr) return -1;
        return take_off(t) ? 1 : 0;
    }
    /// Also while its function runs: then it may still ask to be called again.
    bool disarm(hr_timer& t) noexcept {
        guard g(lock_);
        return take_off(t);
    }
    [[nodiscard]] bool is_running(const hr_timer& t) noexcept {
        guard g(lock_);
        return find(running_, t) != nullptr;
    }
    /// Is the caller that function?
    [[nodiscard]] bool is_mine(const hr_timer& t) noexcept {
        guard g(lock_);
        const call* c = find(running_, t);
        return c != nullptr && c->runner == Arch::thread_id();
    }
    [[nodiscard]] static bool is_armed(const hr_timer& t) noexcept {
        return atomic<std::uint32_t>(const_cast<std::uint32_t&>(t.state)).load(relaxed) !=
               0;   // relaxed: stale when read
    }

private:
    using softirqs = softirq_controller<Arch>;
    using softirq_cpu = typename softirqs::cpu;
    enum : std::uint32_t { down, starting, up };

    bool spawn(basic_machine<Arch>& m, location at) noexcept {
        if (thread_ == nullptr) thread_ = new (std::nothrow) typename Arch::thread;
        if (thread_ != nullptr) Arch::join(*thread_);   // the one of a machine before
        atomic<std::uint32_t>(stop_).store(0, relaxed);
        if (soft_) {
            softirqs_ = &m.softirqs();
            softirqs_->open(softirq::hrtimer,
                            {[](softirq_cpu& c, void* me) { static_cast<hr_base*>(me)->fire_in_softirq(c); }, this});
        }
        const auto body = [](void* self) {
            auto& me = *static_cast<hr_base*>(self);
            me.soft_ ? me.run_soft() : me.run();
        };
        if (thread_ == nullptr || !Arch::spawn(*thread_, 0, soft_ ? "hrtimers/soft" : "hrtimers", false, body, this)) {
            detail::say(channel::advice, severity::bug, "hrtimer_start", at,
                        "no thread for the high-resolution timers");
            return false;
        }
        m.accompany(*this);
        return true;
    }
    /// `lost`: the world is gone, with all the timers in it.
    static void stop(machine_companion& c, bool lost, arch::ns_t deadline, location at) noexcept {
        auto& me = static_cast<hr_base&>(c);
        if (!lost) {
            atomic<std::uint32_t>(me.stop_).store(1, release);
            me.wake();
            if (!Arch::join_until(*me.thread_, deadline) || !me.is_quiet_by(deadline))
                detail::say(channel::advice, severity::warn, "machine", at,
                            "at exit: a high-resolution timer's function was still running");
            me.drop_all(at);
        } else {
            me.forget();
        }
        atomic<std::uint32_t>(me.state_).store(down, release);   // [hr.state]
    }
    void drop_all(location at) noexcept {
        while (true) {
            hr_timer* t;
            {
                guard g(lock_);
                t = heap_.first();
                if (t == nullptr) return;
                take_off(*t);
            }
            detail::say(channel::advice, severity::warn, "machine", at,
                        "high-resolution timer %p is still armed at the machine's end", static_cast<void*>(t));
        }
    }
    static void say_leftovers(machine_companion& c, location at) noexcept {
        auto& me = static_cast<hr_base&>(c);
        constexpr unsigned most = 16;
        struct {
            const void *function, *timer;
        } found[most];
        unsigned n = 0;
        {
            guard g(me.lock_);
            me.heap_.for_each([&](const hr_timer& t) {
                if (n < most) found[n] = {me.function_of_(t), &t};
                ++n;
            });
        }
        for (unsigned i = 0; i < n && i < most; ++i)
            detail::say(channel::advice, severity::bug, "module_exit", at,
                        "the module left a high-resolution timer armed: function %p, timer %p", found[i].function,
                        found[i].timer);
        if (n > most) detail::say(channel::advice, severity::bug, "module_exit", at, "and %u more", n - most);
    }
    void forget() noexcept BOTTOMHALF_NO_TSA {
        std::construct_at(&lock_);
        heap_.clear();
        running_ = nullptr;
    }

    /// A function that runs.  In a soft base there may be one for each CPU.
    struct call {
        hr_timer* timer = nullptr;
        std::int32_t runner = 0;
        std::int32_t cpu = 0;   // it may be armed for another one while it runs
        call* next = nullptr;
    };
    static const call* find(const call* list, const hr_timer& t) noexcept {
        while (list != nullptr && list->timer != &t) list = list->next;
        return list;
    }
    void begin(call& c, hr_timer& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        take_off(t);
        c = {&t, Arch::thread_id(), t.cpu, running_};
        running_ = &c;
    }
    void end(const call& c) noexcept BOTTOMHALF_REQUIRES(lock_) {
        call** at = &running_;
        while (*at != &c) at = &(*at)->next;
        *at = c.next;
    }

    void put_on(hr_timer& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        t.order = ++orders_;
        heap_.insert(t);
        atomic<std::uint32_t>(t.state).store(hr_armed, relaxed);   // relaxed, here and below: the lock
    }
    bool take_off(hr_timer& t) noexcept BOTTOMHALF_REQUIRES(lock_) {
        if (!is_armed(t)) return false;
        heap_.remove(t);
        atomic<std::uint32_t>(t.state).store(0, relaxed);
        return true;
    }

    void run() noexcept {
        Arch::sleep_precisely();
        detail::wake_lead lead;
        while (atomic<std::uint32_t>(stop_).load(acquire) == 0) {
            const std::uint32_t v = atomic<std::uint32_t>(watch_).load(acquire);   // before the look: [hr.watch]
            arch::ns_t until = arch::forever;
            hr_timer* t = nullptr;
            call c;
            {
                guard g(lock_);
                t = heap_.first();
                if (t != nullptr && t->due > Arch::now()) until = std::exchange(t, nullptr)->due;
                if (t != nullptr) begin(c, *t);
            }
            if (t != nullptr)
                fire(c);
            else if (atomic<std::uint32_t>(stop_).load(acquire) == 0)
                detail::park_until<Arch>(watch_, v, until, lead, "the next high-resolution timer");
        }
    }
    /// The same, of those that are bottom halves.
    void run_soft() noexcept {
        Arch::sleep_precisely();
        detail::wake_lead lead;
        std::uint64_t refused = 0;   // the CPUs whose bottom halves somebody has
        std::uint32_t heard = 0;
        unsigned round = 0;
        while (atomic<std::uint32_t>(stop_).load(acquire) == 0) {
            const std::uint32_t v = atomic<std::uint32_t>(watch_).load(acquire);   // before the look: [hr.watch]
            if (v != heard) refused = 0, heard = v;   // he may have let go: who calls what was due says so
            arch::ns_t until = refused != 0 ? Arch::now() + tick_ns : arch::forever;
            softirq_cpu* c = nullptr;
            {
                guard g(lock_);
                // One whose function runs waits for its end: who calls it wakes us, or is us.
                const hr_timer* t = heap_.first_of([refused, running = running_](const hr_timer& x) {
                    return (refused & bit_of(x.cpu)) == 0 && find(running, x) == nullptr;
                });
                refuses_ = refused != 0 || t != heap_.first();   // then who is not the first may be who matters
                if (t != nullptr && t->due <= Arch::now())
                    c = softirqs_->of_cpu(t->cpu);
                else if (t != nullptr && t->due < until)
                    until = t->due;
            }
            if (c == nullptr) {
                if (atomic<std::uint32_t>(stop_).load(acquire) == 0)
                    detail::park_until<Arch>(watch_, v, until, lead, "the next high-resolution timer");
                refused = 0;
                continue;
            }
            Arch::current().cpu = static_cast<std::int32_t>(c->number);   // for what else is pending there
            const auto has = softirqs_->try_begin(*c, softirq::hrtimer);
            if (has == softirqs::chance::theirs) refused |= bit_of(c->number);
            if (has == softirqs::chance::later) Arch::relax(round++);
            if (has != softirqs::chance::now) continue;
            round = 0;
            if (call due; take_due(*c, Arch::now(), due)) fire(due);
            softirqs_->end(*c);
        }
    }
    static constexpr std::uint64_t bit_of(unsigned cpu) noexcept { return std::uint64_t{1} << cpu % 64; }
    /// One of that CPU, whose bottom halves the caller has.  Return: false if none is due.
    bool take_due(const softirq_cpu& c, arch::ns_t now, call& due) noexcept {
        guard g(lock_);
        if (atomic<std::uint32_t>(stop_).load(relaxed) != 0) return false;   // relaxed: see is_quiet_by()
        hr_timer* t = heap_.first_of([n = c.number, running = running_](const hr_timer& x) {
            return x.cpu == n && find(running, x) == nullptr;
        });
        if (t == nullptr || t->due > now) return false;
        begin(due, *t);
        return true;
    }
    /// What the vector HRTIMER does.
    void fire_in_softirq(const softirq_cpu& c) noexcept {
        arch::task& me = Arch::current();
        const std::int32_t at = me.cpu;
        const arch::ns_t now = Arch::now();   // what comes meanwhile is for the thread, so that this ends
        for (call due; take_due(c, now, due);) fire(due);
        me.cpu = at;
        wake();
    }
    /// After stop_ is set.  It is looked at under the lock as a function begins: either we see that one, or it is not called.
    bool is_quiet_by(arch::ns_t deadline) noexcept {
        for (unsigned round = 0;; Arch::relax(round++)) {
            {
                guard g(lock_);
                if (running_ == nullptr) return true;
            }
            if (Arch::now() >= deadline) return false;
        }
    }
    void fire(const call& c) noexcept {
        hr_timer& t = *c.timer;
        const bool soft = t.soft != 0;
        const auto function = t.function;
        Arch::current().cpu = c.cpu;
        bool again = false;
        arch::ns_t due = 0;
        const bool was = soft || Arch::irq_save();
        {
            const bool nested = soft && context<Arch>::in_serving_softirq();
            detail::in_context<Arch> in(nested ? 0 : soft ? softirq_offset : hardirq_offset);
            detail::contain<Arch>("__run_hrtimer", "timer's function", reinterpret_cast<const void*>(function),
                                  [&] { again = function(&t, due); });
        }
        if (!soft) Arch::irq_restore(was);
        guard g(lock_);
        end(c);
        if (!again || is_armed(t)) return;   // if not again, `t` may be gone
        t.due = due;
        put_on(t);
    }
    void wake() noexcept {
        atomic<std::uint32_t>(watch_).fetch_add(1, release);   // [hr.watch]
        Arch::unpark(watch_, 1);
    }

    const void* (*function_of_)(const hr_timer&);   // I
    const bool soft_;                               // I
    softirqs* softirqs_ = nullptr;                  // I: of soft ones
    detail::spinlock<Arch> lock_;
    hr_heap heap_ BOTTOMHALF_GUARDED_BY(lock_);
    call* running_ BOTTOMHALF_GUARDED_BY(lock_) = nullptr;
    bool refuses_ BOTTOMHALF_GUARDED_BY(lock_) = false;   // the thread sleeps, and has left some out
    std::uint64_t orders_ BOTTOMHALF_GUARDED_BY(lock_) = 0;
    std::uint32_t watch_ = 0;                   // A: what the thread sleeps on
    std::uint32_t stop_ = 0;                    // A
    std::uint32_t state_ = down;                // A [hr.state]
    typename Arch::thread* thread_ = nullptr;   // I: stays for good
};

}   // namespace bottomhalf
