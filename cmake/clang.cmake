# SPDX-License-Identifier: MIT
#
# Toolchain file of the clang presets: the newest clang of at least 16 (older ones cannot read the C++20 headers of
# libstdc++).  -D BOTTOMHALF_CLANG=/path/to/clang++ chooses one by hand.
find_program(BOTTOMHALF_CLANG NAMES clang++-19 clang++-22 clang++-21 clang++-20 clang++-18 clang++-17 clang++-16 clang++
    DOC "The clang++ of the clang presets, 16 or newer")
if(NOT BOTTOMHALF_CLANG)
    message(FATAL_ERROR "no clang++ found (Debian, Ubuntu: apt install clang-19)")
endif()
set(CMAKE_CXX_COMPILER ${BOTTOMHALF_CLANG})
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES BOTTOMHALF_CLANG)
