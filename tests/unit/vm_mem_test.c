/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run may touch, and that everything else is a fault that names the instruction. */
#include "vm_run.h"

#include <errno.h>

static int array, hash, percpu, lru, percpu_hash, lpm, single, rdonly, wronly, ring, keep;

/* Runs a program: it must end with a fault at instruction insn, whose text has words. */
static void fault(const char *name, uint32_t type, struct bu_vm_ctx *ctx, const struct bu_insn *in, uint32_t n,
		  enum bu_vm_fault_kind kind, uint32_t insn, const char *words)
{
	struct bu_vm_fault f = { 0 };
	char log[4096] = "";
	uint64_t r0 = 0;
	int fd = load(type, in, n, "GPL", log, sizeof(log)), err;
	char want[32];

	if (!ok(fd >= 0, "%s: loads", name)) {
		printf("# %d: %s\n", fd, log);
		return;
	}
	err = bu_vm_run(s, fd, ctx, NULL, &r0, &f);
	snprintf(want, sizeof(want), "insn %u: ", insn);
	if (!ok(err == -EFAULT && f.kind == kind && f.insn == insn && !strncmp(f.text, want, strlen(want)) &&
		strstr(f.text, words), "%s: a fault", name))
		printf("# %d, kind %d, insn %u: \"%s\", not \"%s\"; r0 %#llx\n", err, f.kind, f.insn, f.text,
		       words, (unsigned long long)r0);
	close(fd);
}

static void fine(const char *name, uint32_t type, struct bu_vm_ctx *ctx, const struct bu_insn *in, uint32_t n,
		 uint64_t want)
{
	struct bu_vm_fault f = { 0 };
	char log[4096] = "";
	uint64_t r0 = 0;
	int fd = load(type, in, n, "GPL", log, sizeof(log)), err;

	if (!ok(fd >= 0, "%s: loads", name)) {
		printf("# %d: %s\n", fd, log);
		return;
	}
	err = bu_vm_run(s, fd, ctx, NULL, &r0, &f);
	if (!ok(!err && r0 == want, "%s: runs", name))
		printf("# %d, r0 %#llx, %s\n", err, (unsigned long long)r0, f.kind ? f.text : "");
	close(fd);
}

#define P(...) (const struct bu_insn[]){ __VA_ARGS__ }, sizeof((const struct bu_insn[]){ __VA_ARGS__ }) / sizeof(struct bu_insn)
#define TP BPF_PROG_TYPE_TRACEPOINT
#define ACCESS BU_VM_FAULT_ACCESS
#define READONLY BU_VM_FAULT_READONLY
/* Looks up the key 0 (of four bytes, or eight) of a map: r0, five or more instructions. */
#define LOOKUP(fd) ST64(10, -8, 0), MAP(1, fd), MOVR(2, 10), ADD(2, -8), CALL(1)
#define LOOKUP_N 6

static void test_stack(void)
{
	fault("stack: one byte below", TP, NULL, P(ST8(10, -513, 1), MOV(0, 0), EXIT), ACCESS, 0,
	      "1 byte before the stack");
	fault("stack: one byte above", TP, NULL, P(ST8(10, 0, 1), MOV(0, 0), EXIT), ACCESS, 0,
	      "just behind the stack");
	fault("stack: the last byte is too much", TP, NULL, P(ST64(10, -7, 1), MOV(0, 0), EXIT), ACCESS, 0,
	      "1 byte beyond the end of the stack");
	fault("stack: by another register", TP, NULL,
	      P(MOVR(1, 10), ST8(1, -1, 1), ST8(1, -512, 1), ST8(1, -513, 1), MOV(0, 0), EXIT), ACCESS, 3,
	      "before the stack");
	fault("stack: of a function that has returned", TP, NULL,
	      P(CALLF(2), LD64(0, 0, -8), EXIT, ST64(10, -8, 5), MOVR(0, 10), EXIT), ACCESS, 1,
	      "the stack of a function that has returned");
	fault("stack: remembered, of a function that has returned", TP, NULL,
	      P(CALLF(3), MOVR(1, 10), LD64(0, 0, -8), EXIT, /* f: */ MOVR(0, 10), LD64(1, 0, -8), EXIT), ACCESS,
	      2, "the stack of a function that has returned");
	fine("stack: of the caller", TP, NULL,
	     P(ST64(10, -8, 77), MOVR(1, 10), CALLF(1), EXIT, LD64(0, 1, -8), EXIT), 77);
	fine("stack: begins as zero", TP, NULL, P(LD64(0, 10, -256), EXIT), 0);
}

/* After this the load-time check does not know any more that r1 is the context. */
#define LOST ADD(1, 0)

static void test_ctx(void)
{
	uint64_t bytes[3] = { 1, 2, 3 };
	struct bu_vm_ctx raw = { .kind = BU_VM_CTX_RAW, .bytes = &bytes[1], .size = 8 };
	struct bu_vm_ctx other = { .kind = BU_VM_CTX_RAW, .bytes = &bytes[2], .size = 8 };
	struct bu_vm_ctx mem = { .kind = BU_VM_CTX_MEM, .bytes = &bytes[1], .size = 8 };

	fine("context", TP, &raw, P(LOST, LD64(0, 1, 0), EXIT), 2);
	fault("context: one byte before", TP, &raw, P(LOST, LD8(0, 1, -1), EXIT), ACCESS, 1, "1 byte before the context");
	fault("context: one byte behind", TP, &raw, P(LOST, LD8(0, 1, 8), EXIT), ACCESS, 1, "just behind the context");
	fine("context: its address is kept", TP, &raw, P(LOST, VALUE(2, keep), STX64(2, 0, 1), LD64(0, 1, 0), EXIT), 2);
	fault("context: of an earlier run", TP, &other, P(VALUE(2, keep), LD64(2, 2, 0), LD64(0, 2, 0), EXIT), ACCESS,
	      3, "");
	fault("context: across its end", TP, &raw, P(LOST, LD64(0, 1, 4), EXIT), ACCESS, 1,
	      "4 bytes beyond the end of the context");
	fault("context: written", TP, &raw, P(LOST, ST8(1, 0, 1), MOV(0, 0), EXIT), READONLY, 1, "may not write");
	fault("memory: one byte before", TP, &mem, P(LOST, ST8(1, -1, 1), MOV(0, 0), EXIT), ACCESS, 1, "before the context");
	fault("memory: one byte behind", TP, &mem, P(LOST, ST8(1, 8, 1), MOV(0, 0), EXIT), ACCESS, 1, "behind the context");
	fine("memory: written", TP, &mem, P(LOST, ST8(1, 0, 9), LD8(0, 1, 0), EXIT), 9);
	ok(bytes[0] == 1 && bytes[1] == 9 && bytes[2] == 3, "only what may be written was written");
}

static void test_packet(void)
{
	uint8_t packet[128] = { [0] = 1, [63] = 2 };
	struct bu_vm_ctx c = { .kind = BU_VM_CTX_XDP, .packet = packet, .packet_size = 64, .packet_room = 128 };
	const uint32_t xdp = BPF_PROG_TYPE_XDP;

	fine("packet: its last byte", xdp, &c, P(LD32(2, 1, 4), LD8(0, 2, -1), EXIT), 2);
	fault("packet: one byte before", xdp, &c, P(LD32(2, 1, 0), LD8(0, 2, -1), EXIT), ACCESS, 1,
	      "1 byte before the packet");
	fault("packet: one byte behind", xdp, &c, P(LD32(2, 1, 4), LD8(0, 2, 0), EXIT), ACCESS, 1,
	      "just behind the packet");
	fault("packet: its old start, after it was moved", xdp, &c,
	      P(LD32(6, 1, 0), LD8(0, 6, 0), MOV(2, 4), CALL(44), LD8(0, 6, 0), EXIT), ACCESS, 4,
	      "4 bytes before the packet");
	c.packet_size = 64;
	fault("packet: its old end, after it was cut", xdp, &c,
	      P(LD32(6, 1, 4), LD8(0, 6, -1), MOV(2, -8), CALL(65), LD8(0, 6, -1), EXIT), ACCESS, 4,
	      "7 bytes behind the packet");
	c.packet_size = 64;
	c.meta_size = 8;
	packet[0] = 1;
	fine("metadata: the first byte", xdp, &c, P(LD32(2, 1, 8), LD8(0, 2, 0), EXIT), 1);
	fault("metadata: one byte before", xdp, &c, P(LD32(2, 1, 8), LD8(0, 2, -1), EXIT), ACCESS, 1,
	      "1 byte before the packet");
	fault("metadata: its old start, after it was made smaller", xdp, &c,
	      P(LD32(6, 1, 8), LD8(0, 6, 0), MOV(2, 4), CALL(54), LD8(0, 6, 0), EXIT), ACCESS, 4,
	      "4 bytes before the packet");
	c.packet_size = 64;
	c.meta_size = 0;
	fault("xdp_md: one byte before", xdp, &c, P(LOST, LD8(0, 1, -1), EXIT), ACCESS, 1, "");
	fault("xdp_md: one byte behind", xdp, &c, P(LOST, LD8(0, 1, 24), EXIT), ACCESS, 1, "");
	fault("xdp_md: a field that there is not", xdp, &c, P(LOST, LD32(0, 1, 24), EXIT), ACCESS, 1, "no field");
	fault("xdp_md: written", xdp, &c, P(LOST, ST32(1, 0, 1), MOV(0, 0), EXIT), READONLY, 1, "xdp_md.data");
	c.kind = BU_VM_CTX_SKB;
	fault("__sk_buff: a field that is only read", BPF_PROG_TYPE_SCHED_CLS, &c,
	      P(LOST, ST32(1, 16, 1), MOV(0, 0), EXIT), READONLY, 1, "__sk_buff.protocol");
	fault("__sk_buff: a field of other programs", BPF_PROG_TYPE_SOCKET_FILTER, &c,
	      P(LOST, ST32(1, 8, 1), MOV(0, 0), EXIT), READONLY, 1, "__sk_buff.mark");
}

static void test_values(int fd, const char *kind, uint32_t len)
{
	char name[96];

	snprintf(name, sizeof(name), "%s: the last byte", kind);
	fine(name, TP, NULL, P(LOOKUP(fd), JNE(0, 0, 1), EXIT, LD8(0, 0, (int16_t)(len - 1)), EXIT), 0);
	snprintf(name, sizeof(name), "%s: one byte before", kind);
	fault(name, TP, NULL, P(LOOKUP(fd), JNE(0, 0, 1), EXIT, LD8(0, 0, -1), EXIT), ACCESS, LOOKUP_N + 2,
	      "1 byte before a value of map m");
	snprintf(name, sizeof(name), "%s: one byte behind", kind);
	fault(name, TP, NULL, P(LOOKUP(fd), JNE(0, 0, 1), EXIT, ST8(0, (int16_t)len, 1), MOV(0, 0), EXIT), ACCESS,
	      LOOKUP_N + 2, "just behind a value of map m");
	snprintf(name, sizeof(name), "%s: the neighbour, which was not looked up", kind);
	fault(name, TP, NULL, P(LOOKUP(fd), JNE(0, 0, 1), EXIT, LD8(0, 0, 200), EXIT), ACCESS, LOOKUP_N + 2,
	      "of map m");
	/* The address goes into another map; the next run takes it from there. */
	snprintf(name, sizeof(name), "%s: a pointer is kept", kind);
	fine(name, TP, NULL, P(LOOKUP(fd), JNE(0, 0, 1), EXIT, MOVR(6, 0), VALUE(1, keep), STX64(1, 0, 6),
			       MOV(0, 3), EXIT), 3);
	snprintf(name, sizeof(name), "%s: a pointer of an earlier run", kind);
	fault(name, TP, NULL, P(VALUE(1, keep), MAP(2, fd), LD64(3, 1, 0), LD8(0, 3, 0), EXIT), ACCESS, 5,
	      "that this run was not given");
}

static void test_maps(void)
{
	uint64_t v[8] = { 0 };

	test_values(array, "array", 20);
	test_values(hash, "hash", 20);
	test_values(percpu, "per-CPU array", 16);
	test_values(lru, "LRU hash", 20);
	test_values(percpu_hash, "per-CPU hash", 16);
	test_values(lpm, "LPM trie", 20);
	fine("hash: a value that is deleted meanwhile is still memory", TP, NULL,
	     P(LOOKUP(hash), JNE(0, 0, 1), EXIT, MOVR(6, 0), VALUE(1, keep), STX64(1, 0, 6), MAP(1, hash),
	       MOVR(2, 10), ADD(2, -8), CALL(3), ST8(6, 0, 1), LD8(0, 6, 0), EXIT), 1);
	fault("hash: a pointer of an earlier run, after delete", TP, NULL,
	      P(VALUE(1, keep), LD64(3, 1, 0), MAP(2, hash), LD8(0, 3, 0), EXIT), ACCESS, 5,
	      "that this run was not given");
	bu_sys_map_update(s, hash, (uint32_t[]){ 0 }, v, 0);
	fault("hash: the same, after the key was put again", TP, NULL,
	      P(VALUE(1, keep), LD64(3, 1, 0), MAP(2, hash), ST8(3, 0, 1), MOV(0, 0), EXIT), ACCESS, 5,
	      "that this run was not given");
	fine("the value of a map of one", TP, NULL, P(VALUE(1, single), ST8(1, 11, 4), LD8(0, 1, 11), EXIT), 4);
	fault("direct value: one byte before", TP, NULL, P(VALUE(1, single), LD8(0, 1, -1), EXIT), ACCESS, 2,
	      "before a value of map m2");
	fault("direct value: one byte behind", TP, NULL, P(VALUE(1, single), LD8(0, 1, 12), EXIT), ACCESS, 2,
	      "behind a value of map m2");
	fault("a map that programs may not write", TP, NULL,
	      P(LOOKUP(rdonly), JNE(0, 0, 1), EXIT, LD8(1, 0, 0), ST8(0, 0, 1), EXIT), READONLY, LOOKUP_N + 3,
	      "may not write");
	fault("a map that programs may not read", TP, NULL,
	      P(VALUE(1, wronly), ST8(1, 0, 1), LD8(0, 1, 0), EXIT), READONLY, 3, "may not read");
	fault("an atomic operation that is not aligned", TP, NULL,
	      P(VALUE(1, single), MOV(2, 1), I(0xc3, 1, 2, 2, 0), MOV(0, 0), EXIT), ACCESS, 3, "not aligned");
	fault("a map is no value", TP, NULL, P(MAP(1, array), LD64(0, 1, 0), EXIT), ACCESS, 2, "the map itself");
}

/* Values of a map that was looked up in another, and of a map that is gone. */
static void test_inner(void)
{
	int inner = create(BPF_MAP_TYPE_ARRAY, 4, 20, 2, 0), outer;
	union bpf_attr a;

#define INNER(fd) LOOKUP(fd), JNE(0, 0, 1), EXIT, MOVR(1, 0), MOVR(2, 10), ADD(2, -8), CALL(1), JNE(0, 0, 1), EXIT
#define INNER_N (LOOKUP_N + 8)
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	a.key_size = a.value_size = 4;
	a.max_entries = 1;
	a.inner_map_fd = (uint32_t)inner;
	outer = bu_sys_map_create(s, &a);
	ok(outer >= 0 && !bu_sys_map_update(s, outer, (uint32_t[]){ 0 }, &inner, 0), "a map in a map");
	fine("inner map: the last byte", TP, NULL, P(INNER(outer), ST8(0, 19, 5), LD8(0, 0, 19), EXIT), 5);
	fault("inner map: one byte before", TP, NULL, P(INNER(outer), LD8(0, 0, -1), EXIT), ACCESS, INNER_N,
	      "1 byte before a value of map m2");
	fault("inner map: one byte behind", TP, NULL, P(INNER(outer), ST8(0, 20, 1), MOV(0, 0), EXIT), ACCESS, INNER_N,
	      "just behind a value of map m2");
	fine("inner map: pointer and handle are kept", TP, NULL,
	     P(INNER(outer), VALUE(1, keep), STX64(1, 0, 0), LOOKUP(outer), MOVR(6, 0), LOOKUP(array), JNE(0, 0, 1),
	       EXIT, STX64(0, 0, 6), MOV(0, 3), EXIT), 3);
	fault("inner map: a pointer of an earlier run", TP, NULL,
	      P(MAP(2, outer), VALUE(1, keep), LD64(3, 1, 0), LD8(0, 3, 0), EXIT), ACCESS, 5, "");
	fault("inner map: a handle of an earlier run", TP, NULL,
	      P(MAP(2, outer), LOOKUP(array), JNE(0, 0, 1), EXIT, LD64(1, 0, 0), MOVR(2, 10), ADD(2, -8), CALL(1),
		MOV(0, 0), EXIT), BU_VM_FAULT_HELPER, LOOKUP_N + 7, "is no map");
	close(inner), close(outer);
	fault("inner map: a pointer into a map that is gone", TP, NULL,
	      P(VALUE(1, keep), LD64(3, 1, 0), LD8(0, 3, 0), EXIT), ACCESS, 3, "");
}

/* The key that a callback of for_each_map_elem gets: its code is tail, r2 is the key. */
static void key(const char *name, enum bu_vm_fault_kind kind, struct bu_insn first, const char *words)
{
	const struct bu_insn in[] = {
		MAP(1, array), I(0x18, 2, 4, 0, 5), I(0, 0, 0, 0, 0), MOV(3, 0), MOV(4, 0), CALL(164), EXIT,
		/* callback, insn 8: */ first, MOV(0, 1), EXIT,
	};

	if (kind)
		fault(name, TP, NULL, in, BU_ARRAY_SIZE(in), kind, 8, words);
	else
		fine(name, TP, NULL, in, BU_ARRAY_SIZE(in), 1);
}

static void test_keys(void)
{
	key("key: its last byte", BU_VM_FAULT_NONE, (struct bu_insn)LD8(5, 2, 3), "");
	key("key: one byte before", ACCESS, (struct bu_insn)LD8(5, 2, -1), "");
	key("key: one byte behind", ACCESS, (struct bu_insn)LD8(5, 2, 4), "");
	key("key: written", READONLY, (struct bu_insn)ST8(2, 0, 1), "may not write");
	fault("key: after the loop", TP, NULL,
	      P(MAP(1, array), I(0x18, 2, 4, 0, 8), I(0, 0, 0, 0, 0), MOVR(3, 10), ADD(3, -8), MOV(4, 0), CALL(164),
		LD64(1, 10, -8), LD8(0, 1, 0), EXIT, /* callback: */ STX64(4, 0, 2), MOV(0, 1), EXIT), ACCESS, 9, "");
}

static void test_records(void)
{
#define RESERVE MAP(1, ring), MOV(2, 16), MOV(3, 0), CALL(131), JNE(0, 0, 1), EXIT, MOVR(6, 0)
#define RESERVE_N 8
	fine("record", TP, NULL, P(RESERVE, ST64(6, 8, 1), MOVR(1, 6), MOV(2, 0), CALL(132), MOV(0, 1), EXIT), 1);
	fault("record: one byte before", TP, NULL,
	      P(RESERVE, ST8(6, -1, 1), MOVR(1, 6), MOV(2, 0), CALL(132), MOV(0, 1), EXIT), ACCESS, RESERVE_N,
	      "1 byte before a record");
	fault("record: one byte behind", TP, NULL,
	      P(RESERVE, ST8(6, 16, 1), MOVR(1, 6), MOV(2, 0), CALL(132), MOV(0, 1), EXIT), ACCESS, RESERVE_N,
	      "just behind a record");
	fault("record: across its end", TP, NULL,
	      P(RESERVE, ST64(6, 9, 1), MOVR(1, 6), MOV(2, 0), CALL(132), MOV(0, 1), EXIT), ACCESS, RESERVE_N,
	      "1 byte beyond the end of a record");
	fault("record: after discard", TP, NULL,
	      P(RESERVE, ST8(6, 0, 1), MOVR(1, 6), MOV(2, 0), CALL(133), LD8(0, 6, 0), MOV(0, 1), EXIT), ACCESS,
	      RESERVE_N + 4, "outside of reserved records");
	fault("record: after submit", TP, NULL,
	      P(RESERVE, ST8(6, 0, 1), MOVR(1, 6), MOV(2, 0), CALL(132), ST8(6, 0, 1), MOV(0, 1), EXIT), ACCESS,
	      RESERVE_N + 4, "outside of reserved records");
}

static void test_forged(void)
{
	static uint64_t ours = 5;
	struct bu_vm_map *m = NULL;
	const struct { const char *name; uint64_t addr; } *t, bad[] = {
		{ "NULL", 0 }, { "NULL and a little", 8 }, { "memory of this process", (uintptr_t)&ours },
		{ "the stack of this process", (uintptr_t)&m }, { "the root of the world", (uintptr_t)bu_vm(s)->root },
		{ "the end of the address space", UINT64_MAX }, { "seven bytes before it", UINT64_MAX - 7 },
		{ "the first address of the kernel", 1ull << 63 },
		{ "the window", (uintptr_t)bu_vm(s)->win.base },
		{ "the last byte of the window", (uintptr_t)bu_vm(s)->win.base +
			((uint64_t)bu_vm(s)->win.nslots << bu_vm(s)->win.shift) - 1 },
	};

	for (t = bad; t < bad + BU_ARRAY_SIZE(bad); t++) {
		fault(t->name, TP, NULL, P(IMM64(1, t->addr), LD64(0, 1, 0), EXIT), ACCESS, 2, "");
		fault(t->name, TP, NULL, P(IMM64(1, t->addr), ST8(1, 0, 1), MOV(0, 0), EXIT), ACCESS, 2, "");
		fault(t->name, TP, NULL, P(IMM64(1, t->addr), MOV(2, 1), I(0xc3, 1, 2, 0, 1), MOV(0, 0), EXIT),
		      ACCESS, 3, "");
	}
	ok(ours == 5, "it was not written");
	if (bu_vm_map_by_fd(bu_vm(s), array, 0, &m))
		return;
	fault("a map's header", TP, NULL, P(MAP(2, array), IMM64(1, (uintptr_t)m->obj->hdr), ST8(1, 0, 1), MOV(0, 0),
					    EXIT), ACCESS, 4, "not given");
	bu_vm_map_put(m);
}

static void test_limits(void)
{
	bu_vm_set_fuel(s, 1000);
	fault("a loop without an end", TP, NULL, P(MOV(0, 0), JEQ(0, 0, -2), EXIT), BU_VM_FAULT_FUEL, 1, "");
	/* What may_goto counts is used up long before the fuel: then it always jumps, here backwards. */
	bu_vm_set_fuel(s, 30000000);
	fault("may_goto backwards", TP, NULL, P(MOV(0, 0), I(0xe5, 0, 0, -2, 0), JEQ(0, 0, -3), EXIT),
	      BU_VM_FAULT_FUEL, 1, "");
	bu_vm_set_fuel(s, 2000);
	fault("a long callback", TP, NULL,
	      P(MOV(1, 100), I(0x18, 2, 4, 0, 6), I(0, 0, 0, 0, 0), MOV(3, 0), MOV(4, 0), CALL(181), MOV(0, 0),
		EXIT, MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0),
		MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), MOV(0, 0), EXIT),
	      BU_VM_FAULT_FUEL, 5, "");
	bu_vm_set_fuel(s, 0);
}

/*
 * What a verifier will find out: an access that is proved is not checked, and neither are arguments. Ours are
 * lies, so that it is seen.
 */
static void test_facts(void)
{
	static uint64_t outside = 7;
	const struct bu_insn in[] = { IMM64(6, (uintptr_t)&outside), LD64(7, 6, 0), STX64(6, 0, 7), MOVR(1, 6), MOV(2, 1),
				      CALL(16), LD64(0, 6, 0), EXIT };
	int fd = load(TP, in, BU_ARRAY_SIZE(in), "GPL", NULL, 0);
	struct bu_vm_prog *p;
	struct bu_vm_fault f;
	uint64_t r0 = 1;
	bool zero = true;

	if (bu_vm_prog_by_fd(bu_vm(s), fd, &p)) {
		ok(false, "facts: a program");
		return;
	}
	for (uint32_t i = 0; i < p->ninsns; i++)
		zero &= p->facts[i] == BU_VM_UNPROVED;
	ok(zero, "facts: nothing is proved for now");
	ok(bu_vm_run(s, fd, NULL, NULL, &r0, &f) == -EFAULT && f.insn == 2, "facts: without one, a load is checked");
	p->facts[2] = BU_VM_PROVED_MEM;
	bu_vm_decode(p);
	ok(bu_vm_run(s, fd, NULL, NULL, &r0, &f) == -EFAULT && f.insn == 3, "facts: a proved load is not checked");
	p->facts[3] = BU_VM_PROVED_MEM;
	bu_vm_decode(p);
	ok(bu_vm_run(s, fd, NULL, NULL, &r0, &f) == -EFAULT && f.insn == 6 && outside == 7,
	   "facts: a proved store is not checked, arguments are");
	p->facts[6] = BU_VM_PROVED_ARGS;
	ok(bu_vm_run(s, fd, NULL, NULL, &r0, &f) == -EFAULT && f.insn == 7, "facts: proved arguments are not checked");
	p->facts[7] = BU_VM_PROVED_MEM;
	bu_vm_decode(p);
	ok(!bu_vm_run(s, fd, NULL, NULL, &r0, &f) && r0 == outside, "facts: all is proved: %#llx",
	   (unsigned long long)r0);
	bu_vm_prog_put(p);
	close(fd);
}

/* A program for packets that is run without one, and one whose packet grows with each repetition. */
static void test_adjust(void)
{
	uint8_t in[64] = { 0 }, out[512];
	const struct bu_insn grow[] = { MOV(2, -200), CALL(44), MOV(0, 2), EXIT };
	union bpf_attr a;
	int fd;

	fine("xdp_adjust_head without a packet", BPF_PROG_TYPE_XDP, NULL, P(MOV(2, 4096), CALL(44), EXIT),
	     (uint64_t)-EINVAL);
	fine("xdp_adjust_meta without a packet", BPF_PROG_TYPE_XDP, NULL, P(MOV(2, 0), CALL(54), EXIT),
	     (uint64_t)-EINVAL);
	fine("xdp_adjust_tail without a packet", BPF_PROG_TYPE_XDP, NULL, P(MOV(2, 0), CALL(65), EXIT),
	     (uint64_t)-EINVAL);
	fd = load(BPF_PROG_TYPE_XDP, grow, BU_ARRAY_SIZE(grow), "GPL", NULL, 0);
	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (uint32_t)fd;
	a.test.repeat = 1000;
	a.test.data_in = (uintptr_t)in;
	a.test.data_size_in = sizeof(in);
	a.test.data_out = (uintptr_t)out;
	a.test.data_size_out = sizeof(out);
	ok(fd >= 0 && !s->ops->bpf(s, BPF_PROG_TEST_RUN, &a, sizeof(a)) &&
	   a.test.data_size_out == sizeof(in) + 200, "a packet does not grow beyond its buffer");
	close(fd);
}

/* A test run's socket filter sees the Ethernet header from the link's offset on, and the packet behind it. */
static void test_link_header(void)
{
	const struct bu_insn in[] = { MOVR(6, 1), I(0x28, 0, 0, 0, -0x200000 + 12), MOVR(7, 0),
				      I(0x28, 0, 0, 0, 0), I(0x67, 7, 0, 0, 16), I(0x4f, 0, 7, 0, 0), EXIT };
	const struct bu_insn proto[] = { LD32(0, 1, 16), EXIT };
	uint32_t ctx[48] = { 0 };
	uint16_t want;
	uint8_t packet[64] = { [12] = 0x12, [13] = 0x34, [14] = 0x56, [15] = 0x78 };
	int fd = load(BPF_PROG_TYPE_SOCKET_FILTER, in, BU_ARRAY_SIZE(in), "GPL", NULL, 0);
	union bpf_attr a = { 0 };

	a.test.prog_fd = (uint32_t)fd;
	a.test.data_in = (uintptr_t)packet;
	a.test.data_size_in = sizeof(packet);
	ok(fd >= 0 && !s->ops->bpf(s, BPF_PROG_TEST_RUN, &a, sizeof(a)) && a.test.retval == 0x12345678,
	   "a test run's packet has its link header in front: %#x", a.test.retval);
	close(fd);
	fd = load(BPF_PROG_TYPE_SOCKET_FILTER, proto, BU_ARRAY_SIZE(proto), "GPL", NULL, 0);
	memcpy(&want, packet + 12, 2);
	a.test.prog_fd = (uint32_t)fd;
	a.test.ctx_out = (uintptr_t)ctx;
	a.test.ctx_size_out = sizeof(ctx);
	ok(fd >= 0 && !s->ops->bpf(s, BPF_PROG_TEST_RUN, &a, sizeof(a)) && a.test.retval == want && !ctx[1] && !ctx[4] &&
	   ctx[10] == 1, "and the protocol that it says: %#x; only the device is told", a.test.retval);
	ok(!bu_vm_last_fault(s), "no fault is told");
	close(fd);
}

/* A test run that the VM ends says only EFAULT; where it was, the process may ask. */
static void test_told(void)
{
	const struct bu_insn in[] = { MOV(0, 0), MOV(2, 0), LD8(0, 2, 0), EXIT };
	int fd = load(BPF_PROG_TYPE_SOCKET_FILTER, in, BU_ARRAY_SIZE(in), "GPL", NULL, 0);
	const struct bu_vm_fault *f;
	uint8_t packet[64] = { 0 };
	union bpf_attr a = { 0 };

	a.test.prog_fd = (uint32_t)fd;
	a.test.data_in = (uintptr_t)packet;
	a.test.data_size_in = sizeof(packet);
	ok(s->ops->bpf(s, BPF_PROG_TEST_RUN, &a, sizeof(a)) == -EFAULT, "a test run that is ended by the VM");
	f = bu_vm_last_fault(s);
	ok(f && f->insn == 2 && !strncmp(f->text, "insn 2: ", 8), "its fault is told: %s",
	   f ? f->text : "no");
	close(fd);
}

int main(void)
{
	uint32_t k;
	uint64_t v[8] = { 0 };
	static const uint64_t rows[2 * 4096];

	if (!open_world())
		return 0;
	array = create(BPF_MAP_TYPE_ARRAY, 4, 20, 8, 0);
	hash = create(BPF_MAP_TYPE_HASH, 4, 20, 8, 0);
	percpu = create(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 16, 8, 0);
	lru = create(BPF_MAP_TYPE_LRU_HASH, 4, 20, 8, 0);
	percpu_hash = create(BPF_MAP_TYPE_PERCPU_HASH, 4, 16, 8, 0);
	lpm = create(BPF_MAP_TYPE_LPM_TRIE, 8, 20, 8, BPF_F_NO_PREALLOC);
	single = create(BPF_MAP_TYPE_ARRAY, 4, 12, 1, 0);
	keep = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
	rdonly = create(BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_RDONLY_PROG);
	wronly = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, BPF_F_WRONLY_PROG);
	ring = create(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
	ok(lru >= 0 && percpu_hash >= 0 && lpm >= 0 && array >= 0 && hash >= 0 && percpu >= 0 && single >= 0 && keep >= 0 && rdonly >= 0 && wronly >= 0 &&
	   ring >= 0, "maps");
	for (k = 0; k < 8; k++)
		bu_sys_map_update(s, hash, &k, v, 0);
	k = 0;
	bu_sys_map_update(s, lru, &k, v, 0);
	bu_sys_map_update(s, percpu_hash, &k, rows, 0);
	bu_sys_map_update(s, lpm, v, v, 0);
	test_stack();
	test_ctx();
	test_packet();
	test_maps();
	test_inner();
	test_keys();
	test_records();
	test_forged();
	test_limits();
	test_facts();
	test_adjust();
	test_link_header();
	test_told();
	close_world();
	return done_testing();
}
