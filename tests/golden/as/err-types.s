/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong declarations of types. */
	.struct s1 { u32 saddr; struct nope x; } // ERROR "member 'x' has a type without a size: struct nope"
	.struct s2 { u32 saddr; u32 saddr; } // ERROR "member 'saddr' is declared twice"
	.struct s3 { u32 a; strcut x y; } // ERROR "unknown type 'strcut'"
	.struct s4 { u32 a : 33; } // ERROR "number of bits is 0 to 32"
	.struct s5 { void a; } // ERROR "member 'a' has a type without a size: void"
	.struct s6 { u32 *a : 3; } // ERROR "a bit-field is an integer or an enum, not pointer to unsigned int"
	.struct s7 { u32 a } x // ERROR "'x' does not belong here"
	.struct s8 u32 a // ERROR "expected '{'"
	.struct { u32 a; } // ERROR "expected a name"
	.struct flow { u32 saddr; u16 *port; u32 b : 4; }
	.struct flow { u32 a; } // ERROR "struct 'flow' is declared twice"
	.union u1 { struct flow f; u64 g[1 << 27]; } // ERROR "array is larger than 256 MiB"
	.struct self { struct self a; } // ERROR "member 'a' has a type without a size: struct self"
	.struct e1 { union flow *p; } // ERROR "'flow' is a struct"
	.enum color { RED, GREEN, 7 } // ERROR "expected an enumerator's name, found '7'"
	.enum color2 { A9, BPF_ANY = 7 } // ERROR "'BPF_ANY' is the name of a constant"
	.typedef u32 // ERROR "expected the name of the type"
	.typedef u32 u64 // ERROR "type 'u64' is declared twice"
	.section xdp
p:	exit
