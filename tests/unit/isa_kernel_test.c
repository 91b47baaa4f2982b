/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own disassembler as the judge: recent kernels (about 6.15 on) print the whole program
 * once, as it was given, into a verifier log of level 2, whether or not they take it.
 */
#include "tap.h"
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "isa/isa.h"

enum { INSNS = 3000, LOG = 4 << 20, PROG_LOAD = 5 };

/* The start of PROG_LOAD's part of union bpf_attr, which isa.h does not have. */
struct load_attr {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char name[16];
};

static struct {
	struct bu_insn in[INSNS + 16];
	bool second[INSNS + 16]; /* of ld_imm64 */
	unsigned n;
} prog;

static uint64_t seed;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* What the kernel refuses before it prints, or prints for another reason. */
static bool usable(const struct bu_isa *row)
{
	switch (row->sem) {
	case BU_SEM_CALLX: case BU_SEM_JX: case BU_SEM_JA: case BU_SEM_EXIT: case BU_SEM_CALL_LOCAL:
	case BU_SEM_CALL_KFUNC: case BU_SEM_ADDR_SPACE_CAST: case BU_SEM_MAY_GOTO:
		return false;
	case BU_SEM_LD_IMM64:
		return row->keyval == 0;
	default:
		return true;
	}
}

static void add_random(void)
{
	const struct bu_isa *row = &bu_isa_rows[rnd() % bu_isa_nrows];
	struct bu_insn in = { .code = row->code };

	if (!usable(row))
		return;
	in.dst = row->uses & BU_USES_DST ? rnd() % 10 : 0;
	in.src = row->uses & BU_USES_SRC ? rnd() % 10 : 0;
	in.off = row->uses & BU_USES_OFF ? (int16_t)rnd() : 0;
	in.imm = row->uses & BU_USES_IMM ? (int32_t)rnd() : 0;
	if (row->key == BU_KEY_SRC)
		in.src = (uint8_t)row->keyval;
	else if (row->key == BU_KEY_OFF)
		in.off = (int16_t)row->keyval;
	else if (row->key == BU_KEY_IMM)
		in.imm = row->keyval;
	if (row->sem >= BU_SEM_JEQ && row->sem <= BU_SEM_JSLE)
		in.off = 0; /* into an ld_imm64 would be refused */
	if (row->sem == BU_SEM_CALL)
		in.imm = 1 + (int32_t)(rnd() % bu_nhelpers);
	prog.in[prog.n++] = in;
	if (row->sem == BU_SEM_LD_IMM64) {
		prog.second[prog.n] = true;
		prog.in[prog.n++] = (struct bu_insn){ .imm = (int32_t)rnd() };
	}
}

static long load(char *log)
{
	static uint8_t raw[(INSNS + 16) * BU_INSN_SIZE];
	struct load_attr attr = {
		.prog_type = 1, .insn_cnt = prog.n, .insns = (uintptr_t)raw,
		.license = (uintptr_t)"GPL", .log_level = 2, .log_size = LOG,
		.log_buf = (uintptr_t)log,
	};
	long fd;

	for (unsigned i = 0; i < prog.n; i++)
		bu_insn_encode(raw + i * BU_INSN_SIZE, &prog.in[i], BU_HOST_BE);
	fd = syscall(SYS_bpf, PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? -errno : 0;
}

/* Compares the lines "  7: .12....... (85) call …"; returns how many there are. */
static unsigned compare(char *log, unsigned *bad)
{
	struct bu_buf want = { 0 };
	unsigned n = 0;

	for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
		char *rest, *text = strchr(line, '(');
		unsigned long at = strtoul(line, &rest, 10);

		if (rest == line || rest[0] != ':' || !text || text - rest < 12 || at >= prog.n ||
		    strspn(rest + 2, ".0123456789") < 10)
			continue;
		want.n = 0;
		bu_buf_printf(&want, "(%02x) ", prog.in[at].code);
		bu_isa_print_kernel(&want, &prog.in[at], &prog.in[at + 1], (int64_t)at, NULL);
		if (strcmp(bu_buf_cstr(&want), text) != 0) {
			printf("# %lu: the kernel prints %s, we %s\n", at, text, bu_buf_cstr(&want));
			++*bad;
		}
		n++;
	}
	bu_buf_free(&want);
	return n;
}

int main(void)
{
	char *log = calloc(1, LOG);

	for (unsigned round = 1; log && round <= 3; round++) {
		unsigned bad = 0, n;
		long ret;

		seed = round * 0x9e3779b97f4a7c15u;
		memset(&prog, 0, sizeof(prog));
		while (prog.n < INSNS)
			add_random();
		prog.in[prog.n++] = (struct bu_insn){ .code = 0xb7 };
		prog.in[prog.n++] = (struct bu_insn){ .code = BU_OP_EXIT };
		ret = load(log);
		n = compare(log, &bad);
		if (n)
			ok(!bad && n > INSNS / 2, "%u instructions as this kernel prints them", n);
		else if (ret == -ENOSYS || ret == -EPERM)
			skip(1, "bpf(2) is not there or not permitted");
		else
			skip(1, "this kernel's log does not show the program as a whole");
	}
	free(log);
	return done_testing();
}
