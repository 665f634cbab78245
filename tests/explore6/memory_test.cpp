// SPDX-License-Identifier: MIT
//
// sim/heap.hpp under the facade: whatever a driver allocates is missed if it is not freed, and comes with the place of the
// driver's call.
#include "support/catch.hpp"

#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>

#include <set>
#include <string>
#include <utility>

namespace sim = bottomhalf::sim;
using Catch::Matchers::ContainsSubstring;

namespace {

sim::options quick(std::uint64_t schedules = 20) {
    sim::options o;
    o.name = "memory";
    o.schedules = schedules;
    return o;
}
struct dev_state {
    struct work_struct work;
    struct timer_list timer;
    unsigned long flags;
};

}   // namespace

TEST_CASE("a block that is leaked has the place of the driver's call", "[heap]") {
    int line = 0;
    void (*allocate)(int*) = nullptr;
    SECTION("kmalloc") {
        allocate = [](int* l) { *l = __LINE__, kmalloc(10, GFP_KERNEL); };
    }
    SECTION("kcalloc") {
        allocate = [](int* l) { *l = __LINE__, kcalloc(3, 10, GFP_KERNEL); };
    }
    SECTION("krealloc") {
        allocate = [](int* l) { *l = __LINE__, krealloc(nullptr, 10, GFP_KERNEL); };
    }
    SECTION("kstrdup") {
        allocate = [](int* l) { *l = __LINE__, kstrdup("text", GFP_KERNEL); };
    }
    SECTION("kmemdup") {
        allocate = [](int* l) { *l = __LINE__, kmemdup("text", 4, GFP_KERNEL); };
    }
    SECTION("vmalloc") {
        allocate = [](int* l) { *l = __LINE__, vmalloc(10000); };
    }
    SECTION("pages") {
        allocate = [](int* l) { *l = __LINE__, __get_free_pages(GFP_KERNEL, 1); };
    }
    SECTION("bitmap") {
        allocate = [](int* l) { *l = __LINE__, bitmap_zalloc(100, GFP_KERNEL); };
    }
    SECTION("percpu") {
        allocate = [](int* l) { *l = __LINE__, static_cast<void>(alloc_percpu(int)); };
    }
    SECTION("cache") {
        allocate = [](int* l) { *l = __LINE__, kmem_cache_create("mine", 8, 8, 0, nullptr); };
    }
    const auto r = sim::explore(quick(), [&] { allocate(&line); });
    CHECK(r.kind == sim::verdict::leaked);
    CHECK_THAT(r.what, ContainsSubstring("1 block was not freed"));
    CHECK_THAT(r.what, ContainsSubstring("memory_test.cpp:" + std::to_string(line)));
}

TEST_CASE("what is freed by its own call is not missed", "[heap]") {
    const auto r = sim::explore(quick(), [] {
        kfree(kmalloc(10, GFP_ATOMIC));
        vfree(vmalloc(10));
        free_pages(__get_free_pages(GFP_KERNEL, 1), 1);
        put_page(alloc_page(GFP_KERNEL));
        int* const n = alloc_percpu(int);
        free_percpu(n);
        struct kmem_cache* const c = kmem_cache_create("mine", 24, 64, 0, [](void*) {});
        void* const a = kmem_cache_alloc(c, GFP_KERNEL);
        void* const b = kmem_cache_alloc(c, GFP_KERNEL);
        kmem_cache_free(c, a), kmem_cache_free(c, b);
        kmem_cache_destroy(c);
        struct device dev = {};
        device_initialize(&dev);
        dev.release = [](struct device*) {};
        devm_kzalloc(&dev, 10, GFP_KERNEL);
        devm_kstrdup(&dev, "text", GFP_KERNEL);
        devres_release_all(&dev);
        put_device(&dev);
    });
    INFO(r);
    CHECK(r);
}

TEST_CASE("the addresses of a driver are the same in each schedule", "[heap]") {
    std::set<void*> states, counters;
    const auto r = sim::explore(quick(), [&] {
        auto* const s = static_cast<dev_state*>(static_cast<void*>(kzalloc(sizeof(dev_state), GFP_KERNEL)));
        int* const n = alloc_percpu(int);
        states.insert(s), counters.insert(n);
        INIT_WORK(&s->work, [](struct work_struct*) {});
        schedule_work(&s->work);
        flush_work(&s->work);
        kfree(s);
        free_percpu(n);
    });
    INFO(r);
    CHECK(r);
    CHECK(states.size() == 1);
    CHECK(counters.size() == 1);
}

#if !BOTTOMHALF_ASAN   // which ends the program
TEST_CASE("an item that frees itself while the driver cancels it: found, and said", "[heap]") {
    static dev_state* shared;
    const auto r = sim::explore(quick(2'000), [] {
        shared = kzalloc(sizeof(dev_state), GFP_KERNEL);
        INIT_WORK(&shared->work, [](struct work_struct* w) { kfree(container_of(w, dev_state, work)); });
        schedule_work(&shared->work);
        sim::actor remove("remove", [] {
            cancel_work_sync(&shared->work);
            kfree(shared);   // the handler has, if it has run
        });
    });
    CHECK_FALSE(r);
    INFO(r);
    // A second free, or cancel_work_sync() meets what is no item any more.
    CHECK((r.kind == sim::verdict::memory || r.kind == sim::verdict::crashed));
    CHECK_THAT(r.what, ContainsSubstring("freed"));
}
#endif

TEST_CASE("an allocation that is refused is null, whichever it is", "[heap]") {
    const auto r = sim::explore(quick(1), [] {
        auto& fails = sim::detail::explorer::current()->heap().fails;
        const auto before = std::exchange(fails, [](std::size_t) { return true; });
        sim::expect(kmalloc(10, GFP_KERNEL) == nullptr, "kmalloc");
        sim::expect(kstrdup("text", GFP_KERNEL) == nullptr, "kstrdup");
        sim::expect(__get_free_page(GFP_KERNEL) == 0, "a page");
        sim::expect(alloc_percpu(int) == nullptr, "percpu");
        sim::expect(kmem_cache_create("mine", 8, 8, 0, nullptr) == nullptr, "a cache");
        fails = before;
        kfree(kmalloc(10, GFP_KERNEL));
    });
    INFO(r);
    CHECK(r);
}
