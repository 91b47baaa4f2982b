	.section xdp
p:	mov	%r6, %r1
	call	bpf_ktime_get_ns
	call	remember
	mov32	%r0, 0
	r0 = 0
	exit
remember:	exit
