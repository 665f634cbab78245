// SPDX-License-Identifier: MIT
// <linux/bottomhalf_pointer.h>: what stands where the kernel has a void*.  C converts one to any other pointer by itself,
// C++ does not, so the calls that return one return this, which does: `struct foo *f = kzalloc(sizeof *f, GFP_KERNEL)`.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace bottomhalf::linux6 {

/// A result.  The same as void* to the machine, and returned in a register like one.  Made explicitly only, so that
/// `p ? p : ERR_PTR(-ENOMEM)` has one type to choose.
class bottomhalf_pointer {
public:
    bottomhalf_pointer() = default;
    explicit constexpr bottomhalf_pointer(void* p) noexcept : p_(p) {}
    constexpr bottomhalf_pointer(std::nullptr_t) noexcept : p_(nullptr) {}   // NOLINT: `n ? kmalloc(n, flags) : NULL`
    template <class T>
    operator T*() const noexcept {   // NOLINT: that is what it is for
        return reinterpret_cast<T*>(p_);
    }
    explicit constexpr operator bool() const noexcept { return p_ != nullptr; }
    template <std::integral T>
    requires(!std::same_as<T, bool> && sizeof(T) == sizeof(void*)) explicit operator T() const noexcept {
        return reinterpret_cast<T>(p_);
    }

    template <class T>
    friend bool operator==(bottomhalf_pointer a, T* b) noexcept {
        return a.p_ == reinterpret_cast<const volatile void*>(b);
    }
    friend constexpr bool operator==(bottomhalf_pointer a, std::nullptr_t) noexcept { return a.p_ == nullptr; }
    friend constexpr bool operator==(bottomhalf_pointer a, bottomhalf_pointer b) noexcept { return a.p_ == b.p_; }

private:
    void* p_;
};

/// A field, such as `dev->platform_data`: takes any pointer, too.
class bottomhalf_pointer_field : public bottomhalf_pointer {
public:
    bottomhalf_pointer_field() = default;
    constexpr bottomhalf_pointer_field(bottomhalf_pointer p) noexcept : bottomhalf_pointer(p) {}               // NOLINT
    constexpr bottomhalf_pointer_field(std::nullptr_t) noexcept : bottomhalf_pointer(nullptr) {}               // NOLINT
    constexpr bottomhalf_pointer_field(const void* p) noexcept : bottomhalf_pointer(const_cast<void*>(p)) {}   // NOLINT
};

static_assert(std::is_trivially_copyable_v<bottomhalf_pointer> && std::is_standard_layout_v<bottomhalf_pointer_field> &&
              sizeof(bottomhalf_pointer) == sizeof(void*));

}   // namespace bottomhalf::linux6
