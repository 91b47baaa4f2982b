/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an iterator's program sees of maps and programs; vmbtf.c describes it. */
#ifndef BU_VM_ITER_H
#define BU_VM_ITER_H

#include "vm/link.h"

struct bu_vm_iter_meta {
	uint64_t seq, session_id, seq_num;
};
struct bu_vm_iter_map {
	uint32_t id, map_type, key_size, value_size, max_entries, map_flags;
	uint64_t map_extra;
	char name[BPF_OBJ_NAME_LEN];
};
struct bu_vm_iter_aux {
	uint32_t id, used_map_cnt;
	uint64_t load_time;
	char name[BPF_OBJ_NAME_LEN];
};
struct bu_vm_iter_prog {
	uint32_t type, expected_attach_type, len, pad;
	uint8_t tag[BPF_TAG_SIZE];
	uint64_t aux;
};
struct bu_vm_iter_link {
	uint32_t id, type;
	uint64_t prog; /* struct bu_vm_iter_prog, or 0 */
};

#endif
