// SPDX-License-Identifier: MIT
//
// The wake protocol of a dedicated pool, every interleaving of it: inbox.hpp and worker_pool.hpp, step by step.
//
// Each step below is one access to shared memory there, and is named after the line that it stands for.  Actors:
//
//   worker       worker_pool::work()
//   pusher       claim(), inbox::push(), worker_pool::wake(), from a thread
//   handler      the same, from a signal handler on the worker's own thread: while it is under way the worker stands
//   third party  somebody who holds the pool's lock: settle(), then cancels one item (remove(), kick()) or leaves all
//                there (flush); settle() may let go of the lock with an item in its hands (send_home())
//   ender        worker_pool::end()
//
// What must never be: everybody is done, an item is in the inbox or on the worklist, and the worker sleeps.  What must
// be: each item that was accepted has run or was cancelled, exactly once per acceptance.
//
// A check is worth what it finds.  So each known way to lose a wake-up is planted once, and must be found.
#include <cstdint>
#include <iostream>

#include "model/explore.hpp"
#include "support/catch.hpp"

namespace {

using byte = std::uint8_t;

enum class bug : byte {
    none,
    flag_beside_the_list,       // "asleep" is a flag of its own; the inbox is looked at once more after it is set
    watch_read_after_the_cas,   // the worker announces ASLEEP first and reads the sleepers' word second
    pusher_does_not_wake,       // the push that replaces ASLEEP keeps quiet
    drain_clears_asleep,        // take_all() exchanges whatever is there, a tag too
    kick_only_clears_asleep,    // kick() takes ASLEEP away and wakes nobody
    home_without_kick,   // send_home() admits after it let go of the lock, and does not look whether the worker slept
    own_thread_does_not_bump,   // the handler on the worker's thread leaves the sleepers' word as it is
    unpark_before_bump,         // wake() wakes first and changes the word afterwards
    end_does_not_bump,          // end() sets stop and wakes, but leaves the word as it is
};

constexpr byte EMPTY = 0, ASLEEP = 8, CLOSED = 9;   // an item's number otherwise
constexpr bool is_tag(byte h) { return h == EMPTY || h == ASLEEP || h == CLOSED; }
constexpr unsigned items = 3;   // numbers 1 to 3

enum worker_pc : byte {
    w_lock,
    w_look,
    w_take,
    w_next,
    w_run_unlock,
    w_run,
    w_watch,
    w_fall,
    w_unlock,
    w_wait,
    w_parked,
    w_announce,
    w_last_look,
    w_retract,
    w_done
};
enum pusher_pc : byte { p_claim, p_load, p_cas, p_bump, p_unpark, p_done };
enum third_pc : byte {
    t_lock,
    t_look,
    t_take,
    t_home_unlock,
    t_home_lock,
    t_home_kick,
    t_home_bump,
    t_home_unpark,
    t_choose,
    t_kick,
    t_kick_bump,
    t_kick_unpark,
    t_unlock,
    t_done
};
enum ender_pc : byte { e_lock, e_look, e_take, e_close, e_bump, e_unlock, e_unpark, e_done };
enum owner : byte { nobody, the_worker, the_third, the_ender };

struct state {
    byte head = CLOSED, next[items + 1] = {};   // inbox_
    byte watch = 0;                             // watch_
    byte lock = nobody, stop = 0;
    byte worklist = 0, limbo = 0, pending = 0;   // a bit per item
    byte flag = 0;                               // flag_beside_the_list
    byte worker = w_lock, v = 0, running = 0;
    struct pusher {
        byte pc = p_claim, round = 0, h = 0, woke = 0;
    } push[2];
    byte third = t_lock, third_round = 0;
    byte ender = e_lock;
    byte accepted[items + 1] = {}, over[items + 1] = {};   // times accepted; times run or cancelled
};

struct setup {
    bug planted = bug::none;
    byte items_of[2][3] = {};   // what each pusher queues, in order; 0 ends
    bool second_is_handler = false;
    byte third_rounds = 0;
    bool may_go_home = false;   // items may have run in another pool before
    bool ends = false;
};

class pool {
public:
    explicit pool(const setup& s) : s_(s) {}

    [[nodiscard]] state start() const {
        state b;
        b.head = EMPTY;   // open()
        if (s_.third_rounds == 0) b.third = t_done;
        if (!s_.ends) b.ender = e_done;
        for (int i = 0; i < 2; ++i)
            if (s_.items_of[i][0] == 0) b.push[i].pc = p_done;
        return b;
    }

    template <class Emit>
    void steps(const state& now, Emit emit) const {
        const bool handler_under_way =
            s_.second_is_handler && now.push[1].pc != p_done && !(now.push[1].pc == p_claim && now.push[1].round == 0);
        if (!handler_under_way) worker_step(now, emit);
        pusher_step(now, 0, emit);
        pusher_step(now, 1, emit);
        third_step(now, emit);
        ender_step(now, emit);
    }

    [[nodiscard]] const char* wrong(const state& b, bool is_end) const {
        if (!is_end) return nullptr;
        if (b.push[0].pc != p_done || b.push[1].pc != p_done || b.third != t_done || b.ender != e_done)
            return "somebody is stuck";
        if (!is_tag(b.head) || b.worklist != 0 || b.limbo != 0)
            return "LOST WAKE-UP: something to do, and the worker sleeps";
        if (s_.ends ? b.worker != w_done : b.worker != w_parked) return "the worker neither sleeps nor has ended";
        if (b.pending != 0) return "PENDING, and nowhere";
        for (unsigned i = 1; i <= items; ++i)
            if (b.accepted[i] != b.over[i]) return "an item ran more or less often than it was accepted";
        return nullptr;
    }

private:
    [[nodiscard]] bool has(bug b) const { return s_.planted == b; }
    static byte bit(byte item) { return static_cast<byte>(1U << item); }
    static byte lowest(byte set) { return (set & 2) != 0 ? byte{1} : (set & 4) != 0 ? byte{2} : byte{3}; }
    /// unpark(): a sleeper, if there is one, goes on behind its futex wait.
    static void unpark(state& b) {
        if (b.worker != w_parked) return;
        b.worker = w_lock;
        b.v = 0;
    }
    /// head.exchange(tag) and admit(), one by one: the lock is held, nobody sees the difference.
    static byte take(state& b, byte tag) {
        byte set = 0;
        for (byte i = is_tag(b.head) ? byte{0} : b.head; i != 0; i = b.next[i]) set = static_cast<byte>(set | bit(i));
        b.head = tag;
        for (byte& n : b.next)   // links of items outside mean nothing: one value makes fewer states
            n = 0;
        return set;
    }

    template <class Emit>
    void worker_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.worker) {
            case w_lock:   // lock.lock()
                if (now.lock != nobody) return;
                b.lock = the_worker;
                b.worker = has(bug::flag_beside_the_list) && now.flag != 0 ? w_retract : w_look;
                return emit(b, "worker: locks");
            case w_retract:
                b.flag = 0;
                b.worker = w_look;
                return emit(b, "worker: flag = awake");
            case w_look:   // take_all(): if (is_tag(head.load(relaxed))) return nullptr
                b.worker = is_tag(now.head) && !has(bug::drain_clears_asleep) ? w_next : w_take;
                return emit(b, "worker: settle() looks");
            case w_take:   // take_all(): head.exchange(0); admit()
                b.worklist = static_cast<byte>(b.worklist | take(b, now.head == CLOSED ? CLOSED : EMPTY));
                b.worker = w_next;
                return emit(b, "worker: settle() takes all");
            case w_next:   // next_work()
                if (now.worklist !=
                    0) {   // process_one_work(): off the list; data.exchange(off_queue): PENDING is cleared
                    b.running = lowest(now.worklist);
                    b.worklist = static_cast<byte>(b.worklist & ~bit(b.running));
                    b.pending = static_cast<byte>(b.pending & ~bit(b.running));
                    b.worker = w_run_unlock;
                    return emit(b, "worker: takes an item, PENDING off");
                }
                if (now.stop != 0) {   // if (stop_ && worklist_.empty()) break
                    b.lock = nobody;
                    b.worker = w_done;
                    return emit(b, "worker: ends");
                }
                if (has(bug::flag_beside_the_list))
                    b.worker = w_unlock;
                else
                    b.worker = has(bug::watch_read_after_the_cas) ? w_fall : w_watch;
                return emit(b, "worker: nothing to do");
            case w_run_unlock:
                b.lock = nobody;
                b.worker = w_run;
                return emit(b, "worker: unlocks to run");
            case w_run:   // call()
                ++b.over[now.running];
                b.running = 0;
                b.worker = w_lock;
                return emit(b, "worker: runs the item");
            case w_watch:   // v = watch_.load(relaxed)
                b.v = now.watch;
                b.worker = has(bug::watch_read_after_the_cas) ? w_unlock
                           : has(bug::flag_beside_the_list)   ? w_announce
                                                              : w_fall;
                return emit(b, "worker: v = watch");
            case w_fall:   // inbox_.fall_asleep()
                if (now.head == EMPTY) b.head = ASLEEP;
                if (is_tag(now.head))
                    b.worker = has(bug::watch_read_after_the_cas) ? w_watch : w_unlock;
                else
                    b.worker = w_look;
                return emit(b, now.head == EMPTY ? "worker: EMPTY -> ASLEEP" : "worker: no ASLEEP");
            case w_unlock:
                b.lock = nobody;
                b.worker = has(bug::flag_beside_the_list) ? w_watch : w_wait;
                return emit(b, "worker: unlocks");
            case w_announce:
                b.flag = 1;
                b.worker = w_last_look;
                return emit(b, "worker: flag = asleep");
            case w_last_look:
                b.worker = is_tag(now.head) ? w_wait : w_lock;
                return emit(b, "worker: looks at the inbox for the last time");
            case w_wait:   // park(watch_, v): the kernel compares and sleeps in one step
                b.worker = now.watch == now.v ? w_parked : w_lock;
                if (b.worker == w_lock) b.v = 0;   // not needed any more: fewer states
                return emit(b, now.watch == now.v ? "worker: sleeps" : "worker: does not sleep, the word has changed");
            default: return;
        }
    }

    template <class Emit>
    void pusher_step(const state& now, int who, Emit emit) const {
        const state::pusher& p = now.push[who];
        const bool handler = who == 1 && s_.second_is_handler;
        const byte item = p.pc == p_done ? byte{0} : s_.items_of[who][p.round];
        const auto say = [&](const char* thread, const char* in_handler) { return handler ? in_handler : thread; };
        state b = now;
        state::pusher& q = b.push[who];
        const auto next_round = [&] {
            q.h = 0;
            q.pc = p_claim;
            ++q.round;
            if (q.round == 3 || s_.items_of[who][q.round] == 0) q.pc = p_done;
        };
        switch (p.pc) {
            case p_claim: {   // data.fetch_or(PENDING)
                const bool was = (now.pending & bit(item)) != 0;
                b.pending = static_cast<byte>(b.pending | bit(item));
                q.pc = p_load;
                if (was) next_round();
                const char* how = was ? say("pusher: already pending", "handler: already pending")
                                      : say("pusher: claims", "handler: claims");
                // A signal takes a sleeper out of the futex's queue; afterwards the system call is restarted, and the
                // kernel compares anew, or ends with EINTR.  Both happen.
                if (handler && p.round == 0 && now.worker == w_parked) {
                    b.worker = w_wait;
                    emit(b, "handler: begins, the wait will be restarted");
                    b.worker = w_lock;
                    b.v = 0;
                    how = "handler: begins, the wait will end with EINTR";
                }
                return emit(b, how);
            }
            case p_load:   // h = head.load(relaxed)
                q.h = now.head;
                q.pc = p_cas;
                return emit(b, say("pusher: h = head", "handler: h = head"));
            case p_cas:
                if (p.h == CLOSED) {   // refused: idle again
                    b.pending = static_cast<byte>(b.pending & ~bit(item));
                    next_round();
                    return emit(b, say("pusher: refused", "handler: refused"));
                }
                if (now.head != p.h) {   // compare_exchange_weak() fails, and loads
                    q.h = now.head;
                    return emit(b, say("pusher: h = head, again", "handler: h = head, again"));
                }
                b.next[item] = is_tag(p.h) ? byte{0} : p.h;
                b.head = item;
                ++b.accepted[item];
                if (has(bug::flag_beside_the_list) ? now.flag != 0 : p.h == ASLEEP)
                    q.pc = has(bug::unpark_before_bump) && !handler ? p_unpark : p_bump;
                if (q.pc == p_cas || has(bug::pusher_does_not_wake)) next_round();
                return emit(b, p.h == ASLEEP ? say("pusher: ASLEEP -> item", "handler: ASLEEP -> item")
                                             : say("pusher: pushes", "handler: pushes"));
            case p_bump:   // wake(): watch_.fetch_add(1); on the worker's own thread that is all
                if (!(handler && has(bug::own_thread_does_not_bump))) ++b.watch;
                q.pc = p_unpark;
                if (handler || has(bug::unpark_before_bump)) next_round();
                return emit(b, say("pusher: ++watch", "handler: ++watch"));
            case p_unpark:
                unpark(b);
                if (has(bug::unpark_before_bump))
                    q.pc = p_bump;
                else
                    next_round();
                return emit(b, "pusher: unpark");
            default: return;
        }
    }

    template <class Emit>
    void third_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.third) {
            case t_lock:
                if (now.lock != nobody) return;
                b.lock = the_third;
                b.third = t_look;
                return emit(b, "third: locks");
            case t_look:   // settle()
                b.third = is_tag(now.head) && !has(bug::drain_clears_asleep) ? t_choose : t_take;
                return emit(b, "third: settle() looks");
            case t_take: {
                const byte got = take(b, now.head == CLOSED ? CLOSED : EMPTY);
                b.worklist = static_cast<byte>(b.worklist | got);
                b.third = t_choose;
                emit(b, "third: settle() takes all");
                if (!s_.may_go_home || got == 0) return;
                b.limbo = bit(lowest(got));
                b.worklist = static_cast<byte>(b.worklist & ~b.limbo);
                b.third = t_home_unlock;
                return emit(b, "third: settle() takes all, one of them may still run in another pool");
            }
            case t_home_unlock:   // send_home(): lock.unlock(), and a look at the other pool
                b.lock = nobody;
                b.third = t_home_lock;
                return emit(b, "third: send_home() unlocks");
            case t_home_lock:   // lock.lock(); admit(w, here)
                if (now.lock != nobody) return;
                b.lock = the_third;
                b.worklist = static_cast<byte>(b.worklist | now.limbo);
                b.limbo = 0;
                b.third = has(bug::home_without_kick) ? t_choose : t_home_kick;
                return emit(b, "third: send_home() locks, admits");
            case t_home_kick:   // kick(); the same where an item comes to this pool from another one's send_home()
                b.third = now.head == ASLEEP && !has(bug::kick_only_clears_asleep) ? t_home_bump : t_choose;
                if (now.head == ASLEEP) b.head = EMPTY;
                return emit(b, "third: send_home() kicks");
            case t_home_bump:
                ++b.watch;
                b.third = t_home_unpark;
                return emit(b, "third: ++watch");
            case t_home_unpark:
                unpark(b);
                b.third = t_choose;
                return emit(b, "third: unpark");
            case t_choose: {
                b.third = t_unlock;
                emit(b, "third: leaves what is there");
                if (now.worklist == 0) return;
                const byte item = lowest(now.worklist);   // remove(): the canceller owns PENDING, and gives it up
                b.worklist = static_cast<byte>(b.worklist & ~bit(item));
                b.pending = static_cast<byte>(b.pending & ~bit(item));
                ++b.over[item];
                b.third = t_kick;
                return emit(b, "third: cancels an item");
            }
            case t_kick:   // kick(): if (worklist_.empty()) return; slept = inbox_.wake_up()
                b.third = t_unlock;
                if (now.worklist != 0 && now.head == ASLEEP) {
                    b.head = EMPTY;
                    if (!has(bug::kick_only_clears_asleep)) b.third = t_kick_bump;
                }
                return emit(b, "third: kick()");
            case t_kick_bump:
                ++b.watch;
                b.third = t_kick_unpark;
                return emit(b, "third: ++watch");
            case t_kick_unpark:
                unpark(b);
                b.third = t_unlock;
                return emit(b, "third: unpark");
            case t_unlock:
                b.lock = nobody;
                ++b.third_round;
                b.third = b.third_round == s_.third_rounds ? t_done : t_lock;
                return emit(b, "third: unlocks");
            default: return;
        }
    }

    template <class Emit>
    void ender_step(const state& now, Emit emit) const {
        state b = now;
        switch (now.ender) {
            case e_lock:
                if (now.lock != nobody) return;
                b.lock = the_ender;
                b.ender = e_look;
                return emit(b, "end: locks");
            case e_look: b.ender = is_tag(now.head) ? e_close : e_take; return emit(b, "end: settle() looks");
            case e_take:
                b.worklist = static_cast<byte>(b.worklist | take(b, EMPTY));
                b.ender = e_close;
                return emit(b, "end: settle() takes all");
            case e_close:   // inbox_.close(): head.exchange(CLOSED), and what came between the two
                b.worklist = static_cast<byte>(b.worklist | take(b, CLOSED));
                b.stop = 1;
                b.ender = e_bump;
                return emit(b, "end: closes");
            case e_bump:   // watch_.fetch_add(1)
                if (!has(bug::end_does_not_bump)) ++b.watch;
                b.ender = e_unlock;
                return emit(b, "end: ++watch");
            case e_unlock:
                b.lock = nobody;
                b.ender = e_unpark;
                return emit(b, "end: unlocks");
            case e_unpark:
                unpark(b);
                b.ender = e_done;
                return emit(b, "end: unpark");
            default: return;
        }
    }

    setup s_;
};

model::outcome check(const setup& s) {
    const pool p(s);
    return model::explore(
        p.start(), [&](const state& now, auto emit) { p.steps(now, emit); },
        [&](const state& b, bool is_end) { return p.wrong(b, is_end); });
}

/// Two threads, one of which queues an item again; flush and cancel beside them.
constexpr setup threads{.items_of = {{1, 2, 1}, {2}}, .third_rounds = 2};
/// A thread, and a handler that interrupts the worker wherever it is.
constexpr setup with_handler{.items_of = {{1, 2}, {2, 3}}, .second_is_handler = true, .third_rounds = 2};
/// The third party's settle() lets go of the lock.
constexpr setup going_home{.items_of = {{1}, {2}}, .third_rounds = 2, .may_go_home = true};
/// The pool ends beside all this: what comes late is refused, what was accepted still runs.
constexpr setup ending{.items_of = {{1, 2}, {2}}, .third_rounds = 1, .ends = true};
constexpr setup ending_with_handler{
    .items_of = {{1}, {2, 3}}, .second_is_handler = true, .third_rounds = 1, .ends = true};

constexpr struct {
    const char* name;
    setup s;
} setups[] = {{"threads", threads},
              {"with a handler", with_handler},
              {"going home", going_home},
              {"ending", ending},
              {"ending, with a handler", ending_with_handler}};

}   // namespace

TEST_CASE("inbox, worker_pool: no interleaving loses a wake-up", "[inbox][worker_pool][model]") {
    for (const auto& each : setups) {
        const model::outcome o = check(each.s);
        std::cout << "wake model, " << each.name << ": " << o.states << " states, " << o.ends << " ends\n";
        INFO(each.name);
        CHECK(o.wrong == "");
        CHECK(o.ends > 0);
    }
}

TEST_CASE("inbox, worker_pool: the model finds each planted way to lose a wake-up", "[inbox][worker_pool][model]") {
    constexpr struct {
        const char* name;
        bug planted;
        setup in;
    } plants[] = {
        {"a flag beside the list", bug::flag_beside_the_list, threads},
        {"the sleepers' word read after ASLEEP is said", bug::watch_read_after_the_cas, threads},
        {"the push that replaces ASLEEP keeps quiet", bug::pusher_does_not_wake, threads},
        {"ASLEEP cleared by whoever drains", bug::drain_clears_asleep, threads},
        {"a kick that only clears ASLEEP", bug::kick_only_clears_asleep, going_home},
        {"an item admitted behind the worker's back", bug::home_without_kick, going_home},
        {"a handler on the worker's thread that changes no word", bug::own_thread_does_not_bump, with_handler},
        {"the wake-up before the word", bug::unpark_before_bump, threads},
        {"an end that changes no word", bug::end_does_not_bump, ending},
    };
    for (const auto& each : plants) {
        setup s = each.in;
        s.planted = each.planted;
        const model::outcome o = check(s);
        std::cout << "wake model, planted: " << each.name << ": found after " << o.states << " states\n";
        INFO(each.name);
        CHECK(o.wrong != "");
    }
    // Without a third party even the flag beside the list is safe: that is why it is found in so many programs.
    setup s = threads;
    s.planted = bug::flag_beside_the_list;
    s.third_rounds = 0;
    CHECK(check(s).wrong == "");
}
