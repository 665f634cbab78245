// SPDX-License-Identifier: MIT
// json.hpp: a trace for ui.perfetto.dev and chrome://tracing.
//
// Each CPU is a process, each thread a track in it.  What runs is a slice with its function's name: handlers, timers' functions,
// top halves, softirqs.  What is queued, armed or raised is an instant; and an arrow leads from where an item was queued to where
// it runs.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <bottomhalf/trace/reader.hpp>
#include <bottomhalf/trace/text.hpp>

namespace bottomhalf::trace {

namespace detail {

class json_writer {
public:
    explicit json_writer(std::FILE* to) noexcept : to_(to) {}

    void write(const std::vector<record>& events) {
        std::fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", to_);
        for (const record& r : events) {
            introduce(r);
            one(r);
        }
        std::fputs("\n]}\n", to_);
    }

private:
    void one(const record& r) {
        switch (event_of(r)) {
            case event::workqueue_queue_work:
                instant(r, "queue " + functions_[r.function]);
                arrow_[r.object] = ++arrows_;
                arrow(r, 's', arrows_);
                break;
            case event::workqueue_execute_start:
                slice(r, 'B', functions_[r.function], "workqueue");
                if (const auto at = arrow_.find(r.object); at != arrow_.end()) {
                    arrow(r, 'f', at->second);
                    arrow_.erase(at);
                }
                break;
            case event::timer_expire_entry: slice(r, 'B', functions_[r.function], "timer"); break;
            case event::irq_handler_entry: slice(r, 'B', "irq " + std::to_string(r.a) + " " + r.text, "irq"); break;
            case event::softirq_entry: slice(r, 'B', std::string("softirq ") + r.text, "softirq"); break;
            case event::tasklet_entry: slice(r, 'B', functions_[r.function], "tasklet"); break;
            case event::workqueue_execute_end:
            case event::timer_expire_exit:
            case event::irq_handler_exit:
            case event::softirq_exit:
            case event::tasklet_exit: slice(r, 'E', "", ""); break;
            case event::workqueue_activate_work: instant(r, "activate " + functions_[r.function]); break;
            case event::timer_init: instant(r, "timer_init"); break;
            case event::timer_start: instant(r, "arm " + functions_[r.function]); break;
            case event::timer_cancel: instant(r, "timer_cancel"); break;
            case event::softirq_raise: instant(r, std::string("raise ") + r.text); break;
            case event::print: instant(r, r.text); break;
            case event::how_many: break;
        }
    }
    void begin(const record& r, char phase) {
        std::fprintf(to_, "%s\n{\"ph\":\"%c\",\"pid\":%d,\"tid\":%d,\"ts\":%lld.%03lld", first_ ? "" : ",", phase,
                     r.cpu, r.pid, static_cast<long long>(r.at / 1000), static_cast<long long>(r.at % 1000));
        first_ = false;
    }
    void slice(const record& r, char phase, const std::string& name, const char* category) {
        begin(r, phase);
        if (phase == 'B') {
            std::fprintf(to_, ",\"cat\":\"%s\",\"name\":\"%s\"", category, quoted(name).c_str());
            arguments(r);
        }
        std::fputc('}', to_);
    }
    void instant(const record& r, const std::string& name) {
        begin(r, 'i');
        std::fprintf(to_, ",\"s\":\"t\",\"name\":\"%s\"", quoted(name).c_str());
        arguments(r);
        std::fputc('}', to_);
    }
    /// Perfetto ties it to the slice around it, or to the next.
    void arrow(const record& r, char phase, std::uint64_t id) {
        begin(r, phase);
        std::fprintf(to_, ",\"cat\":\"queue\",\"name\":\"queued\",\"id\":%" PRIu64 "%s}", id,
                     phase == 'f' ? ",\"bp\":\"e\"" : "");
    }
    void arguments(const record& r) {
        std::fprintf(to_, ",\"args\":{\"%s\":\"%s\"}", names[r.event], quoted(describe(r, functions_)).c_str());
    }
    /// The names of CPU and thread, the first time they appear.
    void introduce(const record& r) {
        if (cpus_.insert(r.cpu).second) {
            begin(r, 'M');
            std::fprintf(to_, ",\"name\":\"process_name\",\"args\":{\"name\":\"CPU %d\"}}", r.cpu);
        }
        std::string& known = threads_[{r.cpu, r.pid}];
        if (known != r.comm || known.empty()) {   // a worker is named after it has begun
            known = r.comm[0] != '\0' ? r.comm : "?";
            begin(r, 'M');
            std::fprintf(to_, ",\"name\":\"thread_name\",\"args\":{\"name\":\"%s\"}}", quoted(known).c_str());
        }
    }
    static std::string quoted(const std::string& text) {
        std::string q;
        for (const char c : text) {
            if (c == '"' || c == '\\') q += '\\';
            if (static_cast<unsigned char>(c) >= ' ')
                q += c;
            else
                q += ' ';
        }
        return q;
    }

    std::FILE* to_;
    bool first_ = true;
    function_names functions_;
    std::uint64_t arrows_ = 0;
    std::map<const void*, std::uint64_t> arrow_;   // of an item that is queued
    std::set<int> cpus_;
    std::map<std::pair<int, int>, std::string> threads_;
};

}   // namespace detail

inline void write_json(std::FILE* to, const std::vector<record>& events) { detail::json_writer(to).write(events); }
/// All that is there.  Context: process.
inline void write_json(std::FILE* to) { write_json(to, reader().take()); }

}   // namespace bottomhalf::trace
