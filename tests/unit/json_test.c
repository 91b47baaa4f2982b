/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading JSON: what RFC 8259 allows is read, what it does not allow is refused where it stands. */
#include "base/base.h"
#include "tap.h"

static struct bu_json j;

static void begin(const char *text)
{
	bu_json_init(&j, bu_str_c(text));
}

static void test_valid(void)
{
	static const char *const good[] = {
		"null", "true", "false", "0", "-0", "12.5e-3", "1E+9", "\"\"", "\"a\\u00e9\\n\\\"\"", "[]", "{}",
		" [ 1 , [ ] , { } ] ", "{\"a\":{\"b\":[1,{\"c\":null}]},\"d\":\"x\"}", "[[[[[[]]]]]]",
		"\"\\ud83d\\ude00\"", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
	};
	static const struct { const char *text; size_t at; } bad[] = {
		{ "", 0 }, { "[", 1 }, { "[1", 2 }, { "[1,]", 3 }, { "{\"a\"}", 4 }, { "{\"a\":}", 5 }, { "{a:1}", 1 },
		{ "[1 2]", 3 }, { "01", 0 }, { "1.", 0 }, { "-", 0 }, { "nul", 0 }, { "\"abc", 0 }, { "\"\\x\"", 2 },
		{ "\"\\u12\"", 5 }, { "\"\\ud800\"", 1 }, { "[1]]", 3 }, { "{\"a\":1,}", 7 }, { "[1}", 2 },
		{ "+1", 0 }, { "\"\t\"", 1 }, { "tru", 0 }, { "{\"a\":1 \"b\":2}", 7 },
		{ "\"a\x80\"", 2 }, { "\"\xc3\"", 1 }, { "{\"\xff\":1}", 2 }, { "\"\xed\xa0\x80\"", 1 }, { "\"\xe2\x82", 1 },
	};
	struct bu_buf deep = { 0 };
	struct bu_str raw;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(good); i++) {
		begin(good[i]);
		ok(bu_json_skip(&j, NULL) && bu_json_end(&j), "valid: %s", good[i]);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(bad); i++) {
		begin(bad[i].text);
		ok(!(bu_json_skip(&j, NULL) && bu_json_end(&j)) && j.error, "not valid: %s", bad[i].text);
		if (!ok(j.error_at == bad[i].at, "and it is told where"))
			printf("# at %zu: %s\n", j.error_at, j.error);
	}
	for (int i = 0; i < 100000; i++)
		bu_buf_char(&deep, '[');
	begin(bu_buf_cstr(&deep));
	ok(!bu_json_skip(&j, NULL) && !strcmp(j.error, "too deep"), "100,000 brackets are refused");
	bu_buf_free(&deep);
	begin(" {\"a\" : [1, 2]} 7");
	ok(bu_json_skip(&j, &raw) && bu_str_is(raw, "{\"a\" : [1, 2]}"), "the text of a value");
	ok(bu_json_kind(&j) == BU_JSON_NUMBER, "what is behind it");
}

static void test_walk(void)
{
	struct bu_buf key = { 0 }, s = { 0 };
	uint64_t v = 0, sum = 0;
	uint32_t col;
	int keys = 0;

	begin("{\"a\":[1,2,3],\n\"b\\u0041\":\"x\\u20acy\",\"c\":{}}");
	ok(bu_json_obj(&j), "an object");
	while (bu_json_key(&j, &key)) {
		keys++;
		if (!strcmp(bu_buf_cstr(&key), "a")) {
			for (bu_json_arr(&j); bu_json_elem(&j); sum += v)
				bu_json_u64(&j, &v);
		} else if (!strcmp(bu_buf_cstr(&key), "bA")) {
			bu_json_string(&j, &s);
		} else {
			bu_json_skip(&j, NULL);
		}
	}
	ok(bu_json_end(&j) && keys == 3 && sum == 6, "all of its members");
	is_str(bu_buf_cstr(&s), "x\xe2\x82\xacy", "escapes become UTF-8");
	ok(bu_json_line(&j, 14, &col) == 2 && col == 1, "line and column");
	begin("[1,\"x\"]");
	bu_json_arr(&j);
	while (bu_json_elem(&j))
		bu_json_u64(&j, &v);
	ok(j.error && j.error_at == 3, "a string is no number");
	begin("[18446744073709551615,18446744073709551616]");
	bu_json_arr(&j);
	ok(bu_json_elem(&j) && bu_json_u64(&j, &v) && v == UINT64_MAX, "2^64 - 1");
	ok(bu_json_elem(&j) && !bu_json_u64(&j, &v), "2^64 is too large");
	ok(bu_json_same(BU_STR("{\"a\": [1, 2]}"), BU_STR(" {\"a\":[1,2] }")), "blanks do not count");
	ok(!bu_json_same(BU_STR("\"a b\""), BU_STR("\"ab\"")), "in strings they do");
	ok(!bu_json_same(BU_STR("[1,2]"), BU_STR("[1,2,3]")), "what is longer is not the same");
	bu_buf_free(&key);
	bu_buf_free(&s);
}

/* Every text that is near a valid one ends, within its bounds (the sanitizers look). */
static void test_damaged(void)
{
	static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\"],\"b\":{\"c\":null,\"d\":[true,false]}}";
	uint32_t seed = 7;
	unsigned good = 0;

	for (unsigned i = 0; i < 20000; i++) {
		char *copy = malloc(sizeof(text) - 1);
		size_t n = sizeof(text) - 1;

		memcpy(copy, text, n);
		seed = seed * 1664525 + 1013904223;
		copy[seed % n] = "\"\\{}[],:0 ex\n"[(seed >> 16) % 13];
		if (seed & 0x8000)
			n = (seed >> 8) % n;
		bu_json_init(&j, bu_str(copy, n));
		good += bu_json_skip(&j, NULL) && bu_json_end(&j);
		free(copy);
	}
	ok(good > 0 && good < 20000, "20,000 damaged texts: %u are still valid", good);
}

int main(void)
{
	test_valid();
	test_walk();
	test_damaged();
	return done_testing();
}
