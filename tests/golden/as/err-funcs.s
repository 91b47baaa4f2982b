/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in variables, prototypes and externs. */
	.struct st { u32 a; u8 b[2]; }
	.var v1 // ERROR "expected ':'"
	.var v2: u33 // ERROR "unknown type 'u33'"
	.var v3: struct sx // ERROR "'v3' has a type without a size: struct sx"
	.var v4: u8 = 256 // ERROR "256 does not fit in 8 bits"
	.var v5: u32[2] = { 1, 2, 3 } // ERROR "more values than array[2] of unsigned int has"
	.var v6: struct st = { .c = 1 } // ERROR "struct st has no member 'c'"
	.var v7: struct st = 1 // ERROR "struct st needs its values in { }"
	.var v8: char[2] = "abc" // ERROR "the text is longer than array[2] of char"
	.var v9: u32 = { 1 } // ERROR "expected a value"
	.data
lab:	.4byte 1
	.type lab, u64 // ERROR-ABOVE "'lab' has 4 bytes, its type unsigned long long has 8"
	.extern CONFIG_X: void // ERROR "a value of the kernel's configuration has a size; void has none"
	.extern e1: u32 @kmod // ERROR "an extern is of @kconfig or @ksym"
	.kfunc u32 x // ERROR "expected a prototype"
	.kfunc k(u32 // ERROR "expected ')'"
	.proto p(a: u32)
	.proto p(a: u32) // ERROR "the type of 'p' is given twice"
	.section xdp
	.func f(ctx: void *) -> int
	call bpf_task_from_pidd // ERROR "no helper function is called 'bpf_task_from_pidd'"
	exit
