/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usdt: the probes that programs and libraries announce in notes; usdt.c. */
#ifndef BU_USDT_H
#define BU_USDT_H

#include "sys/sys.h"

/*
 * Calls fn for each probe of a file; it and its strings are valid during the call. 0; -ENODATA: the file has
 * none; -EINVAL: its notes are damaged; or as for bu_elf_symbol_offset, or what fn returned other than 0.
 */
int bu_usdt_each(const char *path, int (*fn)(void *ctx, const struct bu_usdt_site *s), void *ctx);
/* Reads an argument list of a machine (EM_X86_64, EM_AARCH64) into s->arg and s->nargs; what is not known is UNKNOWN. */
void bu_usdt_args(struct bu_usdt_site *s, const char *text, unsigned machine);

#endif
