/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types whose file is a hash table with other keys or values than bpf(2) has. */
#ifndef BU_VM_MAP_KEYED_H
#define BU_VM_MAP_KEYED_H

#include "vm/map.h"

/* Operations of such a type; entries at most. Values may be granted to programs by bu_vm_grant of m. */
int bu_vm_keyed_layout(struct bu_vm_map *m, uint32_t key_size, uint32_t value_size, uint32_t entries);
int bu_vm_keyed_init(struct bu_vm_map *m);
void bu_vm_keyed_close(struct bu_vm_map *m);
int bu_vm_keyed_verify(struct bu_vm_map *m, struct bu_buf *why);
/* The table, for bu_vm_hash_ops. */
struct bu_vm_map *bu_vm_keyed(struct bu_vm_map *m);

#endif
