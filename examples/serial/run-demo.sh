#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Feeds the serial driver through a pseudo terminal and compares, byte by byte, what came out with what went in.  The
# driver answers each line with that line; who feeds it is `cat`, who collects is `head`, who compares is `cmp`.
#
#   run-demo.sh BUILD_DIR           the scenarios, one after the other
#   run-demo.sh BUILD_DIR small     a text file, then half a line: the driver answers it after an idle time
#   run-demo.sh BUILD_DIR big       10 MB: bottom halves coalesce, ring and transmitter fill up, nothing is lost
#   run-demo.sh BUILD_DIR burst     more signals at once than the kernel will queue, then the 10 MB: edges are lost,
#                                   bytes are not
#   run-demo.sh BUILD_DIR unload    the driver is unloaded in mid-traffic, and nobody takes its answers
#   run-demo.sh BUILD_DIR FILE      a file of yours, or - for standard input
#
# Exit status: 0 if every byte came back and the counts say that what a scenario is about has happened.
set -eu
set -o pipefail
trap '' HUP   # should a port become our controlling terminal, its end is not ours

[ $# -ge 1 ] || { sed -n 's/^#   //p' "$0" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
serial=
for at in "$1" "$1/examples/serial"; do [ -x "$at/serial" ] && [ -f "$at/serial" ] && serial=$at/serial; done
[ -n "$serial" ] || { echo "run-demo.sh: no program 'serial' in $1: build the examples first" >&2; exit 2; }

dir=$(mktemp -d)
driver=
trap '[ -z "$driver" ] || kill "$driver" 2>/dev/null; rm -rf "$dir"' EXIT
limit=100   # seconds, for whatever should have come back by then

fail() {
    echo "run-demo.sh: FAILED: $*" >&2
    [ ! -s "$dir/log" ] || { echo "the end of the driver's log:" >&2; tail -n 5 "$dir/log" >&2; }
    exit 1
}

# start [N]: the driver runs; its port is open as fd 3, what it prints comes on fd 4.  N: signals that may be queued.
start() {
    exec 4< <([ $# = 0 ] || ulimit -S -i "$1"; exec "$serial" 2>"$dir/log")
    driver=$!
    read -r -u 4 _ _ port || fail "the driver did not start: $(cat "$dir/log")"
    exec 3<>"$port"
    : >"$dir/in"
    : >"$dir/out"
    echo "  the driver serves $port"
}

# expect N: that many more bytes from the port
expect() {
    timeout "$limit" head -c "$1" <&3 >>"$dir/out" || fail "after $limit s there are $(wc -c <"$dir/out") bytes"
}

# send FILE: in it goes, out it comes
send() {
    cat "$1" >>"$dir/in"
    expect "$(wc -c <"$1")" &
    timeout "$limit" cat "$1" >&3 || fail "the port took not all of it"
    wait $! || exit 1
}

# count PATTERN: the number that follows it in the counts
count() { sed -nE "s/.*$1 *([0-9]+).*/\1/p" "$dir/counts"; }

# stop: unloads the driver, shows its counts, and looks whether it complains
stop() {
    kill -TERM "$driver"
    timeout "$limit" cat <&4 >"$dir/counts" || fail "the driver does not end"
    wait "$driver" || fail "the driver ended with status $?"
    driver=
    exec 3>&- 4<&-
    sed 's/^/  | /' "$dir/counts"
    [ "$(count 'bytes in')" = $(($(count 'bytes out') + $(count 'lost by unloading:'))) ] || fail "bytes are missing"
    ! grep '^bottomhalf:' "$dir/log" || fail "the library has something to report"
}

# finish: compares, unloads, and looks whether each line is in the log
finish() {
    cmp "$dir/in" "$dir/out" || fail "what came out is not what went in"
    echo "  $(wc -c <"$dir/in") bytes in, $(wc -c <"$dir/out") bytes out: cmp finds no difference"
    stop
    local lines
    lines=$(grep -c ': a line, ' "$dir/log" || true)
    [ "$lines" = "$(wc -l <"$dir/in")" ] || fail "$lines lines in the log, $(wc -l <"$dir/in") were sent"
}

# above_zero WHAT PATTERN
above_zero() {
    [ "$(count "$2")" -gt 0 ] || fail "$1: none"
    echo "  $1: $(count "$2")"
}

small() {
    echo "small: a text file, and half a line"
    start
    cat "$1" >"$dir/file"
    send "$dir/file"
    printf 'a line without an end' >"$dir/half"
    send "$dir/half"   # comes back by itself: the delayed work
    printf ', and its end\n' >"$dir/half"
    send "$dir/half"
    finish
    above_zero "half lines that the delayed work answered" "half lines answered"
}

# big_file: 8 MB of lines, 2 MB of what has hardly any
big_file() {
    { yes "$(cat "$here/driver.cpp")" || true; } 2>/dev/null | head -c 8388608 >"$dir/file"
    while [ "$(wc -c <"$dir/file")" -lt 10485760 ]; do head -c 524288 "$serial" >>"$dir/file"; done
    truncate -s 10485760 "$dir/file"
}

big() {
    echo "big: 10 MB of text and machine code"
    big_file
    start
    send "$dir/file"
    finish
    above_zero "interrupts whose bottom half was waiting already" "coalesced with one that was waiting:"
}

burst() {
    echo "burst: lines for a driver that is stopped, with room for 4 signals in the queue; then 10 MB"
    big_file
    start 4
    kill -STOP "$driver"
    # One signal per line, until the kernel has none left to give and sends a bare SIGIO: bit 28 of a thread's SigPnd.
    local n=0
    until grep -qE '^SigPnd:.[0-9a-f]{8}[13579bdf]' /proc/"$driver"/task/*/status; do
        n=$((n + 1))
        [ $n -le 400 ] || fail "400 lines, and no overflow"
        printf 'line %d of a burst\n' $n | tee -a "$dir/in" >&3
    done
    echo "  the queue is full after $n line(s); 100 more, and the driver goes on"
    seq 100 | tee -a "$dir/in" >&3
    kill -CONT "$driver"
    expect "$(wc -c <"$dir/in")"
    send "$dir/file"
    finish
    above_zero "overflows of the signal queue, survived" "overflows survived:"
}

unload() {
    echo "unload: the driver goes while bytes are on their way, and nobody takes its answers"
    big_file
    start
    cat "$dir/file" >&3 2>/dev/null &
    expect 4096
    stop
    wait $! || true   # its port is gone
    cmp -n 4096 "$dir/file" "$dir/out" || fail "what came out is not what went in"
}

case ${2-} in
'')
    small "$here/../../LICENSE"
    big
    burst
    unload
    ;;
small) small "$here/../../LICENSE" ;;
big | burst | unload) "$2" ;;
*)
    [ "$2" = - ] || [ -r "$2" ] || fail "cannot read $2"
    small "$2"
    ;;
esac
echo "all is well"
