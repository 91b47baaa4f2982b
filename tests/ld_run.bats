#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: life with a kernel. tests/qemu/attach.s has a program for each way to attach, each adds to
# its own element of counts; the events are made by tests/qemu/target.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	TARGET=$BUILDDIR/tests/qemu/target
	[ -x "$TARGET" ] || make -s -C "$BUILDDIR" tests/qemu/target
	pid=
}

teardown()
{
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
	drop_pins
}

attach_o()
{
	$BPF_AS "$SRCDIR/tests/qemu/attach.s"
}

# counted ELEMENT WANT ATTACH [COMMAND...]: what the element holds at the end
counted()
{
	local element=$1 want=$2 spec=$3
	shift 3
	attach_o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "$spec" attach.o -- "$@"
	run -0 awk -v k="$element" '$1 == k { print $2 }' <<<"$output"
	assert_output "$want"
}

# starts bpf-ld with these options, waits until it is attached; its pid in $pid
start()
{
	mkfifo ready
	$BPF_LD --ready-fd 7 "$@" 7>ready >out 2>err 3>&- &
	pid=$!
	read -r -t 20 word <ready || { cat err; return 1; }
	assert_equal "$word" attached
}

# ended STATUS: waits for bpf-ld, and compares
ended()
{
	local status=0
	wait "$pid" || status=$?
	pid=
	assert_equal "$status" "$1"
}

progs_named() { $BPFTOOL -j prog show | jq "[.[] | select(.name == \"$1\")] | length"; }
maps_named() { $BPFTOOL -j map show | jq "[.[] | select(.name == \"$1\")] | length"; }

# Nothing of unique_o NAME is left; the kernel frees a little later.
none_of() { [ "$(progs_named "p_$1")" = 0 ] && [ "$(maps_named "m_$1")" = 0 ]; }

# one NAME used in no other test, so that lists of all objects can be searched for it
unique_o() # NAME
{
	cat >u.s <<END
	.license "GPL"
	.map	m_$1, array, key=u32, value=u64, max_entries=1
	.section raw_tp/sys_enter
p_$1:	r1 = m_$1 ll
	r0 = 0
	exit
END
	$BPF_AS u.s
}

# ---------------------------------------------------------------- ways to attach

@test "tracepoint: each event is counted" {
	need_tracefs
	need_native
	counted 2 5 tracepoint:syscalls:sys_enter_sched_get_priority_max "$TARGET" 5
}

@test "tracepoint by ioctl" {
	need_tracefs
	need_native
	attach_o
	run -0 --separate-stderr $BPF_LD --attach-via ioctl --watch counts=1h \
		--attach tracepoint:syscalls:sys_enter_sched_get_priority_max attach.o -- "$TARGET" 4
	assert_line '2 4'
	[[ $stderr != *link* ]]
}

@test "raw_tp" {
	need_native
	[ "$(uname -m)" = x86_64 ] || skip "needs x86-64: the system call's number is of it"
	counted 3 6 raw_tp:sys_enter "$TARGET" 6
}

@test "uprobe and uretprobe" {
	need_native
	counted 4 10 "uprobe:$TARGET:uprobe_me" "$TARGET" 5
	counted 5 15 "uretprobe:$TARGET:uprobe_me" "$TARGET" 5
}

@test "options of an attachment: the cookie" {
	need_tracefs
	need_native
	$BPF_AS -o cookie.o - <<-'EOF'
	.map cookies, array, key=4, value=8, max_entries=1
	.section "tracepoint"
	on_event:
		call bpf_get_attach_cookie
		*(u64 *)(r10 - 8) = r0
		*(u32 *)(r10 - 12) = 0
		r1 = cookies ll
		r2 = r10
		r2 += -12
		r3 = r10
		r3 += -8
		r4 = 0
		call bpf_map_update_elem
		r0 = 0
		exit
	.license "GPL"
	EOF
	run -0 --separate-stderr $BPF_LD --watch cookies=1h --attach tracepoint:sched:sched_process_exec,cookie=0x1234=on_event \
		cookie.o -- true
	assert_output --partial 'hex 34 12 00'
	run -1 --separate-stderr $BPF_LD --attach tracepoint:sched:sched_process_exec,cookie=x cookie.o
	[[ $stderr == *"the value of cookie is not a number"* ]]
}

@test "kprobe and kretprobe" {
	need_native
	need_kprobes
	need_file /proc/kallsyms
	local f
	f=$(awk '/ [tT] __(x64|arm64)_sys_sched_get_priority_max$/ { print $3; exit }' /proc/kallsyms)
	counted 0 3 "kprobe:$f=on_kprobe" "$TARGET" 3
	counted 1 297 "kretprobe:$f=on_kretprobe" "$TARGET" 3
}

@test "a kernel without kprobes: status 3, one reason, nothing left" {
	need_no_kprobes
	serial
	unique_o nokp
	sed -i 's,raw_tp/sys_enter,kretprobe/__alloc_skb,' u.s
	$BPF_AS u.s
	run -3 --separate-stderr $BPF_LD --attach kretprobe:__alloc_skb=p_nokp u.o
	assert_equal "$(grep -c 'error:' <<<"$stderr")" 1
	[[ ${stderr_lines[0]} == *CONFIG_KPROBES* ]]
	need_cmd jq
	eventually 10 none_of nokp
}

# in_netns SCRIPT: with veth pair v0 (10.9.8.1), and v1 (10.9.8.2) in a namespace inside
in_netns()
{
	need_netns
	unshare -n sh -ec '
		ip link add v0 type veth peer name v1 2>/dev/null || exit 77
		ip link set v0 up
		ip link set v1 up
		'"$1" || return
}

@test "xdp on a veth: by link and by netlink, and gone afterwards" {
	need_native
	need_netns
	need_cmd jq
	attach_o
	local via
	for via in link netlink; do
		run in_netns "
			$BPF_LD --attach-via $via --attach xdp:v0=on_xdp attach.o -- ip -j link show v0
			ip -j link show v0
		"
		[ "$status" != 77 ] || skip "needs veth devices"
		assert_success
		run -0 jq -c '.[0] | has("xdp")' <<<"$(grep '^\[' <<<"$output")"
		assert_output $'true\nfalse'
	done
}

@test "xdp sees packets" {
	need_native
	need_netns
	attach_o
	run in_netns "
		ip addr add 10.9.8.1/24 dev v1
		ip neigh add 10.9.8.2 lladdr 02:00:00:00:00:01 dev v1
		$BPF_LD --watch counts=1h --attach xdp:v0:generic=on_xdp attach.o -- \
			bash -c 'for i in 1 2 3; do echo x >/dev/udp/10.9.8.2/9; done'
	"
	[ "$status" != 77 ] || skip "needs veth devices"
	assert_success
	run -0 awk '$1 == 6 { n = $2 } END { print (n >= 3) }' <<<"$output"
	assert_output 1
}

# ---------------------------------------------------------------- life

@test "--for ends with 0, and nothing is left" {
	need_cmd jq
	serial
	unique_o for
	run -0 $BPF_LD --for 50ms u.o
	assert_output --regexp '^attached p_for to raw_tp:sys_enter \(program [0-9]+, link [0-9]+\)$'
	eventually 10 none_of for
}

@test "SIGINT and SIGTERM end with 0, SIGHUP too unless it is ignored" {
	local s
	unique_o sig
	for s in INT TERM HUP; do
		start u.o
		kill -$s "$pid"
		ended 0
		rm ready
	done
	(trap '' HUP; mkfifo ready; exec $BPF_LD --ready-fd 7 --for 1s u.o 7>ready 2>err 3>&-) &
	pid=$!
	eventually 5 test -p ready
	read -r _ <ready
	kill -HUP "$pid"
	run ! grep -q error err
	kill -0 "$pid"
	kill -TERM "$pid"
	ended 0
}

@test "killed, it leaves nothing" {
	need_cmd jq
	serial
	unique_o kill9
	start u.o
	assert_equal "$(progs_named p_kill9)" 1
	kill -KILL "$pid"
	ended 137
	eventually 10 none_of kill9
}

@test "COMMAND: its status, its signal, its output" {
	unique_o cmd
	run -7 $BPF_LD u.o -- sh -c 'exit 7'
	run -0 --separate-stderr $BPF_LD u.o -- echo -n --for 1s
	assert_output -- '-n --for 1s' || assert_output -- '--for 1s'
	run -137 $BPF_LD u.o -- sh -c 'kill -KILL $$'
	run -127 $BPF_LD u.o -- ./nonesuch
	assert_output --partial './nonesuch cannot be executed: No such file or directory'
	touch plain
	run -126 $BPF_LD u.o -- ./plain
}

@test "COMMAND gets the signals that bpf-ld gets" {
	unique_o fwd
	start u.o -- sh -c 'trap "exit 42" TERM; echo up; while :; do sleep 0.05; done'
	eventually 5 grep -q up out
	kill -TERM "$pid"
	ended 42
	rm ready
	start u.o -- sleep 100
	kill -TERM "$pid"
	ended 143
}

@test "COMMAND does not hold our descriptors" {
	need_file /proc/self/fd
	unique_o fds
	run -0 --separate-stderr $BPF_LD u.o -- sh -c 'ls -l /proc/self/fd'
	refute_output --partial 'anon_inode:'
}

@test "--watch prints a map as it lives, and at the end" {
	need_native
	need_tracefs
	attach_o
	run -0 --separate-stderr $BPF_LD --watch counts=50ms --for 240ms \
		--attach tracepoint:syscalls:sys_enter_sched_get_priority_max attach.o
	local n
	n=$(grep -c '^# counts: 8 entries after ' <<<"$output")
	[ "$n" -ge 3 ] && [ "$n" -le 6 ]
}

@test "what --watch prints, --map-from reads" {
	unique_o round
	cat >r.s <<'END'
	.license "GPL"
	.map	h, hash, key=u32, value=u64, max_entries=16
	.section raw_tp/sys_enter
f:	r1 = h ll
	r0 = 0
	exit
END
	$BPF_AS r.s
	printf '1 10\n2 20\n300 30\n' >in.txt
	run -0 --separate-stderr $BPF_LD --map-from h=in.txt --watch h --for 1ms r.o
	echo "$output" >again.txt
	run -0 --separate-stderr $BPF_LD --map-from h=again.txt --watch h --for 1ms r.o
	run -0 sort -n <<<"$(grep -v '^#' <<<"$output")"
	assert_output "$(cat in.txt)"
}

@test "--json: what was attached, and the map, one document a line" {
	need_cmd jq
	unique_o json
	run -0 --separate-stderr $BPF_LD -j --watch m_json --for 1ms --set 'm_json[0]=77' u.o
	assert_equal "$stderr" ''
	assert_equal "${#lines[@]}" 2
	run -0 jq -r '.links[0] | .program, .type, .target, (.id > 0)' <<<"${lines[0]}"
	assert_output $'p_json\nraw_tp\nsys_enter\ntrue'
	run -0 --separate-stderr $BPF_LD -j --watch m_json --for 1ms --set 'm_json[0]=77' u.o
	run -0 jq -c '.entries' <<<"${lines[1]}"
	assert_output '[{"key":0,"value":77}]'
}

@test "--no-attach tells what was made" {
	need_cmd jq
	serial
	unique_o made
	run -0 $BPF_LD --no-attach u.o
	assert_line --regexp '^map m_made: id [0-9]+, array$'
	assert_line --regexp '^program p_made: id [0-9]+, raw_tracepoint$'
	run -0 $BPF_LD --no-attach -j u.o
	run -0 jq -r '.maps[0].name, .programs[0].type, (.links | length)' <<<"$output"
	assert_output $'m_made\nraw_tracepoint\n0'
	eventually 10 none_of made
}

# ---------------------------------------------------------------- pins

@test "--pin keeps it all and returns; removing the pins ends it" {
	need_pins
	need_cmd jq
	serial
	unique_o pin
	run -0 --separate-stderr $BPF_LD --ready-fd 9 --pin "$PINS/a/b" --set 'm_pin[0]=5' u.o 9>ready
	assert_equal "$(cat ready)" attached
	assert_equal "$stderr" ''
	assert_line --partial "pinned at $PINS/a/b/p_pin_link"
	assert_equal "$(ls "$PINS/a/b")" $'m_pin\np_pin\np_pin_link'
	assert_equal "$(progs_named p_pin)" 1
	run -0 $BPFTOOL -j map lookup pinned "$PINS/a/b/m_pin" key 0 0 0 0
	assert_output --partial '5'
	rm -r "$PINS/a"
	eventually 10 none_of pin
}

@test "--pin elsewhere is refused, and makes nothing" {
	need_bpffs
	unique_o nofs
	run -1 $BPF_LD --pin "$T/pins" u.o
	assert_output --partial 'it is not in a bpf file system'
	[ ! -e pins ]
}

@test "a local id is the map that declares it" {
	need_native
	cat >id.s <<'END'
	.license "GPL"
	.map	m, hash, key=u32, value=u64, max_entries=4, id=3
	.section raw_tp/sys_enter
f:	*(u32 *)(r10 - 4) = 7
	*(u64 *)(r10 - 16) = 9
	r1 = map 3 ll
	r2 = r10
	r2 += -4
	r3 = r10
	r3 += -16
	r4 = 0
	call bpf_map_update_elem
	r0 = 0
	exit
END
	$BPF_AS id.s
	run -0 --separate-stderr $BPF_LD --watch m id.o -- true
	assert_line '7 9'
}

@test "--pin with COMMAND stays for it, and the pins stay after it" {
	need_pins
	unique_o pinc
	run -3 $BPF_LD --pin "$PINS/x" u.o -- sh -c 'exit 3'
	[ -e "$PINS/x/p_pinc_link" ]
}

@test "a pinned map is used by the next object, by name and by local id" {
	need_pins
	unique_o share
	run -0 $BPF_LD --no-attach --pin "$PINS/x" --set 'm_share[0]=41' u.o
	run -0 --separate-stderr $BPF_LD --map "m_share=$PINS/x/m_share" --watch m_share --for 1ms u.o
	assert_line '0 41'
	printf '\t.license "GPL"\n\t.section socket\nf:\tr1 = map 3 ll\n\tr0 = 0\n\texit\n' >i.s
	$BPF_AS i.s
	run -0 $BPF_LD --no-attach --map "3=$PINS/x/m_share" i.o
	assert_line --regexp '^map 3: id [0-9]+$'
	run -1 $BPF_LD --no-attach --map "3=$PINS/x/none" i.o
	assert_output --partial 'there is no such map'
	# Another shape is refused before anything is made.
	sed 's/value=u64/value=u32/' u.s >w.s
	$BPF_AS w.s
	run -1 $BPF_LD --map "m_share=$PINS/x/m_share" w.o
	assert_output --partial 'the value size is 8 there, the object wants 4'
}

@test "what is no map is not taken for one" {
	need_pins
	printf '\t.map m, hash, key=u32, value=u64, max_entries=1\n\t.license "GPL"\n\t.section socket\nf:\tr1 = m ll\n\tr0 = 0\n\texit\n' >nm.s
	$BPF_AS nm.s
	run -0 $BPF_LD --no-attach --pin "$PINS/o" nm.o
	run -1 $BPF_LD --no-attach --map "m=$PINS/o/f" nm.o
	assert_output --partial "map m: $PINS/o/f cannot be opened: it is no map"
	run -1 $BPF_LD --no-attach --map "m=$PWD/nm.o" nm.o
	assert_output --partial "it is not in a bpf file system"
	run -1 $BPFTOOL map show pinned "$PWD/nm.o"
	assert_output --partial "is not in a bpf file system"
}

@test "a failure undoes everything: pins, directories, objects, elements of used maps" {
	need_pins
	need_cmd jq
	unique_o undo
	run -0 $BPF_LD --no-attach --pin "$PINS/old" --set 'm_undo[0]=1' u.o
	# The second pin of the same names is in the way ...
	mkdir "$PINS/new"
	run -0 $BPF_LD --no-attach --pin "$PINS/other" u.o
	mv "$PINS/other/p_undo" "$PINS/new/p_undo_link"
	rm -r "$PINS/other"
	run -1 $BPF_LD --pin "$PINS/new" --map "m_undo=$PINS/old/m_undo" --set 'm_undo[0]=2' u.o
	assert_output --partial "$PINS/new/p_undo_link: something is there already"
	assert_equal "$(ls "$PINS/new")" p_undo_link
	# ... and a target that does not exist comes after the pins.
	run -1 $BPF_LD --pin "$PINS/made/here" --attach raw_tp:no_such_tracepoint=p_undo u.o
	[ ! -e "$PINS/made" ]
	run -0 $BPFTOOL -j map lookup pinned "$PINS/old/m_undo" key 0 0 0 0
	run -0 jq -r '.formatted.value // .value' <<<"$output"
	assert_output 1
}

# ---------------------------------------------------------------- refusals

@test "a verifier refusal shows the line of the source; the log behind -v" {
	cat >r.s <<'END'
	.license "GPL"
	.map	m, hash, key=u32, value=u64, max_entries=1
	.section raw_tp/sys_enter
bad:
	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = m ll
	call bpf_map_lookup_elem
	r0 = *(u64 *)(r0 + 0)
	exit
END
	$BPF_AS r.s
	run -1 --separate-stderr $BPF_LD --for 1s r.o
	assert_equal "${stderr_lines[0]}" "r.s:10:2: error: program bad was refused by the verifier: R0 \
invalid mem access 'map_value_or_null' [V0102]"
	[[ ${stderr_lines[1]} == *'r0 = *(u64 *)(r0 + 0)'* ]]
	[[ $stderr != *'processed'* ]]
	run -1 --separate-stderr $BPF_LD -v --for 1s r.o
	[[ $stderr == *'processed '* ]]
	need_cmd jq
	run -1 --separate-stderr $BPF_LD -j --for 1s r.o
	run -0 jq -r '.spans[0] | .file, .line' <<<"$output"
	assert_output $'r.s\n10'
}

@test "the verifier's figures with -v" {
	unique_o figures
	run -0 $BPF_LD -v --no-attach u.o
	assert_output --partial 'processed '
}

@test "a missing license is named" {
	cat >g.s <<'END'
	.section raw_tp/sys_enter
f:	call bpf_get_current_task
	r0 = 0
	exit
END
	$BPF_AS g.s
	run -1 $BPF_LD --no-attach g.o
	assert_output --partial 'GPL'
	assert_output --partial '.license "GPL"'
}

@test "more elements than a map holds" {
	cat >f.s <<'END'
	.license "GPL"
	.map	h, hash, key=u32, value=u32, max_entries=2
	.section raw_tp/sys_enter
f:	r1 = h ll
	r0 = 0
	exit
END
	$BPF_AS f.s
	printf '1 1\n2 2\n3 3\n' >f.txt
	run -1 $BPF_LD --map-from h=f.txt --no-attach f.o
	assert_output --partial 'f.txt:3:'
	assert_output --partial 'the map is full'
}

@test "an ordinary user is told what is missing, status 3" {
	need_root
	need_native
	need_cmd setpriv
	unique_o user
	run -3 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all \
		$BPF_LD --backend=kernel - <u.o
	assert_output --partial 'Operation not permitted'
	assert_output --partial 'CAP_BPF'
}

@test "an unknown tracepoint has a did-you-mean" {
	need_tracefs
	unique_o tp
	sed -i 's,raw_tp/sys_enter,tracepoint/sched/sched_swich,' u.s
	$BPF_AS u.s
	run -1 $BPF_LD u.o
	assert_output --partial 'sched_switch'
}

# ---------------------------------------------------------------- objects of others

@test "objects of clang: global data, local calls, per-CPU maps, ring buffers, maps of maps" {
	need_cmd clang jq
	cat >c.c <<'END'
#define SEC(n) __attribute__((section(n), used))
#define MAP(t, n, k, v) struct { int (*type)[t]; int (*max_entries)[n]; k *key; v *value; }
typedef unsigned u32;
typedef unsigned long long u64;
MAP(6, 1, u32, u64) percpu SEC(".maps");
struct { int (*type)[27]; int (*max_entries)[5000]; } ring SEC(".maps");
struct inner { int (*type)[2]; int (*max_entries)[1]; u32 *key; u32 *value; };
struct { int (*type)[12]; int (*max_entries)[2]; u32 *key; struct inner *(values[]); } outer SEC(".maps");
const volatile u64 add = 1;
u64 total = 100;
u64 calls;
static __attribute__((noinline)) u64 twice(u64 v) { asm volatile("" : "+r"(v)); return v * 2; }
static void *(*lookup)(void *, const void *) = (void *)1;
SEC("tracepoint/syscalls/sys_enter_sched_get_priority_max") int on_call(void *ctx)
{
	u32 k = 0;
	u64 *v = lookup(&percpu, &k);
	if (v)
		*v += 1;
	lookup(&outer, &k);
	calls++;
	total += twice(add);
	return 0;
}
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c c.c -o c.o
	need_native
	need_tracefs
	run -0 --separate-stderr $BPF_LD -j --set add=5 --watch .data --watch .bss --watch percpu=1h c.o -- \
		"$TARGET" 3
	assert_equal "${#lines[@]}" 4
	echo "$output" >docs
	run -0 jq -c 'select(.map == ".data") | .entries[0].value' docs
	assert_output --partial '"total":130'
	run -0 jq -c 'select(.map == ".bss") | .entries[0].key, .entries[0].value' docs
	assert_line 0
	assert_line --partial '"calls":3'
	run -0 jq -c 'select(.map == "percpu") | .entries[0].values | add' docs
	assert_output 3
	run -0 $BPF_LD --no-attach -j c.o
	run -0 jq -r '.maps[].name' <<<"$output"
	assert_line ring
	assert_line outer
	refute_line inner
}

@test "elements that are programs and maps, as declared: tail calls and maps of maps" {
	need_cmd clang
	need_tracefs
	need_native
	cat >tail.c <<'END'
#define SEC(n) __attribute__((section(n), used))
typedef unsigned u32; typedef unsigned long long u64;
int second(void *ctx);
struct { int (*type)[3]; int (*max_entries)[4]; u32 *key; int (*values[])(void *); } jumps SEC(".maps") = { .values = { [2] = second } };
struct inner { int (*type)[2]; int (*max_entries)[1]; u32 *key; u64 *value; } one SEC(".maps");
struct { int (*type)[12]; int (*max_entries)[2]; u32 *key; struct inner *(values[]); } outer SEC(".maps") = { .values = { [1] = &one } };
static long (*tail_call)(void *, void *, u32) = (void *)12;
static void *(*lookup)(void *, const void *) = (void *)1;
u64 calls;
SEC("tracepoint") int second(void *ctx)
{
	u32 k = 1, z = 0;
	void *m = lookup(&outer, &k);
	u64 *v = m ? lookup(m, &z) : 0;
	if (v) *v += 3;
	calls++;
	return 0;
}
SEC("tracepoint/syscalls/sys_enter_sched_get_priority_max") int first(void *ctx)
{
	tail_call(ctx, &jumps, 2);
	return 0;
}
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c tail.c -o tail.o
	run -0 $BPF_LD -n --attach tracepoint:syscalls:sys_enter_getppid=first tail.o
	assert_line 'set map outer[1] to map one'
	assert_line 'set map jumps[2] to program second'
	run -0 --separate-stderr $BPF_LD --watch one tail.o -- "$TARGET" 4
	assert_line '0 12'
}

@test "CO-RE: the kernel's own layout is used" {
	need_cmd clang jq
	need_tracefs
	need_native
	need_file /sys/kernel/btf/vmlinux
	cat >core.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct task_struct { int pid; int tgid; } __attribute__((preserve_access_index));
static long (*probe_read)(void *, unsigned, const void *) = (void *)113;
static void *(*current)(void) = (void *)35;
static unsigned long long (*pid_tgid)(void) = (void *)14;
int same;
SEC("tracepoint/syscalls/sys_enter_sched_get_priority_max") int f(void *ctx)
{
	struct task_struct *t = current();
	int tgid = 0;
	probe_read(&tgid, sizeof(tgid), &t->tgid);
	same += tgid == (int)(pid_tgid() >> 32);
	return 0;
}
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c core.c -o core.o
	run -0 --separate-stderr $BPF_LD -j --watch .bss core.o -- "$TARGET" 2
	run -0 jq -c '.entries[0].value' <<<"${lines[1]}"
	assert_output --partial '"same":2'
}

@test "structs are watched as --map-from reads them" {
	need_cmd clang
	cat >s.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct cfg { unsigned a; short b[2]; };
struct { int (*type)[2]; int (*max_entries)[1]; unsigned *key; struct cfg *value; } cfg SEC(".maps");
SEC("raw_tp/sys_enter") int f(void *ctx) { return (long)&cfg; }
END
	clang -g -O2 -target bpf -c s.c -o s.o
	printf '0 {"a":7,"b":[1,-2]}\n' >in.txt
	run -0 --separate-stderr $BPF_LD --map-from cfg=in.txt --watch cfg --for 1ms s.o
	assert_line "$(cat in.txt)"
}

@test "an object of bpf-gcc" {
	need_cmd bpf-gcc
	need_tracefs
	cat >g.c <<'END'
int total __attribute__((section(".bss")));
__attribute__((section("tracepoint/sched/sched_switch"))) int f(void *ctx) { return ++total; }
char _license[] __attribute__((section("license"))) = "GPL";
END
	bpf-gcc -O2 -c g.c -o g.o
	run -0 --separate-stderr $BPF_LD --watch .bss --for 20ms g.o
	assert_output --partial '# .bss: 1 entry'
}
