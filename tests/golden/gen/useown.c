// SPDX-License-Identifier: GPL-2.0-or-later
// Uses the skeleton of own.bpf.o, which needs no library.
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
typedef unsigned char u8;
struct ev { int a; long b; };
#include "own.skel.h"

int main(void)
{
	struct own_bpf *s = own_bpf__open();
	struct ev e = { 0, 0 };
	int key = 7, err;

	if (!s)
		return 1;
	s->rodata->limit = 7;
	s->data->anon_var.x = 100;
	err = own_bpf__load(s);
	if (!err)
		err = own_bpf__attach(s);
	if (err) {
		fprintf(stderr, "%s: %d %s\n", s->obj.failed, err, s->obj.log ? s->obj.log : "");
		return 2;
	}
	syscall(SYS_getppid);
	syscall(SYS_getppid);
	bpfu_map_lookup(s->maps.counts->fd, &key, &e);
	printf("%d %d %d %ld %d %d\n", s->bss->counter >= 16, s->data->anon_var.x > 100, s->bss->total[2] >= 2, e.b,
	       s->bss->pid_off, s->rodata->limit);
	own_bpf__detach(s);
	own_bpf__destroy(s);
	return 0;
}
