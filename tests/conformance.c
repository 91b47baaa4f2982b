/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs folders of the public conformance suite's files in the VM. TAP, one point a file; the end is
 * "N passed, N failed, N skipped".
 *
 *   conformance [DIR|FILE]...     without: $BPFUTILS_CONFORMANCE
 *
 * The text of a file: sections that begin with a line with "--" (asm, raw, mem, result, error, and some
 * that are not for us); "#" begins a comment. Its assembler language is the one below, and no more.
 */
#include "isa/isa.h"
#include "vm/vm.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/tap.h"

#define MAX_INSNS 4096u
#define MAX_LABELS 256u
#define MAX_MEM 65536u

struct label {
	char name[64];
	uint32_t at;
};
/* A jump or call whose target is known at the end. */
struct fixup {
	char name[64];
	uint32_t at;
	bool imm;
};
struct test {
	struct bu_insn insn[MAX_INSNS];
	uint32_t n;
	struct label label[MAX_LABELS];
	struct fixup fixup[MAX_LABELS];
	uint32_t nlabels, nfixups;
	uint8_t mem[MAX_MEM];
	uint32_t mem_size;
	uint64_t result;
	bool has_result, has_error, has_code, skip;
	char error[256];
	char why[256];
};

static unsigned passed, failed, skipped;

/* ---------------------------------------------------------------- the assembler */

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* A number with its sign, or for targets a label. */
static size_t operand(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out)
{
	bool target = f == BU_FIELD_TARGET || f == BU_FIELD_TARGET32 || f == BU_FIELD_LOCAL, neg;
	size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-'), n;
	uint64_t v;

	(void)ctx;
	neg = i && s.p[0] == '-';
	for (; i < s.n && s.p[i] == ' '; i++)
		;
	for (n = i; n < s.n && word_char(s.p[n]); n++)
		;
	if (n == i)
		return 0;
	if (!isdigit((unsigned char)s.p[i])) {
		out->symbolic = true;
		return target ? n : 0;
	}
	if (bu_str_u64(bu_str(s.p + i, n - i), &v, NULL))
		return 0;
	out->val = (int64_t)(neg ? 0 - v : v);
	if (f == BU_FIELD_OFF && v > INT16_MAX && v <= UINT16_MAX) /* 0xfff8 is -8 */
		out->val = (int16_t)(neg ? 0 - v : v);
	return n;
}

static bool fix_later(struct test *t, const struct bu_operand *op, bool imm)
{
	struct fixup *x = &t->fixup[t->nfixups];

	if (!op->symbolic)
		return true;
	if (t->nfixups == MAX_LABELS || op->text.n >= sizeof(x->name))
		return false;
	memcpy(x->name, op->text.p, op->text.n);
	x->name[op->text.n] = 0;
	x->at = t->n;
	x->imm = imm;
	t->nfixups++;
	return true;
}

/* One line of asm: false: not understood. */
static bool assemble(struct test *t, const char *text)
{
	static const struct bu_matcher matcher = { .operand = operand,
						   .dialects = 1u << BU_DIALECT_CONFORMANCE };
	const char *colon = strchr(text, ':');
	struct bu_match m;
	int slots;

	if (colon && (size_t)(colon - text) < sizeof(t->label[0].name)) {
		if (t->nlabels == MAX_LABELS)
			return false;
		memcpy(t->label[t->nlabels].name, text, (size_t)(colon - text));
		t->label[t->nlabels++].at = t->n;
		for (text = colon + 1; isspace((unsigned char)*text); text++)
			;
		return *text ? assemble(t, text) : true;
	}
	if (t->n + 2 > MAX_INSNS || bu_isa_match(&matcher, bu_str_c(text), &m, NULL))
		return false;
	slots = bu_match_encode(&m, &t->insn[t->n], NULL);
	if (slots < 0 || !fix_later(t, &m.off, false) || !fix_later(t, &m.imm, true))
		return false;
	t->n += (uint32_t)slots;
	return true;
}

/* Labels become distances; "exit" is the first exit, if it is not written. */
static bool resolve(struct test *t)
{
	for (uint32_t f = 0; f < t->nfixups; f++) {
		struct fixup *x = &t->fixup[f];
		int64_t at = -1;

		for (uint32_t i = 0; i < t->nlabels; i++)
			if (!strcmp(t->label[i].name, x->name))
				at = t->label[i].at;
		for (uint32_t i = 0; at < 0 && !strcmp(x->name, "exit") && i < t->n; i++) {
			if (t->insn[i].code == BU_OP_EXIT)
				at = i;
			i += t->insn[i].code == BU_OP_LD_IMM64;
		}
		if (at < 0)
			return false;
		at -= (int64_t)x->at + 1;
		if (x->imm)
			t->insn[x->at].imm = (int32_t)at;
		else
			t->insn[x->at].off = (int16_t)at;
	}
	return true;
}

/* ---------------------------------------------------------------- files */

static void raw_words(struct test *t, char *s)
{
	for (char *w = strtok(s, " \t"); w && t->n < MAX_INSNS; w = strtok(NULL, " \t")) {
		uint64_t v = strtoull(w, NULL, strncasecmp(w, "0x", 2) ? 10 : 16);
		uint8_t b[8];

		for (unsigned i = 0; i < 8; i++)
			b[i] = (uint8_t)(v >> 8 * i);
		bu_insn_decode(&t->insn[t->n++], b, false);
	}
}

static void mem_bytes(struct test *t, char *s)
{
	for (char *w = strtok(s, " \t"); w && t->mem_size < MAX_MEM; w = strtok(NULL, " \t"))
		t->mem[t->mem_size++] = (uint8_t)strtoul(w, NULL, 16);
}

enum section { NONE, ASM, RAW, MEM, RESULT, ERROR, IGNORED };

static int section(const char *s)
{
	return strstr(s, "asm")			? ASM :
	       strstr(s, "result")		? RESULT :
	       strstr(s, "mem")			? MEM :
	       strstr(s, "raw")			? RAW :
	       strstr(s, "no register offset")	? IGNORED :
	       strstr(s, " c")			? IGNORED :
	       strstr(s, "error")		? ERROR : -1;
}

static char *trim(char *s)
{
	char *end;

	s[strcspn(s, "#\r\n")] = 0;
	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

static void read_file(struct test *t, FILE *f)
{
	bool raw = false;
	char *buf = NULL, *s;
	size_t cap = 0;
	int in = NONE;

	while (getline(&buf, &cap, f) >= 0 && !t->skip) {
		s = trim(buf);
		if (strstr(s, "--")) {
			in = section(s);
			t->skip = in < 0;
			if (t->skip)
				snprintf(t->why, sizeof(t->why), "an unknown section: %.100s", s);
			if (in == RAW && !raw) { /* instead of asm */
				raw = true;
				t->n = t->nlabels = t->nfixups = 0;
			}
		} else if (!*s) {
			continue;
		} else if (in == ASM && !raw) {
			t->has_code = true;
			if (!assemble(t, s)) {
				snprintf(t->why, sizeof(t->why), "not understood: %.100s", s);
				break;
			}
		} else if (in == RAW) {
			t->has_code = true;
			raw_words(t, s);
		} else if (in == MEM) {
			mem_bytes(t, s);
		} else if (in == RESULT) {
			t->has_result = true;
			t->result = strtoull(s, NULL, strstr(s, "0x") ? 16 : 10);
		} else if (in == ERROR) {
			t->has_error = true;
			snprintf(t->error, sizeof(t->error), "%s", s);
		}
	}
	free(buf);
	if (!t->skip && !t->why[0] && !resolve(t))
		snprintf(t->why, sizeof(t->why), "a label that there is not");
}

/* ---------------------------------------------------------------- helpers of the suite */

#define HELPER(name) \
	static uint64_t name(void *ctx, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, bool *end)

HELPER(gather)
{
	(void)ctx, (void)end;
	return (a & 255) << 32 | (b & 255) << 24 | (c & 255) << 16 | (d & 255) << 8 | (e & 255);
}

/* Turns n bytes at a around; only of the test's own memory. */
HELPER(frob)
{
	struct test *t = ctx;
	uint64_t off = a - (uintptr_t)t->mem;

	(void)c, (void)d, (void)e, (void)end;
	for (uint64_t i = 0; off < t->mem_size && i < b && off + i < t->mem_size; i++)
		t->mem[off + i] ^= 42;
	return 0;
}

HELPER(nothing)
{
	(void)ctx, (void)a, (void)b, (void)c, (void)d, (void)e, (void)end;
	return 0;
}

HELPER(unwind)
{
	(void)ctx, (void)b, (void)c, (void)d, (void)e;
	*end = !a;
	return a;
}

/* ---------------------------------------------------------------- running */

static void run_file(struct bu_sys *s, const char *path)
{
	static struct test t;
	struct bu_vm_raw raw = { .insns = t.insn, .helper_ctx = &t };
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_MEM };
	struct bu_vm_fault fault = { 0 };
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	FILE *f = fopen(path, "r");
	uint64_t r0 = 0;
	bool good;
	int err;

	memset(&t, 0, sizeof(t));
	if (f) {
		read_file(&t, f);
		fclose(f);
	} else {
		snprintf(t.why, sizeof(t.why), "cannot be read: %s", strerror(errno));
	}
	if (f && (t.skip || !t.has_code || (!t.has_result && !t.has_error))) {
		skipped++;
		printf("ok %d - %s # SKIP \"%s\"\n", ++tap_n, name,
		       t.why[0] ? t.why : "it has no code, or no result");
		return;
	}
	raw.helper[0] = gather;
	raw.helper[1] = frob;
	raw.helper[2] = nothing;
	raw.helper[5] = unwind;
	raw.n = t.n;
	ctx.bytes = t.mem_size ? t.mem : NULL;
	ctx.size = t.mem_size;
	err = t.why[0] ? -EINVAL : bu_vm_run_raw(s, &raw, &ctx, &r0, &fault);
	good = t.has_error ? err != 0 : !err && r0 == t.result;
	ok(good, "%s", name);
	*(good ? &passed : &failed) += 1;
	if (good)
		return;
	if (t.why[0])
		printf("#   %s\n", t.why);
	else if (err)
		printf("#   %s%s%s\n", bu_errno_name(err), fault.kind ? ": " : "", fault.kind ? fault.text : "");
	else
		printf("#   r0 is %#llx, not %#llx\n", (unsigned long long)r0, (unsigned long long)t.result);
}

static int is_data(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 5 && !strcmp(e->d_name + n - 5, ".data");
}

static void run_dir(struct bu_sys *s, const char *dir)
{
	struct dirent **list;
	char path[4096];
	int n = scandir(dir, &list, is_data, alphasort);

	if (n < 0) {
		ok(false, "%s: %s", dir, strerror(errno));
		failed++;
		return;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		run_file(s, path);
		free(list[i]);
	}
	free(list);
}

static void run(struct bu_sys *s, const char *path)
{
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		run_dir(s, path);
	else
		run_file(s, path);
}

static void remove_world(const char *world)
{
	static const char *const dirs[] = { "/o", "/r", "/m", "/pins", "" };
	char path[4096];

	for (unsigned i = 0; i < BU_ARRAY_SIZE(dirs); i++) {
		struct dirent *e;
		DIR *d;

		snprintf(path, sizeof(path), "%s%s", world, dirs[i]);
		d = opendir(path);
		while (d && (e = readdir(d)))
			unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
		rmdir(path);
	}
}

int main(int argc, char **argv)
{
	char world[] = "/dev/shm/bpfutils-test-XXXXXX";
	struct bu_vm_options opts = { .world = world };
	const char *dir = getenv("BPFUTILS_CONFORMANCE");
	struct bu_diags ds = { 0 };
	struct bu_sys *s;

	if (argc < 2 && (!dir || !*dir)) {
		printf("1..0 # SKIP needs the public conformance suite (configure --with-conformance-data)\n");
		return 0;
	}
	if (!mkdtemp(world) || bu_vm_open(&s, &opts, &ds)) {
		printf("1..0 # SKIP needs a tmpfs on /dev/shm\n");
		rmdir(world);
		return 0;
	}
	if (argc < 2)
		run(s, dir);
	for (int i = 1; i < argc; i++)
		run(s, argv[i]);
	s->ops->destroy(s);
	remove_world(world);
	done_testing();
	printf("# %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	fprintf(stderr, "%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed != 0;
}
