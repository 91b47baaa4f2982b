	.section xdp
p:	if r1 == 0 goto end
	if r1 & 1 goto end
	if r1 == 5 goto +1
	if w2 s> 3 goto end
	goto end
	if r1 > r2 goto near
	r0 = 0
near:
	.rept 33
	r0 += 1
	.fill 999, 8, 0xb7
	.endr
	if r1 != 7 goto p
	call f
end:	exit
f:	r0 = 2
	exit
	.type f, @function
	.data
	.4byte end - p, f - near
