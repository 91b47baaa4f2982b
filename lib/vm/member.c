/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Member slots: who has the world open and may hold locks in it. Alive is whose flock is taken. */
#include "vm/life.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static int slot_open(struct bu_vm *vm, uint32_t m, int flags)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "%u", m);
	fd = openat(vm->mdir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? -errno : fd;
}

/* Its virtual CPUs are free again. */
static void free_cpus(struct bu_vm *vm, uint32_t m)
{
	for (unsigned i = 0; i < BU_VM_MAX_CPUS; i++) {
		uint32_t owner = m + 1;

		if (atomic_load(&vm->root->cpu[i].owner) == owner) {
			atomic_store(&vm->root->cpu[i].epoch, 0);
			atomic_compare_exchange_strong(&vm->root->cpu[i].owner, &owner, 0);
		}
	}
}

/* The page of a slot whose flock we have, with memory behind it: 0, -ENOMEM. */
static int slot_map(int fd, struct bu_vm_rec **rec)
{
	struct stat st;
	void *p;

	/* memory, so that a full file system is an error here and no signal later */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return -EUCLEAN;
	if (fallocate(fd, 0, 0, BU_VM_PAGE))
		return errno == ENOSPC ? -ENOMEM : -errno;
	p = mmap(NULL, BU_VM_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	*rec = p;
	return 0;
}

/* Ends what the former user of the slot left, as far as it says who it was; an error: not yet. */
static int look_after(struct bu_vm *vm, uint32_t m, struct bu_vm_rec *rec)
{
	int err = 0;

	if (rec->magic == BU_VM_MAGIC && rec->layout == BU_VM_LAYOUT)
		err = bu_vm_recover(vm, m, rec);
	free_cpus(vm, m);
	if (!err)
		memset(rec, 0, sizeof(*rec));
	return err;
}

int bu_vm_member(struct bu_vm *vm)
{
	struct bu_vm_rec *rec;
	struct timespec t;
	int fd, err;

	if (vm->member >= 0)
		return 0;
	if (vm->read_only)
		return -EROFS;
	for (uint32_t m = 0; m < BU_VM_MEMBERS; m++) {
		fd = slot_open(vm, m, O_RDWR | O_CREAT);
		if (fd == -ENOSPC || fd == -EMFILE || fd == -ENFILE || fd == -EACCES)
			return fd == -ENOSPC ? -ENOMEM : fd;
		if (fd < 0)
			continue;
		if (flock(fd, LOCK_EX | LOCK_NB)) {
			close(fd);
			continue;
		}
		err = slot_map(fd, &rec);
		if (err == -EUCLEAN) {
			close(fd);
			continue;
		}
		if (err) {
			close(fd);
			return err;
		}
		if (look_after(vm, m, rec)) {
			munmap(rec, BU_VM_PAGE);
			close(fd);
			continue;
		}
		clock_gettime(CLOCK_BOOTTIME, &t);
		rec->since = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		rec->pid = getpid();
		prctl(PR_GET_NAME, rec->comm, 0, 0, 0);
		rec->layout = BU_VM_LAYOUT;
		rec->magic = BU_VM_MAGIC;
		vm->member_fd = fd;
		vm->rec = rec;
		vm->member = (int)m;
		return 0;
	}
	return -EUSERS;
}

void bu_vm_member_close(struct bu_vm *vm)
{
	if (vm->member < 0)
		return;
	look_after(vm, (uint32_t)vm->member, vm->rec);
	munmap(vm->rec, BU_VM_PAGE);
	close(vm->member_fd);
	vm->member = -1;
	vm->rec = NULL;
}

bool bu_vm_member_dead(struct bu_vm *vm, uint32_t m, int *fd)
{
	if (m >= BU_VM_MEMBERS || vm->read_only)
		return false;
	*fd = slot_open(vm, m, O_RDWR | O_CREAT);
	if (*fd < 0)
		return false;
	if (!flock(*fd, LOCK_EX | LOCK_NB))
		return true;
	close(*fd);
	return false;
}

/* Slots that there are: the number in the file's name. */
static bool slot_number(const char *name, uint32_t *m)
{
	char *end;
	unsigned long v = strtoul(name, &end, 10);

	*m = (uint32_t)v;
	return end != name && !*end && v < BU_VM_MEMBERS && name[0] != '-' && name[0] != '+';
}

static DIR *slots(struct bu_vm *vm)
{
	int fd = openat(vm->mdir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	return d;
}

void bu_vm_members_gc(struct bu_vm *vm)
{
	DIR *d = slots(vm);
	struct bu_vm_rec *rec;
	struct dirent *e;
	uint32_t m;
	int fd;

	while (d && (e = readdir(d))) {
		if (!slot_number(e->d_name, &m) || !bu_vm_member_dead(vm, m, &fd))
			continue;
		if (!slot_map(fd, &rec)) {
			look_after(vm, m, rec);
			munmap(rec, BU_VM_PAGE);
		}
		close(fd);
	}
	if (d)
		closedir(d);
	/* What no slot can have leased. */
	for (unsigned i = 0; i < BU_VM_MAX_CPUS; i++)
		if (atomic_load(&vm->root->cpu[i].owner) > BU_VM_MEMBERS)
			atomic_store(&vm->root->cpu[i].owner, 0);
}

int bu_vm_members(struct bu_sys *s, bu_vm_member_fn *fn, void *ctx)
{
	struct bu_vm *vm = bu_vm(s);
	DIR *d = slots(vm);
	struct dirent *e;
	struct bu_vm_rec rec;
	char comm[sizeof(rec.comm) + 1];
	bool go = true;
	uint32_t m;
	int fd;

	if (!d)
		return -errno;
	while (go && (e = readdir(d))) {
		if (!slot_number(e->d_name, &m))
			continue;
		fd = slot_open(vm, m, O_RDONLY);
		if (fd < 0)
			continue;
		/* A lock that we get is nobody's; ours is on another open file. */
		if (flock(fd, LOCK_SH | LOCK_NB) && pread(fd, &rec, sizeof(rec), 0) == sizeof(rec) &&
		    rec.magic == BU_VM_MAGIC) {
			memcpy(comm, rec.comm, sizeof(rec.comm));
			comm[sizeof(rec.comm)] = '\0';
			go = fn(ctx, rec.pid, comm, rec.since);
		}
		close(fd);
	}
	closedir(d);
	return 0;
}
