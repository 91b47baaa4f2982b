/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer targets of bpf-as, all in one program: $FUZZ_TARGET names one. tests/fuzz/run.sh runs
 * them; configure --enable-fuzzers builds this.
 *
 *   as                            sources whose dialect is found out, foreign text and compilers' text
 *   canonical pseudoc gnu conformance ubpf rbpf    sources in that dialect
 *   relax                         sources with far jumps, with gotol and with islands
 *   dis                           objects, through -d and back
 *
 * FUZZ_TARGET=dictionary prints the words of the tables for -dict=.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mutate.h"
#include "prop.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
				 size_t max, unsigned seed);

static bool objects, far_jumps;
static struct prop_opt opt;

static void print_word(void *ctx, struct bu_str s)
{
	(void)ctx;
	if (!s.n || s.n > 64) /* what libFuzzer takes */
		return;
	putchar('"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ' || c > '~')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	printf("\"\n");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");
	int d;

	(void)argc;
	(void)argv;
	prop_init();
	if (!name)
		name = "as";
	if (!strcmp(name, "dictionary")) {
		mutate_words(print_word, NULL);
		exit(EXIT_SUCCESS);
	}
	objects = !strcmp(name, "dis");
	far_jumps = !strcmp(name, "relax");
	d = bu_dialect_by_name(bu_str(name, strlen(name)));
	if (d >= 0)
		opt.dialects = 1u << d;
	else if (!objects && !far_jumps && strcmp(name, "as")) {
		fprintf(stderr, "FUZZ_TARGET: no target '%s'\n", name);
		exit(2);
	}
	return 0;
}

/* Processor time of one input, all that is asked of it included; others may use the machine too. */
#define MAX_CPU 4

static bool holds(const uint8_t *data, size_t size)
{
	if (objects)
		return prop_object(data, size);
	return far_jumps ? prop_far(data, size, &opt) : prop_source(data, size, &opt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prop_sum before = prop_sum;
	clock_t start = clock();

	opt.be = size & 1;
	if (holds(data, size)) {
		if ((clock() - start) / CLOCKS_PER_SEC < MAX_CPU)
			return 0;
		fprintf(stderr, "does not hold: an input takes less than %d s\n", MAX_CPU);
	}
	for (int i = 0; i < NPROPS; i++)
		if (prop_sum.failed[i] != before.failed[i])
			fprintf(stderr, "does not hold: %s\n", prop_text[i]);
	abort();
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };
	struct bu_buf b = { 0 };

	if (!r.state || rnd(&r, 3) == 0 || !size)
		return LLVMFuzzerMutate(data, size, max);
	if (objects) {
		mutate_bytes(&r, data, size);
		return size;
	}
	bu_buf_add(&b, data, size);
	for (size_t k = 1 + rnd(&r, 4); k && !b.failed; k--)
		mutate_text(&r, &b);
	if (!b.failed && b.n <= max) {
		memcpy(data, b.p, b.n);
		size = b.n;
	}
	bu_buf_free(&b);
	return size;
}

/* A run of lines of each, in turn. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t na, const uint8_t *b, size_t nb, uint8_t *out,
				 size_t max, unsigned seed)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15u + 1 };
	const uint8_t *p[2] = { a, b };
	size_t left[2] = { na, nb }, n = 0;

	for (unsigned k = 0; left[k & 1] && n < max; k++) {
		size_t lines = 1 + rnd(&r, 8), len = 0;
		unsigned w = k & 1;

		while (len < left[w] && lines)
			lines -= p[w][len++] == '\n';
		if (len > max - n)
			len = max - n;
		memcpy(out + n, p[w], len);
		n += len;
		p[w] += len;
		left[w] -= len;
	}
	return n;
}
