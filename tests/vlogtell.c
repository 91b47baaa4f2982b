/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vlogtell LOG [OBJECT]: what is read from a verifier's log, recorded from any kernel, as lines "NAME: VALUE". With the
 * object that it is of, its first program's instructions tell where values come from. Then the message that bpf-ld
 * makes of it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "load/vlog.h"

static void str(const char *name, struct bu_str s)
{
	if (s.p)
		printf("%s: %.*s\n", name, (int)s.n, s.p);
}

static void states(const struct bu_vlog_full *f, const struct bu_code *code)
{
	for (unsigned i = 0; i < 11; i++) {
		struct bu_buf b = { 0 };
		struct bu_vval v;
		int64_t from;

		if (!f->reg[i].text.p)
			continue;
		bu_vval_read(&v, f->reg[i].text);
		bu_vval_words(&b, &v);
		printf("r%u: %s", i, bu_buf_cstr(&b));
		from = code && f->nstep ? bu_vlog_origin(f, code, i) : -1;
		if (from >= 0)
			printf(" [%u]", f->step[from]);
		putchar('\n');
		bu_buf_free(&b);
	}
	for (unsigned i = 0; i < f->nslots; i++) {
		struct bu_buf b = { 0 };
		struct bu_vval v;

		bu_vval_read(&v, f->slot[i].text);
		bu_vval_words(&b, &v);
		printf("r10%d: %s\n", f->slot[i].which, bu_buf_cstr(&b));
		bu_buf_free(&b);
	}
}

static void tell(const char *log, const struct bu_code *code, struct bu_arena *a)
{
	struct bu_vlog_full f;
	struct bu_vmatch m;
	struct bu_buf b = { 0 };

	if (!bu_vlog_read_full(&f, log, code, a)) {
		printf("no reason\n");
		return;
	}
	str("reason", f.v.reason);
	str("above", f.v.before);
	printf("insn: %" PRId64 "\n", f.v.insn);
	str("source", f.source);
	if (bu_vreason_find(&m, &f.v)) {
		bu_vreason_text(&b, &m, m.row->cause);
		printf("rule: %s\ncause: %s\n", m.row->code, bu_buf_cstr(&b));
		bu_buf_free(&b);
	}
	if (f.states)
		states(&f, code);
	for (size_t i = 0; i < f.npath; i++)
		printf("jump: %u to %u, %s\n", f.path[i].insn, f.path[i].to, f.path[i].taken ? "taken" : "not taken");
	str("title", f.title);
	str("why", f.why);
	if (f.file.p)
		printf("at: %.*s:%u:%u\n", (int)f.file.n, f.file.p, f.line, f.col);
	for (size_t i = 0; i < f.nevent; i++)
		printf("event: %" PRId64 " %.*s: %.*s\n", f.event[i].insn, (int)f.event[i].label.n, f.event[i].label.p,
		       (int)f.event[i].text.n, f.event[i].text.p);
	str("suggestion", f.suggestion);
	if (f.processed)
		printf("processed: %" PRIu64 "\n", f.processed);
}

static void message(const char *log, const struct bu_code *code, const struct bu_obj *obj)
{
	const struct bu_vtell t = { .prog = "f", .code = code, .btf = obj->has_btf ? &obj->btf : NULL };
	struct bu_buf b = { 0 };
	struct bu_vtold told;
	struct bu_diags ds;

	bu_diags_init(&ds);
	if (bu_vlog_tell(&t, log, &ds, &told)) {
		bu_diags_render(&b, &ds, BU_DIAG_TEXT, false, "bpf-ld");
		printf("\n%s", bu_buf_cstr(&b));
	}
	bu_buf_free(&b);
	bu_diags_free(&ds);
}

int main(int argc, char **argv)
{
	struct bu_buf log = { 0 };
	struct bu_code code = { .insn = NULL };
	struct bu_arena a;
	struct bu_diags ds;
	struct bu_obj obj;
	bool have = false;

	if (argc < 2 || argc > 3)
		return 2;
	bu_arena_init(&a);
	bu_diags_init(&ds);
	bu_obj_init(&obj);
	if (bu_file_read(argv[1], 64u << 20, &log))
		return 2;
	if (argc == 3)
		have = !bu_obj_read_file(&obj, argv[2], &ds) && !bu_obj_index(&obj, &ds) && obj.nprogs &&
		       !bu_obj_link(&obj, 0, &a, &code, &ds);
	tell(bu_buf_cstr(&log), have ? &code : NULL, &a);
	message(bu_buf_cstr(&log), &code, &obj);
	bu_obj_free(&obj);
	bu_diags_free(&ds);
	bu_arena_free(&a);
	bu_buf_free(&log);
	return 0;
}
