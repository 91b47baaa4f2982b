/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where bpf_redirect_map may send a packet: devices (devmap), CPUs (cpumap), AF_XDP sockets (xskmap). The VM keeps the
 * entries and checks them as the kernel does; a redirect is part of a run's verdict. An element is one word of
 * 8 bytes: what bpf(2) shows of it, with the id of a program that would be run there; 0: none.
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

bool bu_vm_dev_is(const struct bu_vm_map *m, const void *value)
{
	char name[IF_NAMESIZE];

	return if_indextoname(bu_vm_dev_of(m, value), name) != NULL;
}

uint64_t bu_vm_dev_word(uint32_t v, const struct bu_vm_obj *prog)
{
	uint32_t both[2] = { v, prog ? prog->id : 0 };
	uint64_t w;

	memcpy(&w, both, 8);
	return w;
}

static uint32_t prog_in(uint64_t w)
{
	uint32_t both[2];

	memcpy(both, &w, 8);
	return both[1];
}

/* Entry i becomes v with a program, or (v 0) nothing. */
static int put(struct bu_vm_map *m, uint32_t i, uint32_t v, const struct bu_vm_obj *prog)
{
	int err;

	if (m->value_size != 8) {
		atomic_store(place(m, i), bu_vm_dev_word(v, NULL));
		return 0;
	}
	err = bu_vm_world_lock(m->obj->vm);
	if (err)
		return err;
	err = bu_vm_devprog_take(m, prog);
	if (!err)
		bu_vm_devprog_drop(m, prog_in(atomic_exchange(place(m, i), v ? bu_vm_dev_word(v, prog) : 0)));
	bu_vm_world_unlock(m->obj->vm);
	return err;
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
	struct bu_vm_obj *prog = NULL;
	int err = may_set(m, i, flags);

	if (err)
		return err;
	/* No device takes the entry away. */
	if (bu_vm_devprog_get(m, value, BPF_XDP_DEVMAP, &prog) || (dev ? !bu_vm_dev_is(m, value) : prog != NULL))
		err = -EINVAL;
	if (!err)
		err = put(m, i, dev, prog);
	bu_vm_obj_put(prog);
	return err;
}

static int cpu_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key), size = bu_vm_dev_of(m, value);
	struct bu_vm_obj *prog = NULL;
	int err = may_set(m, i, flags);

	if (err)
		return err;
	if (size > MAX_QUEUE)
		return -EOVERFLOW;
	if (i >= m->obj->vm->root->ncpus)
		return -ENODEV;
	if (size && bu_vm_devprog_get(m, value, BPF_XDP_CPUMAP, &prog))
		return -ENOMEM; /* whatever is wrong with it */
	err = put(m, i, size, prog);
	bu_vm_obj_put(prog);
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

	return i < m->max_entries ? put(m, i, 0, NULL) : -EINVAL;
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_devmap_ops = {
	.check = dev_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = dev_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .settle = bu_vm_devprog_settle, .verify = bu_vm_devprog_verify, .mem_usage = mem_usage, .more_flags = BPF_F_RDONLY_PROG,
};

const struct bu_vm_map_ops bu_vm_cpumap_ops = {
	.check = cpu_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = cpu_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .settle = bu_vm_devprog_settle, .verify = bu_vm_devprog_verify, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_xskmap_ops = {
	.check = xsk_check, .layout = layout, .lookup = lookup, .read = read_entry, .write = xsk_write, .erase = erase,
	.next_key = bu_vm_array_next_key, .mem_usage = mem_usage,
};
