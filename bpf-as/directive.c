/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What begins with a dot. The table is directive.def; .map has a file of its own. */
#include "bpf-as/as.h"

struct dir {
	const char *name;
	void (*fn)(struct as *as, struct as_cur *c, int arg, struct bu_str name);
	int arg;
};

#define PARAMS struct as *as, struct as_cur *c, int arg, struct bu_str name
#define UNUSED ((void)arg, (void)name)

static size_t token_len(const struct as_cur *c)
{
	const char *p = c->p;

	if (p == c->e || !IS(*p, CL_IDENT))
		return 1;
	while (p < c->e && IS(*p, CL_IDENT))
		p++;
	return (size_t)(p - c->p);
}

void as_junk(struct as *as, struct as_cur *c)
{
	as_skip(c);
	if (c->p < c->e)
		as_error(as, "A0144", c->p, token_len(c), "'%.*s' does not belong here",
			 (int)token_len(c), c->p);
	c->p = c->e;
}

/* ---------------------------------------------------------------- strings and names */

bool as_string(struct as *as, struct as_cur *c, struct bu_buf *out)
{
	static const char from[] = "ntrabfv\\'\"e", to[] = "\n\t\r\a\b\f\v\\'\"\033";
	const char *start, *f;

	as_skip(c);
	start = c->p;
	if (!as_eat(c, '"')) {
		as_error(as, "A0145", c->p, token_len(c), "expected a string in double quotes");
		return false;
	}
	while (c->p < c->e && *c->p != '"') {
		char ch = *c->p++;

		if (ch == '\\' && c->p < c->e) {
			ch = *c->p++;
			f = strchr(from, ch);
			if (ch >= '0' && ch <= '7') {
				int v = ch - '0';

				for (int i = 0; i < 2 && c->p < c->e && *c->p >= '0' && *c->p <= '7'; i++)
					v = v * 8 + (*c->p++ - '0');
				ch = (char)v;
			} else if (ch == 'x') {
				unsigned v = 0, n = 0;

				for (; c->p < c->e && n < 2; n++, c->p++) {
					char h = *c->p;

					if (h >= '0' && h <= '9')
						v = v * 16 + (unsigned)(h - '0');
					else if ((h | 32) >= 'a' && (h | 32) <= 'f')
						v = v * 16 + (unsigned)((h | 32) - 'a' + 10);
					else
						break;
				}
				if (!n) {
					as_error(as, "A0146", c->p - 2, 2, "\\x without digits");
					return false;
				}
				ch = (char)v;
			} else if (f && ch) {
				ch = to[f - from];
			} else {
				as_error(as, "A0146", c->p - 2, 2, "unknown escape '\\%c'", ch);
				return false;
			}
		}
		bu_buf_char(out, ch);
	}
	if (c->p == c->e) {
		as_error(as, "A0147", start, (size_t)(c->e - start), "string does not end");
		return false;
	}
	c->p++;
	return true;
}

static struct as_sym *symbol_arg(struct as *as, struct as_cur *c, const char **pos)
{
	struct bu_str w = as_word(c);
	struct as_sym *s;

	*pos = w.p;
	if (!w.n || (w.n == 1 && *w.p == '.')) {
		as_error(as, "A0148", w.p, token_len(c), "expected a symbol");
		c->p = c->e;
		return NULL;
	}
	s = as_sym(as, w.p, w.n);
	if (s && s->def == DEF_REG) {
		as_error(as, "A0110", w.p, w.n, "'%s' is a register, not a symbol", s->name);
		c->p = c->e;
		return NULL;
	}
	return s;
}

static bool comma(struct as *as, struct as_cur *c)
{
	if (as_eat(c, ','))
		return true;
	as_error(as, "A0143", c->p, c->p < c->e ? token_len(c) : 1, "expected ','");
	c->p = c->e;
	return false;
}

/* ---------------------------------------------------------------- data */

/* Notes what a data label is followed by, for its type in BTF. */
static void element(struct as *as, enum as_elem kind, unsigned size)
{
	struct as_sym *s = as->last_label;

	for (; s; s = NULL) {
		if (s->elem == ELEM_NONE) {
			s->elem = (uint8_t)kind;
			s->elem_size = (uint8_t)size;
		} else if (s->elem != kind || s->elem_size != size) {
			s->elem = ELEM_MIXED;
		}
	}
}

static void put_int(struct as *as, int64_t v, unsigned size, const char *p, size_t len)
{
	uint8_t b[8];
	int64_t lim = size < 8 ? 1LL << (8 * size) : 0;

	if (lim && (v < -(lim / 2) || v >= lim)) {
		as_error(as, "A0160", p, len, "%lld does not fit in %u byte%s", (long long)v, size,
			 size == 1 ? "" : "s");
		return;
	}
	switch (size) {
	case 1: b[0] = (uint8_t)v; break;
	case 2: bu_put16(b, as->be, (uint16_t)v); break;
	case 4: bu_put32(b, as->be, (uint32_t)v); break;
	default: bu_put64(b, as->be, (uint64_t)v);
	}
	as_put(as, b, size, p);
}

static void code_line(struct as *as, const char *p)
{
	if (as->cur->flags & SHF_EXECINSTR && as->cur->size % 8 == 0)
		as_line(as, p);
}

static void d_data(PARAMS)
{
	uint64_t from = as->cur->size;
	unsigned size = (unsigned)arg;

	code_line(as, name.p);
	element(as, ELEM_INT, size);
	if (as->cur->align < size && as->cur->size % size == 0)
		as->cur->align = size;
	do {
		struct as_fix *f;
		uint32_t node;
		const char *p;
		int64_t v;

		as_skip(c);
		p = c->p;
		if (as_expr(as, c, &node, &v)) {
			if (as->ex_error)
				as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
			else
				as_error(as, "A0140", p, token_len(c), "expected a value");
			c->p = c->e;
			break;
		}
		if (!node) {
			put_int(as, v, size, p, (size_t)(c->p - p));
			continue;
		}
		if (as->cur->type == SHT_NOBITS) {
			as_error(as, "A0120", p, (size_t)(c->p - p),
				 "section '%s' holds only zeros: it has no data in the file",
				 as->cur->name);
			continue;
		}
		f = as_fixup(as, FIX_DATA, p, (size_t)(c->p - p));
		as_expr_keep(as);
		if (f) {
			f->size = (uint8_t)size;
			f->expr = node;
		}
		as_put(as, NULL, size, p);
	} while (as_eat(c, ','));
	as_junk(as, c);
	as_mark_raw(as, from);
}

static void d_string(PARAMS)
{
	uint64_t from = as->cur->size;
	struct bu_buf b = { 0 };

	code_line(as, name.p);
	element(as, ELEM_CHAR, 1);
	do {
		as_skip(c);
		bu_buf_reset(&b);
		if (!as_string(as, c, &b)) {
			c->p = c->e;
			break;
		}
		if (arg)
			bu_buf_char(&b, '\0');
		as_put(as, b.p, b.n, name.p);
	} while (as_eat(c, ','));
	bu_buf_free(&b);
	as_junk(as, c);
	as_mark_raw(as, from);
}

/* A count of bytes that must be sane. */
static bool count(struct as *as, struct as_cur *c, const char *what, uint64_t *n)
{
	const char *p;
	int64_t v;

	as_skip(c);
	p = c->p;
	if (as_expr_now(as, c, what, &v))
		goto bad;
	if (v < 0 || v > 0x7fffffff) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "%s %lld is out of range (0 to 2147483647)",
			 what, (long long)v);
		goto bad;
	}
	*n = (uint64_t)v;
	return true;
bad:
	c->p = c->e;
	return false;
}

static void fill(struct as *as, uint64_t n, unsigned size, int64_t v, const char *p)
{
	uint64_t total;

	if (!n || !size)
		return;
	total = n * size; /* both are small, see count() */
	if (!v) {
		as_put(as, NULL, total, p);
		return;
	}
	for (uint64_t i = 0; i < n && !as->arena.failed; i++) {
		uint64_t at = as->cur->size;

		put_int(as, v, size, p, 1);
		if (as->cur->size == at) /* refused */
			break;
	}
}

static void d_space(PARAMS)
{
	uint64_t from = as->cur->size, n;
	const char *p;
	int64_t v = 0;

	(void)arg;
	code_line(as, name.p);
	if (!count(as, c, "number of bytes", &n))
		return;
	as_skip(c);
	p = c->p;
	if (as_eat(c, ',') && as_expr_now(as, c, "fill value", &v))
		return;
	if (v < -128 || v > 255) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "%lld does not fit in 1 byte", (long long)v);
		return;
	}
	/* Zeros take part in whatever the label is of: .zero 4 behind .4byte makes an array. */
	if (as->last_label && as->last_label->elem == ELEM_NONE)
		element(as, n == 1 || n == 2 || n == 4 || n == 8 ? ELEM_INT : ELEM_MIXED, (unsigned)(n & 15));
	else
		element(as, ELEM_MIXED, 0);
	fill(as, n, 1, v, name.p);
	as_junk(as, c);
	as_mark_raw(as, from);
}

static void d_fill(PARAMS)
{
	uint64_t from = as->cur->size, n, size = 1;
	int64_t v = 0;

	(void)arg;
	code_line(as, name.p);
	if (!count(as, c, "number of elements", &n))
		return;
	if (as_eat(c, ',')) {
		const char *p = c->p;

		if (!count(as, c, "size", &size))
			return;
		if (size > 8 || (size & (size - 1))) {
			as_error(as, "A0160", p, (size_t)(c->p - p), "size is 1, 2, 4 or 8");
			return;
		}
		if (as_eat(c, ',') && as_expr_now(as, c, "fill value", &v))
			return;
	}
	element(as, ELEM_INT, (unsigned)size);
	fill(as, n, (unsigned)size, v, name.p);
	as_junk(as, c);
	as_mark_raw(as, from);
}

static void align(struct as *as, struct as_cur *c, uint64_t to, const char *p)
{
	struct as_sec *s = as->cur;
	uint64_t n = (to - s->size % to) % to, max = UINT64_MAX;
	bool given = false;
	int64_t v = 0;

	if (as_eat(c, ',')) {
		as_skip(c);
		if (c->p < c->e && *c->p != ',') {
			given = true;
			if (as_expr_now(as, c, "fill value", &v))
				return;
			if (v < -128 || v > 255) {
				as_error(as, "A0160", p, 1, "%lld does not fit in 1 byte", (long long)v);
				return;
			}
		}
		if (as_eat(c, ',') && !count(as, c, "limit", &max))
			return;
	}
	as_junk(as, c);
	if (n > max)
		return;
	if (s->align < to)
		s->align = to;
	s->used = s->used || n;
	if ((s->flags & SHF_EXECINSTR) && !given && n % 8 == 0)
		as_nops(as, n / 8, p);
	else
		fill(as, n, 1, v, p);
}

static void d_balign(PARAMS)
{
	const char *p;
	uint64_t n;

	UNUSED;
	as_skip(c);
	p = c->p;
	if (!count(as, c, "alignment", &n))
		return;
	if (n & (n - 1) || n > 1u << 20) {
		struct bu_diag *d = as_error(as, "A0149", p, (size_t)(c->p - p),
					     "alignment is a power of 2 up to 1048576, not %llu",
					     (unsigned long long)n);
		bu_diag_help(as->ds, d, ".p2align %llu would align to 2 to the power of it",
			     (unsigned long long)(n > 20 ? 3 : n));
		c->p = c->e;
		return;
	}
	align(as, c, n ? n : 1, name.p);
}

static void d_p2align(PARAMS)
{
	const char *p;
	uint64_t n = 0;

	UNUSED;
	as_skip(c);
	p = c->p;
	if (!count(as, c, "power of 2", &n))
		return;
	if (n > 20) {
		as_error(as, "A0149", p, (size_t)(c->p - p), "alignment is 2 to the power of 0 to 20");
		c->p = c->e;
		return;
	}
	align(as, c, 1ull << n, name.p);
}

/* ---------------------------------------------------------------- sections */

/* A section's name: quoted, or up to a comma or blank. */
static struct bu_str section_name(struct as *as, struct as_cur *c, struct bu_buf *quoted)
{
	const char *s;

	as_skip(c);
	s = c->p;
	if (s < c->e && *s == '"') {
		if (!as_string(as, c, quoted))
			return bu_str(s, 0);
		if (memchr(quoted->p, 0, quoted->n) || !quoted->n) {
			as_error(as, "A0124", s, (size_t)(c->p - s), "this is no section name");
			return bu_str(s, 0);
		}
		return bu_str((const char *)quoted->p, quoted->n);
	}
	while (c->p < c->e && *c->p != ',' && !IS(*c->p, CL_SPACE))
		c->p++;
	if (c->p == s)
		as_error(as, "A0124", s, 1, "expected a section name");
	return bu_str(s, (size_t)(c->p - s));
}

static bool section_flags(struct as *as, const char *p, const struct bu_buf *b, uint64_t *flags,
			  bool *merge)
{
	for (size_t i = 0; i < b->n; i++) {
		switch (b->p[i]) {
		case 'a': *flags |= SHF_ALLOC; break;
		case 'w': *flags |= SHF_WRITE; break;
		case 'x': *flags |= SHF_EXECINSTR; break;
		case 'M': *flags |= SHF_MERGE; *merge = true; break;
		case 'S': *flags |= SHF_STRINGS; break;
		case 'e': *flags |= SHF_EXCLUDE; break;
		default:
			as_error(as, "A0125", p + 1 + i, 1, "unknown section flag '%c'", b->p[i]);
			return false;
		}
	}
	return true;
}

/* ,"flags"[,@type[,entsize]] */
static bool section_attrs(struct as *as, struct as_cur *c, struct as_sec *s, bool *given,
			  uint64_t *flags, uint32_t *type)
{
	struct bu_buf b = { 0 };
	bool merge = false, ok = false;
	const char *p;
	struct bu_str w;
	int64_t n = 0;

	as_skip(c);
	p = c->p;
	if (!as_string(as, c, &b) || !section_flags(as, p, &b, flags, &merge))
		goto out;
	*given = true;
	if (as_eat(c, ',')) {
		as_skip(c);
		p = c->p;
		if (c->p < c->e && (*c->p == '@' || *c->p == '%'))
			c->p++;
		w = as_word(c);
		if (bu_str_is(w, "progbits"))
			*type = SHT_PROGBITS;
		else if (bu_str_is(w, "nobits"))
			*type = SHT_NOBITS;
		else if (bu_str_is(w, "note"))
			*type = SHT_NOTE;
		else {
			as_error(as, "A0125", p, c->p > p ? (size_t)(c->p - p) : 1,
				 "section type is @progbits, @nobits or @note");
			goto out;
		}
		if (merge && as_eat(c, ',') && as_expr_now(as, c, "element size", &n))
			goto out;
		s->entsize = n > 0 ? (uint64_t)n : 0;
	}
	ok = true;
out:
	bu_buf_free(&b);
	return ok;
}

static struct as_sec *section(struct as *as, struct as_cur *c)
{
	struct bu_buf quoted = { 0 };
	bool known, given = false;
	uint64_t flags = 0;
	struct as_sec *s;
	struct bu_str n;
	const char *p;
	uint32_t type = 0;

	as_skip(c);
	p = c->p;
	n = section_name(as, c, &quoted);
	if (!n.n) {
		c->p = c->e;
		bu_buf_free(&quoted);
		return NULL;
	}
	known = bu_hash_get(&as->sec_index, n.p, n.n) != NULL;
	s = as_section(as, n.p, n.n, p + (*p == '"'));
	bu_buf_free(&quoted);
	if (!s)
		return NULL;
	if (!s->pos)
		s->pos = as_place(as, p);
	if (as_eat(c, ',') && !section_attrs(as, c, s, &given, &flags, &type)) {
		c->p = c->e;
		return s;
	}
	as_junk(as, c);
	if (!given)
		return s;
	if (known && s->used && s->flags != flags)
		as_error(as, "A0126", p, n.n, "section '%s' had other flags before", s->name);
	s->flags = flags;
	if (type && !(known && s->used))
		s->type = type;
	else if (!type && !s->used)
		s->type = strncmp(s->name, ".bss", 4) ? SHT_PROGBITS : SHT_NOBITS;
	return as_section(as, s->name, strlen(s->name), NULL);
}

static void d_section(PARAMS)
{
	UNUSED;
	as_switch(as, section(as, c));
}

static void d_section_short(PARAMS)
{
	(void)arg;
	as_junk(as, c);
	as_switch(as, as_section(as, name.p, name.n, name.p));
}

static void d_previous(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	if (!as->prev)
		as_error(as, "A0127", name.p, name.n, "there is no previous section");
	else
		as_switch(as, as->prev);
}

static void d_pushsection(PARAMS)
{
	UNUSED;
	if (as->nstack == BU_ARRAY_SIZE(as->stack)) {
		as_error(as, "A0127", name.p, name.n, "sections are pushed more than %zu deep",
			 BU_ARRAY_SIZE(as->stack));
		c->p = c->e;
		return;
	}
	as->stack[as->nstack].cur = as->cur;
	as->stack[as->nstack++].prev = as->prev;
	as_switch(as, section(as, c));
}

static void d_popsection(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	if (!as->nstack) {
		as_error(as, "A0127", name.p, name.n, ".popsection without .pushsection");
		return;
	}
	as->cur = as->stack[--as->nstack].cur;
	as->prev = as->stack[as->nstack].prev;
	as->last_label = NULL;
}

/* ---------------------------------------------------------------- symbols */

static void d_binding(PARAMS)
{
	const char *p;

	(void)name;
	do {
		struct as_sym *s = symbol_arg(as, c, &p);

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

static void d_visibility(PARAMS)
{
	const char *p;

	(void)name;
	do {
		struct as_sym *s = symbol_arg(as, c, &p);

		if (!s)
			return;
		s->vis = (uint8_t)arg;
	} while (as_eat(c, ','));
	as_junk(as, c);
}

static void d_external(PARAMS)
{
	const char *p;

	UNUSED;
	do {
		struct as_sym *s = symbol_arg(as, c, &p);

		if (!s)
			return;
		s->is_extern = true;
	} while (as_eat(c, ','));
	as_junk(as, c);
}

static void d_type(PARAMS)
{
	struct as_sym *s;
	struct bu_str w;
	const char *p;

	UNUSED;
	s = symbol_arg(as, c, &p);
	if (!s || !comma(as, c))
		return;
	as_skip(c);
	p = c->p;
	if (c->p < c->e && (*c->p == '@' || *c->p == '%'))
		c->p++;
	w = as_word(c);
	if (bu_str_is(w, "function") || bu_str_is(w, "STT_FUNC"))
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

static void d_size(PARAMS)
{
	struct as_sym *s;
	const char *p;
	int64_t v;

	UNUSED;
	s = symbol_arg(as, c, &p);
	if (!s || !comma(as, c))
		return;
	as_skip(c);
	if (as_expr(as, c, &s->size_expr, &v)) {
		as_error(as, "A0140", c->p, token_len(c), "expected a size");
		c->p = c->e;
		return;
	}
	if (s->size_expr)
		as_expr_keep(as);
	else if (v < 0)
		as_error(as, "A0130", p, s->n, "size of '%s' is negative", s->name);
	s->size = (uint64_t)v;
	s->size_given = true;
	as_junk(as, c);
}

/* .set, .equ; .equiv refuses a second time. */
static void d_set(PARAMS)
{
	struct as_sym *s;
	const char *p;
	uint32_t node;
	int64_t v;

	(void)name;
	s = symbol_arg(as, c, &p);
	if (!s || !comma(as, c))
		return;
	if (arg && s->def == DEF_SET) {
		struct bu_diag *d = as_error(as, "A0111", p, s->n, "'%s' is defined twice", s->name);

		as_span(as, d, s->pos, s->n, "first defined here");
		c->p = c->e;
		return;
	}
	if (as_expr(as, c, &node, &v)) {
		if (as->ex_error)
			as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
		else
			as_error(as, "A0140", c->p, token_len(c), "expected a value");
		c->p = c->e;
		return;
	}
	if (node)
		as_expr_keep(as);
	as_junk(as, c);
	as_set(as, s, p, node, v);
}

/* ---------------------------------------------------------------- the rest */

static void d_include(PARAMS)
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

static void d_license(PARAMS)
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
	s->elem = ELEM_CHAR;
	s->elem_size = 1;
	as_put(as, b.p, b.n, name.p);
out:
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
	bu_buf_free(&b);
}

static void d_arch(PARAMS)
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

static void d_insn(PARAMS)
{
	UNUSED;
	as_raw_insn(as, c);
}

static void d_map(PARAMS)
{
	UNUSED;
	as_map(as, c);
}

/* .file and .ident tell what we find out ourselves, others speak to linkers and debuggers. */
static void d_file(PARAMS)
{
	(void)as;
	UNUSED;
	c->p = c->e;
}

static void d_error(PARAMS)
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

static void d_end(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	as->ended = true;
}

/* ---------------------------------------------------------------- table */

static const struct dir dirs[] = {
#define DIR(name, fn, arg) { name, d_##fn, arg },
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
		bu_diag_help(as->ds, e, "did you mean '%.*s'?", (int)near.best_n, near.best);
}
