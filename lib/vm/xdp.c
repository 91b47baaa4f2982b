/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XDP as netlink sets it: it stays when its process ends. It is an event object of the hook that a hard
 * link in W/xdp keeps alive: W/xdp/IFINDEX.
 */
#include "vm/attach.h"
#include "vm/private.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XDP_MODES (XDP_FLAGS_SKB_MODE | XDP_FLAGS_DRV_MODE | XDP_FLAGS_HW_MODE)
#define XDP_ALL (XDP_FLAGS_UPDATE_IF_NOEXIST | XDP_MODES | XDP_FLAGS_REPLACE)

static int place(struct bu_vm *vm, uint32_t ifindex, char *name, size_t size)
{
	if (!vm->read_only && mkdirat(vm->dir, "xdp", 0700) && errno != EEXIST)
		return -errno;
	snprintf(name, size, "xdp/%u", ifindex);
	return 0;
}

static int get(struct bu_vm *vm, uint32_t ifindex, struct bu_vm_obj **o)
{
	char name[32];
	int fd, err = place(vm, ifindex, name, sizeof(name));

	if (err)
		return err;
	fd = openat(vm->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	err = bu_vm_obj_by_fd(vm, fd, BU_VM_EVENT, o, NULL);
	close(fd);
	return err;
}

uint32_t bu_vm_xdp_netlink(struct bu_vm *vm, uint32_t ifindex)
{
	struct bu_vm_obj *o;
	uint32_t id;

	if (get(vm, ifindex, &o))
		return 0;
	id = o->hdr->event.prog_id;
	bu_vm_obj_put(o);
	return id;
}

static bool linked(void *ctx, struct bu_vm_obj *o)
{
	return o->h.link.type == BPF_LINK_TYPE_XDP && !o->hdr->link.detached &&
	       o->h.link.ifindex == *(const uint32_t *)ctx;
}

static int make(struct bu_vm *vm, uint32_t ifindex, const char *dev, struct bu_vm_obj *prog)
{
	struct bu_vm_hdr *h = calloc(1, sizeof(*h));
	struct bu_vm_target ref = { BU_VM_PROG, prog->id };
	char name[32], from[32];
	struct bu_vm_obj *o;
	int fd, err;

	if (!h)
		return -ENOMEM;
	h->kind = BU_VM_EVENT;
	h->event.type = UINT32_MAX; /* no perf event */
	h->event.prog_id = prog->id;
	h->event.enabled = 1;
	snprintf(h->event.hook, sizeof(h->event.hook), "xdp:%s", dev);
	err = bu_vm_obj_new(vm, h, BU_VM_PAGE, 0, O_RDWR, &o, &fd);
	free(h);
	if (err)
		return err;
	err = bu_vm_obj_publish(o, &ref, 1);
	if (err)
		bu_vm_obj_abandon(o);
	if (!err)
		err = place(vm, ifindex, name, sizeof(name));
	if (!err) {
		snprintf(from, sizeof(from), "event.%u", o->id);
		/* What stands there can be no event of this world. */
		if (unlinkat(vm->dir, name, 0) && errno != ENOENT)
			err = -errno;
		else if (linkat(vm->odir, from, vm->dir, name, 0))
			err = -errno;
	}
	bu_vm_obj_put(o);
	close(fd);
	return err;
}

int bu_vm_op_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags,
		     char *extack, size_t extack_size)
{
	struct bu_vm *vm = bu_vm(s);
	struct bu_vm_obj *prog = NULL, *old = NULL, *ev;
	uint32_t index = (uint32_t)ifindex, cur;
	const char *words = "";
	char dev[IF_NAMESIZE], name[32];
	int err = 0;

	if (extack && extack_size)
		*extack = 0;
	if (!if_indextoname(index, dev))
		return -ENODEV;
	if (flags & ~XDP_ALL || __builtin_popcount(flags & XDP_MODES) > 1)
		return -EINVAL;
	if (flags & XDP_FLAGS_HW_MODE)
		return -EOPNOTSUPP;
	if (prog_fd >= 0)
		err = bu_vm_prog_obj(vm, (uint32_t)prog_fd, &prog);
	if (!err && prog && prog->h.prog.type != BPF_PROG_TYPE_XDP)
		err = -EINVAL;
	if (!err && old_fd >= 0)
		err = flags & XDP_FLAGS_REPLACE ? bu_vm_prog_obj(vm, (uint32_t)old_fd, &old) : -EINVAL;
	if (!err)
		err = bu_vm_world_lock(vm);
	if (err)
		goto out;
	cur = bu_vm_xdp_netlink(vm, index);
	if (bu_vm_each_link(vm, linked, &index)) {
		words = "Can't replace active BPF XDP link";
		err = -EBUSY;
	} else if (flags & XDP_FLAGS_REPLACE && cur != (old ? old->id : 0)) {
		words = "Active program does not match expected";
		err = -EEXIST;
	} else if (prog && flags & XDP_FLAGS_UPDATE_IF_NOEXIST && cur) {
		words = "XDP program already attached";
		err = -EBUSY;
	} else if (prog && !get(vm, index, &ev)) {
		err = bu_vm_prog_change(ev, prog);
		bu_vm_obj_put(ev);
	} else if (prog) {
		err = make(vm, index, dev, prog);
	} else {
		err = place(vm, index, name, sizeof(name));
		if (!err && unlinkat(vm->dir, name, 0) && errno != ENOENT)
			err = -errno;
	}
	atomic_fetch_add(&vm->root->links_gen, 1);
	bu_vm_world_unlock(vm);
out:
	if (extack && extack_size)
		snprintf(extack, extack_size, "%s", words);
	bu_vm_obj_put(prog);
	bu_vm_obj_put(old);
	return err;
}

/* ---------------------------------------------------------------- lists */

struct at_dev {
	uint32_t ifindex, prog_id;
};

static bool link_prog(void *ctx, struct bu_vm_obj *o)
{
	struct at_dev *d = ctx;

	if (!linked(&d->ifindex, o) || !bu_vm_obj_lives(o))
		return false;
	d->prog_id = o->hdr->link.prog_id;
	return true;
}

/* The machine's devices, with the programs that they have in this world; of the other kinds than netkit nothing is asked. */
int bu_vm_op_net_devs(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx)
{
	struct bu_vm *vm = bu_vm(s);
	struct if_nameindex *list = if_nameindex(), *i;
	uint64_t id;

	for (i = list; i && i->if_index; i++) {
		struct at_dev d = { i->if_index, bu_vm_xdp_netlink(vm, i->if_index) };
		struct bu_net_dev dev = { .ifindex = (int)i->if_index, .name = i->if_name, .kind = "" };

		if (ifindex && (int)i->if_index != ifindex)
			continue;
		if (!bu_vm_at_device(i->if_index, BPF_NETKIT_PRIMARY, &id))
			dev.kind = "netkit";
		if (!d.prog_id)
			bu_vm_each_link(vm, link_prog, &d);
		if (d.prog_id) {
			dev.xdp_mode = XDP_ATTACHED_DRV;
			dev.xdp[XDP_ATTACHED_DRV] = d.prog_id;
		}
		if (!fn(ctx, &dev))
			break;
	}
	if (list)
		if_freenameindex(list);
	return 0;
}

/* There is no traffic control but tcx. */
int bu_vm_op_net_filters(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx)
{
	(void)s, (void)ifindex, (void)fn, (void)ctx;
	return 0;
}
