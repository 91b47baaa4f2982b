/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of the source: what named a place that was not yet known gets its value or becomes a
 * relocation; labels become functions or stay labels.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bpf-as/types.h"

static uint8_t *bytes_at(struct as_sec *s, uint64_t off, size_t n)
{
	return off + n <= s->buf.n ? s->buf.p + off : NULL;
}

static void put_imm(struct as *as, const struct as_fix *f, int32_t v)
{
	uint8_t *b = bytes_at(f->sec, f->off, 8);

	if (b)
		bu_put32(b + 4, as->be, (uint32_t)v);
}

static void put_imm64(struct as *as, struct as_sec *s, uint64_t off, uint64_t v)
{
	uint8_t *b = bytes_at(s, off, 16);

	if (b) {
		bu_put32(b + 4, as->be, (uint32_t)v);
		bu_put32(b + 12, as->be, (uint32_t)(v >> 32));
	}
}

static void relocation(struct as *as, const struct as_fix *f, uint32_t type, struct as_sym *sym,
		       int64_t add)
{
	struct as_reloc *r;

	as->rel = bu_arena_regrow(&as->arena, as->rel, as->nrel, &as->cap_rel, sizeof(*r));
	if (!as->rel) {
		as->nrel = 0;
		return;
	}
	r = &as->rel[as->nrel++];
	*r = (struct as_reloc){ .sec = f->sec, .off = f->off, .type = type, .sym = sym, .add = add,
				.pos = f->pos, .len = f->len };
	sym->used = true;
}

/* ---------------------------------------------------------------- jumps and calls */

static void not_here(struct as *as, const struct as_fix *f, const char *verb)
{
	struct bu_diag *d = as_error(as, "A0170", f->pos, f->len, "%s '%s', which is in section '%s'",
				     verb, f->sym->name, f->sym->sec->name);

	as_span(as, d, f->sym->pos, f->sym->n, "defined here");
	bu_diag_note(as->ds, d, "a jump stays in its section and function; a function is reached by "
				"'call'");
}

bool as_jump_distance(struct as *as, const struct as_fix *f, int64_t *delta)
{
	struct as_sym *s = f->sym;
	int64_t at;

	if (s->def == DEF_NONE && (at = as_dialect_exit(as, f)) >= 0) {
		*delta = (at - (int64_t)f->off) / 8 - 1;
		return as_check_jump(as, f->row, *delta, f->pos, f->len);
	}
	if (s->def == DEF_NONE) {
		as_undefined(as, s, f->pos, false);
	} else if (s->def != DEF_LABEL) {
		as_error(as, "A0171", f->pos, f->len, "'%s' is a number, not a label; write +N to jump "
			 "over N instructions", s->name);
	} else if (s->sec != f->sec) {
		not_here(as, f, "jump to");
	} else if (s->value % 8) {
		as_error(as, "A0172", f->pos, f->len, "'%s' is not at the start of an instruction",
			 s->name);
	} else {
		*delta = (s->value - (int64_t)f->off) / 8 - 1;
		return as_check_jump(as, f->row, *delta, f->pos, f->len);
	}
	return false;
}

static void fix_jump(struct as *as, const struct as_fix *f)
{
	uint8_t *b = bytes_at(f->sec, f->off, 8);
	int64_t delta;

	/* A jump to itself leaves the checks that follow nothing more to say. */
	if (!as_jump_distance(as, f, &delta))
		delta = -1;
	if (!b)
		return;
	if (f->kind == FIX_JMP)
		bu_put16(b + 2, as->be, (uint16_t)delta);
	else
		bu_put32(b + 4, as->be, (uint32_t)delta);
}

void as_fixup_jump(struct as *as, enum as_fixkind kind, const struct bu_isa *row, struct as_sym *sym,
		   const char *pos, size_t len)
{
	uint32_t i = as->free_jump;
	struct as_fix *f;

	if (i) {
		as->free_jump = as->jump[i - 1].next;
	} else {
		f = bu_arena_grow(&as->arena, as->jump, as->njump, &as->cap_jump, sizeof(*f));
		if (!f || as->njump >= UINT32_MAX - 1) {
			as->arena.failed = true;
			return;
		}
		as->jump = f;
		i = (uint32_t)++as->njump;
	}
	as->jump[i - 1] = (struct as_fix){ .kind = (uint8_t)kind, .len = (uint32_t)len, .seq = as->fix_seq++,
					   .npiece = (uint32_t)as->cur->npiece,
					   .sec = as->cur, .off = as->cur->size, .pos = as_place(as, pos),
					   .row = row, .sym = sym, .next = sym->jumps };
	sym->jumps = i;
}

/* Leaves the jump to as_resolve(). */
static void postpone(struct as *as, const struct as_fix *f)
{
	struct as_fix *v = bu_arena_regrow(&as->arena, as->fix, as->nfix, &as->cap_fix, sizeof(*v));

	if (!v)
		return;
	as->fix = v;
	v[as->nfix++] = *f;
}

void as_jumps_to(struct as *as, struct as_sym *s)
{
	uint32_t i = s->jumps, next;

	s->jumps = 0;
	for (; i; i = next) {
		struct as_fix *f = &as->jump[i - 1];
		int64_t delta = (s->value - (int64_t)f->off) / 8 - 1;

		next = f->next;
		if (f->sec == s->sec && s->value % 8 == 0 && !f->npiece && !s->x->npiece && bytes_at(f->sec, f->off, 8) &&
		    (f->kind == FIX_JMP32 || (delta >= INT16_MIN && delta <= INT16_MAX)))
			fix_jump(as, f);
		else
			postpone(as, f);
		f->sec = NULL;
		f->next = as->free_jump;
		as->free_jump = i;
	}
}

static int by_seq(const void *a, const void *b)
{
	uint32_t x = ((const struct as_fix *)a)->seq, y = ((const struct as_fix *)b)->seq;

	return (x > y) - (x < y);
}

/* What still waits joins the others, in the order of the source. */
static void gather(struct as *as)
{
	bool sorted = true;

	for (size_t i = 0; i < as->njump; i++)
		if (as->jump[i].sec)
			postpone(as, &as->jump[i]);
	as->njump = 0;
	as->free_jump = 0;
	for (size_t i = 1; i < as->nfix && sorted; i++)
		sorted = as->fix[i - 1].seq < as->fix[i].seq;
	if (!sorted)
		qsort(as->fix, as->nfix, sizeof(*as->fix), by_seq);
}

/* As the compilers' assemblers do, whose text knows what it does. */
static void compat_call(struct as *as, const struct as_fix *f)
{
	struct as_sym *s = f->sym;

	if (s->def == DEF_SET) {
		as_error(as, "A0171", f->pos, f->len, "'%s' is a number, not a function", s->name);
		return;
	}
	if (s->def == DEF_LABEL && s->sec == f->sec && (s->temp || s->bind == STB_LOCAL))
		put_imm(as, f, (int32_t)((s->value - (int64_t)f->off) / 8 - 1));
	else
		relocation(as, f, f->row->sem == BU_SEM_LD_IMM64 ? BU_R_BPF_64_64 : BU_R_BPF_64_32, s, 0);
}

static void fix_call(struct as *as, const struct as_fix *f)
{
	struct as_sym *s = f->sym;
	bool ldimm = f->row->sem == BU_SEM_LD_IMM64;

	if (as->compat) {
		compat_call(as, f);
		return;
	}
	if (s->def == DEF_NONE && !s->is_extern && !as_kfunc_known(as, s)) {
		as_undefined(as, s, f->pos, true);
		return;
	}
	if (s->def != DEF_LABEL && s->def != DEF_NONE) {
		as_error(as, "A0171", f->pos, f->len, "'%s' is a number, not a function", s->name);
		return;
	}
	if (s->def == DEF_LABEL && !(s->sec->flags & SHF_EXECINSTR)) {
		as_error(as, "A0173", f->pos, f->len, "'%s' is data in section '%s', not a function",
			 s->name, s->sec->name);
		return;
	}
	if (s->def == DEF_LABEL && s->value % 8) {
		as_error(as, "A0172", f->pos, f->len, "'%s' is not at the start of an instruction",
			 s->name);
		return;
	}
	if (s->temp && !as->verbatim) {
		struct bu_diag *d = as_error(as, "A0174", f->pos, f->len,
					     "a function needs a name, '%s' is a local label", s->name);

		bu_diag_note(as->ds, d, "loaders and the verifier know functions by symbol");
		return;
	}
	if (s->def == DEF_LABEL && s->sec == f->sec && s->bind != STB_WEAK &&
	    !(s->bind == STB_GLOBAL && (s->sec->kind == SEC_TEXT || as->verbatim))) {
		put_imm(as, f, (int32_t)((s->value - (int64_t)f->off) / 8 - 1));
		return;
	}
	if (s->def == DEF_LABEL && s->sec->kind == SEC_PROG && s->sec != f->sec && !as->verbatim) {
		struct bu_diag *d = as_lint(as, LINT_CALL_SECTION, f->pos, f->len,
					    "'%s' is in program section '%s': libbpf calls only into .text",
					    s->name, s->sec->name);

		bu_diag_help(as->ds, d, "move what programs share to .text");
	}
	relocation(as, f, ldimm ? BU_R_BPF_64_64 : BU_R_BPF_64_32, s, 0);
}

static void fix_map(struct as *as, const struct as_fix *f)
{
	const struct as_map *m = bu_hash_get(&as->map_ids, (const char *)&f->expr, sizeof(f->expr));
	struct as_sym *s;
	char name[24];

	if (m) {
		if (m->sym)
			relocation(as, f, BU_R_BPF_64_64, m->sym, 0);
		return;
	}
	snprintf(name, sizeof(name), "map#%u", f->expr);
	s = as_sym(as, name, strlen(name));
	if (!s)
		return;
	s->is_extern = true;
	relocation(as, f, BU_R_BPF_64_64, s, 0);
}

/* ---------------------------------------------------------------- values */

/* A place as a value: a relocation, unless it is no place of any section. */
static bool place(struct as *as, const struct as_fix *f, const struct as_val *v, uint32_t type)
{
	struct as_sym *s = v->sym;

	if (s->def == DEF_NONE && !s->is_extern && !as->compat) {
		as_undefined(as, s, s->x->use, false);
		return false;
	}
	if (!as->compat && s->def == DEF_LABEL && (s->sec->flags & SHF_EXECINSTR) &&
	    type == BU_R_BPF_64_64) {
		s->taken = true;
		if (s->temp && !as->verbatim) {
			as_error(as, "A0174", f->pos, f->len,
				 "a function needs a name, '%s' is a local label", s->name);
			return false;
		}
	}
	relocation(as, f, type, s, v->add);
	return true;
}

static void fix_data(struct as *as, const struct as_fix *f, const struct as_val *v)
{
	uint8_t *b = bytes_at(f->sec, f->off, f->size);
	int64_t lim;

	if (v->sym) {
		if (v->sym->def == DEF_NONE && !v->sym->is_extern && !as->compat)
			as_undefined(as, v->sym, v->sym->x->use, false);
		else if (f->size == 8 || f->size == 4)
			place(as, f, v, as_data_reloc(as, v->sym, f->size));
		else
			as_error(as, "A0175", f->pos, f->len,
				 "a place needs 4 or 8 bytes, not %u", f->size);
		return;
	}
	if (!b)
		return;
	lim = f->size < 8 ? 1LL << (8 * f->size) : 0;
	if (lim && (v->add < -(lim / 2) || v->add >= lim)) {
		as_error(as, "A0160", f->pos, f->len, "%lld does not fit in %u byte%s",
			 (long long)v->add, f->size, f->size == 1 ? "" : "s");
		return;
	}
	switch (f->size) {
	case 1: *b = (uint8_t)v->add; break;
	case 2: bu_put16(b, as->be, (uint16_t)v->add); break;
	case 4: bu_put32(b, as->be, (uint32_t)v->add); break;
	default: bu_put64(b, as->be, (uint64_t)v->add);
	}
}

static void fix_value(struct as *as, const struct as_fix *f)
{
	struct bu_insn in;
	struct as_val v;
	struct bu_diag *d;
	int32_t imm;
	uint8_t *b;

	as->fixing = f->kind == FIX_DATA ? f : NULL;
	if (!f->sym && as->ex[f->expr].op == OP_CORE && f->kind != FIX_DATA) {
		v.sym = NULL;
		if (as_core_fix(as, f, as->ex[f->expr].a, &v.add))
			return;
	} else if (f->sym ? as_eval_sym(as, f->sym, f->pos, &v) : as_eval(as, f->expr, &v)) {
		return;
	}
	if (f->kind == FIX_DATA) {
		fix_data(as, f, &v);
		return;
	}
	if (f->kind == FIX_IMM64) {
		if (v.sym)
			place(as, f, &v, BU_R_BPF_64_64);
		else
			put_imm64(as, f->sec, f->off, (uint64_t)v.add);
		return;
	}
	if (v.sym && v.sym->def == DEF_NONE && !v.sym->is_extern) {
		as_undefined(as, v.sym, v.sym->x->use, false);
		return;
	}
	if (v.sym) {
		d = as_error(as, "A0177", f->pos, f->len, "'%s' is a place: its address is not known "
			     "before loading", v.sym->name);
		if (f->row->sem == BU_SEM_MOV)
			bu_diag_help(as->ds, d, as_dialect_mnemonics(as, f->pos) ? "load it with 'lddw %%rN,%s'" :
				     "load it with 'rN = %s ll'", v.sym->name);
		return;
	}
	b = bytes_at(f->sec, f->off, 8);
	if (!b)
		return;
	if (f->kind == FIX_IMM) {
		if (as_check_imm(as, f->row, v.add, f->pos, f->len, &imm))
			put_imm(as, f, imm);
		return;
	}
	bu_insn_decode(&in, b, as->be);
	if (as_check_off(as, f->row, &in, v.add, f->pos, f->len))
		bu_put16(b + 2, as->be, (uint16_t)v.add);
}

void as_resolve(struct as *as)
{
	gather(as);
	for (size_t i = 0; i < as->nfix && !as_too_many(as); i++) {
		const struct as_fix *f = &as->fix[i];

		switch (f->kind) {
		case FIX_JMP:
		case FIX_JMP32:
			fix_jump(as, f);
			break;
		case FIX_CALL:
			fix_call(as, f);
			break;
		case FIX_MAP:
			fix_map(as, f);
			break;
		default:
			fix_value(as, f);
		}
	}
	as_exact_resolve(as);
}

/* ---------------------------------------------------------------- functions */

/* Does the code before the label end there, and nothing jump to it? Then it begins something. */
static bool stands_alone(const struct as_sym *s)
{
	uint8_t code = BU_OP_EXIT;

	/* A section without contents is executable if its flags say so. */
	if (s->value)
		code = (uint64_t)s->value <= s->sec->buf.n ? s->sec->buf.p[s->value - 8] : 0;
	return !s->jumped && !s->used && !as_relax_tail(s->sec, (uint64_t)s->value) &&
	       (code == BU_OP_EXIT || code == BU_OP_JA || code == BU_OP_JA32);
}

static bool wants_function(const struct as_sym *s)
{
	if (s->temp || (uint64_t)s->value >= s->sec->size || s->value % 8)
		return false;
	if (s->type_given)
		return s->type == STT_FUNC;
	return s->called || s->taken || s->value == 0 || (s->bind_given && s->bind != STB_LOCAL) ||
	       stands_alone(s);
}

static int by_place(const void *a, const void *b)
{
	const struct as_sym *x = *(struct as_sym *const *)a, *y = *(struct as_sym *const *)b;

	return (x->value > y->value) - (x->value < y->value);
}

static void warn_helper_name(struct as *as, const struct as_sym *s)
{
	struct bu_diag *d;

	if (!bu_helper_by_name(bu_str(s->name, s->n)))
		return;
	d = as_lint(as, LINT_HELPER_NAME, s->pos, s->n, "function '%s' has the name of a helper", s->name);
	bu_diag_help(as->ds, d, "'call %s' means the helper, 'call local %s' this function", s->name, s->name);
}

/*
 * Which labels are functions, see bpf-asm(7). In a program section they are global, because
 * libbpf takes no other; in .text they are as the source says.
 */
void as_functions(struct as *as)
{
	for (size_t i = 0; i < as->nsecs && !as->verbatim; i++) {
		struct as_sec *sec = as->secs[i];
		uint32_t n = 0;

		for (struct as_sym *s = sec->first_sym; s; s = s->x->next_in_sec) {
			if (sec->kind == SEC_DATA && !s->temp && !s->type_given)
				s->type = STT_OBJECT;
			if (sec->kind > SEC_TEXT || !wants_function(s))
				continue;
			s->is_func = true;
			s->type = STT_FUNC;
			warn_helper_name(as, s);
			if (sec->kind == SEC_PROG && !s->bind_given)
				s->bind = STB_GLOBAL;
			n++;
		}
		if (!n)
			continue;
		sec->func = bu_arena_array(&as->arena, n, sizeof(*sec->func));
		if (!sec->func)
			return;
		for (struct as_sym *s = sec->first_sym; s; s = s->x->next_in_sec)
			if (s->is_func)
				sec->func[sec->nfunc++] = s;
		qsort(sec->func, sec->nfunc, sizeof(*sec->func), by_place);
	}
}

/* ---------------------------------------------------------------- relocations */

/* Decides the symbol of each relocation and writes the addend where REL keeps it. */
void as_relocate(struct as *as)
{
	for (size_t i = 0; i < as->nrel; i++) {
		struct as_reloc *r = &as->rel[i];
		int64_t add = r->add;
		uint8_t *b = bytes_at(r->sec, r->off, r->type == BU_R_BPF_64_64 ? 16 : 8);

		if (r->exact)
			continue;
		if (!as_reloc_by_name(as, r->sym, r->add)) {
			add += r->sym->value;
			r->sym->sec->need_sym = true;
		} else {
			r->sym->kept = true;
			as_sym_list(as, r->sym);
			if (as->compat == COMPAT_GNU && r->sym->def == DEF_LABEL)
				add += r->sym->value;
		}
		if (r->keep)
			continue;
		switch (r->type) {
		case BU_R_BPF_64_64:
			put_imm64(as, r->sec, r->off, (uint64_t)add);
			break;
		case BU_R_BPF_64_32:
			/* GNU as 2.40 adds a global label's offset as it is, in bytes. */
			if (b && as->compat == COMPAT_GNU && as_reloc_by_name(as, r->sym, r->add))
				bu_put32(b + 4, as->be, (uint32_t)(add - 1));
			else if (b)
				bu_put32(b + 4, as->be, (uint32_t)(add / 8 - 1));
			break;
		case BU_R_BPF_64_ABS64:
		case 12: /* GNU as 2.40 */
			if (b)
				bu_put64(b, as->be, (uint64_t)add);
			break;
		default:
			b = bytes_at(r->sec, r->off, 4);
			if (b)
				bu_put32(b, as->be, (uint32_t)add);
		}
	}
}
