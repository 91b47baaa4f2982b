	.section tc
a:	if r1 != 0 goto b
	goto b
	if r2 & 4 goto +1
	r3 = 3
	.zero 8 * 15872
	r3 = 4
	.zero 8 * 15870
	.rept 256
	r1 = 5 ll
	w1 = w2
	r0 = 1
	.endr
	.balign 64
b:	if r3 s<= -1 goto a
	if r3 & 8 goto a
	exit
