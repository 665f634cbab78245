// SPDX-License-Identifier: MIT
#pragma once
// peers.hpp: what one would pick instead, each as a *lane*: one worker, pinned, and a row of items to be handed to it.
//
//     lane(where, items, handler)   starts the worker on that CPU; every item runs a copy of `handler`
//     bool post(i)                  hands item i over; false if it is still pending (lanes that know that: `tracks`)
//     void call(f)                  has the worker call f() once: for gates, never in what is timed
//
// A peer is written as its friends would: with the cheapest element that does the job (a pointer, not a std::function,
// in moodycamel's queue), notified only where somebody may wait, nothing in it that the question does not need.

#include "harness.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#ifdef BOTTOMHALF_HAVE_MOODYCAMEL
#include <concurrentqueue/blockingconcurrentqueue.h>
#endif
#ifdef BOTTOMHALF_HAVE_ASIO
#include <asio.hpp>
#endif

namespace bench {

/// Something a worker can be handed by pointer.
struct job {
    void (*run)(job&);
};
template <class Handler>
struct job_of : job {
    explicit job_of(const Handler& h) : job{[](job& self) { static_cast<job_of&>(self).handler(); }}, handler{h} {}
    Handler handler;
};

/// The textbook: a mutex, a condition variable and a deque of std::function.
template <class Handler>
class deque_lane {
public:
    static constexpr const char* name = "mutex+cv+deque<function>";
    static constexpr bool missing = false, tracks = false;

    deque_lane(place where, std::size_t, const Handler& h) : handler_{h}, worker_{[this, where] { work(where); }} {}
    deque_lane(const deque_lane&) = delete;
    ~deque_lane() {
        call([this] { stop_ = true; });
        worker_.join();
    }
    bool post(std::size_t) {
        call([this] { handler_(); });
        return true;
    }
    void call(std::function<void()> f) {
        {
            const std::lock_guard hold{lock_};
            queue_.push_back(std::move(f));
        }
        wake_.notify_one();
    }

private:
    void work(place where) {
        pin_self(where);
        while (!stop_) {
            std::unique_lock hold{lock_};
            wake_.wait(hold, [this] { return !queue_.empty(); });
            const std::function<void()> f = std::move(queue_.front());
            queue_.pop_front();
            hold.unlock();
            f();
        }
    }
    Handler handler_;
    bool stop_ = false;   // the worker's own
    std::mutex lock_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    std::thread worker_;
};

/// The same, by somebody who counts: items linked through themselves, a pending flag under the lock, nothing allocated,
/// nobody notified who is not waiting.
template <class Handler>
class list_lane {
    struct node : job {
        template <class H>
        explicit node(void (*f)(job&), const H&) : job{f} {}
        node* next = nullptr;
        bool pending = false;
    };
    template <class H>
    struct node_of : node {
        explicit node_of(const H& h) : node{[](job& self) { static_cast<node_of&>(self).handler(); }, h}, handler{h} {}
        H handler;
    };

public:
    static constexpr const char* name = "intrusive list+mutex+cv";
    static constexpr bool missing = false, tracks = true;

    list_lane(place where, std::size_t n, const Handler& h)
        : items_{n, h}, call_{[] {}}, worker_{[this, where] { work(where); }} {}
    list_lane(const list_lane&) = delete;
    ~list_lane() {
        call([this] { stop_ = true; });
        worker_.join();
    }
    bool post(std::size_t i) { return push(items_[i]); }
    void call(std::function<void()> f) {
        call_.handler = std::move(f);
        push(call_);
    }

private:
    bool push(node& n) {
        bool notify;
        {
            const std::lock_guard hold{lock_};
            if (n.pending) return false;
            n.pending = true;
            n.next = nullptr;
            *tail_ = &n;
            tail_ = &n.next;
            notify = waiting_;
        }
        if (notify) wake_.notify_one();
        return true;
    }
    void work(place where) {
        pin_self(where);
        while (!stop_) {
            std::unique_lock hold{lock_};
            while (head_ == nullptr) {
                waiting_ = true;
                wake_.wait(hold);
                waiting_ = false;
            }
            node& n = *head_;
            head_ = n.next;
            if (head_ == nullptr) tail_ = &head_;
            n.pending = false;
            hold.unlock();
            n.run(n);
        }
    }
    row_of<node_of<Handler>> items_;
    node_of<std::function<void()>> call_;
    bool stop_ = false;   // the worker's own
    std::mutex lock_;
    std::condition_variable wake_;
    bool waiting_ = false;
    node* head_ = nullptr;
    node** tail_ = &head_;
    std::thread worker_;
};

/// A thread of our own behind somebody's queue of pointers: `Queue` has a name, push(job*), and take(f), which waits and calls
/// f(job&) for what there is.
template <class Handler, class Queue>
class pointer_lane {
public:
    static constexpr const char* name = Queue::name;
    static constexpr bool missing = false, tracks = false;

    pointer_lane(place where, std::size_t n, const Handler& h)
        : items_{n, h}, call_{[] {}}, worker_{[this, where] { work(where); }} {}
    pointer_lane(const pointer_lane&) = delete;
    ~pointer_lane() {
        call([this] { stop_ = true; });
        worker_.join();
    }
    bool post(std::size_t i) { return queue_.push(&items_[i]); }
    void call(std::function<void()> f) {
        call_.handler = std::move(f);
        queue_.push(&call_);
    }

private:
    void work(place where) {
        pin_self(where);
        while (!stop_) queue_.take([](job& j) { j.run(j); });
    }
    row_of<job_of<Handler>> items_;
    job_of<std::function<void()>> call_;
    bool stop_ = false;   // the worker's own
    Queue queue_;
    std::thread worker_;
};
/// A peer that is not installed.
template <class Queue>
struct missing_lane {
    static constexpr const char* name = Queue::name;
    static constexpr bool missing = true, tracks = false;
};

/// moodycamel's blocking queue: implicit producers, the worker takes up to 64 at a time.
struct moodycamel_queue {
    static constexpr const char* name = "moodycamel bulk64";
#ifdef BOTTOMHALF_HAVE_MOODYCAMEL
    bool push(job* j) { return queue.enqueue(j); }
    template <class F>
    void take(F f) {
        std::array<job*, 64> taken;
        const std::size_t n = queue.wait_dequeue_bulk(taken.data(), taken.size());
        for (std::size_t i = 0; i < n; ++i) f(*taken[i]);
    }
    moodycamel::BlockingConcurrentQueue<job*> queue;
};
template <class Handler>
using moodycamel_lane = pointer_lane<Handler, moodycamel_queue>;
#else
};
template <class Handler>
using moodycamel_lane = missing_lane<moodycamel_queue>;
#endif

/// Asio's thread pool with one thread.
#ifdef BOTTOMHALF_HAVE_ASIO
template <class Handler>
class asio_lane {
public:
    static constexpr const char* name = "asio thread_pool";
    static constexpr bool missing = false, tracks = false;

    asio_lane(place where, std::size_t, const Handler& h) : handler_{h} {
        call([where] { pin_self(where); });
    }
    asio_lane(const asio_lane&) = delete;
    ~asio_lane() { pool_.join(); }
    bool post(std::size_t) {
        asio::post(pool_, [this] { handler_(); });
        return true;
    }
    void call(std::function<void()> f) { asio::post(pool_, std::move(f)); }

private:
    Handler handler_;
    asio::thread_pool pool_{1};
};
#else
template <class Handler>
struct asio_lane {
    static constexpr const char* name = "asio thread_pool";
    static constexpr bool missing = true, tracks = false;
};
#endif

}   // namespace bench
