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

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/arch/idle.hpp>

namespace bottomhalf::arch {

namespace detail {
/// constinit and initial-exec: the first touch from a signal handler neither runs a lazy initialiser nor allocates.
BOTTOMHALF_STATE inline constinit thread_local task thread_task __attribute__((tls_model("initial-exec"))){};

/// An fd that is an interrupt line.
struct fd_source {
    std::atomic<int> fd{-1};   // [fd.source] -1: free, -2: being filled in
    // The port, and the line in the bits that its alignment leaves free.  One word: a handler that is so late that the
    // place has been given to another fd finds either, and raises a line in vain at worst.
    std::atomic<std::uintptr_t> target{0};
};
static_assert(alignof(cpu_port) >= 8 * sizeof cpu_port::pending, "a line, a bit of the pending word, fits in");
BOTTOMHALF_STATE inline constinit fd_source fd_sources[64] = {};
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
    static bool park(std::uint32_t& word, std::uint32_t expected, ns_t deadline, const char* why) noexcept {
        task& t = current();
        std::atomic_ref(t.waits_for).store(why, std::memory_order_relaxed);   // relaxed: read by a diagnosis only
        const int saved = errno;
        // TSan runs signal handlers late, at the next atomic or interceptor, and never inside a raw futex wait.  There
        // a wait is bounded, so that a doorbell is taken; elsewhere the word alone decides and EINTR means nothing.
        const bool bounded =
            BOTTOMHALF_TSAN && t.port != nullptr && (deadline == forever || deadline - now() > tsan_bound);
        const ns_t until = bounded ? now() + tsan_bound : deadline;
        const timespec abs = to_timespec(until);
        bool timed_out;
        {
            detail::idle::asleep counted;
            const long r = ::syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                                     until == forever ? nullptr : &abs, nullptr, FUTEX_BITSET_MATCH_ANY);
            counted.timed_out = timed_out = r != 0 && errno == ETIMEDOUT;
        }
        errno = saved;
        std::atomic_ref(t.waits_for).store(nullptr, std::memory_order_relaxed);   // relaxed: as above
        return bounded || !timed_out;
    }

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

    /// Context: process; allocates.  Return: false if the system has no thread for us; nothing is left behind then.
    /// The new thread has every signal blocked except the doorbells and those that report a crash, as the kernel's
    /// worker threads do, and its name is set when this returns.
    static bool spawn(thread& t, int cpu, const char* comm, bool pinned, void (*fn)(void*), void* arg) noexcept {
        if (!spend_spawn()) return false;
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

    /// CPUs this process may run on.  Neither hardware_concurrency() nor sysconf() know about affinity.
    static unsigned allowed_cpus() noexcept {
        cpu_set_t set;
        if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
        const int n = CPU_COUNT(&set);
        return n > 0 ? static_cast<unsigned>(n) : 1U;
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
    static void on_fork(void (*hook)()) noexcept { ::pthread_atfork(nullptr, nullptr, hook); }

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
    static void kick(cpu_port& port) noexcept {
        const int saved = errno;
        const std::int32_t tid = std::atomic_ref(port.thread).load(std::memory_order_acquire);
        // EAGAIN: the user's quota of queued signals is full, for as long as somebody likes.  The set bit keeps everybody
        // else from ringing, so this doorbell must be heard.  SIGIO can be: it is older than the quota, which counts for
        // real-time signals only.  Its handler takes what is pending, too, having raised the CPU's fds in vain.  If the
        // program has a SIGIO of its own, we ring until there is room.
        for (unsigned round = 0; tid != 0 && !send(tid, doorbell_signal()) && errno == EAGAIN; relax(round++)) {
            if (sigio_is_ours() && send(tid, SIGIO)) break;
            if (round == 1000) say_full();
        }
        errno = saved;
    }

    /// From now on this thread takes the doorbells of `port`.  Context: process, on the thread itself.
    static void attach(cpu_port& port) noexcept {
        task& t = current();   // touched before the doorbell is let in
        t.port = &port;
        std::atomic_ref(port.thread).store(thread_id(), std::memory_order_release);
        sigset_t set;
        ::sigemptyset(&set);
        ::sigaddset(&set, doorbell_signal());
        ::sigaddset(&set, fd_signal());
        ::sigaddset(&set, SIGIO);
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        // A line raised before there was anybody to ring at is pending still.  [irq.pending] a read-modify-write, as the
        // raiser's: either we see his bit, or he sees our thread.
        if (std::atomic_ref(port.pending).fetch_or(0, std::memory_order_acq_rel) != 0) answer(t);
    }
    static void detach(cpu_port& port) noexcept {
        std::atomic_ref(port.thread).store(0, std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_seq_cst);
        current().port = nullptr;
    }

    /// Installs the doorbell.  Return: false if the program uses one of its signals already.
    /// Never uninstalled: a late doorbell under SIG_DFL would kill the process.
    static bool install_doorbell() noexcept {
        static std::atomic<int> state{0};
        if (state.load(std::memory_order_acquire) != 0) return state.load(std::memory_order_relaxed) > 0;
        bool ok = true;
        for (const int sig : {doorbell_signal(), fd_signal()}) {
            struct sigaction old;
            ::sigaction(sig, nullptr, &old);
            if (old.sa_handler != SIG_DFL && old.sa_sigaction != &on_doorbell && old.sa_sigaction != &on_fd) ok = false;
        }
        if (ok) {
            install(doorbell_signal(), &on_doorbell);
            install(fd_signal(), &on_fd);
        }
        state.store(ok ? 1 : -1, std::memory_order_release);
        return ok;
    }

    // relaxed: counts, nothing hangs on them.
    static std::uint64_t spurious_doorbells() noexcept { return spurious_.load(std::memory_order_relaxed); }

    // ---- a file descriptor as an interrupt line -----------------------------------------------------------------

    /// Each O_ASYNC signal of `fd` raises `line` at `port` from now on.  Return: 0 or -errno.
    static int watch_fd(int fd, cpu_port& port, unsigned line) noexcept {
        detail::fd_source* s = nullptr;
        for (detail::fd_source& each : detail::fd_sources) {
            int none = -1;
            if (each.fd.compare_exchange_strong(none, -2, std::memory_order_acq_rel)) {
                s = &each;
                break;
            }
        }
        if (s == nullptr) return -ENOSPC;
        s->target.store(reinterpret_cast<std::uintptr_t>(&port) | line,
                        std::memory_order_relaxed);   // relaxed: next line
        s->fd.store(fd, std::memory_order_release);   // [fd.source] from here on a signal finds the line
        sigio_is_ours();                              // if it is not, an overflow of the signal queue goes unnoticed
        const f_owner_ex owner{F_OWNER_TID, attached_thread(port)};
        if (owner.pid == 0) return s->fd.store(-1, std::memory_order_release), -ESRCH;
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags >= 0 && ::fcntl(fd, F_SETSIG, fd_signal()) == 0 && ::fcntl(fd, F_SETOWN_EX, &owner) == 0 &&
            ::fcntl(fd, F_SETFL, flags | O_ASYNC) == 0) {
            // eventfd, timerfd, epoll and regular files accept the call and never signal; the flag does not stick.
            if ((::fcntl(fd, F_GETFL) & O_ASYNC) != 0) return 0;
            errno = EOPNOTSUPP;
        }
        const int err = errno;
        s->fd.store(-1, std::memory_order_release);
        return -err;
    }
    static void unwatch_fd(int fd) noexcept {
        const int flags = ::fcntl(fd, F_GETFL);
        if (flags >= 0) ::fcntl(fd, F_SETFL, flags & ~O_ASYNC);
        for (detail::fd_source& s : detail::fd_sources) {
            int it = fd;
            s.fd.compare_exchange_strong(it, -1, std::memory_order_acq_rel);
        }
    }
    /// Forgets the fds of a machine's `n` ports; the files are their owners'.  Their signals went to threads that end.
    static void unwatch_ports(const cpu_port* ports, unsigned n) noexcept {
        for (detail::fd_source& s : detail::fd_sources) {
            int fd = s.fd.load(std::memory_order_acquire);                              // [fd.source]
            const cpu_port* port = port_of(s.target.load(std::memory_order_relaxed));   // relaxed: behind the acquire
            for (unsigned i = 0; i < n && fd >= 0; ++i)
                if (port == &ports[i]) s.fd.compare_exchange_strong(fd, -1, std::memory_order_acq_rel);
        }
    }
    /// How often the kernel's signal queue was full, so that a bare SIGIO said "look at every fd".
    // relaxed: a count.
    static std::uint64_t signal_overflows() noexcept { return overflows_.load(std::memory_order_relaxed); }

    static int doorbell_signal() noexcept { return SIGRTMIN + 4; }
    static int fd_signal() noexcept { return SIGRTMIN + 5; }

private:
    static constexpr ns_t tsan_bound = 10'000'000;

#if BOTTOMHALF_TSAN
    BOTTOMHALF_STATE static inline constinit std::atomic<unsigned> fenced_{0};
#endif
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint64_t> overflows_{0};
    BOTTOMHALF_STATE static inline constinit std::atomic<std::uint64_t> spurious_{0};
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

    static void install(int sig, void (*fn)(int, siginfo_t*, void*)) noexcept {
        struct sigaction sa;
        std::memset(&sa, 0, sizeof sa);
        sa.sa_sigaction = fn;
        // No SA_NODEFER: with it a storm of doorbells overflows the stack.  SA_RESTART is kinder to the code that is
        // interrupted; TSan needs the EINTR.
        sa.sa_flags = SA_SIGINFO | (BOTTOMHALF_TSAN ? 0 : SA_RESTART);
        ::sigemptyset(&sa.sa_mask);
        for (const int other : {doorbell_signal(), fd_signal(), SIGIO}) ::sigaddset(&sa.sa_mask, other);
        ::sigaction(sig, &sa, nullptr);
    }
    static const cpu_port* port_of(std::uintptr_t target) noexcept {
        return reinterpret_cast<const cpu_port*>(target - target % alignof(cpu_port));
    }
    /// The thread that takes the port's doorbells.  One that was started a moment ago may not be there yet, and an fd whose
    /// owner is thread 0 signals to nobody.  Return: 0 if there is none after a second or so.
    static std::int32_t attached_thread(cpu_port& port) noexcept {
        std::atomic_ref thread(port.thread);
        for (unsigned round = 0; round < 20'000; relax(round++))
            if (const std::int32_t tid = thread.load(std::memory_order_acquire)) return tid;
        return 0;
    }
    /// Installs our handler, unless the program has one.  Return: whether it is ours.
    static bool sigio_is_ours() noexcept {
        struct sigaction old;
        ::sigaction(SIGIO, nullptr, &old);
        if (old.sa_handler == SIG_DFL) return install(SIGIO, &on_fd), true;
        return old.sa_sigaction == &on_fd;
    }
    static bool send(std::int32_t tid, int sig) noexcept { return ::syscall(SYS_tgkill, ::getpid(), tid, sig) == 0; }
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
        while (pending.load(std::memory_order_relaxed) != 0)
            [[unlikely]] {   // relaxed: enter() takes it with an exchange
                off.store(1, std::memory_order_relaxed);
                std::atomic_signal_fence(std::memory_order_seq_cst);
                port.enter(port);
                std::atomic_signal_fence(std::memory_order_seq_cst);
                off.store(0, std::memory_order_relaxed);
                std::atomic_signal_fence(std::memory_order_seq_cst);
            }
        errno = saved;
    }
    /// A doorbell, or as good as one.  Masked: irq_restore() will look.
    static void answer(task& t) noexcept {
        const detail::idle::interrupted awake;
        if (t.port == nullptr)
            spurious_.fetch_add(1, std::memory_order_relaxed);   // forged, or later than this CPU's end
        else if (std::atomic_ref(t.irqs_off).load(std::memory_order_relaxed) == 0)
            take_pending(t, *t.port);
    }
    static void on_doorbell(int, siginfo_t* info, void*) noexcept {
        if (info->si_code == SI_TIMER) {   // see busy_tick
            const int saved = errno;
            detail::idle::look(true);
            errno = saved;
        } else {
            answer(current());
        }
    }
    static void on_fd(int sig, siginfo_t* info, void*) noexcept {
        task& t = current();
        if (t.port == nullptr) return answer(t);
        // An overflow of the signal queue is one bare SIGIO that names no fd: every line may have lost its edge.
        const bool all = sig == SIGIO;
        if (all) overflows_.fetch_add(1, std::memory_order_relaxed);
        for (const detail::fd_source& s : detail::fd_sources) {
            const int fd = s.fd.load(std::memory_order_acquire);   // [fd.source]
            if (fd < 0 || (!all && fd != info->si_fd)) continue;
            // Only this CPU's: an fd signals to the thread of its own.  Of another machine's port, which may be gone,
            // the address is compared and nothing more.
            const std::uintptr_t target = s.target.load(std::memory_order_relaxed);   // relaxed: behind the acquire
            if (port_of(target) != t.port) continue;
            std::atomic_ref(t.port->pending)
                .fetch_or(std::uint64_t{1} << (target % alignof(cpu_port)),
                          std::memory_order_acq_rel);   // [irq.pending]
        }
        answer(t);
    }
};

}   // namespace bottomhalf::arch
