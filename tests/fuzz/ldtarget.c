/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer targets of what reads objects, all in one program: $FUZZ_TARGET names one. tests/fuzz/run.sh
 * runs them; configure --enable-fuzzers builds this.
 *
 *   obj     ELF: read, index, link each program, print by BTF, write again
 *   btf     a BTF blob, or two of which the second is split
 *   btfext  BTF and .BTF.ext
 *   plan    an object, planned with wishes
 *   load    the same, loaded into a VM and taken away
 *   core    the kernel's BTF, and an object that is planned by it
 *   join    two objects into one
 *   ar      an archive of objects
 *   vlog    a verifier's log of an object
 *   words   texts of options
 *   sym     an executable that a probe goes into, a file of --btf
 *
 * FUZZ_TARGET=seeds DIR OBJECT… writes inputs of btf, btfext, core, join, ar and vlog (of files
 * that are no objects), DIR/btf-N and so on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "elfmut.h"
#include "ldprop.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
				 size_t max, unsigned seed);

static const struct target {
	const char *name;
	bool (*prop)(const uint8_t *p, size_t n);
	enum { ELF, BTF, BTF_EXT, BTF_ELF, ELF_ELF, TEXT_ELF, TEXT } is;
	bool world;
} targets[] = {
	{ "obj", ldprop_obj, ELF, false },
	{ "btf", ldprop_btf, BTF, false },
	{ "btfext", ldprop_btfext, BTF_EXT, false },
	{ "plan", ldprop_plan, ELF, true },
	{ "load", ldprop_load, ELF, true },
	{ "core", ldprop_core, BTF_ELF, true },
	{ "join", ldprop_join, ELF_ELF, false },
	{ "ar", ldprop_ar, TEXT, false },
	{ "vlog", ldprop_vlog, TEXT_ELF, false },
	{ "words", ldprop_words, TEXT, false },
	{ "sym", ldprop_sym, ELF, false },
};
static const struct target *target;

/* libFuzzer leaves by _exit when it has seen enough. */
static void end_world(void)
{
	ldprop_world_end();
}

static void write_seed(const char *dir, const char *kind, int n, const struct bu_buf *b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%d", dir, kind, n);
	f = fopen(path, "w");
	if (f) {
		fwrite(b->p, 1, b->n, f);
		fclose(f);
	}
}

/* Two bytes of length, the first, the second. */
static void write_pair(const char *dir, const char *kind, int n, struct bu_buf *b, const void *p, size_t np,
		       const void *q, size_t nq)
{
	uint8_t len[2];

	bu_put16(len, false, (uint16_t)np);
	bu_buf_reset(b);
	bu_buf_add(b, len, 2);
	bu_buf_add(b, p, np);
	bu_buf_add(b, q, nq);
	write_seed(dir, kind, n, b);
}

/* An archive of two objects, the second by its place in a table of names. */
static void write_archive(const char *dir, int n, struct bu_buf *b, const struct bu_buf *p, const struct bu_buf *q)
{
	bu_buf_reset(b);
	bu_buf_printf(b, "!<arch>\n%-16s%-12d%-6d%-6d%-8o%-10zu`\na_member_with_a_long_name.o/\n\n", "//", 0, 0, 0, 0644, (size_t)30);
	bu_buf_printf(b, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", "b.o/", 0, 0, 0, 0644, p->n);
	bu_buf_add(b, p->p, p->n);
	bu_buf_add(b, "\n", p->n & 1);
	bu_buf_printf(b, "%-16s%-12d%-6d%-6d%-8o%-10zu`\n", "/0", 0, 0, 0, 0644, q->n);
	bu_buf_add(b, q->p, q->n);
	write_seed(dir, "ar", n, b);
}

static void write_seeds(const char *dir, const char *path, int n)
{
	static struct bu_buf last;
	struct bu_buf b = { 0 }, file = { 0 };
	struct bu_diags ds;
	struct bu_obj o;
	uint32_t btf, ext;

	bu_diags_init(&ds);
	bu_obj_init(&o);
	if (bu_file_read(path, UINT16_MAX, &file))
		goto out;
	if (file.n > 4 && memcmp(file.p, "\177ELF", 4)) {
		write_pair(dir, "vlog", n, &b, file.p, file.n, last.p, last.n);
		goto out;
	}
	if (bu_obj_read(&o, file.p, file.n, path, &ds))
		goto out;
	if (last.n)
		write_pair(dir, "join", n, &b, last.p, last.n, file.p, file.n);
	if (last.n)
		write_archive(dir, n, &b, &last, &file);
	bu_buf_reset(&last);
	bu_buf_add(&last, file.p, file.n);
	btf = bu_obj_sec_by_name(&o, ".BTF");
	ext = bu_obj_sec_by_name(&o, ".BTF.ext");
	if (btf == BU_SEC_UNDEF || !o.secs[btf].data)
		goto out;
	bu_buf_reset(&b);
	bu_buf_add(&b, o.secs[btf].data, o.secs[btf].size);
	write_seed(dir, "btf", n, &b);
	if (ext == BU_SEC_UNDEF || !o.secs[ext].data)
		goto out;
	write_pair(dir, "btfext", n, &b, o.secs[btf].data, o.secs[btf].size, o.secs[ext].data, o.secs[ext].size);
	write_pair(dir, "core", n, &b, o.secs[btf].data, o.secs[btf].size, file.p, file.n);
out:
	bu_buf_free(&b);
	bu_buf_free(&file);
	bu_obj_free(&o);
	bu_diags_free(&ds);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");

	if (name && !strcmp(name, "seeds")) {
		for (int i = 2; i < *argc; i++)
			write_seeds((*argv)[1], (*argv)[i], i);
		exit(EXIT_SUCCESS);
	}
	for (size_t i = 0; i < BU_ARRAY_SIZE(targets); i++)
		if (name && !strcmp(name, targets[i].name))
			target = &targets[i];
	if (!target) {
		fprintf(stderr, "FUZZ_TARGET: no target '%s'\n", name ? name : "");
		exit(2);
	}
	ldprop_every = 4;
	if (target->world) {
		atexit(end_world);
		if (!ldprop_world())
			exit(2);
	}
	return 0;
}

/* Processor time of one input, all that is asked of it included; others may use the machine too. */
#define MAX_CPU 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ldprop_sum before = ldprop_sum;
	clock_t start = clock();

	if (target->prop(data, size)) {
		if ((clock() - start) / CLOCKS_PER_SEC < MAX_CPU)
			return 0;
		fprintf(stderr, "does not hold: an input takes less than %d s\n", MAX_CPU);
	}
	for (int i = 0; i < NLDPROPS; i++)
		if (ldprop_sum.failed[i] != before.failed[i])
			fprintf(stderr, "does not hold: %s\n", ldprop_text[i]);
	ldprop_world_end();
	abort();
}

static size_t mutate(struct rng *r, uint8_t *p, size_t n, size_t max)
{
	size_t first;

	if (target->is == ELF)
		return elf_mutate(r, p, n, max);
	if (target->is <= BTF_EXT)
		return btf_mutate(r, p, n, target->is == BTF_EXT);
	first = bu_get16(p, false);
	first = 2 + (first > n - 2 ? n - 2 : first);
	if (target->is == TEXT_ELF && rnd(r, 4))
		return LLVMFuzzerMutate(p, n, max);
	if (target->is == TEXT_ELF || rnd(r, 2))
		return first + elf_mutate(r, p + first, n - first, max - first);
	if (target->is == BTF_ELF)
		btf_mutate(r, p + 2, first - 2, false);
	else /* in place: it does not grow into the second */
		elf_mutate(r, p + 2, first - 2, first - 2);
	return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };

	if (!r.state || rnd(&r, 4) == 0 || size < 24 || target->is == TEXT)
		return LLVMFuzzerMutate(data, size, max);
	for (size_t k = 1 + rnd(&r, 4); k; k--)
		size = mutate(&r, data, size, max);
	return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
				 size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };

	if (na > max)
		na = max;
	memcpy(out, a, na);
	return target->is == ELF ? elf_cross(&r, out, na, b, nb, max) : na;
}
