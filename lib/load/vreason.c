// SPDX-License-Identifier: LGPL-2.1-or-later
/* The verifier's messages by pattern; see vreason.def. */
#include <string.h>

#include "load/vlog.h"

const struct bu_vreason bu_vreasons[] = {
#define BU_VREASON(code, tail, pattern, title, cause, help) { code, tail, pattern, title, cause, help },
#include "load/vreason.def"
#undef BU_VREASON
};
const unsigned bu_nvreasons = BU_ARRAY_SIZE(bu_vreasons);

static size_t number(const char *p, const char *end, bool hex)
{
	const char *from = p;

	if (!hex && p < end && (*p == '-' || *p == '+'))
		p++;
	if (hex && end - p > 2 && p[0] == '0' && p[1] == 'x')
		p += 2;
	while (p < end && (hex ? bu_hex_digit(*p) >= 0 : *p >= '0' && *p <= '9'))
		p++;
	return p > from && (hex ? bu_hex_digit(p[-1]) >= 0 : p[-1] >= '0' && p[-1] <= '9') ? (size_t)(p - from) : 0;
}

static void capture(struct bu_vmatch *m, const char *p, size_t n)
{
	if (m->nargs < BU_VREASON_ARGS)
		m->arg[m->nargs++] = bu_str(p, n);
}

/* The literal text of the pattern up to the next field or its end. */
static size_t literal(const char *pat)
{
	size_t n = 0;

	while (pat[n] && pat[n] != '%')
		n++;
	return n;
}

/* Each %s takes as little as lets the rest fit: the literal behind it decides at once, no going back. */
static bool fits(struct bu_vmatch *m, const char *pat, struct bu_str text)
{
	const char *p = text.p, *end = text.p + text.n, *at;
	size_t n;

	m->nargs = 0;
	while (*pat) {
		if (*pat != '%') {
			if (p == end || *p++ != *pat++)
				return false;
			continue;
		}
		if (pat[1] == 's') {
			pat += 2;
			n = literal(pat);
			at = !n ? end : memmem(p, (size_t)(end - p), pat, n);
			if (!at)
				return false;
			capture(m, p, (size_t)(at - p));
			p = at;
			continue;
		}
		n = number(p, end, pat[1] == 'x');
		if (!n)
			return false;
		capture(m, p, n);
		p += n;
		pat += 2;
	}
	return true;
}

bool bu_vreason_match(struct bu_vmatch *m, struct bu_str text)
{
	for (unsigned i = 0; text.p && i < bu_nvreasons; i++) {
		m->row = &bu_vreasons[i];
		if (fits(m, m->row->pattern, text))
			return true;
	}
	m->row = NULL;
	m->nargs = 0;
	return false;
}

bool bu_vreason_find(struct bu_vmatch *m, const struct bu_vlog *v)
{
	struct bu_vmatch above;
	bool found = bu_vreason_match(m, v->reason);

	if ((!found || m->row->tail) && v->before.p && bu_vreason_match(&above, v->before)) {
		*m = above;
		return true;
	}
	return found;
}

void bu_vreason_text(struct bu_buf *out, const struct bu_vmatch *m, const char *text)
{
	for (; *text; text++) {
		unsigned i = text[0] == '%' && text[1] >= '1' && text[1] <= '8' ? (unsigned)(text[1] - '1') : 8;

		if (i < m->nargs) {
			bu_buf_add(out, m->arg[i].p, m->arg[i].n);
			text++;
			/* "1 byte" */
			if (bu_str_is(m->arg[i], "1") && strncmp(text + 1, " bytes", 6) == 0) {
				bu_buf_str(out, " byte");
				text += 6;
			}
		} else {
			bu_buf_char(out, *text);
		}
	}
}

/* For no message in particular: "the register" for r%1, "…" for what else a message has there. */
static void general(struct bu_buf *out, const char *text)
{
	for (; *text; text++) {
		bool field = text[0] == '%' && text[1] >= '1' && text[1] <= '8';
		bool reg = (text[0] == 'r' || text[0] == 'w') && text[1] == '%' && text[2] >= '1' && text[2] <= '8';

		bu_buf_str(out, reg ? "the register" : field ? "N" : "");
		text += reg ? 2 : field;
		if (!reg && !field)
			bu_buf_char(out, *text);
	}
}

const char *bu_vreason_explain(const char *code, struct bu_buf *out)
{
	for (unsigned i = 0; i < bu_nvreasons; i++) {
		const struct bu_vreason *r = &bu_vreasons[i];

		if (strcmp(r->code, code) != 0)
			continue;
		general(out, r->cause);
		bu_buf_str(out, "\n\nWhat usually mends it: ");
		general(out, r->help);
		bu_buf_str(out, "\n\nThe verifier's words:\n");
		for (; r < bu_vreasons + bu_nvreasons; r++) {
			if (strcmp(r->code, code) == 0)
				bu_buf_printf(out, "  %s\n", r->pattern);
		}
		return bu_vreasons[i].title;
	}
	return NULL;
}
