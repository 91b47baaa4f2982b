/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .cinclude <linux/if_ether.h>, "my.h": the headers' macros and enumerators become constants.
 *
 * The preprocessor is run twice: once for the names of all macros (-dD) and the text with the
 * enumerators; once for what each macro expands to, so that nesting, arguments and pasting are the
 * compiler's affair. Values are computed when a name is used: most macros are no numbers, and nobody cares.
 */
#include "bpf-as/cinclude.h"
#include "bpf-as/directive.h"
#include "bpf-as/names.h"

#define MAX_MACROS 200000
#define MAX_HEADERS 16

struct cname {
	const char *name, *file;
	struct bu_str text; /* a macro's expansion; .p NULL: it takes arguments */
	int64_t value;
	bool known;         /* value holds; enumerators */
	struct cname *next;
};

struct as_cinc {
	struct bu_hash macros, enums;
	struct cname *first, **tail; /* macros of the directive at hand */
	unsigned n;
};

void as_cinclude_free(struct as *as)
{
	if (!as->cinc)
		return;
	bu_hash_free(&as->cinc->macros);
	bu_hash_free(&as->cinc->enums);
}

/* ---------------------------------------------------------------- values */

static bool enumerator(void *ctx, struct bu_str name, struct as_cval *v)
{
	struct as *as = ctx;
	const struct cname *c = bu_hash_get(&as->cinc->enums, name.p, name.n);

	if (!c)
		return false;
	v->v = c->value;
	v->size = c->value < INT32_MIN || c->value > (int64_t)UINT32_MAX ? 8 : 4;
	v->is_unsigned = c->value > INT32_MAX;
	return true;
}

bool as_cinclude_value(struct as *as, struct bu_str name, int64_t *value)
{
	struct as_cval v;
	const char *why;
	struct bu_str about;
	struct cname *c;

	if (!as->cinc)
		return false;
	c = bu_hash_get(&as->cinc->macros, name.p, name.n);
	if (!c)
		c = bu_hash_get(&as->cinc->enums, name.p, name.n);
	if (!c || (!c->known && !c->text.p))
		return false;
	if (!c->known) {
		if (!as_cexpr(c->text, enumerator, as, &v, &why, &about))
			return false;
		c->value = v.v;
		c->known = true;
	}
	*value = c->value;
	return true;
}

bool as_cinclude_undefined(struct as *as, const struct as_sym *s, const char *pos)
{
	const struct cname *c = as->cinc ? bu_hash_get(&as->cinc->macros, s->name, s->n) : NULL;
	struct bu_str about = { 0 };
	const char *why = NULL;
	struct as_cval v;
	struct bu_diag *d;

	if (!c)
		return false;
	if (!c->text.p) {
		d = as_error(as, "A0221", pos, s->n, "the macro '%s' takes arguments", s->name);
	} else if (as_cexpr(c->text, enumerator, as, &v, &why, &about)) {
		return false;
	} else {
		d = as_error(as, "A0221", pos, s->n, "the macro '%s' is no integer constant: it has %s%s%.*s%s",
			     s->name, why, about.n ? ": '" : "", (int)(about.n > 60 ? 60 : about.n), about.p,
			     about.n ? "'" : "");
		bu_diag_note(as->ds, d, "it expands to: %.*s", (int)(c->text.n > 120 ? 120 : c->text.n), c->text.p);
	}
	bu_diag_note(as->ds, d, "it is defined in %s", c->file);
	return true;
}

void as_cinclude_feed(struct as *as, struct bu_near *near)
{
	for (struct cname *c = as->cinc ? as->cinc->first : NULL; c; c = c->next)
		if (c->name[0] != '_')
			bu_near_feed(near, c->name);
}

/* ---------------------------------------------------------------- reading what the compiler prints */

static struct bu_str word(const char **p, const char *e)
{
	const char *s;

	while (*p < e && IS(**p, CL_SPACE))
		++*p;
	s = *p;
	while (*p < e && IS(**p, CL_IDENT) && **p != '.' && **p != '$')
		++*p;
	return bu_str(s, (size_t)(*p - s));
}

/* # 12 "file" …: the name of the file, NULL: not such a line. */
static const char *line_marker(struct as *as, const char *p, const char *e)
{
	const char *q;

	if (e - p < 5 || p[0] != '#' || p[1] != ' ' || !IS(p[2], CL_DIGIT))
		return NULL;
	p = memchr(p, '"', (size_t)(e - p));
	q = p ? memchr(p + 1, '"', (size_t)(e - p - 1)) : NULL;
	return q ? bu_arena_strndup(&as->arena, p + 1, (size_t)(q - p - 1)) : NULL;
}

static void define(struct as *as, const char *p, const char *e, const char *file)
{
	struct as_cinc *ci = as->cinc;
	struct bu_str name = word(&p, e);
	struct cname *c;

	if (!name.n || ci->n >= MAX_MACROS)
		return;
	c = bu_hash_get(&ci->macros, name.p, name.n);
	if (!c) {
		c = bu_arena_alloc(&as->arena, sizeof(*c));
		if (!c)
			return;
		c->name = bu_arena_strndup(&as->arena, name.p, name.n);
		if (!c->name || bu_hash_put(&ci->macros, c->name, name.n, c))
			return;
		*ci->tail = c;
		ci->tail = &c->next;
		ci->n++;
	}
	c->file = file;
	c->known = false;
	c->text = p < e && *p == '(' ? bu_str(NULL, 0) : bu_str("", 0);
}

/* enum { A, B = 4 }: with p behind "enum". */
static const char *read_enum(struct as *as, const char *p, const char *e)
{
	struct as_cval v = { 0, 4, false };
	struct bu_str name, about;
	struct cname *c;
	const char *q, *why;

	word(&p, e);
	while (p < e && (IS(*p, CL_SPACE) || *p == '\n'))
		p++;
	if (p == e || *p != '{')
		return p;
	for (p++; p < e && *p != '}'; v.v++) {
		int nest = 0;

		while (p < e && (IS(*p, CL_SPACE) || *p == '\n'))
			p++;
		name = word(&p, e);
		if (!name.n)
			return p;
		while (p < e && (IS(*p, CL_SPACE) || *p == '\n'))
			p++;
		for (q = p; q < e && (nest || (*q != ',' && *q != '}')); q++)
			nest += (*q == '(') - (*q == ')');
		if (p < e && *p == '=' &&
		    !as_cexpr(bu_str(p + 1, (size_t)(q - p - 1)), enumerator, as, &v, &why, &about))
			return q;
		p = q < e && *q == ',' ? q + 1 : q;
		while (p < e && (IS(*p, CL_SPACE) || *p == '\n'))
			p++;
		c = bu_arena_alloc(&as->arena, sizeof(*c));
		if (!c || as->cinc->n++ >= MAX_MACROS)
			return e;
		c->name = bu_arena_strndup(&as->arena, name.p, name.n);
		c->value = v.v;
		c->known = true;
		if (!c->name || bu_hash_put(&as->cinc->enums, c->name, name.n, c))
			return e;
		*as->cinc->tail = c;
		as->cinc->tail = &c->next;
	}
	return p;
}

static void read_enums(struct as *as, const char *p, const char *e)
{
	while (p < e) {
		if (!IS(*p, CL_START)) {
			p++;
			continue;
		}
		if (bu_str_is(word(&p, e), "enum"))
			p = read_enum(as, p, e);
		else if (p < e && !IS(*p, CL_IDENT))
			p++;
		else if (p < e && (*p == '.' || *p == '$'))
			p++;
	}
}

/* The output of -dD: macros, and the rest to *rest. */
static void read_defines(struct as *as, struct bu_str all, struct bu_buf *rest)
{
	const char *p = all.p, *e = all.p + all.n, *file = "<built-in>", *nl, *m;
	bool hidden = true;

	for (; p < e; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(e - p));
		nl = nl ? nl : e;
		m = line_marker(as, p, nl);
		if (m) {
			hidden = m[0] == '<';
			file = m;
			if (!hidden && m[0])
				as_dep(as, m);
		} else if (nl - p > 8 && !memcmp(p, "#define ", 8)) {
			if (!hidden)
				define(as, p + 8, nl, file);
		} else if (nl - p > 7 && !memcmp(p, "#undef ", 7)) {
			const char *q = p + 7;
			struct bu_str w = word(&q, nl);
			struct cname *c = bu_hash_get(&as->cinc->macros, w.p, w.n);

			if (c)
				c->text = bu_str(NULL, 0);
		} else if (*p != '#') {
			bu_buf_add(rest, p, (size_t)(nl - p));
			bu_buf_str(rest, "\n");
		}
	}
}

/* What "@12" NAME lines became. */
static void read_expansions(struct as *as, struct bu_str all, struct cname **list, unsigned n)
{
	const char *p = all.p, *e = all.p + all.n, *q;

	while (p < e && (p = memmem(p, (size_t)(e - p), "\"@", 2))) {
		unsigned long i = 0;

		for (q = p + 2; q < e && IS(*q, CL_DIGIT) && i < MAX_MACROS; q++)
			i = i * 10 + (unsigned long)(*q - '0');
		p = q;
		if (q == e || *q != '"' || i >= n)
			continue;
		p = q + 1;
		q = memmem(p, (size_t)(e - p), "\"@", 2);
		q = q ? q : e;
		while (p < q && (IS(*p, CL_SPACE) || *p == '\n'))
			p++;
		while (q > p && (IS(q[-1], CL_SPACE) || q[-1] == '\n'))
			q--;
		if (list[i]->text.p)
			list[i]->text = bu_str(bu_arena_strndup(&as->arena, p, (size_t)(q - p)), (size_t)(q - p));
		if (!list[i]->text.p)
			list[i]->text.n = 0;
	}
}

/* ---------------------------------------------------------------- the directive */

static bool cc_error(struct as *as, int err, const char *p, size_t n, struct bu_buf *complaint)
{
	const char *s = bu_buf_cstr(complaint);
	struct bu_diag *d;

	if (err == -ENOENT) {
		d = as_error(as, "A0220", p, n, ".cinclude needs a C compiler, and there is none");
		bu_diag_help(as->ds, d, "it runs $CC, cc, gcc or clang; names of the kernel's interface need no header");
	} else if (err == -ETIMEDOUT) {
		as_error(as, "A0220", p, n, "the C compiler did not end in 20 seconds");
	} else if (err == -EFBIG) {
		as_error(as, "A0220", p, n, "the C compiler prints more than 32 MiB");
	} else if (err == -EINVAL) {
		d = as_error(as, "A0220", p, n, "the C compiler refuses the header");
		if (*s)
			bu_diag_note(as->ds, d, "%.*s", (int)strcspn(s, "\n"), s);
	} else {
		as_error(as, "A0220", p, n, "the C compiler cannot be run: %s", strerror(-err));
	}
	return false;
}

static bool preprocess(struct as *as, const char *flag, const char *flag2, struct bu_buf *input,
		       struct bu_buf *out, const char *p, size_t n)
{
	const char *args[16 + 32], *slash = strrchr(as->file->name, '/');
	struct bu_buf complaint = { 0 };
	unsigned k = 0;
	int err;

	args[k++] = "-E";
	args[k++] = flag;
	args[k++] = flag2;
	args[k++] = "-w";
	args[k++] = "-iquote";
	args[k++] = slash ? bu_arena_strndup(&as->arena, as->file->name, (size_t)(slash - as->file->name) + 1) : ".";
	for (unsigned i = 0; i < as->nincdirs && k < 40; i++)
		args[k++] = bu_arena_printf(&as->arena, "-I%s", as->incdirs[i]);
	args[k++] = "-x";
	args[k++] = "c";
	args[k++] = "-";
	args[k] = NULL;
	err = as->arena.failed ? -ENOMEM : input->failed ? -ENOMEM :
	      as_cc_run(args, bu_str((const char *)input->p, input->n), out, &complaint);
	if (err)
		cc_error(as, err, p, n, &complaint);
	bu_buf_free(&complaint);
	return !err;
}

/* <…> or "…" at c, appended as a line of C. */
static bool header(struct as *as, struct as_cur *c, struct bu_buf *input)
{
	const char *s, *e;
	char close;

	as_skip(c);
	s = c->p;
	close = s < c->e && *s == '<' ? '>' : '"';
	if (s == c->e || (*s != '<' && *s != '"')) {
		as_error(as, "A0145", s, as_token_len(s, c->e), "expected a header: <linux/if_ether.h> or \"file.h\"");
		return false;
	}
	e = memchr(s + 1, close, (size_t)(c->e - s - 1));
	if (!e || e == s + 1 || memchr(s, '\\', (size_t)(e - s)) || memchr(s, '\n', (size_t)(e - s))) {
		as_error(as, "A0147", s, (size_t)((e ? e : c->e) - s), "the header's name does not end with '%c'", close);
		return false;
	}
	c->p = e + 1;
	bu_buf_printf(input, "#include %.*s\n", (int)(c->p - s), s);
	return true;
}

static void expand(struct as *as, struct bu_buf *input, const char *p, size_t n)
{
	struct cname **list = bu_arena_array(&as->arena, as->cinc->n + 1, sizeof(*list));
	struct bu_buf out = { 0 };
	unsigned k = 0;

	for (struct cname *c = as->cinc->first; list && c; c = c->next) {
		if (!c->text.p || k >= as->cinc->n)
			continue;
		bu_buf_printf(input, "\"@%u\" %s\n", k, c->name);
		list[k++] = c;
	}
	if (list && preprocess(as, "-P", "-w", input, &out, p, n))
		read_expansions(as, bu_str((const char *)out.p, out.n), list, k);
	bu_buf_free(&out);
}

void as_d_cinclude(PARAMS)
{
	struct bu_buf input = { 0 }, out = { 0 }, rest = { 0 };
	unsigned headers = 0;
	bool read = false;
	const char *p;
	int64_t v;

	UNUSED;
	as_skip(c);
	p = c->p;
	do {
		if (headers++ == MAX_HEADERS || !header(as, c, &input))
			goto out;
	} while (as_eat(c, ','));
	as_skip(c);
	if (c->p < c->e) {
		as_junk(as, c);
		goto out;
	}
	if (!as->run_cc) {
		as_error(as, "A0220", p, (size_t)(c->p - p), ".cinclude is switched off");
		goto out;
	}
	if (!as->cinc) {
		as->cinc = bu_arena_alloc(&as->arena, sizeof(*as->cinc));
		if (!as->cinc)
			goto out;
		as->cinc->tail = &as->cinc->first;
	}
	if (!preprocess(as, "-dD", "-w", &input, &out, p, (size_t)(c->p - p)))
		goto out;
	read_defines(as, bu_str((const char *)out.p, out.n), &rest);
	read_enums(as, (const char *)rest.p, (const char *)rest.p + rest.n);
	expand(as, &input, p, (size_t)(c->p - p));
	/* names that were used before */
	read = true;
	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if ((s->def == DEF_NONE || s->def == DEF_CONST) &&
		    as_cinclude_value(as, bu_str(s->name, s->n), &v)) {
			s->def = DEF_CONST;
			s->value = v;
		}
out:
	as->cinc_failed = as->cinc_failed || !read;
	c->p = c->e;
	bu_buf_free(&input);
	bu_buf_free(&out);
	bu_buf_free(&rest);
}
