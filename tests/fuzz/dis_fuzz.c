/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged objects through the disassembler, and its text through the assembler. What is asserted is that
 * nothing crashes, overruns or takes long (build with --enable-sanitizers), that each refusal comes with a
 * message, and that the text makes the same sections or -d had said that it does not.
 *
 *   dis_fuzz                 objects made here, mutated: a TAP test
 *   dis_fuzz ROUNDS [FILE…]  the same with that many mutations of each, and of each object file
 */
#include "bpf-as/as.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned long silent;  /* refusals without a message */
static unsigned long refused; /* text that the assembler refuses although -d said nothing */
static unsigned long changed; /* text that makes other sections although -d said nothing */
static unsigned long printed, confessed, rounds_done;
static const char *save;      /* a file for the first input that fails, $DIS_FUZZ_SAVE */

/* ---------------------------------------------------------------- one input */

static int to_fd(const void *p, size_t n, char path[32])
{
	int fd = memfd_create("dis_fuzz", MFD_CLOEXEC);

	if (fd < 0 || bu_write_all(fd, p, n)) {
		perror("memfd");
		exit(1);
	}
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static bool same_sections(const struct bu_obj *a, const struct bu_obj *b)
{
	for (uint32_t i = 0; i < a->nsecs; i++) {
		const struct bu_sec *s = &a->secs[i], *t;
		uint32_t k = bu_obj_sec_by_name(b, s->name);

		if (bu_obj_sec_by_name(a, s->name) != i)
			continue; /* another one of that name came first */
		t = k == BU_SEC_UNDEF ? NULL : &b->secs[k];
		if (!t || t->size != s->size || t->type != s->type || t->flags != s->flags || t->align != s->align)
			return false;
		if (s->data && s->size && (!t->data || memcmp(s->data, t->data, s->size)))
			return false;
	}
	return a->be == b->be && a->e_flags == b->e_flags && a->nrels == b->nrels;
}

static bool assembles(const struct bu_buf *text, const char *object)
{
	struct bu_obj made, o;
	struct bu_diags ds;
	struct as as;
	bool ok;
	int err;

	bu_obj_init(&made);
	bu_obj_init(&o);
	bu_diags_init(&ds);
	ds.max_errors = 20;
	as_init(&as, &ds);
	as.text = bu_str((const char *)text->p, text->n);
	err = as_assemble(&as, "text", &made);
	ok = !err && !bu_obj_read_file(&o, object, &ds) && same_sections(&o, &made);
	if (err)
		refused++;
	else if (!ok)
		changed++;
	as_free(&as);
	bu_diags_free(&ds);
	bu_obj_free(&o);
	bu_obj_free(&made);
	return ok;
}

static void run(const void *p, size_t n)
{
	static const struct as_dis_opt opts[] = { { .raw = false }, { .raw = true }, { .source = true }, { .no_btf = true } };
	const struct as_dis_opt *opt = &opts[rounds_done++ % BU_ARRAY_SIZE(opts)];
	struct bu_buf text = { 0 };
	struct bu_diags ds;
	bool ok = true;
	char path[32];
	int fd = to_fd(p, n, path);
	FILE *f;

	bu_diags_init(&ds);
	ds.max_errors = 20;
	if (as_dis(path, opt, &ds, &text)) {
		ok = ds.errors;
		silent += !ok;
	} else if (opt->no_btf) {
		printed++;
	} else if (ds.warnings) {
		confessed++;
	} else {
		printed++;
		ok = assembles(&text, path);
	}
	if (!ok && save && (f = fopen(save, "w"))) {
		fwrite(p, 1, n, f);
		fclose(f);
		save = NULL;
	}
	close(fd);
	bu_diags_free(&ds);
	bu_buf_free(&text);
}

/* ---------------------------------------------------------------- mutations */

static uint64_t state = 0x9e3779b97f4a7c15u;

static size_t rnd(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (size_t)(state >> 16) % n : 0;
}

static void mutate(struct bu_buf *b)
{
	static const uint64_t odd[] = { 0, 1, 2, 4, 7, 8, 0x10, 0x18, 0x40, 0x7f, 0xff, 0x100, 0xffff, 0x7fffffff, 0x80000000u,
					0xffffffffu, 0x100000000u, UINT64_MAX, 0x8000000000000000u };
	uint64_t v = odd[rnd(BU_ARRAY_SIZE(odd))];
	size_t at = rnd(b->n), from = rnd(b->n), n;

	switch (rnd(6)) {
	case 0:
		b->p[at] = (uint8_t)rnd(256);
		break;
	case 1:
		b->p[at] ^= (uint8_t)(1u << rnd(8));
		break;
	case 2: /* a field of a header, a symbol, a relocation */
		at &= ~(size_t)3;
		if (b->n - at >= 4)
			memcpy(b->p + at, &v, 4);
		break;
	case 3:
		at &= ~(size_t)7;
		if (b->n - at >= 8)
			memcpy(b->p + at, &v, 8);
		break;
	case 4: /* a stretch from another place: sections that share, names that are others */
		n = 1 + rnd(64);
		n = n > b->n - at ? b->n - at : n;
		n = n > b->n - from ? b->n - from : n;
		memmove(b->p + at, b->p + from, n);
		break;
	default: /* in the section headers, which are at the end */
		at = b->n - 1 - rnd(b->n < 2000 ? b->n : 2000);
		b->p[at] = (uint8_t)(rnd(2) ? rnd(256) : b->p[at] + 1u);
	}
}

static void attack(const void *p, size_t n, unsigned long rounds)
{
	struct bu_buf b = { 0 };

	for (int i = 0; i < 4; i++)
		run(p, n);
	for (unsigned long i = 0; i < rounds; i++) {
		bu_buf_reset(&b);
		bu_buf_add(&b, p, n);
		for (size_t k = 1 + rnd(4); k && !b.failed; k--)
			mutate(&b);
		if (!b.failed)
			run(b.p, b.n);
	}
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- what is attacked */

static const char *const seeds[] = {
	".license \"GPL\"\n.map m, hash, key=u32, value=char[16], max_entries=1K\n"
	".map o, hash_of_maps, key=u32, max_entries=4, inner=m\n"
	".rodata\n.globl ro\nro: .4byte 3\ntext: .asciz \"a\\tb\"\n.balign 8\ntab: .8byte ro, text + 1, f\n.4byte f\n"
	".data\n.weak d\nd: .fill 3, 8, 1\n.bss\nz: .zero 64\n"
	".section xdp\nf: r6 = r1\nr1 = m ll\nr2 = ro ll\nr3 = tab + 8 ll\nif w1 s> 3 goto 1f\n2: r1 = 0x123456789abcdef ll\n"
	"may_goto 2b\n1: call sub\ncall bpf_ktime_get_ns\nlock *(u64 *)(r10 - 8) += r1\nexit\n.8byte 5\n.text\nsub: r0 = 0\nexit\n",
	".verbatim\n.elf_flags 4\n.extern \"strange, name\"\n.set number, 77\n.globl number\n.section \"a b\", \"0x200003\", @0x70000005\n"
	".byte 1, 2, 3\nx: .byte 4\n.rename y, \"x\"\ny: .8byte \"strange, name\" + 4, y\n.reloc ., 300, number\n.8byte 0\n"
	".section .strings, \"aMS\", @progbits, 1\n.asciz \"one\", \"two\"\n.section .note.x, \"\", @note\n.4byte 1, 2, 3\n"
	".text\n.balign 8\n.type \"r1\", @function\n\"r1\": r2 = \"strange, name\" ll\ngoto \"r1\"\n.insn 255, 15, 15, -1, -1\n"
	"call local +2\n.size \"r1\", .-\"r1\"\n.byte 9\n.section .text, \"ax\"\n",
};

/* A source as the bytes of its object. */
static bool object(const char *source, bool be, struct bu_buf *out)
{
	struct bu_obj o;
	struct bu_diags ds;
	struct as as;
	char path[32];
	int fd = to_fd("", 0, path);
	bool ok;

	bu_obj_init(&o);
	bu_diags_init(&ds);
	as_init(&as, &ds);
	as.be = be;
	as.text = bu_str_c(source);
	ok = !as_assemble(&as, "seed", &o) && !bu_obj_write(&o, fd) && !bu_file_read(path, 1u << 24, out);
	for (const struct bu_diag *d = ds.first; !ok && d; d = d->next)
		printf("# %s\n", d->text);
	as_free(&as);
	bu_diags_free(&ds);
	bu_obj_free(&o);
	close(fd);
	return ok;
}

static unsigned tests;

static void result(bool ok, const char *what, unsigned long n)
{
	printf("%sok %u - %s: %lu\n", ok ? "" : "not ", ++tests, what, n);
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1500, made = 0;
	struct bu_buf b = { 0 };

	save = getenv("DIS_FUZZ_SAVE");
	for (size_t i = 0; i < 2 * BU_ARRAY_SIZE(seeds); i++) {
		bu_buf_reset(&b);
		if (!object(seeds[i / 2], i & 1, &b))
			continue;
		made++;
		attack(b.p, b.n, rounds);
	}
	for (int i = 2; i < argc; i++) {
		bu_buf_reset(&b);
		if (!bu_file_read(argv[i], 1u << 24, &b))
			attack(b.p, b.n, rounds);
	}
	bu_buf_free(&b);
	printf("# %lu objects, %lu printed whole, %lu not whole and said so\n", rounds_done, printed, confessed);
	result(made == 2 * BU_ARRAY_SIZE(seeds), "objects to begin with", made);
	result(!silent, "refused without a message", silent);
	result(!refused, "text that is refused although -d said nothing", refused);
	result(!changed, "text that makes other sections although -d said nothing", changed);
	result(printed > rounds_done / 20, "printed", printed);
	printf("1..%u\n", tests);
	return 0;
}
