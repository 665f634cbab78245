// SPDX-License-Identifier: MIT
// <linux/list_sort.h>: a list, in order.
#pragma once

#include <linux/list.h>

namespace bottomhalf::linux6 {

using list_cmp_func_t = int(void* priv, const struct list_head* a, const struct list_head* b);

/// Stable; cmp() > 0 means that `a` belongs behind `b`.  A merge sort that builds runs of 1, 2, 4, ... entries.
inline void list_sort(void* priv, struct list_head* head, list_cmp_func_t* cmp) noexcept {
    for (std::size_t width = 1;; width *= 2) {
        list_head sorted = {&sorted, &sorted};
        std::size_t merges = 0;
        while (!list_empty(head)) {
            ++merges;
            list_head a = {&a, &a};
            for (std::size_t i = 0; i < width && !list_empty(head); ++i) list_move_tail(head->next, &a);
            for (std::size_t i = 0; i < width && !list_empty(head);) {
                if (!list_empty(&a) && cmp(priv, a.next, head->next) <= 0) {
                    list_move_tail(a.next, &sorted);
                } else {
                    list_move_tail(head->next, &sorted);
                    ++i;
                }
            }
            list_splice_tail_init(&a, &sorted);
        }
        list_splice_init(&sorted, head);
        if (merges <= 1) return;
    }
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::list_cmp_func_t;
using bottomhalf::linux6::list_sort;
