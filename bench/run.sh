#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Measures a build: prints the budget table, and leaves the figures in BUILD-DIR/<commit>.<cpu>.<compiler>.json.
#
#   bench/run.sh BUILD-DIR [--quick] [--only=TEXT]
#
# Then what an include of <linux/workqueue.h> costs the one who compiles: best of three, at -O0, against a limit of 1 s.
# And draws what the machine does: BUILD-DIR/latency.svg (bh-latency) and scale.svg (bh-scale).
# Builds nothing else. The exit code is 0 if every `must` is met; 4 if only the machine was not quiet enough to say so.
set -eu

build=${1:?usage: bench/run.sh BUILD-DIR [--quick] [--only=TEXT]}
shift
here=$(dirname "$0")
budget=$(find "$build" -type f -name budget_bench -perm -u+x | head -n 1)
[ -n "$budget" ] || { echo "bench/run.sh: no budget_bench in $build: build it first (preset bench)" >&2; exit 2; }

# A word for each part of the name, fit for a file's.
word() { tr -cs 'A-Za-z0-9_+-' '-' | sed 's/^-*//; s/-*$//'; }
commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo uncommitted)
[ -z "$(git -C "$here" status --porcelain 2>/dev/null)" ] || commit=$commit-dirty
cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1 | word)
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt" 2>/dev/null | sed 's,.*/,,' | word)
json=$build/$commit.${cpu:-$(uname -m)}.${compiler:-unknown}.json

code=0
"$budget" --json="$json" "$@" || code=$?
echo "$json" >&2

cxx=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
if [ $# = 0 ] && [ -n "$cxx" ]; then
    TIMEFORMAT=%U   # user time, in s
    best=$(for _ in 1 2 3; do
        { time echo '#include <linux/workqueue.h>' | "$cxx" -x c++ -std=c++20 -O0 -I"$here/../include" \
            -I"$here/../include/linux-2.6" -c - -o /dev/null; } 2>&1
    done | sort -n | head -n 1)
    verdict=$(awk -v s="$best" 'BEGIN { print s <= 1 ? "must" : "MISSED" }')
    echo "#include <linux/workqueue.h>, ${cxx##*/} -O0: $best s (<= 1 s: $verdict)"
    [ "$verdict" = must ] || code=1
fi
if [ $# = 0 ]; then
    find_program() { find "$build" -type f -name "$1" -perm -u+x | head -n 1; }
    latency=$(find_program bh-latency) scale=$(find_program bh-scale)
    [ -z "$latency" ] || { "$latency" -q -d 10 -n "$commit" -j "$build/latency.json" -s "$build/latency.svg" &&
        echo "$build/latency.svg" >&2; }
    [ -z "$scale" ] || { "$scale" --svg="$build/scale.svg" && echo "$build/scale.svg" >&2; }
fi
exit "$code"
