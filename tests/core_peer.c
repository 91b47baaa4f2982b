// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * core_peer OBJECT [BTF]: loads the object by libbpf, against the types of a file in place of those of the running
 * kernel, and prints what libbpf made of the immediates and offsets of each program: one instruction
 * a line, "code off imm". Only tests use libbpf: it is what others load our objects with.
 *
 *     cc -o core_peer core_peer.c -lbpf
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = argc > 2 ? argv[2] : NULL);
	struct bpf_object *o;
	struct bpf_program *p;
	int err;

	if (argc < 2)
		return 2;
	o = bpf_object__open_file(argv[1], &opts);
	if (!o)
		return 1;
	err = bpf_object__load(o);
	if (err) {
		fprintf(stderr, "core_peer: load: %d\n", err);
		return 1;
	}
	bpf_object__for_each_program(p, o) {
		const struct bpf_insn *in = bpf_program__insns(p);

		printf("%s:\n", bpf_program__name(p));
		for (size_t i = 0; i < bpf_program__insn_cnt(p); i++)
			printf("%02x %d %d\n", in[i].code, in[i].off, in[i].imm);
	}
	bpf_object__close(o);
	return 0;
}
