// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects from files: prog load, prog loadall. The loader is bpf-ld's; what is pinned where is bpftool's way. All of it
 * is there at the end, or nothing.
 */
#include <string.h>
#include <unistd.h>

#include "load.h"

int bt_load_failed(struct bt *t, int err)
{
	if (!t->ds.errors)
		bt_error(t, err == -ENOMEM ? "U0003" : "T0106", "%s", bt_strerror(err));
	return bu_exit_for(err);
}

void bt_load_begin(struct bt_load *l)
{
	memset(l, 0, sizeof(*l));
	bu_obj_init(&l->obj);
	l->made.btf_fd = -1;
}

int bt_load_end(struct bt *t, struct bt_load *l, int st)
{
	int err = 0;

	if (t->sys)
		err = bu_loaded_close(t->sys, &l->made, &t->ds);
	if (l->plan.priv)
		bu_plan_free(&l->plan);
	bu_obj_free(&l->obj);
	return err && !st ? bt_load_failed(t, err) : st;
}

int bt_load_object(struct bt *t, struct bt_load *l)
{
	int err;

	l->object = bt_next(t);
	if (!l->object)
		return bt_usage(t, NULL, NULL, "which object file?");
	err = bu_load_read(&l->obj, l->object, &t->ds);
	if (!err && !t->sys)
		err = bu_load_backend(&t->sys, t->backend, &l->obj, &t->ds);
	if (err)
		return bt_load_failed(t, err);
	if (!l->obj.nprogs)
		return bt_error(t, "L0101", "%s holds no program", bt_escz(t, l->object));
	return 0;
}

static int take_path(struct bt *t, const char *word, const char **path)
{
	*path = bt_next(t);
	return *path ? 0 : bt_usage(t, NULL, NULL, "'%s' wants a path", word);
}

/* The verifier's words; they quote source lines, which an object may have from anywhere. */
static void put_log(struct bt *t, struct bu_buf *b, const char *name, const char *log)
{
	size_t n;

	if (!log || !*log)
		return;
	bu_buf_printf(b, "verifier on %s:\n", bt_escz(t, name));
	for (; *log; log += n + (log[n] == '\n')) {
		char *line;

		n = strcspn(log, "\n");
		line = bu_arena_strndup(&t->arena, log, n);
		bu_buf_printf(b, "%s\n", line ? bt_esc_line(t, line) : "?");
	}
}

/* With -d: what the verifier said of each program, the last of which it may have refused. */
static void put_logs(struct bt *t, const struct bt_load *l)
{
	struct bu_buf b = { 0 };

	for (unsigned i = 0; i < l->made.nprogs; i++)
		if (l->made.progs[i].def)
			put_log(t, &b, l->made.progs[i].def->name, l->made.progs[i].log);
	put_log(t, &b, l->object, l->made.log);
	bu_out_flush(&t->out);
	bu_write_all(STDERR_FILENO, b.p, b.n);
	bu_buf_free(&b);
}

int bt_load_run(struct bt *t, struct bt_load *l)
{
	int err = l->typed ? bu_types_apply(&l->obj, &l->type, 1, &t->ds) : 0;

	if (t->debug)
		l->opts.log_level = BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2 | BPF_LOG_STATS;
	if (!err)
		err = bu_plan_make(&l->plan, &l->obj, &l->opts, t->sys, &t->ds);
	if (!err)
		err = bu_load_run(&l->plan, t->sys, &l->made, &t->ds);
	if (t->debug)
		put_logs(t, l);
	bu_sys_tell(t->sys, &t->ds);
	return err ? bt_load_failed(t, err) : 0;
}

/* ---------------------------------------------------------------- words */

static int take_type(struct bt *t, struct bt_load *l)
{
	const char *word = bt_next(t);

	if (!word)
		return bt_usage(t, NULL, NULL, "'type' wants a program type or a section name");
	if (l->typed)
		return bt_usage(t, NULL, NULL, "'type' is given twice");
	l->typed = true;
	if (strchr(word, '=') || bu_type_req_parse(&l->type, word, &t->arena, &t->ds)) {
		if (!t->ds.errors)
			bt_error(t, "L0001", "there is no program type '%s'", bt_escz(t, word));
		return BU_EXIT_USAGE;
	}
	return 0;
}

/* The object's maps in order, without the templates of maps of maps. */
static const char *map_at(const struct bu_obj *o, uint32_t index)
{
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (!o->maps[i].is_inner && !index--)
			return o->maps[i].name;
	return NULL;
}

static const char *map_named(const struct bu_obj *o, const char *name, struct bu_near *near)
{
	const char *found = NULL;

	for (uint32_t i = 0; i < o->nmaps; i++) {
		if (o->maps[i].is_inner)
			continue;
		bu_near_feed(near, o->maps[i].name);
		if (!strcmp(o->maps[i].name, name))
			found = o->maps[i].name;
	}
	return found;
}

/* map {idx N | name NAME} MAP: that map of the object is one that is there already. */
static int take_map(struct bt *t, struct bt_load *l)
{
	const char *name = NULL, *word;
	struct bu_near near;
	struct bt_obj o;
	uint32_t index;
	int st;

	if (bt_kw(t, "idx")) {
		st = bt_read_u32(t, "an index", &index);
		if (st)
			return st;
		name = map_at(&l->obj, index);
		if (!name)
			return bt_error(t, "T0102", "%s has no map with index %u", bt_escz(t, l->object), index);
	} else if (bt_kw(t, "name")) {
		word = bt_next(t);
		if (!word)
			return bt_usage(t, NULL, NULL, "'name' wants a name");
		bu_near_init(&near, word, strlen(word));
		name = map_named(&l->obj, word, &near);
		if (!name) {
			st = bt_error(t, "T0102", "%s has no map '%s'", bt_escz(t, l->object), bt_escz(t, word));
			if (near.best)
				bt_hint(t, "did you mean '%s'?", bt_escz(t, near.best));
			return st;
		}
	} else {
		return bt_usage(t, NULL, NULL, "'map' wants 'idx N' or 'name NAME', and the map to use");
	}
	for (unsigned i = 0; i < l->opts.nmaps; i++)
		if (!strcmp(l->maps[i].name, name))
			return bt_usage(t, NULL, NULL, "map '%s' is given twice", bt_escz(t, name));
	st = bt_handle(t, BU_MAP, 0, &o);
	if (st)
		return st;
	bt_obj_close(t, &o);
	l->maps = bu_arena_grow(&t->arena, l->maps, l->opts.nmaps, &l->cap, sizeof(*l->maps));
	word = bu_arena_printf(&t->arena, "id:%u", o.id);
	if (!l->maps || !word)
		return bt_load_failed(t, -ENOMEM);
	l->maps[l->opts.nmaps++] = (struct bu_map_from){ name, word };
	l->opts.maps = l->maps;
	return 0;
}

static int take_device(struct bt *t, struct bt_load *l, bool bound)
{
	const char *dev = bt_next(t);
	int n;

	if (!dev)
		return bt_usage(t, NULL, NULL, "'%s' wants a device", bound ? "xdpmeta_dev" : "offload_dev");
	if (l->opts.ifindex)
		return bt_usage(t, NULL, NULL, "a program is for one device only");
	n = t->sys->ops->ifindex(t->sys, dev);
	if (n <= 0)
		return bt_error(t, "T0102", "there is no device '%s'", bt_escz(t, dev));
	l->opts.ifindex = (uint32_t)n;
	l->opts.dev_bound = bound;
	return 0;
}

static int read_words(struct bt *t, struct bt_load *l, bool *autoattach)
{
	static const char *const words[] = { "type", "map", "offload_dev", "xdpmeta_dev", "pinmaps", "autoattach",
					     "kernel_btf", NULL };
	int st = 0;

	while (!st && bt_peek(t)) {
		if (bt_kw(t, "type"))
			st = take_type(t, l);
		else if (bt_kw(t, "map"))
			st = take_map(t, l);
		else if (bt_kw(t, "dev") || bt_kw(t, "offload_dev"))
			st = take_device(t, l, false);
		else if (bt_kw(t, "xdpmeta_dev"))
			st = take_device(t, l, true);
		else if (bt_kw(t, "pinmaps"))
			st = take_path(t, "pinmaps", &l->opts.pin_maps);
		else if (bt_kw(t, "autoattach"))
			*autoattach = true;
		else if (bt_kw(t, "kernel_btf"))
			st = take_path(t, "kernel_btf", &l->opts.btf);
		else
			st = bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
	}
	return st;
}

/* ---------------------------------------------------------------- prog load, prog loadall */

/* Maps that no program uses are pinned too, when maps are pinned. */
static int want_all_maps(struct bt *t, struct bt_load *l)
{
	const char **v = bu_arena_array(&t->arena, (size_t)l->obj.nmaps + 1, sizeof(*v));
	unsigned n = 0;

	if (!v)
		return bt_load_failed(t, -ENOMEM);
	for (uint32_t i = 0; i < l->obj.nmaps; i++)
		if (!l->obj.maps[i].is_inner && !l->obj.maps[i].optional)
			v[n++] = l->obj.maps[i].name;
	l->opts.want = v;
	l->opts.nwant = n;
	return 0;
}

static bool is_attached(const struct bu_loaded *m, unsigned prog)
{
	for (unsigned i = 0; i < m->nlinks; i++)
		if (m->links[i].prog == prog)
			return true;
	return false;
}

static void tell_unattached(struct bt *t, const struct bt_load *l)
{
	for (unsigned i = 0; i < l->made.nprogs; i++)
		if (l->made.progs[i].pin && !is_attached(&l->made, i))
			bu_diag(&t->ds, BU_NOTE, "T0120", "program %s does not support autoattach, falling back to pinning",
				bt_escz(t, l->made.progs[i].def->name));
}

static int load(struct bt *t, bool all)
{
	bool autoattach = false;
	struct bt_load l;
	int st;

	bt_load_begin(&l);
	st = bt_load_object(t, &l);
	if (!st)
		st = take_path(t, all ? "loadall" : "load", &l.opts.pin_progs);
	if (!st)
		st = read_words(t, &l, &autoattach);
	if (!st && l.opts.pin_maps)
		st = want_all_maps(t, &l);
	if (!st)
		st = bt_pin_place(t, l.opts.pin_progs);
	if (st)
		goto out;
	l.opts.no_attach = !autoattach;
	l.opts.attach_if = autoattach;
	l.opts.pin_one = !all;
	if (!all) {
		l.only[0] = l.obj.progs[0].name;
		l.opts.only = l.only;
		l.opts.nonly = 1;
	}
	st = bt_load_run(t, &l);
	if (!st && autoattach)
		tell_unattached(t, &l);
out:
	return bt_load_end(t, &l, st);
}

int bt_prog_load(struct bt *t)
{
	return load(t, false);
}

int bt_prog_loadall(struct bt *t)
{
	return load(t, true);
}
