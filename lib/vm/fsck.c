/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks of a world: files, index, references and the invariants of every map. */
#include "vm/life.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check {
	struct bu_vm *vm;
	struct bu_diags *ds;
	unsigned bad;
	int err; /* what kept us from looking */
};

static void damage(struct check *c, const char *fmt, ...) BU_PRINTF(2, 3);
static void damage(struct check *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	c->bad++;
	if (!c->ds)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bu_diag(c->ds, BU_ERROR, "S0203", "%s", text);
}

static DIR *open_dir(int at, const char *name, int *fd)
{
	DIR *d;

	*fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	d = *fd < 0 ? NULL : fdopendir(*fd);
	if (!d && *fd >= 0)
		close(*fd);
	return d;
}

static bool dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static bool there(struct check *c, uint32_t kind, uint32_t id, struct stat *st)
{
	char name[BU_VM_OBJ_NAME];

	bu_vm_obj_name(name, kind, id);
	return !fstatat(c->vm->odir, name, st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st->st_mode);
}

/* Attributes that have to fit the file; what readers of programs and BTF check beyond is theirs. */
static void check_attrs(struct check *c, const char *name, const struct bu_vm_hdr *h)
{
	uint64_t data = h->size - BU_VM_PAGE;

	if (h->kind == BU_VM_PROG && (uint64_t)h->prog.ninsns * 8 > data)
		damage(c, "%s: %u instructions do not fit its file", name, h->prog.ninsns);
	if (h->kind == BU_VM_BTF && h->btf.size > data)
		damage(c, "%s: %u bytes do not fit its file", name, h->btf.size);
}

static void check_map(struct check *c, const char *name, uint32_t id)
{
	struct bu_buf why = { 0 };
	struct bu_vm_map *m;
	int err = bu_vm_map_by_id(c->vm, id, &m);

	if (err == -EMFILE || err == -ENFILE || err == -ENOMEM) {
		c->err = err;
		return;
	}
	if (err) {
		if (err != -ENOENT)
			damage(c, "%s: its attributes do not fit its file (%s)", name, bu_errno_name(err));
		return;
	}
	if (m->ops->verify) {
		err = m->ops->verify(m, &why);
		if (err == -EUCLEAN)
			damage(c, "%s: %s", name, why.n ? bu_buf_cstr(&why) : "is damaged");
	}
	if (bu_vm_window_fault(c->vm))
		damage(c, "%s: its file is cut short", name);
	bu_buf_free(&why);
	bu_vm_map_put(m);
}

static void check_object(struct check *c, const char *name, uint32_t kind, uint32_t id)
{
	char anchor[BU_VM_OBJ_NAME];
	int fd = openat(c->vm->odir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), err;
	struct bu_vm_hdr h;
	struct stat st, a;

	if (fd < 0 && errno == ENOENT) /* gone since it was listed */
		return;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
		c->err = -errno;
		return;
	}
	if (fd < 0 || fstat(fd, &st)) {
		damage(c, "%s: cannot be opened (%s)", name, bu_errno_name(errno));
		if (fd >= 0)
			close(fd);
		return;
	}
	err = bu_vm_hdr_read(fd, &st, &h);
	close(fd);
	if (err == -EPROTO)
		damage(c, "%s: is of another layout", name);
	else if (err)
		damage(c, "%s: is no object, or cut short", name);
	else if (h.kind != kind || h.id != id)
		damage(c, "%s: says that it is another object", name);
	if (err || h.kind != kind || h.id != id)
		return;
	if (bu_vm_ids_has(c->vm, kind, id) == 0 && there(c, kind, id, &st))
		damage(c, "%s: is missing in the index", name);
	if (id > atomic_load(&c->vm->root->next_id[kind]))
		damage(c, "%s: has an id that was not given yet", name);
	bu_vm_anchor_name(anchor, kind, id);
	if (fstatat(c->vm->odir, anchor, &a, AT_SYMLINK_NOFOLLOW)) {
		if (there(c, kind, id, &st))
			damage(c, "%s: has no anchor", name);
	} else if (!S_ISREG(a.st_mode) || a.st_mtim.tv_sec != (time_t)id ||
		   a.st_mtim.tv_nsec != (long)kind) {
		damage(c, "%s: is not what its anchor belongs to", name);
	}
	check_attrs(c, name, &h);
	if (kind == BU_VM_MAP)
		check_map(c, name, id);
}

static void check_objects(struct check *c)
{
	int fd;
	DIR *d = open_dir(c->vm->odir, ".", &fd);
	struct dirent *e;
	uint32_t kind, id;
	struct stat st;

	while (d && (e = readdir(d))) {
		int r = bu_vm_obj_name_parse(e->d_name, &kind, &id);

		if (dots(e->d_name))
			continue;
		if (r < 0)
			damage(c, "o/%s: does not belong there", e->d_name);
		else if (!r)
			check_object(c, e->d_name, kind, id);
		else if (!there(c, kind, id, &st) &&
			 !fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			damage(c, "o/%s: an anchor without its object", e->d_name);
	}
	if (d)
		closedir(d);
}

/* Each reference is a link to the anchor of an object that is there. */
static void check_refs(struct check *c)
{
	int fd, sub;
	DIR *d = open_dir(c->vm->rdir, ".", &fd), *refs;
	struct dirent *e, *r;
	uint32_t kind, id;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (dots(e->d_name))
			continue;
		if (bu_vm_obj_name_parse(e->d_name, &kind, &id)) {
			damage(c, "r/%s: does not belong there", e->d_name);
			continue;
		}
		if (!there(c, kind, id, &st))
			damage(c, "r/%s: references of an object that is gone", e->d_name);
		refs = open_dir(fd, e->d_name, &sub);
		while (refs && (r = readdir(refs))) {
			if (dots(r->d_name) || fstatat(sub, r->d_name, &st, AT_SYMLINK_NOFOLLOW))
				continue;
			if (bu_vm_ref_target(c->vm, &st, &kind, &id) || !there(c, kind, id, &st))
				damage(c, "r/%s/%s: a reference to an object that is gone", e->d_name,
				       r->d_name);
			else if (r->d_name[0] == '.')
				damage(c, "r/%s/%s: was left by a killed process", e->d_name, r->d_name);
		}
		if (refs)
			closedir(refs);
	}
	if (d)
		closedir(d);
}

static void check_index(struct check *c)
{
	struct stat st;
	uint32_t id;

	for (uint32_t k = 0; k < BU_VM_NKINDS; k++) {
		unsigned seen = 0;

		for (id = 0; !bu_vm_ids_next(c->vm, k, id, &id) && id < UINT32_MAX;) {
			char name[BU_VM_OBJ_NAME];

			bu_vm_obj_name(name, k, id);
			if (!there(c, k, id, &st) && ++seen <= 16)
				damage(c, "the index names %s, which is not there", name);
			if (seen > 1000)
				break;
		}
	}
}

static void check_pins(struct check *c, int at, const char *name, unsigned depth)
{
	int fd;
	DIR *d = open_dir(at, name, &fd);
	struct dirent *e;
	struct stat st, o;

	while (d && (e = readdir(d))) {
		struct bu_vm_hdr h;
		int pin;

		if (dots(e->d_name) || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISDIR(st.st_mode)) {
			if (depth < 32)
				check_pins(c, fd, e->d_name, depth + 1);
			continue;
		}
		pin = S_ISREG(st.st_mode) ? openat(fd, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
		if (pin < 0 || bu_vm_hdr_read(pin, &st, &h) || !there(c, h.kind, h.id, &o) ||
		    o.st_ino != st.st_ino)
			damage(c, "pins: %s is no object of this world", e->d_name);
		if (pin >= 0)
			close(pin);
	}
	if (d)
		closedir(d);
}

int bu_vm_check(struct bu_sys *s, struct bu_diags *ds)
{
	struct check c = { .vm = bu_vm(s), .ds = ds };
	int err = bu_vm_world_lock(c.vm);

	if (err)
		return err;
	if (c.vm->root->magic != BU_VM_MAGIC || c.vm->root->layout != BU_VM_LAYOUT)
		damage(&c, "the root file was overwritten");
	check_index(&c);
	check_objects(&c);
	check_refs(&c);
	check_pins(&c, c.vm->pdir, ".", 0);
	bu_vm_world_unlock(c.vm);
	if (bu_vm_window_fault(c.vm))
		damage(&c, "a file is cut short");
	return c.bad ? -EUCLEAN : c.err;
}
