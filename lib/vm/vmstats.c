/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ENABLE_STATS: runs are counted while somebody has an fd of it, which is W/stats with a read lock on
 * its first byte, of the open file.
 *
 * root->stats tells runs that they have to look. Who finds that nobody has the lock clears it, by the
 * number that was there before he looked: each ENABLE_STATS puts another, behind its lock.
 */
#include "vm/cmd.h"
#include "vm/private.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

int bu_vm_cmd_enable_stats(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	struct timespec t;
	int fd;

	(void)user, (void)size;
	if (a->enable_stats.type != BPF_STATS_RUN_TIME)
		return -EINVAL;
	if (vm->read_only)
		return -EROFS;
	fd = openat(vm->dir, "stats", O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &fl)) {
		int err = -errno;

		close(fd);
		return err;
	}
	clock_gettime(CLOCK_MONOTONIC, &t);
	atomic_store(&vm->root->stats, (uint32_t)t.tv_nsec << 2 | (uint32_t)t.tv_sec << 1 | 1);
	return fd;
}

bool bu_vm_stats_wanted(struct bu_vm *vm)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1 };
	uint32_t was = atomic_load(&vm->root->stats);

	if (!was)
		return false;
	if (!vm->stats_fd) {
		int fd = openat(vm->dir, "stats", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd < 0)
			return false;
		vm->stats_fd = fd + 1;
	}
	if (fcntl(vm->stats_fd - 1, F_OFD_GETLK, &fl))
		return false;
	if (fl.l_type != F_UNLCK)
		return true;
	atomic_compare_exchange_strong(&vm->root->stats, &was, 0);
	return false;
}
