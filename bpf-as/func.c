/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prototypes, and what other objects and the kernel define:
 *
 *   .func NAME(x: T) -> T      a function begins here, with this prototype
 *   .proto NAME(x: T) -> T     the prototype of a function whose label stands elsewhere
 *   .kfunc NAME(x: T) -> T     a function of the kernel; those of kfunc.def need no declaration
 *   .extern NAME: T            a variable: of the kernel's configuration (CONFIG_*, LINUX_*), else a symbol
 *
 * In BTF an extern is a VAR or FUNC of linkage extern in the section .kconfig or .ksyms, which is how
 * libbpf knows what to look for.
 */
#include "bpf-as/directive.h"
#include "bpf-as/types.h"

#define LINK_STATIC 0
#define LINK_GLOBAL 1
#define LINK_EXTERN 2

static const struct {
	const char *name, *proto;
} kfuncs[] = {
#define KFUNC(name, proto) { name, proto },
#include "bpf-as/kfunc.def"
#undef KFUNC
};

/* Gives s its type; false: told. */
static bool typed(struct as *as, struct as_sym *s, struct as_type *t, const char *p)
{
	if (s->def == DEF_REG || s->def == DEF_CONST || s->def == DEF_SET) {
		as_error(as, "A0110", p, s->n, "'%s' is %s", s->name,
			 s->def == DEF_REG ? "a register" : "a number");
		return false;
	}
	if (s->x->ctype) {
		as_error(as, "A0247", p, s->n, "the type of '%s' is given twice", s->name);
		return false;
	}
	as_symx(as, s)->ctype = t;
	return true;
}

enum { FUNC_HERE, FUNC_PROTO, FUNC_KERNEL };

void as_d_func(PARAMS)
{
	struct bu_str w = { 0 };
	struct as_type *t = as_type_proto(as, c, &w);
	struct as_sym *s;

	(void)name;
	if (t)
		as_junk(as, c);
	c->p = c->e;
	s = w.n ? as_sym(as, w.p, w.n) : NULL;
	if (!s)
		return;
	if (arg == FUNC_HERE) {
		as_label(as, w.p, w.n); /* even if the prototype is wrong: it is called */
		s->type = STT_FUNC;
		s->type_given = true;
	} else if (arg == FUNC_KERNEL) {
		s->is_extern = true;
	}
	if (t)
		typed(as, s, t, w.p);
}

/* ---------------------------------------------------------------- externs */

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

/* The section that an extern of the source is of. */
static bool is_kconfig(const struct as_sym *s)
{
	return s->x->ctype->kind != BU_BTF_FUNC_PROTO && !s->is_ksym &&
	       (begins(s->name, "CONFIG_") || begins(s->name, "LINUX_") || s->is_kconfig);
}

static bool variable(struct as *as, struct as_cur *c, struct as_sym *s, const char *p)
{
	struct as_type *t = as_type_parse(as, c, NULL);
	struct bu_str w;

	if (!t || !typed(as, s, t, p)) {
		c->p = c->e;
		return false;
	}
	s->is_extern = true;
	as_skip(c);
	if (c->p < c->e && *c->p == '@') {
		c->p++;
		w = as_word(c);
		s->is_kconfig = bu_str_is(w, "kconfig");
		s->is_ksym = bu_str_is(w, "ksym") || bu_str_is(w, "ksyms");
		if (!s->is_kconfig && !s->is_ksym) {
			as_error(as, "A0248", w.p, w.n ? w.n : 1, "an extern is of @kconfig or @ksym");
			c->p = c->e;
			return false;
		}
	}
	if (is_kconfig(s) && as_type_size(t) < 1) {
		as_error(as, "A0248", p, s->n, "a value of the kernel's configuration has a size; %s has none",
			 as_type_text(as, t));
		return false;
	}
	return true;
}

bool as_extern_typed(struct as *as, struct as_cur *c, struct as_sym *s, const char *p)
{
	struct as_type *t;
	struct bu_str w;

	if (as_eat(c, ':'))
		return variable(as, c, s, p);
	as_skip(c);
	if (c->p == c->e || *c->p != '(')
		return false;
	c->p -= p + s->n <= c->p ? (size_t)(c->p - p) : 0; /* from the name on */
	t = as_type_proto(as, c, &w);
	if (!t) {
		c->p = c->e;
		return true;
	}
	s->is_extern = true;
	return typed(as, s, t, p) || true;
}

bool as_kfunc_known(struct as *as, struct as_sym *s)
{
	struct as_type *t = NULL;
	struct bu_str w;

	if (s->def != DEF_NONE || s->is_extern || s->n < 4)
		return false;
	for (size_t i = 0; i < BU_ARRAY_SIZE(kfuncs) && !t; i++) {
		struct as_cur c = { kfuncs[i].proto, kfuncs[i].proto + strlen(kfuncs[i].proto) };

		if (!strcmp(kfuncs[i].name, s->name))
			t = as_type_proto(as, &c, &w);
	}
	if (!t && as->ty && as->ty->has_btf) {
		t = as_type_import(as, BU_BTF_FUNC, bu_str(s->name, s->n));
		t = t ? t->to : NULL;
	}
	if (!t)
		return false;
	as_symx(as, s)->ctype = t;
	s->is_extern = true;
	return true;
}

void as_kfunc_feed(struct bu_near *near)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(kfuncs); i++)
		bu_near_feed(near, kfuncs[i].name);
}

static void extern_btf(struct as *as, struct as_sym *s)
{
	struct bu_btfgen *g = &as->gen;
	uint32_t t;

	if (s->x->ctype->kind == BU_BTF_FUNC_PROTO) {
		t = as_type_btf(as, s->x->ctype);
		as_symx(as, s)->btf = bu_btfgen_func(g, s->name, t, LINK_EXTERN);
		return;
	}
	t = s->x->ctype->kind == BU_BTF_VOID ? bu_btfgen_mod(g, BU_BTF_CONST, NULL, 0)
					  : as_type_btf(as, s->x->ctype);
	as_symx(as, s)->btf = bu_btfgen_var(g, s->name, t, LINK_EXTERN);
}

static bool wanted(const struct as_sym *s)
{
	return s->is_extern && s->x->ctype && s->def == DEF_NONE && s->used;
}

/* The section of externs, .kconfig or .ksyms. true: there were some. */
static bool extern_section(struct as *as, const char *name, bool kconfig)
{
	uint32_t n = 0;

	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if (wanted(s) && is_kconfig(s) == kconfig) {
			extern_btf(as, s);
			n++;
		}
	if (!n)
		return false;
	bu_btfgen_datasec(&as->gen, name, 0);
	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if (wanted(s) && is_kconfig(s) == kconfig) {
			int64_t size = as_type_size(s->x->ctype);

			bu_btfgen_secvar(&as->gen, s->x->btf, 0, size > 0 ? (uint32_t)size : 0);
		}
	return true;
}

bool as_externs_btf(struct as *as)
{
	bool any = extern_section(as, ".kconfig", true);

	return extern_section(as, ".ksyms", false) || any;
}

/* ---------------------------------------------------------------- functions of the source */

/*
 * A program is int f(void *ctx), unless the source says more. What programs call has the linkage
 * static: then the verifier follows the call with what it knows of the arguments. A function of
 * .text that is global and has a prototype is verified once, by that prototype.
 */
uint32_t as_func_btf(struct as *as, const struct as_sec *sec, const struct as_sym *f, const char *name)
{
	struct bu_btfgen *g = &as->gen;
	bool prog = sec->kind == SEC_PROG && !f->called;
	uint32_t proto, ret, ctx;

	if (f->x->ctype && f->x->ctype->kind == BU_BTF_FUNC_PROTO) {
		proto = as_type_btf(as, f->x->ctype);
		return bu_btfgen_func(g, name, proto,
				      prog || (sec->kind == SEC_TEXT && f->bind != STB_LOCAL) ? LINK_GLOBAL
											       : LINK_STATIC);
	}
	ret = as_btf_int(as, 4, true, false);
	ctx = prog ? bu_btfgen_ptr(g, 0) : 0;
	proto = bu_btfgen_proto(g, ret);
	if (prog)
		bu_btfgen_param(g, "ctx", ctx);
	return bu_btfgen_func(g, name, proto, prog ? LINK_GLOBAL : LINK_STATIC);
}
