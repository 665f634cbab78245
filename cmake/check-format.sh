#!/bin/sh
# SPDX-License-Identifier: MIT
#
#   cmake/check-format.sh         lists what clang-format would change, exit status 1 if there is something
#   cmake/check-format.sh --fix   changes it
#
# Version 14 (Debian 12's) decides, others differ in small things; CLANG_FORMAT=... chooses another.  Kernel C, as the
# scenarios of tests/conformance/ are, keeps the kernel's style and is not looked at.
set -eu
cd "$(dirname "$0")/.."
format=${CLANG_FORMAT-clang-format-14}
mode=${1:---dry-run}
[ "$mode" = --fix ] && mode=-i
find include tests bench examples -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.h' \) \
    ! -path 'tests/conformance/*.h' ! -path '*/build/*' -exec "$format" --style=file -Werror "$mode" {} +
