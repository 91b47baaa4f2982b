/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atomic operations of 32 and 64 bits, with and without the value they found. */
#include "bpf.h"

u64 c64, f64, x64 = 5, cas64;
u32 c32, f32, x32 = 6, cas32;

SEC("socket")
int atomics(struct __sk_buff *skb)
{
	u64 v = skb->len;
	u32 w = skb->mark;

	__sync_fetch_and_add(&c64, v);
	__sync_fetch_and_add(&c32, w);
#if defined(__BPF_FEATURE_ALU32) || __BPF_CPU_VERSION__ >= 3
	v += __sync_fetch_and_add(&f64, 2);
	w += __sync_fetch_and_add(&f32, 2);
	__sync_fetch_and_or(&c64, 1);
	__sync_fetch_and_and(&c64, ~2ULL);
	__sync_fetch_and_xor(&c32, 3);
	v ^= __sync_fetch_and_or(&f64, v);
	w ^= __sync_fetch_and_xor(&f32, w);
	v += __sync_lock_test_and_set(&x64, v);
	w += __sync_lock_test_and_set(&x32, w);
	v += __sync_val_compare_and_swap(&cas64, v, 1);
	w += __sync_val_compare_and_swap(&cas32, 0, w);
#endif
	return (int)(v + w);
}
LICENSE("GPL");
