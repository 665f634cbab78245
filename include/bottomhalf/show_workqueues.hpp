// SPDX-License-Identifier: MIT
// show_workqueues.hpp: what every queue and every pool is about, in the words of the kernel's show_all_workqueues().
//
//   bottomhalf::show_all_workqueues(machine);   // to stderr; or: show_all_workqueues(machine, line)
//
//   Showing busy workqueues and worker pools:
//   workqueue one: flags=0x0
//     pwq 2: cpus=0 node=0 flags=0x0 nice=0 active=1 refcnt=4
//       in-flight: 4711:blocker_fn
//       inactive: 2*blocker_fn
//   pool 2: cpus=0 node=0 flags=0x0 nice=0 hung=0s workers=3 idle: 4712 4713
//
// Functions have names where something is included that reads symbol tables (trace/text.hpp, sim/explore.hpp), and addresses
// otherwise.
#pragma once

#include <algorithm>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <utility>

#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/detail/function_namer.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {
namespace detail {

/// Room for so many, taken beforehand: what it is filled with is found under spin locks.
template <class T>
class bag {
public:
    bag() = default;
    bag(const bag&) = delete;
    bag& operator=(const bag&) = delete;
    ~bag() { delete[] all_; }
    /// Forgets what is there.  Return: false if there is no memory.
    bool reserve(std::size_t n) noexcept {
        n_ = 0;
        if (n <= room_) return true;
        delete[] std::exchange(all_, new (std::nothrow) T[n]);
        room_ = all_ == nullptr ? 0 : n;
        return all_ != nullptr;
    }
    /// Nothing, if there is no room.
    void add(const T& t) noexcept {
        if (n_ != room_) all_[n_++] = t;
    }
    [[nodiscard]] const T* begin() const noexcept { return all_; }
    [[nodiscard]] const T* end() const noexcept { return all_ + n_; }

private:
    T* all_ = nullptr;
    std::size_t n_ = 0, room_ = 0;
};

/// A line that grows, and is cut where it would become too long.
class long_line {
public:
    __attribute__((format(printf, 2, 3))) void add(const char* format, ...) noexcept {
        va_list args;
        va_start(args, format);
        const int n = std::vsnprintf(text_ + n_, sizeof text_ - n_, format, args);
        va_end(args);
        if (n > 0) n_ = std::min(sizeof text_ - 1, n_ + static_cast<std::size_t>(n));
    }
    void add_function(const void* f) noexcept {
        char name[96];
        std::snprintf(name, sizeof name, "%p", f);
        if (function_namer* const known = namer.get()) known(f, name, sizeof name);
        add("%s", name);
    }
    const char* take() noexcept { return n_ = 0, text_; }

private:
    char text_[1000] = {};
    std::size_t n_ = 0;
};

template <class Arch>
class workqueue_dump {
    using pool_t = worker_pool<Arch>;
    using wq_t = basic_workqueue_struct<Arch>;
    using pwq_t = pool_workqueue<Arch>;

public:
    /// What is printed of a pool wherever it is named.
    struct attributes {
        int cpu = -1;   // of unbound ones: all of them
        unsigned nr_cpus = 1;
        pool_kind kind{};
        bool highpri = false;

        attributes() noexcept = default;
        attributes(const pool_t& p, unsigned cpus) noexcept
            : cpu(p.cpu()), nr_cpus(cpus), kind(p.kind()), highpri(p.is_highpri()) {}
        /// "cpus=0 node=0 flags=0x0 nice=0"
        void write(long_line& text) const noexcept {
            if (cpu >= 0)
                text.add("cpus=%d node=0 ", cpu);
            else
                text.add(nr_cpus > 1 ? "cpus=0-%u " : "cpus=%u ", nr_cpus - 1);
            if (kind == pool_kind::bh)
                text.add("flags=0x1 bh%s", highpri ? "-hi" : "");
            else
                text.add("flags=0x%x nice=%d", cpu >= 0 ? 0U : 4U, highpri ? -20 : 0);
        }
    };

    /// line(const char*) for each.  Context: process; allocates, takes each pool's lock for a moment.
    template <class Machine, class Line>
    static void all(Machine& m, Line line) noexcept {
        if (!m.is_up()) return;   // nor has the child of a fork() anything to show
        line("Showing busy workqueues and worker pools:");
        workqueue_dump seen;
        std::size_t room = 64;
        do {   // more may have come since they were counted
            seen.needed_ = 0;
            if (!seen.links_.reserve(room) || !seen.pools_.reserve(room) || !seen.items_.reserve(room)) return;
            m.for_each_queue([&](wq_t& q) {
                for (unsigned i = 0; i < q.nr_links; ++i) seen.look(q, q.link(i), m.nr_cpus());
            });
        } while (seen.needed_ > room && (room = 2 * seen.needed_) <= most);
        seen.print(line);
    }

private:
    static constexpr std::size_t most = std::size_t{1} << 22;   // more is not shown

    enum what : unsigned char { in_flight, pending, inactive, idle };
    struct link {
        const void* queue;
        const pool_t* pool;
        char name[sizeof(wq_t::name)];
        unsigned flags, refs, number;
        int active;
        attributes is;
    };
    struct item {
        const void* queue;   // null: of the pool
        const pool_t* pool;
        const void* function;
        std::int32_t pid;
        what is;
        bool by_rescuer, in_softirq;
    };
    struct pool {
        const pool_t* pool;
        unsigned number, workers;
        arch::ns_t stuck_for;
        attributes is;
    };

    /// As WQ_* have them.
    static unsigned kernel_flags(wq_t& q) noexcept {
        const auto bit = [&](std::uint32_t ours, unsigned theirs) { return q.is(ours) ? theirs : 0U; };
        unsigned f = bit(wq_flag::freezable, 4U) | bit(wq_flag::mem_reclaim, 8U) | bit(wq_flag::highpri, 16U) |
                     bit(wq_flag::cpu_intensive, 32U) | bit(wq_flag::destroying, 1U << 15) |
                     bit(wq_flag::draining, 1U << 16) | bit(wq_flag::legacy, 1U << 18);
        const pool_kind kind = q.link(0).pool->kind();
        if (kind == pool_kind::bh) f |= 1U;
        if (kind == pool_kind::unbound) f |= 2U;
        // relaxed: a number
        if (kind == pool_kind::unbound && typename Arch::template atomic_ref<int>(q.max_active).load(relaxed) == 1)
            f |= 1U << 17;
        return f;
    }
    /// All that is said is copied here, in places taken before: once the lock is free, queue and pool may be others.
    void look(wq_t& q, pwq_t& pwq, unsigned nr_cpus) noexcept {
        pool_t& p = *pwq.pool;
        irq_lock<Arch> g(p.lock);
        p.settle();
        unsigned n = 0;
        for (const std::uint32_t each : pwq.in_flight) n += each;
        if (n == 0) return;
        const attributes is(p, nr_cpus);
        link l{&q, &p, {}, kernel_flags(q), 1 + n, p.number(), pwq.nr_active, is};
        std::memcpy(l.name, q.name, sizeof l.name);
        ++needed_, links_.add(l);
        const auto add = [&](work_item& w, what kind) {
            ++needed_, items_.add({&q, &p, handler::of<Arch>(w).address(), 0, kind, false, false});
        };
        const auto add_all = [&](list& of, what kind) {
            for (detail::link* at = of.front(); at != of.end(); at = at->next)
                if (pool_t::link_of(*item_of(at)) == &pwq) add(*item_of(at), kind);
        };
        p.for_each_running([&](worker<Arch>& k, running_item<Arch>& r) {
            if (r.pwq == &pwq)
                ++needed_, items_.add({&q, &p, r.handler.address(), k.pid, in_flight, k.is_rescuer,
                                       p.kind() == pool_kind::bh});
        });
        p.for_each_pending([&](work_item& w) {
            if (pool_t::link_of(w) == &pwq) add(w, pending);
        });
        p.for_each_worker([&](worker<Arch>& k) { add_all(k.scheduled, pending); });   // behind what that one runs
        add_all(pwq.inactive, inactive);
        for (const pool& each : pools_)
            if (each.pool == &p) return;
        ++needed_, pools_.add({&p, p.number(), p.nr_workers(), p.stuck_for(Arch::now()), is});
        p.for_each_worker([&](worker<Arch>& k) {
            if (k.current == nullptr && k.pid != 0)
                ++needed_, items_.add({nullptr, &p, nullptr, k.pid, idle, false, false});
        });
    }

    template <class Line>
    void print(Line& line) const noexcept {
        long_line text;
        const link* const first = links_.begin();
        for (const link* group = links_.end(); group != first;) {   // we have the newest first, the kernel the oldest
            const link* const end = group;
            while (group != first && group[-1].queue == end[-1].queue) --group;
            text.add("workqueue %s: flags=0x%x", group->name, group->flags);
            line(text.take());
            for (const link* l = group; l != end; ++l) {
                text.add("  pwq %u: ", l->number);
                l->is.write(text);
                text.add(" active=%d refcnt=%u", l->active, l->refs);
                line(text.take());
                print_items(text, *l, in_flight, "in-flight: ", " ,", line);
                print_items(text, *l, pending, "pending: ", ", ", line);
                print_items(text, *l, inactive, "inactive: ", ", ", line);
            }
        }
        for (const pool* p = pools_.end(); p != pools_.begin();) {
            --p;
            text.add("pool %u: ", p->number);
            p->is.write(text);
            text.add(" hung=%llds workers=%u", static_cast<long long>(p->stuck_for / 1'000'000'000), p->workers);
            bool any = false;
            for (const item& i : items_) {
                if (i.is != idle || i.pool != p->pool) continue;
                text.add("%s %d", any ? "" : " idle:", i.pid);
                any = true;
            }
            line(text.take());
        }
    }
    template <class Line>
    void print_items(long_line& text, const link& l, what is, const char* title, const char* comma,
                     Line& line) const noexcept {
        bool any = false;
        const auto belongs = [&](const item& i) { return i.queue == l.queue && i.pool == l.pool && i.is == is; };
        for (const item* i = items_.begin(); i != items_.end(); ++i) {
            if (!belongs(*i)) continue;
            text.add("%s%s", any ? comma : "    ", any ? "" : title);
            any = true;
            if (i->in_softirq)
                text.add("bh:");
            else if (is == in_flight)
                text.add("%d%s:", i->pid, i->by_rescuer ? "(RESCUER)" : "");
            unsigned same = 1;   // neighbours are folded
            for (; is != in_flight && i + 1 != items_.end() && belongs(i[1]) && i[1].function == i->function; ++i)
                ++same;
            if (same > 1) text.add("%u*", same);
            text.add_function(i->function);
        }
        if (any) line(text.take());
    }

    bag<link> links_;
    bag<pool> pools_;
    bag<item> items_;
    std::size_t needed_ = 0;   // places of all three
};

inline void print_line(const char* text) noexcept {
    char line[1024];
    const int n = std::snprintf(line, sizeof line, "%s\n", text);
    if (n > 0) arch::write_message(line, std::min(sizeof line - 1, static_cast<std::size_t>(n)), false);
}

}   // namespace detail

/// Context: process.
template <class Machine, class Line>
void show_all_workqueues(Machine& m, Line line) noexcept {
    detail::workqueue_dump<typename Machine::arch_type>::all(m, line);
}
template <class Machine>
void show_all_workqueues(Machine& m) noexcept {
    show_all_workqueues(m, &detail::print_line);
}

}   // namespace bottomhalf
