#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld -r: objects into one object. What upstream's linker (bpftool gen object) makes of the same
# objects is compared section by section, by objcmp.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	OBJCMP=$_emu$BUILDDIR/tests/objcmp
}

teardown()
{
	drop_pins
}

clang()
{
	local c
	for c in clang-19 clang-14 clang; do
		command -v $c >/dev/null && { command $c -O2 -g --target=bpf -mcpu=v3 "$@"; return; }
	done
}

need_clang()
{
	command -v clang-19 >/dev/null || command -v clang-14 >/dev/null || command -v clang >/dev/null ||
		skip "needs clang"
}

same() # A B: as objcmp sees it, without what a linker may do as it likes
{
	$OBJCMP -e -n -F -i '.BTF*' -i .llvm_addrsig -i '.debug*' -i .eh_frame "$1" "$2"
}

assemble() # NAME <<source
{
	$BPF_AS -g0 -o "$1.o" -
}

@test "two sources: calls, data, a map and a global variable across them" {
	assemble a <<-'EOF'
	.map hits, array, key=4, value=8, max_entries=1
	.data
	.globl limit
	limit: .long 7
	.extern other
	.section xdp
	.globl main
	main:
		call other
		r1 = limit ll
		r1 = *(u32 *)(r1 + 0)
		r0 += r1
		exit
	.license "GPL"
	EOF
	assemble b <<-'EOF'
	.extern limit
	.data
	own: .long 30, 40
	.text
	.globl other
	other:
		r1 = own ll
		r0 = *(u32 *)(r1 + 4)
		r1 = limit ll
		r1 = *(u32 *)(r1 + 0)
		r0 += r1
		exit
	.license "GPL"
	EOF
	run -0 $BPF_LD -r -o ab.o a.o b.o
	[ -z "$output" ]
	run -0 $BPF_AS -d ab.o
	# The own datum moved behind the other object's.
	[[ $output == *other:* && $output == *limit* ]]
	need_native
	run -0 readelf -sW ab.o
	refute_output --partial UND' other'
	run -0 readelf -x .data ab.o
	assert_output --partial '07000000 1e000000 28000000'
}

@test "what the joined programs compute" {
	need_bpf
	need_native
	need_clang
	need_pins
	need_upstream_bpftool
	need_cmd jq
	clang -c "$SRCDIR/tests/join/a.c" -o a.o
	clang -c "$SRCDIR/tests/join/b.c" -o b.o
	run -0 $BPF_LD -r -o ab.o a.o b.o
	run -0 $BPF_LD --pin "$PINS" --no-attach ab.o
	head -c 64 /dev/zero >pkt
	# count: weigh(3, s) = 3 * 5 + 7 + 1 + 5 = 28; its own helper: 0 * 3 + 5: together above 10
	run -0 $UPSTREAM prog run pinned "$PINS/count" data_in pkt
	assert_output --partial 'Return value: 2'
	run -0 $BPFTOOL -j map dump pinned "$PINS/stats"
	run -0 jq -c '[.[].formatted.value.n]' <<<"$output"
	assert_output '[1,1,0,0]'
	run -0 $BPFTOOL -j map dump pinned "$PINS/bss"
	run -0 jq -c '.[0].formatted.value[".bss"] | map(to_entries[0]) | from_entries' <<<"$output"
	assert_output '{"shared_bss":1,"shared2":4}'
	# Lines of both sources, each with its text.
	run -0 $BPFTOOL prog dump xlated pinned "$PINS/count" linum
	assert_output --partial 'shared_bss++;'
	assert_output --partial 's->bytes += len;'
	drop_pins
}

@test "the same as upstream's linker makes" {
	need_clang
	need_native
	need_upstream_bpftool
	local f n prev= pairs=0 up=$UPSTREAM
	for f in "$SRCDIR"/tests/progs/*.c; do
		n=$(basename "$f" .c)
		clang -c "$f" -o "$n.o" 2>/dev/null || continue
		$BPF_LD -r -o ours.o "$n.o"
		if $up gen object theirs.o "$n.o" >/dev/null 2>&1; then
			same ours.o theirs.o
			pairs=$((pairs + 1))
		fi
		rm -f ours.o theirs.o
		if [ -n "$prev" ] && $up gen object theirs.o "$prev" "$n.o" >/dev/null 2>&1; then
			$BPF_LD -r -o ours.o "$prev" "$n.o"
			same ours.o theirs.o
			a=$($up btf dump file ours.o | grep -c '^\[')
			b=$($up btf dump file theirs.o | grep -c '^\[')
			# Types that nobody refers to any more may stay; no more of them than one or two.
			[ "$a" -le $((b + 2)) ]
			pairs=$((pairs + 1))
		fi
		prev=$n.o
	done
	[ $pairs -ge 60 ]
}

@test "types: cycles are one, a forward declaration is what it declares, equal names may differ" {
	need_clang
	need_native
	need_upstream_bpftool
	need_cmd jq
	cat >h.h <<-'EOF'
	struct list { struct list *next; struct owner *o; int v; };
	EOF
	cat >a.c <<-'EOF'
	#include "h.h"
	struct priv { int a; };
	struct list la; struct priv pa;
	EOF
	cat >b.c <<-'EOF'
	struct owner { struct list *head; unsigned n; };
	#include "h.h"
	struct priv { long b; };
	struct list lb; struct owner ob; struct priv pb;
	EOF
	clang -c a.c -o a.o
	clang -c b.c -o b.o
	run -0 $BPF_LD -r -o ab.o a.o b.o
	run -0 $UPSTREAM -j btf dump file ab.o
	printf '%s' "$output" >dump.json
	run -0 jq -c '[.types[] | select(.kind == "STRUCT") | .name] | sort' dump.json
	assert_output '["list","owner","priv","priv"]'
	run -0 jq '[.types[] | select(.kind == "FWD")] | length' dump.json
	assert_output 0
}

@test "CO-RE records and lines move with their instructions" {
	need_bpf
	need_native
	need_clang
	need_file /sys/kernel/btf/vmlinux
	cat >core.h <<-'EOF'
	struct task_struct { int pid; int tgid; } __attribute__((preserve_access_index));
	static void *(*const task)(void) = (void *)158;
	EOF
	for n in 1 2 3; do
		cat >c$n.c <<-EOF
		#include "core.h"
		int seen$n;
		__attribute__((section("tp_btf/sched_switch"))) int p$n(void *ctx)
		{
			struct task_struct *t = task();
			seen$n = $n & 1 ? t->pid : t->tgid;
			return 0;
		}
		char _license[] __attribute__((section("license"))) = "GPL";
		EOF
		clang -c c$n.c -o c$n.o
	done
	run -0 $BPF_LD -r -o c.o c1.o c2.o c3.o
	run -0 llvm_lines c.o
	assert_output --partial 'c3.c'
	run -0 objdump_core c.o
	[ "$output" = 3 ]
}

llvm_lines() # the source files that .BTF.ext names
{
	strings -a "$1"
}

objdump_core() # CO-RE records in .BTF.ext: its header tells the length
{
	objcopy -O binary --only-section=.BTF.ext --set-section-flags .BTF.ext=alloc "$1" ext.bin 2>/dev/null ||
		llvm-objcopy-19 -O binary --only-section=.BTF.ext --set-section-flags .BTF.ext=alloc "$1" ext.bin
	# u32 core_relo_len at 28; record size, section name, count, then records of 16 bytes
	echo $((($(od -An -tu4 -j28 -N4 ext.bin) - 12) / 16))
}

@test "two definitions, two licenses, two kinds, two prototypes" {
	assemble a <<-'EOF'
	.text
	.globl f
	f:	r0 = 0
		exit
	.data
	.globl f2
	f2:	.long 1
	.license "GPL"
	EOF
	assemble b <<-'EOF'
	.text
	.globl f
	f:	r0 = 1
		exit
	EOF
	run -1 --separate-stderr $BPF_LD -r -o ab.o a.o b.o
	[[ $stderr == *"b.o: error: 'f' is defined here and in a.o [O0403]"* ]]
	[ ! -e ab.o ]
	assemble c <<-'EOF'
	.text
	.globl g
	g:	r0 = 1
		exit
	.license "MIT"
	EOF
	run -1 --separate-stderr $BPF_LD -r -o ab.o a.o c.o
	[[ $stderr == *"section 'license' is not what the objects before have"* ]]
	run -1 --separate-stderr $BPF_LD -r -o ab.o a.o /dev/null
	[[ $stderr == *"/dev/null: error:"* ]]
	run -4 --separate-stderr $BPF_LD -r -o ab.o a.o none.o
	run -2 --separate-stderr $BPF_LD -r -o ab.o
	run -2 --separate-stderr $BPF_LD -r --no-such-thing a.o
	need_clang
	echo 'extern int h(int a, long b); int call(int x) { return h(x, x); }' >d.c
	echo '__attribute__((noinline)) int h(int a) { return a; }' >e.c
	clang -c d.c -o d.o
	clang -c e.c -o e.o
	run -1 --separate-stderr $BPF_LD -r -o de.o d.o e.o
	[[ $stderr == *"function 'h' has another type than in d.o"* ]]
}

@test "a compressed section is taken from one object, and joined with none" {
	printf '.section odd,"",@progbits\n.long 1\n' | assemble a
	printf '.section odd,"0x800",@progbits\n.long 1\n' | assemble b
	$BPF_LD -r -o bb.o b.o
	readelf -SW bb.o >headers
	run -0 grep -c '] odd .* C  ' headers
	for pair in 'a.o b.o' 'b.o a.o' 'b.o bb.o'; do
		run -1 --separate-stderr $BPF_LD -r -o ab.o $pair
		[[ $stderr == *"section 'odd' is compressed, which cannot be joined [O0402]"* ]]
	done
}

@test "a weak definition gives way, and the first of two weak ones stays" {
	need_native
	assemble a <<-'EOF'
	.text
	.weak f
	f:	r0 = 1
		exit
	.section socket
	.globl p
	p:	call f
		exit
	EOF
	assemble b <<-'EOF'
	.text
	.globl f
	f:	r0 = 2
		exit
	EOF
	run -0 $BPF_LD -r -o ab.o a.o b.o
	run -0 readelf -sW ab.o
	assert_output --regexp '0000000000000010 .*FUNC +GLOBAL .* f'
	run -0 $BPF_LD -r -o ba.o b.o a.o
	run -0 readelf -sW ba.o
	assert_output --regexp '0000000000000000 .*FUNC +GLOBAL .* f'
}

@test "archives, -l, the options that compilers give, and the name ld" {
	need_native
	need_cmd ar
	assemble a <<-'EOF'
	.extern far_away
	.section socket
	.globl p
	p:	call far_away
		exit
	.license "GPL"
	EOF
	assemble far_away_in_a_long_name <<-'EOF'
	.extern further
	.text
	.globl far_away
	far_away: call further
		exit
	EOF
	assemble further <<-'EOF'
	.text
	.globl further
	further: r0 = 3
		exit
	EOF
	assemble unused <<-'EOF'
	.text
	.globl unused
	unused: r0 = 4
		exit
	EOF
	ar rc libx.a further.o far_away_in_a_long_name.o unused.o 2>/dev/null
	ln -s "$BUILDDIR/bpf-ld/bpf-ld" ld
	run -0 ./ld -plugin x.so -plugin-opt=-fresolution=y -EL -o out.o -L. a.o -lx -lgcc
	run -0 readelf -sW out.o
	assert_output --regexp 'FUNC +GLOBAL .* further'
	refute_output --partial unused
	refute_output --partial UND' f'
	run -4 --separate-stderr ./ld -r -o out2.o a.o -L. -lnone
	[[ $stderr == *"there is no libnone.a"* ]]
	# Archives alone are an object's fault, not the command line's; no file at all is the latter's.
	run -1 --separate-stderr ./ld -r -o out2.o libx.a
	[[ $stderr == *"there is nothing to link: no object is named"*"[O0406]"* ]]
	[ ! -e out2.o ]
	run -1 --separate-stderr ./ld -r -o out2.o -L. -lx
	run -2 --separate-stderr ./ld -r -o out2.o
	head -c 150 libx.a >cut.a
	run -1 --separate-stderr ./ld -r -o out2.o a.o cut.a
	[[ $stderr == *"cut.a: damaged archive"* ]]
	run -1 --separate-stderr ./ld -r -EB -o out2.o a.o
	[[ $stderr == *"is little endian, and the output is to be big endian"* ]]
	command -v bpf-gcc >/dev/null || return 0
	echo 'extern int two(void); int one(void) { return two() + 1; }' >one.c
	echo 'int two(void) { return 2; }' >two.c
	bpf-gcc -B "$PWD/" -O1 -nostdlib -o both.o one.c two.c
	run -0 readelf -sW both.o
	assert_output --regexp 'FUNC +GLOBAL .* one'
	assert_output --regexp 'FUNC +GLOBAL .* two'
}

@test "an output that cannot be written leaves nothing" {
	assemble a <<-'EOF'
	.text
	.globl f
	f:	r0 = 1
		exit
	EOF
	run -4 --separate-stderr $BPF_LD -r -o none/x.o a.o
	[[ $stderr == *"cannot write none/x.o"* ]]
	cp a.o keep.o
	run -1 --separate-stderr $BPF_LD -r -o keep.o a.o a.o
	run -0 cmp a.o keep.o
	run -0 ls
	refute_output --partial tmp
}
