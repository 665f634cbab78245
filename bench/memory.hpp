// SPDX-License-Identifier: MIT
#pragma once
// Question: how much memory does an item take, and is anything allocated on its way?
//
// All of malloc is replaced, and counted while `allocations::counting` is on: in whatever thread, whether by operator
// new or not. Include this in one file of a program only: the replacements cannot be inline.

#include "ours.hpp"

#include <cerrno>

namespace bench::allocations {
inline std::atomic<bool> counting{false};
inline std::atomic<std::uint64_t> count{0};
inline void seen() noexcept {
    if (counting.load(std::memory_order_relaxed)) count.fetch_add(1, std::memory_order_relaxed);
}
}   // namespace bench::allocations

#if defined(__GLIBC__)
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t size) {
    bench::allocations::seen();
    return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
    bench::allocations::seen();
    return __libc_calloc(n, size);
}
void* realloc(void* old, std::size_t size) {
    bench::allocations::seen();
    return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
    bench::allocations::seen();
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
    *result = memalign(alignment, size);
    return *result == nullptr ? ENOMEM : 0;
}
}
#else
#error "memory.hpp counts by replacing malloc on top of glibc's __libc_malloc"
#endif

namespace bench {

/// Allocations, by all threads, while 1,000,000 items are queued and run.
inline std::uint64_t allocations_of_a_million_items() {
    constexpr std::uint64_t total = 1'000'000;
    constexpr std::size_t window = 1000;
    run_count runs;
    bottomhalf_lane<count_run> lane{place::away, window, count_run{&runs}};
    // The counter counts: an allocation that the compiler may not drop.
    allocations::counting = true;
    void* volatile proof = std::malloc(1);
    std::free(proof);
    check(allocations::count.exchange(0) == 1, "the allocation counter does not count");
    for (std::uint64_t queued = 0; queued < total;)
        if (lane.post(queued % window))
            ++queued;
        else
            wait_for_room(place::away);
    while (runs.get() < total) relax();
    allocations::counting = false;
    check(runs.get() == total, "more runs than items queued");
    return allocations::count.exchange(0);
}

}   // namespace bench
