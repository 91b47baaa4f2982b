/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What programs see as their context, by type and attach type; ctx.def read. */
#ifndef BU_VM_CTXRULE_H
#define BU_VM_CTXRULE_H

#include "vm/run.h"

/* Bytes of the registers that probes, and perf_event programs, are given. */
#if defined(__x86_64__)
#define BU_VM_REGS_SIZE 168
#define BU_VM_USER_REGS_SIZE 168
#elif defined(__aarch64__)
#define BU_VM_REGS_SIZE 336
#define BU_VM_USER_REGS_SIZE 272
#elif defined(__riscv)
#define BU_VM_REGS_SIZE 288
#define BU_VM_USER_REGS_SIZE 256
#else
#define BU_VM_REGS_SIZE 512
#define BU_VM_USER_REGS_SIZE 512
#endif

enum bu_vm_ctx_id {
#define BU_VM_CTX(id, name, size, raw) BU_VM_C_##id,
#define BU_VM_VIEW(...)
#define BU_VM_FIELD(...)
#include "vm/ctx.def"
#undef BU_VM_CTX
#undef BU_VM_VIEW
#undef BU_VM_FIELD
	BU_VM_NCTX,
};

enum bu_vm_field_kind {
	BU_VM_K_PLAIN, BU_VM_K_DATA, BU_VM_K_DATA_END, BU_VM_K_META, BU_VM_K_LEN,
	BU_VM_K_KEYS,       /* of the flow dissector, which it fills in */
	BU_VM_K_SOCKET, BU_VM_K_NO_SOCKET,
	BU_VM_K_HOOK_STATE, /* of netfilter */
	BU_VM_K_SK_BUFF,    /* of the kernel's own form: an address where nothing is */
};

struct bu_vm_ctx_struct {
	const char *name;
	uint32_t size;
	bool raw;           /* bytes as they are; else fields are made when they are read */
};

struct bu_vm_ctx_view {
	uint8_t id;         /* enum bu_vm_ctx_id */
	uint8_t type;
	int16_t attach;     /* -1: any */
	uint64_t view;      /* a bit */
	int32_t min, max;   /* of the result */
};

struct bu_vm_ctx_field {
	const char *name;
	uint8_t id, kind;
	uint16_t off, len;
	uint8_t rsizes, wsizes;
	uint64_t readers, writers;
};

extern const struct bu_vm_ctx_struct bu_vm_ctx_structs[];

/* NULL: what its context is like is not known. */
const struct bu_vm_ctx_view *bu_vm_ctx_view(uint32_t type, uint32_t attach);
/* The field that such an access is of, or NULL: it may not be. view: bits. */
const struct bu_vm_ctx_field *bu_vm_ctx_field_at(unsigned id, uint64_t view, int64_t off, uint32_t size, bool write);
/* The field that a place is in, whatever may be done to it, or NULL. */
const struct bu_vm_ctx_field *bu_vm_ctx_field_of(unsigned id, int64_t off);

#endif
