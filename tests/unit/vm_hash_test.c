/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash family of the VM: what tests/model cannot compare; damaged files. */
#include "vm/map_hash.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static struct bu_sys *s;
static char world[] = "/dev/shm/bpfutils-test-XXXXXX";

static int create(uint32_t type, uint32_t key, uint32_t value, uint32_t n, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	a.map_flags = flags;
	return bu_sys_map_create(s, &a);
}

static struct bu_vm_map *body(int fd)
{
	struct bu_vm_map *m = NULL;

	return fd < 0 || bu_vm_map_by_fd(bu_vm(s), fd, 0, &m) ? NULL : m;
}

static bool sound(struct bu_vm_map *m)
{
	struct bu_buf why = { 0 };
	int err = m->ops->verify(m, &why);

	if (err)
		printf("# verify: %d: %s\n", err, bu_buf_cstr(&why));
	bu_buf_free(&why);
	return !err;
}

static void test_attributes(void)
{
	const uint32_t hash = BPF_MAP_TYPE_HASH, lru = BPF_MAP_TYPE_LRU_HASH;

	ok(create(hash, 4, 4, 0, 0) == -EINVAL, "no entries");
	ok(create(hash, 0, 4, 1, 0) == -EINVAL, "no key");
	ok(create(hash, 4, 0, 1, 0) == -EINVAL, "no value");
	ok(create(hash, 4, 4, 1, 1u << 30) == -EINVAL, "an unknown flag");
	ok(create(hash, 4, 4, 1, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG) == -EINVAL,
	   "no access for programs at all");
	ok(create(hash, 4, 4, 1, BPF_F_RDONLY | BPF_F_WRONLY) == -EINVAL, "nor for user space");
	ok(create(hash, 4, 4, 1, BPF_F_NO_COMMON_LRU) == -EINVAL, "a flag of LRU maps");
	ok(create(lru, 4, 4, 1, BPF_F_NO_PREALLOC) == -524, "an LRU map is preallocated");
	ok(create(hash, 4, (4u << 20) - 52, 1, 0) == -E2BIG, "the kernel's bound of a value");
	ok(create(hash, 4, 4, 1u << 28, 0) == -E2BIG, "more buckets than the kernel takes");
	ok(create(BPF_MAP_TYPE_PERCPU_HASH, 4, 32769, 1, 0) == -E2BIG, "a big row");
	ok(create(BPF_MAP_TYPE_HASH_OF_MAPS, 4, 8, 1, 0) == -EINVAL, "ids have 4 bytes");
	ok(create(0, 4, 4, 1, 0) == -EINVAL && create(99, 4, 4, 1, 0) == -EINVAL, "unknown types");
	ok(create(1000, 4, 8, 1, 0) == -EINVAL, "a type that nobody has");
}

static void test_full(uint32_t type, uint32_t flags, const char *name)
{
	int fd = create(type, 4, 8, 10, flags);
	struct bu_vm_map *m = body(fd);
	uint64_t v = 1, sum = 0;
	uint32_t k, next;
	int err;

	if (!ok(m != NULL, "%s", name))
		return;
	for (k = 0; k < 10; k++)
		sum += bu_sys_map_update(s, fd, &k, &v, BPF_NOEXIST) != 0;
	ok(!sum, "%s: filled", name);
	ok(bu_sys_map_update(s, fd, &k, &v, 0) == -E2BIG, "%s: E2BIG for one more", name);
	ok(bu_sys_map_update(s, fd, &k, &v, BPF_EXIST) == -ENOENT, "%s: what is not there", name);
	for (k = 0; k < 10; k++)
		for (v = 0; v < 100; v++)
			sum += bu_sys_map_update(s, fd, &k, &v, BPF_EXIST) != 0;
	ok(!sum, "%s: a full map's elements can be updated, again and again", name);
	k = 4;
	ok(bu_sys_map_update(s, fd, &k, &v, BPF_NOEXIST) == -EEXIST, "%s: EEXIST", name);
	k = 777;
	ok(!bu_sys_map_next_key(s, fd, &k, &next) && next < 10, "%s: next of a missing key", name);
	for (k = 0, err = bu_sys_map_next_key(s, fd, NULL, &next); !err && k < 20; k++)
		err = bu_sys_map_next_key(s, fd, &next, &next);
	ok(k == 10 && err == -ENOENT, "%s: ten keys", name);
	for (k = 0; k < 10; k++)
		sum += bu_sys_map_delete(s, fd, &k) != 0;
	ok(!sum && bu_sys_map_delete(s, fd, &k) == -ENOENT && !atomic_load(&m->live->count),
	   "%s: emptied", name);
	ok(sound(m), "%s: sound", name);
	bu_vm_map_put(m);
	close(fd);
}

/* What a program still points to is the last to be taken again. */
static void test_reuse(void)
{
	int fd = create(BPF_MAP_TYPE_HASH, 4, 8, 100, 0);
	struct bu_vm_map *m = body(fd);
	uint64_t v = 42, *p;
	uint32_t k, n = 0;

	if (!ok(m != NULL, "a map of 100"))
		return;
	for (k = 0; k < 50; k++)
		m->ops->update(m, &k, &v, 0, 0);
	k = 7;
	p = m->ops->lookup(m, &k, 0);
	m->ops->erase(m, &k);
	for (k = 1000; k < 1050 && *p == 42; k++, n++) {
		v = k;
		m->ops->update(m, &k, &v, 0, 0);
	}
	ok(n == 50 && *p == 42, "a deleted value stays while there are other free elements");
	ok(sound(m), "sound");
	bu_vm_map_put(m);
	close(fd);
}

static void test_lru(void)
{
	int fd = create(BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0);
	struct bu_vm_map *m = body(fd);
	uint64_t v = 1;
	uint32_t k, hot, missing = 0;

	if (!ok(m != NULL, "an LRU map"))
		return;
	for (k = 0; k < 10000; k++) {
		missing += m->ops->update(m, &k, &v, 0, 0) != 0;
		for (hot = 0; hot < 8 && k >= 8; hot++)
			missing += !m->ops->lookup(m, &hot, 0);
	}
	ok(!missing, "what is looked up all the time is not evicted, and updates never fail");
	ok(atomic_load(&m->live->count) == 64 && sound(m), "64 elements, sound");
	bu_vm_map_put(m);
	close(fd);
}

static void test_batch(void)
{
	int fd = create(BPF_MAP_TYPE_HASH, 4, 8, 1000, 0);
	struct bu_vm_map *m = body(fd);
	uint32_t k, keys[1000], n, total = 0;
	uint64_t v, values[1000], pos = 0, seen = 0;
	int err = 0;

	if (!ok(m != NULL, "a map of 1000"))
		return;
	for (k = 0; k < 1000; k++)
		v = k * 3, m->ops->update(m, &k, &v, 0, 0);
	for (unsigned i = 0; !err && i < 2000; i++) {
		n = 16;
		err = m->ops->batch(m, &pos, keys, values, &n, false, 0);
		for (unsigned j = 0; j < n; j++)
			seen += values[j] == keys[j] * 3u;
		total += n;
		if (err == -ENOSPC && n)
			err = 0;
	}
	ok(err == -ENOENT && total == 1000 && seen == 1000, "batches of 16: every element once");
	pos = 0;
	n = 0;
	ok(m->ops->batch(m, &pos, keys, values, &n, false, 0) == -ENOSPC && !n, "no room: ENOSPC");
	pos = 0;
	n = 1000;
	ok(m->ops->batch(m, &pos, keys, values, &n, true, 0) == -ENOENT && n == 1000 &&
		   !atomic_load(&m->live->count) && sound(m),
	   "all taken out at once");
	bu_vm_map_put(m);
	close(fd);
}

/* A child updates two keys all the time; what is read here is always one of its values, whole. */
static void test_whole(uint32_t type, const char *name)
{
	int fd = create(type, 4, 64, 2, 0);
	struct bu_vm_map *m = body(fd);
	uint64_t *v = calloc(m ? m->user_value : 64, 1);
	unsigned torn = 0, lost = 0, other = 0, reads = 0;
	time_t end = time(NULL) + 5;
	uint32_t k;
	pid_t pid;

	if (!ok(m && v, "%s", name))
		return;
	for (k = 0; k < 2; k++)
		bu_sys_map_update(s, fd, &k, v, 0);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct bu_vm_options o = { .world = bu_vm_path(s) };
		struct bu_sys *n;

		alarm(60);
		if (bu_vm_open(&n, &o, NULL) || bu_vm_map_by_fd(bu_vm(n), fd, 0, &m))
			_exit(1);
		for (uint64_t i = 0;; i++) {
			for (unsigned w = 0; w < m->user_value / 8; w++)
				v[w] = i;
			k = i & 1;
			(m->ops->write ? m->ops->write(m, &k, v, 0) : m->ops->update(m, &k, v, 0, 0));
		}
	}
	for (; reads < 200000 && (reads % 1000 || time(NULL) < end); reads++) {
		int err;

		k = reads & 1;
		err = m->ops->read(m, &k, v, 0);
		lost += err == -ENOENT;
		other += err && err != -ENOENT;
		for (unsigned w = 1; !err && w < m->user_value / 8; w++)
			torn += v[w] != v[0];
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(!torn && !lost && !other, "%s: %u reads while another writes: %u torn, %u lost, %u refused",
	   name, reads, torn, lost, other);
	ok(sound(m), "%s: sound", name);
	bu_vm_map_put(m);
	close(fd);
	free(v);
}

/* Garbage in the file: errors, never a crash, a hang, or a store outside. */
static void test_damage(uint32_t type, uint32_t flags, const char *name)
{
	int fd = create(type, 4, 8, 30, flags), in = create(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);
	struct bu_vm_map *m = body(fd);
	uint64_t seed = 4711, *values = calloc(64, m ? m->user_value : 8);
	uint32_t keys[64], n;

	(void)in;
	if (!ok(m && values, "%s to be damaged", name))
		return;
	for (unsigned round = 0; round < 200000; round++) {
		uint64_t r, pos = 0;
		uint32_t k, next;
		const void *key;
		void *val;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		r = seed >> 20;
		k = (uint32_t)(r >> 8) % 40;
		if (r % 8 == 0) { /* small numbers and bits are worse than noise */
			uint32_t bad = (r >> 30) % 3 ? (uint32_t)(r >> 12) % 64 : (uint32_t)seed;

			memcpy(m->mem + (r >> 16) % (m->u[U_ELEMS] + 40 * m->u[U_STRIDE]) / 4 * 4, &bad, 4);
		} else if (r % 8 == 1) {
			atomic_store(&m->live->word[(r >> 14) % 8], (r >> 30) % 3 ? (r >> 16) % 64 : seed);
		}
		switch (r % 7) {
		case 0: m->ops->lookup(m, &k, 0); break;
		case 1: m->ops->read(m, &k, values, 0); break;
		case 2: m->ops->erase(m, &k); break;
		case 3: m->ops->next_key(m, &k, &next); break;
		case 4:
			for (n = 0; n < 100 && !m->ops->walk(m, &pos, 0, &key, &val); n++)
				;
			break;
		case 5:
			n = 64;
			m->ops->batch(m, &pos, keys, values, &n, r & 64, 0);
			break;
		default: m->ops->update(m, &k, values, 0, 0);
		}
		if (round % 5000 == 0) {
			struct bu_buf why = { 0 };

			m->ops->verify(m, &why);
			bu_buf_free(&why);
			memset(m->mem, 0, m->data_size);
			memset(m->live->word, 0, sizeof(m->live->word));
			atomic_store(&m->live->count, 0);
			atomic_store(&m->live->word[W_ALLOC], m->u[U_NELEM]);
		}
	}
	ok(!memcmp(&m->obj->h, m->obj->hdr, offsetof(struct bu_vm_hdr, live)),
	   "%s: 200000 operations on a damaged map end, and its header is as it was", name);
	bu_vm_map_put(m);
	close(fd);
	free(values);
}

/* A sequence that says "being written" while nobody writes: each operation mends it. */
static void test_odd(uint32_t type, const char *name)
{
	int fd = create(type, 4, 8, 10, 0);
	uint32_t key, n = 10, keys[10], pos;
	uint64_t vals[10 * 64];
	struct bu_vm_map *m = body(fd);
	struct hash_elem *e;
	int err = 0;

	if (!ok(m && m->user_value <= 8 * 64, "%s", name))
		return;
	for (unsigned i = 0; i < 3 && !err; i++) {
		key = i;
		err = bu_sys_map_update(s, fd, &key, memset(vals, 7, sizeof(vals)), 0);
		e = bu_vm_hash_find(m, &key, bu_vm_hash_of(m, &key), NULL);
		if (!err && e)
			atomic_store(&e->seq, 5);
	}
	key = 0;
	ok(!err && !bu_sys_map_lookup(s, fd, &key, vals, 0), "%s: looked up", name);
	key = 1;
	ok(!m->ops->take(m, &key, vals, 0), "%s: taken", name);
	err = bu_sys_map_lookup_batch(s, fd, NULL, &pos, keys, vals, &n);
	ok((!err || err == -ENOENT) && n == 2, "%s: looked up by batch: %d, %u", name, err, n);
	ok(sound(m), "%s: sound", name);
	bu_vm_map_put(m);
	close(fd);
}

int main(void)
{
	struct bu_vm_options o = { 0 };
	char dir[64], cmd[100];

	need_native();
	alarm(200);
	if (!mkdtemp(world)) {
		printf("1..0 # SKIP needs \"a tmpfs at /dev/shm\"\n");
		return 0;
	}
	snprintf(dir, sizeof(dir), "%s/w", world);
	o.world = dir;
	if (ok(!bu_vm_open(&s, &o, NULL), "a world")) {
		test_attributes();
		test_full(BPF_MAP_TYPE_HASH, 0, "hash");
		test_full(BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, "hash, not preallocated");
		test_reuse();
		test_lru();
		test_batch();
		test_whole(BPF_MAP_TYPE_HASH, "hash");
		test_whole(BPF_MAP_TYPE_LRU_HASH, "LRU hash");
		test_whole(BPF_MAP_TYPE_PERCPU_HASH, "per-CPU hash");
		test_odd(BPF_MAP_TYPE_HASH, "hash, odd");
		test_odd(BPF_MAP_TYPE_PERCPU_HASH, "per-CPU hash, odd");
		test_damage(BPF_MAP_TYPE_HASH, 0, "hash");
		test_damage(BPF_MAP_TYPE_LRU_HASH, 0, "LRU hash");
		test_damage(BPF_MAP_TYPE_PERCPU_HASH, 0, "per-CPU hash");
		s->ops->destroy(s);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", world);
	ok(!system(cmd), "the world is removed");
	return done_testing();
}
