/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that no verifier takes. */
	.section xdp
p:
	goto +100			// ERROR "jump past the end of section 'xdp'"
	goto -100			// ERROR "jump before the start of section 'xdp'"
	r1 = 1 ll
	goto -2				// ERROR "jump into the middle of an instruction"
	goto -3				// ERROR "jump into the middle of an instruction"
	r0 = 1				// ERROR "function 'p' runs off its end"
	.globl	p2
p2:	if r1 == 0 goto -2		// ERROR "jump out of function 'p2'"
	.insn	0x05, 0, 0, 100, 0
	exit
