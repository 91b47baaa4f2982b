/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's structs that programs may implement, as the VM has them in its types: with the kernel's names and
 * places, so that what is compiled for it is taken. Nothing here calls their programs.
 */
#include "vm/opstype.h"

#include "btf/btf.h"

#include <string.h>

/*
 * Types of members: a letter, or that of a result and those of parameters: v void, u u32, b u8, i int, z size_t, s struct
 * sock *, a, r, c of samples and info; n 16 letters, m a module, l a list's head.
 */
#define F(name, off, type) { name, off, 8, BU_VM_OPS_FUNC, type }

static const struct bu_vm_ops_member tcp[] = {
	F("ssthresh", 0, "us"),
	F("cong_avoid", 8, "vsuu"),
	F("set_state", 16, "vsb"),
	F("cwnd_event", 24, "vsu"),
	F("in_ack_event", 32, "vsu"),
	F("pkts_acked", 40, "vsa"),
	F("min_tso_segs", 48, "us"),
	F("cong_control", 56, "vsuir"),
	F("undo_cwnd", 64, "us"),
	F("sndbuf_expand", 72, "us"),
	{ "get_info", 80, 8, BU_VM_OPS_NO_FUNC, "zsuIc" },
	{ "name", 88, 16, BU_VM_OPS_NAME, "n" },
	{ "owner", 104, 8, BU_VM_OPS_OTHER, "m" },
	{ "list", 112, 16, BU_VM_OPS_OTHER, "l" },
	{ "key", 128, 4, BU_VM_OPS_OTHER, "u" },
	{ "flags", 132, 4, BU_VM_OPS_FLAGS, "u" },
	F("init", 136, "vs"),
	F("release", 144, "vs"),
};

static bool set(const uint8_t *ops, uint32_t off)
{
	uint64_t v;

	memcpy(&v, ops + off, 8);
	return v != 0;
}

/* ssthresh, undo_cwnd, and one of cong_avoid and cong_control */
static bool tcp_valid(const uint8_t *ops)
{
	return set(ops, 0) && set(ops, 64) && (set(ops, 8) || set(ops, 56));
}

const struct bu_vm_ops_type bu_vm_ops_types[] = {
	{ "tcp_congestion_ops", 192, 64, 256, tcp, BU_ARRAY_SIZE(tcp), 0xf, tcp_valid },
};
const uint32_t bu_vm_nops_types = BU_ARRAY_SIZE(bu_vm_ops_types);

/* ---------------------------------------------------------------- types */

static uint32_t pointer(struct bu_btfgen *g, const char *to, bool is_union)
{
	return bu_btfgen_ptr(g, bu_btfgen_fwd(g, to, is_union));
}

static uint32_t letter(struct bu_btfgen *g, char c)
{
	uint32_t id, node;

	switch (c) {
	case 'u': return bu_btfgen_mod(g, BU_BTF_TYPEDEF, "u32", bu_btfgen_int(g, "unsigned int", 4, 0));
	case 'b': return bu_btfgen_mod(g, BU_BTF_TYPEDEF, "u8", bu_btfgen_int(g, "unsigned char", 1, 0));
	case 'i': return bu_btfgen_int(g, "int", 4, 1);
	case 'z': return bu_btfgen_mod(g, BU_BTF_TYPEDEF, "size_t", bu_btfgen_int(g, "unsigned long", sizeof(long), 0));
	case 'I': return bu_btfgen_ptr(g, bu_btfgen_int(g, "int", 4, 1));
	case 's': return pointer(g, "sock", false);
	case 'a': return pointer(g, "ack_sample", false);
	case 'r': return pointer(g, "rate_sample", false);
	case 'c': return pointer(g, "tcp_cc_info", true);
	case 'm': return pointer(g, "module", false);
	case 'n': return bu_btfgen_array(g, bu_btfgen_int(g, "char", 1, 1), 16);
	case 'l':
		node = bu_btfgen_ptr(g, 0);
		id = bu_btfgen_struct(g, BU_BTF_STRUCT, "list_head", 16);
		bu_btfgen_member(g, "next", node, 0);
		bu_btfgen_member(g, "prev", node, 64);
		return id;
	}
	return 0; /* void */
}

static uint32_t type_of(struct bu_btfgen *g, const struct bu_vm_ops_member *m)
{
	uint32_t param[8], n = 0, ret;

	if (m->kind != BU_VM_OPS_FUNC && m->kind != BU_VM_OPS_NO_FUNC)
		return letter(g, *m->type);
	ret = letter(g, *m->type);
	for (const char *c = m->type + 1; *c && n < BU_ARRAY_SIZE(param); c++)
		param[n++] = letter(g, *c);
	ret = bu_btfgen_proto(g, ret);
	for (uint32_t i = 0; i < n; i++)
		bu_btfgen_param(g, "", param[i]);
	return bu_btfgen_ptr(g, ret);
}

/* struct bpf_struct_ops_common { refcount_t refcnt; enum bpf_struct_ops_state state; } */
static uint32_t common(struct bu_btfgen *g)
{
	static const char *const states[] = { "INIT", "INUSE", "TOBEFREE", "READY" };
	uint32_t refs, state, id, u32 = bu_btfgen_int(g, "unsigned int", 4, 0);
	char name[64] = "BPF_STRUCT_OPS_STATE_";
	size_t n = strlen(name);

	refs = bu_btfgen_struct(g, BU_BTF_STRUCT, "refcount_struct", 4);
	bu_btfgen_member(g, "refs", u32, 0);
	refs = bu_btfgen_mod(g, BU_BTF_TYPEDEF, "refcount_t", refs);
	state = bu_btfgen_enum(g, "bpf_struct_ops_state", 4, false);
	for (uint32_t i = 0; i < BU_ARRAY_SIZE(states); i++) {
		memcpy(name + n, states[i], strlen(states[i]) + 1);
		bu_btfgen_enumval(g, name, i);
	}
	id = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_struct_ops_common", BU_VM_OPS_COMMON);
	bu_btfgen_member(g, "refcnt", refs, BU_VM_OPS_REFS * 8);
	bu_btfgen_member(g, "state", state, BU_VM_OPS_STATE * 8);
	return id;
}

void bu_vm_ops_btf(struct bu_btfgen *g, uint32_t i, uint32_t *ops, uint32_t *value)
{
	const struct bu_vm_ops_type *t = &bu_vm_ops_types[i];
	uint32_t types[64], head = common(g);
	char name[80] = "bpf_struct_ops_";

	for (uint32_t k = 0; k < t->n; k++)
		types[k] = type_of(g, &t->member[k]);
	*ops = bu_btfgen_struct(g, BU_BTF_STRUCT, t->name, t->size);
	for (uint32_t k = 0; k < t->n; k++)
		bu_btfgen_member(g, t->member[k].name, types[k], t->member[k].off * 8u);
	memcpy(name + strlen(name), t->name, strlen(t->name) + 1);
	*value = bu_btfgen_struct(g, BU_BTF_STRUCT, name, t->value);
	bu_btfgen_member(g, "common", head, 0);
	bu_btfgen_member(g, "data", *ops, t->data * 8);
}
