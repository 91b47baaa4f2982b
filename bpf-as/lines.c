/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which line each instruction is of: a word a statement, most often, in place of the 16 bytes of
 * .BTF.ext, which are made when the object is written.
 *
 *   bit 0        0
 *   bits 1-24    offset of the line's text in the BTF strings (the kernel takes no more bits)
 *   bits 25-34   column
 *   bits 35-46   lines since the record before, plus 2048
 *   bits 47-62   bytes since the record before
 *
 * What does not fit is said before it, in two words: bit 0 set, bits 1-32 the offset in the section,
 * bits 33-54 the line; then the file's name in the strings.
 */
#include "bpf-as/as.h"

static inline void word(struct as *as, struct as_sec *s, uint64_t w)
{
	struct bu_buf *b = &s->lines;
	uint8_t *to = b->cap - b->n >= sizeof(w) ? b->p + b->n : bu_buf_room(b, sizeof(w));

	if (!to) {
		as->arena.failed = true;
		return;
	}
	memcpy(to, &w, sizeof(w));
	s->lines.n += sizeof(w);
}

void as_lines_add(struct as *as, struct as_sec *s, const struct bu_line_info *l)
{
	uint32_t insn = l->insn_off - s->last.insn_off, line = l->line - s->last.line + AS_LINE_BIAS;

	if (!s->nline || insn >= AS_INSN_SPAN || line >= AS_LINE_SPAN || l->file_off != s->last.file_off) {
		word(as, s, 1 | (uint64_t)l->insn_off << 1 | (uint64_t)l->line << 33);
		word(as, s, l->file_off);
		insn = 0;
		line = AS_LINE_BIAS;
	}
	word(as, s, as_line_word(l->line_off, l->col, line, insn));
	s->last = *l;
	s->nline++;
}

static inline bool next(struct as_lines *it)
{
	struct bu_line_info *l = &it->l;
	uint64_t w;

	if (it->e - it->p < 8)
		return false;
	memcpy(&w, it->p, 8);
	it->p += 8;
	if (w & 1) {
		if (it->e - it->p < 16)
			return false;
		l->insn_off = (uint32_t)(w >> 1);
		l->line = (uint32_t)(w >> 33) & 0x3fffff;
		memcpy(&w, it->p, 8);
		l->file_off = (uint32_t)w;
		memcpy(&w, it->p + 8, 8);
		it->p += 16;
	}
	l->line_off = (uint32_t)(w >> 1) & 0xffffff;
	l->col = (uint32_t)(w >> 25) & 1023;
	l->line += (uint32_t)(w >> 35 & (AS_LINE_SPAN - 1)) - AS_LINE_BIAS;
	l->insn_off += (uint32_t)(w >> 47);
	return true;
}

bool as_lines_next(struct as_lines *it)
{
	return next(it);
}

size_t as_lines_records(struct as_lines *it, uint8_t *out, size_t max, bool be)
{
	struct as_lines at = *it;
	size_t n = 0;

	for (; n < max && next(&at); n++, out += BU_LINE_REC)
		bu_btfext_line(out, &at.l, be);
	*it = at;
	return n;
}
