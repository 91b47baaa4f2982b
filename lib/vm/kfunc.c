/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions of the kernel that programs may call: their table and their types; locks that are nothing here but a
 * count; objects of the program's own types; exceptions.
 */
#include "vm/cmd.h"
#include "vm/interp.h"
#include "vm/kfunc.h"

#include "btf/btf.h"

#include <ctype.h>
#include <string.h>

#define HEAP_SIZE (1u << 20)

enum { K = BU_VM_KF_KEEPS, L = BU_VM_KF_LOCKED, S = BU_VM_KF_SLEEPS };

const struct bu_vm_kfunc bu_vm_kfuncs[] = {
#define PARAMS(a, b, c, d, e)                                                                       \
	((BU_VM_A_##a != 0) + (BU_VM_A_##b != 0) + (BU_VM_A_##c != 0) + (BU_VM_A_##d != 0) + (BU_VM_A_##e != 0))
#define BU_VM_KFUNC(name, progs_, flags_, ret_, params_, a, b, c, d, e)                             \
	{ .h = { .fn = bu_vm_k_##name, .progs = BU_VM_P_##progs_, .flags = flags_, .kfunc = #name, .maps = 1ull << BPF_MAP_TYPE_ARENA,  \
		 .arg = { BU_VM_A_##a, BU_VM_A_##b, BU_VM_A_##c, BU_VM_A_##d, BU_VM_A_##e } },      \
	  .ret = ret_, .params = params_, .nparams = PARAMS(a, b, c, d, e) },
#include "vm/kfunc.def"
#undef BU_VM_KFUNC
};
const uint32_t bu_vm_nkfuncs = BU_ARRAY_SIZE(bu_vm_kfuncs);

/* ---------------------------------------------------------------- types */

static const struct {
	const char *name;
	uint8_t size, enc; /* of the integer that it is */
	const char *of;    /* what else it is a name for */
} ints[] = {
	{ "char", 1, 1, NULL }, { "int", 4, 1, NULL }, { "unsigned int", 4, 0, NULL }, { "unsigned char", 1, 0, NULL },
	{ "unsigned long", sizeof(long), 0, NULL }, { "long", sizeof(long), 1, NULL }, { "unsigned long long", 8, 0, NULL }, { "_Bool", 1, 4, NULL },
	{ "bool", 0, 0, "_Bool" }, { "u8", 0, 0, "unsigned char" }, { "u32", 0, 0, "unsigned int" },
	{ "u64", 0, 0, "unsigned long long" }, { "size_t", 0, 0, "unsigned long" },
};
static const struct {
	const char *name;
	uint32_t words; /* of 8 bytes that are nobody's business; 0: no members, programs hold pointers only */
} structs[] = {
	{ "bpf_dynptr", 2 }, { "bpf_iter_num", 1 }, { "bpf_iter_bits", 2 }, { "task_struct", 0 }, { "cgroup", 0 },
};

static uint32_t named(struct bu_btfgen *g, const char *name, size_t n)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(ints); i++) {
		if (strlen(ints[i].name) != n || memcmp(ints[i].name, name, n))
			continue;
		if (!ints[i].of)
			return bu_btfgen_int(g, ints[i].name, ints[i].size, ints[i].enc);
		return bu_btfgen_mod(g, BU_BTF_TYPEDEF, ints[i].name, named(g, ints[i].of, strlen(ints[i].of)));
	}
	return 0;
}

/*
 * A struct is made where it is met first. Contexts, tasks and control groups are made without members: what programs
 * see of the first is a matter of their declarations, and CO-RE takes the machine's types for them (bu_kbtf_opaque).
 */
static uint32_t structure(struct bu_btfgen *g, const char *name, size_t n, struct bu_vm_kfunc_types *seen)
{
	for (unsigned i = 0; i < seen->n; i++)
		if (strlen(seen->name[i]) == n && !memcmp(seen->name[i], name, n))
			return seen->id[i];
	for (unsigned i = 0; i < BU_ARRAY_SIZE(structs); i++) {
		uint32_t words = structs[i].words, id, of = 0;

		if (strlen(structs[i].name) != n || memcmp(structs[i].name, name, n))
			continue;
		if (words) {
			of = bu_btfgen_mod(g, BU_BTF_TYPEDEF, "__u64", bu_btfgen_int(g, "unsigned long long", 8, 0));
			of = bu_btfgen_array(g, of, words);
		}
		id = bu_btfgen_struct(g, BU_BTF_STRUCT, structs[i].name, words ? words * 8 : 8);
		if (words)
			bu_btfgen_member(g, "__opaque", of, 0);
		seen->name[seen->n] = structs[i].name;
		seen->id[seen->n++] = id;
		return id;
	}
	if (n == 9 && !memcmp(name, "__sk_buff", n)) {
		seen->name[seen->n] = "__sk_buff";
		return seen->id[seen->n++] = bu_btfgen_struct(g, BU_BTF_STRUCT, "__sk_buff", 192);
	}
	seen->name[seen->n] = "xdp_md";
	return seen->id[seen->n++] = bu_btfgen_struct(g, BU_BTF_STRUCT, "xdp_md", 24);
}

/* "const struct bpf_dynptr *p": the type up to the stars, and the name behind them. */
static uint32_t type(struct bu_btfgen *g, const char *s, size_t n, struct bu_vm_kfunc_types *seen)
{
	bool is_const = n > 6 && !memcmp(s, "const ", 6);
	unsigned stars = 0;
	uint32_t id;

	if (is_const)
		s += 6, n -= 6;
	while (n && (s[n - 1] == '*' || s[n - 1] == ' '))
		stars += s[--n] == '*';
	if (n > 7 && !memcmp(s, "struct ", 7))
		id = structure(g, s + 7, n - 7, seen);
	else
		id = n == 4 && !memcmp(s, "void", 4) ? 0 : named(g, s, n);
	if (is_const)
		id = bu_btfgen_mod(g, BU_BTF_CONST, NULL, id);
	while (stars--)
		id = bu_btfgen_ptr(g, id);
	return id;
}

uint32_t bu_vm_kfunc_type(struct bu_btfgen *g, const struct bu_vm_kfunc *f, struct bu_vm_kfunc_types *seen)
{
	uint32_t ids[5] = { 0 }, ret, proto, func;
	const char *p = f->params, *name[5];
	size_t len[5];
	char text[32];
	unsigned n = 0;

	for (; *p && n < BU_ARRAY_SIZE(ids); n++) {
		size_t all = strcspn(p, ","), at = all;

		while (at && (isalnum((unsigned char)p[at - 1]) || p[at - 1] == '_'))
			at--;
		name[n] = p + at;
		len[n] = all - at;
		ids[n] = type(g, p, at, seen);
		p += all;
		p += strspn(p, ", ");
	}
	ret = type(g, f->ret, strlen(f->ret), seen);
	proto = bu_btfgen_proto(g, ret);
	for (unsigned i = 0; i < n; i++) {
		memcpy(text, name[i], len[i]); /* all are short */
		text[len[i]] = 0;
		bu_btfgen_param(g, text, ids[i]);
	}
	func = bu_btfgen_func(g, f->h.kfunc, proto, 0);
	bu_btfgen_decl_tag(g, "bpf_kfunc", func, -1);
	return func;
}

/* ---------------------------------------------------------------- locks that nobody else waits for */

static void give_back(struct bu_vm_run *run, uint32_t *n, const char *what)
{
	if (*n)
		--*n;
	else
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "%s", what);
}

BU_VM_KFN(bpf_rcu_read_lock)
{
	run->rcu++;
	return 0;
}

BU_VM_KFN(bpf_rcu_read_unlock)
{
	give_back(run, &run->rcu, "unmatched rcu read unlock (kernel function bpf_rcu_read_unlock)");
	return 0;
}

BU_VM_KFN(bpf_preempt_disable)
{
	run->preempt++;
	return 0;
}

BU_VM_KFN(bpf_preempt_enable)
{
	give_back(run, &run->preempt, "unmatched attempt to enable preemption (kernel function bpf_preempt_enable)");
	return 0;
}

#define IRQ_FLAG 0x200u

BU_VM_KFN(bpf_local_irq_save)
{
	uint64_t flags = run->irqs++ ? 0 : IRQ_FLAG;

	memcpy(bu_vm_ptr(a), &flags, sizeof(flags));
	return 0;
}

BU_VM_KFN(bpf_local_irq_restore)
{
	give_back(run, &run->irqs, "bpf_local_irq_restore: argument 1: no interrupts were turned off");
	return 0;
}

/* A probe's context is what it is to the kernel, too: registers. */
BU_VM_KFN(bpf_cast_to_kern_ctx)
{
	return a;
}

/* What is not the program's it cannot read here either, whatever it is said to be. */
BU_VM_KFN(bpf_rdonly_cast)
{
	return a;
}

/* ---------------------------------------------------------------- memory of a run's own */

uint64_t bu_vm_heap_new(struct bu_vm_run *run, uint64_t size, uint8_t kind)
{
	struct bu_vm *vm = run->vm;
	uint64_t base, lo;
	int err;

	if (!size || size > HEAP_SIZE || run->nheap == BU_ARRAY_SIZE(run->heap))
		return 0;
	if (!vm->heap)
		vm->heap = bu_vm_window_map(vm, -1, HEAP_SIZE, true, BU_VM_R_OTHER, NULL, &err);
	if (!vm->heap)
		return 0;
	base = (uintptr_t)vm->heap;
	lo = base;
	/* Between two lies a gap, so that what is behind the one is not yet the other. */
	for (uint32_t i = 0; i < run->nheap; i++)
		if (lo < run->heap[i].hi + 16 && run->heap[i].lo < lo + size + 16) {
			lo = (run->heap[i].hi + 31) & ~15ull;
			i = UINT32_MAX; /* once more from the first */
		}
	if (lo - base > HEAP_SIZE - size)
		return 0;
	run->heap[run->nheap++] = (struct bu_vm_heap){ .lo = lo, .hi = lo + size, .kind = kind };
	memset(bu_vm_ptr(lo), 0, size);
	return lo;
}

struct bu_vm_heap *bu_vm_heap_at(struct bu_vm_run *run, uint64_t p, uint8_t kind)
{
	for (uint32_t i = 0; i < run->nheap; i++)
		if (run->heap[i].lo == p && run->heap[i].kind == kind)
			return &run->heap[i];
	return NULL;
}

void bu_vm_heap_drop(struct bu_vm_run *run, struct bu_vm_heap *h)
{
	*h = run->heap[--run->nheap];
}

/* The program's own types, or NULL. Its reference is the program's. */
static const struct bu_btf *types_of(const struct bu_vm_prog *p)
{
	const struct bu_btf *btf = NULL;
	struct bu_vm_obj *o;

	if (!p->obj || !p->obj->h.prog.btf_id || bu_vm_obj_by_id(p->vm, BU_VM_BTF, p->obj->h.prog.btf_id, &o))
		return NULL;
	if (bu_vm_btf_of(o, &btf))
		btf = NULL;
	bu_vm_obj_put(o);
	return btf;
}

BU_VM_KFN(bpf_obj_new_impl)
{
	const struct bu_btf *btf = types_of(run->prog);
	struct bu_btf_type t;
	int64_t size;

	if (!btf || a > UINT32_MAX || bu_btf_get(btf, (uint32_t)a, &t) || t.kind != BU_BTF_STRUCT) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, a, 0, false,
			       "bpf_obj_new type ID argument must be of a struct");
		return 0;
	}
	size = bu_btf_size(btf, (uint32_t)a);
	return size > 0 ? bu_vm_heap_new(run, (uint64_t)size, BU_VM_HEAP_OBJ) : 0;
}

BU_VM_KFN(bpf_obj_drop_impl)
{
	struct bu_vm_heap *h = bu_vm_heap_at(run, a, BU_VM_HEAP_OBJ);

	if (h)
		bu_vm_heap_drop(run, h);
	else
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, a, 0, false,
			       "bpf_obj_drop_impl: argument 1: is no object of bpf_obj_new");
	return 0;
}

int bu_vm_kfuncs_end(struct bu_vm_run *run)
{
	const char *held = run->rcu ? "a bpf_rcu_read_lock" : run->preempt ? "preemption turned off" :
			   run->irqs ? "interrupts turned off" : run->nkheld ? "a task or control group" : NULL;

	for (uint32_t i = 0; !held && i < run->nheap; i++)
		if (run->heap[i].kind == BU_VM_HEAP_OBJ)
			held = "an object of bpf_obj_new";
	run->nheap = run->rcu = run->preempt = run->irqs = run->nkheld = 0;
	if (held && run->fault.kind == BU_VM_FAULT_NONE)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "ends with %s that was not given back", held);
	return 0;
}

/* ---------------------------------------------------------------- exceptions */

BU_VM_KFN(bpf_throw)
{
	run->thrown = true;
	return a;
}

#define TAG "exception_callback:"

int bu_vm_exception(const struct bu_btf *btf, const struct bpf_func_info *f, uint32_t n, uint32_t *insn,
		    struct bu_buf *log)
{
	const char *name = NULL;
	struct bu_btf_type t;
	uint32_t id = 0;

	*insn = 0;
	for (uint32_t i = 1; n && i <= btf->ntypes; i++) {
		if (bu_btf_get(btf, i, &t) || t.kind != BU_BTF_DECL_TAG || t.type != f[0].type_id || t.linkage != -1 ||
		    strncmp(t.name, TAG, strlen(TAG)))
			continue;
		if (name) {
			if (log)
				bu_buf_str(log, "multiple exception callback tags for main subprog\n");
			return -EINVAL;
		}
		name = t.name + strlen(TAG);
	}
	if (!name)
		return 0;
	id = bu_btf_find(btf, BU_BTF_FUNC, name);
	if (!id || bu_btf_get(btf, id, &t)) {
		if (log)
			bu_buf_printf(log, "exception callback '%s' could not be found in BTF\n", name);
		return -EINVAL;
	}
	if (t.linkage != 1) {
		if (log)
			bu_buf_printf(log, "exception callback '%s' must have global linkage\n", name);
		return -EINVAL;
	}
	for (uint32_t i = 1; i < n; i++)
		if (f[i].type_id == id)
			*insn = f[i].insn_off;
	return 0;
}
