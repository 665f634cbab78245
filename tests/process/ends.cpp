// SPDX-License-Identifier: MIT
//
// Returns from main() with 7, leaving behind what the argument names.  Items are static or never freed, as a handler
// may still hold them when everything else is gone.
#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sync/completion.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace bh = bottomhalf;
using completion = bh::completion_ops<bh::arch::threads>;

namespace {

std::uint32_t begun = 0, never = 0;
bh::work_item* volatile keep[2];   // what is reached until the end is no leak

void wait(std::uint32_t& word) { completion::wait(word, bh::arch::forever, "the end", bh::location::current()); }
void stuck() {
    completion::complete_all(begun);
    wait(never);
}

/// Ends while other threads arm and cancel delayed items, as detached threads do that nobody asked to stop.
[[noreturn]] void end_while_others_arm() {
    struct nothing {
        void operator()() const {}
    };
    static std::array<bh::delayed_work<nothing>*, 3> items;
    for (auto& each : items) each = new bh::delayed_work{nothing{}};
    static std::atomic<unsigned> armed{0};
    bh::set_report_listener([](const bh::report&) {});   // that the queue is gone, again and again
    bh::boot();
    for (std::size_t i = 0; i < 40; ++i)
        std::thread([i] {
            while (true) {
                if (bh::schedule_delayed_work(*items[i % 3], 2)) ++armed;
                bh::cancel_delayed_work(*items[i % 3]);
            }
        }).detach();
    while (armed < 500) std::this_thread::yield();
    std::exit(7);
}

}   // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "idle";
    ::setenv("BOTTOMHALF_CPUS", "1", 1);
    if (what == "arming") {
        for (int times = 0; times < 12; ++times) {
            const pid_t pid = ::fork();   // before the first use
            if (pid == 0) end_while_others_arm();
            int status = 0;
            if (pid < 0 || ::waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
                return 1;
        }
        return 7;
    }
    if (what == "done") {
        static bh::work item{[] {}};
        bh::schedule_work(item);
        bh::flush_work(item);
    } else if (what == "timer") {
        static bh::delayed_work item{[] {}};
        bh::schedule_delayed_work(item, 3600 * bh::hz);
    } else if (what == "running") {
        auto* block = new bh::work{&stuck};
        auto* item = new bh::work{[] { std::fputs("ran\n", stderr); }};
        keep[0] = block;
        keep[1] = item;
        bh::schedule_work(*block);
        wait(begun);
        bh::schedule_work(*item);
    } else if (what == "slow") {   // takes its time, but not for ever: it is waited for
        static bh::work item{[] {
            completion::complete_all(begun);
            completion::wait(never, bh::arch::threads::now() + 100'000'000, "100 ms", bh::location::current());
            std::fputs("the handler has returned\n", stderr);
        }};
        bh::schedule_work(item);
        wait(begun);
    } else if (what == "queue") {   // of a queue that is never destroyed
        static auto& wq = *new bh::workqueue{"mine", {.single_thread = true}};
        auto* block = new bh::work{&stuck};
        auto* item = new bh::work{[] { std::fputs("ran\n", stderr); }};
        keep[0] = block;
        keep[1] = item;
        bh::queue_work(wq, *block);
        wait(begun);
        bh::queue_work(wq, *item);
    } else if (what == "exit_in_handler") {
        auto* item = new bh::work{[] { std::exit(7); }};
        keep[0] = item;
        bh::schedule_work(*item);
        wait(never);
    }
    return 7;
}
