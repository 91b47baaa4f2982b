/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CO-RE of bit-fields, arrays, unions and types, of a struct that no kernel has: behind a check. */
#include "bpf.h"

struct kernfs_node { u64 id; } CORE;
struct tcp_sock_x {
	union {
		struct { u8 a : 3, b : 5; };
		u8 all;
	};
	u32 window : 12, flags : 6, : 2, state : 12;
	struct { u16 port; u32 addr[4]; } peers[3];
} CORE;
enum kinds { KIND_A = 1, KIND_B = 70000, KIND_C = -5 };

u64 result;

SEC("socket")
int fields(struct __sk_buff *skb)
{
	u64 v = 0;

#ifdef __clang__
	struct tcp_sock_x *s = (void *)(long)skb->len;

	v += __builtin_preserve_type_info(*(struct tcp_sock_x *)0, 0);
	if (!v)
		return 0;
	v += __builtin_preserve_field_info(s->window, 0);
	v = v * 64 + __builtin_preserve_field_info(s->window, 1);
	v = v * 64 + __builtin_preserve_field_info(s->state, 4);
	v = v * 64 + __builtin_preserve_field_info(s->state, 5);
	v = v * 64 + __builtin_preserve_field_info(s->state, 3);
	v += __builtin_preserve_field_info(s->peers[2].addr[3], 0);
	v += __builtin_preserve_type_info(*(struct kernfs_node *)0, 0);
	v += __builtin_preserve_type_info(*(struct kernfs_node *)0, 1);
	v += __builtin_btf_type_id(*(struct kernfs_node *)0, 0);
	v += __builtin_preserve_enum_value(*(enum kinds *)KIND_B, 1);
	v += __builtin_preserve_enum_value(*(enum kinds *)KIND_C, 0);
#endif
	result = v;
	return 0;
}
LICENSE("GPL");
