/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What perf_event_open and its kin are here. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/private.h"

int bu_vm_op_perf_event_open(struct bu_sys *s, struct perf_event_attr *a, int pid, int cpu, int group, unsigned long flags)
{
	return -ENOSYS;
}

int bu_vm_op_perf_set_bpf(struct bu_sys *s, int event_fd, int prog_fd)
{
	return -ENOSYS;
}

int bu_vm_op_perf_enable(struct bu_sys *s, int event_fd)
{
	return -ENOSYS;
}

int bu_vm_op_tracepoint_id(struct bu_sys *s, const char *category, const char *name)
{
	return -ENOENT;
}

int bu_vm_op_pmu_type(struct bu_sys *s, const char *pmu)
{
	return -ENOENT;
}

int bu_vm_op_pmu_format_bit(struct bu_sys *s, const char *pmu, const char *format)
{
	return -ENOENT;
}

int bu_vm_op_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags, char *extack, size_t extack_size)
{
	return -EOPNOTSUPP;
}

int bu_vm_op_ifindex(struct bu_sys *s, const char *dev)
{
	return -ENODEV;
}

int bu_vm_op_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn, void *ctx)
{
	return 0;
}

int bu_vm_feed(struct bu_sys *s, const char *hook, struct bu_vm_ctx *ctx, const struct bu_vm_env *env, bu_vm_ran_fn *ran, void *ran_ctx)
{
	return -ENOSYS;
}

