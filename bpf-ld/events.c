// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs send through ring buffers and perf buffers, on standard output: a line "MAP RECORD" each, the
 * record by its type or as "hex 01 02 ...".
 *
 * The type is the one that --event-type says, or the map's declared value type, or the only named struct of
 * the object that has the record's size.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ld.h"

#define SLACK 7u /* a perf record is padded to 8 bytes */

struct source {
	struct ld *l;
	const struct bu_loaded_map *m;
	struct bu_stream *stream;
	uint32_t type;      /* BTF id, 0: by size */
	uint64_t lost;
	/* the last guess: records come in few sizes */
	size_t guess_n;
	uint32_t guess;
};

struct ld_events {
	struct source *src; unsigned n;
	int *fds; unsigned nfds;
	struct bu_out word;
	struct bu_buf text, lines;
};

static int to_buf(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

/* ---------------------------------------------------------------- types */

/* The only named struct of so many bytes; a context or a map's declaration is none. 0: none, or several. */
static uint32_t only_struct(const struct bu_btf *b, size_t n, unsigned slack)
{
	uint32_t found = 0;
	struct bu_btf_type t;

	for (uint32_t id = 1; id <= b->ntypes; id++) {
		if (bu_btf_get(b, id, &t) || t.kind != BU_BTF_STRUCT || !t.name[0] || t.size > n ||
		    t.size + slack < n)
			continue;
		if (found)
			return 0;
		found = id;
	}
	return found;
}

static uint32_t type_of(struct source *s, size_t n, int cpu)
{
	const struct bu_btf *b = &s->l->obj.btf;
	int64_t size;

	if (!s->l->obj.has_btf)
		return 0;
	if (s->type) {
		size = bu_btf_size(b, s->type);
		return size > 0 && (uint64_t)size <= n ? s->type : 0;
	}
	if (s->guess_n != n) {
		s->guess_n = n;
		s->guess = only_struct(b, n, cpu < 0 ? 0 : SLACK);
	}
	return s->guess;
}

static int unknown_type(struct ld *l, const struct ld_event_type *t)
{
	struct bu_near near;
	struct bu_btf_type x;
	struct bu_diag *d = bu_diag(&l->ds, BU_ERROR, "L0305", "--event-type: %s has no type \"%s\"", l->object,
				    t->type);

	bu_near_init(&near, t->type, strlen(t->type));
	for (uint32_t id = 1; l->obj.has_btf && id <= l->obj.btf.ntypes; id++)
		if (!bu_btf_get(&l->obj.btf, id, &x) && x.name[0])
			bu_near_feed(&near, x.name);
	if (near.best)
		bu_diag_help(&l->ds, d, "did you mean \"%s\"?", near.best);
	return -EINVAL;
}

static int find_type(struct ld *l, struct source *s)
{
	static const enum bu_btf_kind kinds[] = { BU_BTF_STRUCT, BU_BTF_UNION, BU_BTF_TYPEDEF, BU_BTF_INT };

	s->type = s->m->def ? s->m->def->btf_value : 0;
	for (unsigned i = 0; i < l->nevent_types; i++) {
		const struct ld_event_type *t = &l->event_types[i];
		uint32_t id = 0;

		if (t->map && strcmp(t->map, s->m->name) != 0)
			continue;
		for (unsigned k = 0; l->obj.has_btf && k < BU_ARRAY_SIZE(kinds) && !id; k++)
			id = bu_btf_find(&l->obj.btf, kinds[k], t->type);
		if (!id || bu_btf_size(&l->obj.btf, id) <= 0)
			return unknown_type(l, t);
		s->type = id;
	}
	return 0;
}

/* ---------------------------------------------------------------- printing */

static void hex(struct bu_buf *b, const uint8_t *p, size_t n, bool json)
{
	bu_buf_str(b, json ? "[" : "hex");
	for (size_t i = 0; i < n; i++)
		bu_buf_printf(b, json ? "%s\"0x%02x\"" : "%s %02x", json && i ? "," : "", p[i]);
	if (json)
		bu_buf_char(b, ']');
}

static int record(void *ctx, int cpu, const void *data, size_t n)
{
	struct source *s = ctx;
	struct ld *l = s->l;
	struct ld_events *e = l->events;
	uint32_t type = type_of(s, n, cpu);
	struct bu_buf *b = &e->lines;

	bu_buf_reset(&e->text);
	e->word.depth = 0;
	e->word.first[0] = 1;
	if (!type || bu_btf_print_value(&e->word, NULL, &l->obj.btf, type, data, n) < 0 ||
	    bu_out_flush(&e->word) < 0) {
		bu_buf_reset(&e->word.buf);
		bu_buf_reset(&e->text);
		hex(&e->text, data, n, l->json);
	}
	if (l->json) {
		bu_buf_str(b, "{\"map\":\"");
		bu_buf_json_escape(b, s->m->name, strlen(s->m->name));
		bu_buf_char(b, '"');
		if (cpu >= 0)
			bu_buf_printf(b, ",\"cpu\":%d", cpu);
		bu_buf_printf(b, ",\"event\":%s}\n", bu_buf_cstr(&e->text));
	} else {
		bu_buf_printf(b, "%s %s\n", s->m->name, bu_buf_cstr(&e->text));
	}
	return b->failed ? -ENOMEM : 0;
}

/* ---------------------------------------------------------------- life */

static int fail(struct ld *l, const struct bu_loaded_map *m, const char *step, int err)
{
	struct bu_diag *d = bu_diag(&l->ds, BU_ERROR, "L0304", "the events of map %s cannot be %s: %s", m->name, step,
				    bu_strerror(-err));

	bu_diag_help(&l->ds, d, "--no-events leaves them alone");
	return err;
}

int ld_events_begin(struct ld *l, const struct bu_loaded *made)
{
	struct ld_events *e = calloc(1, sizeof(*e));
	int err = 0;

	if (!e)
		return -ENOMEM;
	l->events = e;
	bu_out_init(&e->word, to_buf, &e->text);
	e->word.json = true;
	e->src = calloc(made->nmaps + 1, sizeof(*e->src));
	if (!e->src)
		return -ENOMEM;
	for (unsigned i = 0; i < made->nmaps && !err; i++) {
		const struct bu_loaded_map *m = &made->maps[i];
		struct source *s = &e->src[e->n];
		struct bpf_map_info info = { 0 };
		uint32_t len = sizeof(info);
		const int *fds;
		int *v;
		unsigned n;

		/* A buffer that was there before has a reader of its own, who would miss what we take. */
		if (m->existing || m->fd < 0 || bu_sys_info(l->sys, m->fd, &info, &len) ||
		    !bu_stream_type(info.type))
			continue;
		*s = (struct source){ .l = l, .m = m };
		err = find_type(l, s);
		if (err)
			break;
		err = bu_stream_open(&s->stream, l->sys, m->fd, info.type, info.max_entries);
		if (err)
			return fail(l, m, "read", err);
		e->n++;
		n = bu_stream_fds(s->stream, &fds);
		v = realloc(e->fds, (e->nfds + n) * sizeof(*v));
		if (!v)
			return -ENOMEM;
		memcpy(v + e->nfds, fds, n * sizeof(*v));
		e->fds = v;
		e->nfds += n;
	}
	return err;
}

unsigned ld_events_fds(const struct ld *l, const int **fds)
{
	*fds = l->events ? l->events->fds : NULL;
	return l->events ? l->events->nfds : 0;
}

int ld_events_step(struct ld *l)
{
	struct ld_events *e = l->events;
	int err = 0;

	for (unsigned i = 0; e && i < e->n && !err; i++) {
		struct source *s = &e->src[i];
		uint64_t lost = 0;

		err = bu_stream_read(s->stream, record, s, &lost);
		if (err == -EINVAL)
			fail(l, s->m, "read", err);
		s->lost += lost;
	}
	if (e && e->lines.n) {
		int out = bu_write_all(STDOUT_FILENO, e->lines.p, e->lines.n);

		bu_buf_reset(&e->lines);
		if (out)
			l->out_err = out;
		err = err ? err : out;
	}
	return err;
}

void ld_events_end(struct ld *l)
{
	struct ld_events *e = l->events;

	if (!e)
		return;
	for (unsigned i = 0; i < e->n; i++) {
		struct source *s = &e->src[i];

		if (s->lost)
			bu_diag(&l->ds, BU_WARNING, "L0306", "map %s: %llu events were lost, its buffer was full",
				s->m->name, (unsigned long long)s->lost);
		bu_stream_close(s->stream);
	}
	bu_buf_free(&e->word.buf);
	bu_buf_free(&e->text);
	bu_buf_free(&e->lines);
	free(e->src);
	free(e->fds);
	free(e);
	l->events = NULL;
}

int ld_event_type_parse(struct ld *l, const char *arg)
{
	const char *eq = strrchr(arg, '=');
	struct ld_event_type t = { .type = eq ? eq + 1 : arg }, *v;

	if (eq) {
		t.map = bu_arena_strndup(&l->arena, arg, (size_t)(eq - arg));
		if (!t.map)
			return -ENOMEM;
	}
	if (strncmp(t.type, "struct ", 7) == 0)
		t.type += 7;
	if (!t.type[0] || (eq && eq == arg))
		return -EINVAL;
	v = bu_arena_grow(&l->arena, l->event_types, l->nevent_types, &l->capevent_types, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->event_types = v;
	v[l->nevent_types++] = t;
	return 0;
}
