/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links: made, changed, detached. What a link is about stands in its header; it refers to its
 * program in slot 0, and to its event or map in slot 1. */
#include "vm/attach.h"
#include "vm/opstype.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XDP_MODES (XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE | XDP_FLAGS_HW_MODE)

int bu_vm_prog_obj(struct bu_vm *vm, uint32_t fd, struct bu_vm_obj **o)
{
	return bu_vm_obj_by_fd(vm, (int)fd, BU_VM_PROG, o, NULL);
}

/* Publishes a link with its references, to its program and its event: the fd or -errno. */
int bu_vm_link_make(struct bu_vm *vm, const struct bu_vm_link_attr *l, const struct bu_vm_obj *event)
{
	struct bu_vm_target refs[2] = { { BU_VM_PROG, l->prog_id } };
	struct bu_vm_hdr *h = calloc(1, sizeof(*h));
	struct bu_vm_obj *o;
	int fd, err;

	if (!h)
		return -ENOMEM;
	h->kind = BU_VM_LINK;
	h->link = *l;
	if (event)
		refs[1] = (struct bu_vm_target){ event->kind, event->id };
	err = bu_vm_obj_new(vm, h, BU_VM_PAGE, 0, O_RDWR, &o, &fd);
	free(h);
	if (err)
		return err;
	err = bu_vm_obj_publish(o, refs, event ? 2 : 1);
	if (err) {
		bu_vm_obj_abandon(o);
	} else {
		if (event && event->kind == BU_VM_EVENT) {
			event->hdr->event.link_id = o->id;
			event->hdr->event.prog_id = l->prog_id;
		}
		atomic_fetch_add(&vm->root->links_gen, 1);
	}
	bu_vm_obj_put(o);
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---------------------------------------------------------------- by kind */

static int perf_link(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog)
{
	struct bu_vm_link_attr l = {
		.type = BPF_LINK_TYPE_PERF_EVENT, .attach_type = BPF_PERF_EVENT,
		.prog_id = prog->id, .cookie = a->link_create.perf_event.bpf_cookie,
	};
	const struct bu_vm_event_attr *e;
	struct bu_vm_obj *ev;
	const char *name;
	int err;

	if (a->link_create.flags)
		return -EINVAL;
	err = bu_vm_event_by_fd(vm, (int)a->link_create.target_fd, &ev);
	if (err)
		return err;
	err = bu_vm_world_lock(vm);
	if (err)
		goto out;
	err = bu_vm_event_accepts(ev, prog);
	if (err)
		goto unlock;
	e = &ev->h.event;
	name = memchr(e->hook, ':', sizeof(e->hook) - 1);
	name = name ? name + 1 : "";
	l.event_id = ev->id;
	memcpy(l.hook, e->hook, sizeof(l.hook));
	l.hook[sizeof(l.hook) - 1] = 0;
	snprintf(l.name, sizeof(l.name), "%s", name);
	if (e->type == PERF_TYPE_TRACEPOINT) {
		const char *colon = strchr(name, ':');

		l.perf_type = BPF_PERF_EVENT_TRACEPOINT;
		snprintf(l.name, sizeof(l.name), "%s", colon ? colon + 1 : name);
	} else {
		bool user = !strncmp(e->hook, "uprobe", 6) || !strncmp(e->hook, "uretprobe", 9);
		char *end = strrchr(l.name, user ? ':' : '+');

		l.perf_type = user ? e->ret ? BPF_PERF_EVENT_URETPROBE : BPF_PERF_EVENT_UPROBE :
			      e->ret ? BPF_PERF_EVENT_KRETPROBE : BPF_PERF_EVENT_KPROBE;
		l.addr = e->probe_off;
		if (end)
			*end = 0;
	}
	err = bu_vm_link_make(vm, &l, ev);
unlock:
	bu_vm_world_unlock(vm);
out:
	bu_vm_obj_put(ev);
	return err;
}

static bool xdp_busy(void *ctx, struct bu_vm_obj *o)
{
	return o->h.link.type == BPF_LINK_TYPE_XDP && !o->hdr->link.detached &&
	       o->h.link.ifindex == *(const uint32_t *)ctx;
}

static int xdp_link(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog)
{
	uint32_t flags = a->link_create.flags, ifindex = a->link_create.target_ifindex;
	struct bu_vm_link_attr l = {
		.type = BPF_LINK_TYPE_XDP, .attach_type = BPF_XDP, .prog_id = prog->id,
		.ifindex = ifindex, .flags = flags,
	};
	char dev[IF_NAMESIZE];
	int err;

	if (!if_indextoname(ifindex, dev))
		return -EINVAL;
	if (flags & ~XDP_MODES || __builtin_popcount(flags & XDP_MODES) > 1)
		return -EINVAL;
	if (prog->h.prog.expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->h.prog.expected_attach_type == BPF_XDP_CPUMAP)
		return -EINVAL;
	if (flags & XDP_FLAGS_HW_MODE)
		return -EOPNOTSUPP;
	snprintf(l.hook, sizeof(l.hook), "xdp:%s", dev);
	snprintf(l.name, sizeof(l.name), "%s", dev);
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	err = bu_vm_each_link(vm, xdp_busy, &ifindex);
	if (err || bu_vm_xdp_netlink(vm, ifindex))
		err = err < 0 ? err : -EBUSY;
	else
		err = bu_vm_link_make(vm, &l, NULL);
	bu_vm_world_unlock(vm);
	return err;
}

static int raw_tp_link(struct bu_vm *vm, struct bu_vm_obj *prog, const char *name, uint64_t cookie)
{
	struct bu_vm_link_attr l = {
		.type = BPF_LINK_TYPE_RAW_TRACEPOINT, .prog_id = prog->id, .cookie = cookie,
	};

	if (!bu_vm_event_name(name) ||
	    (size_t)snprintf(l.hook, sizeof(l.hook), "raw_tp:%s", name) >= sizeof(l.hook) ||
	    (size_t)snprintf(l.name, sizeof(l.name), "%s", name) >= sizeof(l.name))
		return -ENOENT;
	return bu_vm_link_make(vm, &l, NULL);
}

/* An iterator's link keeps its map. */
static int iter_make(struct bu_vm *vm, const struct bu_vm_link_attr *l)
{
	struct bu_vm_obj *map;
	int err;

	if (!l->map_id)
		return bu_vm_link_make(vm, l, NULL);
	err = bu_vm_obj_by_id(vm, BU_VM_MAP, l->map_id, &map);
	if (err)
		return err;
	err = bu_vm_link_make(vm, l, map);
	bu_vm_obj_put(map);
	return err;
}

/* The map whose elements are gone through. */
static int iter_map(struct bu_vm *vm, uint32_t fd, uint32_t *id)
{
	struct bu_vm_map *m;
	int err;

	if (!fd)
		return -EBADF;
	err = bu_vm_map_by_fd(vm, (int)fd, 0, &m);
	if (err)
		return err;
	*id = m->obj->id;
	switch (m->type) {
	case BPF_MAP_TYPE_HASH: case BPF_MAP_TYPE_LRU_HASH: case BPF_MAP_TYPE_ARRAY: case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH: case BPF_MAP_TYPE_PERCPU_ARRAY:
		break;
	default:
		err = -EINVAL;
	}
	bu_vm_map_put(m);
	return err;
}

static int iter_link(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog)
{
	int which = bu_vm_iter_by_btf_id(vm, prog->h.prog.attach_btf_id);
	struct bu_vm_link_attr l = {
		.type = BPF_LINK_TYPE_ITER, .attach_type = BPF_TRACE_ITER, .prog_id = prog->id,
	};
	union bpf_iter_link_info info = { 0 };
	uint32_t len = a->link_create.iter_info_len;
	int err;

	if (a->link_create.target_fd || a->link_create.flags)
		return -EINVAL;
	if (!a->link_create.iter_info != !len)
		return -EINVAL;
	if (len) {
		err = bu_vm_tail_zero(vm, a->link_create.iter_info, sizeof(info), len);
		if (err)
			return err;
		if (bu_vm_copy_in(vm, &info, a->link_create.iter_info,
				  len < sizeof(info) ? len : sizeof(info)))
			return -EFAULT;
	}
	if (which < 0)
		return -ENOENT;
	if (which == BU_VM_ITER_ELEM) {
		err = iter_map(vm, len ? info.map.map_fd : 0, &l.map_id);
		if (err)
			return err;
	}
	snprintf(l.name, sizeof(l.name), "%s", bu_vm_iter_names[which]);
	return iter_make(vm, &l);
}

/* ---------------------------------------------------------------- LINK_CREATE */

/* attach_type_to_prog_type */
uint32_t bu_vm_type_of_attach(uint32_t at)
{
	switch (at) {
	case BPF_CGROUP_INET_INGRESS:
	case BPF_CGROUP_INET_EGRESS:
		return BPF_PROG_TYPE_CGROUP_SKB;
	case BPF_CGROUP_INET_SOCK_CREATE:
	case BPF_CGROUP_INET_SOCK_RELEASE:
	case BPF_CGROUP_INET4_POST_BIND:
	case BPF_CGROUP_INET6_POST_BIND:
		return BPF_PROG_TYPE_CGROUP_SOCK;
	case BPF_CGROUP_INET4_BIND:
	case BPF_CGROUP_INET6_BIND:
	case BPF_CGROUP_INET4_CONNECT:
	case BPF_CGROUP_INET6_CONNECT:
	case BPF_CGROUP_UNIX_CONNECT:
	case BPF_CGROUP_INET4_GETPEERNAME:
	case BPF_CGROUP_INET6_GETPEERNAME:
	case BPF_CGROUP_UNIX_GETPEERNAME:
	case BPF_CGROUP_INET4_GETSOCKNAME:
	case BPF_CGROUP_INET6_GETSOCKNAME:
	case BPF_CGROUP_UNIX_GETSOCKNAME:
	case BPF_CGROUP_UDP4_SENDMSG:
	case BPF_CGROUP_UDP6_SENDMSG:
	case BPF_CGROUP_UNIX_SENDMSG:
	case BPF_CGROUP_UDP4_RECVMSG:
	case BPF_CGROUP_UDP6_RECVMSG:
	case BPF_CGROUP_UNIX_RECVMSG:
		return BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
	case BPF_CGROUP_GETSOCKOPT:
	case BPF_CGROUP_SETSOCKOPT:
		return BPF_PROG_TYPE_CGROUP_SOCKOPT;
	case BPF_SK_LOOKUP:
		return BPF_PROG_TYPE_SK_LOOKUP;
	case BPF_NETFILTER:
		return BPF_PROG_TYPE_NETFILTER;
	case BPF_TCX_INGRESS:
	case BPF_TCX_EGRESS:
	case BPF_NETKIT_PRIMARY:
	case BPF_NETKIT_PEER:
		return BPF_PROG_TYPE_SCHED_CLS;
	case BPF_CGROUP_SOCK_OPS:
		return BPF_PROG_TYPE_SOCK_OPS;
	case BPF_CGROUP_DEVICE:
		return BPF_PROG_TYPE_CGROUP_DEVICE;
	case BPF_SK_MSG_VERDICT:
		return BPF_PROG_TYPE_SK_MSG;
	case BPF_SK_SKB_STREAM_PARSER:
	case BPF_SK_SKB_STREAM_VERDICT:
	case BPF_SK_SKB_VERDICT:
		return BPF_PROG_TYPE_SK_SKB;
	case BPF_LIRC_MODE2:
		return BPF_PROG_TYPE_LIRC_MODE2;
	case BPF_FLOW_DISSECTOR:
		return BPF_PROG_TYPE_FLOW_DISSECTOR;
	case BPF_CGROUP_SYSCTL:
		return BPF_PROG_TYPE_CGROUP_SYSCTL;
	case BPF_TRACE_ITER:
	case BPF_TRACE_RAW_TP:
	case BPF_TRACE_FENTRY:
	case BPF_TRACE_FEXIT:
	case BPF_MODIFY_RETURN:
		return BPF_PROG_TYPE_TRACING;
	case BPF_LSM_MAC:
	case BPF_LSM_CGROUP:
		return BPF_PROG_TYPE_LSM;
	case BPF_XDP:
		return BPF_PROG_TYPE_XDP;
	default:
		return BPF_PROG_TYPE_UNSPEC;
	}
}

static bool multi(uint32_t at)
{
	return at == BPF_TRACE_KPROBE_MULTI || at == BPF_TRACE_KPROBE_SESSION ||
	       at == BPF_TRACE_UPROBE_MULTI || at == BPF_TRACE_UPROBE_SESSION;
}

/* bpf_prog_attach_check_attach_type */
int bu_vm_attach_check_type(const struct bu_vm_obj *prog, uint32_t at)
{
	uint32_t expected = prog->h.prog.expected_attach_type;
	bool ok;

	switch (prog->h.prog.type) {
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_SK_LOOKUP:
		ok = at == expected;
		break;
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_EXT:
		ok = true;
		break;
	case BPF_PROG_TYPE_NETFILTER:
		ok = at == BPF_NETFILTER;
		break;
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
		ok = at == BPF_PERF_EVENT;
		break;
	case BPF_PROG_TYPE_KPROBE:
		ok = multi(expected) ? at == expected : at == BPF_PERF_EVENT || multi(at);
		break;
	case BPF_PROG_TYPE_SCHED_CLS:
		ok = at == BPF_TCX_INGRESS || at == BPF_TCX_EGRESS || at == BPF_NETKIT_PRIMARY ||
		     at == BPF_NETKIT_PEER;
		break;
	default:
		ok = prog->h.prog.type && bu_vm_type_of_attach(at) == prog->h.prog.type;
	}
	return ok ? 0 : -EINVAL;
}

static int create(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *prog)
{
	uint32_t at = a->link_create.attach_type;
	int err = bu_vm_attach_check_type(prog, at);

	if (err)
		return err;
	switch (prog->h.prog.type) {
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_TRACEPOINT:
		return perf_link(vm, a, prog);
	case BPF_PROG_TYPE_KPROBE:
		return at == BPF_PERF_EVENT ? perf_link(vm, a, prog) : -EOPNOTSUPP;
	case BPF_PROG_TYPE_XDP:
		return xdp_link(vm, a, prog);
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_TRACING:
		if (at != prog->h.prog.expected_attach_type)
			return -EINVAL;
		return at == BPF_TRACE_ITER ? iter_link(vm, a, prog) : -EOPNOTSUPP;
	case BPF_PROG_TYPE_LIRC_MODE2:
		return -EINVAL;
	default:
		return bu_vm_spot_link(vm, a, prog);
	}
}

int bu_vm_cmd_link_create(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *prog;
	int err;

	(void)user, (void)size;
	if (a->link_create.attach_type == BPF_STRUCT_OPS) {
		if (a->link_create.flags)
			return -EINVAL;
		return bu_vm_ops_link(vm, (int)a->link_create.map_fd);
	}
	err = bu_vm_prog_obj(vm, a->link_create.prog_fd, &prog);
	if (err)
		return err;
	err = create(vm, a, prog);
	bu_vm_obj_put(prog);
	return err;
}

int bu_vm_cmd_raw_tp(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *prog;
	char name[128];
	long n;
	int err;

	(void)user, (void)size;
	err = bu_vm_prog_obj(vm, a->raw_tracepoint.prog_fd, &prog);
	if (err)
		return err;
	switch (prog->h.prog.type) {
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_EXT:
	case BPF_PROG_TYPE_LSM:
		err = a->raw_tracepoint.name ? -EINVAL : -EOPNOTSUPP;
		break;
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		n = bu_vm_copy_str(vm, name, a->raw_tracepoint.name, sizeof(name) - 1);
		if (n == -E2BIG)
			err = -ENOENT;
		else if (n < 0)
			err = -EFAULT;
		else if (!n)
			err = -ENOENT;
		else
			err = raw_tp_link(vm, prog, name, a->raw_tracepoint.cookie);
		break;
	default:
		err = -EINVAL;
	}
	bu_vm_obj_put(prog);
	return err;
}

/* ---------------------------------------------------------------- LINK_UPDATE, LINK_DETACH */

/* A device has each program once. */
static int only_once(struct bu_vm *vm, const struct bu_vm_obj *link, const struct bu_vm_obj *new)
{
	struct bu_vm_at at = { link->h.link.attach_type, link->h.link.target };
	struct bu_vm_spots *s = malloc(sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	if (!s)
		return err;
	bu_vm_spots_get(vm, &at, s);
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i].prog_id == new->id)
			err = -EEXIST;
	bu_vm_spots_put(s);
	free(s);
	return err;
}

static int update(struct bu_vm *vm, const union bpf_attr *a, struct bu_vm_obj *link,
		  struct bu_vm_obj *new, struct bu_vm_obj *old)
{
	struct bu_vm_link_attr *live = &link->hdr->link;
	struct bu_vm_obj *cur;
	int err;

	(void)a;
	if ((link->h.link.type == BPF_LINK_TYPE_NETNS || link->h.link.type == BPF_LINK_TYPE_SOCKMAP) && old && old->id != live->prog_id)
		return -EPERM;
	switch (link->h.link.type) {
	case BPF_LINK_TYPE_XDP: case BPF_LINK_TYPE_CGROUP: case BPF_LINK_TYPE_TCX: case BPF_LINK_TYPE_NETKIT:
	case BPF_LINK_TYPE_NETNS: case BPF_LINK_TYPE_SOCKMAP:
		if (live->detached)
			return -ENOLINK;
		break;
	case BPF_LINK_TYPE_ITER:
		break;
	default:
		return -EINVAL;
	}
	if (old && old->id != live->prog_id)
		return -EPERM;
	if (live->prog_id == new->id) {
		if (link->h.link.type == BPF_LINK_TYPE_CGROUP)
			bu_vm_revise(vm, &(struct bu_vm_at){ link->h.link.attach_type, link->h.link.target });
		return 0;
	}
	err = bu_vm_obj_by_id(vm, BU_VM_PROG, live->prog_id, &cur);
	if (err)
		return err;
	if (cur->h.prog.type != new->h.prog.type)
		err = -EINVAL;
	if (link->h.link.type != BPF_LINK_TYPE_CGROUP &&
	    (cur->h.prog.expected_attach_type != new->h.prog.expected_attach_type ||
	    cur->h.prog.attach_btf_id != new->h.prog.attach_btf_id))
		err = -EINVAL;
	bu_vm_obj_put(cur);
	if (!err && bu_vm_at_family(link->h.link.attach_type) == BU_VM_AT_DEVICE)
		err = only_once(vm, link, new);
	if (!err)
		err = bu_vm_prog_change(link, new);
	if (err)
		return err;
	atomic_fetch_add(&vm->root->links_gen, 1);
	if (link->h.link.order)
		bu_vm_revise(vm, &(struct bu_vm_at){ link->h.link.attach_type, link->h.link.target });
	return err;
}

int bu_vm_cmd_link_update(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *link, *new = NULL, *old = NULL;
	int err;

	(void)user, (void)size;
	if (a->link_update.flags & ~BPF_F_REPLACE)
		return -EINVAL;
	err = bu_vm_obj_by_fd(vm, (int)a->link_update.link_fd, BU_VM_LINK, &link, NULL);
	if (err)
		return err;
	err = bu_vm_prog_obj(vm, a->link_update.new_prog_fd, &new);
	if (err)
		goto out;
	if (a->link_update.flags & BPF_F_REPLACE)
		err = bu_vm_prog_obj(vm, a->link_update.old_prog_fd, &old);
	else if (a->link_update.old_prog_fd)
		err = -EINVAL;
	if (!err)
		err = bu_vm_world_lock(vm);
	if (!err) {
		err = update(vm, a, link, new, old);
		bu_vm_world_unlock(vm);
	}
out:
	bu_vm_obj_put(old);
	bu_vm_obj_put(new);
	bu_vm_obj_put(link);
	return err;
}

int bu_vm_cmd_link_detach(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *link;
	int err;

	(void)user, (void)size;
	err = bu_vm_obj_by_fd(vm, (int)a->link_detach.link_fd, BU_VM_LINK, &link, NULL);
	if (err)
		return err;
	switch (link->h.link.type) {
	case BPF_LINK_TYPE_STRUCT_OPS:
		err = bu_vm_ops_detach(link);
		break;
	case BPF_LINK_TYPE_CGROUP: case BPF_LINK_TYPE_TCX: case BPF_LINK_TYPE_NETKIT: case BPF_LINK_TYPE_NETNS:
	case BPF_LINK_TYPE_SOCKMAP: case BPF_LINK_TYPE_NETFILTER: case BPF_LINK_TYPE_XDP:
		link->hdr->link.detached = 1;
		atomic_fetch_add(&vm->root->links_gen, 1);
		break;
	default:
		err = -EOPNOTSUPP;
	}
	bu_vm_obj_put(link);
	return err;
}

int bu_vm_cmd_iter_create(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *link;
	int err;

	(void)user, (void)size;
	if (a->iter_create.flags)
		return -EINVAL;
	err = bu_vm_obj_by_fd(vm, (int)a->iter_create.link_fd, BU_VM_LINK, &link, NULL);
	if (err)
		return err;
	err = link->h.link.type == BPF_LINK_TYPE_ITER ? bu_vm_iter_run(vm, link) : -EINVAL;
	bu_vm_obj_put(link);
	return err;
}
