/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks into recordings, and damages them with care.
 *
 *   recdrop -l FILE      one line an item: "event N HOOK PID U64 U64 …" (the context's words, hex),
 *                        "mark TEXT", "map NAME COUNT", "hook NAME PROGRAM SIZE", "lost N", "end N"
 *   recdrop FILE N OUT   FILE without its event N (0 is the first), otherwise whole
 *   recdrop -c N FILE OUT   values of the map "rows", which are 8 bytes for each processor, with N rows
 */
#include "load/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *hooks[BU_REC_MAX_HOOKS];

static void list(const struct bu_rec_item *it, unsigned n)
{
	switch (it->kind) {
	case BU_REC_HOOK:
		hooks[it->hook.index] = strdup(it->hook.hook);
		printf("hook %s %s %u\n", it->hook.hook, it->hook.prog, it->hook.ctx_size);
		break;
	case BU_REC_MAP:
		printf("map %s %u\n", it->map.name, it->map.count);
		break;
	case BU_REC_MARK:
		printf("mark %s\n", it->mark);
		break;
	case BU_REC_LOST:
		printf("lost %llu\n", (unsigned long long)it->lost);
		break;
	case BU_REC_EVENT:
		printf("event %u %s %u", n, hooks[it->event.hook], it->event.tgid);
		for (uint32_t i = 0; i + 8 <= it->event.size; i += 8)
			printf(" 0x%llx", (unsigned long long)bu_get64(it->event.ctx + i, false));
		printf("\n");
		break;
	case BU_REC_END:
		break;
	}
}

/* The map as a machine of n processors has it: further ones have what the first has. */
static void rows(struct bu_rec_item *it, uint32_t n)
{
	static uint8_t out[65536];
	struct bu_rec_map *m = &it->map;
	uint8_t *to = out;

	if (strcmp(m->name, "rows") || (size_t)m->count * (m->key_size + 8 * n) > sizeof(out))
		return;
	for (uint32_t i = 0; i < m->count; i++) {
		const uint8_t *e = m->elems + (size_t)i * (m->key_size + m->value_size);

		memcpy(to, e, m->key_size);
		to += m->key_size;
		for (uint32_t k = 0; k < n; k++, to += 8)
			memcpy(to, e + m->key_size + (8 * k < m->value_size ? 8 * k : 0), 8);
	}
	m->value_size = 8 * n;
	m->elems = out;
}

static int with_rows(uint32_t n, const char *in, const char *out)
{
	struct bu_rec_reader r;
	struct bu_rec_writer w;
	struct bu_rec_item it;
	int err = bu_rec_open(&r, in);

	if (err || bu_rec_create(&w, out))
		return 1;
	while ((err = bu_rec_next(&r, &it)) == 1) {
		if (it.kind == BU_REC_MAP)
			rows(&it, n);
		bu_rec_put(&w, &it);
	}
	bu_rec_close(&r);
	return err || bu_rec_finish(&w);
}

int main(int argc, char **argv)
{
	bool listing = argc == 3 && strcmp(argv[1], "-l") == 0;
	unsigned long drop = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	const char *in = argc > 1 ? argv[listing ? 2 : 1] : NULL;
	struct bu_rec_reader r;
	struct bu_rec_writer w;
	struct bu_rec_item it;
	unsigned n = 0;
	int err;

	if (argc == 5 && strcmp(argv[1], "-c") == 0)
		return with_rows((uint32_t)strtoul(argv[2], NULL, 10), argv[3], argv[4]);
	if (!listing && argc != 4) {
		fprintf(stderr, "usage: recdrop -l FILE | recdrop FILE N OUT\n");
		return 2;
	}
	err = bu_rec_open(&r, in);
	if (!err && !listing)
		err = bu_rec_create(&w, argv[3]);
	if (err) {
		fprintf(stderr, "recdrop: %s: %s\n", in, r.why ? r.why : strerror(-err));
		return 1;
	}
	while ((err = bu_rec_next(&r, &it)) == 1) {
		if (listing)
			list(&it, n);
		else if (it.kind != BU_REC_EVENT || n != drop)
			bu_rec_put(&w, &it);
		n += it.kind == BU_REC_EVENT;
	}
	if (err)
		fprintf(stderr, "recdrop: %s: %s\n", in, r.why);
	else if (listing)
		printf("end %u\n", n);
	if (!listing) {
		if (err || n <= drop) {
			bu_rec_abandon(&w);
			err = -EINVAL;
		} else {
			err = bu_rec_finish(&w);
		}
	}
	bu_rec_close(&r);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(hooks); i++)
		free(hooks[i]);
	return err != 0;
}
