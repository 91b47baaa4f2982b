/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explain: why a call was refused. explain.def lists the checks by command and errno; each looks at what can be
 * known (facts of the caller, the attribute, the kernel's configuration, a probe), and tells when it holds.
 *
 *   explain.c        the driver, the capabilities, seccomp, lockdown: what any call may meet
 *   explain_prog.c   loading programs, helpers
 *   explain_map.c    making maps and their elements
 *   explain_obj.c    pins, ids, links, events
 */
#ifndef BU_EXPLAIN_H
#define BU_EXPLAIN_H

#include "sys/sys.h"

enum { BU_CAP_NET_ADMIN = 12, BU_CAP_SYS_ADMIN = 21, BU_CAP_PERFMON = 38, BU_CAP_BPF = 39 };
#define BU_CAP(n) (UINT64_C(1) << (n))

struct bu_why {
	struct bu_sys *s;
	struct bu_diags *ds;
	struct bu_diag *d;
	int cmd, err;             /* err > 0 */
	const union bpf_attr *a;  /* may be NULL */
	const struct bu_refused *r;
	struct bu_sys_facts f;
	bool kernel;              /* the kernel answered, not the VM */
	bool probe;               /* it may be asked further */
};
#define why_note(x, ...) bu_diag_note((x)->ds, (x)->d, __VA_ARGS__)
#define why_help(x, ...) bu_diag_help((x)->ds, (x)->d, __VA_ARGS__)

/* A check: true when it has told the cause, so that no other one is asked. */
typedef bool bu_why_fn(struct bu_why *x);
#define BU_WHY(cmd, err, fn) bu_why_fn bu_why_##fn;
#include "sys/explain.def"
#undef BU_WHY

void bu_why_facts(struct bu_sys *s, struct bu_sys_facts *f);
/* "CAP_BPF, CAP_PERFMON" for bits. */
void bu_why_cap_names(struct bu_buf *out, uint64_t caps);
/* What of need this caller lacks, as the kernel counts: CAP_SYS_ADMIN holds the others for bpf(2). */
uint64_t bu_why_missing(const struct bu_why *x, uint64_t need);
/* Tells that the build option is off; false: it is on, or not known. */
bool bu_why_option(struct bu_why *x, const char *option, const char *what);
/* Is the kernel's release known and older than major<<8|minor? */
bool bu_why_older(const struct bu_why *x, uint16_t since);
/* Tells what lockdown is set to; false: it is off or not known. */
bool bu_why_locked(struct bu_why *x);
/* Capabilities that a program type, a map type takes. */
uint64_t bu_why_prog_caps(uint32_t type);
uint64_t bu_why_map_caps(uint32_t type);

#endif
