// SPDX-License-Identifier: MIT
#include "sim/instrumented/driver.hpp"

#include <atomic>
#include <vector>

#include <bottomhalf/arch/sim.hpp>

namespace driver {

namespace {
using engine = bottomhalf::arch::sim;
engine::atomic_ref<std::uint32_t> ref(std::uint32_t& w) { return engine::atomic_ref<std::uint32_t>(w); }
}   // namespace

void nothing(device& d) { static_cast<void>(d); }
const unsigned line_of_increment = __LINE__ + 1;
void increment(device& d) { d.counter++; }
void copy(device& d) { d.copy = d.counter; }
void saturate(device& d) {
    if (d.counter < d.limit) d.counter++;
}
void poll(device& d) { static_cast<void>(d.level); }
void set_level(device& d) { d.level = 1; }
void atomically(device& d) { std::atomic_ref<int>(d.counter).fetch_add(1); }
void widely(device& d) { std::atomic_ref<long long>(d.wide).store(7, std::memory_order_release); }
bool exchange(device& d, int was) { return std::atomic_ref<int>(d.counter).compare_exchange_strong(was, was + 1); }
void in_containers(device& d) {
    std::vector<int> v(100, 1);
    for (int i = 0; i < 100; ++i) v.push_back(i);
    d.copy = 7;
}
void in_the_library(device& d) {
    static_cast<void>(d);
    engine::fence(std::memory_order_seq_cst);
    engine::irq_restore(engine::irq_save());
}
void send(packet& to, const packet& from) { to = from; }

void lock(device& d) {
    while (ref(d.lock).exchange(1, std::memory_order_acquire) != 0)
        engine::park(d.lock, 1, bottomhalf::arch::forever, "the device");
}
void unlock(device& d) {
    ref(d.lock).store(0, std::memory_order_release);
    engine::unpark(d.lock, 1);
}

void publish(device& d, int order) {
    d.data = 42;
    ref(d.ready).store(1, static_cast<std::memory_order>(order));
}
int consume(device& d, int order) {
    return ref(d.ready).load(static_cast<std::memory_order>(order)) != 0 ? d.data : 42;
}
void publish_by_exchange(device& d) {
    d.data = 42;
    std::uint32_t was = 0;
    ref(d.ready).compare_exchange_strong(was, 1, std::memory_order_release, std::memory_order_relaxed);
}
void publish_by_fence(device& d) {
    d.data = 42;
    engine::fence(std::memory_order_release);
    ref(d.ready).store(1, std::memory_order_relaxed);
}
int consume_by_fence(device& d) {
    if (ref(d.ready).load(std::memory_order_relaxed) == 0) return 42;
    engine::fence(std::memory_order_acquire);
    return d.data;
}
bool is_limited(device& d) { return d.limit != 0; }
void set_limit(device& d) { d.limit = 1; }

}   // namespace driver
