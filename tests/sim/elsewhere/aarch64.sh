#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The simulator on the other processor that it has a switch for: compiled by a cross compiler, run by an emulator.
#
#   aarch64.sh SOURCE-DIR OUTPUT-DIR NAME SOURCE...      sources as seen from SOURCE-DIR
#
# Exit status 77 where either is not installed (Debian, Ubuntu: g++-aarch64-linux-gnu, qemu-user).
set -eu

source_dir=$1 output=$2/$3
shift 3
cxx=aarch64-linux-gnu-g++
command -v $cxx >/dev/null || { echo "no $cxx here"; exit 77; }
command -v qemu-aarch64 >/dev/null || { echo "no qemu-aarch64 here"; exit 77; }

mkdir -p "${output%/*}"
cd "$source_dir"
$cxx -std=c++20 -O1 -g1 -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude -Itests "$@" -pthread -o "$output"

# Where the loader and the libraries of that processor are: beside its C library.
libraries=$(dirname "$(realpath "$($cxx -print-file-name=libc.so.6)")")
exec qemu-aarch64 -L "${libraries%/lib}" "$output"
