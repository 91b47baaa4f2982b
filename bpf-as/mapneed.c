/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel asks of each type of map, said before it has to. */
#include <stdio.h>

#include "bpf-as/map.h"

#define F_NO_PREALLOC 1u
#define F_MMAPABLE 0x400u

enum { NO, ANY = -1, FD = -2, V48 = -3, MULT8 = -4, TYPED = -5 };
enum { MUST = 1, MAY, PAGES };
enum { INNER = 1, PROGS = 2, LPM = 4 };

static const struct need {
	uint32_t type;
	int key, value;
	unsigned max, flags, more;
} needs[] = {
#define MAPNEED(type, key, value, max, flags, more) { type, key, value, max, flags, more },
#include "bpf-as/mapneed.def"
#undef MAPNEED
};

static const struct need *need(uint32_t type)
{
	static const struct need any = { 0, ANY, ANY, MAY, 0, 0 };

	for (size_t i = 0; i < BU_ARRAY_SIZE(needs); i++)
		if (needs[i].type == type)
			return &needs[i];
	return &any;
}

bool as_map_has_inner(uint32_t type)
{
	return need(type)->more & INNER;
}

bool as_map_has_progs(uint32_t type)
{
	return need(type)->more & PROGS;
}

static struct bu_diag *refuse(struct as *as, const char *p, const char *name, const char *fmt, ...)
	BU_PRINTF(4, 5);
static struct bu_diag *refuse(struct as *as, const char *p, const char *name, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return as_error(as, "A0195", p, strlen(name), "a map of type %s %s", name, text);
}

/* One of key and value. */
static bool side(struct as *as, const char *what, int want, bool *has, struct as_type **t, uint32_t *size,
		 const char *p, const char *name)
{
	struct bu_diag *d;

	if ((want == FD || want == V48) && !*has) {
		*has = true; /* by its size: with a type the kernel refuses some of them */
		*size = 4;
	}
	if (want == NO && *has) {
		refuse(as, p, name, "has no %ss", what);
		return false;
	}
	if (want == NO)
		return true;
	if (!*has) {
		refuse(as, p, name, "needs %s=TYPE", what);
		return false;
	}
	if ((want > 0 || want == FD) && *size != 4) {
		refuse(as, p, name, "has %ss of 4 bytes, not %u", what, *size);
		return false;
	}
	if (want == V48 && *size != 4 && *size != 8) {
		refuse(as, p, name, "has %ss of 4 or 8 bytes, not %u", what, *size);
		return false;
	}
	if (want == MULT8 && *size % 8) {
		refuse(as, p, name, "has %ss of a multiple of 8 bytes, not %u", what, *size);
		return false;
	}
	if (want == TYPED && !*t) {
		d = refuse(as, p, name, "needs a type for its %s, not a size", what);
		bu_diag_note(as->ds, d, "the kernel looks at it in BTF");
		return false;
	}
	return true;
}

static bool entries(struct as *as, const struct need *n, const struct as_map *m, const char *p, const char *name)
{
	if (n->max == NO && m->has_max && m->max_entries) {
		refuse(as, p, name, "has no max_entries: it grows with what it is attached to");
		return false;
	}
	if ((n->max == MUST || n->max == PAGES) && !m->has_max) {
		refuse(as, p, name, "needs max_entries=N");
		return false;
	}
	if ((n->max == MUST || n->max == PAGES) && !m->max_entries) {
		as_error(as, "A0190", p, strlen(name), "max_entries is at least 1");
		return false;
	}
	if (n->max == PAGES && (m->max_entries < 4096 || m->max_entries & (m->max_entries - 1))) {
		refuse(as, p, name, "has a size in bytes as its max_entries: a power of two from 4096, not %u",
		       m->max_entries);
		return false;
	}
	return true;
}

bool as_map_complete(struct as *as, struct as_map *m, const char *p, const char *name)
{
	const struct need *n = need(m->type);
	struct bu_diag *d;

	if (m->nslots && !m->has_max) {
		m->has_max = true;
		for (uint32_t i = 0; i < m->nslots; i++)
			if (m->slot[i].index >= m->max_entries)
				m->max_entries = m->slot[i].index + 1;
	}
	if (!side(as, "key", n->key, &m->has_key, &m->key, &m->key_size, p, name) ||
	    !side(as, "value", n->value, &m->has_value, &m->value, &m->value_size, p, name) ||
	    !entries(as, n, m, p, name))
		return false;
	/* Types that the kernel refuses for these maps: the sizes say enough. */
	if (m->type == BPF_MAP_TYPE_PROG_ARRAY || m->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ||
	    (n->more & LPM && m->key && as_type_real(m->key)->kind != BU_BTF_STRUCT))
		m->key = m->value = NULL;
	if (n->more & LPM && (m->key_size < 5 || m->key_size > 260)) {
		refuse(as, p, name, "has keys of 5 to 260 bytes: the prefix's length in 4, then the data");
		return false;
	}
	if (n->more & INNER && !m->inner && !m->nslots) {
		refuse(as, p, name, "needs inner=MAP");
		return false;
	}
	if (m->inner && !(n->more & INNER)) {
		refuse(as, p, name, "has no inner maps");
		return false;
	}
	if (m->nslots && !(n->more & (INNER | PROGS))) {
		refuse(as, p, name, "has no elements that a declaration could give");
		return false;
	}
	if (n->flags == F_NO_PREALLOC && !(m->flags & F_NO_PREALLOC)) {
		d = refuse(as, p, name, "needs no_prealloc");
		bu_diag_note(as->ds, d, "the kernel makes such maps only with BPF_F_NO_PREALLOC");
		return false;
	}
	if (n->flags == F_MMAPABLE && !(m->flags & F_MMAPABLE)) {
		d = refuse(as, p, name, "needs mmapable");
		bu_diag_note(as->ds, d, "the kernel makes such maps only with BPF_F_MMAPABLE");
		return false;
	}
	for (uint32_t i = 0; i < m->nslots; i++)
		if (m->slot[i].index >= m->max_entries) {
			as_error(as, "A0190", m->slot[i].pos, 1, "element %u of a map of %u", m->slot[i].index,
				 m->max_entries);
			return false;
		}
	return true;
}

static void later(struct as *as, const struct as_map *m, const struct as_slot *s)
{
	struct bu_diag *d = as_warn(as, "A0199", s->pos, s->sym->n,
				    "'%s' is declared after '%s', which holds it: libbpf makes maps in their order",
				    s->sym->name, m->sym->name);

	bu_diag_help(as->ds, d, "move the .map of '%s' before this one", s->sym->name);
}

void as_maps_check(struct as *as)
{
	for (struct as_map *m = as->maps; m; m = m->next)
		for (uint32_t i = 0; i < m->nslots; i++) {
			const struct as_slot *s = &m->slot[i];
			bool prog = as_map_has_progs(m->type);

			if (s->sym->def == DEF_NONE) /* told when it was resolved */
				continue;
			if (prog && (s->sym->def != DEF_LABEL || s->sym->sec->kind != SEC_PROG || !s->sym->is_func))
				as_error(as, "A0192", s->pos, s->sym->n, "'%s' is no program", s->sym->name);
			else if (!prog && !s->sym->is_map)
				as_error(as, "A0192", s->pos, s->sym->n, "'%s' is no map", s->sym->name);
			else if (!prog && m->sym && s->sym->value > m->sym->value)
				later(as, m, s);
		}
}
