// SPDX-License-Identifier: MIT
// statistics.hpp: of each queue how much was queued and has run, how long it waited and how long it took.
//
//   trace::statistics s;
//   s.take();               // what has come since the last time
//   s.write(stdout);        // a table, in the manner of the kernel's tools/workqueue/wq_monitor.py
//
// It is made of the events, so it knows what the rings have kept: take() often, or have larger rings, and lost() says whether
// that was enough.  An item is the queue's that it was last queued on.  A run whose beginning was taken before its queueing (see
// reader) is not counted as started: what take() sums up after stop() is exact.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <bottomhalf/trace/reader.hpp>

namespace bottomhalf::trace {

class statistics {
public:
    /// Times in nanoseconds.
    struct spread {
        std::uint64_t count = 0;
        arch::ns_t total = 0, longest = 0;
        void add(arch::ns_t t) noexcept { ++count, total += t, longest = std::max(longest, t); }
        [[nodiscard]] double average() const noexcept {
            return count == 0 ? 0 : static_cast<double>(total) / static_cast<double>(count);
        }
    };
    struct of_queue {
        std::uint64_t queued = 0, started = 0, done = 0;
        spread waited;   // from queued to started
        spread ran;      // from started to done
    };

    /// What is there so far does not count.
    void skip() { reader_.skip(); }
    /// Context: process; one thread's.
    void take() { feed(reader_.take()); }
    void feed(const std::vector<record>& events) {
        for (const record& r : events) feed(r);
    }
    void feed(const record& r) {
        switch (event_of(r)) {
            case event::workqueue_queue_work: {
                of_queue& q = queues_[r.text];
                ++q.queued;
                item& i = items_[r.object];
                i.queue = &q;
                i.queued_at = r.at;
                i.waits = true;
                break;
            }
            case event::workqueue_execute_start: {
                const auto at = items_.find(r.object);
                if (at == items_.end()) break;   // it was queued before we looked
                of_queue& q = *at->second.queue;
                ++q.started;
                if (at->second.waits) q.waited.add(r.at - at->second.queued_at);
                at->second.waits = false;
                running_[{r.pid, r.object}] = {&q, r.at};   // its handler may queue it elsewhere
                break;
            }
            case event::workqueue_execute_end: {
                const auto at = running_.find({r.pid, r.object});
                if (at == running_.end()) break;
                ++at->second.first->done;
                at->second.first->ran.add(r.at - at->second.second);
                running_.erase(at);
                if (const auto i = items_.find(r.object); i != items_.end() && !i->second.waits) items_.erase(i);
                break;
            }
            default: break;
        }
    }
    [[nodiscard]] const std::map<std::string, of_queue>& queues() const noexcept { return queues_; }
    [[nodiscard]] std::uint64_t lost() const noexcept { return reader_.lost(); }

    void write(std::FILE* to) const {
        std::fprintf(to, "%-24s %9s %9s %9s %7s %11s %11s %11s %11s\n", "", "queued", "started", "done", "infl",
                     "wait us", "max", "run us", "max");
        for (const auto& [name, q] : queues_)
            std::fprintf(to, "%-24s %9llu %9llu %9llu %7lld %11.1f %11.1f %11.1f %11.1f\n", name.c_str(),
                         static_cast<unsigned long long>(q.queued), static_cast<unsigned long long>(q.started),
                         static_cast<unsigned long long>(q.done), static_cast<long long>(q.started - q.done),
                         q.waited.average() / 1e3, static_cast<double>(q.waited.longest) / 1e3, q.ran.average() / 1e3,
                         static_cast<double>(q.ran.longest) / 1e3);
        if (lost() != 0)
            std::fprintf(to, "%llu events were lost: these are too small\n", static_cast<unsigned long long>(lost()));
    }

private:
    struct item {
        of_queue* queue = nullptr;
        arch::ns_t queued_at = 0;
        bool waits = false;
    };
    reader reader_;
    std::map<std::string, of_queue> queues_;   // nodes stay where they are
    std::map<const void*, item> items_;
    std::map<std::pair<std::int32_t, const void*>, std::pair<of_queue*, arch::ns_t>> running_;
};

}   // namespace bottomhalf::trace
