/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * USDT: a uprobe at each place where the file has the probe, with the probe's semaphore as reference counter.
 * Programs that ask for arguments (libbpf's usdt.bpf.h) find where they are by the number of a
 * specification, which is the cookie; at->usdt_spec, the loader, puts it into the object's map.
 */
#include "sys/attach.h"
#include "sys/usdt.h"

#include <fnmatch.h>
#include <string.h>

static int parse_usdt(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "FILE:PROVIDER:NAME or FILE::NAME, such as libc:libc:setjmp";
	struct bu_str rest, path, provider, name;
	int err;

	if (!bu_attach_cut(t, ':', &rest, &name) || !bu_attach_cut(rest, ':', &path, &provider))
		return bu_attach_bad(p, form, "a probe has a file, a provider and a name");
	if (!path.n)
		return bu_attach_bad(p, form, "the path of the file is missing");
	if (!name.n)
		return bu_attach_bad(p, form, "the name of the probe is missing");
	p->at->a = bu_attach_keep(p, path);
	p->at->b = bu_attach_keep(p, name);
	p->at->provider = provider.n ? bu_attach_keep(p, provider) : "*";
	err = bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
	return err ? err : bu_attach_opt_pid(p, BU_ATTACH_OPT_PID, &p->at->pid);
}

struct sites {
	struct bu_attaching *c;
	struct bu_near near;
	unsigned found, all;
	bool told;
};

static int one_site(void *ctx, const struct bu_usdt_site *s)
{
	struct sites *v = ctx;
	struct bu_attaching c = *v->c;
	struct bu_attach at = *c.at;
	unsigned errors = c.ds->errors;
	uint32_t id;
	int err = 0;

	v->all++;
	if (fnmatch(at.provider, s->provider, 0) || fnmatch(at.b, s->name, 0)) {
		bu_near_feed(&v->near, s->name);
		if (v->near.best == s->name)
			v->near.best = bu_arena_strdup(&c.ds->arena, s->name);
		return 0;
	}
	v->found++;
	if (at.usdt_spec) {
		err = at.usdt_spec(at.usdt_ctx, s, at.cookie, &id);
		at.cookie = id;
	}
	c.at = &at;
	if (!err)
		err = bu_attach_one_of_many(&c, at.a, s->off, s->sema);
	v->told = c.ds->errors != errors;
	return err;
}

static int attach_usdt(struct bu_attaching *c)
{
	struct bu_attach at = *c->at;
	struct bu_attaching sub = *c;
	struct sites v = { .c = &sub };
	struct bu_diag *d;
	int err = bu_attach_file(c, &at);

	if (err)
		return err;
	sub.at = &at;
	bu_near_init(&v.near, at.b, strlen(at.b));
	err = bu_usdt_each(at.a, one_site, &v);
	if (err == -ENODATA || (!err && !v.all)) {
		bu_diag(c->ds, BU_ERROR, "S0134", "%s: %s has no USDT probes", bu_blame_subject(c), at.a);
		return -ENOENT;
	}
	if (err == -EINVAL && !v.told) {
		bu_diag(c->ds, BU_ERROR, "S0108", "%s: the notes of %s that tell its USDT probes are damaged",
			bu_blame_subject(c), at.a);
		return err;
	}
	if (err)
		return v.told ? err : bu_blame_symbol(&sub, err, NULL);
	if (v.found)
		return 0;
	d = bu_diag(c->ds, BU_ERROR, "S0134", "%s: %s has no USDT probe '%s' of provider '%s'", bu_blame_subject(c),
		    at.a, at.b, at.provider);
	if (v.near.best)
		bu_diag_help(c->ds, d, "did you mean '%s'?", v.near.best);
	return -ENOENT;
}

const struct bu_attach_driver bu_driver_usdt = { .parse = parse_usdt, .attach = attach_usdt };
