// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --unload: takes away what a load with --pin left: the pins of a directory, links first, so that nothing runs
 * any more when programs and maps go; then the directory. What is still there afterwards has another holder,
 * which is named.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ld.h"
#include "vm/vm.h"

/* The kernel frees links and programs behind our back: so long it may take, and so long that it mostly takes. */
#define GONE_MS 2000
#define SOON_MS 300
#define HOLDERS_TOLD 5

struct pin {
	const char *path;
	enum bu_objkind kind;
	uint32_t id;
	bool removed, gone;
};

struct unload {
	struct ld *l;
	const char *dir;        /* NULL: one pin */
	const char *path;       /* as it is called in the list of pins */
	struct pin *pin; unsigned n; size_t cap;
	bool failed;            /* out of memory */
	/* of the object that is asked about */
	struct bu_diag *d;
	const struct pin *of;
	unsigned told;
};

/* The directory's own entries; what lies deeper is not ours. */
static bool collect(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	struct unload *u = ctx;
	size_t n = strlen(u->path);
	char *copy;

	if (u->dir ? strncmp(path, u->path, n) != 0 || path[n] != '/' || strchr(path + n + 1, '/')
		   : strcmp(path, u->path) != 0)
		return true;
	u->pin = bu_arena_grow(&u->l->arena, u->pin, u->n, &u->cap, sizeof(*u->pin));
	copy = bu_arena_strdup(&u->l->arena, path);
	if (!u->pin || !copy) {
		u->failed = true;
		return false;
	}
	u->pin[u->n++] = (struct pin){ .path = copy, .kind = kind, .id = id };
	return true;
}

static int by_kind(const void *a, const void *b)
{
	static const int rank[] = { [BU_LINK] = 0, [BU_PROG] = 1, [BU_MAP] = 2, [BU_BTF] = 3 };
	const struct pin *x = a, *y = b;

	return rank[x->kind] != rank[y->kind] ? rank[x->kind] - rank[y->kind] : strcmp(x->path, y->path);
}

/* ---------------------------------------------------------------- who holds it still */

static void held_by(struct unload *u, const char *fmt, ...) BU_PRINTF(2, 3);
static void held_by(struct unload *u, const char *fmt, ...)
{
	va_list ap;

	if (u->told++ >= HOLDERS_TOLD || !u->d)
		return;
	va_start(ap, fmt);
	bu_diag_note(&u->l->ds, u->d, "%s", bu_arena_vprintf(&u->l->arena, fmt, ap));
	va_end(ap);
}

static bool on_process(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm, int fd)
{
	struct unload *u = ctx;

	if (kind == u->of->kind && id == u->of->id && pid != getpid())
		held_by(u, "process %d (%s) has it open as descriptor %d", pid, comm, fd);
	return true;
}

static bool on_pin(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	struct unload *u = ctx;

	if (kind == u->of->kind && id == u->of->id)
		held_by(u, "it is pinned at %s", path);
	return true;
}

/* Links hold programs, programs hold maps. */
static void look_through(struct unload *u, enum bu_objkind kind)
{
	struct bu_sys *s = u->l->sys;
	uint32_t id = 0, ids[64], size;

	while (!bu_sys_next_id(s, kind, id, &id)) {
		int fd = bu_sys_fd_by_id(s, kind, id, 0);
		struct bpf_link_info link;
		struct bpf_prog_info prog;

		if (fd < 0)
			continue;
		memset(&link, 0, sizeof(link));
		memset(&prog, 0, sizeof(prog));
		prog.nr_map_ids = BU_ARRAY_SIZE(ids);
		prog.map_ids = bu_ptr64(ids);
		size = kind == BU_LINK ? sizeof(link) : sizeof(prog);
		if (bu_sys_info(s, fd, kind == BU_LINK ? (void *)&link : (void *)&prog, &size) >= 0) {
			if (kind == BU_LINK && link.prog_id == u->of->id)
				held_by(u, "link %u runs it", id);
			for (uint32_t i = 0; kind == BU_PROG && i < prog.nr_map_ids && i < BU_ARRAY_SIZE(ids); i++)
				if (ids[i] == u->of->id)
					held_by(u, "program %u (%s) uses it", id, prog.name);
		}
		s->ops->close(s, fd);
	}
}

/* Their number; they become notes of d, unless it is NULL. */
static unsigned holders(struct unload *u, const struct pin *p, struct bu_diag *d)
{
	struct bu_sys *s = u->l->sys;

	u->of = p;
	u->told = 0;
	u->d = d;
	s->ops->pins(s, on_pin, u);
	s->ops->holders(s, on_process, u);
	if (p->kind == BU_PROG)
		look_through(u, BU_LINK);
	if (p->kind == BU_MAP)
		look_through(u, BU_PROG);
	return u->told;
}

static void tell_holders(struct unload *u, const struct pin *p)
{
	struct bu_diag *d = bu_diag(&u->l->ds, BU_WARNING, "L0151", "%s %u, which was pinned at %s, is still there",
				    bu_objkind_name(p->kind), p->id, p->path);
	unsigned n = holders(u, p, d);

	if (n > HOLDERS_TOLD)
		bu_diag_note(&u->l->ds, d, "and %u more", n - HOLDERS_TOLD);
	if (!n && p->kind == BU_PROG)
		bu_diag_note(&u->l->ds, d, "no process, pin or link holds it: it is in a program array, or attached "
			     "without a link, as XDP and tc programs can be by netlink");
	else if (!n)
		bu_diag_note(&u->l->ds, d, "nothing that could be found holds it: the kernel may not have "
			     "freed it yet");
}

/* ---------------------------------------------------------------- doing it */

/* Waits until all that was removed is gone, or for a while. */
static void await(struct unload *u, unsigned most)
{
	unsigned left = 1;

	for (unsigned ms = 0, step = 1; left && ms < most; ms += step, step += step < 32 ? step : 0) {
		left = 0;
		for (unsigned i = 0; i < u->n; i++) {
			if (u->pin[i].removed && !u->pin[i].gone)
				u->pin[i].gone = bu_await_gone(u->l->sys, u->pin[i].kind, u->pin[i].id, 0);
			left += u->pin[i].removed && !u->pin[i].gone;
		}
		if (left)
			nanosleep(&(struct timespec){ .tv_nsec = step * 1000000L }, NULL);
	}
}

/* Is something still there that nobody seems to hold? */
static bool unheld(struct unload *u)
{
	for (unsigned i = 0; i < u->n; i++)
		if (u->pin[i].removed && !u->pin[i].gone && !holders(u, &u->pin[i], NULL))
			return true;
	return false;
}

static int remove_pins(struct unload *u)
{
	struct bu_sys *s = u->l->sys;
	int rc = 0, err;

	for (unsigned i = 0; i < u->n; i++) {
		err = s->ops->unpin(s, u->pin[i].path);
		u->pin[i].removed = !err;
		if (!err)
			continue;
		rc = err;
		bu_diag(&u->l->ds, BU_ERROR, "L0209", "%s cannot be removed: %s", u->pin[i].path, bu_strerror(-err));
	}
	if (rc || !u->dir)
		return rc;
	err = s->ops->pin_rmdir(s, u->path);
	if (err)
		bu_diag(&u->l->ds, BU_WARNING, "L0209", "directory %s stays: %s", u->dir,
			err == -ENOTEMPTY ? "it holds other things" : bu_strerror(-err));
	return 0;
}

/* The path as the list of pins has it, without '/' at its end. */
static const char *canonical(struct unload *u, const char *path)
{
	char *real = realpath(path, NULL);
	const char *copy = bu_arena_strdup(&u->l->arena, real ? real : path);
	size_t n = copy ? strlen(copy) : 0;

	free(real);
	/* The list of a world calls its directory of pins as the kernel's is called. */
	if (copy && bu_vm_is(u->l->sys)) {
		char *world = realpath(bu_vm_path(u->l->sys), NULL);
		const char *pins = world ? bu_arena_printf(&u->l->arena, "%s/pins/", world) : NULL;

		free(world);
		if (pins && strncmp(copy, pins, strlen(pins)) == 0)
			copy = bu_arena_printf(&u->l->arena, "/sys/fs/bpf/%s", copy + strlen(pins));
		n = copy ? strlen(copy) : 0;
	}
	while (n > 1 && copy[n - 1] == '/')
		n--;
	return copy ? bu_arena_strndup(&u->l->arena, copy, n) : NULL;
}

static int find_pins(struct unload *u)
{
	struct bu_sys *s = u->l->sys;
	int fd, err;

	u->path = canonical(u, u->l->unload);
	if (!u->path)
		return -ENOMEM;
	fd = bu_sys_get(s, u->path, 0);
	if (fd >= 0)
		s->ops->close(s, fd);
	else
		u->dir = u->path;
	/* The parent has to be a place for pins too: the root of a bpf file system is everybody's. */
	err = s->ops->pin_prepare(s, u->path, true);
	if (err) {
		struct bu_diag *d = bu_diag(&u->l->ds, BU_ERROR, "L0152", "%s %s: %s", u->l->unload_word, u->l->unload,
					    err == -EINVAL ? "it is no directory within a bpf file system"
							   : bu_strerror(-err));

		bu_diag_note(&u->l->ds, d, "what is given is what was given to --pin, or one pin");
		return err;
	}
	err = s->ops->pins(s, collect, u);
	if (u->failed)
		return -ENOMEM;
	if (err || !u->n) {
		bu_diag(&u->l->ds, BU_ERROR, "L0152", "%s %s: %s", u->l->unload_word, u->l->unload,
			err ? bu_strerror(-err) : access(u->l->unload, F_OK) ? "there is no such pin or directory"
								     : "nothing is pinned there");
		return err ? err : -ENOENT;
	}
	qsort(u->pin, u->n, sizeof(*u->pin), by_kind);
	return 0;
}

static int print(struct unload *u)
{
	struct ld *l = u->l;
	struct bu_out o;

	bu_out_init(&o, bu_out_write_fd, (void *)(intptr_t)STDOUT_FILENO);
	o.json = l->json;
	bu_out_obj(&o, NULL);
	bu_out_arr(&o, l->dry_run ? "plan" : "removed");
	for (unsigned i = 0; i < u->n; i++) {
		const struct pin *p = &u->pin[i];

		if (!p->removed && !l->dry_run)
			continue;
		bu_out_obj(&o, NULL);
		if (l->dry_run)
			bu_out_str(&o, "action", "unpin", SIZE_MAX, NULL);
		bu_out_str(&o, "kind", bu_objkind_name(p->kind), SIZE_MAX, l->dry_run ? "remove %s" : "removed %s",
			   bu_objkind_name(p->kind));
		bu_out_uint(&o, "id", p->id, " %u", p->id);
		bu_out_str(&o, "path", p->path, SIZE_MAX, " at %s", p->path);
		if (!l->dry_run)
			bu_out_bool(&o, "gone", p->gone, NULL);
		bu_out_text(&o, !l->dry_run && !p->gone ? ", which is still there\n" : "\n");
		bu_out_obj_end(&o);
	}
	bu_out_arr_end(&o);
	bu_out_obj_end(&o);
	return l->out_err = bu_out_finish(&o);
}

int ld_unload(struct ld *l)
{
	struct unload u = { .l = l };
	int err = bu_backend_open(&l->sys, l->backend, NULL, 0, &l->ds);

	if (!err)
		err = find_pins(&u);
	if (!err && !l->dry_run) {
		err = remove_pins(&u);
		await(&u, SOON_MS);
		if (unheld(&u))
			await(&u, GONE_MS);
		for (unsigned i = 0; i < u.n; i++)
			if (u.pin[i].removed && !u.pin[i].gone)
				tell_holders(&u, &u.pin[i]);
	}
	if (err)
		return ld_fail(l, err);
	ld_tell(l);
	return print(&u) ? ld_no_output(l) : BU_EXIT_OK;
}
