// SPDX-License-Identifier: MIT
// <linux/bottomhalf_free.h>: what of <linux/cleanup.h> has nothing to do with locks: memory, and anything else, that goes at
// the end of a scope.  <linux/slab.h> brings it, too.  In the macros `leave` is a statement over _T.
#pragma once

#include <linux/err.h>
#include <linux/slab.h>

namespace bottomhalf::linux6 {

/// The pointer, which its scope does not free any more.
template <class T>
[[nodiscard]] T bottomhalf_take_pointer(T& p) noexcept {
    T taken = p;
    p = nullptr;
    return taken;
}

}   // namespace bottomhalf::linux6

using bottomhalf::linux6::bottomhalf_take_pointer;

#define DEFINE_FREE(name, type, leave)                                      \
    [[maybe_unused]] static inline void __free_##name(void* bottomhalf_p) { \
        using bottomhalf_t __attribute__((__may_alias__)) = type;           \
        type _T = *static_cast<bottomhalf_t*>(bottomhalf_p);                \
        leave;                                                              \
    }
#define __free(name) __attribute__((__cleanup__(__free_##name)))
#define no_free_ptr(p) bottomhalf_take_pointer(p)
#define return_ptr(p) return no_free_ptr(p)
#define retain_and_null_ptr(p) ((void)no_free_ptr(p))

#define DEFINE_CLASS(name, type, leave, init, ...)                                      \
    using class_##name##_t = type;                                                      \
    [[maybe_unused]] static inline void class_##name##_destructor(type* bottomhalf_p) { \
        type _T = *bottomhalf_p;                                                        \
        leave;                                                                          \
    }                                                                                   \
    [[maybe_unused]] static inline type class_##name##_constructor(__VA_ARGS__) {       \
        type bottomhalf_t = init;                                                       \
        return bottomhalf_t;                                                            \
    }
#define EXTEND_CLASS(name, ext, init, ...)                                                               \
    using class_##name##ext##_t = class_##name##_t;                                                      \
    [[maybe_unused]] static inline void class_##name##ext##_destructor(class_##name##_t* bottomhalf_p) { \
        class_##name##_destructor(bottomhalf_p);                                                         \
    }                                                                                                    \
    [[maybe_unused]] static inline class_##name##_t class_##name##ext##_constructor(__VA_ARGS__) {       \
        class_##name##_t bottomhalf_t = init;                                                            \
        return bottomhalf_t;                                                                             \
    }
#define CLASS(name, variable) \
    class_##name##_t variable __attribute__((__cleanup__(class_##name##_destructor))) = class_##name##_constructor

DEFINE_FREE(kfree, void*, if (_T != nullptr && !IS_ERR(_T)) kfree(_T))
DEFINE_FREE(kvfree, void*, if (_T != nullptr && !IS_ERR(_T)) kvfree(_T))
DEFINE_FREE(kfree_sensitive, void*, if (_T != nullptr) kfree_sensitive(_T))
