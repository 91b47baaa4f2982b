/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Info of links, as the kernel fills it. */
#include "vm/link.h"

#include <string.h>

/*
 * A name into the caller's buffer of room bytes: -EINVAL for one of buffer and room; -ENOSPC when it
 * is cut (the info is filled all the same). *len: what it takes with its NUL.
 */
static int put_name(struct bu_vm *vm, uint64_t buf, uint32_t room, const char *name, uint32_t *len)
{
	size_t n = strlen(name);
	char text[256];

	*len = (uint32_t)n + 1;
	if (!buf != !room)
		return -EINVAL;
	if (!buf)
		return 0;
	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	if (n >= room)
		n = room - 1;
	memcpy(text, name, n);
	text[n] = 0;
	if (bu_vm_copy_out(vm, buf, text, n + 1))
		return -EFAULT;
	return *len > room ? -ENOSPC : 0;
}

static int fill_perf(struct bu_vm *vm, const struct bu_vm_link_attr *l, const char *name,
		     struct bpf_link_info *i)
{
	int err;

	i->perf_event.type = l->perf_type;
	switch (l->perf_type) {
	case BPF_PERF_EVENT_TRACEPOINT:
		err = put_name(vm, i->perf_event.tracepoint.tp_name,
			       i->perf_event.tracepoint.name_len, name,
			       &i->perf_event.tracepoint.name_len);
		i->perf_event.tracepoint.cookie = l->cookie;
		return err;
	case BPF_PERF_EVENT_KPROBE:
	case BPF_PERF_EVENT_KRETPROBE:
		err = put_name(vm, i->perf_event.kprobe.func_name, i->perf_event.kprobe.name_len,
			       name, &i->perf_event.kprobe.name_len);
		i->perf_event.kprobe.offset = (uint32_t)l->addr;
		i->perf_event.kprobe.addr = 0;
		i->perf_event.kprobe.missed = 0;
		i->perf_event.kprobe.cookie = l->cookie;
		return err;
	default:
		err = put_name(vm, i->perf_event.uprobe.file_name, i->perf_event.uprobe.name_len,
			       name, &i->perf_event.uprobe.name_len);
		i->perf_event.uprobe.offset = (uint32_t)l->addr;
		i->perf_event.uprobe.cookie = l->cookie;
		return err;
	}
}

int bu_vm_info_link(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	const struct bu_vm_link_attr *l = &o->h.link;
	struct bpf_link_info i;
	char name[sizeof(l->name)];
	bool gone = o->hdr->link.detached;
	uint32_t len;
	int err;

	err = bu_vm_info_in(vm, a, &i, sizeof(i), &len);
	if (err)
		return err;
	memcpy(name, l->name, sizeof(name));
	name[sizeof(name) - 1] = 0;
	i.type = l->type;
	i.id = o->id;
	i.prog_id = o->hdr->link.prog_id;
	switch (l->type) {
	case BPF_LINK_TYPE_PERF_EVENT:
		err = fill_perf(vm, l, name, &i);
		break;
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		err = put_name(vm, i.raw_tracepoint.tp_name, i.raw_tracepoint.tp_name_len, name,
			       &i.raw_tracepoint.tp_name_len);
		i.raw_tracepoint.cookie = l->cookie;
		break;
	case BPF_LINK_TYPE_ITER:
		err = put_name(vm, i.iter.target_name, i.iter.target_name_len, name,
			       &i.iter.target_name_len);
		if (l->map_id)
			i.iter.map.map_id = l->map_id;
		break;
	case BPF_LINK_TYPE_CGROUP:
		i.cgroup.cgroup_id = gone ? 0 : l->target;
		i.cgroup.attach_type = l->attach_type;
		break;
	case BPF_LINK_TYPE_TCX:
		i.tcx.ifindex = gone ? 0 : l->ifindex;
		i.tcx.attach_type = l->attach_type;
		break;
	case BPF_LINK_TYPE_NETKIT:
		i.netkit.ifindex = gone ? 0 : l->ifindex;
		i.netkit.attach_type = l->attach_type;
		break;
	case BPF_LINK_TYPE_NETNS:
		i.netns.netns_ino = gone ? 0 : (uint32_t)l->target;
		i.netns.attach_type = l->attach_type;
		break;
	case BPF_LINK_TYPE_SOCKMAP:
		i.sockmap.map_id = gone ? 0 : l->map_id;
		i.sockmap.attach_type = l->attach_type;
		break;
	case BPF_LINK_TYPE_NETFILTER:
		i.netfilter.pf = l->pf;
		i.netfilter.hooknum = l->hooknum;
		i.netfilter.priority = l->priority;
		i.netfilter.flags = l->flags;
		break;
	case BPF_LINK_TYPE_STRUCT_OPS:
		i.struct_ops.map_id = gone ? 0 : l->map_id;
		break;
	case BPF_LINK_TYPE_XDP:
		i.xdp.ifindex = o->hdr->link.detached ? 0 : l->ifindex;
		break;
	}
	/* The kernel gives up here when a name does not fit, too. */
	return err ? err : bu_vm_info_out(vm, a, user, &i, len);
}
