/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attaching one program to one event, and undoing it: the hook's driver does it. */
#include "sys/attach.h"
#include "sys/attach_net.h"

#include <stdlib.h>
#include <string.h>

static const struct bu_attach_driver *const drivers[BU_NHOOKS] = {
#define BU_HOOK(id, name, ptype, driver) [BU_HOOK_##id] = &bu_driver_##driver,
#include "isa/hook.def"
#undef BU_HOOK
};

const struct bu_attach_driver *bu_attach_driver(enum bu_hook hook)
{
	return hook < BU_NHOOKS ? drivers[hook] : NULL;
}

void bu_attach_close(struct bu_sys *s, int *fd)
{
	if (*fd >= 0)
		s->ops->close(s, *fd);
	*fd = -1;
}

/* Several events of tracefs: their names in one string, parted by blanks. */
static int keep_dyn(struct bu_attached *out, struct bu_attached *one)
{
	size_t n = out->dyn ? strlen(out->dyn) : 0;
	char *v = realloc(out->dyn, n + strlen(one->dyn) + 2);

	if (!v)
		return -ENOMEM;
	v[n] = ' ';
	strcpy(v + n + (n > 0), one->dyn);
	out->dyn = v;
	free(one->dyn);
	one->dyn = NULL;
	return 0;
}

int bu_attach_more(struct bu_attached *out, struct bu_attached *one)
{
	int fd = one->link_fd >= 0 ? one->link_fd : one->event_fd, *v;

	if (out->link_fd < 0 && out->event_fd < 0) {
		out->link_fd = one->link_fd;
		out->event_fd = one->event_fd;
		out->dyn = one->dyn;
		return 0;
	}
	if (one->dyn && keep_dyn(out, one))
		return -ENOMEM;
	v = realloc(out->more, (out->nmore + 1) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	out->more = v;
	v[out->nmore++] = fd;
	return 0;
}

void bu_attached_init(struct bu_attached *at, enum bu_hook hook)
{
	*at = (struct bu_attached){
		.hook = hook, .link_fd = -1, .event_fd = -1, .prog_fd = -1, .target_fd = -1, .netns_fd = -1,
	};
}

int bu_sys_attach(struct bu_sys *s, const struct bu_attach *at, int prog_fd,
		  enum bu_attach_via via, struct bu_attached *out, struct bu_diags *ds)
{
	const struct bu_attach_driver *driver = bu_attach_driver(at->hook);
	struct bu_attaching c = {
		.s = s, .at = at, .prog_fd = prog_fd, .via = via, .out = out, .ds = ds,
	};
	int err;

	bu_attached_init(out, at->hook);
	if (driver) {
		err = bu_sys_check_hook(s, at, ds);
		if (!err)
			err = at->net.netns ? bu_net_attach_there(&c, driver) : driver->attach(&c);
	} else {
		bu_diag(ds, BU_ERROR, "S0102", "this kind of program cannot be attached");
		err = -EOPNOTSUPP;
	}
	bu_sys_tell(s, ds);
	if (err)
		bu_sys_detach(s, out);
	return err;
}

void bu_sys_leave(struct bu_sys *s, struct bu_attached *at)
{
	bu_attach_close(s, &at->link_fd);
	bu_attach_close(s, &at->event_fd);
	bu_attach_close(s, &at->target_fd);
	bu_attach_close(s, &at->netns_fd);
	while (at->nmore)
		bu_attach_close(s, &at->more[--at->nmore]);
	free(at->more);
	at->more = NULL;
	free(at->dyn); /* the event stays with what is pinned */
	at->dyn = NULL;
}

bool bu_sys_attach_is(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link)
{
	const struct bu_attach_driver *driver = bu_attach_driver(at->hook);

	return driver && driver->same && driver->same(s, at, link);
}

int bu_sys_detach(struct bu_sys *s, struct bu_attached *at)
{
	const struct bu_attach_driver *driver = bu_attach_driver(at->hook);
	char *dyn = at->dyn;
	int err = 0;

	if (driver && driver->detach)
		err = at->netns_fd >= 0 ? bu_net_detach_there(s, at, driver) : driver->detach(s, at);
	at->dyn = NULL;
	bu_sys_leave(s, at);
	at->dyn = dyn;
	bu_attach_tracefs_end(s, at);
	return err;
}

bool bu_attach_no_target(enum bu_hook hook)
{
	const struct bu_attach_driver *driver = bu_attach_driver(hook);

	return driver && driver->no_target;
}

bool bu_attach_names(enum bu_hook hook, enum bu_names *names)
{
	const struct bu_attach_driver *driver = bu_attach_driver(hook);

	if (!driver || !driver->names)
		return false;
	*names = (enum bu_names)(driver->names - 1);
	return true;
}

int bu_sys_check_hook(struct bu_sys *s, const struct bu_attach *at, struct bu_diags *ds)
{
	if (!s->ops->has_hook || s->ops->has_hook(s, at->hook))
		return 0;
	bu_diag(ds, BU_ERROR, "S0116", "%s:%s: the %s backend has no such hook", bu_hook_name(at->hook),
		at->target, s->ops->name);
	return -EOPNOTSUPP;
}
