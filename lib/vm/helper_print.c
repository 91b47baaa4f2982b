/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that make texts and read them. */
#include "vm/helper.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MAX_ARGS 12u          /* of a text by an array of arguments */
#define MAX_FIELD ((1u << 23) - 1)
#define ROOM 512              /* the kernel's, for what the arguments refer to */
#define MAX_TEXT 1024u        /* of trace_printk */

struct text {
	char *p;
	uint64_t size, n; /* n counts what does not fit, too */
};

static void put(struct text *t, const char *s, uint64_t n)
{
	for (uint64_t i = 0; i < n && t->n + i < t->size; i++)
		t->p[t->n + i] = s[i];
	t->n += n;
}

static void fill(struct text *t, char c, uint64_t n)
{
	for (uint64_t i = 0; i < n && t->n + i < t->size; i++)
		t->p[t->n + i] = c;
	t->n += n;
}

struct spec {
	bool left, zero, plus, blank;
	uint32_t width;
	char conv, ext;    /* 'd' …, of 'p': what follows */
	char ext2;         /* "%pI4": '4' */
	unsigned bytes;
};

static void padded(struct text *t, const struct spec *sp, const char *s, uint64_t n)
{
	uint64_t pad = n < sp->width ? sp->width - n : 0;

	if (!sp->left)
		fill(t, ' ', pad);
	put(t, s, n);
	if (sp->left)
		fill(t, ' ', pad);
}

static void number(struct text *t, const struct spec *sp, uint64_t v)
{
	bool is_signed = sp->conv == 'd' || sp->conv == 'i';
	char digits[24], sign = 0;
	uint64_t n, pad;

	if (sp->bytes == 4)
		v = is_signed ? (uint64_t)(int32_t)v : (uint32_t)v;
	if (is_signed && (int64_t)v < 0) {
		sign = '-';
		v = -v;
	} else if (is_signed && sp->plus) {
		sign = '+';
	} else if (is_signed && sp->blank) {
		sign = ' ';
	}
	n = (uint64_t)snprintf(digits, sizeof(digits), sp->conv == 'x' ? "%llx" :
			       sp->conv == 'X' ? "%llX" : "%llu", (unsigned long long)v);
	pad = n + !!sign < sp->width ? sp->width - n - !!sign : 0;
	if (!sp->left && !sp->zero)
		fill(t, ' ', pad);
	if (sign)
		put(t, &sign, 1);
	if (!sp->left && sp->zero)
		fill(t, '0', pad);
	put(t, digits, n);
	if (sp->left)
		fill(t, ' ', pad);
}

/* An address as %p shows it: the same for the same, and not the address. */
uint64_t bu_vm_hashed(uint64_t v)
{
	v = (v ^ v >> 33) * 0xff51afd7ed558ccdu;
	v = (v ^ v >> 33) * 0xc4ceb9fe1a85ec53u;
	return v >> 32;
}

static void address(struct text *t, struct spec sp, uint64_t v)
{
	char s[24];
	int n;

	if (!sp.ext || sp.ext == 'K')
		n = v ? snprintf(s, sizeof(s), "%016llx", (unsigned long long)bu_vm_hashed(v)) :
			snprintf(s, sizeof(s), sp.ext ? "%016x" : "0000000000000000", 0);
	else if (sp.ext == 'x')
		n = snprintf(s, sizeof(s), "%016llx", (unsigned long long)v);
	else
		n = snprintf(s, sizeof(s), "0x%llx", (unsigned long long)v);
	padded(t, &sp, s, (uint64_t)n);
}

static void ip(struct text *t, const struct spec *sp, const uint8_t a[16])
{
	char s[48];
	int n = 0;

	if (sp->ext2 == '4') {
		n = snprintf(s, sizeof(s), sp->ext == 'I' ? "%u.%u.%u.%u" : "%03u.%03u.%03u.%03u", a[0],
			     a[1], a[2], a[3]);
	} else {
		for (int i = 0; i < 16; i += 2)
			n += snprintf(s + n, sizeof(s) - (size_t)n, "%s%02x%02x",
				      i && sp->ext == 'I' ? ":" : "", a[i], a[i + 1]);
	}
	put(t, s, (uint64_t)n);
}

/* One specifier at s (behind the %): fills sp; the bytes taken, or -EINVAL. */
static int64_t scan(const char *s, struct spec *sp)
{
	const char *p = s;

	*sp = (struct spec){ .bytes = 4 };
	for (;; p++) {
		if (*p == '0')
			sp->zero = true;
		else if (*p == '-')
			sp->left = true;
		else if (*p == '+')
			sp->plus = true;
		else if (*p == ' ')
			sp->blank = true;
		else
			break;
	}
	for (; isdigit((unsigned char)*p); p++)
		sp->width = sp->width > MAX_FIELD ? sp->width : sp->width * 10 + (uint32_t)(*p - '0');
	if (sp->width > MAX_FIELD)
		sp->width = MAX_FIELD;
	sp->conv = *p;
	if (*p == 'p') {
		p++;
		if (!*p || isspace((unsigned char)*p) || ispunct((unsigned char)*p))
			return p - s;
		sp->ext = *p;
		if ((*p == 'k' || *p == 'u') && p[1] == 's') {
			sp->conv = 's';
			p++;
			if (p[1] && !isspace((unsigned char)p[1]) && !ispunct((unsigned char)p[1]))
				return -EINVAL;
		} else if ((*p == 'i' || *p == 'I') && (p[1] == '4' || p[1] == '6')) {
			sp->ext2 = *++p;
		} else if (!strchr("KxsSB", *p)) {
			return -EINVAL;
		}
		/* What sticks to it is taken for more of it. */
		for (p++; isalnum((unsigned char)*p); p++)
			;
		return p - s;
	}
	if (*p == 's') {
		p++;
		return !*p || isspace((unsigned char)*p) || ispunct((unsigned char)*p) ? p - s : -EINVAL;
	}
	if (*p == 'c')
		return p + 1 - s;
	if (*p == 'l') {
		sp->bytes = 8;
		p += p[1] == 'l' ? 2 : 1;
	}
	sp->conv = *p;
	return *p && strchr("iduxX", *p) ? p + 1 - s : -EINVAL;
}

/* Prints one argument; room: what is left for things referred to. */
static int64_t one(struct bu_vm_run *run, struct text *t, const struct spec *sp, uint64_t arg,
		   int64_t *room)
{
	uint8_t a[16];
	char s[ROOM];
	int64_t n;

	switch (sp->conv) {
	case 's':
		if (*room < 1)
			return -ENOSPC;
		n = bu_vm_probe_str(run, s, (uint64_t)*room, arg,
				    sp->ext == 'u' ? BU_VM_USER :
				    sp->ext == 'k' ? BU_VM_KERNEL : BU_VM_EITHER);
		if (n < 1) {
			s[0] = 0;
			n = 1;
		}
		*room -= n;
		if (sp->ext) /* %pks and %pus know no width */
			put(t, s, (uint64_t)n - 1);
		else
			padded(t, sp, s, (uint64_t)n - 1);
		return 0;
	case 'c':
		if (*room < 1)
			return -ENOSPC;
		*room -= 1;
		s[0] = (char)arg;
		padded(t, sp, s, 1);
		return 0;
	case 'p':
		if (sp->ext2) {
			n = sp->ext2 == '4' ? 4 : 16;
			if (*room < 40)
				return -ENOSPC;
			bu_vm_probe(run, a, (uint64_t)n, arg, BU_VM_KERNEL);
			*room -= 40;
			ip(t, sp, a);
			return 0;
		}
		*room = (*room & ~3ll) - 8;
		if (*room < 0)
			return -ENOSPC;
		address(t, *sp, arg);
		return 0;
	}
	*room = (*room & ~3ll) - sp->bytes;
	if (*room < 0)
		return -ENOSPC;
	number(t, sp, arg);
	return 0;
}

int64_t bu_vm_format(struct bu_vm_run *run, char *out, uint64_t size, const char *fmt, uint64_t n,
		     const uint64_t *arg, unsigned nargs)
{
	struct text t = { out, size ? size - 1 : 0, 0 };
	int64_t room = ROOM, took, err;
	unsigned used = 0;
	struct spec sp;

	if (!memchr(fmt, 0, n))
		return -EINVAL;
	/* The whole format is looked at before anything is stored. */
	for (const char *p = fmt; *p; p++) {
		if ((!isprint((unsigned char)*p) && !isspace((unsigned char)*p)) || *p & 0x80)
			return -EINVAL;
		if (*p != '%')
			continue;
		if (p[1] == '%') {
			p++;
			continue;
		}
		took = used++ < nargs ? scan(p + 1, &sp) : -EINVAL;
		if (took < 0)
			return took;
		p += took;
	}
	used = 0;
	for (const char *p = fmt; *p; p++) {
		if (*p != '%' || p[1] == '%') {
			put(&t, p, 1);
			p += *p == '%';
			continue;
		}
		p += scan(p + 1, &sp);
		err = one(run, &t, &sp, arg[used++], &room);
		if (err)
			return err;
	}
	if (size)
		out[t.n < size ? t.n : size - 1] = 0;
	return (int64_t)t.n;
}

/* ---------------------------------------------------------------- formatted output */

/* A format in memory that others may write: copied, so that it stays what was checked. */
static int64_t format(struct bu_vm_run *run, char *out, uint64_t size, uint64_t fmt, uint64_t n,
		      const uint64_t *arg, unsigned nargs)
{
	struct bu_buf copy = { 0 };
	int64_t r;

	bu_buf_add(&copy, (const void *)(uintptr_t)fmt, n);
	r = copy.failed ? -ENOMEM : bu_vm_format(run, out, size, (const char *)copy.p, n, arg, nargs);
	bu_buf_free(&copy);
	return r;
}

/* Arguments in memory: 8 bytes each. */
static int64_t gather(uint64_t args[MAX_ARGS], uint64_t p, uint64_t n)
{
	if (n & 7 || n > MAX_ARGS * 8 || (n && !p))
		return -EINVAL;
	if (n)
		memcpy(args, (const void *)(uintptr_t)p, n);
	return 0;
}

static uint64_t trace(struct bu_vm_run *run, uint64_t fmt, uint64_t n, const uint64_t *arg,
		      unsigned nargs)
{
	char out[MAX_TEXT];
	int64_t r = format(run, out, sizeof(out), fmt, n, arg, nargs);

	if (r >= 0)
		bu_vm_trace(run, out, strlen(out));
	return (uint64_t)r;
}

uint64_t bu_vm_h_trace_printk(struct bu_vm_run *run, uint64_t fmt, uint64_t n, uint64_t c, uint64_t d,
			      uint64_t e)
{
	return trace(run, fmt, n, (uint64_t[3]){ c, d, e }, 3);
}

uint64_t bu_vm_h_trace_vprintk(struct bu_vm_run *run, uint64_t fmt, uint64_t n, uint64_t data,
			       uint64_t len, uint64_t e)
{
	uint64_t args[MAX_ARGS];

	(void)e;
	if (gather(args, data, len))
		return (uint64_t)-EINVAL;
	return trace(run, fmt, n, args, (unsigned)(len / 8));
}

/* A text that was seen to end; it is looked at anew, as others might write its map after all. */
static int64_t constant(struct bu_vm_run *run, uint64_t p, struct bu_buf *out)
{
	const char *c;

	do {
		c = bu_vm_mem_try(run, p++, 1, false);
		if (bu_buf_char(out, c ? *(const volatile char *)c : 0))
			return -ENOMEM;
	} while (out->p[out->n - 1]);
	return 0;
}

uint64_t bu_vm_h_snprintf(struct bu_vm_run *run, uint64_t out, uint64_t size, uint64_t fmt,
			  uint64_t data, uint64_t len)
{
	uint64_t args[MAX_ARGS];
	struct bu_buf text = { 0 };
	int64_t r;

	if (gather(args, data, len))
		return (uint64_t)-EINVAL;
	r = constant(run, fmt, &text);
	if (!r)
		r = bu_vm_format(run, (char *)(uintptr_t)out, size, (const char *)text.p, text.n, args,
				 (unsigned)(len / 8));
	bu_buf_free(&text);
	return (uint64_t)(r < 0 ? r : r + 1);
}

uint64_t bu_vm_h_seq_write(struct bu_vm_run *run, uint64_t seq, uint64_t data, uint64_t n, uint64_t d,
			   uint64_t e)
{
	(void)d, (void)e;
	if (!run->ctx || !run->ctx->seq || seq != BU_VM_SEQ_HANDLE) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, seq, 0, true,
			       "bpf_seq_write: argument 1: is no output of an iterator");
		return 0;
	}
	return bu_buf_add(run->ctx->seq, (const void *)(uintptr_t)data, n) ? (uint64_t)-EOVERFLOW : 0;
}

uint64_t bu_vm_h_seq_printf(struct bu_vm_run *run, uint64_t seq, uint64_t fmt, uint64_t n,
			    uint64_t data, uint64_t len)
{
	uint64_t args[MAX_ARGS], size;
	struct bu_buf *b;
	char *room;
	int64_t r;

	if (!run->ctx || !run->ctx->seq || seq != BU_VM_SEQ_HANDLE) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, seq, 0, true,
			       "bpf_seq_printf: argument 1: is no output of an iterator");
		return 0;
	}
	if (gather(args, data, len))
		return (uint64_t)-EINVAL;
	b = run->ctx->seq;
	for (size = 256;; size = (uint64_t)r + 1) {
		room = (char *)bu_buf_room(b, size);
		if (!room)
			return (uint64_t)-EOVERFLOW;
		r = format(run, room, size, fmt, n, args, (unsigned)(len / 8));
		if (r < (int64_t)size)
			break;
	}
	if (r < 0)
		return (uint64_t)r;
	b->n += (size_t)r;
	return 0;
}

/* ---------------------------------------------------------------- texts to numbers, comparison */

uint64_t bu_vm_h_strncmp(struct bu_vm_run *run, uint64_t a, uint64_t n, uint64_t b, uint64_t d,
			 uint64_t e)
{
	const volatile uint8_t *s = (const uint8_t *)(uintptr_t)a;
	struct bu_buf text = { 0 };
	int64_t r;

	(void)d, (void)e;
	r = constant(run, b, &text);
	for (uint64_t i = 0; !r && i < n; i++) {
		uint8_t x = s[i], y = text.p[i]; /* ends at the NUL at the latest: x differs, or is it */

		if (x != y)
			r = x < y ? -1 : 1;
		if (!x)
			break;
	}
	bu_buf_free(&text);
	return (uint64_t)r;
}

/* The digits of a number: bytes taken, or -errno. base 0: by its prefix. */
static int64_t digits(const char *s, unsigned base, uint64_t *val)
{
	const char *p = s;
	uint64_t v = 0;
	bool over = false;

	if (!base) {
		base = 10;
		if (*p == '0')
			base = (p[1] | 32) == 'x' && isxdigit((unsigned char)p[2]) ? 16 : 8;
	}
	if (base == 16 && *p == '0' && (p[1] | 32) == 'x')
		p += 2;
	for (const char *first = p;; p++) {
		unsigned c = (unsigned char)*p, d = c - '0' < 10 ? c - '0' : (c | 32) - 'a' < 6 ?
			     (c | 32) - 'a' + 10 : 99;

		if (d >= base) {
			if (p == first)
				return -EINVAL;
			break;
		}
		over |= __builtin_mul_overflow(v, (uint64_t)base, &v);
		over |= __builtin_add_overflow(v, (uint64_t)d, &v);
	}
	*val = v;
	return over ? -ERANGE : p - s;
}

static int64_t to_number(uint64_t buf, uint64_t n, uint64_t flags, uint64_t *val, bool *neg)
{
	const volatile char *s = (const char *)(uintptr_t)buf;
	unsigned base = flags & 31;
	uint64_t i = 0, k;
	char text[64]; /* the kernel looks at 63 characters */
	int64_t took;

	if ((base && base != 8 && base != 10 && base != 16) || flags & ~31ull)
		return -EINVAL;
	while (i < n && isspace((unsigned char)s[i]))
		i++;
	*neg = i < n && s[i] == '-';
	i += *neg;
	if (i == n)
		return -EINVAL;
	for (k = 0; k < sizeof(text) - 1 && i + k < n; k++)
		text[k] = s[i + k];
	text[k] = 0;
	took = digits(text, base, val);
	return took < 0 ? took : (int64_t)i + took;
}

uint64_t bu_vm_h_strtol(struct bu_vm_run *run, uint64_t buf, uint64_t n, uint64_t flags, uint64_t out,
			uint64_t e)
{
	uint64_t v, res = 0;
	bool neg;
	int64_t r = to_number(buf, n, flags, &v, &neg);

	(void)run, (void)e;
	if (r >= 0 && v > (uint64_t)INT64_MAX + neg)
		r = -ERANGE;
	if (r >= 0)
		res = neg ? -v : v;
	memcpy((void *)(uintptr_t)out, &res, 8);
	return (uint64_t)r;
}

uint64_t bu_vm_h_strtoul(struct bu_vm_run *run, uint64_t buf, uint64_t n, uint64_t flags,
			 uint64_t out, uint64_t e)
{
	uint64_t v, res = 0;
	bool neg;
	int64_t r = to_number(buf, n, flags, &v, &neg);

	(void)run, (void)e;
	if (r >= 0 && neg)
		r = -EINVAL;
	if (r >= 0)
		res = v;
	memcpy((void *)(uintptr_t)out, &res, 8);
	return (uint64_t)r;
}
