// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Objects for bpftool to look at. Makes what its arguments name, says "ITEM prog=ID link=ID" or
 * "ITEM error=ERRNO" a line, then "ready", and holds all of it until standard input ends.
 *
 *   comm:NAME       this process's name; \n, \e and \q stand for newline, escape and a bad byte
 *   prog:NAME       a socket filter
 *   calls:NAME      a program with a local function, map references, a helper call and BTF
 *   rawtp tp perf uprobe uprobe_multi tracing netns netfilter    a link of that kind
 *   xdp:IFINDEX tcx:IFINDEX cgroup:PATH                           likewise
 *   typed:PIN       a hash with BTF (u32 -> struct), filled with three elements, pinned
 *   cache              a link on misses of the last cache
 *   flow               a flow dissector, by a link to this network namespace
 *   sockmap socklink   a verdict on a map of sockets, by PROG_ATTACH and by a link
 *   tailcall inner     a program whose prog_array has another; a map of maps with one
 *   ioctl              a tracepoint's event with a program that no link ties to it
 *   load:PIN:TYPE[:R]  a program of that type that returns R (1), pinned
 *   mixed:PIN       a queue, stack, ringbuf and bloom filter as PIN-TYPE
 *   task_storage:PIN sk_storage:PIN cgrp_storage:PIN:DIR   local storage, 42 for this process, a socket of it, a group
 *   u64:PIN:N       a hash with BTF (u64 -> u64) of N elements, pinned
 *   fill:PIN:N      puts N elements into a hash of 8 byte keys and values
 *   churn:PIN:N[:TYPE]  a hash, lpm_trie or devmap_hash of N live keys that come and go all the time
 */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kern/kern.h"
#include "vm/vm.h"

static struct bu_sys *sys;

/* ---------------------------------------------------------------- programs */

static void put_insn(struct bu_buf *b, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bu_insn in = { code, dst, src, off, imm };
	uint8_t raw[8];

	bu_insn_encode(raw, &in, BU_HOST_BE);
	bu_buf_add(b, raw, sizeof(raw));
}

static void put_return(struct bu_buf *b, int32_t val)
{
	put_insn(b, 0xb7, 0, 0, 0, val);
	put_insn(b, BU_OP_EXIT, 0, 0, 0, 0);
}

static void prog_attr(union bpf_attr *a, uint32_t type, const char *name, const struct bu_buf *code)
{
	memset(a, 0, sizeof(*a));
	a->prog_type = type;
	a->insns = bu_ptr64(code->p);
	a->insn_cnt = (uint32_t)(code->n / 8);
	a->license = bu_ptr64("GPL");
	strncpy(a->prog_name, name, sizeof(a->prog_name) - 1);
}

/* A program that returns val. */
static int simple(uint32_t type, const char *name, uint32_t attach_type, int32_t val)
{
	struct bu_buf code = { 0 };
	union bpf_attr a;
	int fd;

	put_return(&code, val);
	prog_attr(&a, type, name, &code);
	a.expected_attach_type = attach_type;
	fd = bu_sys_prog_load(sys, &a, sizeof(a));
	bu_buf_free(&code);
	return fd;
}

static int calls_btf(uint32_t *main_id, uint32_t *sub_id, uint32_t *file, uint32_t *line)
{
	struct bu_buf blob = { 0 };
	struct bu_btfgen g;
	uint32_t i32, skb, proto;
	int fd = -ENOMEM;

	bu_btfgen_init(&g, BU_HOST_BE);
	i32 = bu_btfgen_int(&g, "int", 4, 1);
	skb = bu_btfgen_ptr(&g, bu_btfgen_fwd(&g, "__sk_buff", false));
	proto = bu_btfgen_proto(&g, i32);
	bu_btfgen_param(&g, "skb", skb);
	*main_id = bu_btfgen_func(&g, "a_name_of_more_than_15_letters", proto, 1);
	proto = bu_btfgen_proto(&g, i32);
	bu_btfgen_param(&g, "n", i32);
	*sub_id = bu_btfgen_func(&g, "helper_fn", proto, 0);
	*file = bu_btfgen_str(&g, "zoo.s");
	*line = bu_btfgen_str(&g, "\tr0 = \"two\\words\"");
	if (!bu_btfgen_finish(&g, &blob))
		fd = bu_sys_btf_load(sys, blob.p, blob.n, NULL, 0);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	return fd;
}

static int calls(const char *name)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 16,
			     .max_entries = 1, .map_name = "zoo_data" };
	struct bpf_func_info func[2] = { { 0 } };
	struct bpf_line_info line[3] = { { 0 } };
	struct bu_buf code = { 0 };
	uint32_t file, text;
	int map = bu_sys_map_create(sys, &a), fd, btf, i;

	btf = calls_btf(&func[0].type_id, &func[1].type_id, &file, &text);
	if (map < 0 || btf < 0)
		return map < 0 ? map : btf;
	put_insn(&code, 0x18, 1, BU_PSEUDO_MAP_FD, 0, map);         /* 0: the map */
	put_insn(&code, 0, 0, 0, 0, 0);
	put_insn(&code, 0x18, 2, BU_PSEUDO_MAP_VALUE, 0, map);      /* 2: its value + 8 */
	put_insn(&code, 0, 0, 0, 0, 8);
	put_insn(&code, 0x18, 3, 0, 0, 0x11223344);                 /* 4: a constant */
	put_insn(&code, 0, 0, 0, 0, 0x55667788);
	put_insn(&code, BU_OP_CALL, 0, BU_CALL_HELPER, 0, 5);       /* 6: ktime_get_ns */
	put_insn(&code, 0xb7, 1, 0, 0, 7);
	put_insn(&code, BU_OP_CALL, 0, BU_CALL_LOCAL, 0, 1);        /* 8: helper_fn */
	put_insn(&code, BU_OP_EXIT, 0, 0, 0, 0);
	func[1].insn_off = 10;
	put_return(&code, 3);
	line[1].insn_off = 8;
	line[2].insn_off = 10;
	for (i = 0; i < 3; i++) {
		line[i].file_name_off = file;
		line[i].line_off = text;
		line[i].line_col = (uint32_t)(i + 1) << 10 | 9;
	}
	prog_attr(&a, BPF_PROG_TYPE_SOCKET_FILTER, name, &code);
	a.prog_btf_fd = (uint32_t)btf;
	a.func_info = bu_ptr64(func);
	a.func_info_cnt = 2;
	a.func_info_rec_size = sizeof(func[0]);
	a.line_info = bu_ptr64(line);
	a.line_info_cnt = 3;
	a.line_info_rec_size = sizeof(line[0]);
	fd = bu_sys_prog_load(sys, &a, sizeof(a));
	bu_buf_free(&code);
	return fd;
}

/* ---------------------------------------------------------------- links */

static int tracepoint_event(void)
{
	struct perf_event_attr pe = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(pe),
				      .sample_period = 1 };
	int id = sys->ops->tracepoint_id(sys, "task", "task_rename");

	if (id < 0)
		return id;
	pe.config = (uint64_t)id;
	return sys->ops->perf_event_open(sys, &pe, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int software_event(void)
{
	struct perf_event_attr pe = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(pe),
				      .config = PERF_COUNT_SW_PAGE_FAULTS, .sample_period = 1000000000 };

	return sys->ops->perf_event_open(sys, &pe, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int cache_event(void)
{
	struct perf_event_attr pe = { .type = PERF_TYPE_HW_CACHE, .size = sizeof(pe), .sample_period = 1000000000,
				      .config = PERF_COUNT_HW_CACHE_LL | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 };

	return sys->ops->perf_event_open(sys, &pe, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int uprobe_event(uint64_t off)
{
	struct perf_event_attr pe = { .size = sizeof(pe) };
	int type = sys->ops->pmu_type(sys, "uprobe");

	if (type < 0)
		return type;
	pe.type = (uint32_t)type;
	pe.config1 = bu_ptr64("/proc/self/exe");
	pe.config2 = off;
	return sys->ops->perf_event_open(sys, &pe, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}

static int link_attr(int prog, int target, uint32_t type, union bpf_attr *a)
{
	memset(a, 0, sizeof(*a));
	a->link_create.prog_fd = (uint32_t)prog;
	a->link_create.target_fd = (uint32_t)target;
	a->link_create.attach_type = type;
	return 0;
}

static int tracing(int *prog)
{
	struct bu_buf code = { 0 };
	struct bu_btf btf;
	const void *data;
	union bpf_attr a;
	uint32_t id;
	size_t size;
	int err = sys->ops->vmlinux_btf(sys, &data, &size);

	if (err || (err = bu_btf_parse(&btf, data, size, NULL, "vmlinux", NULL)))
		return err;
	id = bu_btf_find(&btf, BU_BTF_TYPEDEF, "btf_trace_task_rename");
	bu_btf_free(&btf);
	put_return(&code, 0);
	prog_attr(&a, BPF_PROG_TYPE_TRACING, "tracing", &code);
	a.expected_attach_type = BPF_TRACE_RAW_TP;
	a.attach_btf_id = id;
	*prog = bu_sys_prog_load(sys, &a, sizeof(a));
	bu_buf_free(&code);
	return *prog < 0 ? *prog : bu_sys_raw_tp_open(sys, NULL, *prog);
}

static int uprobe_multi(int *prog)
{
	static uint64_t offs[2], cookies[2] = { 0x77, 0 };
	union bpf_attr a;

	if (bu_elf_symbol_offset("/proc/self/exe", "main", &offs[0], NULL, NULL))
		return -ENOENT;
	offs[1] = offs[0] + 4;
	*prog = simple(BPF_PROG_TYPE_KPROBE, "upm", BPF_TRACE_UPROBE_MULTI, 0);
	if (*prog < 0)
		return *prog;
	link_attr(*prog, 0, BPF_TRACE_UPROBE_MULTI, &a);
	a.link_create.uprobe_multi.path = bu_ptr64("/proc/self/exe");
	a.link_create.uprobe_multi.offsets = bu_ptr64(offs);
	a.link_create.uprobe_multi.cookies = bu_ptr64(cookies);
	a.link_create.uprobe_multi.cnt = 1;
	return sys->ops->bpf(sys, BPF_LINK_CREATE, &a, sizeof(a));
}

static int netfilter(int *prog)
{
	union bpf_attr a;

	*prog = simple(BPF_PROG_TYPE_NETFILTER, "nf", BPF_NETFILTER, 1);
	if (*prog < 0)
		return *prog;
	link_attr(*prog, 0, BPF_NETFILTER, &a);
	a.link_create.netfilter.pf = 2;
	a.link_create.netfilter.hooknum = 1;
	a.link_create.netfilter.priority = -128;
	return sys->ops->bpf(sys, BPF_LINK_CREATE, &a, sizeof(a));
}

static int map_of(uint32_t type, uint32_t value, const char *name, int inner)
{
	union bpf_attr a = { .map_type = type, .key_size = 4, .value_size = value, .max_entries = 4,
			     .inner_map_fd = (uint32_t)inner };

	strncpy(a.map_name, name, sizeof(a.map_name) - 1);
	return bu_sys_map_create(sys, &a);
}

static int sockets(int *prog, bool link)
{
	int map = map_of(BPF_MAP_TYPE_SOCKMAP, 4, link ? "socklink" : "sockmap", 0);
	union bpf_attr a;

	if (map < 0)
		return map;
	*prog = simple(BPF_PROG_TYPE_SK_MSG, "sockets", BPF_SK_MSG_VERDICT, 1);
	if (*prog < 0)
		return *prog;
	if (link)
		return bu_sys_link_create(sys, *prog, map, BPF_SK_MSG_VERDICT, 0, 0);
	memset(&a, 0, sizeof(a));
	a.target_fd = (uint32_t)map;
	a.attach_bpf_fd = (uint32_t)*prog;
	a.attach_type = BPF_SK_MSG_VERDICT;
	return bu_sys_prog_attach(sys, &a);
}

/* A program that names a map and returns 0. */
static int user_of(int map, const char *name)
{
	struct bu_buf code = { 0 };
	union bpf_attr a;
	int fd;

	put_insn(&code, 0x18, 1, BU_PSEUDO_MAP_FD, 0, map);
	put_insn(&code, 0, 0, 0, 0, 0);
	put_return(&code, 0);
	prog_attr(&a, BPF_PROG_TYPE_SOCKET_FILTER, name, &code);
	fd = bu_sys_prog_load(sys, &a, sizeof(a));
	bu_buf_free(&code);
	return fd;
}

static int nested(int *prog, bool programs)
{
	int in = programs ? simple(BPF_PROG_TYPE_SOCKET_FILTER, "callee", 0, 0) :
			    map_of(BPF_MAP_TYPE_ARRAY, 8, "inside", 0);
	int map = in < 0 ? in : map_of(programs ? BPF_MAP_TYPE_PROG_ARRAY : BPF_MAP_TYPE_ARRAY_OF_MAPS, 4,
				       programs ? "callees" : "outside", programs ? 0 : in);
	uint32_t key = 2;
	int err;

	if (map < 0)
		return map;
	*prog = user_of(map, programs ? "caller" : "user");
	if (*prog < 0)
		return *prog;
	err = bu_sys_map_update(sys, map, &key, &in, 0);
	if (!programs) /* an array of programs is emptied when no process holds it */
		sys->ops->close(sys, map);
	sys->ops->close(sys, in);
	return err;
}

static int by_ioctl(int *prog)
{
	int ev = tracepoint_event(), err;

	if (ev < 0)
		return ev;
	*prog = simple(BPF_PROG_TYPE_TRACEPOINT, "byioctl", 0, 0);
	err = *prog < 0 ? *prog : sys->ops->perf_set_bpf(sys, ev, *prog);
	return err;
}

/* A link on an event fd or -errno, an interface, a cgroup, a netns. */
static int attach(int *prog, uint32_t prog_type, uint32_t load_as, int32_t ret, int target, uint32_t type,
		  uint64_t cookie)
{
	if (target < 0)
		return target;
	*prog = simple(prog_type, "linked", load_as, ret);
	return *prog < 0 ? *prog : bu_sys_link_create(sys, *prog, target, type, 0, cookie);
}

static int make_link(const char *item, const char *arg, int *prog)
{
	uint64_t off = 0;

	if (!strcmp(item, "rawtp")) {
		*prog = simple(BPF_PROG_TYPE_RAW_TRACEPOINT, "rawtp", 0, 0);
		return *prog < 0 ? *prog : bu_sys_raw_tp_open(sys, "task_rename", *prog);
	}
	if (!strcmp(item, "tp"))
		return attach(prog, BPF_PROG_TYPE_TRACEPOINT, 0, 0, tracepoint_event(), BPF_PERF_EVENT, 42);
	if (!strcmp(item, "perf"))
		return attach(prog, BPF_PROG_TYPE_PERF_EVENT, 0, 0, software_event(), BPF_PERF_EVENT, 0);
	if (!strcmp(item, "cache"))
		return attach(prog, BPF_PROG_TYPE_PERF_EVENT, 0, 0, cache_event(), BPF_PERF_EVENT, 0);
	if (!strcmp(item, "uprobe")) {
		bu_elf_symbol_offset("/proc/self/exe", "main", &off, NULL, NULL);
		return attach(prog, BPF_PROG_TYPE_KPROBE, 0, 0, uprobe_event(off), BPF_PERF_EVENT, 0);
	}
	if (!strcmp(item, "uprobe_multi"))
		return uprobe_multi(prog);
	if (!strcmp(item, "tracing"))
		return tracing(prog);
	if (!strcmp(item, "netfilter"))
		return netfilter(prog);
	if (!strcmp(item, "netns"))
		return attach(prog, BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 1,
			      open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), BPF_SK_LOOKUP, 0);
	if (!strcmp(item, "flow"))
		return attach(prog, BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_FLOW_DISSECTOR, 0,
			      open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), BPF_FLOW_DISSECTOR, 0);
	if (!strcmp(item, "xdp"))
		return attach(prog, BPF_PROG_TYPE_XDP, BPF_XDP, 2, atoi(arg), BPF_XDP, 0);
	if (!strcmp(item, "tcx"))
		return attach(prog, BPF_PROG_TYPE_SCHED_CLS, BPF_TCX_INGRESS, -1, atoi(arg),
			      BPF_TCX_INGRESS, 0);
	if (!strcmp(item, "cgroup"))
		return attach(prog, BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 1,
			      open(arg, O_RDONLY | O_CLOEXEC), BPF_CGROUP_INET_INGRESS, 0);
	return -EINVAL;
}

/* ---------------------------------------------------------------- maps */

struct value {
	int32_t count;
	uint32_t _pad;
	uint64_t stamp;
	char name[8];
	uint8_t addr[4];
	uint32_t last;
};

static int typed(const char *pin)
{
	static const struct value vals[3] = {
		{ -7, 0, 18446744073709551601ull, "alpha", { 10, 0, 0, 1 }, 1 },
		{ 2147483647, 0, 0, "qu\"ote", { 1, 2, 3, 4 }, 0xffffffff },
		{ 0, 0, 5, "12345678", { 0 }, 2 },
	};
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4,
			     .value_size = sizeof(struct value), .max_entries = 8, .map_name = "typed" };
	uint32_t u8, u32, i32, u64, ch, name, addr, st, i;
	struct bu_buf blob = { 0 };
	struct bu_btfgen g;
	int fd, err;

	bu_btfgen_init(&g, BU_HOST_BE);
	u8 = bu_btfgen_int(&g, "unsigned char", 1, 0);
	u32 = bu_btfgen_int(&g, "unsigned int", 4, 0);
	i32 = bu_btfgen_int(&g, "int", 4, 1);
	u64 = bu_btfgen_int(&g, "unsigned long long", 8, 0);
	ch = bu_btfgen_int(&g, "char", 1, 1);
	name = bu_btfgen_array(&g, ch, 8);
	addr = bu_btfgen_array(&g, u8, 4);
	st = bu_btfgen_struct(&g, BU_BTF_STRUCT, "value", sizeof(struct value));
	bu_btfgen_member(&g, "count", i32, 0);
	bu_btfgen_member(&g, "stamp", u64, 64);
	bu_btfgen_member(&g, "name", name, 128);
	bu_btfgen_member(&g, "addr", addr, 192);
	bu_btfgen_member(&g, "last", u32, 224);
	if (bu_btfgen_finish(&g, &blob))
		return -ENOMEM;
	fd = bu_sys_btf_load(sys, blob.p, blob.n, NULL, 0);
	bu_btfgen_free(&g);
	bu_buf_free(&blob);
	if (fd < 0)
		return fd;
	a.btf_fd = (uint32_t)fd;
	a.btf_key_type_id = u32;
	a.btf_value_type_id = st;
	fd = bu_sys_map_create(sys, &a);
	for (i = 0; fd >= 0 && i < 3; i++)
		if ((err = bu_sys_map_update(sys, fd, &i, &vals[i], 0)))
			return err;
	return fd < 0 ? fd : bu_sys_pin(sys, fd, pin);
}

static int fill(char *arg);

static int typed_u64(char *arg)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 8, .map_name = "u64" };
	struct bu_buf blob = { 0 };
	struct bu_btfgen g;
	char *n = strrchr(arg, ':');
	int fd, err;

	if (!n)
		return -EINVAL;
	a.max_entries = (uint32_t)strtoul(n + 1, NULL, 0);
	bu_btfgen_init(&g, BU_HOST_BE);
	a.btf_key_type_id = a.btf_value_type_id = bu_btfgen_int(&g, "unsigned long long", 8, 0);
	if (bu_btfgen_finish(&g, &blob))
		return -ENOMEM;
	bu_btfgen_free(&g);
	a.btf_fd = (uint32_t)bu_sys_btf_load(sys, blob.p, blob.n, NULL, 0);
	bu_buf_free(&blob);
	fd = bu_sys_map_create(sys, &a);
	*n = 0;
	err = fd < 0 ? fd : bu_sys_pin(sys, fd, arg);
	*n = ':';
	return err ? err : fill(arg);
}

/* The fd that is the key for us, or -errno. */
static int owner(uint32_t type, const char *dir)
{
	int fd;

	if (type == BPF_MAP_TYPE_TASK_STORAGE)
		fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	else if (type == BPF_MAP_TYPE_SK_STORAGE)
		fd = socket(AF_INET, SOCK_DGRAM, 0);
	else
		fd = open(dir, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? -errno : fd;
}

static int storage(uint32_t type, char *pin)
{
	char *dir = strchr(pin, ':');
	union bpf_attr a = { .map_type = type, .key_size = 4, .value_size = 8, .map_flags = BPF_F_NO_PREALLOC,
			     .map_name = "storage" };
	struct bu_buf blob = { 0 };
	struct bu_btfgen g;
	uint64_t value = 42;
	int fd, key, err;

	bu_btfgen_init(&g, BU_HOST_BE);
	a.btf_key_type_id = bu_btfgen_int(&g, "int", 4, 1);
	a.btf_value_type_id = bu_btfgen_int(&g, "unsigned long long", 8, 0);
	if (bu_btfgen_finish(&g, &blob))
		return -ENOMEM;
	bu_btfgen_free(&g);
	a.btf_fd = (uint32_t)bu_sys_btf_load(sys, blob.p, blob.n, NULL, 0);
	bu_buf_free(&blob);
	fd = bu_sys_map_create(sys, &a);
	if (fd < 0)
		return fd;
	if (dir)
		*dir++ = 0;
	key = owner(type, dir ? dir : "");
	err = key < 0 ? key : bu_sys_map_update(sys, fd, &key, &value, 0);
	return err ? err : bu_sys_pin(sys, fd, pin);
}

static int mixed(const char *pin)
{
	static const struct {
		uint32_t type, value, entries;
	} rows[] = { { BPF_MAP_TYPE_QUEUE, 4, 2 }, { BPF_MAP_TYPE_STACK, 4, 2 },
		     { BPF_MAP_TYPE_RINGBUF, 0, 4096 * 16 }, { BPF_MAP_TYPE_BLOOM_FILTER, 4, 2 } };
	const struct bu_kind *k;
	char path[4096];
	size_t i;
	int fd;

	for (i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		union bpf_attr a = { .map_type = rows[i].type, .value_size = rows[i].value,
				     .max_entries = rows[i].entries, .map_name = "mixed" };

		k = bu_kind_by_num(bu_map_types, bu_nmap_types, rows[i].type);
		fd = bu_sys_map_create(sys, &a);
		snprintf(path, sizeof(path), "%s-%s", pin, k->name);
		if (fd < 0 || (fd = bu_sys_pin(sys, fd, path)) < 0)
			return fd;
	}
	return 0;
}

/* What programs of a type are loaded for when nothing else is said. */
static uint32_t loaded_for(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_FLOW_DISSECTOR: return BPF_FLOW_DISSECTOR;
	case BPF_PROG_TYPE_CGROUP_SOCK: return BPF_CGROUP_INET_SOCK_CREATE;
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR: return BPF_CGROUP_INET4_BIND;
	case BPF_PROG_TYPE_SK_LOOKUP: return BPF_SK_LOOKUP;
	}
	return 0;
}

static int load(char *arg)
{
	char *type = strchr(arg, ':'), *val = type ? strchr(type + 1, ':') : NULL, *name;
	const struct bu_kind *k;
	int fd, err;

	if (!type)
		return -EINVAL;
	*type++ = 0;
	if (val)
		*val++ = 0;
	k = bu_kind_by_name(bu_prog_types, bu_nprog_types, bu_str_c(type));
	if (!k)
		return -EINVAL;
	name = strrchr(arg, '/');
	fd = simple(k->num, name ? name + 1 : arg, loaded_for(k->num), val ? atoi(val) : 1);
	err = fd < 0 ? fd : bu_sys_pin(sys, fd, arg);
	return err ? err : fd;
}

static int fill(char *arg)
{
	enum { BATCH = 4096 };
	static uint64_t keys[BATCH], vals[BATCH];
	char *colon = strrchr(arg, ':');
	uint64_t n, k = 0;
	union bpf_attr a;
	int fd, err = 0;

	if (!colon)
		return -EINVAL;
	*colon++ = 0;
	n = strtoull(colon, NULL, 0);
	fd = bu_sys_get(sys, arg, 0);
	if (fd < 0)
		return fd;
	while (!err && k < n) {
		uint32_t i;

		for (i = 0; i < BATCH && k < n; i++, k++) {
			keys[i] = k * 2654435761u;
			vals[i] = k;
		}
		memset(&a, 0, sizeof(a));
		a.batch.keys = bu_ptr64(keys);
		a.batch.values = bu_ptr64(vals);
		a.batch.count = i;
		a.batch.map_fd = (uint32_t)fd;
		err = sys->ops->bpf(sys, BPF_MAP_UPDATE_BATCH, &a, sizeof(a.batch));
	}
	return err;
}

struct churn {
	int fd;
	uint32_t type, n;
};

/* The key of number k: of 8 bytes, a prefix of 32 bits in a trie, of 4 bytes for devices. */
static const void *churn_key(const struct churn *c, uint64_t k, uint64_t *room)
{
	uint32_t lpm[2] = { 32, (uint32_t)k * 2654435761u };

	*room = k;
	if (c->type == BPF_MAP_TYPE_LPM_TRIE)
		memcpy(room, lpm, sizeof(lpm));
	else if (c->type == BPF_MAP_TYPE_DEVMAP_HASH)
		memcpy(room, &lpm[1], 4); /* buckets are the numbers themselves: not in the order of the walk */
	return room;
}

static int churn_put(const struct churn *c, uint64_t k)
{
	static const uint32_t lo = 1;
	uint64_t key;

	return bu_sys_map_update(sys, c->fd, churn_key(c, k, &key),
				 c->type == BPF_MAP_TYPE_DEVMAP_HASH ? (const void *)&lo : &k, 0);
}

/* Keys come and go, so that N or N - 1 of them live at any time. */
static void *churning(void *p)
{
	struct churn *c = p;
	uint64_t k, key;

	for (k = 0;; k++) {
		bu_sys_map_delete(sys, c->fd, churn_key(c, k, &key));
		churn_put(c, k + c->n);
	}
	return NULL;
}

static int churn(char *arg)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 8,
			     .map_name = "churn" };
	static struct churn c;
	char *n = strchr(arg, ':'), *type;
	const struct bu_kind *kind;
	pthread_t th;
	uint32_t k;
	int err = 0;

	if (!n)
		return -EINVAL;
	*n++ = 0;
	c.n = (uint32_t)strtoul(n, &type, 0);
	kind = *type ? bu_kind_by_name(bu_map_types, bu_nmap_types, bu_str_c(type + 1)) : NULL;
	if (*type && !kind)
		return -EINVAL;
	c.type = a.map_type = kind ? kind->num : BPF_MAP_TYPE_HASH;
	a.max_entries = c.n * 2;
	if (c.type == BPF_MAP_TYPE_LPM_TRIE)
		a.map_flags = BPF_F_NO_PREALLOC;
	else if (c.type == BPF_MAP_TYPE_DEVMAP_HASH)
		a.key_size = a.value_size = 4;
	c.fd = bu_sys_map_create(sys, &a);
	if (c.fd < 0)
		return c.fd;
	for (k = 0; k < c.n && !err; k++)
		err = churn_put(&c, k);
	if (!err)
		err = bu_sys_pin(sys, c.fd, arg);
	return err ? err : -pthread_create(&th, NULL, churning, &c);
}

/* ---------------------------------------------------------------- main */

static void set_comm(char *s)
{
	char *o = s, *p;

	for (p = s; *p; p++)
		*o++ = *p != '\\' || !p[1] ? *p : *++p == 'n' ? '\n' : *p == 'e' ? '\033' : (char)0xff;
	*o = 0;
	prctl(PR_SET_NAME, s);
}

static void item(char *arg)
{
	char *colon = strchr(arg, ':'), *name = strdup(arg);
	enum bu_objkind k;
	uint32_t id = 0, link_id = 0;
	int prog = -1, link = -1, err = 0;

	if (colon)
		*colon++ = 0;
	if (!strcmp(arg, "comm"))
		set_comm(colon);
	else if (!strcmp(arg, "prog"))
		err = prog = simple(BPF_PROG_TYPE_SOCKET_FILTER, colon, 0, 0);
	else if (!strcmp(arg, "calls"))
		err = prog = calls(colon);
	else if (!strcmp(arg, "typed"))
		err = typed(colon);
	else if (!strcmp(arg, "u64"))
		err = typed_u64(colon);
	else if (!strcmp(arg, "task_storage"))
		err = storage(BPF_MAP_TYPE_TASK_STORAGE, colon);
	else if (!strcmp(arg, "sk_storage"))
		err = storage(BPF_MAP_TYPE_SK_STORAGE, colon);
	else if (!strcmp(arg, "cgrp_storage"))
		err = storage(BPF_MAP_TYPE_CGRP_STORAGE, colon);
	else if (!strcmp(arg, "mixed"))
		err = mixed(colon);
	else if (!strcmp(arg, "sockmap"))
		err = sockets(&prog, false);
	else if (!strcmp(arg, "socklink"))
		err = link = sockets(&prog, true);
	else if (!strcmp(arg, "tailcall") || !strcmp(arg, "inner"))
		err = nested(&prog, !strcmp(arg, "tailcall"));
	else if (!strcmp(arg, "ioctl"))
		err = by_ioctl(&prog);
	else if (!strcmp(arg, "load"))
		err = prog = load(colon);
	else if (!strcmp(arg, "fill"))
		err = fill(colon);
	else if (!strcmp(arg, "churn"))
		err = churn(colon);
	else
		err = link = make_link(arg, colon, &prog);
	if (err < 0) {
		printf("%s error=%s\n", name, bu_errno_name(err));
		free(name);
		return;
	}
	if (prog >= 0)
		bu_sys_fd_kind(sys, prog, &k, &id);
	if (link >= 0)
		bu_sys_fd_kind(sys, link, &k, &link_id);
	printf("%s prog=%u link=%u\n", name, id, link_id);
	free(name);
}

int main(int argc, char **argv)
{
	const char *backend = getenv("BPFUTILS_BACKEND");
	char c;
	int i;

	if (backend && !strcmp(backend, "vm")) {
		if (bu_vm_open(&sys, NULL, NULL))
			return 1;
	} else {
		sys = bu_kern_open();
	}
	if (!sys)
		return 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 1; i < argc; i++)
		item(argv[i]);
	puts("ready");
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
