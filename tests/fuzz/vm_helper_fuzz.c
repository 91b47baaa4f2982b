/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that call helpers with arguments that are nearly what they take, one after the other on the same packet, with
 * sockets, routes and stacks to be found: each run has to end with a result or a fault that has words, and the packet has
 * to stay one. ROUNDS and a seed as arguments.
 */
#include "../unit/vm_run.h"
#include "vm/helper.h"

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static int32_t number(void)
{
	static const int32_t some[] = { 0, 1, 2, 3, 4, 8, 12, 14, 20, 24, 28, 36, 40, 44, 60, 64, 63, 65, 255, 256, 512, 4095,
					4096, 65535, 65536, -1, -4, -14, -20, -4096, INT32_MAX, INT32_MIN, 0x0008, 0xdd86 };

	return rnd() % 8 ? some[rnd() % BU_ARRAY_SIZE(some)] : (int32_t)rnd();
}

static bool takes(const struct bu_vm_helper *h, uint32_t type)
{
	if (!h || h->maps || h->id == 93 || h->id == 94 || !bu_vm_progset_has(h->progs, type))
		return false;
	for (unsigned i = 0; i < 5; i++)
		if (h->arg[i] == BU_VM_A_FUNC || h->arg[i] == BU_VM_A_RECORD || h->arg[i] == BU_VM_A_STR)
			return false;
	return true;
}

/* r6: the context, r7: the last that a lookup gave. */
static uint32_t argument(struct bu_insn *in, uint8_t r, uint8_t kind)
{
	switch (rnd() % 40 ? kind : BU_VM_A_ANY) {
	case BU_VM_A_CTX:
	case BU_VM_A_CTX_NULL:
		in[0] = (struct bu_insn)MOVR(r, 6);
		return 1;
	case BU_VM_A_SOCK:
		in[0] = (struct bu_insn)MOVR(r, 7);
		return 1;
	case BU_VM_A_MEM: case BU_VM_A_MEM_NULL: case BU_VM_A_OUT: case BU_VM_A_OUT_NULL: case BU_VM_A_LONG_OUT:
	case BU_VM_A_DYNPTR: case BU_VM_A_U32_OUT: case BU_VM_A_STACK_OR_NULL:
		in[0] = (struct bu_insn)MOVR(r, 10);
		in[1] = (struct bu_insn)ADD(r, -8 * (int32_t)(1 + rnd() % 64));
		return 2;
	case BU_VM_A_SIZE: case BU_VM_A_SIZE0:
		in[0] = (struct bu_insn)MOV(r, rnd() % 4 ? (int32_t)(rnd() % 80) : number());
		return 1;
	}
	in[0] = (struct bu_insn)MOV(r, number());
	return 1;
}

static uint32_t make(struct bu_insn *in, uint32_t type, bool *called)
{
	const struct bu_vm_helper *h;
	uint32_t n = 0, calls = 1 + rnd() % 8;

	in[n++] = (struct bu_insn)MOVR(6, 1);
	in[n++] = (struct bu_insn)MOV(7, 0);
	if (type == BPF_PROG_TYPE_SCHED_CLS)
		in[n++] = (struct bu_insn)LD64(7, 6, 168);
	for (int16_t i = 8; i <= 512; i += 8)
		in[n++] = (struct bu_insn)ST64(10, (int16_t)-i, number());
	while (calls) {
		h = bu_vm_helper((int32_t)(1 + rnd() % bu_nhelpers));
		if (!takes(h, type))
			continue;
		for (unsigned i = 0; i < 5; i++)
			n += argument(&in[n], (uint8_t)(i + 1), h->arg[i]);
		in[n++] = (struct bu_insn)CALL(h->id);
		if (h->id == 84 || h->id == 85 || h->id == 99 || h->id == 95 || h->id == 96)
			in[n++] = (struct bu_insn)MOVR(7, 0);
		called[h->id] = true;
		calls--;
	}
	in[n++] = (struct bu_insn)MOV(0, 0);
	in[n++] = (struct bu_insn)EXIT;
	return n;
}

int main(int argc, char **argv)
{
	static const uint32_t types[] = { BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_CGROUP_SKB,
					  BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_LWT_XMIT };
	static const char *const said[] = { "clock=step:5", "seed=3", "cgroups=1,7", "kstack=1,2,3", "socket=tcp,0.0.0.0:0",
					    "socket=udp,0.0.0.0:0", "route=0.0.0.0/0,dev=1", "pid=5" };
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 5000, ran = 0, faults = 0, bad = 0, n_called = 0;
	static bool called[256];
	static struct bu_insn in[256];
	static uint8_t packet[4096];
	char why[160];

	if (argc > 2)
		state = strtoull(argv[2], NULL, 0) | 1;
	if (!open_world())
		return 0;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(said); i++)
		bad += bu_vm_set_text(s, said[i], why) != 0;
	for (unsigned long k = 0; k < rounds; k++) {
		uint32_t type = types[rnd() % BU_ARRAY_SIZE(types)], size = 14 + (uint32_t)(rnd() % 200);
		bool xdp = type == BPF_PROG_TYPE_XDP, skb = !xdp && type != BPF_PROG_TYPE_RAW_TRACEPOINT &&
							    type != BPF_PROG_TYPE_SYSCALL;
		struct bu_vm_ctx ctx = { .kind = xdp ? BU_VM_CTX_XDP : skb ? BU_VM_CTX_SKB : BU_VM_CTX_NONE,
					 .packet = packet, .packet_size = size, .packet_room = sizeof(packet), .loopback = true };
		struct bu_vm_fault f = { 0 };
		uint64_t r0;
		int fd, err;

		for (uint32_t i = 0; i < size; i++)
			packet[i] = (uint8_t)rnd();
		packet[12] = rnd() & 1 ? 0x08 : 0x86;
		packet[13] = packet[12] == 0x08 ? 0 : 0xdd;
		fd = load(type, in, make(in, type, called), "GPL", NULL, 0);
		if (fd < 0)
			continue;
		err = bu_vm_run(s, fd, &ctx, NULL, &r0, &f);
		s->ops->close(s, fd);
		ran++;
		faults += err == -EFAULT;
		bad += (err && err != -EFAULT) || (err && !f.text[0]);
	}
	for (unsigned i = 0; i < 256; i++)
		n_called += called[i];
	ok(ran > rounds / 2, "%lu of %lu programs ran, %lu to a fault; %lu helpers", ran, rounds, faults, n_called);
	ok(!bad, "each ended with a result or with words");
	close_world();
	return done_testing();
}
