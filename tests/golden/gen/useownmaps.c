// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads it with the map pinned at argv[1], runs it once: what the program returned, the pinned count, the inner's value. */
#include "ownmaps.skel.h"

int main(int argc, char **argv)
{
	struct ownmaps_bpf *s = ownmaps_bpf__open();
	unsigned long long kept = 0, two = 0;
	unsigned char packet[64] = { 0 };
	unsigned zero = 0;
	union bpf_attr a;
	int err;

	if (!s || argc < 2)
		return 2;
	if (strcmp(s->maps.kept->pin, "/sys/fs/bpf/kept") != 0)
		return 3;
	s->maps.kept->pin = argv[1];
	err = ownmaps_bpf__load(s);
	if (err) {
		printf("%s: %s\n", s->obj.failed ? s->obj.failed : "?", strerror(-err));
		ownmaps_bpf__destroy(s);
		return 1;
	}
	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (unsigned)s->progs.count->fd;
	a.test.data_in = bpfu_ptr(packet);
	a.test.data_size_in = sizeof(packet);
	err = bpfu_call(BPF_PROG_TEST_RUN, &a, sizeof(a));
	bpfu_map_lookup(s->maps.kept->fd, &zero, &kept);
	bpfu_map_lookup(s->maps.two->fd, &zero, &two);
	printf("%d %u %llu %llu\n", err, a.test.retval, kept, two);
	ownmaps_bpf__destroy(s);
	return 0;
}
