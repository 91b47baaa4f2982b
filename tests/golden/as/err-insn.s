/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in instructions. ERROR "…" is part of the message for its line, ERROR-ABOVE of the line before. */
	.section xdp
p:
	r11 = 1				// ERROR "there is no register 'r11'"
	r1 = r11			// ERROR "there is no register 'r11'"
	r1 = 5000000000			// ERROR "immediate 5000000000 does not fit in 32 bits"
	*(u32 *)(r1 + 0) = 0x123456789	// ERROR "value 4886718345 is out of range (-2147483648 to 4294967295)"
	r1 = *(u64 *)(r2 + 40000)	// ERROR "offset 40000 is out of range (-32768 to 32767)"
	r1 = *(u64 *)(r2 + 8		// ERROR "expected ')'"
	r1 = *u64 *(r2 + 8)		// ERROR "expected '(', found 'u64'"
	r1 = *(u128 *)(r2 + 8)		// ERROR "found 'u128'"
	w1 = r2				// ERROR "expected a register w0 to w10, found 'r2'"
	r10 = 0				// ERROR "r10 is read-only"
	r10 = *(u64 *)(r1 + 0)		// ERROR "r10 is read-only"
	gotto p				// ERROR "unknown instruction 'gotto'"
	r1 = r2 r3			// ERROR "expected the end of the statement, found 'r3'"
	if r1 = 0 goto +1		// ERROR "expected a comparison"
	r1 = -r2			// ERROR "the same register as before, found 'r2'"
	lock *(u16 *)(r1 + 0) += r2	// ERROR "found 'u16'"
	r1 = be24 r1			// ERROR "found 'be24'"
	mov %r1, 2			// ERROR "written in the dialect gnu, conformance or ubpf"
	exit
