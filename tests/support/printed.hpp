// SPDX-License-Identifier: MIT
//
// What goes to stderr, for tests of what prints.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>

#include <unistd.h>

#include <bottomhalf/arch/console.hpp>

namespace support {

/// What goes to stderr while f() runs.
template <class F>
std::string printed(F f) {
    char path[] = "/tmp/bottomhalf-printed-XXXXXX";
    const int file = ::mkstemp(path);
    ::unlink(path);
    const int before = ::dup(STDERR_FILENO);
    ::dup2(file, STDERR_FILENO);
    bottomhalf::arch::line_of = 0;   // another file: nobody has begun a line there
    f();
    bottomhalf::arch::line_of = 0;
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    std::string text(static_cast<std::size_t>(::lseek(file, 0, SEEK_END)), '\0');
    const ssize_t n = ::pread(file, text.data(), text.size(), 0);
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    ::close(file);
    return text;
}

}   // namespace support
