// SPDX-License-Identifier: MIT
// A lookup finds an object whose last reference is being dropped, and takes one.  The count was 0 already.
//
// target: linux sim
#include <linux/kref.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "gallery.hpp"

using gallery::fixed;

struct session {
    struct kref users;
};
static gallery::allocated<session> memory;
static struct session* table;   // of one
static struct work_struct close_work;

static void release(struct kref*) {
    WRITE_ONCE(table, nullptr);
    synchronize_rcu();
    memory.free();
}
static void close(struct work_struct*) { kref_put(&memory.object.users, release); }

static struct session* lookup() {
    rcu_read_lock();
    struct session* s = READ_ONCE(table);
    if (s != nullptr) {
        if (fixed)
            s = kref_get_unless_zero(&s->users) ? s : nullptr;
        else
            kref_get(&s->users);
    }
    rcu_read_unlock();
    return s;
}

static void story() {
    table = memory.alloc();
    kref_init(&table->users);
    INIT_WORK(&close_work, close);
    schedule_work(&close_work);
    if (struct session* s = lookup(); s != nullptr) {
        memory.touch();
        kref_put(&s->users, release);
    }
    flush_work(&close_work);
}

int main(int argc, char** argv) {
    return gallery::show(argc, argv, "kref_get() of an object whose count is 0 already", story);
}
