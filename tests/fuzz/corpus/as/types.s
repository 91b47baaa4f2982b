	.license "GPL"
	.struct flow { __be32 saddr, daddr; u16 port[2]; u8 proto : 4, flags : 4;
		union { u32 x; struct { u16 lo, hi; }; } u; struct flow *next; int (*cb)(struct flow *f, void *ctx); }
	.union v { u32 a; u8 b[4]; }
	.enum color { RED, GREEN = 4, BLUE }
	.typedef struct flow flow_t
	.map m, hash, key=flow_t, value=struct flow, max_entries=16
	.map a, array, key=u32, value=u64[4], max_entries=1, id=3, pinning=by_name
	.map o, hash_of_maps, key=u32, inner=a, max_entries=4
	.var st: struct flow = { 7, .port = { 1, 2 }, .flags = 5 }
	.var tab: u32[4] = { 1, 2, [3] = 9 }
	.const name: char[] = "hello"
	.extern CONFIG_HZ: u32
	.section xdp
	.func prog(ctx: struct xdp_md *) -> int
	r6 = r1
	r1 = CONFIG_HZ ll
	r1 = *(u32 *)(r1 + 0)
	r1 = m ll
	r2 = r10
	r2 += -offsetof(struct flow, u.hi)
	call bpf_map_lookup_elem
	r0 = sizeof(struct flow)
	r0 = flow.port[1]
	r1 = map 3 ll
	r0 = BLUE
	call sub
	r2 = *(u32 *)(r6 + xdp_md.data)
	exit
	.text
	.func sub(a: int) -> int
	w0 = w1
	exit
