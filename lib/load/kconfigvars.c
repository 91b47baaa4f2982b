// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the variables of .kconfig hold: options of the kernel's configuration, and a few facts under names
 * that begin with LINUX_. Source: Documentation/bpf/libbpf, and what libbpf takes for which type.
 */
#include <stdio.h>
#include <string.h>

#include "load/priv.h"

enum kind { KIND_BAD, KIND_BOOL, KIND_TRISTATE, KIND_CHAR, KIND_INT, KIND_TEXT };

struct filling {
	struct bu_plan *p;
	struct plan_map *m;
	struct bu_sys *s;
	struct bu_diags *ds;
};

static enum kind kind_of(const struct bu_btf *b, uint32_t type, bool *is_signed)
{
	struct bu_btf_type t, elem;

	if (bu_btf_get(b, bu_btf_resolve(b, type), &t))
		return KIND_BAD;
	*is_signed = t.kind == BU_BTF_INT && (t.int_enc & 1);
	if (t.kind == BU_BTF_INT && (t.int_enc & 4))
		return t.size == 1 ? KIND_BOOL : KIND_BAD;
	if (t.kind == BU_BTF_INT)
		return t.size == 1 ? KIND_CHAR : t.size <= 8 && !(t.size & (t.size - 1)) ? KIND_INT : KIND_BAD;
	if (t.kind == BU_BTF_ENUM && t.size == 4)
		return KIND_TRISTATE;
	if (t.kind == BU_BTF_ARRAY && !bu_btf_get(b, bu_btf_resolve(b, t.elem), &elem) &&
	    elem.kind == BU_BTF_INT && elem.size == 1)
		return KIND_TEXT;
	return KIND_BAD;
}

static int wrong(const struct filling *f, const struct bu_obj_extern *e, struct bu_str value, const char *why)
{
	bu_diag(f->ds, BU_ERROR, "L0117", "variable %s cannot be %.*s: %s", e->name,
		(int)(value.n > 60 ? 60 : value.n), value.p, why);
	return -EINVAL;
}

static void put_int(uint8_t *to, uint32_t size, uint64_t v)
{
	if (size == 1)
		*to = (uint8_t)v;
	else if (size == 2)
		bu_put16(to, BU_HOST_BE, (uint16_t)v);
	else if (size == 4)
		bu_put32(to, BU_HOST_BE, (uint32_t)v);
	else
		bu_put64(to, BU_HOST_BE, v);
}

static int put_number(const struct filling *f, const struct bu_obj_extern *e, struct bu_str value, bool is_signed)
{
	uint8_t *to = f->m->data + e->off;
	unsigned bits = e->size * 8;
	bool neg = false;
	uint64_t v;

	if (bu_str_u64(value, &v, &neg))
		return wrong(f, e, value, "its type is a number");
	if (bits < 64 && (neg ? (int64_t)v < -((int64_t)1 << (bits - 1)) : v >> (bits - is_signed)))
		return wrong(f, e, value, "its type is too small");
	if (neg && !is_signed)
		return wrong(f, e, value, "its type has no sign");
	put_int(to, e->size, v);
	return 0;
}

/* "y", "n", "m"; a text in quotes; a number. */
static int put(const struct filling *f, const struct bu_obj_extern *e, struct bu_str value)
{
	uint8_t *to = f->m->data + e->off;
	bool is_signed, state = value.n == 1 && strchr("ynm", value.p[0]);
	enum kind k = kind_of(&f->p->obj->btf, e->type, &is_signed);

	if (k == KIND_BAD)
		return wrong(f, e, value, "its type is none of bool, char, enum, integer, array of char");
	if (state && k == KIND_BOOL) {
		if (value.p[0] == 'm')
			return wrong(f, e, value, "its type is bool, and modules need enum libbpf_tristate or char");
		*to = value.p[0] == 'y';
		return 0;
	}
	if (state && k == KIND_TRISTATE) {
		put_int(to, e->size, value.p[0] == 'y' ? 1 : value.p[0] == 'm' ? 2 : 0);
		return 0;
	}
	if (state && k == KIND_CHAR) {
		*to = (uint8_t)value.p[0];
		return 0;
	}
	if (state)
		return wrong(f, e, value, "a state needs bool, char or enum libbpf_tristate");
	if (value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"') {
		uint32_t n = (uint32_t)(value.n - 2);

		if (k != KIND_TEXT)
			return wrong(f, e, value, "a text needs an array of char");
		if (n >= e->size) {
			bu_diag(f->ds, BU_WARNING, "L0117", "variable %s holds the first %u bytes of %.*s",
				e->name, e->size ? e->size - 1 : 0, (int)(value.n > 60 ? 60 : value.n), value.p);
			n = e->size ? e->size - 1 : 0;
		}
		memcpy(to, value.p + 1, n);
		return 0;
	}
	if (k != KIND_INT && k != KIND_CHAR)
		return wrong(f, e, value, "a number needs an integer");
	return put_number(f, e, value, is_signed);
}

/* ---------------------------------------------------------------- LINUX_* */

#define COOKIE_HELPER 174 /* bpf_get_attach_cookie */

/* Would the kernel take a program that asks for the cookie of its attachment? */
static bool has_cookie(struct bu_sys *s)
{
	int fd = bu_sys_try_prog(s, BPF_PROG_TYPE_KPROBE, 0, COOKIE_HELPER, NULL, 0);

	if (fd >= 0)
		s->ops->close(s, fd);
	return fd >= 0;
}

struct wrapper { const char *name; bool found; };

static bool is_wrapper(void *ctx, const char *name)
{
	struct wrapper *w = ctx;

	w->found = strcmp(name, w->name) == 0;
	return !w->found;
}

/* Are system calls functions named __ARCH_sys_NAME (since 4.17)? */
static bool has_wrapper(struct bu_sys *s)
{
	static const char *const prefix[BU_NARCH] = {
		[BU_ARCH_X86_64] = "__x64_sys_bpf", [BU_ARCH_ARM64] = "__arm64_sys_bpf",
	};
	enum bu_arch host = bu_arch_host();
	struct wrapper w = { host < BU_NARCH ? prefix[host] : NULL, false };

	if (!w.name)
		return false;
	if (s->ops->names && !s->ops->names(s, BU_NAMES_FUNCTIONS, NULL, is_wrapper, &w) && w.found)
		return true;
	return bu_sys_kernel_version() >= 0x041100;
}

/* A fact by its name; -ENOENT: none of that name. */
static int fact(const struct filling *f, const struct bu_obj_extern *e, uint64_t *v)
{
	if (strcmp(e->name, "LINUX_KERNEL_VERSION") == 0)
		*v = bu_sys_kernel_version();
	else if (strcmp(e->name, "LINUX_HAS_BPF_COOKIE") == 0)
		*v = has_cookie(f->s);
	else if (strcmp(e->name, "LINUX_HAS_SYSCALL_WRAPPER") == 0)
		*v = has_wrapper(f->s);
	else
		return -ENOENT;
	return 0;
}

static int put_fact(const struct filling *f, const struct bu_obj_extern *e)
{
	bool is_signed;
	uint64_t v = 0;
	enum kind k;

	if (fact(f, e, &v)) {
		if (e->weak)
			return 0;
		bu_diag(f->ds, BU_ERROR, "L0117", "variable %s: there is no fact of that name", e->name);
		return -EINVAL;
	}
	k = kind_of(&f->p->obj->btf, e->type, &is_signed);
	if (k == KIND_BAD || k == KIND_TEXT || (e->size < 4 && v > 255)) {
		bu_diag(f->ds, BU_ERROR, "L0117", "variable %s: its type cannot hold 0x%llx", e->name,
			(unsigned long long)v);
		return -EINVAL;
	}
	put_int(f->m->data + e->off, e->size, v);
	return 0;
}

/* ---------------------------------------------------------------- CONFIG_* */

/* The value of an option: 0; -ENOENT when the text does not mention it. Off is "n". */
static int option(const char *text, const char *name, struct bu_str *value)
{
	size_t n = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += n) {
		const char *end = strchr(p, '\n');
		size_t len = end ? (size_t)(end - p) : strlen(p);

		/* A name that holds a line break is none. */
		if (p[n] == '=' && len > n && (p == text || p[-1] == '\n')) {
			*value = bu_str(p + n + 1, len - n - 1);
			while (value->n && (value->p[value->n - 1] == '\r' || value->p[value->n - 1] == ' '))
				value->n--;
			return 0;
		}
		if (p >= text + 2 && p[-1] == ' ' && p[-2] == '#' && len >= n + 11 &&
		    memcmp(p + n, " is not set", 11) == 0) {
			*value = BU_STR("n");
			return 0;
		}
	}
	return -ENOENT;
}

static int put_option(const struct filling *f, const struct bu_obj_extern *e, const char *text)
{
	struct bu_str value;
	bool is_signed;
	enum kind k;

	if (option(text, e->name, &value)) {
		if (e->weak)
			return 0;
		bu_diag(f->ds, BU_ERROR, "L0117", "variable %s: the kernel's configuration has no such option",
			e->name);
		return -EINVAL;
	}
	k = kind_of(&f->p->obj->btf, e->type, &is_signed);
	/* An option that is off has no number and no text. */
	if (bu_str_is(value, "n") && (k == KIND_INT || k == KIND_TEXT))
		return e->weak ? 0 : wrong(f, e, value, "it is not set");
	return put(f, e, value);
}

int bu_plan_kconfig(struct bu_plan *p, struct plan_map *m, struct bu_sys *s, struct bu_diags *ds)
{
	struct filling f = { p, m, s, ds };
	const char *file = p->opts->kconfig;
	const struct bu_obj *o = p->obj;
	struct bu_buf text = { 0 };
	bool read = false;
	int rc = 0, err = 0;

	m->data = bu_arena_alloc(&p->arena, m->value_size);
	if (!m->data)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nkconfig; i++) {
		const struct bu_obj_extern *e = &o->kconfig[i];
		struct bu_diag *d;
		int bad = 0;

		if (strncmp(e->name, "CONFIG_", 7) != 0) {
			bad = put_fact(&f, e);
			rc = bad ? bad : rc;
			continue;
		}
		if (!read) {
			read = true;
			err = bu_sys_kconfig(file, &text);
			if (err && file) {
				bu_diag(ds, BU_ERROR, "L0117", "--kconfig %s: %s", file, bu_strerror(-err));
				rc = -EINVAL;
				break;
			}
		}
		if (err && !e->weak) {
			d = bu_diag(ds, BU_ERROR, "L0117", "variable %s: the kernel's configuration cannot be read",
				    e->name);
			bu_diag_note(ds, d, "neither /proc/config.gz nor /boot/config-RELEASE is there");
			bu_diag_help(ds, d, "say where it is: --kconfig FILE");
			bad = -EINVAL;
		} else if (!err) {
			bad = put_option(&f, e, bu_buf_cstr(&text));
		}
		rc = bad ? bad : rc;
	}
	bu_buf_free(&text);
	return rc;
}
