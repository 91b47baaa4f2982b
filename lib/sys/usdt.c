/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * USDT: notes of type 3 called "stapsdt" in the section .note.stapsdt, as systemtap's sdt.h writes them:
 *
 *   pc, base, semaphore   three addresses of the file's class
 *   provider, name, args  three strings
 *
 * A prelinked file has moved since: base is where .stapsdt.base was, and all addresses move by as much as that
 * section has.
 */
#include "sys/usdt.h"
#include "sys/elffile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define NOTE_TYPE 3

/* ---------------------------------------------------------------- arguments */

static const struct { const char *name; uint16_t off; } x86_regs[] = {
#define R4(off, a, b, c, d) { a, off }, { b, off }, { c, off }, { d, off },
	R4(80, "rax", "eax", "ax", "al") R4(40, "rbx", "ebx", "bx", "bl") R4(88, "rcx", "ecx", "cx", "cl")
	R4(96, "rdx", "edx", "dx", "dl") R4(104, "rsi", "esi", "si", "sil") R4(112, "rdi", "edi", "di", "dil")
	R4(32, "rbp", "ebp", "bp", "bpl") R4(152, "rsp", "esp", "sp", "spl") R4(72, "r8", "r8d", "r8w", "r8b")
	R4(64, "r9", "r9d", "r9w", "r9b") R4(56, "r10", "r10d", "r10w", "r10b")
	R4(48, "r11", "r11d", "r11w", "r11b") R4(24, "r12", "r12d", "r12w", "r12b")
	R4(16, "r13", "r13d", "r13w", "r13b") R4(8, "r14", "r14d", "r14w", "r14b")
	R4(0, "r15", "r15d", "r15w", "r15b") { "rip", 128 },
#undef R4
};

static bool x86_reg(struct bu_str s, uint16_t *off)
{
	if (!s.n || s.p[0] != '%')
		return false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(x86_regs); i++)
		if (bu_str_is(bu_str(s.p + 1, s.n - 1), x86_regs[i].name)) {
			*off = x86_regs[i].off;
			return true;
		}
	return false;
}

/* x0 … x30, w0 …, sp: eight bytes each. */
static bool arm64_reg(struct bu_str s, uint16_t *off)
{
	uint64_t n = 31;

	if (!bu_str_is(s, "sp") &&
	    (s.n < 2 || (s.p[0] != 'x' && s.p[0] != 'w') || bu_str_u64(bu_str(s.p + 1, s.n - 1), &n, NULL) || n > 30))
		return false;
	*off = (uint16_t)(n * 8);
	return true;
}

static bool number(struct bu_str s, int64_t *v)
{
	bool neg = s.n && s.p[0] == '-';
	uint64_t n;

	if (bu_str_u64(neg ? bu_str(s.p + 1, s.n - 1) : s, &n, NULL))
		return false;
	*v = (int64_t)(neg ? 0 - n : n);
	return true;
}

static struct bu_str trim(struct bu_str s)
{
	while (s.n && s.p[0] == ' ')
		s.p++, s.n--;
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* The next part up to ','; empty at the end. */
static struct bu_str part(struct bu_str *s)
{
	const char *comma = memchr(s->p, ',', s->n);
	size_t n = comma ? (size_t)(comma - s->p) : s->n;
	struct bu_str one = bu_str(s->p, n);

	n += comma != NULL;
	*s = bu_str(s->p + n, s->n - n);
	return trim(one);
}

/* $N, %REG, N(%REG), N(%REG,%REG,SCALE) */
static bool x86_operand(struct bu_str s, struct bu_usdt_arg *a)
{
	const char *open = memchr(s.p, '(', s.n);
	struct bu_str in, base, index, scale;
	int64_t n = 1;

	if (s.n && s.p[0] == '$') {
		a->where = BU_USDT_CONST;
		return number(bu_str(s.p + 1, s.n - 1), &a->val);
	}
	if (!open) {
		a->where = BU_USDT_REG;
		return x86_reg(s, &a->reg);
	}
	if (s.p[s.n - 1] != ')' || (open > s.p && !number(bu_str(s.p, (size_t)(open - s.p)), &a->val)))
		return false;
	in = bu_str(open + 1, s.n - (size_t)(open + 1 - s.p) - 1);
	base = part(&in);
	index = part(&in);
	scale = part(&in);
	if (in.n || !x86_reg(base, &a->reg))
		return false;
	a->where = BU_USDT_DEREF;
	if (!index.n)
		return !scale.n;
	a->where = BU_USDT_SIB;
	if (!x86_reg(index, &a->index) || (scale.n && !number(scale, &n)) || n < 1 || n > 8 || (n & (n - 1)))
		return false;
	a->shift = (uint8_t)__builtin_ctzll((unsigned long long)n);
	return true;
}

/* N, xN, [xN], [xN, N] */
static bool arm64_operand(struct bu_str s, struct bu_usdt_arg *a)
{
	struct bu_str base, off;

	if (s.n && s.p[0] == '[') {
		if (s.p[s.n - 1] != ']')
			return false;
		s = bu_str(s.p + 1, s.n - 2);
		base = part(&s);
		off = part(&s);
		if (off.n && off.p[0] == '#')
			off = bu_str(off.p + 1, off.n - 1);
		a->where = BU_USDT_DEREF;
		return !s.n && arm64_reg(base, &a->reg) && (!off.n || number(off, &a->val));
	}
	a->where = BU_USDT_REG;
	if (arm64_reg(s, &a->reg))
		return true;
	a->where = BU_USDT_CONST;
	return number(s, &a->val);
}

/* SIZE@OPERAND; SIZE is -8 … 8, negative: signed. */
static void read_arg(struct bu_str s, unsigned machine, struct bu_usdt_arg *a)
{
	const char *at = memchr(s.p, '@', s.n);
	struct bu_str operand;
	int64_t size = 0;
	bool ok = false;

	memset(a, 0, sizeof(*a));
	if (at && number(bu_str(s.p, (size_t)(at - s.p)), &size) && size >= -8 && size <= 8) {
		operand = bu_str(at + 1, s.n - (size_t)(at + 1 - s.p));
		a->is_signed = size < 0;
		size = size < 0 ? -size : size;
		a->size = (uint8_t)size;
		if (size == 1 || size == 2 || size == 4 || size == 8)
			ok = machine == EM_X86_64    ? x86_operand(operand, a) :
			     machine == EM_AARCH64 ? arm64_operand(operand, a) : false;
	}
	if (!ok) {
		memset(a, 0, sizeof(*a));
		a->where = BU_USDT_UNKNOWN;
		a->size = 8;
	}
}

void bu_usdt_args(struct bu_usdt_site *s, const char *text, unsigned machine)
{
	s->args = text;
	for (s->nargs = 0; s->nargs < BU_USDT_ARGS; s->nargs++) {
		size_t n = 0;

		text += strspn(text, " ");
		if (!*text)
			return;
		/* a blank may stand in brackets */
		for (bool in = false; text[n] && (in || text[n] != ' '); n++)
			in = text[n] == '[' || (in && text[n] != ']');
		read_arg(bu_str(text, n), machine, &s->arg[s->nargs]);
		text += n;
	}
}

/* ---------------------------------------------------------------- notes */

struct notes {
	struct bu_elff e;
	struct bu_buf names, data;
	uint64_t base;   /* where .stapsdt.base is; 0: there is none */
	unsigned machine;
};

/* A string of the note; NULL: it has no end. */
static const char *text(const uint8_t *p, size_t n, size_t *at)
{
	const char *s = (const char *)p + *at;
	const uint8_t *end = *at < n ? memchr(p + *at, '\0', n - *at) : NULL;

	if (!end)
		return NULL;
	*at = (size_t)(end - p) + 1;
	return s;
}

static int one_note(const struct notes *k, const uint8_t *p, size_t n,
		    int (*fn)(void *ctx, const struct bu_usdt_site *s), void *ctx)
{
	size_t w = k->e.is64 ? 8 : 4, at = 3 * w;
	struct bu_usdt_site s = { 0 };
	uint64_t pc, base, sema;
	const char *args;

	if (n < at)
		return -EINVAL;
	pc = bu_elff_word(&k->e, p);
	base = bu_elff_word(&k->e, p + w);
	sema = bu_elff_word(&k->e, p + 2 * w);
	s.provider = text(p, n, &at);
	s.name = s.provider ? text(p, n, &at) : NULL;
	args = s.name ? text(p, n, &at) : NULL;
	if (!args)
		return -EINVAL;
	if (k->base) {
		pc += k->base - base;
		sema += sema ? k->base - base : 0;
	}
	/* A probe whose code was thrown away by the linker has no place. */
	if (bu_elff_offset(&k->e, pc, true, &s.off))
		return 0;
	if (sema && bu_elff_offset(&k->e, sema, false, &s.sema))
		return -EINVAL;
	bu_usdt_args(&s, args, k->machine);
	return fn(ctx, &s);
}

static int each_note(const struct notes *k, int (*fn)(void *ctx, const struct bu_usdt_site *s), void *ctx)
{
	size_t n = k->data.n, at = 0;
	int err = 0;

	while (!err && n - at >= 12) {
		const uint8_t *p = k->data.p + at;
		uint64_t name = bu_get32(p, k->e.be), desc = bu_get32(p + 4, k->e.be);
		uint64_t name_room = (name + 3) & ~UINT64_C(3), desc_room = (desc + 3) & ~UINT64_C(3);

		if (name_room > n - at - 12 || desc > n - at - 12 - name_room)
			return -EINVAL;
		if (bu_get32(p + 8, k->e.be) == NOTE_TYPE && name == 8 && memcmp(p + 12, "stapsdt", 8) == 0)
			err = one_note(k, p + 12 + name_room, desc, fn, ctx);
		at += 12 + name_room;
		at += desc_room > n - at ? n - at : desc_room;
	}
	return err;
}

int bu_usdt_each(const char *path, int (*fn)(void *ctx, const struct bu_usdt_site *s), void *ctx)
{
	struct notes k = { .machine = EM_NONE };
	struct bu_elff_sect s;
	uint8_t machine[2];
	int err = bu_elff_open(&k.e, path);

	if (err)
		return err;
	err = bu_elff_read(&k.e, 18, machine, 2);
	k.machine = bu_get16(machine, k.e.be);
	if (!err)
		err = bu_elff_names(&k.e, &k.names);
	if (!err && !bu_elff_find(&k.e, &k.names, ".stapsdt.base", &s))
		k.base = s.addr;
	if (!err)
		err = bu_elff_find(&k.e, &k.names, ".note.stapsdt", &s);
	if (err == -ENOENT || (!k.e.shnum && err == -ENOEXEC))
		err = -ENODATA;
	if (!err)
		err = bu_elff_table(&k.e, &s, &k.data);
	if (!err)
		err = each_note(&k, fn, ctx);
	bu_buf_free(&k.names);
	bu_buf_free(&k.data);
	bu_elff_close(&k.e);
	return err;
}
