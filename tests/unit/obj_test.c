/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects: what is written is read back; what is read is indexed and linked; damage is named. */
#include "obj/obj.h"
#include "tap.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct bu_diags ds;
static struct bu_arena arena;

/* The first message since the last call, or "". */
static const char *message(void)
{
	static char text[1024];

	snprintf(text, sizeof(text), "%s", ds.first ? ds.first->text : "");
	bu_diags_free(&ds);
	bu_diags_init(&ds);
	return text;
}

static bool slurp(int fd, struct bu_buf *out)
{
	uint8_t buf[4096];
	ssize_t n;
	off_t at = 0;

	bu_buf_reset(out);
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		bu_buf_add(out, buf, (size_t)n);
		at += n;
	}
	return n == 0 && out->n;
}

static bool written(const struct bu_obj *o, struct bu_buf *out)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	bool good = fd >= 0 && bu_obj_write(o, fd) == 0 && slurp(fd, out);

	close(fd);
	return good;
}

/* ---------------------------------------------------------------- a model by hand */

#define MAXSEC 12
#define MAXSYM 24

struct model {
	struct bu_obj o;
	struct bu_sec secs[MAXSEC];
	struct bu_sym syms[MAXSYM];
	struct bu_rel rels[MAXSYM];
};

static uint32_t add_sec(struct model *m, const char *name, uint32_t type, uint64_t flags,
			const void *data, size_t n)
{
	m->secs[m->o.nsecs] = (struct bu_sec){ .name = name, .type = type, .flags = flags, .align = 8,
					       .size = n,
					       .data = type == SHT_NOBITS ? NULL : data };
	return m->o.nsecs++;
}

static uint32_t add_sym(struct model *m, const char *name, uint32_t sec, uint64_t value,
			uint64_t size, uint8_t type, uint8_t bind)
{
	m->syms[m->o.nsyms] = (struct bu_sym){ name, sec, value, size, type, bind, STV_DEFAULT };
	return m->o.nsyms++;
}

static void add_rel(struct model *m, uint32_t sec, uint64_t off, uint32_t type, uint32_t sym)
{
	m->rels[m->o.nrels++] = (struct bu_rel){ sec, off, type, sym };
}

static void model_init(struct model *m, bool be)
{
	memset(m, 0, sizeof(*m));
	bu_obj_init(&m->o);
	m->o.be = be;
	m->o.path = "model.o";
	m->o.secs = m->secs;
	m->o.syms = m->syms;
	m->o.rels = m->rels;
}

static const uint8_t *code(const struct bu_insn *in, size_t n, bool be)
{
	uint8_t *p = bu_arena_alloc(&arena, n * BU_INSN_SIZE);

	for (size_t i = 0; i < n; i++)
		bu_insn_encode(p + i * BU_INSN_SIZE, &in[i], be);
	return p;
}

static const uint8_t *words(bool be, size_t n, const uint32_t *v)
{
	uint8_t *p = bu_arena_alloc(&arena, n * 4);

	for (size_t i = 0; i < n; i++)
		bu_put32(p + i * 4, be, v[i]);
	return p;
}

#define EXIT { BU_OP_EXIT, 0, 0, 0, 0 }
#define MOV(r, v) { 0xb7, r, 0, 0, v }
#define CALL(v) { BU_OP_CALL, 0, 1, 0, v }
#define LD64(r, v) { BU_OP_LD_IMM64, r, 0, 0, v }, { 0, 0, 0, 0, 0 }

enum { TEXT, PROG, MAPS, DATA, RODATA, BSS, LICENSE };

/*
 * .text:  sub (2 insns), deep (2 insns, calls nothing)
 * kprobe/f: prog: ld_imm64 map, ld_imm64 .data+4, ld_imm64 map#7, ld_imm64 sub (callback),
 *           call sub (by section symbol), call deep (by name), call other (no relocation), exit
 *           other: ld_imm64 .bss, call kf (undefined), exit
 */
static void fill_model(struct model *m, bool be)
{
	static const struct bu_insn text[] = { MOV(0, 1), EXIT, MOV(0, 2), CALL(-4), EXIT };
	static const struct bu_insn prog[] = {
		LD64(1, 0), LD64(2, 4), LD64(3, 0), LD64(4, 0), CALL(-1), CALL(-1), CALL(1), EXIT,
		LD64(1, 0), CALL(-1), EXIT, /* other */
	};
	static const uint32_t maps[] = { 1, 4, 8, 64, 1, 2, 4, 16, 2, 0 };
	static const uint32_t data[] = { 11, 12, 13 };
	uint32_t t, f1, f2, map1, map7, kf;

	add_sec(m, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(text, 5, be), 5 * 8);
	add_sec(m, "kprobe/f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(prog, 16, be), 16 * 8);
	add_sec(m, "maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, words(be, 10, maps), 40);
	add_sec(m, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, words(be, 3, data), 12);
	add_sec(m, ".rodata", SHT_PROGBITS, SHF_ALLOC, words(be, 1, data), 4);
	add_sec(m, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, NULL, 100);
	add_sec(m, "license", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, "GPL", 4);

	/* Globals first: the writer must put the locals in front and keep the references right. */
	f1 = add_sym(m, "prog", PROG, 0, 12 * 8, STT_FUNC, STB_GLOBAL);
	f2 = add_sym(m, "deep", TEXT, 16, 24, STT_FUNC, STB_GLOBAL);
	map1 = add_sym(m, "second", MAPS, 20, 20, STT_OBJECT, STB_GLOBAL);
	map7 = add_sym(m, "map#7", BU_SEC_UNDEF, 0, 0, STT_NOTYPE, STB_GLOBAL);
	kf = add_sym(m, "kf", BU_SEC_UNDEF, 0, 0, STT_NOTYPE, STB_GLOBAL);
	add_sym(m, "sub", TEXT, 0, 16, STT_FUNC, STB_LOCAL);
	t = add_sym(m, "", TEXT, 0, 0, STT_SECTION, STB_LOCAL);
	add_sym(m, "", DATA, 0, 0, STT_SECTION, STB_LOCAL);
	add_sym(m, "", BSS, 0, 0, STT_SECTION, STB_LOCAL);
	add_sym(m, "other", PROG, 12 * 8, 4 * 8, STT_FUNC, STB_LOCAL);
	add_sym(m, "first", MAPS, 0, 20, STT_OBJECT, STB_LOCAL);

	add_rel(m, PROG, 8 * 8, BU_R_BPF_64_32, t);
	add_rel(m, PROG, 9 * 8, BU_R_BPF_64_32, f2);
	add_rel(m, PROG, 0, BU_R_BPF_64_64, map1);
	add_rel(m, PROG, 2 * 8, BU_R_BPF_64_64, t + 1);
	add_rel(m, PROG, 4 * 8, BU_R_BPF_64_64, map7);
	add_rel(m, PROG, 6 * 8, BU_R_BPF_64_64, t);
	add_rel(m, PROG, 12 * 8, BU_R_BPF_64_64, t + 2);
	add_rel(m, PROG, 14 * 8, BU_R_BPF_64_32, kf);
	(void)f1;
}

/* ---------------------------------------------------------------- write, read, index, link */

static bool same_model(const struct bu_obj *a, const struct bu_obj *b)
{
	if (a->nsecs != b->nsecs || a->nsyms != b->nsyms || a->nrels != b->nrels || a->be != b->be)
		return false;
	for (uint32_t i = 0; i < a->nsecs; i++) {
		const struct bu_sec *x = &a->secs[i], *y = &b->secs[i];

		if (strcmp(x->name, y->name) || x->type != y->type || x->flags != y->flags ||
		    x->align != y->align || x->size != y->size || !x->data != !y->data ||
		    (x->data && memcmp(x->data, y->data, x->size)))
			return false;
	}
	for (uint32_t i = 0; i < a->nrels; i++) {
		const struct bu_sym *x = &a->syms[a->rels[i].sym];
		bool found = false;

		for (uint32_t k = 0; k < b->nrels; k++) {
			const struct bu_sym *y = &b->syms[b->rels[k].sym];

			found |= a->rels[i].sec == b->rels[k].sec && a->rels[i].off == b->rels[k].off &&
				 a->rels[i].type == b->rels[k].type && !strcmp(x->name, y->name) &&
				 x->sec == y->sec && x->value == y->value && x->size == y->size &&
				 x->type == y->type && x->bind == y->bind;
		}
		if (!found)
			return false;
	}
	return true;
}

static const struct bu_ref *ref_at(const struct bu_code *c, uint32_t insn)
{
	for (uint32_t i = 0; i < c->nrefs; i++)
		if (c->ref[i].insn == insn)
			return &c->ref[i];
	return NULL;
}

static void check_link(const struct bu_obj *o, const char *order)
{
	const struct bu_ref *r;
	struct bu_code c;
	uint32_t p = 0;

	while (p < o->nprogs && strcmp(o->progs[p].name, "prog"))
		p++;
	if (!ok(bu_obj_link(o, p, &arena, &c, &ds) == 0, "%s: links", order)) {
		printf("# %s\n", message());
		return;
	}
	/* prog 12, then sub 2 (first used: the callback), deep 3, other 4 */
	ok(c.nparts == 4 && c.ninsns == 21, "%s: each callee once", order);
	ok(c.part[0].start == 0 && c.part[1].start == 12 && c.part[2].start == 14 &&
	   c.part[3].start == 17, "%s: in order of use", order);
	ok(c.insn[6].src == BU_PSEUDO_FUNC && c.insn[6].imm == 12 - 6 - 1, "%s: callback", order);
	ok(c.insn[8].imm == 12 - 8 - 1 && c.insn[8].src == BU_CALL_LOCAL,
	   "%s: call by section symbol", order);
	ok(c.insn[9].imm == 14 - 9 - 1, "%s: call by name", order);
	ok(c.insn[10].imm == 17 - 10 - 1, "%s: call without relocation", order);
	ok(c.insn[15].imm == 12 - 15 - 1, "%s: call from a callee", order);
	r = ref_at(&c, 0);
	ok(r && r->kind == BU_REF_MAP && !strcmp(o->maps[r->map].name, "second"), "%s: map", order);
	r = ref_at(&c, 2);
	ok(r && r->kind == BU_REF_MAP_VALUE && r->val == 4 &&
	   !strcmp(o->maps[r->map].name, ".data"), "%s: data", order);
	r = ref_at(&c, 4);
	ok(r && r->kind == BU_REF_LOCAL_ID && r->val == 7, "%s: local id", order);
	r = ref_at(&c, 17);
	ok(r && r->kind == BU_REF_MAP_VALUE && !strcmp(o->maps[r->map].name, ".bss"),
	   "%s: a callee's data", order);
	r = ref_at(&c, 19);
	ok(r && r->kind == BU_REF_KFUNC && !strcmp(r->name, "kf"), "%s: undefined function", order);
	ok(c.nrefs == 5 && c.nfunc == 0 && c.nline == 0, "%s: nothing else", order);
}

static void test_round_trip(bool be)
{
	const char *order = be ? "big endian" : "little endian";
	struct bu_buf one = { 0 }, two = { 0 };
	struct bu_obj o;
	struct model m;

	model_init(&m, be);
	fill_model(&m, be);
	ok(written(&m.o, &one) && written(&m.o, &two) && one.n == two.n &&
	   !memcmp(one.p, two.p, one.n), "%s: same model, same bytes", order);
	bu_obj_init(&o);
	if (!ok(bu_obj_read(&o, one.p, one.n, "t.o", &ds) == 0, "%s: reads", order))
		printf("# %s\n", message());
	ok(same_model(&m.o, &o), "%s: reads the same model", order);
	ok(written(&o, &two) && one.n == two.n && !memcmp(one.p, two.p, one.n),
	   "%s: and writes it as it was", order);

	if (!ok(bu_obj_index(&o, &ds) == 0, "%s: index", order))
		printf("# %s\n", message());
	ok(o.nprogs == 1 && !strcmp(o.progs[0].name, "prog"),
	   "%s: programs; a static function that is called is none", order);
	ok(o.progs[0].def && o.progs[0].def->prog_type == BPF_PROG_TYPE_KPROBE &&
	   bu_str_is(o.progs[0].target, "f") && o.progs[0].autoload, "%s: section name", order);
	ok(o.nfuncs == 4 && !strcmp(o.funcs[0].name, "sub"), "%s: functions", order);
	ok(!strcmp(o.license, "GPL"), "%s: license", order);
	ok(o.nmaps == 5 && o.maps[0].origin == BU_MAP_LEGACY && o.maps[0].type == 1 &&
	   o.maps[0].key_size == 4 && o.maps[0].value_size == 8 && o.maps[0].max_entries == 64 &&
	   o.maps[0].flags == 1 && !strcmp(o.maps[1].name, "second"), "%s: legacy maps", order);
	ok(!strcmp(o.maps[2].name, ".data") && o.maps[2].value_size == 12 &&
	   o.maps[2].type == 2 && o.maps[2].max_entries == 1 && !o.maps[2].frozen &&
	   !strcmp(o.maps[3].name, ".rodata") && o.maps[3].frozen && (o.maps[3].flags & 128) &&
	   o.maps[4].value_size == 100, "%s: global data", order);
	check_link(&o, order);
	bu_obj_free(&o);
	ok(bu_obj_index(&m.o, &ds) == 0, "%s: a model indexes without a file", order);
	check_link(&m.o, order);
	bu_obj_free(&m.o);
	bu_buf_free(&one);
	bu_buf_free(&two);
}

static void test_pipe(void)
{
	struct bu_buf want = { 0 }, got = { 0 };
	uint8_t buf[8192];
	struct model m;
	int fds[2];
	ssize_t n;

	model_init(&m, false);
	fill_model(&m, false);
	written(&m.o, &want);
	/* An object of this size fits a pipe. */
	ok(pipe(fds) == 0 && bu_obj_write(&m.o, fds[1]) == 0, "writes to a pipe");
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		bu_buf_add(&got, buf, (size_t)n);
	close(fds[0]);
	ok(got.n == want.n && !memcmp(got.p, want.p, got.n), "the same bytes");
	fds[0] = memfd_create("t", MFD_CLOEXEC);
	ok(ftruncate(fds[0], 100000) == 0 && bu_obj_write(&m.o, fds[0]) == 0 &&
	   slurp(fds[0], &got) && got.n == want.n && !memcmp(got.p, want.p, got.n),
	   "and over a longer file");
	close(fds[0]);
	bu_obj_free(&m.o);
	bu_buf_free(&want);
	bu_buf_free(&got);
}

/* ---------------------------------------------------------------- ways to say things */

static int index_model(struct model *m)
{
	return bu_obj_index(&m->o, &ds);
}

static void test_symbols(void)
{
	static const struct bu_insn two[] = { MOV(0, 1), EXIT, MOV(0, 2), EXIT };
	struct model m;

	model_init(&m, false);
	add_sec(&m, "?tracepoint/a/b", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(two, 4, false), 32);
	ok(index_model(&m) == 0 && m.o.nprogs == 1 && m.o.progs[0].size == 32 &&
	   !strcmp(m.o.progs[0].name, "?tracepoint/a/b") && !m.o.progs[0].autoload &&
	   bu_str_is(m.o.progs[0].target, "a/b"), "a section without symbols is one program");
	add_sym(&m, "LBB0_1", 0, 8, 0, STT_NOTYPE, STB_LOCAL);
	add_sym(&m, "old", 0, 16, 0, STT_NOTYPE, STB_GLOBAL);
	add_sym(&m, "first", 0, 0, 0, STT_NOTYPE, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.nprogs == 2 && !strcmp(m.o.progs[0].name, "first") &&
	   m.o.progs[0].size == 16 && m.o.progs[1].size == 16, "old compilers' untyped symbols");
	add_sym(&m, "alias", 0, 0, 16, STT_FUNC, STB_LOCAL);
	add_sym(&m, "real", 0, 0, 16, STT_FUNC, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.nprogs == 1 && !strcmp(m.o.progs[0].name, "real"),
	   "typed symbols win, the global one of two at one place");
	add_sym(&m, "over", 0, 8, 16, STT_FUNC, STB_GLOBAL);
	ok(index_model(&m) == -EINVAL, "overlapping functions are refused");
	is_str(message(), "functions 'real' and 'over' of section '?tracepoint/a/b' overlap", "by name");
	bu_obj_free(&m.o);

	model_init(&m, false);
	add_sec(&m, "xdp", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(two, 4, false), 31);
	ok(index_model(&m) == -EINVAL, "half an instruction is refused");
	is_str(message(), "section 'xdp' has 31 bytes, which are no whole instructions", "by name");
	bu_obj_free(&m.o);
}

/* Assembly without types: what .text's labels are is told by the calls. */
static void test_untyped_text(void)
{
	static const struct bu_insn text[] = { MOV(0, 1), EXIT, CALL(1), EXIT, MOV(0, 2), EXIT };
	static const struct bu_insn prog[] = { CALL(1), EXIT };
	struct bu_code c;
	struct model m;

	model_init(&m, false);
	add_sec(&m, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(text, 6, false), 48);
	add_sec(&m, "xdp", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(prog, 2, false), 16);
	add_sym(&m, "", 0, 0, 0, STT_SECTION, STB_LOCAL);
	add_sym(&m, "second", 0, 16, 0, STT_NOTYPE, STB_LOCAL);
	add_rel(&m, 1, 0, BU_R_BPF_64_32, 0);
	ok(index_model(&m) == 0 && m.o.nprogs == 1 && m.o.nfuncs == 4 &&
	   !strcmp(m.o.funcs[1].name, "second") && m.o.funcs[1].size == 16,
	   "untyped labels that are called begin functions");
	ok(bu_obj_link(&m.o, 0, &arena, &c, &ds) == 0 && c.ninsns == 6 && c.insn[0].imm == 1 &&
	   c.insn[2].imm == 1, "and only what is called is taken");
	bu_obj_free(&m.o);
}

static void legacy(struct model *m, const uint32_t *w, size_t n, const char *prog_sec)
{
	static const struct bu_insn two[] = { MOV(0, 1), EXIT };

	model_init(m, false);
	add_sec(m, prog_sec, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(two, 2, false), 16);
	add_sec(m, "maps", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, words(false, n, w), n * 4);
}

static void test_legacy(void)
{
	static const uint32_t elf[] = { 1, 4, 4, 10, 0, 5, 2, 0, 0, 13, 4, 4, 10, 0, 6, 0, 5, 0 };
	static const uint32_t sample[] = { 12, 4, 4, 10, 0, 1, 3, 1, 4, 4, 10, 0, 0, 0 };
	static const uint32_t tc[] = { 1, 4, 4, 10, 0, 9, 2 };
	static const uint32_t extra[] = { 1, 4, 4, 10, 0, 0, 0, 0, 0, 1 };
	struct model m;

	legacy(&m, elf, 18, "classifier");
	add_sym(&m, "a", 1, 0, 36, STT_OBJECT, STB_GLOBAL);
	add_sym(&m, "b", 1, 36, 36, STT_OBJECT, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.nmaps == 2 && m.o.maps[0].local_id == 5 &&
	   m.o.maps[0].pinning == 2 && m.o.maps[1].inner == 0, "nine words: tc's, inner by id");
	bu_obj_free(&m.o);
	legacy(&m, sample, 14, "kprobe/f");
	add_sym(&m, "a", 1, 0, 0, STT_OBJECT, STB_GLOBAL);
	add_sym(&m, "b", 1, 28, 0, STT_NOTYPE, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.nmaps == 2 && m.o.maps[0].inner == 1 &&
	   m.o.maps[0].numa_node == 3 && !m.o.maps[0].local_id,
	   "seven words: the samples', sizes from the distance of symbols");
	bu_obj_free(&m.o);
	legacy(&m, tc, 7, "action");
	add_sym(&m, "a", 1, 0, 28, STT_OBJECT, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.maps[0].local_id == 9 && m.o.maps[0].pinning == 2,
	   "seven words beside a tc program: id and pinning");
	bu_obj_free(&m.o);
	legacy(&m, extra, 10, "xdp");
	add_sym(&m, "a", 1, 0, 40, STT_OBJECT, STB_GLOBAL);
	ok(index_model(&m) == 0 && m.o.nmaps == 1, "more than is known is left out");
	is_str(message(), "map a is declared by 40 bytes, of which those from 36 on are not known and left out",
	       "and told");
	m.syms[0].size = 12;
	ok(index_model(&m) == -EINVAL, "too short");
	is_str(message(), "map 'a' is declared by 12 bytes; such a declaration has at least 16",
	       "is refused");
	m.o.nsyms = 0;
	ok(index_model(&m) == -EINVAL, "without symbols");
	is_str(message(), "section 'maps' declares maps, but no symbol names them", "is refused");
	bu_obj_free(&m.o);
}

static void test_note(void)
{
	struct bu_buf note = { 0 };
	struct model m;

	for (int be = 0; be < 2; be++) {
		bu_buf_reset(&note);
		model_init(&m, be);
		ok(bu_obj_note_arch(&note, be, BU_ARCH_ARM64) == 0 && note.n % 4 == 0, "note");
		add_sec(&m, ".note.bpfutils", SHT_NOTE, 0, note.p, note.n);
		ok(index_model(&m) == 0 && m.o.arch == BU_ARCH_ARM64, "is read");
		note.p[28]++;
		ok(index_model(&m) == -EINVAL, "an unknown one is refused: %s", message());
		m.secs[0].size = 20;
		ok(index_model(&m) == -EINVAL, "a damaged one is refused: %s", message());
		bu_obj_free(&m.o);
	}
	bu_buf_free(&note);
}

/* Each wrong reference is refused with the instruction's place and the symbol's name. */
static void test_bad_links(void)
{
	static const struct bu_insn insns[] = { LD64(1, 0), CALL(-1), EXIT };
	static const struct { uint64_t off; int sym; uint32_t imm; const char *msg; } t[] = {
		{ 24, 0, 0, "a relocation (type 1, 'data') on code 0x95, which cannot carry one" },
		{ 16, 0, 0, "'data' in section '.data' is no function" },
		{ 8, 0, 0, "a relocation on the second half of a wide instruction" },
		{ 4, 0, 0, "a relocation at byte 4 lies inside it" },
		{ 0, 0, 9, "byte 9 lies outside '.data' of 8 bytes" },
		{ 0, 1, 0, "'absolute' in section 'ABS' is no map, data or function" },
		{ 0, 2, 0, "no map is declared at byte 0 of section 'license'" },
		{ 0, 3, 8, "no function begins at byte 8 of 'xdp' (prog)" },
	};
	char want[256];

	for (size_t i = 0; i < BU_ARRAY_SIZE(t); i++) {
		struct bu_insn in[5];
		struct bu_code c;
		struct model m;

		memcpy(in, insns, sizeof(insns));
		in[0].imm = (int32_t)t[i].imm;
		/* Without a relocation the call must not go astray. */
		if (t[i].off != 16)
			in[2] = (struct bu_insn)MOV(0, 0);
		model_init(&m, false);
		add_sec(&m, "xdp", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(in, 4, false), 32);
		add_sec(&m, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, words(false, 2, (uint32_t[2]){ 0 }), 8);
		add_sec(&m, "license", SHT_PROGBITS, SHF_ALLOC, "GPL", 4);
		add_sym(&m, "data", 1, 0, 8, STT_OBJECT, STB_GLOBAL);
		add_sym(&m, "absolute", BU_SEC_ABS, 0, 0, STT_NOTYPE, STB_GLOBAL);
		add_sym(&m, "_license", 2, 0, 4, STT_OBJECT, STB_GLOBAL);
		add_sym(&m, "prog", 0, 0, 32, STT_FUNC, STB_GLOBAL);
		add_rel(&m, 0, t[i].off, BU_R_BPF_64_64, (uint32_t)t[i].sym);
		ok(index_model(&m) == 0 && bu_obj_link(&m.o, 0, &arena, &c, &ds) == -EINVAL,
		   "refused: %s", t[i].msg);
		snprintf(want, sizeof(want), "section 'xdp', function 'prog', instruction %u: %s",
			 (unsigned)(t[i].off / 8), t[i].msg);
		is_str(message(), want, "and told");
		bu_obj_free(&m.o);
	}
}

/* ---------------------------------------------------------------- damaged files */

static int read_bytes(const uint8_t *p, size_t n)
{
	struct bu_obj o;
	int err;

	bu_obj_init(&o);
	err = bu_obj_read(&o, p, n, "bad.o", &ds);
	bu_obj_free(&o);
	return err;
}

static void test_damaged(void)
{
	static const struct { const char *what; size_t at, n; uint64_t val; int err; const char *msg; } t[] = {
		{ "magic", 0, 1, 0, -ENOEXEC, "not an ELF object" },
		{ "class", 4, 1, 1, -ENOEXEC, "not a BPF object: a 32-bit ELF file" },
		{ "byte order", 5, 1, 9, -ENOEXEC, "not a BPF object: byte order 9 is unknown" },
		{ "machine", 18, 2, 62, -ENOEXEC, "not a BPF object: it is for ELF machine 62, BPF is 247" },
		{ "type", 16, 2, 2, -ENOEXEC, "not a BPF object: ELF type 2 is not relocatable (1)" },
		{ "no sections", 40, 8, 0, -EINVAL, "damaged object: there are no sections" },
		{ "section offset", 40, 8, 1ull << 40, -EINVAL,
		  "damaged object: the section headers lie outside the file" },
		{ "header size", 58, 2, 40, -EINVAL, "damaged object: section headers of 40 bytes, not 64" },
		{ "section count", 60, 2, 5000, -EINVAL,
		  "damaged object: 5000 section headers reach beyond the end of the file" },
		{ "names", 62, 2, 99, -EINVAL, "damaged object: the section names are in section 99 of 12" },
		{ "names' type", 62, 2, 1, -EINVAL,
		  "damaged object: section 1, for the section names, is no string table" },
	};
	struct bu_buf file = { 0 }, copy = { 0 };
	struct model m;
	int accepted = 0;

	model_init(&m, false);
	fill_model(&m, false);
	ok(written(&m.o, &file), "a whole file");
	for (size_t i = 0; i < BU_ARRAY_SIZE(t); i++) {
		bu_buf_reset(&copy);
		bu_buf_add(&copy, file.p, file.n);
		for (size_t k = 0; k < t[i].n; k++)
			copy.p[t[i].at + k] = (uint8_t)(t[i].val >> 8 * k);
		ok(read_bytes(copy.p, copy.n) == t[i].err, "%s", t[i].what);
		is_str(message(), t[i].msg, "%s: message", t[i].what);
	}
	for (size_t n = 0; n < file.n; n++)
		accepted += read_bytes(file.p, n) == 0;
	ok(accepted == 0, "cut off anywhere it is refused");
	message();
	ok(read_bytes(file.p, 0) == -ENOEXEC, "an empty file: %s", message());
	bu_obj_free(&m.o);
	bu_buf_free(&file);
	bu_buf_free(&copy);
}

/* Damage of the tables, by section type and offset in the section or its header. */
static void test_damaged_tables(void)
{
	static const struct { const char *what; uint32_t type; bool header; size_t at; uint32_t val; const char *msg; } t[] = {
		{ "symbol's name", SHT_SYMTAB, false, 24, 9999,
		  "damaged object: the name of symbol 1 lies outside the names" },
		{ "symbol's value", SHT_SYMTAB, false, 24 + 8, 9999,
		  "damaged object: symbol 1 'sub' (16 bytes at 9999) reaches beyond section '.text' of 40 bytes" },
		{ "symbol size", SHT_SYMTAB, true, 56, 23,
		  "damaged object: the symbol table has 288 bytes in entries of 23" },
		{ "symbol names", SHT_SYMTAB, true, 40, 77,
		  "damaged object: the symbol names are in section 77 of 12" },
		{ "relocation's place", SHT_REL, false, 0, 9999,
		  "damaged object: entry 0 of '.relkprobe/f' is for offset 9999 of 128 bytes" },
		{ "relocation's symbol", SHT_REL, false, 12, 100,
		  "damaged object: entry 0 of '.relkprobe/f' refers to symbol 100 of 12" },
		{ "relocated section", SHT_REL, true, 44, 88,
		  "damaged object: '.relkprobe/f' relocates section 88 of 12" },
		{ "relocations' symbols", SHT_REL, true, 40, 3,
		  "damaged object: '.relkprobe/f' names section 3 as its symbols, they are in 9" },
		{ "section's name", SHT_NOBITS, true, 0, 9999,
		  "damaged object: the name of section 7 lies outside the names" },
		{ "section's alignment", SHT_NOBITS, true, 48, 3,
		  "damaged object: section 7 '.bss' has alignment 3, no power of 2" },
		{ "section's place", SHT_REL, true, 24, 99999,
		  "damaged object: section 3 '.relkprobe/f' (128 bytes at 99999) reaches beyond the end of the file" },
	};
	struct bu_buf file = { 0 };
	struct model m;

	model_init(&m, false);
	fill_model(&m, false);
	for (size_t i = 0; i < BU_ARRAY_SIZE(t); i++) {
		uint64_t sh, at;

		written(&m.o, &file);
		sh = bu_get64(file.p + 40, false);
		while (bu_get32(file.p + sh + 4, false) != t[i].type)
			sh += 64;
		at = (t[i].header ? sh : bu_get64(file.p + sh + 24, false)) + t[i].at;
		bu_put32(file.p + at, false, t[i].val);
		ok(read_bytes(file.p, file.n) == -EINVAL, "%s", t[i].what);
		is_str(message(), t[i].msg, "%s: message", t[i].what);
	}
	bu_obj_free(&m.o);
	bu_buf_free(&file);
}

/* ---------------------------------------------------------------- compilers */

static const char source[] =
	"#define SEC(n) __attribute__((section(n), used))\n"
	"#define __uint(name, val) int (*name)[val]\n"
	"#define __type(name, val) typeof(val) *name\n"
	"#define __array(name, val) typeof(val) *name[]\n"
	"struct inner { __uint(type, 2); __uint(max_entries, 4); __type(key, int); __type(value, long); };\n"
	"struct inner tmpl SEC(\".maps\");\n"
	"int p2(void *);\n"
	"struct { __uint(type, 12); __uint(max_entries, 2); __type(key, unsigned);\n"
	"	__array(values, struct inner); } outer SEC(\".maps\") = { .values = { [1] = &tmpl } };\n"
	"struct { __uint(type, 3); __uint(max_entries, 2); __uint(key_size, 4);\n"
	"	__array(values, int (void *)); } jmp SEC(\".maps\") = { .values = { [0] = (void *)&p2 } };\n"
	"struct { __uint(type, 27); __uint(max_entries, 4096); __type(value, struct inner); } rb SEC(\".maps\");\n"
	"struct { __uint(type, 1); __uint(max_entries, 99); __type(key, int); __type(value, long);\n"
	"	__uint(pinning, 1); __uint(map_flags, 1); } h SEC(\".maps\");\n"
	"static long (*bpf_loop)(unsigned, void *, void *, unsigned long) = (void *)181;\n"
	"static void *(*bpf_map_lookup_elem)(void *, const void *) = (void *)1;\n"
	"int arr[16] = { 1, 2, 3 }; static int z; int bss2;\n"
	"const char fmt[] SEC(\".rodata.fmt\") = \"hello\";\n"
	"__attribute__((noinline)) int deep(int a)\n"
	"{ asm volatile(\"\" : \"+r\"(a)); return a * 3 + arr[5]; }\n"
	"static __attribute__((noinline)) int sub1(int a)\n"
	"{ asm volatile(\"\" : \"+r\"(a)); return deep(a) + 1; }\n"
	"static int cb(unsigned i, void *ctx) { z += i; return sub1(i) & 1; }\n"
	"SEC(\"tc\") int p1(void *c) { int k = 0; bpf_loop(4, cb, 0, 0);\n"
	"	return sub1(*(int *)c) + deep(3) + (long)bpf_map_lookup_elem(&h, &k) + fmt[(long)c & 3] + bss2; }\n"
	"SEC(\"?kprobe/do_x\") int p2(void *c) { return arr[3]; }\n"
	"char _license[] SEC(\"license\") = \"GPL\";\n"
	"unsigned _v SEC(\"version\") = 0x60100;\n";

static const struct bu_obj_map *map_named(const struct bu_obj *o, const char *name)
{
	for (uint32_t i = 0; i < o->nmaps; i++)
		if (!strcmp(o->maps[i].name, name))
			return &o->maps[i];
	return NULL;
}

static void check_compiled(const char *cc, const char *path)
{
	const struct bu_obj_map *m;
	struct bu_btf_type t;
	struct bu_code c;
	struct bu_obj o;
	uint32_t p = 0, good = 0;

	bu_obj_init(&o);
	if (!ok(bu_obj_read_file(&o, path, &ds) == 0 && bu_obj_index(&o, &ds) == 0, "%s: reads", cc))
		printf("# %s\n", message());
	ok(o.nprogs == 2 && !strcmp(o.license, "GPL") && o.kern_version == 0x60100,
	   "%s: programs, license, version", cc);
	m = map_named(&o, "outer");
	ok(m && m->type == 12 && m->key_size == 4 && m->value_size == 4 && m->inner >= 0 &&
	   o.maps[m->inner].is_inner && o.maps[m->inner].value_size == 8 &&
	   !strcmp(o.maps[m->inner].name, "outer.inner"), "%s: map of maps", cc);
	m = map_named(&o, "jmp");
	ok(m && m->type == 3 && m->value_size == 4 && m->inner < 0, "%s: program array", cc);
	good = 0;
	for (uint32_t i = 0; i < o.nslots; i++) {
		const struct bu_obj_slot *s = &o.slots[i];
		const char *map = o.maps[s->map].name;

		good += s->is_prog ? !strcmp(map, "jmp") && s->index == 0 &&
				     !strcmp(o.progs[s->target].name, "p2")
				   : !strcmp(map, "outer") && s->index == 1 &&
				     !strcmp(o.maps[s->target].name, "tmpl");
	}
	ok(o.nslots == 2 && good == 2, "%s: elements given with the declaration", cc);
	m = map_named(&o, "rb");
	ok(m && m->type == 27 && !m->value_size && !m->btf_value, "%s: a ring buffer's hint", cc);
	m = map_named(&o, "h");
	ok(m && m->max_entries == 99 && m->flags == 1 && m->pinning == 1 && m->btf_key &&
	   bu_btf_size(&o.btf, m->btf_value) == 8, "%s: hash", cc);
	m = map_named(&o, ".rodata.fmt");
	ok(m && m->frozen && m->value_size == 6, "%s: named read-only data", cc);
	m = map_named(&o, ".data");
	ok(m && m->btf_value && bu_btf_get(&o.btf, m->btf_value, &t) == 0 && t.size == 64,
	   "%s: the data section's size is filled in", cc);
	good = 0;
	while (p < o.nprogs && strcmp(o.progs[p].name, "p1"))
		p++;
	if (!ok(bu_obj_link(&o, p, &arena, &c, &ds) == 0, "%s: links", cc))
		printf("# %s\n", message());
	ok(c.nparts == 4 && c.nfunc == 4 && c.func[0].insn_off == 0 &&
	   c.func[3].insn_off == c.part[3].start, "%s: func_info of each part", cc);
	for (uint32_t i = 0; i + 1 < c.nline; i++)
		good += c.line[i].insn_off < c.line[i + 1].insn_off;
	ok(c.nline > 4 && good + 1 == c.nline && c.line[0].insn_off == 0, "%s: line_info is sorted", cc);
	good = 0;
	for (uint32_t i = 0; i < c.nrefs; i++)
		good += c.ref[i].kind == BU_REF_MAP || c.ref[i].kind == BU_REF_MAP_VALUE;
	ok(good == c.nrefs && good >= 4, "%s: references", cc);
	bu_obj_free(&o);
	message();
}

static void test_clang(const char *cc, const char *target)
{
	char dir[] = "/tmp/obj_testXXXXXX", cmd[512], path[128], src[128], label[64];
	FILE *f;

	snprintf(label, sizeof(label), "%s %s", cc, target);
	snprintf(cmd, sizeof(cmd),
		 "command -v %s >/dev/null && echo | %s -target %s -x c -c -o /dev/null - 2>/dev/null",
		 cc, cc, target);
	if (system(cmd) != 0) {
		char why[96];

		snprintf(why, sizeof(why), "needs %s that compiles for %s", cc, target);
		skip(1, why);
		return;
	}
	if (!mkdtemp(dir))
		return;
	snprintf(src, sizeof(src), "%s/t.c", dir);
	snprintf(path, sizeof(path), "%s/t.o", dir);
	f = fopen(src, "w");
	if (f) {
		fputs(source, f);
		fclose(f);
	}
	snprintf(cmd, sizeof(cmd), "%s -target %s -g -O2 -w -c -o %s %s", cc, target, path, src);
	if (ok(system(cmd) == 0, "%s compiles", label))
		check_compiled(label, path);
	unlink(path);
	unlink(src);
	rmdir(dir);
}

/* binutils 2.40, under Debian's bpf-gcc, repeats a named symbol's value in imm. */
static void test_gcc_quirk(void)
{
	static const struct bu_insn insns[] = { LD64(1, 4), LD64(2, 12), EXIT };
	static const char comment[] = "GCC: (12.2.0) 12.2.0";
	struct bu_code c;
	struct model m;

	for (int gcc = 0; gcc < 2; gcc++) {
		model_init(&m, false);
		add_sec(&m, "xdp", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, code(insns, 5, false), 40);
		add_sec(&m, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE,
			words(false, 6, (uint32_t[6]){ 0 }), 24);
		add_sym(&m, "a", 1, 4, 8, STT_OBJECT, STB_GLOBAL);
		add_rel(&m, 0, 0, BU_R_BPF_64_64, 0);
		add_rel(&m, 0, 16, BU_R_BPF_64_64, 0);
		if (gcc)
			add_sec(&m, ".comment", SHT_PROGBITS, 0, comment, sizeof(comment));
		ok(index_model(&m) == 0 && bu_obj_link(&m.o, 0, &arena, &c, &ds) == 0 &&
		   c.ref[0].val == (gcc ? 4 : 8) && c.ref[1].val == (gcc ? 12 : 16),
		   "imm is added to the symbol's value, %s", gcc ? "but not twice (bpf-gcc 12)" : "once");
		bu_obj_free(&m.o);
	}
}

static void ar_header(struct bu_buf *b, const char *name, const char *size)
{
	bu_buf_printf(b, "%-16s%-12s%-6s%-6s%-8s%-10s`\n", name, "0", "0", "0", "644", size);
}

/* The members' names and sizes in one line, and how it ends. */
static const char *ar_list(const struct bu_buf *b, struct bu_buf *out)
{
	struct bu_ar_member m;
	struct bu_ar ar;
	/* Exactly as many bytes as there are, so that a look behind them is found out. */
	uint8_t *copy = malloc(b->n);
	int more;

	bu_buf_reset(out);
	memcpy(copy, b->p, b->n);
	bu_ar_open(&ar, copy, b->n);
	while ((more = bu_ar_next(&ar, &m)) > 0)
		bu_buf_printf(out, "%.*s:%zu:%.*s ", (int)m.name.n, m.name.p, m.size, (int)m.size, (const char *)m.data);
	bu_buf_str(out, more ? "damaged" : "end");
	free(copy);
	return bu_buf_cstr(out);
}

static void test_archive(void)
{
	struct bu_buf b = { 0 }, out = { 0 };
	size_t whole;
	int wrong = 0;

	ok(!bu_ar_is("!<arch>", 7) && bu_ar_is("!<arch>\n", 8), "an archive is told by its first bytes");
	bu_buf_str(&b, "!<arch>\n");
	is_str(ar_list(&b, &out), "end", "an archive without members");
	ar_header(&b, "/", "3");
	bu_buf_str(&b, "sym\n");
	ar_header(&b, "//", "13");
	bu_buf_str(&b, "long_name.o/\n\n");
	ar_header(&b, "a.o/", "1");
	bu_buf_str(&b, "A\n");
	ar_header(&b, "/0", "2");
	bu_buf_str(&b, "BB");
	ar_header(&b, "/5", "0");
	ar_header(&b, "#1/8", "11");
	bu_buf_add(&b, "bsd.o\0\0\0CCC", 11);
	whole = b.n;
	is_str(ar_list(&b, &out), "a.o:1:A long_name.o:2:BB name.o:0: bsd.o:3:CCC end", "members, with names of each form");
	for (b.n = 9; b.n < whole; b.n++)
		if (!strstr(ar_list(&b, &out), "damaged"))
			wrong++;
	/* At the end of a member nothing is missing: eight such places, where the blank behind an odd one is not, too. */
	ok(wrong == 8, "cut off, it is damaged: %d places are ends", wrong);
	b.n = whole;
	ar_header(&b, "/99", "0");
	ok(strstr(ar_list(&b, &out), "CCC damaged") != NULL, "a name outside of the table");
	b.n = whole;
	ar_header(&b, "#1/9", "8");
	bu_buf_str(&b, "12345678");
	ok(strstr(ar_list(&b, &out), "CCC damaged") != NULL, "a name longer than its member");
	b.n = whole;
	ar_header(&b, "x.o", "9999999999");
	ok(strstr(ar_list(&b, &out), "CCC damaged") != NULL, "a size beyond the file");
	b.n = whole;
	ar_header(&b, "x.o", "-1");
	ok(strstr(ar_list(&b, &out), "CCC damaged") != NULL, "a size that is no number");
	/* The table's last name has no end. */
	b.n = 8;
	ar_header(&b, "//", "4");
	bu_buf_str(&b, "abcd");
	ar_header(&b, "/1", "0");
	is_str(ar_list(&b, &out), "bcd:0: end", "a name that the table's end cuts off");
	bu_buf_free(&b);
	bu_buf_free(&out);
}

int main(void)
{
	bu_diags_init(&ds);
	bu_arena_init(&arena);
	test_round_trip(false);
	test_round_trip(true);
	test_pipe();
	test_symbols();
	test_untyped_text();
	test_legacy();
	test_note();
	test_bad_links();
	test_damaged();
	test_damaged_tables();
	test_gcc_quirk();
	test_archive();
	test_clang("clang", "bpfel");
	test_clang("clang-19", "bpfel");
	test_clang("clang", "bpfeb");
	bu_arena_free(&arena);
	bu_diags_free(&ds);
	return done_testing();
}
