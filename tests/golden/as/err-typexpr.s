/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wrong names of members and types in expressions. */
	.struct flow { u32 saddr; u16 *port; u32 b : 4; }
	.map t1, hash, key=struct flw, value=u32, max_entries=1 // ERROR "the map's key has a type without a size: struct flw"
	.map t2, hash, key=u32, value=u63, max_entries=1 // ERROR "unknown type 'u63'"
	.section xdp
p:	r0 = flow.sadr // ERROR "struct flow has no member 'sadr'"
	r0 = flow.port[1] // ERROR "pointer to unsigned short is no array"
	r0 = flow.saddr.x // ERROR "'x' cannot be a member of unsigned int"
	r0 = flow.b // ERROR "'flow.b' is a bit-field"
	r0 = sizeof(struct flow4) // ERROR "struct flow4 has no size"
	r0 = offsetof(struct flow, prt) // ERROR "struct flow has no member 'prt'"
	r0 = offsetof(struct flow) // ERROR "expected ','"
	exit
