#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The interrupt mask, checked in the code that the compilers make of it.  The mask is a flag of the thread that a signal
# handler on that thread respects: two stores, and whether the accesses between them stay between them is the compiler's
# affair.  With a plain flag, or a flag that is only volatile, they do not, and no stress test has ever noticed.
#
# tests/codegen/mask_probe.cpp is compiled by every compiler that is here, with -O2 and -O3, and each path through each of
# its functions is walked:  store 1, the mask is set, load and store 2, the mask is cleared, store 3.  On the path on which
# the mask had been set before, nothing clears it, and what follows is inside, too.
#
#   cmake/check-mask.sh               lists what stands in the wrong place, exit status 1 if anything does
#   cmake/check-mask.sh --self-test   shows that the wrong kinds of mask, and code that was tampered with, are found out
#
# Exit status 77 where there is no compiler, or a processor whose assembler is not read here.
set -eu
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# compilers: each that is here; a clang++ older than 16 cannot read the C++20 headers of libstdc++
compilers() {
    for cxx in g++ clang++-19 clang++; do
        command -v "$cxx" >/dev/null || continue
        version=$("$cxx" -dumpversion)
        case $cxx in clang++) [ "${version%%.*}" -ge 16 ] || continue ;; esac
        echo "$cxx"
    done
}

# compile CXX LEVEL PROBE OUTPUT.  No position-independent code: then every access names its variable.
compile() {
    case $3 in
    1) facade=-Iinclude/linux-6 ;;
    *) facade=-Iinclude/linux-2.6 ;;
    esac
    "$1" -std=c++20 "$2" -S -DPROBE="$3" -Iinclude "$facade" -fno-pic -fno-pie -fno-exceptions \
        -fno-asynchronous-unwind-tables -o "$4" tests/codegen/mask_probe.cpp
}

# walk FILE: prints what is wrong on a path of one of its functions, and how many functions there were.
walk() {
    awk '
    # Splits an instruction into `name` and its `operands`; commas within brackets do not part them.
    function parse(text,    i, c, depth, one) {
        sub(/#.*/, "", text)
        name = text
        sub(/[ \t].*/, "", name)
        sub(/^[^ \t]+[ \t]*/, "", text)
        count = 0; one = ""; depth = 0
        for (i = 1; i <= length(text); ++i) {
            c = substr(text, i, 1)
            if (c == "(") ++depth
            if (c == ")") --depth
            if (c == "," && depth == 0) { operands[++count] = one; one = "" }
            else if (c != " " && c != "\t") one = one c
        }
        if (one != "") operands[++count] = one
    }
    function names(operand, variable) { return operand ~ "(^|[^A-Za-z0-9_])" variable "($|[^A-Za-z0-9_])" }
    # What the instruction is to us: one, two, three (stores), load, set, clear, other.
    function kind(    to, i) {
        to = operands[count]
        if (name ~ /^mov/ && count == 2 && names(to, "probe_shared")) {
            if (operands[1] == "$1") return "one"
            if (operands[1] == "$2") return "two"
            if (operands[1] == "$3") return "three"
            return "strange"
        }
        for (i = 1; i <= count; ++i) if (names(operands[i], "probe_shared")) return "load"
        # An edge that was not inlined: the store is in there.
        if (name ~ /^call/ && to ~ /unlock_irq|irq_restore|irq_enable/) return "clear"
        if (name ~ /^call/ && to ~ /lock_irq|irq_save|irq_disable/) return "set"
        # The mask: a constant stored to memory that is not the stack, nor one of the variables of the probe.
        if (name ~ /^mov/ && count == 2 && to ~ /[(:]/ && to !~ /probe_(seen|lock)/ && to !~ /%[re][sb]p/) {
            if (operands[1] == "$1") return "set"
            if (operands[1] == "$0") return "clear"
        }
        return "other"
    }
    function complain(what, at) {
        if (!((fn, what) in said)) print FILENAME ": " fn ": " what (at ? ": " code[at] : "")
        said[fn, what] = 1
        ++bad
    }
    # Goes on from `at` with what has been seen so far.
    function go(at, one, set, load, two, clear, three,    k, target) {
        for (;; ++at) {
            if ((at, one set load two clear three) in seen) return
            seen[at, one set load two clear three] = 1
            if (at > lines) return complain("runs out of its end", 0)
            if (code[at] ~ /:$/) continue
            parse(code[at])
            k = kind()
            if (k == "strange") complain("a store that is not understood", at)
            if (k == "one") {
                if (set) complain("what stands in front has moved into the section", at)
                one = 1
            } else if (k == "set" && !set) {
                if (!one) complain("what stands in front is missing there", at)
                set = 1
            } else if (k == "load" || k == "two") {
                if (!set) complain("stands in front of the mask", at)
                if (clear) complain("stands behind the mask", at)
                if (k == "load") load = 1; else two = 1
            } else if (k == "clear" && set) {
                if (!load) complain("the mask is cleared without the load", at)
                if (!two) complain("the mask is cleared without the store", at)
                if (three) complain("what stands behind has moved into the section", at)
                clear = 1
                cleared[fn] = 1
            } else if (k == "three") {
                if (!set) complain("what stands behind has moved in front", at)
                three = 1
            }
            if (name ~ /^ret/) {
                if (!set) complain("a path on which the mask is not set", 0)
                if (!load) complain("a path without the load", 0)
                if (!three) complain("a path without what stands behind", 0)
                return
            }
            if (name ~ /^j/) {
                target = operands[1]
                if (!(target in label)) {
                    complain("a jump that is not understood", at)
                    return
                }
                if (name == "jmp") at = label[target]
                else go(label[target], one, set, load, two, clear, three)
            }
        }
    }
    /^[ \t]*[#;]/ || /^[ \t]*\.[a-z0-9_]+([ \t]|$)/ { next }
    /^[A-Za-z_.$][A-Za-z0-9_.$]*:/ {
        sub(/:.*/, "")
        code[++lines] = $0 ":"
        label[$0] = lines
        if ($0 ~ /^probe_[a-z_]+$/) functions[++found] = $0
        next
    }
    /^[ \t]+[a-z]/ { sub(/^[ \t]+/, ""); sub(/^lock[ \t]+/, ""); code[++lines] = $0 }
    END {
        for (i = 1; i <= found; ++i) {
            fn = functions[i]
            split("", seen)
            go(label[fn], 0, 0, 0, 0, 0, 0)
            if (!(fn in cleared)) complain("the mask is never cleared", 0)
        }
        print "functions: " found
        exit bad > 0 || found == 0
    }' "$1"
}

# examine PROBE WHAT: by all compilers at all levels.
examine() {
    for cxx in $all; do
        for level in -O2 -O3; do
            file="$dir/$cxx$level.s"
            compile "$cxx" "$level" "$1" "$file"
            total=$((total + 1))
            if found=$(walk "$file"); then
                good=$((good + 1))
            else
                printf '%s\n' "$found" | sed "s|^$file|$2, $cxx $level|; /^functions:/d" >>"$dir/complaints"
            fi
        done
    done
}

# tampered WHAT SED-SCRIPT: the right code, with a fault put in.
tampered() {
    sed "$2" "$dir/right.s" >"$dir/wrong.s"
    planted=$((planted + 1))
    if cmp -s "$dir/right.s" "$dir/wrong.s"; then
        echo "self-test: nothing to tamper with: $1"
    elif walk "$dir/wrong.s" >/dev/null; then
        echo "self-test: not found: $1"
    else
        return 0
    fi
    missed=$((missed + 1))
}

self_test() {
    planted=0 missed=0
    for probe in 3 4; do
        for cxx in $all; do
            for level in -O2 -O3; do
                compile "$cxx" "$level" $probe "$dir/wrong.s"
                planted=$((planted + 1))
                if walk "$dir/wrong.s" >/dev/null; then
                    echo "self-test: not found: mask $probe, $cxx $level"
                    missed=$((missed + 1))
                fi
            done
        done
    done
    # By hand, as a compiler might write it: right, and then with one line moved, dropped or changed.
    cat >"$dir/right.s" <<'END'
probe_by_hand:
	movl	$1, probe_shared(%rip)
	movl	%fs:probe_mask@tpoff, %edx
	movl	$1, %fs:probe_mask@tpoff
	movl	probe_shared(%rip), %eax
	movl	%eax, probe_seen(%rip)
	movl	$2, probe_shared(%rip)
	testl	%edx, %edx
	jne	.L2
	movl	$0, %fs:probe_mask@tpoff
	cmpq	$0, %fs:probe_pending@tpoff
	jne	.L3
.L2:
	movl	$3, probe_shared(%rip)
	ret
.L3:
	call	probe_replay
	jmp	.L2
END
    walk "$dir/right.s" >/dev/null || { echo "self-test: right code is refused"; return 1; }
    tampered "the mask is never set" '4d'
    tampered "the load comes before the edge that is called" \
        '4s/.*/	call	bottomhalf_irq_save/;5{h;d};3{p;s/.*/	movl	probe_shared(%rip), %eax/}'
    tampered "the store comes after the edge that is called" \
        '7d;10{s/.*/	call	bottomhalf_irq_restore/;p;s/.*/	movl	$2, probe_shared(%rip)/}'
    tampered "the mask is never cleared" '10d'
    tampered "the load is dropped" '5d'
    tampered "the store in front is dropped" '2d'
    tampered "the store within is dropped" '7d'
    tampered "the store behind is dropped" '14d'
    tampered "the load comes first" '5{h;d};3{p;s/.*/	movl	probe_shared(%rip), %eax/}'
    tampered "the store comes first" '7d;3{p;s/.*/	movl	$2, probe_shared(%rip)/}'
    tampered "the store comes last" '7d;10{p;s/.*/	movl	$2, probe_shared(%rip)/}'
    tampered "the store comes late on one path" '16{p;s/.*/	movl	$2, probe_shared(%rip)/}'
    tampered "the store in front comes late" '2d;4{p;s/.*/	movl	$1, probe_shared(%rip)/}'
    tampered "the store behind comes early" '7{p;s/.*/	movl	$3, probe_shared(%rip)/}'
    tampered "one path jumps over the mask" '3{p;s/.*/	jne	.L2/}'
    tampered "a store of something else" '7s/\$2/%eax/'
    echo "self-test: $planted planted lines, $missed missed"
    [ "$missed" = 0 ]
}

case $(uname -m) in
x86_64 | amd64) ;;
*) echo "check-mask: reads the assembler of x86-64 only"; exit 77 ;;
esac
all=$(compilers)
if [ -z "$all" ]; then
    echo "check-mask: no compiler here"
    exit 77
fi
case ${1-} in
--self-test) self_test ;;
*)
    total=0 good=0
    : >"$dir/complaints"
    examine 1 linux-6
    examine 2 linux-2.6
    cat "$dir/complaints"
    echo "check-mask: $good of $total right (" $all "; -O2 and -O3; both facades)"
    [ "$good" = "$total" ]
    ;;
esac
