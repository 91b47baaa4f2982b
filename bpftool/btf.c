// SPDX-License-Identifier: GPL-2.0-or-later
/* Type information: listing, and dumps as it is or as C. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define MAX_FILE (1u << 30)
#define SYSFS "/sys/kernel/btf/"
#define VMLINUX SYSFS "vmlinux"

/* ---------------------------------------------------------------- show */

/* Which programs and maps have which BTF. */
struct user { uint32_t btf, id; bool map; };
struct users { struct user *v; size_t n, cap; };

static int note_user(struct bt *t, struct users *u, uint32_t btf, uint32_t id, bool map)
{
	struct user *v;

	if (!btf)
		return 0;
	v = bu_arena_regrow(&t->arena, u->v, u->n, &u->cap, sizeof(*v));
	if (!v)
		return bt_error(t, "U0003", "out of memory");
	u->v = v;
	v[u->n++] = (struct user){ btf, id, map };
	return 0;
}

static int note_prog(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi);

	return fd < 0 || bu_sys_info(t->sys, fd, &pi, &size) ? 0 : note_user(t, ctx, pi.btf_id, id, false);
}

static int note_map(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);

	return fd < 0 || bu_sys_info(t->sys, fd, &mi, &size) ? 0 : note_user(t, ctx, mi.btf_id, id, true);
}

static int by_btf(const void *va, const void *vb)
{
	const struct user *a = va, *b = vb;

	if (a->btf != b->btf)
		return a->btf < b->btf ? -1 : 1;
	return a->map != b->map ? (a->map ? 1 : -1) : a->id < b->id ? -1 : 1;
}

static int find_users(struct bt *t, struct users *u)
{
	int st = bt_each(t, BU_PROG, 0, note_prog, u);

	if (!st)
		st = bt_each(t, BU_MAP, BPF_F_RDONLY, note_map, u);
	if (!st && u->n)
		qsort(u->v, u->n, sizeof(*u->v), by_btf);
	return st;
}

static void put_users(struct bt *t, const struct users *u, uint32_t btf, bool map)
{
	const char *before = map ? "  map_ids " : "  prog_ids ";
	size_t lo = 0, hi = u->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->v[mid].btf < btf || (u->v[mid].btf == btf && u->v[mid].map < map))
			lo = mid + 1;
		else
			hi = mid;
	}
	bu_out_arr(&t->out, map ? "map_ids" : "prog_ids");
	for (; lo < u->n && u->v[lo].btf == btf && u->v[lo].map == map; lo++, before = ",")
		bu_out_uint(&t->out, NULL, u->v[lo].id, "%s%u", before, u->v[lo].id);
	bu_out_arr_end(&t->out);
}

/* Fills info and the name, which is in the arena. */
static int btf_info(struct bt *t, int fd, struct bpf_btf_info *info, const char **name)
{
	char text[256] = "";
	uint32_t size = sizeof(*info);
	int err;

	memset(info, 0, sizeof(*info));
	info->name = bu_ptr64(text);
	info->name_len = sizeof(text);
	err = bu_sys_info(t->sys, fd, info, &size);
	if (err == -E2BIG || err == -EINVAL) { /* before 5.11 BTF had no name */
		memset(info, 0, sizeof(*info));
		size = offsetof(struct bpf_btf_info, name);
		err = bu_sys_info(t->sys, fd, info, &size);
	}
	text[sizeof(text) - 1] = 0;
	*name = err ? "" : bu_arena_strdup(&t->arena, text);
	return err ? err : *name ? 0 : -ENOMEM;
}

static int show_one(struct bt *t, const char *key, const struct users *u, uint32_t id, int fd)
{
	struct bpf_btf_info info;
	struct bu_out *o = &t->out;
	const char *name = "";
	int err = fd < 0 ? fd : btf_info(t, fd, &info, &name);

	if (err)
		return bt_error_row(t, key, BU_BTF, id, err);
	bu_out_obj(o, key);
	bu_out_uint(o, "id", id, "%u: ", id);
	if (info.kernel_btf)
		bu_out_text(o, "name [%s]  ", bt_escz(t, name));
	else
		bu_out_text(o, "name %s  ", *name ? bt_escz(t, name) : "<anon>");
	bu_out_uint(o, "size", info.btf_size, "size %uB", info.btf_size);
	put_users(t, u, id, false);
	put_users(t, u, id, true);
	bt_put_pids(t, BU_BTF, id);
	bu_out_bool(o, "kernel", info.kernel_btf, NULL);
	if (t->json && *name)
		bu_out_str(o, "name", name, SIZE_MAX, NULL);
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
	return 0;
}

static int show_row(struct bt *t, void *ctx, uint32_t id, int fd)
{
	return show_one(t, NULL, ctx, id, fd);
}

static int open_id(struct bt *t, uint32_t id, int *fd)
{
	*fd = bu_sys_fd_by_id(t->sys, BU_BTF, id, 0);
	if (*fd == -ENOENT)
		return bt_error(t, "T0102", "there is no BTF with id %u", id);
	return *fd < 0 ? bt_refused(t, BPF_BTF_GET_FD_BY_ID, *fd, "cannot open BTF %u", id) : 0;
}

int bt_btf_show(struct bt *t)
{
	struct users u = { 0 };
	uint32_t id = 0;
	bool one = bt_peek(t) != NULL;
	int st = 0, fd, err;

	if (one && !bt_kw(t, "id"))
		return bt_usage(t, bt_peek(t), (const char *const[]){ "id", NULL },
				"'%s' does not say which BTF: expected id", bt_escz(t, bt_peek(t)));
	if (one)
		st = bt_read_u32(t, "an id", &id);
	if (!st)
		st = bt_end(t);
	if (st)
		return st;
	if (one) {
		st = open_id(t, id, &fd);
		if (st)
			return st;
		st = find_users(t, &u);
		if (!st) {
			bt_begin(t);
			st = show_one(t, t->key, &u, id, fd);
		}
		t->sys->ops->close(t->sys, fd);
		return st;
	}
	err = bu_sys_next_id(t->sys, BU_BTF, 0, &id);
	if (err && err != -ENOENT)
		return bt_refused(t, BPF_BTF_GET_NEXT_ID, err, "cannot list BTF");
	st = find_users(t, &u);
	if (st)
		return st;
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	st = bt_each(t, BU_BTF, 0, show_row, &u);
	bu_out_arr_end(&t->out);
	if (err == -ENOENT)
		bt_world_empty(t, BU_BTF);
	return st;
}

/* ---------------------------------------------------------------- types of a source */

void bt_types_free(struct bt_types *y)
{
	if (y->parsed)
		bu_btf_free(&y->btf);
	if (y->based)
		bu_btf_free(&y->base);
	bu_buf_free(&y->file);
	bu_buf_free(&y->base_file);
	memset(y, 0, sizeof(*y));
}

static int unreadable(struct bt *t, const char *path, int err)
{
	bt_error(t, "T0131", "types of '%s' cannot be read: %s", bt_escz(t, path), bt_strerror(err));
	return err == -ENOENT || err == -EISDIR ? BU_EXIT_FAIL : bu_exit_for(err);
}

/* Parses what is BTF in the n bytes at p. */
static int parse(struct bt *t, const char *path, const void *p, size_t n, const struct bu_btf *base,
		 struct bu_btf *b)
{
	const uint8_t *at;
	size_t len;
	int err = bu_btf_in_file(p, n, &at, &len);

	if (err)
		return bt_error(t, "T0131", "'%s' is %s", bt_escz(t, path), err == -ENOENT
				? "an ELF file without a section .BTF" : "a damaged ELF file");
	err = bu_btf_parse(b, at, len, base, path, &t->ds);
	return err == -ENOMEM ? bt_error(t, "U0003", "out of memory") : err ? BU_EXIT_FAIL : 0;
}

/* The base of split types: what -B names, else the kernel's. */
static int read_base(struct bt *t, struct bt_types *y, const char *path)
{
	const void *p;
	size_t n;
	int err, st;

	if (!path && t->sys && !t->sys->ops->vmlinux_btf(t->sys, &p, &n)) {
		st = parse(t, "vmlinux", p, n, NULL, &y->base);
	} else {
		path = path ? path : VMLINUX;
		err = bu_file_read(path, MAX_FILE, &y->base_file);
		if (err)
			return unreadable(t, path, err);
		st = parse(t, path, y->base_file.p, y->base_file.n, NULL, &y->base);
	}
	y->based = !st;
	return st;
}

static int parse_types(struct bt *t, struct bt_types *y, const char *name)
{
	int st = parse(t, name, y->file.p, y->file.n, y->based ? &y->base : NULL, &y->btf);

	y->parsed = !st;
	return st;
}

int bt_types_file(struct bt *t, struct bt_types *y, const char *path)
{
	static const char sysfs[] = SYSFS;
	const uint8_t *own;
	size_t n;
	int err = bu_file_read(path, MAX_FILE, &y->file), st = 0;

	if (err)
		return unreadable(t, path, err);
	if (t->base_btf) {
		st = read_base(t, y, t->base_btf);
	} else if (!bu_btf_base_in_file(y->file.p, y->file.n, &own, &n)) {
		/* modules have the types that they were built on with them */
		st = parse(t, path, own, n, NULL, &y->base);
		y->based = !st;
	} else if (!strncmp(path, sysfs, sizeof(sysfs) - 1) && strcmp(path, VMLINUX) != 0) {
		st = read_base(t, y, NULL);
	}
	if (st)
		return st;
	st = parse_types(t, y, path);
	if (st == BU_EXIT_FAIL && !y->based && !bu_btf_in_file(y->file.p, y->file.n, &own, &n) && n > 4)
		bt_hint(t, "types that build on others, as those of a kernel module's file, want them: "
			"-B /sys/kernel/btf/vmlinux");
	return st;
}

static int types_of_id(struct bt *t, struct bt_types *y, uint32_t id)
{
	struct bpf_btf_info info;
	uint32_t size;
	const char *name;
	uint8_t *room;
	int fd, err, st = open_id(t, id, &fd);

	if (st)
		return st;
	err = btf_info(t, fd, &info, &name);
	if (!err) {
		bool module = info.kernel_btf && strcmp(name, "vmlinux") != 0;

		room = bu_buf_room(&y->file, info.btf_size);
		y->file.n = room ? info.btf_size : 0;
		size = info.btf_size;
		info = (struct bpf_btf_info){ .btf = bu_ptr64(room), .btf_size = size };
		size = sizeof(info);
		err = room ? bu_sys_info(t->sys, fd, &info, &size) : -ENOMEM;
		if (!err && info.btf_size > y->file.n)
			err = -E2BIG;
		if (!err && (t->base_btf || module))
			st = read_base(t, y, t->base_btf);
	}
	t->sys->ops->close(t->sys, fd);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read BTF %u", id);
	if (!st) {
		name = bu_arena_printf(&t->arena, "BTF %u", id);
		st = parse_types(t, y, name ? name : "BTF");
	}
	return st;
}

/* ---------------------------------------------------------------- dump */

struct dump {
	struct bt_types types;
	bool c, unsorted;
	uint32_t *root;
	size_t nroots, cap;
};

static int add_root(struct bt *t, struct dump *d, uint32_t id)
{
	uint32_t *v = bu_arena_grow(&t->arena, d->root, d->nroots, &d->cap, sizeof(*v));

	if (!v)
		return bt_error(t, "U0003", "out of memory");
	d->root = v;
	v[d->nroots++] = id;
	return 0;
}

static int of_prog(struct bt *t, struct dump *d)
{
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi);
	struct bt_obj o;
	int st, err;

	if (!bt_open_backend(t))
		return BU_EXIT_UNSUPPORTED;
	st = bt_handle(t, BU_PROG, 0, &o);
	if (st)
		return st;
	err = bu_sys_info(t->sys, o.fd, &pi, &size);
	bt_obj_close(t, &o);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot look at program %u", o.id);
	if (!pi.btf_id)
		return bt_error(t, "T0102", "program %u has no BTF", o.id);
	return types_of_id(t, &d->types, pi.btf_id);
}

static int of_map(struct bt *t, struct dump *d)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);
	bool key = true, value = true;
	struct bt_obj o;
	int st, err;

	if (!bt_open_backend(t))
		return BU_EXIT_UNSUPPORTED;
	st = bt_handle(t, BU_MAP, BPF_F_RDONLY, &o);
	if (st)
		return st;
	err = bu_sys_info(t->sys, o.fd, &mi, &size);
	bt_obj_close(t, &o);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot look at map %u", o.id);
	if (bt_kw(t, "key"))
		value = false;
	else if (bt_kw(t, "value"))
		key = false;
	else if (!bt_kw(t, "kv") && bt_kw(t, "all"))
		key = value = false;
	/* what a struct of operations holds is one of the kernel's types */
	if (mi.btf_vmlinux_value_type_id) {
		const void *p;
		size_t n;

		if (t->sys->ops->vmlinux_btf(t->sys, &p, &n))
			return bt_error(t, "T0131", "the kernel's types cannot be read");
		st = parse(t, "vmlinux", p, n, NULL, &d->types.btf);
		d->types.parsed = !st;
		return st || !value ? st : add_root(t, d, mi.btf_vmlinux_value_type_id);
	}
	if (!mi.btf_id)
		return bt_error(t, "T0102", "map %u has no BTF", o.id);
	if (key && mi.btf_key_type_id)
		st = add_root(t, d, mi.btf_key_type_id);
	if (!st && value && mi.btf_value_type_id)
		st = add_root(t, d, mi.btf_value_type_id);
	return st ? st : types_of_id(t, &d->types, mi.btf_id);
}

static int source(struct bt *t, struct dump *d)
{
	static const char *const words[] = { "id", "map", "prog", "file", NULL };
	const char *path;
	uint32_t id;
	int st;

	if (bt_kw(t, "id")) {
		st = bt_read_u32(t, "an id", &id);
		if (st)
			return st;
		return bt_open_backend(t) ? types_of_id(t, &d->types, id) : BU_EXIT_UNSUPPORTED;
	}
	if (bt_kw(t, "map"))
		return of_map(t, d);
	if (bt_kw(t, "prog"))
		return of_prog(t, d);
	if (bt_kw(t, "file")) {
		path = bt_next(t);
		if (!path)
			return bt_usage(t, NULL, NULL, "'file' wants a path");
		return bt_types_file(t, &d->types, path);
	}
	if (!bt_peek(t))
		return bt_usage(t, NULL, NULL, "whose types? id, map, prog or file");
	return bt_usage(t, bt_peek(t), words, "'%s' does not say whose types: expected id, map, prog or file",
			bt_escz(t, bt_peek(t)));
}

static int how(struct bt *t, struct dump *d)
{
	static const char *const words[] = { "raw", "c", NULL };
	bool roots = false;
	uint32_t id;
	int st = 0;

	while (!st && bt_peek(t)) {
		if (bt_kw(t, "format")) {
			d->c = bt_is(t, "c");
			if (!bt_kw(t, "c") && !bt_kw(t, "raw"))
				return bt_usage(t, bt_peek(t), words, "'format' wants raw or c");
			d->unsorted = d->c && bt_kw(t, "unsorted");
		} else if (bt_kw(t, "root_id")) {
			if (d->nroots && !roots)
				return bt_usage(t, NULL, NULL, "'root_id' does not go with types of a map: say 'all'");
			roots = true;
			st = bt_read_u32(t, "the id of a type", &id);
			if (!st && (!id || id > d->types.btf.ntypes))
				return bt_error(t, "T0102", "there is no type %u: the last one is %u", id,
						d->types.btf.ntypes);
			if (!st)
				st = add_root(t, d, id);
		} else {
			return bt_end(t);
		}
	}
	return st;
}

static int print_c(struct bt *t, struct dump *d)
{
	struct bu_buf text = { 0 };
	struct bu_btf_c *c;
	int err = bu_btf_c_new(&c, &d->types.btf);

	bu_btf_c_begin(&text);
	for (size_t i = 0; i < d->nroots && !err; i++)
		err = bu_btf_c_type(c, &text, d->root[i]);
	if (!err && !d->nroots)
		err = bu_btf_c_all(c, &text, !d->unsorted);
	bu_btf_c_free(c);
	bu_btf_c_end(&text);
	if (err || text.failed) {
		bu_buf_free(&text);
		if (err == -E2BIG)
			return bt_error(t, "T0132", "the types lie too deep in each other for C");
		return bt_error(t, "U0003", "out of memory");
	}
	bt_put_document(t, &text);
	bu_buf_free(&text);
	return 0;
}

void bt_put_document(struct bt *t, const struct bu_buf *text)
{
	bt_begin(t);
	if (t->json) {
		bu_out_str(&t->out, t->key, (const char *)text->p, text->n, NULL);
	} else {
		bu_out_flush(&t->out);
		bu_buf_add(&t->out.buf, text->p, text->n);
	}
}

int bt_btf_dump(struct bt *t)
{
	struct dump d = { 0 };
	int st = source(t, &d);

	if (!st)
		st = how(t, &d);
	if (!st && d.c)
		st = print_c(t, &d);
	else if (!st)
		bt_put_types(t, &d.types.btf, d.root, d.nroots);
	bt_types_free(&d.types);
	return st;
}
