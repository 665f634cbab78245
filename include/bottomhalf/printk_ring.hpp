// SPDX-License-Identifier: MIT
// printk_ring.hpp: what printk() says in a top half, and who prints it.
//
// A top half must not wait until somebody reads what it prints, least of all if that is the very code which it has
// interrupted.  So its messages go into a ring, and a thread of the default machine, "printk", writes them: woken by the
// first message, started by the first of all.  Whoever says something in process context writes it himself, after what the
// ring holds, so that messages appear in the order in which they were made.  A ring that is full drops what a top half
// says, and how much that was is printed with what comes next.
//
//   printk_ring<Arch>::put(text, length);
//
// A record is a word that says what follows and how long that is, and the text.  Its place is reserved by one exchange of
// the head, so whoever is interrupted while he copies holds nobody up but the printing, until he is back.
//
// In the simulator a top half interrupts nobody inside stdio, and a write is no step: everything is written at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>

#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/machine.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/workqueue.hpp>

namespace bottomhalf {

namespace detail {

/// Any number of producers, in any context; one consumer at a time.
template <class Arch>
class text_ring {
    using word = typename Arch::template atomic_ref<std::uint64_t>;

public:
    static constexpr std::size_t words = 16'384;   // 128 KiB, none of it touched before it is used

    /// Wait-free but for other producers.  Return: false if there is no room.
    bool push(const char* text, std::size_t n, bool continues = false) noexcept {
        const std::uint64_t need = 1 + (n + 7) / 8;
        word head(head_);
        std::uint64_t at = head.load(relaxed), fill;   // relaxed: the exchange decides
        do {
            const std::uint64_t left = words - at % words;   // a text is in one piece
            fill = left < need ? left : 0;
            // acquire: who had the place before is done with it.  [ring.free]  A tail that is ahead of our head: we are late.
            const std::uint64_t tail = word(tail_).load(acquire);
            if (static_cast<std::int64_t>(at + fill + need - tail) > static_cast<std::int64_t>(words)) return false;
            // relaxed: the place is ours; what is in it is published by its first word
        } while (!head.compare_exchange_weak(at, at + fill + need, relaxed, relaxed));
        if (fill != 0) word(words_[at % words]).store(fill << 2 | filling, release);   // [ring.record]
        std::uint64_t* record = &words_[(at + fill) % words];
        std::memcpy(record + 1, text, n);
        word(*record).store(n << 2 | (continues ? continued : message), release);   // [ring.record]
        return true;
    }
    /// Whether all that was said before has been taken.
    [[nodiscard]] bool is_empty() noexcept {
        // relaxed: what happened before this call is seen without; and a place is given back only when its text is out.
        return word(tail_).load(relaxed) == word(head_).load(relaxed);
    }
    /// take(text, n, whether it goes on with a line) for the oldest message.  Context: one caller at a time, ordered by whoever lets him in.
    /// Return: false if there is none, or whoever makes it is not done.
    template <class F>
    bool pop(F take) noexcept {
        while (true) {
            const std::uint64_t at = word(tail_).load(relaxed);   // relaxed: ours
            std::uint64_t* record = &words_[at % words];
            const std::uint64_t first = word(*record).load(acquire);   // [ring.record]
            if (first == 0) return false;
            const bool is_message = (first & 3) != filling;
            std::uint64_t size = first >> 2;
            if (is_message) {
                take(reinterpret_cast<const char*>(record + 1), static_cast<std::size_t>(size),
                     (first & 3) == continued);
                size = 1 + (size + 7) / 8;
            }
            std::memset(record, 0, size * sizeof *record);   // any word of it may be a first one the next time
            word(tail_).store(at + size, release);           // [ring.free]
            if (is_message) return true;
        }
    }

private:
    enum : std::uint64_t { message = 1, filling = 2, continued = 3 };   // up to the end; sizes in bytes, and in words

    alignas(64) std::uint64_t head_ = 0;   // A: words ever reserved
    alignas(64) std::uint64_t tail_ = 0;   // A [ring.free] words ever given back
    std::uint64_t words_[words] = {};      // first words: A [ring.record]
};

}   // namespace detail

template <class Arch>
class printk_ring : public machine_companion {
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    constexpr printk_ring() noexcept : machine_companion{&stop} {}

    /// Context: any, async-signal-safe.
    static void put(const char* text, std::size_t n, bool continues = false) noexcept {
        if constexpr (Arch::simulated) {
            arch::write_message(text, n, continues);
        } else {
            printk_ring& r = the_;
            const bool above = context<Arch>::has_interrupted();
            // The thread that prints, and whoever may have been at it, are the parent's.
            if (workqueue_ops<Arch>::in_child() || (!above && r.ring_.is_empty()))
                return arch::write_message(text, n, continues);
            if (above) {
                if (!r.ring_.push(text, n, continues)) r.count_dropped();
                return r.call();
            }
            // There is room as soon as somebody reads stderr, and he who writes to it would have to wait for that anyhow;
            // but not for himself, below us: we may be in a signal handler that is the program's own.
            for (unsigned round = 0; !r.ring_.push(text, n, continues); Arch::relax(round++)) {
                if (r.is_mine()) return arch::write_message(text, n, continues);
                r.print();
            }
            r.print();
        }
    }
    /// How many messages there was no room for.
    [[nodiscard]] static std::uint64_t dropped() noexcept {
        return atomic<std::uint64_t>(the_.dropped_).load(relaxed);   // relaxed: a count
    }
    /// Prints what waits, unless somebody else is at it.  Context: process.
    static void flush() noexcept { the_.print(); }

private:
    void count_dropped() noexcept { atomic<std::uint64_t>(dropped_).fetch_add(1, relaxed); }   // relaxed: a count

    /// Writes what is there.  If somebody else is at it, he will look again.
    void print() noexcept {
        atomic<std::uint64_t> turn(turn_);
        const std::uint64_t mine = static_cast<std::uint64_t>(Arch::thread_id()) << 32 | 1;
        // [ring.turn] Whoever finds it taken has made his message before, and is counted; whoever lets go sees the count.
        std::uint64_t seen = turn.load(relaxed);   // relaxed: the exchange decides
        while (!turn.compare_exchange_weak(seen, seen == 0 ? mine : seen + 1, acq_rel, relaxed)) {}
        if (seen != 0) return;
        seen = mine;
        do {
            do tell_dropped();
            while (ring_.pop(&arch::write_message));
        } while (!turn.compare_exchange_strong(seen, 0, acq_rel, acquire));
    }
    [[nodiscard]] bool is_mine() noexcept {   // relaxed: what it says of us is what we have written
        return atomic<std::uint64_t>(turn_).load(relaxed) >> 32 == static_cast<std::uint64_t>(Arch::thread_id());
    }
    void tell_dropped() noexcept {
        const std::uint64_t n = dropped();
        if (n == told_) [[likely]]
            return;
        char line[64];
        const int size = std::snprintf(line, sizeof line, "** %llu printk messages dropped **\n",
                                       static_cast<unsigned long long>(n - told_));
        told_ = n;
        arch::write_message(line, static_cast<std::size_t>(size), false);
    }

    /// Somebody else shall print.  Context: any, async-signal-safe.
    void call() noexcept {
        const bool asleep = atomic<std::uint32_t>(calls_).exchange(1, acq_rel) == 0;   // [ring.call] the message
        if (atomic<std::uint32_t>(there_).load(acquire) == 0) [[unlikely]]
            default_machine_of<Arch>().call_for(&start);
        else if (asleep)
            Arch::unpark(calls_, 1);
    }
    /// Context: the timekeeper's thread.  Without a thread to be had, the next message in process context brings the others.
    static void start(basic_machine<Arch>& m) noexcept {
        printk_ring& r = the_;
        // Whoever has called for us may have done so when the thread was there, asleep already, and not known to be.
        if (atomic<std::uint32_t>(r.there_).load(acquire) != 0) return Arch::unpark(r.calls_, 1);
        if (r.thread_ == nullptr) r.thread_ = new (std::nothrow) typename Arch::thread;
        atomic<std::uint32_t>(r.stops_).store(0, relaxed);   // relaxed: nobody is there yet
        if (r.thread_ == nullptr ||
            !Arch::spawn(
                *r.thread_, 0, "printk", false, [](void* p) { static_cast<printk_ring*>(p)->run(); }, &r))
            return;
        atomic<std::uint32_t>(r.there_).store(1, release);
        m.accompany(r);
    }
    void run() noexcept {
        atomic<std::uint32_t> calls(calls_);
        while (true) {
            calls.exchange(0, acq_rel);   // [ring.call]
            const bool last = atomic<std::uint32_t>(stops_).load(acquire) != 0;
            print();
            if (last) return;
            Arch::park(calls_, 0, arch::forever, "a message");
        }
    }
    static void stop(machine_companion& c, bool, arch::ns_t deadline, location at) noexcept {
        auto& r = static_cast<printk_ring&>(c);
        atomic<std::uint32_t>(r.stops_).store(1, release);
        atomic<std::uint32_t>(r.calls_).exchange(1, acq_rel);
        Arch::unpark(r.calls_, 1);
        const bool ended = Arch::join_until(*r.thread_, deadline);
        atomic<std::uint32_t>(r.there_).store(0, release);
        if (ended)
            r.print();
        else
            detail::say(channel::advice, severity::warn, "machine", at,
                        "at exit: what a top half has said waits until somebody reads stderr");
    }

    detail::text_ring<Arch> ring_;
    typename Arch::thread* thread_ = nullptr;   // made once, and never destroyed: the end of the program may come first
    std::uint64_t dropped_ = 0;                 // A
    std::uint64_t told_ = 0;                    // of whoever prints
    std::uint64_t turn_ = 0;    // A [ring.turn] which thread prints, and how many have found it at that; 0: nobody
    std::uint32_t calls_ = 0;   // A [ring.call] what the thread sleeps on
    std::uint32_t there_ = 0;   // A: the thread
    std::uint32_t stops_ = 0;   // A

    BOTTOMHALF_STATE static printk_ring the_;
};

template <class Arch>
BOTTOMHALF_STATE inline constinit printk_ring<Arch> printk_ring<Arch>::the_{};

}   // namespace bottomhalf
