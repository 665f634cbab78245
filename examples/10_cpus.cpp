// SPDX-License-Identifier: MIT
// As many CPUs as you like: a machine's are emulated, and have nothing to do with those that the program runs on.  The
// default machine has as many as the process may use, or $BOTTOMHALF_CPUS.
//
//   64 CPUs, 64 threads, from cpu/0 to cpu/63
//   64 items ran, each on the thread of its CPU
//
// target: bottomhalf
// expect: 64 CPUs, 64 threads, from cpu/0 to cpu/63.64 items ran, each on the thread of its CPU
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>
#include <list>
#include <string>
#include <vector>

#include <pthread.h>

namespace bh = bottomhalf;

static std::string this_thread() {
    char name[16];
    pthread_getname_np(pthread_self(), name, sizeof name);
    return name;
}

int main() {
    bh::machine m{{.cpus = 64}};
    std::vector<std::string> ran_on(m.nr_cpus());
    const auto item_for = [&](unsigned cpu) { return [&ran_on, cpu] { ran_on[cpu] = this_thread(); }; };
    std::list<bh::work<decltype(item_for(0))>> items;   // a list: an item stays where it is

    bh::workqueue wq{m, "cpu"};   // threads cpu/0 to cpu/63
    for (unsigned cpu = 0; cpu < m.nr_cpus(); ++cpu) {
        items.emplace_back(item_for(cpu));
        bh::queue_work_on(cpu, wq, items.back());
    }
    bh::flush_workqueue(wq);

    unsigned right = 0;
    for (unsigned cpu = 0; cpu < m.nr_cpus(); ++cpu) right += ran_on[cpu] == "cpu/" + std::to_string(cpu);
    std::printf("%u CPUs, %zu threads, from %s to %s\n", m.nr_cpus(), ran_on.size(), ran_on.front().c_str(),
                ran_on.back().c_str());
    std::printf("%u items ran, each on the thread of its CPU\n", right);
}
