// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The types that an object is adjusted to: of the file of --btf, or of the running kernel and its
 * modules; in the VM, of the VM itself and then of this machine's kernel, whose recordings it replays.
 * Each is opened when it is asked for, and once.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load/kpriv.h"

#define MAX_FILE (1u << 30)
#define MACHINE "/sys/kernel/btf/vmlinux"

enum state { NOT_TRIED, OPEN, MISSING };
struct source {
	enum state state;
	int err;
	struct bu_btf_index x;
	struct bu_buf file;
	void *map; size_t map_size;
	struct bu_kcache cache;
};
struct bu_kbtf {
	struct bu_sys *s;
	const char *path;           /* --btf */
	struct source file, kernel, machine;
	struct source *module; unsigned nmodules;
	bool modules_tried;
	struct bu_diags *ds;
};

int bu_kbtf_new(struct bu_kbtf **k, struct bu_sys *s, const char *path, struct bu_diags *ds)
{
	*k = calloc(1, sizeof(**k));
	if (!*k)
		return -ENOMEM;
	(*k)->s = s;
	(*k)->path = path;
	(*k)->ds = ds;
	return 0;
}

static void close_source(struct source *c)
{
	bu_btf_index_free(&c->x);
	bu_kcache_close(&c->cache);
	bu_buf_free(&c->file);
	if (c->map)
		munmap(c->map, c->map_size);
}

void bu_kbtf_free(struct bu_kbtf *k)
{
	if (!k)
		return;
	close_source(&k->file);
	close_source(&k->kernel);
	close_source(&k->machine);
	for (unsigned i = 0; i < k->nmodules; i++)
		close_source(&k->module[i]);
	free(k->module);
	free(k);
}

static int opened(struct source *c, int err)
{
	c->state = err ? MISSING : OPEN;
	c->err = err;
	return err;
}

/* A file of the user's is read: it may change while we look. */
static int open_file(struct bu_kbtf *k)
{
	struct source *c = &k->file;
	const uint8_t *p;
	size_t n;
	int err = bu_file_read(k->path, MAX_FILE, &c->file);

	if (err) {
		bu_diag(k->ds, BU_ERROR, "L0130", "--btf: %s cannot be read: %s", k->path,
			bu_strerror(-err));
		return opened(c, err);
	}
	err = bu_btf_in_file(c->file.p, c->file.n, &p, &n);
	if (err)
		bu_diag(k->ds, BU_ERROR, "L0130", "--btf: %s is %s", k->path, err == -ENOENT
			? "an ELF file without a section .BTF" : "a damaged ELF file");
	else
		err = bu_btf_index(&c->x, p, n, NULL, k->path, k->ds);
	return opened(c, err);
}

/* The kernel's own file does not change; newer kernels let it be mapped. */
static int open_machine(struct bu_kbtf *k)
{
	struct source *c = &k->machine;
	const void *p = NULL;
	struct stat st;
	size_t n = 0;
	int fd = open(MACHINE, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return opened(c, -errno);
	if (!fstat(fd, &st) && st.st_size > 0) {
		c->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		c->map_size = (size_t)st.st_size;
		if (c->map == MAP_FAILED)
			c->map = NULL;
		p = c->map;
		n = c->map_size;
	}
	close(fd);
	if (!c->map) {
		err = bu_file_read(MACHINE, MAX_FILE, &c->file);
		p = c->file.p;
		n = c->file.n;
	}
	if (!err)
		err = bu_btf_index(&c->x, p, n, NULL, "vmlinux", NULL);
	return opened(c, err);
}

static int open_kernel(struct bu_kbtf *k)
{
	struct source *c = &k->kernel;
	bool kept = k->s->kernel_btf && bu_kcache_open(&c->cache);
	const void *data;
	size_t size;
	int err;

	if (kept && c->cache.btf &&
	    !bu_btf_index_load(&c->x, c->cache.btf, c->cache.nbtf, "vmlinux", c->cache.index, c->cache.nindex))
		return opened(c, 0);
	err = k->s->ops->vmlinux_btf(k->s, &data, &size);
	if (err)
		return opened(c, err);
	if (kept && !bu_btf_index_load(&c->x, data, size, "vmlinux", c->cache.index, c->cache.nindex))
		return opened(c, 0);
	err = bu_btf_index(&c->x, data, size, NULL, "vmlinux", NULL);
	if (!err && k->s->kernel_btf)
		bu_kcache_save(&c->cache, &c->x, !k->s->btf_mapped);
	return opened(c, err);
}

static void open_modules(struct bu_kbtf *k)
{
	const char *name;
	const void *data;
	size_t size, cap = 0;

	k->modules_tried = true;
	if (!k->s->ops->module_btf)
		return;
	while (k->s->ops->module_btf(k->s, k->nmodules, &name, &data, &size) == 0) {
		struct source *v = k->module;

		if (k->nmodules == cap) {
			cap = cap ? cap * 2 : 64;
			v = realloc(v, cap * sizeof(*v));
			if (!v)
				return;
			k->module = v;
		}
		v += k->nmodules++;
		memset(v, 0, sizeof(*v));
		/* One that is damaged is as good as not there. */
		opened(v, data ? bu_btf_index(&v->x, data, size, &k->kernel.x.btf, name, NULL) : -EINVAL);
	}
}

int bu_kbtf_kernel(struct bu_kbtf *k, struct bu_btf_index **x)
{
	int err = k->kernel.state == NOT_TRIED ? open_kernel(k) : k->kernel.err;

	*x = err ? NULL : &k->kernel.x;
	return err;
}

struct bu_btf_index *bu_kbtf_module(struct bu_kbtf *k, unsigned i)
{
	struct bu_btf_index *x;

	if (!k->modules_tried && !bu_kbtf_kernel(k, &x))
		open_modules(k);
	while (i < k->nmodules && k->module[i].state != OPEN)
		i++; /* a hole: the next one stands twice, which does no harm */
	return i < k->nmodules ? &k->module[i].x : NULL;
}

struct bu_btf_index *bu_kbtf_target(struct bu_kbtf *k, unsigned i, int *err)
{
	struct bu_btf_index *x = NULL;

	*err = 0;
	if (k->path) {
		if (i)
			return NULL;
		*err = k->file.state == NOT_TRIED ? open_file(k) : k->file.err;
		return *err ? NULL : &k->file.x;
	}
	if (!i) {
		*err = bu_kbtf_kernel(k, &x);
		return x;
	}
	if (strcmp(k->s->ops->name, "vm") == 0) {
		if (i == 1 && (k->machine.state == NOT_TRIED ? open_machine(k) : k->machine.err) == 0)
			x = &k->machine.x;
		return x;
	}
	return bu_kbtf_module(k, i - 1);
}

bool bu_kbtf_is_machine(const struct bu_kbtf *k, const struct bu_btf *b)
{
	return b == &k->machine.x.btf;
}

bool bu_kbtf_opaque(const struct bu_kbtf *k, const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;

	return b == &k->kernel.x.btf && !strcmp(k->s->ops->name, "vm") && !bu_btf_get(b, id, &t) &&
	       t.kind == BU_BTF_STRUCT && !t.vlen;
}

uint32_t bu_kbtf_find(struct bu_btf_index *x, enum bu_btf_kind kind, const char *name)
{
	bool symbol = kind == BU_BTF_FUNC || kind == BU_BTF_VAR || kind == BU_BTF_DATASEC;
	size_t n = symbol ? strlen(name) : bu_btf_essential(name);
	struct bu_btf_type t;
	uint32_t id, pos = 0;

	while ((id = bu_btf_index_next(x, 1u << kind, name, n, &pos)))
		if (!bu_btf_get(&x->btf, id, &t) && strcmp(t.name, name) == 0)
			return id;
	return 0;
}
