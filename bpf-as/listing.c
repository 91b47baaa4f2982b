/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listing: lines of the source with the offsets and bytes that each made, and symbols. Statements
 * are noted as they are read; bytes are taken at the end, when they are final.
 */
#include "bpf-as/lang.h"
#include "bpf-as/listing.h"

/* Bytes a line, and lines of bytes a statement. */
#define WIDTH 8
#define MAX_ROWS 4

struct noted {
	const char *p;      /* the statement */
	const char *to;     /* what is left out goes on to here; NULL: a statement */
	struct as_sec *sec;
	uint64_t from, end; /* its bytes */
	bool expanded;
};

struct as_listing {
	struct noted *v;
	size_t n, cap;
};

static struct noted *note(struct as *as, const char *p)
{
	struct as_listing *l = as->listing;

	l->v = bu_arena_grow(&as->arena, l->v, l->n, &l->cap, sizeof(*l->v));
	if (!l->v) {
		l->n = 0;
		return NULL;
	}
	l->v[l->n] = (struct noted){ .p = p, .sec = as->cur, .from = as->cur->size, .end = as->cur->size,
				     .expanded = as->in_call != NULL };
	return &l->v[l->n++];
}

int as_listing_init(struct as *as)
{
	as->listing = bu_arena_alloc(&as->arena, sizeof(*as->listing));
	return as->listing ? 0 : -ENOMEM;
}

size_t as_listing_begin(struct as *as, const char *p)
{
	note(as, p);
	return as->listing->n;
}

void as_listing_end(struct as *as, size_t i)
{
	struct as_listing *l = as->listing;

	if (i && i <= l->n && l->v[i - 1].sec == as->cur)
		l->v[i - 1].end = as->cur->size;
}

void as_listing_skip(struct as *as, const char *from, const char *to)
{
	struct noted *k = as->in_call ? NULL : note(as, from);

	if (k)
		k->to = to;
}

/* ---------------------------------------------------------------- printing */

struct page {
	const struct as *as;
	struct bu_buf *out;
	unsigned what;
	struct {
		const struct as_file *f;
		const char *at; /* the next line to print */
		uint32_t line;
	} stack[70];
	unsigned depth;
	const char *hidden_from, *hidden_to; /* left out by a condition */
};

static const char *text_end(const struct as_file *f)
{
	return (const char *)f->text.p + f->text.n;
}

static size_t line_len(const char *p, const char *e)
{
	const char *nl = memchr(p, '\n', (size_t)(e - p));
	size_t n = (size_t)((nl ? nl : e) - p);

	return n && p[n - 1] == '\r' ? n - 1 : n;
}

static void row(struct page *g, uint32_t line, const struct noted *k, uint64_t off, const char *mark,
		const char *text, size_t n)
{
	struct bu_buf *b = g->out;
	unsigned i = 0;

	bu_buf_printf(b, "%5u ", line);
	if (k && off < k->end) {
		bu_buf_printf(b, "%04llx ", (unsigned long long)off);
		for (; i < WIDTH && off + i < k->end; i++)
			bu_buf_printf(b, "%02x", off + i < k->sec->buf.n ? k->sec->buf.p[off + i] : 0);
	} else {
		bu_buf_str(b, "     ");
	}
	if (n)
		bu_buf_printf(b, "%*s %s%.*s", (int)(2 * (WIDTH - i)), "", mark, (int)(n > 2000 ? 2000 : n), text);
	while (b->n && b->p[b->n - 1] == ' ')
		b->n--;
	bu_buf_char(b, '\n');
}

/* One line of text with what k made, or k NULL. */
static void lines(struct page *g, uint32_t line, const struct noted *k, const char *mark, const char *text,
		  size_t n)
{
	uint64_t off = k ? k->from : 0;

	row(g, line, k, off, mark, text, n);
	for (int i = 1; k && i < MAX_ROWS && k->end - off > WIDTH; i++) {
		off += WIDTH;
		row(g, line, k, off, "", "", 0);
	}
}

static bool debugging(const char *p, const char *e)
{
	while (p < e && IS(*p, CL_SPACE))
		p++;
	return e - p > 5 && (!memcmp(p, ".cfi_", 5) || !memcmp(p, ".loc", 4) || !memcmp(p, ".file", 5));
}

/* Prints lines of the file on top that begin before p, and moves behind them. */
static void up_to(struct page *g, const char *p, const struct noted *k)
{
	const char *e = text_end(g->stack[g->depth - 1].f);

	while (g->stack[g->depth - 1].at < p) {
		const char *at = g->stack[g->depth - 1].at;
		size_t n = line_len(at, e);
		const char *next = memchr(at, '\n', (size_t)(e - at));

		next = next ? next + 1 : e;
		/* The statement's bytes stand at the line it begins in. */
		if (!((g->what & AS_LIST_NO_FALSE) && at >= g->hidden_from && next <= g->hidden_to) &&
		    !((g->what & AS_LIST_NO_DEBUG) && debugging(at, at + n)))
			lines(g, g->stack[g->depth - 1].line, next >= p ? k : NULL, "\t", at, n);
		g->stack[g->depth - 1].at = next;
		g->stack[g->depth - 1].line++;
		if (next == e)
			break;
	}
}

static void enter(struct page *g, const struct as_file *f)
{
	while (g->depth && g->stack[g->depth - 1].f != f) {
		bool outer = false;

		for (unsigned i = 0; i + 1 < g->depth; i++)
			outer = outer || g->stack[i].f == f;
		if (!outer)
			break;
		up_to(g, text_end(g->stack[g->depth - 1].f), NULL);
		g->depth--;
	}
	if (g->depth && g->stack[g->depth - 1].f == f)
		return;
	if (g->depth == BU_ARRAY_SIZE(g->stack))
		g->depth--;
	g->stack[g->depth].f = f;
	g->stack[g->depth].at = (const char *)f->text.p;
	g->stack[g->depth++].line = 1;
}

static void expanded(struct page *g, const struct noted *k)
{
	const struct as_expansion *x = as_expansion_of(g->as, k->p);
	size_t n = line_len(k->p, x ? x->text + x->n : k->p);

	if (x && g->depth)
		lines(g, g->stack[g->depth - 1].line - 1, k, ">\t", k->p, n);
}

static void source(struct page *g)
{
	const struct as_listing *l = g->as->listing;

	for (size_t i = 0; i < l->n; i++) {
		struct noted k = l->v[i];
		const struct as_file *f;

		if (k.expanded) {
			if (g->what & AS_LIST_MACROS)
				expanded(g, &k);
			continue;
		}
		f = as_file_of(g->as, k.p);
		if (!f)
			continue;
		enter(g, f);
		if (k.to) {
			g->hidden_from = k.p;
			g->hidden_to = k.to;
			continue;
		}
		/* What an included file made stands there, and so does an expansion's when it is shown. */
		if (i + 1 < l->n && l->v[i + 1].sec == k.sec && l->v[i + 1].from < k.end &&
		    (!l->v[i + 1].expanded || (g->what & AS_LIST_MACROS)))
			k.end = k.from;
		if (g->stack[g->depth - 1].at > k.p) { /* another statement of a line that was printed */
			if (k.end > k.from)
				lines(g, g->stack[g->depth - 1].line - 1, &k, "", "", 0);
			continue;
		}
		up_to(g, k.p + 1, &k);
	}
	for (; g->depth; g->depth--)
		up_to(g, text_end(g->stack[g->depth - 1].f), NULL);
}

static void symbols(const struct as *as, struct bu_buf *b)
{
	bool any = false;

	bu_buf_str(b, "\nDefined symbols\n");
	for (const struct as_sym *s = as->syms; s; s = s->x->next) {
		if (s->temp || !s->pos || (s->def != DEF_LABEL && s->def != DEF_SET))
			continue;
		bu_buf_printf(b, "  %016llx %-12s %s\n", (unsigned long long)s->value,
			      s->def == DEF_LABEL ? s->sec->name : "*ABS*", s->name);
	}
	for (const struct as_sym *s = as->syms; s; s = s->x->next) {
		if (s->def != DEF_NONE || !s->used || s->temp)
			continue;
		if (!any)
			bu_buf_str(b, "\nUndefined symbols\n");
		any = true;
		bu_buf_printf(b, "  %s\n", s->name);
	}
}

void as_listing_print(const struct as *as, unsigned what, const char *title, struct bu_buf *out)
{
	struct page g = { .as = as, .out = out, .what = what };

	if (what & AS_LIST_GENERAL)
		bu_buf_printf(out, "%s\n%s, %s endian\n\n", title, as->files[0]->name,
			      as->be ? "big" : "little");
	if (what & AS_LIST_SOURCE)
		source(&g);
	if (what & AS_LIST_SYMBOLS)
		symbols(as, out);
}

int as_listing_parse(const char *letters, size_t n, unsigned *what)
{
	static const char known[] = "cdghlmns";
	static const unsigned bit[] = { AS_LIST_NO_FALSE, AS_LIST_NO_DEBUG, AS_LIST_GENERAL, 0, AS_LIST_SOURCE,
					AS_LIST_MACROS, 0, AS_LIST_SYMBOLS };
	const char *at;

	*what = AS_LIST_ON;
	for (size_t i = 0; i < n; i++) {
		at = strchr(known, letters[i]);
		if (!at || !letters[i])
			return -EINVAL;
		*what |= bit[at - known];
	}
	/* As with GNU as: lines and symbols unless one of them was asked for. */
	if (!(*what & (AS_LIST_SOURCE | AS_LIST_SYMBOLS)))
		*what |= AS_LIST_SOURCE | AS_LIST_SYMBOLS;
	return 0;
}
