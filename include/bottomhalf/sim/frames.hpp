// SPDX-License-Identifier: MIT
// frames.hpp: addresses in code, as the driver's author sees them: his functions, his lines.  What the compiler has put
// into another function is found there (addr2line, where it is installed); the library's own frames are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

#include <bottomhalf/sim/symbols.hpp>

namespace bottomhalf::sim {

/// What there is to say of some addresses.  Asked all at once, because that starts a program.
/// Context: a plain thread, not in a world.
class frames {
public:
    explicit frames(const std::vector<const void*>& pcs) {
        std::map<const detail::loaded_file*, std::vector<const void*>> by_file;
        for (const void* const pc : pcs) {
            if (!of_.try_emplace(pc).second) continue;
            if (const detail::loaded_file* const file = file_of(pc); file != nullptr) by_file[file].push_back(pc);
        }
        for (const auto& [file, which] : by_file) ask(*file, which);
        for (auto& [pc, chain] : of_)
            if (chain.empty()) guess(pc, chain);
    }
    /// Of a stack, innermost first: "my_remove() driver.c:57".
    [[nodiscard]] std::vector<std::string> operator()(const std::vector<const void*>& stack) const {
        std::vector<std::string> texts;
        for (const void* const pc : stack)
            if (const auto at = of_.find(pc); at != of_.end())
                texts.insert(texts.end(), at->second.begin(), at->second.end());
        return texts;
    }

private:
    std::map<const void*, std::vector<std::string>> of_;

    static std::uintptr_t number(const void* pc) noexcept { return reinterpret_cast<std::uintptr_t>(pc); }
    static const detail::loaded_file* file_of(const void* pc) {
        return detail::loaded_files::now().file_of(number(pc));
    }

    void ask(const detail::loaded_file& file, const std::vector<const void*>& pcs) {
        std::string path = file.path;
        if (path == "/proc/self/exe") path = "/proc/" + std::to_string(::getpid()) + "/exe";
        std::string command = "addr2line -f -i -a -e '" + path + '\'';
        char hex[32];
        for (const void* const pc : pcs) {
            std::snprintf(hex, sizeof hex, " 0x%zx", static_cast<std::size_t>(number(pc) - file.bias));
            command += hex;
        }
        std::FILE* const out = ::popen((command + " 2>/dev/null").c_str(), "r");
        if (out == nullptr) return;
        // "0x00001139", then pairs of a name and a place, innermost first.
        std::size_t next = 0;
        std::string name;
        char raw[4096];
        while (std::fgets(raw, sizeof raw, out) != nullptr) {
            std::string line = raw;
            line.resize(line.find_first_of('\n'));
            if (line.starts_with("0x")) {
                ++next;
                name.clear();
            } else if (name.empty()) {
                name = line;
            } else {
                if (next > 0 && next <= pcs.size() && name != "??" && is_drivers(line))
                    of_[pcs[next - 1]].push_back(words(name, line));
                if (next > 0 && next <= pcs.size() && name != "??" && !is_drivers(line))
                    known_.insert({pcs[next - 1], 0});
                name.clear();
            }
        }
        ::pclose(out);
    }
    std::map<const void*, int> known_;   // to be the library's

    /// By the names alone.
    void guess(const void* pc, std::vector<std::string>& chain) const {
        if (known_.contains(pc)) return;
        const detail::loaded_file* const file = file_of(pc);
        const auto* const f = file != nullptr ? file->function_at(number(pc) - file->bias) : nullptr;
        if (f == nullptr) return;
        const std::string name = detail::readable(f->name);
        for (const char* theirs : {"bottomhalf::", "std::", "bottomhalf_", "Catch::", "__"})
            if (name.starts_with(theirs) || name.find(std::string(" ") + theirs) != std::string::npos) return;
        chain.push_back(name);
    }
    static std::string words(const std::string& name, std::string_view line) {
        const std::string where = place(line);
        if (name == "operator()" && !where.empty()) return where.substr(1);   // of a lambda: says nothing
        return detail::readable(name.c_str()) + where;
    }
    static std::string place(std::string_view line) {
        std::string text(line.substr(line.rfind('/') + 1));
        text.resize(std::min(text.size(), text.find(' ')));   // "(discriminator 3)"
        if (text.empty() || text[0] == '?' || text.ends_with(":?") || text.ends_with(":0")) return "";
        return ' ' + text;
    }
    /// Not of this library, nor of the compiler's.
    static bool is_drivers(std::string_view file) {
        static constexpr std::string_view here = __FILE__;
        static const std::string root = [] {
            std::string r(here.substr(0, here.rfind("bottomhalf/sim/")));
            return r.empty() || r[0] == '/' ? r : '/' + r;
        }();
        for (const char* part : {"bottomhalf/", "linux-6/", "linux-2.6/"})
            if (file.find(root + part) != std::string_view::npos) return false;
        return !file.starts_with("/usr/include/") && !file.starts_with("/usr/lib/") &&
               file.find("/c++/") == std::string_view::npos && file.find("sysdeps/") == std::string_view::npos;
    }
};

}   // namespace bottomhalf::sim
