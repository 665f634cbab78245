// SPDX-License-Identifier: MIT
//
// What cmake/check-mask.sh compiles and never links: a section with interrupts masked, around accesses that a compiler
// would like to move, merge or drop.  Each function stores 1 in front of its section, loads and stores 2 in it, and
// stores 3 behind it.  PROBE says whose mask stands there; two of them are known to be wrong, and must be found out.
#define PROBE_LINUX6 1
#define PROBE_LINUX26 2
#define PROBE_PLAIN 3      // the mask is a plain variable
#define PROBE_VOLATILE 4   // it is volatile, and nothing more

extern int probe_shared, probe_seen;   // of this thread and its top halves

#if PROBE == PROBE_PLAIN || PROBE == PROBE_VOLATILE

#if PROBE == PROBE_PLAIN
extern thread_local constinit int probe_mask;
#else
extern thread_local constinit volatile int probe_mask;
#endif
extern thread_local constinit volatile unsigned long probe_pending;
void probe_replay();

extern "C" void probe_save_restore() {
    probe_shared = 1;
    const bool was = probe_mask != 0;
    probe_mask = 1;
    probe_seen = probe_shared;
    probe_shared = 2;
    if (!was) {
        probe_mask = 0;
        if (probe_pending != 0) probe_replay();
    }
    probe_shared = 3;
}

#else

#include <linux/interrupt.h>
#include <linux/spinlock.h>

extern spinlock_t probe_lock;

extern "C" void probe_save_restore() {
    unsigned long flags;
    probe_shared = 1;
    local_irq_save(flags);
    probe_seen = probe_shared;
    probe_shared = 2;
    local_irq_restore(flags);
    probe_shared = 3;
}
extern "C" void probe_disable_enable() {
    probe_shared = 1;
    local_irq_disable();
    probe_seen = probe_shared;
    probe_shared = 2;
    local_irq_enable();
    probe_shared = 3;
}
extern "C" void probe_spin_irqsave() {
    unsigned long flags;
    probe_shared = 1;
    spin_lock_irqsave(&probe_lock, flags);
    probe_seen = probe_shared;
    probe_shared = 2;
    spin_unlock_irqrestore(&probe_lock, flags);
    probe_shared = 3;
}
extern "C" void probe_spin_irq() {
    probe_shared = 1;
    spin_lock_irq(&probe_lock);
    probe_seen = probe_shared;
    probe_shared = 2;
    spin_unlock_irq(&probe_lock);
    probe_shared = 3;
}

#endif
