/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps, globals, calls into .text, a loop, atomics, wide constants, signed division with -mcpu=v4. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n), used))
#define NOINLINE __attribute__((noinline))

static void *(*const lookup)(void *, const void *) = (void *)1;
static long (*const update)(void *, const void *, const void *, u64) = (void *)2;
static u64 (*const ktime)(void) = (void *)5;
static u32 (*const prandom)(void) = (void *)7;

struct ctx {
	u32 data, data_end, meta, ifindex, queue;
};
struct {
	int (*type)[1];
	int (*max_entries)[16];
	u32 *key;
	u64 *value;
} hits SEC(".maps");
u64 total;
u32 limits[4] = { 1, 2, 3, 1u << 31 };
const volatile u32 mask = 0xff00ff00;

static NOINLINE u64 mix(u64 a, u64 b)
{
	return (a ^ (b << 7)) * 0x9e3779b97f4a7c15ull + mask;
}

NOINLINE int shared(int x)
{
	total += x;
	return x < 0 ? -x : x ^ 0x1234;
}

SEC("xdp") int first(struct ctx *c)
{
	u32 key = c->data_end - c->data;
	u64 one = 1, *v = lookup(&hits, &key);

	if (v)
		__sync_fetch_and_add(v, 1);
	else
		update(&hits, &key, &one, 0);
	for (u32 i = 0; i < 100; i++)
		one = mix(one, key + i);
	if ((long)one < -1000 && shared(key) > limits[key & 3])
		return 1;
	return one & 0x80000000 ? 2 : 0;
}

SEC("xdp") int second(struct ctx *c)
{
	u64 t = ktime();
	u16 h = __builtin_bswap16((u16)c->ifindex);

	if (prandom() > c->queue)
		t += h;
	switch (c->ifindex) {
	case 1: return (int)(t % 7);
	case 2: return (int)((int)t >> 3);
	case 9: return shared((int)h);
	}
	return (u8)t > 200 ? 1 : 2;
}

SEC("tc") int third(struct ctx *c)
{
	char b[64];
	u64 sum = 0;

	for (int i = 0; i < 64; i++)
		b[i] = (char)(c->meta + i);
	for (int i = 0; i < 64; i += 3)
		sum += b[i] * mix(sum, i);
#ifdef SIGNED /* -mcpu=v4 */
	return (int)(sum >> 32) / 5;
#else
	return (int)((u32)(sum >> 32) / 5);
#endif
}
char _license[] SEC("license") = "GPL";
