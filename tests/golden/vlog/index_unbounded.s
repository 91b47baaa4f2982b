/* SPDX-License-Identifier: GPL-2.0-or-later */
	.map m, array, key=u32, value=u64, max_entries=4
	.section xdp
f:	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = m ll
	call bpf_map_lookup_elem
	r6 = r0
	if r6 == 0 goto out
	r7 = *(u32 *)(r6 + 0)
	r6 += r7
	r1 = *(u8 *)(r6 + 0)
out:	r0 = 0
	exit
