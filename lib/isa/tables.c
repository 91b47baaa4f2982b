/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tables: helpers, kinds, sections and constants, by number and by name. */
#include <string.h>
#include "isa/names.h"

/* ---------------------------------------------------------------- helpers */

const struct bu_helper bu_helpers[] = {
#define BU_HELPER(num, nm, needs_gpl, nargs) \
	{ .id = num, .name = "bpf_" #nm, .gpl = needs_gpl, .args = nargs },
#include "isa/helper.def"
#undef BU_HELPER
};
const unsigned bu_nhelpers = BU_ARRAY_SIZE(bu_helpers);

const struct bu_helper *bu_helper_by_id(int32_t id)
{
	return id >= 1 && (unsigned)id <= bu_nhelpers ? &bu_helpers[id - 1] : NULL;
}

static const char *helper_name(unsigned i)
{
	return i < bu_nhelpers ? bu_helpers[i].name : NULL;
}
BU_NAMES(helper_names, 1024, helper_name);

const struct bu_helper *bu_helper_by_name(struct bu_str name)
{
	int i = bu_names_get(&helper_names, name);

	return i < 0 ? NULL : &bu_helpers[i];
}

/* ---------------------------------------------------------------- kinds */

#define KIND(n, enumerator, nm, first) \
	{ .num = n, .uapi = #enumerator, .name = nm, .since = first },
const struct bu_kind bu_map_types[] = {
#define BU_MAP_TYPE KIND
#include "isa/maptype.def"
#undef BU_MAP_TYPE
};
const struct bu_kind bu_prog_types[] = {
#define BU_PROG_TYPE KIND
#include "isa/progtype.def"
#undef BU_PROG_TYPE
};
const struct bu_kind bu_attach_types[] = {
#define BU_ATTACH_TYPE KIND
#include "isa/attachtype.def"
#undef BU_ATTACH_TYPE
};
const struct bu_kind bu_link_types[] = {
#define BU_LINK_TYPE KIND
#include "isa/linktype.def"
#undef BU_LINK_TYPE
};
const unsigned bu_nmap_types = BU_ARRAY_SIZE(bu_map_types);
const unsigned bu_nprog_types = BU_ARRAY_SIZE(bu_prog_types);
const unsigned bu_nattach_types = BU_ARRAY_SIZE(bu_attach_types);
const unsigned bu_nlink_types = BU_ARRAY_SIZE(bu_link_types);

const struct bu_kind *bu_kind_by_num(const struct bu_kind *t, unsigned n, uint32_t num)
{
	/* The rows are by number, without gaps. */
	return num < n && t[num].num == num ? &t[num] : NULL;
}

/* Name 2i is row i's enumerator, 2i+1 its short name. */
static const char *kind_name(const struct bu_kind *t, unsigned n, unsigned i)
{
	if (i / 2 >= n)
		return NULL;
	return i & 1 ? t[i / 2].name : t[i / 2].uapi;
}
static const char *map_type_name(unsigned i)
{
	return kind_name(bu_map_types, bu_nmap_types, i);
}
static const char *prog_type_name(unsigned i)
{
	return kind_name(bu_prog_types, bu_nprog_types, i);
}
static const char *attach_type_name(unsigned i)
{
	return kind_name(bu_attach_types, bu_nattach_types, i);
}
static const char *link_type_name(unsigned i)
{
	return kind_name(bu_link_types, bu_nlink_types, i);
}
BU_NAMES(map_type_names, 256, map_type_name);
BU_NAMES(prog_type_names, 256, prog_type_name);
BU_NAMES(attach_type_names, 256, attach_type_name);
BU_NAMES(link_type_names, 256, link_type_name);

const struct bu_kind *bu_kind_by_name(const struct bu_kind *t, unsigned n, struct bu_str name)
{
	struct bu_names *ix = t == bu_map_types ? &map_type_names :
			      t == bu_prog_types ? &prog_type_names :
			      t == bu_attach_types ? &attach_type_names :
			      t == bu_link_types ? &link_type_names : NULL;
	int i = ix ? bu_names_get(ix, name) : -1;

	return i >= 0 && (unsigned)i / 2 < n ? &t[i / 2] : NULL;
}

/* ---------------------------------------------------------------- sections and hooks */

#define BPF_NONE BU_NO_ATTACH_TYPE
const struct bu_secdef bu_secdefs[] = {
#define BU_SEC(pre, how, ptype, atype, sleeps, frags, hk)                                          \
	{ .prefix = pre, .match = how, .prog_type = BPF_PROG_TYPE_##ptype,                         \
	  .attach_type = BPF_##atype, .sleepable = sleeps, .xdp_frags = frags,                     \
	  .hook = BU_HOOK_##hk },
#include "isa/section.def"
#undef BU_SEC
};
#undef BPF_NONE
const unsigned bu_nsecdefs = BU_ARRAY_SIZE(bu_secdefs);

static const char *section_name(unsigned i)
{
	return i < bu_nsecdefs ? bu_secdefs[i].prefix : NULL;
}
BU_NAMES(section_names, 512, section_name);

const struct bu_secdef *bu_secdef_find(struct bu_str section, struct bu_str *target)
{
	const char *slash;
	struct bu_str prefix;
	int i;

	if (section.n && section.p[0] == '?')
		section = bu_str(section.p + 1, section.n - 1);
	if (target)
		*target = bu_str(section.p + section.n, 0);
	i = bu_names_get(&section_names, section);
	if (i >= 0)
		return &bu_secdefs[i];
	slash = section.n ? memchr(section.p, '/', section.n) : NULL;
	if (!slash)
		return NULL;
	prefix = bu_str(section.p, (size_t)(slash - section.p));
	i = bu_names_get(&section_names, prefix);
	if (i < 0 || bu_secdefs[i].match != '+')
		return NULL;
	if (target)
		*target = bu_str(slash + 1, section.n - prefix.n - 1);
	return &bu_secdefs[i];
}

static const struct {
	const char *name;
	uint32_t prog_type;
} hooks[BU_NHOOKS] = {
	[BU_HOOK_NONE] = { "none", BPF_PROG_TYPE_UNSPEC },
#define BU_HOOK(id, nm, ptype, driver) [BU_HOOK_##id] = { nm, BPF_PROG_TYPE_##ptype },
#include "isa/hook.def"
#undef BU_HOOK
};

static const struct {
	const char *name;
	enum bu_hook hook;
} hook_names[] = {
#define BU_HOOK(id, nm, ptype, driver) { nm, BU_HOOK_##id },
#define BU_HOOK_ALIAS(nm, id) { nm, BU_HOOK_##id },
#include "isa/hook.def"
#undef BU_HOOK
};

enum bu_hook bu_hook_by_name(struct bu_str name)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(hook_names); i++)
		if (bu_str_is(name, hook_names[i].name))
			return hook_names[i].hook;
	return BU_HOOK_NONE;
}

const char *bu_hook_name(enum bu_hook h)
{
	return hooks[h < BU_NHOOKS ? h : BU_HOOK_NONE].name;
}

uint32_t bu_hook_prog_type(enum bu_hook h)
{
	return hooks[h < BU_NHOOKS ? h : BU_HOOK_NONE].prog_type;
}

uint32_t bu_hook_attach_type(enum bu_hook h)
{
	for (unsigned i = 0; h != BU_HOOK_NONE && i < bu_nsecdefs; i++)
		if (bu_secdefs[i].hook == h)
			return bu_secdefs[i].attach_type;
	return BU_NO_ATTACH_TYPE;
}

/* ---------------------------------------------------------------- constants */

static const struct bu_const consts[] = {
#define BU_CONST(nm, v) { .name = nm, .val = v },
#include "isa/const.def"
#undef BU_CONST
#define ENUMERATOR(n, enumerator, nm, first) { .name = #enumerator, .val = n },
#define BU_MAP_TYPE ENUMERATOR
#include "isa/maptype.def"
#undef BU_MAP_TYPE
#define BU_PROG_TYPE ENUMERATOR
#include "isa/progtype.def"
#undef BU_PROG_TYPE
#define BU_ATTACH_TYPE ENUMERATOR
#include "isa/attachtype.def"
#undef BU_ATTACH_TYPE
#define BU_LINK_TYPE ENUMERATOR
#include "isa/linktype.def"
#undef BU_LINK_TYPE
#define BU_HELPER(num, nm, needs_gpl, nargs) { .name = "BPF_FUNC_" #nm, .val = num },
#include "isa/helper.def"
#undef BU_HELPER
};

static const char *const_name(unsigned i)
{
	return i < BU_ARRAY_SIZE(consts) ? consts[i].name : NULL;
}
_Static_assert(BU_ARRAY_SIZE(consts) < 4096, "the index of constants is too small");
BU_NAMES(const_names, 8192, const_name);

const struct bu_const *bu_const_by_name(struct bu_str name)
{
	int i = bu_names_get(&const_names, name);

	return i < 0 ? NULL : &consts[i];
}

/* ---------------------------------------------------------------- did you mean */

void bu_names_feed(struct bu_near *near)
{
	for (unsigned i = 0; i < bu_nhelpers; i++)
		bu_near_feed(near, bu_helpers[i].name);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(consts); i++)
		bu_near_feed(near, consts[i].name);
	bu_ctx_fields_feed(near);
}

bool bu_map_is_percpu(uint32_t map_type)
{
	return map_type == BPF_MAP_TYPE_PERCPU_HASH || map_type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       map_type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

const char *bu_map_unlistable(uint32_t map_type)
{
	switch (map_type) {
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return "its elements can only be taken out, not looked through";
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return "its records belong to the one who reads them";
	case BPF_MAP_TYPE_BLOOM_FILTER:
		return "it does not keep the values that were put in";
	case BPF_MAP_TYPE_ARENA:
		return "it is memory without elements";
	}
	return NULL;
}
