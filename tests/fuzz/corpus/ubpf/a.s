mov %r0, 1
loop:
add %r0, 1
ldxdw %r1, [%r10-8]
stw [%r10-4], 0xffffffff
jlt %r0, 10, loop
be32 %r0
call local f
call 1
exit
f:
sdiv32 %r0, 2
exit
