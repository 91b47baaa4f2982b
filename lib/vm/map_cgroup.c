/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays of control groups. An element is the group's id, which is its directory's inode number: the group need not
 * live on for that, and ids are not used again.
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

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_cgroup_array_ops = {
	.check = check, .layout = layout, .write = write_fd, .erase = erase, .next_key = bu_vm_array_next_key,
	.mem_usage = mem_usage,
};
