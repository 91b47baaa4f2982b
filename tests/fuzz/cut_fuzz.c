/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects of compilers and of bpf-as (tests/fuzz/objects), damaged in each place: the file cut at every
 * byte, every section cut at up to 600 bytes, every byte of the smaller ones made 0 and 0xff, and mutations
 * that know what an object is made of. Each goes through reading, index, linking, plan, and some through a
 * load into a VM. What is asserted is ldprop.h, and that nothing crashes or overruns (build with
 * --enable-sanitizers).
 *
 *   cut_fuzz                  a TAP test of a few seconds
 *   cut_fuzz ROUNDS [FILE…]   with that many mutations of each object, of these files
 *
 * $CUT_FUZZ_SAVE names a file for the first input for which something does not hold.
 */
#include <elf.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "elfmut.h"
#include "ldprop.h"
#include "obj/obj.h"

#define FLIPPED 3600 /* bytes; larger objects are not changed in every place */

static struct rng rng = { 0x9e3779b97f4a7c15u };
static unsigned tests;
static bool bad;
static size_t stride = 1; /* of places; an emulator is slow */

static void save_if(bool broken, const uint8_t *p, size_t n)
{
	const char *save = getenv("CUT_FUZZ_SAVE");
	FILE *f = broken && save ? fopen(save, "wx") : NULL;

	if (f) {
		fwrite(p, 1, n, f);
		fclose(f);
	}
}

/* On a copy of exactly that size, so that one byte too far is seen. */
static void run(const uint8_t *p, size_t n, bool load)
{
	uint8_t *copy = malloc(n + !n);
	bool ok;

	if (!copy)
		return;
	if (n)
		memcpy(copy, p, n);
	ok = ldprop_obj(copy, n);
	ok = (load ? ldprop_load(copy, n) : ldprop_plan(copy, n)) && ok;
	save_if(!ok, copy, n);
	free(copy);
}

static void each_cut(const uint8_t *p, size_t n)
{
	for (size_t cut = 0; cut < n; cut += stride)
		run(p, cut, false);
}

/* Sections end anywhere, and the file stays. */
static void each_section_cut(uint8_t *p, size_t n)
{
	bool be = p[EI_DATA] == ELFDATA2MSB;
	uint64_t shoff = bu_get64(p + 40, be);
	uint32_t nsh = bu_get16(p + 60, be);

	for (uint32_t i = 1; i < nsh && shoff + 64ull * (i + 1) <= n; i++) {
		uint8_t *h = p + shoff + 64ull * i;
		uint64_t size = bu_get64(h + 32, be);

		for (uint64_t cut = 0; cut < size; cut += stride + size / 600) {
			bu_put64(h + 32, be, cut);
			run(p, n, false);
		}
		bu_put64(h + 32, be, size);
	}
}

static void each_byte(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i += stride) {
		uint8_t was = p[i];

		p[i] = 0;
		if (was)
			run(p, n, false);
		p[i] = 0xff;
		if (was != 0xff)
			run(p, n, i / stride % 16 == 0);
		p[i] = was;
	}
}

/* The whole object and the damaged one joined. */
static void run_pair(const uint8_t *p, size_t n, const uint8_t *q, size_t m)
{
	struct bu_buf b = { 0 };
	uint8_t len[2];
	bool ok;

	if (n > UINT16_MAX)
		return;
	bu_put16(len, false, (uint16_t)n);
	bu_buf_add(&b, len, 2);
	bu_buf_add(&b, p, n);
	bu_buf_add(&b, q, m);
	ok = b.failed || ldprop_join(b.p, b.n);
	save_if(!ok, b.p, b.n);
	bu_buf_free(&b);
}

static void mutations(const uint8_t *p, size_t n, unsigned long rounds)
{
	uint8_t *copy = malloc(2 * n + 64);

	for (unsigned long i = 0; copy && i < rounds; i++) {
		size_t m = n;

		memcpy(copy, p, n);
		for (size_t k = 1 + rnd(&rng, 3); k; k--)
			m = elf_mutate(&rng, copy, m, 2 * n + 64);
		run(copy, m, i % 8 == 0);
		if (i % 4 == 1)
			run_pair(p, n, copy, m);
	}
	free(copy);
}

static void attack(const char *path, unsigned long rounds)
{
	struct ldprop_sum before = ldprop_sum;
	const char *name = strrchr(path, '/');
	struct bu_buf b = { 0 };
	bool ok, found;

	if (bu_file_read(path, 1u << 20, &b) || b.n < 64) {
		printf("not ok %u - %s can be read\n", ++tests, path);
		bad = true;
		bu_buf_free(&b);
		return;
	}
	run(b.p, b.n, true);
	/* What broke something once may be no object. */
	found = name && !strncmp(name, "/found-", 7);
	ok = found || ldprop_sum.taken == before.taken + 2;
	if (!found) {
		each_cut(b.p, b.n);
		each_section_cut(b.p, b.n);
	}
	if (!found && b.n <= FLIPPED)
		each_byte(b.p, b.n);
	mutations(b.p, b.n, found ? rounds / 10 : rounds);
	for (int i = 0; i < NLDPROPS; i++)
		if (ldprop_sum.failed[i] != before.failed[i]) {
			printf("# %lu times it does not hold: %s\n", ldprop_sum.failed[i] - before.failed[i],
			       ldprop_text[i]);
			ok = false;
		}
	printf("%sok %u - %s %s; it is damaged %lu times\n", ok ? "" : "not ", ++tests,
	       name ? name + 1 : path, found ? "breaks nothing" : "is taken", ldprop_sum.inputs - before.inputs);
	bad |= !ok;
	bu_buf_free(&b);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
	const char *src = getenv("BPFUTILS_SRCDIR"), *emu = getenv("BPFUTILS_EMULATOR");
	clock_t start = clock();
	char pattern[4096];
	glob_t g = { 0 };

	ldprop_every = 8;
	if (emu && *emu) {
		stride = 17;
		rounds = rounds / 17 + 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!ldprop_world())
		return EXIT_FAILURE;
	if (argc < 3) {
		snprintf(pattern, sizeof(pattern), "%s/tests/fuzz/objects/*.o", src ? src : ".");
		glob(pattern, 0, NULL, &g);
		bad = !g.gl_pathc;
		printf("%sok %u - there are objects\n", bad ? "not " : "", ++tests);
		for (size_t i = 0; i < g.gl_pathc; i++)
			attack(g.gl_pathv[i], rounds);
		globfree(&g);
	}
	for (int i = 2; i < argc; i++)
		attack(argv[i], rounds);
	bad |= !ldprop_sum.linked || !ldprop_sum.planned || !ldprop_sum.loaded;
	printf("%sok %u - of %lu inputs %lu are taken, %lu planned, %lu loaded, %lu programs link\n",
	       ldprop_sum.linked && ldprop_sum.planned && ldprop_sum.loaded ? "" : "not ", ++tests,
	       ldprop_sum.inputs, ldprop_sum.taken, ldprop_sum.planned, ldprop_sum.loaded, ldprop_sum.linked);
	printf("# %.1f s\n1..%u\n", (double)(clock() - start) / CLOCKS_PER_SEC, tests);
	ldprop_world_end();
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
