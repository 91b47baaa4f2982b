/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random programs made of what fuse.c looks for, and of what nearly is that, with jumps into it: run as decoded and
 * run fused they must give the same registers, or the same fault. ROUNDS and a seed as arguments.
 */
#include "../unit/vm_run.h"

#define REGS 10u
#define MAX_INSNS 160u

static uint64_t state = 88172645463325252u;
static struct bu_insn in[MAX_INSNS];
static uint32_t n;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* r1 stays: it is the context. */
static uint8_t reg(void)
{
	uint8_t r = (uint8_t)(rnd() % (REGS - 1));

	return r ? (uint8_t)(r + 1) : 0;
}

static int32_t number(void)
{
	static const int32_t some[] = { 0, 1, 2, 3, 7, -1, -5, 8, 32, 100, INT32_MAX, INT32_MIN };

	return rnd() % 8 ? some[rnd() % BU_ARRAY_SIZE(some)] : (int32_t)rnd();
}

static void put(uint8_t code, uint8_t dst, uint8_t src, int32_t off, int32_t imm)
{
	in[n++] = (struct bu_insn){ .code = code, .dst = dst, .src = src, .off = (int16_t)off, .imm = imm };
}

/* 64 or 32 bits: the class of arithmetic or of jumps. */
static uint8_t alu(unsigned op, bool x, bool wide)
{
	return (uint8_t)(op | (x ? 8 : 0) | (wide ? 7 : 4));
}

static uint8_t jmp(bool x, bool wide)
{
	static const uint8_t ops[] = { 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0 };

	return (uint8_t)(ops[rnd() % BU_ARRAY_SIZE(ops)] | (x ? 8 : 0) | (wide ? 5 : 6));
}

/* One of the forms, a third of the time with another register or number where it matters. */
static void form(void)
{
	bool wide = rnd() & 1, left = rnd() & 1;
	uint8_t d = reg(), s2 = reg(), x = rnd() % 8 ? reg() : d;
	int bits = wide ? 64 : 32, by = 1 + (int)(rnd() % (unsigned)(bits - 1));

	switch (rnd() % 14) {
	case 0: /* a rotation, in place or of a copy */
		put(alu(0xb0, true, wide), d, s2, 0, 0);
		put(alu(left ? 0x70 : 0x60, false, wide), d, 0, 0, bits - by);
		if (rnd() & 1)
			put(alu(0xb0, true, wide), x, s2, 0, 0);
		else
			x = s2;
		put(alu(left ? 0x60 : 0x70, false, wide), x, 0, 0, rnd() % 8 ? by : 1);
		put(alu(0x40, true, wide), x, d, 0, 0);
		break;
	case 1:
		put(alu(0x00, true, true), d, s2, 0, 0);
		put(alu(0xa0, true, true), x, d, 0, 0);
		break;
	case 2:
		put(alu(0x10, true, false), d, s2, 0, 0);
		put(alu(0xa0, true, false), d, x, 0, 0);
		break;
	case 3:
		put(alu(0x20, false, wide), d, 0, 0, number());
		put(alu(0x00, true, wide), left ? d : s2, left ? s2 : d, 0, 0);
		break;
	case 4:
		put(alu(0xb0, true, wide), d, s2, 0, 0);
		put(alu(rnd() & 1 ? 0x00 : 0xa0, true, true), d, x, 0, 0);
		break;
	case 5:
		put(alu(0xb0, true, wide), d, s2, 0, 0);
		put(alu((unsigned)(rnd() % 6) * 0x10, false, rnd() & 1), d, 0, 0, 1 + (number() & 15));
		break;
	case 6: /* a sum that may sink */
		put(alu(0x00, false, wide), d, 0, 0, number());
		for (unsigned k = (unsigned)(rnd() % 4); k; k--)
			put(alu(rnd() & 1 ? 0xb0 : 0xa0, rnd() & 1, rnd() & 1), reg(), 0, 0, 0), in[n - 1].src =
				in[n - 1].code & 8 ? reg() : 0;
		put(jmp(false, wide), d, 0, (int)(rnd() % 5), number());
		break;
	case 7:
		put(alu(0x50, false, false), d, 0, 0, number());
		put(jmp(false, false), d, 0, (int)(rnd() % 5), number());
		break;
	case 8:
		put(alu(0x00, true, true), d, s2, 0, 0);
		put(0xa5, rnd() & 3 ? d : x, 0, (int)(rnd() % 5), number());
		break;
	case 9:
		put(alu(0x00, false, true), d, 0, 0, number());
		put(0xa5, x, 0, (int)(rnd() % 5), number());
		break;
	case 10: /* a jump over a jump */
		put(jmp(rnd() & 1, wide), d, 0, 1, 0);
		if (in[n - 1].code & 8)
			in[n - 1].src = s2;
		else
			in[n - 1].imm = number();
		put(0x05, 0, 0, (int)(rnd() % 6), 0);
		break;
	case 11: /* a load from the context, or nearly */
		put(alu(0x50, false, true), s2, 0, 0, 63);
		put(0xbf, d, 1, 0, 0);
		put(alu(0x00, true, true), d, s2, 0, 0);
		put((uint8_t)(0x61 + 8 * (rnd() % 4)), rnd() % 8 ? d : x, d, (int)(rnd() % 20), 0);
		break;
	case 12: /* of something global, which is not there */
		put(0x18, d, 0, 0, number());
		put(0, 0, 0, 0, rnd() & 1 ? 0 : number());
		put(alu(0x00, true, true), d, s2, 0, 0);
		if (rnd() % 16 == 0)
			put((uint8_t)(0x61 + 8 * (rnd() % 4)), d, d, (int)(rnd() % 20), 0);
		break;
	default: /* backwards, until the fuel is used up, or out of a loop */
		if (n > 24)
			put(jmp(false, wide), d, 0, -(int)(rnd() % 12), number());
	}
}

static void make(void)
{
	n = 0;
	for (uint8_t r = 0; r < REGS; r++)
		if (r != 1)
			put(0x79, r, 1, r * 8, 0);
	for (unsigned k = 4 + (unsigned)(rnd() % 14); k; k--)
		form();
	for (unsigned k = 0; k < 6; k++) /* what jumps at the end reach */
		put(0xb7, 0, 0, 0, (int32_t)k);
	for (uint8_t r = 0; r < REGS; r++)
		if (r != 1)
			put(0x7b, 1, r, r * 8, 0);
	put(0x95, 0, 0, 0, 0);
}

static int load_it(void)
{
	uint8_t code[MAX_INSNS * BU_INSN_SIZE];
	union bpf_attr a;

	for (uint32_t i = 0; i < n; i++)
		bu_insn_encode(code + i * BU_INSN_SIZE, &in[i], BU_HOST_BE);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SYSCALL;
	a.prog_flags = BPF_F_SLEEPABLE;
	a.insns = (uintptr_t)code;
	a.insn_cnt = n;
	a.license = (uintptr_t)"GPL";
	return bu_sys_prog_load(s, &a, sizeof(a));
}

struct outcome {
	int err;
	uint32_t insn;
	enum bu_vm_fault_kind kind;
	uint64_t r0, mem[16];
};

static struct outcome run(struct bu_vm_prog *p, bool plain, uint64_t seed)
{
	static uint64_t mem[16]; /* always there: its address gets into registers */
	struct outcome o = { 0 };
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_MEM, .bytes = (uint8_t *)mem, .size = sizeof(mem) };
	struct bu_vm_fault f = { 0 };

	for (unsigned i = 0; i < 16; i++, seed = seed * 6364136223846793005u + 1442695040888963407u)
		mem[i] = i % 3 ? seed >> (seed >> 59) : (uint64_t)(int64_t)(int8_t)(seed >> 40);
	p->plain = plain;
	o.err = bu_vm_decode(p);
	if (!o.err)
		o.err = bu_vm_run_prog(p, &ctx, NULL, &o.r0, &f);
	if (o.err)
		o.kind = f.kind, o.insn = f.insn;
	else
		memcpy(o.mem, mem, sizeof(mem));
	return o;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 3000, ran = 0, faults = 0, fuel = 0, bad = 0;

	if (argc > 2)
		state = strtoull(argv[2], NULL, 0) | 1;
	if (!open_world())
		return 0;
	bu_vm_set_fuel(s, 3000);
	for (unsigned long k = 0; k < rounds; k++) {
		struct bu_vm_prog *p;
		uint64_t seed = state;
		int fd;

		make();
		fd = load_it();
		if (fd < 0)
			continue;
		if (bu_vm_prog_by_fd(bu_vm(s), fd, &p)) {
			bad++;
			close(fd);
			continue;
		}
		ran++;
		for (unsigned i = 0; i < 4; i++) {
			struct outcome a = run(p, true, seed + i), b = run(p, false, seed + i);

			faults += a.err != 0;
			/* How much a loop costs is not the same: jumps to jumps are one. */
			fuel += a.kind == BU_VM_FAULT_FUEL || b.kind == BU_VM_FAULT_FUEL;
			if (a.kind != BU_VM_FAULT_FUEL && b.kind != BU_VM_FAULT_FUEL && memcmp(&a, &b, sizeof(a))) {
				printf("# round %lu, seed %#llx: err %d %d, insn %u %u, r0 %#llx %#llx\n", k,
				       (unsigned long long)seed, a.err, b.err, a.insn, b.insn, (unsigned long long)a.r0,
				       (unsigned long long)b.r0);
				bad++;
				break;
			}
		}
		bu_vm_prog_put(p);
		close(fd);
	}
	printf("# %lu programs ran 4 times, %lu runs to a fault, %lu of them without fuel\n", ran, faults, fuel);
	ok(ran > rounds / 10, "enough of %lu programs are let in", rounds);
	ok(!bad, "fused or not, the outcome is the same");
	close_world();
	return done_testing();
}
