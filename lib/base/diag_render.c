/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * diag_render: a record as text with a caret, as one line, or as JSON.
 *
 *   drop.s:7:6: error: register `w11` does not exist [A0104]
 *       7 |     w11 = w1
 *         |     ^~~
 *         = help: the frame pointer is `r10`
 */
#include "base/base.h"

#include <string.h>

static const char *const words[] = { "note", "warning", "error" };
static const char *const paint[] = { "\033[1;36m", "\033[1;35m", "\033[1;31m" };

#define WIDEST 400u /* bytes of a source line that are shown */

/* Names and lines of others with control bytes made harmless; tabs stay, so that carets line up. */
static void harmless(struct bu_buf *out, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)p[i];

		bu_buf_char(out, c == '\t' || (c >= 0x20 && c != 0x7f) ? (char)c : '?');
	}
}

static void styled(struct bu_buf *out, bool color, const char *style, const char *text)
{
	if (color)
		bu_buf_str(out, style);
	harmless(out, text, strlen(text));
	if (color)
		bu_buf_str(out, "\033[0m");
}

static void place(struct bu_buf *out, const struct bu_span *s)
{
	harmless(out, s->file, strlen(s->file));
	if (s->line)
		bu_buf_printf(out, ":%u", s->line);
	if (s->line && s->col)
		bu_buf_printf(out, ":%u", s->col);
	bu_buf_str(out, ": ");
}

/* Of a line too long to read, the part around column *col (from 0), which moves with it. */
static struct bu_str shown_part(struct bu_str src, size_t *col)
{
	size_t skip = 0;

	if (src.n <= WIDEST)
		return src;
	if (*col > WIDEST / 2)
		skip = *col - WIDEST / 4;
	while (skip < src.n && ((uint8_t)src.p[skip] & 0xc0) == 0x80)
		skip++;
	*col = *col > skip ? *col - skip : 0;
	return bu_str(src.p + skip, src.n - skip < WIDEST ? src.n - skip : WIDEST);
}

static void caret_lines(struct bu_buf *out, const struct bu_span *s, bool color, const char *style)
{
	size_t col = s->col ? s->col - 1 : 0, len = s->len;
	struct bu_str src;

	if (!s->src.p || !s->line)
		return;
	if (col > s->src.n)
		col = s->src.n;
	src = shown_part(s->src, &col);
	bu_buf_printf(out, "%5u | ", s->line);
	harmless(out, src.p, src.n);
	if (!s->col) {
		bu_buf_char(out, '\n');
		return;
	}
	bu_buf_str(out, "\n      | ");
	for (size_t i = 0; i < col; i++) {
		uint8_t c = (uint8_t)src.p[i];

		/* Continuation bytes of UTF-8 take no column. */
		if ((c & 0xc0) != 0x80)
			bu_buf_char(out, c == '\t' ? '\t' : ' ');
	}
	if (len > src.n - col)
		len = src.n - col;
	if (color)
		bu_buf_str(out, style);
	bu_buf_char(out, '^');
	for (size_t i = 1; i < len; i++)
		if (((uint8_t)src.p[col + i] & 0xc0) != 0x80)
			bu_buf_char(out, '~');
	if (s->label) {
		bu_buf_char(out, ' ');
		harmless(out, s->label, strlen(s->label));
	}
	if (color)
		bu_buf_str(out, "\033[0m");
	bu_buf_char(out, '\n');
}

static void render_text(struct bu_buf *out, const struct bu_diag *d, bool brief, bool color,
			const char *prog)
{
	char head[16];

	if (d->nspans)
		place(out, &d->span[0]);
	else
		bu_buf_printf(out, "%s: ", prog);
	strcpy(head, words[d->severity]);
	strcat(head, ": ");
	styled(out, color, paint[d->severity], head);
	styled(out, color, "\033[1m", d->text);
	bu_buf_printf(out, " [%s]", d->code);
	if (d->flag)
		bu_buf_printf(out, " [%s]", d->flag);
	bu_buf_char(out, '\n');
	if (brief)
		return;
	for (unsigned i = 0; i < d->nspans; i++) {
		if (i) {
			place(out, &d->span[i]);
			styled(out, color, paint[BU_NOTE], "note: ");
			bu_buf_printf(out, "%s\n", d->span[i].label ? d->span[i].label : "also here");
		}
		caret_lines(out, &d->span[i], color, paint[i ? BU_NOTE : d->severity]);
	}
	for (unsigned i = 0; i < d->nremarks; i++) {
		bu_buf_printf(out, "      = %s: ", d->remark[i].help ? "help" : "note");
		harmless(out, d->remark[i].text, strlen(d->remark[i].text));
		bu_buf_char(out, '\n');
	}
}

static void json_str(struct bu_buf *out, const char *key, const char *s)
{
	bu_buf_printf(out, "\"%s\":\"", key);
	bu_buf_json_escape(out, s, strlen(s));
	bu_buf_char(out, '"');
}

static void json_remarks(struct bu_buf *out, const struct bu_diag *d, bool help)
{
	bool any = false;

	for (unsigned i = 0; i < d->nremarks; i++) {
		if (d->remark[i].help != help)
			continue;
		bu_buf_str(out, any ? ",\"" : "\"");
		bu_buf_json_escape(out, d->remark[i].text, strlen(d->remark[i].text));
		bu_buf_char(out, '"');
		any = true;
	}
}

static void render_json(struct bu_buf *out, const struct bu_diag *d)
{
	bu_buf_char(out, '{');
	/* Upstream bpftool's shape: the text stands under "error". */
	json_str(out, words[d->severity], d->text);
	bu_buf_char(out, ',');
	json_str(out, "severity", words[d->severity]);
	bu_buf_char(out, ',');
	json_str(out, "code", d->code);
	if (d->flag) {
		bu_buf_char(out, ',');
		json_str(out, "flag", d->flag);
	}
	if (d->fix) {
		bu_buf_char(out, ',');
		json_str(out, "fix", d->fix);
	}
	bu_buf_str(out, ",\"spans\":[");
	for (unsigned i = 0; i < d->nspans; i++) {
		const struct bu_span *s = &d->span[i];

		bu_buf_str(out, i ? ",{" : "{");
		json_str(out, "file", s->file);
		bu_buf_printf(out, ",\"line\":%u,\"column\":%u,\"length\":%u", s->line, s->col,
			      s->len);
		if (s->label) {
			bu_buf_char(out, ',');
			json_str(out, "label", s->label);
		}
		bu_buf_char(out, '}');
	}
	bu_buf_str(out, "],\"notes\":[");
	json_remarks(out, d, false);
	bu_buf_str(out, "],\"help\":[");
	json_remarks(out, d, true);
	bu_buf_char(out, ']');
	if (d->json) {
		bu_buf_char(out, ',');
		bu_buf_str(out, d->json);
	}
	bu_buf_char(out, '}');
}

void bu_diag_render(struct bu_buf *out, const struct bu_diag *d, enum bu_diag_format fmt,
		    bool color, const char *prog)
{
	if (fmt == BU_DIAG_JSON)
		render_json(out, d);
	else
		render_text(out, d, fmt == BU_DIAG_SHORT, color, prog);
}

void bu_diags_render(struct bu_buf *out, const struct bu_diags *ds, enum bu_diag_format fmt,
		     bool color, const char *prog)
{
	for (const struct bu_diag *d = ds->first; d; d = d->next) {
		bu_diag_render(out, d, fmt, color, prog);
		if (fmt == BU_DIAG_JSON)
			bu_buf_char(out, '\n');
	}
	if (fmt == BU_DIAG_JSON || !ds->max_errors)
		return;
	if (ds->errors > ds->max_errors)
		bu_buf_printf(out, "%s: %u more errors\n", prog, ds->errors - ds->max_errors);
	if (ds->warnings > ds->max_errors)
		bu_buf_printf(out, "%s: %u more warnings\n", prog, ds->warnings - ds->max_errors);
}
