// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps: listing, single elements, freezing. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

const char *bt_kind(struct bt *t, const struct bu_kind *tab, unsigned n, uint32_t num)
{
	const struct bu_kind *k = bu_kind_by_num(tab, n, num);
	const char *s = k ? k->name : bu_arena_printf(&t->arena, "type %u", num);

	return s ? s : "?";
}

void bt_put_kind(struct bt *t, const char *key, const struct bu_kind *tab, unsigned n,
		 uint32_t num, const char *fmt_name, const char *fmt_num)
{
	const struct bu_kind *k = bu_kind_by_num(tab, n, num);

	if (k)
		bu_out_str(&t->out, key, k->name, SIZE_MAX, fmt_name, k->name);
	else
		bu_out_uint(&t->out, key, num, fmt_num, num);
}

/* ---------------------------------------------------------------- show */

/* Which type of program may sit in a prog_array, once one does. */
static void put_owner(struct bt *t, int fd)
{
	long long type, jited;
	struct bt_fdinfo f;

	bt_fdinfo_read(t, fd, &f);
	type = bt_fdinfo_num(f.text, "owner_prog_type");
	jited = bt_fdinfo_num(f.text, "owner_jited");

	if (type < 0 && jited < 0)
		return;
	bu_out_text(&t->out, "\n\t");
	if (type >= 0)
		bt_put_kind(t, "owner_prog_type", bu_prog_types, bu_nprog_types, (uint32_t)type,
			    "owner_prog_type %s  ", "owner_prog_type %u  ");
	if (jited >= 0)
		bu_out_bool(&t->out, "owner_jited", jited > 0, "owner%s jited", jited > 0 ? "" : " not");
}

static void put_map(struct bt *t, const char *key, const struct bpf_map_info *mi, int fd)
{
	struct bu_out *o = &t->out;
	const char *name = bt_name16(t, mi->name);
	long long memlock;
	bool frozen;

	bt_accounted(t, BU_MAP, mi->id, fd, &memlock, &frozen);
	bu_out_obj(o, key);
	bu_out_uint(o, "id", mi->id, "%u: ", mi->id);
	bt_put_kind(t, "type", bu_map_types, bu_nmap_types, mi->type, "%s  ", "type %u  ");
	if (*name)
		bu_out_str(o, "name", name, SIZE_MAX, "name %s  ", bt_escz(t, name));
	bu_out_uint(o, "flags", mi->map_flags, "flags 0x%x", mi->map_flags);
	bt_put_dev(t, mi->ifindex, mi->netns_dev, mi->netns_ino);
	bu_out_text(o, "\n");
	bu_out_uint(o, "bytes_key", mi->key_size, "\tkey %uB", mi->key_size);
	bu_out_uint(o, "bytes_value", mi->value_size, "  value %uB", mi->value_size);
	bu_out_uint(o, "max_entries", mi->max_entries, "  max_entries %u", mi->max_entries);
	if (memlock >= 0)
		bu_out_uint(o, "bytes_memlock", (uint64_t)memlock, "  memlock %lldB", memlock);
	if (mi->type == BPF_MAP_TYPE_PROG_ARRAY)
		put_owner(t, fd);
	bu_out_uint(o, "frozen", frozen, NULL);
	/* upstream's order: in JSON the BTF stands before the pins, as text behind them */
	if (mi->btf_id)
		bu_out_uint(o, "btf_id", mi->btf_id, NULL);
	bt_put_pins(t, BU_MAP, mi->id);
	if (mi->btf_id)
		bu_out_text(o, "\n\tbtf_id %u", mi->btf_id);
	if (frozen)
		bu_out_text(o, "%sfrozen", mi->btf_id ? "  " : "\n\t");
	bt_put_pids(t, BU_MAP, mi->id);
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
}

static int show_one(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);
	int err = fd < 0 ? fd : bu_sys_info(t->sys, fd, &mi, &size);

	if (err)
		return bt_error_row(t, ctx, BU_MAP, id, err);
	put_map(t, ctx, &mi, fd);
	return 0;
}

static int show_objs(struct bt *t, struct bt_objs *all)
{
	bool many = all->n > 1;
	int st = 0, one;
	size_t i;

	bt_begin(t);
	if (many)
		bu_out_arr(&t->out, t->key);
	for (i = 0; i < all->n; i++) {
		one = show_one(t, many ? NULL : (void *)t->key, all->v[i].id, all->v[i].fd);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
	return st;
}

int bt_map_show(struct bt *t)
{
	struct bt_objs all;
	int st;

	if (bt_peek(t)) {
		st = bt_handles(t, BU_MAP, BPF_F_RDONLY, &all);
		if (!st)
			st = bt_end(t);
		if (!st)
			st = show_objs(t, &all);
		bt_objs_close(t, &all);
		return st;
	}
	return bt_list(t, BU_MAP, BPF_F_RDONLY, show_one);
}

/* ---------------------------------------------------------------- elements */

static const char *const elem_words[] = { "key", "value", "any", "exist", "noexist", NULL };

/* What lookup, getnext, update and delete read from the command line. */
struct elem {
	struct bt_obj obj;
	struct bt_map m;
	uint8_t *key, *value; /* of the arena */
	bool has_key, has_value;
	uint64_t flags;
	bool has_flags;
	struct bt_obj held;   /* the map or program that is put into a slot */
};

static int read_key(struct bt *t, struct elem *e)
{
	struct bt_data d = { "key", e->key, e->m.info.key_size, e->m.btf, 0,
			     e->m.info.type == BPF_MAP_TYPE_LPM_TRIE };

	if (e->has_key)
		return bt_usage(t, NULL, NULL, "key is given twice");
	if (!d.n)
		return bt_usage(t, NULL, NULL, "elements of map %u have no key", e->m.info.id);
	if (d.btf)
		d.type = e->m.info.btf_key_type_id;
	e->has_key = true;
	return bt_read_data(t, &d, elem_words);
}

/* Parts of a value change the element that is there, or make one of zeros; of per-CPU values each. */
static int read_value_parts(struct bt *t, struct elem *e, struct bt_data *d)
{
	int at = t->i, st = 0;
	int err = e->has_key || !e->m.info.key_size ? 0 : -EINVAL;

	if (err)
		return bt_usage(t, NULL, NULL, "parts of a value want the key in front: key DATA value %s",
				bt_escz(t, bt_peek(t)));
	err = bu_sys_map_lookup(t->sys, e->m.fd, e->m.info.key_size ? e->key : NULL, e->value, 0);
	if (err && err != -ENOENT)
		return bt_refused(t, BPF_MAP_LOOKUP_ELEM, err, "cannot read the element of map %u that is to change",
				  e->m.info.id);
	for (unsigned c = 0; !st && c < e->m.ncpus; c++) {
		t->i = at;
		d->p = e->value + c * e->m.stride;
		st = bt_read_data(t, d, elem_words);
	}
	return st;
}

static int read_value(struct bt *t, struct elem *e)
{
	struct bt_data d = { "value", e->value, e->m.info.value_size, e->m.btf, 0, false };
	unsigned c;
	int st;

	if (e->has_value)
		return bt_usage(t, NULL, NULL, "value is given twice");
	e->has_value = true;
	if (e->m.of_maps || e->m.of_progs) {
		st = bt_handle(t, e->m.of_maps ? BU_MAP : BU_PROG, 0, &e->held);
		if (!st)
			bu_put32(e->value, BU_HOST_BE, (uint32_t)e->held.fd);
		return st;
	}
	if (d.btf)
		d.type = e->m.info.btf_value_type_id;
	if (bt_data_part(t, &d))
		return read_value_parts(t, e, &d);
	st = bt_read_data(t, &d, elem_words);
	/* one value for all CPUs */
	for (c = 1; !st && c < e->m.ncpus; c++)
		memcpy(e->value + c * e->m.stride, e->value, d.n);
	return st;
}

static int read_elem(struct bt *t, struct elem *e, uint32_t open_flags, bool want_value)
{
	int st = bt_handle(t, BU_MAP, open_flags, &e->obj);

	e->held.fd = -1;
	if (!st)
		st = bt_map_open(t, &e->m, e->obj.fd);
	if (st)
		return st;
	e->key = bu_arena_alloc(&t->arena, e->m.info.key_size + 8);
	e->value = bu_arena_alloc(&t->arena, e->m.vsize + 8);
	if (!e->key || !e->value)
		return bt_refused(t, -1, -ENOMEM, "cannot hold an element of map %u", e->m.info.id);
	while (!st && bt_peek(t)) {
		if (bt_kw(t, "key"))
			st = read_key(t, e);
		else if (want_value && bt_kw(t, "value"))
			st = read_value(t, e);
		else if (want_value && !e->has_flags && bt_kw(t, "any"))
			e->has_flags = true;
		else if (want_value && !e->has_flags && bt_kw(t, "exist")) {
			e->has_flags = true;
			e->flags = BPF_EXIST;
		} else if (want_value && !e->has_flags && bt_kw(t, "noexist")) {
			e->has_flags = true;
			e->flags = BPF_NOEXIST;
		} else
			st = bt_usage(t, bt_peek(t), elem_words, "'%s' is not expected here",
				      bt_escz(t, bt_peek(t)));
	}
	if (!st && e->m.info.key_size && !e->has_key && want_value)
		st = bt_usage(t, NULL, NULL, "the key is missing: key DATA");
	if (!st && want_value && !e->has_value && e->m.info.value_size)
		st = bt_usage(t, NULL, NULL, "the value is missing: value DATA");
	return st;
}

static void elem_done(struct bt *t, struct elem *e)
{
	bt_obj_close(t, &e->held);
	bt_obj_close(t, &e->obj);
	bt_map_done(&e->m);
}

static void put_key(struct bt *t, const char *name, const char *head, const uint8_t *p, size_t n)
{
	struct bu_buf b = { 0 };

	if (t->json) {
		bt_put_bytes(t, &b, name, p, n);
	} else {
		bt_hex(&b, p, n);
		bu_out_text(&t->out, "%s\n%s\n", head, bu_buf_cstr(&b));
	}
	bu_buf_free(&b);
}

/* The backend refused something about an element. */
static int elem_refused(struct bt *t, const struct elem *e, int cmd, int err, const char *what)
{
	bool owner = err == -EBADF && bt_is_storage(e->m.info.type);
	int st = bt_refused(t, owner ? -1 : cmd, err, "cannot %s map %u", what, e->m.info.id);

	if (owner)
		bt_hint(t, "a key of local storage is a descriptor of its owner that this process has open: a pidfd, a "
			"control group's directory, a socket, a file; 'map dump' asks all owners");
	return st;
}

/* The key of a look-up; queues and stacks have none. */
static const uint8_t *elem_key(const struct elem *e)
{
	return e->m.info.key_size ? e->key : NULL;
}

static void put_elem(struct bt *t, struct elem *e)
{
	bt_begin(t);
	bt_put_elem(t, &e->m, t->key, e->key, e->value, 0);
	if (e->m.btf)
		bu_out_text(&t->out, "\n");
}

int bt_map_lookup(struct bt *t)
{
	struct elem e = { .obj.fd = -1, .held.fd = -1 };
	int st, err;

	st = read_elem(t, &e, BPF_F_RDONLY, false);
	if (!st && e.m.info.key_size && !e.has_key)
		st = bt_usage(t, NULL, NULL, "the key is missing: key DATA");
	if (st)
		goto out;
	err = bu_sys_map_lookup(t->sys, e.m.fd, elem_key(&e), e.value, 0);
	if (!err) {
		put_elem(t, &e);
	} else if (err == -ENOENT) {
		bt_begin(t);
		bu_out_null(&t->out, t->key);
		if (!t->json) {
			put_key(t, NULL, "key:", e.key, e.m.info.key_size);
			bu_out_text(&t->out, "\nNot found\n");
		}
		st = BU_EXIT_FAIL;
	} else {
		st = elem_refused(t, &e, BPF_MAP_LOOKUP_ELEM, err, "look into");
	}
out:
	elem_done(t, &e);
	return st;
}

/* Queues and stacks: what would be taken next. */
int bt_map_peek(struct bt *t)
{
	return bt_map_lookup(t);
}

/* Takes an element out: the next of a queue or stack, or that of a key. */
int bt_map_pop(struct bt *t)
{
	struct elem e = { .obj.fd = -1, .held.fd = -1 };
	int st, err;

	st = read_elem(t, &e, 0, false);
	if (!st && e.m.info.key_size && !e.has_key)
		st = bt_usage(t, NULL, NULL, "the key is missing: key DATA");
	if (st)
		goto out;
	err = bu_sys_map_take(t->sys, e.m.fd, elem_key(&e), e.value);
	if (!err) {
		put_elem(t, &e);
	} else if (err == -ENOENT) {
		if (t->json) {
			bt_begin(t);
			bu_out_null(&t->out, t->key);
		}
		st = bt_error(t, "T0102", e.has_key ? "map %u does not have this key" : "map %u is empty",
			      e.m.info.id);
	} else {
		st = bt_refused(t, BPF_MAP_LOOKUP_AND_DELETE_ELEM, err, "cannot take from map %u",
				e.m.info.id);
	}
out:
	elem_done(t, &e);
	return st;
}

int bt_map_getnext(struct bt *t)
{
	struct elem e = { .obj.fd = -1, .held.fd = -1 };
	uint8_t *nk;
	int st, err;

	st = read_elem(t, &e, BPF_F_RDONLY, false);
	if (st)
		goto out;
	nk = bu_arena_alloc(&t->arena, e.m.info.key_size + 8);
	err = nk ? bu_sys_map_next_key(t->sys, e.m.fd, e.has_key ? e.key : NULL, nk) : -ENOMEM;
	if (err == -ENOENT) {
		st = bt_error(t, "T0102", e.has_key ? "no key follows that one in map %u: %s" :
						      "map %u is empty: %s", e.m.info.id, bt_strerror(err));
	} else if (err) {
		st = bt_refused(t, BPF_MAP_GET_NEXT_KEY, err, "cannot walk map %u", e.m.info.id);
	} else {
		bt_begin(t);
		bu_out_obj(&t->out, t->key);
		if (e.has_key) {
			put_key(t, "key", "key:", e.key, e.m.info.key_size);
		} else {
			bu_out_null(&t->out, "key");
			bu_out_text(&t->out, "key: None\n");
		}
		put_key(t, "next_key", "next key:", nk, e.m.info.key_size);
		bu_out_obj_end(&t->out);
	}
out:
	elem_done(t, &e);
	return st;
}

int bt_map_update(struct bt *t)
{
	struct elem e = { .obj.fd = -1, .held.fd = -1 };
	int st, err;

	st = read_elem(t, &e, 0, true);
	if (st)
		goto out;
	err = bu_sys_map_update(t->sys, e.m.fd, e.m.info.key_size ? e.key : NULL, e.value, e.flags);
	if (err == -EEXIST)
		st = bt_error(t, "T0106", "map %u has this key already: %s", e.m.info.id, bt_strerror(err));
	else if (err == -ENOENT)
		st = bt_error(t, "T0106", "map %u does not have this key: %s", e.m.info.id, bt_strerror(err));
	else if (err == -E2BIG && !e.m.info.key_size) {
		st = bt_error(t, "T0106", "map %u is full: max_entries is %u", e.m.info.id,
			      e.m.info.max_entries);
		bt_hint(t, "with 'exist' the oldest element makes room");
	} else if (err == -E2BIG)
		st = bt_error(t, "T0106", "map %u has no place for this key: max_entries is %u: %s",
			      e.m.info.id, e.m.info.max_entries, bt_strerror(err));
	else if (err)
		st = elem_refused(t, &e, BPF_MAP_UPDATE_ELEM, err, "update");
out:
	elem_done(t, &e);
	return st;
}

/* Puts an element into a queue or stack. */
int bt_map_push(struct bt *t)
{
	return bt_map_update(t);
}

int bt_map_delete(struct bt *t)
{
	struct elem e = { .obj.fd = -1, .held.fd = -1 };
	int st, err;

	st = read_elem(t, &e, 0, false);
	if (!st && !e.has_key)
		st = bt_usage(t, NULL, NULL, "the key is missing: key DATA");
	if (st)
		goto out;
	err = bu_sys_map_delete(t->sys, e.m.fd, e.key);
	if (err == -ENOENT)
		st = bt_error(t, "T0102", "map %u does not have this key: %s", e.m.info.id, bt_strerror(err));
	else if (err)
		st = elem_refused(t, &e, BPF_MAP_DELETE_ELEM, err, "delete from");
out:
	elem_done(t, &e);
	return st;
}

/* ---------------------------------------------------------------- freeze, pin */

int bt_map_freeze(struct bt *t)
{
	struct bt_obj o;
	int st = bt_handle(t, BU_MAP, 0, &o), err;

	if (!st)
		st = bt_end(t);
	if (st)
		goto out;
	err = bu_sys_map_freeze(t->sys, o.fd);
	if (err)
		st = bt_refused(t, BPF_MAP_FREEZE, err, "cannot freeze map %u", o.id);
	if (err == -EBUSY)
		bt_hint(t, "somebody has it mapped for writing, or it is frozen already");
	else if (err == -EPERM)
		bt_hint(t, "a map that is frozen already cannot be frozen again");
out:
	bt_obj_close(t, &o);
	return st;
}

int bt_map_pin(struct bt *t)
{
	return bt_pin(t, BU_MAP);
}
