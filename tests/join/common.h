/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of tests/ld-join.bats share. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n)))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
struct pkt; 
struct stat { u64 n; u64 bytes; struct pkt *p; };
static void *(*const lookup)(void *, const void *) = (void *)1;
