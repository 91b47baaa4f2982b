// SPDX-License-Identifier: GPL-2.0-or-later
/* Control groups: which programs are attached to one, to all below one; attaching and detaching. */
#include <dirent.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hooks.h"

#define DEPTH_MAX 512u /* of groups below groups */

/* What users of bpftool wrote before attach types had names of their own; any beginning of it is enough. */
static const struct {
	const char *word;
	uint32_t type;
} old_words[] = {
	{ "ingress", BPF_CGROUP_INET_INGRESS }, { "egress", BPF_CGROUP_INET_EGRESS },
	{ "sock_create", BPF_CGROUP_INET_SOCK_CREATE }, { "sock_ops", BPF_CGROUP_SOCK_OPS },
	{ "device", BPF_CGROUP_DEVICE }, { "bind4", BPF_CGROUP_INET4_BIND }, { "bind6", BPF_CGROUP_INET6_BIND },
	{ "connect4", BPF_CGROUP_INET4_CONNECT }, { "connect6", BPF_CGROUP_INET6_CONNECT },
	{ "post_bind4", BPF_CGROUP_INET4_POST_BIND }, { "post_bind6", BPF_CGROUP_INET6_POST_BIND },
	{ "sendmsg4", BPF_CGROUP_UDP4_SENDMSG }, { "sendmsg6", BPF_CGROUP_UDP6_SENDMSG },
	{ "sysctl", BPF_CGROUP_SYSCTL }, { "recvmsg4", BPF_CGROUP_UDP4_RECVMSG },
	{ "recvmsg6", BPF_CGROUP_UDP6_RECVMSG }, { "getsockopt", BPF_CGROUP_GETSOCKOPT },
	{ "setsockopt", BPF_CGROUP_SETSOCKOPT }, { "getpeername4", BPF_CGROUP_INET4_GETPEERNAME },
	{ "getpeername6", BPF_CGROUP_INET6_GETPEERNAME }, { "getsockname4", BPF_CGROUP_INET4_GETSOCKNAME },
	{ "getsockname6", BPF_CGROUP_INET6_GETSOCKNAME }, { "sock_release", BPF_CGROUP_INET_SOCK_RELEASE },
};

bool bt_cgroup_type(const struct bu_kind *k)
{
	return k->num == BPF_LSM_CGROUP || !strncmp(k->name, "cgroup_", 7);
}

/* What went away between two looks is no error. */
static bool gone(int err)
{
	return err == -ENOENT || err == -ENODEV || err == -EBADF || err == -ESTALE;
}

/* ---------------------------------------------------------------- finding a group */

int bt_cgroup_open(struct bt *t, const char *path, int *fd)
{
	const char *at = path;
	struct stat st;
	char *real;

	*fd = -1;
	if (!t->sys->ops->target_open)
		return bt_refused(t, -1, -EOPNOTSUPP, "this backend has no control groups");
	/* as everywhere, a path may begin here; else it is one of where cgroup2 is mounted */
	if (*path && *path != '/' && !stat(path, &st) && S_ISDIR(st.st_mode)) {
		real = realpath(path, NULL);
		if (real)
			at = bu_arena_strdup(&t->arena, real);
		free(real);
		*fd = at ? t->sys->ops->target_open(t->sys, BU_TARGET_CGROUP, at) : -ENOMEM;
	}
	if (*fd < 0)
		*fd = t->sys->ops->target_open(t->sys, BU_TARGET_CGROUP, path);
	if (*fd >= 0)
		return 0;
	switch (*fd) {
	case -ENODEV:
		bt_error(t, "T0102", "cannot open the control group '%s': no cgroup2 is mounted", bt_escz(t, path));
		bt_hint(t, "mount -t cgroup2 cgroup2 DIR");
		return BU_EXIT_FAIL;
	case -EMEDIUMTYPE:
	case -ENOTDIR:
		return bt_error(t, "T0102", "'%s' is no control group of cgroup2", bt_escz(t, path));
	case -ENOENT:
		return bt_error(t, "T0102", "there is no control group '%s'", bt_escz(t, path));
	}
	return bt_refused(t, -1, *fd, "cannot open the control group '%s'", bt_escz(t, path));
}

const char *bt_cgroup_root(struct bt *t)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	const char *dir = NULL;
	struct mntent *m;

	while (f && !dir && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2"))
			dir = bu_arena_strdup(&t->arena, m->mnt_dir);
	if (f)
		endmntent(f);
	return dir;
}

/* Goes through path and what is below it; a group that vanishes is left out. */
static int walk(struct bt *t, struct bu_buf *path, unsigned level, bt_group_fn *fn, void *ctx)
{
	const char *name = bu_buf_cstr(path);
	size_t n = path->n;
	struct dirent *e;
	int fd, st = 0;
	DIR *d;

	fd = name ? t->sys->ops->target_open(t->sys, BU_TARGET_CGROUP, name) : -ENOMEM;
	if (fd >= 0) {
		st = fn(t, ctx, name, fd, level);
		t->sys->ops->close(t->sys, fd);
	} else if (!gone(fd) && fd != -EACCES && fd != -EMEDIUMTYPE) {
		return bt_refused(t, -1, fd, "cannot open the control group '%s'", bt_escz(t, name ? name : ""));
	}
	d = st || fd < 0 || level >= DEPTH_MAX ? NULL : opendir(name);
	while (d && !st && (e = readdir(d))) {
		if (e->d_type != DT_DIR || !strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		bu_buf_printf(path, "%s%s", n && path->p[n - 1] == '/' ? "" : "/", e->d_name);
		st = walk(t, path, level + 1, fn, ctx);
		path->n = n;
	}
	if (d)
		closedir(d);
	return st;
}

int bt_each_cgroup(struct bt *t, const char *root, bt_group_fn *fn, void *ctx)
{
	struct bu_buf path = { 0 };
	int st;

	bu_buf_str(&path, root);
	st = walk(t, &path, 0, fn, ctx);
	bu_buf_free(&path);
	return st;
}

/* ---------------------------------------------------------------- rows */

struct show {
	bool effective;
	bool tree, any;       /* a tree; a line of this group was printed */
	const char *path;
	unsigned level;
	const struct bu_btf *btf; /* the kernel's, when it is needed */
	struct bu_btf keep;
	bool looked;
};

/* The name of what an LSM program replaces, or NULL. */
static const char *btf_name(struct bt *t, struct show *s, uint32_t id)
{
	const void *data;
	struct bu_btf_type ty;
	size_t size;

	if (!id)
		return NULL;
	if (!s->looked && !t->sys->ops->vmlinux_btf(t->sys, &data, &size) &&
	    !bu_btf_parse(&s->keep, data, size, NULL, "vmlinux", NULL))
		s->btf = &s->keep;
	s->looked = true;
	return s->btf && !bu_btf_get(s->btf, id, &ty) ? ty.name : NULL;
}

static void put_head(struct bt *t, const struct show *s)
{
	if (s->tree)
		bu_out_text(&t->out, "CgroupPath\n");
	if (s->effective)
		bu_out_text(&t->out, "%-8s %-15s %-15s\n", "ID", "AttachType", "Name");
	else
		bu_out_text(&t->out, "%-8s %-15s %-15s %-15s\n", "ID", "AttachType", "AttachFlags", "Name");
}

static const char *flags_text(struct bt *t, uint32_t flags)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = { { BPF_F_ALLOW_MULTI, "multi" }, { BPF_F_ALLOW_OVERRIDE, "override" },
		      { BPF_F_PREORDER, "preorder" } };
	char *s = NULL;

	for (size_t i = 0; i < BU_ARRAY_SIZE(names); i++) {
		if (!(flags & names[i].bit))
			continue;
		s = bu_arena_printf(&t->arena, "%s%s%s", s ? s : "", s ? "," : "", names[i].name);
		flags &= ~names[i].bit;
	}
	if (flags)
		s = bu_arena_printf(&t->arena, "%s%sunknown(%x)", s ? s : "", s ? "," : "", flags);
	return s ? s : "";
}

static void put_prog(struct bt *t, struct show *s, const struct bu_kind *type, uint32_t id, uint32_t flags)
{
	const char *name, *text = flags_text(t, flags), *target;
	struct bpf_prog_info pi;
	int fd = bu_sys_fd_by_id(t->sys, BU_PROG, id, 0);
	int err = fd < 0 ? fd : bt_prog_info(t, fd, &pi, &name);

	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	if (err == -ENOENT)
		return;
	if (s->tree && !s->any) {
		bu_out_obj(&t->out, NULL);
		bu_out_str(&t->out, "cgroup", s->path, SIZE_MAX, "%s\n", bt_escz(t, s->path));
		bu_out_arr(&t->out, "programs");
	} else if (!s->any) {
		put_head(t, s);
	}
	s->any = true;
	if (err) {
		name = "";
		memset(&pi, 0, sizeof(pi));
	}
	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "id", id, "%s%-8u ", s->level ? "    " : "", id);
	bu_out_str(&t->out, "attach_type", type->name, SIZE_MAX, "%-15s", type->name);
	if (!s->effective)
		bu_out_str(&t->out, "attach_flags", text, SIZE_MAX, " %-15s", text);
	if (err) {
		bu_out_str(&t->out, "error", bt_strerror(err), SIZE_MAX, " error: %s\n", bt_strerror(err));
	} else {
		bu_out_str(&t->out, "name", name, SIZE_MAX, " %-15s", bt_escz(t, name));
		target = btf_name(t, s, pi.attach_btf_id);
		if (target || !pi.attach_btf_id)
			bu_out_str(&t->out, "attach_btf_name", target ? target : "", SIZE_MAX, " %-15s",
				   target ? bt_escz(t, target) : "");
		else
			bu_out_text(&t->out, " attach_btf_obj_id=%u attach_btf_id=%u", pi.attach_btf_obj_id,
				    pi.attach_btf_id);
		bu_out_uint(&t->out, "attach_btf_obj_id", pi.attach_btf_obj_id, NULL);
		bu_out_uint(&t->out, "attach_btf_id", pi.attach_btf_id, "\n");
	}
	bu_out_obj_end(&t->out);
}

/* All programs of one group. Status. */
static int put_group(struct bt *t, void *ctx, const char *path, int fd, unsigned level)
{
	struct show *s = ctx;
	struct bu_query q;
	unsigned i;
	int err, st = 0;

	s->path = path;
	s->level = level;
	if (s->tree)
		s->any = false;
	for (i = 0; !st && i < bu_nattach_types; i++) {
		const struct bu_kind *k = &bu_attach_types[i];

		if (!bt_cgroup_type(k))
			continue;
		err = bu_sys_query(t->sys, fd, k->num, s->effective ? BPF_F_QUERY_EFFECTIVE : 0, &q);
		for (uint32_t p = 0; p < q.n; p++)
			put_prog(t, s, k, q.prog_ids[p], q.prog_flags[p] ? q.prog_flags[p] : q.flags);
		bu_query_free(&q);
		/* EINVAL: a kernel that does not know the type */
		if (gone(err))
			break;
		if (err && err != -EINVAL)
			st = bt_refused(t, BPF_PROG_QUERY, err, "cannot list the programs of '%s'", bt_escz(t, path));
	}
	if (s->tree && s->any) {
		bu_out_arr_end(&t->out);
		bu_out_obj_end(&t->out);
	}
	return st;
}

/* May this caller ask at all? Before anything is printed, so that a refusal is an error and not an empty list. */
static int may_ask(struct bt *t, const char *path, int fd)
{
	struct bu_query q;
	int err = bu_sys_query(t->sys, fd, BPF_CGROUP_INET_INGRESS, 0, &q);

	bu_query_free(&q);
	return !err || err == -EINVAL || gone(err) ? 0 :
	       bt_refused(t, BPF_PROG_QUERY, err, "cannot list the programs of '%s'", bt_escz(t, path));
}

static void show_done(struct show *s)
{
	if (s->btf)
		bu_btf_free(&s->keep);
}

static int effective(struct bt *t, bool *yes)
{
	*yes = bt_kw(t, "effective");
	return bt_end(t);
}

int bt_cgroup_show(struct bt *t)
{
	const char *path = bt_next(t);
	struct show s = { 0 };
	int fd, st;

	if (!path)
		return bt_usage(t, NULL, NULL, "'cgroup show' wants the path of a control group");
	st = effective(t, &s.effective);
	if (!st)
		st = bt_cgroup_open(t, path, &fd);
	if (st)
		return st;
	st = may_ask(t, path, fd);
	if (st)
		goto out;
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	st = put_group(t, &s, path, fd, 0);
	bu_out_arr_end(&t->out);
	show_done(&s);
out:
	t->sys->ops->close(t->sys, fd);
	return st;
}

int bt_cgroup_tree(struct bt *t)
{
	struct show s = { .tree = true };
	const char *root = bt_is(t, "effective") && t->i + 1 == t->nw ? NULL : bt_next(t);
	int fd, st = effective(t, &s.effective);

	if (st)
		return st;
	if (!t->sys->ops->target_open)
		return bt_cgroup_open(t, "", &fd);
	if (!root) {
		root = bt_cgroup_root(t);
		if (!root) {
			bt_error(t, "T0102", "no cgroup2 is mounted");
			bt_hint(t, "mount -t cgroup2 cgroup2 DIR");
			return BU_EXIT_FAIL;
		}
	}
	/* what is asked for has to be there; what is below it may go */
	st = bt_cgroup_open(t, root, &fd);
	if (st)
		return st;
	st = may_ask(t, root, fd);
	t->sys->ops->close(t->sys, fd);
	if (st)
		return st;
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	put_head(t, &s);
	st = bt_each_cgroup(t, root, put_group, &s);
	bu_out_arr_end(&t->out);
	show_done(&s);
	return st;
}

/* ---------------------------------------------------------------- attaching */

static int read_type(struct bt *t, uint32_t *type)
{
	const char *word = bt_next(t), **list;
	size_t n = 0, i;

	if (!word)
		return bt_usage(t, NULL, NULL, "which attach type? such as cgroup_inet_ingress or ingress");
	for (i = 0; i < bu_nattach_types; i++) {
		if (strcmp(bu_attach_types[i].name, word) || !bt_cgroup_type(&bu_attach_types[i]))
			continue;
		*type = bu_attach_types[i].num;
		return 0;
	}
	for (i = 0; *word && i < BU_ARRAY_SIZE(old_words); i++) {
		if (strncmp(old_words[i].word, word, strlen(word)))
			continue;
		*type = old_words[i].type;
		return 0;
	}
	list = bu_arena_array(&t->arena, bu_nattach_types + BU_ARRAY_SIZE(old_words) + 1, sizeof(*list));
	for (i = 0; list && i < bu_nattach_types; i++)
		if (bt_cgroup_type(&bu_attach_types[i]))
			list[n++] = bu_attach_types[i].name;
	for (i = 0; list && i < BU_ARRAY_SIZE(old_words); i++)
		list[n++] = old_words[i].word;
	return bt_usage(t, word, list, "'%s' is no attach type of control groups", bt_escz(t, word));
}

const char *bt_cgroup_word(unsigned i)
{
	unsigned k;

	if (i < BU_ARRAY_SIZE(old_words))
		return old_words[i].word;
	i -= BU_ARRAY_SIZE(old_words);
	for (k = 0; k < bu_nattach_types; k++)
		if (bt_cgroup_type(&bu_attach_types[k]) && !i--)
			return bu_attach_types[k].name;
	return NULL;
}

static int change(struct bt *t, bool attach)
{
	const char *path = bt_next(t), *type_word;
	union bpf_attr a = { 0 };
	struct bt_obj prog = { 0, -1 };
	uint32_t type = 0, flags = 0;
	int fd = -1, st, err;

	if (!path)
		return bt_usage(t, NULL, NULL, "'cgroup %s' wants the path of a control group",
				attach ? "attach" : "detach");
	type_word = bt_peek(t);
	st = read_type(t, &type);
	if (!st)
		st = bt_handle(t, BU_PROG, 0, &prog);
	while (!st && attach && bt_peek(t)) {
		if (bt_kw(t, "multi"))
			flags |= BPF_F_ALLOW_MULTI;
		else if (bt_kw(t, "override"))
			flags |= BPF_F_ALLOW_OVERRIDE;
		else
			break;
	}
	if (!st)
		st = bt_end(t);
	if (!st)
		st = bt_cgroup_open(t, path, &fd);
	if (st)
		goto out;
	a.target_fd = (uint32_t)fd;
	a.attach_bpf_fd = (uint32_t)prog.fd;
	a.attach_type = type;
	a.attach_flags = flags;
	err = attach ? bu_sys_prog_attach(t->sys, &a) : bu_sys_prog_detach(t->sys, &a);
	if (!err)
		goto out;
	st = bt_refused(t, attach ? BPF_PROG_ATTACH : BPF_PROG_DETACH, err, "cannot %s program %u %s '%s' as %s",
			attach ? "attach" : "detach", prog.id, attach ? "to" : "from", bt_escz(t, path), type_word);
	if (attach && err == -EPERM && !flags)
		bt_hint(t, "a group above that has a program without multi or override allows none here");
	if (!attach && err == -ENOENT)
		bt_hint(t, "it is not attached there; what a link attached, 'link detach' detaches");
out:
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	bt_obj_close(t, &prog);
	return st;
}

int bt_cgroup_attach(struct bt *t)
{
	return change(t, true);
}

int bt_cgroup_detach(struct bt *t)
{
	return change(t, false);
}
