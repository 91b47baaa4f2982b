/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, ids, info; and the commands that the VM does not serve. */
#include "core.h"
#include "fixtures.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPEC(sym, cmd, text, fd, after)                                                            \
	static const struct spec sym = { cmd, text, fd, sym##_fields, BU_ARRAY_SIZE(sym##_fields),  \
					 after }

/* ---------------------------------------------------------------- info */

static const struct field info_fields[] = {
	FIELD(info.bpf_fd, F_FD), FIELD(info.info_len, F_NUM), FIELD(info.info, F_INOUT),
};
SPEC(info, BPF_OBJ_GET_INFO_BY_FD, "obj_get_info_by_fd", false, NULL);

static void test_info(void)
{
	static const struct fixture *const maps[] = { &fx_hash1, &fx_array, &fx_pchash1, &fx_pcarray,
		&fx_lru1, &fx_nopre, &fx_lpm, &fx_queue, &fx_stack, &fx_ringbuf, &fx_perf, &fx_progs,
		&fx_arrofmaps, &fx_hashofmaps, &fx_ro, &fx_wo, &fx_frozen, &fx_mmapable, &fx_locked };
	static const struct mask masks[] = {
		{ "info.info", offsetof(struct bpf_map_info, id), 4, M_MAP_ID, 0, "ids" },
		{ "info.info", offsetof(struct bpf_map_info, btf_id), 4, M_BTF_ID, 0, "ids" },
	};
	static uint8_t zero[256], one[256][256];
	static uint64_t hash[16];
	struct call c;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++) {
		c = call_of(&info, maps[i]->name);
		c.masks = masks;
		c.nmasks = 2;
		set(&c, "info.bpf_fd", fd_of(maps[i]));
		set(&c, "info.info_len", num(sizeof(struct bpf_map_info)));
		set(&c, "info.info", in(zero, sizeof(struct bpf_map_info)));
		break_all(&c);
		for (unsigned n = 0; n < 128; n += i ? 16 : 1) {
			set(&c, "info.info_len", num(n));
			set(&c, "info.info", in(zero, 128));
			if ((n <= 4 || n >= 8) && (n <= 64 || n >= 68)) /* part of an id */
				run(&c);
			/* Not zero at one place: input, or behind what is known. */
			one[n][n] = 1;
			set(&c, "info.info_len", num(128));
			set(&c, "info.info", in(one[n], 256));
			if (n == offsetof(struct bpf_map_info, id) ||
			    n == offsetof(struct bpf_map_info, btf_id))
				continue; /* may be the id that comes */
			if (n < offsetof(struct bpf_map_info, hash) ||
			    n >= offsetof(struct bpf_map_info, hash) + 12)
				run(&c);
		}
		/* A hash of the wrong size is asked for. */
		hash[offsetof(struct bpf_map_info, hash) / 8] = scratch_addr(64);
		hash[offsetof(struct bpf_map_info, hash_size) / 8] = 31;
		set(&c, "info.info_len", num(sizeof(struct bpf_map_info)));
		set(&c, "info.info", in(hash, sizeof(struct bpf_map_info)));
		run(&c);
	}
}

/* ---------------------------------------------------------------- ids */

static const struct field next_id_fields[] = {
	FIELD(start_id, F_ID), FIELD(next_id, F_RES), FIELD(open_flags, F_FLAGS),
};
#define prog_next_fields next_id_fields
#define map_next_fields next_id_fields
#define btf_next_fields next_id_fields
SPEC(prog_next, BPF_PROG_GET_NEXT_ID, "prog_get_next_id", false, NULL);
SPEC(map_next, BPF_MAP_GET_NEXT_ID, "map_get_next_id", false, NULL);
SPEC(btf_next, BPF_BTF_GET_NEXT_ID, "btf_get_next_id", false, NULL);

static const struct field by_id_fields[] = {
	FIELD(map_id, F_ID), FIELD(next_id, F_NUM), FIELD(open_flags, F_FLAGS),
	FIELD(fd_by_id_token_fd, F_FD),
};

static void after_fd(unsigned side, int r, struct bu_buf *out)
{
	struct bpf_map_info i = { 0 };
	uint32_t n = sizeof(i), key = 1;
	uint64_t v = 0;
	int err;

	if (r < 0)
		return;
	err = bu_sys_info(side_sys(side), r, &i, &n);
	bu_buf_printf(out, "    info %d, %s, mode %d", err, fx_name(side, BU_MAP, i.id) ?: "?",
		      fcntl(r, F_GETFL) & O_ACCMODE);
	err = bu_sys_map_lookup(side_sys(side), r, &key, &v, 0);
	bu_buf_printf(out, ", lookup %d", err);
	err = bu_sys_map_update(side_sys(side), r, &key, &v, BPF_NOEXIST);
	bu_buf_printf(out, ", update %d\n", err);
}
#define by_id_map_fields by_id_fields
#define by_id_prog_fields by_id_fields
#define by_id_btf_fields by_id_fields
#define by_id_link_fields by_id_fields
SPEC(by_id_map, BPF_MAP_GET_FD_BY_ID, "map_get_fd_by_id", true, after_fd);
SPEC(by_id_prog, BPF_PROG_GET_FD_BY_ID, "prog_get_fd_by_id", true, NULL);
SPEC(by_id_btf, BPF_BTF_GET_FD_BY_ID, "btf_get_fd_by_id", true, NULL);
SPEC(by_id_link, BPF_LINK_GET_FD_BY_ID, "link_get_fd_by_id", true, NULL);


/* Other objects of the kernel's come between ours: goes on to the next that is known. */
static void test_order(enum bu_objkind kind, const struct fixture *a, const struct fixture *b)
{
	char got[SIDES][64];
	struct tally *t = &counts.cmd[BPF_MAP_GET_NEXT_ID];

	if (!wanted(&map_next) || fx_fd(KERN, a) < 0 || fx_fd(VM, a) < 0 || fx_fd(KERN, b) < 0 ||
	    fx_fd(VM, b) < 0)
		return;
	for (unsigned side = 0; side < SIDES; side++) {
		uint32_t id = fx_id(side, a);
		int r;

		do
			r = bu_sys_next_id(side_sys(side), kind, id, &id);
		while (!r && !fx_name(side, kind, id));
		snprintf(got[side], sizeof(got[side]), "%s", r ? "none" : fx_name(side, kind, id));
	}
	t->name = map_next.name;
	t->runs++;
	if (strcmp(got[KERN], got[VM]) != 0 || strcmp(got[VM], b->name) != 0) {
		t->differ++;
		printf("# behind %s: kernel %s, vm %s, made next %s\n", a->name, got[KERN], got[VM],
		       b->name);
	}
}

static void test_ids(void)
{
	static const struct mask next_mask = { "", offsetof(union bpf_attr, next_id), 4, M_ANY, 0,
					       "ids are each side's own" };
	static const struct spec *const nexts[] = { &map_next, &prog_next, &btf_next };
	static const struct {
		const struct spec *s;
		const struct fixture *f;
	} by_id[] = { { &by_id_map, &fx_hash1 }, { &by_id_map, &fx_ro }, { &by_id_prog, &fx_prog },
		      { &by_id_btf, &fx_btf } };
	static const uint32_t flags[] = { 0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY | BPF_F_WRONLY };
	struct call c;

	fx_reset_all();
	test_order(BU_MAP, &fx_hash1, &fx_array);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(nexts); i++) {
		/* An object of each kind has to be there. */
		fx_fd(VM, &fx_hash1), fx_fd(VM, &fx_prog), fx_fd(VM, &fx_btf);
		fx_fd(KERN, &fx_hash1), fx_fd(KERN, &fx_prog), fx_fd(KERN, &fx_btf);
		c = call_of(nexts[i], "from the first");
		c.masks = &next_mask;
		c.nmasks = 1;
		break_all(&c);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(by_id); i++) {
		c = call_of(by_id[i].s, by_id[i].f->name);
		set(&c, "map_id", id_of(by_id[i].f));
		break_all(&c);
		for (unsigned k = 0; k < BU_ARRAY_SIZE(flags); k++) {
			set(&c, "open_flags", num(flags[k]));
			run(&c);
		}
	}
	c = call_of(&by_id_link, "no such id");
	set(&c, "map_id", num(0x7ffffff0));
	break_all(&c);
}

/* ---------------------------------------------------------------- pins */

static const struct field obj_fields[] = {
	FIELD(pathname, F_STR), FIELD(bpf_fd, F_FD), FIELD(file_flags, F_FLAGS), FIELD(path_fd, F_FD),
};
static char dir[64], one_pin[96], other_pin[96], prog_pin[96], missing[128], deep[128];

static void after_pin(unsigned side, int r, struct bu_buf *out)
{
	int got;

	if (r)
		return;
	got = bu_sys_get(side_sys(side), other_pin, 0);
	bu_buf_printf(out, "    pinned: %s\n", got < 0 ? bu_errno_name(got) : "yes");
	if (got >= 0)
		close(got);
	side_sys(side)->ops->unpin(side_sys(side), other_pin);
}
#define pin_fields obj_fields
#define obj_get_fields obj_fields
SPEC(pin, BPF_OBJ_PIN, "obj_pin", false, after_pin);
SPEC(obj_get, BPF_OBJ_GET, "obj_get", true, after_fd);

static bool pins_ready(void)
{
	snprintf(dir, sizeof(dir), "/sys/fs/bpf/bpfutils-test-differ-%d", (int)getpid());
	snprintf(one_pin, sizeof(one_pin), "%s/one", dir);
	snprintf(other_pin, sizeof(other_pin), "%s/other", dir);
	snprintf(prog_pin, sizeof(prog_pin), "%s/prog", dir);
	snprintf(missing, sizeof(missing), "%s/missing", dir);
	snprintf(deep, sizeof(deep), "%s/missing/x", dir);
	for (unsigned side = 0; side < SIDES; side++) {
		struct bu_sys *s = side_sys(side);
		int err = s->ops->pin_prepare(s, one_pin, false);

		if (!err)
			err = s->ops->pin_mkdir(s, dir);
		if (!err && fx_fd(side, &fx_inner) >= 0)
			err = bu_sys_pin(s, fx_fd(side, &fx_inner), one_pin);
		if (!err && fx_fd(side, &fx_prog) >= 0)
			err = bu_sys_pin(s, fx_fd(side, &fx_prog), prog_pin);
		if (err) {
			printf("# no pins for the %s: %s\n", side_name[side], bu_errno_name(err));
			return false;
		}
	}
	return true;
}

/* A path of which a byte was changed may have been a good one: the kernel keeps such pins. */
static void sweep(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(dir);
}

static void pins_gone(void)
{
	for (unsigned side = 0; side < SIDES; side++) {
		struct bu_sys *s = side_sys(side);

		s->ops->unpin(s, one_pin);
		s->ops->unpin(s, prog_pin);
		s->ops->unpin(s, missing);
		s->ops->pin_rmdir(s, dir);
	}
	sweep();
}

static void test_pins(void)
{
	const char *paths[] = { other_pin, one_pin, missing, deep, dir, "/sys/fs/bpf", "/sys/fs/bpf/",
				prog_pin, "" };
	static const struct fixture *const what[] = { &fx_hash1, &fx_prog, &fx_btf, &fx_ro, &fx_wo,
						      &fx_array };
	static const uint32_t flags[] = { 0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY | BPF_F_WRONLY };
	struct call c;

	if (!wanted(&pin) && !wanted(&obj_get))
		return;
	if (!pins_ready()) {
		counts.cmd[BPF_OBJ_PIN].name = pin.name;
		counts.cmd[BPF_OBJ_PIN].missing++;
		pins_gone();
		return;
	}
	c = call_of(&pin, "a map");
	set(&c, "pathname", str(other_pin));
	set(&c, "bpf_fd", fd_of(&fx_inner));
	break_all(&c);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(what); i++)
		for (unsigned k = 0; k < BU_ARRAY_SIZE(paths); k++) {
			set(&c, "bpf_fd", fd_of(what[i]));
			set(&c, "pathname", str(paths[k]));
			run(&c);
		}
	c = call_of(&obj_get, "a map");
	set(&c, "pathname", str(one_pin));
	break_all(&c);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(flags); i++)
		for (unsigned k = 0; k < BU_ARRAY_SIZE(paths); k++) {
			set(&c, "file_flags", num(flags[i]));
			set(&c, "pathname", str(paths[k]));
			run(&c);
		}
	pins_gone();
}

/* ---------------------------------------------------------------- not served */

static const struct field attach_fields[] = {
	FIELD(target_fd, F_FD), FIELD(attach_bpf_fd, F_FD), FIELD(attach_type, F_NUM),
	FIELD(attach_flags, F_FLAGS),
};
#define detach_fields attach_fields
SPEC(attach, BPF_PROG_ATTACH, "prog_attach", false, NULL);
SPEC(detach, BPF_PROG_DETACH, "prog_detach", false, NULL);
static const struct field token_fields[] = { FIELD(token_create.flags, F_FLAGS),
					     FIELD(token_create.bpffs_fd, F_FD) };
SPEC(token, BPF_TOKEN_CREATE, "token_create", true, NULL);
static const struct field none_fields[] = { FIELD(map_fd, F_NUM) };
SPEC(none, 38, "unknown", false, NULL);

void obj_tests(void)
{
	struct call c;

	test_info();
	test_ids();
	test_pins();
	c = call_of(&attach, "wrong fds");
	set(&c, "attach_bpf_fd", num(0xffffffff));
	break_all(&c);
	c = call_of(&detach, "wrong fds");
	set(&c, "attach_bpf_fd", num(0xffffffff));
	break_all(&c);
	c = call_of(&token, "wrong fd");
	set(&c, "token_create.bpffs_fd", num(0xffffffff));
	break_all(&c);
	c = call_of(&none, "of the future");
	break_all(&c);
}
