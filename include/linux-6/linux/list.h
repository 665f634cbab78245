// SPDX-License-Identifier: MIT
// <linux/list.h>: the kernel's circular list, the calls that drivers use most.
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
inline bool list_is_last(const struct list_head* e, const struct list_head* head) noexcept { return e->next == head; }
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

}   // namespace bottomhalf::linux6

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
#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, n, head) for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_entry(pos, head, member)                                           \
    for (pos = list_first_entry(head, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_next_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)                                             \
    for (pos = list_first_entry(head, __typeof__(*pos), member), n = list_next_entry(pos, member); \
         &pos->member != (head); pos = n, n = list_next_entry(n, member))
