#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs the libFuzzer targets of bpf-as (target.c) and of what reads objects (ldtarget.c), each for its
# share of the time:
#
#   tests/fuzz/run.sh [-b BUILD] [-w DIR] [-s SEED] SECONDS [TARGET...]
#
# BUILD (default: build-fuzz) is a tree that was configured with CC=clang --enable-fuzzers. Inputs that
# break something, with what they broke, go to DIR (default: BUILD/fuzz), as does the corpus that
# grows; it is taken up again. A crash, a leak, a property that does not hold (prop.h), an input that
# takes 4 seconds of a processor, 10 seconds or 512 MiB fails the target. Speaks as make check does, a line
# a target; exit 1 if one failed. One process at a time. With SEED the inputs of one tree come in the same
# order each time, as many as the time allows.

set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$top/build-fuzz
work=
seed=0
while getopts b:w:s: opt; do
	case $opt in
	b) build=$(cd "$OPTARG" && pwd) || exit 2 ;;
	w) work=$OPTARG ;;
	s) seed=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
seconds=${1-}
[[ $seconds =~ ^[0-9]+$ ]] || {
	echo "usage: tests/fuzz/run.sh [-b BUILD] [-w DIR] [-s SEED] SECONDS [TARGET...]" >&2
	exit 2
}
shift
[ $# != 0 ] || set -- as canonical pseudoc gnu conformance ubpf rbpf relax dis obj btf btfext plan load core join ar vlog words sym
mkdir -p "${work:=$build/fuzz}" && work=$(cd "$work" && pwd) || exit 2
assembler=$build/bpf-as/bpf-as
for f in "$build"/tests/fuzz/{,ld}target "$assembler"; do
	[ -x "$f" ] || { echo "run.sh: no $f: configure with CC=clang --enable-fuzzers, make" >&2; exit 2; }
done

FUZZ_TARGET=dictionary "$build/tests/fuzz/target" >"$work/dictionary" || exit 2
corpus=$top/tests/fuzz/corpus
export ASAN_OPTIONS=exitcode=99:quarantine_size_mb=16:detect_leaks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1

# Objects of bpf-as, and of clang where it is, and their types: in $work/objects, once.
objects()
{
	local dir=$work/objects f
	[ ! -d "$dir" ] || return 0
	mkdir "$dir"
	cp "$top"/tests/fuzz/objects/*.o "$dir"
	for f in "$top"/{tests/golden/as,examples,tests/qemu}/*.s; do
		"$assembler" -w -o "$dir/$(basename "$f" .s)-s.o" "$f" 2>/dev/null
	done
	for f in "$top"/tests/progs/*.c; do
		clang -O2 -g -target bpf -c "$f" -o "$dir/tmp" 2>/dev/null || continue
		llvm-strip -g "$dir/tmp" 2>/dev/null
		mv "$dir/tmp" "$dir/$(basename "$f" .c)-c.o"
	done
	find "$dir" -size +16k -delete
	rm -f "$dir/tmp"
	FUZZ_TARGET=seeds "$build/tests/fuzz/ldtarget" "$dir" "$dir"/*.o \
		"$top"/tests/golden/as/foreign/log*.txt "$corpus"/foreign/log.txt
}

# What the inputs of a target are made of, one file each in $work/seed-TARGET.
seed()
{
	local t=$1 dir=$work/seed-$1 f n=0
	rm -rf "$dir"
	mkdir -p "$dir" "$work/corpus-$t"
	case $t in
	as | canonical)
		for f in "$top"/{tests/golden/as,examples,tests/qemu}/*.s "$top"/tests/golden/as/foreign/*.txt \
			"$corpus"/{as,foreign,compilers,canonical}/*; do
			[ ! -f "$f" ] || cp "$f" "$dir/$(basename "$(dirname "$f")")-$(basename "$f")"
		done
		;;
	dis)
		for f in "$top"/tests/golden/as/*.s "$top"/examples/*.s "$top"/tests/dis/*.s "$corpus"/*/*; do
			n=$((n + 1))
			[ "$(basename "$(dirname "$f")")" != relax ] || continue
			"$assembler" -w -o "$dir/$n.o" "$f" 2>/dev/null
			"$assembler" -w -EB -o "$dir/$n-be.o" "$f" 2>/dev/null
		done
		for f in "$top"/tests/dis/*.c; do
			clang -O2 -g -target bpf -c "$f" -o "$dir/$(basename "$f").o" 2>/dev/null
		done
		for f in "$corpus"/dis/*; do
			[ ! -f "$f" ] || cp "$f" "$dir"
		done
		;;
	obj | btf | btfext | plan | load | core | join | ar | vlog | words | sym)
		objects
		case $t in
		btf* | core | join | ar | vlog) for f in "$work"/objects/"$t"-*; do cp "$f" "$dir"; done ;;
		words) ;;
		*) cp "$work"/objects/*.o "$dir" ;;
		esac
		for f in "$corpus/$t"/*; do
			[ ! -f "$f" ] || cp "$f" "$dir"
		done
		find "$dir" -size +16k -delete # else it would be cut
		;;
	*)
		for f in "$corpus/$t"/* "$corpus"/as/language.s; do
			[ ! -f "$f" ] || cp "$f" "$dir"
		done
		;;
	esac
}

share=$((seconds / $#))
[ $share -gt 0 ] || share=1
failed=0
empty=$(mktemp -d) || exit 2 # what a source includes is looked for where nothing is
trap 'rm -rf "$empty" "$work/objects"' EXIT
rm -rf "$work/objects"
for t; do
	seed "$t"
	program=$build/tests/fuzz/target
	case $t in
	obj | btf | btfext | plan | load | core | join | ar | vlog | words | sym) program=$build/tests/fuzz/ldtarget ;;
	esac
	log=$work/$t.log
	(cd "$empty" && FUZZ_TARGET=$t timeout -k 10 $((share + 60)) "$program" -max_total_time=$share -seed="$seed" \
		-timeout=10 -rss_limit_mb=512 -malloc_limit_mb=8192 -report_slow_units=5 -max_len=16384 -print_final_stats=1 \
		-dict="$work/dictionary" -reload=0 -verbosity=1 -artifact_prefix="$work/$t-" "$work/corpus-$t" "$work/seed-$t") >"$log" 2>&1
	status=$?
	for f in /dev/shm/bpfutils-fuzz-*; do # of one that crashed
		[ ! -d "$f" ] || [ -d "/proc/${f##*-}" ] || rm -rf "$f"
	done
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	slow=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$log")
	rss=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
	if [ $status = 0 ]; then
		echo "PASS: fuzz $t: ${runs:-0} inputs in $share s, the slowest took ${slow:-?} s, ${rss:-?} MiB"
	else
		failed=1
		echo "FAIL: fuzz $t: status $status, see $log"
		grep -aE '^(SUMMARY|does not hold|artifact_prefix|ERROR|==[0-9]+==ERROR)' "$log" | head -n 8
	fi
done
exit $failed
