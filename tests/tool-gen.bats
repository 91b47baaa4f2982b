#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool gen: linked objects, skeletons that libbpf's users compile and run, types cut to what objects need.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cd "$T"
}

object() # of tests/golden/gen
{
	need_cmd clang-19
	need_file /usr/include/bpf/bpf_helpers.h
	clang-19 -g -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$SRCDIR/tests/golden/gen/sk.bpf.c" -o sk.bpf.o
}

need_libbpf()
{
	need_native
	need_cmd cc
	need_file /usr/include/bpf/libbpf.h
	echo 'int main(void) { return 0; }' >empty.c
	cc -o empty empty.c -lbpf 2>cc.log || skip "needs libbpf to link with"
}

@test "gen object: the same as bpf-ld -r, in JSON null; what cannot be linked is said" {
	printf '.section xdp\na: r0 = 2\n exit\n.license "GPL"\n' | $BPF_AS -g -o a.o -
	printf '.section socket\nb: r0 = 0\n exit\n' | $BPF_AS -g -o b.o -
	run -0 $BPFTOOL gen object ours.o a.o b.o
	assert_output ''
	$BPF_LD -r -o theirs.o a.o b.o
	cmp ours.o theirs.o
	run -0 $BPFTOOL -j gen obj again.o a.o b.o
	assert_output null
	cmp ours.o again.o
	run -1 $BPFTOOL -j gen object bad.o a.o a.o
	jq -e .error <<<"$output"
	[ ! -e bad.o ]
	run -1 $BPFTOOL gen object bad.o a.o nowhere.o
	assert_output --partial nowhere.o
	run -4 $BPFTOOL gen object nodir/bad.o a.o
	run -2 $BPFTOOL gen object only.o
}

@test "gen skeleton: compiles with C and C++, opens, loads, attaches, shows variables by libbpf" {
	object
	need_libbpf
	run -0 $BPFTOOL gen skeleton sk.bpf.o
	printf '%s\n' "$output" >sk.skel.h
	assert_line --regexp '^/\* SPDX-License-Identifier: \(LGPL-2.1 OR BSD-2-Clause\) \*/$'
	cc -Wall -Wextra -Werror -I. -o use "$SRCDIR/tests/golden/gen/use.c" -lbpf
	[ -z "$(command -v g++)" ] || g++ -Wall -Werror -I. -fsyntax-only -x c++ "$SRCDIR/tests/golden/gen/use.c"
	need_root
	need_bpf
	run -0 ./use
	assert_output '1 1 bc 1'
}

@test "gen skeleton: the object's bytes, names, JSON" {
	object
	$BPFTOOL gen skeleton sk.bpf.o name my_name >named.h
	grep -q '^struct my_name {$' named.h
	grep -q '^#ifndef __MY_NAME_SKEL_H__$' named.h
	run -0 $BPFTOOL -j gen skeleton sk.bpf.o name my_name
	jq -rj . <<<"$output" | cmp - named.h
	# as gcc sees the string
	need_cmd gcc
	need_native
	{ echo '#include <stdio.h>'; sed -n '/static const char bytes/,/;$/p' named.h
	  echo 'int main(void) { return fwrite(bytes, sizeof(bytes) - 1, 1, stdout) != 1; }'; } >bytes.c
	gcc -o bytes bytes.c
	./bytes | cmp - sk.bpf.o
	cp sk.bpf.o 7.o
	run -1 $BPFTOOL gen skeleton 7.o
	assert_output --partial 'gives no name'
	run -2 $BPFTOOL gen skeleton sk.bpf.o name '1x'
	run -1 $BPFTOOL -j gen skeleton nowhere.o
	jq -e .error <<<"$output"
}

@test "gen subskeleton: pointers to the variables of an object that another one opened" {
	object
	need_libbpf
	$BPFTOOL gen subskeleton sk.bpf.o >sk.subskel.h
	cc -Wall -Wextra -Werror -I. -o usesub "$SRCDIR/tests/golden/gen/usesub.c" -lbpf
	need_root
	need_bpf
	run -0 ./usesub sk.bpf.o
	assert_output '9 5 handle_enter counts'
}

@test "gen min_core_btf: the same answers to CO-RE from a fraction of the types, by bpf-ld and by libbpf" {
	need_cmd clang-19
	need_file /sys/kernel/btf/vmlinux
	clang-19 -target bpf -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o core.o
	run -0 $BPFTOOL -j gen min_core_btf /sys/kernel/btf/vmlinux min.btf core.o
	assert_output null
	[ "$(stat -c %s min.btf)" -lt 8000 ]
	run -0 $BPFTOOL btf dump file min.btf format c
	assert_line '	pid_t pid;'
	refute_output --partial 'nvcsw'
	run -1 $BPFTOOL gen min_core_btf nowhere out.btf core.o
	[ ! -e out.btf ]
	run -2 $BPFTOOL gen min_core_btf /sys/kernel/btf/vmlinux out.btf
	# what the programs become
	need_root
	need_bpf
	need_libbpf
	cc -o core_peer "$SRCDIR/tests/core_peer.c" -lbpf
	./core_peer core.o /sys/kernel/btf/vmlinux >whole.txt
	./core_peer core.o min.btf >cut.txt
	[ "$(wc -l <whole.txt)" -gt 30 ]
	# only the number of a type in the target is another one
	[ "$(diff whole.txt cut.txt | grep -c '^<')" -le 2 ]
}

@test "gen skeleton, runtime own: without a library; what it cannot load is refused" {
	need_cmd clang-19
	need_file /usr/include/bpf/bpf_helpers.h
	clang-19 -g -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$SRCDIR/tests/golden/gen/own.bpf.c" -o own.bpf.o
	run -0 $BPFTOOL gen skeleton own.bpf.o runtime own
	refute_output --partial libbpf
	printf '%s\n' "$output" >own.skel.h
	object
	run -1 $BPFTOOL gen skeleton sk.bpf.o runtime own
	assert_output --partial '__kconfig'
	run -1 $BPFTOOL -j gen skeleton sk.bpf.o runtime own
	jq -e .error <<<"$output"
	run -2 $BPFTOOL gen skeleton sk.bpf.o runtime java
	need_native
	need_cmd cc
	cc -Wall -Wextra -Werror -I. -I"$SRCDIR/include" -o useown "$SRCDIR/tests/golden/gen/useown.c"
	! command -v g++ >/dev/null || g++ -Wall -Werror -I. -I"$SRCDIR/include" -fsyntax-only -x c++ "$SRCDIR/tests/golden/gen/useown.c"
	need_root
	need_bpf
	need_file /sys/kernel/btf/vmlinux
	need_tracefs
	# where task_struct.pid is here, which the kernel has put into the program
	$BPFTOOL -j btf dump file /sys/kernel/btf/vmlinux >v.js
	off=$(jq '.types[] | select(.kind == "STRUCT" and .name == "task_struct").members[] | select(.name == "pid").bits_offset / 8' v.js)
	run -0 ./useown
	assert_output "1 1 1 7 $off 7"
}

@test "gen skeleton: a name that would be more than a name is none in C" {
	printf '.section xdp\n"a\\";evil();//": r0 = 2\n exit\n.license "G\\"PL"\n' | $BPF_AS -o evil.o - || skip "needs such a symbol"
	for r in libbpf own; do
		run -0 $BPFTOOL gen skeleton evil.o runtime $r
		refute_line --regexp '[^\\]";evil'
		assert_output --partial 'a__evil____'
		assert_output --partial '"a\042;evil();//"'
	done
}

@test "gen skeleton, runtime own: maps pinned by name are taken up again, maps of maps and of programs are filled" {
	need_cmd clang-19
	need_file /usr/include/bpf/bpf_helpers.h
	need_native
	need_cmd cc
	clang-19 -g -O2 -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c "$SRCDIR/tests/golden/gen/ownmaps.bpf.c" -o ownmaps.bpf.o
	$BPFTOOL gen skeleton ownmaps.bpf.o runtime own >ownmaps.skel.h
	cc -Wall -Wextra -Werror -I. -I"$SRCDIR/include" -o useownmaps "$SRCDIR/tests/golden/gen/useownmaps.c"
	! command -v g++ >/dev/null || g++ -Wall -Werror -I. -I"$SRCDIR/include" -fsyntax-only -x c++ "$SRCDIR/tests/golden/gen/useownmaps.c"
	need_bpf
	need_pins
	run -0 ./useownmaps "$PINS/kept"
	assert_output '0 7 1 5'
	# the count goes on where it was
	run -0 ./useownmaps "$PINS/kept"
	assert_output '0 7 2 5'
	# another map in its place is not taken
	rm "$PINS/kept"
	$BPFTOOL map create "$PINS/kept" type array key 4 value 4 entries 1
	run -1 ./useownmaps "$PINS/kept"
	assert_output 'kept: File exists'
	drop_pins
}

@test "gen min_core_btf: as small as upstream's, and libbpf makes the same of it" {
	need_upstream_bpftool
	need_cmd clang-19
	need_file /sys/kernel/btf/vmlinux
	need_root
	need_bpf
	need_libbpf
	cc -o core_peer "$SRCDIR/tests/core_peer.c" -lbpf
	local n some=0
	for n in core_task core_self core_bitfield core_missing iter ksyms xdp_lb; do
		clang-19 -target bpf -mcpu=v3 -g -O2 -I"$SRCDIR/tests/progs" -I"/usr/include/$(uname -m)-linux-gnu" \
			-c "$SRCDIR/tests/progs/$n.c" -o $n.o
		$BPFTOOL gen min_core_btf /sys/kernel/btf/vmlinux $n.our $n.o
		$UPSTREAM gen min_core_btf /sys/kernel/btf/vmlinux $n.deb $n.o
		[ "$(stat -c %s $n.our)" -le $(($(stat -c %s $n.deb) + 64)) ]
		./core_peer $n.o $n.deb >deb.txt 2>/dev/null || continue
		run -0 ./core_peer $n.o $n.our
		diff deb.txt <(echo "$output")
		some=$((some + 1))
	done
	[ $some -ge 3 ]
}
