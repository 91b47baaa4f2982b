/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The VM backend: opening a world, and the table of operations. */
#include "vm/timer.h"
#include "vm/cmd.h"
#include "vm/life.h"
#include "vm/private.h"
#include "vm/run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * The last descriptor of an object ends it, so its file goes at once: a large map's memory should not
 * wait for the next scan. Other ends (exit, close(2)) are found by it.
 */
static int vm_close(struct bu_sys *s, int fd)
{
	struct bu_vm_obj *o = NULL;
	uint32_t kind = 0, id = 0;
	struct stat st;

	if (!fstat(fd, &st) && st.st_dev == bu_vm(s)->dev && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
	    !bu_vm_obj_by_fd(bu_vm(s), fd, -1, &o, NULL)) {
		kind = o->kind;
		id = o->id;
		bu_vm_obj_put(o);
	}
	if (close(fd))
		return -errno;
	if (id)
		bu_vm_life_reap(bu_vm(s), kind, id);
	return 0;
}

static void vm_destroy(struct bu_sys *s)
{
	bu_vm_set(s, NULL, NULL, NULL);
	bu_vm_uaccess_close(bu_vm(s));
	bu_vm_timers_close(bu_vm(s));
	bu_vm_feed_close(bu_vm(s));
	bu_vm_events_close(bu_vm(s));
	bu_vm_btf_close(bu_vm(s));
	bu_vm_world_close(bu_vm(s));
	free(s);
}

static int vm_possible_cpus(struct bu_sys *s)
{
	return (int)bu_vm(s)->root->ncpus;
}

/* Devices have neither traffic control nor routes nor sockets. */
static bool vm_has_hook(struct bu_sys *s, enum bu_hook hook)
{
	(void)s;
	switch (bu_hook_prog_type(hook)) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_XDP:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_SOCK_OPS:
	case BPF_PROG_TYPE_SK_SKB:
	case BPF_PROG_TYPE_SK_MSG:
	case BPF_PROG_TYPE_SK_LOOKUP:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_NETFILTER:
		return true;
	case BPF_PROG_TYPE_SCHED_CLS:
		return hook == BU_HOOK_TCX_INGRESS || hook == BU_HOOK_TCX_EGRESS || hook == BU_HOOK_NETKIT_PRIMARY ||
		       hook == BU_HOOK_NETKIT_PEER;
	default: /* and what is loaded for a place in the kernel's code says so by itself */
		return hook == BU_HOOK_STRUCT_OPS || hook == BU_HOOK_LSM || hook == BU_HOOK_LSM_CGROUP || hook == BU_HOOK_FREPLACE;
	}
}

static const struct bu_sys_ops ops = {
	.name = "vm",
	.destroy = vm_destroy,
	.bpf = bu_vm_bpf,
	.close = vm_close,
	.mmap = bu_vm_op_mmap,
	.munmap = bu_vm_op_munmap,
	.wait = bu_vm_op_wait,
	.perf_event_open = bu_vm_op_perf_event_open,
	.perf_set_bpf = bu_vm_op_perf_set_bpf,
	.perf_enable = bu_vm_op_perf_enable,
	.tracepoint_id = bu_vm_op_tracepoint_id,
	.pmu_type = bu_vm_op_pmu_type,
	.pmu_format_bit = bu_vm_op_pmu_format_bit,
	.xdp_set = bu_vm_op_xdp_set,
	.ifindex = bu_vm_op_ifindex,
	.pin_prepare = bu_vm_op_pin_prepare,
	.pin_mkdir = bu_vm_op_pin_mkdir,
	.pin_rmdir = bu_vm_op_pin_rmdir,
	.unpin = bu_vm_op_unpin,
	.pins = bu_vm_op_pins,
	.holders = bu_vm_op_holders,
	.events = bu_vm_op_events,
	.vmlinux_btf = bu_vm_op_vmlinux_btf,
	.possible_cpus = vm_possible_cpus,
	.fd_kind = bu_vm_op_fd_kind,
	.fdinfo = bu_vm_op_fdinfo,
	.names = bu_vm_op_names,
	.has_hook = vm_has_hook,
	.target_open = bu_sys_target_open,
	.netns_set = bu_sys_netns_set,
	.net_devs = bu_vm_op_net_devs,
	.net_filters = bu_vm_op_net_filters,
};

bool bu_vm_is(const struct bu_sys *s)
{
	return s && s->ops == &ops;
}

const char *bu_vm_path(const struct bu_sys *s)
{
	return ((const struct bu_vm *)s)->path;
}

int bu_vm_open(struct bu_sys **s, const struct bu_vm_options *opts, struct bu_diags *ds)
{
	struct bu_vm *vm = calloc(1, sizeof(*vm));
	int err;

	*s = NULL;
	if (!vm)
		return -ENOMEM;
	vm->sys.ops = &ops;
	vm->member = -1;
	vm->run_no = 1;
	vm->fuel = 1u << 30;
	err = bu_vm_world_open(vm, opts, ds);
	if (err) {
		free(vm);
		return err;
	}
	*s = &vm->sys;
	return 0;
}

const struct bu_vm_fault *bu_vm_last_fault(const struct bu_sys *s)
{
	const struct bu_vm *vm = (const struct bu_vm *)s;

	return vm->last_fault.kind ? &vm->last_fault : NULL;
}

void bu_vm_set_fuel(struct bu_sys *s, uint64_t fuel)
{
	bu_vm(s)->fuel = fuel ? fuel : 1u << 30;
}
