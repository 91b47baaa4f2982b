/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types that match only after endless comparisons: clang 19 -O2 -g, llvm-strip -g made endless-types.o. */
typedef void (*f11)(int);
typedef void (*f10)(f11,f11,f11,f11,f11);
typedef void (*f9)(f10,f10,f10,f10,f10);
typedef void (*f8)(f9,f9,f9,f9,f9);
typedef void (*f7)(f8,f8,f8,f8,f8);
typedef void (*f6)(f7,f7,f7,f7,f7);
typedef void (*f5)(f6,f6,f6,f6,f6);
typedef void (*f4)(f5,f5,f5,f5,f5);
typedef void (*f3)(f4,f4,f4,f4,f4);
typedef void (*f2)(f3,f3,f3,f3,f3);
typedef void (*f1)(f2,f2,f2,f2,f2);
typedef void (*f0)(f1,f1,f1,f1,f1);
struct s { f0 x; };
#define P(n) __attribute__((section("xdp"),used)) int n(void *c) { return __builtin_preserve_type_info(*(struct s *)0, 2); }
P(p0)
P(p1)
P(p2)
P(p3)
P(p4)
P(p5)
P(p6)
P(p7)
P(p8)
P(p9)
P(p10)
P(p11)
P(p12)
P(p13)
P(p14)
P(p15)
P(p16)
P(p17)
P(p18)
P(p19)
P(p20)
P(p21)
P(p22)
P(p23)
P(p24)
P(p25)
P(p26)
P(p27)
P(p28)
P(p29)
P(p30)
P(p31)
P(p32)
P(p33)
P(p34)
P(p35)
P(p36)
P(p37)
P(p38)
P(p39)
P(p40)
P(p41)
P(p42)
P(p43)
P(p44)
P(p45)
P(p46)
P(p47)
P(p48)
P(p49)
char _l[] __attribute__((section("license"),used)) = "GPL";