/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The type information that the VM has of itself, in the place of the kernel's vmlinux: what iterators
 * attach to and what they are given. Members have the kernel's names, so that CO-RE relocations find them.
 */
#include "vm/iter.h"
#include "vm/opstype.h"
#include "vm/private.h"
#include "vm/run.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct vmbtf {
	struct bu_buf blob;
	uint32_t iter[BU_VM_NITERS]; /* FUNC ids, by BU_VM_ITER_… */
	uint32_t ops[4], value[4]; /* structs of operations, by row */
	uint32_t *kfunc;  /* FUNC ids, by row of kfunc.def; they grow */
};

struct ids {
	uint32_t u32, u64, str, tag, metap, mapp, progp, linkp, voidp;
};

static void member(struct bu_btfgen *g, const char *name, uint32_t type, size_t off)
{
	bu_btfgen_member(g, name, type, (uint32_t)off * 8);
}

static void base_types(struct bu_btfgen *g, struct ids *d)
{
	uint32_t ch, seqf, aux, id;

	d->u32 = bu_btfgen_int(g, "unsigned int", 4, 0);
	d->u64 = bu_btfgen_int(g, "unsigned long long", 8, 0);
	ch = bu_btfgen_int(g, "char", 1, 1);
	d->str = bu_btfgen_array(g, ch, BPF_OBJ_NAME_LEN);
	d->tag = bu_btfgen_array(g, bu_btfgen_int(g, "unsigned char", 1, 0), BPF_TAG_SIZE);
	seqf = bu_btfgen_ptr(g, bu_btfgen_fwd(g, "seq_file", false));

	id = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_iter_meta", sizeof(struct bu_vm_iter_meta));
	member(g, "seq", seqf, offsetof(struct bu_vm_iter_meta, seq));
	member(g, "session_id", d->u64, offsetof(struct bu_vm_iter_meta, session_id));
	member(g, "seq_num", d->u64, offsetof(struct bu_vm_iter_meta, seq_num));
	d->metap = bu_btfgen_ptr(g, id);

	id = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_map", sizeof(struct bu_vm_iter_map));
	member(g, "id", d->u32, offsetof(struct bu_vm_iter_map, id));
	member(g, "map_type", d->u32, offsetof(struct bu_vm_iter_map, map_type));
	member(g, "key_size", d->u32, offsetof(struct bu_vm_iter_map, key_size));
	member(g, "value_size", d->u32, offsetof(struct bu_vm_iter_map, value_size));
	member(g, "max_entries", d->u32, offsetof(struct bu_vm_iter_map, max_entries));
	member(g, "map_flags", d->u32, offsetof(struct bu_vm_iter_map, map_flags));
	member(g, "map_extra", d->u64, offsetof(struct bu_vm_iter_map, map_extra));
	member(g, "name", d->str, offsetof(struct bu_vm_iter_map, name));
	d->mapp = bu_btfgen_ptr(g, id);

	aux = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_prog_aux", sizeof(struct bu_vm_iter_aux));
	member(g, "id", d->u32, offsetof(struct bu_vm_iter_aux, id));
	member(g, "used_map_cnt", d->u32, offsetof(struct bu_vm_iter_aux, used_map_cnt));
	member(g, "load_time", d->u64, offsetof(struct bu_vm_iter_aux, load_time));
	member(g, "name", d->str, offsetof(struct bu_vm_iter_aux, name));
	aux = bu_btfgen_ptr(g, aux);
	id = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_prog", sizeof(struct bu_vm_iter_prog));
	member(g, "type", d->u32, offsetof(struct bu_vm_iter_prog, type));
	member(g, "expected_attach_type", d->u32,
	       offsetof(struct bu_vm_iter_prog, expected_attach_type));
	member(g, "len", d->u32, offsetof(struct bu_vm_iter_prog, len));
	member(g, "tag", d->tag, offsetof(struct bu_vm_iter_prog, tag));
	member(g, "aux", aux, offsetof(struct bu_vm_iter_prog, aux));
	d->progp = bu_btfgen_ptr(g, id);
	id = bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_link", sizeof(struct bu_vm_iter_link));
	member(g, "id", d->u32, offsetof(struct bu_vm_iter_link, id));
	member(g, "type", d->u32, offsetof(struct bu_vm_iter_link, type));
	member(g, "prog", d->progp, offsetof(struct bu_vm_iter_link, prog));
	d->linkp = bu_btfgen_ptr(g, id);
	d->voidp = bu_btfgen_ptr(g, 0);
}

/* What BPF_OBJ_GET_INFO_BY_FD gives of maps, for who prints it by its type. */
static void map_info(struct bu_btfgen *g, const struct ids *d)
{
#define M(type, name) member(g, #name, d->type, offsetof(struct bpf_map_info, name))
	bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_map_info", BU_OFFSETOFEND(struct bpf_map_info, map_extra));
	M(u32, type);
	M(u32, id);
	M(u32, key_size);
	M(u32, value_size);
	M(u32, max_entries);
	M(u32, map_flags);
	M(str, name);
	M(u32, ifindex);
	M(u32, btf_vmlinux_value_type_id);
	M(u64, netns_dev);
	M(u64, netns_ino);
	M(u32, btf_id);
	M(u32, btf_key_type_id);
	M(u32, btf_value_type_id);
	M(u32, btf_vmlinux_id);
	M(u64, map_extra);
#undef M
}

/* The context that such a program is given, and the function that it attaches to. */
static uint32_t iterator(struct bu_btfgen *g, const struct ids *d, const char *ctx, const char *func,
			 const char *what, uint32_t type)
{
	uint32_t proto, ret = bu_btfgen_int(g, "int", 4, 1);

	bu_btfgen_struct(g, BU_BTF_STRUCT, ctx, 16);
	member(g, "meta", d->metap, 0);
	member(g, what, type, 8);
	proto = bu_btfgen_proto(g, ret);
	bu_btfgen_param(g, "meta", d->metap);
	bu_btfgen_param(g, what, type);
	return bu_btfgen_func(g, func, proto, 1);
}

/* The same with a key and a value. */
static uint32_t elements(struct bu_btfgen *g, const struct ids *d)
{
	uint32_t proto, ret = bu_btfgen_int(g, "int", 4, 1);

	bu_btfgen_struct(g, BU_BTF_STRUCT, "bpf_iter__bpf_map_elem", 32);
	member(g, "meta", d->metap, 0);
	member(g, "map", d->mapp, 8);
	member(g, "key", d->voidp, 16);
	member(g, "value", d->voidp, 24);
	proto = bu_btfgen_proto(g, ret);
	bu_btfgen_param(g, "meta", d->metap);
	bu_btfgen_param(g, "map", d->mapp);
	bu_btfgen_param(g, "key", d->voidp);
	bu_btfgen_param(g, "value", d->voidp);
	return bu_btfgen_func(g, "bpf_iter_bpf_map_elem", proto, 1);
}

const char *const bu_vm_iter_names[BU_VM_NITERS] = {
	[0] = "", [BU_VM_ITER_MAP] = "bpf_map", [BU_VM_ITER_PROG] = "bpf_prog", [BU_VM_ITER_LINK] = "bpf_link",
	[BU_VM_ITER_ELEM] = "bpf_map_elem",
};

static int get(struct bu_vm *vm, const struct vmbtf **out)
{
	struct vmbtf *b = vm->btf;
	struct bu_vm_kfunc_types seen = { .n = 0 };
	struct bu_btfgen g;
	struct ids d;
	int err;

	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return -ENOMEM;
		bu_btfgen_init(&g, __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
		base_types(&g, &d);
		b->iter[BU_VM_ITER_MAP] = iterator(&g, &d, "bpf_iter__bpf_map", "bpf_iter_bpf_map",
						   "map", d.mapp);
		b->iter[BU_VM_ITER_PROG] = iterator(&g, &d, "bpf_iter__bpf_prog",
						    "bpf_iter_bpf_prog", "prog", d.progp);
		b->iter[BU_VM_ITER_LINK] = iterator(&g, &d, "bpf_iter__bpf_link",
						    "bpf_iter_bpf_link", "link", d.linkp);
		b->iter[BU_VM_ITER_ELEM] = elements(&g, &d);
		b->kfunc = calloc(bu_vm_nkfuncs, sizeof(*b->kfunc));
		for (uint32_t i = 0; b->kfunc && i < bu_vm_nkfuncs; i++)
			b->kfunc[i] = bu_vm_kfunc_type(&g, &bu_vm_kfuncs[i], &seen);
		map_info(&g, &d);
		for (uint32_t i = 0; i < bu_vm_nops_types && i < BU_ARRAY_SIZE(b->ops); i++)
			bu_vm_ops_btf(&g, i, &b->ops[i], &b->value[i]);
		err = bu_btfgen_finish(&g, &b->blob);
		bu_btfgen_free(&g);
		if (!b->kfunc)
			err = -ENOMEM;
		if (err) {
			bu_buf_free(&b->blob);
			free(b->kfunc);
			free(b);
			return err;
		}
		vm->btf = b;
	}
	*out = b;
	return 0;
}

int bu_vm_iter_by_btf_id(struct bu_vm *vm, uint32_t id)
{
	const struct vmbtf *b;
	int err = get(vm, &b);

	if (err)
		return err;
	for (int i = BU_VM_ITER_MAP; i < BU_VM_NITERS; i++)
		if (id && b->iter[i] == id)
			return i;
	return -EINVAL;
}

static int ops_row(struct bu_vm *vm, uint32_t id, bool value)
{
	const struct vmbtf *b;
	int err = get(vm, &b);

	if (err)
		return err;
	for (uint32_t i = 0; i < bu_vm_nops_types && i < BU_ARRAY_SIZE(b->ops); i++)
		if (id && (value ? b->value[i] : b->ops[i]) == id)
			return (int)i;
	return -ENOENT;
}

int bu_vm_ops_by_struct(struct bu_vm *vm, uint32_t id)
{
	return ops_row(vm, id, false);
}

int bu_vm_ops_by_value(struct bu_vm *vm, uint32_t id)
{
	return ops_row(vm, id, true);
}

uint32_t bu_vm_ops_value_id(struct bu_vm *vm, uint32_t row)
{
	const struct vmbtf *b;

	return row < BU_ARRAY_SIZE(b->value) && !get(vm, &b) ? b->value[row] : 0;
}

uint32_t bu_vm_ops_struct_id(struct bu_vm *vm, uint32_t row)
{
	const struct vmbtf *b;

	return row < BU_ARRAY_SIZE(b->ops) && !get(vm, &b) ? b->ops[row] : 0;
}

const struct bu_vm_kfunc *bu_vm_kfunc(struct bu_vm *vm, int32_t id)
{
	const struct vmbtf *b;
	uint32_t lo = 0, hi = bu_vm_nkfuncs;

	if (id <= 0 || get(vm, &b))
		return NULL;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (b->kfunc[mid] < (uint32_t)id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < bu_vm_nkfuncs && b->kfunc[lo] == (uint32_t)id ? &bu_vm_kfuncs[lo] : NULL;
}

int bu_vm_op_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size)
{
	const struct vmbtf *b;
	int err = get(bu_vm(s), &b);

	if (err)
		return err;
	*data = b->blob.p;
	*size = b->blob.n;
	return 0;
}

void bu_vm_btf_close(struct bu_vm *vm)
{
	struct vmbtf *b = vm->btf;

	if (b) {
		bu_buf_free(&b->blob);
		free(b->kfunc);
	}
	free(b);
	vm->btf = NULL;
}
