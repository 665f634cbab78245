// SPDX-License-Identifier: MIT
// <linux/bottomhalf_regmap_cache.h>: what a <linux/regmap.h> knows of its chip without asking it.
//
// Two kinds, as in the kernel.  Flat: an array of all registers, zero where nothing else is known: the chip is not asked.
// REGCACHE_RBTREE and REGCACHE_MAPLE: those that have been read or written, in a tree.
#pragma once

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {

enum regcache_type : int {
    REGCACHE_NONE,
    REGCACHE_RBTREE,
    REGCACHE_FLAT,
    REGCACHE_MAPLE,
};

inline namespace BOTTOMHALF_ENGINE {
namespace impl {

struct cached_register {
    struct rb_node node;
    unsigned int reg, value;
};
/// Guarded by the map's lock.  Zeroes: of no kind, and nothing is cached.
struct register_cache {
    enum regcache_type type;
    unsigned int stride;
    unsigned int* flat;   // or null
    unsigned int nr_flat;
    struct rb_root tree;

    [[nodiscard]] cached_register* find(unsigned int reg) const noexcept {
        for (rb_node* n = tree.rb_node; n != nullptr;) {
            auto* c = rb_entry(n, cached_register, node);
            if (c->reg == reg) return c;
            n = reg < c->reg ? n->rb_left : n->rb_right;
        }
        return nullptr;
    }
    /// Return: 0; -EINVAL: a flat one without an end; -ENOMEM.
    int init(enum regcache_type kind, unsigned int every, bool ends, unsigned int last) noexcept {
        *this = {};
        type = kind;
        stride = every;
        if (kind != REGCACHE_FLAT) return 0;
        if (!ends) return -EINVAL;
        nr_flat = last / every + 1;
        flat = kcalloc(nr_flat, sizeof *flat, GFP_KERNEL);
        return flat != nullptr ? 0 : -ENOMEM;
    }
    /// Return: 0, or -ENOENT if it is not known.
    int read(unsigned int reg, unsigned int* value) const noexcept {
        if (flat != nullptr) {
            if (reg / stride >= nr_flat) return -ENOENT;
            *value = flat[reg / stride];
            return 0;
        }
        const cached_register* c = find(reg);
        if (c == nullptr) return -ENOENT;
        *value = c->value;
        return 0;
    }
    /// Return: 0 or -ENOMEM.
    int write(unsigned int reg, unsigned int value, gfp_t flags) noexcept {
        if (type == REGCACHE_NONE) return 0;
        if (flat != nullptr) {
            if (reg / stride < nr_flat) flat[reg / stride] = value;
            return 0;
        }
        cached_register* c = find(reg);
        if (c == nullptr) {
            c = kzalloc(sizeof *c, flags);
            if (c == nullptr) return -ENOMEM;
            c->reg = reg;
            rb_add(&c->node, &tree, [](const rb_node* a, const rb_node* b) {
                return rb_entry(a, cached_register, node)->reg < rb_entry(b, cached_register, node)->reg;
            });
        }
        c->value = value;
        return 0;
    }
    /// f(reg, value) for what is known from `first` to `last`, in that order, until it returns an error.  Return: that.
    template <class F>
    int for_each(unsigned int first, unsigned int last, F f) const {
        int err = 0;
        if (flat != nullptr) {
            for (unsigned int i = (first + stride - 1) / stride; i < nr_flat && i * stride <= last && err == 0; ++i)
                err = f(i * stride, flat[i]);
            return err;
        }
        for (rb_node* n = rb_first(&tree); n != nullptr && err == 0; n = rb_next(n)) {
            const auto* c = rb_entry(n, cached_register, node);
            if (c->reg >= first && c->reg <= last) err = f(c->reg, c->value);
        }
        return err;
    }
    /// Of a tree.
    void forget(unsigned int first, unsigned int last) noexcept {
        for (rb_node *n = rb_first(&tree), *next; n != nullptr; n = next) {
            next = rb_next(n);
            auto* c = rb_entry(n, cached_register, node);
            if (c->reg < first || c->reg > last) continue;
            rb_erase(n, &tree);
            kfree(c);
        }
    }
    void destroy() noexcept {
        forget(0, UINT_MAX);
        kfree(flat);
        *this = {};
    }
};

}   // namespace impl
}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::regcache_type;
using enum bottomhalf::linux6::regcache_type;
