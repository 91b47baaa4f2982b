/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types of every kind, in maps and in expressions: tests/as-types.bats says what they come to. */
	.license "GPL"
	.struct flow {
		__be32	saddr, daddr	# a comment
		u16	port[2];
		u8	proto : 4, flags : 4;	// c
		union { u32 x; struct { u16 lo, hi; }; } u
		struct flow *next
		int (*cb)(struct flow *f, void *ctx);
	}
	.struct stats { u64 packets; u64 bytes; }
	.union v { u32 a; u8 b[4]; }
	.enum color { RED, GREEN = 4,
		BLUE }
	.typedef struct flow flow_t
	.struct __pk { u8 a; u32 b; } __attribute__((packed))
	.struct val { struct bpf_spin_lock lock; int v; struct task_struct __kptr *t; enum color c; }
	.map	m, hash, key=flow_t, value=struct stats, max_entries=16
	.map	n, array, key=u32, value=struct val, max_entries=1
	.map	o, array, key=u32, value=u64[4], max_entries=1
	.section xdp
p:
	r0 = sizeof(struct flow)
	r0 = offsetof(struct flow, u.hi)
	r0 = flow.port[1]
	*(u16 *)(r10 - 64 + flow.port[1]) = 1
	r0 = BLUE
	r0 = sizeof(struct __pk)
	r0 = sizeof(u64[sizeof(struct stats)])
	r0 = later.b
	exit
	.struct later { u32 a; u32 b; }
