/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged sources through the assembler; what it takes, through the disassembler and back. What is
 * asserted is that nothing crashes, overruns or takes long (build with --enable-sanitizers), that
 * each refusal comes with a message, that an object can be disassembled, that the text of -d
 * makes the same code or is refused, and that the short way of fast.c gives the bytes and the
 * messages that the long way gives.
 *
 *   as_fuzz                 a fixed number of mutations of the sources of the tree: a TAP test
 *   as_fuzz ROUNDS [FILE…]  the same with that many mutations, of these files
 */
#include "bpf-as/as.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static unsigned long silent;   /* refusals without a message */
static unsigned long changed;  /* -d text that makes other code */
static unsigned long unread;   /* our own objects that -d refuses */
static unsigned long refused;  /* -d text that is refused: sources may do what -d cannot say */
static unsigned long other;    /* the short way differs from the long one */
static unsigned long taken, rounds_done;
static const char *save;       /* a file for the first input that fails, $AS_FUZZ_SAVE */

/* ---------------------------------------------------------------- one input */

struct made {
	struct as as;
	struct bu_obj o;
	struct bu_diags ds;
	int err;
};

/* A path that names the bytes; *fd must be closed. */
static bool as_file(const void *p, size_t n, int *fd, char path[32])
{
	*fd = memfd_create("as_fuzz", MFD_CLOEXEC);
	if (*fd < 0)
		return false;
	snprintf(path, 32, "/proc/self/fd/%d", *fd);
	return bu_write_all(*fd, p, n) == 0;
}

static void make(struct made *m, const void *p, size_t n, bool be, bool long_way)
{
	char path[32];
	int fd;

	bu_diags_init(&m->ds);
	m->ds.max_errors = 20;
	bu_obj_init(&m->o);
	as_init(&m->as, &m->ds);
	m->as.be = be;
	m->as.long_way = long_way;
	m->err = -ENOMEM;
	if (as_file(p, n, &fd, path))
		m->err = as_assemble(&m->as, path, &m->o);
	if (fd >= 0)
		close(fd);
}

static void unmake(struct made *m)
{
	as_free(&m->as);
	bu_obj_free(&m->o);
	bu_diags_free(&m->ds);
}

static bool same_code(const struct bu_obj *a, const struct bu_obj *b)
{
	for (uint32_t i = 0; i < a->nsecs; i++) {
		const struct bu_sec *s = &a->secs[i], *t;
		uint32_t k;

		if (!(s->flags & SHF_EXECINSTR) || !s->size)
			continue;
		k = bu_obj_sec_by_name(b, s->name);
		t = k == BU_SEC_UNDEF ? NULL : &b->secs[k];
		if (!t || t->size != s->size || memcmp(t->data, s->data, s->size))
			return false;
	}
	return true;
}

/* The object as text and that again as an object. */
static bool back(const struct made *m)
{
	struct bu_buf text = { 0 };
	struct bu_diags ds;
	struct made again;
	char path[32];
	bool ok = true;
	int fd;

	bu_diags_init(&ds);
	fd = memfd_create("as_fuzz", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || bu_obj_write(&m->o, fd) || as_dis(path, NULL, &ds, &text)) {
		unread++;
		ok = false;
	} else {
		make(&again, text.p, text.n, m->o.be, false);
		if (again.err) {
			refused++;
		} else if (!same_code(&m->o, &again.o)) {
			changed++;
			ok = false;
		}
		unmake(&again);
	}
	if (fd >= 0)
		close(fd);
	bu_diags_free(&ds);
	bu_buf_free(&text);
	return ok;
}

/* What came out: the object's bytes, or the messages. */
static void outcome(const struct made *m, struct bu_buf *b)
{
	char path[32];
	int fd;

	bu_diags_render(b, &m->ds, BU_DIAG_TEXT, false, "as");
	fd = m->err ? -1 : memfd_create("as_fuzz", MFD_CLOEXEC);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (bu_obj_write(&m->o, fd) || bu_file_read(path, SIZE_MAX / 2, b))
		bu_buf_str(b, "cannot be written");
	close(fd);
}

static bool same_as_long(const struct made *m, const void *p, size_t n)
{
	struct bu_buf a = { 0 }, b = { 0 };
	struct made slow;
	bool same;

	make(&slow, p, n, m->as.be, true);
	outcome(m, &a);
	outcome(&slow, &b);
	same = m->err == slow.err && a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
	unmake(&slow);
	bu_buf_free(&a);
	bu_buf_free(&b);
	return same;
}

static void run(const void *p, size_t n)
{
	struct made m;
	bool ok = true;
	FILE *f;

	rounds_done++;
	make(&m, p, n, rounds_done & 1, false);
	if (!same_as_long(&m, p, n)) {
		other++;
		ok = false;
	}
	if (!m.err) {
		taken++;
		ok = back(&m) && ok;
	} else if (!m.ds.errors) {
		silent++;
		ok = false;
	}
	unmake(&m);
	if (!ok && save && (f = fopen(save, "w"))) {
		fwrite(p, 1, n, f);
		fclose(f);
		save = NULL;
	}
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

static const char *const pieces[] = {
	"0", "-1", "0xffffffff", "1 << 63", "9223372036854775807", "2147483648", "65536", "10", "(", ")",
	"[", "]", "\"", "'", "\\", "/*", "*/", "//", "#", ";", ":", ",", "=", "==", "+", "-", "%", "?", "!",
	".", "..", "$", "@", "\n", "\t", "\r", "r0", "r10", "w1", "r11", "ll", "goto", "if ", "call ", "exit",
	"1:", "1f", "1b", ".Lx", "x:", "x", "x - .", ".set x, x + 1\n", ".set x, y\n", ".balign 64\n",
	".p2align 4\n", ".zero 100000\n", ".fill 7, 8, 9\n", ".byte 1\n", ".8byte x\n", ".4byte x + 8\n",
	".text\n", ".data\n", ".bss\n", ".section \"a b\", \"awx\", @nobits\n", ".section .maps\n",
	".section license\n", ".section .BTF\n", ".pushsection xdp\n", ".popsection\n", ".previous\n",
	".globl x\n", ".weak x\n", ".local x\n", ".extern x\n", ".type x, @function\n", ".size x, . - x\n",
	".map x, hash, key=u32, value=u64, max=1, id=1\n", ".map y, array_of_maps, key=4, inner=x, max=2\n",
	"r1 = map 1 ll\n", "r1 = x ll\n", "r1 = func x ll\n", ".license \"GPL\"\n", ".include \"x\"\n",
	".insn 0x18, 0, 1, 2, 3\n", ".insn 5, 0, 0, -1, 0\n", ".end\n", ".arch arm64\n", "pt_regs.ip",
	"__sk_buff.len", "BPF_ANY", "lock ", "s8", "*(u64 *)(r10 - 8)", "0x", "0b", "08", "\xff", "\xc3\xa4",
};

/* What the tree's sources have little of. */
static const char seed_text[] =
	".set N, 3\n.set late, end - start\n.map m, hash, key=u32, value=char[16], max_entries=1K, id=7\n"
	".map o, hash_of_maps, key=u32, max_entries=4, inner=m\n.license \"GPL\"\n"
	".rodata\n.globl ro\nro: .4byte N, late\ntext: .asciz \"a\\tb\"\n.balign 8\n"
	"tab: .8byte ro, text + 1, prog, here\n.4byte tab, prog\n"
	".data\n.weak d\nd: .fill 3, 8, 1\n.bss\nz: .zero 64\n"
	".section xdp\nprog: r6 = r1\nr1 = m ll\nr2 = ro ll\nr3 = tab + 8 ll\nr4 = z + 8 ll\nr5 = map 7 ll\n"
	"if w1 s> N goto 1f\n2: r1 = 0x123456789abcdef ll\nmay_goto 2b\ngotol 1f\n1: call sub\ncall ext\n"
	"call bpf_ktime_get_ns\nlock *(u64 *)(r10 - 8) += r1\nr0 = *(u32 *)(r6 + xdp_md.data)\n"
	"r1 = *(u64 *)(r6 + pt_regs.arg1)\nr2 = func cb ll\n*(u16 *)(r10 - 2) = 7\nr1 = (s8)r2\n"
	"r1 = be16 r1\nr1 s/= -2\nif r1 & 7 goto +0\n.insn 0x8d, 1, 0, 0, 0\n.8byte 5\nexit\nhere: exit\n"
	".text\n.extern ext\nstart:\nsub: r1 = prog ll\nr0 = 0\nexit\n.type cb, @function\ncb: exit\nend:\n"
	".section tc, \"ax\", @progbits\n.local hidden\nhidden: goto 1f\n.p2align 4\n1: exit\n"
	".section odd, \"awMS\", @progbits, 1\n.byte 'a', '\\n'\n.2byte 1 << 15\n.pushsection .data\n.byte 1\n"
	".popsection\n.ascii \"x\"\n";

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

static void mutate(struct bu_buf *b)
{
	uint8_t copy[256];
	size_t at = rnd(b->n + 1), from, n;
	const char *piece;
	uint8_t c;

	switch (rnd(7)) {
	case 0:
		c = (uint8_t)rnd(256);
		replace(b, at, 1, &c, 1);
		break;
	case 1:
		replace(b, at, 1 + rnd(8), "", 0);
		break;
	case 2:
	case 3:
		piece = pieces[rnd(BU_ARRAY_SIZE(pieces))];
		replace(b, at, rnd(3), piece, strlen(piece));
		break;
	case 4: /* a line less */
		at = line_start(b, at);
		replace(b, at, line_len(b, at), "", 0);
		break;
	case 5: /* a line at another place */
		from = line_start(b, rnd(b->n + 1));
		n = line_len(b, from);
		if (n > sizeof(copy))
			n = sizeof(copy);
		memcpy(copy, b->p + from, n);
		replace(b, line_start(b, at), 0, copy, n);
		break;
	default: /* a stretch at another place */
		from = rnd(b->n + 1);
		n = rnd(24);
		if (n > b->n - from)
			n = b->n - from;
		memcpy(copy, b->p + from, n);
		replace(b, at, n, copy, n);
	}
}

static void attack(const void *p, size_t n, unsigned long rounds)
{
	struct bu_buf b = { 0 };

	run(p, n);
	run(p, n); /* big endian */
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

static void attack_file(const char *path, unsigned long rounds)
{
	struct bu_buf seed = { 0 };

	if (bu_file_read(path, 1u << 20, &seed) == 0)
		attack(seed.p, seed.n, rounds);
	bu_buf_free(&seed);
}

/* ---------------------------------------------------------------- */

static unsigned tests;

static void result(bool ok, const char *what, unsigned long n)
{
	printf("%sok %u - %s", ok ? "" : "not ", ++tests, what);
	printf(ok ? "\n" : ": %lu\n", n);
}

int main(int argc, char **argv)
{
	static const char *const dirs[] = { "examples/*.s", "tests/golden/as/*.s", "tests/qemu/*.s",
					    "tests/golden/as/foreign/*.txt" };
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 400;
	const char *src = getenv("BPFUTILS_SRCDIR");
	clock_t start = clock();
	char pattern[4096];
	glob_t g = { 0 };

	save = getenv("AS_FUZZ_SAVE");
	if (argc < 3) {
		attack(seed_text, sizeof(seed_text) - 1, 5 * rounds);
		result(taken > 0, "the seed is taken", taken);
	}
	for (int i = 2; i < argc; i++)
		attack_file(argv[i], rounds);
	for (size_t i = 0; argc < 3 && i < BU_ARRAY_SIZE(dirs); i++) {
		snprintf(pattern, sizeof(pattern), "%s/%s", src ? src : ".", dirs[i]);
		glob(pattern, i ? GLOB_APPEND : 0, NULL, &g);
	}
	for (size_t i = 0; i < g.gl_pathc; i++)
		attack_file(g.gl_pathv[i], rounds);
	globfree(&g);
	printf("# %lu inputs, %lu made objects, %lu of their texts are refused, %.1f s\n", rounds_done, taken,
	       refused, (double)(clock() - start) / CLOCKS_PER_SEC);
	result(!silent, "each refusal has a message", silent);
	result(!unread, "-d reads each object", unread);
	result(!changed, "-d gives text that makes the same code, or none", changed);
	result(!other, "the short way makes what the long way makes", other);
	printf("1..%u\n", tests);
	return silent || unread || changed || other ? EXIT_FAILURE : EXIT_SUCCESS;
}
