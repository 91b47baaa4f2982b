// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where what is made is pinned: all in one directory by names of its own, or each where who asks wants it. */
#include <stdio.h>
#include <string.h>

#include "load/priv.h"

static int add_pin(struct bu_plan *p, enum plan_pin_kind kind, uint32_t index, const char *path,
		   const char *what, struct bu_diags *ds)
{
	struct bu_plan_priv *v = p->priv;

	if (!path)
		return -ENOMEM;
	if (bu_hash_get(&v->pinned, path, strlen(path))) {
		bu_diag(ds, BU_ERROR, "L0113", "%s would be pinned where another object "
			"goes: %s", what, path);
		return -EEXIST;
	}
	if (bu_hash_put(&v->pinned, path, strlen(path), (void *)path))
		return -ENOMEM;
	v->pins = bu_arena_grow(&p->arena, v->pins, v->npins, &v->cappins, sizeof(*v->pins));
	if (!v->pins)
		return -ENOMEM;
	v->pins[v->npins++] = (struct plan_pin){ .kind = kind, .index = index, .path = path };
	return 0;
}

/* A name in bpffs: no dot (the kernel keeps those for itself) and no slash. */
static const char *path_in(struct bu_plan *p, const char *dir, const char *name, const char *suffix)
{
	size_t n = strlen(dir);
	char *s, *base;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	s = bu_arena_printf(&p->arena, "%.*s/%s%s", (int)n, dir, name, suffix);
	if (!s)
		return NULL;
	base = s + n + 1;
	for (; *base; base++) {
		if (*base == '.' || *base == '/')
			*base = '_';
	}
	return s;
}

const char *bu_plan_pin_path(struct bu_plan *p, const char *name, const char *suffix)
{
	while (*name == '.')
		name++;
	return path_in(p, p->opts->pin_dir, name, suffix);
}

/* How many programs of that name there are so far, this one included; 0: out of memory. */
static uintptr_t count_name(struct bu_plan_priv *v, const char *name)
{
	uintptr_t n = (uintptr_t)bu_hash_get(&v->named, name, strlen(name)) + 1;

	return bu_hash_put(&v->named, name, strlen(name), (void *)n) ? 0 : n;
}

/* "_link", "_link2" …; "", "_2" … */
static void pin_suffix(char out[24], const char *word, unsigned nth)
{
	if (nth > 1)
		snprintf(out, 24, "%s%s%u", word, *word ? "" : "_", nth);
	else
		snprintf(out, 24, "%s", word);
}

/* Global data goes by its section without the dot, unless a program or map is called so. */
static const char *map_pin_name(struct bu_plan *p, const char *name)
{
	const struct bu_plan_priv *v = p->priv;
	bool taken = false;

	if (name[0] != '.')
		return name;
	for (unsigned i = 0; i < v->nprogs; i++)
		taken |= strcmp(p->obj->progs[v->progs[i].prog].name, name + 1) == 0;
	for (unsigned i = 0; i < v->nmaps; i++)
		taken |= strcmp(v->maps[i].name, name + 1) == 0;
	return taken ? bu_arena_printf(&p->arena, "_%s", name + 1) : name;
}

/* Global data goes by the name that the kernel shows. */
static int pin_maps(struct bu_plan *p, struct bu_diags *ds)
{
	struct bu_plan_priv *v = p->priv;
	int rc = 0, err;

	for (unsigned i = 0; i < v->nmaps; i++) {
		const struct plan_map *m = &v->maps[i];

		if (m->by_name || m->reused)
			continue;
		err = add_pin(p, PIN_MAP, i, path_in(p, p->opts->pin_maps, m->name[0] == '.' ? m->kname : m->name, ""),
			      m->name, ds);
		rc = err ? err : rc;
	}
	return rc;
}

static int attachment_of(const struct bu_plan_priv *v, unsigned prog)
{
	for (unsigned i = 0; i < v->natt; i++)
		if (v->att[i].prog == prog)
			return (int)i;
	return -1;
}

/* A program that is attached lives in its link, which is what is pinned then. */
static int pin_progs(struct bu_plan *p, struct bu_diags *ds)
{
	struct bu_plan_priv *v = p->priv;
	int rc = 0, err;

	for (unsigned i = 0; i < v->nprogs; i++) {
		const struct bu_obj_prog *g = &p->obj->progs[v->progs[i].prog];
		const char *path = p->opts->pin_one ? p->opts->pin_progs : path_in(p, p->opts->pin_progs, g->name, "");
		int att = attachment_of(v, i);

		/* Members of a struct that is attached live in its map. */
		if (g->def && g->def->prog_type == BPF_PROG_TYPE_STRUCT_OPS && v->natt)
			continue;
		/* What one program brings along by tail calls lives in its array. */
		if (p->opts->pin_one && i)
			break;
		err = add_pin(p, att < 0 ? PIN_PROG : PIN_LINK, att < 0 ? i : (unsigned)att, path, g->name, ds);
		rc = err ? err : rc;
	}
	for (unsigned i = 0; i < v->natt; i++) {
		const struct bu_attach *at = &v->att[i].at;

		if (at->hook != BU_HOOK_STRUCT_OPS)
			continue;
		err = add_pin(p, PIN_LINK, i, path_in(p, p->opts->pin_progs, at->a, ""), at->a, ds);
		rc = err ? err : rc;
	}
	return rc;
}

static int pin_all(struct bu_plan *p, struct bu_diags *ds)
{
	struct bu_plan_priv *v = p->priv;
	unsigned *links;
	int rc = 0, err;

	for (unsigned i = 0; i < v->nmaps; i++) {
		const struct plan_map *m = &v->maps[i];

		if (m->by_name)
			rc = add_pin(p, PIN_MAP, i, m->by_name, m->name, ds);
		if (rc)
			return rc;
	}
	if (p->opts->pin_maps)
		rc = pin_maps(p, ds);
	if (p->opts->pin_progs && !rc)
		rc = pin_progs(p, ds);
	if (!p->opts->pin_dir || rc)
		return rc;
	for (unsigned i = 0; i < v->nmaps; i++) {
		const char *name = map_pin_name(p, v->maps[i].name);

		/* A map that is pinned already stays where it is. */
		if (v->maps[i].where || v->maps[i].by_name)
			continue;
		err = name ? add_pin(p, PIN_MAP, i, bu_plan_pin_path(p, name, ""), v->maps[i].name, ds) : -ENOMEM;
		rc = err ? err : rc;
	}
	for (unsigned i = 0; i < v->nprogs; i++) {
		const char *name = p->obj->progs[v->progs[i].prog].name;
		uintptr_t nth = count_name(v, name);
		char suffix[24];

		if (!nth)
			return -ENOMEM;
		pin_suffix(suffix, "", (unsigned)nth);
		err = add_pin(p, PIN_PROG, i, bu_plan_pin_path(p, name, suffix), name, ds);
		rc = err ? err : rc;
	}
	links = bu_arena_array(&p->arena, p->obj->nprogs, sizeof(*links));
	if (!links)
		return -ENOMEM;
	for (unsigned i = 0; i < v->natt; i++) {
		uint32_t prog = v->progs[v->att[i].prog].prog;
		const char *name = p->obj->progs[prog].name;
		char suffix[24];

		pin_suffix(suffix, "_link", ++links[prog]);
		err = add_pin(p, PIN_LINK, i, bu_plan_pin_path(p, name, suffix), name, ds);
		rc = err ? err : rc;
	}
	return rc;
}

int bu_plan_pins(struct bu_plan *p, struct bu_diags *ds)
{
	int err = pin_all(p, ds);

	bu_hash_free(&p->priv->pinned);
	bu_hash_free(&p->priv->named);
	return err;
}
