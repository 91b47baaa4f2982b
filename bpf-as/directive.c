/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What begins with a dot: the table (directive.def), and directives on symbols and on the source. */
#include "bpf-as/directive.h"
#include "bpf-as/types.h"

struct dir {
	const char *name;
	void (*fn)(PARAMS);
	int arg;
};

/* ---------------------------------------------------------------- symbols */

void as_d_binding(PARAMS)
{
	const char *p;

	(void)name;
	do {
		struct as_sym *s = as_symbol_arg(as, c, &p);

		if (!s)
			return;
		if (s->bind_given && s->bind != arg && s->bind != STB_LOCAL && arg == STB_LOCAL) {
			as_error(as, "A0128", p, s->n, "'%s' is global already", s->name);
			return;
		}
		s->bind = (uint8_t)arg;
		s->bind_given = true;
	} while (as_eat(c, ','));
	as_junk(as, c);
}

void as_d_visibility(PARAMS)
{
	const char *p;

	(void)name;
	do {
		struct as_sym *s = as_symbol_arg(as, c, &p);

		if (!s)
			return;
		s->vis = (uint8_t)arg;
	} while (as_eat(c, ','));
	as_junk(as, c);
}

void as_d_external(PARAMS)
{
	const char *p;

	UNUSED;
	do {
		struct as_sym *s = as_symbol_arg(as, c, &p);

		if (!s)
			return;
		s->is_extern = true;
		if (as_extern_typed(as, c, s, p))
			continue;
	} while (as_eat(c, ','));
	as_junk(as, c);
}

void as_d_type(PARAMS)
{
	struct as_sym *s;
	struct bu_str w;
	const char *p, *sp;

	UNUSED;
	s = as_symbol_arg(as, c, &p);
	if (!s || !as_comma(as, c))
		return;
	sp = p;
	as_skip(c);
	p = c->p;
	if (c->p < c->e && (*c->p == '@' || *c->p == '%'))
		c->p++;
	w = as_word(c);
	if (w.p == p && !bu_str_is(w, "function") && !bu_str_is(w, "object") && !bu_str_is(w, "notype") &&
	    strncmp(w.p, "STT_", 4)) {
		c->p = p;
		as_var_type(as, c, s, sp);
		as_junk(as, c);
		return;
	}
	if (!w.n && c->p < c->e && IS(*c->p, CL_DIGIT)) {
		int64_t v;

		if (as_expr_now(as, c, "type", &v) || v < 0 || v > 15) {
			as_error(as, "A0129", p, (size_t)(c->p - p), "a symbol's type is 0 to 15");
			c->p = c->e;
			return;
		}
		s->type = (uint8_t)v;
	} else if (bu_str_is(w, "file"))
		s->type = STT_FILE;
	else if (bu_str_is(w, "common"))
		s->type = STT_COMMON;
	else if (bu_str_is(w, "tls_object"))
		s->type = STT_TLS;
	else if (bu_str_is(w, "function") || bu_str_is(w, "STT_FUNC"))
		s->type = STT_FUNC;
	else if (bu_str_is(w, "object") || bu_str_is(w, "STT_OBJECT"))
		s->type = STT_OBJECT;
	else if (bu_str_is(w, "notype") || bu_str_is(w, "STT_NOTYPE"))
		s->type = STT_NOTYPE;
	else {
		as_error(as, "A0129", p, c->p > p ? (size_t)(c->p - p) : 1,
			 "symbol type is @function, @object or @notype");
		c->p = c->e;
		return;
	}
	s->type_given = true;
	as_junk(as, c);
}

void as_d_size(PARAMS)
{
	struct as_sym *s;
	const char *p;
	int64_t v;

	UNUSED;
	s = as_symbol_arg(as, c, &p);
	if (!s || !as_comma(as, c))
		return;
	as_skip(c);
	if (as_expr(as, c, &as_symx(as, s)->size_expr, &v)) {
		as_error(as, "A0140", c->p, as_token_len(c->p, c->e), "expected a size");
		c->p = c->e;
		return;
	}
	if (s->x->size_expr)
		as_expr_keep(as);
	else if (v < 0)
		as_error(as, "A0130", p, s->n, "size of '%s' is negative", s->name);
	as_symx(as, s)->size = (uint64_t)v;
	s->size_given = true;
	as_junk(as, c);
}

/* once: the symbol must not have been set. */
static void set(struct as *as, struct as_cur *c, struct as_sym *s, const char *p, bool once)
{
	uint32_t node;
	int64_t v;

	if (once && s->def == DEF_SET) {
		struct bu_diag *d = as_error(as, "A0111", p, s->n, "'%s' is defined twice", s->name);

		as_span(as, d, s->pos, s->n, "first defined here");
		c->p = c->e;
		return;
	}
	if (as_expr(as, c, &node, &v)) {
		if (as->ex_error)
			as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
		else
			as_error(as, "A0140", c->p, as_token_len(c->p, c->e), "expected a value");
		c->p = c->e;
		return;
	}
	if (node)
		as_expr_keep(as);
	as_junk(as, c);
	as_set(as, s, p, node, v);
}

/* .set, .equ; .equiv and .eqv refuse a second time. */
void as_d_set(PARAMS)
{
	struct as_sym *s;
	const char *p;

	(void)name;
	s = as_symbol_arg(as, c, &p);
	if (s && as_comma(as, c))
		set(as, c, s, p, arg);
}

void as_assign(struct as *as, struct as_cur *c, bool once)
{
	struct as_sym *s;
	const char *p;

	s = as_symbol_arg(as, c, &p);
	if (s && as_eat(c, '=') && (!once || as_eat(c, '=')))
		set(as, c, s, p, once);
}

/* ---------------------------------------------------------------- the rest */

void as_d_include(PARAMS)
{
	struct bu_buf b = { 0 };
	const char *p;

	UNUSED;
	as_skip(c);
	p = c->p;
	if (as_string(as, c, &b)) {
		char *path = bu_arena_strdup(&as->arena, bu_buf_cstr(&b));

		as_junk(as, c);
		if (path)
			as_source(as, path, p);
	}
	c->p = c->e;
	bu_buf_free(&b);
}

void as_d_license(PARAMS)
{
	struct as_sec *cur = as->cur, *prev = as->prev;
	struct bu_buf b = { 0 };
	struct as_sym *s;
	struct bu_diag *d;

	UNUSED;
	if (!as_string(as, c, &b)) {
		c->p = c->e;
		goto out;
	}
	as_junk(as, c);
	if (as->license_pos) {
		d = as_error(as, "A0131", name.p, name.n, "the license is given twice");
		as_span(as, d, as->license_pos, name.n, "first given here");
		goto out;
	}
	as->license_pos = as_place(as, name.p);
	bu_buf_char(&b, '\0');
	as->cur = as_section(as, "license", 7, name.p);
	s = as_sym(as, "_license", 8);
	if (!as->cur || !s)
		goto out;
	if (as->cur->used || s->def != DEF_NONE) {
		as_error(as, "A0131", name.p, name.n, "the source fills section license itself");
		goto out;
	}
	as_label(as, "_license", 8);
	s->pos = as->license_pos;
	s->type = STT_OBJECT;
	s->type_given = true;
	s->bind = STB_GLOBAL;
	as_symx(as, s)->elem = ELEM_CHAR;
	as_symx(as, s)->elem_size = 1;
	as_symx(as, s)->size = b.n;
	as_put(as, b.p, b.n, name.p);
out:
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
	bu_buf_free(&b);
}

void as_d_arch(PARAMS)
{
	struct bu_str w;
	int a;

	UNUSED;
	w = as_word(c);
	a = bu_arch_by_name(w);
	if (a < 0) {
		struct bu_diag *d = as_error(as, "A0132", w.p, w.n ? w.n : 1,
					     "unknown architecture '%.*s'", (int)w.n, w.p);

		bu_diag_help(as->ds, d, "x86_64 or arm64");
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (as->arch_fields && (enum bu_arch)a != as->arch) {
		as_error(as, "A0132", name.p, name.n,
			 "architecture changes after fields of %s were used",
			 bu_arch_name(as->arch));
		return;
	}
	as->arch = (enum bu_arch)a;
}

void as_d_insn(PARAMS)
{
	UNUSED;
	as_raw_insn(as, c);
}

/* .map_format HOW: before the first .map. */
void as_d_map_format(PARAMS)
{
	struct bu_str w;

	UNUSED;
	w = as_word(c);
	if (as->maps)
		as_error(as, "A0198", name.p, name.n, "the way to declare maps is said before the first map");
	else if (as_map_mode(as, w))
		as_error(as, "A0198", w.p, w.n ? w.n : 1, "maps are declared as btf, legacy or iproute2");
	else
		as_junk(as, c);
	c->p = c->e;
}

void as_d_map(PARAMS)
{
	UNUSED;
	as_map(as, c);
}

void as_d_error(PARAMS)
{
	struct bu_buf b = { 0 };

	(void)arg;
	if (as_string(as, c, &b)) {
		as_error(as, "A0134", name.p, name.n, "%s", bu_buf_cstr(&b));
		as_junk(as, c);
	}
	c->p = c->e;
	bu_buf_free(&b);
}

void as_d_end(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	as->ended = true;
}

/* ---------------------------------------------------------------- table */

static const struct dir dirs[] = {
#define DIR(name, fn, arg) { name, as_d_##fn, arg },
#include "bpf-as/directive.def"
#undef DIR
};

int as_directives_init(struct as *as)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(dirs); i++)
		if (bu_hash_put(&as->directives, dirs[i].name, strlen(dirs[i].name), (void *)&dirs[i]))
			return -ENOMEM;
	return 0;
}

void as_directive(struct as *as, struct bu_str name, struct as_cur *c)
{
	const struct dir *d = bu_hash_get(&as->directives, name.p, name.n);
	struct bu_near near;
	struct bu_diag *e;

	if (d) {
		d->fn(as, c, d->arg, name);
		return;
	}
	e = as_error(as, "A0133", name.p, name.n, "unknown directive '%.*s'", (int)name.n, name.p);
	bu_near_init(&near, name.p, name.n);
	for (size_t i = 0; i < BU_ARRAY_SIZE(dirs); i++)
		bu_near_feed(&near, dirs[i].name);
	if (near.best)
		bu_diag_mean(as->ds, e, near.best, near.best_n);
}
