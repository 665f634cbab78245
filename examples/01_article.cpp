// SPDX-License-Identifier: MIT
// The article in eight lines: a work item, its handler, and keventd, which runs it on a thread that may sleep.
//
//   hello, bottom half
//
// target: linux26
// expect: hello, bottom half
#include <linux/kernel.h>
#include <linux/workqueue.h>

static char name[] = "bottom half";
static void my_handler(void* data) { printk(KERN_INFO "hello, %s\n", (char*)data); }
static DECLARE_WORK(my_work, my_handler, name);

int main() {
    schedule_work(&my_work);   // runs soon, on thread events/N
    flush_scheduled_work();    // has run
}
