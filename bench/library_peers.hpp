// SPDX-License-Identifier: MIT
#pragma once
// library_peers.hpp: more of what one would pick instead, as lanes (see peers.hpp): oneTBB's queue, GLib's thread pool, liburcu's
// queue.

#include "peers.hpp"

#ifdef BOTTOMHALF_HAVE_TBB
#include <tbb/concurrent_queue.h>
#endif
#ifdef BOTTOMHALF_HAVE_GLIB
#include <glib.h>
#endif
#ifdef BOTTOMHALF_HAVE_URCU
#include <urcu/wfcqueue.h>
#endif

namespace bench {

/// A bounded queue, whose pop() waits.
struct tbb_queue {
    static constexpr const char* name = "oneTBB bounded_queue";
#ifdef BOTTOMHALF_HAVE_TBB
    bool push(job* j) { return queue.push(j), true; }
    template <class F>
    void take(F f) {
        job* j = nullptr;
        queue.pop(j);
        f(*j);
    }
    tbb::concurrent_bounded_queue<job*> queue;
};
template <class Handler>
using tbb_lane = pointer_lane<Handler, tbb_queue>;
#else
};
template <class Handler>
using tbb_lane = missing_lane<tbb_queue>;
#endif

/// A pool of one thread, which is its own.
#ifdef BOTTOMHALF_HAVE_GLIB
template <class Handler>
class glib_lane {
public:
    static constexpr const char* name = "GThreadPool";
    static constexpr bool missing = false, tracks = false;

    glib_lane(place where, std::size_t n, const Handler& h)
        : items_{n, h},
          call_{[] {}},
          pool_{::g_thread_pool_new(
              [](gpointer j, gpointer) {
                  auto* each = static_cast<job*>(j);
                  each->run(*each);
              },
              nullptr, 1, TRUE, nullptr)} {
        check(pool_ != nullptr, "no GThreadPool");
        call([where] { pin_self(where); });
    }
    glib_lane(const glib_lane&) = delete;
    ~glib_lane() { ::g_thread_pool_free(pool_, FALSE, TRUE); }
    bool post(std::size_t i) { return ::g_thread_pool_push(pool_, static_cast<job*>(&items_[i]), nullptr) != FALSE; }
    void call(std::function<void()> f) {   // one at a time: what was called before has begun, or never will
        while (call_busy_.load(std::memory_order_acquire)) ::sched_yield();
        call_busy_.store(true, std::memory_order_relaxed);
        call_.handler = [this, f = std::move(f)] {
            const auto mine = f;   // the next one may take its place
            call_busy_.store(false, std::memory_order_release);
            mine();
        };
        ::g_thread_pool_push(pool_, static_cast<job*>(&call_), nullptr);
    }

private:
    row_of<job_of<Handler>> items_;
    job_of<std::function<void()>> call_;
    std::atomic<bool> call_busy_{false};
    GThreadPool* pool_;
};
#else
template <class Handler>
struct glib_lane {
    static constexpr const char* name = "GThreadPool";
    static constexpr bool missing = true, tracks = false;
};
#endif

/// Items linked through themselves by one exchange; the worker takes all at once, and sleeps on a futex.
#ifdef BOTTOMHALF_HAVE_URCU
template <class Handler>
class urcu_lane {
    struct node : job {
        explicit node(void (*f)(job&)) : job{f} { ::cds_wfcq_node_init(&link); }
        cds_wfcq_node link{};
        std::atomic<bool> pending{false};
    };
    template <class H>
    struct node_of : node {
        explicit node_of(const H& h) : node{[](job& self) { static_cast<node_of&>(self).handler(); }}, handler{h} {}
        H handler;
    };

public:
    static constexpr const char* name = "liburcu wfcqueue";
    static constexpr bool missing = false, tracks = true;

    urcu_lane(place where, std::size_t n, const Handler& h) : items_{n, h}, call_{[] {}} {
        ::cds_wfcq_init(&head_, &tail_);
        worker_ = std::thread{[this, where] { work(where); }};
    }
    urcu_lane(const urcu_lane&) = delete;
    ~urcu_lane() {
        call([this] { stop_ = true; });
        worker_.join();
        ::cds_wfcq_destroy(&head_, &tail_);
    }
    bool post(std::size_t i) { return push(items_[i]); }
    void call(std::function<void()> f) {
        call_.handler = std::move(f);
        push(call_);
    }

private:
    bool push(node& n) {
        if (n.pending.exchange(true, std::memory_order_acq_rel)) return false;
        ::cds_wfcq_node_init(&n.link);
        // The exchange in it is a full barrier, on the worker's side the one of asleep_.
        ::cds_wfcq_enqueue(::cds_wfcq_head_cast(&head_), &tail_, &n.link);
        if (asleep_.load(std::memory_order_relaxed) != 0) {
            asleep_.store(0, std::memory_order_release);
            asleep_.notify_one();
        }
        return true;
    }
    void work(place where) {
        pin_self(where);
        cds_wfcq_head mine_head{};
        cds_wfcq_tail mine_tail{};
        ::cds_wfcq_init(&mine_head, &mine_tail);
        while (!stop_) {
            if (::__cds_wfcq_splice_blocking(::cds_wfcq_head_cast(&mine_head), &mine_tail, ::cds_wfcq_head_cast(&head_),
                                             &tail_) == CDS_WFCQ_RET_SRC_EMPTY) {
                asleep_.exchange(1);
                if (!::cds_wfcq_empty(::cds_wfcq_head_cast(&head_), &tail_))
                    asleep_.store(0, std::memory_order_relaxed);
                else
                    asleep_.wait(1, std::memory_order_acquire);
                continue;
            }
            while (cds_wfcq_node* l = ::__cds_wfcq_dequeue_blocking(::cds_wfcq_head_cast(&mine_head), &mine_tail)) {
                node& n = *reinterpret_cast<node*>(reinterpret_cast<char*>(l) - offset());
                n.pending.store(false, std::memory_order_release);
                n.run(n);
            }
        }
    }
    static std::size_t offset() noexcept {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
        return offsetof(node, link);
#pragma GCC diagnostic pop
    }
    row_of<node_of<Handler>> items_;
    node_of<std::function<void()>> call_;
    bool stop_ = false;   // the worker's own
    alignas(cache_line) cds_wfcq_head head_{};
    alignas(cache_line) cds_wfcq_tail tail_{};
    alignas(cache_line) std::atomic<std::uint32_t> asleep_{0};
    std::thread worker_;
};
#else
template <class Handler>
struct urcu_lane {
    static constexpr const char* name = "liburcu wfcqueue";
    static constexpr bool missing = true, tracks = false;
};
#endif

}   // namespace bench
