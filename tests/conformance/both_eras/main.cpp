// SPDX-License-Identifier: MIT
//
// One program, two files, two eras: each includes its own <linux/workqueue.h>, with a `struct work_struct` of its own.
// The linker must keep them apart, and they share one machine and one `jiffies`.
#include <cstdio>

int era_26(unsigned long* jiffies_seen);   // runs, or a negative number
int era_6(unsigned long* jiffies_seen);

int main() {
    unsigned long j26 = 0, j6 = 0, again = 0;
    const int a = era_26(&j26), b = era_6(&j6), c = era_26(&again);
    if (a == 30 && b == 30 && c == 30 && j26 <= j6 && j6 <= again) return 0;
    std::printf("2.6: %d runs at %lu, then %d at %lu; 6: %d at %lu\n", a, j26, c, again, b, j6);
    return 1;
}
