// SPDX-License-Identifier: MIT
// arch.hpp: the seam.  What the core asks of an engine, and the two small structs that both engines share.
//
// Everything above arch/ is written once, as templates over an engine, and names no std::atomic, std::thread, futex,
// clock or signal (cmake/check-seam.sh looks).  An engine is a struct of static functions:
//
//   template <class T> using atomic_ref       loads, stores and read-modify-writes; in the simulator a step each
//   void fence(order)                         a fence of this task's accesses; in the simulator a step
//   task& current()                           who executes; never fails, async-signal-safe
//   bool park(word, expected, deadline, why)  sleep while word == expected; false only when the deadline has passed
//   void unpark(word, n)                      wake n sleepers of that word; async-signal-safe
//   bool spawn(thread&, cpu, name, fn, arg)   a thread that stands for emulated CPU `cpu`; false: could not be had
//   bool overslept()                          the last park() was cut short, by nobody (TSan): see threads.hpp
//   void count_unannounced()
//   void join(thread&)                        wait for its end
//   void set_nice(nice)                       the caller's priority, where that is allowed
//   bool irq_save(), void irq_restore(was)    this task's soft interrupt mask
//   void let_interrupts_in(f, arg)            f(arg) with interrupts on, inside an interrupt's entry
//   bool loses_edge()                         whether this one is, where faults are explored
//   void let_pending_go_first(port)           before interrupts are turned off there
//   void raise(port, line), void kick(port)   make a line pending at a CPU; ring its doorbell
//   ns_t now(), void delay(ns)                the engine's monotonic clock; burns time
//   ns_t wall_clock()                         since 1970, UTC; may jump
//   ns_t computed(task), bool is_asleep(task) how long another task has computed; whether it waits, and not for a CPU
//   void follow_time(f, arg)                  f(arg) brings up to date what shows the time, after it has rested:
//   bool begin_rest(), void end_rest()        no tick while nobody is awake to read it
//   class busy_tick                           shows the time while the thread that does is in a function that takes long
//   void poll_time()                          for whoever polls that
//   void relax(round), void step()            one round of a spin loop; a scheduling point
//   void tell_of_call(begins, what, function)   for who looks on: a function of the user's is called
//   int this_cpu(), void make_way()           the real CPU we are on; lets others have it for a while
//   unsigned allowed_cpus()                   how many CPUs this process may run on
//   uint64_t random()                         64 bits; in the simulator the seed's
//   class quiet                               scope in which no signal handler runs on this thread
//   int watch_fd(fd, port, line)              what happens to a file, a timer that expires, a signal from outside
//   int watch_timer(port, line, first, period)   raises a line; on the simulator none of them, -EOPNOTSUPP
//   int watch_signal(signo, port, line, from)
//   void move_sources(ports, n, line, to)     the line's goes to another of these ports
#pragma once

#include <atomic>   // for std::memory_order only; the accesses themselves go through the engine
#include <cstdint>
#include <limits>

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf {

inline constexpr std::memory_order relaxed = std::memory_order_relaxed;
inline constexpr std::memory_order acquire = std::memory_order_acquire;
inline constexpr std::memory_order release = std::memory_order_release;
inline constexpr std::memory_order acq_rel = std::memory_order_acq_rel;
inline constexpr std::memory_order seq_cst = std::memory_order_seq_cst;

namespace arch {

using ns_t = std::int64_t;                                          // nanoseconds on an engine's clock
inline constexpr ns_t forever = std::numeric_limits<ns_t>::max();   // a deadline that never comes

inline constexpr unsigned comm_len = 16;   // a thread's name, terminator included: the limit of pthread_setname_np()

/// Where the interrupts of one emulated CPU arrive.  Owned by the machine; the engine only rings it.
struct alignas(64) cpu_port {
    std::uint64_t pending = 0;            // A: bit n = line n raised and not yet taken [irq.pending]
    std::int32_t thread = 0;              // A: engine's name of the thread that takes the doorbell, 0: none
    unsigned cpu = 0;                     // I
    bool (*enter)(cpu_port&) = nullptr;   // I: the core's interrupt entry; called masked, while something is pending.
                                          //    false: not now; whoever is in the way will ring
    void* owner = nullptr;                // I: the machine
    std::uint64_t taken = 0;              // the thread's: what it has taken, and has not come to yet
    void* raised = nullptr;               // A [irq.raised] lines that have no bit of their own
    std::uint32_t masked = 0;             // A [cpu.masked] threads but the doorbell's that have interrupts off
    std::uint32_t serving = 0;            // A [cpu.masked] a top half runs
    std::uint32_t section = 0;            // A [cpu.section] who has interrupts off, alone: see irq_section.hpp
    std::int32_t bottom_halves = 0;       // A [bh.holders] who has them off, or runs them: see softirq.hpp
    std::uint32_t shared = 0;             // A [cpu.bias] not the doorbell's thread's own any more: see irq_section.hpp
    std::uint32_t bias_left = 0;          // A [cpu.bias] that thread knows
    std::uint32_t* bed = nullptr;         // A [port.bed] the word on which that thread sleeps in park()
    std::uint32_t bell = 0;               // A: the bit by which it can be woken there, and nobody else; 0: it cannot
};
inline constexpr unsigned self_line = 63;   // the bit of a CPU's pending word by which it rings itself

/// Whose signals count on a line that is a signal.
struct irq_sender {
    enum kind : std::uint32_t { this_process, one_process, one_user, anyone };
    kind who = this_process;
    std::int32_t id = 0;

    static constexpr irq_sender process(std::int32_t pid) noexcept { return {one_process, pid}; }
    static constexpr irq_sender user(std::uint32_t uid) noexcept { return {one_user, static_cast<std::int32_t>(uid)}; }
    static constexpr irq_sender anybody() noexcept { return {anyone, 0}; }
};

/// How a line's timer is doing: expirations - overruns is how often it has made the line pending.
struct irq_timer_counts {
    std::uint64_t expirations = 0;
    std::uint64_t overruns = 0;   // of those, while the one before was still waiting to be served
};

/// What one thread of control is to the core: the kernel's task_struct in small, and the parts of "this CPU" that a
/// thread carries with it.  Only its own thread, and signal handlers on that thread, write it; hence plain fields.
/// preempt_count is one, too: a handler leaves it as it found it.  irqs_off goes through atomic_ref, so that the compiler
/// keeps it where it stands, and so do the fields marked A, which other threads look at.
struct task {
    std::uint32_t irqs_off = 0;        // the soft mask: a doorbell that finds it set leaves the line pending
    std::uint32_t preempt_count = 0;   // bits as in the kernel, see context.hpp
    std::int32_t cpu = -1;             // emulated CPU, -1: not given one yet (home_cpu() does, at first use)
    std::int32_t pid = 0;
    cpu_port* port = nullptr;        // the CPU whose doorbell this thread takes, or null
    cpu_port* section = nullptr;     // of which CPU it has interrupts off, if that is more than its own mask
    std::uint8_t section_kind = 0;   // see irq_section.hpp
    void* worker = nullptr;          // worker<Arch>* of a worker thread, or null
    bool (*blocks)(task&) =
        nullptr;   // upcall: about to sleep in one of our primitives (managed pools); false: ask again
    void (*runs)(task&) = nullptr;    // upcall: runs again
    void (*burns)(task&) = nullptr;   // upcall, on the simulator: some of its CPU's time has gone
    std::uint32_t state = 0;          // A: TASK_* of the facades, what set_current_state() and wake_up_process() change
    void* bottom_halves = nullptr;    // of which CPU this task has them off, or null: see softirq.hpp
    std::int32_t bottom_halves_share = 0;   // what it has added to that CPU's word
    std::uint32_t holds_wakes = 0;          // interrupts under way, softirqs at their ends included
    void* wakes_later = nullptr;            // A: whom this task has woken in interrupt, on its own CPU; see context.hpp
    task* known_as =
        nullptr;   // I: of a kthread: what others know it by, and whose `state` counts; it outlives the thread
    std::uint32_t ends_interrupt = 0;   // it runs the softirqs at an interrupt's end, above what that interrupted
    void* nested_irq = nullptr;         // whose handler it calls in its own thread: see irq_thread.hpp
    std::uint32_t rcu = 0;              // how deep in RCU readers, and where they are counted: see sync/rcu.hpp
    std::uint32_t locks = 0;            // how many it holds, of those that sleep and that only it may let go of
    const char* waits_for = nullptr;    // A: what park() sleeps on, for whoever asks why nothing moves
    char comm[comm_len] = {};           // name, as ps shows it
};

/// Cuts a name to what a thread can bear.  By hand: g++ reads the bound of strnlen() as a promise about the source.
inline void set_comm(char (&to)[comm_len], const char* from) noexcept {
    unsigned n = 0;
    for (; n + 1 < comm_len && from[n] != '\0'; ++n) to[n] = from[n];
    to[n] = '\0';
}

}   // namespace arch
}   // namespace bottomhalf
