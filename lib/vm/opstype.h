/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structs of operations that programs may implement: their types (opstype.c) and the maps of them (map_ops.c). */
#ifndef BU_VM_OPSTYPE_H
#define BU_VM_OPSTYPE_H

#include "vm/map.h"

/* What a member is. */
enum bu_vm_ops_kind {
	BU_VM_OPS_FUNC, BU_VM_OPS_NO_FUNC /* a function that programs cannot be */, BU_VM_OPS_NAME, BU_VM_OPS_FLAGS,
	BU_VM_OPS_OTHER, /* the kernel's own: has to be zero */
};

struct bu_vm_ops_member {
	const char *name;
	uint16_t off, size;
	uint8_t kind;        /* enum bu_vm_ops_kind */
	const char *type;    /* opstype.c */
};

struct bu_vm_ops_type {
	const char *name;
	uint32_t size;       /* of the struct */
	uint32_t data, value; /* where it is in the map's value, and that one's size */
	const struct bu_vm_ops_member *member;
	uint32_t n, flags;   /* flags that may be set */
	bool (*valid)(const uint8_t *ops); /* has it what it needs? */
};
extern const struct bu_vm_ops_type bu_vm_ops_types[];
extern const uint32_t bu_vm_nops_types;

/* struct bpf_struct_ops_common, in front of a value */
enum { BU_VM_OPS_REFS = 0, BU_VM_OPS_STATE = 4, BU_VM_OPS_COMMON = 8 };
enum bu_vm_ops_state { BU_VM_OPS_INIT, BU_VM_OPS_INUSE, BU_VM_OPS_TOBEFREE, BU_VM_OPS_READY };

/* Types into the VM's own: of row i the struct's id and the value's. */
void bu_vm_ops_btf(struct bu_btfgen *g, uint32_t i, uint32_t *ops, uint32_t *value);
/* vmbtf.c: the row whose struct, or value, has this id, or -ENOENT; the value's id of a row. */
int bu_vm_ops_by_struct(struct bu_vm *vm, uint32_t id);
int bu_vm_ops_by_value(struct bu_vm *vm, uint32_t id);
uint32_t bu_vm_ops_value_id(struct bu_vm *vm, uint32_t row);
uint32_t bu_vm_ops_struct_id(struct bu_vm *vm, uint32_t row);

/* Makes a link of a map with BPF_F_LINK: its fd, -EINVAL: not complete. map_ops.c */
int bu_vm_ops_link(struct bu_vm *vm, int map_fd);
/* Ends what a link is for: -EINVAL: that was done. */
int bu_vm_ops_detach(struct bu_vm_obj *link);

#endif
