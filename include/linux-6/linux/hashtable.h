// SPDX-License-Identifier: MIT
// <linux/hashtable.h>: an array of lists, of a size that is known when it is compiled.
#pragma once

#include <linux/hash.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/rculist.h>

namespace bottomhalf::linux6 {

[[nodiscard]] constexpr u32 hash_min(u64 val, unsigned int bits) noexcept {
    return bits == 0 ? 0 : val >> 32 == 0 ? hash_32(static_cast<u32>(val), bits) : hash_64(val, bits);
}
inline void bottomhalf_hash_init(struct hlist_head* table, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) table[i].first = nullptr;
}
[[nodiscard]] inline bool bottomhalf_hash_empty(const struct hlist_head* table, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i)
        if (table[i].first != nullptr) return false;
    return true;
}
inline bool hash_hashed(struct hlist_node* n) noexcept { return !hlist_unhashed(n); }
inline void hash_del(struct hlist_node* n) noexcept { hlist_del_init(n); }
inline void hash_del_rcu(struct hlist_node* n) noexcept { hlist_del_init_rcu(n); }

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::hash_del;
using bottomhalf::linux6::hash_del_rcu;
using bottomhalf::linux6::hash_hashed;
using bottomhalf::linux6::hash_min;

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define DEFINE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)] = {}
#define HASH_SIZE(name) (sizeof(name) / sizeof((name)[0]))
#define HASH_BITS(name) (static_cast<unsigned int>(ilog2(HASH_SIZE(name))))
#define hash_init(table) ::bottomhalf::linux6::bottomhalf_hash_init(table, HASH_SIZE(table))
#define hash_empty(table) ::bottomhalf::linux6::bottomhalf_hash_empty(table, HASH_SIZE(table))
#define bottomhalf_bucket(table, key) (&(table)[hash_min(static_cast<u64>(key), HASH_BITS(table))])
#define hash_add(table, node, key) hlist_add_head(node, bottomhalf_bucket(table, key))
#define hash_add_rcu(table, node, key) hlist_add_head_rcu(node, bottomhalf_bucket(table, key))
#define hash_for_each_possible_rcu(table, obj, member, key, ...) \
    hlist_for_each_entry_rcu(obj, bottomhalf_bucket(table, key), member)
#define hash_for_each_rcu(table, bkt, obj, member)                                                              \
    for ((bkt) = 0, obj = nullptr; obj == nullptr && static_cast<std::size_t>(bkt) < HASH_SIZE(table); (bkt)++) \
    hlist_for_each_entry_rcu(obj, &(table)[bkt], member)
#define hash_for_each_possible(table, obj, member, key) hlist_for_each_entry(obj, bottomhalf_bucket(table, key), member)
#define hash_for_each_possible_safe(table, obj, tmp, member, key) \
    hlist_for_each_entry_safe(obj, tmp, bottomhalf_bucket(table, key), member)
#define hash_for_each(table, bkt, obj, member)                                                                  \
    for ((bkt) = 0, obj = nullptr; obj == nullptr && static_cast<std::size_t>(bkt) < HASH_SIZE(table); (bkt)++) \
    hlist_for_each_entry(obj, &(table)[bkt], member)
#define hash_for_each_safe(table, bkt, tmp, obj, member)                                                        \
    for ((bkt) = 0, obj = nullptr; obj == nullptr && static_cast<std::size_t>(bkt) < HASH_SIZE(table); (bkt)++) \
    hlist_for_each_entry_safe(obj, tmp, &(table)[bkt], member)
