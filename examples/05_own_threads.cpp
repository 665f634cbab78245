// SPDX-License-Identifier: MIT
// Worker threads of one's own, for work that should not wait behind everybody else's, and items that are made at run
// time, one handler for all of them.  create_workqueue("mine") makes the threads mine/0, mine/1, ...
//
//   item 0 on mine/N
//   item 1 on mine/N
//   item 2 on mine/N
//   all three have run
//
// target: linux26
// expect: item 0 on mine/[0-9]+.*item 1 on mine/[0-9]+.*item 2 on mine/[0-9]+.*all three have run
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

struct my_item {
    int number;
    struct work_struct work;
};

static void handler(void* data) {
    struct my_item* item = (struct my_item*)data;

    printk(KERN_INFO "item %d on %s\n", item->number, current->comm);
    kfree(item);   // the last act: the item is not touched after its handler has been called
}

int main() {
    struct workqueue_struct* mine = create_workqueue("mine");
    if (!mine) return 1;

    for (int i = 0; i < 3; i++) {
        struct my_item* item = kmalloc(sizeof *item, GFP_KERNEL);
        if (!item) break;
        item->number = i;
        INIT_WORK(&item->work, handler, item);
        queue_work(mine, &item->work);   // on this CPU's thread, in order
    }
    flush_workqueue(mine);
    printk(KERN_INFO "all three have run\n");
    destroy_workqueue(mine);
}
