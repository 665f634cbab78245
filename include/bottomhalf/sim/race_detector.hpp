// SPDX-License-Identifier: MIT
// race_detector.hpp: two accesses to the same memory, one of them a write, that nothing orders.
//
// What orders is what the library promises its users: a release and the acquire that reads it, fences around relaxed
// accesses, a wake-up and who wakes, the start of a task, and the wait for its end.  That one has run before the other in
// this schedule does not.  Each task has a clock of what it knows of all the others (FastTrack: Flanagan and Freund, 2009);
// a piece of memory remembers its last accesses and when they were, and who comes next must know of them.
//
// Marked accesses (READ_ONCE(), WRITE_ONCE(), atomics, volatile) do not race with each other, as the kernel has it, but do
// with plain ones.  An interrupt belongs to the task that it has interrupted: between the two there is an order, though
// the driver may have wished for another.  What memory is freed takes its past with it.
//
// Memory has a bound.  When it is reached the oldest is forgotten: a race may go unseen then, none is invented.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/context.hpp>

namespace bottomhalf::sim {

class race_detector final : public arch::sim_watcher {
public:
    /// One access, as it is remembered.
    struct access {
        std::uint32_t when = 0;   // by its task's own clock
        std::int32_t pid = 0;
        const void* pc = nullptr;
        std::uint32_t number = 0;   // of all accesses
        std::uint8_t bytes = 0;     // of the eight: a bit each
        bool writes = false, marked = false;
        enum : std::uint8_t { process, softirq, hardirq } in = process;
    };
    /// Hears of a race: `before` has been, `now` is about to be.  Need not return.
    using listener = void(const race_detector& by, const access& before, const access& now);

    explicit race_detector(listener* hears) : hears_(hears) {}

    /// Knows of nothing any more.
    void begin() {
        if (pieces_.empty()) pieces_.resize(nr_pieces), syncs_.resize(nr_syncs);
        if (++run_ == 0) run_ = 1, forget_runs();
        number_ = 0;
        nr_synced_ = 0;
        full_ = false;
        tasks_.resize(std::max<std::size_t>(tasks_.size(), 2));
        for (party& t : tasks_) t.knows.clear(), t.released.clear(), t.pending.clear(), t.comm[0] = '\0';
        stacks_.clear();
    }
    /// As it was called when it last did something that was looked at: threads of ours are named once they run.
    [[nodiscard]] const char* name(std::int32_t pid) const noexcept {
        const auto i = static_cast<std::size_t>(pid);
        return i < tasks_.size() && tasks_[i].comm[0] != '\0' ? tasks_[i].comm : "main";
    }
    /// How many accesses were looked at in this run.
    [[nodiscard]] std::uint32_t accesses() const noexcept { return number_; }

    // ---- what orders ----------------------------------------------------------------------------------------------

    void atomic(const volatile void* at, std::size_t size, arch::sim_access kind, std::memory_order order,
                const void* pc) noexcept override {
        using arch::sim_access;
        note(at, size, kind != sim_access::load, true, pc);
        party& me = running();
        const bool acquires = kind != sim_access::store && order != relaxed && order != release;
        const bool releases =
            kind != sim_access::load && order != relaxed && order != acquire && order != std::memory_order_consume;
        // A load needs to be looked up only: what nobody has released to teaches nobody anything.
        sync* const s = find_sync(reinterpret_cast<std::uintptr_t>(at), releases || !me.released.empty());
        if (s == nullptr) return;
        if (kind != sim_access::store) join(acquires ? me.knows : me.pending, s->carries);
        if (kind == sim_access::load) return;
        // A store ends what earlier releases have begun; a read-modify-write hands it on.
        if (kind == sim_access::store) s->carries.clear();
        join(s->carries, releases ? me.knows : me.released);
        if (releases) ++own(me);
    }
    void fence(std::memory_order order) noexcept override {
        party& me = running();
        if (order != relaxed && order != release) join(me.knows, me.pending);
        if (order == relaxed || order == acquire || order == std::memory_order_consume) return;
        me.released = me.knows;
        ++own(me);
    }
    void orders(const arch::task& before, const arch::task& after) noexcept override {
        party& first = of(before.pid);
        own(first, before.pid);
        const clock was = first.knows;   // of() may move them
        join(of(after.pid).knows, was);
        ++own(of(before.pid), before.pid);
    }
    void begins(const arch::task& who, const void* stack, std::size_t size) noexcept override {
        arch::set_comm(of(who.pid).comm, who.comm);
        const auto from = reinterpret_cast<std::uintptr_t>(stack);
        const auto same = [from](const stack_of& s) { return s.from == from; };
        const auto it = std::find_if(stacks_.begin(), stacks_.end(), same);
        stack_of& s = it != stacks_.end() ? *it : stacks_.emplace_back();
        s = {from, from + size, number_};
    }

    // ---- what is to be ordered ------------------------------------------------------------------------------------

    void plain(const volatile void* at, std::size_t size, bool writes, bool marked, const void* pc) noexcept override {
        note(at, size, writes, marked, pc);
    }
    void forget(const volatile void* at, std::size_t size) noexcept override {
        if (nr_used_ == 0) return;
        const auto from = reinterpret_cast<std::uintptr_t>(at);
        if (size / 8 > nr_pieces) {   // rather all than one after the other
            for (piece& p : pieces_)
                if (p.granule * 8 >= from && p.granule * 8 < from + size) p.n = 0;
            return;
        }
        for (std::uintptr_t g = from / 8; g * 8 < from + size; ++g)
            if (piece* const p = find_piece(g, false); p != nullptr) p->n = 0;
    }

private:
    using clock = std::vector<std::uint32_t>;   // by pid; what is not there is 0
    struct party {
        clock knows;                      // of each task: until when
        clock released;                   // by a fence, for the relaxed stores that follow
        clock pending;                    // from relaxed loads, for the fence that follows
        char comm[arch::comm_len] = {};   // the task may be gone when its name is asked for
    };
    struct sync {
        std::uintptr_t at = 0;
        std::uint32_t run = 0;
        clock carries;
    };
    struct piece {
        static constexpr unsigned room = 6;
        std::uintptr_t granule = 0;   // address / 8
        std::uint32_t run = 0;
        std::uint8_t n = 0, oldest = 0;
        access last[room];
    };
    struct stack_of {
        std::uintptr_t from = 0, to = 0;
        std::uint32_t since = 0;   // it has the owner that it has now
    };
    static constexpr std::size_t nr_pieces = std::size_t{1} << 14;   // 3 MB
    static constexpr std::size_t nr_syncs = std::size_t{1} << 13;
    static constexpr std::size_t longest = 4096;   // bytes of one access that are looked at

    listener* hears_;
    std::vector<party> tasks_;
    std::vector<piece> pieces_;
    std::vector<sync> syncs_;
    std::vector<stack_of> stacks_;
    std::uint32_t run_ = 0, number_ = 0;
    std::size_t nr_synced_ = 0, nr_used_ = 0;
    bool full_ = false;   // a clock could not be kept: nothing that is said from here on would be sure

    party& of(std::int32_t pid) {
        const auto i = static_cast<std::size_t>(pid);
        if (i >= tasks_.size()) tasks_.resize(i + 1);
        return tasks_[i];
    }
    party& running() { return of(arch::sim::current().pid); }
    std::uint32_t& own(party& p) { return own(p, arch::sim::current().pid); }
    /// It begins with 1: 0 is what everybody knows of everybody.
    static std::uint32_t& own(party& p, std::int32_t pid) {
        const auto i = static_cast<std::size_t>(pid);
        if (i >= p.knows.size()) p.knows.resize(i + 1);
        if (p.knows[i] == 0) p.knows[i] = 1;
        return p.knows[i];
    }
    static void join(clock& to, const clock& from) {
        if (to.size() < from.size()) to.resize(from.size());
        for (std::size_t i = 0; i < from.size(); ++i) to[i] = std::max(to[i], from[i]);
    }
    static std::size_t hash(std::uintptr_t x) noexcept {
        return static_cast<std::size_t>(x * 0x9e3779b97f4a7c15 >> 40);
    }
    void forget_runs() {
        for (piece& p : pieces_) p.run = 0;
        for (sync& s : syncs_) s.run = 0;
    }
    /// Return: null if there is none, and none is `wanted` or to be had.
    sync* find_sync(std::uintptr_t at, bool wanted) {
        std::size_t i = hash(at) & (nr_syncs - 1);
        for (; syncs_[i].run == run_; i = (i + 1) & (nr_syncs - 1))
            if (syncs_[i].at == at) return &syncs_[i];
        if (!wanted) return nullptr;
        if (nr_synced_ >= nr_syncs / 2) return full_ = true, nullptr;
        ++nr_synced_;
        syncs_[i].at = at;
        syncs_[i].run = run_;
        syncs_[i].carries.clear();
        return &syncs_[i];
    }
    piece* find_piece(std::uintptr_t granule, bool wanted) noexcept {
        constexpr std::size_t reach = 8;
        const std::size_t first = hash(granule);
        piece* eldest = nullptr;
        for (std::size_t i = 0; i < reach; ++i) {
            piece& p = pieces_[(first + i) & (nr_pieces - 1)];
            if (p.run == run_ && p.granule == granule) return &p;
            if (p.run != run_) {
                eldest = &p;
                break;
            }
            if (eldest == nullptr || latest(p) < latest(*eldest)) eldest = &p;
        }
        if (!wanted) return nullptr;
        ++nr_used_;
        eldest->granule = granule;
        eldest->run = run_;
        eldest->n = eldest->oldest = 0;
        return eldest;
    }
    static std::uint32_t latest(const piece& p) noexcept {
        std::uint32_t number = 0;
        for (unsigned i = 0; i < p.n; ++i) number = std::max(number, p.last[i].number);
        return number;
    }

    void note(const volatile void* at, std::size_t size, bool writes, bool marked, const void* pc) noexcept {
        const arch::task& who = arch::sim::current();
        party& me = of(who.pid);
        std::memcpy(me.comm, who.comm, sizeof me.comm);
        access a;
        a.when = own(me, who.pid);
        a.pid = who.pid;
        a.pc = pc;
        a.number = ++number_;
        a.writes = writes;
        a.marked = marked;
        a.in = (who.preempt_count & hardirq_mask) != 0     ? access::hardirq
               : (who.preempt_count & softirq_offset) != 0 ? access::softirq
                                                           : access::process;
        std::uintptr_t from = reinterpret_cast<std::uintptr_t>(at);
        const std::uintptr_t to = from + std::min(size, longest);
        while (from < to) {
            const std::uintptr_t granule = from / 8, next = std::min((granule + 1) * 8, to);
            a.bytes = static_cast<std::uint8_t>(((1U << (next - from)) - 1) << (from % 8));
            look(*find_piece(granule, true), a, me);
            from = next;
        }
    }
    void look(piece& p, const access& now, const party& me) noexcept {
        unsigned kept = 0;
        for (unsigned i = 0; i < p.n; ++i) {
            const access was = p.last[i];
            const auto pid = static_cast<std::size_t>(was.pid);
            const bool known = was.pid == now.pid || (pid < me.knows.size() && was.when <= me.knows[pid]);
            const bool meet = (was.bytes & now.bytes) != 0;
            if (meet && !known && (was.writes || now.writes) && !(was.marked && now.marked)) {
                if (is_stale(p.granule * 8, was)) continue;
                if (!full_) hears_(*this, was, now);
            }
            // Whoever will race with the earlier one will with this one, too.
            const bool covers =
                (was.bytes & ~now.bytes) == 0 && (now.writes || !was.writes) && (!now.marked || was.marked);
            if (known && covers && (now.writes || was.pid == now.pid)) continue;
            p.last[kept++] = was;
        }
        if (kept < piece::room) {
            p.last[kept++] = now;
        } else {
            p.last[p.oldest % piece::room] = now;
            ++p.oldest;
        }
        p.n = static_cast<std::uint8_t>(kept);
    }
    /// Of a stack that belonged to another task then.
    [[nodiscard]] bool is_stale(std::uintptr_t address, const access& was) const noexcept {
        return std::any_of(stacks_.begin(), stacks_.end(), [&](const stack_of& s) {
            return address >= s.from && address < s.to && was.number <= s.since;
        });
    }
};

}   // namespace bottomhalf::sim
