/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few declarations that the programs here need; no header of the system is used. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;
typedef long long s64;

#define SEC(name) __attribute__((section(name), used))
#define INT(name, val) int (*name)[val]
#define TYPE(name, val) typeof(val) *name
#define noinline __attribute__((noinline))

struct xdp_md { u32 data, data_end, data_meta, ingress_ifindex; };

#if defined(__clang__)
#define HELPER(type, name, num, args) static type (*const name) args = (type (*) args)num
#else
#define HELPER(type, name, num, args) extern type name args __attribute__((kernel_helper(num)))
#endif
HELPER(void *, map_lookup, 1, (void *map, const void *key));
HELPER(long, map_update, 2, (void *map, const void *key, const void *value, u64 flags));
HELPER(u64, ktime, 5, (void));
HELPER(long, trace, 6, (const char *fmt, u32 size, ...));
HELPER(long, tail_call, 12, (void *ctx, void *map, u32 index));
HELPER(u64, pid_tgid, 14, (void));
HELPER(long, probe_read, 113, (void *to, u32 n, const void *from));
HELPER(long, loop, 181, (u32 n, void *cb, void *ctx, u64 flags));
