/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged sources through the assembler, in each dialect; what it takes, through the disassembler and
 * back. What is asserted is prop.h, and that nothing crashes, overruns or takes long (build with
 * --enable-sanitizers).
 *
 *   as_fuzz                 a fixed number of mutations of the sources of the tree: a TAP test
 *   as_fuzz ROUNDS [FILE…]  the same with that many mutations, of these files
 *
 * Files of a directory that is named as a dialect are read in that dialect, those of relax have far
 * jumps. $AS_FUZZ_SAVE names a file for the first input for which something does not hold.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mutate.h"
#include "prop.h"

static const char *save;
static bool far_jumps; /* of sources of the directory relax, which takes much longer */
static struct rng rng = { 0x9e3779b97f4a7c15u };

static void run(const void *p, size_t n, struct prop_opt *opt)
{
	FILE *f;

	opt->be = !opt->be;
	if (!(far_jumps ? prop_far(p, n, opt) : prop_source(p, n, opt)) && save && (f = fopen(save, "w"))) {
		fwrite(p, 1, n, f);
		fclose(f);
		save = NULL;
	}
}

/* What the tree's sources have little of. */
static const char seed_text[] =
	".set N, 3\n.set late, end - start\n.map m, hash, key=u32, value=char[16], max_entries=1K, id=7\n"
	".map o, hash_of_maps, key=u32, max_entries=4, inner=m\n.license \"GPL\"\n"
	".rodata\n.globl ro\nro: .4byte N, late\ntext: .asciz \"a\\tb\"\n.balign 8\n"
	"tab: .8byte ro, text + 1, prog, here\n.4byte tab, prog\n"
	".data\n.weak d\nd: .fill 3, 8, 1\n.bss\nz: .zero 64\n"
	".section xdp\nprog: r6 = r1\nr1 = m ll\nr2 = ro ll\nr3 = tab + 8 ll\nr4 = z + 8 ll\nr5 = map 7 ll\n"
	"if w1 s> N goto 1f\n2: r1 = 0x123456789abcdef ll\nmay_goto 2b\ngotol 1f\n1: call sub\ncall ext\n"
	"call bpf_ktime_get_ns\nlock *(u64 *)(r10 - 8) += r1\nr0 = *(u32 *)(r6 + xdp_md.data)\n"
	"r1 = *(u64 *)(r6 + pt_regs.arg1)\nr2 = func cb ll\n*(u16 *)(r10 - 2) = 7\nr1 = (s8)r2\n"
	"r1 = be16 r1\nr1 s/= -2\nif r1 & 7 goto +0\n.insn 0x8d, 1, 0, 0, 0\n.8byte 5\nexit\nhere: exit\n"
	".text\n.extern ext\nstart:\nsub: r1 = prog ll\nr0 = 0\nexit\n.type cb, @function\ncb: exit\nend:\n"
	".section tc, \"ax\", @progbits\n.local hidden\nhidden: goto 1f\n.p2align 4\n1: exit\n"
	".section odd, \"awMS\", @progbits, 1\n.byte 'a', '\\n'\n.2byte 1 << 15\n.pushsection .data\n.byte 1\n"
	".popsection\n.ascii \"x\"\n";

static void attack(const void *p, size_t n, uint32_t dialects, unsigned long rounds)
{
	struct prop_opt opt = { .dialects = dialects };
	struct bu_buf b = { 0 };

	run(p, n, &opt);
	run(p, n, &opt); /* the other byte order */
	for (unsigned long i = 0; i < rounds; i++) {
		bu_buf_reset(&b);
		bu_buf_add(&b, p, n);
		for (size_t k = 1 + rnd(&rng, 3); k && !b.failed; k--)
			mutate_text(&rng, &b);
		if (!b.failed)
			run(b.p, b.n, &opt);
	}
	bu_buf_free(&b);
}

/* The name of the directory of path. */
static struct bu_str directory(const char *path)
{
	const char *end = strrchr(path, '/'), *p = end;

	while (p && p > path && p[-1] != '/')
		p--;
	return p ? bu_str(p, (size_t)(end - p)) : bu_str("", 0);
}

static void attack_file(const char *path, unsigned long rounds)
{
	struct bu_str dir = directory(path);
	struct bu_buf seed = { 0 };
	int d = bu_dialect_by_name(dir);

	far_jumps = bu_str_is(dir, "relax");
	if (bu_file_read(path, 1u << 20, &seed) == 0)
		attack(seed.p, seed.n, d < 0 ? 0 : 1u << d, far_jumps ? rounds / 40 : rounds);
	far_jumps = false;
	bu_buf_free(&seed);
}

/* ---------------------------------------------------------------- */

static unsigned tests;

static void result(bool ok, const char *what, unsigned long n)
{
	printf("%sok %u - %s", ok ? "" : "not ", ++tests, what);
	printf(ok ? "\n" : ": %lu\n", n);
}

/* Files of the tree; each gets about the same share of work, whatever its size. */
static void attack_tree(unsigned long rounds)
{
	static const char *const dirs[] = { "examples/*.s", "tests/golden/as/*.s", "tests/qemu/*.s",
					    "tests/golden/as/foreign/*.txt", "tests/fuzz/corpus/*/*" };
	const char *src = getenv("BPFUTILS_SRCDIR");
	char pattern[4096];
	glob_t g = { 0 };

	for (size_t i = 0; i < BU_ARRAY_SIZE(dirs); i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s", src ? src : ".", dirs[i]);
		glob(pattern, i ? GLOB_APPEND : 0, NULL, &g);
	}
	result(g.gl_pathc > 0, "the tree has sources", g.gl_pathc);
	for (size_t i = 0; i < g.gl_pathc; i++)
		attack_file(g.gl_pathv[i], rounds);
	globfree(&g);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 80;
	clock_t start = clock();
	bool bad = false;

	prop_init();
	save = getenv("AS_FUZZ_SAVE");
	if (argc < 3) {
		attack(seed_text, sizeof(seed_text) - 1, 0, 20 * rounds);
		result(prop_sum.taken > 0, "the seed is taken", prop_sum.taken);
		bad = !prop_sum.taken;
		attack_tree(rounds);
	}
	for (int i = 2; i < argc; i++)
		attack_file(argv[i], rounds);
	printf("# %lu inputs, %lu made objects, of %lu -d tells that its text is not all, %.1f s\n",
	       prop_sum.inputs, prop_sum.taken, prop_sum.told, (double)(clock() - start) / CLOCKS_PER_SEC);
	for (int i = 0; i < NPROPS; i++) {
		result(!prop_sum.failed[i], prop_text[i], prop_sum.failed[i]);
		bad |= prop_sum.failed[i] != 0;
	}
	printf("1..%u\n", tests);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
