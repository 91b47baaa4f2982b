# SPDX-License-Identifier: GPL-2.0-or-later
# bpf_conformance's text, for the fuzzer to damage.
prog:
	lock fetch add32 [%r1-8], %r2
	lock cmpxchg [%r1-8], %r2
	movsx864 %r1, %r2
	swap32 %r1
	jne32 %r0, 1, exit
	call local sub
	call runtime 7
	mov %r0, 0xffffffff
	exit
sub:
	ja32 +0
	mov32 %r0, 1
	exit
