/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter against a plain model of RFC 9669: each arithmetic and each jump row of isa.def at edge values,
 * random programs, memory of each width, atomics, calls, what the check refuses.
 */
#include "vm_run.h"

#include <signal.h>
#include <sys/wait.h>

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static const uint64_t edge[] = {
	0, 1, 2, 7, 31, 32, 33, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
	0xffffffff, 0x100000000, 0x1122334455667788, 0x7fffffffffffffff, 0x8000000000000000,
	0x80000000ffffffff, 0xffffffff00000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};
#define NEDGE BU_ARRAY_SIZE(edge)

/* ---------------------------------------------------------------- the model */

static uint64_t bytes_turned(uint64_t v, unsigned bits)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < bits; i += 8)
		out |= (v >> i & 255) << (bits - 8 - i);
	return out;
}

static uint64_t low(uint64_t v, unsigned bits)
{
	return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static int64_t sign(uint64_t v, unsigned bits)
{
	uint64_t top = 1ull << (bits - 1);

	v = low(v, bits);
	return v & top ? (int64_t)(v - top) - (int64_t)(top - 1) - 1 : (int64_t)v;
}

static uint64_t divide(uint64_t a, uint64_t b, unsigned w, bool is_signed, bool rest)
{
	__int128 x = is_signed ? (__int128)sign(a, w) : (__int128)low(a, w);
	__int128 y = is_signed ? (__int128)sign(b, w) : (__int128)low(b, w);

	if (!y)
		return rest ? low(a, w) : 0;
	return low((uint64_t)(rest ? x % y : x / y), w);
}

/* b: src, or the immediate with its sign. */
static uint64_t model_alu(const struct bu_isa *row, const struct bu_insn *in, uint64_t a, uint64_t b)
{
	unsigned w = row->width, n = (unsigned)b & (w - 1);
	bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

	switch ((enum bu_sem)row->sem) {
	case BU_SEM_ADD: return low(a + b, w);
	case BU_SEM_SUB: return low(a - b, w);
	case BU_SEM_MUL: return low(a * b, w);
	case BU_SEM_DIV: return divide(a, b, w, false, false);
	case BU_SEM_MOD: return divide(a, b, w, false, true);
	case BU_SEM_SDIV: return divide(a, b, w, true, false);
	case BU_SEM_SMOD: return divide(a, b, w, true, true);
	case BU_SEM_OR: return low(a | b, w);
	case BU_SEM_AND: return low(a & b, w);
	case BU_SEM_XOR: return low(a ^ b, w);
	case BU_SEM_MOV: return low(b, w);
	case BU_SEM_LSH: return low(a << n, w);
	case BU_SEM_RSH: return low(a, w) >> n;
	case BU_SEM_ARSH: {
		uint64_t v = low(a, w) >> n;

		return sign(a, w) < 0 && n ? low(v | ~0ull << (w - n), w) : v;
	}
	case BU_SEM_NEG: return low(~a + 1, w);
	case BU_SEM_MOVSX: return low((uint64_t)sign(b, (unsigned)in->off), w);
	case BU_SEM_LE: return little ? low(a, w) : bytes_turned(a, w);
	case BU_SEM_BE: return little ? bytes_turned(a, w) : low(a, w);
	case BU_SEM_BSWAP: return bytes_turned(a, w);
	default: return 0;
	}
}

static bool is_alu(const struct bu_isa *row)
{
	return row->sem <= BU_SEM_BSWAP;
}

static bool model_jump(const struct bu_isa *row, uint64_t a, uint64_t b)
{
	unsigned w = row->width;
	uint64_t x = low(a, w), y = low(b, w);
	int64_t sx = sign(a, w), sy = sign(b, w);

	switch ((enum bu_sem)row->sem) {
	case BU_SEM_JEQ: return x == y;
	case BU_SEM_JNE: return x != y;
	case BU_SEM_JGT: return x > y;
	case BU_SEM_JGE: return x >= y;
	case BU_SEM_JLT: return x < y;
	case BU_SEM_JLE: return x <= y;
	case BU_SEM_JSGT: return sx > sy;
	case BU_SEM_JSGE: return sx >= sy;
	case BU_SEM_JSLT: return sx < sy;
	case BU_SEM_JSLE: return sx <= sy;
	default: return x & y;
	}
}

/* ---------------------------------------------------------------- running */

static int run(const struct bu_insn *in, uint32_t n, void *mem, uint32_t size, uint64_t *r0)
{
	struct bu_vm_raw raw = { .insns = in, .n = n };
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_MEM, .bytes = mem, .size = size };
	struct bu_vm_fault f;

	return bu_vm_run_raw(s, &raw, &ctx, r0, &f);
}

static void fill(struct bu_insn *in, const struct bu_isa *row, int32_t imm)
{
	*in = (struct bu_insn){ .code = row->code, .dst = 3, .src = row->uses & BU_USES_SRC ? 4 : 0 };
	if (row->uses & BU_USES_IMM)
		in->imm = imm;
	if (row->key == BU_KEY_OFF)
		in->off = (int16_t)row->keyval;
	if (row->key == BU_KEY_IMM)
		in->imm = row->keyval;
}

static void test_alu(void)
{
	for (unsigned i = 0; i < bu_isa_nrows; i++) {
		const struct bu_isa *row = &bu_isa_rows[i];
		unsigned bad = 0;

		if (!is_alu(row))
			continue;
		for (unsigned a = 0; a < NEDGE; a++)
			for (unsigned b = 0; b < NEDGE; b++) {
				struct bu_insn p[] = { IMM64(3, edge[a]), IMM64(4, edge[b]), MOV(0, 0), MOVR(0, 3), EXIT };
				uint64_t r0 = 0, want, y;

				fill(&p[4], row, (int32_t)edge[b]);
				y = row->uses & BU_USES_SRC ? edge[b] : (uint64_t)(int64_t)p[4].imm;
				want = model_alu(row, &p[4], edge[a], y);
				if (run(p, BU_ARRAY_SIZE(p), NULL, 0, &r0) || r0 != want) {
					if (!bad++)
						printf("# %s: %#llx, %#llx: %#llx, not %#llx\n", row->name,
						       (unsigned long long)edge[a], (unsigned long long)y,
						       (unsigned long long)r0, (unsigned long long)want);
				}
			}
		ok(!bad, "%s at edge values", row->name);
	}
}

static void test_jumps(void)
{
	for (unsigned i = 0; i < bu_isa_nrows; i++) {
		const struct bu_isa *row = &bu_isa_rows[i];
		unsigned bad = 0;

		if (row->sem < BU_SEM_JEQ || row->sem > BU_SEM_JSLE)
			continue;
		for (unsigned a = 0; a < NEDGE; a++)
			for (unsigned b = 0; b < NEDGE; b++) {
				/* forwards */
				struct bu_insn f[] = { IMM64(3, edge[a]), IMM64(4, edge[b]), MOV(0, 1), EXIT,
						       EXIT, EXIT };
				/* backwards: the second time round it is not asked again */
				struct bu_insn w[] = { IMM64(3, edge[a]), IMM64(4, edge[b]), MOV(0, 0),
						       I(0x05, 0, 0, 2, 0), MOV(0, 1), EXIT, EXIT, EXIT };
				uint64_t r0 = 2, y;
				bool want;

				fill(&f[5], row, (int32_t)edge[b]);
				f[5].off = 1;
				f[6] = (struct bu_insn)MOV(0, 0);
				y = row->uses & BU_USES_SRC ? edge[b] : (uint64_t)(int64_t)f[5].imm;
				want = model_jump(row, edge[a], y);
				bad += run(f, 8, NULL, 0, &r0) || r0 != want;
				fill(&w[8], row, (int32_t)edge[b]);
				w[8].off = -3;
				r0 = 2;
				bad += run(w, 10, NULL, 0, &r0) || r0 != want;
			}
		ok(!bad, "%s at edge values, forwards and backwards", row->name);
	}
}

/* Random straight code over all registers, against the model. */
static void test_random(void)
{
	static struct bu_insn p[256];
	const struct bu_isa *rows[128];
	unsigned nrows = 0, bad = 0;

	for (unsigned i = 0; i < bu_isa_nrows && nrows < 128; i++)
		if (is_alu(&bu_isa_rows[i]))
			rows[nrows++] = &bu_isa_rows[i];
	for (unsigned round = 0; round < 3000; round++) {
		uint64_t reg[10], want = 0, r0 = 0, first = seed;
		unsigned n = 0;

		for (unsigned r = 0; r < 10; r++) {
			reg[r] = rnd() & 1 ? rnd() : edge[rnd() % NEDGE];
			p[n++] = (struct bu_insn){ .code = BU_OP_LD_IMM64, .dst = (uint8_t)r,
						   .imm = (int32_t)(uint32_t)reg[r] };
			p[n++] = (struct bu_insn){ .imm = (int32_t)(uint32_t)(reg[r] >> 32) };
		}
		for (unsigned k = 0; k < 100; k++, n++) {
			const struct bu_isa *row = rows[rnd() % nrows];

			fill(&p[n], row, (int32_t)(rnd() & 1 ? rnd() : edge[rnd() % NEDGE]));
			p[n].dst = (uint8_t)(rnd() % 10);
			if (row->uses & BU_USES_SRC)
				p[n].src = (uint8_t)(rnd() % 10);
			reg[p[n].dst] = model_alu(row, &p[n], reg[p[n].dst], row->uses & BU_USES_SRC ?
						  reg[p[n].src] : (uint64_t)(int64_t)p[n].imm);
		}
		want = reg[0];
		for (unsigned r = 1; r < 10; r++) {
			p[n++] = (struct bu_insn)I(0x27, 0, 0, 0, 31);
			p[n++] = (struct bu_insn)I(0x0f, 0, (uint8_t)r, 0, 0);
			want = want * 31 + reg[r];
		}
		p[n++] = (struct bu_insn)EXIT;
		if (run(p, n, NULL, 0, &r0) || r0 != want) {
			if (!bad++)
				printf("# seed %#llx\n", (unsigned long long)first);
		}
	}
	ok(!bad, "3000 random programs of 100 operations");
}

static void test_memory(void)
{
	static const unsigned widths[] = { 8, 16, 32, 64 };
	static const uint8_t bits[] = { 0x10, 0x08, 0x00, 0x18 };

	for (unsigned i = 0; i < 4; i++) {
		unsigned w = widths[i], bad = 0;

		for (unsigned off = 0; off < 9; off++)
			for (unsigned e = 0; e < NEDGE; e++) {
				uint8_t mem[24], want[24];
				struct bu_insn p[] = { IMM64(3, edge[e]), I(0x63 | bits[i], 1, 3, (int16_t)off, 0),
						       I(0x61 | bits[i], 0, 1, (int16_t)off, 0), EXIT };
				struct bu_insn st[] = { I(0x62 | bits[i], 1, 0, (int16_t)off, (int32_t)edge[e]),
							I(w == 64 ? 0x79 : 0x81 | bits[i], 0, 1, (int16_t)off, 0), EXIT };
				uint64_t r0, v = edge[e];

				memset(mem, 0xa5, sizeof(mem));
				memcpy(want, mem, sizeof(mem));
				for (unsigned b = 0; b < w / 8; b++)
					want[off + (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? b : w / 8 - 1 - b)] =
						(uint8_t)(v >> 8 * b);
				bad += run(p, BU_ARRAY_SIZE(p), mem, 24, &r0) || r0 != low(v, w) ||
				       memcmp(mem, want, 24);
				v = (uint64_t)(int64_t)(int32_t)edge[e];
				bad += run(st, BU_ARRAY_SIZE(st), mem, 24, &r0) || r0 != (uint64_t)sign(v, w);
			}
		ok(!bad, "memory of %u bits: stx, ldx, st, ldsx", w);
	}
}

static uint64_t atomic_model(int32_t op, uint64_t old, uint64_t v, uint64_t zero, unsigned w)
{
	switch (op & ~1) {
	case 0x00: return low(old + v, w);
	case 0x40: return old | low(v, w);
	case 0x50: return old & low(v, w);
	case 0xa0: return old ^ low(v, w);
	case 0xe0: return low(v, w);
	default: return old == low(zero, w) ? low(v, w) : old;
	}
}

static void test_atomics(void)
{
	static const int32_t op[] = { 0x00, 0x40, 0x50, 0xa0, 0x01, 0x41, 0x51, 0xa1, 0xe1, 0xf1 };

	for (unsigned w = 32; w <= 64; w += 32)
		for (unsigned i = 0; i < BU_ARRAY_SIZE(op); i++) {
			unsigned bad = 0;

			for (unsigned a = 0; a < NEDGE; a++)
				for (unsigned b = 0; b < NEDGE; b++) {
					uint64_t mem = low(edge[a], w), zero = edge[(a + (b & 1)) % NEDGE], r0 = 0;
					uint64_t got = 0, v = edge[b], want = atomic_model(op[i], mem, v, zero, w);
					struct bu_insn p[] = {
						IMM64(3, v), IMM64(0, zero), I(w == 32 ? 0xc3 : 0xdb, 1, 3, 8, op[i]),
						MOVR(0, op[i] == 0xf1 ? 0 : 3), EXIT };
					uint64_t m[3] = { 1, 0, 2 };

					if (w == 32)
						memcpy(&m[1], &(uint32_t){ (uint32_t)mem }, 4);
					else
						m[1] = mem;
					bad += run(p, BU_ARRAY_SIZE(p), m, sizeof(m), &r0) != 0;
					if (w == 32) {
						uint32_t v32;

						memcpy(&v32, &m[1], 4);
						got = v32;
					} else {
						got = m[1];
					}
					bad += got != want || m[0] != 1 || m[2] != 2 ||
					       r0 != (op[i] == 0xf1 || op[i] & 1 ? mem : v);
				}
			ok(!bad, "atomic operation %#x of %u bits", (unsigned)op[i], w);
		}
}

static void test_calls(void)
{
	/* each function has a frame of its own, and r6 to r9 are its caller's again when it returns */
	struct bu_insn nested[] = {
		MOV(6, 5), ST64(10, -8, 9), CALLF(4), I(0x0f, 0, 6, 0, 0), LD64(1, 10, -8), I(0x0f, 0, 1, 0, 0),
		EXIT,
		/* f: */ MOV(6, 100), ST64(10, -8, 7), LD64(0, 10, -8), EXIT,
	};
	struct bu_insn loop[] = { MOV(0, 0), MOV(1, 1000), ADD(0, 3), ADD(1, -1), JNE(1, 0, -3), EXIT };
	struct bu_insn may[] = { MOV(0, 0), I(0xe5, 0, 0, 2, 0), ADD(0, 1), I(0x05, 0, 0, -3, 0), EXIT };
	struct bu_insn far[] = { MOV(0, 1), I(0x06, 0, 0, 0, 1), EXIT, ADD(0, 1), I(0x06, 0, 0, 0, -3) };
	uint64_t r0 = 0;

	ok(!run(nested, BU_ARRAY_SIZE(nested), NULL, 0, &r0) && r0 == 7 + 5 + 9, "a call keeps r6 and has its frame");
	ok(!run(loop, BU_ARRAY_SIZE(loop), NULL, 0, &r0) && r0 == 3000, "a loop");
	ok(!run(may, BU_ARRAY_SIZE(may), NULL, 0, &r0) && r0 == 8388608, "may_goto ends");
	ok(!run(far, BU_ARRAY_SIZE(far), NULL, 0, &r0) && r0 == 2, "gotol");
	bu_vm_set_fuel(s, 2999);
	ok(run(loop, BU_ARRAY_SIZE(loop), NULL, 0, &r0) == 0, "fuel: a thousand rounds of three");
	bu_vm_set_fuel(s, 2900);
	ok(run(loop, BU_ARRAY_SIZE(loop), NULL, 0, &r0) == -EFAULT, "fuel: not so many");
	bu_vm_set_fuel(s, 0);
}

/* What may not be loaded: errno and words are those of the kernel. */
static void refused(const char *name, const struct bu_insn *in, uint32_t n, int err, const char *words)
{
	char log[8192] = "";
	int fd = load(BPF_PROG_TYPE_SOCKET_FILTER, in, n, "GPL", log, sizeof(log));

	if (!ok(fd == err && strstr(log, words), "refused: %s", name))
		printf("# %d: %s\n", fd, log);
	if (fd >= 0)
		close(fd);
}
#define P(...) (const struct bu_insn[]){ __VA_ARGS__ }, sizeof((const struct bu_insn[]){ __VA_ARGS__ }) / sizeof(struct bu_insn)

static void test_check(void)
{
	refused("a register never written", P(MOVR(0, 3), EXIT), -EACCES, "0: (bf) r0 = r3\nR3 !read_ok\nprocessed ");
	refused("no result", P(EXIT), -EACCES, "R0 !read_ok\n");
	refused("arguments after a call", P(MOV(1, 1), CALL(5), MOVR(0, 1), EXIT), -EACCES, "R1 !read_ok\n");
	refused("a result that is none", P(CALLF(1), EXIT, EXIT), -EACCES, "R0 !read_ok\n");
	refused("the caller's r6", P(MOV(6, 0), CALLF(1), EXIT, MOVR(0, 6), EXIT), -EACCES, "R6 !read_ok\n");
	refused("written on one way only", P(JEQ(1, 0, 1), MOV(0, 1), EXIT), -EACCES, "R0 !read_ok\n");
	refused("r10 written", P(MOV(0, 0), MOV(10, 0), EXIT), -EACCES, "frame pointer is read only\n");
	refused("r11", P(MOV(11, 0), EXIT), -EINVAL, "R11 is invalid\n");
	refused("an unknown opcode", P(MOV(0, 0), I(0xff, 0, 0, 0, 0), EXIT), -EINVAL, "unknown opcode ff\n");
	refused("callx", P(MOV(0, 0), I(0x8d, 0, 0, 0, 0), EXIT), -EINVAL, "unknown opcode 8d\n");
	refused("gotox", P(MOV(0, 0), I(0x0d, 0, 0, 0, 0), EXIT), -EINVAL, "unknown opcode 0d\n");
	refused("a jump out", P(MOV(0, 0), I(0x05, 0, 0, 5, 0), EXIT), -EINVAL, "jump out of range from insn 1 to 7\n");
	refused("a jump into another function", P(CALLF(2), JEQ(0, 0, 1), EXIT, MOV(0, 0), EXIT), -EINVAL,
		"jump out of range from insn 1 to 3\n");
	refused("a jump into a constant", P(MOV(0, 0), JEQ(0, 0, 1), IMM64(1, 0), EXIT), -EINVAL,
		"jump into the middle of ldimm64 insn 2\n");
	refused("unreachable", P(MOV(0, 0), EXIT, MOV(0, 0), EXIT), -EINVAL, "unreachable insn 2\n");
	refused("past the end", P(MOV(0, 0)), -EINVAL, "last insn is not an exit or jmp\n");
	refused("reserved fields", P(I(0xb7, 0, 0, 9, 0), EXIT), -EINVAL, "BPF_MOV uses reserved fields\n");
	refused("reserved fields of ldx", P(I(0x61, 0, 1, 0, 5), EXIT), -EINVAL, "BPF_LDX uses reserved fields\n");
	refused("an atomic operation that there is not", P(MOV(0, 0), I(0xdb, 10, 0, -8, 7), EXIT), -EINVAL,
		"BPF_ATOMIC uses invalid atomic opcode 07\n");
	refused("a shift", P(MOV(0, 0), I(0x67, 0, 0, 0, 64), EXIT), -EINVAL, "invalid shift 64\n");
	refused("division by zero", P(MOV(0, 0), I(0x37, 0, 0, 0, 0), EXIT), -EINVAL, "div by zero\n");
	refused("no such helper", P(CALL(999), EXIT), -EINVAL, "invalid func unknown#999\n");
	refused("another type's helper", P(CALL(44), EXIT), -EINVAL,
		"program of this type cannot use helper bpf_xdp_adjust_head#44\n");
	refused("a call to nowhere", P(CALLF(100), EXIT), -EINVAL, "call to invalid destination\n");
	refused("recursion", P(CALLF(-1), EXIT), -E2BIG, "frames is too deep");
	refused("skb without r6", P(I(0x20, 0, 0, 0, 0), EXIT), -EACCES, "R6 !read_ok\n");
	refused("may_goto with an immediate", P(MOV(0, 0), I(0xe5, 0, 0, 0, 1), EXIT), -EINVAL, "invalid may_goto imm 1\n");
}

/* A helper that the VM has not is refused at load, by its name; each of the kernel's that there is. */
static void test_missing(void)
{
	unsigned have = 0, missing = 0, bad = 0;

	for (int id = 1; id <= (int)bu_nhelpers; id++) {
		const struct bu_helper *h = bu_helper_by_id(id);
		const struct bu_insn in[] = { CALL(id), MOV(0, 0), EXIT };
		char log[4096] = "", want[128];
		int fd;

		if (!h)
			continue;
		have += bu_vm_helper(id) != NULL;
		if (bu_vm_helper(id))
			continue;
		missing++;
		snprintf(want, sizeof(want), "helper %s#%d: the VM does not have it", h->name, id);
		fd = load(BPF_PROG_TYPE_KPROBE, in, BU_ARRAY_SIZE(in), "GPL", log, sizeof(log));
		if (fd != -EINVAL || !strstr(log, want)) {
			printf("# %s: %d, %s\n", h->name, fd, log);
			bad++;
		}
		if (fd >= 0)
			close(fd);
	}
	ok(have >= 110, "%u helpers", have);
	ok(missing && !bad, "each of %u others is refused by its name", missing);
}

static uint64_t runs_counted(int prog)
{
	struct bpf_prog_info i = { 0 };
	uint32_t size = sizeof(i);

	return bu_sys_info(s, prog, &i, &size) ? UINT64_MAX : i.run_cnt;
}

/* Runs are counted while an fd of ENABLE_STATS is open, in whatever process, and no longer. */
static void test_stats(void)
{
	const struct bu_insn code[] = { MOV(0, 1), EXIT };
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, code, 2, "GPL", NULL, 0), on, twice, st, up[2];
	union bpf_attr a = { 0 };
	uint64_t r0;
	pid_t pid;

	a.enable_stats.type = BPF_STATS_RUN_TIME;
	ok(prog >= 0 && !bu_vm_run(s, prog, NULL, NULL, &r0, NULL) && !runs_counted(prog), "not counted");
	on = s->ops->bpf(s, BPF_ENABLE_STATS, &a, sizeof(a));
	ok(on >= 0 && !bu_vm_run(s, prog, NULL, NULL, &r0, NULL) && runs_counted(prog) == 1, "counted");
	twice = s->ops->bpf(s, BPF_ENABLE_STATS, &a, sizeof(a));
	close(on);
	ok(!bu_vm_run(s, prog, NULL, NULL, &r0, NULL) && runs_counted(prog) == 2, "another wants it still");
	close(twice);
	ok(!bu_vm_run(s, prog, NULL, NULL, &r0, NULL) && runs_counted(prog) == 2, "nobody does");
	ok(!bu_vm(s)->root->stats, "and runs need not look any more");
	if (pipe(up))
		return;
	pid = fork();
	if (!pid) {
		on = s->ops->bpf(s, BPF_ENABLE_STATS, &a, sizeof(a));
		if (write(up[1], "x", 1) == 1)
			pause();
		_exit(on < 0);
	}
	ok(read(up[0], &st, 1) == 1 && !bu_vm_run(s, prog, NULL, NULL, &r0, NULL) &&
	   runs_counted(prog) == 3, "another process wants it");
	kill(pid, SIGKILL);
	waitpid(pid, &st, 0);
	ok(!bu_vm_run(s, prog, NULL, NULL, &r0, NULL) && runs_counted(prog) == 3, "and was killed");
	close(up[0]), close(up[1]), close(prog);
}

int main(void)
{
	if (!open_world())
		return 0;
	test_alu();
	test_jumps();
	test_random();
	test_memory();
	test_atomics();
	test_calls();
	test_check();
	test_missing();
	test_stats();
	close_world();
	return done_testing();
}
