	.section x, "awx", @nobits
b:	.zero 16
a:	.zero 8
.globl c
c:	.zero 8
.type a, @function
	.section xdp
	r1 = func a ll
	call a
	exit
