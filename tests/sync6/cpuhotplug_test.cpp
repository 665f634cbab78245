// SPDX-License-Identifier: MIT
// <linux/cpuhotplug.h>, on either engine: called on each CPU, taken back if one fails.
#include "support/facade.hpp"

#include <string>

#include <linux/cpu.h>
#include <linux/smp.h>

using support::on_this_engine;
using support::reports;

namespace {

std::string story;   // the calls come one after the other
unsigned int fails_on;
char where(unsigned int cpu) { return static_cast<unsigned int>(smp_processor_id()) == cpu ? '.' : '?'; }
int up(unsigned int cpu) {
    if (cpu == fails_on) return -EIO;
    story += "u" + std::to_string(cpu) + where(cpu);
    return 0;
}
int down(unsigned int cpu) {
    story += "d" + std::to_string(cpu) + where(cpu);
    return 0;
}
struct instance {
    struct hlist_node node;
    char name;
};
int up_one(unsigned int cpu, struct hlist_node* node) {
    if (cpu == fails_on) return -EIO;
    story += hlist_entry(node, instance, node)->name + std::to_string(cpu);
    return 0;
}
int down_one(unsigned int cpu, struct hlist_node* node) {
    story += "-";
    fails_on = 99;
    story += hlist_entry(node, instance, node)->name + std::to_string(cpu);
    return 0;
}
std::string told() { return std::exchange(story, std::string()); }

}   // namespace

TEST_CASE("cpuhp_setup_state: startup on each CPU, teardown as it is removed, or if one fails", "[sync6][cpuhotplug]") {
    on_this_engine([] {
        told();
        fails_on = 99;
        REQUIRE(num_online_cpus() == 4);
        const int state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "a", up, down);
        CHECK((state >= CPUHP_AP_ONLINE_DYN && state <= CPUHP_AP_ONLINE_DYN_END));
        CHECK(told() == "u0.u1.u2.u3.");
        const int other = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "b", up, down);
        CHECK((other > 0 && other != state));
        CHECK(told().empty());
        cpuhp_remove_state(state);
        CHECK(told() == "d0.d1.d2.d3.");
        cpuhp_remove_state_nocalls(other);
        CHECK(told().empty());
        fails_on = 2;
        CHECK(cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "c", up, down) == -EIO);
        CHECK(told() == "u0.u1.d1.d0.");
        fails_on = 99;
        int states[41];
        for (int& s : states) s = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "many", nullptr, nullptr);
        CHECK(states[40] == CPUHP_AP_ONLINE_DYN_END);
        CHECK(cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "more", nullptr, nullptr) == -ENOSPC);
        for (const int s : states) cpuhp_remove_state(s);
        CHECK(cpuhp_setup_state(7, "of one's own", up, nullptr) == 0);
        CHECK(cpuhp_setup_state(7, "again", up, nullptr) == -EBUSY);
        cpuhp_remove_state(7);
        cpuhp_remove_state(7);
        CHECK(reports::take("no state 7 has been set up"));
        told();
    });
}

TEST_CASE("cpuhp_setup_state_multi: each instance on each CPU", "[sync6][cpuhotplug]") {
    on_this_engine([] {
        told();
        fails_on = 99;
        const int state = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "many", up_one, down_one);
        REQUIRE(state > 0);
        instance a = {{}, 'a'}, b = {{}, 'b'};
        CHECK(cpuhp_state_add_instance(state, &a.node) == 0);
        CHECK(told() == "a0a1a2a3");
        CHECK(cpuhp_state_add_instance_nocalls(state, &b.node) == 0);
        CHECK(told().empty());
        CHECK(cpuhp_state_remove_instance(state, &a.node) == 0);
        CHECK(told() == "-a0-a1-a2-a3");
        fails_on = 1;
        CHECK(cpuhp_state_add_instance(state, &a.node) == -EIO);
        CHECK(told() == "a0-a0");
        cpuhp_remove_multi_state(state);
        CHECK(reports::take("which has instances left"));
        const int again = cpuhp_setup_state_multi(CPUHP_AP_ONLINE_DYN, "many", up_one, down_one);
        CHECK(cpuhp_state_add_instance_nocalls(again, &b.node) == 0);
        CHECK(cpuhp_state_remove_instance_nocalls(again, &b.node) == 0);
        cpuhp_remove_multi_state(again);
        CHECK(cpuhp_state_add_instance(again, &b.node) == -EINVAL);
        CHECK(reports::take("has been set up"));
    });
}
