#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What compilers write of the programs in tests/progs gives the object that their own assemblers
# make of it: sections, relocations, symbols, compared by objcmp.
#
# Every program is taken by one of the clangs and by gcc, with a set of flags that goes round;
# BPFUTILS_TEST_PROGS=all takes every program with every compiler and set.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	OBJCMP=$_emu$BUILDDIR/tests/objcmp
	PROGS=$SRCDIR/tests/progs
}

# Flags of clang, a set a line. v4 is for 19 only.
CLANG='-O2 -g
-O1 -g -mcpu=v1
-O2 -g -mcpu=v3
-O2 -g -mcpu=v2 -gdwarf-4
-O2 -g --target=bpfeb
-O2 -g -ffunction-sections -fdata-sections -fdebug-types-section
-O2 -g -fasynchronous-unwind-tables -gembed-source
-O2
-O0 -g'
GCC='-O2 -g
-O1 -g -gbtf
-O0 -g
-O2 -g -gas-loc-support
-O2 -g -mbig-endian
-O2 -g -mcpu=v2
-O2 -g3 -fdebug-types-section -fcommon
-O2 -ffunction-sections -fdata-sections -fverbose-asm
-O2 -gctf'

# assembled NAME: NAME.s by its own assembler to NAME.1.o; false when that refuses it
assembled()
{
	case $cc in
	*gcc) bpf-as $e $1.s -o $1.1.o ;;
	*) $cc --target=$t -c -x assembler $1.s -o $1.1.o ;;
	esac 2>/dev/null
}

# one PROGRAM FLAGS: adds a line to bad when the objects differ, else to good or, when the compiler or
# its assembler does not take it, to not
one()
{
	local p=$1 n e=-EL t=bpf how=
	shift
	n=$(basename $p .c)
	[[ $* != *bpfeb* ]] || t=bpfeb
	[[ $* != *bpfeb* && $* != *big-endian* ]] || e=-EB
	case $cc in
	*gcc) $cc "$@" -S $p -o $n.s ;;
	*) $cc --target=$t "$@" -S $p -o $n.s ;;
	esac 2>/dev/null || { echo "$n $*: not compiled" >>not; return; }
	# What clang's own assembler cannot read ("r1 = w2", callx) is compared with what clang makes at once.
	if ! assembled $n; then
		echo "$n $*: not assembled" >>not
		[[ $cc != *gcc && $* != *-O0* ]] || return 0
		$cc --target=$t "$@" -c $p -o $n.1.o
		how="-S -i .debug_line*"
	fi
	$BPF_AS $e -o $n.2.o $n.s >$n.out 2>&1 || { echo "$n $*: $(head -1 $n.out)" >>bad; return; }
	[ ! -s $n.out ] || echo "$n $*: says $(head -1 $n.out)" >>bad
	$OBJCMP $how $n.1.o $n.2.o >$n.out || echo "$n $*: $(head -1 $n.out)" >>bad
	echo "$n" >>good
}

# compare COMPILER SETS [0|1]: the even programs, or the odd ones
compare()
{
	local cc=$1 i=0 k=0 n p sets
	need_cmd $cc readelf
	[[ $cc != *gcc ]] || need_cmd bpf-as
	readarray -t sets <<<"$2"
	: >good; : >bad; : >not
	for p in "$PROGS"/*.c; do
		if [ "${BPFUTILS_TEST_PROGS:-}" = all ]; then
			for n in "${!sets[@]}"; do one $p ${sets[n]}; done
		elif [ -z "${3:-}" ] || [ $((k++ % 2)) = $3 ]; then
			one $p ${sets[i++ % ${#sets[@]}]}
		fi
	done
	cat bad not | sed 's/^/# /' >&3
	assert_equal "$(cat bad)" ''
	# What they do not take themselves are some at -O0 and of 32 bits; most must have been compared.
	[ $(($(wc -l <good) * 10)) -ge $((($(wc -l <good) + $(wc -l <not)) * 9)) ]
	[ $(wc -l <good) -ge 18 ]
}

@test "clang 14: -S | bpf-as gives what clang -c -x assembler gives" {
	compare clang-14 "$CLANG" 0
}

@test "clang 19" {
	compare clang-19 "$CLANG
-O2 -g -mcpu=v4" 1
}

@test "bpf-gcc 12: -S | bpf-as gives what binutils' bpf-as gives" {
	compare bpf-gcc "$GCC"
}

@test "bpf-gcc -B DIR, where DIR holds bpf-as as as" {
	need_native
	need_cmd bpf-gcc bpf-as
	mkdir b
	ln -s "$BPF_AS" b/as
	for f in -g -pipe '-Wa,-W,--noexecstack,-v'; do
		bpf-gcc -B$PWD/b -O2 $f -c $PROGS/xdp_lb.c -o x.o
		bpf-gcc -O2 ${f/-Wa,*/} -c $PROGS/xdp_lb.c -o y.o
		run -0 $OBJCMP y.o x.o
	done
	echo '	exit' | b/as
	run -0 readelf -SW a.out
	assert_line --partial .text
}

@test "clang++: groups of inline functions" {
	need_cmd clang++-19
	cat >x.cc <<-'EOF'
		template <class T> struct box { T v; T get() { return v; } };
		inline int add(int a, int b) { return a + b; }
		int use(int (*)(int, int));
		__attribute__((section("xdp"))) int prog(box<long> *b)
		{
			return use(add) + b->get();
		}
	EOF
	for v in 14 19; do
		command -v clang++-$v || continue
		clang++-$v --target=bpf -O1 -g -fno-exceptions -S x.cc -o x.s
		clang++-$v --target=bpf -c -x assembler x.s -o x.1.o
		run -0 --separate-stderr $BPF_AS -o x.2.o x.s
		run -0 $OBJCMP x.1.o x.2.o
		run -0 readelf -gW x.2.o
		assert_output --partial 'COMDAT group section'
	done
}
