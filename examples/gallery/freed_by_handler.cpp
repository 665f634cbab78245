// SPDX-License-Identifier: MIT
// A request is freed by the handler of its work.  Whoever queued it looks at it once more.
//
// target: linux sim
#include <linux/kref.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct request {
    struct work_struct work;
    struct kref users;
};
static gallery::allocated<request> memory;

static void release(struct kref*) { memory.free(); }
static void transfer(struct work_struct* work) {
    struct request* r = container_of(work, struct request, work);
    memory.touch();
    kref_put(&r->users, release);
}

static void submit() {
    struct request* r = memory.alloc();
    INIT_WORK(&r->work, transfer);
    kref_init(&r->users);
    if (fixed) kref_get(&r->users);
    schedule_work(&r->work);
    memory.touch();   // "submitted request %d"
    if (fixed) kref_put(&r->users, release);
}

static void story() {
    submit();
    flush_scheduled_work();
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "an item used after its handler has freed it", story);
}
