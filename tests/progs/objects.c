/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of the program's own types, and loops by iterators of numbers and bits. */
#include "bpf.h"

extern void *bpf_obj_new_impl(u64 local_type_id, void *meta) KSYM;
extern void bpf_obj_drop_impl(void *p, void *meta) KSYM;
struct bpf_iter_num { u64 __opaque[1]; } __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) KSYM;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) KSYM;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) KSYM;

struct pair {
	u64 sum, n;
};

SEC("tc")
int objects(struct __sk_buff *skb)
{
	struct pair *p = bpf_obj_new_impl(__builtin_btf_type_id(*(struct pair *)0, 0), 0);
	struct bpf_iter_num it;
	int *i, ret;

	if (!p)
		return -1;
	p->sum = p->n = 0;
	bpf_iter_num_new(&it, 1, 11);
	while ((i = bpf_iter_num_next(&it))) {
		p->sum += *i;
		p->n++;
	}
	bpf_iter_num_destroy(&it);
	ret = p->sum * 100 + p->n;
	bpf_obj_drop_impl(p, 0);
	return ret;
}
LICENSE("GPL");
