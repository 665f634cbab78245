// SPDX-License-Identifier: MIT
// <linux/percpu.h>: a variable of which each emulated CPU has its own copy.
//
// Two kinds, and one type of pointer to both, as in the kernel: that of the variable itself, to be given to per_cpu_ptr() and
// this_cpu_ptr() and never dereferenced.  Dynamic ones come out of chunks in which the copies of one CPU are percpu_unit
// bytes behind those of the one before.  Static ones lie in a section of their own, which is CPU 0's copy; the others' are
// made of a picture of it as it was at the first use.
//
// Several threads may be on one CPU here at the same time (those that are not of the library): so this_cpu_inc() and its kin
// are atomic.  They order nothing.
#pragma once

#include <sys/mman.h>

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/smp.h>

// The bounds of the section, by the linker; null if no file of the program has such a variable.
extern "C" {
extern char __start_bottomhalf_percpu[] __attribute__((weak, visibility("hidden")));
extern char __stop_bottomhalf_percpu[] __attribute__((weak, visibility("hidden")));
}

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr std::size_t percpu_unit = 64 * 1024;   // the largest variable there can be is half of it
inline constexpr std::size_t PCPU_MIN_UNIT_SIZE = 32 * 1024;

namespace impl {

inline constexpr std::size_t percpu_grain = 16;
inline constexpr unsigned int percpu_grains = percpu_unit / percpu_grain;

struct percpu_chunk {
    percpu_chunk* next;
    char* base;   // of CPU 0
    unsigned long used[percpu_grains / BITS_PER_LONG];
    unsigned short grains[percpu_grains];   // of the variable that begins there
};
struct percpu_state {
    bottomhalf::detail::spinlock<engine> lock;
    percpu_chunk* chunks;       // under lock
    unsigned int most_cpus;     // under lock: copies that may have been written to
    char *picture, *copies;     // I, once copied != 0: the section as it was; that of CPU n is at (n - 1) * stride
    std::size_t size, stride;   // I, likewise
    unsigned int copied;        // A: how many CPUs have their copy [percpu.copied]
};
BOTTOMHALF_STATE inline constinit percpu_state percpu = {};
#if defined(BOTTOMHALF_SIM)
/// The other CPUs' copies of static variables.
inline sim::detail::static_part percpu_part{[](auto* add, void* arg) {
    add(arg, &percpu.lock, sizeof percpu.lock);
    add(arg, &percpu.copied, sizeof percpu.copied);
    if (percpu.copied > 1) add(arg, percpu.copies, (percpu.copied - 1) * percpu.stride);
}};
#endif

/// Address space; memory comes as it is written to.
inline char* reserve(std::size_t size) noexcept {
    void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? nullptr : static_cast<char*>(p);
}
/// Static copies for CPUs below n.  Without memory the program ends: there is nobody to tell.
BOTTOMHALF_COLD inline void make_percpu_copies(unsigned int n) noexcept {
    bottomhalf::detail::irq_lock<engine> g(percpu.lock);
    atomic<unsigned int> copied(percpu.copied);
    if (copied.load(relaxed) >= n) return;   // relaxed: written under this lock
    if (percpu.picture == nullptr) {
        percpu.size = static_cast<std::size_t>(__stop_bottomhalf_percpu - __start_bottomhalf_percpu);
        percpu.stride = (percpu.size + 4095) & ~std::size_t{4095};
        percpu.picture = static_cast<char*>(std::malloc(percpu.size));
        percpu.copies = reserve(percpu.stride * (max_cpus - 1));
        if (percpu.picture == nullptr || percpu.copies == nullptr) std::abort();
        std::memcpy(percpu.picture, __start_bottomhalf_percpu, percpu.size);
    }
    for (unsigned int cpu = copied.load(relaxed); cpu < n; ++cpu)   // relaxed: as above
        if (cpu != 0) std::memcpy(percpu.copies + (cpu - 1) * percpu.stride, percpu.picture, percpu.size);
    copied.store(n, release);   // [percpu.copied]
}
inline void* percpu_address(const volatile void* p, unsigned int cpu, location at) noexcept {
    auto* where = const_cast<char*>(static_cast<const volatile char*>(p));
    const auto offset =
        reinterpret_cast<std::uintptr_t>(where) - reinterpret_cast<std::uintptr_t>(__start_bottomhalf_percpu);
    if (offset >= reinterpret_cast<std::uintptr_t>(__stop_bottomhalf_percpu) -
                      reinterpret_cast<std::uintptr_t>(__start_bottomhalf_percpu))
        return where + cpu * percpu_unit;
    const unsigned int n = nr_cpus(at) > cpu ? nr_cpus(at) : cpu + 1;
    if (atomic<unsigned int>(percpu.copied).load(acquire) < n) make_percpu_copies(n);   // [percpu.copied]
    return cpu == 0 ? where : percpu.copies + (cpu - 1) * percpu.stride + offset;
}
/// With the lock.
inline char* alloc_in(percpu_chunk& c, unsigned int grains, std::size_t align) noexcept {
    const unsigned long at = bitmap_find_next_zero_area(c.used, percpu_grains, 0, grains, align / percpu_grain - 1);
    if (at + grains > percpu_grains) return nullptr;
    bitmap_set(c.used, static_cast<unsigned int>(at), grains);
    c.grains[at] = static_cast<unsigned short>(grains);
    return c.base + at * percpu_grain;
}
/// With the lock, or alone.  Return: false if it is no variable.
inline bool free_in_chunk(const void* p) noexcept {
    for (percpu_chunk* c = percpu.chunks; c != nullptr; c = c->next) {
        const auto offset = reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(c->base);
        if (offset >= percpu_unit) continue;
        unsigned short& grains = c->grains[offset / percpu_grain];
        if (grains == 0) return false;
        bitmap_clear(c->used, static_cast<unsigned int>(offset / percpu_grain), grains);
        grains = 0;
        return true;
    }
    return false;
}
/// Of a schedule that is over, in which somebody who will not go on may hold the lock.
inline void give_back(void* p) noexcept { free_in_chunk(p); }
}   // namespace impl

namespace impl {
// Templates: on threads there is no memory of a schedule's.
template <class Arch>
bool is_refused([[maybe_unused]] std::size_t size) noexcept {
    if constexpr (Arch::simulated)
        if (auto* const m = Arch::memory(); m != nullptr) return m->refuses(size);
    return false;
}
template <class Arch, class Back>
void adopt([[maybe_unused]] void* p, [[maybe_unused]] std::size_t size, [[maybe_unused]] Back back,
           [[maybe_unused]] location at) noexcept {
    if constexpr (Arch::simulated)
        if (auto* const m = Arch::memory(); m != nullptr) m->adopt(p, size, back, at);
}
template <class Arch>
void disown([[maybe_unused]] void* p) noexcept {
    if constexpr (Arch::simulated)
        if (auto* const m = Arch::memory(); m != nullptr) m->release(p);
}
}   // namespace impl

/// A zeroed variable of each CPU.  Context: as kmalloc(GFP_KERNEL).  Return: null if there is no memory, or it is too large.
inline bottomhalf_pointer __alloc_percpu_gfp(std::size_t size, std::size_t align, gfp_t flags,
                                             location at = location::current()) noexcept {
    using impl::percpu;
    if (gfpflags_allow_blocking(flags)) impl::here::might_sleep("__alloc_percpu", at);
    if (size == 0 || size > PCPU_MIN_UNIT_SIZE || align > 4096 || impl::here::has_interrupted()) return nullptr;
    if (align < impl::percpu_grain) align = impl::percpu_grain;
    if (impl::is_refused<engine>(size)) return nullptr;
    const auto grains = static_cast<unsigned int>((size + impl::percpu_grain - 1) / impl::percpu_grain);
    const unsigned int cpus = impl::nr_cpus(at);
    bottomhalf::detail::irq_lock<engine> g(percpu.lock);
    if (percpu.most_cpus < cpus) percpu.most_cpus = cpus;
    char* p = nullptr;
    for (impl::percpu_chunk* c = percpu.chunks; c != nullptr && p == nullptr; c = c->next)
        p = impl::alloc_in(*c, grains, align);
    if (p == nullptr) {
        auto* c = static_cast<impl::percpu_chunk*>(std::calloc(1, sizeof(impl::percpu_chunk)));
        if (c == nullptr) return nullptr;
        c->base = impl::reserve(percpu_unit * max_cpus);
        if (c->base == nullptr) {
            std::free(c);
            return nullptr;
        }
        c->next = percpu.chunks;
        percpu.chunks = c;
        p = impl::alloc_in(*c, grains, align);
    }
    for (unsigned int cpu = 0; cpu < percpu.most_cpus; ++cpu)
        std::memset(p + cpu * percpu_unit, 0, grains * impl::percpu_grain);
    impl::adopt<engine>(p, size, &impl::give_back, at);
    return bottomhalf_pointer(p);
}
inline bottomhalf_pointer __alloc_percpu(std::size_t size, std::size_t align,
                                         location at = location::current()) noexcept {
    return __alloc_percpu_gfp(size, align, GFP_KERNEL, at);
}
/// Of what alloc_percpu() has not returned: reported.
inline void free_percpu(void* p, location at = location::current()) noexcept {
    if (p == nullptr) return;
    bottomhalf::detail::irq_lock<engine> g(impl::percpu.lock);
    if (impl::free_in_chunk(p)) {
        impl::disown<engine>(p);
        return;
    }
    bottomhalf::detail::say(channel::advice, severity::bug, "free_percpu", at, "%p is no variable of alloc_percpu()",
                            p);
}

template <class T>
[[nodiscard]] inline T* per_cpu_ptr(T* p, int cpu, location at = location::current()) noexcept {
    return static_cast<T*>(impl::percpu_address(p, static_cast<unsigned int>(cpu), at));
}
template <class T>
[[nodiscard]] inline T* this_cpu_ptr(T* p, location at = location::current()) noexcept {
    return static_cast<T*>(impl::percpu_address(p, impl::this_cpu(at), at));
}
template <class T>
[[nodiscard]] inline T* raw_cpu_ptr(T* p, location at = location::current()) noexcept {
    return this_cpu_ptr(p, at);
}
template <class T>
[[nodiscard]] inline T* get_cpu_ptr(T* p, location at = location::current()) noexcept {
    preempt_disable();
    return this_cpu_ptr(p, at);
}
template <class T>
inline void put_cpu_ptr(T*) noexcept {
    preempt_enable();
}

// What this_cpu_*() are made of.  relaxed: they are for counters of one CPU, and order nothing in the kernel, either.
template <class T>
[[nodiscard]] inline T bottomhalf_cpu_read(T* p) noexcept {
    return impl::atomic<T>(*this_cpu_ptr(p)).load(relaxed);
}
template <class T>
inline void bottomhalf_cpu_write(T* p, std::type_identity_t<T> v) noexcept {
    impl::atomic<T>(*this_cpu_ptr(p)).store(v, relaxed);
}
template <class T>
inline T bottomhalf_cpu_add(T* p, std::type_identity_t<T> v) noexcept {
    if constexpr (std::is_pointer_v<T>)
        return *this_cpu_ptr(p) += v;
    else
        return static_cast<T>(impl::atomic<T>(*this_cpu_ptr(p)).fetch_add(v, relaxed) + v);
}
template <class T>
inline void bottomhalf_cpu_and(T* p, std::type_identity_t<T> v) noexcept {
    impl::atomic<T>(*this_cpu_ptr(p)).fetch_and(v, relaxed);
}
template <class T>
inline void bottomhalf_cpu_or(T* p, std::type_identity_t<T> v) noexcept {
    impl::atomic<T>(*this_cpu_ptr(p)).fetch_or(v, relaxed);
}
template <class T>
inline T bottomhalf_cpu_xchg(T* p, std::type_identity_t<T> v) noexcept {
    return impl::atomic<T>(*this_cpu_ptr(p)).exchange(v, relaxed);
}
template <class T>
inline T bottomhalf_cpu_cmpxchg(T* p, std::type_identity_t<T> old, std::type_identity_t<T> v) noexcept {
    impl::atomic<T>(*this_cpu_ptr(p)).compare_exchange_strong(old, v, relaxed, relaxed);
    return old;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__alloc_percpu;
using bottomhalf::linux6::__alloc_percpu_gfp;
using bottomhalf::linux6::bottomhalf_cpu_add;
using bottomhalf::linux6::bottomhalf_cpu_and;
using bottomhalf::linux6::bottomhalf_cpu_cmpxchg;
using bottomhalf::linux6::bottomhalf_cpu_or;
using bottomhalf::linux6::bottomhalf_cpu_read;
using bottomhalf::linux6::bottomhalf_cpu_write;
using bottomhalf::linux6::bottomhalf_cpu_xchg;
using bottomhalf::linux6::free_percpu;
using bottomhalf::linux6::get_cpu_ptr;
using bottomhalf::linux6::PCPU_MIN_UNIT_SIZE;
using bottomhalf::linux6::per_cpu_ptr;
using bottomhalf::linux6::put_cpu_ptr;
using bottomhalf::linux6::raw_cpu_ptr;
using bottomhalf::linux6::this_cpu_ptr;

#define bottomhalf_percpu_section __attribute__((section("bottomhalf_percpu")))
#define DECLARE_PER_CPU(type, name) extern bottomhalf_percpu_section __typeof__(type) name
#define DEFINE_PER_CPU(type, name) bottomhalf_percpu_section __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) __attribute__((aligned(64))) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU_ALIGNED(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)
#define EXPORT_PER_CPU_SYMBOL(name) static_assert(true)
#define EXPORT_PER_CPU_SYMBOL_GPL(name) static_assert(true)
#define alloc_percpu(type) static_cast<__typeof__(type)*>(__alloc_percpu(sizeof(type), alignof(type)))
#define alloc_percpu_gfp(type, flags) \
    static_cast<__typeof__(type)*>(__alloc_percpu_gfp(sizeof(type), alignof(type), flags))
#define per_cpu(name, cpu) (*per_cpu_ptr(&(name), cpu))
#define get_cpu_var(name) (*get_cpu_ptr(&(name)))
#define put_cpu_var(name) ((void)&(name), preempt_enable())

#define this_cpu_read(name) bottomhalf_cpu_read(&(name))
#define this_cpu_write(name, v) bottomhalf_cpu_write(&(name), v)
#define this_cpu_add(name, v) ((void)bottomhalf_cpu_add(&(name), v))
#define this_cpu_sub(name, v) ((void)bottomhalf_cpu_add(&(name), static_cast<__typeof__(name)>(-(v))))
#define this_cpu_inc(name) this_cpu_add(name, 1)
#define this_cpu_dec(name) this_cpu_sub(name, 1)
#define this_cpu_and(name, v) bottomhalf_cpu_and(&(name), v)
#define this_cpu_or(name, v) bottomhalf_cpu_or(&(name), v)
#define this_cpu_add_return(name, v) bottomhalf_cpu_add(&(name), v)
#define this_cpu_sub_return(name, v) bottomhalf_cpu_add(&(name), static_cast<__typeof__(name)>(-(v)))
#define this_cpu_inc_return(name) this_cpu_add_return(name, 1)
#define this_cpu_dec_return(name) this_cpu_sub_return(name, 1)
#define this_cpu_xchg(name, v) bottomhalf_cpu_xchg(&(name), v)
#define this_cpu_cmpxchg(name, old, v) bottomhalf_cpu_cmpxchg(&(name), old, v)
// For callers that cannot be moved to another CPU: nobody is, here.
#define __this_cpu_read(name) this_cpu_read(name)
#define __this_cpu_write(name, v) this_cpu_write(name, v)
#define __this_cpu_add(name, v) this_cpu_add(name, v)
#define __this_cpu_sub(name, v) this_cpu_sub(name, v)
#define __this_cpu_inc(name) this_cpu_inc(name)
#define __this_cpu_dec(name) this_cpu_dec(name)
#define __this_cpu_inc_return(name) this_cpu_inc_return(name)
#define raw_cpu_read(name) this_cpu_read(name)
#define raw_cpu_inc(name) this_cpu_inc(name)
#define raw_cpu_add(name, v) this_cpu_add(name, v)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/init.h>
#include <linux/spinlock.h>
