/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What user space maps of an object, and waits for. */
#include "vm/timer.h"
#include "vm/map.h"
#include "vm/private.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENOTSUPP 524

/*
 * A mapping is of an open file of its own, which has the shared flock of a holder and, when
 * it is writable, a lock on the first byte. Both end with the mapping, or with the process.
 */
int bu_vm_map_file(int fd, uint64_t off, uint64_t len, bool writable, void *at, void **p)
{
	struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	int err = 0, own;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (own < 0)
		return -errno;
	if (flock(own, LOCK_SH) || (writable && fcntl(own, F_OFD_SETLK, &fl)))
		err = -errno;
	if (!err) {
		*p = mmap(at, len, writable ? PROT_READ | PROT_WRITE : PROT_READ,
			  MAP_SHARED | (at ? MAP_FIXED : 0), own, (off_t)off);
		if (*p == MAP_FAILED)
			err = -errno;
	}
	close(own);
	return err;
}

bool bu_vm_map_shared(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };

	return !fcntl(fd, F_OFD_GETLK, &fl) && fl.l_type != F_UNLCK;
}

static int map_map(struct bu_vm *vm, struct bu_vm_map *m, int fd, int mode, uint64_t off,
		   uint64_t len, bool writable, void **p)
{
	int err;

	if (!m->ops->mmap || m->spin_lock_off >= 0 || m->timer)
		return -ENOTSUPP;
	/* To the kernel a shared mapping of what is open for reading only is none. */
	if (mode == O_RDONLY)
		return -EINVAL;
	/* Not while MAP_FREEZE looks for writable mappings. */
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	if (writable && atomic_load(&m->live->frozen))
		err = -EPERM;
	else if (writable && (m->flags & BPF_F_RDONLY_PROG))
		err = -EACCES;
	else
		err = m->ops->mmap(m, fd, off, len, writable, p);
	bu_vm_world_unlock(vm);
	return err;
}

void *bu_vm_op_mmap(struct bu_sys *s, int fd, size_t len, bool writable, uint64_t off, int *err)
{
	struct bu_vm *vm = bu_vm(s);
	struct bu_vm_obj *o;
	struct bu_vm_map *m;
	uint64_t bytes = ((uint64_t)len + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	void *p = NULL;
	int mode;

	*err = -EINVAL;
	if (off % BU_VM_PAGE || !len)
		return NULL;
	*err = -ENOMEM;
	if (bytes < len)
		return NULL;
	*err = bu_vm_obj_by_fd(vm, fd, -1, &o, &mode);
	if (*err == -EINVAL) { /* an fd of something else */
		p = mmap(NULL, len, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
			 (off_t)off);
		*err = p == MAP_FAILED ? -errno : 0;
		return p == MAP_FAILED ? NULL : p;
	}
	if (*err)
		return NULL;
	if (o->kind == BU_VM_MAP)
		*err = bu_vm_map_of(o, &m);
	if (!*err && o->kind == BU_VM_MAP && m->ops->area)
		*err = m->ops->area(m, off, bytes);
	if (!*err && (mode == O_WRONLY || (writable && mode == O_RDONLY)))
		*err = -EACCES;
	else if (!*err && o->kind == BU_VM_EVENT)
		*err = bu_vm_perf_mmap(o, fd, off, bytes, writable, &p);
	else if (!*err && o->kind != BU_VM_MAP)
		*err = -ENODEV;
	if (!*err && o->kind == BU_VM_MAP)
		*err = map_map(vm, m, fd, mode, off, bytes, writable, &p);
	bu_vm_obj_put(o);
	return *err ? NULL : p;
}

int bu_vm_op_munmap(struct bu_sys *s, void *p, size_t len)
{
	(void)s;
	return munmap(p, len) ? -errno : 0;
}

/* ---------------------------------------------------------------- waiting */

/* Between looks at the world: short at first, as something may be about to come. */
#define SLEEP_MIN_NS 20000
#define SLEEP_MAX_NS 2000000

struct waited {
	struct bu_vm_obj *o;  /* of the world, or NULL */
	struct bu_vm_map *m;  /* a map */
	uint64_t wakeups;
};

static bool ready(struct waited *w, bool level)
{
	uint64_t n;

	if (!w->o)
		return false;
	if (!w->m)
		return w->o->kind == BU_VM_EVENT && bu_vm_perf_readable(w->o);
	if (!w->m->ops->readable)
		return false;
	if (w->m->type != BPF_MAP_TYPE_RINGBUF)
		return w->m->ops->readable(w->m);
	/* Asleep it is woken when the producer wants it to be; who comes anew sees what is there. */
	n = bu_vm_ringbuf_wakeups(w->m);
	if (!level && n == w->wakeups)
		return false;
	w->wakeups = n;
	return w->m->ops->readable(w->m);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int wait_for(struct waited *w, struct pollfd *p, unsigned n, int timeout_ms)
{
	int64_t end = timeout_ms < 0 ? INT64_MAX : now_ns() + timeout_ms * 1000000ll;
	int64_t nap = SLEEP_MIN_NS, left;
	struct timespec ts;
	bool world = false, first = true;
	int k, got;

	for (unsigned i = 0; i < n; i++)
		world |= w[i].o != NULL;
	for (;; first = false) {
		got = 0;
		for (unsigned i = 0; i < n; i++)
			got += ready(&w[i], first);
		left = timeout_ms < 0 ? INT64_MAX : end - now_ns();
		if (got || left < 0)
			left = 0;
		if (world && left > nap)
			left = nap;
		ts = (struct timespec){ left / 1000000000, left % 1000000000 };
		k = ppoll(p, n, left == INT64_MAX ? NULL : &ts, NULL);
		if (k < 0 && (errno != EINTR || !got))
			return -errno;
		if (k > 0)
			got += k;
		if (got)
			return got;
		if (timeout_ms >= 0 && now_ns() >= end)
			break;
		nap = nap < SLEEP_MAX_NS / 2 ? nap + nap / 4 : SLEEP_MAX_NS;
	}
	/* What came without a wakeup is there all the same. */
	for (unsigned i = 0; i < n; i++)
		got += ready(&w[i], true);
	return got;
}

int bu_vm_op_wait(struct bu_sys *s, const int *fds, unsigned n, int timeout_ms)
{
	struct waited *w = calloc(n ? n : 1, sizeof(*w));
	struct pollfd *p = calloc(n ? n : 1, sizeof(*p));
	int err = w && p ? 0 : -ENOMEM;
	unsigned i;

	for (i = 0; i < n && !err; i++) {
		p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
		err = bu_vm_obj_by_fd(bu_vm(s), fds[i], -1, &w[i].o, NULL);
		if (err == -EINVAL) { /* one of the machine */
			w[i].o = NULL;
			err = 0;
			continue;
		}
		p[i].fd = -1;
		if (!err && w[i].o->kind == BU_VM_MAP)
			err = bu_vm_map_of(w[i].o, &w[i].m);
	}
	while (!err) {
		int due = bu_vm(s)->timers ? bu_vm_timers_due(bu_vm(s)) : -1;
		bool first = due >= 0 && (timeout_ms < 0 || due < timeout_ms);

		err = wait_for(w, p, n, first ? due : timeout_ms);
		if (err || !first)
			break;
		timeout_ms -= timeout_ms < 0 ? 0 : due;
		bu_vm_timers_fire(bu_vm(s), NULL, true, &bu_vm(s)->last_fault);
	}
	for (unsigned k = 0; w && k < i; k++)
		bu_vm_obj_put(w[k].o);
	free(w);
	free(p);
	return err;
}
