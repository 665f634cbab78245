// SPDX-License-Identifier: MIT
// <linux/rculist.h>: lists that RCU readers walk while somebody, under his own lock, changes them.
#pragma once

#include <linux/list.h>
#include <linux/rcupdate.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

namespace impl {
/// Readers look at `next` only.
inline atomic<list_head*> next_of(list_head* l) noexcept { return atomic<list_head*>(l->next); }
inline void insert_rcu(list_head* n, list_head* prev, list_head* next) noexcept {
    n->prev = prev;
    next_of(n).store(next, relaxed);   // relaxed: published by the next line
    next_of(prev).store(n, release);   // [rcu.list]
    next->prev = n;
}
inline atomic<hlist_node*> first_of(hlist_head* h) noexcept { return atomic<hlist_node*>(h->first); }
inline atomic<hlist_node*> next_of(hlist_node* n) noexcept { return atomic<hlist_node*>(n->next); }
/// Puts `n` before what `*where` points to; `pprev` is for writers, who have a lock.
inline void insert_rcu(hlist_node* n, hlist_node** where) noexcept {
    hlist_node* next = *where;
    n->pprev = where;
    next_of(n).store(next, relaxed);                 // relaxed: published by the next line
    atomic<hlist_node*>(*where).store(n, release);   // [rcu.list]
    if (next != nullptr) next->pprev = &n->next;
}
inline void erase_rcu(hlist_node* n) noexcept {
    atomic<hlist_node*>(*n->pprev).store(n->next, release);   // [rcu.list]
    if (n->next != nullptr) n->next->pprev = n->pprev;
}
}   // namespace impl

/// The caller keeps other writers out, of all of these.
inline void list_add_rcu(struct list_head* n, struct list_head* head) noexcept {
    impl::insert_rcu(n, head, head->next);
}
inline void list_add_tail_rcu(struct list_head* n, struct list_head* head) noexcept {
    impl::insert_rcu(n, head->prev, head);
}
/// Readers who are there go on from it; free it a grace period later.
inline void list_del_rcu(struct list_head* e) noexcept {
    e->next->prev = e->prev;
    impl::next_of(e->prev).store(e->next, release);   // [rcu.list]
    e->prev = reinterpret_cast<list_head*>(0x122UL);
}
inline void list_replace_rcu(struct list_head* old, struct list_head* n) noexcept {
    n->prev = old->prev;
    impl::next_of(n).store(old->next, relaxed);
    impl::next_of(n->prev).store(n, release);   // [rcu.list]
    n->next->prev = n;
    old->prev = reinterpret_cast<list_head*>(0x122UL);
}
/// All of `list`, which becomes empty, goes to the front of `head`, once nobody is in it any more: `sync` waits for that.
inline void list_splice_init_rcu(struct list_head* list, struct list_head* head, void (*sync)()) {
    if (list_empty(list)) return;
    list_head *first = list->next, *last = list->prev;
    INIT_LIST_HEAD(list);
    sync();
    impl::next_of(last).store(head->next, relaxed);   // relaxed: published by the next line
    impl::next_of(head).store(first, release);        // [rcu.list]
    first->prev = head;
    last->next->prev = last;
}

// ---- hlist ----------------------------------------------------------------------------------------------------------

inline void hlist_add_head_rcu(struct hlist_node* n, struct hlist_head* head) noexcept {
    impl::insert_rcu(n, &head->first);
}
inline void hlist_add_before_rcu(struct hlist_node* n, struct hlist_node* next) noexcept {
    impl::insert_rcu(n, next->pprev);
}
inline void hlist_add_behind_rcu(struct hlist_node* n, struct hlist_node* prev) noexcept {
    impl::insert_rcu(n, &prev->next);
}
inline void hlist_add_tail_rcu(struct hlist_node* n, struct hlist_head* head) noexcept {
    hlist_node** where = &head->first;
    while (*where != nullptr) where = &(*where)->next;
    impl::insert_rcu(n, where);
}
/// Readers who are there go on from it; free it a grace period later.
inline void hlist_del_rcu(struct hlist_node* n) noexcept {
    impl::erase_rcu(n);
    n->pprev = reinterpret_cast<hlist_node**>(0x122UL);
}
/// Of one that is on no list: nothing.
inline void hlist_del_init_rcu(struct hlist_node* n) noexcept {
    if (hlist_unhashed(n)) return;
    impl::erase_rcu(n);
    n->pprev = nullptr;
}
inline void hlist_replace_rcu(struct hlist_node* old, struct hlist_node* n) noexcept {
    n->pprev = old->pprev;
    impl::next_of(n).store(old->next, relaxed);               // relaxed: published by the next line
    impl::atomic<hlist_node*>(*n->pprev).store(n, release);   // [rcu.list]
    if (n->next != nullptr) n->next->pprev = &n->next;
    old->pprev = reinterpret_cast<hlist_node**>(0x122UL);
}
inline struct hlist_node* bottomhalf_first_rcu(const struct hlist_head* head) noexcept {
    return impl::first_of(const_cast<hlist_head*>(head)).load(acquire);   // [rcu.list]
}
inline struct hlist_node* bottomhalf_next_rcu(const struct hlist_node* n) noexcept {
    return impl::next_of(const_cast<hlist_node*>(n)).load(acquire);   // [rcu.list]
}

inline struct list_head* bottomhalf_next_rcu(const struct list_head* l) noexcept {
    return impl::next_of(const_cast<list_head*>(l)).load(acquire);   // [rcu.list]
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_first_rcu;
using bottomhalf::linux6::bottomhalf_next_rcu;
using bottomhalf::linux6::hlist_add_before_rcu;
using bottomhalf::linux6::hlist_add_behind_rcu;
using bottomhalf::linux6::hlist_add_head_rcu;
using bottomhalf::linux6::hlist_add_tail_rcu;
using bottomhalf::linux6::hlist_del_init_rcu;
using bottomhalf::linux6::hlist_del_rcu;
using bottomhalf::linux6::hlist_replace_rcu;
using bottomhalf::linux6::list_add_rcu;
using bottomhalf::linux6::list_add_tail_rcu;
using bottomhalf::linux6::list_del_rcu;
using bottomhalf::linux6::list_replace_rcu;
using bottomhalf::linux6::list_splice_init_rcu;

#define INIT_LIST_HEAD_RCU(list) INIT_LIST_HEAD(list)
#define list_next_rcu(list) bottomhalf_next_rcu(list)
#define list_entry_rcu(ptr, type, member) list_entry(ptr, type, member)
#define list_first_or_null_rcu(head, type, member)                                                         \
    ([](struct list_head* bottomhalf_head, struct list_head* bottomhalf_first) {                           \
        return bottomhalf_first != bottomhalf_head ? list_entry(bottomhalf_first, type, member) : nullptr; \
    }((head), bottomhalf_next_rcu(head)))
#define list_next_or_null_rcu(head, ptr, type, member)                                                   \
    ([](struct list_head* bottomhalf_head, struct list_head* bottomhalf_next) {                          \
        return bottomhalf_next != bottomhalf_head ? list_entry(bottomhalf_next, type, member) : nullptr; \
    }((head), bottomhalf_next_rcu(ptr)))
#define list_for_each_rcu(pos, head) \
    for (pos = bottomhalf_next_rcu(head); pos != (head); pos = bottomhalf_next_rcu(pos))
#define list_for_each_entry_rcu(pos, head, member, ...)                                                 \
    for (pos = list_entry(bottomhalf_next_rcu(head), __typeof__(*pos), member); &pos->member != (head); \
         pos = list_entry(bottomhalf_next_rcu(&pos->member), __typeof__(*pos), member))
#define list_for_each_entry_srcu(pos, head, member, condition) list_for_each_entry_rcu(pos, head, member)
#define list_for_each_entry_lockless(pos, head, member) list_for_each_entry_rcu(pos, head, member)
#define list_for_each_entry_continue_rcu(pos, head, member)                                                     \
    for (pos = list_entry(bottomhalf_next_rcu(&pos->member), __typeof__(*pos), member); &pos->member != (head); \
         pos = list_entry(bottomhalf_next_rcu(&pos->member), __typeof__(*pos), member))

#define hlist_first_rcu(head) bottomhalf_first_rcu(head)
#define hlist_next_rcu(node) bottomhalf_next_rcu(node)
#define hlist_for_each_entry_rcu(pos, head, member, ...)                                        \
    for (pos = bottomhalf_hlist_entry(bottomhalf_first_rcu(head), pos, member); pos != nullptr; \
         pos = bottomhalf_hlist_entry(bottomhalf_next_rcu(&(pos)->member), pos, member))
#define hlist_for_each_entry_rcu_bh(pos, head, member) hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_rcu_notrace(pos, head, member) hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_srcu(pos, head, member, condition) hlist_for_each_entry_rcu(pos, head, member)
#define hlist_for_each_entry_continue_rcu(pos, member)                                                   \
    for (pos = bottomhalf_hlist_entry(bottomhalf_next_rcu(&(pos)->member), pos, member); pos != nullptr; \
         pos = bottomhalf_hlist_entry(bottomhalf_next_rcu(&(pos)->member), pos, member))
#define hlist_for_each_entry_from_rcu(pos, member) \
    for (; pos != nullptr; pos = bottomhalf_hlist_entry(bottomhalf_next_rcu(&(pos)->member), pos, member))
