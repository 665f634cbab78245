// SPDX-License-Identifier: MIT
//
// <linux/rcupdate.h>, <linux/srcu.h>, <linux/rculist.h>, <linux/llist.h>: who waits for whom, and nothing freed too early.
#include "sync6/contest.hpp"

#include <atomic>

#include <linux/delay.h>
#include <linux/llist.h>
#include <linux/preempt.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::gate;
using support::on_this_engine;
using support::reports;
using support::rounds;
using support::wait_until;

namespace {

struct item {
    int value;
    struct rcu_head rcu;
    struct list_head list;
};

}   // namespace

TEST_CASE("synchronize_rcu: waits for the readers that are inside, nested ones too, not for later ones",
          "[sync6][rcu]") {
    on_this_engine([] {
        gate<engine> held, inner;
        auto reader = call<engine>([&] {
            rcu_read_lock();
            rcu_read_lock();
            inner.pass();
            rcu_read_unlock();
            held.pass();
            rcu_read_unlock();
        });
        inner.wait_until_held();
        auto writer = call<engine>([] { synchronize_rcu(); });
        REQUIRE(writer.waits_for("synchronize_rcu"));
        inner.open();
        held.wait_until_held();
        for (unsigned round = 0; round < 70; ++round) engine::relax(round);
        CHECK_FALSE(writer.finished());   // one level left
        gate<engine> later;
        auto second = call<engine>([&] {
            rcu_read_lock();
            later.pass();
            rcu_read_unlock();
        });
        later.wait_until_held();
        held.open();
        reader.join();
        wait_until<engine>([&] { return writer.finished(); });   // whether `second` is inside or not
        later.open();
        second.join(), writer.join();
        CHECK(rcu_read_lock_held() == 0);
    });
}

TEST_CASE("synchronize_rcu: readers never see what has been freed", "[sync6][rcu][stress]") {
    on_this_engine([] {
        auto* first = new item{0, {}, {}};
        item* published = first;
        std::atomic<bool> stop{false};
        std::atomic<int> wrong{0};
        const auto read = [&] {
            while (!stop) {
                rcu_read_lock();
                item* p = rcu_dereference(published);
                const int before = p->value;
                engine::step();
                if (before < 0 || p->value != before) ++wrong;   // AddressSanitizer and ThreadSanitizer look, too
                rcu_read_unlock();
            }
        };
        auto a = call<engine>(read), b = call<engine>(read);
        for (int i = 1; i <= rounds / 5; ++i) {
            auto* n = new item{i, {}, {}};
            item* old = rcu_replace_pointer(published, n, true);
            synchronize_rcu();
            old->value = -1;
            delete old;
        }
        stop = true;
        a.join(), b.join();
        CHECK(wrong == 0);
        delete published;
    });
}

TEST_CASE("call_rcu: after the readers, in order, in softirq context; rcu_barrier waits for them", "[sync6][rcu]") {
    on_this_engine([] {
        static std::atomic<int> ran, softirq, order;
        ran = softirq = order = 0;
        struct numbered {
            struct rcu_head rcu;
            int n;
        } all[10];
        rcu_read_lock();
        for (int i = 0; i < 10; ++i) {
            all[i].n = i;
            call_rcu(&all[i].rcu, [](struct rcu_head* h) {
                if (in_serving_softirq()) ++softirq;
                if (container_of(h, numbered, rcu)->n == ran) ++order;
                ++ran;
            });
        }
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK(ran == 0);
        rcu_read_unlock();
        rcu_barrier();
        CHECK(ran == 10);
        CHECK(softirq == 10);
        CHECK(order == 10);
    });
}

TEST_CASE("call_rcu: from many at once, each callback is called once", "[sync6][rcu][stress]") {
    on_this_engine([] {
        static std::atomic<int> ran;
        ran = 0;
        const auto free_some = [] {
            for (int i = 0; i < rounds / 5; ++i) {
                item* p = kzalloc(sizeof(item), GFP_KERNEL);
                if (i % 2 == 0) {
                    kfree_rcu(p, rcu);   // LeakSanitizer looks
                    ++ran;
                } else {
                    call_rcu(&p->rcu, [](struct rcu_head* h) {
                        ++ran;
                        kfree(container_of(h, item, rcu));
                    });
                }
            }
        };
        auto a = call<engine>(free_some), b = call<engine>(free_some);
        a.join(), b.join();
        rcu_barrier();
        CHECK(ran == 2 * (rounds / 5));
        item* p = kzalloc(sizeof(item), GFP_KERNEL);
        kfree_rcu(p);
        p = nullptr;
        kfree_rcu(p, rcu);
        rcu_barrier();
    });
}

TEST_CASE("rcu_dereference: outside of a reader it is suspicious", "[sync6][rcu][report]") {
    on_this_engine([] {
        item it{3, {}, {}};
        item* p = nullptr;
        rcu_assign_pointer(p, &it);
        CHECK(rcu_access_pointer(p) == &it);
        CHECK(rcu_dereference(p)->value == 3);
        CHECK(reports::take("suspicious rcu_dereference_check() usage!"));
        CHECK(rcu_dereference_protected(p, false) == &it);
        CHECK(reports::take("suspicious rcu_dereference_protected() usage!"));
        CHECK(rcu_dereference_protected(p, true) == &it);
        CHECK(rcu_dereference_raw(p) == &it);
        rcu_read_lock_bh();
        CHECK(rcu_dereference_bh(p) == &it);
        rcu_read_unlock_bh();
        RCU_INIT_POINTER(p, nullptr);
        rcu_read_lock();
        CHECK(rcu_dereference(p) == nullptr);
        synchronize_rcu();
        rcu_read_unlock();
        CHECK(reports::take("Illegal synchronize_rcu() in RCU read-side critical section"));
        rcu_read_unlock();
        CHECK(reports::take("rcu_read_unlock"));
    });
}

TEST_CASE("rculist: readers walk while somebody adds, replaces and deletes", "[sync6][rculist][stress]") {
    on_this_engine([] {
        LIST_HEAD(head);
        for (int i = 0; i < 4; ++i) list_add_tail_rcu(&(new item{i, {}, {}})->list, &head);
        std::atomic<bool> stop{false};
        std::atomic<int> wrong{0};
        const auto read = [&] {
            while (!stop) {
                int last = -1, n = 0;
                rcu_read_lock();
                item* p;
                list_for_each_entry_rcu(p, &head, list) {
                    if (p->value <= last) ++wrong;
                    last = p->value;
                    ++n;
                }
                if (n > 5) ++wrong;
                rcu_read_unlock();
            }
        };
        auto a = call<engine>(read), b = call<engine>(read);
        for (int i = 4; i < rounds / 5; ++i) {
            list_add_tail_rcu(&(new item{i, {}, {}})->list, &head);
            item* first = list_first_or_null_rcu(&head, item, list);
            if (i % 3 == 0) {
                auto* copy = new item{first->value, {}, {}};
                list_replace_rcu(&first->list, &copy->list);
                synchronize_rcu();
                delete first;
                first = copy;
            }
            list_del_rcu(&first->list);
            synchronize_rcu();
            delete first;
        }
        stop = true;
        a.join(), b.join();
        CHECK(wrong == 0);
        int n = 0;
        while (item* p = list_first_or_null_rcu(&head, item, list)) {
            list_del_rcu(&p->list);
            delete p;
            ++n;
        }
        CHECK(n == 4);
    });
}

TEST_CASE("synchronize_srcu: waits for its own readers, who may sleep, and for no others", "[sync6][srcu]") {
    on_this_engine([] {
        DEFINE_SRCU(mine);
        DEFINE_SRCU(other);
        gate<engine> held;
        auto reader = call<engine>([&] {
            const int where = srcu_read_lock(&mine);
            msleep(1);
            held.pass();
            srcu_read_unlock(&mine, where);
        });
        held.wait_until_held();
        synchronize_srcu(&other);
        synchronize_rcu();
        cleanup_srcu_struct(&mine);
        CHECK(reports::take("srcu_readers_active"));
        auto writer = call<engine>([&] { synchronize_srcu(&mine); });
        REQUIRE(writer.waits_for("synchronize_srcu"));
        held.open();
        reader.join(), writer.join();
        cleanup_srcu_struct(&mine);
    });
}

TEST_CASE("queue_rcu_work: queued once the readers have left, and flushed with its grace period", "[sync6][rcu_work]") {
    on_this_engine([] {
        static std::atomic<int> runs;
        runs = 0;
        struct rcu_work r;
        INIT_RCU_WORK(&r, [](struct work_struct* w) {
            if (to_rcu_work(w) != nullptr) ++runs;
        });
        CHECK_FALSE(flush_rcu_work(&r));
        rcu_read_lock();
        CHECK(queue_rcu_work(system_wq, &r));
        CHECK_FALSE(queue_rcu_work(system_wq, &r));
        CHECK(work_pending(&r.work));
        for (unsigned round = 0; round < 100; ++round) engine::relax(round);
        CHECK(runs == 0);
        rcu_read_unlock();
        flush_rcu_work(&r);
        CHECK(runs == 1);
        CHECK_FALSE(work_pending(&r.work));
        disable_work(&r.work);
        CHECK_FALSE(queue_rcu_work(system_wq, &r));
        CHECK(reports::take("queue_rcu_work: WARN_ON_ONCE(clear_pending_if_disabled(work))"));
        enable_work(&r.work);
        CHECK(queue_rcu_work(system_unbound_wq, &r));
        flush_rcu_work(&r);
        CHECK(runs == 2);
    });
}

TEST_CASE("cleanup_srcu_struct: once it is silent, the struct may be freed", "[sync6][srcu]") {
    on_this_engine([] {
        auto* mine = new srcu_struct;
        init_srcu_struct(mine);
        std::atomic<int> left{0};   // relaxed: orders nothing, so ThreadSanitizer looks at the end of the struct
        auto reader = call<engine>([&] {
            srcu_read_unlock(mine, srcu_read_lock(mine));
            left.store(1, std::memory_order_relaxed);
        });
        for (unsigned round = 0; left.load(std::memory_order_relaxed) == 0; ++round) engine::relax(round);
        cleanup_srcu_struct(mine);
        delete mine;
        reader.join();
    });
}

TEST_CASE("list_del_rcu, list_replace_rcu: who finds what is behind, or there instead, finds it whole",
          "[sync6][rcu]") {
    on_this_engine([] {
        for (const bool replaced : {false, true}) {
            LIST_HEAD(head);
            item old{1, {}, {}}, other{0, {}, {}};
            list_add_tail_rcu(&old.list, &head);
            auto writer = call<engine>([&] {
                other.value = 2;   // plain: ThreadSanitizer looks
                if (replaced) return list_replace_rcu(&old.list, &other.list);
                list_add_tail_rcu(&other.list, &head);
                list_del_rcu(&old.list);
            });
            item* first = &old;
            for (unsigned round = 0; (first = list_first_or_null_rcu(&head, item, list)) == &old; ++round)
                engine::relax(round);
            CHECK(first == &other);
            CHECK(first->value == 2);
            writer.join();
        }
    });
}

TEST_CASE("llist: what is pushed is taken once", "[sync6][llist][stress]") {
    on_this_engine([] {
        struct node {
            struct llist_node link;
            int n;
        };
        LLIST_HEAD(head);
        CHECK(llist_empty(&head));
        std::atomic<int> sum{0}, first{0};
        const auto push = [&] {
            for (int i = 1; i <= rounds; ++i)
                if (llist_add(&(new node{{nullptr}, i})->link, &head)) ++first;
        };
        int batches = 0;
        const auto take = [&] {
            struct llist_node* all = llist_reverse_order(llist_del_all(&head));
            if (all != nullptr) ++batches;
            node *p, *next;
            llist_for_each_entry_safe(p, next, all, link) {
                sum += p->n;
                delete p;
            }
        };
        auto a = call<engine>(push), b = call<engine>(push);
        while (!a.finished() || !b.finished()) take(), engine::relax(0);
        take();
        a.join(), b.join();
        CHECK(sum == rounds * (rounds + 1));
        CHECK(first == batches);
        node one{{nullptr}, 1}, two{{nullptr}, 2};
        llist_add(&one.link, &head);
        llist_add(&two.link, &head);
        int last = 3;
        node* p;
        llist_for_each_entry(p, head.first, link) {
            CHECK(p->n == last - 1);
            last = p->n;
        }
        CHECK(llist_del_first(&head) == &two.link);
        CHECK(llist_del_first(&head) == &one.link);
        CHECK(llist_del_first(&head) == nullptr);
    });
}
