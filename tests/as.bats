#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: what it makes of a source. Mistakes are in as-errors.bats.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# bytes OBJECT SECTION: in hex, blanks between
bytes()
{
	readelf -x "$2" "$1" 2>/dev/null | awk '/^  0x/ {
		h = substr($0, 14, 35); gsub(/ /, "", h); s = s h
	} END { gsub(/../, "& ", s); print s }'
}

# symbol OBJECT NAME: value size type bind section-index
symbol()
{
	readelf -sW "$1" | awk -v n="$2" '$8 == n { print $2, $3, $4, $5, $7 }'
}

src()
{
	cat >x.s
	run -0 --separate-stderr $BPF_AS "$@" x.s
	assert_equal "$output" ''
	assert_equal "$stderr" ''
}

@test "help and version are data" {
	run -0 --separate-stderr $BPF_AS --help
	assert_output --partial 'Usage: bpf-as'
	assert_equal "$stderr" ''
	run -0 $BPF_AS --version
	assert_output --regexp '^bpf-as \(bpfutils\) [0-9.]+$'
	run -0 $BPF_AS --complete -- --ma
	assert_output --partial '--march'
}

@test "a wrong command line is two lines and status 2" {
	run -2 --separate-stderr $BPF_AS --outptu=x y.s
	assert_equal "$output" ''
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[1]} == *'did you mean --output?' ]]
	run -2 $BPF_AS
	run -2 $BPF_AS a.s b.s
	run -2 $BPF_AS -march=vax a.s
}

@test "a missing source and an unwritable place are status 4" {
	run -4 --separate-stderr $BPF_AS no.s
	[[ $stderr == *"cannot read 'no.s': No such file or directory"* ]]
	echo '	exit' >x.s
	run -4 --separate-stderr $BPF_AS -o no/dir/x.o x.s
	[[ $stderr == *"cannot write 'no/dir/x.o'"* ]]
}

@test "every encoding, little and big endian" {
	need_cmd readelf
	local s=$SRCDIR/tests/golden/as/encodings.s want
	run -0 --separate-stderr $BPF_AS -o l.o "$s"
	want=$(sed -nE 's,^\t.*// (([0-9a-f]{2} ?)+)$,\1,p' "$s" | tr '\n' ' ')
	assert_equal "$(grep -c '^	.*//' "$s")" 184
	assert_equal "$(bytes l.o .text | tr -s ' ')" "$(tr -s ' ' <<<"$want" | tr -d '\n')"
	run -0 --separate-stderr $BPF_AS -EB -o b.o "$s"
	want=$(sed -nE 's,^\t.*// (([0-9a-f]{2} ?)+)$,\1,p' "$s" | awk '{
		for (i = 0; i < NF; i += 8)
			printf "%s %s%s %s %s %s %s %s %s ", $(i+1), substr($(i+2), 2), substr($(i+2), 1, 1),
				$(i+4), $(i+3), $(i+8), $(i+7), $(i+6), $(i+5) }')
	assert_equal "$(bytes b.o .text | tr -s ' ')" "$want"
}

@test "every encoding, through -d and back" {
	run -0 $BPF_AS -o a.o "$SRCDIR/tests/golden/as/encodings.s"
	run -0 $BPF_AS -d -o a.s a.o
	run -0 $BPF_AS -o b.o a.s
	assert_equal "$(bytes b.o .text)" "$(bytes a.o .text)"
}

@test "the object's name: current directory, -o, standard input and output" {
	mkdir d
	echo '	exit' >d/x.s
	run -0 $BPF_AS d/x.s
	assert [ -f x.o ]
	run -0 $BPF_AS -o d/y.o d/x.s
	cmp x.o d/y.o
	$BPF_AS -o - d/x.s >z.o
	cmp x.o z.o
	$BPF_AS -o /dev/stdout d/x.s | cat >p.o
	cmp x.o p.o
	# a second time into the same file, which stands behind the first; a link is never replaced
	{ $BPF_AS -o /dev/stdout d/x.s; $BPF_AS -o /dev/stdout d/x.s; } >twice
	cat x.o x.o | cmp - twice
	ln -s nowhere dangling
	run -0 $BPF_AS -o dangling d/x.s
	cmp x.o nowhere
	ln -s /proc/self/fd/8 nameless
	exec 8<>deleted
	rm deleted
	$BPF_AS -o nameless d/x.s
	assert [ -L nameless ]
	cmp x.o /proc/self/fd/8
	exec 8>&-
	ln -s x.o link.o
	run -0 $BPF_AS -o link.o d/x.s
	assert [ -L link.o ]
	mkfifo pipe
	cat pipe >q.o &
	run -0 $BPF_AS -o pipe d/x.s
	wait $!
	assert [ -p pipe ]
	cmp x.o q.o
	$BPF_AS - <d/x.s
	cmp x.o a.out
}

@test "the same bytes from other directories, users' variables and machines" {
	mkdir -p p q/r
	cp "$SRCDIR/examples/skbleak.s" p
	cp "$SRCDIR/examples/skbleak.s" q/r
	(cd p && $BPF_AS skbleak.s)
	(cd q/r && LC_ALL=C TZ=Asia/Tokyo HOME=/ $BPF_AS skbleak.s)
	cmp p/skbleak.o q/r/skbleak.o
	(cd p && $BPF_AS -march=x86_64 -EL -o t.o skbleak.s)
	cmp p/skbleak.o p/t.o
	run ! grep -q "$PWD" p/skbleak.o
}

@test "-march and .arch: pt_regs by machine, named in a note" {
	need_cmd readelf
	src <<<$'\t.section kprobe/f\np:\tr0 = *(u64 *)(r1 + pt_regs.retval)\n\texit'
	assert_equal "$(bytes x.o kprobe/f)" '79 10 50 00 00 00 00 00 95 00 00 00 00 00 00 00 '
	readelf -SW x.o | grep -q '.note.bpfutils'
	src -march=arm64 <<<$'\t.section kprobe/f\np:\tr0 = *(u64 *)(r1 + pt_regs.retval)\n\texit'
	assert_equal "$(bytes x.o kprobe/f)" '79 10 00 00 00 00 00 00 95 00 00 00 00 00 00 00 '
	cp x.o m.o
	src <<<$'\t.arch arm64\n\t.section kprobe/f\np:\tr0 = *(u64 *)(r1 + pt_regs.retval)\n\texit'
	assert_equal "$(bytes x.o kprobe/f)" "$(bytes m.o kprobe/f)"
	src <<<$'\t.section kprobe/f\np:\tr0 = *(u64 *)(r1 + 80)\n\texit'
	run ! grep -q bpfutils x.o
}

@test "comments and separators" {
	need_cmd readelf
	src <<'S'
# a line
/* several
   lines */ r0 = 1 // to the end
	r1 = /* inside */ 2; r2 = 3	# after a blank
a: b:	/* labels */ exit /* end */
S
	assert_equal "$(bytes x.o .text)" 'b7 00 00 00 01 00 00 00 b7 01 00 00 02 00 00 00 b7 02 00 00 03 00 00 00 95 00 00 00 00 00 00 00 '
}

@test "expressions: C's operators and precedence" {
	need_cmd readelf
	src <<'S'
	.data
	.set	two, 2
x:	.byte 1 + two * 3, (1 + two) * 3, 7 % 4 << 2, 0x10 | 3 & 1, -1 & 0xff, ~0xf0 & 0xff, !3, !0
	.byte 1 < 2, 2 <= 1, 3 == 3 && 4 != 4, 0 || 5, 1 ? 7 : 8, 0b101, 017, 'A'
	.byte '\n', y - x, fwd + 1, 10 - 2 - 3, 100 / 7 / 2, 6 ^ 3, -7 / 2 & 0xff, 1 << 3 >> 1
y:	.2byte 'a' + 1, BPF_NOEXIST, 1 ? fwd : 2
	.set	fwd, y - x
S
	assert_equal "$(bytes x.o .data)" '07 09 0c 11 ff 0f 00 01 01 00 00 01 07 05 0f 41 0a 18 19 05 07 05 fd 04 62 00 01 00 18 00 '
}

@test "expressions in instructions: immediates, offsets, ll" {
	need_cmd readelf
	src <<'S'
	.set	OFF, 8
	r1 = (1 << 4) | 2
	r1 = *(u64 *)(r2 + OFF)
	r1 = *(u64 *)(r2 - OFF * 2)
	*(u32 *)(r10 + LATER) = LATER2
	r1 = -1 - 1 ll
	r1 = b - a
a:	r1 = 1
b:	exit
	.set	LATER, -4
	.set	LATER2, 3 * 3
S
	assert_equal "$(bytes x.o .text)" 'b7 01 00 00 12 00 00 00 79 21 08 00 00 00 00 00 79 21 f0 ff 00 00 00 00 62 0a fc ff 09 00 00 00 18 01 00 00 fe ff ff ff 00 00 00 00 ff ff ff ff b7 01 00 00 08 00 00 00 b7 01 00 00 01 00 00 00 95 00 00 00 00 00 00 00 '
}

@test "data directives" {
	need_cmd readelf
	src <<'S'
	.data
	.byte 1, 2
	.2byte 0x0304; .short 5; .hword -1
	.4byte 0x01020304; .long 6; .int 7
	.8byte 0x0102030405060708; .quad -2
	.ascii "ab", "c"; .asciz "d"; .string "e\t\"\\\x41\101"
	.zero 2; .space 1, 0xaa; .skip 1
	.fill 2, 2, 0x0102
	.balign 8; .byte 9; .align 4, 0xff; .p2align 3
S
	assert_equal "$(bytes x.o .data)" '01 02 04 03 05 00 ff ff 04 03 02 01 06 00 00 00 07 00 00 00 08 07 06 05 04 03 02 01 fe ff ff ff ff ff ff ff 61 62 63 64 00 65 09 22 5c 41 41 00 00 00 aa 00 02 01 02 01 09 ff ff ff 00 00 00 00 '
	src -EB <<<$'\t.data\n\t.2byte 0x0102\n\t.4byte 0x03040506\n\t.8byte 7'
	assert_equal "$(bytes x.o .data)" '01 02 03 04 05 06 00 00 00 00 00 00 00 07 '
}

@test "alignment in code is filled with instructions that do nothing" {
	need_cmd readelf
	src <<<$'\texit\n\t.p2align 5\n\texit'
	assert_equal "$(bytes x.o .text)" '95 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 '
}

@test "sections: flags, types, previous, push and pop" {
	need_cmd readelf
	src <<'S'
	.section one,"aw",@progbits
	.byte 1
	.section two, "a"
	.byte 2
	.previous
	.byte 3
	.pushsection .rodata.x
	.byte 4
	.popsection
	.byte 5
	.bss
v:	.zero 16
	.section ".odd name", "aw"
	.byte 6
S
	assert_equal "$(bytes x.o one)" '01 03 05 '
	assert_equal "$(bytes x.o two)" '02 '
	assert_equal "$(bytes x.o .rodata.x)" '04 '
	readelf -SW x.o >s
	grep -Eq ' one +PROGBITS .* WA ' s
	grep -Eq ' two +PROGBITS .*  A ' s
	grep -Eq ' \.bss +NOBITS .* 000010 00  WA ' s
	grep -q '.odd name' s
}

@test ".include, beside the source and by -I" {
	need_cmd readelf
	mkdir sub inc
	echo '	.include "b.inc"' >sub/a.s
	echo '	.include "c.inc"' >sub/b.inc
	echo '	.data; .byte 42' >inc/c.inc
	run -0 $BPF_AS -I inc sub/a.s
	assert_equal "$(bytes a.o .data)" '2a '
	run -1 $BPF_AS sub/a.s
}

@test "labels: numeric, local, forward and back" {
	need_cmd readelf
	src <<'S'
	.section xdp
prog:
1:	r0 = 0
	if r1 == 0 goto 1f
	goto 1b
1:	if r1 == 1 goto .Lend
	goto 1b
.Lend:	gotol plain
	goto +0
plain:	exit
S
	assert_equal "$(bytes x.o xdp)" 'b7 00 00 00 00 00 00 00 15 01 01 00 00 00 00 00 05 00 fd ff 00 00 00 00 15 01 01 00 01 00 00 00 05 00 fe ff 00 00 00 00 06 00 00 00 01 00 00 00 05 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 '
	[[ $(symbol x.o prog) == *' 64 FUNC GLOBAL '* ]]
	[[ $(symbol x.o plain) == *' 0 NOTYPE LOCAL '* ]]
	assert_equal "$(readelf -sW x.o | grep -c '\.L')" 0
}

@test "which labels are functions" {
	need_cmd readelf
	src -w <<'S'
	.section tc
first:	call sub
plain:	exit
sub:	exit
	.type	typed, @function
typed:	exit
	.globl	glob
glob:	exit
alone:	if r1 == 0 goto jumped
	exit
jumped:	exit
	.type	not, @notype
not:	exit
	.text
t1:	r1 = cb ll
label:	exit
cb:	exit
S
	[[ $(symbol x.o first) == '0000000000000000 16 FUNC GLOBAL '* ]]
	[[ $(symbol x.o plain) == *' 0 NOTYPE LOCAL '* ]]
	[[ $(symbol x.o sub) == '0000000000000010 8 FUNC GLOBAL '* ]]
	[[ $(symbol x.o typed) == *' 8 FUNC GLOBAL '* ]]
	[[ $(symbol x.o glob) == *' 8 FUNC GLOBAL '* ]]
	[[ $(symbol x.o alone) == *' 32 FUNC GLOBAL '* ]]
	[[ $(symbol x.o jumped) == *' 0 NOTYPE LOCAL '* ]]
	[[ $(symbol x.o not) == *' 0 NOTYPE LOCAL '* ]]
	[[ $(symbol x.o t1) == *' 24 FUNC LOCAL '* ]]
	[[ $(symbol x.o cb) == *' 8 FUNC LOCAL '* ]]
	[[ $(symbol x.o label) == *' 0 NOTYPE LOCAL '* ]]
}

@test "symbols: binding, visibility, type, size" {
	need_cmd readelf
	src <<'S'
	.globl	a, c
	.weak	w
	.hidden	a
	.type	a, @object
	.size	a, 5
	.data
a:	.byte 1, 2, 3, 4, 5, 6
w:	.2byte 1
c:	.zero 12
	.size	c, . - c
loc:	.byte 1
	.globl	ABS
	.set	ABS, 77
S
	[[ $(symbol x.o a) == *' 5 OBJECT GLOBAL '* ]]
	[[ $(symbol x.o w) == *' 2 OBJECT WEAK '* ]]
	[[ $(symbol x.o c) == *' 12 OBJECT GLOBAL '* ]]
	[[ $(symbol x.o loc) == *' 1 OBJECT LOCAL '* ]]
	[[ $(symbol x.o ABS) == *'4d 0 NOTYPE GLOBAL ABS' ]]
	readelf -sW x.o | grep -q 'HIDDEN .* a$'
}

@test "relocations: globals by name, locals by section and addend" {
	need_cmd readelf
	src <<'S'
	.extern	other
	.section xdp
p:	r1 = glob ll
	r1 = loc + 4 ll
	r1 = other ll
	call fn
	call stat
	call other
	exit
	.text
	.globl	fn
fn:	exit
	.type	stat, @function
stat:	exit
	.data
	.globl	glob
glob:	.8byte 1
loc:	.8byte glob + 8
	.4byte loc
S
	run -0 readelf -rW x.o
	assert_line --regexp '^0{16} .*01 .* glob$'
	assert_line --regexp '^0{14}10 .*01 .* \.data$'
	assert_line --regexp '^0{14}20 .*01 .* other$'
	assert_line --regexp '^0{14}30 .*0a .* fn$'
	assert_line --regexp '^0{14}38 .*0a .* \.text$'
	assert_line --regexp '^0{14}40 .*0a .* other$'
	assert_line --regexp '^0{14}08 .*02 .* glob$'
	assert_line --regexp '^0{14}10 .*03 .* \.data$'
	assert_equal "$(bytes x.o xdp)" '18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 18 01 00 00 0c 00 00 00 00 00 00 00 00 00 00 00 18 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 85 10 00 00 ff ff ff ff 85 10 00 00 00 00 00 00 85 10 00 00 ff ff ff ff 95 00 00 00 00 00 00 00 '
	assert_equal "$(bytes x.o .data)" '01 00 00 00 00 00 00 00 08 00 00 00 00 00 00 00 08 00 00 00 '
}

@test "calls in the same section need no relocation" {
	need_cmd readelf
	src <<<$'\t.text\na:\tcall b\n\tcall a\n\texit\nb:\texit'
	assert_equal "$(bytes x.o .text)" '85 10 00 00 02 00 00 00 85 10 00 00 fe ff ff ff 95 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 '
	run -0 readelf -rW x.o
	assert_output --partial 'no relocations'
}

@test "map N ll: the map with that id, or a symbol for the loader" {
	need_cmd readelf
	src -w <<'S'
	.map	m, array, key=u32, value=u64, max_entries=1, id=7
	.section xdp
p:	r1 = map 7 ll
	r1 = map 8 ll
	exit
S
	run -0 readelf -rW x.o
	assert_line --regexp '^0{16} .*01 .* m$'
	assert_line --regexp '^0{14}10 .*01 .* map#8$'
}

@test ".insn: every field, without checks" {
	need_cmd readelf
	src <<<$'\t.section xdp\np:\t.insn 0xb7, 11, r2, -1, 0xffffffff\n\t.insn 0x95, 0, 0, 0, 0'
	assert_equal "$(bytes x.o xdp)" 'b7 2b ff ff ff ff ff ff 95 00 00 00 00 00 00 00 '
}

@test "objects are what other tools take for BPF" {
	need_cmd readelf
	run -0 $BPF_AS "$SRCDIR/examples/skbleak.s"
	run -0 readelf -hW skbleak.o
	assert_output --regexp 'Machine: +Linux BPF'
	assert_output --regexp 'Type: +REL'
	local d
	for d in llvm-objdump llvm-objdump-19 llvm-objdump-14; do
		command -v $d >/dev/null || continue
		run -0 $d -dr skbleak.o
		assert_output --partial '<on_alloc>:'
		assert_output --partial 'call'
		refute_output --partial '<unknown>'
		return
	done
	skip 'needs the program llvm-objdump'
}

@test "-d and back: the same sections, symbols, relocations" {
	need_cmd readelf
	local s
	run -0 $BPF_AS "$SRCDIR/examples/skbleak.s"
	run -0 $BPF_AS -d -o two.s skbleak.o
	run -0 $BPF_AS two.s
	for s in .text .rodata .maps license kretprobe/__alloc_skb tracepoint/kmem/kmem_cache_alloc; do
		assert_equal "$(bytes two.o $s)" "$(bytes skbleak.o $s)"
	done
	syms() { readelf -sW "$1" | awk 'NR > 3 { print $2, $3, $4, $5, $6, $8 }' | sort; }
	rels() { readelf -rW "$1" | awk '/^0/ { print $1, $3, $5 }' | sort; }
	assert_equal "$(syms two.o)" "$(syms skbleak.o)"
	assert_equal "$(rels two.o)" "$(rels skbleak.o)"
	run -0 $BPF_AS -d skbleak.o
	assert_line '	.map	skbs, hash, key=u64, value=u64, max_entries=65536'
	assert_line '	call remember'
	assert_line '	r3 = alloc_lo ll'
}

@test "-d of a compiler's object" {
	need_cmd clang
	cat >c.c <<'C'
#define SEC(n) __attribute__((section(n), used))
static int (*map)[1];
int count; static const char text[] = "hello";
static __attribute__((noinline)) int sub(int x) { return x * count; }
SEC("xdp") int prog(void *ctx) { return sub((long)ctx) + text[(long)ctx & 3]; }
char _license[] SEC("license") = "GPL";
C
	clang -target bpf -O2 -g -c c.c -o c.o || skip 'needs a clang with the bpf target'
	run -0 $BPF_AS -d -o d.s c.o
	run -0 $BPF_AS d.s
	assert_equal "$(bytes d.o xdp)" "$(bytes c.o xdp)"
	assert_equal "$(bytes d.o .text)" "$(bytes c.o .text)"
}

@test "what clang -S writes assembles to the same code" {
	need_cmd clang readelf
	cat >c.c <<'C'
int count = 3; const char text[] = "hello";
static __attribute__((noinline)) int sub(int x) { return x * count; }
__attribute__((section("xdp"))) int prog(void *ctx)
{
	int n = sub((int)(long)ctx);
	while (n > 10)
		n -= text[n & 3];
	return n;
}
char _license[] __attribute__((section("license"))) = "GPL";
C
	clang -target bpf -O2 -S -c c.c -o c.s || skip 'needs a clang with the bpf target'
	clang -target bpf -O2 -c c.c -o c.o
	run -0 --separate-stderr $BPF_AS -o d.o c.s
	assert_equal "$stderr" ''
	local s
	for s in xdp .text license .data .rodata; do
		assert_equal "$(bytes d.o $s)" "$(bytes c.o $s)"
	done
	[[ $(symbol d.o prog) == *FUNC\ GLOBAL* ]]
}

@test "-d refuses what is no object" {
	echo hello >x.o
	run -1 --separate-stderr $BPF_AS -d x.o
	[[ $stderr == *'x.o'* ]]
	run -4 $BPF_AS -d none.o
}

@test "600,000 instructions are no burden" {
	need_cmd awk
	awk 'BEGIN { for (i = 0; i < 200000; i++) print "\tr1 += r2\n\tr3 = *(u64 *)(r10 - 8)\n\tif r1 == 5 goto +0"; print "\texit" }' >x.s
	run -0 timeout 60 $BPF_AS x.s
}

@test "-d: relocations with addends, functions by address, calls of global functions" {
	cat >x.s <<-'EOF'
		.map	m, hash, key=u32, value=char[16], max_entries=1K
		.map	o, hash_of_maps, key=u32, max_entries=4, inner=m
		.section xdp
	p:	r1 = func cb ll
		r2 = tab + 8 ll
		call sub
		exit
		.text
	cb:	exit
		.globl sub
	sub:	call sub2
		exit
		.globl sub2
	sub2:	exit
		.rodata
		.globl tab
	tab:	.8byte 1, tab + 8
	EOF
	run -0 $BPF_AS x.s
	run -0 $BPF_AS -d x.o
	assert_line --partial 'inner=m'
	assert_line --partial 'r1 = func cb ll'
	assert_line --partial 'r2 = tab + 8 ll'
	refute_line --partial .error
	printf '%s\n' "$output" >y.s
	run -0 $BPF_AS y.s
	run -0 $BPF_AS -d y.o
	assert_equal "$output" "$(cat y.s)"
	for f in x y; do readelf -rW $f.o | grep R_BPF | awk '{ print $1, $3, $5 }' >$f.rel; done
	run -0 diff x.rel y.rel
}

@test "-d: a relocation of an unknown type is said by .reloc" {
	printf '\t.section xdp\np:\tr1 = q ll\n\texit\n\t.text\nq:\texit\n' >x.s
	run -0 $BPF_AS x.s
	off=$(readelf -SW x.o | sed -n 's/.*\.relxdp *REL *[0-9a-f]* \([0-9a-f]*\) .*/\1/p')
	printf '\063' | dd of=x.o bs=1 seek=$((0x$off + 8)) conv=notrunc status=none # type 51
	run -0 --separate-stderr $BPF_AS -d x.o
	assert_line '	.reloc	., 51, .LBB0_0'
	assert_equal "$stderr" ''
	printf '%s\n' "$output" >y.s
	run -0 $BPF_AS y.s
	run -0 $_emu$BUILDDIR/tests/objcmp x.o y.o
}

@test "hostile sources end soon, with a message" {
	for ((i = 0; i < 40; i++)); do
		printf '.include "i%d.s"\n.include "i%d.s"\n' $((i + 1)) $((i + 1)) >"i$i.s"
	done
	: >i40.s
	run -1 timeout 60 $BPF_AS i0.s
	assert_line --partial 'more than 10000 files are included'
	printf '.set a, ' >c.s
	for ((i = 0; i < 5000; i++)); do printf '1 ? 1 : '; done >>c.s
	run -1 timeout 60 $BPF_AS c.s
	assert_line --partial 'expression is nested too deeply'
	assert [ "$(wc -L <<<"$output")" -lt 500 ]
	for ((i = 0; i < 30000; i++)); do printf 'goto x%d\n' "$i"; done >u.s
	run -1 timeout 60 $BPF_AS u.s
	assert_line --partial "'x0' is not defined"
	for ((i = 0; i < 9; i++)); do printf '.section s%d, "aw"\n.zero 200 << 20\n' "$i"; done >z.s
	run -1 timeout 60 $BPF_AS z.s
	assert_line --partial 'the object grows beyond 512 MiB'
}

@test "an object does not replace its own source" {
	printf 'exit\n' >x.s
	run -4 $BPF_AS -o x.s x.s
	assert_output --partial "'x.s' is read and would be overwritten"
	run -0 cat x.s
	assert_output exit
}
