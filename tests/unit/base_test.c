/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tap.h"
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_arena(void)
{
	struct bu_arena a;
	bool zero = true, aligned = true;

	bu_arena_init(&a);
	for (int i = 0; i < 3000; i++) {
		uint8_t *p = bu_arena_alloc(&a, (size_t)i);

		aligned = aligned && ((uintptr_t)p & 15) == 0;
		for (int k = 0; k < i; k++)
			zero = zero && p[k] == 0;
		memset(p, 0xff, (size_t)i);
	}
	ok(zero && aligned, "arena memory is zeroed and aligned to 16");
	ok(!bu_arena_failed(&a), "arena has not failed");
	ok(!bu_arena_array(&a, SIZE_MAX / 2, 3) && bu_arena_failed(&a), "overflow is a failure");
	ok(!bu_arena_alloc(&a, 1), "a failure is sticky");
	bu_arena_free(&a);
	is_str(bu_arena_printf(&a, "%d-%s", 7, "x"), "7-x", "arena printf after free");
	bu_arena_free(&a);
}

/* A section of zeros may have any size in its header. */
static void test_big(void)
{
	struct rusage before, after;
	struct bu_arena a;
	uint8_t *big, *small;

	bu_arena_init(&a);
	getrusage(RUSAGE_SELF, &before);
	big = bu_arena_alloc(&a, 512u << 20);
	small = bu_arena_alloc(&a, 100);
	ok(big && small && !big[0] && !big[(512u << 20) - 1] && ((uintptr_t)big & 15) == 0,
	   "512 MiB of zeros");
	getrusage(RUSAGE_SELF, &after);
	ok(after.ru_maxrss - before.ru_maxrss < 128 << 10, "which take no memory");
	bu_arena_free(&a);
}

static void test_buf(void)
{
	struct bu_buf b = { 0 };

	bu_buf_u64(&b, UINT64_MAX), bu_buf_char(&b, ' ');
	bu_buf_s64(&b, INT64_MIN), bu_buf_char(&b, ' ');
	bu_buf_hex(&b, 0), bu_buf_char(&b, ' ');
	bu_buf_hex(&b, 0xdeadbeef);
	is_str(bu_buf_cstr(&b), "18446744073709551615 -9223372036854775808 0x0 0xdeadbeef",
	       "numbers at the edges");
	bu_buf_reset(&b);
	bu_buf_json_escape(&b, "a\"\\\n\x01\x7f\xc3\xa9\xff\xed\xa0\x80", 12);
	is_str(bu_buf_cstr(&b), "a\\\"\\\\\\n\\u0001\\u007f\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd",
	       "JSON escapes, surrogates and stray bytes");
	bu_buf_reset(&b);
	for (int i = 0; i < 500; i++)
		bu_buf_printf(&b, "%d,", i);
	ok(b.n == 10 * 2 + 90 * 3 + 400 * 4, "long printf output is whole");
	bu_buf_free(&b);
}

static void test_str(void)
{
	static const struct { const char *s; int err; uint64_t v; } num[] = {
		{ "0", 0, 0 }, { "42", 0, 42 }, { "0x10", 0, 16 }, { "0b101", 0, 5 },
		{ "010", 0, 8 }, { "1M", 0, 1 << 20 }, { "4K", 0, 4096 },
		{ "18446744073709551615", 0, UINT64_MAX }, { "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "12abc", -EINVAL, 0 }, { "08", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 }, { "x", -EINVAL, 0 }, { "-1", -EINVAL, 0 }, { "K", -EINVAL, 0 },
	};
	static const struct { const char *s; int err; uint64_t ns; } dur[] = {
		{ "500ms", 0, 500000000 }, { "2s", 0, 2000000000 }, { "1.5s", 0, 1500000000 },
		{ "7", 0, 7000000000 }, { "3m", 0, 180000000000 }, { "", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 }, { ".", -EINVAL, 0 }, { "99999999999999h", -ERANGE, 0 },
	};
	uint64_t v;
	bool neg;

	for (size_t i = 0; i < BU_ARRAY_SIZE(num); i++) {
		int err = bu_str_u64(bu_str_c(num[i].s), &v, NULL);

		ok(err == num[i].err && (err || v == num[i].v), "number \"%s\"", num[i].s);
	}
	ok(!bu_str_u64(BU_STR("-9223372036854775808"), &v, &neg) && neg && v == 1ull << 63,
	   "smallest negative number");
	ok(bu_str_u64(BU_STR("-9223372036854775809"), &v, &neg) == -ERANGE, "one below it");
	for (size_t i = 0; i < BU_ARRAY_SIZE(dur); i++) {
		int err = bu_str_duration(bu_str_c(dur[i].s), &v);

		ok(err == dur[i].err && (err || v == dur[i].ns), "duration \"%s\"", dur[i].s);
	}
}

static void test_hash(void)
{
	static char keys[5000][8];
	struct bu_hash h = { 0 };
	bool good = true;

	ok(!bu_hash_get(&h, "x", 1), "empty table");
	for (int i = 0; i < 5000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		bu_hash_put(&h, keys[i], strlen(keys[i]), keys[i]);
	}
	for (int i = 0; i < 5000; i++)
		good = good && bu_hash_get(&h, keys[i], strlen(keys[i])) == keys[i];
	ok(good && h.n == 5000, "5000 keys are found again");
	bu_hash_put(&h, "k7", 2, keys[8]);
	ok(h.n == 5000 && bu_hash_get(&h, "k7", 2) == keys[8], "put replaces");
	ok(!bu_hash_get(&h, "k5000", 5), "an absent key");
	bu_hash_free(&h);
}

static const char *near(const char *word)
{
	static const char *const c[] = { "bpf_map_lookup_elem", "bpf_map_update_elem",
					 "bpf_map_delete_elem", "show", "list", "dump" };
	struct bu_near n;

	bu_near_init(&n, word, strlen(word));
	for (size_t i = 0; i < BU_ARRAY_SIZE(c); i++)
		bu_near_feed(&n, c[i]);
	return n.best;
}

static void test_near(void)
{
	is_str(near("bpf_map_lookup_elm"), "bpf_map_lookup_elem", "a letter missing");
	is_str(near("shwo"), "show", "two letters exchanged");
	is_str(near("lst"), "list", "a short word");
	is_str(near("bpf_map_del"), "bpf_map_delete_elem", "a word cut short");
	ok(!near("frobnicate"), "nothing near");
}

static void test_diag(void)
{
	struct bu_diags ds;
	struct bu_diag *d;
	struct bu_buf b = { 0 };

	bu_diags_init(&ds);
	ds.max_errors = 1;
	d = bu_diag(&ds, BU_ERROR, "U0001", "register `%s` does not exist", "w11");
	bu_diag_span(&ds, d, "drop.s", 7, 2, 3, BU_STR("\tw11 = w1"), "BPF has w0 to w10");
	bu_diag_help(&ds, d, "the frame pointer is `r10`");
	bu_diag(&ds, BU_ERROR, "U0001", "second");
	bu_diags_render(&b, &ds, BU_DIAG_TEXT, false, "t");
	is_str(bu_buf_cstr(&b),
	       "drop.s:7:2: error: register `w11` does not exist [U0001]\n"
	       "    7 | \tw11 = w1\n"
	       "      | \t^~~ BPF has w0 to w10\n"
	       "      = help: the frame pointer is `r10`\n"
	       "t: 1 more errors\n", "text form with caret under a tab");
	bu_buf_reset(&b);
	bu_diag_render(&b, ds.first, BU_DIAG_JSON, false, "t");
	is_str(bu_buf_cstr(&b),
	       "{\"error\":\"register `w11` does not exist\",\"severity\":\"error\",\"code\":\"U0001\","
	       "\"spans\":[{\"file\":\"drop.s\",\"line\":7,\"column\":2,\"length\":3,"
	       "\"label\":\"BPF has w0 to w10\"}],\"notes\":[],"
	       "\"help\":[\"the frame pointer is `r10`\"]}", "JSON form");
	ok(ds.errors == 2 && !ds.first->next, "errors beyond the limit are counted, not kept");
	ok(bu_diag_explain("U0001", NULL) && !bu_diag_explain("Z9999", NULL), "explanations");
	bu_buf_free(&b);
	bu_diags_free(&ds);
}

static int to_buf(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

static void emit(struct bu_out *o)
{
	bu_out_arr(o, NULL);
	bu_out_obj(o, NULL);
	bu_out_uint(o, "id", 7, "%u: ", 7u);
	bu_out_str(o, "name", "a\"b", SIZE_MAX, "name %s", "a\"b");
	bu_out_bool(o, "x", true, NULL);
	bu_out_arr(o, "l");
	bu_out_int(o, NULL, -1, " [%d", -1);
	bu_out_int(o, NULL, 2, " %d]", 2);
	bu_out_arr_end(o);
	bu_out_null(o, "n");
	bu_out_str(o, BU_NO_JSON, "", 0, " text only");
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
	bu_out_arr(o, NULL);
	bu_out_arr_end(o);
	bu_out_arr_end(o);
}

static void test_out(void)
{
	struct bu_buf got = { 0 };
	struct bu_out o;

	bu_out_init(&o, to_buf, &got);
	emit(&o);
	bu_out_finish(&o);
	is_str(bu_buf_cstr(&got), "7: name a\"b [-1 2] text only\n", "text mode");
	bu_buf_reset(&got);
	bu_out_init(&o, to_buf, &got);
	o.json = true;
	emit(&o);
	bu_out_finish(&o);
	is_str(bu_buf_cstr(&got),
	       "[{\"id\":7,\"name\":\"a\\\"b\",\"x\":true,\"l\":[-1,2],\"n\":null},[]]\n",
	       "JSON mode");
	bu_buf_reset(&got);
	bu_out_init(&o, to_buf, &got);
	o.json = o.pretty = true;
	bu_out_arr(&o, NULL);
	for (int i = 0; i < 2; i++) {
		bu_out_obj(&o, NULL);
		bu_out_uint(&o, "a", 1, NULL);
		bu_out_obj_end(&o);
	}
	bu_out_arr_end(&o);
	bu_out_finish(&o);
	is_str(bu_buf_cstr(&got), "[{\n        \"a\": 1\n    },{\n        \"a\": 1\n    }\n]\n",
	       "pretty JSON as upstream bpftool lays it out");
	bu_buf_free(&got);
}

enum { OPT_OUT = 1, OPT_VERBOSE, OPT_COLOR, OPT_COMPLETE, OPT_MARCH, OPT_COUNT };
static const struct bu_opt opts[] = {
	{ OPT_OUT, 'o', "output", "FILE", "where to write", BU_WORD_FILE, NULL },
	{ OPT_VERBOSE, 'v', "verbose", NULL, "say more", BU_WORD_NONE, NULL },
	{ OPT_COLOR, 0, "color", "[WHEN]", "colour", BU_WORD_LIST, "auto|always|never" },
	{ OPT_COUNT, 0, "count", NULL, "count", BU_WORD_NONE, NULL },
	{ OPT_MARCH, 0, "-march", "ARCH", "architecture", BU_WORD_LIST, "x86_64|arm64" },
	{ OPT_COMPLETE, 0, "complete", NULL, NULL, BU_WORD_NONE, NULL },
	{ 0, 0, NULL, NULL, NULL, BU_WORD_NONE, NULL },
};
static const struct bu_cmd cmds[] = {
	{ 1, "map dump", "MAP", "dump a map", BU_WORD_NONE },
	{ 2, "map show", "[MAP]", "list maps", BU_WORD_NONE },
	{ 3, "version", "", "versions", BU_WORD_NONE },
	{ 0, NULL, NULL, NULL, BU_WORD_NONE },
};

static void test_opt(void)
{
	char *argv[] = { "t", "-vo", "x", "file", "--color=never", "--out=y", "-march=arm64", "--",
			 "-v", NULL };
	char *bad[] = { "t", "--verbos3", "--co", "-z", "--output", NULL };
	struct bu_optscan s;

	bu_opt_start(&s, opts, 9, argv);
	ok(bu_opt_next(&s) == OPT_VERBOSE, "first of a bundle");
	ok(bu_opt_next(&s) == OPT_OUT && !strcmp(s.arg, "x"), "argument in the next word");
	ok(bu_opt_next(&s) == BU_OPT_OPERAND && !strcmp(s.arg, "file"), "an operand between");
	ok(bu_opt_next(&s) == OPT_COLOR && !strcmp(s.arg, "never"), "optional argument");
	ok(bu_opt_next(&s) == OPT_OUT && !strcmp(s.arg, "y"), "long name cut short");
	ok(bu_opt_next(&s) == OPT_MARCH && !strcmp(s.arg, "arm64"), "single-dash long option");
	ok(bu_opt_next(&s) == BU_OPT_OPERAND && !strcmp(s.arg, "-v"), "-- ends the options");
	ok(bu_opt_next(&s) == BU_OPT_END, "the end");
	bu_opt_start(&s, opts, 5, bad);
	ok(bu_opt_next(&s) == BU_OPT_ERROR, "unknown option");
	is_str(s.error, "unknown option --verbos3", "it is named");
	is_str(s.hint, "did you mean --verbose?", "with a hint");
	ok(bu_opt_next(&s) == BU_OPT_ERROR, "ambiguous prefix");
	ok(bu_opt_next(&s) == BU_OPT_ERROR, "unknown letter");
	ok(bu_opt_next(&s) == BU_OPT_ERROR && strstr(s.error, "needs FILE"), "missing argument");
}

static void complete(const char *what, const char *want, int n, char **words)
{
	struct bu_buf b = { 0 };

	bu_opt_complete(&b, opts, cmds, n, words, NULL);
	is_str(bu_buf_cstr(&b), want, "complete %s", what);
	bu_buf_free(&b);
}

static void test_complete(void)
{
	complete("first word", "map\t\nversion\tversions\n", 1, (char *[]){ "" });
	complete("second word", "dump\tdump a map\n", 2, (char *[]){ "map", "d" });
	complete("long option", "--verbose\tsay more\n", 1, (char *[]){ "--v" });
	complete("hidden option", "", 1, (char *[]){ "--compl" });
	complete("list after =", "--color=always\t\n", 1, (char *[]){ "--color=al" });
}

static void test_file(void)
{
	char dir[] = "/tmp/bu-base-XXXXXX", path[64];
	struct bu_outfile f;
	struct bu_buf b = { 0 };

	if (!mkdtemp(dir)) {
		skip(4, "no temporary directory");
		return;
	}
	snprintf(path, sizeof(path), "%s/out", dir);
	ok(!bu_outfile_open(&f, path) && !bu_write_all(f.fd, "hello", 5) &&
	   access(path, F_OK) < 0, "not there before commit");
	ok(!bu_outfile_commit(&f) && !bu_file_read(path, 100, &b) && b.n == 5, "whole after it");
	ok(!bu_outfile_open(&f, path) && !bu_write_all(f.fd, "x", 1), "second writer");
	bu_outfile_abort(&f);
	bu_buf_reset(&b);
	ok(!bu_file_read(path, 100, &b) && b.n == 5, "abort leaves the old file");
	ok(bu_file_read(path, 4, &b) == -EFBIG, "a limit is kept");
	ok(bu_file_read("/nonexistent", 4, &b) == -ENOENT, "a missing file");
	unlink(path);
	ok(rmdir(dir) == 0, "no temporary file is left");
	bu_buf_free(&b);
}

/* In a process of its own, whose standard files are closed: how many of the checks held. */
static int closed_fds(void)
{
	char c;
	int good = 0;

	for (int fd = 0; fd < 3; fd++)
		close(fd);
	bu_std_fds();
	good += open("/dev/null", O_RDWR) > 2;
	good += write(1, "x", 1) < 0 && errno == EBADF;
	good += write(2, "x", 1) < 0 && errno == EBADF;
	good += read(0, &c, 1) < 0 && errno == EBADF;
	return good;
}

static void test_std_fds(void)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(closed_fds());
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 4,
	   "no file takes the place of a standard one that is closed");
}

int main(void)
{
	test_std_fds();
	test_arena();
	test_big();
	test_buf();
	test_str();
	test_hash();
	test_near();
	test_diag();
	test_out();
	test_opt();
	test_complete();
	test_file();
	is_str(bu_errno_name(-524), "ENOTSUPP", "the kernel's own errno");
	is_str(bu_errno_name(EPERM), "EPERM", "an ordinary errno");
	return done_testing();
}
