	.text
f:	r1=2
	w2=w1
	r3=(s8)r2
	r1s>>=3
	r2 = *(u32*)(r1+4)
	*(u16*)(r10-2)=r3
	lock *(u64*)(r10-8)+=r1
	r1=atomic_fetch_add((u64*)(r10-8),r1)
	w0=cmpxchg32_32(r10-8,w0,w1)
	r1=be16 r1
	r0=*(u8*)skb[r2+29]
	if r1s>29 goto f
	if w1&7 goto 1f
	gotol 1f
1:	r1=0x123456789 ll
	call 5
	exit
