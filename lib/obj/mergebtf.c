/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joining BTF and .BTF.ext: all types in one blob, one type for each global function and variable, data sections
 * laid out as the sections are, the records of .BTF.ext moved with their instructions.
 */
#include "obj/merge.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define LINKAGE_STATIC 0
#define LINKAGE_EXTERN 2
#define MAX_PARAMS 64
#define CORE_REC 16 /* bytes: insn_off, type_id, access_str_off, kind */

/* A function or variable that a name stands for in all objects. */
struct global { unsigned in; uint32_t id; bool is_extern; };

struct var { uint32_t type, off, size; };
/* A data section of the output. */
struct datasec {
	const char *name;
	struct var *var; uint32_t n; size_t cap;
};

struct types {
	struct merge *m;
	struct bu_btfgen g;
	struct bu_arena a;
	struct bu_hash names;   /* of globals -> struct global */
	uint32_t *same;         /* for bu_btfgen_dedup */
	struct datasec *sec; uint32_t nsec; size_t capsec;
};

/* ---------------------------------------------------------------- one of each name */

/* Could a value of one be taken for one of the other? Not whether they are the same in all depth. */
static bool alike(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib)
{
	struct bu_btf_type x, y;
	int64_t m, n;

	ia = bu_btf_resolve(a, ia);
	ib = bu_btf_resolve(b, ib);
	if (bu_btf_get(a, ia, &x) || bu_btf_get(b, ib, &y))
		return false;
	if (x.kind == BU_BTF_FWD || y.kind == BU_BTF_FWD)
		return x.name[0] && strcmp(x.name, y.name) == 0;
	if (x.kind != y.kind) {
		bool ints = (x.kind == BU_BTF_INT || x.kind == BU_BTF_ENUM || x.kind == BU_BTF_ENUM64) &&
			    (y.kind == BU_BTF_INT || y.kind == BU_BTF_ENUM || y.kind == BU_BTF_ENUM64);

		return ints && x.size == y.size;
	}
	if ((x.kind == BU_BTF_STRUCT || x.kind == BU_BTF_UNION) && strcmp(x.name, y.name) != 0)
		return false;
	m = bu_btf_size(a, ia);
	n = bu_btf_size(b, ib);
	/* An array of unknown length may be any. */
	return m == n || (x.kind == BU_BTF_ARRAY && (!m || !n));
}

static bool same_proto(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib)
{
	struct bu_btf_type x, y;
	struct bu_btf_param p, q;

	if (bu_btf_get(a, ia, &x) || bu_btf_get(b, ib, &y) || x.kind != y.kind || x.vlen != y.vlen)
		return false;
	if (!alike(a, x.type, b, y.type))
		return false;
	for (uint32_t i = 0; i < x.vlen && i < MAX_PARAMS; i++)
		if (bu_btf_param(a, &x, i, &p) || bu_btf_param(b, &y, i, &q) || !alike(a, p.type, b, q.type))
			return false;
	return true;
}

static int check_alike(struct types *t, const struct bu_btf_type *x, unsigned in, const struct global *k)
{
	const struct bu_btf *a = &t->m->in[in].o->btf, *b = &t->m->in[k->in].o->btf;
	struct bu_btf_type y;

	if (bu_btf_get(b, k->id, &y))
		return -EINVAL;
	if (x->kind == y.kind && (x->kind == BU_BTF_FUNC ? same_proto(a, x->type, b, y.type)
							 : alike(a, x->type, b, y.type)))
		return 0;
	return merge_error(t->m, in, "O0404", "%s '%s' has another type than in %s",
			   x->kind == BU_BTF_FUNC ? "function" : "variable", x->name, t->m->in[k->in].o->path);
}

static bool is_global(const struct bu_btf_type *x)
{
	return (x->kind == BU_BTF_FUNC || x->kind == BU_BTF_VAR) && x->linkage != LINKAGE_STATIC && x->name[0];
}

/* Which object's function or variable a global name means: the one whose symbol was taken. */
static int find_globals(struct types *t, unsigned in)
{
	const struct bu_obj *o = t->m->in[in].o;
	struct bu_btf_type x;

	for (uint32_t id = 1; id <= o->btf.ntypes; id++) {
		struct global *k, n = { in, id, false };
		int err;

		if (bu_btf_get(&o->btf, id, &x) || !is_global(&x))
			continue;
		n.is_extern = x.linkage == LINKAGE_EXTERN;
		k = bu_hash_get(&t->names, x.name, strlen(x.name));
		if (!k) {
			k = bu_arena_memdup(&t->a, &n, sizeof(n));
			if (!k || bu_hash_put(&t->names, x.name, strlen(x.name), k))
				return -ENOMEM;
			continue;
		}
		err = check_alike(t, &x, in, k);
		if (err)
			return err;
		if (!n.is_extern && (k->is_extern || (merge_is_taken(t->m, in, x.name) &&
						      !merge_is_taken(t->m, k->in, x.name))))
			*k = n;
	}
	return 0;
}

static int unite(struct types *t)
{
	struct bu_btf_type x;
	size_t n = 1;

	/* Data sections are still to come, at most as many as there are. */
	for (unsigned in = 0; in < t->m->n; in++)
		n += t->m->in[in].type ? t->m->in[in].o->btf.ntypes : 0;
	t->same = bu_arena_array(&t->a, n, sizeof(*t->same));
	if (!t->same)
		return -ENOMEM;
	for (unsigned in = 0; in < t->m->n; in++) {
		const struct merge_in *mi = &t->m->in[in];

		for (uint32_t id = 1; mi->type && id <= mi->o->btf.ntypes; id++) {
			const struct global *k;

			if (bu_btf_get(&mi->o->btf, id, &x) || !is_global(&x))
				continue;
			k = bu_hash_get(&t->names, x.name, strlen(x.name));
			if (k->in != in || k->id != id)
				t->same[mi->type[id]] = t->m->in[k->in].type[k->id];
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- data sections */

static struct datasec *datasec(struct types *t, const char *name)
{
	struct datasec *v;

	for (uint32_t i = 0; i < t->nsec; i++)
		if (strcmp(t->sec[i].name, name) == 0)
			return &t->sec[i];
	v = bu_arena_grow(&t->a, t->sec, t->nsec, &t->capsec, sizeof(*v));
	if (!v)
		return NULL;
	t->sec = v;
	v += t->nsec++;
	*v = (struct datasec){ .name = name };
	return v;
}

static int add_vars(struct types *t, unsigned in, const struct bu_btf_type *d)
{
	const struct merge_in *mi = &t->m->in[in];
	uint32_t sec = bu_obj_sec_by_name(mi->o, d->name);
	uint64_t off = sec < mi->o->nsecs ? mi->off[sec] : 0;
	struct datasec *to = datasec(t, d->name);
	struct bu_btf_secvar s;

	if (!to)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->vlen; i++) {
		struct var *v;
		uint32_t id;

		if (bu_btf_secvar(&mi->o->btf, d, i, &s))
			return -EINVAL;
		id = mi->type[s.type];
		if (!id || t->same[id])
			continue; /* listed where it is defined */
		v = bu_arena_grow(&t->a, to->var, to->n, &to->cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		to->var = v;
		v[to->n++] = (struct var){ id, (uint32_t)(s.off + off), s.size };
	}
	return 0;
}

static int by_off(const void *a, const void *b)
{
	const struct var *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	return x->type < y->type ? -1 : x->type > y->type;
}

static int merge_datasecs(struct types *t)
{
	struct bu_btf_type d;
	int err;

	for (unsigned in = 0; in < t->m->n; in++) {
		const struct merge_in *mi = &t->m->in[in];

		for (uint32_t id = 1; mi->type && id <= mi->o->btf.ntypes; id++) {
			if (bu_btf_get(&mi->o->btf, id, &d) || d.kind != BU_BTF_DATASEC)
				continue;
			err = add_vars(t, in, &d);
			if (err)
				return err;
		}
	}
	for (uint32_t i = 0; i < t->nsec; i++) {
		struct datasec *s = &t->sec[i];
		uint32_t sec = bu_obj_sec_by_name(t->m->out, s->name);

		if (!s->n)
			continue;
		qsort(s->var, s->n, sizeof(*s->var), by_off);
		bu_btfgen_datasec(&t->g, s->name, sec < t->m->out->nsecs ? (uint32_t)t->m->out->secs[sec].size : 0);
		for (uint32_t k = 0; k < s->n; k++)
			bu_btfgen_secvar(&t->g, s->var[k].type, s->var[k].off, s->var[k].size);
	}
	return t->g.err;
}

/* ---------------------------------------------------------------- .BTF.ext */

static struct bu_btfext_sec *ext_sec(struct types *t, struct bu_btfext *e, uint32_t sec, uint32_t *cap)
{
	const char *name = t->m->out->secs[sec].name;

	for (uint32_t i = 0; i < e->nsec; i++)
		if (strcmp(e->sec[i].name, name) == 0)
			return &e->sec[i];
	if (e->nsec == *cap)
		return NULL;
	e->sec[e->nsec] = (struct bu_btfext_sec){ .name = name, .core_size = CORE_REC };
	return &e->sec[e->nsec++];
}

/* n more elements behind the *count that a list has. */
static void *more(struct types *t, void *list, uint32_t count, uint32_t n, size_t size)
{
	void *v;

	if (n > UINT32_MAX - count)
		return NULL;
	v = bu_arena_array(&t->a, (size_t)count + n, size);
	if (v && count)
		memcpy(v, list, count * size);
	return v;
}

static int add_records(struct types *t, unsigned in, const struct bu_btfext_sec *x, struct bu_btfext_sec *to,
		       uint32_t off)
{
	const struct merge_in *mi = &t->m->in[in];
	const struct bu_btf *b = &mi->o->btf;
	uint8_t *core;

	to->func = more(t, to->func, to->nfunc, x->nfunc, sizeof(*to->func));
	to->line = more(t, to->line, to->nline, x->nline, sizeof(*to->line));
	core = more(t, (void *)(uintptr_t)to->core, to->ncore, x->ncore, CORE_REC);
	if (!to->func || !to->line || !core)
		return -ENOMEM;
	for (uint32_t i = 0; i < x->nfunc; i++)
		to->func[to->nfunc++] = (struct bu_func_info){ x->func[i].insn_off + off,
							       mi->type[x->func[i].type_id] };
	for (uint32_t i = 0; i < x->nline; i++) {
		struct bu_line_info l = x->line[i];

		l.insn_off += off;
		l.file_off = bu_btfgen_str(&t->g, bu_btf_str(b, l.file_off));
		l.line_off = bu_btfgen_str(&t->g, bu_btf_str(b, l.line_off));
		to->line[to->nline++] = l;
	}
	for (uint32_t i = 0; i < x->ncore; i++) {
		const uint8_t *p = x->core + (size_t)i * x->core_size;
		uint8_t *q = core + (size_t)to->ncore++ * CORE_REC;
		uint32_t type = bu_get32(p + 4, b->be);

		memcpy(q, p, CORE_REC);
		if (type > b->ntypes)
			return merge_error(t->m, in, "O0405", "a CO-RE relocation names type %u of %u", type, b->ntypes);
		bu_put32(q, b->be, bu_get32(p, b->be) + off);
		bu_put32(q + 4, b->be, mi->type[type]);
		bu_put32(q + 8, b->be, bu_btfgen_str(&t->g, bu_btf_str(b, bu_get32(p + 8, b->be))));
	}
	to->core = core;
	return t->g.err;
}

static int merge_ext(struct types *t, struct bu_btfext *e)
{
	uint32_t cap = 0;

	for (unsigned in = 0; in < t->m->n; in++)
		cap += t->m->in[in].o->ext.nsec;
	e->sec = bu_arena_array(&t->a, cap, sizeof(*e->sec));
	if (!e->sec)
		return -ENOMEM;
	for (unsigned in = 0; in < t->m->n; in++) {
		const struct merge_in *mi = &t->m->in[in];

		for (uint32_t i = 0; mi->type && i < mi->o->ext.nsec; i++) {
			const struct bu_btfext_sec *x = &mi->o->ext.sec[i];
			uint32_t sec = bu_obj_sec_by_name(mi->o, x->name);
			struct bu_btfext_sec *to;
			int err;

			if (sec >= mi->o->nsecs || mi->sec[sec] == BU_SEC_UNDEF)
				continue;
			to = ext_sec(t, e, mi->sec[sec], &cap);
			err = to ? add_records(t, in, x, to, (uint32_t)mi->off[sec]) : -ENOMEM;
			if (err)
				return err;
		}
	}
	return 0;
}

static void renumber(struct bu_btfext *e, const uint32_t *map, bool be)
{
	for (uint32_t i = 0; i < e->nsec; i++) {
		struct bu_btfext_sec *s = &e->sec[i];
		uint8_t *core = (uint8_t *)(uintptr_t)s->core; /* ours: add_records made it */

		for (uint32_t k = 0; k < s->nfunc; k++)
			s->func[k].type_id = map[s->func[k].type_id];
		for (uint32_t k = 0; k < s->ncore; k++, core += CORE_REC)
			bu_put32(core + 4, be, map[bu_get32(core + 4, be)]);
	}
}

/* ---------------------------------------------------------------- all of it */

static int new_section(struct merge *m, const char *name, struct bu_buf *contents)
{
	const struct bu_sec like = { .type = SHT_PROGBITS, .align = 4 };
	uint32_t sec;
	int err = contents->failed ? -ENOMEM : merge_new_section(m, &like, name, &sec);

	if (!err) {
		m->data[sec] = *contents;
		*contents = (struct bu_buf){ 0 };
	}
	return err;
}

static int write_sections(struct types *t, const struct bu_btfext *e)
{
	struct bu_buf btf = { 0 }, ext = { 0 };
	int err = 0;

	if (e->nsec)
		err = bu_btfext_write(e, &t->g, &ext);
	if (!err)
		err = bu_btfgen_finish(&t->g, &btf);
	if (!err)
		err = new_section(t->m, ".BTF", &btf);
	if (!err && e->nsec)
		err = new_section(t->m, ".BTF.ext", &ext);
	bu_buf_free(&btf);
	bu_buf_free(&ext);
	return err;
}

static int append_types(struct types *t)
{
	int err = 0;

	for (unsigned in = 0; in < t->m->n && !err; in++) {
		struct merge_in *mi = &t->m->in[in];

		if (!mi->o->has_btf)
			continue;
		err = find_globals(t, in);
		if (err)
			return err;
		mi->type = bu_arena_array(&t->a, (size_t)mi->o->btf.ntypes + 1, sizeof(*mi->type));
		err = mi->type ? bu_btfgen_append(&t->g, &mi->o->btf, mi->type) : -ENOMEM;
	}
	return err;
}

int merge_btf(struct merge *m)
{
	struct types t = { .m = m };
	struct bu_btfext e = { 0 };
	uint32_t *map = NULL;
	bool any = false;
	int err;

	for (unsigned in = 0; in < m->n; in++)
		any |= m->in[in].o->has_btf;
	if (!any)
		return 0;
	bu_btfgen_init(&t.g, m->out->be);
	bu_arena_init(&t.a);
	err = append_types(&t);
	if (!err)
		err = unite(&t);
	if (!err)
		err = merge_datasecs(&t);
	if (!err)
		err = merge_ext(&t, &e);
	if (!err)
		err = bu_btfgen_dedup(&t.g, t.same, &map);
	if (!err) {
		renumber(&e, map, m->out->be);
		err = write_sections(&t, &e);
	}
	bu_hash_free(&t.names);
	bu_btfgen_free(&t.g);
	bu_arena_free(&t.a);
	free(map);
	return err;
}
