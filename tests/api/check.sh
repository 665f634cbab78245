#!/bin/sh
# SPDX-License-Identifier: MIT
#
# How much of the kernel's interface there is, as drivers use it.  ranked.tsv says what they use and how often (facts,
# counted once); covered.tsv claims names, and for each the test or scenario that runs it.
#
#   tests/api/check.sh            the shares; exit status 1 if a claimed name does not occur in the code of its test, or is
#                                 claimed twice, or is not ranked
#   tests/api/check.sh --open [N] the ranked names among the first N (400) that nobody claims
#   tests/api/check.sh --propose  rows for covered.tsv: unclaimed names that some test of today's facade uses
#   tests/api/check.sh --program  C++ that compiles if each claimed name is there (see CMakeLists.txt)
#
# That a name is only declared does not count: its test must use it.  Whether it is there at all the compiler says.
set -eu
cd "$(dirname "$0")/../.."
ranked=tests/api/ranked.tsv
covered=tests/api/covered.tsv

# Prints "file<TAB>name" for each identifier in the code of the files: not of comments, not of literals.
identifiers() {
    awk '
    FNR == 1 { in_comment = 0; split("", seen) }
    {
        line = $0; out = ""
        while (line != "") {
            two = substr(line, 1, 2); c = substr(line, 1, 1)
            if (in_comment) {
                if (two == "*/") { in_comment = 0; line = substr(line, 3) } else line = substr(line, 2)
            } else if (two == "//") {
                break
            } else if (two == "/*") {
                in_comment = 1; line = substr(line, 3)
            } else if (c == "\"" || (c == "\x27" && out !~ /[0-9a-fA-F]$/)) {
                quote = c; line = substr(line, 2); out = out " "
                while (line != "" && substr(line, 1, 1) != quote)
                    line = substr(line, substr(line, 1, 1) == "\\" ? 3 : 2)
                line = substr(line, 2)
            } else {
                out = out c; line = substr(line, 2)
            }
        }
        if (out ~ /^[ \t]*#[ \t]*include/) next
        n = split(out, word, /[^A-Za-z0-9_]+/)
        for (i = 1; i <= n; ++i)
            if (word[i] != "" && !(word[i] in seen)) { seen[word[i]] = 1; print FILENAME "\t" word[i] }
    }' "$@"
}

rows() { grep -v '^#' "$1"; }

case ${1-} in
--program)
    # All headers, those of the annotations last.
    for header in include/linux-6/linux/*.h include/linux-6/linux/*/*.h include/linux-6/asm/*.h include/linux-6/sound/*.h; do
        echo "#include <${header#include/linux-6/}>"
    done
    echo 'namespace claimed {'
    rows $covered | cut -f1 | while read -r name; do
        printf '#ifndef %s\nusing ::%s;\n#endif\n' "$name" "$name"
    done
    echo '}   // namespace claimed'
    exit 0
    ;;
--open)
    rows $covered | cut -f1 >"${TMPDIR:-/tmp}/bottomhalf-api.$$"
    rows $ranked | head -n "${2:-400}" | awk -F'\t' 'NR == FNR { have[$1] = 1; next } !($1 in have)' \
        "${TMPDIR:-/tmp}/bottomhalf-api.$$" - || true
    rm -f "${TMPDIR:-/tmp}/bottomhalf-api.$$"
    exit 0
    ;;
--propose)
    # The scenarios that the conformance tests do not run yet run nothing.
    skip=$(sed -n 's/^ *"\([a-z0-9_]*\): .*/\1/p' tests/conformance/CMakeLists.txt | tr '\n' '|')
    files=$(for file in tests/linux6/*_test.cpp tests/time6/*_test.cpp tests/engines6/*_test.cpp tests/sync6/*_test.cpp tests/support/schedule_timeout.hpp \
        tests/linux6/support.hpp tests/conformance/scenarios/*.c; do
        name=${file##*/}
        case "|$skip" in *"|${name%.c}|"*) ;; *) echo "$file" ;; esac
    done)
    # shellcheck disable=SC2086   # a list of files
    identifiers $files | awk -F'\t' '
        FILENAME == "'$covered'" { have[$1] = 1; next }
        FILENAME == "'$ranked'" { if ($1 !~ /^#/ && !($1 in have)) wanted[$1] = 1; next }
        $2 in wanted { print $2 "\t" $1; delete wanted[$2] }' $covered $ranked -
    exit 0
    ;;
esac

tests=$(rows $covered | cut -f2 | sort -u)
missing=0
for file in $tests; do
    [ -f "$file" ] || { echo "check: there is no $file"; missing=1; }
done
[ $missing = 0 ] || exit 1
# shellcheck disable=SC2086   # a list of files
identifiers $tests | awk -F'\t' '
    FILENAME == "'$ranked'" {
        if ($1 ~ /^#/) next
        ranked[$1] = ++names
        files[names] = $2; uses[names] = $3 == "-" ? $2 : $3; kind[names] = $4; family[names] = $5
        next
    }
    FILENAME == "'$covered'" {
        if ($1 ~ /^#/ || $1 == "") next
        if ($1 in test) { print "check: " $1 " is claimed twice"; bad = 1 }
        if (!($1 in ranked)) { print "check: " $1 " is not ranked"; bad = 1 }
        test[$1] = $2; claims[++n] = $1
        next
    }
    { used[$1, $2] = 1 }
    END {
        for (i = 1; i <= n; ++i) {
            name = claims[i]
            if (!((test[name], name) in used)) { print "check: " test[name] " does not use " name; bad = 1 }
            have[ranked[name]] = 1
        }
        for (i = 1; i <= names; ++i) {
            total[family[i]] += uses[i]; of[family[i]]++
            if (i in have) {
                all += uses[i]; if (kind[i] == "call") calls += uses[i]
                got[family[i]] += uses[i]; nr[family[i]]++
            }
            if (i == 100 || i == 200 || i == 300 || i == 400 || i == 500 || i == names) {
                sum = 0
                for (k = 1; k <= i; ++k) sum += (k in have)
                printf "of the first %4d names: %4d\n", i, sum
            }
        }
        # Both are lower bounds: a name that was not counted apart counts once for each file.
        printf "of 317325 uses:        %5.1f %%\n", 100 * all / 317325
        printf "of 274590 calls:       %5.1f %%\n", 100 * calls / 274590
        for (f in total) printf "    %-12s %4d of %4d names, %5.1f %% of their uses\n", f, nr[f], of[f], 100 * got[f] / total[f] | "sort"
        close("sort")
        exit bad
    }' $ranked $covered -
