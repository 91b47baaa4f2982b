/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lookup-*.log are of this program. */
	.license "GPL"
	.map	m, hash, key=u32, value=u64, max_entries=4
	.section tp/raw_syscalls/sys_enter
f:	r6 = r1
	r1 = 0
	*(u32 *)(r10 - 4) = r1
	r2 = r10
	r2 += -4
	r1 = m ll
	call bpf_map_lookup_elem
	*(u64 *)(r10 - 16) = r0
	if r6 == 0 goto out
	r3 = *(u64 *)(r10 - 16)
	r0 = *(u64 *)(r3 + 0)
out:	r0 = 0
	exit
