/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs here need and no header of a system has to give: types, sections, maps,
 * helpers. For clang and for bpf-gcc.
 */
#ifndef PROGS_BPF_H
#define PROGS_BPF_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef u8 bool;
typedef u16 be16;
typedef u32 be32;

#define NULL ((void *)0)
#define true 1
#define false 0

#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline))
#define HIDDEN __attribute__((visibility("hidden")))
#define KSYM __attribute__((section(".ksyms")))
#define KCONFIG __attribute__((section(".kconfig")))
#define WEAK __attribute__((weak))
#define CORE __attribute__((preserve_access_index))
#define LICENSE(text) char _license[] SEC("license") = text

/* Members of a map's declaration. */
#define UINT(name, val) int (*name)[val]
#define TYPE(name, val) __typeof__(val) *name
#define ARRAY(name, val) __typeof__(val) *name[]

enum {
	HASH = 1, ARRAY_MAP = 2, PROG_ARRAY = 3, PERF_EVENT_ARRAY = 4, PERCPU_HASH = 5,
	PERCPU_ARRAY = 6, STACK_TRACE = 7, CGROUP_ARRAY = 8, LRU_HASH = 9, LPM_TRIE = 11,
	ARRAY_OF_MAPS = 12, HASH_OF_MAPS = 13, DEVMAP = 14, SOCKMAP = 15, CPUMAP = 16,
	SOCKHASH = 18, QUEUE = 22, STACK = 23, SK_STORAGE = 24, RINGBUF = 27, TASK_STORAGE = 29,
	BLOOM = 30,
};
enum { MAP_ANY, MAP_NOEXIST, MAP_EXIST };
enum { NO_PREALLOC = 1 };

#ifdef __clang__
#define HELPER(id, ret, name, args) static ret (*const name) args __attribute__((unused)) = (void *)id
#else
#define HELPER(id, ret, name, args) extern ret name args __attribute__((kernel_helper(id)))
#endif

HELPER(1, void *, bpf_map_lookup_elem, (void *map, const void *key));
HELPER(2, long, bpf_map_update_elem, (void *map, const void *key, const void *value, u64 flags));
HELPER(3, long, bpf_map_delete_elem, (void *map, const void *key));
HELPER(5, u64, bpf_ktime_get_ns, (void));
HELPER(6, long, bpf_trace_printk, (const char *fmt, u32 size, ...));
HELPER(7, u32, bpf_get_prandom_u32, (void));
HELPER(8, u32, bpf_get_smp_processor_id, (void));
HELPER(12, long, bpf_tail_call, (void *ctx, void *map, u32 index));
HELPER(14, u64, bpf_get_current_pid_tgid, (void));
HELPER(15, u64, bpf_get_current_uid_gid, (void));
HELPER(16, long, bpf_get_current_comm, (void *buf, u32 size));
HELPER(23, long, bpf_redirect, (u32 ifindex, u64 flags));
HELPER(25, long, bpf_perf_event_output, (void *ctx, void *map, u64 flags, void *data, u64 size));
HELPER(26, long, bpf_skb_load_bytes, (const void *skb, u32 off, void *to, u32 len));
HELPER(27, long, bpf_get_stackid, (void *ctx, void *map, u64 flags));
HELPER(28, s64, bpf_csum_diff, (be32 *from, u32 from_size, be32 *to, u32 to_size, u32 seed));
HELPER(35, u64, bpf_get_current_task, (void));
HELPER(51, long, bpf_redirect_map, (void *map, u64 key, u64 flags));
HELPER(44, long, bpf_xdp_adjust_head, (void *xdp, int delta));
HELPER(52, long, bpf_sk_redirect_map, (void *skb, void *map, u32 key, u64 flags));
HELPER(53, long, bpf_sock_map_update, (void *ops, void *map, void *key, u64 flags));
HELPER(80, u64, bpf_get_current_cgroup_id, (void));
HELPER(87, long, bpf_map_push_elem, (void *map, const void *value, u64 flags));
HELPER(88, long, bpf_map_pop_elem, (void *map, void *value));
HELPER(93, long, bpf_spin_lock, (void *lock));
HELPER(94, long, bpf_spin_unlock, (void *lock));
HELPER(107, void *, bpf_sk_storage_get, (void *map, void *sk, void *value, u64 flags));
HELPER(112, long, bpf_probe_read_user, (void *to, u32 size, const void *from));
HELPER(113, long, bpf_probe_read_kernel, (void *to, u32 size, const void *from));
HELPER(115, long, bpf_probe_read_kernel_str, (void *to, u32 size, const void *from));
HELPER(130, long, bpf_ringbuf_output, (void *ring, void *data, u64 size, u64 flags));
HELPER(131, void *, bpf_ringbuf_reserve, (void *ring, u64 size, u64 flags));
HELPER(132, void, bpf_ringbuf_submit, (void *data, u64 flags));
HELPER(133, void, bpf_ringbuf_discard, (void *data, u64 flags));
HELPER(156, void *, bpf_task_storage_get, (void *map, void *task, void *value, u64 flags));
HELPER(158, void *, bpf_get_current_task_btf, (void));
HELPER(164, long, bpf_for_each_map_elem, (void *map, void *fn, void *ctx, u64 flags));
HELPER(165, long, bpf_snprintf, (char *to, u32 size, const char *fmt, u64 *data, u32 data_len));
HELPER(169, long, bpf_timer_init, (void *timer, void *map, u64 flags));
HELPER(170, long, bpf_timer_set_callback, (void *timer, void *fn));
HELPER(171, long, bpf_timer_start, (void *timer, u64 nsecs, u64 flags));
HELPER(181, long, bpf_loop, (u32 n, void *fn, void *ctx, u64 flags));
HELPER(182, long, bpf_strncmp, (const char *a, u32 size, const char *b));

/* Contexts of the stable interface; only what is used here. */
struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex; };
struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol, vlan_present, vlan_tci, vlan_proto, priority,
		ingress_ifindex, ifindex, tc_index, cb[5], hash, tc_classid, data, data_end, napi_id, family,
		remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port, data_meta;
};
struct bpf_sock { u32 bound_dev_if, family, type, protocol, mark, priority, src_ip4, src_ip6[4], src_port; };
struct bpf_sock_addr {
	u32 user_family, user_ip4, user_ip6[4], user_port, family, type, protocol, msg_src_ip4, msg_src_ip6[4];
};
struct bpf_sock_ops {
	u32 op, args[4], family, remote_ip4, local_ip4, remote_ip6[4], local_ip6[4], remote_port, local_port;
};
struct bpf_sysctl { u32 write, file_pos; };
struct bpf_cgroup_dev_ctx { u32 access_type, major, minor; };
struct bpf_perf_event_data { u64 regs[21], sample_period, addr; };
struct pt_regs { u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss; };
enum { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };
enum { TC_ACT_OK = 0, TC_ACT_SHOT = 2 };

/* Packets. */
struct ethhdr { u8 dst[6], src[6]; be16 proto; } __attribute__((packed));
struct iphdr {
	u8 ihl : 4, version : 4;
	u8 tos;
	be16 len, id, frag;
	u8 ttl, protocol;
	u16 check;
	be32 saddr, daddr;
};
struct tcphdr {
	be16 source, dest;
	be32 seq, ack_seq;
	u16 res1 : 4, doff : 4, fin : 1, syn : 1, rst : 1, psh : 1, ack : 1, urg : 1, ece : 1, cwr : 1;
	be16 window, check, urg_ptr;
};
struct udphdr { be16 source, dest, len, check; };
#define htons(x) ((be16)((u16)(x) << 8 | (u16)(x) >> 8))

#endif
