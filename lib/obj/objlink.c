/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Linking one program: its own instructions, then each function it calls or points to, directly
 * or not, once. What a relocation means is told by the instruction that carries it and by the
 * symbol's section, not by the relocation's type, which differs between assemblers
 * (Documentation/bpf/llvm_reloc.rst gives LLVM's).
 *
 *   call      symbol's value + (imm + 1) * 8 is the function's first byte; imm is -1 for a named
 *             symbol, and names the place for a section symbol
 *   ld_imm64  symbol's value + imm is the byte meant
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's own limit for a privileged program; also ends a hostile object's growth. */
#define MAX_INSNS 1000000u

struct linker {
	const struct bu_obj *o;
	struct bu_diags *ds;
	struct bu_arena *a;
	struct bu_code *c;
	uint32_t *part_of;   /* function -> part + 1 */
	size_t part_cap, ref_cap;
	uint32_t total;      /* instructions of all parts so far */
	const char *where;   /* name of the function at hand */
};

/* A message about one instruction: "xdp, function 'f', instruction 7: …". */
BU_PRINTF(4, 5)
static int bad_insn(struct linker *l, const struct bu_code_part *p, uint32_t i, const char *fmt, ...)
{
	struct bu_buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	obj_error(l->o, l->ds, "O0301", "section '%s', function '%s', instruction %u: %s",
		  l->o->secs[p->sec].name, l->where, i, bu_buf_cstr(&text));
	bu_buf_free(&text);
	return -EINVAL;
}

/* ---------------------------------------------------------------- functions and places */

/* The last function that begins at or before a byte of a section, or NULL. */
static const struct bu_obj_func *function_at(const struct bu_obj *o, uint32_t sec, uint64_t off)
{
	const struct bu_obj_func *best = NULL;
	uint32_t lo = 0, hi = o->nfuncs;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct bu_obj_func *f = &o->funcs[mid];

		if (f->sec < sec || (f->sec == sec && f->off <= off)) {
			best = f;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return best && best->sec == sec && off - best->off < best->size ? best : NULL;
}

static const struct bu_obj_func *function_start(const struct bu_obj *o, uint32_t sec, uint64_t off)
{
	const struct bu_obj_func *f = function_at(o, sec, off);

	return f && f->off == off ? f : NULL;
}

/* The part that holds a function, added at the end when it is new. -1 with err when that fails. */
static int64_t part_for(struct linker *l, const struct bu_obj_func *f, int *err)
{
	uint32_t func = (uint32_t)(f - l->o->funcs);
	uint64_t n = f->size / BU_INSN_SIZE;
	struct bu_code_part *v;

	if (l->part_of[func])
		return (int64_t)l->part_of[func] - 1;
	if (n > MAX_INSNS - l->total) {
		*err = obj_error(l->o, l->ds, "O0303",
				 "the program and what it calls exceed %u instructions", MAX_INSNS);
		return -1;
	}
	v = bu_arena_grow(l->a, l->c->part, l->c->nparts, &l->part_cap, sizeof(*v));
	if (!v) {
		*err = -ENOMEM;
		return -1;
	}
	l->c->part = v;
	v += l->c->nparts++;
	v->func = func;
	v->start = l->total;
	v->sec = f->sec;
	v->sec_off = f->off;
	v->n = (uint32_t)n;
	l->total += v->n;
	l->part_of[func] = l->c->nparts;
	return l->c->nparts - 1;
}

static uint32_t first_rel(const struct bu_obj *o, uint32_t sec, uint64_t off)
{
	uint32_t lo = 0, hi = o->nrels;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct bu_rel *r = &o->rels[mid];

		if (r->sec < sec || (r->sec == sec && r->off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int add_ref(struct linker *l, struct bu_ref ref)
{
	struct bu_ref *v = bu_arena_grow(l->a, l->c->ref, l->c->nrefs, &l->ref_cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->c->ref = v;
	v[l->c->nrefs++] = ref;
	return 0;
}

static const char *sym_name(const struct bu_obj *o, const struct bu_sym *s)
{
	if (s->name[0])
		return s->name;
	return s->sec < o->nsecs ? o->secs[s->sec].name : "";
}

/* ---------------------------------------------------------------- one instruction */

struct place {
	struct bu_code_part part; /* a copy: the vector may move */
	uint32_t i;               /* instruction in the part */
	struct bu_insn *insn;
};

/* Points a call or function pointer at the function that begins at a byte of a section. */
static int to_function(struct linker *l, const struct place *at, uint32_t sec, int64_t off,
		       const char *name)
{
	const struct bu_obj_func *f = NULL;
	int64_t part;
	int err = 0;

	if (off >= 0 && (uint64_t)off < l->o->secs[sec].size)
		f = function_start(l->o, sec, (uint64_t)off);
	if (!f)
		return bad_insn(l, &at->part, at->i, "no function begins at byte %lld of '%s'%s%s%s",
				(long long)off, l->o->secs[sec].name, *name ? " (" : "", name,
				*name ? ")" : "");
	part = part_for(l, f, &err);
	if (part < 0)
		return err;
	at->insn->imm = (int32_t)l->c->part[part].start - (int32_t)(at->part.start + at->i) - 1;
	return 0;
}

static int bad_symbol(struct linker *l, const struct place *at, const struct bu_sym *s,
		      const char *what)
{
	const char *sec = s->sec < l->o->nsecs ? l->o->secs[s->sec].name :
			  s->sec == BU_SEC_COMMON ? "COMMON" : "ABS";

	return bad_insn(l, &at->part, at->i, "'%s' in section '%s' is no %s", sym_name(l->o, s), sec,
			what);
}

static bool is_exec(const struct bu_obj *o, uint32_t sec)
{
	return sec < o->nsecs && (o->secs[sec].flags & SHF_EXECINSTR);
}

static int link_call(struct linker *l, const struct place *at, const struct bu_sym *s)
{
	int64_t off;

	if (s->sec == BU_SEC_UNDEF)
		return add_ref(l, (struct bu_ref){ .kind = BU_REF_KFUNC, .map = UINT32_MAX,
						   .insn = at->part.start + at->i, .name = s->name });
	if (!is_exec(l->o, s->sec))
		return bad_symbol(l, at, s, "function");
	off = (int64_t)s->value + ((int64_t)at->insn->imm + 1) * BU_INSN_SIZE;
	at->insn->src = BU_CALL_LOCAL;
	return to_function(l, at, s->sec, off, s->name);
}

/* "map#N": the map of local id N. */
static bool local_id(const char *name, uint32_t *id)
{
	uint64_t v;

	if (strncmp(name, "map#", 4) != 0 || bu_str_u64(bu_str_c(name + 4), &v, NULL) ||
	    v > UINT32_MAX)
		return false;
	*id = (uint32_t)v;
	return true;
}

/* A variable of ".kconfig"; add: bytes into it. */
static bool link_kconfig(struct linker *l, const char *name, int64_t add, struct bu_ref *ref)
{
	const struct bu_obj *o = l->o;

	for (uint32_t i = 0; i < o->nkconfig; i++) {
		const struct bu_obj_extern *e = &o->kconfig[i];

		if (strcmp(e->name, name) != 0 || add < 0 || add > e->size)
			continue;
		ref->kind = BU_REF_MAP_VALUE;
		ref->val = e->off + (uint32_t)add;
		for (ref->map = 0; o->maps[ref->map].origin != BU_MAP_KCONFIG; ref->map++)
			;
		return true;
	}
	return false;
}

static int link_undefined(struct linker *l, const struct place *at, const struct bu_sym *s, int64_t add)
{
	struct bu_ref ref = { .kind = BU_REF_EXTERN, .insn = at->part.start + at->i,
			      .map = UINT32_MAX, .name = s->name };

	if (link_kconfig(l, s->name, add, &ref))
		return add_ref(l, ref);
	if (local_id(s->name, &ref.val)) {
		ref.kind = BU_REF_LOCAL_ID;
		for (uint32_t i = 0; i < l->o->nmaps && ref.map == UINT32_MAX; i++)
			if (l->o->maps[i].local_id == ref.val && ref.val)
				ref.map = i;
	}
	return add_ref(l, ref);
}

/* The bytes added to the symbol: both halves, as assemblers write 32 or 64 bits. */
static int64_t addend(const struct bu_insn *lo, const struct bu_insn *hi)
{
	if (!hi->imm || hi->imm == -1)
		return lo->imm;
	return (int64_t)((uint64_t)(uint32_t)hi->imm << 32 | (uint32_t)lo->imm);
}

static int link_map(struct linker *l, const struct place *at, const struct bu_sym *s, int64_t off)
{
	const struct bu_obj *o = l->o;
	struct bu_ref ref = { .insn = at->part.start + at->i, .name = sym_name(o, s) };

	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *m = &o->maps[i];

		if (m->arena_sec == s->sec + 1 && off >= 0 && (uint64_t)off <= o->secs[s->sec].size) {
			ref.kind = BU_REF_MAP_VALUE;
			ref.map = i;
			ref.val = (uint32_t)off;
			ref.name = m->name;
			return add_ref(l, ref);
		}
		if (m->is_inner || m->sec != s->sec)
			continue;
		ref.map = i;
		if (m->origin == BU_MAP_DATA) {
			if (off < 0 || (uint64_t)off > m->size)
				return bad_insn(l, &at->part, at->i,
						"byte %lld lies outside '%s' of %llu bytes",
						(long long)off, m->name, (unsigned long long)m->size);
			ref.kind = BU_REF_MAP_VALUE;
			ref.val = (uint32_t)off;
			ref.name = m->name;
			return add_ref(l, ref);
		}
		/* Some assemblers repeat a named symbol's place in imm: then its value alone counts. */
		if (m->off == (s->type == STT_SECTION ? (uint64_t)off : s->value)) {
			ref.kind = BU_REF_MAP;
			ref.name = m->name;
			return add_ref(l, ref);
		}
	}
	return bad_insn(l, &at->part, at->i, "no map is declared at byte %lld of section '%s'",
			(long long)off, o->secs[s->sec].name);
}

static int link_imm64(struct linker *l, const struct place *at, const struct bu_sym *s)
{
	const struct bu_obj *o = l->o;
	struct bu_insn *lo = at->insn, *hi = lo + 1;
	int64_t add = addend(lo, hi), off;
	int err;

	if (s->sec == BU_SEC_UNDEF) {
		err = link_undefined(l, at, s, add);
		lo->imm = 0;
		if (lo->src != BU_PSEUDO_MAP_VALUE) /* of a local id: the place in the value stays */
			hi->imm = 0;
		return err;
	}
	if (s->sec >= o->nsecs)
		return bad_symbol(l, at, s, "map, data or function");
	if (add > INT32_MAX || add < INT32_MIN)
		return bad_insn(l, &at->part, at->i, "byte %lld from '%s' is far outside",
				(long long)add, sym_name(o, s));
	if (o->imm_has_value && s->type != STT_SECTION && !is_exec(o, s->sec))
		add -= (int64_t)s->value;
	off = (int64_t)s->value + add;
	if (is_exec(o, s->sec)) {
		lo->src = BU_PSEUDO_FUNC;
		hi->imm = 0;
		return to_function(l, at, s->sec, off, s->name);
	}
	lo->imm = hi->imm = 0;
	return link_map(l, at, s, off);
}

/* A call or function pointer that the assembler resolved: its target is in the same section. */
static int link_local(struct linker *l, const struct place *at)
{
	int64_t to = (int64_t)at->part.sec_off + ((int64_t)at->i + 1 + at->insn->imm) * BU_INSN_SIZE;
	int64_t end = (int64_t)at->part.sec_off + (int64_t)at->part.n * BU_INSN_SIZE;

	/* Inside the function itself, other than at its start: code that no symbol tells apart. */
	if (to >= (int64_t)at->part.sec_off && to < end)
		return 0;
	return to_function(l, at, at->part.sec, to, "");
}

static int link_insn(struct linker *l, const struct place *at, const struct bu_rel *r)
{
	const struct bu_sym *s = r ? &l->o->syms[r->sym] : NULL;
	bool wide = at->insn->code == BU_OP_LD_IMM64;

	if (wide && at->i + 1 >= at->part.n)
		return bad_insn(l, &at->part, at->i, "the second half is missing");
	if (r && at->insn->code == BU_OP_CALL)
		return link_call(l, at, s);
	if (r && wide)
		return link_imm64(l, at, s);
	if (r)
		return bad_insn(l, &at->part, at->i,
				"a relocation (type %u, '%s') on code 0x%02x, which cannot carry one",
				r->type, sym_name(l->o, s), at->insn->code);
	if ((at->insn->code == BU_OP_CALL && at->insn->src == BU_CALL_LOCAL) ||
	    (wide && at->insn->src == BU_PSEUDO_FUNC))
		return link_local(l, at);
	return 0;
}

/* ---------------------------------------------------------------- parts */

static int grow_code(struct linker *l, size_t *cap, uint32_t need)
{
	struct bu_insn *v;
	size_t n = *cap ? *cap : 64;

	if (need <= *cap)
		return 0;
	while (n < need)
		n *= 2;
	v = bu_arena_array(l->a, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (l->c->ninsns)
		memcpy(v, l->c->insn, l->c->ninsns * sizeof(*v));
	l->c->insn = v;
	*cap = n;
	return 0;
}

static int link_part(struct linker *l, struct bu_code_part p)
{
	const struct bu_obj *o = l->o;
	const struct bu_sec *sec = &o->secs[p.sec];
	uint32_t rel = first_rel(o, p.sec, p.sec_off);
	int err = 0;

	l->where = o->funcs[p.func].name;
	for (uint32_t i = 0; i < p.n; i++)
		bu_insn_decode(&l->c->insn[p.start + i],
			       sec->data + p.sec_off + (uint64_t)i * BU_INSN_SIZE, o->be);
	l->c->ninsns = p.start + p.n;
	for (uint32_t i = 0; i < p.n && !err; i++) {
		struct place at = { p, i, &l->c->insn[p.start + i] };
		uint64_t off = p.sec_off + (uint64_t)i * BU_INSN_SIZE;
		const struct bu_rel *r = NULL;

		if (rel < o->nrels && o->rels[rel].sec == p.sec &&
		    o->rels[rel].off < off + BU_INSN_SIZE) {
			r = &o->rels[rel++];
			if (r->off != off)
				return bad_insn(l, &p, i, "a relocation at byte %llu lies inside it",
						(unsigned long long)(r->off - off));
			if (rel < o->nrels && o->rels[rel].sec == p.sec && o->rels[rel].off == off)
				return bad_insn(l, &p, i, "it has two relocations");
		}
		err = link_insn(l, &at, r);
		/* A wide instruction's second slot is data, whatever it looks like. */
		if (at.insn->code == BU_OP_LD_IMM64 && !err) {
			i++;
			if (rel < o->nrels && o->rels[rel].sec == p.sec &&
			    o->rels[rel].off < off + 2 * BU_INSN_SIZE)
				return bad_insn(l, &p, i, "a relocation on the second half of a wide instruction");
		}
	}
	return err;
}

/* ---------------------------------------------------------------- func_info, line_info */

static const struct bu_btfext_sec *ext_section(const struct bu_obj *o, uint32_t sec)
{
	return o->ext_of && o->ext_of[sec] ? &o->ext.sec[o->ext_of[sec] - 1] : NULL;
}

/* The type of the function that begins at a byte of the section, or 0. */
static uint32_t func_type(const struct bu_btfext_sec *e, uint64_t off)
{
	uint32_t lo = 0, hi = e ? e->nfunc : 0;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (e->func[mid].insn_off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return e && lo < e->nfunc && e->func[lo].insn_off == off ? e->func[lo].type_id : 0;
}

/*
 * The kernel wants a func_info for each function and a line_info at the first instruction of each,
 * or none at all of the kind; a part that lacks its own therefore drops them for the program.
 */
static int gather_info(struct linker *l)
{
	const struct bu_obj *o = l->o;
	struct bu_code *c = l->c;
	uint64_t nline = 0;
	bool lines = true;

	c->func = bu_arena_array(l->a, c->nparts, sizeof(*c->func));
	if (!c->func)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->nparts; i++) {
		const struct bu_code_part *p = &c->part[i];
		const struct bu_btfext_sec *e = ext_section(o, p->sec);
		uint64_t end = p->sec_off + (uint64_t)p->n * BU_INSN_SIZE;
		uint32_t type = func_type(e, p->sec_off), first;

		if (type && c->nfunc == i)
			c->func[c->nfunc++] = (struct bu_func_info){ p->start, type };
		first = e ? bu_btfext_first_line(e, p->sec_off) : 0;
		if (!e || first >= e->nline || e->line[first].insn_off != p->sec_off)
			lines = false;
		else
			nline += bu_btfext_first_line(e, end) - first;
	}
	if (c->nfunc != c->nparts)
		c->nfunc = 0;
	if (!lines || !c->nfunc)
		return 0;
	c->line = bu_arena_array(l->a, nline, sizeof(*c->line));
	if (!c->line)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->nparts; i++) {
		const struct bu_code_part *p = &c->part[i];
		const struct bu_btfext_sec *e = ext_section(o, p->sec);
		uint64_t end = p->sec_off + (uint64_t)p->n * BU_INSN_SIZE;

		for (uint32_t k = bu_btfext_first_line(e, p->sec_off); k < e->nline && e->line[k].insn_off < end; k++) {
			struct bu_line_info *d = &c->line[c->nline];
			uint32_t at = p->start + (uint32_t)((e->line[k].insn_off - p->sec_off) / BU_INSN_SIZE);

			if (c->nline && d[-1].insn_off == at)
				continue; /* two for one instruction: the first stays */
			*d = e->line[k];
			d->insn_off = at;
			c->nline++;
		}
	}
	return 0;
}

/*
 * The function that takes over when the program throws: nobody calls it, the kernel finds it by the tag and by
 * its type.
 */
static int add_callback(struct linker *l, const char *prog)
{
	const struct bu_obj *o = l->o;
	int err = 0;

	for (uint32_t i = 0; i < o->nthrows && !err; i++) {
		const struct bu_obj_func *f = NULL;

		if (strcmp(o->throws[i].prog, prog) != 0)
			continue;
		for (uint32_t k = 0; k < o->nfuncs && !f; k++)
			if (strcmp(o->funcs[k].name, o->throws[i].callback) == 0)
				f = &o->funcs[k];
		if (!f || f->local)
			return obj_error(o, l->ds, "O0304", f ? "program '%s' has '%s' as its exception callback, "
					 "which is static" : "program '%s' has '%s' as its exception callback, which "
					 "is no function here", prog, o->throws[i].callback);
		part_for(l, f, &err);
	}
	return err;
}

int bu_obj_link(const struct bu_obj *o, uint32_t prog, struct bu_arena *a, struct bu_code *out,
		struct bu_diags *ds)
{
	struct linker l = { .o = o, .ds = ds, .a = a, .c = out, .where = "" };
	const struct bu_obj_func *f;
	size_t code_cap = 0;
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (prog >= o->nprogs)
		return obj_error(o, ds, "O0302", "there is no program %u", prog);
	f = function_start(o, o->progs[prog].sec, o->progs[prog].off);
	if (!f)
		return obj_error(o, ds, "O0302", "program '%s' is no function", o->progs[prog].name);
	/* Not the arena's: of many programs each would keep its own. */
	l.part_of = calloc(o->nfuncs, sizeof(*l.part_of));
	if (!l.part_of)
		return -ENOMEM;
	if (part_for(&l, f, &err) < 0)
		goto out;
	err = add_callback(&l, o->progs[prog].name);
	for (uint32_t i = 0; i < out->nparts && !err; i++) {
		err = grow_code(&l, &code_cap, out->part[i].start + out->part[i].n);
		if (!err)
			err = link_part(&l, out->part[i]);
	}
	if (!err)
		err = gather_info(&l);
out:
	free(l.part_of);
	return err;
}
