#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: no_cmake.sh SOURCE_TREE PROGRAM COMPILER [FLAGS...]
# Compiles the consumer with nothing but two include directories, and runs it.
set -eu
tree=$1 program=$2
shift 2
here=$tree/tests/consumer
set -x
"$@" -Wall -Wextra -Werror -I"$tree/include" -I"$tree/include/linux-2.6" \
    "$here/main.cpp" "$here/driver.cpp" -o "$program" -pthread
exec "$program"
