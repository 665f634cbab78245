// SPDX-License-Identifier: MIT
// <linux/rbtree.h>: a balanced tree whose order is its user's: he goes down to the place himself, links his node there, and
// lets it be balanced.
//
//   struct rb_node **link = &root.rb_node, *parent = NULL;
//   while (*link) { parent = *link; link = key < rb_entry(parent, struct item, node)->key ? &parent->rb_left : &parent->rb_right; }
//   rb_link_node(&item->node, parent, link);
//   rb_insert_color(&item->node, &root);
//
// Red-black: the root is black, a red node has no red child, and every way from a node down to a place without one meets as
// many black nodes.
#pragma once

#include <linux/container_of.h>
#include <linux/types.h>

namespace bottomhalf::linux6 {

struct alignas(long) rb_node {
    unsigned long __rb_parent_color;   // the parent's address; bit 0: black.  Its own address: in no tree
    struct rb_node *rb_right, *rb_left;
};
struct rb_root {
    struct rb_node* rb_node;
};
struct rb_root_cached {
    struct rb_root rb_root;
    struct rb_node* rb_leftmost;
};

namespace rb_impl {

using node = struct rb_node;

inline node* parent(const node* n) noexcept { return reinterpret_cast<node*>(n->__rb_parent_color & ~3UL); }
inline bool is_red(const node* n) noexcept { return n != nullptr && (n->__rb_parent_color & 1) == 0; }
inline void set_parent(node* n, node* p) noexcept {
    n->__rb_parent_color = reinterpret_cast<unsigned long>(p) | (n->__rb_parent_color & 1);
}
inline void set_black(node* n) noexcept { n->__rb_parent_color |= 1; }
inline void set_red(node* n) noexcept { n->__rb_parent_color &= ~1UL; }
inline void copy_color(node* to, const node* from) noexcept {
    to->__rb_parent_color = (to->__rb_parent_color & ~1UL) | (from->__rb_parent_color & 1);
}
inline node*& child(node* n, bool left) noexcept { return left ? n->rb_left : n->rb_right; }
/// What points to `n`.
inline node*& link_to(node* n, struct rb_root* root) noexcept {
    node* p = parent(n);
    return p == nullptr ? root->rb_node : child(p, p->rb_left == n);
}
/// `n` goes down to the left (or right), and its other child comes up in its place.
inline void rotate(node* n, bool left, struct rb_root* root) noexcept {
    node* up = child(n, !left);
    node* middle = child(up, left);
    link_to(n, root) = up;
    set_parent(up, parent(n));
    child(n, !left) = middle;
    if (middle != nullptr) set_parent(middle, n);
    child(up, left) = n;
    set_parent(n, up);
}

/// `n` is red, and its parent may be, too.
inline void balance_insertion(node* n, struct rb_root* root) noexcept {
    for (node* p = parent(n); is_red(p); p = parent(n)) {
        node* grand = parent(p);   // there is one: the root is black
        const bool left = grand->rb_left == p;
        if (node* uncle = child(grand, !left);
            is_red(uncle)) {   // both turn black, and what was may be wrong higher up
            set_black(p);
            set_black(uncle);
            set_red(grand);
            n = grand;
            continue;
        }
        if (child(p, !left) == n) {   // from zigzag to a line
            rotate(p, left, root);
            p = n;
        }
        set_black(p);
        set_red(grand);
        rotate(grand, !left, root);
        break;
    }
    set_black(root->rb_node);
}
/// A black node is missing on the ways through `n`, which may be null, below `p`.
inline void balance_removal(node* n, node* p, struct rb_root* root) noexcept {
    while (p != nullptr && !is_red(n)) {
        const bool left = p->rb_left == n;
        node* sibling = child(p, !left);   // there is one: its side has a black node more
        if (is_red(sibling)) {
            set_black(sibling);
            set_red(p);
            rotate(p, left, root);
            sibling = child(p, !left);
        }
        if (!is_red(sibling->rb_left) && !is_red(sibling->rb_right)) {   // it loses one, too, and all is a level higher
            set_red(sibling);
            n = p;
            p = parent(n);
            continue;
        }
        if (!is_red(child(sibling, !left))) {
            set_black(child(sibling, left));
            set_red(sibling);
            rotate(sibling, !left, root);
            sibling = child(p, !left);
        }
        copy_color(sibling, p);
        set_black(p);
        set_black(child(sibling, !left));
        rotate(p, left, root);
        return;
    }
    if (n != nullptr) set_black(n);
}
inline node* outermost(node* n, bool left) noexcept {
    while (n != nullptr && child(n, left) != nullptr) n = child(n, left);
    return n;
}
inline node* neighbour(const node* from, bool left) noexcept {
    node* n = const_cast<node*>(from);
    if (n == parent(n)) return nullptr;   // in no tree
    if (child(n, left) != nullptr) return outermost(child(n, left), !left);
    node* p = parent(n);
    while (p != nullptr && child(p, left) == n) {
        n = p;
        p = parent(n);
    }
    return p;
}
inline node* first_leaf(node* n) noexcept {
    while (n != nullptr && (n->rb_left != nullptr || n->rb_right != nullptr))
        n = n->rb_left != nullptr ? n->rb_left : n->rb_right;
    return n;
}
template <class T>
T* entry_or_null(node* n, std::size_t offset) noexcept {
    return n == nullptr ? nullptr : reinterpret_cast<T*>(reinterpret_cast<char*>(n) - offset);
}

}   // namespace rb_impl

inline void rb_link_node(struct rb_node* n, struct rb_node* parent, struct rb_node** link) noexcept {
    n->__rb_parent_color = reinterpret_cast<unsigned long>(parent);
    n->rb_left = n->rb_right = nullptr;
    *link = n;
}
/// The same, for a tree that is read under RCU: whoever finds the node finds all that was written to it.
inline void rb_link_node_rcu(struct rb_node* n, struct rb_node* parent, struct rb_node** link) noexcept {
    n->__rb_parent_color = reinterpret_cast<unsigned long>(parent);
    n->rb_left = n->rb_right = nullptr;
    __atomic_store_n(link, n, __ATOMIC_RELEASE);   // seam-exempt: of no engine
}
/// After rb_link_node().
inline void rb_insert_color(struct rb_node* n, struct rb_root* root) noexcept { rb_impl::balance_insertion(n, root); }
inline void rb_replace_node(struct rb_node* victim, struct rb_node* n, struct rb_root* root) noexcept {
    *n = *victim;
    rb_impl::link_to(victim, root) = n;
    if (n->rb_left != nullptr) rb_impl::set_parent(n->rb_left, n);
    if (n->rb_right != nullptr) rb_impl::set_parent(n->rb_right, n);
}
inline void rb_erase(struct rb_node* n, struct rb_root* root) noexcept {
    using namespace rb_impl;   // NOLINT(google-build-using-namespace): our own
    if (n->rb_left != nullptr && n->rb_right != nullptr) {
        // The next one has no left child: it takes our place and colour, and what is taken out is its old place.
        node* next = outermost(n->rb_right, true);
        node* orphan = next->rb_right;
        node* above = parent(next) == n ? next : parent(next);
        const bool was_red = is_red(next);
        link_to(next, root) = orphan;
        if (orphan != nullptr) set_parent(orphan, above);
        rb_replace_node(n, next, root);
        if (!was_red) balance_removal(orphan, above, root);
        return;
    }
    node* orphan = n->rb_left != nullptr ? n->rb_left : n->rb_right;
    node* above = parent(n);
    link_to(n, root) = orphan;
    if (orphan != nullptr) set_parent(orphan, above);
    if (!is_red(n)) balance_removal(orphan, above, root);
}

inline struct rb_node* rb_first(const struct rb_root* root) noexcept { return rb_impl::outermost(root->rb_node, true); }
inline struct rb_node* rb_last(const struct rb_root* root) noexcept { return rb_impl::outermost(root->rb_node, false); }
inline struct rb_node* rb_next(const struct rb_node* n) noexcept { return rb_impl::neighbour(n, false); }
inline struct rb_node* rb_prev(const struct rb_node* n) noexcept { return rb_impl::neighbour(n, true); }
/// Children before their parents, so that each may be freed.
inline struct rb_node* rb_first_postorder(const struct rb_root* root) noexcept {
    return rb_impl::first_leaf(root->rb_node);
}
inline struct rb_node* rb_next_postorder(const struct rb_node* n) noexcept {
    if (n == nullptr) return nullptr;
    rb_node* p = rb_impl::parent(n);
    if (p != nullptr && n == p->rb_left && p->rb_right != nullptr) return rb_impl::first_leaf(p->rb_right);
    return p;
}

// The one that remembers its first node.
inline void rb_insert_color_cached(struct rb_node* n, struct rb_root_cached* root, bool leftmost) noexcept {
    if (leftmost) root->rb_leftmost = n;
    rb_insert_color(n, &root->rb_root);
}
inline void rb_erase_cached(struct rb_node* n, struct rb_root_cached* root) noexcept {
    if (root->rb_leftmost == n) root->rb_leftmost = rb_next(n);
    rb_erase(n, &root->rb_root);
}
inline void rb_replace_node_cached(struct rb_node* victim, struct rb_node* n, struct rb_root_cached* root) noexcept {
    if (root->rb_leftmost == victim) root->rb_leftmost = n;
    rb_replace_node(victim, n, &root->rb_root);
}

// less(a, b) and cmp(key, node) do the going down.
template <class Less>
inline void rb_add(struct rb_node* n, struct rb_root* root, Less less) noexcept {
    rb_node **link = &root->rb_node, *parent = nullptr;
    while (*link != nullptr) {
        parent = *link;
        link = less(n, parent) ? &parent->rb_left : &parent->rb_right;
    }
    rb_link_node(n, parent, link);
    rb_insert_color(n, root);
}
template <class Cmp>
inline struct rb_node* rb_find(const void* key, const struct rb_root* root, Cmp cmp) noexcept {
    for (rb_node* n = root->rb_node; n != nullptr;) {
        const int c = cmp(key, n);
        if (c == 0) return n;
        n = c < 0 ? n->rb_left : n->rb_right;
    }
    return nullptr;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::rb_add;
using bottomhalf::linux6::rb_erase;
using bottomhalf::linux6::rb_erase_cached;
using bottomhalf::linux6::rb_find;
using bottomhalf::linux6::rb_first;
using bottomhalf::linux6::rb_first_postorder;
using bottomhalf::linux6::rb_insert_color;
using bottomhalf::linux6::rb_insert_color_cached;
using bottomhalf::linux6::rb_last;
using bottomhalf::linux6::rb_link_node;
using bottomhalf::linux6::rb_link_node_rcu;
using bottomhalf::linux6::rb_next;
using bottomhalf::linux6::rb_next_postorder;
using bottomhalf::linux6::rb_node;
using bottomhalf::linux6::rb_prev;
using bottomhalf::linux6::rb_replace_node;
using bottomhalf::linux6::rb_replace_node_cached;
using bottomhalf::linux6::rb_root;
using bottomhalf::linux6::rb_root_cached;

// By name, so that they are initialisers and, as in `root = RB_ROOT`, values.
#define RB_ROOT (::bottomhalf::linux6::rb_root{nullptr})
#define RB_ROOT_CACHED (::bottomhalf::linux6::rb_root_cached{{nullptr}, nullptr})
#define RB_EMPTY_ROOT(root) ((root)->rb_node == nullptr)
#define RB_EMPTY_NODE(node) ((node)->__rb_parent_color == reinterpret_cast<unsigned long>(node))
#define RB_CLEAR_NODE(node) ((void)((node)->__rb_parent_color = reinterpret_cast<unsigned long>(node)))
#define rb_parent(node) ::bottomhalf::linux6::rb_impl::parent(node)
#define rb_first_cached(root) ((root)->rb_leftmost)
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member) ::bottomhalf::linux6::rb_impl::entry_or_null<type>(ptr, offsetof(type, member))
#define rbtree_postorder_for_each_entry_safe(pos, n, root, field)                                              \
    for (pos = rb_entry_safe(rb_first_postorder(root), __typeof__(*pos), field);                               \
         pos != nullptr && (n = rb_entry_safe(rb_next_postorder(&pos->field), __typeof__(*pos), field), true); \
         pos = n)
