/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells whether this process may use bpf(2): makes an array map and loads a socket filter that
 * returns 0. Exit 0: yes. Exit 1: no, and stdout says which call failed and how. "probe machine"
 * prints what uname(2) calls the machine, which under an emulator only the emulated can tell. It
 * uses nothing of lib/, so that a fault there cannot turn tests into skips.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

struct map_create {
	uint32_t type, key_size, value_size, max_entries, flags;
};

struct prog_load {
	uint32_t type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
};

enum { MAP_CREATE = 0, PROG_LOAD = 5, TYPE_ARRAY = 2, TYPE_SOCKET_FILTER = 1 };

static long bpf(int cmd, void *attr, unsigned size)
{
	return syscall(SYS_bpf, cmd, attr, size);
}

int main(int argc, char **argv)
{
	static const struct {
		uint8_t code, regs;
		int16_t off;
		int32_t imm;
	} insns[] = { { 0xb7, 0, 0, 0 }, { 0x95, 0, 0, 0 } };
	struct map_create map = { TYPE_ARRAY, 4, 8, 1, 0 };
	struct prog_load prog = { .type = TYPE_SOCKET_FILTER, .insn_cnt = 2 };
	struct utsname u;
	long fd;

	if (argc > 1 && strcmp(argv[1], "machine") == 0)
		return uname(&u) || puts(u.machine) < 0;
	fd = bpf(MAP_CREATE, &map, sizeof(map));
	if (fd < 0) {
		printf("bpf(BPF_MAP_CREATE): %s\n", strerror(errno));
		return 1;
	}
	close((int)fd);
	prog.insns = (uintptr_t)insns;
	prog.license = (uintptr_t) "GPL";
	fd = bpf(PROG_LOAD, &prog, sizeof(prog));
	if (fd < 0) {
		printf("bpf(BPF_PROG_LOAD): %s\n", strerror(errno));
		return 1;
	}
	close((int)fd);
	return 0;
}
