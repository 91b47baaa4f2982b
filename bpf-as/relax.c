/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passes that carry out a plan of longer jumps (relax.h), and what they note for the next one. */
#include "bpf-as/relax.h"

#include <stdlib.h>
#include <sys/mman.h>

static struct as_rxsec *section(struct as *as)
{
	struct as_relax *r = as->relax;
	struct as_rxsec *x = as->cur->rx;

	if (x)
		return x;
	x = bu_arena_alloc(&as->arena, sizeof(*x));
	r->sec = bu_arena_grow(&as->arena, r->sec, r->nsec, &r->cap_sec, sizeof(x));
	if (!x || !r->sec) {
		r->nsec = 0;
		return NULL;
	}
	x->sec = as->cur;
	x->index = (uint32_t)r->nsec;
	r->sec[r->nsec++] = x;
	as->cur->rx = x;
	return x;
}

static void insert(struct as *as, struct as_rxsec *x, uint64_t off, uint64_t at, uint64_t n)
{
	x->ins = bu_arena_grow(&as->arena, x->ins, x->nins, &x->cap_ins, sizeof(*x->ins));
	if (!x->ins) {
		x->nins = 0;
		return;
	}
	x->ins[x->nins++] = (struct as_insert){ off, at, n };
	x->inserted += n;
}

static void put(struct as *as, const struct bu_insn *in, const char *pos)
{
	uint8_t code[8];

	bu_insn_encode(code, in, as->be);
	as_put(as, code, 8, pos);
}

/* ---------------------------------------------------------------- islands */

/* The island that the plan wants before the instruction that comes. */
static void island(struct as *as, struct as_rxsec *x, uint64_t orig, const char *pos)
{
	struct as_relax *r = as->relax;
	const struct as_site *s = NULL;
	struct bu_insn in = { .code = BU_OP_JA };

	/* Sections may take turns, so that sites are not met in their order. */
	for (uint32_t lo = 0, hi = r->nsite; lo < hi && !s;) {
		const struct as_site *m = &r->site[lo + (hi - lo) / 2];

		if (m->sec == x->index && m->insn == x->ninsn)
			s = m;
		else if (m->sec < x->index || (m->sec == x->index && m->insn < x->ninsn))
			lo += (hi - lo) / 2 + 1;
		else
			hi = lo + (hi - lo) / 2;
	}
	if (!s)
		return;
	as_line(as, pos);
	insert(as, x, as->cur->size, orig, s->n + 1);
	in.off = (int16_t)s->n;
	put(as, &in, pos);
	in.off = 0;
	for (uint32_t i = s->first; i < s->first + s->n; i++) {
		r->tramp[i].off = as->cur->size;
		r->tramp[i].sec = as->cur;
		put(as, &in, pos);
	}
}

/* ---------------------------------------------------------------- jumps */

/* The opposite condition's opcode, 0: there is none. */
static uint8_t opposite(uint8_t code)
{
	static const uint8_t of[16] = {
		[1] = 5, [5] = 1, [2] = 0xb, [0xb] = 2, [3] = 0xa, [0xa] = 3, [6] = 0xd, [0xd] = 6,
		[7] = 0xc, [0xc] = 7,
	};

	return of[code >> 4] ? (uint8_t)(of[code >> 4] << 4 | (code & 15)) : 0;
}

static struct as_jump *note(struct as *as, const struct bu_match *m, const struct bu_operand *o,
			    uint64_t orig)
{
	struct as_relax *r = as->relax;
	struct as_jump *j;

	r->jump = bu_arena_grow(&as->arena, r->jump, r->nj, &r->cap_j, sizeof(*j));
	if (!r->jump) {
		r->nj = 0;
		return NULL;
	}
	j = &r->jump[r->nj++];
	*j = (struct as_jump){ .sec = as->cur, .off = as->cur->size, .orig = orig, .row = m->row,
			       .pos = as_place(as, o->text.p), .len = (uint32_t)o->text.n, .target = -1 };
	if (o->symbolic) {
		j->sym = (struct as_sym *)(uintptr_t)o->expr;
		j->sym->jumped = true;
	} else {
		j->delta = as_dialect_off(as, o->val);
	}
	return j;
}

/* A jump with a 16-bit distance. */
static void jump(struct as *as, struct as_rxsec *x, struct bu_match *m, uint64_t orig, const char *pos)
{
	struct as_relax *r = as->relax;
	struct as_jump *j = note(as, m, &m->off, orig);
	struct bu_insn in[2] = { 0 };
	const struct bu_operand *bad;
	size_t i = r->nj - 1;
	uint8_t not;

	if (!j)
		return;
	if (m->imm.present)
		as_insn_imm(as, m);
	m->off.symbolic = false;
	m->off.val = 0;
	bu_match_encode(m, in, &bad);
	not = opposite(in[0].code);
	j->grow = in[0].code == BU_OP_JA ? 0 : not ? 1 : 2;
	j->kind = J_OFF;
	if (!r->wide || i >= r->njump || !r->wide[i]) {
		put(as, in, pos);
		return;
	}
	j->wide = true;
	j->kind = J_IMM;
	j->off += 8u * j->grow;
	if (j->grow) {
		insert(as, x, as->cur->size + 8, orig + 1, j->grow);
		in[0].off = 1;
		if (not)
			in[0].code = not;
		put(as, in, pos);
	}
	if (j->grow == 2)
		put(as, &(struct bu_insn){ .code = BU_OP_JA, .off = 1 }, pos);
	put(as, &(struct bu_insn){ .code = BU_OP_JA32 }, pos);
}

bool as_relax_insn(struct as *as, struct bu_match *m, const char *pos)
{
	struct as_rxsec *x = section(as);
	struct as_jump *j;
	uint64_t orig;

	if (!x)
		return false;
	orig = as->cur->size / 8 - x->inserted;
	island(as, x, orig, pos);
	x->insn = bu_arena_grow(&as->arena, x->insn, x->ninsn, &x->cap_insn, sizeof(*x->insn));
	if (!x->insn) {
		x->ninsn = 0;
		return false;
	}
	x->insn[x->ninsn++] = (uint32_t)orig;
	if (m->off.present && m->off.field == BU_FIELD_TARGET) {
		as_line(as, pos);
		jump(as, x, m, orig, pos);
		return true;
	}
	/* A label's distance is found at the end, or known; "+N" counts what was written. */
	if (m->imm.present && !m->imm.symbolic &&
	    (m->imm.field == BU_FIELD_TARGET32 ||
	     (m->imm.field == BU_FIELD_LOCAL && m->row->sem == BU_SEM_CALL_LOCAL))) {
		j = note(as, m, &m->imm, orig);
		if (j)
			j->kind = J_IMM;
	}
	return false;
}

/* ---------------------------------------------------------------- the end of a pass */

uint64_t as_relax_orig(const struct as_rxsec *x, uint64_t off)
{
	size_t lo = 0, hi = x->nins;
	uint64_t n = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->ins[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Offsets count what was put in before: off - at is that of all up to here. */
	if (lo)
		n = x->ins[lo - 1].off / 8 - x->ins[lo - 1].at + x->ins[lo - 1].n;
	return off / 8 - n;
}

/* The offset of an orig slot. */
static int64_t placed(const struct as_rxsec *x, int64_t orig)
{
	size_t lo = 0, hi = x->nins;
	int64_t n = 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		/* Behind a longer form, and behind an island, whose first jump would go there too. */
		if ((int64_t)x->ins[mid].at <= orig)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo)
		n = (int64_t)(x->ins[lo - 1].off / 8 - x->ins[lo - 1].at + x->ins[lo - 1].n);
	return 8 * (orig + n);
}

static void write(struct as *as, const struct as_sec *s, uint64_t off, uint8_t kind, int64_t d)
{
	uint8_t *b = off + 8 <= s->buf.n ? s->buf.p + off : NULL;

	if (b && kind == J_OFF)
		bu_put16(b + 2, as->be, (uint16_t)d);
	else if (b)
		bu_put32(b + 4, as->be, (uint32_t)d);
}

/* Where j goes, in bytes; -1: told that it cannot. */
static int64_t target(struct as *as, struct as_jump *j)
{
	const struct as_rxsec *x = j->sec->rx;
	struct as_fix f = { .kind = FIX_JMP, .sec = j->sec, .off = j->off, .len = j->len, .pos = j->pos,
			    .row = j->row, .sym = j->sym };
	int64_t d, to;

	if (!j->sym) {
		j->target = (int64_t)j->orig + 1 + j->delta;
		if (j->target < 0 || j->target > (int64_t)(j->sec->size / 8 - x->inserted)) {
			as_error(as, "A0180", j->pos, j->len, "jump %s section '%s'",
				 j->target < 0 ? "before the start of" : "past the end of", j->sec->name);
			return -1;
		}
		return placed(x, j->target);
	}
	if (!as_jump_distance(as, &f, &d))
		return -1;
	to = (int64_t)j->off + 8 + 8 * d;
	j->target = (int64_t)as_relax_orig(x, (uint64_t)to);
	return to;
}

static bool reaches(int64_t from, int64_t to, int64_t *d)
{
	*d = (to - from) / 8 - 1;
	return *d >= INT16_MIN && *d <= INT16_MAX;
}

int as_relax_finish(struct as *as)
{
	struct as_relax *r = as->relax;
	bool ok = r->pass > 1 && r->nj == r->njump;
	int64_t *to, d;

	to = bu_arena_array(&as->arena, r->nj + 1, sizeof(*to));
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < r->nj && !as_too_many(as); i++)
		to[i] = target(as, &r->jump[i]);
	if (as->ds->errors || as->arena.failed)
		return as->arena.failed ? -ENOMEM : 0;
	for (size_t i = 0; i < r->nj; i++) {
		struct as_jump *j = &r->jump[i];
		uint32_t via = r->via && i < r->njump ? r->via[i] : AS_NO_VIA;
		int64_t t = via == AS_NO_VIA ? to[i] : (int64_t)r->tramp[via].off;

		if (!reaches((int64_t)j->off, t, &d) && j->kind == J_OFF)
			ok = false;
		write(as, j->sec, j->off, j->kind, d);
	}
	for (uint32_t i = 0; i < r->ntramp && ok; i++) {
		const struct as_tramp *t = &r->tramp[i];
		int64_t dest = t->next == AS_NO_VIA ? to[t->jump] : (int64_t)r->tramp[t->next].off;

		if (!t->sec || !reaches((int64_t)t->off, dest, &d))
			ok = false;
		else
			write(as, t->sec, t->off, J_OFF, d);
	}
	return ok ? 0 : -EAGAIN;
}

bool as_relax_tail(const struct as_sec *s, uint64_t off)
{
	const struct as_rxsec *x = s->rx;
	size_t lo = 0, hi = x ? x->nins : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x->ins[mid].off + 8 * x->ins[mid].n < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return x && lo < x->nins && x->ins[lo].off + 8 * x->ins[lo].n == off;
}

bool as_relax_input(struct as *as, struct bu_buf *text, size_t *mapped)
{
	struct as_relax *r = as->relax;

	if (!r->have_input)
		return false;
	*text = r->input;
	*mapped = r->mapped;
	r->input = (struct bu_buf){ 0 };
	r->have_input = false;
	return true;
}

/* ---------------------------------------------------------------- passes */

void as_relax_free(struct as_relax *r)
{
	if (!r)
		return;
	if (r->have_input && r->mapped)
		munmap(r->input.p, r->mapped);
	else
		bu_buf_free(&r->input);
	free(r->wide);
	free(r->via);
	free(r->tramp);
	free(r->site);
	free(r);
}

/* Takes what the next pass needs out of this one. 0, -ENOMEM, -EINVAL: told. */
static int next_pass(struct as *as, struct as_relax **pr)
{
	struct as_relax *r = *pr;
	int err;

	if (!r) {
		r = *pr = calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
	} else {
		err = as_relax_plan(as);
		if (err)
			return err;
	}
	r->input = as->files[0]->text;
	r->mapped = as->files[0]->mapped;
	r->have_input = true;
	as->files[0]->text = (struct bu_buf){ 0 };
	as->files[0]->mapped = 0;
	r->pass++;
	r->jump = NULL;
	r->sec = NULL;
	r->nj = r->cap_j = r->nsec = r->cap_sec = 0;
	return 0;
}

int as_assemble_all(struct as *as, struct bu_diags *ds, const char *path, struct bu_obj *o,
		    int (*configure)(struct as *as, void *ctx), void *ctx, struct as_relax **pr)
{
	unsigned max = ds->max_errors;
	int err;

	*pr = NULL;
	for (;;) {
		bu_obj_init(o);
		as_init(as, ds);
		as->may_relax = true;
		as->relax = *pr;
		err = configure(as, ctx);
		if (!err)
			err = as_assemble(as, path, o);
		if (err != -EAGAIN)
			return err;
		err = next_pass(as, pr);
		if (err)
			return err;
		as_free(as);
		bu_obj_free(o);
		/* What was told will be told again. */
		bu_diags_free(ds);
		bu_diags_init(ds);
		ds->max_errors = max;
	}
}
