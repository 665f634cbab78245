// SPDX-License-Identifier: MIT
// <linux/list.h>, <linux/list_sort.h>, <linux/hashtable.h>.
#include "linux6/support.hpp"

#include <algorithm>
#include <vector>

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/list_sort.h>

namespace {

struct item {
    int n;
    struct list_head link;
    struct hlist_node hash;
};
using numbers = std::vector<int>;

/// A list of 0, 1, ... and the numbers on any list, forwards; that it is the same backwards is checked on the way.
struct row {
    struct item items[6];
    LIST_HEAD(head);

    explicit row(int n = 6) {
        INIT_LIST_HEAD(&head);
        for (int i = 0; i < n; ++i) {
            items[i].n = i;
            list_add_tail(&items[i].link, &head);
        }
    }
};
numbers of(struct list_head* head) {
    numbers there, back;
    struct item* pos;
    list_for_each_entry(pos, head, link) there.push_back(pos->n);
    list_for_each_entry_reverse(pos, head, link) back.push_back(pos->n);
    std::reverse(back.begin(), back.end());
    CHECK(there == back);
    return there;
}

}   // namespace

TEST_CASE("list: adding, deleting, moving", "[linux6][list]") {
    row r(4);
    CHECK(of(&r.head) == numbers{0, 1, 2, 3});
    list_del(&r.items[1].link);
    list_add(&r.items[1].link, &r.head);
    CHECK(of(&r.head) == numbers{1, 0, 2, 3});
    list_move(&r.items[3].link, &r.head);
    list_move_tail(&r.items[1].link, &r.head);
    CHECK(of(&r.head) == numbers{3, 0, 2, 1});
    list_rotate_left(&r.head);
    CHECK(of(&r.head) == numbers{0, 2, 1, 3});
    list_del_init(&r.items[2].link);
    CHECK(list_empty(&r.items[2].link));
    list_replace(&r.items[1].link, &r.items[2].link);
    CHECK(of(&r.head) == numbers{0, 2, 3});
    list_replace_init(&r.items[2].link, &r.items[1].link);
    CHECK(of(&r.head) == numbers{0, 1, 3});
    CHECK(list_empty_careful(&r.items[2].link));
    list_swap(&r.items[0].link, &r.items[3].link);
    CHECK(of(&r.head) == numbers{3, 1, 0});
    list_swap(&r.items[3].link, &r.items[1].link);
    CHECK(of(&r.head) == numbers{1, 3, 0});
    list_swap(&r.items[0].link, &r.items[3].link);
    CHECK(of(&r.head) == numbers{1, 0, 3});
    list_bulk_move_tail(&r.head, &r.items[1].link, &r.items[0].link);
    CHECK(of(&r.head) == numbers{3, 1, 0});
    CHECK(list_count_nodes(&r.head) == 3);
    CHECK(list_is_first(&r.items[3].link, &r.head));
    CHECK(list_is_last(&r.items[0].link, &r.head));
    CHECK(list_is_head(&r.head, &r.head));
    CHECK_FALSE(list_is_singular(&r.head));
}

TEST_CASE("list: splicing and cutting", "[linux6][list]") {
    row a(3), b(2);
    b.items[0].n = 10;
    b.items[1].n = 11;
    LIST_HEAD(other);
    list_splice_init(&b.head, &a.head);
    CHECK(of(&a.head) == numbers{10, 11, 0, 1, 2});
    CHECK(list_empty(&b.head));
    list_cut_position(&other, &a.head, &b.items[1].link);
    CHECK(of(&other) == numbers{10, 11});
    CHECK(of(&a.head) == numbers{0, 1, 2});
    list_splice_tail_init(&other, &a.head);
    CHECK(of(&a.head) == numbers{0, 1, 2, 10, 11});
    list_cut_position(&other, &a.head, &a.head);
    CHECK(list_empty(&other));
    list_splice(&a.head, &other);
    CHECK(of(&other) == numbers{0, 1, 2, 10, 11});
    INIT_LIST_HEAD(&a.head);
    list_splice_tail(&other, &a.head);
    CHECK(of(&a.head) == numbers{0, 1, 2, 10, 11});
}

TEST_CASE("list: entries, and every way to walk", "[linux6][list]") {
    row r(5);
    struct list_head *l, *t;
    struct item *pos, *n;
    numbers seen;
    list_for_each(l, &r.head) seen.push_back(list_entry(l, struct item, link)->n);
    CHECK(seen == numbers{0, 1, 2, 3, 4});
    seen.clear();
    list_for_each_prev(l, &r.head) seen.push_back(list_entry(l, struct item, link)->n);
    CHECK(seen == numbers{4, 3, 2, 1, 0});
    CHECK(list_first_entry(&r.head, struct item, link)->n == 0);
    CHECK(list_last_entry(&r.head, struct item, link)->n == 4);
    CHECK(list_next_entry(&r.items[1], link)->n == 2);
    CHECK(list_prev_entry(&r.items[1], link)->n == 0);

    pos = &r.items[1];
    seen.clear();
    list_for_each_entry_continue(pos, &r.head, link) seen.push_back(pos->n);
    CHECK(seen == numbers{2, 3, 4});
    CHECK(list_entry_is_head(pos, &r.head, link));
    pos = &r.items[2];
    seen.clear();
    list_for_each_entry_from(pos, &r.head, link) seen.push_back(pos->n);
    CHECK(seen == numbers{2, 3, 4});
    pos = &r.items[2];
    seen.clear();
    list_for_each_entry_continue_reverse(pos, &r.head, link) seen.push_back(pos->n);
    CHECK(seen == numbers{1, 0});
    pos = &r.items[2];
    seen.clear();
    list_for_each_entry_from_reverse(pos, &r.head, link) seen.push_back(pos->n);
    CHECK(seen == numbers{2, 1, 0});
    pos = nullptr;
    pos = list_prepare_entry(pos, &r.head, link);
    seen.clear();
    list_for_each_entry_continue(pos, &r.head, link) seen.push_back(pos->n);
    CHECK(seen.size() == 5);

    seen.clear();
    list_for_each_entry_safe(pos, n, &r.head, link) {
        seen.push_back(pos->n);
        if (pos->n % 2 != 0) list_del(&pos->link);
    }
    CHECK(seen == numbers{0, 1, 2, 3, 4});
    CHECK(of(&r.head) == numbers{0, 2, 4});
    pos = &r.items[0];
    list_for_each_entry_safe_continue(pos, n, &r.head, link) if (pos->n == 2) list_del(&pos->link);
    CHECK(of(&r.head) == numbers{0, 4});
    list_for_each_entry_safe_reverse(pos, n, &r.head, link) list_del(&pos->link);
    CHECK(list_empty(&r.head));
    pos = list_first_entry_or_null(&r.head, struct item, link);
    CHECK(pos == nullptr);

    row s(3);
    list_for_each_safe(l, t, &s.head) list_del(l);
    CHECK(list_empty(&s.head));
    row u(3);
    list_for_each_prev_safe(l, t, &u.head) list_del(l);
    CHECK(list_empty(&u.head));
}

TEST_CASE("list_sort: stable, of any length", "[linux6][list]") {
    for (int n = 0; n <= 40; ++n) {
        std::vector<item> items(static_cast<std::size_t>(n));
        LIST_HEAD(head);
        for (int i = 0; i < n; ++i) {
            items[static_cast<std::size_t>(i)].n = (i * 7919 % 13) * 100 + i;
            list_add_tail(&items[static_cast<std::size_t>(i)].link, &head);
        }
        int calls = 0;
        list_sort(&calls, &head, [](void* priv, const struct list_head* a, const struct list_head* b) {
            ++*static_cast<int*>(priv);
            return list_entry(a, struct item, link)->n / 100 - list_entry(b, struct item, link)->n / 100;
        });
        const numbers sorted = of(&head);
        CHECK(sorted.size() == static_cast<std::size_t>(n));
        CHECK(std::is_sorted(sorted.begin(), sorted.end()));   // equal hundreds keep their order
        CHECK(calls <= n * 6);
    }
}

TEST_CASE("hlist", "[linux6][hlist]") {
    HLIST_HEAD(head);
    struct hlist_head other = HLIST_HEAD_INIT;
    INIT_HLIST_HEAD(&other);
    struct item items[4] = {};
    for (int i = 0; i < 4; ++i) {
        items[i].n = i;
        INIT_HLIST_NODE(&items[i].hash);
    }
    CHECK(hlist_empty(&head));
    CHECK(hlist_unhashed(&items[0].hash));
    hlist_del_init(&items[0].hash);   // nothing
    hlist_add_head(&items[1].hash, &head);
    CHECK(hlist_is_singular_node(&items[1].hash, &head));
    hlist_add_before(&items[0].hash, &items[1].hash);
    hlist_add_behind(&items[3].hash, &items[1].hash);
    hlist_add_behind(&items[2].hash, &items[1].hash);
    struct item* pos;
    struct hlist_node *n, *t;
    const auto all = [&] {
        numbers seen;
        hlist_for_each_entry(pos, &head, hash) seen.push_back(pos->n);
        return seen;
    };
    CHECK(all() == numbers{0, 1, 2, 3});
    hlist_del(&items[1].hash);
    CHECK(all() == numbers{0, 2, 3});
    hlist_del_init(&items[0].hash);
    CHECK(hlist_unhashed(&items[0].hash));
    CHECK(all() == numbers{2, 3});
    pos = &items[2];
    int later = 0;
    hlist_for_each_entry_continue(pos, hash)++ later;
    CHECK(later == 1);
    pos = &items[2];
    hlist_for_each_entry_from(pos, hash)++ later;
    CHECK(later == 3);
    hlist_for_each(n, &head) CHECK(hlist_entry(n, struct item, hash)->n >= 2);
    CHECK(hlist_entry_safe(head.first, struct item, hash)->n == 2);
    hlist_move_list(&head, &other);
    CHECK(hlist_empty(&head));
    pos = hlist_entry_safe(head.first, struct item, hash);
    CHECK(pos == nullptr);
    hlist_for_each_safe(n, t, &other) hlist_del(n);
    CHECK(hlist_empty(&other));
    hlist_add_fake(&items[0].hash);
    CHECK(hlist_fake(&items[0].hash));
    hlist_del_init(&items[0].hash);
    hlist_add_head(&items[0].hash, &other);
    hlist_for_each_entry_safe(pos, n, &other, hash) hlist_del_init(&pos->hash);
    CHECK(hlist_empty(&other));
}

TEST_CASE("hashtable: what was added is found under its key", "[linux6][hashtable]") {
    DEFINE_HASHTABLE(table, 4);
    DECLARE_HASHTABLE(zeroed, 3);
    hash_init(zeroed);
    CHECK(hash_empty(zeroed));
    std::vector<item> items(100);
    for (int i = 0; i < 100; ++i) {
        items[static_cast<std::size_t>(i)].n = i;
        hash_add(table, &items[static_cast<std::size_t>(i)].hash, i);
    }
    CHECK_FALSE(hash_empty(table));
    struct item* pos;
    for (int i = 0; i < 100; ++i) {
        int found = 0;
        hash_for_each_possible(table, pos, hash, i) found += pos->n == i;
        CHECK(found == 1);
    }
    int bkt, all = 0;
    hash_for_each(table, bkt, pos, hash)++ all;
    CHECK(all == 100);
    int used = 0;
    for (auto& bucket : table) used += !hlist_empty(&bucket);
    CHECK(used > 8);   // they are spread
    struct hlist_node* t;
    hash_for_each_safe(table, bkt, t, pos, hash) if (pos->n % 2 == 0) hash_del(&pos->hash);
    CHECK_FALSE(hash_hashed(&items[2].hash));
    CHECK(hash_hashed(&items[3].hash));
    hash_for_each_possible_safe(table, pos, t, hash, 3) hash_del(&pos->hash);
    CHECK_FALSE(hash_hashed(&items[3].hash));
    CHECK(hash_ptr(&all, 8) < 256);
    static_assert(hash_32(0, 5) == 0 && hash_32(1, 32) == GOLDEN_RATIO_32 && hash_64(1, 5) < 32 && hash_long(7, 3) < 8);
}
