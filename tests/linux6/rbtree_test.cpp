// SPDX-License-Identifier: MIT
// <linux/rbtree.h>: against a sorted vector, with the rules of the colours checked after each step.
#include "linux6/support.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <linux/rbtree.h>

namespace {

struct item {
    int key;
    struct rb_node node;
};
item* item_of(struct rb_node* n) { return rb_entry(n, struct item, node); }

bool insert(struct rb_root* root, item* it) {   // returns whether it is the first
    struct rb_node **link = &root->rb_node, *parent = nullptr;
    bool leftmost = true;
    while (*link != nullptr) {
        parent = *link;
        if (it->key < item_of(parent)->key) {
            link = &parent->rb_left;
        } else {
            link = &parent->rb_right;
            leftmost = false;
        }
    }
    if (it->key % 2 == 0)
        rb_link_node(&it->node, parent, link);
    else
        rb_link_node_rcu(&it->node, parent, link);
    return leftmost;
}

/// The black nodes on the way down, -1 if a rule is broken.
int black_height(struct rb_node* n, struct rb_node* parent) {
    if (n == nullptr) return 1;
    if (rb_parent(n) != parent) return -1;
    const bool red = (n->__rb_parent_color & 1) == 0;
    if (red && (parent == nullptr || (parent->__rb_parent_color & 1) == 0)) return -1;
    const int left = black_height(n->rb_left, n), right = black_height(n->rb_right, n);
    return left < 0 || left != right ? -1 : left + (red ? 0 : 1);
}
std::vector<int> keys(struct rb_root* root) {
    std::vector<int> all;
    for (struct rb_node* n = rb_first(root); n != nullptr; n = rb_next(n)) all.push_back(item_of(n)->key);
    return all;
}

}   // namespace

TEST_CASE("rbtree: any order of insertions and removals leaves it sorted and balanced", "[linux6][rbtree]") {
    std::mt19937 draw(7);   // NOLINT: the same every time
    for (int round = 0; round < 30; ++round) {
        std::vector<item> items(60);
        struct rb_root root = RB_ROOT;
        std::vector<int> model;
        std::vector<item*> in;
        CHECK(RB_EMPTY_ROOT(&root));
        for (item& i : items) RB_CLEAR_NODE(&i.node);
        for (int step = 0; step < 300; ++step) {
            item& i = items[draw() % items.size()];
            if (RB_EMPTY_NODE(&i.node)) {
                i.key = static_cast<int>(draw() % 40);
                insert(&root, &i);
                rb_insert_color(&i.node, &root);
                model.insert(std::upper_bound(model.begin(), model.end(), i.key), i.key);
            } else {
                rb_erase(&i.node, &root);
                RB_CLEAR_NODE(&i.node);
                model.erase(std::lower_bound(model.begin(), model.end(), i.key));
            }
            REQUIRE(black_height(root.rb_node, nullptr) >= 1);
            REQUIRE(keys(&root) == model);
        }
        std::vector<int> back;
        for (struct rb_node* n = rb_last(&root); n != nullptr; n = rb_prev(n)) back.push_back(item_of(n)->key);
        std::reverse(back.begin(), back.end());
        CHECK(back == model);
    }
    struct item alone = {};
    RB_CLEAR_NODE(&alone.node);
    CHECK(rb_next(&alone.node) == nullptr);
}

TEST_CASE("rbtree: replaced, found, and taken apart children first", "[linux6][rbtree]") {
    struct rb_root root = RB_ROOT;
    for (int i = 0; i < 50; ++i) {
        auto* it = new item{i * 7 % 50, {}};
        rb_add(&it->node, &root, [](struct rb_node* a, const struct rb_node* b) {
            return item_of(a)->key < rb_entry(b, struct item, node)->key;
        });
    }
    const auto cmp = [](const void* key, const struct rb_node* n) {
        return *static_cast<const int*>(key) - rb_entry(n, struct item, node)->key;
    };
    const int wanted = 33, missing = 77;
    struct rb_node* n = rb_find(&wanted, &root, cmp);
    REQUIRE(n != nullptr);
    CHECK(item_of(n)->key == 33);
    CHECK(rb_find(&missing, &root, cmp) == nullptr);
    auto* stand_in = new item{33, {}};
    rb_replace_node(n, &stand_in->node, &root);
    delete item_of(n);
    CHECK(black_height(root.rb_node, nullptr) >= 1);
    CHECK(keys(&root).size() == 50);

    struct item *pos, *next;
    int freed = 0;
    rbtree_postorder_for_each_entry_safe(pos, next, &root, node) {   // a tool sees a use after delete
        delete pos;
        ++freed;
    }
    CHECK(freed == 50);
    root = RB_ROOT;
    CHECK(RB_EMPTY_ROOT(&root));
    CHECK(rb_first(&root) == nullptr);
    CHECK(rb_first_postorder(&root) == nullptr);
}

TEST_CASE("rbtree: a cached root knows its first", "[linux6][rbtree]") {
    struct rb_root_cached root = RB_ROOT_CACHED;
    std::vector<item> items(20);
    for (int i = 0; i < 20; ++i) {
        item& it = items[static_cast<std::size_t>(i)];
        it.key = i * 7 % 20;
        rb_insert_color_cached(&it.node, &root, insert(&root.rb_root, &it));
        CHECK(rb_first_cached(&root) == rb_first(&root.rb_root));
    }
    struct item stand_in = {0, {}};
    rb_replace_node_cached(rb_first_cached(&root), &stand_in.node, &root);
    CHECK(rb_first_cached(&root) == &stand_in.node);
    while (struct rb_node* n = rb_first_cached(&root)) {
        rb_erase_cached(n, &root);
        CHECK(rb_first_cached(&root) == rb_first(&root.rb_root));
        CHECK(black_height(root.rb_root.rb_node, nullptr) >= 1);
    }
}
