/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds up what the probes of target.c give. */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/usdt.bpf.h>

long calls, rounds, sevens, values, fourth, refused, args, cookies, watched;

SEC("usdt")
int BPF_USDT(on_step, int round, int seven, long value, short last)
{
	long v;

	calls++;
	rounds += round;
	sevens += seven;
	values += value;
	if (bpf_usdt_arg(ctx, 3, &v))
		refused++;
	else
		fourth += v;
	args += bpf_usdt_arg_cnt(ctx);
	cookies += bpf_usdt_cookie(ctx);
	return 0;
}

SEC("usdt")
int on_watched(struct pt_regs *ctx)
{
	watched++;
	return 0;
}

char _license[] SEC("license") = "GPL";
