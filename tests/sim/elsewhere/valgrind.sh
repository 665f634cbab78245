#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A program with simulated worlds under valgrind's memcheck: the stacks of the tasks are stacks to it, and it has nothing to
# say.
#
#   valgrind.sh PROGRAM
#
# Exit status 77 where there is no valgrind, or no header of it that the program was compiled with.
set -eu

command -v valgrind >/dev/null || { echo "no valgrind here"; exit 77; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# --max-stackframe stays what it is: it is what makes a switch to a stack that is not known look like one frame.
code=0
valgrind --quiet --error-exitcode=99 --log-file="$log" "$1" || code=$?
if [ -s "$log" ]; then
    echo "valgrind has something to say:"
    cat "$log"
    exit 1
fi
exit "$code"
