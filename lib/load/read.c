// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An object file, read as everybody reads it who is going to load it; the backend that its programs want; and at the
 * end whether what was loaded is gone.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/load.h"

int bu_load_read(struct bu_obj *o, const char *path, struct bu_diags *ds)
{
	int err = bu_obj_read_file(o, path, ds);

	if (err == -EINVAL || err == -ENOEXEC || err == -ENOMEM)
		return err;
	if (err < 0) {
		if (!ds->errors)
			bu_diag(ds, BU_ERROR, "U0002", "cannot read %s: %s", path, bu_strerror(err));
		return -EIO;
	}
	err = bu_obj_place_common(o);
	if (err == -EFBIG)
		bu_diag(ds, BU_ERROR, "O0205", "%s: its variables without values are larger than a map holds", path);
	if (!err)
		err = bu_obj_supply_libc(o);
	return err ? err : bu_obj_index(o, ds);
}

int bu_load_backend(struct bu_sys **s, enum bu_backend want, const struct bu_obj *o, struct bu_diags *ds)
{
	uint32_t *types = calloc(o->nprogs + 1, sizeof(*types));
	unsigned n = 0;
	int err;

	if (!types)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nprogs; i++)
		if (o->progs[i].def)
			types[n++] = o->progs[i].def->prog_type;
	if (!n)
		types[n++] = BPF_PROG_TYPE_SOCKET_FILTER;
	err = bu_backend_open(s, want, types, n, ds);
	free(types);
	return err;
}

bool bu_await_gone(struct bu_sys *s, enum bu_objkind kind, uint32_t id, unsigned ms)
{
	for (unsigned spent = 0, step = 1;; spent += step, step += step < 32 ? step : 0) {
		/*
		 * By the list of ids, not by opening it: a prog_array that is opened just when its last user left keeps
		 * a reference for ever (Linux 6.18: each last close counts one up, but of several that are cleared at
		 * once only one is counted down).
		 */
		uint32_t next = 0;
		int err = bu_sys_next_id(s, kind, id - 1, &next), fd;

		if (err == -ENOENT || (!err && next != id))
			return true;
		if (err) {
			fd = bu_sys_fd_by_id(s, kind, id, 0);
			if (fd == -ENOENT)
				return true;
			if (fd >= 0)
				s->ops->close(s, fd);
		}
		if (spent >= ms)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = step * 1000000L }, NULL);
	}
}
