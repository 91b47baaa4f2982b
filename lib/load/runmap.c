// SPDX-License-Identifier: LGPL-2.1-or-later
/* Maps of a plan: made or opened, filled, frozen. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/run.h"

static int cannot_make(struct run *r, const struct plan_map *m, int err, const union bpf_attr *a)
{
	struct bu_diag *d = bu_diag(r->ds, BU_ERROR, "L0201", "map %s cannot be made: %s", m->name,
				    bu_strerror(err));

	bu_sys_explain(r->s, r->ds, d, BPF_MAP_CREATE, err, a);
	return err;
}

/*
 * Makes a map as wished; what an older kernel or the map's type does not take is left out, one thing
 * after the other: the name (before 4.15), type information, mapping of global data (before 5.5).
 */
static int create(struct bu_sys *s, const struct plan_map *m, union bpf_attr *a)
{
	int fd = bu_sys_map_create(s, a);

	if (fd == -E2BIG && a->map_name[0] && !bu_sys_has(s, BU_FEAT_PROG_NAME)) {
		memset(a->map_name, 0, sizeof(a->map_name));
		fd = bu_sys_map_create(s, a);
	}
	if (fd == -EINVAL && m->kernel_value) { /* no links for structs of operations before 6.4 */
		a->map_flags &= ~(uint32_t)BPF_F_LINK;
		fd = bu_sys_map_create(s, a);
	}
	if (fd < 0 && fd != -EPERM && a->btf_fd && !m->kernel_value) {
		a->btf_fd = a->btf_key_type_id = a->btf_value_type_id = 0;
		fd = bu_sys_map_create(s, a);
	}
	if (fd == -EINVAL && m->data && (a->map_flags & BPF_F_MMAPABLE)) {
		a->map_flags &= ~(uint32_t)BPF_F_MMAPABLE;
		fd = bu_sys_map_create(s, a);
	}
	return fd;
}

static int make_map(struct run *r, const struct plan_map *m)
{
	union bpf_attr a;
	int fd, inner = -1;

	bu_plan_map_attr(m, &a);
	if (!r->p->opts->dev_bound && m->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		a.map_ifindex = r->p->opts->ifindex;
	if (m->inner) {
		inner = make_map(r, m->inner);
		if (inner < 0)
			return inner;
		a.inner_map_fd = (uint32_t)inner;
	}
	if (r->out->btf_fd >= 0 && (m->btf_value || m->kernel_value)) {
		a.btf_fd = (uint32_t)r->out->btf_fd;
		a.btf_key_type_id = m->btf_key;
		a.btf_value_type_id = m->btf_value;
	}
	fd = create(r->s, m, &a);
	if (inner >= 0)
		r->s->ops->close(r->s, inner);
	return fd < 0 ? cannot_make(r, m, fd, &a) : fd;
}

static int use_map(struct run *r, const struct plan_map *m)
{
	uint64_t id = 0;
	struct bu_diag *d;
	int fd;

	if (strncmp(m->where, "id:", 3) == 0) {
		bu_str_u64(bu_str_c(m->where + 3), &id, NULL);
		fd = bu_sys_fd_by_id(r->s, BU_MAP, (uint32_t)id, 0);
	} else {
		fd = bu_sys_get(r->s, m->where, 0);
	}
	if (fd < 0) {
		d = bu_diag(r->ds, BU_ERROR, "L0111", "map %s: %s cannot be opened: %s", m->name,
			    m->where, bu_strerror(-fd));
		bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .path = m->where, .err = fd,
				    .cmd = id ? BPF_MAP_GET_FD_BY_ID : BPF_OBJ_GET });
	}
	return fd;
}

static const struct bu_map_image *image_of(const struct run *r, const char *name)
{
	for (unsigned i = 0; i < r->p->opts->nimages; i++)
		if (strcmp(r->p->opts->images[i].name, name) == 0)
			return &r->p->opts->images[i];
	return NULL;
}

/* Per-CPU values may come from a machine with another number of processors: they have whole rows. */
static bool image_fits(const struct plan_map *m, const struct bu_map_image *im)
{
	uint32_t row = (m->value_size + 7) & ~7u;

	if (im->key_size != m->key_size)
		return false;
	return im->value_size == m->value_bytes ||
	       (bu_map_is_percpu(m->type) && row && im->value_size && im->value_size % row == 0);
}

static int fill_image(struct run *r, int fd, const struct plan_map *m,
		      const struct bu_map_image *im)
{
	uint32_t n = im->value_size < m->value_bytes ? im->value_size : m->value_bytes;
	uint8_t *value = calloc(1, (size_t)m->value_bytes + 1);
	const uint8_t *e = im->elems;
	bool cut = false;
	int err = !value ? -ENOMEM : image_fits(m, im) ? 0 : -EINVAL;

	for (uint32_t i = 0; !err && i < im->count; i++, e += im->key_size + im->value_size) {
		memcpy(value, e + im->key_size, n);
		for (uint32_t k = n; k < im->value_size && !cut; k++)
			cut = e[im->key_size + k] != 0;
		err = bu_sys_map_update(r->s, fd, e, value, 0);
	}
	free(value);
	if (!err && cut)
		bu_diag(r->ds, BU_WARNING, "L0409", "map %s was recorded on more processors than there are here: "
			"what the others had counted is left out", m->name);
	if (err)
		bu_diag(r->ds, BU_ERROR, "L0202", "map %s cannot be filled as it was recorded: %s",
			m->name, err == -EINVAL ? "its keys or values are of another size"
						: bu_strerror(-err));
	return err;
}

/*
 * An arena gets its address when it is mapped for the first time, and its globals by that. It is unmapped again:
 * both stay.
 */
static int fill_arena(struct run *r, int fd, const struct plan_map *m)
{
	const struct bu_obj *o = r->p->obj;
	const struct bu_sec *s = m->def->arena_sec ? &o->secs[m->def->arena_sec - 1] : NULL;
	size_t len = (size_t)m->max_entries * (size_t)sysconf(_SC_PAGESIZE);
	int err = s && s->size > len ? -E2BIG : 0;
	struct bu_diag *d;
	void *p = NULL;

	if (!err)
		p = r->s->ops->mmap(r->s, fd, len, true, 0, &err);
	if (!p) {
		d = bu_diag(r->ds, BU_ERROR, "L0202", "map %s cannot be mapped to be filled: %s", m->name,
			    err == -E2BIG ? "its globals need more pages" : bu_strerror(-err));
		if (err == -E2BIG)
			bu_diag_help(r->ds, d, "raise its max_entries, which counts pages");
		return err;
	}
	if (s && s->data)
		memcpy(p, s->data, s->size);
	return r->s->ops->munmap(r->s, p, len);
}

int bu_run_map(struct run *r, uint32_t i)
{
	const struct bu_map_image *im = image_of(r, r->p->priv->maps[i].name);
	const struct plan_map *m = &r->p->priv->maps[i];
	struct bu_loaded_map *l = &r->out->maps[i];
	int fd = m->where ? use_map(r, m) : make_map(r, m);

	if (fd < 0)
		return fd;
	l->fd = r->map_fds[i] = fd;
	/* With a map_extra it has its address already. */
	if (m->type == BPF_MAP_TYPE_ARENA && !m->where && (!m->def->map_extra || m->def->arena_sec)) {
		int err = fill_arena(r, fd, m);

		if (err)
			return err;
	}
	return im ? fill_image(r, fd, m, im) : 0;
}

/* Keeps what an element of an existing map was. */
static int save(struct run *r, uint32_t i, const struct plan_fill *f)
{
	const struct plan_map *m = &r->p->priv->maps[i];
	struct run_saved *v = realloc(r->saved, (r->nsaved + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	r->saved = v;
	v[r->nsaved] = (struct run_saved){ .map = i, .key = f->key, .value = malloc(m->value_bytes + 1) };
	if (!v[r->nsaved].value)
		return -ENOMEM;
	if (bu_sys_map_lookup(r->s, r->map_fds[i], f->key, v[r->nsaved].value, 0) < 0) {
		free(v[r->nsaved].value);
		v[r->nsaved].value = NULL;
	}
	r->nsaved++;
	return 0;
}

static const char *fill_reason(int err)
{
	return err == -E2BIG ? "the map is full" : bu_strerror(-err);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}

int bu_run_map_fill(struct run *r, uint32_t i)
{
	const struct plan_map *m = &r->p->priv->maps[i];
	uint8_t zero[4] = { 0 };
	struct bu_diag *d;
	int err;

	if (image_of(r, m->name))
		return 0;
	if (m->data) {
		if (all_zero(m->data, m->value_size)) /* as the map was made */
			return 0;
		err = bu_sys_map_update(r->s, r->map_fds[i], zero, m->data, 0);
		if (err < 0)
			bu_diag(r->ds, BU_ERROR, "L0202", "map %s cannot be filled: %s", m->name,
				bu_strerror(-err));
		return err;
	}
	for (size_t k = 0; k < m->nfill; k++) {
		const struct plan_fill *f = &m->fill[k];

		if (m->where && f->key && save(r, i, f))
			return -ENOMEM;
		err = bu_sys_map_update(r->s, r->map_fds[i], f->key, f->value, 0);
		if (err >= 0)
			continue;
		d = bu_diag(r->ds, BU_ERROR, "L0202", "%s%selement of map %s cannot be set: %s",
			    f->file ? "" : f->origin, f->file ? "" : ": ", m->name,
			    fill_reason(err));
		if (f->file)
			bu_diag_span(r->ds, d, f->file, f->line, 1, 1, bu_str(NULL, 0), NULL);
		bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_MAP_UPDATE_ELEM, .err = err,
				    .fd = r->map_fds[i] });
		return err;
	}
	return 0;
}

int bu_run_map_freeze(struct run *r, uint32_t i)
{
	int err = bu_sys_map_freeze(r->s, r->map_fds[i]);

	/* A kernel that cannot freeze (before 5.2) still keeps programs from writing. */
	if (err == -EINVAL || err >= 0)
		return 0;
	bu_diag(r->ds, BU_ERROR, "L0203", "map %s cannot be frozen: %s",
		r->p->priv->maps[i].name, bu_strerror(-err));
	return err;
}

void bu_run_maps_back(struct run *r)
{
	while (r->nsaved) {
		struct run_saved *v = &r->saved[--r->nsaved];

		if (v->value)
			bu_sys_map_update(r->s, r->map_fds[v->map], v->key, v->value, 0);
		else
			bu_sys_map_delete(r->s, r->map_fds[v->map], v->key);
		free(v->value);
	}
}
