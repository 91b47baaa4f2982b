/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killstorm: objects that come, are pinned, refer to each other and go. */
#include "killstorm.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PINS 6
#define HELD 8

static int held[HELD];       /* fds of this child, or -1 */
static uint32_t before;      /* objects in the world without ours */

static uint32_t objects(struct bu_sys *s)
{
	struct bu_vm_info i;

	if (bu_vm_info(s, &i))
		return UINT32_MAX;
	return i.objects[0] + i.objects[1] + i.objects[2] + i.objects[3] + i.objects[4];
}

static const char *pin_path(void)
{
	static char path[40];

	snprintf(path, sizeof(path), "/sys/fs/bpf/ks_%u", (unsigned)(ks_random() % PINS));
	return path;
}

static int make_map(struct bu_sys *s, uint32_t type, int inner)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = a.value_size = 4;
	a.max_entries = 4;
	a.inner_map_fd = inner >= 0 ? (uint32_t)inner : 0;
	return bu_sys_map_create(s, &a);
}

/* A program that uses a map, unless it is < 0: "r1 = map ll; r0 = 0; exit". */
static int make_prog(struct bu_sys *s, int map, uint32_t type)
{
	struct bu_insn insns[4] = {
		{ .code = 0x18, .dst = 1, .src = map >= 0, .imm = map }, { .code = 0 },
		{ .code = 0xb7 }, { .code = 0x95 },
	};
	uint8_t code[32];
	union bpf_attr a;

	for (unsigned i = 0; i < 4; i++)
		bu_insn_encode(code + 8 * i, &insns[i], false);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = bu_ptr64(code);
	a.insn_cnt = 4;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

static void hold(struct bu_sys *s, int fd)
{
	unsigned i = (unsigned)(ks_random() % HELD);

	if (fd < 0)
		return;
	if (held[i] >= 0)
		s->ops->close(s, held[i]);
	held[i] = fd;
}

static int some(void)
{
	for (unsigned i = 0; i < HELD; i++) {
		int fd = held[ks_random() % HELD];

		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Links: of a raw tracepoint, of XDP, with another program; XDP by netlink, which outlives its process. */
static void link_step(struct bu_sys *s, unsigned what, int a)
{
	int lo = s->ops->ifindex(s, "lo"), prog;
	union bpf_attr u;

	if (what == 0) {
		hold(s, bu_sys_raw_tp_open(s, "storm", a));
		return;
	}
	prog = make_prog(s, some(), BPF_PROG_TYPE_XDP);
	switch (prog < 0 ? 0 : what) {
	case 1:
		hold(s, bu_sys_link_create(s, prog, lo, BPF_XDP, 0, 0));
		break;
	case 2:
		memset(&u, 0, sizeof(u));
		u.link_update.link_fd = (uint32_t)a;
		u.link_update.new_prog_fd = (uint32_t)prog;
		s->ops->bpf(s, BPF_LINK_UPDATE, &u, sizeof(u));
		break;
	case 3:
		s->ops->xdp_set(s, lo, ks_random() % 4 ? prog : -1, -1, 0, NULL, 0);
		break;
	}
	if (prog >= 0)
		s->ops->close(s, prog);
}

static int open_part(struct bu_sys *s)
{
	(void)s;
	for (unsigned i = 0; i < HELD; i++)
		held[i] = -1;
	return 0;
}

static void step(struct bu_sys *s, unsigned who)
{
	uint32_t id = 0, key = (uint32_t)(ks_random() % 4);
	enum bu_objkind kind;
	uint32_t removed;
	uint64_t bytes;
	int a = some(), b = some();

	switch (ks_random() % (who == 2 ? 4 : 17)) {
	case 0:
		kind = (enum bu_objkind)(ks_random() % 4);
		while (!bu_sys_next_id(s, kind, id, &id))
			;
		break;
	case 1:
		hold(s, bu_sys_get(s, pin_path(), 0));
		break;
	case 2:
		if (!bu_sys_next_id(s, BU_MAP, (uint32_t)(ks_random() % 8), &id))
			hold(s, bu_sys_fd_by_id(s, BU_MAP, id, 0));
		break;
	case 3:
		if (ks_random() % 4 == 0)
			bu_vm_gc(s, &removed, &bytes);
		break;
	case 4:
		hold(s, make_map(s, BPF_MAP_TYPE_ARRAY, -1));
		break;
	case 5:
		hold(s, make_map(s, BPF_MAP_TYPE_PROG_ARRAY, -1));
		break;
	case 6:
		if (a >= 0)
			hold(s, make_map(s, BPF_MAP_TYPE_ARRAY_OF_MAPS, a));
		break;
	case 7:
		if (a >= 0)
			hold(s, make_prog(s, a, BPF_PROG_TYPE_RAW_TRACEPOINT));
		break;
	case 8:
		bu_sys_pin(s, a, pin_path());
		break;
	case 9:
		s->ops->unpin(s, pin_path());
		break;
	case 10: /* a program in an array of programs, perhaps one it uses; a map in a map */
	case 11:
		bu_sys_map_update(s, a, &key, &b, 0);
		break;
	case 13: case 14: case 15: case 16:
		link_step(s, (unsigned)(ks_random() % 4), a);
		break;
	default:
		bu_sys_map_delete(s, a, &key);
		break;
	}
}

static int setup(struct bu_sys *s)
{
	uint32_t removed;
	uint64_t bytes;

	bu_vm_gc(s, &removed, &bytes);
	before = objects(s);
	return 0;
}

static void check_world(struct bu_sys *s, const char *when)
{
	struct bu_diags ds;

	bu_diags_init(&ds);
	if (bu_vm_check(s, &ds))
		ks_bad("%s: %s", when, ds.first ? ds.first->text : "damaged");
	bu_diags_free(&ds);
}

/* Every link has its program. */
static void check_links(struct bu_sys *s)
{
	struct bpf_link_info i = { 0 };
	uint32_t id = 0, size;
	int fd, prog;

	while (!bu_sys_next_id(s, BU_LINK, id, &id)) {
		fd = bu_sys_fd_by_id(s, BU_LINK, id, 0);
		size = sizeof(i);
		if (fd >= 0 && !bu_sys_info(s, fd, &i, &size)) {
			prog = bu_sys_fd_by_id(s, BU_PROG, i.prog_id, 0);
			if (prog < 0)
				ks_bad("link %u has a program %u that is not there", id, i.prog_id);
			else
				s->ops->close(s, prog);
		}
		if (fd >= 0)
			s->ops->close(s, fd);
	}
}

static void check(struct bu_sys *s)
{
	char path[40];
	uint32_t removed, n;
	uint64_t bytes;

	bu_vm_gc(s, &removed, &bytes);
	check_world(s, "after gc");
	check_links(s);
	s->ops->xdp_set(s, s->ops->ifindex(s, "lo"), -1, -1, 0, NULL, 0);
	for (unsigned i = 0; i < PINS; i++) {
		snprintf(path, sizeof(path), "/sys/fs/bpf/ks_%u", i);
		s->ops->unpin(s, path);
	}
	bu_vm_gc(s, &removed, &bytes);
	check_world(s, "without pins");
	n = objects(s);
	if (n != before)
		ks_bad("%u objects are left that nobody holds", n - before);
}

const struct ks_part ks_objects = { "objects", 8, 102, setup, step, open_part, check, NULL, NULL, NULL };
