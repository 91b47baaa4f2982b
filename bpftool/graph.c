// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs, maps and links as nodes, and which keeps which alive. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "graph.h"

#define ELEMS_MAX 65536u /* of a map of objects that are looked at */

struct bt_node *bt_graph_find(const struct bt_graph *g, enum bu_objkind k, uint32_t id)
{
	size_t lo, hi;

	if ((unsigned)k >= BU_ARRAY_SIZE(g->first) || !id)
		return NULL;
	lo = g->first[k];
	hi = g->past[k];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->v[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < g->past[k] && g->v[lo].id == id ? &g->v[lo] : NULL;
}

/* ---------------------------------------------------------------- edges */

static void put_edge(struct bt_graph *g, struct bt_edges *l, struct bt_edge e)
{
	struct bt_edge *v;

	for (size_t i = l->n; i-- > 0 && l->n - i <= 64;) {
		if (l->v[i].node != e.node || l->v[i].why != e.why)
			continue;
		l->v[i].times++;
		return;
	}
	v = bu_arena_grow(&g->t->arena, l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return;
	l->v = v;
	v[l->n++] = e;
}

static void edge(struct bt_graph *g, struct bt_node *from, enum bu_objkind k, uint32_t id, enum bt_why why,
		 uint32_t index)
{
	struct bt_node *to = bt_graph_find(g, k, id);

	if (!to || to == from)
		return;
	put_edge(g, &from->out, (struct bt_edge){ (uint32_t)(to - g->v), (uint8_t)why, index, 1 });
	put_edge(g, &to->in, (struct bt_edge){ (uint32_t)(from - g->v), (uint8_t)why, index, 1 });
}

/* ---------------------------------------------------------------- nodes */

/* What the backend accounts for an object. */
static bool memory(struct bt *t, int fd, uint64_t *bytes)
{
	struct bt_fdinfo f;
	long long n;

	bt_fdinfo_read(t, fd, &f);
	n = bt_fdinfo_num(f.text, "memlock");
	*bytes = n < 0 ? 0 : (uint64_t)n;
	return n >= 0;
}

static void read_prog(struct bt *t, struct bt_node *n, int fd)
{
	n->err = bt_prog_info(t, fd, &n->prog, &n->name);
	n->type = n->prog.type;
	n->mem_known = memory(t, fd, &n->mem);
}

static void read_map(struct bt *t, struct bt_node *n, int fd)
{
	uint32_t size = sizeof(n->map);

	n->err = bu_sys_info(t->sys, fd, &n->map, &size);
	n->type = n->map.type;
	n->name = bt_name16(t, n->map.name);
	n->mem_known = memory(t, fd, &n->mem);
}

static void read_link(struct bt *t, struct bt_node *n, int fd)
{
	n->link = bu_arena_alloc(&t->arena, sizeof(*n->link));
	n->err = n->link ? bt_link_read(t, fd, n->link) : -ENOMEM;
	n->type = n->err ? 0 : n->link->li.type;
}

struct reading {
	struct bt_graph *g;
	enum bu_objkind kind;
};

static int add_node(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct reading *r = ctx;
	struct bt_graph *g = r->g;
	struct bt_node *v = bu_arena_grow(&t->arena, g->v, g->n, &g->cap, sizeof(*v)), *n;

	if (!v)
		return BU_EXIT_FAIL;
	g->v = v;
	n = &v[g->n++];
	memset(n, 0, sizeof(*n));
	n->kind = r->kind;
	n->id = id;
	n->name = "";
	n->err = fd < 0 ? fd : 0;
	if (fd < 0)
		return 0;
	if (r->kind == BU_PROG)
		read_prog(t, n, fd);
	else if (r->kind == BU_MAP)
		read_map(t, n, fd);
	else
		read_link(t, n, fd);
	return 0;
}

/* ---------------------------------------------------------------- what refers to what */

static void prog_edges(struct bt_graph *g, struct bt_node *n)
{
	uint32_t count = n->prog.nr_map_ids, size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info pi = { .nr_map_ids = count };
	uint32_t *ids;
	int fd;

	if (n->err || !count)
		return;
	ids = bu_arena_array(&g->t->arena, count, sizeof(*ids));
	fd = ids ? bu_sys_fd_by_id(g->t->sys, BU_PROG, n->id, 0) : -1;
	if (fd < 0)
		return;
	pi.map_ids = bu_ptr64(ids);
	if (!bu_sys_info(g->t->sys, fd, &pi, &size))
		for (uint32_t i = 0; i < count && i < pi.nr_map_ids; i++)
			edge(g, n, BU_MAP, ids[i], BT_USES, 0);
	g->t->sys->ops->close(g->t->sys, fd);
}

/* What kind of object the elements of a map hold, and where in the value its id is; false: none. */
static bool elem_kind(const struct bt_node *n, enum bu_objkind *k, unsigned *at)
{
	*k = BU_PROG;
	*at = 0;
	switch (n->type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
		return true;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		*k = BU_MAP;
		return true;
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		*at = 4; /* behind the device or the size of the queue */
		return n->map.value_size >= 8;
	}
	return false;
}

static void map_edges(struct bt_graph *g, struct bt_node *n)
{
	struct bu_sys *s = g->t->sys;
	bool array = n->type != BPF_MAP_TYPE_HASH_OF_MAPS && n->type != BPF_MAP_TYPE_DEVMAP_HASH;
	uint8_t *key, *next, *swap;
	uint32_t value[64] = { 0 }, done = 0, index;
	enum bu_objkind k;
	unsigned at;
	int fd, err;

	if (n->err || !elem_kind(n, &k, &at) || n->map.value_size > sizeof(value) || !n->map.key_size)
		return;
	key = bu_arena_alloc(&g->t->arena, n->map.key_size + 4u);
	next = bu_arena_alloc(&g->t->arena, n->map.key_size + 4u);
	fd = key && next ? bu_sys_fd_by_id(s, BU_MAP, n->id, BPF_F_RDONLY) : -1;
	if (fd < 0)
		return;
	err = bu_sys_map_next_key(s, fd, NULL, key);
	for (; !err && done < ELEMS_MAX; done++) {
		if (!bu_sys_map_lookup(s, fd, key, value, 0) && value[at / 4]) {
			memcpy(&index, key, sizeof(index));
			edge(g, n, k, value[at / 4], BT_ELEM, array ? index : done);
		}
		err = bu_sys_map_next_key(s, fd, key, next);
		swap = key;
		key = next;
		next = swap;
	}
	n->cut = !err;
	s->ops->close(s, fd);
}

/* Is the function that a tracing link is on one of a program? Its info does not tell that id from one of BTF. */
static bool on_program(struct bt_graph *g, const struct bt_node *prog)
{
	struct bpf_btf_info info = { 0 };
	uint32_t size = sizeof(info);
	bool kernel = true;
	int fd;

	if (!prog || prog->err)
		return false;
	/* once it is attached to a program, the kernel does not tell whose types its target has */
	if (prog->type == BPF_PROG_TYPE_EXT || !prog->prog.attach_btf_obj_id)
		return true;
	fd = bu_sys_fd_by_id(g->t->sys, BU_BTF, prog->prog.attach_btf_obj_id, 0);
	if (fd < 0)
		return false;
	if (!bu_sys_info(g->t->sys, fd, &info, &size))
		kernel = info.kernel_btf;
	g->t->sys->ops->close(g->t->sys, fd);
	return !kernel;
}

static void link_edges(struct bt_graph *g, struct bt_node *n)
{
	const struct bpf_link_info *li = n->err ? NULL : &n->link->li;

	if (!li)
		return;
	if (li->type == BPF_LINK_TYPE_STRUCT_OPS)
		edge(g, n, BU_MAP, li->struct_ops.map_id, BT_BACKS, 0);
	else
		edge(g, n, BU_PROG, li->prog_id, BT_RUNS, 0);
	if (li->type == BPF_LINK_TYPE_SOCKMAP)
		edge(g, n, BU_MAP, li->sockmap.map_id, BT_BACKS, 0);
	if (li->type == BPF_LINK_TYPE_ITER && n->link->name &&
	    (!strcmp(n->link->name, "bpf_map_elem") || !strcmp(n->link->name, "bpf_sk_storage_map")))
		edge(g, n, BU_MAP, li->iter.map.map_id, BT_BACKS, 0);
	if (li->type == BPF_LINK_TYPE_TRACING && on_program(g, bt_graph_find(g, BU_PROG, li->prog_id)))
		edge(g, n, BU_PROG, li->tracing.target_obj_id, BT_TARGET, 0);
}

/*
 * A map of struct_ops holds programs in place of pointers to functions: user space sees their ids there. Which
 * 8 bytes are such pointers, the kernel's types tell.
 */
static void ops_edges(struct bt_graph *g, struct bt_node *n)
{
	const struct bu_btf *btf;
	struct bu_sys *s = g->t->sys;
	struct bu_btf_type outer, ops, ty;
	struct bu_btf_member data, m;
	uint32_t key = 0, i;
	uint64_t id;
	uint8_t *value;
	int fd;

	if (n->err || n->type != BPF_MAP_TYPE_STRUCT_OPS || n->map.value_size > 1u << 20)
		return;
	value = bu_arena_alloc(&g->t->arena, n->map.value_size + 8u);
	fd = value ? bu_sys_fd_by_id(s, BU_MAP, n->id, BPF_F_RDONLY) : -1;
	if (fd < 0)
		return;
	i = bu_sys_map_lookup(s, fd, &key, value, 0) != 0;
	s->ops->close(s, fd);
	if (i)
		return;
	memcpy(&n->mark, value + 4, sizeof(n->mark)); /* its state: behind a counter */
	btf = bt_btf(g->t, n->map.btf_vmlinux_id);
	if (!btf || bu_btf_get(btf, n->map.btf_vmlinux_value_type_id, &outer) || !outer.vlen ||
	    bu_btf_member(btf, &outer, outer.vlen - 1, &data) || bu_btf_get(btf, data.type, &ops) ||
	    ops.kind != BU_BTF_STRUCT)
		return;
	for (i = 0; i < ops.vlen; i++) {
		size_t at;

		if (bu_btf_member(btf, &ops, i, &m) || bu_btf_get(btf, m.type, &ty) || ty.kind != BU_BTF_PTR)
			continue;
		at = (size_t)(data.bit_off + m.bit_off) / 8;
		if (at + sizeof(id) > n->map.value_size)
			continue;
		memcpy(&id, value + at, sizeof(id));
		if (id && id <= UINT32_MAX)
			edge(g, n, BU_PROG, (uint32_t)id, BT_ELEM, i);
	}
}

int bt_graph_read(struct bt *t, struct bt_graph *g)
{
	static const enum bu_objkind kinds[] = { BU_PROG, BU_MAP, BU_LINK };
	uint32_t id;
	int st = 0;

	memset(g, 0, sizeof(*g));
	g->t = t;
	for (size_t i = 0; i < BU_ARRAY_SIZE(kinds) && !st; i++) {
		enum bu_objkind k = kinds[i];
		struct reading r = { g, k };
		int err = bu_sys_next_id(t->sys, k, 0, &id);

		g->first[k] = g->n;
		if (err == -EINVAL && k == BU_LINK) { /* a kernel without links */
			g->past[k] = g->n;
			continue;
		}
		st = bt_each(t, k, k == BU_MAP ? BPF_F_RDONLY : 0, add_node, &r);
		g->past[k] = g->n;
	}
	for (size_t i = 0; i < g->n && !st; i++) {
		if (g->v[i].kind == BU_PROG) {
			prog_edges(g, &g->v[i]);
		} else if (g->v[i].kind == BU_MAP) {
			map_edges(g, &g->v[i]);
			ops_edges(g, &g->v[i]);
		} else {
			link_edges(g, &g->v[i]);
		}
	}
	return st;
}
