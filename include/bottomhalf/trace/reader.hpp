// SPDX-License-Identifier: MIT
// reader.hpp: what the rings hold, in the order of time.
//
//   trace::reader r;
//   for (const trace::record& e : r.take()) ...   // all that is there
//   ... r.take() ...                              // what has come since
//   r.lost();                                     // how many there were that nobody has seen
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <bottomhalf/sim/symbols.hpp>
#include <bottomhalf/trace.hpp>

namespace bottomhalf::trace {

/// One thread's.  Any number may read, while others write.
class reader {
public:
    /// Events since the last call; of one CPU in the order in which they began to be written, of several by the clock.
    /// While others write, the cause of an event that another CPU has written may come with the next call.
    /// Context: process; allocates.
    std::vector<record> take() {
        std::vector<record> all;
        // First of all, so that a call takes what was there at about one time.
        std::vector<std::uint64_t> heads = heads_now();
        next_.resize(heads.size(), 0);
        rings.for_each([&](const arch::trace_ring& ring, std::uint32_t i) {
            if (i >= heads.size()) return;
            const std::uint64_t head = heads[i];
            std::uint64_t& n = next_[i];
            if (head - n > ring.capacity()) {
                lost_ += head - ring.capacity() - n;
                n = head - ring.capacity();
            }
            record r;
            for (; n != head; ++n) {
                if (ring.get(n, r))
                    all.push_back(r);
                else
                    ++lost_;
            }
        });
        std::vector<std::size_t> order(
            all.size());   // not stable_sort(): clang finds something deprecated in libstdc++'s
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return all[a].at != all[b].at ? all[a].at < all[b].at : a < b; });
        std::vector<record> sorted;
        sorted.reserve(all.size());
        for (const std::size_t i : order) sorted.push_back(all[i]);
        return sorted;
    }
    /// Forgets what is there.
    void skip() { next_ = heads_now(); }
    /// Events that were overwritten before they were taken, or were being written.
    [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

private:
    /// Rings come once, all of them; perhaps at this moment.
    static std::vector<std::uint64_t> heads_now() {
        std::vector<std::uint64_t> heads;
        rings.for_each([&](const arch::trace_ring& ring, std::uint32_t) { heads.push_back(ring.head()); });
        return heads;
    }
    std::vector<std::uint64_t> next_;
    std::uint64_t lost_ = 0;
};

/// Functions by name.  The symbol tables are read once for each.
class function_names {
public:
    const std::string& operator[](const void* function) {
        const auto [at, is_new] = names_.try_emplace(function);
        if (is_new) {
            at->second = sim::name_of(function);
            if (const auto anonymous = at->second.rfind("(anonymous namespace)::"); anonymous != std::string::npos)
                at->second.erase(0, anonymous + 23);
            if (at->second.find("bottomhalf::delayed_ops<") != std::string::npos)
                at->second = "delayed_work_timer_fn";   // what the kernel calls it
        }
        return at->second;
    }

private:
    std::map<const void*, std::string> names_;
};

[[nodiscard]] inline event event_of(const record& r) noexcept { return static_cast<event>(r.event); }

}   // namespace bottomhalf::trace
