/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks into recordings, and damages them with care.
 *
 *   recdrop -l FILE      one line an item: "event N HOOK PID U64 U64 …" (the context's words, hex),
 *                        "mark TEXT", "map NAME COUNT", "hook NAME PROGRAM SIZE", "lost N", "end N"
 *   recdrop FILE N OUT   FILE without its event N (0 is the first), otherwise whole
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
