// SPDX-License-Identifier: LGPL-2.1-or-later
/* The map that an attachment is about: of the object by its name, pinned, or by id. */
#include <string.h>

#include "load/priv.h"

static int open_map(struct bu_sys *s, const struct bu_attach *at, struct bu_diags *ds)
{
	/* an iterator goes over maps that may only be looked at, too */
	uint32_t flags = at->hook == BU_HOOK_ITER ? BPF_F_RDONLY : 0;
	struct bu_diag *d;
	uint64_t id = 0;
	int fd;

	if (strncmp(at->map, "id:", 3) == 0) {
		if (bu_str_u64(bu_str_c(at->map + 3), &id, NULL) || !id || id > UINT32_MAX) {
			bu_diag(ds, BU_ERROR, "L0111", "%s:%s: \"%s\" is not the id of a map",
				bu_hook_name(at->hook), at->target, at->map);
			return -EINVAL;
		}
		fd = bu_sys_fd_by_id(s, BU_MAP, (uint32_t)id, flags);
	} else {
		fd = bu_sys_get(s, at->map, flags);
	}
	if (fd < 0) {
		d = bu_diag(ds, BU_ERROR, "L0111", "%s:%s: the map %s cannot be opened: %s",
			    bu_hook_name(at->hook), at->target, at->map, bu_strerror(-fd));
		bu_sys_explain_more(s, ds, d, &(struct bu_refused){ .err = fd, .path = at->map,
				    .cmd = id ? BPF_MAP_GET_FD_BY_ID : BPF_OBJ_GET });
	}
	return fd;
}

int bu_load_attach_map(const struct bu_loaded *l, struct bu_sys *s, struct bu_attach *at, int *fd,
		       struct bu_diags *ds)
{
	struct bu_near near;
	struct bu_diag *d;

	*fd = -1;
	if (strchr(at->map, '/') || strncmp(at->map, "id:", 3) == 0) {
		at->map_fd = *fd = open_map(s, at, ds);
		return *fd < 0 ? *fd : 0;
	}
	bu_near_init(&near, at->map, strlen(at->map));
	for (unsigned i = 0; i < l->nmaps; i++) {
		if (strcmp(l->maps[i].name, at->map) == 0) {
			at->map_fd = l->maps[i].fd;
			return 0;
		}
		bu_near_feed(&near, l->maps[i].name);
	}
	d = bu_diag(ds, BU_ERROR, "L0108", "%s:%s: the object has no map \"%s\"", bu_hook_name(at->hook),
		    at->target, at->map);
	if (near.best)
		bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
	return -EINVAL;
}
