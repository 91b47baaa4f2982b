/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What skeletons for libbpf (skel.c) and for bpfutils/skel.h (skelown.c) share. */
#ifndef BT_SKEL_H
#define BT_SKEL_H

#include "gen.h"

struct skel {
	struct bu_buf *out;
	const struct bu_obj *o;
	const char *name;
	struct bu_btf_c *c;
	struct bu_arena a;
	const char *include;  /* the run-time's header */
	const char *map, *prog; /* its structs */
	bool sub;             /* pointers to variables instead of variables */
	bool links;           /* has them beside the programs */
	int err;
};

int skel_begin(struct skel *s, struct bu_buf *out, const struct bu_obj *o, const char *name, const char *include,
	       const char *map, const char *prog);
int skel_end(struct skel *s);
void skel_put(struct skel *s, const char *text);
/* Text in which @ stands for the object's name. */
void skel_named(struct skel *s, const char *text);
/* What C calls it: ".data.own" is data_own. */
const char *skel_word(struct skel *s, const char *name);
/* Quoted for C. */
void skel_string(struct skel *s, struct bu_str v);
bool skel_has_variables(const struct skel *s, const struct bu_obj_map *m);
/* The first and the last lines of the header. */
void skel_guard(struct skel *s, bool begin);
/* Maps, programs, links and variables. */
void skel_members(struct skel *s);
/* Bytes as lines of a string. */
void skel_bytes(struct skel *s, const uint8_t *p, size_t n);
/* Assertions about the variables' sizes. */
void skel_sizes(struct skel *s);

#endif
