/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An XDP program with a function that replace.s replaces. */
	.license "GPL"
	.section xdp
	.func	int on_xdp(struct xdp_md *ctx)
	call	verdict
	exit
	.text
	.globl	verdict
	.func	int verdict(struct xdp_md *ctx)
	r0 = XDP_PASS
	exit
