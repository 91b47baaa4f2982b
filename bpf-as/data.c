/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directives that put bytes: numbers, strings, space, alignment. */
#include "bpf-as/directive.h"

/* Notes what a data label is followed by, for its type in BTF. */
static void element(struct as *as, enum as_elem kind, unsigned size)
{
	struct as_sym *s = as->last_label;

	for (; s; s = NULL) {
		if (s->x->elem == ELEM_NONE) {
			as_symx(as, s)->elem = (uint8_t)kind;
			as_symx(as, s)->elem_size = (uint8_t)size;
		} else if (s->x->elem != kind || s->x->elem_size != size) {
			as_symx(as, s)->elem = ELEM_MIXED;
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
	case 8: bu_put64(b, as->be, (uint64_t)v); break;
	default: /* .fill has sizes between */
		for (unsigned i = 0; i < size; i++)
			b[as->be ? size - 1 - i : i] = (uint8_t)((uint64_t)v >> (8 * i));
	}
	as_put(as, b, size, p);
}

static void code_line(struct as *as, const char *p)
{
	if (as->cur->flags & SHF_EXECINSTR && as->cur->size % 8 == 0)
		as_line(as, p);
	if (as->loc_waits && as->compat != COMPAT_GNU)
		as_dwarf_here(as);
}

void as_data_begins(struct as *as, const char *p, enum as_elem kind, unsigned size)
{
	code_line(as, p);
	element(as, kind, size);
}

void as_d_data(PARAMS)
{
	uint64_t from = as->cur->size;
	unsigned size = (unsigned)arg;

	code_line(as, name.p);
	element(as, ELEM_INT, size);
	if (!as->compat && !as->verbatim && as->cur->align < size && as->cur->size % size == 0)
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
				as_error(as, "A0140", p, as_token_len(c->p, c->e), "expected a value");
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

void as_d_string(PARAMS)
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

void as_d_space(PARAMS)
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
	if (as->last_label && as->last_label->x->elem == ELEM_NONE)
		element(as, n == 1 || n == 2 || n == 4 || n == 8 ? ELEM_INT : ELEM_MIXED, (unsigned)(n & 15));
	else
		element(as, ELEM_MIXED, 0);
	fill(as, n, 1, v, name.p);
	as_junk(as, c);
	as_mark_raw(as, from);
}

void as_d_fill(PARAMS)
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
		if (size > 8) {
			as_error(as, "A0160", p, (size_t)(c->p - p), "size is 0 to 8");
			c->p = c->e;
			return;
		}
		if (as_eat(c, ',') && as_expr_now(as, c, "fill value", &v))
			return;
	}
	if (size > 4) { /* GNU as and LLVM agree on this oddity */
		if (v < INT32_MIN || v > UINT32_MAX) {
			as_error(as, "A0160", name.p, name.n, "fill value %lld does not fit in 4 bytes",
				 (long long)v);
			return;
		}
		v = (uint32_t)v;
	}
	element(as, ELEM_INT, (unsigned)size);
	fill(as, n, (unsigned)size, v, name.p);
	as_junk(as, c);
	as_mark_raw(as, from);
}

/* What LLVM means by a nop; it is no instruction, but nothing jumps there. */
static void llvm_nops(struct as *as, uint64_t n, const char *p)
{
	uint8_t b[8];

	bu_put64(b, as->be, 0x15000000);
	while (n-- && as_put(as, b, 8, p))
		;
}

void as_pad(struct as *as, uint64_t n, unsigned size, int64_t v, bool given, const char *p)
{
	bool nops = (as->cur->flags & SHF_EXECINSTR) && !given && n % 8 == 0 && as->cur->size % 8 == 0;

	if (nops && as->compat == COMPAT_NONE)
		as_nops(as, n / 8, p);
	else if (nops && as->compat == COMPAT_LLVM)
		llvm_nops(as, n / 8, p);
	else
		fill(as, n / size, size, v, p);
}

/* size: bytes of the fill value, of .balignw and .balignl 2 and 4. */
static void align(struct as *as, struct as_cur *c, uint64_t to, unsigned size, const char *p)
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
			if (v < -(1LL << (8 * size - 1)) || v >= 1LL << (8 * size)) {
				as_error(as, "A0160", p, 1, "%lld does not fit in %u byte%s", (long long)v,
					 size, size == 1 ? "" : "s");
				return;
			}
		}
		if (as_eat(c, ',') && !count(as, c, "limit", &max))
			return;
	}
	as_junk(as, c);
	if (s->align < to)
		s->align = to;
	if (as_leb_align(as, to, max, v, (s->flags & SHF_EXECINSTR) && !given, p) || n > max)
		return;
	s->used = s->used || n;
	if (n % size) {
		as_error(as, "A0149", p, 1, "%llu bytes to fill are no multiple of %u",
			 (unsigned long long)n, size);
		return;
	}
	as_pad(as, n, size, v, given, p);
}

void as_d_balign(PARAMS)
{
	const char *p;
	uint64_t n;

	(void)name;
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
	align(as, c, n ? n : 1, arg ? (unsigned)arg : 1, name.p);
}

/* Bytes, but for GNU as of BPF a power of 2. */
void as_d_align(PARAMS)
{
	if (as->compat == COMPAT_GNU)
		as_d_p2align(as, c, arg, name);
	else
		as_d_balign(as, c, arg, name);
}

void as_d_p2align(PARAMS)
{
	const char *p;
	uint64_t n = 0;

	(void)name;
	as_skip(c);
	p = c->p;
	if (!count(as, c, "power of 2", &n))
		return;
	if (n > 20) {
		as_error(as, "A0149", p, (size_t)(c->p - p), "alignment is 2 to the power of 0 to 20");
		c->p = c->e;
		return;
	}
	align(as, c, 1ull << n, arg ? (unsigned)arg : 1, name.p);
}
