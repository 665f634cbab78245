// SPDX-License-Identifier: MIT
// threads.hpp: engine 1.  jthreads, futexes, signals, CLOCK_MONOTONIC.
//
// A parked task sleeps in a futex.  An interrupt is one real-time signal, the doorbell, sent to the thread that stands
// for the CPU; what it means is in the CPU's pending word, so a doorbell that is late, forged or doubled finds an empty
// word and does nothing.  The soft mask is two plain stores, with a compiler fence inside each edge: a flag that is only
// volatile lets the protected accesses move out of the section (seen in the code of two compilers).
#pragma once

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/idle.hpp>
#include <bottomhalf/arch/line_sources.hpp>
#include <bottomhalf/arch/thread_times.hpp>

namespace bottomhalf::arch {

namespace detail {
/// constinit and initial-exec: the first touch from a signal handler neither runs a lazy initialiser nor allocates.
BOTTOMHALF_STATE inline constinit thread_local task thread_task __attribute__((tls_model("initial-exec"))){};
}   // namespace detail

struct threads {
    static constexpr bool simulated = false;
    static constexpr const char* name = "threads";

    template <class T>
    using atomic_ref = std::atomic_ref<T>;

    static task& current() noexcept {
        task* t = &detail::thread_task;
#if defined(__SANITIZE_ADDRESS__)
        // g++'s -fsanitize=undefined, the usual companion (it has no macro), tests the address for null by the flags of the
        // ADD that makes it; ld relaxes that to a LEA, which sets none, and a null pointer is "found".
        asm("" : "+r"(t));
#endif
        return *t;
    }

    /// GCC's TSan does not see fences.  There it is a read-modify-write of one word for all, which orders at least as much.
    static void fence(std::memory_order order) noexcept {
#if BOTTOMHALF_TSAN
        static_cast<void>(order);
        fenced_.fetch_add(1, std::memory_order_seq_cst);
#else
        std::atomic_thread_fence(order);
#endif
    }

    // ---- sleeping -------------------------------------------------------------------------------------------------

    /// Sleeps while `word == expected`, until an unpark() of it or `deadline`.  May return early: callers look again.
    /// Return: false if the deadline has passed, else true.
    static bool park(std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept;
    /// Whether this thread's last park() has ended by TSan's bound alone.  Whoever finds something to do then, of which
    /// nobody has told him, would have slept for ever anywhere else.
    static bool overslept() noexcept {
#if BOTTOMHALF_TSAN
        return bound_over_;
#else
        return false;
#endif
    }
    static void count_unannounced() noexcept {
        unannounced_.fetch_add(1, std::memory_order_relaxed);
    }   // relaxed: a count
    /// How often that has been so.  For tests.
    static unsigned nr_unannounced() noexcept { return unannounced_.load(std::memory_order_relaxed); }

    static constexpr std::uint32_t any_bell = std::uint32_t{1} << 31;   // whom unpark() wakes has this bit, too

    static void unpark(std::uint32_t& word, int n) noexcept {
        const int saved = errno;   // we may be in a signal handler, under code that is about to read it
        ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, n, nullptr, nullptr, 0);
        errno = saved;
    }

    /// A round of a spin loop: short waits burn, longer ones give the CPU away, long ones sleep, so that a holder of
    /// lower priority that was preempted inside its section gets to run.
    static void relax(unsigned round) noexcept {
        if (round < 64) {
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#elif defined(__aarch64__)
            asm volatile("yield");
#endif
            return;
        }
        const int saved = errno;
        if (round < 256) {
            ::sched_yield();
        } else {
            const timespec nap{0, 50'000};
            ::nanosleep(&nap, nullptr);
        }
        errno = saved;
    }

    static void step() noexcept {}

    /// The real CPU that the caller is on, perhaps not any more.
    static int this_cpu() noexcept { return ::sched_getcpu(); }
    /// Whoever else wants this CPU gets it for a while.
    static void make_way() noexcept { ::sched_yield(); }

    // ---- time -----------------------------------------------------------------------------------------------------

    static ns_t now() noexcept {
        timespec t;
        ::clock_gettime(CLOCK_MONOTONIC, &t);
        return ns_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    }
    /// How long that thread of ours has computed.  Context: process.
    static ns_t computed(const task& t) noexcept { return detail::computed_by(t.pid); }
    /// Whether it waits, for something else than a CPU.  Context: process.
    static bool is_asleep(const task& t) noexcept { return detail::is_asleep(t.pid); }
    /// Since 1970, UTC.  Jumps when somebody sets it.
    static ns_t wall_clock() noexcept {
        timespec t;
        ::clock_gettime(CLOCK_REALTIME, &t);
        return ns_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
    }

    /// This thread's timed sleeps end on time (1 ns of slack) instead of up to 50 us late.
    static void sleep_precisely() noexcept { ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

    /// Burns time.
    static void delay(ns_t ns) noexcept {
        const ns_t until = now() + ns;
        while (now() < until) relax(0);
    }

    /// For the variable that shows the time, and the tick that moves it: see idle.hpp.
    static void follow_time(void (*f)(void*, bool), void* arg) noexcept { detail::idle::follow(f, arg); }
    /// For whoever polls the time, wherever.
    static void poll_time() noexcept { detail::idle::look(); }
    /// From start() on, its thread brings the time up to date whenever it has burnt `period` of CPU time: for the one who
    /// moves the time, in case that a function which it calls takes long.  Costs nothing while it does not.
    class busy_tick {
    public:
        busy_tick() = default;
        busy_tick(const busy_tick&) = delete;
        busy_tick& operator=(const busy_tick&) = delete;
        ~busy_tick() {
            if (runs_) ::timer_delete(timer_);
        }
        void start(ns_t period) noexcept {
            if (tried_) return;
            tried_ = true;
            sigevent ev;
            std::memset(&ev, 0, sizeof ev);
            ev.sigev_notify = SIGEV_THREAD_ID;
            ev.sigev_signo = doorbell_signal();
            ev._sigev_un._tid = thread_id();   // what glibc calls it where it has no better name
            if (!install_doorbell() || ::timer_create(CLOCK_THREAD_CPUTIME_ID, &ev, &timer_) != 0) return;
            runs_ = true;
            sigset_t set;
            ::sigemptyset(&set);
            ::sigaddset(&set, doorbell_signal());
            ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
            const itimerspec every{to_timespec(period), to_timespec(period)};
            ::timer_settime(timer_, 0, &every, nullptr);
        }

    private:
        timer_t timer_{};
        bool tried_ = false, runs_ = false;
    };
    static bool begin_rest() noexcept { return detail::idle::begin_rest(); }
    static void end_rest() noexcept { detail::idle::go_on(); }

    // ---- threads --------------------------------------------------------------------------------------------------

    class thread {
    public:
        thread() = default;
        [[nodiscard]] bool joinable() const noexcept { return started_; }

    private:
        friend struct threads;
#if BOTTOMHALF_EXCEPTIONS
        std::jthread handle_;
        void join_now() { handle_.join(); }
        void detach() { handle_.detach(); }
        [[nodiscard]] pthread_t native() { return handle_.native_handle(); }
#else
        pthread_t handle_{};   // std::jthread can only say by an exception that there was no thread to be had
        void join_now() { ::pthread_join(handle_, nullptr); }
        void detach() { ::pthread_detach(handle_); }
        [[nodiscard]] pthread_t native() { return handle_; }
#endif
        bool started_ = false;
        bool let_go_ = false;
        void (*fn_)(void*) = nullptr;
        void* arg_ = nullptr;
        int cpu_ = 0;
        bool pinned_ = false;
        char comm_[comm_len] = {};
        std::uint32_t done_ = 0;   // A
    };

    /// Context: process; allocates.  Return: false if the system has no thread for us, or one that was let go is not over;
    /// nothing is left behind then.
    /// The new thread has every signal blocked except the doorbells and those that report a crash, as the kernel's
    /// worker threads do, and its name is set when this returns.
    static bool spawn(thread& t, int cpu, const char* comm, bool pinned, void (*fn)(void*), void* arg) noexcept {
        if (!spend_spawn()) return false;
        if (t.let_go_ && !await_end(t, 0)) return false;   // who was left behind here looks at it still
        t.let_go_ = false;
        t.fn_ = fn;
        t.arg_ = arg;
        t.cpu_ = cpu;
        t.pinned_ = pinned;
        set_comm(t.comm_, comm);   // 15 characters: pthread_setname_np() refuses longer names
        t.done_ = 0;
        quiet no_signals;   // inherited: no foreign handler ever runs on a worker
#if BOTTOMHALF_EXCEPTIONS
        try {
            t.handle_ = std::jthread([&t] { body(t); });
        } catch (const std::system_error&) {
            return false;
        }
#else
        if (::pthread_create(
                &t.handle_, nullptr, [](void* p) -> void* { return body(*static_cast<thread*>(p)), nullptr; }, &t) != 0)
            return false;
#endif
        t.started_ = true;
        ::pthread_setname_np(t.native(), t.comm_);
        return true;
    }

    static void join(thread& t) noexcept {
        if (t.let_go_) await_end(t, forever);
        t.let_go_ = false;
        if (!t.started_) return;
        t.join_now();
        t.started_ = false;
    }

    /// Joins unless `deadline` comes first; then the thread is let go, and lives until the process ends.  It may be joined
    /// later all the same.
    static bool join_until(thread& t, ns_t deadline) noexcept {
        if (!t.started_ && !t.let_go_) return true;
        if (await_end(t, deadline)) return join(t), true;
        if (t.started_) t.detach();
        t.started_ = false;
        t.let_go_ = true;
        return false;
    }

    /// For tests: how many more spawns succeed; negative: all.  (A process of root cannot be made to run out of threads
    /// by RLIMIT_NPROC, so the failure is injected here.)  relaxed: a count.
    static void spawn_budget(int n) noexcept { spawns_left_.store(n, std::memory_order_relaxed); }

    /// This thread's, if we may.
    static void set_nice(int nice) noexcept { ::setpriority(PRIO_PROCESS, 0, nice); }   // of a thread, on Linux

    /// CPUs this process may run on.  Neither hardware_concurrency() nor sysconf() know about affinity.
    static unsigned allowed_cpus() noexcept {
        cpu_set_t set;
        if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
        const int n = CPU_COUNT(&set);
        return n > 0 ? static_cast<unsigned>(n) : 1U;
    }

    static std::uint64_t random() noexcept {
        std::uint64_t n = 0;
        const int saved = errno;
        while (::getrandom(&n, sizeof n, 0) < 0 && errno == EINTR) {}
        errno = saved;
        return n;
    }

    static std::int32_t pid() noexcept { return static_cast<std::int32_t>(::getpid()); }
    static std::int32_t thread_id() noexcept {
        task& t = current();
        if (t.pid == 0) t.pid = static_cast<std::int32_t>(::syscall(SYS_gettid));
        return t.pid;
    }
    static void thread_name(char (&to)[comm_len]) noexcept {
        const task& t = current();
        if (t.comm[0] != '\0')
            std::memcpy(to, t.comm, comm_len);
        else if (::pthread_getname_np(::pthread_self(), to, comm_len) != 0)
            to[0] = '\0';
    }

    /// Calls F(false) as the process exits.
    template <void (*F)(bool)>
    static void at_exit() noexcept {
        std::atexit([] { F(false); });
    }
    /// Calls `hook` in the child of every later fork(): the child has the memory of our threads, but not the threads.
    static void on_fork(void (*hook)()) noexcept {
        ::pthread_atfork(nullptr, nullptr, hook);
        ::pthread_atfork(nullptr, nullptr,
                         [] { detail::own_pid.store(pid(), std::memory_order_relaxed); });   // relaxed: alone
    }

    /// No signal handler runs on this thread inside the scope.  410 ns: for starting threads, never on a queue path.
    class quiet {
    public:
        quiet() noexcept {
            sigset_t all;
            ::sigfillset(&all);
            ::pthread_sigmask(SIG_SETMASK, &all, &old_);
        }
        ~quiet() { ::pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
        quiet(const quiet&) = delete;
        quiet& operator=(const quiet&) = delete;

    private:
        sigset_t old_;
    };

    /// A function of the user's is about to be called, or has returned.
    static void tell_of_call(bool begins, const char* what, const void* function) noexcept {
        static_cast<void>(begins), static_cast<void>(what), static_cast<void>(function);   // nobody looks on
    }

    // ---- interrupts -----------------------------------------------------------------------------------------------

    /// Masks the interrupts of this task.  Return: whether they were masked already, for irq_restore().
    BOTTOMHALF_INLINE static bool irq_save() noexcept {
        std::atomic_ref off(current().irqs_off);
        const bool was = off.load(std::memory_order_relaxed) != 0;
        off.store(1, std::memory_order_relaxed);               // relaxed: only handlers on this very thread read it,
        std::atomic_signal_fence(std::memory_order_seq_cst);   // so the compiler is all there is to hold back
        return was;
    }
    BOTTOMHALF_INLINE static void irq_restore(bool was) noexcept {
        if (was) return;
        task& t = current();
        std::atomic_signal_fence(std::memory_order_seq_cst);
        std::atomic_ref(t.irqs_off).store(0, std::memory_order_relaxed);   // relaxed: as in irq_save()
        std::atomic_signal_fence(std::memory_order_seq_cst);
        // A doorbell that came while masked has left its line pending; nobody else will look.
        if (t.port != nullptr && std::atomic_ref(t.port->pending).load(std::memory_order_relaxed) != 0) [[unlikely]]
            take_pending(t, *t.port);   // relaxed: it looks again
    }
    static bool irqs_masked() noexcept {
        return std::atomic_ref(current().irqs_off).load(std::memory_order_relaxed) != 0;   // relaxed: our own thread's
    }

    /// The end of an interrupt: f(arg) runs as if it had ended, and may be interrupted.  Context: the interrupt's entry,
    /// in a signal handler, which has the doorbell blocked, or not.
    static void let_interrupts_in(void (*f)(void*), void* arg) noexcept {
        const sigset_t bells = doorbells();
        sigset_t old;
        ::pthread_sigmask(SIG_UNBLOCK, &bells, &old);
        irq_restore(false);
        f(arg);
        irq_save();
        ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
    }
    /// Makes `line` pending at `port`.  Only the raiser that finds the word empty rings: 6 ns for the others.  At its own
    /// CPU it does not ring but takes it at once; masked, irq_restore() will look.
    static void raise(cpu_port& port, unsigned line) noexcept {
        // [irq.pending] release: what the raiser wrote (the device's registers) is visible to the top half.
        if (std::atomic_ref(port.pending).fetch_or(std::uint64_t{1} << line, std::memory_order_acq_rel) != 0) return;
        task& t = current();
        if (t.port == &port)
            answer(t);
        else
            kick(port);
    }
    static bool loses_edge() noexcept { return false; }

    // ---- the doorbell: see doorbell.hpp -----------------------------------------------------------------------------

    /// A CPU takes what is pending before it does anything else.  Another thread of it has to be rung, and finds itself shut
    /// out again and again by one that hardly ever has them on.  Not waited for for ever: this is a courtesy.
    /// Context: a thread of that CPU which is about to turn its interrupts off, and has them on.
    static void let_pending_go_first(cpu_port& port) noexcept;
    /// Rings at the thread that stands for the CPU, if there is one.  Context: any, async-signal-safe.
    static void kick(cpu_port& port) noexcept;
    /// From now on this thread takes the doorbells of `port`.  Context: process, on the thread itself.
    static void attach(cpu_port& port) noexcept;
    static void detach(cpu_port& port) noexcept;
    /// Installs the doorbell.  Return: false if the program uses one of its signals already.
    /// Never uninstalled: a late doorbell under SIG_DFL would kill the process.
    static bool install_doorbell() noexcept;
    // relaxed: counts, nothing hangs on them.
    static std::uint64_t spurious_doorbells() noexcept { return spurious_.load(std::memory_order_relaxed); }

    // ---- what else raises a line: see fd_lines.hpp, poll_lines.hpp, timer_lines.hpp, signal_lines.hpp ---------------

    static int watch_fd(int fd, cpu_port& port, unsigned line) noexcept;
    static void unwatch_fd(int fd) noexcept;
    static int watch_timer(cpu_port& port, unsigned line, ns_t first, ns_t period) noexcept;
    static void unwatch_timer(const cpu_port* ports, unsigned n, unsigned line) noexcept;
    static irq_timer_counts timer_counts(const cpu_port* ports, unsigned n, unsigned line) noexcept;
    static int watch_signal(int signo, cpu_port& port, unsigned line, irq_sender from) noexcept;
    static void unwatch_signal(int signo) noexcept;
    static void move_sources(const cpu_port* ports, unsigned n, unsigned line, cpu_port& to) noexcept;
    static void unwatch_ports(const cpu_port* ports, unsigned n) noexcept;
    /// Signals on a line that was not opened to who sent them.
    // relaxed: a count.
    static std::uint64_t refused_signals() noexcept { return refused_.load(std::memory_order_relaxed); }
    /// How often the kernel's signal queue was full, so that a bare SIGIO said "look at every fd".
    // relaxed: a count.
    static std::uint64_t signal_overflows() noexcept { return overflows_.load(std::memory_order_relaxed); }

    static int doorbell_signal() noexcept { return SIGRTMIN + 4; }
    static int fd_signal() noexcept { return SIGRTMIN + 5; }

private:
    friend struct detail::sources;
    static sigset_t doorbells() noexcept {
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, doorbell_signal());
        ::sigaddset(&set, fd_signal());
        ::sigaddset(&set, SIGIO);
        return set;
    }
    static void let_doorbells_in() noexcept;
    static constexpr ns_t tsan_bound = 10'000'000;

#if BOTTOMHALF_TSAN
    BOTTOMHALF_STATE static inline constinit std::atomic<unsigned> fenced_{0};
    BOTTOMHALF_STATE static inline constinit thread_local bool bound_over_ __attribute__((tls_model("initial-exec"))) =
        false;
#endif
    BOTTOMHALF_STATE static inline constinit std::atomic<unsigned> unannounced_{0};
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint64_t> overflows_{0};
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint64_t> spurious_{0};
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint32_t> bells_{0};   // the bits that are taken
    BOTTOMHALF_STATE static inline constinit std::atomic<int> doorbell_{0};          // 1: installed, -1: the program's
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint64_t> refused_{0};
    BOTTOMHALF_STATE static inline constinit std::atomic<int> spawns_left_{-1};

    static bool spend_spawn() noexcept {
        int n = spawns_left_.load(std::memory_order_relaxed);
        while (n > 0 && !spawns_left_.compare_exchange_weak(n, n - 1, std::memory_order_relaxed)) {}
        return n != 0;
    }

    static timespec to_timespec(ns_t t) noexcept {
        if (t < 0) t = 0;
        return {static_cast<time_t>(t / 1'000'000'000), static_cast<long>(t % 1'000'000'000)};
    }

    /// Return: whether the thread has done its last access to `t`.
    static bool await_end(thread& t, ns_t deadline) noexcept {
        std::atomic_ref done(t.done_);
        while (done.load(std::memory_order_acquire) == 0)   // [thread.done]
            if (!park(t.done_, 0, deadline, "the end of a thread")) break;
        return done.load(std::memory_order_acquire) != 0;
    }
    static void body(thread& t) noexcept {
        task& self = current();
        self.cpu = t.cpu_;
        std::memcpy(self.comm, t.comm_, comm_len);
        thread_id();
        sigset_t crash;   // blocked, they would kill without a word
        ::sigemptyset(&crash);
        for (const int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF})
            ::sigaddset(&crash, sig);
        ::pthread_sigmask(SIG_UNBLOCK, &crash, nullptr);
        if (t.pinned_) pin(static_cast<unsigned>(t.cpu_));
        t.fn_(t.arg_);
        std::atomic_ref(t.done_).store(1, std::memory_order_release);   // [thread.done]
        unpark(t.done_, INT_MAX);                                       // an address only: `t` may be gone
    }

    /// Emulated CPU n runs on allowed[n % count].  A refusal is no error: the emulation does not depend on it.
    static void pin(unsigned n) noexcept {
        cpu_set_t allowed;
        if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
        const auto count = static_cast<unsigned>(CPU_COUNT(&allowed));
        if (count == 0) return;
        unsigned left = n % count;
        for (unsigned c = 0; c < CPU_SETSIZE; ++c) {
            if (!CPU_ISSET(c, &allowed) || left-- != 0) continue;
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(c, &one);
            ::sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }

    static void install(int sig, void (*fn)(int, siginfo_t*, void*)) noexcept;
    /// Installs our handler, unless the program has one.  Return: whether it is ours.
    static bool sigio_is_ours() noexcept;
    static bool send(std::int32_t tid, int sig) noexcept;
    BOTTOMHALF_COLD static void say_full() noexcept {
        static constinit std::atomic<bool> said{false};
        constexpr char text[] =
            "bottomhalf: BUG: an interrupt waits: no signal can be queued (ulimit -i), and SIGIO is the program's "
            "own\n";
        if (!said.exchange(true, std::memory_order_relaxed)) write_stderr(text, sizeof text - 1);   // relaxed: once
    }

    /// Serves the port, masked, until nothing is pending: a loop, so that a storm does not nest.  Whoever is interrupted,
    /// by a signal or as he lifts his mask, keeps his errno.
    BOTTOMHALF_COLD static void take_pending(task& t, cpu_port& port) noexcept {
        const int saved = errno;
        std::atomic_ref off(t.irqs_off);
        std::atomic_ref pending(port.pending);
        bool again = true;
        while (again && pending.load(std::memory_order_relaxed) != 0) {   // relaxed: enter() takes it with an exchange
            off.store(1, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            again = port.enter(port);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            off.store(0, std::memory_order_relaxed);
            std::atomic_signal_fence(std::memory_order_seq_cst);
            // Whoever was in the way may have left, and rung, before we took the mask off.  acquire: [cpu.masked]
            again = again || std::atomic_ref(port.masked).load(std::memory_order_acquire) == 0;
        }
        errno = saved;
    }
    static bool rung(task& t) noexcept;
    class bed;
    static bool wake_in_bed(cpu_port& port) noexcept;
    static std::uint32_t take_bell() noexcept;
    /// A doorbell, or as good as one.  Masked: irq_restore() will look.
    static void answer(task& t) noexcept;
    static void on_doorbell(int, siginfo_t* info, void*) noexcept;
    static void on_fd(int sig, siginfo_t* info, void*) noexcept;
    static void on_signal(int signo, siginfo_t* info, void*) noexcept;
};

}   // namespace bottomhalf::arch

// The bodies of what is only declared here.
#include <bottomhalf/arch/doorbell.hpp>
#include <bottomhalf/arch/fd_lines.hpp>
#include <bottomhalf/arch/park.hpp>
#include <bottomhalf/arch/poll_lines.hpp>
#include <bottomhalf/arch/signal_lines.hpp>
#include <bottomhalf/arch/timer_lines.hpp>
