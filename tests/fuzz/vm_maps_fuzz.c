/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of a world whose memory somebody has damaged: every operation ends, with an error or without,
 * and nothing outside of the map is touched (which would be a SIGSEGV: around it nothing is mapped).
 *
 * vm_maps_fuzz [ROUNDS [SEED]]
 */
#include "vm/map.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../unit/tap.h"

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 32) * n >> 32);
}

static const struct {
	const char *name;
	uint32_t type, key, value, n, flags;
} kinds[] = {
	{ "hash", BPF_MAP_TYPE_HASH, 4, 24, 50, 0 },
	{ "hash without preallocation", BPF_MAP_TYPE_HASH, 8, 8, 50, BPF_F_NO_PREALLOC },
	{ "per-CPU hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 50, 0 },
	{ "LRU hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 50, 0 },
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 24, 50, 0 },
	{ "per-CPU array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 24, 50, 0 },
	{ "trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 50, BPF_F_NO_PREALLOC },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 24, 50, 0 },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 24, 50, 0 },
	{ "ring buffer", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	{ "array of maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 50, 0 },
	{ "hash of maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 50, 0 },
	{ "array of programs", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 50, 0 },
};

static int create(struct bu_sys *s, unsigned k, int inner)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = kinds[k].type;
	a.key_size = kinds[k].key;
	a.value_size = kinds[k].value;
	a.max_entries = kinds[k].n;
	a.map_flags = kinds[k].flags;
	if (kinds[k].type == BPF_MAP_TYPE_ARRAY_OF_MAPS || kinds[k].type == BPF_MAP_TYPE_HASH_OF_MAPS)
		a.inner_map_fd = (uint32_t)inner;
	return bu_sys_map_create(s, &a);
}

static void key_of(unsigned k, uint32_t n, uint8_t *key)
{
	memset(key, 0, 16);
	memcpy(key, &n, 4);
	if (kinds[k].type == BPF_MAP_TYPE_LPM_TRIE) {
		n = n % 2 ? 32 : n % 33;
		memcpy(key + 4, key, 4);
		memcpy(key, &n, 4);
	}
}

static void operate(struct bu_sys *s, struct bu_vm_map *m, unsigned k, int fd, int inner)
{
	uint8_t key[16], next[16], v[8192];
	const void *kp = kinds[k].key ? key : NULL;
	struct bu_buf why = { 0 };
	const void *wk;
	void *p, *wv;
	uint64_t pos = 0, out = 0;
	uint32_t count = 64;
	uint8_t *keys, *values;

	key_of(k, below(60), key);
	memset(v, (int)below(256), sizeof(v));
	if (m->ops->fds)
		memcpy(v, &inner, 4);
	switch (below(8)) {
	case 0:
		bu_sys_map_update(s, fd, kp, v, below(3));
		break;
	case 1:
		bu_sys_map_lookup(s, fd, kp, v, 0);
		break;
	case 2:
		bu_sys_map_delete(s, fd, kp);
		break;
	case 3:
		for (unsigned i = 0; i < 100 && !bu_sys_map_next_key(s, fd, i ? key : NULL, next); i++)
			memcpy(key, next, sizeof(key));
		break;
	case 4:
		if (m->ops->lookup) {
			p = m->ops->lookup(m, key, below(2));
			if (p && !m->ops->fds)
				memset(p, 1, m->value_size);
		}
		if (m->type == BPF_MAP_TYPE_RINGBUF) {
			p = bu_vm_ringbuf_reserve(m, below(3000));
			if (p)
				bu_vm_ringbuf_commit(m, p, 0, below(2));
			bu_vm_ringbuf_query(m, below(5));
			if (m->ops->readable)
				m->ops->readable(m);
		}
		break;
	case 5:
		for (unsigned i = 0; m->ops->walk && i < 200 && !m->ops->walk(m, &pos, 0, &wk, &wv); i++)
			;
		break;
	case 6:
		keys = calloc(64, 16);
		values = calloc(64, m->user_value + 8);
		bu_sys_map_lookup_batch(s, fd, NULL, &out, keys, values, &count);
		free(keys);
		free(values);
		break;
	default:
		if (m->ops->verify)
			m->ops->verify(m, &why);
		else if (m->ops->pop)
			m->ops->pop(m, v);
	}
	bu_buf_free(&why);
}

/* Numbers that are near to what is right do the most. */
static uint64_t odd_number(void)
{
	static const uint64_t some[] = { 0, 1, 2, 49, 50, 51, 64, 4096, 0x7fffffff, 0x80000000, 0xffffffff,
					 0xffffffffffffffff, 0x8000000000000000 };

	return below(2) ? some[below(BU_ARRAY_SIZE(some))] : below(2) ? below(200) : state;
}

static void damage(struct bu_vm_map *m)
{
	uint64_t live = m->data_size + offsetof(struct bu_vm_hdr, live);
	uint64_t alloc = m->alloc_size < 65536 ? m->alloc_size : 65536, off, v = odd_number();

	if (below(3))
		off = live + offsetof(struct bu_vm_live, seq) + 8ull * below(26);
	else
		off = below((uint32_t)alloc / 4) * 4ull;
	memcpy(m->mem + off, &v, below(2) && off % 8 == 0 ? 8 : 4);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 30;
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", rm[64];
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct bu_sys *s;
	int inner;

	need_native();
	if (!mkdtemp(world) || bu_vm_open(&s, &(struct bu_vm_options){ .world = world }, NULL)) {
		skip(1, "needs a tmpfs at /dev/shm");
		return done_testing();
	}
	inner = create(s, 4, -1);
	for (unsigned k = 0; k < BU_ARRAY_SIZE(kinds); k++) {
		time_t start = time(NULL);
		unsigned made = 0;

		for (unsigned r = 0; r < rounds; r++) {
			struct bu_vm_map *m;
			int fd;

			state = seed * 1000003 + k * 10007 + r;
			fd = create(s, k, inner);
			if (fd < 0)
				continue;
			if (!bu_vm_map_by_fd(bu_vm(s), fd, 0, &m)) {
				made++;
				for (unsigned i = 0; i < 40; i++)
					operate(s, m, k, fd, inner);
				for (unsigned i = 0; i < 100; i++) {
					if (!below(4))
						damage(m);
					operate(s, m, k, fd, inner);
				}
				bu_vm_map_put(m);
			}
			close(fd);
		}
		ok(made == rounds, "%s: %u damaged, %ld s", kinds[k].name, made, (long)(time(NULL) - start));
		fflush(stdout);
	}
	close(inner);
	s->ops->destroy(s);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	return system(rm) ? 1 : done_testing();
}
