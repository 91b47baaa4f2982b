/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One operation on one side. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL 0xaa

static const char *const names[NWHATS] = {
	"lookup", "update", "delete", "next_key", "lookup_and_delete", "walk", "lookup_batch",
	"lookup_and_delete_batch", "update_batch", "delete_batch", "freeze", "info", "mmap",
};

const char *what_name(enum what w)
{
	return names[w];
}

int map_open(struct side *side, const struct round *r)
{
	struct bu_sys *s = side->s;
	struct bpf_map_info info;
	uint32_t size = sizeof(info);
	union bpf_attr a;

	side->fd[0] = side->fd[1] = side->fd[2] = -1;
	side->row = r->t->percpu ? (r->value_size + 7) / 8 * 8 * (uint32_t)side->ncpus : r->value_size;
	memset(&a, 0, sizeof(a));
	a.map_type = r->t->type;
	a.key_size = r->key_size;
	a.value_size = r->value_size;
	a.max_entries = r->max_entries;
	a.map_flags = r->flags;
	memcpy(a.map_name, "model", 6);
	if (r->t->values == VALUES_MAPS)
		a.inner_map_fd = (uint32_t)side->pool[0];
	if (r->lock_btf || r->t->keys == KEYS_FDS) {
		a.btf_fd = (uint32_t)side->btf;
		a.btf_key_type_id = 1;
		a.btf_value_type_id = r->timer ? 7 : r->lock_btf ? 3 : r->value_size == 4 ? 1 : 4;
	}
	if (r->t->values == VALUES_OPS)
		a.btf_fd = (uint32_t)side->btf, a.btf_vmlinux_value_type_id = side->ops_value;
	side->made = s->ops->bpf(s, BPF_MAP_CREATE, &a, sizeof(a));
	if (side->made < 0)
		return side->made;
	side->fd[0] = side->made;
	side->sockets = r->t->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ? r->max_entries :
			r->t->type == BPF_MAP_TYPE_STRUCT_OPS ? 1 : 0;
	memset(&info, 0, sizeof(info));
	if (!bu_sys_info(s, side->made, &info, &size)) {
		side->fd[1] = bu_sys_fd_by_id(s, BU_MAP, info.id, BPF_F_RDONLY);
		side->fd[2] = bu_sys_fd_by_id(s, BU_MAP, info.id, BPF_F_WRONLY);
	}
	return 0;
}

void map_close(struct side *side)
{
	/* Of sockets the kernel forgets later that they were in a map that is closed. */
	for (uint32_t i = 0; side->sockets && side->fd[0] >= 0 && i < side->sockets; i++)
		bu_sys_map_delete(side->s, side->fd[0], &i);

	for (unsigned i = 0; i < 3; i++)
		if (side->fd[i] >= 0)
			side->s->ops->close(side->s, side->fd[i]);
}

static uint8_t *room(struct result *res, size_t n)
{
	if (res->size + n > res->room) {
		res->room = (res->size + n) * 2;
		res->out = realloc(res->out, res->room);
		if (!res->out)
			exit(1);
	}
	res->size += n;
	return res->out + res->size - n;
}

static void add(struct result *res, const void *p, size_t n)
{
	memcpy(room(res, n), p, n);
}

/* Ids differ: the place in the pool is told instead. Rows of CPUs that the other side has not, go. */
static void add_value(const struct side *side, const struct round *r, const uint8_t *v, struct result *res)
{
	uint32_t id, k;

	if (r->t->values == VALUES_OPS && side->row == OPS_SIZE) {
		for (uint32_t off = 0; off < OPS_SIZE; off += 8) {
			uint64_t w;

			memcpy(&w, v + off, 8);
			for (k = 0; is_ops_func(off) && k < POOL; k++)
				if (w && w == side->pool_id[k])
					w = 0x1000 + k;
			add(res, &w, 8);
		}
		return;
	}
	if (r->t->values == VALUES_DEVS && r->value_size == 8) {
		add(res, v, 4);
		v += 4;
	} else if (!are_ids(r->t->values)) {
		add(res, v, side->row);
		return;
	}
	memcpy(&id, v, 4);
	for (k = 0; k < POOL && (!id || side->pool_id[k] != id); k++)
		;
	if (k < POOL)
		id = 0x1000 + k;
	add(res, &id, 4);
}

static int call(const struct side *side, int cmd, union bpf_attr *a)
{
	return side->s->ops->bpf(side->s, cmd, a, sizeof(*a));
}

static int elem(const struct side *side, int fd, int cmd, const void *key, void *value, uint64_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)fd;
	a.key = (uintptr_t)key;
	a.value = (uintptr_t)value;
	a.flags = flags;
	return call(side, cmd, &a);
}

static int next(const struct side *side, int fd, const void *key, void *to)
{
	return elem(side, fd, BPF_MAP_GET_NEXT_KEY, key, to, 0);
}

/* All keys with their values, one after the other. */
static void walk(const struct side *side, const struct round *r, int fd, struct result *res)
{
	uint8_t key[MAX_KEY], to[MAX_KEY], *v = malloc(side->row + 1);
	uint32_t k = 0;
	int err;

	res->sorted = !r->t->ordered;
	res->ret = next(side, fd, NULL, key);
	while (!res->ret && k++ < r->max_entries + 8) {
		memset(v, FILL, side->row);
		add(res, key, r->key_size);
		err = elem(side, fd, BPF_MAP_LOOKUP_ELEM, key, v, 0);
		add(res, &err, sizeof(err));
		add_value(side, r, v, res);
		res->ret = next(side, fd, key, to);
		memcpy(key, to, r->key_size);
	}
	res->elements = k + 1;
	free(v);
}

static int batch(const struct side *side, int fd, int cmd, const void *in, void *out, void *keys,
		 void *values, uint32_t *count, uint64_t flags)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (uint32_t)fd;
	a.batch.in_batch = (uintptr_t)in;
	a.batch.out_batch = (uintptr_t)out;
	a.batch.keys = (uintptr_t)keys;
	a.batch.values = (uintptr_t)values;
	a.batch.count = *count;
	a.batch.elem_flags = flags;
	err = call(side, cmd, &a);
	*count = a.batch.count;
	return err;
}

/* Where elements have an order: one call, all that it wrote. */
static void batch_once(const struct side *side, const struct round *r, const struct op *op, int fd,
		       int cmd, struct result *res)
{
	uint32_t n = op->n, ks = r->key_size, vs = side->row;
	uint8_t in[MAX_KEY], out[MAX_KEY], *keys = malloc(ks * MAX_BATCH + 1), *v = malloc((size_t)vs * MAX_BATCH + 1);

	key_make(r, side, op->key, in);
	memset(out, FILL, sizeof(out));
	memset(keys, FILL, ks * MAX_BATCH);
	memset(v, FILL, (size_t)vs * MAX_BATCH);
	res->ret = batch(side, fd, cmd, op->nokey || op->value % 2 ? NULL : in, out, keys, v, &n, op->flags);
	add(res, &n, 4);
	add(res, out, sizeof(out));
	add(res, keys, ks * MAX_BATCH);
	for (uint32_t i = 0; i < MAX_BATCH; i++)
		add_value(side, r, v + (size_t)i * vs, res);
	res->elements = n < MAX_BATCH ? n + 1 : 1;
	free(keys);
	free(v);
}

/* Of hash tables: all of it in calls of op->n elements, or more where a bucket needs it. */
static void batch_all(const struct side *side, const struct round *r, const struct op *op, int fd,
		      int cmd, struct result *res)
{
	uint32_t n = op->n, ks = r->key_size, vs = side->row, got, total = 0, pos = 0, rounds = 0;
	uint8_t *keys = NULL, *v = NULL;
	bool first = true;
	int err;

	do {
		keys = realloc(keys, (size_t)ks * n + 1);
		v = realloc(v, (size_t)vs * n + 1);
		got = n;
		err = batch(side, fd, cmd, first ? NULL : &pos, &pos, keys, v, &got, op->flags);
		if (err == -ENOSPC && n < 4096) {
			n *= 2;
			continue;
		}
		first = false;
		if (err && err != -ENOENT)
			break;
		for (uint32_t i = 0; i < got && i < n; i++) {
			int fine = 0;

			add(res, keys + (size_t)i * ks, ks);
			add(res, &fine, sizeof(fine));
			add_value(side, r, v + (size_t)i * vs, res);
		}
		total += got;
	} while ((!err || err == -ENOSPC) && n && rounds++ < 100000);
	res->sorted = true;
	res->ret = err;
	res->elements = total + 1;
	free(keys);
	free(v);
}

static void batch_change(const struct side *side, const struct round *r, const struct op *op, int fd,
			 int cmd, struct result *res)
{
	uint32_t n = op->n, ks = r->key_size, vs = side->row;
	uint8_t *keys = malloc((size_t)ks * (n + 1) + MAX_KEY), *v = malloc((size_t)vs * (n + 1) + 64);

	for (uint32_t i = 0; i < n; i++) {
		key_make(r, side, (op->key + i * (1 + op->value % 3)) % r->space, keys + (size_t)i * ks);
		value_make(r, side, op->value % (POOL - 2) + 8 * i, v + (size_t)i * vs);
	}
	/* One that fails in the middle, sometimes. */
	if (are_fds(r->t) && n && !(op->value % 16))
		value_make(r, side, op->value, v + (size_t)(n / 2) * vs);
	res->ret = batch(side, fd, cmd, NULL, NULL, keys, v, &n, op->flags);
	add(res, &n, 4);
	res->elements = n <= op->n ? n + 1 : 1;
	free(keys);
	free(v);
}

static void info(const struct side *side, int fd, struct result *res)
{
	struct bpf_map_info i;
	uint32_t size = sizeof(i);

	memset(&i, 0, sizeof(i));
	res->ret = bu_sys_info(side->s, fd, &i, &size);
	i.id = i.btf_id = 0;
	add(res, &i.type, 4);
	add(res, &i.key_size, 4);
	add(res, &i.value_size, 4);
	add(res, &i.max_entries, 4);
	add(res, &i.map_flags, 4);
	add(res, i.name, sizeof(i.name));
	add(res, &i.btf_key_type_id, 4);
	add(res, &i.btf_value_type_id, 4);
}

static void map(const struct side *side, const struct round *r, const struct op *op, int fd, struct result *res)
{
	size_t len = (size_t)op->n * 4096;
	uint64_t off = op->value % 4 ? 4096ull * (op->value % 4 - 1) : op->value % 16 ? 0 : 100;
	bool writable = op->key % 3 == 0;
	uint8_t *p;

	if (!(op->value % 32))
		len += 17;
	p = side->s->ops->mmap(side->s, fd, len, writable, off, &res->ret);
	if (!p)
		return;
	res->ret = 0;
	if (r->t->type == BPF_MAP_TYPE_ARENA && r->flags & BPF_F_SEGV_ON_FAULT) {
		/* has nothing yet */
	} else if (r->t->type == BPF_MAP_TYPE_ARRAY) {
		if (writable)
			p[op->key % len] = (uint8_t)op->value;
		add(res, p, len);
	} else if (writable) {
		p[100] = (uint8_t)op->value;
	} else {
		add(res, p, 1);
	}
	side->s->ops->munmap(side->s, p, len);
}

void op_run(const struct side *side, const struct round *r, const struct op *op, struct result *res)
{
	int fd = side->fd[op->fd] >= 0 ? side->fd[op->fd] : side->fd[0];
	uint8_t key[MAX_KEY], to[MAX_KEY], *v = malloc(side->row + 64);
	const uint8_t *k = op->nokey ? NULL : key;

	res->size = 0;
	res->elements = 1;
	res->sorted = false;
	key_make(r, side, op->key, key);
	memset(v, FILL, side->row);
	memset(to, FILL, sizeof(to));
	switch (op->what) {
	case LOOKUP:
	case TAKE:
		res->ret = elem(side, fd, op->what == TAKE ? BPF_MAP_LOOKUP_AND_DELETE_ELEM :
							     BPF_MAP_LOOKUP_ELEM, k, v, op->flags);
		add_value(side, r, v, res);
		break;
	case UPDATE:
		value_make(r, side, op->value, v);
		res->ret = elem(side, fd, BPF_MAP_UPDATE_ELEM, k, v, op->flags);
		break;
	case ERASE:
		res->ret = elem(side, fd, BPF_MAP_DELETE_ELEM, k, NULL, op->value % 50 ? 0 : op->flags);
		break;
	case NEXT:
		res->ret = next(side, fd, k, to);
		if (r->t->ordered)
			add(res, to, sizeof(to));
		else if (k && res->ret == -ENOENT)
			res->ret = 0; /* the last one of this side */
		break;
	case WALK:
		walk(side, r, fd, res);
		break;
	case LOOKUP_BATCH:
	case TAKE_BATCH:
		(r->t->ordered ? batch_once : batch_all)(
			side, r, op, fd,
			op->what == LOOKUP_BATCH ? BPF_MAP_LOOKUP_BATCH : BPF_MAP_LOOKUP_AND_DELETE_BATCH,
			res);
		break;
	case UPDATE_BATCH:
		batch_change(side, r, op, fd, BPF_MAP_UPDATE_BATCH, res);
		break;
	case ERASE_BATCH:
		batch_change(side, r, op, fd, BPF_MAP_DELETE_BATCH, res);
		break;
	case FREEZE:
		res->ret = bu_sys_map_freeze(side->s, fd);
		break;
	case INFO:
		info(side, fd, res);
		break;
	case MMAP:
		map(side, r, op, fd, res);
		break;
	}
	free(v);
}

void op_print(const struct round *r, const struct op *op)
{
	uint8_t key[MAX_KEY];

	key_make(r, NULL, op->key, key);
	printf("#   %s fd %s", what_name(op->what), op->fd == 0 ? "rw" : op->fd == 1 ? "ro" : "wo");
	if (op->nokey) {
		printf(" key NULL");
	} else {
		printf(" key ");
		for (uint32_t i = 0; i < r->key_size && i < 20; i++)
			printf("%02x", key[i]);
	}
	printf(" (%u) value %u n %u flags %#llx\n", op->key, op->value, op->n,
	       (unsigned long long)op->flags);
}
