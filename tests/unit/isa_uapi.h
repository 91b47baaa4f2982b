/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the system's kernel headers say, for comparison; they clash with isa.h in one file. */
#ifndef ISA_UAPI_H
#define ISA_UAPI_H

struct uapi_num {
	const char *name;
	long long val;
};
struct uapi_field {
	const char *path;
	unsigned off, size;
};
/* Empty when the headers are older than Linux 6.1. End with a NULL name. */
extern const struct uapi_num uapi_helpers[], uapi_map_types[], uapi_prog_types[],
	uapi_attach_types[], uapi_link_types[], uapi_consts[];
extern const struct uapi_field uapi_fields[];

#endif
