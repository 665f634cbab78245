// SPDX-License-Identifier: MIT
//
// Without exceptions a failure is a null or a report, and what is done with the null is reported too.  On both engines.
#include <bottomhalf/arch/sim.hpp>
#include <bottomhalf/bottomhalf.hpp>

#include <atomic>
#include <cstdio>

namespace bh = bottomhalf;

static_assert(!BOTTOMHALF_EXCEPTIONS);

namespace {

std::atomic<int> failed{0}, reported{0};

void check(bool held, unsigned line) {
    if (held) return;
    ++failed;
    std::fprintf(stderr, "line %u: check failed\n", line);
}
#define CHECK(x) check((x), __LINE__)

template <class Arch, class F>
bh::work<F, Arch> make(F f) {
    return bh::work<F, Arch>{f};
}

template <class Arch>
void failures() {
    reported = 0;
    Arch::spawn_budget(0);
    {
        bh::scoped_machine<Arch> m{{.cpus = 2}};   // not even a clock
        CHECK(!m.is_up());
    }
    Arch::spawn_budget(2);
    {
        bh::scoped_machine<Arch> m{{.cpus = 2}};
        CHECK(m.is_up());
        std::atomic<int> runs{0};
        auto count = [&runs] { ++runs; };
        auto item = make<Arch>(count);
        bh::delayed_work<decltype(count), Arch> late{count};
        bh::basic_workqueue<Arch> none{m, "none"};   // one thread of two
        CHECK(none.native() == nullptr);
        CHECK(reported == 0);
        CHECK(!bh::queue_work(none, item));
        CHECK(!bh::queue_work_on(1, none, item));
        CHECK(!bh::queue_delayed_work(none, late, 1));
        CHECK(!bh::mod_delayed_work(none, late, 1));
        bh::flush_workqueue(none);
        bh::drain_workqueue(none);
        CHECK(reported == 6);

        Arch::spawn_budget(-1);
        bh::basic_workqueue<Arch> wq{m, "some"};
        CHECK(wq.native() != nullptr);
        CHECK(bh::queue_work(wq, item));   // unharmed
        bh::flush_workqueue(wq);
        CHECK(bh::mod_delayed_work(wq, late, 0) == false);
        bh::flush_delayed_work(late);
        CHECK(runs == 2);
        CHECK(reported == 6);
    }
}

}   // namespace

int main() {
    bh::set_report_listener([](const bh::report&) { ++reported; });
    failures<bh::arch::threads>();
    bh::arch::sim::world world{{.seed = 1}};
    world.run([] { failures<bh::arch::sim>(); });
    return failed;
}
