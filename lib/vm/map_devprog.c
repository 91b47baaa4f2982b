/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs in entries of devmap, devmap_hash and cpumap. An entry has the program's id; the map holds each program once,
 * in the slot of its id: taken before an entry names it, given back when the last one does not any more. What a killed
 * process leaves taken is given back by settling.
 */
#include "vm/life.h"
#include "vm/map_dev.h"
#include "vm/map_hash.h"

#include <string.h>

static bool by_key(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_DEVMAP_HASH;
}

static uint32_t id_in(const void *value)
{
	uint32_t id;

	memcpy(&id, (const uint8_t *)value + 4, 4);
	return id;
}

/* The next entry's program, by position; -ENOENT at the end. */
static int each(struct bu_vm_map *m, uint64_t *pos, uint32_t *id)
{
	const void *key;
	void *value;
	int err;

	if (by_key(m)) {
		err = bu_vm_hash_walk(m, pos, 0, &key, &value);
		if (err)
			return err;
	} else {
		if (*pos >= m->max_entries)
			return -ENOENT;
		value = m->mem + (*pos)++ * 8;
	}
	*id = id_in(value);
	return 0;
}

static bool named(struct bu_vm_map *m, uint32_t id)
{
	uint64_t pos = 0, steps = 0, most = by_key(m) ? m->u[U_NELEM] : m->max_entries;
	uint32_t is;

	while (steps++ <= most && !each(m, &pos, &is))
		if (is == id)
			return true;
	return false;
}

int bu_vm_devprog_get(struct bu_vm_map *m, const void *value, uint32_t attach_type, struct bu_vm_obj **prog)
{
	int32_t fd = 0;
	int err;

	*prog = NULL;
	if (m->value_size == 8)
		memcpy(&fd, (const uint8_t *)value + 4, 4);
	if (fd <= 0)
		return 0;
	err = bu_vm_obj_by_fd(m->obj->vm, fd, BU_VM_PROG, prog, NULL);
	if (err)
		return err;
	if ((*prog)->h.prog.type == BPF_PROG_TYPE_XDP && (*prog)->h.prog.expected_attach_type == attach_type &&
	    bu_vm_prog_compatible(m, &(*prog)->h.prog))
		return 0;
	bu_vm_obj_put(*prog);
	*prog = NULL;
	return -EINVAL;
}

int bu_vm_devprog_take(struct bu_vm_map *m, const struct bu_vm_obj *prog)
{
	return prog ? bu_vm_ref_set(m->obj, prog->id, prog) : 0;
}

void bu_vm_devprog_drop(struct bu_vm_map *m, uint32_t id)
{
	if (id && !named(m, id))
		bu_vm_ref_set(m->obj, id, NULL);
}

static bool kept(void *m, uint32_t id)
{
	return named(m, id);
}

int bu_vm_devprog_settle(struct bu_vm_map *m)
{
	return m->value_size == 8 ? bu_vm_ref_settle(m->obj, kept, m) : 0;
}

int bu_vm_devprog_verify(struct bu_vm_map *m, struct bu_buf *why)
{
	uint64_t pos = 0, steps = 0, most = by_key(m) ? m->u[U_NELEM] : m->max_entries;
	struct bu_vm_obj *o;
	uint32_t id;
	int err;

	if (m->value_size != 8)
		return 0;
	err = bu_vm_world_lock(m->obj->vm);
	if (err)
		return err;
	while (steps++ <= most && !each(m, &pos, &id)) {
		if (!id)
			continue;
		if (bu_vm_obj_by_id(m->obj->vm, BU_VM_PROG, id, &o)) {
			bu_buf_printf(why, "an entry has program %u, which is gone", id);
			err = -EUCLEAN;
			break;
		}
		bu_vm_obj_put(o);
	}
	bu_vm_world_unlock(m->obj->vm);
	return err;
}
