/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TASK_FD_QUERY: which program hangs at a raw tracepoint's link, or at an event, that a process has open. */
#include "vm/link.h"

#include <fcntl.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct told {
	uint32_t prog_id, type;
	uint64_t offset, addr;
	char name[256];
};

/* What the process has there, opened once more. */
static int open_of(uint32_t pid, uint32_t fd)
{
	char path[64];
	int got;

	if ((int32_t)pid <= 0 || (kill((pid_t)pid, 0) && errno == ESRCH))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, fd);
	got = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (got >= 0)
		return got;
	return errno == ENOENT ? -EBADF : errno == EACCES ? -EPERM : -BU_VM_ENOTSUPP;
}

static void from_link(const struct bu_vm_obj *o, struct told *t)
{
	t->prog_id = o->hdr->link.prog_id;
	t->type = BPF_FD_TYPE_RAW_TRACEPOINT;
	memcpy(t->name, o->h.link.name, sizeof(o->h.link.name));
}

/* "tracepoint:CATEGORY:NAME", "kprobe:FUNCTION[+N]", "uprobe:PATH:0xN" */
static int from_event(const struct bu_vm_obj *o, struct told *t)
{
	const struct bu_vm_event_attr *e = &o->h.event;
	bool user = !strncmp(e->hook, "uprobe", 6) || !strncmp(e->hook, "uretprobe", 9);
	char hook[sizeof(e->hook)], *name, *end;

	t->prog_id = o->hdr->event.prog_id;
	if (!t->prog_id)
		return -ENOENT;
	memcpy(hook, e->hook, sizeof(hook));
	hook[sizeof(hook) - 1] = 0;
	name = strchr(hook, ':');
	name = name ? name + 1 : hook;
	if (e->type == PERF_TYPE_TRACEPOINT) {
		t->type = BPF_FD_TYPE_TRACEPOINT;
		end = strchr(name, ':');
		name = end ? end + 1 : name;
	} else if (!strncmp(hook, "kprobe", 6) || !strncmp(hook, "kretprobe", 9) || user) {
		t->type = user ? e->ret ? BPF_FD_TYPE_URETPROBE : BPF_FD_TYPE_UPROBE :
			  e->ret ? BPF_FD_TYPE_KRETPROBE : BPF_FD_TYPE_KPROBE;
		t->offset = e->probe_off;
		end = strrchr(name, user ? ':' : '+');
		if (end)
			*end = 0;
		if (!user && !strncmp(name, "0x", 2)) { /* by its address */
			t->addr = e->probe_off;
			t->offset = 0;
			*name = 0;
		}
	} else {
		return -EOPNOTSUPP;
	}
	memcpy(t->name, name, strlen(name) + 1);
	return 0;
}

static int put_name(struct bu_vm *vm, const union bpf_attr *a, union bpf_attr *user, char *name)
{
	uint32_t room = a->task_fd_query.buf_len, n = (uint32_t)strlen(name);
	int err = 0;

	if (bu_vm_put_user(vm, n, user, task_fd_query.buf_len))
		return -EFAULT;
	if (!room || !a->task_fd_query.buf)
		return 0;
	if (room < n + 1) {
		err = -ENOSPC;
		n = room - 1;
		name[n] = 0;
	}
	return bu_vm_copy_out(vm, a->task_fd_query.buf, name, n + 1) ? -EFAULT : err;
}

int bu_vm_cmd_task_fd_query(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct told t = { 0 };
	struct bu_vm_obj *o;
	int fd, err, ret;

	(void)size;
	if (a->task_fd_query.flags)
		return -EINVAL;
	fd = open_of(a->task_fd_query.pid, a->task_fd_query.fd);
	if (fd < 0)
		return fd;
	err = bu_vm_obj_by_fd(vm, fd, -1, &o, NULL);
	close(fd);
	if (err)
		return -BU_VM_ENOTSUPP;
	err = -BU_VM_ENOTSUPP;
	if (o->kind == BU_VM_LINK && o->h.link.type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		from_link(o, &t);
		err = 0;
	} else if (o->kind == BU_VM_EVENT && o->h.event.type < UINT32_MAX - 1) {
		err = from_event(o, &t);
	}
	bu_vm_obj_put(o);
	if (err)
		return err;
	t.name[sizeof(t.name) - 1] = 0;
	ret = put_name(vm, a, user, t.name);
	if (ret == -EFAULT)
		return ret;
	if (bu_vm_put_user(vm, t.prog_id, user, task_fd_query.prog_id) || bu_vm_put_user(vm, t.type, user, task_fd_query.fd_type) ||
	    bu_vm_put_user(vm, t.offset, user, task_fd_query.probe_offset) ||
	    bu_vm_put_user(vm, t.addr, user, task_fd_query.probe_addr))
		return -EFAULT;
	return ret;
}
