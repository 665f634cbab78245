// SPDX-License-Identifier: MIT
// <linux/llist.h>: a stack that anybody pushes onto without a lock, and somebody takes whole.
#pragma once

#include <linux/bottomhalf.h>
#include <linux/container_of.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct llist_node {
    struct llist_node* next;
};
struct llist_head {
    struct llist_node* first;   // A [llist]
};

inline void init_llist_head(struct llist_head* h) noexcept { h->first = nullptr; }
inline void init_llist_node(struct llist_node* n) noexcept { n->next = n; }
inline bool llist_on_list(const struct llist_node* n) noexcept { return n->next != n; }
/// Stale when read.
inline bool llist_empty(const struct llist_head* h) noexcept {
    return impl::atomic<llist_node*>(const_cast<llist_head*>(h)->first).load(relaxed) == nullptr;
}
inline struct llist_node* llist_next(struct llist_node* n) noexcept { return n->next; }

/// A chain from `first` to `last`.  Context: any, async-signal-safe.  Return: whether the list was empty.
inline bool llist_add_batch(struct llist_node* first, struct llist_node* last, struct llist_head* h) noexcept {
    impl::atomic<llist_node*> head(h->first);
    llist_node* old = head.load(relaxed);   // relaxed: the exchange decides
    do last->next = old;
    while (!head.compare_exchange_weak(old, first, acq_rel, relaxed));   // [llist]
    return old == nullptr;
}
inline bool llist_add(struct llist_node* n, struct llist_head* h) noexcept { return llist_add_batch(n, n, h); }
inline bool __llist_add(struct llist_node* n, struct llist_head* h) noexcept {
    n->next = h->first;
    h->first = n;
    return n->next == nullptr;
}
/// Return: all, the newest first.
inline struct llist_node* llist_del_all(struct llist_head* h) noexcept {
    return impl::atomic<llist_node*>(h->first).exchange(nullptr, acquire);   // [llist]
}
inline struct llist_node* __llist_del_all(struct llist_head* h) noexcept { return llist_del_all(h); }
/// One taker at a time, whom the caller provides for.  Return: the newest, or null.
inline struct llist_node* llist_del_first(struct llist_head* h) noexcept {
    impl::atomic<llist_node*> head(h->first);
    llist_node* n = head.load(acquire);
    while (n != nullptr && !head.compare_exchange_weak(n, n->next, acquire, acquire)) {}   // [llist]
    return n;
}
inline struct llist_node* llist_reverse_order(struct llist_node* n) noexcept {
    llist_node* reversed = nullptr;
    while (n != nullptr) {
        llist_node* next = n->next;
        n->next = reversed;
        reversed = n;
        n = next;
    }
    return reversed;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__llist_add;
using bottomhalf::linux6::__llist_del_all;
using bottomhalf::linux6::init_llist_head;
using bottomhalf::linux6::init_llist_node;
using bottomhalf::linux6::llist_add;
using bottomhalf::linux6::llist_add_batch;
using bottomhalf::linux6::llist_del_all;
using bottomhalf::linux6::llist_del_first;
using bottomhalf::linux6::llist_empty;
using bottomhalf::linux6::llist_head;
using bottomhalf::linux6::llist_next;
using bottomhalf::linux6::llist_node;
using bottomhalf::linux6::llist_on_list;
using bottomhalf::linux6::llist_reverse_order;

#define LLIST_HEAD_INIT(name) \
    { nullptr }
#define LLIST_HEAD(name) struct llist_head name = LLIST_HEAD_INIT(name)
#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define llist_for_each(pos, node) for ((pos) = (node); pos; (pos) = (pos)->next)
#define llist_for_each_safe(pos, n, node) for ((pos) = (node); (pos) && ((n) = (pos)->next, true); (pos) = (n))
// The null check is on the node, before it becomes an entry.
#define bottomhalf_llist_entry(node, pos, member) \
    reinterpret_cast<__typeof__(pos)>(reinterpret_cast<std::uintptr_t>(node) - offsetof(__typeof__(*(pos)), member))
#define bottomhalf_llist_node(pos, member) \
    (reinterpret_cast<std::uintptr_t>(pos) + offsetof(__typeof__(*(pos)), member))
#define llist_for_each_entry(pos, node, member)                                                      \
    for ((pos) = bottomhalf_llist_entry(node, pos, member); bottomhalf_llist_node(pos, member) != 0; \
         (pos) = bottomhalf_llist_entry((pos)->member.next, pos, member))
#define llist_for_each_entry_safe(pos, n, node, member)                       \
    for ((pos) = bottomhalf_llist_entry(node, pos, member);                   \
         bottomhalf_llist_node(pos, member) != 0 &&                           \
         ((n) = bottomhalf_llist_entry((pos)->member.next, n, member), true); \
         (pos) = (n))
