/* SPDX-License-Identifier: GPL-2.0-or-later */
	.license "GPL"
	.map	counts, array, key=u32, value=u64, max_entries=8
	.section freplace/verdict
	.func	int replacement(struct xdp_md *ctx)
	*(u32 *)(r10 - 4) = 6
	r2 = r10
	r2 += -4
	r1 = counts ll
	call	bpf_map_lookup_elem
	if r0 == 0 goto 1f
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
1:	r0 = XDP_PASS
	exit
