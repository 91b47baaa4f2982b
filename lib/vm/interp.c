/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interpreter: threaded over pre-decoded operations.
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
#define CALLBACK_FUEL 8u

struct hot {
	uint64_t lo, rlen, wlen;
	uint64_t stack; /* a frame: goes with a return */
};

#if (defined(__GNUC__) || defined(__clang__)) && !defined(BU_VM_SWITCH)
#define THREADED 1
#endif
#define likely(x) __builtin_expect(!!(x), 1)

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
		bu_vm_mem_fault(run, addr, size, write);
		return NULL;
	}
	if (s.map && s.map->spin_lock_off >= 0) {
		uint64_t lock = s.lo + (uint32_t)s.map->spin_lock_off;

		if (addr < lock + 4 && lock < addr + size) {
			bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write,
				       "the bpf_spin_lock of a map value");
			return NULL;
		}
		s.once = true;
	}
	if (!s.once) {
		uint64_t len = s.hi - s.lo;

		hot[reg] = (struct hot){ s.lo, s.read ? len : 0, s.write ? len : 0, s.stack };
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

/* ---------------------------------------------------------------- the loop */

#define K(T) ((T)op->imm)
#define DST r[op->dst]
#define SRC r[op->src]
#define ADDR(reg) (r[op->reg] + (uint64_t)(int64_t)op->off)

#ifdef THREADED
#define NEXT                                                                                        \
	do {                                                                                        \
		op++;                                                                               \
		goto *label[op->code];                                                              \
	} while (0)
#define GO goto *label[op->code]
#define OP(n) L_##n:
#else
#define NEXT                                                                                        \
	{                                                                                           \
		op++;                                                                               \
		continue;                                                                           \
	}
#define GO continue
#define OP(n) case BU_VM_I_##n:
#endif

#define ALU(n, X64, X32)                                                                            \
	OP(n##64K) { uint64_t a = DST, b = K(uint64_t); (void)a; DST = (uint64_t)(X64); NEXT; }     \
	OP(n##64X) { uint64_t a = DST, b = SRC; (void)a; DST = (uint64_t)(X64); NEXT; }             \
	OP(n##32K) { uint32_t a = (uint32_t)DST, b = K(uint32_t); (void)a; DST = (uint32_t)(X32); NEXT; } \
	OP(n##32X) { uint32_t a = (uint32_t)DST, b = (uint32_t)SRC; (void)a; DST = (uint32_t)(X32); NEXT; }
#define FORWARD { op += op->off + 1; GO; }
#define BACKWARD                                                                                    \
	{                                                                                           \
		uint64_t cost = (uint64_t)-(int64_t)op->off;                                        \
		if (fuel < cost)                                                                    \
			goto out_of_fuel;                                                           \
		fuel -= cost;                                                                       \
		op += op->off + 1;                                                                  \
		GO;                                                                                 \
	}
#define JMP1(n, T, A, B, cond, way) OP(n) { T a = (T)(A), b = (T)(B); if (cond) way; NEXT; }
#define JMP(n, T64, T32, cond)                                                                      \
	JMP1(n##64KF, T64, DST, op->imm, cond, FORWARD)                                             \
	JMP1(n##64KB, T64, DST, op->imm, cond, BACKWARD)                                            \
	JMP1(n##64XF, T64, DST, SRC, cond, FORWARD)                                                 \
	JMP1(n##64XB, T64, DST, SRC, cond, BACKWARD)                                                \
	JMP1(n##32KF, T32, DST, op->imm, cond, FORWARD)                                             \
	JMP1(n##32KB, T32, DST, op->imm, cond, BACKWARD)                                            \
	JMP1(n##32XF, T32, DST, SRC, cond, FORWARD)                                                 \
	JMP1(n##32XB, T32, DST, SRC, cond, BACKWARD)

#define LOAD(n, T, S)                                                                               \
	OP(n)                                                                                       \
	{                                                                                           \
		uint64_t a = ADDR(src), d = a - hot[op->src].lo, len = hot[op->src].rlen, val;      \
		if (likely(d < len && len - d >= sizeof(T))) {                                      \
			T v;                                                                        \
			memcpy(&v, (const void *)(uintptr_t)a, sizeof(v));                          \
			DST = (uint64_t)(S)v;                                                       \
			NEXT;                                                                       \
		}                                                                                   \
		run->pc = op;                                                                       \
		if (slow_load(run, hot, op->src, a, sizeof(T), &val))                               \
			goto fault;                                                                 \
		DST = (T)-1 > 0 ? val : (uint64_t)(S)(T)val; /* data of a context is 64 bits */      \
		NEXT;                                                                               \
	}
#define LOADN(n, T, S)                                                                              \
	OP(n) { T v; memcpy(&v, (const void *)(uintptr_t)ADDR(src), sizeof(v)); DST = (uint64_t)(S)v; NEXT; }
#define STORE(n, T, V)                                                                              \
	OP(n)                                                                                       \
	{                                                                                           \
		uint64_t a = ADDR(dst), d = a - hot[op->dst].lo, len = hot[op->dst].wlen;           \
		if (likely(d < len && len - d >= sizeof(T))) {                                      \
			T v = (T)(V);                                                               \
			memcpy((void *)(uintptr_t)a, &v, sizeof(v));                                \
			NEXT;                                                                       \
		}                                                                                   \
		run->pc = op;                                                                       \
		if (slow_store(run, hot, op->dst, a, sizeof(T), (uint64_t)(V)))                     \
			goto fault;                                                                 \
		NEXT;                                                                               \
	}
#define STOREN(n, T, V)                                                                             \
	OP(n) { T v = (T)(V); memcpy((void *)(uintptr_t)ADDR(dst), &v, sizeof(v)); NEXT; }
#define ORDERED(n, size)                                                                            \
	OP(ACQ##n) { run->pc = op; if (acquire(run, hot, r, op, size)) goto fault; NEXT; }          \
	OP(REL##n) { run->pc = op; if (release(run, hot, r, op, size)) goto fault; NEXT; }
#define SKB(n, size)                                                                                \
	OP(SKB##n) { if (skb_load(run, r, op, size)) NEXT; r[0] = 0; goto leave_all; }

/*
 * Runs from op until the function that it is in returns. r0 is in run->r. A false LD_ABS and unwinding
 * end the whole run: -ECANCELED.
 */
static int loop(struct bu_vm_run *run, const struct bu_vm_op *op)
{
	uint64_t *const r = run->r;
	uint64_t fuel = run->fuel;
	struct hot hot[11];
	bool end = false;
	int err;

#ifdef THREADED
	static const void *const label[] = {
#define BU_VM_I(n) &&L_##n,
#include "vm/interp.def"
#undef BU_VM_I
	};
#endif
	bu_vm_clear(hot, sizeof(hot));
#ifdef THREADED
	GO;
#else
	for (;;)
		switch (op->code) {
#endif
	ALU(ADD, a + b, a + b)
	ALU(SUB, a - b, a - b)
	ALU(MUL, a * b, a * b)
	ALU(DIV, b ? a / b : 0, b ? a / b : 0)
	ALU(OR, a | b, a | b)
	ALU(AND, a & b, a & b)
	ALU(LSH, a << (b & 63), a << (b & 31))
	ALU(RSH, a >> (b & 63), a >> (b & 31))
	ALU(MOD, b ? a % b : a, b ? a % b : a)
	ALU(XOR, a ^ b, a ^ b)
	ALU(MOV, b, b)
	ALU(ARSH, (int64_t)a >> (b & 63), (int32_t)a >> (b & 31))
	ALU(SDIV, !b ? 0 : b == UINT64_MAX ? 0 - a : (uint64_t)((int64_t)a / (int64_t)b),
	    !b ? 0 : b == UINT32_MAX ? 0 - a : (uint32_t)((int32_t)a / (int32_t)b))
	ALU(SMOD, !b ? a : b == UINT64_MAX ? 0 : (uint64_t)((int64_t)a % (int64_t)b),
	    !b ? a : b == UINT32_MAX ? 0 : (uint32_t)((int32_t)a % (int32_t)b))
	OP(NEG64) { DST = 0 - DST; NEXT; }
	OP(NEG32) { DST = (uint32_t)(0 - (uint32_t)DST); NEXT; }
	OP(SX64_8) { DST = (uint64_t)(int64_t)(int8_t)SRC; NEXT; }
	OP(SX64_16) { DST = (uint64_t)(int64_t)(int16_t)SRC; NEXT; }
	OP(SX64_32) { DST = (uint64_t)(int64_t)(int32_t)SRC; NEXT; }
	OP(SX32_8) { DST = (uint32_t)(int32_t)(int8_t)SRC; NEXT; }
	OP(SX32_16) { DST = (uint32_t)(int32_t)(int16_t)SRC; NEXT; }
	OP(ZX16) { DST = (uint16_t)DST; NEXT; }
	OP(ZX32) { DST = (uint32_t)DST; NEXT; }
	OP(SWAP16) { DST = __builtin_bswap16((uint16_t)DST); NEXT; }
	OP(SWAP32) { DST = __builtin_bswap32((uint32_t)DST); NEXT; }
	OP(SWAP64) { DST = __builtin_bswap64(DST); NEXT; }
	OP(NOP) { NEXT; }

	JMP(JEQ, uint64_t, uint32_t, a == b)
	JMP(JGT, uint64_t, uint32_t, a > b)
	JMP(JGE, uint64_t, uint32_t, a >= b)
	JMP(JSET, uint64_t, uint32_t, a & b)
	JMP(JNE, uint64_t, uint32_t, a != b)
	JMP(JSGT, int64_t, int32_t, a > b)
	JMP(JSGE, int64_t, int32_t, a >= b)
	JMP(JLT, uint64_t, uint32_t, a < b)
	JMP(JLE, uint64_t, uint32_t, a <= b)
	JMP(JSLT, int64_t, int32_t, a < b)
	JMP(JSLE, int64_t, int32_t, a <= b)
	OP(JAF) FORWARD
	OP(JAB) BACKWARD
	OP(MAYGOTO)
	{
		uint32_t *n = &run->frame[run->depth].may_goto;

		if (*n >= MAY_GOTO_MAX) {
			if (op->off < 0)
				BACKWARD
			FORWARD
		}
		++*n;
		NEXT;
	}

	OP(CALL)
	{
		const struct bu_vm_helper *h = (const struct bu_vm_helper *)(intptr_t)op->imm;

		run->pc = op;
		run->fuel = fuel;
		err = bu_vm_call_helper(run, h, r);
		fuel = run->fuel;
		if (err)
			goto fault;
		if (!leaves_memory(h))
			bu_vm_clear(hot, sizeof(hot));
		NEXT;
	}
	OP(CALLRAW)
	{
		run->pc = op;
		if (raw_call(run, r, (uint32_t)op->imm, &end))
			goto fault;
		if (end)
			goto leave_all;
		NEXT;
	}
	OP(CALLX)
	{
		run->pc = op;
		if (raw_call(run, r, DST, &end))
			goto fault;
		if (end)
			goto leave_all;
		NEXT;
	}
	OP(CALLLOCAL)
	{
		struct bu_vm_frame *f;

		run->pc = op;
		if (run->depth + 1 == BU_VM_FRAMES) {
			bu_vm_fault_at(run, BU_VM_FAULT_DEPTH, 0, 0, false, "more than %u calls deep",
				       BU_VM_FRAMES);
			goto fault;
		}
		if (fuel < (uint64_t)op->imm)
			goto out_of_fuel;
		fuel -= (uint64_t)op->imm;
		f = &run->frame[++run->depth];
		if (run->depth > run->deepest)
			run->deepest = run->depth;
		f->ret = op + 1;
		f->prog = run->prog;
		f->may_goto = 0;
		memcpy(f->saved, r + 6, sizeof(f->saved));
		r[10] += BU_VM_FRAME_STRIDE;
		op += op->off + 1;
		GO;
	}
	OP(TAIL)
	{
		run->pc = op;
		err = tail_call(run);
		if (err < 0)
			goto fault;
		if (!err)
			NEXT;
		op = run->prog->ops;
		if (fuel < run->prog->ninsns)
			goto out_of_fuel;
		fuel -= run->prog->ninsns;
		run->frame[run->depth].may_goto = 0;
		GO;
	}
	OP(EXIT)
	{
		struct bu_vm_frame *f = &run->frame[run->depth];

		if (!f->ret) {
			run->fuel = fuel;
			run->end = op;
			return 0;
		}
		op = f->ret;
		run->prog = f->prog;
		memcpy(r + 6, f->saved, sizeof(f->saved));
		r[10] -= BU_VM_FRAME_STRIDE;
		run->depth--;
		for (unsigned i = 0; i < BU_ARRAY_SIZE(hot); i++)
			if (hot[i].stack)
				hot[i] = (struct hot){ 0 };
		GO;
	}

	OP(IMM64) { DST = (uint64_t)op->imm; op += 2; GO; }
	SKB(8, 1)
	SKB(16, 2)
	SKB(32, 4)
	LOAD(LD8, uint8_t, uint64_t)
	LOAD(LD16, uint16_t, uint64_t)
	LOAD(LD32, uint32_t, uint64_t)
	LOAD(LD64, uint64_t, uint64_t)
	LOAD(LDS8, int8_t, int64_t)
	LOAD(LDS16, int16_t, int64_t)
	LOAD(LDS32, int32_t, int64_t)
	LOADN(LDN8, uint8_t, uint64_t)
	LOADN(LDN16, uint16_t, uint64_t)
	LOADN(LDN32, uint32_t, uint64_t)
	LOADN(LDN64, uint64_t, uint64_t)
	LOADN(LDSN8, int8_t, int64_t)
	LOADN(LDSN16, int16_t, int64_t)
	LOADN(LDSN32, int32_t, int64_t)
	STORE(ST8, uint8_t, op->imm)
	STORE(ST16, uint16_t, op->imm)
	STORE(ST32, uint32_t, op->imm)
	STORE(ST64, uint64_t, op->imm)
	STOREN(STN8, uint8_t, op->imm)
	STOREN(STN16, uint16_t, op->imm)
	STOREN(STN32, uint32_t, op->imm)
	STOREN(STN64, uint64_t, op->imm)
	STORE(STX8, uint8_t, SRC)
	STORE(STX16, uint16_t, SRC)
	STORE(STX32, uint32_t, SRC)
	STORE(STX64, uint64_t, SRC)
	STOREN(STXN8, uint8_t, SRC)
	STOREN(STXN16, uint16_t, SRC)
	STOREN(STXN32, uint32_t, SRC)
	STOREN(STXN64, uint64_t, SRC)
	ORDERED(8, 1)
	ORDERED(16, 2)
	ORDERED(32, 4)
	ORDERED(64, 8)
	OP(ATOMIC32) { run->pc = op; if (atomic32(run, hot, r, op)) goto fault; NEXT; }
	OP(ATOMIC64) { run->pc = op; if (atomic64(run, hot, r, op)) goto fault; NEXT; }
	OP(SKB64)
	OP(LDS64)
	OP(LDSN64)
#ifndef THREADED
	default:
#endif
	OP(BAD)
	{
		run->pc = op;
		bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false,
			       "an instruction that the VM does not run");
		goto fault;
	}
#ifndef THREADED
		}
#endif

leave_all:
	run->fuel = fuel;
	return -ECANCELED;
out_of_fuel:
	run->pc = op;
	no_fuel(run);
	return -EFAULT;
fault:
	run->fuel = fuel;
	return -EFAULT;
}

int bu_vm_interp(struct bu_vm_run *run)
{
	int err;

	run->depth = 0;
	run->frame[0] = (struct bu_vm_frame){ .prog = run->prog };
	run->r[10] = (uintptr_t)run->stack + BU_VM_STACK;
	err = loop(run, run->prog->ops);
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
	if (err == -ECANCELED)
		err = bu_vm_fault_at(run, BU_VM_FAULT_INSN, 0, 0, false, "a callback ended the program");
	if (err)
		return err; /* the fault is the callback's, with its registers */
	/* What lies between its first and its last instruction; ways back have been paid for. */
	if (run->prog == prog && run->end > prog->ops + i) {
		uint64_t cost = (uint64_t)(run->end - (prog->ops + i));

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
