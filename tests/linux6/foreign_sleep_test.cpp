// SPDX-License-Identifier: MIT
//
// A handler that sleeps where the pool does not see it, in read(), does not hold up its CPU's next item for good.
#include "linux6/support.hpp"

#include <unistd.h>

#include <linux/workqueue.h>

namespace {

int ends[2];

void waits(struct work_struct*) {
    char c;
    CHECK(::read(ends[0], &c, 1) == 1);
}
void writes(struct work_struct*) { CHECK(::write(ends[1], "x", 1) == 1); }

}   // namespace

TEST_CASE("a handler in read() lets the next one start, once it has been seen there", "[linux6][workqueue]") {
    REQUIRE(::pipe(ends) == 0);
    static DECLARE_WORK(first, waits);
    static DECLARE_WORK(second, writes);
    struct workqueue_struct* wq = alloc_workqueue("q", 0, 0);
    queue_work_on(0, wq, &first);
    queue_work_on(0, wq, &second);
    flush_workqueue(wq);   // hangs otherwise
    destroy_workqueue(wq);
    ::close(ends[0]), ::close(ends[1]);
}
