	.section xdp
big:	if r1 == 0 goto 1f
	.rept 8200
	r0 += 1
	w0 ^= w1
	r1 = 5 ll
	.endr
	if r1 & 7 goto big
1:	exit
