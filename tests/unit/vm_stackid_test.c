/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The number that a stack has is the kernel's: a program asks for it in the kernel, and the same program, told of the same
 * stack, in the VM.
 */
#include "kern/kern.h"
#include "vm/vm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

#define FRAMES 12u
#define BUCKETS 4096u

static int map_of(struct bu_sys *s)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_STACK_TRACE;
	a.key_size = 4;
	a.value_size = FRAMES * 8;
	a.max_entries = BUCKETS;
	return bu_sys_map_create(s, &a);
}

/* r2 = the map; r3 = skip; r0 = get_stackid(ctx, map, skip) */
static int prog_of(struct bu_sys *s, int map, int skip)
{
	struct bu_insn in[] = {
		{ .code = 0x18, .dst = 2, .src = BU_PSEUDO_MAP_FD, .imm = map }, { .code = 0 },
		{ .code = 0xb7, .dst = 3, .imm = skip }, { .code = BU_OP_CALL, .imm = 27 }, { .code = BU_OP_EXIT },
	};
	uint8_t code[sizeof(in) / sizeof(in[0]) * 8];
	union bpf_attr a;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(in); i++)
		bu_insn_encode(code + 8 * i, &in[i], BU_HOST_BE);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	a.insns = bu_ptr64(code);
	a.insn_cnt = BU_ARRAY_SIZE(in);
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

int main(void)
{
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", rm[64];
	struct bu_sys *kern = bu_kern_open(), *vm = NULL;
	int kmap, vmap, kprog, vprog;

	need_native();
	kmap = kern ? map_of(kern) : -1;
	kprog = kmap < 0 ? -1 : prog_of(kern, kmap, 0);
	if (kprog < 0 || !mkdtemp(world) || bu_vm_open(&vm, &(struct bu_vm_options){ .world = world }, NULL)) {
		skip(1, "needs bpf(2) and a tmpfs at /dev/shm");
		return done_testing();
	}
	for (int skip_n = 0; skip_n < 3; skip_n++) {
		uint64_t ip[FRAMES + 1] = { 0 }, got[FRAMES] = { 0 }, r0 = 0;
		struct bu_vm_env env = { .kstack = ip };
		union bpf_attr a;
		uint32_t id;

		kprog = prog_of(kern, kmap, skip_n);
		memset(&a, 0, sizeof(a));
		a.test.prog_fd = (uint32_t)kprog;
		if (bu_sys_test_run(kern, &a) || (int32_t)a.test.retval < 0) {
			skip(2, "needs stacks of the kernel");
			close(kprog);
			continue;
		}
		id = a.test.retval;
		ok(!bu_sys_map_lookup(kern, kmap, &id, ip, 0) && ip[0], "the kernel's stack %u", id);
		while (env.nkstack < FRAMES && ip[env.nkstack])
			env.nkstack++;
		vmap = map_of(vm);
		vprog = prog_of(vm, vmap, 0);
		bu_vm_run(vm, vprog, NULL, &env, &r0, NULL);
		id = (uint32_t)r0;
		ok(r0 == a.test.retval && !bu_sys_map_lookup(vm, vmap, &id, got, 0) && !memcmp(got, ip, sizeof(got)),
		   "the VM's number of it is %llu, of %u frames", (unsigned long long)r0, env.nkstack);
		close(kprog);
		close(vprog);
		close(vmap);
	}
	vm->ops->destroy(vm);
	kern->ops->destroy(kern);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	return system(rm) ? 1 : done_testing();
}
