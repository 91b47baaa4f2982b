// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * CO-RE relocations of the programs that load, applied here: the kernel can do it since 5.17, but says
 * less of what is missing and walks its types for each name. The kernel does it where its types
 * cannot be read.
 */
#include <string.h>

#include "load/kpriv.h"

#define RECORD 16       /* insn_off, type_id, access_str_off, kind */
#define EXPLAIN_FUEL (1u << 20)        /* steps to explain one refusal … */
#define EXPLAIN_ALL (BU_CORE_FUEL / 4) /* … and all of them */
#define MAX_CANDS 1024  /* types of one name; kernels have some ten */

/* The candidates for one type of the object, found once. */
struct cands { bool known; struct bu_core_cand *v; uint32_t n; };

struct bu_core_state {
	struct bu_plan *p;
	struct bu_diags *ds;
	struct bu_core core;
	uint64_t talk;               /* steps that explanations may still take */
	struct cands *of;            /* by local type id */
	struct bu_core_result **res; /* by section of .BTF.ext: of each record */
	bool machine;                /* a type of this machine's kernel served the VM */
};

static void read_record(const struct bu_obj *o, const uint8_t *rec, struct bu_core_relo *r)
{
	r->type_id = bu_get32(rec + 4, o->be);
	r->access = bu_btf_str(&o->btf, bu_get32(rec + 8, o->be));
	r->kind = bu_get32(rec + 12, o->be);
}

/* ---------------------------------------------------------------- candidates */

static int add_from(struct bu_core_state *c, struct bu_btf_index *x, uint32_t kinds, const char *name,
		    size_t n, struct cands *out, size_t *cap)
{
	uint32_t id, pos = 0;

	while (out->n < MAX_CANDS && (id = bu_btf_index_next(x, kinds, name, n, &pos))) {
		struct bu_core_cand *v;

		if (bu_kbtf_opaque(c->p->priv->kbtf, &x->btf, id))
			continue;
		v = bu_arena_grow(&c->p->arena, out->v, out->n, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		out->v = v;
		v[out->n++] = (struct bu_core_cand){ .btf = &x->btf, .id = id, .where = x->name };
	}
	return x->failed ? -ENOMEM : 0;
}

/* Modules are looked at only for what the kernel itself has not. */
static int find_cands(struct bu_core_state *c, const struct bu_core_relo *r, struct cands *out,
		      struct bu_core_result *res)
{
	struct bu_btf_index *x;
	const char *name;
	uint32_t kinds;
	size_t n, cap = 0;
	int err = bu_core_wants(&c->core, r, &name, &n, &kinds, res);

	if (err)
		return err == -ENOENT ? 0 : err;
	for (unsigned i = 0; !err && !out->n; i++) {
		x = bu_kbtf_target(c->p->priv->kbtf, i, &err);
		if (err)
			return i ? err : -EACCES; /* of the first: there is nothing to go by */
		if (!x)
			break;
		err = add_from(c, x, kinds, name, n, out, &cap);
		if (!err && out->n && bu_kbtf_is_machine(c->p->priv->kbtf, &x->btf))
			c->machine = true;
	}
	out->known = true;
	return err;
}

/* ---------------------------------------------------------------- telling */

static const char *target_name(const struct bu_core_state *c)
{
	if (c->p->opts->btf)
		return c->p->opts->btf;
	return "the kernel's types";
}

/* The member, enumerator or type that "struct task_struct.comm[3]" ends with. */
static struct bu_str last_word(const char *what)
{
	size_t end = strlen(what), start;

	while (end && what[end - 1] == ']') {
		while (end && what[end - 1] != '[')
			end--;
		end -= end > 0;
	}
	for (start = end; start && !strchr(". :", what[start - 1]); start--)
		;
	return bu_str(what + start, end - start);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool has_word(const char *text, struct bu_str word)
{
	const char *p = text;

	while (word.n && (p = memmem(p, strlen(p), word.p, word.n))) {
		if ((p == text || !is_word(p[-1])) && !is_word(p[word.n]))
			return true;
		p++;
	}
	return false;
}

/*
 * Compilers give the instruction that loads an offset the line of what stands before it, if any: the
 * line that is meant is near, and names the member.
 */
static int64_t line_of_use(const struct bu_plan *p, const struct bu_code *c, uint32_t insn, const char *what)
{
	struct bu_str word = last_word(what ? what : "");
	uint32_t best = insn, dist = 65;

	for (uint32_t i = 0; i < c->nline; i++) {
		uint32_t at = c->line[i].insn_off, d = at > insn ? at - insn : insn - at;

		if (d < dist && has_word(bu_btf_str(&p->obj->btf, c->line[i].line_off), word)) {
			best = at;
			dist = d;
		}
	}
	return best;
}

/* The source line of an instruction as a span, or its number as a note. */
void bu_core_where(const struct bu_plan *p, const struct bu_code *c, int64_t insn, struct bu_diags *ds,
		   struct bu_diag *d)
{
	const struct bu_btf *b = &p->obj->btf;
	const struct bu_line_info *best = NULL;
	struct bu_str src;
	uint32_t col;

	for (uint32_t i = 0; i < c->nline; i++) {
		if (c->line[i].insn_off <= insn && (!best || c->line[i].insn_off >= best->insn_off))
			best = &c->line[i];
	}
	if (!best || !p->obj->has_btf) {
		bu_diag_note(ds, d, "at instruction %lld", (long long)insn);
		return;
	}
	src = bu_str_c(bu_btf_str(b, best->line_off));
	while (src.n && (src.p[src.n - 1] == ' ' || src.p[src.n - 1] == '\n'))
		src.n--;
	col = best->col ? best->col : 1;
	bu_diag_span(ds, d, bu_btf_str(b, best->file_off), best->line, col,
		     src.n >= col ? (uint32_t)src.n - col + 1 : 1, src.n ? src : bu_str(NULL, 0), NULL);
}

/* A record that cannot be answered, or its instruction that cannot take the answer. */
static int refuse(struct bu_core_state *c, const struct plan_prog *g, uint32_t insn,
		  const struct bu_core_result *res, int err)
{
	struct bu_diag *d;

	if (err == -ENOMEM)
		return err;
	d = bu_diag(c->ds, BU_ERROR, err == -EEXIST ? "L0132" : "L0131",
		    "program %s: %s%s cannot be adjusted to %s: %s", c->p->obj->progs[g->prog].name,
		    res->what ? "the access to " : "a CO-RE relocation", res->what ? res->what : "",
		    target_name(c), res->why ? res->why : bu_strerror(-err));
	bu_core_where(c->p, &g->code, line_of_use(c->p, &g->code, insn, res->what), c->ds, d);
	return -EINVAL;
}

static int explain(struct bu_core_state *c, const struct bu_core_relo *r, struct bu_core_result *res)
{
	struct cands *k = r->type_id <= c->p->obj->btf.ntypes ? &c->of[r->type_id] : NULL;
	uint64_t left = c->core.fuel, give = c->talk < EXPLAIN_FUEL ? c->talk : EXPLAIN_FUEL;
	const char *name;
	uint32_t kinds;
	size_t n;
	int err;

	c->core.explain = true;
	c->core.fuel = give;
	err = bu_core_wants(&c->core, r, &name, &n, &kinds, res);
	if (!err || err == -ENOENT)
		err = bu_core_calc(&c->core, r, k ? k->v : NULL, k ? k->n : 0, res);
	c->core.explain = false;
	c->talk -= give - c->core.fuel;
	c->core.fuel = left;
	return err;
}

/* ---------------------------------------------------------------- records */

/* The answer to a record, computed once. -EACCES: there are no types to go by. */
static int answer(struct bu_core_state *c, const struct bu_core_relo *r, struct bu_core_result *res)
{
	struct cands none = { .known = true }, *k = &none;
	int err = 0;

	if (r->type_id <= c->p->obj->btf.ntypes)
		k = &c->of[r->type_id];
	if (!k->known)
		err = find_cands(c, r, k, res);
	return err ? err : bu_core_calc(&c->core, r, k->v, k->n, res);
}

static int apply(struct bu_core_state *c, struct plan_prog *g, uint32_t ext, uint32_t rec, uint32_t insn)
{
	const struct bu_obj *o = c->p->obj;
	const struct bu_btfext_sec *e = &o->ext.sec[ext];
	struct bu_core_result *res, why;
	struct bu_core_relo r;
	int err;

	if (!c->res[ext])
		c->res[ext] = bu_arena_array(&c->p->arena, e->ncore, sizeof(**c->res));
	if (!c->res[ext])
		return -ENOMEM;
	res = &c->res[ext][rec];
	read_record(o, e->core + (size_t)rec * e->core_size, &r);
	/* An answer always has one of these; else it is not there yet. */
	if (!res->was && !res->is && !res->poison && !res->old_size) {
		err = answer(c, &r, res);
		if (err == -EACCES || err == -ENOMEM)
			return err;
		if (err) {
			explain(c, &r, &why);
			return refuse(c, g, insn, &why, err);
		}
	}
	why = *res;
	err = bu_core_patch(&c->core, g->code.insn + insn, g->code.ninsns - insn, &why);
	if (err) {
		explain(c, &r, &why);
		c->core.explain = true;
		bu_core_patch(&c->core, g->code.insn + insn, g->code.ninsns - insn, &why);
		c->core.explain = false;
		return refuse(c, g, insn, &why, err);
	}
	g->ncore++;
	return 0;
}

/* Calls fn for each record of a program's parts. */
static int each_record(struct bu_plan *p, struct plan_prog *g,
		       int (*fn)(void *ctx, struct plan_prog *g, uint32_t ext, uint32_t rec, uint32_t insn),
		       void *ctx)
{
	const struct bu_obj *o = p->obj;
	int err = 0;

	for (uint32_t i = 0; i < g->code.nparts; i++) {
		const struct bu_code_part *part = &g->code.part[i];
		uint64_t end = part->sec_off + (uint64_t)part->n * BU_INSN_SIZE;
		uint32_t k = o->ext_of && part->sec < o->nsecs ? o->ext_of[part->sec] : 0;
		const struct bu_btfext_sec *e = k ? &o->ext.sec[k - 1] : NULL;

		if (!e || e->core_size < RECORD)
			continue;
		for (uint32_t r = 0; r < e->ncore && !err; r++) {
			uint64_t off = bu_get32(e->core + (size_t)r * e->core_size, o->be);

			if (off < part->sec_off || off >= end || off % BU_INSN_SIZE)
				continue;
			err = fn(ctx, g, k - 1, r, part->start + (uint32_t)((off - part->sec_off) / BU_INSN_SIZE));
		}
	}
	return err;
}

static int apply_one(void *ctx, struct plan_prog *g, uint32_t ext, uint32_t rec, uint32_t insn)
{
	return apply(ctx, g, ext, rec, insn);
}

/* ---------------------------------------------------------------- the kernel's turn */

struct records { struct bu_plan *p; struct bu_buf out; uint32_t n; };

static int keep_one(void *ctx, struct plan_prog *g, uint32_t ext, uint32_t rec, uint32_t insn)
{
	struct records *k = ctx;
	const struct bu_btfext_sec *e = &k->p->obj->ext.sec[ext];
	uint8_t one[RECORD];

	(void)g;
	memcpy(one, e->core + (size_t)rec * e->core_size, sizeof(one));
	bu_put32(one, k->p->obj->be, insn * BU_INSN_SIZE);
	k->n++;
	return bu_buf_add(&k->out, one, sizeof(one));
}

/* The records as the kernel wants them: offsets are into the program. */
static int leave_to_kernel(struct bu_plan *p, struct plan_prog *g)
{
	struct records k = { .p = p };
	int err = each_record(p, g, keep_one, &k);

	if (!err && k.n) {
		g->core = bu_arena_memdup(&p->arena, k.out.p, k.out.n);
		err = g->core ? 0 : -ENOMEM;
	}
	g->ncore = k.n;
	bu_buf_free(&k.out);
	return err;
}

/* The kernel knows its types even where nobody else can read them. */
static void cannot_read(struct bu_plan *p, struct bu_diags *ds)
{
	struct bu_diag *d = bu_diag(ds, BU_NOTE, "L0130", "the types of the kernel cannot be read: it has to apply the "
				    "CO-RE relocations of %s itself", p->obj->path);

	bu_diag_note(ds, d, "they are in /sys/kernel/btf/vmlinux of kernels with CONFIG_DEBUG_INFO_BTF");
	bu_diag_help(ds, d, "name a file with the types of this kernel: --btf FILE");
}

/* ---------------------------------------------------------------- all programs */

static int state_of(struct bu_plan *p, struct bu_diags *ds, struct bu_core_state **out)
{
	const struct bu_obj *o = p->obj;
	struct bu_core_state *c = bu_arena_alloc(&p->arena, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->p = p;
	c->ds = ds;
	c->core = (struct bu_core){ .local = &o->btf, .a = &p->arena, .fuel = BU_CORE_FUEL };
	c->talk = EXPLAIN_ALL;
	c->of = bu_arena_array(&p->arena, (size_t)o->btf.ntypes + 1, sizeof(*c->of));
	c->res = bu_arena_array(&p->arena, o->ext.nsec, sizeof(*c->res));
	*out = c;
	return bu_arena_failed(&p->arena) ? -ENOMEM : 0;
}

int bu_plan_core(struct bu_plan *p, struct bu_diags *ds)
{
	struct bu_core_state *c = NULL;
	bool kernel = p->opts->core_in_kernel, any = false;
	int rc = 0, err;

	for (uint32_t i = 0; i < p->obj->ext.nsec; i++)
		any |= p->obj->ext.sec[i].ncore > 0;
	if (!any)
		return 0;
	err = state_of(p, ds, &c);
	if (err)
		return err;
	p->priv->core = c;
	for (unsigned i = 0; i < p->priv->nprogs; i++) {
		struct plan_prog *g = &p->priv->progs[i];
		struct bu_diag *mark = ds->last;

		if (g->dead)
			continue;
		err = kernel ? leave_to_kernel(p, g) : each_record(p, g, apply_one, c);
		if (err == -EACCES && p->opts->btf)
			return -EINVAL; /* told when it was opened */
		if (err == -EACCES) {
			cannot_read(p, ds);
			kernel = true;
			err = leave_to_kernel(p, g);
		}
		if (err == -ENOMEM)
			return err;
		err = bu_plan_spare(p, i, err, mark, ds);
		rc = err ? err : rc;
	}
	if (c->machine)
		bu_diag(ds, BU_NOTE, "L0133", "CO-RE: the types of this machine's kernel are used; --btf FILE "
			"names those of another");
	return rc;
}

struct blamed { struct bu_core_state *c; uint32_t insn; struct bu_core_result res; bool found; };

static int blame_one(void *ctx, struct plan_prog *g, uint32_t ext, uint32_t rec, uint32_t insn)
{
	struct blamed *b = ctx;
	const struct bu_btfext_sec *e = &b->c->p->obj->ext.sec[ext];
	struct bu_core_relo r;

	(void)g;
	if (insn != b->insn)
		return 0;
	read_record(b->c->p->obj, e->core + (size_t)rec * e->core_size, &r);
	b->found = !explain(b->c, &r, &b->res);
	/* A load that would be of the wrong width is found out only when it is patched. */
	if (b->found && !b->res.poison && b->res.bad_width)
		b->res.why = bu_arena_printf(&b->c->p->arena, "its size is %u bytes in the object and %u here, "
					     "and it is no pointer or unsigned number", b->res.old_size,
					     b->res.new_size);
	return 0;
}

struct bu_diag *bu_core_blame(const struct bu_plan *p, unsigned prog, int64_t insn, struct bu_diags *ds)
{
	struct plan_prog *g = &p->priv->progs[prog];
	struct blamed b = { .c = p->priv->core };
	struct bu_diag *d;

	if (!b.c || insn < 0 || insn >= g->code.ninsns || g->code.insn[insn].code != BU_OP_CALL ||
	    g->code.insn[insn].imm != BU_CORE_POISON)
		return NULL;
	b.insn = (uint32_t)insn;
	each_record(b.c->p, g, blame_one, &b);
	if (!b.found)
		return NULL;
	d = bu_diag(ds, BU_ERROR, "L0134", "program %s uses %s, which %s have not: %s",
		    p->obj->progs[g->prog].name, b.res.what ? b.res.what : "?", target_name(b.c),
		    b.res.why ? b.res.why : "?");
	bu_core_where(p, &g->code, line_of_use(p, &g->code, b.insn, b.res.what), ds, d);
	if (b.res.near)
		bu_diag_note(ds, d, "did you mean \"%s\"?", b.res.near);
	bu_diag_help(ds, d, "the source can ask for it with bpf_core_field_exists() or "
		     "bpf_core_type_exists() before it is used");
	return d;
}
