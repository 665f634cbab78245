// SPDX-License-Identifier: MIT
//
// Returns from main() with 7, leaving behind what the argument names.  Items are static or never freed, as a handler
// may still hold them when everything else is gone.
#include <bottomhalf/bottomhalf.hpp>
#include <bottomhalf/sync/completion.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

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

}   // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "idle";
    ::setenv("BOTTOMHALF_CPUS", "1", 1);
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
