/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From one operation to the next by a tail call, with r0 to r9 in the machine's registers: one function for each
 * operation and each choice of registers, some ten thousand. For clang from 19 on (preserve_none, musttail).
 * r10, fuel and what is remembered of memory are in cur. Included by interp.c.
 */
#define PN __attribute__((preserve_none))
#define ARGS const struct bu_vm_op *op, uint64_t r0, uint64_t r1, uint64_t r2, uint64_t r3, uint64_t r4, \
	     uint64_t r5, uint64_t r6, uint64_t r7, uint64_t r8, uint64_t r9
#define PASS op, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9
typedef PN void step_fn(ARGS);
#define GO __attribute__((musttail)) return ((step_fn *)op->go)(PASS)
#define ELSE(fn) __attribute__((musttail)) return fn(PASS)
#define NEXT(n) do { op += (n); GO; } while (0)

/* The run that is going on, innermost. */
static struct {
	struct bu_vm_run *run;
	uint64_t r10, fuel;
	struct hot hot[11];
} cur;
#define r10 cur.r10

#define EACH_D(F, ...) \
	F(0, __VA_ARGS__) F(1, __VA_ARGS__) F(2, __VA_ARGS__) F(3, __VA_ARGS__) F(4, __VA_ARGS__) \
	F(5, __VA_ARGS__) F(6, __VA_ARGS__) F(7, __VA_ARGS__) F(8, __VA_ARGS__) F(9, __VA_ARGS__)
#define EACH_D11(F, ...) EACH_D(F, __VA_ARGS__) F(10, __VA_ARGS__)
#define EACH_S(F, d, ...) \
	F(d, 0, __VA_ARGS__) F(d, 1, __VA_ARGS__) F(d, 2, __VA_ARGS__) F(d, 3, __VA_ARGS__) \
	F(d, 4, __VA_ARGS__) F(d, 5, __VA_ARGS__) F(d, 6, __VA_ARGS__) F(d, 7, __VA_ARGS__) \
	F(d, 8, __VA_ARGS__) F(d, 9, __VA_ARGS__) F(d, 10, __VA_ARGS__)
#define EACH_DS(F, ...) \
	EACH_S(F, 0, __VA_ARGS__) EACH_S(F, 1, __VA_ARGS__) EACH_S(F, 2, __VA_ARGS__) \
	EACH_S(F, 3, __VA_ARGS__) EACH_S(F, 4, __VA_ARGS__) EACH_S(F, 5, __VA_ARGS__) \
	EACH_S(F, 6, __VA_ARGS__) EACH_S(F, 7, __VA_ARGS__) EACH_S(F, 8, __VA_ARGS__) \
	EACH_S(F, 9, __VA_ARGS__)
#define EACH_D11S(F, ...) EACH_DS(F, __VA_ARGS__) EACH_S(F, 10, __VA_ARGS__)
#define EACH_S10(F, d, ...) F(d, 0, __VA_ARGS__) F(d, 1, __VA_ARGS__) F(d, 2, __VA_ARGS__) F(d, 3, __VA_ARGS__) F(d, 4, __VA_ARGS__) \
	F(d, 5, __VA_ARGS__) F(d, 6, __VA_ARGS__) F(d, 7, __VA_ARGS__) F(d, 8, __VA_ARGS__) F(d, 9, __VA_ARGS__)
#define EACH_DS10(F, ...) EACH_S10(F, 0, __VA_ARGS__) EACH_S10(F, 1, __VA_ARGS__) EACH_S10(F, 2, __VA_ARGS__) EACH_S10(F, 3, __VA_ARGS__) \
	EACH_S10(F, 4, __VA_ARGS__) EACH_S10(F, 5, __VA_ARGS__) EACH_S10(F, 6, __VA_ARGS__) EACH_S10(F, 7, __VA_ARGS__) \
	EACH_S10(F, 8, __VA_ARGS__) EACH_S10(F, 9, __VA_ARGS__)
/* d and s among r0 to r9, not the same: the diagonal is never bound */
#define EACH_TWO(F, ...) \
	F(0, 1, __VA_ARGS__) F(0, 2, __VA_ARGS__) F(0, 3, __VA_ARGS__) F(0, 4, __VA_ARGS__) \
	F(0, 5, __VA_ARGS__) F(0, 6, __VA_ARGS__) F(0, 7, __VA_ARGS__) F(0, 8, __VA_ARGS__) \
	F(0, 9, __VA_ARGS__) \
	F(1, 0, __VA_ARGS__) F(1, 2, __VA_ARGS__) F(1, 3, __VA_ARGS__) F(1, 4, __VA_ARGS__) F(1, 5, __VA_ARGS__) F(1, 6, __VA_ARGS__) F(1, 7, __VA_ARGS__) F(1, 8, __VA_ARGS__) F(1, 9, __VA_ARGS__) \
	F(2, 0, __VA_ARGS__) F(2, 1, __VA_ARGS__) F(2, 3, __VA_ARGS__) F(2, 4, __VA_ARGS__) F(2, 5, __VA_ARGS__) F(2, 6, __VA_ARGS__) F(2, 7, __VA_ARGS__) F(2, 8, __VA_ARGS__) F(2, 9, __VA_ARGS__) \
	F(3, 0, __VA_ARGS__) F(3, 1, __VA_ARGS__) F(3, 2, __VA_ARGS__) F(3, 4, __VA_ARGS__) F(3, 5, __VA_ARGS__) F(3, 6, __VA_ARGS__) F(3, 7, __VA_ARGS__) F(3, 8, __VA_ARGS__) F(3, 9, __VA_ARGS__) \
	F(4, 0, __VA_ARGS__) F(4, 1, __VA_ARGS__) F(4, 2, __VA_ARGS__) F(4, 3, __VA_ARGS__) F(4, 5, __VA_ARGS__) F(4, 6, __VA_ARGS__) F(4, 7, __VA_ARGS__) F(4, 8, __VA_ARGS__) F(4, 9, __VA_ARGS__) \
	F(5, 0, __VA_ARGS__) F(5, 1, __VA_ARGS__) F(5, 2, __VA_ARGS__) F(5, 3, __VA_ARGS__) F(5, 4, __VA_ARGS__) F(5, 6, __VA_ARGS__) F(5, 7, __VA_ARGS__) F(5, 8, __VA_ARGS__) F(5, 9, __VA_ARGS__) \
	F(6, 0, __VA_ARGS__) F(6, 1, __VA_ARGS__) F(6, 2, __VA_ARGS__) F(6, 3, __VA_ARGS__) F(6, 4, __VA_ARGS__) F(6, 5, __VA_ARGS__) F(6, 7, __VA_ARGS__) F(6, 8, __VA_ARGS__) F(6, 9, __VA_ARGS__) \
	F(7, 0, __VA_ARGS__) F(7, 1, __VA_ARGS__) F(7, 2, __VA_ARGS__) F(7, 3, __VA_ARGS__) F(7, 4, __VA_ARGS__) F(7, 5, __VA_ARGS__) F(7, 6, __VA_ARGS__) F(7, 8, __VA_ARGS__) F(7, 9, __VA_ARGS__) \
	F(8, 0, __VA_ARGS__) F(8, 1, __VA_ARGS__) F(8, 2, __VA_ARGS__) F(8, 3, __VA_ARGS__) F(8, 4, __VA_ARGS__) F(8, 5, __VA_ARGS__) F(8, 6, __VA_ARGS__) F(8, 7, __VA_ARGS__) F(8, 9, __VA_ARGS__) \
	F(9, 0, __VA_ARGS__) F(9, 1, __VA_ARGS__) F(9, 2, __VA_ARGS__) F(9, 3, __VA_ARGS__) F(9, 4, __VA_ARGS__) F(9, 5, __VA_ARGS__) F(9, 6, __VA_ARGS__) F(9, 7, __VA_ARGS__) F(9, 8, __VA_ARGS__)

/* ---------------------------------------------------------------- what leaves the registers */

static __attribute__((noinline)) PN void cold(ARGS)
{
	struct bu_vm_run *run = cur.run;
	uint64_t *r = run->r;

	r[0] = r0, r[1] = r1, r[2] = r2, r[3] = r3, r[4] = r4;
	r[5] = r5, r[6] = r6, r[7] = r7, r[8] = r8, r[9] = r9;
	run->fuel = cur.fuel;
	op = do_cold(run, cur.hot, op);
	if (!op)
		return;
	cur.fuel = run->fuel;
	r10 = r[10];
	r0 = r[0], r1 = r[1], r2 = r[2], r3 = r[3], r4 = r[4];
	r5 = r[5], r6 = r[6], r7 = r[7], r8 = r[8], r9 = r[9];
	GO;
}

static __attribute__((noinline)) PN void out_of_fuel(ARGS)
{
	struct bu_vm_run *run = cur.run;
	uint64_t *r = run->r;

	r[0] = r0, r[1] = r1, r[2] = r2, r[3] = r3, r[4] = r4;
	r[5] = r5, r[6] = r6, r[7] = r7, r[8] = r8, r[9] = r9;
	run->pc = op;
	run->stop = no_fuel(run);
}

/* ---------------------------------------------------------------- the functions */

#define K(T) ((T)op->imm)
#define ONE_D(d, n, step, ...) static PN void n##_##d(ARGS) { uint64_t D = r##d; __VA_ARGS__ r##d = D; NEXT(step); }
#define ONE_DS(d, s, n, step, ...)                                                                  \
	static PN void n##_##d##_##s(ARGS) { uint64_t D = r##d, S = r##s; __VA_ARGS__ r##d = D; NEXT(step); }
#define ONE_DSW(d, s, n, step, ...)                                                                 \
	static PN void n##_##d##_##s(ARGS) { uint64_t D = r##d, S = r##s; __VA_ARGS__ r##s = S; r##d = D; NEXT(step); }
#define ONE_JK(d, n, T, cond)                                                                       \
	static PN void n##_##d(ARGS) { T a = (T)r##d, b = (T)op->imm; if (cond) TAKE; NEXT(1); }
#define ONE_JX(d, s, n, T, cond)                                                                    \
	static PN void n##_##d##_##s(ARGS) { T a = (T)r##d, b = (T)r##s; if (cond) TAKE; NEXT(1); }
#define TAKE                                                                                        \
	{                                                                                           \
		if (op->off < 0) {                                                                  \
			uint64_t cost = (uint64_t)-(int64_t)op->off;                                \
			if (unlikely(cur.fuel < cost))                                              \
				ELSE(out_of_fuel);                                                  \
			cur.fuel -= cost;                                                           \
		}                                                                                   \
		NEXT(op->off + 1);                                                                  \
	}
#define CHECKED(reg, len_of, T)                                                                     \
	uint64_t a = reg + (uint64_t)(int64_t)op->off, d = a - hot->lo, len = hot->len_of;          \
	if (unlikely(d >= len || len - d < sizeof(T)))                                              \
		ELSE(cold);
#define ONE_LD(d_, s_, n, T, E)                                                                     \
	static PN void n##_##d_##_##s_(ARGS)                                                        \
	{                                                                                           \
		const struct hot *hot = &cur.hot[s_];                                               \
		T v;                                                                                \
		CHECKED(r##s_, rlen, T)                                                             \
		memcpy(&v, (const void *)(uintptr_t)a, sizeof(v));                                  \
		r##d_ = (uint64_t)(E)v;                                                             \
		NEXT(1);                                                                            \
	}
#define ONE_LDN(d, s, n, T, E)                                                                      \
	static PN void n##_##d##_##s(ARGS)                                                          \
	{                                                                                           \
		T v;                                                                                \
		memcpy(&v, (const void *)(uintptr_t)(r##s + (uint64_t)(int64_t)op->off), sizeof(v)); \
		r##d = (uint64_t)(E)v;                                                              \
		NEXT(1);                                                                            \
	}
#define STORE_BODY(d_, T, value)                                                                    \
	{                                                                                           \
		const struct hot *hot = &cur.hot[d_];                                               \
		T v = (T)(value);                                                                   \
		CHECKED(r##d_, wlen, T)                                                             \
		memcpy((void *)(uintptr_t)a, &v, sizeof(v));                                        \
		NEXT(1);                                                                            \
	}
#define STOREN_BODY(d, T, value)                                                                    \
	{                                                                                           \
		T v = (T)(value);                                                                   \
		memcpy((void *)(uintptr_t)(r##d + (uint64_t)(int64_t)op->off), &v, sizeof(v));      \
		NEXT(1);                                                                            \
	}
#define ONE_ST(d, n, T) static PN void n##_##d(ARGS) STORE_BODY(d, T, op->imm)
#define ONE_STX(d, s, n, T) static PN void n##_##d##_##s(ARGS) STORE_BODY(d, T, r##s)
#define ONE_STN(d, n, T) static PN void n##_##d(ARGS) STOREN_BODY(d, T, op->imm)
#define ONE_STXN(d, s, n, T) static PN void n##_##d##_##s(ARGS) STOREN_BODY(d, T, r##s)

#define ONE_DSX(x, n, d, s, ...)                                                                    \
	static PN void n##_##d##_##s##_##x(ARGS) { uint64_t D, S = r##s, X = r##x; __VA_ARGS__ r##d = D; NEXT(2); }
#define EACH_X(d, s, n, ...)                                                                        \
	ONE_DSX(0, n, d, s, __VA_ARGS__) ONE_DSX(1, n, d, s, __VA_ARGS__) ONE_DSX(2, n, d, s, __VA_ARGS__)  \
	ONE_DSX(3, n, d, s, __VA_ARGS__) ONE_DSX(4, n, d, s, __VA_ARGS__) ONE_DSX(5, n, d, s, __VA_ARGS__)  \
	ONE_DSX(6, n, d, s, __VA_ARGS__) ONE_DSX(7, n, d, s, __VA_ARGS__) ONE_DSX(8, n, d, s, __VA_ARGS__)  \
	ONE_DSX(9, n, d, s, __VA_ARGS__)
#define ONE_ADDJ(d, n, T, E, cond)                                                                  \
	static PN void n##_##d(ARGS)                                                                \
	{                                                                                           \
		T a = (T)r##d + (T)(E)(int32_t)op->imm, b = (T)(E)(op->imm >> 32);                  \
		r##d = a;                                                                           \
		op++;                                                                               \
		if (cond)                                                                           \
			TAKE;                                                                       \
		NEXT(1);                                                                            \
	}

#define D1(n, ...) EACH_D(ONE_D, n, 1, __VA_ARGS__)
#define DK D1
#define DS(n, ...) EACH_DS(ONE_DS, n, 1, __VA_ARGS__)
#define D1_2(n, ...) EACH_D(ONE_D, n, 2, __VA_ARGS__)
#define DS_2(n, ...) EACH_DS(ONE_DS, n, 2, __VA_ARGS__)
#define DS_3(n, ...) EACH_DS(ONE_DS, n, 3, __VA_ARGS__)
#define DSW(n, ...) EACH_TWO(ONE_DSW, n, 4, __VA_ARGS__)
#define DSX(n, ...) EACH_DS10(EACH_X, n, __VA_ARGS__)
#define ADDJ(n, T, E, cond) EACH_D(ONE_ADDJ, n, T, E, cond)
#define JK(n, T, cond) EACH_D11(ONE_JK, n, T, cond)
#define JX(n, T, cond) EACH_D11S(ONE_JX, n, T, cond)
#define JUMP(n) static PN void n(ARGS) TAKE
#define LD(n, T, E) EACH_DS(ONE_LD, n, T, E)
#define LDN(n, T, E) EACH_DS(ONE_LDN, n, T, E)
#define ST(n, T) EACH_D11(ONE_ST, n, T)
#define STN(n, T) EACH_D11(ONE_STN, n, T)
#define STX(n, T) EACH_D11S(ONE_STX, n, T)
#define STXN(n, T) EACH_D11S(ONE_STXN, n, T)
#define COLD(n)
#include "vm/interp_body.def"

/* ---------------------------------------------------------------- which is whose */

/* [dst * 11 + src]; NULL: the operation has no such function, cold() takes it. */
typedef step_fn *row[11 * 11];
static const row rows[BU_VM_NICODES] = {
#define AT_D(d, n, f) [d * 11] = f##_##d,
#define AT_DS(d, s, n, f) [d * 11 + s] = f##_##d##_##s,
#define D1(n, ...) [BU_VM_I_##n] = { EACH_D(AT_D, n, n) },
#define DK D1
#define DS(n, ...) [BU_VM_I_##n] = { EACH_DS(AT_DS, n, n) },
#define D1_2 D1
#define DS_2 DS
#define DS_3 DS
#define DSW(n, ...) [BU_VM_I_##n] = { EACH_TWO(AT_DS, n, n) },
#define JK(n, T, cond) [BU_VM_I_##n##F] = { EACH_D11(AT_D, n, n) }, [BU_VM_I_##n##B] = { EACH_D11(AT_D, n, n) },
#define JX(n, T, cond) [BU_VM_I_##n##F] = { EACH_D11S(AT_DS, n, n) }, [BU_VM_I_##n##B] = { EACH_D11S(AT_DS, n, n) },
#define DSX(n, ...)
#define ADDJ(n, T, E, cond) [BU_VM_I_##n##F] = { EACH_D(AT_D, n, n) }, [BU_VM_I_##n##B] = { EACH_D(AT_D, n, n) },
#define JUMP(n) [BU_VM_I_##n##F] = { [0] = n }, [BU_VM_I_##n##B] = { [0] = n },
#define LD(n, T, E) DS(n)
#define LDN(n, T, E) DS(n)
#define ST(n, T) [BU_VM_I_##n] = { EACH_D11(AT_D, n, n) },
#define STN ST
#define STX(n, T) [BU_VM_I_##n] = { EACH_D11S(AT_DS, n, n) },
#define STXN STX
#define COLD(n)
#include "vm/interp_body.def"
};

/* Those of three registers: [dst * 100 + src * 10 + the third]. */
static step_fn *const three[][1000] = {
#define AT_X(x, n, d, s) [d * 100 + s * 10 + x] = n##_##d##_##s##_##x,
#define EACH_XOF(d, s, n, ...)                                                                      \
	AT_X(0, n, d, s) AT_X(1, n, d, s) AT_X(2, n, d, s) AT_X(3, n, d, s) AT_X(4, n, d, s)          \
	AT_X(5, n, d, s) AT_X(6, n, d, s) AT_X(7, n, d, s) AT_X(8, n, d, s) AT_X(9, n, d, s)
#define DSX(n, ...) [BU_VM_I_##n - BU_VM_I_MADD64X] = { EACH_DS10(EACH_XOF, n, n) },
#define D1(n, ...)
#define DK(n, ...)
#define DS(n, ...)
#define D1_2(n, ...)
#define DS_2(n, ...)
#define DS_3(n, ...)
#define DSW(n, ...)
#define JK(n, T, cond)
#define JX(n, T, cond)
#define ADDJ(n, T, E, cond)
#define JUMP(n)
#define LD(n, T, E)
#define LDN(n, T, E)
#define ST(n, T)
#define STN(n, T)
#define STX(n, T)
#define STXN(n, T)
#define COLD(n)
#include "vm/interp_body.def"
};
#undef r10

static void bind(struct bu_vm_op *op)
{
	step_fn *fn = NULL;
	step_fn *const *row = rows[op->code];

	if (op->code >= BU_VM_I_MADD64X && op->code <= BU_VM_I_MXOR64X)
		fn = three[op->code - BU_VM_I_MADD64X][op->dst * 100 + op->src * 10 + op->off];
	else if (op->dst <= 10 && op->src <= 10)
		fn = row[op->dst * 11 + op->src];
	/* without a second register; jumps that always jump have none */
	if (!fn && op->dst <= 10 && !row[op->dst * 11 + 1])
		fn = row[op->dst * 11];
	op->go = (const void *)(fn ? fn : cold);
}

static int loop(struct bu_vm_run *run, const struct bu_vm_op *op)
{
	uint64_t *r = run->r;
	__typeof__(cur) outer = cur;

	cur.run = run;
	cur.r10 = r[10];
	cur.fuel = run->fuel;
	bu_vm_clear(cur.hot, sizeof(cur.hot));
	((step_fn *)op->go)(op, r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9]);
	cur = outer;
	return run->stop;
}
