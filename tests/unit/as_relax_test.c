/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jumps that are too far for 16 bits: programs of more than 100,000 instructions whose blocks jump at
 * random are assembled with gotol and with islands, run in the VM, and must give what the blocks mean.
 */
#include "bpf-as/as.h"
#include "vm_run.h"

#include <sys/mman.h>

#define STEPS 20000

struct block {
	uint32_t less, set, always; /* blocks to go to; always == UINT32_MAX: the next one */
	uint32_t pad;
};

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((seed >> 33) % n);
}

/* What the program of these blocks leaves in r0. */
static uint64_t meant(const struct block *b, uint32_t n)
{
	uint64_t r0 = 0, r6 = 42, r8;
	uint32_t i = 0;

	for (uint32_t fuel = STEPS;;) {
		r0 = (r0 ^ i) * 31;
		r6 = r6 * 1103515245 + 12345;
		if (--fuel == 0)
			return r0;
		r8 = r6 >> 20 & 7;
		if (r8 < 3) {
			i = b[i].less;
		} else if (r8 & 4) {
			i = b[i].set;
		} else {
			r0 += 2; /* "+1" leaves out r0 += 1 */
			r0 += 7; /* the function */
			i = b[i].always == UINT32_MAX ? i + 1 : b[i].always;
			if (i == n)
				return r0;
		}
	}
}

static void text(struct bu_buf *t, const struct block *b, uint32_t n)
{
	bu_buf_str(t, "\t.section xdp\nbig:\tr0 = 0\n\tr6 = 42\n\tr7 = 20000\n");
	for (uint32_t i = 0; i < n; i++) {
		bu_buf_printf(t, ".L%u:\tr0 ^= %u\n\tr0 *= 31\n\tr6 *= 1103515245\n\tr6 += 12345\n"
				 "\tr7 -= 1\n\tif r7 == 0 goto done\n\tr8 = r6\n\tr8 >>= 20\n\tr8 &= 7\n"
				 "\tif r8 < 3 goto .L%u\n\tif w8 & 4 goto .L%u\n"
				 "\tif r8 == 3 goto +1\n\tr0 += 1\n\tr0 += 2\n\tr1 = r0\n\tcall add7\n",
			      i, i, b[i].less, b[i].set);
		if (b[i].always != UINT32_MAX)
			bu_buf_printf(t, "\tgoto .L%u\n", b[i].always);
		else
			for (uint32_t k = 0; k < b[i].pad; k++)
				bu_buf_str(t, k % 5 ? "\tr2 = r0\n" : "\tr3 = 0x123456789 ll\n");
		if (b[i].always == UINT32_MAX && b[i].pad % 7 == 0)
			bu_buf_str(t, "\t.balign 64\n");
	}
	bu_buf_str(t, "done:\texit\nadd7:\tr0 = r1\n\tr0 += 7\n\texit\n\t.type add7, @function\n"
		      "\t.data\n\t.4byte done - big, .L1 - .L0\n\t.size big, add7 - big\n");
}

struct setting { unsigned cpu; uint16_t kernel; };

static int configure(struct as *as, void *ctx)
{
	const struct setting *set = ctx;

	as->cpu = set->cpu;
	as->kernel = set->kernel;
	return 0;
}

struct counts { uint32_t far, n, add7, done; };

/* Assembles and runs; false: told. */
static bool run(const struct bu_buf *t, struct setting set, uint64_t *r0, struct counts *k)
{
	struct bu_vm_ctx ctx = { 0 };
	struct bu_vm_fault fault = { 0 };
	struct as_relax *relax = NULL;
	struct bu_vm_raw raw = { 0 };
	struct bu_buf msgs = { 0 };
	struct bu_insn *in = NULL;
	struct bu_diags ds;
	struct bu_obj o;
	struct as as;
	char path[64];
	int fd, err = -1;

	bu_diags_init(&ds);
	ds.max_errors = 5;
	fd = memfd_create("relax", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || bu_write_all(fd, t->p, t->n))
		return false;
	err = as_assemble_all(&as, &ds, path, &o, configure, &set, &relax);
	close(fd);
	memset(k, 0, sizeof(*k));
	for (uint32_t i = 0; !err && i < o.nsecs; i++) {
		const struct bu_sec *sec = &o.secs[i];

		if (!strcmp(sec->name, ".data")) {
			k->done = bu_get32(sec->data, false);
			continue;
		}
		if (strcmp(sec->name, "xdp"))
			continue;
		k->n = (uint32_t)(sec->size / 8);
		in = calloc(k->n, sizeof(*in));
		for (uint32_t j = 0; j < k->n; j++) {
			bu_insn_decode(&in[j], sec->data + 8 * j, false);
			k->far += in[j].code == BU_OP_JA32;
		}
	}
	for (uint32_t i = 0; !err && i < o.nsyms; i++)
		if (!strcmp(o.syms[i].name, "big"))
			k->add7 = (uint32_t)o.syms[i].size;
	if (in) {
		raw.insns = in;
		raw.n = k->n;
		bu_vm_set_fuel(s, 0);
		err = bu_vm_run_raw(s, &raw, &ctx, r0, &fault);
		if (err)
			printf("# the VM says %d: %s\n", err, fault.text);
	}
	bu_diags_render(&msgs, &ds, BU_DIAG_TEXT, false, "bpf-as");
	if (msgs.n)
		printf("# %.400s\n", bu_buf_cstr(&msgs));
	bu_buf_free(&msgs);
	free(in);
	as_free(&as);
	bu_obj_free(&o);
	as_relax_free(relax);
	bu_diags_free(&ds);
	return !err && k->n;
}

static void try(uint32_t n, uint32_t far, const char *what)
{
	struct block *b = calloc(n, sizeof(*b));
	struct bu_buf t = { 0 };
	struct counts k;
	uint64_t want, r0;

	for (uint32_t i = 0; i < n; i++) {
		/* A few jump anywhere, the others near; most fall through at last. */
		b[i].less = rnd(far) ? (i + rnd(20)) % n : rnd(n);
		b[i].set = rnd(far) ? (i + n - rnd(20)) % n : rnd(n);
		b[i].always = rnd(4) ? UINT32_MAX : rnd(far) ? (i + rnd(9)) % n : rnd(n);
		if (b[i].always != UINT32_MAX) /* so that each block is reached from somewhere */
			b[i].less = (i + 1) % n;
		b[i].pad = rnd(24);
	}
	want = meant(b, n);
	text(&t, b, n);
	r0 = 0;
	if (ok(run(&t, (struct setting){ 0, 0 }, &r0, &k), "%s: assembles and runs with gotol", what)) {
		ok(r0 == want, "%s: means the same (%u instructions)", what, k.n);
		ok(k.far > 0, "%s: %u times gotol", what, k.far);
		ok(k.add7 == 8 * (k.n - 3) && k.done == 8 * (k.n - 4), "%s: sizes and differences follow", what);
	}
	r0 = 0;
	if (ok(run(&t, (struct setting){ 3, 0 }, &r0, &k), "%s: assembles and runs with islands", what)) {
		ok(r0 == want, "%s: islands mean the same (%u instructions)", what, k.n);
		ok(!k.far, "%s: no gotol", what);
		ok(k.add7 == 8 * (k.n - 3) && k.done == 8 * (k.n - 4), "%s: sizes and differences follow", what);
	}
	r0 = 0;
	ok(run(&t, (struct setting){ 0, 0x0601 }, &r0, &k) && r0 == want && !k.far,
	   "%s: the same for a kernel without gotol", what);
	bu_buf_free(&t);
	free(b);
}

/* With an argument: another seed, to go on looking. */
int main(int argc, char **argv)
{
	need_native();
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (!open_world())
		return 0;
	try(1800, 3, "just too far");
	try(5000, 6, "a hundred thousand");
	try(9000, 40, "two hundred thousand");
	close_world();
	return done_testing();
}
