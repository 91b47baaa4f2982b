/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of contexts, and what they say of an access. */
#include "vm/ctxrule.h"

#define START 16 /* of the sizes: only where the row begins */
#define ANY -1

enum {
	V_PLAIN, V_XDP, V_DEVMAP, V_FILTER, V_TC, V_CGROUP, V_LWT, V_SK_SKB, V_FLOW, V_WRITABLE, V_WORDS, V_SOCK, V_BOUND4,
	V_BOUND6, V_ADDR4, V_ADDR6, V_SEND4, V_SEND6, V_UNIX, V_GETOPT, V_SETOPT,
};
#define V(name) (1ull << V_##name)

const struct bu_vm_ctx_struct bu_vm_ctx_structs[] = {
#define BU_VM_CTX(id, name, size, raw) [BU_VM_C_##id] = { name, size, raw },
#define BU_VM_VIEW(...)
#define BU_VM_FIELD(...)
#include "vm/ctx.def"
#undef BU_VM_CTX
#undef BU_VM_VIEW
};

static const struct bu_vm_ctx_view views[] = {
#define BU_VM_CTX(...)
#define BU_VM_VIEW(id, view, type, attach, ...) \
	{ BU_VM_C_##id, BPF_PROG_TYPE_##type, attach, V(view), __VA_ARGS__ },
#include "vm/ctx.def"
#undef BU_VM_VIEW
#undef BU_VM_FIELD
};

/* Rows of a structure stand together. */
static const struct bu_vm_ctx_field fields[] = {
#define BU_VM_VIEW(...)
#define BU_VM_FIELD(id, name, off, len, kind, rsizes, readers, ...) FIELD(id, name, off, len, kind, rsizes, readers, __VA_ARGS__)
#define FIELD(id, name, off, len, kind, rsizes, readers, wsizes, writers) \
	{ #name, BU_VM_C_##id, BU_VM_K_##kind, off, len, rsizes, wsizes, readers, writers },
#include "vm/ctx.def"
};

const struct bu_vm_ctx_view *bu_vm_ctx_view(uint32_t type, uint32_t attach)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(views); i++)
		if (views[i].type == type && (views[i].attach == ANY || (uint32_t)views[i].attach == attach))
			return &views[i];
	return NULL;
}

static unsigned first_of(unsigned id)
{
	static uint16_t first[BU_VM_NCTX]; /* + 1; the same whoever finds it out */
	unsigned i = 0;

	if (id >= BU_VM_NCTX)
		return BU_ARRAY_SIZE(fields);
	if (__atomic_load_n(&first[id], __ATOMIC_RELAXED))
		return __atomic_load_n(&first[id], __ATOMIC_RELAXED) - 1u;
	while (i < BU_ARRAY_SIZE(fields) && fields[i].id != id)
		i++;
	__atomic_store_n(&first[id], (uint16_t)(i + 1), __ATOMIC_RELAXED);
	return i;
}

const struct bu_vm_ctx_field *bu_vm_ctx_field_at(unsigned id, uint64_t view, int64_t off, uint32_t size, bool write)
{
	for (unsigned i = first_of(id); i < BU_ARRAY_SIZE(fields) && fields[i].id == id; i++) {
		const struct bu_vm_ctx_field *f = &fields[i];
		unsigned sizes = write ? f->wsizes : f->rsizes;

		if (off < f->off || off + size > (int64_t)f->off + f->len || off & (size - 1) || !(sizes & size) ||
		    (sizes & START && off != f->off) || !((write ? f->writers : f->readers) & view))
			continue;
		return f;
	}
	return NULL;
}

const struct bu_vm_ctx_field *bu_vm_ctx_field_of(unsigned id, int64_t off)
{
	for (unsigned i = first_of(id); i < BU_ARRAY_SIZE(fields) && fields[i].id == id; i++)
		if (off >= fields[i].off && off < fields[i].off + fields[i].len)
			return &fields[i];
	return NULL;
}
