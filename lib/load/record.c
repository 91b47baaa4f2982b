/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings: the file's form, see record.h. */
#include "load/record.h"

#include <string.h>

#define HEAD 16u
#define FLUSH_AT (1u << 20)
static const char magic[8] = "bpfrec\r\n";

/* ---------------------------------------------------------------- writing */

static void put32(struct bu_buf *b, uint32_t v)
{
	uint8_t w[4];

	bu_put32(w, false, v);
	bu_buf_add(b, w, sizeof(w));
}

static void put64(struct bu_buf *b, uint64_t v)
{
	uint8_t w[8];

	bu_put64(w, false, v);
	bu_buf_add(b, w, sizeof(w));
}

static void put_str(struct bu_buf *b, const char *s)
{
	bu_buf_add(b, s, strlen(s) + 1);
}

int bu_rec_create(struct bu_rec_writer *w, const char *path)
{
	memset(w, 0, sizeof(*w));
	w->err = bu_outfile_open(&w->file, path);
	if (w->err)
		return w->err;
	bu_buf_add(&w->buf, magic, sizeof(magic));
	put32(&w->buf, BU_REC_VERSION);
	put32(&w->buf, 0);
	return 0;
}

static void put_body(struct bu_buf *b, const struct bu_rec_item *it)
{
	switch (it->kind) {
	case BU_REC_END:
		put64(b, it->events);
		break;
	case BU_REC_HOOK:
		put32(b, it->hook.index);
		put32(b, it->hook.prog_type);
		put32(b, it->hook.ctx_size);
		put_str(b, it->hook.hook);
		put_str(b, it->hook.prog);
		break;
	case BU_REC_MAP:
		put32(b, it->map.type);
		put32(b, it->map.key_size);
		put32(b, it->map.value_size);
		put32(b, it->map.count);
		put_str(b, it->map.name);
		bu_buf_add(b, it->map.elems,
			   (size_t)it->map.count * (it->map.key_size + it->map.value_size));
		break;
	case BU_REC_EVENT:
		put64(b, it->event.time);
		put32(b, it->event.hook);
		put32(b, it->event.cpu);
		put32(b, it->event.pid);
		put32(b, it->event.tgid);
		put32(b, it->event.uid);
		put32(b, it->event.gid);
		bu_buf_add(b, it->event.comm, sizeof(it->event.comm));
		bu_buf_add(b, it->event.ctx, it->event.size);
		break;
	case BU_REC_MARK:
		put_str(b, it->mark);
		break;
	case BU_REC_LOST:
		put64(b, it->lost);
		break;
	}
}

void bu_rec_put(struct bu_rec_writer *w, const struct bu_rec_item *it)
{
	size_t at = w->buf.n;

	put32(&w->buf, it->kind);
	put32(&w->buf, 0);
	put_body(&w->buf, it);
	if (!w->buf.failed) {
		bu_put32(w->buf.p + at + 4, false, (uint32_t)(w->buf.n - at - 8));
		bu_buf_zero(&w->buf, -w->buf.n & 7);
	}
	if (it->kind == BU_REC_EVENT)
		w->events++;
	if (w->buf.n >= FLUSH_AT)
		bu_rec_flush(w);
}

int bu_rec_flush(struct bu_rec_writer *w)
{
	if (w->buf.failed && !w->err)
		w->err = -ENOMEM;
	if (!w->err && w->buf.n)
		w->err = bu_write_all(w->file.fd, w->buf.p, w->buf.n);
	bu_buf_reset(&w->buf);
	return w->err;
}

int bu_rec_finish(struct bu_rec_writer *w)
{
	struct bu_rec_item end = { .kind = BU_REC_END, .events = w->events };
	int err;

	bu_rec_put(w, &end);
	err = bu_rec_flush(w);
	if (!err)
		err = bu_outfile_commit(&w->file);
	bu_rec_abandon(w);
	return err;
}

void bu_rec_abandon(struct bu_rec_writer *w)
{
	bu_outfile_abort(&w->file);
	bu_buf_free(&w->buf);
}

/* ---------------------------------------------------------------- reading */

static int bad(struct bu_rec_reader *r, int err, const char *why)
{
	r->why = why;
	r->at = r->pos;
	return err;
}

static int check_head(struct bu_rec_reader *r)
{
	bu_rec_rewind(r);
	r->pos = 0;
	if (r->file.n < HEAD || memcmp(r->file.p, magic, sizeof(magic)))
		return bad(r, -EINVAL, "it is no recording");
	if (bu_get32(r->file.p + 8, false) != BU_REC_VERSION)
		return bad(r, -EPROTO, "it is of another version");
	r->pos = HEAD;
	return 0;
}

int bu_rec_open(struct bu_rec_reader *r, const char *path)
{
	int err;

	memset(r, 0, sizeof(*r));
	err = bu_file_read(path, BU_REC_MAX_FILE, &r->file);
	if (!err)
		err = check_head(r);
	return err;
}

int bu_rec_open_mem(struct bu_rec_reader *r, const void *p, size_t n)
{
	memset(r, 0, sizeof(*r));
	return bu_buf_add(&r->file, p, n) ? -ENOMEM : check_head(r);
}

void bu_rec_rewind(struct bu_rec_reader *r)
{
	r->pos = HEAD;
	r->events = 0;
	r->nhooks = 0;
	r->ended = false;
	r->why = NULL;
}

void bu_rec_close(struct bu_rec_reader *r)
{
	bu_buf_free(&r->file);
}

/* A body under the reader's eye. */
struct body {
	const uint8_t *p;
	size_t n;
	bool cut;
};

static const uint8_t *take(struct body *b, size_t n)
{
	const uint8_t *p = b->p;

	if (b->cut || n > b->n) {
		b->cut = true;
		return NULL;
	}
	b->p += n;
	b->n -= n;
	return p;
}

static uint32_t take32(struct body *b)
{
	const uint8_t *p = take(b, 4);

	return p ? bu_get32(p, false) : 0;
}

static uint64_t take64(struct body *b)
{
	const uint8_t *p = take(b, 8);

	return p ? bu_get64(p, false) : 0;
}

static const char *take_str(struct body *b)
{
	const uint8_t *end = b->cut ? NULL : memchr(b->p, 0, b->n);

	if (!end) {
		b->cut = true;
		return "";
	}
	return (const char *)take(b, (size_t)(end - b->p) + 1);
}

static int read_hook(struct bu_rec_reader *r, struct body *b, struct bu_rec_hook *h)
{
	h->index = take32(b);
	h->prog_type = take32(b);
	h->ctx_size = take32(b);
	h->hook = take_str(b);
	h->prog = take_str(b);
	if (b->cut)
		return 0;
	if (h->index != r->nhooks || r->nhooks == BU_REC_MAX_HOOKS)
		return bad(r, -EINVAL, "hooks are not numbered one after the other");
	if (h->ctx_size > BU_REC_MAX_CTX)
		return bad(r, -EINVAL, "a context is too big");
	r->ctx_size[r->nhooks++] = h->ctx_size;
	return 0;
}

static int read_map(struct bu_rec_reader *r, struct body *b, struct bu_rec_map *m)
{
	uint64_t elem;

	m->type = take32(b);
	m->key_size = take32(b);
	m->value_size = take32(b);
	m->count = take32(b);
	m->name = take_str(b);
	elem = (uint64_t)m->key_size + m->value_size;
	if (b->cut)
		return 0;
	if (m->count && (!elem || m->count > b->n / elem))
		return bad(r, -EINVAL, "a map has fewer elements than it says");
	m->elems = take(b, (size_t)(m->count * elem));
	return 0;
}

static int read_event(struct bu_rec_reader *r, struct body *b, struct bu_rec_event *e)
{
	const uint8_t *comm;

	e->time = take64(b);
	e->hook = take32(b);
	e->cpu = take32(b);
	e->pid = take32(b);
	e->tgid = take32(b);
	e->uid = take32(b);
	e->gid = take32(b);
	comm = take(b, sizeof(e->comm));
	if (!comm)
		return 0;
	memcpy(e->comm, comm, sizeof(e->comm));
	e->comm[sizeof(e->comm) - 1] = '\0';
	if (e->hook >= r->nhooks)
		return bad(r, -EINVAL, "an event is of a hook that is not there");
	e->size = r->ctx_size[e->hook];
	e->ctx = take(b, e->size);
	r->events++;
	return 0;
}

static int read_body(struct bu_rec_reader *r, struct body *b, struct bu_rec_item *it)
{
	switch (it->kind) {
	case BU_REC_HOOK:
		return read_hook(r, b, &it->hook);
	case BU_REC_MAP:
		return read_map(r, b, &it->map);
	case BU_REC_EVENT:
		return read_event(r, b, &it->event);
	case BU_REC_MARK:
		it->mark = take_str(b);
		return 0;
	case BU_REC_LOST:
		it->lost = take64(b);
		return 0;
	case BU_REC_END:
		it->events = take64(b);
		if (!b->cut && it->events != r->events)
			return bad(r, -EINVAL, "the number of events is not the one at the end");
		r->ended = true;
		return 0;
	}
	return 0;
}

int bu_rec_next(struct bu_rec_reader *r, struct bu_rec_item *it)
{
	struct body b;
	uint32_t kind, len;
	size_t left;
	int err;

	if (r->ended)
		return 0;
	for (;;) {
		left = r->file.n - r->pos;
		if (left < 8)
			return bad(r, -EINVAL, "it was cut short");
		kind = bu_get32(r->file.p + r->pos, false);
		len = bu_get32(r->file.p + r->pos + 4, false);
		if (len > left - 8)
			return bad(r, -EINVAL, "an item is longer than the file");
		if (kind <= BU_REC_LOST)
			break;
		left = 8 + (((size_t)len + 7) & ~(size_t)7); /* of a later release */
		r->pos = left < r->file.n - r->pos ? r->pos + left : r->file.n;
	}
	memset(it, 0, sizeof(*it));
	it->kind = (enum bu_rec_kind)kind;
	b = (struct body){ .p = r->file.p + r->pos + 8, .n = len };
	err = read_body(r, &b, it);
	if (err)
		return err;
	if (b.cut)
		return bad(r, -EINVAL, "an item is too short");
	if (b.n)
		return bad(r, -EINVAL, "an item is too long");
	left = 8 + (((size_t)len + 7) & ~(size_t)7);
	r->pos = left < r->file.n - r->pos ? r->pos + left : r->file.n;
	return it->kind == BU_REC_END ? 0 : 1;
}
