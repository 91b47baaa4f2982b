#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool object: what is in a file, without bpf(2).

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cat >all.s <<-'END'
		.map	seen, hash, key=u32, value=u64, max_entries=64
		.map	outer, hash_of_maps, key=u32, max_entries=4, inner={ array, key=u32, value=u32, max_entries=2 }
		.license "GPL"
		.section .rodata
		.globl	limit
		limit:	.4byte 7
		.section .data
		.globl	counter
		counter: .8byte 0x1122334455667788
		.section xdp
		.globl	on_xdp
		on_xdp:
			r2 = limit ll
			r1 = *(u32 *)(r2 + 0)
			call	twice
			r1 = seen ll
			*(u32 *)(r10 - 4) = r0
			r2 = r10
			r2 += -4
			call	bpf_map_lookup_elem
			r1 = counter + 4 ll
			r0 = XDP_PASS
			exit
		.section tracepoint/skb/kfree_skb
		.globl	on_drop
		on_drop:
			r0 = 0
			exit
		.section .text
		twice:
			r0 = r1
			r0 += r0
			exit
	END
	$BPF_AS -o all.o all.s
}

@test "show: sections, programs, functions, maps, BTF" {
	run -0 $BPFTOOL object show all.o
	assert_line --index 0 'all.o: BPF object, little-endian, license GPL'
	assert_line --regexp '^	xdp +code +[0-9]+B  [0-9]+ insns  [0-9]+ relocations$'
	assert_line --partial 'on_drop: section "tracepoint/skb/kfree_skb"  type tracepoint  hook tracepoint at skb/kfree_skb'
	assert_line --regexp 'seen: hash  by btf  key 4B  value 8B  max_entries 64  flags 0x0$'
	assert_line --partial 'key type unsigned int  value type unsigned long long'
	assert_line --partial 'outer: hash_of_maps'
	assert_line --regexp '^		calls twice$'
	run -0 $BPFTOOL -j object show all.o
	js=$output
	assert_equal "$(jq -c '[.endian, .license, (.programs | map([.name, .type, .insns]))]' <<<"$js")" \
		'["little","GPL",[["on_xdp","xdp",14],["on_drop","tracepoint",2]]]'
	assert_equal "$(jq -c '.programs[0] | [.functions, (.maps | sort), .insns_linked]' <<<"$js")" \
		'[["twice"],[".data",".rodata","seen"],17]'
	assert_equal "$(jq -c '.maps[] | select(.name == ".rodata") | [.type, .bytes_value, .flags, .frozen]' <<<"$js")" \
		'["array",4,1152,true]'
	assert_equal "$(jq -r '.maps[] | select(.name == "outer") | .inner' <<<"$js")" \
		"$(jq -r '.maps[] | select(.template) | .name' <<<"$js")"
	assert_equal "$(jq -c '.btf | .func_info, (.line_info > 10)' <<<"$js" | xargs)" '3 true'
}

@test "show: a big-endian object says the same" {
	$BPF_AS -EB -o big.o all.s
	$BPFTOOL -j object show all.o | jq -S 'del(.file, .endian, .sections)' >little.js
	$BPFTOOL -j object show big.o | jq -S 'del(.file, .endian, .sections)' >big.js
	diff little.js big.js
	run -0 $BPFTOOL object show big.o
	assert_line --index 0 'big.o: BPF object, big-endian, license GPL'
}

@test "what is no object, what is not there, what is damaged" {
	run -1 $BPFTOOL object show all.s
	run -4 $BPFTOOL object show no.o
	assert_output --partial "no.o"
	run -2 $BPFTOOL object show
	run -1 --separate-stderr $BPFTOOL -j object show all.s
	run -0 jq -r '.error | length > 0' <<<"$output"
	assert_output true
	# cut off anywhere: an error and valid JSON, never more
	size=$(stat -c %s all.o)
	for n in 0 1 63 64 100 $((size / 2)) $((size - 1)); do
		head -c "$n" all.o >cut.o
		run -1 --separate-stderr $BPFTOOL -j object show cut.o
		jq -e .error <<<"$output"
	done
}
