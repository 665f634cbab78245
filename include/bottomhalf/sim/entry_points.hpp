// SPDX-License-Identifier: MIT
// entry_points.hpp: what g++ and clang call at each access of a file that is compiled with -fsanitize=thread.  Ours instead
// of ThreadSanitizer's: see instrumented.hpp, which includes this.
//
// Each is defined weakly in every file that includes it, so that it does not matter how many do.  The compilers know the
// names, each with its own idea of the types: so the names here are others, and theirs are for the linker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <type_traits>

#include <bottomhalf/sim/instrumented.hpp>

// With a real ThreadSanitizer they are its own.
#if !BOTTOMHALF_TSAN

#define BOTTOMHALF_WEAK BOTTOMHALF_UNSEEN __attribute__((weak, __noinline__, visibility("default")))
#define BOTTOMHALF_ENTRY(result, name, ...)                                              \
    extern "C" result bottomhalf_tsan_##name(__VA_ARGS__) noexcept asm("__tsan_" #name); \
    extern "C" BOTTOMHALF_WEAK result bottomhalf_tsan_##name(__VA_ARGS__) noexcept
#define BOTTOMHALF_BEFORE(p, size, writes, marked) \
    bottomhalf::sim::detail::before(p, size, writes, marked, __builtin_return_address(0))

#define BOTTOMHALF_ACCESS(size, name, writes, marked)                                                       \
    BOTTOMHALF_ENTRY(void, name##size, void* p) { BOTTOMHALF_BEFORE(p, size, writes, marked); }             \
    BOTTOMHALF_ENTRY(void, unaligned_##name##size, void* p) { BOTTOMHALF_BEFORE(p, size, writes, marked); } \
    BOTTOMHALF_ENTRY(void, name##size##_pc, void* p, void* pc) {                                            \
        bottomhalf::sim::detail::before(p, size, writes, marked, pc);                                       \
    }
#define BOTTOMHALF_ACCESS_TWICE(size, name)       \
    BOTTOMHALF_ENTRY(void, name##size, void* p) { \
        BOTTOMHALF_BEFORE(p, size, false, false); \
        BOTTOMHALF_BEFORE(p, size, true, false);  \
    }
#define BOTTOMHALF_ACCESSES(size)                       \
    BOTTOMHALF_ACCESS(size, read, false, false)         \
    BOTTOMHALF_ACCESS(size, write, true, false)         \
    BOTTOMHALF_ACCESS(size, volatile_read, false, true) \
    BOTTOMHALF_ACCESS(size, volatile_write, true, true) \
    BOTTOMHALF_ACCESS_TWICE(size, read_write)           \
    BOTTOMHALF_ACCESS_TWICE(size, unaligned_read_write)
BOTTOMHALF_ACCESSES(1)
BOTTOMHALF_ACCESSES(2)
BOTTOMHALF_ACCESSES(4)
BOTTOMHALF_ACCESSES(8)
BOTTOMHALF_ACCESSES(16)
#undef BOTTOMHALF_ACCESSES
#undef BOTTOMHALF_ACCESS_TWICE
#undef BOTTOMHALF_ACCESS

BOTTOMHALF_ENTRY(void, init, ) {}
BOTTOMHALF_ENTRY(void, func_entry, void* caller) { static_cast<void>(caller); }
BOTTOMHALF_ENTRY(void, func_exit, ) {}
BOTTOMHALF_ENTRY(void, ignore_thread_begin, ) {}
BOTTOMHALF_ENTRY(void, ignore_thread_end, ) {}
BOTTOMHALF_ENTRY(void, vptr_read, void** p) { BOTTOMHALF_BEFORE(p, sizeof *p, false, false); }
BOTTOMHALF_ENTRY(void, vptr_update, void** p, void* value) {
    if (*p != value) BOTTOMHALF_BEFORE(p, sizeof *p, true, false);   // a base's constructor: nobody sees a difference
}
BOTTOMHALF_ENTRY(void, read_range, void* p, unsigned long n) { BOTTOMHALF_BEFORE(p, n, false, false); }
BOTTOMHALF_ENTRY(void, write_range, void* p, unsigned long n) { BOTTOMHALF_BEFORE(p, n, true, false); }

// What clang makes of copies: two steps, however long they are.
BOTTOMHALF_ENTRY(void*, memcpy, void* to, const void* from, unsigned long n) {
    BOTTOMHALF_BEFORE(from, n, false, false);
    BOTTOMHALF_BEFORE(to, n, true, false);
    return std::memcpy(to, from, n);
}
BOTTOMHALF_ENTRY(void*, memmove, void* to, const void* from, unsigned long n) {
    BOTTOMHALF_BEFORE(from, n, false, false);
    BOTTOMHALF_BEFORE(to, n, true, false);
    return std::memmove(to, from, n);
}
BOTTOMHALF_ENTRY(void*, memset, void* to, int value, unsigned long n) {
    BOTTOMHALF_BEFORE(to, n, true, false);
    return std::memset(to, value, n);
}

// ---- atomics: the step, then the deed -----------------------------------------------------------------------------

namespace bottomhalf::sim::detail {

__extension__ typedef unsigned __int128 word_of_16;

/// The deeds are atomic though in the world nobody else is there: they are called outside of it, too.  seq_cst, whatever
/// was asked for.  Of 16 bytes they are not: that would take a library.
#define BOTTOMHALF_DEED BOTTOMHALF_UNSEEN __attribute__((always_inline)) inline
#define BOTTOMHALF_DEED_OF(name, builtin, plainly)                     \
    struct name {                                                      \
        template <class T>                                             \
        BOTTOMHALF_DEED static T of(volatile T* p, T value) noexcept { \
            if constexpr (sizeof(T) <= 8) return builtin(p, value, 5); \
            const T was = *p;                                          \
            *p = static_cast<T>(plainly);                              \
            return was;                                                \
        }                                                              \
    };
BOTTOMHALF_DEED_OF(deed_exchange, __atomic_exchange_n, value)             // seam-exempt: this is what they stand for
BOTTOMHALF_DEED_OF(deed_fetch_add, __atomic_fetch_add, was + value)       // seam-exempt: likewise
BOTTOMHALF_DEED_OF(deed_fetch_sub, __atomic_fetch_sub, was - value)       // seam-exempt: likewise
BOTTOMHALF_DEED_OF(deed_fetch_and, __atomic_fetch_and, was& value)        // seam-exempt: likewise
BOTTOMHALF_DEED_OF(deed_fetch_or, __atomic_fetch_or, was | value)         // seam-exempt: likewise
BOTTOMHALF_DEED_OF(deed_fetch_xor, __atomic_fetch_xor, was ^ value)       // seam-exempt: likewise
BOTTOMHALF_DEED_OF(deed_fetch_nand, __atomic_fetch_nand, ~(was& value))   // seam-exempt: likewise
template <class T>
BOTTOMHALF_DEED T atomic_load(const volatile T* p, int order, const void* pc) noexcept {
    const bool counts = step_before(pc, true);
    T value;
    if constexpr (sizeof(T) <= 8)
        value = __atomic_load_n(p, 5);   // seam-exempt: likewise
    else
        value = *p;
    if (counts) after_atomic(p, sizeof *p, arch::sim_access::load, order, pc);
    return value;
}
template <class Deed, class T>
BOTTOMHALF_DEED T atomic_update(volatile T* p, T value, arch::sim_access kind, int order, const void* pc) noexcept {
    const bool counts = step_before(pc, true);
    const T was = Deed::of(p, value);
    if (counts) after_atomic(p, sizeof *p, kind, order, pc);
    return was;
}
/// Return: what was there.
template <class T>
BOTTOMHALF_DEED T atomic_compare_exchange(volatile T* p, T expected, T desired, int succeeds, int fails,
                                          const void* pc) noexcept {
    const bool counts = step_before(pc, true);
    T was = expected;
    if constexpr (sizeof(T) <= 8) {
        __atomic_compare_exchange_n(p, &was, desired, false, 5, 5);   // seam-exempt: likewise
    } else {
        was = *p;
        if (was == expected) *p = desired;
    }
    const bool done = was == expected;
    if (counts)
        after_atomic(p, sizeof *p, done ? arch::sim_access::update : arch::sim_access::load, done ? succeeds : fails,
                     pc);
    return was;
}

}   // namespace bottomhalf::sim::detail

#define BOTTOMHALF_UPDATE(bits, T, name, kind)                                                 \
    BOTTOMHALF_ENTRY(T, atomic##bits##_##name, volatile T* p, T value, int order) {            \
        return bottomhalf::sim::detail::atomic_update<bottomhalf::sim::detail::deed_##name>(   \
            p, value, bottomhalf::arch::sim_access::kind, order, __builtin_return_address(0)); \
    }
#define BOTTOMHALF_COMPARE(bits, T, name)                                                                              \
    BOTTOMHALF_ENTRY(int, atomic##bits##_compare_exchange_##name, volatile T* p, T* expected, T desired, int succeeds, \
                     int fails) {                                                                                      \
        const T was = bottomhalf::sim::detail::atomic_compare_exchange(p, *expected, desired, succeeds, fails,         \
                                                                       __builtin_return_address(0));                   \
        const bool done = was == *expected;                                                                            \
        if (!done) *expected = was;                                                                                    \
        return done;                                                                                                   \
    }
#define BOTTOMHALF_ATOMICS(bits, T)                                                                              \
    BOTTOMHALF_ENTRY(T, atomic##bits##_load, const volatile T* p, int order) {                                   \
        return bottomhalf::sim::detail::atomic_load(p, order, __builtin_return_address(0));                      \
    }                                                                                                            \
    BOTTOMHALF_ENTRY(void, atomic##bits##_store, volatile T* p, T value, int order) {                            \
        bottomhalf::sim::detail::atomic_update<bottomhalf::sim::detail::deed_exchange>(                          \
            p, value, bottomhalf::arch::sim_access::store, order, __builtin_return_address(0));                  \
    }                                                                                                            \
    BOTTOMHALF_UPDATE(bits, T, exchange, update)                                                                 \
    BOTTOMHALF_UPDATE(bits, T, fetch_add, update)                                                                \
    BOTTOMHALF_UPDATE(bits, T, fetch_sub, update)                                                                \
    BOTTOMHALF_UPDATE(bits, T, fetch_and, update)                                                                \
    BOTTOMHALF_UPDATE(bits, T, fetch_or, update)                                                                 \
    BOTTOMHALF_UPDATE(bits, T, fetch_xor, update)                                                                \
    BOTTOMHALF_UPDATE(bits, T, fetch_nand, update)                                                               \
    BOTTOMHALF_COMPARE(bits, T, strong)                                                                          \
    BOTTOMHALF_COMPARE(bits, T, weak)                                                                            \
    BOTTOMHALF_ENTRY(T, atomic##bits##_compare_exchange_val, volatile T* p, T expected, T desired, int succeeds, \
                     int fails) {                                                                                \
        return bottomhalf::sim::detail::atomic_compare_exchange(p, expected, desired, succeeds, fails,           \
                                                                __builtin_return_address(0));                    \
    }
BOTTOMHALF_ATOMICS(8, std::uint8_t)
BOTTOMHALF_ATOMICS(16, std::uint16_t)
BOTTOMHALF_ATOMICS(32, std::uint32_t)
BOTTOMHALF_ATOMICS(64, std::uint64_t)
BOTTOMHALF_ATOMICS(128, bottomhalf::sim::detail::word_of_16)
#undef BOTTOMHALF_ATOMICS
#undef BOTTOMHALF_COMPARE
#undef BOTTOMHALF_UPDATE
#undef BOTTOMHALF_DEED_OF
#undef BOTTOMHALF_DEED

BOTTOMHALF_ENTRY(void, atomic_thread_fence, int order) {
    const void* const pc = __builtin_return_address(0);
    if (bottomhalf::sim::detail::step_before(pc, true)) bottomhalf::sim::detail::after_fence(order);
}
BOTTOMHALF_ENTRY(void, atomic_signal_fence, int order) { static_cast<void>(order); }   // orders nothing between tasks
#undef BOTTOMHALF_BEFORE
#undef BOTTOMHALF_ENTRY

// ---- memory -------------------------------------------------------------------------------------------------------

// What `delete` gives back; kfree() says it itself.  With AddressSanitizer, which has its own, nothing is instrumented.
#if !BOTTOMHALF_ASAN
BOTTOMHALF_WEAK void operator delete(void* p) noexcept {
    bottomhalf::sim::detail::before_free(p);
    std::free(p);
}
BOTTOMHALF_WEAK void operator delete(void* p, std::size_t) noexcept {
    bottomhalf::sim::detail::before_free(p);
    std::free(p);
}
#endif
#undef BOTTOMHALF_WEAK

#endif
