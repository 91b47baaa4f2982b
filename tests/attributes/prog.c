/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs, BTF, links. */
#include "core.h"
#include "fixtures.h"

#include <linux/perf_event.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define I(code, regs, off, imm)                                                                    \
	((uint64_t)(code) | (uint64_t)(regs) << 8 | (uint64_t)(uint16_t)(off) << 16 |              \
	 (uint64_t)(uint32_t)(imm) << 32)
#define MOV0 I(0xb7, 0, 0, 0)
#define EXIT I(0x95, 0, 0, 0)

static const uint64_t ret0[] = { MOV0, EXIT };
static const uint64_t ret1[] = { I(0xb7, 0, 0, 1), EXIT };
/* r1 = map ll; r0 = 0; exit */
static const uint64_t with_map[] = { I(0x18, 0x11, 0, 0), 0, MOV0, EXIT };
static const uint64_t with_value[] = { I(0x18, 0x21, 0, 0), I(0, 0, 0, 8), MOV0, EXIT };
static const uint64_t with_idx[] = { I(0x18, 0x51, 0, 1), 0, MOV0, EXIT };
static const uint64_t bad_value[] = { I(0x18, 0x21, 0, 0), I(0, 0, 0, 64), MOV0, EXIT };
/* main calls a function */
static const uint64_t two[] = { I(0x85, 0x10, 0, 1), EXIT, MOV0, EXIT };


/* [1] int, [2] func_proto () -> int, [3] func main, [4] func other */
static const char strs[] = "\0int\0main\0other\0a.c\0line";
static const uint32_t types[] = {
	1, 1u << 24, 4, 1u << 24 | 32,
	0, 13u << 24, 1,
	5, 12u << 24, 2,
	10, 12u << 24, 2,
};
static uint8_t blob[24 + sizeof(types) + sizeof(strs)];
#define BLOB_LEN ((unsigned)sizeof(blob))

static void make_blob(void)
{
	const uint32_t hdr[6] = { 0xeb9f | 1u << 16, 24, 0, sizeof(types), sizeof(types),
				  sizeof(strs) };

	memcpy(blob, hdr, 24);
	memcpy(blob + 24, types, sizeof(types));
	memcpy(blob + 24 + sizeof(types), strs, sizeof(strs));
}

static int make_func_btf(unsigned side, const struct fixture *f)
{
	(void)f;
	make_blob();
	return bu_sys_btf_load(side_sys(side), blob, sizeof(blob), NULL, 0);
}
static const struct fixture fx_fbtf = { .name = "fbtf", .make = make_func_btf, .keep = true };

/* arg: type, expected attach type */
static int make_typed(unsigned side, const struct fixture *f)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = (uint32_t)f->arg[0];
	a.expected_attach_type = (uint32_t)f->arg[1];
	a.insns = bu_ptr64(ret0);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	if (a.prog_type == BPF_PROG_TYPE_SYSCALL)
		a.prog_flags = BPF_F_SLEEPABLE;
	strncpy(a.prog_name, f->name, sizeof(a.prog_name) - 1);
	return bu_sys_prog_load(side_sys(side), &a, 0);
}
#define PROG(sym, t, e)                                                                            \
	static const struct fixture fx_##sym = { .name = #sym, .make = make_typed, .arg = { BPF_PROG_TYPE_##t, e },         \
						 .keep = true }
PROG(sf, SOCKET_FILTER, 0);
PROG(kp, KPROBE, 0);
PROG(cls, SCHED_CLS, 0);
PROG(tp, TRACEPOINT, 0);
PROG(xdp, XDP, 0);
PROG(xdp2, XDP, 0);
PROG(xdpdev, XDP, BPF_XDP_DEVMAP);
PROG(pe, PERF_EVENT, 0);
PROG(rtp, RAW_TRACEPOINT, 0);
PROG(sys, SYSCALL, 0);
PROG(cgskb, CGROUP_SKB, 0);
static const struct fixture *const progs[] = {
	&fx_sf, &fx_kp, &fx_cls, &fx_tp, &fx_xdp, &fx_xdpdev, &fx_pe, &fx_rtp, &fx_sys, &fx_cgskb,
};

static int make_event(unsigned side, const struct fixture *f)
{
	struct bu_sys *s = side_sys(side);
	struct perf_event_attr a;
	int id;

	memset(&a, 0, sizeof(a));
	a.size = sizeof(a);
	a.sample_period = 1;
	if (f->arg[0]) {
		a.type = PERF_TYPE_SOFTWARE;
		a.config = PERF_COUNT_SW_BPF_OUTPUT;
	} else {
		id = s->ops->tracepoint_id(s, "skb", "kfree_skb");
		if (id < 0)
			return id;
		a.type = PERF_TYPE_TRACEPOINT;
		a.config = (uint32_t)id;
	}
	return s->ops->perf_event_open(s, &a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
}
static const struct fixture fx_event = { .name = "event", .make = make_event };

/* An iterator over maps that prints nothing: of the BTF that each side has of its own. */
static int make_iter(unsigned side, const struct fixture *f)
{
	struct bu_sys *s = side_sys(side);
	struct bu_btf btf;
	union bpf_attr a;
	const void *data;
	size_t size;
	int err;

	err = s->ops->vmlinux_btf(s, &data, &size);
	if (!err)
		err = bu_btf_parse(&btf, data, size, NULL, "vmlinux", NULL);
	if (err)
		return err;
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_TRACING;
	a.expected_attach_type = BPF_TRACE_ITER;
	a.attach_btf_id = bu_btf_find(&btf, BU_BTF_FUNC, f->text);
	a.insns = bu_ptr64(ret0);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	bu_btf_free(&btf);
	return bu_sys_prog_load(s, &a, 0);
}
#define ITER(sym, of)                                                                              \
	static const struct fixture fx_##sym = { .name = #sym, .make = make_iter, .text = of, .keep = true }
ITER(itermap, "bpf_iter_bpf_map");
ITER(itermap2, "bpf_iter_bpf_map");
ITER(iterprog, "bpf_iter_bpf_prog");

static int make_link(unsigned side, const struct fixture *f)
{
	struct bu_sys *s = side_sys(side);
	int p = fx_fd(side, f->of), t;

	if (p < 0)
		return p;
	if (f->arg[0] == 1)
		return bu_sys_raw_tp_open(s, "sched_switch", p);
	if (f->arg[0] == 2) { /* tests of another tree may have something there for a while */
		for (unsigned i = 0; i < 50; i++) {
			t = bu_sys_link_create(s, p, (int)if_nametoindex("lo"), BPF_XDP, 0, 0);
			if (t != -EBUSY)
				break;
			usleep(200000);
		}
		return t;
	}
	if (f->arg[0] == 3)
		return bu_sys_link_create(s, p, 0, BPF_TRACE_ITER, 0, 0);
	t = fx_fd(side, &fx_event);
	return t < 0 ? t : bu_sys_link_create(s, p, t, BPF_PERF_EVENT, 0, 0);
}
static const struct fixture fx_lperf = { .name = "lperf", .make = make_link, .arg = { 0 }, .of = &fx_tp };
static const struct fixture fx_lraw = { .name = "lraw", .make = make_link, .arg = { 1 }, .of = &fx_rtp };
static const struct fixture fx_lxdp = { .name = "lxdp", .make = make_link, .arg = { 2 }, .of = &fx_xdp };
static const struct fixture fx_liter = { .name = "liter", .make = make_link, .arg = { 3 }, .of = &fx_itermap };

/* ---------------------------------------------------------------- PROG_LOAD */

static const struct field load_fields[] = {
	FIELD(prog_type, F_NUM), FIELD(insn_cnt, F_NUM), FIELD(insns, F_IN), FIELD(license, F_STR),
	FIELD(log_level, F_NUM), FIELD(log_size, F_NUM), FIELD(log_buf, F_OUT),
	FIELD(kern_version, F_NUM), FIELD(prog_flags, F_FLAGS), FIELD(prog_name, F_NAME),
	FIELD(prog_ifindex, F_NUM), FIELD(expected_attach_type, F_NUM), FIELD(prog_btf_fd, F_FD),
	FIELD(func_info_rec_size, F_NUM), FIELD(func_info, F_IN), FIELD(func_info_cnt, F_NUM),
	FIELD(line_info_rec_size, F_NUM), FIELD(line_info, F_IN), FIELD(line_info_cnt, F_NUM),
	FIELD(attach_btf_id, F_NUM), FIELD(attach_prog_fd, F_FD), FIELD(fd_array, F_IN),
	FIELD(log_true_size, F_RES), FIELD(prog_token_fd, F_FD), FIELD(fd_array_cnt, F_NUM),
};

static void after_load(unsigned side, int r, struct bu_buf *out)
{
	struct bpf_prog_info i = { 0 };
	uint32_t n = sizeof(i), ids[8] = { 0 };
	int err;

	if (r < 0)
		return;
	i.map_ids = bu_ptr64(ids);
	i.nr_map_ids = 8;
	err = bu_sys_info(side_sys(side), r, &i, &n);
	bu_buf_printf(out, "    info %d: type %u gpl %u maps %u btf %d name %.16s funcs %u lines %u tag",
		      err, i.type, i.gpl_compatible, i.nr_map_ids, i.btf_id != 0, i.name,
		      i.nr_func_info, i.nr_line_info);
	for (unsigned k = 0; k < 8; k++)
		bu_buf_printf(out, " %02x", i.tag[k]);
	bu_buf_char(out, '\n');
}
static const struct spec prog_load = { BPF_PROG_LOAD, "prog_load", true, load_fields,
				       BU_ARRAY_SIZE(load_fields), after_load };
/* What the verifier says is its own. */
static const struct mask log_masks[] = {
	{ "log_buf", 0, 4096, M_ANY, 0, "the verifier's words" },
	{ "", offsetof(union bpf_attr, log_true_size), 4, M_ANY, 0, "their length" },
};

static struct call load(const char *label, uint32_t type, const uint64_t *insns, unsigned n)
{
	struct call c = call_of(&prog_load, label);

	set(&c, "prog_type", num(type));
	set(&c, "insn_cnt", num(n));
	set(&c, "insns", in(insns, n * 8));
	set(&c, "license", str("GPL"));
	c.masks = log_masks;
	c.nmasks = BU_ARRAY_SIZE(log_masks);
	return c;
}

static void types_and_attach(void)
{
	for (uint32_t t = 0; t <= 34; t++)
		for (uint32_t e = 0; e <= 58; e++) {
			struct call c;

			if (t == BPF_PROG_TYPE_TRACING || t == BPF_PROG_TYPE_LSM ||
			    t == BPF_PROG_TYPE_STRUCT_OPS || t == BPF_PROG_TYPE_EXT)
				continue;
			/* 1 is what all types may return */
			c = load("type and attach type", t, ret1, 2);
			set(&c, "expected_attach_type", num(e));
			if (t == BPF_PROG_TYPE_SYSCALL)
				set(&c, "prog_flags", num(BPF_F_SLEEPABLE));
			run(&c);
		}
}

static void logs(void)
{
	static const uint32_t sizes[] = { 0, 1, 2, 64, 200, 4096 };
	static const uint32_t levels[] = { 0, 1, 2, 4, 8, 9, 16 };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(sizes); i++)
		for (unsigned k = 0; k < BU_ARRAY_SIZE(levels); k++) {
			struct call c = load("log", BPF_PROG_TYPE_SOCKET_FILTER, ret0, 2);

			set(&c, "log_size", num(sizes[i]));
			set(&c, "log_level", num(levels[k]));
			set(&c, "log_buf", sizes[i] ? out(sizes[i] < 1024 ? sizes[i] : 1024) : num(0));
			run(&c);
		}
}

static void load_tests(void)
{
	static const uint32_t fds[2];
	static const struct embed map = { 4, E_FD, &fx_array, 0 };
	static const struct embed hash = { 4, E_FD, &fx_hash1, 0 };
	static const struct embed two_fds[] = { { 0, E_FD, &fx_hash1, 0 }, { 4, E_FD, &fx_array, 0 } };
	static const uint32_t funcs[] = { 0, 3, 2, 4 };
	static const uint32_t lines[] = { 0, 16, 20, 1 << 10, 2, 16, 20, 2 << 10 };
	struct call c;

	c = load("plain", BPF_PROG_TYPE_SOCKET_FILTER, ret0, 2);
	break_all(&c);
	c = load("a map", BPF_PROG_TYPE_KPROBE, NULL, 4);
	set(&c, "insns", in_emb(with_map, sizeof(with_map), &map, 1));
	break_all(&c);
	c = load("a value", BPF_PROG_TYPE_KPROBE, NULL, 4);
	set(&c, "insns", in_emb(with_value, sizeof(with_value), &map, 1));
	run(&c);
	c = load("behind a value", BPF_PROG_TYPE_KPROBE, NULL, 4);
	set(&c, "insns", in_emb(bad_value, sizeof(bad_value), &map, 1));
	run(&c);
	c = load("a value of a hash", BPF_PROG_TYPE_KPROBE, NULL, 4);
	set(&c, "insns", in_emb(with_value, sizeof(with_value), &hash, 1));
	run(&c);
	c = load("no map", BPF_PROG_TYPE_KPROBE, with_map, 4);
	run(&c);
	c = load("an array of fds", BPF_PROG_TYPE_KPROBE, with_idx, 4);
	set(&c, "fd_array", in_emb(fds, sizeof(fds), two_fds, 2));
	break_all(&c);
	set(&c, "fd_array_cnt", num(2));
	break_all(&c);
	c = load("func_info, line_info", BPF_PROG_TYPE_SOCKET_FILTER, two, 4);
	set(&c, "prog_btf_fd", fd_of(&fx_fbtf));
	set(&c, "func_info", in(funcs, sizeof(funcs)));
	set(&c, "func_info_cnt", num(2));
	set(&c, "func_info_rec_size", num(8));
	set(&c, "line_info", in(lines, sizeof(lines)));
	set(&c, "line_info_cnt", num(2));
	set(&c, "line_info_rec_size", num(16));
	break_all(&c);
	break_pairs(&c, 300);
	types_and_attach();
	logs();
}

/* ---------------------------------------------------------------- BTF_LOAD */

static const struct field btf_fields[] = {
	FIELD(btf, F_IN), FIELD(btf_log_buf, F_OUT), FIELD(btf_size, F_NUM),
	FIELD(btf_log_size, F_NUM), FIELD(btf_log_level, F_NUM), FIELD(btf_log_true_size, F_RES),
	FIELD(btf_flags, F_FLAGS), FIELD(btf_token_fd, F_FD),
};
static const struct spec btf_load = { BPF_BTF_LOAD, "btf_load", true, btf_fields,
				      BU_ARRAY_SIZE(btf_fields), NULL };
static const struct mask btf_masks[] = {
	{ "btf_log_buf", 0, 4096, M_ANY, 0, "the words about broken BTF" },
	{ "", offsetof(union bpf_attr, btf_log_true_size), 4, M_ANY, 0, "their length" },
};

static void btf_tests(void)
{
	static uint8_t broken[sizeof(blob)];
	struct call c = call_of(&btf_load, "valid");

	make_blob();
	c.masks = btf_masks;
	c.nmasks = BU_ARRAY_SIZE(btf_masks);
	set(&c, "btf", in(blob, BLOB_LEN));
	set(&c, "btf_size", num(BLOB_LEN));
	break_all(&c);
	/* each byte of header and types broken in three ways */
	for (unsigned i = 0; i < 24 + sizeof(types); i++) {
		static const uint8_t with[] = { 0x00, 0x01, 0x7f, 0xff };

		for (unsigned k = 0; k < BU_ARRAY_SIZE(with); k++) {
			char label[48];

			memcpy(broken, blob, sizeof(blob));
			if (broken[i] == with[k])
				continue;
			broken[i] = with[k];
			snprintf(label, sizeof(label), "byte %u is %02x", i, with[k]);
			c = call_of(&btf_load, label);
			c.masks = btf_masks;
			c.nmasks = BU_ARRAY_SIZE(btf_masks);
			set(&c, "btf", in(broken, BLOB_LEN));
			set(&c, "btf_size", num(BLOB_LEN));
			run(&c);
		}
	}
}

/* ---------------------------------------------------------------- links and the rest */

static const struct field link_fields[] = {
	FIELD(link_create.prog_fd, F_FD), FIELD(link_create.target_fd, F_FD),
	FIELD(link_create.attach_type, F_NUM), FIELD(link_create.flags, F_FLAGS),
	FIELD(link_create.perf_event.bpf_cookie, F_NUM),
};
static void after_link(unsigned side, int r, struct bu_buf *out)
{
	struct bpf_link_info i = { 0 };
	uint32_t n = sizeof(i);
	int err;

	if (r < 0)
		return;
	err = bu_sys_info(side_sys(side), r, &i, &n);
	bu_buf_printf(out, "    info %d: type %u, %u bytes\n", err, i.type, n);
}
static const struct spec link_create = { BPF_LINK_CREATE, "link_create", true, link_fields,
					 BU_ARRAY_SIZE(link_fields), after_link };
static const struct field link_iter_fields[] = {
	FIELD(link_create.prog_fd, F_FD), FIELD(link_create.target_fd, F_FD),
	FIELD(link_create.attach_type, F_NUM), FIELD(link_create.flags, F_FLAGS),
	FIELD(link_create.iter_info, F_IN), FIELD(link_create.iter_info_len, F_NUM),
};
static const struct spec link_iter = { BPF_LINK_CREATE, "link_create", true, link_iter_fields,
				       BU_ARRAY_SIZE(link_iter_fields), after_link };
static const struct field raw_fields[] = {
	FIELD(raw_tracepoint.name, F_STR), FIELD(raw_tracepoint.prog_fd, F_FD),
	FIELD(raw_tracepoint.cookie, F_NUM),
};
static const struct spec raw_open = { BPF_RAW_TRACEPOINT_OPEN, "raw_tracepoint_open", true, raw_fields,
				      BU_ARRAY_SIZE(raw_fields), after_link };
static const struct field update_fields[] = {
	FIELD(link_update.link_fd, F_FD), FIELD(link_update.new_prog_fd, F_FD),
	FIELD(link_update.flags, F_FLAGS), FIELD(link_update.old_prog_fd, F_FD),
};
static const struct spec link_update = { BPF_LINK_UPDATE, "link_update", false, update_fields,
					 BU_ARRAY_SIZE(update_fields), NULL };
static const struct field detach_fields[] = { FIELD(link_detach.link_fd, F_FD) };
static const struct spec link_detach = { BPF_LINK_DETACH, "link_detach", false, detach_fields, 1, NULL };
static const struct field bind_fields[] = {
	FIELD(prog_bind_map.prog_fd, F_FD), FIELD(prog_bind_map.map_fd, F_FD),
	FIELD(prog_bind_map.flags, F_FLAGS),
};
static const struct spec bind_map = { BPF_PROG_BIND_MAP, "prog_bind_map", false, bind_fields,
				      BU_ARRAY_SIZE(bind_fields), NULL };
static const struct field stats_fields[] = { FIELD(enable_stats.type, F_NUM) };
static const struct spec enable_stats = { BPF_ENABLE_STATS, "enable_stats", true, stats_fields, 1, NULL };
static const struct field iter_fields[] = {
	FIELD(iter_create.link_fd, F_FD), FIELD(iter_create.flags, F_FLAGS),
};
/* What it prints: nothing, and then the end. */
static void after_iter(unsigned side, int r, struct bu_buf *out)
{
	char text[16];

	(void)side;
	if (r >= 0)
		bu_buf_printf(out, "    read: %d\n", (int)read(r, text, sizeof(text)));
}
static const struct spec iter_create = { BPF_ITER_CREATE, "iter_create", true, iter_fields,
					 BU_ARRAY_SIZE(iter_fields), after_iter };
static const struct field link_id_fields[] = {
	FIELD(link_id, F_ID), FIELD(next_id, F_NUM), FIELD(open_flags, F_FLAGS),
	FIELD(fd_by_id_token_fd, F_FD),
};
static const struct spec link_by_id = { BPF_LINK_GET_FD_BY_ID, "link_get_fd_by_id", true, link_id_fields,
					BU_ARRAY_SIZE(link_id_fields), after_link };
static const struct field link_next_fields[] = {
	FIELD(start_id, F_ID), FIELD(next_id, F_RES), FIELD(open_flags, F_FLAGS),
};
static const struct spec link_next = { BPF_LINK_GET_NEXT_ID, "link_get_next_id", false, link_next_fields,
				       BU_ARRAY_SIZE(link_next_fields), NULL };

/* Links by id, and what only iterators have. */
static void link_id_tests(void)
{
	static const struct mask next_mask = { "", offsetof(union bpf_attr, next_id), 4, M_ANY, 0,
					       "ids are each side's own" };
	static const struct fixture *const links[] = { &fx_lraw, &fx_lxdp, &fx_lperf, &fx_liter };
	static const uint8_t none[16];
	struct call c;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(links); i++) {
		c = call_of(&link_by_id, links[i]->name);
		set(&c, "link_id", id_of(links[i]));
		break_all(&c);
	}
	/* So that there are some on both sides. */
	for (unsigned side = 0; side < SIDES; side++)
		fx_fd(side, &fx_lraw), fx_fd(side, &fx_liter);
	c = call_of(&link_next, "from the first");
	c.masks = &next_mask;
	c.nmasks = 1;
	break_all(&c);
	c = call_of(&link_iter, "iterator");
	set(&c, "link_create.prog_fd", fd_of(&fx_itermap));
	set(&c, "link_create.attach_type", num(BPF_TRACE_ITER));
	break_all(&c);
	set(&c, "link_create.iter_info", in(none, sizeof(none)));
	set(&c, "link_create.iter_info_len", num(sizeof(none)));
	break_all(&c);
	c = call_of(&iter_create, "maps");
	set(&c, "iter_create.link_fd", fd_of(&fx_liter));
	break_all(&c);
	c = call_of(&link_update, "iterator");
	set(&c, "link_update.link_fd", fd_of(&fx_liter));
	set(&c, "link_update.new_prog_fd", fd_of(&fx_itermap2));
	break_all(&c);
	set(&c, "link_update.new_prog_fd", fd_of(&fx_iterprog));
	run(&c);
	c = call_of(&link_detach, "iterator");
	set(&c, "link_detach.link_fd", fd_of(&fx_liter));
	run(&c);
	fx_reset(&fx_lraw);
	fx_reset(&fx_lxdp);
	fx_reset(&fx_lperf);
	c = call_of(&link_detach, "xdp");
	set(&c, "link_detach.link_fd", fd_of(&fx_lxdp));
	break_all(&c);
	fx_reset(&fx_lxdp);
	fx_reset(&fx_liter);
}

static void link_tests(void)
{
	struct call c;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(progs); i++) {
		c = call_of(&link_create, progs[i]->name);
		set(&c, "link_create.prog_fd", fd_of(progs[i]));
		set(&c, "link_create.target_fd", fd_of(&fx_event));
		for (uint32_t at = 0; at <= 58; at++) {
			/* those that ask what this machine has: cgroups, sockets, functions */
			if (progs[i] == &fx_cgskb || progs[i] == &fx_cls ||
			    (progs[i] == &fx_kp && at != BPF_PERF_EVENT &&
			     (at == BPF_TRACE_KPROBE_MULTI || at == BPF_TRACE_KPROBE_SESSION ||
			      at == BPF_TRACE_UPROBE_MULTI || at == BPF_TRACE_UPROBE_SESSION)))
				continue;
			set(&c, "link_create.attach_type", num(at));
			run(&c);
		}
	}
	c = call_of(&link_create, "tp");
	set(&c, "link_create.prog_fd", fd_of(&fx_tp));
	set(&c, "link_create.target_fd", fd_of(&fx_event));
	set(&c, "link_create.attach_type", num(BPF_PERF_EVENT));
	break_all(&c);
	c = call_of(&link_create, "xdp");
	set(&c, "link_create.prog_fd", fd_of(&fx_xdp));
	set(&c, "link_create.target_fd", num(if_nametoindex("lo")));
	set(&c, "link_create.attach_type", num(BPF_XDP));
	break_all(&c);
	c = call_of(&raw_open, "raw_tp");
	set(&c, "raw_tracepoint.name", str("sched_switch"));
	set(&c, "raw_tracepoint.prog_fd", fd_of(&fx_rtp));
	break_all(&c);
	c = call_of(&link_update, "xdp");
	set(&c, "link_update.link_fd", fd_of(&fx_lxdp));
	set(&c, "link_update.new_prog_fd", fd_of(&fx_xdp2));
	break_all(&c);
	c = call_of(&link_update, "raw_tp");
	set(&c, "link_update.link_fd", fd_of(&fx_lraw));
	set(&c, "link_update.new_prog_fd", fd_of(&fx_rtp));
	break_all(&c);
	c = call_of(&link_detach, "raw_tp");
	set(&c, "link_detach.link_fd", fd_of(&fx_lraw));
	break_all(&c);
	c = call_of(&link_detach, "perf_event");
	set(&c, "link_detach.link_fd", fd_of(&fx_lperf));
	break_all(&c);
	c = call_of(&iter_create, "no iterator");
	set(&c, "iter_create.link_fd", fd_of(&fx_lraw));
	break_all(&c);
	fx_reset(&fx_lxdp);
	fx_reset(&fx_lperf);
	fx_reset(&fx_lraw);
	link_id_tests();
}

static void rest_tests(void)
{
	struct call c;

	c = call_of(&bind_map, "a hash");
	set(&c, "prog_bind_map.prog_fd", fd_of(&fx_sf));
	set(&c, "prog_bind_map.map_fd", fd_of(&fx_hash1));
	break_all(&c);
	c = call_of(&enable_stats, "run times");
	break_all(&c);
}

/* ---------------------------------------------------------------- PROG_TEST_RUN */

static const struct field run_fields[] = {
	FIELD(test.prog_fd, F_FD), FIELD(test.retval, F_RES), FIELD(test.data_size_in, F_NUM),
	FIELD(test.data_size_out, F_NUM), FIELD(test.data_in, F_IN), FIELD(test.data_out, F_OUT),
	FIELD(test.duration, F_RES), FIELD(test.ctx_size_in, F_NUM),
	FIELD(test.ctx_size_out, F_NUM), FIELD(test.ctx_in, F_IN), FIELD(test.ctx_out, F_OUT),
	FIELD(test.flags, F_FLAGS), FIELD(test.cpu, F_NUM), FIELD(test.batch_size, F_NUM),
	FIELD(test.repeat, F_NUM),
};
/* repeat is not broken: the kernel would run it four thousand million times */
static const struct spec test_run = { BPF_PROG_TEST_RUN, "prog_test_run", false, run_fields,
				      BU_ARRAY_SIZE(run_fields) - 1, NULL },
			 test_repeat = { BPF_PROG_TEST_RUN, "prog_test_run", false, run_fields,
					 BU_ARRAY_SIZE(run_fields), NULL };
static const struct mask run_masks[] = {
	{ "", offsetof(union bpf_attr, test.duration), 4, M_ANY, 0, "time passes as it does" },
};

static void run_tests(void)
{
	static uint8_t packet[64] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0, 0x45 };
	static uint32_t md[6] = { 0, 64 };
	struct call c;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(progs); i++) {
		c = call_of(&test_run, progs[i]->name);
		c.masks = run_masks;
		c.nmasks = 1;
		set(&c, "test.prog_fd", fd_of(progs[i]));
		run(&c);
		if (progs[i] == &fx_rtp || progs[i] == &fx_sys) {
			set(&c, "test.ctx_in", in(packet, 64));
			set(&c, "test.ctx_size_in", num(64));
			break_all(&c);
			continue;
		}
		set(&c, "test.data_in", in(packet, 64));
		set(&c, "test.data_size_in", num(64));
		run(&c);
		c.spec = &test_repeat;
		for (unsigned k = 1; k < 1000; k *= 7) {
			set(&c, "test.repeat", num(k));
			run(&c);
		}
		set(&c, "test.repeat", num(0));
		c.spec = &test_run;
		set(&c, "test.data_out", out(128));
		set(&c, "test.data_size_out", num(128));
		if (progs[i] == &fx_xdp) {
			set(&c, "test.ctx_in", in(md, 24));
			set(&c, "test.ctx_size_in", num(24));
			set(&c, "test.ctx_out", out(24));
			set(&c, "test.ctx_size_out", num(24));
		}
		if (progs[i] == &fx_sf || progs[i] == &fx_xdp || progs[i] == &fx_cls)
			break_all(&c);
		else
			run(&c);
	}
}

void prog_tests(void)
{
	/* A loopback of our own: XDP on the machine's may be somebody else's. Where that is not
	 * allowed, we take what there is. */
	if (unshare(CLONE_NEWNET))
		comment("no network namespace of our own\n");
	if (wanted(&prog_load))
		load_tests();
	if (wanted(&btf_load))
		btf_tests();
	if (wanted(&link_create) || wanted(&raw_open) || wanted(&link_update) ||
	    wanted(&link_detach) || wanted(&iter_create) || wanted(&link_by_id) || wanted(&link_next))
		link_tests();
	if (wanted(&bind_map) || wanted(&enable_stats))
		rest_tests();
	if (wanted(&test_run))
		run_tests();
}
