// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which maps are made, which existing ones are used, and what each is like. */
#include <string.h>
#include <unistd.h>

#include "load/priv.h"

#define BPFFS "/sys/fs/bpf"
#define STACK_DEPTH 127 /* PERF_MAX_STACK_DEPTH: frames of a stack trace where nobody says another number */

void bu_plan_kname(char out[BU_NAME_MAX], const char *name)
{
	size_t n = 0;

	for (; name[n] && n < BU_NAME_MAX - 1; n++) {
		char c = name[n];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9') || c == '_' || c == '.';

		out[n] = good ? c : '_';
	}
	out[n] = '\0';
}

/*
 * Global data is named after its object too, as the field does: "skbleak.rodata"; sections with names of their
 * own (".data.hits") are not.
 */
static void data_kname(char out[BU_NAME_MAX], const char *path, const char *sec)
{
	const char *base = strrchr(path, '/');
	size_t sn = strlen(sec), n, room;
	char both[64];

	if (strchr(sec + 1, '.')) {
		bu_plan_kname(out, sec);
		return;
	}
	base = base ? base + 1 : path;
	n = strcspn(base, ".");
	room = BU_NAME_MAX - 1 - (sn < 7 ? 7 : sn > 8 ? 8 : sn);
	if (n > room)
		n = room;
	memcpy(both, base, n);
	strncpy(both + n, sec, sizeof(both) - n - 1);
	both[sizeof(both) - 1] = '\0';
	bu_plan_kname(out, both);
}

static const char *map_type_name(uint32_t type)
{
	const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types, type);

	return k ? k->name : "unknown type";
}

/* Types whose max_entries is, or may be, 0. */
static bool may_be_empty(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
		return true;
	default:
		return false;
	}
}

/* Types that are made with BPF_F_NO_PREALLOC or not at all. */
static bool needs_no_prealloc(uint32_t type)
{
	return type == BPF_MAP_TYPE_LPM_TRIE || type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

/* Types that take no type information of keys and values. */
static bool no_btf(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_ARENA:
		return true;
	default:
		return false;
	}
}

static void note(struct plan_map *m, struct bu_arena *a, const char *text)
{
	m->note = m->note ? bu_arena_printf(a, "%s; %s", m->note, text) : text;
}

/* A ring buffer's size is a power of two of whole pages. */
static uint32_t ring_size(uint32_t want)
{
	long ps = sysconf(_SC_PAGESIZE);
	uint32_t n = ps > 0 ? (uint32_t)ps : 4096;

	while (n < want && n < 1u << 31)
		n *= 2;
	return n;
}

/* One more than the last element that the object gives the map. */
static uint32_t last_slot(const struct bu_obj *o, const struct bu_obj_map *def)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < o->nslots; i++)
		if (&o->maps[o->slots[i].map] == def && o->slots[i].index >= n)
			n = o->slots[i].index == UINT32_MAX ? n : o->slots[i].index + 1;
	return n;
}

/* How many entries a map gets whose object leaves that to its own loader; 0: cannot be guessed. */
static uint32_t entries_for(const struct plan_map *m, const struct bu_obj *o, int cpus)
{
	uint32_t n;

	switch (m->type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CPUMAP:
		return cpus > 0 ? (uint32_t)cpus : 1;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return 256u << 10;
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		n = last_slot(o, m->def);
		return n ? n : 1024;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		return 10240;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
	case BPF_MAP_TYPE_ARENA:
		return 1024;
	default:
		return 0;
	}
}

int bu_plan_map_attrs(struct plan_map *m, const struct bu_obj *obj, struct bu_sys *s,
		   struct bu_arena *a, struct bu_diags *ds)
{
	const struct bu_obj_map *def = m->def;
	struct bu_diag *d;
	int cpus;

	m->type = def->type;
	m->key_size = def->key_size;
	m->value_size = def->value_size;
	m->max_entries = def->max_entries;
	m->flags = def->flags;
	m->btf_key = obj->has_btf ? def->btf_key : 0;
	m->btf_value = obj->has_btf ? def->btf_value : 0;

	switch (m->type) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		/* Key and value types are hints for readers of the source only. */
		m->key_size = m->value_size = 0;
		if (!m->max_entries)
			break;
		if (ring_size(m->max_entries) != m->max_entries) {
			m->max_entries = ring_size(m->max_entries);
			note(m, a, "size rounded up to a power of two of whole pages");
		}
		break;
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		m->key_size = m->value_size = 4;
		if (!m->max_entries) {
			cpus = s->ops->possible_cpus(s);
			m->max_entries = cpus > 0 ? (uint32_t)cpus : 1;
			note(m, a, "one entry for each possible CPU");
		}
		break;
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		m->key_size = m->key_size ? m->key_size : 4;
		m->value_size = m->value_size ? m->value_size : 4;
		break;
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		m->value_size = m->value_size ? m->value_size : 4;
		break;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		m->key_size = m->key_size ? m->key_size : 4;
		break;
	case BPF_MAP_TYPE_STACK_TRACE:
		m->key_size = m->key_size ? m->key_size : 4;
		if (!m->value_size) {
			m->value_size = STACK_DEPTH * 8;
			bu_diag(ds, BU_NOTE, "L0116", "map %s (stack_trace) has no value size, which its own loader "
				"would set: it holds %u frames", m->name, STACK_DEPTH);
			note(m, a, "value size was 0");
		}
		break;
	case BPF_MAP_TYPE_ARENA:
		if (def->arena_sec)
			note(m, a, bu_arena_printf(a, "%llu bytes of globals",
						   (unsigned long long)obj->secs[def->arena_sec - 1].size));
		break;
	default:
		break;
	}
	if (needs_no_prealloc(m->type) && !(m->flags & BPF_F_NO_PREALLOC)) {
		m->flags |= BPF_F_NO_PREALLOC;
		bu_diag(ds, BU_NOTE, "L0119", "map %s is made with the flag BPF_F_NO_PREALLOC, which %s maps need",
			m->name, map_type_name(m->type));
		note(m, a, "with BPF_F_NO_PREALLOC");
	}
	if (no_btf(m->type))
		m->btf_key = m->btf_value = 0;
	m->value_bytes = m->value_size;
	if (bu_map_is_percpu(m->type)) {
		cpus = s->ops->possible_cpus(s);
		if (cpus < 1 || (uint64_t)cpus * ((uint64_t)m->value_size + 7) > UINT32_MAX) {
			bu_diag(ds, BU_ERROR, "L0107", "map %s: there is no room for %u bytes on "
				"each CPU", m->name, m->value_size);
			return -EINVAL;
		}
		m->value_bytes = (m->value_size + 7) / 8 * 8 * (uint32_t)cpus;
	}
	if (m->max_entries || may_be_empty(m->type) || m->where)
		return 0;
	m->max_entries = entries_for(m, obj, s->ops->possible_cpus(s));
	if (!m->max_entries) {
		d = bu_diag(ds, BU_ERROR, "L0107", "map %s (%s) has max_entries 0", m->name,
			    map_type_name(m->type));
		if (def->max_entries_at)
			bu_diag_note(ds, d, "it is declared in line %u", def->max_entries_at);
		bu_diag_help(ds, d, "declare how many entries it holds");
		return -EINVAL;
	}
	bu_diag(ds, BU_NOTE, "L0116", "map %s (%s) has max_entries 0, which its own loader would set: it "
		"is made with %u", m->name, map_type_name(m->type), m->max_entries);
	note(m, a, "max_entries was 0");
	return 0;
}

void bu_plan_map_attr(const struct plan_map *m, union bpf_attr *a)
{
	memset(a, 0, sizeof(*a));
	a->map_type = m->type;
	a->key_size = m->key_size;
	a->value_size = m->value_size;
	a->max_entries = m->max_entries;
	a->map_flags = m->flags;
	if (m->flags & BPF_F_NUMA_NODE)
		a->numa_node = m->def->numa_node;
	a->map_extra = m->def->map_extra;
	a->btf_vmlinux_value_type_id = m->kernel_value;
	memcpy(a->map_name, m->kname, sizeof(a->map_name));
}

/* ---------------------------------------------------------------- existing maps */

/* The fd of an existing map, or -errno. */
static int open_existing(struct bu_sys *s, const char *where)
{
	uint64_t id;

	if (strncmp(where, "id:", 3) != 0)
		return bu_sys_get(s, where, 0);
	if (bu_str_u64(bu_str_c(where + 3), &id, NULL) || id > UINT32_MAX)
		return -EINVAL;
	return bu_sys_fd_by_id(s, BU_MAP, (uint32_t)id, 0);
}

static int bad_fit(struct bu_diags *ds, const struct plan_map *m, const char *what, uint32_t want,
		   uint32_t have)
{
	bu_diag(ds, BU_ERROR, "L0111", "map %s cannot be %s: %s is %u there, the object wants %u",
		m->name, m->where, what, have, want);
	return -EINVAL;
}

/* Reads the real attributes of m->where, and compares them with what the object declares. */
static int look_at_existing(struct plan_map *m, bool carried, struct bu_sys *s, struct bu_diags *ds)
{
	const struct bu_obj_map *def = m->def;
	struct bpf_map_info info;
	uint32_t len = sizeof(info);
	int fd = open_existing(s, m->where), err = fd < 0 ? fd : 0;
	bool by_id = strncmp(m->where, "id:", 3) == 0;
	enum bu_objkind kind = BU_MAP;
	struct bu_diag *d;
	uint32_t id;

	memset(&info, 0, sizeof(info));
	if (fd >= 0) {
		if (bu_sys_fd_kind(s, fd, &kind, &id))
			kind = BU_MAP; /* nothing is known */
		err = kind == BU_MAP ? bu_sys_info(s, fd, &info, &len) : -EINVAL;
		s->ops->close(s, fd);
	}
	if (err < 0) {
		d = bu_diag(ds, BU_ERROR, "L0111", "map %s: %s cannot be opened: %s", m->name,
			    m->where, kind != BU_MAP ? "it is no map" :
			    err == -ENOENT ? "there is no such map" : bu_strerror(-err));
		if (kind == BU_MAP)
			bu_sys_explain_more(s, ds, d, &(struct bu_refused){ .err = err, .path = m->where,
					    .cmd = by_id ? BPF_MAP_GET_FD_BY_ID : BPF_OBJ_GET });
		/* The kernel's EACCES is also its word for a file that is no pin. */
		if (err == -EACCES && !by_id && s->ops->pin_prepare(s, m->where, true) == -EINVAL)
			err = -EINVAL;
		return err;
	}
	if (def && m->type != info.type) {
		bu_diag(ds, BU_ERROR, "L0111", "map %s cannot be %s: its type is %s there, the "
			"object wants %s", m->name, m->where, map_type_name(info.type),
			map_type_name(m->type));
		return -EINVAL;
	}
	if (def && m->key_size != info.key_size)
		return bad_fit(ds, m, "the key size", m->key_size, info.key_size);
	if (def && m->value_size != info.value_size)
		return bad_fit(ds, m, "the value size", m->value_size, info.value_size);
	/* An existing map that is named so may be of any size; one that is carried over is to be the same. */
	if (carried && m->max_entries && m->max_entries != info.max_entries)
		return bad_fit(ds, m, "the number of entries", m->max_entries, info.max_entries);
	/* Whom --map names is what the user wants; who is found by name has to be the same map. */
	if (def && m->reused && m->max_entries && m->max_entries != info.max_entries)
		return bad_fit(ds, m, "max_entries", m->max_entries, info.max_entries);
	if (def && m->reused && m->flags != info.map_flags)
		return bad_fit(ds, m, "map_flags", m->flags, info.map_flags);
	m->type = info.type;
	m->key_size = info.key_size;
	m->value_size = m->value_bytes = info.value_size;
	m->max_entries = info.max_entries;
	if (bu_map_is_percpu(m->type)) {
		int cpus = s->ops->possible_cpus(s);

		m->value_bytes = (m->value_size + 7) / 8 * 8 * (uint32_t)(cpus > 0 ? cpus : 1);
	}
	return 0;
}

/* ---------------------------------------------------------------- which */

static const struct bu_map_from *existing_for(const struct bu_plan *p, const char *name,
					      uint32_t local_id, bool *used)
{
	const struct bu_map_from *found = NULL;

	for (unsigned i = 0; i < p->opts->nmaps; i++) {
		const struct bu_map_from *f = &p->opts->maps[i];
		uint64_t n;

		if ((name && strcmp(f->name, name) == 0) ||
		    (local_id && !bu_str_u64(bu_str_c(f->name), &n, NULL) && n == local_id)) {
			found = f;
			used[i] = true;
		}
	}
	return found;
}

static bool wished(const struct bu_plan *p, const char *name)
{
	for (unsigned i = 0; i < p->opts->nwant; i++) {
		if (strcmp(p->opts->want[i], name) == 0)
			return true;
	}
	for (unsigned i = 0; i < p->opts->nsets; i++) {
		if (strcmp(p->opts->sets[i].name, name) == 0 || bu_set_of_map(&p->opts->sets[i], name))
			return true;
	}
	for (unsigned i = 0; i < p->priv->natt; i++) {
		if (p->priv->att[i].at.map && strcmp(p->priv->att[i].at.map, name) == 0)
			return true;
	}
	return false;
}

static void mark_refs(const struct bu_obj *o, const struct bu_code *c, bool *mark)
{
	for (uint32_t i = 0; i < c->nrefs; i++) {
		const struct bu_ref *r = &c->ref[i];

		if ((r->kind == BU_REF_MAP || r->kind == BU_REF_MAP_VALUE ||
		     r->kind == BU_REF_LOCAL_ID) && r->map < o->nmaps)
			mark[r->map] = true;
	}
}

bool bu_plan_has_metadata(const struct bu_obj *obj, const struct bu_obj_map *m)
{
	struct bu_btf_type sec, var;
	struct bu_btf_secvar v;

	if (m->origin != BU_MAP_DATA || !m->frozen || !m->btf_value || bu_btf_get(&obj->btf, m->btf_value, &sec) ||
	    sec.kind != BU_BTF_DATASEC)
		return false;
	for (uint32_t i = 0; i < sec.vlen; i++)
		if (!bu_btf_secvar(&obj->btf, &sec, i, &v) && !bu_btf_get(&obj->btf, v.type, &var) &&
		    !strncmp(var.name, "bpf_metadata_", 13))
			return true;
	return false;
}

/*
 * needed[i]: a program that loads refers to map i, or an option names it, or no program refers to
 * it at all (then it is there for user space), or it tells about the programs. Maps of programs that stay behind are
 * not made.
 */
static int find_needed(struct bu_plan *p, bool *needed)
{
	const struct bu_obj *o = p->obj;
	bool *any = bu_arena_array(&p->arena, o->nmaps, sizeof(*any));
	struct bu_arena scratch;
	struct bu_diags quiet;
	int rc = 0;

	if (!any)
		return -ENOMEM;
	bu_arena_init(&scratch);
	bu_diags_init(&quiet);
	for (unsigned i = 0; i < p->priv->nprogs; i++)
		mark_refs(o, &p->priv->progs[i].code, needed);
	for (uint32_t i = 0; p->priv->nprogs < o->nprogs && i < o->nprogs; i++) {
		struct bu_code c = { 0 };

		if (bu_obj_link(o, i, &scratch, &c, &quiet) == 0)
			mark_refs(o, &c, any);
	}
	for (uint32_t i = 0; i < o->nmaps; i++) {
		if (!needed[i] && !any[i] && p->priv->nprogs < o->nprogs)
			needed[i] = true;
		if (p->priv->nprogs == o->nprogs || wished(p, o->maps[i].name) || bu_plan_has_metadata(o, &o->maps[i]))
			needed[i] = true;
	}
	for (uint32_t i = 0; i < o->nslots; i++) {
		const struct bu_obj_slot *t = &o->slots[i];

		if (!t->is_prog && t->map < o->nmaps && t->target < o->nmaps && needed[t->map])
			needed[t->target] = true;
	}
	/* Of a struct of operations, those of which a program loads. */
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (o->maps[i].origin == BU_MAP_STRUCT_OPS)
			needed[i] = false;
	for (uint32_t i = 0; i < o->nops; i++)
		for (unsigned k = 0; k < p->priv->nprogs && bu_plan_ops_needed(p, &o->maps[o->ops[i].map]); k++)
			needed[o->ops[i].map] |= p->priv->progs[k].prog == o->ops[i].prog;
	/* Variables are named by symbol: any section of data may be meant. */
	for (unsigned i = 0; i < p->opts->nsets; i++) {
		if (p->opts->sets[i].file || p->opts->sets[i].key.p)
			continue;
		for (uint32_t k = 0; k < o->nmaps; k++)
			needed[k] |= o->maps[k].origin == BU_MAP_DATA && any[k];
	}
	bu_diags_free(&quiet);
	bu_arena_free(&scratch);
	return rc;
}

/* The kernel has nothing that a pointer in data could hold: who follows one should know. */
static void warn_of_pointers(const struct bu_obj *o, const struct bu_obj_map *def,
			     struct bu_diags *ds)
{
	const struct bu_sym *s = NULL;
	struct bu_diag *d;
	unsigned n = 0;

	for (uint32_t i = 0; i < o->nrels; i++) {
		if (o->rels[i].sec != def->sec || o->rels[i].sym >= o->nsyms)
			continue;
		if (!n++)
			s = &o->syms[o->rels[i].sym];
	}
	if (!n)
		return;
	d = bu_diag(ds, BU_WARNING, "L0114", "%s holds %u address%s (the first is of \"%s\"), which "
		    "programs will see unrelocated", def->name, n, n == 1 ? "" : "es",
		    s->name[0] || s->sec >= o->nsecs ? s->name : o->secs[s->sec].name);
	bu_diag_help(ds, d, "a program loads an address itself (r1 = NAME ll, &NAME in C); a table of texts can hold them as arrays");
}

static int data_contents(struct bu_plan *p, struct plan_map *m, struct bu_sys *s, struct bu_diags *ds)
{
	const struct bu_sec *sec;

	if (m->def->origin == BU_MAP_KCONFIG && !m->where)
		return bu_plan_kconfig(p, m, s, ds);
	if (m->def->origin != BU_MAP_DATA || m->where)
		return 0;
	if (m->def->sec >= p->obj->nsecs || m->key_size != 4)
		return -EINVAL;
	sec = &p->obj->secs[m->def->sec];
	if (sec->size > m->value_size) {
		bu_diag(ds, BU_ERROR, "L0107", "section %s has more bytes than its map", sec->name);
		return -EINVAL;
	}
	m->data = bu_arena_alloc(&p->arena, m->value_size);
	if (!m->data)
		return -ENOMEM;
	if (sec->data)
		memcpy(m->data, sec->data, sec->size);
	warn_of_pointers(p->obj, m->def, ds);
	return 0;
}

/* A map of maps is made with a template of what it will hold. */
static int add_inner(struct bu_plan *p, struct plan_map *m, struct bu_sys *s, struct bu_diags *ds)
{
	const struct bu_obj_map *def;
	int err;

	if ((uint32_t)m->def->inner >= p->obj->nmaps)
		return -EINVAL;
	def = &p->obj->maps[m->def->inner];
	m->inner = bu_arena_alloc(&p->arena, sizeof(*m->inner));
	if (!m->inner)
		return -ENOMEM;
	err = bu_plan_resize(p, &def, ds);
	if (err)
		return err;
	m->inner->def = def;
	m->inner->name = def->name;
	bu_plan_kname(m->inner->kname, def->name);
	return bu_plan_map_attrs(m->inner, p->obj, s, &p->arena, ds);
}

static int add_map(struct bu_plan *p, uint32_t i, struct bu_sys *s, bool *used, struct bu_diags *ds)
{
	const struct bu_obj_map *def = &p->obj->maps[i];
	struct plan_map *m = &p->priv->maps[p->priv->nmaps];
	const struct bu_map_from *f = existing_for(p, def->name, def->local_id, used);
	struct bu_diag *d;
	int err, fd;

	err = bu_plan_resize(p, &def, ds);
	if (err)
		return err;
	*m = (struct plan_map){ .def = def, .name = def->name, .local_id = def->local_id,
				.where = f ? f->where : NULL };
	if (def->origin == BU_MAP_DATA || def->origin == BU_MAP_KCONFIG)
		data_kname(m->kname, p->obj->path, def->name);
	else
		bu_plan_kname(m->kname, def->name);
	if (!f && p->opts->replace && def->origin != BU_MAP_DATA && def->origin != BU_MAP_KCONFIG &&
	    def->origin != BU_MAP_STRUCT_OPS && !def->pin_dir) {
		/* What an earlier load left is carried over, if it has the shape that is wanted. */
		const char *path = bu_plan_pin_path(p, m->name, "");

		if (!path)
			return -ENOMEM;
		fd = bu_sys_get(s, path, 0);
		if (fd >= 0) {
			s->ops->close(s, fd);
			m->where = path;
		}
	}
	if (!f && def->pin_dir) {
		m->by_name = bu_arena_printf(&p->arena, "%s%s%s/%s", p->opts->pin_root ? p->opts->pin_root : BPFFS,
					     def->pin_dir[0] ? "/" : "", def->pin_dir, m->name);
		if (!m->by_name)
			return -ENOMEM;
		fd = def->pin_replace ? -ENOENT : bu_sys_get(s, m->by_name, 0);
		if (fd >= 0) {
			s->ops->close(s, fd);
			m->where = m->by_name;
			m->by_name = NULL;
			m->reused = true;
		}
	} else if (!f && def->pinning) {
		d = bu_diag(ds, BU_NOTE, "L0115", "map %s is not pinned: its pinning is %u, and the "
			    "directory that stands for is not known", m->name, def->pinning);
		bu_diag_help(ds, d, "--pin DIR pins all of the object");
	}
	err = m->def->origin == BU_MAP_STRUCT_OPS ? bu_plan_struct_ops(p, m, ds)
						  : bu_plan_map_attrs(m, p->obj, s, &p->arena, ds);
	if (!err && def->inner >= 0)
		err = add_inner(p, m, s, ds);
	if (!err && m->where)
		err = look_at_existing(m, p->opts->replace && !f, s, ds);
	if (!err)
		err = data_contents(p, m, s, ds);
	if (err)
		return err;
	p->priv->map_of[i] = (int32_t)p->priv->nmaps++;
	return 0;
}

/* A local id that no map of the object has: --map N=… must say which map it is. */
static int add_outside(struct bu_plan *p, uint32_t local_id, const char *prog, struct bu_sys *s,
		       bool *used, struct bu_diags *ds)
{
	const struct bu_map_from *f;
	struct plan_map *m = &p->priv->maps[p->priv->nmaps];
	struct bu_diag *d;
	int err;

	for (unsigned i = 0; i < p->priv->nmaps; i++) {
		if (p->priv->maps[i].local_id == local_id)
			return (int)i;
	}
	f = existing_for(p, NULL, local_id, used);
	if (!f) {
		d = bu_diag(ds, BU_ERROR, "L0112", "program %s uses map %u, which the object does "
			    "not declare", prog, local_id);
		bu_diag_help(ds, d, "say which map it is: --map %u=/sys/fs/bpf/NAME or --map "
			     "%u=id:N", local_id, local_id);
		return -EINVAL;
	}
	*m = (struct plan_map){ .local_id = local_id, .where = f->where,
				.name = bu_arena_printf(&p->arena, "%u", local_id) };
	if (!m->name)
		return -ENOMEM;
	err = look_at_existing(m, false, s, ds);
	return err ? err : (int)p->priv->nmaps++;
}

/* Gives each reference of a program's code its map. */
static int resolve_refs(struct bu_plan *p, struct plan_prog *g, struct bu_sys *s, bool *used,
			struct bu_diags *ds)
{
	const char *name = p->obj->progs[g->prog].name;
	int rc = 0, m;

	g->ref_map = bu_arena_array(&p->arena, g->code.nrefs, sizeof(*g->ref_map));
	if (!g->ref_map)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->code.nrefs; i++) {
		const struct bu_ref *r = &g->code.ref[i];

		switch (r->kind) {
		case BU_REF_LOCAL_ID:
			if (r->map >= p->obj->nmaps) {
				m = add_outside(p, r->val, name, s, used, ds);
				break;
			}
			/* fallthrough */
		case BU_REF_MAP:
		case BU_REF_MAP_VALUE:
			m = r->map < p->obj->nmaps ? p->priv->map_of[r->map] : -EINVAL;
			if (m < 0) {
				m = -EINVAL;
				bu_diag(ds, BU_ERROR, "L0112", "program %s uses map %s, which cannot be made",
					name, r->map < p->obj->nmaps ? p->obj->maps[r->map].name : "?");
			}
			break;
		default:
			bu_diag(ds, BU_ERROR, "L0112", r->kind == BU_REF_KFUNC
				? "program %s calls %s, which is no function of the object"
				: "program %s uses %s, which the object does not define",
				name, r->name ? r->name : "?");
			m = -EINVAL;
		}
		if (m < 0)
			rc = m;
		else
			g->ref_map[i] = (uint32_t)m;
	}
	return rc;
}

int bu_plan_maps(struct bu_plan *p, struct bu_sys *s, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	bool *needed = bu_arena_array(&p->arena, o->nmaps, sizeof(*needed));
	bool *used = bu_arena_array(&p->arena, p->opts->nmaps, sizeof(*used));
	int rc = 0, err;

	p->priv->map_of = bu_arena_array(&p->arena, o->nmaps, sizeof(*p->priv->map_of));
	p->priv->maps = bu_arena_array(&p->arena, o->nmaps + p->opts->nmaps,
				       sizeof(*p->priv->maps));
	if (bu_arena_failed(&p->arena))
		return -ENOMEM;
	rc = find_needed(p, needed);
	for (uint32_t i = 0; i < o->nmaps; i++) {
		struct bu_diag *mark = ds->last;

		p->priv->map_of[i] = -1;
		if (o->maps[i].is_inner || !needed[i])
			continue;
		err = add_map(p, i, s, used, ds);
		/* The programs that need it will lack it. */
		if (err && p->opts->keep_going && err != -ENOMEM) {
			bu_load_soften(mark, ds);
			bu_rows_lack_map(p->opts);
		}
		else if (err)
			rc = err;
	}
	if (rc)
		return rc;
	for (unsigned i = 0; i < p->priv->nprogs; i++) {
		struct bu_diag *mark = ds->last;

		err = resolve_refs(p, &p->priv->progs[i], s, used, ds);
		if (!err)
			err = bu_plan_has_ops(p, &p->priv->progs[i], ds);
		err = bu_plan_spare(p, i, err, mark, ds);
		if (err)
			rc = err;
	}
	for (unsigned i = 0; i < p->opts->nmaps; i++) {
		const char *name = p->opts->maps[i].name;
		struct bu_near near;
		struct bu_diag *d;

		if (used[i] || rc)
			continue;
		d = bu_diag(ds, BU_ERROR, "L0108", "--map %s=%s: %s", name, p->opts->maps[i].where,
			    name[strspn(name, "0123456789")] ? "no map of this name is used"
							     : "no program uses this local id");
		bu_near_init(&near, name, strlen(name));
		for (uint32_t k = 0; k < o->nmaps; k++)
			bu_near_feed(&near, o->maps[k].name);
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		rc = -EINVAL;
	}
	return rc;
}

int bu_plan_slots(struct bu_plan *p)
{
	const struct bu_obj *o = p->obj;
	struct bu_plan_priv *v = p->priv;

	v->slots = bu_arena_array(&p->arena, o->nslots, sizeof(*v->slots));
	if (!v->slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nslots; i++) {
		const struct bu_obj_slot *t = &o->slots[i];
		struct plan_slot n = { .index = t->index, .is_prog = t->is_prog };
		int32_t map = t->map < o->nmaps ? v->map_of[t->map] : -1, target = -1;

		/* What an existing map holds is the business of who made it. */
		if (map < 0 || v->maps[map].where)
			continue;
		if (!t->is_prog)
			target = t->target < o->nmaps ? v->map_of[t->target] : -1;
		for (unsigned k = 0; t->is_prog && k < v->nprogs; k++) {
			if (v->progs[k].prog == t->target)
				target = (int32_t)k;
		}
		if (target < 0)
			continue;
		n.map = (uint32_t)map;
		n.target = (uint32_t)target;
		v->slots[v->nslots++] = n;
	}
	return 0;
}
