// SPDX-License-Identifier: LGPL-2.1-or-later
/* What goes into maps and global variables before the programs load: --set and --map-from. */
#include <string.h>

#include "load/priv.h"

#define MAP_FROM_MAX (256u << 20) /* bytes of one --map-from file */
#define VALUE_MAX (64u << 20)     /* bytes of a key or value that an option gives */
#define STT_OBJECT 1
#define STT_NOTYPE 0

/* Where a value came from, for messages. */
struct origin {
	const char *option;
	const char *file;
	uint32_t line;
	struct bu_str src;
};

/* col: byte of the word in the line; for options there is no place to show but their text. */
static int complain(struct bu_diags *ds, const struct origin *o, struct bu_str word,
		    const char *what, const char *why)
{
	struct bu_diag *d;

	if (!o->file) {
		bu_diag(ds, BU_ERROR, "L0109", "%s: %s: %s", o->option, what, why);
		return -EINVAL;
	}
	d = bu_diag(ds, BU_ERROR, "L0110", "%s: %s", what, why);
	bu_diag_span(ds, d, o->file, o->line, (uint32_t)(word.p - o->src.p) + 1,
		     word.n ? (uint32_t)word.n : 1, o->src, NULL);
	return -EINVAL;
}

/* Maps whose values are made by the kernel, or are objects of this process. */
static bool no_values(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_STACK_TRACE:
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_STRUCT_OPS:
	case BPF_MAP_TYPE_ARENA:
		return true;
	default:
		return false;
	}
}

static bool is_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int add_fill(struct bu_plan *p, struct plan_map *m, const struct origin *o, struct bu_str key,
		    struct bu_str value, struct bu_diags *ds)
{
	const struct bu_btf *btf = p->obj->has_btf ? &p->obj->btf : NULL;
	const char *what, *why;
	uint8_t *k, *v;

	if (m->key_size > VALUE_MAX || m->value_bytes > VALUE_MAX)
		return complain(ds, o, key, bu_arena_printf(&p->arena, "map %s", m->name),
				"its keys and values are too large to be set one by one");
	k = bu_arena_alloc(&p->arena, m->key_size);
	v = bu_arena_alloc(&p->arena, m->value_bytes);
	if (!k || !v)
		return -ENOMEM;
	what = bu_arena_printf(&p->arena, "key of map %s", m->name);
	if (m->key_size) {
		why = bu_load_value(&p->arena, btf, m->btf_key, m->key_size, key, k);
		if (why)
			return complain(ds, o, key, what, why);
		if (is_array(m->type) && m->key_size == 4 &&
		    bu_get32(k, BU_HOST_BE) >= m->max_entries)
			return complain(ds, o, key, what,
					bu_arena_printf(&p->arena, "%u is past the end of %u entries",
							bu_get32(k, BU_HOST_BE), m->max_entries));
	} else if (key.n) {
		return complain(ds, o, key, what, "a map of this type has no keys");
	}
	why = bu_load_value(&p->arena, btf, m->btf_value, m->value_size, value, v);
	if (why)
		return complain(ds, o, value,
				bu_arena_printf(&p->arena, "value of map %s", m->name), why);
	/* A per-CPU map has a row for each CPU: all get the value. */
	for (uint32_t row = (m->value_size + 7) / 8 * 8; row && row + m->value_size <= m->value_bytes;
	     row += (m->value_size + 7) / 8 * 8)
		memcpy(v + row, v, m->value_size);

	m->fill = bu_arena_grow(&p->arena, m->fill, m->nfill, &m->capfill, sizeof(*m->fill));
	if (!m->fill)
		return -ENOMEM;
	m->fill[m->nfill++] = (struct plan_fill){
		.key = m->key_size ? k : NULL, .value = v, .origin = o->option,
		.file = o->file, .line = o->line,
	};
	return 0;
}

static int fill_from_file(struct bu_plan *p, struct plan_map *m, const struct bu_set *w,
			  struct bu_diags *ds)
{
	struct bu_buf buf = { 0 };
	struct origin o = { .option = w->origin, .file = w->file };
	const char *text;
	int err = bu_file_read(w->file, MAP_FROM_MAX, &buf), rc = 0;

	if (err) {
		bu_diag(ds, BU_ERROR, "L0110", "cannot read %s: %s", w->file,
			err == -EFBIG ? "the file is too large" : bu_strerror(-err));
		bu_buf_free(&buf);
		return err == -ENOMEM ? err : -EIO;
	}
	text = (const char *)buf.p;
	for (size_t at = 0; at < buf.n && rc != -ENOMEM;) {
		const char *nl = memchr(text + at, '\n', buf.n - at);
		size_t n = nl ? (size_t)(nl - text) - at : buf.n - at, kn = 0;
		struct bu_str line = bu_str(text + at, n), body = bu_load_strip(line), key, value;

		at += n + 1;
		o.line++;
		o.src = line;
		if (!body.n)
			continue;
		if (m->key_size)
			kn = bu_load_word(body, m->key_size);
		key = bu_str(body.p, kn);
		value = bu_load_strip(bu_str(body.p + kn, body.n - kn));
		if (!value.n) {
			rc = complain(ds, &o, bu_str(body.p + body.n, 1),
				      bu_arena_printf(&p->arena, "map %s", m->name),
				      "the key has no value behind it");
			continue;
		}
		err = add_fill(p, m, &o, key, value, ds);
		if (err)
			rc = err;
	}
	bu_buf_free(&buf);
	return rc;
}

/* ---------------------------------------------------------------- global variables */

struct var { uint32_t map, off, size, type; unsigned found; };

/* The type of a variable by its section's list in the BTF, or 0. */
static uint32_t var_type(const struct bu_obj *o, const char *sec, const char *name)
{
	struct bu_btf_type t, v;
	struct bu_btf_secvar sv;
	uint32_t id = o->has_btf ? bu_btf_find(&o->btf, BU_BTF_DATASEC, sec) : 0;

	if (!id || bu_btf_get(&o->btf, id, &t) || t.kind != BU_BTF_DATASEC)
		return 0;
	for (uint32_t i = 0; i < t.vlen; i++) {
		if (bu_btf_secvar(&o->btf, &t, i, &sv) || bu_btf_get(&o->btf, sv.type, &v))
			continue;
		if (strcmp(v.name, name) == 0)
			return v.type;
	}
	return 0;
}

static int32_t data_map_of(const struct bu_obj *o, uint32_t sec)
{
	for (uint32_t i = 0; i < o->nmaps; i++) {
		if (o->maps[i].origin == BU_MAP_DATA && o->maps[i].sec == sec)
			return (int32_t)i;
	}
	return -1;
}

static bool is_var(const struct bu_obj *o, const struct bu_sym *s, int32_t *map)
{
	if ((s->type != STT_OBJECT && s->type != STT_NOTYPE) || !s->name[0] || s->sec >= o->nsecs)
		return false;
	*map = data_map_of(o, s->sec);
	return *map >= 0;
}

/* An assembler's label has no size: the variable reaches to the next one, or the section's end. */
static uint32_t reach(const struct bu_obj *o, const struct bu_sym *s)
{
	uint64_t end = o->secs[s->sec].size;
	int32_t map;

	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *n = &o->syms[i];

		if (n->sec == s->sec && n->value > s->value && n->value < end && is_var(o, n, &map))
			end = n->value;
	}
	return end > s->value && end - s->value <= UINT32_MAX ? (uint32_t)(end - s->value) : 0;
}

static void find_var(const struct bu_obj *o, const char *name, struct var *v, struct bu_near *near)
{
	int32_t map;

	memset(v, 0, sizeof(*v));
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (!is_var(o, s, &map))
			continue;
		bu_near_feed(near, s->name);
		if (strcmp(s->name, name) != 0)
			continue;
		if (v->found++)
			continue;
		v->map = (uint32_t)map;
		v->off = s->value > UINT32_MAX ? UINT32_MAX : (uint32_t)s->value;
		v->size = s->size > UINT32_MAX ? UINT32_MAX : (uint32_t)s->size;
		v->type = var_type(o, o->secs[s->sec].name, name);
		if (!v->size && v->type) {
			int64_t n = bu_btf_size(&o->btf, v->type);

			v->size = n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
		}
		if (!v->size)
			v->size = reach(o, s);
	}
}

static struct plan_map *map_by_name(struct bu_plan *p, const char *name, struct bu_near *near)
{
	struct plan_map *found = NULL;

	for (unsigned i = 0; i < p->priv->nmaps; i++) {
		struct plan_map *m = &p->priv->maps[i];

		bu_near_feed(near, m->name);
		if (!found && strcmp(m->name, name) == 0)
			found = m;
	}
	return found;
}

/* The part of v that path names, or all of it. NULL, or why not. */
static const char *part_of(struct bu_plan *p, struct var *v, const char *path, uint32_t *bit, uint32_t *bits)
{
	struct bu_var_part f = { .off = v->off, .size = v->size, .type = v->type };
	const char *why;

	*bit = *bits = 0;
	if (!path[0])
		return NULL;
	why = bu_load_path(&p->arena, p->obj->has_btf ? &p->obj->btf : NULL, path, &f);
	if (why)
		return why;
	if (f.off < v->off || f.off - v->off > v->size || f.size > v->size - (f.off - v->off))
		return "it lies outside the variable";
	v->off = f.off;
	v->size = f.size;
	v->type = f.type;
	*bit = f.bit;
	*bits = f.bits;
	return NULL;
}

static int set_var(struct bu_plan *p, const struct bu_set *w, struct bu_diags *ds)
{
	struct origin o = { .option = w->origin };
	const char *path = "", *base;
	uint32_t bit, bits;
	struct bu_near near;
	struct plan_map *m;
	struct var v;
	const char *why, *what;
	struct bu_diag *d;

	bu_near_init(&near, w->name, strlen(w->name));
	find_var(p->obj, w->name, &v, &near);
	/* A name of a symbol may hold dots too: the whole one comes first. */
	if (!v.found && w->name[strcspn(w->name, ".[")] && w->name[0] != '.') {
		path = w->name + strcspn(w->name, ".[");
		base = bu_arena_strndup(&p->arena, w->name, (size_t)(path - w->name));
		if (!base)
			return -ENOMEM;
		for (uint32_t i = 0; i < p->obj->nmaps; i++)
			if (bu_set_of_map(w, p->obj->maps[i].name))
				return 0; /* an attribute, done with the map */
		find_var(p->obj, base, &v, &near);
	}
	if (!v.found) {
		if (map_by_name(p, w->name, &near)) {
			d = bu_diag(ds, BU_ERROR, "L0108", "%s: %s is a map, not a variable",
				    w->origin, w->name);
			bu_diag_help(ds, d, "an element is set by --set '%s[KEY]=VALUE'", w->name);
			return -EINVAL;
		}
		d = bu_diag(ds, BU_ERROR, "L0108", "%s: %s has no global variable \"%s\"",
			    w->origin, p->obj->path, w->name);
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		return -EINVAL;
	}
	what = bu_arena_printf(&p->arena, "variable %s", w->name);
	if (v.found > 1)
		return complain(ds, &o, w->value, what,
				"there are several of this name in the object");
	if (p->priv->map_of[v.map] < 0)
		return complain(ds, &o, w->value, what, "no program that loads uses it");
	m = &p->priv->maps[p->priv->map_of[v.map]];
	if (!m->data)
		return complain(ds, &o, w->value, what, "its map exists already (--map)");
	if (!v.size)
		return complain(ds, &o, w->value, what, "its size is not known");
	if (v.off > m->value_size || v.size > m->value_size - v.off)
		return complain(ds, &o, w->value, what, "it lies outside its section");
	why = part_of(p, &v, path, &bit, &bits);
	if (!why && bits)
		why = bu_load_bits(&p->arena, &p->obj->btf,
				   &(struct bu_var_part){ .type = v.type, .bit = bit, .bits = bits }, w->value,
				   m->data + v.off);
	else if (!why)
		why = bu_load_value(&p->arena, p->obj->has_btf ? &p->obj->btf : NULL, v.type, v.size, w->value,
				    m->data + v.off);
	if (why)
		return complain(ds, &o, w->value, what, why);
	m->vars = bu_arena_printf(&p->arena, "%s%s%s=%.*s", m->vars ? m->vars : "",
				  m->vars ? ", " : "", w->name, (int)w->value.n, w->value.p);
	return m->vars ? 0 : -ENOMEM;
}

static int set_map(struct bu_plan *p, const struct bu_set *w, struct bu_diags *ds)
{
	struct origin o = { .option = w->origin };
	struct bu_near near;
	struct plan_map *m;
	struct bu_diag *d;

	bu_near_init(&near, w->name, strlen(w->name));
	m = map_by_name(p, w->name, &near);
	if (!m) {
		d = bu_diag(ds, BU_ERROR, "L0108", "%s: %s has no map \"%s\"", w->origin,
			    p->obj->path, w->name);
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		return -EINVAL;
	}
	if (no_values(m->type)) {
		const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types, m->type);

		return complain(ds, &o, w->value, bu_arena_printf(&p->arena, "map %s", m->name),
				bu_arena_printf(&p->arena, "values of a map of type %s cannot be "
						"given as text", k ? k->name : "?"));
	}
	if (m->data) {
		d = bu_diag(ds, BU_ERROR, "L0108", "%s: %s holds global variables", w->origin,
			    m->name);
		bu_diag_help(ds, d, "set them by name: --set VARIABLE=VALUE");
		return -EINVAL;
	}
	if (w->file)
		return fill_from_file(p, m, w, ds);
	return add_fill(p, m, &o, w->key, w->value, ds);
}

static bool names_map(const struct bu_obj *o, const char *name)
{
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (strcmp(o->maps[i].name, name) == 0)
			return true;
	return false;
}

/* Does the name up to its first '.' or '[' name a variable? */
static bool is_var_path(const struct bu_obj *o, const char *path)
{
	size_t n = strcspn(path, ".[");
	int32_t map;

	for (uint32_t i = 0; i < o->nsyms; i++)
		if (is_var(o, &o->syms[i], &map) && strncmp(o->syms[i].name, path, n) == 0 && !o->syms[i].name[n])
			return true;
	return false;
}

int bu_plan_fill(struct bu_plan *p, struct bu_diags *ds)
{
	int rc = 0;

	for (unsigned i = 0; i < p->opts->nsets; i++) {
		const struct bu_set *w = &p->opts->sets[i];
		struct bu_set elem = *w;
		int err;

		/* NAME[3]=VALUE is an element of a map, or of a variable that is an array. */
		if (!w->file && w->key.p && !names_map(p->obj, w->name)) {
			elem.name = bu_arena_printf(&p->arena, "%s[%.*s]", w->name, (int)w->key.n, w->key.p);
			elem.key.p = NULL;
			if (!elem.name)
				return -ENOMEM;
			w = is_var_path(p->obj, elem.name) ? &elem : w;
		}
		err = !w->file && !w->key.p ? set_var(p, w, ds) : set_map(p, w, ds);
		if (err)
			rc = err;
		if (err == -ENOMEM)
			break;
	}
	return rc;
}
