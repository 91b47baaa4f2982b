	.section xdp
one:	if r1 == 0 goto 1f
	.rept 327
	r2 = 0
	.zero 792
	.endr
	r1 = r2
	.rept 90
	if r2 != 3 goto one
	.endr
1:	exit
	.type one, @function
	.size one, . - one
	.section tc
two:	r1 = 2
	goto end
	.rept 33
	.fill 999, 8, 0
	r4 = 0
	.endr
	if r1 == 2 goto two
end:	exit
	.section xdp
three:	goto +32800
	.rept 328
	.zero 792
	r0 = 3
	.endr
	if w4 >= w5 goto three
	exit
	.type three, @function
