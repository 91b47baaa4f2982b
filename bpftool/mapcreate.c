// SPDX-License-Identifier: GPL-2.0-or-later
/* map create. */
#include <string.h>

#include "tool.h"

const struct bt_map_flag bt_map_flags[] = {
#define FLAG(bit, name) { 1u << (bit), name },
#include "mapflag.def"
#undef FLAG
	{ 0, NULL },
};

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

static int read_map_type(struct bt *t, uint32_t *type)
{
	const char *w = bt_next(t);
	const char **names;
	const struct bu_kind *k;
	unsigned i;

	if (!w)
		return bt_usage(t, NULL, NULL, "'type' wants a map type");
	k = bu_kind_by_name(bu_map_types, bu_nmap_types, bu_str_c(w));
	if (k) {
		*type = k->num;
		return 0;
	}
	names = bu_arena_array(&t->arena, bu_nmap_types + 1, sizeof(*names));
	for (i = 0; names && i < bu_nmap_types; i++)
		names[i] = bu_map_types[i].name;
	return bt_usage(t, w, names, "'%s' is no map type", bt_escz(t, w));
}

static int read_map_name(struct bt *t, union bpf_attr *a)
{
	const char *w = bt_next(t);
	size_t n = w ? strlen(w) : 0;

	if (!w)
		return bt_usage(t, NULL, NULL, "'name' wants a name");
	if (n >= BPF_OBJ_NAME_LEN)
		return bt_error(t, "T0104", "the name '%s' is too long: %u characters at most",
				bt_escz(t, w), (unsigned)BPF_OBJ_NAME_LEN - 1);
	if (w[strspn(w, NAME_CHARS)])
		return bt_error(t, "T0104", "the name '%s' has a character that the kernel does not take: names are of letters, "
				"digits, '_' and '.'", bt_escz(t, w));
	memcpy(a->map_name, w, n + 1);
	return 0;
}

/* One flag: its number, its name, or the name that C has for it. */
static int read_flag(struct bt *t, const char *w, size_t n, uint32_t *flags)
{
	const struct bt_map_flag *f;
	const char *names[sizeof(bt_map_flags) / sizeof(bt_map_flags[0])], *word;
	size_t skip = n > 6 && !strncasecmp(w, "BPF_F_", 6) ? 6 : 0;
	uint64_t v;
	int k = 0;

	if (!bu_str_u64(bu_str(w, n), &v, NULL) && v <= UINT32_MAX) {
		*flags |= (uint32_t)v;
		return 0;
	}
	for (f = bt_map_flags; f->name; f++) {
		if (n - skip == strlen(f->name) && !strncasecmp(w + skip, f->name, n - skip)) {
			*flags |= f->flag;
			return 0;
		}
		names[k++] = f->name;
	}
	names[k] = NULL;
	word = bu_arena_strndup(&t->arena, w + skip, n - skip);
	return bt_usage(t, word, names, "'%s' is neither a number nor a flag of maps", bt_esc(t, w, n));
}

/* Flags joined by commas or bars. */
static int read_flags(struct bt *t, uint32_t *flags)
{
	const char *w = bt_next(t);
	size_t n;
	int st = 0;

	if (!w)
		return bt_usage(t, NULL, NULL, "'flags' wants numbers or names, joined by ','");
	for (; !st; w += n + 1) {
		n = strcspn(w, ",|");
		st = read_flag(t, w, n, flags);
		if (!w[n])
			break;
	}
	return st;
}

static int read_dev(struct bt *t, uint32_t *ifindex)
{
	const char *w = bt_next(t);
	int n;

	if (!w)
		return bt_usage(t, NULL, NULL, "'dev' wants the name of a device");
	n = t->sys->ops->ifindex(t->sys, w);
	if (n < 0)
		return bt_refused(t, -1, n, "cannot find the device '%s'", bt_escz(t, w));
	*ifindex = (uint32_t)n;
	return 0;
}

static int read_extra(struct bt *t, uint64_t *v)
{
	const char *w = bt_next(t);

	if (!w || bu_str_u64(bu_str_c(w), v, NULL))
		return bt_usage(t, NULL, NULL, "'map_extra' wants a number");
	return 0;
}

/* The next word may be one of the list, but not a second time; of names the last counts, as always in bpftool. */
static int once(struct bt *t, const char *const *words, unsigned *seen)
{
	for (unsigned i = 0; words[i]; i++) {
		if (!bt_is(t, words[i]))
			continue;
		if (*seen & 1u << i && strcmp(words[i], "name") != 0)
			return bt_usage(t, NULL, NULL, "%s is given twice", words[i]);
		*seen |= 1u << i;
		return 0;
	}
	return 0;
}

static int read_create(struct bt *t, union bpf_attr *a, struct bt_obj *inner)
{
	static const char *const words[] = { "type", "key", "value", "entries", "name", "flags", "inner_map",
					     "offload_dev", "dev", "numa_node", "map_extra", NULL };
	bool has_type = false;
	unsigned seen = 0;
	int st = 0;

	while (!st && bt_peek(t)) {
		st = once(t, words, &seen);
		if (st)
			break;
		if (bt_kw(t, "type")) {
			st = read_map_type(t, &a->map_type);
			has_type = true;
		} else if (bt_kw(t, "key"))
			st = bt_read_u32(t, "a key size in bytes", &a->key_size);
		else if (bt_kw(t, "value"))
			st = bt_read_u32(t, "a value size in bytes", &a->value_size);
		else if (bt_kw(t, "entries"))
			st = bt_read_u32(t, "a number of entries", &a->max_entries);
		else if (bt_kw(t, "name"))
			st = read_map_name(t, a);
		else if (bt_kw(t, "flags"))
			st = read_flags(t, &a->map_flags);
		else if (bt_kw(t, "inner_map")) {
			st = bt_handle(t, BU_MAP, BPF_F_RDONLY, inner); /* what it looks like is all that counts */
			a->inner_map_fd = (uint32_t)inner->fd;
		} else if (bt_kw(t, "offload_dev") || bt_kw(t, "dev"))
			st = read_dev(t, &a->map_ifindex);
		else if (bt_kw(t, "numa_node")) {
			st = bt_read_u32(t, "the number of a memory node", &a->numa_node);
			a->map_flags |= BPF_F_NUMA_NODE;
		} else if (bt_kw(t, "map_extra"))
			st = read_extra(t, &a->map_extra);
		else
			st = bt_usage(t, bt_peek(t), words, "'%s' is not expected here",
				      bt_escz(t, bt_peek(t)));
	}
	if (!st && !has_type)
		st = bt_usage(t, NULL, NULL, "the map's type is missing: type TYPE");
	return st;
}

int bt_map_create(struct bt *t)
{
	const char *path = bt_next(t);
	struct bt_obj inner = { 0, -1 };
	union bpf_attr a;
	int st, err, fd = -1;

	memset(&a, 0, sizeof(a));
	if (!path)
		return bt_usage(t, NULL, NULL, "'map create' wants a path to pin the map at");
	st = read_create(t, &a, &inner);
	if (st)
		goto out;
	st = bt_pin_place(t, path);
	if (st)
		goto out;
	fd = bu_sys_map_create(t->sys, &a);
	if (fd < 0) {
		st = bt_refused(t, BPF_MAP_CREATE, fd, "cannot create a %s map",
				bt_kind(t, bu_map_types, bu_nmap_types, a.map_type));
		if (fd == -EINVAL)
			bt_hint(t, "key %u, value %u, entries %u, flags 0x%x: one of them does not go "
				"with this type", a.key_size, a.value_size, a.max_entries, a.map_flags);
		goto out;
	}
	err = bu_sys_pin(t->sys, fd, path);
	if (err)
		st = bt_refused(t, BPF_OBJ_PIN, err, "cannot pin the map at '%s'", bt_escz(t, path));
out:
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	bt_obj_close(t, &inner);
	return st;
}
