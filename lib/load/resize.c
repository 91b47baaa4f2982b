// SPDX-License-Identifier: LGPL-2.1-or-later
/* --set MAP.ATTRIBUTE=VALUE: what the user says of a map instead of its declaration. */
#include <stddef.h>
#include <string.h>

#include "load/priv.h"

static const struct attr {
	const char *name;
	enum { NUMBER, FLAGS, TYPE } what;
	size_t off;
	bool wide;
	uint32_t min;
} attrs[] = {
	{ "max_entries", NUMBER, offsetof(struct bu_obj_map, max_entries), false, 1 },
	{ "key_size", NUMBER, offsetof(struct bu_obj_map, key_size), false, 0 },
	{ "value_size", NUMBER, offsetof(struct bu_obj_map, value_size), false, 0 },
	{ "map_flags", FLAGS, offsetof(struct bu_obj_map, flags), false, 0 },
	{ "flags", FLAGS, offsetof(struct bu_obj_map, flags), false, 0 },
	{ "numa_node", NUMBER, offsetof(struct bu_obj_map, numa_node), false, 0 },
	{ "map_extra", NUMBER, offsetof(struct bu_obj_map, map_extra), true, 0 },
	{ "type", TYPE, offsetof(struct bu_obj_map, type), false, 0 },
};

bool bu_set_of_map(const struct bu_set *w, const char *map)
{
	size_t n = strlen(map);

	return !w->key.p && !w->file && strncmp(w->name, map, n) == 0 && w->name[n] == '.';
}

static int refuse(const struct bu_set *w, const struct bu_obj_map *def, const char *why, struct bu_diags *ds)
{
	bu_diag(ds, BU_ERROR, "L0109", "%s: map %s: %s", w->origin, def->name, why);
	return -EINVAL;
}

/* Names of flags or numbers, joined by '|'. NULL, or what is wrong. */
static const char *read_flags(struct bu_arena *a, struct bu_str s, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i <= s.n;) {
		size_t end = i;
		struct bu_str word;
		const struct bu_const *c;
		uint64_t v;

		while (end < s.n && s.p[end] != '|')
			end++;
		word = bu_load_strip(bu_str(s.p + i, end - i));
		c = bu_const_by_name(word);
		if (c && memcmp(word.p, "BPF_F_", word.n < 6 ? word.n : 6) == 0)
			v = (uint64_t)c->val;
		else if (bu_str_u64(word, &v, NULL))
			return bu_arena_printf(a, "\"%.*s\" is neither a number nor a flag such as "
					       "BPF_F_NO_PREALLOC", (int)word.n, word.p);
		*out |= v;
		i = end + 1;
	}
	return NULL;
}

static int set_one(struct bu_plan *p, const struct bu_set *w, const struct attr *at, struct bu_obj_map *def,
		   struct bu_diags *ds)
{
	struct bu_str s = bu_load_strip(w->value);
	const struct bu_kind *k;
	const char *why = NULL;
	uint64_t v = 0;

	if (at->what == TYPE) {
		k = bu_kind_by_name(bu_map_types, bu_nmap_types, s);
		v = k ? k->num : 0;
		if (!k)
			why = bu_arena_printf(&p->arena, "there is no map type \"%.*s\"", (int)s.n, s.p);
	} else if (at->what == FLAGS) {
		why = read_flags(&p->arena, s, &v);
	} else if (bu_str_u64(s, &v, NULL)) {
		why = bu_arena_printf(&p->arena, "\"%.*s\" is not a number", (int)s.n, s.p);
	}
	if (!why && !at->wide && v > UINT32_MAX)
		why = bu_arena_printf(&p->arena, "%s has 32 bits", at->name);
	if (!why && v < at->min)
		why = bu_arena_printf(&p->arena, "%s is at least %u", at->name, at->min);
	if (bu_arena_failed(&p->arena))
		return -ENOMEM;
	if (why)
		return refuse(w, def, why, ds);
	if (at->wide) {
		memcpy((char *)def + at->off, &v, sizeof(v));
	} else {
		uint32_t n = (uint32_t)v;

		memcpy((char *)def + at->off, &n, sizeof(n));
	}
	if (strcmp(at->name, "numa_node") == 0)
		def->flags |= BPF_F_NUMA_NODE;
	return 0;
}

static const struct attr *attr_of(const char *name, struct bu_near *near)
{
	const struct attr *found = NULL;

	bu_near_init(near, name, strlen(name));
	for (unsigned i = 0; i < BU_ARRAY_SIZE(attrs); i++) {
		bu_near_feed(near, attrs[i].name);
		if (strcmp(attrs[i].name, name) == 0)
			found = &attrs[i];
	}
	return found;
}

int bu_plan_resize(struct bu_plan *p, const struct bu_obj_map **def, struct bu_diags *ds)
{
	const struct bu_btf *b = &p->obj->btf;
	struct bu_obj_map *mine = NULL;
	int rc = 0;

	if ((*def)->origin != BU_MAP_BTF && (*def)->origin != BU_MAP_LEGACY)
		return 0;
	for (unsigned i = 0; i < p->opts->nsets; i++) {
		const struct bu_set *w = &p->opts->sets[i];
		const struct attr *at;
		struct bu_near near;
		struct bu_diag *d;
		int err;

		if (!bu_set_of_map(w, (*def)->name))
			continue;
		at = attr_of(w->name + strlen((*def)->name) + 1, &near);
		if (!at) {
			d = bu_diag(ds, BU_ERROR, "L0109", "%s: a map has no attribute \"%s\"", w->origin,
				    w->name + strlen((*def)->name) + 1);
			if (near.best)
				bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
			else
				bu_diag_help(ds, d, "max_entries, key_size, value_size, map_flags, numa_node, "
					     "map_extra or type");
			rc = -EINVAL;
			continue;
		}
		if (!mine)
			mine = bu_arena_memdup(&p->arena, *def, sizeof(**def));
		if (!mine)
			return -ENOMEM;
		err = set_one(p, w, at, mine, ds);
		rc = err ? err : rc;
	}
	if (!mine || rc)
		return rc;
	/* Types of another size would be refused. */
	if (mine->btf_key && bu_btf_size(b, mine->btf_key) != (int64_t)mine->key_size)
		mine->btf_key = mine->btf_value = 0;
	if (mine->btf_value && bu_btf_size(b, mine->btf_value) != (int64_t)mine->value_size)
		mine->btf_key = mine->btf_value = 0;
	*def = mine;
	return 0;
}
