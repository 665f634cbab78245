// SPDX-License-Identifier: MIT
//
// Forms of the locks, waits and tasks that other tests have no use for: each does what its plain form does.
#include "sync6/contest.hpp"

#include <string>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;

TEST_CASE("rwlock_t: every form, and what it keeps out", "[sync6][spinlock]") {
    on_this_engine([] {
        rwlock_t l = __RW_LOCK_UNLOCKED(l);
        rwlock_init(&l);
        unsigned long flags;
        read_lock_bh(&l);
        CHECK((in_softirq() && read_trylock(&l) == 1 && write_trylock(&l) == 0));
        read_unlock(&l);
        read_unlock_bh(&l);
        write_lock_bh(&l);
        CHECK((in_softirq() && read_trylock(&l) == 0));
        write_unlock_bh(&l);
        CHECK_FALSE(in_softirq());
        read_lock_irq(&l);
        CHECK((irqs_disabled() && write_trylock(&l) == 0));
        read_unlock_irq(&l);
        write_lock_irq(&l);
        CHECK((irqs_disabled() && read_trylock(&l) == 0));
        write_unlock_irq(&l);
        read_lock_irqsave(&l, flags);
        CHECK((irqs_disabled() && write_trylock(&l) == 0));
        read_unlock_irqrestore(&l, flags);
        write_lock_irqsave(&l, flags);
        CHECK((irqs_disabled() && read_trylock(&l) == 0));
        write_unlock_irqrestore(&l, flags);
        CHECK((!irqs_disabled() && preempt_count() == 0 && write_trylock(&l) == 1));
        write_unlock(&l);
    });
}

TEST_CASE("spinlock_t: nested, raw, asserted and with a class", "[sync6][spinlock]") {
    on_this_engine([] {
        static struct lock_class_key key;
        spinlock_t l = __SPIN_LOCK_UNLOCKED(l);
        lockdep_register_key(&key);
        lockdep_set_class(&l, &key);
        lockdep_set_subclass(&l, 1);
        lockdep_set_novalidate_class(&l);
        unsigned long flags;
        might_lock(&l);
        spin_lock_nested(&l, SINGLE_DEPTH_NESTING);
        assert_spin_locked(&l);
        lockdep_assert_held_once(&l);
        lockdep_assert_held_read(&l);
        spin_unlock(&l);
        spin_lock_irqsave_nested(&l, flags, SINGLE_DEPTH_NESTING);
        CHECK((irqs_disabled() && spin_is_locked(&l)));
        spin_unlock_irqrestore(&l, flags);
        CHECK(spin_trylock_bh(&l) == 1);
        CHECK(in_softirq());
        spin_unlock_bh(&l);
        CHECK(spin_trylock_irq(&l) == 1);
        CHECK(irqs_disabled());
        spin_unlock_irq(&l);
        static DEFINE_RAW_SPINLOCK(defined);
        CHECK_FALSE(raw_spin_is_locked(&defined));
        raw_spinlock_t raw;
        raw_spin_lock_init(&raw);
        raw_spin_lock(&raw);
        CHECK(raw_spin_is_locked(&raw));
        raw_spin_unlock(&raw);
        raw_spin_lock_irq(&raw);
        CHECK(irqs_disabled());
        raw_spin_unlock_irq(&raw);
        raw_spin_lock_irqsave(&raw, flags);
        CHECK(irqs_disabled());
        raw_spin_unlock_irqrestore(&raw, flags);
        CHECK_FALSE(irqs_disabled());
        atomic_t n = ATOMIC_INIT(2);
        CHECK(atomic_dec_and_lock_irqsave(&n, &l, flags) == 0);
        CHECK(atomic_dec_and_lock_irqsave(&n, &l, flags) == 1);
        CHECK((irqs_disabled() && spin_is_locked(&l)));
        spin_unlock_irqrestore(&l, flags);
        struct lockdep_map map;
        lockdep_init_map(&map, "map", &key, 0);
        CHECK(std::string(map.name) == "map");
        lockdep_off();
        lockdep_unregister_key(&key);
    });
}

TEST_CASE("mutex, rwsem, seqlock, srcu: nested and other forms", "[sync6][mutex]") {
    on_this_engine([] {
        struct mutex m = {};
        mutex_lock_nested(&m, SINGLE_DEPTH_NESTING);
        CHECK(mutex_is_locked(&m));
        mutex_unlock(&m);
        struct rw_semaphore s;
        init_rwsem(&s);
        down_read_nested(&s, SINGLE_DEPTH_NESTING);
        CHECK(down_write_trylock(&s) == 0);
        up_read(&s);
        down_write_nested(&s, SINGLE_DEPTH_NESTING);
        CHECK(down_read_trylock(&s) == 0);
        up_write(&s);
        CHECK(down_read_killable(&s) == 0);
        up_read(&s);
        seqlock_t seq;
        seqlock_init(&seq);
        const unsigned before = read_seqbegin(&seq);
        read_seqlock_excl(&seq);
        CHECK(read_seqretry(&seq, before) == 0);   // it writes nothing
        read_sequnlock_excl(&seq);
        static spinlock_t lock;
        spin_lock_init(&lock);
        seqcount_spinlock_t count;
        seqcount_spinlock_init(&count, &lock);
        struct srcu_struct srcu;
        CHECK(init_srcu_struct(&srcu) == 0);
        int value = 5, *p = &value;
        const int inside = srcu_read_lock(&srcu);
        CHECK(*srcu_dereference(p, &srcu) == 5);
        CHECK(srcu_read_lock_held(&srcu));
        srcu_read_unlock(&srcu, inside);
        CHECK(srcu_dereference(p, &srcu) == &value);
        CHECK(reports::take("suspicious RCU usage"));
        CHECK(rcu_dereference_check(p, true) == &value);
        CHECK(unrcu_pointer(p) == &value);
        struct rcu_head head;
        init_rcu_head(&head);
        synchronize_rcu_expedited();
        local_bh_disable();
        CHECK(rcu_read_lock_bh_held());
        local_bh_enable();
        cleanup_srcu_struct(&srcu);
    });
}

TEST_CASE("llist: a head that is made by a call, and a batch", "[sync6][llist]") {
    on_this_engine([] {
        struct entry {
            int id;
            struct llist_node node;
        } a{1, {}}, b{2, {}};
        struct llist_head head;
        init_llist_head(&head);
        a.node.next = &b.node;
        CHECK(llist_add_batch(&a.node, &b.node, &head));
        struct llist_node* all = llist_del_all(&head);
        CHECK(llist_entry(all, entry, node) == &a);
        CHECK(llist_entry(all->next, entry, node)->id == 2);
    });
}

TEST_CASE("wait queues: entries of one's own, bits, and the forms for I/O", "[sync6][wait]") {
    on_this_engine([] {
        static DECLARE_WAIT_QUEUE_HEAD(queue);
        {
            DECLARE_WAITQUEUE(entry, current);
            wait_queue_entry_t other;
            init_waitqueue_entry(&other, current);
            add_wait_queue_exclusive(&queue, &entry);
            spin_lock_irq(&queue.lock);
            __add_wait_queue(&queue, &other);
            spin_unlock_irq(&queue.lock);
            CHECK(waitqueue_active(&queue));
            set_current_state(TASK_INTERRUPTIBLE);
            wake_up_all(&queue);   // us
            schedule();            // so this returns
            spin_lock_irq(&queue.lock);
            __remove_wait_queue(&queue, &other);
            wake_up_all_locked(&queue);
            spin_unlock_irq(&queue.lock);
            remove_wait_queue(&queue, &entry);
        }
        {
            DEFINE_WAIT(entry);
            init_wait(&entry);
            CHECK(prepare_to_wait_event(&queue, &entry, TASK_UNINTERRUPTIBLE) == 0);
            wake_up_poll(&queue, 1);
            schedule();
            finish_wait(&queue, &entry);
        }
        CHECK_FALSE(waitqueue_active(&queue));
        static unsigned long word;
        word = 1;
        CHECK(bit_waitqueue(&word, 0) != nullptr);
        auto waiter = call<engine>([] { CHECK(wait_on_bit_io(&word, 0, TASK_UNINTERRUPTIBLE) == 0); });
        REQUIRE(waiter.waits_for("wait_on_bit"));
        clear_bit_unlock(0, &word);
        wake_up_bit(&word, 0);
        waiter.join();
        CHECK(wait_on_bit_lock_io(&word, 0, TASK_UNINTERRUPTIBLE) == 0);
        CHECK(word == 1);

        struct completion c = COMPLETION_INITIALIZER_ONSTACK(c);
        complete_all(&c);
        wait_for_completion_io(&c);
        CHECK(wait_for_completion_io_timeout(&c, HZ) == HZ);
        set_current_state(TASK_INTERRUPTIBLE);
        wake_up_process(current);
        io_schedule();
        set_current_state(TASK_UNINTERRUPTIBLE);
        CHECK(io_schedule_timeout(0) == 0);
        set_current_state(TASK_RUNNING);
    });
}

TEST_CASE("tasks: what there is no scheduler and no signal for", "[sync6][kthread]") {
    on_this_engine([] {
        CHECK_FALSE(set_freezable());
        CHECK_FALSE(freezing(current));
        CHECK_FALSE(need_resched());
        CHECK(signal_pending_state(TASK_INTERRUPTIBLE, current) == 0);
        set_user_nice(current, -5);
        sched_set_fifo(current);
        sched_set_fifo_low(current);
        CHECK(task_tgid_nr(current) != 0);
        struct task_struct* t = kthread_create_on_node([](void*) { return 0; }, nullptr, 0, "node");
        CHECK(kthread_stop(t) == -EINTR);
        struct percpu_rw_semaphore s;
        CHECK(percpu_init_rwsem(&s) == 0);
        percpu_free_rwsem(&s);
    });
}

TEST_CASE("a reader of a seqlock who takes the lock the second time", "[sync6][seqlock]") {
    on_this_engine([] {
        seqlock_t l = __SEQLOCK_UNLOCKED(l);
        int seq = 0;
        read_seqbegin_or_lock(&l, &seq);
        CHECK(need_seqretry(&l, seq) == 0);
        write_seqlock(&l);
        write_sequnlock(&l);
        CHECK(need_seqretry(&l, seq) == 1);
        done_seqretry(&l, seq);
        seq = 1;
        read_seqbegin_or_lock(&l, &seq);
        CHECK(spin_is_locked(&l.lock));
        CHECK(need_seqretry(&l, seq) == 0);
        done_seqretry(&l, seq);
        CHECK_FALSE(spin_is_locked(&l.lock));
    });
}

TEST_CASE("a spin lock that is let go in between; a task's name; a thread that stays on its CPU", "[sync6][sched]") {
    on_this_engine([] {
        spinlock_t l = __SPIN_LOCK_UNLOCKED(l);
        spin_lock(&l);
        CHECK(cond_resched_lock(&l) == 1);   // not held in between, or it would be told that it must not sleep
        CHECK((spin_is_locked(&l) && preempt_count() == 1));
        preempt_disable();
        cond_resched_lock(&l);
        preempt_enable();
        CHECK(reports::take("cond_resched_lock"));
        spin_unlock(&l);
        CHECK((!spin_is_locked(&l) && preempt_count() == 0));

        char name[TASK_COMM_LEN];
        CHECK(get_task_comm(name, current) == name);
        CHECK(std::string(name) == current->comm);
        migrate_disable();
        const int cpu = raw_smp_processor_id();
        msleep(1);
        CHECK(raw_smp_processor_id() == cpu);
        migrate_enable();

        struct mutex m;
        static struct lock_class_key key;
        __mutex_init(&m, "m", &key);
        struct lockdep_map map = {"m"};
        mutex_acquire(&map, 0, 0, 0);
        mutex_release(&map, 0);
        CHECK_FALSE(mutex_is_locked(&m));
        wait_queue_head_t q;
        init_waitqueue_head(&q);
        struct wait_queue_entry e;
        init_wait_entry(&e, WQ_FLAG_EXCLUSIVE);
        CHECK((e.flags == WQ_FLAG_EXCLUSIVE && e.func == autoremove_wake_function));
        CHECK(prepare_to_wait_event(&q, &e, TASK_UNINTERRUPTIBLE) == 0);
        CHECK(wq_has_sleeper(&q));
        finish_wait(&q, &e);
        CHECK_FALSE(wq_has_sleeper(&q));
    });
}
