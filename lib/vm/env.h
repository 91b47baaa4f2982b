/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What options said of runs; kept with the backend, for runs that are given no environment of their own. */
#ifndef BU_VM_ENV_H
#define BU_VM_ENV_H

#include "vm/run.h"

struct bu_vm_settings {
	struct bu_vm_env env;
	uint32_t ncpus;
	bool pid_given, comm_given;
	bool fakes;                /* some helper is faked: */
	bool faked[256];           /* by number */
	uint64_t fake[256];
	uint64_t cgroups[16], kstack[128], ustack[128];
	char sysctl[3][128];
	struct bu_vm_sock socks[16];
	struct bu_vm_route routes[16];
};

/* Is the helper faked? */
static inline bool bu_vm_faked(const struct bu_vm *vm, int32_t id)
{
	return vm->settings && vm->settings->fakes && id > 0 && (uint32_t)id < BU_ARRAY_SIZE(vm->settings->faked) &&
	       vm->settings->faked[id];
}

#endif
