/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BTF: what is built is read back; values print and parse; damaged blobs are refused by name. */
#include "btf/btf.h"
#include "tap.h"

#include <math.h>

static struct bu_btfgen g;
static struct bu_buf blob;
static struct bu_btf btf;
static struct bu_diags ds;

static void begin(bool be)
{
	bu_btfgen_init(&g, be);
	memset(&blob, 0, sizeof(blob));
	bu_diags_init(&ds);
}

static int finish(void)
{
	int err = bu_btfgen_finish(&g, &blob);

	return err ? err : bu_btf_parse(&btf, blob.p, blob.n, NULL, "test", &ds);
}

static void end(void)
{
	bu_btf_free(&btf);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	bu_diags_free(&ds);
}

/* The first message since begin(), or "". */
static const char *message(void)
{
	return ds.first ? ds.first->text : "";
}

static const char *json(uint32_t id, const void *data, size_t n, int want)
{
	static char text[4096];
	struct bu_out o;
	int err;

	bu_out_init(&o, NULL, NULL);
	o.json = true;
	err = bu_btf_print_value(&o, NULL, &btf, id, data, n);
	snprintf(text, sizeof(text), "%s%s", err == want ? "" : "(wrong status) ",
		 bu_buf_cstr(&o.buf));
	bu_buf_free(&o.buf);
	return text;
}

static const char *text_at(uint32_t id, const void *data, size_t n, unsigned depth)
{
	static char text[4096];
	struct bu_buf b = { 0 };

	bu_btf_print_text(&b, &btf, id, data, n, depth);
	snprintf(text, sizeof(text), "%s", bu_buf_cstr(&b));
	bu_buf_free(&b);
	return text;
}

static int parse(uint32_t id, const char *text, void *out, size_t n)
{
	bu_diags_free(&ds);
	bu_diags_init(&ds);
	return bu_btf_parse_value(&btf, id, bu_str_c(text), out, n, &ds);
}

/* ---------------------------------------------------------------- building and reading */

static void test_build(bool be)
{
	const char *order = be ? "big endian" : "little endian";
	struct bu_btf_type t;
	struct bu_btf_member m;
	struct bu_btf_param p;
	struct bu_btf_secvar v;
	struct bu_btf_enum e;
	uint32_t i, u, ptr, arr, st, proto, fn, var, sec, en, e64, td;

	begin(be);
	i = bu_btfgen_int(&g, "int", 4, 1);
	u = bu_btfgen_int(&g, "u64", 8, 0);
	ptr = bu_btfgen_ptr(&g, i);
	arr = bu_btfgen_array(&g, u, 7);
	td = bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "counter_t", u);
	st = bu_btfgen_struct(&g, BU_BTF_STRUCT, "pair", 16);
	bu_btfgen_member(&g, "a", i, 0);
	bu_btfgen_member(&g, "b", td, 64);
	en = bu_btfgen_enum(&g, "color", 4, true);
	bu_btfgen_enumval(&g, "RED", -1);
	bu_btfgen_enumval(&g, "BLUE", 7);
	e64 = bu_btfgen_enum(&g, "wide", 8, false);
	bu_btfgen_enumval(&g, "HUGE", (int64_t)0x8000000000000001u);
	proto = bu_btfgen_proto(&g, i);
	bu_btfgen_param(&g, "ctx", ptr);
	fn = bu_btfgen_func(&g, "prog", proto, 1);
	var = bu_btfgen_var(&g, "counters", arr, 1);
	sec = bu_btfgen_datasec(&g, ".data", 56);
	bu_btfgen_secvar(&g, var, 0, 56);

	ok(bu_btfgen_int(&g, "int", 4, 1) == i && bu_btfgen_ptr(&g, i) == ptr &&
	   bu_btfgen_array(&g, u, 7) == arr, "%s: equal types are shared", order);
	ok(bu_btfgen_int(&g, "int", 4, 0) != i, "%s: different ones are not", order);
	ok(finish() == 0, "%s: what was built parses", order);
	ok(btf.be == be, "%s: byte order is seen", order);

	bu_btf_get(&btf, st, &t);
	ok(t.kind == BU_BTF_STRUCT && t.vlen == 2 && t.size == 16 && !strcmp(t.name, "pair"),
	   "%s: struct", order);
	ok(bu_btf_member(&btf, &t, 1, &m) == 0 && !strcmp(m.name, "b") && m.bit_off == 64 &&
	   m.type == td, "%s: member", order);
	ok(bu_btf_member(&btf, &t, 2, &m) == -ENOENT, "%s: no third member", order);
	bu_btf_get(&btf, en, &t);
	ok(bu_btf_enum(&btf, &t, 0, &e) == 0 && e.val == -1, "%s: signed enumerator", order);
	bu_btf_get(&btf, e64, &t);
	ok(bu_btf_enum(&btf, &t, 0, &e) == 0 && (uint64_t)e.val == 0x8000000000000001u,
	   "%s: 64-bit enumerator", order);
	bu_btf_get(&btf, proto, &t);
	ok(bu_btf_param(&btf, &t, 0, &p) == 0 && !strcmp(p.name, "ctx"), "%s: parameter", order);
	bu_btf_get(&btf, fn, &t);
	ok(t.kind == BU_BTF_FUNC && t.linkage == 1 && t.type == proto, "%s: function", order);
	bu_btf_get(&btf, sec, &t);
	ok(bu_btf_secvar(&btf, &t, 0, &v) == 0 && v.type == var && v.size == 56,
	   "%s: data section", order);
	ok(bu_btf_find(&btf, BU_BTF_STRUCT, "pair") == st &&
	   bu_btf_find(&btf, BU_BTF_UNION, "pair") == 0 && bu_btf_find(&btf, 0, "RED") == 0,
	   "%s: find", order);
	ok(bu_btf_resolve(&btf, td) == u && bu_btf_size(&btf, td) == 8 &&
	   bu_btf_size(&btf, arr) == 56 && bu_btf_size(&btf, var) == 56 &&
	   bu_btf_size(&btf, fn) == -EINVAL, "%s: resolve and size", order);
	ok(bu_btf_get(&btf, 999, &t) == -ENOENT && bu_btf_get(&btf, 0, &t) == 0 &&
	   t.kind == BU_BTF_VOID, "%s: void, and no such type", order);
	end();
}

static void test_split(void)
{
	struct bu_btfgen base_gen;
	struct bu_buf base_blob = { 0 };
	struct bu_btf base = { 0 };
	uint8_t split[24 + 12 + 5] = { 0x9f, 0xeb, 1, 0, 24 };
	struct bu_btf_type t;
	uint32_t i;

	begin(BU_HOST_BE);
	bu_btfgen_init(&base_gen, false);
	i = bu_btfgen_int(&base_gen, "int", 4, 1);
	bu_btfgen_finish(&base_gen, &base_blob);
	ok(bu_btf_parse(&base, base_blob.p, base_blob.n, NULL, "base", &ds) == 0, "base parses");
	/* typedef int mine; its strings go on behind the base's 5 bytes */
	bu_put32(split + 12, false, 12);
	bu_put32(split + 16, false, 12);
	bu_put32(split + 20, false, 5);
	bu_put32(split + 24, false, base.str_len);
	bu_put32(split + 28, false, BU_BTF_TYPEDEF << 24);
	bu_put32(split + 32, false, i);
	memcpy(split + 36, "mine", 5);
	ok(bu_btf_parse(&btf, split, sizeof(split), &base, "split", &ds) == 0, "split BTF parses");
	ok(btf.ntypes == 2 && bu_btf_get(&btf, 2, &t) == 0 && !strcmp(t.name, "mine") &&
	   bu_btf_resolve(&btf, 2) == 1 && bu_btf_get(&btf, 1, &t) == 0 && !strcmp(t.name, "int"),
	   "ids and names go through to the base");
	ok(bu_btf_find(&btf, 0, "int") == 1 && bu_btf_find(&btf, 0, "mine") == 2, "find in both");
	bu_btf_free(&base);
	bu_buf_free(&base_blob);
	bu_btfgen_free(&base_gen);
	end();
}

/* ---------------------------------------------------------------- values */

/* The bytes and the text were taken from bpftool 7.1.0 dumping an array map of this struct. */
static void test_upstream_text(void)
{
	static const uint8_t data[40] = {
		0x41, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, /* c, b, s, i */
		0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, /* p */
		1, 0, 0, 0, 5, 0, 0, 0,                         /* e, e2 */
		'h', 'i', '"', 0, 97, 98, 1, 0,                 /* str, nonstr */
		0x18, 0xda, 0xda, 0x00, 0x28, 0xdd, 0xde, 0x00, /* in[2] */
	};
	uint32_t c, uc, s, i, p, en, str, in, arr, st;

	begin(false);
	c = bu_btfgen_int(&g, "char", 1, 1);
	uc = bu_btfgen_int(&g, "unsigned char", 1, 0);
	s = bu_btfgen_int(&g, "short", 2, 1);
	i = bu_btfgen_int(&g, "int", 4, 1);
	p = bu_btfgen_ptr(&g, 0);
	en = bu_btfgen_enum(&g, "e", 4, true);
	bu_btfgen_enumval(&g, "EA", 1);
	bu_btfgen_enumval(&g, "EB", -2);
	str = bu_btfgen_array(&g, c, 4);
	in = bu_btfgen_struct(&g, BU_BTF_STRUCT, "in", 4);
	bu_btfgen_member(&g, "s", s, 0);
	bu_btfgen_member(&g, "uc", uc, 16);
	arr = bu_btfgen_array(&g, in, 2);
	st = bu_btfgen_struct(&g, BU_BTF_STRUCT, "val", 40);
	bu_btfgen_member(&g, "c", c, 0);
	bu_btfgen_member(&g, "uc", uc, 8);
	bu_btfgen_member(&g, "s", s, 16);
	bu_btfgen_member(&g, "i", i, 32);
	bu_btfgen_member(&g, "p", p, 64);
	bu_btfgen_member(&g, "e", en, 128);
	bu_btfgen_member(&g, "e2", en, 160);
	bu_btfgen_member(&g, "str", str, 192);
	bu_btfgen_member(&g, "nonstr", str, 224);
	bu_btfgen_member(&g, "in", arr, 256);
	ok(finish() == 0, "a struct of many kinds");
	is_str(text_at(st, data, sizeof(data), 2),
	       "{\n"
	       "            \"c\": 65,\n"
	       "            \"uc\": 255,\n"
	       "            \"s\": -2,\n"
	       "            \"i\": -1,\n"
	       "            \"p\": 0xafaeadacabaaa9a8,\n"
	       "            \"e\": \"EA\",\n"
	       "            \"e2\": 5,\n"
	       "            \"str\": \"hi\\\"\",\n"
	       "            \"nonstr\": [97,98,1,0\n"
	       "            ],\n"
	       "            \"in\": [{\n"
	       "                    \"s\": -9704,\n"
	       "                    \"uc\": 218\n"
	       "                },{\n"
	       "                    \"s\": -8920,\n"
	       "                    \"uc\": 222\n"
	       "                }\n"
	       "            ]\n"
	       "        }",
	       "text as upstream's map dump has it");
	is_str(json(st, data, sizeof(data), 0),
	       "{\"c\":65,\"uc\":255,\"s\":-2,\"i\":-1,\"p\":12659246559711111592,\"e\":\"EA\","
	       "\"e2\":5,\"str\":\"hi\\\"\",\"nonstr\":[97,98,1,0],"
	       "\"in\":[{\"s\":-9704,\"uc\":218},{\"s\":-8920,\"uc\":222}]}",
	       "JSON as upstream's has it");
	is_str(json(st, data, 39, -EINVAL), "null", "a value cut short is null");
	end();
}

static void test_bitfields(bool be)
{
	const char *order = be ? "big endian" : "little endian";
	/* int a:3 = -2; unsigned b:5 = 19; unsigned long long c:40 = 0x123456789a; bool d:1 = 1 */
	static const uint8_t le[8] = { 0x06 | 19 << 3, 0x9a, 0x78, 0x56, 0x34, 0x12, 0x01, 0 };
	static const uint8_t bigend[8] = { 0xc0 | 19, 0x12, 0x34, 0x56, 0x78, 0x9a, 0x80, 0 };
	const uint8_t *data = be ? bigend : le;
	uint32_t i, u, ull, boolean, st;
	uint8_t out[8];

	begin(be);
	i = bu_btfgen_int(&g, "int", 4, 1);
	u = bu_btfgen_int(&g, "unsigned int", 4, 0);
	ull = bu_btfgen_int(&g, "unsigned long long", 8, 0);
	boolean = bu_btfgen_int(&g, "_Bool", 1, 4);
	st = bu_btfgen_struct(&g, BU_BTF_STRUCT, "bits", 8);
	bu_btfgen_bitfield(&g, "a", i, 0, 3);
	bu_btfgen_bitfield(&g, "b", u, 3, 5);
	bu_btfgen_bitfield(&g, "c", ull, 8, 40);
	bu_btfgen_bitfield(&g, "d", boolean, 48, 1);
	ok(finish() == 0, "%s: bit-fields", order);
	is_str(json(st, data, 8, 0), "{\"a\":-2,\"b\":19,\"c\":78187493530,\"d\":true}",
	       "%s: bit-fields print as signed or unsigned numbers", order);
	ok(parse(st, "{\"a\":-2,\"b\":19,\"c\":0x123456789a,\"d\":true}", out, 8) == 0 &&
	   memcmp(out, data, 8) == 0, "%s: and are read back", order);
	ok(parse(st, "{a: 4}", out, 8) == -ERANGE, "%s: 4 does not fit 3 signed bits", order);
	is_str(message(), "a: 4 does not fit int (signed, 3 bits: -4 to 3)", "%s: and is told so", order);
	ok(parse(st, "{b: 32}", out, 8) == -ERANGE, "%s: 32 does not fit 5 bits", order);
	end();
}

static void test_scalars(void)
{
	static const struct { const char *type, *text, *want; int err; } t[] = {
		{ "u8", "255", "255", 0 }, { "u8", "256", NULL, -ERANGE },
		{ "u8", "-1", NULL, -ERANGE }, { "u8", "'A'", "65", 0 }, { "u8", "0x10", "16", 0 },
		{ "s8", "-128", "-128", 0 }, { "s8", "-129", NULL, -ERANGE },
		{ "s8", "128", NULL, -ERANGE }, { "u32", "4294967295", "4294967295", 0 },
		{ "u32", "4294967296", NULL, -ERANGE }, { "u32", "1K", "1024", 0 },
		{ "u64", "18446744073709551615", "18446744073709551615", 0 },
		{ "u64", "18446744073709551616", NULL, -ERANGE },
		{ "s64", "-9223372036854775808", "-9223372036854775808", 0 },
		{ "s64", "9223372036854775807", "9223372036854775807", 0 },
		{ "s64", "9223372036854775808", NULL, -ERANGE },
		{ "s64", "-0", "0", 0 }, { "u64", "\"7\"", "7", 0 }, { "u64", " 7 ", "7", 0 },
		{ "u64", "7 8", NULL, -EINVAL }, { "u64", "seven", NULL, -EINVAL },
		{ "u64", "", NULL, -EINVAL }, { "u64", "'ab'", NULL, -EINVAL },
		{ "bool", "true", "true", 0 }, { "bool", "0", "false", 0 },
		{ "bool", "2", NULL, -ERANGE },
		{ "u128", "0x123456789abcdef00112233445566778",
		  "\"0x123456789abcdef00112233445566778\"", 0 },
		{ "u128", "5", "\"0x5\"", 0 },
		{ "u128", "0x100000000000000000000000000000000", NULL, -ERANGE },
		{ "s128", "-1", "\"0xffffffffffffffffffffffffffffffff\"", 0 },
		{ "float", "1.5", "1.5", 0 }, { "float", "0.1", "0.1", 0 },
		{ "float", "1e39", NULL, -ERANGE }, { "float", "\"NaN\"", "\"NaN\"", 0 },
		{ "double", "0.1", "0.1", 0 }, { "double", "-1e300", "-1e+300", 0 },
		{ "double", "\"-Infinity\"", "\"-Infinity\"", 0 }, { "double", "1x", NULL, -EINVAL },
		{ "double", "0.30000000000000004", "0.30000000000000004", 0 },
		{ "char8", "'x'", "\"x\"", 0 }, { "char8", "\"\\u00e9\"", "\"\\u00e9\"", 0 },
		{ "char8", "65", "\"A\"", 0 }, { "color", "BLUE", "\"BLUE\"", 0 },
		{ "color", "\"RED\"", "\"RED\"", 0 }, { "color", "9", "9", 0 },
		{ "color", "-5", "-5", 0 }, { "color", "4294967295", NULL, -ERANGE },
		{ "color", "GREEN", NULL, -EINVAL }, { "wide", "HUGE", "\"HUGE\"", 0 },
		{ "wide", "18446744073709551615", "18446744073709551615", 0 },
		{ "str4", "\"abc\"", "\"abc\"", 0 }, { "str4", "\"abcd\"", "\"abcd\"", 0 },
		{ "str4", "\"abcde\"", NULL, -ERANGE }, { "str4", "[1,2]", "[1,2,0,0]", 0 },
		{ "str4", "\"\"", "\"\"", 0 }, { "str4", "[1,2,3,4,5]", NULL, -ERANGE },
		{ "str4", "\"a", NULL, -EINVAL }, { "str4", "[1", NULL, -EINVAL },
		{ "str4", "\"\\n\"", "[10,0,0,0]", 0 },
		{ "pair", "{\"a\": 1, \"b\": 2}", "{\"a\":1,\"b\":2}", 0 },
		{ "pair", "{b=2}", "{\"a\":0,\"b\":2}", 0 },
		{ "pair", "{ .a = 1, .b = 2, }", "{\"a\":1,\"b\":2}", 0 },
		{ "pair", "{1, 2}", "{\"a\":1,\"b\":2}", 0 }, { "pair", "{}", "{\"a\":0,\"b\":0}", 0 },
		{ "pair", "{1, 2, 3}", NULL, -ERANGE }, { "pair", "{c: 1}", NULL, -EINVAL },
		{ "pair", "{a: 1", NULL, -EINVAL }, { "pair", "7", NULL, -EINVAL },
		{ "outer", "{\"\":{\"a\":1,\"b\":2},\"u\":{\"x\":5}}",
		  "{\"\":{\"a\":1,\"b\":2},\"u\":{\"x\":5,\"y\":5}}", 0 },
		{ "outer", "{b: 9}", "{\"\":{\"a\":0,\"b\":9},\"u\":{\"x\":0,\"y\":0}}", 0 },
	};
	uint8_t out[64];
	uint32_t u8, c, c8, pair, uni;

	begin(false);
	u8 = bu_btfgen_int(&g, "u8", 1, 0);
	bu_btfgen_int(&g, "s8", 1, 1);
	bu_btfgen_int(&g, "u32", 4, 0);
	bu_btfgen_int(&g, "u64", 8, 0);
	bu_btfgen_int(&g, "s64", 8, 1);
	bu_btfgen_int(&g, "bool", 1, 4);
	bu_btfgen_int(&g, "u128", 16, 0);
	bu_btfgen_int(&g, "s128", 16, 1);
	bu_btfgen_float(&g, "float", 4);
	bu_btfgen_float(&g, "double", 8);
	c8 = bu_btfgen_int(&g, "char8", 1, 2);
	ok(c8 != u8, "encodings tell types apart");
	bu_btfgen_enum(&g, "color", 4, true);
	bu_btfgen_enumval(&g, "RED", -1);
	bu_btfgen_enumval(&g, "BLUE", 7);
	bu_btfgen_enum(&g, "wide", 8, false);
	bu_btfgen_enumval(&g, "HUGE", (int64_t)0x8000000000000001u);
	c = bu_btfgen_int(&g, "char", 1, 1);
	bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "str4", bu_btfgen_array(&g, c, 4));
	pair = bu_btfgen_struct(&g, BU_BTF_STRUCT, "pair", 2);
	bu_btfgen_member(&g, "a", u8, 0);
	bu_btfgen_member(&g, "b", u8, 8);
	uni = bu_btfgen_struct(&g, BU_BTF_UNION, "u", 1);
	bu_btfgen_member(&g, "x", u8, 0);
	bu_btfgen_member(&g, "y", u8, 0);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "outer", 3);
	bu_btfgen_member(&g, "", pair, 0);
	bu_btfgen_member(&g, "u", uni, 16);
	ok(finish() == 0, "types for values");
	for (size_t i = 0; i < BU_ARRAY_SIZE(t); i++) {
		uint32_t id = bu_btf_find(&btf, 0, t[i].type);
		int err = parse(id, t[i].text, out, (size_t)bu_btf_size(&btf, id));

		if (!ok(err == t[i].err, "%s <- %s", t[i].type, t[i].text))
			printf("#   status %d: %s\n", err, message());
		if (t[i].want)
			is_str(json(id, out, (size_t)bu_btf_size(&btf, id), 0), t[i].want,
			       "%s -> %s", t[i].type, t[i].want);
		else
			ok(*message(), "and says why: %s", message());
	}
	parse(bu_btf_find(&btf, 0, "color"), "BLU", out, 4);
	ok(ds.first && ds.first->nremarks == 1 &&
	   !strcmp(ds.first->remark[0].text, "did you mean 'BLUE'?"), "did you mean");
	end();
}

static void test_datasec(void)
{
	uint32_t i, a, b, sec;
	uint8_t data[8] = { 5, 0, 0, 0, 7, 0, 0, 0 }, out[8];

	begin(false);
	i = bu_btfgen_int(&g, "int", 4, 1);
	a = bu_btfgen_var(&g, "g", i, 1);
	b = bu_btfgen_var(&g, "sg", i, 0);
	sec = bu_btfgen_datasec(&g, ".data", 8);
	bu_btfgen_secvar(&g, a, 0, 4);
	bu_btfgen_secvar(&g, b, 4, 4);
	finish();
	/* bpftool 7.1.0's text for such a map */
	is_str(text_at(sec, data, 8, 2),
	       "{\n"
	       "            \".data\": [{\n"
	       "                    \"g\": 5\n"
	       "                },{\n"
	       "                    \"sg\": 7\n"
	       "                }\n"
	       "            ]\n"
	       "        }", "a data section");
	ok(parse(sec, json(sec, data, 8, 0), out, 8) == 0 && !memcmp(data, out, 8),
	   "and is read back");
	end();
}

static void test_proto(void)
{
	struct bu_buf text = { 0 };
	uint32_t i, md, c, proto, cb, f;

	begin(false);
	i = bu_btfgen_int(&g, "int", 4, 1);
	md = bu_btfgen_fwd(&g, "xdp_md", false);
	c = bu_btfgen_ptr(&g, bu_btfgen_mod(&g, BU_BTF_CONST, NULL, bu_btfgen_int(&g, "char", 1, 1)));
	md = bu_btfgen_ptr(&g, md);
	cb = bu_btfgen_proto(&g, 0);
	bu_btfgen_param(&g, "", i);
	cb = bu_btfgen_ptr(&g, cb);
	proto = bu_btfgen_proto(&g, i);
	bu_btfgen_param(&g, "ctx", md);
	bu_btfgen_param(&g, "fmt", c);
	bu_btfgen_param(&g, "cb", cb);
	bu_btfgen_param(&g, "", 0);
	f = bu_btfgen_func(&g, "count", proto, 1);
	finish();
	ok(bu_btf_print_proto(&text, &btf, f) == 0, "a prototype");
	is_str(bu_buf_cstr(&text),
	       "int count(struct xdp_md * ctx, const char * fmt, void (*)(int ) cb, ...)",
	       "reads as C");
	ok(bu_btf_print_proto(&text, &btf, i) == -EINVAL, "an integer has none");
	bu_buf_free(&text);
	end();
}

/* ---------------------------------------------------------------- .BTF.ext */

static void test_ext(bool be)
{
	struct bu_func_info func[] = { { 0, 0 }, { 16, 0 } };
	struct bu_line_info line[] = { { 0, 0, 0, 10, 2 }, { 8, 0, 0, 11, 1 }, { 16, 0, 0, 4000000, 2000 } };
	struct bu_btfext_sec sec[] = { { "xdp", func, 2, line, 3, NULL, 0, 0, 0 },
				       { ".text", func, 1, line, 1, NULL, 0, 0, 0 } };
	struct bu_btfext e = { sec, 2 }, back;
	struct bu_buf ext = { 0 };
	struct bu_arena a;
	uint32_t f;
	int bad = 0;

	begin(be);
	bu_arena_init(&a);
	f = bu_btfgen_func(&g, "prog", bu_btfgen_proto(&g, 0), 1);
	func[0].type_id = func[1].type_id = f;
	for (int i = 0; i < 3; i++) {
		line[i].file_off = bu_btfgen_str(&g, "prog.s");
		line[i].line_off = bu_btfgen_str(&g, "\tr0 = 0");
	}
	ok(bu_btfext_write(&e, &g, &ext) == 0 && finish() == 0, "records are written");
	ok(bu_btfext_parse(&back, ext.p, ext.n, &btf, &a, "test", &ds) == 0, "and read");
	ok(back.nsec == 2 && !strcmp(back.sec[0].name, "xdp") && back.sec[0].nfunc == 2 &&
	   back.sec[0].func[1].insn_off == 16 && back.sec[0].func[1].type_id == f &&
	   back.sec[1].nline == 1, "functions by section");
	ok(back.sec[0].line[1].line == 11 && back.sec[0].line[1].col == 1 &&
	   !strcmp(bu_btf_str(&btf, back.sec[0].line[1].file_off), "prog.s"), "lines");
	ok(back.sec[0].line[2].line == 4000000 && back.sec[0].line[2].col == 0,
	   "a column that does not fit is left out");
	for (size_t n = 0; n < ext.n; n++)
		bad += bu_btfext_parse(&back, ext.p, n, &btf, &a, "test", NULL) == 0;
	/* The parts are whole wherever a shorter blob still reads. */
	ok(bad == 0, "cut off anywhere it is refused");
	bu_put32(ext.p + 24 + 8 + 12, be, 4);
	ok(bu_btfext_parse(&back, ext.p, ext.n, &btf, &a, "test", &ds) == -EINVAL,
	   "a damaged list is refused: %s", message());
	bu_buf_free(&ext);
	bu_arena_free(&a);
	end();
}

/* ---------------------------------------------------------------- damaged blobs */

struct patch { const char *what; size_t at; uint32_t val; const char *message; };

static void test_damaged(void)
{
	/* Type 1 at 24: int. 2 at 40: struct with one member at 52. 3 at 64: typedef. 4 at 76: array */
	static const struct patch p[] = {
		{ "magic", 0, 0x1234, "not BTF: the magic number is 0x1234, not 0xeb9f" },
		{ "version", 0, 0x0002eb9f, "BTF version 2 is unknown, only 1 is" },
		{ "header length", 4, 8, "damaged BTF: a header of 8 bytes in 117 bytes" },
		{ "type length", 12, 4000, "damaged BTF: the types reach beyond the end" },
		{ "type offset", 8, 2, "damaged BTF: the types are not aligned" },
		{ "string length", 20, 4000, "damaged BTF: the strings reach beyond the end" },
		{ "no strings", 20, 0, "damaged BTF: there are no strings" },
		{ "last string", 20, 3, "damaged BTF: the last string has no end" },
		{ "kind", 28, 31u << 24, "BTF type [1] is of unknown kind 31" },
		{ "name", 24, 900, "damaged BTF: type [1] INT: a name lies outside the strings (at 900 of 17)" },
		{ "int size", 32, 3, "damaged BTF: type [1] INT: an integer of 3 bytes" },
		{ "int bits", 36, 33, "damaged BTF: type [1] INT: 33 bits at 0 in 4 bytes" },
		{ "member type", 56, 77, "damaged BTF: type [2] STRUCT: a member is type [77] of 4" },
		{ "vlen", 44, BU_BTF_STRUCT << 24 | 0xffff, "damaged BTF: type [2] STRUCT is cut off" },
		{ "typedef", 72, 78, "damaged BTF: type [3] TYPEDEF: what it refers to is type [78] of 4" },
		{ "array", 88, 79, "damaged BTF: type [4] ARRAY: the element is type [79] of 4" },
		{ "itself", 56, 2, "damaged BTF: type [2] STRUCT: it contains itself, by way of type [2]" },
		{ "typedef of itself", 72, 3, "damaged BTF: type [3] TYPEDEF: it contains itself, by way of type [3]" },
		{ "itself in an array", 56, 4, "damaged BTF: type [2] STRUCT: it contains itself, by way of type [2]" },
	};
	struct bu_buf copy = { 0 };
	struct bu_btf b;
	uint32_t i;
	int accepted = 0;

	begin(false);
	i = bu_btfgen_int(&g, "int", 4, 1);
	bu_btfgen_struct(&g, BU_BTF_STRUCT, "s", 4);
	bu_btfgen_member(&g, "m", i, 0);
	bu_btfgen_mod(&g, BU_BTF_TYPEDEF, "t_t", 2);
	bu_btfgen_str(&g, "pad");
	/* An array of the struct, by hand: the builder's would come with an index type. */
	{
		uint8_t w[24] = { 0 };

		bu_put32(w + 4, false, BU_BTF_ARRAY << 24);
		bu_put32(w + 12, false, 2);
		bu_put32(w + 16, false, 1);
		bu_put32(w + 20, false, 3);
		bu_buf_add(&g.types, w, sizeof(w));
		g.ntypes++;
	}
	ok(finish() == 0, "the whole blob parses: %s", message());
	for (size_t k = 0; k < BU_ARRAY_SIZE(p); k++) {
		bu_buf_reset(&copy);
		bu_buf_add(&copy, blob.p, blob.n);
		bu_put32(copy.p + p[k].at, false, p[k].val);
		if (p[k].at == 0)
			bu_put16(copy.p + 2, false, k ? 2 : 1);
		bu_diags_free(&ds);
		bu_diags_init(&ds);
		ok(bu_btf_parse(&b, copy.p, copy.n, NULL, "test", &ds) == -EINVAL, "%s", p[k].what);
		is_str(message(), p[k].message, "%s: message", p[k].what);
	}
	for (size_t n = 0; n < blob.n; n++)
		accepted += bu_btf_parse(&b, blob.p, n, NULL, "test", NULL) == 0;
	ok(accepted == 0, "cut off anywhere it is refused");
	bu_buf_free(&copy);
	end();
}

/* A blob of a few hundred bytes whose value would print for years. */
static void test_explosion(void)
{
	uint32_t id;
	uint8_t data[4] = { 0 };
	struct bu_out o;
	int err;

	begin(false);
	id = bu_btfgen_int(&g, "int", 4, 1);
	for (int level = 0; level < 40; level++) {
		uint32_t in = id;

		id = bu_btfgen_struct(&g, BU_BTF_UNION, "u", 4);
		bu_btfgen_member(&g, "a", in, 0);
		bu_btfgen_member(&g, "b", in, 0);
	}
	ok(finish() == 0, "nested unions");
	bu_out_init(&o, NULL, NULL);
	o.json = true;
	err = bu_btf_print_value(&o, NULL, &btf, id, data, 4);
	ok(err == -E2BIG, "are cut short");
	bu_buf_free(&o.buf);
	end();
}

int main(void)
{
	test_build(false);
	test_build(true);
	test_split();
	test_upstream_text();
	test_bitfields(false);
	test_bitfields(true);
	test_scalars();
	test_datasec();
	test_proto();
	test_ext(false);
	test_ext(true);
	test_damaged();
	test_explosion();
	return done_testing();
}
