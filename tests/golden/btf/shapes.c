// SPDX-License-Identifier: GPL-2.0-or-later
// Shapes of types that are hard to print as C; tests/tool-btf.bats prints, compiles and compares them.
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef _Bool bool;
typedef __builtin_va_list va_list;

enum color { RED, GREEN = 5, BLUE = -1 };
enum __attribute__((mode(QI))) tiny { TINY = 1 };
enum __attribute__((mode(HI))) half { HALF = 300 };
enum { ALONE = 77, ALONE2 };
enum wide { WIDE = 1ULL << 40, WIDER = ~0ULL };
enum swide { SLOW = -1LL - 0x7fffffffffffffffLL, SHIGH = 1LL << 50 };

struct empty {};
struct declared;
struct bits {
	u32 a : 3, b : 5;
	u32 : 0;
	u32 c : 20;
	u64 d : 40;
	u8 e : 1;
	int f : 7;
	enum color g : 8;
	u8 h;
	bool i : 1;
	u64 j : 3;
};
struct packed_bits {
	u8 a;
	u32 b : 30;
	u64 c : 50;
	u8 d;
} __attribute__((packed));
struct packed { u8 a; u64 b; u16 c; } __attribute__((packed));
struct odd_size { u32 a; u8 b; } __attribute__((packed));
struct in_packed { u8 a; struct packed p[2]; struct odd_size o; u16 z; };
struct aligned { u32 a; u8 b __attribute__((aligned(16))); u64 c __attribute__((aligned(64))); };
struct tail { u64 a; u8 b; } __attribute__((aligned(128)));
struct holds_aligned { u8 a; struct tail t; u32 b; struct aligned x; };
struct far { u8 a; u8 b __attribute__((aligned(4096))); };
struct i128 { u8 a; __int128 b; unsigned __int128 c; };
struct floats { float f; double d; };
union sizes { u8 a; u16 b[5]; struct { u32 x; u8 y; } c; };
union packed_union { u64 a; u8 b[9]; } __attribute__((packed));
struct nest {
	union {
		struct { u16 port; u8 proto : 4, : 2, flag : 2; };
		u32 word;
		struct { u8 bytes[3]; } __attribute__((packed)) tight;
	};
	struct { int deep; union { long l; void *p; } u[3]; } list[2];
	enum { IN_A, IN_B } mode;
};
struct node;
typedef struct node node_t;
struct node {
	node_t *next, *(*pick)(node_t *, const struct declared *, int (*)(struct later *, ...));
	struct node *const volatile *kids[4];
	int (*table[2][3])(void);
	int (*(*get)(int))(char);
	const char *const names[2];
	char (*row)[8];
	void (*restrict_it)(char *restrict, const volatile u32);
	struct holder *up;
};
struct holder { struct node by_value; struct flex *f; };
struct flex { u16 n; u32 data[]; };
struct flex0 { u64 n; struct { u8 x; } items[0]; };
struct args { const char *fmt; va_list list; };
typedef struct { node_t *first; enum color c; } head_t;
typedef head_t heads[3];
typedef int fn_t(const head_t *, heads);
struct user { heads h; fn_t *fn; struct { heads inner; } s; };

#define KEEP(type, name) type *keep_##name
KEEP(enum color, 1); KEEP(enum tiny, 2); KEEP(enum half, 3); KEEP(enum wide, 4); KEEP(enum swide, 5);
struct empty keep_6; struct bits keep_7; struct packed_bits keep_8; struct packed keep_9; struct in_packed keep_10;
struct aligned keep_11; struct holds_aligned keep_12; struct far keep_13; struct i128 keep_14; union sizes keep_15;
union packed_union keep_16; struct nest keep_17; struct holder keep_18; struct flex keep_19; struct flex0 keep_20;
struct args keep_21; struct user keep_22; struct odd_size keep_23; struct tail keep_24; struct floats *keep_25;
int keep_26 = ALONE;
