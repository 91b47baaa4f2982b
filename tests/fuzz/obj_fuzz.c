/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged objects through everything that reads them: ELF, index, link, BTF, .BTF.ext, values.
 * What is asserted is that nothing crashes or overruns (build with --enable-sanitizers) and that
 * each refusal comes with a message.
 *
 *   obj_fuzz                 seeds made here, truncated at each length and mutated: a TAP test
 *   obj_fuzz ROUNDS [FILE…]  the same with that many mutations of each seed and of each file
 *
 * With -fsanitize=fuzzer -DBU_LIBFUZZER it is a libFuzzer target.
 */
#include "obj/obj.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static unsigned long silent; /* refusals without a message, and references that lead nowhere */
static unsigned long linked; /* programs */

/* ---------------------------------------------------------------- what is exercised */

static void print_all(const struct bu_btf *b)
{
	static const uint8_t data[512] = { 1, 2, 3, 'a', 'b', 0 };
	struct bu_buf text = { 0 };
	struct bu_out out;

	for (uint32_t id = 1; id <= b->ntypes && id < 200; id++) {
		int64_t n = bu_btf_size(b, id);
		uint8_t back[512];

		bu_btf_print_proto(&text, b, id);
		bu_buf_reset(&text);
		if (n < 0 || n > (int64_t)sizeof(data))
			continue;
		bu_out_init(&out, NULL, NULL);
		out.json = true;
		bu_btf_print_value(&out, NULL, b, id, data, (size_t)n);
		bu_btf_parse_value(b, id, bu_str((char *)out.buf.p, out.buf.n), back, (size_t)n, NULL);
		/* The printed value with one character changed, as a user's text. */
		if (out.buf.n) {
			out.buf.p[id * 31 % out.buf.n] ^= (uint8_t)(1 + id % 64);
			bu_btf_parse_value(b, id, bu_str((char *)out.buf.p, out.buf.n), back,
					   (size_t)n, NULL);
		}
		bu_btf_print_text(&text, b, id, data, (size_t)n, 1);
		bu_buf_free(&out.buf);
	}
	bu_buf_free(&text);
}

static void link_all(const struct bu_obj *o, struct bu_diags *ds)
{
	struct bu_code c;
	struct bu_arena a;

	for (uint32_t i = 0; i < o->nprogs && i < 16; i++) {
		unsigned errors = ds->errors;
		int err;

		bu_arena_init(&a);
		err = bu_obj_link(o, i, &a, &c, ds);
		if (err == -EINVAL && ds->errors == errors)
			silent++;
		linked += !err;
		for (uint32_t k = 0; !err && k < c.nrefs; k++)
			if (c.ref[k].insn >= c.ninsns ||
			    (c.ref[k].map != UINT32_MAX && c.ref[k].map >= o->nmaps))
				silent++;
		bu_arena_free(&a);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bu_diags ds;
	struct bu_obj o;
	struct bu_btf b;
	int err;

	bu_diags_init(&ds);
	bu_obj_init(&o);
	err = bu_obj_read(&o, data, size, "fuzz.o", &ds);
	if (!err && size % 2)
		err = bu_obj_place_common(&o) == -EFBIG ? 0 : bu_obj_supply_libc(&o);
	if (!err)
		err = bu_obj_index(&o, &ds);
	if ((err == -EINVAL || err == -ENOEXEC) && !ds.errors)
		silent++;
	if (!err) {
		link_all(&o, &ds);
		if (o.has_btf)
			print_all(&o.btf);
	}
	bu_obj_free(&o);
	/* The same bytes as a BTF blob. */
	if (bu_btf_parse(&b, data, size, NULL, "fuzz", &ds) == 0) {
		print_all(&b);
		bu_btf_free(&b);
	}
	bu_diags_free(&ds);
	return 0;
}

#ifndef BU_LIBFUZZER

/* ---------------------------------------------------------------- seeds */

static void type_zoo(struct bu_btfgen *g)
{
	uint32_t i = bu_btfgen_int(g, "int", 4, 1), c = bu_btfgen_int(g, "char", 1, 1), st, un, en;

	un = bu_btfgen_struct(g, BU_BTF_UNION, "u", 8);
	bu_btfgen_member(g, "i", i, 0);
	bu_btfgen_member(g, "c", c, 0);
	en = bu_btfgen_enum(g, "e", 4, true);
	bu_btfgen_enumval(g, "A", -1);
	bu_btfgen_enumval(g, "B", 1);
	bu_btfgen_enum(g, "e64", 8, false);
	bu_btfgen_enumval(g, "W", INT64_MIN);
	bu_btfgen_float(g, "double", 8);
	bu_btfgen_fwd(g, "later", true);
	bu_btfgen_int(g, "u128", 16, 0);
	st = bu_btfgen_struct(g, BU_BTF_STRUCT, "s", 32);
	bu_btfgen_member(g, "e", en, 0);
	bu_btfgen_bitfield(g, "b1", i, 32, 3);
	bu_btfgen_bitfield(g, "b2", i, 35, 29);
	bu_btfgen_member(g, "u", un, 64);
	st = bu_btfgen_mod(g, BU_BTF_CONST, NULL, bu_btfgen_mod(g, BU_BTF_TYPEDEF, "s_t", st));
	bu_btfgen_array(g, bu_btfgen_mod(g, BU_BTF_VOLATILE, NULL, st), 3);
	bu_btfgen_ptr(g, bu_btfgen_mod(g, BU_BTF_TYPE_TAG, "user", c));
	bu_btfgen_array(g, c, 12);
}

/* A number as .maps has it: a pointer to an array of that length. */
static uint32_t num(struct bu_btfgen *g, uint32_t n)
{
	return bu_btfgen_ptr(g, bu_btfgen_array(g, bu_btfgen_int(g, "int", 4, 1), n));
}

static uint32_t map_struct(struct bu_btfgen *g, uint32_t type, uint32_t values)
{
	uint32_t t = num(g, type), n = num(g, 8), k = bu_btfgen_ptr(g, bu_btfgen_int(g, "int", 4, 1));
	uint32_t four = num(g, 4), st;

	st = bu_btfgen_struct(g, BU_BTF_STRUCT, NULL, 32);
	bu_btfgen_member(g, "type", t, 0);
	bu_btfgen_member(g, "max_entries", n, 64);
	bu_btfgen_member(g, values ? "key_size" : "key", values ? four : k, 128);
	bu_btfgen_member(g, values ? "values" : "value", values ? values : k, 192);
	return st;
}

static void seed_btf(bool be, struct bu_buf *btf, struct bu_buf *ext)
{
	struct bu_btfgen g;
	struct bu_func_info func[2] = { 0 };
	struct bu_line_info line[3];
	struct bu_btfext_sec sec = { "xdp", func, 1, line, 3, (const uint8_t *)"0123456789abcdef", 1, 16, 0 };
	struct bu_btfext e = { &sec, 1 };
	uint32_t v1, v2, inner, f;

	bu_btfgen_init(&g, be);
	type_zoo(&g);
	f = bu_btfgen_func(&g, "prog", bu_btfgen_proto(&g, bu_btfgen_int(&g, "int", 4, 1)), 1);
	func[0].type_id = f;
	for (uint32_t i = 0; i < 3; i++)
		line[i] = (struct bu_line_info){ i * 8, bu_btfgen_str(&g, "x.s"),
						 bu_btfgen_str(&g, "r0 = 0"), 5 + i, 9 };
	v1 = bu_btfgen_var(&g, "hash", map_struct(&g, 1, 0), 1);
	inner = bu_btfgen_array(&g, bu_btfgen_ptr(&g, map_struct(&g, 2, 0)), 0);
	v2 = bu_btfgen_var(&g, "outer", map_struct(&g, 12, inner), 1);
	bu_btfgen_datasec(&g, ".maps", 0);
	bu_btfgen_secvar(&g, v1, 0, 32);
	bu_btfgen_secvar(&g, v2, 32, 32);
	v1 = bu_btfgen_var(&g, "counter", bu_btfgen_int(&g, "int", 4, 1), 1);
	bu_btfgen_datasec(&g, ".data", 0);
	bu_btfgen_secvar(&g, v1, 0, 4);
	bu_btfext_write(&e, &g, ext);
	bu_btfgen_finish(&g, btf);
	bu_btfgen_free(&g);
}

/* One object with a bit of all: both kinds of maps, data, calls, a note, BTF. */
static void seed(bool be, struct bu_buf *file)
{
	static const struct bu_insn insns[] = {
		{ 0x18, 1, 0, 0, 0 }, { 0 }, { 0x18, 2, 0, 0, 0 }, { 0 }, { 0x18, 3, 0, 0, 0 }, { 0 },
		{ 0x85, 0, 1, 0, -1 }, { 0x85, 0, 1, 0, 1 }, { 0x95, 0, 0, 0, 0 },
		{ 0x95, 0, 0, 0, 0 },
	};
	uint8_t code[sizeof(insns) / sizeof(insns[0])][8], maps[36] = { 0 }, zero[64] = { 0 };
	struct bu_buf btf = { 0 }, ext = { 0 }, note = { 0 };
	struct bu_obj o;
	uint8_t buf[8192];
	ssize_t n;
	int fd;

	for (size_t i = 0; i < BU_ARRAY_SIZE(insns); i++)
		bu_insn_encode(code[i], &insns[i], be);
	bu_put32(maps, be, 1);
	bu_put32(maps + 4, be, 4);
	bu_put32(maps + 8, be, 4);
	bu_put32(maps + 12, be, 1);
	seed_btf(be, &btf, &ext);
	bu_obj_note_arch(&note, be, BU_ARCH_X86_64);
	struct bu_sec secs[] = {
		{ ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 8, 8, code[9], 0, 0, 0, NULL, NULL },
		{ "xdp", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 8, sizeof(code), code[0], 0, 0, 0, NULL, NULL },
		{ ".maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8, 64, zero, 0, 0, 0, NULL, NULL },
		{ "maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 4, 36, maps, 0, 0, 0, NULL, NULL },
		{ ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 4, 4, zero, 0, 0, 0, NULL, NULL },
		{ ".bss.x", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 4, 4, NULL, 0, 0, 0, NULL, NULL },
		{ "license", SHT_PROGBITS, SHF_ALLOC, 1, 4, (const uint8_t *)"GPL", 0, 0, 0, NULL, NULL },
		{ ".note.bpfutils", SHT_NOTE, 0, 4, note.n, note.p, 0, 0, 0, NULL, NULL },
		{ ".BTF", SHT_PROGBITS, 0, 4, btf.n, btf.p, 0, 0, 0, NULL, NULL },
		{ ".BTF.ext", SHT_PROGBITS, 0, 4, ext.n, ext.p, 0, 0, 0, NULL, NULL },
	};
	struct bu_sym syms[] = {
		{ "", 0, 0, 0, STT_SECTION, STB_LOCAL, 0 },
		{ "sub", 0, 0, 8, STT_FUNC, STB_LOCAL, 0 },
		{ "prog", 1, 0, 72, STT_FUNC, STB_GLOBAL, 0 },
		{ "tail", 1, 72, 8, STT_FUNC, STB_GLOBAL, 0 },
		{ "hash", 2, 0, 32, STT_OBJECT, STB_GLOBAL, 0 },
		{ "outer", 2, 32, 32, STT_OBJECT, STB_GLOBAL, 0 },
		{ "old", 3, 0, 36, STT_OBJECT, STB_GLOBAL, 0 },
		{ "counter", 4, 0, 4, STT_OBJECT, STB_GLOBAL, 0 },
	};
	struct bu_rel rels[] = {
		{ 1, 0, BU_R_BPF_64_64, 5 }, { 1, 16, BU_R_BPF_64_64, 6 },
		{ 1, 32, BU_R_BPF_64_64, 7 }, { 1, 48, BU_R_BPF_64_32, 0 },
	};

	bu_obj_init(&o);
	o.be = be;
	o.secs = secs;
	o.nsecs = BU_ARRAY_SIZE(secs);
	o.syms = syms;
	o.nsyms = BU_ARRAY_SIZE(syms);
	o.rels = rels;
	o.nrels = BU_ARRAY_SIZE(rels);
	fd = memfd_create("seed", MFD_CLOEXEC);
	if (fd >= 0 && bu_obj_write(&o, fd) == 0)
		for (off_t at = 0; (n = pread(fd, buf, sizeof(buf), at)) > 0; at += n)
			bu_buf_add(file, buf, (size_t)n);
	if (fd >= 0)
		close(fd);
	bu_obj_free(&o);
	bu_buf_free(&btf);
	bu_buf_free(&ext);
	bu_buf_free(&note);
}

/* ---------------------------------------------------------------- mutations */

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (uint32_t)((state >> 16) % n) : 0;
}

static void mutate(uint8_t *p, size_t n)
{
	static const uint32_t words[] = { 0, 1, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 8, 0x10000 };

	for (uint32_t k = 1 + rnd(4); k; k--) {
		size_t at = rnd((uint32_t)n);

		switch (rnd(4)) {
		case 0:
			p[at] ^= (uint8_t)(1u << rnd(8));
			break;
		case 1:
			p[at] = (uint8_t)rnd(256);
			break;
		case 2:
			at -= at % 4;
			if (at + 4 <= n)
				bu_put32(p + at, rnd(2), words[rnd(BU_ARRAY_SIZE(words))]);
			break;
		default:
			/* Another field of the file: offsets and indices that exist, in wrong places. */
			at -= at % 4;
			if (n > 8 && at + 4 <= n)
				memcpy(p + at, p + rnd((uint32_t)n - 4) / 4 * 4, 4);
			break;
		}
	}
}

/* Runs on a heap copy of exactly that size, so that one byte too far is seen. */
static void run(const uint8_t *p, size_t n, bool mutated)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		return;
	if (n)
		memcpy(copy, p, n);
	if (mutated && n)
		mutate(copy, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static unsigned tests;

static void attack(const char *name, const uint8_t *p, size_t n, unsigned long rounds)
{
	unsigned long before = silent;
	size_t step = n > 20000 ? n / 5000 : 1;

	for (size_t cut = 0; cut < n; cut += step)
		run(p, cut, false);
	for (unsigned long i = 0; i < rounds; i++)
		run(p, n, true);
	printf("%sok %u - %s: each of %zu truncations, %lu mutations\n", silent == before ? "" : "not ",
	       ++tests, name, n / step, rounds);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5000;
	struct bu_buf btf = { 0 }, ext = { 0 }, file = { 0 };
	bool bad = false;

	for (int be = 0; be < 2; be++) {
		const char *order = be ? "big endian" : "little endian";
		char name[64];

		bu_buf_reset(&file);
		bu_buf_reset(&btf);
		bu_buf_reset(&ext);
		seed(be, &file);
		seed_btf(be, &btf, &ext);
		linked = 0;
		run(file.p, file.n, false);
		printf("%sok %u - the %s seed is whole: its programs link\n", linked == 2 ? "" : "not ",
		       ++tests, order);
		bad |= linked != 2;
		snprintf(name, sizeof(name), "object, %s", order);
		attack(name, file.p, file.n, rounds);
		snprintf(name, sizeof(name), "BTF, %s", order);
		attack(name, btf.p, btf.n, rounds);
	}
	for (int i = 2; i < argc; i++) {
		bu_buf_reset(&file);
		if (bu_file_read(argv[i], 1u << 24, &file) == 0)
			attack(argv[i], file.p, file.n, rounds);
	}
	bu_buf_free(&btf);
	bu_buf_free(&ext);
	bu_buf_free(&file);
	printf("1..%u\n", tests);
	return silent || bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
