/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One fact of the ABI, as one of the two headers has it. */
#ifndef UAPI_ROW_H
#define UAPI_ROW_H

struct uapi_row {
	const char *name;
	long long val;  /* value, or offset */
	unsigned size;  /* of a member; 0 for a value */
};

/* What <linux/bpf.h> says; none of it where that header is older than 6.1. */
extern const struct uapi_row uapi_linux[];
extern const unsigned uapi_nlinux;

#define UAPI_V(n) { #n, (long long)(n), 0 },
#define UAPI_O(t, m) { #t "." #m, (long long)__builtin_offsetof(t, m), sizeof(((t *)0)->m) },

#endif
