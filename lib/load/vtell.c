// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A refusal by the verifier as one diagnostic:
 *
 *   xdp.c:12:9: error: program parse was refused by the verifier: R2 invalid mem access '…_or_null' [V0102]
 *      12 |         n = *p;
 *         |             ^~
 *   xdp.c:9:6: note: r0 comes from here
 *       9 |     p = bpf_map_lookup_elem(&m, &k);
 *         = note: instruction 11: r1 = *(u64 *)(r0 + 0)
 *         = note: r0 may be NULL, else it is a pointer to a value of map m (8 bytes)
 *         = note: r0 is what a call has returned, which may be NULL, and …
 *         = help: compare the result with 0 …
 */
#include <inttypes.h>
#include <string.h>

#include "load/vlog.h"

#define SHOWN_REGS 3
#define SHOWN_JUMPS 3
#define JSON_JUMPS 64 /* the last ones */

struct tell {
	const struct bu_vtell *t;
	struct bu_vlog_full f;
	struct bu_vmatch m;
	bool known;
	struct bu_diags *ds;
	struct bu_diag *d;
	int32_t reg[11]; unsigned nreg; /* that matter, the most important first */
};

/* ---------------------------------------------------------------- places, instructions */

static const struct bu_line_info *line_of(const struct tell *x, int64_t insn)
{
	const struct bu_code *c = x->t->code;
	const struct bu_line_info *best = NULL;

	if (!x->t->btf || insn < 0)
		return NULL;
	for (uint32_t i = 0; i < c->nline; i++) {
		if (c->line[i].insn_off <= insn && (!best || c->line[i].insn_off >= best->insn_off))
			best = &c->line[i];
	}
	return best;
}

static void add_span(struct tell *x, const struct bu_line_info *l, const char *label)
{
	struct bu_str src = bu_str_c(bu_btf_str(x->t->btf, l->line_off));
	uint32_t col = l->col ? l->col : 1;

	while (src.n && (src.p[src.n - 1] == ' ' || src.p[src.n - 1] == '\n'))
		src.n--;
	bu_diag_span(x->ds, x->d, bu_btf_str(x->t->btf, l->file_off), l->line, col,
		     src.n >= col ? (uint32_t)src.n - col + 1 : 1, src.n ? src : bu_str(NULL, 0), label);
}

/* " (x.c:12)" or nothing. */
static void place(struct bu_buf *out, const struct tell *x, int64_t insn)
{
	const struct bu_line_info *l = line_of(x, insn);
	const char *file;

	if (!l)
		return;
	file = bu_btf_str(x->t->btf, l->file_off);
	bu_buf_printf(out, " (%s:%u)", file, l->line);
}

struct naming { const struct tell *x; int64_t insn; };

static bool name_helper(void *ctx, struct bu_buf *out, int32_t id)
{
	const struct bu_helper *h = bu_helper_by_id(id);

	(void)ctx;
	if (h)
		bu_buf_str(out, h->name);
	return h;
}

static bool name_imm64(void *ctx, struct bu_buf *out, const struct bu_insn *in, uint64_t val)
{
	struct naming *n = ctx;
	const struct bu_vtell *t = n->x->t;
	const char *name = t->map_name ? t->map_name(t->ctx, (uint32_t)n->insn) : NULL;

	(void)in;
	(void)val;
	if (name)
		bu_buf_printf(out, "%s ll", name);
	return name;
}

static const struct bu_insn *insn_at(const struct tell *x, int64_t i)
{
	const struct bu_code *c = x->t->code;

	return c && i >= 0 && i < c->ninsns ? &c->insn[i] : NULL;
}

static void put_insn(struct bu_buf *out, const struct tell *x, int64_t i)
{
	struct naming n = { x, i };
	const struct bu_isa_names names = { .ctx = &n, .helper = name_helper, .imm64 = name_imm64 };
	const struct bu_insn *in = insn_at(x, i);

	if (in)
		bu_isa_print(out, in, in->code == BU_OP_LD_IMM64 ? insn_at(x, i + 1) : NULL, i, &names);
}

/* ---------------------------------------------------------------- registers */

static void add_reg(struct tell *x, int64_t reg)
{
	for (unsigned i = 0; i < x->nreg; i++) {
		if (x->reg[i] == reg)
			return;
	}
	if (reg >= 0 && reg < 11)
		x->reg[x->nreg++] = (int32_t)reg;
}

/* Those that the reason names as "R3", then what the instruction reads. */
static void choose_regs(struct tell *x)
{
	const struct bu_str texts[] = { x->f.v.reason, x->f.v.before };
	const struct bu_insn *in = insn_at(x, x->f.v.insn);
	uint16_t reads = in ? bu_vlog_reads(in) : 0;

	for (unsigned t = 0; t < 2; t++) {
		const struct bu_str s = texts[t];

		for (size_t i = 0; i + 1 < s.n; i++) {
			char next = i + 2 < s.n ? s.p[i + 2] : '\0';

			if (s.p[i] != 'R' || (i && s.p[i - 1] != ' ' && s.p[i - 1] != '('))
				continue;
			if (s.p[i + 1] == '1' && next == '0')
				add_reg(x, 10);
			else if (s.p[i + 1] >= '0' && s.p[i + 1] <= '9' && !(next >= '0' && next <= '9'))
				add_reg(x, s.p[i + 1] - '0');
		}
	}
	/* A call reads all its arguments: when one is named, the others are of no interest. */
	if (x->nreg && in && (in->code == BU_OP_CALL || in->code == BU_OP_CALLX))
		return;
	for (unsigned i = 0; i < 10; i++) {
		if (reads & 1u << i)
			add_reg(x, i);
	}
}

/*
 * A comparison with the packet's end counts for all copies of the pointer, of which the log shows one;
 * the message knows: "…, R2(id=0,off=20,r=14)".
 */
static void checked_range(const struct tell *x, int32_t reg, struct bu_vval *v)
{
	const struct bu_vmatch *m = &x->m;
	struct bu_str above = x->f.v.before;
	const char *at;
	uint64_t r = 0;

	if (!x->known || strcmp(m->row->code, "V0201") != 0 || m->nargs < 3 || m->arg[2].p[0] != '0' + reg)
		return;
	at = above.p ? memmem(above.p, above.n, ",r=", 3) : NULL;
	for (at = at ? at + 3 : NULL; at && at < above.p + above.n && *at >= '0' && *at <= '9' && r < 65536; at++)
		r = r * 10 + (uint64_t)(*at - '0');
	v->num[BU_VF_R] = r;
	v->has |= 1u << BU_VF_R;
}

/* Old logs show few states, but the message has the type: "R3 invalid mem access 'map_value_or_null'". */
static struct bu_str type_said(const struct tell *x, int32_t reg)
{
	struct bu_str s = x->f.v.reason;
	const char *open, *close;

	if (s.n < 3 || s.p[0] != 'R' || s.p[1] != '0' + reg || s.p[2] != ' ' || !memmem(s.p, s.n, " invalid mem access '", 21))
		return bu_str(NULL, 0);
	open = memchr(s.p, '\'', s.n);
	close = memrchr(s.p, '\'', s.n);
	return open < close ? bu_str(open + 1, (size_t)(close - open - 1)) : bu_str(NULL, 0);
}

/* "may be NULL …"; false: nothing is known. */
static bool reg_words(struct bu_buf *out, const struct tell *x, int32_t reg)
{
	struct bu_str text = x->f.reg[reg].text;
	struct bu_vval v;

	if (!x->f.states || !text.p)
		text = type_said(x, reg);
	if (!text.p)
		return false;
	bu_vval_read(&v, text);
	checked_range(x, reg, &v);
	bu_vval_words(out, &v);
	return true;
}

static bool says_unset(const struct tell *x)
{
	return x->known && strcmp(x->m.row->code, "V0101") == 0;
}

/* The step that made what reg holds, as an instruction number, or -1. */
static int64_t made_at(const struct tell *x, int32_t reg)
{
	int64_t step;

	if (!x->t->code || !x->f.nstep || (int64_t)x->f.step[x->f.nstep - 1] != x->f.v.insn)
		return -1;
	step = bu_vlog_origin(&x->f, x->t->code, (unsigned)reg);
	return step < 0 ? -1 : (int64_t)x->f.step[step];
}

static void tell_reg(struct tell *x, int32_t reg, bool first)
{
	struct bu_buf b = { 0 }, text = { 0 };
	int64_t from = made_at(x, reg);
	const struct bu_insn *in = insn_at(x, from);
	const struct bu_line_info *l = line_of(x, from), *at = line_of(x, x->f.v.insn);
	bool words, call = in && (in->code == BU_OP_CALL || in->code == BU_OP_CALLX);

	bu_buf_printf(&b, "r%d ", reg);
	words = reg_words(&b, x, reg);
	if (says_unset(x) && first) {
		bu_buf_str(&b, "is not set");
		words = true;
	}
	put_insn(&text, x, from);
	/* Where it was set in one glance: a second place in the source, else in words. */
	if (first && l && at && (l->line != at->line || l->file_off != at->file_off)) {
		const char *label = bu_arena_printf(&x->ds->arena, "r%d %s: %s", reg,
						    says_unset(x) && call ? "was lost in this call" :
						    call && reg == 0 ? "is the result of this" : "comes from here",
						    bu_buf_cstr(&text));

		add_span(x, l, label);
	} else if (in && words) {
		bu_buf_printf(&b, "%s instruction %" PRId64 ": %s", says_unset(x) && call ? "; lost in" :
			      call && reg == 0 ? "; the result of" : "; from", from, bu_buf_cstr(&text));
		place(&b, x, from);
	}
	if (words)
		bu_diag_note(x->ds, x->d, "%s", bu_buf_cstr(&b));
	bu_buf_free(&text);
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- the path */

static void tell_path(struct tell *x)
{
	size_t n = x->f.npath, from = n > SHOWN_JUMPS ? n - SHOWN_JUMPS : 0;
	struct bu_buf b = { 0 };

	if (!n || x->f.nevent)
		return;
	bu_buf_str(&b, from ? "the way here, its end: " : "the way here: ");
	for (size_t i = from; i < n; i++) {
		const struct bu_vbranch *j = &x->f.path[i];

		bu_buf_printf(&b, "%s%u: ", i > from ? "; " : "", j->insn);
		put_insn(&b, x, j->insn);
		place(&b, x, j->insn);
		bu_buf_str(&b, j->taken ? ", taken" : ", not taken");
	}
	bu_diag_note(x->ds, x->d, "%s", bu_buf_cstr(&b));
	bu_buf_free(&b);
}

#define CALLX 0x8d

/* What was refused before the walk names no instruction, but what stands in it. */
static void guess_insn(struct tell *x)
{
	const struct bu_code *c = x->t->code;
	bool callx = x->known && strcmp(x->m.row->code, "V0424") == 0;
	uint32_t op = callx ? CALLX : 0;

	if (x->f.v.insn >= 0 || !x->known || (!callx && strcmp(x->m.row->code, "V0412") != 0))
		return;
	for (size_t i = 0; !callx && i < x->m.arg[0].n; i++)
		op = op << 4 | (uint32_t)bu_hex_digit(x->m.arg[0].p[i]);
	for (uint32_t i = 0; i < c->ninsns && x->f.v.insn < 0; i++) {
		if (c->insn[i].code == op)
			x->f.v.insn = i;
		i += c->insn[i].code == BU_OP_LD_IMM64;
	}
}

/* A paragraph of the log in one line. */
static char *one_line(struct tell *x, struct bu_str s)
{
	char *p = bu_arena_strndup(&x->ds->arena, s.p, s.n), *to = p;

	for (const char *c = p; c && *c; c++) {
		bool blank = *c == ' ' || *c == '\n' || *c == '\t' || *c == '\r';

		if (!blank)
			*to++ = *c;
		else if (to > p && to[-1] != ' ')
			*to++ = ' ';
	}
	if (p)
		*to = '\0';
	return p ? p : (char *)"";
}

/* ---------------------------------------------------------------- JSON */

static int to_buf(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

static void json_str(struct bu_out *o, const char *key, struct bu_str s)
{
	if (s.p)
		bu_out_str(o, key, s.p, s.n, NULL);
}

static void json_place(struct bu_out *o, const struct tell *x, int64_t insn)
{
	const struct bu_line_info *l = line_of(x, insn);

	if (l) {
		bu_out_str(o, "file", bu_btf_str(x->t->btf, l->file_off), SIZE_MAX, NULL);
		bu_out_uint(o, "line", l->line, NULL);
	}
}

static void json_insn(struct bu_out *o, const struct tell *x, int64_t insn)
{
	struct bu_buf b = { 0 };

	if (insn < 0)
		return;
	bu_out_int(o, "insn", insn, NULL);
	put_insn(&b, x, insn);
	if (b.n)
		bu_out_str(o, "text", bu_buf_cstr(&b), SIZE_MAX, NULL);
	bu_buf_free(&b);
	json_place(o, x, insn);
}

static void json_regs(struct bu_out *o, const struct tell *x)
{
	bu_out_arr(o, "registers");
	for (unsigned i = 0; i < x->nreg; i++) {
		struct bu_buf b = { 0 };
		int32_t reg = x->reg[i];
		int64_t from = made_at(x, reg);

		bu_out_obj(o, NULL);
		bu_buf_printf(&b, "r%d", reg);
		bu_out_str(o, "name", bu_buf_cstr(&b), SIZE_MAX, NULL);
		bu_buf_reset(&b);
		if (reg_words(&b, x, reg)) {
			json_str(o, "state", x->f.reg[reg].text);
			bu_out_str(o, "words", bu_buf_cstr(&b), SIZE_MAX, NULL);
		}
		bu_buf_free(&b);
		if (from >= 0) {
			bu_out_obj(o, "from");
			json_insn(o, x, from);
			bu_out_obj_end(o);
		}
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

static void json_path(struct bu_out *o, const struct tell *x)
{
	size_t from = x->f.npath > JSON_JUMPS ? x->f.npath - JSON_JUMPS : 0;

	bu_out_arr(o, "path");
	for (size_t i = from; i < x->f.npath; i++) {
		bu_out_obj(o, NULL);
		json_insn(o, x, x->f.path[i].insn);
		bu_out_bool(o, "taken", x->f.path[i].taken, NULL);
		bu_out_uint(o, "to", x->f.path[i].to, NULL);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

static void json_report(struct bu_out *o, struct tell *x)
{
	if (!x->f.title.p)
		return;
	bu_out_obj(o, "report");
	json_str(o, "title", x->f.title);
	if (x->f.why.p)
		bu_out_str(o, "reason", one_line(x, x->f.why), SIZE_MAX, NULL);
	if (x->f.file.p) {
		json_str(o, "file", x->f.file);
		bu_out_uint(o, "line", x->f.line, NULL);
	}
	bu_out_arr(o, "causal_path");
	for (size_t i = 0; i < x->f.nevent; i++) {
		const struct bu_vevent *e = &x->f.event[i];

		bu_out_obj(o, NULL);
		if (e->insn >= 0)
			bu_out_int(o, "insn", e->insn, NULL);
		json_str(o, "label", e->label);
		json_str(o, "text", e->text);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
	if (x->f.suggestion.p)
		bu_out_str(o, "suggestion", one_line(x, x->f.suggestion), SIZE_MAX, NULL);
	bu_out_obj_end(o);
}

static void add_json(struct tell *x)
{
	struct bu_buf b = { 0 }, t = { 0 };
	struct bu_out o;

	bu_out_init(&o, to_buf, &b);
	o.json = true;
	bu_out_obj(&o, NULL);
	bu_out_str(&o, "program", x->t->prog, SIZE_MAX, NULL);
	json_str(&o, "reason", x->f.v.reason);
	json_str(&o, "above", x->f.v.before);
	if (x->known) {
		bu_out_str(&o, "rule", x->m.row->code, SIZE_MAX, NULL);
		bu_out_str(&o, "title", x->m.row->title, SIZE_MAX, NULL);
		bu_vreason_text(&t, &x->m, x->m.row->cause);
		bu_out_str(&o, "cause", bu_buf_cstr(&t), SIZE_MAX, NULL);
		bu_buf_reset(&t);
		bu_vreason_text(&t, &x->m, x->m.row->help);
		bu_out_str(&o, "remedy", bu_buf_cstr(&t), SIZE_MAX, NULL);
	}
	json_insn(&o, x, x->f.v.insn);
	json_str(&o, "source", x->f.source);
	json_regs(&o, x);
	json_path(&o, x);
	json_report(&o, x);
	if (x->f.processed)
		bu_out_uint(&o, "processed", x->f.processed, NULL);
	bu_out_obj_end(&o);
	bu_out_finish(&o);
	while (b.n && b.p[b.n - 1] == '\n')
		b.n--;
	x->d->json = bu_arena_printf(&x->ds->arena, "\"verifier\":%s", bu_buf_cstr(&b));
	bu_buf_free(&t);
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- all of it */

/* The place that the kernel's report has, when there is no BTF to look into. */
static void add_report_span(struct tell *x)
{
	const char *file = bu_arena_strndup(&x->ds->arena, x->f.file.p, x->f.file.n);

	if (file)
		bu_diag_span(x->ds, x->d, file, x->f.line, x->f.col, 1, bu_str(NULL, 0), NULL);
}

static void tell_insn(struct tell *x)
{
	const struct bu_line_info *l = line_of(x, x->f.v.insn);
	struct bu_buf b = { 0 };

	if (x->f.v.insn < 0)
		return;
	if (l)
		add_span(x, l, NULL);
	else if (x->f.file.p)
		add_report_span(x);
	put_insn(&b, x, x->f.v.insn);
	/* In assembly the source line has said it. */
	if (b.n && l && strstr(bu_btf_str(x->t->btf, l->line_off), bu_buf_cstr(&b)))
		;
	else if (b.n)
		bu_diag_note(x->ds, x->d, "instruction %" PRId64 ": %s", x->f.v.insn, bu_buf_cstr(&b));
	else
		bu_diag_note(x->ds, x->d, "at instruction %" PRId64, x->f.v.insn);
	bu_buf_free(&b);
}

static void tell_events(struct tell *x)
{
	size_t from = x->f.nevent > SHOWN_JUMPS ? x->f.nevent - SHOWN_JUMPS : 0;
	struct bu_buf b = { 0 };

	for (size_t i = from; i < x->f.nevent; i++) {
		const struct bu_vevent *e = &x->f.event[i];

		bu_buf_str(&b, b.n ? "; " : "the way here: ");
		if (e->insn >= 0)
			bu_buf_printf(&b, "%" PRId64 ": ", e->insn);
		bu_buf_printf(&b, "%.*s", (int)e->text.n, e->text.p);
	}
	if (b.n)
		bu_diag_note(x->ds, x->d, "%s", bu_buf_cstr(&b));
	bu_buf_free(&b);
}

static void tell_cause(struct tell *x)
{
	struct bu_buf b = { 0 };

	if (x->known) {
		bu_vreason_text(&b, &x->m, x->m.row->cause);
		bu_diag_note(x->ds, x->d, "%s", bu_buf_cstr(&b));
		bu_buf_reset(&b);
		bu_vreason_text(&b, &x->m, x->m.row->help);
		bu_diag_help(x->ds, x->d, "%s", bu_buf_cstr(&b));
	} else if (x->f.why.p) {
		bu_diag_note(x->ds, x->d, "%s", one_line(x, x->f.why));
		if (x->f.suggestion.p)
			bu_diag_help(x->ds, x->d, "%s", one_line(x, x->f.suggestion));
	}
	bu_buf_free(&b);
}

/* The helper of "unknown func bpf_x#36" and its like. */
static int32_t helper_refused(const struct tell *x)
{
	static const char *const codes[] = { "V0301", "V0303" };
	const struct bu_insn *in = insn_at(x, x->f.v.insn);

	for (unsigned i = 0; x->known && i < BU_ARRAY_SIZE(codes); i++) {
		if (strcmp(x->m.row->code, codes[i]) == 0 && in && in->code == BU_OP_CALL && in->src == 0)
			return in->imm;
	}
	return 0;
}

struct bu_diag *bu_vlog_tell(const struct bu_vtell *t, const char *log, struct bu_diags *ds, struct bu_vtold *told)
{
	struct tell x = { .t = t, .ds = ds };
	struct bu_arena a;
	struct bu_vlog end;

	*told = (struct bu_vtold){ .known = false };
	if (!bu_vlog_read(log, &end) && !strstr(log, "Verification failed: "))
		return NULL;
	bu_arena_init(&a);
	bu_vlog_read_full(&x.f, log, t->code, &a);
	x.known = bu_vreason_find(&x.m, &x.f.v);
	told->known = x.known || x.f.why.p;
	told->helper = helper_refused(&x);
	guess_insn(&x);
	x.d = bu_diag(ds, BU_ERROR, x.known ? x.m.row->code : "L0204",
		      "program %s was refused by the verifier: %.*s", t->prog, (int)x.f.v.reason.n,
		      x.f.v.reason.p ? x.f.v.reason.p : "");
	choose_regs(&x);
	tell_insn(&x);
	if (x.f.v.before.p)
		bu_diag_note(ds, x.d, "%.*s", (int)x.f.v.before.n, x.f.v.before.p);
	for (unsigned i = 0; i < x.nreg && i < SHOWN_REGS; i++)
		tell_reg(&x, x.reg[i], i == 0);
	tell_path(&x);
	tell_events(&x);
	tell_cause(&x);
	add_json(&x);
	bu_arena_free(&a);
	return x.d;
}
