/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* context: the fields of program contexts, and the architectures whose pt_regs we know. */
#include <string.h>
#include "isa/names.h"

static const char *const arch_names[BU_NARCH] = { "x86_64", "arm64" };

const char *bu_arch_name(enum bu_arch a)
{
	return (unsigned)a < BU_NARCH ? arch_names[a] : "unknown";
}

int bu_arch_by_name(struct bu_str name)
{
	for (int a = 0; a < BU_NARCH; a++)
		if (bu_str_is(name, arch_names[a]))
			return a;
	if (bu_str_is(name, "amd64") || bu_str_is(name, "x86-64") || bu_str_is(name, "x86"))
		return BU_ARCH_X86_64;
	return bu_str_is(name, "aarch64") ? BU_ARCH_ARM64 : -ENOENT;
}

enum bu_arch bu_arch_host(void)
{
#if defined(__x86_64__)
	return BU_ARCH_X86_64;
#elif defined(__aarch64__)
	return BU_ARCH_ARM64;
#else
	return BU_NARCH;
#endif
}

/* ---------------------------------------------------------------- fields */

#define SELECT(arch, own, nm, o, sz, sg) SELECT_##arch(own, nm, o, sz, sg)
#define ROW(own, nm, o, sz, sg) \
	{ .owner = own, .name = nm, .off = o, .size = sz, .is_signed = sg },
#define PATH(own, nm, o, sz, sg) own "." nm,
#define NOTHING(own, nm, o, sz, sg)

/* Three tables, one for all architectures and one for each, and their rows' "owner.name". */
#define BU_ARCH_FIELD SELECT
#define BU_FIELD ROW
#define SELECT_X86_64 NOTHING
#define SELECT_ARM64 NOTHING
static const struct bu_ctx_field common[] = {
#include "isa/field.def"
};
#undef BU_FIELD
#define BU_FIELD PATH
static const char *const common_paths[] = {
#include "isa/field.def"
};
#undef BU_FIELD
#define BU_FIELD NOTHING

#undef SELECT_X86_64
#define SELECT_X86_64 ROW
static const struct bu_ctx_field x86_64[] = {
#include "isa/field.def"
};
#undef SELECT_X86_64
#define SELECT_X86_64 PATH
static const char *const x86_64_paths[] = {
#include "isa/field.def"
};
#undef SELECT_X86_64
#define SELECT_X86_64 NOTHING

#undef SELECT_ARM64
#define SELECT_ARM64 ROW
static const struct bu_ctx_field arm64[] = {
#include "isa/field.def"
};
#undef SELECT_ARM64
#define SELECT_ARM64 PATH
static const char *const arm64_paths[] = {
#include "isa/field.def"
};

static const char *common_path(unsigned i)
{
	return i < BU_ARRAY_SIZE(common_paths) ? common_paths[i] : NULL;
}
static const char *x86_64_path(unsigned i)
{
	return i < BU_ARRAY_SIZE(x86_64_paths) ? x86_64_paths[i] : NULL;
}
static const char *arm64_path(unsigned i)
{
	return i < BU_ARRAY_SIZE(arm64_paths) ? arm64_paths[i] : NULL;
}
BU_NAMES(common_names, 1024, common_path);
BU_NAMES(x86_64_names, 128, x86_64_path);
BU_NAMES(arm64_names, 256, arm64_path);

static const struct {
	const struct bu_ctx_field *rows;
	struct bu_names *names;
} per_arch[BU_NARCH] = {
	[BU_ARCH_X86_64] = { x86_64, &x86_64_names },
	[BU_ARCH_ARM64] = { arm64, &arm64_names },
};

const struct bu_ctx_field *bu_ctx_field(struct bu_str path, enum bu_arch arch,
					bool *arch_dependent, struct bu_near *near)
{
	int i = bu_names_get(&common_names, path);

	if (arch_dependent)
		*arch_dependent = false;
	if (i >= 0)
		return &common[i];
	if ((unsigned)arch < BU_NARCH) {
		i = bu_names_get(per_arch[arch].names, path);
		if (i >= 0) {
			if (arch_dependent)
				*arch_dependent = true;
			return &per_arch[arch].rows[i];
		}
	}
	if (near) {
		const char *p;

		for (unsigned k = 0; (p = common_path(k)); k++)
			bu_near_feed(near, p);
		if ((unsigned)arch < BU_NARCH)
			for (unsigned k = 0; (p = per_arch[arch].names->at(k)); k++)
				bu_near_feed(near, p);
	}
	return NULL;
}

void bu_ctx_fields_feed(struct bu_near *near)
{
	const char *p;

	for (unsigned k = 0; (p = common_path(k)); k++)
		bu_near_feed(near, p);
	for (unsigned a = 0; a < BU_NARCH; a++)
		for (unsigned k = 0; (p = per_arch[a].names->at(k)); k++)
			bu_near_feed(near, p);
}
