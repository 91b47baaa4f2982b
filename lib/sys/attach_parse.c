/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TARGET[,OPTION…] of --attach TYPE:TARGET and of section names, taken apart. */
#include "sys/attach.h"

#include <string.h>

static const struct opt {
	const char *name;
	bool valued;
} opts[] = {
#define BU_ATTACH_OPT(id, name, valued, what) [BU_ATTACH_OPT_##id] = { name, valued },
#include "sys/attachopt.def"
#undef BU_ATTACH_OPT
};

_Static_assert(BU_NATTACH_OPTS <= 64, "bits of bu_attach_parser.given");

const char *bu_attach_opt_name(unsigned i)
{
	return i < BU_NATTACH_OPTS ? opts[i].name : NULL;
}

static int opt_by_name(struct bu_str name)
{
	for (int i = 0; i < BU_NATTACH_OPTS; i++)
		if (bu_str_is(name, opts[i].name))
			return i;
	return -1;
}

void bu_attach_opt_help(const char *text, struct bu_diags *ds, struct bu_diag *d)
{
	const char *comma = strrchr(text, ','), *eq;
	struct bu_near near;
	struct bu_str name;
	int id;

	if (!comma)
		return;
	eq = strchr(comma, '=');
	name = bu_str(comma + 1, eq ? (size_t)(eq - comma) - 1 : strlen(comma + 1));
	id = opt_by_name(name);
	if (id >= 0) {
		bu_diag_help(ds, d, opts[id].valued ? "the option needs a value: %s=VALUE" : "the option %s takes no value",
			     opts[id].name);
		return;
	}
	bu_near_init(&near, name.p, name.n);
	for (unsigned i = 0; i < BU_NATTACH_OPTS; i++)
		bu_near_feed(&near, opts[i].name);
	if (near.best)
		bu_diag_help(ds, d, "did you mean the option '%s'?", near.best);
}

/* ---------------------------------------------------------------- what drivers call */

int bu_attach_bad(struct bu_attach_parser *p, const char *form, const char *why)
{
	struct bu_diag *d = bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': %s",
				    bu_hook_name(p->at->hook), p->target, why);

	bu_diag_help(p->ds, d, "it is written %s", form);
	if (p->rest)
		bu_attach_opt_help(p->rest, p->ds, d);
	return -EINVAL;
}

const char *bu_attach_keep(struct bu_attach_parser *p, struct bu_str s)
{
	return bu_arena_strndup(p->arena, s.p, s.n);
}

bool bu_attach_cut(struct bu_str s, char c, struct bu_str *left, struct bu_str *right)
{
	const char *at = memrchr(s.p, c, s.n);

	if (!at)
		return false;
	*left = bu_str(s.p, (size_t)(at - s.p));
	*right = bu_str(at + 1, s.n - left->n - 1);
	return true;
}

bool bu_attach_word(struct bu_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || c == '/' || c == ':' || c == ',')
			return false;
	}
	return s.n > 0;
}

int bu_attach_offset(struct bu_attach_parser *p, struct bu_str s, struct bu_str *name)
{
	struct bu_str off;

	*name = s;
	if (!bu_attach_cut(s, '+', name, &off))
		return 0;
	p->at->offset_given = true;
	return bu_str_u64(off, &p->at->offset, NULL);
}

bool bu_attach_opt(struct bu_attach_parser *p, enum bu_attach_opt_id id, struct bu_str *v)
{
	if (v)
		*v = p->opt[id];
	p->given &= ~(UINT64_C(1) << id);
	return p->opt[id].p != NULL;
}

int bu_attach_opt_u64(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint64_t *v)
{
	struct bu_str text;

	if (!bu_attach_opt(p, id, &text) || !bu_str_u64(text, v, NULL))
		return 0;
	bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': the value of %s is not a number",
		bu_hook_name(p->at->hook), p->target, opts[id].name);
	return -EINVAL;
}

static int bad_value(struct bu_attach_parser *p, enum bu_attach_opt_id id, const char *why)
{
	bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': the value of %s %s",
		bu_hook_name(p->at->hook), p->target, opts[id].name, why);
	return -EINVAL;
}

int bu_attach_opt_pid(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint32_t *v)
{
	uint64_t n = 1;
	int err = bu_attach_opt_u64(p, id, &n);

	if (err || !p->opt[id].p)
		return err;
	if (!n || n > INT32_MAX)
		return bad_value(p, id, "is not the number of a process");
	*v = (uint32_t)n;
	return 0;
}

int bu_attach_opt_text(struct bu_attach_parser *p, enum bu_attach_opt_id id, const char **v)
{
	struct bu_str text;

	if (!bu_attach_opt(p, id, &text))
		return 0;
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
			return bad_value(p, id, "holds a blank or control character");
	if (!text.n)
		return bad_value(p, id, "is missing");
	*v = bu_attach_keep(p, text);
	return 0;
}

/* ---------------------------------------------------------------- options */

/* Takes one option off the end of *t. False: what is there is none. */
static bool take_option(struct bu_attach_parser *p, struct bu_str *t)
{
	struct bu_str left, right, name, value = bu_str("", 0);
	const char *eq;
	int id;

	if (!bu_attach_cut(*t, ',', &left, &right))
		return false;
	name = right;
	eq = memchr(right.p, '=', right.n);
	if (eq) {
		name.n = (size_t)(eq - right.p);
		value = bu_str(eq + 1, right.n - name.n - 1);
	}
	id = opt_by_name(name);
	if (id < 0 || opts[id].valued != !!eq)
		return false;
	p->opt[id] = value;
	p->given |= UINT64_C(1) << id;
	*t = left;
	return true;
}

struct bu_str bu_attach_target(const char *text)
{
	struct bu_attach_parser p = { 0 };
	struct bu_str t = bu_str_c(text);

	while (take_option(&p, &t))
		;
	return t;
}

static int not_for_this(struct bu_attach_parser *p)
{
	for (int i = 0; i < BU_NATTACH_OPTS; i++) {
		if (!(p->given >> i & 1))
			continue;
		bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': an attachment of this type takes no "
			"option '%s'", bu_hook_name(p->at->hook), p->target, opts[i].name);
		return -EINVAL;
	}
	return 0;
}

const char *bu_attach_prog(const char *text)
{
	const char *eq = strrchr(text, '='), *comma, *first;
	int id;

	if (!eq || strpbrk(eq, "/:,"))
		return NULL;
	comma = memrchr(text, ',', (size_t)(eq - text));
	if (!comma)
		return eq;
	first = memchr(comma, '=', (size_t)(eq - comma) + 1);
	id = opt_by_name(bu_str(comma + 1, (size_t)(first - comma) - 1));
	return id >= 0 && opts[id].valued && first == eq ? NULL : eq;
}

int bu_attach_parse(struct bu_attach *at, enum bu_hook hook, const char *target,
		    struct bu_arena *a, struct bu_diags *ds)
{
	const struct bu_attach_driver *driver = bu_attach_driver(hook);
	struct bu_attach_parser p = { .at = at, .arena = a, .ds = ds };
	struct bu_str t = bu_str_c(target);
	int err;

	memset(at, 0, sizeof(*at));
	at->map_fd = at->net.fd = -1;
	at->hook = hook;
	p.target = at->target = bu_arena_strdup(a, target);
	if (!p.target)
		return -ENOMEM;
	if (!driver) {
		bu_diag(ds, BU_ERROR, "S0101", "'%s': this kind of program has no attach target",
			target);
		return -EINVAL;
	}
	while (take_option(&p, &t))
		;
	p.rest = bu_arena_strndup(a, t.p, t.n);
	err = driver->parse(&p, t);
	if (!err)
		err = not_for_this(&p);
	return err ? err : bu_arena_failed(a) ? -ENOMEM : 0;
}
