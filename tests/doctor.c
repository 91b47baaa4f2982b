/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes one call that is refused and prints what bu_sys_explain makes of it, for causes that bpf-ld cannot be made
 * to meet. Exit 0: it was refused; 1: it was not; 2: usage.
 *
 *   doctor map TYPE KEY VALUE MAX [FLAGS]     numbers
 *   doctor prog TYPE [ATTACH_TYPE [LOG_SIZE]]
 *   doctor long N                             a socket filter of N instructions
 *   doctor element full|behind|frozen|read-only|there|missing|delete
 *   doctor freeze mapped|twice
 *   doctor pin|get PATH
 *   doctor id map|prog ID
 *   doctor list
 *   doctor event
 *   doctor run                                a tracepoint program
 *   doctor fault                              a log that cannot be written
 *   doctor helper TYPE ID
 *   doctor old MAJOR MINOR LOCKED             EPERM of MAP_CREATE as that kernel would say it; bytes that may be locked
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "kern/kern.h"
#include "sys/sys.h"

/* The head of the kernel's struct; x86-64 and arm64 alike. */
struct perf_event_attr { uint32_t type, size; uint64_t config, rest[14]; };

static struct bu_sys *sys;
static struct bu_refused r;
static union bpf_attr attr;

static uint32_t num(char **argv, int i)
{
	return argv[i] ? (uint32_t)strtoul(argv[i], NULL, 0) : 0;
}

static int map(uint32_t type, uint32_t key, uint32_t value, uint32_t max, uint32_t flags)
{
	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = max;
	attr.map_flags = flags;
	r.cmd = BPF_MAP_CREATE;
	return bu_sys_map_create(sys, &attr);
}

/* n times r0 = 0, then exit. */
static int prog(uint32_t type, uint32_t attach, uint32_t n, char *log, uint32_t log_size)
{
	const struct bu_insn set = { .code = 0xb7 }, end = { .code = BU_OP_EXIT };
	uint8_t *insns = calloc(n + 1, BU_INSN_SIZE);
	int fd;

	if (!insns)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		bu_insn_encode(insns + (size_t)i * BU_INSN_SIZE, &set, BU_HOST_BE);
	bu_insn_encode(insns + (size_t)n * BU_INSN_SIZE, &end, BU_HOST_BE);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = bu_ptr64(insns);
	attr.insn_cnt = n + 1;
	attr.license = bu_ptr64("GPL");
	attr.log_level = log ? 1 : 0;
	attr.log_buf = bu_ptr64(log);
	attr.log_size = log ? log_size : 0;
	r.cmd = BPF_PROG_LOAD;
	fd = bu_sys_prog_load(sys, &attr, 0);
	free(insns);
	return fd;
}

static int element(const char *what)
{
	bool array = strcmp(what, "behind") == 0 || strcmp(what, "delete") == 0;
	uint32_t key = 1, value = 0, flags = strcmp(what, "read-only") == 0 ? BPF_F_RDONLY : 0;
	int fd = map(array ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_HASH, 4, 4, 2, flags);

	if (fd < 0)
		return 0;
	attr.map_fd = 0;
	r.fd = fd;
	r.attr = NULL;
	r.cmd = BPF_MAP_UPDATE_ELEM;
	if (strcmp(what, "full") == 0 || strcmp(what, "there") == 0)
		bu_sys_map_update(sys, fd, &key, &value, 0);
	if (strcmp(what, "there") == 0)
		return bu_sys_map_update(sys, fd, &key, &value, BPF_NOEXIST);
	if (strcmp(what, "full") == 0) {
		key = 2;
		bu_sys_map_update(sys, fd, &key, &value, 0);
		key = 3;
	}
	if (strcmp(what, "behind") == 0)
		key = 7;
	if (strcmp(what, "frozen") == 0)
		bu_sys_map_freeze(sys, fd);
	if (strcmp(what, "delete") == 0 || strcmp(what, "missing") == 0) {
		r.cmd = BPF_MAP_DELETE_ELEM;
		return bu_sys_map_delete(sys, fd, &key);
	}
	return bu_sys_map_update(sys, fd, &key, &value, 0);
}

static int freeze(const char *what)
{
	int fd = map(BPF_MAP_TYPE_ARRAY, 4, 4096, 1, BPF_F_MMAPABLE), err;

	if (fd < 0)
		return 0;
	r.cmd = BPF_MAP_FREEZE;
	r.fd = fd;
	r.attr = NULL;
	if (strcmp(what, "mapped") == 0)
		sys->ops->mmap(sys, fd, 4096, true, 0, &err);
	else
		bu_sys_map_freeze(sys, fd);
	return bu_sys_map_freeze(sys, fd);
}

static int test_run(void)
{
	int fd = prog(BPF_PROG_TYPE_TRACEPOINT, 0, 1, NULL, 0);
	char packet[64] = "";

	if (fd < 0)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = bu_ptr64(packet);
	attr.test.data_size_in = sizeof(packet);
	r.cmd = BPF_PROG_TEST_RUN;
	return bu_sys_test_run(sys, &attr);
}

static int event(void)
{
	struct perf_event_attr a = { .type = 1 /* software */, .size = 64 };

	r.cmd = BU_CMD_PERF_EVENT_OPEN;
	return sys->ops->perf_event_open(sys, &a, -1, 0, -1, 0);
}

/* What an old kernel says cannot be asked of this one: facts in place of its own. */
static struct bu_sys_facts old;

static void old_facts(struct bu_sys *s, struct bu_sys_facts *f)
{
	(void)s;
	*f = old;
}

static int as_old(char **argv, struct bu_sys_ops *ops)
{
	*ops = *sys->ops;
	ops->facts = old_facts;
	sys->ops->facts(sys, &old);
	old.major = num(argv, 2);
	old.minor = num(argv, 3);
	old.memlock_known = true;
	old.memlock = num(argv, 4);
	sys->ops = ops;
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_HASH;
	r.cmd = BPF_MAP_CREATE;
	return -EPERM;
}

static int done(char **argv, struct bu_sys_ops *ops)
{
	static char log[64];
	const char *w = argv[1], *a = argv[2] ? argv[2] : "";
	uint32_t id;

	if (strcmp(w, "map") == 0)
		return map(num(argv, 2), num(argv, 3), num(argv, 4), num(argv, 5), argv[5] ? num(argv, 6) : 0);
	if (strcmp(w, "prog") == 0)
		return prog(num(argv, 2), a[0] ? num(argv, 3) : 0, 1, a[0] && argv[3] && argv[4] ? log : NULL,
			    a[0] && argv[3] ? num(argv, 4) : 0);
	if (strcmp(w, "long") == 0)
		return prog(BPF_PROG_TYPE_SOCKET_FILTER, 0, num(argv, 2), NULL, 0);
	if (strcmp(w, "fault") == 0)
		return prog(BPF_PROG_TYPE_SOCKET_FILTER, 0, 1, (char *)16, 1024);
	if (strcmp(w, "element") == 0)
		return element(a);
	if (strcmp(w, "freeze") == 0)
		return freeze(a);
	if (strcmp(w, "run") == 0)
		return test_run();
	if (strcmp(w, "event") == 0)
		return event();
	if (strcmp(w, "old") == 0)
		return as_old(argv, ops);
	if (strcmp(w, "id") == 0) {
		r.cmd = a[0] == 'm' ? BPF_MAP_GET_FD_BY_ID : BPF_PROG_GET_FD_BY_ID;
		return bu_sys_fd_by_id(sys, a[0] == 'm' ? BU_MAP : BU_PROG, num(argv, 3), 0);
	}
	if (strcmp(w, "list") == 0) {
		r.cmd = BPF_PROG_GET_NEXT_ID;
		return bu_sys_next_id(sys, BU_PROG, 0, &id);
	}
	if (strcmp(w, "pin") == 0) {
		int fd = map(BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0);

		r.attr = NULL;
		r.path = a;
		r.cmd = BPF_OBJ_PIN;
		return bu_sys_pin(sys, fd, a);
	}
	if (strcmp(w, "get") == 0) {
		r.attr = NULL;
		r.path = a;
		r.cmd = BPF_OBJ_GET;
		return bu_sys_get(sys, a, 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct bu_buf out = { 0 };
	struct bu_sys_ops ops;
	struct bu_diags ds;
	struct bu_diag *d;
	int err;

	if (argc < 2)
		return 2;
	bu_diags_init(&ds);
	sys = bu_kern_open();
	if (!sys)
		return 2;
	r.attr = &attr;
	if (strcmp(argv[1], "helper") == 0) {
		d = bu_diag(&ds, BU_ERROR, "S0112", "helper");
		bu_sys_explain_helper(sys, &ds, d, num(argv, 2), (int32_t)num(argv, 3));
		err = -EINVAL;
	} else {
		err = done(argv, &ops);
		d = bu_diag(&ds, BU_ERROR, "S0112", "%s: %s", argv[1], bu_errno_name(err));
		r.err = err;
		if (err < 0)
			bu_sys_explain_more(sys, &ds, d, &r);
	}
	bu_diags_render(&out, &ds, BU_DIAG_TEXT, false, "doctor");
	fputs(bu_buf_cstr(&out), stdout);
	bu_buf_free(&out);
	bu_diags_free(&ds);
	return err < 0 ? 0 : 1;
}
