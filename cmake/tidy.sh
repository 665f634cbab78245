#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   cmake/tidy.sh [FILE.cpp...]
#
# Runs clang-tidy on the library's headers, by way of a few programs that use them: the consumer (both interfaces), the
# examples, or the files given.  Needs no build tree.  CLANG_TIDY=... chooses another than version 19.
set -eu
cd "$(dirname "$0")/.."
tidy=${CLANG_TIDY-clang-tidy-19}
if [ $# = 0 ]; then
    set -- tests/consumer/main.cpp tests/consumer/driver.cpp
    for file in examples/*.cpp; do
        [ -e "$file" ] && set -- "$@" "$file"
    done
fi
status=0
for file; do
    era=linux-2.6 engine=
    grep -Eq '^// target:.* linux( |$)' "$file" && era=linux-6
    grep -Eq '^// target:.* sim( |$)' "$file" && engine=-DBOTTOMHALF_SIM=1
    echo "tidy: $file"
    # shellcheck disable=SC2086   # nothing, or one word
    "$tidy" --quiet "$file" -- -std=c++20 $engine -Iinclude -Iinclude/$era -Itests -pthread || status=1
done
exit $status
