// SPDX-License-Identifier: GPL-2.0-or-later
/* The VM's world: where it is, what is in it, who has it open; and what may go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "vm/vm.h"

#define DAMAGES 100u /* that are told one by one */

struct process {
	int pid;
	unsigned fds;     /* of objects that it holds */
	bool member;      /* has written to the world, and still may */
	char comm[64];
};

struct processes {
	struct bt *t;
	struct process *v;
	size_t n, cap;
};

/* 0 when the backend is the VM, else a status, said why. */
static int need_vm(struct bt *t)
{
	if (!t->sys && t->backend == BU_BACKEND_AUTO)
		t->backend = BU_BACKEND_VM;
	if (!bt_open_backend(t))
		return BU_EXIT_UNSUPPORTED;
	if (bu_vm_is(t->sys))
		return 0;
	return bt_usage(t, NULL, NULL, "the kernel has no world: 'world' goes with --vm");
}

static struct process *process(struct processes *p, int pid, const char *comm)
{
	struct process *v;

	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].pid == pid)
			return &p->v[i];
	v = bu_arena_grow(&p->t->arena, p->v, p->n, &p->cap, sizeof(*p->v));
	if (!v)
		return NULL;
	p->v = v;
	v = &p->v[p->n++];
	memset(v, 0, sizeof(*v));
	v->pid = pid;
	snprintf(v->comm, sizeof(v->comm), "%s", comm);
	return v;
}

static bool add_holder(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm, int fd)
{
	struct process *v = process(ctx, pid, comm);

	(void)kind, (void)id, (void)fd;
	if (v)
		v->fds++;
	return v != NULL;
}

static bool add_member(void *ctx, int pid, const char *comm, uint64_t since)
{
	struct process *v = process(ctx, pid, comm);

	(void)since;
	if (v)
		v->member = true;
	return v != NULL;
}

static void put_objects(struct bt *t, const struct bu_vm_info *i)
{
	static const struct { unsigned kind; const char *key, *one, *many; } rows[] = {
		{ BU_PROG, "prog", "program", "programs" }, { BU_MAP, "map", "map", "maps" },
		{ BU_LINK, "link", "link", "links" }, { BU_BTF, "btf", "BTF", "BTF" },
		{ BU_BTF + 1, "event", "event", "events" },
	};

	bu_out_obj(&t->out, "objects");
	for (unsigned k = 0; k < BU_ARRAY_SIZE(rows); k++) {
		uint32_t n = i->objects[rows[k].kind];

		bu_out_uint(&t->out, rows[k].key, n, "%s%u %s", k ? ", " : "\t", n,
			    n == 1 ? rows[k].one : rows[k].many);
	}
	bu_out_obj_end(&t->out);
	bu_out_uint(&t->out, "pins", i->pins, ", %u %s\n", i->pins, i->pins == 1 ? "pin" : "pins");
}

static void put_processes(struct bt *t, const struct processes *p)
{
	bu_out_arr(&t->out, "processes");
	for (size_t k = 0; k < p->n; k++) {
		const struct process *v = &p->v[k];

		bu_out_obj(&t->out, NULL);
		bu_out_int(&t->out, "pid", v->pid, NULL);
		bu_out_str(&t->out, "comm", v->comm, SIZE_MAX, "%s%s(%d)", k ? ", " : "\tused by ",
			   bt_escz(t, v->comm), v->pid);
		bu_out_uint(&t->out, "fds", v->fds, NULL);
		bu_out_bool(&t->out, "member", v->member, NULL);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
	bu_out_text(&t->out, p->n ? "\n" : "");
}

/* What is damaged, in words: how many. */
static unsigned put_damage(struct bt *t)
{
	struct bu_diags ds;
	unsigned n = 0;
	int err;

	bu_diags_init(&ds);
	ds.max_errors = DAMAGES;
	err = bu_vm_check(t->sys, &ds);
	bu_out_arr(&t->out, "damage");
	for (const struct bu_diag *d = ds.first; err && d; d = d->next, n++)
		bu_out_str(&t->out, NULL, d->text, SIZE_MAX, "\tdamaged: %s\n", bt_escz(t, d->text));
	bu_out_arr_end(&t->out);
	if (ds.errors > n)
		bu_out_text(&t->out, "\tdamaged: and %u more\n", ds.errors - n);
	bu_diags_free(&ds);
	return n;
}

int bt_world_show(struct bt *t)
{
	struct processes p = { .t = t };
	struct bu_vm_info i;
	int err, st = bt_end(t);

	if (!st)
		st = need_vm(t);
	if (st)
		return st;
	err = bu_vm_info(t->sys, &i);
	if (!err)
		err = bu_vm_members(t->sys, add_member, &p);
	if (!err)
		err = t->sys->ops->holders(t->sys, add_holder, &p);
	if (err)
		return bt_refused(t, -1, err, "cannot look at the world %s", bu_vm_path(t->sys));
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	bu_out_str(&t->out, "path", i.path, SIZE_MAX, "world %s", bt_escz(t, i.path));
	bu_out_uint(&t->out, "layout", i.layout, "  layout %u", i.layout);
	bu_out_uint(&t->out, "uid", i.uid, "  uid %u", i.uid);
	bu_out_uint(&t->out, "cpus", i.ncpus, "  cpus %u", i.ncpus);
	bu_out_uint(&t->out, "bytes", i.bytes, "  %llu bytes\n", (unsigned long long)i.bytes);
	put_objects(t, &i);
	put_processes(t, &p);
	if (put_damage(t))
		st = BU_EXIT_FAIL;
	bu_out_obj_end(&t->out);
	return st;
}

int bt_world_gc(struct bt *t)
{
	uint32_t n = 0;
	uint64_t bytes = 0;
	int err, st = bt_end(t);

	if (!st)
		st = need_vm(t);
	if (st)
		return st;
	err = bu_vm_gc(t->sys, &n, &bytes);
	if (err)
		return bt_refused(t, -1, err, "cannot clean the world %s", bu_vm_path(t->sys));
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	bu_out_uint(&t->out, "removed", n, "removed %u %s", n, n == 1 ? "object" : "objects");
	bu_out_uint(&t->out, "bytes", bytes, ", %llu bytes\n", (unsigned long long)bytes);
	bu_out_obj_end(&t->out);
	return 0;
}

void bt_world_empty(struct bt *t, enum bu_objkind k)
{
	if (bu_vm_is(t->sys))
		bu_diag(&t->ds, BU_NOTE, "S0205", "no %ss in the world %s", bt_noun(k),
			bt_escz(t, bu_vm_path(t->sys)));
}
