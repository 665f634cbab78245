// SPDX-License-Identifier: MIT
// <linux/list.h>: the kernel's circular list, and the one whose head is a single pointer, for hash tables.
#pragma once

#include <linux/container_of.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

struct __attribute__((may_alias)) list_head {
    struct list_head *next, *prev;
};

inline void INIT_LIST_HEAD(struct list_head* l) noexcept { l->next = l->prev = l; }

namespace list_impl {
inline void insert(list_head* n, list_head* prev, list_head* next) noexcept {
    next->prev = n;
    n->next = next;
    n->prev = prev;
    prev->next = n;
}
inline void splice(list_head* from, list_head* prev, list_head* next) noexcept {
    list_head *first = from->next, *last = from->prev;
    first->prev = prev;
    prev->next = first;
    last->next = next;
    next->prev = last;
}
}   // namespace list_impl

inline void list_add(struct list_head* n, struct list_head* head) noexcept { list_impl::insert(n, head, head->next); }
inline void list_add_tail(struct list_head* n, struct list_head* head) noexcept {
    list_impl::insert(n, head->prev, head);
}
inline void __list_del_entry(struct list_head* e) noexcept {
    e->next->prev = e->prev;
    e->prev->next = e->next;
}
/// The links are poisoned: who uses the entry again by mistake crashes near address 0x100.
inline void list_del(struct list_head* e) noexcept {
    __list_del_entry(e);
    e->next = reinterpret_cast<list_head*>(0x100UL);
    e->prev = reinterpret_cast<list_head*>(0x122UL);
}
inline void list_del_init(struct list_head* e) noexcept {
    __list_del_entry(e);
    INIT_LIST_HEAD(e);
}
inline void list_move(struct list_head* e, struct list_head* head) noexcept {
    __list_del_entry(e);
    list_add(e, head);
}
inline void list_move_tail(struct list_head* e, struct list_head* head) noexcept {
    __list_del_entry(e);
    list_add_tail(e, head);
}
inline bool list_empty(const struct list_head* head) noexcept { return head->next == head; }
inline bool list_is_singular(const struct list_head* head) noexcept {
    return !list_empty(head) && head->next == head->prev;
}
inline bool list_is_first(const struct list_head* e, const struct list_head* head) noexcept { return e->prev == head; }
inline bool list_is_last(const struct list_head* e, const struct list_head* head) noexcept { return e->next == head; }
inline bool list_is_head(const struct list_head* e, const struct list_head* head) noexcept { return e == head; }
/// Also that nobody is half way through an insertion, for those who look without the lock.
inline bool list_empty_careful(const struct list_head* head) noexcept { return list_empty(head) && head->prev == head; }
/// `n` takes the place of `old`, whose links stay as they are.
inline void list_replace(struct list_head* old, struct list_head* n) noexcept {
    n->next = old->next;
    n->next->prev = n;
    n->prev = old->prev;
    n->prev->next = n;
}
inline void list_replace_init(struct list_head* old, struct list_head* n) noexcept {
    list_replace(old, n);
    INIT_LIST_HEAD(old);
}
inline void list_swap(struct list_head* a, struct list_head* b) noexcept {
    list_head* before = b->prev;
    __list_del_entry(b);
    list_replace(a, b);
    if (before == a) before = b;
    list_add(a, before);
}
/// From `first` to `last`, neighbours of one list, to the end of `head`.
inline void list_bulk_move_tail(struct list_head* head, struct list_head* first, struct list_head* last) noexcept {
    first->prev->next = last->next;
    last->next->prev = first->prev;
    head->prev->next = first;
    first->prev = head->prev;
    last->next = head;
    head->prev = last;
}
/// The first becomes the last.
inline void list_rotate_left(struct list_head* head) noexcept {
    if (!list_empty(head)) list_move_tail(head->next, head);
}
/// What is before and at `entry` goes to the empty `list`, the rest stays; of the head itself: nothing goes.
inline void list_cut_position(struct list_head* list, struct list_head* head, struct list_head* entry) noexcept {
    INIT_LIST_HEAD(list);
    if (list_empty(head) || entry == head) return;
    list->next = head->next;
    list->next->prev = list;
    head->next = entry->next;
    head->next->prev = head;
    list->prev = entry;
    entry->next = list;
}
inline std::size_t list_count_nodes(const struct list_head* head) noexcept {
    std::size_t n = 0;
    for (const list_head* e = head->next; e != head; e = e->next) ++n;
    return n;
}
inline void list_splice(struct list_head* from, struct list_head* head) noexcept {
    if (!list_empty(from)) list_impl::splice(from, head, head->next);
}
inline void list_splice_tail(struct list_head* from, struct list_head* head) noexcept {
    if (!list_empty(from)) list_impl::splice(from, head->prev, head);
}
inline void list_splice_init(struct list_head* from, struct list_head* head) noexcept {
    list_splice(from, head);
    INIT_LIST_HEAD(from);
}
inline void list_splice_tail_init(struct list_head* from, struct list_head* head) noexcept {
    list_splice_tail(from, head);
    INIT_LIST_HEAD(from);
}

// ---- hlist: an entry knows the pointer that points to it ------------------------------------------------------------

struct hlist_node {
    struct hlist_node *next, **pprev;
};
struct hlist_head {
    struct hlist_node* first;
};

inline void bottomhalf_init_hlist_head(struct hlist_head* head) noexcept { head->first = nullptr; }
inline void INIT_HLIST_NODE(struct hlist_node* n) noexcept {
    n->next = nullptr;
    n->pprev = nullptr;
}
inline bool hlist_unhashed(const struct hlist_node* n) noexcept { return n->pprev == nullptr; }
inline bool hlist_empty(const struct hlist_head* head) noexcept { return head->first == nullptr; }
inline void hlist_add_head(struct hlist_node* n, struct hlist_head* head) noexcept {
    n->next = head->first;
    if (n->next != nullptr) n->next->pprev = &n->next;
    head->first = n;
    n->pprev = &head->first;
}
inline void hlist_add_before(struct hlist_node* n, struct hlist_node* next) noexcept {
    n->pprev = next->pprev;
    n->next = next;
    next->pprev = &n->next;
    *n->pprev = n;
}
inline void hlist_add_behind(struct hlist_node* n, struct hlist_node* prev) noexcept {
    n->next = prev->next;
    prev->next = n;
    n->pprev = &prev->next;
    if (n->next != nullptr) n->next->pprev = &n->next;
}
/// Looks as if it were on a list, so that hlist_del() of it does no harm.
inline void hlist_add_fake(struct hlist_node* n) noexcept { n->pprev = &n->next; }
inline bool hlist_fake(const struct hlist_node* n) noexcept { return n->pprev == &n->next; }
inline void __hlist_del(struct hlist_node* n) noexcept {
    *n->pprev = n->next;
    if (n->next != nullptr) n->next->pprev = n->pprev;
}
inline void hlist_del(struct hlist_node* n) noexcept {
    __hlist_del(n);
    n->next = reinterpret_cast<hlist_node*>(0x100UL);
    n->pprev = reinterpret_cast<hlist_node**>(0x122UL);
}
/// Of one that is on no list: nothing.
inline void hlist_del_init(struct hlist_node* n) noexcept {
    if (hlist_unhashed(n)) return;
    __hlist_del(n);
    INIT_HLIST_NODE(n);
}
inline void hlist_move_list(struct hlist_head* old, struct hlist_head* n) noexcept {
    n->first = old->first;
    if (n->first != nullptr) n->first->pprev = &n->first;
    old->first = nullptr;
}
inline bool hlist_is_singular_node(const struct hlist_node* n, const struct hlist_head* head) noexcept {
    return n->next == nullptr && n->pprev == &head->first;
}

namespace list_impl {
/// hlist_entry(), but null stays null.
template <class T>
T* entry_or_null(const hlist_node* n, std::size_t offset) noexcept {
    if (n == nullptr) return nullptr;
    return reinterpret_cast<T*>(reinterpret_cast<char*>(const_cast<hlist_node*>(n)) - offset);
}
}   // namespace list_impl

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::__hlist_del;
using bottomhalf::linux6::__list_del_entry;
using bottomhalf::linux6::bottomhalf_init_hlist_head;
using bottomhalf::linux6::hlist_add_before;
using bottomhalf::linux6::hlist_add_behind;
using bottomhalf::linux6::hlist_add_fake;
using bottomhalf::linux6::hlist_add_head;
using bottomhalf::linux6::hlist_del;
using bottomhalf::linux6::hlist_del_init;
using bottomhalf::linux6::hlist_empty;
using bottomhalf::linux6::hlist_fake;
using bottomhalf::linux6::hlist_head;
using bottomhalf::linux6::hlist_is_singular_node;
using bottomhalf::linux6::hlist_move_list;
using bottomhalf::linux6::hlist_node;
using bottomhalf::linux6::hlist_unhashed;
using bottomhalf::linux6::INIT_HLIST_NODE;
using bottomhalf::linux6::list_bulk_move_tail;
using bottomhalf::linux6::list_count_nodes;
using bottomhalf::linux6::list_cut_position;
using bottomhalf::linux6::list_empty_careful;
using bottomhalf::linux6::list_is_first;
using bottomhalf::linux6::list_is_head;
using bottomhalf::linux6::list_replace;
using bottomhalf::linux6::list_replace_init;
using bottomhalf::linux6::list_rotate_left;
using bottomhalf::linux6::list_swap;
using bottomhalf::linux6::INIT_LIST_HEAD;
using bottomhalf::linux6::list_add;
using bottomhalf::linux6::list_add_tail;
using bottomhalf::linux6::list_del;
using bottomhalf::linux6::list_del_init;
using bottomhalf::linux6::list_empty;
using bottomhalf::linux6::list_head;
using bottomhalf::linux6::list_is_last;
using bottomhalf::linux6::list_is_singular;
using bottomhalf::linux6::list_move;
using bottomhalf::linux6::list_move_tail;
using bottomhalf::linux6::list_splice;
using bottomhalf::linux6::list_splice_init;
using bottomhalf::linux6::list_splice_tail;
using bottomhalf::linux6::list_splice_tail_init;

#undef LIST_HEAD   // <sys/queue.h> has one
#undef LIST_HEAD_INIT
#define LIST_HEAD_INIT(name) \
    { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(ptr, type, member) list_entry((ptr)->next, type, member)
#define list_last_entry(ptr, type, member) list_entry((ptr)->prev, type, member)
#define list_first_entry_or_null(ptr, type, member) (list_empty(ptr) ? nullptr : list_first_entry(ptr, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)
#define list_entry_is_head(pos, head, member) (&(pos)->member == (head))
#define list_prepare_entry(pos, head, member) ((pos) ? (pos) : list_entry(head, __typeof__(*pos), member))
#define list_safe_reset_next(pos, n, member) (n = list_next_entry(pos, member))

#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_continue(pos, head) for (pos = pos->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head) for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_safe(pos, n, head) for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_prev_safe(pos, n, head) \
    for (pos = (head)->prev, n = pos->prev; pos != (head); pos = n, n = pos->prev)

#define list_for_each_entry(pos, head, member)                                           \
    for (pos = list_first_entry(head, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)                                  \
    for (pos = list_last_entry(head, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_prev_entry(pos, member))
#define list_for_each_entry_continue(pos, head, member) \
    for (pos = list_next_entry(pos, member); &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_continue_reverse(pos, head, member) \
    for (pos = list_prev_entry(pos, member); &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_from(pos, head, member) for (; &pos->member != (head); pos = list_next_entry(pos, member))
#define list_for_each_entry_from_reverse(pos, head, member) \
    for (; &pos->member != (head); pos = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)                                             \
    for (pos = list_first_entry(head, __typeof__(*pos), member), n = list_next_entry(pos, member); \
         &pos->member != (head); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_continue(pos, n, head, member)                                        \
    for (pos = list_next_entry(pos, member), n = list_next_entry(pos, member); &pos->member != (head); \
         pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_from(pos, n, head, member) \
    for (n = list_next_entry(pos, member); &pos->member != (head); pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member)                                    \
    for (pos = list_last_entry(head, __typeof__(*pos), member), n = list_prev_entry(pos, member); \
         &pos->member != (head); pos = n, n = list_prev_entry(n, member))

#define HLIST_HEAD_INIT \
    { nullptr }
#define HLIST_HEAD(name) struct hlist_head name = {nullptr}
#define INIT_HLIST_HEAD(ptr) bottomhalf_init_hlist_head(ptr)

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member) \
    ::bottomhalf::linux6::list_impl::entry_or_null<type>(ptr, offsetof(type, member))
#define bottomhalf_hlist_entry(ptr, pos, member) hlist_entry_safe(ptr, __typeof__(*(pos)), member)
#define hlist_for_each(pos, head) for (pos = (head)->first; pos != nullptr; pos = pos->next)
#define hlist_for_each_safe(pos, n, head) for (pos = (head)->first; pos != nullptr && (n = pos->next, true); pos = n)
#define hlist_for_each_entry(pos, head, member)                                    \
    for (pos = bottomhalf_hlist_entry((head)->first, pos, member); pos != nullptr; \
         pos = bottomhalf_hlist_entry((pos)->member.next, pos, member))
#define hlist_for_each_entry_continue(pos, member)                                      \
    for (pos = bottomhalf_hlist_entry((pos)->member.next, pos, member); pos != nullptr; \
         pos = bottomhalf_hlist_entry((pos)->member.next, pos, member))
#define hlist_for_each_entry_from(pos, member) \
    for (; pos != nullptr; pos = bottomhalf_hlist_entry((pos)->member.next, pos, member))
/// `n` is a struct hlist_node*.
#define hlist_for_each_entry_safe(pos, n, head, member)                                                            \
    for (pos = bottomhalf_hlist_entry((head)->first, pos, member); pos != nullptr && (n = pos->member.next, true); \
         pos = bottomhalf_hlist_entry(n, pos, member))

// What the kernel's brings along, and sources lean on.  Last: some of them need this one.
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/stddef.h>
