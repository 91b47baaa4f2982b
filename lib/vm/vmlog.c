/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The log of a load, as the kernel hands it out; and SHA-256, which a program's tag is made of. */
#include "vm/progfile.h"

#include <stdlib.h>
#include <string.h>

#define LOG_MASK (BPF_LOG_LEVEL1 | BPF_LOG_LEVEL2 | BPF_LOG_STATS | BPF_LOG_FIXED)

int bu_vm_log_init(struct bu_vm_log *l, uint32_t level, uint64_t ubuf, uint32_t size)
{
	*l = (struct bu_vm_log){ .level = level, .size = size, .ubuf = ubuf };
	if (!ubuf != !size || (ubuf && !level) || level & ~LOG_MASK || size > UINT32_MAX >> 2)
		return -EINVAL;
	return 0;
}

int bu_vm_log_done(struct bu_vm *vm, struct bu_vm_log *l, uint32_t *true_size)
{
	const char *text = bu_buf_cstr(&l->text);
	size_t len = strlen(text), skip;
	char nul = 0;
	int err = 0;

	*true_size = 0;
	if (!l->level || !len)
		goto out;
	*true_size = len < UINT32_MAX ? (uint32_t)len + 1 : UINT32_MAX;
	if (!l->ubuf)
		goto out;
	skip = 0;
	if (len + 1 > l->size) {
		err = -ENOSPC;
		if (!(l->level & BPF_LOG_FIXED))
			skip = len + 1 - l->size;
		len = l->size - 1;
	}
	if (bu_vm_copy_out(vm, l->ubuf, text + skip, len) ||
	    bu_vm_copy_out(vm, l->ubuf + len, &nul, 1))
		err = -EFAULT;
out:
	bu_buf_free(&l->text);
	return err;
}
