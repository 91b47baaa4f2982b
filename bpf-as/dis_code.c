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

	for (; i < end && d->o.syms[d->order[i]].value == off; i++)
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

/* Was this instruction printed in a check? Where a jump goes does not count. */
static bool seen(struct dis *d, const uint8_t *p, const struct bu_insn *in)
{
	uint64_t key = bu_get64(p, false);
	char *k;

	if ((in->code & 7) == 5 || (in->code & 7) == 6)
		key &= in->code == BU_OP_JA32 || in->code == BU_OP_CALL ? ~0ull : ~0xffff0000ull;
	if (bu_hash_get(&d->seen, (const char *)&key, sizeof(key)))
		return true;
	k = bu_arena_memdup(&d->round, &key, sizeof(key));
	if (!k || bu_hash_put(&d->seen, k, sizeof(key), d))
		d->round.failed = true;
	return false;
}

/* --source: the index of the first line at or behind off. */
static uint32_t first_line(const struct bu_btfext_sec *x, uint64_t off)
{
	uint32_t lo = 0, hi = x->nline;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (x->line[mid].insn_off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

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

uint64_t dis_code(struct dis *d, uint32_t k, uint64_t off, uint64_t end)
{
	static const struct bu_isa_names fns = { .label = put_label, .helper = put_helper,
						 .imm64 = put_imm64 };
	const uint8_t stops = d->check ? AT_REF | AT_SYM : AT_JUMP | AT_REF | AT_SYM;
	const struct bu_sec *s = &d->o.secs[k];
	const uint8_t *at = d->sec[k].at;
	struct bu_isa_names names = fns;
	uint32_t r = dis_first_rel(d, k, off), rend = d->sec[k].rel + d->sec[k].nrel;
	const struct bu_btfext_sec *x = d->check ? NULL : d->sec[k].ext;
	uint32_t line = x ? first_line(x, off) : 0;
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

		if (off != from && at[off / 8] & stops)
			break;
		bu_insn_decode(&in, s->data + off, d->o.be);
		two = in.code == BU_OP_LD_IMM64 && off + 16 <= end && !at[off / 8 + 1];
		if (two) {
			bu_insn_decode(&next, s->data + off + 8, d->o.be);
			len = 16;
		}
		d->rel = NULL;
		d->insn = &in;
		if (d->check && (r == rend || d->o.rels[r].off >= off + len) && !two && seen(d, s->data + off, &in)) {
			skipped += 8;
			off += 8;
			continue;
		}
		if (skipped)
			bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)skipped);
		skipped = 0;
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
	if (skipped)
		bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)skipped);
	if (off < end && off + 8 > end) { /* less than an instruction */
		dis_data(d, k, off, end);
		off = end;
	}
	return off;
}
