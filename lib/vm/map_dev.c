/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where bpf_redirect_map may send a packet: devices (devmap), CPUs (cpumap), AF_XDP sockets (xskmap). The VM keeps the
 * entries and checks them as the kernel does; a redirect is part of a run's verdict. An element is one word of
 * 8 bytes: what bpf(2) shows of it; 0: none. Programs in entries are not kept: -EOPNOTSUPP.
 */
#include "vm/map_dev.h"

#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define STRIDE 8u
#define MAX_CPUS 8192u   /* the most that a kernel is built for */
#define MAX_QUEUE 16384u /* of a CPU */

static int check_as(const union bpf_attr *a, uint32_t flags, bool two)
{
	if (!a->max_entries || a->key_size != 4 || (a->value_size != 4 && !(two && a->value_size == 8)) ||
	    (a->map_flags & ~flags))
		return -EINVAL;
	return 0;
}

static int dev_check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	return check_as(a, BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY, true);
}

static int cpu_check(struct bu_vm *vm, const union bpf_attr *a)
{
	int err = check_as(a, BPF_F_NUMA_NODE, true);

	(void)vm;
	return err ? err : a->max_entries > MAX_CPUS ? -E2BIG : 0;
}

static int xsk_check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	return check_as(a, BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY, false);
}

static int layout(struct bu_vm_map *m)
{
	uint64_t bytes = (uint64_t)m->max_entries * STRIDE;

	if (m->max_entries > UINT32_MAX - 2)
		return -ENOMEM;
	m->data_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	m->alloc_size = m->data_size;
	/* what a program may look up in a devmap and a cpumap, to read */
	if (m->type != BPF_MAP_TYPE_XSKMAP)
		m->gran = (struct bu_vm_granules){ .n = m->max_entries, .stride = STRIDE, .len = m->value_size, .rows = 1,
						   .row_stride = STRIDE };
	return 0;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static _Atomic uint64_t *place(const struct bu_vm_map *m, uint32_t i)
{
	return (_Atomic uint64_t *)(void *)(m->mem + (uint64_t)i * STRIDE);
}

bool bu_vm_dev_there(struct bu_vm_map *m, uint32_t i)
{
	return i < m->max_entries && atomic_load(place(m, i));
}

static void *lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	uint32_t i = index_of(key);

	(void)cpu;
	return bu_vm_dev_there(m, i) ? (void *)place(m, i) : NULL;
}

static int read_entry(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	uint64_t v = i < m->max_entries ? atomic_load(place(m, i)) : 0;

	(void)flags;
	if (m->type == BPF_MAP_TYPE_XSKMAP)
		return -EOPNOTSUPP; /* the kernel shows no socket */
	if (!v)
		return -ENOENT;
	memcpy(value, &v, m->value_size);
	return 0;
}

uint32_t bu_vm_dev_of(const struct bu_vm_map *m, const void *value)
{
	uint32_t dev;

	(void)m;
	memcpy(&dev, value, 4);
	return dev;
}

/* An fd of a program beside the device or the length of the queue. */
static int no_prog(const struct bu_vm_map *m, const void *value)
{
	int32_t fd = 0;

	if (m->value_size == 8)
		memcpy(&fd, (const uint8_t *)value + 4, 4);
	return fd > 0 ? -EOPNOTSUPP : 0;
}

int bu_vm_dev_check(const struct bu_vm_map *m, const void *value)
{
	char name[IF_NAMESIZE];

	if (!if_indextoname(bu_vm_dev_of(m, value), name))
		return -EINVAL;
	return no_prog(m, value);
}

/* Which device, with no program: what is kept. */
static uint64_t word(uint32_t v)
{
	uint64_t w = 0;

	memcpy(&w, &v, 4);
	return w;
}

/* May entry i be set by these flags? In devmap and cpumap each index counts as there. */
static int may_set(const struct bu_vm_map *m, uint32_t i, uint64_t flags)
{
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (i >= m->max_entries)
		return -E2BIG;
	return flags == BPF_NOEXIST && m->type != BPF_MAP_TYPE_XSKMAP ? -EEXIST : 0;
}

static int dev_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key), dev = bu_vm_dev_of(m, value);
	int err = may_set(m, i, flags);

	if (err)
		return err;
	if (!dev) /* takes the entry away */
		err = no_prog(m, value) ? -EINVAL : 0;
	else
		err = bu_vm_dev_check(m, value);
	if (!err)
		atomic_store(place(m, i), word(dev));
	return err;
}

static int cpu_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key), size = bu_vm_dev_of(m, value);
	int err = may_set(m, i, flags);

	if (err)
		return err;
	if (size > MAX_QUEUE)
		return -EOVERFLOW;
	if (i >= m->obj->vm->root->ncpus)
		return -ENODEV;
	err = size ? no_prog(m, value) : 0;
	if (!err)
		atomic_store(place(m, i), word(size));
	return err;
}

static int xsk_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	int fd = (int)bu_vm_dev_of(m, value), domain = 0, err = may_set(m, i, flags);
	socklen_t n = sizeof(domain);
	struct stat st;
	bool there;

	if (err)
		return err;
	if (fstat(fd, &st))
		return -EBADF;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) || domain != AF_XDP)
		return -EOPNOTSUPP;
	there = atomic_load(place(m, i));
	if (there && flags == BPF_NOEXIST)
		return -EEXIST;
	if (!there && flags == BPF_EXIST)
		return -ENOENT;
	atomic_store(place(m, i), (uint64_t)st.st_ino);
	return 0;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t i = index_of(key);

	if (i >= m->max_entries)
		return -EINVAL;
	atomic_store(place(m, i), 0);
	return 0;
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_devmap_ops = {
	.check = dev_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = dev_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage, .more_flags = BPF_F_RDONLY_PROG,
};

const struct bu_vm_map_ops bu_vm_cpumap_ops = {
	.check = cpu_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = cpu_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_xskmap_ops = {
	.check = xsk_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = xsk_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage,
};
