/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mutate.h"

#include <string.h>

#include "btf/btf.h"
#include "isa/isa.h"

size_t rnd(struct rng *r, size_t n)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return n ? (size_t)(r->state >> 16) % n : 0;
}

/* ---------------------------------------------------------------- words */

static const char *const pieces[] = {
	"0", "-1", "0xffffffff", "1 << 63", "9223372036854775807", "2147483648", "65536", "10", "(", ")",
	"[", "]", "\"", "'", "\\", "/*", "*/", "//", "#", ";", ":", ",", "=", "==", "+", "-", "%", "?", "!",
	".", "..", "$", "@", "\n", "\t", "\r", "r0", "r10", "w1", "r11", "%r1", "%r10", "%fp", "ll", "goto",
	"if ", "call ", "exit", "call local ", "{", "}", "->", "<x>:", "1:", "1f", "1b", ".Lx", "x:", "x",
	"x - .", ".set x, x + 1\n", ".set x, y\n", ".balign 64\n", ".p2align 4\n", ".zero 100000\n",
	".fill 7, 8, 9\n", ".fill -1, 8, 9\n", ".fill 1 << 40, 8\n", ".org 1 << 30\n", ".skip 1 << 33\n",
	".rept 3\n", ".rept 1000000\n", ".irp x, 1, 2\n", ".irpc x, ab\n", ".endr\n", ".macro m a, b=1, c:vararg\n",
	".macro m\n", ".endm\n", ".exitm\n", "m 1, 2\n", "m\n", "\\a", "\\@", "\\()", ".purgem m\n",
	".if 1\n", ".if x\n", ".ifdef x\n", ".ifc a, b\n", ".else\n", ".elseif 1\n", ".endif\n",
	".byte 1\n", ".8byte x\n", ".4byte x + 8\n", ".4byte x - y\n", ".uleb128 x - y\n", ".sleb128 -1\n",
	".quad x, y, z\n", ".octa 1\n", ".float 1.5\n", ".comm x, 8, 8\n", ".lcomm y, 16\n",
	".text\n", ".data\n", ".bss\n", ".section \"a b\", \"awx\", @nobits\n", ".section .maps\n",
	".section license\n", ".section .BTF\n", ".section .x, \"axG\", @progbits, g, comdat\n",
	".section .s, \"aMS\", @progbits, 1\n", ".section .d, \"o\", @progbits, .text\n",
	".pushsection xdp\n", ".popsection\n", ".previous\n", ".subsection 1\n", ".struct 0\n",
	".globl x\n", ".weak x\n", ".local x\n", ".extern x\n", ".type x, @function\n", ".size x, . - x\n",
	".map x, hash, key=u32, value=u64, max=1, id=1\n", ".map y, array_of_maps, key=4, inner=x, max=2\n",
	".map z, hash, key=struct s, value=struct { int a; u8 b[3]; }, max=8\n", ".struct s { u32 a; u64 b[4]; };\n",
	".union u { int a; struct u *p; };\n", ".enum e { A = 1, B };\n", ".typedef struct s t;\n",
	".func f(ctx: struct xdp_md *) -> int\n", ".endfunc\n", ".var int v = 1\n", ".const u32 c = 3\n",
	"sizeof(struct s)", "offsetof(struct s, b)", "@task_struct.pid", "struct s", "u32", "int", "char *",
	".verbatim\n", ".reloc 0, R_BPF_64_64, x\n", ".endian big\n", ".symver a, b@c\n", ".ident \"x\"\n",
	".file 1 \"a\" \"b.c\"\n", ".file \"a.c\"\n", ".loc 1 2 3\n", ".loc 1 5 0 is_stmt 0 prologue_end\n",
	".cfi_startproc\n", ".cfi_endproc\n", ".cfi_def_cfa_offset 8\n", ".cfi_sections .debug_frame\n",
	"r1 = map 1 ll\n", "r1 = x ll\n", "r1 = func x ll\n", ".license \"GPL\"\n", ".include \"x\"\n",
	".insn 0x18, 0, 1, 2, 3\n", ".insn 5, 0, 0, -1, 0\n", ".end\n", ".arch arm64\n", "pt_regs.ip",
	"__sk_buff.len", "BPF_ANY", "lock ", "s8", "*(u64 *)(r10 - 8)", "0x", "0b", "08", "\xff", "\xc3\xa4",
	"file format elf64-bpf\n", "Disassembly of section xdp:\n", "0000000000000000 <x>:\n",
	"       0:\tb7 00 00 00 00 00 00 00\tr0 = 0x0\n", "   0:\t95 00 00 00 00 00 00 00 \texit\n",
	"\t\t0000000000000000:  R_BPF_64_64\tx\n", "   0: (b7) r0 = 0\n", "       b7 00 00 00 00 00 00 00\n",
	"0: R1=ctx() R10=fp0\n", "from 1 to 3: R0=1\n", "processed 3 insns (limit 1000000)\n",
	"; int x = 1; @ a.c:3\n", "int f(void *ctx):\n", "   0: (18) r1 = map[id:3]\n",
};

static const char *const words[] = {
#define DIR(name, fn, arg) name,
#include "bpf-as/directive.def"
#undef DIR
#define BUILTIN(name, text) "struct " name, text,
#include "bpf-as/builtin.def"
#undef BUILTIN
};

/* A random word: of this file, of the tables of the language, or of a row of the instructions. */
static const char *some_word(struct rng *r)
{
	const struct bu_kind *k = &bu_map_types[rnd(r, bu_nmap_types)];

	switch (rnd(r, 8)) {
	case 0:
		return words[rnd(r, BU_ARRAY_SIZE(words))];
	case 1:
		return bu_isa_rows[rnd(r, bu_isa_nrows)].templ;
	case 2:
		return k->name ? k->name : "hash";
	default:
		return pieces[rnd(r, BU_ARRAY_SIZE(pieces))];
	}
}

void mutate_words(void (*word)(void *ctx, struct bu_str s), void *ctx)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(pieces); i++)
		word(ctx, bu_str(pieces[i], strlen(pieces[i])));
	for (size_t i = 0; i < BU_ARRAY_SIZE(words); i++)
		word(ctx, bu_str(words[i], strlen(words[i])));
	for (unsigned i = 0; i < bu_isa_nrows; i++)
		word(ctx, bu_str(bu_isa_rows[i].templ, strlen(bu_isa_rows[i].templ)));
	for (unsigned i = 0; i < bu_nmap_types; i++)
		if (bu_map_types[i].name)
			word(ctx, bu_str(bu_map_types[i].name, strlen(bu_map_types[i].name)));
}

/* ---------------------------------------------------------------- texts */

/* Replaces n bytes at *at by the m bytes at p. */
static void replace(struct bu_buf *b, size_t at, size_t n, const void *p, size_t m)
{
	uint8_t *q;

	if (n > b->n - at)
		n = b->n - at;
	q = bu_buf_room(b, m + 1);
	if (!q)
		return;
	memmove(b->p + at + m, b->p + at + n, b->n - at - n);
	memcpy(b->p + at, p, m);
	b->n = b->n - n + m;
}

static size_t line_start(const struct bu_buf *b, size_t at)
{
	while (at && b->p[at - 1] != '\n')
		at--;
	return at;
}

static size_t line_len(const struct bu_buf *b, size_t at)
{
	size_t n = 0;

	while (at + n < b->n && b->p[at + n] != '\n')
		n++;
	return n + (at + n < b->n);
}

/* A template with its fields filled, which are a % and a letter. */
static void put_word(struct rng *r, struct bu_buf *b, size_t at, size_t cut)
{
	static const char *const fill[] = { "r1", "r2", "%r3", "1", "-8", "x", "1f", "+2", "+ 8", "w4", "0x7fffffff" };
	const char *w = some_word(r), *f;
	char text[256];
	size_t n = 0;

	for (; *w && n + 16 < sizeof(text); w++) {
		if (*w != '%' || !w[1] || w[1] == 'r') {
			text[n++] = *w;
			continue;
		}
		f = fill[rnd(r, BU_ARRAY_SIZE(fill))];
		memcpy(text + n, f, strlen(f));
		n += strlen(f);
		w++;
	}
	replace(b, at, cut, text, n);
}

/* Only some lines: less of a source is more often a source. */
static void window(struct rng *r, struct bu_buf *b)
{
	size_t from = line_start(b, rnd(r, b->n + 1)), to = from, lines = 1 + rnd(r, 12);

	while (to < b->n && lines--)
		to += line_len(b, to);
	replace(b, to, b->n - to, "", 0);
	replace(b, 0, from, "", 0);
}

void mutate_text(struct rng *r, struct bu_buf *b)
{
	uint8_t copy[256];
	size_t at = rnd(r, b->n + 1), from, n;
	uint8_t c;

	if (rnd(r, 16) == 0) {
		window(r, b);
		return;
	}

	switch (rnd(r, 8)) {
	case 0:
		c = (uint8_t)rnd(r, 256);
		replace(b, at, 1, &c, 1);
		break;
	case 1:
		replace(b, at, 1 + rnd(r, 8), "", 0);
		break;
	case 2:
	case 3:
		put_word(r, b, at, rnd(r, 3));
		break;
	case 4: /* a line less */
		at = line_start(b, at);
		replace(b, at, line_len(b, at), "", 0);
		break;
	case 5: /* a line at another place */
		from = line_start(b, rnd(r, b->n + 1));
		n = line_len(b, from);
		if (n > sizeof(copy))
			n = sizeof(copy);
		memcpy(copy, b->p + from, n);
		replace(b, line_start(b, at), 0, copy, n);
		break;
	case 6: /* a line more */
		at = line_start(b, at);
		replace(b, at, 0, "\n", 1);
		put_word(r, b, at, 0);
		break;
	default: /* a stretch at another place */
		from = rnd(r, b->n + 1);
		n = rnd(r, 24);
		if (n > b->n - from)
			n = b->n - from;
		memcpy(copy, b->p + from, n);
		replace(b, at, n, copy, n);
	}
}

/* ---------------------------------------------------------------- bytes */

void mutate_bytes(struct rng *r, uint8_t *p, size_t n)
{
	static const uint32_t some[] = { 0, 1, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 8, 0x10000 };

	for (size_t k = n ? 1 + rnd(r, 4) : 0; k; k--) {
		size_t at = rnd(r, n);

		switch (rnd(r, 4)) {
		case 0:
			p[at] ^= (uint8_t)(1u << rnd(r, 8));
			break;
		case 1:
			p[at] = (uint8_t)rnd(r, 256);
			break;
		case 2:
			at -= at % 4;
			if (at + 4 <= n)
				bu_put32(p + at, rnd(r, 2), some[rnd(r, BU_ARRAY_SIZE(some))]);
			break;
		default:
			/* Another field of the file: offsets and indices that exist, in wrong places. */
			at -= at % 4;
			if (n > 8 && at + 4 <= n)
				memcpy(p + at, p + rnd(r, n - 4) / 4 * 4, 4);
			break;
		}
	}
}
