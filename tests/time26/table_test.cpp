// SPDX-License-Identifier: MIT
//
// The README's table of what happens when.  On the simulator it is exact to the tick; on threads there is nothing to compare.
#include "support/facade.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#if defined(BOTTOMHALF_SIM)
namespace {

/// "| 5 | what happened |" per event.
struct diary {
    unsigned long begin = jiffies;
    std::ostringstream text;
    void note(const char* event) { text << "| " << jiffies - begin << " | " << event << " |\n"; }
};
diary* book;
struct work_struct work;
struct timer_list watchdog;
int runs;

void handler(void*) {
    book->note(++runs == 1 ? "the timer has expired, `work` was queued, and its handler begins on `events/0`"
                           : "the handler begins again");
    msleep(2 * 1000 / HZ);
    book->note(runs == 1 ? "its `msleep()` of 2 ticks is over, and it returns" : "it returns");
}
void bark(unsigned long) { book->note("`watchdog` expires, 10 ticks after it was last pushed back"); }

std::string table_in_the_readme() {
    std::ifstream file(BOTTOMHALF_README);
    std::string line, table;
    bool inside = false;
    while (std::getline(file, line)) {
        if (line == "| TIME IN JIFFIES | EVENT |")
            inside = std::getline(file, line) && line == "|---|---|";
        else if (line.empty() || line[0] != '|')
            inside = false;
        else if (inside)
            table += line + '\n';
    }
    return table;
}

}   // namespace

TEST_CASE("README: the table of what happens when", "[time26][readme]") {
    for (std::uint64_t seed = 0; seed < support::nr_seeds(); ++seed) {
        INFO("seed " << seed);
        bottomhalf::arch::sim_options o;
        o.seed = seed;
        o.time = bottomhalf::arch::sim_time::when_told;
        bottomhalf::arch::sim::world world{o};
        std::string text;
        world.run([&] {
            auto& m = bottomhalf::default_machine_of<bottomhalf::arch::sim>();
            get_jiffies_64();   // boots
            INIT_WORK(&work, handler, nullptr);
            setup_timer(&watchdog, bark, 0);
            runs = 0;
            diary d;
            book = &d;
            CHECK(schedule_delayed_work(&work, 5) == 1);
            mod_timer(&watchdog, jiffies + 10);
            d.note("`schedule_delayed_work(&work, 5)` returns 1; `mod_timer(&watchdog, jiffies + 10)`");
            m.advance(2);
            CHECK(schedule_delayed_work(&work, 100) == 0);
            d.note("`schedule_delayed_work(&work, 100)` returns 0: it is pending, and keeps its time");
            m.advance(4);
            CHECK(schedule_delayed_work(&work, 3) == 1);
            d.note("`schedule_delayed_work(&work, 3)` returns 1: it runs, but is not pending any more");
            m.advance(2);
            CHECK(mod_timer(&watchdog, jiffies + 10) == 1);
            d.note("`mod_timer(&watchdog, jiffies + 10)` returns 1: pushed back in time");
            m.advance(4);
            CHECK(cancel_delayed_work(&work) == 0);
            d.note("`cancel_delayed_work(&work)` returns 0: neither on its timer nor queued");
            m.advance(100);
            CHECK(del_timer_sync(&watchdog) == 0);
            text = d.text.str();
        });
        CHECK(text == table_in_the_readme());
    }
}
#else
TEST_CASE("README: the table of what happens when is exact on the simulator only", "[time26][readme]") {
    CHECK(std::ifstream(BOTTOMHALF_README).good());
}
#endif
