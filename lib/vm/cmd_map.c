/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands on elements of maps. The order of the checks is the kernel's: it decides the errno. */
#include "vm/cmd_map.h"

#include <stdlib.h>
#include <string.h>

int bu_vm_cmd_map_create(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	(void)user, (void)size;
	return bu_vm_map_create(vm, a);
}

int bu_vm_cmd_map_get(struct bu_vm *vm, uint32_t fd, int need, struct bu_vm_map **m)
{
	int err = bu_vm_map_by_fd(vm, (int)fd, need, m);

	if (!err && (need & BU_VM_CAN_WRITE) && atomic_load(&(*m)->live->frozen)) {
		bu_vm_map_put(*m);
		*m = NULL;
		err = -EPERM;
	}
	return err;
}

/* The caller's key: of a map without keys only NULL. */
static int key_in(struct bu_vm *vm, const struct bu_vm_map *m, uint64_t user, void **key)
{
	int err = 0;

	*key = NULL;
	if (m->key_size)
		*key = bu_vm_dup_in(vm, user, m->key_size, &err);
	else if (user)
		err = -EINVAL;
	return err;
}

static bool fifo(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_QUEUE || m->type == BPF_MAP_TYPE_STACK || m->type == BPF_MAP_TYPE_BLOOM_FILTER;
}

/* What a type without keys says to what wants one. */
static int keyless(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_BLOOM_FILTER ? -EOPNOTSUPP : -EINVAL;
}

static int lock_flag(const struct bu_vm_map *m, uint64_t flags)
{
	return (flags & BPF_F_LOCK) && m->spin_lock_off < 0 ? -EINVAL : 0;
}

/* Of the spin lock nobody outside sees more than zero. */
static void hide_lock(const struct bu_vm_map *m, void *value)
{
	if (m->spin_lock_off >= 0 && (uint32_t)m->spin_lock_off + 4 <= m->user_value)
		memset((uint8_t *)value + m->spin_lock_off, 0, 4);
	bu_vm_no_timer(m, value);
}

int bu_vm_cmd_read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	int err;

	if (fifo(m))
		return m->ops->peek ? m->ops->peek(m, value) : -BU_VM_ENOTSUPP;
	err = m->ops->read ? m->ops->read(m, key, value, flags) : -BU_VM_ENOTSUPP;
	if (!err)
		hide_lock(m, value);
	return err;
}

int bu_vm_cmd_write_value(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	if (fifo(m))
		return m->ops->push ? m->ops->push(m, value, flags) : -BU_VM_ENOTSUPP;
	if (m->ops->write)
		return m->ops->write(m, key, value, flags);
	return m->ops->update ? m->ops->update(m, key, value, flags, 0) : -BU_VM_ENOTSUPP;
}

int bu_vm_cmd_erase(struct bu_vm_map *m, const void *key)
{
	if (m->ops->erase)
		return m->ops->erase(m, key);
	return fifo(m) ? keyless(m) : -BU_VM_ENOTSUPP;
}

int bu_vm_cmd_lookup(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	void *key = NULL, *value = NULL;
	int err;

	(void)user, (void)size;
	if (a->flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_READ, &m);
	if (err)
		return err;
	err = lock_flag(m, a->flags);
	if (!err)
		err = key_in(vm, m, a->key, &key);
	if (err)
		goto out;
	value = calloc(1, m->user_value ? m->user_value : 1);
	err = value ? 0 : -ENOMEM;
	if (!err && m->type == BPF_MAP_TYPE_BLOOM_FILTER) /* is this value in it? */
		err = bu_vm_copy_in(vm, value, a->value, m->user_value);
	if (!err)
		err = bu_vm_cmd_read_value(m, key, value, a->flags);
	if (!err && m->type != BPF_MAP_TYPE_BLOOM_FILTER)
		err = bu_vm_copy_out(vm, a->value, value, m->user_value);
out:
	free(key);
	free(value);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_cmd_update(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	void *key = NULL, *value = NULL;
	int err;

	(void)user, (void)size;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_WRITE, &m);
	if (err)
		return err;
	err = lock_flag(m, a->flags);
	if (!err)
		err = key_in(vm, m, a->key, &key);
	if (err)
		goto out;
	value = bu_vm_dup_in(vm, a->value, m->user_value, &err);
	if (!err)
		err = bu_vm_cmd_write_value(m, key, value, a->flags);
out:
	free(key);
	free(value);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_cmd_delete(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	void *key = NULL;
	int err;

	(void)user, (void)size;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_WRITE, &m);
	if (err)
		return err;
	err = key_in(vm, m, a->key, &key);
	if (!err)
		err = bu_vm_cmd_erase(m, key);
	free(key);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_cmd_next_key(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	void *key = NULL, *next = NULL;
	int err;

	(void)user, (void)size;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_READ, &m);
	if (err)
		return err;
	if (a->key)
		err = key_in(vm, m, a->key, &key);
	if (err)
		goto out;
	next = calloc(1, m->key_size ? m->key_size : 1);
	if (!next)
		err = -ENOMEM;
	else if (m->ops->next_key)
		err = m->ops->next_key(m, key, next);
	else
		err = fifo(m) ? keyless(m) : -BU_VM_ENOTSUPP;
	if (!err)
		err = bu_vm_copy_out(vm, a->next_key, next, m->key_size);
out:
	free(key);
	free(next);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_cmd_take(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	void *key = NULL, *value = NULL;
	int err;

	(void)user, (void)size;
	if (a->flags & ~(uint64_t)BPF_F_LOCK)
		return -EINVAL;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_READ | BU_VM_CAN_WRITE, &m);
	if (err)
		return err;
	if (m->type == BPF_MAP_TYPE_BLOOM_FILTER)
		err = -BU_VM_ENOTSUPP;
	else
		err = a->flags && fifo(m) ? -EINVAL : lock_flag(m, a->flags);
	if (!err)
		err = key_in(vm, m, a->key, &key);
	if (err)
		goto out;
	value = calloc(1, m->user_value ? m->user_value : 1);
	err = -BU_VM_ENOTSUPP;
	if (!value)
		err = -ENOMEM;
	else if (fifo(m) && m->ops->pop)
		err = m->ops->pop(m, value);
	else if (!fifo(m) && m->ops->take)
		err = m->ops->take(m, key, value, a->flags);
	if (err)
		goto out;
	hide_lock(m, value);
	err = bu_vm_copy_out(vm, a->value, value, m->user_value);
out:
	free(key);
	free(value);
	bu_vm_map_put(m);
	return err;
}

int bu_vm_cmd_freeze(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_map *m;
	bool spin;
	int err;

	(void)user, (void)size;
	err = bu_vm_map_by_fd(vm, (int)a->map_fd, 0, &m);
	if (err)
		return err;
	spin = m->spin_lock_off >= 0 || m->timer || m->type == BPF_MAP_TYPE_STRUCT_OPS;
	bu_vm_map_put(m);
	if (spin)
		return -BU_VM_ENOTSUPP;
	err = bu_vm_cmd_map_get(vm, a->map_fd, BU_VM_CAN_WRITE, &m);
	if (err)
		return err;
	/* Under W/lock nobody maps it; under the map's lock no change is half made. */
	err = bu_vm_world_lock(vm);
	if (err)
		goto out;
	err = bu_vm_lock(m->obj);
	if (!err) {
		if (bu_vm_map_shared((int)a->map_fd) || atomic_load(&m->live->writers) || atomic_load(&m->live->frozen))
			err = -EBUSY;
		else
			atomic_store(&m->live->frozen, 1);
		bu_vm_unlock(m->obj);
	}
	bu_vm_world_unlock(vm);
out:
	bu_vm_map_put(m);
	return err;
}
