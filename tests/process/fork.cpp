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
    const pid_t pid = ::fork();
    if (pid < 0) return 3;
    if (pid == 0) std::exit(child(what, argv));   // with its atexit handlers and static destructors
    int status = 0;
    if (::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return 4;
    const int before = runs;
    bh::schedule_work(item);
    bh::flush_work(item);
    return runs == before + 1 ? 0 : 5;
}
