/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays, plain and per CPU.
 *
 * The file: the values at offset 0, then (values of more than 8 bytes) a sequence each and one staging
 * area. Shorter values are changed by one store. Longer ones are written to the staging area and
 * copied from there by the redo record, so that a killed writer leaves the old value or the new.
 */
#include "vm/seq.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ENOTSUPP 524
#define PCPU_VALUE_MAX 32768u

enum { U_SEQ, U_STAGE, U_STRIDE, U_KEY };

static int check_common(const union bpf_attr *a, uint32_t flags)
{
	if (!a->max_entries || a->key_size != 4 || !a->value_size || (a->map_flags & ~flags) ||
	    ((a->map_flags & BPF_F_RDONLY_PROG) && (a->map_flags & BPF_F_WRONLY_PROG)))
		return -EINVAL;
	return a->value_size > INT_MAX ? -E2BIG : 0;
}

static int array_check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	return check_common(a, BPF_F_NUMA_NODE | BPF_F_MMAPABLE | BPF_F_RDONLY | BPF_F_WRONLY |
				       BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG | BPF_F_INNER_MAP);
}

static int percpu_check(struct bu_vm *vm, const union bpf_attr *a)
{
	int err;

	(void)vm;
	err = check_common(a, BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
				      BPF_F_WRONLY_PROG);
	if (err)
		return err;
	if (a->numa_node != UINT32_MAX)
		return -EINVAL;
	return ((uint64_t)a->value_size + 7) / 8 * 8 > PCPU_VALUE_MAX ? -E2BIG : 0;
}

static bool long_values(const struct bu_vm_map *m)
{
	return m->user_value > 8 || m->spin_lock_off >= 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t rows = m->ops->percpu ? m->ncpus : 1;
	uint64_t stride = m->rounded * rows, bytes;

	if (__builtin_mul_overflow(stride, (uint64_t)m->max_entries, &bytes) || bytes > 1ull << 44)
		return -ENOMEM;
	m->gran = (struct bu_vm_granules){ .off = 0, .n = m->max_entries, .stride = stride, .val = 0,
					   .len = m->value_size, .rows = (uint32_t)rows,
					   .row_stride = m->rounded };
	m->u[U_STRIDE] = stride;
	bytes = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	if (long_values(m)) {
		m->u[U_SEQ] = bytes;
		bytes += 4ull * m->max_entries;
		m->u[U_STAGE] = bytes = (bytes + 7) & ~7ull;
		bytes += stride;
		bytes = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	}
	m->data_size = m->alloc_size = bytes;
	return 0;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static uint8_t *element(const struct bu_vm_map *m, uint32_t i)
{
	return m->mem + i * m->u[U_STRIDE];
}

static void *lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	uint32_t i = index_of(key);

	if (i >= m->max_entries)
		return NULL;
	if (!m->ops->percpu)
		return element(m, i);
	return cpu < m->ncpus ? element(m, i) + (uint64_t)cpu * m->rounded : NULL;
}

/* One load or store of a value of up to 8 bytes, whose place is a multiple of 8. */
static void load_short(void *dst, const void *src, uint32_t n)
{
	uint64_t v = *(const volatile uint64_t *)src;

	memcpy(dst, &v, n);
}

/* What lies behind a value in its 8 bytes stays: who has mapped the array may keep something there. */
static void store_short(void *dst, const void *src, uint32_t n)
{
	_Atomic uint64_t *word = dst;
	uint64_t v = 0, old;

	memcpy(&v, src, n);
	if (n == 1) {
		*(volatile uint8_t *)dst = (uint8_t)v;
	} else if (n == 2) {
		*(volatile uint16_t *)dst = (uint16_t)v;
	} else if (n == 4) {
		*(volatile uint32_t *)dst = (uint32_t)v;
	} else {
		old = atomic_load(word);
		do {
			v = old;
			memcpy(&v, src, n);
		} while (!atomic_compare_exchange_weak(word, &old, v));
	}
}

static int read_long(struct bu_vm_map *m, uint32_t i, void *value)
{
	_Atomic uint32_t *seq = bu_vm_seq_at(m, m->u[U_SEQ] + 4ull * i);
	int err;

	for (unsigned n = 0; n < BU_VM_SEQ_TRIES; n++) {
		uint32_t s = bu_vm_seq_get(seq);

		if (!(s & 1)) {
			bu_vm_copy(value, element(m, i), m->user_value);
			if (bu_vm_seq_same(seq, s))
				return 0;
		}
		bu_vm_seq_pause(n);
	}
	err = bu_vm_lock(m->obj);
	if (err && err != -EROFS) /* an inspector cannot repair what a dead writer left */
		return err;
	bu_vm_copy(value, element(m, i), m->user_value);
	if (!err) {
		if (bu_vm_seq_get(seq) & 1) /* nobody writes: damaged */
			atomic_fetch_add(seq, 1);
		bu_vm_unlock(m->obj);
	}
	return 0;
}

static int read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	uint64_t lock;
	int err;

	if (i >= m->max_entries)
		return -ENOENT;
	if (!long_values(m)) {
		load_short(value, element(m, i), m->user_value);
		return 0;
	}
	lock = i * m->u[U_STRIDE] + (uint32_t)m->spin_lock_off;
	err = m->spin_lock_off >= 0 && (flags & BPF_F_LOCK) ? bu_vm_spin_lock(m->obj, lock) : -EROFS;
	if (!err) {
		bu_vm_copy(value, element(m, i), m->user_value);
		bu_vm_spin_unlock(m->obj, lock);
	} else if (err == -EROFS) { /* who only looks takes the value as it is */
		err = read_long(m, i, value);
	}
	if (!err && m->spin_lock_off >= 0)
		memset((uint8_t *)value + m->spin_lock_off, 0, 4);
	if (!err)
		bu_vm_no_timer(m, value);
	return err;
}

/* Through the staging area; a bpf_spin_lock in [off, off + n) keeps what it is. */
static int write_long(struct bu_vm_map *m, uint32_t i, uint32_t off, const void *value, uint32_t n,
		      bool locked)
{
	uint64_t seq = m->u[U_SEQ] + 4ull * i, dst = i * m->u[U_STRIDE] + off;
	uint64_t lock = dst + (uint32_t)m->spin_lock_off, stage = m->u[U_STAGE];
	struct bu_vm_obj *o = m->obj;
	uint32_t s, l = (uint32_t)m->spin_lock_off;
	int err = bu_vm_lock(o);

	if (err)
		return err;
	memcpy(m->mem + stage, value, n);
	bu_vm_no_timer(m, m->mem + stage);
	if (locked)
		err = bu_vm_spin_lock(o, lock);
	if (err)
		goto out;
	s = bu_vm_seq_get(bu_vm_seq_at(m, seq)) & ~1u;
	bu_vm_txn_begin(o);
	bu_vm_txn_set32(o, seq, s + 1);
	if (m->spin_lock_off < 0) {
		bu_vm_txn_copy(o, dst, stage, n);
	} else {
		if (l)
			bu_vm_txn_copy(o, dst, stage, l);
		if (n > l + 4)
			bu_vm_txn_copy(o, dst + l + 4, stage + l + 4, n - l - 4);
	}
	bu_vm_txn_set32(o, seq, s + 2);
	err = bu_vm_txn_commit(o);
	if (locked)
		bu_vm_spin_unlock(o, lock);
out:
	bu_vm_unlock(o);
	return err;
}

static int check_update(const struct bu_vm_map *m, uint32_t i, uint64_t flags)
{
	uint64_t lock = m->ops->percpu ? 0 : BPF_F_LOCK;

	if ((flags & ~lock) > BPF_EXIST)
		return -EINVAL;
	if (i >= m->max_entries)
		return -E2BIG;
	if (flags & BPF_NOEXIST)
		return -EEXIST;
	return (flags & lock) && m->spin_lock_off < 0 ? -EINVAL : 0;
}

static int write_value(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	int err = check_update(m, i, flags);

	if (err)
		return err;
	if (long_values(m))
		return write_long(m, i, 0, value, m->user_value, flags & BPF_F_LOCK);
	store_short(element(m, i), value, m->user_value);
	return 0;
}

static int percpu_update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
			 uint32_t cpu)
{
	uint32_t i = index_of(key), n = m->value_size;
	int err = check_update(m, i, flags);

	if (!err && cpu >= m->ncpus)
		err = -EINVAL;
	if (err)
		return err;
	if (n > 8)
		return write_long(m, i, cpu * m->rounded, value, n, false);
	store_short(element(m, i) + (uint64_t)cpu * m->rounded, value, n);
	return 0;
}

static int update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
		  uint32_t cpu)
{
	(void)cpu;
	return write_value(m, key, value, flags);
}

static int erase(struct bu_vm_map *m, const void *key)
{
	(void)m, (void)key;
	return -EINVAL;
}

int bu_vm_array_next_key(struct bu_vm_map *m, const void *key, void *next)
{
	uint32_t i = key ? index_of(key) : UINT32_MAX, n;

	if (i < m->max_entries && i == m->max_entries - 1)
		return -ENOENT;
	n = i >= m->max_entries ? 0 : i + 1;
	memcpy(next, &n, 4);
	return 0;
}

static int walk(struct bu_vm_map *m, uint64_t *pos, uint32_t cpu, const void **key, void **value)
{
	uint32_t i = (uint32_t)*pos;

	if (*pos >= m->max_entries)
		return -ENOENT;
	memcpy(&m->u[U_KEY], &i, 4);
	*key = &m->u[U_KEY];
	*value = lookup(m, &i, cpu);
	++*pos;
	return *value ? 0 : -EINVAL;
}

static int direct(struct bu_vm_map *m, uint64_t off, uint64_t *addr)
{
	if (m->max_entries != 1)
		return -ENOTSUPP;
	if (off >= m->value_size)
		return -EINVAL;
	*addr = (uintptr_t)m->mem;
	return 0;
}

static int array_mmap(struct bu_vm_map *m, int fd, uint64_t off, uint64_t len, bool writable,
		      void **p)
{
	uint64_t bytes = m->u[U_STRIDE] * m->max_entries, end;

	if (!(m->flags & BPF_F_MMAPABLE))
		return -EINVAL;
	bytes = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	if (__builtin_add_overflow(off, len, &end) || end > bytes)
		return -EINVAL;
	return bu_vm_map_file(fd, off, len, writable, NULL, p);
}

/* No writer has the lock: then no sequence is odd. */
static int invariants(struct bu_vm_map *m, struct bu_buf *why)
{
	if (!long_values(m))
		return 0;
	for (uint32_t i = 0; i < m->max_entries; i++) {
		if (!(bu_vm_seq_get(bu_vm_seq_at(m, m->u[U_SEQ] + 4ull * i)) & 1))
			continue;
		bu_buf_printf(why, "element %u is half written", i);
		return -EUCLEAN;
	}
	return 0;
}

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_verify_locked(m, why, invariants);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_array_ops = {
	.check = array_check, .layout = layout, .lookup = lookup, .read = read_value,
	.update = update, .write = write_value, .erase = erase, .next_key = bu_vm_array_next_key,
	.walk = walk, .direct = direct, .mmap = array_mmap, .verify = verify,
	.mem_usage = mem_usage, .batches = true,
};

const struct bu_vm_map_ops bu_vm_percpu_array_ops = {
	.check = percpu_check, .layout = layout, .lookup = lookup, .read = read_value,
	.update = percpu_update, .write = write_value, .erase = erase,
	.next_key = bu_vm_array_next_key, .walk = walk, .verify = verify, .mem_usage = mem_usage,
	.batches = true, .percpu = true,
};
