/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mistakes in directives. */
	.sectoin foo			// ERROR "unknown directive '.sectoin'"
	.ascii "abc
	// ERROR-ABOVE "string does not end"
	.ascii "a\q"			// ERROR "unknown escape '\q'"
	.byte 256			// ERROR "256 does not fit in 1 byte"
	.2byte -32769			// ERROR "-32769 does not fit in 2 bytes"
	.byte x + 1			// ERROR "'x' is not defined"
	.balign 3			// ERROR "alignment is a power of 2"
	.section			// ERROR "expected a section name"
	.section a,"aq"			// ERROR "unknown section flag 'q'"
	.popsection			// ERROR ".popsection without .pushsection"
	.type p, @thing			// ERROR "symbol type is @function, @object or @notype"
	.set r1, 2			// ERROR "'r1' is a register"
	.arch vax			// ERROR "unknown architecture 'vax'"
	.include "no-such-file.s"	// ERROR "cannot read 'no-such-file.s'"
	.globl				// ERROR "expected a symbol"
	.text 1				// ERROR "'1' does not belong here"
	.license "GPL"
	.license "MIT"			// ERROR "the license is given twice"
	.set a, b + 1			// ERROR "symbol is set by itself"
	.set b, a + 1
	.8byte a
	.section .rodata
long:	.byte 1				// ERROR "size of 'long' is 2 bytes; section '.rodata' ends 1 bytes behind it"
	.size long, 2
