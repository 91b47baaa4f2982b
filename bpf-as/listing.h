/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listing of -a, and what main.c needs to ask for it. */
#ifndef AS_LISTING_H
#define AS_LISTING_H

#include "bpf-as/as.h"

enum {
	AS_LIST_ON = 1, AS_LIST_NO_FALSE = 2, AS_LIST_NO_DEBUG = 4, AS_LIST_GENERAL = 8,
	AS_LIST_SOURCE = 16, AS_LIST_MACROS = 32, AS_LIST_SYMBOLS = 64,
};

/* n letters of -a: 0 and AS_LIST_* bits, or -EINVAL. */
int as_listing_parse(const char *letters, size_t n, unsigned *what);
/* After as_assemble(): appends the listing. title: program and version. */
void as_listing_print(const struct as *as, unsigned what, const char *title, struct bu_buf *out);

#endif
