/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols of the kernel and types of a module. counts[0]: how often the running processor's queue said that it
 * is processor 0; [1]: init_task has an address; [2]: struct veth_priv, which only the module veth
 * has, has a peer; [3]: what is weak and nowhere has an address; [4]: size of struct veth_priv.
 */
	.license "GPL"
	.struct rq { int cpu; }
	.struct veth_priv { void *peer; }
	.extern	runqueues: struct rq @ksym
	.extern	init_task: void @ksym
	.extern	nowhere: void @ksym
	.weak	nowhere
	.map	counts, array, key=u32, value=u64, max_entries=5

	.section raw_tp/sys_enter
on_enter:
	r1 = runqueues ll
	call	bpf_this_cpu_ptr
	r6 = 0
	w1 = *(u32 *)(r0 + @rq.cpu)
	if w1 != 0 goto 1f
	r6 = 1
1:	r7 = init_task ll
	if r7 == 0 goto 1f
	r7 = 1
1:	r8 = nowhere ll
	if r8 == 0 goto 1f
	r8 = 1
1:	*(u32 *)(r10 - 4) = 0
	r1 = counts ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	lock *(u64 *)(r0 + 0) += r6
	*(u32 *)(r10 - 4) = 1
	r1 = counts ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	*(u64 *)(r0 + 0) = r7
	*(u32 *)(r10 - 4) = 2
	r1 = counts ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = @exists(veth_priv.peer)
	*(u64 *)(r0 + 0) = r1
	*(u32 *)(r10 - 4) = 3
	r1 = counts ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	*(u64 *)(r0 + 0) = r8
	*(u32 *)(r10 - 4) = 4
	r1 = counts ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = @size(veth_priv)
	*(u64 *)(r0 + 0) = r1
out:	r0 = 0
	exit
