/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a map was not made, and why an element was refused. */
#include "sys/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool is_array_like(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
		return true;
	default:
		return false;
	}
}

static bool is_hash_like(uint32_t type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool is_fd_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
	       type == BPF_MAP_TYPE_CGROUP_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool is_local_storage(uint32_t type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

static const char *type_option(uint32_t type)
{
	switch (type) {
#define BU_MAP_NEED(type, caps, option) case type: return option;
#include "sys/mapneed.def"
#undef BU_MAP_NEED
	default:
		return "";
	}
}

/* Does this kernel know the type, and all flags? */
static bool known_here(struct bu_why *x, const struct bu_kind *kind)
{
	char what[64];

	if (!kind) {
		why_note(x, "map type %u is not known here", x->a->map_type);
		return false;
	}
	if (bu_why_older(x, kind->since)) {
		why_note(x, "map type %s came with Linux %u.%u; this is %u.%u", kind->name, kind->since >> 8,
			 kind->since & 0xff, x->f.major, x->f.minor);
		return false;
	}
	snprintf(what, sizeof(what), "map type %s", kind->name);
	return !bu_why_option(x, type_option(x->a->map_type), what);
}

static const struct { uint32_t flag; uint16_t since; const char *name; } flags[] = {
	{ BPF_F_NO_PREALLOC, 0x0406, "BPF_F_NO_PREALLOC" }, { BPF_F_NO_COMMON_LRU, 0x040a, "BPF_F_NO_COMMON_LRU" },
	{ BPF_F_NUMA_NODE, 0x040e, "BPF_F_NUMA_NODE" }, { BPF_F_RDONLY, 0x040f, "BPF_F_RDONLY" },
	{ BPF_F_WRONLY, 0x040f, "BPF_F_WRONLY" }, { BPF_F_ZERO_SEED, 0x0500, "BPF_F_ZERO_SEED" },
	{ BPF_F_RDONLY_PROG, 0x0502, "BPF_F_RDONLY_PROG" }, { BPF_F_WRONLY_PROG, 0x0502, "BPF_F_WRONLY_PROG" },
	{ BPF_F_MMAPABLE, 0x0505, "BPF_F_MMAPABLE" }, { BPF_F_INNER_MAP, 0x050a, "BPF_F_INNER_MAP" },
};

static void flag_rules(struct bu_why *x, const char *name)
{
	uint32_t t = x->a->map_type, f = x->a->map_flags;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(flags); i++) {
		if (f & flags[i].flag && bu_why_older(x, flags[i].since))
			why_note(x, "the flag %s came with Linux %u.%u", flags[i].name, flags[i].since >> 8,
				 flags[i].since & 0xff);
	}
	if (f & BPF_F_MMAPABLE && t != BPF_MAP_TYPE_ARRAY && t != BPF_MAP_TYPE_ARENA)
		why_note(x, "the flag BPF_F_MMAPABLE is for arrays, not for %s maps", name);
	if (f & BPF_F_NO_PREALLOC && !is_hash_like(t) && !is_local_storage(t) && t != BPF_MAP_TYPE_LPM_TRIE)
		why_note(x, "the flag BPF_F_NO_PREALLOC is for hash maps, tries and local storage, not for %s maps", name);
	if (f & BPF_F_NO_PREALLOC && (t == BPF_MAP_TYPE_LRU_HASH || t == BPF_MAP_TYPE_LRU_PERCPU_HASH))
		why_note(x, "%s maps are always preallocated: the flag BPF_F_NO_PREALLOC is not for them", name);
	if (f & BPF_F_NO_COMMON_LRU && t != BPF_MAP_TYPE_LRU_HASH && t != BPF_MAP_TYPE_LRU_PERCPU_HASH)
		why_note(x, "the flag BPF_F_NO_COMMON_LRU is for LRU maps");
	if ((f & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) == (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		why_note(x, "BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG together leave nothing");
	if ((f & (BPF_F_RDONLY | BPF_F_WRONLY)) == (BPF_F_RDONLY | BPF_F_WRONLY))
		why_note(x, "BPF_F_RDONLY and BPF_F_WRONLY together leave nothing");
	if (f & BPF_F_NUMA_NODE && (t == BPF_MAP_TYPE_PERCPU_ARRAY || t == BPF_MAP_TYPE_PERCPU_HASH))
		why_note(x, "per-CPU maps have no NUMA node");
}

/* The known rules of map creation that these numbers break. */
bool bu_why_map_rules(struct bu_why *x)
{
	const union bpf_attr *a = x->a;
	const struct bu_kind *kind;
	const char *name;
	uint32_t t;
	bool ring, storage, keyless;

	if (!a)
		return false;
	t = a->map_type;
	kind = bu_kind_by_num(bu_map_types, bu_nmap_types, t);
	if (!known_here(x, kind))
		return true;
	name = kind->name;
	ring = t == BPF_MAP_TYPE_RINGBUF || t == BPF_MAP_TYPE_USER_RINGBUF;
	storage = is_local_storage(t);
	keyless = t == BPF_MAP_TYPE_QUEUE || t == BPF_MAP_TYPE_STACK || t == BPF_MAP_TYPE_BLOOM_FILTER || ring ||
		  t == BPF_MAP_TYPE_ARENA;
	if (!storage && !a->max_entries && t != BPF_MAP_TYPE_CGROUP_STORAGE &&
	    t != BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE && t != BPF_MAP_TYPE_STRUCT_OPS)
		why_note(x, "max_entries is 0: %s maps need a size", name);
	if (storage && a->max_entries)
		why_note(x, "max_entries is %u: %s maps take none", a->max_entries, name);
	if (storage && !(a->map_flags & BPF_F_NO_PREALLOC))
		why_note(x, "%s maps need the flag BPF_F_NO_PREALLOC", name);
	if (storage && !a->btf_key_type_id)
		why_note(x, "%s maps need BTF types for key and value", name);
	if ((storage || is_array_like(t)) && a->key_size != 4)
		why_note(x, "key size is %u: %s maps have keys of 4 bytes", a->key_size, name);
	if (keyless && a->key_size)
		why_note(x, "key size is %u: %s maps have no key", a->key_size, name);
	if (!keyless && !storage && !is_array_like(t) && !a->key_size)
		why_note(x, "key size is 0");
	if ((ring || t == BPF_MAP_TYPE_ARENA) && a->value_size)
		why_note(x, "value size is %u: %s maps have no value", a->value_size, name);
	if (is_fd_array(t) && a->value_size != 4)
		why_note(x, "value size is %u: %s maps have values of 4 bytes", a->value_size, name);
	if (!ring && t != BPF_MAP_TYPE_ARENA && !a->value_size)
		why_note(x, "value size is 0");
	if (ring && (a->max_entries & (a->max_entries - 1) || a->max_entries % 4096))
		why_note(x, "max_entries is %u: the size of %s maps is a power of two and whole pages", a->max_entries, name);
	if (t == BPF_MAP_TYPE_LPM_TRIE && !(a->map_flags & BPF_F_NO_PREALLOC))
		why_note(x, "%s maps need the flag BPF_F_NO_PREALLOC", name);
	if (t == BPF_MAP_TYPE_LPM_TRIE && a->key_size && (a->key_size < 5 || a->key_size > 260))
		why_note(x, "key size is %u: %s maps have 4 bytes of prefix length and 1 to 256 bytes of data", a->key_size,
			 name);
	if (t == BPF_MAP_TYPE_STACK_TRACE && a->value_size % 8)
		why_note(x, "value size is %u: a stack trace holds 8 bytes a frame", a->value_size);
	if (t == BPF_MAP_TYPE_CPUMAP && a->value_size && a->value_size != 4 && a->value_size != 8)
		why_note(x, "value size is %u: %s maps have values of 4 or 8 bytes", a->value_size, name);
	if ((t == BPF_MAP_TYPE_DEVMAP || t == BPF_MAP_TYPE_DEVMAP_HASH) && a->value_size && a->value_size != 4 &&
	    a->value_size != 8)
		why_note(x, "value size is %u: %s maps have values of 4 or 8 bytes", a->value_size, name);
	if ((t == BPF_MAP_TYPE_ARRAY_OF_MAPS || t == BPF_MAP_TYPE_HASH_OF_MAPS) && !a->inner_map_fd)
		why_note(x, "no inner map is given as a template");
	if (a->btf_key_type_id && !a->btf_value_type_id)
		why_note(x, "a BTF type is given for the key and none for the value");
	flag_rules(x, name);
	return true;
}

#define HASH_KEY_MAX 512u         /* MAX_BPF_STACK: of older kernels */
#define PERCPU_MAX (32u << 10)    /* PCPU_MIN_UNIT_SIZE */

bool bu_why_map_size(struct bu_why *x)
{
	const union bpf_attr *a = x->a;
	const struct bu_kind *kind;
	bool percpu;
	uint64_t bytes;

	if (!a)
		return false;
	kind = bu_kind_by_num(bu_map_types, bu_nmap_types, a->map_type);
	percpu = bu_map_is_percpu(a->map_type);
	bytes = ((uint64_t)a->key_size + a->value_size) * (uint64_t)a->max_entries;
	if (is_hash_like(a->map_type) && a->key_size > HASH_KEY_MAX)
		why_note(x, "key size is %u: a key may have as many bytes as a program's stack, %u", a->key_size, HASH_KEY_MAX);
	else if (percpu && a->value_size > PERCPU_MAX)
		why_note(x, "value size is %u: a per-CPU value may have %u bytes", a->value_size, PERCPU_MAX);
	else if (a->value_size > 4u << 20)
		why_note(x, "value size is %u: a value has to fit into one piece of kernel memory, about 4 MiB", a->value_size);
	else if (a->map_type == BPF_MAP_TYPE_CPUMAP)
		why_note(x, "max_entries is %u: a map of CPUs has as many as the kernel was built for, at most", a->max_entries);
	else if (a->btf_fd || a->map_extra)
		why_note(x, "this kernel is too old for something that the map asks for (BTF types since 4.18, map_extra since 5.16)");
	else
		why_note(x, "the map is larger than the kernel allows: key %u, value %u bytes, max_entries %u, together %" PRIu64
			 " MiB", a->key_size, a->value_size, a->max_entries, bytes >> 20);
	if (kind)
		why_help(x, "make the %s map smaller", kind->name);
	return true;
}

/* ---------------------------------------------------------------- elements */

/* Facts of a map by its fd; false: none. */
static bool map_info(struct bu_why *x, struct bpf_map_info *info)
{
	uint32_t size = sizeof(*info);
	int fd = x->r->fd > 0 ? x->r->fd : x->a ? (int)x->a->map_fd : 0;

	memset(info, 0, sizeof(*info));
	return fd > 0 && bu_sys_info(x->s, fd, info, &size) == 0;
}

/* Whether the kernel says so of the fd; -1: not known. */
static int is_frozen(struct bu_why *x)
{
	int fd = x->r->fd > 0 ? x->r->fd : x->a ? (int)x->a->map_fd : 0, frozen = -1;
	struct bu_buf b = { 0 };
	char path[64];
	const char *at;

	if (!x->probe || fd <= 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (bu_file_read(path, 1u << 16, &b) == 0 && (at = strstr(bu_buf_cstr(&b), "frozen:")))
		frozen = at[strcspn(at, "01")] == '1';
	bu_buf_free(&b);
	return frozen;
}

bool bu_why_element(struct bu_why *x)
{
	struct bpf_map_info info;
	bool known = map_info(x, &info);
	const struct bu_kind *kind = known ? bu_kind_by_num(bu_map_types, bu_nmap_types, info.type) : NULL;
	const char *type = kind ? kind->name : "such";

	switch (x->err) {
	case EPERM:
		if (is_frozen(x) == 1) {
			why_note(x, "the map is frozen (BPF_MAP_FREEZE, as .rodata is): nothing from outside changes it any more");
			return true;
		}
		if (known && info.map_flags & (BPF_F_RDONLY | BPF_F_WRONLY)) {
			why_note(x, "the map was made %s (%s)", info.map_flags & BPF_F_RDONLY ? "read-only" : "write-only",
				 info.map_flags & BPF_F_RDONLY ? "BPF_F_RDONLY" : "BPF_F_WRONLY");
			return true;
		}
		if (!bu_why_missing(x, BU_CAP(BU_CAP_BPF)) && x->f.seccomp != 1) {
			why_note(x, "the map was opened read-only or write-only");
			return true;
		}
		return false;
	case E2BIG:
		if (known && is_array_like(info.type))
			why_note(x, "the key lies behind the last element: %s has %u, from 0 to %u", type, info.max_entries,
				 info.max_entries - 1);
		else if (known)
			why_note(x, "the map is full: it holds %u entries", info.max_entries);
		else
			why_note(x, "the map is full, or the key lies behind its last entry");
		return true;
	case EEXIST:
		why_note(x, "there is an element with this key, and only a new one was wanted (BPF_NOEXIST)");
		return true;
	case ENOENT:
		why_note(x, "there is no element with this key");
		return true;
	case EINVAL:
		if (known && x->cmd == BPF_MAP_DELETE_ELEM && is_array_like(info.type) && !is_fd_array(info.type))
			why_note(x, "elements of %s maps cannot be deleted: they are always there", type);
		else if (known && info.type == BPF_MAP_TYPE_PROG_ARRAY && x->cmd == BPF_MAP_UPDATE_ELEM)
			why_note(x, "all programs of one array are of one type");
		else if (known && (info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS || info.type == BPF_MAP_TYPE_HASH_OF_MAPS))
			why_note(x, "an inner map must be like the template of its outer map");
		else if (known && info.type == BPF_MAP_TYPE_LPM_TRIE)
			why_note(x, "the prefix length is larger than the key");
		return known;
	case EBADF:
		why_note(x, known ? "the value is no file descriptor of what this map holds" : "that is no map");
		return true;
	case EOPNOTSUPP:
	case 524:
		why_note(x, "%s maps do not have this operation", type);
		return true;
	case ENODEV:
		why_note(x, "the device that the map is for is gone, or there is none of that number here");
		return true;
	default:
		return false;
	}
}

bool bu_why_freeze(struct bu_why *x)
{
	struct bpf_map_info info;

	if ((x->err == EBUSY || x->err == EPERM) && is_frozen(x) == 1)
		why_note(x, "the map is frozen already");
	else if (x->err == EBUSY)
		why_note(x, "the map is mapped writable into a process, or being written");
	else if (x->err == ENOTSUP || x->err == 524 || x->err == EINVAL)
		why_note(x, "maps of this type cannot be frozen");
	else
		return map_info(x, &info) && false;
	return true;
}
