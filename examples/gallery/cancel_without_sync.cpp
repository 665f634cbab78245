// SPDX-License-Identifier: MIT
// cancel_work() takes a waiting item away.  One that has begun goes on, and its device is freed under it.
//
// target: linux sim
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct port {
    struct work_struct rx;
    int bytes;
};
static gallery::allocated<port> memory;

static void receive(struct work_struct* work) {
    struct port* p = container_of(work, struct port, rx);
    for (int i = 0; i < 3; ++i) {
        memory.touch();
        WRITE_ONCE(p->bytes, READ_ONCE(p->bytes) + 1);
    }
}

static void remove(struct port* p) {
    if (fixed)
        cancel_work_sync(&p->rx);
    else
        cancel_work(&p->rx);
    memory.free();
}

static void story() {
    struct port* p = memory.alloc();
    INIT_WORK(&p->rx, receive);
    schedule_work(&p->rx);
    remove(p);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "cancel_work() without _sync", story); }
