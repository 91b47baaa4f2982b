/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names. A symbol is called by its name, in quotes where it is no plain word, or by another name and
 * .rename where the assembler would take it for something else. A place that is referred to and has no
 * symbol gets a label: .LBBsection_instruction in code, .Lsection_offset in data.
 *
 * Here is also decided which relocations are expressions. An expression with a local name becomes a
 * relocation against the section, one with a global name against the symbol; everything else is .reloc.
 */
#include <stdlib.h>

#include "bpf-as/dis.h"

bool dis_is_word(const char *s)
{
	if (!IS(*s, CL_START) || (*s == '.' && !s[1]))
		return false;
	while (IS(*s, CL_IDENT))
		s++;
	return !*s;
}

static bool is_register(const char *s)
{
	return (*s == 'r' || *s == 'w') && s[1] && strspn(s + 1, "0123456789") == strlen(s + 1);
}

static bool is_shown(const struct bu_sym *s)
{
	return s->type != STT_SECTION;
}

/* ---------------------------------------------------------------- names of symbols */

static const char *word_or_quoted(struct dis *d, const char *name)
{
	struct bu_buf b = { 0 };
	const char *s = name;
	bool dep;

	if (dis_is_word(name) && !is_register(name) && !bu_const_by_name(bu_str_c(name)) &&
	    !(strchr(name, '.') && *name != '.' && bu_ctx_field(bu_str_c(name), BU_ARCH_X86_64, &dep, NULL)))
		return name;
	dis_quoted(&b, name, strlen(name));
	s = bu_arena_strndup(&d->arena, b.failed ? "" : (const char *)b.p, b.n);
	bu_buf_free(&b);
	return s;
}

int dis_names(struct dis *d)
{
	struct bu_hash known = { 0 };
	int err = 0;

	d->name = bu_arena_array(&d->arena, d->o.nsyms, sizeof(*d->name));
	d->renamed = bu_arena_array(&d->arena, d->o.nsyms, sizeof(*d->renamed));
	if (!d->name || !d->renamed)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->o.nsyms && !err; i++) {
		const char *n = d->o.syms[i].name;

		if (!is_shown(&d->o.syms[i]))
			continue;
		if (!*n || !strncmp(n, ".L", 2) || bu_hash_get(&known, n, strlen(n))) {
			d->renamed[i] = true;
			d->name[i] = bu_arena_printf(&d->arena, "sym$%u", i);
		} else {
			d->name[i] = word_or_quoted(d, n);
			err = bu_hash_put(&known, n, strlen(n), d);
		}
		if (!d->name[i])
			err = -ENOMEM;
	}
	bu_hash_free(&known);
	return err;
}

/* ---------------------------------------------------------------- order */

static int by_place(const void *a, const void *b, void *ctx)
{
	const struct dis *d = ctx;
	const struct bu_sym *x = &d->o.syms[*(const uint32_t *)a];
	const struct bu_sym *y = &d->o.syms[*(const uint32_t *)b];

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	/* of several at one place the function, then the global one speaks */
	if ((x->type == STT_FUNC) != (y->type == STT_FUNC))
		return x->type == STT_FUNC ? -1 : 1;
	if (x->bind != y->bind)
		return x->bind > y->bind ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static int order(struct dis *d)
{
	d->order = bu_arena_array(&d->arena, d->o.nsyms, sizeof(*d->order));
	if (!d->order)
		return -ENOMEM;
	d->norder = 0;
	for (uint32_t i = 0; i < d->o.nsyms; i++)
		if (d->name[i] && d->o.syms[i].sec < d->o.nsecs)
			d->order[d->norder++] = i;
	if (d->norder)
		qsort_r(d->order, d->norder, sizeof(*d->order), by_place, d);
	for (uint32_t i = 0; i < d->norder; i++) {
		struct dis_sec *s = &d->sec[d->o.syms[d->order[i]].sec];

		if (!s->nsym++)
			s->sym = i;
	}
	for (uint32_t i = 0; i < d->o.nrels; i++) {
		struct dis_sec *s = &d->sec[d->o.rels[i].sec];

		if (!s->nrel++)
			s->rel = i;
	}
	return 0;
}

uint32_t dis_first_sym(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t lo = d->sec[sec].sym, hi = lo + d->sec[sec].nsym;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (d->o.syms[d->order[mid]].value < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t dis_first_rel(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t lo = d->sec[sec].rel, hi = lo + d->sec[sec].nrel;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (d->o.rels[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* A symbol at a place that gives a relocation against the section. -1: none. */
static int64_t local_at(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t i = dis_first_sym(d, sec, off), end = d->sec[sec].sym + d->sec[sec].nsym;

	for (unsigned tries = 0; i < end && tries < 16; i++, tries++) {
		const struct bu_sym *s = &d->o.syms[d->order[i]];

		if (s->value != off)
			break;
		if (s->bind == STB_LOCAL && !d->renamed[d->order[i]])
			return d->order[i];
	}
	return -1;
}

/* ---------------------------------------------------------------- marks */

static int by_mark(const void *a, const void *b)
{
	const struct dis_mark *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

#define AT_LABEL 0 /* as AT_REF, also where a symbol is */

static void mark(struct dis *d, uint32_t sec, uint64_t off, uint8_t how)
{
	uint8_t *at = d->sec[sec].at;

	if (how != AT_LABEL && local_at(d, sec, off) >= 0)
		return;
	if (how == AT_LABEL)
		how = AT_REF;
	if (at && off % 8 == 0) {
		at[off / 8] |= how;
		return;
	}
	d->marks = bu_arena_grow(&d->round, d->marks, d->nmarks, &d->cap_marks, sizeof(*d->marks));
	if (d->marks)
		d->marks[d->nmarks++] = (struct dis_mark){ sec, off };
	else
		d->nmarks = 0;
}

size_t dis_first_mark(const struct dis *d, uint32_t sec, uint64_t off)
{
	size_t lo = 0, hi = d->nmarks;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->marks[mid].sec < sec || (d->marks[mid].sec == sec && d->marks[mid].off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool dis_marked(const struct dis *d, uint32_t sec, uint64_t off)
{
	const uint8_t *at = d->sec[sec].at;
	size_t i;

	if (at && off % 8 == 0)
		return at[off / 8] & AT_REF;
	i = dis_first_mark(d, sec, off);
	return i < d->nmarks && d->marks[i].sec == sec && d->marks[i].off == off;
}

void dis_put_mark(const struct dis *d, struct bu_buf *out, uint32_t sec, uint64_t off)
{
	bool code = d->sec[sec].at && off % 8 == 0;
	char *p = (char *)bu_buf_room(out, 5 + 2 * BU_PUT_MAX), *start = p;

	if (!p)
		return;
	p = code ? bu_put_mem(p, ".LBB", 4) : bu_put_mem(p, ".L", 2);
	p = bu_put_u64(p, sec);
	*p++ = '_';
	p = bu_put_u64(p, code ? off / 8 : off);
	out->n += (size_t)(p - start);
}

bool dis_put_place(const struct dis *d, struct bu_buf *out, uint32_t sec, uint64_t off)
{
	int64_t i = d->sec[sec].nsym ? local_at(d, sec, off) : -1;

	if (i >= 0)
		bu_buf_str(out, d->name[i]);
	else if (dis_marked(d, sec, off))
		dis_put_mark(d, out, sec, off);
	else
		return false;
	return true;
}

/* ---------------------------------------------------------------- relocations */

static uint64_t imm64_at(const struct dis *d, const struct bu_sec *s, uint64_t off)
{
	uint64_t v = bu_get32(s->data + off + 4, d->o.be);

	if (off + 16 <= s->size)
		v |= (uint64_t)bu_get32(s->data + off + 12, d->o.be) << 32;
	return v;
}

int64_t dis_addend(const struct dis *d, const struct bu_rel *r)
{
	const struct bu_sec *s = &d->o.secs[r->sec];
	uint64_t left = s->data && r->off < s->size ? s->size - r->off : 0;

	switch (r->type) {
	case BU_R_BPF_64_64:
		return left >= 8 ? (int64_t)imm64_at(d, s, r->off) : 0;
	case BU_R_BPF_64_32: /* of a named symbol -1 stands for itself */
		return left >= 8 ? ((int64_t)(int32_t)bu_get32(s->data + r->off + 4, d->o.be) + 1) * 8 : 0;
	case BU_R_BPF_64_ABS64:
		return left >= 8 ? (int64_t)bu_get64(s->data + r->off, d->o.be) : 0;
	default:
		return left >= 4 ? (int64_t)bu_get32(s->data + r->off, d->o.be) : 0;
	}
}

/* Can a name alone stand for what r refers to? *sec, *off: the place, sec UNDEF: the symbol itself. */
static bool by_expression(const struct dis *d, const struct bu_rel *r, uint32_t *sec, uint64_t *off)
{
	const struct bu_sym *s = &d->o.syms[r->sym];

	*sec = BU_SEC_UNDEF;
	*off = 0;
	if (s->sec == BU_SEC_ABS || s->sec == BU_SEC_COMMON)
		return false;
	if (s->type != STT_SECTION)
		return s->bind != STB_LOCAL;
	if (s->sec >= d->o.nsecs)
		return false;
	*sec = s->sec;
	*off = s->value + (uint64_t)dis_addend(d, r);
	/* Else the rest is a number: so for debuggers, who name a place for each line. */
	if (*off > d->o.secs[s->sec].size || !(d->o.secs[r->sec].flags & SHF_ALLOC))
		*off = 0;
	return true;
}

/* A relocated instruction: what of it can the text say? */
static bool code_expression(const struct dis *d, const struct bu_rel *r, uint32_t sec)
{
	const struct bu_sec *s = &d->o.secs[r->sec];
	const struct bu_sym *y = &d->o.syms[r->sym];
	int64_t add = dis_addend(d, r);
	struct bu_insn in, next;

	if (r->off % 8 || r->off + 8 > s->size)
		return false;
	bu_insn_decode(&in, s->data + r->off, d->o.be);
	if (in.code == BU_OP_CALL && in.src == BU_CALL_LOCAL && !in.dst && !in.off &&
	    r->type == BU_R_BPF_64_32)
		return sec == BU_SEC_UNDEF ? !add
					   : sec != r->sec && (uint64_t)add <= d->o.secs[sec].size;
	if (in.code != BU_OP_LD_IMM64 || r->type != BU_R_BPF_64_64 || in.off || in.dst > 10 ||
	    r->off + 16 > s->size)
		return false;
	bu_insn_decode(&next, s->data + r->off + 8, d->o.be);
	if (next.code || next.dst || next.src || next.off || d->sec[r->sec].at[r->off / 8 + 1])
		return false;
	if (!in.src)
		return strncmp(y->name, "map#", 4) || !add;
	return in.src == BU_PSEUDO_FUNC && sec != r->sec &&
	       (sec == BU_SEC_UNDEF ? !add : (uint64_t)add <= d->o.secs[sec].size);
}

/* A relocated value: the assembler's choice of type by the place that is named, see exact.c. */
static bool data_expression(const struct dis *d, const struct bu_rel *r, uint32_t sec)
{
	const struct bu_sec *s = &d->o.secs[r->sec], *to;
	const struct bu_sym *y = &d->o.syms[r->sym];

	if (r->type == BU_R_BPF_64_ABS64)
		return s->size - r->off >= 8;
	if (s->size - r->off < 4)
		return false;
	to = sec != BU_SEC_UNDEF ? &d->o.secs[sec] : y->sec < d->o.nsecs ? &d->o.secs[y->sec] : NULL;
	return r->type == as_exact_data_reloc(to ? to->flags : 0, sec != BU_SEC_UNDEF, to != NULL);
}

static void plan(struct dis *d, uint32_t i)
{
	const struct bu_rel *r = &d->o.rels[i];
	const struct bu_sec *s = &d->o.secs[r->sec];
	bool twice = (i && d->o.rels[i - 1].sec == r->sec && d->o.rels[i - 1].off == r->off) ||
		     (i + 1 < d->o.nrels && r[1].sec == r->sec && r[1].off == r->off);
	uint32_t sec;
	uint64_t off;

	if (!twice && s->data && d->sec[r->sec].level < LEVEL_RAW && by_expression(d, r, &sec, &off) &&
	    (d->sec[r->sec].at ? code_expression(d, r, sec) : data_expression(d, r, sec))) {
		d->plan[i] = PLAN_EXPR;
		if (sec != BU_SEC_UNDEF)
			mark(d, sec, off, AT_REF);
		return;
	}
	d->plan[i] = PLAN_EXACT;
	if (d->o.syms[r->sym].type == STT_SECTION && d->o.syms[r->sym].sec < d->o.nsecs)
		mark(d, d->o.syms[r->sym].sec, 0, AT_LABEL);
}

void dis_put_ref(const struct dis *d, struct bu_buf *out, const struct bu_rel *r)
{
	int64_t add = dis_addend(d, r);
	uint32_t sec;
	uint64_t off;

	by_expression(d, r, &sec, &off);
	if (sec == BU_SEC_UNDEF) {
		bu_buf_str(out, d->name[r->sym]);
	} else {
		dis_put_place(d, out, sec, off);
		add = (int64_t)(d->o.syms[r->sym].value + (uint64_t)add - off);
	}
	if (add) {
		bu_buf_str(out, add < 0 ? " - " : " + ");
		bu_buf_u64(out, add < 0 ? 0 - (uint64_t)add : (uint64_t)add);
	}
}

void dis_put_reloc(struct dis *d, const struct bu_rel *r, uint64_t at)
{
	const struct bu_sym *s = &d->o.syms[r->sym];
	const char *type = as_reloc_name(r->type);

	bu_buf_str(d->out, "\t.reloc\t.");
	if (at)
		bu_buf_printf(d->out, "+%llu", (unsigned long long)at);
	if (type)
		bu_buf_printf(d->out, ", %s, ", type);
	else
		bu_buf_printf(d->out, ", %u, ", r->type);
	if (s->type != STT_SECTION)
		bu_buf_str(d->out, d->name[r->sym]);
	else if (s->sec < d->o.nsecs)
		dis_put_mark(d, d->out, s->sec, 0);
	else
		bu_buf_str(d->out, "?"); /* a section that the model has not: refused when assembled */
	bu_buf_char(d->out, '\n');
}

/* ---------------------------------------------------------------- jumps */

static bool jump_target(const struct bu_insn *in, int64_t pc, int64_t *target)
{
	unsigned cls = in->code & 7;

	if (cls != 5 && cls != 6)
		return false;
	if (in->code == BU_OP_JA32)
		*target = pc + 1 + in->imm;
	else if ((in->code & 0xf0) == 0x80 || (in->code & 0xf0) == 0x90)
		return false;
	else
		*target = pc + 1 + in->off;
	return true;
}

static void jumps(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	uint8_t *at = d->sec[k].jumps;
	int64_t n = (int64_t)(s->size / 8), t;

	for (int64_t i = 0; i < n; i++) {
		const uint8_t *p = s->data + i * 8;
		struct bu_insn in;

		if (*p == BU_OP_LD_IMM64) {
			i++;
			continue;
		}
		if ((*p & 7) != 5 && (*p & 7) != 6)
			continue;
		bu_insn_decode(&in, p, d->o.be);
		if (jump_target(&in, i, &t) && t >= 0 && t < n && bu_isa_find(&in))
			at[t] |= AT_JUMP;
	}
}

int dis_marks(struct dis *d)
{
	size_t n = 0;

	if (!d->order && order(d))
		return -ENOMEM;
	d->marks = NULL;
	d->nmarks = d->cap_marks = 0;
	d->plan = bu_arena_array(&d->round, d->o.nrels, sizeof(*d->plan));
	if (!d->plan)
		return -ENOMEM;
	for (uint32_t k = 0; k < d->o.nsecs; k++) {
		const struct bu_sec *s = &d->o.secs[k];

		d->sec[k].at = NULL;
		if (!dis_is_code(s) || d->sec[k].level >= LEVEL_BYTES)
			continue;
		if (!d->sec[k].jumps) {
			d->sec[k].jumps = bu_arena_alloc(&d->arena, s->size / 8 + 2);
			if (!d->sec[k].jumps)
				return -ENOMEM;
			jumps(d, k);
		}
		/* what is not jumps is of a round */
		d->sec[k].at = d->sec[k].jumps;
		for (uint64_t i = 0; i < s->size / 8 + 2; i++)
			d->sec[k].at[i] &= AT_JUMP;
		for (uint32_t i = d->sec[k].sym; i < d->sec[k].sym + d->sec[k].nsym; i++)
			if (d->o.syms[d->order[i]].value % 8 == 0)
				d->sec[k].at[d->o.syms[d->order[i]].value / 8] |= AT_SYM;
	}
	for (uint32_t i = 0; i < d->o.nrels; i++)
		plan(d, i);
	if (d->nmarks)
		qsort(d->marks, d->nmarks, sizeof(*d->marks), by_mark);
	for (size_t i = 0; i < d->nmarks; i++)
		if (!n || by_mark(&d->marks[n - 1], &d->marks[i]))
			d->marks[n++] = d->marks[i];
	d->nmarks = n;
	return d->round.failed ? -ENOMEM : 0;
}
