/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that other tools print, read as a source: foreign.c recognises it and reads instructions,
 * foreign_obj.c has the lines of objdumps, foreign_kernel.c those of xlated dumps and verifier logs.
 *
 * The rule for all: raw bytes that stand beside the text decide, and must agree with it as far as the
 * text tells; without them a text that the tool prints for several instructions is refused.
 */
#ifndef AS_FOREIGN_H
#define AS_FOREIGN_H

#include "bpf-as/as.h"

enum fr_kind { FR_NONE, FR_OBJDUMP, FR_XLATED, FR_LOG };

/* A call without raw bytes that is a helper's unless a function begins where it would go to. */
struct fr_call {
	struct as_sec *sec;
	uint64_t off;
	const char *pos;
	uint32_t len;
};

struct foreign {
	struct as *as;
	enum fr_kind kind;
	const char *next, *end;  /* text that is not yet read */
	struct bu_str line;      /* the current one, no blanks at its ends */
	bool failed;             /* an error was told */
	bool warned;             /* that raw bytes are missing */
	struct bu_matcher matcher;
	uint32_t dialects;       /* of the instructions so far */
	struct fr_call *call;
	size_t ncall, cap_call;
};

/* A text that was read. */
struct fr_insn {
	struct bu_match m;
	struct bu_insn in[2];
	int slots;               /* 1, 2 */
	bool half;               /* the text does not show the second slot */
};

/* The next line into fr->line; false at the end. */
bool fr_line(struct foreign *fr);
/* An error at p, n bytes; the rest of the file is not read. Returns false. */
bool fr_fail(struct foreign *fr, const char *code, const char *p, size_t n, const char *fmt, ...)
	BU_PRINTF(5, 6);
/* Reads t; false: it is no instruction. No message. */
bool fr_read(struct foreign *fr, struct bu_str t, struct fr_insn *out);
/* Does what the text tells hold for the instruction in? next: its second slot or NULL. */
bool fr_agrees(const struct fr_insn *text, const struct bu_insn *in, const struct bu_insn *next);
/* Puts n bytes of code that the current line tells. */
bool fr_put(struct foreign *fr, const uint8_t *code, size_t n, const char *pos);
/* Hexadecimal pairs with blanks between, at most max; moves *t behind them and blanks. */
size_t fr_hex(struct bu_str *t, uint8_t *out, size_t max);
struct bu_str fr_trim(struct bu_str s);
/* A number at the start of t, moved behind it; false: none. */
bool fr_number(struct bu_str *t, unsigned base, uint64_t *out);
bool fr_begins(struct bu_str t, const char *prefix);
/* Byte order of raw bytes beside a text: 0 little, 1 big, -1 either or neither. */
int fr_order(struct foreign *fr, struct bu_str text, const uint8_t *code, size_t n);
/* Says once that raw bytes are missing. */
void fr_no_raw(struct foreign *fr, const char *pos, size_t n, const char *option);

bool fr_objdump(struct foreign *fr);
bool fr_xlated(struct foreign *fr);
bool fr_log(struct foreign *fr);

#endif
