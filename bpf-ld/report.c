// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpf-ld tells: messages, the plan, what was made. */
#include <string.h>
#include <unistd.h>

#include "ld.h"

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
		strerror(-l->out_err));
	ld_tell(l);
	return BU_EXIT_IO;
}

int ld_fail(struct ld *l, int err)
{
	struct bu_buf b = { 0 };

	if (!l->ds.errors)
		bu_diag(&l->ds, BU_ERROR, err == -ENOMEM ? "U0003" : "L0200", "%s", strerror(-err));
	if (l->json) {
		fail_json(l, &b);
		bu_write_all(STDOUT_FILENO, b.p, b.n);
	} else {
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
	bu_out_arr(o, "programs");
	for (unsigned i = 0; i < l->made.nprogs; i++) {
		const struct bu_loaded_prog *g = &l->made.progs[i];
		const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, g->type);

		bu_out_obj(o, NULL);
		bu_out_str(o, "name", g->def->name, SIZE_MAX, "program %s", g->def->name);
		bu_out_uint(o, "id", g->id, ": id %u", g->id);
		if (k)
			bu_out_str(o, "type", k->name, SIZE_MAX, ", %s", k->name);
		pinned(o, g->pin);
		if (o->json && g->log)
			bu_out_str(o, "log", g->log, SIZE_MAX, NULL);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
}

static void print_links(struct bu_out *o, const struct ld *l)
{
	bu_out_arr(o, "links");
	for (unsigned i = 0; i < l->made.nlinks; i++) {
		const struct bu_loaded_link *k = &l->made.links[i];
		const struct bu_loaded_prog *g = &l->made.progs[k->prog];

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
