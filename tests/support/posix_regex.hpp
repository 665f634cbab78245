// SPDX-License-Identifier: MIT
//
// Extended regular expressions of POSIX.  Not <regex>, which cannot be included behind a facade: the kernel's macros are words
// like `current`.
#pragma once

#include <cstddef>
#include <string>

#include <regex.h>

namespace support {

[[nodiscard]] inline bool has_match(const std::string& text, const std::string& pattern) {
    regex_t r;
    if (::regcomp(&r, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
    const bool found = ::regexec(&r, text.c_str(), 0, nullptr, 0) == 0;
    ::regfree(&r);
    return found;
}
/// Each match gives way to `by`, which holds no references to groups.
[[nodiscard]] inline std::string replaced(const std::string& text, const std::string& pattern, const std::string& by) {
    regex_t r;
    if (::regcomp(&r, pattern.c_str(), REG_EXTENDED) != 0) return text;
    std::string out;
    const char* at = text.c_str();
    regmatch_t m;
    while (*at != '\0' && ::regexec(&r, at, 1, &m, at == text.c_str() ? 0 : REG_NOTBOL) == 0 && m.rm_eo > m.rm_so) {
        out.append(at, static_cast<std::size_t>(m.rm_so));
        out += by;
        at += m.rm_eo;
    }
    ::regfree(&r);
    return out + at;
}

}   // namespace support
