// SPDX-License-Identifier: MIT
//
// Items and the default machine are there before main() and after it: a static initialiser boots, and so does a static
// destructor that runs when the machine has stopped already.
#include <bottomhalf/bottomhalf.hpp>

#include <cstdio>

namespace bh = bottomhalf;

namespace {

const char* text = "nothing";

void print() { std::fprintf(stderr, "%s\n", text); }

struct use {
    explicit use(const char* now) { go(now); }
    void go(const char* now) const {
        text = now;
        bh::work item{&print};
        bh::schedule_work(item);
        bh::flush_work(item);
    }
};

struct first {   // constructed before anybody has used the machine, so destroyed after it has stopped
    first() = default;
    first(const first&) = delete;
    first& operator=(const first&) = delete;
    ~first() { use("after main"); }
} before_all;

bh::work item{&print};   // a static item, idle at the end
const use in_initialiser("before main");

}   // namespace

int main() {
    text = "in main";
    bh::schedule_work(item);
    bh::flush_work(item);
}
