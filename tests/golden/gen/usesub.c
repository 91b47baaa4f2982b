// SPDX-License-Identifier: GPL-2.0-or-later
// Uses the subskeleton of sk.bpf.o with an object that libbpf opened.
#include <stdio.h>
typedef unsigned char u8;
#include "sk.subskel.h"

int main(int argc, char **argv)
{
	struct bpf_object *o = argc > 1 ? bpf_object__open_file(argv[1], NULL) : NULL;
	struct sk_bpf *s = o ? sk_bpf__open(o) : NULL;

	if (!s)
		return 1;
	*s->rodata.limit = 9;
	if (bpf_object__load(o))
		return 2;
	(*s->bss.total)[2] = 5;
	s->data.anon_var->x = 3;
	printf("%d %ld %s %s\n", *s->rodata.limit, (*s->bss.total)[2], bpf_program__name(s->progs.handle_enter),
	       bpf_map__name(s->maps.counts));
	sk_bpf__destroy(s);
	bpf_object__close(o);
	return 0;
}
