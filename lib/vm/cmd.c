/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands, and what all of them do first and last. The caller's memory: uaccess.c. */
#include "vm/cmd.h"

#include <string.h>
#include <unistd.h>

/* The kernel's own union is as long; another length would move E2BIG. */
_Static_assert(sizeof(union bpf_attr) == 168, "union bpf_attr is that of Linux 6.18");

/* Commands of the kernel that the VM does not serve: known, but of no use here. */
static int unserved(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	(void)vm, (void)a, (void)user, (void)size;
	return -EOPNOTSUPP;
}

#define LAST(m) BU_OFFSETOFEND(union bpf_attr, m)
const struct bu_vm_cmd bu_vm_cmds[] = {
	{ BPF_MAP_CREATE, "map_create", LAST(excl_prog_hash_size), bu_vm_cmd_map_create, true },
	{ BPF_MAP_LOOKUP_ELEM, "map_lookup_elem", LAST(flags), bu_vm_cmd_lookup, false },
	{ BPF_MAP_UPDATE_ELEM, "map_update_elem", LAST(flags), bu_vm_cmd_update, false },
	{ BPF_MAP_DELETE_ELEM, "map_delete_elem", LAST(key), bu_vm_cmd_delete, false },
	{ BPF_MAP_GET_NEXT_KEY, "map_get_next_key", LAST(next_key), bu_vm_cmd_next_key, false },
	{ BPF_PROG_LOAD, "prog_load", LAST(keyring_id), bu_vm_cmd_prog_load, true },
	{ BPF_OBJ_PIN, "obj_pin", LAST(path_fd), bu_vm_cmd_pin, false },
	{ BPF_OBJ_GET, "obj_get", LAST(path_fd), bu_vm_cmd_get, true },
	{ BPF_PROG_ATTACH, "prog_attach", LAST(expected_revision), bu_vm_cmd_attach, false },
	{ BPF_PROG_DETACH, "prog_detach", LAST(expected_revision), bu_vm_cmd_detach, false },
	{ BPF_PROG_TEST_RUN, "prog_test_run", LAST(test.batch_size), bu_vm_cmd_test_run, false },
	{ BPF_PROG_GET_NEXT_ID, "prog_get_next_id", LAST(next_id), bu_vm_cmd_next_id, false },
	{ BPF_MAP_GET_NEXT_ID, "map_get_next_id", LAST(next_id), bu_vm_cmd_next_id, false },
	{ BPF_PROG_GET_FD_BY_ID, "prog_get_fd_by_id", LAST(prog_id), bu_vm_cmd_fd_by_id, true },
	{ BPF_MAP_GET_FD_BY_ID, "map_get_fd_by_id", LAST(open_flags), bu_vm_cmd_fd_by_id, true },
	{ BPF_OBJ_GET_INFO_BY_FD, "obj_get_info_by_fd", LAST(info.info), bu_vm_cmd_info, false },
	{ BPF_PROG_QUERY, "prog_query", LAST(query.revision), bu_vm_cmd_query, false },
	{ BPF_RAW_TRACEPOINT_OPEN, "raw_tracepoint_open", LAST(raw_tracepoint.cookie),
	  bu_vm_cmd_raw_tp, true },
	{ BPF_BTF_LOAD, "btf_load", LAST(btf_token_fd), bu_vm_cmd_btf_load, true },
	{ BPF_BTF_GET_FD_BY_ID, "btf_get_fd_by_id", LAST(fd_by_id_token_fd), bu_vm_cmd_fd_by_id,
	  true },
	{ BPF_TASK_FD_QUERY, "task_fd_query", LAST(task_fd_query.probe_addr), bu_vm_cmd_task_fd_query, false },
	{ BPF_MAP_LOOKUP_AND_DELETE_ELEM, "map_lookup_and_delete_elem", LAST(flags), bu_vm_cmd_take,
	  false },
	{ BPF_MAP_FREEZE, "map_freeze", LAST(map_fd), bu_vm_cmd_freeze, false },
	{ BPF_BTF_GET_NEXT_ID, "btf_get_next_id", LAST(next_id), bu_vm_cmd_next_id, false },
	{ BPF_MAP_LOOKUP_BATCH, "map_lookup_batch", LAST(batch.flags), bu_vm_cmd_batch, false },
	{ BPF_MAP_LOOKUP_AND_DELETE_BATCH, "map_lookup_and_delete_batch", LAST(batch.flags),
	  bu_vm_cmd_batch, false },
	{ BPF_MAP_UPDATE_BATCH, "map_update_batch", LAST(batch.flags), bu_vm_cmd_batch, false },
	{ BPF_MAP_DELETE_BATCH, "map_delete_batch", LAST(batch.flags), bu_vm_cmd_batch, false },
	{ BPF_LINK_CREATE, "link_create", LAST(link_create.uprobe_multi.pid), bu_vm_cmd_link_create,
	  true },
	{ BPF_LINK_UPDATE, "link_update", LAST(link_update.old_prog_fd), bu_vm_cmd_link_update,
	  false },
	{ BPF_LINK_GET_FD_BY_ID, "link_get_fd_by_id", LAST(link_id), bu_vm_cmd_fd_by_id, true },
	{ BPF_LINK_GET_NEXT_ID, "link_get_next_id", LAST(next_id), bu_vm_cmd_next_id, false },
	{ BPF_ENABLE_STATS, "enable_stats", LAST(enable_stats.type), bu_vm_cmd_enable_stats, true },
	{ BPF_ITER_CREATE, "iter_create", LAST(iter_create.flags), bu_vm_cmd_iter_create, true },
	{ BPF_LINK_DETACH, "link_detach", LAST(link_detach.link_fd), bu_vm_cmd_link_detach, false },
	{ BPF_PROG_BIND_MAP, "prog_bind_map", LAST(prog_bind_map.flags), bu_vm_cmd_bind_map, false },
	{ BPF_TOKEN_CREATE, "token_create", LAST(token_create.bpffs_fd), unserved, true },
	{ BPF_PROG_STREAM_READ_BY_FD, "prog_stream_read_by_fd", LAST(prog_stream_read.prog_fd),
	  unserved, false },
};
const unsigned bu_vm_ncmds = BU_ARRAY_SIZE(bu_vm_cmds);
_Static_assert(BU_ARRAY_SIZE(bu_vm_cmds) == __MAX_BPF_CMD, "one row per command");

static bool zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			return false;
	return true;
}

int bu_vm_tail_zero(struct bu_vm *vm, uint64_t user, size_t known, size_t size)
{
	uint8_t buf[256];
	size_t n, got;

	if (size > BU_VM_PAGE)
		return -E2BIG;
	/* What is not zero counts more than what cannot be read behind it. */
	for (; known < size; known += n) {
		n = size - known < sizeof(buf) ? size - known : sizeof(buf);
		got = bu_vm_copy_in_some(vm, buf, user + known, n);
		if (!zero(buf, got))
			return -E2BIG;
		if (got < n)
			return -EFAULT;
	}
	return 0;
}

int bu_vm_bpf(struct bu_sys *s, int cmd, union bpf_attr *user, unsigned size)
{
	struct bu_vm *vm = bu_vm(s);
	const struct bu_vm_cmd *c;
	union bpf_attr a;
	int r;

	r = bu_vm_tail_zero(vm, bu_ptr64(user), sizeof(a), size);
	if (r)
		return r;
	if (size > sizeof(a))
		size = sizeof(a);
	memset(&a, 0, sizeof(a));
	r = bu_vm_copy_in(vm, &a, bu_ptr64(user), size);
	if (r)
		return r;
	if (cmd < 0 || (unsigned)cmd >= bu_vm_ncmds)
		return -EINVAL;
	c = &bu_vm_cmds[cmd];
	if (!zero((const uint8_t *)&a + c->last, sizeof(a) - c->last))
		return -EINVAL;
	vm->cmd = cmd;
	r = c->run(vm, &a, user, size);
	if (vm->win.fault) { /* what was read of a file that was cut short is not to be trusted */
		vm->win.fault = 0;
		if (r >= 0 && c->fd)
			close(r);
		r = -EIO;
	}
	return r;
}
