/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text to statements: lines, comments, the include stack, and places for messages. */
#include "bpf-as/types.h"

#include <sys/mman.h>

#define MAX_SOURCE (1u << 30)
#define MAX_DEPTH 64
#define MAX_FILES 10000
#define MAX_MESSAGE 400

#define I (CL_IDENT | CL_START)
#define D (CL_IDENT | CL_DIGIT)
const uint8_t as_class[256] = {
	['A' ... 'Z'] = I, ['a' ... 'z'] = I, ['_'] = I, ['.'] = I, ['$'] = I,
	['0' ... '9'] = D,
	[' '] = CL_SPACE, ['\t'] = CL_SPACE, ['\r'] = CL_SPACE, ['\f'] = CL_SPACE, ['\v'] = CL_SPACE,
	['\n'] = CL_STOP, [';'] = CL_STOP, ['"'] = CL_STOP, ['\''] = CL_STOP, ['/'] = CL_STOP,
	['#'] = CL_STOP, ['\0'] = CL_STOP,
};
#undef I
#undef D

struct bu_str as_word(struct as_cur *c)
{
	const char *s;

	as_skip(c);
	s = c->p;
	if (s < c->e && IS(*s, CL_START))
		while (c->p < c->e && IS(*c->p, CL_IDENT))
			c->p++;
	return bu_str(s, (size_t)(c->p - s));
}

/* ---------------------------------------------------------------- places */

bool as_too_many(const struct as *as)
{
	return as->ds->max_errors && as->ds->errors >= as->ds->max_errors;
}

const char *as_place(const struct as *as, const char *p)
{
	if (as->stmt && as->stmt != as->stmt_src && p >= as->stmt && p <= as->stmt + as->stmt_n)
		return as->stmt_src + (p - as->stmt);
	return p;
}

const struct as_file *as_file_of(const struct as *as, const char *p)
{
	for (size_t i = as->nfiles; i-- > 0;) {
		const char *t = (const char *)as->files[i]->text.p;

		if (t && p >= t && p <= t + as->files[i]->text.n)
			return as->files[i];
	}
	return NULL;
}

static uint32_t place_line(const struct as_file *f, const char *p, const char **start)
{
	const char *t = (const char *)f->text.p, *nl;
	uint32_t line = 1;

	for (; (nl = memchr(t, '\n', (size_t)(p - t))); t = nl + 1)
		line++;
	*start = t;
	return line;
}

const char *as_line_pos(const struct as_file *f, uint32_t line, uint32_t col)
{
	const char *t = (const char *)f->text.p, *e = t + f->text.n, *nl;

	for (; line > 1 && (nl = memchr(t, '\n', (size_t)(e - t))); line--)
		t = nl + 1;
	return col && (size_t)(e - t) > col - 1 ? t + col - 1 : t;
}

void as_span(struct as *as, struct bu_diag *d, const char *p, size_t len, const char *label)
{
	const struct as_expansion *expanded;
	const struct as_file *f;
	const char *start, *end;
	uint32_t line;
	size_t rest;

	if (d == &as->ds->spare)
		return;
	p = p ? as_place(as, p) : NULL;
	expanded = p ? as_expansion_of(as, p) : NULL;
	if (expanded) {
		if (!d->nspans)
			as_expansion_note(as, d, expanded, p);
		p = as_written(as, p, &len);
	}
	f = p ? as_file_of(as, p) : NULL;
	if (!f) {
		const char *name = as->nfiles ? as->files[0]->name : "bpf-as";

		bu_diag_span(as->ds, d, name, 0, 0, 1, (struct bu_str){ 0 }, label);
		return;
	}
	line = place_line(f, p, &start);
	end = start + strcspn(start, "\n");
	if (end > start && end[-1] == '\r')
		end--;
	rest = end > p ? (size_t)(end - p) : 1;
	if (len > rest)
		len = rest;
	bu_diag_span(as->ds, d, f->name, line, (uint32_t)(p - start) + 1, len ? (uint32_t)len : 1,
		     bu_str(start, (size_t)(end - start)), label);
	if (d->nspans == 1 && expanded)
		as_expansion_calls(as, d, expanded);
	else if (d->nspans == 1)
		for (; f->parent; f = as_file_of(as, f->parent)) {
			const struct as_file *up = as_file_of(as, f->parent);

			bu_diag_note(as->ds, d, "included from %s:%u", up->name,
				     place_line(up, f->parent, &start));
		}
}

/* Messages quote words of the source, which may have any length. */
static void shorten(struct bu_buf *b)
{
	if (b->n <= MAX_MESSAGE)
		return;
	b->n = MAX_MESSAGE;
	while (b->n && (b->p[b->n] & 0xc0) == 0x80)
		b->n--;
	bu_buf_str(b, "...");
}

struct bu_diag *as_report(struct as *as, enum bu_severity sev, const char *code, const char *p,
			  size_t len, const char *fmt, va_list ap)
{
	struct bu_buf b = { 0 };
	struct bu_diag *d;

	bu_buf_vprintf(&b, fmt, ap);
	shorten(&b);
	d = bu_diag(as->ds, sev, code, "%s", bu_buf_cstr(&b));
	bu_buf_free(&b);
	as_span(as, d, p, len, NULL);
	return d;
}

struct bu_diag *as_error(struct as *as, const char *code, const char *p, size_t len,
			 const char *fmt, ...)
{
	struct bu_diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = as_report(as, BU_ERROR, code, p, len, fmt, ap);
	va_end(ap);
	return d;
}

struct bu_diag *as_warn(struct as *as, const char *code, const char *p, size_t len,
			const char *fmt, ...)
{
	struct bu_diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = as_report(as, BU_WARNING, code, p, len, fmt, ap);
	va_end(ap);
	return d;
}

struct bu_diag *as_tell(struct as *as, const char *code, const char *p, size_t len, const char *fmt, ...)
{
	struct bu_diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = as_report(as, BU_NOTE, code, p, len, fmt, ap);
	va_end(ap);
	return d;
}

const char *as_line_end(const char *q)
{
	const char *nl = strchr(q, '\n');

	return nl ? nl : q + strlen(q);
}

void as_line(struct as *as, const char *p)
{
	as_line_at(as, p, as->line_start);
}

void as_line_at(struct as *as, const char *p, const char *end)
{
	struct as_sec *s = as->cur;
	struct bu_line_info l;
	bool ask = false;
	size_t col;

	if (as->verbatim || (s->nline && s->last.insn_off == s->size))
		return;
	if (as->line_off_known)
		as_line_answer(as);
	if (!as->line_off_known) {
		const char *t = as->line_start, *e;

		if (as->in_call) /* the statement stands elsewhere */
			end = t;
		e = *end == '\n' && end > t ? end : as_line_end(end);

		/* With its indentation, as compilers do: columns count from there. */
		while (e > t && IS(e[-1], CL_SPACE))
			e--;
		ask = !as->no_line_info && as_line_ask(as, t, (size_t)(e - t));
		as->line_off = 0;
		as->line_off_known = true;
	}
	p = as->in_call ? as->in_call : as_place(as, p);
	col = p >= as->line_start ? (size_t)(p - as->line_start) + 1 : 1;
	l.insn_off = (uint32_t)s->size;
	l.file_off = as->file->name_off;
	l.line_off = as->line_off;
	l.line = as->line > 0x3fffff ? 0x3fffff : as->line;
	l.col = col > 1023 ? 1023 : (uint32_t)col;
	as_lines_add(as, s, &l);
	if (ask)
		as_asked_for(as, s);
}

/* ---------------------------------------------------------------- statements */

/* Labels, then what the statement is. */
static void statement(struct as *as, const char *s, size_t n)
{
	struct as_cur c = { s, s + n };
	const char *w;

	as->stmt = s;
	as->stmt_n = n;
	as->nex = as->mark_ex;
	if (as->ty && as->ty->open) {
		as_types_feed(as, s, n);
		return;
	}
	for (;;) {
		as_skip(&c);
		w = c.p;
		if (w == c.e)
			return;
		if (!IS(*w, CL_IDENT)) {
			if (*w == '"' && as_quoted_label(as, &c))
				continue;
			break;
		}
		if (IS(*w, CL_START))
			while (c.p < c.e && IS(*c.p, CL_IDENT))
				c.p++;
		else
			while (c.p < c.e && IS(*c.p, CL_DIGIT))
				c.p++;
		if (c.p == c.e || *c.p != ':')
			break;
		if (IS(*w, CL_START))
			as_label(as, w, (size_t)(c.p - w));
		else
			as_numlabel(as, w, (size_t)(c.p - w));
		c.p++;
	}
	if (as_lang_statement(as, w, &c))
		return;
	if (*w == '.') {
		struct bu_str name = bu_str(w, (size_t)(c.p - w));

		as_directive(as, name, &c);
		return;
	}
	c.p = w;
	as_insn(as, &c);
}

/* Skips a block comment at p; counts lines. NULL: it does not end. */
static const char *skip_comment(struct as *as, const char *p, uint32_t *lines, const char **start)
{
	const char *end = strstr(p + 2, "*/");

	if (!end) {
		as_error(as, "A0101", p, 2, "comment does not end");
		return NULL;
	}
	for (const char *q = p; (q = memchr(q, '\n', (size_t)(end - q))); q++) {
		++*lines;
		*start = q + 1;
	}
	return end + 2;
}

/* Past the string or character that begins at q; stays before a newline. */
static const char *skip_quoted(const char *q)
{
	char quote = *q++;

	if (quote == '\'') { /* 'c', '\n', or 'c without the second quote as in gas */
		if (*q == '\\' && q[1] && q[1] != '\n')
			q++;
		if (*q && *q != '\n')
			q++;
		return *q == '\'' ? q + 1 : q;
	}
	while (*q && *q != '\n' && *q != '"')
		q += *q == '\\' && q[1] && q[1] != '\n' ? 2 : 1;
	return *q == '"' ? q + 1 : q;
}

static bool blank_to_eol(const char *q)
{
	while (IS(*q, CL_SPACE))
		q++;
	return *q == '\n' || *q == '\0' || *q == ';';
}

/* The text goes on in a later line, which begins at start. */
static void next_line(struct as *as, const char *start, uint32_t lines)
{
	as->line += lines;
	as->line_start = start;
	as->line_off_known = false;
}

/*
 * Takes the statement that begins at s. Returns where to go on: at the newline, ';' or end behind
 * it. A comment amid the statement is blanked in a copy, so that columns stay.
 */
static const char *take(struct as *as, const char *s, const char *e)
{
	const char *q = s, *from = s, *end = NULL, *start = as->line_start;
	uint32_t lines = 0;
	bool copied = false;

	while (!end) {
		while (!IS(*q, CL_STOP))
			q++;
		switch (*q) {
		case '\n':
		case ';':
			end = q;
			break;
		case '\0':
			if (q >= e)
				end = q;
			else
				q++;
			break;
		case '"':
		case '\'':
			q = skip_quoted(q);
			break;
		case '#': /* "bpf_x#1" is one word */
			if (q > s && IS(q[-1], CL_SPACE))
				end = q;
			else
				q++;
			break;
		case '/':
			if (q[1] == '/') {
				end = q;
			} else if (q[1] == '*') {
				const char *after = skip_comment(as, q, &lines, &start);

				if (!after || blank_to_eol(after)) {
					end = q;
					from = copied ? from : s;
					if (copied)
						bu_buf_add(&as->scratch, from, (size_t)(q - from));
					q = after ? after : e;
					goto done;
				}
				if (!copied)
					bu_buf_reset(&as->scratch);
				copied = true;
				bu_buf_add(&as->scratch, from, (size_t)(q - from));
				for (; q < after; q++)
					bu_buf_char(&as->scratch, ' ');
				from = after;
			} else {
				q++;
			}
			break;
		}
	}
	if (copied)
		bu_buf_add(&as->scratch, from, (size_t)(end - from));
	if (*q == '#' || *q == '/' || (*q == ';' && as->semi))
		q = as_line_end(q);
done:
	as->stmt_src = s;
	if (copied) {
		const char *t = bu_buf_cstr(&as->scratch);
		size_t n = as->scratch.n;

		while (n && IS(t[n - 1], CL_SPACE))
			n--;
		statement(as, t, n);
	} else {
		while (end > s && IS(end[-1], CL_SPACE))
			end--;
		statement(as, s, (size_t)(end - s));
	}
	if (lines && !as->in_call)
		next_line(as, start, lines);
	return q;
}

/* Goes on where a directive wants: behind what it has read over, which began at p. */
static const char *resume(struct as *as, const char *p)
{
	const char *to = as->resume, *start = NULL;
	uint32_t lines = 0;

	as->resume = NULL;
	if (to <= p)
		return p;
	for (const char *q = p; (q = memchr(q, '\n', (size_t)(to - q))); lines++)
		start = ++q;
	if (lines && !as->in_call)
		next_line(as, start, lines);
	return to;
}

/* So much text behind the cursor goes back to the system, which reads it again for messages. */
#define DROP (1u << 18)

void as_drop(struct as *as, const char *p)
{
	struct as_file *f = as->file;
	size_t n;

	if (!f->mapped || as->in_call || p < f->drop)
		return;
	n = (size_t)(p - f->drop) & ~(size_t)(DROP - 1);
	if (n)
		madvise((void *)(uintptr_t)f->drop, n, MADV_DONTNEED);
	f->drop += n;
}

void as_run(struct as *as, const char *p, const char *e)
{
	const char *outer_end = as->in_end;

	as->in_end = e;
	while (p < e && !as->ended && !as->leave) {
		p = as_fast(as, p, e);
		if (p == e)
			break;
		if (IS(*p, CL_SPACE) || *p == ';') {
			p = *p == ';' && as->semi ? as_line_end(p) : p + 1;
		} else if (*p == '\n') {
			p++;
			if (!as->in_call)
				next_line(as, p, 1);
			if (as_too_many(as))
				break;
		} else if (*p == '#' || (*p == '/' && p[1] == '/')) {
			p = as_line_end(p);
		} else if (*p == '/' && p[1] == '*') {
			const char *start = as->line_start;
			uint32_t lines = 0;

			p = skip_comment(as, p, &lines, &start);
			if (!p)
				break;
			if (lines && !as->in_call)
				next_line(as, start, lines);
		} else {
			size_t noted = as->listing ? as_listing_begin(as, p) : 0;

			p = take(as, p, e);
			if (as->listing)
				as_listing_end(as, noted);
			if (as->resume)
				p = resume(as, p);
		}
	}
	as->in_end = outer_end;
}

int as_find_file(struct as *as, const char *name, size_t max, char **path, struct bu_buf *text)
{
	const char *slash = strrchr(as->file->name, '/');
	int err;

	if (name[0] == '/' || !slash)
		*path = bu_arena_strdup(&as->arena, name);
	else
		*path = bu_arena_printf(&as->arena, "%.*s/%s", (int)(slash - as->file->name),
					as->file->name, name);
	err = *path ? bu_file_read(*path, max, text) : -ENOMEM;
	for (unsigned i = 0; err == -ENOENT && name[0] != '/' && i < as->nincdirs; i++) {
		*path = bu_arena_printf(&as->arena, "%s/%s", as->incdirs[i], name);
		err = *path ? bu_file_read(*path, max, text) : -ENOMEM;
	}
	return err;
}

static int source(struct as *as, const char *name, const char *from)
{
	struct as_file *f = bu_arena_alloc(&as->arena, sizeof(*f)), *outer = as->file;
	struct {
		const char *stmt, *src, *line_start, *in_call;
		size_t n;
		uint32_t line, line_off;
		bool known;
	} save = { as->stmt, as->stmt_src, as->line_start, as->in_call, as->stmt_n, as->line,
		   as->line_off, as->line_off_known };
	char *path = NULL;
	size_t conds;
	int err;

	if (!f)
		return -ENOMEM;
	if (from && as->depth >= MAX_DEPTH) {
		as_error(as, "A0102", from, strlen(name), "includes are nested deeper than %d",
			 MAX_DEPTH);
		return -EINVAL;
	}
	if (as->nfiles >= MAX_FILES) {
		as_error(as, "A0102", from, strlen(name), "more than %d files are included", MAX_FILES);
		as->ended = true;
		return -EINVAL;
	}
	if (from)
		err = as_find_file(as, name, MAX_SOURCE, &path, &f->text);
	else if (as->relax && as_relax_input(as, &f->text, &f->mapped))
		err = 0;
	else if (as->text.p)
		err = bu_buf_add(&f->text, as->text.p, as->text.n);
	else
		err = bu_file_map(name, MAX_SOURCE, &f->text, &f->mapped);
	if (err && from) {
		as_error(as, "A0103", from, strlen(name), "cannot read '%s': %s", name,
			 strerror(-err));
		return -EINVAL;
	}
	if (err) {
		bu_diag(as->ds, BU_ERROR, "A0103", "cannot read '%s': %s", name, strerror(-err));
		return err;
	}
	bu_buf_cstr(&f->text); /* a NUL, also behind an empty file */
	f->name = path ? path : strcmp(name, "-") ? name : "<stdin>";
	f->parent = from ? as_written(as, as_place(as, from), NULL) : NULL;
	f->dialects = as->dialects;
	f->drop = (const char *)f->text.p;
	as->files = bu_arena_grow(&as->arena, as->files, as->nfiles, &as->cap_files, sizeof(f));
	if (!as->files) {
		as->nfiles = 0;
		return -ENOMEM;
	}
	as->files[as->nfiles++] = f;
	if (strcmp(name, "-"))
		as_dep(as, f->name);
	if (!from)
		as_compat_detect(as, f);
	f->name_off = bu_btfgen_str(&as->gen, f->name);
	as->depth++;
	as->file = f;
	as->in_call = NULL;
	as->line = 0;
	if (!as_foreign(as, f)) {
		next_line(as, (const char *)f->text.p, 1);
		conds = as_cond_enter(as);
		as_run(as, as->line_start, as->line_start + f->text.n);
		as_cond_leave(as, conds);
	}
	as_line_answer(as);
	as_drop(as, (const char *)f->text.p + f->text.n);
	as->depth--;
	as->file = outer;
	as->in_call = save.in_call;
	as->stmt = save.stmt;
	as->stmt_src = save.src;
	as->line_start = save.line_start;
	as->stmt_n = save.n;
	as->line = save.line;
	as->line_off = save.line_off;
	as->line_off_known = save.known;
	return 0;
}

int as_source(struct as *as, const char *name, const char *from)
{
	as_line_answer(as);
	return source(as, name, from);
}
