/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An LRU map with more keys than room. Which ones go is each side's own affair; that updates
 * succeed, that what is found is what was put last, that there are never more than fit, and that what
 * was just used stays, is not.
 */
#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned complain(uint64_t seed, uint64_t i, const char *what, int ret)
{
	printf("# lru-hash under eviction: %s: %d (--seed %llu, operation %llu)\n", what, ret,
	       (unsigned long long)seed, (unsigned long long)i);
	return 1;
}

/* How many there are, each once and with the right value; -1: not so. */
static int census(struct bu_sys *s, int fd, const uint64_t *last, uint32_t space)
{
	uint8_t *seen = calloc(1, space);
	uint32_t key, to, n = 0;
	uint64_t v;
	int err = bu_sys_map_next_key(s, fd, NULL, &key);

	while (!err && n <= space) {
		if (key >= space || seen[key]++ || bu_sys_map_lookup(s, fd, &key, &v, 0) || v != last[key]) {
			n = UINT32_MAX;
			break;
		}
		n++;
		err = bu_sys_map_next_key(s, fd, &key, &to);
		key = to;
	}
	free(seen);
	return (int)n;
}

unsigned evict_run(struct bu_sys *s, uint64_t ops, uint64_t seed)
{
	enum { ENTRIES = 256, SPACE = 2000, HOT = 16 };
	uint64_t st = mix(seed), *last = calloc(SPACE, sizeof(*last)), v;
	union bpf_attr a;
	unsigned bad = 0;
	int fd, err, n;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_LRU_HASH;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = ENTRIES;
	fd = bu_sys_map_create(s, &a);
	if (fd < 0)
		bad += complain(seed, 0, "not made", fd);
	for (uint64_t i = 1; i <= ops && !bad; i++) {
		uint32_t key = below(&st, 4) ? below(&st, SPACE) : below(&st, HOT), what = below(&st, 10);

		if (what < 6) {
			v = i << 20 | key;
			err = bu_sys_map_update(s, fd, &key, &v, 0);
			if (err)
				bad += complain(seed, i, "an update fails", err);
			last[key] = v;
			err = bu_sys_map_lookup(s, fd, &key, &v, 0);
			if (err || v != last[key])
				bad += complain(seed, i, "what was just put is not there", err);
		} else if (what < 9) {
			err = bu_sys_map_lookup(s, fd, &key, &v, 0);
			if (!err && v != last[key])
				bad += complain(seed, i, "a value that was not put last", 0);
			else if (err && err != -ENOENT)
				bad += complain(seed, i, "a look-up fails", err);
		} else {
			err = bu_sys_map_delete(s, fd, &key);
			if (err && err != -ENOENT)
				bad += complain(seed, i, "a delete fails", err);
			if (!bu_sys_map_lookup(s, fd, &key, &v, 0))
				bad += complain(seed, i, "what was deleted is there", 0);
		}
		if (i % 5000 == 0 && !bad) {
			n = census(s, fd, last, SPACE);
			if (n < 0 || n > ENTRIES)
				bad += complain(seed, i, "a wrong number of elements, or one twice", n);
		}
	}
	if (fd >= 0)
		s->ops->close(s, fd);
	free(last);
	return bad;
}
