// SPDX-License-Identifier: MIT
//
// What a trace is written as: text as tracefs has it, JSON for a viewer, and a table of the queues.
#include "support/facade.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <bottomhalf/trace/json.hpp>
#include <bottomhalf/trace/statistics.hpp>
#include <bottomhalf/trace/text.hpp>

#include "support/posix_regex.hpp"

using bottomhalf::trace::event;
using bottomhalf::trace::record;
using support::engine;
using support::on_this_engine;
using support::reports;
using support::wait_until;

namespace {

/// What f(FILE*) writes.
template <class F>
std::string written(F f) {
    char* text = nullptr;
    std::size_t n = 0;
    std::FILE* const to = ::open_memstream(&text, &n);
    REQUIRE(to != nullptr);
    f(to);
    std::fclose(to);
    const std::string all(text, n);
    std::free(text);
    return all;
}
std::size_t count(const std::string& in, const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++n;
    return n;
}
/// Brackets and quotes of JSON close in the order in which they open.
bool is_balanced(const std::string& json) {
    std::string open;
    bool quoted = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (quoted) {
            if (static_cast<unsigned char>(c) < ' ') return false;
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
            continue;
        }
        if (c == '"') quoted = true;
        if (c == '{' || c == '[') open += c;
        if (c == '}' || c == ']') {
            if (open.empty() || open.back() != (c == '}' ? '{' : '[')) return false;
            open.pop_back();
        }
    }
    return open.empty() && !quoted;
}

void my_work_fn(struct work_struct*) { msleep(8); }
void my_timer_fn(struct timer_list*) {}

/// A record by hand.
record made(event e, bottomhalf::arch::ns_t at, const void* object, const char* text = "", std::int32_t pid = 1) {
    record r;
    r.event = static_cast<std::uint8_t>(e);
    r.at = at;
    r.object = object;
    r.pid = pid;
    std::snprintf(r.text, sizeof r.text, "%s", text);
    return r;
}

}   // namespace

TEST_CASE("trace, text: the lines that the kernel would print", "[trace][export]") {
    on_this_engine([] {
        static struct timer_list timer;
        struct work_struct work;
        bottomhalf::trace::reader reader;
        REQUIRE(bottomhalf::trace::start());
        reader.skip();
        struct workqueue_struct* wq = alloc_workqueue("mine", 0, 0);
        INIT_WORK(&work, my_work_fn);
        timer_setup(&timer, my_timer_fn, 0);
        queue_work_on(1, wq, &work);
        flush_workqueue(wq);
        mod_timer(&timer, jiffies + 3);
        wait_until<engine>([] { return !timer_pending(&timer); });
        timer_delete_sync(&timer);
        destroy_workqueue(wq);
        bottomhalf::trace::stop();
        const auto events = reader.take();
        const std::string text = written([&](std::FILE* to) { bottomhalf::trace::write_text(to, events); });
        INFO(text);
        const auto has = [&](const std::string& line) { return support::has_match(text, line); };
        const char* const before = "\n +[^ ].*-[0-9]+ +\\[00[0-9]\\] [.d][.][.s][.0-9][.] +[0-9]+\\.[0-9]{6}: ";
        CHECK(has("# tracer: nop\n"));
        CHECK(has("#           TASK-PID     CPU#  \\|\\|\\|\\|\\|  TIMESTAMP  FUNCTION\n"));
        CHECK(has(std::string(before) + "workqueue_queue_work: work struct=[0-9a-f]{16} function=.*my_work_fn "
                                        "workqueue=mine req_cpu=1 cpu=1\n"));
        CHECK(has("\\[00[01]\\] .* workqueue_activate_work: work struct [0-9a-f]{16} function=.*my_work_fn\n"));
        CHECK(
            has("kworker/1:[0-9]+-[0-9]+ +\\[001\\] \\.\\.\\.\\.\\. +[0-9.]+: workqueue_execute_start: work struct "
                "[0-9a-f]{16}: function .*my_work_fn\n"));
        CHECK(has("workqueue_execute_end: work struct [0-9a-f]{16}: function .*my_work_fn\n"));
        CHECK(has("timer_init: timer=[0-9a-f]{16}\n"));
        CHECK(
            has("timer_start: timer=[0-9a-f]{16} function=.*my_timer_fn expires=[0-9]+ \\[timeout=-?[0-9]+\\] "
                "cpu=[0-9]+ flags=\n"));
        CHECK(
            has("\\[00[0-9]\\] \\.\\.s\\.\\. +[0-9.]+: timer_expire_entry: timer=[0-9a-f]{16} "
                "function=.*my_timer_fn now=[0-9]+ baseclk=[0-9]+\n"));
        CHECK(has("timer_expire_exit: timer=[0-9a-f]{16}\n"));
    });
}

TEST_CASE("trace, text: interrupts off, bottom halves off, what is interrupted", "[trace][export]") {
    using bottomhalf::trace::detail::latency_format;
    const auto flags = [](std::uint32_t count, bool irqs_off) {
        record r;
        r.preempt_count = count;
        r.irqs_off = irqs_off ? 1 : 0;
        char text[6];
        latency_format(r, text);
        return std::string(text);
    };
    CHECK(flags(0, false) == ".....");
    CHECK(flags(1, true) == "d..1.");
    CHECK(flags(bottomhalf::softirq_offset, false) == "..s..");
    CHECK(flags(2 * bottomhalf::softirq_offset, false) == "b....");
    CHECK(flags(bottomhalf::hardirq_offset, true) == "d.h..");
    CHECK(flags(bottomhalf::hardirq_offset | bottomhalf::softirq_offset | 1, true) == "d.H1.");
    CHECK(flags(2 * bottomhalf::softirq_offset, true) == "D....");
}

TEST_CASE("trace, JSON: every slice ends, every arrow arrives", "[trace][export]") {
    on_this_engine([] {
        struct work_struct work[3];
        bottomhalf::trace::reader reader;
        REQUIRE(bottomhalf::trace::start());
        struct workqueue_struct* wq = alloc_workqueue("\"mine\\", 0, 0);
        for (auto& w : work) INIT_WORK(&w, my_work_fn);
        reader.skip();
        for (auto& w : work) queue_work_on(1, wq, &w);
        flush_workqueue(wq);
        trace_printk("a \"quoted\" \\ word");
        destroy_workqueue(wq);
        bottomhalf::trace::stop();
        std::vector<record> mine;
        for (const record& r : reader.take()) {
            bool of_mine = static_cast<event>(r.event) == event::print;
            for (const auto& w : work) of_mine = of_mine || r.object == &w;
            if (of_mine) mine.push_back(r);
        }
        const std::string json = written([&](std::FILE* to) { bottomhalf::trace::write_json(to, mine); });
        INFO(json);
        CHECK(is_balanced(json));
        CHECK(count(json, "\"ph\":\"B\"") == 3);
        CHECK(count(json, "\"ph\":\"E\"") == 3);
        CHECK(count(json, "\"ph\":\"s\"") == 3);
        CHECK(count(json, "\"ph\":\"f\"") == 3);
        CHECK(count(json, "my_work_fn\",\"args\"") >= 3);
        CHECK(count(json, "a \\\"quoted\\\" \\\\ word") == 2);   // its name, and its argument
        CHECK(count(json, "\"name\":\"CPU 1\"") == 1);
    });
}

TEST_CASE("trace, statistics: what is counted, by hand", "[trace][export]") {
    int a = 0, b = 0;
    bottomhalf::trace::statistics s;
    s.feed({made(event::workqueue_queue_work, 1000, &a, "slow"), made(event::workqueue_queue_work, 1500, &b, "fast"),
            made(event::workqueue_activate_work, 1600, &a), made(event::workqueue_execute_start, 3000, &a, "", 1),
            made(event::workqueue_execute_start, 2500, &b, "", 2), made(event::workqueue_queue_work, 2600, &b, "slow"),
            made(event::workqueue_execute_end, 2700, &b, "", 2), made(event::workqueue_execute_end, 9000, &a, "", 1),
            made(event::workqueue_execute_start, 9600, &b, "", 1)});
    const auto& slow = s.queues().at("slow");
    CHECK(slow.queued == 2);
    CHECK(slow.started == 2);
    CHECK(slow.done == 1);
    CHECK(slow.waited.longest == 7000);
    CHECK(slow.waited.average() == 4500);
    CHECK(slow.ran.total == 6000);
    const auto& fast = s.queues().at("fast");
    CHECK(fast.queued == 1);
    CHECK(fast.done == 1);
    CHECK(fast.waited.total == 1000);
    CHECK(fast.ran.total == 200);
    const std::string table = written([&](std::FILE* to) { s.write(to); });
    CHECK(support::has_match(table, "\nslow +2 +2 +1 +1 +4\\.5 +7\\.0 +6\\.0 +6\\.0\n"));
}

TEST_CASE("trace, statistics: what was lost is said, and only then", "[trace][export]") {
    on_this_engine([] {
        struct work_struct work;
        INIT_WORK(&work, [](struct work_struct*) {});
        REQUIRE(bottomhalf::trace::start());
        bottomhalf::trace::statistics s;
        s.skip();
        const auto run = [&] {
            queue_work_on(0, system_wq, &work);
            flush_work(&work);
        };
        const auto table = [&] { return written([&](std::FILE* to) { s.write(to); }); };
        run();
        s.take();
        CHECK(s.lost() == 0);
        CHECK(table().find("lost") == std::string::npos);
        std::size_t room = 0;
        bottomhalf::trace::rings.for_each([&](const auto& ring, std::uint32_t i) {
            if (i == 0) room = ring.capacity();
        });
        for (std::size_t i = 0; i < room / 3; ++i) run();   // four events each
        bottomhalf::trace::stop();
        s.take();
        CHECK(s.lost() > 0);
        CHECK(table().find(std::to_string(s.lost()) + " events were lost: these are too small\n") != std::string::npos);
    });
}

TEST_CASE("trace: a ring for each CPU that was asked for, as large as was asked for", "[trace][export]") {
    REQUIRE(bottomhalf::trace::start());
    bottomhalf::trace::stop();
    CHECK(bottomhalf::trace::rings.nr() == 4);   // options' defaults, here as in all that these tests start
    bottomhalf::trace::rings.for_each([](const auto& ring, std::uint32_t) { CHECK(ring.capacity() == 8192); });
}

TEST_CASE("ftrace_dump: to stderr", "[trace][export]") {
    on_this_engine([] {
        struct work_struct work;
        INIT_WORK(&work, [](struct work_struct*) { trace_printk("here I am\n"); });
        REQUIRE(bottomhalf::trace::start());
        queue_work(system_wq, &work);
        flush_work(&work);
        tracing_off();
        const auto dumped = [](enum ftrace_dump_mode mode) {
            std::FILE* const file = std::tmpfile();
            REQUIRE(file != nullptr);
            std::fflush(stderr);
            const int before = ::dup(2);
            ::dup2(::fileno(file), 2);
            ftrace_dump(mode);
            std::fflush(stderr);
            ::dup2(before, 2);
            ::close(before);
            std::string text(static_cast<std::size_t>(::lseek(::fileno(file), 0, SEEK_END)), '\0');
            std::rewind(file);
            CHECK(std::fread(text.data(), 1, text.size(), file) == text.size());
            std::fclose(file);
            return text;
        };
        CHECK(dumped(DUMP_ALL).find(": here I am\n") != std::string::npos);
        CHECK(dumped(DUMP_NONE).empty());
    });
}

TEST_CASE("trace, statistics: of a driver", "[trace][export]") {
    on_this_engine([] {
        struct work_struct work[5];
        REQUIRE(bottomhalf::trace::start());
        bottomhalf::trace::statistics s;
        s.skip();
        struct workqueue_struct* wq = alloc_workqueue("five", 0, 1);
        for (auto& w : work) INIT_WORK(&w, my_work_fn);
        for (auto& w : work) queue_work_on(0, wq, &w);
        flush_workqueue(wq);
        bottomhalf::trace::stop();
        s.take();
        const auto& q = s.queues().at("five");
        CHECK(q.queued == 5);
        CHECK(q.started == 5);
        CHECK(q.done == 5);
        CHECK(q.ran.total >= 5 * 8'000'000);
        CHECK(q.waited.count == 5);
        if (engine::simulated) CHECK(q.waited.longest >= 4 * 8'000'000);   // one after the other
        CHECK(s.lost() == 0);
        destroy_workqueue(wq);
    });
}
