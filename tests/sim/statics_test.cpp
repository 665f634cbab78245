// SPDX-License-Identifier: MIT
//
// sim/symbols.hpp and sim/statics.hpp: what the program knows of itself; what a schedule leaves in static data is not there
// in the next one, and would be if it were not put back.
#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <string_view>

#include <bottomhalf/sim/actor.hpp>
#include <bottomhalf/sim/explore.hpp>
#include <bottomhalf/sim/statics.hpp>
#include <bottomhalf/sim/symbols.hpp>

namespace sim = bottomhalf::sim;
namespace arch = bottomhalf::arch;
using engine = arch::sim;
using Catch::Matchers::ContainsSubstring;

// A driver, as C has it.
static int opens;
int probes = 7;
static std::uint32_t gate;
static char table[100'000] = {1};
struct node {
    node* next;
    node* prev;
};
static node head = {&head, &head};
extern "C" {
int (*my_hook)(int);
__attribute__((__noinline__)) int my_remove(int n) {
    asm volatile("" : "+r"(n));
    return n + 1;
}
}
namespace {
int hidden_counter;
struct counted {
    static inline int made = 3;
};
template <class T>
int of_template = 5;

BOTTOMHALF_SIM_KEEP int kept = 1;
int& kept_local() {
    BOTTOMHALF_SIM_KEEP static int here = my_remove(1);   // 2, once
    return here;
}
int next_number() {
    static int number = my_remove(40);   // 41, with a guard
    return number++;
}

sim::options quick(bool statics = true, std::uint64_t schedules = 64) {
    sim::options o;
    o.name = "statics";
    o.schedules = schedules;
    o.how = sim::plan::random;
    o.boots = false;
    o.statics = statics;
    return o;
}
bool is_known(const void* p, std::string_view section = "") {
    bool found = false;
    sim::for_each_data_object([&](const sim::data_object& o, const auto&) {
        found = found || (o.begin == p && (section.empty() || section == o.section));
    });
    return found;
}
void use_all() {
    ++opens, ++probes, ++hidden_counter, ++counted::made, ++of_template<int>, ++kept, ++kept_local();
    next_number();
    my_hook = &my_remove;
    table[0] = 2, table[99'999] = 2, table[50'000] = 2;
}

}   // namespace

TEST_CASE("an address is in a function of the program, and a line of it", "[symbols]") {
    const auto* const pc = reinterpret_cast<const char*>(&my_remove) + 1;
    const auto texts = sim::describe_all({pc, &opens, nullptr}, false);
    CHECK(texts[0] == "my_remove()+0x1");
    CHECK_THAT(texts[1], ContainsSubstring("0x"));   // no function
    CHECK_THAT(sim::describe(pc), ContainsSubstring("my_remove()"));
    CHECK(sim::describe_all({pc}, true).front() == sim::describe(pc));
    // With debug information and the tool there is a line.
    if (const std::string text = sim::describe(pc); text.find('+') == std::string::npos)
        CHECK_THAT(text, ContainsSubstring("my_remove() statics_test.cpp:"));
    CHECK_THAT(sim::describe(reinterpret_cast<const void*>(&use_all)), ContainsSubstring("use_all()"));
    CHECK(sim::detail::readable("_ZN3foo3barEi") == "foo::bar()");
    CHECK(sim::detail::readable("_ZNK3fooclEv") == "foo::operator()()");
    CHECK(sim::detail::readable("plain") == "plain()");
}

TEST_CASE("the variables of the program are known, and those that cannot be written to are not among them",
          "[symbols]") {
    use_all();
    static const int constant = 5;
    CHECK(is_known(&opens, ".bss"));
    CHECK(is_known(&probes, ".data"));
    CHECK(is_known(table));
    CHECK(is_known(&hidden_counter));
    CHECK(is_known(&counted::made));
    CHECK(is_known(&of_template<int>));
    CHECK(is_known(&kept, "bottomhalf_sim_keep"));
    CHECK_FALSE(is_known(&constant));
}

TEST_CASE("what belongs to others is known by its name", "[statics]") {
    const auto foreign = [](const char* name, const char* file = "") {
        return sim::detail::foreign_names::has(name, file);
    };
    for (const char* theirs :
         {"_ZSt4cout", "_ZNSt6locale7classicEv", "_ZGVZNSt7collateIcE2idE", "_ZN9__gnu_cxx3fooE", "_ZZN5Catch3fooEvE1x",
          "_ZGVZN5Catch3fooEvE1x", "_ZN10bottomhalf4arch6detail10simulationE", "_ZZN10bottomhalf3fooEvE1x",
          "_ZN10__cxxabiv119__terminate_handlerE", "_ZN7testing3fooE", "_ZN9benchmark3fooE", "__asan_version",
          "stdout@GLIBC_2.2.5", "_ZStL8__ioinit"})
        CHECK(foreign(theirs));
    for (const char* ours : {"opens", "_ZL5opens", "_ZZ5probevE1x", "_ZGVZ5probevE1x", "_ZN12_GLOBAL__N_14keptE",
                             "_ZN6driver1xE", "_ZZZ5probevENKUlvE_clEvE1x", "__warned", "_ZZ10__my_probevE8__warned",
                             "_Z11of_templateIiE", "_ZN12_GLOBAL__N_15CatchE"})
        CHECK_FALSE(foreign(ours));
    CHECK_FALSE(foreign("_ZN10bottomhalf6linux66on_sim4impl7regionsE"));
    CHECK(foreign("_ZN10bottomhalf6linux66on_sim4impl5readyE"));
    CHECK(foreign("_ZN12_GLOBAL__N_114emergency_poolE", "eh_alloc.o"));
    CHECK(foreign("unseen_objects", "unwind-dw2-fde-dip.c"));
    CHECK_FALSE(foreign("unseen_objects", "driver.c"));
    CHECK_FALSE(foreign("unseen_objects", "prog.ltrans0.ltrans.o"));
}

TEST_CASE("each schedule finds the static data as they were, and so does who comes after", "[statics]") {
    opens = 3;
    const auto look = [](std::set<int>& seen) {
        seen.insert(opens * 1'000'000 + probes * 10'000 + hidden_counter * 1'000 + counted::made * 100 +
                    of_template<int> * 10 + (my_hook != nullptr) + table[0] + table[99'999] + table[50'000]);
        seen.insert(-next_number());
        use_all();
    };
    const int kept_before = kept;
    std::set<int> with, without;
    const auto r = sim::explore(quick(), [&] { look(with); });
    CHECK(r);
    CHECK(with.size() == 2);
    CHECK(opens == 3);
    CHECK(kept ==
          kept_before + static_cast<int>(r.schedules) + 8);   // one came first; 7 were run once more, to be compared
    const int here = kept_local();
    CHECK(sim::explore(quick(false), [&] { look(without); }));
    CHECK(without.size() > 10);
    CHECK(opens > 3);
    CHECK(kept_local() > here);
    opens = 0;
}

TEST_CASE("a static flag that a schedule leaves behind would decide what the next one does", "[statics]") {
    const auto body = [] {
        sim::actor one("one", [] {
            for (int i = 0; i <= hidden_counter; ++i) engine::atomic_ref<std::uint32_t>(gate).load();
            ++hidden_counter;
        });
    };
    hidden_counter = 0;
    CHECK(sim::explore(quick(), body));
    const auto r = sim::explore(quick(false), body);
    CHECK(r.kind == sim::verdict::not_deterministic);
    hidden_counter = 0;
}

TEST_CASE("a static lock that a failed schedule has not given back is free in the next one", "[statics]") {
    const auto body = [] {
        while (engine::atomic_ref<std::uint32_t>(gate).exchange(1) != 0)
            engine::park(gate, 1, arch::forever, "the gate");
        sim::expect(false, "always");
    };
    auto o = quick();
    o.stops = false;
    o.schedules = 5;
    const auto r = sim::explore(o, body);
    CHECK(r.failures == r.schedules);
    CHECK(r.kind == sim::verdict::wrong);
    CHECK_THAT(r.what, ContainsSubstring("always"));   // not only the first
    CHECK(gate == 0);
    o.statics = false;
    const auto s = sim::explore(o, body);
    CHECK_THAT(s.what, !ContainsSubstring("always"));   // of the schedule that is shown
    gate = 0;
}

TEST_CASE("a static list that points into the heap of a schedule is empty in the next one", "[statics]") {
    const auto r = sim::explore(quick(), [] {
        sim::expect(head.next == &head, "empty");
        auto* const n =
            static_cast<node*>(engine::memory()->get(sizeof(node), 8, false, bottomhalf::location::current()));
        *n = {&head, &head};
        head.next = head.prev = n;
        sim::expect(n == head.next->prev->prev, "in it");
        engine::memory()->put(n, bottomhalf::location::current());   // and forgets to take it out
    });
    INFO(r);
    CHECK(r);
    CHECK(head.next == &head);
}

TEST_CASE("what is copied is the driver's, and little", "[statics]") {
    const sim::statics_copy copy;
    CHECK(copy.has(&opens));
    CHECK(copy.has(&probes));
    CHECK(copy.has(&my_hook));
    CHECK(copy.has(table + 99'999));
    CHECK_FALSE(copy.has(&kept));
    CHECK_FALSE(copy.has(&kept_local()));
    CHECK_FALSE(copy.has(&arch::detail::simulation));
    CHECK(copy.size() < 200'000);
}
