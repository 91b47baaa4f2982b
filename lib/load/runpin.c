// SPDX-License-Identifier: LGPL-2.1-or-later
/* The pins of a plan. */
#include <stdlib.h>
#include <string.h>

#include "load/run.h"

/* Makes dir and what is missing above it. */
static int make_dir(struct run *r, const char *dir)
{
	char **v, *up, *slash;
	int err = r->s->ops->pin_mkdir(r->s, dir);

	if (err == -ENOENT && (slash = strrchr(dir, '/')) && slash != dir) {
		up = strndup(dir, (size_t)(slash - dir));
		if (!up)
			return -ENOMEM;
		err = make_dir(r, up);
		free(up);
		if (!err)
			err = r->s->ops->pin_mkdir(r->s, dir);
	}
	if (err)
		return err == -EEXIST ? 0 : err;
	v = realloc(r->dirs, (r->ndirs + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	r->dirs = v;
	v[r->ndirs] = strdup(dir);
	return v[r->ndirs++] ? 0 : -ENOMEM;
}

/* The directory of a path, of which n bytes count. */
static int make_dir_of(struct run *r, const char *path, size_t n)
{
	char *dir = strndup(path, n);
	int err = dir ? make_dir(r, dir) : -ENOMEM;
	struct bu_diag *d;

	if (err) {
		d = bu_diag(r->ds, BU_ERROR, "L0207", "directory %.*s cannot be made: %s", (int)n, path,
			    bu_strerror(-err));
		bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_OBJ_PIN, .err = err, .path = dir });
	}
	free(dir);
	return err;
}

int bu_run_pins_prepare(struct run *r)
{
	const char *dir = r->p->opts->pin_dir;
	struct bu_diag *d;
	size_t n;
	int err = 0;

	if (r->p->priv->npins) {
		const char *path = dir ? dir : r->p->priv->pins[r->p->priv->npins - 1].path;

		err = r->s->ops->pin_prepare(r->s, path, false);
		if (err) {
			d = bu_diag(r->ds, BU_ERROR, "L0207", "nothing can be pinned at %s: %s",
				    path, err == -EINVAL ? "it is not in a bpf file system"
							 : bu_strerror(-err));
			bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_OBJ_PIN, .err = err,
					    .path = path });
			return err;
		}
	}
	/* Those outside of dir have directories of their own ("tc/globals"). */
	for (unsigned i = 0; i < r->p->priv->npins && !err; i++) {
		const char *path = r->p->priv->pins[i].path, *slash = strrchr(path, '/');
		const char *last = i ? r->p->priv->pins[i - 1].path : "";

		if (slash && slash != path && strncmp(path, last, (size_t)(slash - path) + 1) != 0)
			err = make_dir_of(r, path, (size_t)(slash - path));
	}
	if (err || !dir)
		return err;
	for (n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
		;
	return make_dir_of(r, dir, n);
}

static int no_link_to_pin(struct run *r, const struct bu_loaded_link *l)
{
	struct bu_diag *d = bu_diag(r->ds, BU_ERROR, "L0208", "the attachment to %s:%s cannot be "
				    "pinned", bu_hook_name(l->spec.hook), l->spec.target);

	bu_diag_note(r->ds, d, "this kernel has no link for it, so it ends with its process");
	bu_diag_help(r->ds, d, "leave --pin out, and bpf-ld stays until it is ended");
	return -EOPNOTSUPP;
}

/* Makes room at a path for a map that is to be there instead of another one. */
static int take_away(struct run *r, uint32_t i)
{
	const char *path = r->p->priv->pins[i].path;
	int fd = bu_sys_get(r->s, path, 0);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r->replaced[i] = fd + 1;
	return r->s->ops->unpin(r->s, path);
}

static void put_back(struct run *r, uint32_t i)
{
	if (r->replaced[i])
		bu_sys_pin(r->s, r->replaced[i] - 1, r->p->priv->pins[i].path);
}

static void still_there(struct run *r, const char *path, int err)
{
	if (err && err != -ENOENT)
		bu_diag(r->ds, BU_WARNING, "L0209", "%s cannot be removed: %s", path,
			bu_strerror(-err));
}

/* An attachment of several links (one for each CPU) has several pins: PATH, PATH_2, PATH_3 … */
static void unpin_more(struct run *r, const char *path, unsigned n)
{
	while (n--) {
		struct bu_buf b = { 0 };

		bu_buf_printf(&b, "%s_%u", path, n + 2);
		still_there(r, bu_buf_cstr(&b), r->s->ops->unpin(r->s, bu_buf_cstr(&b)));
		bu_buf_free(&b);
	}
}

static int pin_more(struct run *r, const struct bu_loaded_link *l, const char *path, unsigned n)
{
	int err = 0;

	for (unsigned i = 0; i < n && !err; i++) {
		struct bu_buf b = { 0 };

		bu_buf_printf(&b, "%s_%u", path, i + 2);
		err = b.failed ? -ENOMEM : bu_sys_pin(r->s, l->at.more[i], bu_buf_cstr(&b));
		bu_buf_free(&b);
		if (err)
			unpin_more(r, path, i);
	}
	return err;
}

int bu_run_pin(struct run *r, uint32_t i)
{
	const struct plan_pin *pin = &r->p->priv->pins[i];
	struct bu_loaded_link *l = NULL;
	struct bu_diag *d;
	int fd, err;

	if (pin->kind == PIN_MAP) {
		fd = r->map_fds[pin->index];
	} else if (pin->kind == PIN_PROG) {
		fd = r->out->progs[pin->index].fd;
	} else {
		l = &r->out->links[pin->index];
		if (!l->live || l->updated) /* failed while the others go on; is there */
			return 0;
		if (l->at.netlink || l->at.persists) {
			l->stays = true;
			return 0;
		}
		if (l->at.link_fd < 0)
			return no_link_to_pin(r, l);
		fd = l->at.link_fd;
	}
	if (fd < 0)
		return 0;
	err = r->p->opts->replace || (pin->kind == PIN_MAP && r->p->priv->maps[pin->index].def->pin_replace) ?
	      take_away(r, i) : 0;
	if (!err)
		err = bu_sys_pin(r->s, fd, pin->path);
	if (!err && l && l->at.nmore) {
		err = pin_more(r, l, pin->path, l->at.nmore);
		if (err)
			still_there(r, pin->path, r->s->ops->unpin(r->s, pin->path));
	}
	if (err < 0) {
		put_back(r, i);
		d = bu_diag(r->ds, BU_ERROR, "L0207", "nothing can be pinned at %s: %s", pin->path,
			    err == -EEXIST ? "something is there already" : bu_strerror(-err));
		if (err == -EINVAL)
			bu_diag_note(r->ds, d, "pins live in a bpf file system, such as "
				     "/sys/fs/bpf");
		else
			bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_OBJ_PIN, .err = err,
					    .path = pin->path });
		return err;
	}
	r->pins[r->npins++] = i;
	if (pin->kind == PIN_MAP)
		r->out->maps[pin->index].pin = pin->path;
	else if (pin->kind == PIN_PROG)
		r->out->progs[pin->index].pin = pin->path;
	else
		l->pin = pin->path;
	if (l)
		l->stays = true;
	return 0;
}

void bu_run_pins_back(struct run *r)
{
	while (r->npins) {
		uint32_t i = r->pins[--r->npins];
		const char *path = r->p->priv->pins[i].path;

		if (r->p->priv->pins[i].kind == PIN_LINK)
			unpin_more(r, path, r->out->links[r->p->priv->pins[i].index].at.nmore);
		still_there(r, path, r->s->ops->unpin(r->s, path));
		put_back(r, i);
	}
	while (r->ndirs) {
		char *dir = r->dirs[--r->ndirs];

		still_there(r, dir, r->s->ops->pin_rmdir(r->s, dir));
		free(dir);
	}
}
