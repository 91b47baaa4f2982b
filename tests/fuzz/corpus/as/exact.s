	.verbatim
	.section "a b", "aw", @progbits
"odd name":
	.8byte 0
	.reloc 0, R_BPF_64_64, "odd name"
	.section .g, "axG", @progbits, grp, comdat
	.rename x, "y z"
x:	.insn 0x18, 1, 0, 2, 3
	.insn 0, 0, 0, 0, 4
	exit
	.elf_flags 3
