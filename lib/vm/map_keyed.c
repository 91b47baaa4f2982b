/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A hash table as the file of a map of another type: its keys and values are what the type keeps, not what bpf(2)
 * shows of it. The table is a struct bu_vm_map of its own in m->priv, over the same object.
 */
#include "vm/map_hash.h"
#include "vm/map_keyed.h"

#include <stdlib.h>

int bu_vm_keyed_layout(struct bu_vm_map *m, uint32_t key_size, uint32_t value_size, uint32_t entries)
{
	struct bu_vm_map *t = m->priv ? m->priv : calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	m->priv = t;
	t->ops = &bu_vm_hash_ops;
	t->type = BPF_MAP_TYPE_HASH;
	t->key_size = key_size;
	t->value_size = t->user_value = value_size;
	t->rounded = (value_size + 7) & ~7u;
	t->max_entries = entries;
	t->flags = BPF_F_NO_PREALLOC;
	t->ncpus = m->ncpus;
	t->spin_lock_off = m->spin_lock_off;
	err = t->ops->layout(t);
	m->data_size = t->data_size;
	m->alloc_size = t->alloc_size;
	m->gran = t->gran;
	return err;
}

struct bu_vm_map *bu_vm_keyed(struct bu_vm_map *m)
{
	struct bu_vm_map *t = m->priv;

	t->obj = m->obj;
	t->mem = m->mem;
	t->live = m->live;
	return t;
}

int bu_vm_keyed_init(struct bu_vm_map *m)
{
	return bu_vm_hash_ops.init(bu_vm_keyed(m));
}

void bu_vm_keyed_close(struct bu_vm_map *m)
{
	free(m->priv);
	m->priv = NULL;
}

int bu_vm_keyed_verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_hash_verify(bu_vm_keyed(m), why);
}
