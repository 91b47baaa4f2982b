/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From one operation to the next by a tail call, with r0 to r9 in the machine's registers: one function for each
 * operation and each choice of registers, some twenty thousand. For clang from 19 on (preserve_none, musttail).
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
	struct hot hot[HOTS];
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
/* s is not d. */
#define NOT_0(F, ...) \
	F(0, 1, __VA_ARGS__) F(0, 2, __VA_ARGS__) F(0, 3, __VA_ARGS__) F(0, 4, __VA_ARGS__) F(0, 5, __VA_ARGS__) \
	F(0, 6, __VA_ARGS__) F(0, 7, __VA_ARGS__) F(0, 8, __VA_ARGS__) F(0, 9, __VA_ARGS__)
#define NOT_1(F, ...) \
	F(1, 0, __VA_ARGS__) F(1, 2, __VA_ARGS__) F(1, 3, __VA_ARGS__) F(1, 4, __VA_ARGS__) F(1, 5, __VA_ARGS__) \
	F(1, 6, __VA_ARGS__) F(1, 7, __VA_ARGS__) F(1, 8, __VA_ARGS__) F(1, 9, __VA_ARGS__)
#define NOT_2(F, ...) \
	F(2, 0, __VA_ARGS__) F(2, 1, __VA_ARGS__) F(2, 3, __VA_ARGS__) F(2, 4, __VA_ARGS__) F(2, 5, __VA_ARGS__) \
	F(2, 6, __VA_ARGS__) F(2, 7, __VA_ARGS__) F(2, 8, __VA_ARGS__) F(2, 9, __VA_ARGS__)
#define NOT_3(F, ...) \
	F(3, 0, __VA_ARGS__) F(3, 1, __VA_ARGS__) F(3, 2, __VA_ARGS__) F(3, 4, __VA_ARGS__) F(3, 5, __VA_ARGS__) \
	F(3, 6, __VA_ARGS__) F(3, 7, __VA_ARGS__) F(3, 8, __VA_ARGS__) F(3, 9, __VA_ARGS__)
#define NOT_4(F, ...) \
	F(4, 0, __VA_ARGS__) F(4, 1, __VA_ARGS__) F(4, 2, __VA_ARGS__) F(4, 3, __VA_ARGS__) F(4, 5, __VA_ARGS__) \
	F(4, 6, __VA_ARGS__) F(4, 7, __VA_ARGS__) F(4, 8, __VA_ARGS__) F(4, 9, __VA_ARGS__)
#define NOT_5(F, ...) \
	F(5, 0, __VA_ARGS__) F(5, 1, __VA_ARGS__) F(5, 2, __VA_ARGS__) F(5, 3, __VA_ARGS__) F(5, 4, __VA_ARGS__) \
	F(5, 6, __VA_ARGS__) F(5, 7, __VA_ARGS__) F(5, 8, __VA_ARGS__) F(5, 9, __VA_ARGS__)
#define NOT_6(F, ...) \
	F(6, 0, __VA_ARGS__) F(6, 1, __VA_ARGS__) F(6, 2, __VA_ARGS__) F(6, 3, __VA_ARGS__) F(6, 4, __VA_ARGS__) \
	F(6, 5, __VA_ARGS__) F(6, 7, __VA_ARGS__) F(6, 8, __VA_ARGS__) F(6, 9, __VA_ARGS__)
#define NOT_7(F, ...) \
	F(7, 0, __VA_ARGS__) F(7, 1, __VA_ARGS__) F(7, 2, __VA_ARGS__) F(7, 3, __VA_ARGS__) F(7, 4, __VA_ARGS__) \
	F(7, 5, __VA_ARGS__) F(7, 6, __VA_ARGS__) F(7, 8, __VA_ARGS__) F(7, 9, __VA_ARGS__)
#define NOT_8(F, ...) \
	F(8, 0, __VA_ARGS__) F(8, 1, __VA_ARGS__) F(8, 2, __VA_ARGS__) F(8, 3, __VA_ARGS__) F(8, 4, __VA_ARGS__) \
	F(8, 5, __VA_ARGS__) F(8, 6, __VA_ARGS__) F(8, 7, __VA_ARGS__) F(8, 9, __VA_ARGS__)
#define NOT_9(F, ...) \
	F(9, 0, __VA_ARGS__) F(9, 1, __VA_ARGS__) F(9, 2, __VA_ARGS__) F(9, 3, __VA_ARGS__) F(9, 4, __VA_ARGS__) \
	F(9, 5, __VA_ARGS__) F(9, 6, __VA_ARGS__) F(9, 7, __VA_ARGS__) F(9, 8, __VA_ARGS__)
#define EACH_TWO(F, ...) \
	NOT_0(F, __VA_ARGS__) NOT_1(F, __VA_ARGS__) NOT_2(F, __VA_ARGS__) NOT_3(F, __VA_ARGS__) \
	NOT_4(F, __VA_ARGS__) NOT_5(F, __VA_ARGS__) NOT_6(F, __VA_ARGS__) NOT_7(F, __VA_ARGS__) \
	NOT_8(F, __VA_ARGS__) NOT_9(F, __VA_ARGS__)
/* A third register x, which is not d either. */
#define XNOT_0(d, s, F, ...) \
	F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) F(4, d, s, __VA_ARGS__) \
	F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_1(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) F(4, d, s, __VA_ARGS__) \
	F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_2(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) F(4, d, s, __VA_ARGS__) \
	F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_3(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(4, d, s, __VA_ARGS__) \
	F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_4(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_5(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(4, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_6(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(4, d, s, __VA_ARGS__) F(5, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_7(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(4, d, s, __VA_ARGS__) F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_8(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(4, d, s, __VA_ARGS__) F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(9, d, s, __VA_ARGS__)
#define XNOT_9(d, s, F, ...) \
	F(0, d, s, __VA_ARGS__) F(1, d, s, __VA_ARGS__) F(2, d, s, __VA_ARGS__) F(3, d, s, __VA_ARGS__) \
	F(4, d, s, __VA_ARGS__) F(5, d, s, __VA_ARGS__) F(6, d, s, __VA_ARGS__) F(7, d, s, __VA_ARGS__) F(8, d, s, __VA_ARGS__)
#define EACH_X(d, s, ...) XNOT_##d(d, s, __VA_ARGS__)
#define EACH_THREE(F, ...) EACH_TWO(EACH_X, F, __VA_ARGS__)

/* ---------------------------------------------------------------- what leaves the registers */

static __attribute__((noinline)) PN void cold(ARGS)
{
	struct bu_vm_run *run = cur.run;
	uint64_t *r = run->r;

	r[0] = r0, r[1] = r1, r[2] = r2, r[3] = r3, r[4] = r4;
	r[5] = r5, r[6] = r6, r[7] = r7, r[8] = r8, r[9] = r9, r[10] = r10;
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
	r[5] = r5, r[6] = r6, r[7] = r7, r[8] = r8, r[9] = r9, r[10] = r10;
	run->pc = op;
	run->stop = no_fuel(run);
}

/* ---------------------------------------------------------------- the functions */

/* As do_call_local and do_exit, which have the rest. */
static PN void call_local(ARGS)
{
	struct bu_vm_run *run = cur.run;
	struct bu_vm_frame *f = &run->frame[run->depth + 1];

	if (unlikely(run->depth >= run->deepest || cur.fuel < (uint64_t)op->imm))
		ELSE(cold);
	cur.fuel -= (uint64_t)op->imm;
	run->depth++;
	f->ret = op + 1;
	f->prog = run->prog;
	f->may_goto = 0;
	f->saved[0] = r6;
	f->saved[1] = r7;
	f->saved[2] = r8;
	f->saved[3] = r9;
	r10 += BU_VM_FRAME_STRIDE;
	op += op->off + 1;
	GO;
}

static PN void leave(ARGS)
{
	struct bu_vm_run *run = cur.run;
	const struct bu_vm_frame *f = &run->frame[run->depth];

	if (unlikely(!f->ret || cur.hot[ANY].stack))
		ELSE(cold);
	run->prog = f->prog;
	r6 = f->saved[0];
	r7 = f->saved[1];
	r8 = f->saved[2];
	r9 = f->saved[3];
	r10 -= BU_VM_FRAME_STRIDE;
	run->depth--;
	op = f->ret;
	GO;
}

#define K(T) ((T)op->imm)
#define ONE_D(d, n, step, ...) static PN void n##_##d(ARGS) { uint64_t D = r##d; __VA_ARGS__ r##d = D; NEXT(step); }
#define ONE_DS(d, s, n, step, ...)                                                                  \
	static PN void n##_##d##_##s(ARGS) { uint64_t D = r##d, S = r##s; __VA_ARGS__ r##d = D; NEXT(step); }
#define ONE_DSW(d, s, n, step, ...)                                                                 \
	static PN void n##_##d##_##s(ARGS) { uint64_t D = r##d, S = r##s; __VA_ARGS__ r##s = S; r##d = D; NEXT(step); }
#define FORWARD { op = BU_VM_TARGET(op); GO; }
#define BACKWARD                                                                                    \
	{                                                                                           \
		uint64_t cost = BU_VM_BACK(op);                                                     \
		if (unlikely(cur.fuel < cost))                                                      \
			ELSE(out_of_fuel);                                                          \
		cur.fuel -= cost;                                                                   \
		op = BU_VM_TARGET(op);                                                              \
		GO;                                                                                 \
	}
#define ONE_JK(d, n, T, cond, way)                                                                  \
	static PN void n##_##d(ARGS) { T a = (T)r##d, b = (T)op->off; if (cond) way; NEXT(1); }
#define ONE_JX(d, s, n, T, cond, way)                                                               \
	static PN void n##_##d##_##s(ARGS) { T a = (T)r##d, b = (T)r##s; if (cond) way; NEXT(1); }
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

#define ONE_DSX(x, d, s, n, ...)                                                                    \
	static PN void n##_##d##_##s##_##x(ARGS) { uint64_t D = r##d, S = r##s, X = r##x; __VA_ARGS__ r##d = D; NEXT(2); }
#define ONE_DSXW(x, d, s, n, places, ...)                                                           \
	static PN void n##_##d##_##s##_##x(ARGS)                                                    \
	{                                                                                           \
		uint64_t D = r##d, S = r##s, X = r##x;                                              \
		__VA_ARGS__                                                                         \
		r##d = D;                                                                           \
		r##x = X;                                                                           \
		NEXT(places);                                                                       \
	}
/* A load into d_, checked by what that remembers. */
#define ONE_AT(d_, name, T, at, places)                                                             \
	static PN void name(ARGS)                                                                   \
	{                                                                                           \
		const struct hot *hot = &cur.hot[d_];                                               \
		uint64_t a = (at) + (uint64_t)op->imm, d = a - hot->lo, len = hot->rlen;            \
		T v;                                                                                \
		if (unlikely(d >= len || len - d < sizeof(T)))                                      \
			ELSE(cold);                                                                 \
		memcpy(&v, (const void *)(uintptr_t)a, sizeof(v));                                  \
		r##d_ = v;                                                                          \
		NEXT(places);                                                                       \
	}
#define ONE_ATN(d, name, T, at, places)                                                             \
	static PN void name(ARGS)                                                                   \
	{                                                                                           \
		T v;                                                                                \
		memcpy(&v, (const void *)(uintptr_t)((at) + (uint64_t)op->imm), sizeof(v));         \
		r##d = v;                                                                           \
		NEXT(places);                                                                       \
	}
#define ONE_LDX(x, d, s, n, T) ONE_AT(d, n##_##d##_##s##_##x, T, r##s + r##x, 3)
#define ONE_LDXN(x, d, s, n, T) ONE_ATN(d, n##_##d##_##s##_##x, T, r##s + r##x, 3)
#define ONE_LDG(d, s, n, T) ONE_AT(d, n##_##d##_##s, T, r##s, 4)
#define ONE_LDGN(d, s, n, T) ONE_ATN(d, n##_##d##_##s, T, r##s, 4)
#define ONE_ADDJ(d, n, T, E, cond, way)                                                             \
	static PN void n##_##d(ARGS)                                                                \
	{                                                                                           \
		T a = (T)r##d + (T)(E)op->imm, b;                                                   \
		r##d = a;                                                                           \
		op++;                                                                               \
		b = (T)(E)op->off;                                                                  \
		if (cond)                                                                           \
			way;                                                                        \
		NEXT(1);                                                                            \
	}
#define ONE_J(name, d, s, T, change, looked, cond, way)                                             \
	static PN void name(ARGS)                                                                   \
	{                                                                                           \
		uint64_t D = r##d, S = r##s;                                                        \
		T a, b = (T)op[1].off;                                                              \
		(void)S;                                                                            \
		change;                                                                             \
		r##d = D;                                                                           \
		a = (T)looked;                                                                      \
		op++;                                                                               \
		if (cond)                                                                           \
			way;                                                                        \
		NEXT(1);                                                                            \
	}
#define ONE_DJ(d, n, ...) ONE_J(n##_##d, d, d, __VA_ARGS__)
#define ONE_TWOJ(d, s, n, ...) ONE_J(n##_##d##_##s, d, s, __VA_ARGS__)

#define D1(n, ...) EACH_D(ONE_D, n, 1, __VA_ARGS__)
#define DK D1
#define DS(n, ...) EACH_DS(ONE_DS, n, 1, __VA_ARGS__)
#define D1_2(n, ...) EACH_D(ONE_D, n, 2, __VA_ARGS__)
#define DS_2(n, ...) EACH_DS(ONE_DS, n, 2, __VA_ARGS__)
#define DS_3(n, ...) EACH_DS(ONE_DS, n, 3, __VA_ARGS__)
#define DSW(n, ...) EACH_TWO(ONE_DSW, n, 4, __VA_ARGS__)
#define DSW_2(n, ...) EACH_TWO(ONE_DSW, n, 2, __VA_ARGS__)
#define DSX(n, ...) EACH_THREE(ONE_DSX, n, __VA_ARGS__)
#define DSXW(n, places, ...) EACH_THREE(ONE_DSXW, n, places, __VA_ARGS__)
#define LDX(n, T) EACH_THREE(ONE_LDX, n, T)
#define LDXN(n, T) EACH_THREE(ONE_LDXN, n, T)
#define LDG(n, T) EACH_TWO(ONE_LDG, n, T)
#define LDGN(n, T) EACH_TWO(ONE_LDGN, n, T)
#define ADDJ(n, T, E, cond) EACH_D(ONE_ADDJ, n##F, T, E, cond, FORWARD) EACH_D(ONE_ADDJ, n##B, T, E, cond, BACKWARD)
#define DJ(n, ...) EACH_D(ONE_DJ, n##F, __VA_ARGS__, FORWARD) EACH_D(ONE_DJ, n##B, __VA_ARGS__, BACKWARD)
#define TWOJ(n, ...) EACH_TWO(ONE_TWOJ, n##F, __VA_ARGS__, FORWARD) EACH_TWO(ONE_TWOJ, n##B, __VA_ARGS__, BACKWARD)
#define JK(n, T, cond) EACH_D11(ONE_JK, n##F, T, cond, FORWARD) EACH_D11(ONE_JK, n##B, T, cond, BACKWARD)
#define JX(n, T, cond) EACH_D11S(ONE_JX, n##F, T, cond, FORWARD) EACH_D11S(ONE_JX, n##B, T, cond, BACKWARD)
#define JUMP(n) static PN void n##F(ARGS) FORWARD static PN void n##B(ARGS) BACKWARD
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
#define JK(n, T, cond) [BU_VM_I_##n##F] = { EACH_D11(AT_D, n, n##F) }, [BU_VM_I_##n##B] = { EACH_D11(AT_D, n, n##B) },
#define JX(n, T, cond) [BU_VM_I_##n##F] = { EACH_D11S(AT_DS, n, n##F) }, [BU_VM_I_##n##B] = { EACH_D11S(AT_DS, n, n##B) },
#define DSX(n, ...)
#define DSXW DSX
#define LDX DSX
#define LDXN DSX
#define DSW_2 DSW
#define LDG(n, T) [BU_VM_I_##n] = { EACH_TWO(AT_DS, n, n) },
#define LDGN LDG
#define ADDJ(n, ...) [BU_VM_I_##n##F] = { EACH_D(AT_D, n, n##F) }, [BU_VM_I_##n##B] = { EACH_D(AT_D, n, n##B) },
#define DJ ADDJ
#define TWOJ(n, ...) [BU_VM_I_##n##F] = { EACH_TWO(AT_DS, n, n##F) }, [BU_VM_I_##n##B] = { EACH_TWO(AT_DS, n, n##B) },
#define JUMP(n) [BU_VM_I_##n##F] = { [0] = n##F }, [BU_VM_I_##n##B] = { [0] = n##B },
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
#define AT_X(x, d, s, n) [d * 100 + s * 10 + x] = n##_##d##_##s##_##x,
#define DSX(n, ...) [BU_VM_I_##n - BU_VM_I_MADD64X] = { EACH_THREE(AT_X, n) },
#define DSXW DSX
#define LDX DSX
#define LDXN DSX
#define D1(n, ...)
#define DK D1
#define DS D1
#define D1_2 D1
#define DS_2 D1
#define DS_3 D1
#define DSW D1
#define DSW_2 D1
#define JK D1
#define JX D1
#define ADDJ D1
#define DJ D1
#define TWOJ D1
#define JUMP D1
#define LD D1
#define LDN D1
#define LDG D1
#define LDGN D1
#define ST D1
#define STN D1
#define STX D1
#define STXN D1
#define COLD D1
#include "vm/interp_body.def"
};
#undef r10

static void bind(struct bu_vm_op *op)
{
	step_fn *fn = NULL;
	step_fn *const *row = rows[op->code];

	if (op->code >= BU_VM_I_MADD64X && op->code <= BU_VM_I_SUBXOR32)
		fn = three[op->code - BU_VM_I_MADD64X][op->dst * 100 + op->src * 10 + op->off];
	else if (op->dst <= 10 && op->src <= 10)
		fn = row[op->dst * 11 + op->src];
	if (op->code == BU_VM_I_CALLLOCAL)
		fn = call_local;
	if (op->code == BU_VM_I_EXIT)
		fn = leave;
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
