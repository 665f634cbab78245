// SPDX-License-Identifier: MIT
// plain_lock.hpp: a lock of plain threads, for what is no part of a machine: tables that whoever asks first has to read.
#pragma once

#include <mutex>

namespace bottomhalf::arch {

/// Context: a plain thread, in no handler of a signal.
class plain_lock {
public:
    class held {
    public:
        explicit held(plain_lock& l) noexcept : lock_(l.mutex_) { lock_.lock(); }
        ~held() { lock_.unlock(); }
        held(const held&) = delete;
        held& operator=(const held&) = delete;

    private:
        std::mutex& lock_;
    };

private:
    std::mutex mutex_;
};

}   // namespace bottomhalf::arch
