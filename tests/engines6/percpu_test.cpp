// SPDX-License-Identifier: MIT
// <linux/percpu.h>, <linux/cpumask.h>, on either engine: whose copy is meant depends on where the code runs.
#include "support/facade.hpp"

#include <atomic>

#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

using support::call;
using support::engine;
using support::on_this_engine;
using support::reports;

namespace {

struct stats {
    u64 packets;
    int errors;
};
DEFINE_PER_CPU(int, counter) = 5;
DEFINE_PER_CPU_ALIGNED(struct stats, static_stats);
DEFINE_PER_CPU(int[3], triples);
struct stats* dynamic;

/// Counts on its CPU.
void count(struct work_struct*) {
    this_cpu_inc(counter);
    this_cpu_add(static_stats.packets, 10);
    this_cpu_inc(dynamic->packets);
    __this_cpu_add(dynamic->errors, 2);
    struct stats* mine = this_cpu_ptr(dynamic);
    mine->errors += 1;
}

}   // namespace

TEST_CASE("percpu: each CPU counts in its own copy", "[linux6][percpu]") {
    on_this_engine([] {
        int cpu;
        for_each_possible_cpu(cpu) {
            per_cpu(counter, cpu) = 5;
            *per_cpu_ptr(&static_stats, cpu) = {};
        }
        dynamic = alloc_percpu(struct stats);
        REQUIRE(dynamic != nullptr);
        struct work_struct item;
        INIT_WORK(&item, count);
        for (int round = 0; round < 3; ++round) for_each_online_cpu(cpu) {
                if (cpu > round) continue;
                queue_work_on(cpu, system_wq, &item);
                flush_work(&item);
            }
        int all = 0;
        for_each_possible_cpu(cpu) {
            const int runs = cpu < 3 ? 3 - cpu : 0;
            CHECK(per_cpu(counter, cpu) == 5 + runs);
            CHECK(per_cpu(static_stats, cpu).packets == static_cast<u64>(10 * runs));
            CHECK(per_cpu_ptr(dynamic, cpu)->packets == static_cast<u64>(runs));
            CHECK(per_cpu_ptr(dynamic, cpu)->errors == 3 * runs);
            all += per_cpu_ptr(dynamic, cpu)->errors;
        }
        CHECK(all == 18);
        free_percpu(dynamic);
    });
}

TEST_CASE("percpu: a copy begins with what the variable was initialised with", "[linux6][percpu]") {
    on_this_engine([] {
        static DEFINE_PER_CPU(int, seven) = 7;
        static DEFINE_PER_CPU_SHARED_ALIGNED(int, nothing);
        int cpu;
        for_each_possible_cpu(cpu) {
            CHECK(per_cpu(seven, cpu) == 7);
            CHECK(per_cpu(nothing, cpu) == 0);
            CHECK(per_cpu(triples, cpu)[2] == 0);
            CHECK(reinterpret_cast<unsigned long>(per_cpu_ptr(&nothing, cpu)) % 64 == 0);
        }
    });
}

TEST_CASE("percpu: a copy that another task has made is whole", "[linux6][percpu]") {
    on_this_engine([] {
        static DEFINE_PER_CPU(int, seven) = 7;
        constexpr unsigned int far = 100;   // the first to ask for this CPU's copy makes it
        std::atomic<int> made{0};           // relaxed: orders nothing, so ThreadSanitizer looks
        auto maker = call<engine>([&] { made.store(per_cpu(seven, far), std::memory_order_relaxed); });
        for (unsigned round = 0; made.load(std::memory_order_relaxed) == 0; ++round) engine::relax(round);
        CHECK(per_cpu(seven, far) == 7);
        maker.join();
    });
}

TEST_CASE("this_cpu_*: every call", "[linux6][percpu]") {
    on_this_engine([] {
        int* p = alloc_percpu(int);
        REQUIRE(p != nullptr);
        this_cpu_write(*p, 5);
        CHECK(this_cpu_read(*p) == 5);
        this_cpu_add(*p, 3);
        this_cpu_sub(*p, 1);
        this_cpu_inc(*p);
        this_cpu_dec(*p);
        CHECK(__this_cpu_read(*p) == 7);
        this_cpu_or(*p, 8);
        this_cpu_and(*p, 12);
        CHECK(raw_cpu_read(*p) == 12);
        CHECK(this_cpu_add_return(*p, 3) == 15);
        CHECK(this_cpu_sub_return(*p, 5) == 10);
        CHECK(this_cpu_inc_return(*p) == 11);
        CHECK(this_cpu_dec_return(*p) == 10);
        CHECK(this_cpu_xchg(*p, 1) == 10);
        CHECK(this_cpu_cmpxchg(*p, 2, 3) == 1);
        CHECK(this_cpu_cmpxchg(*p, 1, 3) == 1);
        __this_cpu_write(*p, 4);
        __this_cpu_inc(*p);
        __this_cpu_dec(*p);
        __this_cpu_sub(*p, 1);
        raw_cpu_inc(*p);
        raw_cpu_add(*p, 1);
        CHECK(*raw_cpu_ptr(p) == 5);
        CHECK(*get_cpu_ptr(p) == 5);
        CHECK(preempt_count() == 1);
        put_cpu_ptr(p);
        get_cpu_var(counter)++;
        CHECK(preempt_count() == 1);
        put_cpu_var(counter);
        CHECK(preempt_count() == 0);
        free_percpu(p);
    });
}

TEST_CASE("alloc_percpu: zeroed again, apart from each other, refused if too large", "[linux6][percpu]") {
    on_this_engine([] {
        u64* all[100];
        for (int i = 0; i < 100; ++i) {
            all[i] = static_cast<u64*>(__alloc_percpu(1000, 64));
            REQUIRE(all[i] != nullptr);
            CHECK(reinterpret_cast<unsigned long>(all[i]) % 64 == 0);
            CHECK(per_cpu_ptr(all[i], 3)[124] == 0);
            for (int k = 0; k < 125; ++k) per_cpu_ptr(all[i], 3)[k] = static_cast<u64>(i + 1);
        }
        for (int i = 0; i < 100; ++i) CHECK(per_cpu_ptr(all[i], 3)[124] == static_cast<u64>(i + 1));
        for (u64* p : all) free_percpu(p);
        int* p = alloc_percpu_gfp(int, GFP_ATOMIC);
        REQUIRE(p != nullptr);
        CHECK(*per_cpu_ptr(p, 3) == 0);
        free_percpu(p);
        CHECK(bool(__alloc_percpu(PCPU_MIN_UNIT_SIZE + 1, 8) == nullptr));
        free_percpu(nullptr);
        free_percpu(p);
        CHECK(reports::take("no variable of alloc_percpu()"));
    });
}

TEST_CASE("cpumask: sets of CPUs", "[linux6][cpumask]") {
    on_this_engine([] {
        cpumask_var_t m, n;
        REQUIRE(zalloc_cpumask_var(&m, GFP_KERNEL));
        REQUIRE(alloc_cpumask_var(&n, GFP_KERNEL));
        CHECK(cpumask_available(m));
        CHECK(cpumask_empty(m));
        CHECK(cpumask_first(m) >= nr_cpu_ids);
        cpumask_set_cpu(1, m);
        __cpumask_set_cpu(3, m);
        CHECK(cpumask_weight(m) == 2);
        CHECK(cpumask_test_cpu(3, m));
        CHECK_FALSE(cpumask_test_cpu(2, m));
        CHECK(cpumask_first(m) == 1);
        CHECK(cpumask_any(m) == 1);
        CHECK(cpumask_next(1, m) == 3);
        CHECK(cpumask_next(3, m) >= nr_cpu_ids);
        CHECK(cpumask_next_zero(-1, m) == 0);
        CHECK(cpumask_last(m) == 3);
        CHECK(cpumask_next_wrap(3, m, 3, false) == 1);
        CHECK(cpumask_next_wrap(2, m, 3, false) == 3);   // the first call, from 3 on
        CHECK(cpumask_next_wrap(1, m, 3, true) >= nr_cpu_ids);
        cpumask_copy(n, m);
        CHECK(cpumask_equal(m, n));
        cpumask_clear_cpu(1, n);
        CHECK(cpumask_subset(n, m));
        CHECK_FALSE(cpumask_subset(m, n));
        CHECK(cpumask_intersects(m, n));
        CHECK(cpumask_and(n, m, cpumask_of(3)));
        CHECK(cpumask_equal(n, cpumask_of(3)));
        CHECK(cpumask_equal(get_cpu_mask(700), get_cpu_mask(700)));
        CHECK(cpumask_first(cpumask_of(700)) == 700);
        CHECK(cpumask_last(cpumask_of(700)) == 700);
        CHECK(cpumask_andnot(n, m, cpumask_of(3)));
        CHECK(cpumask_first_and(m, n) == 1);
        CHECK(cpumask_any_and(m, n) == 1);
        CHECK(cpumask_next_and(1, m, n) >= nr_cpu_ids);
        cpumask_or(n, n, cpumask_of(2));
        cpumask_xor(n, n, m);
        CHECK(cpumask_weight(n) == 2);   // 2 and 3
        CHECK(cpumask_test_and_set_cpu(2, n));
        CHECK(cpumask_test_and_clear_cpu(2, n));
        __cpumask_clear_cpu(3, n);
        CHECK(cpumask_empty(n));
        cpumask_setall(n);
        CHECK(cpumask_full(n));
        CHECK(cpumask_weight(n) == num_online_cpus());
        CHECK(cpumask_weight(cpu_online_mask) == 4);
        CHECK(cpumask_equal(cpu_possible_mask, cpu_present_mask));
        cpumask_clear(n);
        CHECK(cpumask_empty(n));
        unsigned int cpu, sum = 0;
        for_each_cpu(cpu, m) sum = sum * 10 + cpu;
        CHECK(sum == 13);
        for_each_cpu_and(cpu, m, cpumask_of(3)) sum = sum * 10 + cpu;
        CHECK(sum == 133);
        int present = 0;
        for_each_present_cpu(cpu)++ present;
        CHECK(present == 4);
        CHECK(cpumask_local_spread(5, 0) == 1);
        CHECK(cpumask_size() == sizeof(cpumask_t));
        CHECK(cpumask_bits(m)[0] == 0xa);
        CHECK((cpu_online(3) && cpu_possible(3) && cpu_present(3) && !cpu_online(4)));
        CHECK((num_possible_cpus() == 4 && num_present_cpus() == 4));
        cpus_read_lock();
        CHECK(cpus_read_trylock() == 1);
        cpus_read_unlock();
        static_assert(nr_cpumask_bits == NR_CPUS);
        free_cpumask_var(m);
        free_cpumask_var(n);
    });
}
