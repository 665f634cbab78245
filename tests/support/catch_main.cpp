// SPDX-License-Identifier: MIT
//
// main() of every test where Catch2 is 2.13 (version 3 brings its own): compiled once, because it takes ten seconds.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
