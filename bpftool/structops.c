// SPDX-License-Identifier: GPL-2.0-or-later
/* struct_ops: structs of functions that programs are, registered with the kernel; and iterators. */
#include <string.h>

#include "load.h"

#define PREFIX "bpf_struct_ops_"

/* ---------------------------------------------------------------- which */

typedef int ops_fn(struct bt *t, void *ctx, const struct bpf_map_info *mi, int fd);

struct walk {
	ops_fn *fn;
	void *ctx;
	size_t n;
};

static int one_map(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct walk *w = ctx;
	struct bpf_map_info mi;
	uint32_t size = sizeof(mi);

	(void)id;
	memset(&mi, 0, sizeof(mi));
	/* What cannot be opened cannot be told to be one. */
	if (fd < 0 || bu_sys_info(t->sys, fd, &mi, &size) || mi.type != BPF_MAP_TYPE_STRUCT_OPS)
		return 0;
	w->n++;
	return w->fn(t, w->ctx, &mi, fd);
}

/* Those that the words name, all without words. */
static int each(struct bt *t, struct walk *w, const struct bt_objs *some)
{
	int st = 0, one;

	if (!some->n)
		return bt_each(t, BU_MAP, BPF_F_RDONLY, one_map, w);
	for (size_t i = 0; i < some->n; i++) {
		one = one_map(t, w, some->v[i].id, some->v[i].fd);
		st = st ? st : one;
	}
	return st;
}

/* Reads [MAP]; *some is empty when all are meant. */
static int read_maps(struct bt *t, bool must, uint32_t flags, struct bt_objs *some)
{
	struct bpf_map_info mi;
	uint32_t size;
	bool any = false;
	int st;

	*some = (struct bt_objs){ 0 };
	if (!bt_peek(t) && !must)
		return 0;
	st = bt_handles(t, BU_MAP, flags, some);
	if (!st)
		st = bt_end(t);
	for (size_t i = 0; !st && i < some->n; i++) {
		size = sizeof(mi);
		memset(&mi, 0, sizeof(mi));
		any |= !bu_sys_info(t->sys, some->v[i].fd, &mi, &size) && mi.type == BPF_MAP_TYPE_STRUCT_OPS;
	}
	if (!st && !any) {
		st = bt_error(t, "T0102", "map %u is no struct_ops", some->v[0].id);
		bt_hint(t, "'struct_ops list' lists them");
	}
	if (st)
		bt_objs_close(t, some);
	return st;
}

static const char *value_type(struct bt *t, const struct bpf_map_info *mi)
{
	const struct bu_btf *b = bt_btf(t, mi->btf_vmlinux_id);
	struct bu_btf_type ty;

	if (!b || bu_btf_get(b, mi->btf_vmlinux_value_type_id, &ty))
		return PREFIX "?";
	return ty.name;
}

/* The kernel's name of the struct. */
static const char *kernel_type(struct bt *t, const struct bpf_map_info *mi)
{
	const char *name = value_type(t, mi);

	return strncmp(name, PREFIX, strlen(PREFIX)) ? name : name + strlen(PREFIX);
}

/* ---------------------------------------------------------------- show */

static int show_one(struct bt *t, void *ctx, const struct bpf_map_info *mi, int fd)
{
	const char *name = bt_name16(t, mi->name), *type = kernel_type(t, mi);

	(void)fd;
	bu_out_obj(&t->out, ctx);
	bu_out_uint(&t->out, "id", mi->id, "%u: ", mi->id);
	bu_out_str(&t->out, "name", name, SIZE_MAX, "%-15s ", bt_escz(t, name));
	bu_out_str(&t->out, "kernel_struct_ops", type, SIZE_MAX, "%-32s\n", bt_escz(t, type));
	bu_out_obj_end(&t->out);
	return 0;
}

/* One that an id names is an object, those that a name does are an array. */
int bt_struct_ops_show(struct bt *t)
{
	bool one = bt_is(t, "id") || bt_is(t, "pinned");
	struct walk w = { .fn = show_one, .ctx = one ? (void *)t->key : NULL };
	struct bt_objs some;
	uint32_t id;
	int st = read_maps(t, false, BPF_F_RDONLY, &some), err;

	if (st)
		return st;
	err = some.n ? 0 : bu_sys_next_id(t->sys, BU_MAP, 0, &id);
	if (err && err != -ENOENT)
		return bt_refused(t, BPF_MAP_GET_NEXT_ID, err, "cannot list maps");
	bt_begin(t);
	if (!one)
		bu_out_arr(&t->out, t->key);
	st = each(t, &w, &some);
	if (!one)
		bu_out_arr_end(&t->out);
	bt_objs_close(t, &some);
	return st;
}

/* ---------------------------------------------------------------- dump */

/* "u32 (struct sock *) half/prog_id:7" for a member that is a function. */
static const char *function(struct bt *t, const struct bu_btf *b, uint32_t proto, uint64_t id)
{
	struct bu_buf text = { 0 }, proto_text = { 0 };
	const char *name = id && id <= UINT32_MAX ? bt_prog_name(t, (uint32_t)id) : NULL;
	const char *s;

	bu_btf_print_type(&proto_text, b, proto);
	/* "(struct sock * )": a parameter without a name, as upstream has it. */
	for (s = bu_buf_cstr(&proto_text); *s; s++)
		if (!(*s == ' ' && (s[1] == ')' || s[1] == ',')))
			bu_buf_char(&text, *s);
	bu_buf_free(&proto_text);
	if (!id)
		bu_buf_str(&text, "0");
	else if (name)
		bu_buf_printf(&text, "%s/prog_id:%llu", name, (unsigned long long)id);
	else
		bu_buf_printf(&text, "prog_id:%llu", (unsigned long long)id);
	s = bu_arena_strdup(&t->arena, bu_buf_cstr(&text));
	bu_buf_free(&text);
	return s ? s : "";
}

static bool is_function(const struct bu_btf *b, uint32_t type, uint32_t *proto)
{
	struct bu_btf_type p, f;

	if (bu_btf_get(b, bu_btf_resolve(b, type), &p) || p.kind != BU_BTF_PTR)
		return false;
	*proto = bu_btf_resolve(b, p.type);
	return !bu_btf_get(b, *proto, &f) && f.kind == BU_BTF_FUNC_PROTO;
}

/* The struct itself; n bytes of it are there. */
static void put_ops(struct bt *t, struct bu_out *o, const struct bu_btf *b, const char *key, uint32_t type,
		    const uint8_t *value, size_t n)
{
	struct bu_btf_type ops;
	struct bu_btf_member m;
	uint32_t proto;
	uint64_t id;

	if (bu_btf_get(b, bu_btf_resolve(b, type), &ops) || ops.kind != BU_BTF_STRUCT) {
		bu_btf_print_value(o, key, b, type, value, n);
		return;
	}
	bu_out_obj(o, key);
	for (uint32_t i = 0; i < ops.vlen; i++) {
		size_t at;

		if (bu_btf_member(b, &ops, i, &m) || (at = m.bit_off / 8) > n)
			continue;
		if (m.bit_size || !is_function(b, m.type, &proto) || n - at < sizeof(id)) {
			int64_t size = bu_btf_size(b, m.type);

			if (m.bit_size || size < 0 || (uint64_t)size > n - at)
				bu_out_null(o, m.name);
			else
				bu_btf_print_value(o, m.name, b, m.type, value + at, (size_t)size);
			continue;
		}
		memcpy(&id, value + at, sizeof(id));
		bu_out_str(o, m.name, function(t, b, proto, id), SIZE_MAX, NULL);
	}
	bu_out_obj_end(o);
}

static int put_value(struct bt *t, struct bu_out *o, const struct bpf_map_info *mi, int fd)
{
	const struct bu_btf *b = bt_btf(t, mi->btf_vmlinux_id);
	uint8_t *value = bu_arena_alloc(&t->arena, mi->value_size + 8u);
	struct bu_btf_member m;
	struct bu_btf_type ty;
	uint32_t key = 0;
	int err = value ? bu_sys_map_lookup(t->sys, fd, &key, value, 0) : -ENOMEM;

	if (err)
		return bt_refused(t, BPF_MAP_LOOKUP_ELEM, err, "struct_ops %u cannot be read", mi->id);
	if (!b || bu_btf_get(b, mi->btf_vmlinux_value_type_id, &ty) || ty.kind != BU_BTF_STRUCT)
		return bt_error(t, "T0105", "the kernel's type of struct_ops %u cannot be read", mi->id);
	bu_out_obj(o, NULL);
	bu_out_obj(o, ty.name);
	for (uint32_t i = 0; i < ty.vlen; i++) {
		size_t at;

		if (bu_btf_member(b, &ty, i, &m) || (at = m.bit_off / 8) > mi->value_size)
			continue;
		put_ops(t, o, b, m.name, m.type, value + at, mi->value_size - at);
	}
	bu_out_obj_end(o);
	bu_out_obj_end(o);
	return 0;
}

static void put_info(struct bt *t, struct bu_out *o, const struct bpf_map_info *mi)
{
	const struct bu_btf *b = bt_btf(t, mi->btf_vmlinux_id);
	uint32_t type = b ? bu_btf_find(b, BU_BTF_STRUCT, "bpf_map_info") : 0;
	int64_t size = type ? bu_btf_size(b, type) : -1;
	uint8_t raw[1024] = { 0 };

	if (size < 0 || size > (int64_t)sizeof(raw))
		return;
	memcpy(raw, mi, sizeof(*mi) < sizeof(raw) ? sizeof(*mi) : sizeof(raw));
	bu_out_obj(o, NULL);
	bu_btf_print_value(o, "bpf_map_info", b, type, raw, (size_t)size);
	bu_out_obj_end(o);
}

static int dump_one(struct bt *t, void *ctx, const struct bpf_map_info *mi, int fd)
{
	struct bu_out *o = ctx;

	put_info(t, o, mi);
	return put_value(t, o, mi, fd);
}

/* The text is JSON too, indented. */
int bt_struct_ops_dump(struct bt *t)
{
	struct bu_out text, *o = t->json ? &t->out : &text;
	struct walk w = { .fn = dump_one, .ctx = o };
	struct bt_objs some;
	int st = read_maps(t, false, BPF_F_RDONLY, &some);

	if (st)
		return st;
	bu_out_init(&text, NULL, NULL);
	text.json = text.pretty = true;
	bt_begin(t);
	bu_out_arr(o, t->json ? t->key : NULL);
	st = each(t, &w, &some);
	bu_out_arr_end(o);
	if (!t->json)
		bu_out_text(&t->out, "%s\n", bu_buf_cstr(&text.buf));
	bu_buf_free(&text.buf);
	bt_objs_close(t, &some);
	return st;
}

/* ---------------------------------------------------------------- unregister */

struct ending {
	uint32_t map;
	size_t n;
};

/* A link keeps it registered: off with it, and with its pins, whoever holds it. */
static int end_link(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct ending *e = ctx;
	struct bpf_link_info li;
	uint32_t size = sizeof(li);
	const struct bt_ref *p;
	size_t n;
	int err;

	memset(&li, 0, sizeof(li));
	if (fd < 0 || bu_sys_info(t->sys, fd, &li, &size) || li.type != BPF_LINK_TYPE_STRUCT_OPS ||
	    li.struct_ops.map_id != e->map)
		return 0;
	e->n++;
	err = bu_sys_link_detach(t->sys, fd);
	p = bt_pins(t, BU_LINK, id, &n);
	for (size_t i = 0; i < n && !(err && err != -EOPNOTSUPP); i++)
		if (p[i].text)
			t->sys->ops->unpin(t->sys, p[i].text);
	if (err && !n)
		return bt_refused(t, BPF_LINK_DETACH, err, "link %u, which has it registered, cannot be detached", id);
	return 0;
}

static int end_one(struct bt *t, void *ctx, const struct bpf_map_info *mi, int fd)
{
	struct ending e = { .map = mi->id };
	uint32_t key = 0;
	int st = bt_each(t, BU_LINK, 0, end_link, &e), err;

	(void)ctx;
	if (st)
		return st;
	err = e.n ? 0 : bu_sys_map_delete(t->sys, fd, &key);
	if (err == -ENOENT || err == -EINPROGRESS || (err == -EOPNOTSUPP && mi->map_flags & BPF_F_LINK))
		return bt_error(t, "T0102", "%s %u is not registered", bt_escz(t, bt_name16(t, mi->name)), mi->id);
	if (err)
		return bt_refused(t, BPF_MAP_DELETE_ELEM, err, "can't unregister struct_ops %u", mi->id);
	bu_diag(&t->ds, BU_NOTE, "T0122", "Unregistered %s %s id %u", kernel_type(t, mi),
		bt_escz(t, bt_name16(t, mi->name)), mi->id);
	return 0;
}

int bt_struct_ops_unregister(struct bt *t)
{
	struct walk w = { .fn = end_one };
	struct bt_objs some;
	int st = read_maps(t, true, 0, &some);

	if (st)
		return st;
	st = each(t, &w, &some);
	bt_objs_close(t, &some);
	return st;
}

/* ---------------------------------------------------------------- register */

/* The programs that are members of structs; others of the object stay out. */
static int only_members(struct bt *t, struct bt_load *l)
{
	const char **v = bu_arena_array(&t->arena, (size_t)l->obj.nprogs + 1, sizeof(*v));

	if (!v)
		return bt_load_failed(t, -ENOMEM);
	for (uint32_t i = 0; i < l->obj.nops; i++) {
		const struct bu_obj_prog *p = &l->obj.progs[l->obj.ops[i].prog];

		if (!l->obj.maps[l->obj.ops[i].map].optional)
			v[l->opts.nonly++] = p->name;
	}
	l->opts.only = v;
	if (l->opts.nonly)
		return 0;
	return bt_error(t, "L0101", "%s has no struct of operations", bt_escz(t, l->object));
}

static int tell_registered(struct bt *t, const struct bu_loaded_map *m)
{
	struct bpf_map_info mi;
	uint32_t size = sizeof(mi);

	memset(&mi, 0, sizeof(mi));
	if (m->fd < 0 || bu_sys_info(t->sys, m->fd, &mi, &size) || mi.type != BPF_MAP_TYPE_STRUCT_OPS)
		return 0;
	bu_diag(&t->ds, BU_NOTE, "T0122", "Registered %s %s id %u", kernel_type(t, &mi),
		bt_escz(t, bt_name16(t, mi.name)), mi.id);
	return 0;
}

int bt_struct_ops_register(struct bt *t)
{
	const char *dir = NULL;
	struct bt_load l;
	int st;

	bt_load_begin(&l);
	st = bt_load_object(t, &l);
	if (!st)
		dir = bt_next(t);
	if (!st)
		st = bt_end(t);
	if (!st)
		st = only_members(t, &l);
	if (!st && dir)
		st = bt_pin_place(t, dir);
	if (st)
		goto out;
	l.opts.pin_progs = dir;
	l.opts.ops_stay = !dir;
	st = bt_load_run(t, &l);
	for (unsigned i = 0; !st && i < l.made.nmaps; i++)
		tell_registered(t, &l.made.maps[i]);
out:
	return bt_load_end(t, &l, st);
}

/* ---------------------------------------------------------------- iterators */

int bt_iter_pin(struct bt *t)
{
	struct bu_attach_req req = { .hook = BU_HOOK_ITER };
	const struct bu_obj_prog *p;
	const char *path, *target;
	struct bt_obj map = { 0, -1 };
	struct bt_load l;
	int st;

	bt_load_begin(&l);
	st = bt_load_object(t, &l);
	if (st)
		goto out;
	path = bt_next(t);
	if (!path)
		st = bt_usage(t, NULL, NULL, "'pin' wants a path after the object");
	else if (bt_kw(t, "map"))
		st = bt_handle(t, BU_MAP, BPF_F_RDONLY, &map);
	if (!st)
		st = bt_end(t);
	if (!st)
		st = bt_pin_place(t, path);
	if (st)
		goto out;
	p = &l.obj.progs[0];
	if (!p->def || p->def->hook != BU_HOOK_ITER || !p->target.n) {
		st = bt_error(t, "L0104", "program %s is no iterator: its section is not iter/KIND", bt_escz(t, p->name));
		goto out;
	}
	target = map.fd < 0 ? bu_arena_strndup(&t->arena, p->target.p, p->target.n) :
		 bu_arena_printf(&t->arena, "%.*s,map=id:%u", (int)p->target.n, p->target.p, map.id);
	req.target = target;
	req.prog = p->name;
	req.origin = bu_arena_printf(&t->arena, "iter:%s", target ? target : "");
	l.opts.attaches = &req;
	l.opts.nattaches = 1;
	l.opts.pin_progs = path;
	l.opts.pin_one = true;
	st = target ? bt_load_run(t, &l) : bt_load_failed(t, -ENOMEM);
out:
	bt_obj_close(t, &map);
	return bt_load_end(t, &l, st);
}

static int iter_row(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_link_info li;
	uint32_t size = sizeof(li);

	memset(&li, 0, sizeof(li));
	if (fd < 0 || bu_sys_info(t->sys, fd, &li, &size) || li.type != BPF_LINK_TYPE_ITER)
		return 0;
	return bt_link_row(t, ctx, id, fd);
}

int bt_iter_list(struct bt *t)
{
	int st = bt_end(t);

	return st ? st : bt_list(t, BU_LINK, 0, iter_row);
}
