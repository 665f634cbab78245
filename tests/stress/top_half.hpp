// SPDX-License-Identifier: MIT
//
// What a top half may call, while the thread that it interrupts does nothing but malloc(), free() and printf(): printk(),
// and kmalloc(GFP_ATOMIC) and kfree(); and so may the tasklet that it schedules, which runs at its end, still above that
// thread.  Either facade: the test that includes this says which.
//
// The books: what was said is what was printed, each line whole, in the order in which it was said, and what was dropped;
// what is printed about the dropped ones says the same.  Every block is there and is one's own.
//
// BOTTOMHALF_INTERRUPTS in the environment: how many top halves.
#pragma once

#include <array>
#include <atomic>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "storm.hpp"
#include "support/catch.hpp"

namespace top_half {

using engine = bottomhalf::arch::threads;
using bottomhalf::location;

// Relaxed throughout: counts, looked at when all is over, and hints.
constexpr auto relaxed = std::memory_order_relaxed;

inline unsigned long wanted() {
    const char* env = std::getenv("BOTTOMHALF_INTERRUPTS");
    return env != nullptr ? std::strtoul(env, nullptr, 10) : storm::rounds(30'000);
}

enum speaker : unsigned { top, softirq, process, nr_speakers };
inline constexpr const char* names[] = {"top", "tasklet", "process"};

/// What the interrupts' side has done.  Its own CPU's only, but for `handled`.
struct books {
    std::atomic<unsigned long> said[nr_speakers] = {};
    std::atomic<unsigned long> handled{0}, above_victim{0}, blocks{0}, nulls{0}, broken{0}, exchanged{0};
    std::atomic<void*> handed{nullptr};   // a block on its way from the victim to a top half
    std::atomic<pid_t> victim{0};
    std::atomic<bool> stops{false};
};
inline books b;

inline char letter(unsigned i) { return static_cast<char>('a' + i % 26); }
/// One line: who, the how manieth of his, behind how many of the top half's, and as many letters as that says.
inline void say(speaker who, storm::dice& dice) {
    char letters[900];
    const unsigned n = dice.below(dice.one_in(50) ? sizeof letters : 40);
    for (unsigned i = 0; i < n; ++i) letters[i] = letter(i);
    const unsigned long behind = b.said[top].load(relaxed);
    printk(KERN_INFO "%s %lu %lu %u %.*s\n", names[who], b.said[who].fetch_add(1, relaxed), behind, n,
           static_cast<int>(n), letters);
}
/// Some block of the reserve: it must hold what we write until we give it back.
inline void* take_block(storm::dice& dice, std::size_t& size) {
    static constexpr std::size_t largest[] = {16, 64, 200, 1024, 4096};
    size = 1 + dice.below(static_cast<unsigned>(largest[dice.below(5)]));
    void* p = kmalloc(size, GFP_ATOMIC);
    (p != nullptr ? b.blocks : b.nulls).fetch_add(1, relaxed);
    if (p != nullptr) std::memset(p, static_cast<int>(size & 0xff), size);
    return p;
}
inline void give_block(void* p, std::size_t size) {
    if (p == nullptr) return;
    const auto* bytes = static_cast<const unsigned char*>(p);
    if (bytes[0] != (size & 0xff) || bytes[size - 1] != (size & 0xff)) b.broken.fetch_add(1, relaxed);
    kfree(p);
}
inline void use_blocks(storm::dice& dice) {
    std::size_t first_size, second_size;
    void* first = take_block(dice, first_size);
    void* second = take_block(dice, second_size);
    give_block(first, first_size);
    give_block(second, second_size);
}

inline void in_top_half() {
    static storm::dice dice(1);
    b.handled.fetch_add(1, relaxed);
    if (engine::thread_id() == b.victim.load(relaxed)) b.above_victim.fetch_add(1, relaxed);
    say(top, dice);
    use_blocks(dice);
    if (void* p = b.handed.exchange(nullptr, std::memory_order_acquire)) {
        kfree(p);   // malloc()'s
        b.exchanged.fetch_add(1, relaxed);
    }
}
inline void in_tasklet() {
    static storm::dice dice(2);
    say(softirq, dice);
    use_blocks(dice);
}

/// The thread that takes the interrupts does this, and nothing else.
inline void be_victim(bottomhalf::work_item*) {
    storm::dice dice(3);
    std::FILE* sink = std::fopen("/dev/null", "w");
    b.victim = engine::thread_id();
    std::array<void*, 64> held = {};
    for (unsigned long i = 0; !b.stops.load(relaxed); ++i) {
        void*& p = held[dice.below(held.size())];
        std::free(p);
        p = std::malloc(1 + dice.below(dice.one_in(50) ? 300'000 : 2000));
        std::fprintf(sink, "%lu %p %f\n", i, p, static_cast<double>(i) / 3);
        if (i % 64 == 0) say(process, dice);
        if (i % 16 == 0 && b.handed.load(relaxed) == nullptr) {
            void* gift =
                kmalloc(1500 + dice.below(3000), GFP_KERNEL);   // too large for what malloc() does without a lock
            kfree(b.handed.exchange(gift, std::memory_order_acq_rel));
        }
    }
    for (void* p : held) std::free(p);
    kfree(b.handed.exchange(nullptr, std::memory_order_acquire));
    std::fclose(sink);
}

/// Reads what is printed, and checks it line by line.
class reader {
public:
    unsigned long printed[nr_speakers] = {}, dropped = 0, torn = 0, out_of_order = 0;
    std::string first_torn;

    void read_all(int fd) {
        std::string text;
        std::array<char, 1 << 16> more;
        for (unsigned long pause = 0; !ended_;) {
            // Now and then nobody reads for a while: the pipe is full, the victim waits in write(), and then the ring is full.
            // Not under TSan, which lets no signal through to a thread that waits there.
            if (const unsigned long lines = printed[top] + printed[process]; lines >= pause && !BOTTOMHALF_TSAN) {
                pause = lines + 40'000;
                const unsigned long until = b.handled.load(relaxed) + 5000;
                while (b.handled.load(relaxed) < until && !b.stops.load(relaxed)) engine::relax(64);
            }
            const ssize_t n = ::read(fd, more.data(), more.size());
            if (n <= 0) break;
            text.append(more.data(), static_cast<std::size_t>(n));
            std::size_t from = 0;
            for (std::size_t to; (to = text.find('\n', from)) != std::string::npos; from = to + 1)
                line(std::string_view(text).substr(from, to - from));
            text.erase(0, from);
        }
        if (!text.empty()) tear(text);
    }

private:
    long last_[nr_speakers] = {-1, -1, -1};
    unsigned long behind_ = 0;   // how many of the top half's have been said by now
    bool ended_ = false;

    void tear(std::string_view text) {
        if (torn++ == 0) first_torn = text;
    }
    void line(std::string_view text) {
        unsigned long nr = 0, behind = 0;
        unsigned n = 0;
        int used = 0;
        char who[16];
        const std::string s(text);
        if (s == "the end") {
            ended_ = true;
        } else if (std::sscanf(s.c_str(), "** %lu printk messages dropped **%n", &nr, &used) == 1 &&
                   static_cast<std::size_t>(used) == s.size()) {
            dropped += nr;
        } else if (std::sscanf(s.c_str(), "%15s %lu %lu %u %n", who, &nr, &behind, &n, &used) == 4 &&
                   s.size() == static_cast<std::size_t>(used) + n && (n == 0 || s.back() == letter(n - 1))) {
            for (unsigned i = 0; i < nr_speakers; ++i) {
                if (std::strcmp(who, names[i]) != 0) continue;
                ++printed[i];
                if (static_cast<long>(nr) <= last_[i] || (i == top && nr < behind_)) ++out_of_order;
                last_[i] = static_cast<long>(nr);
                if (behind > behind_) behind_ = behind;
                return;
            }
            tear(text);
        } else {
            tear(text);
        }
    }
};

/// `line` is raised from here until it has been handled as often as wanted.  Its handler calls in_top_half(), and schedules
/// a tasklet that calls in_tasklet().
inline void run(unsigned line, void (*kill_tasklet)()) {
    bottomhalf::basic_machine<engine>& m = bottomhalf::default_machine_of<engine>();
    const unsigned long n = wanted();
    storm::seed();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const int stderr_before = ::dup(STDERR_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    reader r;
    std::thread reading([&] { r.read_all(ends[0]); });

    bottomhalf::work_item victim{};
    victim.func = &be_victim;
    bottomhalf::workqueue_ops<engine>::queue_work_on(0, m.events(location::current()), victim, location::current());
    for (unsigned round = 0; b.victim.load(relaxed) == 0; ++round) engine::relax(round);

    const std::uint64_t before = m.irqs().count(line);
    unsigned long raised = 0;
    // Until the rarest has been seen, too: a top half that frees what malloc() gave.
    const auto goes_on = [n] {
        const unsigned long handled = b.handled.load(relaxed);
        return handled < n || (b.exchanged.load(relaxed) == 0 && handled < 50 * n);
    };
    while (goes_on()) {
        m.irqs().raise(line);
        ++raised;
        // One at a time mostly; some meet one that is under way.
        const unsigned long seen = b.handled.load(relaxed);
        for (unsigned i = 0; i < 2000 && raised % 8 != 0 && b.handled.load(relaxed) == seen; ++i) engine::relax(0);
    }
    b.stops = true;
    bottomhalf::workqueue_ops<engine>::flush_workqueue(m.events(location::current()), location::current());
    m.irqs().synchronize(line);
    const std::uint64_t counted = m.irqs().count(line) - before;
    kill_tasklet();   // who may be scheduled once more than he has run
    printk("the end\n");
    reading.join();
    ::dup2(stderr_before, STDERR_FILENO);
    ::close(stderr_before), ::close(ends[0]), ::close(ends[1]);

    const std::uint64_t dropped = bottomhalf::printk_ring<engine>::dropped();
    const auto said = [](speaker s) { return b.said[s].load(relaxed); };
    std::printf(
        "raised %lu, handled %lu, of which %lu above malloc() and printf(); tasklets %lu; printed %lu + %lu + %lu, "
        "dropped %lu; blocks %lu, null %lu, of malloc()'s freed in a top half %lu\n",
        raised, b.handled.load(relaxed), b.above_victim.load(relaxed), said(softirq), r.printed[top],
        r.printed[softirq], r.printed[process], static_cast<unsigned long>(dropped), b.blocks.load(relaxed),
        b.nulls.load(relaxed), b.exchanged.load(relaxed));
    // A handler of 2.6 runs with interrupts on: what comes meanwhile makes it run once more, and is not counted again.
    CHECK(counted <= b.handled.load(relaxed));
    CHECK(said(top) == b.handled.load(relaxed));
    CHECK(b.above_victim.load(relaxed) > n / 2);
    CHECK(r.printed[top] + r.printed[softirq] + r.printed[process] + dropped ==
          said(top) + said(softirq) + said(process));
    CHECK(r.printed[process] == said(process));   // those are never dropped
    CHECK(r.dropped == dropped);
    INFO(r.first_torn);
    CHECK(r.torn == 0);
    CHECK(r.out_of_order == 0);
    CHECK(b.nulls.load(relaxed) == 0);
    CHECK(b.broken.load(relaxed) == 0);
    CHECK(b.exchanged.load(relaxed) > 0);
    CHECK((dropped > 0 || BOTTOMHALF_TSAN || n < 10'000));
}

}   // namespace top_half
