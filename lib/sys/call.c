/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bpf(2), typed. An attribute is cut behind the last member that says something: an older kernel
 * refuses (E2BIG) what it does not know only when that is not zero, but a trace of the calls should
 * show what was asked and no more, and the other backend checks the same.
 */
#include "sys/sys.h"

#include <string.h>

#define UPTO(member) BU_OFFSETOFEND(union bpf_attr, member)

static int call(struct bu_sys *s, int cmd, union bpf_attr *a, size_t size)
{
	return s->ops->bpf(s, cmd, a, (unsigned)size);
}

/* Bytes up to the last that is not zero, in whole words; at least min. */
static size_t used_size(const union bpf_attr *a, size_t min)
{
	const uint8_t *p = (const uint8_t *)a;
	size_t n = sizeof(*a);

	while (n > min && !p[n - 1])
		n--;
	return (n + 3) & ~(size_t)3;
}

const char *bu_objkind_name(enum bu_objkind k)
{
	static const char *const names[] = {
		[BU_PROG] = "prog", [BU_MAP] = "map", [BU_LINK] = "link", [BU_BTF] = "btf",
	};

	return (unsigned)k < BU_ARRAY_SIZE(names) ? names[k] : "object";
}

int bu_backend_parse(const char *word, enum bu_backend *b)
{
	static const char *const words[] = {
		[BU_BACKEND_AUTO] = "auto", [BU_BACKEND_KERNEL] = "kernel", [BU_BACKEND_VM] = "vm",
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*b = (enum bu_backend)i;
			return 0;
		}
	}
	return -EINVAL;
}

void bu_sys_tell(struct bu_sys *s, struct bu_diags *ds)
{
	if (s->did)
		bu_diag(ds, BU_NOTE, "S0001", "%s", s->did);
	s->did = NULL;
}

/* ---------------------------------------------------------------- maps */

int bu_sys_map_create(struct bu_sys *s, const union bpf_attr *a)
{
	union bpf_attr copy = *a;

	return call(s, BPF_MAP_CREATE, &copy, used_size(a, UPTO(map_flags)));
}

/* The four commands on one element; other is the value or the next key. */
static int elem(struct bu_sys *s, int cmd, int fd, const void *key, const void *other,
		uint64_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)fd;
	a.key = bu_ptr64(key);
	a.value = bu_ptr64(other);
	a.flags = flags;
	return call(s, cmd, &a, used_size(&a, other ? UPTO(value) : UPTO(key)));
}

int bu_sys_map_lookup(struct bu_sys *s, int fd, const void *key, void *value, uint64_t flags)
{
	return elem(s, BPF_MAP_LOOKUP_ELEM, fd, key, value, flags);
}

int bu_sys_map_update(struct bu_sys *s, int fd, const void *key, const void *value, uint64_t flags)
{
	return elem(s, BPF_MAP_UPDATE_ELEM, fd, key, value, flags);
}

int bu_sys_map_delete(struct bu_sys *s, int fd, const void *key)
{
	return elem(s, BPF_MAP_DELETE_ELEM, fd, key, NULL, 0);
}

int bu_sys_map_next_key(struct bu_sys *s, int fd, const void *key, void *next)
{
	return elem(s, BPF_MAP_GET_NEXT_KEY, fd, key, next, 0);
}

int bu_sys_map_take(struct bu_sys *s, int fd, const void *key, void *value)
{
	return elem(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, key, value, 0);
}

int bu_sys_map_freeze(struct bu_sys *s, int fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_fd = (uint32_t)fd;
	return call(s, BPF_MAP_FREEZE, &a, UPTO(map_fd));
}

int bu_sys_map_lookup_batch(struct bu_sys *s, int fd, const void *in, void *out, void *keys,
			    void *values, uint32_t *count)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (uint32_t)fd;
	a.batch.in_batch = bu_ptr64(in);
	a.batch.out_batch = bu_ptr64(out);
	a.batch.keys = bu_ptr64(keys);
	a.batch.values = bu_ptr64(values);
	a.batch.count = *count;
	err = call(s, BPF_MAP_LOOKUP_BATCH, &a, UPTO(batch.flags));
	/* The last batch comes with -ENOENT; after another error the count says nothing. */
	*count = err == 0 || err == -ENOENT ? a.batch.count : 0;
	return err;
}

int bu_sys_map_update_batch(struct bu_sys *s, int fd, const void *keys, const void *values, uint32_t count)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.batch.map_fd = (uint32_t)fd;
	a.batch.keys = bu_ptr64(keys);
	a.batch.values = bu_ptr64(values);
	a.batch.count = count;
	return call(s, BPF_MAP_UPDATE_BATCH, &a, UPTO(batch.flags));
}

/* ---------------------------------------------------------------- ids, pins, info */

int bu_sys_next_id(struct bu_sys *s, enum bu_objkind k, uint32_t id, uint32_t *next)
{
	static const int cmds[] = {
		[BU_PROG] = BPF_PROG_GET_NEXT_ID, [BU_MAP] = BPF_MAP_GET_NEXT_ID,
		[BU_LINK] = BPF_LINK_GET_NEXT_ID, [BU_BTF] = BPF_BTF_GET_NEXT_ID,
	};
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.start_id = id;
	err = call(s, cmds[k], &a, UPTO(next_id));
	if (!err)
		*next = a.next_id;
	return err;
}

int bu_sys_fd_by_id(struct bu_sys *s, enum bu_objkind k, uint32_t id, uint32_t open_flags)
{
	static const int cmds[] = {
		[BU_PROG] = BPF_PROG_GET_FD_BY_ID, [BU_MAP] = BPF_MAP_GET_FD_BY_ID,
		[BU_LINK] = BPF_LINK_GET_FD_BY_ID, [BU_BTF] = BPF_BTF_GET_FD_BY_ID,
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.start_id = id;
	a.open_flags = open_flags;
	return call(s, cmds[k], &a, used_size(&a, UPTO(start_id)));
}

int bu_sys_info(struct bu_sys *s, int fd, void *info, uint32_t *size)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = *size;
	a.info.info = bu_ptr64(info);
	err = call(s, BPF_OBJ_GET_INFO_BY_FD, &a, UPTO(info.info));
	if (!err)
		*size = a.info.info_len;
	return err;
}

int bu_sys_pin(struct bu_sys *s, int fd, const char *path)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.pathname = bu_ptr64(path);
	a.bpf_fd = (uint32_t)fd;
	return call(s, BPF_OBJ_PIN, &a, UPTO(bpf_fd));
}

int bu_sys_get(struct bu_sys *s, const char *path, uint32_t open_flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.pathname = bu_ptr64(path);
	a.file_flags = open_flags;
	return call(s, BPF_OBJ_GET, &a, used_size(&a, UPTO(pathname)));
}

int bu_sys_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id)
{
	return s->ops->fd_kind ? s->ops->fd_kind(s, fd, k, id) : -EINVAL;
}

/* ---------------------------------------------------------------- programs and links */

int bu_sys_btf_load(struct bu_sys *s, const void *btf, size_t size, char *log, uint32_t log_size)
{
	union bpf_attr a;

	if (size > UINT32_MAX)
		return -E2BIG;
	memset(&a, 0, sizeof(a));
	a.btf = bu_ptr64(btf);
	a.btf_size = (uint32_t)size;
	if (log && log_size) {
		log[0] = '\0';
		a.btf_log_buf = bu_ptr64(log);
		a.btf_log_size = log_size;
		a.btf_log_level = BPF_LOG_LEVEL1;
	}
	return call(s, BPF_BTF_LOAD, &a, used_size(&a, UPTO(btf_size)));
}

int bu_sys_prog_load(struct bu_sys *s, union bpf_attr *a, unsigned size)
{
	return call(s, BPF_PROG_LOAD, a, size ? size : used_size(a, UPTO(kern_version)));
}

int bu_sys_link_create(struct bu_sys *s, int prog_fd, int target, uint32_t attach_type,
		       uint32_t flags, uint64_t cookie)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)prog_fd;
	a.link_create.target_fd = (uint32_t)target;
	a.link_create.attach_type = attach_type;
	a.link_create.flags = flags;
	if (attach_type == BPF_PERF_EVENT)
		a.link_create.perf_event.bpf_cookie = cookie;
	else if (attach_type == BPF_TRACE_RAW_TP || attach_type == BPF_TRACE_FENTRY ||
		 attach_type == BPF_TRACE_FEXIT || attach_type == BPF_MODIFY_RETURN)
		a.link_create.tracing.cookie = cookie;
	else if (cookie)
		return -EINVAL;
	return call(s, BPF_LINK_CREATE, &a, used_size(&a, UPTO(link_create.flags)));
}

int bu_sys_link_make(struct bu_sys *s, const union bpf_attr *a)
{
	union bpf_attr copy = *a;

	return call(s, BPF_LINK_CREATE, &copy, used_size(a, UPTO(link_create.flags)));
}

int bu_sys_iter_create(struct bu_sys *s, int link_fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.iter_create.link_fd = (uint32_t)link_fd;
	return call(s, BPF_ITER_CREATE, &a, UPTO(iter_create.flags));
}

int bu_sys_link_detach(struct bu_sys *s, int link_fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_detach.link_fd = (uint32_t)link_fd;
	return call(s, BPF_LINK_DETACH, &a, UPTO(link_detach.link_fd));
}

int bu_sys_prog_attach(struct bu_sys *s, const union bpf_attr *a)
{
	union bpf_attr copy = *a;

	return call(s, BPF_PROG_ATTACH, &copy, used_size(a, UPTO(attach_flags)));
}

int bu_sys_prog_detach(struct bu_sys *s, const union bpf_attr *a)
{
	union bpf_attr copy = *a;

	return call(s, BPF_PROG_DETACH, &copy, used_size(a, UPTO(attach_type)));
}

int bu_sys_raw_tp_open(struct bu_sys *s, const char *name, int prog_fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.raw_tracepoint.name = bu_ptr64(name);
	a.raw_tracepoint.prog_fd = (uint32_t)prog_fd;
	return call(s, BPF_RAW_TRACEPOINT_OPEN, &a, UPTO(raw_tracepoint.prog_fd));
}

int bu_sys_test_run(struct bu_sys *s, union bpf_attr *a)
{
	return call(s, BPF_PROG_TEST_RUN, a, used_size(a, UPTO(test.duration)));
}
