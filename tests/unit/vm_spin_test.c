/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bpf_spin_lock from programs: taken, given back, and what a run may not do with it. */
#include "tests/unit/tap.h"
#include "vm/world.h"

#include <unistd.h>

static char dir[] = "/dev/shm/bpfutils-test-XXXXXX";
static struct bu_sys *s;
static int map;

/* struct v { struct bpf_spin_lock { u32 val; } lock; u32 pad; u64 n; } */
static int make_map(uint32_t type)
{
	static const char str[] = "\0u32\0u64\0bpf_spin_lock\0val\0v\0lock\0n";
	static const uint32_t types[] = {
		1, 0x01000000, 4, 32,                 /* [1] u32 */
		5, 0x01000000, 8, 64,                 /* [2] u64 */
		9, 0x04000001, 4, 23, 1, 0,           /* [3] struct bpf_spin_lock { val } */
		27, 0x04000002, 16, 29, 3, 0, 34, 2, 64, /* [4] struct v { lock; n } */
	};
	struct { uint16_t magic; uint8_t version, flags; uint32_t hdr, toff, tlen, soff, slen; } h = {
		0xeb9f, 1, 0, 24, 0, sizeof(types), sizeof(types), sizeof(str),
	};
	uint8_t blob[sizeof(h) + sizeof(types) + sizeof(str)];
	union bpf_attr a = { 0 };

	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h), types, sizeof(types));
	memcpy(blob + sizeof(h) + sizeof(types), str, sizeof(str));
	a.btf_fd = (uint32_t)bu_sys_btf_load(s, blob, sizeof(blob), NULL, 0);
	a.map_type = type;
	a.key_size = 4;
	a.value_size = 16;
	a.max_entries = 2;
	a.btf_key_type_id = 1;
	a.btf_value_type_id = 4;
	return bu_sys_map_create(s, &a);
}

/* Looks element 0 up into r6, then tail; ends with r0 = 0. */
static int run(const struct bu_insn *tail, unsigned n, struct bu_vm_fault *fault)
{
	struct bu_insn code[40] = {
		{ 0x62, 10, 0, -4, 0 }, { 0x18, 1, 1, 0, map }, { 0, 0, 0, 0, 0 }, { 0xbf, 2, 10, 0, 0 },
		{ 0x07, 2, 0, 0, -4 }, { 0x85, 0, 0, 0, 1 }, { 0x15, 0, 0, (int16_t)(n + 1), 0 },
		{ 0xbf, 6, 0, 0, 0 },
	};
	uint8_t bytes[sizeof(code)];
	union bpf_attr a = { 0 };
	uint64_t r0;
	int fd, err;

	memcpy(code + 8, tail, n * sizeof(*tail));
	code[8 + n] = (struct bu_insn){ 0xb7, 0, 0, 0, 0 };
	code[9 + n] = (struct bu_insn){ 0x95, 0, 0, 0, 0 };
	for (unsigned i = 0; i < n + 10; i++)
		bu_insn_encode(bytes + 8 * i, &code[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uintptr_t)bytes;
	a.insn_cnt = n + 10;
	a.license = (uintptr_t)"GPL";
	fd = bu_sys_prog_load(s, &a, 0);
	if (fd < 0)
		return fd;
	memset(fault, 0, sizeof(*fault));
	err = bu_vm_run(s, fd, NULL, NULL, &r0, fault);
	close(fd);
	return err;
}

/* Who may only look at a world looks at values with a lock too, by BPF_F_LOCK or without. */
static void look_only(uint32_t type, const char *name)
{
	struct bu_vm_options o = { .world = dir, .read_only = true };
	uint64_t value[2] = { 0, 77 };
	struct bu_sys *ro = NULL;
	uint32_t key = 1, id = 0;
	int fd = make_map(type), look, err;

	ok(fd >= 0 && !bu_sys_map_update(s, fd, &key, value, BPF_F_LOCK), "%s: a value", name);
	err = bu_vm_open(&ro, &o, NULL);
	if (!ok(!err, "%s: the world, to look at", name))
		return;
	while (!bu_sys_next_id(ro, BU_MAP, id, &id))
		;
	look = bu_sys_fd_by_id(ro, BU_MAP, id, BPF_F_RDONLY);
	for (int i = 0; i < 2; i++) {
		memset(value, 0, sizeof(value));
		err = bu_sys_map_lookup(ro, look, &key, value, i ? BPF_F_LOCK : 0);
		ok(!err && value[1] == 77, "%s: looked up with%s the lock: %d", name, i ? "" : "out", err);
	}
	ok(bu_sys_map_update(ro, look, &key, value, 0) < 0, "%s: not written", name);
	ro->ops->close(ro, look);
	ro->ops->destroy(ro);
	close(fd);
}

#define R1_R6 { 0xbf, 1, 6, 0, 0 }
#define LOCK R1_R6, { 0x85, 0, 0, 0, 93 }
#define UNLOCK R1_R6, { 0x85, 0, 0, 0, 94 }
#define RUN(...)                                                                                   \
	({                                                                                         \
		const struct bu_insn t_[] = { __VA_ARGS__ };                                       \
		run(t_, BU_ARRAY_SIZE(t_), &fault);                                                \
	})

int main(void)
{
	struct bu_vm_options o = { .world = dir };
	struct bu_vm_fault fault;
	struct bu_diags ds;
	uint32_t key = 0;
	uint64_t value[2];
	char cmd[128];
	int err;

	need_native();
	if (!mkdtemp(dir)) {
		printf("1..0 # SKIP needs a tmpfs on /dev/shm\n");
		return 0;
	}
	bu_diags_init(&ds);
	bu_vm_open(&s, &o, &ds);
	bu_diags_free(&ds);
	map = s ? make_map(BPF_MAP_TYPE_ARRAY) : -1;
	if (!ok(map >= 0, "a map with a lock in its value: %d", map))
		return done_testing();
	err = RUN(LOCK, { 0x7a, 6, 0, 8, 7 }, UNLOCK);
	ok(!err, "lock, store, unlock: %d %s", err, fault.text);
	ok(!bu_sys_map_lookup(s, map, &key, value, 0) && value[1] == 7 && !(uint32_t)value[0],
	   "the value is stored, the lock does not show");
	err = RUN(LOCK, { 0xb7, 0, 0, 0, 0 });
	ok(err == -EFAULT && strstr(fault.text, "bpf_spin_lock"), "an end with the lock: %s", fault.text);
	err = RUN(LOCK, UNLOCK);
	ok(!err, "it was given back all the same: %d %s", err, fault.text);
	err = RUN({ 0x18, 1, 1, 0, map }, { 0, 0, 0, 0, 0 }, { 0xbf, 2, 10, 0, 0 }, { 0x07, 2, 0, 0, -4 },
		  { 0xbf, 3, 6, 0, 0 }, { 0xb7, 4, 0, 0, 0 }, { 0x85, 0, 0, 0, 2 });
	ok(err == -EFAULT && strstr(fault.text, "argument 3"), "a helper on the lock's bytes: %s", fault.text);
	err = RUN(LOCK, { 0x85, 0, 0, 0, 5 }, UNLOCK);
	ok(err == -EFAULT && strstr(fault.text, "bpf_ktime_get_ns"), "a helper with the lock: %s", fault.text);
	err = RUN(LOCK, LOCK);
	ok(err == -EFAULT, "the lock twice: %s", fault.text);
	err = RUN(UNLOCK, { 0xb7, 0, 0, 0, 0 });
	ok(err == -EFAULT && strstr(fault.text, "bpf_spin_unlock"), "unlock without lock: %s", fault.text);
	err = RUN(R1_R6, { 0x07, 1, 0, 0, 8 }, { 0x85, 0, 0, 0, 93 });
	ok(err == -EFAULT && strstr(fault.text, "bpf_spin_lock: argument 1"), "not the lock's place: %s",
	   fault.text);
	err = RUN(LOCK, UNLOCK);
	ok(!err, "and still it can be taken: %d %s", err, fault.text);
	look_only(BPF_MAP_TYPE_ARRAY, "array");
	look_only(BPF_MAP_TYPE_HASH, "hash");
	close(map);
	s->ops->destroy(s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "removed");
	return done_testing();
}
