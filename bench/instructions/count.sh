#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   count.sh HOT-PATHS                     instructions per call of each path, by callgrind
#   count.sh HOT-PATHS COMPILER --check    compares them with recorded.txt: 2 % more, and one instruction, is too many
#   count.sh HOT-PATHS COMPILER --record   writes them there
#
# COMPILER is what the record is named by, "g++-12".  Exit status: 1: there are more; 77: nothing to compare with here (no
# valgrind, another processor, or a compiler of which there is no record).
set -eu
export LC_ALL=C
program=$1 compiler=${2-} mode=${3-}
record=$(dirname "$0")/recorded.txt
rounds=1000

command -v callgrind_annotate >/dev/null || { echo "no valgrind here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

valgrind --quiet --tool=callgrind --callgrind-out-file="$work/out" --fair-sched=yes "$program" > "$work/log" 2>&1 || {
    cat "$work/log"
    exit 1
}
# " 12,000 (0.05%)  hot_paths.cpp:path_queue_work(...) [program]"
callgrind_annotate --inclusive=yes --threshold=100 --auto=no "$work/out" |
    sed -nE 's/^ *([0-9,]+) .*[: ](path_[a-z_]+)\(.*/\2 \1/p' | tr -d , |
    awk -v rounds=$rounds '!($1 in seen) { seen[$1] = 1; printf "%s %.1f\n", substr($1, 6), $2 / rounds }' |
    sort > "$work/now"
[ -s "$work/now" ] || { echo "callgrind has not seen any of the paths"; exit 1; }

processor=$(uname -m)
case $mode in
'') cat "$work/now" ;;
--record)
    { grep -v "^$compiler $processor " "$record" 2>/dev/null || :; sed "s/^/$compiler $processor /" "$work/now"; } |
        sort > "$work/record"
    cat "$work/record" > "$record"
    ;;
--check)
    sed -n "s/^$compiler $processor //p" "$record" > "$work/then"
    [ -s "$work/then" ] || { cat "$work/now"; echo "no record of $compiler on $processor"; exit 77; }
    awk 'NR == FNR { then[$1] = $2; next }
        {
            verdict = !($1 in then) ? "new" : $2 > then[$1] * 1.02 + 1 ? "MORE" : $2 < then[$1] * 0.98 - 1 ? "fewer" : ""
            printf "%-24s %8.1f %8s  %s\n", $1, $2, then[$1], verdict
            bad += verdict == "MORE" || verdict == "new"
            delete then[$1]
        }
        END {
            for (path in then) { print path ": not measured"; ++bad }
            exit bad != 0
        }' "$work/then" "$work/now" || {
        echo 'More instructions than were recorded (bench/instructions/recorded.txt); if that is meant: count.sh ... --record'
        exit 1
    }
    ;;
*) sed -n '4,9p' "$0" >&2; exit 2 ;;
esac
