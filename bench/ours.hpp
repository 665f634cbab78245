// SPDX-License-Identifier: MIT
#pragma once
// ours.hpp: a queue of a machine with one CPU, as a lane (peers.hpp): an ordinary one, through the ordinary calls.

#include "library_peers.hpp"

#include <bottomhalf/bottomhalf.hpp>

namespace bench {

namespace bh = bottomhalf;

template <class Handler>
class bottomhalf_lane {
public:
    static constexpr const char* name = "bottomhalf";
    static constexpr bool missing = false, tracks = true;

    bottomhalf_lane(place where, std::size_t n, const Handler& h) : items_{n, h} {
        call([where] { pin_self(where); });
        bh::flush_work(call_);
    }
    bool post(std::size_t i) { return bh::queue_work(queue_, items_[i]); }
    void call(std::function<void()> f) {
        called_ = std::move(f);
        bh::queue_work(queue_, call_);
    }
    void flush(std::size_t i) { bh::flush_work(items_[i]); }

private:
    struct run_called {
        std::function<void()>* f;
        void operator()() const { (*f)(); }
    };
    bh::machine machine_{{.cpus = 1}};
    row_of<bh::work<Handler>> items_;
    std::function<void()> called_;
    bh::work<run_called> call_{run_called{&called_}};
    bh::workqueue queue_{machine_, "bench"};   // last: it is drained before what its handlers use goes
};

}   // namespace bench
