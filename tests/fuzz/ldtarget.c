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
 *
 * FUZZ_TARGET=seeds DIR OBJECT… writes inputs of btf and btfext, DIR/btf-N and DIR/btfext-N.
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
	bool elf, world;
} targets[] = {
	{ "obj", ldprop_obj, true, false },
	{ "btf", ldprop_btf, false, false },
	{ "btfext", ldprop_btfext, false, false },
	{ "plan", ldprop_plan, true, true },
	{ "load", ldprop_load, true, true },
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

static void write_seeds(const char *dir, const char *path, int n)
{
	struct bu_buf b = { 0 };
	struct bu_diags ds;
	struct bu_obj o;
	uint32_t btf, ext;
	uint8_t len[2];

	bu_diags_init(&ds);
	bu_obj_init(&o);
	if (bu_obj_read_file(&o, path, &ds))
		goto out;
	btf = bu_obj_sec_by_name(&o, ".BTF");
	ext = bu_obj_sec_by_name(&o, ".BTF.ext");
	if (btf == BU_SEC_UNDEF || o.secs[btf].size > UINT16_MAX)
		goto out;
	bu_buf_add(&b, o.secs[btf].data, o.secs[btf].size);
	write_seed(dir, "btf", n, &b);
	if (ext == BU_SEC_UNDEF)
		goto out;
	bu_buf_reset(&b);
	bu_put16(len, false, (uint16_t)o.secs[btf].size);
	bu_buf_add(&b, len, 2);
	bu_buf_add(&b, o.secs[btf].data, o.secs[btf].size);
	bu_buf_add(&b, o.secs[ext].data, o.secs[ext].size);
	write_seed(dir, "btfext", n, &b);
out:
	bu_buf_free(&b);
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

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };

	if (!r.state || rnd(&r, 4) == 0 || size < 24)
		return LLVMFuzzerMutate(data, size, max);
	for (size_t k = 1 + rnd(&r, 4); k; k--)
		size = target->elf ? elf_mutate(&r, data, size, max)
				   : btf_mutate(&r, data, size, !strcmp(target->name, "btfext"));
	return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
				 size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };

	if (na > max)
		na = max;
	memcpy(out, a, na);
	return target->elf ? elf_cross(&r, out, na, b, nb, max) : na;
}
