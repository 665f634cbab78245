// SPDX-License-Identifier: MIT
// timeline.hpp: a schedule, as a person reads it.  A column for each CPU, and one for tasks that have none yet:
//
//   JIFFIES      |                              | CPU 0                        | CPU 1
//   4294892296   | main: remove() driver.c:57   |                              |
//                |                              | events/0: > work_fn()        |
//                |                              | events/0: | read_status()    |
//
// What is in it: who runs; where he is when another comes first, or when he sleeps, and on what; the driver's functions that
// are called by the machine ("> handler()", "< handler()"); interrupts; time that passes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <execinfo.h>

#include <bottomhalf/arch/sim_choice.hpp>
#include <bottomhalf/jiffies.hpp>

namespace bottomhalf::sim {

class timeline final : public arch::sim_observer {
public:
    void event(arch::sim_event kind, const arch::task& who, const char* what, const void* where,
               arch::ns_t now) noexcept override {
        using e = arch::sim_event;
        if (over_ && kind != e::fails) return;
        switch (kind) {
            case e::runs:           // what it does next says so
            case e::time: return;   // the first column shows it
            case e::preempted: return add(now, who, "preempted", nullptr, true);
            case e::gives_way: return add(now, who, "waits in a loop", nullptr, true);
            case e::sleeps: return add(now, who, std::string("waits for ") + what, nullptr, true);
            case e::wakes: return add(now, who, what != nullptr ? "is woken" : "its time has come");
            case e::ends: return add(now, who, "ends");
            case e::interrupt: return add(now, who, "-> interrupt");
            case e::returns: return add(now, who, "<- interrupt");
            case e::calls: return add(now, who, std::string("> @") + what, where);
            case e::called: return add(now, who, std::string("< @") + what, where);
            case e::fails: return add(now, who, std::string("FAILS: ") + what, nullptr, true);
            case e::note: return add(now, who, what);
        }
    }
    /// What was before is of no interest: the machine has come up.
    void begin() noexcept { lines_.clear(); }
    /// And neither is what comes from now on, unless it fails: it goes down.
    void end() noexcept { over_ = true; }

    /// The addresses that print() will ask about.
    [[nodiscard]] std::vector<const void*> addresses() const {
        std::vector<const void*> all;
        for (const line& l : lines_) all.insert(all.end(), l.pcs.begin(), l.pcs.end());
        return all;
    }
    /// `frames`: what of a stack, or of one address, is of interest, in words, innermost first; not the library's own.
    /// Context: outside of the world.
    template <class Frames>
    [[nodiscard]] std::string print(Frames frames) const {
        std::vector<int> columns;
        for (const line& l : lines_)
            if (std::find(columns.begin(), columns.end(), l.cpu) == columns.end()) columns.push_back(l.cpu);
        std::sort(columns.begin(), columns.end());
        std::string head = "JIFFIES      ";
        for (const int cpu : columns) head += " | " + padded(cpu < 0 ? "" : "CPU " + std::to_string(cpu));
        std::string text = trimmed(std::move(head)) + '\n';
        if (left_out_ > 0) text += "... " + std::to_string(left_out_) + " earlier lines\n";
        unsigned long shown = 0;
        std::map<std::int32_t, std::string> stacks;   // of who sleeps
        for (const line& l : lines_) {
            const unsigned long j = jiffies_at(l.at);
            char field[40];
            std::snprintf(field, sizeof field, "%-13s",
                          &l == &lines_.front() || j != shown ? std::to_string(j).c_str() : "");
            shown = j;
            const std::vector<std::string> calls = frames(l.pcs);
            std::string row = field;
            for (const int cpu : columns) row += " | " + padded(cpu == l.cpu ? words(l, calls) : "");
            text += trimmed(std::move(row)) + '\n';
            stacks.erase(l.pid);
            if (l.stands && !calls.empty()) {
                std::string& stack = stacks[l.pid] = "  " + l.comm + ": " + l.text + '\n';
                for (const std::string& call : calls) stack += "    " + call + '\n';
            }
        }
        if (!stacks.empty()) text += "who stands where:\n";
        for (const auto& [pid, stack] : stacks) text += stack;
        return text;
    }

private:
    static constexpr std::size_t width = 44, most = 200, deepest = 40;
    struct line {
        arch::ns_t at;
        int cpu;
        std::int32_t pid;
        bool stands;   // `pcs` are the calls that he is in; otherwise it is a function
        std::string comm, text;
        std::vector<const void*> pcs;
    };
    std::deque<line> lines_;
    std::size_t left_out_ = 0;
    bool over_ = false;

    static unsigned long jiffies_at(arch::ns_t ns) noexcept {
        return initial_jiffies + static_cast<unsigned long>(ns / tick_ns);
    }
    void add(arch::ns_t now, const arch::task& who, std::string text, const void* function = nullptr,
             bool stands = false) {
        std::replace(text.begin(), text.end(), '\n', ' ');   // a row is one
        if (lines_.size() == most) lines_.pop_front(), ++left_out_;
        lines_.push_back({now, who.cpu, who.pid, stands, who.comm, std::move(text), {}});
        std::vector<const void*>& pcs = lines_.back().pcs;
        if (function != nullptr) pcs.push_back(function);
        if (!stands) return;
        void* pc[deepest];
        const int n = ::backtrace(pc, static_cast<int>(deepest));
        for (int i = 0; i < n; ++i)
            pcs.push_back(static_cast<const char*>(pc[i]) - 1);   // the call, not what follows it
    }
    /// "main: remove() driver.c:57: preempted", "events/0: > work_fn() driver.c:20, work queue handler"
    static std::string words(const line& l, const std::vector<std::string>& calls) {
        std::string is = l.comm + ": ";
        if (l.stands) return is + (calls.empty() ? "" : calls.front() + ": ") + l.text;
        const std::size_t at = l.text.find('@');
        if (at == std::string::npos || l.pcs.empty()) return is + l.text;
        return is + l.text.substr(0, at) + (calls.empty() ? "" : calls.front() + ", ") + l.text.substr(at + 1);
    }
    static std::string padded(std::string text) {
        if (text.size() < width) text.resize(width, ' ');
        return text;
    }
    static std::string trimmed(std::string text) {
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    }
};

}   // namespace bottomhalf::sim
