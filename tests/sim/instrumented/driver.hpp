// SPDX-License-Identifier: MIT
//
// Code of a driver's kind, in a file of its own: each of its accesses is a step.  Behind each how many they are.
#pragma once

#include <cstdint>

namespace driver {

struct device {
    int counter = 0, limit = 0, copy = 0;
    volatile int level = 0;
    long long wide = 0;
    std::uint32_t ready = 0;   // read and written through the engine's atomics
    int data = 0;
    std::uint32_t lock = 0;
};
struct packet {
    char bytes[48];
};

extern const unsigned line_of_increment;

void nothing(device& d);
void increment(device& d);           // 2
void copy(device& d);                // 2
void saturate(device& d);            // 3, or 4 below the limit
void poll(device& d);                // 1
void set_level(device& d);           // 1
void atomically(device& d);          // 1
void widely(device& d);              // 1
bool exchange(device& d, int was);   // 1, and what the local variable takes
void in_containers(device& d);       // 1: what happens in <vector> is its own affair
void in_the_library(device& d);      // 3, which are the library's
void send(packet& to, const packet& from);

void lock(device& d);
void unlock(device& d);

/// Publishes `data`, and reads it, with these orders.
void publish(device& d, int order);
int consume(device& d, int order);
void publish_by_exchange(device& d);
void publish_by_fence(device& d);
int consume_by_fence(device& d);

/// A flag that is neither marked nor atomic.
bool is_limited(device& d);
void set_limit(device& d);

}   // namespace driver
