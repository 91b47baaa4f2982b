/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of every type that read and write at any place of their context, and of what its fields point to, where the
 * load-time check does not see it: each run ends with a result or with a fault that says why.
 *
 *   vm_ctx_fuzz [ROUNDS [SEED]]
 */
#include "../unit/vm_run.h"

static const struct {
	uint32_t type, attach, flags;
} kinds[] = {
	{ BPF_PROG_TYPE_SOCKET_FILTER, 0, 0 }, { BPF_PROG_TYPE_SCHED_CLS, 0, 0 }, { BPF_PROG_TYPE_XDP, 0, 0 },
	{ BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, 0 }, { BPF_PROG_TYPE_KPROBE, 0, 0 }, { BPF_PROG_TYPE_TRACEPOINT, 0, 0 },
	{ BPF_PROG_TYPE_PERF_EVENT, 0, 0 }, { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, 0 },
	{ BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, 0 }, { BPF_PROG_TYPE_CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND, 0 },
	{ BPF_PROG_TYPE_LWT_XMIT, 0, 0 }, { BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS, 0 },
	{ BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_VERDICT, 0 }, { BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, 0 },
	{ BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT, 0 }, { BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0 },
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, 0 }, { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, 0 },
	{ BPF_PROG_TYPE_SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT, 0 }, { BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR, 0 },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, 0 }, { BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, 0 },
	{ BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 0 }, { BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE },
	{ BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER, 0 },
};

static uint64_t state = 88172645463325252ull;

static uint32_t chance(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

static int load_kind(unsigned kind, const struct bu_insn *in, uint32_t n)
{
	uint8_t code[64 * 8];
	union bpf_attr a;

	for (uint32_t i = 0; i < n; i++)
		bu_insn_encode(code + i * 8, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = kinds[kind].type;
	a.expected_attach_type = kinds[kind].attach;
	a.prog_flags = kinds[kind].flags;
	a.insns = (uintptr_t)code;
	a.insn_cnt = n;
	a.license = (uintptr_t)"GPL";
	return s->ops->bpf(s, BPF_PROG_LOAD, &a, sizeof(a));
}

/* Of most structures the first 256 bytes are more than there is. */
static int16_t place(void)
{
	return (int16_t)(chance(16) ? (int)chance(chance(3) ? 11 : 33) * 8 : (int)chance(9000) - 300);
}

static uint32_t make(struct bu_insn *in)
{
	static const uint8_t loads[] = { 0x71, 0x69, 0x61, 0x79 }, stores[] = { 0x72, 0x6a, 0x62, 0x7a };
	uint32_t n = 0, steps = 1 + chance(chance(2) ? 1 : 4);

	in[n++] = (struct bu_insn)STX64(10, -8, 1);
	while (steps--) {
		uint8_t size = (uint8_t)chance(4);

		in[n++] = (struct bu_insn)LD64(1, 10, -8);
		switch (chance(4)) {
		case 0:
			in[n++] = (struct bu_insn)I(stores[size], 1, 0, place(), (int32_t)chance(1000));
			break;
		case 1:
			in[n++] = (struct bu_insn)I(loads[size], 2, 1, place(), 0);
			break;
		default: /* what a field points to */
			in[n++] = (struct bu_insn)I(chance(3) ? 0x79 : 0x61, 2, 1, place(), 0);
			if (chance(2))
				in[n++] = (struct bu_insn)I(stores[size], 2, 0, (int16_t)((int)chance(140) - 8), 7);
			else
				in[n++] = (struct bu_insn)I(loads[size], 3, 2, (int16_t)((int)chance(140) - 8), 0);
		}
	}
	in[n++] = (struct bu_insn)MOV(0, 1);
	in[n++] = (struct bu_insn)EXIT;
	return n;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 6000, ran = 0, faults = 0, bad = 0;
	static uint8_t bytes[512], packet[512];
	struct bu_insn in[64];

	if (argc > 2)
		state = strtoull(argv[2], NULL, 0) | 1;
	if (!open_world())
		return 0;
	for (unsigned long k = 0; k < rounds; k++) {
		unsigned kind = chance(BU_ARRAY_SIZE(kinds));
		struct bu_vm_ctx ctx = {
			.kind = BU_VM_CTX_TYPE, .bytes = bytes, .size = chance(sizeof(bytes) + 1), .packet = packet,
			.packet_size = chance(200), .packet_room = sizeof(packet), .loopback = chance(2),
		};
		struct bu_vm_fault f = { 0 };
		uint64_t r0;
		int fd, err;

		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = packet[i] = (uint8_t)chance(256);
		fd = load_kind(kind, in, make(in));
		bad += fd < 0;
		if (fd < 0)
			continue;
		err = bu_vm_run(s, fd, &ctx, NULL, &r0, &f);
		s->ops->close(s, fd);
		ran++;
		faults += err == -EFAULT;
		bad += (err && err != -EFAULT) || (err && !f.text[0]);
	}
	ok(ran == rounds && faults < rounds && faults, "%lu programs, %lu to a fault", ran, faults);
	ok(!bad, "each ended with a result or with words");
	close_world();
	return done_testing();
}
