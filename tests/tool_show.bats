#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: listings of programs, maps and links, and xlated dumps, beside upstream's bpftool.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
}

teardown()
{
	zoo_end
	drop_pins
}

# What Debian's 7.1 does not have yet, or upstream not at all.
MORE='walk(if type == "object" then del(.orphaned, .verified_insns) else . end)'

# same ARGS...: ours prints what upstream prints, as text and as JSON
same()
{
	local f
	$UPSTREAM "$@" >"$T/up.txt" 2>&1
	$BPFTOOL "$@" >"$T/our.txt" 2>&1
	diff "$T/up.txt" "$T/our.txt"
	for f in -j -p; do
		$UPSTREAM $f "$@" | jq -S . >"$T/up.js"
		$BPFTOOL $f "$@" | jq -S "$MORE" >"$T/our.js"
		diff "$T/up.js" "$T/our.js"
	done
}

# same_but FILTER ARGS...: the same JSON after a jq filter
same_but()
{
	local filter=$1
	shift
	$UPSTREAM -j "$@" | jq -S "$filter" >"$T/up.js"
	$BPFTOOL -j "$@" | jq -S "$MORE | $filter" >"$T/our.js"
	diff "$T/up.js" "$T/our.js"
}

# ---------------------------------------------------------------- programs

@test "prog show: every field of a program with maps and BTF" {
	need_bpf
	zoo calls:short
	p=$(id_of prog calls:short)
	run -0 $BPFTOOL -j prog show id $p
	run -0 jq -c '[.id == '$p', .type, .gpl_compatible, .uid, .bytes_xlated > 0, (.map_ids | length),
		(.btf_id > 0), (.tag | test("^[0-9a-f]{16}$")), .bytes_memlock > 0, (.jited | type),
		((.loaded_at - now | fabs) < 100)]' <<<"$output"
	assert_output '[true,"socket_filter",true,0,true,1,true,true,true,"boolean",true]'
	run -0 $BPFTOOL prog show id $p
	assert_line --index 0 --regexp "^$p: socket_filter  name [a-z0-9_]*  tag [0-9a-f]{16}  gpl$"
	assert_line --index 1 --regexp '^	loaded_at 20..-..-..T..:..:..[+-]....  uid 0$'
	assert_line --index 2 --regexp '^	xlated [0-9]+B  (jited [0-9]+B|not jited)  memlock [0-9]+B  map_ids [0-9]+$'
	assert_line --index 3 --regexp '^	btf_id [0-9]+$'
}

@test "prog show: by id, name, whole name, tag and pin; one match is an object, several an array" {
	need_bpf
	need_pins
	serial
	zoo prog:tool_twin prog:tool_twin calls:tool_long_name_
	p=$(id_of prog calls:tool_long_name_)
	for handle in "id $p" "name tool_long_name_" "name a_name_of_more_than_15_letters"; do
		run -0 $BPFTOOL -j prog show $handle
		run -0 jq -c '[.id, .name]' <<<"$output"
		assert_output "[$p,\"a_name_of_more_than_15_letters\"]"
	done
	tag=$($BPFTOOL -j prog show id $p | jq -r .tag)
	run -0 $BPFTOOL -j prog show tag "${tag^^}"
	run -0 jq .id <<<"$output"
	assert_output "$p"
	run -0 $BPFTOOL -j prog show name tool_twin
	run -0 jq -c '[type, length]' <<<"$output"
	assert_output '["array",2]'
	run -0 $BPFTOOL -j prog pin id $p "$PINS/p"
	run -0 $BPFTOOL -jf prog show pinned "$PINS/p"
	run -0 jq -c --arg p "$PINS/p" '[.id, [.pinned[] | select(. == $p)]]' <<<"$output"
	assert_output "[$p,[\"$PINS/p\"]]"
	run -1 $BPFTOOL prog pin name tool_twin "$PINS/q"
	assert_output --partial '2 programs match'
	assert_output --partial 'use id, one of '
	run -1 $BPFTOOL prog show name tool_nobody
	assert_output --partial "there is no program named 'tool_nobody'"
	run -1 --separate-stderr $BPFTOOL -j prog show name tool_nobody
	run -0 jq -r .error <<<"$output"
	assert_output "there is no program named 'tool_nobody'"
}

@test "prog show is what upstream shows" {
	need_bpf
	need_upstream_bpftool
	need_cmd jq
	serial
	zoo prog:cmp_a calls:cmp_b
	for item in prog:cmp_a calls:cmp_b; do
		p=$(id_of prog $item)
		same_but 'del(.pids, .loaded_at)' prog show id $p
		$UPSTREAM prog show id $p | grep -v loaded_at >"$T/up.txt"
		$BPFTOOL prog show id $p | grep -v -e loaded_at -e '	pids' >"$T/our.txt"
		diff "$T/up.txt" "$T/our.txt"
	done
	same_but '[.[] | del(.pids, .loaded_at)]' prog show
	same_but '[.[] | del(.pids, .loaded_at)]' prog list
}

@test "holders are named, whatever they call themselves" {
	need_bpf
	serial
	zoo 'comm:ev"l\n\e[1m\q' prog:held
	p=$(id_of prog prog:held)
	run -0 $BPFTOOL prog show id $p
	assert_line --regexp "^	pids ev\"l\\\\x0a\\\\x1b\[1m\\\\xff\($ZOO_PID\)$"
	run -0 $BPFTOOL -j prog show id $p
	run -0 jq -c '[.pids[] | [.pid, (.comm | startswith("ev\"l\n\u001b[1m"))]]' <<<"$output"
	assert_output "[[$ZOO_PID,true]]"
	zoo_end
	run -1 $BPFTOOL prog show id $p
}

@test "a listing makes no objects of its own" {
	need_bpf
	need_pins
	serial
	# the id of a new map says whether others were made meanwhile, by us or by somebody else
	local n=0 id before=0
	for n in {1..20}; do
		$BPFTOOL map create "$PINS/m$n" type hash key 4 value 4 entries 1
		id=$($BPFTOOL -j map show pinned "$PINS/m$n" | jq .id)
		[ $id != $((before + 1)) ] || return 0
		before=$id
		run -0 $BPFTOOL prog show
		run -0 $BPFTOOL -jf map show
		run -0 $BPFTOOL link
	done
	fail "map ids always advance by more than one"
}

@test "an empty listing is an empty array" {
	need_bpf
	serial
	for object in link prog map; do
		run -0 $BPFTOOL -j $object list
		run -0 jq -r type <<<"$output"
		assert_output array
	done
}

@test "objects that come and go during a listing cost nothing" {
	need_bpf
	need_pins
	serial
	(
		while [ ! -e "$T/stop" ]; do
			"$BUILDDIR/tests/tool_zoo" prog:flicker calls:flicker rawtp </dev/null
		done
	) >/dev/null 2>&1 3>&- &
	churner=$!
	bad=0
	for _ in {1..60}; do
		for object in prog map link; do
			$BPFTOOL -j $object show 2>>"$T/err" | jq -e 'type == "array"' >/dev/null || bad=$((bad + 1))
		done
	done
	: >"$T/stop"
	wait $churner || true
	assert_equal $bad 0
	run -0 cat "$T/err"
	assert_output ''
}

# ---------------------------------------------------------------- maps

@test "map show is what upstream shows" {
	need_bpf
	need_pins
	need_upstream_bpftool
	zoo "typed:$PINS/typed" prog:x
	$UPSTREAM map create "$PINS/plain" type hash key 4 value 8 entries 10 name plain flags 1
	$UPSTREAM map create "$PINS/progs" type prog_array key 4 value 4 entries 10 name progs
	$UPSTREAM map update pinned "$PINS/progs" key 0 0 0 0 value id "$(id_of prog prog:x)"
	$UPSTREAM map create "$PINS/frozen" type array key 4 value 4 entries 1 name frozen
	$UPSTREAM map freeze pinned "$PINS/frozen"
	for m in plain progs frozen; do
		same map show pinned "$PINS/$m"
	done
	same_but 'del(.pids)' map show pinned "$PINS/typed"
	run -0 $BPFTOOL map show pinned "$PINS/frozen"
	assert_line '	frozen'
	run -0 $BPFTOOL map show pinned "$PINS/progs"
	assert_line --regexp '^	owner_prog_type socket_filter  owner (not )?jited$'
}

# ---------------------------------------------------------------- links

@test "link show: each kind with its details" {
	need_bpf
	need_netns
	need_tracefs
	serial
	cat >"$T/run" <<-'EOF'
	ip link set lo up
	mkfifo in
	"$ZOO_PROG" rawtp tp perf uprobe uprobe_multi tracing netns netfilter xdp:1 tcx:1 <in >out &
	exec 9>in
	for _ in $(seq 200); do grep -q ready out && break; sleep 0.05; done
	$BPFTOOL -j link show >json
	$BPFTOOL link show >text
	EOF
	ZOO_PROG=$BUILDDIR/tests/tool_zoo BPFTOOL=$BPFTOOL unshare -n bash "$T/run" 3>&-
	ZOO=$(<out)
	check() # ITEM JQ WANT TEXT
	{
		local link
		grep -q "^$1 .*error=" out && return
		link=$(sed -n "s/^$1 .*link=//p" out)
		run -0 jq -c ".[] | select(.id == $link) | $2" json
		assert_output "$3"
		run -0 grep -A 2 "^$link: " text
		assert_output --partial "$4"
	}
	check rawtp '[.type,.tp_name]' '["raw_tracepoint","task_rename"]' "	tp 'task_rename'  "
	check tp '[.type,.tracepoint,.cookie]' '["perf_event","task_rename",42]' '	tracepoint task_rename  cookie 42'
	check perf '[.event_type,.event_config]' '["software","page-faults"]' '	event software:page-faults'
	check uprobe '[.type,.retprobe,.file,(.offset > 0)]' '["perf_event",false,"/proc/self/exe",true]' '	uprobe /proc/self/exe+0x'
	check uprobe_multi '[.type,.func_cnt,.funcs[0].cookie]' '["uprobe_multi",1,119]' 'uprobe.multi  path '
	check netns '[.type,.attach_type]' '["netns","sk_lookup"]' 'attach_type sk_lookup'
	check netfilter '[.type,.pf,.hook,.prio]' '["netfilter",2,1,-128]' '	ip input prio -128'
	check xdp:1 '[.type,.devname,.ifindex]' '["xdp","lo",1]' '	ifindex lo(1)'
	check tcx:1 '[.type,.devname,.attach_type]' '["tcx","lo","tcx_ingress"]' 'ifindex lo(1)  attach_type tcx_ingress'
	refute grep -q '^rawtp.*error' out
	refute grep -q '^xdp:1.*error' out
}

@test "link show is what upstream shows of the kinds that both know" {
	need_bpf
	need_upstream_bpftool
	serial
	zoo rawtp netns
	for item in rawtp netns; do
		l=$(id_of link $item)
		same_but 'del(.pids, .cookie)' link show id $l
		$UPSTREAM link show id $l >"$T/up.txt"
		$BPFTOOL link show id $l | grep -v '	pids' >"$T/our.txt"
		diff "$T/up.txt" "$T/our.txt"
	done
}

@test "link pin and detach" {
	need_bpf
	need_netns
	need_pins
	serial
	cat >"$T/run" <<-'EOF'
	ip link set lo up
	mkfifo in
	"$ZOO_PROG" xdp:1 rawtp <in >out &
	exec 9>in
	for _ in $(seq 200); do grep -q ready out && break; sleep 0.05; done
	xdp=$(sed -n 's/^xdp:1 .*link=//p' out)
	raw=$(sed -n 's/^rawtp .*link=//p' out)
	$BPFTOOL link pin id $xdp $PINS/l && $BPFTOOL -jf link show pinned $PINS/l >shown
	$BPFTOOL -j link detach pinned $PINS/l >detached
	$BPFTOOL link show id $xdp >after
	$BPFTOOL link detach id $raw 2>refused; echo $? >status
	EOF
	export PINS
	ZOO_PROG=$BUILDDIR/tests/tool_zoo BPFTOOL=$BPFTOOL unshare -n bash "$T/run" 3>&-
	run -0 jq -r '.pinned[0]' shown
	assert_output "$PINS/l"
	run -0 cat detached
	assert_output null
	run -0 cat after
	assert_output --partial 'ifindex (detached)'
	run -0 cat status
	assert_output 3
	run -0 cat refused
	assert_output --partial 'cannot detach link'
	assert_output --partial 'links of this type end when'
}

# ---------------------------------------------------------------- prog dump xlated

@test "dump xlated: prototypes, source lines, maps, constants, helpers and calls" {
	need_bpf
	zoo calls:xl
	p=$(id_of prog calls:xl)
	map=$($BPFTOOL -j prog show id $p | jq '.map_ids[0]')
	run -0 $BPFTOOL prog dump xlated id $p
	assert_line --index 0 'int a_name_of_more_than_15_letters(struct __sk_buff * skb):'
	assert_line --index 1 '; r0 = "two\words"'
	assert_line "   0: (18) r1 = map[id:$map]"
	assert_line "   2: (18) r2 = map[id:$map][0]+8"
	assert_line '   4: (18) r3 = 0x5566778811223344'
	assert_line --regexp '^   6: \(85\) call .*#-?[0-9]+$'
	assert_line --regexp '^   8: \(85\) call pc\+1'
	assert_line 'int helper_fn(int n):'
	assert_line '  10: (b7) r0 = 3'
	assert_line '  11: (95) exit'
	run -0 $BPFTOOL prog dump xlated id $p linum opcodes
	assert_line '; r0 = "two\words" [file:zoo.s line_num:3 line_col:9]'
	assert_line --regexp '^       95 00 00 00 00 00 00 00$'
	run -0 $BPFTOOL -j prog dump xlated id $p linum opcodes
	run -0 jq -c '.[0] | [.proto, .src, .file, .line_num, .line_col, .opcodes.code]' <<<"$output"
	assert_output '["int a_name_of_more_than_15_letters(struct __sk_buff * skb)","r0 = \"two\\words\"","zoo.s",1,9,"0x18"]'
}

@test "dump xlated is what upstream dumps" {
	need_bpf
	need_upstream_bpftool
	serial
	zoo calls:xlc prog:xlp prog:xltwin prog:xltwin
	for how in '' opcodes linum; do
		for item in calls:xlc prog:xlp; do
			p=$(id_of prog $item)
			$UPSTREAM prog dump xlated id $p $how >"$T/up.txt"
			$BPFTOOL prog dump xlated id $p $how >"$T/our.txt"
			diff "$T/up.txt" "$T/our.txt"
			# upstream's 7.1 loses the backslash of a source line
			$UPSTREAM -j prog dump xlated id $p $how | sed 's/two\\n/two\\\\/g' | jq -S . >"$T/up.js"
			$BPFTOOL -j prog dump xlated id $p $how | jq -S 'map(del(.pc))' | sed 's/two\\\\w/two\\\\w/g' >"$T/our.js"
			diff "$T/up.js" "$T/our.js"
		done
	done
	$UPSTREAM prog dump xlated name xltwin >"$T/up.txt"
	$BPFTOOL prog dump xlated name xltwin >"$T/our.txt"
	diff "$T/up.txt" "$T/our.txt"
	same_but 'walk(if type == "object" then del(.pc) else . end)' prog dump xlated name xltwin
}

@test "dump xlated into a file gives the instructions' bytes" {
	need_bpf
	zoo prog:xlf
	p=$(id_of prog prog:xlf)
	run -0 $BPFTOOL -j prog dump xlated id $p file "$T/x"
	assert_output null
	run -0 od -An -tx1 "$T/x"
	assert_line --index 0 --partial 'b7 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00'
	run -4 $BPFTOOL prog dump xlated id $p file "$T/no/x"
	run -2 $BPFTOOL prog dump xlated id $p opcode file
	run -2 $BPFTOOL prog dump xlated id $p visula
}
