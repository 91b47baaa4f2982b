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

@test "show: symbols and relocations when they are asked for" {
	run -0 $BPFTOOL object show all.o symbols relocations
	assert_line --regexp '^	0x000000    112B  func    global  xdp  on_xdp$'
	assert_line --regexp '^	0x000000 +4B  object  global  .rodata  limit$'
	assert_line '	xdp+0x0: R_BPF_64_64 data limit'
	assert_line '	xdp+0x50: R_BPF_64_64 data counter+4'
	run -0 $BPFTOOL -j object show all.o reloc sym
	assert_equal "$(jq -c '[.relocations[] | select(.section == "xdp") | .kind]' <<<"$output")" '["data","function","map","data"]'
	assert_equal "$(jq -r '.symbols[] | select(.name == "on_drop") | .section' <<<"$output")" tracepoint/skb/kfree_skb
	run -2 $BPFTOOL object show all.o relcations
	assert_output --partial "did you mean 'relocations'?"
	run -0 $BPFTOOL -j object show all.o
	assert_equal "$(jq -c 'has("symbols")' <<<"$output")" false
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

@test "dump: instructions with names, source lines and relocations" {
	run -0 $BPFTOOL object dump all.o
	assert_line --regexp '^section xdp: 112B  14 insns$'
	assert_line 'on_xdp:'
	assert_line '; r2 = limit ll'
	assert_line '   0: (18) r2 = data[limit]'
	assert_line '        R_BPF_64_64 data limit'
	assert_line '   3: (85) call twice'
	assert_line '        R_BPF_64_32 function twice'
	assert_line '   4: (18) r1 = map[seen]'
	assert_line '   9: (85) call bpf_map_lookup_elem#1'
	assert_line '  10: (18) r1 = data[counter]+4'
	assert_line --regexp '^  0000: 88 77 66 55 44 33 22 11 +\|.wfUD3".\|$'
	run -0 $BPFTOOL object dump all.o prog on_xdp opcodes linum
	assert_line --regexp '^; r2 = limit ll \[file:.*all.s line_num:13 line_col:[0-9]+\]$'
	assert_line '       18 02 00 00 00 00 00 00  00 00 00 00 00 00 00 00'
	assert_line '  14: (bf) r0 = r1' # the called function, counted as the kernel counts it
	refute_line 'on_drop:'
	run -0 $BPFTOOL object dump all.o section .text
	assert_line '   0: (bf) r0 = r1'
	refute_line 'on_xdp:'
}

@test "dump: JSON with everything at its instruction; of a big-endian object the same" {
	$BPF_AS -EB -o big.o all.s
	for o in all big; do
		$BPFTOOL -j object dump $o.o linum >$o.js
		jq -S 'del(.file) | del(.. | .bytes?)' $o.js >$o.cmp
	done
	diff all.cmp big.cmp
	jq -e '.sections[] | select(.section == "xdp") | .insns[] | select(.pc == 10) |
		.relocation == {"type":"R_BPF_64_64","kind":"data","symbol":"counter","addend":4}' all.js
	jq -e '[.sections[] | select(.section == "xdp") | .insns[].pc] == [0,2,3,4,6,7,8,9,10,12,13]' all.js
	jq -e '.sections[] | select(.section == ".data") | .bytes == "8877665544332211"' all.js
	jq -e '.sections[] | select(.section == ".data") | .bytes == "1122334455667788"' big.js
	$BPFTOOL -j object dump big.o prog on_xdp opcodes |
		jq -e '.insns_linked == 17 and .functions[0].insns[0].opcodes[0:2] == ["0x18","0x20"]'
}

@test "dump: CO-RE relocations in words, externs by kind, typed variables" {
	cat >core.s <<-'END'
		.license "GPL"
		.struct task_struct { u32 pid; u32 tgid; }
		.extern	CONFIG_HZ: u32
		.section .data
		.var	limits: u32[2] = { 3, 4 }
		.section raw_tp/x
		.globl	on_x
		on_x:
			r1 = *(u64 *)(r1 + 0)
			r2 = *(u32 *)(r1 + @task_struct.tgid)
			r3 = CONFIG_HZ ll
			r0 = 0
			exit
	END
	$BPF_AS -o core.o core.s
	run -0 $BPFTOOL object dump core.o
	assert_line '        CO-RE <byte_off> struct task_struct.tgid'
	assert_line --partial 'r3 = kconfig[CONFIG_HZ]'
	assert_line --regexp '^0x0000: .*limits = \[3,4'
	run -0 $BPFTOOL -j object dump core.o
	assert_equal "$(jq -c '.sections[] | select(.section == "raw_tp/x") | .insns[1].core' <<<"$output")" \
		'[{"kind":"byte_off","what":"struct task_struct.tgid"}]'
	assert_equal "$(jq -c '.sections[] | select(.section == ".data") | .variables[0].value' <<<"$output")" '[3,4]'
	run -0 $BPFTOOL object show core.o
	assert_line --regexp '^	CONFIG_HZ: kconfig  '
	assert_line --partial '1 CO-RE'
}

@test "dump: names that are not there, words that exclude each other" {
	run -1 $BPFTOOL object dump all.o prog on_xpd
	assert_output --partial "has no program 'on_xpd'"
	assert_output --partial "did you mean 'on_xdp'?"
	run -1 $BPFTOOL object dump all.o section nowhere
	run -2 $BPFTOOL object dump all.o section xdp prog on_xdp
	run -2 $BPFTOOL object dump all.o section
	run -2 $BPFTOOL object dump all.o visual
	run -1 --separate-stderr $BPFTOOL -j object dump all.o section nowhere
	jq -e .error <<<"$output"
}

@test "hostile objects: bytes changed anywhere, never a crash, always JSON" {
	need_cmd python3
	python3 - <<-'END'
		import random
		good = open("all.o", "rb").read()
		for n in range(24):
		    r = random.Random(n)
		    b = bytearray(good)
		    for _ in range(r.choice((1, 2, 8))):
		        b[r.randrange(64, len(b))] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
		    open("bad%d.o" % n, "wb").write(b)
	END
	for o in bad*.o; do
		for v in show dump; do
			run --separate-stderr $BPFTOOL -j object $v $o
			[ "$status" -le 1 ] || { echo "$o $v: status $status"; return 1; }
			echo "$output" >>all.js
		done
	done
	assert_equal "$(jq -c type all.js | sort | uniq -c | xargs)" '48 object'
}
