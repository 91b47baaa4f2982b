/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the hash family. */
#include "vm/map.h"

const struct bu_vm_map_ops bu_vm_hash_ops = { .batches = true };
const struct bu_vm_map_ops bu_vm_percpu_hash_ops = { .batches = true, .percpu = true };
const struct bu_vm_map_ops bu_vm_lru_hash_ops = { .batches = true };
const struct bu_vm_map_ops bu_vm_hash_of_maps_ops = { .batches = true, .fds = true };
