// SPDX-License-Identifier: MIT
// trace_ring.hpp: what happened last, in a ring that any context may write.  Not for users: trace.hpp.
//
// A place is reserved by one fetch_add, so nobody waits for anybody: not a top half for the code that it interrupts, nor for a
// thread that is not running.  The oldest record gives way.  A writer who is overtaken by a whole round while he writes keeps
// his place, and what would have come there is dropped: to a reader it is as if it had been overwritten.
//
// Engines do not see these accesses: to trace is no step of the simulator's, so the same seed makes the same schedule whether
// or not somebody looks on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include <bottomhalf/arch/arch.hpp>

namespace bottomhalf::arch {

/// Copied as words, by a reader who finds out afterwards whether he was overtaken.
struct alignas(64) trace_record {
    ns_t at = 0;                       // the engine's clock
    const void* object = nullptr;      // what it happened to
    const void* function = nullptr;    // of the user's
    std::uint64_t a = 0, b = 0;        // the event's own
    std::uint32_t preempt_count = 0;   // bits as in the kernel, see context.hpp
    std::int32_t pid = 0;
    std::int16_t cpu = 0;   // emulated
    std::uint8_t event = 0;
    std::uint8_t irqs_off = 0;
    char comm[comm_len] = {};   // the thread's name
    char text[116] = {};        // a name or a message, cut to what is here
};
static_assert(sizeof(void*) != 8 || sizeof(trace_record) == 192);

/// `Atomic`, `Record`: a test on the simulator has its own, with which each access is a step, and there are few.
template <template <class> class Atomic = std::atomic_ref, class Record = trace_record>
class basic_trace_ring {
    using word = std::uint64_t;
    static constexpr std::size_t words = sizeof(Record) / sizeof(word);
    struct slot {
        word state = 0;   // A [trace.slot] 0: never written, 2n+1: the n-th record is being written, 2n+2: it is there
        word record[words] = {};
    };

public:
    basic_trace_ring() = default;
    basic_trace_ring(const basic_trace_ring&) = delete;
    basic_trace_ring& operator=(const basic_trace_ring&) = delete;
    ~basic_trace_ring() { delete[] slots_; }

    /// `n` is a power of two.  Before anybody writes.  Return: false if there is no memory.
    bool allocate(std::size_t n) noexcept {
        slots_ = new (std::nothrow) slot[n];
        mask_ = slots_ == nullptr ? 0 : n - 1;
        return slots_ != nullptr;
    }

    /// Context: any, async-signal-safe.
    BOTTOMHALF_UNSEEN void put(const Record& r) noexcept {
        const word n = Atomic<word>(head_).fetch_add(1, relaxed);   // relaxed: the place is ours, that is all
        slot& s = slots_[n & mask_];
        Atomic<word> state(s.state);
        word was = state.load(relaxed);   // relaxed: the exchange decides
        // acquire: whoever wrote here before is done.  One who is not keeps the place, and so does one of a later round.
        if ((was & 1) != 0 || was > 2 * n || !state.compare_exchange_strong(was, 2 * n + 1, acquire, relaxed)) return;
        word from[words];
        std::memcpy(from, &r, sizeof from);
        // [trace.slot] release: a reader who sees any word of this record sees, when he looks again, that the old one is gone.
        for (std::size_t i = 0; i < words; ++i) Atomic<word>(s.record[i]).store(from[i], release);
        state.store(2 * n + 2, release);   // [trace.slot] the words
    }

    /// How many have been reserved, ever.
    /// relaxed: a number; what is behind it, get() asks for.
    [[nodiscard]] std::uint64_t head() const noexcept { return Atomic<word>(const_cast<word&>(head_)).load(relaxed); }
    [[nodiscard]] std::size_t capacity() const noexcept { return mask_ + 1; }

    /// The n-th record.  Return: false if it was overwritten, or dropped, or somebody is at it.
    bool get(std::uint64_t n, Record& to) const noexcept {
        slot& s = slots_[n & mask_];
        Atomic<word> state(s.state);
        if (state.load(acquire) != 2 * n + 2) return false;   // [trace.slot]
        word into[words];
        // [trace.slot] acquire: with the writer's release; no fences, which ThreadSanitizer does not know
        for (std::size_t i = 0; i < words; ++i) into[i] = Atomic<word>(s.record[i]).load(acquire);
        if (state.load(relaxed) != 2 * n + 2) return false;   // relaxed: behind the acquires
        std::memcpy(static_cast<void*>(&to), into, sizeof into);
        return true;
    }

private:
    alignas(64) word head_ = 0;           // A: records ever reserved
    alignas(64) slot* slots_ = nullptr;   // I
    word mask_ = 0;                       // I
};
using trace_ring = basic_trace_ring<>;

/// A ring for each CPU, and which events are written down.
class trace_rings {
public:
    constexpr trace_rings() = default;
    trace_rings(const trace_rings&) = delete;
    trace_rings& operator=(const trace_rings&) = delete;

    /// Bits of events.  relaxed: whoever starts it hears of what begins afterwards, or a little earlier.  Context: any.
    [[nodiscard]] std::uint32_t wanted() const noexcept {
        return std::atomic_ref(const_cast<std::uint32_t&>(wanted_)).load(relaxed);
    }
    void want(std::uint32_t events) noexcept { std::atomic_ref(wanted_).store(events, relaxed); }   // relaxed: likewise

    /// `nr` and `records` are powers of two; those of the first call count.  Context: process; allocates.
    /// Return: false if there is no memory.
    bool allocate(std::uint32_t nr, std::size_t records) noexcept {
        if (rings() != nullptr) return true;
        auto* made = new (std::nothrow) set{new (std::nothrow) trace_ring[nr], nr};
        bool ok = made != nullptr && made->ring != nullptr;
        for (std::uint32_t i = 0; ok && i < nr; ++i) ok = made->ring[i].allocate(records);
        set* none = nullptr;
        if (ok && std::atomic_ref(set_).compare_exchange_strong(none, made, acq_rel)) return true;   // [trace.rings]
        if (made != nullptr) delete[] made->ring;
        delete made;
        return ok;   // somebody was faster, or there is no memory
    }
    /// Context: any.
    void put(unsigned cpu, const trace_record& r) noexcept {
        if (set* const s = rings()) s->ring[cpu & (s->nr - 1)].put(r);
    }
    /// f(ring, its number) for each.
    template <class F>
    void for_each(F f) const {
        set* const s = rings();
        for (std::uint32_t i = 0; s != nullptr && i < s->nr; ++i) f(s->ring[i], i);
    }
    [[nodiscard]] std::uint32_t nr() const noexcept {
        set* const s = rings();
        return s == nullptr ? 0 : s->nr;
    }

private:
    struct set {
        trace_ring* ring;
        std::uint32_t nr;
    };
    [[nodiscard]] set* rings() const noexcept {
        return std::atomic_ref(const_cast<set*&>(set_)).load(acquire);   // [trace.rings]
    }
    std::uint32_t wanted_ = 0;   // A
    set* set_ = nullptr;         // A [trace.rings]
};

}   // namespace bottomhalf::arch
