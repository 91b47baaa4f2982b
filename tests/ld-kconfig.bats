#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Variables of .kconfig: what the kernel's configuration says, in the variable's type.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd clang-19
	cat >config <<-'END'
		#
		# Linux/x86 6.1.0 Kernel Configuration
		#
		CONFIG_HZ=1000
		CONFIG_HZ_SHORT=70000
		CONFIG_NEG=-5
		CONFIG_HEX=0xdead000000000000
		CONFIG_YES=y
		# CONFIG_NO is not set
		CONFIG_MOD=m
		CONFIG_NAME="(none)"
		CONFIG_LONG="0123456789"
	END
}

teardown()
{
	drop_pins
}

# compile NAME DECLARATION...: an XDP program that uses each of the variables
compile()
{
	local n=$1 d
	shift
	{
		echo '#include "bpf.h"'
		echo 'enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };'
		echo 'u64 sum;'
		for d; do echo "extern $d KCONFIG;"; done
		echo 'SEC("xdp") int f(void *ctx) {'
		for d; do
			d=${d%%;*}; d=${d% WEAK}; d=${d##* }
			echo "sum += *(volatile u8 *)&${d%%[*};"
		done
		echo 'return 2; } LICENSE("GPL");'
	} >$n.c
	clang-19 --target=bpf -O2 -g -I"$SRCDIR/tests/progs" -c $n.c -o $n.o
}

@test "types and values: the map that is made, and frozen" {
	need_bpf
	need_pins
	compile k 'u32 CONFIG_HZ' 's16 CONFIG_NEG' 'u64 CONFIG_HEX' '_Bool CONFIG_YES' '_Bool CONFIG_NO' \
		'enum libbpf_tristate CONFIG_MOD' 'char CONFIG_NAME[16]' 'char CONFIG_LONG[4]' \
		'u32 CONFIG_NOBODY_HAS_IT WEAK' 'u32 LINUX_KERNEL_VERSION' 'int LINUX_NO_SUCH_FACT WEAK'
	run -0 --separate-stderr $BPF_LD --no-attach --kconfig config --pin $PINS/k k.o
	[[ $stderr == *'variable CONFIG_LONG holds the first 3 bytes of "0123456789"'* ]]
	run -0 $BPFTOOL -j map dump pinned $PINS/k/kconfig
	assert_output --partial '"CONFIG_HZ":1000'
	assert_output --partial '"CONFIG_NEG":-5'
	assert_output --partial '"CONFIG_HEX":16045481047390945280'
	assert_output --partial '"CONFIG_YES":true'
	assert_output --partial '"CONFIG_NO":false'
	assert_output --partial '"CONFIG_MOD":"TRI_MODULE"'
	assert_output --partial '"CONFIG_NAME":"(none)"'
	assert_output --partial '"CONFIG_LONG":"012"'
	assert_output --partial '"CONFIG_NOBODY_HAS_IT":0'
	local v=$(uname -r | sed -E 's/^([0-9]+)\.([0-9]+).*/\1 \2/')
	set -- $v
	[ $(($(grep -o '"LINUX_KERNEL_VERSION":[0-9]*' <<<"$output" | cut -d: -f2) >> 8)) = $(($1 * 256 + $2)) ]
	# What it holds stays.
	run $BPFTOOL map update pinned $PINS/k/kconfig key 0 0 0 0 value 1
	[ $status != 0 ]
}

@test "the VM makes the same of it" {
	need_world
	export BPFUTILS_BACKEND=vm
	compile k 'u32 CONFIG_HZ' '_Bool CONFIG_YES' 'u32 CONFIG_NOBODY_HAS_IT WEAK'
	run -0 $BPF_LD --no-attach --kconfig config --pin $BPFUTILS_WORLD/pins/k k.o
	run -0 $BPFTOOL -j map dump pinned $BPFUTILS_WORLD/pins/k/kconfig
	assert_output --partial '"CONFIG_HZ":1000'
	assert_output --partial '"CONFIG_YES":true'
}

@test "the running kernel's configuration" {
	need_file /proc/config.gz
	need_cmd zcat
	need_bpf
	need_pins
	local hz=$(zcat /proc/config.gz | sed -n 's/^CONFIG_HZ=//p')
	compile k 'u32 CONFIG_HZ' '_Bool LINUX_HAS_SYSCALL_WRAPPER' '_Bool LINUX_HAS_BPF_COOKIE'
	run -0 $BPF_LD --no-attach --pin $PINS/k k.o
	run -0 $BPFTOOL -j map dump pinned $PINS/k/kconfig
	assert_output --partial "\"CONFIG_HZ\":$hz}"
}

refused() # TEXT
{
	run -1 $BPF_LD -n --no-attach --kconfig config k.o
	assert_output --partial "$1"
}

@test "what does not fit is refused, by name" {
	compile k 'u32 CONFIG_NOBODY_HAS_IT'
	refused "variable CONFIG_NOBODY_HAS_IT: the kernel's configuration has no such option"
	compile k '_Bool CONFIG_MOD'
	refused 'variable CONFIG_MOD cannot be m: its type is bool'
	compile k 'u32 CONFIG_YES'
	refused 'variable CONFIG_YES cannot be y: a state needs bool'
	compile k 'u16 CONFIG_HZ_SHORT'
	refused 'variable CONFIG_HZ_SHORT cannot be 70000: its type is too small'
	compile k 'u32 CONFIG_NEG'
	refused 'variable CONFIG_NEG cannot be -5: its type has no sign'
	compile k 'u32 CONFIG_NAME'
	refused 'variable CONFIG_NAME cannot be "(none)": a text needs an array of char'
	compile k 'u32 CONFIG_NO'
	refused 'variable CONFIG_NO cannot be n: it is not set'
	compile k 'u32 LINUX_NO_SUCH_FACT'
	refused 'variable LINUX_NO_SUCH_FACT: there is no fact of that name'
	compile k 'u32 CONFIG_HZ'
	run -1 $BPF_LD -n --no-attach --kconfig missing k.o
	assert_output --partial '--kconfig missing: No such file or directory'
}

@test "a compressed configuration" {
	need_cmd gzip
	grep -q '^#define HAVE_ZLIB' "$BUILDDIR/config.h" || skip "needs a build with zlib"
	gzip config
	mv config.gz config
	compile k 'u32 CONFIG_HZ'
	run -0 $BPF_LD -n --no-attach --kconfig config k.o
	assert_output --partial 'fill map .kconfig: 4 bytes'
}

@test "a name with a line break in it is no option" {
	printf 'CONFIG_HZ=250\nCONFIG_BP="x"\nCONFIG_BPF_JIT=y\n' >config
	export BPFUTILS_BACKEND=vm
	need_world
	# The variable is called "CONFIG_HZ=250\nCONFIG_BP".
	run -0 $BPF_LD -n --no-attach --kconfig config "$BPFUTILS_SRCDIR/tests/fuzz/objects/found-kconfig.o"
	assert_output --partial 'create map .kconfig'
}
