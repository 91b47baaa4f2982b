// SPDX-License-Identifier: LGPL-2.1-or-later
/* The plan: every decision first, then the list of actions. */
#include <stdio.h>
#include <string.h>

#include "load/kpriv.h"

const char *bu_action_name(enum bu_action_kind k)
{
	static const char *const names[] = {
		[BU_DO_BTF_LOAD] = "btf_load",     [BU_DO_MAP_CREATE] = "map_create",
		[BU_DO_MAP_USE] = "map_use",       [BU_DO_MAP_FILL] = "map_fill",
		[BU_DO_MAP_FREEZE] = "map_freeze", [BU_DO_PROG_LOAD] = "prog_load",
		[BU_DO_SLOT] = "map_slot",         [BU_DO_PLACE] = "find_place",
		[BU_DO_ATTACH] = "attach",         [BU_DO_PIN] = "pin",
	};

	return names[k];
}

static void act(struct bu_plan *p, enum bu_action_kind kind, uint32_t index, const char *fmt, ...)
	BU_PRINTF(4, 5);
static void act(struct bu_plan *p, enum bu_action_kind kind, uint32_t index, const char *fmt, ...)
{
	va_list ap;
	struct bu_action *v;

	v = bu_arena_grow(&p->arena, p->act, p->nact, &p->priv->capact, sizeof(*v));
	if (!v)
		return;
	p->act = v;
	va_start(ap, fmt);
	v[p->nact++] = (struct bu_action){
		.kind = kind, .index = index, .text = bu_arena_vprintf(&p->arena, fmt, ap),
	};
	va_end(ap);
}

/* ---------------------------------------------------------------- what the object asks of here */

static int check_target(const struct bu_obj *o, struct bu_diags *ds)
{
	enum bu_arch host = bu_arch_host();
	struct bu_diag *d;

	if (o->be != BU_HOST_BE) {
		d = bu_diag(ds, BU_ERROR, "L0106", "%s is %s endian, and this machine is not", o->path,
			    o->be ? "big" : "little");
		bu_diag_help(ds, d, "compile it for this one: --target=%s", o->be ? "bpfel" : "bpfeb");
		return -EINVAL;
	}
	if (o->arch < 0 || o->arch == (int)host)
		return 0;
	d = bu_diag(ds, BU_ERROR, "L0106", "%s was assembled for %s, and this machine is %s",
		    o->path, o->arch < BU_NARCH ? bu_arch_name((enum bu_arch)o->arch) : "another",
		    host < BU_NARCH ? bu_arch_name(host) : "another");
	bu_diag_note(ds, d, "its source uses fields of pt_regs, which lie elsewhere on each "
		     "architecture");
	if (host < BU_NARCH)
		bu_diag_help(ds, d, "assemble it for this machine: bpf-as -march=%s",
			     bu_arch_name(host));
	return -EINVAL;
}

/* ---------------------------------------------------------------- programs */

/*
 * Every function of the program must be described, else the kernel takes none of it. Lines are needed at the start of
 * each, or there are none.
 */
static bool whole_info(struct bu_code *c)
{
	uint32_t f = 0, l = 0;

	if (!c->nparts || c->nfunc != c->nparts)
		return false;
	for (uint32_t i = 0; i < c->nparts; i++) {
		uint32_t start = c->part[i].start;

		while (f < c->nfunc && c->func[f].insn_off < start)
			f++;
		while (l < c->nline && c->line[l].insn_off < start)
			l++;
		if (f >= c->nfunc || c->func[f].insn_off != start)
			return false;
		if (l >= c->nline || c->line[l].insn_off != start)
			c->nline = 0;
	}
	return true;
}

/* Programs in the arrays that a program's code names load with it: it may tail-call them. */
static int add_tails(struct bu_plan *p, unsigned i, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	int rc = 0;

	for (uint32_t r = 0; r < p->priv->progs[i].code.nrefs; r++) {
		const struct bu_ref *ref = &p->priv->progs[i].code.ref[r];

		if (ref->kind != BU_REF_MAP && ref->kind != BU_REF_LOCAL_ID)
			continue;
		for (uint32_t k = 0; k < o->nslots; k++) {
			const struct bu_obj_slot *t = &o->slots[k];
			int prog;

			if (!t->is_prog || t->map != ref->map || t->target >= o->nprogs)
				continue;
			prog = bu_plan_add_prog(p, t->target, p->priv->progs[i].type, BU_HOOK_NONE,
						ds);
			if (prog >= 0 && !o->progs[t->target].def) { /* a guess like its caller's */
				p->priv->progs[prog].cand = p->priv->progs[i].cand;
				p->priv->progs[prog].ncand = p->priv->progs[i].ncand;
			}
			rc = prog < 0 ? prog : rc;
		}
	}
	return rc;
}

/* Links each program that loads; the list grows by those that they tail-call. */
static int link_programs(struct bu_plan *p, struct bu_diags *ds)
{
	int rc = 0;

	for (unsigned i = 0; i < p->priv->nprogs; i++) {
		struct plan_prog *g = &p->priv->progs[i];
		struct bu_diag *mark = ds->last;
		int err = bu_obj_link(p->obj, g->prog, &p->arena, &g->code, ds);

		g->info = !err && whole_info(&g->code);
		if (!err)
			err = add_tails(p, i, ds);
		err = bu_plan_spare(p, i, err, mark, ds);
		if (err)
			rc = err;
	}
	return rc;
}

/* ---------------------------------------------------------------- the list */

static void act_map(struct bu_plan *p, unsigned i)
{
	const struct plan_map *m = &p->priv->maps[i];
	const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types, m->type);

	if (m->where)
		act(p, BU_DO_MAP_USE, i, "use map %s: %s", m->name, m->where);
	else
		act(p, BU_DO_MAP_CREATE, i, "create map %s: %s, key %uB, value %uB, max_entries "
		    "%u%s%s%s", m->name, k ? k->name : "?", m->key_size, m->value_size,
		    m->max_entries, m->note ? " (" : "", m->note ? m->note : "",
		    m->note ? ")" : "");
	if (m->data)
		act(p, BU_DO_MAP_FILL, i, "fill map %s: %u byte%s%s%s", m->name, m->value_size,
		    m->value_size == 1 ? "" : "s", m->vars ? ", " : "", m->vars ? m->vars : "");
	else if (m->nfill)
		act(p, BU_DO_MAP_FILL, i, "fill map %s: %zu entr%s", m->name, m->nfill,
		    m->nfill == 1 ? "y" : "ies");
	if (!m->where && m->def->frozen)
		act(p, BU_DO_MAP_FREEZE, i, "freeze map %s", m->name);
}

static void act_prog(struct bu_plan *p, unsigned i)
{
	const struct plan_prog *g = &p->priv->progs[i];
	const struct bu_obj_prog *def = &p->obj->progs[g->prog];
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, g->type);

	if (g->dead)
		return;
	if (g->place)
		act(p, BU_DO_PLACE, i, "find %s:%s in type information", bu_hook_name(g->place->hook),
		    g->place->target);
	act(p, BU_DO_PROG_LOAD, i, "load program %s: %s%s, %u instruction%s, section %s", def->name,
	    k ? k->name : "?", g->ncand ? " (a guess)" : "", g->code.ninsns,
	    g->code.ninsns == 1 ? "" : "s",
	    def->sec < p->obj->nsecs ? p->obj->secs[def->sec].name : "?");
}

static void act_slots(struct bu_plan *p, bool progs)
{
	struct bu_plan_priv *v = p->priv;

	for (unsigned i = 0; i < v->nslots; i++) {
		const struct plan_slot *t = &v->slots[i];

		if (t->is_prog == progs && !(progs && v->progs[t->target].dead))
			act(p, BU_DO_SLOT, i, "set map %s[%u] to %s %s", v->maps[t->map].name,
			    t->index, progs ? "program" : "map",
			    progs ? p->obj->progs[v->progs[t->target].prog].name
				  : v->maps[t->target].name);
	}
}

static bool pin_dead(const struct bu_plan_priv *v, const struct plan_pin *pin)
{
	return pin->kind == PIN_PROG ? v->progs[pin->index].dead :
	       pin->kind == PIN_LINK ? v->progs[v->att[pin->index].prog].dead : false;
}

static void act_pins(struct bu_plan *p, bool links)
{
	static const char *const kinds[] = { "map", "program", "link" };
	struct bu_plan_priv *v = p->priv;

	for (unsigned i = 0; i < v->npins; i++) {
		const struct plan_pin *pin = &v->pins[i];
		const char *name;

		if ((pin->kind == PIN_LINK) != links || pin_dead(v, pin))
			continue;
		if (pin->kind == PIN_MAP)
			name = v->maps[pin->index].name;
		else if (pin->kind == PIN_PROG)
			name = p->obj->progs[v->progs[pin->index].prog].name;
		else
			name = p->obj->progs[v->progs[v->att[pin->index].prog].prog].name;
		act(p, BU_DO_PIN, i, "pin %s %s%s at %s", kinds[pin->kind], links ? "of " : "", name,
		    pin->path);
	}
}

static void list_actions(struct bu_plan *p)
{
	struct bu_plan_priv *v = p->priv;

	if (v->btf)
		act(p, BU_DO_BTF_LOAD, 0, "load BTF: %zu bytes", v->btf_size);
	for (unsigned i = 0; i < v->nmaps; i++)
		act_map(p, i);
	act_slots(p, false);
	for (unsigned i = 0; i < v->nprogs; i++)
		act_prog(p, i);
	act_slots(p, true);
	/* Attaching is what others notice: what may fail comes before it. */
	act_pins(p, false);
	for (unsigned i = 0; i < v->natt; i++)
		if (!v->progs[v->att[i].prog].dead)
			act(p, BU_DO_ATTACH, i, "attach program %s to %s:%s",
		    p->obj->progs[v->progs[v->att[i].prog].prog].name,
		    bu_hook_name(v->att[i].at.hook), v->att[i].at.target);
	act_pins(p, true);
}

int bu_plan_spare(struct bu_plan *p, unsigned i, int err, struct bu_diag *mark, struct bu_diags *ds)
{
	struct plan_prog *g = &p->priv->progs[i];

	if (!err)
		return 0;
	err = bu_load_spare(p->opts, g->prog, BU_ROW_FAILED, err, mark, ds);
	if (!err) {
		g->dead = true;
		memset(&g->code, 0, sizeof(g->code));
	}
	return err;
}

static int all_dead(const struct bu_plan *p, struct bu_diags *ds)
{
	const struct bu_rows *rows = p->opts->rows;
	int err = 0;

	for (unsigned i = 0; i < p->priv->nprogs; i++)
		if (!p->priv->progs[i].dead)
			return 0;
	for (uint32_t i = 0; rows && i < rows->n && !err; i++)
		err = rows->v[i].err;
	bu_diag(ds, BU_ERROR, "L0101", "none of the programs of %s can be loaded", p->obj->path);
	return err ? err : -EINVAL;
}

int bu_plan_make(struct bu_plan *p, const struct bu_obj *obj, const struct bu_load_opts *opts,
		 struct bu_sys *s, struct bu_diags *ds)
{
	int err;

	memset(p, 0, sizeof(*p));
	bu_arena_init(&p->arena);
	p->obj = obj;
	p->opts = opts;
	p->priv = bu_arena_alloc(&p->arena, sizeof(*p->priv));
	if (!p->priv)
		return -ENOMEM;
	err = bu_kbtf_new(&p->priv->kbtf, s, opts->btf, ds);
	if (!err)
		err = check_target(obj, ds);
	if (!err)
		err = bu_plan_select(p, ds);
	if (!err)
		err = link_programs(p, ds);
	if (!err)
		err = bu_plan_core(p, ds);
	if (!err)
		err = bu_plan_ksyms(p, s, ds);
	if (!err)
		err = bu_plan_maps(p, s, ds);
	if (!err)
		err = all_dead(p, ds);
	if (!err)
		err = bu_plan_slots(p);
	if (!err)
		err = bu_plan_fill(p, ds);
	if (!err)
		err = bu_plan_btf(p, ds);
	if (!err)
		err = bu_plan_pins(p, ds);
	if (err)
		return err;
	list_actions(p);
	return bu_arena_failed(&p->arena) ? -ENOMEM : 0;
}

void bu_plan_free(struct bu_plan *p)
{
	if (p->priv)
		bu_kbtf_free(p->priv->kbtf);
	bu_arena_free(&p->arena);
	memset(p, 0, sizeof(*p));
}
