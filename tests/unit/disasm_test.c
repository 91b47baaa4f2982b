// SPDX-License-Identifier: GPL-2.0-or-later
/* Native code as text, of both machines on any: known bytes, where jumps go, what is no instruction. */
#include <config.h>

#include <string.h>

#include "../../bpftool/disasm.h"
#include "tap.h"

const struct bu_opt bt_opts[] = { { 0 } };

/* Main's part of the tool, as far as a command needs it. */
bool bt_open_backend(struct bt *t)
{
	return t->sys != NULL;
}

int bt_run(struct bt *t, int n, char **words)
{
	(void)t, (void)n, (void)words;
	return 1;
}

struct want {
	unsigned size;
	const char *mnemonic, *operands;
	uint64_t target; /* 0: no jump */
};

static void check(struct bt *t, enum bu_arch arch, const uint8_t *p, size_t n, const struct want *w, unsigned nw)
{
	struct bt_native_insn in;
	struct bt_disasm *d;
	size_t pc = 0;
	int st;

	d = bt_disasm_open(t, arch, &st);
	if (!d) {
		skip(1, "needs capstone");
		return;
	}
	for (unsigned i = 0; i < nw && pc < n; i++, pc += in.size) {
		bt_disasm_next(d, p + pc, n - pc, 0x1000 + pc, &in);
		ok(in.size == w[i].size && !strcmp(in.mnemonic, w[i].mnemonic) &&
		       !strcmp(in.operands, w[i].operands) && in.jumps == !!w[i].target &&
		       (!in.jumps || in.target == w[i].target), "%s: %s %s", bu_arch_name(arch), w[i].mnemonic,
		       w[i].operands);
		if (in.jumps)
			ok(in.at < strlen(in.operands) && strstr(in.operands + in.at, "0x") != NULL,
			       "the target stands in the operands");
	}
	ok(pc == n, "all bytes are accounted for");
	bt_disasm_close(d);
}

static void x86(struct bt *t)
{
	static const uint8_t code[] = { 0x55, 0x48, 0x89, 0xe5, 0x0f, 0xb6, 0x7f, 0x04, 0x74, 0x05, 0xe8, 0xf1, 0xff,
					0xff, 0x0f, 0x06, 0xc3, 0xcc, 0x48 };
	static const struct want want[] = {
		{ 1, "pushq", "%rbp", 0 }, { 3, "movq", "%rsp, %rbp", 0 }, { 4, "movzbl", "4(%rdi), %edi", 0 },
		{ 2, "je", "0x100f", 0x100f }, { 5, "callq", "0x10001000", 0x10001000 }, { 1, ".byte", "0x6", 0 },
		{ 1, "retq", "", 0 }, { 1, "int3", "", 0 }, { 1, ".byte", "0x48", 0 },
	};

	check(t, BU_ARCH_X86_64, code, sizeof(code), want, BU_ARRAY_SIZE(want));
}

static void arm64(struct bt *t)
{
	static const uint8_t code[] = { 0xfd, 0x7b, 0xbf, 0xa9, 0x41, 0x00, 0x00, 0x54, 0x02, 0x00, 0x00, 0x94, 0x40, 0x00,
					0x00, 0xb4, 0xff, 0xff, 0xff, 0xff, 0xc0, 0x03, 0x5f, 0xd6, 0x01 };
	static const struct want want[] = {
		{ 4, "stp", "x29, x30, [sp, #-0x10]!", 0 }, { 4, "b.ne", "#0x100c", 0x100c },
		{ 4, "bl", "#0x1010", 0x1010 }, { 4, "cbz", "x0, #0x1014", 0x1014 }, { 4, ".inst", "0xffffffff", 0 },
		{ 4, "ret", "", 0 }, { 1, ".byte", "0x1", 0 },
	};

	check(t, BU_ARCH_ARM64, code, sizeof(code), want, BU_ARRAY_SIZE(want));
}

int main(void)
{
	struct bt t = { .prog = "bpftool" };
	int st = 0;

	bu_arena_init(&t.arena);
	bu_diags_init(&t.ds);
	x86(&t);
	arm64(&t);
	ok(!bt_disasm_open(&t, BU_NARCH, &st) && st == BU_EXIT_UNSUPPORTED, "another machine is refused");
	bu_diags_free(&t.ds);
	bu_arena_free(&t.arena);
	return done_testing();
}
