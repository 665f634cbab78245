// SPDX-License-Identifier: MIT
// worker_pool_life.hpp: how a pool begins and ends, and how its workers come and go.  What they do in between is in
// worker_pool.hpp, with the rules of exclusion.
//
// Workers are hired as the pool needs them: when one blocks, or becomes deaf, while nobody else is there to look.  They go
// as in the kernel: where more than two are idle, and those beyond are a quarter of the busy ones, for five minutes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include <bottomhalf/rescuer.hpp>
#include <bottomhalf/worker_pool.hpp>

namespace bottomhalf {

// ---- the pool -----------------------------------------------------------------------------------------------------------

template <class Arch>
worker_pool<Arch>* worker_pool<Arch>::create(pool_kind kind, int cpu, const char* name, arch::cpu_port* port,
                                             bool highpri) noexcept {
    worker_pool* p = detail::type_stable<Arch, worker_pool>::get();
    if (p == nullptr) return nullptr;
    if (p->id_ == 0) p->id_ = numbers::take(p);
    if (p->id_ == 0) return detail::type_stable<Arch, worker_pool>::put(p), nullptr;
    detail::irq_lock<Arch> g(p->lock);
    p->kind_ = kind;
    p->cpu_ = cpu;
    p->port_ = port;
    p->highpri_ = highpri;
    p->bh_cpu_ = nullptr;
    p->short_ = 0;
    atomic<int>(p->slept_on_).store(-1, relaxed);   // relaxed: a hint
    p->ask_ = nullptr;
    p->stop_ = p->short_of_workers_ = p->told_of_shortage_ = false;
    p->nr_named_ = 0;
    p->too_many_since_ = arch::forever;
    p->watched = {};
    std::snprintf(p->name_, sizeof p->name_, "%s", name);
    p->inbox_.open();
    return p;
}
template <class Arch>
worker_pool<Arch>* worker_pool<Arch>::create_bh(typename softirq_controller<Arch>::cpu& c, bool highpri) noexcept {
    auto* k = new (std::nothrow) worker_t;
    worker_pool* p = k == nullptr ? nullptr : create(pool_kind::bh, static_cast<int>(c.number), "bh", nullptr, highpri);
    if (p == nullptr) return delete k, nullptr;
    detail::irq_lock<Arch> g(p->lock);
    k->pool = p;
    p->workers_ = k;   // who is in the thread that he interrupts; nobody starts or joins him
    p->nr_workers_ = p->nr_idle_ = 1;
    p->bh_cpu_ = &c;
    if (c.work == nullptr)   // the same for each; and for the first of them the CPU may be looking at it
        c.work = [](void* pool) { static_cast<worker_pool*>(pool)->run_in_softirq(); };
    p->inbox_.fall_asleep();
    return p;
}
template <class Arch>
void worker_pool<Arch>::run_in_softirq() noexcept {
    const bool was = Arch::irq_save();
    lock.lock();
    if (stop_) {   // and is being taken down
        lock.unlock();
        Arch::irq_restore(was);
        return;
    }
    runs_in_softirq_ = true;
    worker_t& k = *workers_;
    // The caller may be a worker himself, whom we interrupt.
    arch::task& t = Arch::current();
    void* const worker_before = std::exchange(t.worker, &k);
    const auto blocks = std::exchange(t.blocks, nullptr);
    const auto runs = std::exchange(t.runs, nullptr);
    unsigned items = bh_items;
    arch::ns_t until = 0;
    while (true) {
        if (worklist_.empty()) settle();
        if (work_item* w = next_work(k)) {
            if (items-- == 0) {
                const arch::ns_t now = Arch::now();
                if (until == 0) until = now + bh_time;
                if (now >= until) break;
                items = bh_items;
            }
            process_one_work(k, *w);
        } else if (inbox_.fall_asleep()) {
            break;
        } else {
            let_others_settle();
        }
    }
    if (k.counted) k.counted = false, --nr_running_, ++nr_idle_;
    const bool more = !worklist_.empty();
    runs_in_softirq_ = false;
    lock.unlock();
    Arch::irq_restore(was);
    t.worker = worker_before;
    t.blocks = blocks;
    t.runs = runs;
    if (more) wake();   // others have a turn
}
template <class Arch>
bool worker_pool<Arch>::add_worker() noexcept {
    const bool was = Arch::irq_save();
    lock.lock();
    const bool ok = hire();
    lock.unlock();
    Arch::irq_restore(was);
    return ok;
}
template <class Arch>
void worker_pool<Arch>::retire() noexcept {
    end(arch::forever);
    detail::type_stable<Arch, worker_pool>::put(this);
}
template <class Arch>
template <class F>
void worker_pool<Arch>::abandon(arch::ns_t deadline, F drop) noexcept {
    detail::list doomed;   // guarded by the lock: somebody may cancel one of them
    {
        detail::irq_lock<Arch> g(lock);
        settle();
        doomed.take(worklist_);
    }
    for (detail::handler h; take_first(doomed, h);) drop(h.address(), "pending");
    if (end(deadline)) return detail::type_stable<Arch, worker_pool>::put(this);
    void* left[8] = {};   // more than that make no better report
    unsigned n = 0;
    {
        detail::irq_lock<Arch> g(lock);
        for_each_running([&](worker_t&, running_t& r) {
            if (n < std::size(left)) left[n++] = r.handler.address();
        });
    }
    while (n != 0) drop(left[--n], "still running");   // without the lock: it may tell somebody who queues
}
template <class Arch>
void worker_pool<Arch>::lose() noexcept BOTTOMHALF_NO_TSA {
    std::construct_at(&lock);
    const auto is_idle = [](work_item& w) { detail::data_of<Arch>(w).store(0, relaxed); };   // relaxed: alone
    for (detail::link* l = inbox_.close(); l != nullptr;) {
        detail::link* next = l->next;
        is_idle(*detail::item_of(l));
        l = next;
    }
    while (!worklist_.empty()) is_idle(*detail::item_of(worklist_.pop_front()));
    for (worker_t* k = workers_; k != nullptr; k = k->next)
        while (!k->scheduled.empty()) is_idle(*detail::item_of(k->scheduled.pop_front()));
    // Those that ran may be gone.  If not, their words name a pool that does not run them.
    for (worker_t* all : {workers_, left_})
        for (worker_t* k = all; k != nullptr;) delete std::exchange(k, k->next);
    const unsigned id = id_;
    std::destroy_at(this);
    std::construct_at(this);
    id_ = id;
    detail::type_stable<Arch, worker_pool>::put(this);
}
/// Takes the first item off for good.  Return: false if there is none.
template <class Arch>
bool worker_pool<Arch>::take_first(detail::list& l, detail::handler& h) noexcept {
    detail::irq_lock<Arch> g(lock);
    if (l.empty()) return false;
    work_item& w = *detail::item_of(l.front());
    h = detail::handler::of<Arch>(w);
    remove(w);
    detail::data_of<Arch>(w).store(detail::word::off_queue(id_), release);   // [work.pending] idle again
    return true;
}
template <class Arch>
bool worker_pool<Arch>::has_guest() const noexcept {
    for (worker_t* k = workers_; k != nullptr; k = k->next)
        if (k->is_rescuer) return true;
    return false;
}
template <class Arch>
bool worker_pool<Arch>::end(arch::ns_t deadline) noexcept {
    worker_t *all = nullptr, *left = nullptr;
    {
        detail::irq_lock<Arch> g(lock);
        let_others_settle();
        admit_in_turn(inbox_.close());
        stop_ = true;
        atomic<std::uint32_t>(watch_).fetch_add(1, release);
        // A worker that is about to block starts another one; and a rescuer, who is left behind, is about to leave.
        if (bh_cpu_ != nullptr)   // from now on no softirq finds us
            atomic<void*>(bh_cpu_->pools[highpri_ ? 1 : 0]).store(nullptr, release);   // [softirq.pools]
        for (unsigned round = 0; nr_hiring_ != 0 || has_guest() || runs_in_softirq_; ++round) {
            lock.unlock();
            Arch::relax(round);
            lock.lock();
            if (deadline != arch::forever && Arch::now() > deadline) return false;
        }
        all = workers_;
        left = std::exchange(left_, nullptr);
    }
    delete_all(left);
    Arch::unpark(watch_, everybody);
    bool ended = true;
    for (worker_t* k = all; k != nullptr; k = k->next) {
        if (deadline == arch::forever)
            Arch::join(k->thread);
        else if (!Arch::join_until(k->thread, deadline))
            ended = false;
    }
    if (!ended) return false;
    {
        detail::irq_lock<Arch> g(lock);
        workers_ = nullptr;
        nr_workers_ = nr_idle_ = nr_running_ = 0;
    }
    for (worker_t* k = all; k != nullptr;) delete std::exchange(k, k->next);
    return true;
}

// ---- its workers --------------------------------------------------------------------------------------------------------

template <class Arch>
bool worker_pool<Arch>::hire() noexcept {
    if (nr_workers_ >= max_workers || stop_) return false;
    ++nr_workers_;   // reserved, so that nobody else hires for the same reason
    ++nr_idle_;
    ++nr_hiring_;
    const unsigned n = nr_named_++;
    worker_t* left = std::exchange(left_, nullptr);
    lock.unlock();
    delete_all(left);
    auto* k = new (std::nothrow) worker_t;
    char comm[arch::comm_len + 16];
    name_worker(comm, sizeof comm, n);
    bool ok = k != nullptr;
    if (ok) {
        k->pool = this;
        k->number = n;
        lock.lock();
        k->next = workers_;
        workers_ = k;
        lock.unlock();
        ok = Arch::spawn(k->thread, cpu_ < 0 ? 0 : cpu_, comm, cpu_ >= 0, &worker_thread, k);
    }
    lock.lock();
    --nr_hiring_;
    if (ok) return true;
    --nr_workers_;
    --nr_idle_;
    if (k != nullptr) unlink(*k);
    delete k;
    return false;
}
template <class Arch>
void worker_pool<Arch>::unlink(worker_t& k) noexcept {
    for (worker_t** at = &workers_; *at != nullptr; at = &(*at)->next)
        if (*at == &k) {
            *at = k.next;
            watched.gone += k.runs;
            break;
        }
}
/// They have left, or are at their last instructions.
template <class Arch>
void worker_pool<Arch>::delete_all(worker_t* first) noexcept {
    for (worker_t* k = first; k != nullptr;) {
        Arch::join(k->thread);
        delete std::exchange(k, k->next);
    }
}
/// Is this idle worker one too many, and have there been too many for long enough?  It may be asked at each sleep, so it
/// looks at the clock only where there are more than two.
/// Return: true if it is not in the pool any more.  `until`: when to ask again.
template <class Arch>
bool worker_pool<Arch>::leaves(worker_t& k, arch::ns_t& until) noexcept {
    until = arch::forever;
    if (kind_ == pool_kind::dedicated || !too_many_idle()) {
        too_many_since_ = arch::forever;
        return false;
    }
    const arch::ns_t now = Arch::now();
    if (too_many_since_ == arch::forever) too_many_since_ = now;
    until = too_many_since_ + idle_timeout;
    if (now < until || stop_) return false;
    // Somebody else sleeps on the same word, and is the one who is woken.
    --nr_workers_;
    unlink(k);
    k.next = left_;
    left_ = &k;
    return true;
}
template <class Arch>
void worker_pool<Arch>::name_worker(char* to, std::size_t n, unsigned which) const noexcept {
    const char* const mark = highpri_ ? "H" : "";
    const int digits = cpu_ < 10 ? 1 : cpu_ < 100 ? 2 : cpu_ < 1000 ? 3 : 4;
    if (cpu_ < 0)
        which == 0 ? std::snprintf(to, n, "%s", name_) : std::snprintf(to, n, "%.8s:%u", name_, which);
    else
        which == 0 ? std::snprintf(to, n, "%.*s/%d%s", 15 - 1 - digits - static_cast<int>(highpri_), name_, cpu_, mark)
                   : std::snprintf(to, n, "%.7s/%d:%u%s", name_, cpu_, which, mark);
}
template <class Arch>
void worker_pool<Arch>::name_task(arch::task& t, const worker_t& k) const noexcept {
    if (kind_ == pool_kind::bound)
        std::snprintf(t.comm, sizeof t.comm, "kworker/%u:%u%s", static_cast<unsigned>(cpu_), k.number,
                      highpri_ ? "H" : "");
    if (kind_ == pool_kind::unbound) std::snprintf(t.comm, sizeof t.comm, "kworker/u%u:%u", id_, k.number);
}

template <class Arch>
arch::ns_t worker_pool<Arch>::stuck_for(arch::ns_t now, bool anew) noexcept {
    settle();
    const detail::link* const first = worklist_.empty() ? nullptr : worklist_.front();
    std::uint32_t runs = watched.gone;
    for (worker_t* k = workers_; k != nullptr; k = k->next) runs += k->runs;
    if (first == nullptr || first != watched.first || runs != watched.runs || anew) watched.moved_at = now;
    watched.first = first;
    watched.runs = runs;
    return now - watched.moved_at;
}

// ---- those that compute for long ----------------------------------------------------------------------------------------

template <class Arch>
void worker_pool<Arch>::tick() noexcept {
    if (kind_ != pool_kind::bound) return;
    detail::irq_lock<Arch> g(lock);
    const arch::ns_t now = Arch::now();
    for (worker_t* k = workers_; k != nullptr; k = k->next)
        if (watch(*k, now)) return;   // `k` may be gone: the others at the next tick
}
/// Whoever has computed for too long without a sleep is taken for CPU_INTENSIVE, so that the next item can start; and so is
/// who sleeps where we do not see it.  Who has only waited for a CPU, on a machine that has other things to do, is not.
/// Return: whether the lock was let go meanwhile.
template <class Arch>
bool worker_pool<Arch>::watch(worker_t& k, arch::ns_t now) noexcept {
    if (!k.counted || k.blocked || k.intensive || k.current == nullptr) return false;
    if (k.seen != k.runs + k.wakes) {
        k.seen = k.runs + k.wakes;
        k.seen_at = now;
        k.computed = Arch::computed(*k.self);
    } else if (now - k.seen_at >= intensive_after &&
               (Arch::computed(*k.self) - k.computed >= intensive_after || Arch::is_asleep(*k.self))) {
        const void* const handler = k.current->handler.address();
        count_out(k);   // first of all: both let go of the lock, and then the run may be over
        count_hog(handler);
        return true;
    }
    return false;
}
template <class Arch>
void worker_pool<Arch>::worker_burning(arch::task& t) noexcept {
    worker_t& k = *static_cast<worker_t*>(t.worker);
    if (k.current == nullptr || context<Arch>::in_atomic() || Arch::irqs_masked()) return;   // perhaps in our own code
    detail::irq_lock<Arch> g(k.pool->lock);
    k.pool->watch(k, Arch::now());
}
/// Counts how often a handler has kept its CPU for too long, and says so the 4th time, and then ever more rarely.
template <class Arch>
void worker_pool<Arch>::count_hog(const void* handler) noexcept {
    using counter = atomic<std::uint64_t>;
    using address = atomic<const void*>;
    // relaxed, throughout: counts.  Two handlers too many share a counter.
    hog* h = nullptr;
    const auto first = reinterpret_cast<std::uintptr_t>(handler) / 16;
    for (unsigned i = 0; i < nr_hogs && h == nullptr; ++i) {
        hog& each = hogs_[(first + i) % nr_hogs];
        const void* none = nullptr;
        if (address(each.handler).load(relaxed) == handler ||
            address(each.handler).compare_exchange_strong(none, handler, relaxed, relaxed))
            h = &each;
    }
    if (h == nullptr) h = &hogs_[first % nr_hogs];
    const std::uint64_t n = counter(h->times).fetch_add(1, relaxed) + 1;
    constexpr std::uint64_t patience = 4;
    if (n < patience || ((n + 1 - patience) & (n - patience)) != 0) return;
    lock.unlock();
    detail::say(channel::kernel, severity::note, "wq_cpu_intensive_report", location::current(),
                "workqueue: %p hogged CPU for >%lldus %llu times, consider switching to WQ_UNBOUND", handler,
                static_cast<long long>(intensive_after / 1000), static_cast<unsigned long long>(n));
    lock.lock();
}

// ---- without one to be had ----------------------------------------------------------------------------------------------

template <class Arch>
bool worker_pool<Arch>::leave_a_watcher() noexcept {
    for (settle(); worklist_.empty(); settle()) {
        if (inbox_.fall_asleep()) break;
        let_others_settle();
    }
    if (nr_idle_ != 0) {
        if (!worklist_.empty()) wake();
        return true;
    }
    const bool hired = hire() || nr_idle_ != 0 || stop_;
    const bool tell = !hired && !told_of_shortage_;
    short_of_workers_ = told_of_shortage_ = !hired;
    atomic<std::uint32_t>(short_).store(hired ? 0 : 1, relaxed);   // relaxed: stay_alert() publishes it
    if (!hired) {
        stay_alert();
        call_for_help();
    }
    if (tell) {
        lock.unlock();
        detail::say(channel::advice, severity::warn, "create_worker", location::current(),
                    "no thread for another worker of pool %s: what is queued there waits, until one can be had or a "
                    "handler returns",
                    name_);
        lock.lock();
    }
    return hired;
}

/// Nobody looks: so each push shall be heard of, whatever is on the worklist, and see that we are short of workers.  An
/// ASLEEP of before would not show that; nor who came while a thread was asked for in vain.
template <class Arch>
void worker_pool<Arch>::stay_alert() noexcept {
    inbox_.wake_up();
    for (settle(); !inbox_.fall_asleep(); settle()) let_others_settle();
}

template <class Arch>
void worker_pool<Arch>::call_for_help() noexcept {
    const basic_workqueue_struct<Arch>* last = nullptr;   // one call does for a row of items
    for_each_pending([&](work_item& each) {
        basic_workqueue_struct<Arch>* const wq = link_of(each)->wq;
        rescuer<Arch>* const r =
            atomic<rescuer<Arch>*>(wq->saviour).load(relaxed);   // relaxed: our lock, or a later one
        if (wq == last || r == nullptr) return;
        last = wq;
        r->call();   // it is there as long as we hold the lock, see part_with_rescuer()
    });
}
template <class Arch>
bool worker_pool<Arch>::needs_rescue(const pwq_t& pwq) noexcept {
    detail::irq_lock<Arch> g(lock);
    settle();
    return short_of_workers_ && first_of(pwq) != nullptr;
}
template <class Arch>
work_item* worker_pool<Arch>::first_of(const pwq_t& pwq) noexcept {
    for (detail::link* l = worklist_.front(); l != worklist_.end(); l = l->next)
        if (link_of(*detail::item_of(l)) == &pwq) return detail::item_of(l);
    return nullptr;
}
template <class Arch>
void worker_pool<Arch>::rescue(worker_t& k, const pwq_t& pwq) noexcept {
    const bool was = Arch::irq_save();
    lock.lock();
    k.pool = this;
    k.runs = 0;
    k.pid = k.self->pid;   // its own
    k.next = workers_;
    workers_ = &k;
    while (true) {
        settle();
        if (!k.scheduled.empty()) {   // it must not run beside itself, and ran here
            process_one_work(k, *detail::item_of(k.scheduled.front()));
            continue;
        }
        work_item* const w = short_of_workers_ ? first_of(pwq) : nullptr;
        if (w == nullptr) {   // nothing more, and whatever comes is heard of again
            if (!short_of_workers_ || inbox_.fall_asleep()) break;
            let_others_settle();
            continue;
        }
        if (worker_t* busy = runs_elsewhere(*w, k)) {
            detail::list::erase(w->entry);
            busy->scheduled.push_back(w->entry);
        } else {
            process_one_work(k, *w);
        }
    }
    unlink(k);
    kick();
    lock.unlock();
    Arch::irq_restore(was);
}

}   // namespace bottomhalf
