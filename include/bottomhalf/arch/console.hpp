// SPDX-License-Identifier: MIT
// console.hpp: where text goes when something has to be said.  One write(2) per message, so messages of several threads
// do not mix, and it works in a signal handler.  Shared by both engines.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>

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

/// A pointer that is set rarely and read from anywhere, signal handlers included: a listener, a hook.
template <class T>
class hook {
public:
    constexpr explicit hook(T* initial = nullptr) noexcept : p_(initial) {}
    [[nodiscard]] T* get() const noexcept { return p_.load(std::memory_order_acquire); }   // [hook]
    T* set(T* p) noexcept { return p_.exchange(p, std::memory_order_acq_rel); }            // [hook]

private:
    std::atomic<T*> p_;
};

}   // namespace bottomhalf::arch
