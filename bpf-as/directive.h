/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of directives share. Each function as_d_NAME stands in a row of directive.def: c is
 * behind the directive's name, arg is the row's number, name where the directive itself stands.
 */
#ifndef AS_DIRECTIVE_H
#define AS_DIRECTIVE_H

#include "bpf-as/as.h"

#define PARAMS struct as *as, struct as_cur *c, int arg, struct bu_str name
#define UNUSED ((void)arg, (void)name)

#define DIR(text, fn, number) void as_d_##fn(PARAMS);
#include "bpf-as/directive.def"
#undef DIR

/* directive.c: NAME = EXPR, NAME == EXPR (once) at c. */
void as_assign(struct as *as, struct as_cur *c, bool once);

/* data.c */
/* Data begins here: its line, and what a label before it is followed by. */
void as_data_begins(struct as *as, const char *p, enum as_elem kind, unsigned size);
/* n bytes of v, each of size bytes; whole instructions that do nothing in code unless v was given. */
void as_pad(struct as *as, uint64_t n, unsigned size, int64_t v, bool given, const char *p);

/* words.c */
/* A symbol's name at c, made if need be; NULL: told. *pos: where it stands. */
struct as_sym *as_symbol_arg(struct as *as, struct as_cur *c, const char **pos);
/* Takes a comma; false: told. */
bool as_comma(struct as *as, struct as_cur *c);

/* compat.c: a symbol that names the source. */
void as_file_symbol(struct as *as, const char *name, size_t n);

#endif
