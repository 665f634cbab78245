// SPDX-License-Identifier: MIT
//
// Whose a timer is, [timer.running] in timer_base.hpp: one timer, the bases of two CPUs, every interleaving.
//
// Each step is one access to shared memory there, but that what a lock protects moves with the step beside it.  Actors:
//
//   bases     timer_base::run(), two of them.  Time is no matter: what is in a wheel may fire, at any moment.  The function
//             may arm its timer again, for the other CPU
//   adders    timekeeper::add(), two of them, each for a CPU
//   mover     timekeeper::mod(), for a CPU
//   deleter   timekeeper::del_sync(), at any moment; or once those have returned, so that nobody arms the timer but its
//             function
//
// What must never be: the function runs beside itself, the timer is in two places, or somebody takes it out of a wheel in
// which it is not.  At the moment that del_sync() takes for its answer the function does not run, and if nobody but the
// function arms the timer, it stays so.  In the end everybody has returned, and the timer has run or been taken off as often
// as it was armed.
#include <cstdint>
#include <iostream>

#include "model/explore.hpp"
#include "support/catch.hpp"

namespace {

using byte = std::uint8_t;

enum class bug : byte {
    none,
    add_does_not_look,              // add() takes the timer to its CPU, whether or not its function runs
    add_looks_before_the_claim,     // it looks whether it runs first, and claims it then
    mod_does_not_look,              // mod() sends it to another base, whether or not its function runs
    idle_before_running,            // fire() makes it idle, then says that it runs
    look_does_not_compare,          // whoever holds a lock believes that what is in a wheel is in this one
    mod_leaves_the_wheel_bit,       // the timer is on its way to another base, and looks as if it had arrived
    mod_pushes_before_the_flags,    // it is in the other base's inbox before its flags say so
    del_sync_trusts_an_idle_look,   // it is idle, but runs on the base where it was armed meanwhile
};

constexpr byte PENDING = 1, WHEEL = 2, BASE = 4;   // flags; BASE is a bit here: there are two
constexpr byte base_of(byte flags) { return (flags & BASE) != 0 ? 1 : 0; }
constexpr byte at_base(byte flags, byte base) { return static_cast<byte>((flags & ~BASE) | (base != 0 ? BASE : 0)); }

enum pc : byte {
    start,
    looked,    // the planted adder has looked, and is to claim
    claimed,   // is to look at running_
    chosen,    // is to write the flags
    written,   // is to push
    locks,
    locked,
    sends,   // has taken it out, is to write its flags
    pushes,
    unlocks,
    settles,   // a base, with the timer from its inbox
    pops,
    begins,
    idles,
    begins_late,   // the planted one
    releases,
    runs,
    rearms,   // the function is an adder
    ends,
    relocks,
    over,
    done
};
enum owner : byte { nobody, by_base0, by_base1, by_mover, by_deleter };

/// Somebody in add(), or on the idle side of mod().
struct arming {
    byte pc = done, was = 0, to = 0, ran = 0;
};

struct state {
    byte flags = 0;
    byte inbox[2] = {}, wheel[2] = {}, running[2] = {}, lock[2] = {};
    byte inside = 0;   // in the function
    arming adder[2], own[2], mover;
    byte base[2] = {start, start}, f[2] = {};
    byte mod = done, mod_f = 0;
    byte del = done, del_f = 0;
    byte again = 0;   // how often the function arms it
    byte armed = 0, calls = 0, taken_off = 0, bad = 0, lied = 0;
};

struct setup {
    bug planted = bug::none;
    bool in_wheel = false;   // of base 0, to begin with
    byte adders = 0;         // for CPU 1, then CPU 0
    bool moves = false;      // to CPU 1
    enum : byte { never, at_any_moment, in_the_end } deletes = never;
    byte again = 0;
};

class world {
public:
    explicit world(const setup& s) : s_(s) {}

    [[nodiscard]] state first() const {
        state b;
        if (s_.in_wheel) b.flags = PENDING | WHEEL, b.wheel[0] = 1, b.armed = 1;
        for (byte i = 0; i < s_.adders; ++i) b.adder[i].pc = start, b.adder[i].to = i == 0 ? 1 : 0;
        if (s_.moves) b.mod = start;
        if (s_.deletes != setup::never) b.del = start;
        b.again = s_.again;
        return b;
    }
    template <class Emit>
    void steps(const state& now, Emit emit) const {
        for (byte i = 0; i < 2; ++i) {
            arm_step(now, &state::adder, i, emit);
            base_step(now, i, emit);
        }
        mod_step(now, emit);
        if (s_.deletes == setup::at_any_moment || arming_is_over(now)) del_step(now, emit);
    }
    [[nodiscard]] const char* wrong(const state& b, bool is_end) const {
        if (b.inside > 1) return "the function runs beside itself";
        if (b.bad != 0) return "somebody takes it out of a wheel in which it is not";
        if (b.lied != 0) return "del_sync() says that its function does not run, and it does";
        if (b.inbox[0] + b.inbox[1] + b.wheel[0] + b.wheel[1] > 1) return "the timer is in two places";
        if (s_.deletes == setup::in_the_end && b.del == done && (b.inside != 0 || (b.flags & PENDING) != 0))
            return "del_sync() has returned, and the function runs, or will";
        if (!is_end) return nullptr;
        if (!arming_is_over(b) || b.del != done || b.base[0] != start || b.base[1] != start) return "somebody is stuck";
        if ((b.flags & PENDING) != 0) return "the timer is armed, and nowhere";
        return b.armed == b.calls + b.taken_off ? nullptr : "the timer has not run as often as it was armed";
    }

private:
    [[nodiscard]] bool has(bug b) const { return s_.planted == b; }
    static bool arming_is_over(const state& b) {
        return b.adder[0].pc == done && b.adder[1].pc == done && b.mod == done;
    }
    static bool take(state& b, byte base) {   // out of the wheel, under the lock
        if (b.wheel[base] == 0) b.bad = 1;
        b.wheel[base] = 0;
        return true;
    }
    static void settle(state& b, byte base) {
        if (b.inbox[base] == 0) return;
        b.inbox[base] = 0;
        b.wheel[base] = 1;
        b.flags |= WHEEL;
    }
    enum class place : byte { nowhere, on_its_way, wheel, elsewhere };
    [[nodiscard]] place look(byte flags, byte base) const {
        if (base_of(flags) != base && !has(bug::look_does_not_compare)) return place::elsewhere;
        if ((flags & PENDING) == 0) return place::nowhere;
        return (flags & WHEEL) != 0 ? place::wheel : place::on_its_way;
    }

    /// add(), from the claim to the push.
    template <std::size_t N, class Emit>
    void arm_step(const state& now, arming (state::*group)[N], byte i, Emit emit) const {
        arm(now, (now.*group)[i], emit, [&](state& b) -> arming& { return (b.*group)[i]; });
    }
    template <class Emit, class Mine>
    void arm(const state& now, const arming& a, Emit emit, Mine mine) const {
        state b = now;
        arming& c = mine(b);
        switch (a.pc) {
            case start:
                if (!has(bug::add_looks_before_the_claim)) {
                    claim(b, c);
                    return emit(b, "add: claims");
                }
                c.ran = now.running[base_of(now.flags)];
                c.pc = looked;
                return emit(b, "add: looks");
            case looked:
                claim(b, c);
                if (c.pc == claimed) choose(c, c.ran != 0), c.pc = written, b.flags = flags_of(c);
                return emit(b, "add: claims, writes");
            case claimed:
                choose(c, now.running[base_of(a.was)] != 0 && !has(bug::add_does_not_look));
                return emit(b, "add: looks");
            case chosen:
                b.flags = flags_of(c);
                c.pc = written;
                return emit(b, "add: writes the base");
            case written:
                ++b.inbox[a.to];
                c = {};
                return emit(b, "add: pushes");
            default: return;
        }
    }
    static void claim(state& b, arming& c) {
        c.was = b.flags;
        b.flags |= PENDING;
        if ((c.was & PENDING) != 0)
            c = {};
        else
            c.pc = claimed, ++b.armed;
    }
    static void choose(arming& c, bool it_runs) {
        if (it_runs) c.to = base_of(c.was);
        c.pc = chosen;
    }
    static byte flags_of(const arming& c) { return at_base(static_cast<byte>(c.was | PENDING), c.to); }

    template <class Emit>
    void base_step(const state& now, byte i, Emit emit) const {
        const byte me = i == 0 ? by_base0 : by_base1;
        state b = now;
        byte& at = b.base[i];
        switch (now.base[i]) {
            case start:
                if (now.lock[i] != nobody || now.inbox[i] + now.wheel[i] == 0) return;
                b.lock[i] = me;
                at = locked;
                return emit(b, "base: locks");
            case locked:
                at = now.inbox[i] != 0 ? settles : pops;
                if (at == settles) b.f[i] = now.flags;
                b.inbox[i] = 0;
                return emit(b, "base: takes the inbox");
            case settles:   // put_on()
                b.flags = static_cast<byte>(now.f[i] | WHEEL);
                b.wheel[i] = 1;
                b.f[i] = 0;
                at = pops;
                return emit(b, "base: puts it on");
            case pops:
                if (now.wheel[i] == 0) {
                    b.lock[i] = nobody, at = start;
                    return emit(b, "base: unlocks");
                }
                b.wheel[i] = 0;
                at = has(bug::idle_before_running) ? idles : begins;
                return emit(b, "base: pops it");
            case begins:
                b.running[i] = 1;
                at = idles;
                return emit(b, "base: running = it");
            case idles:
                b.flags = static_cast<byte>(now.flags & ~(PENDING | WHEEL));
                at = has(bug::idle_before_running) ? begins_late : releases;
                return emit(b, "base: makes it idle");
            case begins_late: b.running[i] = 1, at = releases; return emit(b, "base: running = it, late");
            case releases: b.lock[i] = nobody, at = runs; return emit(b, "base: unlocks");
            case runs:
                ++b.inside, ++b.calls;
                at = ends;
                if (b.again != 0) {
                    --b.again;
                    b.own[i].pc = start, b.own[i].to = static_cast<byte>(1 - i);
                    at = rearms;
                }
                return emit(b, "base: the function begins");
            case rearms:
                if (now.own[i].pc == done) {
                    at = ends;
                    return emit(b, "base: the function has armed it");
                }
                return arm_step(now, &state::own, i, emit);
            case ends: --b.inside, at = relocks; return emit(b, "base: the function ends");
            case relocks:
                if (now.lock[i] != nobody) return;
                b.lock[i] = me;
                at = over;
                return emit(b, "base: locks again");
            case over: b.running[i] = 0, at = locked; return emit(b, "base: running = null");
            default: return;
        }
    }

    template <class Emit>
    void mod_step(const state& now, Emit emit) const {
        constexpr byte to = 1;
        if (now.mover.pc != done) {   // it was idle: as add()
            arm(
                now, now.mover,
                [&](state b, const char* how) {
                    if (b.mover.pc == done) b.mod = (now.mover.pc == start && now.flags & PENDING) ? start : done;
                    emit(b, how);
                },
                [](state& b) -> arming& { return b.mover; });
            return;
        }
        state b = now;
        const byte at = base_of(now.mod_f);
        switch (now.mod) {
            case start:
                b.mod_f = now.flags;
                if ((now.flags & PENDING) != 0)
                    b.mod = locks;
                else
                    b.mover.pc = start, b.mover.to = to, b.mod = pushes;
                return emit(b, "mod: reads the flags");
            case locks:
                if (now.lock[at] != nobody) return;
                b.lock[at] = by_mover;
                settle(b, at);
                b.mod = locked;
                return emit(b, "mod: locks, settles");
            case locked:
                if (look(now.flags, at) != place::wheel) {
                    b.lock[at] = nobody, b.mod = start, b.mod_f = 0;
                    return emit(b, "mod: once more");
                }
                if (at == to || (now.running[at] != 0 && !has(bug::mod_does_not_look))) {
                    if (now.wheel[at] == 0) b.bad = 1;
                    b.mod = unlocks;
                    return emit(b, "mod: moves it within the wheel");
                }
                take(b, at);
                b.mod = has(bug::mod_pushes_before_the_flags) ? pushes : sends;
                return emit(b, "mod: takes it out");
            case sends:
                b.flags = at_base(static_cast<byte>(now.flags & ~(has(bug::mod_leaves_the_wheel_bit) ? 0 : WHEEL)), to);
                b.mod = has(bug::mod_pushes_before_the_flags) ? unlocks : pushes;
                return emit(b, "mod: writes the base");
            case pushes:
                ++b.inbox[to];
                b.mod = has(bug::mod_pushes_before_the_flags) ? sends : unlocks;
                return emit(b, "mod: pushes");
            case unlocks: b.lock[at] = nobody, b.mod = done, b.mod_f = 0; return emit(b, "mod: unlocks");
            default: return;
        }
    }

    template <class Emit>
    void del_step(const state& now, Emit emit) const {
        state b = now;
        const byte at = base_of(now.del_f);
        switch (now.del) {
            case start: b.del_f = now.flags, b.del = locks; return emit(b, "del_sync: reads the flags");
            case locks:
                if (now.lock[at] != nobody) return;
                b.lock[at] = by_deleter;
                b.del = locked;
                return emit(b, "del_sync: locks");
            case locked: {
                settle(b, at);
                const place p = look(b.flags, at);
                const bool idle = (b.flags & PENDING) == 0 && has(bug::del_sync_trusts_an_idle_look);
                if (now.running[at] == 0 && p == place::wheel) {
                    take(b, at);
                    ++b.taken_off;
                    b.flags = static_cast<byte>(b.flags & ~(PENDING | WHEEL));
                    b.del = done;
                } else {
                    b.del = now.running[at] == 0 && (p == place::nowhere || idle) ? done : start;
                }
                if (b.del == done && b.running[0] + b.running[1] != 0) b.lied = 1;
                b.lock[at] = nobody, b.del_f = 0;
                return emit(b, b.del == done ? "del_sync: returns" : "del_sync: once more");
            }
            default: return;
        }
    }

    setup s_;
};

model::outcome check(const setup& s) {
    const world w(s);
    return model::explore(
        w.first(), [&](const state& now, auto emit) { w.steps(now, emit); },
        [&](const state& b, bool is_end) { return w.wrong(b, is_end); });
}

constexpr setup two_adders{.adders = 2, .again = 1};
constexpr setup adders_and_armed{.in_wheel = true, .adders = 2, .again = 1};
constexpr setup mover{.in_wheel = true, .adders = 2, .moves = true, .again = 1};
constexpr setup deleter{.in_wheel = true, .adders = 2, .moves = true, .deletes = setup::at_any_moment, .again = 1};
constexpr setup late_deleter{.in_wheel = true, .adders = 2, .moves = true, .deletes = setup::in_the_end, .again = 2};

constexpr struct {
    const char* name;
    setup s;
} setups[] = {{"two adders", two_adders},
              {"two adders of an armed timer", adders_and_armed},
              {"and a mover", mover},
              {"and a deleter", deleter},
              {"and a deleter in the end", late_deleter}};

}   // namespace

TEST_CASE("timer_base: no interleaving makes a timer run beside itself, or be lost between two bases",
          "[timer_base][model]") {
    for (const auto& each : setups) {
        const model::outcome o = check(each.s);
        std::cout << "timer base model, " << each.name << ": " << o.states << " states, " << o.ends << " ends\n";
        INFO(each.name);
        CHECK(o.wrong == "");
        CHECK(o.ends > 0);
    }
}

TEST_CASE("timer_base: the model finds each planted way to get it wrong", "[timer_base][model]") {
    constexpr struct {
        const char* name;
        bug planted;
        setup in;
    } plants[] = {
        {"add() does not look whether it runs", bug::add_does_not_look, adders_and_armed},
        {"add() looks before it claims", bug::add_looks_before_the_claim, adders_and_armed},
        {"mod() does not look whether it runs", bug::mod_does_not_look, mover},
        {"idle before it is said to run", bug::idle_before_running, adders_and_armed},
        {"a look does not compare the base", bug::look_does_not_compare, mover},
        {"mod() leaves the wheel's bit", bug::mod_leaves_the_wheel_bit, deleter},
        {"mod() pushes before it writes the base", bug::mod_pushes_before_the_flags, mover},
        {"del_sync() trusts an idle look", bug::del_sync_trusts_an_idle_look, deleter},
    };
    for (const auto& each : plants) {
        setup s = each.in;
        s.planted = each.planted;
        const model::outcome o = check(s);
        std::cout << "timer base model, planted: " << each.name << ": found after " << o.states << " states\n";
        INFO(each.name);
        CHECK(o.wrong != "");
    }
}
