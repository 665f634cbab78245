// SPDX-License-Identifier: MIT
// <linux/moduleparam.h>: variables that are set as a module is loaded, by name=value on the command line of
// <bottomhalf/module_main.hpp>.  A value that does not fit its variable is refused, and the variable stays as it was.
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux26 {
inline namespace BOTTOMHALF_ENGINE {
namespace impl {

struct module_parameter {
    const char* name;
    void* value;
    bool (*parse)(const char* text, void* value) noexcept;
    module_parameter* next;

    module_parameter(const char* n, void* v, bool (*p)(const char*, void*) noexcept) noexcept;
};
BOTTOMHALF_STATE inline constinit module_parameter* parameters = nullptr;   // before main() only

inline module_parameter::module_parameter(const char* n, void* v, bool (*p)(const char*, void*) noexcept) noexcept
    : name(n), value(v), parse(p), next(parameters) {
    parameters = this;
}
/// `n` is what the text from `text` to `end` says.  Return: false if that is not all of it, or no T.
template <class T, class N>
bool fits(N n, const char* text, const char* end, void* value) noexcept {
    const auto narrow = static_cast<T>(n);
    if (end == text || *end != '\0' || errno != 0 || static_cast<N>(narrow) != n) return false;
    *static_cast<T*>(value) = narrow;
    return true;
}
template <class T>
bool parse_parameter(const char* text, void* value) noexcept {
    if constexpr (std::is_pointer_v<T>) {   // charp
        *static_cast<T*>(value) = const_cast<T>(text);
        return true;
    } else {
        if (*text == 'y' || *text == 'Y') return *static_cast<T*>(value) = static_cast<T>(1), true;   // of type bool
        if (*text == 'n' || *text == 'N') return *static_cast<T*>(value) = static_cast<T>(0), true;
        char* end;
        errno = 0;
        if constexpr (std::is_unsigned_v<T>) {
            const auto n = std::strtoull(text, &end, 0);   // which takes a minus, too
            return std::strchr(text, '-') == nullptr && fits<T>(n, text, end, value);
        } else {
            const auto n = std::strtoll(text, &end, 0);
            return fits<T>(n, text, end, value);
        }
    }
}

}   // namespace impl

/// "name=value", in each module that has such a parameter.  Return: 0, -ENOENT if no module has such a parameter, -EINVAL if the value is not one.
inline int set_module_parameter(const char* text) noexcept {
    const char* equals = std::strchr(text, '=');
    const std::size_t n = equals != nullptr ? static_cast<std::size_t>(equals - text) : std::strlen(text);
    bool any = false;
    for (impl::module_parameter* p = impl::parameters; p != nullptr; p = p->next)
        if (std::strlen(p->name) == n && std::memcmp(p->name, text, n) == 0) {
            if (!p->parse(equals != nullptr ? equals + 1 : "y", p->value)) return -EINVAL;
            any = true;
        }
    return any ? 0 : -ENOENT;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux26

#define module_param_named(name, variable, type, permissions)                         \
    static ::bottomhalf::linux26::impl::module_parameter bottomhalf_parameter_##name( \
        #name, &(variable), &::bottomhalf::linux26::impl::parse_parameter<__typeof__(variable)>)
#define module_param(name, type, permissions) module_param_named(name, name, type, permissions)
#define MODULE_PARM_DESC(name, text) static_assert(true)
