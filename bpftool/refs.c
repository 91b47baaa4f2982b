// SPDX-License-Identifier: GPL-2.0-or-later
/* Who holds an object open, and where it is pinned. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

struct bt_refs {
	struct bt_ref *v;
	size_t n, cap;
	struct bt *t;
	int self;         /* this process, which holds what it looks at */
};

static bool add(struct bt_refs *r, enum bu_objkind kind, uint32_t id, int pid, const char *text)
{
	struct bt_ref *v = bu_arena_grow(&r->t->arena, r->v, r->n, &r->cap, sizeof(*v));

	if (!v)
		return false;
	r->v = v;
	v[r->n++] = (struct bt_ref){ kind, id, pid, bu_arena_strdup(&r->t->arena, text), -1, false };
	return true;
}

static bool add_holder(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm, int fd)
{
	struct bt_refs *r = ctx;
	const char *info = r->t->sys->holder_info;

	(void)fd;
	if (pid == r->self)
		return true;
	if (!add(r, kind, id, pid, comm))
		return false;
	if (info) {
		r->v[r->n - 1].memlock = bt_fdinfo_num(info, "memlock");
		r->v[r->n - 1].frozen = bt_fdinfo_num(info, "frozen") > 0;
	}
	return true;
}

static bool add_pin(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	return add(ctx, kind, id, 0, path);
}

static int by_id(const void *va, const void *vb)
{
	const struct bt_ref *a = va, *b = vb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return strcmp(a->text ? a->text : "", b->text ? b->text : "");
}

/* Reads all of them once a command; on a failure there are fewer, which is no error of a listing. */
static struct bt_refs *load(struct bt *t, bool pins)
{
	struct bt_refs *r = bu_arena_alloc(&t->arena, sizeof(*r));

	if (!r)
		return NULL;
	r->t = t;
	r->self = getpid();
	if (pins)
		t->sys->ops->pins(t->sys, add_pin, r);
	else
		t->sys->ops->holders(t->sys, add_holder, r);
	if (r->n)
		qsort(r->v, r->n, sizeof(*r->v), by_id);
	return r;
}

/* First reference to the object; the others follow it. */
static const struct bt_ref *find(const struct bt_refs *r, enum bu_objkind k, uint32_t id)
{
	size_t lo = 0, hi = r->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct bt_ref *m = &r->v[mid];

		if (m->kind < k || (m->kind == k && m->id < id))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->n && r->v[lo].kind == k && r->v[lo].id == id ? &r->v[lo] : NULL;
}

static const struct bt_ref *next(const struct bt_refs *r, const struct bt_ref *at)
{
	const struct bt_ref *n = at + 1;

	return n < r->v + r->n && n->kind == at->kind && n->id == at->id ? n : NULL;
}

/* The references to the object, each once, and their number. */
static const struct bt_ref *all(const struct bt_refs *r, enum bu_objkind k, uint32_t id, size_t *n)
{
	const struct bt_ref *first = r ? find(r, k, id) : NULL, *p;

	*n = 0;
	for (p = first; p; p = next(r, p))
		++*n;
	return first;
}

const struct bt_ref *bt_holders(struct bt *t, enum bu_objkind k, uint32_t id, size_t *n)
{
	if (!t->holders)
		t->holders = load(t, false);
	return all(t->holders, k, id, n);
}

const struct bt_ref *bt_pins(struct bt *t, enum bu_objkind k, uint32_t id, size_t *n)
{
	if (!t->pinned)
		t->pinned = load(t, true);
	return all(t->pinned, k, id, n);
}

void bt_put_pins(struct bt *t, enum bu_objkind k, uint32_t id)
{
	const struct bt_ref *p;
	const char *last = NULL;

	if (!t->pins)
		return;
	if (!t->pinned)
		t->pinned = load(t, true);
	p = t->pinned ? find(t->pinned, k, id) : NULL;
	bu_out_arr(&t->out, "pinned");
	for (; p; p = next(t->pinned, p)) {
		/* a file system mounted twice at one place is found twice */
		if (!p->text || (last && !strcmp(last, p->text)))
			continue;
		last = p->text;
		bu_out_str(&t->out, NULL, p->text, SIZE_MAX, "\n\tpinned %s",
			   t->json ? "" : bt_escz(t, p->text));
	}
	bu_out_arr_end(&t->out);
}

void bt_put_pids(struct bt *t, enum bu_objkind k, uint32_t id)
{
	const struct bt_ref *p;
	const char *sep = "\n\tpids ";
	int last = -1;

	if (!t->holders)
		t->holders = load(t, false);
	p = t->holders ? find(t->holders, k, id) : NULL;
	if (!p)
		return;
	bu_out_arr(&t->out, "pids");
	for (; p; p = next(t->holders, p)) {
		const char *comm = p->text ? p->text : "?";

		if (p->pid == last) /* two fds of one process */
			continue;
		last = p->pid;
		bu_out_obj(&t->out, NULL);
		bu_out_int(&t->out, "pid", p->pid, NULL);
		bu_out_str(&t->out, "comm", comm, SIZE_MAX, "%s%s(%d)", sep,
			   t->json ? "" : bt_escz(t, comm), p->pid);
		bu_out_obj_end(&t->out);
		sep = ",";
	}
	bu_out_arr_end(&t->out);
}

void bt_accounted(struct bt *t, enum bu_objkind k, uint32_t id, int fd, long long *memlock, bool *frozen)
{
	const struct bt_ref *r;
	struct bt_fdinfo f;
	size_t n;

	r = bt_holders(t, k, id, &n);
	if (n && r->memlock >= 0) {
		*memlock = r->memlock;
		*frozen = r->frozen;
		return;
	}
	bt_fdinfo_read(t, fd, &f);
	*memlock = bt_fdinfo_num(f.text, "memlock");
	*frozen = bt_fdinfo_num(f.text, "frozen") > 0;
}
