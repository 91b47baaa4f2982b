// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which programs load, as what, and where they attach. */
#include <string.h>

#include "load/priv.h"

#define CANDIDATES_SHOWN 8

static const char *sec_name(const struct bu_obj *o, const struct bu_obj_prog *g)
{
	return g->sec < o->nsecs ? o->secs[g->sec].name : "?";
}

static const char *type_name(uint32_t type)
{
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, type);

	return k ? k->name : "unknown";
}

/* Does a section's target name the same as an option's? CATEGORY/NAME is CATEGORY:NAME. */
static bool same_target(enum bu_hook hook, struct bu_str sec, const char *text)
{
	struct bu_str want = bu_attach_target(text), tail;
	const char *cut;

	if (hook != BU_HOOK_TRACEPOINT || !(cut = memchr(want.p, memchr(want.p, ':', want.n) ? ':' : '/', want.n)))
		return sec.n == want.n && memcmp(sec.p, want.p, want.n) == 0;
	/* CATEGORY/NAME, CATEGORY:NAME, and bcc's CATEGORY__NAME */
	tail = bu_str(cut + 1, (size_t)(want.p + want.n - cut - 1));
	want.n = (size_t)(cut - want.p);
	if (sec.n <= want.n + tail.n || memcmp(sec.p, want.p, want.n) != 0)
		return false;
	sec = bu_str(sec.p + want.n, sec.n - want.n);
	if (sec.n == tail.n + 1 ? sec.p[0] != '/' && sec.p[0] != ':' : sec.n != tail.n + 2 || memcmp(sec.p, "__", 2))
		return false;
	return memcmp(sec.p + sec.n - tail.n, tail.p, tail.n) == 0;
}

/* What the section expects holds unless the option attaches it elsewhere. */
static uint32_t expected(const struct bu_secdef *def, enum bu_hook hook)
{
	uint32_t t = def && (hook == BU_HOOK_NONE || hook == def->hook) ? def->attach_type
									: bu_hook_attach_type(hook);

	return t == BU_NO_ATTACH_TYPE ? 0 : t;
}

int bu_plan_add_prog(struct bu_plan *p, uint32_t prog, uint32_t type, enum bu_hook hook,
		     struct bu_diags *ds)
{
	struct bu_plan_priv *v = p->priv;
	const struct bu_obj_prog *g = &p->obj->progs[prog];
	const struct bu_secdef *def = g->def;
	uint32_t attach_type = expected(def, hook);
	struct plan_prog *n;
	struct bu_diag *d;

	if (def && def->prog_type != type) {
		d = bu_diag(ds, BU_ERROR, "L0105",
			    "program %s is of type %s by its section %s, and %s takes type %s",
			    g->name, type_name(def->prog_type), sec_name(p->obj, g),
			    hook == BU_HOOK_NONE ? "who calls it" : bu_hook_name(hook),
			    type_name(type));
		bu_diag_note(ds, d, "the two types get different contexts");
		return -EINVAL;
	}
	for (unsigned i = 0; i < v->nprogs; i++) {
		if (v->progs[i].prog != prog)
			continue;
		if (v->progs[i].type == type && (hook == BU_HOOK_NONE || v->progs[i].attach_type == attach_type))
			return (int)i;
		if (v->progs[i].type == type) /* expected elsewhere: loads once more */
			continue;
		bu_diag(ds, BU_ERROR, "L0105",
			"program %s cannot be attached as type %s and as type %s", g->name,
			type_name(v->progs[i].type), type_name(type));
		return -EINVAL;
	}
	v->progs = bu_arena_grow(&p->arena, v->progs, v->nprogs, &v->capprogs, sizeof(*v->progs));
	if (!v->progs)
		return -ENOMEM;
	n = &v->progs[v->nprogs];
	*n = (struct plan_prog){ .prog = prog, .type = type, .attach_type = attach_type };
	bu_plan_kname(n->kname, g->name);
	if (def) {
		n->flags = (def->sleepable ? BPF_F_SLEEPABLE : 0) |
			   (def->xdp_frags ? BPF_F_XDP_HAS_FRAGS : 0);
	}
	bu_row_set(p->opts, prog, BU_ROW_PLANNED, type);
	return (int)v->nprogs++;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(const struct bu_attach *a, const struct bu_attach *b)
{
	return a->hook == b->hook && same_text(a->a, b->a) && same_text(a->b, b->b) &&
	       same_text(a->prog, b->prog);
}

/*
 * A program that is loaded for its place is loaded once for each. The index of the one for this place
 * among the plan's programs, or -ENOMEM.
 */
static int place_prog(struct bu_plan *p, unsigned prog, const struct bu_attach *at)
{
	struct bu_plan_priv *v = p->priv;
	struct bu_attach *place;
	unsigned i;

	for (i = 0; i < v->nprogs; i++) {
		const struct plan_prog *g = &v->progs[i];

		if (g->prog == v->progs[prog].prog && g->place && same_place(g->place, at))
			return (int)i;
	}
	place = bu_arena_memdup(&p->arena, at, sizeof(*at));
	if (!place)
		return -ENOMEM;
	i = prog;
	if (v->progs[prog].place) {
		v->progs = bu_arena_grow(&p->arena, v->progs, v->nprogs, &v->capprogs, sizeof(*v->progs));
		if (!v->progs)
			return -ENOMEM;
		i = v->nprogs++;
		v->progs[i] = v->progs[prog];
	}
	v->progs[i].place = place;
	return (int)i;
}

static int add_attach(struct bu_plan *p, unsigned prog, enum bu_hook hook, const char *target,
		      struct bu_diags *ds)
{
	bool placed = bu_attach_btf_want(hook) != NULL;
	struct bu_plan_priv *v = p->priv;
	struct bu_attach at;
	int err = 0;

	if (p->opts->no_attach && !placed)
		return 0;
	err = bu_attach_parse(&at, hook, target, &p->arena, ds);
	if (err)
		return err;
	if (placed) {
		err = place_prog(p, prog, &at);
		if (err < 0)
			return err;
		prog = (unsigned)err;
	}
	if (p->opts->no_attach)
		return 0;
	v->att = bu_arena_grow(&p->arena, v->att, v->natt, &v->capatt, sizeof(*v->att));
	if (!v->att)
		return -ENOMEM;
	v->att[v->natt++] = (struct plan_attach){ .at = at, .prog = prog };
	return 0;
}

int bu_plan_add_attach(struct bu_plan *p, unsigned prog, enum bu_hook hook, const char *target, struct bu_diags *ds)
{
	return add_attach(p, prog, hook, target, ds);
}

/* ---------------------------------------------------------------- --attach */

struct pick { uint32_t first; unsigned n; uint8_t *is; };

static void pick_add(struct pick *k, uint32_t prog)
{
	if (!k->n++)
		k->first = prog;
	k->is[prog] = 1;
}

static void pick_clear(struct pick *k, uint32_t nprogs)
{
	memset(k->is, 0, nprogs);
	k->n = 0;
}

static int ambiguous(const struct bu_plan *p, const struct bu_attach_req *r, const struct pick *k,
		     const char *which, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct bu_diag *d = bu_diag(ds, BU_ERROR, "L0103", "%s: %u programs %s", r->origin, k->n,
				    which);
	struct bu_buf list = { 0 };
	unsigned shown = 0;

	for (uint32_t i = 0; i < o->nprogs && shown < CANDIDATES_SHOWN; i++) {
		if (k->is[i])
			bu_buf_printf(&list, "%s%s (%s)", shown++ ? ", " : "", o->progs[i].name,
				      sec_name(o, &o->progs[i]));
	}
	if (k->n > shown)
		bu_buf_printf(&list, " and %u more", k->n - shown);
	bu_diag_note(ds, d, "candidates: %s", bu_buf_cstr(&list));
	bu_diag_help(ds, d, "name one: --attach %s:%s=%s", bu_hook_name(r->hook), r->target,
		     o->progs[k->first].name);
	bu_buf_free(&list);
	return -EINVAL;
}

static int pick_by_name(struct bu_plan *p, const struct bu_attach_req *r, struct pick *k,
			struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct bu_near near;
	struct bu_diag *d;
	uint32_t hooked = 0;
	unsigned nhooked = 0;

	bu_near_init(&near, r->prog, strlen(r->prog));
	for (uint32_t i = 0; i < o->nprogs; i++) {
		const struct bu_obj_prog *g = &o->progs[i];

		bu_near_feed(&near, g->name);
		if (strcmp(g->name, r->prog) != 0)
			continue;
		pick_add(k, i);
		if (g->def && g->def->hook == r->hook) {
			hooked = i;
			nhooked++;
		}
	}
	/* Static functions of several sections may share a name: then the section decides. */
	if (k->n > 1 && nhooked == 1) {
		pick_clear(k, o->nprogs);
		pick_add(k, hooked);
	}
	if (k->n == 1)
		return 0;
	if (k->n > 1)
		return ambiguous(p, r, k, "are called so", ds);
	d = bu_diag(ds, BU_ERROR, "L0102", "%s: %s has no program \"%s\"", r->origin, o->path,
		    r->prog);
	if (near.best)
		bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
	return -EINVAL;
}

/*
 * Programs whose section has another name for the hook (tc/ingress for tcx/ingress), else those of its type,
 * where the section names no target.
 */
static void pick_by_type(const struct bu_obj *o, enum bu_hook hook, struct pick *k)
{
	uint32_t type = bu_hook_prog_type(hook), attach = bu_hook_attach_type(hook);

	for (int exact = attach != BU_NO_ATTACH_TYPE; exact >= 0 && !k->n; exact--) {
		for (uint32_t i = 0; i < o->nprogs; i++) {
			const struct bu_obj_prog *g = &o->progs[i];

			if (g->def && !g->target.n && g->def->prog_type == type &&
			    (!exact || g->def->attach_type == attach))
				pick_add(k, i);
		}
	}
}

/*
 * Without a name: the section that names type and target; else the one that names the type and no
 * target ("xdp" names no device); else the only program there is.
 */
static int pick_by_section(struct bu_plan *p, const struct bu_attach_req *r, struct pick *k,
			   struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;

	for (uint32_t i = 0; i < o->nprogs; i++) {
		const struct bu_obj_prog *g = &o->progs[i];

		if (g->def && g->def->hook == r->hook && same_target(r->hook, g->target, r->target))
			pick_add(k, i);
	}
	if (k->n > 1)
		return ambiguous(p, r, k, "have a section that names this type and target", ds);
	if (k->n)
		return 0;
	for (uint32_t i = 0; i < o->nprogs; i++) {
		const struct bu_obj_prog *g = &o->progs[i];

		if (g->def && g->def->hook == r->hook && !g->target.n)
			pick_add(k, i);
	}
	if (k->n > 1)
		return ambiguous(p, r, k, "have a section that names this type", ds);
	if (k->n)
		return 0;
	pick_by_type(o, r->hook, k);
	if (k->n > 1)
		return ambiguous(p, r, k, "are of this type, and no section names it", ds);
	if (k->n)
		return 0;
	for (uint32_t i = 0; i < o->nprogs; i++)
		pick_add(k, i);
	if (k->n > 1)
		return ambiguous(p, r, k, "could be meant, and no section names this type and target",
				 ds);
	return 0;
}

static int select_requested(struct bu_plan *p, struct bu_diags *ds)
{
	struct pick k = { .is = bu_arena_alloc(&p->arena, p->obj->nprogs) };
	int rc = 0, err, prog;

	if (!k.is)
		return -ENOMEM;
	for (unsigned i = 0; i < p->opts->nattaches; i++) {
		const struct bu_attach_req *r = &p->opts->attaches[i];
		struct bu_diag *mark = ds->last;

		if (r->hook == BU_HOOK_STRUCT_OPS) {
			err = bu_plan_ops_named(p, r, ds);
			rc = err ? err : rc;
			continue;
		}
		pick_clear(&k, p->obj->nprogs);
		err = r->prog ? pick_by_name(p, r, &k, ds) : pick_by_section(p, r, &k, ds);
		if (!err) {
			prog = bu_plan_add_prog(p, k.first, bu_hook_prog_type(r->hook), r->hook, ds);
			err = prog < 0 ? prog : 0;
		}
		if (!err && r->sleepable)
			p->priv->progs[prog].flags |= BPF_F_SLEEPABLE;
		if (!err)
			err = add_attach(p, (unsigned)prog, r->hook, r->target, ds);
		if (k.n == 1)
			err = bu_load_spare(p->opts, k.first, BU_ROW_FAILED, err, mark, ds);
		if (err)
			rc = err;
	}
	return rc;
}

/* ---------------------------------------------------------------- by sections alone */

static int not_attachable(const struct bu_plan *p, const struct bu_obj_prog *g, const char *why,
			  struct bu_diags *ds)
{
	const char *sec = sec_name(p->obj, g);
	struct bu_diag *d = bu_diag(ds, BU_ERROR, "L0104",
				    "program %s cannot be attached: its section \"%s\" %s", g->name,
				    sec, why);

	if (g->def && g->def->hook != BU_HOOK_NONE)
		bu_diag_help(ds, d, "say where: --attach %s:TARGET=%s", bu_hook_name(g->def->hook),
			     g->name);
	else if (!g->def)
		bu_diag_help(ds, d, "say what it is: --attach TYPE:TARGET=%s", g->name);
	else
		bu_diag_help(ds, d, "--no-attach loads without attaching");
	return -EINVAL;
}

/* An element of a program array: it is called by tail call. *by_section: its section says so. */
static bool is_tail(const struct bu_obj *o, uint32_t prog, bool *by_section)
{
	bool found = false;

	for (uint32_t i = 0; i < o->nslots; i++) {
		if (!o->slots[i].is_prog || o->slots[i].target != prog)
			continue;
		found = true;
		*by_section |= o->slots[i].by_section;
	}
	return found;
}

static int select_by_section(struct bu_plan *p, uint32_t i, bool named, struct bu_diags *ds)
{
	const struct bu_obj_prog *g = &p->obj->progs[i];
	bool by_section = false, attach = !p->opts->no_attach;
	int prog;

	if (p->opts->attach_if && (!g->def || g->def->hook == BU_HOOK_NONE ||
				   !g->target.n))
		attach = false;
	/* Loads with the programs that use its array, unless its section attaches it as well. */
	if (!named && is_tail(p->obj, i, &by_section) &&
	    (!g->def || (attach &&
			 (by_section || g->def->hook == BU_HOOK_NONE || !g->target.n))))
		return 0;
	if (g->def && g->def->prog_type == BPF_PROG_TYPE_STRUCT_OPS) {
		prog = bu_plan_ops_member(p, i, ds);
		return prog < 0 ? prog : 0;
	}
	if (!g->def) {
		if (attach)
			return not_attachable(p, g, "names no program type", ds);
		prog = bu_plan_add_prog(p, i, BPF_PROG_TYPE_UNSPEC, BU_HOOK_NONE, ds);
		return prog < 0 ? prog : bu_plan_guess(p, &p->priv->progs[prog]);
	}
	if (attach && g->def->hook == BU_HOOK_NONE)
		return not_attachable(p, g, "is of a type that bpf-ld does not attach", ds);
	if (!g->target.n && !bu_attach_no_target(g->def->hook) &&
	    (attach || bu_attach_btf_want(g->def->hook)))
		return not_attachable(p, g, "names no target", ds);
	prog = bu_plan_add_prog(p, i, g->def->prog_type, g->def->hook, ds);
	if (prog < 0)
		return prog;
	if (p->opts->attach_if && !attach)
		return 0;
	return add_attach(p, (unsigned)prog, g->def->hook,
			  bu_arena_strndup(&p->arena, g->target.p, g->target.n), ds);
}

/* ---------------------------------------------------------------- --only */

/* Marks what --only names; only is NULL without such an option. */
static int find_only(struct bu_plan *p, bool **only, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	int rc = 0;

	*only = NULL;
	if (!p->opts->nonly)
		return 0;
	*only = bu_arena_array(&p->arena, o->nprogs, sizeof(**only));
	if (!*only)
		return -ENOMEM;
	for (unsigned i = 0; i < p->opts->nonly; i++) {
		const char *name = p->opts->only[i];
		struct bu_near near;
		bool found = false;
		struct bu_diag *d;

		bu_near_init(&near, name, strlen(name));
		for (uint32_t k = 0; k < o->nprogs; k++) {
			bu_near_feed(&near, o->progs[k].name);
			if (strcmp(o->progs[k].name, name) == 0)
				(*only)[k] = found = true;
		}
		if (found)
			continue;
		d = bu_diag(ds, BU_ERROR, "L0102", "--only %s: %s has no such program", name, o->path);
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		rc = -EINVAL;
	}
	return rc;
}

/* With --attach, the others that --only names are loaded beside, and not attached. */
static int select_beside(struct bu_plan *p, uint32_t i, struct bu_diags *ds)
{
	const struct bu_obj_prog *g = &p->obj->progs[i];
	int prog;

	for (unsigned k = 0; k < p->priv->nprogs; k++)
		if (p->priv->progs[k].prog == i)
			return 0;
	prog = bu_plan_add_prog(p, i, g->def ? g->def->prog_type : BPF_PROG_TYPE_UNSPEC, BU_HOOK_NONE, ds);
	return prog < 0 ? prog : g->def ? 0 : bu_plan_guess(p, &p->priv->progs[prog]);
}

int bu_plan_select(struct bu_plan *p, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct bu_diag *d;
	bool *only;
	int rc = 0;

	if (!o->nprogs) {
		d = bu_diag(ds, BU_ERROR, "L0101", "%s holds no program", o->path);
		if (o->nfuncs)
			bu_diag_note(ds, d, "functions in .text are called by programs; a program "
				     "stands in a section that names its type, such as xdp or "
				     "tracepoint/sched/sched_switch");
		return -EINVAL;
	}
	rc = find_only(p, &only, ds);
	if (rc)
		return rc;
	if (p->opts->nattaches)
		rc = select_requested(p, ds);
	for (uint32_t i = 0; i < o->nprogs && (only || !p->opts->nattaches); i++) {
		struct bu_diag *mark = ds->last;
		int err;

		if (only ? !only[i] : !o->progs[i].autoload)
			continue;
		err = p->opts->nattaches ? select_beside(p, i, ds) : select_by_section(p, i, only, ds);
		err = bu_load_spare(p->opts, i, BU_ROW_FAILED, err, mark, ds);
		if (err)
			rc = err;
	}
	if (!rc)
		rc = bu_plan_ops_attach(p, ds);
	if (!rc && !p->priv->nprogs && !bu_rows_whole(p->opts->rows)) {
		bu_diag(ds, BU_ERROR, "L0101", "none of the programs of %s can be loaded", o->path);
		return -EINVAL;
	}
	if (!rc && !p->priv->nprogs) {
		d = bu_diag(ds, BU_ERROR, "L0101", "no program of %s loads by itself", o->path);
		bu_diag_help(ds, d, "name one: --attach TYPE:TARGET=%s, or --only %s", o->progs[0].name,
			     o->progs[0].name);
		return -EINVAL;
	}
	return rc;
}
