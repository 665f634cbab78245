// SPDX-License-Identifier: MIT
// <linux/irqreturn.h>: what a handler says: was it my device?
#pragma once

#include <linux/bottomhalf.h>

namespace bottomhalf::linux6 {
inline namespace BOTTOMHALF_ENGINE {

enum irqreturn : int {
    IRQ_NONE = 0,
    IRQ_HANDLED = 1,
    IRQ_WAKE_THREAD = 2   // run the thread's function, too
};
typedef enum irqreturn irqreturn_t;

// In C they are integers.
constexpr irqreturn_t operator|(irqreturn_t a, irqreturn_t b) noexcept {
    return static_cast<irqreturn_t>(static_cast<int>(a) | static_cast<int>(b));
}
constexpr irqreturn_t operator&(irqreturn_t a, irqreturn_t b) noexcept {
    return static_cast<irqreturn_t>(static_cast<int>(a) & static_cast<int>(b));
}
constexpr irqreturn_t& operator|=(irqreturn_t& a, irqreturn_t b) noexcept { return a = a | b; }
constexpr irqreturn_t& operator&=(irqreturn_t& a, irqreturn_t b) noexcept { return a = a & b; }

}   // namespace BOTTOMHALF_ENGINE
}   // namespace bottomhalf::linux6

using bottomhalf::linux6::irqreturn;
using bottomhalf::linux6::irqreturn_t;
using enum bottomhalf::linux6::irqreturn;

#define IRQ_RETVAL(x) ((x) ? IRQ_HANDLED : IRQ_NONE)
