/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of the VM's commands, and access to the caller's memory, good and bad. */
#include "vm/cmd.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "tap.h"

#define PAGE 4096u

static struct bu_sys *sys;
static uint8_t *mem; /* two pages, and behind them none */

static void test_table(void)
{
	bool order = true, ends = true, twice = false;

	for (unsigned i = 0; i < bu_vm_ncmds; i++) {
		const struct bu_vm_cmd *c = &bu_vm_cmds[i];

		order &= c->cmd == (int)i && c->run && c->name && *c->name;
		ends &= c->last >= 4 && c->last <= sizeof(union bpf_attr);
		for (unsigned k = 0; k < i; k++)
			twice |= strcmp(c->name, bu_vm_cmds[k].name) == 0;
	}
	ok(bu_vm_ncmds == __MAX_BPF_CMD && order, "a row for each command, in their order");
	ok(ends, "what a command knows ends inside the attribute");
	ok(!twice, "no name stands twice");
}

static void test_attribute(void)
{
	union bpf_attr *a = (union bpf_attr *)(void *)mem;
	uint8_t *end = mem + 2 * PAGE;

	memset(mem, 0, 2 * PAGE);
	ok(bu_vm_bpf(sys, -1, a, sizeof(*a)) == -EINVAL, "a negative command");
	ok(bu_vm_bpf(sys, __MAX_BPF_CMD, a, sizeof(*a)) == -EINVAL, "one of the future");
	ok(bu_vm_bpf(sys, BPF_MAP_FREEZE, NULL, 8) == -EFAULT, "no attribute");
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, NULL, 0) == -ENOENT, "nor is one needed when it is empty");
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, a, PAGE) == -ENOENT, "a page of zeros is well");
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, a, PAGE + 1) == -E2BIG, "more than a page is not");
	mem[sizeof(*a)] = 1;
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, a, sizeof(*a)) == -ENOENT, "what is behind is not seen");
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, a, sizeof(*a) + 1) == -E2BIG, "unless it is counted in");
	mem[sizeof(*a)] = 0;
	mem[sizeof(*a) - 1] = 1;
	ok(bu_vm_bpf(sys, BPF_PROG_GET_FD_BY_ID, a, sizeof(*a)) == -EINVAL,
	   "what the command does not know has to be zero");
	mem[sizeof(*a) - 1] = 0;
	ok(bu_vm_tail_zero(bu_vm(sys), bu_ptr64(end - 300), 200, 400) == -EFAULT,
	   "zeros, then no memory");
	end[-50] = 1;
	ok(bu_vm_tail_zero(bu_vm(sys), bu_ptr64(end - 300), 200, 400) == -E2BIG,
	   "what is not zero counts more than what is missing behind it");
	ok(bu_vm_tail_zero(bu_vm(sys), bu_ptr64(end - 300), 400, 400) == 0 &&
		   bu_vm_tail_zero(bu_vm(sys), 0, 8, 4) == 0,
	   "nothing unknown, nothing read");
}

static void test_memory(const char *how)
{
	struct bu_vm *vm = bu_vm(sys);
	uint8_t *end = mem + 2 * PAGE, *big, *got;
	static uint8_t buf[3 * PAGE];
	bool same = true;
	int err;

	for (unsigned i = 0; i < 2 * PAGE; i++)
		mem[i] = (uint8_t)(i * 31 + i / 256);
	ok(!bu_vm_copy_in(vm, buf, bu_ptr64(mem), 2 * PAGE) && !memcmp(buf, mem, 2 * PAGE),
	   "%s: bytes come in", how);
	ok(bu_vm_copy_in(vm, buf, bu_ptr64(end - 7), 8) == -EFAULT, "%s: not one behind the end", how);
	ok(bu_vm_copy_in_some(vm, buf, bu_ptr64(mem + PAGE), 2 * PAGE) == PAGE,
	   "%s: it is said how many there are", how);
	ok(bu_vm_copy_in(vm, buf, 0, 0) == 0, "%s: none of nowhere is well", how);
	ok(bu_vm_copy_in(vm, buf, 0, 1) == -EFAULT && bu_vm_copy_in(vm, buf, 8, 8) == -EFAULT &&
		   bu_vm_copy_in(vm, buf, UINT64_MAX - 3, 8) == -EFAULT &&
		   bu_vm_copy_in(vm, buf, 1ull << 63, 8) == -EFAULT &&
		   bu_vm_copy_in(vm, buf, 0xffff888000000000, 8) == -EFAULT &&
		   bu_vm_copy_in(vm, buf, 1ull << 60, 8) == -EFAULT,
	   "%s: addresses of no memory", how);
	memset(buf, 0x77, sizeof(buf));
	ok(!bu_vm_copy_out(vm, bu_ptr64(mem + 100), buf, 5000) && mem[100] == 0x77 &&
		   mem[5099] == 0x77 && mem[5100] != 0x77 && mem[99] != 0x77,
	   "%s: bytes go out", how);
	mprotect(mem + PAGE, PAGE, PROT_READ);
	ok(bu_vm_copy_out(vm, bu_ptr64(mem + PAGE), buf, 1) == -EFAULT, "%s: not where one may only read",
	   how);
	ok(bu_vm_copy_out(vm, bu_ptr64(mem + PAGE - 4), buf, 8) == -EFAULT && mem[PAGE - 1] == 0x77,
	   "%s: what can be written is", how);
	mprotect(mem + PAGE, PAGE, PROT_READ | PROT_WRITE);

	strcpy((char *)end - 6, "hello");
	ok(bu_vm_copy_str(vm, (char *)buf, bu_ptr64(end - 6), sizeof(buf)) == 5 &&
		   !strcmp((char *)buf, "hello"),
	   "%s: a text up to the end of memory", how);
	ok(bu_vm_copy_str(vm, (char *)buf, bu_ptr64(end - 6), 6) == 5 &&
		   bu_vm_copy_str(vm, (char *)buf, bu_ptr64(end - 6), 5) == -E2BIG,
	   "%s: a text of the length that there is room for", how);
	end[-1] = 'o';
	ok(bu_vm_copy_str(vm, (char *)buf, bu_ptr64(end - 6), sizeof(buf)) == -EFAULT,
	   "%s: a text without an end", how);
	memset(mem + PAGE - 3, 'x', 6);
	mem[PAGE + 3] = 0;
	ok(bu_vm_copy_str(vm, (char *)buf, bu_ptr64(mem + PAGE - 3), 100) == 6,
	   "%s: a text over two pages", how);

	big = malloc(1 << 20);
	for (unsigned i = 0; big && i < 1 << 20; i++)
		big[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
	got = big ? bu_vm_dup_in(vm, bu_ptr64(big), 1 << 20, &err) : NULL;
	same = got && !memcmp(got, big, 1 << 20);
	ok(same && !err, "%s: a copy of a megabyte", how);
	free(got);
	free(big);
	ok(!bu_vm_dup_in(vm, bu_ptr64(mem), UINT32_MAX, &err) && err == -EFAULT,
	   "%s: a huge size costs no memory", how);
	got = bu_vm_dup_in(vm, 0, 0, &err);
	ok(got && !err, "%s: a copy of nothing", how);
	free(got);
}

/* process_vm_readv and -writev give EPERM from now on, as containers have it. */
static int forbid(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { BU_ARRAY_SIZE(f), f };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) ? -errno : 0;
}

/* A child shares the parent's pipe by fork: what it copies must not come out there. */
static bool by_fork(void)
{
	struct bu_vm *vm = bu_vm(sys);
	uint32_t in = 1, out = 0;
	int pid, status = -1;

	if (bu_vm_copy_in(vm, &out, bu_ptr64(&in), 4) || out != 1)
		return false;
	pid = fork();
	if (pid == 0) {
		in = 2;
		_exit(bu_vm_copy_in(vm, &out, bu_ptr64(&in), 4) || out != 2 || vm->ua.pid != getpid());
	}
	waitpid(pid, &status, 0);
	return !status && !bu_vm_copy_in(vm, &out, bu_ptr64(&in), 4) && out == 1;
}

int main(void)
{
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", cmd[64];
	struct bu_vm_options o = { .world = world };
	struct bu_diags ds;
	int err;

	need_native();
	mem = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED || mprotect(mem + 2 * PAGE, PAGE, PROT_NONE) || !mkdtemp(world)) {
		printf("Bail out! no memory or no /dev/shm\n");
		return 1;
	}
	bu_diags_init(&ds);
	err = bu_vm_open(&sys, &o, &ds);
	bu_diags_free(&ds);
	test_table();
	if (!ok(!err, "a world")) {
		printf("# %s\n", bu_errno_name(err));
	} else {
		test_attribute();
		test_memory("by a call");
		ok(!bu_vm(sys)->ua.pid && !bu_vm(sys)->ua.refused, "no pipe was needed");
		if (forbid()) {
			skip(19, "needs seccomp");
		} else {
			test_memory("by a pipe");
			ok(bu_vm(sys)->ua.refused, "a pipe was needed");
			ok(by_fork(), "a pipe that came by fork is not used");
		}
		sys->ops->destroy(sys);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf %s", world);
	if (system(cmd))
		printf("# %s stays\n", world);
	return done_testing();
}
