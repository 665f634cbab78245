// SPDX-License-Identifier: MIT
// <linux/list.h>: the kernel's doubly linked list.
#pragma once

#include <linux/bottomhalf.h>

#include <linux/kernel.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {

struct list_head {
    struct list_head *next, *prev;
};

namespace impl {
inline void insert(list_head* entry, list_head* prev, list_head* next) noexcept {
    next->prev = entry;
    entry->next = next;
    entry->prev = prev;
    prev->next = entry;
}
inline void join(list_head* prev, list_head* next) noexcept {
    next->prev = prev;
    prev->next = next;
}
inline void init_list_head(list_head* head) noexcept { head->next = head->prev = head; }
inline void splice(const list_head* list, list_head* prev, list_head* next) noexcept {
    list_head *first = list->next, *last = list->prev;
    first->prev = prev;
    prev->next = first;
    last->next = next;
    next->prev = last;
}
// What a removed entry points to: an access through it faults, at an address that tells why.
inline list_head* poison(std::uintptr_t n) noexcept { return reinterpret_cast<list_head*>(n); }
}   // namespace impl

inline void list_add(struct list_head* entry, struct list_head* head) noexcept {
    impl::insert(entry, head, head->next);
}
inline void list_add_tail(struct list_head* entry, struct list_head* head) noexcept {
    impl::insert(entry, head->prev, head);
}
inline void list_del(struct list_head* entry) noexcept {
    impl::join(entry->prev, entry->next);
    entry->next = impl::poison(0x00100100);
    entry->prev = impl::poison(0x00200200);
}
inline void list_del_init(struct list_head* entry) noexcept {
    impl::join(entry->prev, entry->next);
    impl::init_list_head(entry);
}
inline void list_move(struct list_head* entry, struct list_head* head) noexcept {
    impl::join(entry->prev, entry->next);
    list_add(entry, head);
}
inline void list_move_tail(struct list_head* entry, struct list_head* head) noexcept {
    impl::join(entry->prev, entry->next);
    list_add_tail(entry, head);
}
inline int list_empty(const struct list_head* head) noexcept { return head->next == head; }
/// Empty, and nobody is in the middle of emptying it.
inline int list_empty_careful(const struct list_head* head) noexcept {
    const list_head* next = head->next;
    return next == head && next == head->prev;
}
inline void list_splice(struct list_head* list, struct list_head* head) noexcept {
    if (!list_empty(list)) impl::splice(list, head, head->next);
}
inline void list_splice_init(struct list_head* list, struct list_head* head) noexcept {
    if (list_empty(list)) return;
    impl::splice(list, head, head->next);
    impl::init_list_head(list);
}
inline void list_splice_tail(struct list_head* list, struct list_head* head) noexcept {
    if (!list_empty(list)) impl::splice(list, head->prev, head);
}
inline void list_splice_tail_init(struct list_head* list, struct list_head* head) noexcept {
    if (list_empty(list)) return;
    impl::splice(list, head->prev, head);
    impl::init_list_head(list);
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

using bottomhalf::linux26::list_add;
using bottomhalf::linux26::list_add_tail;
using bottomhalf::linux26::list_del;
using bottomhalf::linux26::list_del_init;
using bottomhalf::linux26::list_empty;
using bottomhalf::linux26::list_empty_careful;
using bottomhalf::linux26::list_head;
using bottomhalf::linux26::list_move;
using bottomhalf::linux26::list_move_tail;
using bottomhalf::linux26::list_splice;
using bottomhalf::linux26::list_splice_init;
using bottomhalf::linux26::list_splice_tail;
using bottomhalf::linux26::list_splice_tail_init;

#define LIST_HEAD_INIT(name) \
    { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)
#define INIT_LIST_HEAD(head) (::bottomhalf::linux26::impl::init_list_head(head))

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)

#define list_for_each(pos, head) for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_prev(pos, head) for (pos = (head)->prev; pos != (head); pos = pos->prev)
#define list_for_each_safe(pos, n, head) for (pos = (head)->next, n = pos->next; pos != (head); pos = n, n = pos->next)
#define list_for_each_entry(pos, head, member)                                             \
    for (pos = list_entry((head)->next, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_entry(pos->member.next, __typeof__(*pos), member))
#define list_for_each_entry_reverse(pos, head, member)                                     \
    for (pos = list_entry((head)->prev, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_entry(pos->member.prev, __typeof__(*pos), member))
#define list_for_each_entry_safe(pos, n, head, member)              \
    for (pos = list_entry((head)->next, __typeof__(*pos), member),  \
        n = list_entry(pos->member.next, __typeof__(*pos), member); \
         &pos->member != (head); pos = n, n = list_entry(n->member.next, __typeof__(*n), member))
