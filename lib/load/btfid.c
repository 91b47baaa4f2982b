// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The places that programs are loaded for, by type information: a function or tracepoint of the
 * kernel, of one of its modules, or of another program.
 */
#include <stdlib.h>
#include <string.h>

#include "load/kpriv.h"

#define MAX_BTF (256u << 20)

/* One blob of type information, and where it came from. */
struct types {
	uint8_t *data;   /* heap; NULL: the backend's own */
	struct bu_btf btf;
	bool there;
};

struct finder {
	struct bu_sys *s;
	struct bu_diags *ds;
	struct bu_kbtf *kbtf;
	struct bu_btf_index *kernel; /* after the first question */
};

static void drop(struct types *t)
{
	if (t->there)
		bu_btf_free(&t->btf);
	free(t->data);
	memset(t, 0, sizeof(*t));
}

/* The type's own ids only: those of a base were looked through before. */
static uint32_t find_own(const struct bu_btf *b, enum bu_btf_kind kind, const char *name)
{
	struct bu_btf_type t;

	for (uint32_t id = b->base ? b->base->ntypes + 1 : 1; id <= b->ntypes; id++)
		if (!bu_btf_get(b, id, &t) && t.kind == kind && strcmp(t.name, name) == 0)
			return id;
	return 0;
}

/* Reads the BTF object behind fd. */
static int read_types(struct finder *f, int fd, const struct bu_btf *base, const char *name, struct types *t)
{
	struct bpf_btf_info info;
	uint32_t size = sizeof(info), n;
	int err;

	memset(t, 0, sizeof(*t));
	memset(&info, 0, sizeof(info));
	err = bu_sys_info(f->s, fd, &info, &size);
	if (err)
		return err;
	n = info.btf_size;
	if (!n || n > MAX_BTF)
		return -EINVAL;
	t->data = malloc(n);
	if (!t->data)
		return -ENOMEM;
	memset(&info, 0, sizeof(info));
	size = sizeof(info);
	info.btf = bu_ptr64(t->data);
	info.btf_size = n;
	err = bu_sys_info(f->s, fd, &info, &size);
	if (!err)
		err = info.btf_size > n ? -EAGAIN
					: bu_btf_parse(&t->btf, t->data, info.btf_size, base, name, NULL);
	t->there = !err;
	if (err)
		drop(t);
	return err;
}

/* ---------------------------------------------------------------- modules */

/* The name of a BTF object of the kernel; false: it is a program's, or unreadable. */
static bool kernel_name(struct finder *f, int fd, char name[64])
{
	struct bpf_btf_info info;
	uint32_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	info.name = bu_ptr64(name);
	info.name_len = 64;
	name[0] = '\0';
	return !bu_sys_info(f->s, fd, &info, &size) && info.kernel_btf;
}

/*
 * Looks in the modules, or in the one that is named. Its id, and the fd of the module's BTF (the
 * caller's); 0: not there. *known: is there a module of that name?
 */
static uint32_t find_in_modules(struct finder *f, const char *module, enum bu_btf_kind kind, const char *name,
				int *fd, bool *known)
{
	uint32_t btf_id = 0, found = 0;

	while (!found && !bu_sys_next_id(f->s, BU_BTF, btf_id, &btf_id)) {
		char of[64];
		struct types t;
		int m = bu_sys_fd_by_id(f->s, BU_BTF, btf_id, 0);

		if (m < 0)
			continue;
		if (kernel_name(f, m, of) && strcmp(of, "vmlinux") != 0 && (!module || strcmp(of, module) == 0)) {
			*known = true;
			if (!read_types(f, m, &f->kernel->btf, of, &t)) {
				found = find_own(&t.btf, kind, name);
				drop(&t);
			}
		}
		if (found)
			*fd = m;
		else
			f->s->ops->close(f->s, m);
	}
	return found;
}

/* ---------------------------------------------------------------- words */

static const char *what_is(enum bu_hook hook)
{
	switch (hook) {
	case BU_HOOK_TP_BTF:
		return "tracepoint";
	case BU_HOOK_LSM:
	case BU_HOOK_LSM_CGROUP:
		return "LSM hook";
	case BU_HOOK_ITER:
		return "kind of iterator";
	default:
		return "function";
	}
}

static int not_found(struct finder *f, const struct bu_attach *at, const struct bu_btf *b, const char *where)
{
	const struct bu_btf_want *w = bu_attach_btf_want(at->hook);
	size_t skip = strlen(w->prefix);
	struct bu_near near;
	struct bu_btf_type t;
	struct bu_diag *d;

	d = bu_diag(f->ds, BU_ERROR, "L0120", "%s:%s: %s has no %s '%s'", bu_hook_name(at->hook), at->target,
		    where, what_is(at->hook), at->a);
	bu_near_init(&near, at->a, strlen(at->a));
	for (uint32_t id = 1; id <= b->ntypes; id++)
		if (!bu_btf_get(b, id, &t) && t.kind == w->kind && strncmp(t.name, w->prefix, skip) == 0)
			bu_near_feed(&near, t.name + skip);
	if (near.best)
		bu_diag_help(f->ds, d, "did you mean '%s'?", near.best);
	if (w->kind == BU_BTF_FUNC && !skip)
		bu_diag_note(f->ds, d, "functions that the compiler inlined, or whose arguments it changed, are "
			     "not there");
	return -ENOENT;
}

static int no_types(struct finder *f, const struct bu_attach *at, int err)
{
	struct bu_diag *d;

	if (err == -ENOMEM)
		return err;
	d = bu_diag(f->ds, BU_ERROR, "L0121", "%s:%s: there is no type information of the kernel: %s",
		    bu_hook_name(at->hook), at->target, err == -EINVAL ? "it is damaged" : bu_strerror(-err));
	if (err == -ENOENT)
		bu_diag_note(f->ds, d, "it was built without CONFIG_DEBUG_INFO_BTF");
	return err == -ENOENT ? -EOPNOTSUPP : err;
}

/* ---------------------------------------------------------------- one target */

static int in_kernel(struct finder *f, const struct bu_attach *at, const char *name, struct bu_btf_place *to)
{
	const struct bu_btf_want *w = bu_attach_btf_want(at->hook);
	bool known = false;
	int err = bu_kbtf_kernel(f->kbtf, &f->kernel);

	if (err)
		return no_types(f, at, err);
	if (!at->b)
		to->id = bu_kbtf_find(f->kernel, w->kind, name);
	if (!to->id)
		to->id = find_in_modules(f, at->b, w->kind, name, &to->fd, &known);
	if (to->id)
		return 0;
	if (at->b && !known) {
		bu_diag(f->ds, BU_ERROR, "L0120", "%s:%s: no module '%s' with type information is loaded",
			bu_hook_name(at->hook), at->target, at->b);
		return -ENOENT;
	}
	return not_found(f, at, &f->kernel->btf, at->b ? at->b :
			 strcmp(f->s->ops->name, "vm") == 0 ? "the VM" : "this kernel");
}

static int open_program(struct finder *f, const struct bu_attach *at)
{
	struct bu_diag *d;
	uint64_t id = 0;
	int fd;

	if (strncmp(at->prog, "id:", 3) == 0) {
		bu_str_u64(bu_str_c(at->prog + 3), &id, NULL);
		fd = bu_sys_fd_by_id(f->s, BU_PROG, (uint32_t)id, 0);
	} else {
		fd = bu_sys_get(f->s, at->prog, 0);
	}
	if (fd >= 0)
		return fd;
	d = bu_diag(f->ds, BU_ERROR, "L0120", "%s:%s: %s cannot be opened: %s", bu_hook_name(at->hook),
		    at->target, at->prog, id && fd == -ENOENT ? "there is no such program" : bu_strerror(-fd));
	bu_sys_explain_more(f->s, f->ds, d, &(struct bu_refused){ .err = fd, .path = at->prog,
			    .cmd = id ? BPF_PROG_GET_FD_BY_ID : BPF_OBJ_GET });
	return fd;
}

/* The fd of the program's BTF, or -errno: -ENODATA it has none. */
static int open_program_types(struct finder *f, int prog)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	int err;

	memset(&info, 0, sizeof(info));
	err = bu_sys_info(f->s, prog, &info, &size);
	if (err)
		return err == -EINVAL || err == -EBADF ? -EINVAL : err;
	return info.btf_id ? bu_sys_fd_by_id(f->s, BU_BTF, info.btf_id, 0) : -ENODATA;
}

static int in_program(struct finder *f, const struct bu_attach *at, struct bu_btf_place *to)
{
	struct types t = { 0 };
	int prog = open_program(f, at), fd, err;

	if (prog < 0)
		return prog;
	fd = open_program_types(f, prog);
	err = fd < 0 ? fd : read_types(f, fd, NULL, at->prog, &t);
	if (fd >= 0)
		f->s->ops->close(f->s, fd);
	if (err) {
		bu_diag(f->ds, BU_ERROR, "L0121", "%s:%s: %s %s", bu_hook_name(at->hook), at->target, at->prog,
			err == -ENODATA ? "was loaded without type information, which names its functions" :
			err == -EINVAL  ? "is no program" : bu_strerror(-err));
		goto out;
	}
	to->id = find_own(&t.btf, BU_BTF_FUNC, at->a);
	if (!to->id)
		err = not_found(f, at, &t.btf, at->prog);
	drop(&t);
	if (!err) {
		to->fd = prog;
		to->prog = true;
		return 0;
	}
out:
	f->s->ops->close(f->s, prog);
	return err;
}

static int find_place(struct finder *f, const struct bu_attach *at, struct bu_btf_place *to)
{
	const struct bu_btf_want *w = bu_attach_btf_want(at->hook);
	struct bu_buf name = { 0 };
	int err;

	if (at->prog)
		return in_program(f, at, to);
	bu_buf_printf(&name, "%s%s", w->prefix, at->a);
	err = name.failed ? -ENOMEM : in_kernel(f, at, bu_buf_cstr(&name), to);
	bu_buf_free(&name);
	return err;
}

int bu_load_places(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *out, struct bu_diags *ds)
{
	struct finder f = { .s = s, .ds = ds, .kbtf = p->priv->kbtf };
	int err = 0;

	for (unsigned i = 0; !err && i < p->priv->nprogs; i++) {
		const struct bu_attach *at = p->priv->progs[i].place;
		struct bu_btf_place *to = &out->progs[i].place;
		struct bu_diag *mark = ds->last;

		if (!at || to->id || to->failed || p->priv->progs[i].dead)
			continue;
		err = find_place(&f, at, to);
		to->failed = err != 0;
		err = bu_load_spare(p->opts, p->priv->progs[i].prog, BU_ROW_FAILED, err, mark, ds);
	}
	return err;
}
