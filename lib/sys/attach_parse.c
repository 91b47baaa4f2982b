/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The TARGET of --attach TYPE:TARGET and of section names, taken apart. */
#include "sys/sys.h"

#include <string.h>

struct parser {
	struct bu_attach *at;
	const char *target;
	struct bu_arena *arena;
	struct bu_diags *ds;
};

static int bad(struct parser *p, const char *form, const char *why)
{
	struct bu_diag *d = bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': %s",
				    bu_hook_name(p->at->hook), p->target, why);

	bu_diag_help(p->ds, d, "it is written %s", form);
	return -EINVAL;
}

static const char *keep(struct parser *p, struct bu_str s)
{
	return bu_arena_strndup(p->arena, s.p, s.n);
}

/* Cuts s at the last c. */
static bool cut_last(struct bu_str s, char c, struct bu_str *left, struct bu_str *right)
{
	const char *at = memrchr(s.p, c, s.n);

	if (!at)
		return false;
	*left = bu_str(s.p, (size_t)(at - s.p));
	*right = bu_str(at + 1, s.n - left->n - 1);
	return true;
}

static bool is_word(struct bu_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || c == '/' || c == ':' || c == ',')
			return false;
	}
	return s.n > 0;
}

/* NAME[+OFFSET]: *name is what is left of the '+'. 0, or -EINVAL where the offset is no number. */
static int take_offset(struct parser *p, struct bu_str s, struct bu_str *name)
{
	struct bu_str off;

	*name = s;
	if (!cut_last(s, '+', name, &off))
		return 0;
	p->at->offset_given = true;
	return bu_str_u64(off, &p->at->offset, NULL);
}

static int parse_kprobe(struct parser *p, struct bu_str t)
{
	static const char form[] = "FUNCTION or FUNCTION+OFFSET";
	struct bu_str name;

	if (take_offset(p, t, &name))
		return bad(p, form, "the offset behind '+' is not a number");
	if (!name.n)
		return bad(p, form, "the name of a kernel function is missing");
	if (!is_word(name))
		return bad(p, form, "that is not the name of a function");
	if (p->at->hook == BU_HOOK_KRETPROBE && p->at->offset)
		return bad(p, "FUNCTION", "a return probe takes no offset");
	p->at->a = keep(p, name);
	return 0;
}

static int parse_tracepoint(struct parser *p, struct bu_str t)
{
	static const char form[] = "CATEGORY:NAME, such as skb:kfree_skb";
	struct bu_str cat, name;

	if (!cut_last(t, ':', &cat, &name) && !cut_last(t, '/', &cat, &name))
		return bad(p, form, "a tracepoint has a category and a name");
	if (!cat.n)
		return bad(p, form, "the category is missing");
	if (!name.n)
		return bad(p, form, "the name behind the category is missing");
	if (!is_word(cat) || !is_word(name))
		return bad(p, form, "category and name are single words");
	p->at->a = keep(p, cat);
	p->at->b = keep(p, name);
	return 0;
}

static int parse_raw_tp(struct parser *p, struct bu_str t)
{
	static const char form[] = "NAME, such as kfree_skb";

	if (!t.n)
		return bad(p, form, "the name of a tracepoint is missing");
	if (!is_word(t))
		return bad(p, form, "a raw tracepoint is named without its category");
	p->at->a = keep(p, t);
	return 0;
}

static int parse_uprobe(struct parser *p, struct bu_str t)
{
	static const char form[] = "PATH:SYMBOL, PATH:SYMBOL+OFFSET or PATH:0xOFFSET";
	struct bu_str path, where, name;
	uint64_t off;

	if (!cut_last(t, ':', &path, &where))
		return bad(p, form, "there is no ':' between the file and the symbol");
	if (!path.n)
		return bad(p, form, "the path of the file is missing");
	if (!where.n)
		return bad(p, form, "the symbol or offset is missing");
	p->at->a = keep(p, path);
	if (where.p[0] >= '0' && where.p[0] <= '9') {
		if (bu_str_u64(where, &off, NULL))
			return bad(p, form, "the offset in the file is not a number");
		p->at->offset = off;
		p->at->offset_given = true;
		return 0;
	}
	if (take_offset(p, where, &name))
		return bad(p, form, "the offset behind '+' is not a number");
	if (!name.n)
		return bad(p, form, "the symbol in front of '+' is missing");
	if (p->at->hook == BU_HOOK_URETPROBE && p->at->offset)
		return bad(p, "PATH:SYMBOL or PATH:0xOFFSET",
			   "a return probe sits at the start of a function");
	p->at->b = keep(p, name);
	return 0;
}

static int parse_xdp(struct parser *p, struct bu_str t)
{
	static const char form[] = "DEVICE, DEVICE:generic or DEVICE:driver";
	struct bu_str dev = t, mode;

	if (cut_last(t, ':', &dev, &mode)) {
		if (bu_str_is(mode, "generic"))
			p->at->xdp_flags = XDP_FLAGS_SKB_MODE;
		else if (bu_str_is(mode, "driver"))
			p->at->xdp_flags = XDP_FLAGS_DRV_MODE;
		else
			return bad(p, form, "the mode is neither 'generic' nor 'driver'");
	}
	if (!dev.n)
		return bad(p, form, "the name of a network device is missing");
	if (!is_word(dev))
		return bad(p, form, "that is not the name of a network device");
	p->at->a = keep(p, dev);
	return 0;
}

int bu_attach_parse(struct bu_attach *at, enum bu_hook hook, const char *target,
		    struct bu_arena *a, struct bu_diags *ds)
{
	struct parser p = { .at = at, .arena = a, .ds = ds };
	struct bu_str t = bu_str_c(target);
	int err;

	memset(at, 0, sizeof(*at));
	at->hook = hook;
	p.target = at->target = bu_arena_strdup(a, target);
	if (!p.target)
		return -ENOMEM;
	switch (hook) {
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
		err = parse_kprobe(&p, t);
		break;
	case BU_HOOK_TRACEPOINT:
		err = parse_tracepoint(&p, t);
		break;
	case BU_HOOK_RAW_TP:
		err = parse_raw_tp(&p, t);
		break;
	case BU_HOOK_UPROBE:
	case BU_HOOK_URETPROBE:
		err = parse_uprobe(&p, t);
		break;
	case BU_HOOK_XDP:
		err = parse_xdp(&p, t);
		break;
	default:
		bu_diag(ds, BU_ERROR, "S0101", "'%s': this kind of program has no attach target",
			target);
		err = -EINVAL;
		break;
	}
	if (!err && bu_arena_failed(a))
		err = -ENOMEM;
	return err;
}
