// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The verifier's log, its end and its whole. What a log looks like:
 *
 *   func#0 @0                                       since 5.9: the functions
 *   0: R1=ctx(off=0,imm=0) R10=fp0                  what is known at the start
 *   ; void *data = (void *)(long)ctx->data; @ x.c:7     source; the place since 6.9
 *   0: (61) r2 = *(u32 *)(r1 +0)          ; R1=ctx() R2_w=pkt(r=0)     since 5.17: what changed
 *   from 3 to 7: R0=inv(id=0) … R10=fp0             the other side of the jump at 3; all registers
 *   12: safe                                        seen before; the walk goes back to a jump
 *   caller: … callee: … returning from callee:      a function is entered and left
 *   R0 invalid mem access 'inv'                     the reason, in one or two lines
 *   processed 14 insns (limit 1000000) …            chatter
 *
 * Linux 7.3 adds a report behind the reason: "Verification failed: CATEGORY: PROBLEM", and sections
 * whose names end in a colon: Reason, At, Causal path, Suggestion. The lines before it stay.
 */
#include <string.h>

#include "load/vlog.h"

#define BACK 65536u /* steps and jumps that are searched for the place to go back to */
#define FRAMES 9

static bool starts(struct bu_str s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

static struct bu_str skip(struct bu_str s, size_t n)
{
	return n <= s.n ? bu_str(s.p + n, s.n - n) : bu_str(s.p + s.n, 0);
}

static struct bu_str trim(struct bu_str s)
{
	while (s.n && (*s.p == ' ' || *s.p == '\t'))
		s = skip(s, 1);
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A number of at most nine digits at the start of *s, which moves behind it; -1: none. */
static int64_t take_num(struct bu_str *s)
{
	int64_t v = 0;
	size_t i = 0;

	while (i < s->n && i < 9 && is_digit(s->p[i]))
		v = v * 10 + (s->p[i++] - '0');
	if (!i)
		return -1;
	*s = skip(*s, i);
	return v;
}

/* "12: (" -> 12, else -1. */
static int64_t insn_line(struct bu_str s)
{
	int64_t v = take_num(&s);

	return v >= 0 && s.n > 2 && starts(s, ": (") ? v : -1;
}

/* The number behind "insn " in a reason such as "unreachable insn 7". */
static int64_t insn_in(struct bu_str s)
{
	for (size_t i = 0; i + 5 < s.n; i++) {
		if (memcmp(s.p + i, "insn ", 5) == 0 && is_digit(s.p[i + 5])) {
			struct bu_str t = skip(s, i + 5);

			return take_num(&t);
		}
	}
	return -1;
}

/* "R3=", "R3_w=", "R3_rwD=", "fp-8_w=" at the start of s: bytes of the name, which = follows; 0: none. */
static size_t state_name(struct bu_str s, int32_t *which)
{
	bool fp = starts(s, "fp-");
	struct bu_str t = skip(s, fp ? 3 : 1);
	int64_t v;

	if (!fp && (s.n < 2 || s.p[0] != 'R'))
		return 0;
	v = take_num(&t);
	if (v < 0 || (!fp && v > 10) || v > 512)
		return 0;
	while (t.n && (*t.p == '_' || *t.p == 'w' || *t.p == 'r' || *t.p == 'D'))
		t = skip(t, 1);
	if (!t.n || *t.p != '=')
		return 0;
	*which = fp ? -(int32_t)v : (int32_t)v;
	return (size_t)(t.p - s.p);
}

/*
 * A line of register states only, "3: R0=scalar() R10=fp0", " frame1: R1=ctx()", "R0=0": what is
 * behind the number. False: another line.
 */
static bool state_line(struct bu_str s, struct bu_str *states)
{
	int32_t which;
	struct bu_str t;

	s = trim(s);
	t = s;
	if (take_num(&t) >= 0) {
		if (!t.n || *t.p != ':')
			return false;
		s = trim(skip(t, 1));
	}
	*states = s;
	if (starts(s, "frame")) {
		t = skip(s, 5);
		return take_num(&t) >= 0 && t.n && *t.p == ':';
	}
	return state_name(s, &which) > 0;
}

/* Lines that only count or describe. */
static bool is_chatter(struct bu_str s)
{
	static const char *const heads[] = {
		"processed ", "verification time ", "stack depth ", "max_states", "peak_states",
		"mark_precise: ", "force_precise: ", "from ", "func#", "caller:", "callee:", "Func#",
		"Validating ", "; ", "Live regs", "insn_history", "Suggestion: ", "cur state:",
		"old state:", "returning from callee", "to caller at ", "regs=", "last_idx ", "parent ",
		"arg tracking", "Global function ", "subprog#", "stack use/def", "exception_callback:",
	};
	struct bu_str t = s, states;

	for (size_t i = 0; i < BU_ARRAY_SIZE(heads); i++) {
		if (starts(s, heads[i]))
			return true;
	}
	if (take_num(&t) >= 0 && starts(t, ": safe"))
		return true;
	return trim(s).n == 0 || insn_line(s) >= 0 || state_line(s, &states);
}

/* The line that ends at log[*end]; *end becomes the end of the one before. */
static struct bu_str line_before(const char *log, size_t *end)
{
	size_t start = *end, stop = *end;

	while (start > 0 && log[start - 1] != '\n')
		start--;
	*end = start ? start - 1 : 0;
	return bu_str(log + start, stop - start);
}

/* Some messages lack their newline: "expected prog array map for tail callprocessed 3 insns (limit …". */
static struct bu_str without_count(struct bu_str s)
{
	const char *at = memmem(s.p, s.n, "processed ", 10);
	struct bu_str t;

	if (!at || at == s.p)
		return s;
	t = skip(s, (size_t)(at - s.p) + 10);
	return take_num(&t) >= 0 && starts(t, " insns") ? bu_str(s.p, (size_t)(at - s.p)) : s;
}

/* The reason of the first n bytes of a log, from their end. */
static bool read_end(const char *log, size_t n, struct bu_vlog *out)
{
	bool given = false, above = false, said;

	out->reason = out->before = bu_str(NULL, 0);
	out->insn = -1;
	while (n > 0) {
		struct bu_str line = without_count(line_before(log, &n));

		said = !is_chatter(line);
		if (starts(line, "Reason: ") && !given) {
			out->reason = skip(line, 8);
			given = true;
		} else if (starts(line, "At: ") && out->insn < 0) {
			out->insn = insn_in(line);
		} else if (!out->reason.p && said) {
			out->reason = line;
			out->insn = insn_in(line);
			above = true;
			continue;
		} else if (above && said) {
			out->before = trim(line);
		}
		above = false;
		if (out->insn < 0 && out->reason.p)
			out->insn = insn_line(line);
		if (out->insn >= 0 && out->reason.p)
			break;
	}
	if (out->reason.p)
		out->reason = trim(out->reason);
	return out->reason.p != NULL;
}

/* Where the newer report begins, or the log's end. */
static size_t report_at(const char *log)
{
	static const char head[] = "Verification failed: ";
	const char *at = log, *last = NULL;

	while ((at = strstr(at, head))) {
		if (at == log || at[-1] == '\n')
			last = at;
		at += sizeof(head) - 1;
	}
	return last ? (size_t)(last - log) : strlen(log);
}

bool bu_vlog_read(const char *log, struct bu_vlog *out)
{
	return read_end(log, report_at(log), out);
}

/* ---------------------------------------------------------------- the walk */

struct jump { uint32_t insn, to; size_t step; bool taken, known, back; };
struct frame { struct bu_str reg[11]; struct bu_vstate slot[BU_VLOG_SLOTS]; unsigned nslots; };
struct walk {
	struct bu_vlog_full *f;
	const struct bu_code *code;
	struct bu_arena *a;
	struct frame frame[FRAMES];
	uint32_t cur;
	int64_t pending;      /* an instruction whose effect is not yet in reg; -1 */
	uint32_t *step; size_t nstep, capstep;
	struct jump *jump; size_t njump, capjump;
	bool any;
	bool fresh;           /* the next line of states shows all of a frame */
};

static const struct bu_insn *insn_at(const struct bu_code *c, int64_t i)
{
	return c && i >= 0 && i < c->ninsns ? &c->insn[i] : NULL;
}

static bool is_cond(const struct bu_insn *in)
{
	uint8_t class = in ? in->code & 7 : 0, op = in ? in->code & 0xf0 : 0;

	return (class == 5 || class == 6) && op != 0x00 && op != 0x80 && op != 0x90;
}

static void forget(struct walk *w, uint32_t frame)
{
	memset(&w->frame[frame], 0, sizeof(w->frame[frame]));
}

/* What the last instruction wrote is no longer what it was. */
static void settle(struct walk *w)
{
	const struct bu_insn *in = insn_at(w->code, w->pending);
	uint16_t writes = in ? bu_vlog_writes(in) : 0;

	w->pending = -1;
	for (unsigned i = 0; i < 11; i++) {
		if (writes & 1u << i)
			w->frame[w->cur].reg[i] = bu_str(NULL, 0);
	}
}

static void set_slot(struct frame *f, int32_t which, struct bu_str text)
{
	unsigned i = 0;

	while (i < f->nslots && f->slot[i].which != which)
		i++;
	if (i == BU_VLOG_SLOTS)
		return;
	f->nslots += i == f->nslots;
	f->slot[i] = (struct bu_vstate){ .which = which, .text = text };
}

/* "frame1: R0_w=0 fp-8=mmmmmmmm refs=2". all: registers that are not there are not set. */
static void take_states(struct walk *w, struct bu_str s, bool all)
{
	uint32_t frame = 0;
	struct frame *f;
	int32_t which;

	s = trim(s);
	if (starts(s, "frame")) {
		struct bu_str t = skip(s, 5);
		int64_t v = take_num(&t);

		if (v < 0 || v >= FRAMES || !t.n || *t.p != ':')
			return;
		frame = (uint32_t)v;
		s = skip(t, 1);
	}
	w->cur = frame;
	f = &w->frame[frame];
	if (all)
		forget(w, frame);
	for (;;) {
		size_t n, i;
		unsigned depth = 0;

		s = trim(s);
		if (!s.n)
			break;
		n = state_name(s, &which);
		i = n ? n + 1 : 0;
		for (; i < s.n && (depth || s.p[i] != ' '); i++) {
			if (s.p[i] == '(')
				depth++;
			else if (s.p[i] == ')' && depth)
				depth--;
		}
		if (n && which >= 0)
			f->reg[which] = bu_str(s.p + n + 1, i - n - 1);
		else if (n)
			set_slot(f, which, bu_str(s.p + n + 1, i - n - 1));
		w->any |= n > 0;
		s = skip(s, i);
	}
}

/* The way that the last jump took is known by the next instruction. */
static void take_branch(struct walk *w, uint32_t next)
{
	struct jump *j = w->njump ? &w->jump[w->njump - 1] : NULL;

	if (!j || j->known || j->step + 1 != w->nstep)
		return;
	j->to = next;
	j->taken = next != j->insn + 1;
	j->known = true;
}

static void take_insn(struct walk *w, uint32_t i, struct bu_str rest)
{
	const char *semi = memchr(rest.p, ';', rest.n);
	struct jump *v;
	uint32_t *s;

	settle(w);
	take_branch(w, i);
	s = bu_arena_regrow(w->a, w->step, w->nstep, &w->capstep, sizeof(*s));
	if (!s)
		return;
	w->step = s;
	w->step[w->nstep++] = i;
	if (is_cond(insn_at(w->code, i)) || (!w->code && memmem(rest.p, rest.n, "if ", 3))) {
		v = bu_arena_regrow(w->a, w->jump, w->njump, &w->capjump, sizeof(*v));
		if (!v)
			return;
		w->jump = v;
		w->jump[w->njump++] = (struct jump){ .insn = i, .step = w->nstep - 1 };
	}
	w->pending = i;
	/* Without the instructions the text tells at least of calls. */
	if (!w->code && starts(rest, "(85)")) {
		for (unsigned r = 0; r < 6; r++)
			w->frame[w->cur].reg[r] = bu_str(NULL, 0);
	}
	if (semi) {
		settle(w);
		take_states(w, skip(rest, (size_t)(semi - rest.p) + 1), false);
	}
}

/* "from 3 to 7: …": back to the jump at 3, then the other way. */
static void go_back(struct walk *w, uint32_t from, uint32_t to)
{
	size_t low = w->njump > BACK ? w->njump - BACK : 0;

	w->pending = -1;
	for (size_t i = w->njump; i-- > low; ) {
		if (w->jump[i].insn != from || w->jump[i].back)
			continue;
		w->nstep = w->jump[i].step + 1;
		w->njump = i + 1;
		w->jump[i] = (struct jump){ .insn = from, .to = to, .step = w->nstep - 1, .taken = to != from + 1,
					    .known = true, .back = true };
		return;
	}
	low = w->nstep > BACK ? w->nstep - BACK : 0;
	for (size_t i = w->nstep; i-- > low; ) {
		if (w->step[i] != from)
			continue;
		w->nstep = i + 1;
		while (w->njump && w->jump[w->njump - 1].step >= w->nstep)
			w->njump--;
		return;
	}
	w->nstep = w->njump = 0;
}

/* "6.9 says the place: x = 1; @ file.c:12" */
static void take_source(struct walk *w, struct bu_str s)
{
	w->f->source = trim(s);
}

static void take_line(struct walk *w, struct bu_str s)
{
	struct bu_str t = s, states;
	int64_t a, b;

	if (starts(s, "; ")) {
		take_source(w, skip(s, 2));
	} else if (starts(s, "from ")) {
		t = skip(s, 5);
		a = take_num(&t);
		if (a < 0 || !starts(t, " to "))
			return;
		t = skip(t, 4);
		b = take_num(&t);
		if (b < 0)
			return;
		go_back(w, (uint32_t)a, (uint32_t)b);
		/* "(speculative execution)" may stand between; only states follow a colon. */
		while (t.n && *t.p != ':')
			t = skip(t, 1);
		if (state_line(skip(t, 1), &states)) {
			for (uint32_t i = 0; i < FRAMES; i++)
				forget(w, i);
			take_states(w, states, true);
		}
	} else if (starts(s, "Validating ")) {
		w->nstep = w->njump = 0;
		w->pending = -1;
		w->cur = 0;
		forget(w, 0);
	} else if (starts(s, "processed ")) {
		t = skip(s, 10);
		a = take_num(&t);
		w->f->processed = a > 0 ? (uint64_t)a : 0;
	} else if (insn_line(s) >= 0) {
		a = take_num(&t);
		take_insn(w, (uint32_t)a, skip(t, 2));
	} else if (!starts(s, "mark_precise") && !starts(s, "regs=") && !starts(s, "parent ") &&
		   !starts(s, "last_idx ") && state_line(s, &states)) {
		settle(w);
		take_states(w, states, w->fresh);
		w->fresh = false;
	} else if (starts(s, "caller:") || starts(s, "callee:") || starts(s, "returning from callee") ||
		   starts(s, "to caller at ")) {
		w->fresh = true;
		w->pending = -1;
	}
}

static void finish(struct walk *w)
{
	struct bu_vlog_full *f = w->f;
	const struct frame *fr = &w->frame[w->cur];
	size_t n = 0;

	f->step = w->step;
	f->nstep = w->nstep;
	f->frame = w->cur;
	/* A reason that names another instruction was found without walking to it. */
	f->states = w->any && w->nstep && (int64_t)w->step[w->nstep - 1] == f->v.insn;
	for (unsigned i = 0; i < 11; i++)
		f->reg[i] = (struct bu_vstate){ .which = (int32_t)i, .frame = w->cur, .text = fr->reg[i] };
	memcpy(f->slot, fr->slot, sizeof(f->slot));
	f->nslots = fr->nslots;
	f->path = bu_arena_array(w->a, w->njump + 1, sizeof(*f->path));
	for (size_t i = 0; f->path && i < w->njump; i++) {
		if (w->jump[i].known)
			f->path[n++] = (struct bu_vbranch){ w->jump[i].insn, w->jump[i].to, w->jump[i].taken };
	}
	f->npath = n;
}

/* ---------------------------------------------------------------- the newer report */

enum section { S_NONE, S_REASON, S_AT, S_PATH, S_SUGGESTION };

static enum section section_of(struct bu_str s)
{
	static const struct { const char *name; enum section sec; } rows[] = {
		{ "Reason", S_REASON }, { "At", S_AT }, { "Causal path", S_PATH },
		{ "Suggestion", S_SUGGESTION }, { "Active lock", S_PATH },
	};
	struct bu_str t = trim(s);

	if (!t.n || t.p[t.n - 1] != ':' || *s.p == ' ')
		return S_NONE;
	t.n--;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		if (bu_str_is(t, rows[i].name))
			return rows[i].sec;
	}
	return S_NONE;
}

/* "  func @ dir/file.c:12:5" or "  file.c:12:5" */
static bool place_line(struct bu_str s, struct bu_str *file, uint32_t *line, uint32_t *col)
{
	const char *at;
	size_t c1, c2;
	struct bu_str t = trim(s), n1, n2;

	at = memmem(t.p, t.n, " @ ", 3);
	if (at)
		t = skip(t, (size_t)(at - t.p) + 3);
	for (c2 = t.n; c2 > 0 && t.p[c2 - 1] != ':'; c2--)
		;
	for (c1 = c2 ? c2 - 1 : 0; c1 > 0 && t.p[c1 - 1] != ':'; c1--)
		;
	if (!c1 || !c2)
		return false;
	n1 = bu_str(t.p + c1, c2 - 1 - c1);
	n2 = skip(t, c2);
	*line = (uint32_t)take_num(&n1);
	*col = (uint32_t)take_num(&n2);
	if ((int32_t)*line < 0 || (int32_t)*col < 0 || n1.n || n2.n)
		return false;
	*file = bu_str(t.p, c1 - 1);
	return c1 > 1;
}

static void extend(struct bu_str *s, struct bu_str line)
{
	if (!s->p)
		*s = trim(line);
	else
		s->n = (size_t)(trim(line).p + trim(line).n - s->p);
}

struct report {
	struct bu_vlog_full *f;
	struct bu_arena *a;
	size_t cap;
	enum section in;
	bool insns;            /* lines of "Instruction context:" follow */
	bool open;             /* an event has begun */
	struct bu_str file; uint32_t line;
};

static void event_line(struct report *r, struct bu_str s)
{
	const char *mark = memmem(s.p, s.n, "^-- ", 4);
	struct bu_str t, label;
	struct bu_vevent *v;
	size_t n = 0;

	if (!mark || r->in != S_PATH)
		return;
	t = skip(s, (size_t)(mark - s.p) + 4);
	while (n < t.n && t.p[n] != ':')
		n++;
	label = bu_str(t.p, n);
	v = bu_arena_regrow(r->a, r->f->event, r->f->nevent, &r->cap, sizeof(*v));
	if (!v)
		return;
	r->f->event = v;
	r->f->event[r->f->nevent++] = (struct bu_vevent){ .insn = -1, .label = label, .text = trim(skip(t, n + 1)),
							  .file = r->file, .line = r->line };
	r->open = true;
}

/* "  >>> 0 | (95) exit" of an instruction context. */
static void marked_insn(struct report *r, struct bu_str s)
{
	struct bu_str t = trim(s);
	int64_t v;

	if (!r->insns || !starts(t, ">>>"))
		return;
	t = trim(skip(t, 3));
	v = take_num(&t);
	if (r->in == S_AT)
		r->f->v.insn = v;
	else if (r->in == S_PATH && r->open)
		r->f->event[r->f->nevent - 1].insn = v;
}

static void report_line(struct report *r, struct bu_str s)
{
	enum section sec = section_of(s);
	struct bu_str t = trim(s), file;
	uint32_t line, col;

	if (sec) {
		r->in = sec;
		r->insns = false;
		return;
	}
	if (starts(s, "processed ") || starts(s, "verification time "))
		r->in = S_NONE;
	if (!t.n)
		return;
	switch (r->in) {
	case S_REASON:
		extend(&r->f->why, s);
		break;
	case S_SUGGESTION:
		extend(&r->f->suggestion, s);
		break;
	case S_AT:
	case S_PATH:
		if (starts(t, "Instruction context:"))
			r->insns = true;
		else if (starts(t, "Source context:"))
			r->insns = false;
		else if (r->insns && starts(t, ">>>"))
			marked_insn(r, s);
		else if (memmem(t.p, t.n, "^-- ", 4))
			event_line(r, s);
		else if (r->in == S_AT && starts(t, "insn "))
			r->f->v.insn = insn_in(t);
		else if (!memchr(t.p, '|', t.n) && place_line(t, &file, &line, &col)) {
			r->insns = false;
			r->file = file;
			r->line = line;
			if (r->in == S_AT && !r->f->file.p) {
				r->f->file = file;
				r->f->line = line;
				r->f->col = col;
			}
		}
		break;
	case S_NONE:
		break;
	}
}

static void read_report(struct bu_vlog_full *f, const char *p, struct bu_arena *a)
{
	struct report r = { .f = f, .a = a };
	const char *nl;
	bool first = true;

	for (; *p; p = nl + 1) {
		struct bu_str line;

		nl = strchrnul(p, '\n');
		line = bu_str(p, (size_t)(nl - p));
		if (first)
			f->title = trim(skip(line, strlen("Verification failed: ")));
		else
			report_line(&r, line);
		first = false;
		if (!*nl)
			break;
	}
}

bool bu_vlog_read_full(struct bu_vlog_full *f, const char *log, const struct bu_code *code, struct bu_arena *a)
{
	struct walk *w = bu_arena_alloc(a, sizeof(*w));
	size_t end = report_at(log);
	const char *p = log, *nl;

	memset(f, 0, sizeof(*f));
	if (code && !code->ninsns)
		code = NULL;
	read_end(log, end, &f->v);
	if (log[end])
		read_report(f, log + end, a);
	if (!f->v.reason.p && f->title.p)
		f->v.reason = f->title;
	if (!w)
		return f->v.reason.p != NULL;
	*w = (struct walk){ .f = f, .code = code, .a = a, .pending = -1 };
	for (; *p; p = nl + 1) {
		nl = strchrnul(p, '\n');
		if (p < log + end || strncmp(p, "processed ", 10) == 0)
			take_line(w, bu_str(p, (size_t)(nl - p)));
		if (!*nl)
			break;
	}
	finish(w);
	return f->v.reason.p != NULL;
}

/* ---------------------------------------------------------------- where a value comes from */

/* The step before n that stored to r10 + off; its source register in *reg. -1: none. */
static int64_t stored_at(const struct bu_vlog_full *f, const struct bu_code *code, int64_t n, int16_t off, unsigned *reg)
{
	for (int64_t low = n > BACK ? n - BACK : 0; n-- > low; ) {
		const struct bu_insn *in = insn_at(code, f->step[n]);

		if (in && in->code == 0x7b && in->dst == 10 && in->off == off) {
			*reg = in->src;
			return n;
		}
	}
	return -1;
}

int64_t bu_vlog_origin(const struct bu_vlog_full *f, const struct bu_code *code, unsigned reg)
{
	int64_t n = (int64_t)f->nstep - 1, low = n > BACK ? n - (int64_t)BACK : 0, at;
	unsigned depth = 0, to;

	while (n-- > low) {
		const struct bu_insn *in = insn_at(code, f->step[n]);
		const struct bu_isa *row;

		if (!in)
			continue;
		if (in->code == BU_OP_EXIT) {
			depth++;
			if (reg == 0 && depth == 1)
				return n; /* a function's result */
			continue;
		}
		if (in->code == BU_OP_CALL && in->src == BU_CALL_LOCAL) {
			if (depth)
				depth--;
			if (reg < 6 && !depth && (size_t)n + 1 < f->nstep && f->step[n + 1] == f->step[n] + 1)
				return n; /* a global function is not walked into */
			continue;
		}
		if (depth || !(bu_vlog_writes(in) & 1u << reg))
			continue;
		row = bu_isa_find_loose(in);
		if (!row)
			return n;
		switch ((enum bu_sem)row->sem) {
		case BU_SEM_MOV:
		case BU_SEM_MOVSX:
			if (!(in->code & 8))
				return n;
			reg = in->src;
			break;
		case BU_SEM_LDX:
			at = in->src == 10 ? stored_at(f, code, n, in->off, &to) : -1;
			if (at < 0)
				return n;
			reg = to;
			n = at;
			break;
		case BU_SEM_ADD: case BU_SEM_SUB: case BU_SEM_AND: case BU_SEM_OR: case BU_SEM_XOR:
		case BU_SEM_LSH: case BU_SEM_RSH: case BU_SEM_ARSH: case BU_SEM_MUL: case BU_SEM_DIV:
		case BU_SEM_MOD: case BU_SEM_NEG: case BU_SEM_LE: case BU_SEM_BE: case BU_SEM_BSWAP:
			break; /* made from what it was */
		default:
			return n;
		}
	}
	return -1;
}
