#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Structs of operations: a congestion control of programs, registered, used by a real connection, and gone.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd clang-19
	AVAILABLE=/proc/sys/net/ipv4/tcp_available_congestion_control
}

teardown()
{
	[ -z "${NS:-}" ] || ip netns del $NS
	drop_pins
}

# compile NAME [SED]: tests/progs/NAME.c, changed, with names of this run
compile()
{
	sed -e "s/bpf_half/half$$/; s/bpf_counted/count$$/; s/bpf_left_out/left$$/" ${2:+-e "$2"} "$SRCDIR/tests/progs/$1.c" >$1.c
	clang-19 --target=bpf -O2 -g -I"$SRCDIR/tests/progs" -c $1.c -o $1.o
}

can_load()
{
	need_root
	need_bpf
	need_file $AVAILABLE
	[ -e /sys/kernel/btf/vmlinux ] || skip "needs /sys/kernel/btf/vmlinux"
	compile struct_ops
	run $BPF_LD --no-attach struct_ops.o
	[ $status != 3 ] || skip "needs a kernel with struct_ops: $(tail -1 <<<"$output")"
}

@test "it is registered while bpf-ld lives, and named in what is told" {
	can_load
	compile struct_ops
	run -0 --separate-stderr $BPF_LD struct_ops.o -- cat $AVAILABLE
	assert_output --partial " half$$"
	[[ $stderr == *'attached half to struct_ops:ops'* ]]
	run -0 cat $AVAILABLE
	refute_output --partial "half$$"
}

@test "members by name, a flavour of the struct, members of no kernel that are zero; '?' is left out; a connection uses it" {
	need_netns
	need_cmd python3
	can_load
	need_pins
	compile struct_ops_link
	run -0 $BPF_LD --pin $PINS/p struct_ops_link.o
	run -0 cat $AVAILABLE
	assert_output --partial "count$$"
	refute_output --partial "left$$"
	NS=bpfutils-so-$$
	ip netns add $NS
	ip -n $NS link set lo up
	ip netns exec $NS python3 - count$$ <<-'END'
		import socket, sys
		s = socket.socket()
		s.bind(("127.0.0.1", 0))
		s.listen()
		c = socket.socket()
		c.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sys.argv[1].encode())
		c.connect(s.getsockname())
		d = s.accept()[0]
		for i in range(50):
		    c.sendall(b"x" * 10000)
		    n = 10000
		    while n:
		        n -= len(d.recv(n))
	END
	run -0 $BPFTOOL -j map dump pinned $PINS/p/bss
	refute_output --partial '"avoided":0'
	rm -r $PINS/p
	eventually 5 sh -c "! grep -q count$$ $AVAILABLE"
}

@test "what does not fit the kernel's struct is refused by the member's name" {
	can_load
	compile struct_ops_link 's/\.name = /.not_yet___v7 = 1, .name = /'
	run -1 $BPF_LD -n struct_ops_link.o
	assert_output --partial 'struct counted: member not_yet___v7 of tcp_congestion_ops is not in this kernel'
	compile struct_ops_link 's/u32 flags;/u64 flags;/'
	run -1 $BPF_LD -n struct_ops_link.o
	assert_output --partial 'struct counted: member flags of tcp_congestion_ops has another type'
	compile struct_ops_link 's/tcp_congestion_ops___mine/tcp_nothing_ops/'
	run -3 $BPF_LD -n struct_ops_link.o
	assert_output --partial 'struct counted: programs cannot implement tcp_nothing_ops here'
	compile struct_ops_link 's/\.undo_cwnd = .*ssthresh/.undo_cwnd = (void *)ssthresh/; s/\.undo_cwnd = (void \*)undo_cwnd/.undo_cwnd = (void *)ssthresh/'
	run -1 $BPF_LD -n --only ssthresh struct_ops_link.o
	assert_output --partial 'points to a program that is another member already'
}

@test "a program that no struct has as a member cannot be loaded" {
	can_load
	compile struct_ops 's/\.undo_cwnd = (void \*)undo,//'
	run -1 $BPF_LD -n struct_ops.o
	assert_output --partial 'program undo cannot be loaded: no struct of operations has it as a member'
}

@test "a name that is taken: all is undone" {
	can_load
	need_pins
	compile struct_ops_link 's/count[0-9]*/cubic/'
	run ! $BPF_LD --pin $PINS/p struct_ops_link.o
	assert_output --partial 'error'
	assert_equal "$(ls $PINS)" ''
}

@test "--keep-going: the members of a struct that this kernel has not fail by that, and are not tried" {
	can_load
	compile struct_ops 's/tcp_congestion_ops/not_in_this_kernel_ops/g'
	run -3 --separate-stderr $BPF_LD --no-attach -k struct_ops.o
	[[ $stderr == *'programs cannot implement not_in_this_kernel_ops here'* ]]
	[[ $stderr == *'cannot be loaded: its struct ops cannot be made [L0104]'* ]]
	[[ $stderr != *524* ]]
}

@test "--attach struct_ops:NAME: one struct, a '?' one too, and no other" {
	can_load
	compile struct_ops_link
	run -0 --separate-stderr $BPF_LD -a struct_ops:left_out struct_ops_link.o -- cat $AVAILABLE
	assert_output --partial "left$$"
	refute_output --partial "count$$"
	run -1 $BPF_LD -n -a struct_ops:left_ot struct_ops_link.o
	assert_output --partial 'did you mean "left_out"?'
	run -1 $BPF_LD -n -a struct_ops:left_out=init struct_ops_link.o
	assert_output --partial 'a struct is attached with all its members'
}

@test "--replace: the link of a struct gets the new struct" {
	can_load
	need_pins
	need_cmd jq
	compile struct_ops_link
	run -0 $BPF_LD --pin $PINS/p struct_ops_link.o
	pin=$(ls $PINS/p/*_link)
	before=$($BPFTOOL -j link show pinned $pin | jq .id)
	map=$($BPFTOOL -j map show pinned $PINS/p/counted | jq .id)
	run -0 $BPF_LD --pin $PINS/p --replace struct_ops_link.o
	assert_equal "$($BPFTOOL -j link show pinned $pin | jq .id)" "$before"
	[ "$($BPFTOOL -j map show pinned $PINS/p/counted | jq .id)" != "$map" ]
	run -0 cat $AVAILABLE
	assert_output --partial "count$$"
	run -0 $BPF_LD --unload $PINS/p
	eventually 5 sh -c "! grep -q count$$ $AVAILABLE"
}
