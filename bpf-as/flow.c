/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flow: which registers are set where, and what nothing leads to.
 *
 * For each instruction a set of the registers that some path to it has set; a join unites. So
 * a register outside of the set is set on no path: whatever way the verifier takes there, it refuses
 * the read. Each instruction's set only grows, 12 times at most, which bounds the work.
 */
#include "bpf-as/as.h"

#define REGS 0x07ffu
#define JOIN 0x2000u    /* a jump leads here */
#define PENDING 0x4000u /* its set grew by a jump, not yet walked from */
#define REACHED 0x8000u

struct flow {
	struct as *as;
	const struct as_sec *s;
	const struct as_sym *f;
	uint64_t from, to;
	uint16_t *in;         /* of instruction from + i */
	uint32_t *work;       /* places to walk from */
	size_t nwork, cap_work;
	bool r0_wanted;       /* exit reads r0 */
};

/* What an instruction reads and sets. */
struct effect {
	uint16_t reads, sets, clobbers;
	bool ends, jumps;
	int64_t target;
};

static uint16_t bit(unsigned reg)
{
	return reg < 11 ? (uint16_t)(1u << reg) : 0;
}

static void atomic_effect(const struct bu_insn *in, struct effect *e)
{
	uint16_t d = bit(in->dst), s = bit(in->src);

	switch (in->imm) {
	case 0x100: /* load_acquire */
		e->reads = s;
		e->sets = d;
		return;
	case 0xf1: /* cmpxchg */
		e->reads = d | s | 1;
		e->sets = 1;
		return;
	default:
		e->reads = d | s;
		if ((in->imm & 1) && in->imm < 0x100)
			e->sets = s;
	}
}

/* r1 to rN of a helper with N arguments; what functions and kfuncs read is not known here. */
static uint16_t call_reads(const struct bu_insn *in)
{
	const struct bu_helper *h = in->src == 0 ? bu_helper_by_id(in->imm) : NULL;

	return h ? (uint16_t)((1u << (h->args + 1)) - 2) : 0;
}

static void jump_effect(const struct bu_insn *in, int64_t i, bool r0_wanted, struct effect *e)
{
	e->jumps = true;
	e->target = i + 1 + in->off;
	switch (in->code) {
	case BU_OP_JA32:
		e->target = i + 1 + in->imm;
		/* fall through */
	case BU_OP_JA:
		e->ends = true;
		return;
	case 0x0d: /* gotox */
		e->reads = bit(in->dst);
		e->jumps = false;
		e->ends = true;
		return;
	case 0xe5: /* may_goto */
		return;
	case BU_OP_CALL:
	case BU_OP_CALLX:
		e->reads = in->code == BU_OP_CALLX ? bit(in->dst) : call_reads(in);
		e->jumps = false;
		e->clobbers = 0x3e;
		e->sets = 1;
		return;
	case BU_OP_EXIT:
		e->reads = r0_wanted ? 1 : 0;
		e->jumps = false;
		e->ends = true;
		return;
	}
	e->reads = bit(in->dst) | ((in->code & 8) ? bit(in->src) : 0);
}

/* What an opcode reads and sets, where its class says it. */
enum { RD = 1, RS = 2, SD = 4, OTHER = 8 };
#define ALU(c) (SD | ((c) >> 4 == 0xb ? 0 : RD) | (((c) & 8) && (c) >> 4 != 8 && (c) >> 4 != 0xd ? RS : 0))
#define EFFECT(c) \
	(((c) & 7) == 1 ? RS | SD : ((c) & 7) == 2 ? RD : ((c) & 7) == 4 || ((c) & 7) == 7 ? ALU(c) : \
	 ((c) & 7) == 3 && ((c) & 0xe0) != 0xc0 ? RD | RS : OTHER)
#define EFFECT4(c) EFFECT(c), EFFECT((c) + 1), EFFECT((c) + 2), EFFECT((c) + 3)
#define EFFECT16(c) EFFECT4(c), EFFECT4((c) + 4), EFFECT4((c) + 8), EFFECT4((c) + 12)
#define EFFECT64(c) EFFECT16(c), EFFECT16((c) + 16), EFFECT16((c) + 32), EFFECT16((c) + 48)
static const uint8_t effects[256] = { EFFECT64(0), EFFECT64(64), EFFECT64(128), EFFECT64(192) };

static void effect_of(const struct flow *w, uint64_t i, struct bu_insn *in, struct effect *e)
{
	unsigned has;

	bu_insn_decode(in, w->s->buf.p + i * 8, w->as->be);
	*e = (struct effect){ .reads = 0 };
	has = effects[in->code];
	if (!(has & OTHER)) {
		unsigned d = 1u << in->dst & REGS, s = 1u << in->src & REGS;

		e->reads = (uint16_t)((has & RD ? d : 0) | (has & RS ? s : 0));
		e->sets = (uint16_t)(has & SD ? d : 0);
		return;
	}
	switch (in->code & 7) {
	case 0:
		if (in->code == BU_OP_LD_IMM64) {
			e->sets = bit(in->dst);
		} else { /* skb[…] */
			e->reads = bit(6) | ((in->code & 0x40) ? bit(in->src) : 0);
			e->clobbers = 0x3e;
			e->sets = 1;
		}
		break;
	case 3:
		e->reads = bit(in->dst) | bit(in->src);
		atomic_effect(in, e);
		break;
	default:
		jump_effect(in, (int64_t)i, w->r0_wanted, e);
	}
}

/* ---------------------------------------------------------------- the sets */

static void add_work(struct flow *w, uint64_t i)
{
	w->work = bu_arena_grow(&w->as->arena, w->work, w->nwork, &w->cap_work, sizeof(*w->work));
	if (w->work)
		w->work[w->nwork++] = (uint32_t)(i - w->from);
	else
		w->nwork = 0;
}

static void join(struct flow *w, int64_t target, uint16_t set)
{
	uint16_t *at;

	if (target < (int64_t)w->from || target >= (int64_t)w->to)
		return;
	at = &w->in[(uint64_t)target - w->from];
	if ((*at & JOIN) && (*at | set) == *at)
		return;
	if (!(*at & PENDING))
		add_work(w, (uint64_t)target);
	*at |= set | JOIN | PENDING;
}

static void walk(struct flow *w, uint64_t start)
{
	uint16_t set = w->in[start - w->from] & (REGS | REACHED);
	struct bu_insn in;
	struct effect e;

	for (uint64_t i = start; i < w->to; i++) {
		uint16_t *at = &w->in[i - w->from];

		if (i != start && !(*at & PENDING) && (*at | set) == *at)
			return;
		*at = (uint16_t)((*at | set) & ~PENDING);
		set |= *at & REGS;
		effect_of(w, i, &in, &e);
		set = (uint16_t)((set & ~e.clobbers) | e.sets);
		if (e.jumps)
			join(w, e.target, set);
		if (e.ends)
			return;
		if (in.code == BU_OP_LD_IMM64)
			i++;
	}
}

/* ---------------------------------------------------------------- what is told */

static void tell_uninit(struct flow *w, uint64_t i, unsigned reg, uint64_t call)
{
	struct as *as = w->as;
	struct bu_diag *d;
	const char *p;

	if (as_lint_untold(as, LINT_UNINIT))
		return;
	p = as_insn_place(as, w->s, i * 8);
	if (call != UINT64_MAX && reg >= 1 && reg <= 5 && (w->in[call - w->from] & bit(reg))) {
		const char *at = as_insn_place(as, w->s, call * 8);

		d = as_lint(as, LINT_UNINIT, p, as_statement_len(p),
			    "r%u is read, but a call has clobbered it", reg);
		if (at)
			as_span(as, d, at, as_statement_len(at), "a call leaves nothing in r1 to r5");
		bu_diag_help(as->ds, d, "keep what outlives a call in r6 to r9 or on the stack");
		return;
	}
	d = as_lint(as, LINT_UNINIT, p, as_statement_len(p), "r%u is read, but nothing has set it", reg);
	if (reg == 0 && w->s->buf.p[i * 8] == BU_OP_EXIT)
		bu_diag_help(as->ds, d, "a program returns r0: set it before 'exit'");
}

/* The call of a helper at i, whose arguments in missing are not set. */
static void tell_args(struct flow *w, uint64_t i, uint16_t missing, int32_t id, uint64_t call)
{
	const struct bu_helper *h = bu_helper_by_id(id);
	struct as *as = w->as;
	struct bu_buf regs = { 0 };
	unsigned n = 0, lost = 0;
	const char *p, *at;
	struct bu_diag *d;

	if (as_lint_untold(as, LINT_UNINIT))
		return;
	p = as_insn_place(as, w->s, i * 8);
	for (unsigned r = 1; r <= 5; r++) {
		if (!(missing & bit(r)))
			continue;
		bu_buf_printf(&regs, "%sr%u", n ? missing >> (r + 1) ? ", " : " and " : "", r);
		n++;
		lost += call != UINT64_MAX && (w->in[call - w->from] & bit(r));
	}
	d = as_lint(as, LINT_UNINIT, p, as_statement_len(p), "%s takes %u argument%s, but %s %s not set", h->name,
		    h->args, h->args == 1 ? "" : "s", bu_buf_cstr(&regs), n == 1 ? "is" : "are");
	bu_buf_free(&regs);
	if (!lost)
		return;
	at = as_insn_place(as, w->s, call * 8);
	if (at)
		as_span(as, d, at, as_statement_len(at), "a call leaves nothing in r1 to r5");
	bu_diag_help(as->ds, d, "keep what outlives a call in r6 to r9 or on the stack");
}

static bool is_nop(const struct as_sec *s, uint64_t i)
{
	static const uint8_t nop[8] = { BU_OP_JA };

	return !memcmp(s->buf.p + i * 8, nop, 8);
}

/* Instructions from i on that nothing leads to; returns the first behind them. */
static uint64_t tell_unreachable(struct flow *w, uint64_t i)
{
	uint64_t first = w->to;
	struct bu_diag *d;
	const char *p;

	for (; i < w->to && !(w->in[i - w->from] & REACHED); i++)
		if (first == w->to && !is_nop(w->s, i) && !as_is_raw(w->s, i * 8))
			first = i;
	if (first == w->to || as_lint_untold(w->as, LINT_UNREACHABLE))
		return i;
	p = as_insn_place(w->as, w->s, first * 8);
	d = as_lint(w->as, LINT_UNREACHABLE, p, as_statement_len(p), "nothing leads to this instruction");
	bu_diag_note(w->as->ds, d, "the kernel refuses programs with unreachable instructions");
	return i;
}

/* Registers that are r10 plus a constant, along straight code. */
struct frame {
	uint16_t known;
	int32_t off[11];
};

static void tell_stack(struct flow *w, struct frame *fr, const struct bu_insn *in, uint64_t i)
{
	static const uint8_t size_of[4] = { 4, 2, 1, 8 };
	unsigned cls = in->code & 7, base = cls == 1 ? in->src : in->dst, size;
	struct as *as = w->as;
	int64_t at;
	const char *p;

	if (cls == 3 && (in->code & 0xe0) == 0xc0 && in->imm == 0x100)
		base = in->src;
	if (cls < 1 || cls > 3 || base >= 10 || !(fr->known & bit(base)) || as_is_raw(w->s, i * 8))
		return;
	size = size_of[in->code >> 3 & 3];
	at = (int64_t)fr->off[base] + in->off;
	if (at < -512 || at + size > 0) {
		if (as_lint_untold(as, LINT_STACK_BOUNDS))
			return;
		p = as_insn_place(as, w->s, i * 8);
		as_lint(as, LINT_STACK_BOUNDS, p, as_statement_len(p),
			"access of %u bytes at r10 %+lld is outside the stack frame", size, (long long)at);
	} else if (at % (int64_t)size) {
		if (as_lint_untold(as, LINT_STACK_ALIGN))
			return;
		p = as_insn_place(as, w->s, i * 8);
		as_lint(as, LINT_STACK_ALIGN, p, as_statement_len(p),
			"access of %u bytes at r10 %+lld is not aligned", size, (long long)at);
	}
}

static void track_frame(struct frame *fr, const struct bu_insn *in, const struct effect *e)
{
	if (in->code == 0xbf && !in->off && in->dst < 10) { /* rD = rS */
		fr->known &= (uint16_t)~bit(in->dst);
		if (in->src == 10) {
			fr->known |= bit(in->dst);
			fr->off[in->dst] = 0;
		} else if (in->src < 10 && (fr->known & bit(in->src))) {
			fr->known |= bit(in->dst);
			fr->off[in->dst] = fr->off[in->src];
		}
		return;
	}
	if ((in->code == 0x07 || in->code == 0x17) && in->dst < 10 && (fr->known & bit(in->dst)) &&
	    in->imm > -65536 && in->imm < 65536 && fr->off[in->dst] > -(1 << 20) &&
	    fr->off[in->dst] < 1 << 20) {
		fr->off[in->dst] += in->code == 0x07 ? in->imm : -in->imm;
		return;
	}
	fr->known &= (uint16_t) ~(e->sets | e->clobbers);
}

static void tell(struct flow *w)
{
	uint16_t told = 0, missing;
	uint64_t call = UINT64_MAX;
	struct frame fr = { 0 };
	struct bu_insn in;
	struct effect e;

	for (uint64_t i = w->from; i < w->to;) {
		uint16_t at = w->in[i - w->from];

		if (!(at & REACHED)) {
			i = tell_unreachable(w, i);
			fr.known = 0;
			continue;
		}
		if (at & JOIN)
			fr.known = 0;
		effect_of(w, i, &in, &e);
		missing = e.reads & (uint16_t)~at & REGS & (uint16_t)~told;
		if (missing && !as_is_raw(w->s, i * 8)) {
			if (in.code == BU_OP_CALL)
				tell_args(w, i, missing, in.imm, call);
			for (unsigned r = 0; r < 11 && in.code != BU_OP_CALL; r++)
				if (missing & bit(r))
					tell_uninit(w, i, r, call);
			told |= missing;
		}
		if (fr.known)
			tell_stack(w, &fr, &in, i);
		track_frame(&fr, &in, &e);
		if (e.clobbers)
			call = i;
		i += in.code == BU_OP_LD_IMM64 ? 2 : 1;
	}
}

/* Can only what reaches the frame through a copy of r10 be told, and there is no copy? */
static bool nothing_to_tell(const struct flow *w)
{
	const struct as *as = w->as;

	if (!as_lint_off(as, LINT_UNINIT) || !as_lint_off(as, LINT_UNREACHABLE))
		return false;
	for (uint64_t i = w->from; i < w->to; i++) {
		const uint8_t *b = w->s->buf.p + i * 8;

		if (b[0] == 0xbf && (as->be ? b[1] & 15 : b[1] >> 4) == 10) /* rD = r10; or a constant's second half */
			return false;
	}
	return true;
}

void as_lint_function(struct as *as, const struct as_sec *s, uint64_t from, uint64_t to,
		      const struct as_sym *f)
{
	bool sub = f->called || f->taken || s->kind != SEC_PROG;
	struct flow w = { .as = as, .s = s, .f = f, .from = from, .to = to, .r0_wanted = !sub };

	if (to <= from || to - from > UINT32_MAX || nothing_to_tell(&w))
		return;
	/* One array for all functions, as large as the largest. */
	bu_buf_reset(&as->flow);
	if (bu_buf_zero(&as->flow, (to - from) * sizeof(*w.in))) {
		as->arena.failed = true;
		return;
	}
	w.in = (uint16_t *)(void *)as->flow.p;
	w.in[0] = REACHED | JOIN | bit(10) | bit(1) | (sub ? 0x3e : 0);
	walk(&w, from);
	while (w.nwork) {
		uint64_t i = w.from + w.work[--w.nwork];

		if (w.in[i - w.from] & PENDING)
			walk(&w, i);
	}
	if (!as->arena.failed)
		tell(&w);
}
