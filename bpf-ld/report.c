// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpf-ld tells: messages, the plan, what was made. */
#include <string.h>
#include <unistd.h>

#include "ld.h"

#define CELL_MAX 40 /* columns of a table's cell; longer ones stand out */

static bool color_err(const struct ld *l)
{
	return bu_tty_color(STDERR_FILENO, l->color);
}

/* Forgets what was told, so that it is told once. */
static void reset(struct ld *l)
{
	bu_diags_free(&l->ds);
	bu_diags_init(&l->ds);
}

void ld_tell(struct ld *l)
{
	struct bu_buf b = { 0 };

	if (!l->ds.first)
		return;
	bu_diags_render(&b, &l->ds, BU_DIAG_TEXT, color_err(l), "bpf-ld");
	bu_write_all(STDERR_FILENO, b.p, b.n);
	bu_buf_free(&b);
	reset(l);
}

/*
 * The next of the loaded programs that are program prog of the object, from *at on, or NULL: one that is
 * loaded for several places is there several times.
 */
static const struct bu_loaded_prog *loaded_prog(const struct ld *l, uint32_t prog, unsigned *at)
{
	for (; *at < l->made.nprogs; (*at)++)
		if (l->made.progs[*at].def == &l->obj.progs[prog] && l->made.progs[*at].fd >= 0)
			return &l->made.progs[(*at)++];
	return NULL;
}

static void print_row(struct bu_out *o, const struct ld *l, uint32_t i, const struct bu_loaded_prog *g)
{
	const struct bu_row *r = &l->load.rows->v[i];
	const struct bu_obj_prog *def = &l->obj.progs[i];
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, r->type);

	bu_out_obj(o, NULL);
	bu_out_str(o, "name", def->name, SIZE_MAX, NULL);
	if (g)
		bu_out_uint(o, "id", g->id, NULL);
	bu_out_str(o, "section", def->sec < l->obj.nsecs ? l->obj.secs[def->sec].name : "", SIZE_MAX, NULL);
	bu_out_str(o, "type", k && k->num ? k->name : "unknown", SIZE_MAX, NULL);
	bu_out_str(o, "status", bu_row_status(r->status), SIZE_MAX, NULL);
	bu_out_uint(o, "errno", (uint64_t)(r->err < 0 ? -r->err : 0), NULL);
	bu_out_str(o, "reason", r->reason ? r->reason : "", SIZE_MAX, NULL);
	if (r->code)
		bu_out_str(o, "code", r->code, SIZE_MAX, NULL);
	if (g && g->pin)
		bu_out_str(o, "pinned", g->pin, SIZE_MAX, NULL);
	if (g && g->log)
		bu_out_str(o, "log", g->log, SIZE_MAX, NULL);
	bu_out_obj_end(o);
}

/* A row for each program that was asked for. */
static void print_rows(struct bu_out *o, const struct ld *l)
{
	bu_out_arr(o, "programs");
	for (uint32_t i = 0; l->load.rows && i < l->load.rows->n; i++) {
		const struct bu_loaded_prog *g;
		unsigned at = 0;

		if (l->load.rows->v[i].status == BU_ROW_LEFT)
			continue;
		g = loaded_prog(l, i, &at);
		do {
			print_row(o, l, i, g);
		} while (g && (g = loaded_prog(l, i, &at)));
	}
	bu_out_arr_end(o);
}

static int into_buf(void *ctx, const void *p, size_t n)
{
	bu_buf_add(ctx, p, n);
	return 0;
}

/* "programs":[...] */
static void rows_json(struct bu_buf *b, const struct ld *l)
{
	struct bu_buf doc = { 0 };
	struct bu_out o;

	bu_out_init(&o, into_buf, &doc);
	o.json = true;
	bu_out_obj(&o, NULL);
	print_rows(&o, l);
	bu_out_obj_end(&o);
	bu_out_finish(&o);
	while (doc.n && doc.p[doc.n - 1] != '}')
		doc.n--;
	if (doc.n > 2)
		bu_buf_add(b, doc.p + 1, doc.n - 2);
	bu_buf_free(&doc);
}

/* The same for people, as a table. */
static void print_table(struct bu_buf *b, const struct ld *l)
{
	static const char *const heads[4] = { "PROGRAM", "SECTION", "TYPE", "STATUS" };
	int w[4];

	for (int c = 0; c < 4; c++)
		w[c] = (int)strlen(heads[c]);
	for (int pass = 0; pass < 2; pass++) {
		if (pass)
			bu_buf_printf(b, "%-*s  %-*s  %-*s  %-*s  %-8s  REASON\n", w[0], heads[0], w[1],
				      heads[1], w[2], heads[2], w[3], heads[3], "ID");
		for (uint32_t i = 0; l->load.rows && i < l->load.rows->n; i++) {
			const struct bu_row *r = &l->load.rows->v[i];
			const struct bu_obj_prog *def = &l->obj.progs[i];
			const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, r->type);
			const struct bu_loaded_prog *g;
			unsigned at = 0;
			const char *cell[4] = { def->name,
				def->sec < l->obj.nsecs ? l->obj.secs[def->sec].name : "",
				k && k->num ? k->name : "unknown", bu_row_status(r->status) };

			if (r->status == BU_ROW_LEFT)
				continue;
			for (int c = 0; c < 4 && !pass; c++) {
				size_t n = strlen(cell[c]);

				n = n > CELL_MAX ? CELL_MAX : n;
				w[c] = (int)n > w[c] ? (int)n : w[c];
			}
			if (!pass)
				continue;
			g = loaded_prog(l, i, &at);
			do {
				bu_buf_printf(b, "%-*s  %-*s  %-*s  %-*s  ", w[0], cell[0], w[1], cell[1], w[2],
					      cell[2], w[3], cell[3]);
				if (g)
					bu_buf_printf(b, "%-*u", r->reason ? 8 : 0, g->id);
				else
					bu_buf_printf(b, "%-*s", r->reason ? 8 : 0, "-");
				bu_buf_printf(b, "%s%s\n", r->reason ? "  " : "", r->reason ? r->reason : "");
			} while (g && (g = loaded_prog(l, i, &at)));
		}
	}
}

/* The first error's record, the other ones under "more", the verifier's log with -v. */
static void fail_json(struct ld *l, struct bu_buf *b)
{
	const struct bu_diag *first = l->ds.first, *d;
	unsigned n = 0;

	while (first && first->severity != BU_ERROR)
		first = first->next;
	if (!first) { /* there was no memory for a record */
		bu_buf_str(b, "{\"error\":\"out of memory\"}\n");
		return;
	}
	bu_diag_render(b, first, BU_DIAG_JSON, false, "bpf-ld");
	while (b->n && b->p[b->n - 1] != '}')
		b->n--;
	b->n--;
	for (d = l->ds.first; d; d = d->next) {
		if (d == first)
			continue;
		bu_buf_str(b, n++ ? "," : ",\"more\":[");
		bu_diag_render(b, d, BU_DIAG_JSON, false, "bpf-ld");
		while (b->n && b->p[b->n - 1] == '\n')
			b->n--;
	}
	bu_buf_str(b, n ? "]" : "");
	if (l->load.rows && l->load.rows->n) {
		bu_buf_char(b, ',');
		rows_json(b, l);
	}
	if (l->verbose && l->made.log) {
		bu_buf_str(b, ",\"log\":\"");
		bu_buf_json_escape(b, l->made.log, strlen(l->made.log));
		bu_buf_str(b, "\"");
	}
	bu_buf_str(b, "}\n");
}

int ld_no_output(struct ld *l)
{
	if (l->out_err == -EPIPE)
		return 128 + SIGPIPE;
	bu_diag(&l->ds, BU_ERROR, "U0002", "cannot write to standard output: %s",
		bu_strerror(-l->out_err));
	ld_tell(l);
	return BU_EXIT_IO;
}

int ld_fail(struct ld *l, int err)
{
	struct bu_buf b = { 0 };

	if (!l->ds.errors)
		bu_diag(&l->ds, BU_ERROR, err == -ENOMEM ? "U0003" : "L0200", "%s", bu_strerror(-err));
	if (l->json) {
		fail_json(l, &b);
		bu_write_all(STDOUT_FILENO, b.p, b.n);
	} else {
		if (l->load.keep_going && l->load.rows) {
			print_table(&b, l);
			bu_write_all(STDOUT_FILENO, b.p, b.n);
			bu_buf_reset(&b);
		}
		if (l->verbose && l->made.log) {
			bu_buf_str(&b, l->made.log);
			if (b.n && b.p[b.n - 1] != '\n')
				bu_buf_char(&b, '\n');
		}
		bu_diags_render(&b, &l->ds, BU_DIAG_TEXT, color_err(l), "bpf-ld");
		bu_write_all(STDERR_FILENO, b.p, b.n);
	}
	bu_buf_free(&b);
	reset(l);
	return bu_exit_for(err);
}

/* ---------------------------------------------------------------- plan */

int ld_print_plan(struct ld *l)
{
	struct bu_out o;

	bu_out_init(&o, bu_out_write_fd, (void *)(intptr_t)STDOUT_FILENO);
	o.json = l->json;
	bu_out_obj(&o, NULL);
	bu_out_arr(&o, "plan");
	for (unsigned i = 0; i < l->plan.nact; i++) {
		const struct bu_action *a = &l->plan.act[i];

		bu_out_obj(&o, NULL);
		bu_out_str(&o, "action", bu_action_name(a->kind), SIZE_MAX, NULL);
		bu_out_str(&o, "text", a->text, SIZE_MAX, "%s\n", a->text);
		bu_out_obj_end(&o);
	}
	bu_out_arr_end(&o);
	bu_out_obj_end(&o);
	return l->out_err = bu_out_finish(&o);
}

/* ---------------------------------------------------------------- what was made */

static void pinned(struct bu_out *o, const char *pin)
{
	if (pin)
		bu_out_str(o, "pinned", pin, SIZE_MAX, ", pinned at %s", pin);
	bu_out_text(o, "\n");
}

static void print_maps(struct bu_out *o, const struct ld *l)
{
	bu_out_arr(o, "maps");
	for (unsigned i = 0; i < l->made.nmaps; i++) {
		const struct bu_loaded_map *m = &l->made.maps[i];

		if (m->fd < 0)
			continue;
		bu_out_obj(o, NULL);
		bu_out_str(o, "name", m->name, SIZE_MAX, "map %s", m->name);
		bu_out_uint(o, "id", m->id, ": id %u", m->id);
		if (m->def) {
			const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types,
								 m->def->type);

			if (k)
				bu_out_str(o, "type", k->name, SIZE_MAX, ", %s", k->name);
		}
		pinned(o, m->pin);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

static void print_progs(struct bu_out *o, const struct ld *l)
{
	if (o->json) {
		print_rows(o, l);
		return;
	}
	if (l->load.keep_going) /* the table has them */
		return;
	for (unsigned i = 0; i < l->made.nprogs; i++) {
		const struct bu_loaded_prog *g = &l->made.progs[i];
		const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, g->type);

		if (g->fd < 0)
			continue;
		bu_out_text(o, "program %s: id %u%s%s", g->def->name, g->id, k ? ", " : "", k ? k->name : "");
		pinned(o, g->pin);
	}
}

static void print_links(struct bu_out *o, const struct ld *l)
{
	bu_out_arr(o, "links");
	for (unsigned i = 0; i < l->made.nlinks; i++) {
		const struct bu_loaded_link *k = &l->made.links[i];
		const struct bu_loaded_prog *g = &l->made.progs[k->prog];

		if (!k->live)
			continue;
		bu_out_obj(o, NULL);
		bu_out_str(o, "program", g->def->name, SIZE_MAX, "attached %s", g->def->name);
		bu_out_uint(o, "prog_id", g->id, NULL);
		bu_out_str(o, "type", bu_hook_name(k->spec.hook), SIZE_MAX, " to %s",
			   bu_hook_name(k->spec.hook));
		bu_out_str(o, "target", k->spec.target, SIZE_MAX, ":%s", k->spec.target);
		bu_out_text(o, " (program %u", g->id);
		if (k->id)
			bu_out_uint(o, "id", k->id, ", link %u", k->id);
		bu_out_text(o, ")");
		pinned(o, k->pin);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

/* The verifier's words for each program, with -v. */
static void print_logs(const struct ld *l)
{
	struct bu_buf b = { 0 };

	for (unsigned i = 0; i < l->made.nprogs; i++) {
		const struct bu_loaded_prog *g = &l->made.progs[i];

		if (!g->log)
			continue;
		bu_buf_printf(&b, "verifier on %s:\n%s", g->def->name, g->log);
		if (b.n && b.p[b.n - 1] != '\n')
			bu_buf_char(&b, '\n');
	}
	bu_write_all(STDERR_FILENO, b.p, b.n);
	bu_buf_free(&b);
}

int ld_result(struct ld *l, bool stays)
{
	struct bu_out o;
	int err;
	int fd = stays && !l->json ? STDERR_FILENO : STDOUT_FILENO;

	if (!l->json)
		print_logs(l);
	if (!l->json && l->load.keep_going) {
		struct bu_buf b = { 0 };

		print_table(&b, l);
		err = bu_write_all(fd, b.p, b.n);
		bu_buf_free(&b);
		if (err) {
			l->out_err = fd == STDOUT_FILENO ? err : 0;
			return l->out_err;
		}
	}
	bu_out_init(&o, bu_out_write_fd, (void *)(intptr_t)fd);
	o.json = l->json;
	bu_out_obj(&o, NULL);
	if (l->json || !stays) {
		print_maps(&o, l);
		print_progs(&o, l);
	}
	if (l->json || l->made.nlinks)
		print_links(&o, l);
	bu_out_obj_end(&o);
	err = bu_out_finish(&o);
	l->out_err = fd == STDOUT_FILENO ? err : 0;
	return l->out_err;
}
