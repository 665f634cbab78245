// SPDX-License-Identifier: MIT
// <linux/kfifo.h>: a ring of 2^n elements of any type.  One who puts in and one who takes out need no lock between them; more
// of either do: kfifo_in_spinlocked() and its kin.  There are no records.
//
//   DECLARE_KFIFO(name, type, size)       a ring and its memory, to be INIT_KFIFO(name)d; DEFINE_KFIFO() is both
//   DECLARE_KFIFO_PTR(name, type)         one whose memory comes from kfifo_alloc() or kfifo_init()
//   struct kfifo                          the same, of bytes
#pragma once

#include <cstring>
#include <type_traits>

#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/log2.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

// `in` and `out` count, and wrap at 2^32; what is in the ring is what is between them.
// A: written by the one who puts in, by the one who takes out [kfifo.in] [kfifo.out].  The first members of both, and of no
// base: drivers ask for the offset of what stands beside a kfifo.
template <class T, unsigned int N>
struct bottomhalf_kfifo_array {
    static_assert(N >= 2 && (N & (N - 1)) == 0, "a kfifo has a power of two of elements");
    using element = T;
    unsigned int in, out;
    T buf[N];

    [[nodiscard]] unsigned int mask() const noexcept { return N - 1; }
    [[nodiscard]] T* data() noexcept { return buf; }
};
template <class T>
struct bottomhalf_kfifo_ptr {
    using element = T;
    unsigned int in, out;
    unsigned int ring_mask;
    T* ring;

    [[nodiscard]] unsigned int mask() const noexcept { return ring_mask; }
    [[nodiscard]] T* data() noexcept { return ring; }
};
struct kfifo : bottomhalf_kfifo_ptr<unsigned char> {};

namespace impl {
/// Whether elements of type T may be where a U* points to: as in C without -Wpointer-sign, the same, a void* or another kind
/// of byte; anything for a struct kfifo.
template <class Fifo, class U>
inline constexpr bool fits_in_kfifo = std::is_same_v<typename Fifo::element, U> || std::is_void_v<U> ||
                                      std::is_same_v<Fifo, kfifo> ||
                                      (std::is_integral_v<typename Fifo::element> &&
                                       sizeof(typename Fifo::element) == 1 && std::is_integral_v<U> &&
                                       sizeof(std::conditional_t<std::is_void_v<U>, char, U>) == 1);
/// Where elements come from, or go to: `const void` or `void`.
template <class Fifo, class Void>
class kfifo_memory {
public:
    template <class U>
    requires(fits_in_kfifo<Fifo, std::remove_const_t<U>>&& std::is_convertible_v<U*, Void*>) constexpr kfifo_memory(
        U* p) noexcept   // NOLINT: an argument
        : p_(p) {}
    constexpr kfifo_memory(std::nullptr_t) noexcept : p_(nullptr) {}   // NOLINT
    [[nodiscard]] auto elements() const noexcept {
        using T = typename Fifo::element;
        if constexpr (std::is_const_v<Void>)
            return static_cast<const T*>(p_);
        else
            return static_cast<T*>(p_);
    }

private:
    Void* p_;
};
template <class Fifo>
using kfifo_from = kfifo_memory<Fifo, const void>;
template <class Fifo>
using kfifo_to = kfifo_memory<Fifo, void>;

/// `n` elements from or to ring position `at`, in two pieces where the ring ends.
template <class Fifo, class Copy>
void each_piece(Fifo& f, unsigned int at, unsigned int n, Copy copy) noexcept {
    const unsigned int begin = at & f.mask();
    const unsigned int first = n < f.mask() + 1 - begin ? n : f.mask() + 1 - begin;
    copy(f.data() + begin, 0U, first);
    copy(f.data(), first, n - first);
}
template <class T>
void copy_elements(T* to, const T* from, unsigned int n) noexcept {
    if (n != 0) std::memcpy(static_cast<void*>(to), static_cast<const void*>(from), n * sizeof(T));
}
template <class Fifo>
bool has_memory(Fifo& f) noexcept {
    return f.mask() != 0;
}
}   // namespace impl

template <class Fifo>
[[nodiscard]] inline unsigned int kfifo_size(Fifo* f) noexcept {
    return impl::has_memory(*f) ? f->mask() + 1 : 0;
}
/// Stale when read, but for the one who puts in, for whom there is room for more, and the one who takes out.
template <class Fifo>
[[nodiscard]] inline unsigned int kfifo_len(Fifo* f) noexcept {
    const unsigned int out = impl::atomic<unsigned int>(f->out).load(acquire);   // [kfifo.out]
    return impl::atomic<unsigned int>(f->in).load(acquire) - out;                // [kfifo.in]
}
template <class Fifo>
[[nodiscard]] inline unsigned int kfifo_avail(Fifo* f) noexcept {
    return kfifo_size(f) - kfifo_len(f);
}
template <class Fifo>
[[nodiscard]] inline bool kfifo_is_empty(Fifo* f) noexcept {
    return kfifo_len(f) == 0;
}
template <class Fifo>
[[nodiscard]] inline bool kfifo_is_full(Fifo* f) noexcept {
    return kfifo_len(f) > f->mask();
}
template <class Fifo>
[[nodiscard]] inline bool kfifo_initialized(Fifo* f) noexcept {
    return impl::has_memory(*f);
}

/// Return: how many there was room for.
template <class Fifo>
inline unsigned int kfifo_in(Fifo* f, impl::kfifo_from<std::type_identity_t<Fifo>> memory, unsigned int n) noexcept {
    const auto* from = memory.elements();
    const unsigned int in = f->in;
    // [kfifo.out] acquire: what is overwritten has been taken out.
    const unsigned int room = kfifo_size(f) - (in - impl::atomic<unsigned int>(f->out).load(acquire));
    if (n > room) n = room;
    impl::each_piece(*f, in, n, [from](auto* ring, unsigned int done, unsigned int count) {
        impl::copy_elements(ring, from + done, count);
    });
    impl::atomic<unsigned int>(f->in).store(in + n, release);   // [kfifo.in] the elements are there
    return n;
}
/// Looks without taking out.  Return: how many there were.
template <class Fifo>
inline unsigned int kfifo_out_peek(Fifo* f, impl::kfifo_to<std::type_identity_t<Fifo>> memory,
                                   unsigned int n) noexcept {
    auto* to = memory.elements();
    const unsigned int out = f->out;
    const unsigned int there = impl::atomic<unsigned int>(f->in).load(acquire) - out;   // [kfifo.in]
    if (n > there) n = there;
    impl::each_piece(*f, out, n, [to](auto* ring, unsigned int done, unsigned int count) {
        impl::copy_elements(to + done, ring, count);
    });
    return n;
}
/// Drops up to `n` elements.
template <class Fifo>
inline void kfifo_skip_count(Fifo* f, unsigned int n) noexcept {
    const unsigned int there = kfifo_len(f);
    impl::atomic<unsigned int>(f->out).store(f->out + (n < there ? n : there), release);   // [kfifo.out] they may go
}
template <class Fifo>
inline void kfifo_skip(Fifo* f) noexcept {
    kfifo_skip_count(f, 1);
}
template <class Fifo>
inline unsigned int kfifo_out(Fifo* f, impl::kfifo_to<std::type_identity_t<Fifo>> to, unsigned int n) noexcept {
    n = kfifo_out_peek(f, to, n);
    impl::atomic<unsigned int>(f->out).store(f->out + n, release);   // [kfifo.out] they have been read
    return n;
}
/// One element.  Return: 1, or 0 if there was no room; if there was none.
template <class Fifo>
inline int kfifo_put(Fifo* f, const typename Fifo::element& element) noexcept {
    return static_cast<int>(kfifo_in(f, &element, 1));
}
template <class Fifo>
inline int kfifo_get(Fifo* f, typename Fifo::element* element) noexcept {
    return static_cast<int>(kfifo_out(f, element, 1));
}
template <class Fifo>
inline int kfifo_peek(Fifo* f, typename Fifo::element* element) noexcept {
    return static_cast<int>(kfifo_out_peek(f, element, 1));
}
/// Nobody else may be at it.
template <class Fifo>
inline void kfifo_reset(Fifo* f) noexcept {
    f->in = f->out = 0;
}
/// All is taken out, by the one who takes out.
template <class Fifo>
inline void kfifo_reset_out(Fifo* f) noexcept {
    // [kfifo.in] acquire, [kfifo.out] release: as if they had been read
    impl::atomic<unsigned int>(f->out).store(impl::atomic<unsigned int>(f->in).load(acquire), release);
}

/// Room for `n` elements, rounded up to a power of two.  Return: 0, -EINVAL for less than two, -ENOMEM.
template <class T>
inline int kfifo_alloc(bottomhalf_kfifo_ptr<T>* f, unsigned int n, gfp_t flags,
                       location at = location::current()) noexcept {
    f->in = f->out = f->ring_mask = 0;
    f->ring = nullptr;
    const unsigned long size = roundup_pow_of_two(n);
    if (size < 2 || n > 1U << 31) return -EINVAL;
    f->ring = kmalloc_array(size, sizeof(T), flags, at);
    if (f->ring == nullptr) return -ENOMEM;
    f->ring_mask = static_cast<unsigned int>(size - 1);
    return 0;
}
template <class T>
inline void kfifo_free(bottomhalf_kfifo_ptr<T>* f, location at = location::current()) noexcept {
    kfree(f->ring, at);
    f->in = f->out = f->ring_mask = 0;
    f->ring = nullptr;
}
/// In memory of the caller's, of `size` bytes: as large a power of two as fits.
template <class T>
inline int kfifo_init(bottomhalf_kfifo_ptr<T>* f, void* buffer, unsigned int size) noexcept {
    const unsigned long n = rounddown_pow_of_two(size / sizeof(T));
    f->in = f->out = 0;
    f->ring = static_cast<T*>(buffer);
    f->ring_mask = n < 2 ? 0 : static_cast<unsigned int>(n - 1);
    return n < 2 ? -EINVAL : 0;
}

/// "User space" is the same memory; lengths are in bytes.  Return: 0.
template <class Fifo>
inline int kfifo_from_user(Fifo* f, const void* from, unsigned long len, unsigned int* copied) noexcept {
    using T = typename Fifo::element;
    *copied = kfifo_in(f, static_cast<const T*>(from), static_cast<unsigned int>(len / sizeof(T))) *
              static_cast<unsigned int>(sizeof(T));
    return 0;
}
template <class Fifo>
inline int kfifo_to_user(Fifo* f, void* to, unsigned long len, unsigned int* copied) noexcept {
    using T = typename Fifo::element;
    *copied = kfifo_out(f, static_cast<T*>(to), static_cast<unsigned int>(len / sizeof(T))) *
              static_cast<unsigned int>(sizeof(T));
    return 0;
}
/// Under a spinlock_t of the caller's, whose functions are looked up where this is used.
template <class Fifo, class Lock>
inline unsigned int kfifo_in_spinlocked(Fifo* f, impl::kfifo_from<std::type_identity_t<Fifo>> from, unsigned int n,
                                        Lock* lock) noexcept {
    const unsigned long flags = bottomhalf_irq_save();
    spin_lock(lock);
    n = kfifo_in(f, from, n);
    spin_unlock(lock);
    local_irq_restore(flags);
    return n;
}
template <class Fifo, class Lock>
inline unsigned int kfifo_out_spinlocked(Fifo* f, impl::kfifo_to<std::type_identity_t<Fifo>> to, unsigned int n,
                                         Lock* lock) noexcept {
    const unsigned long flags = bottomhalf_irq_save();
    spin_lock(lock);
    n = kfifo_out(f, to, n);
    spin_unlock(lock);
    local_irq_restore(flags);
    return n;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_kfifo_array;
using bottomhalf::linux6::bottomhalf_kfifo_ptr;
using bottomhalf::linux6::kfifo;
using bottomhalf::linux6::kfifo_alloc;
using bottomhalf::linux6::kfifo_avail;
using bottomhalf::linux6::kfifo_free;
using bottomhalf::linux6::kfifo_from_user;
using bottomhalf::linux6::kfifo_get;
using bottomhalf::linux6::kfifo_in;
using bottomhalf::linux6::kfifo_in_spinlocked;
using bottomhalf::linux6::kfifo_init;
using bottomhalf::linux6::kfifo_initialized;
using bottomhalf::linux6::kfifo_is_empty;
using bottomhalf::linux6::kfifo_is_full;
using bottomhalf::linux6::kfifo_len;
using bottomhalf::linux6::kfifo_out;
using bottomhalf::linux6::kfifo_out_peek;
using bottomhalf::linux6::kfifo_out_spinlocked;
using bottomhalf::linux6::kfifo_peek;
using bottomhalf::linux6::kfifo_put;
using bottomhalf::linux6::kfifo_reset;
using bottomhalf::linux6::kfifo_reset_out;
using bottomhalf::linux6::kfifo_size;
using bottomhalf::linux6::kfifo_skip;
using bottomhalf::linux6::kfifo_skip_count;
using bottomhalf::linux6::kfifo_to_user;

#define DECLARE_KFIFO(fifo, type, size) bottomhalf_kfifo_array<__typeof__(type), (size)> fifo
#define DECLARE_KFIFO_PTR(fifo, type) bottomhalf_kfifo_ptr<__typeof__(type)> fifo
#define DEFINE_KFIFO(fifo, type, size) bottomhalf_kfifo_array<__typeof__(type), (size)> fifo = {}
#define INIT_KFIFO(fifo) ((void)((fifo).in = (fifo).out = 0))
#define kfifo_esize(f) (sizeof(*(f)->data()))
#define kfifo_recsize(f) ((void)(f), 0U)
#define kfifo_peek_len(f) (static_cast<unsigned int>(kfifo_is_empty(f) ? 0 : kfifo_esize(f)))
#define kfifo_in_locked(f, from, n, lock) kfifo_in_spinlocked(f, from, n, lock)
#define kfifo_out_locked(f, to, n, lock) kfifo_out_spinlocked(f, to, n, lock)

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/array_size.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <linux/stddef.h>
