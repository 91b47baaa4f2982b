/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A USDT probe by inline assembler, where systemtap's sys/sdt.h is not at hand: a nop, and a note that tells where
 * it is, the provider, the name and the arguments. USDT(name, sema, "-4@%0 8@%1", "nor"(a), "nor"(b)).
 */
#define USDT_QUOTE(x) #x
#define USDT(name, sema, args, ...)                                                                 \
	__asm__ volatile("990: nop\n"                                                               \
			 ".pushsection .note.stapsdt,\"\",\"note\"\n"                               \
			 ".balign 4\n"                                                              \
			 ".4byte 992f-991f, 994f-993f, 3\n"                                         \
			 "991: .asciz \"stapsdt\"\n"                                                \
			 "992: .balign 4\n"                                                         \
			 "993: .8byte 990b, _.stapsdt.base, " USDT_QUOTE(sema) "\n"                 \
			 ".asciz \"bpfutils\"\n"                                                    \
			 ".asciz \"" #name "\"\n"                                                   \
			 ".asciz \"" args "\"\n"                                                    \
			 "994: .balign 4\n"                                                         \
			 ".popsection\n"                                                            \
			 ".ifndef _.stapsdt.base\n"                                                 \
			 ".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n"    \
			 ".weak _.stapsdt.base\n"                                                   \
			 ".hidden _.stapsdt.base\n"                                                 \
			 "_.stapsdt.base: .space 1\n"                                               \
			 ".size _.stapsdt.base, 1\n"                                                \
			 ".popsection\n"                                                            \
			 ".endif\n" : : __VA_ARGS__)
