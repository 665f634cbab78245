#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: readme.sh SOURCE_TREE FOLDER COMPILER [FLAGS...]
# Compiles each C++ block of README.md as the README says, runs it, and looks for what it promises to print.
set -eu
tree=$1 folder=$2
shift 2
mkdir -p "$folder"
rm -f "$folder"/block*.cpp
awk -v to="$folder/block" '/^```cpp$/ { n++; out = to n ".cpp"; next } /^```$/ { out = "" } out { print > out }' "$tree/README.md"
for block in "$folder"/block*.cpp; do
    "$@" -Wall -Wextra -Werror -I"$tree/include" -I"$tree/include/linux-2.6" "$block" -o "${block%.cpp}" -pthread
    "${block%.cpp}" </dev/null 2>&1 | tee "${block%.cpp}.txt"
    grep -q "in process context, may sleep" "${block%.cpp}.txt"
done
test -e "$folder/block2.cpp" # both are there
