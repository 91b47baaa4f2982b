/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* encode: bytes to fields and back, the rows of isa.def, and the row of an instruction. */
#include <string.h>
#include "isa/isa.h"

/* ---------------------------------------------------------------- bytes */

void bu_insn_encode(uint8_t out[8], const struct bu_insn *in, bool be)
{
	unsigned hi = be ? in->dst : in->src, lo = be ? in->src : in->dst;

	out[0] = in->code;
	out[1] = (uint8_t)((hi & 15) << 4 | (lo & 15));
	bu_put16(out + 2, be, (uint16_t)in->off);
	bu_put32(out + 4, be, (uint32_t)in->imm);
}

/* ---------------------------------------------------------------- rows */

const struct bu_isa bu_isa_rows[] = {
#define BU_INSN(nm, cd, ky, kv, sm, wd, us, tp, ver, first)                                        \
	{ .name = nm, .code = cd, .key = BU_KEY_##ky, .keyval = kv, .sem = BU_SEM_##sm,            \
	  .width = wd, .uses = us, .templ = tp, .isa = ver, .since = first },
#include "isa/isa.def"
#undef BU_INSN
};
const unsigned bu_isa_nrows = BU_ARRAY_SIZE(bu_isa_rows);
_Static_assert(BU_ARRAY_SIZE(bu_isa_rows) < 256, "row numbers are bytes");

/*
 * Row number plus one by opcode and key value, 0: none. FOLD maps the key values that one opcode
 * has to distinct slots; two rows in one slot are a compile-time warning (override-init).
 */
#define FOLD(v) (((((v) >> 4 & 15) | ((v) & 1) << 4) + ((v) >> 8 & 1) * 2 + ((v) & 14)) & 31)
enum { FIRST_ROW = __COUNTER__ };
static const uint8_t row_of[256][32] = {
#define BU_INSN(nm, cd, ky, kv, sm, wd, us, tp, ver, first) \
	[cd][FOLD(kv)] = __COUNTER__ - FIRST_ROW,
#include "isa/isa.def"
#undef BU_INSN
};

/* The key field of each opcode: all its rows agree. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const uint8_t key_of[256] = {
#define BU_INSN(nm, cd, ky, kv, sm, wd, us, tp, ver, first) [cd] = BU_KEY_##ky,
#include "isa/isa.def"
#undef BU_INSN
};
#pragma GCC diagnostic pop

static inline const struct bu_isa *find_loose(const struct bu_insn *in)
{
	const struct bu_isa *row;
	int32_t v = 0;
	unsigned n;

	switch (key_of[in->code]) {
	case BU_KEY_SRC: v = in->src; break;
	case BU_KEY_OFF: v = in->off; break;
	case BU_KEY_IMM: v = in->imm; break;
	default: break;
	}
	n = row_of[in->code][FOLD((uint32_t)v)];
	if (!n)
		return NULL;
	row = &bu_isa_rows[n - 1];
	return row->keyval == v ? row : NULL;
}

const struct bu_isa *bu_isa_find_loose(const struct bu_insn *in)
{
	return find_loose(in);
}

const struct bu_isa *bu_isa_find(const struct bu_insn *in)
{
	const struct bu_isa *row = find_loose(in);

	if (!row)
		return NULL;
	if (in->dst > (row->uses & BU_USES_DST ? 10 : 0) ||
	    in->src > (row->uses & BU_USES_SRC ? 10 : 0) ||
	    (in->off && !(row->uses & BU_USES_OFF)) || (in->imm && !(row->uses & BU_USES_IMM)))
		return NULL;
	return row;
}

/* ---------------------------------------------------------------- a match */

/* Checks an operand against [lo, hi]; remembers the first that is outside. */
static int64_t fit(const struct bu_operand *op, int64_t lo, int64_t hi,
		   const struct bu_operand **bad)
{
	if (!op->present)
		return 0;
	if ((op->val < lo || op->val > hi) && !*bad)
		*bad = op;
	return op->val;
}

#define S32_OR_U32 INT32_MIN, UINT32_MAX

static void encode_imm(const struct bu_match *m, struct bu_insn out[2],
		       const struct bu_operand **bad)
{
	const struct bu_operand *op = &m->imm;

	if (m->row->sem == BU_SEM_ADDR_SPACE_CAST) {
		out->imm = (int32_t)((uint32_t)fit(&m->x, 0, 0xffff, bad) << 16 |
				     ((uint32_t)fit(&m->y, 0, 0xffff, bad) & 0xffff));
		return;
	}
	if (m->x.present)
		out[0].imm = (int32_t)fit(&m->x, S32_OR_U32, bad);
	if (m->y.present)
		out[1].imm = (int32_t)fit(&m->y, S32_OR_U32, bad);
	if (!op->present)
		return;
	switch (op->field) {
	case BU_FIELD_IMM64:
		out[0].imm = (int32_t)op->val;
		out[1].imm = (int32_t)((uint64_t)op->val >> 32);
		break;
	case BU_FIELD_TARGET32:
	case BU_FIELD_LOCAL:
		out->imm = (int32_t)fit(op, INT32_MIN, INT32_MAX, bad);
		break;
	default:
		out->imm = (int32_t)fit(op, S32_OR_U32, bad);
	}
}

int bu_match_encode(const struct bu_match *m, struct bu_insn out[2], const struct bu_operand **bad)
{
	const struct bu_isa *row = m->row;
	const struct bu_operand *odd = NULL;

	out[0] = (struct bu_insn){ .code = row->code, .dst = m->dst, .src = m->src };
	out[1] = (struct bu_insn){ 0 };
	encode_imm(m, out, &odd);
	out->off = (int16_t)fit(&m->off, INT16_MIN, INT16_MAX, &odd);
	switch (row->key) {
	case BU_KEY_SRC: out->src = (uint8_t)row->keyval; break;
	case BU_KEY_OFF: out->off = (int16_t)row->keyval; break;
	case BU_KEY_IMM: out->imm = row->keyval; break;
	default: break;
	}
	if (bad)
		*bad = odd;
	if (odd)
		return -ERANGE;
	return row->code == BU_OP_LD_IMM64 ? 2 : 1;
}
