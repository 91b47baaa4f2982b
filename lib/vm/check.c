/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every program is checked for before it runs: encoding, the ways through it, registers, calls. In the
 * order and the words of the kernel's verifier, as far as these do not need the values of registers:
 * of a register it is known whether something was written on every way (a bit), whether it is the context on every way
 * (another), and nothing else.
 */
#include "vm/ctxrule.h"
#include "vm/env.h"
#include "vm/known.h"

#include <stdlib.h>
#include <string.h>

#define R(n) (1u << (n))
#define ARGS (R(1) | R(2) | R(3) | R(4) | R(5))
#define CLASS(code) ((code) & 7)
enum { C_LD, C_LDX, C_ST, C_STX, C_ALU, C_JMP, C_JMP32, C_ALU64 };

enum { START = 1, SEEN = 2, QUEUED = 4, SECOND = 8, SEEN_SECOND = 16, TARGET = 32 };
enum { OP_ADD64_K = 0x07, OP_SUB64_K = 0x17, OP_MOV64_X = 0xbf };
#define LOOK_BACK 8u /* instructions, for what was added to the context */

struct check {
	struct bu_vm_check *c;
	const struct bu_insn *in;
	uint32_t n;
	uint8_t *mark;      /* by instruction */
	uint32_t *func;     /* start of the function that it is in */
	uint16_t *init;     /* registers written on every way to it */
	uint16_t *ctx;      /* … that hold the context */
	const struct bu_vm_ctx_view *view; /* of the program; NULL: not known */
	uint32_t *slot;     /* of those that are jumped to, and of exits: place in known; 0: none */
	struct bu_vm_known *known;
	size_t nknown, cap;
	bool failed;        /* no memory */
	uint8_t *no_r0;     /* by function's start: it returns without a result on some way */
	uint8_t *high;      /* … frames that its call needs, 0: not known yet */
	uint32_t *queue;
	uint32_t nqueue;
};

#define SAY(k, ...)                                                                                 \
	do {                                                                                        \
		if ((k)->c->log)                                                                    \
			bu_buf_printf((k)->c->log, __VA_ARGS__);                                    \
	} while (0)

static bool is_jump(const struct bu_insn *in)
{
	unsigned op = in->code & 0xf0;

	return (CLASS(in->code) == C_JMP || CLASS(in->code) == C_JMP32) && op != 0x80 && op != 0x90;
}

static bool is_goto(const struct bu_insn *in)
{
	return in->code == BU_OP_JA || in->code == BU_OP_JA32;
}

static bool is_local_call(const struct bu_insn *in)
{
	return in->code == BU_OP_CALL && in->src == BU_CALL_LOCAL;
}

static int64_t target(const struct bu_insn *in, uint32_t i)
{
	return (int64_t)i + 1 + (in->code == BU_OP_JA32 ? in->imm : in->off);
}

/* ---------------------------------------------------------------- functions */

static int find_starts(struct check *k)
{
	k->mark[0] |= START;
	if (k->c->exception >= k->n)
		return -EINVAL;
	k->mark[k->c->exception] |= START | TARGET;
	for (uint32_t i = 0; i < k->n; i++) {
		const struct bu_insn *in = &k->in[i];
		int64_t t = (int64_t)i + 1 + in->imm;

		if (!is_local_call(in) && !(in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC))
			continue;
		if (t < 0 || t >= k->n) {
			SAY(k, "call to invalid destination\n");
			return -EINVAL;
		}
		k->mark[t] |= START;
	}
	return 0;
}

/* No jump leaves its function, and no function's end is passed. */
static int check_ranges(struct check *k)
{
	uint32_t start = 0, end = 0;

	for (uint32_t i = 0; i < k->n; i++) {
		const struct bu_insn *in = &k->in[i];

		if (k->mark[i] & START) {
			start = i;
			for (end = i + 1; end < k->n && !(k->mark[end] & START); end++)
				;
		}
		k->func[i] = start;
		if (is_jump(in) && in->code != 0x0d) {
			int64_t t = target(in, i);

			if (t < start || t >= end) {
				SAY(k, "jump out of range from insn %u to %lld\n", i, (long long)t);
				return -EINVAL;
			}
		}
		if (i == end - 1 && in->code != BU_OP_EXIT && !is_goto(in)) {
			SAY(k, "last insn is not an exit or jmp\n");
			return -EINVAL;
		}
	}
	return 0;
}

static void known_codes(const struct check *k, bool known[256])
{
	for (unsigned i = 0; i < bu_isa_nrows; i++)
		known[bu_isa_rows[i].code] = true;
	known[BU_OP_CALLX] = k->c->raw;
	known[0x0d] = false;
}

static int check_codes(struct check *k)
{
	bool known[256] = { false };

	known_codes(k, known);
	for (uint32_t i = 0; i < k->n; i++) {
		const struct bu_insn *in = &k->in[i];
		unsigned mode = in->code & 0xe0;

		if (CLASS(in->code) == C_LDX && ((mode != 0x60 && mode != 0x80) || in->imm)) {
			SAY(k, "BPF_LDX uses reserved fields\n");
			return -EINVAL;
		}
		if (in->code == BU_OP_LD_IMM64) {
			if (i + 1 >= k->n || in[1].code || in[1].dst || in[1].src || in[1].off) {
				SAY(k, "invalid bpf_ld_imm64 insn\n");
				return -EINVAL;
			}
			if (in->src > BU_PSEUDO_MAP_IDX_VALUE || (k->c->raw && in->src)) {
				SAY(k, "unrecognized bpf_ld_imm64 insn\n");
				return -EINVAL;
			}
			k->mark[++i] |= SECOND;
			continue;
		}
		if (!known[in->code]) {
			SAY(k, "unknown opcode %02x\n", in->code);
			return -EINVAL;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- ways */

static void go(struct check *k, uint32_t i)
{
	if (k->mark[i] & SECOND) {
		k->mark[i] |= SEEN_SECOND;
	} else if (!(k->mark[i] & SEEN)) {
		k->mark[i] |= SEEN;
		k->queue[k->nqueue++] = i;
	}
}

static int check_ways(struct check *k)
{
	go(k, 0);
	go(k, k->c->exception);
	while (k->nqueue) {
		uint32_t i = k->queue[--k->nqueue];
		const struct bu_insn *in = &k->in[i];

		if (in->code == BU_OP_EXIT)
			continue;
		if (is_local_call(in) || (in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC))
			go(k, (uint32_t)((int64_t)i + 1 + in->imm));
		if (is_jump(in))
			go(k, (uint32_t)target(in, i));
		if (!is_goto(in) && i + 1 < k->n)
			go(k, i + (in->code == BU_OP_LD_IMM64 ? 2 : 1));
	}
	for (uint32_t i = 0; i < k->n; i++) {
		if (!(k->mark[i] & SEEN)) {
			SAY(k, "unreachable insn %u\n", i);
			return -EINVAL;
		}
		if (k->in[i].code == BU_OP_LD_IMM64 && k->mark[++i] & SEEN_SECOND) {
			SAY(k, "jump into the middle of ldimm64 insn %u\n", i - 1);
			return -EINVAL;
		}
	}
	return 0;
}

/* Frames that a call of function f needs; more than there are: too deep, or recursion. */
static uint32_t frames(struct check *k, uint32_t f, uint32_t level)
{
	uint32_t most = 1, n;

	if (level > BU_VM_FRAMES)
		return level;
	if (k->high[f])
		return k->high[f];
	for (uint32_t i = f; i < k->n && k->func[i] == f; i++) {
		if (is_local_call(&k->in[i])) {
			n = frames(k, (uint32_t)((int64_t)i + 1 + k->in[i].imm), level + 1) + 1;
			if (n > BU_VM_FRAMES)
				return n;
			most = n > most ? n : most;
		}
		i += k->in[i].code == BU_OP_LD_IMM64;
	}
	k->high[f] = (uint8_t)most;
	return most;
}

/* ---------------------------------------------------------------- registers */

struct use {
	uint32_t reads, writes, lost;
};

static void use_call(const struct check *k, const struct bu_insn *in, struct use *u)
{
	const struct bu_vm_helper *h;

	u->writes = R(0);
	u->lost = ARGS;
	if (in->src == BU_CALL_KFUNC && k->c->vm) {
		const struct bu_vm_kfunc *f = bu_vm_kfunc(k->c->vm, in->imm);

		if (!f)
			return;
		for (unsigned a = 0; a < f->nparams; a++)
			u->reads |= R(a + 1);
		if (!strcmp(f->ret, "void")) {
			u->writes = 0;
			u->lost |= R(0);
		}
		return;
	}
	if (k->c->raw || in->src != BU_CALL_HELPER)
		return;
	h = bu_vm_helper(in->imm);
	if (!h && bu_helper_by_id(in->imm))
		u->reads |= (R(bu_helper_by_id(in->imm)->args + 1) - 1) & ARGS;
	for (unsigned a = 0; h && a < 5; a++)
		if (h->arg[a] != BU_VM_A_NONE && (in->imm != 6 /* trace_printk */ || a < 2))
			u->reads |= R(a + 1);
	switch (in->imm) { /* these return nothing */
	case 12: case 93: case 94: case 132: case 133:
		u->writes = 0;
		u->lost |= R(0);
	}
}

static void use_of(const struct check *k, const struct bu_insn *in, const struct bu_isa *row, struct use *u)
{
	uint32_t d = R(in->dst), s = R(in->src);

	*u = (struct use){ 0 };
	switch ((enum bu_sem)row->sem) {
	case BU_SEM_MOV: case BU_SEM_MOVSX: case BU_SEM_ADDR_SPACE_CAST:
		u->reads = in->code & 8 ? s : 0;
		u->writes = d;
		break;
	case BU_SEM_ADD: case BU_SEM_SUB: case BU_SEM_MUL: case BU_SEM_DIV: case BU_SEM_OR:
	case BU_SEM_AND: case BU_SEM_LSH: case BU_SEM_RSH: case BU_SEM_MOD: case BU_SEM_XOR:
	case BU_SEM_ARSH: case BU_SEM_SDIV: case BU_SEM_SMOD:
		u->reads = d | (in->code & 8 ? s : 0);
		u->writes = d;
		break;
	case BU_SEM_NEG: case BU_SEM_LE: case BU_SEM_BE: case BU_SEM_BSWAP:
		u->reads = u->writes = d;
		break;
	case BU_SEM_JEQ: case BU_SEM_JGT: case BU_SEM_JGE: case BU_SEM_JSET: case BU_SEM_JNE:
	case BU_SEM_JSGT: case BU_SEM_JSGE: case BU_SEM_JLT: case BU_SEM_JLE: case BU_SEM_JSLT:
	case BU_SEM_JSLE:
		u->reads = d | (in->code & 8 ? s : 0);
		break;
	case BU_SEM_JA: case BU_SEM_MAY_GOTO:
		break;
	case BU_SEM_JX:
		u->reads = d;
		break;
	case BU_SEM_CALLX:
		u->reads = d;
		u->writes = R(0);
		u->lost = ARGS;
		break;
	case BU_SEM_CALL: case BU_SEM_CALL_LOCAL: case BU_SEM_CALL_KFUNC:
		use_call(k, in, u);
		break;
	case BU_SEM_EXIT:
		u->reads = R(0);
		break;
	case BU_SEM_LD_IMM64:
		u->writes = d;
		break;
	case BU_SEM_LD_ABS: case BU_SEM_LD_IND:
		u->reads = R(6) | (row->sem == BU_SEM_LD_IND ? s : 0);
		u->writes = R(0);
		u->lost = ARGS;
		break;
	case BU_SEM_LDX: case BU_SEM_LDSX: case BU_SEM_LOAD_ACQUIRE:
		u->reads = s;
		u->writes = d;
		break;
	case BU_SEM_ST:
		u->reads = d;
		break;
	case BU_SEM_STX: case BU_SEM_STORE_RELEASE:
		u->reads = d | s;
		break;
	case BU_SEM_ATOMIC:
		u->reads = d | s | (in->imm == 0xf1 ? R(0) : 0);
		u->writes = in->imm == 0xf1 ? R(0) : in->imm & 1 ? s : 0;
		break;
	}
}

/* What is known of values in front of i: where several ways meet, and at exits. */
static struct bu_vm_known *known_at(struct check *k, uint32_t i)
{
	size_t cap = k->cap ? k->cap * 2 : 64;
	void *p;

	if (k->slot[i])
		return &k->known[k->slot[i]];
	if (k->nknown + 1 >= k->cap) {
		p = realloc(k->known, cap * sizeof(*k->known));
		if (!p) {
			k->failed = true;
			return NULL;
		}
		k->known = p;
		k->cap = cap;
	}
	k->slot[i] = (uint32_t)++k->nknown; /* 0 is none */
	k->known[k->nknown] = (struct bu_vm_known){ 0 };
	return &k->known[k->nknown];
}

/* What is known in front of i gets no more than regs, of these ctx, and the values v: has that changed? */
static bool meet(struct check *k, uint32_t i, uint32_t regs, uint32_t ctx, const struct bu_vm_known *v)
{
	bool seen = k->mark[i] & SEEN, less;
	uint16_t is = (uint16_t)(seen ? k->init[i] & regs : regs);
	uint16_t c = (uint16_t)(seen ? k->ctx[i] & ctx : ctx);
	struct bu_vm_known *w;

	less = !seen || k->init[i] != is || k->ctx[i] != c;
	if (k->mark[i] & TARGET || k->in[i].code == BU_OP_EXIT) {
		w = known_at(k, i);
		if (!w)
			return false;
		if (seen)
			less |= bu_vm_known_meet(w, v);
		else
			*w = *v;
	}
	k->mark[i] |= SEEN;
	k->init[i] = is;
	k->ctx[i] = c;
	return less;
}

/* The same, of what is jumped to: it is looked at again then. */
static void reach(struct check *k, uint32_t i, uint32_t regs, uint32_t ctx, const struct bu_vm_known *v)
{
	if (!meet(k, i, regs, ctx, v) || k->mark[i] & QUEUED)
		return;
	k->mark[i] |= QUEUED;
	k->queue[k->nqueue++] = i;
}

/* Does i lead to the next? Then regs, ctx and *v are what is known behind it. */
static bool flow_one(struct check *k, uint32_t i, uint32_t *regs, uint32_t *ctx, struct bu_vm_known *v)
{
	const struct bu_insn *in = &k->in[i];
	const struct bu_isa *row = bu_isa_find_loose(in);
	static const struct bu_vm_known nothing;
	struct bu_vm_known there;
	uint32_t to;
	unsigned way;
	struct use u;

	if (!row || in->dst > 10 || in->src > 10)
		return false; /* refused when its turn comes */
	if (in->code == BU_OP_EXIT) {
		if (!(*regs & R(0)))
			k->no_r0[k->func[i]] = 1;
		return false;
	}
	use_of(k, in, row, &u);
	if (is_local_call(in) || (in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC)) {
		to = (uint32_t)((int64_t)i + 1 + in->imm);
		reach(k, to, R(10) | (is_local_call(in) ? *regs & ARGS : ARGS), is_local_call(in) ? *ctx & ARGS : 0,
		      &nothing);
		if (is_local_call(in) && k->no_r0[to])
			u.writes = 0, u.lost |= R(0);
	}
	*regs = (*regs & ~u.lost) | u.writes;
	to = in->code == OP_MOV64_X && !in->off && *ctx & R(in->src) ? R(in->dst) : 0;
	*ctx = (*ctx & ~(u.lost | u.writes)) | to;
	way = k->c->raw ? 3 : bu_vm_known_ways(in, v);
	bu_vm_known_step(k->c, in, u.lost | u.writes, v);
	if (is_jump(in) && way & 2) {
		there = *v;
		bu_vm_known_went(in, true, &there);
		reach(k, (uint32_t)target(in, i), *regs, *ctx, &there);
	}
	if (is_jump(in))
		bu_vm_known_went(in, false, v);
	return !is_goto(in) && way & 1;
}

/* From i on, to where it ends or others come in. */
static void flow_from(struct check *k, uint32_t i)
{
	uint32_t regs = k->init[i], ctx = k->ctx[i];
	struct bu_vm_known v = { 0 };

	if (k->slot[i])
		v = k->known[k->slot[i]];
	while (flow_one(k, i, &regs, &ctx, &v)) {
		i += k->in[i].code == BU_OP_LD_IMM64 ? 2 : 1;
		if (k->mark[i] & TARGET) {
			reach(k, i, regs, ctx, &v);
			return;
		}
		meet(k, i, regs, ctx, &v);
	}
}

/* Twice: the second time it is known which functions return nothing. */
static void flow(struct check *k)
{
	for (uint32_t i = 0; i < k->n; i++) {
		const struct bu_insn *in = &k->in[i];

		if (is_jump(in))
			k->mark[target(in, i)] |= TARGET;
		if (is_local_call(in) || (in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC))
			k->mark[(uint32_t)((int64_t)i + 1 + in->imm)] |= TARGET;
		i += in->code == BU_OP_LD_IMM64;
	}
	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < k->n; i++)
			k->mark[i] &= (uint8_t)~(SEEN | QUEUED);
		k->mark[0] |= TARGET;
		reach(k, 0, R(10) | (k->c->raw ? ARGS | R(0) : R(1)), k->c->raw ? 0 : R(1),
		      &(struct bu_vm_known){ 0 });
		if (k->c->exception)
			reach(k, k->c->exception, R(10) | R(1), 0, &(struct bu_vm_known){ 0 });
		while (k->nqueue) {
			uint32_t i = k->queue[--k->nqueue];

			k->mark[i] &= (uint8_t)~QUEUED;
			flow_from(k, i);
		}
	}
}

/* ---------------------------------------------------------------- one by one */

/* An atomic operation that reads and writes, which wants 32 or 64 bits. */
static bool rmw(int32_t imm)
{
	return imm == 0xe1 || imm == 0xf1 ||
	       ((imm & ~1) == 0 || (imm & ~1) == 0x40 || (imm & ~1) == 0x50 || (imm & ~1) == 0xa0);
}

static int reserved(struct check *k, const struct bu_insn *in)
{
	unsigned op = in->code & 0xf0;

	switch (CLASS(in->code)) {
	case C_LD:
		SAY(k, in->code == BU_OP_LD_IMM64 ? "BPF_LD_IMM64 uses reserved fields\n" :
						    "BPF_LD_[ABS|IND] uses reserved fields\n");
		break;
	case C_LDX:
		SAY(k, "BPF_LDX uses reserved fields\n");
		break;
	case C_ST:
		SAY(k, "BPF_ST uses reserved fields\n");
		break;
	case C_STX:
		if ((in->code & 0xe0) == 0xc0 && (in->code & 0x18) != 0x18 && (in->code & 0x18) && rmw(in->imm))
			SAY(k, "invalid atomic operand size\n");
		else if ((in->code & 0xe0) == 0xc0)
			SAY(k, "BPF_ATOMIC uses invalid atomic opcode %02x\n", (unsigned)in->imm);
		else
			SAY(k, "BPF_STX uses reserved fields\n");
		break;
	case C_ALU:
	case C_ALU64:
		SAY(k, "BPF_%s uses reserved fields\n",
		    op == 0x80 ? "NEG" : op == 0xd0 ? "END" : op == 0xb0 ? "MOV" : "ALU");
		break;
	default:
		if (op == 0xe0)
			SAY(k, "invalid may_goto imm %d\n", in->imm);
		else
			SAY(k, "BPF_%s uses reserved fields\n",
			    op == 0x80 ? "CALL" : op == 0x90 ? "EXIT" : !op ? "JA" : "JMP/JMP32");
	}
	return -EINVAL;
}

static bool junk(const struct bu_insn *in, const struct bu_isa *row)
{
	return (in->dst && !(row->uses & BU_USES_DST)) || (in->src && !(row->uses & BU_USES_SRC)) ||
	       (in->off && !(row->uses & BU_USES_OFF)) || (in->imm && !(row->uses & BU_USES_IMM));
}

static int check_helper(struct check *k, const struct bu_insn *in)
{
	const struct bu_helper *known = bu_helper_by_id(in->imm);
	const struct bu_vm_helper *h = bu_vm_helper(in->imm);

	if (!known) {
		SAY(k, in->imm ? "invalid func unknown#%d\n" :
				 "program of this type cannot use helper bpf_unspec#%d\n", in->imm);
		return -EINVAL;
	}
	if (!h && (k->c->opened || (k->c->faker && bu_vm_faked(k->c->faker, in->imm))))
		return 0;
	if (!h) {
		SAY(k, "helper %s#%d: the VM does not have it\n", known->name, in->imm);
		return -EINVAL;
	}
	if (!bu_vm_progset_has(h->progs, k->c->type)) {
		SAY(k, "program of this type cannot use helper %s#%d\n", known->name, in->imm);
		return -EINVAL;
	}
	if (known->gpl && !k->c->gpl) {
		SAY(k, "cannot call GPL-restricted function from non-GPL compatible program\n");
		return -EINVAL;
	}
	return 0;
}

/* That there is such a function was looked at before (bu_vm_check_kfuncs). */
static int check_kfunc(struct check *k, const struct bu_insn *in)
{
	const struct bu_vm_kfunc *f = k->c->vm ? bu_vm_kfunc(k->c->vm, in->imm) : NULL;

	if (!f || in->off) {
		SAY(k, "invalid kernel function call not eliminated in verifier pass\n");
		return -EINVAL;
	}
	if (!bu_vm_progset_has(f->h.progs, k->c->type)) {
		SAY(k, "calling kernel function %s is not allowed\n", f->h.kfunc);
		return -EACCES;
	}
	if (f->h.flags & BU_VM_KF_SLEEPS && !(k->c->flags & BPF_F_SLEEPABLE)) {
		SAY(k, "program must be sleepable to call sleepable kfunc %s\n", f->h.kfunc);
		return -EACCES;
	}
	return 0;
}

static int check_alu(struct check *k, const struct bu_insn *in, const struct bu_isa *row)
{
	if (in->code & 8 || k->c->raw) /* RFC 9669 defines these; the kernel does not take them */
		return 0;
	switch (row->sem) {
	case BU_SEM_DIV: case BU_SEM_MOD: case BU_SEM_SDIV: case BU_SEM_SMOD:
		if (in->imm)
			return 0;
		SAY(k, "div by zero\n");
		return -EINVAL;
	case BU_SEM_LSH: case BU_SEM_RSH: case BU_SEM_ARSH:
		if (in->imm >= 0 && in->imm < row->width)
			return 0;
		SAY(k, "invalid shift %d\n", in->imm);
		return -EINVAL;
	}
	return 0;
}

static int check_registers(struct check *k, uint32_t i, const struct bu_insn *in, const struct bu_isa *row)
{
	const uint8_t regs[] = { in->src, in->dst, 0, 1, 2, 3, 4, 5, 6 };
	uint32_t missing;
	struct use u;

	for (unsigned r = 0; r < 2; r++)
		if (regs[r] > 10) {
			SAY(k, "R%u is invalid\n", regs[r]);
			return -EINVAL;
		}
	use_of(k, in, row, &u);
	/* A function without a result is told where the result is used. */
	if (in->code == BU_OP_EXIT && (k->func[i] || k->c->no_result))
		u.reads = 0;
	missing = u.reads & ~(uint32_t)k->init[i];
	for (unsigned r = 0; missing && r < sizeof(regs); r++)
		if (missing & R(regs[r])) {
			SAY(k, "R%u !read_ok\n", regs[r]);
			return -EACCES;
		}
	if (u.writes & R(10)) {
		SAY(k, "frame pointer is read only\n");
		return -EACCES;
	}
	return 0;
}

/*
 * Is register r the context and a constant, added a few instructions before? As the kernel, such a pointer is not to be
 * dereferenced.
 */
static bool modified(const struct check *k, uint32_t i, unsigned r, int64_t *off)
{
	*off = 0;
	for (unsigned n = 0; n < LOOK_BACK && i && !(k->mark[i] & (TARGET | START)); n++) {
		const struct bu_insn *in = &k->in[--i];
		const struct bu_isa *row;
		struct use u;

		if (i && in->code == 0 && in[-1].code == BU_OP_LD_IMM64)
			in = &k->in[--i];
		row = bu_isa_find_loose(in);
		if (!row || is_jump(in) || in->code == BU_OP_EXIT || in->dst > 10 || in->src > 10)
			return false;
		use_of(k, in, row, &u);
		if (!((u.writes | u.lost) & R(r)))
			continue;
		if (in->code != OP_ADD64_K && in->code != OP_SUB64_K)
			return false;
		*off += in->code == OP_ADD64_K ? in->imm : -(int64_t)in->imm;
		if (k->ctx[i] & R(r))
			return *off != 0;
	}
	return false;
}

/* An access by a register that holds the context. */
static int check_ctx(struct check *k, uint32_t i, const struct bu_insn *in, const struct bu_isa *row)
{
	bool write = false;
	unsigned r = in->dst;
	int64_t off;

	switch ((enum bu_sem)row->sem) {
	case BU_SEM_LDX: case BU_SEM_LDSX: case BU_SEM_LOAD_ACQUIRE:
		r = in->src;
		break;
	case BU_SEM_ST: case BU_SEM_STX:
		write = true;
		break;
	case BU_SEM_ATOMIC: case BU_SEM_STORE_RELEASE:
		if (!(k->ctx[i] & R(r)))
			return 0;
		SAY(k, "BPF_ATOMIC stores into R%u ctx is not allowed\n", r);
		return -EACCES;
	default:
		return 0;
	}
	if (modified(k, i, r, &off)) {
		SAY(k, off < 0 ? "negative offset ctx ptr R%u off=%d disallowed\n" :
				 "dereference of modified ctx ptr R%u off=%d disallowed\n", r, (int)off);
		return -EACCES;
	}
	if (!(k->ctx[i] & R(r)))
		return 0;
	if (k->view && !bu_vm_ctx_field_at(k->view->id, k->view->view, in->off, row->width / 8, write)) {
		SAY(k, "invalid bpf_context access off=%d size=%u\n", in->off, row->width / 8);
		return -EACCES;
	}
	if (row->sem != BU_SEM_LOAD_ACQUIRE)
		return 0;
	SAY(k, "BPF_ATOMIC loads from R%u ctx is not allowed\n", r);
	return -EACCES;
}

/* What the kernel's verifier calls the pointer that a field of the context is; NULL: it is a number. */
static const char *pointer(const struct check *k, const struct bu_vm_ctx_field *f)
{
	switch ((enum bu_vm_field_kind)f->kind) {
	case BU_VM_K_PLAIN: case BU_VM_K_LEN:
		return NULL;
	case BU_VM_K_DATA:
		return "pkt";
	case BU_VM_K_DATA_END:
		return "pkt_end";
	case BU_VM_K_META:
		return "pkt_meta";
	case BU_VM_K_KEYS:
		return "flow_keys";
	case BU_VM_K_SOCKET:
		return k->view->id == BU_VM_C_SKB ? "sock_common_or_null" : k->view->id == BU_VM_C_SOCK_OPS ? "sock_or_null" : "sock";
	case BU_VM_K_NO_SOCKET:
		return "sock_or_null";
	case BU_VM_K_HOOK_STATE: case BU_VM_K_SK_BUFF:
		return "trusted_ptr_";
	}
	return NULL;
}

/*
 * Does r0 come from a field of the context, by the instruction in front? Then it is a number up to *most, or a pointer
 * of that name.
 */
static bool loaded(const struct check *k, uint32_t i, uint64_t *most, const char **name)
{
	const struct bu_insn *in = i ? &k->in[i - 1] : NULL;
	const struct bu_isa *row = in ? bu_isa_find_loose(in) : NULL;
	const struct bu_vm_ctx_field *f;

	if (!row || row->sem != BU_SEM_LDX || in->dst || in->src > 10 || k->mark[i] & (TARGET | START) ||
	    !(k->ctx[i - 1] & R(in->src)))
		return false;
	f = bu_vm_ctx_field_at(k->view->id, k->view->view, in->off, row->width / 8, false);
	if (!f)
		return false;
	*name = pointer(k, f);
	*most = row->width == 64 ? UINT64_MAX : (1ull << row->width) - 1;
	return true;
}

/* What the main function returns, where it can be seen. */
static int check_result(struct check *k, uint32_t i)
{
	const struct bu_vm_ctx_view *w = k->view;
	const struct bu_vm_known *at = k->slot[i] ? &k->known[k->slot[i]] : NULL;
	const char *name = NULL;
	uint64_t most;
	int64_t v;

	if (k->func[i] || !w || (w->min == INT32_MIN && w->max == INT32_MAX))
		return 0;
	if (k->ctx[i] & R(0)) {
		SAY(k, "At program exit the register R0 is not a known value (ctx)\n");
		return -EINVAL;
	}
	if (loaded(k, i, &most, &name)) {
		if (!name && most <= (uint64_t)(int64_t)w->max && w->min <= 0)
			return 0;
		if (name)
			SAY(k, "At program exit the register R0 is not a known value (%s)\n", name);
		else if (most == UINT64_MAX)
			SAY(k, "At program exit the register R0 has unknown scalar value should have been in [%d, %d]\n", w->min,
			    w->max);
		else
			SAY(k, "At program exit the register R0 has smin=0 smax=%llu should have been in [%d, %d]\n",
			    (unsigned long long)most, w->min, w->max);
		return -EINVAL;
	}
	if (!at || !(at->num & R(0)))
		return 0;
	v = (int64_t)at->v[0];
	if (v >= w->min && v <= w->max)
		return 0;
	SAY(k, "At program exit the register R0 has smin=%lld smax=%lld should have been in [%d, %d]\n", (long long)v,
	    (long long)v, w->min, w->max);
	return -EINVAL;
}

static bool has_arena(const struct bu_vm_check *c)
{
	for (uint32_t i = 0; i < c->nmaps; i++)
		if (c->maps[i]->type == BPF_MAP_TYPE_ARENA)
			return true;
	return false;
}

static int check_one(struct check *k, uint32_t i)
{
	const struct bu_insn *in = &k->in[i];
	const struct bu_isa *row = bu_isa_find_loose(in);
	int err;

	if (!row || junk(in, row))
		return reserved(k, in);
	if (row->sem == BU_SEM_ADDR_SPACE_CAST && !has_arena(k->c)) {
		SAY(k, "addr_space_cast insn can only be used in a program that has an associated arena\n");
		return -EINVAL;
	}
	if (row->sem == BU_SEM_CALL_KFUNC) {
		err = check_kfunc(k, in);
		if (err)
			return err;
	}
	if ((row->sem == BU_SEM_LD_ABS || row->sem == BU_SEM_LD_IND) &&
	    k->c->type != BPF_PROG_TYPE_SOCKET_FILTER && k->c->type != BPF_PROG_TYPE_SCHED_CLS &&
	    k->c->type != BPF_PROG_TYPE_SCHED_ACT) {
		SAY(k, "BPF_LD_[ABS|IND] instructions not allowed for this program type\n");
		return -EINVAL;
	}
	if (row->sem == BU_SEM_CALL && !k->c->raw) {
		err = check_helper(k, in);
		if (err)
			return err;
	}
	err = check_registers(k, i, in, row);
	if (!err && !k->c->raw)
		err = row->sem == BU_SEM_EXIT ? check_result(k, i) : check_ctx(k, i, in, row);
	if (!err && (CLASS(in->code) == C_ALU || CLASS(in->code) == C_ALU64))
		err = check_alu(k, in, row);
	return err;
}

/* The kernel shows the instruction in front of what is wrong with it. */
static int check_each(struct check *k)
{
	struct bu_buf *log = k->c->log;

	for (uint32_t i = 0; i < k->n; i++) {
		const struct bu_insn *in = &k->in[i];
		int err;

		if (!(k->mark[i] & SEEN))
			continue; /* behind a function that never returns */
		k->c->log = NULL;
		err = check_one(k, i);
		k->c->log = log;
		if (err) {
			if (log) {
				bu_buf_printf(log, "%u: (%02x) ", i, in->code);
				bu_isa_print_kernel(log, in, i + 1 < k->n ? in + 1 : NULL, i, NULL);
				bu_buf_str(log, "\n");
			}
			return check_one(k, i);
		}
		i += in->code == BU_OP_LD_IMM64;
	}
	return 0;
}

int bu_vm_check_jumps(struct bu_vm_check *c)
{
	struct check k = { .c = c, .in = c->insns, .n = c->n };
	int err = -ENOMEM;

	k.mark = calloc(c->n + 2, 1);
	k.func = calloc(c->n + 2, sizeof(*k.func));
	if (k.mark && k.func)
		err = find_starts(&k);
	if (!err)
		err = check_ranges(&k);
	free(k.mark);
	free(k.func);
	return err;
}

int bu_vm_check_insns(struct bu_vm_check *c)
{
	struct check k = { .c = c, .in = c->insns, .n = c->n };
	int err = -ENOMEM;

	if (!c->n || c->n > 1000000)
		return -E2BIG;
	k.mark = calloc(c->n + 2, 1);
	k.func = calloc(c->n + 2, sizeof(*k.func));
	k.init = calloc(c->n + 2, sizeof(*k.init));
	k.ctx = calloc(c->n + 2, sizeof(*k.ctx));
	k.view = c->raw ? NULL : bu_vm_ctx_view(c->type, c->expected_attach_type);
	k.no_r0 = calloc(c->n + 2, 1);
	k.high = calloc(c->n + 2, 1);
	k.queue = calloc(c->n + 2, sizeof(*k.queue));
	k.slot = calloc(c->n + 2, sizeof(*k.slot));
	if (!k.mark || !k.func || !k.init || !k.ctx || !k.no_r0 || !k.high || !k.queue || !k.slot)
		goto out;
	err = find_starts(&k);
	if (!err)
		err = check_ranges(&k);
	if (!err)
		err = check_codes(&k);
	if (!err)
		err = check_ways(&k);
	if (!err && frames(&k, 0, 1) > BU_VM_FRAMES) {
		SAY(&k, "the call stack of %u frames is too deep\n", BU_VM_FRAMES);
		err = -E2BIG;
	}
	if (!err) {
		flow(&k);
		err = k.failed ? -ENOMEM : check_each(&k);
	}
out:
	free(k.mark);
	free(k.func);
	free(k.init);
	free(k.ctx);
	free(k.no_r0);
	free(k.high);
	free(k.queue);
	free(k.slot);
	free(k.known);
	return err;
}
