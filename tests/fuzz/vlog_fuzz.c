/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged verifier logs through what reads and tells them: no crash, no read outside (build with --enable-sanitizers), no
 * time that grows faster than the log.
 *
 *   vlog_fuzz [ROUNDS [FILE…]]    mutations of each file; without any, of a log made here: a TAP test
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "load/vlog.h"

static uint64_t state = 0x9e3779b97f4a7c15u;
static unsigned sum, told, silent;

static uint32_t rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return n ? (uint32_t)(state >> 11) % n : 0;
}

static const char seed[] =
	"func#0 @0\n0: R1=ctx(off=0,imm=0) R10=fp0\n; int x = *p; @ a.c:12\n"
	"0: (61) r2 = *(u32 *)(r1 +4)          ; R1=ctx() R2_w=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xff))\n"
	"1: (25) if r2 > 0x5 goto pc+1 ; R2_w=5\n2: (85) call pc+2\ncaller:\n R6=fp-8 R10=fp0 fp-8=mmmm??00\ncallee:\n"
	" frame1: R1=fp[0]-4 R10=fp0\n5: frame1: R1=map_value_or_null(id=1,map=m,ks=4,vs=8)\n5: (95) exit\n"
	"returning from callee:\n frame1: R0=3\nto caller at 3:\n R0=3\nfrom 1 to 3: R1=ptr_or_null_task_struct(id=1,off=8,imm=0) "
	"R2=invP7 R3=pkt(id=2,off=14,r=14,umax_value=65535,var_off=(0x0; 0xffff)) R10=fp0 fp-16_w=iter_num(ref_id=1,state=active,depth=0)\n"
	"mark_precise: frame0: regs=r1 stack=-8 before 1\n3: (79) r0 = *(u64 *)(r3 +0)\n"
	"invalid access to packet, off=0 size=8, R3(id=2,off=14,r=14)\nR3 offset is outside of the packet\n"
	"\nVerification failed: Memory Safety: Access outside bounds\n\nReason:\n  a text\n  of two lines\n\nAt:\n  f @ a.c:12:5\n"
	"  Source context:\n  >>> 12 | x\n         | ^-- error: y\n  Instruction context:\n  >>> 3 | (79) r0\n\nCausal path:\n"
	"  f @ a.c:9:1\n       | ^-- update: R3 changed\n  Instruction context:\n  >>> 1 | (25)\n\nSuggestion:\n  mend it\n\n"
	"processed 9 insns (limit 1000000) max_states_per_insn 0\n";

static struct bu_insn insns[] = {
	{ .code = 0x61, .dst = 2, .src = 1, .off = 4 }, { .code = 0x25, .dst = 2, .off = 1, .imm = 5 },
	{ .code = 0x85, .src = 1, .imm = 2 }, { .code = 0x79, .src = 3 }, { .code = 0x95 }, { .code = 0x95 },
};

static void one(const char *log)
{
	static struct bu_code code = { .insn = insns, .ninsns = BU_ARRAY_SIZE(insns) };
	const struct bu_vtell t = { .prog = "f", .code = &code };
	struct bu_buf b = { 0 };
	struct bu_vtold out;
	struct bu_diags ds;
	struct bu_vlog v;
	bool reason = bu_vlog_read(log, &v);

	bu_diags_init(&ds);
	if (bu_vlog_tell(&t, log, &ds, &out)) {
		told++;
		bu_diags_render(&b, &ds, rnd(2) ? BU_DIAG_TEXT : BU_DIAG_JSON, false, "x");
		for (size_t i = 0; i < b.n; i++)
			sum += b.p[i];
	} else {
		silent += reason;
	}
	bu_buf_free(&b);
	bu_diags_free(&ds);
}

static void mutate(char *p, size_t *n, size_t room)
{
	static const char *const words[] = { "from 1 to 3: ", "R3=", "frame9: ", "fp-8=", "(((", ")))", "\n", "0x", "-", "=",
					     "99999999999999999999", "processed ", "Reason:\n", ">>> ", "^-- ", "'", "; " };

	for (unsigned k = 1 + rnd(6); k && *n > 8; k--) {
		size_t at = rnd((uint32_t)*n), len = 1 + rnd(40), to = rnd((uint32_t)*n);
		const char *w = words[rnd(BU_ARRAY_SIZE(words))];

		switch (rnd(5)) {
		case 0:
			p[at] = (char)(1 + rnd(255));
			break;
		case 1:
			if (at + len < *n) {
				memmove(p + at, p + at + len, *n - at - len);
				*n -= len;
			}
			break;
		case 2: /* a part twice */
			if (at + len < *n && to + len < *n)
				memmove(p + to, p + at, len);
			break;
		case 3:
			len = strlen(w);
			if (*n + len < room) {
				memmove(p + at + len, p + at, *n - at);
				memcpy(p + at, w, len);
				*n += len;
			}
			break;
		default:
			if (rnd(8) == 0)
				*n = at;
		}
	}
	p[*n] = '\0';
}

static void rounds(const char *from, size_t size, unsigned long n)
{
	size_t room = size + 512;
	char *p = malloc(room + 1);

	if (!p)
		exit(1);
	for (unsigned long i = 0; i < n; i++) {
		size_t m = size;

		memcpy(p, from, size);
		mutate(p, &m, room);
		one(p);
	}
	free(p);
}

/* Many ways back, each to a jump far away: seconds. */
static double ways_back(unsigned n)
{
	struct bu_buf b = { 0 };
	struct timespec a, z;

	for (unsigned i = 0; i < n; i++)
		bu_buf_str(&b, "1: (25) if r2 > 0x5 goto pc+1\n0: (b7) r0 = 0\n");
	for (unsigned i = 0; i < n; i++)
		bu_buf_str(&b, "from 4 to 5: R0=0\n5: (95) exit\n");
	bu_buf_str(&b, "R0 !read_ok\n");
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	one(bu_buf_cstr(&b));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &z);
	bu_buf_free(&b);
	return (double)(z.tv_sec - a.tv_sec) + (double)(z.tv_nsec - a.tv_nsec) / 1e9;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 3000;
	double small, large;

	rounds(seed, sizeof(seed) - 1, n);
	for (int i = 2; i < argc; i++) {
		struct bu_buf f = { 0 };

		if (bu_file_read(argv[i], 16u << 20, &f) == 0)
			rounds(bu_buf_cstr(&f), f.n, n);
		bu_buf_free(&f);
	}
	small = ways_back(4000);
	large = ways_back(32000);
	printf("%s 1 - %u of the logs had a reason that was told (%u)\n", told > 0 ? "ok" : "not ok", told, sum & 1);
	printf("%s 2 - no reason was lost\n", silent ? "not ok" : "ok");
	printf("%s 3 - eight times the log takes %.1f times the time\n", large < small * 40 + 0.5 ? "ok" : "not ok",
	       small > 0 ? large / small : 0.0);
	printf("1..3\n");
	return 0;
}
