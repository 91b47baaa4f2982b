/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Feeding events: which programs are attached to a hook, kept until a link comes, goes or changes
 * (root->links_gen). Of a link or event that died with its holder nobody tells: each is asked.
 */
#include "vm/link.h"
#include "vm/private.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct attached {
	char hook[256];
	uint32_t kind, id; /* the link, or an event that has its program by ioctl */
	uint32_t event_id; /* of a link; 0: none */
	uint32_t prog_id;
	uint64_t cookie;
};

struct cache {
	uint64_t gen;
	struct attached *v;
	uint32_t n, cap;
	bool ok;
};

int bu_vm_each_link(struct bu_vm *vm, bu_vm_link_fn *fn, void *ctx)
{
	struct bu_vm_obj *o;
	uint32_t id = 0;
	bool stop;

	while (!bu_vm_obj_next_id(vm, BU_VM_LINK, id, &id)) {
		if (bu_vm_obj_by_id(vm, BU_VM_LINK, id, &o))
			continue;
		stop = fn(ctx, o);
		bu_vm_obj_put(o);
		if (stop)
			return 1;
	}
	return 0;
}

static int add(struct cache *c, const struct attached *a)
{
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 16;
		struct attached *v = realloc(c->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = *a;
	return 0;
}

struct scan {
	struct cache *c;
	int err;
};

static bool one_link(void *ctx, struct bu_vm_obj *o)
{
	const struct bu_vm_link_attr *l = &o->h.link;
	struct attached a = {
		.kind = BU_VM_LINK, .id = o->id, .event_id = l->event_id, .cookie = l->cookie,
		.prog_id = o->hdr->link.prog_id,
	};
	struct scan *s = ctx;

	if (o->hdr->link.detached || !l->hook[0])
		return false;
	memcpy(a.hook, l->hook, sizeof(a.hook));
	a.hook[sizeof(a.hook) - 1] = 0;
	s->err = add(s->c, &a);
	return s->err != 0;
}

static int refresh(struct bu_vm *vm, struct cache *c)
{
	struct scan s = { .c = c };
	struct bu_vm_obj *o;
	uint32_t id = 0;
	uint64_t gen = atomic_load(&vm->root->links_gen);

	if (c->ok && c->gen == gen)
		return 0;
	c->n = 0;
	c->ok = false;
	bu_vm_each_link(vm, one_link, &s);
	while (!s.err && !bu_vm_obj_next_id(vm, BU_VM_EVENT, id, &id)) {
		struct attached a = { .kind = BU_VM_EVENT, .id = id };
		if (bu_vm_obj_by_id(vm, BU_VM_EVENT, id, &o))
			continue;
		a.prog_id = o->hdr->event.link_id ? 0 : o->hdr->event.prog_id;
		memcpy(a.hook, o->h.event.hook, sizeof(a.hook));
		a.hook[sizeof(a.hook) - 1] = 0;
		bu_vm_obj_put(o);
		if (a.prog_id && a.hook[0])
			s.err = add(c, &a);
	}
	if (s.err)
		return s.err;
	c->gen = gen;
	c->ok = true;
	return 0;
}

void bu_vm_feed_close(struct bu_vm *vm)
{
	struct cache *c = vm->links;

	if (c)
		free(c->v);
	free(c);
	vm->links = NULL;
}

/* Is what attaches it still there, and its event on? */
static bool alive(struct bu_vm *vm, const struct attached *a)
{
	struct bu_vm_obj *o;
	bool on;

	if (bu_vm_obj_by_id(vm, (int)a->kind, a->id, &o))
		return false;
	on = bu_vm_obj_lives(o) &&
	     (a->kind == BU_VM_LINK ? !o->hdr->link.detached : o->hdr->event.enabled);
	bu_vm_obj_put(o);
	if (!on || a->kind != BU_VM_LINK || !a->event_id)
		return on;
	if (bu_vm_obj_by_id(vm, BU_VM_EVENT, a->event_id, &o))
		return false;
	on = o->hdr->event.enabled;
	bu_vm_obj_put(o);
	return on;
}

int bu_vm_feed(struct bu_sys *s, const char *hook, struct bu_vm_ctx *ctx,
	       const struct bu_vm_env *env, bu_vm_ran_fn *ran, void *ran_ctx)
{
	struct bu_vm *vm = bu_vm(s);
	struct cache *c = vm->links;
	int n = 0, err;

	if (!c) {
		c = vm->links = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
	}
	err = refresh(vm, c);
	if (err)
		return err;
	for (uint32_t i = 0; i < c->n; i++) {
		const struct attached *a = &c->v[i];
		struct bu_vm_fault fault = { .kind = BU_VM_FAULT_NONE };
		struct bu_vm_prog *p;
		uint64_t r0 = 0;

		if (strcmp(a->hook, hook) || !alive(vm, a) ||
		    bu_vm_prog_by_id(vm, a->prog_id, &p))
			continue;
		err = bu_vm_run_prog(p, ctx, env, &r0, &fault);
		bu_vm_prog_put(p);
		n++;
		if (ran)
			ran(ran_ctx, a->prog_id, err, r0, &fault);
	}
	return n;
}
