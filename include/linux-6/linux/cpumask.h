// SPDX-License-Identifier: MIT
// <linux/cpumask.h>: the emulated CPUs, and sets of them.  All that there are are online, for good.
#pragma once

#include <cstring>

#include <linux/bitops.h>
#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

inline constexpr int NR_CPUS = static_cast<int>(max_cpus);

inline unsigned int num_online_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline unsigned int num_possible_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline unsigned int num_present_cpus(location at = location::current()) noexcept { return impl::nr_cpus(at); }
inline bool cpu_online(unsigned int cpu, location at = location::current()) noexcept { return cpu < impl::nr_cpus(at); }
inline bool cpu_possible(unsigned int cpu, location at = location::current()) noexcept {
    return cpu < impl::nr_cpus(at);
}
inline bool cpu_present(unsigned int cpu, location at = location::current()) noexcept {
    return cpu < impl::nr_cpus(at);
}
inline void cpus_read_lock() noexcept {}
inline void cpus_read_unlock() noexcept {}
inline int cpus_read_trylock() noexcept { return 1; }

// ---- sets -----------------------------------------------------------------------------------------------------------

inline constexpr unsigned int nr_cpumask_bits = max_cpus;

struct cpumask {
    unsigned long bits[nr_cpumask_bits / BITS_PER_LONG];
};
using cpumask_t = struct cpumask;
using cpumask_var_t = struct cpumask[1];   // as in a kernel whose masks are small: nothing is allocated

namespace impl {
inline constexpr unsigned int cpumask_words = nr_cpumask_bits / BITS_PER_LONG;

BOTTOMHALF_STATE inline constinit cpumask machine_mask = {};            // A
BOTTOMHALF_STATE inline constinit unsigned int machine_mask_cpus = 0;   // A: how many it shows [cpumask.known]

/// All CPUs of the machine, brought up to date by whoever asks.
inline const cpumask* every_cpu(location at) noexcept {
    cpumask& all = machine_mask;
    const unsigned int n = nr_cpus(at);
    if (atomic<unsigned int>(machine_mask_cpus).load(acquire) != n) {   // [cpumask.known]
        for (unsigned int i = 0; i < cpumask_words; ++i) {
            const unsigned int from = i * static_cast<unsigned int>(BITS_PER_LONG);
            const unsigned long word = n <= from ? 0 : n - from >= BITS_PER_LONG ? ~0UL : (1UL << (n - from)) - 1;
            atomic<unsigned long>(all.bits[i]).store(word, relaxed);   // relaxed: the release below
        }
        atomic<unsigned int>(machine_mask_cpus).store(n, release);   // [cpumask.known]
    }
    return &all;
}
}   // namespace impl

inline const struct cpumask* bottomhalf_every_cpu(location at = location::current()) noexcept {
    return impl::every_cpu(at);
}
/// The one with that CPU alone.
inline const struct cpumask* cpumask_of(unsigned int cpu) noexcept {
    struct rows {
        unsigned long word[BITS_PER_LONG][2 * impl::cpumask_words - 1];
        constexpr rows() noexcept : word{} {
            for (unsigned int bit = 0; bit < BITS_PER_LONG; ++bit) word[bit][impl::cpumask_words - 1] = 1UL << bit;
        }
    };
    static constexpr rows
        all;   // row n has bit n in its middle word; where one begins to read decides which CPU that is
    return reinterpret_cast<const cpumask*>(
        &all.word[cpu % BITS_PER_LONG][impl::cpumask_words - 1 - cpu / BITS_PER_LONG]);
}

inline void cpumask_clear(struct cpumask* m) noexcept { std::memset(m, 0, sizeof *m); }
inline void cpumask_setall(struct cpumask* m) noexcept { std::memset(m, 0xff, sizeof *m); }
inline void cpumask_copy(struct cpumask* to, const struct cpumask* from) noexcept { *to = *from; }
inline void cpumask_set_cpu(unsigned int cpu, struct cpumask* m) noexcept { set_bit(cpu, m->bits); }
inline void __cpumask_set_cpu(unsigned int cpu, struct cpumask* m) noexcept { __set_bit(cpu, m->bits); }
inline void cpumask_clear_cpu(unsigned int cpu, struct cpumask* m) noexcept { clear_bit(cpu, m->bits); }
inline void __cpumask_clear_cpu(unsigned int cpu, struct cpumask* m) noexcept { __clear_bit(cpu, m->bits); }
inline bool cpumask_test_cpu(unsigned int cpu, const struct cpumask* m) noexcept { return test_bit(cpu, m->bits); }
inline bool cpumask_test_and_set_cpu(unsigned int cpu, struct cpumask* m) noexcept {
    return test_and_set_bit(cpu, m->bits);
}
inline bool cpumask_test_and_clear_cpu(unsigned int cpu, struct cpumask* m) noexcept {
    return test_and_clear_bit(cpu, m->bits);
}
namespace impl {
template <class F>
bool combine_masks(cpumask& to, F f) noexcept {
    unsigned long any = 0;
    for (unsigned int i = 0; i < cpumask_words; ++i) any |= to.bits[i] = f(i);
    return any != 0;
}
template <class F>
unsigned long any_word(F f) noexcept {
    unsigned long any = 0;
    for (unsigned int i = 0; i < cpumask_words; ++i) any |= f(i);
    return any;
}
}   // namespace impl
/// Return: whether anything is left.
inline bool cpumask_and(struct cpumask* to, const struct cpumask* a, const struct cpumask* b) noexcept {
    return impl::combine_masks(*to, [&](unsigned int i) { return a->bits[i] & b->bits[i]; });
}
inline bool cpumask_andnot(struct cpumask* to, const struct cpumask* a, const struct cpumask* b) noexcept {
    return impl::combine_masks(*to, [&](unsigned int i) { return a->bits[i] & ~b->bits[i]; });
}
inline void cpumask_or(struct cpumask* to, const struct cpumask* a, const struct cpumask* b) noexcept {
    impl::combine_masks(*to, [&](unsigned int i) { return a->bits[i] | b->bits[i]; });
}
inline void cpumask_xor(struct cpumask* to, const struct cpumask* a, const struct cpumask* b) noexcept {
    impl::combine_masks(*to, [&](unsigned int i) { return a->bits[i] ^ b->bits[i]; });
}
inline bool cpumask_equal(const struct cpumask* a, const struct cpumask* b) noexcept {
    return impl::any_word([&](unsigned int i) { return a->bits[i] ^ b->bits[i]; }) == 0;
}
inline bool cpumask_intersects(const struct cpumask* a, const struct cpumask* b) noexcept {
    return impl::any_word([&](unsigned int i) { return a->bits[i] & b->bits[i]; }) != 0;
}
/// Is all of `a` in `b`?
inline bool cpumask_subset(const struct cpumask* a, const struct cpumask* b) noexcept {
    return impl::any_word([&](unsigned int i) { return a->bits[i] & ~b->bits[i]; }) == 0;
}
inline bool cpumask_empty(const struct cpumask* m) noexcept {
    return impl::any_word([&](unsigned int i) { return m->bits[i]; }) == 0;
}
/// How many of the machine's there are in it.
inline unsigned int cpumask_weight(const struct cpumask* m, location at = location::current()) noexcept {
    const cpumask* all = impl::every_cpu(at);
    unsigned long n = 0;
    for (unsigned int i = 0; i < impl::cpumask_words; ++i) n += hweight_long(m->bits[i] & all->bits[i]);
    return static_cast<unsigned int>(n);
}
inline bool cpumask_full(const struct cpumask* m, location at = location::current()) noexcept {
    return cpumask_subset(impl::every_cpu(at), m);
}
// The next one after `n`, which is -1 for the first.  Return: nr_cpu_ids or more if there is none.
inline unsigned int cpumask_next(int n, const struct cpumask* m) noexcept {
    return static_cast<unsigned int>(find_next_bit(m->bits, nr_cpumask_bits, static_cast<unsigned long>(n) + 1));
}
inline unsigned int cpumask_next_zero(int n, const struct cpumask* m) noexcept {
    return static_cast<unsigned int>(find_next_zero_bit(m->bits, nr_cpumask_bits, static_cast<unsigned long>(n) + 1));
}
inline unsigned int cpumask_next_and(int n, const struct cpumask* a, const struct cpumask* b) noexcept {
    return static_cast<unsigned int>(
        find_next_and_bit(a->bits, b->bits, nr_cpumask_bits, static_cast<unsigned long>(n) + 1));
}
inline unsigned int cpumask_first(const struct cpumask* m) noexcept { return cpumask_next(-1, m); }
inline unsigned int cpumask_first_and(const struct cpumask* a, const struct cpumask* b) noexcept {
    return cpumask_next_and(-1, a, b);
}
inline unsigned int cpumask_last(const struct cpumask* m) noexcept {
    return static_cast<unsigned int>(find_last_bit(m->bits, nr_cpumask_bits));
}
/// Round and round, but for `start` once: then it is nr_cpu_ids or more.  The first call has wrap == false.
inline unsigned int cpumask_next_wrap(int n, const struct cpumask* m, int start, bool wrap) noexcept {
    unsigned int next = cpumask_next(n, m);
    if (wrap && n < start && next >= static_cast<unsigned int>(start)) return nr_cpumask_bits;
    if (next < nr_cpumask_bits) return next;
    next = cpumask_first(m);
    return next >= static_cast<unsigned int>(start) ? nr_cpumask_bits : next;
}
/// The i'th CPU, round and round.  There is one node.
inline unsigned int cpumask_local_spread(unsigned int i, int, location at = location::current()) noexcept {
    return i % impl::nr_cpus(at);
}
[[nodiscard]] constexpr unsigned int cpumask_size() noexcept { return sizeof(struct cpumask); }

inline bool alloc_cpumask_var(cpumask_var_t*, gfp_t) noexcept { return true; }
inline bool zalloc_cpumask_var(cpumask_var_t* m, gfp_t) noexcept {
    cpumask_clear(*m);
    return true;
}
inline bool cpumask_available(const struct cpumask*) noexcept { return true; }
inline void free_cpumask_var(struct cpumask*) noexcept {}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::cpu_online;
using bottomhalf::linux6::cpu_possible;
using bottomhalf::linux6::__cpumask_clear_cpu;
using bottomhalf::linux6::__cpumask_set_cpu;
using bottomhalf::linux6::alloc_cpumask_var;
using bottomhalf::linux6::bottomhalf_every_cpu;
using bottomhalf::linux6::cpu_present;
using bottomhalf::linux6::cpumask;
using bottomhalf::linux6::cpumask_and;
using bottomhalf::linux6::cpumask_andnot;
using bottomhalf::linux6::cpumask_available;
using bottomhalf::linux6::cpumask_clear;
using bottomhalf::linux6::cpumask_clear_cpu;
using bottomhalf::linux6::cpumask_copy;
using bottomhalf::linux6::cpumask_empty;
using bottomhalf::linux6::cpumask_equal;
using bottomhalf::linux6::cpumask_first;
using bottomhalf::linux6::cpumask_first_and;
using bottomhalf::linux6::cpumask_full;
using bottomhalf::linux6::cpumask_intersects;
using bottomhalf::linux6::cpumask_last;
using bottomhalf::linux6::cpumask_local_spread;
using bottomhalf::linux6::cpumask_next;
using bottomhalf::linux6::cpumask_next_and;
using bottomhalf::linux6::cpumask_next_wrap;
using bottomhalf::linux6::cpumask_next_zero;
using bottomhalf::linux6::cpumask_of;
using bottomhalf::linux6::cpumask_or;
using bottomhalf::linux6::cpumask_set_cpu;
using bottomhalf::linux6::cpumask_setall;
using bottomhalf::linux6::cpumask_size;
using bottomhalf::linux6::cpumask_subset;
using bottomhalf::linux6::cpumask_t;
using bottomhalf::linux6::cpumask_test_and_clear_cpu;
using bottomhalf::linux6::cpumask_test_and_set_cpu;
using bottomhalf::linux6::cpumask_test_cpu;
using bottomhalf::linux6::cpumask_var_t;
using bottomhalf::linux6::cpumask_weight;
using bottomhalf::linux6::cpumask_xor;
using bottomhalf::linux6::cpus_read_trylock;
using bottomhalf::linux6::free_cpumask_var;
using bottomhalf::linux6::nr_cpumask_bits;
using bottomhalf::linux6::zalloc_cpumask_var;
using bottomhalf::linux6::cpus_read_lock;
using bottomhalf::linux6::cpus_read_unlock;
using bottomhalf::linux6::NR_CPUS;
using bottomhalf::linux6::num_online_cpus;
using bottomhalf::linux6::num_possible_cpus;
using bottomhalf::linux6::num_present_cpus;

#define nr_cpu_ids num_possible_cpus()
#define cpu_possible_mask bottomhalf_every_cpu()
#define cpu_online_mask bottomhalf_every_cpu()
#define cpu_present_mask bottomhalf_every_cpu()
#define cpu_active_mask bottomhalf_every_cpu()
#define cpu_all_mask bottomhalf_every_cpu()
#define get_cpu_mask(cpu) cpumask_of(cpu)
#define cpumask_bits(mask) ((mask)->bits)
#define cpumask_any(mask) cpumask_first(mask)
#define cpumask_any_and(a, b) cpumask_first_and(a, b)

#define for_each_possible_cpu(cpu) for ((cpu) = 0; static_cast<unsigned int>(cpu) < num_possible_cpus(); (cpu)++)
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_cpu(cpu, mask)                                                                             \
    for (bottomhalf_bit(cpu, cpumask_next(-1, mask)); static_cast<unsigned int>(cpu) < num_possible_cpus(); \
         bottomhalf_bit(cpu, cpumask_next(static_cast<int>(cpu), mask)))
#define for_each_cpu_and(cpu, a, b)                                                                             \
    for (bottomhalf_bit(cpu, cpumask_next_and(-1, a, b)); static_cast<unsigned int>(cpu) < num_possible_cpus(); \
         bottomhalf_bit(cpu, cpumask_next_and(static_cast<int>(cpu), a, b)))

// For "%*pb" and "%*pbl".
#define cpumask_pr_args(maskp) static_cast<int>(nr_cpu_ids), cpumask_bits(maskp)
