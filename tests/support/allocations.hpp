// SPDX-License-Identifier: MIT
//
// Every allocation of the program is counted.  For one file of a program: it replaces operator new.
#pragma once

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace support {

inline std::atomic<long> allocations{0}, allocated{0};   // how many, and bytes

inline void* counted(std::size_t n, std::size_t align) {
    ++allocations;
    allocated += static_cast<long>(n);
    void* p =
        align > alignof(std::max_align_t) ? std::aligned_alloc(align, (n + align - 1) / align * align) : std::malloc(n);
    if (p == nullptr) throw std::bad_alloc();
    return p;
}

/// What f() uses is set up by its first uses, and by what they cause: a thread that is hired may come a little later.  So not
/// each series of uses need do without, but one of several; what allocates per use does not have one.
template <class F>
void allocates_nothing(const char* what, F f) {
    long least = 1000;
    for (int series = 0; series < 10 && least != 0; ++series) {
        const long before = allocations;
        for (int i = 0; i < 20; ++i) f();
        least = std::min<long>(least, allocations - before);
    }
    INFO(what);
    CHECK(least == 0);
}

}   // namespace support

// All of them, or a sanitizer pairs its own with ours.  Not inline: the compilers would see free() under a delete whose
// new they know, and warn.
#define OUT_OF_LINE __attribute__((noinline))
OUT_OF_LINE void* operator new(std::size_t n) { return support::counted(n, 0); }
OUT_OF_LINE void* operator new[](std::size_t n) { return support::counted(n, 0); }
OUT_OF_LINE void* operator new(std::size_t n, const std::nothrow_t&) noexcept { return support::counted(n, 0); }
OUT_OF_LINE void* operator new[](std::size_t n, const std::nothrow_t&) noexcept { return support::counted(n, 0); }
OUT_OF_LINE void* operator new(std::size_t n, std::align_val_t a) {
    return support::counted(n, static_cast<std::size_t>(a));
}
OUT_OF_LINE void* operator new[](std::size_t n, std::align_val_t a) {
    return support::counted(n, static_cast<std::size_t>(a));
}
OUT_OF_LINE void* operator new(std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
    return support::counted(n, static_cast<std::size_t>(a));
}
OUT_OF_LINE void* operator new[](std::size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
    return support::counted(n, static_cast<std::size_t>(a));
}
OUT_OF_LINE void operator delete(void* p) noexcept { std::free(p); }
OUT_OF_LINE void operator delete[](void* p) noexcept { std::free(p); }
OUT_OF_LINE void operator delete(void* p, std::size_t) noexcept { std::free(p); }
OUT_OF_LINE void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
OUT_OF_LINE void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
OUT_OF_LINE void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
OUT_OF_LINE void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
OUT_OF_LINE void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
#undef OUT_OF_LINE
