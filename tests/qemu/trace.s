/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tracing by type information, one program a hook; each adds to its own element of counts. As in attach.s
 * the system call is sched_get_priority_max, which returns 99 for SCHED_FIFO.
 */
	.license "GPL"
	.map	counts, array, key=u32, value=u64, max_entries=8

	.macro	add element
	*(u32 *)(r10 - 4) = \element
	r2 = r10
	r2 += -4
	r1 = counts ll
	call	bpf_map_lookup_elem
	if r0 == 0 goto 1f
	lock *(u64 *)(r0 + 0) += r6
1:	r0 = 0
	exit
	.endm

	.section fentry/__x64_sys_sched_get_priority_max
on_fentry:
	r6 = 1
	add	0

	.section fexit/__x64_sys_sched_get_priority_max
on_fexit:
	r6 = *(u64 *)(r1 + 8)		/* what the function returned */
	add	1

	.section fmod_ret/security_inode_mkdir
on_fmod_ret:
	r6 = 1
	*(u32 *)(r10 - 4) = 2
	r2 = r10
	r2 += -4
	r1 = counts ll
	call	bpf_map_lookup_elem
	if r0 == 0 goto 1f
	lock *(u64 *)(r0 + 0) += r6
1:	r0 = -7				/* E2BIG, instead of the function */
	exit

	.section lsm/inode_mkdir
on_lsm:
	r6 = 1
	*(u32 *)(r10 - 4) = 3
	r2 = r10
	r2 += -4
	r1 = counts ll
	call	bpf_map_lookup_elem
	if r0 == 0 goto 1f
	lock *(u64 *)(r0 + 0) += r6
1:	r0 = -1				/* EPERM */
	exit

	.section lsm_cgroup/socket_post_create
on_lsm_cgroup:
	r6 = 1
	*(u32 *)(r10 - 4) = 4
	r2 = r10
	r2 += -4
	r1 = counts ll
	call	bpf_map_lookup_elem
	if r0 == 0 goto 1f
	lock *(u64 *)(r0 + 0) += r6
1:	r0 = 1				/* allowed */
	exit

	.section tp_btf/sys_enter
on_tp_btf:
	r6 = *(u64 *)(r1 + 8)		/* the number of the system call */
	if r6 == 146 goto 1f
	r0 = 0
	exit
1:	r6 = 1
	add	5
