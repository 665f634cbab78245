#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The engine seam, checked: everything above include/bottomhalf/arch/ is written once and runs on threads and in the
# simulator, so nothing there may name what only one of the two has: a standard atomic, a thread, a lock, a futex, a
# clock, a signal.  Comments and string literals may; code may not.
#
#   cmake/check-seam.sh [INCLUDE_DIR]     lists each offending line, exit status 1 if there is one
#   cmake/check-seam.sh --self-test       shows that planted lines are found and innocent ones are not
#
# A line that has to is exempt if it says why:  `seam-exempt: <reason>` in a comment on that line.
set -eu

# Prints "file:line: code" for each offender among the files given.
offenders() {
    awk '
    # The line without comments and literals.  Knows what a line can begin in: code, or a block comment.
    function code_of(line,    out, two, c, quote) {
        out = ""
        while (line != "") {
            two = substr(line, 1, 2)
            c = substr(line, 1, 1)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; line = substr(line, 3); out = out " " }
                else line = substr(line, 2)
            } else if (two == "//") {
                break
            } else if (two == "/*") {
                in_comment = 1
                line = substr(line, 3)
            } else if (c == "\"" || (c == "\x27" && out !~ /[0-9a-fA-F]$/)) {   # 1\x27000 is a number
                quote = c
                line = substr(line, 2)
                while (line != "" && substr(line, 1, 1) != quote)
                    line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
                line = substr(line, 2)
                out = out quote quote
            } else {
                out = out c
                line = substr(line, 2)
            }
        }
        return out
    }
    BEGIN {
        # A name as a whole word.  The blanks that the code is wrapped in serve as its neighbours at the ends.
        edge = "[^A-Za-z0-9_]"
        std = "std::(atomic|thread|jthread|this_thread|mutex|timed_mutex|recursive_|shared_mutex|shared_timed_mutex"
        std = std "|lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable|counting_semaphore"
        std = std "|binary_semaphore|latch|barrier|future|promise|async|packaged_task|call_once|once_flag|stop_token"
        std = std "|stop_source|signal|raise|sig_atomic_t|time|clock|timespec)"
        chrono = "(steady_clock|system_clock|high_resolution_clock|this_thread)"
        includes = "#[ \t]*include(_next)?[ \t]*<(atomic|thread|mutex|shared_mutex|condition_variable|semaphore|latch"
        includes = includes "|barrier|future|stop_token|csignal|signal.h|pthread.h|semaphore.h|linux/futex.h"
        includes = includes "|sys/syscall.h|sched.h|sys/eventfd.h|sys/timerfd.h|sys/signalfd.h|ucontext.h)>"
        names = edge "(futex|FUTEX_[A-Z_]*|clock_(gettime|getres|settime|nanosleep)|CLOCK_[A-Z_]*|gettimeofday"
        names = names "|nanosleep|usleep|timer_create|timer_settime|setitimer|timerfd_[a-z]*|eventfd|signalfd"
        names = names "|sigaction|sigset_t|siginfo_t|sigevent|sigemptyset|sigfillset|sigaddset|sigdelset"
        names = names "|sigprocmask|sigwait|sigwaitinfo|sigtimedwait|sigsuspend|sigaltstack|sigqueue"
        names = names "|SIG[A-Z]+[A-Z0-9]*|pthread_[a-z_]*|tgkill|tkill|syscall|SYS_[a-z_]*|gettid"
        names = names "|sched_[a-z]*affinity|sched_yield|sched_getcpu|sem_(t|init|post|wait)|makecontext"
        names = names "|swapcontext|thread_local|__thread|__atomic_[a-z_]*|__sync_[a-z_]*|__builtin_ia32_pause"
        names = names "|_mm_pause|F_SETSIG|F_SETOWN|F_SETOWN_EX|O_ASYNC)" edge
        # Words that are good names for functions of our own, too: only where they can be nothing but the system call.
        calls = "[^A-Za-z0-9_>]::(signal|raise|kill|alarm|fork|poll|ppoll|select|sleep|pause|time)[ \t]*\\("
        calls = calls "|[^A-Za-z0-9_.>](signal|kill)[ \t]*\\([^()]*,"
    }
    FNR == 1 { in_comment = 0 }
    {
        exempt = $0 ~ /seam-exempt: *[^ ]/
        code = " " code_of($0) " "
        if (exempt) next
        if (code ~ edge std || code ~ edge chrono edge || code ~ includes || code ~ names || code ~ calls)
            { sub(/^[ \t]+/, ""); print FILENAME ":" FNR ": " $0 }
    }' "$@"
}

check() {   # check INCLUDE_DIR
    found=$(find "$1" -path "$1/bottomhalf/arch" -prune -o -type f \( -name '*.h' -o -name '*.hpp' \) -print |
        sort | while IFS= read -r file; do offenders "$file"; done)
    [ -z "$found" ] && return 0
    printf '%s\n' "$found"
    return 1
}

self_test() {
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    mkdir -p "$dir/bottomhalf/arch" "$dir/linux-6/linux"
    cat >"$dir/bottomhalf/innocent.hpp" <<'EOF'
// std::atomic in a comment, and futex(2)
/* std::thread in a block,
   pthread_create() on its second line */
const char* text = "signal() \" futex";  // std::mutex
int n = 1'000; /* sleep_for */ char c = '"'; bool signal_pending();
typename arch::template atomic_ref<int> counter; atomic_t v; timer.poll(); line->raise(2);
inline void raise_irq(unsigned irq); x.load(std::memory_order_acquire);
jiffies_t clock_; void raise(unsigned line); raise(line); irq::raise(3); signal(waiter);
std::chrono::nanoseconds since_boot; sleep_until(deadline);
int answer;  // seam-exempt: nothing here
std::thread keeper;  // seam-exempt: shows the mark
EOF
    echo 'std::atomic<int> allowed; ::syscall(SYS_futex);' >"$dir/bottomhalf/arch/threads.hpp"
    if ! found=$(check "$dir"); then
        printf 'self-test: innocent lines were found:\n%s\n' "$found"
        return 1
    fi

    # The planted lines, in a header of the core and in one of a facade.
    cat >"$dir/planted" <<'EOF'
std::atomic<int> x;
    std::atomic_ref<int> r(x);
std::atomic_thread_fence(order);
std::thread t;
std::jthread t;
std::this_thread::yield();
std::mutex m;
const std::lock_guard guard(m);
std::condition_variable cv;
#include <atomic>
#  include <pthread.h>
::syscall(SYS_futex, &word);
syscall(n);
long r = futex(&word);
clock_gettime(id, &ts);
now(CLOCK_MONOTONIC);
auto t = std::chrono::steady_clock::now();
auto t = clock::now(); using clock = std::chrono::system_clock;
std::this_thread::sleep_for(1ms);
namespace this_thread = std::this_thread; this_thread::sleep_until(t);
struct sigaction sa;
sigaction(n, &sa, nullptr);
signal(n, handler);
::signal(n, handler);
f(::kill(pid, n));
return ::poll(&fd, 1, -1);
f(SIGRTMIN + 1);
pthread_kill(t, n);
tgkill(pid, tid, n);
pthread_mutex_t m;
inline thread_local int depth;
__atomic_fetch_add(&x, 1, 0);
/* comment */ std::mutex m;  // and one after it
char c = '"'; std::mutex m;
const char* s = "a"; std::mutex m;
int n = 1'000; std::mutex m;
std::mutex m;  // seam-exempt:
EOF
    cp "$dir/planted" "$dir/bottomhalf/guilty.hpp"
    cp "$dir/planted" "$dir/linux-6/linux/guilty.h"
    found=$(check "$dir") && return 1
    planted=0 missed=0
    while IFS= read -r line; do
        planted=$((planted + 1))
        for file in bottomhalf/guilty.hpp linux-6/linux/guilty.h; do
            case $found in
            *"$file:$planted: "*) ;;
            *) echo "self-test: not found in $file: $line"; missed=$((missed + 1)) ;;
            esac
        done
    done <"$dir/planted"
    echo "self-test: $planted planted lines, each in two files, $missed missed"
    [ "$missed" = 0 ]
}

case ${1-} in
--self-test) self_test ;;
*)
    if [ $# = 0 ]; then
        cd "$(dirname "$0")/.."
        set -- include
    fi
    if ! check "$1"; then
        echo "check-seam: the lines above name what belongs into bottomhalf/arch/"
        exit 1
    fi
    ;;
esac
