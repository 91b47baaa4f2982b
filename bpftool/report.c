// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages: what went wrong, in words, once for text and JSON. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#define ENOTSUPP_KERNEL 524 /* the kernel's own "not supported"; libc does not know it */

const char *bt_strerror(int err)
{
	err = err < 0 ? -err : err;
	return err == ENOTSUPP_KERNEL ? "Operation not supported" : strerror(err);
}

static const char *fmt_text(struct bt *t, const char *fmt, va_list ap)
{
	const char *s = bu_arena_vprintf(&t->arena, fmt, ap);

	return s ? s : "out of memory";
}

int bt_usage(struct bt *t, const char *word, const char *const *list, const char *fmt, ...)
{
	struct bu_near near;
	struct bu_diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = bu_diag(&t->ds, BU_ERROR, "U0001", "%s", fmt_text(t, fmt, ap));
	va_end(ap);
	if (word && list) {
		bu_near_init(&near, word, strlen(word));
		for (; *list; list++)
			bu_near_feed(&near, *list);
		if (near.best) {
			bu_diag_help(&t->ds, d, "did you mean '%s'?", near.best);
			return BU_EXIT_USAGE;
		}
	}
	bu_diag_help(&t->ds, d, "'%s help' lists the commands", t->prog);
	return BU_EXIT_USAGE;
}

int bt_error(struct bt *t, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bu_diag(&t->ds, BU_ERROR, code, "%s", fmt_text(t, fmt, ap));
	va_end(ap);
	return BU_EXIT_FAIL;
}

void bt_note(struct bt *t, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	bu_diag(&t->ds, BU_NOTE, code, "%s", fmt_text(t, fmt, ap));
	va_end(ap);
}

int bt_refused(struct bt *t, int cmd, int err, const char *fmt, ...)
{
	struct bu_diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = bu_diag(&t->ds, BU_ERROR, "T0106", "%s: %s", fmt_text(t, fmt, ap), bt_strerror(err));
	va_end(ap);
	if (cmd >= 0 || cmd == BU_CMD_NETLINK)
		bu_sys_explain(t->sys, &t->ds, d, cmd, err, NULL);
	return bu_exit_for(err);
}

const char *bt_noun(enum bu_objkind k)
{
	return k == BU_PROG ? "program" : bu_objkind_name(k);
}

int bt_pin_place(struct bt *t, const char *path)
{
	int err = t->sys->ops->pin_prepare(t->sys, path, t->nomount), st;

	if (!err)
		return 0;
	if (err != -EINVAL)
		return bt_refused(t, BPF_OBJ_PIN, err, "cannot pin at '%s'", bt_escz(t, path));
	st = bt_error(t, "T0106", "cannot pin at '%s': it is not in a bpf file system",
		      bt_escz(t, path));
	bt_hint(t, "pins live below /sys/fs/bpf, or where 'mount -t bpf' puts one");
	return st;
}

void bt_hint(struct bt *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->ds.last)
		bu_diag_help(&t->ds, t->ds.last, "%s", fmt_text(t, fmt, ap));
	va_end(ap);
}

/* Length of the UTF-8 sequence at s, 0 when there is none or it is a control character. */
static size_t printable(const unsigned char *s, size_t n)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t len, k;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	len = c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
	if (!len || len > n)
		return 0;
	c &= 0x7fu >> len;
	for (k = 1; k < len; k++) {
		if ((s[k] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[k] & 0x3f);
	}
	/* C1 controls, surrogates and what is beyond Unicode are shown as bytes too */
	if (c < least[len] || c < 0xa0 || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		return 0;
	return len;
}

static const char *escape(struct bt *t, const char *s, size_t n, bool tabs)
{
	const unsigned char *u = (const unsigned char *)s;
	char *out = bu_arena_array(&t->arena, n + 1, 4), *o = out;
	size_t i = 0, len;

	if (!out)
		return "?";
	while (i < n) {
		len = printable(u + i, n - i);
		if (tabs && u[i] == '\t')
			len = 1;
		if (len) {
			memcpy(o, s + i, len);
			o += len;
			i += len;
		} else {
			o += sprintf(o, "\\x%02x", u[i++]);
		}
	}
	*o = 0;
	return out;
}

const char *bt_esc(struct bt *t, const char *s, size_t n)
{
	return escape(t, s, n, false);
}

/* Bytes at the start of s that are shown as they are, whatever follows. */
static size_t plain(const char *s, char also)
{
	size_t n = 0;

	while ((s[n] >= 0x20 && s[n] < 0x7f) || (also && s[n] == also))
		n++;
	return n;
}

const char *bt_esc_line(struct bt *t, const char *s)
{
	size_t n = plain(s, '\t');

	return s[n] ? escape(t, s, n + strlen(s + n), true) : s;
}

const char *bt_escz(struct bt *t, const char *s)
{
	size_t n = plain(s, 0);

	return s[n] ? bt_esc(t, s, n + strlen(s + n)) : s;
}

int bt_error_row(struct bt *t, const char *key, enum bu_objkind k, uint32_t id, int err)
{
	const char *why = bt_strerror(err);

	bu_out_obj(&t->out, key);
	bu_out_uint(&t->out, "id", id, "%u: ", id);
	bu_out_str(&t->out, "error", why, SIZE_MAX, "error: this %s cannot be read: %s\n",
		   bt_noun(k), why);
	bu_out_obj_end(&t->out);
	return bu_exit_for(err);
}

void bt_error_obj(struct bt *t, const char *key, uint32_t id)
{
	if (!t->json)
		return;
	bu_out_obj(&t->out, key);
	if (id)
		bu_out_uint(&t->out, "id", id, NULL);
	bu_out_str(&t->out, "error", t->ds.last ? t->ds.last->text : "unknown", SIZE_MAX, NULL);
	bu_out_obj_end(&t->out);
}
