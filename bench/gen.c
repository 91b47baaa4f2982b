/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a program for the assembler benchmark: gen N DIALECT [distinct], DIALECT "c" (the canonical
 * dialect, which llvm-mc takes too) or "gnu" (gas). The same N gives the same instructions in both, on
 * every machine. With distinct no immediate but those of shifts comes twice, and offsets are any of 30,000,
 * so that few lines with a number are the same; else most are, as in a compiler's output.
 *
 * Of 100 instructions 34 are arithmetic, 22 loads, 14 stores, 4 atomics, 16 jumps to labels, 4
 * calls of helpers, 2 of functions and 4 ld_imm64, half of them map references. A function has 256.
 * It is text to assemble, such as a compiler could write, but not a program that a verifier takes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FUNC = 256, MAPS = 8, AHEAD = 24 };

static uint64_t state = 0x9e3779b97f4a7c15u;

static unsigned rnd(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % n;
}

static const struct {
	const char *c, *gnu;
} alu[] = {
	{ "+=", "add" }, { "-=", "sub" }, { "*=", "mul" }, { "|=", "or" }, { "&=", "and" },
	{ "^=", "xor" }, { "<<=", "lsh" }, { ">>=", "rsh" }, { "s>>=", "arsh" }, { "=", "mov" },
}, jmp[] = {
	{ "==", "jeq" }, { "!=", "jne" }, { ">", "jgt" }, { ">=", "jge" }, { "<", "jlt" },
	{ "<=", "jle" }, { "s>", "jsgt" }, { "s<", "jslt" }, { "&", "jset" },
}, width[] = {
	{ "u8", "b" }, { "u16", "h" }, { "u32", "w" }, { "u64", "dw" },
};
#define N(a) (sizeof(a) / sizeof((a)[0]))

static int gnu, distinct;

/* An immediate: below n, or one that no other line has. */
static unsigned number(unsigned n)
{
	static unsigned last = 1000000;
	unsigned v = rnd(n);

	return distinct ? ++last : v;
}

static unsigned offset(void)
{
	return rnd(distinct ? 30000 : 512);
}

static void put_alu(void)
{
	unsigned op = rnd(N(alu)), dst = rnd(10), src = rnd(10), imm = rnd(31) + 1;
	int wide = rnd(4) != 0, reg = rnd(2);
	char r = wide ? 'r' : 'w';

	if (distinct && strncmp(alu[op].gnu, "lsh", 3) && !strstr(alu[op].gnu, "rsh"))
		imm = number(1);

	if (gnu && reg)
		printf("\t%s%s %%r%u,%%r%u\n", alu[op].gnu, wide ? "" : "32", dst, src);
	else if (gnu)
		printf("\t%s%s %%r%u,%u\n", alu[op].gnu, wide ? "" : "32", dst, imm);
	else if (reg)
		printf("\t%c%u %s %c%u\n", r, dst, alu[op].c, r, src);
	else
		printf("\t%c%u %s %u\n", r, dst, alu[op].c, imm);
}

static void put_load(void)
{
	unsigned w = rnd(N(width)), dst = rnd(10), src = rnd(10), off = offset();

	if (gnu)
		printf("\tldx%s %%r%u,[%%r%u+%u]\n", width[w].gnu, dst, src, off);
	else
		printf("\tr%u = *(%s *)(r%u + %u)\n", dst, width[w].c, src, off);
}

static void put_store(void)
{
	unsigned w = rnd(N(width)), dst = rnd(10), src = rnd(10), off = offset();

	if (dst == 10) /* the stack: aligned, within 512 bytes */
		off = 8 * (1 + rnd(64));
	if (gnu)
		printf("\tstx%s [%%r%u+-%u],%%r%u\n", width[w].gnu, dst, off, src);
	else
		printf("\t*(%s *)(r%u - %u) = r%u\n", width[w].c, dst, off, src);
}

static void put_atomic(void)
{
	unsigned w = 2 + rnd(2), dst = rnd(10), src = rnd(10), off = rnd(distinct ? 3700 : 64) * 8;

	if (gnu)
		printf("\txadd%s [%%r%u+%u],%%r%u\n", width[w].gnu, dst, off, src);
	else if (w == 3)
		printf("\tlock *(u64 *)(r%u + %u) += r%u\n", dst, off, src);
	else
		printf("\tlock *(u32 *)(r%u + %u) += w%u\n", dst, off, src);
}

static void put_jump(unsigned label)
{
	unsigned op = rnd(N(jmp) + 1), dst = rnd(10), src = rnd(10), imm = number(1000);
	int reg = rnd(2);

	if (op == N(jmp) && gnu)
		printf("\tja .L%u\n", label);
	else if (op == N(jmp))
		printf("\tgoto .L%u\n", label);
	else if (gnu && reg)
		printf("\t%s %%r%u,%%r%u,.L%u\n", jmp[op].gnu, dst, src, label);
	else if (gnu)
		printf("\t%s %%r%u,%u,.L%u\n", jmp[op].gnu, dst, imm, label);
	else if (reg)
		printf("\tif r%u %s r%u goto .L%u\n", dst, jmp[op].c, src, label);
	else
		printf("\tif r%u %s %u goto .L%u\n", dst, jmp[op].c, imm, label);
}

static void put_imm64(void)
{
	unsigned dst = rnd(10), map = rnd(2 * MAPS);
	uint64_t imm = (uint64_t)rnd(1u << 30) << 32 | rnd(1u << 30);

	if (map < MAPS && gnu)
		printf("\tlddw %%r%u,map%u\n", dst, map);
	else if (map < MAPS)
		printf("\tr%u = map%u ll\n", dst, map);
	else if (gnu)
		printf("\tlddw %%r%u,0x%llx\n", dst, (unsigned long long)imm);
	else
		printf("\tr%u = 0x%llx ll\n", dst, (unsigned long long)imm);
}

/* One instruction; label is where a jump may go, nfuncs how many functions there are. */
static void put(unsigned label, unsigned nfuncs)
{
	unsigned k = rnd(100);

	if (k < 34)
		put_alu();
	else if (k < 56)
		put_load();
	else if (k < 70)
		put_store();
	else if (k < 74)
		put_atomic();
	else if (k < 90)
		put_jump(label);
	else if (k < 94)
		printf("\tcall %u\n", 1 + rnd(100));
	else if (k < 96)
		printf("\tcall f%u\n", rnd(nfuncs));
	else
		put_imm64();
}

int main(int argc, char **argv)
{
	unsigned long n = argc == 3 || argc == 4 ? strtoul(argv[1], NULL, 0) : 0;
	unsigned nfuncs = (unsigned)((n + FUNC - 1) / FUNC), label = 0;

	if (!n || n > 100000000 || (strcmp(argv[2], "c") && strcmp(argv[2], "gnu"))) {
		fprintf(stderr, "usage: gen INSTRUCTIONS c|gnu [distinct]\n");
		return 2;
	}
	distinct = argc == 4;
	gnu = argv[2][0] == 'g';
	printf("\t.section maps,\"aw\"\n");
	for (int m = 0; m < MAPS; m++)
		printf("map%d:\n\t.long 1,4,8,64,0\n", m);
	printf("\t.text\n");
	for (unsigned f = 0; f < nfuncs; f++) {
		unsigned len = f + 1 < nfuncs ? FUNC : (unsigned)(n - (unsigned long)f * FUNC);
		unsigned to = 0; /* the label in front of us, at instruction `to` of this function */

		printf("\t.globl f%u\n\t.type f%u,@function\nf%u:\n", f, f, f);
		for (unsigned i = 0; i + 1 < len; i++) {
			if (i == to) {
				printf(".L%u:\n", label++);
				to = i + 1 + rnd(AHEAD) % 14;
				if (to > len - 1)
					to = len - 1;
			}
			put(label, nfuncs);
		}
		printf(".L%u:\n\texit\n", label++);
	}
	return ferror(stdout) || fclose(stdout) ? 1 : 0;
}
