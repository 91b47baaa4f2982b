/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps of structs of operations: one element. An update makes it of the caller's struct, in which functions are fds of
 * programs, once; it is in use then (or, with BPF_F_LINK, ready for one) until it is deleted. Nothing calls it here.
 *
 * The file: the value as bpf(2) shows it, with ids of programs, and a place to make it in. References are in the slots of the
 * programs' ids, and one of the map to itself while it is in use: so it stays when nobody holds it. They are taken
 * before the value says so; what a killed process left is given back by settling.
 */
#include "vm/life.h"
#include "vm/opstype.h"
#include "vm/seq.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENOTSUPP 524
#define SELF UINT32_MAX /* slot; ids of programs do not come so far */
#define STAGE 2048u

static const struct bu_vm_ops_type *type_of(const struct bu_vm_map *m)
{
	return &bu_vm_ops_types[m->u[0]];
}

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	int row;

	if (a->key_size != 4 || a->max_entries != 1 || a->map_flags & ~(uint32_t)(BPF_F_LINK | BPF_F_VTYPE_BTF_OBJ_FD) ||
	    !a->btf_vmlinux_value_type_id)
		return -EINVAL;
	if (a->map_flags & BPF_F_VTYPE_BTF_OBJ_FD) /* no module here has types */
		return -EINVAL;
	row = bu_vm_ops_by_value(vm, a->btf_vmlinux_value_type_id);
	if (row < 0)
		return -ENOTSUPP;
	return a->value_size == bu_vm_ops_types[row].value ? 0 : -EINVAL;
}

/* The row is kept in the place of a value's type id. */
static int layout(struct bu_vm_map *m)
{
	for (uint32_t i = 0; i < bu_vm_nops_types; i++)
		if (bu_vm_ops_types[i].value == m->value_size) {
			m->u[0] = i;
			m->data_size = m->alloc_size = BU_VM_PAGE;
			return 0;
		}
	return -EINVAL;
}

static _Atomic uint32_t *state(const struct bu_vm_map *m)
{
	return (_Atomic uint32_t *)(void *)(m->mem + BU_VM_OPS_STATE);
}

static uint64_t word(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

static uint32_t index_of(const void *key)
{
	uint32_t i;

	memcpy(&i, key, 4);
	return i;
}

static int read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t s;

	(void)flags;
	if (index_of(key))
		return -ENOENT;
	s = atomic_load(state(m)); /* it changes once, after all else has */
	memset(value, 0, m->value_size);
	if (s == BU_VM_OPS_INIT)
		return 0;
	memcpy(value, m->mem, m->value_size);
	memcpy((uint8_t *)value + BU_VM_OPS_STATE, &s, 4);
	return 0;
}

static bool zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* Between members there is nothing. */
static bool holes(const struct bu_vm_ops_type *t, const uint8_t *value)
{
	uint32_t at = 0;

	if (!zero(value + BU_VM_OPS_COMMON, t->data - BU_VM_OPS_COMMON))
		return false;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct bu_vm_ops_member *k = &t->member[i];

		if (!zero(value + t->data + at, k->off - at))
			return false;
		at = k->off + k->size;
	}
	return zero(value + t->data + at, t->value - t->data - at);
}

static bool is_name(const uint8_t *p)
{
	size_t n = strnlen((const char *)p, 16);

	for (size_t i = 0; i < n; i++)
		if (!isalnum(p[i]) && p[i] != '_' && p[i] != '.')
			return false;
	return n && n < 16;
}

/* A member into what is made; programs become ids, and are held. */
static int member(struct bu_vm_map *m, uint32_t i, const uint8_t *from, uint8_t *to)
{
	const struct bu_vm_ops_type *t = type_of(m);
	const struct bu_vm_ops_member *k = &t->member[i];
	const uint8_t *p = from + t->data + k->off;
	struct bu_vm_obj *prog;
	uint64_t id;
	uint32_t f;
	int err, fd;

	switch (k->kind) {
	case BU_VM_OPS_OTHER:
		return zero(p, k->size) ? 0 : -EINVAL;
	case BU_VM_OPS_NAME:
		memcpy(to + t->data + k->off, p, k->size); /* with what stands behind its NUL */
		return is_name(p) ? 0 : -EINVAL;
	case BU_VM_OPS_FLAGS:
		memcpy(&f, p, 4);
		memcpy(to + t->data + k->off, p, 4);
		return f & ~t->flags ? -EINVAL : 0;
	}
	memcpy(&fd, p, 4);
	memcpy(to + t->data + k->off, p, k->size);
	if (!fd)
		return 0;
	err = bu_vm_obj_by_fd(m->obj->vm, fd, BU_VM_PROG, &prog, NULL);
	if (err)
		return err;
	if (prog->h.prog.type != BPF_PROG_TYPE_STRUCT_OPS || prog->h.prog.expected_attach_type != i ||
	    prog->h.prog.attach_btf_id != bu_vm_ops_struct_id(m->obj->vm, (uint32_t)m->u[0]))
		err = -EINVAL;
	if (!err)
		err = bu_vm_ref_set(m->obj, prog->id, prog);
	id = prog->id;
	memcpy(to + t->data + k->off, &id, 8);
	bu_vm_obj_put(prog);
	return err;
}

/* Does another one have its name? */
static bool taken(struct bu_vm_map *m, const uint8_t *value)
{
	const struct bu_vm_ops_type *t = type_of(m);
	struct bu_vm *vm = m->obj->vm;
	struct bu_vm_map *o;
	uint32_t id, s, at = 0;
	bool same = false;

	for (uint32_t i = 0; i < t->n; i++)
		if (t->member[i].kind == BU_VM_OPS_NAME)
			at = t->data + t->member[i].off;
	for (id = 0; at && !same && !bu_vm_obj_next_id(vm, BU_VM_MAP, id, &id);) {
		if (id == m->obj->id || bu_vm_map_by_id(vm, id, &o))
			continue;
		if (o->type == BPF_MAP_TYPE_STRUCT_OPS && o->u[0] == m->u[0]) {
			s = atomic_load(state(o));
			same = s == BU_VM_OPS_INUSE && !strncmp((char *)o->mem + at, (const char *)value + at, 16);
		}
		bu_vm_map_put(o);
	}
	return same;
}

static bool names(const struct bu_vm_map *m, uint64_t id)
{
	const struct bu_vm_ops_type *t = type_of(m);

	for (uint32_t i = 0; i < t->n; i++)
		if (t->member[i].kind == BU_VM_OPS_FUNC && word(m->mem + t->data + t->member[i].off) == id)
			return true;
	return false;
}

static bool kept(void *ctx, uint32_t id)
{
	struct bu_vm_map *m = ctx;
	uint32_t s = atomic_load(state(m));

	return id == SELF ? s == BU_VM_OPS_INUSE : s != BU_VM_OPS_INIT && names(m, id);
}

/* Gives back what the value does not say that it has. */
static int settle(struct bu_vm_map *m)
{
	return bu_vm_ref_settle(m->obj, kept, m);
}

/* Under W/lock. The value first, then its state. */
static int make(struct bu_vm_map *m, const uint8_t *from)
{
	const struct bu_vm_ops_type *t = type_of(m);
	bool link = m->flags & BPF_F_LINK;
	uint8_t *to = m->mem + STAGE;
	uint32_t one = 1;
	int err = 0;

	if (atomic_load(state(m)) != BU_VM_OPS_INIT)
		return -EBUSY;
	memset(to, 0, t->value);
	for (uint32_t i = 0; i < t->n && !err; i++)
		err = member(m, i, from, to);
	if (!err && !t->valid(to + t->data))
		err = -EINVAL;
	if (!err && !link && taken(m, to))
		err = -EEXIST;
	if (!err && !link)
		err = bu_vm_ref_set(m->obj, SELF, m->obj);
	if (err)
		return err;
	if (!link)
		memcpy(to + BU_VM_OPS_REFS, &one, 4);
	memcpy(m->mem, to, BU_VM_OPS_STATE);
	memcpy(m->mem + BU_VM_OPS_COMMON, to + BU_VM_OPS_COMMON, t->value - BU_VM_OPS_COMMON);
	atomic_store(state(m), link ? BU_VM_OPS_READY : BU_VM_OPS_INUSE);
	return 0;
}

static int update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	const struct bu_vm_ops_type *t = type_of(m);
	int err;

	if (flags)
		return -EINVAL;
	if (index_of(key))
		return -E2BIG;
	if (!holes(t, value) || !zero(value, BU_VM_OPS_COMMON))
		return -EINVAL;
	err = bu_vm_world_lock(m->obj->vm);
	if (err)
		return err;
	err = make(m, value);
	bu_vm_world_unlock(m->obj->vm);
	if (err)
		settle(m);
	return err;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t s = BU_VM_OPS_INUSE;
	int err;

	(void)key;
	if (m->flags & BPF_F_LINK)
		return -EOPNOTSUPP;
	err = bu_vm_world_lock(m->obj->vm);
	if (err)
		return err;
	if (atomic_compare_exchange_strong(state(m), &s, BU_VM_OPS_TOBEFREE)) {
		memset(m->mem + BU_VM_OPS_REFS, 0, 4);
		bu_vm_ref_set(m->obj, SELF, NULL);
	} else {
		err = s == BU_VM_OPS_TOBEFREE ? -EINPROGRESS : s == BU_VM_OPS_INIT ? -ENOENT : -EINVAL;
	}
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

static int next_key(struct bu_vm_map *m, const void *key, void *next)
{
	(void)m;
	if (key && !index_of(key))
		return -ENOENT;
	memset(next, 0, 4);
	return 0;
}

/* ---------------------------------------------------------------- links */

int bu_vm_ops_link(struct bu_vm *vm, int map_fd)
{
	struct bu_vm_hdr *h = NULL;
	struct bu_vm_target ref;
	struct bu_vm_obj *o;
	struct bu_vm_map *m;
	int fd = -1, err;

	err = bu_vm_map_by_fd(vm, map_fd, 0, &m);
	if (err)
		return err;
	if (m->type != BPF_MAP_TYPE_STRUCT_OPS || !(m->flags & BPF_F_LINK) || atomic_load(state(m)) != BU_VM_OPS_READY)
		err = -EINVAL;
	h = err ? NULL : calloc(1, sizeof(*h));
	if (!err && !h)
		err = -ENOMEM;
	if (err)
		goto out;
	h->kind = BU_VM_LINK;
	h->link.type = BPF_LINK_TYPE_STRUCT_OPS;
	h->link.attach_type = BPF_STRUCT_OPS;
	h->link.map_id = m->obj->id;
	err = bu_vm_obj_new(vm, h, BU_VM_PAGE, 0, O_RDWR, &o, &fd);
	if (err)
		goto out;
	ref = (struct bu_vm_target){ BU_VM_MAP, m->obj->id };
	err = bu_vm_obj_publish(o, &ref, 1);
	if (err) {
		bu_vm_obj_abandon(o);
		close(fd);
	} else {
		atomic_fetch_add(&vm->root->links_gen, 1);
	}
	bu_vm_obj_put(o);
out:
	free(h);
	bu_vm_map_put(m);
	return err ? err : fd;
}

int bu_vm_ops_detach(struct bu_vm_obj *link)
{
	int err = bu_vm_world_lock(link->vm);

	if (err)
		return err;
	if (link->hdr->link.detached) {
		err = -EINVAL;
	} else {
		link->hdr->link.detached = 1;
		err = bu_vm_ref_set(link, 0, NULL);
		atomic_fetch_add(&link->vm->root->links_gen, 1);
	}
	bu_vm_world_unlock(link->vm);
	return err;
}

/* ---------------------------------------------------------------- invariants */

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	const struct bu_vm_ops_type *t = type_of(m);
	struct bu_vm_obj *o;
	int err;

	if (atomic_load(state(m)) > BU_VM_OPS_READY) {
		bu_buf_printf(why, "a state that there is not: %u", atomic_load(state(m)));
		return -EUCLEAN;
	}
	if (atomic_load(state(m)) == BU_VM_OPS_INIT)
		return 0;
	err = bu_vm_world_lock(m->obj->vm);
	if (err)
		return err;
	for (uint32_t i = 0; i < t->n && !err; i++) {
		uint64_t id = t->member[i].kind == BU_VM_OPS_FUNC ? word(m->mem + t->data + t->member[i].off) : 0;

		if (!(uint32_t)id) /* what else stands there is the caller's */
			continue;
		if (id < UINT32_MAX && !bu_vm_obj_by_id(m->obj->vm, BU_VM_PROG, (uint32_t)id, &o)) {
			bu_vm_obj_put(o);
			continue;
		}
		bu_buf_printf(why, "member %s is program %llu, which is gone", t->member[i].name, (unsigned long long)id);
		err = -EUCLEAN;
	}
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_struct_ops_ops = {
	.check = check, .layout = layout, .read = read_value, .write = update, .erase = erase, .next_key = next_key,
	.settle = settle, .verify = verify, .mem_usage = mem_usage,
};
