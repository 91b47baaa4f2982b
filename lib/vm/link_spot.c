/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links of control groups, devices, network namespaces, socket maps and netfilter. */
#include "vm/attach.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CGROUP_FLAGS (BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK | BPF_F_PREORDER)
#define NF_HOOKS 5u
#define NF_DEFRAG_PRIORITY (-400)

struct want {
	struct bu_vm *vm;
	const union bpf_attr *a;
	struct bu_vm_obj *prog;
	struct bu_vm_link_attr l;
	struct bu_vm_at at;
	struct bu_vm_spots s;
};

/* The link at index i of its list. */
static int make(struct want *w, unsigned i)
{
	int fd;

	w->l.target = w->at.target;
	w->l.order = bu_vm_spots_open(&w->s, i);
	fd = bu_vm_link_make(w->vm, &w->l, NULL);
	if (fd >= 0)
		bu_vm_revise(w->vm, &w->at);
	return fd;
}

static int at_cgroup(struct want *w)
{
	struct bu_vm_attach t = {
		.prog = w->prog, .link = true, .flags = w->a->link_create.flags | BPF_F_ALLOW_MULTI,
		.relative = w->a->link_create.cgroup.relative_fd, .revision = w->a->link_create.cgroup.expected_revision,
	};
	bool replace;
	unsigned i;
	int err;

	w->l.type = BPF_LINK_TYPE_CGROUP;
	w->l.attach_flags = BPF_F_ALLOW_MULTI | (w->a->link_create.flags & BPF_F_PREORDER);
	err = bu_vm_cgroup_place(w->vm, &w->at, (int)w->a->link_create.target_fd, &w->s, &t, &i, &replace);
	return err ? err : make(w, i);
}

static int at_device(struct want *w)
{
	struct bu_vm_attach t = {
		.prog = w->prog, .link = true, .flags = w->a->link_create.flags,
		.relative = w->a->link_create.tcx.relative_fd, .revision = w->a->link_create.tcx.expected_revision,
	};
	bool replace;
	unsigned i;
	int err;

	w->l.type = w->at.type == BPF_NETKIT_PRIMARY || w->at.type == BPF_NETKIT_PEER ? BPF_LINK_TYPE_NETKIT :
										   BPF_LINK_TYPE_TCX;
	w->l.ifindex = w->a->link_create.target_ifindex;
	err = bu_vm_mprog_place(w->vm, &w->s, &t, &i, &replace);
	if (!err && replace)
		err = -EINVAL;
	return err ? err : make(w, i);
}

static int at_netns(struct want *w)
{
	w->l.type = BPF_LINK_TYPE_NETNS;
	if (w->s.n >= (w->at.type == BPF_FLOW_DISSECTOR ? 1u : BU_VM_ATTACH_MAX))
		return w->s.v[0].o->kind == BU_VM_LINK ? -E2BIG : -EEXIST;
	return make(w, w->s.n);
}

static int at_sockmap(struct want *w)
{
	int err = bu_vm_other_verdict(w->vm, &w->at);

	if (err)
		return err;
	w->l.type = BPF_LINK_TYPE_SOCKMAP;
	w->l.map_id = (uint32_t)w->at.target;
	if (w->s.n && w->s.v[0].o->kind == BU_VM_LINK)
		return -EBUSY;
	for (unsigned i = 0; i < w->s.n; i++) { /* what PROG_ATTACH put there gives way */
		err = bu_vm_spot_remove(w->vm, &w->s.v[i]);
		if (err)
			return err;
	}
	bu_vm_spots_put(&w->s);
	return make(w, 0);
}

/* Two at one hook do not have the same priority. */
static int at_netfilter(struct want *w)
{
	w->l.type = BPF_LINK_TYPE_NETFILTER;
	for (unsigned i = 0; i < w->s.n; i++) {
		const struct bu_vm_link_attr *o = &w->s.v[i].o->h.link;

		if (o->pf == w->l.pf && o->hooknum == w->l.hooknum && o->priority == w->l.priority)
			return -EBUSY;
	}
	return make(w, w->s.n);
}

static int check_netfilter(struct want *w)
{
	const union bpf_attr *a = w->a;
	uint32_t pf = a->link_create.netfilter.pf, flags = a->link_create.netfilter.flags;
	int32_t priority = a->link_create.netfilter.priority;

	switch (pf) {
	case 2: /* NFPROTO_IPV4 */
	case 10: /* NFPROTO_IPV6 */
		if (a->link_create.netfilter.hooknum >= NF_HOOKS)
			return -EPROTO;
		break;
	default:
		return -EAFNOSUPPORT;
	}
	if (flags & ~(uint32_t)BPF_F_NETFILTER_IP_DEFRAG)
		return -EOPNOTSUPP;
	if (priority == INT_MIN || priority == INT_MAX || (flags && priority <= NF_DEFRAG_PRIORITY))
		return -ERANGE;
	w->l.pf = pf;
	w->l.hooknum = a->link_create.netfilter.hooknum;
	w->l.priority = priority;
	w->l.flags = flags;
	return bu_vm_at_netns(-1, &w->at.target);
}

static int find_target(struct want *w)
{
	uint32_t flags = w->a->link_create.flags;
	int fd = (int)w->a->link_create.target_fd;

	switch (bu_vm_at_family(w->at.type)) {
	case BU_VM_AT_CGROUP:
		return flags & ~(uint32_t)CGROUP_FLAGS ? -EINVAL : bu_vm_at_cgroup(fd, &w->at.target);
	case BU_VM_AT_DEVICE:
		return bu_vm_at_device((uint32_t)fd, w->at.type, &w->at.target);
	case BU_VM_AT_NETNS:
		return flags ? -EINVAL : bu_vm_at_netns(fd < 0 ? INT_MAX : fd, &w->at.target);
	case BU_VM_AT_SOCKMAP:
		if (flags)
			return -EINVAL;
		fd = bu_vm_at_sockmap(w->vm, fd, &w->at.target);
		return fd == -EOPNOTSUPP ? -EINVAL : fd;
	case BU_VM_AT_NETFILTER:
		return flags ? -EINVAL : check_netfilter(w);
	default:
		return -EOPNOTSUPP;
	}
}

int bu_vm_spot_link(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog)
{
	struct want *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->vm = vm;
	w->a = a;
	w->prog = prog;
	w->at.type = w->l.attach_type = a->link_create.attach_type;
	w->l.prog_id = prog->id;
	err = find_target(w);
	if (!err)
		err = bu_vm_world_lock(vm);
	if (err)
		goto out;
	bu_vm_spots_get(vm, &w->at, &w->s);
	switch (bu_vm_at_family(w->at.type)) {
	case BU_VM_AT_CGROUP:
		err = at_cgroup(w);
		break;
	case BU_VM_AT_DEVICE:
		err = at_device(w);
		break;
	case BU_VM_AT_NETNS:
		err = at_netns(w);
		break;
	case BU_VM_AT_SOCKMAP:
		err = at_sockmap(w);
		break;
	default:
		err = at_netfilter(w);
	}
	bu_vm_spots_put(&w->s);
	bu_vm_world_unlock(vm);
out:
	free(w);
	return err;
}
