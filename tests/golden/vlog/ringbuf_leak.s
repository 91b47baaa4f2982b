/* SPDX-License-Identifier: GPL-2.0-or-later */
	.map rb, ringbuf, max_entries=4096
	.section xdp
f:	r1 = rb ll
	r2 = 16
	r3 = 0
	call bpf_ringbuf_reserve
	r0 = 0
	exit
