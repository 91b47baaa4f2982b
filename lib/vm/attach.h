/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs at control groups, devices, network namespaces and socket maps: by PROG_ATTACH and by links, in one order. */
#ifndef BU_VM_ATTACH_H
#define BU_VM_ATTACH_H

#include "vm/link.h"

#define BU_VM_ATTACH_MAX 64u

enum bu_vm_family {
	BU_VM_AT_NONE, BU_VM_AT_CGROUP, BU_VM_AT_DEVICE /* tcx, netkit */, BU_VM_AT_SOCKMAP, BU_VM_AT_NETNS, BU_VM_AT_NETFILTER,
};

struct bu_vm_at {
	uint32_t type;   /* of attachment */
	uint64_t target; /* id of the group, the device with its namespace, the map, the namespace */
};

struct bu_vm_spot {
	struct bu_vm_obj *o;      /* a link, or an event of type BU_VM_ATTACHED */
	uint32_t prog_id, flags;
	uint64_t order;
};

struct bu_vm_spots {
	struct bu_vm_spot v[2 * BU_VM_ATTACH_MAX];
	unsigned n;
	uint64_t revision; /* changes so far + 1 */
};

enum bu_vm_family bu_vm_at_family(uint32_t attach_type);
/* The program type that an attach type takes, BPF_PROG_TYPE_UNSPEC: none. cmd_link.c */
uint32_t bu_vm_type_of_attach(uint32_t at);
/* bpf_prog_attach_check_attach_type. cmd_link.c */
int bu_vm_attach_check_type(const struct bu_vm_obj *prog, uint32_t at);

/* Targets by what the caller gives: 0, or the kernel's errno. dir: an open directory of the group. */
int bu_vm_at_cgroup(int fd, uint64_t *id);
int bu_vm_at_device(uint32_t ifindex, uint32_t type, uint64_t *id);
int bu_vm_at_netns(int fd, uint64_t *id); /* -1: this process's */
int bu_vm_at_sockmap(struct bu_vm *vm, int fd, uint64_t *id);

/* All of these under W/lock. */
/* What is there, in order; each has a reference. */
void bu_vm_spots_get(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_spots *s);
/* Of a socket map stream_verdict and verdict stand in each other's way: 0, -EBUSY. */
int bu_vm_other_verdict(struct bu_vm *vm, const struct bu_vm_at *at);
void bu_vm_spots_put(struct bu_vm_spots *s);
/* A new place at index i (others move back): its order; new ones are made with it. */
uint64_t bu_vm_spots_open(struct bu_vm_spots *s, unsigned i);
/* An attachment of its own, without link. */
int bu_vm_spot_make(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_obj *prog, uint32_t flags, uint64_t order);
int bu_vm_spot_replace(struct bu_vm *vm, struct bu_vm_spot *s, struct bu_vm_obj *prog, uint32_t flags);
int bu_vm_spot_remove(struct bu_vm *vm, struct bu_vm_spot *s);
/* A list was changed. */
void bu_vm_revise(struct bu_vm *vm, const struct bu_vm_at *at);

struct bu_vm_attach {
	struct bu_vm_obj *prog;   /* to be attached, or NULL */
	struct bu_vm_obj *link_of; /* detach: the link whose place it is */
	bool link;                /* the new one is a link's */
	struct bu_vm_obj *old;    /* BPF_F_REPLACE */
	uint32_t flags, relative;
	uint64_t revision;
};
/* Where a program or a link is to stand: 0, index *i, and *replace when it is in the place of what is there. */
int bu_vm_cgroup_place(struct bu_vm *vm, const struct bu_vm_at *at, int fd, const struct bu_vm_spots *s,
		       const struct bu_vm_attach *a, unsigned *i, bool *replace);
int bu_vm_mprog_place(struct bu_vm *vm, const struct bu_vm_spots *s, const struct bu_vm_attach *a, unsigned *i,
		      bool *replace);
int bu_vm_mprog_find(struct bu_vm *vm, const struct bu_vm_spots *s, const struct bu_vm_attach *a, unsigned *i);

/* cmd_netlink.c: LINK_CREATE of these families: the fd or -errno. */
int bu_vm_spot_link(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog);
/* cmd_link.c: publishes a link. */
int bu_vm_link_make(struct bu_vm *vm, const struct bu_vm_link_attr *l, const struct bu_vm_obj *event);

#endif
