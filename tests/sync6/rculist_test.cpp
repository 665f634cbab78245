// SPDX-License-Identifier: MIT
//
// <linux/rculist.h> and what <linux/hashtable.h> has of it: what a writer makes of a list, and readers who walk meanwhile.
#include "sync6/contest.hpp"

#include <atomic>
#include <string>

#include <linux/hashtable.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::rounds;

namespace {

struct thing {
    int id;
    struct list_head node;
    struct hlist_node hnode;
    struct rcu_head rcu;
    int alive;   // 42 as long as a reader may be here
};
std::string ids(struct list_head* head) {
    std::string text;
    thing* t;
    list_for_each_entry_rcu(t, head, node) text += static_cast<char>('0' + t->id);
    for (struct list_head* l = head->prev; l != head; l = l->prev)
        if (l->next->prev != l) return "broken";
    return text;
}
std::string ids(struct hlist_head* head) {
    std::string text;
    thing* t;
    hlist_for_each_entry_rcu(t, head, hnode) text += static_cast<char>('0' + t->id);
    for (struct hlist_node** where = &head->first; *where != nullptr; where = &(*where)->next)
        if ((*where)->pprev != where) return "broken";
    return text;
}

}   // namespace

TEST_CASE("list_*_rcu: what a writer makes of a list", "[sync6][rculist]") {
    on_this_engine([] {
        LIST_HEAD(head);
        LIST_HEAD(other);
        INIT_LIST_HEAD_RCU(&head);
        thing a{1, {}, {}, {}, 42}, b{2, {}, {}, {}, 42}, c{3, {}, {}, {}, 42}, d{4, {}, {}, {}, 42};
        CHECK(list_first_or_null_rcu(&head, thing, node) == nullptr);
        list_add_rcu(&a.node, &head);
        list_add_rcu(&b.node, &head);
        list_add_tail_rcu(&c.node, &head);
        CHECK(ids(&head) == "213");
        CHECK(list_first_or_null_rcu(&head, thing, node) == &b);
        CHECK(list_next_or_null_rcu(&head, &b.node, thing, node) == &a);
        CHECK(list_next_or_null_rcu(&head, &c.node, thing, node) == nullptr);
        list_replace_rcu(&a.node, &d.node);
        CHECK(ids(&head) == "243");
        CHECK(list_entry_rcu(head.next, thing, node) == &b);
        list_del_rcu(&b.node);
        CHECK(ids(&head) == "43");
        CHECK(list_next_rcu(&b.node) == &d.node);   // a reader goes on
        thing* t = &d;
        int seen = 0;
        list_for_each_entry_continue_rcu(t, &head, node) seen = seen * 10 + t->id;
        CHECK(seen == 3);
        struct list_head* l;
        list_for_each_rcu(l, &head)++ seen;
        CHECK(seen == 5);
        list_add_rcu(&a.node, &other);
        list_splice_init_rcu(&head, &other, [] { synchronize_rcu(); });
        CHECK(ids(&other) == "431");
        CHECK(list_empty(&head));
        list_splice_init_rcu(&head, &other, nullptr);   // nothing to wait for
    });
}

TEST_CASE("hlist_*_rcu: what a writer makes of a list", "[sync6][rculist]") {
    on_this_engine([] {
        HLIST_HEAD(head);
        thing a{1, {}, {}, {}, 42}, b{2, {}, {}, {}, 42}, c{3, {}, {}, {}, 42}, d{4, {}, {}, {}, 42},
            e{5, {}, {}, {}, 42};
        INIT_HLIST_NODE(&e.hnode);
        hlist_del_init_rcu(&e.hnode);   // on none: nothing
        hlist_add_tail_rcu(&a.hnode, &head);
        hlist_add_head_rcu(&b.hnode, &head);
        hlist_add_tail_rcu(&c.hnode, &head);
        hlist_add_before_rcu(&d.hnode, &b.hnode);
        hlist_add_behind_rcu(&e.hnode, &b.hnode);
        CHECK(ids(&head) == "42513");
        CHECK(hlist_first_rcu(&head) == &d.hnode);
        CHECK(hlist_next_rcu(&c.hnode) == nullptr);
        hlist_del_rcu(&b.hnode);
        CHECK(ids(&head) == "4513");
        CHECK(hlist_next_rcu(&b.hnode) == &e.hnode);   // a reader goes on
        hlist_replace_rcu(&e.hnode, &b.hnode);
        CHECK(ids(&head) == "4213");
        hlist_del_init_rcu(&c.hnode);
        CHECK(hlist_unhashed(&c.hnode));
        CHECK(ids(&head) == "421");
        thing* t = &d;
        int seen = 0;
        hlist_for_each_entry_continue_rcu(t, hnode) seen = seen * 10 + t->id;
        CHECK(seen == 21);
        t = &b;
        hlist_for_each_entry_from_rcu(t, hnode) seen += t->id;
        CHECK(seen == 24);
    });
}

TEST_CASE("hash_*_rcu: a table", "[sync6][rculist]") {
    on_this_engine([] {
        DEFINE_HASHTABLE(table, 3);
        thing things[20];
        for (int i = 0; i < 20; ++i) {
            things[i].id = i;
            hash_add_rcu(table, &things[i].hnode, i);
        }
        thing* t;
        int found = 0, all = 0, bkt;
        hash_for_each_possible_rcu(table, t, hnode, 7) found += t->id == 7 ? 1 : 0;
        CHECK(found == 1);
        hash_for_each_rcu(table, bkt, t, hnode) all += t->id;
        CHECK(all == 190);
        hash_del_rcu(&things[7].hnode);
        hash_for_each_possible_rcu(table, t, hnode, 7) CHECK(t->id != 7);
    });
}

TEST_CASE("hlist_*_rcu: readers walk while entries come and go", "[sync6][rculist][stress]") {
    on_this_engine([] {
        static spinlock_t lock;
        spin_lock_init(&lock);
        static struct hlist_head head;
        INIT_HLIST_HEAD(&head);
        static std::atomic<int> bad, writers;
        bad = 0;
        writers = 2;
        const auto write = [] {
            for (int i = 0; i < rounds; ++i) {
                thing* t = kzalloc(sizeof *t, GFP_KERNEL);
                t->alive = 42;
                spin_lock(&lock);
                if (i % 2 == 0)
                    hlist_add_head_rcu(&t->hnode, &head);
                else
                    hlist_add_tail_rcu(&t->hnode, &head);
                thing* old = hlist_entry_safe(head.first, thing, hnode);
                hlist_del_rcu(&old->hnode);
                spin_unlock(&lock);
                call_rcu(&old->rcu, [](struct rcu_head* r) {
                    thing* gone = container_of(r, thing, rcu);
                    gone->alive = 0;
                    kfree(gone);
                });
            }
            --writers;
        };
        auto one = call<engine>(write), two = call<engine>(write);
        auto reader = call<engine>([] {
            for (unsigned round = 0; writers != 0; ++round) {
                rcu_read_lock();
                thing* t;
                hlist_for_each_entry_rcu(t, &head, hnode) if (t->alive != 42)++ bad;
                rcu_read_unlock();
                engine::relax(round % 8);
            }
        });
        one.join();
        two.join();
        reader.join();
        rcu_barrier();
        CHECK(bad == 0);
        CHECK(hlist_empty(&head));
    });
}
