// SPDX-License-Identifier: MIT
// close() and the work that hears of the unplugging both free the buffer if it is there.
//
// target: linux sim
#include <linux/atomic.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct buffer {
    char bytes[64];
};
static gallery::allocated<buffer> memory;
static struct buffer* buffer;
static struct work_struct unplug_work;

static void drop_buffer() {
    if (fixed) {
        if (xchg(&buffer, static_cast<struct buffer*>(nullptr)) != nullptr) memory.free();
    } else if (READ_ONCE(buffer) != nullptr) {
        memory.free();
        WRITE_ONCE(buffer, nullptr);
    }
}
static void unplug(struct work_struct*) { drop_buffer(); }

static void story() {
    buffer = memory.alloc();
    INIT_WORK(&unplug_work, unplug);
    schedule_work(&unplug_work);
    drop_buffer();   // close()
    flush_work(&unplug_work);
}

int main(int argc, char** argv) { return gallery::show(argc, argv, "a buffer freed by two paths", story); }
