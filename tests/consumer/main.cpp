// SPDX-License-Identifier: MIT
//
// The consumer: one item through the C++ interface here, one through the kernel's interface in driver.cpp.
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

int drive();

int main() {
    int runs = 0;
    bottomhalf::work item{[&] { ++runs; }};
    bottomhalf::workqueue wq{"consumer"};
    if (!bottomhalf::queue_work(wq, item)) return 1;
    bottomhalf::flush_work(item);

    const int driven = drive();
    std::printf("C++ interface: %d run, kernel interface: %d run\n", runs, driven);
    return runs == 1 && driven == 1 ? 0 : 1;
}
