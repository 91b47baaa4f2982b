/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random instructions, most of them such as there are: what the check lets pass is run, with little fuel, and has
 * to end with a result or a fault that has words. ROUNDS and a seed as arguments.
 */
#include "../unit/vm_run.h"

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static uint32_t make(struct bu_insn *in, uint32_t n)
{
	uint32_t i = 0;

	/* Registers that hold something, some of it addresses. */
	for (uint8_t r = 0; r < 10; r++)
		if (r != 1)
			in[i++] = rnd() & 1 ? (struct bu_insn)MOVR(r, rnd() & 1 ? 10 : 1) :
					      (struct bu_insn)MOV(r, (int32_t)rnd());
	while (i < n) {
		const struct bu_isa *row = &bu_isa_rows[rnd() % bu_isa_nrows];
		struct bu_insn *x = &in[i++];

		*x = (struct bu_insn){ .code = row->code };
		if (row->uses & BU_USES_DST)
			x->dst = (uint8_t)(rnd() % (rnd() % 64 ? 10 : 16));
		if (row->uses & BU_USES_SRC)
			x->src = (uint8_t)(rnd() % (rnd() % 64 ? 11 : 16));
		if (row->uses & BU_USES_OFF)
			x->off = (int16_t)(rnd() & 1 ? (int)(rnd() % 32) - 16 : -(int)(rnd() % 520));
		if (row->uses & BU_USES_IMM)
			x->imm = rnd() & 1 ? (int32_t)(rnd() % 64) : (int32_t)rnd();
		if (row->key == BU_KEY_SRC)
			x->src = (uint8_t)row->keyval;
		if (row->key == BU_KEY_OFF)
			x->off = (int16_t)row->keyval;
		if (row->key == BU_KEY_IMM)
			x->imm = row->keyval;
		if (row->sem >= BU_SEM_JA && row->sem <= BU_SEM_JSLE)
			x->off = (int16_t)(rnd() % 12) - 3;
		if (row->sem == BU_SEM_CALL_LOCAL || x->code == BU_OP_JA32)
			x->imm = (int32_t)(rnd() % (n - i + 1));
		if (row->sem == BU_SEM_EXIT && rnd() % 8)
			i--;
		if (x->code == BU_OP_LD_IMM64 && i < n)
			in[i++] = (struct bu_insn){ .imm = (int32_t)rnd() };
	}
	in[n - 1] = (struct bu_insn)EXIT;
	return n;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000, ran = 0, faults = 0, bad = 0;
	static struct bu_insn in[64];

	if (argc > 2)
		state = strtoull(argv[2], NULL, 0) | 1;
	if (!open_world())
		return 0;
	bu_vm_set_fuel(s, 20000);
	for (unsigned long k = 0; k < rounds; k++) {
		uint8_t mem[64] = { 0 };
		struct bu_vm_raw raw = { .insns = in, .n = make(in, 16 + (uint32_t)(rnd() % 24)) };
		struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_MEM, .bytes = mem, .size = sizeof(mem) };
		struct bu_vm_fault f = { 0 };
		uint64_t r0;
		int err = bu_vm_run_raw(s, &raw, &ctx, &r0, &f);

		ran += !err || err == -EFAULT;
		faults += err == -EFAULT;
		if (err == -EFAULT && (!f.kind || strncmp(f.text, "insn ", 5) || f.insn >= raw.n))
			bad++;
	}
	ok(ran > rounds / 1000, "%lu of %lu programs ran, %lu to a fault", ran, rounds, faults);
	ok(!bad, "each fault has its instruction and its words");
	close_world();
	return done_testing();
}
