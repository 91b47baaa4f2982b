/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* out: one printer; each call carries the JSON value and the text. */
#include "base/base.h"

#include <inttypes.h>
#include <string.h>

#define FLUSH_AT (256u * 1024)
#define JSON_SAFE (1ull << 53)

void bu_out_init(struct bu_out *o, int (*write)(void *, const void *, size_t), void *ctx)
{
	*o = (struct bu_out){ .write = write, .ctx = ctx };
	o->first[0] = 1;
}

int bu_out_write_fd(void *ctx, const void *p, size_t n)
{
	return bu_write_all((int)(intptr_t)ctx, p, n);
}

int bu_out_flush(struct bu_out *o)
{
	if (o->buf.failed && !o->err)
		o->err = -ENOMEM;
	if (!o->err && o->buf.n && o->write)
		o->err = o->write(o->ctx, o->buf.p, o->buf.n);
	bu_buf_reset(&o->buf);
	return o->err;
}

int bu_out_next(struct bu_out *o)
{
	if (o->json && !o->first[0])
		bu_buf_char(&o->buf, '\n');
	o->first[0] = 1;
	return bu_out_flush(o);
}

int bu_out_finish(struct bu_out *o)
{
	bu_out_next(o);
	bu_buf_free(&o->buf);
	return o->err;
}

static void indent(struct bu_out *o)
{
	if (!o->pretty)
		return;
	bu_buf_char(&o->buf, '\n');
	for (unsigned i = 0; i < o->depth; i++)
		bu_buf_str(&o->buf, "    ");
}

/* Separator and key before a JSON value. */
static void json_key(struct bu_out *o, const char *key)
{
	if (o->buf.n >= FLUSH_AT)
		bu_out_flush(o);
	if (!o->first[o->depth])
		bu_buf_char(&o->buf, ',');
	/* Line breaks before keys only: values of an array stay on one line, as upstream. */
	if (o->depth && key)
		indent(o);
	o->first[o->depth] = 0;
	if (!key)
		return;
	bu_buf_char(&o->buf, '"');
	bu_buf_json_escape(&o->buf, key, strlen(key));
	bu_buf_str(&o->buf, o->pretty ? "\": " : "\":");
}

static void begin(struct bu_out *o, const char *key, char c)
{
	if (!o->json)
		return;
	json_key(o, key);
	bu_buf_char(&o->buf, c);
	if (o->depth + 1 < sizeof(o->first))
		o->depth++;
	else
		o->err = -E2BIG;
	o->first[o->depth] = 1;
}

static void end(struct bu_out *o, char c)
{
	bool empty;

	if (!o->json)
		return;
	empty = o->first[o->depth];
	if (o->depth)
		o->depth--;
	if (!empty)
		indent(o);
	bu_buf_char(&o->buf, c);
}

void bu_out_obj(struct bu_out *o, const char *key)
{
	begin(o, key, '{');
}

void bu_out_obj_end(struct bu_out *o)
{
	end(o, '}');
}

void bu_out_arr(struct bu_out *o, const char *key)
{
	begin(o, key, '[');
}

void bu_out_arr_end(struct bu_out *o)
{
	end(o, ']');
}

static void text(struct bu_out *o, const char *fmt, va_list ap)
{
	if (!fmt)
		return;
	if (o->buf.n >= FLUSH_AT)
		bu_out_flush(o);
	bu_buf_vprintf(&o->buf, fmt, ap);
}

/* In text mode prints and is done; in JSON mode says whether a value is to follow. */
#define TEXT_OR_KEY(o, key, fmt)                                                                   \
	do {                                                                                       \
		if (!(o)->json) {                                                                  \
			va_list ap;                                                                \
			va_start(ap, fmt);                                                         \
			text(o, fmt, ap);                                                          \
			va_end(ap);                                                                \
			return;                                                                    \
		}                                                                                  \
		if ((key) == BU_NO_JSON)                                                           \
			return;                                                                    \
		json_key(o, key);                                                                  \
	} while (0)

void bu_out_uint(struct bu_out *o, const char *key, uint64_t v, const char *fmt, ...)
{
	bool quote = o->exact && v > JSON_SAFE;

	TEXT_OR_KEY(o, key, fmt);
	bu_buf_str(&o->buf, quote ? "\"" : "");
	bu_buf_u64(&o->buf, v);
	bu_buf_str(&o->buf, quote ? "\"" : "");
}

void bu_out_int(struct bu_out *o, const char *key, int64_t v, const char *fmt, ...)
{
	bool quote = o->exact && (v > (int64_t)JSON_SAFE || v < -(int64_t)JSON_SAFE);

	TEXT_OR_KEY(o, key, fmt);
	bu_buf_str(&o->buf, quote ? "\"" : "");
	bu_buf_s64(&o->buf, v);
	bu_buf_str(&o->buf, quote ? "\"" : "");
}

void bu_out_bool(struct bu_out *o, const char *key, bool v, const char *fmt, ...)
{
	TEXT_OR_KEY(o, key, fmt);
	bu_buf_str(&o->buf, v ? "true" : "false");
}

void bu_out_str(struct bu_out *o, const char *key, const char *s, size_t n, const char *fmt, ...)
{
	TEXT_OR_KEY(o, key, fmt);
	bu_buf_char(&o->buf, '"');
	bu_buf_json_escape(&o->buf, s, n == SIZE_MAX ? strlen(s) : n);
	bu_buf_char(&o->buf, '"');
}

void bu_out_raw(struct bu_out *o, const char *key, const char *json, const char *fmt, ...)
{
	TEXT_OR_KEY(o, key, fmt);
	bu_buf_str(&o->buf, json);
}

void bu_out_null(struct bu_out *o, const char *key)
{
	if (!o->json || key == BU_NO_JSON)
		return;
	json_key(o, key);
	bu_buf_str(&o->buf, "null");
}

void bu_out_text(struct bu_out *o, const char *fmt, ...)
{
	va_list ap;

	if (o->json)
		return;
	va_start(ap, fmt);
	text(o, fmt, ap);
	va_end(ap);
}
