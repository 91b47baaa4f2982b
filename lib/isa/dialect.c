/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dialect: the names of the dialects. Their spellings are in isa.def, alt.def and dialect.def. */
#include "isa/isa.h"

static const char *const names[BU_NDIALECT] = {
	[BU_DIALECT_CANONICAL] = "canonical",
	[BU_DIALECT_PSEUDOC] = "pseudoc",
	[BU_DIALECT_GNU] = "gnu",
	[BU_DIALECT_CONFORMANCE] = "conformance",
	[BU_DIALECT_UBPF] = "ubpf",
	[BU_DIALECT_RBPF] = "rbpf",
};

const char *bu_dialect_name(enum bu_dialect d)
{
	return d < BU_NDIALECT ? names[d] : "";
}

int bu_dialect_by_name(struct bu_str name)
{
	for (int d = 0; d < BU_NDIALECT; d++)
		if (bu_str_is(name, names[d]))
			return d;
	return bu_str_is(name, "normal") ? BU_DIALECT_GNU : -ENOENT;
}
