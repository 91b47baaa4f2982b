/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The caller's memory, which may be bad: the kernel copies for us and says EFAULT. By
 * process_vm_readv and -writev on ourselves; where these are refused (seccomp), through a pipe.
 */
#include "vm/interp.h"
#include "vm/cmd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Of one system call; what a pipe holds, and small enough that no length overflows. */
#define CHUNK 65536u
#define PIPE_CHUNK BU_VM_PAGE

void bu_vm_uaccess_close(struct bu_vm *vm)
{
	if (vm->ua.pid) {
		close(vm->ua.fd[0]);
		close(vm->ua.fd[1]);
		vm->ua.pid = 0;
	}
}

/* A pipe of this process: one that came by fork is shared with the parent. */
static int pipe_of(struct bu_vm *vm)
{
	int pid = getpid();

	if (vm->ua.pid == pid)
		return 0;
	bu_vm_uaccess_close(vm);
	if (pipe2(vm->ua.fd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	vm->ua.pid = pid;
	return 0;
}

/* Up to n bytes, from where to where by dir: how many. What is left in the pipe goes with it. */
static size_t by_pipe(struct bu_vm *vm, void *own, uint64_t user, size_t n, bool out)
{
	uint8_t *o = own;
	uint8_t *u = (uint8_t *)(uintptr_t)user;
	size_t done = 0;

	while (done < n) {
		size_t k = n - done < PIPE_CHUNK ? n - done : PIPE_CHUNK;
		ssize_t w, r;

		if (pipe_of(vm))
			break;
		w = write(vm->ua.fd[1], out ? o + done : u + done, k);
		r = w > 0 ? read(vm->ua.fd[0], out ? u + done : o + done, (size_t)w) : 0;
		if (r > 0)
			done += (size_t)r;
		if (w != (ssize_t)k || r != w) {
			bu_vm_uaccess_close(vm);
			break;
		}
	}
	return done;
}

static size_t by_call(struct bu_vm *vm, void *own, uint64_t user, size_t n, bool out)
{
	struct iovec l, r;
	size_t done = 0;
	int pid = getpid();

	while (done < n) {
		size_t k = n - done < CHUNK ? n - done : CHUNK;
		ssize_t got;

		l = (struct iovec){ (uint8_t *)own + done, k };
		r = (struct iovec){ (void *)(uintptr_t)(user + done), k };
		got = out ? process_vm_writev(pid, &l, 1, &r, 1, 0) :
			    process_vm_readv(pid, &l, 1, &r, 1, 0);
		if (got < 0 && errno != EFAULT && errno != ENOMEM) {
			vm->ua.refused = true;
			return done + by_pipe(vm, (uint8_t *)own + done, user + done, n - done, out);
		}
		if (got > 0)
			done += (size_t)got;
		if (got < (ssize_t)k)
			break;
	}
	return done;
}

/* A program's call (bpf_sys_bpf) reaches what the program reaches. */
static size_t of_run(struct bu_vm_run *run, void *own, uint64_t user, size_t n, bool out)
{
	struct bu_vm_span s;
	void *p;

	if (bu_vm_mem_span(run, user, &s))
		return 0;
	n = n < s.hi - user ? n : (size_t)(s.hi - user);
	p = bu_vm_mem_try(run, user, n, out);
	if (!p)
		return 0;
	memmove(out ? p : own, out ? own : p, n);
	return n;
}

static size_t some(struct bu_vm *vm, void *own, uint64_t user, size_t n, bool out)
{
	uint64_t end;

	if (vm->caller)
		return n ? of_run(vm->caller, own, user, n, out) : 0;
	if (!n || __builtin_add_overflow(user, (uint64_t)n, &end) || end > INT64_MAX)
		return 0;
	return vm->ua.refused ? by_pipe(vm, own, user, n, out) : by_call(vm, own, user, n, out);
}

size_t bu_vm_copy_in_some(struct bu_vm *vm, void *dst, uint64_t user, size_t n)
{
	return some(vm, dst, user, n, false);
}

int bu_vm_copy_in(struct bu_vm *vm, void *dst, uint64_t user, size_t n)
{
	return some(vm, dst, user, n, false) == n ? 0 : -EFAULT;
}

int bu_vm_copy_out(struct bu_vm *vm, uint64_t user, const void *src, size_t n)
{
	return some(vm, (void *)(uintptr_t)src, user, n, true) == n ? 0 : -EFAULT;
}

long bu_vm_copy_str(struct bu_vm *vm, char *dst, uint64_t user, size_t n)
{
	size_t done = 0;

	while (done < n) {
		/* Not past a page: the text may end right before one that is not there. */
		size_t k = BU_VM_PAGE - ((user + done) & (BU_VM_PAGE - 1)), got;
		const char *end;

		if (k > n - done)
			k = n - done;
		got = some(vm, dst + done, user + done, k, false);
		end = memchr(dst + done, 0, got);
		if (end)
			return end - dst;
		if (got < k)
			return -EFAULT;
		done += k;
	}
	return -E2BIG;
}

void *bu_vm_dup_in(struct bu_vm *vm, uint64_t user, size_t n, int *err)
{
	uint8_t *p, *q;
	size_t room = 0, got = 0, k;

	*err = -ENOMEM;
	p = malloc(n && n < CHUNK ? n : n ? CHUNK : 1);
	room = n < CHUNK ? n : CHUNK;
	/* Memory is taken as the bytes prove to be there: a huge n costs nothing by itself. */
	while (p && got < n) {
		if (got == room) {
			room = room < n / 2 ? room * 2 : n;
			q = realloc(p, room);
			if (!q)
				goto bad;
			p = q;
		}
		k = room - got;
		if (bu_vm_copy_in(vm, p + got, user + got, k)) {
			*err = -EFAULT;
			goto bad;
		}
		got += k;
	}
	if (p)
		*err = 0;
	return p;
bad:
	free(p);
	return NULL;
}
