/* SPDX-License-Identifier: GPL-2.0-or-later */
	.section xdp
f:	r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 14
	r0 = 2
	if r4 > r3 goto out
	r5 = *(u8 *)(r2 + 20)
out:	exit
