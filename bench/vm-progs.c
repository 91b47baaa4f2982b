/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs of bench/vm.sh: one source for BPF (clang) and for this machine (gcc -O2). Each reads the
 * 1,024 bytes of a packet, works on them or on its globals, and returns 32 bits that must be the same everywhere.
 *
 * "compute": most of the time is arithmetic, branches and memory; the others are dominated by something else
 * (the call of the program, maps, atomics).
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SIZE 1024u
#define inline_always static inline __attribute__((always_inline))
#ifdef __bpf__
struct xdp_md {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};
#define ENTRY(name)                                                                                 \
	__attribute__((section("xdp"), used)) int name(struct xdp_md *ctx)                          \
	{                                                                                           \
		u8 *p = (u8 *)(long)ctx->data;                                                      \
		if (p + SIZE > (u8 *)(long)ctx->data_end)                                           \
			return 0;                                                                   \
		return (int)(u32)body_##name(p);                                                    \
	}
/* The optimiser must not see through it, as it must not natively. */
#define opaque(x) __asm__ volatile("" : "+r"(x))
#else
#define ENTRY(name) __attribute__((noinline)) u64 native_##name(u8 *p) { return (u32)body_##name(p); }
#define opaque(x) __asm__ volatile("" : "+r"(x))
#endif
#define PROG(name)                                                                                  \
	inline_always u64 body_##name(u8 *p);                                                       \
	ENTRY(name)                                                                                 \
	inline_always u64 body_##name(u8 *p)

#define ROL32(x, n) ((u32)(x) << (n) | (u32)(x) >> (32 - (n)))
#define ROL64(x, n) ((u64)(x) << (n) | (u64)(x) >> (64 - (n)))
inline_always u32 get32(const u8 *p) { return *(const u32 *)p; }
inline_always u64 get64(const u8 *p) { return *(const u64 *)p; }

PROG(nop)
{
	(void)p;
	return 2;
}

PROG(tiny)
{
	u32 a = get32(p), b = get32(p + 4);

	return (a ^ b) * 2654435761u + (a > b ? 3 : 5);
}

PROG(parse)
{
	u32 proto = (u32)p[12] << 8 | p[13], at = 14, i;

	for (i = 0; i < 2 && (proto & 0xff) != 8; i++, at += 4)
		proto = (u32)p[at + 2] << 8 | p[at + 3];
	return proto * 31 + (p[at] & 15) * 4 + p[at + 9] + ((u32)p[at + 20] << 8 | p[at + 21]) +
	       (get32(p + at + 12) ^ get32(p + at + 16));
}

PROG(fib)
{
	u64 a = p[0], b = 1, c;
	u32 i;

	for (i = 0; i < 256; i++) {
		c = a + b;
		a = b;
		b = c;
		opaque(b);
	}
	return a ^ a >> 32;
}

PROG(gcd)
{
	u64 sum = 0, a, b, t;
	u32 i, k;

	for (i = 0; i < 16; i++) {
		a = get32(p + i * 8) | 1;
		b = get32(p + i * 8 + 4) | 1;
		for (k = 0; k < 48 && b; k++) {
			t = a % b;
			a = b;
			b = t;
		}
		sum += a;
	}
	return sum;
}

static u8 sieve_of[SIZE];
PROG(sieve)
{
	u32 i, k, n = 0, one = p[0] | 1;

	for (i = 0; i < 512; i++) {
		sieve_of[i] = 0;
		opaque(one);
	}
	for (i = 2; i < 512; i++) {
		if (sieve_of[i])
			continue;
		n++;
		for (k = i * 2; k < 512; k += i)
			sieve_of[k] = (u8)one | 1;
	}
	return n;
}

PROG(muldiv)
{
	u64 x = get64(p) | 1, y = 1;
	u32 i;

	for (i = 0; i < 64; i++) {
		x = x * 6364136223846793005ull + 1442695040888963407ull;
		y += x / ((x >> 40 & 1023) + 3);
		y ^= x % 1000003;
	}
	return y ^ y >> 32;
}

PROG(bitops)
{
	u64 n = 0, x;
	u32 i;

	for (i = 0; i < 64; i++) {
		x = get64(p + i * 8);
		x -= x >> 1 & 0x5555555555555555ull;
		x = (x & 0x3333333333333333ull) + (x >> 2 & 0x3333333333333333ull);
		x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0full;
		n = n * 3 + (x * 0x0101010101010101ull >> 56);
		opaque(n);
	}
	return n ^ n >> 32;
}

static u32 sort_of[64];
PROG(bsort)
{
	u32 i, k, s = 0;

	for (i = 0; i < 40; i++)
		sort_of[i] = get32(p + i * 4);
	for (i = 0; i < 40; i++)
		for (k = 0; k + 1 < 40; k++) {
			u32 a = sort_of[k], b = sort_of[k + 1];

			if (a > b) {
				sort_of[k] = b;
				sort_of[k + 1] = a;
			}
		}
	for (i = 0; i < 40; i++)
		s = s * 31 + sort_of[i];
	return s;
}

static u32 search_of[256];
PROG(bsearch)
{
	u32 i, k, s = 0;

	for (i = 0; i < 256; i++)
		search_of[i] = i * 257;
	for (i = 0; i < 12; i++) {
		/* read, so that the kernel's verifier does not tell the paths apart */
		u32 want = (u32)p[i] * 257, lo = search_of[0] & 255, hi = search_of[255] / 257 + 1;

		for (k = 0; k < 9 && lo < hi; k++) {
			u32 mid = (lo + hi) / 2 & 255;

			if (search_of[mid] < want)
				lo = mid + 1;
			else
				hi = mid;
		}
		s = s * 7 + lo;
	}
	return s;
}

PROG(switchsm)
{
	u32 i, state = 0, n = 0;

	for (i = 0; i < 384; i++) {
		u32 c = p[i] & 7;

		opaque(state);
		switch (state & 7) {
		case 0: state = c < 4 ? 1 : 2; break;
		case 1: state = c + 3; n += 3; break;
		case 2: state = c ^ 5; n ^= i; break;
		case 3: state = c == 1 ? 6 : 0; n += c; break;
		case 4: state = 7 - c; break;
		case 5: state = c & 3; n = n * 5 + 1; break;
		case 6: state = c | 1; n += 11; break;
		default: state = 0; n ^= 0x55; break;
		}
	}
	return n;
}

#define SIPROUND                                                                                    \
	do {                                                                                        \
		v0 += v1; v1 = ROL64(v1, 13); v1 ^= v0; v0 = ROL64(v0, 32);                         \
		v2 += v3; v3 = ROL64(v3, 16); v3 ^= v2;                                             \
		v0 += v3; v3 = ROL64(v3, 21); v3 ^= v0;                                             \
		v2 += v1; v1 = ROL64(v1, 17); v1 ^= v2; v2 = ROL64(v2, 32);                         \
	} while (0)
PROG(siphash)
{
	u64 v0 = 0x736f6d6570736575ull, v1 = 0x646f72616e646f6dull, v2 = 0x6c7967656e657261ull,
	    v3 = 0x7465646279746573ull, m;
	u32 i;

	for (i = 0; i < 64; i++) {
		m = get64(p + i * 8);
		v3 ^= m;
		SIPROUND;
		SIPROUND;
		v0 ^= m;
	}
	v2 ^= 0xff;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	SIPROUND;
	v0 ^= v1 ^ v2 ^ v3;
	return v0 ^ v0 >> 32;
}

PROG(xxh64)
{
	u64 a = 0x9e3779b185ebca87ull, b = 0xc2b2ae3d27d4eb4full, c = 0, d = 0x61c8864e7a143579ull;
	u32 i;

	for (i = 0; i < 16; i++) {
		a += get64(p + i * 32) * 0xc2b2ae3d27d4eb4full;
		a = ROL64(a, 31) * 0x9e3779b185ebca87ull;
		b += get64(p + i * 32 + 8) * 0xc2b2ae3d27d4eb4full;
		b = ROL64(b, 31) * 0x9e3779b185ebca87ull;
		c += get64(p + i * 32 + 16) * 0xc2b2ae3d27d4eb4full;
		c = ROL64(c, 31) * 0x9e3779b185ebca87ull;
		d += get64(p + i * 32 + 24) * 0xc2b2ae3d27d4eb4full;
		d = ROL64(d, 31) * 0x9e3779b185ebca87ull;
	}
	a = ROL64(a, 1) + ROL64(b, 7) + ROL64(c, 12) + ROL64(d, 18);
	a ^= a >> 33;
	a *= 0xc2b2ae3d27d4eb4full;
	return a ^ a >> 32;
}

#define MIX                                                                                         \
	do {                                                                                        \
		a -= c; a ^= ROL32(c, 4); c += b; b -= a; b ^= ROL32(a, 6); a += c;                 \
		c -= b; c ^= ROL32(b, 8); b += a; a -= c; a ^= ROL32(c, 16); c += b;                \
		b -= a; b ^= ROL32(a, 19); a += c; c -= b; c ^= ROL32(b, 4); b += a;                \
	} while (0)
PROG(jhash)
{
	u32 a = 0xdeadbeef, b = a, c = a, i;

	for (i = 0; i < 64; i++) {
		a += get32(p + i * 12);
		b += get32(p + i * 12 + 4);
		c += get32(p + i * 12 + 8);
		MIX;
	}
	c ^= b; c -= ROL32(b, 14);
	a ^= c; a -= ROL32(c, 11);
	return c ^ a;
}

PROG(csum)
{
	u64 s = 0;
	u32 i;

	for (i = 0; i < SIZE; i += 4)
		s += get32(p + i);
	s = (s & 0xffffffff) + (s >> 32);
	s = (s & 0xffff) + (s >> 16);
	return (s & 0xffff) + (s >> 16);
}

static u64 copy_of[64];
PROG(copy512)
{
	u32 i;

	for (i = 0; i < 64; i++)
		copy_of[i] = get64(p + i * 8);
	return (u32)copy_of[7] ^ (u32)(copy_of[63] >> 32);
}

PROG(bytescan)
{
	u32 i, n = 0, line = 0;

	for (i = 0; i < SIZE; i++) {
		u8 c = p[i];

		if (c == 10) {
			n += line * 3;
			line = 0;
		} else if (c >= 'a' && c <= 'z') {
			line++;
		} else {
			n ^= c;
		}
	}
	return n + line;
}

PROG(bswapsum)
{
	u64 s = 0;
	u32 i;

	for (i = 0; i < 128; i++)
		s = s * 3 + __builtin_bswap64(get64(p + i * 8));
	return s ^ s >> 32;
}

static u32 mat_a[64], mat_b[64];
PROG(matmul)
{
	u32 i, j, k, s, t = 0;

	for (i = 0; i < 64; i++) {
		mat_a[i] = p[i];
		mat_b[i] = p[i + 64];
	}
	for (i = 0; i < 8; i++)
		for (j = 0; j < 8; j++) {
			for (s = 0, k = 0; k < 8; k++)
				s += mat_a[i * 8 + k] * mat_b[k * 8 + j];
			t = t * 33 + s;
		}
	return t;
}

static __attribute__((noinline)) u64 step(u64 a, u64 b)
{
	opaque(a);
	return (a ^ b) * 3 + 1;
}
PROG(calls)
{
	u64 s = p[0];
	u32 i;

	for (i = 0; i < 96; i++)
		s = step(s, i);
	return s ^ s >> 32;
}

struct __attribute__((packed)) rec {
	u8 kind;
	u16 port;
	u32 addr;
	u64 when;
};
PROG(packed)
{
	u64 s = 0;
	u32 i;

	for (i = 0; i < 64; i++) {
		const struct rec *r = (const struct rec *)(p + i * 15);

		s += r->kind == 3 ? r->when : r->addr * (u64)r->port;
	}
	return s ^ s >> 32;
}

static u64 counts[32];
PROG(atomic32)
{
	u32 i;

	for (i = 0; i < 32; i++)
		__sync_fetch_and_add(&counts[i], p[i]);
	return 1;
}

#ifdef __bpf__
#define UINT(name, n) int (*name)[n]
static void *(*lookup)(void *map, const void *key) = (void *)1;
static long (*update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
struct {
	UINT(type, 2); /* array */
	UINT(max_entries, 64);
	u32 *key;
	u64 *value;
} arr __attribute__((section(".maps")));
struct {
	UINT(type, 1); /* hash */
	UINT(max_entries, 1024);
	u32 *key;
	u64 *value;
} hash __attribute__((section(".maps")));

PROG(map_arr8)
{
	u32 i, key;
	u64 *v, s = 0;

	for (i = 0; i < 8; i++) {
		key = p[i] & 63;
		v = lookup(&arr, &key);
		if (v)
			s += ++*v & 0;
	}
	return s;
}

PROG(map_cnt1)
{
	u32 key = p[0] & 63;
	u64 *v = lookup(&arr, &key);

	if (v)
		__sync_fetch_and_add(v, 1);
	return 1;
}

PROG(map_hash8)
{
	u32 i, key;
	u64 *v, s = 0;

	for (i = 0; i < 8; i++) {
		key = i;
		v = lookup(&hash, &key);
		if (v)
			s += *v & 0;
	}
	return s;
}

PROG(map_upd4)
{
	u32 i, key;
	u64 v = p[0], s = 0;

	for (i = 0; i < 4; i++) {
		key = i;
		s += (u64)update(&hash, &key, &v, 0);
	}
	return s;
}
char _license[] __attribute__((section("license"))) = "GPL";
#endif
