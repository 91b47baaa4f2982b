/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any 8 or 16 bytes, as text and back: isa_words_test [N], N words for each byte order.
 * What has a name is read by the matcher, what has none is an .insn line with all its fields.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tap.h"
#include "isa/isa.h"

static uint64_t seed = 0x2545f4914f6cdd1du;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 0x9e3779b97f4a7c15u;
}

/* A number with its sign, to its end; signs may be apart from it. */
static size_t number(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out)
{
	size_t i = 0, start;
	bool neg = false;
	uint64_t v;

	(void)ctx;
	(void)f;
	for (; i < s.n && (s.p[i] == '+' || s.p[i] == '-' || s.p[i] == ' '); i++)
		neg ^= s.p[i] == '-';
	start = i;
	while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f') ||
			   s.p[i] == 'x'))
		i++;
	if (i == start || bu_str_u64(bu_str(s.p + start, i - start), &v, NULL))
		return 0;
	out->val = (int64_t)(neg ? 0 - v : v);
	return i;
}

static const struct bu_matcher matcher = { .operand = number };

/* Assembles one line into at most 2 slots; returns how many, 0: refused. */
static int assemble(struct bu_str line, struct bu_insn out[2])
{
	unsigned f[3];
	int off, imm;
	struct bu_match m;
	char t[80];

	if (line.n > 6 && memcmp(line.p, ".insn ", 6) == 0 && line.n < sizeof(t)) {
		memcpy(t, line.p, line.n);
		t[line.n] = 0;
		if (sscanf(t, ".insn %x, %u, %u, %d, %d", &f[0], &f[1], &f[2], &off, &imm) != 5)
			return 0;
		out[0] = (struct bu_insn){ (uint8_t)f[0], (uint8_t)f[1], (uint8_t)f[2], (int16_t)off, imm };
		return 1;
	}
	if (bu_isa_match(&matcher, line, &m, NULL))
		return 0;
	off = bu_match_encode(&m, out, NULL);
	return off < 0 ? 0 : off;
}

/* What random fields rarely hit: the numbers that tell rows apart. */
static void bias(uint8_t w[16])
{
	static const uint16_t keys[] = { 0, 1, 8, 16, 32, 64, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1,
					 0x100, 0x110 };
	uint64_t r = rnd();
	uint16_t k = keys[r >> 8 & 15];

	if (r & 1)
		w[1] = (uint8_t)((r >> 16) % 11 | (r >> 24) % 11 << 4);
	if (r & 2)
		w[2] = (uint8_t)(r & 4 ? k : 0), w[3] = 0;
	if (r & 8)
		w[4] = (uint8_t)(r & 16 ? k : 0), w[5] = (uint8_t)(r & 16 ? k >> 8 : 0), w[6] = w[7] = 0;
	if (r & 32)
		w[0] = BU_OP_LD_IMM64;
	if (r & 64)
		memset(w + 8, 0, 4);
}

static void words(unsigned long n, bool be)
{
	struct bu_buf text = { 0 };
	unsigned long bad = 0, named = 0, wide = 0;

	for (unsigned long i = 0; i < n; i++) {
		uint64_t r[2] = { rnd(), rnd() };
		uint8_t w[16], back[16] = { 0 };
		struct bu_insn in[2], got[2];
		size_t want, have = 0;

		memcpy(w, r, 16);
		if (i & 1)
			bias(w);
		bu_insn_decode(&in[0], w, be);
		bu_insn_decode(&in[1], w + 8, be);
		want = in->code == BU_OP_LD_IMM64 ? 16 : 8;
		wide += want == 16;
		text.n = 0;
		bu_isa_print(&text, in, want == 16 ? &in[1] : NULL, 0, NULL);
		named += text.p[0] != '.';
		for (size_t p = 0, e; p < text.n && have < 16; p = e + 1) {
			const uint8_t *nl = memchr(text.p + p, '\n', text.n - p);
			int slots;

			e = nl ? (size_t)(nl - text.p) : text.n;
			slots = assemble(bu_str((const char *)text.p + p, e - p), got);
			for (int k = 0; k < slots && have < 16; k++, have += 8)
				bu_insn_encode(back + have, &got[k], be);
			if (!slots)
				break;
		}
		if (have != want || memcmp(w, back, want)) {
			if (bad++ < 5)
				printf("# %016" PRIx64 " %016" PRIx64 ": %s\n", r[0], r[1],
				       bu_buf_cstr(&text));
		}
	}
	ok(!bad, "%s endian: %lu words (%lu of 16 bytes, %lu with a name) come back", be ? "big" : "little",
	   n, wide, named);
	ok(named > n / 50 && wide > n / 100, "enough of them have a name, and two slots");
	bu_buf_free(&text);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;

	if (!n)
		n = 1;
	words(n, false);
	words(n, true);
	return done_testing();
}
