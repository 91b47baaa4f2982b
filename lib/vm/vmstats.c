/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ENABLE_STATS: run times are counted while somebody holds W/stats. */
#include "vm/cmd.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int bu_vm_cmd_enable_stats(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	int fd;

	(void)user, (void)size;
	if (a->enable_stats.type != BPF_STATS_RUN_TIME)
		return -EINVAL;
	if (vm->read_only)
		return -EROFS;
	fd = openat(vm->dir, "stats", O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_SH)) {
		int err = -errno;

		close(fd);
		return err;
	}
	/* A hint only: a run that sees it looks whether the lock is held. */
	atomic_store(&vm->root->stats, 1);
	return fd;
}
