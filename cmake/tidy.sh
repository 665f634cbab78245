#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   cmake/tidy.sh [FILE.cpp...]
#
# Runs clang-tidy on the library's headers, by way of a few programs that use them: the consumer (both interfaces), the
# examples, or the files given; clang's warnings and its thread safety analysis are part of it.  As many at a time as there
# are CPUs.  Needs no build tree.  CLANG_TIDY=... chooses another than version 19.
set -eu
cd "$(dirname "$0")/.."
tidy=${CLANG_TIDY-clang-tidy-19}
if [ "${1-}" = --one ]; then
    file=$2 era=linux-2.6 engine=
    grep -Eq '^// target:.* linux( |$)' "$file" && era=linux-6
    grep -Eq '^// target:.* sim( |$)' "$file" && engine=-DBOTTOMHALF_SIM=1
    status=0
    # shellcheck disable=SC2086   # nothing, or one word
    said=$("$tidy" --quiet "$file" -- -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Wthread-safety -Wthread-safety-beta \
        $engine -Iinclude -Iinclude/$era -Itests -pthread 2>&1) || status=1
    printf 'tidy: %s\n%s\n' "$file" "$said"
    exit $status
fi
if [ $# = 0 ]; then
    set -- tests/consumer/main.cpp tests/consumer/driver.cpp
    for file in examples/*.cpp; do
        [ -e "$file" ] && set -- "$@" "$file"
    done
fi
printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" cmake/tidy.sh --one
