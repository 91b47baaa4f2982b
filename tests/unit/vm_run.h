/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that load and run programs in the VM: instructions as macros, a world that goes again. */
#ifndef VM_RUN_H
#define VM_RUN_H
#include "vm/interp.h"

#include <ftw.h>
#include <unistd.h>

#include "tap.h"

#define I(c, d, s, o, i) { .code = (c), .dst = (d), .src = (s), .off = (o), .imm = (i) }
#define MOV(d, i) I(0xb7, d, 0, 0, i)
#define MOVR(d, s) I(0xbf, d, s, 0, 0)
#define ADD(d, i) I(0x07, d, 0, 0, i)
#define LD8(d, s, o) I(0x71, d, s, o, 0)
#define LD32(d, s, o) I(0x61, d, s, o, 0)
#define LD64(d, s, o) I(0x79, d, s, o, 0)
#define ST8(d, o, i) I(0x72, d, 0, o, i)
#define ST32(d, o, i) I(0x62, d, 0, o, i)
#define ST64(d, o, i) I(0x7a, d, 0, o, i)
#define STX64(d, o, s) I(0x7b, d, s, o, 0)
#define CALL(h) I(0x85, 0, 0, 0, h)
#define CALLF(n) I(0x85, 0, 1, 0, n)
#define JEQ(d, i, o) I(0x15, d, 0, o, i)
#define JNE(d, i, o) I(0x55, d, 0, o, i)
#define EXIT I(0x95, 0, 0, 0, 0)
#define MAP(d, fd) I(0x18, d, 1, 0, fd), I(0, 0, 0, 0, 0)
#define VALUE(d, fd) I(0x18, d, 2, 0, fd), I(0, 0, 0, 0, 0)
#define IMM64(d, v) I(0x18, d, 0, 0, (int32_t)(uint32_t)(uint64_t)(v)), \
		    I(0, 0, 0, 0, (int32_t)(uint32_t)((uint64_t)(v) >> 32))

static struct bu_sys *s;
static char world[] = "/dev/shm/bpfutils-test-XXXXXX";

static inline int create(uint32_t type, uint32_t key, uint32_t value, uint32_t n, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = n;
	a.map_flags = flags;
	snprintf(a.map_name, sizeof(a.map_name), "m%u", type);
	return bu_sys_map_create(s, &a);
}

/* The fd; the verifier's last words go to log (may be NULL). */
static inline int load(uint32_t type, const struct bu_insn *in, uint32_t n, const char *license, char *log,
		uint32_t size)
{
	uint8_t *code = calloc(n + 1, 8);
	union bpf_attr a;
	int fd;

	for (uint32_t i = 0; i < n; i++)
		bu_insn_encode(code + i * 8, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = (uintptr_t)code;
	a.insn_cnt = n;
	a.license = (uintptr_t)license;
	a.log_buf = (uintptr_t)log;
	a.log_size = size;
	a.log_level = log ? 1 : 0;
	fd = bu_sys_prog_load(s, &a, sizeof(a));
	free(code);
	return fd;
}

static bool open_world(void)
{
	struct bu_vm_options opts = { .world = world };
	struct bu_diags ds = { 0 };

	if (mkdtemp(world) && !bu_vm_open(&s, &opts, &ds))
		return true;
	rmdir(world);
	printf("1..0 # SKIP needs a tmpfs on /dev/shm\n");
	return false;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path) && 0;
}

static void close_world(void)
{
	s->ops->destroy(s);
	nftw(world, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
#endif
