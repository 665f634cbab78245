// SPDX-License-Identifier: MIT
//
// How the thread of a CPU hears its doorbell while it sleeps in park(), [port.bed] in arch/park.hpp: every interleaving.
//
// Each step is one access to shared memory there, or one system call.  Actors: the thread, which sleeps on one word and then on
// another one, until each is changed; two raisers, who make a line pending and ring; and who changes the words.  The first word
// is memory that belongs to somebody else as soon as the thread has left it: a wake-up there may wake a stranger.
//
// What must never be: a line stays pending, and the thread neither is awake and about to look nor will be told.
#include <cstdint>
#include <iostream>

#include "model/explore.hpp"
#include "support/catch.hpp"

namespace {

using byte = std::uint8_t;

enum class bug : byte {
    none,
    does_not_look,           // the thread does not look what is pending as it gets up
    looks_before_it_is_up,   // it looks, and then says that it is not in bed any more
    raiser_looks_first,      // the raiser looks where the thread sleeps, and then makes the line pending
    no_signal,               // who has woken nobody leaves it at that
    shared_bit,              // the bit by which the thread is woken is in somebody else's wait on the same word, too
};

constexpr byte nr_words = 2, raisers = 2;

enum thread_pc : byte { t_bed, t_wait, t_asleep, t_unbed, t_look, t_up };
enum raiser_pc : byte { r_raise, r_look, r_late_raise, r_wake, r_signal, r_done };

struct state {
    byte changed[nr_words] = {};   // what the thread sleeps for has happened
    byte pending = 0;
    byte bed = 0;   // 0: up; else 1 + the word
    byte word = 0, thread = t_bed;
    byte raiser[raisers] = {}, found[raisers] = {};   // what each has seen of `bed`
    byte waker = 0;                                   // the word that is changed next
    byte woken_for = 0xff;                            // the word on which the waker is about to wake
};

class house {
public:
    explicit house(bug b) : bug_(b) {}

    template <class Emit>
    void steps(const state& s, Emit emit) const {
        thread(s, emit);
        for (unsigned i = 0; i < raisers; ++i) raiser(s, i, emit);
        state b = s;
        if (s.woken_for != 0xff) {
            if (s.thread == t_asleep && s.word == s.woken_for) b.thread = t_unbed;
            b.woken_for = 0xff;
            emit(b, "waker: the system call");
        } else if (s.waker < nr_words) {
            b.changed[s.waker] = 1;
            b.woken_for = s.waker;
            ++b.waker;
            emit(b, "waker: changes the word");
        }
    }
    [[nodiscard]] static const char* wrong(const state& s, bool is_end) {
        bool rings = false;
        for (const byte pc : s.raiser) rings = rings || pc == r_look || pc == r_wake || pc == r_signal;
        const bool looks = s.thread != t_asleep && s.thread != t_up;   // sooner or later
        if (s.pending != 0 && !rings && !looks) return "a line is pending, and nobody will look";
        return is_end && s.thread != t_up ? "the thread sleeps for ever" : nullptr;
    }

private:
    template <class Emit>
    void thread(const state& s, Emit emit) const {
        state b = s;
        const auto go = [&](thread_pc to, const char* how) {
            b.thread = to;
            emit(b, how);
        };
        switch (s.thread) {
            case t_bed: b.bed = static_cast<byte>(1 + s.word); return go(t_wait, "thread: says where it sleeps");
            case t_wait: return go(s.changed[s.word] != 0 ? t_unbed : t_asleep, "thread: the futex looks at the word");
            case t_asleep: return;
            case t_unbed:
                if (bug_ == bug::looks_before_it_is_up)
                    b.pending = 0;
                else
                    b.bed = 0;
                if (bug_ == bug::does_not_look) return next(b, emit, "thread: is up");
                return go(t_look, "thread: is up");
            case t_look:
                if (bug_ == bug::looks_before_it_is_up)
                    b.bed = 0;
                else
                    b.pending = 0;
                return next(b, emit, "thread: takes what is pending");
            default: return;
        }
    }
    template <class Emit>
    static void next(state b, Emit emit, const char* how) {
        if (b.changed[b.word] == 0)
            b.thread = t_bed;   // woken for the doorbell alone
        else if (++b.word == nr_words)
            b.thread = t_up, b.word = nr_words - 1;
        else
            b.thread = t_bed;
        emit(b, how);
    }
    template <class Emit>
    void raiser(const state& s, unsigned i, Emit emit) const {
        state b = s;
        const auto go = [&](raiser_pc to, const char* how) {
            b.raiser[i] = to;
            emit(b, how);
        };
        const raiser_pc in_vain = bug_ == bug::no_signal ? r_done : r_signal;
        switch (s.raiser[i]) {
            case r_raise:
                if (bug_ == bug::raiser_looks_first) {
                    b.found[i] = s.bed;
                    return go(r_late_raise, "raiser: looks where the thread sleeps");
                }
                b.pending = 1;
                return go(s.pending != 0 ? r_done : r_look, "raiser: makes the line pending");
            case r_look:
                b.found[i] = s.bed;
                return go(s.bed != 0 ? r_wake : r_signal, "raiser: looks where the thread sleeps");
            case r_late_raise:
                b.pending = 1;
                if (s.pending != 0) return go(r_done, "raiser: the line is pending already");
                return go(s.found[i] != 0 ? r_wake : r_signal, "raiser: makes the line pending");
            case r_wake: {
                const unsigned word = s.found[i] - 1U;
                const bool sleeps_there = s.thread == t_asleep && s.word == word;
                if (sleeps_there) {
                    b.thread = t_unbed;
                    return go(r_done, "raiser: wakes the thread");
                }
                // A word that it has left is somebody else's.
                const bool left = s.word > word || s.thread == t_up;
                if (left || bug_ == bug::shared_bit) {
                    go(r_done, "raiser: wakes a stranger");
                    b = s;
                }
                return go(in_vain, "raiser: wakes nobody");
            }
            case r_signal:
                // The handler runs on the thread, wherever that is; the futex goes on waiting behind it.
                b.pending = 0;
                return go(r_done, "raiser: sends a signal, whose handler takes what is pending");
            default: return;
        }
    }

    bug bug_;
};

model::outcome check(bug b) {
    const house h(b);
    return model::explore(
        state{}, [&](const state& s, auto emit) { h.steps(s, emit); },
        [&](const state& s, bool is_end) { return house::wrong(s, is_end); });
}

}   // namespace

TEST_CASE("doorbell: no interleaving leaves a sleeper's line pending", "[irq][model]") {
    const model::outcome o = check(bug::none);
    std::cout << "doorbell model: " << o.states << " states, " << o.ends << " ends\n";
    CHECK(o.wrong == "");
    CHECK(o.ends > 0);
}

TEST_CASE("doorbell: the model finds each planted way to lose one", "[irq][model]") {
    constexpr struct {
        const char* name;
        bug planted;
    } plants[] = {
        {"a thread that does not look as it gets up", bug::does_not_look},
        {"a thread that looks before it is up", bug::looks_before_it_is_up},
        {"a raiser who looks before the line is pending", bug::raiser_looks_first},
        {"no signal where nobody was woken", bug::no_signal},
        {"a bit that is in two waits", bug::shared_bit},
    };
    for (const auto& each : plants) {
        const model::outcome o = check(each.planted);
        INFO(each.name);
        std::cout << "doorbell model, planted: " << each.name << ": " << o.wrong << "\n";
        CHECK(o.wrong != "");
    }
}
