/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all map types share: creation, the body of an open map, grants, copies. */
#include "vm/cmd.h"
#include "vm/opstype.h"
#include "vm/run.h"

#include <ctype.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENOTSUPP 524 /* the kernel's own; no errno.h has it */
#define NO_NODE (-1)

/* What the kernel does with BTF of a map's key and value. */
enum btf_rule {
	BTF_KEYED,  /* both types have to be given */
	BTF_NEVER,  /* none is taken */
	BTF_INT,    /* the key is an int of 32 bits, or there is none and the value is a DATASEC */
	BTF_INT_KEY, /* the key is an int of 32 bits */
	BTF_GROUP, /* the key is an int of 64 bits, or a struct of one and one of 32 */
	BTF_STRUCT, /* the key is a struct */
	BTF_KEYLESS, /* of the value only */
};

/*
 * One row per type of kernels. One without operations would be refused: -EOPNOTSUPP.
 */
static const struct {
	const struct bu_vm_map_ops *ops;
	enum btf_rule btf;
	bool lock;     /* its values may hold a bpf_spin_lock */
	bool no_inner; /* may not be an inner map */
} types[] = {
	[BPF_MAP_TYPE_HASH] = { &bu_vm_hash_ops, BTF_KEYED, true, false },
	[BPF_MAP_TYPE_ARRAY] = { &bu_vm_array_ops, BTF_INT, true, false },
	[BPF_MAP_TYPE_PROG_ARRAY] = { &bu_vm_prog_array_ops, BTF_KEYED, false, true },
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = { &bu_vm_perf_event_array_ops, BTF_NEVER, false, false },
	[BPF_MAP_TYPE_PERCPU_HASH] = { &bu_vm_percpu_hash_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_PERCPU_ARRAY] = { &bu_vm_percpu_array_ops, BTF_INT, false, false },
	[BPF_MAP_TYPE_LRU_HASH] = { &bu_vm_lru_hash_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_LPM_TRIE] = { &bu_vm_lpm_ops, BTF_STRUCT, false, false },
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = { &bu_vm_array_of_maps_ops, BTF_NEVER, false, true },
	[BPF_MAP_TYPE_HASH_OF_MAPS] = { &bu_vm_hash_of_maps_ops, BTF_NEVER, false, true },
	[BPF_MAP_TYPE_QUEUE] = { &bu_vm_queue_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_STACK] = { &bu_vm_stack_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = { &bu_vm_lru_percpu_hash_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_BLOOM_FILTER] = { &bu_vm_bloom_ops, BTF_KEYLESS, false, false },
	[BPF_MAP_TYPE_DEVMAP] = { &bu_vm_devmap_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_DEVMAP_HASH] = { &bu_vm_devmap_hash_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_CPUMAP] = { &bu_vm_cpumap_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_XSKMAP] = { &bu_vm_xskmap_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_RINGBUF] = { &bu_vm_ringbuf_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_STACK_TRACE] = { &bu_vm_stack_trace_ops, BTF_NEVER, false, false },
	[BPF_MAP_TYPE_CGROUP_ARRAY] = { &bu_vm_cgroup_array_ops, BTF_NEVER, false, false },
	[BPF_MAP_TYPE_CGROUP_STORAGE] = { &bu_vm_cgroup_storage_ops, BTF_GROUP, true, true },
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = { &bu_vm_percpu_cgroup_storage_ops, BTF_GROUP, false, true },
	[BPF_MAP_TYPE_SK_STORAGE] = { &bu_vm_local_ops, BTF_INT_KEY, true, false },
	[BPF_MAP_TYPE_TASK_STORAGE] = { &bu_vm_local_ops, BTF_INT_KEY, true, false },
	[BPF_MAP_TYPE_INODE_STORAGE] = { &bu_vm_local_ops, BTF_INT_KEY, true, false },
	[BPF_MAP_TYPE_CGRP_STORAGE] = { &bu_vm_local_ops, BTF_INT_KEY, true, false },
	[BPF_MAP_TYPE_STRUCT_OPS] = { &bu_vm_struct_ops_ops, BTF_NEVER, false, true },
	[BPF_MAP_TYPE_SOCKMAP] = { &bu_vm_sockmap_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_SOCKHASH] = { &bu_vm_sockhash_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = { &bu_vm_reuseport_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_USER_RINGBUF] = { &bu_vm_user_ringbuf_ops, BTF_KEYED, false, false },
	[BPF_MAP_TYPE_ARENA] = { &bu_vm_arena_ops, BTF_KEYED, false, false }, /* the last that kernels have */
};

const struct bu_vm_map_ops *bu_vm_map_ops(uint32_t type)
{
	return type < BU_ARRAY_SIZE(types) ? types[type].ops : NULL;
}

/* ---------------------------------------------------------------- the body */

static void body_free(struct bu_vm_obj *o)
{
	struct bu_vm_map *m = o->body;

	o->body = NULL;
	if (!m)
		return;
	if (m->ops->close)
		m->ops->close(m);
	free(m->grant);
	free(m);
}

/* From attributes alone: what ops->layout needs, and its result. */
static int lay_out(struct bu_vm_map *m, const struct bu_vm_map_attr *h,
		   const struct bu_vm_map_ops *ops)
{
	uint64_t rounded = ((uint64_t)h->value_size + 7) & ~7ull;
	uint64_t user = ops->percpu ? rounded * h->ncpus : h->value_size;
	int err;

	if (rounded > UINT32_MAX || user > UINT32_MAX)
		return -E2BIG;
	m->ops = ops;
	m->type = h->type;
	m->key_size = h->key_size;
	m->value_size = h->value_size;
	m->max_entries = h->max_entries;
	m->flags = h->flags;
	m->ncpus = h->ncpus;
	m->rounded = (uint32_t)rounded;
	m->user_value = (uint32_t)user;
	m->spin_lock_off = h->spin_lock_off;
	m->timer = h->timer;
	m->map_extra = h->map_extra;
	err = ops->layout ? ops->layout(m) : 0;
	if (err)
		return err;
	if (m->data_size % BU_VM_PAGE || m->alloc_size > m->data_size ||
	    m->data_size > (1ull << 46))
		return -E2BIG;
	return 0;
}

static bool may_time(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_ARRAY;
}

static int body_make(struct bu_vm_obj *o, struct bu_vm_map **out)
{
	const struct bu_vm_map_attr *h = &o->h.map;
	const struct bu_vm_map_ops *ops = bu_vm_map_ops(h->type);
	union bpf_attr a;
	struct bu_vm_map *m;
	int err;

	if (o->kind != BU_VM_MAP)
		return -EINVAL;
	if (!ops || !h->ncpus || h->ncpus > BU_VM_MAX_CPUS)
		return -EUCLEAN;
	memset(&a, 0, sizeof(a));
	a.map_type = h->type;
	a.key_size = h->key_size;
	a.value_size = h->value_size;
	a.max_entries = h->max_entries;
	a.map_flags = h->flags & ~ops->more_flags;
	a.map_extra = h->map_extra;
	a.btf_key_type_id = h->btf_key_type;
	a.btf_value_type_id = h->btf_value_type;
	if (h->type == BPF_MAP_TYPE_STRUCT_OPS) { /* of these it is the VM's, which are counted anew in each version */
		a.btf_value_type_id = 0;
		a.btf_vmlinux_value_type_id = bu_vm_ops_value_id(o->vm, h->btf_value_type);
	}
	a.numa_node = (uint32_t)NO_NODE;
	if (ops->check && ops->check(o->vm, &a))
		return -EUCLEAN;
	if (h->spin_lock_off != -1 &&
	    (!types[h->type].lock || h->spin_lock_off < 0 || h->spin_lock_off % 4 ||
	     (uint64_t)h->spin_lock_off + 4 > h->value_size))
		return -EUCLEAN;
	if (h->timer && (!may_time(h->type) || (h->timer - 1) % 8 ||
			 (uint64_t)h->timer - 1 + BU_VM_TIMER_SIZE > h->value_size))
		return -EUCLEAN;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	err = lay_out(m, h, ops);
	if (!err && m->data_size + BU_VM_PAGE != o->size)
		err = -EUCLEAN;
	if (err) {
		if (ops->close)
			ops->close(m);
		free(m);
		return err == -ENOMEM ? err : -EUCLEAN;
	}
	m->obj = o;
	m->mem = o->mem;
	m->live = &o->hdr->live;
	o->body = m;
	o->body_free = body_free;
	*out = m;
	return 0;
}

int bu_vm_map_of(struct bu_vm_obj *o, struct bu_vm_map **m)
{
	if (o->body && o->kind == BU_VM_MAP) {
		*m = o->body;
		return 0;
	}
	return body_make(o, m);
}

int bu_vm_map_by_fd(struct bu_vm *vm, int fd, int need, struct bu_vm_map **m)
{
	struct bu_vm_obj *o;
	int mode, err;

	err = bu_vm_obj_by_fd(vm, fd, BU_VM_MAP, &o, &mode);
	if (err)
		return err;
	if (((need & 1) && mode == O_WRONLY) || ((need & 2) && mode == O_RDONLY))
		err = -EPERM;
	else
		err = bu_vm_map_of(o, m);
	if (err)
		bu_vm_obj_put(o);
	return err;
}

int bu_vm_map_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_map **m)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_id(vm, BU_VM_MAP, id, &o);

	if (err)
		return err;
	err = bu_vm_map_of(o, m);
	if (err)
		bu_vm_obj_put(o);
	return err;
}

/* ---------------------------------------------------------------- creation */

/* Does the machine have this memory node? Node 0 is there when nobody says what is. */
static bool node_online(uint32_t node)
{
	char path[64];

	if (!node)
		return true;
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", node);
	return !access(path, F_OK);
}

static int name_copy(char *dst, const char *src)
{
	size_t i;

	for (i = 0; i < BPF_OBJ_NAME_LEN && src[i]; i++)
		if (!isascii((unsigned char)src[i]) ||
		    (!isalnum((unsigned char)src[i]) && src[i] != '_' && src[i] != '.'))
			return -EINVAL;
	if (i == BPF_OBJ_NAME_LEN)
		return -EINVAL;
	memcpy(dst, src, i + 1);
	return 0;
}

static int check_inner(struct bu_vm *vm, uint32_t fd, struct bu_vm_map_attr *h)
{
	struct bu_vm_map *in;
	int err = bu_vm_map_by_fd(vm, (int)fd, 0, &in);

	if (err)
		return err;
	if (in->type == BPF_MAP_TYPE_ARRAY_OF_MAPS || in->type == BPF_MAP_TYPE_HASH_OF_MAPS)
		err = -EINVAL;
	else if (types[in->type].no_inner)
		err = -ENOTSUPP;
	h->inner_template[0] = in->type;
	h->inner_template[1] = in->key_size;
	h->inner_template[2] = in->value_size;
	h->inner_template[3] = in->max_entries;
	h->inner_template[4] = in->flags;
	h->inner_template[5] = (uint32_t)in->obj->h.map.map_extra;
	h->inner_spin_lock_off = in->spin_lock_off;
	h->inner_timer = in->timer;
	bu_vm_map_put(in);
	return err;
}

/* Is member i of a struct an int of so many bits, the one behind the other? */
static bool int_member(const struct bu_btf *btf, const struct bu_btf_type *t, uint32_t i, uint32_t bits)
{
	struct bu_btf_member m;
	struct bu_btf_type of;

	return !bu_btf_member(btf, t, i, &m) && !bu_btf_get(btf, bu_btf_resolve(btf, m.type), &of) &&
	       of.kind == BU_BTF_INT && of.int_bits == bits && !of.int_off && m.bit_off == i * 64 && !m.bit_size;
}

static int check_type_ids(const struct bu_btf *btf, const union bpf_attr *a,
			  struct bu_vm_map_attr *h)
{
	uint32_t kid = a->btf_key_type_id, vid = a->btf_value_type_id;
	enum btf_rule rule = types[h->type].btf;
	struct bu_btf_type key = { .kind = 0 }, val;
	int off;

	if (kid) {
		if (bu_btf_get(btf, kid, &key) || bu_btf_size(btf, kid) != (int64_t)h->key_size)
			return -EINVAL;
		bu_btf_get(btf, bu_btf_resolve(btf, kid), &key);
	} else if (rule == BTF_KEYED) {
		return -EINVAL;
	}
	if (bu_btf_get(btf, vid, &val) || bu_btf_size(btf, vid) != (int64_t)h->value_size)
		return -EINVAL;
	bu_btf_get(btf, bu_btf_resolve(btf, vid), &val);
	off = bu_vm_btf_spin_lock(btf, vid);
	if (off >= 0) {
		if (h->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
			return -EACCES;
		if (!types[h->type].lock)
			return -EOPNOTSUPP;
		h->spin_lock_off = off;
	} else if (off != -ENOENT) {
		return off;
	}
	off = bu_vm_btf_timer(btf, vid);
	if (off >= 0) {
		if (h->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
			return -EACCES;
		if (!may_time(h->type))
			return -EOPNOTSUPP;
		h->timer = (uint32_t)off + 1;
	} else if (off != -ENOENT) {
		return off;
	}
	switch (rule) {
	case BTF_NEVER:
		return -ENOTSUPP;
	case BTF_INT:
	case BTF_INT_KEY:
		if (!kid)
			return rule == BTF_INT && h->type == BPF_MAP_TYPE_ARRAY && h->max_entries == 1 &&
			       val.kind == BU_BTF_DATASEC ? 0 : -EINVAL;
		return key.kind == BU_BTF_INT && key.size == 4 && key.int_bits == 32 &&
		       !key.int_off ? 0 : -EINVAL;
	case BTF_GROUP:
		if (h->key_size == 8)
			return key.kind == BU_BTF_INT && key.int_bits == 64 && !key.int_off ? 0 : -EINVAL;
		return key.kind == BU_BTF_STRUCT && key.vlen == 2 && int_member(btf, &key, 0, 64) &&
		       int_member(btf, &key, 1, 32) ? 0 : -EINVAL;
	case BTF_STRUCT:
		return key.kind == BU_BTF_STRUCT ? 0 : -EINVAL;
	case BTF_KEYLESS:
		return kid ? -EINVAL : 0;
	case BTF_KEYED:
		break;
	}
	return 0;
}

static int check_btf(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_map_attr *h)
{
	const struct bu_btf *btf;
	struct bu_vm_obj *o;
	int err;

	/* A struct of operations has types of its object, too. */
	if (!a->btf_key_type_id && !a->btf_value_type_id && !a->btf_vmlinux_value_type_id)
		return 0;
	err = bu_vm_obj_by_fd(vm, (int)a->btf_fd, BU_VM_BTF, &o, NULL);
	if (err)
		return err;
	err = bu_vm_btf_of(o, &btf);
	if (!err && !a->btf_vmlinux_value_type_id)
		err = check_type_ids(btf, a, h);
	h->btf_id = o->id;
	h->btf_key_type = a->btf_key_type_id;
	h->btf_value_type = a->btf_value_type_id;
	bu_vm_obj_put(o);
	return err;
}

static int check_excl(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_map_attr *h)
{
	if (!a->excl_prog_hash)
		return a->excl_prog_hash_size ? -EINVAL : 0;
	if (a->excl_prog_hash_size != sizeof(h->excl_prog_hash))
		return -EINVAL;
	h->excl = 1;
	return bu_vm_copy_in(vm, h->excl_prog_hash, a->excl_prog_hash, sizeof(h->excl_prog_hash));
}

/* The map's file from checked attributes: the fd. */
static int make(struct bu_vm *vm, const struct bu_vm_hdr *h, const struct bu_vm_map *lay,
		int oflags)
{
	struct bu_vm_target btf = { BU_VM_BTF, h->map.btf_id };
	struct bu_vm_map *m;
	struct bu_vm_obj *o;
	int fd, err;

	err = bu_vm_obj_new(vm, h, lay->data_size + BU_VM_PAGE, lay->alloc_size, oflags, &o, &fd);
	if (err)
		return err;
	err = body_make(o, &m);
	if (!err && m->ops->init)
		err = m->ops->init(m);
	if (!err)
		err = bu_vm_obj_publish(o, &btf, btf.id != 0);
	if (err) {
		bu_vm_obj_abandon(o);
		close(fd);
	}
	bu_vm_obj_put(o);
	return err ? err : fd;
}

int bu_vm_map_create(struct bu_vm *vm, const union bpf_attr *user)
{
	struct bu_vm_hdr h = { .kind = BU_VM_MAP, .uid = (uint32_t)getuid() };
	const struct bu_vm_map_ops *ops;
	struct bu_vm_map lay = { 0 };
	union bpf_attr a = *user;
	bool token = a.map_flags & BPF_F_TOKEN_FD;
	int oflags = O_RDWR, err;

	a.map_flags &= ~BPF_F_TOKEN_FD;
	if (a.btf_vmlinux_value_type_id) {
		if (a.map_type != BPF_MAP_TYPE_STRUCT_OPS || a.btf_key_type_id || a.btf_value_type_id)
			return -EINVAL;
	} else if (a.btf_key_type_id && !a.btf_value_type_id) {
		return -EINVAL;
	}
	if (a.map_extra && a.map_type != BPF_MAP_TYPE_BLOOM_FILTER && a.map_type != BPF_MAP_TYPE_ARENA)
		return -EINVAL;
	if ((a.map_flags & BPF_F_RDONLY) && (a.map_flags & BPF_F_WRONLY))
		return -EINVAL;
	if (a.map_flags & BPF_F_RDONLY)
		oflags = O_RDONLY;
	else if (a.map_flags & BPF_F_WRONLY)
		oflags = O_WRONLY;
	if (!(a.map_flags & BPF_F_NUMA_NODE))
		a.numa_node = (uint32_t)NO_NODE;
	else if (a.numa_node != (uint32_t)NO_NODE && !node_online(a.numa_node))
		return -EINVAL;
	if (a.map_type == BPF_MAP_TYPE_UNSPEC || a.map_type >= BU_ARRAY_SIZE(types))
		return -EINVAL;
	ops = types[a.map_type].ops;
	if (!ops)
		return -EOPNOTSUPP;
	err = ops->check ? ops->check(vm, &a) : 0;
	if (err)
		return err;
	a.map_flags |= ops->more_flags;
	if (a.map_ifindex) {
		char dev[IF_NAMESIZE];

		return if_indextoname(a.map_ifindex, dev) ? -EOPNOTSUPP : -EINVAL;
	}
	if (token) {
		struct bu_vm_obj *o;

		err = bu_vm_obj_by_fd(vm, a.map_token_fd, -1, &o, NULL);
		if (!err)
			bu_vm_obj_put(o);
		return err == -EBADF ? err : -EINVAL;
	}
	h.map = (struct bu_vm_map_attr){
		.type = a.map_type, .key_size = a.key_size, .value_size = a.value_size,
		.max_entries = a.max_entries, .flags = a.map_flags, .map_extra = a.map_extra,
		.ncpus = vm->root->ncpus, .spin_lock_off = -1, .inner_spin_lock_off = -1,
		.uid = (uint32_t)getuid(),
	};
	if (a.map_type == BPF_MAP_TYPE_ARRAY_OF_MAPS || a.map_type == BPF_MAP_TYPE_HASH_OF_MAPS) {
		err = check_inner(vm, a.inner_map_fd, &h.map);
		if (err)
			return err;
	}
	err = lay_out(&lay, &h.map, ops);
	if (!err)
		err = name_copy(h.map.name, a.map_name);
	if (!err)
		err = check_btf(vm, &a, &h.map);
	if (!err)
		err = check_excl(vm, &a, &h.map);
	if (!err && a.btf_vmlinux_value_type_id)
		h.map.btf_value_type = (uint32_t)bu_vm_ops_by_value(vm, a.btf_vmlinux_value_type_id);
	if (!err && h.map.spin_lock_off >= 0) { /* known only now; some types lay out for it */
		if (ops->close)
			ops->close(&lay);
		memset(&lay, 0, sizeof(lay));
		err = lay_out(&lay, &h.map, ops);
	}
	if (!err)
		err = make(vm, &h, &lay, oflags);
	if (ops->close)
		ops->close(&lay);
	return err;
}

bool bu_vm_map_meta_equal(const struct bu_vm_map *outer, const struct bu_vm_map *inner)
{
	const uint32_t *t = outer->obj->h.map.inner_template;

	if (t[0] != inner->type || t[1] != inner->key_size || t[2] != inner->value_size ||
	    t[4] != inner->flags)
		return false;
	if (outer->obj->h.map.inner_spin_lock_off != inner->spin_lock_off ||
	    outer->obj->h.map.inner_timer != inner->timer)
		return false;
	/* Look-ups in arrays may be inlined with the template's bound. */
	if (inner->type == BPF_MAP_TYPE_ARRAY || inner->type == BPF_MAP_TYPE_PERCPU_ARRAY)
		return (t[4] & BPF_F_INNER_MAP) || t[3] == inner->max_entries;
	return true;
}

void bu_vm_map_unused(struct bu_vm_obj *o)
{
	struct bu_vm_map *m;

	if (o->h.map.type == BPF_MAP_TYPE_PROG_ARRAY && !bu_vm_map_of(o, &m) && m->ops->drop)
		m->ops->drop(m);
}

void bu_vm_map_settle(struct bu_vm_obj *o)
{
	struct bu_vm_map *m;

	if (!bu_vm_map_of(o, &m) && m->ops->settle)
		m->ops->settle(m);
}

/* ---------------------------------------------------------------- grants and copies */

void bu_vm_grant(struct bu_vm_map *m, const void *p)
{
	const struct bu_vm_granules *g = &m->gran;
	uint64_t off = (uint64_t)((const uint8_t *)p - m->mem) - g->off, i, row = 0;

	if (!m->grant) {
		m->grant = g->n ? calloc(g->n * (g->rows ? g->rows : 1), sizeof(*m->grant)) : NULL;
		if (!m->grant)
			return; /* the access will be a fault */
	}
	if (off <= UINT32_MAX) /* divides faster */
		i = (uint32_t)off / (uint32_t)g->stride;
	else
		i = off / g->stride;
	if (g->rows > 1)
		row = (off - i * g->stride - g->val) / g->row_stride;
	if (i < g->n && (g->rows <= 1 || row < g->rows))
		m->grant[g->rows > 1 ? i * g->rows + row : i] = m->obj->vm->run_no;
}

typedef uint64_t __attribute__((may_alias)) word64;
typedef uint32_t __attribute__((may_alias)) word32;

void bu_vm_copy(void *dst, const void *src, size_t n)
{
	uintptr_t both = (uintptr_t)dst | (uintptr_t)src;
	uint8_t *d = dst;
	const uint8_t *s = src;

	if (!(both & 7))
		for (; n >= 8; n -= 8, d += 8, s += 8)
			*(volatile word64 *)d = *(const volatile word64 *)s;
	if (!(both & 3))
		for (; n >= 4; n -= 4, d += 4, s += 4)
			*(volatile word32 *)d = *(const volatile word32 *)s;
	if (n)
		memcpy(d, s, n);
}

void bu_vm_copy_value(const struct bu_vm_map *m, void *dst, const void *src)
{
	uint32_t lock = (uint32_t)m->spin_lock_off;

	if (m->spin_lock_off < 0) {
		bu_vm_copy(dst, src, m->value_size);
		bu_vm_no_timer(m, dst);
		return;
	}
	bu_vm_copy(dst, src, lock);
	bu_vm_copy((uint8_t *)dst + lock + 4, (const uint8_t *)src + lock + 4,
		   m->value_size - lock - 4);
	bu_vm_no_timer(m, dst);
}
