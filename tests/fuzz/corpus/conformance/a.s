mov %r1, 2
movsx864 %r2, %r1
lock fetch add [%r10-8], %r1
lock cmpxchg32 [%r10-8], %r1
swap16 %r1
jeq %r1, 0xffffffff, exit
ja32 next
next:
call helper 5
call local sub
call runtime 3
call helper %r2
lddw %r0, 0x123456789
stxdw [%r10+0xfff8], %r1
exit
sub:
exit
