/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names. C has one space for struct, union and enum tags, and one for typedefs, enumerators and functions; BTF
 * has none, and names of other languages besides. The first of a name keeps it, the next are called
 * NAME___2 and so on, which CO-RE takes for the same.
 */
#include "btf/btfc.h"

#include <string.h>

static bool is_keyword(const char *s, size_t n)
{
	static const char *const words[] = {
		"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
		"extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return",
		"short", "signed", "sizeof", "static", "struct", "switch", "typedef", "typeof", "union", "unsigned",
		"void", "volatile", "while", "asm", "_Bool", "_Atomic", "_Static_assert",
	};

	if (n > 14 || n < 2)
		return false;
	for (size_t i = 0; i < BU_ARRAY_SIZE(words); i++)
		if (words[i][0] == s[0] && strcmp(words[i], s) == 0)
			return true;
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

const char *btfc_word(struct bu_btf_c *c, const char *name)
{
	size_t n = 0;
	char *s;

	while (is_letter(name[n]) || (n && name[n] >= '0' && name[n] <= '9'))
		n++;
	if (!name[n] && !is_keyword(name, n))
		return name;
	s = bu_arena_printf(&c->a, "_%s_", name);
	if (!s)
		return "";
	for (char *p = s; *p; p++)
		if (!is_letter(*p) && !(*p >= '0' && *p <= '9'))
			*p = '_';
	/* the blanks in front and behind are needed for digits and for keywords only */
	if (is_letter(s[1])) {
		s++;
		n = strlen(s);
		s[n - 1] = 0;
		if (is_keyword(s, n - 1))
			s[n - 1] = '_';
	}
	return s;
}

/* A name is given away: how often, this time included. */
static uintptr_t take(struct bu_btf_c *c, struct bu_hash *h, const char *name)
{
	size_t n = strlen(name);
	uintptr_t had = (uintptr_t)bu_hash_get(h, name, n);

	if (bu_hash_put(h, name, n, (void *)(had + 1)))
		c->err = -ENOMEM;
	return had + 1;
}

const char *btfc_free_name(struct bu_btf_c *c, struct bu_hash *h, const char *name)
{
	uintptr_t k = take(c, h, name);
	const char *s = name;

	if (k == 1)
		return name;
	do {
		s = bu_arena_printf(&c->a, "%s___%lu", name, (unsigned long)k++);
		if (!s) {
			c->err = -ENOMEM;
			return name;
		}
	} while (bu_hash_get(h, s, strlen(s)));
	take(c, h, s);
	return s;
}

bool btfc_is_basic(const struct bu_btf_type *t)
{
	static const char *const words[] = {
		"char", "int", "long", "unsigned", "short", "signed", "_Bool", "__int128", "float", "double",
		"_Complex", "_Float16", "_Float128", "__bf16",
	};
	const char *p = t->name;

	if (!*p)
		return false;
	while (*p) {
		size_t n = strcspn(p, " "), i;

		for (i = 0; i < BU_ARRAY_SIZE(words); i++)
			if (strlen(words[i]) == n && memcmp(words[i], p, n) == 0)
				break;
		if (i == BU_ARRAY_SIZE(words))
			return false;
		p += n + (p[n] == ' ');
	}
	return true;
}

static const char *made_up(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	const char *s = bu_arena_printf(&c->a, "anon_%u", t->id);

	return s ? s : "";
}

enum pass { FIRST, LATER, FORWARD };

/*
 * What a struct, a typedef or the like is called. First those get theirs whose name is free, so that an alias of the
 * later ones takes nobody's.
 */
static void give(struct bu_btf_c *c, uint32_t id, enum pass pass)
{
	struct bu_btf_type t;
	const char *word, *name;

	if (bu_btf_get(c->b, id, &t) || (c->state[id] & C_NAMED) || (t.kind == BU_BTF_FWD) != (pass == FORWARD))
		return;
	switch (t.kind) {
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		if (!btfc_has_tag(c, &t))
			return;
		word = t.name[0] ? btfc_word(c, t.name) : made_up(c, &t);
		if (pass == FIRST && bu_hash_get(&c->tags, word, strlen(word)))
			return;
		name = btfc_free_name(c, &c->tags, word);
		break;
	case BU_BTF_FWD:
		/* the declaration of what is defined elsewhere, most often */
		word = name = btfc_word(c, t.name);
		break;
	case BU_BTF_TYPEDEF:
	case BU_BTF_INT:
	case BU_BTF_FLOAT:
		word = btfc_word(c, t.name);
		if (pass == FIRST && bu_hash_get(&c->idents, word, strlen(word)))
			return;
		name = btfc_free_name(c, &c->idents, word);
		break;
	default:
		return;
	}
	c->state[id] |= C_NAMED;
	if (name != t.name)
		c->alias[id] = name;
}

/* A forward declaration whose name is a struct's where it says union, or the other way round. */
static void part_forwards(struct bu_btf_c *c, size_t from)
{
	struct bu_hash kinds = { 0 };
	struct bu_btf_type t;

	for (size_t i = from; i < c->nops; i++) {
		const char *name;
		uintptr_t kind;

		if (bu_btf_get(c->b, c->op[i].id, &t) || t.kind == BU_BTF_TYPEDEF || t.kind == BU_BTF_FUNC)
			continue;
		name = btfc_name(c, &t);
		kind = t.kind == BU_BTF_FWD ? (t.kflag ? BU_BTF_UNION : BU_BTF_STRUCT) : (uintptr_t)t.kind;
		if (t.kind != BU_BTF_FWD) {
			bu_hash_put(&kinds, name, strlen(name), (void *)kind);
			continue;
		}
	}
	for (size_t i = from; i < c->nops; i++) {
		uintptr_t kind, other;
		const char *name;

		if (bu_btf_get(c->b, c->op[i].id, &t) || t.kind != BU_BTF_FWD)
			continue;
		name = btfc_name(c, &t);
		kind = t.kflag ? BU_BTF_UNION : BU_BTF_STRUCT;
		other = (uintptr_t)bu_hash_get(&kinds, name, strlen(name));
		if (!other)
			bu_hash_put(&kinds, name, strlen(name), (void *)kind);
		else if (other != kind)
			c->alias[t.id] = btfc_free_name(c, &c->tags, name);
	}
	bu_hash_free(&kinds);
}

void btfc_name_all(struct bu_btf_c *c, size_t from)
{
	bool forwards = false;
	struct bu_btf_type t;

	for (size_t i = from; i < c->nops && !c->err; i++) {
		give(c, c->op[i].id, FIRST);
		forwards |= !bu_btf_get(c->b, c->op[i].id, &t) && t.kind == BU_BTF_FWD;
	}
	for (size_t i = from; i < c->nops && !c->err; i++)
		give(c, c->op[i].id, LATER);
	for (size_t i = from; i < c->nops && forwards && !c->err; i++)
		give(c, c->op[i].id, FORWARD);
	if (forwards)
		part_forwards(c, from);
}

const char *btfc_name(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	if (c->alias[t->id])
		return c->alias[t->id];
	if (!t->name[0])
		return made_up(c, t);
	return c->state[t->id] & C_NAMED ? t->name : btfc_word(c, t->name);
}
