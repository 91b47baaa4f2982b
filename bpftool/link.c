// SPDX-License-Identifier: GPL-2.0-or-later
/* Links: what a program is attached to. */
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"

#define NAME_ROOM 4096u /* paths of probed files */
#define FUNCS_MAX 65536u

/* ---------------------------------------------------------------- reading */

/* Gives the kernel places to write to; false when this kind has none. */
static bool want_more(struct bt *t, struct bt_link *l)
{
	struct bpf_link_info *li = &l->li;
	uint64_t name;

	l->name = bu_arena_alloc(&t->arena, NAME_ROOM);
	if (!l->name)
		return false;
	name = bu_ptr64(l->name);
	switch (li->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		li->raw_tracepoint.tp_name = name;
		li->raw_tracepoint.tp_name_len = NAME_ROOM;
		return true;
	case BPF_LINK_TYPE_ITER:
		li->iter.target_name = name;
		li->iter.target_name_len = NAME_ROOM;
		return true;
	case BPF_LINK_TYPE_KPROBE_MULTI:
		l->count = li->kprobe_multi.count < FUNCS_MAX ? li->kprobe_multi.count : FUNCS_MAX;
		l->addrs = bu_arena_array(&t->arena, l->count, 8);
		l->cookies = bu_arena_array(&t->arena, l->count, 8);
		li->kprobe_multi.addrs = bu_ptr64(l->addrs);
		li->kprobe_multi.cookies = bu_ptr64(l->cookies);
		return l->count && l->addrs && l->cookies;
	case BPF_LINK_TYPE_UPROBE_MULTI:
		l->count = li->uprobe_multi.count < FUNCS_MAX ? li->uprobe_multi.count : FUNCS_MAX;
		l->addrs = bu_arena_array(&t->arena, l->count, 8);
		l->refs = bu_arena_array(&t->arena, l->count, 8);
		l->cookies = bu_arena_array(&t->arena, l->count, 8);
		li->uprobe_multi.path = name;
		li->uprobe_multi.path_size = NAME_ROOM;
		li->uprobe_multi.offsets = bu_ptr64(l->addrs);
		li->uprobe_multi.ref_ctr_offsets = bu_ptr64(l->refs);
		li->uprobe_multi.cookies = bu_ptr64(l->cookies);
		return l->count && l->addrs && l->refs && l->cookies;
	case BPF_LINK_TYPE_PERF_EVENT:
		break;
	default:
		return false;
	}
	switch (li->perf_event.type) {
	case BPF_PERF_EVENT_UPROBE:
	case BPF_PERF_EVENT_URETPROBE:
		li->perf_event.uprobe.file_name = name;
		li->perf_event.uprobe.name_len = NAME_ROOM;
		return true;
	case BPF_PERF_EVENT_KPROBE:
	case BPF_PERF_EVENT_KRETPROBE:
		li->perf_event.kprobe.func_name = name;
		li->perf_event.kprobe.name_len = NAME_ROOM;
		return true;
	case BPF_PERF_EVENT_TRACEPOINT:
		li->perf_event.tracepoint.tp_name = name;
		li->perf_event.tracepoint.name_len = NAME_ROOM;
		return true;
	}
	return false;
}

int bt_link_read(struct bt *t, int fd, struct bt_link *l)
{
	struct bpf_link_info plain;
	uint32_t size = sizeof(l->li);
	int err;

	memset(l, 0, sizeof(*l));
	err = bu_sys_info(t->sys, fd, &l->li, &size);
	if (err)
		return err;
	plain = l->li;
	size = sizeof(l->li);
	/* a kernel that refuses the details leaves what is known without them */
	if (want_more(t, l) && bu_sys_info(t->sys, fd, &l->li, &size)) {
		l->li = plain;
		l->count = 0;
	}
	if (l->name)
		l->name[NAME_ROOM - 1] = 0;
	return 0;
}

/* ---------------------------------------------------------------- pieces of a row */

static void put_attach_type(struct bt *t, uint32_t type)
{
	bt_put_kind(t, "attach_type", bu_attach_types, bu_nattach_types, type, "attach_type %s  ",
		    "attach_type %u  ");
}

static bool has_program(void *ctx, const struct bu_net_dev *d)
{
	uint32_t *id = ctx;

	for (unsigned m = 0; m < BU_ARRAY_SIZE(d->xdp); m++)
		if (d->xdp[m] == *id)
			*id = 0;
	return true;
}

/*
 * Links are from all network namespaces, and each numbers its devices from 1: does the device with this number here
 * not have the link? What cannot be asked is taken for being here.
 */
static bool elsewhere(struct bt *t, const struct bpf_link_info *li, uint32_t ifindex, uint32_t attach_type)
{
	uint32_t id = li->prog_id;
	bool here = false;
	struct bu_query q;
	int err;

	if (!t->sys->ops->net_devs)
		return false;
	if (li->type == BPF_LINK_TYPE_XDP) {
		err = t->sys->ops->net_devs(t->sys, (int)ifindex, has_program, &id);
		return err == -ENODEV || (!err && id);
	}
	err = bu_sys_query(t->sys, (int)ifindex, attach_type, 0, &q);
	for (uint32_t i = 0; i < q.n; i++)
		here |= q.link_ids[i] == li->id;
	bu_query_free(&q);
	return err == -ENODEV || (!err && !here);
}

static void put_dev(struct bt *t, const struct bpf_link_info *li, uint32_t ifindex, uint32_t attach_type)
{
	char name[IF_NAMESIZE] = "(unknown)";

	if (!ifindex)
		strcpy(name, "(detached)");
	else if (!elsewhere(t, li, ifindex, attach_type))
		if_indextoname(ifindex, name);
	bu_out_str(&t->out, "devname", name, SIZE_MAX, "\n\tifindex %s", bt_escz(t, name));
	bu_out_uint(&t->out, "ifindex", ifindex, NULL);
	if (ifindex && name[0] != '(')
		bu_out_text(&t->out, "(%u)", ifindex);
	bu_out_text(&t->out, "  ");
}

static void put_u64(struct bt *t, const char *key, uint64_t v, const char *fmt)
{
	bu_out_uint(&t->out, key, v, fmt, (unsigned long long)v);
}

/* A number that only JSON has when it is 0. */
static void put_more(struct bt *t, const char *key, uint64_t v, const char *fmt)
{
	put_u64(t, key, v, v ? fmt : NULL);
}

static void put_cookie(struct bt *t, uint64_t cookie)
{
	put_more(t, "cookie", cookie, "cookie %llu  ");
}

static void put_str(struct bt *t, const char *key, const char *s, const char *fmt)
{
	s = s ? s : "";
	bu_out_str(&t->out, key, s, SIZE_MAX, fmt, bt_escz(t, s));
}

/* ---------------------------------------------------------------- perf events */

static const char *const perf_types[] = {
	[PERF_TYPE_HARDWARE] = "hardware", [PERF_TYPE_SOFTWARE] = "software",
	[PERF_TYPE_TRACEPOINT] = "tracepoint", [PERF_TYPE_HW_CACHE] = "hw-cache",
	[PERF_TYPE_RAW] = "raw", [PERF_TYPE_BREAKPOINT] = "breakpoint",
};
static const char *const perf_hw[] = {
	[PERF_COUNT_HW_CPU_CYCLES] = "cpu-cycles",
	[PERF_COUNT_HW_INSTRUCTIONS] = "instructions",
	[PERF_COUNT_HW_CACHE_REFERENCES] = "cache-references",
	[PERF_COUNT_HW_CACHE_MISSES] = "cache-misses",
	[PERF_COUNT_HW_BRANCH_INSTRUCTIONS] = "branch-instructions",
	[PERF_COUNT_HW_BRANCH_MISSES] = "branch-misses",
	[PERF_COUNT_HW_BUS_CYCLES] = "bus-cycles",
	[PERF_COUNT_HW_STALLED_CYCLES_FRONTEND] = "stalled-cycles-frontend",
	[PERF_COUNT_HW_STALLED_CYCLES_BACKEND] = "stalled-cycles-backend",
	[PERF_COUNT_HW_REF_CPU_CYCLES] = "ref-cycles",
};
static const char *const perf_sw[] = {
	[PERF_COUNT_SW_CPU_CLOCK] = "cpu-clock",
	[PERF_COUNT_SW_TASK_CLOCK] = "task-clock",
	[PERF_COUNT_SW_PAGE_FAULTS] = "page-faults",
	[PERF_COUNT_SW_CONTEXT_SWITCHES] = "context-switches",
	[PERF_COUNT_SW_CPU_MIGRATIONS] = "cpu-migrations",
	[PERF_COUNT_SW_PAGE_FAULTS_MIN] = "minor-faults",
	[PERF_COUNT_SW_PAGE_FAULTS_MAJ] = "major-faults",
	[PERF_COUNT_SW_ALIGNMENT_FAULTS] = "alignment-faults",
	[PERF_COUNT_SW_EMULATION_FAULTS] = "emulation-faults",
	[PERF_COUNT_SW_DUMMY] = "dummy",
	[PERF_COUNT_SW_BPF_OUTPUT] = "bpf-output",
	[PERF_COUNT_SW_BPF_OUTPUT + 1] = "cgroup-switches",
};
static const char *const perf_cache[] = {
	[PERF_COUNT_HW_CACHE_L1D] = "L1-dcache", [PERF_COUNT_HW_CACHE_L1I] = "L1-icache",
	[PERF_COUNT_HW_CACHE_LL] = "LLC", [PERF_COUNT_HW_CACHE_DTLB] = "dTLB",
	[PERF_COUNT_HW_CACHE_ITLB] = "iTLB", [PERF_COUNT_HW_CACHE_BPU] = "branch",
	[PERF_COUNT_HW_CACHE_NODE] = "node",
};
static const char *const perf_cache_op[] = {
	[PERF_COUNT_HW_CACHE_OP_READ] = "load", [PERF_COUNT_HW_CACHE_OP_WRITE] = "store",
	[PERF_COUNT_HW_CACHE_OP_PREFETCH] = "prefetch",
};
static const char *const perf_cache_result[] = {
	[PERF_COUNT_HW_CACHE_RESULT_ACCESS] = "refs", [PERF_COUNT_HW_CACHE_RESULT_MISS] = "misses",
};

static const char *pick(const char *const *names, size_t n, uint64_t i)
{
	return i < n ? names[i] : NULL;
}

/* One byte of a cache event's number by its name, or as a number. */
static const char *cache_part(struct bt *t, const char *const *names, size_t n, uint64_t i)
{
	const char *name = pick(names, n, i);

	return name ? name : bu_arena_printf(&t->arena, "%llu", (unsigned long long)i);
}

static const char *cache_name(struct bt *t, uint64_t config)
{
	return bu_arena_printf(&t->arena, "%s-%s-%s",
			       cache_part(t, perf_cache, BU_ARRAY_SIZE(perf_cache), config & 0xff),
			       cache_part(t, perf_cache_op, BU_ARRAY_SIZE(perf_cache_op), config >> 8 & 0xff),
			       cache_part(t, perf_cache_result, BU_ARRAY_SIZE(perf_cache_result), config >> 16));
}

static const char *event_config(struct bt *t, uint32_t type, uint64_t config)
{
	return type == PERF_TYPE_HARDWARE ? pick(perf_hw, BU_ARRAY_SIZE(perf_hw), config) :
	       type == PERF_TYPE_SOFTWARE ? pick(perf_sw, BU_ARRAY_SIZE(perf_sw), config) :
	       type == PERF_TYPE_HW_CACHE ? cache_name(t, config) : NULL;
}

const char *bt_event_name(struct bt *t, uint32_t type, uint64_t config)
{
	const char *name = pick(perf_types, BU_ARRAY_SIZE(perf_types), type), *what = event_config(t, type, config);

	name = name ? name : bu_arena_printf(&t->arena, "type %u", type);
	return what ? bu_arena_printf(&t->arena, "%s:%s", name, what) :
		      bu_arena_printf(&t->arena, "%s:0x%llx", name, (unsigned long long)config);
}

static void put_event(struct bt *t, uint32_t type, uint64_t config)
{
	const char *name = pick(perf_types, BU_ARRAY_SIZE(perf_types), type);
	const char *what = event_config(t, type, config);

	if (name)
		bu_out_str(&t->out, "event_type", name, SIZE_MAX, "\n\tevent %s:", name);
	else
		bu_out_uint(&t->out, "event_type", type, "\n\tevent %u :", type);
	if (what)
		bu_out_str(&t->out, "event_config", what, SIZE_MAX, "%s  ", what);
	else
		put_u64(t, "event_config", config, "%llu  ");
}

static void put_kprobe(struct bt *t, const struct bt_link *l, bool ret)
{
	const struct bpf_link_info *li = &l->li;

	bu_out_bool(&t->out, "retprobe", ret, "\n\t%s ", ret ? "kretprobe" : "kprobe");
	put_more(t, "addr", li->perf_event.kprobe.addr, "%llx ");
	put_str(t, "func", l->name, "%s");
	if (!li->perf_event.kprobe.addr && (!l->name || !*l->name))
		bu_out_text(&t->out, "(the kernel hides where)");
	bu_out_uint(&t->out, "offset", li->perf_event.kprobe.offset, NULL);
	if (li->perf_event.kprobe.offset)
		bu_out_text(&t->out, "+0x%x", li->perf_event.kprobe.offset);
	put_more(t, "missed", li->perf_event.kprobe.missed, "  missed %llu");
	put_more(t, "cookie", li->perf_event.kprobe.cookie, "  cookie %llu");
	bu_out_text(&t->out, "  ");
}

static void put_perf(struct bt *t, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	bool ret = false;

	switch (li->perf_event.type) {
	case BPF_PERF_EVENT_URETPROBE:
		ret = true;
		/* fall through */
	case BPF_PERF_EVENT_UPROBE:
		bu_out_bool(&t->out, "retprobe", ret, "\n\t%s ", ret ? "uretprobe" : "uprobe");
		put_str(t, "file", l->name, "%s+");
		bu_out_uint(&t->out, "offset", li->perf_event.uprobe.offset, "%#x  ",
			    li->perf_event.uprobe.offset);
		put_cookie(t, li->perf_event.uprobe.cookie);
		put_more(t, "ref_ctr_offset", li->perf_event.uprobe.ref_ctr_offset, "ref_ctr_offset 0x%llx  ");
		break;
	case BPF_PERF_EVENT_KRETPROBE:
		ret = true;
		/* fall through */
	case BPF_PERF_EVENT_KPROBE:
		put_kprobe(t, l, ret);
		break;
	case BPF_PERF_EVENT_TRACEPOINT:
		put_str(t, "tracepoint", l->name, "\n\ttracepoint %s  ");
		put_cookie(t, li->perf_event.tracepoint.cookie);
		break;
	case BPF_PERF_EVENT_EVENT:
		put_event(t, li->perf_event.event.type, li->perf_event.event.config);
		put_cookie(t, li->perf_event.event.cookie);
		break;
	}
}

/* ---------------------------------------------------------------- the other kinds */

struct func {
	uint64_t addr, cookie;
};

static int by_addr(const void *va, const void *vb)
{
	const struct func *a = va, *b = vb;

	return a->addr < b->addr ? -1 : a->addr > b->addr;
}

static void put_kprobe_multi(struct bt *t, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	bool ret = li->kprobe_multi.flags & BPF_F_KPROBE_MULTI_RETURN, hidden = l->count != 0;
	struct func *f = bu_arena_array(&t->arena, l->count, sizeof(*f));
	const char *name, *module;
	uint64_t off;
	uint32_t i;

	bu_out_bool(&t->out, "retprobe", ret, "\n\t%s.multi  ", ret ? "kretprobe" : "kprobe");
	bu_out_uint(&t->out, "func_cnt", li->kprobe_multi.count, "func_cnt %u  ",
		    li->kprobe_multi.count);
	put_more(t, "missed", li->kprobe_multi.missed, "missed %llu  ");
	for (i = 0; f && i < l->count; i++) {
		f[i] = (struct func){ l->addrs[i], l->cookies[i] };
		hidden &= !l->addrs[i];
	}
	if (f && l->count)
		qsort(f, l->count, sizeof(*f), by_addr);
	bu_out_arr(&t->out, "funcs");
	if (hidden)
		bu_out_text(&t->out, "\n\t(the kernel hides their addresses)");
	else if (l->count)
		bu_out_text(&t->out, "\n\t%-16s %-16s %s", "addr", "cookie", "func [module]");
	for (i = 0; f && i < l->count; i++) {
		name = f[i].addr ? bt_ksym_near(t, f[i].addr, &off, &module) : NULL;
		bu_out_obj(&t->out, NULL);
		if (hidden)
			bu_out_null(&t->out, "addr");
		else
			bu_out_uint(&t->out, "addr", f[i].addr, "\n\t%016llx %-16llx %s",
				    (unsigned long long)f[i].addr, (unsigned long long)f[i].cookie,
				    name ? bt_escz(t, name) : "?");
		if (name)
			bu_out_str(&t->out, "func", name, SIZE_MAX, NULL);
		else
			bu_out_null(&t->out, "func");
		if (name && module)
			put_str(t, "module", module, " [%s]");
		else
			bu_out_null(&t->out, "module");
		put_u64(t, "cookie", f[i].cookie, NULL);
		bu_out_text(&t->out, hidden ? "" : "  ");
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
	if (l->count < li->kprobe_multi.count)
		bu_out_text(&t->out, "\n\t(%u more)", li->kprobe_multi.count - l->count);
}

static void put_uprobe_multi(struct bt *t, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	bool ret = li->uprobe_multi.flags & BPF_F_UPROBE_MULTI_RETURN;
	uint32_t i;

	bu_out_bool(&t->out, "retprobe", ret, "\n\t%s.multi  ", ret ? "uretprobe" : "uprobe");
	put_str(t, "path", l->name, "path %s  ");
	bu_out_uint(&t->out, "func_cnt", li->uprobe_multi.count, "func_cnt %u  ",
		    li->uprobe_multi.count);
	put_more(t, "pid", li->uprobe_multi.pid, "pid %llu  ");
	if (l->count)
		bu_out_text(&t->out, "\n\t%-16s   %-16s   %-16s", "offset", "ref_ctr_offset", "cookies");
	bu_out_arr(&t->out, "funcs");
	for (i = 0; i < l->count; i++) {
		bu_out_obj(&t->out, NULL);
		put_u64(t, "offset", l->addrs[i], "\n\t0x%-16llx");
		put_u64(t, "ref_ctr_offset", l->refs[i], " 0x%-16llx");
		put_u64(t, "cookie", l->cookies[i], " 0x%-16llx");
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
	if (l->count < li->uprobe_multi.count)
		bu_out_text(&t->out, "\n\t(%u more)", li->uprobe_multi.count - l->count);
}

static const char *const nf_families[] = { [1] = "inet", [2] = "ip",  [3] = "arp",
					   [5] = "netdev", [7] = "bridge", [10] = "ip6" };
static const char *const nf_hooks[] = { "prerouting", "input", "forward", "output", "postrouting" };
static const char *const nf_arp_hooks[] = { "input", "output" };

/* The names of a family and a hook, or NULL. */
static void nf_names(const struct bpf_link_info *li, const char **pf, const char **hook)
{
	*pf = pick(nf_families, BU_ARRAY_SIZE(nf_families), li->netfilter.pf);
	*hook = li->netfilter.pf == 3 ? pick(nf_arp_hooks, BU_ARRAY_SIZE(nf_arp_hooks), li->netfilter.hooknum) :
		li->netfilter.pf == 5 ? NULL : pick(nf_hooks, BU_ARRAY_SIZE(nf_hooks), li->netfilter.hooknum);
}

const char *bt_netfilter_name(struct bt *t, const struct bpf_link_info *li)
{
	const char *pf, *hook;

	nf_names(li, &pf, &hook);
	pf = pf ? pf : bu_arena_printf(&t->arena, "pf %u", li->netfilter.pf);
	hook = hook ? hook : bu_arena_printf(&t->arena, "hook %u", li->netfilter.hooknum);
	return bu_arena_printf(&t->arena, "%s %s prio %d", pf, hook, li->netfilter.priority);
}

void bt_put_netfilter(struct bt *t, const struct bpf_link_info *li)
{
	const char *pf, *hook;

	nf_names(li, &pf, &hook);
	bu_out_uint(&t->out, "pf", li->netfilter.pf, NULL);
	bu_out_uint(&t->out, "hook", li->netfilter.hooknum, NULL);
	if (pf)
		bu_out_text(&t->out, "\n\t%s", pf);
	else
		bu_out_text(&t->out, "\n\tpf: %u", li->netfilter.pf);
	if (hook)
		bu_out_text(&t->out, " %s", hook);
	else
		bu_out_text(&t->out, ", hook %u,", li->netfilter.hooknum);
	bu_out_int(&t->out, "prio", li->netfilter.priority, " prio %d", li->netfilter.priority);
	bu_out_uint(&t->out, "flags", li->netfilter.flags, NULL);
	if (li->netfilter.flags)
		bu_out_text(&t->out, " flags 0x%x", li->netfilter.flags);
}

static void put_tracing(struct bt *t, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	struct bpf_prog_info pi = { 0 };
	uint32_t size = sizeof(pi);
	int fd = bu_sys_fd_by_id(t->sys, BU_PROG, li->prog_id, 0);

	if (fd >= 0) {
		bu_out_text(&t->out, "\n\t");
		if (!bu_sys_info(t->sys, fd, &pi, &size))
			bt_put_kind(t, "prog_type", bu_prog_types, bu_nprog_types, pi.type,
				    "prog_type %s  ", "prog_type %u  ");
		t->sys->ops->close(t->sys, fd);
	}
	put_attach_type(t, li->tracing.attach_type);
	bu_out_uint(&t->out, "target_obj_id", li->tracing.target_obj_id, NULL);
	bu_out_uint(&t->out, "target_btf_id", li->tracing.target_btf_id, NULL);
	if (li->tracing.target_obj_id || li->tracing.target_btf_id)
		bu_out_text(&t->out, "\n\ttarget_obj_id %u  target_btf_id %u  ",
			    li->tracing.target_obj_id, li->tracing.target_btf_id);
	put_cookie(t, li->tracing.cookie);
}

static void put_iter(struct bt *t, const struct bt_link *l)
{
	static const char *const orders[] = { "order_unspec", "self_only", "descendants_pre",
					      "descendants_post", "ancestors_up" };
	const struct bpf_link_info *li = &l->li;
	const char *what = l->name ? l->name : "", *order;

	put_str(t, "target_name", what, "target_name %s  ");
	if (!strcmp(what, "bpf_map_elem") || !strcmp(what, "bpf_sk_storage_map")) {
		bu_out_uint(&t->out, "map_id", li->iter.map.map_id, "map_id %u  ", li->iter.map.map_id);
	} else if (!strcmp(what, "task") || !strcmp(what, "task_file") || !strcmp(what, "task_vma")) {
		if (li->iter.task.tid)
			bu_out_uint(&t->out, "tid", li->iter.task.tid, "tid %u ", li->iter.task.tid);
		else if (li->iter.task.pid)
			bu_out_uint(&t->out, "pid", li->iter.task.pid, "pid %u ", li->iter.task.pid);
	} else if (!strcmp(what, "cgroup")) {
		order = pick(orders, BU_ARRAY_SIZE(orders), li->iter.cgroup.order);
		put_u64(t, "cgroup_id", li->iter.cgroup.cgroup_id, "cgroup_id %llu  ");
		put_str(t, "order", order ? order : "unknown", "order %s  ");
	}
}

static void put_details(struct bt *t, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;

	switch (li->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		put_str(t, "tp_name", l->name, "\n\ttp '%s'  ");
		put_cookie(t, li->raw_tracepoint.cookie);
		break;
	case BPF_LINK_TYPE_TRACING:
		put_tracing(t, l);
		break;
	case BPF_LINK_TYPE_CGROUP:
		put_u64(t, "cgroup_id", li->cgroup.cgroup_id, "\n\tcgroup_id %llu  ");
		put_attach_type(t, li->cgroup.attach_type);
		break;
	case BPF_LINK_TYPE_ITER:
		put_iter(t, l);
		break;
	case BPF_LINK_TYPE_NETNS:
		bu_out_uint(&t->out, "netns_ino", li->netns.netns_ino, "\n\tnetns_ino %u  ",
			    li->netns.netns_ino);
		put_attach_type(t, li->netns.attach_type);
		break;
	case BPF_LINK_TYPE_XDP:
		put_dev(t, li, li->xdp.ifindex, BPF_XDP);
		break;
	case BPF_LINK_TYPE_TCX:
		put_dev(t, li, li->tcx.ifindex, li->tcx.attach_type);
		put_attach_type(t, li->tcx.attach_type);
		break;
	case BPF_LINK_TYPE_NETKIT:
		put_dev(t, li, li->netkit.ifindex, li->netkit.attach_type);
		put_attach_type(t, li->netkit.attach_type);
		break;
	case BPF_LINK_TYPE_SOCKMAP:
		bu_out_uint(&t->out, "map_id", li->sockmap.map_id, "\n\tmap_id %u  ", li->sockmap.map_id);
		put_attach_type(t, li->sockmap.attach_type);
		break;
	case BPF_LINK_TYPE_STRUCT_OPS:
		bu_out_uint(&t->out, "map_id", li->struct_ops.map_id, NULL);
		break;
	case BPF_LINK_TYPE_NETFILTER:
		bt_put_netfilter(t, li);
		break;
	case BPF_LINK_TYPE_KPROBE_MULTI:
		put_kprobe_multi(t, l);
		break;
	case BPF_LINK_TYPE_UPROBE_MULTI:
		put_uprobe_multi(t, l);
		break;
	case BPF_LINK_TYPE_PERF_EVENT:
		put_perf(t, l);
		break;
	}
}

/* ---------------------------------------------------------------- verbs */

int bt_link_row(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct bt_link l;
	int err = fd < 0 ? fd : bt_link_read(t, fd, &l);

	if (err)
		return bt_error_row(t, ctx, BU_LINK, id, err);
	bu_out_obj(&t->out, ctx);
	bu_out_uint(&t->out, "id", l.li.id, "%u: ", l.li.id);
	bt_put_kind(t, "type", bu_link_types, bu_nlink_types, l.li.type, "%s  ", "type %u  ");
	bu_out_uint(&t->out, "prog_id", l.li.prog_id, NULL);
	if (l.li.type == BPF_LINK_TYPE_STRUCT_OPS)
		bu_out_text(&t->out, "map %u  ", l.li.struct_ops.map_id);
	else
		bu_out_text(&t->out, "prog %u  ", l.li.prog_id);
	put_details(t, &l);
	bt_put_pins(t, BU_LINK, l.li.id);
	bt_put_pids(t, BU_LINK, l.li.id);
	bu_out_obj_end(&t->out);
	bu_out_text(&t->out, "\n");
	return 0;
}

int bt_link_show(struct bt *t)
{
	struct bt_obj o;
	int st;

	if (!bt_peek(t))
		return bt_list(t, BU_LINK, 0, bt_link_row);
	st = bt_handle(t, BU_LINK, 0, &o);
	if (st)
		return st;
	st = bt_end(t);
	if (!st) {
		bt_begin(t);
		st = bt_link_row(t, (void *)t->key, o.id, o.fd);
	}
	bt_obj_close(t, &o);
	return st;
}

int bt_link_pin(struct bt *t)
{
	return bt_pin(t, BU_LINK);
}

int bt_link_detach(struct bt *t)
{
	struct bt_obj o;
	int st, err;

	st = bt_handle(t, BU_LINK, 0, &o);
	if (st)
		return st;
	st = bt_end(t);
	if (st)
		goto out;
	err = bu_sys_link_detach(t->sys, o.fd);
	if (err == -EOPNOTSUPP) {
		st = bt_refused(t, BPF_LINK_DETACH, err, "cannot detach link %u", o.id);
		bt_hint(t, "links of this type end when their pins and holders are gone");
	} else if (err) {
		st = bt_refused(t, BPF_LINK_DETACH, err, "cannot detach link %u", o.id);
	}
out:
	bt_obj_close(t, &o);
	return st;
}
