/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arrays of programs, maps and events: the file holds the id of each, the reference that keeps it
 * alive is the world's (bu_vm_ref_set).
 *
 * A change takes several steps, under W/lock: the intent is noted, the new target is held by a spare
 * reference, the id is stored, the element's own reference is moved, the spare one given back. Who
 * finds an intent of a dead process makes the references fit the id that is there.
 */
#include "vm/seq.h"

#include <string.h>

#define ENOTSUPP 524
#define STRIDE 8u

/* words of live */
enum { W_INTENT, W_OWNER = 20 /* of devmap_hash, too */ };
#define OWNER_SET (1ull << 63)
#define OWNER_FRAGS (1ull << 62)
#define XDP_HAS_FRAGS (1u << 5)

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t flags = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY;

	(void)vm;
	if (a->map_type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		flags |= BPF_F_PRESERVE_ELEMS;
	return a->value_size != 4 || !a->max_entries || a->key_size != 4 || (a->map_flags & ~flags) ?
		       -EINVAL : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t bytes = (uint64_t)m->max_entries * STRIDE;

	if (m->max_entries > UINT32_MAX - 2)
		return -ENOMEM;
	m->data_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	m->alloc_size = m->data_size;
	return 0;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static _Atomic uint32_t *place(const struct bu_vm_map *m, uint32_t i)
{
	return (_Atomic uint32_t *)(m->mem + (uint64_t)i * STRIDE);
}

/* The address of the id, NULL: empty. */
static void *lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	uint32_t i = index_of(key);

	(void)cpu;
	return i < m->max_entries && atomic_load(place(m, i)) ? (void *)place(m, i) : NULL;
}

static int read_id(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t i = index_of(key), id = i < m->max_entries ? atomic_load(place(m, i)) : 0;

	(void)flags;
	if (!id)
		return -ENOENT;
	memcpy(value, &id, 4);
	return 0;
}

static int target_kind(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_PROG_ARRAY  ? BU_VM_PROG :
	       m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ? BU_VM_MAP :
						       BU_VM_EVENT;
}

/* Under W/lock: ends what a dead process began. */
static int repair(struct bu_vm_map *m)
{
	uint64_t intent = atomic_load(&m->live->word[W_INTENT]);
	struct bu_vm_obj *o = NULL;
	uint32_t i, id;
	int err = 0;

	if (!intent)
		return 0;
	if (intent <= m->max_entries) {
		i = (uint32_t)intent - 1;
		id = atomic_load(place(m, i));
		if (id && bu_vm_obj_by_id(m->obj->vm, target_kind(m), id, &o)) {
			atomic_store(place(m, i), 0);
			o = NULL;
		}
		err = bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(i), o);
		bu_vm_obj_put(o);
	}
	if (!err)
		err = bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(m->max_entries), NULL);
	if (!err)
		atomic_store(&m->live->word[W_INTENT], 0);
	return err;
}

static int settle(struct bu_vm_map *m)
{
	int err = bu_vm_world_lock(m->obj->vm);

	if (err)
		return err;
	err = repair(m);
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

/* Puts target (NULL: nothing) in element i. */
static int put(struct bu_vm_map *m, uint32_t i, const struct bu_vm_obj *target)
{
	struct bu_vm *vm = m->obj->vm;
	int err = bu_vm_world_lock(vm);
	uint32_t old;

	if (err)
		return err;
	err = repair(m);
	if (err)
		goto out;
	old = atomic_load(place(m, i));
	if (!target && !old) {
		err = -ENOENT;
		goto out;
	}
	if (target && old == target->id)
		goto out;
	atomic_store(&m->live->word[W_INTENT], (uint64_t)i + 1);
	if (target)
		err = bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(m->max_entries), target);
	if (err) {
		repair(m);
		goto out;
	}
	atomic_store(place(m, i), target ? target->id : 0);
	err = repair(m);
out:
	bu_vm_world_unlock(vm);
	return err;
}

bool bu_vm_prog_compatible(struct bu_vm_map *m, const struct bu_vm_prog_attr *p)
{
	uint64_t own = OWNER_SET | (uint64_t)(p->type & 0xffff) << 32 | p->expected_attach_type;
	uint64_t now = 0;

	if (p->type == BPF_PROG_TYPE_XDP && (p->flags & XDP_HAS_FRAGS))
		own |= OWNER_FRAGS;
	return atomic_compare_exchange_strong(&m->live->word[W_OWNER], &now, own) || now == own;
}

static int prog_target(struct bu_vm_map *m, int fd, struct bu_vm_obj **o)
{
	int err = bu_vm_obj_by_fd(m->obj->vm, fd, BU_VM_PROG, o, NULL);

	if (err)
		return err;
	if ((*o)->h.prog.type == BPF_PROG_TYPE_EXT || !bu_vm_prog_compatible(m, &(*o)->h.prog)) {
		bu_vm_obj_put(*o);
		return -EINVAL;
	}
	return 0;
}

static int map_target(struct bu_vm_map *m, int fd, struct bu_vm_obj **o)
{
	struct bu_vm_map *inner;
	int err = bu_vm_map_by_fd(m->obj->vm, fd, 0, &inner);

	if (err)
		return err;
	*o = inner->obj;
	if (bu_vm_map_meta_equal(m, inner))
		return 0;
	bu_vm_map_put(inner);
	return -EINVAL;
}

static int event_target(struct bu_vm_map *m, int fd, struct bu_vm_obj **o)
{
	int err = bu_vm_obj_by_fd(m->obj->vm, fd, BU_VM_EVENT, o, NULL);

	/* Of an fd that is no event's the kernel says EBADF whatever it is. */
	return err == -EINVAL ? -EBADF : err;
}

static int write_fd(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	uint32_t i = index_of(key);
	struct bu_vm_obj *o;
	int fd, err;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (i >= m->max_entries)
		return -E2BIG;
	memcpy(&fd, value, 4);
	err = m->type == BPF_MAP_TYPE_PROG_ARRAY     ? prog_target(m, fd, &o) :
	      m->type == BPF_MAP_TYPE_ARRAY_OF_MAPS ? map_target(m, fd, &o) :
						      event_target(m, fd, &o);
	if (err)
		return err;
	err = put(m, i, o);
	bu_vm_obj_put(o);
	return err;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t i = index_of(key);

	return i >= m->max_entries ? -E2BIG : put(m, i, NULL);
}

static void drop(struct bu_vm_map *m)
{
	for (uint32_t i = 0; i < m->max_entries; i++)
		if (atomic_load(place(m, i)))
			put(m, i, NULL);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

/* Every id is one of an object that is there. */
static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	struct bu_vm_obj *o;
	int err = bu_vm_world_lock(m->obj->vm);

	if (err)
		return err;
	for (uint32_t i = 0; i < m->max_entries; i++) {
		uint32_t id = atomic_load(place(m, i));

		if (!id)
			continue;
		if (bu_vm_obj_by_id(m->obj->vm, target_kind(m), id, &o)) {
			bu_buf_printf(why, "element %u is object %u, which is gone", i, id);
			err = -EUCLEAN;
			break;
		}
		bu_vm_obj_put(o);
	}
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

const struct bu_vm_map_ops bu_vm_prog_array_ops = {
	.check = check, .layout = layout, .lookup = lookup, .read = read_id, .write = write_fd,
	.erase = erase, .next_key = bu_vm_array_next_key, .drop = drop, .verify = verify, .settle = settle,
	.mem_usage = mem_usage, .fds = true,
};

const struct bu_vm_map_ops bu_vm_array_of_maps_ops = {
	.check = check, .layout = layout, .lookup = lookup, .read = read_id, .write = write_fd,
	.erase = erase, .next_key = bu_vm_array_next_key, .verify = verify, .settle = settle,
	.mem_usage = mem_usage, .batches = true, .fds = true,
};

const struct bu_vm_map_ops bu_vm_perf_event_array_ops = {
	.check = check, .layout = layout, .lookup = lookup, .write = write_fd, .erase = erase,
	.next_key = bu_vm_array_next_key, .drop = drop, .verify = verify, .settle = settle, .mem_usage = mem_usage,
	.fds = true,
};
