/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * merge: what joins objects. objmerge.c does sections and relocations, mergesym.c symbols, mergebtf.c
 * types and .BTF.ext.
 */
#ifndef BU_OBJ_MERGE_H
#define BU_OBJ_MERGE_H

#include "obj/obj.h"

/* What became of an input. */
struct merge_in {
	const struct bu_obj *o;
	uint32_t *sec;      /* [section]: of the output, or BU_SEC_UNDEF: left out */
	uint64_t *off;      /* [section]: bytes into that one */
	uint32_t *sym;      /* [symbol]: of the output, or BU_SEC_UNDEF: left out */
	uint32_t *type;     /* [BTF id]: of the output; NULL without BTF */
};

/* A symbol of the output. */
struct merge_sym {
	uint32_t in, index; /* where it comes from */
	bool defined;
};

struct merge {
	struct bu_obj *out;
	struct bu_diags *ds;
	struct merge_in *in;
	unsigned n;
	struct bu_buf *data;    /* [section of the output]: contents */
	struct merge_sym *sym;  /* [symbol of the output] */
	uint32_t *secsym;       /* [section of the output]: its section symbol + 1 */
	struct bu_hash globals; /* name -> index + 1 */
	size_t cap_secs, cap_syms, cap_rels;
};

/* A message about an input; always -EINVAL. */
int merge_error(struct merge *m, unsigned in, const char *code, const char *fmt, ...) BU_PRINTF(4, 5);

/* mergesym.c: joins the symbols; the section symbol of a section, made when it is first asked for. */
int merge_symbols(struct merge *m);
int merge_section_symbol(struct merge *m, uint32_t sec, uint32_t *sym);
/*
 * Is the input's definition of the global symbol the one that was taken? True also for what is no global
 * symbol of it.
 */
bool merge_is_taken(const struct merge *m, unsigned in, const char *name);

/* mergebtf.c: makes .BTF and .BTF.ext, when an input has BTF. */
int merge_btf(struct merge *m);
/* objmerge.c: is there one such section for the whole object (license …), equal in all inputs? */
bool merge_is_one(const char *section);
/* A section of the output, of that name, whose contents are in m->data. */
int merge_new_section(struct merge *m, const struct bu_sec *like, const char *name, uint32_t *sec);

#endif
