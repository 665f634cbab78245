// SPDX-License-Identifier: MIT
// worker_pool.hpp: what runs the items.  An inbox, a worklist, and workers.
//
// Anybody pushes into the inbox; whoever holds the lock moves what is there to the worklist ("settles" it) and accounts
// it to its queue, so producers touch neither; a worker takes the first item, lets go of the lock and calls the handler.
//
// There is one kind of pool and one worker loop.  What differs is who may start:
//   dedicated   exactly one worker: a 2.6 queue has one such pool per CPU, a single-threaded one has one in all
//   bound       one handler at a time, unless it blocks in one of our primitives: then the next one starts (the kernel's
//               concurrency management)
//   unbound     every item on the worklist gets a worker
//   bh          one worker without a thread: a softirq of its CPU runs the items
//
// Exclusion rules.
//   GUARDED_BY(lock)  lock held for every access (clang -Wthread-safety)
//   I  written while the pool is set up or torn down, read-only for everyone in between
//   S  touched by the owning worker only
//   A  atomic
// Lock order: no two pool locks are ever held at once.  No lock is held while a handler runs.
#pragma once

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include <bottomhalf/arch/arch.hpp>
#include <bottomhalf/context.hpp>
#include <bottomhalf/detail/numbered.hpp>
#include <bottomhalf/detail/spinlock.hpp>
#include <bottomhalf/detail/type_stable.hpp>
#include <bottomhalf/inbox.hpp>
#include <bottomhalf/pool_workqueue.hpp>
#include <bottomhalf/report.hpp>
#include <bottomhalf/softirq.hpp>
#include <bottomhalf/trace.hpp>
#include <bottomhalf/work.hpp>
#include <bottomhalf/worker.hpp>

namespace bottomhalf {

enum class pool_kind : unsigned char { dedicated, bound, unbound, bh };

inline constexpr unsigned max_workers = 512;   // of one pool; the kernel's default for max_active's upper bound
inline constexpr unsigned max_pools = 1U << 15;
inline constexpr int everybody = 0x7fffffff;   // unpark() that many
inline constexpr int highpri_nice = -20;
inline constexpr arch::ns_t intensive_after = 10'000'000;     // ns: the kernel's workqueue.cpu_intensive_thresh_us
inline constexpr unsigned bh_items = 10;                      // of a BH pool, before it looks at the clock
inline constexpr arch::ns_t bh_time = 2'000'000;              // ns, until others have a turn
inline constexpr arch::ns_t idle_timeout = 300'000'000'000;   // ns, of workers that are too many; the kernel's

template <class Arch>
class worker_pool {
    using pwq_t = pool_workqueue<Arch>;
    using worker_t = worker<Arch>;
    using running_t = running_item<Arch>;
    using numbers = detail::numbered<Arch, worker_pool, max_pools>;
    template <class T>
    using atomic = typename Arch::template atomic_ref<T>;

public:
    detail::spinlock<Arch> lock;

    // ---- life -----------------------------------------------------------------------------------------------------

    /// Context: process.  Return: an open pool without a worker; null if memory or numbers have run out.
    static worker_pool* create(pool_kind kind, int cpu, const char* name, arch::cpu_port* port = nullptr,
                               bool highpri = false) noexcept;
    /// The same, complete: what it runs, it runs in the softirqs of that CPU.
    static worker_pool* create_bh(typename softirq_controller<Arch>::cpu& c, bool highpri) noexcept;
    /// Runs what waits, up to a limit.  Context: its CPU's softirq.
    void run_in_softirq() noexcept BOTTOMHALF_EXCLUDES(lock);
    /// Context: process; allocates, starts a thread.  Return: false if that could not be had.
    bool add_worker() noexcept BOTTOMHALF_EXCLUDES(lock);
    /// Lets the workers finish what is queued, ends them, and gives the pool back.  Nobody may queue any more: what still
    /// comes is refused at the door.  Context: process, not one of our own workers.
    void retire() noexcept BOTTOMHALF_EXCLUDES(lock);
    /// The same, but what is queued is not run any more, and a handler that has not returned by `deadline` is left
    /// behind, with its pool.  `drop(void* func, const char* what)` hears of both.
    template <class F>
    void abandon(arch::ns_t deadline, F drop) noexcept BOTTOMHALF_EXCLUDES(lock);
    /// The pool's world is gone, with all its tasks, wherever they were: what is here is idle again, and the pool is as one
    /// that was given back.  Context: nobody else is left.
    void lose() noexcept;

    // ---- queueing -------------------------------------------------------------------------------------------------

    /// Context: any, async-signal-safe.  The caller owns PENDING and has named a link to this pool in the item's word.
    /// Return: false if the pool is closed.
    BOTTOMHALF_INLINE bool enqueue(work_item& w) noexcept {
        const detail::pushed how = inbox_.push(w.entry);
        if (how == detail::pushed::and_must_wake) [[unlikely]]
            wake();
        return how != detail::pushed::refused;
    }
    /// Whether the caller is inside the handler of `w`, or interrupts it.
    [[nodiscard]] BOTTOMHALF_INLINE static bool is_own(const work_item& w) noexcept {
        const worker_t* k = current_worker();
        return k != nullptr && k->current != nullptr && k->current->item == &w;
    }
    /// A handler that queues its own item (is_own()) on the queue that runs it: it will run here, after itself, whatever
    /// CPU was asked for.  So it is only noted down, and costs neither a push nor a look into the inbox; whoever settles
    /// this pool before the handler returns puts it on the worklist.
    /// Context: any; interrupts masked.  Return: where to note it down, once it is claimed, with run_again(); null if it is
    /// for another queue, or somebody else comes before it, or `last_pool`, which its word names, is not this one: it was
    /// made anew, or has run elsewhere meanwhile, and who looks for it would look there.
    [[nodiscard]] BOTTOMHALF_INLINE static running_t* own_run(const basic_workqueue_struct<Arch>& wq,
                                                              unsigned last_pool) noexcept {
        worker_t& k = *current_worker();
        running_t* r = k.current;   // on the worker's own thread nobody changes it meanwhile
        return r->pwq->wq != &wq || last_pool != k.pool->id_ || context<Arch>::in_interrupt() ||
                       !k.pool->inbox_.was_untouched()
                   ? nullptr
                   : r;
    }
    static void run_again(running_t& r) noexcept {
        atomic<std::uint32_t>(r.again).store(1, release);   // [work.again] the claim is visible to who finds it
    }

    // ---- for flush, cancel and drain ------------------------------------------------------------------------------

    [[nodiscard]] static worker_pool* by_number(unsigned id) noexcept { return numbers::find(id); }
    /// f(worker_pool&) for every pool that there ever was: at work, or resting until it is needed again.
    template <class F>
    static void for_each_pool(F f) noexcept {
        numbers::for_each(f);
    }
    [[nodiscard]] unsigned number() const noexcept { return id_; }
    /// The first pool that is created has the first number, whoever had it, and no handler was ever long.
    /// Context: between two worlds.
    static void forget_history() noexcept requires(Arch::simulated) {
        detail::type_stable<Arch, worker_pool>::sort(
            [](const worker_pool& a, const worker_pool& b) { return a.id_ < b.id_; });
        for (hog& each : hogs_) each = {};
    }
    [[nodiscard]] int cpu() const noexcept { return cpu_; }
    [[nodiscard]] pool_kind kind() const noexcept { return kind_; }
    [[nodiscard]] bool is_highpri() const noexcept { return highpri_; }
    [[nodiscard]] unsigned nr_workers() const noexcept BOTTOMHALF_REQUIRES(lock) { return nr_workers_; }
    /// Since when nothing of the worklist has begun, as far as such looks tell; 0 if it is empty, or has just moved on.
    /// Context: once in a while, no handler of it may be in the way of the caller.
    /// `anew`: whatever was before.
    [[nodiscard]] arch::ns_t stuck_for(arch::ns_t now, bool anew = false) noexcept BOTTOMHALF_REQUIRES(lock);
    [[nodiscard]] bool has_pending() const noexcept BOTTOMHALF_REQUIRES(lock) { return !worklist_.empty(); }
    pool_progress watched BOTTOMHALF_GUARDED_BY(lock);
    /// Somebody is in the middle of settle(), and has let go of the lock: what he has in his hands comes before anything
    /// that is in the inbox now.
    [[nodiscard]] bool in_transit() const noexcept BOTTOMHALF_REQUIRES(lock) { return in_transit_; }

    /// Moves the inbox to the worklist, in order.  May let go of the lock in between.
    void settle() noexcept BOTTOMHALF_REQUIRES(lock) {
        for (worker_t* k = workers_; k != nullptr; k = k->next)
            for (running_t* r = k->current; r != nullptr; r = r->outer) admit_again(*r);
        if (!in_transit_) [[likely]]
            admit_all(inbox_.take_all_newest_first());
    }

    /// An item at the address of one that runs is the same only if it has the same function: a handler may free its item,
    /// and be given that memory for the next one.
    [[nodiscard]] running_t* find_running(const work_item& w) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (running_filter_[slot(w)] == 0) return nullptr;
        for (worker_t* k = workers_; k != nullptr; k = k->next)
            for (running_t* r = k->current; r != nullptr; r = r->outer)
                if (r->item == &w && r->handler.func == w.func) return r;
        return nullptr;
    }
    /// Lock-free and never wrong when it says no: whoever claimed the item after a run began sees that run counted.
    [[nodiscard]] bool may_be_running(const work_item& w) noexcept {
        return atomic<std::uint32_t>(running_filter_[slot(w)]).load(acquire) !=
               0;   // [work.pending] see process_one_work()
    }
    /// Takes an admitted item off again; the caller then owns its PENDING.  Those who waited for it are released.
    void remove(work_item& w) noexcept BOTTOMHALF_REQUIRES(lock) {
        const unsigned long d = detail::data_of<Arch>(w).load(relaxed);   // relaxed: stable under the lock
        pwq_t& pwq = *link_of(w);
        detail::list::erase(w.entry);
        detail::set_word<Arch>(w, detail::word::off_queue(id_) | detail::word::PENDING);
        flush_waiters<Arch>::release(waiters_.take(w));
        account_end(pwq, detail::word::colour(d), (d & detail::word::INACTIVE) == 0);
        if (watched.first == &w.entry) watched.first = nullptr;   // if it comes again it has just come
        kick();
    }
    void wait_for(flush_waiter& f) noexcept BOTTOMHALF_REQUIRES(lock) { waiters_.add(f); }
    /// Returns when `f`, which one of the pools has, is released.  Context: process; no lock held.
    void sleep_until_end(flush_waiter& f, const char* why) noexcept {
        // The worker was woken a moment ago, and on our own CPU it can begin when we make way.  Often that is all: then
        // neither have we slept, nor has it to wake us.
        if (atomic<int>(slept_on_).load(relaxed) == Arch::this_cpu()) Arch::make_way();   // relaxed: a guess
        flush_waiters<Arch>::sleep(f, why);
    }
    /// Starts what has become possible (more room under max_active, a barrier lifted).
    void activate(pwq_t& pwq) noexcept BOTTOMHALF_REQUIRES(lock) {
        while (!pwq.inactive.empty() && has_room(pwq)) activate_first(pwq);
        kick();
    }
    static void wake_flushers(basic_workqueue_struct<Arch>& wq) noexcept {
        atomic<std::uint32_t>(wq.flush_word).fetch_add(1, release);   // [wq.flush]
        Arch::unpark(wq.flush_word, everybody);
    }
    /// Runs those items of the worklist that are `wanted` in the caller, a worker of this pool, inside the handler that it
    /// is running: what flushing one's own queue meant in 2.6, an item that is itself running further out included.
    template <class F>
    void run_inline(worker_t& k, F wanted) noexcept BOTTOMHALF_EXCLUDES(lock) {
        const bool was = Arch::irq_save();
        lock.lock();
        for (settle();; settle()) {
            detail::link* l = worklist_.front();
            while (l != worklist_.end() && !wanted(*detail::item_of(l))) l = l->next;
            if (l == worklist_.end()) break;
            process_one_work(k, *detail::item_of(l));
        }
        lock.unlock();
        Arch::irq_restore(was);
    }
    /// Looks for a handler that runs for too long.  Context: once in a while, at least every few ms, a thread that may start
    /// others.
    void tick() noexcept BOTTOMHALF_EXCLUDES(lock);
    /// Whom to tell of items that come while no worker could be hired.  Context: before the pool is used.
    void ask_when_short(void (*f)(void*), void* arg) noexcept {
        ask_ = f;
        ask_whom_ = arg;
    }
    /// Tries again to find somebody for what waits.  Context: a thread that may start others.
    void help() noexcept BOTTOMHALF_EXCLUDES(lock) {
        detail::irq_lock<Arch> g(lock);
        if (short_of_workers_) leave_a_watcher();
    }
    /// For rescuers.  Is nobody here to look, while something of `pwq` waits?
    [[nodiscard]] bool needs_rescue(const pwq_t& pwq) noexcept BOTTOMHALF_EXCLUDES(lock);
    /// Runs what waits of `pwq` in the caller, until somebody else can.
    void rescue(worker_t& k, const pwq_t& pwq) noexcept BOTTOMHALF_EXCLUDES(lock);
    template <class F>
    void for_each_pending(F f) noexcept BOTTOMHALF_REQUIRES(lock) {
        for (detail::link* l = worklist_.front(); l != worklist_.end(); l = l->next) f(*detail::item_of(l));
    }
    template <class F>
    void for_each_worker(F f) noexcept BOTTOMHALF_REQUIRES(lock) {
        for (worker_t* k = workers_; k != nullptr; k = k->next) f(*k);
    }
    template <class F>
    void for_each_running(F f) noexcept BOTTOMHALF_REQUIRES(lock) {
        for (worker_t* k = workers_; k != nullptr; k = k->next)
            for (running_t* r = k->current; r != nullptr; r = r->outer) f(*k, *r);
    }

    /// The worker that the caller is, or null.
    [[nodiscard]] static worker_t* current_worker() noexcept { return static_cast<worker_t*>(Arch::current().worker); }
    static pwq_t* link_of(work_item& w) noexcept {
        return link_in(detail::data_of<Arch>(w).load(relaxed));   // relaxed: the lock of its pool, or a look
    }
    static pwq_t* link_in(unsigned long d) noexcept {
        return reinterpret_cast<pwq_t*>(d & ~(detail::word::pwq_align - 1));
    }
    /// In the child of a fork() there are no workers: from now on every push is refused.
    void close_after_fork() noexcept { inbox_.close(); }

    worker_pool() = default;
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;
    worker_pool* next_free = nullptr;

private:
    // ---- the worker's loop ----------------------------------------------------------------------------------------

    static void worker_thread(void* arg) noexcept {
        worker_t& k = *static_cast<worker_t*>(arg);
        k.pool->work(k);
    }

    void work(worker_t& k) noexcept BOTTOMHALF_EXCLUDES(lock) {
        arch::task& t = Arch::current();
        t.worker = &k;
        k.self = &t;
        name_task(t, k);   // to the kernel's eyes a shared worker is a kworker; ps shows the thread's own name
        if (highpri_) Arch::set_nice(highpri_nice);   // where we may; else it is a pool of its own all the same
        if (kind_ != pool_kind::dedicated) t.blocks = &worker_sleeping, t.runs = &worker_running;
        if (Arch::simulated && kind_ == pool_kind::bound) t.burns = &worker_burning;
        if (port_ != nullptr) Arch::attach(*port_);
        bool was = Arch::irq_save();
        lock.lock();
        k.pid = t.pid;
        while (true) {
            if (worklist_.empty()) settle();   // not per item: the inbox's line belongs to the producers
            if (work_item* w = next_work(k)) {
                process_works(k, w);
                continue;
            }
            if (k.counted) {
                k.counted = false;
                --nr_running_;
                ++nr_idle_;
            }
            if (stop_ && worklist_.empty()) break;
            // Before the inbox says ASLEEP, so that the push which replaces that finds us with the older value.
            const std::uint32_t v = atomic<std::uint32_t>(watch_).load(relaxed);   // relaxed: ordered by [inbox.head]
            if (must_watch() && !inbox_.fall_asleep()) {
                let_others_settle();
                continue;
            }
            arch::ns_t until;
            if (leaves(k, until)) break;
            atomic<int>(slept_on_).store(Arch::this_cpu(), relaxed);   // relaxed: a hint
            lock.unlock();
            Arch::irq_restore(was);
            Arch::park(watch_, v, until, "work");
            if (Arch::overslept()) [[unlikely]]
                look_whether_told(v);
            was = Arch::irq_save();
            lock.lock();
        }
        --nr_idle_;
        if (stop_) {   // another one may have waited for us to be done with the worklist
            atomic<std::uint32_t>(watch_).fetch_add(1, release);
            Arch::unpark(watch_, everybody);
        }
        lock.unlock();
        if (port_ != nullptr) Arch::detach(*port_);
        Arch::irq_restore(was);
        t.worker = nullptr;
    }

    /// What has come while we slept with `v`, somebody must have told us of: by the word, or by the doorbell.  If he is about
    /// to, we wait for him.
    BOTTOMHALF_COLD void look_whether_told(std::uint32_t v) noexcept {
        const arch::ns_t until = Arch::now() + 1'000'000'000;
        for (unsigned round = 0; Arch::now() < until; Arch::relax(round++)) {
            const bool item = atomic<std::uint32_t>(watch_).load(acquire) == v && !inbox_.was_empty();
            const bool irq = port_ != nullptr && atomic<std::uint64_t>(port_->pending).load(acquire) != 0 &&
                             atomic<std::uint32_t>(port_->masked).load(acquire) == 0;
            if (!item && !irq) return;
        }
        Arch::count_unannounced();
    }

    /// The kernel's rule.
    [[nodiscard]] bool too_many_idle() const noexcept BOTTOMHALF_REQUIRES(lock) {
        return nr_idle_ > 2 && (nr_idle_ - 2) * 4 >= nr_workers_ - nr_idle_;
    }
    bool leaves(worker_t& k, arch::ns_t& until) noexcept BOTTOMHALF_REQUIRES(lock);
    work_item* first_of(const pwq_t& pwq) noexcept BOTTOMHALF_REQUIRES(lock);

    /// Do I go on, or start?  Asked by a worker between two items, and by one that was woken.  Return: the item to run.
    work_item* next_work(worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (!k.scheduled.empty()) return counted(k), detail::item_of(k.scheduled.front());
        while (!worklist_.empty()) {
            if (kind_ == pool_kind::bound && nr_running_ > (k.counted ? 1 : 0)) return nullptr;   // another one runs
            work_item* w = detail::item_of(worklist_.front());
            if (kind_ != pool_kind::dedicated)
                if (worker_t* busy =
                        runs_elsewhere(*w, k)) {   // it must not run beside itself: it waits for that worker
                    detail::list::erase(w->entry);
                    busy->scheduled.push_back(w->entry);
                    continue;
                }
            counted(k);
            return w;
        }
        return nullptr;
    }
    void counted(worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (k.counted) return;
        k.counted = true;
        ++nr_running_;
        --nr_idle_;
    }
    worker_t* runs_elsewhere(const work_item& w, const worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (running_filter_[slot(w)] == 0) return nullptr;
        for (worker_t* o = workers_; o != nullptr; o = o->next)
            for (running_t* r = o->current; r != nullptr; r = r->outer)
                if (r->item == &w && r->handler.func == w.func && o != &k) return o;
        return nullptr;
    }

    /// The heart.  Entered and left with the lock held; the handler runs without it.  `w` is not touched once its PENDING
    /// is cleared: the handler may queue it again, elsewhere, or free it.
    void process_one_work(worker_t& k, work_item& w) noexcept BOTTOMHALF_REQUIRES(lock) {
        running_t r{k.current};
        process(k, r, w);
        k.current = r.outer;
    }
    /// The same, and then all that can be run one after the other.  What is written down about a run is written over from one
    /// to the next, for behind it come locked instructions, and those wait until everything is written: so nobody must see
    /// it in between, when the lock is free.
    __attribute__((noinline)) void process_works(worker_t& k, work_item* w) noexcept BOTTOMHALF_REQUIRES(lock) {
        running_t r{k.current};
        const bool alone = kind_ == pool_kind::dedicated;   // nobody else runs anything of this pool
        do {
            process(k, r, *w);
            if (worklist_.empty()) break;
            w = alone ? detail::item_of(worklist_.front()) : next_work(k);
        } while (w != nullptr);
        k.current = r.outer;
    }
    BOTTOMHALF_INLINE void process(worker_t& k, running_t& r, work_item& w) noexcept BOTTOMHALF_REQUIRES(lock) {
        const unsigned long d = detail::data_of<Arch>(w).load(relaxed);   // relaxed: stable under the lock
        r.item = &w;
        r.handler.template read<Arch>(w);
        if (d != r.word) {   // as a rule the same as the last one's
            r.word = d;
            r.pwq = link_in(d);
            r.colour = detail::word::colour(d);
        }
        if (!waiters_.none()) [[unlikely]]
            r.waiters = waiters_.take(w);
        detail::list::unlink(w.entry);
        k.current = &r;
        if (k.desc[0] != '\0') [[unlikely]]
            k.desc[0] = '\0';
        if (r.flushing) [[unlikely]]   // of the last one
            r.flushing = false;
        mark_running(w, +1);
        bool asked;   // by its handler, for one more
        do {
            ++k.runs;
            // [work.pending] acquire: what any queue_work() before this, also one that returned false, was told about is
            // visible to the handler.  release: `current` and the filter are set before anybody can claim the item again.
            detail::data_of<Arch>(w).exchange(detail::word::off_queue(id_), acq_rel);
            if (kind_ != pool_kind::dedicated) begin_shared(k, r);
            lock.unlock();
            Arch::irq_restore(false);

            run_handler<Arch>(r.handler, &w);

            Arch::irq_save();
            lock.lock();
            if (k.intensive) [[unlikely]]
                count_in(k);
            // relaxed: set on this thread, cleared under the lock
            asked = atomic<std::uint32_t>(r.again).load(relaxed) != 0;
        } while (asked && at_once(k, r));
        mark_running(w, -1);
        account_end(*r.pwq, r.colour, true);
        if (asked) admit_again(r);
        if (r.waiters != nullptr) [[unlikely]] {   // their wake-ups are system calls: not under the lock
            k.current = r.outer;
            flush_waiter* const waiters = std::exchange(r.waiters, nullptr);
            lock.unlock();
            flush_waiters<Arch>::release(waiters);
            lock.lock();
        }
    }

    /// What a run means to the others of the pool.
    void begin_shared(worker_t& k, const running_t& r) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (kind_ == pool_kind::unbound) leave_a_watcher();
        if (kind_ == pool_kind::bound && is_intensive(*r.pwq)) [[unlikely]]
            count_out(k);
    }
    /// Its handler wants it again, and nobody else wants anything: then all that is written down about this run holds for
    /// the next one.
    bool at_once(worker_t& k, running_t& r) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (r.outer != nullptr) return false;   // inside a flush of its own queue, which counts the runs that it is for
        if (!worklist_.empty() || !k.scheduled.empty() || !inbox_.was_untouched() || r.waiters != nullptr || stop_ ||
            in_transit_ || (kind_ == pool_kind::bound && nr_running_ > 1) || !r.pwq->inactive.empty() ||
            atomic<std::uint32_t>(r.pwq->wq->work_colour).load(relaxed) != r.colour ||   // relaxed: see admit()
            r.pwq->nr_active > atomic<int>(r.pwq->wq->max_active).load(relaxed))         // relaxed: see has_room()
            return false;
        atomic<std::uint32_t>(r.again).store(0, relaxed);   // relaxed: the lock
        if (r.item->func != r.handler.func || r.handler.has_data()) [[unlikely]]
            r.handler.template read<Arch>(*r.item);
        detail::trace_activation<Arch>(*r.item);
        return true;
    }
    void admit_again(running_t& r) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (atomic<std::uint32_t>(r.again).load(acquire) == 0) return;   // [work.again]
        atomic<std::uint32_t>(r.again).store(0, relaxed);                // relaxed: the lock
        admit(*r.item, *r.pwq);
    }

    // ---- admitting: worker_pool_intake.hpp ------------------------------------------------------------------------

    void admit(work_item& w, pwq_t& pwq) noexcept BOTTOMHALF_REQUIRES(lock);
    static bool has_room(pwq_t& pwq) noexcept {
        return pwq.nr_active < atomic<int>(pwq.wq->max_active).load(relaxed);   // relaxed: a raise looks at every link
    }
    void activate_first(pwq_t& pwq) noexcept BOTTOMHALF_REQUIRES(lock);
    void account_end(pwq_t& pwq, unsigned colour, bool active) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (active) {
            --pwq.nr_active;
            if (!pwq.inactive.empty() && has_room(pwq)) activate_first(pwq);
        }
        // A flush counts itself under our lock, before it sleeps, so relaxed finds it.  Handlers that flush their own
        // queue do not wait for each other, so for them every end may be the one that matters.
        basic_workqueue_struct<Arch>& wq = *pwq.wq;
        const bool last = --pwq.in_flight[colour] == 0;
        if (atomic<std::uint32_t>(wq.flushers).load(relaxed) != 0) [[unlikely]]
            if (last || atomic<std::uint32_t>(wq.inside_flushers).load(relaxed) != 0) wake_flushers(wq);
    }
    void admit_all(detail::link* newest) noexcept BOTTOMHALF_REQUIRES(lock);
    void put_back(detail::link* oldest) noexcept BOTTOMHALF_REQUIRES(lock);
    void admit_in_turn(detail::link* oldest) noexcept BOTTOMHALF_REQUIRES(lock);
    [[nodiscard]] worker_pool* may_run_elsewhere(detail::link& l) noexcept BOTTOMHALF_REQUIRES(lock);
    void let_others_settle() noexcept BOTTOMHALF_REQUIRES(lock);
    bool keeps(work_item& w) noexcept BOTTOMHALF_EXCLUDES(lock);
    void mark_running(const work_item& w, int n) noexcept BOTTOMHALF_REQUIRES(lock) {
        std::uint32_t& f = running_filter_[slot(w)];
        atomic<std::uint32_t>(f).store(f + static_cast<std::uint32_t>(n), release);
    }
    static unsigned slot(const work_item& w) noexcept {
        if constexpr (Arch::simulated) return 0;   // no address decides what happens there
        return static_cast<unsigned>((reinterpret_cast<std::uintptr_t>(&w) >> 5) % 16);
    }

    // ---- waking ---------------------------------------------------------------------------------------------------

    /// One idle worker looks.  Context: any, async-signal-safe.
    void wake() noexcept {
        if (bh_cpu_ != nullptr) return bh_cpu_->all->raise(*bh_cpu_, highpri_ ? softirq::hi : softirq::tasklet);
        atomic<std::uint32_t>(watch_).fetch_add(1, release);   // ends a wait that is about to begin, see work()
        // On the only worker's own thread we are a handler that interrupted its way to sleep: the word has changed, so
        // the wait returns by itself.
        const worker_t* me = current_worker();
        if (me != nullptr && me->pool == this && kind_ == pool_kind::dedicated) return;
        // relaxed: who replaces an ASLEEP that stay_alert() has written sees it [inbox.head]
        if (atomic<std::uint32_t>(short_).load(relaxed) != 0 && ask_ != nullptr) [[unlikely]]
            ask_(ask_whom_);
        if (cpu_ < 0 || !detail::in_context<Arch>::postpone(waker_, cpu_)) Arch::unpark(watch_, 1);
    }
    /// Somebody other than a worker has put something on the worklist.
    void kick() noexcept BOTTOMHALF_REQUIRES(lock) {
        if (worklist_.empty()) return;
        const bool slept = inbox_.wake_up();
        if (slept || kind_ == pool_kind::unbound || (kind_ == pool_kind::bound && nr_running_ == 0)) wake();
    }
    /// Is it for the one who goes to sleep to say so in the inbox?  Not while another worker runs, who will look.
    bool must_watch() const noexcept BOTTOMHALF_REQUIRES(lock) { return kind_ != pool_kind::bound || nr_running_ == 0; }
    /// Before this worker becomes deaf (runs a handler of an unbound pool, blocks in a bound one): what is there, and what
    /// comes, must find another one.
    /// Return: false if there is nobody, and no thread was to be had: ask again.
    bool leave_a_watcher() noexcept BOTTOMHALF_REQUIRES(lock);
    void stay_alert() noexcept BOTTOMHALF_REQUIRES(lock);
    /// Those whose items wait here, and who can help themselves, come.
    void call_for_help() noexcept BOTTOMHALF_REQUIRES(lock);

    /// Upcalls of a shared pool's workers, from block().
    static bool worker_sleeping(arch::task& t) noexcept {
        worker_t& k = *static_cast<worker_t*>(t.worker);
        worker_pool& p = *k.pool;
        detail::irq_lock<Arch> g(p.lock);
        if (!k.counted) return true;
        if (!k.blocked) {
            k.blocked = true;
            if (!k.intensive) --p.nr_running_;
        }
        if (p.kind_ == pool_kind::bound ? p.nr_running_ != 0 : p.nr_idle_ > p.nr_hiring_) return true;
        // Somebody whom another is about to hire, and counts already, may turn out not to be had.
        return p.leave_a_watcher() && (p.nr_hiring_ == 0 || p.nr_idle_ > p.nr_hiring_);
    }
    static void worker_running(arch::task& t) noexcept {
        worker_t& k = *static_cast<worker_t*>(t.worker);
        worker_pool& p = *k.pool;
        detail::irq_lock<Arch> g(p.lock);
        if (!k.blocked) return;
        k.blocked = false;
        ++k.wakes;
        if (p.kind_ == pool_kind::bound) p.short_of_workers_ = false;   // he will look
        if (k.intensive) return;
        ++p.nr_running_;
        // In a bound pool we look ourselves after this item, so a push need not wake anybody.
        if (p.kind_ == pool_kind::bound) p.inbox_.wake_up();
    }

    // ---- CPU_INTENSIVE --------------------------------------------------------------------------------------------

    bool watch(worker_t& k, arch::ns_t now) noexcept BOTTOMHALF_REQUIRES(lock);
    void count_hog(const void* handler) noexcept BOTTOMHALF_REQUIRES(lock);
    static void worker_burning(arch::task& t) noexcept;   // upcall

    static bool is_intensive(const pwq_t& pwq) noexcept { return pwq.wq->is(wq_flag::cpu_intensive); }
    /// What this worker runs does not keep the pool's next item from starting.
    void count_out(worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock) {
        if (!k.counted || k.intensive) return;
        k.intensive = true;
        if (!k.blocked && --nr_running_ == 0) leave_a_watcher();
    }
    void count_in(worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock) {
        k.intensive = false;
        ++nr_running_;
        inbox_.wake_up();   // we look ourselves, as in worker_running()
    }

    // ---- workers --------------------------------------------------------------------------------------------------

    /// Lets go of the lock while the thread is started.
    bool hire() noexcept BOTTOMHALF_REQUIRES(lock);
    void name_worker(char* to, std::size_t n, unsigned which) const noexcept;
    /// What the kernel calls it.
    void name_task(arch::task& t, const worker_t& k) const noexcept;
    /// Takes the first item off for good.  Return: false if there is none.
    bool take_first(detail::list& l, detail::handler& h) noexcept BOTTOMHALF_EXCLUDES(lock);
    /// Return: false if somebody had to be left behind.
    bool end(arch::ns_t deadline) noexcept BOTTOMHALF_EXCLUDES(lock);
    void unlink(worker_t& k) noexcept BOTTOMHALF_REQUIRES(lock);
    [[nodiscard]] bool has_guest() const noexcept BOTTOMHALF_REQUIRES(lock);
    static void delete_all(worker_t* first) noexcept;

    // One line for the producers, another for the workers.
    alignas(64) detail::inbox<Arch> inbox_;
    std::uint32_t watch_ = 0;   // A: what idle workers sleep on; changes with each wake-up
    alignas(64) detail::list worklist_ BOTTOMHALF_GUARDED_BY(lock);
    flush_waiters<Arch> waiters_ BOTTOMHALF_GUARDED_BY(lock);   // for items on the worklist
    worker_t* workers_ BOTTOMHALF_GUARDED_BY(lock) = nullptr;
    unsigned nr_workers_ BOTTOMHALF_GUARDED_BY(lock) = 0;
    unsigned nr_idle_ BOTTOMHALF_GUARDED_BY(lock) = 0;
    int nr_running_ BOTTOMHALF_GUARDED_BY(lock) = 0;       // counted workers that are not blocked
    unsigned nr_hiring_ BOTTOMHALF_GUARDED_BY(lock) = 0;   // threads being started right now
    unsigned nr_named_ BOTTOMHALF_GUARDED_BY(lock) = 0;    // numbers given to workers
    std::uint32_t running_filter_[16] = {};                // A: how many items of each address class run here
    pool_kind kind_ = pool_kind::dedicated;                // I
    bool stop_ BOTTOMHALF_GUARDED_BY(lock) = false;
    bool in_transit_ BOTTOMHALF_GUARDED_BY(lock) = false;
    bool runs_in_softirq_ BOTTOMHALF_GUARDED_BY(lock) = false;    // the worker of a BH pool is at work
    bool short_of_workers_ BOTTOMHALF_GUARDED_BY(lock) = false;   // nobody looks, and none could be hired
    bool told_of_shortage_ BOTTOMHALF_GUARDED_BY(lock) = false;
    std::uint32_t short_ = 0;        // A: the last worker could not be hired
    void (*ask_)(void*) = nullptr;   // I: for help, in that case
    void* ask_whom_ = nullptr;       // I
    detail::later_wake waker_{&watch_};
    int slept_on_ = -1;      // A: the real CPU on which a worker fell asleep last, -1: not known
    int cpu_ = -1;           // I: emulated CPU, -1: none
    unsigned id_ = 0;        // I: number, for the words of items; kept for good
    bool highpri_ = false;   // I
    typename softirq_controller<Arch>::cpu* bh_cpu_ = nullptr;   // I: of a BH pool
    arch::cpu_port* port_ = nullptr;                             // I: the CPU whose doorbell the (only) worker takes
    worker_t* left_ BOTTOMHALF_GUARDED_BY(lock) = nullptr;       // those that were too many, to be joined
    arch::ns_t too_many_since_ BOTTOMHALF_GUARDED_BY(lock) = arch::forever;   // idle ones; forever: they are not
    char name_[32] = {};                                                      // I

    struct hog {
        const void* handler = nullptr;   // A
        std::uint64_t times = 0;         // A
    };
    static constexpr unsigned nr_hogs = 64;
    BOTTOMHALF_STATE static inline constinit hog hogs_[nr_hogs] = {};
};

}   // namespace bottomhalf

// The bodies of what is only declared here.
#include <bottomhalf/worker_pool_intake.hpp>
#include <bottomhalf/worker_pool_life.hpp>
