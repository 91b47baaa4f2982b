/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The operations of the backend beside bpf(2), by file. */
#ifndef BU_VM_PRIVATE_H
#define BU_VM_PRIVATE_H

#include "vm/world.h"

/* world.c: fills vm or undoes itself. */
int bu_vm_world_open(struct bu_vm *vm, const struct bu_vm_options *opts, struct bu_diags *ds);
void bu_vm_world_close(struct bu_vm *vm);

/* pin.c */
int bu_vm_op_pin_prepare(struct bu_sys *s, const char *path, bool no_mount);
int bu_vm_op_pin_mkdir(struct bu_sys *s, const char *dir);
int bu_vm_op_pin_rmdir(struct bu_sys *s, const char *dir);
int bu_vm_op_unpin(struct bu_sys *s, const char *path);
int bu_vm_op_pins(struct bu_sys *s, bu_pin_fn *fn, void *ctx);
int bu_vm_op_holders(struct bu_sys *s, bu_holder_fn *fn, void *ctx);
int bu_vm_op_events(struct bu_sys *s, bu_event_fn *fn, void *ctx);
int bu_vm_op_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id);
int bu_vm_op_fdinfo(struct bu_sys *s, int fd, char *text, size_t room);

/* mmap.c */
void *bu_vm_op_mmap(struct bu_sys *s, int fd, size_t len, bool writable, uint64_t off, int *err);
int bu_vm_op_munmap(struct bu_sys *s, void *p, size_t len);
int bu_vm_op_wait(struct bu_sys *s, const int *fds, unsigned n, int timeout_ms);

/* event.c */
int bu_vm_op_perf_event_open(struct bu_sys *s, struct perf_event_attr *a, int pid, int cpu,
			     int group, unsigned long flags);
int bu_vm_op_perf_set_bpf(struct bu_sys *s, int event_fd, int prog_fd);
int bu_vm_op_perf_enable(struct bu_sys *s, int event_fd);
int bu_vm_op_tracepoint_id(struct bu_sys *s, const char *category, const char *name);
int bu_vm_op_pmu_type(struct bu_sys *s, const char *pmu);
int bu_vm_op_pmu_format_bit(struct bu_sys *s, const char *pmu, const char *format);
int bu_vm_op_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags,
		     char *extack, size_t extack_size);
int bu_vm_op_net_devs(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx);
int bu_vm_op_net_filters(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx);
int bu_vm_op_ifindex(struct bu_sys *s, const char *dev);
int bu_vm_op_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn,
		   void *ctx);

/* vmstats.c: does somebody want runs to be counted? To be asked when root->stats is set. */
bool bu_vm_stats_wanted(struct bu_vm *vm);

/* What feed.c, event.c and vmbtf.c keep in vm. */
void bu_vm_feed_close(struct bu_vm *vm);
void bu_vm_events_close(struct bu_vm *vm);
void bu_vm_btf_close(struct bu_vm *vm);

/* vmbtf.c */
int bu_vm_op_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size);

#endif
