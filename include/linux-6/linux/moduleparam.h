// SPDX-License-Identifier: MIT
// <linux/moduleparam.h>: variables that are set as a module is loaded, by name=value on the command line of
// <bottomhalf/module_main.hpp>.  Where several modules of a program have a parameter of one name, name=value sets it in each of
// them, and module.name=value in one; a module's name is KBUILD_MODNAME, or the name of its file without what follows the
// dot.  A value that does not fit its variable is refused, and the variable stays as it was.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <type_traits>

#include <sys/stat.h>   // S_IRUSR and its kin

#include <linux/bottomhalf.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/stat.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

struct kernel_param;
struct kernel_param_ops {
    unsigned int flags;
    int (*set)(const char* val, const struct kernel_param* kp);   // val: null if there was no '='
    int (*get)(char* buffer, const struct kernel_param* kp);      // into a page
    void (*free)(void* arg);
};
inline constexpr unsigned int KERNEL_PARAM_OPS_FL_NOARG = 1;   // set() bears a null

struct kparam_string {
    unsigned int maxlen;
    char* string;
};
struct kparam_array {
    unsigned int max, elemsize;
    unsigned int* num;
    const struct kernel_param_ops* ops;
    void* elem;
};
struct kernel_param {
    const char* name;
    const struct kernel_param_ops* ops;
    unsigned short perm;
    union {
        void* arg;
        const struct kparam_string* str;
        const struct kparam_array* arr;
    };
    const struct kernel_param* bottomhalf_next;
    const char *bottomhalf_module, *bottomhalf_file;   // whose it is; null: nobody's
};

namespace impl {

BOTTOMHALF_STATE inline constinit const kernel_param* parameters = nullptr;   // before main() only

/// A parameter is in the list from before main() on.
struct parameter {
    kernel_param p;

    parameter(const char* n, const kernel_param_ops* o, void* arg, unsigned short perm, const char* module,
              const char* file) noexcept
        : p{n, o, perm, {arg}, parameters, module, file} {
        parameters = &p;
    }
    parameter(const parameter&) = delete;
    parameter& operator=(const parameter&) = delete;
};

template <class T>
int set_number(const char* val, const kernel_param* kp) noexcept {
    return val == nullptr ? -EINVAL : kstrtox_impl::parse(val, 0, static_cast<T*>(kp->arg));
}
template <class T>
int get_number(char* buffer, const kernel_param* kp) noexcept {
    if constexpr (std::is_unsigned_v<T>)
        return std::sprintf(buffer, "%llu\n", static_cast<unsigned long long>(*static_cast<const T*>(kp->arg)));
    else
        return std::sprintf(buffer, "%lld\n", static_cast<long long>(*static_cast<const T*>(kp->arg)));
}

}   // namespace impl

#define BOTTOMHALF_PARAM(name, type)                                                       \
    inline int param_set_##name(const char* val, const struct kernel_param* kp) noexcept { \
        return impl::set_number<type>(val, kp);                                            \
    }                                                                                      \
    inline int param_get_##name(char* buffer, const struct kernel_param* kp) noexcept {    \
        return impl::get_number<type>(buffer, kp);                                         \
    }                                                                                      \
    inline constexpr kernel_param_ops param_ops_##name = {0, param_set_##name, param_get_##name, nullptr};
BOTTOMHALF_PARAM(byte, unsigned char)
BOTTOMHALF_PARAM(short, short)
BOTTOMHALF_PARAM(ushort, unsigned short)
BOTTOMHALF_PARAM(int, int)
BOTTOMHALF_PARAM(uint, unsigned int)
BOTTOMHALF_PARAM(long, long)
BOTTOMHALF_PARAM(ulong, unsigned long)
BOTTOMHALF_PARAM(ullong, unsigned long long)
#undef BOTTOMHALF_PARAM

inline int param_set_hexint(const char* val, const struct kernel_param* kp) noexcept {
    return val == nullptr ? -EINVAL : kstrtouint(val, 16, static_cast<unsigned int*>(kp->arg));
}
inline int param_get_hexint(char* buffer, const struct kernel_param* kp) noexcept {
    return std::sprintf(buffer, "%#08x\n", *static_cast<unsigned int*>(kp->arg));
}
inline constexpr kernel_param_ops param_ops_hexint = {0, param_set_hexint, param_get_hexint, nullptr};

/// Without a value: true.
inline int param_set_bool(const char* val, const struct kernel_param* kp) noexcept {
    return kstrtobool(val == nullptr ? "1" : val, static_cast<bool*>(kp->arg));
}
inline int param_get_bool(char* buffer, const struct kernel_param* kp) noexcept {
    return std::sprintf(buffer, "%c\n", *static_cast<bool*>(kp->arg) ? 'Y' : 'N');
}
inline constexpr kernel_param_ops param_ops_bool = {KERNEL_PARAM_OPS_FL_NOARG, param_set_bool, param_get_bool, nullptr};
inline int param_set_invbool(const char* val, const struct kernel_param* kp) noexcept {
    bool value = false;
    const int err = kstrtobool(val == nullptr ? "1" : val, &value);
    if (err == 0) *static_cast<bool*>(kp->arg) = !value;
    return err;
}
inline int param_get_invbool(char* buffer, const struct kernel_param* kp) noexcept {
    return std::sprintf(buffer, "%c\n", *static_cast<bool*>(kp->arg) ? 'N' : 'Y');
}
/// A truth that is kept in an int.
inline int param_set_bint(const char* val, const struct kernel_param* kp) noexcept {
    bool value = false;
    const int err = kstrtobool(val == nullptr ? "1" : val, &value);
    if (err == 0) *static_cast<int*>(kp->arg) = value ? 1 : 0;
    return err;
}
inline int param_get_bint(char* buffer, const struct kernel_param* kp) noexcept {
    return std::sprintf(buffer, "%c\n", *static_cast<int*>(kp->arg) != 0 ? 'Y' : 'N');
}
inline constexpr kernel_param_ops param_ops_bint = {KERNEL_PARAM_OPS_FL_NOARG, param_set_bint, param_get_bint, nullptr};
inline constexpr kernel_param_ops param_ops_invbool = {KERNEL_PARAM_OPS_FL_NOARG, param_set_invbool, param_get_invbool,
                                                       nullptr};
/// The text stays where it is: of a command line, for the life of the program.
inline int param_set_charp(const char* val, const struct kernel_param* kp) noexcept {
    if (val == nullptr) return -EINVAL;
    *static_cast<char**>(kp->arg) = const_cast<char*>(val);
    return 0;
}
inline int param_get_charp(char* buffer, const struct kernel_param* kp) noexcept {
    const char* text = *static_cast<char**>(kp->arg);
    return std::snprintf(buffer, 4096, "%s\n", text != nullptr ? text : "(null)");
}
inline constexpr kernel_param_ops param_ops_charp = {0, param_set_charp, param_get_charp, nullptr};
inline int param_set_copystring(const char* val, const struct kernel_param* kp) noexcept {
    if (val == nullptr) return -EINVAL;
    if (std::strlen(val) + 1 > kp->str->maxlen) return -ENOSPC;
    std::strcpy(kp->str->string, val);
    return 0;
}
inline int param_get_string(char* buffer, const struct kernel_param* kp) noexcept {
    return std::snprintf(buffer, 4096, "%s\n", kp->str->string);
}
inline constexpr kernel_param_ops param_ops_string = {0, param_set_copystring, param_get_string, nullptr};

/// Values with commas between them.
inline int param_array_set(const char* val, const struct kernel_param* kp) noexcept {
    const kparam_array& a = *kp->arr;
    unsigned int n = 0;
    if (val == nullptr) return -EINVAL;
    for (bool more = true; more; ++n) {   // an empty text is one empty value
        if (n == a.max) return -EINVAL;
        const char* end = std::strchr(val, ',');
        more = end != nullptr;
        const std::size_t length = end != nullptr ? static_cast<std::size_t>(end - val) : std::strlen(val);
        kernel_param one = *kp;
        one.arg = static_cast<char*>(a.elem) + n * a.elemsize;
        int err = -EINVAL;
        if (a.ops == &param_ops_charp) {   // it keeps what it is given
            char* text = static_cast<char*>(std::malloc(length + 1));
            if (text == nullptr) return -ENOMEM;
            std::memcpy(text, val, length);
            text[length] = '\0';
            err = a.ops->set(text, &one);
        } else if (char text[64]; length < sizeof text) {
            std::memcpy(text, val, length);
            text[length] = '\0';
            err = a.ops->set(text, &one);
        }
        if (err != 0) return err;
        val += length + 1;
    }
    if (a.num != nullptr) *a.num = n;
    return 0;
}
inline int param_array_get(char* buffer, const struct kernel_param* kp) noexcept {
    const kparam_array& a = *kp->arr;
    int at = 0;
    for (unsigned int i = 0; i < (a.num != nullptr ? *a.num : a.max); ++i) {
        if (i != 0) buffer[at - 1] = ',';   // instead of the newline
        kernel_param one = *kp;
        one.arg = static_cast<char*>(a.elem) + i * a.elemsize;
        at += a.ops->get(buffer + at, &one);
    }
    buffer[at] = '\0';
    return at;
}
inline constexpr kernel_param_ops param_array_ops = {0, param_array_set, param_array_get, nullptr};

namespace impl {
/// Whether two names are the same, `-` being a `_`.
inline bool same_name(std::string_view a, std::string_view b) noexcept {
    const auto plain = [](char c) { return c == '-' ? '_' : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return plain(x) == plain(y); });
}
/// Whether a parameter is of the module of that name.
inline bool is_of(const kernel_param& p, std::string_view module) noexcept {
    if (p.bottomhalf_module == nullptr) return false;
    if (same_name(module, p.bottomhalf_module)) return true;
    std::string_view file = p.bottomhalf_file;
    file.remove_prefix(file.rfind('/') + 1);   // npos + 1 is 0
    return same_name(module, file.substr(0, file.find('.')));
}
}   // namespace impl

/// "name=value" or "module.name=value"; `-` and `_` are the same in a name.  Return: 0, -ENOENT if no module has such a
/// parameter, or what is wrong with the value: -EINVAL, -ERANGE, -ENOSPC, ...
inline int set_module_parameter(const char* text) noexcept {
    const char* equals = std::strchr(text, '=');
    std::string_view name = equals != nullptr ? std::string_view(text, static_cast<std::size_t>(equals - text)) : text;
    const std::size_t dot = name.rfind('.');
    const std::string_view module = name.substr(0, dot);
    if (dot != name.npos) name.remove_prefix(dot + 1);
    bool any = false;
    int err = 0;
    for (const kernel_param* p = impl::parameters; p != nullptr && err == 0; p = p->bottomhalf_next) {
        if (!impl::same_name(name, p->name) || (dot != name.npos && !impl::is_of(*p, module))) continue;
        any = true;
        if (equals == nullptr && (p->ops->flags & KERNEL_PARAM_OPS_FL_NOARG) == 0) return -EINVAL;
        err = p->ops->set(equals != nullptr ? equals + 1 : nullptr, p);
    }
    return any ? err : -ENOENT;
}

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::kernel_param;
using bottomhalf::linux6::kernel_param_ops;
using bottomhalf::linux6::KERNEL_PARAM_OPS_FL_NOARG;
using bottomhalf::linux6::kparam_array;
using bottomhalf::linux6::kparam_string;
using bottomhalf::linux6::param_array_ops;
#define BOTTOMHALF_PARAM_NAMES(type)            \
    using bottomhalf::linux6::param_set_##type; \
    using bottomhalf::linux6::param_get_##type; \
    using bottomhalf::linux6::param_ops_##type;
BOTTOMHALF_PARAM_NAMES(byte)
BOTTOMHALF_PARAM_NAMES(short)
BOTTOMHALF_PARAM_NAMES(ushort)
BOTTOMHALF_PARAM_NAMES(int)
BOTTOMHALF_PARAM_NAMES(uint)
BOTTOMHALF_PARAM_NAMES(long)
BOTTOMHALF_PARAM_NAMES(ulong)
BOTTOMHALF_PARAM_NAMES(ullong)
BOTTOMHALF_PARAM_NAMES(hexint)
BOTTOMHALF_PARAM_NAMES(bool)
BOTTOMHALF_PARAM_NAMES(invbool)
BOTTOMHALF_PARAM_NAMES(bint)
BOTTOMHALF_PARAM_NAMES(charp)
#undef BOTTOMHALF_PARAM_NAMES
using bottomhalf::linux6::param_get_string;
using bottomhalf::linux6::param_ops_string;
using bottomhalf::linux6::param_set_copystring;

// The type by its name, so that a variable of another one is an error and not a surprise.
#define bottomhalf_type_of_byte unsigned char
#define bottomhalf_type_of_hexint unsigned int
#define bottomhalf_type_of_short short
#define bottomhalf_type_of_ushort unsigned short
#define bottomhalf_type_of_int int
#define bottomhalf_type_of_uint unsigned int
#define bottomhalf_type_of_long long
#define bottomhalf_type_of_ulong unsigned long
#define bottomhalf_type_of_ullong unsigned long long
#define bottomhalf_type_of_charp char*
#define bottomhalf_type_of_bool bool
#define bottomhalf_type_of_invbool bool
#define bottomhalf_type_of_bint int
#define bottomhalf_check_param(expression, type)                                                        \
    static_assert(std::is_same_v<std::remove_cvref_t<decltype(expression)>, bottomhalf_type_of_##type>, \
                  "the variable is not of type " #type)

#define bottomhalf_param_of(module, name, ops, arg, perm)                     \
    static ::bottomhalf::linux6::impl::parameter bottomhalf_parameter_##name( \
        #name, ops, arg, static_cast<unsigned short>(perm), module, __FILE__)
#define bottomhalf_param(name, ops, arg, perm) bottomhalf_param_of(KBUILD_MODNAME, name, ops, arg, perm)
/// Of no module.
#define core_param(name, variable, type, perm) \
    bottomhalf_check_param((variable), type);  \
    bottomhalf_param_of(nullptr, name, &::bottomhalf::linux6::param_ops_##type, (void*)&(variable), perm)
#define module_param_cb(name, ops, arg, perm) bottomhalf_param(name, ops, arg, perm)
#define module_param_named(name, variable, type, perm) \
    bottomhalf_check_param((variable), type);          \
    bottomhalf_param(name, &::bottomhalf::linux6::param_ops_##type, (void*)&(variable), perm)
#define module_param(name, type, perm) module_param_named(name, name, type, perm)
#define module_param_unsafe(name, type, perm) module_param(name, type, perm)
#define module_param_named_unsafe(name, variable, type, perm) module_param_named(name, variable, type, perm)
#define module_param_hw(name, type, hwtype, perm) module_param(name, type, perm)
#define module_param_string(name, text, len, perm)                                \
    static const struct kparam_string bottomhalf_string_##name = {(len), (text)}; \
    bottomhalf_param(name, &param_ops_string, (void*)&bottomhalf_string_##name, perm)
#define module_param_array_named(name, array, type, nump, perm)                                                    \
    bottomhalf_check_param((array)[0], type);                                                                      \
    static const struct kparam_array bottomhalf_array_##name = {sizeof(array) / sizeof((array)[0]),                \
                                                                sizeof((array)[0]), (unsigned int*)(nump),         \
                                                                &::bottomhalf::linux6::param_ops_##type, (array)}; \
    bottomhalf_param(name, &param_array_ops, (void*)&bottomhalf_array_##name, perm)
#define module_param_array(name, type, nump, perm) module_param_array_named(name, name, type, nump, perm)
#define MODULE_PARM_DESC(name, text) static_assert(true)
