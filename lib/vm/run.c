/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole run. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

int bu_vm_run_prog(struct bu_vm_prog *p, struct bu_vm_ctx *ctx, const struct bu_vm_env *env, uint64_t *r0, struct bu_vm_fault *fault)
{
	return -ENOSYS;
}

int bu_vm_run(struct bu_sys *s, int prog_fd, struct bu_vm_ctx *ctx, const struct bu_vm_env *env, uint64_t *r0, struct bu_vm_fault *fault)
{
	return -ENOSYS;
}

int bu_vm_run_raw(struct bu_sys *s, const struct bu_vm_raw *raw, struct bu_vm_ctx *ctx, uint64_t *r0, struct bu_vm_fault *fault)
{
	return -ENOSYS;
}

uint64_t bu_vm_map_handle(const struct bu_vm_run *run, uint32_t index)
{
	return 0;
}

struct bu_vm_map *bu_vm_map_by_handle(const struct bu_vm_run *run, uint64_t handle)
{
	return NULL;
}

uint64_t bu_vm_inner_handle(struct bu_vm_run *run, struct bu_vm_map *m)
{
	return 0;
}

uint64_t bu_vm_func_handle(const struct bu_vm_prog *p, uint32_t insn)
{
	return 0;
}

