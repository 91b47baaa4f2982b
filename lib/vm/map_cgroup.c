/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays of control groups, and what programs have for the groups that they are attached to.
 *
 * An element of an array is the group's id, which is its directory's inode number: the group need not live on for that,
 * and ids are not used again.
 *
 * Of the storage there is one value for each CPU: no program is run for a group here, and in a run by hand the value
 * is the run's. bpf(2) finds none.
 */
#include "vm/map.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define STRIDE 8u
#define CGROUP2 0x63677270

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	return a->value_size != 4 || !a->max_entries || a->key_size != 4 ||
	       a->map_flags & ~(uint32_t)(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY) ? -EINVAL : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t bytes = (uint64_t)m->max_entries * STRIDE;

	if (m->max_entries > UINT32_MAX - 2)
		return -ENOMEM;
	m->data_size = m->alloc_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	return 0;
}

static _Atomic uint64_t *place(const struct bu_vm_map *m, const void *key, uint32_t *i)
{
	memcpy(i, key, 4);
	return *i < m->max_entries ? (_Atomic uint64_t *)(void *)(m->mem + (uint64_t)*i * STRIDE) : NULL;
}

int bu_vm_cgroup_by_fd(int fd, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st) || fs.f_type != CGROUP2 || !S_ISDIR(st.st_mode))
		return -EBADF;
	*id = st.st_ino;
	return 0;
}

uint64_t bu_vm_cgroup_at(const struct bu_vm_map *m, uint32_t i)
{
	const _Atomic uint64_t *p = place(m, &i, &i);

	return p ? atomic_load(p) : 0;
}

static int write_fd(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	_Atomic uint64_t *p;
	uint64_t id;
	uint32_t i;
	int fd, err;

	if (flags != BPF_ANY)
		return -EINVAL;
	p = place(m, key, &i);
	if (!p)
		return -E2BIG;
	memcpy(&fd, value, 4);
	err = bu_vm_cgroup_by_fd(fd, &id);
	if (!err)
		atomic_store(p, id);
	return err;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t i;
	_Atomic uint64_t *p = place(m, key, &i);

	if (!p)
		return -E2BIG;
	return atomic_exchange(p, 0) ? 0 : -ENOENT;
}

/* ---------------------------------------------------------------- storage */

#define STORAGE_MAX 65407u /* of the kernel, found out by trying; per CPU: */
#define PERCPU_MAX 32768u

static int storage_check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t max = a->map_type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE ? PERCPU_MAX : STORAGE_MAX;
	uint32_t prog = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

	(void)vm;
	if ((a->key_size != 16 && a->key_size != 8) || !a->value_size)
		return -EINVAL;
	if (a->value_size > max)
		return -E2BIG;
	return a->map_flags & ~(BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | prog) || (a->map_flags & prog) == prog ||
	       a->max_entries ? -EINVAL : 0;
}

static int storage_layout(struct bu_vm_map *m)
{
	uint64_t bytes = (uint64_t)m->rounded * m->ncpus;

	m->gran = (struct bu_vm_granules){ .n = m->ncpus, .stride = m->rounded, .len = m->value_size, .rows = 1,
					   .row_stride = m->rounded };
	m->data_size = m->alloc_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	return 0;
}

static void *storage_lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	(void)key;
	return cpu < m->ncpus ? m->mem + (uint64_t)cpu * m->rounded : NULL;
}

static int storage_read(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	(void)m, (void)key, (void)value, (void)flags;
	return -ENOENT;
}

static int storage_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint64_t may = BPF_EXIST | (m->ops->percpu ? 0 : BPF_F_LOCK);

	(void)key, (void)value;
	return flags & ~may || (flags & BPF_F_LOCK && m->spin_lock_off < 0) ? -EINVAL : -ENOENT;
}

static int storage_erase(struct bu_vm_map *m, const void *key)
{
	(void)m, (void)key;
	return -EINVAL;
}

static int storage_next(struct bu_vm_map *m, const void *key, void *next)
{
	(void)m, (void)key, (void)next;
	return -ENOENT;
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_cgroup_array_ops = {
	.check = check, .layout = layout, .write = write_fd, .erase = erase, .next_key = bu_vm_array_next_key,
	.mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_cgroup_storage_ops = {
	.check = storage_check, .layout = storage_layout, .lookup = storage_lookup, .read = storage_read,
	.write = storage_write, .erase = storage_erase, .next_key = storage_next, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_percpu_cgroup_storage_ops = {
	.check = storage_check, .layout = storage_layout, .lookup = storage_lookup, .read = storage_read,
	.write = storage_write, .erase = storage_erase, .next_key = storage_next, .mem_usage = mem_usage, .percpu = true,
};
