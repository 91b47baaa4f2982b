/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stacks by number. A stack's number is its hash modulo the buckets, as in the kernel, so that the same stack
 * has the same number there. The file: a staging bucket, then the buckets; a change goes through the redo record.
 */
#include "vm/seq.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_STACK 127u /* where the machine does not say */
#define BUILD_ID 32u   /* struct bpf_stack_build_id */
#define SKIP 0xffull
#define FAST_CMP (1ull << 9)
#define REUSE (1ull << 10)

struct bucket {
	_Atomic uint32_t seq;  /* odd: it is being changed */
	_Atomic uint32_t nr;   /* frames; 0: empty */
	_Atomic uint32_t hash;
	uint32_t pad;
	/* value_size bytes: frames, zeros behind them */
};
enum { U_BUCKETS, U_STRIDE };

static bool build_ids(const struct bu_vm_map *m)
{
	return m->flags & BPF_F_STACK_BUILD_ID;
}

/* How deep stacks of this machine may be. Of a map that is there this was asked before. */
static uint32_t deepest(const struct bu_vm *vm)
{
	uint32_t n = MAX_STACK;
	char text[16] = "";
	int fd;

	if (vm->cmd != BPF_MAP_CREATE)
		return UINT32_MAX / BUILD_ID;
	fd = open("/proc/sys/kernel/perf_event_max_stack", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return n;
	if (read(fd, text, sizeof(text) - 1) > 0)
		n = (uint32_t)strtoul(text, NULL, 10);
	close(fd);
	return n;
}

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t each = a->map_flags & BPF_F_STACK_BUILD_ID ? BUILD_ID : 8;

	if (a->map_flags & ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID))
		return -EINVAL;
	if (!a->max_entries || a->key_size != 4 || a->value_size < 8 || a->value_size % each ||
	    a->value_size / each > deepest(vm))
		return -EINVAL;
	return a->max_entries > 1u << 31 ? -E2BIG : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t n = 1, bytes;

	while (n < m->max_entries)
		n <<= 1;
	m->u[U_BUCKETS] = n;
	m->u[U_STRIDE] = sizeof(struct bucket) + m->value_size;
	if (__builtin_mul_overflow(n + 1, m->u[U_STRIDE], &bytes) || bytes > 1ull << 44)
		return -ENOMEM;
	m->data_size = m->alloc_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	return 0;
}

static struct bucket *bucket(const struct bu_vm_map *m, uint32_t i)
{
	return (struct bucket *)(void *)(m->mem + (i + 1ull) * m->u[U_STRIDE]);
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static bool there(const struct bu_vm_map *m, uint32_t i)
{
	return i < m->u[U_BUCKETS] && atomic_load(&bucket(m, i)->nr);
}

static int read_stack(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t i = index_of(key), s;
	struct bucket *b;
	int err;

	(void)flags;
	if (!there(m, i))
		return -ENOENT;
	b = bucket(m, i);
	for (unsigned n = 0; n < BU_VM_SEQ_TRIES; n++) {
		s = bu_vm_seq_get(&b->seq);
		err = atomic_load(&b->nr) ? 0 : -ENOENT;
		memcpy(value, b + 1, m->value_size);
		if (bu_vm_seq_same(&b->seq, s))
			return err;
		bu_vm_seq_pause(n);
	}
	err = bu_vm_lock(m->obj);
	if (err && err != -EROFS)
		return err;
	memcpy(value, b + 1, m->value_size);
	if (!err)
		bu_vm_unlock(m->obj);
	return 0;
}

/* Under the lock: the staging bucket's frames, or none, into bucket i. */
static int put(struct bu_vm_map *m, uint32_t i, uint32_t nr, uint32_t hash)
{
	struct bu_vm_obj *o = m->obj;
	struct bucket *b = bucket(m, i);
	uint32_t s = atomic_load(&b->seq) & ~1u;
	uint64_t n = atomic_load(&m->live->count), was = atomic_load(&b->nr) != 0;

	bu_vm_txn_begin(o);
	bu_vm_txn_set32(o, bu_vm_off(o, &b->seq), s + 1);
	bu_vm_txn_set32(o, bu_vm_off(o, &b->nr), nr);
	bu_vm_txn_set32(o, bu_vm_off(o, &b->hash), hash);
	if (nr)
		bu_vm_txn_copy(o, bu_vm_off(o, b + 1), sizeof(*b), m->value_size);
	bu_vm_txn_set64(o, bu_vm_off(o, &m->live->count), n - was + (nr != 0));
	bu_vm_txn_set32(o, bu_vm_off(o, &b->seq), s + 2);
	return bu_vm_txn_commit(o);
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t i = index_of(key);
	int err;

	if (i >= m->u[U_BUCKETS])
		return -E2BIG;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = there(m, i) ? put(m, i, 0, 0) : -ENOENT;
	bu_vm_unlock(m->obj);
	return err;
}

static int take(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	int err;

	(void)flags;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = there(m, i) ? 0 : -ENOENT;
	if (!err) {
		memcpy(value, bucket(m, i) + 1, m->value_size);
		err = put(m, i, 0, 0);
	}
	bu_vm_unlock(m->obj);
	return err;
}

static int next_key(struct bu_vm_map *m, const void *key, void *next)
{
	uint32_t i = 0;

	if (key && there(m, index_of(key)))
		i = index_of(key) + 1;
	while (i < m->u[U_BUCKETS] && !there(m, i))
		i++;
	if (i >= m->u[U_BUCKETS])
		return -ENOENT;
	memcpy(next, &i, 4);
	return 0;
}

static int update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -EINVAL;
}

/* ---------------------------------------------------------------- numbers of stacks */

static uint32_t rol(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

/* Jenkins's hash of 32-bit words, as the kernel has it. */
static uint32_t jhash(const uint32_t *k, uint32_t n)
{
	uint32_t a, b, c;

	a = b = c = 0xdeadbeefu + (n << 2);
	for (; n > 3; n -= 3, k += 3) {
		a += k[0];
		b += k[1];
		c += k[2];
		a -= c, a ^= rol(c, 4), c += b;
		b -= a, b ^= rol(a, 6), a += c;
		c -= b, c ^= rol(b, 8), b += a;
		a -= c, a ^= rol(c, 16), c += b;
		b -= a, b ^= rol(a, 19), a += c;
		c -= b, c ^= rol(b, 4), b += a;
	}
	if (!n)
		return c;
	c += n > 2 ? k[2] : 0;
	b += n > 1 ? k[1] : 0;
	a += k[0];
	c ^= b, c -= rol(b, 14);
	a ^= c, a -= rol(c, 11);
	b ^= a, b -= rol(a, 25);
	c ^= b, c -= rol(b, 16);
	a ^= c, a -= rol(c, 4);
	b ^= a, b -= rol(a, 14);
	c ^= b, c -= rol(b, 24);
	return c;
}

/* The frames as a value has them, in the staging bucket. Files of libraries are not looked for: addresses. */
static void stage(struct bu_vm_map *m, const uint64_t *ip, uint32_t nr)
{
	uint8_t *p = m->mem + sizeof(struct bucket);

	memset(p, 0, m->value_size);
	for (uint32_t i = 0; i < nr; i++) {
		if (build_ids(m)) {
			bu_put32(p + i * BUILD_ID, BU_HOST_BE, 2); /* BPF_STACK_BUILD_ID_IP */
			memcpy(p + i * BUILD_ID + 24, &ip[i], 8);
		} else {
			memcpy(p + i * 8, &ip[i], 8);
		}
	}
}

int64_t bu_vm_stackid(struct bu_vm_map *m, const uint64_t *ip, uint64_t n, uint64_t flags)
{
	uint32_t skip = flags & SKIP, each = build_ids(m) ? BUILD_ID : 8, max = m->value_size / each, nr, hash, i;
	uint32_t words[2 * 1024];
	struct bucket *b;
	int64_t id;
	int err;

	if (n <= skip)
		return -EFAULT;
	ip += skip;
	n -= skip;
	nr = n < max ? (uint32_t)n : max;
	if (nr > BU_ARRAY_SIZE(words) / 2)
		nr = BU_ARRAY_SIZE(words) / 2;
	memcpy(words, ip, nr * 8ull);
	hash = jhash(words, nr * 2);
	i = hash & (uint32_t)(m->u[U_BUCKETS] - 1);
	id = i;
	b = bucket(m, i);
	if ((flags & FAST_CMP) && atomic_load(&b->nr) && atomic_load(&b->hash) == hash)
		return id;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	stage(m, ip, nr);
	if (atomic_load(&b->nr) == nr && atomic_load(&b->hash) == hash &&
	    !memcmp(b + 1, m->mem + sizeof(*b), m->value_size))
		err = 0;
	else if (atomic_load(&b->nr) && !(flags & REUSE))
		err = -EEXIST;
	else if (atomic_load(&m->live->count) >= m->max_entries)
		err = -ENOMEM;
	else
		err = put(m, i, nr, hash);
	bu_vm_unlock(m->obj);
	return err ? err : id;
}

/* ---------------------------------------------------------------- invariants */

static int invariants(struct bu_vm_map *m, struct bu_buf *why)
{
	uint32_t max = m->value_size / (build_ids(m) ? BUILD_ID : 8);
	uint64_t n = 0;

	for (uint32_t i = 0; i < m->u[U_BUCKETS]; i++) {
		const struct bucket *b = bucket(m, i);

		n += atomic_load(&b->nr) != 0;
		if (!(atomic_load(&b->seq) & 1) && atomic_load(&b->nr) <= max)
			continue;
		bu_buf_printf(why, "stack %u is half written, or of %u frames", i, atomic_load(&b->nr));
		return -EUCLEAN;
	}
	if (n == atomic_load(&m->live->count))
		return 0;
	bu_buf_printf(why, "%llu stacks, but a count of %llu", (unsigned long long)n,
		      (unsigned long long)atomic_load(&m->live->count));
	return -EUCLEAN;
}

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_verify_locked(m, why, invariants);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_stack_trace_ops = {
	.check = check, .layout = layout, .read = read_stack, .write = update, .erase = erase, .take = take,
	.next_key = next_key, .verify = verify, .mem_usage = mem_usage,
};
