/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instruction table: every form prints, is read back, and gives its bytes. */
#include "tap.h"
#include "isa/isa.h"
#include "isa/trie.h"
#include "isa_encodings.h"

/* ---------------------------------------------------------------- an operand parser: numbers, names */

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t parse_operand(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out)
{
	size_t i = 0, start;
	bool neg = false;
	uint64_t v;

	(void)ctx;
	for (; i < s.n && strchr("+- ", s.p[i]); i++) {
		neg ^= s.p[i] == '-';
		out->relative |= s.p[i] != ' ';
	}
	start = i;
	while (i < s.n && word_char(s.p[i]))
		i++;
	if (i == start)
		return 0;
	if (bu_str_u64(bu_str(s.p + start, i - start), &v, NULL) == 0) {
		out->val = (int64_t)(neg ? 0 - v : v);
		return i;
	}
	if (s.p[start] >= '0' && s.p[start] <= '9')
		return 0;
	if (f == BU_FIELD_HELPER) {
		const struct bu_helper *h = bu_helper_by_name(bu_str(s.p + start, i - start));

		out->val = h ? h->id : 0;
		return h ? i : 0;
	}
	out->symbolic = true;
	return i;
}

static const struct bu_matcher matcher = { .operand = parse_operand };

/* Reads text as one statement; true when it gives these slots exactly. */
static bool gives(const char *text, const struct bu_insn want[2], int slots)
{
	struct bu_match m;
	struct bu_mismatch err;
	struct bu_insn got[2];

	if (bu_isa_match(&matcher, bu_str_c(text), &m, &err) != 0) {
		printf("# '%s': at %zu: expected %s\n", text, err.pos, err.expected);
		return false;
	}
	if (bu_match_encode(&m, got, NULL) != slots) {
		printf("# '%s': does not fit, or other slots (%s)\n", text, m.row->name);
		return false;
	}
	for (int i = 0; i < slots; i++)
		if (got[i].code != want[i].code || got[i].dst != want[i].dst ||
		    got[i].src != want[i].src || got[i].off != want[i].off ||
		    got[i].imm != want[i].imm) {
			printf("# '%s' (%s): slot %d is %02x %u %u %d %d\n", text, m.row->name, i,
			       got[i].code, got[i].dst, got[i].src, got[i].off, got[i].imm);
			return false;
		}
	return true;
}

static int unhex(const char *hex, uint8_t out[16])
{
	int n = 0;
	unsigned b;

	for (; n < 16 && sscanf(hex, "%2x", &b) == 1; hex += strlen(hex) > 2 ? 3 : 2)
		out[n++] = (uint8_t)b;
	return n / 8;
}

/* ---------------------------------------------------------------- the 184 encodings */

static void test_encodings(void)
{
	struct bu_buf text = { 0 };
	unsigned n = BU_ARRAY_SIZE(encodings), named = 0, shown = 0, kernel = 0, read = 0, llvm = 0,
		 gas = 0, from_kernel = 0, ambiguous = 0, little = 0;

	for (unsigned i = 0; i < n; i++) {
		uint8_t raw[16] = { 0 }, back[16] = { 0 };
		struct bu_insn in[2];
		int slots = unhex(encodings[i].bytes, raw);
		const struct bu_isa *row;
		bool lossy;

		bu_insn_decode(&in[0], raw, false);
		bu_insn_decode(&in[1], raw + 8, false);
		bu_insn_encode(back, &in[0], false);
		bu_insn_encode(back + 8, &in[1], false);
		little += memcmp(raw, back, 16) == 0;
		row = bu_isa_find(&in[0]);
		named += row && strcmp(row->name, encodings[i].row) == 0;
		text.n = 0;
		bu_isa_print(&text, &in[0], slots == 2 ? &in[1] : NULL, 0, NULL);
		if (strcmp(bu_buf_cstr(&text), encodings[i].text) == 0)
			shown++;
		else
			printf("# %s: prints %s\n", encodings[i].name, bu_buf_cstr(&text));
		text.n = 0;
		bu_isa_print_kernel(&text, &in[0], slots == 2 ? &in[1] : NULL, 0, NULL);
		if (strcmp(bu_buf_cstr(&text), encodings[i].kernel) == 0)
			kernel++;
		else
			printf("# %s: kernel text %s\n", encodings[i].name, bu_buf_cstr(&text));
		read += gives(encodings[i].text, in, slots);
		/* The second slot is what LLVM cannot write. */
		if (encodings[i].llvm && strncmp(encodings[i].llvm, "ld_pseudo", 9) == 0)
			in[1].imm = 0;
		llvm += !encodings[i].llvm || gives(encodings[i].llvm, in, slots);
		gas += !encodings[i].gas || gives(encodings[i].gas, in, slots);
		/* Kernel text tells neither ld_imm64 from mov, nor callx, nor a kfunc's module. */
		lossy = slots == 2 || in[0].code == BU_OP_CALLX ||
			(in[0].code == BU_OP_CALL && in[0].src == BU_CALL_KFUNC && in[0].off);
		ambiguous += lossy;
		from_kernel += lossy || gives(encodings[i].kernel, in, slots);
	}
	ok(n == 184, "184 encodings are listed");
	ok(little == n, "their bytes survive decode and encode (%u)", little);
	ok(named == n, "each is named by its row (%u)", named);
	ok(shown == n, "each prints its canonical text (%u)", shown);
	ok(kernel == n, "each prints the kernel's text (%u)", kernel);
	ok(read == n, "each canonical text gives the bytes (%u)", read);
	ok(llvm == n, "LLVM 22's text gives the bytes, where it tells them (%u)", llvm);
	ok(gas == n, "gas's pseudo-C gives the bytes, where it tells them (%u)", gas);
	ok(from_kernel == n && ambiguous == 9, "the kernel's text gives the bytes, but for %u", ambiguous);
	bu_buf_free(&text);
}

static void test_no_encodings(void)
{
	struct bu_buf text = { 0 };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(no_encodings); i++) {
		uint8_t raw[16] = { 0 };
		struct bu_insn in;

		unhex(no_encodings[i].bytes, raw);
		bu_insn_decode(&in, raw, false);
		ok(!bu_isa_find(&in), "%s: no row", no_encodings[i].name);
		text.n = 0;
		bu_isa_print(&text, &in, NULL, 0, NULL);
		is_str(bu_buf_cstr(&text), no_encodings[i].text, "%s: printed raw", no_encodings[i].name);
		text.n = 0;
		bu_isa_print_kernel(&text, &in, NULL, 0, NULL);
		is_str(bu_buf_cstr(&text), no_encodings[i].kernel, "%s: the kernel's text",
		       no_encodings[i].name);
	}
	bu_buf_free(&text);
}

/* ---------------------------------------------------------------- random fields */

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

/* Small numbers, the ends of the range, and anything. */
static int32_t rnd_imm(void)
{
	static const int32_t ends[] = { 0, 1, -1, INT32_MAX, INT32_MIN, 0xffff, 0x10000, -0x10000 };

	switch (rnd() % 3) {
	case 0: return ends[rnd() % BU_ARRAY_SIZE(ends)];
	case 1: return (int32_t)(rnd() % 256) - 128;
	default: return (int32_t)rnd();
	}
}

static void fill(const struct bu_isa *row, struct bu_insn in[2])
{
	in[0] = (struct bu_insn){ .code = row->code };
	in[1] = (struct bu_insn){ 0 };
	if (row->uses & BU_USES_DST)
		in->dst = (uint8_t)(rnd() % 11);
	if (row->uses & BU_USES_SRC)
		in->src = (uint8_t)(rnd() % 11);
	if (row->uses & BU_USES_OFF)
		in->off = (int16_t)rnd_imm();
	if (row->uses & BU_USES_IMM)
		in->imm = rnd_imm();
	if (row->sem == BU_SEM_LD_IMM64 && row->keyval != BU_PSEUDO_FUNC)
		in[1].imm = rnd_imm();
	if (row->key == BU_KEY_SRC)
		in->src = (uint8_t)row->keyval;
	else if (row->key == BU_KEY_OFF)
		in->off = (int16_t)row->keyval;
	else if (row->key == BU_KEY_IMM)
		in->imm = row->keyval;
}

static void test_random(void)
{
	struct bu_buf text = { 0 };
	unsigned bad_find = 0, bad_text = 0, bad_bytes = 0, strict = 0, loose = 0;

	for (unsigned r = 0; r < bu_isa_nrows; r++) {
		const struct bu_isa *row = &bu_isa_rows[r];
		int slots = row->sem == BU_SEM_LD_IMM64 ? 2 : 1;

		for (unsigned i = 0; i < 200; i++) {
			struct bu_insn in[2], back;
			uint8_t le[8], be[8];

			fill(row, in);
			bad_find += bu_isa_find(in) != row || bu_isa_find_loose(in) != row;
			text.n = 0;
			bu_isa_print(&text, in, slots == 2 ? &in[1] : NULL, 0, NULL);
			bad_text += !gives(bu_buf_cstr(&text), in, slots);
			bu_insn_encode(le, in, false);
			bu_insn_encode(be, in, true);
			bu_insn_decode(&back, be, true);
			bad_bytes += le[0] != be[0] || le[2] != be[3] || le[4] != be[7] ||
				     le[1] >> 4 != (be[1] & 15) || back.imm != in->imm ||
				     back.off != in->off || back.dst != in->dst || back.src != in->src;
		}
		/* Junk in what the row does not use. */
		for (unsigned bit = 1; bit <= BU_USES_IMM; bit <<= 1) {
			struct bu_insn in[2];

			if (row->uses & bit)
				continue;
			fill(row, in);
			in->dst = bit == BU_USES_DST ? 3 : in->dst;
			in->src = bit == BU_USES_SRC ? 3 : in->src;
			in->off = bit == BU_USES_OFF ? 3 : in->off;
			in->imm = bit == BU_USES_IMM ? 3 : in->imm;
			strict += bu_isa_find(in) != NULL;
			loose += bu_isa_find_loose(in) != row;
		}
	}
	ok(!bad_find, "the row is found from each of its instructions");
	ok(!bad_text, "print, match and encode give 200 random instructions of each row back");
	ok(!bad_bytes, "both byte orders hold the same fields");
	ok(!strict, "reserved fields must be zero");
	ok(!loose, "unless junk is let pass");
	bu_buf_free(&text);
}

static void test_table(void)
{
	const struct trie *t = bu_trie(TRIE_PSEUDOC), *mn = bu_trie(TRIE_MNEMONIC);
	unsigned twice = 0, odd = 0;

	for (unsigned i = 0; i < bu_isa_nrows; i++) {
		for (unsigned k = 0; k < i; k++)
			twice += strcmp(bu_isa_rows[i].name, bu_isa_rows[k].name) == 0;
		odd += bu_isa_rows[i].isa < 1 || bu_isa_rows[i].isa > 5 ||
		       !(bu_isa_rows[i].width & (8 | 16 | 32 | 64));
	}
	ok(!twice, "names of rows are unique");
	ok(!odd, "versions and widths make sense");
	ok(t->clashes == 0, "no two templates read the same text (%u)", t->clashes);
	ok(mn->clashes == 0, "nor in the mnemonic dialects (%u)", mn->clashes);
}

/* ---------------------------------------------------------------- raw words */

/* Any 16 bytes: what is printed as an instruction is read back as the same bytes. */
static void test_any_word(void)
{
	struct bu_buf text = { 0 };
	unsigned bad = 0, rows = 0;

	for (unsigned i = 0; i < 200000; i++) {
		struct bu_insn in[2] = {
			{ (uint8_t)rnd(), rnd() % 12, rnd() % 12, (int16_t)(rnd() % 4 ? 0 : rnd()),
			  rnd() % 2 ? 0 : rnd_imm() },
			{ rnd() % 8 ? 0 : 1, 0, 0, 0, rnd_imm() },
		};
		bool wide = in->code == BU_OP_LD_IMM64;

		text.n = 0;
		bu_isa_print(&text, in, wide ? &in[1] : NULL, 0, NULL);
		if (strncmp(bu_buf_cstr(&text), ".insn ", 6) != 0) {
			rows++;
			bad += !gives(bu_buf_cstr(&text), in, wide ? 2 : 1);
		}
	}
	ok(!bad && rows > 1000, "of 200,000 random words, the %u valid ones read back", rows);
	bu_buf_free(&text);
}

/* ---------------------------------------------------------------- spellings */

static void test_spellings(void)
{
	static const struct {
		const char *text, *canonical;
	} same[] = {
		{ "  r1  +=  29 ", "r1 += 29" }, { "r1+=-29", "r1 += -29" },
		{ "r1 = 0xffffffff", "r1 = -1" }, { "r1=-r1", "r1 = -r1" },
		{ "w2 s%=w3", "w2 s%= w3" }, { "r1s>>=2", "r1 s>>= 2" },
		{ "r1 = *(u64 *)(r2)", "r1 = *(u64 *)(r2 + 0)" },
		{ "r1 = *(u64*)(r2+-8)", "r1 = *(u64 *)(r2 - 8)" },
		{ "w1 = *(u16 *)(r2 +0x8)", "r1 = *(u16 *)(r2 + 8)" },
		{ "*(u8 *)(r1 - 8) = w2", "*(u8 *)(r1 - 8) = r2" },
		{ "r0 = *(u16 *)skb[r2]", "r0 = *(u16 *)skb[r2 + 0]" },
		{ "if w1 s<= w2 goto pc-3", "if w1 s<= w2 goto -3" },
		{ "may_goto pc+1", "may_goto +1" }, { "gotol pc -5", "gotol -5" },
		{ "call pc+7", "call local +7" }, { "call -1", "call local -1" },
		{ "call bpf_map_lookup_elem", "call 1" }, { "call bpf_ktime_get_ns#5", "call 5" },
		{ "call kernel-function#9", "call kfunc 9" },
		{ "r3 = atomic64_fetch_or((u64 *)(r1 +0), r3)", "r3 = atomic_fetch_or((u64 *)(r1 + 0), r3)" },
		{ "r0 = atomic_cmpxchg((u32 *)(r1 -4), r0, r2)", "w0 = cmpxchg32_32(r1 - 4, w0, w2)" },
		{ "r1 = 29 ll", "r1 = 29 ll" }, { "r1 = -1 ll", "r1 = 0xffffffffffffffff ll" },
		{ "ld_pseudo r1, 6, 3", "r1 = map_idx_value 3, 0 ll" },
	};
	struct bu_buf text = { 0 };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(same); i++) {
		struct bu_match m;
		struct bu_insn in[2];

		text.n = 0;
		if (bu_isa_match(&matcher, bu_str_c(same[i].text), &m, NULL) == 0 &&
		    bu_match_encode(&m, in, NULL) > 0)
			bu_isa_print(&text, &in[0], &in[1], 0, NULL);
		is_str(bu_buf_cstr(&text), same[i].canonical, "'%s'", same[i].text);
	}
	bu_buf_free(&text);
}

static const struct bu_match *match(const char *text)
{
	static struct bu_match m;

	return bu_isa_match(&matcher, bu_str_c(text), &m, NULL) == 0 ? &m : NULL;
}

static void test_operands(void)
{
	const struct bu_operand *bad = NULL;
	const struct bu_match *m;
	struct bu_insn in[2];

	m = match("r1 = map 3 ll");
	ok(m && strcmp(m->row->name, "LD_IMM64") == 0 && m->imm.field == BU_FIELD_MAP &&
	   m->imm.val == 3, "map N ll is ld_imm64 of a local map number");
	m = match("r1 = skbs ll");
	ok(m && m->imm.field == BU_FIELD_IMM64 && m->imm.symbolic && bu_str_is(m->imm.text, "skbs"),
	   "a symbol with ll is ld_imm64");
	m = match("r1 = map ll");
	ok(m && m->imm.field == BU_FIELD_IMM64 && bu_str_is(m->imm.text, "map"), "map may be a symbol");
	m = match("r1 = ll ll");
	ok(m && m->imm.field == BU_FIELD_IMM64 && bu_str_is(m->imm.text, "ll"), "and so may ll");
	m = match("r1 = pkts");
	ok(m && m->imm.field == BU_FIELD_IMM && m->imm.symbolic, "a symbol alone is a mov");
	m = match("goto pc");
	ok(m && m->off.symbolic && bu_str_is(m->off.text, "pc"), "pc may be a label");
	m = match("call helper_of_mine");
	ok(m && strcmp(m->row->name, "CALL_LOCAL") == 0 && m->imm.symbolic, "call of a function by name");
	m = match("if r1 == limit goto out");
	ok(m && m->imm.symbolic && m->off.symbolic && m->off.field == BU_FIELD_TARGET, "both symbolic");
	m = match("r1 = 5000000000");
	ok(m && bu_match_encode(m, in, &bad) == -ERANGE && bad == &m->imm, "33 bits do not fit a mov");
	m = match("r1 = *(u64 *)(r2 + 40000)");
	ok(m && bu_match_encode(m, in, &bad) == -ERANGE && bad == &m->off, "nor 17 bits an offset");
	m = match("r1 = addr_space_cast(r2, 65536, 1)");
	ok(m && bu_match_encode(m, in, &bad) == -ERANGE && bad == &m->x, "nor an address space");
	m = match("r1 = 4294967295");
	ok(m && bu_match_encode(m, in, &bad) == 1 && in->imm == -1, "32 unsigned bits do");
}

/* ---------------------------------------------------------------- mistakes */

static void test_mismatch(void)
{
	static const struct {
		const char *text;
		size_t pos, len;
		const char *expected;
	} wrong[] = {
		{ "r11 = 1", 0, 3, "a register r0 to r10" },
		{ "r1 = r11", 5, 3, "a register r0 to r10" },
		{ "w1 += w11", 6, 3, "a register w0 to w10" },
		{ "if r16 == 0 goto +1", 3, 3, "a register r0 to r10" },
		{ "r1 = *(u64 *)(r16 + 8)", 14, 3, "a register r0 to r10" },
		{ "w1 = r2", 5, 2, "a register w0 to w10" },
		{ "r1 += w2", 6, 2, "a register r0 to r10" },
		{ "r1 = -r2", 6, 2, "r1, the same register as before" },
		{ "r2 = xchg_64(r1 - 8, r3)", 21, 2, "r2, the same register as before" },
		{ "r1 = cmpxchg_64(r1 - 8, r0, r2)", 0, 2, "r0, the same register as before" },
		{ "r1 = 5 + r2", 7, 1, "the end of the statement" },
		{ "r1 = r2 r3", 8, 2, "the end of the statement" },
		{ "r1 = be24 r1", 5, 4, "a known operation" },
		{ "r1 = xchg_46(r1 - 8, r2)", 5, 7, "a known operation" },
		{ "if r1 = 0 goto +1", 6, 1, "a comparison such as == or s>=" },
		{ "if r1 == 0 got +1", 11, 3, "'goto'" },
		{ "*u64 *(r2 + 8) = r1", 1, 3, "'('" },
		{ "*(u128 *)(r1 + 0) = r2", 2, 4, "a type: u8, u16, u32 or u64" },
		{ "lock *(u16 *)(r1 + 0) += r2", 7, 3, "a type: u32 or u64" },
		{ "r1 = *(u64 *)(r2 + 8", 20, 1, "')'" },
		{ "r1 : 3", 3, 1, "an operator such as = or +=" },
		{ "gotto 1", 0, 5, "an instruction" },
		{ "goto r3", 5, 2, "a label, or +N or -N" },
		{ "goto -r3", 6, 2, "a number or a symbol, not a register" },
		{ "call bpf_ktime_get_ns#6", 22, 1, "the number of the helper before the #" },
		{ "exit 1", 5, 1, "the end of the statement" },
		{ "r1 =", 4, 1, "a register r0 to r10 or a number" },
		{ "", 0, 1, "an instruction" },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(wrong); i++) {
		struct bu_match m;
		struct bu_mismatch err = { 0 };
		int ret = bu_isa_match(&matcher, bu_str_c(wrong[i].text), &m, &err);

		ok(ret == -ENOENT && err.pos == wrong[i].pos && err.len == wrong[i].len,
		   "'%s' is wrong at %zu, %zu bytes (got %zu, %zu)", wrong[i].text, wrong[i].pos,
		   wrong[i].len, err.pos, err.len);
		is_str(err.expected, wrong[i].expected, "'%s' lacks %s", wrong[i].text,
		       wrong[i].expected);
	}
}

/* Statements cut short, and every byte changed: no reading past the end, no crash. */
static void test_hostile(void)
{
	char copy[64];
	unsigned n = 0;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(encodings); i++) {
		const char *s = encodings[i].text;
		size_t len = strlen(s);

		for (size_t cut = 0; cut <= len && len < sizeof(copy); cut++) {
			struct bu_match m;
			struct bu_mismatch err;
			char *exact = malloc(cut ? cut : 1);

			memcpy(exact, s, cut);
			bu_isa_match(&matcher, bu_str(exact, cut), &m, &err);
			if (cut) {
				exact[rnd() % cut] = (char)rnd();
				n += bu_isa_match(&matcher, bu_str(exact, cut), &m, &err) != 0 &&
				     err.pos > cut;
			}
			free(exact);
		}
	}
	ok(n == 0, "damaged statements are refused in bounds");
}

/* ---------------------------------------------------------------- names */

static bool name_label(void *ctx, struct bu_buf *out, int64_t target)
{
	(void)ctx;
	if (target == 3)
		bu_buf_str(out, "bpf_trace_printk");
	else
		bu_buf_printf(out, "L%lld", (long long)target);
	return true;
}

static bool name_helper(void *ctx, struct bu_buf *out, int32_t id)
{
	const struct bu_helper *h = bu_helper_by_id(id);

	(void)ctx;
	return h && bu_buf_str(out, h->name) == 0;
}

static bool name_imm64(void *ctx, struct bu_buf *out, const struct bu_insn *insn, uint64_t val)
{
	(void)ctx;
	if (insn->src != BU_PSEUDO_MAP_FD)
		return false;
	bu_buf_printf(out, "map[id:%u]", (unsigned)val);
	return true;
}

static bool name_call(void *ctx, struct bu_buf *out, const struct bu_insn *insn)
{
	(void)ctx;
	bu_buf_str(out, insn->src == BU_CALL_LOCAL ? "+18#bpf_prog_cb" : "__htab_map_lookup_elem");
	return true;
}

static void test_names(void)
{
	static const struct bu_isa_names names = {
		.label = name_label, .helper = name_helper, .imm64 = name_imm64, .call = name_call,
	};
	static const struct {
		struct bu_insn in[2];
		const char *text, *kernel;
	} t[] = {
		{ { { 0x05, 0, 0, 4, 0 } }, "goto L15", "goto pc+4" },
		{ { { 0x06, 0, 0, 0, -4 } }, "gotol L7", "gotol pc-4" },
		{ { { 0x85, 0, 1, 0, 4 } }, "call L15", "call pc+18#bpf_prog_cb" },
		{ { { 0x85, 0, 1, 0, -8 } }, "call local bpf_trace_printk", "call pc+18#bpf_prog_cb" },
		{ { { 0x85, 0, 0, 0, 2 } }, "call bpf_map_update_elem", "call bpf_map_update_elem#2" },
		{ { { 0x85, 0, 0, 0, 330864 } }, "call 330864", "call __htab_map_lookup_elem#330864" },
		{ { { 0x18, 1, 1, 0, 7 } }, "r1 = map[id:7]", "r1 = map[id:7]" },
		{ { { 0x18, 1, 0, 0, 7 } }, "r1 = 7 ll", "r1 = 0x7" },
		{ { { 0x18, 1, 0, 0, 7 }, { 0, 0, 0, 1, 0 } },
		  ".insn 0x18, 1, 0, 0, 7\n.insn 0x00, 0, 0, 1, 0", "r1 = 0x7" },
	};
	struct bu_buf text = { 0 };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(t); i++) {
		text.n = 0;
		bu_isa_print(&text, &t[i].in[0], &t[i].in[1], 10, &names);
		is_str(bu_buf_cstr(&text), t[i].text, "with names: %s", t[i].text);
		text.n = 0;
		bu_isa_print_kernel(&text, &t[i].in[0], &t[i].in[1], 10, &names);
		is_str(bu_buf_cstr(&text), t[i].kernel, "as the kernel: %s", t[i].kernel);
	}
	bu_buf_free(&text);
}

int main(void)
{
	test_table();
	test_encodings();
	test_no_encodings();
	test_random();
	test_any_word();
	test_spellings();
	test_operands();
	test_mismatch();
	test_hostile();
	test_names();
	return done_testing();
}
