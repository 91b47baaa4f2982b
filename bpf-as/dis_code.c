/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions. For a check of a large object the same walk prints each kind of instruction once: what
 * was seen before is left out as zeros (dis_verify.c passes over them), jumps are numbers.
 */
#include "bpf-as/dis.h"

static bool put_helper(void *ctx, struct bu_buf *out, int32_t id)
{
	const struct bu_helper *h = bu_helper_by_id(id);

	(void)ctx;
	if (!h || !h->name)
		return false;
	bu_buf_str(out, h->name);
	return true;
}

/* A label for a jump. */
static bool put_target(const struct dis *d, struct bu_buf *out, uint64_t off)
{
	const struct dis_sec *s = &d->sec[d->cur];

	if (s->at[off / 8] & AT_SYM) {
		bu_buf_str(out, d->name[d->order[dis_first_sym(d, d->cur, off)]]);
		return true;
	}
	if (!(s->at[off / 8] & (AT_JUMP | AT_REF)))
		return false;
	dis_put_mark(d, out, d->cur, off);
	return true;
}

/* A function of this section that a call reaches without a relocation: a local symbol. */
static bool put_callee(const struct dis *d, struct bu_buf *out, uint64_t off)
{
	uint32_t i = dis_first_sym(d, d->cur, off), end = d->sec[d->cur].sym + d->sec[d->cur].nsym;

	for (unsigned tries = 0; i < end && tries < 16 && d->o.syms[d->order[i]].value == off; i++, tries++)
		if (d->o.syms[d->order[i]].bind == STB_LOCAL) {
			bu_buf_str(out, d->name[d->order[i]]);
			return true;
		}
	return false;
}

static bool put_label(void *ctx, struct bu_buf *out, int64_t target)
{
	struct dis *d = ctx;
	bool call = d->insn->code == BU_OP_CALL || d->insn->code == BU_OP_LD_IMM64;

	if (call && d->rel) {
		if (d->plan[d->rel - d->o.rels] != PLAN_EXPR)
			return false;
		dis_put_ref(d, out, d->rel);
		return true;
	}
	if (d->check || d->sec[d->cur].level >= LEVEL_RAW || target < 0 ||
	    target >= (int64_t)(d->o.secs[d->cur].size / 8))
		return false;
	return call ? put_callee(d, out, (uint64_t)target * 8) : put_target(d, out, (uint64_t)target * 8);
}

static bool put_imm64(void *ctx, struct bu_buf *out, const struct bu_insn *in, uint64_t val)
{
	struct dis *d = ctx;
	const char *name;

	(void)val;
	if (!d->rel || d->plan[d->rel - d->o.rels] != PLAN_EXPR || in->src)
		return false;
	name = d->o.syms[d->rel->sym].name;
	if (!strncmp(name, "map#", 4) && d->o.syms[d->rel->sym].sec == BU_SEC_UNDEF)
		bu_buf_printf(out, "map %s ll", name + 4);
	else {
		dis_put_ref(d, out, d->rel);
		bu_buf_str(out, " ll");
	}
	return true;
}

/* ---------------------------------------------------------------- once of each kind */

static uint64_t magnitude(int64_t v)
{
	return !v ? 0 : v < 0 ? (v < -65535 ? 1 : 2) : v > 65535 ? 3 : 4;
}

/*
 * What instructions must share to be printed alike: all but where jumps go, and the digits of numbers.
 * A field that may tell one instruction from another counts whole. Registers come on top of it.
 */
static uint64_t kind(const struct bu_insn *in)
{
	unsigned cls = in->code & 7, op = in->code & 0xf0;
	uint64_t off = (uint16_t)in->off, imm = (uint32_t)in->imm;
	bool alu = cls == 4 || cls == 7, jump = cls == 5 || cls == 6;
	bool whole = (cls == 3 && (in->code & 0xe0) == 0xc0) || (alu && op == 0xd0) || in->code == BU_OP_CALL;

	if (jump && in->code != BU_OP_CALL && in->code != BU_OP_EXIT)
		off = in->code == BU_OP_JA32 && in->off;
	else if (!alu)
		off = magnitude(in->off);
	if (!whole)
		imm = in->code == BU_OP_JA32 ? 0 : magnitude(in->imm);
	return 1 | (uint64_t)in->code << 1 | off << 15 | imm << 31;
}

/* Was key put before? A full table says no. */
static bool put_key(struct dis *d, uint64_t key)
{
	uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> (64 - DIS_SEEN_BITS));

	for (; d->seen[i]; i = (i + 1) & ((1u << DIS_SEEN_BITS) - 1))
		if (d->seen[i] == key)
			return true;
	if (d->nseen < (1u << DIS_SEEN_BITS) / 4 * 3) {
		d->seen[i] = key;
		d->nseen++;
	}
	return false;
}

/*
 * Was an instruction like this printed in the check? One of its kind with this destination, and one
 * with this source; where both are one register, with both.
 */
static bool seen(struct dis *d, const struct bu_insn *in)
{
	uint64_t key = kind(in), same = (uint64_t)(in->dst == in->src) << 13;
	bool dst = put_key(d, key | (uint64_t)in->dst << 9 | same);

	return put_key(d, key | (uint64_t)in->src << 9 | same | 1 << 14) && dst;
}

/* The same for one with a second slot (next), with a relocation (r), or with both; NULL: without. */
static bool seen_more(struct dis *d, const struct bu_insn *in, const struct bu_insn *next,
		      const struct bu_rel *r)
{
	uint64_t val = (uint32_t)in->imm, key = kind(in) | (uint64_t)in->dst << 9;

	if (next) {
		if (next->code || next->dst || next->src || next->off)
			return false;
		val |= (uint64_t)(uint32_t)next->imm << 32;
		if (!r)
			val = magnitude((int64_t)val);
	}
	/* where the addend goes, and whether the symbol is one that can be said, may differ with each value */
	if (r)
		val = val * 0xff51afd7ed558ccdull ^ ((uint64_t)r->type << 32 | r->sym);
	key ^= (uint64_t)in->src << 60 ^ val * 0xc2b2ae3d27d4eb4full;
	return put_key(d, key | 1 | 1 << 13);
}

/* May the instruction at off be left out of the check? r: of the first relocation at or behind it. */
static bool leave_out(struct dis *d, const struct bu_insn *in, const struct bu_insn *next, uint32_t r,
		      uint32_t rend, uint64_t off)
{
	uint64_t end = off + (next ? 16 : 8);
	const struct bu_rel *rel;

	if (r == rend || d->o.rels[r].off >= end)
		return next ? !in->src && seen_more(d, in, next, NULL) : seen(d, in);
	rel = &d->o.rels[r];
	if (rel->off != off || d->plan[r] != PLAN_EXPR || (r + 1 < rend && rel[1].off < end))
		return false;
	return seen_more(d, in, next, rel);
}

/* ---------------------------------------------------------------- lines of the source */

static void put_line(struct dis *d, const struct bu_btfext_sec *x, uint32_t i)
{
	const struct bu_line_info *l = &x->line[i];
	const char *text = bu_btf_str(&d->o.btf, l->line_off), *file = bu_btf_str(&d->o.btf, l->file_off);

	if (i && l[-1].line == l->line && l[-1].file_off == l->file_off)
		return;
	if (strrchr(file, '/'))
		file = strrchr(file, '/') + 1;
	bu_buf_str(d->out, "\t# ");
	dis_put_clean(d->out, file);
	bu_buf_printf(d->out, ":%u: ", l->line);
	dis_put_clean(d->out, text + strspn(text, " \t"));
	bu_buf_char(d->out, '\n');
}

/* What was left out up to here. */
static void put_zeros(struct dis *d, uint64_t *n)
{
	if (!*n)
		return;
	bu_buf_add(d->out, "\t.zero\t", 7);
	bu_buf_u64(d->out, *n);
	bu_buf_char(d->out, '\n');
	*n = 0;
}

uint64_t dis_code(struct dis *d, uint32_t k, uint64_t off, uint64_t end)
{
	static const struct bu_isa_names fns = { .label = put_label, .helper = put_helper,
						 .imm64 = put_imm64 };
	const uint8_t stops = d->check ? AT_REF | AT_SYM : AT_JUMP | AT_REF | AT_SYM;
	const struct bu_sec *s = &d->o.secs[k];
	const uint8_t *at = d->sec[k].at;
	struct bu_isa_names names = fns;
	uint32_t rend = d->sec[k].rel + d->sec[k].nrel, r = d->sec[k].nrel ? dis_first_rel(d, k, off) : rend;
	const struct bu_btfext_sec *x = d->check ? NULL : d->sec[k].ext;
	uint32_t line = x ? bu_btfext_first_line(x, off) : 0;
	uint64_t from = off, skipped = 0;

	if (off % 8 || off + 8 > end) {
		dis_data(d, k, off, end);
		return end;
	}
	names.ctx = d;
	d->cur = k;
	while (off + 8 <= end) {
		struct bu_insn in, next;
		unsigned len = 8;
		bool two;

		if (off != from && at[off / 8] & stops) {
			if (at[off / 8] & AT_SYM)
				break;
			put_zeros(d, &skipped);
			dis_put_mark(d, d->out, k, off);
			bu_buf_add(d->out, ":\n", 2);
		}
		dis_flush(d);
		bu_insn_decode(&in, s->data + off, d->o.be);
		two = in.code == BU_OP_LD_IMM64 && off + 16 <= end && !at[off / 8 + 1];
		if (two) {
			bu_insn_decode(&next, s->data + off + 8, d->o.be);
			len = 16;
		}
		d->rel = NULL;
		d->insn = &in;
		if (d->check && leave_out(d, &in, two ? &next : NULL, r, rend, off)) {
			for (; r < rend && d->o.rels[r].off < off + len; r++)
				;
			skipped += len;
			off += len;
			continue;
		}
		put_zeros(d, &skipped);
		for (; r < rend && d->o.rels[r].off < off + len; r++) {
			if (d->o.rels[r].off == off && d->plan[r] == PLAN_EXPR)
				d->rel = &d->o.rels[r];
			else if (d->plan[r] == PLAN_EXACT)
				dis_put_reloc(d, &d->o.rels[r], d->o.rels[r].off - off);
		}
		for (; x && line < x->nline && x->line[line].insn_off < off + len; line++)
			put_line(d, x, line);
		bu_buf_char(d->out, '\t');
		if (bu_isa_print(d->out, &in, two ? &next : NULL, (int64_t)off / 8, &names) < 0)
			return end;
		bu_buf_char(d->out, '\n');
		off += len;
	}
	put_zeros(d, &skipped);
	if (off < end && off + 8 > end) { /* less than an instruction */
		dis_data(d, k, off, end);
		off = end;
	}
	return off;
}
