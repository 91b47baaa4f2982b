mov64 r0, 1
add32 r0, 0x7
ldxw r1, [r10-4]
stxb [r10-0x1], r1
lddw r2, 0x1122334455667788
jne32 r0, r1, +1
call 1
callx 2
be16 r0
exit
exit
