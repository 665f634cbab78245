// SPDX-License-Identifier: MIT
// heap.hpp: the heap of a schedule.  What a driver does wrong with memory fails the schedule in which it does it.
//
// While interleavings are explored, kmalloc() and all that comes down to it take from here.  The heap is an arena that is
// empty at the beginning of each schedule, at an address that is the same in every process where that can be had: so the
// same choices give the same addresses.  A block is never given out twice as long as that can be helped:
//
//     red zone | block | red zone | block | red zone | ...          what is at the end of each block is not the next one
//
// What is freed is filled with a pattern, and stays where it is.  Found are: a second free, a free of what is no block, a
// write behind a block, before it, or into one that was freed (not at once: at the end of the schedule), and what has not
// been freed at the end.  What is said names who allocated the block, and where, and who has freed it.
//
// With AddressSanitizer, red zones and freed blocks are poisoned: then the first access stops the program, reads included,
// and the schedule's token is printed.  Without it, a pointer read from freed memory is one that no address has, and using it
// fails the schedule, too (arch/sim_crash.hpp).
#pragma once

#include <algorithm>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <sys/mman.h>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/arch/sim_memory.hpp>
#include <bottomhalf/detail/annotations.hpp>
#include <bottomhalf/report.hpp>

#if BOTTOMHALF_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace bottomhalf::sim {

class schedule_heap final : public arch::sim_memory {
public:
    // The kernel's, so that who knows one from a dump knows it here.
    static constexpr unsigned char fresh = 0x5a, freed = 0x6b, red = 0xcc;
    static constexpr std::size_t red_zone = 32;
    static constexpr std::size_t quarantine = std::size_t{64}
                                              << 20;   // bytes in use before what was freed is given out again

    /// Who hears what is wrong, at once, and may not return.
    using complaint = void(void* whom, std::string&& text);
    /// Who is there: the running task.
    using who_runs = arch::task&() noexcept;

    schedule_heap(complaint* complain, void* whom, who_runs* running) noexcept
        : complain_(complain), whom_(whom), running_(running) {}
    ~schedule_heap() {
        begin();
        if (base_ != nullptr) ::munmap(base_, room_);
    }

    /// Asked at each allocation, if not null: whether there shall be no memory.
    bool (*fails)(std::size_t size) = nullptr;

    /// Everything is given back at once.  Context: between two schedules.
    void begin() noexcept {
        for (const guest& g : std::exchange(guests_, {}))
            if (g.give_back != nullptr) g.give_back(g.p);
#if BOTTOMHALF_ASAN
        if (base_ != nullptr) ASAN_UNPOISON_MEMORY_REGION(base_, top_);
#endif
        blocks_.clear();
        top_ = given_ = 0;
        reused_ = 0;
    }
    /// At the end of a schedule: what was written where nothing is to be written.  Return: "" if nothing was.
    [[nodiscard]] std::string damage() const {
        for (std::size_t i = 0; i < blocks_.size(); ++i)
            if (std::string text = damage_of(i); !text.empty()) return text;
        return {};
    }
    /// Likewise: a line for each block that nobody has freed.  Return: "" if there is none.
    [[nodiscard]] std::string leaks() const {
        std::string text;
        unsigned n = 0;
        const auto add = [&](std::size_t size, const char* who, location at) {
            if (++n > 16) return;
            text += "  " + std::to_string(size) + " bytes, allocated by " + by(who, at) + '\n';
        };
        for (const block& b : blocks_)
            if (!b.is_free) add(b.size, b.owner, b.allocated);
        for (const guest& g : guests_) add(g.size, g.owner, g.allocated);
        if (n == 0) return {};
        if (n > 16) text += "  and " + std::to_string(n - 16) + " more\n";
        return std::to_string(n) + (n == 1 ? " block was" : " blocks were") + " not freed:\n" + text;
    }
    /// "byte 8 of a block of 64, allocated by main (driver.c:12), freed by irq 5 (driver.c:40)", or "" if `p` is in none.
    [[nodiscard]] std::string describe(const void* p) const {
        const std::size_t i = block_before(p);
        if (i == none) return {};
        const block& b = blocks_[i];
        const auto offset = static_cast<const char*>(p) - b.p;
        const bool inside = static_cast<std::size_t>(offset) < b.room;
        return (inside ? "byte " : "byte +") + std::to_string(offset) + " of " + describe(b);
    }

    // ---- for the facades ------------------------------------------------------------------------------------------

    void* get(std::size_t size, std::size_t align, bool zeroed, location at) noexcept override {
        if (refuses(size) || !reserve() || size > room_) return nullptr;
        if (align < 16) align = 16;
        block* b = top_ + size + align + 2 * red_zone > quarantine ? used_before(size, align) : nullptr;
        if (b == nullptr) b = next(size, align);
        if (b == nullptr) return nullptr;
        b->size = size;
        b->allocated = at;
        std::memcpy(b->owner, running_().comm, sizeof b->owner);
        b->is_free = false;
        unpoison(b->p, b->room);
        std::memset(b->p, zeroed ? 0 : fresh, size);
        std::memset(b->p + size, red, b->room - size);
        poison(b->p + size, b->room - size);
        return b->p;
    }
    void put(void* p, location at) noexcept override {
        const std::size_t i = block_before(p);
        if (i == none || blocks_[i].p != p) return complain_about("free of", p, at);
        block& b = blocks_[i];
        if (b.is_free) return complain_about("double free of", p, at);
        if (std::string text = damage_of(i); !text.empty()) return complain_(whom_, std::move(text));
        b.is_free = true;
        b.deallocated = at;
        std::memcpy(b.ender, running_().comm, sizeof b.ender);
        std::memset(b.p, freed, b.size);
        poison(b.p, b.size);
    }
    [[nodiscard]] std::size_t size_of(const void* p) const noexcept override {
        const std::size_t i = block_before(p);
        return i != none && blocks_[i].p == p && !blocks_[i].is_free ? blocks_[i].size : 0;
    }
    bool refuses(std::size_t size) noexcept override { return fails != nullptr && fails(size); }
    void adopt(void* p, std::size_t size, void (*give_back)(void*), location at) noexcept override {
        guests_.push_back({p, size, give_back, at, {}});
        std::memcpy(guests_.back().owner, running_().comm, sizeof guests_.back().owner);
    }
    void look_at(const void* p) noexcept override {
        const std::size_t i = block_before(p);
        if (i == none || !blocks_[i].is_free || p >= blocks_[i].p + blocks_[i].size) return;
        complain_(whom_, "use after free: " + describe(p) + "; by " + running_().comm);
    }
    void release(const void* p) noexcept override {
        std::erase_if(guests_, [p](const guest& g) { return g.p == p; });
    }

private:
    struct block {
        char* p;
        std::size_t size;   // that was asked for
        std::size_t room;   // that there is: the rest of it belongs to the red zone
        location allocated, deallocated;
        char owner[arch::comm_len], ender[arch::comm_len];
        bool is_free;
    };
    /// Of somebody else's memory.
    struct guest {
        void* p;
        std::size_t size;
        void (*give_back)(void*);
        location allocated;
        char owner[arch::comm_len];
    };
    static constexpr std::size_t none = ~std::size_t{0};

    complaint* const complain_;
    void* const whom_;
    who_runs* const running_;
    char* base_ = nullptr;
    std::size_t room_ = 0;        // address space
    std::size_t top_ = 0;         // of it, in use
    std::vector<block> blocks_;   // by their addresses
    std::size_t reused_ = 0;      // where the search for one to be given out again goes on
    std::vector<guest> guests_;

    /// Address space, at a place where nothing else is.  Memory comes as it is written to.
    bool reserve() noexcept {
        if (base_ != nullptr) return true;
        constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        void* const hint = reinterpret_cast<void*>(std::uintptr_t{0x6b00} << 32);   // any where nothing else comes
        for (std::size_t size = std::size_t{1} << 30; size >= std::size_t{1} << 24; size >>= 2) {
            void* const p = ::mmap(hint, size, PROT_READ | PROT_WRITE, flags, -1, 0);
            if (p == MAP_FAILED) continue;
            base_ = static_cast<char*>(p);
            room_ = size;
            return true;
        }
        return false;
    }
    static char* up(char* p, std::size_t align) noexcept {
        return p + (-reinterpret_cast<std::uintptr_t>(p) & (align - 1));
    }
    /// A new one behind the last, or null.
    block* next(std::size_t size, std::size_t align) noexcept {
        char* const from = base_ + top_;
        char* const p = up(from + (top_ == 0 ? red_zone : 0), align);
        const auto before = static_cast<std::size_t>(p - base_);
        const std::size_t room = ((size + 15) & ~std::size_t{15}) + red_zone;
        if (before > room_ || room > room_ - before) return nullptr;
        const auto gap = static_cast<std::size_t>(p - from);
        std::memset(from, red, gap);
        poison(from, gap);
        top_ = given_ = before + room;
        from_ = reinterpret_cast<std::uintptr_t>(base_);
        return &blocks_.emplace_back(block{p, size, room, {}, {}, {}, {}, false});
    }
    /// One that was freed long ago and is not much too large, or null.
    block* used_before(std::size_t size, std::size_t align) noexcept {
        for (std::size_t n = blocks_.size(); n > 0; --n) {
            if (++reused_ >= blocks_.size()) reused_ = 0;
            block& b = blocks_[reused_];
            if (!b.is_free || b.room < size + red_zone || b.room / 2 > size + red_zone || up(b.p, align) != b.p)
                continue;
            if (std::string text = damage_of(reused_); !text.empty()) complain_(whom_, std::move(text));
            return &b;
        }
        return nullptr;
    }
    /// The last block that begins at `p` or before it.
    [[nodiscard]] std::size_t block_before(const void* p) const noexcept {
        const auto at = reinterpret_cast<std::uintptr_t>(p), begin = reinterpret_cast<std::uintptr_t>(base_);
        if (blocks_.empty() || at < begin || at >= begin + top_) return none;
        const auto it = std::upper_bound(blocks_.begin(), blocks_.end(), at, [](std::uintptr_t a, const block& b) {
            return a < reinterpret_cast<std::uintptr_t>(b.p);
        });
        return it == blocks_.begin() ? none : static_cast<std::size_t>(it - blocks_.begin()) - 1;
    }

    // ---- what is said ---------------------------------------------------------------------------------------------

    static std::string by(const char* who, location at) {
        return std::string(who) + " (" + at.file_name() + ':' + std::to_string(at.line()) + ')';
    }
    static std::string describe(const block& b) {
        std::string text = "a block of " + std::to_string(b.size) + ", allocated by " + by(b.owner, b.allocated);
        if (b.is_free) text += ", freed by " + by(b.ender, b.deallocated);
        return text;
    }
    void complain_about(const char* what, const void* p, location at) const {
        std::string text = sentence_about(what, p, at);
        complain_(whom_, std::move(text));   // nothing else is alive here: nobody would destroy it
    }
    [[nodiscard]] std::string sentence_about(const char* what, const void* p, location at) const {
        std::string text = describe(p);
        if (const std::size_t i = block_before(p); i != none && blocks_[i].p == p) text = describe(blocks_[i]);
        if (text.empty()) {
            char hex[32];
            std::snprintf(hex, sizeof hex, "%p", p);
            text = std::string(hex) + ", which this schedule has not allocated";
        }
        return std::string(what) + ' ' + text + "; by " + by(running_().comm, at);
    }
    [[nodiscard]] std::string damage_of(std::size_t i) const {
#if BOTTOMHALF_ASAN
        return static_cast<void>(i), std::string();   // it has looked at each access
#else
        const block& b = blocks_[i];
        const std::size_t end = other(b.p, 0, b.is_free ? b.size : 0, freed);
        if (end != none) return "write after free: " + damaged(b, end);
        const std::size_t behind = other(b.p, b.size, b.room, red);
        if (behind != none) return "write beyond the end: " + damaged(b, behind);
        // Before it: the first one's, and what its alignment has cost.
        const char* const from = i == 0 ? base_ : blocks_[i - 1].p + blocks_[i - 1].room;
        const std::size_t before = other(from, 0, static_cast<std::size_t>(b.p - from), red);
        return before == none ? std::string() : "write before the beginning of " + describe(b);
#endif
    }
    static std::string damaged(const block& b, std::size_t at) {
        char text[64];
        std::snprintf(text, sizeof text, "byte %zu is 0x%02x in ", at, static_cast<unsigned char>(b.p[at]));
        return text + describe(b);
    }
    /// Where in [from, to) of `p` there is another than `byte`.
    static std::size_t other(const char* p, std::size_t from, std::size_t to, unsigned char byte) noexcept {
        const std::uint64_t eight = byte * std::uint64_t{0x0101010101010101};
        for (std::size_t i = from; i < to;) {
            std::uint64_t word;
            if (to - i >= sizeof word && (std::memcpy(&word, p + i, sizeof word), word == eight)) {
                i += sizeof word;
                continue;
            }
            if (static_cast<unsigned char>(p[i]) != byte) return i;
            ++i;
        }
        return none;
    }
    static void poison([[maybe_unused]] const char* p, [[maybe_unused]] std::size_t n) noexcept {
#if BOTTOMHALF_ASAN
        ASAN_POISON_MEMORY_REGION(p, n);
#endif
    }
    static void unpoison([[maybe_unused]] const char* p, [[maybe_unused]] std::size_t n) noexcept {
#if BOTTOMHALF_ASAN
        ASAN_UNPOISON_MEMORY_REGION(p, n);
#endif
    }
};

}   // namespace bottomhalf::sim
