// SPDX-License-Identifier: MIT
//
// The hand-over of a timer to a base that sleeps, [clock.next] in timer_base.hpp, every interleaving of it.
//
// Each step is one access to shared memory there, and is named after its line.  Actors:
//
//   keeper       timer_base::run(), the base's thread
//   adders       timekeeper::add(), two of them; mod() of an idle timer is the same.  A signal handler that interrupts an
//                add() on the same thread is one of the interleavings of two threads: the one in which the first stands
//                while the second runs
//   third party  mod() of an armed timer, of a tick so far that the model does not have it, then del() of another: under
//                the lock, emptying the inbox first
//   stopper      timer_base::tell_to_stop()
//   time         moves on by one tick, at any moment
//
// What must never be: nobody is about to do anything, and the base's thread sleeps past a timer.  What must be: every
// timer expires within the time that the model has, so in the end each has fired, has been taken off or, where the
// thread was stopped, is in the wheel or the inbox still; and none has fired before its tick.
#include <cstdint>
#include <iostream>

#include "model/explore.hpp"
#include "support/catch.hpp"

namespace {

using byte = std::uint8_t;

enum class bug : byte {
    none,
    tick_written_after_the_cas,                // the timekeeper falls asleep first and says until when afterwards
    watch_read_after_the_cas,                  // it reads the word that it will sleep on after it said ASLEEP
    only_first_adder_compares,                 // the adder compares ticks only if its push replaced ASLEEP
    adder_compares_before_push,                // the adder reads the tick, then pushes
    mod_does_not_compare,                      // mod() puts the timer on the wheel and wakes nobody
    drain_clears_asleep_and_adder_trusts_it,   // as only_first_adder_compares, where take_all() takes the tag away too
    unpark_before_bump,                        // wake() wakes first and changes the word afterwards
    stop_does_not_bump,                        // stop() leaves the word as it is
};

constexpr byte EMPTY = 0, ASLEEP = 8;   // this inbox is never closed
constexpr bool is_tag(byte h) { return h == EMPTY || h == ASLEEP; }
constexpr unsigned timers = 3;   // 1 and 2 are added, 3 is moved
constexpr byte end_of_time = 3, never = 15;

enum keeper_pc : byte {
    k_lock,
    k_look,
    k_take,
    k_pop,
    k_fire_unlock,
    k_fire,
    k_watch,
    k_next,
    k_fall,
    k_unlock,
    k_wait,
    k_parked,
    k_relock,
    k_wake_up,
    k_awake,
    k_done
};
enum adder_pc : byte { a_load, a_cas, a_compare, a_bump, a_unpark, a_done };
enum third_pc : byte {
    m_lock,
    m_look,
    m_take,
    m_put,
    m_compare,
    m_bump,
    m_unpark,
    m_unlock,
    d_lock,
    d_look,
    d_take,
    d_off,
    m_done
};
enum stopper_pc : byte { s_lock, s_stop, s_bump, s_unpark, s_join, s_done };
enum owner : byte { nobody, the_keeper, the_third, the_stopper };

struct state {
    byte head = EMPTY, next[timers + 1] = {};   // inbox_
    byte watch = 0, tick = 0;                   // watch_, next_
    byte lock = nobody, stop = 0;
    byte wheel = 0, clock = 0;   // a bit per timer; wheel_.clock()
    byte now = 0;                // Arch::now()
    byte keeper = k_lock, v = 0, until = 0, firing = 0;
    struct adder {
        byte pc = a_load, h = 0, tick = 0;
    } add[2];
    byte third = m_lock;
    byte stopper = s_lock;
    byte armed = 0, fired = 0, taken_off = 0, early = 0;   // a bit per timer
};

struct setup {
    bug planted = bug::none;
    byte expires[timers + 1] = {};   // 0: not used
    bool stops = false;
};

class clockwork {
public:
    explicit clockwork(const setup& s) : s_(s) {}

    [[nodiscard]] state start() const {
        state b;
        for (unsigned i = 0; i < 2; ++i)
            if (s_.expires[i + 1] == 0) b.add[i].pc = a_done;
        if (s_.expires[3] == 0) b.third = m_done;
        if (!s_.stops) b.stopper = s_done;
        return b;
    }

    template <class Emit>
    void steps(const state& now, Emit emit) const {
        if (now.now < end_of_time) {
            state b = now;
            ++b.now;
            emit(b, "time: a tick");
        }
        keeper_step(now, emit);
        adder_step(now, 0, emit);
        adder_step(now, 1, emit);
        third_step(now, emit);
        stopper_step(now, emit);
    }

    [[nodiscard]] const char* wrong(const state& b, bool is_end) const {
        if (b.early != 0) return "a timer fired before its tick";
        const bool quiet = b.add[0].pc == a_done && b.add[1].pc == a_done && b.third == m_done;
        if (quiet && b.keeper == k_parked && b.stopper != s_bump && b.stopper != s_unpark &&
            first_event(armed_at(b)) < b.until)
            return "LOST WAKE-UP: the timekeeper sleeps past a timer, and nobody is about to wake it";
        if (!is_end) return nullptr;
        if (!quiet) return "somebody is stuck";
        if (b.stopper != s_done) return "LOST WAKE-UP: the timekeeper sleeps, and was to stop";
        const byte known = static_cast<byte>(b.fired | b.taken_off);
        if (s_.stops) return (known | armed_at(b)) == b.armed ? nullptr : "a timer is armed, and nowhere";
        return known == b.armed ? nullptr : "LOST WAKE-UP: a timer is due, and the timekeeper sleeps";
    }

private:
    [[nodiscard]] bool has(bug b) const { return s_.planted == b; }
    [[nodiscard]] bool tags_only() const {
        return has(bug::only_first_adder_compares) || has(bug::drain_clears_asleep_and_adder_trusts_it);
    }
    static byte bit(unsigned timer) { return static_cast<byte>(1U << timer); }
    [[nodiscard]] byte first_event(byte wheel) const {
        byte first = never;
        for (unsigned i = 1; i <= timers; ++i)
            if ((wheel & bit(i)) != 0 && s_.expires[i] < first) first = s_.expires[i];
        return first;
    }
    static void unpark(state& b) {
        if (b.keeper == k_parked) b.keeper = k_relock;
    }
    /// Timers in the inbox and in the wheel.
    static byte armed_at(const state& b) {
        byte set = b.wheel;
        for (byte i = is_tag(b.head) ? byte{0} : b.head; i != 0; i = b.next[i]) set = static_cast<byte>(set | bit(i));
        return set;
    }
    /// settle(): head.exchange(0) and put_on(), one by one under the lock.
    static void settle(state& b) {
        for (byte i = is_tag(b.head) ? byte{0} : b.head; i != 0; i = b.next[i])
            b.wheel = static_cast<byte>(b.wheel | bit(i));
        b.head = EMPTY;
        for (byte& n : b.next) n = 0;   // they mean nothing now: one value makes fewer states
    }
    [[nodiscard]] bool nothing_to_take(const state& b) const {
        return is_tag(b.head) && !(has(bug::drain_clears_asleep_and_adder_trusts_it) && b.head == ASLEEP);
    }

    template <class Emit>
    void keeper_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.keeper) {
            case k_lock:
                if (now.lock != nobody) return;
                b.lock = the_keeper;
                b.keeper = k_look;
                return emit(b, "keeper: locks");
            case k_look:
                b.keeper = nothing_to_take(now) ? k_pop : k_take;
                if (b.keeper == k_pop) b.clock = now.now;   // wheel_.advance(now)
                return emit(b, "keeper: settle() looks");
            case k_take:
                settle(b);
                b.clock = now.now;   // wheel_.advance(now)
                b.keeper = k_pop;
                return emit(b, "keeper: settle() takes all");
            case k_pop: {   // wheel_.pop_due()
                const byte first = first_event(now.wheel);
                if (first <= now.clock) {
                    for (unsigned i = 1; i <= timers && b.firing == 0; ++i)
                        if ((now.wheel & bit(i)) != 0 && s_.expires[i] == first) b.firing = static_cast<byte>(i);
                    b.wheel = static_cast<byte>(b.wheel & ~bit(b.firing));
                    b.keeper = k_fire_unlock;
                    return emit(b, "keeper: takes a timer that is due");
                }
                if (now.stop != 0) {   // if (stop_) break
                    b.lock = nobody;
                    b.keeper = k_done;
                    return emit(b, "keeper: ends");
                }
                b.until = first;   // next = wheel_.next_event()
                b.keeper = has(bug::watch_read_after_the_cas) ? k_next : k_watch;
                return emit(b, "keeper: nothing is due");
            }
            case k_fire_unlock:
                b.lock = nobody;
                b.keeper = k_fire;
                return emit(b, "keeper: unlocks to fire");
            case k_fire:   // function(&t)
                b.fired = static_cast<byte>(b.fired | bit(now.firing));
                if (s_.expires[now.firing] > now.now) b.early = bit(now.firing);
                b.firing = 0;
                b.keeper = k_lock;
                return emit(b, "keeper: fires");
            case k_watch:   // v = watch_.load(relaxed)
                b.v = now.watch;
                b.keeper = has(bug::watch_read_after_the_cas)     ? k_unlock
                           : has(bug::tick_written_after_the_cas) ? k_fall
                                                                  : k_next;
                return emit(b, "keeper: v = watch");
            case k_next:   // next_.store(next, relaxed)
                b.tick = now.until;
                b.keeper = has(bug::tick_written_after_the_cas) ? k_unlock : k_fall;
                return emit(b, "keeper: says until when");
            case k_fall:   // inbox_.fall_asleep()
                if (now.head == EMPTY) b.head = ASLEEP;
                if (!is_tag(now.head))
                    b.keeper = k_look;
                else
                    b.keeper = has(bug::watch_read_after_the_cas)     ? k_watch
                               : has(bug::tick_written_after_the_cas) ? k_next
                                                                      : k_unlock;
                return emit(b, now.head == EMPTY ? "keeper: EMPTY -> ASLEEP" : "keeper: no ASLEEP");
            case k_unlock:
                b.lock = nobody;
                b.keeper = k_wait;
                return emit(b, "keeper: unlocks");
            case k_wait:   // park(watch_, v, when(next))
                b.keeper = now.watch == now.v && now.now < now.until ? k_parked : k_relock;
                return emit(b, b.keeper == k_parked ? "keeper: sleeps" : "keeper: does not sleep");
            case k_parked:
                if (now.now < now.until) return;
                b.keeper = k_relock;
                return emit(b, "keeper: its time has come");
            case k_relock:
                if (now.lock != nobody) return;
                b.lock = the_keeper;
                b.v = 0;
                b.keeper = k_wake_up;
                return emit(b, "keeper: locks again");
            case k_wake_up:   // inbox_.wake_up()
                if (now.head == ASLEEP) b.head = EMPTY;
                b.keeper = k_awake;
                return emit(b, "keeper: is awake");
            case k_awake:   // next_.store(wheel_.clock(), relaxed)
                b.tick = now.clock;
                b.until = 0;
                b.keeper = k_look;
                return emit(b, "keeper: says so");
            default: return;
        }
    }

    template <class Emit>
    void adder_step(const state& now, unsigned who, Emit emit) const {
        const state::adder& a = now.add[who];
        const auto mine = static_cast<byte>(who + 1);
        state b = now;
        state::adder& c = b.add[who];
        switch (a.pc) {
            case a_load:   // flags.fetch_or(pending); h = head.load(relaxed)
                b.armed = static_cast<byte>(b.armed | bit(mine));
                if (has(bug::adder_compares_before_push)) c.tick = now.tick;
                c.h = now.head;
                c.pc = a_cas;
                return emit(b, "adder: h = head");
            case a_cas:
                c.h = now.head;
                if (now.head != a.h) return emit(b, "adder: h = head, again");
                b.next[mine] = is_tag(a.h) ? byte{0} : a.h;
                b.head = mine;
                c.pc = tags_only() && a.h != ASLEEP ? a_done : a_compare;
                c.h = 0;
                return emit(b, a.h == ASLEEP ? "adder: ASLEEP -> timer" : "adder: pushes");
            case a_compare: {   // wake_if_earlier(): next_.load(relaxed)
                const byte tick = has(bug::adder_compares_before_push) ? a.tick : now.tick;
                c.tick = 0;
                c.pc = s_.expires[mine] >= tick ? a_done : has(bug::unpark_before_bump) ? a_unpark : a_bump;
                return emit(b, "adder: compares");
            }
            case a_bump:
                ++b.watch;
                c.pc = has(bug::unpark_before_bump) ? a_done : a_unpark;
                return emit(b, "adder: ++watch");
            case a_unpark:
                unpark(b);
                c.pc = has(bug::unpark_before_bump) ? a_bump : a_done;
                return emit(b, "adder: unpark");
            default: return;
        }
    }

    template <class Emit>
    void third_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.third) {
            case m_lock:
            case d_lock:
                if (now.lock != nobody) return;
                b.lock = the_third;
                b.third = now.third == m_lock ? m_look : d_look;
                return emit(b, "third: locks");
            case m_look: b.third = nothing_to_take(now) ? m_put : m_take; return emit(b, "mod: settle() looks");
            case m_take: settle(b), b.third = m_put; return emit(b, "mod: settle() takes all");
            case m_put:   // put_on()
                b.armed = static_cast<byte>(b.armed | bit(3));
                b.wheel = static_cast<byte>(b.wheel | bit(3));
                b.third = has(bug::mod_does_not_compare) ? m_unlock : m_compare;
                return emit(b, "mod: puts its timer on");
            case m_compare: b.third = s_.expires[3] < now.tick ? m_bump : m_unlock; return emit(b, "mod: compares");
            case m_bump: ++b.watch, b.third = m_unpark; return emit(b, "mod: ++watch");
            case m_unpark: unpark(b), b.third = m_unlock; return emit(b, "mod: unpark");
            case m_unlock:
                b.lock = nobody;
                b.third = d_lock;
                return emit(b, "mod: unlocks");
            case d_look: b.third = nothing_to_take(now) ? d_off : d_take; return emit(b, "del: settle() looks");
            case d_take: settle(b), b.third = d_off; return emit(b, "del: settle() takes all");
            case d_off:   // take_off(), if it is there
                if ((now.wheel & bit(1)) != 0) {
                    b.wheel = static_cast<byte>(b.wheel & ~bit(1));
                    b.taken_off = bit(1);
                }
                b.lock = nobody;
                b.third = m_done;
                return emit(b, "del: takes another off, unlocks");
            default: return;
        }
    }

    template <class Emit>
    void stopper_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.stopper) {
            case s_lock:
                if (now.lock != nobody) return;
                b.lock = the_stopper;
                b.stopper = s_stop;
                return emit(b, "stop: locks");
            case s_stop:
                b.stop = 1;
                b.lock = nobody;
                b.stopper = s_bump;
                return emit(b, "stop: stop = true, unlocks");
            case s_bump:
                if (!has(bug::stop_does_not_bump)) ++b.watch;
                b.stopper = s_unpark;
                return emit(b, "stop: ++watch");
            case s_unpark: unpark(b), b.stopper = s_join; return emit(b, "stop: unpark");
            case s_join:   // join()
                if (now.keeper != k_done) return;
                b.stopper = s_done;
                return emit(b, "stop: joins");
            default: return;
        }
    }

    setup s_;
};

model::outcome check(const setup& s) {
    const clockwork c(s);
    return model::explore(
        c.start(), [&](const state& now, auto emit) { c.steps(now, emit); },
        [&](const state& b, bool is_end) { return c.wrong(b, is_end); });
}

constexpr setup two_adders{.expires = {0, 3, 1, 0}};
constexpr setup three{.expires = {0, 3, 1, 2}};
constexpr setup moved_earlier{.expires = {0, 3, 0, 1}};
constexpr setup stopping{.expires = {0, 3, 1, 0}, .stops = true};

constexpr struct {
    const char* name;
    setup s;
} setups[] = {{"two adders", two_adders},
              {"two adders and a third party", three},
              {"the third party's timer is the first", moved_earlier},
              {"stopping", stopping}};

}   // namespace

TEST_CASE("timekeeper: no interleaving leaves a timer behind", "[timekeeper][model]") {
    for (const auto& each : setups) {
        const model::outcome o = check(each.s);
        std::cout << "timekeeper model, " << each.name << ": " << o.states << " states, " << o.ends << " ends\n";
        INFO(each.name);
        CHECK(o.wrong == "");
        CHECK(o.ends > 0);
    }
}

TEST_CASE("timekeeper: the model finds each planted way to leave a timer behind", "[timekeeper][model]") {
    constexpr struct {
        const char* name;
        bug planted;
        setup in;
    } plants[] = {
        {"the tick written after ASLEEP is said", bug::tick_written_after_the_cas, two_adders},
        {"the sleeper's word read after ASLEEP is said", bug::watch_read_after_the_cas, two_adders},
        {"only the push that replaces ASLEEP compares", bug::only_first_adder_compares, three},
        {"an adder that compares before it pushes", bug::adder_compares_before_push, two_adders},
        {"a timer moved without a comparison", bug::mod_does_not_compare, moved_earlier},
        {"ASLEEP cleared by whoever drains", bug::drain_clears_asleep_and_adder_trusts_it, three},
        {"the wake-up before the word", bug::unpark_before_bump, two_adders},
        {"a stop that changes no word", bug::stop_does_not_bump, stopping},
    };
    for (const auto& each : plants) {
        setup s = each.in;
        s.planted = each.planted;
        const model::outcome o = check(s);
        std::cout << "timekeeper model, planted: " << each.name << ": found after " << o.states << " states\n";
        INFO(each.name);
        CHECK(o.wrong != "");
    }
}
