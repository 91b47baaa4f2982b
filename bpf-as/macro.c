/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .macro and its calls, .rept, .irp, .irpc: bodies are kept as text and read again. */
#include "bpf-as/lang.h"

#include <ctype.h>

/* ---------------------------------------------------------------- running a text */

static void too_much(struct as *as, const char *p, size_t len)
{
	struct bu_diag *d = as_error(as, "A0203", p, len, "expansions make more than %u MiB of text",
				     AS_MAX_VOLUME >> 20);

	bu_diag_note(as->ds, d, "a macro that calls itself, or a count, is likely not what was meant");
	as->ended = true;
}

/* Reads what x holds, times over. The current statement asks for it. */
static void run_text(struct as *as, struct as_expansion *x, uint64_t times, struct bu_str name)
{
	struct as_lang *l = as->lang;
	struct {
		const char *stmt, *src, *in_call, *resume;
		size_t n;
	} save = { as->stmt, as->stmt_src, as->in_call, as->resume, as->stmt_n };
	unsigned errors = as->ds->errors;
	size_t conds;

	if (!x || !times)
		return;
	x->call = as_place(as, name.p);
	x->call_len = name.n;
	/* Each round costs something, however little there is to read. */
	if (times > (AS_MAX_VOLUME - l->volume) / (x->n + 16)) {
		too_much(as, name.p, name.n);
		return;
	}
	if (l->depth == AS_MAX_EXPANSION) {
		as_error(as, "A0203", name.p, name.n, "expansions are nested deeper than %d",
			 AS_MAX_EXPANSION);
		as->ended = true;
		return;
	}
	l->exp = bu_arena_grow(&as->arena, l->exp, l->nexp, &l->cap_exp, sizeof(x));
	if (!l->exp) {
		l->nexp = 0;
		return;
	}
	l->exp[l->nexp++] = x;
	if (!as->in_call)
		as->in_call = x->call;
	as->resume = NULL;
	l->depth++;
	l->volume += times * (x->n + 16);
	/* A round with a mistake is the last: the next would say the same. */
	for (; times && !as->ended && !as->leave && as->ds->errors == errors; times--) {
		conds = as_cond_enter(as);
		as_run(as, x->text, x->text + x->n);
		as_cond_leave(as, conds);
	}
	l->depth--;
	as->stmt = save.stmt;
	as->stmt_src = save.src;
	as->stmt_n = save.n;
	as->in_call = save.in_call;
	as->resume = save.resume;
}

/* The body with its parameters replaced, to be run; NULL: out of memory or refused. */
static struct as_expansion *expansion(struct as *as, struct bu_str body, const struct as_subst *s,
				      struct bu_str name)
{
	struct as_expansion *x = bu_arena_alloc(&as->arena, sizeof(*x));
	struct bu_buf b = { 0 };

	if (!x)
		return NULL;
	as_substitute(&b, body, s);
	if (b.n > AS_MAX_VOLUME - as->lang->volume) {
		too_much(as, name.p, name.n);
		x = NULL;
	} else {
		x->text = bu_arena_strndup(&as->arena, b.p ? (char *)b.p : "", b.n);
		x->n = b.n;
		x->origin = body.p;
		x->origin_n = body.n;
		if (!x->text || b.failed) {
			as->arena.failed = true;
			x = NULL;
		}
	}
	bu_buf_free(&b);
	return x;
}

/* ---------------------------------------------------------------- .macro */

static bool opens_macro(struct bu_str w)
{
	return bu_str_is(w, ".macro");
}

static bool closes_macro(struct bu_str w)
{
	return bu_str_is(w, ".endm") || bu_str_is(w, ".endmacro");
}

static bool opens_rept(struct bu_str w)
{
	return bu_str_is(w, ".rept") || bu_str_is(w, ".irp") || bu_str_is(w, ".irpc") ||
	       bu_str_is(w, ".irep") || bu_str_is(w, ".irepc");
}

static bool closes_rept(struct bu_str w)
{
	return bu_str_is(w, ".endr");
}

/* The macro whose name is w, whatever the case of its letters. */
static struct as_macro *find(const struct as_lang *l, struct bu_str w)
{
	struct as_macro *m;
	char lower[256];

	if (!l->nmacros || !w.n || w.n > sizeof(lower))
		return NULL;
	for (size_t i = 0; i < w.n; i++)
		lower[i] = (char)tolower((uint8_t)w.p[i]);
	m = bu_hash_get(&l->macros, lower, w.n);
	return m && m->name ? m : NULL;
}

bool as_is_macro(const struct as *as, const char *p)
{
	size_t n = 0;

	while (IS(p[n], CL_IDENT))
		n++;
	return find(as->lang, bu_str(p, n)) != NULL;
}

static struct bu_str keep(struct as *as, struct bu_str s)
{
	return bu_str(bu_arena_strndup(&as->arena, s.p, s.n), s.n);
}

/* NAME[:req|:vararg][=DEFAULT] at c. false: told. */
static bool parameter(struct as *as, struct as_cur *c, struct as_macro *m)
{
	struct bu_str w = as_word(c);
	struct as_param *p;

	if (!w.n || m->nparam == AS_MAX_PARAMS) {
		as_error(as, "A0202", c->p, as_token_len(c->p, c->e),
			 w.n ? "more than %d parameters" : "expected the name of a parameter", AS_MAX_PARAMS);
		return false;
	}
	for (unsigned i = 0; i < m->nparam; i++) {
		if (!bu_str_eq(m->param[i].name, w))
			continue;
		as_error(as, "A0202", w.p, w.n, "there are two parameters '%.*s'", (int)w.n, w.p);
		return false;
	}
	p = &m->param[m->nparam++];
	p->name = keep(as, w);
	p->value = bu_str("", 0);
	if (as_eat(c, ':')) {
		w = as_word(c);
		if (bu_str_is(w, "req")) {
			p->required = true;
		} else if (bu_str_is(w, "vararg")) {
			p->rest = true;
		} else {
			as_error(as, "A0202", w.p, w.n ? w.n : 1, "a parameter is :req or :vararg");
			return false;
		}
	}
	if (as_eat(c, '='))
		p->value = keep(as, as_argument(c));
	return p->name.p && p->value.p;
}

static bool parameters(struct as *as, struct as_cur *c, struct as_macro *m)
{
	struct as_param all[AS_MAX_PARAMS];
	struct as_param *to = all;

	memset(all, 0, sizeof(all));
	m->param = all;
	for (as_eat(c, ','), as_skip(c); c->p < c->e; as_eat(c, ','), as_skip(c)) {
		if (m->nparam && to[m->nparam - 1].rest) {
			as_error(as, "A0202", c->p, 1, "nothing follows a :vararg parameter");
			m->nparam = 0;
			return false;
		}
		if (!parameter(as, c, m)) {
			m->nparam = 0;
			return false;
		}
	}
	m->param = bu_arena_memdup(&as->arena, all, m->nparam * sizeof(*all));
	return m->param != NULL;
}

static void define(struct as *as, struct as_macro *m, struct bu_str w)
{
	struct as_lang *l = as->lang;
	struct as_macro *old = find(l, w);
	char *key = bu_arena_strndup(&as->arena, w.p, w.n);
	struct bu_diag *d;

	if (old) {
		d = as_error(as, "A0111", w.p, w.n, "macro '%s' is defined twice", old->name);
		as_span(as, d, old->pos, w.n, "first defined here");
		bu_diag_help(as->ds, d, ".purgem %s makes it undefined", old->name);
		return;
	}
	m->name = bu_arena_strndup(&as->arena, w.p, w.n);
	m->pos = as_place(as, w.p);
	for (char *p = key; p && *p; p++)
		*p = (char)tolower((uint8_t)*p);
	if (!key || !m->name || bu_hash_put(&l->macros, key, w.n, m)) {
		as->arena.failed = true;
		return;
	}
	l->nmacros++;
}

void as_d_macro(PARAMS)
{
	struct as_macro *m = bu_arena_alloc(&as->arena, sizeof(*m));
	struct bu_str w = as_word(c), body;
	bool ok = m && w.n && w.n < 256;

	(void)arg;
	if (m && !ok)
		as_error(as, "A0202", c->p, as_token_len(c->p, c->e), "expected the name of a macro");
	ok = ok && parameters(as, c, m);
	c->p = c->e;
	if (!as_skim_body(as, opens_macro, closes_macro, &body)) {
		as_error(as, "A0202", name.p, name.n, ".macro has no .endm");
		return;
	}
	if (!ok)
		return;
	m->body = body;
	define(as, m, w);
}

void as_d_purgem(PARAMS)
{
	struct bu_str w = as_word(c);
	struct as_macro *m = find(as->lang, w);

	UNUSED;
	as_junk(as, c);
	if (!m) {
		as_error(as, "A0202", w.p, w.n ? w.n : 1, "there is no macro '%.*s'", (int)w.n, w.p);
		return;
	}
	/* The table has no removal: an undefined macro is one without a name. */
	m->name = NULL;
}

void as_d_exitm(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	if (!as->lang->depth)
		as_error(as, "A0202", name.p, name.n, ".exitm outside a macro");
	else
		as->leave = true;
}

/* .endm and .endr that close nothing. */
void as_d_closer(PARAMS)
{
	(void)arg;
	as_error(as, "A0202", name.p, name.n, bu_str_is(name, ".endr") ? "%.*s without .rept or .irp"
		 : "%.*s without .macro", (int)name.n, name.p);
	c->p = c->e;
}

/* ---------------------------------------------------------------- calls */

static int index_of(const struct as_macro *m, struct bu_str w)
{
	for (unsigned i = 0; i < m->nparam; i++)
		if (bu_str_eq(m->param[i].name, w))
			return (int)i;
	return -1;
}

/* NAME=, where NAME is a parameter: its index. */
static int keyword(const struct as_macro *m, struct as_cur *c)
{
	struct as_cur t = *c;
	struct bu_str w = as_word(&t);
	int i = w.n ? index_of(m, w) : -1;

	if (i < 0 || !as_eat(&t, '=') || (t.p < t.e && *t.p == '='))
		return -1;
	c->p = t.p;
	return i;
}

/* Fills value and given from the call's arguments. false: told. */
static bool arguments(struct as *as, struct as_cur *c, const struct as_macro *m,
		      struct bu_str *value, bool *given)
{
	unsigned next = 0;
	bool comma = false;

	for (as_skip(c); c->p < c->e || comma; as_skip(c)) {
		int i = keyword(m, c);
		const char *p = c->p;

		if (i < 0) {
			if (next == m->nparam) {
				struct bu_diag *d = as_error(as, "A0204", p, as_token_len(p, c->e),
							     "macro '%s' takes %u argument%s", m->name,
							     m->nparam, m->nparam == 1 ? "" : "s");

				as_span(as, d, m->pos, strlen(m->name), "defined here");
				return false;
			}
			i = (int)next++;
		} else if (given[i]) {
			as_error(as, "A0204", p, 1, "'%.*s' is given twice", (int)m->param[i].name.n,
				 m->param[i].name.p);
			return false;
		}
		if (m->param[i].rest) {
			value[i] = bu_str(p, (size_t)(c->e - p));
			c->p = c->e;
			given[i] = value[i].n > 0;
			break;
		}
		value[i] = as_argument(c);
		given[i] = c->p > p;
		comma = as_eat(c, ',');
	}
	return true;
}

static void call(struct as *as, struct as_macro *m, struct as_cur *c, struct bu_str name)
{
	struct bu_str value[AS_MAX_PARAMS] = { 0 };
	bool given[AS_MAX_PARAMS] = { 0 };
	struct as_subst s = { .param = m->param, .value = value, .n = m->nparam };
	struct as_lang *l = as->lang;
	struct as_expansion *x;

	if (!arguments(as, c, m, value, given))
		return;
	for (unsigned i = 0; i < m->nparam; i++) {
		struct bu_diag *d;

		if (given[i])
			continue;
		if (m->param[i].required) {
			d = as_error(as, "A0204", name.p, name.n, "macro '%s' needs the argument '%.*s'",
				     m->name, (int)m->param[i].name.n, m->param[i].name.p);
			as_span(as, d, m->pos, strlen(m->name), "defined here");
			return;
		}
		value[i] = m->param[i].value;
	}
	s.at = l->count++;
	s.plus = m->count++;
	x = expansion(as, m->body, &s, name);
	run_text(as, x, 1, name);
	as->leave = false;
}

/* ---------------------------------------------------------------- repetition */

void as_d_rept(PARAMS)
{
	struct as_expansion *x = NULL;
	struct bu_str body;
	const char *p;
	int64_t n = 0;
	bool ok;

	(void)arg;
	as_skip(c);
	p = c->p;
	ok = as_expr_now(as, c, "count", &n) == 0;
	if (ok && n < 0)
		as_error(as, "A0160", p, (size_t)(c->p - p), "count %lld is negative", (long long)n);
	if (ok)
		as_junk(as, c);
	c->p = c->e;
	if (!as_skim_body(as, opens_rept, closes_rept, &body)) {
		as_error(as, "A0202", name.p, name.n, ".rept has no .endr");
		return;
	}
	if (!ok || n <= 0)
		return;
	x = bu_arena_alloc(&as->arena, sizeof(*x));
	if (!x)
		return;
	if (body.n > AS_MAX_VOLUME - as->lang->volume) {
		too_much(as, name.p, name.n);
		return;
	}
	x->text = bu_arena_strndup(&as->arena, body.p, body.n);
	x->n = x->origin_n = body.n;
	x->origin = body.p;
	if (x->text)
		run_text(as, x, (uint64_t)n, name);
	as->leave = false;
}

/* One round of .irp or .irpc. */
static void round_of(struct as *as, struct bu_str body, const struct as_param *p, struct bu_str value,
		     uint64_t i, struct bu_str name)
{
	struct as_subst s = { .param = p, .value = &value, .n = 1, .at = as->lang->count, .plus = i };

	run_text(as, expansion(as, body, &s, name), 1, name);
}

/* .irp NAME, VALUE, …; with arg 1 .irpc NAME, TEXT: for each character. */
void as_d_irp(PARAMS)
{
	struct as_param p = { .name = as_word(c) };
	struct bu_str body, rest;
	struct as_cur values;
	uint64_t i = 0;
	bool ok = p.name.n > 0, comma = true;

	if (!ok)
		as_error(as, "A0202", c->p, as_token_len(c->p, c->e), "expected a name");
	as_eat(c, ',');
	as_skip(c);
	rest = bu_str(c->p, (size_t)(c->e - c->p));
	c->p = c->e;
	if (!as_skim_body(as, opens_rept, closes_rept, &body)) {
		as_error(as, "A0202", name.p, name.n, "%.*s has no .endr", (int)name.n, name.p);
		return;
	}
	if (!ok)
		return;
	/* The statement's text may be in a buffer that the next one overwrites. */
	p.name = keep(as, p.name);
	rest = keep(as, rest);
	if (!p.name.p || !rest.p)
		return;
	values = (struct as_cur){ rest.p, rest.p + rest.n };
	if (arg && rest.n)
		rest = as_argument(&values);
	for (; arg && i < rest.n && !as->ended && !as->leave && !as_too_many(as); i++)
		round_of(as, body, &p, bu_str(rest.p + i, 1), i, name);
	for (; !arg && comma && !as->ended && !as->leave && !as_too_many(as); i++) {
		struct bu_str v = as_argument(&values);

		comma = as_eat(&values, ',') || values.p < values.e;
		round_of(as, body, &p, v, i, name);
	}
	if (arg && !rest.n)
		round_of(as, body, &p, rest, 0, name);
	as->leave = false;
}

/* ---------------------------------------------------------------- statements */

/* Names that are registers somewhere: "R1 = 1" is a slip, not an assignment. */
static bool register_like(struct bu_str w)
{
	if (w.n == 2 && (w.p[0] | 32) == 'f' && (w.p[1] | 32) == 'p')
		return true;
	if (w.n < 2 || w.n > 3 || ((w.p[0] | 32) != 'r' && (w.p[0] | 32) != 'w'))
		return false;
	for (size_t i = 1; i < w.n; i++)
		if (!IS(w.p[i], CL_DIGIT))
			return false;
	return true;
}

bool as_lang_statement(struct as *as, const char *w, struct as_cur *c)
{
	struct bu_str word = bu_str(w, (size_t)(c->p - w));
	struct as_macro *m = find(as->lang, word);
	struct as_cur t = *c;

	if (m) {
		call(as, m, c, word);
		return true;
	}
	if (!as_eat(&t, '=') || !IS(*w, CL_START) || register_like(word))
		return false;
	if (word.n == 1 && *w == '.') {
		as_d_org(as, &t, 0, word);
		return true;
	}
	c->p = w;
	as_assign(as, c, as_eat(&t, '='));
	return true;
}

/* ---------------------------------------------------------------- places */

const struct as_expansion *as_expansion_of(const struct as *as, const char *p)
{
	const struct as_lang *l = as->lang;

	for (size_t i = l ? l->nexp : 0; i-- > 0;)
		if (p >= l->exp[i]->text && p <= l->exp[i]->text + l->exp[i]->n)
			return l->exp[i];
	return NULL;
}

static size_t line_len(const char *p, const char *e)
{
	const char *q = memchr(p, '\n', (size_t)(e - p));

	return (size_t)((q ? q : e) - p);
}

/* The line of x's text that holds p, and the line of the body that it came from. */
static void lines_of(const struct as_expansion *x, const char *p, struct bu_str *made, struct bu_str *was)
{
	const char *t = x->text, *o = x->origin, *oe = o + x->origin_n, *q;

	while ((q = memchr(t, '\n', (size_t)(p - t)))) {
		t = q + 1;
		q = memchr(o, '\n', (size_t)(oe - o));
		o = q ? q + 1 : oe;
	}
	*made = bu_str(t, line_len(t, x->text + x->n));
	*was = bu_str(o, line_len(o, oe));
}

const char *as_written(const struct as *as, const char *p, size_t *len)
{
	const struct as_expansion *x;
	struct bu_str made, was;
	size_t at, same, tail;

	while ((x = as_expansion_of(as, p))) {
		lines_of(x, p, &made, &was);
		at = (size_t)(p - made.p);
		for (same = 0; same < made.n && same < was.n && made.p[same] == was.p[same];)
			same++;
		for (tail = 0; tail < made.n - same && tail < was.n - same &&
			       made.p[made.n - 1 - tail] == was.p[was.n - 1 - tail];)
			tail++;
		if (at < same || (same == made.n && same == was.n)) {
			p = was.p + (at < was.n ? at : was.n);
			if (len && at + *len > same && *len > same - at && same != was.n)
				*len = was.n - tail > at ? was.n - tail - at : 1;
		} else if (at >= made.n - tail) {
			p = was.p + was.n - (made.n - at);
		} else { /* amid what was replaced: all of it */
			p = was.p + same;
			if (len)
				*len = was.n - tail > same ? was.n - tail - same : 1;
		}
	}
	return p;
}

void as_expansion_note(struct as *as, struct bu_diag *d, const struct as_expansion *x, const char *p)
{
	struct bu_str made, was;

	lines_of(x, p, &made, &was);
	while (made.n && IS(*made.p, CL_SPACE))
		made.p++, made.n--;
	while (was.n && IS(*was.p, CL_SPACE))
		was.p++, was.n--;
	if (!bu_str_eq(made, was))
		bu_diag_note(as->ds, d, "the line expands to '%.*s'%s", (int)(made.n > 200 ? 200 : made.n),
			     made.p, made.n > 200 ? "..." : "");
}

void as_expansion_calls(struct as *as, struct bu_diag *d, const struct as_expansion *x)
{
	const struct as_expansion *up = x, *next;
	unsigned between = 0;

	as_span(as, d, x->call, x->call_len, "expanded from here");
	for (; (next = as_expansion_of(as, up->call)); up = next)
		between++;
	if (up == x)
		return;
	if (between > 1)
		bu_diag_note(as->ds, d, "%u more expansion%s between these", between - 1,
			     between == 2 ? "" : "s");
	as_span(as, d, up->call, up->call_len, "which was expanded from here");
}

int as_lang_init(struct as *as)
{
	as->lang = bu_arena_alloc(&as->arena, sizeof(*as->lang));
	return as->lang ? 0 : -ENOMEM;
}

void as_lang_free(struct as *as)
{
	if (as->lang)
		bu_hash_free(&as->lang->macros);
}
