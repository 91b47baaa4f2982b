// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The verifier's log, read from its end. What a log looks like: lines "12: (bf) r1 = r2" with the
 * state behind ';', lines "; source text", then the reason, then "processed N insns …". A newer
 * kernel may write "Reason: …" and "At: insn N" lines instead.
 */
#include <string.h>

#include "load/load.h"

static bool starts(struct bu_str s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* "12: (" -> 12, else -1. */
static int64_t insn_line(struct bu_str s)
{
	int64_t v = 0;
	size_t i = 0;

	while (i < s.n && i < 10 && s.p[i] >= '0' && s.p[i] <= '9')
		v = v * 10 + (s.p[i++] - '0');
	if (!i || i + 2 >= s.n || s.p[i] != ':' || s.p[i + 1] != ' ' || s.p[i + 2] != '(')
		return -1;
	return v;
}

/* The number behind "insn " in a reason such as "unreachable insn 7". */
static int64_t insn_in(struct bu_str s)
{
	int64_t v = 0;

	for (size_t i = 0; i + 5 < s.n; i++) {
		if (memcmp(s.p + i, "insn ", 5) != 0 || s.p[i + 5] < '0' || s.p[i + 5] > '9')
			continue;
		for (size_t k = i + 5; k < s.n && k < i + 15 && s.p[k] >= '0' && s.p[k] <= '9'; k++)
			v = v * 10 + (s.p[k] - '0');
		return v;
	}
	return -1;
}

/* Lines that only count or describe. */
static bool is_chatter(struct bu_str s)
{
	static const char *const heads[] = {
		"processed ", "verification time ", "stack depth ", "max_states", "peak_states",
		"mark_precise: ", "from ", "func#", "caller:", "callee:", "Func#", "Validating ",
		"; ", "Live regs", "insn_history", "Suggestion: ",
	};

	for (size_t i = 0; i < BU_ARRAY_SIZE(heads); i++) {
		if (starts(s, heads[i]))
			return true;
	}
	return s.n == 0 || insn_line(s) >= 0;
}

/* A line of register states only: "3: R0=scalar() R10=fp0". */
static bool is_state(struct bu_str s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
		i++;
	if (!i || i + 1 >= s.n || s.p[i] != ':')
		return false;
	i++;
	while (i < s.n && s.p[i] == ' ')
		i++;
	return i < s.n && (s.p[i] == 'R' || starts(bu_str(s.p + i, s.n - i), "frame"));
}

bool bu_vlog_read(const char *log, struct bu_vlog *out)
{
	size_t end = strlen(log);
	bool given = false, above = false, said;

	out->reason = out->before = bu_str(NULL, 0);
	out->insn = -1;
	while (end > 0) {
		size_t start = end;
		struct bu_str line;

		while (start > 0 && log[start - 1] != '\n')
			start--;
		line = bu_str(log + start, end - start);
		end = start ? start - 1 : 0;
		said = !is_chatter(line) && !is_state(line);
		if (starts(line, "Reason: ") && !given) {
			out->reason = bu_str(line.p + 8, line.n - 8);
			given = true;
		} else if (starts(line, "At: ") && out->insn < 0) {
			out->insn = insn_in(line);
		} else if (!out->reason.p && said) {
			out->reason = line;
			out->insn = insn_in(line);
			above = true;
			continue;
		} else if (above && said) {
			out->before = line;
		}
		above = false;
		if (out->insn < 0 && out->reason.p)
			out->insn = insn_line(line);
		if (out->insn >= 0 && out->reason.p)
			break;
	}
	while (out->reason.n && (out->reason.p[out->reason.n - 1] == '\r' ||
				 out->reason.p[out->reason.n - 1] == ' '))
		out->reason.n--;
	return out->reason.p != NULL;
}
