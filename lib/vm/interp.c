/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter: threaded over pre-decoded operations. What an operation does stands in interp_body.def; how one
 * follows another, in interp_goto.h or interp_tail.h.
 *
 * Each base register remembers the stretch of memory that it last pointed into: most accesses are
 * checked by a compare with that. The rest goes through mem.c. What can take memory away from a run
 * (a return, helpers that are not known to leave everything in its place) clears what is remembered.
 */
#include "vm/interp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAY_GOTO_MAX 8388608u
#define CALLBACK_FUEL BU_VM_COST(8)

struct hot {
	uint64_t lo, rlen, wlen;
	uint64_t stack; /* a frame: goes with a return */
};
#define HOTS 12u
#define ANY 11 /* hot[ANY].stack: one of the others may have it */

#if !defined(BU_VM_SWITCH) && !defined(BU_VM_GOTO) && defined(__clang__) && defined(__OPTIMIZE__) && defined(__x86_64__)
#if __has_attribute(preserve_none) && __has_attribute(musttail) && !__has_feature(address_sanitizer) && \
	!__has_feature(memory_sanitizer) && !__has_feature(thread_sanitizer)
#define TAIL_CALLS 1
#endif
#endif
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---------------------------------------------------------------- faults */

int bu_vm_fault_at(struct bu_vm_run *run, enum bu_vm_fault_kind kind, uint64_t addr, uint32_t size,
		   bool write, const char *fmt, ...)
{
	struct bu_vm_fault *f = &run->fault;
	const struct bu_vm_prog *p = run->prog;
	struct bu_buf b = { 0 };
	va_list ap;
	int n;

	*f = (struct bu_vm_fault){ .kind = kind, .prog_id = p->id, .addr = addr, .size = size,
				   .write = write };
	f->insn = run->pc ? (uint32_t)(run->pc - p->ops) : 0;
	if (f->insn >= p->ninsns)
		f->insn = 0;
	bu_isa_print(&b, &p->insns[f->insn],
		     f->insn + 1 < p->ninsns ? &p->insns[f->insn + 1] : NULL, f->insn, NULL);
	n = snprintf(f->text, sizeof(f->text), "insn %u: %.*s: ", f->insn,
		     (int)(b.n < 60 ? b.n : 60), b.p ? (const char *)b.p : "");
	bu_buf_free(&b);
	va_start(ap, fmt);
	if (n > 0 && (size_t)n < sizeof(f->text))
		vsnprintf(f->text + n, sizeof(f->text) - (size_t)n, fmt, ap);
	va_end(ap);
	return -EFAULT;
}

/* ---------------------------------------------------------------- the slow ways */

/* Where [addr, addr + size) is, remembered for the register; NULL: a fault, or a virtual context. */
static void *reach(struct bu_vm_run *run, struct hot *hot, unsigned reg, uint64_t addr, uint32_t size,
		   bool write)
{
	struct bu_vm_span s;

	if (bu_vm_mem_span(run, addr, &s) || size > s.hi - addr || !(write ? s.write : s.read)) {
		void *p = bu_vm_arena_at(run, addr, size);

		if (p && (uintptr_t)p == addr && (addr & (BU_VM_PAGE - 1)) + size <= BU_VM_PAGE)
			hot[reg] = (struct hot){ addr & ~(uint64_t)(BU_VM_PAGE - 1), BU_VM_PAGE, BU_VM_PAGE, 0 };
		if (p)
			return p;
		bu_vm_mem_fault(run, addr, size, write);
		return NULL;
	}
	if (s.map && (s.map->spin_lock_off >= 0 || s.map->timer)) {
		if (bu_vm_special(s.map, addr - s.lo, size)) {
			bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write, "the %s of a map value",
				       s.map->spin_lock_off < 0 ? "bpf_timer" : s.map->timer ?
				       "bpf_timer or bpf_spin_lock" : "bpf_spin_lock");
			return NULL;
		}
		s.once = true;
	}
	if (!s.once) {
		uint64_t len = s.hi - s.lo;

		hot[reg] = (struct hot){ s.lo, s.read ? len : 0, s.write ? len : 0, s.stack };
		hot[ANY].stack |= s.stack;
	}
	return (void *)(uintptr_t)addr;
}

static bool is_virtual(const struct bu_vm_run *run, uint64_t addr)
{
	return addr - BU_VM_CTX_HANDLE < 4096 && run->ctx_addr == BU_VM_CTX_HANDLE;
}

static __attribute__((noinline)) int slow_load(struct bu_vm_run *run, struct hot *hot, unsigned reg,
					       uint64_t addr, uint32_t size, uint64_t *val)
{
	void *p;

	if (is_virtual(run, addr))
		return bu_vm_ctx_load(run, addr, size, val);
	p = reach(run, hot, reg, addr, size, false);
	if (!p)
		return -EFAULT;
	switch (size) {
	case 1: *val = *(const uint8_t *)p; break;
	case 2: { uint16_t v; memcpy(&v, p, 2); *val = v; break; }
	case 4: { uint32_t v; memcpy(&v, p, 4); *val = v; break; }
	default: memcpy(val, p, 8);
	}
	return 0;
}

static __attribute__((noinline)) int slow_store(struct bu_vm_run *run, struct hot *hot, unsigned reg,
						uint64_t addr, uint32_t size, uint64_t val)
{
	void *p;

	if (is_virtual(run, addr))
		return bu_vm_ctx_store(run, addr, size, val);
	p = reach(run, hot, reg, addr, size, true);
	if (!p)
		return -EFAULT;
	switch (size) {
	case 1: *(uint8_t *)p = (uint8_t)val; break;
	case 2: { uint16_t v = (uint16_t)val; memcpy(p, &v, 2); break; }
	case 4: { uint32_t v = (uint32_t)val; memcpy(p, &v, 4); break; }
	default: memcpy(p, &val, 8);
	}
	return 0;
}

/* Atomics want what the hosts guarantee them for: natural alignment. */
static void *atomic_at(struct bu_vm_run *run, struct hot *hot, unsigned reg, uint64_t addr, uint32_t size,
		       bool write)
{
	if (is_virtual(run, addr)) {
		bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write,
			       "atomic access to the context");
		return NULL;
	}
	if (addr & (size - 1)) {
		bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write,
			       "atomic access that is not aligned to %u bytes", size);
		return NULL;
	}
	return reach(run, hot, reg, addr, size, write);
}

#define ATOMIC_BODY(T)                                                                               \
	T *p = atomic_at(run, hot, op->dst, r[op->dst] + (uint64_t)(int64_t)op->off, sizeof(T),     \
			 true);                                                                     \
	T v = (T)r[op->src], old;                                                                   \
	if (!p)                                                                                     \
		return -EFAULT;                                                                     \
	switch (op->imm) {                                                                          \
	case 0x00: __atomic_fetch_add(p, v, __ATOMIC_RELAXED); return 0;                            \
	case 0x40: __atomic_fetch_or(p, v, __ATOMIC_RELAXED); return 0;                             \
	case 0x50: __atomic_fetch_and(p, v, __ATOMIC_RELAXED); return 0;                            \
	case 0xa0: __atomic_fetch_xor(p, v, __ATOMIC_RELAXED); return 0;                            \
	case 0x01: old = __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); break;                         \
	case 0x41: old = __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST); break;                          \
	case 0x51: old = __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST); break;                         \
	case 0xa1: old = __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST); break;                         \
	case 0xe1: old = __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST); break;                        \
	case 0xf1:                                                                                  \
		old = (T)r[0];                                                                      \
		__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
		r[0] = old;                                                                         \
		return 0;                                                                           \
	default:                                                                                    \
		return bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false, "unknown atomic operation");\
	}                                                                                           \
	r[op->src] = old;                                                                           \
	return 0;

static __attribute__((noinline)) int atomic32(struct bu_vm_run *run, struct hot *hot, uint64_t *r,
					      const struct bu_vm_op *op)
{
	ATOMIC_BODY(uint32_t)
}

static __attribute__((noinline)) int atomic64(struct bu_vm_run *run, struct hot *hot, uint64_t *r,
					      const struct bu_vm_op *op)
{
	ATOMIC_BODY(uint64_t)
}

static __attribute__((noinline)) int acquire(struct bu_vm_run *run, struct hot *hot, uint64_t *r,
					     const struct bu_vm_op *op, uint32_t size)
{
	void *p = atomic_at(run, hot, op->src, r[op->src] + (uint64_t)(int64_t)op->off, size, false);

	if (!p)
		return -EFAULT;
	r[op->dst] = size == 1 ? __atomic_load_n((uint8_t *)p, __ATOMIC_ACQUIRE) :
		     size == 2 ? __atomic_load_n((uint16_t *)p, __ATOMIC_ACQUIRE) :
		     size == 4 ? __atomic_load_n((uint32_t *)p, __ATOMIC_ACQUIRE) :
				 __atomic_load_n((uint64_t *)p, __ATOMIC_ACQUIRE);
	return 0;
}

static __attribute__((noinline)) int release(struct bu_vm_run *run, struct hot *hot, uint64_t *r,
					     const struct bu_vm_op *op, uint32_t size)
{
	void *p = atomic_at(run, hot, op->dst, r[op->dst] + (uint64_t)(int64_t)op->off, size, true);

	if (!p)
		return -EFAULT;
	switch (size) {
	case 1: __atomic_store_n((uint8_t *)p, (uint8_t)r[op->src], __ATOMIC_RELEASE); break;
	case 2: __atomic_store_n((uint16_t *)p, (uint16_t)r[op->src], __ATOMIC_RELEASE); break;
	case 4: __atomic_store_n((uint32_t *)p, (uint32_t)r[op->src], __ATOMIC_RELEASE); break;
	default: __atomic_store_n((uint64_t *)p, r[op->src], __ATOMIC_RELEASE);
	}
	return 0;
}

/* LD_ABS, LD_IND: true and r0, or false: the program ends with 0, as the kernel has it. */
static bool skb_load(struct bu_vm_run *run, uint64_t *r, const struct bu_vm_op *op, uint32_t size)
{
	bool mac = run->prog->type == BPF_PROG_TYPE_SCHED_CLS || run->prog->type == BPF_PROG_TYPE_SCHED_ACT;
	int64_t off = (int32_t)((uint32_t)op->imm + (op->src == BU_VM_NO_REG ? 0 : (uint32_t)r[op->src]));
	uint64_t base = run->data, v = 0;
	const uint8_t *p;

	if (off < 0) { /* from the link's or the network's header */
		if (off >= -0x100000) {
			off += 0x100000;
			base += mac ? 14 : 0;
		} else if (run->packet_buf && (mac || run->ctx->mac_size)) {
			off += 0x200000;
			base -= mac ? 0 : run->ctx->mac_size;
		}
		if (off < 0)
			return false;
	}
	if (!run->packet_buf || base + (uint64_t)off < (uintptr_t)run->packet_buf ||
	    base + (uint64_t)off + size > run->data_end)
		return false;
	p = (const uint8_t *)(uintptr_t)(base + (uint64_t)off);
	while (size--)
		v = v << 8 | *p++;
	r[0] = v;
	return true;
}

/* 1: run->prog is another one now; 0: there is none, the program goes on. */
static int tail_call(struct bu_vm_run *run)
{
	struct bu_vm_map *m = bu_vm_map_by_handle(run, run->r[2]);
	uint32_t index = (uint32_t)run->r[3], *id;
	struct bu_vm_prog *p;

	if (!m || m->type != BPF_MAP_TYPE_PROG_ARRAY)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, run->r[2], 0, false,
				      "bpf_tail_call: argument 2: is no map of programs");
	if (run->r[1] != run->ctx_addr)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, run->r[1], 0, false,
				      "bpf_tail_call: argument 1: is not the context");
	if (run->spin)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false,
				      "bpf_tail_call while a bpf_spin_lock is held");
	if (index >= m->max_entries || run->tail_calls >= BU_VM_TAIL_CALLS)
		return 0;
	id = m->ops->lookup(m, &index, run->cpu);
	if (!id || bu_vm_prog_by_id(run->vm, __atomic_load_n(id, __ATOMIC_ACQUIRE), &p))
		return 0;
	run->tails[run->tail_calls++] = p;
	run->prog = p;
	return 1;
}

/* Helpers that leave all memory of a run where it is. */
static bool leaves_memory(const struct bu_vm_helper *h)
{
	switch (h->id) {
	case 1: case 2: case 3: /* map elements */
	case 4: case 5: case 6: case 7: case 8:
	case 14: case 15: case 16: case 25: case 28: case 35:
	case 87: case 88: case 89: case 112: case 113: case 114: case 115: case 125: case 160: case 182:
		return true;
	}
	return false;
}

static int raw_call(struct bu_vm_run *run, uint64_t *r, uint64_t id, bool *end)
{
	struct bu_vm_prog *p = run->prog;

	if (id >= 64 || !p->raw_helper[id])
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, 0, 0, false, "there is no helper %llu",
				      (unsigned long long)id);
	r[0] = p->raw_helper[id](p->raw_ctx, r[1], r[2], r[3], r[4], r[5], end);
	return 0;
}

static int no_fuel(struct bu_vm_run *run)
{
	run->fuel = 0;
	return bu_vm_fault_at(run, BU_VM_FAULT_FUEL, 0, 0, false,
			      "the run has executed as many instructions as it may");
}

/* ---------------------------------------------------------------- what all ways share */

/*
 * Operations that are seldom, or long anyway: with the registers and the fuel in run. They return the next operation,
 * or NULL after stop().
 */
typedef const struct bu_vm_op *cold_fn(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op);

/* Ends the loop: 0: the function has returned, -ECANCELED: the whole program is done, -EFAULT: a fault is noted. */
static const struct bu_vm_op *stop(struct bu_vm_run *run, int err)
{
	run->stop = err;
	return NULL;
}

static const struct bu_vm_op *do_load(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	bool sx = op->code >= BU_VM_I_LDS8;
	unsigned bits = 8u << ((op->code - BU_VM_I_LD8) & 3);
	uint64_t val;

	run->pc = op;
	if (slow_load(run, hot, op->src, run->r[op->src] + (uint64_t)(int64_t)op->off, bits / 8, &val))
		return stop(run, -EFAULT);
	/* not cut when it is not extended: data of a context is 64 bits */
	run->r[op->dst] = sx ? (uint64_t)((int64_t)(val << (64 - bits)) >> (64 - bits)) : val;
	return op + 1;
}

static const struct bu_vm_op *do_store(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	bool imm = op->code < BU_VM_I_STX8;
	uint32_t size = 1u << ((op->code - (imm ? BU_VM_I_ST8 : BU_VM_I_STX8)) & 3);

	run->pc = op;
	if (slow_store(run, hot, op->dst, run->r[op->dst] + (uint64_t)(int64_t)op->off, size,
		       imm ? (uint64_t)op->imm : run->r[op->src]))
		return stop(run, -EFAULT);
	return op + 1;
}

static const struct bu_vm_op *do_acquire(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	run->pc = op;
	return acquire(run, hot, run->r, op, 1u << (op->code - BU_VM_I_ACQ8)) ? stop(run, -EFAULT) : op + 1;
}

static const struct bu_vm_op *do_release(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	run->pc = op;
	return release(run, hot, run->r, op, 1u << (op->code - BU_VM_I_REL8)) ? stop(run, -EFAULT) : op + 1;
}

static const struct bu_vm_op *do_atomic(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	run->pc = op;
	return (op->code == BU_VM_I_ATOMIC32 ? atomic32 : atomic64)(run, hot, run->r, op) ? stop(run, -EFAULT) : op + 1;
}

static const struct bu_vm_op *do_cast(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)hot;
	run->r[op->dst] = bu_vm_arena_cast(run, run->r[op->src], op->imm != 1);
	return op + 1;
}

static const struct bu_vm_op *do_skb(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)hot;
	if (run->r[6] != run->ctx_addr) {
		run->pc = op;
		return stop(run, bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, run->r[6], 0, false, "r6 is not the context"));
	}
	if (skb_load(run, run->r, op, 1u << (op->code - BU_VM_I_SKB8)))
		return op + 1;
	run->r[0] = 0;
	return stop(run, -ECANCELED);
}

static const struct bu_vm_op *do_may_goto(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	uint32_t *n = &run->frame[run->depth].may_goto;
	uint64_t cost = op->off < 0 ? BU_VM_COST(-(int64_t)op->off) : 0;

	(void)hot;
	if (*n < MAY_GOTO_MAX) {
		++*n;
		return op + 1;
	}
	run->pc = op;
	if (run->fuel < cost)
		return stop(run, no_fuel(run));
	run->fuel -= cost;
	return op + op->off + 1;
}

static const struct bu_vm_op *do_call(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	const struct bu_vm_helper *h = (const struct bu_vm_helper *)(intptr_t)op->imm;

	int err;

	run->pc = op;
	err = bu_vm_call_helper(run, h, run->r);
	if (err)
		return stop(run, err);
	if (h->kfunc ? !(h->flags & BU_VM_KF_KEEPS) : !leaves_memory(h))
		bu_vm_clear(hot, HOTS * sizeof(*hot));
	return op + 1;
}

/*
 * bpf_map_lookup_elem, as it is used most: a map of the program's own, the key on the stack, a value without a lock. r0 is
 * remembered at once. The rest goes the long way.
 */
static const struct bu_vm_op *do_lookup(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	uint64_t *r = run->r, i = r[1] - BU_VM_MAP_HANDLE, key = r[2];
	struct bu_vm_map *m;
	void *p;

	if (i & 4095 || i >> 12 >= run->prog->nmaps || run->spin)
		return do_call(run, hot, op);
	m = run->prog->maps[i >> 12];
	if (key - (r[10] - BU_VM_STACK) > BU_VM_STACK - (uint64_t)m->key_size || m->key_size > BU_VM_STACK || m->ops->fds ||
	    !(((const struct bu_vm_helper *)(intptr_t)op->imm)->maps >> m->type & 1) ||
	    !m->ops->lookup || m->spin_lock_off >= 0 || m->timer || m->flags & BPF_F_RDONLY_PROG)
		return do_call(run, hot, op);
	p = m->ops->lookup(m, (const void *)(uintptr_t)key, run->cpu);
	r[0] = (uintptr_t)p;
	hot[0] = (struct hot){ 0 };
	if (p) {
		bu_vm_grant(m, p);
		hot[0].lo = (uintptr_t)p;
		hot[0].rlen = m->flags & BPF_F_WRONLY_PROG ? 0 : m->value_size;
		hot[0].wlen = run->vm->read_only ? 0 : m->value_size;
	}
	return op + 1;
}

static const struct bu_vm_op *do_call_raw(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	bool end = false;

	(void)hot;
	run->pc = op;
	if (raw_call(run, run->r, op->code == BU_VM_I_CALLX ? run->r[op->dst] : (uint32_t)op->imm, &end))
		return stop(run, -EFAULT);
	return end ? stop(run, -ECANCELED) : op + 1;
}

static const struct bu_vm_op *do_call_local(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	struct bu_vm_frame *f;

	(void)hot;
	if (run->depth + 1 == BU_VM_FRAMES) {
		run->pc = op;
		return stop(run, bu_vm_fault_at(run, BU_VM_FAULT_DEPTH, 0, 0, false, "more than %u calls deep",
						BU_VM_FRAMES));
	}
	if (run->fuel < (uint64_t)op->imm) {
		run->pc = op;
		return stop(run, no_fuel(run));
	}
	run->fuel -= (uint64_t)op->imm;
	f = &run->frame[++run->depth];
	if (run->depth > run->deepest)
		run->deepest = run->depth;
	f->ret = op + 1;
	f->prog = run->prog;
	f->may_goto = 0;
	memcpy(f->saved, run->r + 6, sizeof(f->saved));
	run->r[10] += BU_VM_FRAME_STRIDE;
	return op + op->off + 1;
}

static const struct bu_vm_op *do_tail(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	int r;

	(void)hot;
	run->pc = op;
	r = tail_call(run);
	if (r <= 0)
		return r < 0 ? stop(run, -EFAULT) : op + 1;
	if (run->fuel < BU_VM_COST(run->prog->ninsns)) {
		run->pc = run->prog->ops;
		return stop(run, no_fuel(run));
	}
	run->fuel -= BU_VM_COST(run->prog->ninsns);
	run->frame[run->depth].may_goto = 0;
	return run->prog->ops;
}

static const struct bu_vm_op *do_exit(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	struct bu_vm_frame *f = &run->frame[run->depth];

	if (!f->ret) {
		run->end = op;
		return stop(run, 0);
	}
	run->prog = f->prog;
	memcpy(run->r + 6, f->saved, sizeof(f->saved));
	run->r[10] -= BU_VM_FRAME_STRIDE;
	run->depth--;
	for (unsigned i = 0; hot[ANY].stack && i < ANY; i++)
		if (hot[i].stack)
			hot[i] = (struct hot){ 0 };
	hot[ANY].stack = 0;
	return f->ret;
}

/* The address of a fused load; the load itself comes next. */
static const struct bu_vm_op *do_ldx(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)hot;
	run->r[op->dst] = run->r[op->src] + run->r[op->off];
	return op + 2;
}

static const struct bu_vm_op *do_ldg(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)hot;
	run->r[op->dst] = run->r[op->src] + (uint64_t)op->imm - (uint64_t)(int64_t)op[3].off;
	return op + 3;
}

static const struct bu_vm_op *do_nop(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)run, (void)hot;
	return op + 1;
}

static const struct bu_vm_op *do_bad(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	(void)hot;
	run->pc = op;
	return stop(run, bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false, "an instruction that the VM does not run"));
}

static cold_fn *const cold_fns[BU_VM_NICODES] = {
	[BU_VM_I_LDS64] = do_bad, [BU_VM_I_LDSN64] = do_bad, [BU_VM_I_SKB64] = do_bad, [BU_VM_I_BAD] = do_bad,
	[BU_VM_I_LD8 ... BU_VM_I_LDS32] = do_load,
	[BU_VM_I_ST8 ... BU_VM_I_ST64] = do_store,
	[BU_VM_I_STX8 ... BU_VM_I_STX64] = do_store,
	[BU_VM_I_ACQ8 ... BU_VM_I_ACQ64] = do_acquire,
	[BU_VM_I_REL8 ... BU_VM_I_REL64] = do_release,
	[BU_VM_I_ATOMIC32 ... BU_VM_I_ATOMIC64] = do_atomic,
	[BU_VM_I_SKB8 ... BU_VM_I_SKB32] = do_skb,
	[BU_VM_I_LDX8 ... BU_VM_I_LDX64] = do_ldx, [BU_VM_I_LDG8 ... BU_VM_I_LDG64] = do_ldg,
	[BU_VM_I_CAST] = do_cast, [BU_VM_I_MAYGOTO] = do_may_goto, [BU_VM_I_NOP] = do_nop,
	[BU_VM_I_CALL] = do_call, [BU_VM_I_LOOKUP] = do_lookup, [BU_VM_I_CALLRAW] = do_call_raw, [BU_VM_I_CALLX] = do_call_raw,
	[BU_VM_I_CALLLOCAL] = do_call_local, [BU_VM_I_TAIL] = do_tail, [BU_VM_I_EXIT] = do_exit,
};

static const struct bu_vm_op *do_cold(struct bu_vm_run *run, struct hot *hot, const struct bu_vm_op *op)
{
	cold_fn *fn = cold_fns[op->code];

	return fn ? fn(run, hot, op) : do_bad(run, hot, op);
}

/* ---------------------------------------------------------------- the loop */

#ifdef TAIL_CALLS
#include "vm/interp_tail.h"
#else
#include "vm/interp_goto.h"
#endif

void bu_vm_bind(struct bu_vm_op *ops, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		bind(&ops[i]);
}

/* A program threw: its exception callback makes the result of the cookie, which is in r0; without one that is it. */
static int caught(struct bu_vm_run *run)
{
	int err;

	run->thrown = false;
	if (!run->prog->exception)
		return 0;
	run->depth = 0;
	run->frame[0] = (struct bu_vm_frame){ .prog = run->prog };
	run->r[10] = (uintptr_t)run->stack + BU_VM_STACK;
	run->r[1] = run->r[0];
	err = loop(run, run->prog->ops + run->prog->exception);
	return err == -ECANCELED && run->thrown ? bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false,
								  "an exception callback threw") : err;
}

/*
 * loop() runs from an operation until the function that it is in returns. r0 is in run->r. A false LD_ABS and
 * unwinding end the whole run: -ECANCELED.
 */
int bu_vm_interp(struct bu_vm_run *run)
{
	int err;

	run->depth = 0;
	run->frame[0] = (struct bu_vm_frame){ .prog = run->prog };
	run->r[10] = (uintptr_t)run->stack + BU_VM_STACK;
	err = loop(run, run->prog->ops + run->entry);
	if (err == -ECANCELED && run->thrown)
		err = caught(run);
	return err == -ECANCELED ? 0 : err;
}

int bu_vm_callback(struct bu_vm_run *run, uint64_t func, const uint64_t arg[5], uint64_t *r0)
{
	uint64_t i = (func - BU_VM_FUNC_HANDLE) >> 3, saved[11];
	const struct bu_vm_op *pc = run->pc;
	struct bu_vm_prog *prog = run->prog;
	uint32_t depth = run->depth;
	int err;

	if (func < BU_VM_FUNC_HANDLE || func & 7 || i >= prog->ninsns)
		return bu_vm_fault_at(run, BU_VM_FAULT_HELPER, func, 0, false, "is no function");
	if (depth + 1 == BU_VM_FRAMES)
		return bu_vm_fault_at(run, BU_VM_FAULT_DEPTH, 0, 0, false, "more than %u calls deep",
				      BU_VM_FRAMES);
	if (run->fuel < CALLBACK_FUEL)
		return no_fuel(run);
	run->fuel -= CALLBACK_FUEL;
	memcpy(saved, run->r, sizeof(saved));
	memcpy(run->r + 1, arg, 5 * sizeof(*arg));
	run->r[10] += BU_VM_FRAME_STRIDE;
	run->depth++;
	if (run->depth > run->deepest)
		run->deepest = run->depth;
	run->frame[run->depth] = (struct bu_vm_frame){ .prog = prog };
	err = loop(run, prog->ops + i);
	if (err == -ECANCELED && !run->thrown)
		err = bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false, "a callback ended the program");
	if (err)
		return err; /* the fault is the callback's, with its registers */
	/* What lies between its first and its last instruction; ways back have been paid for. */
	if (run->prog == prog && run->end > prog->ops + i) {
		uint64_t cost = BU_VM_COST(run->end - (prog->ops + i));

		if (run->fuel < cost)
			return no_fuel(run);
		run->fuel -= cost;
	}
	*r0 = run->r[0];
	memcpy(run->r, saved, sizeof(saved));
	run->depth = depth;
	run->prog = prog;
	run->pc = pc;
	return 0;
}
