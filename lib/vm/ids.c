/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which ids live: a bitmap per kind, with three levels above it that say where bits are.
 *
 * By pread and pwrite alone: a cut or full file system is an error, not a signal. A bit is set before
 * its object appears and cleared after it went, upper levels first and last, so that whatever a killed
 * process did, no living id is without its bits.
 */
#include "vm/life.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define LEVELS 4
/* Where each level begins in the file; the words of level 3 fill half a page. */
static const uint64_t at[LEVELS] = { 4096 + (1u << 17) + (1u << 23), 4096 + (1u << 17), 4096, 0 };

static int file(struct bu_vm *vm, uint32_t kind, bool make)
{
	char name[BU_VM_OBJ_NAME];
	int fd = vm->ids_fd[kind] - 1;

	if (fd >= 0)
		return fd;
	snprintf(name, sizeof(name), "ids.%u", kind);
	fd = openat(vm->dir, name, (vm->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW |
			   O_NONBLOCK | (make ? O_CREAT : 0), 0600);
	if (fd < 0)
		return -errno;
	vm->ids_fd[kind] = fd + 1;
	return fd;
}

void bu_vm_ids_close(struct bu_vm *vm)
{
	for (unsigned i = 0; i < BU_VM_NKINDS; i++) {
		if (vm->ids_fd[i])
			close(vm->ids_fd[i] - 1);
		vm->ids_fd[i] = 0;
	}
}

static uint64_t place(unsigned level, uint32_t index)
{
	return at[level] + (uint64_t)(index >> 6) * 8;
}

static int get(int fd, unsigned level, uint32_t index, uint64_t *word)
{
	ssize_t n;

	*word = 0;
	n = pread(fd, word, 8, (off_t)place(level, index));
	return n < 0 ? -errno : 0;
}

static int put(int fd, unsigned level, uint32_t index, uint64_t word)
{
	ssize_t n = pwrite(fd, &word, 8, (off_t)place(level, index));

	return n == 8 ? 0 : n >= 0 || errno == ENOSPC ? -ENOMEM : -errno;
}

int bu_vm_ids_has(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	int fd = file(vm, kind, false), err;
	uint64_t w;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = get(fd, 0, id, &w);
	return err ? err : (int)(w >> (id & 63) & 1);
}

int bu_vm_ids_set(struct bu_vm *vm, uint32_t kind, uint32_t id, bool lives)
{
	int fd = file(vm, kind, true), err = 0;
	uint64_t w;

	if (fd < 0)
		return fd == -ENOSPC ? -ENOMEM : fd;
	if (lives) {
		for (int l = LEVELS - 1; l >= 0 && !err; l--) {
			uint32_t i = id >> (6 * l);

			err = get(fd, (unsigned)l, i, &w);
			if (!err && !(w >> (i & 63) & 1))
				err = put(fd, (unsigned)l, i, w | 1ull << (i & 63));
		}
		return err;
	}
	for (unsigned l = 0; l < LEVELS && !err; l++) {
		uint32_t i = id >> (6 * l);

		err = get(fd, l, i, &w);
		w &= ~(1ull << (i & 63));
		if (!err)
			err = put(fd, l, i, w);
		if (w)
			break;
	}
	return err;
}

int bu_vm_ids_next(struct bu_vm *vm, uint32_t kind, uint32_t start, uint32_t *next)
{
	int fd = file(vm, kind, false), err;
	uint64_t id = (uint64_t)start + 1, w;
	unsigned level = 0;

	if (fd < 0)
		return fd;
	/* Upwards until a word has a bit at or behind our place, then down to it. */
	while (id <= UINT32_MAX) {
		uint32_t i = (uint32_t)(id >> (6 * level));

		err = get(fd, level, i, &w);
		if (err)
			return err;
		w &= ~0ull << (i & 63);
		if (w) {
			i = (i & ~63u) + (uint32_t)__builtin_ctzll(w);
			if ((uint64_t)i << (6 * level) > id)
				id = (uint64_t)i << (6 * level);
			if (!level) {
				*next = i;
				return 0;
			}
			level--;
		} else {
			/* Nothing in this word: go on behind all it covers, one level up. */
			id = (((uint64_t)i >> 6) + 1) << (6 * level + 6);
			if (level < LEVELS - 1)
				level++;
		}
	}
	return -ENOENT;
}
