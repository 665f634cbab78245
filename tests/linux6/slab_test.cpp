// SPDX-License-Identifier: MIT
// <linux/slab.h>, <linux/vmalloc.h>, <linux/gfp.h>, <linux/highmem.h>.
#include "linux6/support.hpp"

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include <linux/bitmap.h>
#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

namespace {

struct object {
    int constructed, data;
};
int constructions;
void construct(void* p) {
    ++constructions;
    static_cast<object*>(p)->constructed = 1;
}
bool all_zero(const void* p, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i)
        if (static_cast<const char*>(p)[i] != 0) return false;
    return true;
}

}   // namespace

TEST_CASE("kmalloc and its kin", "[linux6][slab]") {
    char* p = kmalloc(100, GFP_KERNEL);
    REQUIRE(p != nullptr);
    std::memset(p, 0x5a, 100);
    CHECK(ksize(p) >= 100);
    p = krealloc(p, 4000, GFP_KERNEL);
    REQUIRE(p != nullptr);
    CHECK(p[99] == 0x5a);
    p = krealloc(p, 10, GFP_KERNEL);
    CHECK(p[9] == 0x5a);
    char* none = krealloc(p, 0, GFP_KERNEL);
    CHECK(none == nullptr);

    for (void* z : {static_cast<void*>(kzalloc(300, GFP_KERNEL)), static_cast<void*>(kcalloc(30, 10, GFP_ATOMIC)),
                    static_cast<void*>(kvzalloc(300, GFP_KERNEL)), static_cast<void*>(kvcalloc(3, 100, GFP_KERNEL)),
                    static_cast<void*>(kmalloc(300, GFP_KERNEL | __GFP_ZERO)),
                    static_cast<void*>(kzalloc_node(300, GFP_KERNEL, 0))}) {
        REQUIRE(z != nullptr);
        CHECK(all_zero(z, 300));
        kvfree(z);
    }
    int* several = kmalloc_array(10, sizeof(int), GFP_KERNEL);
    REQUIRE(several != nullptr);
    several = krealloc_array(several, 20, sizeof(int), GFP_KERNEL);
    kfree(several);
    CHECK(bool(kmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL) == nullptr));
    CHECK(bool(kcalloc(SIZE_MAX / 2, 4, GFP_KERNEL) == nullptr));
    CHECK(bool(kvmalloc_array(SIZE_MAX / 2, 4, GFP_KERNEL) == nullptr));
    CHECK(bool(krealloc_array(nullptr, SIZE_MAX / 2, 4, GFP_KERNEL) == nullptr));
    char* copy = kstrdup("text", GFP_KERNEL);
    CHECK(std::strcmp(copy, "text") == 0);
    kfree_sensitive(copy);
    kfree(nullptr);
    kvfree(kvmalloc(10, GFP_KERNEL));
    kfree(kmalloc_node(10, GFP_KERNEL, 0));
    CHECK(gfpflags_allow_blocking(GFP_KERNEL));
    CHECK(gfpflags_allow_blocking(GFP_NOIO));
    CHECK_FALSE(gfpflags_allow_blocking(GFP_ATOMIC));
    CHECK_FALSE(gfpflags_allow_blocking(GFP_NOWAIT));
}

TEST_CASE("an allocation that may sleep is reported where sleeping is forbidden", "[linux6][slab]") {
    ear listening;
    preempt_disable();
    kfree(kmalloc(10, GFP_ATOMIC));
    CHECK(ear::all().empty());
    kfree(kmalloc(10, GFP_KERNEL));
    CHECK(ear::has("kmalloc"));
    free_page(__get_free_page(GFP_KERNEL));
    CHECK(ear::has("__get_free_pages"));
    might_sleep();
    CHECK(ear::has("might_sleep"));
    kfree(kmalloc(10, GFP_NOWAIT | __GFP_NOWARN));
    const std::size_t before = ear::all().size();
    kfree(kmalloc(10, GFP_NOFS));
    CHECK(ear::all().size() > before);
    preempt_enable();
}

TEST_CASE("kmem_cache: what is freed stays constructed", "[linux6][slab]") {
    constructions = 0;
    struct kmem_cache* c = kmem_cache_create("objects", sizeof(object), 0, 0, construct);
    REQUIRE(c != nullptr);
    CHECK(kmem_cache_size(c) == sizeof(object));
    object* all[40];
    for (object*& o : all) {
        o = kmem_cache_alloc(c, GFP_KERNEL);
        REQUIRE(o != nullptr);
        CHECK(o->constructed == 1);
        o->data = 7;
    }
    for (object* o : all) kmem_cache_free(c, o);
    object* again = kmem_cache_alloc(c, GFP_ATOMIC);
    CHECK(again->constructed == 1);
    CHECK(again->data == 7);   // one of them, not constructed anew
    CHECK(constructions == 40);
    {
        ear listening;
        kmem_cache_destroy(c);
        CHECK(ear::has("kmem_cache_destroy"));
    }
    kmem_cache_free(c, again);
    ear listening;
    kmem_cache_destroy(c);
    CHECK(ear::all().empty());
}

TEST_CASE("kmem_cache: zeroed, aligned, by its type", "[linux6][slab]") {
    struct kmem_cache* c = KMEM_CACHE(object, SLAB_HWCACHE_ALIGN);
    object* o = kmem_cache_zalloc(c, GFP_KERNEL);
    REQUIRE(o != nullptr);
    CHECK(o->data == 0);
    CHECK(reinterpret_cast<unsigned long>(o) % 64 == 0);
    kmem_cache_free(c, o);
    kmem_cache_destroy(c);
    kmem_cache_destroy(nullptr);

    c = kmem_cache_create("rcu", sizeof(object), 0, SLAB_TYPESAFE_BY_RCU, nullptr);
    o = kmem_cache_alloc(c, GFP_KERNEL);
    o->data = 5;
    kmem_cache_free(c, o);
    CHECK(o->data == 5);   // still an object
    kmem_cache_destroy(c);
}

TEST_CASE("kmem_cache: objects that stay constructed have places, however many there are and whoever makes them",
          "[linux6][slab]") {
    struct kmem_cache* c = kmem_cache_create("many", 40, 0, 0, [](void* p) { std::memset(p, 7, 40); });
    REQUIRE(c != nullptr);
    std::atomic<int> wrong{0};
    const auto use = [&] {
        std::vector<void*> mine;
        const auto take = [&](int n) {
            for (; n > 0; --n) {
                void* p = kmem_cache_alloc(c, GFP_KERNEL);
                if (p == nullptr || static_cast<char*>(p)[39] != 7) ++wrong;
                mine.push_back(p);
            }
        };
        for (int round = 0; round < 6; ++round) {
            take(60);
            for (int n = 40; n > 0; --n) kmem_cache_free(c, mine.back()), mine.pop_back();
        }
        for (void* p : mine) kmem_cache_free(c, p);
    };
    { const std::jthread a(use), b(use); }
    CHECK(wrong == 0);
    kmem_cache_destroy(c);
}

TEST_CASE("vmalloc", "[linux6][vmalloc]") {
    char* p = vzalloc(100000);
    REQUIRE(p != nullptr);
    CHECK(all_zero(p, 100000));
    vfree(p);
    vfree(vmalloc(10));
    vfree(nullptr);
    CHECK(bool(vmalloc(0) == nullptr));
    CHECK(bool(vmalloc_array(SIZE_MAX, 2) == nullptr));
    kvfree(vcalloc(3, 5));
}

TEST_CASE("pages", "[linux6][gfp]") {
    unsigned long addr = get_zeroed_page(GFP_KERNEL);
    REQUIRE(addr != 0);
    CHECK(addr % PAGE_SIZE == 0);
    CHECK(all_zero(reinterpret_cast<void*>(addr), PAGE_SIZE));
    free_page(addr);
    free_pages(__get_free_pages(GFP_ATOMIC, 3), 3);

    struct page* p = alloc_page(GFP_KERNEL | __GFP_ZERO);
    REQUIRE(p != nullptr);
    char* where = page_address(p);
    CHECK(all_zero(where, PAGE_SIZE));
    CHECK(PAGE_ALIGNED(where));
    CHECK(offset_in_page(where + 5) == 5);
    char* mapped = kmap(p);
    CHECK(mapped == where);
    kunmap(p);
    char* local = kmap_local_page(p);
    CHECK(local == where);
    kunmap_local(local);
    get_page(p);
    CHECK(page_count(p) == 2);
    __free_page(p);
    CHECK(page_count(p) == 1);
    put_page(p);
    __free_pages(alloc_pages(GFP_KERNEL, 2), 2);
    static_assert(PAGE_ALIGN(1UL) == 4096 && PAGE_ALIGN(4096UL) == 4096 && get_order(1) == 0 && get_order(4097) == 1);
    static_assert(1UL << PAGE_SHIFT == PAGE_SIZE && PAGE_MASK == ~4095UL);
}
