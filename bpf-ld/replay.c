// SPDX-License-Identifier: GPL-2.0-or-later
/* --replay: a recording's maps and hooks become what is loaded, its events are fed to the programs in the VM. */
#include <stdlib.h>
#include <string.h>

#include "ld.h"
#include "vm/vm.h"

static int damaged(struct ld *l, const struct bu_rec_reader *r, int err)
{
	if (r->why)
		bu_diag(&l->ds, BU_ERROR, "L0405", "%s cannot be replayed: %s (byte %zu)", l->replay,
			r->why, r->at);
	else
		bu_diag(&l->ds, BU_ERROR, "U0002", "cannot read %s: %s", l->replay, bu_strerror(-err));
	return r->why ? -EINVAL : -EIO;
}

/* --attach as the recording had it. */
static int wish(struct ld *l, const struct bu_rec_hook *h)
{
	const char *colon = strchr(h->hook, ':');
	struct bu_attach_req r = { .origin = l->replay };

	if (colon)
		r.hook = bu_hook_by_name(bu_str(h->hook, (size_t)(colon - h->hook)));
	if (r.hook == BU_HOOK_NONE) {
		bu_diag(&l->ds, BU_ERROR, "L0405", "%s cannot be replayed: it has events of \"%s\", which is no "
			"hook", l->replay, h->hook);
		return -EINVAL;
	}
	r.target = bu_arena_strdup(&l->arena, colon + 1);
	r.prog = bu_arena_strdup(&l->arena, h->prog);
	l->attaches = bu_arena_grow(&l->arena, l->attaches, l->load.nattaches, &l->capattaches,
				    sizeof(r));
	if (!r.target || !r.prog || !l->attaches)
		return -ENOMEM;
	l->attaches[l->load.nattaches++] = r;
	l->load.attaches = l->attaches;
	return 0;
}

static int keep_image(struct ld *l, struct bu_map_image **images, size_t *cap,
		      const struct bu_rec_map *m)
{
	*images = bu_arena_grow(&l->arena, *images, l->load.nimages, cap, sizeof(**images));
	if (!*images)
		return -ENOMEM;
	/* The reader's bytes stay until the end. */
	(*images)[l->load.nimages++] = (struct bu_map_image){
		.name = m->name, .key_size = m->key_size, .value_size = m->value_size,
		.count = m->count, .elems = m->elems,
	};
	l->load.images = *images;
	return 0;
}

int ld_replay_open(struct ld *l)
{
	struct bu_rec_reader *r = calloc(1, sizeof(*r));
	bool own = l->load.nattaches > 0, until = !l->until;
	struct bu_map_image *images = NULL;
	struct bu_rec_item it;
	size_t cap = 0;
	int err;

	if (!r)
		return -ENOMEM;
	l->reader = r;
	err = bu_rec_open(r, l->replay);
	if (err)
		return damaged(l, r, err);
	/* All of it is walked first, so that nothing is made of a damaged file. */
	while (!err && (err = bu_rec_next(r, &it)) > 0) {
		err = 0;
		if (it.kind == BU_REC_HOOK && !own)
			err = wish(l, &it.hook);
		else if (it.kind == BU_REC_MAP)
			err = keep_image(l, &images, &cap, &it.map);
		else if (it.kind == BU_REC_MARK)
			until |= strcmp(it.mark, l->until ? l->until : "") == 0;
	}
	if (r->why)
		return damaged(l, r, err);
	if (!err && !until) {
		bu_diag(&l->ds, BU_ERROR, "L0406", "--until: %s has no mark \"%s\"", l->replay, l->until);
		err = -EINVAL;
	}
	return err;
}

struct fed {
	uint64_t events, runs, faults, lost;
	struct bu_vm_fault first;
};

static int feed(struct ld *l, const struct bu_rec_event *e, char *const *names, const char *hook,
		struct fed *f)
{
	struct bu_vm_env env, event = { .fixed_time = true, .time = e->time, .fixed_task = true,
				 .pid = e->pid, .tgid = e->tgid, .uid = e->uid, .gid = e->gid,
				 .cpu = (int)e->cpu + 1 };
	int err = 0;

	if (e->cpu >= (uint32_t)l->sys->ops->possible_cpus(l->sys))
		event.cpu = 0; /* recorded on a bigger machine */
	memcpy(event.comm, e->comm, sizeof(event.comm));
	bu_vm_env_at(l->sys, &event, &env);
	for (unsigned i = 0; i < l->made.nlinks && !err; i++) {
		struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_RAW, .bytes = (void *)(uintptr_t)e->ctx,
					 .size = e->size };
		struct bu_vm_fault fault;
		uint64_t r0;

		if (strcmp(names[i], hook) != 0)
			continue;
		err = bu_vm_run(l->sys, l->made.progs[l->made.links[i].prog].fd, &ctx, &env, &r0,
				&fault);
		f->runs++;
		if (err != -EFAULT)
			continue;
		if (!f->faults++)
			f->first = fault;
		err = 0;
	}
	f->events++;
	return err;
}

static void summary(struct ld *l, const struct fed *f)
{
	struct bu_diag *d;

	bu_diag(&l->ds, BU_NOTE, "L0407", "%s: %llu events%s%s%s%s, %llu runs", l->replay,
		(unsigned long long)f->events, l->until ? " up to the mark \"" : "",
		l->until ? l->until : "", l->until ? "\"" : "",
		f->lost ? " (some were lost when it was made)" : "", (unsigned long long)f->runs);
	if (!f->faults)
		return;
	d = bu_diag(&l->ds, BU_WARNING, "L0408", "%llu runs were ended by the VM; the first: %s",
		    (unsigned long long)f->faults, f->first.text);
	bu_diag_note(&l->ds, d, "program id %u", f->first.prog_id);
}

int ld_replay_run(struct ld *l)
{
	const char *hooks[BU_REC_MAX_HOOKS];
	struct bu_rec_reader *r = l->reader;
	struct fed f = { 0 };
	struct bu_rec_item it;
	char **names = bu_arena_array(&l->arena, l->made.nlinks + 1, sizeof(*names));
	int err = names ? 0 : -ENOMEM;

	for (unsigned i = 0; !err && i < l->made.nlinks; i++) {
		struct bu_buf b = { 0 };

		ld_hook_name(&b, &l->made.links[i].spec);
		names[i] = bu_arena_strdup(&l->arena, bu_buf_cstr(&b));
		bu_buf_free(&b);
		err = names[i] ? 0 : -ENOMEM;
	}
	bu_rec_rewind(r);
	while (!err && (err = bu_rec_next(r, &it)) > 0) {
		err = 0;
		if (it.kind == BU_REC_HOOK)
			hooks[it.hook.index] = it.hook.hook;
		else if (it.kind == BU_REC_EVENT)
			err = feed(l, &it.event, names, hooks[it.event.hook], &f);
		else if (it.kind == BU_REC_LOST)
			f.lost += it.lost;
		else if (it.kind == BU_REC_MARK && l->until && strcmp(it.mark, l->until) == 0)
			break;
	}
	if (!err)
		summary(l, &f);
	else
		bu_diag(&l->ds, BU_ERROR, "L0405", "%s cannot be replayed: %s", l->replay,
			bu_strerror(-err));
	return err;
}

void ld_replay_close(struct ld *l)
{
	if (l->reader)
		bu_rec_close(l->reader);
	free(l->reader);
	l->reader = NULL;
}
