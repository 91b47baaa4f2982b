# SPDX-License-Identifier: GPL-2.0-or-later
# The skb leak check of 2014: which socket buffers of one process are never freed?
#
# Programs that see an allocation store the skb's address with the time in the map skbs; programs
# that see a free delete it. What user space still finds there after a while is a leak.
#
#   bpf-as skbleak.s
#   bpf-ld --set watch_pid=$PID --attach kretprobe:__alloc_skb --attach kprobe:__kfree_skb \
#          --attach tracepoint:skb:consume_skb --attach tracepoint:skb:kfree_skb skbleak.o
#   bpftool map dump name skbs
#
# Without kprobes, --attach tracepoint:kmem:kmem_cache_alloc takes the place of the first two; alloc_lo and
# alloc_hi are then the bounds of __alloc_skb in /proc/kallsyms.

	.map	skbs, hash, key=u64, value=u64, max_entries=64K
	.license "GPL"

	.section .rodata
	.globl	alloc_lo, alloc_hi, watch_pid
alloc_lo:			# first byte of __alloc_skb
	.8byte	0
alloc_hi:			# first byte behind it
	.8byte	0
watch_pid:			# process whose allocations count; 0: every one
	.4byte	0

# A new skb: the return value of __alloc_skb.
	.section kretprobe/__alloc_skb
on_alloc:
	r1 = *(u64 *)(r1 + pt_regs.retval)
	call	remember
	r0 = 0
	exit

# A new object of some slab cache: it is an skb when __alloc_skb asked for it.
	.section tracepoint/kmem/kmem_cache_alloc
on_cache_alloc:
	r2 = *(u64 *)(r1 + tracepoint:kmem:kmem_cache_alloc.call_site)
	r3 = alloc_lo ll
	r3 = *(u64 *)(r3 + 0)
	if r2 < r3 goto 1f
	r3 = alloc_hi ll
	r3 = *(u64 *)(r3 + 0)
	if r2 >= r3 goto 1f
	r1 = *(u64 *)(r1 + tracepoint:kmem:kmem_cache_alloc.ptr)
	call	remember
1:	r0 = 0
	exit

# Freed: the common end of all ways ...
	.section kprobe/__kfree_skb
on_free:
	r1 = *(u64 *)(r1 + pt_regs.arg1)
	call	forget
	r0 = 0
	exit

# ... and the two events of 2014: used up,
	.section tracepoint/skb/consume_skb
on_consume:
	r1 = *(u64 *)(r1 + tracepoint:skb:consume_skb.skbaddr)
	call	forget
	r0 = 0
	exit

# or dropped.
	.section tracepoint/skb/kfree_skb
on_drop:
	r1 = *(u64 *)(r1 + tracepoint:skb:kfree_skb.skbaddr)
	call	forget
	r0 = 0
	exit

# What the programs share. r1: the skb.
	.text
	.globl	remember, forget
	.type	remember, @function
remember:
	if r1 == 0 goto 1f		# the allocation failed
	*(u64 *)(r10 - 8) = r1
	call	bpf_get_current_pid_tgid
	r0 >>= 32
	r1 = watch_pid ll
	r1 = *(u32 *)(r1 + 0)
	if r1 == 0 goto 2f
	if r0 != r1 goto 1f
2:	call	bpf_ktime_get_ns
	*(u64 *)(r10 - 16) = r0
	r1 = skbs ll
	r2 = r10
	r2 += -8			# key
	r3 = r10
	r3 += -16			# value
	r4 = BPF_ANY
	call	bpf_map_update_elem
1:	r0 = 0
	exit

	.type	forget, @function
forget:
	*(u64 *)(r10 - 8) = r1
	r1 = skbs ll
	r2 = r10
	r2 += -8
	call	bpf_map_delete_elem
	r0 = 0
	exit
