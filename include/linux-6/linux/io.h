// SPDX-License-Identifier: MIT
// <linux/io.h>: registers of a device that is plain memory.  A "physical" address is the address itself, so a test gives the
// address of a variable as the device's resource, and ioremap() of it is it.
#pragma once

#include <cstring>

#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/bottomhalf_pointer.h>
#include <linux/compiler_types.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
/// Registers may be looked at by several threads at once: single accesses, and as in the kernel what was written before a
/// writel(), or is read after a readl(), stays on its side of it.
template <class T>
[[nodiscard]] inline T read_register(const volatile void* p, std::memory_order order) noexcept {
    return atomic<T>(*static_cast<T*>(const_cast<void*>(p))).load(order);
}
template <class T>
inline void write_register(T v, volatile void* p, std::memory_order order) noexcept {
    atomic<T>(*static_cast<T*>(const_cast<void*>(p))).store(v, order);
}
}   // namespace impl

#define BOTTOMHALF_IO(letter, bits)                                                                            \
    [[nodiscard]] inline u##bits read##letter(const volatile void* p) noexcept {                               \
        return impl::read_register<u##bits>(p, acquire); /* [io] of a writel(), by whoever plays the device */ \
    }                                                                                                          \
    [[nodiscard]] inline u##bits read##letter##_relaxed(const volatile void* p) noexcept {                     \
        return impl::read_register<u##bits>(p, relaxed); /* as its name says */                                \
    }                                                                                                          \
    inline void write##letter(u##bits v, volatile void* p) noexcept {                                          \
        impl::write_register(v, p, release); /* [io] */                                                        \
    }                                                                                                          \
    inline void write##letter##_relaxed(u##bits v, volatile void* p) noexcept { impl::write_register(v, p, relaxed); }
BOTTOMHALF_IO(b, 8)
BOTTOMHALF_IO(w, 16)
BOTTOMHALF_IO(l, 32)
BOTTOMHALF_IO(q, 64)
#undef BOTTOMHALF_IO

inline void memcpy_fromio(void* to, const volatile void* from, std::size_t n) noexcept {
    std::memcpy(to, const_cast<const void*>(from), n);
}
inline void memcpy_toio(volatile void* to, const void* from, std::size_t n) noexcept {
    std::memcpy(const_cast<void*>(to), from, n);
}
inline void memset_io(volatile void* to, int v, std::size_t n) noexcept { std::memset(const_cast<void*>(to), v, n); }
[[nodiscard]] inline bottomhalf_pointer ioremap(u64 address, std::size_t) noexcept {
    return bottomhalf_pointer(reinterpret_cast<void*>(address));
}
inline void iounmap(const volatile void*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::ioremap;
using bottomhalf::linux6::iounmap;
using bottomhalf::linux6::memcpy_fromio;
using bottomhalf::linux6::memcpy_toio;
using bottomhalf::linux6::memset_io;
#define BOTTOMHALF_IO_NAMES(letter)                   \
    using bottomhalf::linux6::read##letter;           \
    using bottomhalf::linux6::read##letter##_relaxed; \
    using bottomhalf::linux6::write##letter;          \
    using bottomhalf::linux6::write##letter##_relaxed;
BOTTOMHALF_IO_NAMES(b)
BOTTOMHALF_IO_NAMES(w)
BOTTOMHALF_IO_NAMES(l)
BOTTOMHALF_IO_NAMES(q)
#undef BOTTOMHALF_IO_NAMES

#define ioread8(p) readb(p)
#define ioread16(p) readw(p)
#define ioread32(p) readl(p)
#define ioread64(p) readq(p)
#define iowrite8(v, p) writeb(v, p)
#define iowrite16(v, p) writew(v, p)
#define iowrite32(v, p) writel(v, p)
#define iowrite64(v, p) writeq(v, p)
#define ioread32be(p) be32_to_cpu(readl(p))
#define iowrite32be(v, p) writel(cpu_to_be32(v), p)
#define ioremap_wc(address, size) ioremap(address, size)
#define ioremap_cache(address, size) ioremap(address, size)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
