// SPDX-License-Identifier: MIT
//
// <linux/interrupt.h>: top halves, what they may do, and what they must not.
#include "linux26/support.hpp"

#include <asm/semaphore.h>
#include <asm/uaccess.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <unistd.h>

using bottomhalf::linux26::raise_irq;
using support::counter;
using support::reports;

namespace {

/// A top half that does `act`, once for each raise.
struct device {
    void (*act)(device&);
    counter interrupts;
    counter bottoms;
    work_struct work;
    int result = -1;

    explicit device(void (*a)(device&)) : act(a) {
        INIT_WORK(
            &work, [](void* p) { static_cast<device*>(p)->bottoms.hit(); }, this);
    }
    static irqreturn_t top(int, void* dev_id, struct pt_regs*) {
        auto& d = *static_cast<device*>(dev_id);
        d.act(d);
        d.interrupts.hit();
        return IRQ_HANDLED;
    }
};
/// Raises line 9 once, and waits for the top half to be over.
void interrupt(device& d) {
    REQUIRE(request_irq(9, device::top, SA_SHIRQ, "device", &d) == 0);
    const int before = d.interrupts.get();
    REQUIRE(raise_irq(9));
    d.interrupts.wait_for(before + 1);
    free_irq(9, &d);
}

}   // namespace

TEST_CASE("request_irq: what it returns", "[interrupt][request_irq]") {
    device a([](device&) {}), b([](device&) {});
    CHECK(request_irq(9, nullptr, 0, "none", &a) == -EINVAL);
    CHECK(request_irq(NR_IRQS, device::top, 0, "no line", &a) == -EINVAL);
    CHECK(request_irq(9, device::top, SA_SHIRQ, "no dev_id", nullptr) == -EINVAL);
    CHECK(request_irq(9, device::top, SA_SHIRQ, "first", &a) == 0);
    CHECK(request_irq(9, device::top, 0, "alone", &b) == -EBUSY);
    CHECK(request_irq(9, device::top, SA_SHIRQ | SA_SAMPLE_RANDOM, "second", &b) == 0);
    raise_irq(9);
    a.interrupts.wait_for(1);
    b.interrupts.wait_for(1);   // all handlers of a shared line are called
    free_irq(9, &a);
    free_irq(9, &b);
    reports said;
    free_irq(9, &b);
    CHECK(reports::with("Trying to free free IRQ9") == 1);
}

TEST_CASE("a top half runs in hardirq context, on events/N, and its bottom half in process context",
          "[interrupt][context]") {
    static struct {
        int in_irq, in_interrupt, in_softirq, in_atomic, keventd;
        char comm[16];
    } seen;
    device d([](device& self) {
        seen = {in_irq(), in_interrupt(), in_softirq(), in_atomic(), current_is_keventd(), {}};
        std::memcpy(seen.comm, current->comm, sizeof seen.comm);
        self.result = schedule_work(&self.work);
    });
    reports said;
    interrupt(d);
    CHECK(d.result == 1);
    d.bottoms.wait_for(1);
    flush_scheduled_work();
    CHECK(seen.in_irq == 1);
    CHECK(seen.in_interrupt == 1);
    CHECK(seen.in_softirq == 0);
    CHECK(seen.in_atomic == 1);
    CHECK(seen.keventd == 1);
    CHECK(seen.comm == std::string("events/0"));
    CHECK(in_interrupt() == 0);
    INFO(reports::list());
    CHECK(reports::count() == 0);
}

TEST_CASE("many interrupts while the item is pending make one run", "[interrupt][schedule_work]") {
    device d([](device& self) {
        schedule_work(&self.work);
        self.result = schedule_work(&self.work);
    });
    interrupt(d);
    CHECK(d.result == 0);
    flush_scheduled_work();
    CHECK(d.bottoms.get() == 1);
}

TEST_CASE("schedule_delayed_work: from a top half", "[interrupt][schedule_delayed_work]") {
    device d([](device& self) { self.result = schedule_delayed_work(&self.work, 1); });
    interrupt(d);
    CHECK(d.result == 1);
    d.bottoms.wait_for(1);
    flush_scheduled_work();
}

TEST_CASE("cancel_delayed_work: works in a top half, and says that it does not belong there", "[interrupt][report]") {
    device d([](device& self) { self.result = cancel_delayed_work(&self.work); });
    schedule_delayed_work(&d.work, 100000UL * HZ);
    reports said;
    interrupt(d);
    CHECK(d.result == 1);
    CHECK(reports::with("cancel_delayed_work") == 1);
}

TEST_CASE("whatever may sleep says so in a top half, and does not", "[interrupt][report]") {
    static DECLARE_MUTEX_LOCKED(taken);
    static DEFINE_MUTEX(mutex);
    static DECLARE_COMPLETION(never);
    static DECLARE_WAIT_QUEUE_HEAD(queue);
    static workqueue_struct* wq;
    static char buffer[4];
    wq = create_workqueue("sleep");
    reports said;
    const char* text = "sleeping function called from invalid context";
    SECTION("flush_scheduled_work") {
        device d([](device&) { flush_scheduled_work(); });
        interrupt(d);
    }
    SECTION("flush_workqueue") {
        device d([](device&) { flush_workqueue(wq); });
        interrupt(d);
    }
    SECTION("create_workqueue") {
        device d([](device& self) { self.result = create_workqueue("never") != nullptr; });
        interrupt(d);
        CHECK(d.result == 0);
    }
    SECTION("down") {
        device d([](device&) { down(&taken); });
        interrupt(d);
    }
    SECTION("down_interruptible") {
        device d([](device& self) { self.result = down_interruptible(&taken); });
        interrupt(d);
        CHECK(d.result == -EINTR);
    }
    SECTION("mutex_lock") {
        device d([](device&) { mutex_lock(&mutex); });
        interrupt(d);
        mutex_unlock(&mutex);
    }
    SECTION("wait_for_completion") {
        device d([](device&) { wait_for_completion(&never); });
        interrupt(d);
    }
    SECTION("wait_event") {
        device d([](device&) { wait_event(queue, false); });
        interrupt(d);
    }
    SECTION("msleep") {
        device d([](device&) { msleep(1000000); });
        interrupt(d);
    }
    SECTION("schedule_timeout") {
        device d([](device&) {
            set_current_state(TASK_INTERRUPTIBLE);
            schedule_timeout(100000L * HZ);
        });
        interrupt(d);
        text = "scheduling while atomic: events/0/0x00010000/";
    }
    SECTION("copy_to_user") {
        device d([](device&) { copy_to_user(buffer, "abc", 4); });
        interrupt(d);
        CHECK(buffer == std::string("abc"));
    }
    SECTION("kmalloc(GFP_KERNEL)") {
        device d([](device&) { kfree(kmalloc(16, GFP_KERNEL)); });
        interrupt(d);
    }
    SECTION("destroy_workqueue") {
        device d([](device&) { destroy_workqueue(wq); });
        interrupt(d);
    }
    SECTION("request_irq") {
        device d([](device& self) { self.result = request_irq(8, device::top, 0, "x", &self); });
        interrupt(d);
        CHECK(d.result == -EINVAL);
    }
    INFO(reports::list());
    CHECK(reports::with(text) == 1);
    CHECK(reports::count() == 1);
    CHECK(reports::channel_of(0) == bottomhalf::channel::kernel);
    if (text[1] == 'l') CHECK(reports::file_of(0) == __FILE__);
    destroy_workqueue(wq);
}

TEST_CASE("user memory: is copied from and to", "[uaccess]") {
    char there[8] = "abcdefg", here[8] = "xxxxxxx";
    CHECK(copy_from_user(here, there, 3) == 0);
    CHECK(here == std::string("abcxxxx"));
    CHECK(copy_to_user(there + 4, here, 2) == 0);
    CHECK(there == std::string("abcdabg"));
    int word = 5, value = 0;
    CHECK(get_user(value, &word) == 0);
    CHECK(value == 5);
    CHECK(put_user(7, &word) == 0);
    CHECK(word == 7);
}

TEST_CASE("kmalloc: GFP_ATOMIC in a top half takes from the reserve, until that is empty", "[interrupt][slab]") {
    static void* held[256];
    static unsigned n;
    static bool too_large;
    device takes([](device&) {
        too_large = kmalloc(5000, GFP_ATOMIC) != NULL;
        for (n = 0; n < 256; ++n)
            if ((held[n] = kmalloc(600, GFP_ATOMIC)) == nullptr) break;
    });
    reports said;
    interrupt(takes);
    CHECK_FALSE(too_large);
    CHECK(n == 128);   // 64 of 1 KiB, 64 pages
    for (unsigned i = 0; i < n; ++i) std::memset(held[i], static_cast<int>(i), 600);
    for (unsigned i = 0; i < n; ++i) CHECK(static_cast<unsigned char*>(held[i])[599] == i);
    for (unsigned i = 0; i < n; ++i) kfree(held[i]);   // in process context
    kfree(kmalloc(8, GFP_KERNEL));                     // who finds that the reserve has run low, and adds to it
    interrupt(takes);
    CHECK(n == 256);   // as much again
    CHECK(held[255] != nullptr);
    for (unsigned i = 0; i < n; ++i) std::memset(held[i], 1, 600);
    device gives([](device&) {
        for (unsigned i = 0; i < n; ++i) kfree(held[i]);
    });
    interrupt(gives);
    interrupt(takes);
    CHECK(n >= 128);
    interrupt(gives);
    CHECK(reports::count() == 0);
}

TEST_CASE("kfree: in a top half leaves memory of process context to the next caller there", "[interrupt][slab]") {
    static void* from_process;
    from_process = kmalloc(100, GFP_KERNEL);
    device d([](device&) { kfree(from_process); });
    interrupt(d);
    void* p = kmalloc(8, GFP_KERNEL);   // gives it back to malloc(); a leak here is what the leak checker finds
    kfree(p);
}

TEST_CASE("disable_irq: an interrupt that comes meanwhile is delivered once, by the last enable_irq",
          "[interrupt][disable_irq]") {
    device d([](device&) {});
    REQUIRE(request_irq(9, device::top, 0, "device", &d) == 0);
    disable_irq(9);
    disable_irq_nosync(9);
    // Each is taken, and marked pending, before the line below it runs there.
    raise_irq(9);
    raise_irq(9);
    schedule_on_each_cpu([](void*) {}, nullptr);
    CHECK(d.interrupts.get() == 0);
    enable_irq(9);
    schedule_on_each_cpu([](void*) {}, nullptr);
    CHECK(d.interrupts.get() == 0);
    enable_irq(9);
    d.interrupts.wait_for(1);
    synchronize_irq(9);
    CHECK(d.interrupts.get() == 1);
    reports said;
    enable_irq(9);
    CHECK(reports::with("Unbalanced enable for IRQ 9") == 1);
    free_irq(9, &d);
}

TEST_CASE("disable_irq: in a top half does not wait for itself, and says so", "[interrupt][disable_irq][report]") {
    device d([](device&) { disable_irq(9), synchronize_irq(9); });
    reports said;
    interrupt(d);
    CHECK(reports::with("not waiting") == 2);
    enable_irq(9);
}

TEST_CASE("disable_irq, synchronize_irq: spin, and so may be called with a spin lock held, as in 2.6",
          "[interrupt][disable_irq][report]") {
    device d([](device&) {});
    REQUIRE(request_irq(9, device::top, 0, "device", &d) == 0);
    reports said;
    local_bh_disable();
    disable_irq(9);
    synchronize_irq(9);
    local_bh_enable();
    CHECK(reports::count() == 0);
    enable_irq(9);
    free_irq(9, &d);
}

TEST_CASE("a handler's value that is none is reported", "[interrupt][report]") {
    static counter calls;
    REQUIRE(request_irq(
                9, [](int, void*, struct pt_regs*) -> irqreturn_t { return calls.hit(), 7; }, 0, "odd", nullptr) == 0);
    reports said;
    raise_irq(9);
    calls.wait_for(1);
    free_irq(9, nullptr);
    CHECK(reports::with("irq event 9: bogus return value 7") == 1);
}

TEST_CASE("a pipe as an interrupt line", "[interrupt][fd]") {
    static int fds[2];
    static std::atomic<char> byte;
    REQUIRE(::pipe(fds) == 0);
    device d([](device& self) {
        char c;
        if (::read(fds[0], &c, 1) == 1) byte = c;
        schedule_work(&self.work);
    });
    REQUIRE(request_irq(9, device::top, 0, "pipe", &d) == 0);
    REQUIRE(bottomhalf::linux26::irq_from_fd(9, fds[0]) == 0);
    REQUIRE(::write(fds[1], "x", 1) == 1);
    d.bottoms.wait_for(1);
    CHECK(byte == 'x');
    bottomhalf::linux26::irq_from_fd_end(fds[0]);
    free_irq(9, &d);
    flush_scheduled_work();
    ::close(fds[0]);
    ::close(fds[1]);
}

TEST_CASE("spin_lock: found held by what was interrupted, it is reported instead of hanging",
          "[interrupt][spinlock][report]") {
    static spinlock_t lock = SPIN_LOCK_UNLOCKED;
    static counter in_top;
    device d([](device&) {
        spin_lock(&lock);
        spin_unlock(&lock);
        in_top.hit();
    });
    REQUIRE(request_irq(9, device::top, 0, "device", &d) == 0);
    reports said;
    work_struct w;
    // On events/0, which takes the interrupt while it holds the lock without having masked it.
    INIT_WORK(
        &w,
        [](void*) {
            spin_lock(&lock);
            raise_irq(9);
            in_top.wait_for(1);
            spin_unlock(&lock);
        },
        nullptr);
    schedule_delayed_work_on(0, &w, 0);
    in_top.wait_for(1);
    flush_scheduled_work();
    free_irq(9, &d);
    CHECK(reports::with("BUG: spinlock recursion on CPU#0, events/0/") == 1);
    CHECK(reports::with("inconsistent {HARDIRQ-ON-W} -> {IN-HARDIRQ-W} usage") == 1);
    CHECK(reports::count() == 2);
    CHECK(spin_is_locked(&lock) == 0);
}

TEST_CASE("local_irq_save: the top half waits for local_irq_restore", "[interrupt][masking]") {
    static device* seen_by;
    device d([](device&) {});
    seen_by = &d;
    REQUIRE(request_irq(9, device::top, 0, "device", &d) == 0);
    static int masked, nested, after, off, on;
    work_struct w;
    INIT_WORK(
        &w,
        [](void*) {
            unsigned long flags, inner;
            local_irq_save(flags);
            off = irqs_disabled();
            raise_irq(9);
            masked = seen_by->interrupts.get();
            local_irq_save(inner);
            local_irq_restore(inner);
            nested = seen_by->interrupts.get();
            local_irq_restore(flags);
            after = seen_by->interrupts.get();   // this very thread takes CPU 0's interrupts
            on = irqs_disabled();
        },
        nullptr);
    schedule_delayed_work_on(0, &w, 0);
    d.interrupts.wait_for(1);
    flush_scheduled_work();
    free_irq(9, &d);
    CHECK(off == 1);
    CHECK(on == 0);
    CHECK(masked == 0);
    CHECK(nested == 0);
    CHECK(after == 1);
}
