// SPDX-License-Identifier: GPL-2.0-or-later
/* From "id 7", "name x", "tag T", "pinned F" to open objects, and what every kind of object has. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

#define IDS_TOLD 16u /* of objects that a handle names, in a message */
#define NAME_MAX16 (BPF_OBJ_NAME_LEN - 1)

/* BTF that this command has looked at. */
struct bt_btf {
	struct bt_btf *next;
	uint32_t id;
	bool good;
	void *data;
	struct bu_btf btf;
};

static int cmd_fd_by_id(enum bu_objkind k)
{
	switch (k) {
	case BU_PROG: return BPF_PROG_GET_FD_BY_ID;
	case BU_MAP: return BPF_MAP_GET_FD_BY_ID;
	case BU_LINK: return BPF_LINK_GET_FD_BY_ID;
	case BU_BTF: break;
	}
	return BPF_BTF_GET_FD_BY_ID;
}

static int cmd_next_id(enum bu_objkind k)
{
	switch (k) {
	case BU_PROG: return BPF_PROG_GET_NEXT_ID;
	case BU_MAP: return BPF_MAP_GET_NEXT_ID;
	case BU_LINK: return BPF_LINK_GET_NEXT_ID;
	case BU_BTF: break;
	}
	return BPF_BTF_GET_NEXT_ID;
}

void bt_obj_close(struct bt *t, struct bt_obj *o)
{
	if (o->fd >= 0)
		t->sys->ops->close(t->sys, o->fd);
	o->fd = -1;
}

void bt_objs_close(struct bt *t, struct bt_objs *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		bt_obj_close(t, &o->v[i]);
	o->n = 0;
}

/* ---------------------------------------------------------------- BTF, fdinfo, info */

const struct bu_btf *bt_btf(struct bt *t, uint32_t id)
{
	struct bpf_btf_info info = { 0 };
	uint32_t size = sizeof(info);
	struct bt_btf *b;
	int fd;

	if (!id)
		return NULL;
	for (b = t->btfs; b; b = b->next)
		if (b->id == id)
			return b->good ? &b->btf : NULL;
	b = bu_arena_alloc(&t->arena, sizeof(*b));
	if (!b)
		return NULL;
	b->id = id;
	b->next = t->btfs;
	t->btfs = b;
	if (id == BU_SYS_OWN_TYPES) {
		const void *data;
		size_t n;

		b->good = !t->sys->ops->vmlinux_btf(t->sys, &data, &n) &&
			  !bu_btf_parse(&b->btf, data, n, NULL, "BTF", NULL);
		b->btf.values = t->values;
		return b->good ? &b->btf : NULL;
	}
	fd = bu_sys_fd_by_id(t->sys, BU_BTF, id, 0);
	if (fd < 0)
		return NULL;
	if (bu_sys_info(t->sys, fd, &info, &size) || !info.btf_size)
		goto out;
	b->data = bu_arena_alloc(&t->arena, info.btf_size);
	if (!b->data)
		goto out;
	size = info.btf_size;
	info = (struct bpf_btf_info){ .btf = bu_ptr64(b->data), .btf_size = size };
	size = sizeof(info);
	if (bu_sys_info(t->sys, fd, &info, &size))
		goto out;
	b->good = bu_btf_parse(&b->btf, b->data, info.btf_size, NULL, "BTF", NULL) == 0;
	b->btf.values = t->values;
out:
	t->sys->ops->close(t->sys, fd);
	return b->good ? &b->btf : NULL;
}

void bt_btfs_free(struct bt *t)
{
	struct bt_btf *b;

	for (b = t->btfs; b; b = b->next)
		if (b->good)
			bu_btf_free(&b->btf);
	t->btfs = NULL;
}

void bt_fdinfo_read(struct bt *t, int fd, struct bt_fdinfo *f)
{
	char name[16];
	ssize_t n = -1;
	int at;

	if (t->sys->ops->fdinfo) {
		if (t->sys->ops->fdinfo(t->sys, fd, f->text, sizeof(f->text)) < 0)
			f->text[0] = 0;
		return;
	}
	if (!t->fdinfo_dir)
		t->fdinfo_dir = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(name, sizeof(name), "%d", fd);
	at = openat(t->fdinfo_dir, name, O_RDONLY | O_CLOEXEC);
	if (at >= 0) {
		n = read(at, f->text, sizeof(f->text) - 1);
		close(at);
	}
	f->text[n > 0 ? n : 0] = 0;
}

long long bt_fdinfo_num(const char *info, const char *name)
{
	size_t n = strlen(name);
	const char *p = info;

	for (; *p; p += *p == '\n') {
		if (!strncmp(p, name, n) && p[n] == ':')
			return strtoll(p + n + 1, NULL, 0);
		p += strcspn(p, "\n");
	}
	return -1;
}

const char *bt_name16(struct bt *t, const char *name)
{
	const char *s = bu_arena_strndup(&t->arena, name, strnlen(name, BPF_OBJ_NAME_LEN));

	return s ? s : "";
}

int bt_prog_info(struct bt *t, int fd, struct bpf_prog_info *info, const char **full)
{
	struct bpf_prog_info again = { 0 };
	uint32_t size = sizeof(*info);
	struct bpf_func_info rec;
	const struct bu_btf *btf;
	struct bu_btf_type ty;
	int err;

	memset(info, 0, sizeof(*info));
	/* with its maps, which a listing would have to ask for in a second call */
	info->nr_map_ids = BU_ARRAY_SIZE(t->map_ids);
	info->map_ids = bu_ptr64(t->map_ids);
	err = bu_sys_info(t->sys, fd, info, &size);
	if (err)
		return err;
	info->map_ids = 0;
	t->map_ids_of = info->id;
	*full = bt_name16(t, info->name);
	if (strlen(*full) < NAME_MAX16 || !info->nr_func_info || !info->btf_id)
		return 0;
	btf = bt_btf(t, info->btf_id);
	if (!btf)
		return 0;
	/* one record is enough: the first function is the program */
	again.nr_func_info = 1;
	again.func_info_rec_size = sizeof(rec);
	again.func_info = bu_ptr64(&rec);
	size = sizeof(again);
	if (bu_sys_info(t->sys, fd, &again, &size) || bu_btf_get(btf, rec.type_id, &ty) ||
	    ty.kind != BU_BTF_FUNC)
		return 0;
	*full = bu_arena_strdup(&t->arena, ty.name);
	if (!*full)
		*full = "";
	return 0;
}

/* ---------------------------------------------------------------- finding */

int bt_each(struct bt *t, enum bu_objkind k, uint32_t flags,
	    int (*fn)(struct bt *t, void *ctx, uint32_t id, int fd), void *ctx)
{
	uint32_t id = 0;
	int err, fd, status = 0, st;

	for (;;) {
		err = bu_sys_next_id(t->sys, k, id, &id);
		if (err == -ENOENT)
			return status;
		if (err)
			return bt_refused(t, cmd_next_id(k), err, "cannot list %ss",
					  bt_noun(k));
		fd = bu_sys_fd_by_id(t->sys, k, id, flags);
		if (fd == -ENOENT || fd == -EAGAIN) /* gone, or a link that is not yet made */
			continue;
		st = fn(t, ctx, id, fd);
		status = status ? status : st;
		if (fd >= 0)
			t->sys->ops->close(t->sys, fd);
	}
}

int bt_list(struct bt *t, enum bu_objkind k, uint32_t flags,
	    int (*fn)(struct bt *t, void *ctx, uint32_t id, int fd))
{
	uint32_t id;
	int err = bu_sys_next_id(t->sys, k, 0, &id), st;

	/* asked before the array is begun, so that a refusal is an error, not an empty list */
	if (err && err != -ENOENT)
		return bt_refused(t, cmd_next_id(k), err, "cannot list %ss", bt_noun(k));
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	st = bt_each(t, k, flags, fn, NULL);
	bu_out_arr_end(&t->out);
	if (err == -ENOENT)
		bt_world_empty(t, k);
	return st;
}

struct search {
	enum bu_objkind kind;
	const char *name, *tag;
	struct bt_objs *out;
	size_t cap;
	int err; /* of an object that could not be looked at */
	int st;  /* what was said of one that could not be kept; then there is no point in others */
};

/* A name given in full matches what the kernel cut to 15 bytes. */
static bool name_is(const char *have, const char *full, const char *want)
{
	if (!strcmp(have, want) || !strcmp(full, want))
		return true;
	return strlen(have) == NAME_MAX16 && !strcmp(have, full) && !strncmp(have, want, NAME_MAX16);
}

static int matches(struct bt *t, struct search *s, int fd, bool *yes)
{
	const char *full;
	char tag[2 * BPF_TAG_SIZE + 1];
	struct bpf_prog_info pi;
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);
	int err, i;

	*yes = false;
	if (s->kind == BU_MAP) {
		err = bu_sys_info(t->sys, fd, &mi, &size);
		if (err)
			return err;
		full = bt_name16(t, mi.name);
		*yes = name_is(full, full, s->name);
		return 0;
	}
	err = bt_prog_info(t, fd, &pi, &full);
	if (err)
		return err;
	if (s->tag) {
		for (i = 0; i < BPF_TAG_SIZE; i++)
			sprintf(tag + 2 * i, "%02x", pi.tag[i]);
		*yes = !strcasecmp(tag, s->tag);
	} else {
		*yes = name_is(bt_name16(t, pi.name), full, s->name);
	}
	return 0;
}

static int look(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct search *s = ctx;
	struct bt_obj *v;
	bool yes;
	int err;

	if (s->st)
		return 0;
	err = fd < 0 ? fd : matches(t, s, fd, &yes);
	if (err) {
		s->err = err;
		return 0;
	}
	if (!yes)
		return 0;
	v = bu_arena_grow(&t->arena, s->out->v, s->out->n, &s->cap, sizeof(*v));
	if (!v)
		return s->st = bt_refused(t, -1, -ENOMEM, "cannot list %ss", bt_noun(s->kind));
	s->out->v = v;
	fd = dup(fd);
	if (fd < 0) {
		s->st = bt_refused(t, -1, -errno, "cannot keep %s %u open", bt_noun(s->kind), id);
		bt_hint(t, "%zu %ss of that %s are open, and 'ulimit -Hn' allows no more: name one by id", s->out->n,
			bt_noun(s->kind), s->tag ? "tag" : "name");
		return s->st;
	}
	v[s->out->n++] = (struct bt_obj){ id, fd };
	return 0;
}

static int by_search(struct bt *t, struct search *s, uint32_t flags)
{
	int status = bt_each(t, s->kind, flags, look, s);
	const char *kind = bt_noun(s->kind);

	if (status || s->out->n)
		return status;
	if (s->err)
		return bt_refused(t, cmd_fd_by_id(s->kind), s->err, "cannot look for a %s %s '%s'", kind,
				  s->tag ? "with tag" : "named", bt_escz(t, s->tag ? s->tag : s->name));
	return bt_error(t, "T0102", "there is no %s %s '%s'", kind, s->tag ? "with tag" : "named",
			bt_escz(t, s->tag ? s->tag : s->name));
}

static int one(struct bt *t, struct bt_objs *out, uint32_t id, int fd)
{
	out->v = bu_arena_alloc(&t->arena, sizeof(*out->v));
	if (!out->v) {
		t->sys->ops->close(t->sys, fd);
		return bt_refused(t, -1, -ENOMEM, "cannot open");
	}
	out->v[0] = (struct bt_obj){ id, fd };
	out->n = 1;
	return 0;
}

static int by_id(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_objs *out)
{
	uint32_t id;
	int fd, st;

	st = bt_read_u32(t, "an id", &id);
	if (st)
		return st;
	fd = bu_sys_fd_by_id(t->sys, k, id, flags);
	if (fd == -ENOENT)
		return bt_error(t, "T0102", "there is no %s with id %u", bt_noun(k), id);
	if (fd < 0)
		return bt_refused(t, cmd_fd_by_id(k), fd, "cannot open %s %u", bt_noun(k), id);
	return one(t, out, id, fd);
}

/* Of a pin that is there: whose it is, and what opening it takes. */
static int pin_refused(struct bt *t, enum bu_objkind k, uint32_t flags, const char *path, int err)
{
	int st = bt_refused(t, BPF_OBJ_GET, err, "cannot open '%s'", bt_escz(t, path));
	struct stat file;

	if (err != -EACCES)
		return st;
	if (stat(path, &file))
		bt_hint(t, "a directory on the way to it is closed to this user");
	else
		bt_hint(t, "it belongs to uid %u, gid %u, and its mode is %04o: %s takes leave to read%s", file.st_uid,
			file.st_gid, file.st_mode & 07777u,
			k != BU_MAP ? "to open one" : flags & BPF_F_RDONLY ? "to look into a map" : "to change a map",
			flags & BPF_F_RDONLY ? "" : " and write");
	return st;
}

static int by_pin(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_objs *out)
{
	const char *path = bt_next(t);
	enum bu_objkind is;
	uint32_t id;
	int fd, err;

	if (!path)
		return bt_usage(t, NULL, NULL, "'pinned' wants a path");
	fd = bu_sys_get(t->sys, path, flags);
	/* EACCES is also the kernel's word for a file that is no pin. */
	if (fd == -EACCES && t->sys->ops->pin_prepare(t->sys, path, true) == -EINVAL)
		return bt_error(t, "T0102", "'%s' is not in a bpf file system", bt_escz(t, path));
	if ((fd == -EPERM || fd == -EINVAL) && access(path, F_OK) == 0)
		return bt_refused(t, BPF_OBJ_GET, fd, "cannot open '%s' (is it a pinned %s?)",
				  bt_escz(t, path), bt_noun(k));
	if (fd == -ENOENT)
		return bt_error(t, "T0102", "nothing is pinned at '%s'", bt_escz(t, path));
	if (fd < 0)
		return pin_refused(t, k, flags, path, fd);
	err = bu_sys_fd_kind(t->sys, fd, &is, &id);
	if (err || is != k) {
		t->sys->ops->close(t->sys, fd);
		if (err)
			return bt_refused(t, -1, err, "cannot tell what '%s' is", bt_escz(t, path));
		return bt_error(t, "T0102", "'%s' is a %s, not a %s", bt_escz(t, path),
				bt_noun(is), bt_noun(k));
	}
	return one(t, out, id, fd);
}

/* Is that map meant? A compiler's own (".rodata") may go without the object's name in front. */
static bool map_is(const char *have, const char *want)
{
	size_t n = strlen(have), m = strlen(want);
	const char *dot = want[0] == '.' ? strchr(have, '.') : NULL;

	if (name_is(have, have, want))
		return true;
	/* the object's name is cut to what leaves room, and then the rest may be */
	return dot && m && n && (!strcmp(dot, want) || (n == NAME_MAX16 && !strncmp(dot, want, strlen(dot))));
}

/* "prog PROG map NAME": a map that the program uses. */
static int by_prog(struct bt *t, uint32_t flags, struct bt_objs *out)
{
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi), n, i, ids[4096];
	const char *name, *have, *list = "";
	struct bt_obj prog;
	size_t cap = 0;
	int st, err;

	st = bt_handle(t, BU_PROG, 0, &prog);
	if (st)
		return st;
	name = bt_kw(t, "map") ? bt_next(t) : NULL;
	if (!name) {
		st = bt_usage(t, NULL, NULL, "which map of the program? map NAME");
		goto out;
	}
	pi.nr_map_ids = BU_ARRAY_SIZE(ids);
	pi.map_ids = bu_ptr64(ids);
	err = bu_sys_info(t->sys, prog.fd, &pi, &size);
	if (err) {
		st = bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about program %u", prog.id);
		goto out;
	}
	n = pi.nr_map_ids < BU_ARRAY_SIZE(ids) ? pi.nr_map_ids : BU_ARRAY_SIZE(ids);
	for (i = 0; i < n; i++) {
		struct bpf_map_info mi = { 0 };
		struct bt_obj *v;
		int fd = bu_sys_fd_by_id(t->sys, BU_MAP, ids[i], flags);

		size = sizeof(mi);
		if (fd < 0 || bu_sys_info(t->sys, fd, &mi, &size)) {
			if (fd >= 0)
				t->sys->ops->close(t->sys, fd);
			continue;
		}
		have = bt_name16(t, mi.name);
		list = bu_arena_printf(&t->arena, "%s%s%s", list ? list : "", list && *list ? ", " : "",
				       bt_escz(t, have));
		v = map_is(have, name) ? bu_arena_grow(&t->arena, out->v, out->n, &cap, sizeof(*v)) : NULL;
		if (!v) {
			t->sys->ops->close(t->sys, fd);
			continue;
		}
		out->v = v;
		v[out->n++] = (struct bt_obj){ ids[i], fd };
	}
	if (!out->n) {
		st = bt_error(t, "T0102", "program %u uses no map named '%s'", prog.id, bt_escz(t, name));
		bt_hint(t, list && *list ? "its maps: %s" : "it uses no maps that can be opened", list);
	}
out:
	bt_obj_close(t, &prog);
	return st;
}

int bt_handles(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_objs *out)
{
	static const char *const words_prog[] = { "id", "name", "tag", "pinned", NULL };
	static const char *const words_map[] = { "id", "name", "pinned", "prog", NULL };
	static const char *const words_link[] = { "id", "pinned", NULL };
	const char *const *words = k == BU_PROG ? words_prog : k == BU_MAP ? words_map : words_link;
	const char *list = k == BU_PROG ? "id, name, tag or pinned" : k == BU_MAP ?
			   "id, name, pinned or prog" : "id or pinned";
	struct search s = { .kind = k, .out = out };

	*out = (struct bt_objs){ 0 };
	if (bt_kw(t, "id"))
		return by_id(t, k, flags, out);
	if (bt_kw(t, "pinned"))
		return by_pin(t, k, flags, out);
	if (k != BU_LINK && bt_kw(t, "name")) {
		s.name = bt_next(t);
		if (!s.name)
			return bt_usage(t, NULL, NULL, "'name' wants a name");
		return by_search(t, &s, flags);
	}
	if (k == BU_PROG && bt_kw(t, "tag")) {
		s.tag = bt_next(t);
		if (!s.tag)
			return bt_usage(t, NULL, NULL, "'tag' wants 16 hex digits");
		if (strlen(s.tag) != 2 * BPF_TAG_SIZE ||
		    strspn(s.tag, "0123456789abcdefABCDEF") != 2 * BPF_TAG_SIZE)
			return bt_usage(t, NULL, NULL, "'%s' is no tag: a tag has 16 hex digits",
					bt_escz(t, s.tag));
		return by_search(t, &s, flags);
	}
	if (k == BU_MAP && bt_kw(t, "prog"))
		return by_prog(t, flags, out);
	if (!bt_peek(t))
		return bt_usage(t, NULL, NULL, "which %s? %s", bt_noun(k), list);
	return bt_usage(t, bt_peek(t), words, "'%s' does not say which %s: expected %s",
			bt_escz(t, bt_peek(t)), bt_noun(k), list);
}

int bt_handle(struct bt *t, enum bu_objkind k, uint32_t flags, struct bt_obj *out)
{
	struct bu_buf ids = { 0 };
	struct bt_objs all;
	int st = bt_handles(t, k, flags, &all);
	size_t i;

	*out = (struct bt_obj){ 0, -1 };
	if (st) {
		bt_objs_close(t, &all);
		return st;
	}
	if (all.n == 1) {
		*out = all.v[0];
		return 0;
	}
	for (i = 0; i < all.n && i < IDS_TOLD; i++)
		bu_buf_printf(&ids, "%s%u", i ? ", " : "", all.v[i].id);
	if (all.n > IDS_TOLD)
		bu_buf_str(&ids, ", ...");
	st = bt_error(t, "T0103", "%zu %ss match, and this command takes one", all.n,
		      bt_noun(k));
	bt_hint(t, "use id, one of %s", bu_buf_cstr(&ids));
	bu_buf_free(&ids);
	bt_objs_close(t, &all);
	return st;
}

int bt_pin(struct bt *t, enum bu_objkind k)
{
	struct bt_obj o;
	const char *path;
	int st, err;

	st = bt_handle(t, k, 0, &o);
	if (st)
		return st;
	path = bt_next(t);
	st = path ? bt_end(t) : bt_usage(t, NULL, NULL, "'pin' wants a path after the %s",
					 bt_noun(k));
	if (st)
		goto out;
	st = bt_pin_place(t, path);
	if (st)
		goto out;
	err = bu_sys_pin(t->sys, o.fd, path);
	if (err)
		st = bt_refused(t, BPF_OBJ_PIN, err, "cannot pin %s %u at '%s'", bt_noun(k),
				o.id, bt_escz(t, path));
out:
	bt_obj_close(t, &o);
	return st;
}
