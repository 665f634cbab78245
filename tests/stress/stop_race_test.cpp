// SPDX-License-Identifier: MIT
//
// Everything that stops an item or waits for it, against everything that queues it, from several threads, with dice.
//
// The books of an item: each call that made it pending is settled by one run or by one cancellation that returned true.
// `inside` is how many of its handlers run at this moment.  Items that are allocated are freed as early as the contract
// allows, so that AddressSanitizer sees whoever touches them later.
#include <array>
#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "storm.hpp"
#include "support/catch.hpp"

namespace bh = bottomhalf;

namespace {

using engine = bh::arch::threads;
using ops = bh::workqueue_ops<engine>;
using delayed_ops = bh::delayed_ops<engine>;
using raw_queue = bh::basic_workqueue_struct<engine>;
constexpr auto relaxed = std::memory_order_relaxed;

struct account {
    std::atomic<unsigned> taken{0}, cancelled{0}, runs{0}, inside{0}, overlaps{0};
    void enter() noexcept {
        if (inside.fetch_add(1, relaxed) != 0) overlaps.fetch_add(1, relaxed);
        runs.fetch_add(1, relaxed);
    }
    void leave() noexcept { inside.fetch_sub(1, relaxed); }
    [[nodiscard]] bool settled() const { return taken.load() == runs.load() + cancelled.load() && inside.load() == 0; }
};

/// A queue of any kind, for a scope; the C++ interface makes two of them, the facades all.
class queue {
public:
    queue(bh::basic_machine<engine>& m, const char* name, bh::queue_kind kind, int max_active)
        : m_(m), wq_(m.create_queue(name, kind, max_active, this, bh::location::current())) {}
    ~queue() { m_.destroy_queue(wq_, bh::location::current()); }
    queue(const queue&) = delete;
    queue& operator=(const queue&) = delete;
    [[nodiscard]] raw_queue* get() const { return wq_; }

private:
    bh::basic_machine<engine>& m_;
    raw_queue* wq_;
};

/// Runs f(thread number) on n threads.
template <class F>
void on_threads(unsigned n, F f) {
    std::vector<std::jthread> all;
    for (unsigned i = 0; i < n; ++i) all.emplace_back([&f, i] { f(i); });
}

struct player {
    account books;
    unsigned spin = 0;
    raw_queue* home = nullptr;   // where it queues itself, three times out of four; null: never
    bh::work<std::function<void()>> item{[this] {
        books.enter();
        storm::jitter(spin);
        const unsigned n = books.runs.load(relaxed);
        if (home != nullptr && n % 4 != 0 && ops::queue_work_on(n % home->nr_cpus, home, item, bh::location::current()))
            books.taken.fetch_add(1, relaxed);
        books.leave();
    }};
};

}   // namespace

TEST_CASE("work queues: queue, flush and cancel race on every kind of queue", "[workqueue][stress]") {
    constexpr unsigned threads = 3, players = 4, cpus = 3;
    constexpr struct {
        const char* name;
        bh::queue_kind kind;
        int max_active;
    } kinds[] = {{"percpu", bh::queue_kind::per_cpu, 0},
                 {"single", bh::queue_kind::single_thread, 0},
                 {"bound", bh::queue_kind::bound, 2},
                 {"unbound", bh::queue_kind::unbound, 4},
                 {"ordered", bh::queue_kind::unbound, 1}};
    storm::quiet_library library;
    bh::machine m{{.cpus = cpus}};
    const unsigned rounds = storm::rounds(80'000);
    std::uint64_t stream = 100;
    for (const auto& kind : kinds) {
        INFO(kind.name);
        std::array<player, players> all;
        for (unsigned i = 0; i < players; ++i) all[i].spin = i == 0 ? 0 : i == 1 ? 300 : i == 2 ? 3'000 : 30'000;
        {
            queue q(m, kind.name, kind.kind, kind.max_active);
            REQUIRE(q.get() != nullptr);
            for (unsigned i = 0; i < players; i += 2) all[i].home = q.get();
            on_threads(threads, [&](unsigned thread) {
                storm::dice dice(stream + thread);
                const bh::location here = bh::location::current();
                for (unsigned round = 0; round < rounds; ++round) {
                    player& p = all[dice.below(players)];
                    switch (dice.below(16)) {
                        case 0: ops::flush_work(p.item, here); break;
                        case 1:
                            if (ops::cancel(p.item, &ops::no_timer)) p.books.cancelled.fetch_add(1, relaxed);
                            break;
                        case 2:
                            if (ops::cancel_sync(p.item, &ops::no_timer, "cancel_work_sync", here))
                                p.books.cancelled.fetch_add(1, relaxed);
                            break;
                        case 3:
                            if (dice.one_in(4)) ops::flush_workqueue(q.get(), here);
                            break;
                        default:
                            if (ops::queue_work_on(dice.below(cpus), q.get(), p.item, here))
                                p.books.taken.fetch_add(1, relaxed);
                    }
                }
            });
        }
        stream += threads;
        unsigned taken = 0, cancelled = 0;
        for (const player& p : all) {
            CHECK(p.books.settled());
            CHECK(p.books.overlaps == 0);   // in one queue an item never runs beside itself, whatever the CPUs
            taken += p.books.taken;
            cancelled += p.books.cancelled;
        }
        std::printf("%s: %u queued, %u cancelled\n", kind.name, taken, cancelled);
    }
    CHECK(library.heard() == "");
}

TEST_CASE("queue_work: an item wanders between two queues and three CPUs, and runs as often as it was queued",
          "[workqueue][stress]") {
    // Two queues may run it at the same time, as in the kernel; each run is still one that was asked for.
    constexpr unsigned threads = 3, cpus = 3;
    storm::quiet_library library;
    bh::machine m{{.cpus = cpus}}, other{{.cpus = 1}};
    player p;
    p.spin = 500;
    const unsigned rounds = storm::rounds(200'000);
    {
        bh::workqueue a{m, "a"}, b{m, "b", {.single_thread = true}}, c{other, "c"};
        on_threads(threads, [&](unsigned thread) {
            storm::dice dice(200 + thread);
            for (unsigned round = 0; round < rounds; ++round) {
                bool queued = false;
                switch (dice.below(8)) {
                    case 0: bh::flush_work(p.item); break;
                    case 1:
                        if (bh::cancel_work(p.item)) p.books.cancelled.fetch_add(1, relaxed);
                        break;
                    case 2:
                        if (bh::cancel_work_sync(p.item)) p.books.cancelled.fetch_add(1, relaxed);
                        break;
                    case 3: queued = bh::queue_work(b, p.item); break;
                    case 4: queued = bh::queue_work(c, p.item); break;
                    default: queued = bh::queue_work_on(dice.below(cpus), a, p.item);
                }
                if (queued) p.books.taken.fetch_add(1, relaxed);
            }
        });
    }
    CHECK(p.books.settled());
    std::printf("wandering: %u queued, %u cancelled, %u beside themselves\n", p.books.taken.load(),
                p.books.cancelled.load(), p.books.overlaps.load());
    CHECK(library.heard() == "");
}

TEST_CASE("cancel_work_sync: the item may be freed as soon as it returns", "[workqueue][cancel][stress]") {
    constexpr unsigned cpus = 3;
    storm::quiet_library library;
    bh::machine m{{.cpus = cpus}};
    const unsigned rounds = storm::rounds(40'000);
    std::atomic<unsigned> runs{0}, dead_runs{0};
    std::atomic<bool> over{false};
    struct walker {   // queues itself on another CPU each time, for ever
        explicit walker(std::function<void()> f) : item(std::move(f)) {}
        ~walker() { alive = false; }
        std::atomic<bool> alive{true};
        bh::work<std::function<void()>> item;
    };
    {
        bh::workqueue a{m, "a"}, b{m, "b"};
        std::jthread third([&] {   // empties inboxes behind the canceller's back
            storm::dice dice(301);
            while (!over.load(relaxed)) {
                bh::flush_workqueue(dice.one_in(2) ? a : b);
                storm::jitter(dice.below(3000));
            }
        });
        on_threads(2, [&](unsigned thread) {
            storm::dice dice(310 + thread);
            for (unsigned round = 0; round < rounds; ++round) {
                bh::workqueue& q = thread == 0 ? a : b;
                walker* w = nullptr;
                std::unique_ptr<walker> owner;
                unsigned cpu = dice.below(cpus);
                owner = std::make_unique<walker>([&, next = dice.below(cpus)]() mutable {
                    if (!w->alive) dead_runs.fetch_add(1, relaxed);
                    runs.fetch_add(1, relaxed);
                    next = (next + 1) % cpus;
                    bh::queue_work_on(next, q, w->item);
                });
                w = owner.get();
                bh::queue_work_on(cpu, q, w->item);
                storm::jitter(
                    dice.below(dice.one_in(8) ? 100'000 : 4000));   // mostly while it waits, at times as it walks
                if (dice.one_in(3)) bh::queue_work_on((cpu + 1) % cpus, q, w->item);
                bh::cancel_work_sync(w->item);
                owner.reset();
            }
            over.store(true, relaxed);
        });
    }
    std::printf("%u items freed, %u runs\n", 2 * rounds, runs.load());
    CHECK(dead_runs == 0);
    CHECK(library.heard() == "");
}

namespace {
struct ends_itself {
    std::atomic<unsigned>* runs;
    template <class Item>
    void operator()(Item& item) const {
        std::atomic<unsigned>* const counter = runs;   // this object goes with the item
        delete &item;
        counter->fetch_add(1, relaxed);
    }
};
}   // namespace

TEST_CASE("queue_work: an item may free itself as its last act", "[workqueue][stress]") {
    constexpr unsigned cpus = 3;
    storm::quiet_library library;
    bh::machine m{{.cpus = cpus}};
    const unsigned rounds = storm::rounds(60'000);
    std::atomic<unsigned> runs{0};
    {
        bh::workqueue a{m, "a"}, b{m, "b", {.single_thread = true}};
        on_threads(2, [&](unsigned thread) {
            storm::dice dice(400 + thread);
            for (unsigned round = 0; round < rounds; ++round) {
                auto* w = new bh::work<ends_itself>(ends_itself{&runs});
                if (!(dice.one_in(4) ? bh::queue_work(b, *w) : bh::queue_work_on(dice.below(cpus), a, *w))) delete w;
                if (dice.one_in(64)) bh::flush_workqueue(a);
            }
        });
    }
    CHECK(runs == 2 * rounds);
    CHECK(library.heard() == "");
}

TEST_CASE("delayed work: armed, moved, cancelled and flushed from several threads", "[delayed_work][stress]") {
    constexpr unsigned threads = 3, players = 3, cpus = 2;
    storm::quiet_library library;
    bh::machine m{{.cpus = cpus}};
    const unsigned rounds = storm::rounds(120'000);
    struct delayed_player {
        account books;
        bh::delayed_work<std::function<void()>> item{[this] {
            books.enter();
            storm::jitter(200);
            books.leave();
        }};
    };
    std::array<delayed_player, players> all;
    {
        bh::workqueue q{m, "delayed"};
        // While somebody is inside cancel_delayed_work_sync(), mod_delayed_work() leaves the item as it is, and its
        // return value does not say so; hence the one game or the other for an item.
        on_threads(threads, [&](unsigned thread) {
            storm::dice dice(500 + thread);
            for (unsigned round = 0; round < rounds; ++round) {
                const unsigned which = dice.below(players);
                const bool modified = which == 0;
                delayed_player& p = all[which];
                switch (dice.below(8)) {
                    case 0: bh::flush_delayed_work(p.item); break;
                    case 1:
                        if (bh::cancel_delayed_work(p.item)) p.books.cancelled.fetch_add(1, relaxed);
                        break;
                    case 2:
                        if (modified) break;
                        if (bh::cancel_delayed_work_sync(p.item)) p.books.cancelled.fetch_add(1, relaxed);
                        break;
                    case 3:
                    case 4:
                        if (!modified) break;
                        if (!bh::mod_delayed_work(q, p.item, dice.below(3))) p.books.taken.fetch_add(1, relaxed);
                        break;
                    default:
                        if (bh::queue_delayed_work(q, p.item, dice.below(3))) p.books.taken.fetch_add(1, relaxed);
                }
            }
        });
        for (delayed_player& p : all)
            if (bh::cancel_delayed_work_sync(p.item)) p.books.cancelled.fetch_add(1, relaxed);
    }
    for (const delayed_player& p : all) {
        std::printf("delayed: %u armed, %u cancelled, %u runs\n", p.books.taken.load(), p.books.cancelled.load(),
                    p.books.runs.load());
        CHECK(p.books.settled());
        CHECK(p.books.overlaps == 0);
    }
    CHECK(library.heard() == "");
}

TEST_CASE("cancel_delayed_work_sync: the item may be freed as soon as it returns", "[delayed_work][cancel][stress]") {
    storm::quiet_library library;
    bh::machine m{{.cpus = 2}};
    const unsigned rounds = storm::rounds(8'000);
    std::atomic<unsigned> runs{0};
    {
        bh::workqueue q{m, "delayed"};
        on_threads(2, [&](unsigned thread) {
            storm::dice dice(600 + thread);
            for (unsigned round = 0; round < rounds; ++round) {
                using item_t = bh::delayed_work<std::function<void()>>;
                item_t* self = nullptr;
                const auto item = std::make_unique<item_t>([&] {   // keeps itself armed
                    runs.fetch_add(1, relaxed);
                    bh::queue_delayed_work(q, *self, 1);
                });
                self = item.get();
                bh::queue_delayed_work(q, *item, dice.below(2));
                storm::jitter(dice.below(dice.one_in(16) ? 5'000'000 : 3000));   // now and then past a tick
                if (dice.one_in(2)) bh::mod_delayed_work(q, *item, dice.below(2));
                bh::cancel_delayed_work_sync(*item);
            }
        });
    }
    std::printf("%u delayed items freed, %u runs\n", 2 * rounds, runs.load());
    CHECK(library.heard() == "");
}

TEST_CASE("machine: comes and goes while its queues are full", "[machine][stress]") {
    storm::quiet_library library;
    const unsigned rounds = storm::rounds(250);
    unsigned lost = 0;
    std::uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        storm::dice dice(700 + round);
        std::array<account, 8> books;
        std::atomic<unsigned> chain_left{dice.below(20)};
        bh::machine one{{.cpus = 1 + dice.below(3)}};
        bh::machine two{{.cpus = 1}};   // two at once: their items do not mix
        {
            using item_t = bh::work<std::function<void()>>;
            std::vector<std::unique_ptr<item_t>> items;
            bh::workqueue a{one, "a"}, b{two, "b", {.single_thread = true}};
            for (account& each : books)
                items.push_back(std::make_unique<item_t>([&each] {
                    each.enter();
                    each.leave();
                }));
            bh::work chain{[&](auto& self) {   // drain lets the handlers of a queue go on queueing
                if (chain_left.load(relaxed) > 0 && chain_left.fetch_sub(1, relaxed) > 0) bh::queue_work(a, self);
            }};
            bh::queue_work(a, chain);
            on_threads(2, [&](unsigned thread) {
                storm::dice mine(7000 + 2 * round + thread);
                for (unsigned i = 0; i < 200; ++i) {
                    const unsigned n = mine.below(static_cast<unsigned>(items.size()));
                    bool queued = false;
                    switch (mine.below(8)) {
                        case 0: bh::flush_work(*items[n]); break;
                        case 1:
                            if (bh::cancel_work_sync(*items[n])) books[n].cancelled.fetch_add(1, relaxed);
                            break;
                        default:   // half of them live here, half there
                            queued = n % 2 == 0 ? bh::queue_work_on(mine.below(a.nr_cpus()), a, *items[n])
                                                : bh::queue_work(b, *items[n]);
                    }
                    if (queued) books[n].taken.fetch_add(1, relaxed);
                }
            });
            // The items go before their queues here, so whatever is queued has to be over.
            bh::drain_workqueue(a);
            bh::drain_workqueue(b);
            if (chain_left != 0) ++lost;
        }
        for (const account& each : books) {
            if (!each.settled() || each.overlaps != 0) ++lost;
            total += each.runs;
        }
    }
    std::printf("%u machines, %llu runs\n", 2 * rounds, static_cast<unsigned long long>(total));
    CHECK(lost == 0);
    CHECK(library.heard() == "");
}

TEST_CASE("workqueue: its end runs what is queued, and joins", "[workqueue][stress]") {
    storm::quiet_library library;
    const unsigned rounds = storm::rounds(400);
    bh::machine m{{.cpus = 2}};
    std::atomic<unsigned> runs{0};
    unsigned queued = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        storm::dice dice(800 + round);
        std::array<bh::work<ends_itself>*, 32> items;
        for (auto& each : items) each = new bh::work<ends_itself>(ends_itself{&runs});
        bh::workqueue q{m, "short", {.single_thread = dice.one_in(2)}};
        for (auto* each : items) queued += bh::queue_work_on(dice.below(2), q, *each) ? 1U : 0U;
    }
    CHECK(queued == 32 * rounds);
    CHECK(runs == queued);
    CHECK(library.heard() == "");
}

TEST_CASE("cancel_delayed_work_sync: an idle item may outlive its queue and its machine", "[delayed_work][cancel]") {
    storm::quiet_library library;
    std::atomic<unsigned> runs{0};
    bh::delayed_work item{[&] { ++runs; }};
    {
        const auto m = std::make_unique<bh::machine>(bh::machine_options{.cpus = 1});
        bh::workqueue q{*m, "short"};
        bh::queue_delayed_work(q, item, 1);
        bh::flush_delayed_work(item);
    }
    CHECK_FALSE(bh::cancel_delayed_work_sync(item));   // there is no timekeeper any more to ask
    CHECK(runs == 1);
    CHECK(library.heard() == "");
}

TEST_CASE("timekeeper: a timer that is armed while it is stopped can be moved, and taken off", "[timekeeper]") {
    bh::timekeeper<engine> keeper;
    REQUIRE(keeper.start("stopped"));
    CHECK(keeper.stop());
    bh::timer_node t;
    t.function = [](bh::timer_node*) {};
    keeper.add(t, keeper.jiffies() + 1);
    CHECK(keeper.mod(t, keeper.jiffies() + 2));
    CHECK(keeper.del(t));
    CHECK_FALSE(keeper.del(t));
}

TEST_CASE("flush_workqueue: of its own queue, with all colours taken, ends though an item there queues itself for ever",
          "[workqueue][flush]") {
    storm::quiet_library library;
    bh::machine m{{.cpus = 1}};
    bh::workqueue* q = nullptr;
    std::atomic<bool> held{false}, open{false}, over{false};
    std::atomic<unsigned> runs{0};
    unsigned runs_inside = 0;
    bh::work endless{[&](auto& self) {   // has an end only for the case that the flush has none
        if (++runs < 100'000 && !over) bh::queue_work(*q, self);
    }};
    bh::work flusher{[&] {
        held = true;
        held.notify_all();
        open.wait(false);
        bh::queue_work(*q, endless);
        bh::flush_workqueue(*q);
        runs_inside = runs;
        over = true;
    }};
    bh::workqueue queue{m, "colours"};
    q = &queue;
    bh::queue_work(queue, flusher);
    held.wait(false);
    on_threads(9, [&](unsigned thread) {
        if (thread < 8) return bh::flush_workqueue(queue);   // each has a colour, or waits for one
        std::atomic_ref waiting(queue.native()->flushers);
        for (unsigned round = 0; waiting.load() < 8; ++round) engine::relax(round);
        open = true;
        open.notify_all();
    });
    bh::flush_workqueue(queue);
    CHECK(runs_inside == 1);
    CHECK(library.heard() == "");
}
