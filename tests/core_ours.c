// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core_ours [-k] OBJECT [BTF]: what bpf-ld's CO-RE makes of the instructions that have such relocations: a line
 * "PROGRAM INDEX: code off imm" each, to be compared with tests/core_peer's. -k: loads the object and
 * leaves CO-RE to the kernel, and the lines are those of the program as the kernel shows it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"
#include "load/priv.h"

static bool has_record(const struct bu_obj *o, const struct bu_code_part *p, uint32_t insn)
{
	uint64_t off = p->sec_off + (uint64_t)(insn - p->start) * BU_INSN_SIZE;

	if (insn < p->start || insn >= p->start + p->n)
		return false;
	for (uint32_t k = 0; k < o->ext.nsec; k++) {
		const struct bu_btfext_sec *e = &o->ext.sec[k];

		for (uint32_t r = 0; r < e->ncore && !strcmp(e->name, o->secs[p->sec].name); r++)
			if (bu_get32(e->core + (size_t)r * e->core_size, o->be) == off)
				return true;
	}
	return false;
}

static void print(const struct bu_plan *p, const struct plan_prog *g, const struct bu_insn *in, uint32_t n)
{
	for (uint32_t i = 0; i < n && i < g->code.ninsns; i++)
		for (uint32_t k = 0; k < g->code.nparts; k++)
			if (has_record(p->obj, &g->code.part[k], i))
				printf("%s %u: %02x %d %d\n", p->obj->progs[g->prog].name, i, in[i].code, in[i].off,
				       in[i].imm);
}

/* The program as the kernel has it. */
static int print_loaded(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *l, unsigned i)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info), n;
	uint8_t *raw;
	struct bu_insn *in;

	if (bu_sys_info(s, l->progs[i].fd, &info, &size) < 0)
		return 1;
	n = info.xlated_prog_len;
	raw = calloc(1, n + 1);
	in = calloc(n / 8 + 1, sizeof(*in));
	memset(&info, 0, sizeof(info));
	info.xlated_prog_len = n;
	info.xlated_prog_insns = bu_ptr64(raw);
	size = sizeof(info);
	if (!raw || !in || bu_sys_info(s, l->progs[i].fd, &info, &size) < 0)
		return 1;
	for (uint32_t k = 0; k < n / 8; k++)
		bu_insn_decode(&in[k], raw + (size_t)k * 8, BU_HOST_BE);
	print(p, &p->priv->progs[i], in, n / 8);
	free(raw);
	free(in);
	return 0;
}

int main(int argc, char **argv)
{
	bool loads = argc > 1 && !strcmp(argv[1], "-k");
	struct bu_load_opts opts = { .no_attach = true, .core_in_kernel = loads };
	struct bu_sys *sys = NULL;
	struct bu_diags ds;
	struct bu_obj obj;
	struct bu_plan plan;
	struct bu_loaded made;
	int rc = 0;

	argv += 1 + loads;
	if (!argv[0])
		return 2;
	opts.btf = argv[1];
	bu_diags_init(&ds);
	bu_obj_init(&obj);
	if (bu_obj_read_file(&obj, argv[0], &ds) || bu_obj_index(&obj, &ds) ||
	    bu_backend_open(&sys, BU_BACKEND_KERNEL, NULL, 0, &ds))
		rc = 1;
	if (!rc) {
		rc = bu_plan_make(&plan, &obj, &opts, sys, &ds) != 0;
		if (!rc && loads) {
			rc = bu_load_run(&plan, sys, &made, &ds) != 0;
			for (unsigned i = 0; !rc && i < made.nprogs; i++)
				rc = print_loaded(&plan, sys, &made, i);
			if (!rc)
				bu_loaded_close(sys, &made, &ds);
		}
		for (unsigned i = 0; !rc && !loads && i < plan.priv->nprogs; i++)
			print(&plan, &plan.priv->progs[i], plan.priv->progs[i].code.insn,
			      plan.priv->progs[i].code.ninsns);
		bu_plan_free(&plan);
	}
	for (struct bu_diag *d = ds.first; d; d = d->next)
		fprintf(stderr, "core_ours: %s\n", d->text);
	bu_obj_free(&obj);
	if (sys)
		sys->ops->destroy(sys);
	bu_diags_free(&ds);
	return rc;
}
