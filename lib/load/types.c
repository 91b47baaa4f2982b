// SPDX-License-Identifier: LGPL-2.1-or-later
/* What type a program is of when its section does not tell: --type, else what the loader tries. */
#include <string.h>

#include "load/priv.h"

int bu_type_req_parse(struct bu_type_req *r, const char *text, struct bu_arena *a, struct bu_diags *ds)
{
	const char *eq = strchr(text, '='), *word = eq ? eq + 1 : text;
	struct bu_near near;
	struct bu_diag *d;

	memset(r, 0, sizeof(*r));
	r->origin = bu_arena_printf(a, "--type %s", text);
	r->prog = eq ? bu_arena_strndup(a, text, (size_t)(eq - text)) : NULL;
	if (bu_arena_failed(a))
		return -ENOMEM;
	if (eq == text || !word[0]) {
		bu_diag(ds, BU_ERROR, "L0001", "--type \"%s\" is not TYPE or PROGRAM=TYPE", text);
		return -EINVAL;
	}
	r->def = bu_secdef_named(bu_str_c(word));
	if (r->def)
		return 0;
	d = bu_diag(ds, BU_ERROR, "L0001", "--type: there is no program type \"%s\"", word);
	bu_near_init(&near, word, strlen(word));
	for (unsigned i = 0; i < bu_nsecdefs; i++)
		bu_near_feed(&near, bu_secdefs[i].prefix);
	for (unsigned i = 0; i < bu_nprog_types; i++)
		bu_near_feed(&near, bu_prog_types[i].name);
	if (near.best)
		bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
	else
		bu_diag_help(ds, d, "a section name such as tc or cgroup/connect4, or a program type such as "
			     "sched_cls");
	return -EINVAL;
}

int bu_types_apply(struct bu_obj *o, const struct bu_type_req *r, unsigned n, struct bu_diags *ds)
{
	int rc = 0;

	/* Those that name a program come last, and count. */
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < n; i++) {
			struct bu_near near;
			bool found = false;

			if (!r[i].prog != !round)
				continue;
			bu_near_init(&near, r[i].prog ? r[i].prog : "", r[i].prog ? strlen(r[i].prog) : 0);
			for (uint32_t k = 0; k < o->nprogs; k++) {
				struct bu_obj_prog *g = &o->progs[k];

				if (r[i].prog) {
					bu_near_feed(&near, g->name);
					if (strcmp(g->name, r[i].prog) != 0)
						continue;
				}
				found = true;
				/* A target is one of the hook that the section names. */
				if (!g->def || g->def->hook != r[i].def->hook)
					g->target = bu_str("", 0);
				g->def = r[i].def;
			}
			if (!found && r[i].prog) {
				struct bu_diag *d = bu_diag(ds, BU_ERROR, "L0102", "%s: %s has no program "
							    "\"%s\"", r[i].origin, o->path, r[i].prog);

				if (near.best)
					bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
				rc = -EINVAL;
			}
		}
	}
	return rc;
}

static const char *section_of(const struct bu_obj *o, const struct bu_obj_prog *g)
{
	return g->sec < o->nsecs ? o->secs[g->sec].name : "";
}

static unsigned add(const struct bu_secdef *d, const struct bu_secdef **v, unsigned n)
{
	if (!d || n >= BU_GUESS_MAX || d->prog_type == BPF_PROG_TYPE_TRACING ||
	    d->prog_type == BPF_PROG_TYPE_EXT || d->prog_type == BPF_PROG_TYPE_LSM ||
	    d->prog_type == BPF_PROG_TYPE_STRUCT_OPS)
		return n;
	for (unsigned i = 0; i < n; i++)
		if (v[i] == d || (v[i]->prog_type == d->prog_type && v[i]->attach_type == d->attach_type))
			return n;
	v[n] = d;
	return n + 1;
}

int bu_plan_guess(struct bu_plan *p, struct plan_prog *g)
{
	const struct bu_obj *o = p->obj;
	const struct bu_obj_prog *def = &o->progs[g->prog];
	const struct bu_secdef **v = bu_arena_array(&p->arena, BU_GUESS_MAX, sizeof(*v));
	unsigned n;

	if (!v)
		return -ENOMEM;
	n = bu_secdef_guess(bu_str_c(section_of(o, def)), v, 0, BU_GUESS_MAX / 2);
	n = bu_secdef_guess(bu_str_c(def->name), v, n, BU_GUESS_MAX / 2);
	/* Programs of one object are mostly of one kind. */
	for (uint32_t i = 0; i < o->nprogs && n < BU_GUESS_MAX / 2 + 2; i++)
		n = add(o->progs[i].def, v, n);
	for (uint32_t i = 0; i < o->nprogs && n < BU_GUESS_MAX / 2 + 2; i++)
		if (!o->progs[i].def)
			n = bu_secdef_guess(bu_str_c(section_of(o, &o->progs[i])), v, n,
					    BU_GUESS_MAX / 2 + 2);
	for (unsigned i = 0; bu_secdef_common(i); i++)
		n = add(bu_secdef_common(i), v, n);
	g->cand = v;
	g->ncand = n;
	g->type = v[0]->prog_type;
	g->attach_type = v[0]->attach_type == BU_NO_ATTACH_TYPE ? 0 : v[0]->attach_type;
	return 0;
}
