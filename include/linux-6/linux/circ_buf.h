// SPDX-License-Identifier: MIT
// <linux/circ_buf.h>: the arithmetic of a ring of 2^n bytes.  One place always stays empty.
#pragma once

namespace bottomhalf::linux6 {

struct circ_buf {
    char* buf;
    int head, tail;
};

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::circ_buf;

#define CIRC_CNT(head, tail, size) (((head) - (tail)) & ((size)-1))
#define CIRC_SPACE(head, tail, size) CIRC_CNT((tail), ((head) + 1), (size))
/// Without going round.
#define CIRC_CNT_TO_END(head, tail, size) \
    (CIRC_CNT(head, tail, size) < (size) - (tail) ? CIRC_CNT(head, tail, size) : (size) - (tail))
#define CIRC_SPACE_TO_END(head, tail, size) \
    (CIRC_SPACE(head, tail, size) < (size) - (head) ? CIRC_SPACE(head, tail, size) : (size) - (head))
