	.macro pad n
	.rept \n / 200
	r0 ^= r1
	.skip 1592
	.endr
	.endm
	.section socket
s:	if r1 == 1 goto 3f
	pad 20000
1:	if r1 == 2 goto 2f
	pad 20000
2:	if r1 > 3 goto 1b
	if w1 s< 9 goto s
	pad 30000
3:	if r1 & 4 goto s
	exit
