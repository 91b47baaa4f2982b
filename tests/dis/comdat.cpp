// SPDX-License-Identifier: GPL-2.0-or-later
// Groups of sections: inline functions and templates, and constants that belong to them.
extern "C" {
typedef unsigned long long u64;
}
template <typename T> struct box {
	static T last;
	__attribute__((noinline)) T twice(T x) { last = x; return x + x; }
};
template <typename T> T box<T>::last = 5;
inline __attribute__((noinline)) int shared(int x)
{
	static int calls;
	return ++calls + x;
}
extern "C" __attribute__((section("xdp"))) int prog(void *ctx)
{
	box<int> i;
	box<long> l;
	return i.twice((int)(long)ctx) + (int)l.twice(3) + shared(2);
}
