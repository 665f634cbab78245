// SPDX-License-Identifier: MIT
// softirq.hpp: bottom halves that may not sleep.  Each CPU has a word of pending vectors; they run, lowest first, at the
// end of the outermost interrupt, at the outermost local_bh_enable(), or else in the thread ksoftirqd/N.
//
// "Bottom halves are off" is a state of the CPU: they run in one task at a time, and not while any task of the CPU has them
// off, or interrupts.  Timers' functions are bottom halves, too: they run on a thread of their own, or, where that finds
// somebody in its way, for the vector TIMER (timer_base.hpp).  One task at a time has them off, as on a real CPU; but who
// holds a spin lock already waits for those only that run, because one that waits for the other's spin lock would wait for
// ever.  An interrupt that finds them off, or running elsewhere, leaves the vectors pending, and whoever lets go last finds
// them:
//
//   raise:   pending |= bit;      then: does anybody have them?        [softirq.handover]
//   let go:  holders = nobody;    then: is anything pending?
//
// Both steps of either side are sequentially consistent, so that one of the two sees what the other did.  Who has
// interrupts off does not look, so that it costs him nothing: ksoftirqd/N does, until he has them on.
#pragma once

#include <cstdint>
#include <cstdio>
#include <new>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/irq_section.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf {

/// In the kernel's order.  2.6 has the first six, of which SCSI became `block` and TASKLET moved down.
enum class softirq : unsigned { hi, timer, net_tx, net_rx, block, irq_poll, tasklet, sched, hrtimer, rcu };
inline constexpr unsigned nr_softirqs = 10;
inline constexpr const char* softirq_names[nr_softirqs] = {"HI",       "TIMER",   "NET_TX", "NET_RX",  "BLOCK",
                                                           "IRQ_POLL", "TASKLET", "SCHED",  "HRTIMER", "RCU"};

struct tasklet_node;
struct irq_work_node;

template <class Arch>
class softirq_controller {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    struct alignas(64) cpu {
        std::uint32_t pending = 0;              // A [softirq.pending] a bit per vector
        std::uint32_t calls = 0;                // A: what ksoftirqd sleeps on
        unsigned number = 0;                    // I
        arch::cpu_port* port = nullptr;         // I: where the CPU's interrupts arrive, and who has its bottom halves
        softirq_controller* all = nullptr;      // I
        std::uint64_t runs[nr_softirqs] = {};   // the owner's: as in /proc/softirqs
        tasklet_node* tasklets[2] = {};         // A [tasklet.list] youngest first; normal, and of high priority
        irq_work_node* irq_works = nullptr;     // A [irq_work.list] youngest first
        void (*work)(void* pool) = nullptr;     // I: runs the items of a BH pool
        void* pools[2] = {};                    // A [softirq.pools] as tasklets
        typename Arch::thread thread;
    };
    /// What runs for a vector.  `cookie`: the facades' own function.
    struct action {
        void (*call)(cpu&, void* cookie) = nullptr;
        void* cookie = nullptr;
    };

    constexpr softirq_controller() noexcept = default;
    softirq_controller(const softirq_controller&) = delete;
    softirq_controller& operator=(const softirq_controller&) = delete;

    /// Context: process; allocates.  Return: false if there is no memory.
    bool start(unsigned cpus, arch::cpu_port* ports, void (*ask)(void*), void* ask_whom) noexcept {
        auto* c = new (std::nothrow) cpu[cpus];
        if (c == nullptr) return false;
        for (unsigned i = 0; i < cpus; ++i) c[i].number = i, c[i].all = this, c[i].port = &ports[i];
        ask_ = ask;
        ask_whom_ = ask_whom;
        nr_cpus_ = cpus;
        atomic<cpu*>(cpus_).store(c, release);   // [softirq.cpus]
        return true;
    }
    /// Starts ksoftirqd/N, unless they are there.  `ask`, which may be called in any context, sees to that where they are
    /// missed.  Context: process, and no signal handler of the caller's thread calls this; starts threads.
    /// Return: false if one could not be had.
    bool start_threads() noexcept {
        atomic<std::uint32_t> state(threads_);
        for (unsigned round = 0;; Arch::relax(round++)) {
            std::uint32_t s = none;
            if (state.compare_exchange_strong(s, starting, acq_rel, acquire)) break;
            if (s == there) return true;
        }
        atomic<std::uint32_t>(stop_).store(0, relaxed);   // relaxed: nobody is there yet
        unsigned n = 0;
        for (; n < nr_cpus_; ++n) {
            char comm[32];
            std::snprintf(comm, sizeof comm, "ksoftirqd/%u", n);
            if (!Arch::spawn(
                    cpus_[n].thread, static_cast<int>(n), comm, true,
                    [](void* c) { static_cast<cpu*>(c)->all->ksoftirqd(*static_cast<cpu*>(c)); }, &cpus_[n]))
                break;
        }
        const bool ok = n == nr_cpus_;
        if (!ok) end_threads(n);
        state.store(ok ? there : none, release);
        return ok;
    }
    /// Runs what is pending, once more, and ends the threads.  Context: process.
    /// Return: false if a softirq has not returned by `deadline`; its thread is left behind then.
    bool stop(arch::ns_t deadline = arch::forever) noexcept {
        return atomic<std::uint32_t>(threads_).exchange(none, acq_rel) != there || end_threads(nr_cpus_, deadline);
    }
    /// Nothing may be raised any more.
    void shut_down() noexcept { delete[] atomic<cpu*>(cpus_).exchange(nullptr, acq_rel); }
    /// The same for one whose world is gone.  Context: nobody else is left.
    void lose() noexcept {
        delete[] cpus_;
        cpus_ = nullptr;
        threads_ = none;
    }

    /// Context: process, before the vector is raised.
    void open(softirq nr, action a) noexcept { actions_[static_cast<unsigned>(nr)] = a; }
    [[nodiscard]] bool is_open(softirq nr) const noexcept {
        return actions_[static_cast<unsigned>(nr)].call != nullptr;
    }

    /// Null while the machine is down.
    [[nodiscard]] cpu* of_cpu(unsigned n) noexcept {
        cpu* c = atomic<cpu*>(cpus_).load(acquire);   // [softirq.cpus]
        return c == nullptr ? nullptr : &c[n < nr_cpus_ ? n : 0];
    }

    /// The vector runs soon, on that CPU.  Context: any, async-signal-safe.
    void raise(cpu& c, softirq nr) noexcept {
        detail::tracepoint<Arch>(trace::event::softirq_raise, nullptr, nullptr,
                                 softirq_names[static_cast<unsigned>(nr)], static_cast<unsigned>(nr));
        atomic<std::uint32_t>(c.pending).fetch_or(1U << static_cast<unsigned>(nr), seq_cst);   // [softirq.handover]
        // Whoever takes that CPU's interrupts looks as this one ends; and whoever has its bottom halves, as he lets go.  He
        // whom we interrupt may have them off by his count alone: then nobody looks (see have_them_off()).
        const arch::task& t = Arch::current();
        const bool in_its_interrupt =
            context<Arch>::in_hardirq() && t.port == c.port &&
            (!context<Arch>::in_softirq() || context<Arch>::in_serving_softirq() || t.bottom_halves != nullptr);
        if (!in_its_interrupt && holders_of(c).load(seq_cst) == 0) wake_ksoftirqd(c);
    }

    // ---- bottom halves off and on ---------------------------------------------------------------------------------

    /// Nests.  Waits until nobody else of that CPU runs bottom halves, or has them off, or interrupts.  Context: any that we
    /// manage; in a top half it is only counted, and so it is with interrupts off, if they run.
    void disable(cpu* c) noexcept {
        const std::uint32_t count = context<Arch>::preempt_count();
        context<Arch>::add(2 * softirq_offset);
        if ((count & (softirq_mask | hardirq_mask)) == 0 && c != nullptr)
            have_them_off(*c, (count & preempt_mask) == 0);
    }
    /// With the last one, what was raised meanwhile runs.
    static void enable(location at) noexcept {
        const std::uint32_t off = context<Arch>::preempt_count() & softirq_mask;
        if (off < 2 * softirq_offset) [[unlikely]]
            return detail::say(channel::kernel, severity::warn, "__local_bh_enable_ip", at,
                               "DEBUG_LOCKS_WARN_ON(val > preempt_count()): bottom halves are enabled once too often");
        const std::uint32_t left = off - 2 * softirq_offset;
        if (context<Arch>::in_hardirq() || Arch::irqs_masked()) [[unlikely]]
            detail::say(
                channel::kernel, severity::warn, "__local_bh_enable_ip", at,
                "WARN_ON_ONCE(in_hardirq() || irqs_disabled()): bottom halves are enabled where they cannot run");
        context<Arch>::sub(2 * softirq_offset);
        if (left == 0 && !context<Arch>::in_hardirq()) let_go_of_section(!Arch::irqs_masked());
    }
    /// Ends the caller's section without bottom halves, if he is in one, whatever his count says.
    static void let_go_of_section(bool may_run) noexcept {
        arch::task& t = Arch::current();
        auto* c = static_cast<cpu*>(t.bottom_halves);
        if (c == nullptr) return;
        t.bottom_halves = nullptr;
        const std::int32_t mine = t.bottom_halves_share;
        std::int32_t alone = mine;
        auto holders = holders_of(*c);
        // The doorbell's thread may have interrupts off without our knowing.
        may_run = may_run && (t.port == c->port || section::is_shared(*c->port));
        // Ours is the last one, and there is something to do: then this is the place.
        if (may_run && atomic<std::uint32_t>(c->pending).load(seq_cst) != 0 &&
            holders.compare_exchange_strong(alone, running, seq_cst, relaxed)) {   // relaxed: there are others
            // Who had them off alone need not look whether somebody has interrupts off: he will see us, and let go.
            may_run = (mine == section::bottom_halves_off_alone || !section::is_taken(*c->port)) && c->all->run(*c);
            c->all->let_go(*c);
        } else {
            holders.fetch_sub(mine, seq_cst);   // [bh.holders] release; [softirq.handover]
        }
        c->all->look_again(*c, may_run);   // an interrupt may have come in between, and found us there
    }

    /// f(), while no bottom halves of `c` run, and none begin.  Context: process.
    /// Return: false if some have not ended by `deadline`; f() is not called then.
    template <class F>
    bool hold(cpu& c, arch::ns_t deadline, F f) noexcept {
        auto holders = holders_of(c);
        for (unsigned round = 0;; Arch::relax(round++)) {
            std::int32_t n = holders.load(relaxed);   // relaxed: the exchange decides
            // [bh.holders] acquire: what they did.
            if (n != running && holders.compare_exchange_strong(n, n + section::bottom_halves_off, seq_cst, relaxed))
                break;
            if (Arch::now() >= deadline) return false;
        }
        f();
        holders.fetch_sub(section::bottom_halves_off, seq_cst);   // [bh.holders] release; [softirq.handover]
        look_again(c, false);
        return true;
    }

    /// The end of an interrupt.  Context: the thread that takes the CPU's interrupts, masked, and not in hardirq any more.
    void irq_exit(unsigned n) noexcept {
        cpu* c = of_cpu(n);
        if (c == nullptr || context<Arch>::in_interrupt()) return;
        bool all = true;
        while (all && atomic<std::uint32_t>(c->pending).load(seq_cst) != 0) {   // [softirq.handover]
            if (const chance has = begin(*c); has != chance::now) {
                all = has == chance::theirs;
                break;
            }
            struct arguments {
                cpu* c;
                bool* all;
            } a{c, &all};
            Arch::let_interrupts_in(
                [](void* p) {
                    const auto& [mine, was_all] = *static_cast<arguments*>(p);
                    ++Arch::current().ends_interrupt;
                    *was_all = mine->all->run(*mine);
                    --Arch::current().ends_interrupt;
                },
                &a);
            let_go(*c);
        }
        // ksoftirqd may have been woken while we had them, and be asleep again.  [softirq.handover]
        if (!all && atomic<std::uint32_t>(c->pending).load(seq_cst) != 0) wake_ksoftirqd(*c);
    }

    /// For who will try_begin(), before he is in a hurry.  Context: process; may wait for the doorbell's thread.
    void prepare(cpu& c) noexcept { section::share(*c.port); }
    /// Whether the caller has them now.  theirs: somebody has, who will look as he lets go; later: he will not.
    enum class chance : unsigned char { now, theirs, later };
    /// For a thread whose functions are softirqs of that CPU, and a vector's only if somebody else has those: its timers'.
    /// Context: process, interrupts on; may wait for the doorbell's thread.
    /// Return: theirs: he runs `nr` before he lets go, or it has run here; later: nobody does, try again.
    chance try_begin(cpu& c, softirq nr) noexcept {
        section::share(*c.port);
        const chance has = begin(c);
        if (has == chance::theirs) {
            atomic<std::uint32_t>(c.pending).fetch_or(1U << static_cast<unsigned>(nr), seq_cst);   // [softirq.handover]
            look_again(c, true);   // he may have let go meanwhile
        } else if (has == chance::later && atomic<std::uint32_t>(c.pending).load(seq_cst) != 0) {
            wake_ksoftirqd(c);
        }
        return has;
    }
    /// What such functions have raised runs now.
    void end(cpu& c) noexcept {
        let_go(c);
        look_again(c, true);
    }

private:
    using section = irq_section<Arch>;
    enum : std::uint32_t { none, starting, there };
    static constexpr std::int32_t running = section::bottom_halves_run;
    static constexpr unsigned max_restarts = 10;
    static constexpr arch::ns_t max_time = 2'000'000;

    static auto holders_of(cpu& c) noexcept { return atomic<std::int32_t>(c.port->bottom_halves); }

    /// `alone`: as one of those who wait for each other.
    void have_them_off(cpu& c, bool alone) noexcept {
        const bool masked = Arch::irqs_masked();
        alone = alone && !masked;
        arch::task& t = Arch::current();
        if (alone && t.port != c.port) section::share(*c.port);
        const std::int32_t mine = alone ? section::bottom_halves_off_alone : section::bottom_halves_off;
        auto holders = holders_of(c);
        for (unsigned round = 0;; ++round) {
            std::int32_t n = holders.load(relaxed);   // relaxed: the exchange decides
            // One that runs may wait for interrupts to come on, and would do so for ever.
            if (n == running && masked) return;
            const bool in_the_way = n == running || (alone && section::keeps_out(n));
            // [bh.holders] acquire: what they did.
            if (!in_the_way && holders.compare_exchange_strong(n, n + mine, seq_cst, relaxed)) break;
            Arch::relax(round);
        }
        for (unsigned round = 0; alone && section::is_held(*c.port); ++round) Arch::relax(round);   // [cpu.halves]
        t.bottom_halves_share = mine;
        t.bottom_halves = &c;
    }

    chance begin(cpu& c) noexcept {
        std::int32_t nobody = 0;
        // [bh.holders] acquire: what the others did.  seq_cst: [softirq.handover], [cpu.halves]
        if (!holders_of(c).compare_exchange_strong(nobody, running, seq_cst, seq_cst)) return chance::theirs;
        if (!section::is_taken(*c.port)) return chance::now;
        let_go(c);
        return chance::later;
    }
    void let_go(cpu& c) noexcept {
        holders_of(c).exchange(0, seq_cst);   // [bh.holders] release; [softirq.handover]
    }
    void look_again(cpu& c, bool may_run) noexcept {
        while (atomic<std::uint32_t>(c.pending).load(seq_cst) != 0) {   // [softirq.handover]
            if (!may_run) return wake_ksoftirqd(c);
            const chance has = begin(c);
            if (has == chance::theirs) return;   // whoever has them will look
            may_run = has == chance::now && run(c);
            if (has == chance::now) let_go(c);
        }
    }
    void wake_ksoftirqd(cpu& c) noexcept {
        atomic<std::uint32_t>(c.calls).fetch_add(1, seq_cst);   // [ksoftirqd.call]
        if (atomic<std::uint32_t>(threads_).load(seq_cst) != there && ask_ != nullptr) [[unlikely]]
            ask_(ask_whom_);
        Arch::unpark(c.calls, 1);
    }

    /// Takes all that is pending, again and again, but not for ever: then it is for ksoftirqd, whom the owner wakes once he
    /// has let go; before that it would find him here.  Context: the owner; interrupts on.  Return: false in that case.
    bool run(cpu& c) noexcept {
        unsigned restarts = max_restarts;
        arch::ns_t until = 0;
        do {
            // [softirq.pending] acquire: what the raisers wrote
            std::uint32_t some = atomic<std::uint32_t>(c.pending).exchange(0, seq_cst);
            detail::in_context<Arch> serving(softirq_offset);
            for (; some != 0; some &= some - 1) call(c, static_cast<unsigned>(__builtin_ctz(some)));
            if (atomic<std::uint32_t>(c.pending).load(relaxed) == 0) return true;   // relaxed: seen again as we let go
            const arch::ns_t now = Arch::now();
            if (until == 0) until = now + max_time;
            if (now >= until) break;
        } while (--restarts != 0);
        return false;
    }
    void call(cpu& c, unsigned nr) noexcept {
        const action& a = actions_[nr];
        ++c.runs[nr];
        if (a.call == nullptr) return;
        const std::uint32_t before = context<Arch>::preempt_count();
        detail::tracepoint<Arch>(trace::event::softirq_entry, a.cookie, nullptr, softirq_names[nr], nr);
        detail::contain<Arch>("handle_softirqs", "softirq", a.cookie, [&] { a.call(c, a.cookie); });
        detail::tracepoint<Arch>(trace::event::softirq_exit, a.cookie, nullptr, softirq_names[nr], nr);
        const std::uint32_t after = context<Arch>::preempt_count();
        if (after != before) [[unlikely]] {
            detail::say(channel::kernel, severity::bug, "handle_softirqs", location::current(),
                        "huh, entered softirq %u %s %p with preempt_count %08x, exited with %08x?", nr,
                        softirq_names[nr], a.cookie, before, after);
            context<Arch>::add(before - after);
        }
        if (Arch::irqs_masked()) [[unlikely]]
            irq_section<Arch>::leave();
    }

    void ksoftirqd(cpu& c) noexcept {
        for (unsigned round = 0;;) {
            const std::uint32_t heard = atomic<std::uint32_t>(c.calls).load(acquire);   // [ksoftirqd.call]
            const bool stops = atomic<std::uint32_t>(stop_).load(acquire) != 0;
            // If somebody has them off, he will look.  [softirq.handover]
            if (atomic<std::uint32_t>(c.pending).load(seq_cst) != 0) {
                section::share(*c.port);
                const chance has = begin(c);
                if (has == chance::now) run(c), let_go(c);
                if (has == chance::later || (has == chance::now && !stops)) {
                    // What comes back each time, as a tasklet that is disabled does, leaves the others some time.
                    Arch::relax(round++);
                    continue;
                }
            }
            if (stops) return;
            round = 0;
            Arch::park(c.calls, heard, arch::forever, "a softirq");
        }
    }
    bool end_threads(unsigned n, arch::ns_t deadline = arch::forever) noexcept {
        atomic<std::uint32_t>(stop_).store(1, release);
        for (unsigned i = 0; i < n; ++i) wake_ksoftirqd(cpus_[i]);
        bool ended = true;
        for (unsigned i = 0; i < n; ++i)
            if (deadline == arch::forever)
                Arch::join(cpus_[i].thread);
            else
                ended = Arch::join_until(cpus_[i].thread, deadline) && ended;
        return ended;
    }

    cpu* cpus_ = nullptr;                // A [softirq.cpus]
    unsigned nr_cpus_ = 0;               // I
    std::uint32_t threads_ = none;       // A: ksoftirqd/N
    std::uint32_t stop_ = 0;             // A
    void (*ask_)(void*) = nullptr;       // I
    void* ask_whom_ = nullptr;           // I
    action actions_[nr_softirqs] = {};   // I, but for open()
};

}   // namespace bottomhalf
