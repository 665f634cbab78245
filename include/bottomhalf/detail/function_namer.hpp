// SPDX-License-Identifier: MIT
// function_namer.hpp: what stands for "%ps", for those that print functions and should not read symbol tables themselves.
#pragma once

#include <cstddef>

#include <bottomhalf/arch/console.hpp>
#include <bottomhalf/detail/annotations.hpp>

namespace bottomhalf::detail {

/// Writes the function's name, at most n - 1 characters of it.
using function_namer = void(const void* function, char* to, std::size_t n);
/// Set by sim/symbols.hpp, where that is included.
BOTTOMHALF_STATE inline constinit arch::hook<function_namer> namer{};

}   // namespace bottomhalf::detail
