/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is attached where. A link says it in its header; what PROG_ATTACH makes is an event object of the type
 * BU_VM_ATTACHED, which a hard link in W/attached keeps alive. W/attached/r.TYPE.TARGET counts the changes of a list.
 * Nothing here makes a program run: lists show what is attached, and who feeds events asks them.
 */
#include "vm/attach.h"
#include "vm/private.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif
#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif

enum bu_vm_family bu_vm_at_family(uint32_t at)
{
	switch (bu_vm_type_of_attach(at)) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_SOCK_OPS:
		return BU_VM_AT_CGROUP;
	case BPF_PROG_TYPE_SCHED_CLS:
		return BU_VM_AT_DEVICE;
	case BPF_PROG_TYPE_SK_SKB:
	case BPF_PROG_TYPE_SK_MSG:
		return BU_VM_AT_SOCKMAP;
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
	case BPF_PROG_TYPE_SK_LOOKUP:
		return BU_VM_AT_NETNS;
	case BPF_PROG_TYPE_NETFILTER:
		return BU_VM_AT_NETFILTER;
	}
	return BU_VM_AT_NONE;
}

/* ---------------------------------------------------------------- targets */

int bu_vm_at_cgroup(int fd, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st) || (uint64_t)fs.f_type != CGROUP2_SUPER_MAGIC || !S_ISDIR(st.st_mode))
		return -EBADF;
	*id = st.st_ino;
	return 0;
}

int bu_vm_at_netns(int fd, uint64_t *id)
{
	struct statfs fs;
	struct stat st;

	if (fd < 0 ? stat("/proc/self/ns/net", &st) : fstat(fd, &st))
		return fd < 0 ? -errno : -EBADF;
	if (fd >= 0 && (fstatfs(fd, &fs) || (uint64_t)fs.f_type != NSFS_MAGIC))
		return -EINVAL;
	*id = st.st_ino;
	return 0;
}

/* Devices are numbered by each network namespace of its own. */
int bu_vm_at_device(uint32_t ifindex, uint32_t type, uint64_t *id)
{
	char name[IF_NAMESIZE];
	int err;

	if (!if_indextoname(ifindex, name))
		return -ENODEV;
	/* A device of netkit would have to be made by the kernel, and is the kernel's. */
	if (type == BPF_NETKIT_PRIMARY || type == BPF_NETKIT_PEER) {
		char path[64], text[128] = "";
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/sys/class/net/%s/uevent", name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
		if (fd >= 0)
			close(fd);
		if (n <= 0 || !strstr(text, "DEVTYPE=netkit"))
			return -ENXIO;
	}
	err = bu_vm_at_netns(-1, id);
	if (!err)
		*id = *id << 32 | ifindex;
	return err;
}

int bu_vm_at_sockmap(struct bu_vm *vm, int fd, uint64_t *id)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_fd(vm, fd, BU_VM_MAP, &o, NULL);

	if (err)
		return err;
	*id = o->id;
	err = o->h.map.type == BPF_MAP_TYPE_SOCKMAP || o->h.map.type == BPF_MAP_TYPE_SOCKHASH ? 0 : -EOPNOTSUPP;
	bu_vm_obj_put(o);
	return err;
}

/* ---------------------------------------------------------------- lists */

static uint64_t *order_of(struct bu_vm_obj *o)
{
	return o->kind == BU_VM_LINK ? &o->hdr->link.order : &o->hdr->event.order;
}

static void take(const struct bu_vm_at *at, struct bu_vm_obj *o, struct bu_vm_spots *s)
{
	const struct bu_vm_link_attr *l = &o->h.link;
	const struct bu_vm_event_attr *e = &o->h.event;
	struct bu_vm_spot *p = &s->v[s->n];
	bool here = o->kind == BU_VM_LINK ? l->order && !o->hdr->link.detached && l->attach_type == at->type &&
						    l->target == at->target :
					    e->type == BU_VM_ATTACHED && e->attach_type == at->type && e->target == at->target;

	if (!here || s->n == BU_ARRAY_SIZE(s->v) || !bu_vm_obj_lives(o)) {
		bu_vm_obj_put(o);
		return;
	}
	*p = (struct bu_vm_spot){
		.o = o, .order = *order_of(o),
		.prog_id = o->kind == BU_VM_LINK ? o->hdr->link.prog_id : o->hdr->event.prog_id,
		.flags = o->kind == BU_VM_LINK ? o->hdr->link.attach_flags : o->hdr->event.attach_flags,
	};
	s->n++;
}

static int by_order(const void *a, const void *b)
{
	const struct bu_vm_spot *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

static void collect(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_spots *s)
{
	static const int kinds[] = { BU_VM_LINK, BU_VM_EVENT };

	s->n = 0;
	for (unsigned k = 0; k < BU_ARRAY_SIZE(kinds); k++) {
		struct bu_vm_obj *o;
		uint32_t id = 0;

		while (!bu_vm_obj_next_id(vm, kinds[k], id, &id))
			if (!bu_vm_obj_by_id(vm, kinds[k], id, &o))
				take(at, o, s);
	}
	qsort(s->v, s->n, sizeof(s->v[0]), by_order);
}

void bu_vm_spots_put(struct bu_vm_spots *s)
{
	for (unsigned i = 0; i < s->n; i++)
		bu_vm_obj_put(s->v[i].o);
	s->n = 0;
}

uint64_t bu_vm_spots_open(struct bu_vm_spots *s, unsigned i)
{
	/* From the end on: whoever is killed within leaves an order that is right. */
	for (unsigned k = s->n; k-- > 0;) {
		uint64_t order = k + 1u + (k >= i);

		s->v[k].order = order;
		*order_of(s->v[k].o) = order;
	}
	return i + 1u;
}

int bu_vm_other_verdict(struct bu_vm *vm, const struct bu_vm_at *at)
{
	struct bu_vm_at other = *at;
	struct bu_vm_spots *s;
	int err;

	if (at->type != BPF_SK_SKB_STREAM_VERDICT && at->type != BPF_SK_SKB_VERDICT)
		return 0;
	other.type = at->type == BPF_SK_SKB_VERDICT ? BPF_SK_SKB_STREAM_VERDICT : BPF_SK_SKB_VERDICT;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	bu_vm_spots_get(vm, &other, s);
	err = s->n ? -EBUSY : 0;
	bu_vm_spots_put(s);
	free(s);
	return err;
}

/* ---------------------------------------------------------------- attachments without link */

static int dir(struct bu_vm *vm)
{
	return !vm->read_only && mkdirat(vm->dir, "attached", 0700) && errno != EEXIST ? -errno : 0;
}

int bu_vm_spot_make(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_obj *prog, uint32_t flags, uint64_t order)
{
	struct bu_vm_hdr *h = calloc(1, sizeof(*h));
	struct bu_vm_target ref = { BU_VM_PROG, prog->id };
	char name[48], from[32];
	struct bu_vm_obj *o;
	int fd, err;

	if (!h)
		return -ENOMEM;
	h->kind = BU_VM_EVENT;
	h->event.type = BU_VM_ATTACHED;
	h->event.prog_id = prog->id;
	h->event.enabled = 1;
	h->event.attach_type = at->type;
	h->event.attach_flags = flags;
	h->event.target = at->target;
	h->event.order = order;
	err = dir(vm);
	if (!err)
		err = bu_vm_obj_new(vm, h, BU_VM_PAGE, 0, O_RDWR, &o, &fd);
	free(h);
	if (err)
		return err;
	err = bu_vm_obj_publish(o, &ref, 1);
	if (err)
		bu_vm_obj_abandon(o);
	if (!err) {
		snprintf(from, sizeof(from), "event.%u", o->id);
		snprintf(name, sizeof(name), "attached/%u", o->id);
		/* What stands there can be no event of this world. */
		if ((unlinkat(vm->dir, name, 0) && errno != ENOENT) || linkat(vm->odir, from, vm->dir, name, 0))
			err = -errno;
	}
	bu_vm_obj_put(o);
	close(fd);
	if (!err)
		atomic_fetch_add(&vm->root->links_gen, 1);
	return err;
}

int bu_vm_spot_replace(struct bu_vm *vm, struct bu_vm_spot *s, struct bu_vm_obj *prog, uint32_t flags)
{
	int err = bu_vm_prog_change(s->o, prog);

	if (err)
		return err;
	if (s->o->kind == BU_VM_EVENT)
		s->o->hdr->event.attach_flags = flags;
	atomic_fetch_add(&vm->root->links_gen, 1);
	return 0;
}

int bu_vm_spot_remove(struct bu_vm *vm, struct bu_vm_spot *s)
{
	char name[48];

	if (s->o->kind == BU_VM_LINK) {
		s->o->hdr->link.detached = 1;
	} else {
		snprintf(name, sizeof(name), "attached/%u", s->o->id);
		if (unlinkat(vm->dir, name, 0) && errno != ENOENT)
			return -errno;
	}
	atomic_fetch_add(&vm->root->links_gen, 1);
	return 0;
}

/* ---------------------------------------------------------------- revisions */

static int revision_file(struct bu_vm *vm, const struct bu_vm_at *at, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), "attached/r.%u.%llx", at->type, (unsigned long long)at->target);
	return openat(vm->dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

struct revision {
	uint64_t n;
	uint32_t nlinks, link[2 * BU_VM_ATTACH_MAX]; /* that stood there when it was last looked */
};

static bool stands(const struct bu_vm_spots *s, uint32_t link)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i].o->kind == BU_VM_LINK && s->v[i].o->id == link)
			return true;
	return false;
}

/* Of a link whose last fd was closed nobody tells: it is counted when somebody looks. */
static void look(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_spots *s, unsigned add)
{
	struct revision r = { .n = 1 };
	bool device = bu_vm_at_family(at->type) == BU_VM_AT_DEVICE, changed = add;
	int fd = revision_file(vm, at, O_RDONLY);

	if (fd >= 0) {
		if (pread(fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r) || !r.n || r.nlinks > BU_ARRAY_SIZE(r.link))
			r = (struct revision){ .n = 1 };
		close(fd);
	}
	r.n += add;
	for (uint32_t i = 0; i < r.nlinks; i++)
		if (!stands(s, r.link[i])) {
			r.n++;
			changed = true;
		}
	if (device && !s->n) { /* the list of a device goes with its last program */
		r.n = 1;
		changed = fd >= 0;
	}
	s->revision = r.n;
	r.nlinks = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i].o->kind == BU_VM_LINK)
			r.link[r.nlinks++] = s->v[i].o->id;
	if (!changed || dir(vm))
		return;
	fd = revision_file(vm, at, O_WRONLY | O_CREAT);
	if (fd < 0)
		return;
	if (pwrite(fd, &r, sizeof(r), 0) != (ssize_t)sizeof(r))
		(void)!ftruncate(fd, 0);
	close(fd);
}

void bu_vm_spots_get(struct bu_vm *vm, const struct bu_vm_at *at, struct bu_vm_spots *s)
{
	collect(vm, at, s);
	look(vm, at, s, 0);
}

void bu_vm_revise(struct bu_vm *vm, const struct bu_vm_at *at)
{
	struct bu_vm_spots *s = malloc(sizeof(*s));

	if (!s)
		return;
	collect(vm, at, s);
	look(vm, at, s, 1);
	bu_vm_spots_put(s);
	free(s);
}

/* ---------------------------------------------------------------- where it is to stand */

/* The program or link that a place is relative to: its id, 0 when none is meant. */
struct relative {
	uint32_t prog, link;
};

static int relative(struct bu_vm *vm, uint32_t flags, uint32_t ref, uint32_t type, struct relative *r)
{
	int kind = flags & BPF_F_LINK ? BU_VM_LINK : BU_VM_PROG, err;
	struct bu_vm_obj *o, *p;

	*r = (struct relative){ 0 };
	if (!(flags & (BPF_F_LINK | BPF_F_ID)) && !ref)
		return 0;
	err = flags & BPF_F_ID ? bu_vm_obj_by_id(vm, kind, ref, &o) : bu_vm_obj_by_fd(vm, (int)ref, kind, &o, NULL);
	if (err)
		return err;
	r->prog = kind == BU_VM_LINK ? o->hdr->link.prog_id : o->id;
	r->link = kind == BU_VM_LINK ? o->id : 0;
	bu_vm_obj_put(o);
	err = type ? bu_vm_obj_by_id(vm, BU_VM_PROG, r->prog, &p) : 0;
	if (err || !type)
		return err;
	err = p->h.prog.type == type ? 0 : -EINVAL;
	bu_vm_obj_put(p);
	return err;
}

static uint32_t link_id(const struct bu_vm_spot *s)
{
	return s->o->kind == BU_VM_LINK ? s->o->id : 0;
}

/* hierarchy_allows_attach: what stands at groups above may forbid it. */
static int above_allows(struct bu_vm *vm, const struct bu_vm_at *at, int fd)
{
	struct bu_vm_spots *s = malloc(sizeof(*s));
	int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next, err = 0;
	struct bu_vm_at a = *at;
	bool done = false;

	if (!s) {
		if (up >= 0)
			close(up);
		return -ENOMEM;
	}
	while (!done && up >= 0 && !bu_vm_at_cgroup(up, &a.target) && a.target != at->target) {
		uint64_t was = a.target;

		bu_vm_spots_get(vm, &a, s);
		if (s->n) { /* of one list all have the same mode */
			uint32_t mode = s->v[0].flags;

			done = true;
			err = mode & (BPF_F_ALLOW_MULTI | BPF_F_ALLOW_OVERRIDE) ? 0 : -EPERM;
		}
		bu_vm_spots_put(s);
		next = openat(up, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(up);
		up = next;
		if (up >= 0 && !bu_vm_at_cgroup(up, &a.target) && a.target == was)
			break;
	}
	if (up >= 0)
		close(up);
	free(s);
	return err;
}

static int cgroup_anchor(struct bu_vm *vm, const struct bu_vm_spots *s, const struct bu_vm_attach *a, unsigned *i)
{
	bool before = a->flags & BPF_F_BEFORE;
	struct relative r;
	int err;

	if (before && a->flags & BPF_F_AFTER && (s->n || a->relative || a->flags & (BPF_F_LINK | BPF_F_ID)))
		return -EINVAL;
	/* Programs stand beside programs, links beside links. */
	if ((a->flags & (BPF_F_LINK | BPF_F_ID) || a->relative) && !(a->flags & BPF_F_LINK) == a->link)
		return -EINVAL;
	err = relative(vm, a->flags, a->relative, 0, &r);
	if (err)
		return err;
	*i = before ? 0 : s->n;
	if (!r.prog)
		return 0;
	for (unsigned k = 0; k < s->n; k++) {
		if (r.link ? link_id(&s->v[k]) != r.link : link_id(&s->v[k]) || s->v[k].prog_id != r.prog)
			continue;
		if ((s->v[k].flags ^ a->flags) & BPF_F_PREORDER)
			return -EINVAL;
		*i = before ? k : k + 1;
		return 0;
	}
	return -ENOENT;
}

int bu_vm_cgroup_place(struct bu_vm *vm, const struct bu_vm_at *at, int fd, const struct bu_vm_spots *s,
		       const struct bu_vm_attach *a, unsigned *i, bool *replace)
{
	const uint32_t modes = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI;
	bool multi = a->flags & BPF_F_ALLOW_MULTI;
	int err;

	*replace = false;
	if ((a->flags & modes) == modes || (a->flags & BPF_F_REPLACE && !multi) ||
	    (a->flags & BPF_F_REPLACE && a->flags & (BPF_F_BEFORE | BPF_F_AFTER)) || !a->old != !(a->flags & BPF_F_REPLACE))
		return -EINVAL;
	if (a->revision && a->revision != s->revision)
		return -ESTALE;
	err = above_allows(vm, at, fd);
	if (err)
		return err;
	if (s->n && (s->v[0].flags & modes) != (a->flags & modes))
		return -EPERM;
	if (s->n >= BU_VM_ATTACH_MAX)
		return -E2BIG;
	if (!multi) {
		*replace = s->n > 0;
		*i = 0;
		return *replace ? 0 : cgroup_anchor(vm, s, a, i);
	}
	for (unsigned k = 0; k < s->n && !a->link; k++)
		if (!link_id(&s->v[k]) && s->v[k].prog_id == a->prog->id && (!a->old || a->old->id != a->prog->id))
			return -EINVAL;
	for (unsigned k = 0; k < s->n && a->old; k++)
		if (!link_id(&s->v[k]) && s->v[k].prog_id == a->old->id) {
			*i = k;
			*replace = true;
			return 0;
		}
	return a->old ? -ENOENT : cgroup_anchor(vm, s, a, i);
}

/* ---------------------------------------------------------------- devices: bpf_mprog */

enum { UNSET = -34, MOST = BU_VM_ATTACH_MAX };

static int exact(const struct bu_vm_spots *s, uint32_t prog, uint32_t link)
{
	for (unsigned k = 0; k < s->n; k++)
		if (s->v[k].prog_id == prog)
			return link_id(&s->v[k]) == link ? (int)k : -EBUSY;
	return -ENOENT;
}

/* by: -1 in front of it, 1 behind it. Without one: the beginning, the end. */
static int beside(const struct bu_vm_spots *s, const struct relative *r, int by)
{
	for (unsigned k = 0; k < s->n; k++)
		if (r->prog == s->v[k].prog_id && (!r->link || r->link == link_id(&s->v[k])))
			return (int)k + by;
	return r->prog ? -ENOENT : by < 0 ? -1 : (int)s->n;
}

static int sides(const struct bu_vm_spots *s, const struct relative *r, uint32_t flags, int *idx)
{
	int t;

	for (int by = -1; by <= 1; by += 2) {
		if (!(flags & (by < 0 ? BPF_F_BEFORE : BPF_F_AFTER)))
			continue;
		t = beside(s, r, by);
		if (t < -1 || (*idx >= -1 && t != *idx))
			return t < -1 ? t : -ERANGE;
		*idx = t;
	}
	return 0;
}

int bu_vm_mprog_place(struct bu_vm *vm, const struct bu_vm_spots *s, const struct bu_vm_attach *a, unsigned *i,
		      bool *replace)
{
	struct relative r;
	int idx = UNSET, err;

	*replace = a->flags & BPF_F_REPLACE;
	if (a->revision && a->revision != s->revision)
		return -ESTALE;
	for (unsigned k = 0; k < s->n; k++)
		if (s->v[k].prog_id == a->prog->id)
			return -EEXIST;
	err = relative(vm, a->flags, a->relative, a->prog->h.prog.type, &r);
	if (err)
		return err;
	if (*replace) {
		idx = exact(s, a->old ? a->old->id : 0, 0);
		if (idx < 0)
			return idx;
	} else if (s->n == MOST) {
		return -ERANGE;
	}
	err = sides(s, &r, a->flags, &idx);
	if (err)
		return err;
	if (idx < -1) {
		if (r.prog || a->flags)
			return -EINVAL;
		idx = (int)s->n;
	} else if (a->flags & BPF_F_BEFORE && !*replace) {
		idx++;
	}
	if (idx >= MOST)
		return -ERANGE;
	*i = (unsigned)idx;
	return 0;
}

int bu_vm_mprog_find(struct bu_vm *vm, const struct bu_vm_spots *s, const struct bu_vm_attach *a, unsigned *i)
{
	uint32_t link = a->link_of ? a->link_of->id : 0;
	struct relative r;
	int idx = UNSET, err;

	if (!s->n)
		return -ENOENT;
	if (a->flags & BPF_F_REPLACE)
		return -EINVAL;
	if (a->revision && a->revision != s->revision)
		return -ESTALE;
	err = relative(vm, a->flags, a->relative, a->prog ? a->prog->h.prog.type : 0, &r);
	if (err)
		return err;
	if (a->prog) {
		idx = exact(s, a->prog->id, link);
		if (idx < 0)
			return idx;
	}
	err = sides(s, &r, a->flags, &idx);
	if (err)
		return err;
	if (idx < -1) {
		if (r.prog || a->flags)
			return -EINVAL;
		idx = (int)s->n;
	}
	if (idx >= MOST)
		return -ERANGE;
	if (idx < 0)
		idx = 0;
	else if (idx >= (int)s->n)
		idx = (int)s->n - 1;
	if (link_id(&s->v[idx]) && link_id(&s->v[idx]) != link)
		return -EBUSY;
	*i = (unsigned)idx;
	return 0;
}
