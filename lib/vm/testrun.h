/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_TEST_RUN: what the program types share. */
#ifndef BU_VM_TESTRUN_H
#define BU_VM_TESTRUN_H

#include "vm/progfile.h"

struct bu_vm_job {
	struct bu_vm *vm;
	struct bu_vm_prog *p;
	union bpf_attr *a, *user;
	struct bu_vm_ctx ctx;
	void (*before)(struct bu_vm_job *j); /* each run, or NULL */
	uint64_t r0;
	uint32_t duration;
};

/* Runs it as often as is wanted. */
int bu_vm_job_run(struct bu_vm_job *j);
/* To the caller: the result; packet and result; context. */
int bu_vm_job_result(struct bu_vm_job *j, bool with_duration);
int bu_vm_job_finish(struct bu_vm_job *j, const uint8_t *data, uint32_t size, uint32_t frags);
int bu_vm_job_ctx_out(struct bu_vm_job *j, const uint8_t *ctx, uint32_t size);
/* From the caller, for free: a context of at most max bytes; *ctx NULL when none is given and none is wanted. */
int bu_vm_job_ctx_in(struct bu_vm_job *j, uint32_t max, uint8_t **ctx);

/* testtype.c */
int bu_vm_test_sk_lookup(struct bu_vm_job *j);
int bu_vm_test_flow(struct bu_vm_job *j);
int bu_vm_test_netfilter(struct bu_vm_job *j);
/* What the kernel has no way to run by hand: where a context is given. */
int bu_vm_test_type(struct bu_vm_job *j);

#endif
