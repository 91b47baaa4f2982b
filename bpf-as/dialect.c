/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which dialect a source file is in. A file begins with all of them (or with the one that was asked
 * for), and each instruction leaves those in which it has a meaning. The tables see to it that a text
 * means the same in all that are left.
 */
#include <stdio.h>

#include "bpf-as/as.h"

#define PERCENT (1u << BU_DIALECT_GNU | 1u << BU_DIALECT_CONFORMANCE | 1u << BU_DIALECT_UBPF)
#define HEX16 (1u << BU_DIALECT_CONFORMANCE | 1u << BU_DIALECT_RBPF)
#define UNSIGNED_IMM (HEX16 | 1u << BU_DIALECT_UBPF)

static uint32_t dialects(const struct as *as)
{
	return as->file ? as->file->dialects : as->dialects;
}

/* "gnu, conformance or ubpf"; the pseudo-C ones are one to a reader. */
static const char *list(uint32_t set, char *out, size_t size)
{
	size_t n = 0;

	if (set & 1u << BU_DIALECT_CANONICAL)
		set &= ~(1u << BU_DIALECT_PSEUDOC);
	out[0] = 0;
	for (unsigned d = 0; d < BU_NDIALECT && n < size; d++) {
		uint32_t after = set >> d >> 1;

		if (!(set & 1u << d))
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s%s", bu_dialect_name((enum bu_dialect)d),
				      !after ? "" : after & (after - 1) ? ", " : " or ");
	}
	return out;
}

void as_dialect_narrow(struct as *as, uint32_t left, const char *p)
{
	as->file->dialects = left;
	as->file->dialect_pos = as_place(as, p);
}

bool as_dialect_mismatch(struct as *as, struct bu_str stmt)
{
	struct bu_matcher all = as->matcher;
	struct as_file *f = as->file;
	const char *ex_error = as->ex_error;
	char mine[80], here[80];
	struct bu_match m;
	struct bu_diag *d;
	bool found;

	if (f->dialects == BU_DIALECTS_ALL)
		return false;
	all.dialects = BU_DIALECTS_ALL;
	found = bu_isa_match(&all, stmt, &m, NULL) == 0;
	as->ex_error = ex_error;
	if (!found)
		return false;
	d = as_error(as, "A0155", stmt.p, stmt.n, "this is written in the dialect %s; the file is read as %s",
		     list(m.dialects, here, sizeof(here)), list(f->dialects, mine, sizeof(mine)));
	if (f->dialect_pos && f->dialect_pos != stmt.p)
		as_span(as, d, f->dialect_pos, as_token_len(f->dialect_pos, f->dialect_pos + 40),
			"since this instruction");
	if ((m.dialects & BU_DIALECTS_PSEUDOC) && (f->dialects & PERCENT) && stmt.p[0] == 'r')
		bu_diag_note(as->ds, d, "registers are written %%r0 to %%r10 there, and GNU as would take "
			     "'r1 = 1' for a symbol that is set");
	bu_diag_help(as->ds, d, "one file is in one dialect; -mdialect= says which, .include joins files");
	return true;
}

bool as_dialect_unsigned(const struct as *as)
{
	return !(dialects(as) & ~(uint32_t)UNSIGNED_IMM);
}

bool as_dialect_mnemonics(const struct as *as, const char *pos)
{
	const struct as_file *f = as_file_of(as, as_place(as, pos));

	return f && !(f->dialects & BU_DIALECTS_PSEUDOC);
}

int64_t as_dialect_off(const struct as *as, int64_t v)
{
	return !(dialects(as) & ~(uint32_t)HEX16) && v > INT16_MAX && v <= UINT16_MAX ? v - 65536 : v;
}

int64_t as_dialect_exit(const struct as *as, const struct as_fix *f)
{
	const struct as_file *file = as_file_of(as, f->pos);
	const struct bu_buf *b = &f->sec->buf;

	if (f->sym->n != 4 || memcmp(f->sym->name, "exit", 4) || !file ||
	    !(file->dialects & 1u << BU_DIALECT_CONFORMANCE) || (file->dialects & BU_DIALECTS_PSEUDOC))
		return -1;
	for (size_t off = 0; off + 8 <= b->n; off += b->p[off] == BU_OP_LD_IMM64 ? 16 : 8)
		if (b->p[off] == BU_OP_EXIT)
			return (int64_t)off;
	return -1;
}
