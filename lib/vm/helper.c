/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers: their table, and the check of their arguments. */
#include "vm/helper.h"

#include "vm/env.h"
#include "vm/map_sock.h"

#include <string.h>

/* No helper takes so much memory at once; the kernel's bound of a size argument. */
#define MAX_SIZE (1u << 29)

static const struct bu_vm_helper rows[] = {
#define BU_VM_HELPER(id_, name, progs_, maps_, a, b, c, d, e)                                       \
	[id_] = { .id = id_, .fn = bu_vm_h_##name, .progs = BU_VM_P_##progs_, .maps = maps_,        \
		  .arg = { BU_VM_A_##a, BU_VM_A_##b, BU_VM_A_##c, BU_VM_A_##d, BU_VM_A_##e } },
#include "vm/vmhelper.def"
#undef BU_VM_HELPER
};

const struct bu_vm_helper *bu_vm_helper(int32_t id)
{
	return id > 0 && (uint32_t)id < BU_ARRAY_SIZE(rows) && rows[id].fn ? &rows[id] : NULL;
}

/* Those that are not: their calls fail, unless they are faked. */
static const struct bu_vm_helper absent[] = {
#define BU_HELPER(id_, name, gpl, args) [id_] = { .id = id_ },
#include "isa/helper.def"
#undef BU_HELPER
};

const struct bu_vm_helper *bu_vm_helper_row(int32_t id)
{
	const struct bu_vm_helper *h = bu_vm_helper(id);

	return h ? h : id > 0 && (uint32_t)id < BU_ARRAY_SIZE(absent) && absent[id].id ? &absent[id] : NULL;
}

#define P(name) (1ull << BPF_PROG_TYPE_##name)
#define TRACING (P(KPROBE) | P(TRACEPOINT) | P(PERF_EVENT) | P(RAW_TRACEPOINT) | P(TRACING) |       \
		 P(RAW_TRACEPOINT_WRITABLE) | P(LSM) | P(SYSCALL))
#define TC (P(SCHED_CLS) | P(SCHED_ACT) | P(SK_SKB))
#define LWT (P(LWT_IN) | P(LWT_OUT) | P(LWT_XMIT))
#define FILTER (P(SCHED_CLS) | P(SCHED_ACT) | P(CGROUP_SKB) | P(SOCKET_FILTER))
#define SKB (TC | LWT | FILTER | P(LWT_SEG6LOCAL) | P(FLOW_DISSECTOR))

bool bu_vm_progset_has(uint8_t set, uint32_t prog_type)
{
	static const uint64_t sets[] = {
		[BU_VM_P_ALL] = ~0ull,
		[BU_VM_P_TRACING] = TRACING,
		[BU_VM_P_XDP] = P(XDP),
		[BU_VM_P_SKB] = SKB,
		[BU_VM_P_TC] = TC,
		[BU_VM_P_TC_LWT] = TC | LWT | P(LWT_SEG6LOCAL),
		[BU_VM_P_TC_LWT_XDP] = (TC & ~P(SK_SKB)) | LWT | P(LWT_SEG6LOCAL) | P(XDP),
		[BU_VM_P_FILTER] = FILTER,
		[BU_VM_P_TC_ONLY] = P(SCHED_CLS) | P(SCHED_ACT),
		[BU_VM_P_TC_XMIT] = P(SCHED_CLS) | P(SCHED_ACT) | P(LWT_XMIT),
		[BU_VM_P_REDIRECT] = P(XDP) | P(SCHED_CLS) | P(SCHED_ACT) | P(LWT_XMIT),
		[BU_VM_P_NOT_TRACING] = ~TRACING,
		[BU_VM_P_OUTPUT] = ~P(FLOW_DISSECTOR),
		[BU_VM_P_ITER] = P(TRACING),
		[BU_VM_P_TC_XDP] = P(SCHED_CLS) | P(SCHED_ACT) | P(XDP),
		[BU_VM_P_TC_CGROUP] = P(SCHED_CLS) | P(SCHED_ACT) | P(CGROUP_SKB),
		[BU_VM_P_SOCK_LOOKUP] = P(SCHED_CLS) | P(SCHED_ACT) | P(XDP) | P(CGROUP_SKB) | P(SK_SKB) |
					P(CGROUP_SOCK_ADDR),
		[BU_VM_P_CGROUP] = P(CGROUP_DEVICE) | P(CGROUP_SYSCTL) | P(CGROUP_SOCKOPT) | P(CGROUP_SOCK_ADDR) |
				   P(CGROUP_SOCK),
		[BU_VM_P_SKB_SOCK] = TC | P(CGROUP_SKB) | P(SOCKET_FILTER),
		[BU_VM_P_KPROBE] = P(KPROBE),
		[BU_VM_P_SYSCALL] = P(SYSCALL) | P(TRACING) | P(LSM) | P(KPROBE),
		[BU_VM_P_PERF] = P(PERF_EVENT),
		[BU_VM_P_SK_MSG] = P(SK_MSG),
		[BU_VM_P_SOCK_OPS] = P(SOCK_OPS),
		[BU_VM_P_CGROUP_SKB] = P(CGROUP_SKB),
		[BU_VM_P_SYSCALL_ONLY] = P(SYSCALL),
		[BU_VM_P_SYSCTL] = P(CGROUP_SYSCTL),
		[BU_VM_P_SK_SKB] = P(SK_SKB),
		[BU_VM_P_SK_REUSEPORT] = P(SK_REUSEPORT),
#define SK_STORAGE (P(SCHED_CLS) | P(SCHED_ACT) | P(CGROUP_SKB) | P(SOCK_OPS) | P(SK_MSG) | P(CGROUP_SOCK_ADDR) |      \
		    P(CGROUP_SOCKOPT))
		[BU_VM_P_SK_STORAGE] = SK_STORAGE | P(CGROUP_SOCK),
		[BU_VM_P_SK_STORAGE_DEL] = SK_STORAGE,
		[BU_VM_P_LOCAL_STORAGE] = P(CGROUP_SKB) | P(CGROUP_SOCK) | P(SOCK_OPS) | P(CGROUP_DEVICE) |
					  P(CGROUP_SOCK_ADDR) | P(CGROUP_SYSCTL) | P(CGROUP_SOCKOPT),
		[BU_VM_P_LSM] = P(LSM),
		[BU_VM_P_KF_GENERIC] = P(XDP) | P(SCHED_CLS) | P(CGROUP_SKB) | P(CGROUP_SOCK) | P(CGROUP_SOCK_ADDR) |
				       P(CGROUP_DEVICE) | P(CGROUP_SYSCTL) | P(CGROUP_SOCKOPT) | P(SOCK_OPS) |
				       P(TRACEPOINT) | P(PERF_EVENT) | P(TRACING) | P(LSM) | P(SYSCALL) | P(STRUCT_OPS),
		[BU_VM_P_KF_SKB] = TC | LWT | P(LWT_SEG6LOCAL) | P(CGROUP_SKB) | P(SOCKET_FILTER),
		[BU_VM_P_COOKIE] = P(KPROBE) | P(PERF_EVENT) | P(TRACEPOINT) | P(RAW_TRACEPOINT) | P(TRACING) | P(LSM),
	};

	return set < BU_ARRAY_SIZE(sets) && prog_type < 64 && sets[set] >> prog_type & 1;
}

/* ---------------------------------------------------------------- arguments */

static const char *name_of(const struct bu_vm_helper *h)
{
	const struct bu_helper *row = h->kfunc ? NULL : bu_helper_by_id(h->id);

	return h->kfunc ? h->kfunc : row ? row->name : "helper";
}

static int bad(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i, const char *what)
{
	return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, run->r[i + 1], 0, false, "%s: argument %u: %s",
			      name_of(h), i + 1, what);
}

static int bad_mem(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i, uint64_t size,
		   bool write)
{
	return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, run->r[i + 1],
			      size < UINT32_MAX ? (uint32_t)size : UINT32_MAX, write,
			      "%s: argument %u: %llu byte%s that the program may not %s",
			      name_of(h), i + 1, (unsigned long long)size,
			      size == 1 ? "" : "s", write ? "write" : "read");
}

/* Memory of the size that the next argument says; the sizes themselves. */
static int sized(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i, bool write, bool null)
{
	uint64_t p = run->r[i + 1], n = run->r[i + 2];
	bool zero = i + 1 < BU_ARRAY_SIZE(h->arg) && h->arg[i + 1] == BU_VM_A_SIZE0;

	if (n > MAX_SIZE)
		return bad(run, h, i + 1, "a size that no memory has");
	if (!n && !zero)
		return bad(run, h, i + 1, "a size of zero");
	if (null && !p)
		return n ? bad(run, h, i, "no address, but the size is not zero") : 0;
	if (!bu_vm_mem_try(run, p, n ? n : 1, write) && n)
		return bad_mem(run, h, i, n, write);
	return 0;
}

static bool is_func(const struct bu_vm_run *run, uint64_t handle)
{
	uint64_t first = bu_vm_func_handle(run->prog, 0);
	uint64_t step = bu_vm_func_handle(run->prog, 1) - first, i;

	if (!step || handle < first)
		return false;
	i = (handle - first) / step;
	return i < run->prog->ninsns && bu_vm_func_handle(run->prog, (uint32_t)i) == handle;
}

static bool is_record(const struct bu_vm_run *run, uint64_t p)
{
	for (uint32_t i = 0; i < run->nrec; i++)
		if (run->rec[i].lo == p)
			return true;
	return false;
}

static int text(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i)
{
	const char *s;

	if (bu_vm_mem_try(run, run->r[i + 1], 1, true))
		return bad(run, h, i, "a text that can change (it must be in a read-only map)");
	for (uint64_t p = run->r[i + 1];; p++) {
		s = bu_vm_mem_try(run, p, 1, false);
		if (!s)
			return bad(run, h, i, p == run->r[i + 1] ? "is no text" : "a text without an end");
		if (!*(const volatile char *)s)
			return 0;
	}
}

static int check_map(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i,
		     struct bu_vm_map **map)
{
	static const char *const wrong = "a map of a type that this helper does not take";
	struct bu_vm_map *m = bu_vm_map_by_handle(run, run->r[i + 1]);

	if (!m)
		return bad(run, h, i, "is no map");
	if (m->type >= 64 || !(h->maps >> m->type & 1))
		return bad(run, h, i, wrong);
	*map = m;
	return 0;
}

static int check_arg(struct bu_vm_run *run, const struct bu_vm_helper *h, unsigned i,
		     struct bu_vm_map **map)
{
	uint64_t v = run->r[i + 1];
	uint32_t n;

	switch ((enum bu_vm_arg)h->arg[i]) {
	case BU_VM_A_NONE:
	case BU_VM_A_ANY:
	case BU_VM_A_SIZE: /* with the memory in front of it */
	case BU_VM_A_SIZE0:
		return 0;
	case BU_VM_A_MAP:
		return check_map(run, h, i, map);
	case BU_VM_A_VALUE_NULL:
		if (!v)
			return 0;
		/* fallthrough */
	case BU_VM_A_KEY:
	case BU_VM_A_VALUE:
	case BU_VM_A_VALUE_OUT:
		if (!*map)
			return bad(run, h, i, "has no map before it");
		/* A map of sockets takes a socket. */
		if (h->arg[i] == BU_VM_A_VALUE && bu_vm_is_sockmap(*map))
			return bu_vm_sock_at(run, v) ? 0 : bad(run, h, i, "is no socket");
		n = h->arg[i] == BU_VM_A_KEY ? (*map)->key_size : (*map)->value_size;
		if (!bu_vm_mem_try(run, v, n, h->arg[i] == BU_VM_A_VALUE_OUT))
			return bad_mem(run, h, i, n, h->arg[i] == BU_VM_A_VALUE_OUT);
		return 0;
	case BU_VM_A_MEM:
		return sized(run, h, i, false, false);
	case BU_VM_A_MEM_NULL:
		return sized(run, h, i, false, true);
	case BU_VM_A_OUT:
		return sized(run, h, i, true, false);
	case BU_VM_A_OUT_NULL:
		return sized(run, h, i, true, true);
	case BU_VM_A_CTX:
		return v == run->ctx_addr ? 0 : bad(run, h, i, "is not the context");
	case BU_VM_A_FUNC:
		return is_func(run, v) ? 0 : bad(run, h, i, "is no function");
	case BU_VM_A_STACK_OR_NULL:
		if (!v || (v >= (uintptr_t)run->stack && bu_vm_mem_try(run, v, 1, true) &&
			   v < (uintptr_t)run->stack + BU_VM_FRAMES * BU_VM_FRAME_STRIDE))
			return 0;
		return bad(run, h, i, "is neither NULL nor on the stack");
	case BU_VM_A_RECORD:
		return is_record(run, v) ? 0 : bad(run, h, i, "is no record of a ring buffer");
	case BU_VM_A_STR:
		return text(run, h, i);
	case BU_VM_A_DYNPTR:
		/* read, write, data: of a user_ringbuf's callback it may not be changed itself */
		if (v & 7 || !bu_vm_mem_try(run, v, 16, h->id < 201 || h->id > 203))
			return bad_mem(run, h, i, 16, h->id < 201 || h->id > 203);
		return 0;
	case BU_VM_A_U32_OUT:
		if (v & 3 || !bu_vm_mem_try(run, v, 4, true))
			return bad_mem(run, h, i, 4, true);
		return 0;
	case BU_VM_A_SOCK:
		return bu_vm_sock_at(run, v) ? 0 : bad(run, h, i, "is no socket");
	case BU_VM_A_CTX_NULL:
		return !v || v == run->ctx_addr ? 0 : bad(run, h, i, "is neither the context nor NULL");
	case BU_VM_A_LONG_OUT:
		if (v & 7 || !bu_vm_mem_try(run, v, 8, true))
			return bad_mem(run, h, i, 8, true);
		return 0;
	}
	return bad(run, h, i, "of a kind that is not known");
}

/* What a program may not do to a map, by its flags. */
static bool forbidden(const struct bu_vm_helper *h, const struct bu_vm_map *m)
{
	switch (h->id) {
	case 2: /* map_update_elem, delete, push, pop */
	case 3:
	case 87:
	case 88:
		return m->flags & BPF_F_RDONLY_PROG;
	}
	return false;
}

int bu_vm_call_helper(struct bu_vm_run *run, const struct bu_vm_helper *h, uint64_t *r0)
{
	bool proved = run->prog->facts && run->pc && run->prog->ops &&
		      run->prog->facts[run->pc - run->prog->ops] & BU_VM_PROVED_ARGS;
	struct bu_vm_map *map = NULL;
	uint64_t a[5];
	int err;

	memcpy(a, run->r + 1, sizeof(a));
	if (run->spin && h->id != 94 && !(h->flags & BU_VM_KF_LOCKED))
		return bad(run, h, 0, "no helper may be called while a bpf_spin_lock is held");
	if (run->vm->settings && bu_vm_faked(run->vm, h->id)) {
		*r0 = run->vm->settings->fake[h->id];
		return 0;
	}
	if (!h->fn)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "%s: the VM does not have it",
				      bu_helper_by_id(h->id)->name);
	for (unsigned i = 0; i < 5; i++) {
		if (h->arg[i] == BU_VM_A_NONE)
			continue;
		err = proved && h->arg[i] != BU_VM_A_MAP ? 0 : check_arg(run, h, i, &map);
		if (err)
			return err;
		if (h->arg[i] == BU_VM_A_MAP) {
			a[i] = (uintptr_t)map;
			if (forbidden(h, map))
				return bad(run, h, i, "a map that programs may not write");
		}
	}
	run->fault.kind = BU_VM_FAULT_NONE;
	*r0 = h->fn(run, a[0], a[1], a[2], a[3], a[4]);
	if (run->thrown && run->fault.kind == BU_VM_FAULT_NONE)
		return -ECANCELED;
	return run->fault.kind == BU_VM_FAULT_NONE ? 0 : -EFAULT;
}

int bu_vm_helpers_end(struct bu_vm_run *run)
{
	bool held = run->spin || run->nrec || run->nheld;

	if (run->spin && run->fault.kind == BU_VM_FAULT_NONE)
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "ends with a bpf_spin_lock held");
	if (run->spin)
		bu_vm_spin_unlock(run->spin, run->spin_off);
	run->spin = NULL;
	if (run->nrec && run->fault.kind == BU_VM_FAULT_NONE)
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, run->rec[0].lo, 0, false,
			       "ends with a record of a ring buffer that was neither submitted nor discarded");
	for (uint32_t i = 0; i < run->nrec; i++)
		bu_vm_ringbuf_commit(run->rec[i].map, (void *)(uintptr_t)run->rec[i].lo, 0, true);
	run->nrec = 0;
	if (run->nheld && run->fault.kind == BU_VM_FAULT_NONE)
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "ends with a socket that was not released");
	run->nheld = 0;
	return held ? -EFAULT : 0;
}
