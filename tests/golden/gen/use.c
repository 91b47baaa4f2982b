// SPDX-License-Identifier: GPL-2.0-or-later
// Uses the skeleton of sk.bpf.o with libbpf.
#include <stdio.h>
#include <unistd.h>
typedef unsigned char u8;
#include "sk.skel.h"

int main(void)
{
	struct sk_bpf *s = sk_bpf__open();

	if (!s)
		return 1;
	s->rodata->limit = 7;
	s->data->anon_var.x = 100;
	bpf_program__set_autoattach(s->progs.xdp_main, false);
	if (sk_bpf__load(s))
		return 2;
	if (sk_bpf__attach(s))
		return 3;
	getppid();
	printf("%d %d %s %d\n", s->bss->counter >= 16, s->data->anon_var.x > 100, s->data_own->own + 1,
	       s->kconfig->LINUX_KERNEL_VERSION > 0);
	sk_bpf__detach(s);
	sk_bpf__destroy(s);
	return 0;
}
