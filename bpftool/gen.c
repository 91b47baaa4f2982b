// SPDX-License-Identifier: GPL-2.0-or-later
/* Files made from objects: linked objects, headers with an object inside, and the types that objects need. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "gen.h"

/* ---------------------------------------------------------------- files */

int bt_read_object(struct bt *t, struct bu_obj *o, const char *path)
{
	int err = bu_obj_read_file(o, path, &t->ds);

	if (!err)
		err = bu_obj_place_common(o);
	if (!err)
		err = bu_obj_index(o, &t->ds);
	if (!err)
		return 0;
	if (!t->ds.errors)
		bt_error(t, err == -ENOMEM ? "U0003" : "U0002", "'%s' cannot be read: %s", bt_escz(t, path),
			 bt_strerror(err));
	return bu_exit_for(err) == BU_EXIT_IO ? BU_EXIT_IO : BU_EXIT_FAIL;
}

/* Puts a file in place that fill writes, whole or not at all. */
static int write_file(struct bt *t, const char *path, int (*fill)(const void *ctx, int fd), const void *ctx)
{
	struct bu_outfile f;
	int err = bu_outfile_open(&f, path);

	if (!err) {
		err = fill(ctx, f.fd);
		if (err)
			bu_outfile_abort(&f);
		else
			err = bu_outfile_commit(&f);
	}
	if (!err)
		return 0;
	bt_error(t, "U0002", "cannot write '%s': %s", bt_escz(t, path), bt_strerror(err));
	return BU_EXIT_IO;
}

static int fill_object(const void *ctx, int fd)
{
	return bu_obj_write(ctx, fd);
}

static int fill_bytes(const void *ctx, int fd)
{
	const struct bu_buf *b = ctx;

	return bu_write_all(fd, b->p, b->n);
}

/* ---------------------------------------------------------------- object */

int bt_gen_object(struct bt *t)
{
	const char *path = bt_next(t);
	unsigned n = (unsigned)(t->nw - t->i), read = 0;
	struct bu_obj out, *in;
	const struct bu_obj **all;
	int st = 0, err;

	if (!path || !n)
		return bt_usage(t, NULL, NULL, "'gen object' wants the file to make and the objects to link");
	in = bu_arena_array(&t->arena, n, sizeof(*in));
	all = bu_arena_array(&t->arena, n, sizeof(*all));
	if (!in || !all)
		return bt_error(t, "U0003", "out of memory");
	for (; !st && read < n; read++) {
		bu_obj_init(&in[read]);
		all[read] = &in[read];
		st = bt_read_object(t, &in[read], bt_next(t));
	}
	if (!st) {
		bu_obj_init(&out);
		out.path = path;
		err = bu_obj_merge(&out, all, n, &t->ds);
		if (err)
			st = t->ds.errors ? BU_EXIT_FAIL : bt_error(t, "U0003", "out of memory");
		else
			st = write_file(t, path, fill_object, &out);
		bu_obj_free(&out);
	}
	while (read--)
		bu_obj_free(&in[read]);
	return st;
}

/* ---------------------------------------------------------------- skeletons */

/* "my-prog.bpf.o" is called my_prog_bpf. In the arena. */
static const char *object_name(struct bt *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *s = bu_arena_strdup(&t->arena, slash ? slash + 1 : path);
	size_t n = s ? strlen(s) : 0;

	if (n > 2 && !strcmp(s + n - 2, ".o"))
		s[n - 2] = 0;
	for (char *p = s; p && *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			*p = '_';
	return s && *s && !isdigit((unsigned char)*s) ? s : NULL;
}

static bool is_word(const char *s)
{
	for (const char *p = s; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return false;
	return *s && !isdigit((unsigned char)*s);
}

static int skeleton(struct bt *t, bool sub)
{
	const char *path = bt_next(t), *name = NULL;
	struct bu_buf file = { 0 }, text = { 0 };
	bool own = false;
	struct bu_obj o;
	int st = 0, err;

	if (!path)
		return bt_usage(t, NULL, NULL, "'gen %s' wants an object", sub ? "subskeleton" : "skeleton");
	if (bt_kw(t, "name")) {
		name = bt_next(t);
		if (!name || !is_word(name) || strlen(name) > 63)
			return bt_usage(t, NULL, NULL, "'name' wants a word that C takes, of at most 63 characters");
	}
	if (!sub && bt_kw(t, "runtime")) {
		own = bt_is(t, "own");
		if (!bt_kw(t, "own") && !bt_kw(t, "libbpf"))
			return bt_usage(t, NULL, NULL, "'runtime' is libbpf or own");
	}
	st = bt_end(t);
	if (st)
		return st;
	name = name ? name : object_name(t, path);
	if (!name) {
		st = bt_error(t, "T0133", "'%s' gives no name that C takes", bt_escz(t, path));
		bt_hint(t, "say one: name NAME");
		return st;
	}
	bu_obj_init(&o);
	err = bu_file_read(path, 1u << 30, &file);
	if (err) {
		bt_error(t, "U0002", "'%s' cannot be read: %s", bt_escz(t, path), bt_strerror(err));
		st = err == -ENOENT ? BU_EXIT_FAIL : BU_EXIT_IO;
		goto out;
	}
	st = bt_read_object(t, &o, path);
	if (st)
		goto out;
	if (own) {
		st = bt_own_skeleton(t, &text, &o, name);
		if (!st)
			bt_put_document(t, &text);
		goto out;
	}
	err = sub ? bt_subskeleton(&text, &o, name) : bt_skeleton(&text, &o, name, &file);
	if (err || text.failed)
		st = err == -E2BIG ? bt_error(t, "T0132", "the types of '%s' lie too deep in each other for C", bt_escz(t, path))
				   : bt_error(t, "U0003", "out of memory");
	else
		bt_put_document(t, &text);
out:
	bu_obj_free(&o);
	bu_buf_free(&file);
	bu_buf_free(&text);
	return st;
}

int bt_gen_skeleton(struct bt *t)
{
	return skeleton(t, false);
}

int bt_gen_subskeleton(struct bt *t)
{
	return skeleton(t, true);
}

/* ---------------------------------------------------------------- min_core_btf */

int bt_gen_min_core_btf(struct bt *t)
{
	const char *input = bt_next(t), *output = bt_next(t);
	struct bt_types y = { 0 };
	struct bu_buf out = { 0 };
	struct bu_core_keep *keep = NULL;
	int st = 0, err = 0;

	if (!input || !output || !bt_peek(t))
		return bt_usage(t, NULL, NULL,
				"'gen min_core_btf' wants the types, the file to make, and objects that need them");
	st = bt_types_file(t, &y, input);
	if (!st && y.based)
		st = bt_error(t, "T0131", "'%s' has only types that are built on others", bt_escz(t, input));
	if (!st) {
		err = bu_core_keep_new(&keep, &y.btf);
		st = err ? bt_error(t, "U0003", "out of memory") : 0;
	}
	while (!st && bt_peek(t)) {
		const char *path = bt_next(t);
		struct bu_obj o;

		bu_obj_init(&o);
		st = bt_read_object(t, &o, path);
		if (!st && o.has_btf) {
			err = bu_core_keep_all(keep, &o.btf, &o.ext, path, &t->ds);
			if (err)
				st = t->ds.errors ? BU_EXIT_FAIL : bt_error(t, "U0003", "out of memory");
		}
		bu_obj_free(&o);
	}
	if (!st) {
		err = bu_core_keep_write(keep, &out);
		st = err ? bt_error(t, err == -ENOMEM ? "U0003" : "T0131", "the types of '%s' cannot be cut down: %s",
				    bt_escz(t, input), bt_strerror(err))
			 : write_file(t, output, fill_bytes, &out);
	}
	bu_core_keep_free(keep);
	bt_types_free(&y);
	bu_buf_free(&out);
	return st;
}
