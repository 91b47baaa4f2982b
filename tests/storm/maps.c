/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killstorm: maps of every type, pinned, with values that say whether they are whole. */
#include "killstorm.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS 6          /* of a value */
#define KEYS 64          /* that come and go; those below STABLE are never deleted */
#define STABLE 8
#define MAX_USER 8192

static const struct kind {
	const char *name;
	uint32_t type, key, entries, flags;
	bool inner, fifo, array;
	bool spin; /* a bpf_spin_lock behind the words of its values */
} kinds[] = {
	{ "hash_lock", BPF_MAP_TYPE_HASH, 4, 40, 0, false, false, false, true },
	{ "array_lock", BPF_MAP_TYPE_ARRAY, 4, KEYS, 0, false, false, true, true },
	{ "hash", BPF_MAP_TYPE_HASH, 4, 40, 0, false, false, false, false },
	{ "hash_np", BPF_MAP_TYPE_HASH, 4, 40, BPF_F_NO_PREALLOC, false, false, false, false },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, 4, 40, 0, false, false, false, false },
	{ "lru", BPF_MAP_TYPE_LRU_HASH, 4, 40, 0, false, false, false, false },
	{ "lpm", BPF_MAP_TYPE_LPM_TRIE, 8, 40, BPF_F_NO_PREALLOC, false, false, false, false },
	{ "array", BPF_MAP_TYPE_ARRAY, 4, KEYS, 0, false, false, true, false },
	{ "percpu_array", BPF_MAP_TYPE_PERCPU_ARRAY, 4, KEYS, 0, false, false, true, false },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, 40, 0, false, true, false, false },
	{ "stack", BPF_MAP_TYPE_STACK, 0, 40, 0, false, true, false, false },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 4096, 0, false, false, false, false },
	{ "array_of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, KEYS, 0, true, false, true, false },
	{ "hash_of_maps", BPF_MAP_TYPE_HASH_OF_MAPS, 4, 40, 0, true, false, false, false },
	{ "prog_array", BPF_MAP_TYPE_PROG_ARRAY, 4, KEYS, 0, true, false, true, false },
	{ "perf_event_array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, KEYS, 0, true, false, true, false },
};
#define NKINDS BU_ARRAY_SIZE(kinds)

static int fds[NKINDS];
static int inner[4];              /* two maps, two programs */
static int events[2];             /* of this process */
static int progs[NKINDS][KS_OPS]; /* of a runner, fd + 1 as they are needed; -1: there is none */

static void fill(uint64_t *v, uint64_t key)
{
	uint64_t r = ks_random();

	v[0] = r;
	for (unsigned i = 1; i < WORDS; i++)
		v[i] = (r + i) * 0x9e3779b97f4a7c15u ^ key;
}

/* Is a value (each row of it) whole? All zero: never written, or a row that another CPU's update left. */
static bool whole(const uint64_t *v, uint64_t key)
{
	static const uint64_t zero[WORDS];

	if (!memcmp(v, zero, sizeof(zero)))
		return true;
	for (unsigned i = 1; i < WORDS; i++)
		if (v[i] != ((v[0] + i) * 0x9e3779b97f4a7c15u ^ key))
			return false;
	return true;
}

static void make_key(const struct kind *k, uint32_t n, void *key)
{
	uint32_t lpm[2] = { 32, n };

	memcpy(key, k->type == BPF_MAP_TYPE_LPM_TRIE ? (void *)lpm : (void *)&n, k->key);
}

static uint32_t number(const struct kind *k, const void *key)
{
	uint32_t n[2] = { 0, 0 };

	memcpy(n, key, k->key);
	return k->type == BPF_MAP_TYPE_LPM_TRIE ? n[1] : n[0];
}

static struct bu_vm_map *held; /* during a check: the map that it is about */

static struct bu_vm_map *map_of(struct bu_sys *s, unsigned i)
{
	struct bu_vm_map *m;

	if (held) {
		held->obj->refs++;
		return held;
	}
	return bu_vm_map_by_fd(bu_vm(s), fds[i], 0, &m) ? NULL : m;
}

static uint32_t rows(const struct bu_vm_map *m)
{
	return m->ops->percpu ? m->ncpus : 1;
}

/* A runner's program of an operation, by its pin: the fd or -ENOENT. */
static int prog_of(struct bu_sys *s, unsigned i, unsigned op)
{
	char path[64];

	if (!progs[i][op]) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/%s_%u", kinds[i].name, op);
		progs[i][op] = bu_sys_get(s, path, 0) + 1;
		if (progs[i][op] < 0)
			progs[i][op] = -1;
	}
	return progs[i][op] > 0 ? progs[i][op] - 1 : -ENOENT;
}

/* What a value of a map that holds fds is. */
static uint32_t target(const struct kind *k)
{
	unsigned n = (unsigned)(ks_random() & 1);

	return (uint32_t)(k->type == BPF_MAP_TYPE_PROG_ARRAY ? inner[2 + n] :
			  k->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ? events[n] : inner[n]);
}

/* With the value's own lock, now and then. */
static uint64_t lock_flag(const struct kind *k)
{
	return k->spin && ks_random() % 2 ? BPF_F_LOCK : 0;
}

/* A runner: a program does it. */
static int run_prog(struct bu_sys *s, unsigned i, unsigned op, uint32_t n, uint64_t flags)
{
	const struct kind *k = &kinds[i];
	uint8_t key[8] = { 0 };
	uint64_t v[WORDS];
	int fd = prog_of(s, i, op);

	if (fd < 0)
		return fd;
	make_key(k, n, key);
	fill(v, k->fifo || k->type == BPF_MAP_TYPE_RINGBUF ? 0 : n);
	return ks_prog_run(s, fd, key, k->key, v, flags | lock_flag(k));
}

static int put(struct bu_sys *s, unsigned i, uint32_t n, uint64_t flags)
{
	const struct kind *k = &kinds[i];
	static uint64_t value[MAX_USER / 8];
	struct bu_vm_map *m = map_of(s, i);
	uint8_t key[8];
	int err;

	if (!m)
		return -EIO;
	make_key(k, n, key);
	for (uint32_t r = 0; r < rows(m); r++)
		fill(value + r * WORDS, k->fifo ? 0 : n);
	if (k->inner) {
		value[0] = target(k);
		err = bu_sys_map_update(s, fds[i], key, value, flags);
	} else {
		if (k->spin)
			value[WORDS] = 0;
		err = bu_sys_map_update(s, fds[i], k->fifo ? NULL : key, value, flags | lock_flag(k));
	}
	bu_vm_map_put(m);
	return err;
}

/* alone: nobody else is on the map; then by its operations, which is faster than by bpf(2). */
static void look(struct bu_sys *s, unsigned i, const void *key, bool alone, bool must)
{
	const struct kind *k = &kinds[i];
	static uint64_t value[MAX_USER / 8];
	struct bu_vm_map *m = map_of(s, i);
	uint32_t n = number(k, key);
	/* Alone always with the lock: what the dead have left is taken over. */
	uint64_t flags = alone && k->spin ? BPF_F_LOCK : lock_flag(k);
	int err;

	if (!m) {
		ks_bad("%s cannot be opened", k->name);
		return;
	}
	if (!m->ops->read) { /* perf_event_array */
		bu_vm_map_put(m);
		return;
	}
	err = alone ? m->ops->read(m, key, value, flags) : bu_sys_map_lookup(s, fds[i], key, value, flags);
	if (err && (err != -ENOENT || must))
		ks_bad("%s: looking up %u gave %d", k->name, n, err);
	if (!err && !k->inner)
		for (uint32_t r = 0; r < rows(m); r++)
			if (!whole(value + r * WORDS, n))
				ks_bad("%s: the value of %u is torn in row %u", k->name, n, r);
	bu_vm_map_put(m);
}

static int next_key(struct bu_sys *s, unsigned i, const void *key, void *next, bool alone)
{
	struct bu_vm_map *m = alone ? map_of(s, i) : NULL;
	int err;

	if (!m)
		return alone ? -EIO : bu_sys_map_next_key(s, fds[i], key, next);
	err = m->ops->next_key(m, key, next);
	bu_vm_map_put(m);
	return err;
}

static void walk(struct bu_sys *s, unsigned i, bool alone)
{
	const struct kind *k = &kinds[i];
	uint8_t key[8], next[8];
	uint32_t seen[KEYS] = { 0 }, n = 0, sum = 0;
	int err = next_key(s, i, NULL, next, alone);

	for (; !err && n < 4 * KEYS; n++) {
		memcpy(key, next, 8);
		if (number(k, key) >= KEYS)
			ks_bad("%s has a key %u that nobody put", k->name, number(k, key));
		else
			seen[number(k, key)]++;
		look(s, i, key, alone, alone && (!k->inner || !k->array || number(k, key) < STABLE));
		err = next_key(s, i, key, next, alone);
	}
	if (err && err != -ENOENT)
		ks_bad("%s: the next key gave %d", k->name, err);
	if (!alone)
		return;
	for (n = 0; n < KEYS; n++) {
		sum += seen[n];
		if (seen[n] > 1)
			ks_bad("%s has key %u %u times", k->name, n, seen[n]);
		if (n < STABLE && !seen[n] && k->type != BPF_MAP_TYPE_LRU_HASH)
			ks_bad("%s has lost key %u", k->name, n);
	}
	if (sum > k->entries)
		ks_bad("%s has %u elements", k->name, sum);
}

/* An operation of a runner: of every kind by a program. */
static int run_step(struct bu_sys *s, unsigned i, uint32_t n)
{
	const struct kind *k = &kinds[i];
	unsigned op = (unsigned)(ks_random() % 4);
	bool any = k->array || k->fifo || k->inner || k->type == BPF_MAP_TYPE_RINGBUF;

	op = op > KS_LOOKUP || k->inner ? (k->inner ? KS_LOOKUP : KS_UPDATE) : op;
	if (op == KS_DELETE && !k->fifo && k->type != BPF_MAP_TYPE_RINGBUF && (n < STABLE || k->array))
		op = KS_LOOKUP;
	return run_prog(s, i, op, n, any ? BPF_ANY : ks_random() % 3);
}

static void ring(struct bu_sys *s, unsigned i)
{
	struct bu_vm_map *m = map_of(s, i);
	uint64_t v[WORDS];

	if (!m)
		return;
	fill(v, 0);
	bu_vm_ringbuf_output(m, v, sizeof(v), 1 /* BPF_RB_NO_WAKEUP */);
	bu_vm_map_put(m);
}

/* Of arrays of fds only W/lock is held. */
static bool has_lock(const struct kind *k)
{
	return !k->inner || !k->array;
}

static unsigned pick(void)
{
	static unsigned focus = NKINDS;

	if (!ks_focus)
		return (unsigned)(ks_random() % NKINDS);
	if (ks_focus > 0)
		return (unsigned)ks_focus - 1;
	while (focus == NKINDS || !has_lock(&kinds[focus]))
		focus = (unsigned)(ks_random() % NKINDS);
	return focus;
}

static void step(struct bu_sys *s, unsigned who)
{
	unsigned i = pick();
	uint32_t n = (uint32_t)(ks_random() % KEYS);
	const struct kind *k = &kinds[i];
	uint64_t v[WORDS];
	uint8_t key[8];
	int err = 0;

	make_key(k, n, key);
	if (who == 1 && (!k->inner || ks_random() % 2)) {
		err = run_step(s, i, n);
	} else if (k->type == BPF_MAP_TYPE_RINGBUF) {
		if (who != 2)
			ring(s, i);
	} else if (k->fifo) {
		if (who != 2 && (ks_random() & 1))
			err = put(s, i, 0, BPF_ANY);
		else if (!bu_sys_map_lookup(s, fds[i], NULL, v, 0) && !whole(v, 0))
			ks_bad("%s: the value at its end is torn", k->name);
	} else if (who == 2) {
		if (ks_random() % 8)
			look(s, i, key, false, false);
		else
			walk(s, i, false);
	} else {
		switch (ks_random() % 8) {
		case 0: case 1:
			if (n >= STABLE && (!k->array || k->inner))
				err = bu_sys_map_delete(s, fds[i], key);
			break;
		case 2:
			look(s, i, key, false, false);
			break;
		default:
			err = put(s, i, n, k->array && k->inner ? BPF_ANY : ks_random() % 3);
		}
	}
	if (err && err != -ENOENT && err != -EEXIST && err != -E2BIG && err != -EBUSY &&
	    err != -ENOSPC && err != -EAGAIN)
		ks_bad("%s: an operation gave %d", k->name, err);
}

static int open_events(struct bu_sys *s)
{
	struct perf_event_attr a = { 0 };

	a.type = PERF_TYPE_SOFTWARE;
	a.size = sizeof(a);
	a.config = PERF_COUNT_SW_BPF_OUTPUT;
	a.sample_type = PERF_SAMPLE_RAW;
	for (unsigned i = 0; i < 2; i++) {
		events[i] = s->ops->perf_event_open(s, &a, -1, (int)i, -1, 0);
		if (events[i] < 0)
			return events[i];
	}
	return 0;
}

static int open_all(struct bu_sys *s)
{
	char path[64];
	int fd, err = open_events(s);

	if (err)
		return err;

	memset(progs, 0, sizeof(progs));
	for (unsigned i = 0; i < NKINDS + 4; i++) {
		if (i < NKINDS)
			snprintf(path, sizeof(path), "/sys/fs/bpf/%s", kinds[i].name);
		else
			snprintf(path, sizeof(path), "/sys/fs/bpf/inner%u", i - (unsigned)NKINDS);
		fd = bu_sys_get(s, path, 0);
		if (fd < 0)
			return fd;
		*(i < NKINDS ? &fds[i] : &inner[i - NKINDS]) = fd;
	}
	return 0;
}

static int make_progs(struct bu_sys *s, unsigned i)
{
	char path[64];
	int fd, err;

	for (unsigned op = 0; op < KS_OPS; op++) {
		fd = ks_prog_make(s, kinds[i].type, op, fds[i], kinds[i].spin);
		if (fd == -ENOENT)
			continue;
		snprintf(path, sizeof(path), "/sys/fs/bpf/%s_%u", kinds[i].name, op);
		err = fd < 0 ? fd : bu_sys_pin(s, fd, path);
		if (err)
			return err;
		s->ops->close(s, fd);
	}
	return 0;
}

/* [1] int, [2] struct bpf_spin_lock { int val; }, [3] the value: its lock behind WORDS words of 8 bytes. */
static int lock_btf(struct bu_sys *s)
{
	static const char strs[] = "\0int\0bpf_spin_lock\0val\0v\0l";
	static const uint32_t types[] = {
		1, 1u << 24, 4, 1u << 24 | 32,
		5, 4u << 24 | 1, 4, 19, 1, 0,
		23, 4u << 24 | 1, 8 * WORDS + 8, 25, 2, 64 * WORDS,
	};
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t hdr_len, type_off, type_len, str_off, str_len;
		uint8_t data[sizeof(types) + sizeof(strs)];
	} b = { 0xeb9f, 1, 0, 24, 0, sizeof(types), sizeof(types), sizeof(strs), { 0 } };

	memcpy(b.data, types, sizeof(types));
	memcpy(b.data + sizeof(types), strs, sizeof(strs));
	return bu_sys_btf_load(s, &b, 24 + sizeof(types) + sizeof(strs), NULL, 0);
}

static int setup(struct bu_sys *s)
{
	union bpf_attr a;
	char path[64];
	int err = open_events(s), btf = lock_btf(s);

	if (btf < 0)
		return btf;
	for (unsigned i = 0; i < 4 && !err; i++) {
		memset(&a, 0, sizeof(a));
		a.map_type = BPF_MAP_TYPE_ARRAY;
		a.key_size = a.value_size = 4;
		a.max_entries = 1;
		inner[i] = i < 2 ? bu_sys_map_create(s, &a) : ks_prog_plain(s, 0);
		snprintf(path, sizeof(path), "/sys/fs/bpf/inner%u", i);
		err = inner[i] < 0 ? inner[i] : bu_sys_pin(s, inner[i], path);
		if (err)
			return err;
	}
	for (unsigned i = 0; i < NKINDS; i++) {
		const struct kind *k = &kinds[i];

		memset(&a, 0, sizeof(a));
		a.map_type = k->type;
		a.key_size = k->key;
		a.value_size = k->inner ? 4 : k->type == BPF_MAP_TYPE_RINGBUF ? 0 : WORDS * 8;
		if (k->spin) {
			a.value_size += 8;
			a.btf_fd = (uint32_t)btf;
			a.btf_key_type_id = 1;
			a.btf_value_type_id = 3;
		}
		a.max_entries = k->entries;
		a.map_flags = k->flags;
		a.inner_map_fd = k->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
				 k->type == BPF_MAP_TYPE_HASH_OF_MAPS ? (uint32_t)inner[0] : 0;
		fds[i] = bu_sys_map_create(s, &a);
		snprintf(path, sizeof(path), "/sys/fs/bpf/%s", k->name);
		err = fds[i] < 0 ? fds[i] : bu_sys_pin(s, fds[i], path);
		for (uint32_t n = 0; !err && n < STABLE && !k->fifo && k->type != BPF_MAP_TYPE_RINGBUF; n++)
			err = put(s, i, n, BPF_ANY);
		err = err ? err : make_progs(s, i);
		if (err) {
			printf("# %s: %d\n", k->name, err);
			return err;
		}
	}
	s->ops->close(s, btf);
	return 0;
}

/* As a consumer: every record is whole, and none waits for a dead producer. */
static void drain(struct bu_sys *s, unsigned i)
{
	struct bu_vm_map *m = map_of(s, i);
	uint64_t pos, end, v[WORDS];
	uint32_t h, mask;

	if (!m)
		return;
	ring(s, i); /* who reserves ends what the dead have left */
	mask = m->max_entries - 1;
	pos = atomic_load((_Atomic uint64_t *)m->mem);
	end = atomic_load((_Atomic uint64_t *)(m->mem + BU_VM_PAGE));
	while (pos < end) {
		const uint8_t *data = m->mem + 2 * BU_VM_PAGE;

		memcpy(&h, data + (pos & mask), 4);
		if (h & 0x80000000u) {
			ks_bad("%s: the record at %#llx is never submitted", kinds[i].name,
			       (unsigned long long)pos);
			break;
		}
		if (!(h & 0x40000000u)) {
			if (h != sizeof(v)) {
				ks_bad("%s: a record of %u bytes", kinds[i].name, h);
				break;
			}
			for (unsigned w = 0; w < WORDS; w++)
				memcpy(&v[w], data + ((pos + 8 + 8 * w) & mask), 8);
			if (!whole(v, 0))
				ks_bad("%s: a record is torn", kinds[i].name);
		}
		pos += ((h & 0x3fffffffu) + 8 + 7) & ~7ull;
	}
	atomic_store((_Atomic uint64_t *)m->mem, pos);
	bu_vm_map_put(m);
}

/* One map: its lock is free, its invariants hold, its values are whole. */
static void check_map(struct bu_sys *s, unsigned i)
{
	const struct kind *k = &kinds[i];
	struct bu_vm_map *m = map_of(s, i);
	struct bu_buf why = { 0 };
	uint32_t lock;
	int err;

	if (!m) {
		ks_bad("%s cannot be opened", k->name);
		return;
	}
	/* What a dead process holds is taken over by the first that comes. */
	err = bu_vm_lock(m->obj);
	if (err)
		ks_bad("%s: the lock gave %d", k->name, err);
	bu_vm_unlock(m->obj);
	err = m->ops->verify ? m->ops->verify(m, &why) : 0;
	if (err)
		ks_bad("%s: verify gave %d: %s", k->name, err, bu_buf_cstr(&why));
	lock = atomic_load(&m->live->lock);
	if (lock)
		ks_bad("%s: member %u has its lock", k->name, lock - 1);
	if (!k->fifo && k->type != BPF_MAP_TYPE_RINGBUF)
		held = m, walk(s, i, true), held = NULL;
	bu_vm_map_put(m);
	bu_buf_free(&why);
}

static void check(struct bu_sys *s)
{
	for (unsigned i = 0; i < NKINDS; i++) {
		check_map(s, i);
		if (kinds[i].type == BPF_MAP_TYPE_RINGBUF)
			drain(s, i);
	}
	for (unsigned i = 0; i < NKINDS; i++) { /* drained now and then, each value whole */
		uint64_t v[WORDS];
		struct bu_vm_map *m = kinds[i].fifo && ks_random() % 4 == 0 ? map_of(s, i) : NULL;

		while (m && !m->ops->pop(m, v))
			if (!whole(v, 0))
				ks_bad("%s: a value is torn", kinds[i].name);
		bu_vm_map_put(m);
	}
}

/* What the record of a lock's holder says. */
static enum ks_busy committed(struct bu_sys *s, uint32_t owner)
{
	int fd;
	uint32_t n = 0;
	char name[16];

	snprintf(name, sizeof(name), "%u", owner - 1);
	fd = openat(bu_vm(s)->mdir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return KS_LOCKED;
	if (pread(fd, &n, sizeof(n), offsetof(struct bu_vm_rec, n)) != sizeof(n))
		n = 0;
	close(fd);
	return n ? KS_COMMITTED : KS_LOCKED;
}

static enum ks_busy busy(struct bu_sys *s)
{
	enum ks_busy is = KS_IDLE;

	for (unsigned i = 0; i < NKINDS && !is; i++) {
		struct bu_vm_map *m = map_of(s, i);
		uint32_t owner = m ? atomic_load(&m->live->lock) : 0;

		if (owner)
			is = committed(s, owner);
		bu_vm_map_put(m);
	}
	return is;
}

static int focus(unsigned i, const char **name)
{
	if (i >= NKINDS)
		return -ENOENT;
	*name = has_lock(&kinds[i]) ? kinds[i].name : NULL;
	return 0;
}

static bool probe(struct bu_sys *s, unsigned i)
{
	static struct bu_vm_map *m; /* stays open */
	static unsigned of;
	static uint8_t *copy;
	struct bu_vm_rec *rec, rec_was;
	uint32_t owner;
	char name[16];
	int fd;

	if (!m || of != i) {
		bu_vm_map_put(m);
		of = i;
		m = map_of(s, i);
		free(copy);
		copy = m ? malloc(m->obj->size) : NULL;
	}
	owner = m && copy ? atomic_load(&m->live->lock) : 0;
	if (!owner)
		return false;
	snprintf(name, sizeof(name), "%u", owner - 1);
	fd = openat(bu_vm(s)->mdir, name, O_RDWR | O_CLOEXEC);
	rec = mmap(NULL, BU_VM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (rec == MAP_FAILED) {
		ks_bad("the record of member %u cannot be opened", owner - 1);
		return false;
	}
	memcpy(copy, m->mem, m->obj->size);
	memcpy(&rec_was, rec, sizeof(rec_was));
	if (bu_vm_recover(bu_vm(s), owner - 1, rec))
		ks_bad("recovery failed");
	check_map(s, i);
	memcpy(m->mem, copy, m->obj->size);
	memcpy(rec, &rec_was, sizeof(rec_was));
	munmap(rec, BU_VM_PAGE);
	return true;
}

const struct ks_part ks_maps = { "maps", 10, 26, setup, step, open_all, check, busy, focus, probe };
