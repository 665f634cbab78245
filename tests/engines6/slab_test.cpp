// SPDX-License-Identifier: MIT
//
// <linux/slab.h>: a cache whose objects are kept, while several use it.
#include "support/facade.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <vector>

#include <linux/slab.h>

using support::call;
using support::engine;
using support::on_this_engine;

namespace {

constexpr int most = 512;
std::atomic<int> constructions;
void* made[most];   // by the constructor

struct object {
    object* self;
    int data;

    static void construct(void* p) {
        auto* o = static_cast<object*>(p);
        o->self = o;
        made[constructions++ % most] = p;
    }
};

/// Not a look inside, before it is known to be one.
bool is_object(const object* o) {
    const int n = std::min(constructions.load(), most);
    return std::any_of(made, made + n, [o](const void* p) { return p == o; }) && o->self == o;
}

}   // namespace

TEST_CASE("kmem_cache: what is freed while there is made room for more is kept, too", "[engines6][slab]") {
    on_this_engine([] {
        constructions = 0;
        struct kmem_cache* c = kmem_cache_create("kept", sizeof(object), 0, 0, &object::construct);
        REQUIRE(c != nullptr);
        std::vector<object*> held;
        for (const std::size_t room : {16U, 32U, 64U, 128U}) {   // as many as there are places for; the next makes more
            while (held.size() < room) held.push_back(kmem_cache_alloc(c, GFP_KERNEL));
            object *one = nullptr, *other = nullptr;
            {
                auto a = call<engine>([&] { one = kmem_cache_alloc(c, GFP_KERNEL); });
                auto b = call<engine>([&] { other = kmem_cache_alloc(c, GFP_ATOMIC); });
                auto frees = call<engine>([&] {
                    for (object* o : held) kmem_cache_free(c, o);
                });
            }
            REQUIRE(constructions <= static_cast<int>(room) + 2);
            held = {one, other};
            const int there = constructions;
            while (held.size() < static_cast<std::size_t>(there)) held.push_back(kmem_cache_alloc(c, GFP_KERNEL));
            REQUIRE(constructions == there);   // all of them were there still
            REQUIRE(std::all_of(held.begin(), held.end(), [](const object* o) { return is_object(o); }));
            CHECK(std::set<object*>(held.begin(), held.end()).size() == held.size());
        }
        for (object* o : held) kmem_cache_free(c, o);
        kmem_cache_destroy(c);
    });
}
