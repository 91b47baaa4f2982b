/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that are nothing, or something else. */
	.section xdp
p:
	if r1 == 0 goto nowhere		// ERROR "'nowhere' is not defined"
	goto q				// ERROR "jump to 'q', which is in section 'tc'"
	goto 2f				// ERROR "no label '2:' follows"
	goto 3b				// ERROR "no such numeric label before this place"
	call bpf_map_lookup_elm		// ERROR "no helper function is called 'bpf_map_lookup_elm'"
	call foo			// ERROR "'foo' is not defined"
	call known
	r1 = *(u64 *)(r1 + pt_regs.retvla) // ERROR "'pt_regs.retvla' is not defined"
	r1 = BPF_ANYY			// ERROR "'BPF_ANYY' is not defined"
	r1 = p				// ERROR "'p' is a place: its address is not known before loading"
	call .L1			// ERROR "a function needs a name, '.L1' is a local label"
	goto N				// ERROR "'N' is a number, not a label"
	call word			// ERROR "'word' is data in section '.data', not a function"
	goto odd			// ERROR "jump to 'odd', which is in section '.data'"
.L1:	exit
p:	exit				// ERROR "'p' is defined twice"
r3:	exit				// ERROR "'r3' is a register and cannot be a label"
BPF_ANY: exit				// ERROR "'BPF_ANY' is the name of a constant"
	.extern	known
	.set N, 4
	.section tc
q:	exit
	.data
word:	.4byte 1
odd:	.byte 1
	r0 = 0				// ERROR "section '.data' holds no code"
