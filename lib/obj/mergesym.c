/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joining symbols. Local ones are copied; of global ones there is one a name: a definition wins over what is
 * undefined, a strong one over a weak one, the first of two weak ones (System V ABI, symbol table).
 */
#include "obj/merge.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static int new_symbol(struct merge *m, const struct bu_sym *s, unsigned in, uint32_t index, uint32_t *sym)
{
	struct bu_obj *out = m->out;
	size_t cap = m->cap_syms;
	struct bu_sym *v = bu_arena_grow(&out->arena, out->syms, out->nsyms, &m->cap_syms, sizeof(*v));
	struct merge_sym *w = bu_arena_grow(&out->arena, m->sym, out->nsyms, &cap, sizeof(*w));

	if (!v || !w)
		return -ENOMEM;
	out->syms = v;
	m->sym = w;
	v[out->nsyms] = *s;
	v[out->nsyms].name = bu_arena_strdup(&out->arena, s->name);
	w[out->nsyms] = (struct merge_sym){ in, index, s->sec != BU_SEC_UNDEF };
	*sym = out->nsyms++;
	return v[*sym].name ? 0 : -ENOMEM;
}

int merge_section_symbol(struct merge *m, uint32_t sec, uint32_t *sym)
{
	const struct bu_sym s = { .name = "", .sec = sec, .type = STT_SECTION, .bind = STB_LOCAL };
	int err;

	if (!m->secsym)
		m->secsym = calloc((size_t)m->out->nsecs + 1, sizeof(*m->secsym));
	if (!m->secsym)
		return -ENOMEM;
	if (m->secsym[sec]) {
		*sym = m->secsym[sec] - 1;
		return 0;
	}
	err = new_symbol(m, &s, 0, 0, sym);
	if (!err)
		m->secsym[sec] = *sym + 1;
	return err;
}

/* The symbol as it is in the output. False: it is in a section that is left out. */
static bool moved(const struct merge *m, unsigned in, const struct bu_sym *s, struct bu_sym *out)
{
	const struct merge_in *mi = &m->in[in];

	*out = *s;
	if (s->sec >= mi->o->nsecs)
		return true;
	out->sec = mi->sec[s->sec];
	out->value = s->value + mi->off[s->sec];
	return out->sec != BU_SEC_UNDEF;
}

/* The stricter one: internal, hidden, protected, default. */
static uint8_t visibility(uint8_t a, uint8_t b)
{
	static const uint8_t rank[] = { [STV_DEFAULT] = 0, [STV_PROTECTED] = 1, [STV_HIDDEN] = 2, [STV_INTERNAL] = 3 };

	return rank[a & 3] >= rank[b & 3] ? a & 3 : b & 3;
}

static int differs(struct merge *m, unsigned in, const struct bu_sym *s, const struct merge_sym *k, const char *how)
{
	return merge_error(m, in, "O0404", "'%s' is %s here and not in %s", s->name, how, m->in[k->in].o->path);
}

/* Two declarations of a name, the new one as it will be in the output. */
static int join(struct merge *m, unsigned in, uint32_t index, const struct bu_sym *n, uint32_t at)
{
	struct bu_sym *have = &m->out->syms[at];
	struct merge_sym *k = &m->sym[at];
	bool defines = n->sec != BU_SEC_UNDEF, takes;
	uint8_t vis = visibility(have->vis, n->vis);
	const char *name = have->name;

	if (have->type != n->type && have->type != STT_NOTYPE && n->type != STT_NOTYPE)
		return differs(m, in, n, k, n->type == STT_FUNC ? "a function" : "no function");
	if (defines && k->defined && have->bind != STB_WEAK && n->bind != STB_WEAK && have->sec != BU_SEC_COMMON &&
	    n->sec != BU_SEC_COMMON)
		return merge_error(m, in, "O0403", "'%s' is defined here and in %s", n->name, m->in[k->in].o->path);
	if (defines && k->defined && n->sec == BU_SEC_COMMON && have->sec == BU_SEC_COMMON) {
		/* One common block, as large as the largest. */
		have->size = have->size > n->size ? have->size : n->size;
		have->value = have->value > n->value ? have->value : n->value;
		return 0;
	}
	if (defines && k->defined)
		takes = have->sec == BU_SEC_COMMON || (have->bind == STB_WEAK && n->bind != STB_WEAK);
	else
		takes = defines && !k->defined;
	if (!defines && !k->defined && n->bind != STB_WEAK)
		have->bind = n->bind; /* who needs it decides */
	if (takes) {
		*have = *n;
		have->name = name;
		*k = (struct merge_sym){ in, index, true };
	} else if (have->type == STT_NOTYPE) {
		have->type = n->type;
	}
	have->vis = vis;
	return 0;
}

static int one_symbol(struct merge *m, unsigned in, uint32_t i)
{
	const struct bu_sym *s = &m->in[in].o->syms[i];
	uint32_t *to = &m->in[in].sym[i];
	struct bu_sym n;
	size_t len = strlen(s->name);
	void *known;
	int err;

	*to = BU_SEC_UNDEF;
	if (s->type == STT_SECTION)
		return 0;
	if (!moved(m, in, s, &n)) {
		/* A second copy of a group: the first defines it. */
		if (s->bind == STB_LOCAL || !m->in[in].o->secs[s->sec].group)
			return 0;
		n.sec = BU_SEC_UNDEF;
		n.value = n.size = 0;
	}
	if (s->bind == STB_LOCAL)
		return new_symbol(m, &n, in, i, to);
	known = bu_hash_get(&m->globals, s->name, len);
	/* The license is there already, and so is its variable. */
	if (known && s->sec < m->in[in].o->nsecs && merge_is_one(m->in[in].o->secs[s->sec].name)) {
		n.sec = BU_SEC_UNDEF;
		n.value = n.size = 0;
	}
	if (known) {
		*to = (uint32_t)(uintptr_t)known - 1;
		return join(m, in, i, &n, *to);
	}
	err = new_symbol(m, &n, in, i, to);
	if (!err)
		err = bu_hash_put(&m->globals, m->out->syms[*to].name, len, (void *)(uintptr_t)(*to + 1));
	return err;
}

int merge_symbols(struct merge *m)
{
	int rc = 0;

	for (unsigned in = 0; in < m->n; in++) {
		for (uint32_t i = 0; i < m->in[in].o->nsyms; i++) {
			int err = one_symbol(m, in, i);

			if (err == -ENOMEM)
				return err;
			rc = err ? err : rc;
		}
	}
	return rc;
}

bool merge_is_taken(const struct merge *m, unsigned in, const char *name)
{
	void *known = bu_hash_get(&m->globals, name, strlen(name));
	const struct merge_sym *k;

	if (!known)
		return true;
	k = &m->sym[(uintptr_t)known - 1];
	return k->in == in || !k->defined;
}
