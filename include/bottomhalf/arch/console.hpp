// SPDX-License-Identifier: MIT
// console.hpp: where text goes when something has to be said.  One write(2) per message, so messages of several threads
// do not mix, and it works in a signal handler.  Shared by both engines.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>

#include <sys/syscall.h>
#include <unistd.h>

#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::arch {

inline void write_stderr(const char* text, std::size_t n) noexcept {
    const int saved = errno;
    while (n > 0) {
        const ssize_t w = ::write(STDERR_FILENO, text, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) break;
        text += w;
        n -= static_cast<std::size_t>(w);
    }
    errno = saved;
}

/// Who has written the beginning of a line to stderr, and not its end; 0: nobody.
BOTTOMHALF_STATE inline constinit std::atomic<int> line_of{0};   // relaxed: it says how things look, no more

/// One message of a log.  It begins a line of its own, and so ends the one that a message without a newline has left; but
/// `continues` goes on with the line of the same thread.  Context: any.
inline void write_message(const char* text, std::size_t n, bool continues) noexcept {
    if (n == 0) return;
    const int open = line_of.load(std::memory_order_relaxed);   // relaxed: as said there
    const bool ends = text[n - 1] == '\n';
    if (open != 0 || !ends) {
        const int me = static_cast<int>(::syscall(SYS_gettid));
        line_of.store(ends ? 0 : me, std::memory_order_relaxed);   // relaxed: likewise
        if (open != 0 && !(continues && open == me)) write_stderr("\n", 1);
    }
    write_stderr(text, n);
}

/// A pointer that is set rarely and read from anywhere, signal handlers included: a listener, a hook.
template <class T>
class hook {
public:
    constexpr explicit hook(T* initial = nullptr) noexcept : p_(initial) {}
    [[nodiscard]] T* get() const noexcept { return p_.load(std::memory_order_acquire); }   // [hook]
    T* set(T* p) noexcept { return p_.exchange(p, std::memory_order_acq_rel); }            // [hook]
    /// Unless somebody was faster.
    void set_first(T* p) noexcept {
        T* none = nullptr;
        // [hook] relaxed on failure: whoever wants what the other one has set asks get()
        p_.compare_exchange_strong(none, p, std::memory_order_acq_rel, std::memory_order_relaxed);
    }

private:
    std::atomic<T*> p_;
};

}   // namespace bottomhalf::arch
