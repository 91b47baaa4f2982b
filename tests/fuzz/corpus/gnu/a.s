	.text
	.globl f
	.type f, @function
f:	mov %r1,2
	mov32 %r2,%r1
	movs %r3,%r2,8
	add %r1,-1
	sdiv %r1,3
	ldxw %r2,[%r1+4]
	stxh [%r10-2],%r3
	stdw [%fp-8],7
	aadd [%r10-8],%r1
	afadd32 [%r10-8],%r1
	acmp [%r10-8],%r1
	endbe %r1,16
	bswap %r1,64
	ldabsb 3
	ldindh %r2,29
	jsgt %r1,29,f
	jset32 %r1,%r2,1f
	jal 1f
	jcond 1f
1:	lddw %r1,0x123456789
	lddw %r1,g
	call 5
	call h
	exit
	.size f, .-f
h:	exit
	.data
g:	.dword f+8
