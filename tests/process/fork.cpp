// SPDX-License-Identifier: MIT
//
// fork() with a live machine: the child has our memory and none of our threads, so its first use says so and does
// nothing; the parent goes on.  A child that never uses the library, or executes another program, is fine.
#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <cstdlib>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace bh = bottomhalf;

namespace {

std::atomic<int> runs{0};
bh::work item{[] { ++runs; }};

// What the fork finds under way, in the middle of it: one item runs, another waits behind it.
std::atomic<bool> held{false}, released{false};
bh::work running{[] {
    held = true;
    held.notify_all();
    released.wait(false);
}};
bh::work waiting{[] { ++runs; }};
bh::delayed_work late{[] { ++runs; }};

template <class Work>
void queue_on_cpu_0(Work& w) {
    bh::workqueue_ops<bh::arch::threads>::queue_work_on(0, bh::default_machine().events(bh::location::current()), w,
                                                        bh::location::current());
}

/// Return: 0 if all went as it should.
int child(const std::string& what, char** argv) {
    if (what == "queue") return bh::schedule_work(item) || bh::flush_work(item) ? 1 : 0;
    if (what == "flush") {
        bh::workqueue_ops<bh::arch::threads>::flush_workqueue(bh::default_machine().events_if_up(),
                                                              bh::location::current());
        return 0;
    }
    if (what == "create") {
        try {
            bh::workqueue wq{"demo"};
            return 1;
        } catch (const std::system_error&) {
            return 0;
        }
    }
    if (what == "flush_running") return bh::flush_work(running) ? 1 : 0;
    if (what == "flush_waiting") return bh::flush_work(waiting) ? 1 : 0;
    if (what == "cancel_running") return bh::cancel_work_sync(running) ? 1 : 0;
    if (what == "cancel_waiting") return bh::cancel_work_sync(waiting) ? 1 : 0;
    if (what == "arm_waiting") return bh::schedule_delayed_work(late, 1) ? 1 : 0;
    if (what == "mod_waiting") {
        auto* events = bh::default_machine().events_if_up();
        using ops = bh::delayed_ops<bh::arch::threads>;
        return ops::mod_on(0, events, late, 1, bh::location::current()) || bh::delayed_work_pending(late) ? 1 : 0;
    }
    if (what == "mask") {   // and nobody answers, where another thread of that CPU would
        using section = bh::irq_section<bh::arch::threads>;
        const bool was = section::enter(&bh::home_port<bh::arch::threads>);
        const bool masked = bh::arch::threads::irqs_masked();
        if (!was) section::leave();
        return masked && !was && !bh::arch::threads::irqs_masked() ? 0 : 1;
    }
    if (what == "early") {   // the parent had not used it: this child is as good as any program
        const bool ok = bh::schedule_work(item);
        bh::flush_work(item);
        return ok && runs == 1 ? 0 : 1;
    }
    if (what == "exec") {
        char again[] = "executed";
        char* args[] = {argv[0], again, nullptr};
        ::execv("/proc/self/exe", args);
        return 1;
    }
    return 0;
}

}   // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "nothing";
    if (what != "early") {
        bh::schedule_work(item);
        bh::flush_work(item);
        if (runs != 1) return 2;
        if (what == "executed") return 0;
    }
    if (what == "mask") {
        const bh::irq_action line{.handler = [](int, void*, void*) { return bh::irqreturn::handled; }, .name = "line"};
        if (bh::default_machine().irqs().request(0, line, bh::location::current()) != 0) return 2;
    }
    const bool under_way = what.ends_with("_running") || what.ends_with("_waiting");
    if (under_way) {
        queue_on_cpu_0(running);
        held.wait(false);
        queue_on_cpu_0(waiting);
    }
    const pid_t pid = ::fork();
    if (pid < 0) return 3;
    if (pid == 0) std::exit(child(what, argv));   // with its atexit handlers and static destructors
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return 4;
    if (what == "mask") bh::default_machine().irqs().free(0, nullptr, bh::location::current());
    const int before = runs;
    released = true;
    released.notify_all();
    bh::schedule_work(item);
    bh::flush_work(item);
    bh::flush_work(running);
    bh::flush_work(waiting);
    return runs == before + (under_way ? 2 : 1) ? 0 : 5;
}
