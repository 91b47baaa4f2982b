// SPDX-License-Identifier: GPL-2.0-or-later
/* Iterators: a program that prints, run by reading a file. */
#include <string.h>
#include <unistd.h>

#include "ld.h"

bool ld_iters_only(const struct ld *l)
{
	for (unsigned i = 0; i < l->made.nlinks; i++)
		if (l->made.links[i].spec.hook != BU_HOOK_ITER)
			return false;
	return l->made.nlinks > 0;
}

static int failed(struct ld *l, const struct bu_loaded_link *k, const char *step, int err)
{
	struct bu_diag *d = bu_diag(&l->ds, BU_ERROR, "S0131", "iter:%s: %s failed: %s", k->spec.target, step,
				    bu_strerror(-err));

	bu_sys_explain(l->sys, &l->ds, d, BPF_ITER_CREATE, err, NULL);
	return err;
}

/* Text: as it comes. JSON: all of it, since it is one string. */
static int copy(struct ld *l, const struct bu_loaded_link *k, int fd, struct bu_buf *all)
{
	char part[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, part, sizeof(part));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return failed(l, k, "reading it", -errno);
		if (!n)
			return all->failed ? -ENOMEM : 0;
		if (l->json) {
			bu_buf_add(all, part, (size_t)n);
			continue;
		}
		l->out_err = bu_write_all(STDOUT_FILENO, part, (size_t)n);
		if (l->out_err)
			return l->out_err;
	}
}

static int print(struct ld *l, const struct bu_loaded_link *k)
{
	int fd = bu_sys_iter_create(l->sys, k->at.link_fd), err;
	struct bu_buf all = { 0 };
	struct bu_out o;

	if (fd < 0)
		return failed(l, k, "making it", fd);
	err = copy(l, k, fd, &all);
	l->sys->ops->close(l->sys, fd);
	if (!err && l->json) {
		bu_out_init(&o, bu_out_write_fd, (void *)(intptr_t)STDOUT_FILENO);
		o.json = true;
		bu_out_obj(&o, NULL);
		bu_out_str(&o, "iter", k->spec.target, SIZE_MAX, NULL);
		bu_out_str(&o, "program", l->made.progs[k->prog].def->name, SIZE_MAX, NULL);
		bu_out_str(&o, "text", (const char *)all.p, all.n, NULL);
		bu_out_obj_end(&o);
		err = l->out_err = bu_out_finish(&o);
	}
	bu_buf_free(&all);
	return err;
}

int ld_iters_print(struct ld *l)
{
	int err = 0;

	for (unsigned i = 0; i < l->made.nlinks && !err; i++)
		if (l->made.links[i].spec.hook == BU_HOOK_ITER && l->made.links[i].live &&
		    !l->made.links[i].pin)
			err = print(l, &l->made.links[i]);
	return err;
}
