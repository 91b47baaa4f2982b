/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* attach: what attach.c and blame.c share. */
#ifndef BU_ATTACH_H
#define BU_ATTACH_H

#include "sys/sys.h"

/* One attachment in the making. */
struct bu_attaching {
	struct bu_sys *s;
	const struct bu_attach *at;
	int prog_fd;
	enum bu_attach_via via;
	struct bu_attached *out;
	struct bu_diags *ds;
};

/*
 * Each adds one error record that says why the step failed, and returns the -errno that
 * bu_sys_attach is to return: err itself, or -EOPNOTSUPP where this kernel cannot do it at all.
 */
int bu_blame_pmu(struct bu_attaching *c, const char *pmu, int err);
int bu_blame_event(struct bu_attaching *c, int err);  /* perf_event_open, enable */
int bu_blame_bind(struct bu_attaching *c, int err);   /* program to event */
int bu_blame_tracepoint(struct bu_attaching *c, int err);
int bu_blame_raw_tp(struct bu_attaching *c, int err);
int bu_blame_symbol(struct bu_attaching *c, int err, const char *near); /* uprobe's ELF */
int bu_blame_device(struct bu_attaching *c, int err);
/* cmd: BPF_LINK_CREATE or BU_CMD_NETLINK; words: the driver's, or "". */
int bu_blame_xdp(struct bu_attaching *c, int cmd, int err, const char *words);

#endif
