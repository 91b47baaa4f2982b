/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mapfd MAP KEY WORD PROG: the entry KEY of a pinned map becomes { WORD, fd of the pinned PROG }. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kern/kern.h"
#include "vm/vm.h"

static int get(struct bu_sys *s, const char *path)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.pathname = bu_ptr64(path);
	return s->ops->bpf(s, BPF_OBJ_GET, &a, sizeof(a));
}

int main(int argc, char **argv)
{
	const char *backend = getenv("BPFUTILS_BACKEND");
	struct bu_sys *s = NULL;
	uint32_t key, value[2];
	int map, prog, err;

	if (argc != 5)
		return 2;
	if (backend && !strcmp(backend, "vm"))
		bu_vm_open(&s, NULL, NULL);
	else
		s = bu_kern_open();
	if (!s)
		return 1;
	map = get(s, argv[1]);
	prog = get(s, argv[4]);
	key = (uint32_t)strtoul(argv[2], NULL, 0);
	value[0] = (uint32_t)strtoul(argv[3], NULL, 0);
	value[1] = (uint32_t)prog;
	err = map < 0 ? map : prog < 0 ? prog : bu_sys_map_update(s, map, &key, value, 0);
	if (err)
		fprintf(stderr, "mapfd: %s\n", bu_errno_name(err));
	s->ops->destroy(s);
	return err ? 1 : 0;
}
