/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From one operation to the next by computed goto: registers are in memory, each operation holds its label. For
 * compilers that have no labels as values, or with BU_VM_SWITCH, a switch. Included by interp.c.
 */
#if defined(BU_VM_SWITCH)
#define GO continue
#define OP(n) case BU_VM_I_##n:
#else
#define GO goto *op->go
#define OP(n) L_##n:
#endif
#define NEXT(n) { op += (n); GO; }

#define D r[op->dst]
#define S r[op->src]
#define K(T) ((T)op->imm)
#define D1(n, ...) OP(n) { __VA_ARGS__ } NEXT(1)
#define DK D1
#define DS D1
#define D1_2(n, ...) OP(n) { __VA_ARGS__ } NEXT(2)
#define DS_2 D1_2
#define DS_3(n, ...) OP(n) { __VA_ARGS__ } NEXT(3)
#define DSW(n, ...) OP(n) { __VA_ARGS__ } NEXT(4)
#define DSW_2(n, ...) OP(n) { __VA_ARGS__ } NEXT(2)
#define FORWARD { op = BU_VM_TARGET(op); GO; }
#define BACKWARD                                                                                    \
	{                                                                                           \
		uint64_t cost = BU_VM_BACK(op);                                                     \
		if (fuel < cost)                                                                    \
			goto out_of_fuel;                                                           \
		fuel -= cost;                                                                       \
		op = BU_VM_TARGET(op);                                                              \
		GO;                                                                                 \
	}
#define JUMP1(n, T, y, cond, way) OP(n) { T a = (T)D, b = (T)(y); if (cond) way; } NEXT(1)
#define JK(n, T, cond) JUMP1(n##F, T, op->off, cond, FORWARD) JUMP1(n##B, T, op->off, cond, BACKWARD)
#define JX(n, T, cond) JUMP1(n##F, T, S, cond, FORWARD) JUMP1(n##B, T, S, cond, BACKWARD)
#define JUMP(n) OP(n##F) FORWARD OP(n##B) BACKWARD
#define X r[op->off]
#define DSX D1_2
#define DSXW(n, places, ...) OP(n) { __VA_ARGS__ } NEXT(places)
/* The jump is the second of two: what it compares with and where it goes to stands there. */
#define ADDJ1(n, T, E, cond, way)                                                                   \
	OP(n)                                                                                       \
	{                                                                                           \
		T a = (T)D + (T)(E)op->imm, b;                                                      \
		D = a;                                                                              \
		op++;                                                                               \
		b = (T)(E)op->off;                                                                  \
		if (cond)                                                                           \
			way;                                                                        \
	}                                                                                           \
	NEXT(1)
#define ADDJ(n, T, E, cond) ADDJ1(n##F, T, E, cond, FORWARD) ADDJ1(n##B, T, E, cond, BACKWARD)
#define DJ1(n, T, change, looked, cond, way)                                                        \
	OP(n)                                                                                       \
	{                                                                                           \
		T a, b = (T)op[1].off;                                                              \
		change;                                                                             \
		a = (T)looked;                                                                      \
		op++;                                                                               \
		if (cond)                                                                           \
			way;                                                                        \
	}                                                                                           \
	NEXT(1)
#define DJ(n, T, change, looked, cond)                                                              \
	DJ1(n##F, T, change, looked, cond, FORWARD) DJ1(n##B, T, change, looked, cond, BACKWARD)
#define TWOJ DJ

#define ADDR(reg) (r[op->reg] + (uint64_t)(int64_t)op->off)
#define LD(n, T, E)                                                                                 \
	OP(n)                                                                                       \
	{                                                                                           \
		uint64_t a = ADDR(src), d = a - hot[op->src].lo, len = hot[op->src].rlen;           \
		T v;                                                                                \
		if (unlikely(d >= len || len - d < sizeof(T)))                                      \
			goto cold;                                                                  \
		memcpy(&v, (const void *)(uintptr_t)a, sizeof(v));                                  \
		D = (uint64_t)(E)v;                                                                 \
	}                                                                                           \
	NEXT(1)
#define LDN(n, T, E)                                                                                \
	OP(n) { T v; memcpy(&v, (const void *)(uintptr_t)ADDR(src), sizeof(v)); D = (uint64_t)(E)v; } NEXT(1)
#define CHECKED(n, T, at, places)                                                                   \
	OP(n)                                                                                       \
	{                                                                                           \
		uint64_t a = at, d = a - hot[op->dst].lo, len = hot[op->dst].rlen;                  \
		T v;                                                                                \
		if (unlikely(d >= len || len - d < sizeof(T)))                                      \
			goto cold;                                                                  \
		memcpy(&v, (const void *)(uintptr_t)a, sizeof(v));                                  \
		D = v;                                                                              \
	}                                                                                           \
	NEXT(places)
#define UNCHECKED(n, T, at, places)                                                                 \
	OP(n) { T v; memcpy(&v, (const void *)(uintptr_t)(at), sizeof(v)); D = v; } NEXT(places)
#define LDX(n, T) CHECKED(n, T, S + X + (uint64_t)op->imm, 3)
#define LDXN(n, T) UNCHECKED(n, T, S + X + (uint64_t)op->imm, 3)
#define LDG(n, T) CHECKED(n, T, S + (uint64_t)op->imm, 4)
#define LDGN(n, T) UNCHECKED(n, T, S + (uint64_t)op->imm, 4)
#define STORE(n, T, value)                                                                          \
	OP(n)                                                                                       \
	{                                                                                           \
		uint64_t a = ADDR(dst), d = a - hot[op->dst].lo, len = hot[op->dst].wlen;           \
		T v = (T)(value);                                                                   \
		if (unlikely(d >= len || len - d < sizeof(T)))                                      \
			goto cold;                                                                  \
		memcpy((void *)(uintptr_t)a, &v, sizeof(v));                                        \
	}                                                                                           \
	NEXT(1)
#define STOREN(n, T, value)                                                                         \
	OP(n) { T v = (T)(value); memcpy((void *)(uintptr_t)ADDR(dst), &v, sizeof(v)); } NEXT(1)
#define ST(n, T) STORE(n, T, op->imm)
#define STX(n, T) STORE(n, T, S)
#define STN(n, T) STOREN(n, T, op->imm)
#define STXN(n, T) STOREN(n, T, S)
#define COLD(n) COLD_##n
/* Those that are met often have a jump of their own, which is predicted by itself. */
#define OWN(n, fn) OP(n) { run->fuel = fuel; op = fn(run, hot, op); fuel = run->fuel; if (!op) return run->stop; GO; }
#define SHARED(n) OP(n) goto cold;

static const void *const *labels;

/* With a NULL op: fills labels. */
static int loop(struct bu_vm_run *run, const struct bu_vm_op *op)
{
	struct hot hot[HOTS];
	uint64_t *r, fuel;

#ifndef BU_VM_SWITCH
	static const void *const label[] = {
#define BU_VM_I(n) &&L_##n,
#include "vm/interp.def"
#undef BU_VM_I
	};
	if (!op) {
		labels = label;
		return 0;
	}
#endif
	r = run->r;
	fuel = run->fuel;
	bu_vm_clear(hot, sizeof(hot));
#ifndef BU_VM_SWITCH
	GO;
#else
again:
	for (;;)
		switch (op->code) {
		default:
#endif
#define COLD_NOP OP(NOP) NEXT(1)
#define COLD_LOOKUP OWN(LOOKUP, do_lookup)
#define COLD_CALL OWN(CALL, do_call)
#define COLD_CALLLOCAL OWN(CALLLOCAL, do_call_local)
#define COLD_EXIT OWN(EXIT, do_exit)
#define COLD_MAYGOTO SHARED(MAYGOTO)
#define COLD_CALLRAW SHARED(CALLRAW)
#define COLD_CALLX SHARED(CALLX)
#define COLD_TAIL SHARED(TAIL)
#define COLD_SKB8 SHARED(SKB8)
#define COLD_SKB16 SHARED(SKB16)
#define COLD_SKB32 SHARED(SKB32)
#define COLD_SKB64 SHARED(SKB64)
#define COLD_LDS64 SHARED(LDS64)
#define COLD_LDSN64 SHARED(LDSN64)
#define COLD_ACQ8 SHARED(ACQ8)
#define COLD_ACQ16 SHARED(ACQ16)
#define COLD_ACQ32 SHARED(ACQ32)
#define COLD_ACQ64 SHARED(ACQ64)
#define COLD_REL8 SHARED(REL8)
#define COLD_REL16 SHARED(REL16)
#define COLD_REL32 SHARED(REL32)
#define COLD_REL64 SHARED(REL64)
#define COLD_ATOMIC32 SHARED(ATOMIC32)
#define COLD_ATOMIC64 SHARED(ATOMIC64)
#define COLD_CAST SHARED(CAST)
#define COLD_BAD SHARED(BAD)
#include "vm/interp_body.def"
#ifdef BU_VM_SWITCH
		}
#endif

cold:
	run->fuel = fuel;
	op = do_cold(run, hot, op);
	fuel = run->fuel;
	if (!op)
		return run->stop;
#ifdef BU_VM_SWITCH
	goto again;
#else
	GO;
#endif
out_of_fuel:
	run->pc = op;
	return no_fuel(run);
}

static void bind(struct bu_vm_op *op)
{
#ifndef BU_VM_SWITCH
	if (!labels)
		loop(NULL, NULL);
	op->go = labels[op->code];
#else
	(void)op, (void)labels;
#endif
}
