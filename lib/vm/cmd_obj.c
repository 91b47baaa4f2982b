/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that all objects share, and the info of maps. */
#include "vm/cmd_map.h"
#include "vm/opstype.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RDWR_MASK (BPF_F_RDONLY | BPF_F_WRONLY)

/* How an fd is to be opened by BPF_F_RDONLY and _WRONLY, or -EINVAL. */
static int open_mode(uint32_t flags)
{
	switch (flags & RDWR_MASK) {
	case 0:
		return O_RDWR;
	case BPF_F_RDONLY:
		return O_RDONLY;
	case BPF_F_WRONLY:
		return O_WRONLY;
	default:
		return -EINVAL;
	}
}

static int path_in(struct bu_vm *vm, uint64_t user, char *path)
{
	long n = bu_vm_copy_str(vm, path, user, PATH_MAX);

	return n == -E2BIG ? -ENAMETOOLONG : n == 0 ? -ENOENT : n < 0 ? (int)n : 0;
}

static int path_fd(const union bpf_attr *a, int *fd)
{
	if (!(a->file_flags & BPF_F_PATH_FD) && a->path_fd)
		return -EINVAL;
	*fd = a->file_flags & BPF_F_PATH_FD ? a->path_fd : AT_FDCWD;
	return 0;
}

int bu_vm_cmd_pin(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *o;
	char path[PATH_MAX];
	int fd, err;
	bool pins;

	(void)user, (void)size;
	if (a->file_flags & ~(uint32_t)BPF_F_PATH_FD)
		return -EINVAL;
	err = path_fd(a, &fd);
	if (err)
		return err;
	err = bu_vm_obj_by_fd(vm, (int)a->bpf_fd, -1, &o, NULL);
	if (err)
		return err == -EBADF ? -EINVAL : err;
	pins = o->kind == BU_VM_MAP || o->kind == BU_VM_PROG || o->kind == BU_VM_LINK;
	bu_vm_obj_put(o);
	if (!pins)
		return -EINVAL;
	err = path_in(vm, a->pathname, path);
	return err ? err : bu_vm_pin(vm, fd, path, (int)a->bpf_fd);
}

int bu_vm_cmd_get(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	char path[PATH_MAX];
	int fd, err, mode;

	(void)user, (void)size;
	if (a->bpf_fd || a->file_flags & ~(uint32_t)(RDWR_MASK | BPF_F_PATH_FD))
		return -EINVAL;
	err = path_fd(a, &fd);
	if (err)
		return err;
	mode = open_mode(a->file_flags);
	if (mode < 0)
		return mode;
	err = path_in(vm, a->pathname, path);
	return err ? err : bu_vm_pin_get(vm, fd, path, mode);
}

int bu_vm_cmd_next_id(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	int kind = vm->cmd == BPF_PROG_GET_NEXT_ID ? BU_VM_PROG :
		   vm->cmd == BPF_MAP_GET_NEXT_ID  ? BU_VM_MAP :
		   vm->cmd == BPF_BTF_GET_NEXT_ID  ? BU_VM_BTF :
						     BU_VM_LINK;
	uint32_t next;
	int err;

	(void)size;
	if (a->start_id >= INT_MAX)
		return -EINVAL;
	err = bu_vm_obj_next_id(vm, kind, a->start_id, &next);
	return err ? err : bu_vm_put_user(vm, next, user, next_id);
}

/* An fd of the token kind, of which there are none here: wrong whatever it is. */
static int token(uint32_t fd)
{
	return fcntl((int)fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
}

int bu_vm_cmd_fd_by_id(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	int kind, mode = O_RDWR;

	(void)user, (void)size;
	switch (vm->cmd) {
	case BPF_PROG_GET_FD_BY_ID:
		kind = BU_VM_PROG;
		break;
	case BPF_MAP_GET_FD_BY_ID:
		kind = BU_VM_MAP;
		if (a->open_flags & ~(uint32_t)RDWR_MASK)
			return -EINVAL;
		mode = open_mode(a->open_flags);
		if (mode < 0)
			return mode;
		break;
	case BPF_BTF_GET_FD_BY_ID:
		kind = BU_VM_BTF;
		if (a->open_flags & ~(uint32_t)BPF_F_TOKEN_FD)
			return -EINVAL;
		if (a->open_flags)
			return token((uint32_t)a->fd_by_id_token_fd);
		mode = O_RDONLY; /* as the kernel's: the fd of a BTF object can be read only */
		break;
	default:
		kind = BU_VM_LINK;
	}
	return a->map_id ? bu_vm_obj_open(vm, kind, a->map_id, mode) : -ENOENT;
}

int bu_vm_cmd_info(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_obj *o;
	int err;

	(void)size;
	err = bu_vm_obj_by_fd(vm, (int)a->info.bpf_fd, -1, &o, NULL);
	if (err)
		return err == -EBADF ? -EBADFD : err;
	switch (o->kind) {
	case BU_VM_PROG:
		err = bu_vm_info_prog(vm, o, a, user);
		break;
	case BU_VM_MAP:
		err = bu_vm_info_map(vm, o, a, user);
		break;
	case BU_VM_BTF:
		err = bu_vm_info_btf(vm, o, a, user);
		break;
	case BU_VM_LINK:
		err = bu_vm_info_link(vm, o, a, user);
		break;
	default:
		err = -EINVAL;
	}
	bu_vm_obj_put(o);
	return err;
}

int bu_vm_info_in(struct bu_vm *vm, const union bpf_attr *a, void *info, uint32_t room,
		  uint32_t *len)
{
	int err = bu_vm_tail_zero(vm, a->info.info, room, a->info.info_len);

	if (err)
		return err;
	*len = a->info.info_len < room ? a->info.info_len : room;
	memset(info, 0, room);
	return bu_vm_copy_in(vm, info, a->info.info, *len);
}

int bu_vm_info_out(struct bu_vm *vm, const union bpf_attr *a, union bpf_attr *user,
		   const void *info, uint32_t len)
{
	if (bu_vm_copy_out(vm, a->info.info, info, len))
		return -EFAULT;
	return bu_vm_put_user(vm, len, user, info.info_len);
}

int bu_vm_info_map(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	const struct bu_vm_map_attr *h = &o->h.map;
	struct bpf_map_info i;
	uint32_t len;
	int err;

	/* The padding at the end counts as unknown when it is checked, and as known when it is copied. */
	err = bu_vm_tail_zero(vm, a->info.info, BU_OFFSETOFEND(struct bpf_map_info, hash_size),
			      a->info.info_len);
	if (!err)
		err = bu_vm_info_in(vm, a, &i, sizeof(i), &len);
	if (err)
		return err;
	i.type = h->type;
	i.id = o->id;
	i.key_size = h->key_size;
	i.value_size = h->value_size;
	i.max_entries = h->max_entries;
	i.map_flags = h->flags & ~(uint32_t)RDWR_MASK;
	i.map_extra = h->map_extra;
	memcpy(i.name, h->name, sizeof(i.name));
	if (h->btf_id) {
		i.btf_id = h->btf_id;
		i.btf_key_type_id = h->btf_key_type;
		i.btf_value_type_id = h->type == BPF_MAP_TYPE_STRUCT_OPS ? 0 : h->btf_value_type;
	}
	i.btf_vmlinux_value_type_id = 0;
	if (h->type == BPF_MAP_TYPE_STRUCT_OPS) {
		i.btf_vmlinux_id = BU_SYS_OWN_TYPES;
		i.btf_vmlinux_value_type_id = bu_vm_ops_value_id(vm, h->btf_value_type);
	}
	/* Hashes of a map's content belong to signed programs, which the VM does not load. */
	if (i.hash || i.hash_size)
		return -EINVAL;
	return bu_vm_info_out(vm, a, user, &i, len);
}
