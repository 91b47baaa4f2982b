/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Far jumps: a source whose jumps do not reach is made with gotol and with islands, twice each. Every
 * jump has to come to its label, through trampolines only, and both objects have to be the same
 * program: walked side by side from each symbol, they meet the same instructions.
 */
#include <stdlib.h>

#include "bpf-as/relax.h"
#include "prop.h"

#define MAX_SLOTS 131072 /* of all sections; the passes of more take too long */

struct far {
	struct as as;
	struct bu_obj o;
	struct bu_diags ds;
	struct as_relax *relax;
	int err;
};

struct setting {
	const struct prop_opt *opt;
	struct bu_str text;
	unsigned cpu;
};

static int configure(struct as *as, void *ctx)
{
	const struct setting *s = ctx;

	as->be = s->opt->be;
	as->cpu = s->cpu;
	as->text = s->text;
	return 0;
}

static void make(struct far *f, struct setting *s)
{
	bu_diags_init(&f->ds);
	f->ds.max_errors = 20;
	f->err = as_assemble_all(&f->as, &f->ds, "fuzz.s", &f->o, configure, s, &f->relax);
}

static void unmake(struct far *f)
{
	as_free(&f->as);
	bu_obj_free(&f->o);
	as_relax_free(f->relax);
	bu_diags_free(&f->ds);
}

/* Has it far jumps, and is it small enough? */
static bool is_far(struct setting *s)
{
	uint64_t total;
	struct far f;

	bu_diags_init(&f.ds);
	f.ds.max_errors = 20;
	f.relax = NULL;
	bu_obj_init(&f.o);
	as_init(&f.as, &f.ds);
	configure(&f.as, s);
	f.as.may_relax = true;
	f.err = as_assemble(&f.as, "fuzz.s", &f.o);
	total = f.as.total;
	unmake(&f);
	return f.err == -EAGAIN && total / 8 <= MAX_SLOTS;
}

static bool same_bytes(const struct far *a, const struct far *b)
{
	struct bu_buf x = { 0 }, y = { 0 };
	bool same = a->err == b->err;

	bu_diags_render(&x, &a->ds, BU_DIAG_TEXT, false, "as");
	bu_diags_render(&y, &b->ds, BU_DIAG_TEXT, false, "as");
	same = same && x.n == y.n && (!x.n || !memcmp(x.p, y.p, x.n));
	same = same && (a->err || a->o.nsecs == b->o.nsecs);
	for (uint32_t i = 0; same && !a->err && i < a->o.nsecs; i++) {
		const struct bu_sec *s = &a->o.secs[i], *t = &b->o.secs[i];

		same = s->size == t->size && (!s->data || !s->size || !memcmp(s->data, t->data, s->size));
	}
	bu_buf_free(&x);
	bu_buf_free(&y);
	return same;
}

/* ---------------------------------------------------------------- each jump */

static int64_t lands(const struct as_sec *s, uint64_t off, bool imm, bool be)
{
	struct bu_insn in;

	bu_insn_decode(&in, s->buf.p + off, be);
	return (int64_t)off + 8 + 8 * (int64_t)(imm ? in.imm : in.off);
}

static bool comes_home(const struct as_relax *r, size_t i, bool be)
{
	const struct as_jump *j = &r->jump[i];
	const struct as_sec *s = j->sec;
	bool via = r->via && i < r->njump && r->via[i] != AS_NO_VIA;
	int64_t at;

	if (s->npiece || (j->sym && j->sym->def != DEF_LABEL))
		return true;
	if (j->off + 8 > s->buf.n)
		return false;
	at = lands(s, j->off, j->kind == J_IMM, be);
	for (uint32_t n = 0;; n++) {
		struct bu_insn in;

		if (at < 0 || at > (int64_t)s->buf.n)
			return false;
		if (j->sym ? at == j->sym->value : (int64_t)as_relax_orig(s->rx, (uint64_t)at) == j->target)
			return true;
		if (!via || n > r->ntramp || at + 8 > (int64_t)s->buf.n)
			return false;
		bu_insn_decode(&in, s->buf.p + at, be);
		if (in.code != BU_OP_JA)
			return false;
		at = lands(s, (uint64_t)at, false, be);
	}
}

static bool all_come_home(const struct far *f)
{
	for (size_t i = 0; f->relax && i < f->relax->nj; i++)
		if (!comes_home(f->relax, i, f->as.be))
			return false;
	return true;
}

/* ---------------------------------------------------------------- side by side */

/* One section of both objects. */
struct pair {
	const struct as_sec *s[2];
	bool be;
	uint8_t *seen; /* slots of the first */
	struct place { int64_t at[2]; } *todo;
	size_t ntodo, cap_todo;
	bool failed;
};

static void go(struct pair *p, int64_t a, int64_t b)
{
	if (p->ntodo == p->cap_todo) {
		size_t cap = 2 * p->cap_todo + 64;
		struct place *q = realloc(p->todo, cap * sizeof(*q));

		if (!q)
			abort();
		p->todo = q;
		p->cap_todo = cap;
	}
	p->todo[p->ntodo++] = (struct place){ { a, b } };
}

static bool in_data(const struct as_sec *s, uint64_t off)
{
	size_t lo = 0, hi = s->nraw;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->raw[mid].to <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->nraw && s->raw[lo].from <= off;
}

/* The instruction that is reached at *at when jumps without a condition are followed; false: none. */
static bool reach(const struct pair *p, int k, int64_t *at, struct bu_insn *in)
{
	const struct as_sec *s = p->s[k];

	for (uint64_t n = 0; n <= s->buf.n / 8; n++) {
		if (*at < 0 || *at + 8 > (int64_t)s->buf.n || in_data(s, (uint64_t)*at))
			return false;
		bu_insn_decode(in, s->buf.p + *at, p->be);
		if (in->code != BU_OP_JA && in->code != BU_OP_JA32)
			return true;
		*at = lands(s, (uint64_t)*at, in->code == BU_OP_JA32, p->be);
	}
	return false; /* a circle */
}

static bool conditional(uint8_t code)
{
	uint8_t cls = code & 7, op = code >> 4;

	return (cls == 5 || cls == 6) && op && op != 8 && op != 9;
}

static bool opposite(uint8_t a, uint8_t b)
{
	static const uint8_t of[16] = { [1] = 5, [5] = 1, [2] = 0xb, [0xb] = 2, [3] = 0xa, [0xa] = 3,
					[6] = 0xd, [0xd] = 6, [7] = 0xc, [0xc] = 7 };

	return of[a >> 4] && of[a >> 4] == b >> 4 && (a & 15) == (b & 15);
}

static void step(struct pair *p, struct place w)
{
	struct bu_insn in[2];
	bool live[2];
	int64_t to[2];

	for (int k = 0; k < 2; k++)
		live[k] = reach(p, k, &w.at[k], &in[k]);
	if (live[0] != live[1])
		p->failed = true;
	if (!live[0] || !live[1] || p->seen[w.at[0] / 8])
		return;
	p->seen[w.at[0] / 8] = 1;
	if (in[0].dst != in[1].dst || in[0].src != in[1].src) {
		p->failed = true;
		return;
	}
	if (conditional(in[0].code)) {
		for (int k = 0; k < 2; k++)
			to[k] = lands(p->s[k], (uint64_t)w.at[k], false, p->be);
		if (in[0].code == in[1].code) {
			go(p, to[0], to[1]);
			go(p, w.at[0] + 8, w.at[1] + 8);
		} else if (opposite(in[0].code, in[1].code)) {
			go(p, to[0], w.at[1] + 8);
			go(p, w.at[0] + 8, to[1]);
		} else {
			p->failed = true;
		}
		return;
	}
	if (in[0].code != in[1].code)
		p->failed = true;
	else if (in[0].code == BU_OP_LD_IMM64)
		go(p, w.at[0] + 16, w.at[1] + 16);
	else if (in[0].code != BU_OP_EXIT)
		go(p, w.at[0] + 8, w.at[1] + 8);
}

static const struct as_sec *section(const struct far *f, const char *name)
{
	for (size_t i = 0; i < f->as.nsecs; i++)
		if (!strcmp(f->as.secs[i]->name, name))
			return f->as.secs[i];
	return NULL;
}

/* What asks how far code is (.if, .org) may be another program for each. */
static bool comparable(const struct as_sec *s, const struct as_sec *t)
{
	return s->rx && t && t->rx && !s->npiece && !t->npiece && s->rx->ninsn == t->rx->ninsn &&
	       s->size - 8 * s->rx->inserted == t->size - 8 * t->rx->inserted &&
	       (!s->rx->ninsn || !memcmp(s->rx->insn, t->rx->insn, s->rx->ninsn * sizeof(*s->rx->insn)));
}

static bool same_program(const struct far *a, const struct far *b)
{
	struct pair p = { .be = a->as.be };

	for (size_t i = 0; i < a->as.nsecs && !p.failed; i++) {
		p.s[0] = a->as.secs[i];
		p.s[1] = section(b, p.s[0]->name);
		if (!comparable(p.s[0], p.s[1]))
			continue;
		p.seen = calloc(p.s[0]->buf.n / 8 + 1, 1);
		if (!p.seen)
			abort();
		for (const struct as_sym *s = p.s[0]->first_sym, *t = p.s[1]->first_sym; s && t;
		     s = s->x->next_in_sec, t = t->x->next_in_sec)
			if (!((s->value | t->value) & 7))
				go(&p, s->value, t->value);
		go(&p, 0, 0);
		while (p.ntodo && !p.failed)
			step(&p, p.todo[--p.ntodo]);
		p.ntodo = 0;
		free(p.seen);
	}
	free(p.todo);
	return !p.failed;
}

/* ---------------------------------------------------------------- */

static bool fails(enum prop p)
{
	prop_sum.failed[p]++;
	return false;
}

bool prop_far(const void *p, size_t n, const struct prop_opt *opt)
{
	static const unsigned cpus[2] = { 4, 3 };
	struct setting s = { .opt = opt, .text = bu_str(n ? p : "", n) };
	struct far f[2], again;
	bool ok = true;

	prop_sum.inputs++;
	if (!is_far(&s))
		return true;
	for (int k = 0; k < 2; k++) {
		s.cpu = cpus[k];
		make(&f[k], &s);
		make(&again, &s);
		if (!same_bytes(&f[k], &again))
			ok = fails(PROP_OTHER);
		unmake(&again);
		if (f[k].err && f[k].err != -ENOMEM && !f[k].ds.errors)
			ok = fails(PROP_SILENT);
		if (!f[k].err && !all_come_home(&f[k]))
			ok = fails(PROP_ASTRAY);
	}
	if (!f[0].err && !f[1].err) {
		prop_sum.taken++;
		if (!same_program(&f[0], &f[1]))
			ok = fails(PROP_UNLIKE);
	}
	unmake(&f[0]);
	unmake(&f[1]);
	return ok;
}
