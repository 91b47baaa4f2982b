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

/* ---------------------------------------------------------------- words of a line */

struct line {
	const char *p;
	bool bad;
};

static void blanks(struct line *l)
{
	while (isspace((unsigned char)*l->p) || *l->p == ',')
		l->p++;
}

static void word(struct line *l, char *out, size_t size)
{
	size_t n = 0;

	blanks(l);
	while ((isalnum((unsigned char)*l->p) || *l->p == '_' || *l->p == '.') && n + 1 < size)
		out[n++] = *l->p++;
	out[n] = 0;
	l->bad |= !n;
}

static bool is_reg(struct line *l)
{
	blanks(l);
	return l->p[0] == '%' || (l->p[0] == 'r' && isdigit((unsigned char)l->p[1]));
}

static uint8_t reg(struct line *l)
{
	char *end;
	unsigned long v;

	if (!is_reg(l)) {
		l->bad = true;
		return 0;
	}
	l->p += *l->p == '%';
	l->p += *l->p == 'r';
	v = strtoul(l->p, &end, 10);
	l->bad |= end == l->p || v > 15;
	l->p = end;
	return (uint8_t)(v & 15);
}

static uint64_t number(struct line *l)
{
	char *end;
	uint64_t v;
	bool minus;

	blanks(l);
	minus = *l->p == '-';
	if (*l->p == '-' || *l->p == '+')
		l->p++;
	v = strtoull(l->p, &end, strncasecmp(l->p, "0x", 2) ? 10 : 16);
	l->bad |= end == l->p;
	l->p = end;
	return minus ? 0 - v : v;
}

/* [%r1+4] */
static uint8_t place(struct line *l, int16_t *off)
{
	uint8_t r;

	blanks(l);
	l->bad |= *l->p != '[';
	l->p += *l->p == '[';
	r = reg(l);
	while (*l->p == ' ')
		l->p++;
	*off = *l->p == ']' ? 0 : (int16_t)number(l);
	while (*l->p == ' ')
		l->p++;
	l->bad |= *l->p != ']';
	l->p += *l->p == ']';
	return r;
}

/* ---------------------------------------------------------------- the assembler */

static void target(struct test *t, struct line *l, struct bu_insn *in, bool imm)
{
	blanks(l);
	if (*l->p == '+' || *l->p == '-' || isdigit((unsigned char)*l->p)) {
		uint64_t v = number(l);

		if (imm)
			in->imm = (int32_t)v;
		else
			in->off = (int16_t)v;
		return;
	}
	if (t->nfixups == MAX_LABELS) {
		l->bad = true;
		return;
	}
	word(l, t->fixup[t->nfixups].name, sizeof(t->fixup[0].name));
	t->fixup[t->nfixups].at = t->n;
	t->fixup[t->nfixups++].imm = imm;
}

static const struct {
	const char *name;
	uint8_t bits;
	int16_t off;
} alu[] = {
	{ "add", 0x00, 0 }, { "sub", 0x10, 0 }, { "mul", 0x20, 0 }, { "div", 0x30, 0 },
	{ "or", 0x40, 0 }, { "and", 0x50, 0 }, { "lsh", 0x60, 0 }, { "rsh", 0x70, 0 },
	{ "neg", 0x80, 0 }, { "mod", 0x90, 0 }, { "xor", 0xa0, 0 }, { "mov", 0xb0, 0 },
	{ "arsh", 0xc0, 0 }, { "sdiv", 0x30, 1 }, { "smod", 0x90, 1 },
}, jumps[] = {
	{ "jeq", 0x10, 0 }, { "jgt", 0x20, 0 }, { "jge", 0x30, 0 }, { "jset", 0x40, 0 },
	{ "jne", 0x50, 0 }, { "jsgt", 0x60, 0 }, { "jsge", 0x70, 0 }, { "jlt", 0xa0, 0 },
	{ "jle", 0xb0, 0 }, { "jslt", 0xc0, 0 }, { "jsle", 0xd0, 0 },
}, sizes[] = {
	{ "w", 0x00, 0 }, { "h", 0x08, 0 }, { "b", 0x10, 0 }, { "dw", 0x18, 0 },
}, atomics[] = {
	{ "add", 0x00, 0 }, { "or", 0x40, 0 }, { "and", 0x50, 0 }, { "xor", 0xa0, 0 },
	{ "xchg", 0xe1, 0 }, { "cmpxchg", 0xf1, 0 },
};
#define ROW(table, word_)                                                                           \
	({                                                                                          \
		int row_ = -1;                                                                      \
		for (unsigned i_ = 0; i_ < BU_ARRAY_SIZE(table); i_++)                              \
			if (!strcmp(table[i_].name, word_))                                         \
				row_ = (int)i_;                                                     \
		row_;                                                                               \
	})

/* "add32" becomes "add" and true. */
static bool cut32(char *w)
{
	size_t n = strlen(w);

	if (n < 3 || strcmp(w + n - 2, "32"))
		return false;
	w[n - 2] = 0;
	return true;
}

static void one_alu(struct line *l, struct bu_insn *in, int row, bool w32)
{
	in->code = alu[row].bits | (w32 ? 4 : 7);
	in->off = alu[row].off;
	in->dst = reg(l);
	if (alu[row].bits == 0x80)
		return;
	if (is_reg(l)) {
		in->code |= 8;
		in->src = reg(l);
	} else {
		in->imm = (int32_t)number(l);
	}
}

static bool one_swap(struct line *l, struct bu_insn *in, const char *w)
{
	static const struct { const char *name; uint8_t code; } ops[] = {
		{ "le", 0xd4 }, { "be", 0xdc }, { "swap", 0xd7 }, { "bswap", 0xd7 },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(ops); i++) {
		size_t n = strlen(ops[i].name);

		if (strncmp(w, ops[i].name, n) || (strcmp(w + n, "16") && strcmp(w + n, "32") && strcmp(w + n, "64")))
			continue;
		in->code = ops[i].code;
		in->imm = atoi(w + n);
		in->dst = reg(l);
		return true;
	}
	return false;
}

/* movsx864: of 8 bits, to 64 */
static bool one_movsx(struct line *l, struct bu_insn *in, const char *w)
{
	static const struct { const char *name; uint8_t code; int16_t off; } ops[] = {
		{ "movsx832", 0xbc, 8 }, { "movsx1632", 0xbc, 16 }, { "movsx864", 0xbf, 8 },
		{ "movsx1664", 0xbf, 16 }, { "movsx3264", 0xbf, 32 },
	};
	int row = ROW(ops, w);

	if (row < 0)
		return false;
	in->code = ops[row].code;
	in->off = ops[row].off;
	in->dst = reg(l);
	in->src = reg(l);
	return true;
}

static bool one_memory(struct line *l, struct bu_insn *in, const char *w)
{
	int row;

	if (!strncmp(w, "ldxs", 4) && (row = ROW(sizes, w + 4)) >= 0) {
		in->code = 0x81 | sizes[row].bits;
	} else if (!strncmp(w, "ldx", 3) && (row = ROW(sizes, w + 3)) >= 0) {
		in->code = 0x61 | sizes[row].bits;
	} else if (!strncmp(w, "stx", 3) && (row = ROW(sizes, w + 3)) >= 0) {
		in->code = 0x63 | sizes[row].bits;
		in->dst = place(l, &in->off);
		in->src = reg(l);
		return true;
	} else if (!strncmp(w, "st", 2) && (row = ROW(sizes, w + 2)) >= 0) {
		in->code = 0x62 | sizes[row].bits;
		in->dst = place(l, &in->off);
		in->imm = (int32_t)number(l);
		return true;
	} else {
		return false;
	}
	in->dst = reg(l);
	in->src = place(l, &in->off);
	return true;
}

static void one_atomic(struct line *l, struct bu_insn *in)
{
	bool fetch = false, w32;
	char w[64], *op = w;
	int row;

	word(l, w, sizeof(w));
	if (!strcmp(w, "fetch")) {
		fetch = true;
		word(l, w, sizeof(w));
	} else if (!strncmp(w, "fetch_", 6)) {
		fetch = true;
		op = w + 6;
	}
	w32 = cut32(op);
	row = ROW(atomics, op);
	if (row < 0) {
		l->bad = true;
		return;
	}
	in->code = w32 ? 0xc3 : 0xdb;
	in->imm = atomics[row].bits | fetch;
	in->dst = place(l, &in->off);
	in->src = reg(l);
}

static void one_call(struct test *t, struct line *l, struct bu_insn *in)
{
	char w[64];

	in->code = BU_OP_CALL;
	blanks(l);
	if (is_reg(l)) {
		in->code = BU_OP_CALLX;
		in->dst = reg(l);
	} else if (isdigit((unsigned char)*l->p)) {
		in->imm = (int32_t)number(l);
	} else {
		word(l, w, sizeof(w));
		l->bad |= strcmp(w, "local") != 0;
		in->src = BU_CALL_LOCAL;
		target(t, l, in, true);
	}
}

static void one_jump(struct test *t, struct line *l, struct bu_insn *in, int row, bool w32)
{
	in->code = jumps[row].bits | (w32 ? 6 : 5);
	in->dst = reg(l);
	if (is_reg(l)) {
		in->code |= 8;
		in->src = reg(l);
	} else {
		in->imm = (int32_t)number(l);
	}
	target(t, l, in, false);
}

/* One line of asm: false: not understood. */
static bool assemble(struct test *t, const char *text)
{
	struct line l = { .p = text };
	struct bu_insn *in = &t->insn[t->n];
	char w[64], full[64];
	uint32_t slots = 1;
	bool w32;
	int row;

	if (t->n + 2 > MAX_INSNS)
		return false;
	word(&l, w, sizeof(w));
	blanks(&l);
	if (*l.p == ':') {
		if (t->nlabels == MAX_LABELS)
			return false;
		strcpy(t->label[t->nlabels].name, w);
		t->label[t->nlabels++].at = t->n;
		l.p++;
		blanks(&l);
		return *l.p ? assemble(t, l.p) : true;
	}
	memset(in, 0, 2 * sizeof(*in));
	strcpy(full, w);
	if (!strcmp(w, "exit")) {
		in->code = BU_OP_EXIT;
	} else if (!strcmp(w, "lddw")) {
		uint64_t v;

		in->code = BU_OP_LD_IMM64;
		in->dst = reg(&l);
		v = number(&l);
		in->imm = (int32_t)(uint32_t)v;
		in[1].imm = (int32_t)(uint32_t)(v >> 32);
		slots = 2;
	} else if (!strcmp(w, "ja") || !strcmp(w, "ja32")) {
		in->code = w[2] ? BU_OP_JA32 : BU_OP_JA;
		target(t, &l, in, w[2] != 0);
	} else if (!strcmp(w, "lock")) {
		one_atomic(&l, in);
	} else if (!strcmp(w, "call")) {
		one_call(t, &l, in);
	} else if (!strcmp(w, "callx")) {
		in->code = BU_OP_CALLX;
		in->dst = reg(&l);
	} else if (!one_swap(&l, in, w) && !one_movsx(&l, in, w) && !one_memory(&l, in, w)) {
		w32 = cut32(w);
		if ((row = ROW(alu, w)) >= 0)
			one_alu(&l, in, row, w32);
		else if ((row = ROW(jumps, w)) >= 0)
			one_jump(t, &l, in, row, w32);
		else
			return false;
	}
	blanks(&l);
	t->n += slots;
	return !l.bad && !*l.p;
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
