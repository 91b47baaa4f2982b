/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values that would mean something else when they run, and memory that is not there. */
	.section xdp
p:
	r1 <<= 64			// ERROR "shift by 64, but the register has 64 bits"
	w1 >>= 32			// ERROR "shift by 32, but the register has 32 bits"
	r1 s>>= -1			// ERROR "shift by -1"
	r1 /= 0				// ERROR "division by zero"
	w1 s%= 0			// ERROR "division by zero"
	r1 = 0xffffffff			// ERROR "4294967295 does not fit: the 32 bits are sign-extended"
	r1 &= 0xffffffff		// ERROR "sign-extended"
	if r1 == 0xffffffff goto +1	// ERROR "sign-extended"
	*(u64 *)(r1 + 0) = 0x80000000	// ERROR "sign-extended"
	w1 = 0xffffffff
	w1 = -0x80000000
	if w1 == 0xffffffff goto +1
	*(u8 *)(r1 + 0) = 255
	*(u8 *)(r1 + 0) = 256		// ERROR "value 256 is out of range (-128 to 255)"
	w1 = 0x100000000		// ERROR "immediate 4294967296 is out of range"
	*(u64 *)(r10 - 7) = r1		// ERROR "access ends above the stack frame"
	*(u64 *)(r10 - 12) = r1		// ERROR "stack access of 8 bytes is not aligned"
	*(u64 *)(r10 - 520) = r1	// ERROR "access begins below the stack frame"
	r1 = *(u8 *)(r10 + 0)		// ERROR "access ends above the stack frame"
	r1 = *(u8 *)(r10 - 1)
	r1 = 0x1ffffffffffffffff ll	// ERROR "number does not fit in 64 bits"
	r1 = 1 / 0			// ERROR "division by zero in an expression"
	r1 = 1 << 64			// ERROR "shift by less than 0 or more than 63"
	exit
