/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types as C by hand-made types: text of declarations, padding and packing, clashes; and types that were changed at
 * random, of which something has to come out in bounded time and space.
 */
#include <stdlib.h>
#include <string.h>

#include "btf/btf.h"
#include "tap.h"

static struct bu_btfgen g;
static struct bu_buf blob, text;
static struct bu_btf b;
static struct bu_btf_c *c;

static void begin(void)
{
	bu_btfgen_init(&g, BU_HOST_BE);
	memset(&blob, 0, sizeof(blob));
	memset(&text, 0, sizeof(text));
}

static bool ready(void)
{
	return !bu_btfgen_finish(&g, &blob) && !bu_btf_parse(&b, blob.p, blob.n, NULL, "made", NULL) &&
	       !bu_btf_c_new(&c, &b);
}

static void end(void)
{
	bu_btf_c_free(c);
	c = NULL;
	bu_btf_free(&b);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	bu_buf_free(&text);
}

static void has(const char *part, const char *what)
{
	bool yes = strstr(bu_buf_cstr(&text), part) != NULL;

	ok(yes, "%s", what);
	if (!yes)
		printf("# %s\n# in %s\n", part, bu_buf_cstr(&text));
}

static void declarations(void)
{
	uint32_t i, proto, fn, table, node, row;

	begin();
	i = bu_btfgen_int(&g, "int", 4, 1);
	node = bu_btfgen_struct(&g, BU_BTF_STRUCT, "node", 8);
	bu_btfgen_member(&g, "next", 0, 0);
	proto = bu_btfgen_proto(&g, i);
	bu_btfgen_param(&g, "x", i);
	bu_btfgen_param(&g, "", 0);
	fn = bu_btfgen_ptr(&g, proto);
	table = bu_btfgen_array(&g, bu_btfgen_mod(&g, BU_BTF_CONST, "", fn), 3);
	row = bu_btfgen_ptr(&g, bu_btfgen_array(&g, i, 8));
	ok(ready(), "types are made");
	bu_btf_c_decl(c, &text, table, "table", false, 0);
	has("int (*table[3])(int x, ...)", "an array of pointers to functions, without qualifiers");
	bu_buf_reset(&text);
	bu_btf_c_decl(c, &text, row, "row", false, 0);
	has("int (*row)[8]", "a pointer to an array");
	bu_buf_reset(&text);
	bu_btf_c_decl(c, &text, table, "at", true, 0);
	has("int (*(*at)[3])(int x, ...)", "a pointer to an array of them");
	bu_buf_reset(&text);
	bu_btf_c_decl(c, &text, node, "for", true, 0);
	has("struct node *for_", "a name that is a keyword");
	end();
}

static void layout(void)
{
	uint32_t i, l;

	begin();
	i = bu_btfgen_int(&g, "int", 4, 1);
	l = bu_btfgen_int(&g, "long long int", 8, 1);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "gap", 24);
	bu_btfgen_member(&g, "a", i, 0);
	bu_btfgen_member(&g, "b", i, 96);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "tight", 12);
	bu_btfgen_member(&g, "a", i, 0);
	bu_btfgen_member(&g, "b", l, 32);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "bits", 8);
	bu_btfgen_bitfield(&g, "a", i, 0, 3);
	bu_btfgen_bitfield(&g, "b", i, 10, 7);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "odd", 8);
	bu_btfgen_member(&g, "a", l, 32);
	bu_btfgen_member(&g, "b", l, 0);
	bu_btfgen_enum(&g, "e", 1, false);
	bu_btfgen_enumval(&g, "int", 1);
	ok(ready() && !bu_btf_c_all(c, &text, true), "types are printed");
	has("struct gap {\n\tint a;\n\tint: 32;\n\tint: 32;\n\tint b;\n\tint: 32;\n\tint: 32;\n};", "room between and behind members");
	has("long long int b;\n} __attribute__((packed));", "a struct that is packed");
	has("int a: 3;\n\tchar: 5;\n\tchar: 2;\n\tint b: 7;", "room between bit-fields");
	has("/* the next lies at bit 0 */", "members that C cannot put there");
	has("enum e {\n\tint_ = 1,\n} __attribute__((mode(QI)));", "a small enumeration");
	end();
}

static void clashes(void)
{
	uint32_t i;

	begin();
	i = bu_btfgen_int(&g, "int", 4, 1);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "x", 4);
	bu_btfgen_member(&g, "a", i, 0);
	bu_btfgen_struct(&g, BU_BTF_UNION, "x", 4);
	bu_btfgen_member(&g, "b", i, 0);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "x___2", 4);
	bu_btfgen_member(&g, "c", i, 0);
	bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "one", i);
	bu_btfgen_enum(&g, "", 4, false);
	bu_btfgen_enumval(&g, "one", 1);
	ok(ready() && !bu_btf_c_all(c, &text, false), "types with names that clash");
	has("struct x {\n\tint a;", "the first keeps its name");
	has("union x___3 {\n\tint b;", "the second gets one that is free");
	has("struct x___2 {\n\tint c;", "and takes nobody's");
	has("typedef int one;", "a typedef");
	has("\tone___2 = 1,", "and the enumerator that is called so too");
	end();
}

/* ---------------------------------------------------------------- damage */

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

/* Types that refer to each other in many ways; some have no name. */
static void wild(void)
{
	static const char *const names[] = { "", "a", "b", "int", "u8", "a b", "" };
	uint32_t n = 4 + any(40), i = bu_btfgen_int(&g, "int", 4, 1);

	for (uint32_t k = 0; k < n; k++) {
		const char *name = names[any(BU_ARRAY_SIZE(names))];
		uint32_t to = any(n + 2), m;

		switch (any(10)) {
		case 0: bu_btfgen_ptr(&g, to); break;
		case 1: bu_btfgen_array(&g, to, any(4)); break;
		case 2: bu_btfgen_mod(&g, BU_BTF_TYPEDEF, name[0] ? name : "t", to); break;
		case 3: bu_btfgen_mod(&g, any(2) ? BU_BTF_CONST : BU_BTF_VOLATILE, "", to); break;
		case 4: bu_btfgen_fwd(&g, name[0] ? name : "f", any(2)); break;
		case 5:
			bu_btfgen_proto(&g, to);
			for (m = any(4); m; m--)
				bu_btfgen_param(&g, names[any(4)], any(n + 2));
			break;
		case 6:
			bu_btfgen_enum(&g, name, 1u << any(4), any(2));
			for (m = any(4); m; m--)
				bu_btfgen_enumval(&g, names[1 + any(4)], (int64_t)any(100) - 50);
			break;
		case 7: bu_btfgen_int(&g, name[0] ? name : "i", 1u << any(4), any(2)); break;
		default:
			bu_btfgen_struct(&g, any(3) ? BU_BTF_STRUCT : BU_BTF_UNION, name, any(64));
			for (m = any(5); m; m--)
				bu_btfgen_member(&g, names[any(7)], any(4) ? any(n + 2) : i, any(64) * 8);
			break;
		}
	}
}

static void damage(void)
{
	unsigned parsed = 0, strange = 0, big = 0;

	for (int round = 0; round < 6000; round++) {
		struct bu_core_keep *keep = NULL;

		begin();
		wild();
		if (bu_btfgen_finish(&g, &blob) || !blob.n)
			goto next;
		for (uint32_t k = any(4); round % 2 && k; k--)
			blob.p[24 + any((uint32_t)blob.n - 24)] = (uint8_t)any(256);
		if (bu_btf_parse(&b, blob.p, blob.n, NULL, "wild", NULL))
			goto next;
		parsed++;
		if (!bu_btf_c_new(&c, &b)) {
			int err = bu_btf_c_all(c, &text, round % 3);

			strange += err && err != -E2BIG;
			bu_btf_c_free(c);
			c = NULL;
		}
		big += text.n > (1u << 20);
		for (uint32_t id = 1; id <= b.ntypes && !bu_btf_c_new(&c, &b); id++) {
			int err = bu_btf_c_type(c, &text, id);

			strange += err && err != -E2BIG;
			bu_btf_c_decl(c, &text, id, "name", id & 1, 1);
			bu_btf_c_free(c);
			c = NULL;
			bu_buf_reset(&text);
		}
		strange += bu_core_keep_new(&keep, &b) != 0;
		bu_core_keep_free(keep);
next:
		end();
	}
	ok(parsed > 500, "%u of the wild types are types", parsed);
	ok(!strange, "all are printed, or refused as too deep");
	ok(!big, "and none of them at length");
}

int main(void)
{
	declarations();
	layout();
	clashes();
	damage();
	return done_testing();
}
