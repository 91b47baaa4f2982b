/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about events and links share. */
#ifndef BU_VM_LINK_H
#define BU_VM_LINK_H

#include "vm/progfile.h"

/* Could this be the name of a tracepoint? event.c */
bool bu_vm_event_name(const char *s);
/* An event by its fd; what is no event is -EBADF. */
int bu_vm_event_by_fd(struct bu_vm *vm, int fd, struct bu_vm_obj **o);
/* May a program be tied to an event? 0, -EINVAL, -EEXIST: it has one. */
int bu_vm_event_accepts(const struct bu_vm_obj *ev, const struct bu_vm_obj *prog);

/* Calls fn for each link, ascending; true stops: 1. 0, or -errno. */
typedef bool bu_vm_link_fn(void *ctx, struct bu_vm_obj *o);
int bu_vm_each_link(struct bu_vm *vm, bu_vm_link_fn *fn, void *ctx);
/* Runs an iterator: an fd (a memfd) from which read(2) gives its output. iter.c */
int bu_vm_iter_run(struct bu_vm *vm, struct bu_vm_obj *link);
/* The program that an interface has by netlink (xdp_set): its id, 0: none. xdp.c */
uint32_t bu_vm_xdp_netlink(struct bu_vm *vm, uint32_t ifindex);

#endif
