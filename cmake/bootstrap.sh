#!/bin/sh
# SPDX-License-Identifier: MIT
#
# From a fresh Debian 12 or Ubuntu 24.04 (git and apt, nothing else) to a result, in one command:
#
#   cmake/bootstrap.sh demo     builds and runs the demo
#   cmake/bootstrap.sh test     builds and runs all tests
#   cmake/bootstrap.sh bench    builds and runs the benchmarks
#   cmake/bootstrap.sh deps     only installs: everything that the presets and .ci/run use
#
# It looks for what the command needs, says what is missing and installs that with apt-get, through sudo unless it is
# root already.  Where nothing is missing it needs no network and no rights.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "bootstrap: $*"; }
die() { say "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# have_header FILE: in the usual places, or below a CMAKE_PREFIX_PATH
have_header() {
    for dir in /usr /usr/local $(printf '%s' "${CMAKE_PREFIX_PATH-}" | tr ':' ' '); do
        [ -e "$dir/include/$1" ] && return 0
    done
    return 1
}

have_runtime() { ls /usr/lib/llvm-"$1"/lib/clang/*/lib/linux/libclang_rt.tsan* >/dev/null 2>&1; }

missing=""
optional=""
need() { missing="$missing $1"; }    # need PACKAGE: there is no way without it
want() { optional="$optional $1"; }   # want PACKAGE: better with it

look_for_compiler() {
    have "${CXX:-g++}" || need g++
    have cmake || need cmake
    have ninja || need ninja-build
}
look_for_catch() { have_header catch2/catch_test_macros.hpp || have_header catch2/catch.hpp || need catch2; }
look_for_bench() {
    have_header benchmark/benchmark.h || need libbenchmark-dev
    have_header concurrentqueue/concurrentqueue.h || want libconcurrentqueue-dev   # peers: what we compare with
    have_header asio.hpp || want libasio-dev
    have_header ev.h || want libev-dev
    have_header event2/event.h || want libevent-dev
    have_header uv.h || want libuv1-dev
    have_header tbb/concurrent_queue.h || want libtbb-dev
    have_header glib-2.0/glib.h || want libglib2.0-dev
    have_header urcu/wfcqueue.h || ls /usr/include/*/urcu/wfcqueue.h >/dev/null 2>&1 || want liburcu-dev
    have_header nlohmann/json.hpp || want nlohmann-json3-dev   # bh-latency's files
}
look_for_tools() {
    have clang++-19 || want clang-19
    have_runtime 19 || want libclang-rt-19-dev
    have clang-tidy-19 || want clang-tidy-19
    have clang-format-14 || want clang-format-14
    have valgrind || want valgrind
    have aarch64-linux-gnu-g++ || want g++-aarch64-linux-gnu
    have qemu-aarch64 || want qemu-user
}

install_missing() {
    if [ -z "$missing$optional" ]; then
        say "everything is here"
        return
    fi
    [ -z "$missing" ] || say "not here, but needed:$missing"
    [ -z "$optional" ] || say "not here, but useful:$optional"

    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    why_not=
    have apt-get || why_not="this system has no apt-get"
    [ -z "$sudo" ] || have sudo || why_not="neither root nor sudo"
    if [ -n "$why_not" ]; then
        [ -z "$missing" ] || die "cannot install:$missing ($why_not); install them and run this again"
        say "going on without:$optional ($why_not)"
        return
    fi

    say "installing with ${sudo:+sudo }apt-get"
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
    for package in $optional; do
        if [ -n "$(apt-cache madison "$package")" ]; then
            missing="$missing $package"
        else
            say "going on without $package: this release has no such package"
        fi
    done
    # shellcheck disable=SC2086  # a list of words
    [ -z "$missing" ] || $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

check_versions() {
    version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
    case $version in
    [012].* | 3.? | 3.1? | 3.2[0-4]) die "cmake $version is too old, 3.25 is needed" ;;
    esac
    if [ -z "${CXX-}" ] && [ "$(g++ -dumpversion | sed 's/\..*//')" -lt 12 ]; then
        die "g++ $(g++ -dumpversion) is too old, 12 is needed (or set CXX to a newer compiler)"
    fi
}

build() {   # build PRESET [TARGET]
    say "building, preset $1${2:+, target $2}"
    cmake --preset "$1"
    cmake --build --preset "$1" ${2:+--target "$2"}
}

case ${1-} in
demo)
    look_for_compiler
    install_missing
    check_versions
    build demo example_serial
    exec examples/serial/run-demo.sh "$PWD/build/demo"
    ;;
test)
    look_for_compiler
    look_for_catch
    install_missing
    check_versions
    build dev
    exec ctest --preset dev
    ;;
bench)
    look_for_compiler
    look_for_bench
    install_missing
    check_versions
    build bench
    exec bench/run.sh "$PWD/build/bench"
    ;;
deps)
    look_for_compiler
    look_for_catch
    look_for_bench
    look_for_tools
    install_missing
    check_versions
    ;;
*)
    sed -n '/^# From/,/^# root/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
