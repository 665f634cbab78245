// SPDX-License-Identifier: MIT
// atomic_reserve.hpp: memory for whoever has interrupted somebody who may be inside malloc().
//
// A top half runs on top of the code that it interrupted, on the same thread, and so do the softirqs at its end.  If that
// code was inside malloc() they may call neither malloc() nor free().  What they get comes from a reserve that is there
// from the start, in blocks of four sizes; claiming a bit is claiming a block, so there is no list, no ABA, and whoever is
// interrupted in between has either done it or not.  What they free and malloc() gave is left to the next caller who may
// call free().  Where the reserve runs low, the next caller who may call malloc() puts spare blocks beside it; blocks that a
// driver keeps for good are made up for that way.
//
//   void* p = atomic_heap<Arch>::get(200);   // null in a top half if the reserve is empty, or 200 were over a page
//   atomic_heap<Arch>::put(p);
//
// In the simulator nobody is ever interrupted inside malloc().  A top half takes from the reserve all the same, so that it
// may find it empty there, too; each world begins with a full one.  While interleavings are explored (sim/explore.hpp) all of
// it is the schedule's, whose heap (sim/heap.hpp) takes the place of both: then only the limit of a page is left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <malloc.h>

#include <bottomhalf/context.hpp>
#include <bottomhalf/machine.hpp>

namespace bottomhalf {

namespace detail {

/// 64 * Words blocks of one size.  All zeroes at the start, so that none of it is in the program's file, or touched before
/// it is used.
template <class Arch, std::size_t Size, unsigned Words>
class reserved_blocks {
    static_assert(Size % 64 == 0);
    using word = typename Arch::template atomic_ref<std::uint64_t>;

public:
    static constexpr std::size_t size = Size;

    /// `low`: set if most of them are out.
    void* get(bool& low) noexcept {
        for (unsigned w = 0; w < Words; ++w) {
            word bits(taken_[w]);
            std::uint64_t b = bits.load(relaxed);   // relaxed: the exchange decides
            while (b != ~std::uint64_t{0}) {
                if (!bits.compare_exchange_weak(b, b | (b + 1), acquire, relaxed)) continue;   // [reserve]
                const auto bit = static_cast<unsigned>(__builtin_ctzll(~b));
                low = w + 1 == Words && bit >= 32;
                return blocks_[w * 64 + bit];
            }
        }
        low = true;
        return nullptr;
    }
    [[nodiscard]] bool has(const void* p) const noexcept {
        const auto at = reinterpret_cast<std::uintptr_t>(p), begin = reinterpret_cast<std::uintptr_t>(&blocks_);
        return at >= begin && at < begin + sizeof blocks_;
    }
    void put(const void* p) noexcept {
        const std::size_t n = (reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(&blocks_)) / Size;
        word(taken_[n / 64]).fetch_and(~(std::uint64_t{1} << n % 64), release);   // [reserve] the owner's last accesses
    }
    void forget() noexcept {
        for (std::uint64_t& w : taken_) w = 0;
    }

private:
    std::uint64_t taken_[Words] = {};   // A [reserve] a bit that is set is a block that is out
    alignas(Size >= 4096 ? 4096 : 64) unsigned char blocks_[64 * Words][Size] = {};
};

/// Up to 64 blocks of malloc()'s, brought by those who may call it.
template <class Arch>
class spare_blocks {
    using word = typename Arch::template atomic_ref<std::uint64_t>;

public:
    void* get() noexcept {
        word full(full_);
        std::uint64_t b = full.load(relaxed);   // relaxed: the exchange decides
        while (b != 0) {
            if (!full.compare_exchange_weak(b, b & (b - 1), acquire, relaxed)) continue;   // [spare]
            const auto n = static_cast<unsigned>(__builtin_ctzll(b));
            void* p = block_[n];
            word(busy_).fetch_and(~(std::uint64_t{1} << n),
                                  release);   // [spare] the place, once its block has been read
            return p;
        }
        return nullptr;
    }
    /// Context: one that may call malloc().  Return: how many blocks it has brought.
    unsigned fill(std::size_t size, std::size_t align) noexcept {
        word busy(busy_);
        unsigned brought = 0;
        for (unsigned n = 0; n < 64; ++n) {
            const std::uint64_t bit = std::uint64_t{1} << n;
            if ((busy.fetch_or(bit, acquire) & bit) != 0) continue;   // [spare] full, or somebody is at it
            block_[n] = std::aligned_alloc(align, size);
            if (block_[n] == nullptr) {
                busy.fetch_and(~bit, release);
                break;
            }
            ++brought;
            word(full_).fetch_or(bit, release);   // [spare] the block
        }
        return brought;
    }

private:
    std::uint64_t full_ = 0;   // A [spare] places with a block
    std::uint64_t busy_ = 0;   // A [spare] those, and places that somebody fills or empties
    void* block_[64] = {};     // of whoever has claimed the place
};

}   // namespace detail

template <class Arch>
class atomic_heap {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    static constexpr std::size_t largest = 4096;   // of a block of the reserve

    /// Whether the caller has interrupted somebody, who may be inside malloc().
    [[nodiscard]] static bool is_above() noexcept { return context<Arch>::has_interrupted(); }

    /// Context: any that we manage.  Return: null if there is none; in a top half also if it were over `largest`.
    static void* get(std::size_t size, location at = location::current()) noexcept {
        if constexpr (Arch::simulated) {
            if (auto* const m = Arch::memory(); m != nullptr) return from_schedule(*m, size, 1, false, at);
        }
        static_cast<void>(at);   // on threads
        if (is_above()) [[unlikely]]
            return from_reserve(size, 64);
        look_after();
        return std::malloc(size < sizeof(void*) ? sizeof(void*) : size);
    }
    static void* get_zeroed(std::size_t size, location at = location::current()) noexcept {
        if constexpr (Arch::simulated) {
            if (auto* const m = Arch::memory(); m != nullptr) return from_schedule(*m, size, 1, true, at);
        }
        static_cast<void>(at);   // on threads
        if (!is_above()) [[likely]] {
            look_after();
            return std::calloc(1, size < sizeof(void*) ? sizeof(void*) : size);   // fresh pages need no second zeroing
        }
        void* p = from_reserve(size, 64);
        if (p != nullptr) std::memset(p, 0, size);
        return p;
    }
    /// The same as get() at a multiple of `align`, a power of two.
    static void* get_aligned(std::size_t size, std::size_t align, location at = location::current()) noexcept {
        if constexpr (Arch::simulated) {
            if (auto* const m = Arch::memory(); m != nullptr) return from_schedule(*m, size, align, false, at);
        }
        static_cast<void>(at);   // on threads
        if (is_above()) [[unlikely]]
            return from_reserve(size, align);
        look_after();
        return std::aligned_alloc(align, (size + align - 1) / align * align);
    }
    /// Takes back what get() gave, here or elsewhere.  Context: any that we manage.
    static void put(void* p, location at = location::current()) noexcept {
        static_cast<void>(at);   // on threads
        if constexpr (Arch::simulated) {
            if (auto* const m = Arch::memory(); m != nullptr) {
                if (p == nullptr) return;
                Arch::forget(p, m->size_of(p));
                return m->put(p, at);
            }
        }
        if (p == nullptr || to_reserve(p)) return;
        if constexpr (Arch::simulated) return Arch::forget(p, ::malloc_usable_size(p)), std::free(p);
        if (is_above()) [[unlikely]]
            return free_later(p);
        look_after();
        std::free(p);
    }
    /// How much there is at `p`.
    [[nodiscard]] static std::size_t size_of(const void* p) noexcept {
        if constexpr (Arch::simulated) {
            if (auto* const m = Arch::memory(); m != nullptr) return m->size_of(p);
        }
        if (const std::size_t n = size_in_reserve(p)) return n;
        return ::malloc_usable_size(const_cast<void*>(p));
    }
    [[nodiscard]] static bool is_of_reserve(const void* p) noexcept { return size_in_reserve(p) != 0; }

private:
    template <class Memory>
    static void* from_schedule(Memory& m, std::size_t size, std::size_t align, bool zeroed, location at) noexcept {
        if (size > largest && is_above()) return nullptr;   // as there is none in the reserve
        return m.get(size, align, zeroed, at);
    }
    static void* from_reserve(std::size_t size, std::size_t align) noexcept {
        if constexpr (Arch::simulated) begin_world();
        if (align > 64 && size < largest) size = largest;   // a page is at a multiple of itself
        if (align > largest) return nullptr;
        if (void* p = from(0, small_, size)) return p;
        if (void* p = from(1, medium_, size)) return p;
        if (void* p = from(2, large_, size)) return p;
        return from(3, page_, size);
    }
    template <class Blocks>
    static void* from(unsigned nr, Blocks& blocks, std::size_t size) noexcept {
        if (size > Blocks::size) return nullptr;
        bool low = false;
        void* p = blocks.get(low);
        if constexpr (Arch::simulated) return p;
        if (low) [[unlikely]]
            atomic<std::uint32_t>(chores_).fetch_or(refill << nr, release);   // [chores]
        return p != nullptr ? p : spares_[nr].get();
    }
    static bool to_reserve(const void* p) noexcept {
        return to(small_, p) || to(medium_, p) || to(large_, p) || to(page_, p);
    }
    template <class Blocks>
    static bool to(Blocks& blocks, const void* p) noexcept {
        if (!blocks.has(p)) return false;
        blocks.put(p);
        return true;
    }
    static std::size_t size_in_reserve(const void* p) noexcept {
        return small_.has(p)    ? small_.size
               : medium_.has(p) ? medium_.size
               : large_.has(p)  ? large_.size
               : page_.has(p)   ? page_.size
                                : 0;
    }

    /// Links it through its first word.  All are taken at once: no ABA.
    static void free_later(void* p) noexcept {
        atomic<void*> head(freed_);
        void* h = head.load(relaxed);   // relaxed: a guess, the exchange decides
        do *static_cast<void**>(p) = h;
        while (!head.compare_exchange_weak(h, p, release, relaxed));         // [freed]
        atomic<std::uint32_t>(chores_).fetch_or(free_what_waits, release);   // [chores]
    }
    /// What has been left to those who may call malloc() and free().
    static void look_after() noexcept {
        if constexpr (Arch::simulated) return;
        // relaxed: whoever comes next looks again
        if (atomic<std::uint32_t>(chores_).load(relaxed) != 0) [[unlikely]]
            do_chores();
    }
    BOTTOMHALF_COLD static void do_chores() noexcept {
        const std::uint32_t some = atomic<std::uint32_t>(chores_).exchange(0, acquire);   // [chores]
        if ((some & free_what_waits) != 0) {
            void* p = atomic<void*>(freed_).exchange(nullptr, acquire);   // [freed]
            while (p != nullptr) {
                void* next = *static_cast<void**>(p);
                std::free(p);
                p = next;
            }
        }
        static constexpr std::size_t size[] = {64, 256, 1024, 4096};
        for (unsigned nr = 0; nr < 4; ++nr)
            if ((some & refill << nr) != 0) spares_[nr].fill(size[nr], size[nr] == 4096 ? 4096 : 64);
    }

    /// The first use in a world: what another has left, perhaps as it was abandoned, is no concern of this one.
    static void begin_world() noexcept {
        if (begun_) return;
        begun_ = true;
        small_.forget(), medium_.forget(), large_.forget(), page_.forget();
        default_machine_of<Arch>().accompany(world_);
    }
    static void end_world(machine_companion&, bool, arch::ns_t, location) noexcept { begun_ = false; }

    enum : std::uint32_t { free_what_waits = 1, refill = 2 };   // the latter shifted by the number of the size

    BOTTOMHALF_STATE static inline constinit detail::reserved_blocks<Arch, 64, 4> small_{};
    BOTTOMHALF_STATE static inline constinit detail::reserved_blocks<Arch, 256, 2> medium_{};
    BOTTOMHALF_STATE static inline constinit detail::reserved_blocks<Arch, 1024, 1> large_{};
    BOTTOMHALF_STATE static inline constinit detail::reserved_blocks<Arch, 4096, 1> page_{};
    BOTTOMHALF_STATE static inline constinit detail::spare_blocks<Arch> spares_[4] = {};
    BOTTOMHALF_STATE static inline constinit void* freed_ = nullptr;                 // A [freed]
    BOTTOMHALF_STATE static inline constinit std::uint32_t chores_ = 0;              // A [chores]
    BOTTOMHALF_STATE static inline constinit machine_companion world_{&end_world};   // the simulator's
    BOTTOMHALF_STATE static inline constinit bool begun_ = false;   // the simulator's, which has one thread
};

}   // namespace bottomhalf
