// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is a header that was made from types right? "uses N FILE" prints variables that make a compiler keep the named
 * structs, unions and enums of FILE, of every N-th id; "same N FILE OBJECT" compares these types with those of the object that was
 * compiled with the header: sizes, offsets, widths and names of all members, values of enumerators.
 */
#include "base/base.h"
#include "btf/btf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct side { struct bu_buf file; struct bu_btf_index x; };

static int load(struct side *s, const char *path)
{
	const uint8_t *p;
	size_t n;

	if (bu_file_read(path, 1u << 30, &s->file) || bu_btf_in_file(s->file.p, s->file.n, &p, &n) ||
	    bu_btf_index(&s->x, p, n, NULL, path, NULL)) {
		fprintf(stderr, "%s cannot be read\n", path);
		return 1;
	}
	return 0;
}

static uint32_t find(struct bu_btf_index *x, enum bu_btf_kind kind, const char *name, unsigned *many)
{
	uint32_t pos = 0, id, found = 0;
	struct bu_btf_type t;

	*many = 0;
	/* tags of all kinds share a space: struct X and enum X are renamed */
	while ((id = bu_btf_index_next(x, 1u << BU_BTF_STRUCT | 1u << BU_BTF_UNION | 1u << BU_BTF_ENUM |
				       1u << BU_BTF_ENUM64, name, bu_btf_essential(name), &pos))) {
		if (bu_btf_get(&x->btf, id, &t) || strcmp(t.name, name) != 0 || (!t.vlen && t.kind == BU_BTF_ENUM))
			continue;
		++*many;
		if (t.kind == kind || (kind == BU_BTF_ENUM && t.kind == BU_BTF_ENUM64))
			found = id;
	}
	return found;
}

/* "name bit-offset width size" of all members, through those without a name. */
static void flatten(struct bu_buf *out, const struct bu_btf *b, uint32_t id, uint64_t base, int depth)
{
	struct bu_btf_member m;
	struct bu_btf_type t, mt;

	if (bu_btf_get(b, bu_btf_resolve(b, id), &t) || depth > 64)
		return;
	for (uint32_t i = 0; i < t.vlen && !bu_btf_member(b, &t, i, &m); i++) {
		bu_btf_get(b, bu_btf_resolve(b, m.type), &mt);
		if (!m.name[0] && (mt.kind == BU_BTF_STRUCT || mt.kind == BU_BTF_UNION)) {
			flatten(out, b, m.type, base + m.bit_off, depth + 1);
			continue;
		}
		if (!m.name[0] || !strncmp(m.name, "__pad_", 6) || !strncmp(m.name, "__unnamed_", 10))
			continue;
		bu_buf_printf(out, "%s at %llu wide %u of %lld\n", m.name, (unsigned long long)base + m.bit_off,
			      m.bit_size, (long long)bu_btf_size(b, m.type));
		/* a struct without a name, or an array of them, is looked into as well */
		while (mt.kind == BU_BTF_ARRAY)
			bu_btf_get(b, bu_btf_resolve(b, mt.elem), &mt);
		if (!mt.name[0] && (mt.kind == BU_BTF_STRUCT || mt.kind == BU_BTF_UNION)) {
			bu_buf_printf(out, "%s {\n", m.name);
			flatten(out, b, mt.id, 0, depth + 1);
			bu_buf_str(out, "}\n");
		}
	}
}

static void values(struct bu_buf *out, const struct bu_btf *b, const struct bu_btf_type *t)
{
	struct bu_btf_enum e;

	for (uint32_t i = 0; i < t->vlen && !bu_btf_enum(b, t, i, &e); i++)
		/* compilers before clang 15 do not tell the sign */
		bu_buf_printf(out, "%lld\n", t->size == 4 ? (long long)(int32_t)e.val : (long long)e.val);
}

static int compare(struct side *a, struct side *b, uint32_t every)
{
	struct bu_buf ta = { 0 }, tb = { 0 };
	unsigned n = 0, bad = 0, many;
	struct bu_btf_type x, y;

	for (uint32_t id = 1; id <= a->x.btf.ntypes; id++) {
		uint32_t other;
		bool en;

		bu_btf_get(&a->x.btf, id, &x);
		en = x.kind == BU_BTF_ENUM || x.kind == BU_BTF_ENUM64;
		if (!x.name[0] || (x.kind != BU_BTF_STRUCT && x.kind != BU_BTF_UNION && !en) || (en && !x.vlen))
			continue;
		find(&a->x, x.kind, x.name, &many);
		if (many != 1 || id % every)
			continue;
		n++;
		other = find(&b->x, en ? BU_BTF_ENUM : x.kind, x.name, &many);
		if (!other || bu_btf_get(&b->x.btf, other, &y)) {
			printf("%s is missing\n", x.name);
			bad++;
			continue;
		}
		bu_buf_reset(&ta);
		bu_buf_reset(&tb);
		if (en) {
			values(&ta, &a->x.btf, &x);
			values(&tb, &b->x.btf, &y);
		} else {
			flatten(&ta, &a->x.btf, id, 0, 0);
			flatten(&tb, &b->x.btf, other, 0, 0);
		}
		if (x.size != y.size || ta.n != tb.n || (ta.n && memcmp(ta.p, tb.p, ta.n) != 0)) {
			printf("%s differs: %u bytes, %u\n", x.name, x.size, y.size);
			if (bad < 5)
				printf("-- %s-- %s", bu_buf_cstr(&ta), bu_buf_cstr(&tb));
			bad++;
		}
	}
	printf("%u types compared, %u differ\n", n, bad);
	bu_buf_free(&ta);
	bu_buf_free(&tb);
	return bad || !n;
}

static int uses(struct side *a, uint32_t every)
{
	struct bu_btf_type t;
	unsigned many;

	for (uint32_t id = 1; id <= a->x.btf.ntypes; id++) {
		const char *word;

		bu_btf_get(&a->x.btf, id, &t);
		word = t.kind == BU_BTF_STRUCT ? "struct" : t.kind == BU_BTF_UNION ? "union"
		       : (t.kind == BU_BTF_ENUM || t.kind == BU_BTF_ENUM64) && t.vlen ? "enum" : NULL;
		if (!word || !t.name[0])
			continue;
		find(&a->x, t.kind, t.name, &many);
		if (many == 1 && id % every == 0)
			printf("%s %s use_%u[%d];\n", word, t.name, id, 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct side a = { 0 }, b = { 0 };
	int st = 2;

	if (argc == 4 && !strcmp(argv[1], "uses"))
		st = load(&a, argv[3]) || uses(&a, (uint32_t)atoi(argv[2]));
	else if (argc == 5 && !strcmp(argv[1], "same"))
		st = load(&a, argv[3]) || load(&b, argv[4]) || compare(&a, &b, (uint32_t)atoi(argv[2]));
	bu_btf_index_free(&a.x);
	bu_btf_index_free(&b.x);
	bu_buf_free(&a.file);
	bu_buf_free(&b.file);
	return st;
}
