// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does a plan, action by action, and undoes it when one fails. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load/kpriv.h"

#define MAX_USED_MAPS 64 /* of one program, by the kernel */

/* An element of an existing map, as it was. */
struct saved { uint32_t map; const void *key; void *value; /* NULL: was not there */ };

struct run {
	const struct bu_plan *p;
	struct bu_sys *s;
	struct bu_loaded *out;
	struct bu_diags *ds;
	int *map_fds;
	struct load_job **jobs;          /* by plan program, from the first PROG_LOAD on */
	bool tried;
	struct saved *saved; size_t nsaved;
	char **dirs; size_t ndirs;       /* made for pins, outermost first */
	unsigned *pins; unsigned npins;  /* done, indices into the plan's */
	struct bu_updated *updated;      /* by the plan's attachment */
	int *replaced;                   /* by the plan's pin: 1 + fd of what was pinned there, or 0 */
};

/* The id of a map, program or link; 0 when the kernel does not tell (before 4.13). */
static uint32_t id_of(struct run *r, int fd)
{
	uint32_t info[2] = { 0 }, size = sizeof(info); /* each kind's info begins with type and id */

	return bu_sys_info(r->s, fd, info, &size) < 0 ? 0 : info[1];
}

/* ---------------------------------------------------------------- maps */

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

static int new_map(struct run *r, uint32_t i)
{
	const struct bu_map_image *im = image_of(r, r->p->priv->maps[i].name);
	const struct plan_map *m = &r->p->priv->maps[i];
	struct bu_loaded_map *l = &r->out->maps[i];
	int fd = m->where ? use_map(r, m) : make_map(r, m);

	if (fd < 0)
		return fd;
	l->fd = r->map_fds[i] = fd;
	if (m->type == BPF_MAP_TYPE_ARENA && !m->where) {
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
	struct saved *v = realloc(r->saved, (r->nsaved + 1) * sizeof(*v));

	if (!v)
		return -ENOMEM;
	r->saved = v;
	v[r->nsaved] = (struct saved){ .map = i, .key = f->key, .value = malloc(m->value_bytes + 1) };
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

static int fill_map(struct run *r, uint32_t i)
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

static int freeze_map(struct run *r, uint32_t i)
{
	int err = bu_sys_map_freeze(r->s, r->map_fds[i]);

	/* A kernel that cannot freeze (before 5.2) still keeps programs from writing. */
	if (err == -EINVAL || err >= 0)
		return 0;
	bu_diag(r->ds, BU_ERROR, "L0203", "map %s cannot be frozen: %s",
		r->p->priv->maps[i].name, bu_strerror(-err));
	return err;
}

/* ---------------------------------------------------------------- BTF, programs, attachments */

/* What this kernel does not know of the types is rewritten. */
static int load_old_btf(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	unsigned lacks = bu_btf_lacks(&r->p->obj->btf, r->s);
	uint8_t *copy = malloc(v->btf_size + 1);
	struct bu_buf b = { 0 };
	int fd = copy ? -EINVAL : -ENOMEM;

	if (copy) {
		memcpy(copy, v->btf, v->btf_size);
		fd = bu_btf_make_old(&r->p->obj->btf, copy, lacks);
	}
	if (!fd)
		fd = bu_btf_plain(&r->p->obj->btf, copy, &b);
	if (!fd)
		fd = bu_sys_btf_load(r->s, b.p, b.n, NULL, 0);
	bu_buf_free(&b);
	free(copy);
	return fd;
}

static int load_btf(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	int fd = bu_sys_btf_load(r->s, v->btf, v->btf_size, NULL, 0);
	struct bu_diag *d;

	if (fd == -EINVAL || fd == -E2BIG)
		fd = load_old_btf(r);

	if (fd >= 0) {
		r->out->btf_fd = fd;
		return 0;
	}
	/* Without permission the next steps fail too, and say so better. */
	if (fd != -EPERM) {
		d = bu_diag(r->ds, BU_NOTE, "L0206", "the kernel refused the type information of "
			    "%s: %s", r->p->obj->path, bu_strerror(-fd));
		bu_diag_note(r->ds, d, "maps and programs are made without it");
	}
	return 0;
}

static void close_place(struct bu_sys *s, struct bu_loaded_prog *l)
{
	if (l->place.fd >= 0)
		s->ops->close(s, l->place.fd);
	l->place.fd = -1;
}

static bool names_map(const struct bu_ref *ref)
{
	return ref->kind == BU_REF_MAP || ref->kind == BU_REF_MAP_VALUE || ref->kind == BU_REF_LOCAL_ID;
}

/* A map that the program needs is not there, and the others go on. */
static bool lacks_map(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];

	for (uint32_t k = 0; k < g->code.nrefs; k++) {
		if (!names_map(&g->code.ref[k]) || r->map_fds[g->ref_map[k]] >= 0)
			continue;
		bu_diag(r->ds, BU_ERROR, "L0205", "program %s cannot be loaded: its map %s could not be made",
			r->p->obj->progs[g->prog].name, r->p->priv->maps[g->ref_map[k]].name);
		return true;
	}
	return false;
}

/*
 * The id of a program, and those of the maps that it uses, with one call: the kernel has them in the order
 * in which the instructions name them first.
 */
static void ids_of_prog(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];
	uint32_t ids[MAX_USED_MAPS], map[MAX_USED_MAPS], n = 0, size, insn = 0;
	struct bpf_prog_info info;

	for (uint32_t at = 0; at < g->code.nrefs; at++) {
		const struct bu_ref *ref = &g->code.ref[at];
		uint32_t m = g->ref_map[at], k = 0;

		if (!names_map(ref))
			continue;
		if (ref->insn < insn) { /* not in order: nothing is told */
			n = 0;
			break;
		}
		insn = ref->insn;
		while (k < n && map[k] != m)
			k++;
		if (k == MAX_USED_MAPS)
			break;
		if (k == n)
			map[n++] = m;
	}
	memset(&info, 0, sizeof(info));
	size = sizeof(info);
	info.nr_map_ids = n;
	info.map_ids = n ? bu_ptr64(ids) : 0;
	if (bu_sys_info(r->s, r->out->progs[i].fd, &info, &size) < 0)
		return;
	r->out->progs[i].id = info.id;
	for (uint32_t k = 0; k < n && info.nr_map_ids == n; k++)
		r->out->maps[map[k]].id = ids[k];
}

/* Of those maps that no program has told. */
static void ids_of_maps(struct run *r)
{
	for (unsigned i = 0; i < r->out->nmaps; i++)
		if (r->out->maps[i].fd >= 0 && !r->out->maps[i].id)
			r->out->maps[i].id = id_of(r, r->out->maps[i].fd);
}

static int new_prog(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];
	struct bu_loaded_prog *l = &r->out->progs[i];
	struct bu_diag *mark = r->ds->last;
	int fd = 0;

	if (!r->tried) {
		r->tried = true;
		fd = bu_load_places(r->p, r->s, r->out, r->ds);
		if (!fd)
			fd = bu_load_batch(r->p, r->s, r->map_fds, r->out, r->jobs);
		if (fd)
			return fd;
	}
	if (l->place.failed)
		return 0;
	if (lacks_map(r, i)) {
		fd = -ENOENT;
	} else {
		fd = bu_load_job_end(r->jobs[i], r->out, r->ds);
		r->jobs[i] = NULL;
	}
	close_place(r->s, l);
	if (fd < 0)
		return bu_load_spare(r->p->opts, g->prog, BU_ROW_FAILED, fd, mark, r->ds);
	l->fd = fd;
	ids_of_prog(r, i);
	bu_row_set(r->p->opts, g->prog, BU_ROW_LOADED, l->type);
	return 0;
}

static int fill_slot(struct run *r, uint32_t i)
{
	const struct plan_slot *t = &r->p->priv->slots[i];
	int32_t fd = t->is_prog ? r->out->progs[t->target].fd : r->map_fds[t->target];
	struct bu_diag *d;
	int err;

	/* Of what failed while the others go on. */
	if (fd < 0 || r->map_fds[t->map] < 0)
		return 0;
	err = bu_sys_map_update(r->s, r->map_fds[t->map], &t->index, &fd, 0);
	if (err >= 0)
		return 0;
	d = bu_diag(r->ds, BU_ERROR, "L0202", "element %u of map %s cannot be set to %s: %s", t->index,
		    r->p->priv->maps[t->map].name,
		    t->is_prog ? r->out->progs[t->target].def->name
			       : r->p->priv->maps[t->target].name, bu_strerror(-err));
	bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_MAP_UPDATE_ELEM, .err = err,
			    .fd = r->map_fds[t->map] });
	return err;
}

static void no_attachment(struct bu_attached *at)
{
	memset(at, 0, sizeof(*at));
	at->link_fd = at->event_fd = at->prog_fd = at->target_fd = at->netns_fd = -1;
}

/* With --replace: does the link that an earlier load pinned run the new program now? */
static bool update_link(struct run *r, uint32_t i, const struct bu_attach *at)
{
	const struct plan_attach *a = &r->p->priv->att[i];
	const char *path = r->p->opts->replace ? bu_load_link_pin(r->p, i) : NULL;
	struct bu_loaded_link *l = &r->out->links[i];

	if (!path || bu_load_update(r->s, path, at, r->out->progs[a->prog].fd, &r->updated[i]))
		return false;
	no_attachment(&l->at);
	l->at.hook = at->hook;
	l->at.link_fd = r->updated[i].link_fd;
	l->pin = path;
	l->stays = l->updated = true;
	return true;
}

static int new_link(struct run *r, uint32_t i)
{
	const struct plan_attach *a = &r->p->priv->att[i];
	uint32_t prog = r->p->priv->progs[a->prog].prog;
	struct bu_loaded_link *l = &r->out->links[i];
	struct bu_diag *mark = r->ds->last;
	struct bu_attach at = a->at;
	struct bu_usdt_specs *specs = NULL;
	int map = -1, err = 0;

	if (r->out->progs[a->prog].fd < 0) /* failed while the others go on */
		return 0;
	if (at.map)
		err = bu_load_attach_map(r->out, r->s, &at, &map, r->ds);
	if (!err && at.hook == BU_HOOK_STRUCT_OPS)
		err = bu_load_struct_ops(r->p, r->s, at.map, r->out, r->ds);
	if (!err && update_link(r, i, &at))
		goto live;
	if (at.hook == BU_HOOK_USDT)
		specs = bu_load_usdt(r->p, r->out, r->s, &at, r->ds);
	if (!err)
		err = bu_sys_attach(r->s, &at, r->out->progs[a->prog].fd, r->p->opts->via, &l->at, r->ds);
	free(specs);
	if (map >= 0)
		r->s->ops->close(r->s, map);
	if (err < 0) {
		no_attachment(&l->at);
		return bu_load_spare(r->p->opts, prog, BU_ROW_UNATTACHED, err, mark, r->ds);
	}
live:
	r->out->nlinks = i + 1;
	l->live = true;
	if (at.hook == BU_HOOK_STRUCT_OPS && l->at.link_fd < 0)
		l->stays = r->p->opts->ops_stay;
	l->id = l->at.link_fd < 0 ? 0 : id_of(r, l->at.link_fd);
	bu_row_set(r->p->opts, prog, BU_ROW_ATTACHED, 0);
	return 0;
}

/* ---------------------------------------------------------------- pins */

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

static int prepare_pins(struct run *r)
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

static int new_pin(struct run *r, uint32_t i)
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

/* ---------------------------------------------------------------- all of it */

static int alloc_all(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	struct bu_loaded *o = r->out;

	r->jobs = calloc(v->nprogs + 1, sizeof(*r->jobs));
	o->maps = calloc(v->nmaps + 1, sizeof(*o->maps));
	o->progs = calloc(v->nprogs + 1, sizeof(*o->progs));
	o->links = calloc(v->natt + 1, sizeof(*o->links));
	r->map_fds = calloc(v->nmaps + 1, sizeof(*r->map_fds));
	r->pins = calloc(v->npins + 1, sizeof(*r->pins));
	r->replaced = calloc(v->npins + 1, sizeof(*r->replaced));
	r->updated = calloc(v->natt + 1, sizeof(*r->updated));
	for (unsigned i = 0; r->updated && i < v->natt; i++)
		r->updated[i] = (struct bu_updated){ -1, -1 };
	if (!o->maps || !o->progs || !o->links || !r->map_fds || !r->pins || !r->replaced || !r->jobs ||
	    !r->updated)
		return -ENOMEM;
	o->nmaps = v->nmaps;
	o->nprogs = v->nprogs;
	o->nplanned = v->natt;
	for (unsigned i = 0; i < v->nmaps; i++) {
		o->maps[i] = (struct bu_loaded_map){ .def = v->maps[i].def, .fd = -1,
						     .name = v->maps[i].name,
						     .existing = v->maps[i].where != NULL };
		r->map_fds[i] = -1;
	}
	for (unsigned i = 0; i < v->nprogs; i++)
		o->progs[i] = (struct bu_loaded_prog){ .def = &r->p->obj->progs[v->progs[i].prog],
						       .fd = -1, .type = v->progs[i].type,
						       .place = { .fd = -1 } };
	for (unsigned i = 0; i < v->natt; i++) {
		o->links[i].spec = v->att[i].at;
		o->links[i].prog = v->att[i].prog;
		no_attachment(&o->links[i].at);
	}
	return 0;
}

/* A map that cannot be made is, with keep_going, the failure of the programs that need it. */
static int do_map(struct run *r, const struct bu_action *a)
{
	struct bu_diag *mark = r->ds->last;
	int err;

	if (a->kind == BU_DO_MAP_FILL)
		return r->map_fds[a->index] < 0 ? 0 : fill_map(r, a->index);
	if (a->kind == BU_DO_MAP_FREEZE)
		return r->map_fds[a->index] < 0 ? 0 : freeze_map(r, a->index);
	err = new_map(r, a->index);
	if (!err || !r->p->opts->keep_going || r->map_fds[a->index] >= 0)
		return err;
	bu_load_soften(mark, r->ds);
	bu_rows_lack_map(r->p->opts);
	return 0;
}

static int do_action(struct run *r, const struct bu_action *a)
{
	switch (a->kind) {
	case BU_DO_BTF_LOAD:
		return load_btf(r);
	case BU_DO_MAP_CREATE:
	case BU_DO_MAP_USE:
	case BU_DO_MAP_FILL:
	case BU_DO_MAP_FREEZE:
		return do_map(r, a);
	case BU_DO_PLACE:
		return bu_load_places(r->p, r->s, r->out, r->ds);
	case BU_DO_PROG_LOAD:
		return new_prog(r, a->index);
	case BU_DO_SLOT:
		return fill_slot(r, a->index);
	case BU_DO_ATTACH:
		return new_link(r, a->index);
	case BU_DO_PIN:
		return new_pin(r, a->index);
	}
	return -EINVAL;
}

static void undo(struct run *r)
{
	char *log = r->out->log;

	for (unsigned i = 0; r->updated && i < r->p->priv->natt; i++) {
		int err = bu_load_update_back(r->s, &r->updated[i]);

		if (err < 0)
			bu_diag(r->ds, BU_WARNING, "L0209", "%s keeps the new program: %s",
				bu_load_link_pin(r->p, i), bu_strerror(-err));
	}

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
	for (unsigned i = 0; i < r->out->nlinks; i++)
		r->out->links[i].stays = false;
	for (unsigned i = 0; i < r->out->nprogs; i++)
		if (r->out->progs[i].fd >= 0)
			bu_row_undone(r->p->opts, r->p->priv->progs[i].prog);
	while (r->nsaved) {
		struct saved *v = &r->saved[--r->nsaved];

		if (v->value)
			bu_sys_map_update(r->s, r->map_fds[v->map], v->key, v->value, 0);
		else
			bu_sys_map_delete(r->s, r->map_fds[v->map], v->key);
		free(v->value);
	}
	r->out->log = NULL;
	bu_loaded_close(r->s, r->out, r->ds);
	r->out->log = log;
}

/* Going on is for those that work: when none does, that is a failure like any other. */
static int nothing_left(struct run *r)
{
	const struct bu_rows *rows = r->p->opts->rows;
	int err = 0;

	for (unsigned i = 0; i < r->out->nprogs; i++)
		if (r->out->progs[i].fd >= 0)
			return 0;
	for (uint32_t i = 0; rows && i < rows->n && !err; i++)
		err = rows->v[i].err;
	bu_diag(r->ds, BU_ERROR, "L0101", "none of the programs of %s could be loaded", r->p->obj->path);
	return err ? err : -EINVAL;
}

int bu_load_run(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *out,
		struct bu_diags *ds)
{
	struct run r = { .p = p, .s = s, .out = out, .ds = ds };
	bool told = false;
	int err;

	memset(out, 0, sizeof(*out));
	out->btf_fd = -1;
	err = alloc_all(&r);
	if (!err)
		err = prepare_pins(&r);
	for (unsigned i = 0; !err && i < p->nact; i++) {
		if (p->act[i].kind == BU_DO_ATTACH || p->act[i].kind == BU_DO_PIN)
			ids_of_maps(&r);
		if (p->act[i].kind == BU_DO_ATTACH && !told && p->opts->before_attach) {
			told = true;
			err = p->opts->before_attach(p->opts->ctx, out, ds);
		}
		if (!err)
			err = do_action(&r, &p->act[i]);
	}
	if (!err)
		ids_of_maps(&r);
	if (!err && p->opts->keep_going)
		err = nothing_left(&r);
	if (err == -ENOMEM && !ds->errors)
		bu_diag(ds, BU_ERROR, "U0003", "out of memory");
	for (unsigned i = 0; r.jobs && i < p->priv->nprogs; i++)
		bu_load_job_drop(r.jobs[i]);
	if (err)
		undo(&r);
	while (r.nsaved)
		free(r.saved[--r.nsaved].value);
	while (r.ndirs)
		free(r.dirs[--r.ndirs]);
	free(r.saved);
	free(r.dirs);
	free(r.map_fds);
	for (unsigned i = 0; r.replaced && i < p->priv->npins; i++)
		if (r.replaced[i])
			s->ops->close(s, r.replaced[i] - 1);
	free(r.replaced);
	for (unsigned i = 0; r.updated && i < p->priv->natt; i++)
		bu_load_updated(s, &r.updated[i]);
	free(r.updated);
	free(r.jobs);
	free(r.pins);
	return err;
}

static int detach(struct bu_sys *s, struct bu_loaded_link *k, struct bu_diags *ds)
{
	int err = bu_sys_detach(s, &k->at);

	if (err)
		bu_diag(ds, BU_ERROR, "L0209", "%s:%s cannot be detached: %s",
			bu_hook_name(k->spec.hook), k->spec.target, bu_strerror(-err));
	return err;
}

int bu_loaded_close(struct bu_sys *s, struct bu_loaded *l, struct bu_diags *ds)
{
	int rc = 0;

	for (unsigned i = l->nlinks; i-- > 0;) {
		struct bu_attached *at = &l->links[i].at;

		if (!l->links[i].live)
			continue;
		if (!l->links[i].stays) {
			int err = detach(s, &l->links[i], ds);

			rc = rc ? rc : err;
			continue;
		}
		/* What stays is left by its holder without a word to the kernel. */
		bu_sys_leave(s, at);
	}
	for (unsigned i = 0; i < l->nprogs; i++) {
		if (l->progs[i].fd >= 0)
			s->ops->close(s, l->progs[i].fd);
		close_place(s, &l->progs[i]);
		free(l->progs[i].log);
	}
	for (unsigned i = 0; i < l->nmaps; i++) {
		if (l->maps[i].fd >= 0)
			s->ops->close(s, l->maps[i].fd);
	}
	if (l->btf_fd >= 0)
		s->ops->close(s, l->btf_fd);
	free(l->maps);
	free(l->progs);
	free(l->links);
	free(l->log);
	memset(l, 0, sizeof(*l));
	l->btf_fd = -1;
	return rc;
}
